"""Clients as they were last seen, and the groups that they have switched off."""

from typing import Final

DDL: Final = """
CREATE TABLE client (
  nation        TEXT NOT NULL,                      -- of its principal
  principal     TEXT NOT NULL,
  uid           TEXT NOT NULL,
  type          TEXT NOT NULL,                      -- this and the next four: label of what was seen of it
  access        TEXT NOT NULL,
  caveat        TEXT NOT NULL,
  releasable_to TEXT NOT NULL,
  groups        TEXT NOT NULL,                      -- JSON list
  callsign      TEXT NOT NULL,
  team          TEXT NOT NULL,
  role          TEXT NOT NULL,
  last_ms       INTEGER NOT NULL,                   -- when it came or went
  PRIMARY KEY (nation, principal, uid, type, access, caveat, releasable_to, groups)
) WITHOUT ROWID;
CREATE INDEX client_last ON client (last_ms);
CREATE INDEX client_age ON client (nation, principal, last_ms);
CREATE TABLE switched_off (
  nation     TEXT NOT NULL,
  principal  TEXT NOT NULL,
  uid        TEXT NOT NULL,                         -- of the client; empty: all that have no row of their own
  groups_in  TEXT NOT NULL,                         -- JSON lists
  groups_out TEXT NOT NULL,
  changed_ms INTEGER NOT NULL,
  PRIMARY KEY (nation, principal, uid)
) WITHOUT ROWID;
"""

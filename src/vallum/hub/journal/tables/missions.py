"""Missions: contents, changes, subscribers, invitations, log."""

from typing import Final

DDL: Final = """
CREATE TABLE mission (
  id            INTEGER PRIMARY KEY AUTOINCREMENT,
  guid          TEXT NOT NULL UNIQUE,
  name          TEXT NOT NULL UNIQUE COLLATE NOCASE,
  details       TEXT NOT NULL,                      -- JSON: description, chat room, base layer, bbox, …
  tool          TEXT NOT NULL,
  keywords      TEXT NOT NULL,                      -- JSON list
  creator_uid   TEXT NOT NULL,
  principal     TEXT NOT NULL,
  nation        TEXT NOT NULL,
  access        TEXT NOT NULL,
  caveat        TEXT NOT NULL,
  releasable_to TEXT NOT NULL,
  groups        TEXT NOT NULL,                      -- JSON list
  default_role  TEXT NOT NULL,
  password      TEXT,                               -- argon2 hash, NULL: none
  parent        INTEGER REFERENCES mission (id),
  created_ms    INTEGER NOT NULL,
  expires_ms    INTEGER NOT NULL,                   -- -1: never
  invite_only   INTEGER NOT NULL
);
"""

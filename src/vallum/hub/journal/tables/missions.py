"""Missions: contents, changes, subscribers, invitations, log, layers.

What somebody stores bears a label, as an event does; the label's nation and its `principal` say whose it is.
"""

from typing import Final

DDL: Final = """
CREATE TABLE mission_label (
  id            INTEGER PRIMARY KEY,
  type          TEXT NOT NULL,                      -- Cursor on Target type by which rules release it
  nation        TEXT NOT NULL,                      -- of origin
  access        TEXT NOT NULL,
  caveat        TEXT NOT NULL,
  releasable_to TEXT NOT NULL,
  groups        TEXT NOT NULL,                      -- JSON list
  UNIQUE (nation, type, access, caveat, releasable_to, groups)
);
CREATE TABLE mission (
  id            INTEGER PRIMARY KEY AUTOINCREMENT,
  guid          TEXT NOT NULL UNIQUE,
  name          TEXT NOT NULL COLLATE NOCASE,       -- not unique: nobody learns which names others took
  about         TEXT NOT NULL,                      -- JSON: description, chat room, base layer, bbox, tool, …
  keywords      TEXT NOT NULL,                      -- JSON list
  creator_uid   TEXT NOT NULL,
  principal     TEXT NOT NULL,
  label         INTEGER NOT NULL,
  default_role  TEXT NOT NULL,                      -- empty: not stated
  password      TEXT,                               -- argon2 hash, NULL: none
  parent        INTEGER,
  created_ms    INTEGER NOT NULL,
  expires_ms    INTEGER NOT NULL,                   -- -1: never
  invite_only   INTEGER NOT NULL,
  number        INTEGER NOT NULL,                   -- of its last change
  changed_ms    INTEGER NOT NULL                    -- time of its last change
);
CREATE INDEX mission_name ON mission (name);
CREATE INDEX mission_parent ON mission (parent) WHERE parent IS NOT NULL;
CREATE INDEX mission_expires ON mission (expires_ms) WHERE expires_ms >= 0;
CREATE TABLE mission_change (
  mission       INTEGER NOT NULL,
  number        INTEGER NOT NULL,                   -- from 1, none left out
  kind          TEXT NOT NULL,                      -- as clients call it, or the hub's word in small letters
  at_ms         INTEGER NOT NULL,                   -- grows with the number
  creator_uid   TEXT NOT NULL,
  principal     TEXT NOT NULL,
  label         INTEGER NOT NULL,                   -- of what was changed
  what          TEXT NOT NULL,                      -- uid or hash if it is about a content, else empty
  key           TEXT NOT NULL,                      -- the uid or hash
  body          TEXT NOT NULL,                      -- JSON: details of a uid, or metadata of a file
  PRIMARY KEY (mission, number)
) WITHOUT ROWID;
CREATE INDEX mission_change_at ON mission_change (mission, at_ms);
CREATE INDEX mission_change_key ON mission_change (mission, key) WHERE key <> '';
CREATE TABLE mission_item (
  mission       INTEGER NOT NULL,
  kind          TEXT NOT NULL,                      -- uid or hash
  key           TEXT NOT NULL,
  label         INTEGER NOT NULL,                   -- one uid may be there once for each
  principal     TEXT NOT NULL,
  creator_uid   TEXT NOT NULL,
  number        INTEGER NOT NULL,                   -- of the change that brought it
  at_ms         INTEGER NOT NULL,
  keywords      TEXT NOT NULL,                      -- JSON list
  layer         TEXT NOT NULL,                      -- uid of its layer, empty: none
  body          TEXT NOT NULL,                      -- JSON: details of a uid, or metadata of a file
  live          INTEGER NOT NULL,                   -- 1: named by its uid alone, so its newest event counts
  xml           BLOB,                               -- the event
  PRIMARY KEY (mission, kind, key, label)
);
CREATE INDEX mission_item_key ON mission_item (key);
CREATE TABLE mission_use (                          -- kept by triggers
  mission       INTEGER NOT NULL,
  nation        TEXT NOT NULL,
  items         INTEGER NOT NULL,
  bytes         INTEGER NOT NULL,                   -- of events
  PRIMARY KEY (mission, nation)
) WITHOUT ROWID;
CREATE TRIGGER mission_item_came AFTER INSERT ON mission_item BEGIN
  INSERT INTO mission_use
    SELECT NEW.mission, nation, 1, coalesce(length(NEW.xml), 0) FROM mission_label WHERE id = NEW.label
    ON CONFLICT DO UPDATE SET items = items + 1, bytes = bytes + excluded.bytes;
END;
CREATE TRIGGER mission_item_grew AFTER UPDATE OF xml ON mission_item BEGIN
  UPDATE mission_use SET bytes = bytes + coalesce(length(NEW.xml), 0) - coalesce(length(OLD.xml), 0)
    WHERE mission = NEW.mission AND nation = (SELECT nation FROM mission_label WHERE id = NEW.label);
END;
CREATE TRIGGER mission_item_went AFTER DELETE ON mission_item BEGIN
  UPDATE mission_use SET items = items - 1, bytes = bytes - coalesce(length(OLD.xml), 0)
    WHERE mission = OLD.mission AND nation = (SELECT nation FROM mission_label WHERE id = OLD.label);
END;
CREATE TABLE mission_subscriber (
  mission       INTEGER NOT NULL,
  client_uid    TEXT NOT NULL,
  nation        TEXT NOT NULL,
  principal     TEXT NOT NULL,
  label         INTEGER NOT NULL,                   -- who may see that it takes part
  role          TEXT NOT NULL,
  token         TEXT NOT NULL,                      -- clients want one; it opens nothing
  created_ms    INTEGER NOT NULL,
  PRIMARY KEY (mission, nation, principal, client_uid)
) WITHOUT ROWID;
CREATE TABLE mission_access (                       -- what outlasts a subscription
  mission       INTEGER NOT NULL,
  nation        TEXT NOT NULL,
  principal     TEXT NOT NULL,
  knows         INTEGER NOT NULL DEFAULT 0,         -- 1: it has shown that it knows the password
  role          TEXT,                               -- that an owner has given it
  PRIMARY KEY (mission, nation, principal)
) WITHOUT ROWID;
CREATE TABLE mission_invitation (
  mission       INTEGER NOT NULL,
  type          TEXT NOT NULL,                      -- clientUid, callsign, userName, group or team
  invitee       TEXT NOT NULL,
  label         INTEGER NOT NULL,                   -- each author's own: nobody changes what it does not see
  bound         TEXT NOT NULL,                      -- JSON: [nation, user] pairs who bore the name then
  role          TEXT NOT NULL,
  token         TEXT NOT NULL,
  creator_uid   TEXT NOT NULL,
  principal     TEXT NOT NULL,
  created_ms    INTEGER NOT NULL,
  PRIMARY KEY (mission, type, invitee, label)
) WITHOUT ROWID;
CREATE TABLE mission_log (
  id            TEXT PRIMARY KEY,
  content       TEXT NOT NULL,
  creator_uid   TEXT NOT NULL,
  entry_uid     TEXT NOT NULL,
  principal     TEXT NOT NULL,
  label         INTEGER NOT NULL,
  dtg           TEXT NOT NULL,                      -- as stated, empty: not stated
  created_ms    INTEGER NOT NULL,
  server_ms     INTEGER NOT NULL,                   -- of the last edit
  hashes        TEXT NOT NULL,                      -- JSON list
  keywords      TEXT NOT NULL                       -- JSON list
) WITHOUT ROWID;
CREATE TABLE mission_log_of (
  mission       INTEGER NOT NULL,
  entry         TEXT NOT NULL,
  PRIMARY KEY (mission, entry)
) WITHOUT ROWID;
CREATE INDEX mission_log_entry ON mission_log_of (entry);
CREATE TABLE mission_layer (
  mission       INTEGER NOT NULL,
  uid           TEXT NOT NULL,
  name          TEXT NOT NULL,
  type          TEXT NOT NULL,
  parent        TEXT NOT NULL,                      -- uid, empty: at the top
  place         REAL NOT NULL,                      -- orders those of one parent
  creator_uid   TEXT NOT NULL,
  principal     TEXT NOT NULL,
  label         INTEGER NOT NULL,
  PRIMARY KEY (mission, uid)
) WITHOUT ROWID;
"""

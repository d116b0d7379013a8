"""Files and their metadata; the bytes themselves lie in a folder beside, named by their SHA-256."""

from typing import Final

DDL: Final = """
CREATE TABLE file (
  id            INTEGER PRIMARY KEY AUTOINCREMENT,
  uid           TEXT NOT NULL,                      -- as clients name it
  hash          TEXT NOT NULL,                      -- SHA-256 of the content, hexadecimal, lower case
  name          TEXT NOT NULL,
  size          INTEGER NOT NULL,                   -- bytes
  media_type    TEXT NOT NULL,
  tool          TEXT NOT NULL,                      -- public, private or a client's own word
  keywords      TEXT NOT NULL,                      -- JSON list
  creator_uid   TEXT NOT NULL,
  principal     TEXT NOT NULL,                      -- user name of who stored it
  nation        TEXT NOT NULL,                      -- of origin
  access        TEXT NOT NULL,
  caveat        TEXT NOT NULL,
  releasable_to TEXT NOT NULL,
  groups        TEXT NOT NULL,                      -- JSON list
  stored_ms     INTEGER NOT NULL,
  expires_ms    INTEGER NOT NULL                    -- -1: never
);
CREATE INDEX file_hash ON file (hash);
CREATE INDEX file_uid ON file (uid);
CREATE INDEX file_principal ON file (nation, principal);
"""

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
  latitude      REAL,                               -- WGS 84 degrees
  longitude     REAL,
  altitude      REAL,                               -- metres above the ellipsoid
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
CREATE INDEX file_principal ON file (nation, principal, hash);
CREATE INDEX file_expires ON file (expires_ms) WHERE expires_ms >= 0;

CREATE TABLE file_grant (                           -- whom a file was handed to by a notice
  file      INTEGER NOT NULL REFERENCES file (id),
  nation    TEXT NOT NULL,
  principal TEXT NOT NULL,
  PRIMARY KEY (file, nation, principal)
) WITHOUT ROWID;

CREATE TABLE file_use (                             -- kept by triggers
  nation    TEXT NOT NULL,
  principal TEXT NOT NULL,
  files     INTEGER NOT NULL,                       -- of a user
  bytes     INTEGER NOT NULL,                       -- of all of them
  PRIMARY KEY (nation, principal)
) WITHOUT ROWID;
CREATE TRIGGER file_stored AFTER INSERT ON file BEGIN
  INSERT INTO file_use VALUES (NEW.nation, NEW.principal, 1, NEW.size)
    ON CONFLICT DO UPDATE SET files = files + 1, bytes = bytes + excluded.bytes;
END;
CREATE TRIGGER file_gone AFTER DELETE ON file BEGIN
  UPDATE file_use SET files = files - 1, bytes = bytes - OLD.size
    WHERE nation = OLD.nation AND principal = OLD.principal;
  DELETE FROM file_grant WHERE file = OLD.id;
END;
"""

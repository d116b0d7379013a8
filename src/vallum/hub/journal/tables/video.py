"""Video connections that clients have registered."""

from typing import Final

# A uid is its owner's: who may not see that another has used it can use it, too.
DDL: Final = """
CREATE TABLE video (
  nation        TEXT NOT NULL,                      -- of origin
  principal     TEXT NOT NULL,                      -- user name of who registered it
  uid           TEXT NOT NULL,
  content       TEXT NOT NULL,                      -- JSON: alias, active, thumbnail, classification, feeds
  access        TEXT NOT NULL,
  caveat        TEXT NOT NULL,
  releasable_to TEXT NOT NULL,
  groups        TEXT NOT NULL,                      -- JSON list
  stored_ms     INTEGER NOT NULL,
  PRIMARY KEY (nation, principal, uid)
) WITHOUT ROWID;
CREATE INDEX video_uid ON video (uid);
"""

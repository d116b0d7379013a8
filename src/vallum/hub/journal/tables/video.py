"""Video connections that clients have registered."""

from typing import Final

DDL: Final = """
CREATE TABLE video (
  uid           TEXT PRIMARY KEY,
  content       TEXT NOT NULL,                      -- JSON: alias, active, thumbnail, classification, feeds
  principal     TEXT NOT NULL,
  nation        TEXT NOT NULL,
  access        TEXT NOT NULL,
  caveat        TEXT NOT NULL,
  releasable_to TEXT NOT NULL,
  groups        TEXT NOT NULL,
  stored_ms     INTEGER NOT NULL
);
"""

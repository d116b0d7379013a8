"""How a journal of an older format becomes one of this: each step adds, and none touches events."""

import sqlite3
from typing import Final

from vallum.hub.journal.tables import clients, files, missions, video

__all__ = ["STEPS", "migrate"]

STEPS: Final = {2: clients.DDL + files.DDL + missions.DDL + video.DDL}
"""For each format what is added to the one before."""


def migrate(connection: sqlite3.Connection, found: int, wanted: int) -> None:
    """Bring a journal to a format, step by step; each step is done whole or not at all.

    Parameters
    ----------
    connection : sqlite3.Connection
        In autocommit mode.
    found, wanted : int
        Its format, and the one it gets.
    """
    for version in range(found + 1, wanted + 1):
        try:
            connection.executescript(
                f"BEGIN IMMEDIATE; {STEPS[version]} PRAGMA user_version={version}; COMMIT;"
            )
        except sqlite3.Error:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise

"""What the one writer does with the journal's file."""

import sqlite3
import time
from collections.abc import Mapping, Sequence
from itertools import chain
from typing import Final

from vallum.hub.journal.row import Row
from vallum.hub.journal.schema import COLUMNS
from vallum.picture.chat import at

__all__ = ["Writer"]

# Rows of one statement. While a statement runs the event loop has the interpreter, and one statement for many
# rows asks for it back hundreds of times less often than one for each.
_ROWS_AT_ONCE: Final = 512
_DELETED_AT_ONCE: Final = 500
_SWEPT_AT_ONCE: Final = 2_000
_FREE_PAGES: Final = 1_024
_VACUUMED_AT_ONCE: Final = 256

_PLACES: Final = f"({','.join('?' * len(COLUMNS))})"
_LABEL: Final = "uid, type, nation, access, caveat, releasable_to, groups"
_LATEST: Final = f"""
INSERT INTO latest
SELECT {_LABEL}, max(seq), 0, max(stale_ms, received_ms + max(stale_ms - time_ms, 0))
FROM event WHERE seq >= ? AND kind IN (0, 3) AND NOT private GROUP BY {_LABEL}
ON CONFLICT ({_LABEL}) DO UPDATE SET seq = excluded.seq, ends_ms = excluded.ends_ms
"""  # noqa: S608
_LEFT: Final = f"""
INSERT INTO latest
SELECT {_LABEL}, 0, max(seq), 0 FROM event WHERE seq >= ? AND kind = 4 GROUP BY {_LABEL}
ON CONFLICT ({_LABEL}) DO UPDATE SET left_seq = excluded.left_seq
"""  # noqa: S608
_CURSOR: Final = "INSERT OR REPLACE INTO cursor VALUES (?, ?)"
# An alert lasts as long as the configuration says, so its end is not known here.
_SWEEP: Final = """
DELETE FROM latest WHERE uid > :after AND uid <= :until AND (
  seq < (SELECT coalesce(min(seq), 0) FROM event)
  OR uid NOT IN (
    SELECT uid FROM latest WHERE uid > :after AND uid <= :until AND (ends_ms > :now OR type GLOB 'b-a-*')))
"""


class Writer:
    """Write batches, and let go of what is old.

    Parameters
    ----------
    connection : sqlite3.Connection
        Of a journal, in autocommit mode.
    keep_ms : int
        Age at which events are let go, milliseconds.
    keep_bytes : int
        Size of the file at which the oldest are let go.
    """

    def __init__(self, connection: sqlite3.Connection, *, keep_ms: int, keep_bytes: int) -> None:
        self.connection = connection
        self.keep_ms = keep_ms
        self.keep_bytes = keep_bytes
        self._page_bytes = self._number("PRAGMA page_size")
        most = connection.getlimit(sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER) // len(COLUMNS)
        self._at_once = min(_ROWS_AT_ONCE, most)
        self._swept_to = ""

    def last(self) -> int:
        """Return the highest sequence number ever given."""
        return self._number("SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = 'event'")

    def write(self, rows: Sequence[Row], cursors: Mapping[str, int]) -> None:
        """Write rows and chat cursors, all or nothing.

        Raises
        ------
        sqlite3.Error
            If nothing was written.
        """
        connection = self.connection
        connection.execute("BEGIN IMMEDIATE")
        try:
            start = 0
            while start < len(rows):
                count = self._at_once
                while count > len(rows) - start:  # few sizes, so that each statement is prepared once
                    count = max(count // 4, 1)
                values = list(chain.from_iterable(rows[start : start + count]))
                connection.execute(_insert(count), values)
                start += count
            if rows:
                connection.execute(_LATEST, (rows[0][0],))
                connection.execute(_LEFT, (rows[0][0],))
            connection.executemany(_CURSOR, cursors.items())
            connection.execute("COMMIT")
        except sqlite3.Error:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise

    def upkeep(self, now: int, seconds: float) -> bool:
        """Let go of what is too old or too much, in small steps.

        Parameters
        ----------
        now : int
            Milliseconds since 1970-01-01T00:00Z.
        seconds : float
            About how long it may take.

        Returns
        -------
        bool
            Whether there is more to let go of.

        Raises
        ------
        sqlite3.Error
            If it cannot be done now.
        """
        until = time.monotonic() + seconds
        more = True
        while more and time.monotonic() < until:
            more = self._let_go(now)
        self._sweep_latest(now)
        more = self._give_back() or more
        self.connection.execute("DELETE FROM cursor WHERE sequence < ?", (at(now - self.keep_ms),))
        return more

    def _let_go(self, now: int) -> bool:
        used = self._used()
        if used > self.keep_bytes:
            first = self._number("SELECT coalesce(min(seq), 0) FROM event")
            last = self._number("SELECT coalesce(max(seq), -1) FROM event")
            if first > last:
                return False
            # As many as are too many if all are alike; a few more steps if they are not.
            count = max((last - first + 1) * (used - self.keep_bytes) // used, 1)
            until = first + min(count, _DELETED_AT_ONCE)
            self.connection.execute("DELETE FROM event WHERE seq < ?", (until,))
            return True
        deleted = self.connection.execute(
            "DELETE FROM event WHERE seq IN "
            "(SELECT seq FROM event WHERE received_ms < ? ORDER BY received_ms LIMIT ?)",
            (now - self.keep_ms, _DELETED_AT_ONCE),
        )
        return deleted.rowcount == _DELETED_AT_ONCE

    def _used(self) -> int:
        pages = self._number("PRAGMA page_count") - self._number("PRAGMA freelist_count")
        return pages * self._page_bytes

    def _sweep_latest(self, now: int) -> None:
        """Forget some of the uids that no picture can hold any more."""
        after = self._swept_to
        found = self.connection.execute(
            "SELECT uid FROM latest WHERE uid > ? ORDER BY uid LIMIT 1 OFFSET ?", (after, _SWEPT_AT_ONCE)
        ).fetchone()
        last = "SELECT max(uid) FROM latest"
        until = found[0] if found else self.connection.execute(last).fetchone()[0]
        self._swept_to = found[0] if found else ""
        if until is not None:
            self.connection.execute(_SWEEP, {"after": after, "until": until, "now": now})

    def _give_back(self) -> bool:
        """Give pages back to the system while many are free; new events take the others soon enough."""
        if self._number("PRAGMA freelist_count") <= _FREE_PAGES:
            return False
        # One step of it frees one page, and only a script is stepped to its end.
        self.connection.executescript(f"PRAGMA incremental_vacuum({_VACUUMED_AT_ONCE})")
        return True

    def _number(self, question: str) -> int:
        ((number,),) = self.connection.execute(question)
        return int(number)


def _insert(count: int) -> str:
    # A batch that is tried again after it was written all the same adds nothing.
    return f"INSERT OR IGNORE INTO event VALUES {','.join([_PLACES] * count)}"  # noqa: S608

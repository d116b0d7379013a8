"""The journal's database as the HTTPS side uses it: short reads on the loop, writes in a thread."""

import asyncio
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final, TypeVar

from vallum.hub.journal.schema import explained, open_for_writing

__all__ = ["Store"]

T = TypeVar("T")
_BUSY_MS: Final = 10_000


class Store:
    """Three connections to one database; made by `open`.

    The journal's writer and this one take turns: SQLite lets one write at a time, and each waits for the
    other. Readers never wait.
    """

    def __init__(
        self, reading: sqlite3.Connection, looking: sqlite3.Connection, writing: sqlite3.Connection
    ) -> None:
        self._reading = reading
        self._looking = looking
        self._writing = writing
        self._thread = ThreadPoolExecutor(1, "marti")
        self._reader = ThreadPoolExecutor(1, "marti-look")

    @classmethod
    def open(cls, path: Path) -> "Store":
        """Open the database of a journal that is open already.

        Raises
        ------
        BadInput
            If it cannot be used.
        """
        writing = open_for_writing(path)
        with explained(path):
            writing.execute(f"PRAGMA busy_timeout={_BUSY_MS}")
            reading, looking = (
                sqlite3.connect(
                    f"{path.absolute().as_uri()}?mode=ro",
                    uri=True,
                    isolation_level=None,
                    check_same_thread=False,
                )
                for _ in range(2)
            )
        for one in (reading, looking, writing):
            one.row_factory = sqlite3.Row
        return cls(reading, looking, writing)

    def read(self, question: str, values: tuple[object, ...] | dict[str, object] = ()) -> list[sqlite3.Row]:
        """Return the rows of a question that an index answers; on the loop, so it must be short."""
        return self._reading.execute(question, values).fetchall()

    async def look(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Run work that reads more than a few rows, in a thread and on one state of the database."""
        return await asyncio.get_running_loop().run_in_executor(self._reader, self._look, work)

    async def write(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Run work on the database as one transaction: all of it is on disk when this returns, or none.

        Writes are done one after another in the order of the calls, and return in that order.
        """
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._thread, self._write, work)

    def write_now(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Do the same and wait, behind what was begun before; for the start and the end of a hub."""
        return self._thread.submit(self._write, work).result()

    def close(self) -> None:
        """Write what was begun, and close; a second time does nothing."""
        for threads in (self._thread, self._reader):
            threads.shutdown(wait=True)
        for one in (self._reading, self._looking, self._writing):
            one.close()

    def _look(self, work: Callable[[sqlite3.Connection], T]) -> T:
        self._looking.execute("BEGIN")
        try:
            return work(self._looking)
        finally:
            self._looking.execute("ROLLBACK")

    def _write(self, work: Callable[[sqlite3.Connection], T]) -> T:
        connection = self._writing
        connection.execute("BEGIN IMMEDIATE")
        try:
            result = work(connection)
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise
        return result

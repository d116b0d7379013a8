"""The journal: every admitted event, on disk within one batch, without the event loop ever waiting."""

import os
import sqlite3
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

import structlog

from vallum.core.principal import Principal
from vallum.hub.journal.row import Row, Rows
from vallum.hub.journal.schema import explained, lock, open_for_writing
from vallum.hub.journal.writer import Writer
from vallum.hub.parcel import Parcel

__all__ = ["Journal", "JournalState"]

log = structlog.get_logger("vallum.hub")

QUEUE_BYTES: Final = 64 * 2**20
_ROW_BYTES: Final = 512
"""About what a row takes beside its event's bytes."""
_BATCH_ROWS: Final = 8_192
_UPKEEP_S: Final = 1.0
_UPKEEP_SHARE: Final = 0.25
_LONGEST_PAUSE_S: Final = 10.0
_DAY_MS: Final = 86_400_000


@dataclass(frozen=True, slots=True)
class JournalState:
    """How the journal is.

    Parameters
    ----------
    written : int
        Events written since the start.
    pending : int
        Events that wait to be written.
    dropped : int
        Events that are not in the journal, because it could not be written to for too long.
    trouble : str or None
        Why it cannot be written to; None if all is well.
    batch_s : float
        How long the last batch took, seconds.
    file_bytes : int
        Size of its files.
    """

    written: int
    pending: int
    dropped: int
    trouble: str | None
    batch_s: float
    file_bytes: int


class Journal:
    """A recorder with one writer thread; made by `open`.

    All methods are for one thread, that of the event loop. None but `start` and `stop` waits for the disk. A
    process that is killed loses what came within the last batch interval; so does a power cut, as far as the
    disk keeps what it says it has kept.
    """

    def __init__(
        self, path: Path, writer: Writer, held: int, clock: Callable[[], int], batch_s: float
    ) -> None:
        self.path = path
        self._writer = writer
        self._lock = held
        self._clock = clock
        self._batch_s = batch_s
        self._file = _identity(path)
        self._next = writer.last()
        self._rows = Rows(self._number)
        self._queue: deque[Row] = deque()
        self._cursors: deque[Mapping[str, int]] = deque()
        # Each is written by one thread alone, so none needs a lock.
        self._bytes_in = self._bytes_out = 0
        self._count_in = self._count_out = 0
        self._refused = self._lost = 0
        self._full = False
        self._closed = False
        self._trouble: str | None = None
        self._upkeep_trouble: str | None = None
        self._last_batch_s = 0.0
        self._wake = threading.Event()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="journal", daemon=True)

    @classmethod
    def open(
        cls, path: Path, *, batch_ms: int, keep_days: float, keep_mb: int, clock: Callable[[], int]
    ) -> Self:
        """Open a journal, or make a new one.

        Parameters
        ----------
        path : Path
            The file. The folder must exist.
        batch_ms : int
            Longest time an event waits before it is on disk, milliseconds.
        keep_days : float
            Age at which events are let go, days.
        keep_mb : int
            Size at which the oldest are let go, 10^6 bytes.
        clock : callable
            Returns milliseconds since 1970-01-01T00:00Z.

        Raises
        ------
        BadInput
            If it is damaged, of a newer format, or another hub writes to it.
        """
        held = lock(path)
        try:
            connection = open_for_writing(path)
            try:
                with explained(path):
                    writer = Writer(
                        connection, keep_ms=round(keep_days * _DAY_MS), keep_bytes=keep_mb * 1_000_000
                    )
                    return cls(path, writer, held, clock, batch_ms / 1000)
            except BaseException:
                connection.close()
                raise
        except BaseException:
            os.close(held)
            raise

    def start(self) -> None:
        """Begin to write."""
        self._thread.start()

    def append(self, parcel: Parcel, principal: Principal, groups: frozenset[str], sender: str) -> None:
        """Take an event; see `vallum.hub.listening.Recorder`."""
        waiting = self._bytes_in - self._bytes_out
        if self._closed or waiting > QUEUE_BYTES:
            self._refuse(waiting)
            return
        self._full = self._full and 2 * waiting > QUEUE_BYTES
        row = self._rows.of(parcel, principal, groups, sender)
        self._bytes_in += _size(row)
        self._count_in += 1
        self._queue.append(row)
        if len(self._queue) == 1:
            self._wake.set()

    def save_cursors(self, cursors: Mapping[str, int]) -> None:
        """Write chat cursors with the next batch.

        Parameters
        ----------
        cursors : mapping of str to int
            For each client uid the number of the last chat message that it has. Those not named stay as they
            are.
        """
        self._cursors.append(dict(cursors))
        self._wake.set()

    def stop(self) -> None:
        """Write what waits, once, and close the file."""
        if self._closed:
            return
        self._closed = True
        self._stopping.set()
        self._wake.set()
        if self._thread.ident is not None:
            self._thread.join()
        self._writer.connection.close()
        os.close(self._lock)

    def state(self) -> JournalState:
        """Return how it is."""
        trouble = self._trouble or self._upkeep_trouble
        if self._thread.ident is not None and not self._closed and not self._thread.is_alive():
            trouble = "the writer has ended"
        elif not self._closed and _identity(self.path) != self._file:
            # What is written still goes to the old file, which nobody finds any more.
            trouble = "the file is gone or another one"
        return JournalState(
            written=self._count_out,
            pending=self._count_in - self._count_out - self._lost,
            dropped=self._refused + self._lost,
            trouble=trouble,
            batch_s=self._last_batch_s,
            file_bytes=sum(_file_bytes(self.path.with_name(self.path.name + end)) for end in ("", "-wal")),
        )

    # Within

    def _number(self) -> int:
        self._next += 1
        return self._next

    def _refuse(self, waiting: int) -> None:
        self._refused += 1
        if not self._full:
            self._full = True
            log.error("journal: events are dropped", waiting_bytes=waiting, stopped=self._closed)

    # The writer's thread

    def _run(self) -> None:
        next_upkeep = time.monotonic()
        while not self._stopping.is_set():
            if not self._queue and not self._cursors:
                self._wake.wait(max(next_upkeep - time.monotonic(), 0.0))
            self._wake.clear()
            if len(self._queue) < _BATCH_ROWS:
                self._stopping.wait(self._batch_s)
            if not self._write_batch():
                return
            if time.monotonic() >= next_upkeep and not self._stopping.is_set():
                next_upkeep = time.monotonic() + (0.0 if self._upkeep() else _UPKEEP_S)
        while (self._queue or self._cursors) and self._write_batch():
            pass

    def _write_batch(self) -> bool:
        """Write what waits, trying again until it is written or the journal stops; whether it was written."""
        rows = [self._queue.popleft() for _ in range(min(len(self._queue), _BATCH_ROWS))]
        cursors: dict[str, int] = {}
        pause = self._batch_s
        while True:
            while self._cursors:
                cursors.update(self._cursors.popleft())
            if not rows and not cursors:
                return True
            trouble = self._try(rows, cursors)
            if trouble is None:
                break
            if trouble != self._trouble:
                self._trouble = trouble
                log.error("journal: cannot be written", cause=trouble, pending=len(rows) + len(self._queue))
            if self._stopping.is_set():
                self._lost += len(rows) + len(self._queue)
                log.error("journal: events are lost", count=self._lost)
                return False
            self._stopping.wait(pause)
            pause = min(2 * pause, _LONGEST_PAUSE_S)
        if self._trouble is not None:
            self._trouble = None
            log.info(
                "journal: is written again", pending=len(self._queue), dropped=self._refused + self._lost
            )
        self._count_out += len(rows)
        self._bytes_out += sum(map(_size, rows))
        return True

    def _try(self, rows: list[Row], cursors: Mapping[str, int]) -> str | None:
        began = time.monotonic()
        try:
            self._writer.write(rows, cursors)
        except sqlite3.Error as error:
            return str(error)
        self._last_batch_s = time.monotonic() - began
        return None

    def _upkeep(self) -> bool:
        try:
            more = self._writer.upkeep(self._clock(), max(self._batch_s * _UPKEEP_SHARE, 0.01))
        except sqlite3.Error as error:
            if str(error) != self._upkeep_trouble:
                self._upkeep_trouble = str(error)
                log.error("journal: old events cannot be let go", cause=self._upkeep_trouble)
            return False
        self._upkeep_trouble = None
        return more


def _size(row: Row) -> int:
    xml, payload = row[-2:]
    return _ROW_BYTES + len(xml) + len(payload or b"")


def _identity(path: Path) -> tuple[int, int] | None:
    """Return device and inode of a file, None if there is none."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _file_bytes(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0

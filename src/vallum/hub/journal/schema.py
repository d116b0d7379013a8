"""The journal's file: an SQLite database in WAL mode, and what is refused as one."""

import contextlib
import fcntl
import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from vallum.core.errors import BadInput
from vallum.hub.journal.migrations import migrate

__all__ = [
    "COLUMNS",
    "FORMAT",
    "explained",
    "lock",
    "open_for_reading",
    "open_for_writing",
]

APPLICATION_ID: Final = 0x564C4A4C
"""``VLJL``: in the header of the file, so that ``file`` and others can tell."""

FORMAT: Final = 2
_FIRST: Final = 1
_PAGE_BYTES: Final = 8192
_HEADER_BYTES: Final = 100
_CACHE_KIB: Final = 16_384
_BUSY_S: Final = 5.0

COLUMNS: Final = (
    "seq", "received_ms", "uid", "type", "kind", "private", "nation", "access", "caveat", "releasable_to",
    "groups", "principal", "sender", "lat", "lon", "time_ms", "stale_ms", "chat", "xml", "payload",
)  # fmt: skip

# The label, from which a policy tells the audience, is type, nation, access, caveat, releasable_to and
# groups. Of a notice that somebody left (kind 4), uid and label are those of who left. `latest` leads to
# the newest event of each uid and label: a restart would else read millions of rows to find some thousands.
_SCHEMA: Final = """
CREATE TABLE event (
  seq           INTEGER PRIMARY KEY AUTOINCREMENT,  -- order of receipt
  received_ms   INTEGER NOT NULL,                   -- all times: ms since 1970-01-01T00:00Z
  uid           TEXT NOT NULL,
  type          TEXT NOT NULL,
  kind          INTEGER NOT NULL,                   -- 0 state, 1 message, 2 chat, 3 alert, 4 somebody left
  private       INTEGER NOT NULL,                   -- 1 if it names people or a mission
  nation        TEXT NOT NULL,                      -- of origin
  access        TEXT NOT NULL,
  caveat        TEXT NOT NULL,
  releasable_to TEXT NOT NULL,
  groups        TEXT NOT NULL,                      -- JSON: groups it went into, of those it names if it does
  principal     TEXT NOT NULL,                      -- user name of who sent it
  sender        TEXT NOT NULL,                      -- uid of the client that sent it
  lat           REAL NOT NULL,                      -- WGS 84 degrees
  lon           REAL NOT NULL,
  time_ms       INTEGER NOT NULL,
  stale_ms      INTEGER NOT NULL,
  chat          INTEGER,                            -- number among chat messages
  xml           BLOB NOT NULL,                      -- as it came, or as rendered from payload
  payload       BLOB                                -- TAK protocol message
);
CREATE INDEX event_received ON event (received_ms);
CREATE INDEX event_chat ON event (chat) WHERE chat IS NOT NULL;
CREATE TABLE latest (
  uid TEXT NOT NULL, type TEXT NOT NULL, nation TEXT NOT NULL, access TEXT NOT NULL, caveat TEXT NOT NULL,
  releasable_to TEXT NOT NULL, groups TEXT NOT NULL,
  seq INTEGER NOT NULL,
  left_seq INTEGER NOT NULL,                        -- of the notice that it left, 0 for none
  ends_ms INTEGER NOT NULL,                         -- no clock rule lets a state last longer
  PRIMARY KEY (uid, type, nation, access, caveat, releasable_to, groups)
) WITHOUT ROWID;
CREATE TABLE cursor (
  uid      TEXT PRIMARY KEY,
  sequence INTEGER NOT NULL                         -- number of the last chat message that this client has
) WITHOUT ROWID;
"""


def open_for_writing(path: Path) -> sqlite3.Connection:
    """Open a journal, or make a new one.

    A file that exists is not touched before it is known to be a journal of this format.

    Raises
    ------
    BadInput
        If it is none, is damaged, or was written by a newer version.
    """
    with explained(path):
        if not path.exists():
            # Positions and chat are for the hub's own account; SQLite gives its other files the same mode.
            os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, mode=0o600))
        elif 0 < path.stat().st_size < _HEADER_BYTES:
            # SQLite takes what is shorter than its header for a new file.
            raise _damaged(path, "it is too short")
        connection = sqlite3.connect(
            path, timeout=_BUSY_S, isolation_level=None, check_same_thread=False, cached_statements=64
        )
        try:
            if _is_new(connection, path):
                connection.execute(f"PRAGMA page_size={_PAGE_BYTES}")
                connection.execute("PRAGMA auto_vacuum=INCREMENTAL")
                connection.execute("PRAGMA journal_mode=WAL")
                connection.executescript(
                    f"BEGIN; {_SCHEMA} PRAGMA application_id={APPLICATION_ID}; PRAGMA user_version={_FIRST}; "
                    "COMMIT;"
                )
            connection.execute("PRAGMA journal_mode=WAL")
            ((found,),) = connection.execute("PRAGMA user_version")
            migrate(connection, found, FORMAT)
            # Each batch is on the disk when it is committed: a power cut loses no more than a crash does.
            connection.execute("PRAGMA synchronous=FULL")
            connection.execute(f"PRAGMA cache_size=-{_CACHE_KIB}")
        except BaseException:
            connection.close()
            raise
    return connection


def open_for_reading(path: Path) -> sqlite3.Connection:
    """Open a journal, also one that a hub writes to, without changing it.

    Raises
    ------
    BadInput
        If there is none, or it cannot be read.
    """
    if not path.is_file():
        raise BadInput(
            "there is no such file", str(path), "journal", "Name the file that hub.toml calls [journal] path."
        )
    uri = f"{path.absolute().as_uri()}?mode=ro"
    with explained(path):
        try:
            return _opened(uri, path)
        except sqlite3.OperationalError:
            # A copy on a medium that cannot be written: nobody else writes to it either.
            if path.with_name(f"{path.name}-wal").exists() or os.access(path.parent, os.W_OK):
                raise
            return _opened(f"{uri}&immutable=1", path)


@contextlib.contextmanager
def explained(path: Path) -> Iterator[None]:
    """Turn what SQLite and the system say into something a user can act on.

    Raises
    ------
    BadInput
        Instead of their errors.
    """
    try:
        yield
    except sqlite3.DatabaseError as error:
        name = getattr(error, "sqlite_errorname", "")
        if name.startswith("SQLITE_NOTADB"):
            raise BadInput(
                "is no journal, or its beginning is damaged",
                str(path),
                "journal",
                "Name the file that hub.toml calls [journal] path. Is it this one? Move it away together "
                "with its -wal and -shm files; the hub then begins a new one.",
            ) from error
        if name.startswith("SQLITE_CORRUPT"):
            raise _damaged(path, str(error)) from error
        raise BadInput(
            f"cannot be used: {error}", str(path), "usable file", "Check the disk and the permissions."
        ) from error
    except OSError as error:
        raise BadInput(
            f"cannot be used: {error.strerror}",
            str(path),
            "usable file",
            "Check that its folder exists and may be written to.",
        ) from error


def lock(path: Path) -> int:
    """Keep every other hub from writing to a journal; the lock lasts until the descriptor is closed.

    Raises
    ------
    BadInput
        If another one has it.
    """
    # Not the journal itself: closing a descriptor of it would drop the locks of SQLite in this process.
    with explained(path):
        descriptor = os.open(
            path.with_name(f"{path.name}.lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, mode=0o600
        )
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(descriptor)
        raise BadInput(
            "another hub writes to it",
            str(path),
            "one writer",
            "Stop that hub, or name another path under [journal] in hub.toml.",
        ) from error
    return descriptor


def _damaged(path: Path, reason: str) -> BadInput:
    return BadInput(
        f"is damaged ({reason})",
        str(path),
        "sound file",
        "Move it away together with its -wal and -shm files; the hub then begins a new one. "
        "What is left in it may be read with: sqlite3 FILE .recover",
    )


def _opened(uri: str, path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(
        uri, uri=True, timeout=_BUSY_S, isolation_level=None, check_same_thread=False
    )
    try:
        if _is_new(connection, path):
            raise BadInput("is empty", str(path), "journal", "Name the journal of a hub that has run.")
    except BaseException:
        connection.close()
        raise
    return connection


def _is_new(connection: sqlite3.Connection, path: Path) -> bool:
    ((application,),) = connection.execute("PRAGMA application_id")
    ((version,),) = connection.execute("PRAGMA user_version")
    ((tables,),) = connection.execute("SELECT count(*) FROM sqlite_master")
    if application == 0 and version == 0 and tables == 0:
        return True
    if application != APPLICATION_ID:
        raise BadInput(
            "is a database, but not a journal of Vallum", str(path), "journal", "Name another file."
        )
    if version > FORMAT:
        raise BadInput(
            f"was written by a newer version (format {version}; this one knows {FORMAT})",
            str(path),
            "format version",
            "Install that version, or move the file away; the hub then begins a new one.",
        )
    return False

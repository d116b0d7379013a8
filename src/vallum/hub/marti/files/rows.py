"""Files as the database holds them. What is written here runs within a transaction of the store."""

import json
import sqlite3
from collections.abc import Iterable
from functools import lru_cache
from typing import Any, Final, NamedTuple

import msgspec

from vallum.core.principal import Principal
from vallum.hub.marti.marking import Marking

__all__ = [
    "PRIVATE",
    "PUBLIC",
    "USED",
    "File",
    "Used",
    "change",
    "expired",
    "grant",
    "hashes",
    "insert",
    "is_used",
    "marking",
    "read",
    "remove",
    "same",
]

PUBLIC: Final = "public"
PRIVATE: Final = "private"
"""The tool of a file that is for its owner alone, and for those whom a notice hands it to."""


@lru_cache(4096)
def marking(nation: str, access: str, caveat: str, releasable_to: str, groups: str) -> Marking:
    """Read a marking from its columns; many files have the same."""
    return Marking.from_columns(nation, access, caveat, releasable_to, groups)


class File(msgspec.Struct, frozen=True, kw_only=True):
    """One entry: a body under a name. The same body may have many, each of its own owner and marking.

    Parameters
    ----------
    id : int
        In the order in which they were stored; 0 before that.
    uid, hash, name, media_type, tool, creator_uid : str
        As clients see them; `hash` is the SHA-256 of the body.
    size : int
        Bytes.
    keywords : tuple of str
    latitude, longitude, altitude : float, optional
        WGS 84 degrees, metres above the ellipsoid.
    principal : str
        User name of its owner, who is of the nation of the marking.
    marking : Marking
    stored_ms, expires_ms : int
        Milliseconds since 1970-01-01T00:00Z; -1: never.
    """

    id: int = 0
    uid: str
    hash: str
    name: str
    size: int
    media_type: str
    tool: str
    keywords: tuple[str, ...]
    creator_uid: str
    latitude: float | None
    longitude: float | None
    altitude: float | None
    principal: str
    marking: Marking
    stored_ms: int
    expires_ms: int = -1

    @classmethod
    def of(cls, row: sqlite3.Row) -> "File":
        """Read a row."""
        plain: dict[str, Any] = {name: row[name] for name in _PLAIN}
        label = marking(*(row[name] for name in _MARKING))
        return cls(keywords=tuple(json.loads(row["keywords"])), marking=label, **plain)

    @property
    def columns(self) -> dict[str, object]:
        """What a row holds."""
        plain = {name: getattr(self, name) for name in _PLAIN}
        label = dict(zip(_MARKING, self.marking.columns, strict=True))
        return plain | label | {"keywords": json.dumps(self.keywords, ensure_ascii=False)}

    def is_of(self, principal: Principal) -> bool:
        """Whether somebody owns it."""
        return (self.marking.nation, self.principal) == (principal.nation, principal.name)


_PLAIN: Final = (
    "id", "uid", "hash", "name", "size", "media_type", "tool", "creator_uid", "latitude", "longitude",
    "altitude", "principal", "stored_ms", "expires_ms",
)  # fmt: skip
_MARKING: Final = ("nation", "access", "caveat", "releasable_to", "groups")
_WRITTEN: Final = (*_PLAIN[1:], *_MARKING, "keywords")


def insert(connection: sqlite3.Connection, file: File) -> int:
    """Write a new row, and return its id."""
    names, places = ", ".join(_WRITTEN), ", ".join(f":{name}" for name in _WRITTEN)
    done = connection.execute(f"INSERT INTO file ({names}) VALUES ({places})", file.columns)  # noqa: S608
    assert done.lastrowid is not None  # noqa: S101
    return done.lastrowid


def change(connection: sqlite3.Connection, file: File) -> None:
    """Write a row anew; owner and body stay."""
    places = ", ".join(f"{name} = :{name}" for name in _WRITTEN)
    connection.execute(f"UPDATE file SET {places} WHERE id = :id", file.columns)  # noqa: S608


def read(connection: sqlite3.Connection, ids: Iterable[int]) -> list[File]:
    """Return rows; those that are gone are passed over."""
    question = "SELECT * FROM file WHERE id IN (SELECT value FROM json_each(?))"
    return [File.of(row) for row in connection.execute(question, (json.dumps(list(ids)),)).fetchall()]


def same(connection: sqlite3.Connection, file: File, *, by_name: bool) -> File | None:
    """Return the owner's own entry of the same body under the same uid, or name if `by_name`."""
    key = "name" if by_name else "uid"
    row = connection.execute(
        f"SELECT * FROM file WHERE nation = ? AND principal = ? AND hash = ? AND {key} = ?",  # noqa: S608
        (file.marking.nation, file.principal, file.hash, getattr(file, key)),
    ).fetchone()
    return None if row is None else File.of(row)


def remove(connection: sqlite3.Connection, ids: Iterable[int]) -> None:
    """Delete rows."""
    connection.executemany("DELETE FROM file WHERE id = ?", [(one,) for one in ids])


def grant(connection: sqlite3.Connection, granted: Iterable[tuple[int, str, str]]) -> None:
    """Let somebody have private files: ids, nations and user names. A file that is gone is passed over."""
    connection.executemany(
        "INSERT OR IGNORE INTO file_grant SELECT id, ?2, ?3 FROM file WHERE id = ?1", list(granted)
    )


def expired(connection: sqlite3.Connection, now: int) -> set[str]:
    """Delete what has expired, and return the bodies of it."""
    rows = connection.execute(
        "DELETE FROM file WHERE expires_ms >= 0 AND expires_ms <= ? RETURNING hash", (now,)
    )
    return {row["hash"] for row in rows.fetchall()}


def is_used(connection: sqlite3.Connection, digest: str) -> bool:
    """Whether anything still needs a body."""
    return connection.execute("SELECT 1 FROM file WHERE hash = ?", (digest,)).fetchone() is not None


def hashes(connection: sqlite3.Connection) -> set[str]:
    """Return every body that something needs."""
    return {row["hash"] for row in connection.execute("SELECT DISTINCT hash FROM file")}


class Used(NamedTuple):
    """What is stored already: files and bytes of one user, and bytes of all."""

    files: int
    own: int
    everyone: int


USED: Final = """
SELECT coalesce(sum(files) FILTER (WHERE nation = ?1 AND principal = ?2), 0) AS files,
       coalesce(sum(bytes) FILTER (WHERE nation = ?1 AND principal = ?2), 0) AS own,
       coalesce(sum(bytes), 0) AS everyone FROM file_use
"""
"""Asks for that; `Used` holds a row of the answer."""

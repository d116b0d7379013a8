"""Positions put in order by track, on disk, so that the longest recording fits."""

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from typing import NamedTuple

from vallum.hub.journal import Stored
from vallum.picture import Event, Kind
from vallum.wire.cot.parse import UNKNOWN

__all__ = ["Fix", "Track", "Tracks", "has_position"]


class Fix(NamedTuple):
    """One position: milliseconds since 1970, WGS 84 degrees, metres above the ellipsoid if they are known."""

    time: int
    lon: float
    lat: float
    hae: float | None


class Track(NamedTuple):
    """What a uid of a nation was, by its last event."""

    number: int
    uid: str
    nation: str
    type: str
    callsign: str
    begin: int
    end: int
    positions: int
    heights: int
    """Positions whose height is known."""


def has_position(event: Event) -> bool:
    """Whether an event says where it is; clients without a position write zeros."""
    return bool(event.point.lat or event.point.lon)


class Tracks:
    """Positions by track."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    @classmethod
    @contextmanager
    def of(cls, events: Iterable[tuple[Stored, Event]]) -> Iterator["Tracks"]:
        """Take the positions of all states of a recording; they are gone when the context ends."""
        # A database without a name is a file of SQLite's own, which it deletes.
        with closing(sqlite3.connect("", isolation_level=None)) as connection:
            connection.executescript(
                "PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; BEGIN;"
                "CREATE TABLE track "
                "(number INTEGER PRIMARY KEY, uid, nation, type, callsign, UNIQUE (uid, nation));"
                "CREATE TABLE fix (track, time, lon, lat, hae);"
            )
            for stored, event in events:
                if event.kind is Kind.LATEST and has_position(event):
                    _put(connection, stored, event)
            connection.execute("CREATE INDEX fix_in_order ON fix (track, time)")
            connection.execute("COMMIT")
            yield cls(connection)

    def __iter__(self) -> Iterator[Track]:
        rows = self._connection.execute(
            "SELECT number, uid, nation, type, callsign, min(time), max(time), count(*), count(hae) "
            "FROM track JOIN fix ON track = number GROUP BY number ORDER BY number"
        )
        return map(Track._make, rows)

    def fixes(self, track: Track) -> Iterator[Fix]:
        """Return the positions of a track in the order of their times."""
        rows = self._connection.execute(
            "SELECT time, lon, lat, hae FROM fix WHERE track = ? ORDER BY time", (track.number,)
        )
        return map(Fix._make, rows)


def _put(connection: sqlite3.Connection, stored: Stored, event: Event) -> None:
    who = (event.uid, stored.label.nation)
    connection.execute(
        "INSERT INTO track (uid, nation, type, callsign) VALUES (?, ?, ?, ?) ON CONFLICT (uid, nation) "
        "DO UPDATE SET type = excluded.type, callsign = coalesce(nullif(excluded.callsign, ''), callsign)",
        (*who, event.type, event.callsign),
    )
    point = event.point
    hae = None if point.hae >= UNKNOWN else point.hae
    connection.execute(
        "INSERT INTO fix SELECT number, ?, ?, ?, ? FROM track WHERE uid = ? AND nation = ?",
        (event.time, point.lon, point.lat, hae, *who),
    )

"""Recordings as GeoJSON (RFC 7946), written while they are read."""

import html
from collections.abc import Iterable
from typing import Any, BinaryIO, Final

import msgspec

from vallum.core import instant
from vallum.hub.journal import Stored
from vallum.hub.replay.shift import TAG
from vallum.hub.replay.tracks import Fix, Track, Tracks, has_position
from vallum.picture import Event
from vallum.wire.cot.parse import UNKNOWN

__all__ = ["properties", "write_events", "write_tracks"]

_HEAD: Final = b'{"type":"FeatureCollection","features":[\n'
_TAIL: Final = b"\n]}\n"
_encode = msgspec.json.Encoder().encode


def write_events(stream: BinaryIO, events: Iterable[tuple[Stored, Event]]) -> int:
    """Write one feature for each event and return how many.

    An event without a position has no geometry. Heights are above the ellipsoid, as GeoJSON has them.
    """
    count = 0
    stream.write(_HEAD)
    for stored, event in events:
        point = event.point
        geometry = None
        if has_position(event):
            hae = None if point.hae >= UNKNOWN else point.hae
            geometry = {"type": "Point", "coordinates": _position(Fix(event.time, point.lon, point.lat, hae))}
        feature = {"type": "Feature", "geometry": geometry, "properties": properties(stored, event)}
        stream.write((b",\n" if count else b"") + _encode(feature))
        count += 1
    stream.write(_TAIL)
    return count


def write_tracks(stream: BinaryIO, tracks: Tracks) -> int:
    """Write one line for each track and return how many; one that stayed a single position is a point.

    ``coordTimes`` names the time of each position.
    """
    count = 0
    stream.write(_HEAD)
    for track in tracks:
        stream.write(b",\n" if count else b"")
        _write_track(stream, track, tracks)
        count += 1
    stream.write(_TAIL)
    return count


def properties(stored: Stored, event: Event) -> dict[str, Any]:
    """Return what other programs want to know of an event, without what it does not say."""
    attributes, point = event.attributes, event.point
    track = event.detail("track") or {}
    found = {
        "uid": event.uid,
        "type": event.type,
        "callsign": event.callsign,
        "nation": stored.label.nation,
        "time": instant.write(event.time),
        "start": instant.write(event.start),
        "stale": instant.write(event.stale),
        "received": instant.write(stored.received),
        "how": attributes.get("how"),
        "access": stored.label.access,
        "caveat": stored.label.caveat,
        "releasable_to": stored.label.releasable_to,
        "ce_m": None if point.ce >= UNKNOWN else point.ce,
        "le_m": None if point.le >= UNKNOWN else point.le,
        "course_deg": track.get("course"),
        "speed_m_s": track.get("speed"),
        "remarks": _text(event, "remarks"),
    }
    return {name: value for name, value in found.items() if value not in ("", None)}


def _write_track(stream: BinaryIO, track: Track, tracks: Tracks) -> None:
    shape = "LineString" if track.positions > 1 else "Point"
    stream.write(b'{"type":"Feature","geometry":{"type":"%s","coordinates":' % shape.encode())
    _write_list(stream, (_position(fix) for fix in tracks.fixes(track)), bare=track.positions == 1)
    named = {
        "uid": track.uid,
        "type": track.type,
        "callsign": track.callsign,
        "nation": track.nation,
        "begin": instant.write(track.begin),
        "end": instant.write(track.end),
    }
    stream.write(b'},"properties":' + _encode(named)[:-1] + b',"coordTimes":')
    _write_list(stream, (instant.write(fix.time) for fix in tracks.fixes(track)))
    stream.write(b"}}")


def _write_list(stream: BinaryIO, items: Iterable[object], *, bare: bool = False) -> None:
    stream.write(b"" if bare else b"[")
    stream.writelines((b"," if number else b"") + _encode(item) for number, item in enumerate(items))
    stream.write(b"" if bare else b"]")


def _position(fix: Fix) -> list[float]:
    return [fix.lon, fix.lat] if fix.hae is None else [fix.lon, fix.lat, fix.hae]


def _text(event: Event, name: str) -> str:
    """Return the text in the first detail of a name."""
    for child in event.children:
        if child.name == name:
            tag = TAG.match(event.xml, child.start)
            end = event.xml.rfind(b"</", child.start, child.end)
            return html.unescape(event.xml[tag.end() : end].decode()) if tag and end >= tag.end() else ""
    return ""

"""Recordings as KML (OGC 07-147r2, with Google's gx:Track), written while they are read."""

from collections.abc import Iterable, Mapping
from typing import IO, Final

from vallum.core import instant
from vallum.hub.journal import Stored
from vallum.hub.replay.geojson import properties
from vallum.hub.replay.tracks import Track, Tracks, has_position
from vallum.picture import Event
from vallum.wire.cot import escape
from vallum.wire.cot.parse import UNKNOWN

__all__ = ["write_events", "write_tracks"]

_HEAD: Final = (
    b'<?xml version="1.0" encoding="UTF-8"?>\n<kml xmlns="http://www.opengis.net/kml/2.2" '
    b'xmlns:gx="http://www.google.com/kml/ext/2.2"><Document>\n'
)
_TAIL: Final = b"</Document></kml>\n"
_AIR: Final = 4


def write_events(stream: IO[bytes], events: Iterable[tuple[Stored, Event]]) -> int:
    """Write one placemark with its time for each event and return how many."""
    count = 0
    stream.write(_HEAD)
    for stored, event in events:
        data = properties(stored, event)
        point = ""
        if has_position(event):
            lat, lon, hae, *_ = event.point
            known = hae < UNKNOWN
            height = f",{hae!r}" if known else ""
            point = (
                f"<Point>{_mode(event.type, known=known)}"
                f"<coordinates>{lon!r},{lat!r}{height}</coordinates></Point>"
            )
        stream.write(
            f"<Placemark><name>{escape(event.callsign or event.uid)}</name>"
            f"<TimeStamp><when>{data['time']}</when></TimeStamp>{_data(data)}{point}</Placemark>\n".encode()
        )
        count += 1
    stream.write(_TAIL)
    return count


def write_tracks(stream: IO[bytes], tracks: Tracks) -> int:
    """Write one gx:Track for each track and return how many."""
    count = 0
    stream.write(_HEAD)
    for track in tracks:
        _write_track(stream, track, tracks)
        count += 1
    stream.write(_TAIL)
    return count


def _write_track(stream: IO[bytes], track: Track, tracks: Tracks) -> None:
    data = {"uid": track.uid, "type": track.type, "nation": track.nation}
    stream.write(
        f"<Placemark><name>{escape(track.callsign or track.uid)}</name>{_data(data)}"
        f"<gx:Track>{_mode(track.type, known=track.heights == track.positions)}\n".encode()
    )
    stream.writelines(f"<when>{instant.write(fix.time)}</when>\n".encode() for fix in tracks.fixes(track))
    stream.writelines(
        f"<gx:coord>{fix.lon!r} {fix.lat!r} {fix.hae or 0.0!r}</gx:coord>\n".encode()
        for fix in tracks.fixes(track)
    )
    stream.write(b"</gx:Track></Placemark>\n")


def _mode(cot_type: str, *, known: bool) -> str:
    """Say how heights count: only aircraft are not where the ground is."""
    flies = known and cot_type.startswith("a-") and cot_type[_AIR : _AIR + 1] == "A"
    return f"<altitudeMode>{'absolute' if flies else 'clampToGround'}</altitudeMode>"


def _data(data: Mapping[str, object]) -> str:
    values = "".join(
        f'<Data name="{name}"><value>{escape(str(value))}</value></Data>' for name, value in data.items()
    )
    return f"<ExtendedData>{values}</ExtendedData>"

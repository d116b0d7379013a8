"""GeoJSON and KML."""

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from tests.hub.journal.conftest import START, xml
from vallum.core.errors import BadInput
from vallum.hub.journal import Stored
from vallum.hub.journal.reading import Label
from vallum.hub.replay import geojson, kml, written
from vallum.hub.replay.tracks import Tracks
from vallum.picture import Event

KML = "{http://www.opengis.net/kml/2.2}"
GX = "{http://www.google.com/kml/ext/2.2}"


def one(uid: str, *, nation: str = "EE", kind: str = "a-f-G", at: int = START, **more: Any) -> tuple:
    data = xml(uid, kind, at=at, **more)
    label = Label(kind, nation, "", "", "", "[]")
    stored = Stored(at + 100, uid, label, False, 0.0, 0.0, data, None)
    return stored, stored.event()


def json_of(events: list[tuple], *, tracks: bool = False) -> list[dict[str, Any]]:
    stream = io.BytesIO()
    if tracks:
        with Tracks.of(events) as found:
            count = geojson.write_tracks(stream, found)
    else:
        count = geojson.write_events(stream, events)
    document = json.loads(stream.getvalue())
    assert document["type"] == "FeatureCollection"
    assert len(document["features"]) == count
    return document["features"]


def kml_of(events: list[tuple], *, tracks: bool = False) -> list[Any]:
    stream = io.BytesIO()
    if tracks:
        with Tracks.of(events) as found:
            count = kml.write_tracks(stream, found)
    else:
        count = kml.write_events(stream, events)
    (document,) = etree.fromstring(stream.getvalue())
    assert document.tag == f"{KML}Document"
    assert len(document) == count
    return list(document)


NASTY = 'A "B" <C> & Ä]]>'
ESCAPED = "A &quot;B&quot; &lt;C&gt; &amp; Ä]]&gt;"


def test_an_event_as_a_feature() -> None:
    detail = f'<contact callsign="{ESCAPED}"/><track course="90" speed="1.5"/><remarks>{ESCAPED}</remarks>'
    (feature,) = json_of([one("U1", detail=detail, attributes='opex="o"')])
    assert feature["geometry"] == {"type": "Point", "coordinates": [26.7, 58.4, 30.5]}
    assert feature["properties"] == {
        "uid": "U1",
        "type": "a-f-G",
        "callsign": NASTY,
        "nation": "EE",
        "time": "2027-01-15T08:00:00.000Z",
        "start": "2027-01-15T08:00:00.000Z",
        "stale": "2027-01-15T08:01:00.000Z",
        "received": "2027-01-15T08:00:00.100Z",
        "how": "m-g",
        "ce_m": 9.0,
        "course_deg": "90",
        "speed_m_s": "1.5",
        "remarks": NASTY,
    }


def test_an_event_without_a_position_or_a_height() -> None:
    nowhere = one("U1", lat=0.0, lon=0.0)
    flat = xml("U2").replace(b'hae="30.5"', b'hae="9999999.0"')
    low = (Stored(START, "U2", nowhere[0].label, False, 0.0, 0.0, flat, None), Event.of_xml(flat))
    first, second = json_of([nowhere, low])
    assert first["geometry"] is None
    assert second["geometry"]["coordinates"] == [26.7, 58.4]
    first, second = kml_of([nowhere, low])
    assert first.find(f"{KML}Point") is None
    assert second.find(f"{KML}Point/{KML}coordinates").text == "26.7,58.4"


def test_no_events_make_an_empty_collection() -> None:
    for tracks in (False, True):
        assert json_of([], tracks=tracks) == []
        assert kml_of([], tracks=tracks) == []


WALK = [
    one("U1", at=START + 2000, lat=58.2),
    one("U1", at=START, lat=58.0, detail='<contact callsign="Kalle"/>'),
    one("U1", at=START + 3000, nation="LV", lat=1.0),
    one("U1", at=START + 1000, lat=58.1, kind="a-f-G-U-C"),
    one("U1", at=START + 1500, lat=0.0, lon=0.0),
    one("chat", kind="b-t-f"),
]


def test_a_track_as_a_line_with_times() -> None:
    line, point = json_of(WALK, tracks=True)
    assert line["geometry"]["type"] == "LineString"
    assert line["geometry"]["coordinates"] == [[26.7, 58.0, 30.5], [26.7, 58.1, 30.5], [26.7, 58.2, 30.5]]
    assert line["properties"] == {
        "uid": "U1",
        "type": "a-f-G-U-C",
        "callsign": "Kalle",
        "nation": "EE",
        "begin": "2027-01-15T08:00:00.000Z",
        "end": "2027-01-15T08:00:02.000Z",
        "coordTimes": [f"2027-01-15T08:00:0{second}.000Z" for second in range(3)],
    }
    assert point["geometry"] == {"type": "Point", "coordinates": [26.7, 1.0, 30.5]}
    assert (point["properties"]["nation"], len(point["properties"]["coordTimes"])) == ("LV", 1)


def test_a_track_in_kml() -> None:
    line, _ = kml_of(WALK, tracks=True)
    assert [child.tag for child in line] == [f"{KML}name", f"{KML}ExtendedData", f"{GX}Track"]
    track = line.find(f"{GX}Track")
    assert [child.tag for child in track] == [f"{KML}altitudeMode"] + [f"{KML}when"] * 3 + [f"{GX}coord"] * 3
    assert track.findtext(f"{KML}when") == "2027-01-15T08:00:00.000Z"
    assert track.findtext(f"{GX}coord") == "26.7 58.0 30.5"
    assert line.findtext(f"{KML}name") == "Kalle"


def test_an_event_in_kml() -> None:
    (mark,) = kml_of([one("U1", detail=f'<contact callsign="{ESCAPED}"/>')])
    order = [f"{KML}{name}" for name in ("name", "TimeStamp", "ExtendedData", "Point")]
    assert [child.tag for child in mark] == order
    assert mark.findtext(f"{KML}name") == NASTY
    assert mark.findtext(f"{KML}TimeStamp/{KML}when") == "2027-01-15T08:00:00.000Z"
    assert mark.findtext(f"{KML}Point/{KML}coordinates") == "26.7,58.4,30.5"
    values = {data.get("name"): data.findtext(f"{KML}value") for data in mark.find(f"{KML}ExtendedData")}
    assert values["uid"] == "U1"
    assert values["callsign"] == NASTY


@pytest.mark.parametrize(
    ("kind", "mode"), [("a-f-G", "clampToGround"), ("a-f-A-M-F", "absolute"), ("a-f", "clampToGround")]
)
def test_only_aircraft_are_above_the_ground(kind: str, mode: str) -> None:
    for tracks in (False, True):
        (mark,) = kml_of([one("U1", kind=kind)], tracks=tracks)
        assert mark.findtext(f".//{KML}altitudeMode") == mode


def test_a_file_is_whole_or_not_there(tmp_path: Path) -> None:
    place = tmp_path / "out.json"
    half = written(place, force=False)
    half.__enter__().write(b"half")
    assert half.__exit__(MemoryError, MemoryError(), None) is not True
    assert list(tmp_path.iterdir()) == []
    with written(place, force=False) as stream:
        stream.write(b"whole")
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [b"whole"]


def refused(work: Callable[[], object]) -> str:
    with pytest.raises(BadInput) as error:
        work()
    return error.value.message


def test_what_is_there_is_not_replaced_by_accident(tmp_path: Path) -> None:
    place = tmp_path / "out.json"
    place.write_bytes(b"mine")
    assert refused(written(place, force=False).__enter__) == "is already there"
    assert refused(written(tmp_path, force=True).__enter__) == "is there and no file"
    assert refused(written(tmp_path / "none" / "x", force=True).__enter__) == "has no folder to be in"
    assert place.read_bytes() == b"mine"
    with written(place, force=True) as stream:
        stream.write(b"new")
    assert place.read_bytes() == b"new"

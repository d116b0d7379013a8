"""The package takproto as a peer: what it writes we read, what we write it reads, as far as it is right."""

from itertools import chain
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from tests.fuzz.fuzz_takproto import TYPED, events, read_event
from vallum.wire.takproto import (
    Message,
    StreamFramer,
    decode,
    encode,
    mesh_frame,
    mesh_payload,
    stream_frame,
    to_xml,
)
from vallum.wire.takproto.schema import ELEMENTS

takproto = pytest.importorskip("takproto")
TAKProtoVer = pytest.importorskip("takproto.constants").TAKProtoVer

SCALARS = {
    "type": "type",
    "uid": "uid",
    "how": "how",
    "access": "access",
    "qos": "qos",
    "opex": "opex",
    "sendTime": "time",
    "startTime": "start",
    "staleTime": "stale",
    "lat": "lat",
    "lon": "lon",
    "hae": "hae",
    "ce": "ce",
    "le": "le",
}


def ours(xml: bytes) -> bytes:
    return encode(**read_event(xml))


def theirs(xml: bytes) -> Message:
    payload = mesh_payload(bytes(takproto.xml2proto(xml, TAKProtoVer.MESH)))
    assert payload is not None
    assert StreamFramer().feed(bytes(takproto.xml2proto(xml, TAKProtoVer.STREAM))) == [payload]
    return decode(payload)


def scalars(message: Message) -> dict[str, Any]:
    return {name: getattr(message, name) for name in SCALARS.values()}


def details(xml: bytes) -> list[bytes]:
    """Elements of the detail in canonical form, without the blanks that takproto strips between them."""
    elements = ET.fromstring(xml).findall("detail/*")  # noqa: S314  (own output)
    for element in elements:
        element.tail = None
    return sorted(ET.canonicalize(ET.tostring(element)).encode() for element in elements)


def follows_the_rule(xml: bytes) -> bool:
    """Whether each element that has a message of its own fits it, and takproto needs no special case."""
    sent = read_event(xml)
    fitting = decode(ours(xml)).typed
    return all(child.name in fitting for child in sent["children"] if child.name in TYPED) and (
        "GeoChat." not in sent["attributes"]["uid"]
    )


EVENTS = events()
REGULAR = [xml for xml in EVENTS if follows_the_rule(xml)]


def test_most_of_the_corpus_is_compared_whole() -> None:
    assert len(EVENTS) == 41
    assert len(REGULAR) >= 20
    assert {name for xml in REGULAR for name in decode(ours(xml)).typed} == TYPED


@pytest.mark.parametrize("xml", EVENTS)
def test_takproto_reads_what_we_write(xml: bytes) -> None:
    payload = ours(xml)
    mine = decode(payload)
    on_mesh = takproto.parse_proto(bytearray(mesh_frame(payload)))
    on_stream = takproto.parse_proto(bytearray(stream_frame(payload)))
    assert on_mesh == on_stream
    event = on_mesh.cotEvent
    assert {name: getattr(event, field) for field, name in SCALARS.items()} == scalars(mine)
    assert event.detail.xmlDetail == (mine.detail_xml or "")
    assert event.HasField("detail") == (mine.detail_xml is not None)
    for name, carrier in ELEMENTS.items():
        assert event.detail.HasField(carrier) == (name in mine.typed)
        for key, value in mine.typed.get(name, {}).items():
            assert str(getattr(getattr(event.detail, carrier), key)) == value


@pytest.mark.parametrize("xml", EVENTS)
def test_we_read_the_event_that_takproto_writes(xml: bytes) -> None:
    assert scalars(theirs(xml)) == scalars(decode(ours(xml)))


@pytest.mark.parametrize("xml", REGULAR)
def test_we_read_the_detail_that_takproto_writes(xml: bytes) -> None:
    message = theirs(xml)
    assert message.typed == decode(ours(xml)).typed
    assert details(to_xml(message)) == details(to_xml(decode(ours(xml))))


@pytest.mark.parametrize("xml", EVENTS)
def test_no_element_of_the_corpus_is_lost_by_us(xml: bytes) -> None:
    sent = read_event(xml)["children"]
    received = read_event(to_xml(decode(ours(xml))))["children"]
    assert sorted(child.name for child in received) == sorted(child.name for child in sent)


def event(detail: str, uid: str = "P1") -> bytes:
    return (
        f'<event version="2.0" uid="{uid}" type="a-f-G" how="m-g" time="2026-11-25T06:30:00Z" '
        f'start="2026-11-25T06:30:00Z" stale="2026-11-25T06:31:00Z" caveat="R" releaseableTo="LV">'
        f'<point lat="57.0" lon="24.0" hae="1" ce="2" le="3"/><detail>{detail}</detail></event>'
    ).encode()


@pytest.mark.parametrize(
    ("element", "left_by_takproto"),
    [
        ('<contact callsign="R2" phone="112"/>', '<contact callsign="R2"/>'),
        ('<status readiness="true"/>', ""),
        ('<precisionlocation altsrc="DTED0"/>', '<precisionlocation altsrc="DTED0"/>'),
        ('<contact callsign="A"/><contact callsign="B"/>', '<contact callsign="A"/>'),
        ('<__group name="Cyan" role="HQ">text</__group>', '<__group name="Cyan" role="HQ"/>'),
    ],
)
def test_takproto_types_elements_that_do_not_fit_and_loses_the_rest_of_them(
    element: str, left_by_takproto: str
) -> None:
    xml = event(element)
    assert f"<detail>{left_by_takproto}</detail>".encode() in to_xml(theirs(xml))
    assert f"<detail>{element}</detail>".encode() in to_xml(decode(ours(xml)))


def test_takproto_loses_the_detail_of_a_chat_of_several_lines() -> None:
    xml = event('<__chat id="A">\n</__chat>', uid="GeoChat.P1.All.1")
    assert not theirs(xml).detail_xml
    assert decode(ours(xml)).detail_xml == '<__chat id="A">\n</__chat>'


def test_takproto_fails_on_a_battery_that_is_no_number() -> None:
    xml = event('<status battery="full"/>')
    with pytest.raises(ValueError, match="invalid literal"):
        takproto.xml2proto(xml)
    assert decode(ours(xml)).detail_xml == '<status battery="full"/>'


def test_takproto_knows_no_caveat_and_no_release_but_passes_their_fields_over() -> None:
    xml = event("")
    assert (theirs(xml).caveat, theirs(xml).releasable_to) == ("", "")
    assert (decode(ours(xml)).caveat, decode(ours(xml)).releasable_to) == ("R", "LV")
    assert takproto.parse_proto(bytearray(mesh_frame(ours(xml)))).cotEvent.uid == "P1"


def test_takproto_names_the_sender_of_a_chat_in_the_control_part() -> None:
    message = theirs(event("", uid="GeoChat.P1.All.1"))
    assert message.contact_uid == "P1"


def test_a_stream_that_takproto_wrote_is_cut_where_it_meant() -> None:
    frames = [bytes(takproto.xml2proto(xml, TAKProtoVer.STREAM)) for xml in EVENTS]
    payloads = StreamFramer().feed(bytes(chain.from_iterable(frames)))
    assert [stream_frame(payload) for payload in payloads] == frames

from typing import Any
from xml.sax.saxutils import quoteattr

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fuzz.fuzz_takproto import check_payload, events, read_event
from vallum.wire.takproto import Malformed, Message, decode, encode, to_xml

CONTACT = '<contact callsign="R2"/>'
GROUP = '<__group name="Cyan" role="HQ"/>'


def document(detail: str, attributes: str = "") -> bytes:
    times = " ".join(f'{name}="2026-11-25T06:30:00.125Z"' for name in ("time", "start", "stale"))
    return (
        f'<event version="2.0" uid="P1" type="a-f-G" how="m-g" {times}{attributes}>'
        f'<point lat="57.0" lon="24.0" hae="1" ce="2" le="3"/>{detail}</event>'
    ).encode()


def carried(inner: str) -> Message:
    return decode(encode(**read_event(document(f"<detail>{inner}</detail>"))))


@pytest.mark.parametrize(
    ("element", "name", "attributes"),
    [
        (CONTACT, "contact", {"callsign": "R2"}),
        (
            "<contact endpoint='*:-1:stcp' callsign='R2'/>",
            "contact",
            {"endpoint": "*:-1:stcp", "callsign": "R2"},
        ),
        (GROUP, "__group", {"name": "Cyan", "role": "HQ"}),
        ('<__group role="HQ" name="A&amp;B"></__group>', "__group", {"name": "A&B", "role": "HQ"}),
        (
            '<precisionlocation geopointsrc="GPS" altsrc="GPS"/>',
            "precisionlocation",
            {"geopointsrc": "GPS", "altsrc": "GPS"},
        ),
        ('<status battery="0"/>', "status", {"battery": "0"}),
        ('<status battery="4294967295"/>', "status", {"battery": "4294967295"}),
        (
            '<takv device="d" platform="p" os="o" version="v"/>',
            "takv",
            {"device": "d", "platform": "p", "os": "o", "version": "v"},
        ),
        ('<track speed="0" course="-1.5e2"/>', "track", {"speed": "0.0", "course": "-150.0"}),
        ('<track speed=".5" course="359."/>', "track", {"speed": "0.5", "course": "359.0"}),
    ],
)
def test_a_leaf_with_exactly_the_attributes_travels_typed(
    element: str, name: str, attributes: dict[str, str]
) -> None:
    message = carried(f"<uid/>{element}<archive/>")
    assert message.typed == {name: attributes}
    assert message.detail_xml == "<uid/><archive/>"


@pytest.mark.parametrize(
    "element",
    [
        '<contact endpoint="*:-1:stcp"/>',
        '<contact callsign="R2" phone="1"/>',
        '<contact callsign="R2" xmlns:x="urn:x"/>',
        '<contact callsign=""/>',
        '<contact callsign="R2" endpoint=""/>',
        '<contact callsign="R2">text</contact>',
        '<contact callsign="R2"> </contact>',
        '<contact callsign="R2"><!-- c --></contact>',
        '<contact callsign="R2"><x/></contact>',
        '<x:contact callsign="R2"/>',
        '<Contact callsign="R2"/>',
        '<group name="Cyan" role="HQ"/>',
        '<__group name="Cyan"/>',
        "<__group/>",
        '<precisionlocation altsrc="GPS"/>',
        '<precisionLocation geopointsrc="GPS" altsrc="GPS"/>',
        *(
            f'<status battery="{text}"/>'
            for text in (
                "07",
                "+7",
                "-1",
                "7 ",
                "7.0",
                "4294967296",
                "99999999999",
                "٧",
                "1_0",
                "0x7",
                "full",
            )
        ),
        '<status battery="7" readiness="true"/>',
        '<status readiness="true"/>',
        '<takv device="d" platform="p" os="o"/>',
        *(
            f'<track course="1" speed="{text}"/>'
            for text in ("NaN", "inf", "-Infinity", "1e999", "1_0", " 1", "٧", "1,5", "0x1p3", "", ".", "e1")
        ),
        '<track course="1"/>',
        '<track course="1" speed="1" slope="0"/>',
        CONTACT + CONTACT,
        CONTACT + '<contact callsign="R2" phone="1"/>',
        '<contact callsign="R2">text</contact>' + CONTACT,
    ],
)
def test_all_else_stays_byte_for_byte(element: str) -> None:
    neighbour = CONTACT if "__group" in element else GROUP
    message = carried(f"<uid/>{element}{neighbour}<archive  a = '1' ></archive>")
    assert message.detail_xml == f"<uid/>{element}<archive  a = '1' ></archive>"
    assert len(message.typed) == 1


def test_text_and_comments_between_typed_elements_are_not_lost() -> None:
    message = carried(f"one {CONTACT}<!-- two -->{GROUP}\n three")
    assert message.detail_xml == "one <!-- two -->\n three"


def test_blanks_alone_are_not_carried() -> None:
    assert carried(f"\n  {CONTACT}\n  {GROUP}\t\r\n").detail_xml == ""


@pytest.mark.parametrize("detail", ["<detail/>", "<detail></detail>", "<detail>\n</detail>"])
def test_an_empty_detail_stays_a_detail(detail: str) -> None:
    message = decode(encode(**read_event(document(detail))))
    assert (message.detail_xml, message.typed) == ("", {})


def test_an_event_without_detail_stays_without() -> None:
    assert decode(encode(**read_event(document("")))).detail_xml is None


def test_the_attributes_of_the_event_that_have_a_field_are_carried_and_others_dropped() -> None:
    attributes = ' access="a" qos="q" opex="o" caveat="c" releasableTo="LV" custom="x"'
    message = decode(encode(**read_event(document("", attributes))))
    assert (message.type, message.uid, message.how) == ("a-f-G", "P1", "m-g")
    assert (message.access, message.qos, message.opex) == ("a", "q", "o")
    assert (message.caveat, message.releasable_to) == ("c", "LV")
    assert (message.hae, message.ce, message.le) == (1.0, 2.0, 3.0)
    assert b"custom" not in to_xml(message)


@pytest.mark.parametrize(
    "attributes",
    [' releaseableTo="LV"', ' releaseableTo="LV" releasableTo="LV"', ' releaseableTo="LV" releasableTo=""'],
)
def test_both_spellings_of_releasable_to_are_understood(attributes: str) -> None:
    assert decode(encode(**read_event(document("", attributes)))).releasable_to == "LV"


def test_two_spellings_that_disagree_do_not_widen_the_release() -> None:
    with pytest.raises(Malformed, match="disagree"):
        encode(**read_event(document("", ' releaseableTo="LV EE" releasableTo="LV"')))


@pytest.mark.parametrize("name", ["time", "start", "stale"])
def test_a_time_before_1970_is_refused(name: str) -> None:
    with pytest.raises(Malformed, match="before 1970"):
        encode(**{**read_event(document("")), name: -1})


def test_a_detail_that_is_no_utf_8_is_refused() -> None:
    event = read_event(document("<detail><uid/></detail>"))
    event["xml"] = event["xml"].replace(b"<uid/>", b"<ui\xff/>")
    with pytest.raises(Malformed, match="no UTF-8 at byte 3"):
        encode(**event)


def test_many_children_of_one_name_are_looked_at_once_each() -> None:
    class Counted:
        looks = 0

        def __init__(self, start: int) -> None:
            self.attributes: dict[str, str] = {"callsign": "R2"}
            self.leaf = True
            self.start = start
            self.end = start + len(CONTACT)

        @property
        def name(self) -> str:
            Counted.looks += 1
            return "contact"

    xml = (CONTACT * 1000).encode()
    children = [Counted(at) for at in range(0, len(xml), len(CONTACT))]
    point = {"lat": 0.0, "lon": 0.0, "hae": 0.0, "ce": 0.0, "le": 0.0}
    times = {"time": 0, "start": 0, "stale": 0}
    payload = encode(attributes={}, **times, **point, children=children, xml=xml, inner=(0, len(xml)))
    assert decode(payload).detail_xml == xml.decode()
    assert Counted.looks == 1000


@pytest.mark.parametrize("xml", events())
def test_the_corpus_survives_both_ways(xml: bytes) -> None:
    check_payload(encode(**read_event(xml)))


NAMES = st.sampled_from(["contact", "__group", "status", "track", "takv", "precisionlocation", "uid", "a:b"])
KEYS = [
    "callsign",
    "endpoint",
    "name",
    "role",
    "battery",
    "speed",
    "course",
    "device",
    "platform",
    "os",
    "version",
]
VALUES = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"], exclude_characters="\ufffe\uffff")
)
ELEMENTS = st.builds(
    lambda name, attributes, text: (
        f"<{name} {' '.join(f'{key}={quoteattr(value)}' for key, value in attributes.items())}>{text}</{name}>"
    ),
    NAMES,
    st.dictionaries(st.sampled_from(KEYS), st.one_of(VALUES, st.integers().map(str)), max_size=4),
    st.sampled_from(["", "", "", "text", "<!-- -->", "<contact/>"]),
)


@given(st.lists(st.one_of(ELEMENTS, st.just(CONTACT), st.just(GROUP), st.just(" text "))), VALUES)
def test_any_detail_and_any_attribute_survive_both_ways(parts: list[str], text: str) -> None:
    xml = document(f"<detail>{''.join(parts)}</detail>", f" access={quoteattr(text)}")
    event: dict[str, Any] = read_event(xml)
    payload = encode(**event)
    message = decode(payload)
    assert message.access == event["attributes"]["access"]
    kept = [child for child in event["children"] if child.name not in message.typed]
    assert all(xml[child.start : child.end].decode() in (message.detail_xml or "") for child in kept)
    check_payload(payload)

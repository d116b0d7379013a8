from xml.etree import ElementTree as ET

import pytest

from tests.fuzz.fuzz_takproto import Reader
from vallum.wire.takproto import Malformed, Message, to_xml

INSTANT = 1795588200125


def message(**changed: object) -> Message:
    given = {"has_event": True, "type": "a-f-G", "uid": "P1", "how": "m-g", "lat": 57.0, "lon": 24.0}
    times = {"time": INSTANT, "start": INSTANT, "stale": INSTANT + 60_000}
    return Message(**{**given, **times, **changed})  # type: ignore[arg-type]


def detail_names(xml: bytes) -> list[str]:
    return [child.name for child in Reader(xml).read().children]


def test_an_event_is_written_whole_with_its_typed_details_first() -> None:
    xml = to_xml(
        message(
            start=INSTANT + 1,
            hae=12.5,
            access="Restricted",
            caveat="R",
            releasable_to="LV,EE",
            detail_xml="<uid Droid='A'/>",
            typed={"contact": {"callsign": "R2", "endpoint": "*:-1:stcp"}, "__group": {"name": "Cyan"}},
        )
    )
    assert xml == (
        b'<event version="2.0" uid="P1" type="a-f-G" time="2026-11-25T06:30:00.125Z" '
        b'start="2026-11-25T06:30:00.126Z" stale="2026-11-25T06:31:00.125Z" how="m-g" access="Restricted" '
        b'caveat="R" releaseableTo="LV,EE"><point lat="57.0" lon="24.0" hae="12.5" ce="9999999.0" le="9999999.0"/>'
        b'<detail><contact callsign="R2" endpoint="*:-1:stcp"/><__group name="Cyan"/><uid Droid=\'A\'/></detail>'
        b"</event>"
    )


def test_the_empty_event_is_an_event() -> None:
    assert to_xml(Message(has_event=True)).endswith(b"<detail></detail></event>")


def test_a_message_without_an_event_has_no_xml() -> None:
    with pytest.raises(Malformed, match="holds no event"):
        to_xml(Message())


def test_any_text_that_xml_can_carry_comes_back_from_an_attribute() -> None:
    text = "a \"b\" 'c' <d> &amp; \t\n\r Ā 漢 \U0001f6f0 \x7f"
    xml = to_xml(message(uid=text, caveat=text, typed={"contact": {"callsign": text}}))
    root = ET.fromstring(xml)  # noqa: S314
    contact = root.find("detail/contact")
    assert contact is not None
    assert [root.get("uid"), root.get("caveat"), contact.get("callsign")] == [text] * 3


@pytest.mark.parametrize("character", ["\x00", "\x0b", "\x1f", "\ufffe", "\uffff"])
def test_an_attribute_that_xml_cannot_carry_is_refused(character: str) -> None:
    with pytest.raises(Malformed, match=rf"U\+{ord(character):04X}, which XML cannot carry, at character 2"):
        to_xml(message(uid=f"P1{character}"))
    with pytest.raises(Malformed, match="which XML cannot carry"):
        to_xml(message(typed={"takv": {"os": character}}))


@pytest.mark.parametrize(
    "detail_xml",
    [
        '<contact callsign="B"/>',
        '<uid/> <contact callsign="B"></contact>',
        "<contact\ncallsign='B' phone='1'/>",
        "text <contact>text</contact>",
    ],
)
def test_an_element_of_the_xml_part_overrides_the_typed_one_of_its_name(detail_xml: str) -> None:
    typed = {"contact": {"callsign": "A"}, "status": {"battery": "5"}}
    xml = to_xml(message(detail_xml=detail_xml, typed=typed))
    assert f'<detail><status battery="5"/>{detail_xml}</detail>'.encode() in xml


@pytest.mark.parametrize(
    "detail_xml",
    [
        '<link><contact callsign="B"/></link>',
        '<!-- <contact callsign="B"/> -->',
        '<remarks><![CDATA[<contact callsign="B"/>]]></remarks>',
        '<contacts callsign="B"/>',
        '<x:contact callsign="B"/>',
    ],
)
def test_what_only_looks_like_that_element_overrides_nothing(detail_xml: str) -> None:
    xml = to_xml(message(detail_xml=detail_xml, typed={"contact": {"callsign": "A"}}))
    assert f'<detail><contact callsign="A"/>{detail_xml}</detail>'.encode() in xml


@pytest.mark.parametrize(
    "detail_xml",
    [
        '</detail></event><event uid="other">',
        "</detail></event><event><detail>",
        "</detail><detail>",
        "<uid>",
        "</uid>",
        "<uid/",
        "<!-- ",
        "<![CDATA[",
        "a & b",
        "&unknown;",
        '<?xml version="1.0"?><uid/>',
        '<!DOCTYPE e [<!ENTITY a "b">]>',
        "<uid a='1' a='2'/>",
        "\x00",
        "\x01",
        "\uffff",
    ],
)
@pytest.mark.parametrize("typed", [{}, {"uid": {}}])
def test_what_is_not_well_formed_within_detail_is_refused(
    detail_xml: str, typed: dict[str, dict[str, str]]
) -> None:
    with pytest.raises(Malformed, match="xmlDetail is not well-formed at its byte"):
        to_xml(message(detail_xml=detail_xml, typed=typed))


def test_a_deep_detail_is_read_without_recursion() -> None:
    deep = "<a>" * 50_000 + "</a>" * 50_000
    assert to_xml(message(detail_xml=deep)).count(b"<a>") == 50_000


def test_text_and_comments_between_elements_stay() -> None:
    xml = to_xml(message(detail_xml=" note <!-- c --><uid/>\n"))
    assert b"<detail> note <!-- c --><uid/>\n</detail>" in xml
    assert detail_names(xml) == ["uid"]

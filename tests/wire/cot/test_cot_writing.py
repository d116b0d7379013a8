"""What the hub writes itself is read back as it was meant, whatever the words."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from vallum.wire.cot import escape, event, only_document, parse

NOW = 1_795_588_200_125
ANY = st.text(st.characters(), max_size=40) | st.text(
    "\x00\x0b\x1f\t\n\r<>&\"' \ud800\ufffe\uffff\U0001f600", max_size=20
)


def carried(text: str) -> str:
    """What XML 1.0 can carry of a text."""
    return re.sub("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]", "\ufffd", text)


@given(ANY)
def test_any_text_survives_in_a_value_and_between_tags(text: str) -> None:
    root = etree.fromstring(f'<a b="{escape(text)}">{escape(text)}</a>')
    assert root.get("b") == (root.text or "") == carried(text)


@given(ANY.filter(bool), ANY, st.integers(0, 250_000_000_000_000), st.integers(0, 10**9))
def test_an_event_is_read_back(uid: str, how: str, now: int, stale_after: int) -> None:
    detail = f'<link uid="{escape(uid)}"/>'
    document = parse(
        only_document(event(uid, "t-x-d-d", now, how=how, stale_after=stale_after, detail=detail))
    )
    assert document.attributes["uid"] == carried(uid)
    assert document.attributes["how"] == carried(how)
    assert (document.time, document.start, document.stale) == (now, now, now + stale_after)
    assert document.children[0].attributes["uid"] == carried(uid)


def test_an_event_as_bytes() -> None:
    assert event("a", "t-x-c-t-r", NOW, lat=59.5, lon=-24.25).decode() == (
        '<event version="2.0" uid="a" type="t-x-c-t-r" how="m-g" time="2026-11-25T06:30:00.125Z" '
        'start="2026-11-25T06:30:00.125Z" stale="2026-11-25T06:31:00.125Z">'
        '<point lat="59.5000000" lon="-24.2500000" hae="9999999.0" ce="9999999.0" le="9999999.0"/>'
        "<detail></detail></event>"
    )


def test_a_time_outside_the_calendar_is_refused() -> None:
    with pytest.raises(ValueError, match="years"):
        event("a", "t-x-c-t-r", 1 << 60)

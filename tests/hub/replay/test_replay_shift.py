"""Events at another time."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.hub.journal.conftest import START, xml
from vallum.hub.replay import shifted
from vallum.picture import Event

LAST = 253_402_300_799_999


def test_times_move_and_nothing_else() -> None:
    before = (
        b"<event uid='time=\"x\"' version=\"2.0\"\n type='a-f-G' stale = '2027-01-15T09:00:00Z' "
        b'time="2027-01-15T08:00:00.25Z" start=\'2027-01-15T10:00:00+02:00\' how="m>g" xtime="time=\'1\'" >'
        b'<point lat="1" lon="2"/><detail><track time="2027-01-15T08:00:00Z"/> <!-- time="" --></detail></event>'
    )
    after = shifted(before, 1500)
    assert after == (
        b'<event uid=\'time="x"\' version="2.0"\n type=\'a-f-G\' stale = "2027-01-15T09:00:01.500Z" '
        b'time="2027-01-15T08:00:01.750Z" start="2027-01-15T08:00:01.500Z" how="m>g" xtime="time=\'1\'" >'
        b'<point lat="1" lon="2"/><detail><track time="2027-01-15T08:00:00Z"/> <!-- time="" --></detail></event>'
    )


@given(
    by=st.integers(-(10**13), 10**13),
    lasts=st.integers(0, 10**9),
    value=st.text("x =\"'<>&;timesalr", max_size=20),
)
def test_an_event_is_the_same_event_later(by: int, lasts: int, value: str) -> None:
    escaped = value.replace("&", "&amp;").replace("<", "&lt;").replace('"', "&quot;")
    before = xml("U", lasts=lasts, attributes=f'opex="{escaped}"', detail=f'<x time="{escaped}"/>')
    old, new = Event.of_xml(before), Event.of_xml(shifted(before, by))
    for name in ("time", "start", "stale"):
        assert getattr(new, name) == min(max(getattr(old, name) + by, 0), LAST)
    times = {"time", "start", "stale"}
    assert {k: v for k, v in new.attributes.items() if k not in times} == {
        k: v for k, v in old.attributes.items() if k not in times
    }
    cut = re.compile(rb"<point.*", re.DOTALL)
    assert cut.search(new.xml)[0] == cut.search(old.xml)[0]


@pytest.mark.parametrize("by", [10**15, -(10**15)])
def test_the_ends_of_the_calendar_are_the_ends(by: int) -> None:
    event = Event.of_xml(shifted(xml("U", at=START), by))
    assert event.time == event.stale == (LAST if by > 0 else 0)


def test_a_time_written_with_references_moves_as_well() -> None:
    before = xml("U").replace(b'time="2', b'time="&#50;')
    assert Event.of_xml(shifted(before, 1000)).time == START + 1000

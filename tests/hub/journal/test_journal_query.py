"""Reading a journal with the eyes of a nation."""

import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.hub.journal.conftest import POLICY, START, Clock, Site, chat, me, principal, xml
from vallum.core.policy import Policy, Release
from vallum.hub.journal import Bbox, Everything, Reader, Selection, query, span
from vallum.picture import Audiences, Event, sees

EE = Reader(POLICY, "EE", ("Blue",))


def uids(path: Path, selection: Selection | None = None, reader: Reader | Everything = EE) -> list[str]:
    return [stored.uid for stored in query(path, reader, selection)]


@pytest.fixture
def recorded(site: Callable[..., Site], path: Path) -> Path:
    """Ten events, one a second, to the north-east."""
    one = site()
    for number in range(10):
        kind = "a-f-G" if number % 2 else "a-h-A"
        one.say(xml(f"U{number}", kind, at=one.clock(), lat=50.0 + number, lon=20.0 + number))
        one.clock.now += 1000
    one.journal.stop()
    return path


def test_a_period_is_selected_by_receipt(recorded: Path) -> None:
    assert uids(recorded, Selection(since=START + 2000, until=START + 5000)) == ["U2", "U3", "U4"]
    assert uids(recorded, Selection(since=START + 9001)) == []
    assert len(uids(recorded)) == 10
    assert span(recorded) == (START, START + 9000)
    assert span(recorded, Selection(since=START + 1, until=START + 3001)) == (START + 1000, START + 3000)
    assert span(recorded, Selection(until=START)) is None


def test_a_clock_that_was_set_back_hides_nothing(site: Callable[..., Site], path: Path) -> None:
    one = site()
    for shift in (0, 10_000, -10_000, 5_000):
        one.clock.now = START + shift
        one.say(xml(f"at {shift}", at=one.clock()))
    one.journal.stop()
    assert uids(path, Selection(since=START, until=START + 6000)) == ["at 0", "at 5000"]
    assert uids(path, Selection(until=START)) == ["at -10000"]


def test_types_and_uids_are_selected(recorded: Path) -> None:
    assert uids(recorded, Selection(types=("a-f",))) == ["U1", "U3", "U5", "U7", "U9"]
    assert uids(recorded, Selection(types=("a-f-G", "a-h-A"))) == [f"U{number}" for number in range(10)]
    assert uids(recorded, Selection(types=("a-f-", "a", "b"))) == [f"U{number}" for number in range(10)]
    assert uids(recorded, Selection(types=("a-f-G-",))) == []
    assert uids(recorded, Selection(types=("a-",))) == []
    assert uids(recorded, Selection(uids=frozenset(("U3", "U8", "none")))) == ["U3", "U8"]


def test_a_box_is_selected(recorded: Path, site: Callable[..., Site]) -> None:
    assert uids(recorded, Selection(bbox=Bbox(52, 20, 54, 23.5))) == ["U2", "U3"]
    one = site()
    one.say(xml("east", lon=179.5), xml("west", lon=-179.5))
    one.journal.stop()
    assert uids(recorded, Selection(bbox=Bbox(58, 179, 59, -179))) == ["east", "west"]


def test_each_nation_reads_what_it_may_see(site: Callable[..., Site], path: Path) -> None:
    one = site()
    one.say(xml("A"), xml("B", attributes='releasableTo="LT"'), xml("C", attributes='access="HIGH"'))
    one.say(xml("D"), xml("E", "b-m-p"), nation="LV")
    one.say(xml("F"), nation="LV", groups=("Red",))
    one.say(xml("G", detail='<marti><dest group="Red"/></marti>'), groups=("Red", "Blue"))
    one.journal.stop()
    assert uids(path) == ["A", "B", "C", "D"]
    assert uids(path, reader=Reader(POLICY, "EE", ("Red", "Blue"))) == ["A", "B", "C", "D", "F", "G"]
    assert uids(path, reader=Reader(POLICY, "LV", ("Blue",))) == ["A", "D", "E"]
    assert uids(path, reader=Reader(POLICY, "LT", ("Blue",))) == ["B"]
    assert uids(path, reader=Reader(POLICY, "EE")) == []
    assert uids(path, reader=Everything()) == ["A", "B", "C", "D", "E", "F", "G"]
    assert uids(path, Selection(origin="LV"), Everything()) == ["D", "E", "F"]


def test_what_was_for_single_people_is_for_an_administrator(site: Callable[..., Site], path: Path) -> None:
    one = site()
    one.say(chat(1), chat(2, to="U2"), xml("X", detail='<marti><dest callsign="Kalle"/></marti>'))
    one.say(xml("Y", detail='<marti><dest mission="M"/></marti>'))
    one.journal.stop()
    assert uids(path) == ["GeoChat.U1.All Chat Rooms.1"]
    assert len(uids(path, reader=Everything())) == 4


def test_notices_that_somebody_left_are_no_events_of_the_recording(
    site: Callable[..., Site], path: Path
) -> None:
    one = site()
    one.say(me("U1"))
    one.router.leave(one.sessions.pop(("EE", ("Blue",))), clean=True)
    one.journal.stop()
    assert uids(path, reader=Everything()) == ["U1"]


def test_large_events_are_read_a_few_at_a_time(site: Callable[..., Site], path: Path) -> None:
    one = site()
    detail = f"<remarks>{'x' * 900_000}</remarks>"
    one.say(*(xml(f"U{number}", detail=detail) for number in range(30)))
    one.journal.stop()
    assert uids(path) == [f"U{number}" for number in range(30)]


LEVELS = ("OPEN", "HIGH")
NATIONS = st.sampled_from(("EE", "LV", "LT"))
SOME = st.frozensets(NATIONS, max_size=2)
GROUPS = st.sampled_from((("Blue",), ("Red",), ("Blue", "Red")))
RULES = st.builds(
    Release,
    origin=NATIONS,
    to=SOME,
    if_named=SOME,
    types=st.sampled_from(((), ("a",), ("b-m",))),
    up_to=st.integers(0, 1),
    caveats=st.sampled_from((frozenset(), frozenset(("C",)))),
    groups=st.sampled_from((None, frozenset(("Red",)))),
)
ATTRIBUTES = st.tuples(
    st.sampled_from(("", 'access="HIGH"', 'access="high"', 'access="?"')),
    st.sampled_from(("", 'caveat="C"', 'caveat="D"')),
    st.sampled_from(
        ("", 'releasableTo="LV, LT"', 'releaseableTo="EE"', 'releasableTo=" "', 'releasableTo="X"')
    ),
).map(" ".join)
DETAILS = st.sampled_from(("", '<marti><dest group="Red"/></marti>', '<marti><dest uid="U1"/></marti>'))
EVENTS = st.lists(
    st.tuples(NATIONS, GROUPS, st.sampled_from(("a-f-G", "b-m-p", "b-t-f", "t-x-m-c")), ATTRIBUTES, DETAILS),
    max_size=12,
)


@given(rules=st.lists(RULES, max_size=4), events=EVENTS, nation=NATIONS, groups=GROUPS)
@settings(max_examples=60, deadline=None)
def test_a_reader_never_depends_on_what_it_may_not_see(
    rules: list[Release], events: list[tuple], nation: str, groups: tuple[str, ...]
) -> None:
    policy = Policy(nations=("EE", "LV", "LT"), levels=LEVELS, releases=tuple(rules))
    audiences = Audiences(policy)
    view = audiences.view(principal(nation, groups))
    visible = []
    for number, (origin, into, kind, attributes, detail) in enumerate(events):
        event = Event.of_xml(xml(f"U{number}", kind, attributes=attributes, detail=detail))
        private = any(address.kind != "group" for address in event.addresses)
        if not private and sees(view, audiences.of(event, origin, frozenset(into))):
            visible.append(number)
    with_all = read(policy, events, range(len(events)), nation, groups)
    assert with_all == read(policy, events, visible, nation, groups)
    kept = [number for number in visible if events[number][2] != "t-x-m-c"]
    assert [stored.uid for stored in with_all] == [f"U{number}" for number in kept]


def read(policy: Policy, events: list[tuple], chosen: object, nation: str, groups: tuple[str, ...]) -> list:
    with tempfile.TemporaryDirectory() as folder:
        one = Site(Path(folder) / "journal.sqlite", Clock(), policy)
        journal = one.open()
        for number in chosen:
            origin, into, kind, attributes, detail = events[number]
            one.clock.now = START + number
            one.say(xml(f"U{number}", kind, attributes=attributes, detail=detail), nation=origin, groups=into)
        journal.stop()
        return list(query(one.path, Reader(policy, nation, groups)))

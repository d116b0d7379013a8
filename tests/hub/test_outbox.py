"""What waits for a reader that does not keep up."""

from hypothesis import given
from hypothesis import strategies as st

from tests.hub.made_links import NOW, chat, make, myself
from vallum.hub.outbox import Outbox
from vallum.hub.parcel import Format, Parcel
from vallum.picture import Event
from vallum.wire import cot

ROOM = 1 << 30


def parcels(*events: Event) -> list[Parcel]:
    return [Parcel(event, (), NOW) for event in events]


def taken(outbox: Outbox, room: int = ROOM) -> list[bytes]:
    return [data.rstrip(b"\n") for data in outbox.take(Format.XML, room)]


def test_the_latest_of_a_uid_is_sent_once_and_messages_come_first() -> None:
    old, new, other = make("a", detail="old"), make("a", detail="new"), make("b")
    message, alert = chat("c", 1), make("d", "b-a-o-tbl")
    outbox = Outbox(ROOM)
    outbox.put(parcels(old, message, other))
    outbox.put(parcels(new, alert))
    assert len(outbox) == 4
    assert outbox.replaced == 1
    assert outbox.size == sum(len(event.xml) for event in (new, other, message, alert))
    assert taken(outbox) == [message.xml, alert.xml, other.xml, new.xml]
    assert (len(outbox), outbox.size) == (0, 0)


def test_a_directed_state_is_a_message() -> None:
    marti = '<marti><dest callsign="R"/></marti>'
    first, second = make("a", detail=f"{marti}1"), make("a", detail=f"{marti}2")
    outbox = Outbox(ROOM)
    outbox.put(parcels(first, second))
    assert taken(outbox) == [first.xml, second.xml]


def test_a_state_does_not_come_after_the_notice_that_its_client_is_gone() -> None:
    link = '<link uid="a" relation="p-p"/>'
    gone = Event.of_xml(cot.event("a-gone", "t-x-d-d", NOW, detail=link))
    last, other = myself("a", "A"), myself("b", "B")
    outbox = Outbox(ROOM)
    outbox.put(parcels(last, other, gone))
    assert taken(outbox) == [gone.xml, other.xml]
    back = myself("a", "A", detail="back")
    outbox.put(parcels(last, gone, back))
    assert taken(outbox) == [gone.xml, back.xml]
    assert outbox.size == 0


def test_what_is_taken_fills_the_room_and_the_rest_waits() -> None:
    events = [make(f"u{number}") for number in range(10)]
    outbox = Outbox(ROOM)
    outbox.put(parcels(*events))
    first = taken(outbox, len(events[0].xml) + 2)
    assert first == [event.xml for event in events[:2]]
    assert taken(outbox) == [event.xml for event in events[2:]]
    assert taken(outbox, 0) == []


def test_beyond_the_limit_nothing_is_kept_and_it_stays_full() -> None:
    outbox = Outbox(1_000)
    outbox.put(parcels(*(chat("c", number) for number in range(50))))
    assert outbox.full
    assert len(outbox) == 0
    assert taken(outbox) == []
    outbox.put(parcels(make("a")))
    assert (outbox.full, len(outbox)) == (True, 0)
    outbox.clear()
    assert (outbox.full, outbox.size) == (False, 0)


KINDS = st.sampled_from(("a-f-G", "b-t-f", "b-a-o-tbl", "b-f-t-r"))
STEPS = st.lists(st.tuples(KINDS, st.sampled_from("abc"), st.integers(0, 3)), max_size=25)


@given(STEPS, st.integers(1, 6_000))
def test_bounded_in_order_and_nothing_but_older_states_lost(
    steps: list[tuple[str, str, int]], limit: int
) -> None:
    outbox = Outbox(limit)
    sent: list[Event] = []
    given_: list[Event] = []
    for number, (cot_type, uid, action) in enumerate(steps):
        event = make(uid, cot_type, f"{number}")
        given_.append(event)
        outbox.put(parcels(event))
        if outbox.full:
            assert len(outbox) <= limit // 100 + 1
            return
        assert outbox.size <= limit
        if action == 3:
            sent += [Event.of_xml(data) for data in taken(outbox, 700)]
    sent += [Event.of_xml(data) for data in taken(outbox)]
    ordered = [event.xml for event in given_ if not event.type.startswith("a-")]
    assert [event.xml for event in sent if not event.type.startswith("a-")] == ordered
    states = [event.xml for event in given_ if event.type.startswith("a-")]
    seen = [event.xml for event in sent if event.type.startswith("a-")]
    assert len(set(seen)) == len(seen)
    for uid in "abc":
        mine = [xml for xml in states if f'uid="{uid}"'.encode() in xml]
        shown = [xml for xml in seen if f'uid="{uid}"'.encode() in xml]
        assert shown == [xml for xml in mine if xml in shown]
        assert shown[-1:] == mine[-1:]

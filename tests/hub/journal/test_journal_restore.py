"""What a hub knows after a restart."""

import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.hub.journal.conftest import (
    POLICY,
    START,
    Clock,
    Site,
    chat,
    me,
    principal,
    router,
    shown,
    xml,
)
from vallum.core.policy import Policy
from vallum.hub.journal import restore
from vallum.hub.router import Router
from vallum.picture import Event

HOUR = 3_600_000


def restarted(one: Site, policy: Policy = POLICY) -> Router:
    """Stop the journal and return what a new hub makes of it."""
    assert one.journal is not None
    one.journal.stop()
    made = router(one.clock, policy)
    restore(one.path, made, now=one.clock())
    return made


def uids(found: Router, nation: str, groups: tuple[str, ...] = ("Blue",)) -> list[str]:
    return [Event.of_xml(data).uid for data in shown(found, nation, groups)]


def test_the_picture_is_the_same_for_each_nation(site: Callable[..., Site]) -> None:
    one = site()
    one.say(xml("A"), xml("B", attributes='releasableTo="LT"'), xml("C", attributes='access="HIGH"'))
    one.say(xml("D"), xml("A", lat=1.0), nation="LV")
    one.say(xml("E", "b-m-p-s-m", lasts=HOUR), nation="LV")
    before = {nation: shown(one.router, nation) for nation in POLICY.nations}
    made = restarted(one)
    assert {nation: shown(made, nation) for nation in POLICY.nations} == before
    assert uids(made, "LT") == ["B"]


def test_only_what_is_not_stale_comes_back(site: Callable[..., Site]) -> None:
    one = site()
    one.say(xml("short", lasts=1000), xml("long", lasts=2000))
    one.clock.now += 1000
    found = restarted(one)
    assert len(found.picture) == 1
    assert uids(found, "EE") == ["long"]


def test_a_clock_that_is_wrong_does_not_shorten_what_comes_back(site: Callable[..., Site]) -> None:
    one = site()
    one.say(xml("late", at=START - HOUR, lasts=2000), xml("early", at=START + HOUR, lasts=2000))
    one.clock.now += 1999
    assert uids(restarted(one), "EE") == ["late", "early"]


def test_who_has_left_does_not_come_back(site: Callable[..., Site]) -> None:
    one = site()
    one.say(me("U1"), xml("thing of U1"))
    one.router.leave(one.sessions.pop(("EE", ("Blue",))), clean=True)
    assert uids(one.router, "EE") == ["thing of U1"]
    assert uids(restarted(one), "EE") == ["thing of U1"]


def test_who_has_left_and_come_again_is_there(site: Callable[..., Site]) -> None:
    one = site()
    one.say(me("U1"))
    one.router.leave(one.sessions.pop(("EE", ("Blue",))), clean=True)
    one.say(me("U1"))
    assert uids(restarted(one), "EE") == ["U1"]


def test_leaving_takes_away_only_what_those_saw_who_are_told(site: Callable[..., Site]) -> None:
    one = site()
    named = 'releasableTo="LT" caveat=""'
    one.say(me("U1"), me("U1", attributes=named))
    one.router.leave(one.sessions.pop(("EE", ("Blue",))), clean=True)
    before = {nation: shown(one.router, nation) for nation in POLICY.nations}
    assert [len(found) for found in before.values()] == [0, 0, 0]
    made = restarted(one)
    assert {nation: shown(made, nation) for nation in POLICY.nations} == before


def test_a_cancelled_alert_stays_cancelled(site: Callable[..., Site]) -> None:
    one = site()
    one.say(xml("alert", "b-a-o-tbl", lasts=1000), xml("other", "b-a-o-tbl", lasts=1000))
    one.say(xml("alert", "b-a-o-can", lasts=1))
    one.clock.now += HOUR
    assert uids(restarted(one), "EE") == ["other"]


def test_an_older_state_does_not_come_back_because_the_newer_has_ended(site: Callable[..., Site]) -> None:
    one = site()
    one.say(xml("X", "a-u-G", lasts=HOUR), xml("X", "a-f-G", lasts=1000))
    one.clock.now += 2000
    assert uids(restarted(one), "EE") == []


def test_a_state_that_was_stale_on_arrival_has_ended_the_one_before(site: Callable[..., Site]) -> None:
    one = site()
    one.say(xml("X", lasts=HOUR), xml("X", lasts=0), xml("Y"))
    assert uids(restarted(one), "EE") == ["Y"]


def test_the_rules_of_today_decide(site: Callable[..., Site]) -> None:
    one = site()
    one.say(xml("A"), xml("B", "b-m-p"), xml("C", attributes='access="HIGH"'))
    assert uids(one.router, "LV") == ["A", "B"]
    stricter = replace(POLICY, releases=(), refused_types=("b-m",))
    made = restarted(one, stricter)
    assert uids(made, "LV") == []
    assert uids(made, "EE") == ["A", "C"]


def test_tak_messages_come_back_byte_by_byte(site: Callable[..., Site]) -> None:
    one = site()
    payload = Event.of_xml(xml("A")).payload() + b"\x88\x06\x07"  # a field of a later version
    event = Event.of_payload(payload)
    assert event is not None
    one.router.receive(one.session(), event)
    made = restarted(one)
    (parcel,) = made.picture.seen_by(made.audiences.view(principal()), START)
    assert parcel.event.payload() == payload


def test_chat_keeps_its_numbers(site: Callable[..., Site]) -> None:
    one = site()
    for number in range(1500):  # more than one millisecond has numbers for
        one.say(chat(number))
    one.clock.now -= 5000  # the clock is set back
    one.say(chat(2000), chat(2001, to="U2"), nation="LV")
    one.clock.now += 90_000
    one.say(chat(3000, at=one.clock.now), chat(3001, to="Kalle", at=one.clock.now))
    before = {nation: said(one.router, nation) for nation in POLICY.nations}
    made = restarted(one)
    assert {nation: said(made, nation) for nation in POLICY.nations} == before
    assert made.mailbox.conversation.sequence == one.router.mailbox.conversation.sequence
    assert len(before["EE"]) == 1501
    assert len(said(made, "LV", "U2")) == 1503


def said(found: Router, nation: str, uid: str = "nobody") -> list[tuple[int, bytes]]:
    parcels = found.mailbox.conversation.missed(
        found.audiences.view(principal(nation)),
        frozenset((uid,)),
        after=0,
        public_until=1 << 62,
        private_until=1 << 62,
    )
    return [(parcel.sequence, parcel.event.xml) for parcel in parcels]


def test_old_chat_stays_in_the_journal(site: Callable[..., Site]) -> None:
    one = site()
    one.say(chat(1))
    one.clock.now += 25 * HOUR
    one.say(chat(2, at=one.clock.now))
    assert len(said(restarted(one), "EE")) == 1


def test_places_in_the_chat_come_back(site: Callable[..., Site]) -> None:
    one = site()
    one.say(chat(1))
    sequence = one.router.mailbox.conversation.sequence
    one.journal.save_cursors({"U1": sequence, "U2": sequence - 1, "U3": sequence + 5})
    made = restarted(one)
    assert made.mailbox.cursors == {"U1": sequence, "U2": sequence - 1, "U3": sequence + 5}
    assert list(made.mailbox.cursors)[-1] == "U3"
    # What is said now counts as new, also for who was at the highest number.
    assert made.mailbox.conversation.sequence == sequence + 5


def test_a_new_journal_gives_nothing(site: Callable[..., Site]) -> None:
    one = site()
    made = router(one.clock)
    found = restore(one.journal, made, now=START)
    assert (found.states, found.chats, found.cursors) == (0, 0, 0)
    assert made.mailbox.conversation.sequence == 1


NAMES = st.sampled_from(("U1", "U2", "X", "Y"))
TYPES = st.sampled_from(("a-f-G", "a-h-A", "b-m-p", "b-a-o-tbl", "b-a-o-can"))
LABELS = st.sampled_from(("", 'releasableTo="LT"', 'releasableTo="LV LT"', 'access="HIGH"', 'caveat="X"'))
WHO = st.tuples(st.sampled_from(POLICY.nations), st.sampled_from((("Blue",), ("Red",), ("Blue", "Red"))))
GROUP = st.sampled_from(("", '<marti><dest group="Red"/></marti>', '<marti><dest uid="U1"/></marti>'))
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("say"), WHO, NAMES, TYPES, LABELS, GROUP, st.sampled_from((500, 5000, 50_000))),
        st.tuples(st.just("present"), WHO, NAMES, LABELS),
        st.tuples(st.just("leave"), WHO),
        st.tuples(st.just("wait"), st.sampled_from((100, 1000, 10_000))),
    ),
    max_size=25,
)


@given(steps=STEPS)
@settings(max_examples=60, deadline=None)
def test_a_restart_changes_nobodys_picture(steps: list[tuple]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        one = Site(Path(folder) / "journal.sqlite", Clock())
        journal = one.open()
        try:
            for what, *rest in steps:
                take(one, what, *rest)
        finally:
            journal.stop()
        one.router.sweep()
        made = router(one.clock)
        restore(one.path, made, now=one.clock())
    for nation in POLICY.nations:
        for groups in (("Blue",), ("Red",)):
            assert shown(made, nation, groups) == shown(one.router, nation, groups)


def take(one: Site, what: str, *rest: object) -> None:
    if what == "wait":
        one.clock.now += rest[0]
        one.router.sweep()
    elif what == "leave":
        session = one.sessions.pop(rest[0], None)
        if session is not None:
            one.router.leave(session, clean=True)
    elif what == "present":
        (nation, groups), uid, attributes = rest
        one.say(me(uid, at=one.clock(), attributes=attributes), nation=nation, groups=groups)
    else:
        (nation, groups), uid, kind, attributes, detail, lasts = rest
        one.say(
            xml(uid, kind, at=one.clock(), attributes=attributes, detail=detail, lasts=lasts),
            nation=nation,
            groups=groups,
        )

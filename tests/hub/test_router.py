"""From an admitted event to the links of those who may see it, without a socket."""

from collections.abc import Iterator
from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.hub.made_links import NOW, Bench, chat, make, myself, openly, settled, silence
from vallum.core.policy import Policy, Release
from vallum.hub.parcel import Format
from vallum.hub.router import Settings
from vallum.picture import Event, Kind
from vallum.picture.stale import ClockSkew

OPEN = openly("EE", "LV")
CLOSED = Policy(nations=("EE", "LV"))
FEW = Settings(outbox_bytes=4_000, patience_s=20.0)


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    with silence():
        yield


@pytest.fixture
def bench() -> Bench:
    return Bench(OPEN, FEW)


# The picture


def test_a_late_joiner_is_sent_the_latest_of_each_uid_that_is_not_stale(bench: Bench) -> None:
    (anna,) = settled(bench, "Anna")
    for event in (
        make("p1", detail="old"),
        make("p2", stale_ms=500),
        make("p1", detail="new"),
        make("m", "b-m-p-s-m"),
    ):
        anna.send(event)
    bench.flush()
    bench.pass_time(500)
    late = bench.join("bert")
    bench.flush()
    got = late.got()
    assert [event.uid for event in got] == ["anna", "p1", "m"]
    assert got[1].xml == make("p1", detail="new").xml


def test_messages_are_not_part_of_the_picture(bench: Bench) -> None:
    (anna,) = settled(bench, "Anna")
    anna.send(make("f", "b-f-t-r"))
    anna.send(make("d", detail='<marti><dest callsign="Nobody"/></marti>'))
    bench.flush()
    late = bench.join("bert")
    bench.flush()
    assert late.uids() == ["anna"]


def test_a_late_joiner_is_sent_only_what_it_may_see() -> None:
    bench = Bench(
        Policy(nations=("EE", "LV"), releases=(Release("EE", to=frozenset(("LV",)), types=("b-m",)),))
    )
    (anna,) = settled(bench, "Anna")
    anna.send(make("m", "b-m-p-s-m"))
    anna.send(make("h", "b-m-p-s-m", access="SECRET"))
    bench.flush()
    seen = {}
    for nation, groups in (("EE", "red"), ("LV", "red"), ("EE", "blue"), ("LV", "blue")):
        late = bench.join("late", nation, frozenset((groups,)))
        bench.flush()
        seen[nation, groups] = late.uids()
    assert seen == {
        ("EE", "red"): ["anna", "m", "h"],
        ("LV", "red"): ["m"],
        ("EE", "blue"): [],
        ("LV", "blue"): [],
    }


def test_nobody_is_sent_its_own(bench: Bench) -> None:
    anna, bert = settled(bench, "Anna", "Bert")
    anna.send(make("p"))
    bert.send(make("q"))
    bench.flush()
    assert (anna.uids(), bert.uids()) == (["q"], ["p"])
    anna.leave()
    again = bench.join("anna")
    again.send(myself("anna", "Anna"))
    bert.send(make("r"))
    bench.flush()
    assert again.uids() == ["bert", "p", "q", "r"]


def test_a_state_that_is_stale_on_arrival_ends_what_is_shown(bench: Bench) -> None:
    (anna,) = settled(bench, "Anna")
    anna.send(make("m", "b-m-p-s-m"))
    anna.send(make("m", "b-m-p-s-m", stale_ms=0))
    bench.flush()
    late = bench.join("bert")
    bench.flush()
    assert late.uids() == ["anna"]


def test_a_reader_that_joins_between_two_events_misses_none_and_gets_none_twice(bench: Bench) -> None:
    (anna,) = settled(bench, "Anna")
    anna.send(make("before"))
    bert = bench.join("bert")
    anna.send(make("after"))
    bench.flush()
    anna.send(make("later"))
    bench.flush()
    assert bert.uids() == ["anna", "before", "after", "later"]


# Alerts


def test_an_alert_goes_out_at_once_past_what_waits_for_the_tick(bench: Bench) -> None:
    anna, bert = settled(bench, "Anna", "Bert")
    anna.send(make("p"))
    assert bert.uids() == []
    anna.send(make("911", "b-a-o-tbl"))
    assert bert.uids() == ["911"]
    bench.flush()
    assert bert.uids() == ["p"]
    assert anna.uids() == []


@pytest.mark.parametrize("hours", [1, 23])
def test_an_alert_is_shown_to_late_joiners_until_it_is_cancelled(bench: Bench, hours: int) -> None:
    (anna,) = settled(bench, "Anna")
    anna.send(make("911", "b-a-o-tbl"))
    bench.pass_time(hours * 3_600_000)
    bench.router.sweep()
    bert = bench.join("bert")
    bench.flush()
    assert "911" in bert.uids()
    anna.send(make("911", "b-a-o-can", "<emergency cancel='true'/>", time=bench.now))
    assert bert.uids() == ["911"]
    carl = bench.join("carl")
    bench.flush()
    assert "911" not in carl.uids()


def test_an_alert_for_one_goes_to_one(bench: Bench) -> None:
    anna, bert, carl = settled(bench, "Anna", "Bert", "Carl")
    anna.send(make("911", "b-a-o-tbl", '<marti><dest callsign="Bert"/></marti>'))
    bench.flush()
    assert (bert.uids(), carl.uids()) == (["911"], [])


# Gone


def test_those_who_saw_a_client_are_told_that_it_is_gone() -> None:
    bench = Bench(CLOSED)
    anna, bert = settled(bench, "Anna", "Bert")
    (foreign,) = settled(bench, "Kristaps", nation="LV")
    (other,) = settled(bench, "Dora", groups=frozenset(("blue",)))
    anna.leave()
    bench.flush()
    (notice,) = bert.got()
    assert notice.type == "t-x-d-d"
    assert notice.detail("link") == {"uid": "anna", "relation": "p-p", "type": "a-f-G-U-C"}
    assert (foreign.uids(), other.uids()) == ([], [])
    late = bench.join("late")
    bench.flush()
    assert late.uids() == ["bert"]
    anna.leave()
    bench.flush()
    assert bert.uids() == []


def test_each_audience_that_saw_a_client_is_told_once() -> None:
    bench = Bench(openly("EE", "LV", "LT"))
    (anna,) = settled(bench, "Anna")
    bert, kristaps, jonas = (
        settled(bench, name, nation=nation)[0] for name, nation in (("B", "EE"), ("K", "LV"), ("J", "LT"))
    )
    anna.send(myself("anna", "Anna", releasableTo="LV"))
    anna.send(myself("anna", "Anna", releasableTo="LV LT", detail="<x/>"))
    bench.flush()
    for peer in (bert, kristaps, jonas):
        peer.got()
    anna.leave()
    bench.flush()
    assert [peer.uids() for peer in (bert, kristaps, jonas)] == [["anna-gone"]] * 3


def test_a_client_that_only_spoke_to_one_is_gone_for_nobody(bench: Bench) -> None:
    anna, bert, carl = (bench.join(name) for name in ("anna", "bert", "carl"))
    bert.send(myself("bert", "Bert"))
    anna.send(myself("anna", "Anna", detail='<marti><dest callsign="Bert"/></marti>'))
    bench.flush()
    assert bert.uids() == ["anna"]
    carl.got()
    anna.leave()
    bench.flush()
    assert carl.uids() == []


def test_a_client_that_is_back_before_it_is_gone_is_not_gone(bench: Bench) -> None:
    anna, bert = settled(bench, "Anna", "Bert")
    again = bench.join("anna")
    again.send(myself("anna", "Anna"))
    bench.flush()
    bert.got()
    anna.leave(clean=False)
    bench.flush()
    assert bert.uids() == []
    late = bench.join("late")
    bench.flush()
    assert "anna" in late.uids()
    again.leave()
    bench.flush()
    assert bert.uids() == ["anna-gone"]


def test_a_long_uid_is_gone_like_another(bench: Bench) -> None:
    uid = "u" * 512
    bert = settled(bench, "Bert")[0]
    anna = bench.join("anna")
    anna.send(myself(uid, "Anna"))
    bench.flush()
    bert.got()
    anna.leave()
    bench.flush()
    (notice,) = bert.got()
    assert (notice.detail("link") or {})["uid"] == uid


def test_when_the_hub_stops_nobody_is_gone(bench: Bench) -> None:
    anna, bert = settled(bench, "Anna", "Bert")
    bench.router.stopping = True
    anna.leave()
    bench.flush()
    assert bert.uids() == []


# For whom


def test_a_directed_event_reaches_its_addressee_alone_by_callsign_or_uid(bench: Bench) -> None:
    anna, bert, carl = settled(bench, "Anna", "Bert", "Carl")
    for number, dest in enumerate(('callsign="Bert"', 'uid="bert"', 'callsign="Bert" uid="bert"')):
        anna.send(make(f"m{number}", "b-f-t-r", f"<marti><dest {dest}/></marti>"))
    anna.send(make("state", detail='<marti><dest callsign="Bert"/></marti>'))
    bench.flush()
    assert bert.uids() == ["m0", "m1", "m2", "state"]
    assert carl.uids() == []
    late = bench.join("late")
    bench.flush()
    assert "state" not in late.uids()


@pytest.mark.parametrize("dest", ['callsign="Nobody"', 'mission="m"', 'callsign=""', 'path="x"'])
def test_what_is_directed_elsewhere_reaches_nobody(bench: Bench, dest: str) -> None:
    anna, bert = settled(bench, "Anna", "Bert")
    for cot_type in ("a-f-G", "b-t-f", "b-f-t-r", "b-a-o-tbl"):
        anna.send(make(f"x{cot_type}", cot_type, f"<marti><dest {dest}/></marti>"))
    bench.flush()
    late = bench.join("late")
    late.send(myself("late", "Late"))
    bench.flush()
    bench.flush()
    assert bert.uids() == ["late"]
    assert late.uids() == ["anna", "bert"]


def test_a_directed_event_does_not_cross_what_the_policy_closes() -> None:
    bench = Bench(CLOSED)
    (anna,) = settled(bench, "Anna")
    (foreign,) = settled(bench, "Kristaps", nation="LV")
    anna.send(chat("anna", 1, to="Kristaps"))
    bench.flush()
    assert foreign.uids() == []


def test_an_event_for_a_group_reaches_that_group_alone(bench: Bench) -> None:
    both = frozenset(("red", "blue"))
    anna = settled(bench, "Anna", groups=both)[0]
    bert = settled(bench, "Bert")[0]
    dora = settled(bench, "Dora", groups=frozenset(("blue",)))[0]
    anna.send(make("m", "b-f-t-r", '<marti><dest group="blue"/></marti>'))
    anna.send(make("n", "b-f-t-r", '<marti><dest group="green"/></marti>'))
    bench.flush()
    assert (bert.uids(), dora.uids()) == ([], ["m"])


def test_a_new_callsign_is_reached_and_the_old_one_is_not(bench: Bench) -> None:
    anna, bert = settled(bench, "Anna", "Bert")
    bert.send(myself("bert", "Eagle"))
    anna.send(make("m1", "b-f-t-r", '<marti><dest callsign="Bert"/></marti>'))
    anna.send(make("m2", "b-f-t-r", '<marti><dest callsign="Eagle"/></marti>'))
    bench.flush()
    assert bert.uids() == ["m2"]
    bert.send(myself("bert", "Eagle"))
    bert.leave()
    anna.send(make("m3", "b-f-t-r", '<marti><dest callsign="Eagle"/></marti>'))
    bench.flush()
    assert bert.uids() == []


GROUPS = st.frozensets(st.sampled_from(("red", "blue", "green")))


@settings(deadline=None, max_examples=60)
@given(
    st.lists(st.tuples(st.sampled_from(("EE", "LV")), GROUPS, GROUPS), min_size=2, max_size=5), st.booleans()
)
def test_in_and_out_of_groups_against_a_table_of_all_pairs(clients: list[tuple], shared: bool) -> None:
    with silence():
        bench = Bench(OPEN if shared else CLOSED)
        peers = [bench.join(f"c{n}", nation, into, out=out) for n, (nation, into, out) in enumerate(clients)]
        bench.flush()
        for number, peer in enumerate(peers):
            peer.send(make(f"e{number}", "b-f-t-r"))
        bench.flush()
        for reader, (nation, _, out) in enumerate(clients):
            expected = [
                f"e{number}"
                for number, (origin, into, _) in enumerate(clients)
                if number != reader and into & out and (shared or origin == nation)
            ]
            assert peers[reader].uids() == expected


# Groups switched


def test_switching_groups_changes_what_is_seen_and_shows_the_new_picture(bench: Bench) -> None:
    both = frozenset(("red", "blue"))
    red, blue = frozenset(("red",)), frozenset(("blue",))
    anna = settled(bench, "Anna", groups=blue)[0]
    bert = settled(bench, "Bert", groups=both)[0]
    bench.router.set_groups(bert.session, red, red)
    bench.flush()
    assert [event.type for event in bert.got()] == ["t-x-g-c"]
    anna.send(make("p"))
    bench.flush()
    assert bert.uids() == []
    bench.router.set_groups(bert.session, both, both)
    bench.flush()
    assert set(bert.uids()) == {"anna", "p", "groups"}
    bert.send(make("q"))
    bench.flush()
    assert anna.uids()[-1:] == ["q"]


def test_groups_that_a_principal_does_not_have_cannot_be_switched_on(bench: Bench) -> None:
    (anna,) = settled(bench, "Anna")
    bench.router.set_groups(anna.session, frozenset(("red", "blue")), frozenset(("blue",)))
    assert anna.session.groups_in == {"red"}
    assert anna.session.groups_out == frozenset()


def test_switching_groups_loses_nothing_and_repeats_no_chat(bench: Bench) -> None:
    both = frozenset(("red", "blue"))
    anna, bert = settled(bench, "Anna", "Bert", groups=both)
    anna.send(chat("anna", 1))
    anna.send(chat("anna", 2, to="Bert"))
    bench.flush()
    anna.send(make("f1", "b-f-t-r"))
    bench.router.set_groups(bert.session, both, frozenset(("red",)))
    anna.send(make("f2", "b-f-t-r"))
    anna.send(chat("anna", 3))
    bench.router.set_groups(bert.session, both, both)
    anna.send(make("f3", "b-f-t-r"))
    bench.flush()
    bench.flush()
    got = [event.uid for event in bert.got() if event.kind in (Kind.CHAT, Kind.ORDERED)]
    assert got == [*(f"GeoChat.anna.room.{n}" for n in (1, 2)), "f1", "f2", "GeoChat.anna.room.3", "f3"]


def test_switching_groups_before_the_first_picture_is_waited_for(bench: Bench) -> None:
    settled(bench, "Anna", groups=frozenset(("blue",)))
    bert = bench.join("bert", groups=frozenset(("red", "blue")))
    bench.router.set_groups(bert.session, frozenset(("red",)), frozenset(("blue",)))
    bench.flush()
    assert bert.uids() == ["groups", "anna"]


# What is not taken, and what is between a client and the hub


def test_a_viewer_sees_and_cannot_send(bench: Bench) -> None:
    viewer = bench.join("vera", role="viewer")
    (bert,) = settled(bench, "Bert")
    viewer.send(make("p"))
    viewer.send(make("911", "b-a-o-tbl"))
    bench.flush()
    assert bert.uids() == []
    assert viewer.uids() == ["bert"]
    assert bench.router.counters.refused == {"role viewer does not send": 2}
    assert viewer.session.refusals == {"role viewer does not send": 2}


@pytest.mark.parametrize("detail", ["<__cff/>", "<CallForFire/>", "<nineLine/>", "<x:fires xmlns:x='y'/>"])
def test_calls_for_fire_and_strike_tasking_are_refused_and_counted(bench: Bench, detail: str) -> None:
    anna, bert = settled(bench, "Anna", "Bert")
    anna.send(make("s", "t-k-d"))
    anna.send(make("f", "a-h-G", detail))
    bench.flush()
    late = bench.join("late")
    bench.flush()
    assert bert.uids() == []
    assert late.uids() == ["anna", "bert"]
    assert bench.router.counters.refused == {"type refused": 1, "detail refused": 1}


@pytest.mark.parametrize("refuse", [True, False])
def test_a_clock_that_disagrees_is_counted_and_refused_if_so_configured(refuse: bool) -> None:
    bench = Bench(OPEN, Settings(skew=ClockSkew(refuse=refuse)))
    anna, bert = settled(bench, "Anna", "Bert")
    anna.send(make("p", time=NOW - 3_600_000))
    bench.flush()
    assert bert.uids() == ([] if refuse else ["p"])
    assert bench.router.counters.skewed == 1
    assert bench.router.counters.refused == ({"clock skew": 1} if refuse else {})


def test_a_ping_is_answered_and_nothing_of_control_is_relayed(bench: Bench) -> None:
    anna, bert = settled(bench, "Anna", "Bert")
    anna.send(make("anna-ping", "t-x-c-t"))
    anna.send(make("x", "t-x-m-c"))
    bench.flush()
    (pong,) = anna.got()
    assert (pong.type, pong.uid) == ("t-x-c-t-r", "anna-ping")
    assert bert.uids() == []


def test_the_journal_is_given_what_was_admitted_and_the_notices() -> None:
    bench = Bench(OPEN)
    kept: list[tuple[str, str, str]] = []
    bench.router.recorder = SimpleNamespace(
        append=lambda parcel, principal, groups, sender: kept.append(
            (parcel.event.type, principal.name, sender)
        )
    )
    anna = bench.join("anna")
    anna.send(myself("anna", "Anna"))
    anna.send(make("s", "t-k"))
    anna.send(chat("anna", 1))
    anna.send(make("ping", "t-x-c-t"))
    anna.leave()
    assert kept == [("a-f-G-U-C", "anna", "anna"), ("b-t-f", "anna", "anna"), ("t-x-d-d", "anna", "anna")]


def test_someone_is_woken_when_something_waits(bench: Bench) -> None:
    anna, bert = settled(bench, "Anna", "Bert")
    for event in (make("p"), chat("anna", 1), chat("anna", 2, to="Bert")):
        woken = bench.woken
        anna.send(event)
        assert bench.woken > woken
    woken = bench.woken
    bert.leave()
    assert bench.woken > woken


def test_what_the_hub_counts(bench: Bench) -> None:
    anna, bert, carl = settled(bench, "Anna", "Bert", "Carl")
    before = bench.router.counters.delivered
    anna.send(make("p"))
    anna.send(make("911", "b-a-o-tbl"))
    anna.send(chat("anna", 1, to="Bert"))
    bench.flush()
    assert bench.router.counters.delivered - before == 5
    assert bench.router.counters.sessions == 3
    assert bench.router.counters.received == 6
    assert bert.session.received == 1
    assert carl.session.sent >= 2


def test_a_session_speaks_for_so_many_uids_and_no_more(bench: Bench) -> None:
    anna, bert = settled(bench, "Anna", "Bert")
    for number in range(400):
        anna.send(myself(f"u{number}", f"C{number}"))
    assert len(anna.session.identities) == 256
    anna.leave()
    bench.flush()
    assert sum(event.type == "t-x-d-d" for event in bert.got()) == 256
    assert not bench.router._named.keys() - {"bert", "Bert"}


def test_a_client_that_is_seen_by_ever_other_audiences_is_gone_for_the_last_of_them() -> None:
    nations = [f"{one}{two}" for one in "ABC" for two in "ABC"]
    bench = Bench(openly("EE", *nations))
    (anna,) = settled(bench, "Anna")
    readers = [bench.join(f"r{nation}", nation) for nation in nations]
    bench.flush()
    for mask in range(1, 200):
        named = " ".join(nation for number, nation in enumerate(nations) if mask >> number & 1)
        anna.send(myself("anna", "Anna", releasableTo=named))
    assert len(anna.session.identities["anna"].seen) == 64
    anna.leave()
    bench.flush()
    for number, reader in enumerate(readers):
        assert [event.type for event in reader.got()].count("t-x-d-d") == (number < 8)


def test_what_comes_for_one_that_has_left_is_dropped(bench: Bench) -> None:
    _, bert = settled(bench, "Anna", "Bert")
    bert.leave()
    bench.router.whisper(bert.session, make("late").xml)
    assert bert.link.written == []


def test_empty_cohorts_are_let_go(bench: Bench) -> None:
    anna, bert = settled(bench, "Anna", "Bert")
    for number in range(5):
        bench.router.set_groups(bert.session, frozenset(("red",)), frozenset(("red",) if number % 2 else ()))
        bench.flush()
    bert.leave()
    bench.flush()
    assert len(bench.router._cohorts) == 1
    anna.leave()
    bench.flush()
    assert not bench.router._cohorts


def test_no_event_that_was_taken_can_stop_the_tick(bench: Bench) -> None:
    """Whatever is admitted can be written in every format: a flush must not fail for all because of one."""
    anna = settled(bench, "Anna")[0]
    readers = [bench.join(f"r{form}", form=form) for form in Format]
    hostile = (
        {"time": -1},
        {"releasableTo": "EE", "releaseableTo": "LV"},
        {"qos": "\u00e4" * 100, "opex": "\U0001f600"},
    )
    for number, keywords in enumerate(hostile):
        try:
            event: Event = make(f"p{number}", **keywords)  # type: ignore[arg-type]
        except ValueError:
            continue
        anna.send(event)
    anna.send(make("good"))
    bench.flush()
    for reader in readers:
        assert b"good" in reader.link.data

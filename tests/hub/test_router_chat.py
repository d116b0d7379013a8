"""Chat is given once to one who comes back, and none is lost."""

from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.hub.made_links import Bench, Peer, chat, make, myself, openly, settled, silence
from vallum.hub.router import Settings
from vallum.picture import Kind

OPEN = openly("EE", "LV")
FEW = Settings(outbox_bytes=4_000, patience_s=20.0)


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    with silence():
        yield


@pytest.fixture
def bench() -> Bench:
    return Bench(OPEN, FEW)


def numbers(peer: Peer) -> list[int]:
    return [int(event.uid.rpartition(".")[2]) for event in peer.got() if event.kind is Kind.CHAT]


def come_back(bench: Bench, name: str = "Bert") -> Peer:
    peer = bench.join(name.lower())
    bench.flush()
    peer.send(myself(name.lower(), name))
    bench.flush()
    bench.flush()
    return peer


@pytest.mark.parametrize("clean", [True, False])
@pytest.mark.parametrize("speaks_first", [True, False])
def test_chat_is_given_once_to_one_who_comes_back(bench: Bench, clean: bool, speaks_first: bool) -> None:
    anna, bert = settled(bench, "Anna", "Bert")
    anna.send(chat("anna", 1))
    bench.flush()
    bert.send(make("ping", "t-x-c-t"))
    assert numbers(bert) == [1]
    bert.leave(clean=clean)
    anna.send(chat("anna", 2))
    anna.send(chat("anna", 3, to="Bert"))
    anna.send(chat("anna", 4, to="Somebody"))
    bench.flush()
    if speaks_first:
        back = bench.join("bert")
        back.send(myself("bert", "Bert"))
        bench.flush()
        bench.flush()
    else:
        back = come_back(bench)
    anna.send(chat("anna", 5))
    anna.send(chat("anna", 6, to="Bert"))
    bench.flush()
    assert numbers(back) == [2, 3, 5, 6]
    back.send(make("ping", "t-x-c-t"))
    back.leave(clean=clean)
    assert numbers(come_back(bench)) == []


def test_chat_written_to_a_connection_that_then_broke_comes_again(bench: Bench) -> None:
    anna, bert = settled(bench, "Anna", "Bert")
    anna.send(chat("anna", 1))
    bench.flush()
    bert.leave(clean=False)
    assert numbers(come_back(bench)) == [1]


def test_chat_that_waited_in_an_outbox_is_not_lost_with_it(bench: Bench) -> None:
    anna, bert = settled(bench, "Anna", "Bert")
    bert.link.full = True
    anna.send(chat("anna", 1))
    bench.flush()
    bert.send(make("p"))
    bench.pass_time(21_000)
    bench.router.sweep()
    assert bert.link.closed
    assert numbers(come_back(bench)) == [1]


def test_missed_chat_is_not_lost_if_the_connection_breaks_while_it_is_sent(bench: Bench) -> None:
    anna, bert = settled(bench, "Anna", "Bert")
    bert.leave()
    anna.send(chat("anna", 1))
    bench.flush()
    back = bench.join("bert")
    bench.flush()
    back.send(myself("bert", "Bert"))
    back.leave(clean=False)
    again = bench.join("bert")
    again.send(myself("bert", "Bert"))
    bench.flush()
    again.leave(clean=False)
    assert numbers(come_back(bench)) == [1]


def test_missed_chat_is_not_lost_if_a_goodbye_comes_before_it_is_sent(bench: Bench) -> None:
    anna, bert = settled(bench, "Anna", "Bert")
    bert.leave()
    anna.send(chat("anna", 1))
    bench.flush()
    back = bench.join("bert")
    back.send(myself("bert", "Bert"))
    bench.flush()
    seen = numbers(back)
    back.leave(clean=True)
    assert seen + numbers(come_back(bench)) == [1]


def test_one_who_is_back_before_its_old_connection_is_dead_is_not_told_all_again(bench: Bench) -> None:
    anna, bert = settled(bench, "Anna", "Bert")
    anna.send(chat("anna", 1))
    bench.flush()
    bert.send(make("ping", "t-x-c-t"))
    back = come_back(bench)
    anna.send(chat("anna", 2))
    bench.flush()
    assert numbers(back) == [2]
    bert.leave(clean=False)
    back.send(make("ping", "t-x-c-t"))
    back.leave(clean=False)
    assert numbers(come_back(bench)) == []


def test_the_same_uid_of_another_client_takes_no_chat_away(bench: Bench) -> None:
    anna, bert = settled(bench, "Anna", "Bert")
    bert.leave()
    anna.send(chat("anna", 1))
    bench.flush()
    stranger = bench.join("stranger", "LV")
    stranger.send(myself("bert", "Stranger"))
    bench.flush()
    stranger.send(make("ping", "t-x-c-t"))
    stranger.leave()
    assert numbers(come_back(bench)) == [1]


def test_a_newcomer_is_sent_the_chat_of_the_last_hour_for_all_and_not_its_own(bench: Bench) -> None:
    (anna,) = settled(bench, "Anna")
    anna.send(chat("anna", 1))
    bench.pass_time(3_000_000)
    anna.send(chat("anna", 2))
    anna.send(chat("anna", 3, to="Other"))
    anna.send(chat("late", 4))
    bench.pass_time(1_000_000)
    bench.flush()
    assert numbers(come_back(bench, "Late")) == [2]


@settings(deadline=None, max_examples=80)
@given(
    st.lists(st.sampled_from(("all", "bert", "flush", "sign", "leave", "lose", "back", "wait")), max_size=25)
)
def test_no_chat_is_ever_lost_and_only_a_broken_connection_repeats_any(steps: list[str]) -> None:
    with silence():
        bench = Bench(OPEN)
        anna, bert = settled(bench, "Anna", "Bert")
        present: Peer | None = bert
        said = 0
        got: list[int] = []
        broken = False
        for step in [*steps, "flush", "leave", "back", "flush", "flush"]:
            if step in ("all", "bert"):
                said += 1
                anna.send(chat("anna", said, to="Bert" if step == "bert" else "", time=bench.now))
            elif step == "flush":
                bench.flush()
            elif step == "wait":
                bench.pass_time(1_000)
            elif step == "back":
                if present is None:
                    present = bench.join("bert")
                    present.send(myself("bert", "Bert"))
            elif present is None:
                continue
            elif step == "sign":
                got += numbers(present)  # it has read what was written
                present.send(make("ping", "t-x-c-t"))
            else:
                if step == "leave":
                    got += numbers(present)
                else:
                    broken = True  # what was written since the last sign of life is gone
                present.leave(clean=step == "leave")
                present = None
        assert present is not None
        got += numbers(present)
        assert set(got) == set(range(1, said + 1))
        if not broken:
            assert sorted(got) == list(range(1, said + 1))

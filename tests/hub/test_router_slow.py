"""Readers that do not keep up, and those that change what they read."""

from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.hub.made_links import NOW, Bench, chat, make, openly, settled, silence
from vallum.hub.parcel import Format, Parcel
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


# Slow readers


def test_a_slow_reader_gets_the_latest_and_all_messages_in_order_once_it_reads_again(bench: Bench) -> None:
    anna, bert, carl = settled(bench, "Anna", "Bert", "Carl")
    bert.link.full = True
    for number in range(4):
        anna.send(make("p", detail=f"<n>{number}</n>"))
        anna.send(make(f"911-{number}", "b-a-o-tbl"))
        anna.send(chat("anna", number))
        bench.flush()
    assert bert.link.written == []
    assert len(carl.got()) == 12
    bench.pass_time(5_000)
    bench.router.sweep()
    bert.link.full = False
    bert.session.catch_up(100)
    got = bert.got()
    assert [event.uid for event in got if event.kind is Kind.ALERT] == [f"911-{n}" for n in range(4)]
    assert [event.uid for event in got if event.kind is Kind.CHAT] == [
        f"GeoChat.anna.room.{n}" for n in range(4)
    ]
    assert [event.xml for event in got if event.uid == "p"] == [make("p", detail="<n>3</n>").xml]
    assert bert.session.lagging_since == 0
    anna.send(make("q"))
    bench.flush()
    assert bert.uids() == ["q"]


def test_what_comes_while_something_waits_waits_behind_it(bench: Bench) -> None:
    anna, bert = settled(bench, "Anna", "Bert")
    bert.link.full = True
    anna.send(chat("anna", 1))
    bench.flush()
    bert.link.full = False
    anna.send(chat("anna", 2))
    bench.flush()
    assert bert.uids() == []
    bert.session.catch_up(1 << 20)
    assert bert.uids() == ["GeoChat.anna.room.1", "GeoChat.anna.room.2"]


def test_a_reader_whose_outbox_overflows_is_cut_and_the_others_are_not_harmed(bench: Bench) -> None:
    anna, bert, carl = settled(bench, "Anna", "Bert", "Carl")
    bert.link.full = True
    for number in range(60):
        anna.send(chat("anna", number))
        bench.flush()
        assert bert.session.outbox.size < 4_000 + 1_000
    assert len(bert.session.outbox) == 0
    bench.router.sweep()
    assert bert.link.closed == "slow reader: outbox full"
    assert bench.router.counters.cut["slow reader: outbox full"] == 1
    assert bert.session not in bench.router.sessions
    bench.flush()
    assert carl.uids() == [*(f"GeoChat.anna.room.{n}" for n in range(60)), "bert-gone"]
    assert bert.link.written == []


def test_a_reader_that_stays_behind_is_cut_after_its_time(bench: Bench) -> None:
    anna, bert = settled(bench, "Anna", "Bert")
    bert.link.full = True
    anna.send(make("p"))
    bench.flush()
    bench.pass_time(20_000)
    bench.router.sweep()
    assert bert.link.closed == ""
    bench.pass_time(1)
    bench.router.sweep()
    assert bert.link.closed == "slow reader: behind for too long"
    bench.router.sweep()
    assert anna.link.closed == ""


def test_states_alone_never_overflow_an_outbox(bench: Bench) -> None:
    anna, bert = settled(bench, "Anna", "Bert")
    bert.link.full = True
    for number in range(500):
        anna.send(make(f"p{number % 5}"))
        bench.flush()
    bench.router.sweep()
    assert bert.link.closed == ""
    assert bert.session.outbox.replaced == 495
    bert.leave()
    assert bench.router.counters.replaced == 495


# Another format in mid-stream


@settings(deadline=None, max_examples=60)
@given(
    st.lists(st.sampled_from(("event", "alert", "flush", "behind", "keep up")), max_size=10),
    st.integers(0, 10),
)
def test_a_switch_of_format_loses_and_doubles_nothing(steps: list[str], place: int) -> None:
    with silence():
        bench = Bench(OPEN)
        anna, bert = settled(bench, "Anna", "Bert")
        old = bench.join("old", form=Format.STREAM)
        bench.flush()
        old.got()
        steps = [*steps[:place], "switch", *steps[place:], "keep up", "flush"]
        sent = []
        for number, step in enumerate(steps):
            if step in ("event", "alert"):
                sent.append(f"e{number}")
                anna.send(make(sent[-1], "b-a-o-tbl" if step == "alert" else "b-f-t-r"))
            elif step == "flush":
                bench.flush()
            elif step == "behind":
                bert.link.full = True
            elif step == "keep up":
                bert.link.full = False
                bert.session.catch_up(300)
            else:
                bench.router.switch(bert.session, Format.STREAM, make("farewell").xml + b"\n")
        data = bert.link.data
        xml, _, rest = data.partition(make("farewell").xml + b"\n")
        assert b"\xbf" not in xml
        assert rest == b"" or rest.startswith(b"\xbf")
        got = bert.uids()
        assert got.count("farewell") == 1
        assert sorted(uid for uid in got if uid != "farewell") == sorted(sent)
        assert sorted(old.uids()) == sorted(sent)


def test_one_that_switches_before_its_first_picture_gets_it_in_the_new_format(bench: Bench) -> None:
    settled(bench, "Anna")
    bert = bench.join("bert")
    bench.router.switch(bert.session, Format.STREAM, make("farewell").xml + b"\n")
    bench.flush()
    assert bert.link.data.startswith(make("farewell").xml + b"\n\xbf")
    assert bert.uids() == ["farewell", "anna"]


@pytest.mark.parametrize("form", Format)
def test_each_format_carries_the_same_bytes_to_all(bench: Bench, form: Format) -> None:
    anna = settled(bench, "Anna")[0]
    readers = [bench.join(f"r{n}", form=form) for n in range(3)]
    bench.flush()
    for reader in readers:
        reader.link.written.clear()
    anna.send(make("p", detail="x" * 300))
    bench.flush()
    first, second, third = (reader.link.written for reader in readers)
    assert len(first) == 1
    assert first[0] is second[0] is third[0]


@pytest.mark.parametrize(("size", "head"), [(1, 2), (300, 4), (70_000, 10)])
def test_a_websocket_message_is_framed_by_its_size(size: int, head: int) -> None:
    parcel = Parcel(make("p", detail="x" * size), (), NOW)
    stream, framed = parcel.encoded(Format.STREAM), parcel.encoded(Format.WEBSOCKET)
    assert framed[0] == 0x82
    assert framed[1] == {2: len(stream), 4: 126, 10: 127}[head]
    assert head == 2 or int.from_bytes(framed[2:head], "big") == len(stream)
    assert framed[head:] == stream

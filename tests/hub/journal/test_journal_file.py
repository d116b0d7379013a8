"""The journal's file and its writer."""

import sqlite3
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.hub.journal.conftest import POLICY, START, Clock, Site, chat, me, principal, router, xml
from vallum.core.errors import BadInput
from vallum.hub.journal import Everything, Journal, Reader, migrations, query, restore
from vallum.hub.journal import journal as journal_module
from vallum.hub.journal.schema import FORMAT
from vallum.picture import Event

DAY = 86_400_000


def rows(path: Path, question: str = "SELECT * FROM event ORDER BY seq") -> list[sqlite3.Row]:
    connection = sqlite3.connect(path)
    connection.row_factory = sqlite3.Row
    try:
        return connection.execute(question).fetchall()
    finally:
        connection.close()


def soon(met: Callable[[], object]) -> None:
    """Wait for the writer."""
    until = time.monotonic() + 10
    while not met():
        assert time.monotonic() < until
        time.sleep(0.005)


def opened(path: Path) -> Journal:
    return Journal.open(path, batch_ms=10, keep_days=30, keep_mb=100, clock=Clock())


def refusal(path: Path) -> BadInput:
    with pytest.raises(BadInput) as refused:
        opened(path)
    assert refused.value.where == str(path)
    assert refused.value.remedy
    return refused.value


def test_an_event_is_written_with_its_label(site: Callable[..., Site], path: Path) -> None:
    one = site()
    one.say(me("U1"))
    said = xml("X", attributes='access="HIGH" caveat="C" releasableTo="LV LT"', lasts=5000)
    one.say(said, nation="EE", groups=("Blue", "Äöü"))
    assert one.journal is not None
    soon(lambda: one.journal.state().written == 2)
    first, second = rows(path)
    assert (first["sender"], second["sender"]) == ("U1", "")
    assert bytes(second["xml"]) == said
    assert second["payload"] is None
    assert (second["uid"], second["type"], second["kind"], second["private"]) == ("X", "a-f-G", 0, 0)
    assert (second["nation"], second["access"], second["caveat"]) == ("EE", "HIGH", "C")
    assert (second["releasable_to"], second["groups"]) == ("LV LT", '["Blue", "Äöü"]')
    assert (second["principal"], second["lat"], second["lon"]) == ("user of EE", 58.4, 26.7)
    assert (second["received_ms"], second["time_ms"], second["stale_ms"]) == (START, START, START + 5000)


def test_the_message_of_a_tak_client_is_kept_as_it_came(site: Callable[..., Site], path: Path) -> None:
    one = site()
    event = Event.of_payload(Event.of_xml(me("U1")).payload())
    assert event is not None
    one.router.receive(one.session(), event)
    one.journal.stop()
    (stored,) = query(path, Everything())
    assert stored.payload == event.payload()
    assert stored.event().payload() == event.payload()
    assert stored.xml == event.xml


def test_what_waits_is_written_when_the_journal_stops(site: Callable[..., Site], path: Path) -> None:
    one = site(batch_ms=10_000)
    one.say(*(xml(f"U{number}") for number in range(3000)))
    one.journal.save_cursors({"U1": 7})
    one.journal.save_cursors({"U2": 8, "U1": 9})
    one.journal.stop()
    assert one.journal.state().written == 3000
    assert [row["uid"] for row in rows(path)] == [f"U{number}" for number in range(3000)]
    assert [tuple(row) for row in rows(path, "SELECT * FROM cursor")] == [("U1", 9), ("U2", 8)]


def test_numbers_go_on_after_a_restart(site: Callable[..., Site], path: Path, clock: Clock) -> None:
    for _ in range(3):
        one = site()
        one.say(xml("A"), xml("B"))
        one.journal.stop()
    assert [row["seq"] for row in rows(path)] == [1, 2, 3, 4, 5, 6]


def test_the_file_is_for_its_owner_alone(site: Callable[..., Site], path: Path) -> None:
    site()
    files = list(path.parent.glob("journal.sqlite*"))
    assert len(files) == 4
    assert {file.stat().st_mode & 0o777 for file in files} == {0o600}


def test_a_second_hub_is_refused_until_the_first_has_stopped(site: Callable[..., Site], path: Path) -> None:
    one = site()
    assert "another hub" in refusal(path).message
    one.journal.stop()
    opened(path).stop()


@pytest.mark.parametrize("content", [b"x", b"no journal " * 1000, b"SQLite format 3\0" + b"\xff" * 9000])
def test_a_damaged_file_is_refused_and_left_as_it_is(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    assert "damaged" in refusal(path).message
    assert "Move it away" in refusal(path).remedy
    with pytest.raises(BadInput, match=r"damaged|empty"):
        list(query(path, Everything()))
    assert path.read_bytes() == content


def test_damage_in_the_middle_does_not_pass_for_the_end(site: Callable[..., Site], path: Path) -> None:
    one = site()
    one.say(*(xml(f"U{number}") for number in range(500)))
    one.journal.stop()
    content = bytearray(path.read_bytes())
    content[8192 * 6 : -8192 * 6] = b"\xee" * (len(content) - 8192 * 12)
    path.write_bytes(content)
    with pytest.raises(BadInput, match="damaged"):
        list(query(path, Everything()))
    with pytest.raises(BadInput, match="damaged"):
        restore(path, router(one.clock), now=START)


def test_a_newer_format_is_refused(path: Path) -> None:
    opened(path).stop()
    with sqlite3.connect(path) as connection:
        connection.execute(f"PRAGMA user_version = {FORMAT + 1}")
    connection.close()
    assert f"format {FORMAT + 1}" in refusal(path).message
    with pytest.raises(BadInput, match="newer version"):
        list(query(path, Everything()))


def test_an_older_format_is_read_and_brought_up_to_date(site: Callable[..., Site], path: Path) -> None:
    one = site()
    one.say(xml("A"))
    one.journal.stop()
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA foreign_keys = OFF")
        ours = {"event", "latest", "cursor", "sqlite_sequence"}
        names = "SELECT name FROM sqlite_master WHERE type = 'table'"
        for (name,) in connection.execute(names).fetchall():
            if name not in ours:
                connection.execute(f'DROP TABLE "{name}"')
        connection.execute("PRAGMA user_version = 1")
    connection.close()
    assert [stored.event().uid for stored in query(path, Everything())] == ["A"]
    opened(path).stop()
    assert [row["uid"] for row in rows(path)] == ["A"]
    assert [tuple(row) for row in rows(path, "PRAGMA user_version")] == [(FORMAT,)]
    assert rows(path, "SELECT * FROM mission") == []


def test_a_step_that_fails_leaves_the_older_format(
    site: Callable[..., Site], path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site().journal.stop()
    before = [tuple(row) for row in rows(path, "SELECT name, sql FROM sqlite_master ORDER BY name")]
    monkeypatch.setitem(migrations.STEPS, FORMAT + 1, "CREATE TABLE more (one); CREATE TABLE more (one);")
    with sqlite3.connect(path, isolation_level=None) as connection, pytest.raises(sqlite3.OperationalError):
        migrations.migrate(connection, FORMAT, FORMAT + 1)
    connection.close()
    assert [tuple(row) for row in rows(path, "SELECT name, sql FROM sqlite_master ORDER BY name")] == before
    assert [tuple(row) for row in rows(path, "PRAGMA user_version")] == [(FORMAT,)]


def test_a_foreign_database_is_refused(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE mine (one)")
    connection.close()
    content = path.read_bytes()
    assert "not a journal" in refusal(path).message
    assert path.read_bytes() == content


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    assert "No such file" in refusal(tmp_path / "none" / "journal.sqlite").message


def test_an_empty_file_is_a_new_journal_and_nothing_to_read(path: Path) -> None:
    path.touch()
    with pytest.raises(BadInput, match="is empty"):
        list(query(path, Everything()))
    opened(path).stop()
    assert list(query(path, Everything())) == []


def test_a_full_disk_harms_nobody_and_is_over_when_there_is_room(
    site: Callable[..., Site], path: Path, clock: Clock
) -> None:
    one = Site(path, clock)
    one.journal = journal = opened(path)
    one.router.recorder = journal
    limit = journal._writer.connection.execute
    (pages,) = limit("PRAGMA page_count").fetchone()
    limit(f"PRAGMA max_page_count = {pages + 2}")
    journal.start()
    try:
        one.say(*(xml(f"U{number}") for number in range(200)))
        soon(lambda: journal.state().trouble)
        assert journal.state().trouble == "database or disk is full"
        one.say(xml("later"))
        state = journal.state()
        assert (state.written, state.dropped) == (0, 0)
        assert state.pending == 201
        assert len(one.router.picture) == 201
        limit("PRAGMA max_page_count = 100000")
        soon(lambda: journal.state().written == 201)
        assert journal.state().trouble is None
    finally:
        journal.stop()
    assert len(rows(path, "SELECT DISTINCT uid FROM event")) == len(rows(path)) == 201


def test_what_a_full_disk_takes_for_good_is_counted(path: Path, clock: Clock) -> None:
    one = Site(path, clock)
    one.journal = one.router.recorder = journal = opened(path)
    execute = journal._writer.connection.execute
    execute(f"PRAGMA max_page_count = {execute('PRAGMA page_count').fetchone()[0]}")
    journal.start()
    one.say(*(xml(f"U{number}") for number in range(100)))
    soon(lambda: journal.state().trouble)
    journal.stop()
    state = journal.state()
    assert (state.written, state.pending, state.dropped) == (0, 0, 100)
    one.say(xml("too late"))
    assert journal.state().dropped == 101


def test_a_full_queue_drops_what_comes_and_counts_it(
    path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal_module, "QUEUE_BYTES", 10_000)
    one = Site(path, clock)
    one.journal = one.router.recorder = journal = opened(path)
    one.say(*(xml(f"U{number}") for number in range(100)))
    state = journal.state()
    assert 0 < state.pending < 20
    assert state.pending + state.dropped == 100
    journal.start()
    soon(lambda: not journal.state().pending)
    one.say(xml("again"))
    journal.stop()
    assert [row["uid"] for row in rows(path)] == [f"U{number}" for number in range(state.pending)] + ["again"]


def test_old_events_are_let_go(site: Callable[..., Site], path: Path, clock: Clock) -> None:
    one = site(keep_days=1)
    one.say(*(xml(f"U{number}", at=clock.now) for number in range(1200)), chat(1, at=clock.now))
    one.journal.save_cursors({"U1": (START << 10) + 5})
    clock.now += DAY // 2
    one.say(xml("newer", at=clock.now))
    soon(lambda: one.journal.state().written == 1202)
    clock.now += DAY // 2 + 1
    soon(lambda: len(rows(path)) == 1)
    soon(lambda: not rows(path, "SELECT * FROM cursor"))
    soon(lambda: not rows(path, "SELECT * FROM latest WHERE uid <> 'newer'"))
    one.say(xml("newest", at=clock.now))
    one.journal.stop()
    assert [(row["seq"], row["uid"]) for row in rows(path)] == [(1202, "newer"), (1203, "newest")]


def test_a_journal_keeps_to_its_size(site: Callable[..., Site], path: Path) -> None:
    one = site(keep_mb=2)
    detail = f"<remarks>{'x' * 2000}</remarks>"
    for start in range(0, 6000, 500):
        one.say(*(xml(f"U{number}", detail=detail) for number in range(start, start + 500)))
        soon(lambda: not one.journal.state().pending)
    soon(lambda: len(rows(path)) < 1000)
    kept = [row["seq"] for row in rows(path)]
    assert kept[-1] == 6000
    assert kept == list(range(kept[0], 6001))
    one.journal.stop()
    assert 500_000 < sum(len(row["xml"]) for row in rows(path)) < 2_000_000


def test_a_file_that_was_larger_shrinks(site: Callable[..., Site], path: Path) -> None:
    one = site()
    detail = f"<remarks>{'x' * 7000}</remarks>"
    one.say(*(xml(f"U{number}", detail=detail) for number in range(2500)))
    one.journal.stop()
    before = path.stat().st_size
    one = site(keep_mb=1)
    soon(lambda: rows(path, "PRAGMA page_count")[0][0] * 8192 < 10_000_000)
    one.journal.stop()
    assert path.stat().st_size < before / 2


def test_a_reader_does_not_see_half_a_batch_and_the_writer_goes_on(
    site: Callable[..., Site], path: Path
) -> None:
    one = site()
    one.say(*(xml(f"U{number}") for number in range(1000)))
    soon(lambda: one.journal.state().written == 1000)
    events = query(path, Reader(POLICY, "EE", ("Blue",)))
    first = next(events)
    one.say(*(xml(f"V{number}") for number in range(1000)))
    soon(lambda: one.journal.state().written == 2000)
    uids = [first.uid, *(stored.uid for stored in events)]
    assert uids == [f"U{number}" for number in range(1000)]


def test_a_reader_needs_a_nation_of_the_policy() -> None:
    with pytest.raises(BadInput, match="no nation of this policy"):
        Reader(POLICY, "SE")
    assert principal().nation == "EE"

"""Journals that are damaged in parts, and writers that fail."""

import contextlib
import json
import sqlite3
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from tests.hub.conftest import POLICY, listener, run
from tests.hub.journal.conftest import Clock, Site, me, router, shown, xml
from vallum.core.errors import BadInput
from vallum.hub import config as hub_config
from vallum.hub.config import Config, Operate
from vallum.hub.journal import Everything, Journal, query, restore
from vallum.hub.journal import journal as journal_module
from vallum.hub.journal import row as row_module
from vallum.hub.journal.writer import Writer
from vallum.hub.server import Hub
from vallum.picture import Event


def change(path: Path, statement: str) -> None:
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute(statement)
        connection.commit()


def soon(met: Callable[[], object]) -> None:
    """Wait for the writer."""
    until = time.monotonic() + 10
    while not met():
        assert time.monotonic() < until
        time.sleep(0.005)


def opened(path: Path) -> Journal:
    return Journal.open(path, batch_ms=10, keep_days=30, keep_mb=100, clock=Clock())


def test_a_damaged_event_does_not_keep_the_others_from_coming_back(
    site: Callable[..., Site], path: Path
) -> None:
    one = site()
    one.say(me("A"), xml("B"), xml("C"))
    one.journal.stop()
    change(path, "UPDATE event SET xml = CAST('<event' AS BLOB) WHERE uid = 'B'")
    found = router(one.clock)
    assert restore(path, found, now=one.clock()).states == 2
    assert [Event.of_xml(data).uid for data in shown(found, "EE")] == ["A", "C"]


def test_who_reads_a_damaged_event_is_told_when_it_came(site: Callable[..., Site], path: Path) -> None:
    one = site()
    one.say(xml("B"))
    one.journal.stop()
    change(path, "UPDATE event SET xml = CAST('<event' AS BLOB)")
    (stored,) = query(path, Everything())
    with pytest.raises(BadInput, match=f"received at {one.clock()} ms is damaged") as caught:
        stored.event()
    assert "--since" in str(caught.value.remedy)


@pytest.mark.parametrize("table", ["event", "latest", "cursor"])
def test_a_hub_whose_journal_lacks_a_table_says_so_and_lets_go_of_it(tmp_path: Path, table: str) -> None:
    path = tmp_path / "journal.sqlite"
    opened(path).stop()
    change(path, f"DROP TABLE {table}")
    config = Config(
        listeners=[listener()],
        journal=hub_config.Journal(path=path.name, batch_ms=10),
        operate=Operate(control=""),
    )

    async def work() -> None:
        for _ in range(2):  # the second time it is not held by the first
            with pytest.raises(BadInput, match="no such table") as caught:
                await Hub(config, POLICY, tmp_path).start()
            assert caught.value.where == str(path)
            assert caught.value.remedy

    run(work())


def test_a_folder_is_no_journal(path: Path) -> None:
    path.mkdir()
    with pytest.raises(BadInput) as caught:
        opened(path)
    assert caught.value.where == str(path)
    with pytest.raises(BadInput, match="no such file"):
        list(query(path, Everything()))


def test_old_events_that_cannot_be_let_go_are_told_and_new_ones_are_written(
    site: Callable[..., Site], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal_module, "_UPKEEP_S", 0.01)

    def fails(*_: object) -> bool:
        message = "disk I/O error"
        raise sqlite3.OperationalError(message)

    with monkeypatch.context() as broken:
        broken.setattr(Writer, "upkeep", fails)
        one = site()
        soon(lambda: one.journal.state().trouble == "disk I/O error")
        one.say(xml("A"))
        soon(lambda: one.journal.state().written == 1)
        assert one.journal.state().trouble == "disk I/O error"
    soon(lambda: one.journal.state().trouble is None)


def test_a_writer_that_has_ended_is_no_sound_journal(
    site: Callable[..., Site], monkeypatch: pytest.MonkeyPatch
) -> None:
    def ends(*_: object) -> None:
        raise MemoryError

    monkeypatch.setattr(threading, "excepthook", lambda _: None)
    monkeypatch.setattr(Writer, "write", ends)
    one = site()
    one.say(xml("A"))
    soon(lambda: one.journal.state().trouble)
    assert one.journal.state().trouble == "the writer has ended"
    one.say(xml("B"))
    assert len(one.router.picture) == 2


def test_many_that_wait_are_written_in_several_batches_in_order(
    path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal_module, "_BATCH_ROWS", 7)
    one = Site(path, clock)
    one.journal = one.router.recorder = journal = opened(path)
    one.say(*(xml(f"U{number}") for number in range(50)))
    journal.start()
    soon(lambda: journal.state().written == 50)
    journal.stop()
    assert [stored.event().uid for stored in query(path, Everything())] == [f"U{n}" for n in range(50)]


def test_what_is_remembered_of_labels_is_bounded_and_each_event_keeps_its_own(
    site: Callable[..., Site], path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(row_module, "_KNOWN_LIMIT", 2)
    one = site()
    groups = ("Blue",), ("Red",), ("Green",), ("Blue", "Red")
    for number in range(12):
        one.say(xml(f"U{number}"), groups=groups[number % 4])
    rows = one.journal._rows
    assert len(rows._labels) <= 2
    assert len(rows._groups) <= 2
    one.journal.stop()
    with contextlib.closing(sqlite3.connect(path)) as connection:
        written = connection.execute("SELECT groups FROM event ORDER BY seq").fetchall()
    assert [json.loads(text) for (text,) in written] == [sorted(groups[n % 4]) for n in range(12)]


@pytest.mark.parametrize("replaced", [False, True])
def test_a_file_that_is_gone_or_another_one_is_trouble(
    site: Callable[..., Site], path: Path, replaced: bool
) -> None:
    one = site()
    assert one.journal.state().trouble is None
    if replaced:
        other = path.with_name("other")
        other.write_bytes(path.read_bytes())
        other.replace(path)
    else:
        path.unlink()
    assert one.journal.state().trouble == "the file is gone or another one"


def test_what_a_full_disk_does_not_take_at_the_end_is_counted_and_nothing_else_is_said(
    path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal_module, "_BATCH_ROWS", 7)
    one = Site(path, clock)
    one.journal = one.router.recorder = journal = opened(path)
    real, failed_at_the_end = Writer.write, threading.Event()

    def full(*arguments: Any) -> None:
        if failed_at_the_end.is_set():  # a smaller batch might fit again
            real(*arguments)
            return
        if journal._stopping.is_set():
            failed_at_the_end.set()
        message = "database or disk is full"
        raise sqlite3.OperationalError(message)

    monkeypatch.setattr(Writer, "write", full)
    one.say(*(xml(f"U{number}") for number in range(50)))
    with capture_logs() as logs:
        journal.start()
        soon(lambda: journal.state().trouble)
        journal.stop()
    state = journal.state()
    assert (state.written, state.pending, state.dropped) == (0, 0, 50)
    assert [(line["event"], line.get("count")) for line in logs] == [
        ("journal: cannot be written", None),
        ("journal: events are lost", 50),
    ]

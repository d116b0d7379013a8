"""`vallum hub replay` and `vallum hub export`."""

import asyncio
import json
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import jsonschema
import msgspec
import pytest
from cyclopts import App, Parameter
from lxml import etree
from structlog.testing import capture_logs

from tests.hub.conftest import listener, running
from tests.hub.journal.conftest import START, Clock, Site, chat, xml
from vallum.cli.hub_replay import export, replay
from vallum.cli.hub_replay_documents import REPLAY_DOCUMENTS
from vallum.cli.outcome import Boundary
from vallum.hub.server import Hub
from vallum.picture import Event

POLICY = """
nations = ["EE", "LV", "LT"]
levels = ["OPEN", "HIGH"]
[[release]]
origin = "EE"
to = ["LV"]
"""

Ran = tuple[int, str, str]


@pytest.fixture
def run(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Callable[..., Ran]:
    """Run the two commands as the command line will."""
    monkeypatch.setenv("COLUMNS", "200")
    app = App(
        default_parameter=Parameter(negative=""),
        result_action="return_value",
        exit_on_error=False,
        print_error=False,
        suppress_keyboard_interrupt=False,
    )
    app.command(replay, name="replay")
    app.command(export, name="export")

    def started(*words: str | Path) -> Ran:
        capfd.readouterr()
        texts = [str(word) for word in words]
        with Boundary(as_json="--json" in texts, debug=False) as boundary:
            boundary.code = app(texts)
        written = capfd.readouterr()
        return boundary.code, written.out, written.err

    return started


def document(ran: Ran, name: str) -> Any:
    found = json.loads(ran[1])
    jsonschema.validate(found, msgspec.json.schema(REPLAY_DOCUMENTS[name]))
    return found


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A folder with a policy and a journal of eight events, one a second."""
    (tmp_path / "policy.toml").write_text(POLICY, encoding="utf-8")
    one = Site(tmp_path / "journal.sqlite", Clock())
    journal = one.open()
    says = [
        (xml("A", lat=58.0), "EE", ("Blue",)),
        (xml("A", lat=58.1, at=START + 1000), "EE", ("Blue",)),
        (xml("B", attributes='access="HIGH"'), "EE", ("Blue",)),
        (xml("C"), "LV", ("Blue",)),
        (xml("D", "b-m-p", lat=10.0), "EE", ("Blue", "Red")),
        (xml("E"), "EE", ("Red",)),
        (chat(1), "EE", ("Blue",)),
        (chat(2, to="U2"), "EE", ("Blue",)),
    ]
    for data, nation, groups in says:
        one.say(data, nation=nation, groups=groups)
        one.clock.now += 1000
    journal.stop()
    return tmp_path


@pytest.fixture
def as_latvia(place: Path) -> list[str | Path]:
    return [place / "journal.sqlite", "--policy", place / "policy.toml", "--nation", "LV", "--group", "Blue"]


def uids(file: Path) -> list[str]:
    return [Event.of_xml(line).uid for line in file.read_bytes().splitlines()]


def test_a_recording_as_a_file_of_events(run: Callable[..., Ran], as_latvia: list, place: Path) -> None:
    out = place / "seen.cot"
    ran = run("replay", *as_latvia, "--out", out, "--json")
    assert (ran[0], ran[2]) == (0, "")
    found = document(ran, "hub-replay")
    assert (found["sent"], found["nation"], found["interrupted"], found["confirmed"]) == (
        5,
        "LV",
        False,
        None,
    )
    assert (found["first"], found["last"]) == ("2027-01-15T08:00:00.000Z", "2027-01-15T08:00:06.000Z")
    assert uids(out) == ["A", "A", "C", "D", "GeoChat.U1.All Chat Rooms.1"]
    assert out.read_bytes().splitlines()[0] == xml("A", lat=58.0)


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["--since", "2027-01-15T08:00:02Z", "--until", "2027-01-15T08:00:04Z"], ["B", "C"]),
        (["--uid", "A", "--uid", "E"], ["A", "A", "E"]),
        (["--type", "b-m-*", "--type", "b-m-p"], ["D"]),
        (["--bbox", "57,20,58.05,30"], ["A"]),
        (["--bbox=-60,-20,58.05,30", "--type", "b"], ["D"]),
        (["--origin", "LV"], ["C"]),
        (["--type", "*", "--until", "2027-01-15T08:00:01Z"], ["A"]),
        (["--since", "2028-01-01"], []),
    ],
)
def test_events_are_selected(
    run: Callable[..., Ran], place: Path, words: list[str], expected: list[str]
) -> None:
    out = place / "some.cot"
    code, shown, _ = run("replay", place / "journal.sqlite", "--everything", "--out", out, *words)
    assert code == 0
    assert uids(out) == expected
    assert shown.startswith(f"{len(expected)} event{'' if len(expected) == 1 else 's'} in ")


@pytest.mark.parametrize(
    ("words", "part"),
    [
        (["--out", "x"], "with whose eyes"),
        (["--nation", "EE", "--everything", "--out", "x"], "two readers"),
        (["--nation", "EE", "--out", "x"], "--policy"),
        (["--everything"], "either --to or --out"),
        (["--everything", "--out", "x", "--to", "tcp://localhost"], "either --to or --out"),
        (["--everything", "--to", "tcp://localhost"], "originator control"),
        (["--everything", "--to", "localhost:8087", "--origin", "EE"], "no address"),
        (["--everything", "--to", "tcp://localhost:9", "--origin", "EE", "--speed", "0"], "no speed"),
        (["--everything", "--to", "tcp://localhost:9", "--origin", "EE", "--speed", "nan"], "no speed"),
        (["--everything", "--out", "x", "--bbox", "1,2,3"], "S,W,N,E"),
        (["--everything", "--out", "x", "--bbox", "1,2,3,nan"], "S,W,N,E"),
        (["--everything", "--out", "x", "--since", "yesterday"], "--since"),
    ],
)
def test_what_is_missing_or_wrong_is_said(
    run: Callable[..., Ran], place: Path, monkeypatch: pytest.MonkeyPatch, words: list[str], part: str
) -> None:
    monkeypatch.chdir(place)
    code, out, err = run("replay", "journal.sqlite", *words)
    assert (code, out) == (2, "")
    assert part in err
    assert not (place / "x").exists()


def test_a_journal_that_is_not_there(run: Callable[..., Ran], tmp_path: Path) -> None:
    for words in (["replay"], ["export", "--format", "kml"]):
        code, _, err = run(*words, tmp_path / "none", "--everything", "--out", tmp_path / "x")
        assert code == 2
        assert "there is no such file" in err
    assert list(tmp_path.iterdir()) == []


def test_a_file_is_replaced_only_with_force(run: Callable[..., Ran], as_latvia: list, place: Path) -> None:
    out = place / "mine"
    out.write_text("mine")
    for words in (["replay"], ["export", "--format", "geojson"]):
        code, _, err = run(*words, *as_latvia, "--out", out)
        assert code == 2
        assert "--force" in err
        assert out.read_text() == "mine"
    assert run("replay", *as_latvia, "--out", out, "--force")[0] == 0
    assert len(uids(out)) == 5


def test_an_export_as_geojson(run: Callable[..., Ran], as_latvia: list, place: Path) -> None:
    out = place / "map.geojson"
    found = document(run("export", *as_latvia, "--format", "geojson", "--out", out, "--json"), "hub-export")
    assert (found["features"], found["bytes"]) == (5, out.stat().st_size)
    features = json.loads(out.read_bytes())["features"]
    assert [one["properties"]["uid"] for one in features][:3] == ["A", "A", "C"]
    ran = run("export", *as_latvia, "--format", "geojson", "--out", out, "--tracks", "--force")
    assert "3 tracks in" in ran[1]
    shapes = {
        one["properties"]["uid"]: one["geometry"]["type"] for one in json.loads(out.read_bytes())["features"]
    }
    assert shapes == {"A": "LineString", "C": "Point", "D": "Point"}


def test_an_export_as_kml(run: Callable[..., Ran], as_latvia: list, place: Path) -> None:
    out = place / "map.kml"
    assert run("export", *as_latvia, "--format", "kml", "--out", out, "--tracks")[0] == 0
    assert len(etree.parse(out).findall(".//{*}Track")) == 3


@contextmanager
def hub_in_a_thread(meanwhile: Callable[[Hub], None] | None = None) -> Iterator[Hub]:
    """A hub of Estonia that runs beside the command."""
    started, stopping, hubs = threading.Event(), threading.Event(), []

    async def work() -> None:
        async with running(listener(groups=["Blue"])) as hub:
            hubs.append(hub)
            started.set()
            while not stopping.is_set():
                await asyncio.sleep(0.01)
                if meanwhile is not None:
                    meanwhile(hub)

    thread = threading.Thread(target=lambda: asyncio.run(work()))
    thread.start()
    try:
        with capture_logs():  # it would log among what the command prints
            assert started.wait(10)
            yield hubs[0]
    finally:
        stopping.set()
        thread.join()


def to(hub: Hub) -> str:
    host, port = hub.addresses["tcp"]
    return f"tcp://{host}:{port}"


def test_a_replay_into_a_hub_keeps_back_what_would_reach_more(run: Callable[..., Ran], place: Path) -> None:
    with hub_in_a_thread() as hub:
        words = ["replay", place / "journal.sqlite", "--everything", "--to", to(hub), "--origin", "EE"]
        ran = run(*words, "--group", "Blue", "--speed", "max", "--json")
        assert ran[0] == 0
        found = document(ran, "hub-replay")
        assert (found["sent"], found["kept_back"], found["confirmed"]) == (6, 1, True)
        assert hub.router.counters.received == 7  # and the question whether all has arrived
        assert len(hub.router.picture) == 3
        both = document(
            run(*words, "--group", "Blue", "--group", "Red", "--speed", "max", "--json"), "hub-replay"
        )
        assert (both["sent"], both["kept_back"]) == (1, 6)
        shown = run(*words, "--speed", "max")[1]
        assert "0 events sent" in shown
        assert "7 kept back" in shown


def test_ctrl_c_says_where_it_stopped(run: Callable[..., Ran], place: Path) -> None:
    struck = []

    def strike(hub: Hub) -> None:
        if hub.router.counters.received and not struck:
            struck.append(True)
            # To the main thread, which waits: another one that took it would not wake it.
            signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)

    with hub_in_a_thread(strike) as hub:
        words = ["replay", place / "journal.sqlite", "--everything", "--to", to(hub), "--origin", "EE"]
        ran = run(*words, "--group", "Blue", "--speed", "0.01", "--json")
        assert ran[0] == 130
        found = document(ran, "hub-replay")
        assert (found["interrupted"], found["sent"]) == (True, 1)
        assert found["next"] == "2027-01-15T08:00:01.000Z"
        again = document(
            run(*words, "--group", "Blue", "--speed", "max", "--since", found["next"], "--json"), "hub-replay"
        )
        assert (again["sent"], again["first"]) == (5, found["next"])


@pytest.mark.parametrize("words", [["replay"], ["export", "--format", "kml"]])
def test_the_journal_that_is_read_is_never_replaced(
    run: Callable[..., Ran], place: Path, words: list[str]
) -> None:
    journal = place / "journal.sqlite"
    before = journal.read_bytes()
    (place / "lead.sqlite").symlink_to(journal)
    (place / "same.sqlite").hardlink_to(journal)
    outs = ["journal.sqlite", "journal.sqlite-wal", "journal.sqlite-shm", "journal.sqlite.lock", "lead.sqlite",
            "same.sqlite"]  # fmt: skip
    for name in ("journal.sqlite", "lead.sqlite"):
        for out in outs:
            code, _, err = run(*words, place / name, "--everything", "--force", "--out", place / out)
            assert code == 2
            assert "the journal" in err
            assert "--out" in err
    assert journal.read_bytes() == before
    assert (place / "lead.sqlite").is_symlink()


def test_the_formats_of_an_export_are_named(run: Callable[..., Ran], place: Path) -> None:
    code, _, err = run("export", place / "journal.sqlite", "--everything", "--out", place / "x")
    assert code == 2
    assert "geojson" in err
    assert "kml" in err


def test_another_file_is_no_journal(run: Callable[..., Ran], place: Path) -> None:
    words = ["export", place / "policy.toml", "--format", "kml", "--everything", "--out", place / "x"]
    code, _, err = run(*words)
    assert code == 2
    assert "is no journal" in err
    assert not (place / "x").exists()

"""`vallum hub` and `vallum doctor --hub`, with real processes on loopback."""

import json
import os
import shlex
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from vallum.cli.documents import schemas
from vallum.hub.operate import templates
from vallum.hub.pki import Authority, Delivery, UserRequest

SECONDS = 15.0
PLAIN = """
[[listeners]]
kind = "tcp"
port = 0
name = "plain"
nation = "EE"
authentication = "none"

[operate]
metrics = "127.0.0.1:0"
"""
LISTENER = PLAIN.partition("[operate]")[0]
TLS = """
[[listeners]]
kind = "tls"
port = 0
name = "tls"
"""


class Running:
    """A hub in a process of its own."""

    def __init__(self, command: list[str], folder: Path, *words: str, **more: Any) -> None:
        self.folder = folder
        self.log = folder / "hub.log"
        with self.log.open("w", encoding="utf-8") as log:
            self.process = subprocess.Popen(
                [*command, "hub", "--config", str(folder / "hub.toml"), "--json", *words],
                **{"stdout": subprocess.PIPE, "stderr": log, "text": True, **more},
            )

    def document(self) -> Any:
        """Return what the hub writes when everything is open."""
        assert self.process.stdout is not None
        lines: list[str] = []
        while not lines or lines[-1] != "}\n":
            lines.append(self.process.stdout.readline())
            assert lines[-1], self.log.read_text(encoding="utf-8")
        return json.loads("".join(lines))

    def port(self, name: str = "plain") -> int:
        return next(one["port"] for one in self.document()["listeners"] if one["name"] == name)

    def logged(self, event: str) -> None:
        """Wait until something is logged."""
        deadline = time.monotonic() + SECONDS
        while f'"event": "{event}"' not in self.log.read_text(encoding="utf-8"):
            assert time.monotonic() < deadline, self.log.read_text(encoding="utf-8")
            time.sleep(0.02)

    def end(self, number: int = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        return self.process.wait(SECONDS)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a hub that opens one plain listener."""
    (tmp_path / "hub.toml").write_text(PLAIN, encoding="utf-8")
    (tmp_path / "policy.toml").write_text(templates.POLICY, encoding="utf-8")
    return tmp_path


@pytest.fixture
def start(vallum_command: list[str], folder: Path) -> Iterator[Callable[..., Running]]:
    started: list[Running] = []

    def hub(*words: str, **more: Any) -> Running:
        started.append(Running(vallum_command, folder, *words, **more))
        return started[-1]

    yield hub
    for one in started:
        one.process.kill()
        one.process.wait(SECONDS)
        if one.process.stdout is not None:
            one.process.stdout.close()


def certificates(folder: Path) -> Authority:
    now = datetime.now(UTC)
    made = Authority.create(folder / "pki", name="Test authority", now=now)
    made.issue_server(now=now)
    return made


def test_init_writes_two_files_and_never_overwrites(run: Callable, tmp_path: Path) -> None:
    made = run("hub", "init", tmp_path / "spring")
    assert (made.code, made.err) == (0, "")
    again = run("hub", "init", tmp_path / "spring")
    assert again.code == 2
    assert "is there already" in again.err
    document = run("hub", "init", tmp_path / "other", "--json").document("hub-init")
    assert [Path(file).name for file in document["files"]] == ["hub.toml", "policy.toml"]


def test_what_init_names_as_next_works_word_for_word(
    run: Callable, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    made = run("hub", "init", "spring exercise")
    commands = [shlex.split(line) for line in made.out.splitlines() if line.startswith("  vallum")]
    assert [words[1:3] for words in commands] == [
        ["pki", "init"],
        ["pki", "server"],
        ["pki", "user"],
        ["doctor", "--hub"],
        ["hub", "--config"],
    ]
    for _, *words in commands[:3]:
        assert run(*words).code == 0
    found = {
        one["name"]: one["status"] for one in run(*commands[3][1:], "--json").document("doctor")["conditions"]
    }
    assert {found[name] for name in ("hub configuration", "registry", "TLS")} == {"ok"}
    assert Path(commands[4][3]).is_file()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_hub_runs_until_it_is_told_to_stop(
    number: int, start: Callable, run: Callable, folder: Path
) -> None:
    hub = start()
    document = hub.document()
    jsonschema.Draft202012Validator(json.loads(schemas()["hub"])).validate(document)
    (listener,) = document["listeners"]
    assert (document["pid"], listener["kind"], listener["certificates"]) == (hub.process.pid, "tcp", False)
    host, _, port = document["metrics"].rpartition(":")
    with socket.create_connection((host, int(port)), SECONDS) as asked:
        asked.sendall(b"GET /health/ready HTTP/1.0\r\n\r\n")
        assert b'{"ready":true,"reasons":[]}' in asked.makefile("rb").read()
    with socket.create_connection(("127.0.0.1", listener["port"]), SECONDS) as client:
        assert b"t-x-takp-v" in client.recv(65536)
        shown = run("hub", "status", "--config", folder / "hub.toml")
        assert (shown.code, shown.err) == (0, "")
        assert "ready" in shown.out
        assert "plain" in shown.out
        status = run("hub", "status", "--socket", folder / "hub.sock", "--json").document("hub-status")
        assert status["running"]
        assert [one["nation"] for one in status["status"]["sessions"]] == ["EE"]
        assert hub.end(number) == 0
        assert client.recv(65536) == b""
    lines = [json.loads(line) for line in hub.log.read_text(encoding="utf-8").splitlines()]
    events = [line["event"] for line in lines]
    assert [event for event in events if event.startswith(("start", "stop"))] == [
        "started",
        "stopping",
        "stopped",
    ]
    assert all(line["time"].endswith("Z") for line in lines)
    assert not (folder / "hub.sock").exists()


def test_a_second_signal_ends_it_at_once(start: Callable, folder: Path) -> None:
    # The hub waits a second for a reader that does not read, since its buffer never counts as full.
    text = PLAIN + "[limits]\nconnection_buffer_bytes = 67108864\n"
    (folder / "hub.toml").write_text(text, encoding="utf-8")
    hub = start()
    port = hub.port()
    stale = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
    with socket.socket() as reader, socket.create_connection(("127.0.0.1", port), SECONDS) as sender:
        # A reader that reads nothing: what was written to it keeps its connection open.
        reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        reader.connect(("127.0.0.1", port))
        for number in range(120):
            padding = "x" * 60_000
            sender.sendall(
                f'<event version="2.0" uid="u-{number}" type="b-m-p" time="{stale}" start="{stale}" '
                f'stale="{stale}" how="m-g"><point lat="1" lon="1" hae="0" ce="1" le="1"/>'
                f"<detail><remarks>{padding}</remarks></detail></event>".encode()
            )
        sender.settimeout(SECONDS)
        sender.sendall(
            f'<event version="2.0" uid="x-ping" type="t-x-c-t" time="{stale}" start="{stale}" stale="{stale}" '
            'how="m-g"><point lat="0" lon="0" hae="0" ce="1" le="1"/></event>'.encode()
        )
        answer = b""
        while b"t-x-c-t-r" not in answer:
            answer += sender.recv(65536)
        hub.process.send_signal(signal.SIGTERM)
        hub.logged("stopping")
        assert hub.end() == 130


def test_a_hangup_changes_nothing_and_says_so(start: Callable, run: Callable, folder: Path) -> None:
    hub = start()
    hub.document()
    hub.process.send_signal(signal.SIGHUP)
    hub.logged("nothing is read again")
    assert run("hub", "status", "--config", folder / "hub.toml").code == 0
    assert hub.end() == 0


def test_readers_of_output_and_logs_may_go(start: Callable, run: Callable, folder: Path) -> None:
    reading, writing = os.pipe()
    hub = start("--log-level", "debug", stderr=writing)
    os.close(writing)
    os.close(reading)
    port = hub.port()
    assert hub.process.stdout is not None
    hub.process.stdout.close()
    with socket.create_connection(("127.0.0.1", port), SECONDS) as client:
        assert b"t-x-takp-v" in client.recv(65536)
        assert run("hub", "status", "--config", folder / "hub.toml").code == 0
    assert hub.end() == 0


def test_systemd_is_told_when_it_is_ready_and_when_it_stops(
    start: Callable, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(folder / "notify"))
        manager.settimeout(SECONDS)
        monkeypatch.setenv("NOTIFY_SOCKET", str(folder / "notify"))
        monkeypatch.setenv("WATCHDOG_USEC", "30000000")
        hub = start()
        assert manager.recv(100) == b"READY=1"
        assert manager.recv(100) == b"WATCHDOG=1"
        assert hub.end() == 0
        told = manager.recv(100)
        while told == b"WATCHDOG=1":
            told = manager.recv(100)
        assert told == b"STOPPING=1"


def test_a_hub_that_does_not_run_is_said_so(run: Callable, folder: Path) -> None:
    shown = run("hub", "status", "--config", folder / "hub.toml")
    assert (shown.code, shown.out) == (1, "")
    assert "No hub runs here" in shown.err
    document = run("hub", "status", "--config", folder / "hub.toml", "--json").document("hub-status")
    assert (document["running"], document["status"]) == (False, None)
    assert run("hub", "status", "--watch", "--json", "--config", folder / "hub.toml").code == 2


def test_something_else_behind_the_socket_is_named(run: Callable, folder: Path) -> None:
    with socket.socket(socket.AF_UNIX) as other:
        other.bind(str(folder / "hub.sock"))
        shown = run("hub", "status", "--config", folder / "hub.toml")
        assert (shown.code, shown.out) == (1, "")
        assert "does not answer" in shown.err


def test_a_hub_that_too_many_ask_is_busy(run: Callable, folder: Path) -> None:
    with socket.socket(socket.AF_UNIX) as other:
        other.bind(str(folder / "hub.sock"))
        other.listen()
        answer = b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 4\r\n\r\nbusy"

        def refuse() -> None:
            asked, _ = other.accept()
            with asked:
                asked.recv(65536)
                asked.sendall(answer)

        refusing = threading.Thread(target=refuse)
        refusing.start()
        shown = run("hub", "status", "--config", folder / "hub.toml")
        refusing.join()
    assert (shown.code, shown.out) == (2, "")
    assert "is busy" in shown.err
    assert "version" not in shown.err


def test_status_is_watched_until_interrupted(
    start: Callable, vallum_command: list[str], folder: Path
) -> None:
    hub = start()
    hub.document()
    watching = subprocess.Popen(
        [*vallum_command, "hub", "status", "--watch", "--config", str(folder / "hub.toml")],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert watching.stdout is not None
    for _ in range(2):
        # Twice: it shows it again.
        while line := watching.stdout.readline():
            if line.startswith("plain"):
                break
        assert line
    watching.send_signal(signal.SIGINT)
    try:
        _, err = watching.communicate(timeout=SECONDS)
    finally:
        watching.kill()
    assert watching.returncode == 0, err
    assert hub.end() == 0


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("hub.toml", "listeners = 1", "listeners"),
        ("hub.toml", PLAIN + "unknown = 1\n", "unknown"),
        ("hub.toml", "[[listeners", "hub.toml"),
        ("hub.toml", TLS, "vallum pki"),
        ("hub.toml", PLAIN + 'control = "no/such/folder/hub.sock"\n', "control socket cannot be made"),
        ("hub.toml", PLAIN.replace("127.0.0.1:0", "9108"), "is not HOST:PORT"),
        ("policy.toml", 'nations = ["Estonia"]', "ISO 3166-1"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_stays_open(
    name: str, text: str, told: str, run: Callable, folder: Path
) -> None:
    (folder / name).write_text(text, encoding="utf-8")
    outcome = run("hub", "--config", folder / "hub.toml")
    assert outcome.code == 2
    assert outcome.out == ""
    assert told in outcome.err
    assert "Traceback" not in outcome.err
    assert not (folder / "hub.sock").exists()


def test_a_port_that_is_taken_is_named_and_the_others_are_closed(run: Callable, folder: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, socket.create_server(("127.0.0.1", 0)) as free:
        ports = free.getsockname()[1], taken.getsockname()[1]
        free.close()
        text = "".join(
            LISTENER.replace("port = 0", f"port = {port}").replace("plain", f"p{port}") for port in ports
        )
        (folder / "hub.toml").write_text(text, encoding="utf-8")
        outcome = run("hub", "--config", folder / "hub.toml")
        assert outcome.code == 2
        assert f"port {ports[1]}" in outcome.err
        assert "choose another port" in outcome.err
        assert not (folder / "hub.sock").exists()
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", ports[0]), SECONDS)


def test_a_missing_configuration_names_the_way_to_one(run: Callable, tmp_path: Path) -> None:
    outcome = run("hub", "--config", tmp_path / "hub.toml")
    assert outcome.code == 2
    assert "vallum hub init" in outcome.err


def conditions(run: Callable, folder: Path) -> dict[str, dict[str, Any]]:
    """Return what doctor says of the hub, by name."""
    document = run("doctor", "--hub", folder / "hub.toml", "--json").document("doctor")
    return {one["name"]: one for one in document["conditions"]}


def test_doctor_finds_a_sound_hub_sound(run: Callable, folder: Path) -> None:
    authority = certificates(folder)
    authority.issue_user(
        UserRequest(name="anna", nation="EE"), Delivery(password="x" * 8), now=datetime.now(UTC)
    )
    (folder / "hub.toml").write_text(TLS, encoding="utf-8")
    found = conditions(run, folder)
    for name in ("hub configuration", "release policy", "authority", "registry", "hub's certificate", "TLS",
                 "key server.pem", "listener tls", "journal", "clock"):  # fmt: skip
        assert found[name]["status"] == "ok", found[name]
    assert found["clock kept right"]["status"] in ("ok", "missing", "warning")


def test_doctor_names_users_whose_nation_the_policy_does_not_know(run: Callable, folder: Path) -> None:
    authority = certificates(folder)
    for name, nation in (("anna", "EE"), ("sven", "SE")):
        authority.issue_user(
            UserRequest(name=name, nation=nation), Delivery(password="x" * 8), now=datetime.now(UTC)
        )
    (folder / "hub.toml").write_text(TLS, encoding="utf-8")
    found = conditions(run, folder)
    assert "users of EE" not in found
    told = found["users of SE"]
    assert told["status"] == "warning"
    assert "sven" in told["value"]
    assert "policy.toml" in told["remedy"]


def test_doctor_names_what_is_wrong_and_what_is_dangerous(run: Callable, folder: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        (folder / "hub.toml").write_text(
            TLS.replace("port = 0", f"port = {taken.getsockname()[1]}")
            + LISTENER.replace('nation = "EE"', 'nation = "SE"\nhost = "0.0.0.0"')
            + '[limits]\nconnections = 1000000000\n[journal]\npath = "gone/j"\n'
            + '[operate]\nlog_positions = true\nmetrics = "0.0.0.0:9108"\n',
            encoding="utf-8",
        )
        found = run("doctor", "--hub", folder / "hub.toml", "--json")
        assert found.code == 1
        told: dict[tuple[str, str], str] = {
            (one["name"], one["status"]): one["value"] for one in found.document("doctor")["conditions"]
        }
    assert "no such file" in told["certificates", "failed"]
    assert "another program" in told["listener tls", "failed"]
    assert "SE is not in the policy" in told["listener plain", "failed"]
    assert "whoever reaches 0.0.0.0" in told["listener plain", "warning"]
    assert ("open files", "warning") in told
    assert "gone" in told["journal", "failed"]
    assert ("metrics", "warning") in told
    assert ("logs", "warning") in told


def test_doctor_sees_keys_that_others_read_and_certificates_that_end(run: Callable, folder: Path) -> None:
    now = datetime.now(UTC)
    authority = Authority.create(folder / "pki", name="Test authority", now=now)
    authority.issue_server(now=now, days=5)
    (folder / "hub.toml").write_text(TLS, encoding="utf-8")
    (folder / "pki/server.pem").chmod(0o640)
    found = conditions(run, folder)
    assert found["key server.pem"]["status"] == "failed"
    assert "chmod 600" in found["key server.pem"]["remedy"]
    assert found["hub's certificate"]["status"] == "warning"
    assert "5 days" in found["hub's certificate"]["value"] or "4 days" in found["hub's certificate"]["value"]


def test_doctor_knows_a_running_hub(run: Callable, start: Callable, folder: Path) -> None:
    hub = start()
    port = hub.port()
    found = conditions(run, folder)
    assert found["hub"]["status"] == "ok"
    assert f"the hub listens on 127.0.0.1 port {port}" in found["listener plain"]["value"]
    assert hub.end() == 0


def test_doctor_says_when_there_is_no_configuration(run: Callable, tmp_path: Path) -> None:
    found = run("doctor", "--hub", tmp_path / "hub.toml")
    assert found.code == 1
    assert "vallum hub init" in found.out

"""What whoever operates the hub may ask and do, over real sockets."""

import asyncio
import contextlib
import json
import socket
import stat
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import quote

import pytest
from prometheus_client.parser import text_string_to_metric_families

from vallum.core.errors import BadInput
from vallum.hub.config import Config, Journal, Listener, Operate
from vallum.hub.journal import JournalState
from vallum.hub.operate import control as control_module
from vallum.hub.operate import templates
from vallum.hub.operate.control import Control, host_and_port
from vallum.hub.operate.health import troubles
from vallum.hub.pki import Authority
from vallum.hub.release import read_policy
from vallum.hub.server import Hub


class Recorder:
    """A journal that says how it is."""

    trouble: str | None = None

    def append(self, *_: object) -> None:
        """Keep nothing."""

    def state(self) -> JournalState:
        return JournalState(
            written=3, pending=1, dropped=0, trouble=self.trouble, batch_s=0.01, file_bytes=4096
        )


def test_status_says_who_is_there_and_never_where(
    operate: Callable, connect: Callable, make_event: Callable, tmp_path: Path
) -> None:
    async def scenario() -> None:
        async with operate(tmp_path) as run:
            anna, dace = await connect(run, "EE"), await connect(run, "LV")
            anna.send(make_event("anna-1"))
            anna.send(make_event("gun-1", "t-k-d"))
            assert await dace.uids_until("anna-1") == {"anna-1"}
            status = await run.status()
            assert (status["name"], status["ready"], status["troubles"]) == ("vallum", True, [])
            assert {(one["name"], one["kind"], one["sessions"]) for one in status["listeners"]} == {
                ("EE", "tcp", 1),
                ("LV", "tcp", 1),
                ("LT", "tcp", 0),
            }
            first, second = status["sessions"]
            assert (first["nation"], first["groups_in"], first["format"]) == ("EE", ["Blue"], "xml")
            assert (first["received"], first["refusals"]) == (2, {"type refused": 1})
            assert (second["nation"], second["sent"], second["waiting_bytes"]) == ("LV", 1, 0)
            assert (status["picture"], status["chat"], status["journal"]) == (1, 0, None)
            assert status["counters"]["refused"] == {"type refused": 1}
            assert not {"anna-1", "57.78", "lat"} & set(json.dumps(status).replace('"', " ").split())
            assert "57.78" not in json.dumps(status)

    asyncio.run(scenario())


def test_a_hub_in_trouble_is_not_ready_and_says_why(operate: Callable, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with operate(tmp_path) as run:
            assert await run.ask("GET", "/health/live", tcp=True) == (200, b'{"live":true}')
            assert await run.ask("GET", "/health/ready", tcp=True) == (200, b'{"ready":true,"reasons":[]}')
            recorder = run.hub.router.recorder = Recorder()
            journal = (await run.status())["journal"]
            assert (journal["written"], journal["pending"], journal["trouble"]) == (3, 1, None)
            recorder.trouble = "disk full: /secret/place"
            code, content = await run.ask("GET", "/health/ready", tcp=True)
            assert (code, json.loads(content)) == (503, {"ready": False, "reasons": ["journal"]})
            status = await run.status()
            assert (status["ready"], status["troubles"]) == (False, ["journal: disk full: /secret/place"])
            assert b"vallum_hub_ready 0.0" in (await run.ask("GET", "/metrics"))[1]
            recorder.trouble = None
            run.control.leaving = True
            code, content = await run.ask("GET", "/health/ready")
            assert (code, json.loads(content)["reasons"]) == (503, ["stopping"])

    asyncio.run(scenario())


def test_the_journal_of_a_hub_is_told_of(
    operate: Callable, connect: Callable, make_event: Callable, tmp_path: Path
) -> None:
    async def scenario() -> None:
        async with operate(tmp_path, journal=Journal(batch_ms=10)) as run:
            anna = await connect(run, "EE")
            anna.send(make_event("anna-1"))
            async with asyncio.timeout(5):
                while (journal := (await run.status())["journal"])["written"] < 1:
                    await asyncio.sleep(0.02)
            assert (journal["trouble"], journal["pending"], journal["dropped"]) == (None, 0, 0)
            assert b"vallum_hub_journal_ok 1.0" in (await run.ask("GET", "/metrics"))[1]

    asyncio.run(scenario())


def test_before_a_listener_is_open_the_hub_is_not_ready(operate: Callable, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with operate(tmp_path) as run:
            run.hub.addresses.clear()
            code, content = await run.ask("GET", "/health/ready")
            assert (code, json.loads(content)["reasons"]) == (503, ["listeners"])

    asyncio.run(scenario())


def test_certificates_in_trouble_make_it_not_ready(tmp_path: Path) -> None:
    now = datetime.now(UTC)
    authority = Authority.create(tmp_path / "pki", name="Test authority", now=now)
    authority.issue_server(now=now)
    (tmp_path / "policy.toml").write_text(templates.POLICY, encoding="utf-8")
    config = Config(listeners=[Listener(kind="tls", port=0)], journal=Journal(path=""))

    async def scenario() -> None:
        hub = Hub(config, read_policy(tmp_path / "policy.toml"), tmp_path)
        await hub.start()
        try:
            assert troubles(hub, now) == []
            assert [one.part for one in troubles(hub, now + timedelta(days=398))] == ["certificates"]
            (tmp_path / "pki/registry.json").write_text("{", encoding="utf-8")
            assert hub.directory is not None
            hub.directory.refresh()
            assert [one.part for one in troubles(hub, now)] == ["certificates"]
            (tmp_path / "pki/server.pem").write_text("damaged", encoding="utf-8")
            assert [one.part for one in troubles(hub, now)] == ["certificates", "certificates"]
        finally:
            await hub.stop()

    asyncio.run(scenario())


def test_groups_are_switched_within_those_of_the_principal(
    operate: Callable, connect: Callable, make_event: Callable, tmp_path: Path
) -> None:
    async def scenario() -> None:
        async with operate(tmp_path) as run:
            anna, dace = await connect(run, "EE"), await connect(run, "LV")
            number = (await run.status())["sessions"][1]["number"]
            code, content = await run.ask("POST", f"/sessions/{number}/groups", b'{"out": []}')
            assert code == 200
            assert (json.loads(content)["groups_out"], json.loads(content)["groups_in"]) == ([], ["Blue"])
            await dace.uids_until("groups")
            anna.send(make_event("anna-1"))
            anna.send(make_event("anna-2"))
            await asyncio.sleep(0.2)
            assert (await run.ask("POST", f"/sessions/{number}/groups", b'{"out": ["Blue"]}'))[0] == 200
            # Switched on again it is sent the picture of now.
            assert {"anna-1", "anna-2"} <= await dace.uids_until("anna-2")
            for body, code in (
                (b'{"out": ["Red"]}', 422),
                (b'{"all": true}', 400),
                (b"no JSON", 400),
                (b"[" * 70_000, 400),
            ):
                assert (await run.ask("POST", f"/sessions/{number}/groups", body))[0] == code
            assert (await run.ask("POST", "/sessions/999999/groups", b"{}"))[0] == 404

    asyncio.run(scenario())


def test_a_session_is_cut(operate: Callable, connect: Callable, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with operate(tmp_path) as run:
            dace = await connect(run, "LV")
            number = (await run.status())["sessions"][0]["number"]
            assert (await run.ask("GET", f"/sessions/{number}/cut"))[0] == 405
            assert (await run.ask("POST", f"/sessions/{number}/cut"))[0] == 200
            assert await asyncio.wait_for(dace.reader.read(), 5) == b""
            assert (await run.ask("POST", f"/sessions/{number}/cut"))[0] == 404
            status = await run.status()
            assert (status["sessions"], status["counters"]["cut"]) == ([], {"cut by the operator": 1})

    asyncio.run(scenario())


def test_metrics_are_read_by_prometheus_and_name_nobody(
    operate: Callable, connect: Callable, make_event: Callable, tmp_path: Path
) -> None:
    async def scenario() -> None:
        async with operate(tmp_path) as run:
            anna, dace = await connect(run, "EE"), await connect(run, "LV")
            anna.send(make_event("anna-1"))
            await dace.uids_until("anna-1")
            anna.send(make_event("gun-1", "t-k-d"))
            anna.send(b"<event uid='broken-uid'/>")
            anna.send(make_event("anna-2"))
            await dace.uids_until("anna-2")
            code, content = await run.ask("GET", "/metrics", tcp=True)
            assert code == 200
            families = {one.name: one for one in text_string_to_metric_families(content.decode())}
            values = {
                (sample.name, *sample.labels.values()): sample.value
                for one in families.values()
                for sample in one.samples
            }
            assert values["vallum_hub_events_received_total",] == 3
            assert values["vallum_hub_events_delivered_total",] >= 1
            assert values["vallum_hub_events_refused_total", "type refused"] == 1
            assert values["vallum_hub_inputs_malformed_total", "EE"] == 1
            assert values["vallum_hub_sessions", "xml", "EE"] == 1
            assert values["vallum_hub_picture_events",] == 2
            assert values["vallum_hub_tick_seconds_count",] >= 1
            assert values["process_open_fds",] > 0
            assert values["process_resident_memory_bytes",] > 1e6
            assert all(one.documentation for one in families.values())
            labels = {name for one in families.values() for sample in one.samples for name in sample.labels}
            assert labels <= {"reason", "listener", "format", "version", "le"}
            assert not any(word in content for word in (b"anna-1", b"gun-1", b"broken-uid", b"57.78"))

    asyncio.run(scenario())


def test_every_metric_stands_in_the_reference(operate: Callable, tmp_path: Path, root: Path) -> None:
    page = (root / "docs/reference/hub.md").read_text(encoding="utf-8")

    async def scenario() -> None:
        async with operate(tmp_path) as run:
            run.hub.router.recorder = Recorder()
            content = (await run.ask("GET", "/metrics"))[1].decode()
        for family in text_string_to_metric_families(content):
            name = f"{family.name}_total" if family.type == "counter" else family.name
            if not name.startswith("process_"):
                assert f"| `{name}` | {family.type} |" in page

    asyncio.run(scenario())


def test_the_metrics_port_operates_nothing(operate: Callable, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with operate(tmp_path) as run:
            assert (await run.ask("GET", "/status", tcp=True))[0] == 404
            assert (await run.ask("POST", "/sessions/1/cut", tcp=True))[0] == 404

    asyncio.run(scenario())


def test_the_socket_is_for_its_owner_and_goes_with_the_hub(operate: Callable, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with operate(tmp_path) as run:
            assert stat.S_IMODE(run.control.path.stat().st_mode) == 0o600
        assert not (tmp_path / "hub.sock").exists()

    asyncio.run(scenario())


def test_a_second_hub_is_refused_and_the_first_stays(operate: Callable, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with operate(tmp_path) as run:
            with pytest.raises(BadInput, match="a hub runs here already"):
                await Control(run.hub).start()
            assert (await run.status())["ready"]

    asyncio.run(scenario())


def test_a_socket_left_by_a_killed_hub_is_replaced(operate: Callable, tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(tmp_path / "hub.sock"))

    async def scenario() -> None:
        async with operate(tmp_path) as run:
            assert (await run.status())["ready"]

    asyncio.run(scenario())


def test_a_file_in_its_place_is_kept(operate: Callable, tmp_path: Path) -> None:
    (tmp_path / "hub.sock").write_text("mine", encoding="utf-8")

    async def scenario() -> None:
        async with operate(tmp_path):
            pass

    with pytest.raises(BadInput, match="something else is in the place"):
        asyncio.run(scenario())
    assert (tmp_path / "hub.sock").read_text(encoding="utf-8") == "mine"


def test_a_taken_metrics_port_leaves_nothing_open(operate: Callable, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:

        async def scenario() -> None:
            async with operate(tmp_path) as run:
                await run.control.stop()
                other = Control(run.hub)
                run.hub.config = type(run.hub.config)(
                    listeners=run.hub.config.listeners,
                    operate=Operate(metrics=f"127.0.0.1:{taken.getsockname()[1]}"),
                )
                with pytest.raises(BadInput, match="cannot listen on"):
                    await other.start()
                assert not other.path.exists()

        asyncio.run(scenario())


@pytest.mark.parametrize("address", ["9108", "host:", ":1", "host:port", "127.0.0.1:65536", "127.0.0.1:-1"])
def test_an_address_that_is_none_is_named(address: str) -> None:
    with pytest.raises(BadInput, match="is not HOST:PORT"):
        host_and_port(address)


def test_addresses_of_both_kinds() -> None:
    assert host_and_port("127.0.0.1:9108") == ("127.0.0.1", 9108)
    assert host_and_port("[::1]:9108") == ("::1", 9108)


def test_connections_that_ask_nothing_are_closed_and_the_health_check_answers(
    operate: Callable, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(control_module, "_SILENCE_S", 0.5)
    beginnings = [b"", b"GET /health", b"GET /health/live HTTP/1.1\r\nHost: hub\r\n\r\nGET /he"]

    async def scenario() -> None:
        async with operate(tmp_path) as run:
            idle = [await asyncio.open_connection(*run.control.metrics_address) for _ in range(70)]
            for number, (_, writer) in enumerate(idle):
                writer.write(beginnings[number % 3])
            for reader, writer in idle:
                with contextlib.suppress(ConnectionError):
                    await asyncio.wait_for(reader.read(), 10)
                writer.close()
            assert (await run.ask("GET", "/health/live", tcp=True))[0] == 200

    asyncio.run(scenario())


@pytest.mark.parametrize("number", ["9" * 5_000, "1" * 19, "-1", "1.5", "\u0661", "x"])
def test_what_is_no_number_of_a_session_is_no_session(
    operate: Callable, connect: Callable, tmp_path: Path, number: str
) -> None:
    async def scenario() -> None:
        async with operate(tmp_path) as run:
            await connect(run, "EE")
            for what in ("cut", "groups"):
                assert (await run.ask("POST", f"/sessions/{quote(number)}/{what}", b"{}"))[0] == 404

    asyncio.run(scenario())

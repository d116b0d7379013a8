"""Recordings into a running hub."""

import asyncio
import ssl
import time
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from tests.hub.conftest import StreamClient, listener, run, running
from tests.hub.journal.conftest import START, xml
from vallum.core.errors import BadInput
from vallum.hub.journal import Stored
from vallum.hub.journal.reading import Label
from vallum.hub.replay import Course, Hub, hub_of, play
from vallum.picture import Event


def stored(uid: str, at: int = START, **more: object) -> Stored:
    label = Label("a-f-G", "EE", "", "", "", '["Blue"]')
    return Stored(at, uid, label, False, 58.4, 26.7, xml(uid, at=at - 250, **more), None)


def now() -> int:
    return time.time_ns() // 1_000_000


async def sent(events: Iterable[Stored], hub: Hub, course: Course | None = None, **more: object) -> Course:
    course = course or Course()
    options = {"speed": None, "keep_times": False, "clock": now, **more}
    await play(events, hub, course, **options)
    return course


def at(address: tuple[str, int]) -> Hub:
    return Hub(*address, None)


def test_events_arrive_in_order_as_old_as_they_were() -> None:
    async def work() -> None:
        async with running(listener()) as hub, await StreamClient.to(hub) as client:
            events = [stored(f"U{number}", START + number) for number in range(50)]
            before = now()
            course = await sent(events, at(hub.addresses["tcp"]))
            assert (course.sent, course.confirmed) == (50, True)
            assert (course.first, course.last, course.next) == (START, START + 49, None)
            await client.get("U49")
            got = [Event.of_xml(data) for data in client.received if b'"U' in data]
            assert [event.uid for event in got] == [f"U{number}" for number in range(50)]
            for event, one in zip(got, events, strict=True):
                assert before - 250 <= event.time <= now() - 250
                assert event.stale - event.time == 60_000
                assert event.xml.partition(b"<point")[2] == one.xml.partition(b"<point")[2]

    run(work())


def test_times_may_stay() -> None:
    async def work() -> None:
        async with running(listener()) as hub, await StreamClient.to(hub) as client:
            one = stored("U1", now() - 1000)
            await sent([one], at(hub.addresses["tcp"]), keep_times=True)
            assert await client.get("U1") == one.xml

    run(work())


def test_a_replay_reads_what_the_hub_sends_it() -> None:
    """A hub cuts a reader that does not read; the others' events must not end the replay."""

    async def work() -> None:
        limits = {"connection_buffer_bytes": 1 << 16, "outbox_bytes": 1 << 16, "events_per_s": 1e6}
        async with running(listener(), **limits) as hub, await StreamClient.to(hub) as client:
            detail = f"<remarks>{'x' * 50_000}</remarks>"

            async def chatter() -> None:
                for number in range(100):
                    await client.send(stored(f"C{number}", now(), detail=detail).xml)

            talking = asyncio.create_task(chatter())
            events = [stored(f"U{number}", START + number * 5) for number in range(100)]
            course = await sent(events, at(hub.addresses["tcp"]), speed=1.0)
            await talking
            assert course.confirmed
            assert not hub.router.counters.cut

    run(work())


def test_an_interruption_leaves_the_place_to_go_on() -> None:
    async def work() -> None:
        async with running(listener()) as hub:
            course = Course()
            events = [stored("U1", START), stored("U2", START + 3_600_000)]
            replay = asyncio.create_task(sent(events, at(hub.addresses["tcp"]), course, speed=1.0))
            while not course.sent:
                await asyncio.sleep(0.01)
            await asyncio.sleep(0.02)
            replay.cancel()
            with pytest.raises(asyncio.CancelledError):
                await replay
            assert (course.sent, course.next, course.confirmed) == (1, START + 3_600_000, False)

    run(work())


def test_a_hub_that_ends_the_connection_is_named_at_once() -> None:
    async def work() -> None:
        async def greet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"</event>")
            writer.close()

        server = await asyncio.start_server(greet, "127.0.0.1", 0)
        async with server:
            address = server.sockets[0].getsockname()
            events = [stored("U1", START), stored("U2", START + 3_600_000)]
            with pytest.raises(BadInput, match="ended the connection after 1 events"):
                await sent(events, at(address), speed=1.0)

    run(work())


def test_an_address_where_nobody_listens_is_named() -> None:
    async def work() -> None:
        server = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
        address = server.sockets[0].getsockname()
        server.close()
        await server.wait_closed()
        with pytest.raises(BadInput, match=r"no connection: nobody listens there\."):
            await sent([stored("U1")], at(address))

    run(work())


@pytest.fixture
def files(issue: Callable, tmp_path: Path) -> dict[str, Path]:
    """A certificate of Estonia."""
    issued = issue("Kadri", "EE")
    found = {path.suffix: path for path in map(Path, issued.files)}
    return {"cert": found[".pem"], "key": found[".key"], "ca": tmp_path / "pki" / "ca.pem"}


def test_with_tls_events_are_of_the_certificates_nation(files: dict[str, Path], tmp_path: Path) -> None:
    async def work() -> None:
        tls = listener("tls", nation="", authentication="certificate")
        async with running(tls, listener(), folder=tmp_path) as hub, await StreamClient.to(hub) as client:
            host, port = hub.addresses["tls"]
            target = hub_of(f"tls://{host}:{port}", origin="EE", **files)
            assert (await sent([stored("U1")], target)).confirmed
            await client.get("U1")

    run(work())


def test_a_certificate_of_another_nation_is_refused(files: dict[str, Path]) -> None:
    with pytest.raises(BadInput, match="is of EE, and events of LV") as refused:
        hub_of("tls://localhost", origin="LV", **files)
    assert refused.value.rule == "originator control"


def test_files_that_do_not_fit_are_refused(files: dict[str, Path]) -> None:
    for name, wrong in (("cert", "key"), ("key", "cert"), ("ca", "key")):
        with pytest.raises(BadInput):
            hub_of("tls://localhost", origin="EE", **{**files, name: files[wrong]})


def test_addresses(files: dict[str, Path]) -> None:
    assert hub_of("tcp://[::1]:99", origin="EE") == Hub("::1", 99, None)
    assert hub_of("tcp://hub", origin="EE") == Hub("hub", 8087, None)
    hub = hub_of("tls://hub", origin="EE", **files)
    assert (hub.host, hub.port) == ("hub", 8089)
    assert isinstance(hub.context, ssl.SSLContext)
    for wrong in ("hub:8087", "http://hub", "tcp://", "tcp://hub:x", "tcp://hub:99999", "tcp://hub/path", ""):
        with pytest.raises(BadInput, match="no address of a hub"):
            hub_of(wrong, origin="EE")
    with pytest.raises(BadInput, match="without TLS"):
        hub_of("tcp://hub", origin="EE", **files)
    with pytest.raises(BadInput, match="asks for a certificate"):
        hub_of("tls://hub", origin="EE")

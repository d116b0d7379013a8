"""The streaming protocol over a real connection: TAK protocol on request, rates, and readers that come back."""

import asyncio
import contextlib
import socket
import sqlite3
import ssl
from collections.abc import AsyncIterator, Callable
from pathlib import Path

from tests.hub.conftest import POLICY, StreamClient, event, listener, presence, quiet, run, running, until
from vallum.hub.config import Config, Journal, Operate
from vallum.hub.pki import Authority, IssuedUser
from vallum.hub.server import Hub
from vallum.picture import Event
from vallum.wire.takproto import StreamFramer, stream_frame

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@contextlib.asynccontextmanager
async def streams(hub: Hub, **more: object) -> AsyncIterator[Streams]:
    """A connection on which the hub has made its offer."""
    reader, writer = await asyncio.open_connection(*hub.addresses["tcp"], **more)
    assert b"t-x-takp-v" in await reader.readuntil(b"</event>\n")
    try:
        yield reader, writer
    finally:
        writer.close()
        await asyncio.gather(writer.wait_closed(), return_exceptions=True)


def request(version: str) -> bytes:
    detail = f'<TakControl><TakRequest version="{version}"/></TakControl>'
    return event("C-asks", "t-x-takp-q", detail) + b"\n"


def frame(document: bytes) -> bytes:
    return stream_frame(Event.of_xml(document).payload())


async def uids(reader: asyncio.StreamReader, last: str) -> list[str]:
    """Uids of what comes in TAK protocol, up to one."""
    framer, found = StreamFramer(), list[str]()
    while last not in found:
        data = await reader.read(65_536)
        assert data, f"the hub has closed; {found}"
        events = (Event.of_payload(payload) for payload in framer.feed(data))
        found += [one.uid for one in events if one is not None]
    return found


def test_who_asks_for_tak_protocol_is_answered_and_speaks_it_both_ways_from_then_on() -> None:
    async def work() -> None:
        async with (
            running(listener()) as hub,
            await StreamClient.to(hub) as other,
            streams(hub) as (reader, writer),
        ):
            await other.send(presence("BEFORE"))
            await until(lambda: len(hub.router.picture) == 1)
            writer.write(request("1") + frame(presence("C")))  # it does not wait for the answer
            said = await reader.readuntil(b"t-x-takp-r")
            said += await reader.readuntil(b"</event>\n")
            assert b'uid="C-asks"' in said
            assert b'<TakResponse status="true"/>' in said
            await other.get("C")
            await other.send(presence("AFTER"))
            found = await uids(reader, "AFTER")
            # In XML before the answer or in TAK protocol after it, but once.
            assert said.count(b'uid="BEFORE"') + found.count("BEFORE") == 1

    run(work())


def test_who_asks_for_another_version_is_told_no_and_goes_on_in_xml() -> None:
    async def work() -> None:
        async with (
            running(listener()) as hub,
            await StreamClient.to(hub) as other,
            await StreamClient.to(hub) as client,
        ):
            await client.send(request("2"))
            assert b'<TakResponse status="false"/>' in await client.get("t-x-takp-r")
            await client.send(presence("C"))
            await other.get("C")
            await other.send(presence("O"))
            await client.get("O")

    run(work())


def test_what_stands_behind_the_last_fault_that_is_borne_is_not_taken() -> None:
    async def work() -> None:
        async with (
            running(listener(), faults=2) as hub,
            await StreamClient.to(hub) as other,
            await StreamClient.to(hub) as client,
        ):
            bad = presence("X").replace(b'uid="X"', b"", 1)
            await client.send(bad + presence("GOOD") + bad + presence("LATE"))
            await until(client.reader.at_eof)
            await other.get("GOOD")
            await quiet(hub)
            assert other.count("LATE") == 0
            assert hub.router.counters.cut == {"too many faults": 1}

    run(work())


def test_a_peer_over_its_rate_is_not_read_for_a_while_and_then_again() -> None:
    async def work() -> None:
        async with (
            running(listener(), events_per_s=400.0, burst=50.0) as hub,
            await StreamClient.to(hub) as reader,
        ):
            (known,) = hub.shared.peers
            async with streams(hub) as (_, fast):
                (peer,) = hub.shared.peers - {known}
                fast.write(b"".join(event(f"U{number}") for number in range(200)))
                await until(lambda: hub.router.counters.received == 200)
                assert not peer.transport.is_reading()
                fast.write(presence("LAST"))
                await reader.get("LAST")
                assert known.transport.is_reading()

    run(work())


def test_a_reader_that_reads_again_gets_the_latest_and_is_no_longer_behind() -> None:
    async def work() -> None:
        limits = {"connection_buffer_bytes": 20_000, "outbox_bytes": 1 << 24, "patience_s": 60.0}
        async with (
            running(listener(), events_per_s=1e5, burst=1e5, bytes_per_s=1e9, **limits) as hub,
            await StreamClient.to(hub) as source,
        ):
            narrow = socket.socket()
            narrow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            narrow.setblocking(False)
            await asyncio.get_running_loop().sock_connect(narrow, hub.addresses["tcp"])
            reader, writer = await asyncio.open_connection(sock=narrow, limit=1024)
            await until(lambda: len(hub.router.sessions) == 2)
            behind = max(hub.router.sessions, key=lambda one: one.number)
            sent = 0
            while not behind.outbox.size:
                sent += 1
                filler = f"<remarks>{'P' * 20_000}</remarks>"
                await source.send(event("U", "b-m-p-s-m", f"<version n='{sent}'/>{filler}"))
                await asyncio.sleep(0.002)
            await source.send(event("U", "b-m-p-s-m", "<version n='last'/>"))
            await until(lambda: hub.router.counters.received == sent + 1)
            got = b""
            while b"n='last'" not in got[-2000:]:
                data = await reader.read(1 << 16)
                assert data
                got += data
            await until(lambda: not behind.lagging_since)
            assert not behind.outbox.size
            assert got.count(b"<event") == got.count(b"</event>")
            writer.close()

    run(work())


def test_a_certificate_of_a_nation_that_the_policy_does_not_name_is_turned_away(
    authority: Authority, issue: Callable[..., IssuedUser], tmp_path: Path
) -> None:
    stranger = issue("Anna", "SE")

    async def work() -> None:
        secured = listener("tls", nation="", authentication="certificate")
        async with running(secured, folder=tmp_path) as hub:
            key, certificate = stranger.files[:2]
            context = ssl.create_default_context(cafile=tmp_path / "pki/ca.pem")
            context.load_cert_chain(certificate, key)
            host, port = hub.addresses["tls"]
            with contextlib.suppress(OSError):
                reader, writer = await asyncio.open_connection(
                    host, port, ssl=context, server_hostname="localhost"
                )
                assert not await reader.read(1)
                writer.close()
            assert hub.router.counters.turned_away["nation not in policy"] == 1
            assert not hub.router.sessions

    run(work())


def test_what_a_client_was_sent_of_the_chat_is_kept_while_the_hub_runs(tmp_path: Path) -> None:
    """A hub that is killed has it from its last sweep, so that its clients are not sent the day's chat again."""

    async def work() -> None:
        config = Config(
            listeners=[listener()],
            journal=Journal(path="journal.sqlite", batch_ms=10),
            operate=Operate(control=""),
        )
        hub = Hub(config, POLICY, tmp_path)
        await hub.start()
        try:
            async with await StreamClient.to(hub) as one, await StreamClient.to(hub) as two:
                await one.send(presence("ONE"))
                await two.send(presence("TWO"))
                await one.get("TWO")
                detail = '<__chat chatroom="All Chat Rooms" id="All Chat Rooms"/><remarks>hello</remarks>'
                await one.send(event("GeoChat.ONE.All.1", "b-t-f", detail))
                await two.get("GeoChat")
                await two.send(presence("TWO"))  # a sign of life: what was sent before has arrived
                await until(lambda: hub.router.counters.received == 4)
            assert hub.journal is not None
            two_has = hub.router.mailbox.conversation.sequence
            await until(lambda: two_has in _cursors(tmp_path / "journal.sqlite").values())
            assert hub.router.mailbox.cursors == {
                **hub.router.mailbox.cursors,
                **_cursors(tmp_path / "journal.sqlite"),
            }
        finally:
            await hub.stop()

    run(work())


def _cursors(path: Path) -> dict[str, int]:
    with contextlib.closing(sqlite3.connect(path)) as connection:
        return dict(connection.execute("SELECT uid, sequence FROM cursor").fetchall())

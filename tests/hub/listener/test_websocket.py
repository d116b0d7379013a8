"""TAK protocol over WebSocket: the handshake, messages in every cut, and who is cut off for what."""

import asyncio
import ssl
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
import takproto
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidMessage, InvalidStatus

from tests.hub.conftest import StreamClient, event, listener, presence, quiet, run, running, until
from tests.hub.listener.conftest import (
    BINARY,
    CLOSE,
    CONTINUATION,
    PING,
    PONG,
    REQUEST,
    TEXT,
    RawWebSocket,
    frame,
    raw_websocket,
)
from vallum.hub.listener import websocket
from vallum.hub.pki import Authority, IssuedUser
from vallum.hub.server import Hub
from vallum.picture import Event
from vallum.wire.takproto import StreamFramer, stream_frame

TCP, WEBSOCKET = listener("tcp"), listener("websocket")


def client(hub: Hub, name: str = "websocket", **more: object) -> connect:
    host, port = hub.addresses[name]
    return connect(f"ws://{host}:{port}/takproto/1", compression=None, **more)


def message(document: bytes) -> bytes:
    """An event as one frame of TAK protocol."""
    return stream_frame(Event.of_xml(document).payload())


async def received(connection: ClientConnection) -> Event:
    """The next event that a client is sent."""
    data = await connection.recv()
    assert isinstance(data, bytes)
    (payload,) = StreamFramer().feed(data)
    found = Event.of_payload(payload)
    assert found is not None
    return found


@pytest.mark.parametrize("loop", [None, asyncio.new_event_loop])
def test_an_event_of_one_client_arrives_at_the_others_intact(
    loop: Callable[[], asyncio.AbstractEventLoop] | None,
) -> None:
    async def work() -> None:
        async with (
            running(TCP, WEBSOCKET) as hub,
            client(hub) as sender,
            client(hub) as reader,
            await StreamClient.to(hub) as other,
        ):
            payload = Event.of_xml(event("alpha", detail="<remarks>Õhtu &amp; öö</remarks>")).payload()
            await sender.send(stream_frame(payload))
            assert await reader.recv() == stream_frame(payload)
            assert "<remarks>Õhtu &amp; öö</remarks>".encode() in await other.get("alpha")
            await other.send(event("bravo"))
            assert {(await received(reader)).uid, (await received(sender)).uid} == {"bravo"}

    run(work()) if loop is None else run(work(), loop)


def test_who_comes_later_is_sent_the_picture() -> None:
    async def work() -> None:
        async with running(WEBSOCKET) as hub, client(hub) as sender:
            await sender.send(message(event("alpha")))
            await until(lambda: hub.router.counters.received)
            async with client(hub) as late:
                assert (await received(late)).uid == "alpha"

    run(work())


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (REQUEST.replace(b"/takproto/1", b"/takproto/2"), b"404"),
        (REQUEST.replace(b"/takproto/1", b"/takproto/1/"), b"404"),
        (b"GET /takproto/1 HTTP/1.1\r\nHost: hub\r\n\r\n", b"426"),
        (b"GET / HTTP/1.1\r\nHost: hub\r\n\r\n", b"404"),
        (REQUEST.replace(b"Version: 13", b"Version: 8"), b"400"),
        (REQUEST.replace(b"AAAA==", b"=="), b"400"),
        (REQUEST.replace(b"\r\n\r\n", b"\r\nOrigin: https://elsewhere.example\r\n\r\n"), b"403"),
        (REQUEST.replace(b"\r\n\r\n", b"\r\nContent-Length: 5\r\n\r\n12345"), b"400"),
        (b"\x16\x03\x01\x02\x00\x01\x00\r\n", b"400"),
        (b"<event version='2.0' uid='a'/>\n", b"400"),
        (REQUEST + frame(b"too early"), b"400"),
        (REQUEST + frame(b"too early", masked=False), b"400"),
        (REQUEST + frame(b"", CLOSE), b"400"),
    ],
    ids=[
        "other path",
        "path with a slash",
        "no upgrade",
        "root",
        "old version",
        "short key",
        "origin",
        "body",
        "TLS",
        "XML",
        "message before the answer",
        "no mask before the answer",
        "close before the answer",
    ],
)
def test_what_is_no_proper_request_is_answered_with_an_error_and_the_end(
    request_: bytes, status: bytes
) -> None:
    async def work() -> None:
        async with running(WEBSOCKET) as hub, raw_websocket(hub) as raw:
            assert (await raw.shake(request_)).split()[1] == status
            assert await raw.ended()
            assert hub.router.counters.turned_away == {f"handshake: {status.decode()}": 1}
            assert not hub.router.sessions
            raw.writer.close()
            await until(lambda: not hub.shared.peers)

    run(work())


@pytest.mark.parametrize(
    "much",
    [
        pytest.param(b"GET /takproto/1?" + b"a" * 20_000, id="a line without end"),
        pytest.param(REQUEST[:-2] + b"X-More: a\r\n" * 2_000, id="many headers"),
        pytest.param(REQUEST[:-2] + b"X-Cookie: " + b"a" * 9_000 + b"\r\n\r\n", id="one long header"),
    ],
)
def test_a_request_is_bounded(much: bytes) -> None:
    async def work() -> None:
        async with running(WEBSOCKET) as hub, raw_websocket(hub) as raw:
            status = (await raw.shake(much)).split()[1]
            assert status in (b"400", b"414", b"431")
            assert await raw.ended()
            assert not hub.router.sessions

    run(work())


def test_pages_of_an_origin_in_the_list_may_connect() -> None:
    async def work() -> None:
        async with (
            running(listener("websocket", origins=["https://map.example"])) as hub,
            client(hub, origin="https://map.example") as page,
        ):
            await page.send(message(event("alpha")))
            await until(lambda: hub.router.counters.received)
            with pytest.raises(InvalidStatus) as refused:
                await client(hub, origin="https://other.example")
            assert refused.value.response.status_code == 403

    run(work())


def test_extensions_and_subprotocols_are_left_out() -> None:
    async def work() -> None:
        async with running(WEBSOCKET) as hub, raw_websocket(hub) as raw:
            more = b"\r\nSec-WebSocket-Extensions: permessage-deflate\r\nSec-WebSocket-Protocol: tak\r\n\r\n"
            answer = await raw.shake(REQUEST.replace(b"\r\n\r\n", more))
            assert answer.startswith(b"HTTP/1.1 101")
            assert b"Extensions" not in answer
            assert b"Sec-WebSocket-Protocol" not in answer

    run(work())


def test_a_slow_handshake_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(websocket, "SHAKE_S", 0.0)

    async def work() -> None:
        async with running(WEBSOCKET) as hub, raw_websocket(hub) as raw:
            raw.writer.write(REQUEST[:40])
            assert await raw.ended()
            assert not hub.shared.peers

    run(work())


def test_a_message_may_come_byte_by_byte() -> None:
    async def work() -> None:
        async with running(WEBSOCKET) as hub, client(hub) as reader, raw_websocket(hub) as raw:
            for byte in REQUEST + b"":
                raw.writer.write(bytes((byte,)))
                await raw.writer.drain()
            assert b" 101 " in await raw.reader.readuntil(b"\r\n\r\n")
            for byte in frame(message(event("alpha"))):
                raw.writer.write(bytes((byte,)))
                await asyncio.sleep(0)
            assert (await received(reader)).uid == "alpha"

    run(work())


def test_a_message_in_fragments_is_put_together_with_control_frames_between_them() -> None:
    async def work() -> None:
        async with running(WEBSOCKET) as hub, client(hub) as reader, raw_websocket(hub) as raw:
            await raw.shake()
            whole = message(event("alpha"))
            raw.writer.write(frame(whole[:1], fin=False) + frame(b"", CONTINUATION, fin=False))
            raw.writer.write(frame(b"still there?", PING) + frame(whole[1:9], CONTINUATION, fin=False))
            raw.writer.write(frame(whole[9:], CONTINUATION))
            assert (await received(reader)).uid == "alpha"
            assert await raw.receive() == (PONG, b"still there?")

    run(work())


@pytest.mark.parametrize(
    ("content", "opcode"),
    [
        pytest.param(message(event("alpha")) + message(event("bravo")), BINARY, id="two frames"),
        pytest.param(event("alpha") + b"\n" + event("bravo") + b"\n", TEXT, id="XML as text"),
        pytest.param(b"<?xml version='1.0'?>" + event("alpha") + event("bravo"), BINARY, id="XML in binary"),
    ],
)
def test_a_message_may_hold_several_events_and_xml(content: bytes, opcode: int) -> None:
    async def work() -> None:
        async with running(WEBSOCKET) as hub, client(hub) as reader, raw_websocket(hub) as raw:
            await raw.shake()
            raw.writer.write(frame(content, opcode))
            assert [(await received(reader)).uid for _ in range(2)] == ["alpha", "bravo"]
            assert not hub.router.counters.malformed

    run(work())


def test_the_example_codec_of_others_reads_and_writes_it() -> None:
    async def work() -> None:
        async with running(WEBSOCKET) as hub, client(hub) as sender, client(hub) as reader:
            await sender.send(bytes(takproto.xml2proto(event("alpha"), takproto.TAKProtoVer.STREAM)))
            data = await reader.recv()
            assert takproto.parse_proto(bytearray(data)).cotEvent.uid == "alpha"

    run(work())


@pytest.mark.parametrize(
    "content",
    [
        b"neither this nor that",
        b"\xbf",
        b"\xbf\x05\xff\xff\xff\xff\xff",
        message(event("alpha"))[:-1],
        event("alpha")[:-1],
        event("alpha") + b"and more",
        event("alpha", detail="<a></b>"),
        event("alpha").replace(b"a-f-G-U-C", b""),
        "<event uid='ä'/>".encode("latin-1"),
    ],
    ids=[
        "neither",
        "magic alone",
        "no protobuf",
        "frame cut off",
        "XML cut off",
        "something behind",
        "tags",
        "no type",
        "not UTF-8",
    ],
)
def test_a_message_that_is_no_event_costs_that_message_only(content: bytes) -> None:
    async def work() -> None:
        async with running(WEBSOCKET) as hub, client(hub) as reader, client(hub) as sender:
            await sender.send(content)
            await sender.send(message(event("bravo")))
            while (await received(reader)).uid != "bravo":
                pass
            assert hub.router.counters.malformed == {"websocket": 1}

    run(work())


def test_too_many_messages_that_are_no_event_end_the_session() -> None:
    async def work() -> None:
        async with running(WEBSOCKET, faults=3) as hub, client(hub) as sender:
            for _ in range(3):
                await sender.send(b"\xbf\x01")
            with pytest.raises(ConnectionClosed) as closed:
                await sender.recv()
            assert closed.value.rcvd is not None
            assert (closed.value.rcvd.code, closed.value.rcvd.reason) == (1007, "too many faults")
            assert not hub.router.sessions

    run(work())


@pytest.mark.parametrize(
    "parts",
    [
        pytest.param([frame(b"a" * 5_000)], id="in one frame"),
        pytest.param(
            [frame(b"a" * 3_000, fin=False), frame(b"a" * 3_000, CONTINUATION, fin=False)], id="in fragments"
        ),
        pytest.param([b"\x82\xff\x00\x00\x00\x00\xff\xff\xff\xff"], id="announced"),
    ],
)
def test_a_message_over_the_limit_is_refused_before_it_is_kept(parts: list[bytes]) -> None:
    async def work() -> None:
        async with (
            running(WEBSOCKET, event_bytes=4_000) as hub,
            client(hub) as sender,
            client(hub) as reader,
            raw_websocket(hub) as raw,
        ):
            await raw.shake()
            raw.writer.write(b"".join(parts))
            assert await raw.close_code() == 1009
            assert await raw.ended()
            assert hub.router.counters.cut == {"message too large": 1}
            await sender.send(message(event("alpha")))
            assert (await received(reader)).uid == "alpha"

    run(work())


@pytest.mark.parametrize(
    "broken",
    [
        pytest.param(frame(b"not masked", masked=False), id="no mask"),
        pytest.param(frame(b"", 0x3), id="unknown opcode"),
        pytest.param(frame(b"a", CONTINUATION), id="continuation of nothing"),
        pytest.param(frame(b"a", fin=False) + frame(b"b"), id="message within a message"),
        pytest.param(frame(b"a" * 126, PING), id="large ping"),
        pytest.param(frame(b"\x03", CLOSE), id="half a close code"),
        pytest.param(b"\xc2\x80\x00\x00\x00\x00", id="reserved bit"),
    ],
)
def test_broken_frames_end_the_connection_and_no_other(broken: bytes) -> None:
    async def work() -> None:
        async with (
            running(WEBSOCKET) as hub,
            client(hub) as sender,
            client(hub) as reader,
            raw_websocket(hub) as raw,
        ):
            await raw.shake()
            raw.writer.write(frame(message(event("before"))) + broken + frame(message(event("behind"))))
            assert await raw.close_code() == 1002
            assert await raw.ended()
            assert hub.router.counters.cut == {"frames broken": 1}
            assert (await received(reader)).uid == "before"
            await sender.send(message(event("alpha")))
            assert (await received(reader)).uid == "alpha"

    run(work())


def test_the_hub_asks_and_cuts_who_does_not_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(websocket, "PING_S", 0.05)
    monkeypatch.setattr(websocket, "SILENCE_S", 0.3)

    async def work() -> None:
        async with running(WEBSOCKET) as hub, client(hub) as answering, raw_websocket(hub) as silent:
            await silent.shake()
            assert await silent.receive() == (PING, b"")
            silent.writer.write(frame(b"never ends", fin=False)[:-1])
            assert await silent.close_code() == 1008
            assert hub.router.counters.cut == {"silent": 1}
            await answering.send(message(event("alpha")))
            await until(lambda: hub.router.counters.received)

    run(work())


def test_a_message_that_does_not_end_is_not_waited_for() -> None:
    async def work() -> None:
        async with running(WEBSOCKET, unfinished_s=0.01) as hub, raw_websocket(hub) as raw:
            await raw.shake()
            raw.writer.write(frame(b"\xbf", fin=False))
            assert await raw.close_code() == 1008
            assert hub.router.counters.cut == {"unfinished event": 1}

    run(work())


async def fill(hub: Hub, sender: ClientConnection, done: Callable[[], object]) -> None:
    """Send events that all have to be kept until something comes true."""
    await sender.send(message(presence("sender")))
    number = 0
    async with asyncio.timeout(10):
        while not done():
            number += 1
            await sender.send(message(event(f"GeoChat.sender.room.{number}", "b-t-f", "x" * 4_000)))
            await asyncio.sleep(0)


def test_a_reader_that_does_not_read_is_cut_and_the_others_get_everything() -> None:
    async def work() -> None:
        limits = {
            "connection_buffer_bytes": 50_000,
            "outbox_bytes": 50_000,
            "events_per_s": 1e6,
            "burst": 1e6,
        }
        async with (
            running(WEBSOCKET, bytes_per_s=1e9, **limits) as hub,
            client(hub, max_queue=None) as reader,
            client(hub, max_queue=None) as sender,
            raw_websocket(hub) as slow,
        ):
            await slow.shake()
            cut = hub.router.counters.cut
            await fill(hub, sender, lambda: cut)
            assert cut == {"slow reader: outbox full": 1}
            assert len(hub.router.sessions) == 2
            await sender.send(message(event("last")))
            uids = [(await received(reader)).uid]
            while uids[-1] != "last":
                uids.append((await received(reader)).uid)
            chats = [uid for uid in uids if uid.startswith("GeoChat")]
            assert chats == [f"GeoChat.sender.room.{number + 1}" for number in range(len(chats))]
            assert len(chats) + 2 == hub.router.counters.received

    run(work())


def test_who_does_not_read_gets_no_pongs() -> None:
    async def work() -> None:
        async with (
            running(WEBSOCKET, connection_buffer_bytes=20_000, bytes_per_s=1e9) as hub,
            client(hub) as sender,
            raw_websocket(hub) as slow,
        ):
            await slow.shake()
            (peer,) = (one for one in hub.shared.peers if one.session and one.session.number == newest(hub))
            await fill(hub, sender, lambda: peer.full)
            waiting = peer.transport.get_write_buffer_size()
            slow.writer.write(frame(b"a" * 125, PING) * 1_000)
            await slow.writer.drain()
            slow.writer.write(frame(message(event("behind"))))
            await until(lambda: peer.session is None or peer.session.received)
            assert peer.transport.get_write_buffer_size() <= waiting

    run(work())


def newest(hub: Hub) -> int:
    return max(session.number for session in hub.router.sessions)


def test_a_client_that_closes_is_answered_and_the_others_are_told() -> None:
    async def work() -> None:
        async with running(TCP, WEBSOCKET) as hub, await StreamClient.to(hub) as other:
            async with client(hub) as leaving:
                await leaving.send(message(presence("alpha")))
                await other.get("alpha")
                await leaving.close(1000)
                assert leaving.close_code == 1000
            assert b'uid="alpha"' in await other.get("t-x-d-d")
            await until(lambda: len(hub.shared.peers) == 1)

    run(work())


@pytest.mark.parametrize("loop", [None, asyncio.new_event_loop])
def test_a_hub_that_stops_says_so(loop: Callable[[], asyncio.AbstractEventLoop] | None) -> None:
    async def work() -> None:
        async with running(WEBSOCKET) as hub, client(hub) as staying:
            await hub.stop()
            with pytest.raises(ConnectionClosed) as closed:
                await staying.recv()
            assert closed.value.rcvd is not None
            assert closed.value.rcvd.code == 1001
            assert not hub.shared.peers

    run(work()) if loop is None else run(work(), loop)


def test_a_client_that_does_not_answer_the_close_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(websocket, "LINGER_S", 0.05)

    async def work() -> None:
        async with running(WEBSOCKET, faults=1) as hub, raw_websocket(hub) as raw:
            await raw.shake()
            raw.writer.write(frame(b"no event"))
            assert await raw.close_code() == 1007
            await until(lambda: not hub.shared.peers)

    run(work())


def test_a_ping_of_tak_is_answered_to_its_sender_alone() -> None:
    async def work() -> None:
        async with running(WEBSOCKET) as hub, client(hub) as pinging, client(hub) as other:
            await pinging.send(message(event("alpha-ping", "t-x-c-t")))
            assert (await received(pinging)).type == "t-x-c-t-r"
            await quiet(hub)
            await pinging.send(message(event("bravo")))
            assert (await received(other)).uid == "bravo"

    run(work())


# With certificates


def context(authority: Authority, issued: IssuedUser | None) -> ssl.SSLContext:
    made = ssl.create_default_context(cafile=authority.folder.path / "ca.pem")
    if issued is not None:
        key, certificate = issued.files[:2]
        made.load_cert_chain(certificate, key)
    return made


SECURE = listener("websocket", encrypted=True, authentication="certificate", nation="")


@pytest.mark.parametrize("loop", [None, asyncio.new_event_loop])
def test_the_certificate_says_who_a_client_is_and_a_revoked_one_is_sent_away(
    authority: Authority,
    issue: Callable[..., IssuedUser],
    loop: Callable[[], asyncio.AbstractEventLoop] | None,
) -> None:
    issued = issue("Kadri", "EE")

    async def work() -> None:
        async with running(SECURE, folder=authority.folder.path.parent) as hub:
            host, port = hub.addresses["websocket"]
            secure = context(authority, issued)
            async with connect(f"wss://{host}:{port}/takproto/1", ssl=secure) as connection:
                await connection.send(message(event("alpha")))
                await until(lambda: hub.router.counters.received)
                assert [one.principal.name for one in hub.router.sessions] == ["Kadri"]
                authority.revoke(now=datetime.now(UTC), name="Kadri")
                with pytest.raises(ConnectionClosed) as closed:
                    await connection.recv()
                assert closed.value.rcvd is not None
                assert (closed.value.rcvd.code, closed.value.rcvd.reason) == (1008, "revoked")
            reader, writer = await asyncio.open_connection(host, port, ssl=secure)
            raw = RawWebSocket(reader, writer)
            writer.write(REQUEST)
            # Not a word of HTTP to who is not let in.
            with pytest.raises((asyncio.IncompleteReadError, OSError)):
                await raw.reader.readuntil(b"\r\n")
            writer.close()
            assert hub.router.counters.turned_away == {"revoked": 1}

    run(work()) if loop is None else run(work(), loop)


def test_a_client_without_a_certificate_does_not_get_in(authority: Authority) -> None:
    async def work() -> None:
        async with running(SECURE, folder=authority.folder.path.parent) as hub:
            host, port = hub.addresses["websocket"]
            with pytest.raises((OSError, InvalidMessage)):
                await connect(f"wss://{host}:{port}/takproto/1", ssl=context(authority, None))
            assert not hub.router.sessions

    run(work())


def test_what_stands_behind_the_last_fault_of_a_message_is_not_taken() -> None:
    async def work() -> None:
        async with (
            running(TCP, WEBSOCKET, faults=2) as hub,
            await StreamClient.to(hub) as other,
            raw_websocket(hub) as raw,
        ):
            await raw.shake()
            bad = presence("X").replace(b'uid="X"', b"", 1)
            raw.writer.write(frame(bad + presence("GOOD") + bad + presence("LATE"), TEXT))
            assert await raw.close_code() == 1007
            # Nor is what breaks the protocol afterwards counted any more.
            raw.writer.write(frame(b"", 0x7) + frame(message(presence("LATER"))))
            await other.get("GOOD")
            await quiet(hub)
            assert other.count("LATE") == 0
            assert hub.router.counters.cut == {"too many faults": 1}
            assert hub.router.counters.malformed["websocket"] == 2

    run(work())


def test_who_has_said_goodbye_is_written_to_no_more() -> None:
    async def work() -> None:
        async with (
            running(TCP, WEBSOCKET) as hub,
            await StreamClient.to(hub) as other,
            raw_websocket(hub) as raw,
        ):
            await raw.shake()
            await until(lambda: len(hub.router.sessions) == 2)
            raw.writer.write(frame((1000).to_bytes(2, "big"), CLOSE))
            assert await raw.close_code() == 1000
            await other.send(presence("LATE"))
            await until(lambda: len(hub.router.picture) == 1)
            await quiet(hub)
            assert not await raw.reader.read()
            raw.writer.close()
            await until(lambda: len(hub.router.sessions) == 1)

    run(work())


def test_a_client_that_does_not_close_does_not_keep_the_hub_from_stopping() -> None:
    async def work() -> None:
        async with running(WEBSOCKET) as hub, raw_websocket(hub) as raw:
            await raw.shake()
            await until(lambda: hub.router.sessions)
            await hub.stop()
            assert not hub.shared.peers
            assert not hub.router.sessions
            assert await raw.close_code() == 1001

    run(work())

"""The HTTP protocol of the hub on a line that is thin, or dead."""

import asyncio
import socket

from starlette.responses import Response
from uvicorn.server import ServerState

from tests.hub.conftest import run
from vallum.hub.listener.https import Silent, settings

BODY = bytes(400_000)
REQUEST = b"GET / HTTP/1.1\r\nHost: hub\r\nConnection: close\r\n\r\n"


async def line(silence_s: float) -> socket.socket:
    """The client's end of a line of which the system holds little, with a request sent."""
    ends = socket.socketpair()
    for one in ends:
        one.setblocking(False)
        one.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 32_768)
    config = settings(Response(BODY), connections=5, silence_s=silence_s)
    config.load()
    loop = asyncio.get_running_loop()
    kind = config.http_protocol_class
    assert isinstance(kind, type)
    assert issubclass(kind, Silent)
    await loop.connect_accepted_socket(lambda: kind(config, ServerState(), {}, loop), ends[0])
    await loop.sock_sendall(ends[1], REQUEST)
    return ends[1]


async def read(client: socket.socket, pause_s: float) -> int:
    """Read to the end, a little at a time, and return how much there was."""
    loop, count = asyncio.get_running_loop(), 0
    while data := await loop.sock_recv(client, 40_000):
        count += len(data)
        await asyncio.sleep(pause_s)
    client.close()
    return count


def test_who_reads_slowly_is_waited_for() -> None:
    async def work() -> None:
        assert await read(await line(0.3), 0.05) > len(BODY)

    run(work())


def test_who_does_not_read_is_not() -> None:
    async def work() -> None:
        client = await line(0.1)
        await asyncio.sleep(0.5)
        assert await read(client, 0.0) < len(BODY)

    run(work())

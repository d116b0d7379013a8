"""Clients of WebSocket and mesh, as low as the tests need them."""

import asyncio
import os
import socket
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from tests.hub.conftest import GROUP, mesh_socket, until
from vallum.hub.server import Hub
from vallum.wire import takproto

REQUEST = (
    b"GET /takproto/1 HTTP/1.1\r\nHost: hub\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)
BINARY, TEXT, CONTINUATION, CLOSE, PING, PONG = 0x2, 0x1, 0x0, 0x8, 0x9, 0xA


def frame(payload: bytes, opcode: int = BINARY, *, fin: bool = True, masked: bool = True) -> bytes:
    """One WebSocket frame of a client."""
    size = len(payload)
    if size < 126:
        length = bytes((size | (0x80 if masked else 0),))
    elif size < 1 << 16:
        length = struct.pack("!BH", 126 | (0x80 if masked else 0), size)
    else:
        length = struct.pack("!BQ", 127 | (0x80 if masked else 0), size)
    head = bytes((opcode | (0x80 if fin else 0),)) + length
    if not masked:
        return head + payload
    mask = os.urandom(4)
    return head + mask + bytes(byte ^ mask[at % 4] for at, byte in enumerate(payload))


class RawWebSocket:
    """A client that sends what it is told to, right or wrong."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def shake(self, request: bytes = REQUEST) -> bytes:
        """Send a request and return the answer's head."""
        self.writer.write(request)
        return await self.reader.readuntil(b"\r\n\r\n")

    async def receive(self) -> tuple[int, bytes]:
        """Return opcode and payload of the next frame."""
        first, size = await self.reader.readexactly(2)
        if size == 126:
            (size,) = struct.unpack("!H", await self.reader.readexactly(2))
        elif size == 127:
            (size,) = struct.unpack("!Q", await self.reader.readexactly(8))
        return first & 0x0F, await self.reader.readexactly(size)

    async def close_code(self) -> int:
        """Return the code of the close frame that comes, past all that comes before."""
        while True:
            opcode, payload = await self.receive()
            if opcode == CLOSE:
                return int.from_bytes(payload[:2], "big")

    async def ended(self) -> bool:
        """Wait until the hub has closed."""
        with suppress(OSError):
            await self.reader.read(-1)
        return True


@asynccontextmanager
async def raw_websocket(hub: Hub, name: str = "websocket") -> AsyncIterator[RawWebSocket]:
    reader, writer = await asyncio.open_connection(*hub.addresses[name])
    try:
        yield RawWebSocket(reader, writer)
    finally:
        writer.close()
        await asyncio.gather(writer.wait_closed(), return_exceptions=True)


class MeshClient(asyncio.DatagramProtocol):
    """A member of a mesh on loopback. It sends from a port of its own, so that it can be told from others."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.received: list[bytes] = []
        self._sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._sender.bind(("127.0.0.1", 0))
        self._sender.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton("127.0.0.1"))

    def datagram_received(self, data: bytes, address: tuple[str, int]) -> None:
        """Keep it, unless it is what this one has sent."""
        if address[1] != self._sender.getsockname()[1]:
            self.received.append(data)

    def connection_lost(self, error: Exception | None) -> None:
        self._sender.close()

    def send(self, *datagrams: bytes) -> None:
        for datagram in datagrams:
            self._sender.sendto(datagram, (GROUP, self.port))

    def events(self) -> list[bytes]:
        """Return what came and is no control message, XML or TAK protocol payloads."""
        payloads = [takproto.mesh_payload(data) or data for data in self.received]
        return [one for one in payloads if one.startswith(b"<") or takproto.decode(one).has_event]

    def count(self, part: str) -> int:
        return sum(part.encode() in data for data in self.events())

    async def get(self, part: str) -> bytes:
        """Return the first event that holds these bytes, once it is there."""
        await until(lambda: self.count(part))
        return next(data for data in self.events() if part.encode() in data)


@asynccontextmanager
async def on_mesh(port: int) -> AsyncIterator[MeshClient]:
    loop = asyncio.get_running_loop()
    transport, protocol = await loop.create_datagram_endpoint(
        lambda: MeshClient(port), sock=mesh_socket(port)
    )
    try:
        yield protocol
    finally:
        transport.close()
        await asyncio.sleep(0)

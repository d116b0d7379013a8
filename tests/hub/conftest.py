"""Real hubs on loopback, and clients that speak to them: what the tests of the hub have in common.

Test modules import from here: ``from tests.hub.conftest import running, run``.
"""

import asyncio
import socket
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

import pytest
import uvloop

from vallum.core.policy import Policy, Release
from vallum.hub.config import Config, Journal, Limits, Listener, Operate
from vallum.hub.pki import Authority, Delivery, IssuedUser, UserRequest
from vallum.hub.server import Hub
from vallum.wire import cot

SECONDS = 10.0
"""How long anything may take before a test gives it up."""

POLICY = Policy(
    nations=("EE", "FI", "LV"),
    releases=(
        Release("EE", to=frozenset(("FI",))),
        Release("FI", to=frozenset(("EE",))),
    ),
)
"""Estonia and Finland share all, Latvia keeps to itself."""

GROUP = "239.2.3.77"
"""A multicast group for tests, on loopback alone."""

EE = {"nation": "EE", "authentication": "none"}
FI = {"nation": "FI", "authentication": "none"}
LV = {"nation": "LV", "authentication": "none"}


def listener(kind: str = "tcp", name: str = "", **more: Any) -> Listener:
    """A listener on loopback at a port that the system chooses; of Estonia without certificates unless given."""
    settings = {"kind": kind, "name": name or kind, "port": 0, **EE} | more
    if kind == "websocket":
        settings.setdefault("encrypted", False)
    return Listener(**settings)


@asynccontextmanager
async def running(
    *listeners: Listener, policy: Policy = POLICY, folder: Path | None = None, **limits: Any
) -> AsyncIterator[Hub]:
    """A hub with these listeners and limits, stopped at the end. `folder` holds the certificates, as ``pki``."""
    config = Config(
        listeners=list(listeners),
        limits=Limits(**limits),
        journal=Journal(path=""),
        operate=Operate(control=""),
    )
    hub = Hub(config, policy, folder or Path("/nonexistent"))
    hub.sweep_s = 0.05
    await hub.start()
    try:
        yield hub
    finally:
        await hub.stop()


def run(
    work: Coroutine[Any, Any, None], loop: Callable[[], asyncio.AbstractEventLoop] = uvloop.new_event_loop
) -> None:
    """Run a test's work in an event loop of its own, the one that the hub uses unless given."""

    async def bounded() -> None:
        async with asyncio.timeout(2 * SECONDS):
            await work

    with asyncio.Runner(loop_factory=loop) as runner:
        runner.run(bounded())


def event(uid: str, cot_type: str = "a-f-G-U-C", detail: str = "", **more: Any) -> bytes:
    """An event of now."""
    return cot.event(uid, cot_type, time.time_ns() // 1_000_000, detail=detail, **more)


def presence(uid: str, callsign: str = "") -> bytes:
    """An event in which a client presents itself."""
    return event(uid, detail=f'<contact callsign="{callsign or uid}" endpoint="*:-1:stcp"/>')


async def until(met: Callable[[], object]) -> None:
    """Wait for something to come true."""
    async with asyncio.timeout(SECONDS):
        while not met():
            await asyncio.sleep(0.005)


async def quiet(hub: Hub, *others: Hub) -> None:
    """Let a hub send all that it has to send, so that what has not come by then does not come."""
    for one in (hub, *others):
        one.router.flush()
    await asyncio.sleep(0.1)


class StreamClient:
    """A client of the streaming protocol that reads XML."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer
        self.received: list[bytes] = []
        self._reading = asyncio.create_task(self._read())

    @classmethod
    async def to(cls, hub: Hub, name: str = "tcp", **more: Any) -> "StreamClient":
        """Connect, and wait until the hub has spoken."""
        host, port = hub.addresses[name]
        made = cls(*await asyncio.open_connection(host, port, **more))
        await made.get("t-x-takp-v")
        return made

    async def send(self, *documents: bytes) -> None:
        self.writer.write(b"".join(documents))
        await self.writer.drain()

    async def get(self, part: bytes | str) -> bytes:
        """Return the first event that holds these bytes, once it is there."""
        wanted = part.encode() if isinstance(part, str) else part
        await until(lambda: any(wanted in document for document in self.received))
        return next(document for document in self.received if wanted in document)

    def count(self, part: bytes | str) -> int:
        wanted = part.encode() if isinstance(part, str) else part
        return sum(wanted in document for document in self.received)

    async def close(self) -> None:
        self._reading.cancel()
        self.writer.close()
        await asyncio.gather(self._reading, self.writer.wait_closed(), return_exceptions=True)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def _read(self) -> None:
        while True:
            try:
                document = await self.reader.readuntil(b"</event>")
            except (asyncio.IncompleteReadError, OSError):
                return
            self.received.append(document.strip())


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    """An authority in ``tmp_path / "pki"`` with a server certificate for this machine."""
    made = Authority.create(tmp_path / "pki", name="Test authority", now=datetime.now(UTC))
    made.issue_server(now=datetime.now(UTC))
    return made


@pytest.fixture
def issue(authority: Authority) -> Callable[..., IssuedUser]:
    """Issue a user's certificate; ``files[:2]`` of what is returned are its key and its certificate."""

    def issued(name: str = "Kadri", nation: str = "EE", **more: Any) -> IssuedUser:
        request = UserRequest(name=name, nation=nation, **more)
        return authority.issue_user(request, Delivery(password="correct horse"), now=datetime.now(UTC))  # noqa: S106

    return issued


def mesh_socket(port: int) -> socket.socket:
    made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    made.setblocking(False)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    made.bind((GROUP, port))
    loopback = socket.inet_aton("127.0.0.1")
    made.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, loopback)
    made.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, socket.inet_aton(GROUP) + loopback)
    return made


@pytest.fixture(scope="session")
def multicast() -> None:
    """Multicast on loopback; tests are left out where there is none."""
    try:
        with mesh_socket(0) as made:
            made.settimeout(2.0)
            made.sendto(b"there?", made.getsockname())
            made.recv(100)
    except OSError as error:
        pytest.skip(f"no multicast on the loopback interface ({error}): the mesh is not tested")

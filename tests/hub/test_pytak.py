"""PyTAK, as it is installed, on every transport: what one of its clients sends arrives at the others."""

import asyncio
from collections.abc import AsyncIterator, Callable
from configparser import ConfigParser, SectionProxy
from contextlib import asynccontextmanager
from pathlib import Path

import pytak
import pytest
from lxml import etree

from tests.hub.conftest import GROUP, event, listener, run, running, until
from vallum.core.policy import Policy, Release
from vallum.hub.pki import Authority, IssuedUser
from vallum.hub.server import Hub
from vallum.picture import Event

# PyTAK switches old versions of TLS off one by one, and tells aiohttp in an old way that there is none.
pytestmark = [
    pytest.mark.filterwarnings("ignore:ssl.OP_NO_SSL:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:ssl=None is deprecated:DeprecationWarning"),
]

LISTENERS = (
    listener("tcp"),
    listener("tls", authentication="certificate", nation=""),
    listener("websocket", "ws"),
    listener("websocket", "wss", encrypted=True, authentication="certificate", nation=""),
)
PATHS = {"tcp": "", "tls": "", "ws": "/takproto/1", "wss": "/takproto/1"}
DETAIL = (
    '<contact callsign="Kõrs 1" endpoint="*:-1:stcp"/><__group name="Cyan" role="Team Member"/>'
    '<status battery="78"/><track speed="1.5" course="271.25"/><precisionlocation geopointsrc="GPS" altsrc="GPS"/>'
    '<remarks>Ööpäev &amp; pool</remarks><unknown to="everyone"><inner/></unknown>'
)


class PyTak:
    """One of its clients, with the workers that its own command line would run."""

    def __init__(self, sending: asyncio.Queue[bytes], coming: asyncio.Queue[bytes]) -> None:
        self.sending = sending
        self.coming = coming
        self.received: list[bytes] = []

    async def send(self, document: bytes) -> None:
        await self.sending.put(document)

    async def get(self, uid: str) -> Event:
        """Return the first event with a uid, once it is there."""

        def found() -> list[bytes]:
            while not self.coming.empty():
                self.received.append(self.coming.get_nowait())
            return [one for one in self.received if f'uid="{uid}"'.encode() in one]

        await until(found)
        return Event.of_xml(found()[0].strip())


@asynccontextmanager
async def pytak_client(config: SectionProxy) -> AsyncIterator[PyTak]:
    """Connect with the factories of its own that the address asks for."""
    sending: asyncio.Queue[bytes] = asyncio.Queue()
    coming: asyncio.Queue[bytes] = asyncio.Queue()
    if config["COT_URL"].startswith("ws"):
        workers = list(await pytak.ws_factory(sending, coming, config))
        ends = []
    else:
        reader, writer = await pytak.protocol_factory(config)
        workers = [pytak.TXWorker(sending, config, writer), pytak.RXWorker(coming, config, reader)]
        ends = [end for end in (reader, writer) if hasattr(end, "close")]
    tasks = [asyncio.create_task(worker.run()) for worker in workers]
    try:
        yield PyTak(sending, coming)
        assert not [task for task in tasks if task.done()]
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for worker in workers:
            await worker.close()
        for end in ends:
            end.close()
        await asyncio.gather(
            *(end.wait_closed() for end in ends if hasattr(end, "wait_closed")), return_exceptions=True
        )


@pytest.fixture
def config_for(authority: Authority, issue: Callable[..., IssuedUser]) -> Callable[..., SectionProxy]:
    """Write what a user of PyTAK would write for a transport."""

    def configured(hub: Hub, scheme: str, user: str = "Kadri", nation: str = "EE") -> SectionProxy:
        host, port = hub.addresses[scheme]
        config = ConfigParser(interpolation=None)
        config["pytak"] = {"COT_URL": f"{scheme}://{host}:{port}{PATHS[scheme]}"}
        if scheme in ("tls", "wss"):
            key, certificate = issue(user, nation).files[:2]
            config["pytak"].update(
                {
                    "PYTAK_TLS_CLIENT_CERT": str(certificate),
                    "PYTAK_TLS_CLIENT_KEY": str(key),
                    "PYTAK_TLS_CLIENT_CAFILE": str(authority.folder.path / "ca.pem"),
                }
            )
            assert hub.directory is not None
            hub.directory.refresh()
        return config["pytak"]

    return configured


def intact(sent: bytes, found: Event) -> None:
    """Show that nothing of an event was lost, whatever form it travelled in."""
    expected = Event.of_xml(sent)
    for name in ("uid", "type", "time", "start", "stale", "point"):
        assert getattr(found, name) == getattr(expected, name), name
    mine, theirs = (
        {child.name: dict(child.attributes) for child in one.children} for one in (expected, found)
    )
    # PyTAK writes numbers in its own way.
    for one in (mine, theirs):
        one["track"] = {key: float(value) for key, value in one["track"].items()}  # type: ignore[misc]
    assert theirs == mine
    assert etree.fromstring(found.xml).findtext("detail/remarks") == "Ööpäev & pool"


@pytest.mark.parametrize("sender", ["tcp", "tls", "ws", "wss"])
def test_what_one_client_sends_arrives_at_the_clients_of_every_transport(
    sender: str, config_for: Callable[..., SectionProxy], tmp_path: Path
) -> None:
    async def work() -> None:
        async with (
            running(*LISTENERS, folder=tmp_path) as hub,
            pytak_client(config_for(hub, "tcp", "Aino")) as tcp,
            pytak_client(config_for(hub, "tls", "Berit")) as tls,
            pytak_client(config_for(hub, "ws", "Carl")) as ws,
            pytak_client(config_for(hub, "wss", "Dora")) as wss,
            pytak_client(config_for(hub, sender, "Emil")) as sending,
        ):
            await until(lambda: len(hub.router.sessions) == 5)
            # Four decimals are what PyTAK itself keeps of what it reads from a WebSocket.
            sent = event("alpha", detail=DETAIL, lat=59.4369, lon=24.7535)
            await sending.send(sent)
            for reader in (tcp, tls, ws, wss):
                intact(sent, await reader.get("alpha"))
            if sender in ("tcp", "tls"):
                assert (await tcp.get("alpha")).xml == (await tls.get("alpha")).xml == sent
            assert not hub.router.counters.malformed
            assert not sending.received

    run(work())


def test_the_certificate_decides_what_a_client_sees(
    config_for: Callable[..., SectionProxy], tmp_path: Path
) -> None:
    policy = Policy(nations=("EE", "FI", "LV"), releases=(Release("EE", to=frozenset(("FI",))),))

    async def work() -> None:
        async with (
            running(*LISTENERS, folder=tmp_path, policy=policy) as hub,
            pytak_client(config_for(hub, "tls", "Kadri", "EE")) as estonian,
            pytak_client(config_for(hub, "wss", "Aino", "FI")) as finnish,
            pytak_client(config_for(hub, "wss", "Ilze", "LV")) as latvian,
        ):
            await until(lambda: len(hub.router.sessions) == 3)
            await latvian.send(event("of-latvia", detail=DETAIL))
            await finnish.send(event("of-finland", detail=DETAIL))
            await estonian.send(event("of-estonia", detail=DETAIL))
            await finnish.get("of-estonia")
            hub.router.flush()
            await asyncio.sleep(0.1)
            for client in (estonian, finnish, latvian):
                while not client.coming.empty():
                    client.received.append(client.coming.get_nowait())
            seen = b"".join(estonian.received + finnish.received + latvian.received)
            assert seen.count(b"of-estonia") == 1
            assert b"of-latvia" not in seen
            assert b"of-finland" not in seen

    run(work())


def test_its_hello_and_its_ready_made_events_are_taken(
    config_for: Callable[..., SectionProxy], tmp_path: Path
) -> None:
    async def work() -> None:
        async with (
            running(*LISTENERS, folder=tmp_path) as hub,
            pytak_client(config_for(hub, "tcp")) as tcp,
            pytak_client(config_for(hub, "ws")) as ws,
        ):
            await until(lambda: len(hub.router.sessions) == 2)
            hello = pytak.hello_event("hello-uid")
            await tcp.send(hello)
            ready = pytak.gen_cot(lat="59.4", lon="24.7", uid="ready-made", stale=60, cot_type="a-f-G-U-C")
            await ws.send(ready)
            assert (await tcp.get("ready-made")).point.lat == 59.4
            await until(lambda: hub.router.counters.received == 2)
            assert not hub.router.counters.malformed

    run(work())


def test_its_own_client_program_runs_against_the_hub(
    config_for: Callable[..., SectionProxy], tmp_path: Path
) -> None:
    class Once(pytak.QueueWorker):
        async def run(self, _: int = -1) -> None:
            await self.put_queue(event("from-the-program", detail=DETAIL))
            await asyncio.Event().wait()

    async def work() -> None:
        async with (
            running(*LISTENERS, folder=tmp_path) as hub,
            pytak_client(config_for(hub, "tcp", "Aino")) as reader,
        ):
            config = config_for(hub, "wss")
            program = pytak.CLITool(config)
            await program.setup()
            program.add_task(Once(program.tx_queue, config))
            running_program = asyncio.create_task(program.run())
            await reader.get("from-the-program")
            running_program.cancel()
            await asyncio.gather(running_program, return_exceptions=True)
            tasks = program.running_tasks
            await program._close_running_workers(tasks)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    run(work())


@pytest.mark.usefixtures("multicast")
@pytest.mark.parametrize("version", ["0", "1"])
def test_it_meets_the_clients_of_the_hub_on_a_mesh(
    version: str, config_for: Callable[..., SectionProxy], tmp_path: Path
) -> None:
    async def work() -> None:
        async with running(*LISTENERS, listener("mesh", host=GROUP, relay=True), folder=tmp_path) as hub:
            config = ConfigParser(interpolation=None)
            config["pytak"] = {
                "COT_URL": f"udp://{GROUP}:{hub.addresses['mesh'][1]}",
                "PYTAK_MULTICAST_LOCAL_ADDR": "127.0.0.1",
                "TAK_PROTO": version,
            }
            async with (
                pytak_client(config["pytak"]) as on_mesh,
                pytak_client(config_for(hub, "tcp")) as tcp,
            ):
                await on_mesh.send(event("from-the-mesh", detail=DETAIL))
                await tcp.get("from-the-mesh")
                await tcp.send(event("to-the-mesh", detail=DETAIL))
                await until(lambda: "to-the-mesh" in read_from(on_mesh))

    run(work())


def read_from(client: PyTak) -> str:
    """All that a client has received, messages of TAK protocol as PyTAK hands them on."""
    while not client.coming.empty():
        client.received.append(client.coming.get_nowait())
    return "".join(str(one) for one in client.received)

"""A hub with plain listeners of three nations and its control socket, in this process, and a client of each."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from vallum.hub.config import Config, Journal, Listener, Operate
from vallum.hub.operate import templates
from vallum.hub.operate.control import Control
from vallum.hub.release import read_policy
from vallum.hub.server import Hub

SECONDS = 5.0
NATIONS = ("EE", "LV", "LT")


class Operated:
    """A hub under test."""

    def __init__(self, hub: Hub, control: Control) -> None:
        self.hub = hub
        self.control = control
        self.clients: list[Client] = []

    async def ask(self, method: str, path: str, body: bytes = b"", *, tcp: bool = False) -> tuple[int, bytes]:
        """Return code and body of an HTTP answer."""
        if tcp:
            assert self.control.metrics_address is not None
            reader, writer = await asyncio.open_connection(*self.control.metrics_address)
        else:
            reader, writer = await asyncio.open_unix_connection(str(self.control.path))
        head = f"{method} {path} HTTP/1.1\r\nHost: hub\r\nConnection: close\r\nContent-Length: {len(body)}\r\n\r\n"
        writer.write(head.encode() + body)
        answer = await asyncio.wait_for(reader.read(), SECONDS)
        writer.close()
        await writer.wait_closed()
        first, _, content = answer.partition(b"\r\n\r\n")
        return int(first.split()[1]), content

    async def status(self) -> Any:
        code, content = await self.ask("GET", "/status")
        assert code == 200
        return json.loads(content)


class Client:
    """A client that speaks plain XML."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer
        self.seen = b""

    def send(self, xml: bytes) -> None:
        self.writer.write(xml)

    async def uids_until(self, last: str) -> set[str]:
        """Return the uids of everything up to one event, without what is between client and hub."""
        while f'uid="{last}"'.encode() not in self.seen:
            data = await asyncio.wait_for(self.reader.read(65536), SECONDS)
            assert data, f"the hub has gone before {last} came"
            self.seen += data
        return set(re.findall(r'<event [^>]*?uid="([^"]+)"', self.seen.decode())) - {"vallum"}

    async def close(self) -> None:
        self.writer.close()
        try:
            await self.writer.wait_closed()
        except ConnectionError:
            return


@asynccontextmanager
async def operated(folder: Path, **more: object) -> AsyncIterator[Operated]:
    """Run a hub."""
    (folder / "policy.toml").write_text(templates.POLICY, encoding="utf-8")
    config = Config(
        listeners=[
            Listener(kind="tcp", port=0, name=nation, nation=nation, authentication="none", groups=["Blue"])
            for nation in NATIONS
        ],
        operate=Operate(metrics="127.0.0.1:0"),
        **{"journal": Journal(path=""), **more},
    )
    hub = Hub(config, read_policy(folder / "policy.toml"), folder)
    control = Control(hub)
    await control.start()
    try:
        await hub.start()
        run = Operated(hub, control)
        try:
            yield run
        finally:
            for client in run.clients:
                await client.close()
    finally:
        await hub.stop()
        await control.stop()


async def connected(run: Operated, nation: str) -> Client:
    """Return a client that the hub has let in."""
    client = Client(*await asyncio.open_connection(*run.hub.addresses[nation]))
    run.clients.append(client)
    await client.uids_until("vallum")
    return client


def an_event(uid: str, cot_type: str = "a-f-G-U-C", **attributes: str) -> bytes:
    from datetime import UTC, datetime, timedelta

    now = datetime.now(UTC)
    start, stale = (f"{at:%Y-%m-%dT%H:%M:%SZ}" for at in (now, now + timedelta(minutes=5)))
    more = "".join(f' {name}="{value}"' for name, value in attributes.items())
    return (
        f'<event version="2.0" uid="{uid}" type="{cot_type}" time="{start}" start="{start}" stale="{stale}" '
        f'how="m-g"{more}><point lat="57.781234" lon="26.03" hae="100" ce="10" le="10"/><detail/></event>'
    ).encode()


@pytest.fixture
def make_event() -> Callable[..., bytes]:
    return an_event


@pytest.fixture
def operate() -> Callable[..., Any]:
    return operated


@pytest.fixture
def connect() -> Callable[..., Any]:
    return connected

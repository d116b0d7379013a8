"""Two subscribers stay in step through a thousand changes, an absence and the violent end of the hub."""

import asyncio
import json
import signal
import sys
from collections import Counter
from pathlib import Path
from typing import Any

from tests.hub.conftest import run
from tests.hub.marti.conftest import Bench, bench
from tests.hub.marti.mission_replica import Oracle, Replica
from tests.hub.marti.on_missions import hashes, uids

CHANGES = 1_000
HUB = """
import asyncio, json, sys
from pathlib import Path
import uvloop
from tests.hub.conftest import POLICY
from vallum.hub.config import Config, Journal, Listener, Operate
from vallum.hub.server import Hub

async def work():
    listeners = [Listener(kind=kind, name=kind, port=0) for kind in ("tls", "marti")]
    hub = Hub(Config(listeners=listeners, journal=Journal(), operate=Operate(control="")), POLICY, Path(sys.argv[1]))
    await hub.start()
    print(json.dumps(hub.addresses), flush=True)
    await asyncio.Event().wait()

uvloop.run(work())
"""
ROOT = Path(__file__).parents[3]
TWO = {"kadri": ("EE", "member"), "aino": ("FI", "member")}


class Started:
    """A hub in a process of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.addresses: dict[str, Any] = {}

    async def start(self) -> None:
        command = [sys.executable, "-c", HUB, str(self.folder)]
        self.process = await asyncio.create_subprocess_exec(
            *command, cwd=ROOT, stdout=asyncio.subprocess.PIPE
        )
        assert self.process.stdout is not None
        line = b""
        while not line.startswith(b"{"):
            line = await self.process.stdout.readline()
        self.addresses = json.loads(line)

    async def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        await self.process.wait()


def test_two_subscribers_are_in_step(tmp_path: Path) -> None:
    async def work() -> None:
        async with bench(tmp_path, users=TWO) as made:
            pass
        hub = Started(tmp_path)
        site = Bench(hub, tmp_path, made.authority, made.issued)  # type: ignore[arg-type]
        await hub.start()
        try:
            await changed(site, hub)
        finally:
            await hub.kill()
            await site.close()

    run(work())


async def changed(site: Bench, hub: Started) -> None:
    oracle = Oracle()
    kadri, aino = Replica(site, "kadri", oracle, 1), Replica(site, "aino", oracle, 2)
    both = (kadri, aino)
    await kadri.create()
    oracle.changes["CREATE_MISSION", ""] += 1
    for one in both:
        assert (await one.subscribe()).status == 201
        await one.prepare(6)
        await one.come()

    busy = asyncio.Event()

    async def until(count: int) -> None:
        async def go(one: Replica) -> None:
            while oracle.changes.total() < count:
                await one.work()
                if oracle.changes.total() > 600:
                    busy.set()

        await asyncio.gather(*map(go, both))

    await until(250)
    await aino.drop()
    await until(450)
    await aino.come()
    ending = asyncio.create_task(until(CHANGES))
    await busy.wait()  # one of them has done something, and the other is about to
    for one in both:
        one.back.clear()
    await hub.kill()
    await hub.start()
    for one in both:
        one.back.set()
    await ending
    for one in both:
        await in_step(one, oracle)


async def in_step(one: Replica, oracle: Oracle) -> None:
    """Compare what a subscriber has with what is to be, and with what the hub says."""
    wanted = Counter(oracle.changes)
    async with asyncio.timeout(10):
        while Counter(one.changed.values()) != wanted:  # the last notices are on their way
            await asyncio.sleep(0.01)
    told = await one.changes(squashed="false")
    assert len(told) == wanted.total()
    assert {change["timestamp"] for change in told} == one.changed.keys()
    assert max(one.notices.values()) == 1
    last: dict[str, str] = {}
    for _, (kind, key) in sorted(one.changed.items()):
        last[key] = kind
    present = {key for key, kind in last.items() if kind == "ADD_CONTENT"}
    assert present == oracle.named | oracle.said.keys() | oracle.files
    mission = await one.get(logs="true")
    assert set(uids(mission)) == oracle.named | oracle.said.keys()
    assert set(hashes(mission)) == oracle.files
    assert mission["keywords"] == oracle.words
    assert sorted(entry["content"] for entry in mission["logs"]) == sorted(oracle.log)
    assert {uid: one.events[uid] for uid in oracle.said} == oracle.said
    whole = (await one.ask("/Alpha/cot")).body.decode()
    assert all(f'callsign="{what}"' in whole for what in oracle.said.values())
    assert whole.count("<event ") == len(oracle.said)

"""A hub that is killed while files come in: what it answered is there, of the rest there is nothing."""

import asyncio
import json
import random
import signal
import sqlite3
import sys
from contextlib import closing
from pathlib import Path

import aiohttp

from tests.hub.conftest import run
from tests.hub.marti.conftest import Bench, bench
from tests.hub.marti.file_store import fetch, only, sha256

HUB = """
import asyncio, json, sys
from pathlib import Path
from tests.hub.conftest import POLICY
from vallum.hub.config import Config, Journal, Listener, Operate
from vallum.hub.server import Hub

async def work():
    listeners = [Listener(kind="marti", name="marti", port=0)]
    hub = Hub(Config(listeners=listeners, journal=Journal(), operate=Operate(control="")), POLICY, Path(sys.argv[1]))
    await hub.start()
    print(json.dumps(hub.addresses), flush=True)
    await asyncio.Event().wait()

asyncio.run(work())
"""
ROOT = Path(__file__).parents[3]
ONE = only("kadri")


async def killed_after(site: Bench, folder: Path, bodies: list[bytes], count: int) -> set[str]:
    """Start a hub, send it bodies, kill it when so many are answered, and return those it answered."""
    command = [sys.executable, "-c", HUB, str(folder)]
    hub = await asyncio.create_subprocess_exec(*command, cwd=ROOT, stdout=asyncio.subprocess.PIPE)
    assert hub.stdout is not None
    line = await hub.stdout.readline()
    while not line.startswith(b"{"):
        line = await hub.stdout.readline()
    host, port = json.loads(line)["marti"]
    answered: set[str] = set()
    waiting = list(bodies)

    async def send(client: aiohttp.ClientSession) -> None:
        while waiting:
            body = waiting.pop()
            async with client.post(f"https://{host}:{port}/Marti/sync/upload", data=body) as response:
                answered.add((await response.json(content_type=None))["Hash"])
            if len(answered) >= count and hub.returncode is None:
                hub.send_signal(signal.SIGKILL)

    connector = aiohttp.TCPConnector(ssl=site.tls("kadri"))
    async with aiohttp.ClientSession(connector=connector) as client:
        ends = await asyncio.gather(*(send(client) for _ in range(5)), return_exceptions=True)
    assert all(isinstance(end, aiohttp.ClientError | OSError) for end in ends)
    await hub.wait()
    return answered


def test_a_hub_that_is_killed_has_what_it_answered_and_no_halves(tmp_path: Path) -> None:
    chosen = random.Random(3)  # noqa: S311
    bodies = [chosen.randbytes(chosen.randrange(200_000, 900_000)) for _ in range(30)]

    async def work() -> None:
        async with bench(tmp_path, users=ONE) as site:
            pass
        answered = await killed_after(site, tmp_path, bodies, 6)
        arriving = tmp_path / "files" / ".arriving"
        (tmp_path / "files" / "00").mkdir(exist_ok=True)
        (tmp_path / "files" / "00" / ("0" * 64)).write_bytes(b"its row was never written")
        async with bench(tmp_path, users=ONE) as site:
            assert list(arriving.iterdir()) == []
            there = {one.name: one for one in (tmp_path / "files").rglob("*") if one.is_file()}
            assert there.keys() >= answered
            assert all(sha256(path.read_bytes()) == name for name, path in there.items())
            with closing(sqlite3.connect(tmp_path / "journal.sqlite")) as connection:
                rows = {digest for (digest,) in connection.execute("SELECT hash FROM file")}
            assert rows == there.keys()
            for body in bodies:
                if sha256(body) in answered:
                    assert (await fetch(site, sha256(body))).body == body

    run(work())

"""The HTTPS side under load, and what the stream notices of it.

    python benchmarks/marti.py [--rounds 3] [--seconds 20] [--stream "b tls"] [--queries 200] [--uploads 50]

One hub. A run of `hub_load.py` is repeated, by turns alone and beside package queries (half of them for one
package by its hash, half a search that finds twenty) and uploads of 1 MB, over mutual TLS. Prints Markdown.
"""

import argparse
import asyncio
import contextlib
import hashlib
import json
import socket
import ssl
import statistics
import subprocess
import sys
import tempfile
import time
from array import array
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import aiohttp
import hub_load
import hub_place
import machine

USER = "load-EE"
FOUND = 20
"""Packages that a search finds."""
MEGABYTE = 1_000_000
LIMITS = "requests_per_s = 100000.0\nburst = 100000.0\nuser_mb = 20000"


@dataclass
class Tally:
    """Milliseconds that requests took, and what went wrong."""

    took: array = field(default_factory=lambda: array("d"))
    failed: list[str] = field(default_factory=list)
    seconds: float = 0.0

    def percentile(self, share: float) -> float:
        ordered = sorted(self.took)
        return ordered[min(len(ordered) - 1, int(len(ordered) * share))] if ordered else float("nan")


@dataclass
class Load:
    """What was asked of the HTTPS side."""

    queries: Tally = field(default_factory=Tally)
    uploads: Tally = field(default_factory=Tally)


class Client:
    """A user of the HTTPS side."""

    def __init__(self, place: hub_place.Place, port: int) -> None:
        files = place.folder / "pki" / "users" / USER
        context = ssl.create_default_context(cafile=str(place.folder / "pki" / "ca.pem"))
        context.load_cert_chain(files / f"{USER}.pem", files / f"{USER}.key")
        self.base = f"https://127.0.0.1:{port}/Marti/sync"
        self.session = aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=context, limit=16))
        self.random = Random(8)  # noqa: S311
        self.hashes: list[str] = []

    async def upload(self, keyword: str, size: int = MEGABYTE) -> None:
        content = self.random.randbytes(size)
        digest = hashlib.sha256(content).hexdigest()
        form = aiohttp.FormData()
        form.add_field("assetfile", content, filename="load.bin", content_type="application/octet-stream")
        query = {"hash": digest, "filename": "load.bin", "creatorUid": "LOAD", "keyword": keyword}
        async with self.session.post(f"{self.base}/missionupload", params=query, data=form) as answer:
            await checked(answer)
        self.hashes.append(digest)

    async def query(self) -> None:
        digest = self.random.choice(self.hashes)
        async with self.session.get(f"{self.base}/missionquery", params={"hash": digest}) as answer:
            await checked(answer)

    async def search(self) -> None:
        async with self.session.get(f"{self.base}/search", params={"keywords": "found"}) as answer:
            found = json.loads(await checked(answer))
            if found["resultCount"] != FOUND:
                raise RuntimeError(f"{found['resultCount']} packages found and not {FOUND}")


async def checked(answer: aiohttp.ClientResponse) -> bytes:
    body = await answer.read()
    if answer.status != 200:
        raise RuntimeError(f"{answer.status}: {body[:200]!r}")
    return body


async def at_rate(
    per_s: float, over: asyncio.Event, work: Callable[[int], Awaitable[None]], tally: Tally
) -> None:
    """Begin so many requests a second until it is over, whether or not those before have come back."""

    async def one(number: int) -> None:
        begun = time.perf_counter()
        try:
            await work(number)
        except (RuntimeError, aiohttp.ClientError, ValueError, KeyError) as error:
            tally.failed.append(repr(error))
        else:
            tally.took.append((time.perf_counter() - begun) * 1000)

    begun, tasks = time.perf_counter(), []
    while not over.is_set():
        tasks.append(asyncio.create_task(one(len(tasks))))
        await asyncio.sleep(max(0.0, begun + len(tasks) / per_s - time.perf_counter()))
    await asyncio.gather(*tasks)
    tally.seconds += time.perf_counter() - begun


async def requests(client: Client, chosen: argparse.Namespace, load: Load, over: asyncio.Event) -> None:
    async def ask(number: int) -> None:
        await (client.search() if number % 2 else client.query())

    async def give(_: int) -> None:
        await client.upload("more")

    await asyncio.gather(
        at_rate(chosen.queries, over, ask, load.queries),
        at_rate(chosen.uploads / 60, over, give, load.uploads),
    )


@contextlib.contextmanager
def hub() -> Iterator[tuple[hub_place.Place, int]]:
    """Run a hub with an HTTPS side."""
    with tempfile.TemporaryDirectory(prefix="vallum-marti-") as name:
        folder = Path(name)
        tcp, tls = hub_place.prepare(folder, limits=hub_load.OPEN)
        port = hub_place.free_port()
        with (folder / "hub.toml").open("a") as file:
            file.write(f'\n[[listeners]]\nkind = "marti"\nport = {port}\n\n[marti]\n{LIMITS}\n')
        place = hub_place.start(folder, tcp, tls)
        while True:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 0.2):
                break
        try:
            yield place, port
        finally:
            place.stop()


class Stream:
    """The stream benchmark, in a process of its own."""

    def __init__(self, place: hub_place.Place, arguments: list[str]) -> None:
        self.out = place.folder / f"stream-{time.monotonic_ns()}"
        command = [sys.executable, str(hub_load.TESTER), *arguments, "--out", str(self.out)]
        self.process = subprocess.Popen([*command, "--server-pid", str(place.pid)], stdout=subprocess.DEVNULL)

    def result(self) -> dict[str, float]:
        self.process.wait(300)
        return json.loads(self.out.read_text().splitlines()[-1])


def stream(place: hub_place.Place, chosen: argparse.Namespace) -> Stream:
    arguments, tls, _, _ = hub_load.RUNS[chosen.stream]
    where = [*place.tls_arguments(USER), "--port", str(place.tls)] if tls else ["--port", str(place.tcp)]
    return Stream(place, [*arguments, "--duration", str(chosen.seconds), *where])


async def measure(place: hub_place.Place, port: int, chosen: argparse.Namespace) -> None:
    client = Client(place, port)
    turns: dict[str, list[dict[str, float]]] = {"alone": [], "beside requests": []}
    load = Load()
    try:
        for _ in range(FOUND):
            await client.upload("found", 1000)
        for _ in range(chosen.rounds):
            turns["alone"].append(await asyncio.to_thread(stream(place, chosen).result))
            over = asyncio.Event()
            asking = asyncio.create_task(requests(client, chosen, load, over))
            turns["beside requests"].append(await asyncio.to_thread(stream(place, chosen).result))
            over.set()
            await asking
    finally:
        await client.session.close()
    report(chosen, turns, load)


def report(chosen: argparse.Namespace, turns: dict[str, list[dict[str, float]]], load: Load) -> None:
    print(machine.heading("starlette", "uvicorn", "uvloop"))
    print(f"Stream: {chosen.stream}, {chosen.seconds:g} s a turn.\n")
    print("| turn | complete | deliveries/s | p50 ms | p99 ms | max ms | of a core |")
    print("|---|---:|---:|---:|---:|---:|---:|")
    for both in zip(*turns.values(), strict=True):
        for name, found in zip(turns, both, strict=True):
            busy = 100 * found["srv_cpu_s"] / found["wall_s"]
            figures = f"{found['p50_ms']:.1f} | {found['p99_ms']:.1f} | {found['max_ms']:.0f} | {busy:.0f} %"
            print(f"| {name} | {found['complete_pct']:g} % | {found['deliv_per_s']:,.0f} | {figures} |")
    alone, beside = (statistics.median(one["p99_ms"] for one in found) for found in turns.values())
    print(
        f"\nThe stream's p99, median of {chosen.rounds} turns: {alone:.1f} ms alone, {beside:.1f} ms beside"
    )
    print(f"requests: {beside / alone:.2f} times.\n")
    print("| requests | a second | failed | p50 ms | p99 ms | max ms |\n|---|---:|---:|---:|---:|---:|")
    for name, tally in (("package queries", load.queries), ("uploads of 1 MB", load.uploads)):
        print(
            f"| {name} | {len(tally.took) / tally.seconds:.2f} | {len(tally.failed)} "
            f"| {tally.percentile(0.5):.1f} | {tally.percentile(0.99):.1f} | {tally.percentile(1):.0f} |"
        )
    for failure in sorted({*load.queries.failed, *load.uploads.failed}):
        print(f"\nfailed: {failure}")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--stream", default="b tls", help="a run of hub_load.py")
    parser.add_argument("--queries", type=float, default=200.0, help="a second")
    parser.add_argument("--uploads", type=float, default=50.0, help="a minute")
    chosen = parser.parse_args()
    with hub() as (place, port):
        asyncio.run(measure(place, port, chosen))


if __name__ == "__main__":
    main()

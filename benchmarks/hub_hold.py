"""What the hub withstands: readers that stop, a kill in mid-load, hours of mixed load.

    python benchmarks/hub_hold.py stall [--seconds 40]
    python benchmarks/hub_hold.py kill
    python benchmarks/hub_hold.py soak --minutes 60

Prints one JSON line a measurement, with the commit. Loopback only.
"""

import argparse
import asyncio
import json
import random
import signal
import sqlite3
import statistics
import tempfile
import time
from argparse import Namespace
from array import array
from pathlib import Path

import cotload
import hub_place
import machine
import psutil
import uvloop

from vallum.wire import cot

OPEN = "events_per_s = 100000.0\nburst = 100000.0\nbytes_per_s = 1e9"
ROOM = "All Chat Rooms"
DAY_MS = 86_400_000


def group(place: hub_place.Place, *, tls: bool, proto: bool = False, user: str = "load-EE") -> cotload.Group:
    """Clients of the neutral tester."""
    files = place.folder / "pki" / "users" / user
    return cotload.Group(
        Namespace(
            host="127.0.0.1", port=place.tls if tls else place.tcp, proto=proto, pad=0, tls=tls, auth=None,
            cert=files / f"{user}.pem", key=files / f"{user}.key", key_password=None,
            ca=place.folder / "pki" / "ca.pem", hello_delay=0, full=0,
        )
    )  # fmt: skip


def rss_mb(pid: int) -> float:
    return psutil.Process(pid).memory_info().rss / 1e6


def percentile(latencies: array, share: float) -> float:
    ordered = sorted(latencies)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] / 1000 if ordered else float("nan")


async def stall(
    place: hub_place.Place, seconds: float, *, tls: bool, clients: int = 200, stalled: int = 50
) -> dict:
    """Let some readers stop, and see what the others notice and what the hub keeps."""
    cotload.RUN = random.SystemRandom().randrange(1, 9999)
    everyone = group(place, tls=tls)
    await everyone.connect(range(clients))
    await asyncio.sleep(3)
    before = rss_mb(place.pid)
    quiet, lively = everyone.clients[:stalled], everyone.clients[stalled:]
    for client in quiet:
        client.tr.pause_reading()
    everyone.lat = array("I")
    highest = before

    async def watch() -> None:
        nonlocal highest
        while True:
            highest = max(highest, rss_mb(place.pid))
            await asyncio.sleep(0.2)

    watcher = asyncio.create_task(watch())
    lost_before = everyone.lost
    # 8 kB an event fills what the kernel holds for a stalled reader within the time of the run.
    for client in lively:
        client.tail = client.tail.replace(b"</remarks>", b"P" * 8000 + b"</remarks>")
    await everyone.publish(lively, 1.0, seconds, time.monotonic())
    await asyncio.sleep(3)
    watcher.cancel()
    total = sum(client.seq for client in lively)
    expected = sum(total - client.seq for client in lively)
    got = sum(client.recv for client in lively)
    closed_among_lively = sum(client.closed for client in lively)
    latencies = array("I", everyone.lat)  # before the stalled ones read what is old by now
    for client in quiet:
        if not client.closed:
            client.tr.resume_reading()
    await asyncio.sleep(3)
    result = {
        "measure": "stall tls" if tls else "stall tcp",
        "clients": clients, "stalled": stalled, "seconds": seconds,
        "others_expected": expected, "others_got": got, "others_lost_connection": closed_among_lively,
        "duplicates": sum(client.dup for client in lively),
        "out_of_order": sum(client.ooo for client in lively),
        "p50_ms": percentile(latencies, 0.5), "p99_ms": percentile(latencies, 0.99),
        "rss_before_mb": before, "rss_highest_mb": highest,
        "mb_per_stalled": (highest - before) / stalled,
        "stalled_cut": sum(client.closed for client in quiet),
        "lost_connections": everyone.lost - lost_before,
    }  # fmt: skip
    for client in everyone.clients:
        if not client.closed:
            client.tr.abort()
    return result


def chat(number: int) -> bytes:
    """What the first client says to everyone."""
    sender = cotload.uid_of(0)
    return cot.event(
        f"GeoChat.{sender}.{ROOM}.{number}",
        "b-t-f",
        time.time_ns() // 1_000_000,
        stale_after=DAY_MS,
        how="h-g-i-g-o",
        lat=58,
        lon=25,
        detail=(
            f'<__chat parent="RootContactGroup" groupOwner="false" messageId="{number}" '
            f'chatroom="{ROOM}" id="{ROOM}" senderCallsign="LOAD00000">'
            f'<chatgrp uid0="{sender}" uid1="{ROOM}" id="{ROOM}"/></__chat>'
            f"<remarks>HOLD-CHAT-{number:02d}</remarks>"
        ),
    )


async def load_for(place: hub_place.Place, seconds: float, clients: int) -> tuple[list[str], int]:
    """Publish for a while and say who published and how much."""
    cotload.RUN = random.SystemRandom().randrange(1, 9999)
    everyone = group(place, tls=True)
    await everyone.connect(range(clients))
    publishing = asyncio.create_task(everyone.publish(everyone.clients, 10.0, seconds, time.monotonic()))
    for number in range(20):  # the chat of one client, so that it can come back
        everyone.clients[0].tr.write(chat(number))
    await asyncio.wait([publishing], timeout=max(seconds - 1, 0.5))
    return [cotload.uid_of(client.id) for client in everyone.clients], sum(c.seq for c in everyone.clients)


async def back(place: hub_place.Place) -> bytes:
    """What a client that comes back is sent within three seconds."""
    newcomer = group(place, tls=True)
    await newcomer.connect([777])
    client = newcomer.clients[0]
    client.raw = bytearray()
    await asyncio.sleep(3)
    client.tr.abort()
    return bytes(client.early) + bytes(client.raw)


def kill(folder: Path, rounds: int) -> None:
    """Kill the hub under load, start it again, and compare."""
    ports = hub_place.prepare(folder, limits=OPEN)
    for number in range(rounds):
        place = hub_place.start(folder, *ports)

        async def run(place: hub_place.Place = place) -> tuple[list[str], int]:
            said = await load_for(place, 6, 50)
            place.process.send_signal(signal.SIGKILL)
            return said

        uids, published = uvloop.run(run())
        place.process.wait()
        begun = time.monotonic()
        place = hub_place.start(folder, *ports)
        answered = time.monotonic() - begun
        seen = uvloop.run(back(place))
        place.stop()
        with sqlite3.connect(f"file:{folder / 'journal.sqlite'}?mode=ro", uri=True) as journal:
            sound = journal.execute("PRAGMA integrity_check").fetchone()[0]
            rows = journal.execute("SELECT count(*) FROM event").fetchone()[0]
            doubled = journal.execute(
                "SELECT count(*) FROM (SELECT uid, xml FROM event GROUP BY uid, xml HAVING count(*) > 1)"
            ).fetchone()[0]
        show(
            {
                "measure": "kill -9", "round": number + 1, "published": published, "journal_rows": rows,
                "journal": sound, "doubled": doubled, "answers_after_s": round(answered, 2),
                "picture_back": f"{sum(uid.encode() in seen for uid in uids)}/{len(uids)}",
                "chat_back": f"{sum(f'HOLD-CHAT-{n:02d}'.encode() in seen for n in range(20))}/20",
            }
        )  # fmt: skip


async def soak(place: hub_place.Place, minutes: float) -> None:
    """Mixed load: XML and protobuf, TLS and TCP, joins and leaves, malformed input, readers that stall."""
    cotload.RUN = random.SystemRandom().randrange(1, 9999)
    steady = group(place, tls=True)
    proto = group(place, tls=True, proto=True)
    plain = group(place, tls=False)
    await steady.connect(range(60))
    await proto.connect(range(100, 140))
    await plain.connect(range(200, 240))
    end = time.monotonic() + minutes * 60
    samples: list[tuple[float, float]] = []
    flow = asyncio.gather(
        *(one.publish(one.clients, 1.0, minutes * 60, time.monotonic()) for one in (steady, proto, plain))
    )
    churn = asyncio.create_task(_churn(place, end))
    begun = time.monotonic()
    while time.monotonic() < end:
        await asyncio.sleep(min(30, max(end - time.monotonic(), 0.1)))
        samples.append((time.monotonic() - begun, rss_mb(place.pid)))
        print(
            json.dumps({"minute": round(samples[-1][0] / 60, 1), "rss_mb": round(samples[-1][1], 1)}),
            flush=True,
        )
    await flow
    churn.cancel()
    settled = [sample for sample in samples if sample[0] > samples[-1][0] * 0.3]
    slope = (
        statistics.linear_regression(*zip(*settled, strict=True)).slope * 3600 if len(settled) > 2 else None
    )
    everyone = [*steady.clients, *proto.clients, *plain.clients]
    show(
        {
            "measure": "soak", "minutes": minutes, "samples": len(samples), "first_mb": samples[0][1],
            "last_mb": samples[-1][1], "highest_mb": max(s[1] for s in samples),
            "slope_mb_per_hour_after_30_percent": slope, "steady_lost": sum(c.closed for c in everyone),
            "duplicates": sum(c.dup for c in everyone), "p99_ms": percentile(steady.lat, 0.99),
        }
    )  # fmt: skip


async def _churn(place: hub_place.Place, end: float) -> None:
    """Clients that come, misbehave and go."""
    chance = random.Random(1)  # noqa: S311
    number = 1000
    malformed = [payload for _, payload, _ in cotload.cases("/dev/null") if len(payload) < 200_000]
    while time.monotonic() < end:
        number += 10
        for tls in (True, False):
            some = group(place, tls=tls, proto=chance.random() < 0.3)
            await some.connect(range(number, number + 10))
            for client in some.clients:
                client.publish()
                if chance.random() < 0.2:
                    client.tr.pause_reading()
                if chance.random() < 0.2:
                    client.tr.write(chance.choice(malformed))
            await asyncio.sleep(chance.random() * 5)
            for client in some.clients:
                if not client.closed:
                    client.tr.abort()
            number += 10


def show(line: dict) -> None:
    print(json.dumps({**line, "commit": machine.commit(), "at": hub_place.now()}), flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("measure", choices=["stall", "kill", "soak"])
    parser.add_argument("--seconds", type=float, default=40)
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--rounds", type=int, default=3)
    chosen = parser.parse_args()
    if chosen.measure == "stall":
        for tls in (False, True):
            with hub_place.hub(limits=OPEN) as place:
                show(uvloop.run(stall(place, chosen.seconds, tls=tls)))
    elif chosen.measure == "kill":
        with tempfile.TemporaryDirectory(prefix="vallum-hub-") as name:
            kill(Path(name), chosen.rounds)
    else:
        with hub_place.hub(limits=OPEN) as place:
            uvloop.run(soak(place, chosen.minutes))


if __name__ == "__main__":
    main()

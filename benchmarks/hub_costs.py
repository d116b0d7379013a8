"""What one event, one delivery and one write cost, stage by stage, in microseconds.

    python benchmarks/hub_costs.py

Best of seven. The peers: lxml for parsing, takproto for encoding, OpenSSL's records through Python's ssl.
"""

import contextlib
import socket
import ssl
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import cotload
import hub_place
import machine
import takproto as peer
from lxml import etree

from vallum.core.policy import Policy, Release
from vallum.core.principal import Principal
from vallum.hub.parcel import Format, Parcel
from vallum.hub.router import Router
from vallum.picture import Audiences, Event, Picture
from vallum.wire import cot, takproto

XML = cotload.sa_event(5, cotload.marker(5, 1, 1).decode())
PAYLOAD = Event.of_xml(XML).payload()
POLICY = Policy(nations=("EE", "LV", "LT"), releases=(Release("EE", frozenset(("LV",))),))
BLUE = frozenset(("Blue",))
TICK = 20


def best(work: Callable[[], object], each: int = 1, rounds: int = 7, seconds: float = 0.15) -> float:
    count = 1
    while True:
        begun = time.perf_counter()
        for _ in range(count):
            work()
        took = time.perf_counter() - begun
        if took > seconds / 4:
            break
        count *= 4
    count = max(1, int(count * seconds / took))
    times = []
    for _ in range(rounds):
        begun = time.perf_counter()
        for _ in range(count):
            work()
        times.append((time.perf_counter() - begun) / count)
    return min(times) * 1e6 / each


class Sink:
    """A reader that takes everything."""

    full = False

    def write(self, data: bytes) -> None:
        pass

    def backlog(self) -> int:
        return 0

    def close(self, reason: str) -> None:
        pass


def router(readers: int) -> tuple[Router, object]:
    made = Router(Audiences(POLICY), clock=lambda: time.time_ns() // 1_000_000, monotonic=time.monotonic)
    sessions = [
        made.join(Sink(), Principal(f"r{n}", "EE", BLUE, BLUE), Format.XML, "x") for n in range(readers)
    ]
    made.flush()
    return made, sessions[0]


def framing() -> None:
    framer = cot.XmlFramer()
    framer.feed(XML * 100)
    while framer.next() is not None:
        pass


def tls_records() -> Callable[[], object]:
    """Encrypt what one reader is sent in one tick."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        hub_place.prepare(folder)
        from vallum.hub.pki.context import server_context

        server = server_context(folder / "pki", require_client=False)
        client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        client.check_hostname = False
        client.verify_mode = ssl.CERT_NONE
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    here = server.wrap_bio(to_server, to_client, server_side=True)
    there = client.wrap_bio(to_client, to_server)
    for _ in range(4):
        for side in (there, here):
            with contextlib.suppress(ssl.SSLWantReadError):
                side.do_handshake()
    data = XML * TICK

    def work() -> None:
        here.write(data)
        to_client.read()

    return work


def socket_write() -> Callable[[], object]:
    ours, theirs = socket.socketpair()
    theirs.setblocking(False)
    data = XML * TICK

    def work() -> None:
        ours.send(data)
        theirs.recv(1 << 20)

    return work


def main() -> None:
    event = Event.of_xml(XML)
    audiences = Audiences(POLICY)
    picture: Picture[int] = Picture()
    audience = audiences.of(event, "EE", BLUE)
    principal = Principal("x", "EE", BLUE, BLUE)
    names = [child.name for child in event.children]
    r400, s400 = router(400)
    document = event.document

    def tick() -> None:
        for _ in range(TICK):
            r400.receive(s400, event)
        r400.flush()

    def encode() -> bytes:
        return takproto.encode(
            attributes=document.attributes,
            time=document.time,
            start=document.start,
            stale=document.stale,
            **document.point._asdict(),
            xml=document.xml,
            children=document.children,
            inner=document.inner,
        )

    rows = [
        ("per event read", "cut out of the stream", best(framing, 100)),
        ("per event read", "parse and check (expat)", best(lambda: Event.of_xml(XML))),
        ("per event read", "peer: lxml, without offsets or checks", best(lambda: etree.fromstring(XML))),
        (
            "per event read", "read a TAK protocol message (decode, render, parse)",
            best(lambda: Event.of_payload(PAYLOAD)),
        ),
        (
            "per event read", "policy: taken at all",
            best(lambda: POLICY.refusal(principal, event.type, names)),
        ),
        ("per event read", "policy: audience, seen before", best(lambda: audiences.of(event, "EE", BLUE))),
        ("per event read", "picture", best(lambda: picture.put(event, audience, 1 << 60, 1))),
        ("per event and format", "encode as TAK protocol", best(encode)),
        (
            "per event and format", "peer: takproto's encoder",
            best(lambda: peer.xml2proto(XML), seconds=0.3),
        ),
        ("per delivery", f"router, 400 readers, {TICK} events a tick, no socket", best(tick, TICK * 400)),
        ("per write", f"TLS records of {TICK} events", best(tls_records())),
        ("per write", f"socket, {TICK} events, read back", best(socket_write())),
        ("per event", "parcel and its bytes", best(lambda: Parcel(event, audience, 0).encoded(Format.XML))),
    ]  # fmt: skip
    print(machine.heading("uvloop", "protobuf", "takproto", "lxml"))
    print(f"An event has {len(XML)} bytes as XML, {len(PAYLOAD)} as TAK protocol.\n")
    print("| cost | stage | µs |\n|---|---|---:|")
    for unit, stage, cost in rows:
        print(f"| {unit} | {stage} | {cost:.2f} |")


if __name__ == "__main__":
    main()

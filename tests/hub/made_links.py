"""A hub without sockets for tests: links in memory, a clock that stands still, events in a line of text."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from xml.sax.saxutils import quoteattr

import structlog

from vallum.core import instant
from vallum.core.policy import Policy, Release
from vallum.core.principal import Principal
from vallum.hub.parcel import Format
from vallum.hub.router import Router, Settings
from vallum.hub.session import Session
from vallum.picture import Audiences, Event
from vallum.wire import cot, takproto

NOW = 1_795_000_000_000
RED = frozenset(("red",))


@contextmanager
def silence() -> Iterator[None]:
    """Log nothing: thousands of cases would."""
    before = structlog.get_config()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger("critical"))
    try:
        yield
    finally:
        structlog.configure(**before)


@dataclass
class MemoryLink:
    """A connection whose other end is the test."""

    full: bool = False
    written: list[bytes] = field(default_factory=list)
    closed: str = ""

    def write(self, data: bytes) -> None:
        self.written.append(data)

    def backlog(self) -> int:
        return 0

    def close(self, reason: str) -> None:
        self.closed = reason

    @property
    def data(self) -> bytes:
        return b"".join(self.written)


class Bench:
    """A router, its clocks and its peers."""

    def __init__(self, policy: Policy, settings: Settings | None = None) -> None:
        self.now = NOW
        self.seconds = 100.0
        self.woken = 0
        self.router = Router(
            Audiences(policy),
            settings,
            clock=lambda: self.now,
            monotonic=lambda: self.seconds,
            wake=self.wake,
        )

    def wake(self) -> None:
        self.woken += 1

    def pass_time(self, milliseconds: int) -> None:
        self.now += milliseconds
        self.seconds += milliseconds / 1000

    def join(
        self,
        name: str,
        nation: str = "EE",
        groups: frozenset[str] = RED,
        *,
        out: frozenset[str] | None = None,
        role: str = "member",
        form: Format = Format.XML,
    ) -> "Peer":
        principal = Principal(name, nation, groups, groups if out is None else out, role)
        link = MemoryLink()
        return Peer(self, link, self.router.join(link, principal, form, "memory"))

    def flush(self) -> None:
        self.router.flush()


@dataclass
class Peer:
    """A client at the bench."""

    bench: Bench
    link: MemoryLink
    session: Session

    def send(self, event: Event) -> None:
        self.bench.router.receive(self.session, event)

    def leave(self, *, clean: bool = True) -> None:
        self.bench.router.leave(self.session, clean=clean)

    def got(self) -> list[Event]:
        """Take what was written since the last call: XML, then TAK protocol from where it begins."""
        framer = cot.XmlFramer()
        framer.feed(self.link.data)
        self.link.written.clear()
        events = []
        with suppress(cot.Malformed):
            while (document := framer.next()) is not None:
                events.append(Event.of_xml(document))
        read = (Event.of_payload(payload) for payload in takproto.StreamFramer().feed(framer.take_rest()))
        return events + [event for event in read if event is not None]

    def uids(self) -> list[str]:
        return [event.uid for event in self.got()]


def make(
    uid: str,
    cot_type: str = "a-f-G-U-C",
    detail: str = "",
    *,
    time: int = NOW,
    stale_ms: int = 60_000,
    **attributes: str,
) -> Event:
    """One event."""
    stated = "".join(f" {name}={quoteattr(value)}" for name, value in attributes.items())
    moment = instant.write(time)
    return Event.of_xml(
        f'<event version="2.0" uid={quoteattr(uid)} type="{cot_type}" how="m-g" time="{moment}" start="{moment}" '
        f'stale="{instant.write(time + stale_ms)}"{stated}><point lat="59.4" lon="24.7" hae="1" ce="2" le="3"/>'
        f"<detail>{detail}</detail></event>".encode()
    )


def myself(uid: str, callsign: str, **keywords: object) -> Event:
    """What a client says of itself."""
    contact = f'<contact callsign={quoteattr(callsign)} endpoint="*:-1:stcp"/>'
    return make(uid, detail=contact + str(keywords.pop("detail", "")), **keywords)  # type: ignore[arg-type]


def chat(author: str, number: int, to: str = "", **keywords: object) -> Event:
    """A chat message, for all or for one callsign."""
    marti = f'<marti><dest callsign="{to}"/></marti>' if to else ""
    room = f'chatroom="{to}" id="{to}"' if to else 'chatroom="All Chat Rooms" id="All Chat Rooms"'
    detail = f'<__chat {room} parent="RootContactGroup"/><link uid="{author}" relation="p-p"/>{marti}'
    return make(f"GeoChat.{author}.room.{number}", "b-t-f", detail, **keywords)  # type: ignore[arg-type]


def openly(*nations: str) -> Policy:
    """A policy under which every nation releases all to all."""
    releases = tuple(Release(origin=one, to=frozenset(nations)) for one in nations)
    return Policy(nations=nations, releases=releases)


def settled(bench: Bench, *names: str, **keywords: object) -> list[Peer]:
    """Peers who have said who they are and have got the picture, with what they got so far thrown away."""
    peers = [bench.join(name.lower(), **keywords) for name in names]  # type: ignore[arg-type]
    for peer, name in zip(peers, names, strict=True):
        peer.send(myself(name.lower(), name))
    bench.flush()
    for peer in peers:
        peer.got()
    return peers

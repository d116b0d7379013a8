"""A policy of three nations, a router with a journal, and events."""

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from vallum.core import instant
from vallum.core.policy import Policy, Release
from vallum.core.principal import Principal
from vallum.hub.journal import Journal
from vallum.hub.parcel import Format
from vallum.hub.router import Router
from vallum.hub.session import Session
from vallum.picture import Audiences, Event, View

START = 1_800_000_000_000

POLICY = Policy(
    nations=("EE", "LV", "LT"),
    levels=("OPEN", "HIGH"),
    releases=(
        Release("EE", to=frozenset(("LV",)), if_named=frozenset(("LT",))),
        Release("LV", to=frozenset(("EE",)), types=("a",)),
    ),
)


class Wire:
    """A connection that keeps what is written to it."""

    full = False

    def __init__(self) -> None:
        self.data = b""

    def write(self, data: bytes) -> None:
        self.data += data

    def backlog(self) -> int:
        return 0

    def close(self, reason: str) -> None:
        self.data += f"closed: {reason}".encode()


class Clock:
    """A clock that moves when it is told to."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> int:
        return self.now


def xml(
    uid: str = "U1",
    kind: str = "a-f-G",
    *,
    at: int = START,
    lasts: int = 60_000,
    attributes: str = "",
    detail: str = "",
    lat: float = 58.4,
    lon: float = 26.7,
) -> bytes:
    time = instant.write(at)
    return (
        f'<event version="2.0" uid="{uid}" type="{kind}" time="{time}" start="{time}" '
        f'stale="{instant.write(at + lasts)}" how="m-g" {attributes}>'
        f'<point lat="{lat}" lon="{lon}" hae="30.5" ce="9" le="9999999"/><detail>{detail}</detail></event>'
    ).encode()


def chat(number: int, *, at: int = START, to: str = "", sender: str = "U1") -> bytes:
    marti = f'<marti><dest uid="{to}"/></marti>' if to else ""
    room = to or "All Chat Rooms"
    return xml(
        f"GeoChat.{sender}.{room}.{number}", "b-t-f", at=at,
        detail=f'<__chat id="{room}" chatroom="{room}"/><remarks>message {number}</remarks>{marti}',
    )  # fmt: skip


def me(uid: str = "U1", *, at: int = START, attributes: str = "") -> bytes:
    """An event by which a client says who it is."""
    return xml(
        uid, "a-f-G-U-C", at=at, attributes=attributes,
        detail=f'<contact callsign="call {uid}" endpoint="*:-1:stcp"/>',
    )  # fmt: skip


def principal(nation: str = "EE", groups: tuple[str, ...] = ("Blue",)) -> Principal:
    return Principal(f"user of {nation}", nation, frozenset(groups), frozenset(groups))


class Site:
    """A router whose events go into a journal."""

    def __init__(self, path: Path, clock: Clock, policy: Policy = POLICY) -> None:
        self.path = path
        self.clock = clock
        self.journal: Journal | None = None
        self.router = router(clock, policy)
        self.sessions: dict[tuple[str, tuple[str, ...]], Session] = {}

    def open(self, **more: float) -> Journal:
        options = {"batch_ms": 10, "keep_days": 30, "keep_mb": 1000, **more}
        self.journal = Journal.open(self.path, clock=self.clock, **options)
        self.journal.start()
        self.router.recorder = self.journal
        return self.journal

    def session(self, nation: str = "EE", groups: tuple[str, ...] = ("Blue",)) -> Session:
        key = (nation, groups)
        if key not in self.sessions:
            self.sessions[key] = self.router.join(Wire(), principal(nation, groups), Format.XML, "test")
        return self.sessions[key]

    def say(self, *events: bytes, nation: str = "EE", groups: tuple[str, ...] = ("Blue",)) -> None:
        for one in events:
            self.router.receive(self.session(nation, groups), Event.of_xml(one))


def router(clock: Clock, policy: Policy = POLICY) -> Router:
    ticks = itertools.count()
    return Router(Audiences(policy), clock=clock, monotonic=lambda: float(next(ticks)))


def shown(found: Router, nation: str, groups: tuple[str, ...] = ("Blue",)) -> list[bytes]:
    """What a newcomer is shown."""
    view: View = found.audiences.view(principal(nation, groups))
    return [parcel.event.xml for parcel in found.picture.seen_by(view, found.clock())]


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.sqlite"


@pytest.fixture
def site(path: Path, clock: Clock) -> Iterator[Callable[..., Site]]:
    made: list[Site] = []

    def started(policy: Policy = POLICY, **more: float) -> Site:
        one = Site(path, clock, policy)
        one.open(**more)
        made.append(one)
        return one

    yield started
    for one in made:
        assert one.journal is not None
        one.journal.stop()

"""What one nation's reader is shown."""

import asyncio
import time
from collections import deque
from dataclasses import dataclass
from statistics import median
from typing import Final
from xml.sax.saxutils import unescape

from vallum.hub.demo.link import Endpoint, Identity, Said, keep
from vallum.picture import Event, Kind
from vallum.wire import cot

__all__ = ["Sight", "Viewer"]

_READ: Final = 1 << 16
_CHATS: Final = 200
_SAMPLES: Final = 1_000
_GONE: Final = "t-x-d-d"


@dataclass(frozen=True, slots=True)
class Sight:
    """What a reader sees at one instant.

    Parameters
    ----------
    nation : str
        Of the reader.
    units : dict of str to int
        Units by their nation.
    ground, sea, air : int
        The same units by where they move.
    alerts, markers, videos : int
        Emergencies that are raised, points and videos.
    chat : int
        Messages since the reader connected.
    last_chat : str
        The newest one with its sender, empty without any.
    latency_ms : float, optional
        Median time from an event's own time to its receipt, milliseconds.
    """

    nation: str
    units: dict[str, int]
    ground: int
    sea: int
    air: int
    alerts: int
    markers: int
    videos: int
    chat: int
    last_chat: str
    latency_ms: float | None


class Viewer:
    """Reads a stream as a client's map does.

    Parameters
    ----------
    endpoint : Endpoint
        Where to.
    identity : Identity
        As whom.
    """

    def __init__(self, endpoint: Endpoint, identity: Identity) -> None:
        self.endpoint = endpoint
        self.identity = identity
        self.joined = asyncio.Event()
        self.ever: set[str] = set()
        """Uids of all events that it was ever sent, those between it and the hub left out."""
        self.latest: dict[str, Event] = {}
        """The newest event of each uid that is neither gone nor cancelled."""
        self.chat: deque[str] = deque(maxlen=_CHATS)
        self.chats = 0
        self._latencies: deque[int] = deque(maxlen=_SAMPLES)
        self._since = 0

    async def run(self, stop: asyncio.Event, say: Said) -> None:
        """Read until told to stop, or cancelled."""
        await keep(self.endpoint, self.identity, stop, say, self._use)

    def take(self, event: Event, now: int) -> None:
        """Take an event in.

        Parameters
        ----------
        event : Event
            The event.
        now : int
            Its receipt, milliseconds since 1970-01-01T00:00Z.
        """
        if event.type == _GONE:
            self.latest.pop((event.detail("link") or {}).get("uid", ""), None)
        if event.kind is Kind.CONTROL:
            return
        self.ever.add(event.uid)
        # Older ones are the picture that it found when it came.
        if event.time >= self._since:
            self._latencies.append(now - event.time)
        if event.kind is Kind.CHAT:
            self.chats += 1
            sender = (event.detail("__chat") or {}).get("senderCallsign", "")
            self.chat.append(f"{sender}: {_words(event)}")
        elif event.cancels:
            self.latest.pop(event.uid, None)
        else:
            self.latest[event.uid] = event

    def sight(self, now: int, nations: tuple[str, ...]) -> Sight:
        """Return what it sees, without what is stale.

        Parameters
        ----------
        now : int
            Milliseconds since 1970-01-01T00:00Z.
        nations : tuple of str
            Whose units to count.
        """
        shown = [event for event in self.latest.values() if event.stale > now]
        units = [event for event in shown if event.type.startswith("a-") and event.uid[-2:].isdigit()]
        return Sight(
            nation=self.identity.nation,
            units={
                nation: sum(event.uid.startswith(f"vallum-demo-{nation}-") for event in units)
                for nation in nations
            },
            ground=sum(event.type.startswith("a-f-G") for event in units),
            sea=sum(event.type.startswith("a-f-S") for event in units),
            air=sum(event.type.startswith("a-f-A") for event in units),
            alerts=sum(event.kind is Kind.ALERT for event in shown),
            markers=sum(event.type == "b-m-p-s-m" for event in shown),
            videos=sum(event.type == "b-m-p-s-p-loc" for event in shown),
            chat=self.chats,
            last_chat=self.chat[-1] if self.chat else "",
            latency_ms=float(median(self._latencies)) if self._latencies else None,
        )

    async def _use(self, reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        framer = cot.XmlFramer()
        self._since = _now()
        while data := await reader.read(_READ):
            # The hub speaks first: from its first word on nothing is missed.
            self.joined.set()
            framer.feed(data)
            now = _now()
            while (document := framer.next()) is not None:
                self.take(Event.of_xml(document), now)
        raise ConnectionResetError("the hub has closed the connection")


def _words(event: Event) -> str:
    """Return the text of a chat message."""
    _, _, rest = event.xml.partition(b"<remarks ")
    text = rest.partition(b">")[2].partition(b"</remarks>")[0]
    return unescape(text.decode(errors="replace"))


def _now() -> int:
    return time.time_ns() // 1_000_000

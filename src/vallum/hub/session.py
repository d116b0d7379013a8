"""One connected peer."""

import itertools
from typing import NamedTuple, Protocol

from vallum.core.principal import Principal
from vallum.hub.outbox import Outbox
from vallum.hub.parcel import Format, Parcel
from vallum.picture import Audience, View

_numbers = itertools.count(1)
_AUDIENCES = 64


class Link(Protocol):
    """The connection under a session."""

    full: bool
    """Whether the peer is behind by more than the connection's buffer holds; nothing is written then."""

    def write(self, data: bytes) -> None:
        """Send bytes of whole messages."""

    def backlog(self) -> int:
        """Bytes that the connection holds for the peer."""

    def close(self, reason: str) -> None:
        """End the connection; at once if the peer does not read."""


class Session:
    """A peer that is let in.

    Parameters
    ----------
    link : Link
        Its connection.
    principal : Principal
        Who it is.
    view : View
        What it may see.
    form : Format
        What it reads.
    place : str
        Name of the listener it came to.
    outbox_limit : int
        Bytes that may wait for it once its connection is full.
    """

    __slots__ = (
        "attached",
        "backlog",
        "chat_heard",
        "chat_seen",
        "chat_since",
        "chat_told",
        "form",
        "groups_in",
        "groups_out",
        "identities",
        "lagging_since",
        "link",
        "names",
        "number",
        "outbox",
        "place",
        "principal",
        "received",
        "refusals",
        "sent",
        "view",
    )  # fmt: skip

    def __init__(
        self, link: Link, principal: Principal, view: View, form: Format, place: str, outbox_limit: int
    ) -> None:
        self.number = next(_numbers)
        self.link = link
        self.attached = True
        """Whether the router still knows it."""
        self.principal = principal
        self.view = view
        self.form = form
        self.place = place
        self.groups_in = principal.groups_in
        self.groups_out = principal.groups_out
        self.outbox = Outbox(outbox_limit)
        self.identities: dict[str, Identity] = {}
        self.names: set[str] = set()
        """Uids and callsigns under which others have seen it."""
        self.lagging_since = 0.0
        self.received = 0
        self.sent = 0
        self.refusals: dict[str, int] = {}
        self.backlog = 0
        """What the connection held for it at the last look."""
        self.chat_told = False
        """Whether it was sent what had been said to all before it came."""
        self.chat_seen = 0
        """Number of the last chat message written to it."""
        self.chat_heard = 0
        """The same when it last gave a sign of life: what it was sent before is taken as arrived."""
        self.chat_since = 0
        """Number of the last chat message before it got the picture; 0 until then."""

    def deliver(self, parcels: list[Parcel], data: bytes, now: float) -> None:
        """Write encoded events, or put them by if the peer does not keep up.

        Parameters
        ----------
        parcels : list of Parcel
            The events.
        data : bytes
            The same, encoded in its format.
        now : float
            Monotonic clock, s.
        """
        if not self.attached:
            return
        if self.link.full or self.outbox.size:
            if not self.lagging_since:
                self.lagging_since = now
            self.outbox.put(parcels)
            return
        self.sent += len(parcels)
        self.link.write(data)

    def catch_up(self, room: int) -> None:
        """Write what waits, as far as the connection takes it."""
        while len(self.outbox) and not self.link.full:
            taken = self.outbox.take(self.form, room)
            self.sent += len(taken)
            self.link.write(b"".join(taken))
        if not self.outbox.size and not self.link.full:
            self.lagging_since = 0.0

    def moves(self) -> bool:
        """Whether it has read anything since the last look."""
        before, self.backlog = self.backlog, self.link.backlog()
        return self.backlog < before

    def write_all(self, farewell: bytes) -> None:
        """Write everything that waits, whether the connection is full or not, and one message after it."""
        self.link.write(b"".join(self.outbox.take(self.form, 1 << 62)) + farewell)
        self.lagging_since = 0.0


class Sighting(NamedTuple):
    """What an audience last saw of a uid: type, groups, callsign, since when it is called so, the event."""

    type: str
    groups: frozenset[str]
    callsign: str
    order: int
    parcel: Parcel


class Identity:
    """A uid that a session speaks for.

    Parameters
    ----------
    uid, callsign : str
        As its latest event states them.
    since : int
        Number of the last chat message before it was known.
    order : int
        When it took its name, in the order in which names were taken.
    """

    __slots__ = ("callsign", "order", "seen", "since", "uid")

    def __init__(self, uid: str, callsign: str, since: int, order: int) -> None:
        self.order = order
        self.since = since
        self.uid = uid
        self.callsign = callsign
        self.seen: dict[Audience, Sighting] = {}
        """For each audience that saw it the last that it saw, the latest at the end."""

    def goes_by(self, name: str) -> bool:
        """Whether it is called so."""
        return name in (self.uid, self.callsign)

    def note(self, audience: Audience, sighting: Sighting) -> bool:
        """Remember who saw it, and so is told when it goes; say whether they did not know it by this name."""
        before = self.seen.pop(audience, None)
        news = before is None or before.callsign != sighting.callsign
        if before is not None and not news:
            sighting = sighting._replace(order=before.order)
        if len(self.seen) >= _AUDIENCES:
            del self.seen[next(iter(self.seen))]
        self.seen[audience] = sighting
        return news

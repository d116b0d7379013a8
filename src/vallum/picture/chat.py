"""Chat kept for those who were away: directed messages, and the last of each audience."""

from collections import deque
from itertools import takewhile
from typing import Generic, NamedTuple, TypeVar

from vallum.picture.audience import Audience, View, sees
from vallum.picture.event import Event

Item = TypeVar("Item")

_PER_MILLISECOND = 10
"""Bits that number the messages of one millisecond."""


class Said(NamedTuple, Generic[Item]):
    """One chat message or receipt."""

    sequence: int
    received: int
    sender: str
    event: Event
    item: Item


class _Shelf(Generic[Item]):
    """What was said to one audience."""

    __slots__ = ("messages", "size")

    def __init__(self) -> None:
        self.messages: deque[Said[Item]] = deque()
        self.size = 0

    def put(self, said: Said[Item]) -> None:
        self.messages.append(said)
        self.size += len(said.event.xml)

    def let_go(self) -> None:
        self.size -= len(self.messages.popleft().event.xml)


class Conversation(Generic[Item]):
    """Recent chat, for each audience apart so that nobody's messages push out another's.

    Parameters
    ----------
    room : int
        Messages kept for one audience.
    keep_ms : int
        How long one is kept, milliseconds.
    size : int
        Bytes of messages kept for one audience.
    """

    def __init__(self, room: int = 5_000, keep_ms: int = 24 * 3_600_000, size: int = 1 << 26) -> None:
        self.room = room
        self.keep_ms = keep_ms
        self.size = size
        self.sequence = 1
        self._by_audience: dict[Audience, _Shelf[Item]] = {}

    def __len__(self) -> int:
        return sum(len(shelf.messages) for shelf in self._by_audience.values())

    def put(self, event: Event, audience: Audience, sender: str, received: int, item: Item) -> int:
        """Keep a message and return its number, which grows with time and is the same after a restart.

        Parameters
        ----------
        event : Event
            The message.
        audience : Audience
            Who may see it.
        sender : str
            Uid of the client that wrote it; it is not given its own messages when it comes back.
        received : int
            Milliseconds since 1970-01-01T00:00Z.
        item : Item
            What is to come back with it.
        """
        self.sequence = max(self.sequence + 1, received << _PER_MILLISECOND)
        shelf = self._by_audience.get(audience)
        if shelf is None:
            shelf = self._by_audience[audience] = _Shelf()
        shelf.put(Said(self.sequence, received, sender, event, item))
        while len(shelf.messages) > self.room or (shelf.size > self.size and len(shelf.messages) > 1):
            shelf.let_go()
        return self.sequence

    def missed(
        self,
        view: View,
        names: frozenset[str],
        *,
        after: int,
        public_until: int,
        private_until: int,
        private_after: int | None = None,
    ) -> list[Item]:
        """Return what a client that comes back has not been sent.

        Parameters
        ----------
        view : View
            What it may see.
        names : frozenset of str
            Its uid and callsign: a directed message is given to whom it names, and to no one else.
        after : int
            Sequence number of the last message it was sent; that of a newcomer is `at` some time ago.
        public_until, private_until : int
            Sequence numbers from which on messages for all, and messages for this client, reach it live.
        private_after : int, optional
            The number after which messages are for this client; `after` unless given.
        """
        own = after if private_after is None else private_after
        found = [
            said
            for audience, shelf in self._by_audience.items()
            if sees(view, audience)
            for said in takewhile(lambda said: said.sequence > min(after, own), reversed(shelf.messages))
            if said.sender not in names
            and _between(said, (own, private_until) if said.event.personal else (after, public_until))
            and _is_for(said.event, names)
        ]
        return [said.item for said in sorted(found, key=lambda said: said.sequence)]

    def sweep(self, now: int) -> None:
        """Let go of what is older than it is kept."""
        for audience, shelf in list(self._by_audience.items()):
            while shelf.messages and shelf.messages[0].received < now - self.keep_ms:
                shelf.let_go()
            if not shelf.messages:
                del self._by_audience[audience]


def at(received: int) -> int:
    """Return the sequence number before all messages of an instant, milliseconds since 1970-01-01T00:00Z."""
    return (received << _PER_MILLISECOND) - 1


def _between(said: Said[Item], bounds: tuple[int, int]) -> bool:
    return bounds[0] < said.sequence <= bounds[1]


def _is_for(event: Event, names: frozenset[str]) -> bool:
    if not event.personal:
        return True
    return any(address.kind in ("uid", "callsign") and address.value in names for address in event.addresses)

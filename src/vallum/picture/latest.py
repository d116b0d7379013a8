"""The current picture: the latest event of each uid, for each audience apart.

Events of one uid for two audiences do not replace one another, so what a reader is shown never depends on
events that it may not see. For the same reason the room is bounded for each audience and not in all.
"""

from typing import Generic, NamedTuple, TypeVar

from vallum.picture.audience import Audience, View, origin, sees
from vallum.picture.event import Event, Kind

Item = TypeVar("Item")


class Entry(NamedTuple, Generic[Item]):
    """The latest event of a uid."""

    sequence: int
    expires: int
    size: int
    item: Item


class _Shelf(Generic[Item]):
    """What is for one audience."""

    __slots__ = ("entries", "gone", "size")

    def __init__(self) -> None:
        self.entries: dict[str, Entry[Item]] = {}
        self.size = 0
        """Bytes of the events."""
        self.gone: dict[str, int] = {}
        """Sequence numbers of states that ended; they hide older ones of the same uid for other audiences."""

    def let_go(self, uid: str) -> int:
        """Take a uid out and return its sequence number; 0 if it is not there."""
        entry = self.entries.pop(uid, None)
        if entry is None:
            return 0
        self.size -= entry.size
        return entry.sequence

    def end(self, uid: str, sequence: int) -> None:
        """Remember that a state ended."""
        self.gone[uid] = max(sequence, self.gone.get(uid, 0))


class Picture(Generic[Item]):
    """The latest of each uid that is not stale.

    Parameters
    ----------
    room : int
        Uids kept for one audience; the one that was updated longest ago makes place.
    size : int
        Bytes of events kept for one audience.
    """

    def __init__(self, room: int = 50_000, size: int = 1 << 28) -> None:
        self.room = room
        self.size = size
        self._shelves: dict[Audience, _Shelf[Item]] = {}
        self._sequence = 0

    def __len__(self) -> int:
        return sum(len(shelf.entries) for shelf in self._shelves.values())

    def put(self, event: Event, audience: Audience, expires: int, item: Item) -> None:
        """Take an event in.

        Parameters
        ----------
        event : Event
            A state or an alert. One that cancels an alert ends what its uid was, as does one that is stale.
        audience : Audience
            Who may see it.
        expires : int
            When it is stale by the hub's clock, milliseconds since 1970-01-01T00:00Z.
        item : Item
            What is to come back with it.
        """
        shelf = self._shelves.get(audience)
        if shelf is None:
            shelf = self._shelves[audience] = _Shelf()
        uid = event.uid
        shelf.let_go(uid)
        self._sequence += 1
        if event.kind is Kind.ALERT and event.cancels:
            shelf.end(uid, self._sequence)
            return
        size = len(event.xml)
        while shelf.entries and (len(shelf.entries) >= self.room or shelf.size + size > self.size):
            shelf.let_go(next(iter(shelf.entries)))
        shelf.entries[uid] = Entry(self._sequence, expires, size, item)
        shelf.size += size

    def drop(self, uid: str, audience: Audience) -> None:
        """Take a uid out for one audience, as when its client is gone."""
        shelf = self._shelves.get(audience)
        if shelf is not None and uid in shelf.entries:
            shelf.end(uid, shelf.let_go(uid))

    def find(self, uid: str) -> list[tuple[Audience, Item]]:
        """Return what is kept of a uid, with whom each is for."""
        kept = ((audience, shelf.entries.get(uid)) for audience, shelf in self._shelves.items())
        return [(audience, entry.item) for audience, entry in kept if entry is not None]

    def seen_of(self, uid: str, view: View, now: int) -> Item | None:
        """Return what a reader may see of one uid; None if that is nothing.

        Parameters
        ----------
        uid : str
            The uid.
        view : View
            The reader's nation and groups.
        now : int
            The hub's clock, milliseconds since 1970-01-01T00:00Z; what is stale by then is left out.
        """
        latest: dict[int, Entry[Item]] = {}
        ended: dict[int, int] = {}
        for audience, shelf in self._shelves.items():
            entry, gone = shelf.entries.get(uid), shelf.gone.get(uid, 0)
            if (entry is None and not gone) or not sees(view, audience):
                continue
            nation = origin(audience)
            ended[nation] = max(gone, ended.get(nation, 0))
            if entry is not None and (nation not in latest or latest[nation].sequence < entry.sequence):
                latest[nation] = entry
        shown = [entry for nation, entry in latest.items()
                 if entry.sequence >= ended[nation] and entry.expires > now]  # fmt: skip
        return max(shown, key=_by_sequence).item if shown else None

    def seen_by(self, view: View, now: int) -> list[Item]:
        """Return what a reader may see, the latest of each uid, in the order of receipt.

        Parameters
        ----------
        view : View
            The reader's nation and groups.
        now : int
            The hub's clock, milliseconds since 1970-01-01T00:00Z; what is stale by then is left out.
        """
        by_origin: dict[int, list[_Shelf[Item]]] = {}
        for audience, shelf in self._shelves.items():
            if sees(view, audience):
                by_origin.setdefault(origin(audience), []).append(shelf)
        latest: dict[str, Entry[Item]] = {}
        for shelves in by_origin.values():
            for uid, entry in _latest(shelves).items():
                other = latest.get(uid)
                if entry.expires > now and (other is None or other.sequence < entry.sequence):
                    latest[uid] = entry
        return [entry.item for entry in sorted(latest.values(), key=_by_sequence)]

    def sweep(self, now: int) -> int:
        """Let go of what is stale and return how much that was."""
        gone = 0
        for shelf in self._shelves.values():
            stale = [uid for uid, entry in shelf.entries.items() if entry.expires <= now]
            gone += len(stale)
            for uid in stale:
                shelf.end(uid, shelf.let_go(uid))
        for audience, shelf in list(self._shelves.items()):
            for uid, sequence in list(shelf.gone.items()):
                if not self._hidden(uid, sequence):
                    del shelf.gone[uid]
            if not shelf.entries and not shelf.gone:
                del self._shelves[audience]
        return gone

    def _hidden(self, uid: str, sequence: int) -> bool:
        """Whether there is anything older of a uid."""
        entries = (shelf.entries.get(uid) for shelf in self._shelves.values())
        return any(entry is not None and entry.sequence < sequence for entry in entries)


def _latest(shelves: list[_Shelf[Item]]) -> dict[str, Entry[Item]]:
    """Return the latest of each uid that one nation keeps on several shelves, without what it has ended."""
    latest: dict[str, Entry[Item]] = {}
    for shelf in shelves:
        for uid, entry in shelf.entries.items():
            other = latest.get(uid)
            if other is None or other.sequence < entry.sequence:
                latest[uid] = entry
    for shelf in shelves:
        for uid, sequence in shelf.gone.items():
            if uid in latest and latest[uid].sequence < sequence:
                del latest[uid]
    return latest


def _by_sequence(entry: Entry[Item]) -> int:
    return entry.sequence

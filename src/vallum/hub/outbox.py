"""What waits for a reader that does not keep up: bounded, and positions overwrite one another."""

from collections import deque
from collections.abc import Iterable

from vallum.hub.parcel import Format, Parcel
from vallum.picture import Kind

DISCONNECTED = "t-x-d-d"
"""Type of the notice that a client is gone."""


class Outbox:
    """Events for one reader whose connection is full.

    Parameters
    ----------
    limit : int
        Bytes of event XML that may wait.
    """

    __slots__ = ("_latest", "_ordered", "limit", "replaced", "size")

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.size = 0
        self.replaced = 0
        """States that a newer one of the same uid overtook before they were sent."""
        self._latest: dict[str, Parcel] = {}
        self._ordered: deque[Parcel] = deque()

    def __len__(self) -> int:
        return len(self._latest) + len(self._ordered)

    @property
    def full(self) -> bool:
        """Whether more came than may wait. What waited is let go then: the reader is about to be cut."""
        return self.size > self.limit

    def put(self, parcels: Iterable[Parcel]) -> None:
        """Add events."""
        for parcel in parcels:
            if self.full:
                self._latest.clear()
                self._ordered.clear()
                return
            event = parcel.event
            self.size += len(event.xml)
            if event.kind is Kind.LATEST and not event.personal:
                self._overtake(event.uid)
                self._latest[event.uid] = parcel
                continue
            self._ordered.append(parcel)
            link = event.detail("link") if event.type == DISCONNECTED else None
            if link is not None:  # its last state must not come after the news that it is gone
                self._overtake(link.get("uid", ""))

    def _overtake(self, uid: str) -> None:
        older = self._latest.pop(uid, None)
        if older is not None:
            self.size -= len(older.event.xml)
            self.replaced += 1

    def take(self, form: Format, room: int) -> list[bytes]:
        """Take encoded events out, messages before states, until they fill the room given in bytes."""
        taken: list[bytes] = []
        while room > 0 and (self._ordered or self._latest):
            parcel = self._ordered.popleft() if self._ordered else self._latest.pop(next(iter(self._latest)))
            self.size -= len(parcel.event.xml)
            taken.append(parcel.encoded(form))
            room -= len(taken[-1])
        return taken

    def clear(self) -> None:
        """Let go of everything."""
        self._latest.clear()
        self._ordered.clear()
        self.size = 0

"""Readers with the same view and format: each event is put into their common batch once, and encoded once."""

from vallum.hub.parcel import Format, Parcel
from vallum.hub.session import Session
from vallum.picture import View


class Cohort:
    """Sessions that are sent the same bytes.

    Parameters
    ----------
    view : View
        What they may see.
    form : Format
        What they read.
    """

    __slots__ = ("batch", "direct", "form", "joining", "sessions", "view")

    def __init__(self, view: View, form: Format) -> None:
        self.view = view
        self.form = form
        self.sessions: list[Session] = []
        self.joining: list[Session] = []
        """Sessions that get the current picture first, at the next flush."""
        self.batch: list[Parcel] = []
        self.direct: list[tuple[Session, Parcel]] = []
        """Events for one session alone."""

    @property
    def empty(self) -> bool:
        """Whether nobody is left."""
        return not self.sessions and not self.joining

    def welcome(self, session: Session, shown: list[Parcel], parts: list[bytes], now: float) -> int:
        """Send a session the picture, without what is its own.

        Returns
        -------
        int
            Deliveries.
        """
        own = session.identities
        pairs = [
            (parcel, part)
            for parcel, part in zip(shown, parts, strict=True)
            if parcel.source != session.number and parcel.event.uid not in own
        ]
        if pairs:
            session.deliver([pair[0] for pair in pairs], b"".join(pair[1] for pair in pairs), now)
        return len(pairs)

    def flush(self, now: float) -> int:
        """Send what is due and return the number of deliveries.

        Parameters
        ----------
        now : float
            Monotonic clock, s.
        """
        sent = 0
        if self.batch:
            parcels, self.batch = self.batch, []
            sent = self.send(parcels, now)
        if self.direct:
            direct, self.direct = self.direct, []
            for session, parcel in direct:
                session.deliver([parcel], parcel.encoded(self.form), now)
                _note_chat(session, parcel)
            sent += len(direct)
        return sent

    def send(self, parcels: list[Parcel], now: float) -> int:
        """Send events to all but those they came from, past whatever waits in the batch."""
        parts = [parcel.encoded(self.form) for parcel in parcels]
        whole = b"".join(parts)
        sources = {parcel.source for parcel in parcels}
        last_chat = max((parcel.sequence for parcel in parcels), default=0)
        sent = 0
        for session in self.sessions:
            if session.number in sources:
                pairs = [
                    (parcel, part)
                    for parcel, part in zip(parcels, parts, strict=True)
                    if parcel.source != session.number
                ]
                if pairs:
                    session.deliver([pair[0] for pair in pairs], b"".join(pair[1] for pair in pairs), now)
                    sent += len(pairs)
            else:
                session.deliver(parcels, whole, now)
                sent += len(parcels)
            if last_chat:
                session.chat_seen = max(session.chat_seen, last_chat)
        return sent


def _note_chat(session: Session, parcel: Parcel) -> None:
    session.chat_seen = max(session.chat_seen, parcel.sequence)

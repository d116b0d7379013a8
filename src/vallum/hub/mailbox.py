"""Chat for those who come back: what was said, and who is known to have been sent which of it."""

from vallum.core.principal import Principal
from vallum.hub.parcel import Parcel
from vallum.hub.session import Identity, Session
from vallum.picture.chat import Conversation, at

_CLIENTS = 50_000


class Mailbox:
    """Recent chat, and for each client the number of the last message that it is known to have.

    Parameters
    ----------
    newcomer_ms : int
        How far back a client that was never seen is sent chat, milliseconds.
    """

    def __init__(self, newcomer_ms: int) -> None:
        self.newcomer_ms = newcomer_ms
        self.conversation: Conversation[Parcel] = Conversation()
        self.cursors: dict[str, int] = {}
        """By `client_key`."""
        self.changes = 0
        """Grows with every change of the cursors."""
        self._met: dict[str, int] = {}
        """For each client that was here since the start, the number before which nothing was said to it."""

    def remember(self, principal: Principal, uid: str, sequence: int) -> None:
        """Note that a client has what was said up to a number; 0 says nothing."""
        if not sequence:
            return
        key = client_key(principal, uid)
        sequence = max(sequence, self.cursors.pop(key, 0))
        if len(self.cursors) >= _CLIENTS:
            del self.cursors[next(iter(self.cursors))]
        self.cursors[key] = sequence
        self.changes += 1

    def meet(self, principal: Principal, uid: str, now: int) -> int:
        """Note that a client is here, and return the number behind all that has been said."""
        place = self.place(now)
        if len(self._met) >= _CLIENTS:
            del self._met[next(iter(self._met))]
        self._met.setdefault(client_key(principal, uid), place)
        return place

    def place(self, now: int) -> int:
        """Return a number behind all that has been said, and before all that will be.

        Parameters
        ----------
        now : int
            Milliseconds since 1970-01-01T00:00Z.
        """
        return max(self.conversation.sequence, at(now))

    def missed(self, session: Session, identity: Identity, now: int) -> list[Parcel]:
        """Return what a client has not been sent, and will not be sent as it comes.

        Parameters
        ----------
        session : Session
            Its session.
        identity : Identity
            The client.
        now : int
            Milliseconds since 1970-01-01T00:00Z.
        """
        key = client_key(session.principal, identity.uid)
        after = self.cursors.get(key, at(now - self.newcomer_ms))
        return self.conversation.missed(
            session.view,
            frozenset((identity.uid, identity.callsign)),
            after=after,
            # What was said to all is told a connection once, however many it speaks for.
            public_until=0 if session.chat_told else session.chat_since,
            # What was said to a name before is for who bore it then.
            private_after=after if key in self.cursors else self._met.get(key, identity.since),
            private_until=identity.since,
        )


def client_key(principal: Principal, uid: str) -> str:
    """Name a client: the same uid under another principal is another client."""
    return "\x1f".join((principal.nation, principal.name, uid))

"""Who listens to the router: journal, missions, files, and the memory of clients. None of them may wait."""

from collections.abc import Iterable
from typing import Protocol

from vallum.core.principal import Principal
from vallum.hub.parcel import Parcel
from vallum.hub.session import Identity, Session
from vallum.picture import Audience, Event

__all__ = ["Clients", "Missions", "Recorder", "Transfers"]


class Recorder(Protocol):
    """Whoever keeps the admitted events."""

    def append(self, parcel: Parcel, principal: Principal, groups: frozenset[str], sender: str) -> None:
        """Take an event; it must not wait.

        Parameters
        ----------
        parcel : Parcel
            The event.
        principal : Principal
            Who sent it.
        groups : frozenset of str
            Groups it went into.
        sender : str
            Uid of the client that sent it, empty if it is not known.
        """


class Missions(Protocol):
    """Whoever keeps missions."""

    def take(self, parcel: Parcel, mission: str, sender: Session) -> Iterable[Session]:
        """Take an event that is sent into a mission; it must not wait.

        Parameters
        ----------
        parcel : Parcel
            The event.
        mission : str
            Name or identifier, as the event states it.
        sender : Session
            Who sent it.

        Returns
        -------
        iterable of Session
            Who is sent it at once: subscribers that are there.
        """


class Transfers(Protocol):
    """Whoever keeps files."""

    def hand(self, event: Event, sender: Session, receivers: Iterable[Session]) -> None:
        """Let those to whom a notice of a file goes have the file; it must not wait.

        Parameters
        ----------
        event : Event
            The notice.
        sender : Session
            Who sent it.
        receivers : iterable of Session
            Who is sent it.
        """


class Clients(Protocol):
    """Whoever remembers clients from one connection to the next; nothing of it may wait."""

    def groups(self, principal: Principal, uid: str) -> tuple[frozenset[str], frozenset[str]] | None:
        """Return the groups, IN and OUT, that a client has left switched on.

        Parameters
        ----------
        principal : Principal
            Whose client it is.
        uid : str
            Its uid; empty for a connection that has not said yet who it is.

        Returns
        -------
        (frozenset of str, frozenset of str), optional
            None if it has said nothing of them.
        """

    def came(self, session: Session, identity: Identity, audience: Audience) -> None:
        """Take note that a client showed itself to an audience, or changed its callsign there."""

    def left(self, session: Session, identity: Identity) -> None:
        """Take note that a client is gone."""

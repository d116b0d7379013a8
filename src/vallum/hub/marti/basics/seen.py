"""Who is connected, with the eyes of somebody: nothing here depends on what a reader may not see."""

from dataclasses import dataclass
from typing import NamedTuple

from vallum.core.principal import Principal
from vallum.hub.router import Router
from vallum.hub.session import Session
from vallum.picture import Event, View, sees

__all__ = ["Look", "Seen", "connected", "look_of", "owner"]


class Look(NamedTuple):
    """What a client's own event says of it; empty where it says nothing."""

    team: str = ""
    role: str = ""
    platform: str = ""
    version: str = ""
    battery: str = ""


@dataclass(frozen=True, slots=True)
class Seen:
    """A client that a reader knows to be there.

    Parameters
    ----------
    session : Session
        Its session.
    own : bool
        Whether it is a client of the reader's own principal.
    uid, callsign : str
        As the reader last saw them; empty if it has not presented itself.
    event : Event, optional
        The last that the reader saw of it.
    received : int
        When that came, milliseconds since 1970-01-01T00:00Z; 0 for never.
    """

    session: Session
    own: bool
    uid: str = ""
    callsign: str = ""
    event: Event | None = None
    received: int = 0

    def username(self, reader: Principal) -> str:
        """Return its user name; that of another nation's is not told, as it stands in no event."""
        principal = self.session.principal
        return principal.name if principal.nation == reader.nation else ""

    def look(self) -> Look:
        """Return what its event says of it; that is parsed again, so of many not on the loop."""
        return look_of(self.event) if self.event is not None else Look()


def connected(
    router: Router, reader: Principal, view: View | None = None, *, administers: bool = False
) -> list[Seen]:
    """Return the clients that a reader may know of, in the order in which their sessions began.

    Parameters
    ----------
    router : Router
    reader : Principal
    view : View, optional
        Only what can be seen with it, one's own or not; all that the reader may see and its own unless given.
    administers : bool
        Whether also those of its nation that it may not see or that have not presented themselves.
    """
    narrowed = view is not None
    view = view or router.audiences.view(reader)
    found: list[Seen] = []
    for session in sorted(router.sessions, key=lambda session: session.number):
        own = owner(session.principal) == owner(reader)
        ruled = administers and session.principal.nation == reader.nation
        free = ruled or (own and not narrowed)
        before = len(found)
        for identity in session.identities.values():
            shown = [one for audience, one in identity.seen.items() if free or sees(view, audience)]
            if shown:
                last = shown[-1]
                parcel = last.parcel
                found.append(Seen(session, own, identity.uid, last.callsign, parcel.event, parcel.received))
            elif free:  # a viewer: it can be addressed, but nobody is shown it
                found.append(Seen(session, own, identity.uid, identity.callsign))
        if ruled and len(found) == before:
            found.append(Seen(session, own))
    return found


def owner(principal: Principal) -> tuple[str, str]:
    """Return nation and name, by which a principal is known whatever certificate it shows."""
    return principal.nation, principal.name


def look_of(event: Event) -> Look:
    """Return what a client's own event says of it."""
    details: dict[str, dict[str, str]] = {}
    for child in event.children:
        details.setdefault(child.name, dict(child.attributes))
    group, takv, status = (details.get(name, {}) for name in ("__group", "takv", "status"))
    return Look(
        group.get("name", ""), group.get("role", ""), takv.get("platform", ""), takv.get("version", ""),
        status.get("battery", ""),
    )  # fmt: skip

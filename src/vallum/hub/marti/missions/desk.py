"""The missions of one hub: where requests and events of the stream come in, and notices go out."""

import asyncio
import itertools
import sqlite3
from collections import deque
from collections.abc import Callable, Coroutine, Iterable
from typing import TYPE_CHECKING, Any, Final, TypeVar, cast

import structlog

from vallum.core.principal import Principal
from vallum.hub.marti.missions.ledger import Ledger, drop_labels
from vallum.hub.marti.missions.members import Guest
from vallum.hub.marti.missions.notices import Member, Notice
from vallum.hub.marti.missions.passwords import Passwords
from vallum.hub.marti.missions.reading import Caller, Reading
from vallum.hub.marti.missions.stream import Sent, put_all
from vallum.hub.marti.operation import Call
from vallum.hub.parcel import Parcel
from vallum.hub.session import Session

if TYPE_CHECKING:
    from vallum.hub.marti.service import Marti

__all__ = ["Desk", "desk"]

log = structlog.get_logger("vallum.hub")

T = TypeVar("T")
Name = tuple[str, str]
"""A kind of name, as invitations have it, and the name."""
_EXPIRED: Final = "SELECT * FROM mission WHERE expires_ms BETWEEN 0 AND ?"
_WAITING: Final = 10_000
_WAITING_BYTES: Final = 32 << 20
"""Events of the stream that are not written yet, and their bytes."""
_UNTOLD: Final = 10_000
"""Notices that are not sent yet; while there are more, nothing is changed."""
_OF_CLIENTS: Final = ("clientUid", "callsign")
_CLIENTS: Final = 16
"""Clients of one connection that are known by their names."""
_LOOKED_AT: Final = 50
_AT_ONCE: Final = 200
"""Events of one transaction."""
_TOLD: Final = 200
"""Members sent a notice before others have their turn."""


class Desk:
    """Reads and changes missions for many, and keeps the order; `router.missions` is one.

    Parameters
    ----------
    marti : Marti
        What the HTTPS side shares.
    """

    def __init__(self, marti: "Marti") -> None:
        self.marti = marti
        self.passwords = Passwords(marti.settings)
        self._rosters: dict[int, tuple[Member, ...]] = {}
        """Of the store's thread alone."""
        self._waiting: deque[Sent] = deque()
        self._waiting_bytes = 0
        self._outgoing: deque[Notice] = deque()
        self._tasks: set[asyncio.Task[object]] = set()
        self._taking: asyncio.Task[object] | None = None
        self._telling: asyncio.Task[object] | None = None
        self._closed = False
        marti.store.write_now(drop_labels)

    async def sweep(self) -> None:
        """Let go of missions that have expired."""
        if self._closed:
            return
        try:
            if self.marti.store.read(_EXPIRED, (self.marti.clock(),)):
                await self.change(Caller(Principal("", "")), _let_go)
        except sqlite3.Error as error:  # the next look is in a second
            log.error("missions: those that have expired cannot be let go", cause=str(error))

    async def close(self) -> None:
        """Write and tell what has come; what comes later is refused."""
        self._closed = True
        while self._tasks:
            await asyncio.wait(self._tasks)

    # Requests

    async def look(self, caller: Caller, work: Callable[[Reading], T]) -> T:
        """Read for somebody, all of it on one state of the database."""

        def inside(connection: sqlite3.Connection) -> T:
            return work(Reading(connection, self.marti.rules, caller, self.marti.clock()))

        return await self.marti.store.look(inside)

    async def change(self, caller: Caller, work: Callable[[Ledger], T]) -> T:
        """Change something for somebody: all of it or nothing; what is told of it is told afterwards.

        Whoever has asked may be gone by then: it is told all the same.
        """
        return await asyncio.shield(self._start(self._changed(caller, work)))

    def caller(self, principal: Principal) -> Caller:
        """Return who asks, with the names it goes by."""
        names = _of_user(principal)
        for session in self.marti.router.sessions:
            if _owner(session) == (principal.nation, principal.name):
                names |= self._names(session) | _teams(session)
        return Caller(principal, frozenset(names))

    async def called(self, wanted: set[Name]) -> dict[Name, list[Guest]]:
        """Return the clients that are there and bear names of some kinds.

        Parameters
        ----------
        wanted : set of (str, str)
            Kinds and values.
        """
        found: dict[Name, list[Guest]] = {key: [] for key in wanted}
        for number, (kind, name) in enumerate(wanted):
            if kind in _OF_CLIENTS:
                for session in self._bearers(kind, name):
                    found[kind, name] += _guests(session)
            if number % _LOOKED_AT == _LOOKED_AT - 1:
                await asyncio.sleep(0)
        if any(kind not in _OF_CLIENTS for kind, _ in wanted):
            for number, session in enumerate(list(self.marti.router.sessions)):
                for key in wanted.intersection(_of_user(session.principal) | _teams(session)):
                    found[key] += _guests(session)
                if number % _LOOKED_AT == _LOOKED_AT - 1:
                    await asyncio.sleep(0)
        return found

    async def _changed(self, caller: Caller, work: Callable[[Ledger], T]) -> T:
        def inside(connection: sqlite3.Connection) -> tuple[T, list[Notice]]:
            ledger = Ledger(connection, self.marti.rules, caller, self.marti.clock(), self._rosters)
            return work(ledger), ledger.notices

        await self._told_of_before()
        result, notices = await self.marti.store.write(inside)
        self._tell(notices)
        return result

    def _bearers(self, kind: str, name: str) -> list[Session]:
        """Return the first connection of each nation that bears a name, if it bears it as one of a kind."""
        firsts: dict[str, Session] = {}
        for session in self.marti.router.speaking_for(name):
            firsts.setdefault(session.principal.nation, session)
        return [session for session in firsts.values() if (kind, name) in _client_names(session)]

    def _names(self, session: Session) -> set[Name]:
        """Return the uids and callsigns under which a connection is the first of its nation."""
        return {key for key in _client_names(session) if session in self._bearers(*key)}

    # The stream

    def take(self, parcel: Parcel, mission: str, sender: Session) -> Iterable[Session]:
        """Take an event into a mission; see `vallum.hub.router.Missions`.

        Subscribers are sent it once it is on disk, and without its addresses: nobody learns of others.
        """
        size = len(parcel.event.xml)
        full = self._waiting_bytes + size > _WAITING_BYTES or len(self._waiting) >= _WAITING
        if self._closed or full:
            self.marti.router.refuse(sender, "missions: too much at once")
            return ()
        self._waiting_bytes += size
        caller = Caller(sender.principal, view=sender.view)
        self._waiting.append(Sent(parcel, mission, sender, sender.groups_in, caller))
        if self._taking is None:
            self._taking = self._start(self._take())
        return ()

    async def _take(self) -> None:
        try:
            while self._waiting:
                batch = [self._waiting.popleft() for _ in range(min(len(self._waiting), _AT_ONCE))]
                self._waiting_bytes -= sum(len(one.parcel.event.xml) for one in batch)
                await self._told_of_before()
                await self._put(batch)
        finally:
            self._taking = None

    async def _put(self, batch: list[Sent]) -> None:
        def inside(connection: sqlite3.Connection) -> tuple[list[Notice], list[Sent]]:
            return put_all(connection, self.marti, batch, self._rosters)

        try:
            notices, refused = await self.marti.store.write(inside)
        except sqlite3.Error as error:
            log.error("missions: events are lost", count=len(batch), cause=str(error))
            return
        for one in refused:
            self.marti.router.refuse(one.sender, "missions: not there, or no right to write")
        self._tell(notices)

    # Notices

    def _tell(self, notices: list[Notice]) -> None:
        self._outgoing.extend(notices)
        if self._outgoing and self._telling is None:
            self._telling = self._start(self._send())

    async def _send(self) -> None:
        try:
            count = itertools.count(1)
            while self._outgoing:
                notice, told = self._outgoing.popleft(), set[Session]()
                for member in notice.members:
                    self._hand_out(notice, member, told)
                    if next(count) % _TOLD == 0:
                        await asyncio.sleep(0)
        finally:
            self._telling = None

    def _hand_out(self, notice: Notice, member: Member, told: set[Session]) -> None:
        router = self.marti.router
        for session in router.speaking_for(member.uid):
            if session in told or _owner(session) != member.owner or session.number == notice.parcel.source:
                continue
            told.add(session)
            if all(sight.open_to(session) for sight in notice.sights):
                data = notice.parcel.encoded(session.form)
                session.deliver([notice.parcel], data, router.monotonic())

    async def _told_of_before(self) -> None:
        """Wait until there are not too many notices that have not been sent."""
        while len(self._outgoing) > _UNTOLD and self._telling is not None:
            await asyncio.wait((self._telling,))

    def _start(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task


def desk(call: Call) -> Desk:
    """Return the desk of the hub that a request came to."""
    return cast("Desk", call.marti.router.missions)


def _let_go(ledger: Ledger) -> None:
    """Delete the missions that have expired."""
    for mission in ledger.connection.execute(_EXPIRED, (ledger.now,)).fetchall():
        ledger.delete(mission, "")


def _client_names(session: Session) -> set[Name]:
    """Return the uids and callsigns that a connection's clients state."""
    identities = itertools.islice(session.identities.values(), _CLIENTS)
    stated = (
        (kind, name)
        for identity in identities
        for kind, name in zip(_OF_CLIENTS, (identity.uid, identity.callsign), strict=True)
    )
    return {(kind, name) for kind, name in stated if name}


def _of_user(principal: Principal) -> set[Name]:
    groups = principal.groups_in | principal.groups_out
    return {("userName", principal.name), *(("group", group) for group in groups)}


def _teams(session: Session) -> set[Name]:
    """Return the teams of a connection's clients, as they last stated them."""
    found = set()
    for identity in itertools.islice(session.identities.values(), _CLIENTS):
        for sighting in itertools.islice(reversed(identity.seen.values()), 1):
            team = (sighting.parcel.event.detail("__group") or {}).get("name")
            if team:
                found.add(("team", team))
    return found


def _guests(session: Session) -> list[Guest]:
    return [Guest(Member(uid, _owner(session)), session.view) for uid in session.identities]


def _owner(session: Session) -> tuple[str, str]:
    return session.principal.nation, session.principal.name

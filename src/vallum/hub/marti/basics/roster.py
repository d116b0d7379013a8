"""What outlasts a client's connection: when it was last here, and the groups it has switched off."""

import asyncio
import itertools
import sqlite3
from collections.abc import Mapping
from functools import partial
from typing import Final

import structlog

from vallum.core.principal import Principal
from vallum.hub.marti.basics import switched
from vallum.hub.marti.basics.seen import look_of
from vallum.hub.marti.marking import Marking
from vallum.hub.marti.store import Store
from vallum.hub.router import Router
from vallum.hub.session import Identity, Session, Sighting
from vallum.picture import Audience, Event
from vallum.picture.audience import stated

__all__ = ["Roster"]

log = structlog.get_logger("vallum.hub")

_KEEP_MS: Final = 30 * 86_400_000
_OF_ONE: Final = 1_000
"""Rows of one principal: its own flood pushes out its own alone."""
_PUT: Final = "INSERT OR REPLACE INTO client VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
_LET_GO: Final = """
DELETE FROM client WHERE nation = ?1 AND principal = ?2 AND last_ms < (
  SELECT last_ms FROM client WHERE nation = ?1 AND principal = ?2 ORDER BY last_ms DESC LIMIT 1 OFFSET ?3)
"""

_Key = tuple[str, ...]
_Said = tuple[str, Event, int]
"""Callsign, event, when."""


class Roster:
    """Keeps what a router tells of its clients; to be made where the event loop runs.

    Parameters
    ----------
    store : Store
        Where it is kept.
    router : Router
        Who tells, from now on.
    """

    def __init__(self, store: Store, router: Router) -> None:
        self._store = store
        self._router = router
        self._waiting: dict[_Key, _Said] = {}
        self._writing: asyncio.Task[None] | None = None
        router.clients = self

    def groups(self, principal: Principal, uid: str) -> tuple[frozenset[str], frozenset[str]] | None:
        """Return the groups, IN and OUT, that a client has left switched on; None if it has said nothing."""
        off = switched.off(self._store, principal, uid)
        return None if off is None else off.rest(principal)

    def came(self, session: Session, identity: Identity, audience: Audience) -> None:
        """Keep what an audience now knows of a client."""
        sighting = identity.seen[audience]
        self._put(session, identity, sighting, sighting.parcel.received)

    def left(self, session: Session, identity: Identity) -> None:
        """Keep what each audience knew last of a client, and when it went."""
        now = self._router.clock()
        for sighting in identity.seen.values():
            self._put(session, identity, sighting, now)

    async def close(self) -> None:
        """Write what waits, and listen no more."""
        self._router.clients = None
        if self._writing is not None:
            await self._writing

    def _put(self, session: Session, identity: Identity, sighting: Sighting, when: int) -> None:
        event, principal = sighting.parcel.event, session.principal
        access, caveat, releasable, reached = stated(event, sighting.groups)
        nation, *label = Marking(principal.nation, reached, access, caveat, releasable).columns
        key = (nation, principal.name, identity.uid, event.type, *label)
        self._waiting[key] = (sighting.callsign, event, when)
        if self._writing is None:
            self._writing = asyncio.get_running_loop().create_task(self._write())

    async def _write(self) -> None:
        """Write until nothing waits; what comes while one transaction is under way is in the next."""
        try:
            while self._waiting:
                said, self._waiting = self._waiting, {}
                await self._store.write(partial(_save, said, self._router.clock() - _KEEP_MS))
        except sqlite3.Error as error:
            log.error("clients not kept", reason=str(error))
        finally:
            self._writing = None


def _save(said: Mapping[_Key, _Said], oldest: int, connection: sqlite3.Connection) -> None:
    connection.executemany(_PUT, itertools.starmap(_row, said.items()))
    connection.executemany(_LET_GO, [(*who, _OF_ONE - 1) for who in {key[:2] for key in said}])
    connection.execute("DELETE FROM client WHERE last_ms < ?", (oldest,))


def _row(key: _Key, said: _Said) -> tuple[str | int, ...]:
    callsign, event, when = said
    look = look_of(event)  # parses it again: of many not on the loop
    return (*key, callsign, look.team, look.role, when)

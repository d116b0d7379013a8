"""Groups that clients have switched off. Those are kept, not the rest: a new group is on."""

import json
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from vallum.core.principal import Principal
from vallum.hub.marti.store import Store

__all__ = ["Off", "latest", "off", "switch"]

_CLIENTS: Final = 100
"""Uids of one principal."""
_OF_UID: Final = "SELECT * FROM switched_off WHERE nation = ? AND principal = ? AND uid = ?"
_LATEST: Final = (
    "SELECT * FROM switched_off WHERE nation = ? AND principal = ? ORDER BY changed_ms DESC LIMIT 1"
)
_PUT: Final = "INSERT OR REPLACE INTO switched_off VALUES (?, ?, ?, ?, ?, ?)"
_LET_GO: Final = """
DELETE FROM switched_off WHERE nation = ?1 AND principal = ?2 AND uid <> '' AND uid NOT IN (
  SELECT uid FROM switched_off WHERE nation = ?1 AND principal = ?2 AND uid <> ''
  ORDER BY changed_ms DESC LIMIT ?3)
"""


@dataclass(frozen=True, slots=True)
class Off:
    """Groups that are switched off.

    Parameters
    ----------
    groups_in, groups_out : frozenset of str
        In each direction.
    """

    groups_in: frozenset[str] = frozenset()
    groups_out: frozenset[str] = frozenset()

    def rest(self, principal: Principal) -> tuple[frozenset[str], frozenset[str]]:
        """Return those of a principal that are on."""
        return principal.groups_in - self.groups_in, principal.groups_out - self.groups_out


def off(store: Store, principal: Principal, uid: str) -> Off | None:
    """Return what a client, or with an empty uid its principal, has switched off; None if never asked."""
    return _first(store.read(_OF_UID, (principal.nation, principal.name, uid)))


def latest(store: Store, principal: Principal) -> Off | None:
    """Return what a principal said last, for whichever client."""
    return _first(store.read(_LATEST, (principal.nation, principal.name)))


async def switch(store: Store, principal: Principal, uid: str, change: Callable[[Off], Off], now: int) -> Off:
    """Change what a client has switched off; with an empty uid all clients of the principal, as from now.

    Parameters
    ----------
    store : Store
    principal : Principal
    uid : str
        Of the client.
    change : callable
        Returns what is off from what was; called in the store's thread.
    now : int
        Milliseconds since 1970-01-01T00:00Z.
    """
    who = (principal.nation, principal.name)

    def work(connection: sqlite3.Connection) -> Off:
        rows = connection.execute(_OF_UID, (*who, uid)).fetchall()
        if not rows and uid:
            rows = connection.execute(_OF_UID, (*who, "")).fetchall()
        wanted = change(_first(rows) or Off())
        if not uid:
            connection.execute("DELETE FROM switched_off WHERE nation = ? AND principal = ?", who)
        lists = (json.dumps(sorted(groups)) for groups in (wanted.groups_in, wanted.groups_out))
        connection.execute(_PUT, (*who, uid, *lists, now))
        connection.execute(_LET_GO, (*who, _CLIENTS))
        return wanted

    return await store.write(work)


def _first(rows: list[sqlite3.Row]) -> Off | None:
    if not rows:
        return None
    return Off(*(frozenset(json.loads(rows[0][name])) for name in ("groups_in", "groups_out")))

"""Video connections as they are kept: who may see them, and who may change them."""

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import msgspec

from vallum.core.principal import Principal
from vallum.hub.marti.answer import Refusal
from vallum.hub.marti.basics.seen import owner
from vallum.hub.marti.basics.video_model import Connection, classification_of
from vallum.hub.marti.marking import Marking, Rules
from vallum.hub.marti.service import Marti
from vallum.picture import Audiences

__all__ = ["Kept", "find", "put", "remove", "replace", "shown"]

VIDEO: Final = "b-m-p-s-p-loc"
"""The Cursor on Target type under which rules release video: a sensor's place with its address."""
_OF_ONE: Final = 200
_BYTES_OF_ONE: Final = 1 << 20
_LABEL: Final = "nation, access, caveat, releasable_to, groups"
_ROWS: Final = f"SELECT principal, uid, content, {_LABEL} FROM video"  # noqa: S608
_PUT: Final = (
    "INSERT OR REPLACE INTO video "
    "(principal, uid, content, nation, access, caveat, releasable_to, groups, stored_ms) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
_USE: Final = (
    "SELECT count(*), coalesce(sum(length(content)), 0) FROM video WHERE nation = ? AND principal = ?"
)
_REPLACE: Final = (
    "UPDATE video SET content = ?, access = ?, groups = ?, stored_ms = ? "
    "WHERE nation = ? AND principal = ? AND uid = ?"
)


@dataclass(frozen=True, slots=True)
class Kept:
    """A connection in the registry.

    Parameters
    ----------
    owner : (str, str)
        Nation and name of the principal who registered it.
    uid : str
    content : bytes
        JSON of a `Connection`.
    marking : Marking
    """

    owner: tuple[str, str]
    uid: str
    content: bytes
    marking: Marking

    @property
    def connection(self) -> Connection:
        """The connection itself."""
        return msgspec.json.decode(self.content, type=Connection)

    def may_change(self, principal: Principal) -> bool:
        """Whether a principal who sees it may change it: its owner, or an administrator of its nation."""
        return self.owner == owner(principal) or (
            principal.role == "admin" and principal.nation == self.marking.nation
        )


async def shown(marti: Marti, principal: Principal) -> list[Kept]:
    """Return what a principal may see, the oldest first."""
    rules = Rules(Audiences(marti.router.audiences.policy))  # those of the router are the loop's
    known: dict[Marking, bool] = {}

    def may_see(kept: Kept) -> bool:
        if kept.marking not in known:
            known[kept.marking] = rules.may_see(principal, kept.marking, VIDEO)
        return known[kept.marking] or kept.owner == owner(principal)

    def work(connection: sqlite3.Connection) -> list[Kept]:
        rows = connection.execute(f"{_ROWS} ORDER BY stored_ms, uid")
        return [kept for kept in map(_kept, rows) if may_see(kept)]

    async with marti.searches.turn(principal):
        return await marti.store.look(work)


def find(marti: Marti, principal: Principal, uid: str) -> Kept | None:
    """Return a connection that a principal may see: its own if it has one of the uid, else the latest."""
    rows = [_kept(row) for row in marti.store.read(f"{_ROWS} WHERE uid = ? ORDER BY stored_ms DESC", (uid,))]
    rows.sort(key=lambda kept: kept.owner != owner(principal))
    for kept in rows:
        if kept.owner == owner(principal) or marti.rules.may_see(principal, kept.marking, VIDEO):
            return kept
    return None


async def put(
    marti: Marti, principal: Principal, connections: Sequence[Connection], groups: list[str]
) -> None:
    """Register connections, all or none; one's own of the same uid is replaced.

    Raises
    ------
    Refusal
        409 if one that the principal sees is somebody else's, or it has too many.
    """
    for one in connections:
        other = find(marti, principal, one.uuid)
        if other is not None and other.owner != owner(principal):
            raise Refusal(409, f"body: uid {one.uuid[:40]!r} is another's", rule="video owners",
                          remedy="Register it under another uid.")  # fmt: skip
    rows = [_row(marti, principal, one, groups) for one in connections]

    def work(database: sqlite3.Connection) -> None:
        database.executemany(_PUT, rows)
        _check_room(database, owner(principal))

    await marti.store.write(work)


async def replace(marti: Marti, kept: Kept, connection: Connection, groups: frozenset[str]) -> bool:
    """Change a connection, whose owner stays the same; False if it is gone by now."""
    access = classification_of(connection, marti.router.audiences.policy)
    marking = Marking(kept.marking.nation, groups, access)
    values = (
        msgspec.json.encode(connection),
        access,
        marking.columns[-1],
        marti.clock(),
        *kept.owner,
        kept.uid,
    )

    def work(database: sqlite3.Connection) -> bool:
        changed = bool(database.execute(_REPLACE, values).rowcount)
        _check_room(database, kept.owner)
        return changed

    return await marti.store.write(work)


async def remove(marti: Marti, kept: Kept) -> bool:
    """Delete a connection; False if it is gone already."""
    question = "DELETE FROM video WHERE nation = ? AND principal = ? AND uid = ?"
    values = (*kept.owner, kept.uid)
    return bool(await marti.store.write(lambda database: database.execute(question, values).rowcount))


def _row(marti: Marti, principal: Principal, one: Connection, groups: list[str]) -> tuple[object, ...]:
    access = classification_of(one, marti.router.audiences.policy)
    marking = Marking.of(principal, groups, access=access)
    return (principal.name, one.uuid, msgspec.json.encode(one), *marking.columns, marti.clock())


def _check_room(database: sqlite3.Connection, who: tuple[str, str]) -> None:
    """Refuse what is being written if its owner then has more than it may."""
    ((count, size),) = database.execute(_USE, who)
    if count > _OF_ONE or size > _BYTES_OF_ONE:
        raise Refusal(
            409, f"more than {_OF_ONE} video connections of one user, or more than {_BYTES_OF_ONE} bytes",
            rule="video connections", remedy="Delete some that are not used.",
        )  # fmt: skip


def _kept(row: sqlite3.Row) -> Kept:
    marking = Marking.from_columns(*(row[name] for name in _LABEL.split(", ")))
    content = row["content"]
    return Kept(
        (marking.nation, row["principal"]),
        row["uid"],
        content if isinstance(content, bytes) else content.encode(),
        marking,
    )

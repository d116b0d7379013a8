"""Which files somebody may see, and the look for them."""

import asyncio
import json
import sqlite3
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing, nullcontext
from typing import Final

import msgspec

from vallum.core.principal import Principal
from vallum.hub.marti.answer import Refusal
from vallum.hub.marti.files.rows import PRIVATE, File, marking
from vallum.hub.marti.marking import FILE, Rules
from vallum.hub.marti.searches import Searches
from vallum.hub.marti.store import Store

__all__ = ["Search", "Sight", "not_there"]

_PAGES: Final = (16, 250)
"""Rows looked at before the stream has its turn: when one is wanted, and when many are."""

_HELD: Final = f"""
(tool <> '{PRIVATE}' OR (nation = :nation AND principal = :principal)
 OR id IN (SELECT value FROM json_each(:handed)) OR EXISTS (SELECT 1 FROM file_grant AS one
            WHERE one.file = file.id AND one.nation = :nation AND one.principal = :principal))
"""  # noqa: S608
"""Not private, or the asker's own, or handed to it."""

_QUESTION: Final = f"""
SELECT * FROM file WHERE id < :before AND (expires_ms < 0 OR expires_ms > :now) AND {_HELD} AND {{where}}
ORDER BY id DESC LIMIT :page
"""  # noqa: S608

Grant = tuple[int, str, str]


def not_there() -> Refusal:
    """Return what is said of a file that is not there, and of one that somebody may not see."""
    return Refusal(404, "there is no such file, or none that you may see", rule="files")


class Search(msgspec.Struct, kw_only=True):
    """What is looked for; what is empty is not asked for.

    Parameters
    ----------
    hash, uid, tool, media_type : str
        As they are.
    name : str
        A part of it; case does not count.
    keywords : list of str
        All of them; case does not count.
    box : tuple of float, optional
        West, south, east and north of where the file is, WGS 84 degrees.
    since, until : int, optional
        Of when it was stored, milliseconds since 1970-01-01T00:00Z.
    """

    hash: str = ""
    uid: str = ""
    tool: str = ""
    media_type: str = ""
    name: str = ""
    keywords: list[str] = []
    box: tuple[float, float, float, float] | None = None
    since: int | None = None
    until: int | None = None

    def condition(self) -> tuple[str, dict[str, object]]:
        """Return it in SQL."""
        values: dict[str, object] = {
            "hash": self.hash, "uid": self.uid, "tool": self.tool, "media_type": self.media_type,
            "name": self.name.casefold(), "since": self.since, "until": self.until,
        }  # fmt: skip
        values |= {f"keyword{place}": word.casefold() for place, word in enumerate(self.keywords)}
        parts = [f"{name} = :{name}" for name in ("hash", "uid", "tool", "media_type") if values[name]]
        if self.name:
            parts.append("instr(folded(name), :name)")
        parts += [
            f"EXISTS (SELECT 1 FROM json_each(keywords) WHERE folded(value) = :keyword{place})"  # noqa: S608
            for place in range(len(self.keywords))
        ]
        if self.box is not None:
            values |= dict(zip(("west", "south", "east", "north"), self.box, strict=True))
            parts += ["latitude BETWEEN :south AND :north", "longitude BETWEEN :west AND :east"]
        if self.since is not None:
            parts.append("stored_ms >= :since")
        if self.until is not None:
            parts.append("stored_ms <= :until")
        return " AND ".join(parts) or "TRUE", values


class Sight:
    """Looks for files by the rules in force.

    Parameters
    ----------
    store : Store
    rules : Rules
    searches : Searches
        In whose turns every row is looked at.
    clock : callable
        Returns milliseconds since 1970-01-01T00:00Z.
    """

    def __init__(self, store: Store, rules: Rules, searches: Searches, clock: Callable[[], int]) -> None:
        self._store, self._rules, self._searches, self._clock = store, rules, searches, clock
        self.handed: set[Grant] = set()
        """Grants that are not written yet."""

    async def find(self, principal: Principal, *, digest: str = "", uid: str = "") -> File | None:
        """Return the newest file of a SHA-256 or of a uid that somebody may see."""
        found = await self.search(principal, Search(hash=digest, uid=uid), 1)
        return found[0] if found else None

    async def search(self, principal: Principal, wanted: Search, most: int) -> list[File]:
        """Return the newest files that somebody may see, newest first."""
        found: list[File] = []
        async with aclosing(self._pages(principal, wanted, _PAGES[most > _PAGES[0]])) as pages:
            async for rows in pages:
                found += map(File.of, rows)
                if len(found) >= most:
                    break
        return found[:most]

    async def every(self, principal: Principal, digest: str) -> list[File]:
        """Return all files of a SHA-256 that somebody may see."""
        return await self.search(principal, Search(hash=digest), 1 << 62)

    async def count(self, principal: Principal) -> int:
        """Return how many files somebody may see."""
        return sum([len(rows) async for rows in self._pages(principal, Search(), _PAGES[1])])

    def held(self, principal: Principal, digest: str) -> list[File]:
        """Return the newest that somebody may hand on of a body, at once: its own, and what it was handed."""
        where = f"hash = :hash AND (tool = '{PRIVATE}' OR (nation = :nation AND principal = :principal))"
        values = {"hash": digest} | self._asker(principal, 1 << 62, _PAGES[0])
        may_see = self._decided(principal)
        rows = self._store.read(_QUESTION.format(where=where), values)
        return [File.of(row) for row in rows if may_see(row)]

    async def _pages(
        self, principal: Principal, wanted: Search, page: int
    ) -> AsyncGenerator[list[sqlite3.Row], None]:
        """Return what somebody may see, newest first, from so many rows at a time."""
        where, values = wanted.condition()
        question = _QUESTION.format(where=where)
        indexed = bool(wanted.hash or wanted.uid) and not wanted.name and not wanted.keywords
        may_see = self._decided(principal)
        before = 1 << 62
        while True:
            values |= self._asker(principal, before, page)
            async with nullcontext() if indexed else self._searches.turn(principal):
                rows = await self._page(question, dict(values), indexed=indexed)
            yield [row for row in rows if may_see(row)]
            if len(rows) < page:
                return
            before = rows[-1]["id"]

    async def _page(self, question: str, values: dict[str, object], *, indexed: bool) -> list[sqlite3.Row]:
        def look(connection: sqlite3.Connection) -> list[sqlite3.Row]:
            # SQLite itself knows no case but that of ASCII.
            connection.create_function("folded", 1, str.casefold, deterministic=True)
            return connection.execute(question, values).fetchall()

        if indexed:
            await asyncio.sleep(0)
            return self._store.read(question, values)
        return await self._store.look(look)

    def _asker(self, principal: Principal, before: int, page: int) -> dict[str, object]:
        own = [file for file, *who in self.handed if who == [principal.nation, principal.name]]
        return {
            "nation": principal.nation, "principal": principal.name, "handed": json.dumps(own),
            "now": self._clock(), "before": before, "page": page,
        }  # fmt: skip

    def _decided(self, principal: Principal) -> Callable[[sqlite3.Row], bool]:
        """Return what says of rows whether somebody may see them, deciding once for each marking."""
        decided: dict[tuple[str, ...], bool] = {}

        def may_see(row: sqlite3.Row) -> bool:
            if (row["nation"], row["principal"]) == (principal.nation, principal.name):
                return True
            key = (row["nation"], row["access"], row["caveat"], row["releasable_to"], row["groups"])
            if key not in decided:
                decided[key] = self._rules.may_see(principal, marking(*key), FILE)
            return decided[key]

        return may_see

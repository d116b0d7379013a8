"""What is kept, and how it comes and goes: a body before its row, a row before its body goes."""

import asyncio
import sqlite3
from collections.abc import Callable, Iterable
from functools import partial
from typing import TYPE_CHECKING, Final

import msgspec
import structlog

from vallum.core.principal import Principal
from vallum.hub.marti.answer import Refusal
from vallum.hub.marti.files import rows
from vallum.hub.marti.files.arrival import Arrivals, Received
from vallum.hub.marti.files.rows import File, Used
from vallum.hub.marti.files.shelf import HASH, Shelf
from vallum.hub.marti.files.sight import Sight, not_there
from vallum.hub.session import Session
from vallum.picture import Event

if TYPE_CHECKING:
    from vallum.hub.marti.service import Marti

__all__ = ["Library"]

log = structlog.get_logger("vallum.hub")

_HANDED: Final = 10_000
"""Grants that may wait to be written: as many only if the disk takes none."""


class Library:
    """The files of one hub.

    Parameters
    ----------
    marti : Marti
        What it shares with the rest.
    """

    sweep_ms = 10_000
    """Milliseconds from one look for what has expired to the next."""

    def __init__(self, marti: "Marti") -> None:
        self.shelf = Shelf(marti.files)
        self.sight = Sight(marti.store, marti.rules, marti.searches, marti.clock)
        self.arrivals = Arrivals(marti.settings)
        self._store = marti.store
        self._clock = marti.clock
        self._granting: asyncio.Task[None] | None = None
        self._swept = 0

    def open(self) -> None:
        """Clear away what an end without warning has left: bodies without a row, and halves of bodies."""
        self.shelf.open()
        needed = self._store.write_now(rows.hashes)
        there = set(self.shelf.digests())
        for digest in there - needed:
            self.shelf.remove(digest)
        if needed - there:
            log.error(
                "files are missing", count=len(needed - there), folder=str(self.shelf.folder),
                remedy="Bring the folder back from a backup of the same time as the journal.",
            )  # fmt: skip

    def used(self, principal: Principal) -> Used:
        """Return what is stored already."""
        (row,) = self._store.read(rows.USED, (principal.nation, principal.name))
        return Used(*row)

    async def add(
        self, received: Received, file: File, merge: Callable[[File], File], *, by_name: bool
    ) -> File:
        """Keep a file; what its owner sent once before is not kept twice.

        Parameters
        ----------
        received : Received
            The body.
        file : File
            Its row.
        merge : callable
            Is given the row that is there already, and returns what is to stand in its place.
        by_name : bool
            Whether a row with the same name is the same; with the same uid if not.

        Raises
        ------
        Refusal
            507 if there is no room.
        """

        def work(connection: sqlite3.Connection) -> File:
            known = rows.same(connection, file, by_name=by_name)
            if known is not None:
                kept = merge(known)
                rows.change(connection, kept)
            else:
                who = (file.marking.nation, file.principal)
                used = Used(*connection.execute(rows.USED, who).fetchone())
                self.arrivals.check(used, file.size, file.size)
                kept = msgspec.structs.replace(file, id=rows.insert(connection, file))
            self.shelf.place(received.staged, received.digest)
            return kept

        return await self._store.write(work)

    async def change(self, principal: Principal, digest: str, how: Callable[[File], File]) -> None:
        """Change the rows of a body that are somebody's to change.

        Raises
        ------
        Refusal
            403 if none is, 404 if it may see none.
        """
        mine = await self.owned(principal, digest)
        ids = frozenset(file.id for file in mine)

        def work(connection: sqlite3.Connection) -> None:
            for file in rows.read(connection, ids):
                rows.change(connection, how(file))

        await self._store.write(work)

    async def remove(self, principal: Principal, digest: str) -> None:
        """Delete the rows of a body that are somebody's to delete, and with the last the body itself.

        Raises
        ------
        Refusal
            403 if none is, 404 if it may see none.
        """
        mine = [file.id for file in await self.owned(principal, digest)]
        await self._store.write(lambda connection: rows.remove(connection, mine))
        await self.forget((digest,))

    async def forget(self, digests: Iterable[str]) -> None:
        """Let go of bodies that nothing needs any more.

        That is a step of its own, after the one that deleted the rows: ended in between, the hub has a body
        too many, never a row without one.
        """

        def work(connection: sqlite3.Connection) -> None:
            for digest in digests:
                if not rows.is_used(connection, digest):
                    self.shelf.remove(digest)

        await self._store.write(work)

    async def sweep(self) -> None:
        """Let go of what has expired; called often, it looks now and then."""
        now = self._clock()
        if now - self._swept < self.sweep_ms:
            return
        self._swept = now
        try:
            if self._store.read("SELECT 1 FROM file WHERE expires_ms BETWEEN 0 AND ? LIMIT 1", (now,)):
                await self.forget(await self._store.write(lambda connection: rows.expired(connection, now)))
        except (sqlite3.Error, OSError) as error:  # what has expired is shown to nobody meanwhile
            log.error("expired files are not deleted", error=str(error))

    def hand(self, event: Event, sender: Session, receivers: Iterable[Session]) -> None:
        """Let those to whom a notice of a file goes have the file, if it is the sender's to hand on."""
        digest = (event.detail("fileshare") or {}).get("sha256", "").lower()
        if not HASH.fullmatch(digest) or len(self.sight.handed) >= _HANDED:
            return
        who = {(one.principal.nation, one.principal.name) for one in receivers}
        for file in self.sight.held(sender.principal, digest):
            known = self._store.read("SELECT nation, principal FROM file_grant WHERE file = ?", (file.id,))
            owner = (file.marking.nation, file.principal)
            self.sight.handed |= {(file.id, *one) for one in who - {owner, *map(tuple, known)}}
        if self.sight.handed and self._granting is None:
            self._granting = asyncio.create_task(self._grant())

    async def close(self) -> None:
        """Wait until what was handed over is written."""
        if self._granting is not None:
            await self._granting
        self.shelf.close()

    async def _grant(self) -> None:
        try:
            while self.sight.handed:
                batch = frozenset(self.sight.handed)
                await self._store.write(partial(rows.grant, granted=batch))
                self.sight.handed -= batch
        except (sqlite3.Error, RuntimeError) as error:  # they hold until the hub ends
            log.error("grants are not written", error=str(error))
        finally:
            self._granting = None

    async def owned(self, principal: Principal, digest: str) -> list[File]:
        """Return the rows of a body that somebody may change: its own, or an admin those of its nation.

        Raises
        ------
        Refusal
            403 if there is none, 404 if it may see none.
        """
        seen = await self.sight.every(principal, digest)
        if not seen:
            raise not_there()
        admin = principal.role == "admin"
        mine = [
            one for one in seen if one.is_of(principal) or (admin and one.marking.nation == principal.nation)
        ]
        if not mine:
            raise Refusal(
                403, "the file is somebody else's", rule="owner",
                remedy="Ask its owner, or an admin of its nation.",
            )  # fmt: skip
        return mine

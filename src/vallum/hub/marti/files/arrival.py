"""Bodies that arrive: how many at once, and how large."""

import asyncio
import errno
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from typing import Final

from vallum.core.principal import Principal
from vallum.hub.config import Marti as Settings
from vallum.hub.marti.answer import Refusal
from vallum.hub.marti.files.multipart import FilePart, boundary
from vallum.hub.marti.files.rows import Used
from vallum.hub.marti.files.shelf import Shelf, Staged
from vallum.hub.marti.operation import Call

__all__ = ["Arrivals", "Received", "received"]

_MB: Final = 1_000_000
_AT_ONCE: Final = 64
_OF_ONE: Final = 8
_FILES: Final = 20_000
"""Of one user."""
_PART: Final = 1 << 18
"""Bytes handed to a thread at a time."""
_BESIDE: Final = 1 << 17
"""Bytes that a multipart body may have beside its file."""


@dataclass(slots=True)
class Received:
    """A body that is on disk, whole, and waits for its place.

    Parameters
    ----------
    staged : Staged
    digest : str
        Its SHA-256.
    name, media_type : str
        As the body itself states them; empty if it does not.
    """

    staged: Staged
    digest: str
    name: str
    media_type: str


@dataclass(slots=True)
class Arrivals:
    """What arrives at a hub, and the room there is for it.

    Parameters
    ----------
    settings : config.Marti
    """

    settings: Settings
    _sizes: Counter[tuple[str, str]] = field(default_factory=Counter)
    _counts: Counter[tuple[str, str]] = field(default_factory=Counter)

    @contextmanager
    def one(self, principal: Principal, used: Used) -> Iterator[Callable[[int], None]]:
        """Let somebody send a body; the value is told how large it is by now, and refuses if it may not be.

        Raises
        ------
        Refusal
            429 or 503 if too many arrive.
        """
        who = (principal.nation, principal.name)
        if self._counts[who] >= _OF_ONE or self._counts.total() >= _AT_ONCE:
            status = 429 if self._counts[who] >= _OF_ONE else 503
            raise Refusal(
                status, "too many files arrive at once", rule="uploads at once",
                remedy="Wait until one is done, then send again.", headers={"Retry-After": "5"},
            )  # fmt: skip
        size = 0

        def grown(to: int) -> None:
            nonlocal size
            self._sizes[who] += to - size
            size = to
            rest = self._sizes.total() - self._sizes[who]
            self.check(Used(used.files, used.own, used.everyone + rest), self._sizes[who], size)

        self._counts[who] += 1
        try:
            yield grown
        finally:
            self._counts[who] -= 1
            self._sizes[who] -= size
            if not self._counts[who]:
                del self._counts[who], self._sizes[who]

    def check(self, used: Used, more: int, size: int) -> None:
        """See whether there is room.

        Parameters
        ----------
        used : Used
            What is there.
        more : int
            Bytes that are to come to it.
        size : int
            Bytes of the one file that is asked for.

        Raises
        ------
        Refusal
            413 if the file is too large, 507 if there is no room for it.
        """
        limits = self.settings
        if size > limits.upload_mb * _MB:
            raise Refusal(
                413, f"body: more than {limits.upload_mb} MB", rule="upload_mb",
                remedy="Send it in parts, or ask whoever runs the hub for a larger upload_mb.",
            )  # fmt: skip
        if used.own + more > limits.user_mb * _MB or used.files >= _FILES:
            raise Refusal(
                507, f"your files would be more than {limits.user_mb} MB or {_FILES} of them",
                rule="user_mb", remedy="Delete some: DELETE /Marti/sync/delete?hash=.",
            )  # fmt: skip
        if used.everyone + more > limits.store_mb * _MB:
            raise Refusal(
                507, "the hub has no room for more files", rule="store_mb",
                remedy="Tell whoever runs the hub: files are to be deleted, or store_mb raised.",
            )  # fmt: skip


@asynccontextmanager
async def received(call: Call, shelf: Shelf, grown: Callable[[int], None]) -> AsyncIterator[Received]:
    """Take a request's file; it is gone at the end unless it was given a place.

    Raises
    ------
    Refusal
        400 if the body is malformed, 413 or 507 if it is too large.
    """
    stated = call.request.headers.get("content-length", "")
    limit = boundary(call.request.headers.get("content-type", ""))
    if stated.isdecimal():
        grown(max(int(stated) - (_BESIDE if limit else 0), 0))  # refused before it is sent
    staged = await shelf.run(shelf.stage)
    try:
        with _explained():
            yield await _taken(call, shelf, staged, limit, grown)
    finally:
        await asyncio.shield(shelf.run(staged.drop))


async def _taken(
    call: Call, shelf: Shelf, staged: Staged, limit: bytes | None, grown: Callable[[int], None]
) -> Received:
    part = None if limit is None else FilePart(limit, staged.write)
    feed: Callable[[bytes], object] = staged.write if part is None else part.feed
    came = 0
    async for data in _parts(call):
        came += len(data)
        grown(came if part is None else max(came - _BESIDE, staged.size))
        await shelf.run(feed, data)
    if part is not None:
        part.finish()
    grown(staged.size)
    digest = await shelf.run(staged.finish)
    if part is not None:
        return Received(staged, digest, part.name, part.media_type)
    return Received(staged, digest, "", call.request.headers.get("content-type", ""))


async def _parts(call: Call) -> AsyncIterator[bytes]:
    waiting = bytearray()
    async for data in call.request.stream():
        waiting += data
        if len(waiting) >= _PART:
            yield bytes(waiting)
            waiting.clear()
    if waiting:
        yield bytes(waiting)


@contextmanager
def _explained() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        raise Refusal(
            507, "the hub's disk is full", rule="disk", remedy="Tell whoever runs the hub."
        ) from error

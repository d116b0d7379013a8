"""Searches that take a while: one at a time for each who asks, those of the journal in their own threads."""

import asyncio
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from threading import Event
from typing import Final, TypeVar

from vallum.core.principal import Principal
from vallum.hub.marti.answer import Refusal

__all__ = ["Searches"]

T = TypeVar("T")
_THREADS: Final = 2


@dataclass(slots=True)
class _Turn:
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    waiting: int = 0


class Searches:
    """Runs searches; a search that may be long looks now and then whether it shall stop."""

    most = 32
    """Of one principal, the one that runs among them."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(_THREADS, "search")
        self._turns: dict[tuple[str, str], _Turn] = {}
        self.stopping = Event()
        """Set when the hub ends: what still runs then is of use to nobody."""

    @asynccontextmanager
    async def turn(self, principal: Principal) -> AsyncIterator[None]:
        """Wait until what the same principal asked for before is done.

        Raises
        ------
        Refusal
            429 if too much of its waits already.
        """
        key = (principal.nation, principal.name)
        turn = self._turns.setdefault(key, _Turn())
        if turn.waiting >= self.most:
            raise Refusal(
                429, f"{self.most} searches of yours are not done yet", rule="searches",
                remedy="Wait for their answers.", headers={"Retry-After": "5"},
            )  # fmt: skip
        turn.waiting += 1
        try:
            async with turn.lock:
                yield
        finally:
            turn.waiting -= 1
            if not turn.waiting:
                self._turns.pop(key, None)

    async def run(self, principal: Principal, work: Callable[[], T]) -> T:
        """Run work in a thread in the turn of a principal.

        Raises
        ------
        Refusal
            429 if too much of its waits already.
        """
        async with self.turn(principal):
            return await asyncio.get_running_loop().run_in_executor(self._threads, work)

    def close(self) -> None:
        """End what runs, and begin nothing more."""
        self.stopping.set()
        self._threads.shutdown(wait=False, cancel_futures=True)

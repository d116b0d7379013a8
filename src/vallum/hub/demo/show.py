"""A scene played to a hub: all feeds and viewers together, from the beginning to the farewell."""

import asyncio
import time
from collections.abc import Callable, Mapping
from typing import Final

from vallum.core.errors import BadInput
from vallum.hub.demo.feed import Feed
from vallum.hub.demo.link import Endpoint, Identity, Said
from vallum.hub.demo.programme import Programme
from vallum.hub.demo.scene import Scene
from vallum.hub.demo.viewer import Sight, Viewer

__all__ = ["TELL_EVERY_S", "Show", "check_rate"]

TELL_EVERY_S: Final = 2.0
MOST_EVENTS_PER_S: Final = 200.0
"""Of one connection; a hub takes 500 unless its configuration says otherwise."""
_JOIN_S: Final = 10.0
_FAREWELL_S: Final = 3.0


def check_rate(units: int, nations: int, interval: float) -> None:
    """Refuse more than a hub takes from one connection.

    Raises
    ------
    BadInput
        If there are too many units for so short an interval.
    """
    if units / nations / interval > MOST_EVENTS_PER_S:
        raise BadInput(
            f"{units} units every {interval:g} s: above {MOST_EVENTS_PER_S:.0f} events a second and nation",
            "units and rate",
            "events per second",
            "Give fewer units, or a longer interval.",
        )


class Show:
    """A scene on its way to a hub.

    Parameters
    ----------
    scene : Scene
        What is shown.
    interval : float
        Seconds between two positions of a unit.
    endpoints : mapping of str to Endpoint
        Where each nation connects.
    senders : mapping of str to Identity
        As whom its units do.
    viewers : mapping of str to Identity, optional
        As whom a reader of it does.
    """

    def __init__(
        self,
        scene: Scene,
        interval: float,
        endpoints: Mapping[str, Endpoint],
        senders: Mapping[str, Identity],
        viewers: Mapping[str, Identity] | None = None,
    ) -> None:
        self.scene = scene
        self.feeds = [
            Feed(Programme(scene, nation, interval), endpoints[nation], senders[nation])
            for nation in scene.nations
        ]
        self.viewers = [Viewer(endpoints[nation], identity) for nation, identity in (viewers or {}).items()]
        self.seconds = 0.0
        """How long it has been running."""
        self.stop = asyncio.Event()
        """Set it to end the show."""

    def sights(self) -> list[Sight]:
        """Return what each viewer sees now."""
        now = time.time_ns() // 1_000_000
        return [viewer.sight(now, self.scene.nations) for viewer in self.viewers]

    async def run(self, say: Said, tell: Callable[[], None], seconds: float | None = None) -> list[Sight]:
        """Play until `stop` is set or the time is over.

        Parameters
        ----------
        say : callable
            Told what goes wrong.
        tell : callable
            Called every `TELL_EVERY_S`.
        seconds : float, optional
            For how long; for ever unless given.

        Returns
        -------
        list of Sight
            What each viewer saw in the end, before the units said goodbye.

        Raises
        ------
        BadInput
            If the certificates cannot be used.
        """
        viewing = [asyncio.create_task(viewer.run(self.stop, say)) for viewer in self.viewers]
        sending: list[asyncio.Task[None]] = []
        try:
            # A viewer that is there first sees everything come, and not a picture that is some time old.
            await self._joined(viewing)
            begun = asyncio.get_running_loop().time()
            sending = [asyncio.create_task(feed.run(begun, self.stop, say)) for feed in self.feeds]
            await self._play(begun, [*viewing, *sending], tell, seconds)
            seen = self.sights()
        finally:
            self.stop.set()
            if sending:
                await asyncio.wait(sending, timeout=_FAREWELL_S)
            for task in (*sending, *viewing):
                task.cancel()
            ends = await asyncio.gather(*sending, *viewing, return_exceptions=True)
        for end in ends:
            if isinstance(end, Exception):
                raise end
        return seen

    async def _stopped(self) -> None:
        await self.stop.wait()

    async def _joined(self, viewing: list[asyncio.Task[None]]) -> None:
        if not viewing:
            return
        all_joined = asyncio.create_task(self._all_joined())
        await asyncio.wait((all_joined, *viewing), timeout=_JOIN_S, return_when=asyncio.FIRST_COMPLETED)
        all_joined.cancel()

    async def _all_joined(self) -> None:
        for viewer in self.viewers:
            await viewer.joined.wait()

    async def _play(
        self, begun: float, tasks: list[asyncio.Task[None]], tell: Callable[[], None], seconds: float | None
    ) -> None:
        loop = asyncio.get_running_loop()
        stopping = asyncio.create_task(self._stopped())
        told = 0
        try:
            while True:
                told += 1
                until = told * TELL_EVERY_S if seconds is None else min(told * TELL_EVERY_S, seconds)
                pause = max(0.0, begun + until - loop.time())
                done, _ = await asyncio.wait(
                    [stopping, *tasks], timeout=pause, return_when=asyncio.FIRST_COMPLETED
                )
                self.seconds = loop.time() - begun
                if done or (seconds is not None and self.seconds >= seconds):
                    return
                tell()
        finally:
            stopping.cancel()

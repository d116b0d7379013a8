"""One nation's units on their connection to the hub."""

import asyncio
import contextlib
import math
import time
from typing import Final

from vallum.hub.demo.link import Endpoint, Identity, Said, keep
from vallum.hub.demo.programme import Programme

__all__ = ["Feed"]

_READ: Final = 1 << 16
_FIRST_WORD_S: Final = 2.0
"""A hub that lets one in speaks first; one of another make may not."""
_TURNED_AWAY: Final = "turned away; is the certificate valid there, and the nation in the policy?"


class Feed:
    """Sends a nation's programme at every tick.

    Parameters
    ----------
    programme : Programme
        What to send.
    endpoint : Endpoint
        Where to.
    identity : Identity
        As whom.
    """

    def __init__(self, programme: Programme, endpoint: Endpoint, identity: Identity) -> None:
        self.programme = programme
        self.endpoint = endpoint
        self.identity = identity
        self.sent = 0
        """Events that were handed to the connection."""
        self.connections = 0
        """How often the hub let it in."""
        self.connected = False
        self._begun = 0.0
        self._stop = asyncio.Event()

    async def run(self, begun: float, stop: asyncio.Event, say: Said) -> None:
        """Send until told to stop.

        Parameters
        ----------
        begun : float
            When the scene began, by the clock of the event loop.
        stop : asyncio.Event
            Ends it.
        say : callable
            Told what goes wrong.

        Raises
        ------
        BadInput
            If the certificates cannot be used.
        """
        self._begun, self._stop = begun, stop
        await keep(self.endpoint, self.identity, stop, say, self._use)

    async def _use(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_FIRST_WORD_S):
                if not await reader.read(_READ):
                    raise ConnectionResetError(_TURNED_AWAY)
        self.connections += 1
        self.connected = True
        self.programme.again()
        # What comes back is for viewers; unread it would make the hub cut the connection.
        listening = asyncio.create_task(_listen(reader))
        stopping = asyncio.create_task(self._stop.wait())
        loop = asyncio.get_running_loop()
        try:
            while not stopping.done():
                t = loop.time() - self._begun
                await self._send(writer, self.programme.due(t, _now()))
                tick = math.floor(t / self.programme.interval) + 1
                pause = max(0.0, self._begun + tick * self.programme.interval - loop.time())
                await asyncio.wait((listening, stopping), timeout=pause, return_when=asyncio.FIRST_COMPLETED)
                if listening.done():
                    listening.result()
                    raise ConnectionResetError("the hub has closed the connection")
            await self._send(writer, self.programme.farewell(loop.time() - self._begun, _now()))
        finally:
            self.connected = False
            listening.cancel()
            stopping.cancel()
            await asyncio.gather(listening, stopping, return_exceptions=True)

    async def _send(self, writer: asyncio.StreamWriter, events: list[bytes]) -> None:
        writer.write(b"".join(events))
        await writer.drain()
        self.sent += len(events)


async def _listen(reader: asyncio.StreamReader) -> None:
    while await reader.read(_READ):
        pass


def _now() -> int:
    return time.time_ns() // 1_000_000

"""The HTTPS side of a hub: its applications, and the protocols that its listeners make."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import structlog
from starlette.types import ASGIApp

from vallum.hub.config import Config, Listener
from vallum.hub.listener.https import WebServer
from vallum.hub.listener.peer import Gate, NotLetIn, Shared
from vallum.hub.listener.websocket import WebSocketPeer
from vallum.hub.marti import basics, enrolment, files, missions
from vallum.hub.marti.app import application, by_certificate
from vallum.hub.marti.basics.roster import Roster
from vallum.hub.marti.enrolment.who import by_password
from vallum.hub.marti.files.library import Library
from vallum.hub.marti.missions.desk import Desk
from vallum.hub.marti.openapi import described
from vallum.hub.marti.service import Marti
from vallum.hub.marti.store import Store
from vallum.hub.operate.logs import described as fault
from vallum.hub.router import Router

__all__ = ["OPERATIONS", "Site"]

log = structlog.get_logger("vallum.hub")

OPERATIONS = described(
    (
        *basics.OPERATIONS,
        *files.OPERATIONS,
        *missions.OPERATIONS,
        *enrolment.ENROLLED,
    )
)


class Site:
    """Opens what HTTPS listeners need, once for all of them.

    Parameters
    ----------
    config : Config
    folder : Path
        Where the paths of the configuration begin.
    router : Router
    shared : Shared
        What stream connections share; WebSockets are some of them.

    Raises
    ------
    BadInput
        If what is kept cannot be opened.
    """

    def __init__(self, config: Config, folder: Path, router: Router, shared: Shared) -> None:
        self._shared = shared
        self._servers: list[WebServer] = []
        self._sweeping: asyncio.Task[None] | None = None
        stream = next((one.port for one in config.listeners if one.enabled and one.kind == "tls"), 8089)
        self.marti = Marti(
            router=router,
            store=Store.open(folder / config.journal.path),
            journal=folder / config.journal.path,
            files=folder / config.marti.files,
            pki=folder / config.pki,
            settings=config.marti,
            clock=router.clock,
            stream_port=stream,
            enrols=any(one.enabled and one.kind == "enrolment" for one in config.listeners),
        )
        self._roster = Roster(self.marti.store, router)
        library = self.marti.library = Library(self.marti)
        library.open()
        router.transfers = library
        self._desk = router.missions = Desk(self.marti)

    def factory(self, listener: Listener, gate: Gate) -> Callable[[], asyncio.Protocol]:
        """Return what makes the protocol of each connection to a listener."""
        if listener.kind == "enrolment":
            app = application(
                self.marti, enrolment.OPERATIONS, by_password(self.marti, listener.nation), listener.origins
            )
            server = self._server(app)
        else:
            app = application(self.marti, OPERATIONS, by_certificate(gate), listener.origins)
            server = self._server(
                app,
                upgrade=lambda: WebSocketPeer(self._shared, gate, listener.label, listener.origins),
                refused=lambda shown: _refused(gate, shown),
            )
        return server.protocol

    def check(self) -> None:
        """Cut off who is not let in any more. Called whenever certificates have changed."""
        for server in self._servers:
            server.check()

    def sweep(self) -> None:
        """Let go of what has had its time, without keeping the caller. Called about once a second."""
        if self._sweeping is None or self._sweeping.done():
            self._sweeping = asyncio.create_task(self._sweep())
            self._sweeping.add_done_callback(_noted)

    async def close(self) -> None:
        """End every connection, with what was begun written first."""
        for server in self._servers:
            await server.close()
        if self._sweeping is not None:
            await asyncio.wait((self._sweeping,))
        self.marti.searches.close()
        await self._roster.close()
        self.marti.router.transfers = None
        await self.marti.library.close()
        await self._desk.close()
        self.marti.store.close()

    async def _sweep(self) -> None:
        await self.marti.library.sweep()
        await self._desk.sweep()

    def _server(self, app: ASGIApp, **more: Any) -> WebServer:
        settings = self.marti.settings
        server = WebServer(
            app,
            connections=settings.connections,
            silence_s=settings.silence_s,
            **more,
        )
        self._servers.append(server)
        return server


def _noted(sweep: asyncio.Task[None]) -> None:
    error = None if sweep.cancelled() else sweep.exception()
    if error is not None:  # the next one may do better
        log.error("what has expired is not let go", **fault(error))


def _refused(gate: Gate, shown: bytes) -> bool:
    try:
        gate.principal(shown)
    except NotLetIn:
        return True
    return False

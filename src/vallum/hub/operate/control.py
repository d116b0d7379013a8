"""The control socket and the metrics port: small HTTP servers on the hub's own loop."""

import asyncio
import contextlib
import os
import socket
import time
from collections import deque
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec
import structlog
import uvicorn
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from vallum.core.errors import BadInput
from vallum.hub.listener.https import settings
from vallum.hub.operate import health
from vallum.hub.operate.metrics import CONTENT_TYPE, Metrics
from vallum.hub.operate.spans import Spans
from vallum.hub.operate.status import Status, session_status, status
from vallum.hub.operate.system import notify

if TYPE_CHECKING:
    from vallum.hub.server import Hub
    from vallum.hub.session import Session

__all__ = ["Control"]

log = structlog.get_logger("vallum.hub")

_EVERY_S: Final = 0.5
_REMEMBERED: Final = 10
_BODY_LIMIT: Final = 1 << 16
_NUMBER_DIGITS: Final = 18
_SILENCE_S: Final = 5.0
_CONNECTIONS: Final = 64
_NO_SESSION: Final = "no such session"
CUT: Final = "cut by the operator"


class Groups(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """What `POST /sessions/N/groups` takes: the groups to be switched on in each direction."""

    groups_in: list[str] | None = msgspec.field(default=None, name="in")
    groups_out: list[str] | None = msgspec.field(default=None, name="out")


class Control:
    """Answers whoever operates the hub.

    Parameters
    ----------
    hub : Hub
        The hub.
    dropped : callable
        Returns the log lines that nobody took.
    """

    def __init__(self, hub: "Hub", dropped: Callable[[], int] = lambda: 0) -> None:
        self.hub = hub
        self.path = hub.folder / hub.config.operate.control
        self.leaving = False
        """Whether the hub stops, and should not be sent anybody."""
        self.lag = Spans()
        self.metrics_address: tuple[str, int] | None = None
        """Where the metrics port listens."""
        self._metrics = Metrics(hub, self.lag, self.ready, dropped)
        self._recent: deque[float] = deque(maxlen=_REMEMBERED)
        self._servers: list[tuple[_Server, asyncio.Task[None]]] = []
        self._watch: asyncio.Task[None] | None = None
        self._inode = 0

    async def start(self) -> None:
        """Open the control socket and, if it is asked for, the metrics port.

        Raises
        ------
        BadInput
            If another hub has them; nothing stays open then.
        """
        sockets = []
        try:
            sockets.append((_open_file(self.path), self._operating()))
            self._inode = self.path.stat().st_ino
            if self.hub.config.operate.metrics:
                port = _open_port(self.hub.config.operate.metrics)
                self.metrics_address = port.getsockname()[:2]
                sockets.append((port, self._watching()))
        except BaseException:
            for opened, _ in sockets:
                opened.close()
            self._unlink()
            raise
        for opened, app in sockets:
            server = _Server(settings(app, connections=_CONNECTIONS, silence_s=_SILENCE_S))
            self._servers.append((server, asyncio.create_task(server.serve([opened]))))
        self._watch = asyncio.create_task(self._watch_loop())
        for server, task in self._servers:
            while not server.started and not task.done():
                await asyncio.sleep(0.001)

    async def stop(self) -> None:
        """Close both."""
        if self._watch is not None:
            self._watch.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._watch
        for server, _ in self._servers:
            server.should_exit = True
        for _, task in self._servers:
            await task
        self._servers.clear()
        self._unlink()

    def ready(self) -> bool:
        """Whether the hub does all of its work."""
        return not self.leaving and not self._troubles()

    def status(self) -> Status:
        """Return what there is to say of the hub."""
        troubles = [f"{one.part}: {one.text}" for one in self._troubles()]
        return status(
            self.hub,
            troubles=[*troubles, *(["the hub stops"] if self.leaving else [])],
            ready=not troubles and not self.leaving,
            journal=health.journal_of(self.hub),
            lag_s=max(self._recent, default=0.0),
            ticks=self.hub.ticks,
        )

    # Within

    def _troubles(self) -> list[health.Trouble]:
        return health.troubles(self.hub, datetime.now(UTC))

    def _unlink(self) -> None:
        """Remove the socket's file, unless it is another's by now."""
        with contextlib.suppress(OSError):
            if self._inode and self.path.stat().st_ino == self._inode:
                self.path.unlink()

    async def _watch_loop(self) -> None:
        while True:
            # Not the loop's own clock: that of uvloop knows whole milliseconds alone.
            due = time.monotonic() + _EVERY_S
            await asyncio.sleep(_EVERY_S)
            late = max(0.0, time.monotonic() - due)
            self.lag.add(late)
            self._recent.append(late)
            if os.environ.get("WATCHDOG_USEC"):
                notify("WATCHDOG=1")

    def _watching(self) -> Starlette:
        return Starlette(routes=self._watching_routes())

    def _operating(self) -> Starlette:
        return Starlette(
            routes=[
                *self._watching_routes(),
                Route("/status", self._get_status),
                Route("/sessions/{number}/groups", self._post_groups, methods=["POST"]),
                Route("/sessions/{number}/cut", self._post_cut, methods=["POST"]),
            ]
        )

    def _watching_routes(self) -> list[Route]:
        return [
            Route("/health/live", self._get_live),
            Route("/health/ready", self._get_ready),
            Route("/metrics", self._get_metrics),
        ]

    async def _get_live(self, _request: Request) -> Response:
        return _answer({"live": True})

    async def _get_ready(self, _request: Request) -> Response:
        # The parts alone: this may be read by whoever reaches the metrics port.
        parts = sorted({one.part for one in self._troubles()} | ({"stopping"} if self.leaving else set()))
        return _answer({"ready": not parts, "reasons": parts}, 503 if parts else 200)

    async def _get_metrics(self, _request: Request) -> Response:
        return Response(self._metrics.text(), headers={"content-type": CONTENT_TYPE})

    async def _get_status(self, _request: Request) -> Response:
        return _answer(self.status())

    async def _post_groups(self, request: Request) -> Response:
        session = self._session(request)
        if session is None:
            return _refusal(404, _NO_SESSION)
        try:
            wanted = msgspec.json.decode(await _body(request), type=Groups)
        except (msgspec.DecodeError, UnicodeDecodeError, ClientDisconnect) as error:
            return _refusal(400, str(error))
        if session not in self.hub.router.sessions:
            return _refusal(404, _NO_SESSION)
        into = session.groups_in if wanted.groups_in is None else frozenset(wanted.groups_in)
        out = session.groups_out if wanted.groups_out is None else frozenset(wanted.groups_out)
        foreign = (into - session.principal.groups_in) | (out - session.principal.groups_out)
        if foreign:
            return _refusal(422, f"not among its groups: {', '.join(sorted(foreign))}")
        self.hub.router.set_groups(session, into, out)
        log.info("groups switched", session=session.number, name=session.principal.name,
                 groups_in=sorted(into), groups_out=sorted(out))  # fmt: skip
        return _answer(session_status(session, self.hub.router.monotonic()))

    async def _post_cut(self, request: Request) -> Response:
        session = self._session(request)
        if session is None:
            return _refusal(404, _NO_SESSION)
        self.hub.router.cut(session, CUT)
        return _answer({"cut": session.number})

    def _session(self, request: Request) -> "Session | None":
        text = request.path_params["number"]
        # Python reads no number of more than some thousand digits, and no session has one of this many.
        if len(text) > _NUMBER_DIGITS or not (text.isascii() and text.isdigit()):
            return None
        number = int(text)
        return next((one for one in self.hub.router.sessions if one.number == number), None)


class _Server(uvicorn.Server):
    """A server that leaves the process's signals to the hub."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture none."""
        yield


async def _body(request: Request) -> bytes:
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > _BODY_LIMIT:
            raise msgspec.DecodeError("the body is too large")
    return bytes(body)


def _answer(content: object, code: int = 200) -> Response:
    return Response(msgspec.json.encode(content), code, media_type="application/json")


def _refusal(code: int, message: str) -> Response:
    return _answer({"error": message}, code)


def _open_file(path: Path) -> socket.socket:
    """Open a socket file for this user alone; one that a killed hub left behind is replaced."""
    _remove_left_behind(path)
    opened = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        opened.setblocking(False)
        opened.bind(str(path))
        # Nobody can connect before it listens, so there is no moment with a wider mode.
        path.chmod(0o600)
    except OSError as error:
        opened.close()
        raise BadInput(
            f"the control socket cannot be made: {error.strerror or error}",
            str(path),
            "operate.control",
            "Name a file in a folder that can be written to, with a path of less than 100 bytes.",
        ) from error
    return opened


def _remove_left_behind(path: Path) -> None:
    if not path.exists() and not path.is_symlink():
        return
    if not path.is_socket():
        raise BadInput(
            "something else is in the place of the control socket",
            str(path),
            "operate.control",
            "Move it away, or name another file.",
        )
    if answers(path):
        raise BadInput(
            "a hub runs here already",
            str(path),
            "operate.control",
            "Stop it, or give this one another operate.control.",
        )
    path.unlink(missing_ok=True)


def answers(path: Path) -> bool:
    """Whether somebody listens on a socket file."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as trial:
        trial.settimeout(1.0)
        try:
            trial.connect(str(path))
        except OSError:
            return False
        return True


def _open_port(address: str) -> socket.socket:
    host, port = host_and_port(address)
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        return socket.create_server((host, port), family=family, backlog=64)
    except OSError as error:
        raise BadInput(
            f"cannot listen on {host}, port {port}: {error.strerror or error}",
            "metrics",
            "free address",
            "Stop the program that uses it, or change operate.metrics in hub.toml.",
        ) from error


def host_and_port(address: str) -> tuple[str, int]:
    """Read ``HOST:PORT``.

    Raises
    ------
    BadInput
        If it is something else.
    """
    host, colon, port = address.rpartition(":")
    if not colon or not host or not port.isascii() or not port.isdigit() or int(port) > 65_535:
        raise BadInput(
            f"{address!r} is not HOST:PORT", "hub.toml", "operate.metrics", 'Write "127.0.0.1:9108".'
        )
    return host.removeprefix("[").removesuffix("]"), int(port)

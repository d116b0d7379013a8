"""The hub as a whole: sockets, clock and files around the router."""

import asyncio
import contextlib
import secrets
import ssl
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import structlog

import vallum
from vallum.core.errors import BadInput
from vallum.core.policy import Policy
from vallum.core.principal import Principal
from vallum.hub.config import WEB, Config, Listener
from vallum.hub.journal import Journal, restore
from vallum.hub.listener import datagram
from vallum.hub.listener.peer import NotLetIn, Shared
from vallum.hub.listener.stream import StreamPeer
from vallum.hub.listener.websocket import WebSocketPeer
from vallum.hub.marti.site import Site
from vallum.hub.operate.handshakes import noting_failures
from vallum.hub.operate.spans import Spans
from vallum.hub.pki.directory import Directory, Refused
from vallum.hub.router import Router, Settings
from vallum.picture import Audiences
from vallum.picture.chat import Conversation
from vallum.picture.stale import ClockSkew
from vallum.wire import cot

log = structlog.get_logger("vallum.hub")

_HANDSHAKE_S = 10.0
_BACKLOG = 2048
_EXPIRY_S = 30.0
_SHORTEST_TICK_S = 0.002
_SHARE = 8
"""Time from one flush to the next, in multiples of what a flush takes."""


@dataclass(frozen=True, slots=True)
class OpenGate:
    """Lets everyone in as the listener says."""

    listener: Listener

    def principal(self, certificate: bytes | None) -> Principal:
        """Return the listener's own principal."""
        into, out = self.listener.directions()
        return Principal(self.listener.label, self.listener.nation, into, out, self.listener.role)


@dataclass(frozen=True, slots=True)
class CertificateGate:
    """Lets in whom the registry of certificates knows."""

    listener: Listener
    directory: Directory
    refresh: Callable[[], None]
    """Reads the registry again."""
    nations: tuple[str, ...]
    """Of the policy."""

    def principal(self, certificate: bytes | None) -> Principal:
        """Return whose certificate this is.

        Raises
        ------
        NotLetIn
            If it is nobody's any more, or of another nation than the listener or the policy takes.
        """
        if certificate is None:
            raise NotLetIn("no certificate")
        try:
            principal = self._known(certificate)
        except Refused as error:
            raise NotLetIn(error.reason) from error
        if self.listener.nation and principal.nation != self.listener.nation:
            raise NotLetIn("certificate of another nation")
        if principal.nation not in self.nations:
            raise NotLetIn("nation not in policy")
        return principal

    def _known(self, certificate: bytes) -> Principal:
        now = datetime.now(UTC)
        try:
            return self.directory.principal(certificate, now)
        except Refused as error:
            # A certificate that was issued a moment ago is in a registry that has not been read yet.
            if error.reason != "unknown":
                raise
        self.refresh()
        return self.directory.principal(certificate, now)


class Hub:
    """Listeners, router and journal of one shared picture.

    Parameters
    ----------
    config : Config
        What to open.
    policy : Policy
        Who releases what to whom.
    folder : Path
        Where the paths of the configuration begin.
    """

    sweep_s = 1.0
    """Seconds from one look at certificates, stale events and slow readers to the next."""

    def __init__(self, config: Config, policy: Policy, folder: Path) -> None:
        self.config = config
        self.folder = folder
        self.started = time.time()
        self.router = Router(
            Audiences(policy),
            _settings(config),
            clock=lambda: time.time_ns() // 1_000_000,
            monotonic=time.monotonic,
            wake=self._wake,
        )
        self.router.mailbox.conversation = Conversation(keep_ms=round(config.chat.keep_hours * 3_600_000))
        self.shared = _shared(config, self.router)
        self.addresses: dict[str, tuple[str, int]] = {}
        """Where each listener listens."""
        self.directory: Directory | None = None
        self._reader = ThreadPoolExecutor(1, "certificates")
        self.ticks = Spans()
        """How long it takes to send what waits."""
        self.journal: Journal | None = None
        self.datagrams: list[datagram.DatagramListener] = []
        self.site: Site | None = None
        """What is answered over HTTPS."""
        self._servers: list[asyncio.Server] = []
        self._tick: asyncio.TimerHandle | None = None
        self._next_tick = 0.0
        self._sweeper: asyncio.Task[None] | None = None
        self._stopping = False

    async def start(self) -> None:
        """Open every listener.

        Raises
        ------
        BadInput
            If an address is taken, or certificates are missing; nothing stays open then.
        """
        try:
            self._open_journal()
            for listener in self.config.listeners:
                if listener.enabled:
                    await self._open(listener)
        except BaseException:
            await self.stop()
            raise
        self._sweeper = asyncio.create_task(self._sweep())

    async def stop(self) -> None:
        """Close everything, with what waits written first."""
        try:
            await self._close_sockets()
        finally:  # also if a second signal cancels the rest
            if self.site is not None:
                self.site.marti.store.close()
            if self.journal is not None:
                self.journal.save_cursors(self.router.mailbox.cursors)
                self.journal.stop()

    async def _close_sockets(self) -> None:
        self._stopping = True
        self.router.stopping = True
        for server in self._servers:
            server.close()
        if self.site is not None:
            await self.site.close()
        if self._sweeper is not None:
            self._sweeper.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._sweeper
        self._reader.shutdown(wait=False)
        if self._tick is not None:
            self._tick.cancel()
        self.router.flush()
        for one in self.datagrams:
            one.close("hub stops")
        for peer in list(self.shared.peers):
            peer.close("hub stops")
        for _ in range(20):
            if not self.shared.peers:
                break
            await asyncio.sleep(0.05)
        for peer in list(self.shared.peers):
            peer.transport.abort()
        # What connection_lost says of the last peers comes with the next turn of the loop.
        await asyncio.sleep(0)

    def _open_journal(self) -> None:
        """Bring picture and chat back, and begin to write."""
        keep = self.config.journal
        if not keep.path:
            return
        self.journal = Journal.open(
            self.folder / keep.path,
            batch_ms=keep.batch_ms,
            keep_days=keep.keep_days,
            keep_mb=keep.keep_mb,
            clock=self.router.clock,
        )
        restored = restore(self.journal, self.router, now=self.router.clock())
        log.info("journal open", states=restored.states, chats=restored.chats)
        self.journal.start()
        self.router.recorder = self.journal

    async def _open(self, listener: Listener) -> None:
        nations = self.router.audiences.policy.nations
        if listener.nation and listener.nation not in nations:
            raise BadInput(
                f"nation {listener.nation!r} is not in the policy",
                f"listener {listener.label}",
                "nations",
                "Add it to nations in the policy file, or name another one.",
            )
        if listener.kind in ("udp", "mesh"):
            await self._open_datagrams(listener)
            return
        loop = asyncio.get_running_loop()
        context = self._context(listener)
        gate = self._gate(listener)
        with _explained(listener):
            server = await loop.create_server(
                self._factory(listener, gate),
                listener.host,
                listener.port,
                ssl=context,
                backlog=_BACKLOG,
                ssl_handshake_timeout=_HANDSHAKE_S if context else None,
                ssl_shutdown_timeout=2.0 if context else None,
            )
        self._servers.append(server)
        self._note(listener, server.sockets[0].getsockname())

    async def _open_datagrams(self, listener: Listener) -> None:
        principal = OpenGate(listener).principal(None)
        uid = f"{self.config.name}-{secrets.token_hex(4)}"
        with _explained(listener):
            opened = await datagram.listen(self.shared, listener, principal, uid)
        self.datagrams.append(opened)
        self._note(listener, opened.address)

    def _factory(
        self, listener: Listener, gate: OpenGate | CertificateGate
    ) -> Callable[[], asyncio.Protocol]:
        if listener.kind in WEB:
            if self.site is None:
                self.site = Site(self.config, self.folder, self.router, self.shared)
            return self.site.factory(listener, gate)
        if listener.kind == "websocket":
            return lambda: WebSocketPeer(self.shared, gate, listener.label, listener.origins)
        return lambda: StreamPeer(self.shared, gate, listener.label)

    def _note(self, listener: Listener, address: tuple[str, int]) -> None:
        self.addresses[listener.label] = (address[0], address[1])
        log.info("listening", listener=listener.label, host=address[0], port=address[1],
                 certificates=listener.asks_certificate)  # fmt: skip

    def _gate(self, listener: Listener) -> OpenGate | CertificateGate:
        if not listener.asks_certificate:
            return OpenGate(listener)
        nations = self.router.audiences.policy.nations
        return CertificateGate(listener, self._certificates(), self._refresh_certificates, nations)

    def _certificates(self) -> Directory:
        if self.directory is None:
            self.directory = Directory.open(self.folder / self.config.pki)
        return self.directory

    def _refresh_certificates(self) -> None:
        """Read what has changed of the certificates, and send away who may no longer be here."""
        if self.directory is not None and self.directory.refresh():
            self._check_certificates()

    async def _follow_certificates(self) -> None:
        """Do the same with the reading in a thread: thousands of certificates take a while."""
        loop = asyncio.get_running_loop()
        if self.directory is not None and await loop.run_in_executor(self._reader, self.directory.refresh):
            self._check_certificates()

    def _check_certificates(self) -> None:
        for peer in list(self.shared.peers):
            peer.check()
        if self.site is not None:
            self.site.check()

    def _context(self, listener: Listener) -> ssl.SSLContext | None:
        if not listener.uses_tls:
            return None
        from vallum.hub.pki.context import server_context

        context = server_context(self.folder / self.config.pki, require_client=listener.asks_certificate)
        return noting_failures(context, self.router.counters.turned_away, listener.label)

    def _wake(self) -> None:
        if self._tick is not None or self._stopping:
            return
        loop = asyncio.get_running_loop()
        self._next_tick = max(self._next_tick, loop.time())
        self._tick = loop.call_at(self._next_tick, self._flush)

    def _flush(self) -> None:
        self._tick = None
        loop = asyncio.get_running_loop()
        begun = time.monotonic()
        self.router.flush()
        # A hub with little to do sends at once; one with much to do gathers more for each write.
        took = time.monotonic() - begun
        self.ticks.add(took)
        longest = self.config.operate.tick_ms / 1000
        self._next_tick = loop.time() - took + min(max(_SHARE * took, _SHORTEST_TICK_S), longest)

    async def _sweep(self) -> None:
        saved = 0
        look = time.monotonic() + _EXPIRY_S
        while True:
            await asyncio.sleep(self.sweep_s)
            self.router.sweep()
            for one in self.datagrams:
                one.sweep()
            if self.site is not None:
                self.site.sweep()
            if self.journal is not None and self.router.mailbox.changes != saved:
                saved = self.router.mailbox.changes
                self.journal.save_cursors(self.router.mailbox.cursors)
            now = time.monotonic()
            await self._follow_certificates()
            if now >= look:  # certificates also end by themselves
                look = now + _EXPIRY_S
                self._check_certificates()
            for peer in list(self.shared.peers):
                if peer.overdue(now):
                    peer.cut("unfinished event")


@contextlib.contextmanager
def _explained(listener: Listener) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise BadInput(
            f"cannot listen on {listener.host}, port {listener.port}: {error.strerror or error}",
            f"listener {listener.label}",
            "free address",
            "Stop the program that uses it, or choose another port in hub.toml.",
        ) from error


def _settings(config: Config) -> Settings:
    clock = config.clock
    return Settings(
        outbox_bytes=config.limits.outbox_bytes,
        patience_s=config.limits.patience_s,
        newcomer_chat_ms=round(config.chat.newcomer_minutes * 60_000),
        skew=ClockSkew(
            tolerance=round(clock.tolerance_s * 1000),
            refuse=clock.beyond == "refuse",
            longest=round(clock.longest_days * 86_400_000),
            alert=round(clock.alert_hours * 3_600_000),
        ),
    )


def _shared(config: Config, router: Router) -> Shared:
    limits = config.limits
    return Shared(
        router=router,
        limits=cot.Limits(size=limits.event_bytes, depth=limits.event_depth),
        buffer_bytes=limits.connection_buffer_bytes,
        events_per_s=limits.events_per_s,
        burst=limits.burst,
        bytes_per_s=limits.bytes_per_s,
        most=limits.connections,
        unfinished_s=limits.unfinished_s,
        faults=limits.faults,
        server_version=f"vallum {vallum.__version__}",
    )

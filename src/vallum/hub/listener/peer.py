"""What every stream connection has in common, whatever it speaks."""

import asyncio
import socket
import ssl
from dataclasses import dataclass, field
from typing import Protocol, cast

import structlog

from vallum.core.principal import Principal
from vallum.hub.parcel import Format
from vallum.hub.protocol import Fault
from vallum.hub.rate import Bucket
from vallum.hub.router import Router
from vallum.hub.session import Session
from vallum.picture import Event
from vallum.wire import cot, takproto

log = structlog.get_logger("vallum.hub")

_OPTIONS = {
    # Peers that are gone without a word are found out in a minute.
    "TCP_KEEPIDLE": 30,
    "TCP_KEEPINTVL": 10,
    "TCP_KEEPCNT": 3,
    "TCP_USER_TIMEOUT": 60_000,
}


class NotLetIn(Exception):
    """A peer's identity is not accepted; the message is a short reason."""


class Gate(Protocol):
    """Decides who a connection is."""

    def principal(self, certificate: bytes | None) -> Principal:
        """Return who presents this certificate (DER), or is let in without one.

        Raises
        ------
        NotLetIn
            If nobody is.
        """


@dataclass(slots=True)
class Shared:
    """What the connections of a hub share.

    Parameters
    ----------
    router : Router
        Where events go.
    limits : cot.Limits
        What is taken.
    buffer_bytes : int
        What the connection itself holds for a peer before it counts as behind.
    events_per_s, burst : float
        How fast a peer may send.
    bytes_per_s : float
        The same in bytes; the burst is four seconds of it.
    most : int
        Connections at once.
    unfinished_s : float
        How long an event may be under way.
    faults : int
        Events that are no events, before a peer is sent away.
    server_version : str
        What clients are told.
    peers : set of Peer
        All that are open.
    """

    router: Router
    limits: cot.Limits = field(default_factory=cot.Limits)
    buffer_bytes: int = 1 << 20
    events_per_s: float = 500.0
    burst: float = 2_000.0
    bytes_per_s: float = 4e6
    most: int = 4_000
    unfinished_s: float = 30.0
    faults: int = 100
    server_version: str = "vallum"
    peers: "set[Peer]" = field(default_factory=set)


class Peer(asyncio.Protocol):
    """One connection, from the handshake to the end.

    Parameters
    ----------
    shared : Shared
        What all connections share.
    gate : Gate
        Decides who it is.
    place : str
        Name of the listener.
    """

    form = Format.XML

    def __init__(self, shared: Shared, gate: Gate, place: str) -> None:
        self.shared = shared
        self.router = shared.router
        self.gate = gate
        self.place = place
        self.full = False
        self.session: Session | None = None
        self.transport: asyncio.Transport
        self.certificate: bytes | None = None
        self._events = Bucket(shared.events_per_s, shared.burst)
        self._bytes = Bucket(shared.bytes_per_s, 4 * shared.bytes_per_s)
        self._resume: asyncio.TimerHandle | None = None
        self._faults = 0
        self._clean = False
        self._unfinished_since = 0.0

    # The connection

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Find out who it is, or send it away."""
        # uvloop's transports are none of asyncio's classes.
        self.transport = cast("asyncio.Transport", transport)
        if len(self.shared.peers) >= self.shared.most:
            self._turn_away("too many connections")
            return
        tls = transport.get_extra_info("ssl_object")
        if isinstance(tls, ssl.SSLObject):
            self.certificate = tls.getpeercert(binary_form=True)
        try:
            principal = self.gate.principal(self.certificate)
        except NotLetIn as error:
            self._turn_away(str(error))
            return
        self.shared.peers.add(self)
        self.transport.set_write_buffer_limits(high=self.shared.buffer_bytes)
        _set_options(transport.get_extra_info("socket"))
        self.opened(principal)

    def connection_lost(self, error: Exception | None) -> None:
        """Tell the router."""
        self.shared.peers.discard(self)
        if self._resume is not None:
            self._resume.cancel()
        if self.session is not None:
            log.info("session ended", session=self.session.number, received=self.session.received,
                     sent=self.session.sent)  # fmt: skip
            self.router.leave(self.session, clean=self._clean and error is None)
            self.session = None

    def eof_received(self) -> bool:
        """Take the end of what the peer sends as its goodbye."""
        self._clean = True
        return False

    def pause_writing(self) -> None:
        """Stop writing: the peer is behind."""
        self.full = True

    def resume_writing(self) -> None:
        """Write what waits."""
        self.full = False
        if self.session is not None:
            self.session.catch_up(self.router.settings.catch_up_bytes)

    def write(self, data: bytes) -> None:
        """Send bytes of whole messages."""
        self.transport.write(data)

    def backlog(self) -> int:
        """Bytes that the connection holds for the peer."""
        return self.transport.get_write_buffer_size()

    def close(self, reason: str) -> None:
        """End the connection."""
        if self.full:
            self.transport.abort()
        else:
            self.transport.close()

    # The session

    def opened(self, principal: Principal) -> None:
        """Begin to speak with a peer that is let in."""
        raise NotImplementedError

    def join(self, principal: Principal) -> None:
        """Make it a session."""
        self.session = self.router.join(self, principal, self.form, self.place)
        log.info("session begun", session=self.session.number, name=principal.name, nation=principal.nation,
                 listener=self.place)  # fmt: skip

    def check(self) -> None:
        """Ask again whether the peer may be here, after certificates have changed."""
        try:
            principal = self.gate.principal(self.certificate)
        except NotLetIn as error:
            self.cut(str(error))
            return
        if self.session is not None and principal != self.session.principal:
            self.cut("groups or role changed")  # it comes back with those it has now

    def cut(self, reason: str) -> None:
        """Send the peer away."""
        if self.session is not None:
            session, self.session = self.session, None
            self.router.cut(session, reason)
        else:
            self.router.counters.cut[reason] += 1
            self.transport.abort()

    def overdue(self, now: float) -> bool:
        """Whether an event has been under way for too long."""
        return bool(self._unfinished_since) and now - self._unfinished_since > self.shared.unfinished_s

    def note_pending(self, pending: int, now: float) -> None:
        """Remember since when an event is under way."""
        if not pending:
            self._unfinished_since = 0.0
        elif not self._unfinished_since:
            self._unfinished_since = now

    def fault(self, fault: Fault) -> None:
        """Count something that is no event; too many end the session."""
        self._faults += 1
        self.router.counters.malformed[self.place] += 1
        if self._faults in (1, self.shared.faults):
            number = self.session.number if self.session else 0
            log.warning("no event", session=number, reason=fault.reason, count=self._faults)
        if self._faults >= self.shared.faults:
            self.cut("too many faults")

    def broken(self, error: cot.Malformed | takproto.Malformed) -> None:
        """End a connection whose stream cannot be read any further."""
        self.router.counters.malformed[self.place] += 1
        number = self.session.number if self.session else 0
        log.warning("stream broken", session=number, listener=self.place, reason=str(error))
        self.cut("stream broken")

    def deliver(self, event: Event) -> None:
        """Hand an event to the router."""
        if self.session is not None:
            self.router.receive(self.session, event)

    def throttle(self, events: int, size: int) -> None:
        """Stop reading for as long as the peer is over its rate: its connection fills, nothing is lost."""
        now = self.router.monotonic()
        wait = max(self._events.take(events, now), self._bytes.take(size, now))
        if wait > 0 and self._resume is None and not self.transport.is_closing():
            self.transport.pause_reading()
            self._resume = asyncio.get_running_loop().call_later(wait, self._read_on)

    def _read_on(self) -> None:
        self._resume = None
        if not self.transport.is_closing():
            self.transport.resume_reading()

    def _turn_away(self, reason: str) -> None:
        count = self.router.counters.turned_away[reason] = self.router.counters.turned_away[reason] + 1
        if count & (count - 1) == 0:  # the first, and then ever more rarely
            log.warning("connection turned away", listener=self.place, reason=reason, count=count)
        self.transport.abort()


def _set_options(sock: socket.socket | None) -> None:
    if sock is None or sock.family not in (socket.AF_INET, socket.AF_INET6):
        return
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in _OPTIONS.items():
        option = getattr(socket, name, None)
        if option is not None:
            sock.setsockopt(socket.IPPROTO_TCP, option, value)

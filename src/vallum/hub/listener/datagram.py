"""Events in UDP datagrams: unicast that is only received, and the multicast mesh, which may be relayed to.

Everyone on a mesh is one session: that of the listener's nation and groups. What it may see is written to it
as to a client of the streaming protocol, and cut into one datagram for each event here. Nothing is
acknowledged: nothing is put by for a mesh, and what the system does not take at once is let go and counted.
"""

import asyncio
import socket
import sys
from dataclasses import replace
from ipaddress import AddressValueError, IPv4Address
from typing import Final, cast

import structlog

from vallum.core.errors import BadInput
from vallum.core.principal import Principal
from vallum.hub.config import Listener
from vallum.hub.listener.mesh import Contacts, Passed, Rates
from vallum.hub.listener.message import Control, read_datagram
from vallum.hub.listener.peer import Shared
from vallum.hub.parcel import Format
from vallum.hub.protocol import Fault
from vallum.hub.session import Session
from vallum.wire import cot, takproto
from vallum.wire.takproto.schema import TakMessage

log = structlog.get_logger("vallum.hub")

DATAGRAM_LIMIT: Final = 65_507
"""What a datagram can hold: 65,535 bytes less the headers of IP and UDP."""
ANNOUNCE_S: Final = 50.0
"""How often the mesh is told which versions the hub decodes; the protocol asks for once a minute."""

_RECEIVE_BUFFER: Final = 4 << 20
_IP_MULTICAST_ALL: Final = 49  # Linux; the socket module does not name it
_WHOLE: Final = cot.Limits(size=1 << 62, depth=1 << 20)


class DatagramListener(asyncio.DatagramProtocol):
    """One socket for datagrams, and the session of all who send to it.

    Parameters
    ----------
    shared : Shared
        What all connections share.
    listener : Listener
        Its configuration.
    principal : Principal
        Whom all who send are taken for.
    uid : str
        What the hub calls itself on the mesh.
    """

    full = False
    """Never: a datagram that cannot be sent now is not sent later."""

    def __init__(self, shared: Shared, listener: Listener, principal: Principal, uid: str) -> None:
        self.shared = shared
        self.router = shared.router
        self.listener = listener
        self.uid = uid
        self.relays = listener.kind == "mesh" and listener.relay
        self.dropped = shared.router.counters.datagrams
        """Datagrams that were not taken or not sent, by reason."""
        self.contacts = Contacts()
        self.session: Session | None = None
        # Without a group that comes out to it, a session is never sent anything.
        self._principal = principal if self.relays else replace(principal, groups_out=frozenset())
        self._passed = Passed()
        self._rates = Rates(shared.events_per_s, shared.burst, shared.bytes_per_s)
        self._transport: asyncio.DatagramTransport | None = None
        self._congested = False
        self._announced: float | None = None
        self._faults = 0

    @property
    def address(self) -> tuple[str, int]:
        """Where it listens."""
        if self._transport is None:
            return self.listener.host, self.listener.port
        host, port = self._transport.get_extra_info("sockname")[:2]
        return host, port

    # The socket

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin the session."""
        # uvloop's transports are none of asyncio's classes.
        self._transport = cast("asyncio.DatagramTransport", transport)
        self.session = self.router.join(self, self._principal, Format.STREAM, self.listener.label)

    def connection_lost(self, error: Exception | None) -> None:
        """End the session."""
        self._transport = None
        if self.session is not None:
            session, self.session = self.session, None
            self.router.leave(session, clean=True)

    def error_received(self, error: Exception) -> None:
        """Count what the network did not take."""
        self.dropped["not sent: network"] += 1

    def pause_writing(self) -> None:
        """Let go of what is to be sent, for now."""
        self._congested = True

    def resume_writing(self) -> None:
        """Send again."""
        self._congested = False

    def backlog(self) -> int:
        """Nothing waits for a mesh."""
        return 0

    def close(self, reason: str) -> None:
        """Close the socket."""
        if self._transport is not None:
            self._transport.close()

    # What comes in

    def datagram_received(self, data: bytes, address: tuple[str, int]) -> None:
        """Take the events of a datagram."""
        session = self.session
        if session is None:
            return
        now = self.router.monotonic()
        if not self._rates.allow(address[0], len(data), now):
            self.dropped["over the rate"] += 1
            return
        if not self._passed.is_new(data, now):
            self.dropped["repeated"] += 1
            return
        source = address[0], address[1]
        for item in read_datagram(data, self.shared.limits):
            if isinstance(item, Fault):
                self._fault(item)
            elif isinstance(item, Control):
                if item.uid != self.uid:
                    self.contacts.said(item.uid, source, now, reads_version_1=item.reads_version_1)
            else:
                if item.is_self:
                    self.contacts.heard(item.uid, source, now, in_version_1=data.startswith(b"\xbf"))
                self.router.receive(session, item)
        self._choose_version(session)

    def _fault(self, fault: Fault) -> None:
        self.router.counters.malformed[self.listener.label] += 1
        self._faults += 1
        if self._faults & (self._faults - 1) == 0:  # the first, and then ever more rarely
            log.warning("no event", listener=self.listener.label, reason=fault.reason, count=self._faults)

    # What goes out

    def write(self, data: bytes) -> None:
        """Send whole messages as they stand on a stream, each in a datagram of its own."""
        if self.session is None or not self.relays:
            return
        if self.session.form is Format.STREAM:
            for payload in takproto.StreamFramer(takproto.Limits(_WHOLE.size)).feed(data):
                self._send(takproto.mesh_frame(payload))
            return
        framer = cot.XmlFramer(_WHOLE)
        framer.feed(data)
        try:
            while (document := framer.next()) is not None:
                self._send(document)
        except cot.Malformed:  # an event whose XML ends twice; nobody else may suffer from it
            self.dropped["not sent: no whole event"] += 1

    def sweep(self) -> None:
        """Tell the mesh which version the hub decodes, and forget who is gone. Called about once a second."""
        session = self.session
        if session is None:
            return
        now = self.router.monotonic()
        for uid in self.contacts.forget(now):
            self.router.forget(session, uid)
        if not self.relays:
            return
        if self._announced is None or now - self._announced >= ANNOUNCE_S:
            self._announced = now
            self._send(_control(self.uid))
        self._choose_version(session)

    def _choose_version(self, session: Session) -> None:
        form = Format.STREAM if self.contacts.read_version_1 else Format.XML
        if self.relays and session.form is not form:
            log.info("mesh changes version", listener=self.listener.label, xml=form is Format.XML)
            self.router.switch(session, form, b"")

    def _send(self, datagram: bytes) -> None:
        if self._transport is None:
            return
        if len(datagram) > DATAGRAM_LIMIT:
            self.dropped["not sent: too large"] += 1
        elif self._congested:
            self.dropped["not sent: congestion"] += 1
        elif not self._passed.is_new(datagram, self.router.monotonic()):
            self.dropped["not sent: repeated"] += 1
        else:
            self._transport.sendto(datagram, (self.listener.host, self.address[1]))


async def listen(shared: Shared, listener: Listener, principal: Principal, uid: str) -> DatagramListener:
    """Open a listener for datagrams.

    Parameters
    ----------
    shared : Shared
        What all connections share.
    listener : Listener
        Its configuration, of kind ``udp`` or ``mesh``.
    principal : Principal
        Whom all who send are taken for.
    uid : str
        What the hub calls itself on the mesh; different for each hub.

    Raises
    ------
    BadInput
        If its addresses are none for a mesh.
    OSError
        If the address is taken.
    """
    loop = asyncio.get_running_loop()

    def made() -> DatagramListener:
        return DatagramListener(shared, listener, principal, uid)

    receiving = _mesh_socket(listener) if listener.kind == "mesh" else await _unicast_socket(listener)
    receiving.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _RECEIVE_BUFFER)
    _, protocol = await loop.create_datagram_endpoint(made, sock=receiving)
    return protocol


async def _unicast_socket(listener: Listener) -> socket.socket:
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(
        listener.host, listener.port, type=socket.SOCK_DGRAM, flags=socket.AI_PASSIVE
    )
    family, _, _, _, address = found[0]
    made = socket.socket(family, socket.SOCK_DGRAM)
    try:
        made.setblocking(False)
        made.bind(address)
    except BaseException:
        made.close()
        raise
    return made


def _mesh_socket(listener: Listener) -> socket.socket:
    group = _ipv4(listener, "host", listener.host)
    interface = _ipv4(listener, "interface", listener.interface)
    if not group.is_multicast:
        raise BadInput(
            f"{group} is no multicast group",
            f"listener {listener.label}",
            "host",
            "TAK's mesh is 239.2.3.1, port 6969.",
        )
    made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        made.setblocking(False)
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, listener.hops)
        made.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_LOOP, 0)
        if sys.platform == "linux":
            # Else the same group on another interface, which another program has joined, comes in, too.
            made.setsockopt(socket.IPPROTO_IP, _IP_MULTICAST_ALL, 0)
        made.bind((str(group) if sys.platform != "win32" else "", listener.port))
        _join(made, group, interface, listener)
    except BaseException:
        made.close()
        raise
    return made


def _join(made: socket.socket, group: IPv4Address, interface: IPv4Address, listener: Listener) -> None:
    try:
        made.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, interface.packed)
        made.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, group.packed + interface.packed)
    except OSError as error:
        raise BadInput(
            f"cannot join {group} on {interface}: {error.strerror}",
            f"listener {listener.label}",
            "interface",
            "Give the address of an interface of this machine that does multicast.",
        ) from error


def _ipv4(listener: Listener, key: str, text: str) -> IPv4Address:
    try:
        return IPv4Address(text)
    except AddressValueError as error:
        raise BadInput(
            f"{text!r} is no IPv4 address", f"listener {listener.label}", key, "Write it like 239.2.3.1."
        ) from error


def _control(uid: str) -> bytes:
    message = TakMessage()
    message.takControl.minProtoVersion = message.takControl.maxProtoVersion = 1
    message.takControl.contactUid = uid
    return takproto.mesh_frame(message.SerializeToString())

"""HTTPS on the hub's own loop: uvicorn's protocol with the client's certificate and an end to silence."""

import asyncio
import ipaddress
import ssl
from collections.abc import Callable
from typing import Any, Final, cast

import h11
import uvicorn
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol, RequestResponseCycle
from uvicorn.server import ServerState

__all__ = ["CERTIFICATE", "Silent", "WebServer", "WithCertificate", "network", "settings"]

CERTIFICATE: Final = "certificate"
"""Under this name a request's state holds the client's certificate (DER), or None."""

_STOP_S: Final = 2.0
_OF_ONE: Final = 4
"""One client may have this part of the connections, by its certificate or without one by its network."""
_TO_REFUSE: Final = 64
"""Connections beyond the limit that are still told so; further ones are cut off at once."""
_LEAST: Final = 1 << 14
"""Bytes that move within the time of silence where a body moves at all."""
_HEAD: Final = 1 << 14
"""Bytes of a request without its body."""
_WRITTEN: Final = 1 << 16
"""Bytes written ahead of a client."""
_CRUMBS: Final = 128
"""Chunks of a body that may be small."""
_CHUNK: Final = 512
"""Bytes of a chunk on average, where there are more: each takes as long to read as thousands of bytes."""


class _Frugal(h11.Connection):
    """Takes no body in crumbs: a packet full of them would keep everything else on the loop waiting."""

    _chunks = _bytes = 0

    def next_event(self) -> Any:
        """Return what comes next, or refuse it."""
        event = super().next_event()
        if isinstance(event, h11.Request):
            self._chunks = self._bytes = 0
        elif isinstance(event, h11.Data):
            self._chunks += 1
            self._bytes += len(event.data)
            if self._chunks > _CRUMBS and self._bytes < self._chunks * _CHUNK:
                raise h11.RemoteProtocolError("body in crumbs")
        return event


class Silent(H11Protocol):
    """HTTP that does not wait for ever: uvicorn itself gives up on silence only after a first answer."""

    silence_s = 5.0
    """How long a connection may stay open without a whole request, or an answer that is taken.

    A body of any length may take its time, as long as some of it moves in each such period.
    """
    _silence: asyncio.TimerHandle | None = None
    _spared: RequestResponseCycle | None = None
    _moved = 0
    """Bytes that came, or were taken, since the last look."""
    _left = 0
    """Bytes that the client had not taken at the last look."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Wait for a request, but not for ever."""
        self.conn = _Frugal(h11.SERVER, _HEAD)
        transport.set_write_buffer_limits(high=_WRITTEN, low=0)
        super().connection_made(transport)
        self._listen()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no longer."""
        if self._silence is not None:
            self._silence.cancel()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take note that the client is there."""
        self._moved += len(data)
        super().data_received(data)

    def send_400_response(self, msg: str) -> None:
        """Say so where something can still be said."""
        if self.conn.our_state in (h11.IDLE, h11.SEND_RESPONSE):
            super().send_400_response(msg)
        else:
            self.transport.abort()

    def resume_writing(self) -> None:
        """Take note that the client reads."""
        self._moved += _LEAST
        super().resume_writing()

    def on_response_complete(self) -> None:
        """Wait for the next request."""
        super().on_response_complete()
        if not self.transport.is_closing():
            self._listen()

    def _listen(self) -> None:
        if self._silence is not None:
            self._silence.cancel()
        self._silence = self.loop.call_later(self.silence_s, self._give_up)

    def _give_up(self) -> None:
        left = self.transport.get_write_buffer_size()
        moves = self._moved + self._left - left >= _LEAST
        self._moved, self._left = 0, left
        cycle: RequestResponseCycle | None = self.cycle
        answering = cycle is not None and not cycle.response_complete
        # A request that came in the last moment, or while the loop was held up, has its time, too.
        if answering and (moves or self.cycle is not self._spared):
            self._spared = self.cycle
            self._listen()
        else:
            self.transport.abort()


class WithCertificate(Silent):
    """The same, with the client's certificate in the state of each request."""

    certificate: bytes | None = None
    """Of the client (DER)."""
    guest: bytes | str = ""
    """Whom the connection counts for: its certificate, or where it comes from."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Remember who is there, and see that nobody takes the place of all others."""
        tls = transport.get_extra_info("ssl_object")
        if isinstance(tls, ssl.SSLObject):
            self.certificate = tls.getpeercert(binary_form=True)
        self.app_state = {**self.app_state, CERTIFICATE: self.certificate}
        super().connection_made(transport)
        self.guest = self.certificate or network(self.client[0] if self.client else "")
        if self._crowded():
            transport.abort()

    def handle_websocket_upgrade(self, event: h11.Request) -> None:
        """Leave the connection, silence and all, to a peer, unless that turns the client away."""
        if self._silence is not None:
            self._silence.cancel()
        self.connections.discard(self)
        peer = cast("Callable[[], asyncio.Protocol]", self.ws_protocol_class)()
        peer.connection_made(self.transport)
        if self.transport.is_closing():
            return
        self.transport.set_protocol(peer)
        head = b"".join(b"%s: %s\r\n" % pair for pair in self.headers)
        # What came behind the request is handed on: the peer refuses a client that does not wait.
        early, _ = self.conn.trailing_data
        peer.data_received(b"%s %s HTTP/1.1\r\n%s\r\n%s" % (event.method, event.target, head, early))

    def _crowded(self) -> bool:
        most = self.limit_concurrency or 1
        if len(self.connections) > most + _TO_REFUSE:
            return True
        own = sum(isinstance(one, WithCertificate) and one.guest == self.guest for one in self.connections)
        return own > max(1, most // _OF_ONE)


def network(host: str) -> str:
    """Return what counts as one place: an IPv4 address, or the network of an IPv6 one."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host
    return host if address.version == 4 else str(ipaddress.ip_network((int(address) >> 64 << 64, 64)))


def settings(
    app: ASGIApp, *, connections: int, silence_s: float, protocol: type[Silent] = Silent
) -> uvicorn.Config:
    """Return uvicorn's settings for an application that runs within the hub.

    Parameters
    ----------
    app : ASGI application
    connections : int
        At once; more are answered 503.
    silence_s : float
        How long a connection may stay silent between two requests, within one, or within an answer.
    protocol : type of Silent
    """
    return uvicorn.Config(
        _unhurried(app),
        loop="none",
        http=type("Protocol", (protocol,), {"silence_s": silence_s}),
        ws="none",
        lifespan="off",
        log_config=None,
        log_level="error",  # its warnings are of what strangers send, as often as they like
        access_log=False,
        server_header=False,
        limit_concurrency=connections,
        timeout_keep_alive=round(silence_s),
        timeout_graceful_shutdown=1,
    )


def _unhurried(app: ASGIApp) -> ASGIApp:
    """Return an application whose answers end when they are taken: one that is closed has but seconds."""

    async def unhurried(scope: Scope, receive: Receive, send: Send) -> None:
        async def parted(message: Message) -> None:
            if len(message.get("body", b"")) > _LEAST and not message.get("more_body", False):
                await send({**message, "more_body": True})
                message = {"type": message["type"]}
            await send(message)

        await app(scope, receive, parted)

    return unhurried


class WebServer:
    """Makes the protocols of one HTTPS listener, and ends them.

    Parameters
    ----------
    app : ASGI application
    connections : int
        At once.
    silence_s : float
        How long a connection may stay silent.
    upgrade : callable, optional
        Makes the protocol that takes a connection over when its client asks for a WebSocket.
    refused : callable, optional
        Whether a certificate (DER) is no longer accepted.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        connections: int,
        silence_s: float,
        upgrade: Callable[[], asyncio.Protocol] | None = None,
        refused: Callable[[bytes], bool] = lambda _: False,
    ) -> None:
        self.state = ServerState()
        self._config = settings(app, connections=connections, silence_s=silence_s, protocol=WithCertificate)
        self._config.load()
        self._upgrade = upgrade
        self._refused = refused

    def protocol(self) -> asyncio.Protocol:
        """Return the protocol of one more connection."""
        kind = cast("type[Silent]", self._config.http_protocol_class)
        made = kind(self._config, self.state, {}, asyncio.get_running_loop())
        if self._upgrade is not None:
            made.ws_protocol_class = self._upgrade  # type: ignore[assignment]
        return made

    def check(self) -> None:
        """Cut off whose certificate is no longer accepted, whatever is under way."""
        here = [one for one in self.state.connections if isinstance(one, WithCertificate)]
        shown = {one.certificate for one in here if one.certificate is not None}
        refused = set(filter(self._refused, shown))
        for one in here:
            if one.certificate in refused:
                one.transport.abort()

    async def close(self) -> None:
        """Let what is being answered come to its end, for a moment, and close every connection."""
        for connection in list(self.state.connections):
            connection.shutdown()
        for _ in range(round(_STOP_S / 0.02)):
            if not self.state.connections and not self.state.tasks:
                return
            await asyncio.sleep(0.02)
        for connection in list(self.state.connections):
            if isinstance(connection, H11Protocol):
                connection.transport.abort()
        for task in list(self.state.tasks):
            task.cancel()
        if self.state.tasks:  # they clear away what they had begun
            await asyncio.wait(self.state.tasks, timeout=_STOP_S)

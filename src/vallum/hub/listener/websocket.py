"""TAK protocol over WebSocket, as clients find it at ``/takproto/1``.

The library's protocol core does handshake and framing; sockets and TLS stay here, because what a client may
see hangs on its certificate, and that is only known where the transport is. A client whose certificate is not
accepted is cut off without an answer in HTTP: who has not been let in is not read at all, and PyTAK takes a
403 as an order to delete its certificate.

============  ======================================  ==========  =========================================
state         what comes                              then        answer
============  ======================================  ==========  =========================================
shaking       a request for ``/takproto/1``           open        101, and the session begins
shaking       any other request                       ending      404, 405, 426, 403 for a foreign origin …
shaking       something else, or too much of it       ending      400, 431
open          a binary or text message                open        none: its events go to the router
open          a ping                                  open        a pong
open          a close                                 ending      a close
open          a frame that breaks the protocol        ending      a close with the reason as code
ending        anything                                ending      none
============  ======================================  ==========  =========================================
"""

import asyncio
import logging
from collections.abc import Iterable
from enum import Enum
from typing import Final

import structlog
from websockets.exceptions import PayloadTooBig
from websockets.frames import CloseCode, Frame, Opcode
from websockets.http11 import Request
from websockets.protocol import State as Frames
from websockets.server import ServerProtocol
from websockets.typing import Origin

from vallum.core.principal import Principal
from vallum.hub.listener.message import read_message
from vallum.hub.listener.peer import Gate, Peer, Shared
from vallum.hub.parcel import Format
from vallum.hub.protocol import Fault

log = structlog.get_logger("vallum.hub")

PATH: Final = "/takproto/1"
PING_S: float = 30.0
"""How often a client is asked whether it is there."""
SILENCE_S: float = 60.0
"""How long it may go without a whole frame, be it a pong."""
SHAKE_S: float = 10.0
"""How long the handshake may take."""
LINGER_S: float = 2.0
"""How long a client may take to close after it was told to."""

_REQUEST_LIMIT: Final = 16_384
_FRAME_HEAD: Final = 6  # of TAK protocol: 0xbf and the length as a varint of at most five bytes
_CODES: Final = {
    "hub stops": CloseCode.GOING_AWAY,
    "too many faults": CloseCode.INVALID_DATA,
    "frames broken": CloseCode.PROTOCOL_ERROR,
}
_DATA: Final = frozenset((Opcode.BINARY, Opcode.TEXT, Opcode.CONT))

# The library writes content into its own logs when they are fine enough; these are not.
_QUIET = logging.getLogger("vallum.hub.websocket")
_QUIET.setLevel(logging.CRITICAL)


class _State(Enum):
    SHAKING = 0
    OPEN = 1
    ENDING = 2


class WebSocketPeer(Peer):
    """A client that reads and writes TAK protocol version 1 in WebSocket messages.

    Parameters
    ----------
    shared : Shared
        What all connections share.
    gate : Gate
        Decides who it is.
    place : str
        Name of the listener.
    origins : iterable of str
        Origins of web pages that may connect; programs, which send none, always may.
    """

    form = Format.WEBSOCKET

    def __init__(self, shared: Shared, gate: Gate, place: str, origins: Iterable[str] = ()) -> None:
        super().__init__(shared, gate, place)
        self._frames = ServerProtocol(
            origins=[None, *map(Origin, origins)],
            max_size=shared.limits.size + _FRAME_HEAD,
            logger=_QUIET,
        )
        self._state = _State.SHAKING
        self._principal: Principal | None = None
        self._request_bytes = 0
        self._message = bytearray()
        self._hung_up = False
        self._heard = 0.0
        self._timer: asyncio.TimerHandle | None = None

    def opened(self, principal: Principal) -> None:
        """Wait for the request."""
        self._principal = principal
        self._heard = self.router.monotonic()

    def connection_lost(self, error: Exception | None) -> None:
        """Tell the router."""
        self._state = _State.ENDING
        if self._timer is not None:
            self._timer.cancel()
        super().connection_lost(error)

    def data_received(self, data: bytes) -> None:
        """Read the request, then frames."""
        if self._hung_up:
            return
        if self._state is _State.SHAKING:
            self._shake(data)
            return
        self._frames.receive_data(data)
        count = 0
        for item in self._frames.events_received():
            if isinstance(item, Frame):
                count += max(1, self._take(item))
        if self._frames.parser_exc is not None:
            self._give_up(self._frames.parser_exc)
        self._send_frames()
        self.note_pending(len(self._message), self.router.monotonic())
        self.throttle(count, len(data))

    def eof_received(self) -> bool:
        """Take the end of the connection for a goodbye only if the client has closed the WebSocket before."""
        self._frames.receive_eof()
        self._end()
        self._send_frames()
        return False

    def write(self, data: bytes) -> None:
        """Send bytes of whole WebSocket messages."""
        if self._state is _State.OPEN:
            self.transport.write(data)

    def close(self, reason: str) -> None:
        """Tell the client to close, and wait a little until it does."""
        if self.full or self._state is _State.SHAKING:
            self._state = _State.ENDING
            self.transport.abort()
            return
        if self._frames.state is Frames.OPEN:
            self._frames.send_close(_CODES.get(reason, CloseCode.POLICY_VIOLATION), reason)
        self._end()
        self._send_frames()

    def overdue(self, now: float) -> bool:
        """Whether a handshake or a message has been under way for too long."""
        if self._state is _State.SHAKING:
            return now - self._heard > SHAKE_S
        return super().overdue(now)

    # The handshake

    def _shake(self, data: bytes) -> None:
        self._request_bytes += len(data)
        if self._request_bytes > _REQUEST_LIMIT:
            self._refuse(_refusal("431 Request Header Fields Too Large"))
            return
        self._frames.receive_data(data)
        items = self._frames.events_received()
        if self._frames.handshake_exc is not None:
            said = b"".join(self._frames.data_to_send())
            self._refuse(said or _refusal("400 Bad Request"))
        elif len(items) > 1 or self._frames.parser_exc is not None:  # it does not wait for the answer
            self._refuse(_refusal("400 Bad Request"))
        elif items and isinstance(items[0], Request):
            self._answer(items[0])

    def _answer(self, request: Request) -> None:
        if request.path.partition("?")[0] == PATH:
            response = self._frames.accept(request)
        else:
            response = self._frames.reject(404, f"TAK protocol is spoken at {PATH}.\n")
        if response.status_code != 101 or self._principal is None:
            self._refuse(response.serialize())
            return
        self._frames.send_response(response)
        self._send_frames()
        self._state = _State.OPEN
        self._timer = asyncio.get_running_loop().call_later(PING_S, self._ask)
        self.join(self._principal)

    def _refuse(self, response: bytes) -> None:
        reason = f"handshake: {response[len('HTTP/1.1 ') :][:3].decode()}"
        self.router.counters.turned_away[reason] += 1
        log.warning("connection turned away", listener=self.place, reason=reason)
        self.transport.write(response)
        self._end()
        self._hang_up()

    # Frames

    def _take(self, frame: Frame) -> int:
        """Take a frame, and return the number of events that it completes."""
        self._heard = self.router.monotonic()
        if frame.opcode is Opcode.CLOSE:
            self._clean = True
            self._end()
        if frame.opcode not in _DATA:
            return 0
        message: bytes
        if frame.fin and not self._message:
            message = bytes(frame.data)
        else:
            self._message += frame.data
            if not frame.fin:
                return 0
            message = bytes(self._message)
            self._message.clear()
        count = 0
        for item in read_message(message, self.shared.limits):
            if self.session is None:
                break
            count += 1
            if isinstance(item, Fault):
                self.fault(item)
            else:
                self.deliver(item)
        return count

    def _give_up(self, error: Exception) -> None:
        """End what the library cannot read any further; it has written the close that says why."""
        if self.session is None:
            return
        self.router.counters.malformed[self.place] += 1
        self.cut("message too large" if isinstance(error, PayloadTooBig) else "frames broken")

    def _send_frames(self) -> None:
        """Write what the library has to say: whole frames, and an empty one for the end."""
        for data in self._frames.data_to_send():
            if self._hung_up or (self.full and self._state is _State.OPEN):
                return  # who does not read needs no pongs
            if data:
                self.transport.write(data)
            else:
                self._hang_up()

    def _ask(self) -> None:
        """Send a ping, unless the client has been silent for too long."""
        if self._state is not _State.OPEN:
            return
        if self.router.monotonic() - self._heard > SILENCE_S:
            self.cut("silent")
            return
        self._frames.send_ping(b"")
        self._send_frames()
        self._timer = asyncio.get_running_loop().call_later(PING_S, self._ask)

    # The end

    def _end(self) -> None:
        """Write no more messages, and do not wait for the client for ever."""
        if self._state is _State.ENDING:
            return
        self._state = _State.ENDING
        if self._timer is not None:
            self._timer.cancel()
        self._timer = asyncio.get_running_loop().call_later(LINGER_S, self.transport.abort)

    def _hang_up(self) -> None:
        """Close the hub's side, so that the client reads all that was written before."""
        self._hung_up = True
        if self.transport.can_write_eof():
            self.transport.write_eof()
        else:
            self.transport.close()


def _refusal(status: str) -> bytes:
    return f"HTTP/1.1 {status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n".encode()

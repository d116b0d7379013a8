"""An event on its way, with each of its encodings made once."""

from enum import IntEnum

import structlog

from vallum.picture import Audience, Event
from vallum.wire import takproto

log = structlog.get_logger("vallum.hub")

_BINARY_MESSAGE = 0x82


class Format(IntEnum):
    """What a peer reads."""

    XML = 0
    STREAM = 1
    """TAK protocol version 1 on a stream."""
    WEBSOCKET = 2
    """TAK protocol version 1, one message of the stream in each WebSocket message."""


class Parcel:
    """An admitted event.

    Parameters
    ----------
    event : Event
        The event.
    audience : Audience
        Who may see it.
    received : int
        When it was admitted, milliseconds since 1970-01-01T00:00Z.
    source : int
        Number of the session that sent it and does not get it back; 0 if none did.
    nation : str
        Nation of the principal who sent it.
    """

    __slots__ = ("_encoded", "audience", "event", "nation", "received", "sequence", "source")

    def __init__(
        self, event: Event, audience: Audience, received: int, source: int = 0, nation: str = ""
    ) -> None:
        self.event = event
        self.audience = audience
        self.received = received
        self.source = source
        self.nation = nation
        self.sequence = 0
        """Number among chat messages."""
        self._encoded: list[bytes | None] = [None, None, None]

    def encoded(self, form: Format) -> bytes:
        """Return the bytes for a peer that reads this format, the same object for all of them.

        They are empty if the format has no way to say what the event says.
        """
        found = self._encoded[form]
        if found is None:
            try:
                found = _encode(self, form)
            except takproto.Malformed as error:
                log.warning("event not carried over", format=form.name, reason=str(error))
                found = b""
            self._encoded[form] = found
        return found


def _encode(parcel: Parcel, form: Format) -> bytes:
    event = parcel.event
    if form is Format.XML:
        return event.xml
    if form is Format.STREAM:
        return takproto.stream_frame(event.payload())
    frame = parcel.encoded(Format.STREAM)
    return websocket_message(frame) if frame else b""


def websocket_message(payload: bytes) -> bytes:
    """Frame bytes as one unmasked binary message of a server (RFC 6455, section 5.2)."""
    size = len(payload)
    if size < 126:
        head = bytes((_BINARY_MESSAGE, size))
    elif size < 1 << 16:
        head = bytes((_BINARY_MESSAGE, 126)) + size.to_bytes(2, "big")
    else:
        head = bytes((_BINARY_MESSAGE, 127)) + size.to_bytes(8, "big")
    return head + payload

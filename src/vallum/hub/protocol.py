"""What a streaming client and its server say, without a socket.

=========  ==========================================  ========  =======================================
state      what comes                                  then      answer
=========  ==========================================  ========  =======================================
xml        ``<auth>``, first of all                    xml       none: the listener knows who it is
xml        ``t-x-takp-q`` that asks for version 1      protobuf  ``t-x-takp-r`` true, the last XML
xml        ``t-x-takp-q`` that asks for another        xml       ``t-x-takp-r`` false
xml        any other event                             xml       handed up
xml        TAK protocol without having asked           protobuf  none: it goes on reading XML
protobuf   a message with an event                     protobuf  handed up
protobuf   a message without one                       protobuf  none
=========  ==========================================  ========  =======================================

The offer, ``t-x-takp-v``, is made once, at the start.
"""

from collections.abc import Generator, Iterator
from typing import NamedTuple

from vallum.picture import Event
from vallum.wire import cot, takproto

OFFER_TYPE = "t-x-takp-v"
REQUEST_TYPE = "t-x-takp-q"
RESPONSE_TYPE = "t-x-takp-r"
VERSION = "1"
_UID = "vallum"


class Fault(NamedTuple):
    """Something that is no event, with the stream still in step."""

    reason: str


class Request(NamedTuple):
    """The client asks for a version of the TAK protocol."""

    uid: str
    granted: bool


class Nothing(NamedTuple):
    """A message without an event; it costs what an event costs."""


Item = Event | Fault | Request | Nothing


class StreamProtocol:
    """One client's stream.

    Parameters
    ----------
    limits : cot.Limits
        What is taken.
    """

    def __init__(self, limits: cot.Limits) -> None:
        self.limits = limits
        self._xml = cot.XmlFramer(limits)
        self._protobuf = takproto.StreamFramer(takproto.Limits(limits.size))
        self._switched = False
        self._begun = False
        self._spoken = False

    @property
    def pending(self) -> int:
        """Bytes of an unfinished event."""
        return self._protobuf.pending if self._switched else self._xml.pending

    def receive(self, data: bytes) -> Iterator[Item]:
        """Read what the bytes of the stream hold.

        After a granted `Request` the bytes behind it are read as TAK protocol; the caller answers it before
        it asks for the next item.

        Raises
        ------
        cot.Malformed, takproto.Malformed
            If the stream cannot be read any further.
        """
        if not self._switched:
            self._xml.feed(data)
            data = yield from self._read_xml()
        if self._switched and not self._begun:  # the request may end with a line break
            data = data.lstrip(b" \t\r\n")
            self._begun = bool(data)
        if data:
            yield from self._read_protobuf(data)

    def _read_xml(self) -> Generator[Item, None, bytes]:
        """Read XML; return the bytes behind it that are TAK protocol."""
        while True:
            try:
                document = self._xml.next()
            except cot.Malformed:
                rest = self._xml.take_rest()
                if not rest.startswith(b"\xbf"):
                    raise
                self._switched = True  # PyTAK with TAK_PROTO=1 does not ask; it reads XML all the same
                return rest
            if document is None:
                return b""
            if document.startswith(b"<auth"):
                if self._spoken:
                    yield Fault("<auth> where an event should stand")
                self._spoken = True
                continue
            self._spoken = True
            try:
                event = Event.of_xml(document, self.limits)
            except cot.Malformed as error:
                if error.fatal:
                    raise
                yield Fault(str(error))
                continue
            if event.type != REQUEST_TYPE:
                yield event
                continue
            granted = _asked_version(event) == VERSION
            yield Request(event.uid, granted)
            if granted:
                self._switched = True
                return self._xml.take_rest()

    def _read_protobuf(self, data: bytes) -> Iterator[Item]:
        broken: takproto.Malformed | None = None
        try:
            payloads = self._protobuf.feed(data)
        except takproto.Malformed as error:
            broken, payloads = error, error.done
        for payload in payloads:
            if not payload:
                yield Fault("an empty message")
                continue
            try:
                event = Event.of_payload(payload, self.limits)
            except (cot.Malformed, takproto.Malformed) as error:
                yield Fault(str(error))
                continue
            yield event if event is not None else Nothing()
        if broken is not None:
            raise broken


def offer(now: int, version: str) -> bytes:
    """Write the offer of TAK protocol version 1.

    Parameters
    ----------
    now : int
        Milliseconds since 1970-01-01T00:00Z.
    version : str
        Version of this server.
    """
    detail = (
        f'<TakControl><TakProtocolSupport version="{VERSION}"/>'
        f'<TakServerVersionInfo serverVersion="{cot.escape(version)}" apiVersion="3"/></TakControl>'
    )
    return cot.event(_UID, OFFER_TYPE, now, detail=detail) + b"\n"


def response(uid: str, now: int, *, granted: bool) -> bytes:
    """Write the answer to a request.

    Parameters
    ----------
    uid : str
        That of the request.
    now : int
        Milliseconds since 1970-01-01T00:00Z.
    granted : bool
        Whether TAK protocol begins with the next byte.
    """
    status = "true" if granted else "false"
    detail = f'<TakControl><TakResponse status="{status}"/></TakControl>'
    return cot.event(uid, RESPONSE_TYPE, now, detail=detail) + b"\n"


def _asked_version(event: Event) -> str:
    for child in event.children:
        if child.name == "TakControl":
            for name, attributes in child.nested:
                if name == "TakRequest":
                    return attributes.get("version", "")
    return ""

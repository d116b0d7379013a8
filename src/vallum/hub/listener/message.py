"""Events in transports that keep messages apart: WebSocket messages and datagrams.

A message that cannot be read loses nothing but itself: the next one begins where the transport says.
"""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from vallum.hub.protocol import Fault
from vallum.picture import Event
from vallum.wire import cot, takproto

_MAGIC = b"\xbf"
_VERSION = 1
_CUT_OFF = Fault("a message that ends within an event")


class Control(NamedTuple):
    """What a sender on a mesh says of itself.

    Parameters
    ----------
    uid : str
        Its uid; empty if it does not say.
    reads_version_1 : bool
        Whether it decodes version 1 of TAK protocol.
    """

    uid: str
    reads_version_1: bool


def read_message(data: bytes, limits: cot.Limits) -> Iterator[Event | Fault]:
    """Read a message that holds TAK protocol frames as on a stream, or XML.

    Parameters
    ----------
    data : bytes
        The whole message.
    limits : cot.Limits
        What is taken of each event.
    """
    return _frames(data, limits) if data.startswith(_MAGIC) else _documents(data, limits)


def read_datagram(data: bytes, limits: cot.Limits) -> Iterator[Event | Fault | Control]:
    """Read a datagram that holds one TAK protocol message as on the mesh, or what `read_message` takes.

    Parameters
    ----------
    data : bytes
        The datagram.
    limits : cot.Limits
        What is taken of each event.
    """
    try:
        payload = takproto.mesh_payload(data)
    except takproto.Malformed:
        # What no mesh sends, but clients of a stream that write each frame to UDP do.
        payload = None
    if payload is None:
        return read_message(data if data.startswith(_MAGIC) else data.rstrip(b"\x00"), limits)
    return _mesh(payload, limits)


def _mesh(payload: bytes, limits: cot.Limits) -> Iterator[Event | Fault | Control]:
    try:
        if len(payload) > limits.size:
            raise cot.TooLarge(f"a message of {len(payload)} bytes; the limit is {limits.size}")
        message = takproto.decode(payload)
    except (cot.Malformed, takproto.Malformed) as error:
        yield Fault(str(error))
        return
    if message.contact_uid is not None:
        # Zero is how the protocol writes a version that is not stated, and stands for 1.
        yield Control(message.contact_uid, (message.min_version or 1) <= _VERSION)
    yield from _events((payload,), limits)


def _frames(data: bytes, limits: cot.Limits) -> Iterator[Event | Fault]:
    framer = takproto.StreamFramer(takproto.Limits(limits.size))
    fault: Fault | None = None
    try:
        payloads = framer.feed(data)
    except takproto.Malformed as error:
        payloads, fault = error.done, Fault(str(error))
    yield from _events(payloads, limits)
    if fault is not None:
        yield fault
    elif framer.pending:
        yield _CUT_OFF


def _events(payloads: Iterable[bytes], limits: cot.Limits) -> Iterator[Event | Fault]:
    for payload in payloads:
        try:
            event = Event.of_payload(payload, limits)
        except (cot.Malformed, takproto.Malformed) as error:
            yield Fault(str(error))
            continue
        if event is not None:
            yield event


def _documents(data: bytes, limits: cot.Limits) -> Iterator[Event | Fault]:
    framer = cot.XmlFramer(limits)
    framer.feed(data)
    while True:
        try:
            document = framer.next()
            if document is None:
                break
            if not document.startswith(b"<auth"):
                yield Event.of_xml(document, limits)
        except cot.Malformed as error:
            yield Fault(str(error))
            if error.fatal:
                return
    if framer.pending:
        yield _CUT_OFF

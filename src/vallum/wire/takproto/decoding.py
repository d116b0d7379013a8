"""From a payload to the event it holds."""

from dataclasses import dataclass, field
from math import isfinite
from typing import Any

from google.protobuf.message import DecodeError

from vallum.wire.takproto import fault
from vallum.wire.takproto.errors import Malformed
from vallum.wire.takproto.schema import ELEMENTS, MESSAGES, TakMessage

UNKNOWN = 9999999.0
# 9999-12-31T23:59:59.999Z, the last instant that a dateTime of four-digit years can name.
LAST_INSTANT = 253402300799999

_TYPED = tuple(
    (name, carrier, tuple((key, kind == "string") for key, (_, kind) in MESSAGES[kind_of].items()))
    for name, carrier in ELEMENTS.items()
    for kind_of in [MESSAGES["Detail"][carrier][1]]
)


@dataclass(slots=True)
class Message:
    """One message of TAK protocol.

    Parameters
    ----------
    has_event : bool
        Whether it holds an event; if not, everything from `type` to `typed` is empty.
    type, uid, how : str
        As in ``<event>``.
    time, start, stale : int
        Milliseconds since 1970-01-01T00:00Z.
    lat, lon : float
        Degrees, WGS 84. Their range is not checked here.
    hae, ce, le : float
        Height above the ellipsoid, circular and linear error, m; 9999999 is unknown.
    access, qos, opex, caveat, releasable_to : str
        As in ``<event>``, empty if not given.
    detail_xml : str or None
        The part of ``<detail>`` that travels as XML, unchecked; None if there is no detail.
    typed : dict
        The part of ``<detail>`` that travels in messages of its own: element name to its attributes as text.
    contact_uid : str or None
        Who sends, as the control part says; None without a control part, as are the next two.
    min_version, max_version : int or None
        Versions of the protocol that the sender decodes; 0 means 1.
    """

    has_event: bool = False
    type: str = ""
    uid: str = ""
    how: str = ""
    time: int = 0
    start: int = 0
    stale: int = 0
    lat: float = 0.0
    lon: float = 0.0
    hae: float = UNKNOWN
    ce: float = UNKNOWN
    le: float = UNKNOWN
    access: str = ""
    qos: str = ""
    opex: str = ""
    caveat: str = ""
    releasable_to: str = ""
    detail_xml: str | None = None
    typed: dict[str, dict[str, str]] = field(default_factory=dict)
    contact_uid: str | None = None
    min_version: int | None = None
    max_version: int | None = None


def decode(payload: bytes) -> Message:
    """Read one message.

    Parameters
    ----------
    payload : bytes
        What a framer cut out.

    Returns
    -------
    Message
        Fields that this version of the protocol does not know are passed over. A height, an error, a speed or
        a course that is no finite number counts as unknown.

    Raises
    ------
    Malformed
        If the bytes are no such message, a time lies after the year 9999, or the position is not finite.
    """
    try:
        wire = TakMessage.FromString(payload)
    except DecodeError as error:
        raise fault.found(payload) from error
    message = Message()
    if wire.HasField("takControl"):
        control = wire.takControl
        message.contact_uid = control.contactUid
        message.min_version = control.minProtoVersion
        message.max_version = control.maxProtoVersion
    if wire.HasField("cotEvent"):
        _read_event(wire.cotEvent, message, payload)
    return message


def _read_event(event: Any, message: Message, payload: bytes) -> None:
    message.has_event = True
    message.type = event.type
    message.uid = event.uid
    message.how = event.how
    message.access = event.access
    message.qos = event.qos
    message.opex = event.opex
    message.caveat = event.caveat
    message.releasable_to = event.releaseableTo
    message.time = event.sendTime
    message.start = event.startTime
    message.stale = event.staleTime
    if message.time > LAST_INSTANT or message.start > LAST_INSTANT or message.stale > LAST_INSTANT:
        late = next(
            name for name in ("sendTime", "startTime", "staleTime") if getattr(event, name) > LAST_INSTANT
        )
        raise Malformed(f"{late} after the year 9999 at byte {fault.place(payload, f'cotEvent.{late}')}")
    message.lat = event.lat
    message.lon = event.lon
    if not (isfinite(message.lat) and isfinite(message.lon)):
        astray = "lon" if isfinite(message.lat) else "lat"
        raise Malformed(f"{astray} is no finite number at byte {fault.place(payload, f'cotEvent.{astray}')}")
    message.hae = _known(event.hae)
    message.ce = _known(event.ce)
    message.le = _known(event.le)
    if event.HasField("detail"):
        detail = event.detail
        message.detail_xml = detail.xmlDetail
        message.typed = {
            name: _attributes(getattr(detail, carrier), fields)
            for name, carrier, fields in _TYPED
            if detail.HasField(carrier)
        }


def _attributes(carrier: Any, fields: tuple[tuple[str, bool], ...]) -> dict[str, str]:
    """Attributes as XML would state them; the protocol cannot tell an empty one from none."""
    stated = {}
    for key, is_text in fields:
        value = getattr(carrier, key)
        if is_text:
            if value:
                stated[key] = value
        elif isfinite(value):
            stated[key] = repr(value)
    return stated


def _known(value: float) -> float:
    return value if isfinite(value) else UNKNOWN

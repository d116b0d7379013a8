"""From an event in XML, already parsed, to a payload."""

import re
from collections.abc import Callable, Mapping, Sequence
from math import inf, isfinite
from typing import Any, Protocol

from vallum.wire.takproto.errors import Malformed
from vallum.wire.takproto.schema import ELEMENTS, MESSAGES, TakMessage

_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_NATURAL = re.compile(r"0|[1-9]\d{0,9}", re.ASCII)
_UINT32_LIMIT = 1 << 32


def _text(stated: str) -> str | None:
    return stated or None


def _natural(stated: str) -> int | None:
    return int(stated) if _NATURAL.fullmatch(stated) and int(stated) < _UINT32_LIMIT else None


def _number(stated: str) -> float | None:
    value = float(stated) if _NUMBER.fullmatch(stated) else inf
    return value if isfinite(value) else None


# Each returns None if the field's type cannot hold what the attribute says.
_CONVERT: dict[str, Callable[[str], str | int | float | None]] = {
    "string": _text,
    "uint32": _natural,
    "double": _number,
}
# Element, then its message, a converter for each attribute, and the sets of attributes that fill the message.
_CARRIERS = {
    name: (
        carrier,
        {key: _CONVERT[kind] for key, (_, kind) in fields.items()},
        (fields.keys(), {"callsign"}) if name == "contact" else (fields.keys(),),
    )
    for name, carrier in ELEMENTS.items()
    for fields in [MESSAGES[MESSAGES["Detail"][carrier][1]]]
}


class Child(Protocol):
    """One element directly within ``<detail>``."""

    @property
    def name(self) -> str:
        """Name of the element, with its prefix if it has one."""

    @property
    def attributes(self) -> Mapping[str, str]:
        """All attributes with their values, those of namespaces, too."""

    @property
    def leaf(self) -> bool:
        """Whether it holds neither an element nor text, comment or instruction."""

    @property
    def start(self) -> int:
        """Offset of its first byte in the document."""

    @property
    def end(self) -> int:
        """Offset behind its last byte."""


def encode(  # noqa: PLR0913  (the parts of an event)
    *,
    attributes: Mapping[str, str],
    time: int,
    start: int,
    stale: int,
    lat: float,
    lon: float,
    hae: float,
    ce: float,
    le: float,
    children: Sequence[Child],
    xml: bytes,
    inner: tuple[int, int],
) -> bytes:
    """Write an event as the payload of one message.

    A child of ``<detail>`` travels in a message of its own only if it is the only one of its name, a leaf and
    has exactly that message's attributes (``contact`` may lack its endpoint), none of them empty, and each
    with a value that the message's type holds. All other bytes of the detail travel as they are, in order.

    Parameters
    ----------
    attributes : mapping of str to str
        Attributes of ``<event>``. ``type``, ``uid``, ``how``, ``access``, ``qos``, ``opex``, ``caveat`` and
        ``releasableTo`` (or ``releaseableTo``, as TAK spells it) are carried; the protocol has no place for
        others, nor for attributes of ``<point>`` beyond the five or of ``<detail>``.
    time, start, stale : int
        Milliseconds since 1970-01-01T00:00Z.
    lat, lon : float
        Degrees, WGS 84.
    hae, ce, le : float
        Height above the ellipsoid, circular and linear error, m; 9999999 is unknown.
    children : sequence of Child
        Elements directly within ``<detail>``, in order.
    xml : bytes
        The event's document in UTF-8, into which the offsets point.
    inner : tuple of (int, int)
        Where the bytes between ``<detail>`` and ``</detail>`` begin and end; (0, 0) without ``<detail>``.

    Returns
    -------
    bytes
        One payload, without a frame.

    Raises
    ------
    Malformed
        If a time lies before 1970, the two spellings of ``releasableTo`` disagree, or the detail is no UTF-8.
    """
    if time < 0 or start < 0 or stale < 0:
        raise Malformed("TAK protocol cannot carry a time before 1970")
    message = TakMessage()
    event = message.cotEvent
    text = attributes.get
    event.type = text("type", "")
    event.uid = text("uid", "")
    event.how = text("how", "")
    event.access = text("access", "")
    event.qos = text("qos", "")
    event.opex = text("opex", "")
    event.caveat = text("caveat", "")
    event.releaseableTo = _releasable_to(attributes)
    event.sendTime = time
    event.startTime = start
    event.staleTime = stale
    event.lat = lat
    event.lon = lon
    event.hae = hae
    event.ce = ce
    event.le = le
    if inner[1]:
        _write_detail(event.detail, children, xml, inner)
    payload: bytes = message.SerializeToString()
    return payload


def _releasable_to(attributes: Mapping[str, str]) -> str:
    ours = attributes.get("releasableTo", "")
    theirs = attributes.get("releaseableTo", "")
    if ours and theirs and ours != theirs:
        raise Malformed("releasableTo and releaseableTo of one event disagree")
    return ours or theirs


def _write_detail(detail: Any, children: Sequence[Child], xml: bytes, inner: tuple[int, int]) -> None:
    detail.SetInParent()
    candidates: dict[str, Child | None] = {}
    for child in children:
        name = child.name
        if name in _CARRIERS:
            candidates[name] = child if child.leaf and name not in candidates else None
    kept: list[bytes] = []
    at, end = inner
    for candidate in candidates.values():
        if candidate is not None and _carry(detail, candidate):
            kept.append(xml[at : candidate.start])
            at = candidate.end
    kept.append(xml[at:end])
    rest = b"".join(kept)
    if rest and not rest.isspace():
        try:
            detail.xmlDetail = rest.decode()
        except UnicodeDecodeError as error:
            raise Malformed(f"the detail is no UTF-8 at byte {error.start} of its rest") from None


def _carry(detail: Any, child: Child) -> bool:
    """Put a leaf into its message, if the message can hold all that it says."""
    carrier, converters, shapes = _CARRIERS[child.name]
    attributes = child.attributes
    if attributes.keys() not in shapes:
        return False
    message = getattr(detail, carrier)
    for key, stated in attributes.items():
        value = converters[key](stated)
        if value is None:
            detail.ClearField(carrier)
            return False
        setattr(message, key, value)
    return True

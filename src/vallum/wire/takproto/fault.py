"""Where a payload is broken: for the message of an error only, as the parser itself does not say."""

from collections.abc import Iterator
from itertools import islice

from vallum.wire.takproto.errors import Malformed
from vallum.wire.takproto.schema import MESSAGES

# Wire types of protocol buffers (encoding specification, "Message Structure").
_VARINT, _FIXED64, _SIZED, _GROUP, _GROUP_END, _FIXED32 = range(6)
_FIXED_SIZES = {_FIXED64: 8, _FIXED32: 4}
_VARINT_BYTES = 10
# Beyond these the byte is not worth the time: a hostile payload may hold a million fields.
_STEPS = 2_000
_NUMBERS = {
    message: {number: (name, kind) for name, (number, kind) in fields.items()}
    for message, fields in MESSAGES.items()
}


def found(payload: bytes) -> Malformed:
    """Name the first fault of a payload that the parser refused."""
    at = 0
    try:
        for _, start in islice(_fields(payload, 0, len(payload), "TakMessage", ""), _STEPS):
            at = start
    except Malformed as fault:
        return fault
    return Malformed(f"no TAK message; it is broken at byte {at} or later")


def place(payload: bytes, path: str) -> int:
    """Find the byte at which the field of that path begins, the last one of its name, in a sound payload."""
    fields = islice(_fields(payload, 0, len(payload), "TakMessage", ""), _STEPS)
    return max((at for name, at in fields if name == path), default=0)


def _fields(payload: bytes, at: int, end: int, message: str, prefix: str) -> Iterator[tuple[str, int]]:
    """Walk the fields of a message and of those within; one of another wire type than declared is unknown."""
    groups: list[int] = []
    while at < end:
        start = at
        tag, at = _varint(payload, at, end)
        number, wire_type = tag >> 3, tag & 7
        if not number or tag >> 32:
            raise Malformed(f"no field has the number {number} at byte {start}")
        name, kind = ("", "") if groups else _NUMBERS[message].get(number, ("", ""))
        yield prefix + name, start
        if wire_type == _GROUP:
            groups.append(number)
            continue
        if wire_type == _GROUP_END:
            if not groups or groups.pop() != number:
                raise Malformed(f"a group ends that did not begin at byte {start}")
            continue
        body, at = _body(payload, at, end, wire_type, start)
        if wire_type == _SIZED and kind == "string":
            _check_text(payload[body:at], prefix + name, body)
        elif wire_type == _SIZED and kind in _NUMBERS:
            yield from _fields(payload, body, at, kind, f"{prefix}{name}.")
    if groups:
        raise Malformed(f"a group is cut off at byte {end}")


def _body(payload: bytes, at: int, end: int, wire_type: int, start: int) -> tuple[int, int]:
    """Find where a field's value begins and ends."""
    if wire_type == _VARINT:
        return at, _varint(payload, at, end)[1]
    if wire_type == _SIZED:
        size, at = _varint(payload, at, end)
    elif wire_type in _FIXED_SIZES:
        size = _FIXED_SIZES[wire_type]
    else:
        raise Malformed(f"wire type {wire_type} does not exist at byte {start}")
    if size > end - at:
        raise Malformed(f"{size} bytes announced where {end - at} are left at byte {at}")
    return at, at + size


def _varint(payload: bytes, at: int, end: int) -> tuple[int, int]:
    value = 0
    for place_, byte in enumerate(payload[at : min(end, at + _VARINT_BYTES)]):
        value |= (byte & 0x7F) << (7 * place_)
        if byte < 0x80:
            return value, at + place_ + 1
    what = "cut off" if end - at < _VARINT_BYTES else f"longer than {_VARINT_BYTES} bytes"
    raise Malformed(f"a number is {what} at byte {at}")


def _check_text(text: bytes, name: str, at: int) -> None:
    try:
        text.decode()
    except UnicodeDecodeError as error:
        raise Malformed(f"{name} is no UTF-8 at byte {at + error.start}") from None

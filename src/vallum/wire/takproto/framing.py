"""Where one message of TAK protocol version 1 ends and the next begins.

Streams: ``0xbf``, the payload's length as a varint, the payload, back to back. Mesh (one datagram a message):
``0xbf``, the protocol's version as a varint, ``0xbf``, the payload.
Source: ``protocol.txt`` of ATAK-CIV, sections on streaming and mesh networks.
"""

from vallum.wire.takproto.errors import Limits, Malformed

MAGIC = 0xBF
VERSION = 1
_MAGIC_BYTE = bytes([MAGIC])
_MESH_HEADER = bytes([MAGIC, VERSION, MAGIC])
# Five bytes hold any length of 32 bits.
_VARINT_LIMIT = 5


class StreamFramer:
    """Cut a stream of bytes into payloads.

    Parameters
    ----------
    limits : Limits, optional
        What is taken.
    """

    def __init__(self, limits: Limits = Limits()) -> None:  # noqa: B008  (frozen)
        self._limit = limits.payload
        self._buffer = bytearray()
        self._wanted = 0  # bytes of the buffer without which nothing more can be said
        self._passed = 0  # bytes of the stream before the buffer
        self._fault = ""

    @property
    def pending(self) -> int:
        """Bytes of an unfinished message that are kept."""
        return len(self._buffer)

    def feed(self, data: bytes) -> list[bytes]:
        """Take bytes of the stream, cut anywhere.

        Parameters
        ----------
        data : bytes
            What came next.

        Returns
        -------
        list of bytes
            The payloads that are complete now.

        Raises
        ------
        Malformed
            As soon as a frame's head is no head or announces more than the limit, before any of that payload
            is kept. ``done`` of the exception holds the payloads completed before it. The place of the next
            frame is lost: every later call raises the same.
        """
        if self._fault:
            raise Malformed(self._fault)
        if self._buffer:
            self._buffer += data
            if len(self._buffer) < self._wanted:
                return []
            data = bytes(self._buffer)
            self._buffer.clear()
        done: list[bytes] = []
        at = 0
        size = len(data)
        while at < size:
            try:
                start, end = self._frame(data, at)
            except Malformed as fault:
                self._fault = str(fault)
                raise Malformed(self._fault, done) from None
            if not start or end > size:
                self._buffer += data[at:]
                self._wanted = end - at
                break
            done.append(data[start:end])
            at = end
        self._passed += at
        return done

    def _frame(self, data: bytes, at: int) -> tuple[int, int]:
        """Find start and end of the payload whose frame begins at `at`.

        While the length is incomplete the start is 0 and the end that of one byte more.
        """
        if data[at] != MAGIC:
            raise Malformed(f"0x{data[at]:02x} instead of 0xbf at byte {self._passed + at} of the stream")
        length, start = read_varint(data, at + 1)
        if start < 0:
            if len(data) - at > _VARINT_LIMIT:
                raise Malformed(
                    f"the length at byte {self._passed + at + 1} of the stream has over {_VARINT_LIMIT} bytes"
                )
            return 0, len(data) + 1
        if length > self._limit:
            raise Malformed(
                f"the length at byte {self._passed + at + 1} of the stream announces {length} bytes; "
                f"the limit is {self._limit}"
            )
        return start, start + length


def stream_frame(payload: bytes) -> bytes:
    """Put a payload into a frame for a stream.

    Parameters
    ----------
    payload : bytes
        One encoded message.
    """
    return b"".join((_MAGIC_BYTE, _varint(len(payload)), payload))


def mesh_frame(payload: bytes) -> bytes:
    """Put a payload into a datagram for the mesh.

    Parameters
    ----------
    payload : bytes
        One encoded message.
    """
    return _MESH_HEADER + payload


def mesh_payload(datagram: bytes) -> bytes | None:
    """Take the payload out of a datagram.

    Parameters
    ----------
    datagram : bytes
        As it came from the mesh.

    Returns
    -------
    bytes or None
        The payload; None if this is no TAK protocol, as an event in XML is none.

    Raises
    ------
    Malformed
        If the header is cut off or broken, or of another version of the protocol.
    """
    if datagram.startswith(_MESH_HEADER):
        return datagram[len(_MESH_HEADER) :]
    if not datagram.startswith(_MAGIC_BYTE):
        return None
    version, end = read_varint(datagram, 1)
    if end < 0 or end >= len(datagram):
        raise Malformed(f"the header of the datagram is cut off or too long at byte {len(datagram[:6])}")
    if datagram[end] != MAGIC:
        raise Malformed(f"0x{datagram[end]:02x} instead of 0xbf at byte {end} of the datagram")
    if version != VERSION:
        raise Malformed(
            f"version {version} of TAK protocol at byte 1 of the datagram; only {VERSION} is spoken"
        )
    return datagram[end + 1 :]


def read_varint(data: bytes, at: int) -> tuple[int, int]:
    """Read an unsigned varint of at most five bytes; its end is -1 if it is cut off or longer."""
    value = 0
    for place, byte in enumerate(data[at : at + _VARINT_LIMIT]):
        value |= (byte & 0x7F) << (7 * place)
        if byte < 0x80:
            return value, at + place + 1
    return value, -1


def _varint(value: int) -> bytes:
    digits = bytearray()
    while value > 0x7F:
        digits.append(value & 0x7F | 0x80)
        value >>= 7
    digits.append(value)
    return bytes(digits)

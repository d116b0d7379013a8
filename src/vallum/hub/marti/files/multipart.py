"""The one file in a multipart body, as it comes in."""

import logging
from collections.abc import Callable
from typing import Final

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from vallum.hub.marti.answer import Refusal

__all__ = ["FilePart", "boundary"]

_NAMES: Final = (b"assetfile", b"resource")
"""Names of the part that holds the file, beside any part that has a file name."""
_PARTS: Final = 32
_HEADERS: Final = 16
_HEADER_BYTES: Final = 4_096
_OTHER_BYTES: Final = 1 << 16
_BOUNDARY: Final = 200

# It warns of what is refused in words anyway, with bytes of the body in it.
logging.getLogger("python_multipart").setLevel(logging.CRITICAL)


def boundary(content_type: str) -> bytes | None:
    """Return the boundary of a multipart content type; None if it is another type.

    Raises
    ------
    Refusal
        400 if it has none.
    """
    kind, options = parse_options_header(content_type)
    if kind != b"multipart/form-data":
        return None
    found = options.get(b"boundary", b"")
    if not 0 < len(found) <= _BOUNDARY:
        raise Refusal(400, "header Content-Type: no boundary, or too long a one", rule="multipart")
    return found


class FilePart:
    """Takes the bytes of a multipart body, and gives on those of the file in it.

    Parameters
    ----------
    boundary : bytes
        Between its parts.
    write : callable
        Is given the file's bytes.
    """

    def __init__(self, boundary: bytes, write: Callable[[bytes], object]) -> None:
        self.name = ""
        """File name that the part states."""
        self.media_type = ""
        """Media type that the part states."""
        self._write = write
        self._headers: dict[bytes, bytes] = {}
        self._field = self._value = b""
        self._within = False
        self._found = self._ended = False
        self._parts = self._others = 0
        self._parser = MultipartParser(
            boundary,
            {
                "on_part_begin": self._begin,
                "on_header_field": self._header_field,
                "on_header_value": self._header_value,
                "on_header_end": self._header_end,
                "on_headers_finished": self._headers_finished,
                "on_part_data": self._data,
                "on_end": self._end,
            },
            max_header_count=_HEADERS,
            max_header_size=_HEADER_BYTES,
        )

    def feed(self, data: bytes) -> None:
        """Take more of the body.

        Raises
        ------
        Refusal
            400 if it is no multipart body with one file.
        """
        try:
            self._parser.write(data)
        except FormParserError as error:
            raise Refusal(400, f"body: {error}", rule="multipart") from error

    def finish(self) -> None:
        """Say that the body is over.

        Raises
        ------
        Refusal
            400 if it ended too early or held no file.
        """
        if not self._ended:
            raise Refusal(400, "body: ends before its last boundary", rule="multipart")
        if not self._found:
            remedy = "Send the file as the part assetfile."
            raise Refusal(400, "body: no part with a file", rule="multipart", remedy=remedy)

    def _begin(self) -> None:
        self._parts += 1
        if self._parts > _PARTS:
            raise Refusal(400, f"body: more than {_PARTS} parts", rule="multipart")
        self._headers = {}

    def _header_field(self, data: bytes, start: int, end: int) -> None:
        self._field += data[start:end]

    def _header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _header_end(self) -> None:
        self._headers[self._field.lower()] = self._value
        self._field = self._value = b""

    def _headers_finished(self) -> None:
        stated = self._headers.get(b"content-disposition", b"").decode("latin-1")
        _, options = parse_options_header(stated)
        self._within = b"filename" in options or options.get(b"name", b"") in _NAMES
        if not self._within:
            return
        if self._found:
            raise Refusal(400, "body: a second file", rule="multipart", remedy="Send one file a request.")
        self._found = True
        self.name = options.get(b"filename", b"").decode("utf-8", "replace")
        self.media_type = self._headers.get(b"content-type", b"").decode("latin-1")

    def _data(self, data: bytes, start: int, end: int) -> None:
        if self._within:
            self._write(data[start:end])
            return
        self._others += end - start
        if self._others > _OTHER_BYTES:
            raise Refusal(400, f"body: more than {_OTHER_BYTES} bytes beside the file", rule="multipart")

    def _end(self) -> None:
        self._ended = True

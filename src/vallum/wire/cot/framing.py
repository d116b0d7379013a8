"""Where one document of a stream of XML ends and the next begins.

TAK's streams hold documents back to back, with or without a declaration before each. Most end at the first
``</event>``; those with comments, CDATA sections, instructions or an inner ``<event`` are walked through from
markup to markup. Either way each byte is looked at a bounded number of times, however it is cut into pieces.
"""

import re

from vallum.wire.cot.errors import Limits, Malformed, TooLarge

_BLANK = b" \t\r\n"
_NOT_BLANK = re.compile(rb"[^ \t\r\n]")
_ROOT = re.compile(rb"<(event|auth)[ \t\r\n/>]")
_ROOT_LENGTH = len(b"<event ")
_MARKS = {name: re.compile(rb"<(?:[!?]|/?" + name + rb")") for name in (b"event", b"auth")}
"""The end of a root, or what makes it necessary to walk."""
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_BEGINNINGS = (b"<event", b"<auth", b"<?", _BYTE_ORDER_MARK)
_REST_OF_CLOSING = re.compile(rb"[ \t\r\n]{0,16}(>|\Z)")
_DECLARED = re.compile(rb"""encoding\s*=\s*["']([A-Za-z0-9._-]+)["']""")
_DECLARATION_LIMIT = 1024
_SPANS = ((b"<!--", b"-->"), (b"<![CDATA[", b"]]>"), (b"<?", b"?>"))
"""Markup that may hold anything up to its end."""
_IN_TAG = re.compile(rb"""[<>"']""")


class XmlFramer:
    """Cut a stream of bytes into documents.

    Parameters
    ----------
    limits : Limits
        What is taken.
    """

    def __init__(self, limits: Limits | None = None) -> None:
        self.limits = limits or Limits()
        self._buffer = bytearray()
        self._searched = 1
        self._walk: _Walk | None = None

    @property
    def pending(self) -> int:
        """Bytes of an unfinished document."""
        return len(self._buffer)

    def take_rest(self) -> bytes:
        """Hand over the bytes after the last document, for a stream that changes its protocol there."""
        rest = bytes(self._buffer)
        self._cut(len(self._buffer))
        return rest

    def feed(self, data: bytes) -> None:
        """Append bytes of the stream."""
        self._buffer += data

    def next(self) -> bytes | None:
        """Return the next whole document, without what stands before it; None if none is whole yet.

        Raises
        ------
        Malformed
            If what comes next is no event; the stream cannot go on.
        """
        name = self._root()
        if not name:
            return None
        end = self._end(name)
        size = end if end >= 0 else len(self._buffer)
        if size > self.limits.size:
            raise TooLarge(f"an event of more than {self.limits.size} bytes", fatal=True)
        if end < 0:
            return None
        document = bytes(self._buffer[:end])
        self._cut(end)
        return document

    def _cut(self, size: int) -> None:
        del self._buffer[:size]
        self._searched = 1
        self._walk = None

    def _root(self) -> bytes:
        """Let go of what stands before the root and return its name; empty if it is not there yet."""
        buffer = self._buffer
        root = _ROOT.match(buffer)
        if root is None:
            self._skip_prolog()
            root = _ROOT.match(buffer)
        if root is not None:
            return root[1]
        head = bytes(buffer[:_ROOT_LENGTH])
        if len(buffer) >= _ROOT_LENGTH or not any(known.startswith(head) for known in _BEGINNINGS):
            if not head.startswith(b"<?"):
                kind = "a document type or comment" if head.startswith(b"<!") else "something else"
                raise Malformed(f"{kind} where an <event> should begin", fatal=True)
            if len(buffer) > _DECLARATION_LIMIT:
                raise Malformed("an XML declaration without an end", fatal=True)
        return b""

    def _skip_prolog(self) -> None:
        """Let go of blanks, byte order marks and whole declarations."""
        buffer, at = self._buffer, 0
        while True:
            found = _NOT_BLANK.search(buffer, at)
            at = found.start() if found else len(buffer)
            if buffer.startswith(_BYTE_ORDER_MARK, at):
                at += len(_BYTE_ORDER_MARK)
                continue
            if not buffer.startswith(b"<?", at):
                break
            end = buffer.find(b"?>", at, at + _DECLARATION_LIMIT)
            if end < 0:
                break
            _check_encoding(bytes(buffer[at:end]))
            at = end + 2
        if at:
            self._cut(at)

    def _end(self, name: bytes) -> int:
        """Return the offset after the root's end; -1 if it is not there yet."""
        buffer = self._buffer
        if self._walk is None:
            mark = _MARKS[name].search(buffer, self._searched)
            if mark is None:
                # The last bytes may be the beginning of a mark.
                self._searched = max(len(buffer) - _ROOT_LENGTH, 1)
                return -1
            closing = _REST_OF_CLOSING.match(buffer, mark.end()) if mark[0].startswith(b"</") else None
            if closing is not None:
                self._searched = mark.start()
                return closing.end() if closing[1] else -1
            self._walk = _Walk(name)
        return self._walk.end(buffer)


class _Walk:
    """Find the end of the root by walking from markup to markup.

    It only counts elements of the root's name: whether the rest is well-formed is the parser's to say.
    """

    __slots__ = ("_at", "_depth", "_quote", "_root", "_searched")

    def __init__(self, name: bytes) -> None:
        self._root = re.compile(rb"</?" + name + rb"[ \t\r\n/>]")
        self._depth = 0
        self._at = 0
        """Where the markup begins that is looked for or under way."""
        self._searched = 0
        """How far the markup under way has been searched for its end."""
        self._quote = b""
        """The quote that a value in the tag under way began with."""

    def end(self, buffer: bytearray) -> int:
        """Return the offset after the root's end; -1 if it is not there yet."""
        while (start := buffer.find(b"<", self._at)) >= 0:
            self._at = start
            end = self._end_of_markup(buffer, start)
            if end < 0:
                return -1
            self._at, self._searched, self._quote = end, 0, b""
            if self._root.match(buffer, start):
                if buffer.startswith(b"</", start):
                    self._depth -= 1
                elif not buffer.startswith(b"/>", end - 2):
                    self._depth += 1
                if self._depth <= 0:
                    return end
        self._at = len(buffer)
        return -1

    def _end_of_markup(self, buffer: bytearray, start: int) -> int:
        for opening, closing in _SPANS:
            if buffer.startswith(opening, start):
                begin = max(start + len(opening), self._searched - len(closing))
                found = buffer.find(closing, begin)
                self._searched = len(buffer)
                return found + len(closing) if found >= 0 else -1
        if buffer.startswith(b"<!", start):
            head = bytes(buffer[start : start + len(b"<![CDATA[")])
            if not any(opening.startswith(head) for opening, _ in _SPANS):
                raise Malformed("a declaration within an event", fatal=True)
            return -1
        return self._end_of_tag(buffer, max(start + 1, self._searched))

    def _end_of_tag(self, buffer: bytearray, at: int) -> int:
        while True:
            if self._quote:
                closing = buffer.find(self._quote, at)
                if closing < 0:
                    break
                at, self._quote = closing + 1, b""
            mark = _IN_TAG.search(buffer, at)
            if mark is None:
                break
            if mark[0] == b">":
                return mark.end()
            if mark[0] == b"<":
                raise Malformed("a tag within a tag", fatal=True)
            at, self._quote = mark.end(), mark[0]
        self._searched = len(buffer)
        return -1


def only_document(data: bytes, limits: Limits | None = None) -> bytes:
    """Take the one document of a datagram or file.

    Raises
    ------
    Malformed
        If there is none, more than one, or something behind it.
    """
    framer = XmlFramer(limits)
    framer.feed(data.rstrip(b"\x00"))
    document = framer.next()
    if document is None:
        raise Malformed("no whole event")
    if framer.take_rest().strip(_BLANK):
        raise Malformed("something behind the event")
    return document


def _check_encoding(declaration: bytes) -> None:
    found = _DECLARED.search(declaration)
    if found and found[1].lower() not in (b"utf-8", b"utf8", b"us-ascii", b"ascii"):
        raise Malformed(f"encoding {found[1][:20].decode()}; events are sent in UTF-8", fatal=True)

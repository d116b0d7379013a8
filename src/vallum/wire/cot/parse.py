"""One event's XML, read once: attributes, point, and where each detail's bytes are."""

import math
import re
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from typing import NamedTuple
from xml.parsers import expat

from vallum.core import instant
from vallum.wire.cot.errors import Limits, Malformed, TooLarge

UNKNOWN = 9_999_999.0
"""What Cursor on Target writes for a height or an error that is not known, in metres."""

_NESTED = frozenset(("marti", "__chat", "__chatreceipt", "TakControl"))
_TAG = re.compile(rb"""<[^<>"']*(?:"[^"]*"[^<>"']*|'[^']*'[^<>"']*)*>""")
"""One tag, whose quoted values may hold a ``>``."""
_ENDS = re.compile(rb"</event[ \t\r\n]*>")
_LABELS = frozenset(("access", "caveat", "releasableTo", "releaseableTo"))
_LABEL_WORDS = frozenset(name.lower() for name in _LABELS)
_TYPE_LENGTH = 128
_POINT_LIMITS = {"lat": 90.0, "lon": 180.0}
_DEFAULTS = Limits()


class Point(NamedTuple):
    """Where an event is: WGS 84 degrees, metres above the ellipsoid, metres of circular and linear error."""

    lat: float
    lon: float
    hae: float
    ce: float
    le: float


class Child:
    """A top-level element of ``<detail>``.

    Parameters
    ----------
    name : str
        Its name.
    attributes : mapping of str to str
        Its attributes.
    start, end : int
        Where its bytes lie in the document.
    leaf : bool
        Whether it holds neither elements nor text.
    nested : list of (str, mapping)
        The elements directly in it with their attributes; only kept for addresses and chats.
    """

    __slots__ = ("attributes", "end", "leaf", "name", "nested", "start")

    def __init__(self, name: str, attributes: Mapping[str, str], start: int) -> None:
        self.name = name
        self.attributes = attributes
        self.start = start
        self.end = start
        self.leaf = True
        self.nested: list[tuple[str, Mapping[str, str]]] = []


class Document(NamedTuple):
    """A valid event.

    Parameters
    ----------
    xml : bytes
        The document, as it came.
    attributes : mapping of str to str
        Attributes of ``<event>``.
    time, start, stale : int
        Milliseconds since 1970-01-01T00:00Z.
    point : Point
        Position and its errors.
    children : tuple of Child
        Elements of ``<detail>``.
    inner : tuple of (int, int)
        Where the bytes between ``<detail>`` and ``</detail>`` lie in the document.
    names : set of str
        Names of all elements, at whatever depth.
    """

    xml: bytes
    attributes: Mapping[str, str]
    time: int
    start: int
    stale: int
    point: Point
    children: tuple[Child, ...]
    inner: tuple[int, int]
    names: AbstractSet[str]


def parse(xml: bytes, limits: Limits = _DEFAULTS) -> Document:
    """Read and check one event.

    Parameters
    ----------
    xml : bytes
        One element from its first to its last byte, UTF-8, as `XmlFramer` cuts it.
    limits : Limits
        What is taken.

    Raises
    ------
    Malformed
        If it is not well-formed or lacks what every event must have. Entities other than XML's own five do
        not exist here, so none is ever expanded or fetched.
    TooLarge
        If a limit is exceeded.
    """
    if len(xml) > limits.size:
        raise TooLarge(f"an event of {len(xml)} bytes; the limit is {limits.size}")
    return _Reader(xml, limits).document()


class _Reader:
    __slots__ = (
        "attributes", "child", "children", "depth", "elements", "in_detail", "inner_end", "inner_start",
        "limits", "names", "parser", "point", "xml",
    )  # fmt: skip

    def __init__(self, xml: bytes, limits: Limits) -> None:
        self.xml = xml
        self.limits = limits
        self.depth = 0
        self.elements = limits.elements
        self.names: set[str] = set()
        self.attributes: dict[str, str] = {}
        self.point: dict[str, str] | None = None
        self.in_detail = False
        self.inner_start = self.inner_end = 0
        self.children: list[Child] = []
        self.child: Child | None = None
        self.parser = parser = expat.ParserCreate("utf-8")
        parser.StartElementHandler = self.start
        parser.EndElementHandler = self.end
        parser.StartDoctypeDeclHandler = self.doctype

    def document(self) -> Document:
        try:
            self.parser.Parse(self.xml, True)
        except expat.ExpatError as error:
            text = expat.ErrorString(error.code)
            raise Malformed(
                f"XML that is not well-formed: {text} at line {error.lineno}, column {error.offset}"
            ) from error
        finally:
            # The handlers hold this object and it holds the parser: each event would wait for the collector.
            self.parser.StartElementHandler = self.parser.EndElementHandler = None
            self.parser.StartDoctypeDeclHandler = None
        first = self.xml.find(b"</event")
        if first != self.xml.rfind(b"</event") and len(_ENDS.findall(self.xml, first)) > 1:
            # Most clients cut a stream at this, and would read what follows as an event of its own.
            raise Malformed("an event whose end stands in it twice")
        attributes = self.attributes
        _check(attributes, self.limits)
        time = _instant(attributes, "time")
        same_start = attributes.get("start") == attributes["time"]
        return Document(
            self.xml,
            attributes,
            time,
            time if same_start else _instant(attributes, "start"),
            _instant(attributes, "stale"),
            _point(self.point),
            tuple(self.children),
            (self.inner_start, self.inner_end),
            self.names,
        )

    def start(self, name: str, attributes: dict[str, str]) -> None:
        depth = self.depth = self.depth + 1
        self.elements -= 1
        self.names.add(name)
        limits = self.limits
        if depth > limits.depth or self.elements < 0 or len(attributes) > limits.attributes:
            raise self.excess(depth)
        if depth == 3:
            if self.in_detail:
                self.child = Child(name, attributes, self.parser.CurrentByteIndex)
                self.children.append(self.child)
        elif depth == 4:
            if self.child is not None:
                self.child.leaf = False
                if self.child.name in _NESTED:
                    self.child.nested.append((name, attributes))
        elif depth < 3:
            self.outer(name, attributes)

    def outer(self, name: str, attributes: dict[str, str]) -> None:
        if self.depth == 1:
            if name != "event":
                raise Malformed("a root that is no event")
            self.attributes = attributes
        elif name == "point":
            if self.point is not None:
                raise Malformed("more than one point")
            self.point = attributes
        elif name == "detail":
            if self.inner_start:
                raise Malformed("more than one detail")
            self.in_detail = True
            self.inner_start = self.inner_end = self.end_of_tag(self.parser.CurrentByteIndex)

    def end(self, _name: str) -> None:
        depth = self.depth
        self.depth = depth - 1
        if depth == 3:
            if self.child is not None:
                self.close(self.child)
                self.child = None
        elif depth == 2 and self.in_detail:
            self.in_detail = False
            if not self.xml.startswith(b"/>", self.inner_start - 2):
                self.inner_end = self.parser.CurrentByteIndex

    def doctype(self, *_: object) -> None:
        raise Malformed("a document type", fatal=True)

    def close(self, child: Child) -> None:
        at = self.parser.CurrentByteIndex
        xml = self.xml
        if child.leaf:
            opened = xml.index(b">", child.start) + 1
            if opened != at:  # text behind the tag, or a ">" in one of its values
                opened = self.end_of_tag(child.start)
            if xml.startswith(b"/>", opened - 2):
                child.end = opened
                return
            child.leaf = opened == at
        child.end = xml.index(b">", at) + 1

    def end_of_tag(self, start: int) -> int:
        tag = _TAG.match(self.xml, start)
        assert tag is not None  # noqa: S101  (expat has read it)
        return tag.end()

    def excess(self, depth: int) -> TooLarge:
        limits = self.limits
        if depth > limits.depth:
            return TooLarge(f"elements within elements, more than {limits.depth} deep")
        if self.elements < 0:
            return TooLarge(f"more than {limits.elements} elements")
        return TooLarge(f"an element with more than {limits.attributes} attributes")


def _check(attributes: Mapping[str, str], limits: Limits) -> None:
    uid = attributes.get("uid", "")
    if not uid or len(uid) > limits.uid:
        raise Malformed("no uid" if not uid else f"a uid of more than {limits.uid} characters")
    cot_type = attributes.get("type", "")
    if not cot_type or len(cot_type) > _TYPE_LENGTH or not _is_type(cot_type):
        raise Malformed("no type like a-f-G")
    for name in attributes:
        if name not in _LABELS and _plain(name) in _LABEL_WORDS:
            # Read by nobody, it would release what it was to hold back.
            raise Malformed("a label that is not spelled as Cursor on Target has it")
    ours, theirs = attributes.get("releasableTo"), attributes.get("releaseableTo")
    if ours and theirs and ours != theirs:  # TAK protocol has one field for both
        raise Malformed("releasableTo and releaseableTo disagree")


def _plain(name: str) -> str:
    return name.rpartition(":")[2].replace("_", "").replace("-", "").lower()


def _is_type(text: str) -> bool:
    return text.isascii() and text.replace("-", "").replace("_", "").replace(".", "").isalnum()


def _instant(attributes: Mapping[str, str], name: str) -> int:
    text = attributes.get(name)
    if text is None:
        raise Malformed(f"no {name}")
    try:
        moment = instant.parse(text)
    except ValueError as error:
        raise Malformed(f"a {name} that is no date and time") from error
    if moment < 0:  # TAK protocol has no number for it
        raise Malformed(f"a {name} before 1970")
    return moment


def _point(attributes: Mapping[str, str] | None) -> Point:
    if attributes is None:
        raise Malformed("no point")
    values = []
    for name in Point._fields:
        text = attributes.get(name)
        bound = _POINT_LIMITS.get(name)
        if text is None and bound is None:
            values.append(UNKNOWN)
            continue
        value = _number(text)
        if value is None:
            raise Malformed(f"a point without a number as {name}")
        if bound is None:  # real clients write NaN for a height they do not know
            value = value if math.isfinite(value) else UNKNOWN
        elif not abs(value) <= bound:
            raise Malformed(f"a point whose {name} is out of range")
        values.append(value)
    return Point(*values)


def _number(text: str | None) -> float | None:
    # Python reads more than the peers do: digits of all scripts, and underscores between them.
    if not text or not text.isascii() or "_" in text:
        return None
    try:
        return float(text)
    except ValueError:
        return None

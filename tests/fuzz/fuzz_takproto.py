"""What must hold for any bytes given to the TAK protocol codec, and a fuzzer that looks for bytes for which it does not.

``python tests/fuzz/fuzz_takproto.py -max_total_time=60 CORPUS`` needs atheris and vallum on the path. An empty corpus
directory is filled with the events of ``tests/corpus/cot`` first. The same `check` runs in the test suite without it.
"""

import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from math import isfinite
from pathlib import Path
from typing import Any
from xml.parsers import expat

from vallum.core import instant
from vallum.wire.takproto import (
    Limits,
    Malformed,
    Message,
    StreamFramer,
    decode,
    encode,
    mesh_frame,
    mesh_payload,
    stream_frame,
    to_xml,
)

EVENTS = sorted((Path(__file__).resolve().parent.parent / "corpus" / "cot").glob("*/*.cot"))
SMALL = Limits(payload=2048)
TYPED = {"contact", "__group", "precisionlocation", "status", "takv", "track"}


@dataclass
class Element:
    """An element directly within <detail>."""

    name: str
    attributes: dict[str, str]
    start: int
    end: int = 0
    leaf: bool = True


@dataclass
class Reader:
    """As little XML reading as `encode` needs; hostile input is for the real parser."""

    xml: bytes
    depth: int = 0
    attributes: dict[str, str] = field(default_factory=dict)
    point: dict[str, str] = field(default_factory=dict)
    children: list[Element] = field(default_factory=list)
    inner: tuple[int, int] = (0, 0)

    def read(self) -> "Reader":
        self.parser = expat.ParserCreate("utf-8")
        self.parser.StartElementHandler = self.on_start
        self.parser.EndElementHandler = self.on_end
        self.parser.CharacterDataHandler = self.on_content
        self.parser.CommentHandler = self.on_content
        self.parser.StartCdataSectionHandler = self.on_content
        self.parser.ProcessingInstructionHandler = self.on_content
        self.parser.Parse(self.xml, True)
        return self

    def on_start(self, name: str, attributes: dict[str, str]) -> None:
        self.on_content()
        self.depth += 1
        at = self.parser.CurrentByteIndex
        if self.depth == 1:
            self.attributes = attributes
        elif self.depth == 2 and name == "point":
            self.point = attributes
        elif self.depth == 2 and name == "detail":
            self.inner = (self.tag_end(at), 0)
        elif self.depth == 3 and self.inner[0] and not self.inner[1]:
            self.children.append(Element(name, attributes, at))

    def on_end(self, name: str) -> None:
        at = self.parser.CurrentByteIndex
        if self.depth == 3 and self.children and not self.children[-1].end:
            # After an empty-element tag the index is behind it, else on the end tag.
            child = self.children[-1]
            empty = self.tag_end(child.start) == at and self.xml[:at].endswith(b"/>")
            child.end = at if empty else self.xml.index(b">", at) + 1
        elif self.depth == 2 and name == "detail":
            self.inner = (self.inner[0], at)
        self.depth -= 1

    def on_content(self, *_: object) -> None:
        if self.depth == 3 and self.children:
            self.children[-1].leaf = False

    def tag_end(self, start: int) -> int:
        quote = 0
        for at in range(start, len(self.xml)):
            byte = self.xml[at]
            if quote:
                quote = 0 if byte == quote else quote
            elif byte in b"\"'":
                quote = byte
            elif byte == ord(">"):
                return at + 1
        raise AssertionError("a tag without an end in XML that expat took")


def read_event(xml: bytes) -> dict[str, Any]:
    """Arguments of `encode` for an event in XML."""
    event = Reader(xml).read()
    times = {name: instant.parse(event.attributes[name]) for name in ("time", "start", "stale")}
    point = {name: float(event.point[name]) for name in ("lat", "lon", "hae", "ce", "le")}
    point = {name: value if isfinite(value) else 9999999.0 for name, value in point.items()}
    return {
        "attributes": event.attributes,
        **times,
        **point,
        "children": event.children,
        "xml": xml,
        "inner": event.inner,
    }


def events() -> list[bytes]:
    """The corpus, without the one event that has no point."""
    documents = [path.read_bytes() for path in EVENTS]
    return [xml for xml in documents if Reader(xml).read().point]


def seeds() -> Iterator[bytes]:
    """Each event of the corpus as a payload, in a frame for a stream and in one for the mesh."""
    for xml in events():
        payload = encode(**read_event(xml))
        yield from (payload, stream_frame(payload), mesh_frame(payload))


def details_as_seeds() -> Iterator[bytes]:
    """The inner bytes of each detail of the corpus."""
    for xml in events():
        start, end = Reader(xml).read().inner
        yield xml[start:end]


def check(data: bytes) -> None:
    """Assert what holds for any bytes, whole and as parts of a stream."""
    payloads, fault, pending = cut(data, [len(data)])
    assert cut(data, [1] * len(data)) == (payloads, fault, pending)
    assert cut(data, list(data[:64])) == (payloads, fault, pending)
    assert pending <= SMALL.payload + 6
    for payload in payloads:
        check_payload(payload)
    check_payload(data)
    check_detail(data.decode(errors="replace"))
    try:
        payload_of_mesh = mesh_payload(data)
    except Malformed:
        payload_of_mesh = None
    if payload_of_mesh is not None:
        check_payload(payload_of_mesh)


def cut(data: bytes, sizes: list[int]) -> tuple[list[bytes], str, int]:
    """Feed a framer in pieces: the payloads, the fault if any, and how much it keeps."""
    framer = StreamFramer(SMALL)
    payloads: list[bytes] = []
    at = 0
    for size in [*sizes, len(data)]:
        try:
            payloads += framer.feed(data[at : at + size])
        except Malformed as fault:
            return payloads + fault.done, str(fault), framer.pending
        at += size
    return payloads, "", framer.pending


def check_payload(payload: bytes) -> None:
    """Assert that a payload is refused as malformed or survives the way to XML and back."""
    try:
        message = decode(payload)
        xml = to_xml(message)
    except Malformed:
        return
    again = decode(encode(**read_event(xml)))
    assert told(again) == told(message)
    xml_again = to_xml(again)
    assert to_xml(decode(encode(**read_event(xml_again)))) == xml_again
    assert details(xml_again) == details(xml)


def check_detail(text: str) -> None:
    """Assert that any text as the XML part of a detail is refused or stays what it is, beside typed elements."""
    typed = {"contact": {"callsign": text[:20]}, "status": {"battery": "7"}}
    for message in (
        Message(has_event=True, detail_xml=text),
        Message(has_event=True, detail_xml=text, typed=typed),
    ):
        try:
            xml = to_xml(message)
        except Malformed:
            continue
        assert text.encode() in xml
        check_payload(encode(**read_event(xml)))
        assert details(to_xml(decode(encode(**read_event(xml))))) == details(xml)


def told(message: Message) -> list[object]:
    """Everything of an event but its detail."""
    return [
        message.has_event,
        *(message.type, message.uid, message.how),
        *(message.time, message.start, message.stale),
        *(message.lat, message.lon, message.hae, message.ce, message.le),
        *(message.access, message.qos, message.opex, message.caveat, message.releasable_to),
    ]


def details(xml: bytes) -> tuple[list[str], list[bytes]]:
    """Names of the elements that may travel typed, and the others' exact bytes, in order."""
    event = Reader(xml).read()
    others = [xml[child.start : child.end] for child in event.children if child.name not in TYPED]
    return sorted(child.name for child in event.children if child.name in TYPED), others


def main() -> None:
    """Run the fuzzer with the arguments of libFuzzer."""
    import atheris  # type: ignore[import-not-found, unused-ignore]

    for argument in sys.argv[1:]:
        folder = Path(argument)
        if folder.is_dir() and not any(folder.iterdir()):
            for number, seed in enumerate([*seeds(), *details_as_seeds()]):
                (folder / f"seed{number:03d}").write_bytes(seed)
    atheris.instrument_all()
    atheris.Setup(sys.argv, check)
    atheris.Fuzz()


if __name__ == "__main__":
    main()

"""What must hold for any bytes given as Cursor on Target in XML, and a fuzzer that looks for bytes for which it does not.

``python tests/fuzz/fuzz_cot.py -max_total_time=60 CORPUS`` needs atheris and vallum on the path. An empty corpus
directory is filled with the events of ``tests/corpus/cot`` first. The same `check` runs in the test suite without it.
"""

import sys
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

from vallum.picture import Event, Kind
from vallum.wire import takproto
from vallum.wire.cot import Limits, Malformed, XmlFramer, only_document

EVENTS = sorted((Path(__file__).resolve().parent.parent / "corpus" / "cot").glob("*/*.cot"))
SMALL = Limits(size=4096, depth=16, elements=200, attributes=32, uid=128)
LABEL = ("access", "caveat", "qos", "opex", "releasableTo", "releaseableTo")


def seeds() -> Iterator[bytes]:
    """The corpus, and framing that is seldom seen."""
    for path in EVENTS:
        yield path.read_bytes()
    point = b'<point lat="1" lon="2" hae="NaN" ce="9" le="9"/>'
    head = b"<event version='2.0' uid='u' type='a-f-G' how='m-g' time='2026-11-25T06:30:00Z' start='2026-11-25T06:30:00Z' "
    head += b'stale="2026-11-25T06:31:00.5Z" access="RESTRICTED" caveat="FOO" releasableTo="EE, LV">'
    yield b"\xef\xbb\xbf<?xml version='1.0' encoding='UTF-8'?>\n" + head + point + b"</event >"
    yield (
        head
        + point
        + b"<detail><!-- </event> --><x a='>'/><![CDATA[</event>]]><event><?y </event>?></event></detail></event>"
    )
    yield (
        b"<auth><cot username='a' password='b'/></auth>"
        + head
        + point
        + b"<detail/></event>\n<event a='/>'/>"
    )
    yield head + point + b'<detail><marti><dest callsign="A"/><dest group="B"/></marti></detail></event>'


def check(data: bytes) -> None:
    """Assert what holds for any bytes: only `Malformed` comes out, whatever the pieces, and what is taken can be sent on."""
    whole = cut([data])
    assert cut(data[at : at + 1] for at in range(len(data))) == whole
    assert cut(split(data)) == whole
    for document in whole[0]:
        check_event(document)
    check_event(data)
    with suppress(Malformed):
        only_document(data, SMALL)


def split(data: bytes) -> Iterator[bytes]:
    """Pieces whose sizes the data itself states."""
    at = 0
    for size in data[:64]:
        yield data[at : at + size % 37]
        at += size % 37
    yield data[at:]


def cut(pieces: Iterable[bytes]) -> tuple[list[bytes], str]:
    """Feed a framer in pieces: the documents, and whether it gave up."""
    framer = XmlFramer(SMALL)
    documents: list[bytes] = []
    for piece in pieces:
        framer.feed(piece)
        try:
            while (document := framer.next()) is not None:
                documents.append(document)
        except Malformed as fault:
            assert fault.fatal
            return documents, "broken"
        assert framer.pending <= SMALL.size
    return documents, ""


def check_event(xml: bytes) -> None:
    """Assert that an event is malformed, or has exact offsets and can be sent in either format."""
    try:
        event = Event.of_xml(xml, SMALL)
    except Malformed:
        return
    start, end = event.document.inner
    assert start <= end
    for child in event.children:
        name = child.name.encode()
        assert start <= child.start < child.end <= end
        assert xml.startswith(b"<" + name, child.start)
        assert xml[child.start : child.end].endswith((b"/>", b">"))
    payload = event.payload()
    try:
        again = Event.of_payload(payload, SMALL)
    except (Malformed, takproto.Malformed):
        return  # its XML is larger than what came
    assert again is not None
    assert (again.uid, again.type, again.kind) == (event.uid, event.type, event.kind)
    assert (again.time, again.start, again.stale, again.point) == (
        event.time,
        event.start,
        event.stale,
        event.point,
    )
    assert label(again) == label(event)
    assert sorted(child.name for child in again.children) == sorted(child.name for child in event.children)
    assert (again.addresses, again.personal, again.author) == (event.addresses, event.personal, event.author)
    assert (again.is_self, again.cancels) == (event.is_self, event.cancels)
    assert event.kind in Kind


def label(event: Event) -> list[str]:
    """What decides who may see an event."""
    stated = event.attributes.get
    return [stated("access", ""), stated("caveat", ""), stated("releasableTo") or stated("releaseableTo", "")]


def main() -> None:
    """Run the fuzzer with the arguments of libFuzzer."""
    import atheris  # type: ignore[import-not-found, unused-ignore]

    for argument in sys.argv[1:]:
        folder = Path(argument)
        if folder.is_dir() and not any(folder.iterdir()):
            for number, seed in enumerate(seeds()):
                (folder / f"seed{number:03d}").write_bytes(seed)
    atheris.instrument_all()
    atheris.Setup(sys.argv, check)
    atheris.Fuzz()


if __name__ == "__main__":
    main()

"""Where one document of a stream ends and the next begins, however the stream is cut into pieces."""

import re
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vallum.wire.cot import Limits, Malformed, TooLarge, XmlFramer, only_document
from vallum.wire.cot import framing as module

CORPUS = [
    path.read_bytes() for path in sorted((Path(__file__).parents[2] / "corpus" / "cot").glob("*/*.cot"))
]
ROOTS = [re.sub(rb"^\s*(<\?[^>]*>\s*)?", b"", document).rstrip() for document in CORPUS]
PLAIN = b'<event uid="u"><point lat="1"/><detail><a/>text</detail></event>'


def cut(*pieces: bytes, limits: Limits | None = None) -> list[bytes]:
    framer = XmlFramer(limits)
    documents = []
    for piece in pieces:
        framer.feed(piece)
        while (document := framer.next()) is not None:
            documents.append(document)
    return documents


def bytewise(data: bytes) -> list[bytes]:
    return [data[at : at + 1] for at in range(len(data))]


def test_the_corpus_as_one_stream_whole_and_byte_by_byte() -> None:
    stream = b"\r\n".join(CORPUS)
    assert cut(stream) == ROOTS
    assert cut(*bytewise(stream)) == ROOTS
    assert len(ROOTS) > 40


@settings(deadline=None)
@given(st.data())
def test_any_pieces_of_the_corpus_give_the_same_documents(data: st.DataObject) -> None:
    chosen = data.draw(st.lists(st.sampled_from(range(len(CORPUS))), min_size=1, max_size=4))
    stream = b"".join(CORPUS[number] for number in chosen)
    places = sorted(data.draw(st.sets(st.integers(0, len(stream)), max_size=12)) | {0, len(stream)})
    assert cut(*(stream[begin:end] for begin, end in pairwise(places))) == [
        ROOTS[number] for number in chosen
    ]


WHOLE = {
    "plain": PLAIN,
    "a blank in the end tag": PLAIN[:-1] + b" \r\n>",
    "a comment with the end": b"<event><!-- </event> --></event>",
    "a comment that looks open": b"<event><!-- <event> --></event>",
    "a comment with dashes": b"<event><!----></event>",
    "CDATA with the end": b"<event><![CDATA[</event>]]></event>",
    "CDATA with brackets": b"<event><![CDATA[]]]]></event>",
    "an instruction with the end": b"<event><?x </event>?></event>",
    "an inner event": b"<event><detail><event>x</event><event/></detail></event>",
    "an inner event with a value that ends a tag": b"<event><event a='/>' b=\">\"></event></event>",
    "a name that begins alike": b"<event><eventful/></eventful></event>",
    "values with ends": b"<event a='>'><x b='/>' c=\"?>\"/></event>",
    "a comment after a quote in the text": b"<event>it's<!-- ' --></event>",
    "single quotes": PLAIN.replace(b'"', b"'"),
    "no attributes": b"<event></event>",
    "a line break in the tag": b"<event\n uid='u'\n></event>",
    "authentication": b'<auth><cot username="a" password="b"/></auth>',
    "authentication with a comment": b"<auth><!-- </auth> --></auth>",
    "ends that do not match": b"<event><a></event>",
    "a tag within CDATA within an inner event": b"<event><event><![CDATA[<event>]]></event></event>",
}


@pytest.mark.parametrize("name", WHOLE)
def test_a_document_ends_where_its_root_does(name: str) -> None:
    document = WHOLE[name]
    for stream in (document, document + PLAIN, PLAIN + document, document + b"\n" + document):
        expected = stream.replace(b"\n" + document, document) if stream.endswith(b"\n" + document) else stream
        assert b"".join(cut(stream)) == expected
        assert cut(*bytewise(stream)) == cut(stream)
    assert cut(document) == [document]


@pytest.mark.parametrize(
    "prolog",
    [
        b"",
        b" \t\r\n",
        b"<?xml version='1.0' encoding='UTF-8' standalone='yes'?>\n",
        b'<?xml version="1.0" encoding="us-ascii"?>',
        b"\xef\xbb\xbf<?xml version='1.0'?>",
        b"\n\xef\xbb\xbf\n",
        b"<?xml version='1.0'?><?other <event> ?>",
    ],
)
def test_what_stands_before_a_document_is_left_out(prolog: bytes) -> None:
    stream = (prolog + PLAIN) * 2 + prolog
    assert cut(stream) == cut(*bytewise(stream)) == [PLAIN, PLAIN]


def test_an_empty_root_waits_for_what_comes_after_it() -> None:
    framer = XmlFramer()
    framer.feed(b"<event a='/>'/>")
    assert framer.next() is None
    framer.feed(PLAIN)
    assert (framer.next(), framer.next()) == (b"<event a='/>'/>", PLAIN)


@pytest.mark.parametrize(
    "stream",
    [
        b"<foo><bar/></foo>",
        b"<events/>",
        b"<authentic/>",
        b"<!DOCTYPE event><event/>",
        b"<!-- x --><event/>",
        b"GET / HTTP/1.1\r\n\r\n",
        b"\xbf\x01\xbf<event/>",
        b"\x00" * 8,
        b"\xff\xfe<\x00e\x00",
        b"text<event/>",
        b"<?xml version='1.0' encoding='UTF-16'?><event/>",
        b"<?xml " + b"x" * 2000,
        PLAIN[:-8] + b"<!DOCTYPE x><event></event>",
        PLAIN[:-8] + b"<!ENTITY x 'y'></event>",
        b"<event><!-- x --><a <b></event>",
    ],
)
def test_a_stream_of_something_else_cannot_go_on(stream: bytes) -> None:
    for pieces in ([stream], bytewise(stream)):
        with pytest.raises(Malformed) as refused:
            cut(*pieces)
        assert refused.value.fatal


@pytest.mark.parametrize(
    "begun", [b"<", b"<ev", b"<event", b"<auth", b"<?", b"<?xml", b"\xef", b"\xef\xbb", b" "]
)
def test_a_beginning_alone_is_waited_for(begun: bytes) -> None:
    assert cut(begun) == []


def test_pending_counts_what_is_unfinished_and_the_rest_can_be_taken() -> None:
    framer = XmlFramer()
    framer.feed(b"\n" + PLAIN + b"\xbf\x03abc")
    assert framer.next() == PLAIN
    assert framer.pending == 5
    assert framer.take_rest() == b"\xbf\x03abc"
    assert framer.pending == 0
    framer.feed(PLAIN[:20])
    assert framer.next() is None
    assert framer.pending == 20


@pytest.mark.parametrize("filler", [b"x", b"<a/>", b"<!-- -->", b"<event>", b" a='"])
def test_a_document_beyond_the_limit_is_refused_whether_it_ends_or_not(filler: bytes) -> None:
    small = Limits(size=200)
    endless = b"<event>" + filler * 300
    for pieces in ([endless], bytewise(endless), [endless[:500] + b"-->']]></event>" * 200]):
        with pytest.raises(TooLarge) as refused:
            cut(*pieces, limits=small)
        assert refused.value.fatal


def test_what_comes_before_a_document_that_is_too_large_is_still_given() -> None:
    framer = XmlFramer(Limits(size=200))
    framer.feed(PLAIN + b"<event>" + b"x" * 300)
    assert framer.next() == PLAIN
    with pytest.raises(TooLarge):
        framer.next()


@pytest.mark.parametrize("prolog", [b" ", b"<?x?>", b"\xef\xbb\xbf", b"<?xml version='1.0'?>\n"])
def test_what_stands_between_documents_is_not_kept(prolog: bytes) -> None:
    framer = XmlFramer()
    for _ in range(2_000):
        framer.feed(prolog)
        assert framer.next() is None
        assert framer.pending == 0


class Counted(bytearray):
    """A buffer that counts the bytes that searches pass over."""

    work = 0

    def find(self, what: bytes, start: int = 0, end: int | None = None) -> int:  # type: ignore[override]
        stop = len(self) if end is None else min(end, len(self))
        found = super().find(what, start, stop)
        Counted.work += (found if found >= 0 else stop) - start + 1
        return found


class CountedPattern:
    """A pattern that counts them, too."""

    def __init__(self, pattern: re.Pattern[bytes]) -> None:
        self.pattern = pattern

    def search(self, buffer: bytearray, start: int = 0) -> re.Match[bytes] | None:
        found = self.pattern.search(buffer, start)
        Counted.work += (found.end() if found else len(buffer)) - start + 1
        return found

    def match(self, buffer: bytearray, start: int = 0) -> re.Match[bytes] | None:
        found = self.pattern.match(buffer, start)
        Counted.work += found.end() - start if found else 16
        return found


HOSTILE = {
    "text": b"<event>" + b"x" * 4_000,
    "one value": b"<event a='" + b"x" * 4_000,
    "one value with ends": b"<event><!-- --><a b='" + b"/></event>" * 400,
    "a comment": b"<event><!--" + b"-- >" * 1_000,
    "CDATA": b"<event><![CDATA[" + b"]] >" * 1_000,
    "an instruction": b"<event><?x" + b"? >" * 1_300,
    "inner events": b"<event>" * 600,
    "ends that are none": b"<event>" + b"</eventual>" * 360,
    "a blank end": b"<event></event" + b" " * 4_000,
    "declarations": b"<?x y?>" * 600,
    "byte order marks": b"\xef\xbb\xbf" * 1_300,
    "blanks": b" \n" * 2_000,
    "empty events": b"<event/>" * 500,
    "openings": b"<event>" + b"<!" + b"[CDATA" * 1,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_byte_by_byte_the_work_grows_with_the_stream_and_not_with_its_square(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for pattern in ("_NOT_BLANK", "_ROOT", "_IN_TAG", "_REST_OF_CLOSING"):
        monkeypatch.setattr(module, pattern, CountedPattern(getattr(module, pattern)))
    monkeypatch.setattr(module, "_MARKS", {key: CountedPattern(one) for key, one in module._MARKS.items()})
    framer = XmlFramer()
    framer._buffer = Counted()
    stream = HOSTILE[name]
    Counted.work = 0
    for piece in bytewise(stream):
        framer.feed(piece)
        while framer.next() is not None:
            pass
    # A square of 4,000 would be 8,000,000.
    assert Counted.work < 110 * len(stream)


def test_a_datagram_holds_one_document_and_nothing_else() -> None:
    assert only_document(b"<?xml version='1.0'?>\n" + PLAIN + b"\n\x00\x00") == PLAIN
    for wrong in (b"", PLAIN[:-1], PLAIN + PLAIN, PLAIN + b"x", b"<event/>", b"nothing"):
        with pytest.raises(Malformed):
            only_document(wrong)
    with pytest.raises(TooLarge):
        only_document(PLAIN, Limits(size=20))

"""One event's XML: what is read, what is refused, and where each detail's bytes are; lxml as the second opinion."""

import math
import re
from pathlib import Path

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from lxml import etree

from vallum.core import instant
from vallum.wire.cot import Document, Limits, Malformed, Point, TooLarge, only_document, parse

CORPUS = {
    f"{path.parent.name}/{path.name}": path.read_bytes()
    for path in sorted((Path(__file__).parents[2] / "corpus" / "cot").glob("*/*.cot"))
}
TIMES = 'time="2026-11-25T06:30:00Z" start="2026-11-25T06:30:01Z" stale="2026-11-25T06:31:00.5Z"'
POINT = '<point lat="59.4" lon="-24.7" hae="12.5" ce="4.9" le="9999999.0"/>'


def event(detail: str = "<detail/>", point: str = POINT, times: str = TIMES, **attributes: str) -> bytes:
    stated = {"uid": "u", "type": "a-f-G", "how": "m-g"} | attributes
    written = " ".join(f'{name}="{value}"' for name, value in stated.items())
    return f'<event version="2.0" {written} {times}>{point}{detail}</event>'.encode()


def check_against_lxml(xml: bytes, document: Document) -> None:
    """Names, attributes, emptiness and exact bytes of each detail as lxml sees them."""
    root = etree.fromstring(xml, etree.XMLParser(resolve_entities=False, huge_tree=True))
    assert {name: root.get(name) for name in document.attributes} == dict(document.attributes)
    detail = root.find("detail")
    elements = [] if detail is None else [child for child in detail if isinstance(child.tag, str)]
    assert [child.name for child in document.children] == [
        f"{one.prefix}:{etree.QName(one).localname}" if one.prefix else etree.QName(one).localname
        for one in elements
    ]
    start, end = document.inner
    at = start
    for child, element in zip(document.children, elements, strict=True):
        piece = xml[child.start : child.end]
        assert at <= child.start
        at = child.end
        declared = "".join(
            f' xmlns{":" + prefix if prefix else ""}="{uri}"' for prefix, uri in element.nsmap.items()
        )
        again = etree.fromstring(f"<w{declared}>".encode() + piece + b"</w>")[0]
        assert etree.tostring(again, method="c14n", with_tail=False) == etree.tostring(
            element, method="c14n", with_tail=False
        )
        assert child.leaf == (len(element) == 0 and not element.text and b"<![CDATA[" not in piece)
    assert at <= end
    if detail is not None:
        assert xml[:start].endswith(b">")
        assert xml[end:].startswith(b"</detail") or start == end


@pytest.mark.parametrize("name", [name for name in CORPUS if name != "node-tak/002_a-f-G.cot"])
def test_an_event_of_another_program_is_read_as_lxml_reads_it(name: str) -> None:
    xml = only_document(CORPUS[name])
    document = parse(xml)
    assert document.xml == xml
    check_against_lxml(xml, document)
    root = etree.fromstring(xml)
    point = root.find("point")
    assert document.point[:2] == (float(point.get("lat")), float(point.get("lon")))
    for field in ("hae", "ce", "le"):
        value = float(point.get(field))
        assert getattr(document.point, field) == (value if math.isfinite(value) else 9_999_999.0)
    for moment in ("time", "start", "stale"):
        assert getattr(document, moment) == instant.parse(root.get(moment))


# No "event": one within another is not taken, because most clients cut a stream at its end.
NAMES = st.sampled_from(("a", "b", "detail", "events", "point", "__group", "x-y", "\u00e4\u00f6"))
TEXT = st.text(st.characters(codec="utf-8", categories=("L", "N", "P", "S", "Zs")), max_size=12)


def quoted(text: str, quote: str) -> str:
    text = text.replace("&", "&amp;").replace("<", "&lt;")
    return quote + text.replace(quote, "&#39;" if quote == "'" else "&quot;") + quote


@st.composite
def markup(draw: st.DrawFn, depth: int = 0) -> str:
    kind = draw(st.integers(0, 7))
    if kind < 4:
        name = draw(NAMES)
        names = draw(st.lists(st.sampled_from(("k", "v", "uid", "l\u00e4")), unique=True, max_size=3))
        values = [f" {one} = {quoted(draw(TEXT), draw(st.sampled_from(chr(34) + chr(39))))}" for one in names]
        head = f"<{name}{''.join(values)}{draw(st.sampled_from(('', ' ', chr(10))))}"
        if kind == 0 or depth > 2:
            return f"{head}/>"
        inner = "".join(draw(st.lists(markup(depth=depth + 1), max_size=2)))
        return f"{head}>{inner}</{name}{draw(st.sampled_from(('', ' ')))}>"
    text = draw(TEXT)
    if kind == 4:
        return f"<!--{text.replace('-', '')}-->"
    if kind == 5:
        return f"<![CDATA[{text.replace(']', '')}]]>"
    if kind == 6:
        return f"<?i {text.replace('?', '')}?>"
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;") + draw(
        st.sampled_from(("", ">", "/>"))
    )


@settings(deadline=None, max_examples=150)
@given(st.lists(markup(), max_size=6))
def test_offsets_are_exact_for_any_detail(parts: list[str]) -> None:
    xml = event(f"<detail>{''.join(parts)}</detail>")
    assume(len(re.findall(rb"</event\s*>", xml)) == 1)
    check_against_lxml(xml, parse(xml))


@pytest.mark.parametrize(
    "inner", ["<event></event>", "<!--</event>-->", "<![CDATA[</event>]]>", "<?i </event>?>"]
)
def test_an_event_whose_end_stands_in_it_is_refused(inner: str) -> None:
    with pytest.raises(Malformed, match="end stands in it twice"):
        parse(event(f"<detail>{inner}</detail>"))


@pytest.mark.parametrize(
    ("detail", "pieces", "leaves"),
    [
        ("<detail/>", [], []),
        ("<detail></detail>", [], []),
        ("<detail a='>' />", [], []),
        ("<detail> <a/> </detail>", ["<a/>"], [True]),
        ("<detail><a/><b/></detail>", ["<a/>", "<b/>"], [True, True]),
        ("<detail><a></a></detail>", ["<a></a>"], [True]),
        ("<detail><a x='>' y=\"/>\"/></detail>", ["<a x='>' y=\"/>\"/>"], [True]),
        ("<detail><a x='>'></a ><b/></detail>", ["<a x='>'></a >", "<b/>"], [True, True]),
        ("<detail><a> </a></detail>", ["<a> </a>"], [False]),
        ("<detail><a>t/></a></detail>", ["<a>t/></a>"], [False]),
        ("<detail><a><!-- --></a></detail>", ["<a><!-- --></a>"], [False]),
        ("<detail><a><b/></a></detail>", ["<a><b/></a>"], [False]),
        ("<detail><detail/></detail>", ["<detail/>"], [True]),
        ("<other><a><c/></a></other><detail><b/></detail>", ["<b/>"], [True]),
        ("", [], []),
    ],
)
def test_where_the_details_are(detail: str, pieces: list[str], leaves: list[bool]) -> None:
    xml = event(detail)
    document = parse(xml)
    assert [xml[child.start : child.end].decode() for child in document.children] == pieces
    assert [child.leaf for child in document.children] == leaves
    inner = re.search(r"<detail(?:[^>']|'[^']*')*?>(.*)</detail>$", detail, re.DOTALL)
    start, end = document.inner
    assert xml[start:end].decode() == (inner[1] if inner else "")
    assert (end > 0) == ("<detail" in detail)


def test_what_is_in_addresses_and_chats_is_kept() -> None:
    detail = '<marti><dest callsign="A"/><dest uid="b"><x/></dest></marti><a><b/></a><__chatreceipt><chatgrp id="i"/></__chatreceipt>'
    marti, other, receipt = parse(event(f"<detail>{detail}</detail>")).children
    assert marti.nested == [("dest", {"callsign": "A"}), ("dest", {"uid": "b"})]
    assert other.nested == []
    assert receipt.nested == [("chatgrp", {"id": "i"})]


def test_times_and_point_are_numbers() -> None:
    document = parse(event())
    assert document.start - document.time == 1_000
    assert document.stale - document.time == 60_500
    assert document.point == Point(59.4, -24.7, 12.5, 4.9, 9_999_999.0)
    assert parse(event(point='<point lat="1e1" lon="-180"/>')).point == Point(
        10.0, -180.0, *[9_999_999.0] * 3
    )


@pytest.mark.parametrize("value", ["NaN", "nan", "inf", "-Infinity", "1e999"])
def test_a_height_that_is_no_number_is_unknown(value: str) -> None:
    point = parse(event(point=f'<point lat="1" lon="2" hae="{value}" ce="{value}" le="{value}"/>')).point
    assert point[2:] == (9_999_999.0,) * 3


@pytest.mark.parametrize(
    "xml",
    [
        event(uid=""),
        event().replace(b" uid=", b" xuid="),
        event(uid="u" * 513),
        event(type=""),
        event().replace(b" type=", b" xtype="),
        event(type="a-f-G&#10;x"),
        event(type="a f"),
        event(type="---"),
        event(type="\u00e4-f"),
        event(type="a" * 129),
        event(releasableTo="EE", releaseableTo="EE LV"),
        event(times=""),
        event(times=TIMES.replace("time=", "xtime=")),
        event(times=TIMES.replace("stale=", "xstale=")),
        event(times=TIMES.replace("start=", "xstart=")),
        event(times=TIMES.replace("2026-11-25T06:30:00Z", "soon")),
        event(times=TIMES.replace("2026-11-25T06:30:00Z", "1969-12-31T23:59:59Z")),
        event(times=TIMES.replace("2026-11-25T06:30:00Z", "0001-01-01T00:00:00+14:00")),
        event(point=""),
        event(point=POINT * 2),
        event(point='<point lat="91" lon="2"/>'),
        event(point='<point lat="1" lon="-180.5"/>'),
        event(point='<point lat="NaN" lon="2"/>'),
        event(point='<point lon="2"/>'),
        event(point='<point lat="" lon="2"/>'),
        event(point='<point lat="1" lon="1_0"/>'),
        event(point='<point lat="\uff11" lon="1"/>'),
        event(point='<point lat="1" lon="2" hae="high"/>'),
        event("<detail/><detail/>"),
        event("<detail><a></detail>"),
        event("<detail>&undefined;</detail>"),
        event("<detail>\x00</detail>"),
        event("<detail>\ufffe</detail>"),
        event("<detail><a b='1' b='2'/></detail>"),
        event("<detail><a b='<'/></detail>"),
        event().replace(b"</event>", b""),
        event() + b"<event/>",
        event() + b"text",
        b"<auth/>",
        b"<x:event/>",
        b"",
        b"\xff",
        event("<detail>OK</detail>").replace(b"OK", b"\xff\xfe\xc3\x28"),
        event("<detail>OK</detail>").replace(b"OK", b"\xed\xa0\x80"),
    ],
)
def test_what_is_no_valid_event_is_malformed_and_the_stream_goes_on(xml: bytes) -> None:
    with pytest.raises(Malformed) as refused:
        parse(xml)
    assert not refused.value.fatal
    assert len(str(refused.value)) < 120


def test_both_spellings_of_releasable_to_may_stand_if_they_agree() -> None:
    for attributes in (
        {"releasableTo": "EE"},
        {"releaseableTo": "EE", "releasableTo": "EE"},
        {"releaseableTo": ""},
    ):
        parse(event(**attributes))


BOMB = '<!DOCTYPE event [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c SYSTEM "file:///etc/hostname">]>'


@pytest.mark.parametrize("reference", ["&b;", "&c;", ""])
def test_a_document_type_ends_the_stream_before_anything_is_expanded(reference: str) -> None:
    with pytest.raises(Malformed, match="document type") as refused:
        parse(BOMB.encode() + event(f"<detail>{reference}</detail>"))
    assert refused.value.fatal


@pytest.mark.parametrize(
    ("limits", "within", "beyond", "word"),
    [
        (Limits(size=400), event(f"<detail>{'x' * 100}</detail>"), event(f"<detail>{'x' * 400}</detail>"), "bytes"),
        (Limits(depth=5), event("<detail><a><b><c/></b></a></detail>"),
         event("<detail><a><b><c><d/></c></b></a></detail>"), "deep"),
        (Limits(elements=6), event("<detail><a/><a/><a/></detail>"),
         event("<detail><a/><a/><a/><a/></detail>"), "elements"),
        (Limits(attributes=8), event("<detail><a b='1'/></detail>"),
         event(f"<detail><a {' '.join(f'k{n}={chr(39)}1{chr(39)}' for n in range(9))}/></detail>"), "attributes"),
        (Limits(uid=3), event(uid="abc"), event(uid="abcd"), "uid"),
    ],
)  # fmt: skip
def test_each_limit(limits: Limits, within: bytes, beyond: bytes, word: str) -> None:
    parse(within, limits)
    with pytest.raises(Malformed, match=word):
        parse(beyond, limits)


def test_hostile_sizes_within_the_default_limits_are_too_large() -> None:
    deep = event("<detail>" + "<a>" * 100_000 + "</a>" * 100_000 + "</detail>")
    wide = event("<detail><x " + " ".join(f'a{n}="1"' for n in range(50_000)) + "/></detail>")
    many = event("<detail>" + "<a/>" * 30_000 + "</detail>")
    for xml in (deep, wide, many):
        with pytest.raises(TooLarge):
            parse(xml)


def test_an_event_leaves_nothing_for_the_garbage_collector() -> None:
    import gc

    gc.collect()
    gc.disable()
    try:
        for _ in range(20):
            parse(event("<detail><a/></detail>"))
        assert gc.collect() < 20
    finally:
        gc.enable()

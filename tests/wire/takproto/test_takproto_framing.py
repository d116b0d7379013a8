import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fuzz.fuzz_takproto import seeds
from vallum.wire.takproto import Limits, Malformed, StreamFramer, mesh_frame, mesh_payload, stream_frame

PAYLOADS = st.lists(st.binary(max_size=300), max_size=8)


def feed_all(framer: StreamFramer, stream: bytes, sizes: list[int], payloads: list[bytes]) -> None:
    at = 0
    for size in [*sizes, len(stream)]:
        payloads += framer.feed(stream[at : at + size])
        at += size


def feed_in_pieces(stream: bytes, sizes: list[int]) -> list[bytes]:
    framer = StreamFramer()
    payloads: list[bytes] = []
    feed_all(framer, stream, sizes, payloads)
    assert framer.pending == 0
    return payloads


@pytest.mark.parametrize(
    ("length", "head"),
    [
        (0, b"\xbf\x00"),
        (1, b"\xbf\x01"),
        (127, b"\xbf\x7f"),
        (128, b"\xbf\x80\x01"),
        (300, b"\xbf\xac\x02"),
        (16384, b"\xbf\x80\x80\x01"),
    ],
)
def test_a_frame_is_the_magic_byte_the_length_as_a_varint_and_the_payload(length: int, head: bytes) -> None:
    payload = b"p" * length
    assert stream_frame(payload) == head + payload
    assert StreamFramer().feed(head + payload) == [payload]


@given(PAYLOADS, st.lists(st.integers(0, 700), max_size=20))
def test_any_split_of_the_stream_gives_the_same_payloads(payloads: list[bytes], sizes: list[int]) -> None:
    stream = b"".join(stream_frame(payload) for payload in payloads)
    assert feed_in_pieces(stream, sizes) == payloads


def test_the_corpus_fed_byte_by_byte_is_the_corpus_fed_whole() -> None:
    payloads = list(seeds())
    stream = b"".join(stream_frame(payload) for payload in payloads)
    assert feed_in_pieces(stream, [1] * len(stream)) == payloads
    assert feed_in_pieces(stream, []) == payloads


def test_pending_counts_what_is_kept_of_an_unfinished_message() -> None:
    framer = StreamFramer()
    assert framer.pending == 0
    assert framer.feed(b"\xbf\x03a") == []
    assert framer.pending == 3
    assert framer.feed(b"bc\xbf") == [b"abc"]
    assert framer.pending == 1
    assert framer.feed(b"\x00") == [b""]
    assert framer.pending == 0


@pytest.mark.parametrize(
    ("broken", "message"),
    [
        (b"<event/>", "0x3c instead of 0xbf at byte 5 of the stream"),
        (b"\x00", "0x00 instead of 0xbf at byte 5 of the stream"),
        (b"\xbf\x80\x80\x80\x80\x80", "the length at byte 6 of the stream has over 5 bytes"),
        (b"\xbf\xff\xff\xff\xff\x7f", "announces 34359738367 bytes; the limit is 1048576"),
        (b"\xbf\x81\x80\x40", "announces 1048577 bytes; the limit is 1048576"),
    ],
)
@pytest.mark.parametrize("sizes", [[100], [1] * 12, [3, 4, 1]])
def test_what_was_complete_before_a_fault_is_not_lost(broken: bytes, message: str, sizes: list[int]) -> None:
    framer = StreamFramer()
    payloads: list[bytes] = []
    with pytest.raises(Malformed, match=message) as caught:
        feed_all(framer, b"\xbf\x03abc" + broken, sizes, payloads)
    assert payloads + caught.value.done == [b"abc"]
    assert framer.pending == 0
    with pytest.raises(Malformed, match=message) as again:
        framer.feed(b"\xbf\x00")
    assert again.value.done == []


def test_a_payload_of_just_the_limit_passes_and_one_byte_more_is_refused_by_its_head() -> None:
    framer = StreamFramer(Limits(payload=200))
    assert framer.feed(stream_frame(b"x" * 200)) == [b"x" * 200]
    with pytest.raises(Malformed, match="announces 201 bytes; the limit is 200"):
        framer.feed(stream_frame(b"x" * 201)[:3])


def test_an_announced_length_allocates_nothing() -> None:
    framer = StreamFramer(Limits(payload=1 << 34))
    tracemalloc.start()
    try:
        assert framer.feed(b"\xbf\xff\xff\xff\xff\x3f") == []
        assert framer.feed(b"few bytes") == []
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 10_000
    assert framer.pending == 15


@given(st.binary(max_size=200))
def test_a_datagram_gives_back_the_payload_put_into_it(payload: bytes) -> None:
    assert mesh_frame(payload) == b"\xbf\x01\xbf" + payload
    assert mesh_payload(mesh_frame(payload)) == payload


def test_a_version_written_in_more_bytes_than_needed_is_still_that_version() -> None:
    assert mesh_payload(b"\xbf\x81\x00\xbfabc") == b"abc"


@pytest.mark.parametrize(
    "datagram", [b"", b"<event/>", b"<?xml version='1.0'?><event/>", b"\x00\xbf\x01\xbf"]
)
def test_a_datagram_without_the_magic_byte_is_no_tak_protocol(datagram: bytes) -> None:
    assert mesh_payload(datagram) is None


@pytest.mark.parametrize(
    ("datagram", "message"),
    [
        (b"\xbf\x02\xbfabc", "version 2 of TAK protocol at byte 1 of the datagram; only 1 is spoken"),
        (b"\xbf\x00\xbfabc", "version 0 of TAK protocol"),
        (b"\xbf\x01", "cut off or too long at byte 2"),
        (b"\xbf", "cut off or too long at byte 1"),
        (b"\xbf\x80\x80\x80\x80\x80\x01\xbf", "cut off or too long at byte 6"),
        (b"\xbf\x01abc", "0x61 instead of 0xbf at byte 2 of the datagram"),
    ],
)
def test_a_datagram_with_a_broken_or_newer_header_is_refused(datagram: bytes, message: str) -> None:
    with pytest.raises(Malformed, match=message):
        mesh_payload(datagram)

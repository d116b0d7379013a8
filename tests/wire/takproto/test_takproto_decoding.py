import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fuzz.fuzz_takproto import seeds
from vallum.wire.takproto import Malformed, Message, decode
from vallum.wire.takproto.schema import TakMessage

NAN = struct.pack("<d", float("nan"))
PAYLOADS = list(seeds())[::3]
INFINITE = struct.pack("<d", float("-inf"))


def sized(number: int, body: bytes) -> bytes:
    """A field of fewer than 16384 bytes, with its length always in two bytes."""
    return bytes([number << 3 | 2, len(body) & 0x7F | 0x80, len(body) >> 7]) + body


def double(number: int, value: bytes) -> bytes:
    return bytes([number << 3 | 1]) + value


def event(body: bytes) -> bytes:
    return sized(2, body)


# The position of a patrol, byte by byte: tag = field number << 3 | wire type (0 varint, 1 eight bytes, 2 sized).
BY_HAND = b"".join(
    [
        b"\x0a\x06",  # field 1 takControl, 6 bytes
        b"\x08\x01",  # .1 minProtoVersion = 1
        b"\x10\x01",  # .2 maxProtoVersion = 1
        b"\x1a\x00",  # .3 contactUid = ""
        b"\x12\x87\x01",  # field 2 cotEvent, 7 + 1 * 128 = 135 bytes
        b"\x0a\x05a-f-G",  # .1 type: 7 bytes
        b"\x2a\x02P1",  # .5 uid: 4
        b"\x30\xbd\xad\x96\x8b\xa1\x34",  # .6 sendTime = 1795588200125, seven bits a byte, least first: 7
        b"\x38\xbd\xad\x96\x8b\xa1\x34",  # .7 startTime: 7
        b"\x40\x9d\x82\x9a\x8b\xa1\x34",  # .8 staleTime, 60 s later: 7
        b"\x4a\x03m-g",  # .9 how: 5
        b"\x51" + bytes.fromhex("0000000000804c40"),  # .10 lat = 57.0, IEEE 754 least byte first: 9
        b"\x59" + bytes.fromhex("0000000000003840"),  # .11 lon = 24.0: 9
        b"\x61" + bytes.fromhex("0000000000002440"),  # .12 hae = 10.0: 9
        b"\x69" + bytes.fromhex("000000e0cf126341"),  # .13 ce = 9999999.0: 9
        b"\x71" + bytes.fromhex("000000e0cf126341"),  # .14 le = 9999999.0: 9
        b"\x7a\x26",  # .15 detail, 38 bytes: 40
        b"\x0a\x10<archive x='1'/>",  # .15.1 xmlDetail: 18
        b"\x12\x04\x12\x02R2",  # .15.2 contact{.2 callsign}: 6
        b"\x2a\x02\x08\x57",  # .15.5 status{.1 battery = 87}: 4
        b"\x3a\x00",  # .15.7 track, empty: 2
        b"\x32\x06\x1a\x0412.1",  # .15.6 takv{.3 os}: 8
        b"\x82\x01\x01R",  # .16 caveat, a tag of two bytes: 4
        b"\x8a\x01\x01L",  # .17 releaseableTo: 4
        b"\x8a\x01\x02LV",  # .17 once more, the last one counts: 5
    ]
)


def test_a_message_written_by_hand_byte_by_byte_is_read() -> None:
    assert decode(BY_HAND) == Message(
        has_event=True,
        type="a-f-G",
        uid="P1",
        how="m-g",
        time=1795588200125,
        start=1795588200125,
        stale=1795588260125,
        lat=57.0,
        lon=24.0,
        hae=10.0,
        caveat="R",
        releasable_to="LV",
        detail_xml="<archive x='1'/>",
        typed={
            "contact": {"callsign": "R2"},
            "status": {"battery": "87"},
            "takv": {"os": "12.1"},
            "track": {"speed": "0.0", "course": "0.0"},
        },
        contact_uid="",
        min_version=1,
        max_version=1,
    )


def test_no_bytes_are_a_message_without_an_event() -> None:
    message = decode(b"")
    assert not message.has_event
    assert message.contact_uid is None
    assert message.min_version is None
    assert message.max_version is None


def test_a_control_message_has_versions_and_no_event() -> None:
    message = decode(b"\x0a\x08\x08\x01\x10\x02\x1a\x02P1")
    assert (message.min_version, message.max_version, message.contact_uid) == (1, 2, "P1")
    assert not message.has_event


def test_fields_of_newer_versions_and_of_other_wire_types_are_passed_over() -> None:
    unknown = b"\xba\x3e\x03new" + b"\xbd\x3e1234" + b"\xbb\x3e\x08\x01\xbc\x3e"
    other_type = b"\x28\x07"  # uid as a number
    message = decode(unknown + event(b"\x2a\x02P1" + other_type + unknown) + unknown)
    assert message.uid == "P1"


def test_submission_and_creation_time_of_a_server_are_passed_over() -> None:
    assert decode(b"\x18\x01\x20\x02" + event(b"\x2a\x02P1")).uid == "P1"


def test_an_event_without_detail_is_told_from_one_with_an_empty_detail() -> None:
    assert decode(event(b"")).detail_xml is None
    assert decode(event(b"\x7a\x00")).detail_xml == ""


@pytest.mark.parametrize(
    ("payload", "message"),
    [
        (b"\x0a", "a number is cut off at byte 1"),
        (b"\x80", "a number is cut off at byte 0"),
        (b"\x18" + b"\x80" * 11, "a number is longer than 10 bytes at byte 1"),
        (b"\x12\x05\x0a", "5 bytes announced where 1 are left at byte 2"),
        (event(b"\x0a\x7fabc"), "127 bytes announced where 3 are left at byte 5"),
        (event(b"\x51123"), "8 bytes announced where 3 are left at byte 4"),
        (b"\x02\x00", "no field has the number 0 at byte 0"),
        (b"\xff\xff\xff\xff\xff\x01", "no field has the number .* at byte 0"),
        (b"\x0f", "wire type 7 does not exist at byte 0"),
        (event(b"\x0e"), "wire type 6 does not exist at byte 3"),
        (b"\x0c", "a group ends that did not begin at byte 0"),
        (b"\xbb\x3e\x08\x01", "a group is cut off at byte 4"),
        (event(b"\x2a\x03ab\xff"), "cotEvent.uid is no UTF-8 at byte 7"),
        (event(sized(15, sized(1, b"<a>\xc3</a>"))), "cotEvent.detail.xmlDetail is no UTF-8 at byte 12"),
        (event(sized(15, sized(2, sized(2, b"\xed\xa0\x80")))), "callsign is no UTF-8 at byte 12"),
        (b"\x0a\x03\x1a\x01\xff", "takControl.contactUid is no UTF-8 at byte 4"),
    ],
)
def test_a_broken_payload_is_refused_with_the_byte(payload: bytes, message: str) -> None:
    with pytest.raises(Malformed, match=message):
        decode(payload)


def test_the_search_for_the_byte_ends_before_it_costs_more_than_the_message() -> None:
    tiny = b"\x18\x01" * 400_000
    with pytest.raises(Malformed, match="broken at byte 3998 or later"):
        decode(tiny + b"\x0a")
    with pytest.raises(Malformed, match="lat is no finite number at byte 0"):
        decode(tiny + event(double(10, NAN)))


def test_groups_deeper_than_the_parser_goes_are_refused() -> None:
    with pytest.raises(Malformed, match="no TAK message; it is broken at byte"):
        decode(b"\xbb\x3e" * 200 + b"\xbc\x3e" * 200)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"\x30\x80\xb8\xff\x90\xfd\xce\x39", "sendTime after the year 9999 at byte 7"),
        (b"\x40" + b"\xff" * 9 + b"\x01", "staleTime after the year 9999 at byte 7"),
        (double(10, NAN), "lat is no finite number at byte 7"),
        (double(11, INFINITE), "lon is no finite number at byte 7"),
    ],
)
def test_what_no_event_could_say_is_refused_with_the_byte(body: bytes, message: str) -> None:
    with pytest.raises(Malformed, match=message):
        decode(event(b"\x2a\x02P1" + body))


def test_the_last_instant_of_the_year_9999_passes() -> None:
    assert decode(event(b"\x30\xff\xb7\xff\x90\xfd\xce\x39")).time == 253402300799999


def test_a_height_an_error_a_speed_that_is_no_number_counts_as_unknown() -> None:
    track = sized(15, sized(7, double(1, NAN) + double(2, struct.pack("<d", 90.0))))
    message = decode(event(double(12, NAN) + double(13, INFINITE) + double(14, NAN) + track))
    assert (message.hae, message.ce, message.le) == (9999999.0, 9999999.0, 9999999.0)
    assert message.typed == {"track": {"course": "90.0"}}


@given(st.data())
def test_a_payload_cut_anywhere_is_a_shorter_message_or_malformed(data: st.DataObject) -> None:
    payload = data.draw(st.sampled_from(PAYLOADS))
    cut = data.draw(st.integers(1, len(payload) - 1))
    with pytest.raises(Malformed, match="at byte"):
        decode(payload[:cut])


@given(st.binary(max_size=60), st.booleans())
def test_every_refusal_of_the_parser_is_explained_with_a_byte(data: bytes, inside: bool) -> None:
    payload = event(data) if inside else data
    try:
        decode(payload)
    except Malformed as fault:
        assert "at byte" in str(fault)


def test_the_messages_live_beside_another_package_that_declares_them() -> None:
    takproto = pytest.importorskip("takproto.proto")
    assert takproto.TakMessage.DESCRIPTOR.file.pool is not TakMessage.DESCRIPTOR.file.pool

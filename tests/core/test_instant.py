"""Times as Cursor on Target writes them, against Python's own reader."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vallum.core import instant
from vallum.core.errors import BadInput

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MOMENTS = st.datetimes(timezones=st.just(UTC))
OFFSETS = st.integers(-24 * 60 + 1, 24 * 60 - 1)


def milliseconds(moment: datetime) -> int:
    return (moment - EPOCH) // timedelta(milliseconds=1)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1970-01-01T00:00:00Z", 0),
        ("1970-01-01T00:00:01.5Z", 1_500),
        ("2026-11-25T06:30:00.125Z", 1_795_588_200_125),
        ("2026-11-25T06:30:00.1259Z", 1_795_588_200_125),
        ("2026-11-25T06:30:00.123456Z", 1_795_588_200_123),
        ("2026-11-25T06:30:00.123456789Z", 1_795_588_200_123),
        ("2026-11-25T06:30:00", 1_795_588_200_000),
        ("2026-11-25T08:30:00+02:00", 1_795_588_200_000),
        ("2026-11-25T08:30:00+0200", 1_795_588_200_000),
        ("2026-11-25 06:30:00,125z", 1_795_588_200_125),
        ("2026-11-25t01:00:00-05:30", 1_795_588_200_000),
        ("2016-12-31T23:59:60Z", 1_483_228_799_000),
        ("1969-12-31T23:59:59.999Z", -1),
        ("0001-01-01T00:00:00Z", -62_135_596_800_000),
        ("9999-12-31T23:59:59.999Z", 253_402_300_799_999),
    ],
)
def test_times_of_all_spellings(text: str, expected: int) -> None:
    assert instant.parse(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "now",
        "2026-11-25",
        "2026-11-25T06:30Z",
        "2026-11-25T06:30:61Z",
        "2026-11-25T06:30:75.000Z",
        "2026-11-25T24:30:00.000Z",
        "2026-13-25T06:30:00.000Z",
        "2026-02-30T06:30:00Z",
        "2026-11-25T06:30:00.Z",
        "2026-11-25T06:30:00.1234567890Z",
        "2026-W48-3T06:30:00.125Z",
        "20261125T063000.12345678Z",
        "2026-11-25x06:30:00.125Z",
        "2026-11-25T06:30:00.12xZ",
        "2026-11-25T06:30:00+24:00",
        "2026-11-25T06:30:00+05:99",
        "0000-01-01T00:00:00Z",
        "２026-11-25T06:30:00Z",
        " 2026-11-25T06:30:00Z",
        "2026-11-25T06:30:00Z\n",
        "T" * 10_000,
    ],
)
def test_what_is_no_time_is_refused_without_repeating_it_all(text: str) -> None:
    with pytest.raises(ValueError, match=r".") as refused:
        instant.parse(text)
    assert len(str(refused.value)) < 120


@given(MOMENTS, st.integers(0, 9), OFFSETS, st.sampled_from(["Z", "+02:00", "+0200", ""]))
def test_every_spelling_of_a_moment_is_read_like_python_reads_it(
    moment: datetime, digits: int, offset: int, style: str
) -> None:
    zone, suffix = UTC, style
    if style.startswith("+"):
        zone = timezone(timedelta(minutes=offset))
        sign, size = "-" if offset < 0 else "+", abs(offset)
        suffix = f"{sign}{size // 60:02d}{':' if ':' in style else ''}{size % 60:02d}"
    fraction = f"{moment.microsecond:06d}000"[:digits]
    text = f"{moment.replace(tzinfo=None).isoformat()[:19]}{'.' if digits else ''}{fraction}{suffix}"
    expected = moment.replace(microsecond=int(fraction.ljust(6, "0")[:6]), tzinfo=zone)
    assert instant.parse(text) == milliseconds(expected)


@given(
    st.integers(
        milliseconds(datetime.min.replace(tzinfo=UTC)), milliseconds(datetime.max.replace(tzinfo=UTC))
    )
)
def test_what_is_written_is_read_back(moment: int) -> None:
    text = instant.write(moment)
    assert len(text) == len("2026-11-25T06:30:00.125Z")
    assert instant.parse(text) == moment


@pytest.mark.parametrize("moment", [1 << 62, -(1 << 62), 253_402_300_800_000])
def test_an_instant_outside_the_calendar_cannot_be_written(moment: int) -> None:
    with pytest.raises(ValueError, match="years 1 to 9999"):
        instant.write(moment)


def test_a_user_may_type_a_date_alone() -> None:
    assert instant.of_user("2026-11-25", "--since") == instant.parse("2026-11-25T00:00:00Z")
    assert instant.of_user("2026-11-25T06:30:00Z", "--since") == 1_795_588_200_000


@pytest.mark.parametrize("text", ["yesterday", "2026-11-31", "2026-11-25T99:00:00Z"])
def test_a_time_that_a_user_typed_wrongly_is_explained(text: str) -> None:
    with pytest.raises(BadInput) as refused:
        instant.of_user(text, "--since")
    assert refused.value.where == "--since"
    assert repr(text) in refused.value.message
    assert "2026-11-25T06:30:00Z" in refused.value.remedy

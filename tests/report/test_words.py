"""Numbers and lists as words."""

import math

import pytest

from vallum.report import words


@pytest.mark.parametrize(
    ("value", "digits", "text"),
    [
        (1234.5, 0, "1,234"),
        (-3, 1, "−3.0"),
        (-0.01, 1, "0.0"),
        (None, 0, "–"),
        (math.nan, 0, "–"),
        (math.inf, 2, "–"),
    ],
)
def test_number(value: float | None, digits: int, text: str) -> None:
    assert words.number(value, digits) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (7.0, "7"),
        (1240.4, "1,240"),
        (42.26, "42.3"),
        (3.251, "3.25"),
        (0.0741, "0.074"),
        (0.00512, "0.0051"),
        (-2e-5, "−2.0e−05"),
    ],
)
def test_compact(value: float, text: str) -> None:
    assert words.compact(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1240.4, "EUR 1,240m"),
        (12_400, "EUR 12.4bn"),
        (3.14, "EUR 3.1m"),
        (-120, "EUR −120m"),
        (9_999.7, "EUR 10.0bn"),
        (None, "–"),
    ],
)
def test_money(value: float | None, text: str) -> None:
    assert words.money(value).replace(words.NBSP, " ") == text


def test_percent_never_hides_what_is_there() -> None:
    assert [words.percent(s) for s in (0.0, 0.001, 0.25, 1.0, None)] == ["0%", "<1%", "25%", "100%", "–"]


def test_year_ranges() -> None:
    assert words.year_ranges([2029, 2027, 2028, 2031, 2031]) == "2027 to 2029, 2031"
    assert words.year_ranges([]) == ""


def test_joined_reads_like_a_sentence() -> None:
    assert [words.joined(s) for s in ([], ["A"], ["A", "B"], ["A", "B", "C"])] == [
        "",
        "A",
        "A and B",
        "A, B and C",
    ]


def test_an_interval_may_have_an_unknown_end() -> None:
    assert words.interval([1.5, 2.5], "gap-years") == "1.50 to 2.50"
    assert words.interval([None, 2.5], "gap-years") == "at most 2.50"
    assert words.interval([1.5, None], "gap-years") == "at least 1.50"
    assert words.interval(None) == "–"


def test_signed_has_no_sign_for_zero() -> None:
    assert [words.signed(v) for v in (5, -5, 0.2, -0.2)] == ["+5", "−5", "0", "0"]


@pytest.mark.parametrize(
    ("name", "short"),
    [
        ("Upper-tier (ballistic missile) defence", "Upper-tier defence"),
        ("Protected carriers (6x6, heavy 4x4)", "Protected carriers"),
        ("Command posts, radios and shared-picture gateways", "Command posts, radios and…"),
        ("(all)", "(all)"),
        ("odd (bracket", "odd (bracket"),
    ],
)
def test_short_name(name: str, short: str) -> None:
    assert words.short_name(name) == short

"""How long an event counts: worked examples, in seconds."""

import pytest

from tests.hub.made_links import NOW, make
from vallum.picture.stale import ClockSkew

SECOND, HOUR, DAY = 1_000, 3_600_000, 86_400_000
SKEW = ClockSkew(tolerance=30 * SECOND, longest=2 * DAY, alert=HOUR)


@pytest.mark.parametrize(
    ("cot_type", "ahead", "lasts", "expected"),
    [
        # A clock that agrees: stale as stated.
        ("a-f-G", 0, 75 * SECOND, 75 * SECOND),
        ("a-f-G", -20 * SECOND, 75 * SECOND, 55 * SECOND),
        ("a-f-G", 30 * SECOND, 75 * SECOND, 105 * SECOND),
        ("a-f-G", -30 * SECOND, 10 * SECOND, 0),
        ("a-f-G", 0, -5 * SECOND, 0),
        ("a-f-G", 0, 365 * DAY, 2 * DAY),
        # A clock that does not: its lifetime counts from the receipt.
        ("a-f-G", -HOUR, 75 * SECOND, 75 * SECOND),
        ("a-f-G", HOUR, 75 * SECOND, 75 * SECOND),
        ("a-f-G", -31 * SECOND, 75 * SECOND, 75 * SECOND),
        ("a-f-G", DAY, 365 * DAY, 2 * DAY),
        ("a-f-G", DAY, -5 * SECOND, 0),
        # An emergency lasts at least an hour, and not for ever.
        ("b-a-o-tbl", 0, 75 * SECOND, HOUR),
        ("b-a-o-tbl", 0, 3 * HOUR, 3 * HOUR),
        ("b-a-o-tbl", -DAY, 75 * SECOND, HOUR),
        ("b-a-o-tbl", 0, 365 * DAY, 2 * DAY),
        ("b-a-o-tbl", 365 * DAY, 365 * DAY, 2 * DAY),
    ],
)
def test_when_an_event_is_stale_by_the_hubs_clock(
    cot_type: str, ahead: int, lasts: int, expected: int
) -> None:
    event = make("u", cot_type, time=NOW + ahead, stale_ms=lasts)
    assert SKEW.expires(event, NOW) - NOW == expected


@pytest.mark.parametrize(
    ("ahead", "expected"), [(0, False), (30_000, False), (30_001, True), (-30_001, True)]
)
def test_which_clocks_disagree(ahead: int, expected: bool) -> None:
    assert SKEW.skewed(make("u", time=NOW + ahead), NOW) is expected


def test_an_alert_that_may_not_last_as_long_as_states_may_still_lasts_its_least() -> None:
    short = ClockSkew(longest=SECOND, alert=HOUR)
    assert short.expires(make("u", "b-a-o-tbl"), NOW) == NOW + HOUR

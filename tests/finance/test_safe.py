"""SAFE loans: the schedule by hand and for any loan, and what a loan is worth."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.finance.helpers import constant, level
from vallum.model.finance.fan import covariance
from vallum.model.finance.problem import Loans, Problem
from vallum.model.finance.safe import gain, loan_schedule, schedule

FEW = settings(max_examples=60, deadline=None, derandomize=True)


def test_a_loan_by_hand() -> None:
    """Draws of 60 in 2026 and 30 in 2027 at 2 %, two years of grace, five in all: thirds from year 3 to 5."""
    found = schedule(np.array([[60.0, 30.0]]), 2026, np.array([2]), np.array([5]), np.array([2.0]))
    assert found.years.tolist() == list(range(2026, 2033))
    np.testing.assert_allclose(found.principal[0], [0, 0, 0, 20, 30, 30, 10])
    np.testing.assert_allclose(found.balance[0], [60, 90, 90, 70, 40, 10, 0], atol=1e-12)
    np.testing.assert_allclose(found.interest[0], [0, 1.2, 1.8, 1.8, 1.4, 0.8, 0.2])


@FEW
@given(
    draws=st.lists(st.floats(0.0, 1000.0), min_size=1, max_size=6),
    grace=st.integers(0, 10),
    parts=st.integers(1, 35),
    rate=st.floats(0.0, 8.0),
)
def test_any_loan(draws: list[float], grace: int, parts: int, rate: float) -> None:
    found = schedule(np.array([draws]), 2026, np.array([grace]), np.array([grace + parts]), np.array([rate]))
    total = sum(draws)
    assert found.principal.sum() == pytest.approx(total, abs=1e-6)
    assert found.balance[0, -1] == pytest.approx(0.0, abs=1e-6)
    assert (found.balance > -1e-6).all()
    first = next((y for y, draw in enumerate(draws) if draw > 0.0), 0)
    assert (found.principal[0, : first + grace + 1] == 0.0).all()
    before = np.concatenate([[0.0], found.balance[0, :-1]])
    np.testing.assert_allclose(found.interest[0], rate / 100 * before)


def test_the_members_loans_are_repaid(baltic: Problem) -> None:
    found = loan_schedule(baltic)
    np.testing.assert_allclose(found.principal.sum(axis=1), baltic.loans.draws.sum(axis=1))
    np.testing.assert_allclose(found.balance[:, -1], 0.0, atol=1e-9)


def one_loan(baltic: Problem, national: float) -> Problem:
    """A hundred drawn in 2025 at 2 %, a year of grace, repaid in 2027 and 2028; own bonds cost `national`."""
    one = constant(baltic, length=5)
    draws = np.array([[0.0, 100.0, 0.0, 0.0, 0.0]])
    numbers = {name: np.array([2.0]) for name in ("rate", "rate_low", "rate_high")}
    numbers |= {name: np.array([national]) for name in ("national", "national_low", "national_high")}
    loans: Loans = replace(
        one.loans, draws=draws, delivered=draws, grace=np.array([1]), maturity=np.array([3]), **numbers
    )
    return replace(one, loans=loans, rate_long=level(national))


@pytest.mark.parametrize(("national", "points"), [(3.0, 1.0), (1.5, -0.5)])
def test_what_a_loan_is_worth(baltic: Problem, national: float, points: float) -> None:
    """Outstanding 100, 100, 50 before 2026, 2027, 2028: each point of difference saves 1, 1, 0.5.

    Columns run from the base year 2024; the present value is of the forecast year, 2025.
    """
    found = gain(one_loan(baltic, national), paths=200)
    expected = points * np.array([0, 0, 1, 1, 0.5, 0, 0, 0])
    np.testing.assert_allclose(found.yearly[0], expected, atol=1e-12)
    # No bond falls due within three years, while the loan asks for its two repayments.
    np.testing.assert_allclose(found.relief[0], [0, 0, 0, -50, -50, 0, 0, 0], atol=1e-12)
    worth = sum(value * 1.02 ** -(t - 1) for t, value in enumerate(expected))
    assert found.present[0] == pytest.approx(worth)
    assert found.present_dear[0] == pytest.approx(worth)
    assert found.present_cheap[0] == pytest.approx(worth)
    # The bond of a forecast year has a known rate, and no other is issued.
    assert found.present_low[0] == pytest.approx(worth)
    assert found.present_high[0] == pytest.approx(worth)


def test_chance_of_own_bonds_by_hand(baltic: Problem) -> None:
    """A hundred from 2025 to 2046 is renewed in 2035 and 2045: ten years of shocks each, none in common."""
    one = one_loan(baltic, 2.0)
    one = replace(one, loans=replace(one.loans, grace=np.array([20]), maturity=np.array([21])))
    found = gain(one, paths=40_000)
    costs = sum(1.02**-age for age in range(11, 21)), 1.02**-21
    deviation = np.sqrt(10 * 4 * covariance(one, 0)[1, 1] * sum(cost**2 for cost in costs))
    assert found.present[0] == pytest.approx(0.0, abs=1e-9)
    assert found.present_high[0] == pytest.approx(1.2816 * deviation, rel=0.03)
    assert found.present_low[0] == pytest.approx(-1.2816 * deviation, rel=0.03)


def test_rates_at_the_ends_of_their_ranges(baltic: Problem) -> None:
    found = gain(baltic, paths=200)
    assert (found.present_dear <= found.present).all()
    assert (found.present <= found.present_cheap).all()
    assert (found.present_low <= found.present_high).all()

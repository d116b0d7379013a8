"""S1 and S2 in closed form, and by rolling debt forward with them."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.finance.helpers import baltic_problem, constant, plain
from vallum.model.finance.indicators import indicators
from vallum.model.finance.problem import Problem
from vallum.model.finance.projection import project
from vallum.model.finance.scenarios import POLICIES, paths

MANY = settings(max_examples=30, deadline=None, derandomize=True)


@MANY
@given(
    debt=st.floats(50.0, 150.0),
    rate=st.floats(2.5, 6.0),
    growth=st.floats(0.0, 2.0),
    spb=st.floats(-4.0, 3.0),
)
def test_closed_forms(debt: float, rate: float, growth: float, spb: float) -> None:
    """With all years alike S2 = d (r - n) / (1 + n) - p, and S1 adds what the target takes."""
    baltic = baltic_problem()
    one = constant(baltic, length=8, debt=debt, rate=rate, growth=growth, deflator=0.0, spb=spb)
    found = project(one, plain(one))
    answer = indicators(one, found, target_year=2070)
    start = found.debt[0, 1]
    x = (1 + growth / 100) / (1 + rate / 100)
    years = 2070 - 2025
    total = sum(x**k for k in range(1, years + 1))
    assert answer.s2[0] == pytest.approx(start * (1 / x - 1) - spb, abs=1e-9)
    assert answer.s1[0] == pytest.approx((start - 60 * x**years) / total - spb, abs=1e-9)


def test_no_constraint_where_growth_outruns_interest(baltic: Problem) -> None:
    one = constant(baltic, length=8, rate=2.0, deflator=3.0)
    answer = indicators(one, project(one, plain(one)))
    assert np.isnan(answer.s2[0])
    assert np.isfinite(answer.s1[0])


def test_unknown_where_debt_is_paid_off(baltic: Problem) -> None:
    one = constant(baltic, length=8, debt=5.0, spb=2.0)
    answer = indicators(one, project(one, plain(one)))
    assert np.isnan([answer.s1[0], answer.s2[0]]).all()


@pytest.mark.parametrize("policy", ["with_ageing", "plan", "five"])
def test_debt_reaches_the_target(baltic: Problem, policy: str) -> None:
    """Debt rolled forward year by year with S1 on top is 60 % in 2070."""
    found = project(baltic, paths(baltic, POLICIES[policy]))
    answer = indicators(baltic, found)
    last = baltic.years.size - 1
    for i in range(len(baltic.states)):
        debt, m, w = found.debt[i, baltic.forecasts], baltic.maturing[i, -1], baltic.short_share[i]
        short = baltic.rate_short.at(np.arange(2024, 2071))[i]
        long = baltic.rate_long.at(np.arange(2024, 2071))[i]
        inflation = baltic.deflators.at(np.arange(2024, 2071))[i]
        mean = (found.implicit[i, -1] - w * short[last]) / (1 - w)
        for t in range(baltic.forecasts + 1, 2071 - 2024):
            if t <= last:
                r, n = found.implicit[i, t], found.nominal_growth[i, t]
                p = found.primary[i, t] - found.stock_flow[i, t]
            else:
                mean = m * long[t] + (1 - m) * mean
                r = w * short[t] + (1 - w) * mean
                n = 100 * ((1 + found.real_growth[i, last] / 100) * (1 + inflation[t] / 100) - 1)
                p = found.primary[i, last]
            debt = debt * (1 + r / 100) / (1 + n / 100) - p - answer.s1[i]
        assert debt == pytest.approx(60.0, abs=1e-8)


def test_a_better_balance_needs_less(baltic: Problem) -> None:
    before = paths(baltic, POLICIES["plan"])
    better = replace(before, spb=before.spb + (np.arange(baltic.years.size) > baltic.forecasts))
    here, there = (indicators(baltic, project(baltic, one)) for one in (before, better))
    # One point better in every year: one point less, for ever.
    np.testing.assert_allclose(here.s1 - there.s1, 1.0, atol=0.05)
    known = ~np.isnan(here.s2)
    np.testing.assert_allclose((here.s2 - there.s2)[known], 1.0, atol=0.05)

"""The projection against numbers from paper, from the official forecast, and against what must hold."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.finance.helpers import baltic_problem, cases, constant, plain
from vallum.model.finance.problem import Problem, ageing_effect
from vallum.model.finance.projection import Paths, Projection, project
from vallum.model.finance.scenarios import POLICIES, paths
from vallum.region import Region

MANY = settings(max_examples=40, deadline=None, derandomize=True)


def test_three_years_on_paper(baltic: Problem) -> None:
    """GDP 1,000, 1,100, 1,210. Debt 500 at 4 %, a balance before interest of -1 % of GDP.

    2025: interest 20, deficit before interest 11: debt 531. A tenth of 500 falls due: need 20 + 50 + 11 = 81.
    2026: interest 21.24, deficit before interest 12.1: debt 564.34. Need 21.24 + 53.1 + 12.1 = 86.44.
    """
    one = constant(baltic)
    found = project(one, plain(one))
    np.testing.assert_allclose(found.gdp[0], [1000, 1100, 1210])
    np.testing.assert_allclose(found.debt[0], [50, 53100 / 1100, 56434 / 1210])
    np.testing.assert_allclose(found.interest[0, 1:], [2000 / 1100, 2124 / 1210])
    np.testing.assert_allclose(found.balance[0, 1:], [-3100 / 1100, -3334 / 1210])
    np.testing.assert_allclose(found.financing[0, 1:], [8100 / 1100, 8644 / 1210])
    np.testing.assert_allclose(found.implicit[0, 1:], [4, 4])
    assert np.isnan(found.balance[0, 0])


def test_a_loan_on_paper(baltic: Problem) -> None:
    """As before, with 100 drawn in 2025 at 2 % and delivered in 2026, when 50 is repaid.

    2025: the draw raises debt but not the deficit: 531 + 100 = 631, of which 531 is own debt.
    2026: interest 4 % of 531 and 2 % of 100: 23.24. Deficit before interest 12.1 + 100. The draw is used up:
    debt 631 + 23.24 + 112.1 - 100 = 666.34, of which 50 loan. Need 23.24 + 53.1 + 50 + 112.1 - 100 = 138.44.
    """
    one = constant(baltic)
    given_paths = plain(
        one,
        spb=np.array([[-1.0, -1.0, -1.0 - 10000 / 1210]]),
        stock_flow=np.array([[0.0, 100.0, -100.0]]),
        draws=np.array([[0.0, 100.0, 0.0]]),
        principal=np.array([[0.0, 0.0, 50.0]]),
        loan_rate=np.array([2.0]),
    )
    found = project(one, given_paths)
    np.testing.assert_allclose(found.debt[0], [50, 63100 / 1100, 66634 / 1210])
    np.testing.assert_allclose(found.balance[0, 1:], [-3100 / 1100, -13534 / 1210])
    np.testing.assert_allclose(found.financing[0, 1:], [18100 / 1100, 13844 / 1210])
    np.testing.assert_allclose(found.loan[0], [0, 100, 50])
    np.testing.assert_allclose(found.stock_flow[0, 1:], [10000 / 1100, -10000 / 1210])


def test_demand_that_is_taken_away(baltic: Problem) -> None:
    """Impulses of 0.9 in one year: output is 0.9, 0.6, 0.3 and 0 % lower in the four years from it on."""
    one = constant(baltic, length=6)
    found = project(one, plain(one, impulse=np.array([[0.0, 0.9, 0.0, 0.0, 0.0, 0.0]])))
    np.testing.assert_allclose(found.gap[0], [0, -0.9, -0.6, -0.3, 0, 0], atol=1e-15)
    np.testing.assert_allclose(found.primary[0], -1.0 + 0.4 * found.gap[0])
    np.testing.assert_allclose(found.gdp[0, 4:], 1000 * 1.1 ** np.array([4, 5]))


def test_the_commissions_closure(baltic: Problem) -> None:
    """Two years of 0.9: gaps 0.9, then 2/3 of that and 0.9 more, and thirds of the last until it is closed."""
    one = constant(baltic, length=7)
    impulse = np.array([[0.0, 0.9, 0.9, 0.0, 0.0, 0.0, 0.0]])
    found = project(one, plain(one, impulse=impulse, closure="commission", adjustment=(1, 2)))
    np.testing.assert_allclose(found.gap[0], [0, -0.9, -1.5, -1.0, -0.5, 0, 0], atol=1e-12)


def test_published_debt_and_balance(baltic: Problem) -> None:
    """Debt to 0.001 points; what equation (6) leaves of the primary balance is a one-off of its year."""
    known = slice(1, baltic.forecasts + 1)
    rows = Region.read("baltic").tables["fiscal_inputs"].sort("state", "year")

    def published(column: str) -> np.ndarray:
        return rows[column].to_numpy().reshape(len(baltic.states), -1)[:, known]

    assert rows["state"].unique(maintain_order=True).to_list() == list(baltic.states)
    found = project(baltic, paths(baltic, POLICIES["no_policy_change"]))
    np.testing.assert_allclose(found.debt[:, known], published("debt_pct_gdp"), rtol=0, atol=1e-3)
    np.testing.assert_allclose(found.primary[:, known], published("primary_balance_pct_gdp"), atol=1e-9)
    np.testing.assert_allclose(found.balance[:, known], published("balance_pct_gdp"), rtol=0, atol=0.05)
    assert not baltic.one_off[:, baltic.forecasts + 1 :].any()


def assert_accounts(found: Projection) -> None:
    debt, before = found.debt[:, 1:], found.debt[:, :-1]
    rest = (
        debt
        - before / (1 + found.nominal_growth[:, 1:] / 100)
        + found.balance[:, 1:]
        - found.stock_flow[:, 1:]
    )
    open_ = debt > 0.0  # a floor of debt at nought breaks the account
    assert np.abs(rest[open_]).max(initial=0.0) < 1e-9
    paid = found.implicit[:, 1:] / 100 * before / (1 + found.nominal_growth[:, 1:] / 100)
    np.testing.assert_allclose(paid, found.interest[:, 1:], atol=1e-9)


@pytest.mark.parametrize("policy", POLICIES)
def test_the_account_of_debt(baltic: Problem, policy: str) -> None:
    assert_accounts(project(baltic, paths(baltic, POLICIES[policy])))


@MANY
@given(data=st.data())
def test_the_account_of_any_small_problem(data: st.DataObject) -> None:
    baltic = baltic_problem()
    assert_accounts(project(*data.draw(cases(baltic))))


@MANY
@given(policy=st.sampled_from(sorted(POLICIES)), cut=st.floats(0.01, 3.0), year=st.integers(1, 16))
def test_a_lower_balance_means_more_debt(policy: str, cut: float, year: int) -> None:
    baltic = baltic_problem()
    before = paths(baltic, POLICIES[policy])
    less = before.spb - cut * (np.arange(baltic.years.size) >= year)
    here, there = project(baltic, before).debt, project(baltic, replace(before, spb=less)).debt
    assert (there[:, year:] > here[:, year:]).all()
    assert (there[:, :year] == here[:, :year]).all()


@MANY
@given(policy=st.sampled_from(sorted(POLICIES)), rise=st.floats(0.01, 3.0))
def test_higher_rates_mean_more_debt(policy: str, rise: float) -> None:
    baltic = baltic_problem()
    before = paths(baltic, POLICIES[policy])
    dearer = replace(before, rate_short=before.rate_short + rise, rate_long=before.rate_long + rise)
    here, there = project(baltic, before).debt, project(baltic, dearer).debt
    # The implicit rate of the forecast years is given; in them only its split moves.
    first = baltic.forecasts + 1
    np.testing.assert_allclose(there[:, :first], here[:, :first], rtol=1e-12)
    # New long debt of the last forecast year is priced from the year after on.
    assert (there[:, first + 1 :] > here[:, first + 1 :]).all()


@MANY
@given(policy=st.sampled_from(sorted(POLICIES)), rise=st.floats(0.01, 3.0))
def test_more_growth_means_less_debt(policy: str, rise: float) -> None:
    baltic = baltic_problem()
    before: Paths = paths(baltic, POLICIES[policy])
    after = np.arange(baltic.years.size) > baltic.forecasts
    here = project(baltic, before).debt
    there = project(baltic, replace(before, growth=before.growth + rise * after)).debt
    first = baltic.forecasts + 1
    assert (there[:, first:] < here[:, first:]).all()


def test_ageing_counts_from_its_start_and_stops() -> None:
    cost = np.array([[10.0, 11.0, 13.0, 16.0, 20.0]])
    np.testing.assert_array_equal(ageing_effect(cost, 1, 2), [[0, 0, -2, -5, -5]])
    np.testing.assert_array_equal(ageing_effect(cost, 2, 10), [[0, 0, 0, -3, -7]])

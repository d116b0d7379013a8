"""Net expenditure, its ceiling, the control account and the escape clause."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from tests.finance.helpers import constant
from vallum.core.errors import BadInput
from vallum.model.finance.ceiling import (
    CLAUSE,
    INSIDE,
    NOT_JUDGED,
    OUTSIDE,
    REGIME_NAMES,
    Regimes,
    ceilings,
    regimes,
)
from vallum.model.finance.criteria import required
from vallum.model.finance.problem import FloatArray, Problem
from vallum.model.finance.projection import Projection, project
from vallum.model.finance.scenarios import POLICIES, Policy, outlays, paths

BALANCES = np.array([[-1.0, -2.0, -2.2, -2.2, -2.2, -2.2, 0.8]])
DEFENCE = np.array([[2.0, 2.5, 3.0, 3.0, 3.0, 3.0, 3.0]])


@pytest.fixture(scope="module")
def no_clause(small: Problem) -> Problem:
    return replace(small, rules={**small.rules, "nec_max_deviation": 0.0})


def series(low: float, high: float) -> st.SearchStrategy[FloatArray]:
    return arrays.arrays(np.float64, (1, 7), elements=st.floats(low, high))


def judge(problem: Problem, calm: Projection, structural: FloatArray, core: FloatArray) -> Regimes:
    return regimes(problem, replace(calm, structural=structural), core)


def of_policy(problem: Problem, policy: Policy) -> Regimes:
    return regimes(problem, project(problem, paths(problem, policy)), outlays(problem, policy).accrual)


def test_an_example_by_hand(small: Problem, calm: Projection) -> None:
    made = judge(small, calm, BALANCES, DEFENCE)
    nan = np.nan
    assert made.judged.tolist() == [False] + [True] * 6
    # 2025: 2 + 3 - 100 (-2 + 1) / 40 = 7.5, which is 1.5 above 6, so 1.5 x 40 / 100 = 0.6 of GDP.
    np.testing.assert_allclose(made.observed, [[nan, 7.5, 5.5, 5.0, 5.0, 5.0, -2.5]])
    np.testing.assert_allclose(made.ceiling, [[nan, 6.0, 5.0, 5.0, 5.0, 5.0, 5.0]])
    assert not made.substituted.any()
    np.testing.assert_allclose(made.excess, [[nan, 0.6, 0.2, 0.0, 0.0, 0.0, -3.0]], atol=1e-12)
    np.testing.assert_allclose(made.control, [[nan, 0.6, 0.8, 0.8, 0.8, 0.8, -2.2]], atol=1e-12)
    np.testing.assert_allclose(made.room, [[0.0, 0.5, 1.0, 1.0, 1.0, 0.0, 0.0]])
    np.testing.assert_allclose(made.left, [[nan, 0.5, 0.8, 0.8, 0.8, -0.2, 2.8]], atol=1e-12)
    # Beyond the clause: 0.1 in 2025, nothing until 2028, 0.8 in 2029, nothing in 2030; 0.3 a year may be added.
    np.testing.assert_allclose(made.left_year, [[nan, 0.2, 0.4, 0.3, 0.3, -0.5, 1.1]], atol=1e-12)
    assert made.regime.tolist() == [[NOT_JUDGED, CLAUSE, CLAUSE, CLAUSE, CLAUSE, OUTSIDE, INSIDE]]
    assert made.regime.dtype == np.int8
    np.testing.assert_allclose(made.cliff, [1.0])
    np.testing.assert_allclose(made.cliff_meur, [50.0])


def test_cliff_is_priced_at_gdp_of_the_year_after_the_clause(small: Problem, calm: Projection) -> None:
    growing = replace(calm, gdp=1000.0 * (small.years - 2023.0)[None])
    np.testing.assert_allclose(regimes(small, growing, DEFENCE).cliff_meur, [60.0])


@pytest.mark.parametrize(
    ("last", "cliff", "meur"), [(2029, 1.0, 50.0), (2030, 1.0, np.nan), (2031, np.nan, np.nan)]
)
def test_cliff_beyond_the_projection_is_unknown(
    small: Problem, calm: Projection, last: int, cliff: float, meur: float
) -> None:
    longer = replace(small, rules={**small.rules, "nec_last_year": float(last)})
    made = regimes(longer, calm, DEFENCE)
    np.testing.assert_allclose(made.cliff, [cliff])
    np.testing.assert_allclose(made.cliff_meur, [meur])


@pytest.mark.parametrize(
    ("excess", "regime"), [(0.3, INSIDE), (0.301, OUTSIDE), (-5.0, INSIDE), (0.0, INSIDE)]
)
def test_limit_of_the_year_belongs_to_the_inside(
    small: Problem, calm: Projection, excess: float, regime: int
) -> None:
    level = replace(small, ceiling=np.full((1, 7), 5.0))
    structural = np.array([[-1.0] + [-1.0 - excess] * 6])
    made = judge(level, calm, structural, np.full((1, 7), 2.0))
    assert made.regime[0, 1] == regime


def test_two_full_years_fill_the_account_and_a_third_breaks_it(small: Problem, calm: Projection) -> None:
    level = replace(small, ceiling=np.full((1, 7), 5.0))
    structural = np.array([[-1.0, -1.3, -1.6, -1.9, -2.2, -2.5, -2.5]])
    made = judge(level, calm, structural, np.full((1, 7), 2.0))
    assert made.regime[0, 1:].tolist() == [INSIDE, INSIDE, OUTSIDE, OUTSIDE, OUTSIDE, OUTSIDE]
    assert REGIME_NAMES[made.regime[0, 3]] == "outside"


def test_an_unknown_balance_leaves_the_account_unknown(small: Problem, calm: Projection) -> None:
    structural = BALANCES.copy()
    structural[0, 3] = np.nan
    assert np.isnan(judge(small, calm, structural, DEFENCE).control[0, 3:]).all()


def test_underspending_may_be_made_up_for(small: Problem, calm: Projection) -> None:
    """An account below nought is no debt: the year that spends it is inside, and no clause is needed."""
    level = replace(small, ceiling=np.full((1, 7), 5.0))
    structural = np.array([[-1.0, 1.0, 0.0, -1.2, -1.2, -1.2, -1.6]])
    made = judge(level, calm, structural, np.full((1, 7), 2.0))
    np.testing.assert_allclose(made.control[0, 1:], [-2.0, -1.0, 0.2, 0.2, 0.2, 0.6])
    assert made.regime[0, 1:].tolist() == [INSIDE] * 5 + [OUTSIDE]


def plain(structural: list[float], core: list[float], ceilings: list[float]) -> list[int]:
    """The same judgement in plain Python: years 2025 to 2030 of the small problem."""
    account, found = 0.0, []
    debt = {"without": 0.0, "with": 0.0}
    for i in range(1, 7):
        growth = 5.0 - 100.0 * (structural[i] - structural[i - 1]) / 40.0
        account += (growth - ceilings[i]) * 0.4
        room = min(1.5, max(0.0, core[i] - 2.0)) if i <= 4 else 0.0
        kept = {}
        for name, balance in (("without", account), ("with", account - room)):
            now = max(0.0, balance)
            kept[name] = balance <= 0.6 + 1e-9 and now - debt[name] <= 0.3 + 1e-9
            debt[name] = now
        found.append(INSIDE if kept["without"] else CLAUSE if kept["with"] else OUTSIDE)
    return found


# Sevenths keep sums away from the limits, where rounding would decide.
STEPS = st.lists(st.integers(-20, 20).map(lambda n: n / 7.0), min_size=7, max_size=7)


@given(STEPS, STEPS)
def test_regimes_are_those_of_plain_python(
    small: Problem, calm: Projection, structural: list[float], above: list[float]
) -> None:
    core = [2.0 + value for value in above]
    made = judge(small, calm, np.array([structural]), np.array([core]))
    assert made.regime[0, 1:].tolist() == plain(structural, core, [0.0, 6.0, 5.0, 5.0, 5.0, 5.0, 5.0])


@given(series(-5.0, 5.0), series(0.0, 6.0), series(0.0, 4.0))
def test_more_defence_never_leaves_more_room(
    small: Problem, calm: Projection, structural: FloatArray, core: FloatArray, extra: FloatArray
) -> None:
    extra[:, 0] = 0.0  # the base year is past
    before = judge(small, calm, structural, core)
    after = judge(small, calm, structural - extra, core + extra)
    assert (after.left[:, 1:] <= before.left[:, 1:] + 1e-9).all()


@given(series(-5.0, 5.0), series(0.0, 9.0))
def test_the_clause_never_makes_a_regime_worse(
    small: Problem, no_clause: Problem, calm: Projection, structural: FloatArray, core: FloatArray
) -> None:
    with_it, without = (judge(p, calm, structural, core) for p in (small, no_clause))
    assert (with_it.regime <= without.regime).all()
    assert (without.regime != CLAUSE).all()
    assert (with_it.room[with_it.regime == CLAUSE] > 0.0).all()
    assert (with_it.cliff >= 0.0).all()
    assert (with_it.cliff <= 1.5).all()


def test_policies_side_by_side_are_judged_as_one_by_one(small: Problem, calm: Projection) -> None:
    structural, core = np.stack([BALANCES, -BALANCES]), np.stack([DEFENCE, DEFENCE + 1.0])
    wide = Projection(
        **{name: np.stack([getattr(calm, name)] * 2) for name in Projection.__dataclass_fields__}
    )
    both = judge(small, wide, structural, core)
    for i in range(2):
        alone = judge(small, calm, structural[i], core[i])
        for name in ("observed", "excess", "control", "room", "left", "left_year", "regime", "cliff"):
            np.testing.assert_array_equal(getattr(both, name)[i], getattr(alone, name))
        np.testing.assert_allclose(both.cliff_meur[i], alone.cliff_meur)


def test_lithuania_has_published_ceilings_until_2028_and_substitutes_after(baltic: Problem) -> None:
    made = of_policy(baltic, POLICIES["plan"])
    lt = baltic.states.index("LT")
    np.testing.assert_allclose(made.ceiling[lt, 1:5], [6.1, 4.9, 4.9, 4.9])
    assert made.substituted[lt].tolist() == [False] * 5 + [True] * (baltic.years.size - 5)
    np.testing.assert_allclose(made.ceiling[lt, 5], baltic.potential_growth[lt, 5] + baltic.deflator[lt, 5])
    assert made.substituted[baltic.states.index("EE"), 1:].all()


def test_the_substitute_is_equation_10_on_the_way_to_the_least_balance_of_the_criteria(
    baltic: Problem,
) -> None:
    values, unknown = ceilings(baltic)
    asked = required(baltic, 4).official_basis
    for state in ("EE", "LV"):
        i = baltic.states.index(state)
        assert unknown[i].all()
        start, share = float(baltic.spb[i, 0]), float(baltic.primary_expenditure[i])
        line = [start + (float(asked[i]) - start) * min(t / 4, 1.0) for t in range(baltic.years.size)]
        for t in range(1, baltic.years.size):
            trend = float(baltic.potential_growth[i, t]) + float(baltic.deflator[i, t])
            assert values[i, t] == pytest.approx(trend - 100.0 * (line[t] - line[t - 1]) / share)


@pytest.mark.parametrize(("rate", "asked"), [(0.0, -np.inf), (400.0, np.nan)])
def test_where_the_criteria_ask_for_nothing_or_the_impossible_the_balance_stays(
    small: Problem, rate: float, asked: float
) -> None:
    """No debt and no interest, then ruin: the search has no answer, and the substitute is trend growth."""
    given = constant(small, length=7, rate=rate, growth=2.0, deflator=3.0, debt=0.0 if rate == 0.0 else 500.0)
    limits = {"deficit_reference_value": 1000.0} if rate == 0.0 else {}
    odd = replace(given, ceiling=np.full((1, 7), np.nan), rules={**small.rules, **limits})
    np.testing.assert_equal(required(odd, 4).official_basis, [asked])
    np.testing.assert_allclose(ceilings(odd)[0][0, 1:], 5.0)


def test_the_official_forecast_against_the_substitute_by_hand(baltic: Problem) -> None:
    made = of_policy(baltic, POLICIES["no_policy_change"])
    asked = required(baltic, 4).official_basis
    for state in ("EE", "LV"):
        i = baltic.states.index(state)
        # Growth terms are the same on both sides, so the account is the distance of the balances.
        line = baltic.spb[i, 0] + (asked[i] - baltic.spb[i, 0]) * np.clip(np.arange(17) / 4, 0, 1)
        np.testing.assert_allclose(made.control[i, 1:], (line - baltic.spb[i])[1:], atol=1e-9)


def test_defence_as_planned_stays_in_the_account_when_the_clause_ends(baltic: Problem) -> None:
    made = of_policy(baltic, POLICIES["plan"])
    after = baltic.column(2029)
    assert (made.regime[:, after] == OUTSIDE).all()
    assert (made.cliff > 0.0).all()
    cut = of_policy(baltic, POLICIES["clause_ended"])
    np.testing.assert_allclose(made.control[:, after] - cut.control[:, after], made.cliff, atol=1e-9)


def test_lower_potential_growth_lowers_the_growth_of_spending_that_keeps_its_share(baltic: Problem) -> None:
    plan, adverse = (of_policy(baltic, POLICIES[name]) for name in ("plan", "adverse"))
    after = baltic.forecasts + 1
    np.testing.assert_allclose(
        plan.observed[:, after:] - adverse.observed[:, after:], baltic.number("adverse_growth_pp"), atol=1e-9
    )


def test_lost_output_counts_as_no_new_spending(baltic: Problem) -> None:
    plan = POLICIES["plan"]
    steady, fallen = of_policy(baltic, plan), of_policy(baltic, replace(plan, output_falls=True))
    # Revenue falls by 1.1 to 1.5 % of GDP; what is left is the elasticity less the share of spending.
    assert np.abs(fallen.excess[:, 1:] - steady.excess[:, 1:]).max() < 0.3


def test_a_missing_rule_is_named(small: Problem, calm: Projection) -> None:
    rules = {name: value for name, value in small.rules.items() if name != "control_account_total"}
    with pytest.raises(BadInput, match="control_account_total"):
        regimes(replace(small, rules=rules), calm, DEFENCE)

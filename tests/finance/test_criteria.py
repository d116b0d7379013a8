"""Required balances: minimal by a second projection, and near the Commission's own numbers for Latvia."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.finance.helpers import Walk, baltic_problem, constant, plain, single, walk
from vallum.core.errors import BadInput
from vallum.model.finance.criteria import Requirement, judge, required
from vallum.model.finance.fan import not_rising, shocks
from vallum.model.finance.problem import Anchors, Problem
from vallum.model.finance.projection import Paths, project
from vallum.model.finance.scenarios import POLICIES, paths

OFF = 1e-4
"""Distance from the answer at which a criterion must hold, or fail."""

PLANS = (4, 7)
CRITERIA = ("adjustment", "lower_balance", "adverse", "stress", "deficit", "technical_spb")

MANY = settings(max_examples=12, deadline=None, derandomize=True)


def adjusted(problem: Problem, i: int, target: float, years: int, criterion: str) -> Paths:
    """Paths of one plan that starts after the base year, written anew with loops."""
    spb, before = problem.spb.copy(), problem.spb.copy()
    impulse = np.zeros_like(spb)
    growth = problem.potential_growth.copy()
    short, long = problem.rate_short.at(problem.years), problem.rate_long.at(problem.years)
    phase = {4: 2, 7: 3}[years]
    for t in range(1, problem.years.size):
        before[i, t] = spb[i, 0] + (target - spb[i, 0]) * min(t, years) / years
    ageing = problem.ageing_cost[i]
    total = before.copy()
    for t in range(1, problem.years.size):
        change = (before[i, t] - before[i, t - 1]) - (spb[i, t] - spb[i, t - 1])
        impulse[i, t] = problem.settings["multiplier"][i] * change
        if t <= years:
            continue
        total[i, t] -= ageing[min(t, years + 10)] - ageing[years]
        if criterion == "lower_balance":
            total[i, t] -= 0.5 * min(t - years, phase) / phase
        if criterion == "adverse":
            short[i, t] += 0.5
            long[i, t] += 0.5
            growth[i, t] -= 0.5
    return plain(
        problem,
        spb=total,
        impulse=impulse,
        growth=growth,
        rate_short=short,
        rate_long=long,
        closure="commission",
        adjustment=(1, years),
        stress=years + 1 if criterion == "stress" else None,
    )


def holds(criterion: str, found: Walk, end: int) -> bool:
    debt, balance = found["debt"][end : end + 11], found["balance"][end : end + 11]
    low_deficit = min(balance) >= -3.0
    if criterion == "deficit":
        return low_deficit
    if criterion == "technical_spb":
        return low_deficit and max(debt) <= 60.0
    return all(after < now for now, after in pairwise(debt)) or debt[-1] <= 60.0


def assert_smallest(problem: Problem, years: int, answer: Requirement) -> None:
    for criterion in CRITERIA:
        for i, spb in enumerate(getattr(answer, criterion)):
            if not np.isfinite(spb):
                end = 10.0 if np.isnan(spb) else -10.0
                found = walk(problem, adjusted(problem, i, end, years, criterion), i)
                assert holds(criterion, found, years) == (end < 0)
                continue
            for shift in (-OFF, OFF):
                found = walk(problem, adjusted(problem, i, spb + shift, years, criterion), i)
                assert holds(criterion, found, years) == (shift > 0), (criterion, i, shift)


@pytest.mark.parametrize("years", PLANS)
def test_answers_are_the_smallest(far: Problem, years: int) -> None:
    assert_smallest(far, years, required(far, years))


@MANY
@given(debt=st.floats(20.0, 140.0), rate=st.floats(-1.0, 2.0), years=st.sampled_from(PLANS))
def test_answers_are_the_smallest_elsewhere(debt: float, rate: float, years: int) -> None:
    far = baltic_problem(2042)
    one = single(far, "LV")
    moved = replace(
        one,
        debt=np.array([debt]),
        rate_long=Anchors(one.rate_long.years, tuple(values + rate for values in one.rate_long.values)),
    )
    assert_smallest(moved, years, required(moved, years))


@pytest.mark.parametrize("years", PLANS)
def test_the_stochastic_answer_is_the_smallest(far: Problem, years: int) -> None:
    drawn = shocks(far, 2_000, seed=7)
    answer = required(far, years, drawn)
    for i in range(len(far.states)):
        for shift, enough in ((-0.01, False), (0.01, True)):
            found = project(far, adjusted(far, i, answer.stochastic[i] + shift, years, "stochastic"))
            assert (not_rising(found, drawn, years)[i] >= 0.7) == enough


def test_what_is_required_is_the_most(far: Problem) -> None:
    answer = required(far, 4, shocks(far, 500))
    tested = ("adjustment", "lower_balance", "adverse", "stress", "deficit", "stochastic")
    for i, binding in enumerate(answer.binding):
        assert answer.required[i] == max(getattr(answer, name)[i] for name in tested)
        assert answer.required[i] == getattr(answer, binding)[i]
    without = required(far, 4)
    assert np.isnan(without.stochastic).all()
    assert (without.required <= answer.required).all()
    assert (answer.end_year, answer.horizon_year) == (2028, 2038)


def test_tests_ask_for_more_than_the_path_itself(far: Problem) -> None:
    for years in PLANS:
        answer = required(far, years)
        for name in ("lower_balance", "adverse", "stress"):
            assert (getattr(answer, name) > answer.adjustment).all()


@MANY
@given(more=st.floats(0.5, 30.0), rise=st.floats(0.05, 2.0))
def test_more_debt_and_dearer_debt_ask_for_more(more: float, rise: float) -> None:
    far = baltic_problem(2042)
    before = required(far)
    indebted = required(replace(far, debt=far.debt + more))
    raised = tuple(values + rise for values in far.rate_long.values)
    dearer = required(replace(far, rate_long=Anchors(far.rate_long.years, raised)))
    for name in CRITERIA:
        assert (getattr(indebted, name) >= getattr(before, name) - 1e-5).all(), name
        assert (getattr(dearer, name) >= getattr(before, name) - 1e-5).all(), name


def test_technical_information_below_both_values(far: Problem) -> None:
    answer = required(far)
    assert answer.technical.all()
    np.testing.assert_array_equal(answer.official_basis, answer.technical_spb)
    for changed in (replace(far, debt=far.debt + 40.0), replace(far, balance=far.balance - 3.0)):
        other = required(changed)
        assert not other.technical.any()
        np.testing.assert_array_equal(other.official_basis, other.required)


def test_what_cannot_be_met_is_unknown_with_a_reason(far: Problem) -> None:
    one = single(far, "LV")
    hopeless = required(replace(one, debt=np.array([600.0])))
    assert np.isnan(hopeless.technical_spb[0])
    assert "technical" in hopeless.reasons[0]
    assert required(one).reasons == ("",)


def test_the_debt_safeguard(far: Problem) -> None:
    assert (required(far).debt_safeguard == -np.inf).all()
    one = single(far, "LV")
    for debt, fall in ((75.0, 0.5), (95.0, 1.0)):
        high = replace(one, debt=np.array([debt]))
        spb = float(required(high).debt_safeguard[0])
        found = walk(high, adjusted(high, 0, spb, 4, "debt_safeguard"), 0)
        assert (debt - found["debt"][4]) / 4 == pytest.approx(fall, abs=1e-4)


def test_least_steps_by_hand(far: Problem) -> None:
    """Rate 2 %, debt 50, no growth, no multiplier: interest is about 1 % of GDP.

    Structural balance -1.5 asks for a balance before interest of about -0.5: from -1.6 three steps of 0.4.
    The deficit of 3 asks for about -2: from -2.6 two steps of 0.5.
    """
    far = baltic_problem(2042)

    def alike(spb: float) -> Problem:
        one = constant(far, length=16, debt=50.0, rate=2.0, deflator=2.0, spb=spb)
        return replace(one, settings={**one.settings, "multiplier": np.zeros(1)})

    np.testing.assert_allclose(required(alike(-1.6)).resilience[0], [-1.2, -0.8, -0.4, -0.4])
    np.testing.assert_allclose(required(alike(-2.6)).edp[0], [-2.1, -1.6, -1.6, -1.6])
    np.testing.assert_allclose(
        required(alike(-1.6), 7).resilience[0], [-1.35, -1.1, -0.85, -0.6, -0.35, -0.35, -0.35]
    )


def test_plans_that_do_not_fit(far: Problem) -> None:
    with pytest.raises(BadInput, match="5 years is unknown"):
        required(far, 5)
    with pytest.raises(BadInput, match="does not fit"):
        required(far, 4, first_year=2040)
    with pytest.raises(BadInput, match="does not fit"):
        required(far, 4, first_year=2024)


def test_a_later_plan_leaves_the_years_before_alone(far: Problem) -> None:
    later = required(far, 4, first_year=2027)
    assert (later.end_year, later.horizon_year) == (2030, 2040)
    cut = required(far, 7, first_year=2027)
    assert (cut.end_year, cut.horizon_year) == (2033, 2042)


# ------------------------------------------------------------------ the Commission's own numbers

OFFICIAL = {4: -1.3, 7: -1.1}
"""Latvia's least structural primary balance without safeguard, prior guidance of 21 June 2024."""


def june_2024(far: Problem) -> Problem:
    """Latvia as the Commission saw it in spring 2024; market rates and swaps are the project's own."""
    years = np.arange(2023, 2042)
    known = years.size - 6
    # Spring 2024 forecast (2023 to 2025), Output Gap Working Group (to 2028).
    real = [28739.3, 29229.3, 30001.4, 30428.9, 30772.9, 31124.1]
    potential = [28987.1, 29550.1, 30180.4, 30549.7, 30833.9, 31124.1]
    growth = [
        0.0, 1.942, 2.133, 1.224, 0.930, 0.941, 1.008, 1.076, 1.143, 1.210, 1.277, 1.345, 1.412, 1.479, 1.486,
        1.423, 1.315, 1.212, 1.134,
    ]  # fmt: skip
    # Ageing Report 2024, from 2023 on.
    ageing = [
        16.963, 16.446, 16.347, 16.404, 16.451, 16.451, 16.446, 16.446, 16.450, 16.443, 16.426, 16.394, 16.353,
        16.292, 16.215, 16.138, 16.066, 15.996, 15.941,
    ]  # fmt: skip
    deflator = np.interp(years, [2023, 2024, 2025, 2033, 2053], [5.409, 4.224, 2.457, 2.2, 2.0])
    gap = [100 * (y / p - 1) for y, p in zip(real, potential, strict=True)] + [0.0] * known
    one = single(far, "LV")

    def row(values: object) -> np.ndarray:
        return np.array([values], dtype=float)

    return replace(
        one,
        years=years,
        forecasts=2,
        gdp=np.array([40348.0]),
        debt=np.array([43.574]),
        balance=np.array([-2.214]),
        potential_growth=row(growth),
        deflator=row(deflator),
        gap=row(gap),
        spb=row([-1.260, -1.363] + [-1.529] * 17),
        ageing=np.zeros((1, years.size)),
        ageing_cost=row(ageing),
        stock_flow=row([650.0, 264.0, 471.0] + [0.0] * 16),
        implicit=row([1.586, 2.514, 2.738] + [np.nan] * 16),
        rate_short=Anchors(
            (np.array([2023.0, 2024.0, 2033.0, 2053.0]),), (np.array([3.75, 4.03, 2.8, 2.0]),)
        ),
        rate_long=Anchors((np.array([2023.0, 2024.0, 2033.0, 2053.0]),), (np.array([3.83, 3.42, 4.0, 4.0]),)),
        maturing=np.full((1, years.size), 0.088),
    )


@pytest.mark.parametrize("years", PLANS)
def test_latvia_in_june_2024(far: Problem, years: int) -> None:
    """Within 0.2 of the published number.

    The forward rates and the inflation swap of that day are licensed and not shipped. With those values the
    same code gives -1.16 and -0.97, within 0.15; with the project's own -1.14 and -0.92.
    """
    answer = required(june_2024(far), years, first_year=2025)
    assert answer.technical.all()
    assert answer.official_basis[0] == pytest.approx(OFFICIAL[years], abs=0.2)


@pytest.mark.parametrize("years", PLANS)
def test_latvia_with_the_shipped_data(far: Problem, years: int) -> None:
    """A year later debt and growth differ, and by chance the numbers are as near: -1.10 and -1.04."""
    answer = required(far, years)
    assert answer.official_basis[far.states.index("LV")] == pytest.approx(OFFICIAL[years], abs=0.2)


# ------------------------------------------------------------------ verdicts


def test_a_verdict_by_hand(far: Problem) -> None:
    """Debt of 59, 61, 62 with a deficit above 3 % from the second year on."""
    one = constant(far, length=3, debt=59.0, rate=4.0, deflator=0.0, spb=-1.0)
    found = judge(one, project(one, plain(one)))
    assert found.debt_above.tolist() == [[False, True, True]]
    assert found.deficit_above.tolist() == [[False, True, True]]
    assert found.below_margin.tolist() == [[False, True, True]]
    assert (found.first_debt_above[0], found.first_deficit_above[0]) == (2025.0, 2025.0)
    assert not found.debt_falls[0]
    assert found.average_fall[0] < 0.0
    assert not found.safeguard_met[0]


def test_a_good_verdict(far: Problem) -> None:
    one = constant(far, length=12, debt=70.0, rate=2.0, deflator=4.0, spb=1.0)
    found = judge(one, project(one, plain(one)))
    assert found.debt_falls[0]
    assert found.safeguard_met[0]
    assert np.isnan(found.first_deficit_above[0])
    assert not found.below_margin.any()


def test_verdicts_of_policies(far: Problem) -> None:
    found = judge(far, project(far, paths(far, POLICIES["plan"])))
    assert found.debt_above.shape == found.deficit_above.shape == (3, far.years.size)
    for i, year in enumerate(found.first_debt_above):
        if not np.isnan(year):
            column = int(year) - int(far.years[0])
            assert found.debt_above[i, column]
            assert not found.debt_above[i, :column].any()

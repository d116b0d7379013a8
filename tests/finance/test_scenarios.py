"""Policies: what each does to outlays, balance and demand, by hand."""

from dataclasses import replace

import numpy as np
import pytest

from vallum.model.finance.problem import Problem
from vallum.model.finance.projection import project
from vallum.model.finance.safe import loan_schedule
from vallum.model.finance.scenarios import (
    POLICIES,
    Outlays,
    baseline_gdp,
    clause_room,
    loan_spending,
    outlays,
    paths,
)

PLAN = POLICIES["plan"]
M, M_DEFENCE = 0.75, 0.33
"""Multipliers of the shipped settings."""


def at(problem: Problem, year: int) -> int:
    return int(year - problem.years[0])


@pytest.mark.parametrize(("policy", "share"), [("five", 5.0), ("core_3_5", 3.5), ("six", 6.0)])
def test_a_target_share_is_all_of_core_defence(baltic: Problem, policy: str, share: float) -> None:
    """Straight from 2026, as planned, to the target in 2028: what SAFE pays on top is within it."""
    found, planned = outlays(baltic, POLICIES[policy]).accrual, outlays(baltic, PLAN).accrual
    start, middle, end = (at(baltic, year) for year in (2026, 2027, 2028))
    np.testing.assert_array_equal(found[:, : start + 1], planned[:, : start + 1])
    np.testing.assert_allclose(found[:, middle], (planned[:, start] + share) / 2)
    np.testing.assert_allclose(found[:, end:], share)


def test_what_a_loan_adds_to_the_budget(baltic: Problem) -> None:
    """A quarter of what it pays for is on top of the budget; what is drawn ahead is paid ahead."""
    on_top, ahead = loan_spending(baltic)
    out, loans, gdp = outlays(baltic, PLAN), baltic.loans, baseline_gdp(baltic)
    t = at(baltic, 2029)
    np.testing.assert_allclose(on_top[:, t], 25.0 * loans.delivered[:, t] / gdp[:, t])
    np.testing.assert_allclose(out.accrual, baltic.plan + on_top)
    np.testing.assert_allclose(out.cash - out.accrual, ahead)
    np.testing.assert_allclose((ahead * gdp).sum(axis=1), 0.0, atol=1e-6)


def test_the_loan_within_debt_is_that_of_its_schedule(baltic: Problem) -> None:
    """Repayment begins in 2037, within the projection."""
    found = project(baltic, paths(baltic, PLAN)).loan
    plan = loan_schedule(baltic)
    np.testing.assert_allclose(found, plan.balance[:, : baltic.years.size])
    assert (plan.principal[:, at(baltic, 2037)] > 0.0).all()


def test_without_loans_nothing_is_added(baltic: Problem) -> None:
    out = outlays(baltic, POLICIES["with_ageing"])
    np.testing.assert_array_equal(out.accrual, baltic.embedded)
    np.testing.assert_array_equal(out.cash, baltic.embedded)
    assert not out.draws.any()


def test_cohesion_money_that_ends_takes_demand_away(baltic: Problem) -> None:
    """The budget replaces 70 %: that worsens the balance and leaves demand alone; the other 30 % is lost."""
    before, after = paths(baltic, PLAN), paths(baltic, replace(PLAN, cohesion_ends=True))
    lost, t = baltic.settings["cohesion_pct_gdp"], at(baltic, 2028)
    change = after.impulse - before.impulse
    np.testing.assert_allclose(change[:, t], M * 0.3 * lost)
    np.testing.assert_allclose(np.delete(change, t, axis=1), 0.0, atol=1e-12)
    np.testing.assert_allclose((after.spb - before.spb)[:, t:], np.repeat(-0.7 * lost[:, None], 13, axis=1))
    np.testing.assert_allclose((after.spb - before.spb)[:, :t], 0.0, atol=1e-12)


def test_defence_and_related_outlays_enter_once(baltic: Problem) -> None:
    """Defence by its difference to what the forecast holds; a quarter of the rise of related outlays."""
    none = np.zeros_like(baltic.spb)
    related, t = none.copy(), at(baltic, 2030)
    related[:, at(baltic, 2026) :], related[:, t:] = 1.0, 1.4
    found = paths(baltic, PLAN, Outlays(baltic.embedded + 1.0, baltic.embedded + 1.5, related, none))
    expected = baltic.spb + baltic.ageing - 1.0
    expected[:, t:] -= 0.25 * 0.4
    np.testing.assert_allclose(found.spb, expected)
    np.testing.assert_allclose(
        found.stock_flow, baltic.stock_flow + 0.005 * baseline_gdp(baltic)
    )  # paid half a point before it is delivered
    np.testing.assert_allclose(found.impulse[:, t], -M * 0.25 * 0.4)


def test_more_defence_raises_demand_by_its_own_multiplier(baltic: Problem) -> None:
    out, t = outlays(baltic, PLAN), at(baltic, 2029)
    step = np.where(np.arange(baltic.years.size) >= t, 1.0, 0.0)
    more = replace(out, accrual=out.accrual + step, cash=out.cash + step)
    change = paths(baltic, PLAN, more).impulse - paths(baltic, PLAN, out).impulse
    np.testing.assert_allclose(change[:, t], -M_DEFENCE)
    np.testing.assert_allclose(np.delete(change, t, axis=1), 0.0, atol=1e-12)


def test_the_tests_of_the_criteria_begin_after_the_forecast(baltic: Problem) -> None:
    """Stress in 2027 alone; rates +0.5 and growth -0.5 from then on; the balance half a point lower by 2028."""
    plan, adverse = paths(baltic, PLAN), paths(baltic, POLICIES["adverse"])
    after = baltic.years > 2026
    assert paths(baltic, POLICIES["stress"]).stress == at(baltic, 2027)
    for name, rise in (("rate_short", 0.5), ("rate_long", 0.5), ("growth", -0.5)):
        change = getattr(adverse, name) - getattr(plan, name)
        np.testing.assert_allclose(change, np.broadcast_to(rise * after, change.shape), atol=1e-12)
    lower = paths(baltic, POLICIES["lower_balance"]).spb - plan.spb
    way = np.interp(baltic.years, [2026, 2028], [0.0, -0.5])
    np.testing.assert_allclose(lower, np.broadcast_to(way, lower.shape), atol=1e-12)


def test_output_that_falls_takes_revenue_for_good(baltic: Problem) -> None:
    """Three per cent in 2028 alone: growth of one year carries it, and the balance loses e times as much."""
    before, after = paths(baltic, PLAN), paths(baltic, replace(PLAN, output_falls=True))
    t = at(baltic, 2028)
    level = np.cumprod(1 + after.growth / 100, axis=1) / np.cumprod(1 + before.growth / 100, axis=1)
    np.testing.assert_allclose(level[:, :t], 1.0)
    np.testing.assert_allclose(level[:, t:], 0.97)
    loss = np.repeat(-3.0 * baltic.elasticity[:, None], baltic.years.size - t, axis=1)
    np.testing.assert_allclose((after.spb - before.spb)[:, t:], loss)


def test_safe_that_ends_leaves_the_purchases(baltic: Problem) -> None:
    before, after = paths(baltic, PLAN), paths(baltic, replace(PLAN, safe_ends=True))
    t = at(baltic, 2028)
    np.testing.assert_array_equal(after.draws[:, :t], before.draws[:, :t])
    assert not after.draws[:, t:].any()
    np.testing.assert_array_equal(after.spb, before.spb)
    np.testing.assert_array_equal(after.stock_flow, before.stock_flow)


def test_what_the_clause_allows(baltic: Problem) -> None:
    """Equation (11): 1.5 at most, only above the outlay of 2021, only from 2025 to 2028."""
    above = np.broadcast_to(np.linspace(-1.0, 3.0, 5), (3, 5))
    for year, inside in ((2024, False), (2025, True), (2028, True), (2029, False)):
        for rise, allowed in zip(above[0], (0.0, 0.0, 1.0, 1.5, 1.5), strict=True):
            core = np.repeat(baltic.reference[:, None] + rise, baltic.years.size, axis=1)
            found = clause_room(baltic, core)[:, at(baltic, year)]
            np.testing.assert_allclose(found, allowed if inside else 0.0, atol=1e-12)


def test_the_excess_of_the_clause_is_cut_when_it_ends(baltic: Problem) -> None:
    before, after = paths(baltic, PLAN), paths(baltic, replace(PLAN, clause_ends=True))
    room = clause_room(baltic, outlays(baltic, PLAN).accrual)[:, at(baltic, 2028)]
    t = at(baltic, 2029)
    np.testing.assert_allclose((after.spb - before.spb)[:, t:], np.repeat(room[:, None], 12, axis=1))
    np.testing.assert_allclose((after.impulse - before.impulse)[:, t], M * room)
    np.testing.assert_array_equal(after.spb[:, :t], before.spb[:, :t])

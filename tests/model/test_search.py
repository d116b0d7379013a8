"""Plans of the search keep every row of the model, whole totals and the caps of earlier levels."""

from functools import cache

import numpy as np
import pytest

from vallum.model.procurement.formulation import Formulation, formulate
from vallum.model.procurement.generate import Master
from vallum.model.procurement.ledger import ledger
from vallum.model.procurement.pricing import Mode, blocks
from vallum.model.procurement.problem import problem
from vallum.model.procurement.search import Restricted
from vallum.region.synthetic import small, synthetic
from vallum.solve import Budget, Limits

INF = float("inf")
OPEN = np.array([INF, INF])
MODES: tuple[Mode, ...] = ("national", "joint")


@cache
def formulation(seed: int | None, mode: Mode) -> Formulation:
    model = problem(synthetic(states=3, programmes=12, years=8) if seed is None else small(seed))
    return formulate(model, blocks(model, mode), mode)


def budget() -> Budget:
    return Budget(Limits(time_limit=None))


def restricted(form: Formulation, level: int, caps: np.ndarray, columns: np.ndarray) -> Restricted:
    return Restricted(form, level, caps, columns, budget(), whole=True)


def assert_feasible(form: Formulation, plan: np.ndarray) -> None:
    program = form.program
    scale = 1e-6 * np.maximum(1.0, np.abs(plan))
    assert (plan >= program.lower - scale).all()
    assert (plan <= program.upper + scale).all()
    activity = program.matrix.times(plan)
    assert (activity >= program.row_lower - 1e-5).all()
    assert (activity <= program.row_upper + 1e-5).all()
    whole = np.delete(plan, form.at.types)[np.delete(program.integer, form.at.types)]
    assert whole == pytest.approx(np.round(whole), abs=1e-6)
    b = form.blocks
    ordered = np.bincount(b.entry_member, weights=form.quantity(plan), minlength=len(b.member_block))
    totals = ordered / form.problem.programme.step[b.programme[b.member_block]]
    assert totals == pytest.approx(np.round(totals), abs=1e-5)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("seed", [0, 2, 4, 7, 11, None])
def test_dives_end_in_plans_that_keep_every_row(seed: int | None, mode: Mode) -> None:
    form = formulation(seed, mode)
    plan = restricted(form, 0, OPEN, np.arange(len(form.program.cost))).dive()
    assert plan is not None
    assert_feasible(form, plan)
    told = float(form.costs[0] @ plan)
    assert ledger(form, plan)["stock"]["gap_years"].sum() == pytest.approx(told, abs=1e-6)


@pytest.mark.parametrize("mode", MODES)
def test_dives_from_the_master_end_above_its_bound(mode: Mode) -> None:
    form = formulation(None, mode)
    master = Master(form, 0, OPEN, budget())
    master.seed()
    master.solve(1.0)
    plan = restricted(form, 0, OPEN, master.support()).dive()
    assert plan is not None
    assert_feasible(form, plan)
    assert master.bound <= float(form.costs[0] @ plan) + 1e-9


@pytest.mark.parametrize("mode", MODES)
def test_dives_for_cost_keep_the_shortfall_held(mode: Mode) -> None:
    plans = 0
    seeds = [*range(8), None]
    for seed in seeds:
        form = formulation(seed, mode)
        every = np.arange(len(form.program.cost))
        first = restricted(form, 0, OPEN, every).dive()
        assert first is not None
        held = float(form.costs[0] @ first) * 1.05 + 1e-9
        plan = restricted(form, 1, np.array([held, INF]), every).dive(form.chosen(first))
        if plan is None:
            continue  # rounding to the nearest whole may run into a dead end
        plans += 1
        assert_feasible(form, plan)
        assert ledger(form, plan)["stock"]["gap_years"].sum() <= held + 1e-6
    assert plans > len(seeds) / 2


def test_what_was_fixed_is_free_again() -> None:
    form = formulation(7, "joint")
    model = restricted(form, 0, OPEN, np.arange(len(form.program.cost)))
    before = model.session.lp().value
    assert model.dive() is not None
    assert model.fixed(np.zeros(len(form.program.cost))) is not None
    assert model.session.lp().value == pytest.approx(before, abs=1e-9)


def test_settling_fractions_of_units_gives_whole_totals() -> None:
    form = formulation(7, "joint")
    every = np.arange(len(form.program.cost))
    loose = Restricted(form, 0, OPEN, every, budget(), whole=False)
    _, found = loose.solve(seconds=INF, work=INF, gap=0.0)
    assert found is not None
    plan = restricted(form, 0, OPEN, form.columns_of(form.chosen(found))).settle(found)
    assert plan is not None
    assert_feasible(form, plan)
    assert form.costs[0] @ plan >= form.costs[0] @ found - 1e-6


def test_a_linear_programme_before_leaves_the_bounds_of_branch_and_bound_as_they_are() -> None:
    # HiGHS completes the solution that it still has, and tells the bound of that smaller problem
    model = problem(synthetic(3, 8, 6, classes=3, money=0.12))
    form = formulate(model, blocks(model, "national"), "national")
    program = Restricted(form, 0, OPEN, np.arange(len(form.program.cost)), budget(), whole=False)
    program.session.lp()
    told: list[float] = []
    answer, _ = program.solve(seconds=INF, work=INF, gap=0.0, progress=lambda _, bound: told.append(bound))
    assert answer.status == "optimal"
    assert max(told) <= answer.value + 1e-6

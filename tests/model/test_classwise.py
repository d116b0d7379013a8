"""Turns of the capability classes: who decides what, what is traded, and plans that keep every row."""

from functools import cache

import numpy as np
import pytest

from tests.model.test_search import assert_feasible
from vallum.model.procurement.around import Around
from vallum.model.procurement.cells import NONE
from vallum.model.procurement.classwise import Classwise, classes_of
from vallum.model.procurement.formulation import Formulation, formulate
from vallum.model.procurement.generate import LINKING, SOMETIMES, Master
from vallum.model.procurement.improve import Best, Improver
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
    model = problem(synthetic(3, 12, 8, classes=4, money=0.12) if seed is None else small(seed))
    return formulate(model, blocks(model, mode), mode)


@cache
def solved(mode: Mode) -> Master:
    form = formulation(None, mode)
    master = Master(form, 0, OPEN, Budget(Limits(time_limit=None)))
    master.seed()
    master.solve(1.0)
    return master


def plan_of_no_orders(form: Formulation) -> np.ndarray:
    model = Restricted(form, 0, OPEN, form.core, Budget(Limits(time_limit=None)), whole=False)
    plan = model.fixed(np.zeros(len(form.program.cost)))
    assert plan is not None
    return plan


def improver(master: Master, plan: np.ndarray) -> Improver:
    best = Best(0, OPEN, plan, float(master.form.costs[0] @ plan), master.bound)
    budget = Budget(Limits(time_limit=None, work=2_000))
    return Improver(master.form, best, budget, say=lambda _: None, note=lambda _: None)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("seed", [3, 8, None])
def test_only_rows_between_classes_hold_columns_of_several(seed: int | None, mode: Mode) -> None:
    form = formulation(seed, mode)
    klass, matrix = classes_of(form), form.program.matrix
    owner = np.repeat(klass, np.diff(matrix.start))
    inside = owner != NONE
    between = [
        *LINKING,
        "exclusion",
        "prerequisite",
        *(name for name in SOMETIMES if name in form.program.families),
    ]
    shared = np.zeros(len(form.program.row_lower), bool)
    for name in between:
        shared[form.program.rows_of(name)] = True
    row, of = matrix.index[inside], owner[inside]
    kept = ~shared[row]
    pairs = np.unique(np.stack((row[kept], of[kept])), axis=1)
    assert len(np.unique(pairs[0])) == pairs.shape[1]


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("seed", [0, 2, 4, 7, 11])
def test_all_columns_free_are_the_whole_problem(seed: int, mode: Mode) -> None:
    form, budget = formulation(seed, mode), Budget(Limits(time_limit=None))
    every = np.arange(len(form.program.cost))
    relaxed = form.program.integer.copy()
    relaxed[form.at.x] = False
    whole = Restricted(form, 0, OPEN, every, budget, whole=False)
    whole.session.set_integer(whole.at[np.flatnonzero(relaxed)], integer=False)
    expected, _ = whole.solve(seconds=INF, work=INF, gap=0.0)
    model = Around(form, 0, OPEN, plan_of_no_orders(form), every, budget)
    answer, values = model.solve(seconds=INF, work=INF, absolute=1e-9, start=False)
    assert values is not None
    assert answer.value == pytest.approx(expected.value, rel=1e-6, abs=1e-7)
    assert answer.value == pytest.approx(float(form.costs[0] @ values), abs=1e-9)


def test_what_is_held_keeps_its_values_and_its_share_of_every_limit() -> None:
    master = solved("joint")
    form, plan = master.form, improver(master, plan_of_no_orders(master.form))
    plan.one_pass(Classwise(master), 1, 0.03, 1.0, relaxed=True)
    values, klass = plan.best.plan, classes_of(form)
    free = np.flatnonzero((klass == 1) | (klass == NONE))
    model = Around(form, 0, OPEN, values, free, Budget(Limits(time_limit=None)))
    answer, found = model.solve(seconds=INF, work=20, absolute=1e-3, start=True)
    assert found is not None
    held = np.setdiff1d(np.arange(len(values)), free)
    assert (found[held] == values[held]).all()
    assert form.costs[0] @ found <= form.costs[0] @ values + 1e-9
    assert (form.program.matrix.times(found) <= form.program.row_upper + 1e-6).all()
    assert (form.program.matrix.times(found) >= form.program.row_lower - 1e-6).all()
    assert answer.value == pytest.approx(float(form.costs[0][free] @ found[free]))


def test_a_limit_is_bought_up_to_what_may_be_bought_and_paid_for() -> None:
    worth = []
    for seed in range(8):
        form, budget = formulation(seed, "joint"), Budget(Limits(time_limit=None))
        values, every = plan_of_no_orders(form), np.arange(len(form.program.cost))
        rows = np.arange(len(form.program.row_lower))[form.program.rows_of("purse")]
        limit, best = form.program.row_upper[rows], []
        for price, share in ((0.0, 0.0), (0.0, 0.1), (1e6, 0.1)):
            model = Around(form, 0, OPEN, values, every, budget)
            model.trade(rows, np.full(len(rows), price), share * limit, np.zeros(len(rows)), 0.05)
            answer, found = model.solve(seconds=INF, work=INF, absolute=1e-9, start=True)
            assert found is not None
            spent = form.program.matrix.times(found)[rows]
            assert (spent <= (1 + share) * limit + 1e-6).all()
            best.append(answer.value)
        assert (spent <= limit + 1e-6).all()  # at an absurd price nobody buys
        assert best[2] == pytest.approx(best[0], rel=1e-6, abs=1e-7)
        worth.append(best[0] - best[1])
    assert min(worth) >= -1e-7
    assert max(worth) > 1e-3  # a tenth more money for nothing is worth something


@pytest.mark.parametrize("mode", MODES)
def test_a_pass_ends_in_a_plan_that_keeps_every_row_and_is_near_the_bound(mode: Mode) -> None:
    master = solved(mode)
    search = improver(master, plan_of_no_orders(master.form))
    nothing = search.best.value
    search.one_pass(Classwise(master), 1, 0.03, 1.0, relaxed=True)
    assert_feasible(master.form, search.best.plan)
    assert master.bound - 1e-9 <= search.best.value
    assert search.best.value - master.bound < 0.25 * (nothing - master.bound)


@pytest.mark.parametrize("mode", MODES)
def test_turns_without_trade_never_lose(mode: Mode) -> None:
    master = solved(mode)
    search = improver(master, plan_of_no_orders(master.form))
    turns = Classwise(master)
    search.one_pass(turns, 1, 0.03, 1.0, relaxed=True)
    values, form = search.best.plan, master.form
    limits = form.program.row_upper
    for classes in np.split(np.arange(4), 2):
        before = form.costs[0] @ values
        found, _ = turns.turn(values, classes, 0.0, seconds=INF, work=20, absolute=1e-3, start=True)
        assert found is not None
        values = found
        assert form.costs[0] @ values <= before + 1e-9
        assert (form.program.matrix.times(values) <= limits + 1e-6).all()

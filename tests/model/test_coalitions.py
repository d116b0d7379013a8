"""Prices over all coalitions against a full list of them, and the bound of a short list against all columns."""

from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vallum.core.errors import BadInput
from vallum.model.procurement import generate
from vallum.model.procurement.coalitions import Coalitions
from vallum.model.procurement.formulation import Formulation, formulate
from vallum.model.procurement.generate import Master
from vallum.model.procurement.listed import Listed, first_listed, slots
from vallum.model.procurement.pricing import blocks
from vallum.model.procurement.problem import Problem, problem
from vallum.model.procurement.reduced import gains, price_blocks
from vallum.model.procurement.relaxation import relax
from vallum.model.procurement.search import Restricted
from vallum.model.procurement.transfer import Transfer
from vallum.region.synthetic import small, synthetic
from vallum.solve import Budget, Limits

INF = float("inf")
OPEN = np.array([INF, INF])
#: Draws of 2 or 3 members, and one of 4 with a class each.
SMALL = range(54)
LARGER = {"four": (4, 6, 6, 2), "five": (5, 4, 6, 2)}


def budget() -> Budget:
    return Budget(Limits(time_limit=None))


def drawn(name: int | str) -> Problem:
    if isinstance(name, int):
        return problem(small(name))
    states, programmes, years, classes = LARGER[name]
    return problem(synthetic(states=states, programmes=programmes, years=years, classes=classes, seed=3))


@cache
def complete(name: int | str) -> Formulation:
    model = drawn(name)
    return formulate(model, blocks(model, "joint"), "joint")


@cache
def coalitions(name: int | str) -> Coalitions:
    return Coalitions(complete(name).problem)


def listed_few(form: Formulation) -> Formulation:
    return formulate(form.problem, blocks(form.problem, "joint", first_listed(form.problem)), "joint")


def duals(form: Formulation, seed: int) -> np.ndarray:
    """Duals of the shared rows with the signs that their limits allow."""
    rng = np.random.default_rng(seed)
    lower, upper = form.program.row_lower[form.shared], form.program.row_upper[form.shared]
    size = rng.choice([1e-4, 1e-3, 1e-2]) * rng.exponential(size=len(lower))
    sign = np.where(lower == -INF, -1.0, np.where(upper == INF, 1.0, rng.choice([-1.0, 1.0], len(lower))))
    return size * sign


@pytest.mark.parametrize("name", [*SMALL, *LARGER])
def test_least_prices_over_all_coalitions_are_those_of_the_full_list(name: int | str) -> None:
    form = complete(name)
    size = np.diff(form.blocks.member_start)
    together = size > 1
    for seed in range(3):
        dual = duals(form, seed)
        every = np.zeros(len(form.program.row_lower))
        every[form.shared] = dual
        value = price_blocks(form, form.costs[0] - form.program.matrix.transpose_times(every)).value
        expected = np.zeros((len(form.problem.programmes), len(form.problem.states) + 1))
        np.minimum.at(expected, (form.blocks.programme[together], size[together]), value[together])
        nothing = Listed.of([])
        offers = coalitions(name).price(dual, 0, nothing)
        assert offers.least == pytest.approx(expected, abs=1e-9)
        found = form.blocks.find(offers.listed)
        assert len(found) == len(offers.listed.step)
        assert (value[found] < 0).all()
        again = coalitions(name).price(dual, 0, offers.listed).listed
        assert not set(map(tuple, again.table())) & set(map(tuple, offers.listed.table()))


@pytest.mark.parametrize("name", [*SMALL, *LARGER])
def test_bound_of_a_short_list_is_the_value_over_all_columns_of_all_coalitions(name: int | str) -> None:
    form = complete(name)
    expected = least_over_all_columns(name)
    few = listed_few(form)
    relaxed = relax(form.problem, budget())
    assert relaxed is not None
    master = Master(few, 0, OPEN, budget(), coalitions(name), relaxed.dual)
    bounds: list[float] = []
    master.seed()
    master.solve(1.0, lambda _, bound: bounds.append(bound), gap=1e-9)
    assert bounds == sorted(bounds)
    assert bounds[-1] <= expected + 1e-7
    assert master.bound == pytest.approx(expected, rel=1e-6, abs=1e-6)
    assert master.value == pytest.approx(expected, rel=1e-6, abs=1e-6)


@cache
def least_over_all_columns(name: int | str) -> float:
    form = complete(name)
    every = np.arange(len(form.program.cost))
    return Restricted(form, 0, OPEN, every, budget(), whole=False).session.lp().value


@pytest.mark.parametrize("name", [0, 3, 7, "four"])
@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_any_duals_bound_every_plan(name: int | str, seed: int) -> None:
    form = complete(name)
    master = Master(form, 0, OPEN, budget())
    master.bound_at(duals(form, seed))
    assert master.bound <= least_over_all_columns(name) + 1e-7


@pytest.mark.parametrize("name", [2, "four"])
def test_a_longer_list_keeps_every_column_and_row(name: int | str) -> None:
    full = complete(name)
    few = listed_few(full)
    move = Transfer.between(few, full)
    rng = np.random.default_rng(0)
    values = rng.random(len(few.program.cost))
    activity = few.program.matrix.times(values)
    moved = full.program.matrix.times(move.values(values))
    assert moved[move.row] == pytest.approx(activity)
    assert np.abs(moved).sum() == pytest.approx(np.abs(activity).sum())
    assert (full.program.row_upper[move.row] == few.program.row_upper).all()


def test_gains_split_members_into_coalitions() -> None:
    form = complete("four")
    value = np.zeros(len(form.at.x))
    size = np.diff(form.blocks.member_start)
    one = form.blocks.programme == 0
    alone = np.flatnonzero(one & (size == 1))
    value[alone[form.blocks.member_state[form.blocks.member_start[alone]] == 0]] = -1.0
    assert gains(form, value) == pytest.approx(-1.0)
    larger = np.zeros((len(form.problem.programmes), 5))
    larger[0, 3], larger[0, 2] = -5.0, -2.0
    # three together and the first alone, or two pairs: 6 beats 4
    assert gains(form, value, larger) == pytest.approx(-6.0)
    larger[0, 2] = -3.5
    assert gains(form, value, larger) == pytest.approx(-7.0)


def test_a_full_list_is_as_long_as_told_at_most() -> None:
    for name in (0, 1, "four"):
        form = complete(name)
        assert len(form.blocks.member_block) <= slots(form.problem, "joint")


@pytest.mark.parametrize("name", [0, 7, "four"])
def test_a_master_made_up_anew_each_time_bounds_as_well(
    name: int | str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(generate, "LARGE", 0)
    few = listed_few(complete(name))
    relaxed = relax(few.problem, budget())
    assert relaxed is not None
    master = Master(few, 0, OPEN, budget(), coalitions(name), relaxed.dual)
    master.seed()
    master.solve(1.0, gap=1e-4)
    expected = least_over_all_columns(name)
    assert master.bound <= expected + 1e-7
    assert master.bound == pytest.approx(expected, rel=2e-3, abs=1e-6)


@pytest.mark.parametrize(
    "changed", [{"states": 0}, {"years": 0}, {"classes": -1}, {"money": 0.0}, {"lines": -0.5}]
)
def test_sizes_that_make_no_region_are_refused(changed: dict[str, float]) -> None:
    with pytest.raises(BadInput, match="no region of"):
        synthetic(**changed)

"""The bound by block generation, against the linear programme over all columns and scipy's over one block."""

from functools import cache

import numpy as np
import pytest
from scipy.optimize import linprog

from vallum.model.procurement.formulation import Formulation, formulate
from vallum.model.procurement.generate import Master
from vallum.model.procurement.pricing import Mode, blocks
from vallum.model.procurement.problem import problem
from vallum.model.procurement.reduced import price_blocks
from vallum.model.procurement.search import Restricted
from vallum.region import Region
from vallum.region.synthetic import small, synthetic
from vallum.solve import Budget, Limits

INF = float("inf")
REGIONS = {f"small {seed}": lambda seed=seed: small(seed) for seed in range(12)}
REGIONS["medium"] = lambda: synthetic(states=3, programmes=12, years=8)
MODES: tuple[Mode, ...] = ("national", "joint")


@cache
def formulation(name: str, mode: Mode) -> Formulation:
    region: Region = REGIONS[name]()
    model = problem(region)
    return formulate(model, blocks(model, mode), mode)


def budget() -> Budget:
    return Budget(Limits(time_limit=None))


def full(form: Formulation, level: int, caps: np.ndarray) -> float:
    every = np.arange(len(form.program.cost))
    answer = Restricted(form, level, caps, every, budget(), whole=False).session.lp()
    assert answer.status == "optimal"
    return answer.value


def generated(form: Formulation, level: int, caps: np.ndarray) -> Master:
    master = Master(form, level, caps, budget())
    master.seed()
    if level:
        # a first master that keeps the cap: all blocks and the columns of level 1's solution
        every = np.arange(len(form.program.cost))
        answer = Restricted(form, 0, np.array([INF, INF]), every, budget(), whole=False).session.lp()
        assert answer.x is not None
        master.activate(np.arange(len(form.at.x)))
        master.add(np.flatnonzero(answer.x > 0))
    master.solve(1.0, gap=1e-9)
    return master


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("name", REGIONS)
def test_bound_of_shortfall_is_the_value_over_all_columns(name: str, mode: Mode) -> None:
    form = formulation(name, mode)
    open_ = np.array([INF, INF])
    expected = full(form, 0, open_)
    master = generated(form, 0, open_)
    assert master.value == pytest.approx(expected, rel=1e-6, abs=1e-6)
    assert master.bound == pytest.approx(expected, rel=1e-6, abs=1e-6)
    assert master.bound <= expected + 1e-7


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("name", ["small 0", "small 7", "medium"])
def test_bound_of_cost_is_the_value_over_all_columns(name: str, mode: Mode) -> None:
    form = formulation(name, mode)
    caps = np.array([full(form, 0, np.array([INF, INF])) * 1.01 + 1e-6, INF])
    expected = full(form, 1, caps)
    master = generated(form, 1, caps)
    assert master.bound == pytest.approx(expected, rel=1e-6, abs=1e-5)


@pytest.mark.parametrize("mode", MODES)
def test_a_bound_cut_short_is_still_below(mode: Mode) -> None:
    form = formulation("medium", mode)
    open_ = np.array([INF, INF])
    expected = full(form, 0, open_)
    bounds: list[float] = []
    master = Master(form, 0, open_, budget())
    master.seed()
    master.solve(1.0, lambda _, bound: bounds.append(bound))
    assert len(bounds) > 1
    assert all(bound <= expected + 1e-7 for bound in bounds)
    assert bounds == sorted(bounds)


def least_of_block(form: Formulation, a: int, reduced: np.ndarray) -> float:
    """Choose block a at its least reduced cost: members' shares sum to one, the edge is reached."""
    b, at = form.blocks, form.at
    cost, equal, edge = [], [], []
    members = b.members_of(np.array([a]))
    for place, m in enumerate(members):
        for e in range(b.entry_start[m], b.entry_start[m + 1]):
            for column, quantity in ((at.low[e], b.least[m]), (at.high[e], b.greatest[m])):
                if column >= 0:
                    cost.append(reduced[column])
                    equal.append([float(i == place) for i in range(len(members))])
                    edge.append(quantity)
    found = linprog(
        cost, A_eq=np.array(equal).T, b_eq=np.ones(len(members)), A_ub=-np.array([edge]),
        b_ub=[-(b.edge[a] - b.partner_quantity[a]) + 1e-12], method="highs",
    )  # fmt: skip
    assert found.status == 0
    return float(reduced[at.x[a]] + found.fun)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(("name", "seed"), [("small 1", 0), ("small 3", 1), ("small 7", 2), ("medium", 3)])
def test_closed_form_prices_equal_linear_programmes(name: str, seed: int, mode: Mode) -> None:
    form = formulation(name, mode)
    rng = np.random.default_rng(seed)
    reduced = rng.normal(size=len(form.program.cost))
    priced = price_blocks(form, reduced)
    asked = rng.permutation(len(form.at.x))[:60]
    expected = [least_of_block(form, int(a), reduced) for a in asked]
    assert priced.value[asked] == pytest.approx(expected, abs=1e-8)

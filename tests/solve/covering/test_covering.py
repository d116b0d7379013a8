"""What a siting is worth, its gains, greedy purchases, and bounds from any prices."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_array

from tests.solve.covering import plain
from tests.solve.covering.made import Shape, made, spread
from vallum.solve import Budget, Limits
from vallum.solve.covering import Cover, greedy, greedy_path, rows, solve, value
from vallum.solve.covering.cuts import separate
from vallum.solve.covering.lagrangian import Lagrangian
from vallum.solve.covering.pricing import generate
from vallum.solve.covering.programme import Programme
from vallum.solve.covering.state import State
from vallum.solve.covering.tables import tables
from vallum.solve.covering.units import affordable, expand

SEEDS = st.integers(0, 10_000)
MIXED = Shape(rows=8, options=7, kinds=4, most=3, depth=3)


def two_kinds() -> Cover:
    """Two rows (weights 3 and 1), an option of each kind; sights 0.8 and 0.5; half for one, half for two."""
    return Cover(
        share=csr_array([[0.5, 1.0], [0.0, 1.0]]),
        kind=np.array([0, 1]),
        sight=np.array([[0.8, 0.5], [0.8, 0.5]]),
        weight=np.array([3.0, 1.0]),
        depth=np.array([0.5, 0.5]),
        most=np.array([3, 1]),
        cost=np.array([1.0, 2.0]),
        spend=np.array([[True, True]]),
        budget=np.array([4.0]),
    )


def siting(problem: Cover, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, problem.most + 1)


def test_worth_by_hand() -> None:
    problem, x = two_kinds(), np.array([1, 1])
    found = rows(problem, x)
    assert found.y.tolist() == [[0.5, 1.0], [0.0, 1.0]]
    # chances 0.4 and 0.5 in the first row: one 1 - 0.6 * 0.5 = 0.7, both 0.2; only 0.5 in the second
    assert found.seen == pytest.approx(np.array([[0.7, 0.2], [0.5, 0.0]]))
    assert value(problem, x) == pytest.approx((3 * 0.45 + 1 * 0.25) / 4)
    # three units cover no more than two
    assert value(problem, np.array([3, 1])) == value(problem, np.array([2, 1]))


def test_the_worst_loss_counts() -> None:
    problem = replace(two_kinds(), lost=(0, 1))
    # without the first kind 0.25 in both rows; without the second 0.8 * 0.5 / 2 in the first of weight 3 / 4
    assert value(problem, np.array([1, 1])) == pytest.approx(min(0.25, 0.75 * 0.2))


def test_greedy_by_hand() -> None:
    # a unit of the first option gains 0.75 * 0.2 = 0.15 for 1, the second option 0.25 for 2
    path = greedy_path(two_kinds())
    assert [one.option for one in path] == [0, 0, 1]
    assert [one.spent for one in path] == [1.0, 2.0, 4.0]
    assert [one.value for one in path] == pytest.approx([0.15, 0.3, (3 * 0.65 + 1 * 0.25) / 4])
    assert greedy(two_kinds()).tolist() == [2, 1]


def test_a_path_goes_from_what_stands_to_what_may_stand() -> None:
    problem = made(MIXED, 3)
    whole = greedy(problem)
    stands = np.minimum(whole, 1)
    stands[::2] = 0
    path = greedy_path(problem, start=stands, most=whole)
    after = stands.copy()
    for one in path:
        after[one.option] += 1
        assert one.value == pytest.approx(value(problem, after))
        assert one.spent == pytest.approx(float(problem.cost @ after))
    assert (after <= whole).all()
    assert value(problem, after) == pytest.approx(value(problem, whole))


@given(SEEDS, SEEDS)
@settings(max_examples=60, deadline=None)
def test_worth_is_that_of_the_definition(seed: int, other: int) -> None:
    problem = made(replace(MIXED, lost=seed % 3), seed)
    x = siting(problem, other)
    expected = plain.least(problem, x.tolist())
    assert value(problem, x) == pytest.approx(expected, abs=1e-12)
    assert tables(problem).value(x) == pytest.approx(expected, abs=1e-12)


@given(SEEDS, SEEDS)
@settings(max_examples=40, deadline=None)
def test_more_units_gain_and_gain_less_than_before(seed: int, other: int) -> None:
    problem = made(MIXED, seed)
    high = siting(problem, other)
    low = np.random.default_rng(other + 1).integers(0, high + 1)
    for option in range(problem.options):
        one = np.eye(problem.options, dtype=np.int64)[option]
        above, below = (value(problem, x + one) - value(problem, x) for x in (high, low))
        assert -1e-12 <= above <= below + 1e-12


@given(SEEDS)
@settings(max_examples=25, deadline=None)
def test_gains_stay_right_from_step_to_step(seed: int) -> None:
    problem = made(replace(MIXED, lost=2), seed)
    rng = np.random.default_rng(seed)
    state = State(problem, tables(problem))
    for _ in range(12):
        option = int(rng.integers(problem.options))
        state.step(option, -1 if state.x[option] and rng.random() < 0.4 else 1)
        assert state.value == pytest.approx(value(problem, state.x), abs=1e-12)
    alone = [replace(problem, lost=(c,)) for c in problem.lost]
    for option in range(problem.options):
        more = state.x + np.eye(problem.options, dtype=np.int64)[option]
        expected = [value(one, more) - value(one, state.x) for one in alone]
        assert state.gains[:, option] == pytest.approx(expected, abs=1e-12)


@given(SEEDS)
@settings(max_examples=25, deadline=None)
def test_any_prices_prove_a_bound(seed: int) -> None:
    problem = made(Shape(options=6, most=2, lost=seed % 3), seed)
    units = expand(problem, tables(problem), affordable(problem))
    rng = np.random.default_rng(seed)
    cases, height, _ = units.box.worth.shape
    prices = Lagrangian(units, problem.budget).prove(
        rng.random(cases) + 0.01,
        rng.random(len(problem.budget)),
        rng.random((height, units.box.kinds)) / max(height, 1),
    )
    best = plain.greatest(problem)
    assert prices.bound >= best - 1e-12
    # no siting as good as the best has a unit that falls short by more than the gap
    kept = units.siting((prices.reduced >= best - prices.bound - 1e-9).astype(float)).astype(np.int64)
    assert plain.greatest(replace(problem, most=kept)) == pytest.approx(best)


def test_few_units_prove_what_all_prove() -> None:
    for seed, lost in ((1, ()), (2, (0, 3)), (3, ())):
        problem = replace(spread(seed), lost=lost)
        units = expand(problem, tables(problem), affordable(problem))
        limit, budget = problem.ceiling(), Budget(Limits())
        relaxed = Programme(units, limit, budget).relax()
        heard: list[float] = []
        found = generate(units, limit, budget, -units.cost, 30, heard.append)
        assert relaxed is not None
        assert found is not None
        assert relaxed.bound - 1e-7 <= found.bound <= relaxed.bound * (1.0 + 2e-4)
        assert heard == sorted(heard, reverse=True)
        assert (problem.spend @ (problem.cost * units.siting(found.part)) <= limit + 1e-6).all()


@given(SEEDS)
@settings(max_examples=25, deadline=None)
def test_lean_prices_prove_no_less(seed: int) -> None:
    problem = made(replace(MIXED, lost=seed % 3), seed)
    units = expand(problem, tables(problem), affordable(problem))
    rng = np.random.default_rng(seed)
    whole = Lagrangian(units, problem.budget)
    cases, height, _ = units.box.worth.shape
    alpha, nu, mu = np.ones(cases), rng.random(len(problem.budget)), rng.random((height, 4)) / 4.0
    lean = whole.lean(alpha, mu, np.ones_like(mu, np.bool_))
    assert (lean <= mu).all()
    assert whole.prove(alpha, nu, lean).bound <= whole.prove(alpha, nu, mu).bound + 1e-12


@example(37)
@given(SEEDS)
@settings(max_examples=25, deadline=None)
def test_no_siting_is_cut_off_but_the_one_that_was_said_to_be_worth_more(seed: int) -> None:
    problem = made(Shape(rows=4, options=5, most=2, lost=seed % 3), seed)
    units = expand(problem, tables(problem), affordable(problem))
    if not units.box.worth.shape[1]:  # nothing can be covered: solved without a programme
        assert solve(problem, Limits()).value == plain.greatest(problem)
        return
    programme = Programme(units, problem.budget, Budget(Limits()))
    relaxed = programme.relax()
    assert relaxed is not None
    cuts = separate(units, relaxed.part, relaxed.theta)
    point = np.concatenate((relaxed.part, relaxed.theta.ravel()))
    assert (cuts.matrix @ point > cuts.limit).all()
    for other in range(20):
        x = np.minimum(siting(problem, other), affordable(problem))
        assert (cuts.matrix @ programme.point(x)[:-1] <= cuts.limit + 1e-9).all()


def test_rows_and_options_without_a_use_do_no_harm() -> None:
    problem = made(MIXED, 5)
    dense = problem.share.toarray()
    dense[2] = 0.0
    dense[:, 1] = 0.0
    bare = replace(problem, share=csr_array(dense), weight=np.where(np.arange(8) == 4, 0.0, problem.weight))
    assert solve(bare, Limits(gap=0.0)).value == pytest.approx(plain.greatest(bare), abs=1e-6)
    nothing = replace(problem, weight=np.zeros(8))
    found = solve(nothing, Limits())
    assert (found.value, found.bound, found.gap, found.status) == (0.0, 0.0, 0.0, "optimal")
    assert solve(replace(problem, budget=np.zeros(2)), Limits()).x.sum() == 0


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"kind": np.array([0, 2])}, "kind"),
        ({"sight": np.array([[0.8, 1.5], [0.8, 0.5]])}, "sight"),
        ({"weight": np.array([3.0, -1.0])}, "weight"),
        ({"weight": np.array([3.0])}, r"shape \(1,\)"),
        ({"depth": np.array([0.2, 0.5])}, "depth"),
        ({"most": np.array([1, -1])}, "most"),
        ({"cost": np.array([1.0, 0.0])}, "cost"),
        ({"budget": np.array([np.nan])}, "budget"),
        ({"share": csr_array([[0.5, -1.0], [0.0, 1.0]])}, "share"),
        ({"lost": (2,)}, "lost"),
        ({"sight": np.ones((2, 7))}, "7 kinds"),
    ],
)
def test_senseless_numbers_are_refused(change: dict[str, object], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        replace(two_kinds(), **change)

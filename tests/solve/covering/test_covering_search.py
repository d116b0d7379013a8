"""The search at sizes that nobody counts through: peers, limits, and how it ends."""

import threading
from dataclasses import replace

import numpy as np
import pytest
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import block_array, csr_array, eye_array

from tests.solve.covering import plain
from tests.solve.covering.made import Shape, made, spread
from vallum.solve import Cancel, Limits
from vallum.solve.covering import Cover, greedy, solve, upper_bound, value


def plane(seed: int, points: int = 300, sites: int = 60, count: int = 6, radius: float = 0.12) -> Cover:
    """The maximal covering problem of Church and ReVelle on random points of a square."""
    rng = np.random.default_rng(seed)
    near = np.linalg.norm(rng.random((points, 1, 2)) - rng.random((1, sites, 2)), axis=2) <= radius
    return Cover(
        share=csr_array(near.astype(float)), kind=np.zeros(sites, np.int64), sight=np.ones((points, 1)),
        weight=rng.integers(1, 50, points), depth=np.ones(1), most=np.ones(sites, np.int64),
        cost=np.ones(sites), spend=np.ones((1, sites), bool), budget=np.array([float(count)]),
    )  # fmt: skip


def textbook(problem: Cover) -> float:
    """The programme of Church and ReVelle (1974), solved by SciPy: z <= sum of x near, sum of x <= count."""
    points, sites = problem.share.shape
    matrix = block_array([[-problem.share, eye_array(points)], [np.ones((1, sites)), None]])
    upper = np.concatenate((np.zeros(points), problem.budget))
    found = milp(
        np.concatenate((np.zeros(sites), -problem.weight)), integrality=np.arange(sites + points) < sites,
        bounds=Bounds(0.0, 1.0), constraints=LinearConstraint(csr_array(matrix), ub=upper),
    )  # fmt: skip
    return -float(found.fun) / float(problem.weight.sum())


@pytest.mark.parametrize("seed", range(5))
def test_the_textbook_programme_finds_the_same(seed: int) -> None:
    problem = plane(seed)
    found = solve(problem, Limits(gap=0.0))
    assert found.status == "optimal"
    assert found.value == pytest.approx(textbook(problem), abs=1e-6)
    assert plain.fits(problem, found.x.tolist())


def test_a_larger_siting_is_what_it_says() -> None:
    problem = spread(1)
    heard: list[tuple[float, float]] = []
    found = solve(problem, Limits(time_limit=None, work=6), progress=lambda *now: heard.append(now))
    assert plain.fits(problem, found.x.tolist())
    assert found.value == pytest.approx(plain.worth(problem, found.x.tolist()), abs=1e-12)
    assert found.value >= value(problem, greedy(problem))
    assert found.bound >= found.value
    assert found.gap == pytest.approx((found.bound - found.value) / found.value)
    assert found.bound <= upper_bound(problem) + 1e-9
    values, bounds = zip(*heard, strict=True)
    assert list(values) == sorted(values)
    assert list(bounds) == sorted(bounds, reverse=True)


def test_the_same_work_and_seed_give_the_same() -> None:
    problem = spread(2)
    one, two = (solve(problem, Limits(time_limit=None, work=4, seed=4)) for _ in range(2))
    assert (one.x == two.x).all()
    assert (one.value, one.bound, one.status) == (two.value, two.bound, two.status)


def test_it_ends_as_the_limits_say() -> None:
    problem = spread(3)
    cancel = Cancel()
    cancel.set()
    stopped = solve(problem, Limits(gap=0.0), cancel=cancel)
    assert stopped.status == "interrupted"
    assert plain.fits(problem, stopped.x.tolist())
    assert stopped.bound >= stopped.value > 0
    assert solve(problem, Limits(time_limit=0.0, gap=0.0)).status == "time limit"
    assert solve(problem, Limits(time_limit=None, work=1, gap=0.0)).status == "work limit"
    assert solve(problem, Limits(gap=0.5)).status == "optimal"


def test_a_cancelled_search_keeps_its_best() -> None:
    problem, cancel = spread(4), Cancel()
    timer = threading.Timer(0.5, cancel.set)
    timer.start()
    found = solve(problem, Limits(time_limit=None, gap=0.0), cancel=cancel)
    timer.join()
    assert found.status in ("interrupted", "optimal")
    assert found.value >= value(problem, greedy(problem))


def test_it_begins_from_a_siting_and_refuses_one_that_costs_too_much() -> None:
    problem = spread(5)
    good = solve(problem, Limits(time_limit=None, work=6)).x
    again = solve(problem, Limits(time_limit=0.0), start=good)
    assert again.value >= value(problem, good)
    with pytest.raises(ValueError, match="does not fit"):
        solve(replace(problem, budget=problem.budget / 100.0), Limits(), start=good)


def test_more_money_is_never_worth_less() -> None:
    problem = plane(9)
    found = [solve(replace(problem, budget=np.array([b])), Limits(gap=0.0)).value for b in (2.0, 4.0, 8.0)]
    assert found == sorted(found)


def test_the_order_of_options_and_rows_does_not_matter() -> None:
    problem = made(Shape(rows=20, options=9, kinds=3, most=2), 7)
    rng = np.random.default_rng(0)
    r, o = rng.permutation(20), rng.permutation(9)
    mixed = replace(
        problem, share=csr_array(problem.share.toarray()[r][:, o]), kind=problem.kind[o], sight=problem.sight[r],
        weight=problem.weight[r], most=problem.most[o], cost=problem.cost[o], spend=problem.spend[:, o],
    )  # fmt: skip
    values = [solve(one, Limits(gap=0.0)).value for one in (problem, mixed)]
    assert values[0] == pytest.approx(values[1], abs=1e-6)

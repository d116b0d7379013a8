"""The relaxation bounds every plan, and prices alone prove it."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.portfolio.helpers import best_of_all, problem_of, relaxed, tiny, whole
from vallum.solve import Budget, Limits
from vallum.solve.portfolio.arrays import Guide
from vallum.solve.portfolio.loss import price
from vallum.solve.portfolio.problem import Portfolio
from vallum.solve.portfolio.relaxation import Duals, cliques, relax, steps, unpriced
from vallum.solve.portfolio.sharpen import Sharpening
from vallum.solve.portfolio.starts import allowed_starts, prerequisites_of


@pytest.mark.parametrize("seed", range(12))
def test_the_programme_with_whole_columns_is_the_problem(seed: int) -> None:
    document = tiny(seed, 5, 3, loose=0.8 if seed % 2 else 4.0)
    assert whole(problem_of(document)) == pytest.approx(best_of_all(document), abs=1e-5)


@pytest.mark.parametrize("seed", range(25))
def test_prices_alone_prove_the_bound(seed: int) -> None:
    problem = problem_of(tiny(seed, 12, 5, needs=1.2))
    _, _, found, losses = relaxed(problem)
    assert losses.bound == pytest.approx(found.value, rel=1e-6)
    assert losses.bound >= whole(problem) - 1e-5


def test_some_instances_have_two_prerequisites_and_totals_that_bind() -> None:
    problems = [problem_of(tiny(seed, 12, 5, needs=1.2)) for seed in range(25)]
    assert any(max(map(len, prerequisites_of(problem))) == 2 for problem in problems)
    assert problem_of(tiny(1, loose=0.8)).totals_bind
    assert not problem_of(tiny(1)).totals_bind


def forced(problem: Portfolio, j: int, s: int | None) -> float:
    """Bound of the relaxation when project j starts in s, or stays out."""
    allowed = allowed_starts(problem)
    if s is None:
        allowed[j] = False
    made = steps(problem, allowed)
    columns = np.flatnonzero(made.project == j)
    lower, upper = made.program.lower.copy(), made.program.upper.copy()
    if s is not None:
        lower[columns[made.start[columns] >= s]] = 1.0
        upper[columns[made.start[columns] < s]] = 0.0
    from vallum.solve.highs import Session

    program = made.program
    session = Session(
        program.cost, lower, upper, program.matrix, program.row_lower, program.row_upper,
        Budget(Limits(time_limit=None)),
    )  # fmt: skip
    return -session.lp().value


@pytest.mark.parametrize("seed", range(4))
def test_a_loss_never_says_more_than_the_relaxation_with_the_choice_forced(seed: int) -> None:
    problem = problem_of(tiny(seed, 6, 3, needs=1.0))
    allowed, _, _, losses = relaxed(problem)
    for j, s in np.argwhere(allowed).tolist():
        assert losses.bound - losses.start[j, s] >= forced(problem, j, s) - 1e-5
    assert np.isinf(losses.start[~allowed]).all()


@pytest.mark.parametrize("seed", range(6))
def test_losses_are_exact_at_their_prices(seed: int) -> None:
    """By looking at every plan of the trees that keeps prerequisites, at random prices."""
    problem = problem_of(tiny(seed, 4, 3, needs=0.6))
    allowed = allowed_starts(problem)
    made = steps(problem, allowed)
    rng = np.random.default_rng(seed)
    duals = Duals(
        rng.uniform(0, 1, len(problem.capacity)), rng.uniform(0, 9, len(made.cliques)),
        rng.uniform(0, 3, len(made.links)),
    )  # fmt: skip
    losses = price(problem, allowed, made, duals)
    first = [needed[0] if needed else -1 for needed in prerequisites_of(problem)]
    best: dict[tuple[int, int], float] = {}
    for start in itertools.product(range(-1, problem.planning), repeat=problem.projects):
        worth = _lagrangian(problem, allowed, made.cliques, made.links.tolist(), duals, first, start)
        for key in enumerate(start):
            best[key] = max(best.get(key, -np.inf), worth)
    assert losses.bound == pytest.approx(max(best.values()))
    for (j, s), worth in best.items():
        loss = losses.never[j] if s < 0 else losses.start[j, s]
        assert losses.bound - loss == pytest.approx(worth)


def _lagrangian(problem, allowed, groups, links, duals, first, start) -> float:
    for j, s in enumerate(start):
        if s >= 0 and not allowed[j, s]:
            return -np.inf
        q = first[j]
        if s >= 0 and q >= 0 and not 0 <= start[q] <= s - problem.duration[q]:
            return -np.inf
    plan = np.array(start)
    total = problem.worth_of(plan) + duals.budget @ (problem.capacity - problem.use(plan))
    for group, dual in zip(groups, duals.clique, strict=True):
        total += dual * (1 - sum(start[j] >= 0 for j in group))
    for (j, s, q, t), dual in zip(links, duals.extra, strict=True):
        total += dual * ((0 <= start[q] <= t) - (0 <= start[j] <= s))
    return float(total)


@given(st.integers(0, 10**6), st.floats(0.0, 5.0))
@settings(max_examples=20, deadline=None)
def test_any_prices_prove_a_bound(seed: int, scale: float) -> None:
    problem = problem_of(tiny(seed, 5, 3, needs=1.0))
    allowed = allowed_starts(problem)
    made = steps(problem, allowed)
    rng = np.random.default_rng(seed)
    duals = Duals(
        scale * rng.uniform(0, 1, len(problem.capacity)), scale * rng.uniform(0, 9, len(made.cliques)),
        scale * rng.uniform(0, 3, len(made.links)),
    )  # fmt: skip
    assert price(problem, allowed, made, duals).bound >= whole(problem) - 1e-5


def test_the_interior_point_method_proves_nearly_the_same_bound() -> None:
    problem = problem_of(tiny(3, 30, 6))
    allowed, made, found, _ = relaxed(problem)
    inner = relax(made, allowed, Budget(Limits(time_limit=None)), interior=True)
    bound = price(problem, allowed, made, inner.duals).bound
    assert found.value - 1e-6 <= bound <= found.value * (1 + 1e-5)


@pytest.mark.parametrize("seed", range(6))
def test_a_sharper_bound_is_still_one(seed: int) -> None:
    problem = problem_of(tiny(seed, 14, 5, needs=1.2))
    _, _, found, losses = relaxed(problem)
    guide = Guide(losses.start, losses.never, found.duals.budget)
    sharper = Sharpening(problem, guide, losses.bound, Budget(Limits(time_limit=None)), 10.0)
    sharper.run()
    assert whole(problem) - 1e-5 <= sharper.bound <= losses.bound


def test_without_prices_the_bound_is_a_plan_without_budgets() -> None:
    document = tiny(2, 4, 3)
    problem = problem_of(document)
    allowed = allowed_starts(problem)
    made = steps(problem, allowed)
    nothing = unpriced(made, allowed)
    assert price(problem, allowed, made, nothing.duals).bound >= best_of_all(document)
    assert not nothing.x.any()


def test_cliques_cover_every_pair_by_sets_that_exclude_one_another() -> None:
    document = tiny(0, 7, 3)
    pairs = [(0, 1), (0, 2), (1, 2), (2, 3), (4, 5)]
    for project in document["projects"]:
        project["excl"] = []
    for one, other in pairs:
        document["projects"][one]["excl"].append(other)
    found = cliques(problem_of(document))
    assert found == ((0, 1, 2), (2, 3), (4, 5))


def test_the_pre_pass_forbids_what_no_plan_can_hold() -> None:
    document = tiny(0, 4, 3, needs=0.0)
    for project in document["projects"]:
        project.update(duration=1, cost=[1.0], value=[1.0], excl=[], prereq=[], stream=0)
    document["projects"][1]["prereq"] = [0]
    document["projects"][2].update(prereq=[0, 1], excl=[0])
    document["projects"][3]["cost"] = [1e6]
    allowed = allowed_starts(problem_of(document))
    assert allowed[0].tolist() == [True, True, True]
    assert allowed[1].tolist() == [False, True, True]
    assert not allowed[2].any(), "it needs what it excludes"
    assert not allowed[3].any(), "it costs more than there is"

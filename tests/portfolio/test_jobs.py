"""The two kernels, in this process: every plan keeps all rules, and the best is found where all can be seen."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.portfolio.helpers import best_of_all, guide_of, problem_of, starts_of, tiny
from vallum.plan.audit.portfolio import audit_starts
from vallum.solve.portfolio.arrays import Guide, fitted, rounded
from vallum.solve.portfolio.job import Job, Progress, run
from vallum.solve.portfolio.problem import NEVER, Portfolio
from vallum.solve.portfolio.starts import allowed_starts

ANNEAL = Job("anneal", np.empty(0, np.int64), 0, 50.0, loss=1e9, moves=4_000)
EXCHANGE = Job("exchange", np.empty(0, np.int64), 0, 50.0, moves=40_000)


def everything(problem: Portfolio) -> Guide:
    """A guide whose losses leave out nothing, in units of which all temperatures are small."""
    guide = guide_of(problem)
    loss = np.where(np.isfinite(guide.loss), guide.loss * 1e-3, np.inf)
    return replace(guide, loss=loss, never=guide.never * 1e-3)


def results(problem: Portfolio, job: Job) -> list[Progress]:
    nothing = np.full(problem.projects, NEVER)
    return list(run(problem, everything(problem), replace(job, start=nothing)))


@given(st.integers(0, 10**6), st.sampled_from([ANNEAL, EXCHANGE]), st.booleans())
@settings(max_examples=60, deadline=None)
def test_every_plan_told_passes_the_audit(seed: int, job: Job, totals: bool) -> None:
    document = tiny(seed, 9, 4, needs=1.2, loose=0.8 if totals else 4.0)
    problem = problem_of(document)
    told = results(problem, replace(job, seed=seed))
    assert told[-1].done
    for progress in told:
        if progress.value < 0:
            continue
        answer = audit_starts(document, starts_of(problem, progress.start))
        assert answer.breaches == ()
        assert answer.value == pytest.approx(progress.value)


@pytest.mark.parametrize("seed", range(10))
def test_the_anneal_finds_the_best_of_all_plans(seed: int) -> None:
    document = tiny(seed, 5, 3, needs=1.0)
    problem = problem_of(document)
    found = max(results(problem, replace(ANNEAL, seed=s, moves=20_000))[-1].value for s in range(3))
    assert found == pytest.approx(best_of_all(document))


@pytest.mark.parametrize("seed", range(6))
def test_exchanges_find_the_best_where_no_rule_ties_projects(seed: int) -> None:
    document = tiny(seed, 5, 3, needs=0.0)
    for project in document["projects"]:
        project["excl"] = []
    found = results(problem_of(document), replace(EXCHANGE, moves=300_000))[-1].value
    assert found == pytest.approx(best_of_all(document))


@pytest.mark.parametrize("job", [ANNEAL, EXCHANGE])
def test_a_seed_repeats_itself(job: Job) -> None:
    problem = problem_of(tiny(8, 20, 6))
    one, other = results(problem, job), results(problem, job)
    assert [(p.value, p.start.tolist()) for p in one] == [(p.value, p.start.tolist()) for p in other]


@pytest.mark.parametrize("job", [ANNEAL, EXCHANGE])
def test_a_job_by_the_clock_ends(job: Job) -> None:
    assert results(problem_of(tiny(8, 20, 6)), replace(job, moves=None, seconds=0.05))[-1].done


@given(st.integers(0, 10**6))
@settings(max_examples=25, deadline=None)
def test_any_starts_can_be_made_a_plan(seed: int) -> None:
    problem = problem_of(tiny(seed, 12, 4, needs=1.2))
    rng = np.random.default_rng(seed)
    given_starts = rng.integers(-1, problem.planning, problem.projects)
    made = fitted(problem, allowed_starts(problem), given_starts, rng.random(problem.projects))
    assert problem.fits(made)
    assert ((made == given_starts) | (made == NEVER)).all()
    again = fitted(problem, allowed_starts(problem), made, rng.random(problem.projects))
    assert (again == made).all(), "a plan that fits stays as it is"


def test_rounding_keeps_rules_between_projects() -> None:
    problem = problem_of(tiny(5, 14, 5, needs=1.2))
    made = rounded(problem, np.random.default_rng(1).random((problem.projects, problem.planning)))
    loose = problem.with_budgets(
        np.full(problem.years, 1e9), np.full(problem.years, 1e9), np.full(problem.planning, 1e9),
        np.full(len(problem.streams), 1e9),
    )  # fmt: skip
    late = (made >= 0) & (made + problem.duration > problem.years)
    assert not late.any()
    assert loose.fits(made)

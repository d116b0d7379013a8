"""Tiny instances, and answers by looking at every plan there is."""

import itertools
import json
from typing import Any

import numpy as np

from vallum.plan.audit.portfolio import audit_starts
from vallum.solve import Budget, Limits
from vallum.solve.highs import Session
from vallum.solve.portfolio.arrays import Guide
from vallum.solve.portfolio.loss import Losses, price
from vallum.solve.portfolio.problem import Bools, Ints, Portfolio
from vallum.solve.portfolio.reading import parse
from vallum.solve.portfolio.relaxation import Relaxed, Steps, relax, steps
from vallum.solve.portfolio.starts import allowed_starts


def tiny(
    seed: int,
    projects: int = 5,
    planning: int = 3,
    *,
    needs: float = 0.5,
    tight: float = 0.45,
    loose: float = 4.0,
) -> dict[str, Any]:
    """A random instance; `needs` is the chance of a prerequisite for each earlier project, at most two.

    `tight` scales budgets; `loose` above 1 leaves the total budget to initiation and ongoing budget.
    """
    rng = np.random.default_rng(seed)
    duration = rng.integers(1, 4, projects)
    years = planning + 3
    made = []
    for j in range(projects):
        before = [q for q in range(j) if rng.random() < needs / max(1, j) * 1.5][:2]
        made.append(
            {
                "name": f"P{j}",
                "stream": int(rng.integers(0, 2)),
                "duration": int(duration[j]),
                "cost": rng.integers(0, 30, duration[j]).astype(float).tolist(),
                "value": rng.integers(0, 50, duration[j]).astype(float).tolist(),
                "prereq": before,
                "excl": [],
                "window": None,
            }
        )
    if rng.random() < 0.6:
        one, other = sorted(rng.choice(projects, 2, replace=False).tolist())
        if other not in made[one]["prereq"] and one not in made[other]["prereq"]:
            made[one]["excl"], made[other]["excl"] = [other], [one]
    peak = projects * 15.0 * tight
    initiation = np.round(peak * rng.uniform(0.5, 1.0, years), 3) + 1
    ongoing = np.round(peak * rng.uniform(0.5, 1.0, years), 3) + 1
    return {
        "name": f"tiny {seed}",
        "num_projects": projects,
        "planning_window": planning,
        "budget_window": years,
        "discount_rate": 0.03,
        "budget": np.round(np.minimum(loose, 1.0) * (initiation + ongoing), 3).tolist(),
        "initiation_budget": initiation.tolist(),
        "ongoing_budget": ongoing.tolist(),
        "stream_budgets": [round(peak * planning * 0.6, 3) + 1, round(peak * planning * 0.4, 3) + 1],
        "projects": made,
    }


def problem_of(document: dict[str, Any]) -> Portfolio:
    return parse(json.dumps(document).encode(), "tiny.json")


def starts_of(problem: Portfolio, start: Ints) -> dict[str, int]:
    return {problem.names[j]: int(s) + 1 for j, s in enumerate(start) if s >= 0}


def best_of_all(document: dict[str, Any]) -> float:
    """Value of the best plan, by auditing every vector of starts."""
    names = [project["name"] for project in document["projects"]]
    best = 0.0
    for years in itertools.product(range(document["planning_window"] + 1), repeat=len(names)):
        answer = audit_starts(document, {name: year for name, year in zip(names, years, strict=True) if year})
        if answer.passed:
            best = max(best, answer.value)
    return best


def relaxed(problem: Portfolio) -> tuple[Bools, Steps, Relaxed, Losses]:
    """Starts, programme, its solution, and losses at its prices."""
    allowed = allowed_starts(problem)
    made = steps(problem, allowed)
    found = relax(made, allowed, Budget(Limits(time_limit=None)))
    return allowed, made, found, price(problem, allowed, made, found.duals)


def guide_of(problem: Portfolio) -> Guide:
    _, _, found, losses = relaxed(problem)
    return Guide(losses.start, losses.never, found.duals.budget)


def whole(problem: Portfolio) -> float:
    """Optimum of the step programme with all columns whole, by HiGHS."""
    program = steps(problem, allowed_starts(problem)).program
    session = Session(
        program.cost, program.lower, program.upper, program.matrix, program.row_lower, program.row_upper,
        Budget(Limits(time_limit=None)), integer=np.ones(len(program.cost), np.bool_),
    )  # fmt: skip
    return -session.mip().value

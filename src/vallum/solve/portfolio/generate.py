"""Random instances of the public force-design family, as documents that `reading.parse` takes.

Shapes are those of the public generator (PPSSolver, `generate_PI_instance.py`) and were held against its
instance
of 1,000 projects: duration and cost jointly lognormal, spread over the years by Weibull curves, worth
uniform in
proportion to cost, prerequisites in groups of two and three, exclusions of a fifth of the projects, budgets
that swing with a period of 15 years.
"""

from typing import Any

import numpy as np

from vallum.solve.portfolio.problem import Floats, Ints

__all__ = ["instance"]

#: Mean and covariance of log duration and log cost (2016 Integrated Investment Program, as published with
#: the family).
MEAN = (2.191054, 6.642006)
COVARIANCE = ((0.246245, 0.374572), (0.374572, 1.555780))
STREAMS = (0.346, 0.296, 0.247, 0.074, 0.037)
#: Value of a project over its cost; uniform, held against the instance of 1,000 projects.
WORTH = (0.0, 2.1)
#: Mean and deviation of shape and scale of the Weibull curve of money over a project's life.
SHAPE, SCALE = (1.589, 2.0), (0.71, 0.3)
INITIATION, SWING_YEARS, LONGEST = 0.25, 15, 60
GROUPS_NEEDED, GROUPS_EXCLUDED = ((2, 0.5), (3, 0.5)), ((2, 0.1), (3, 0.1))


def instance(
    projects: int, seed: int, *, planning: int = 25, rate: float = 0.01, needs: int = 1
) -> dict[str, Any]:
    """One instance.

    Parameters
    ----------
    projects : int
    seed : int
    planning : int
        Years in which projects may start.
    rate : float
        Discount rate.
    needs : int
        Prerequisites of a project in a group of three; the family has 1.
    """
    rng = np.random.default_rng(seed)
    drawn = np.exp(rng.multivariate_normal(MEAN, COVARIANCE, projects))
    duration = np.clip(np.rint(drawn[:, 0]), 2, LONGEST).astype(int)
    cost = np.maximum(np.rint(drawn[:, 1]), 10).astype(int)
    value = np.rint(cost * rng.uniform(*WORTH, projects)).astype(int)
    stream = rng.choice(len(STREAMS), projects, p=np.array(STREAMS) / sum(STREAMS))
    prerequisites: list[list[int]] = [[] for _ in range(projects)]
    for group in _groups(rng, projects, GROUPS_NEEDED):
        for at in range(1, len(group)):
            prerequisites[group[at]] += group[max(0, at - needs) : at] if needs > 1 else group[:1]
    exclusions: list[list[int]] = [[] for _ in range(projects)]
    for group in _groups(rng, projects, GROUPS_EXCLUDED):
        for one in group:
            exclusions[one] = [other for other in group if other != one]
    years = planning + int(duration.max())
    year = np.arange(1, years + 1)
    swing = 20 + np.sin(2 * np.pi * year / SWING_YEARS) + rng.uniform(-0.2, 0.2, years)
    total = np.round(projects * swing, 4)
    return {
        "name": f"{projects} projects, seed {seed}",
        "num_projects": projects,
        "planning_window": planning,
        "budget_window": years,
        "discount_rate": rate,
        "initiation_range": [1, projects],
        "budget": total.tolist(),
        "initiation_budget": np.round(total * INITIATION, 4).tolist(),
        "ongoing_budget": np.round(total * (1 - INITIATION), 4).tolist(),
        "stream_budgets": np.round(total[:planning].sum() * np.array(STREAMS), 4).tolist(),
        "projects": [
            {
                "name": f"Project {j + 1}",
                "stream": int(stream[j]),
                "duration": int(duration[j]),
                "cost": _spread(rng, int(cost[j]), int(duration[j])).tolist(),
                "value": _spread(rng, int(value[j]), int(duration[j])).tolist(),
                "prereq": prerequisites[j],
                "excl": exclusions[j],
                "window": None,
            }
            for j in range(projects)
        ],
    }


def _groups(rng: np.random.Generator, projects: int, sizes: tuple[tuple[int, float], ...]) -> list[list[int]]:
    """Disjoint groups of projects, each in ascending order; a share of all projects for each size."""
    left: Ints = rng.permutation(projects)
    found = []
    for size, share in sizes:
        many = int(share * projects / size)
        found += np.sort(left[: many * size].reshape(many, size), axis=1).tolist()
        left = left[many * size :]
    return found


def _spread(rng: np.random.Generator, total: int, years: int) -> Floats:
    """Whole amounts of each year that sum to the total, along a Weibull curve cut off at the end."""
    shape = 0.0
    while shape < 0.01:
        shape = rng.normal(*SHAPE)
    scale = max(float(rng.normal(*SCALE)), 0.1)
    done: Floats = -np.expm1(-((np.arange(1, years + 1) / years / scale) ** shape))
    parts: Floats = np.floor(np.diff(done / done[-1], prepend=0.0) * total)
    parts[-1] += total - parts.sum()
    return parts

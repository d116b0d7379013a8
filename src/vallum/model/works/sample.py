"""Random durations of steps and outcomes of tenders."""

import numpy as np

from vallum.core.ranges import triangular, uniform
from vallum.model.works.network import label
from vallum.model.works.problem import FloatArray, IntArray, Problem

MOST_REPEATS = 10
"""Failed tenders in a row that a run may have."""


def sample(problem: Problem, runs: int, *, seed: int = 0, common: float = 0.5) -> IntArray:
    """Draw durations, shape (runs, A), whole working weeks.

    Durations are triangular over low, mode and high. With the chance `common` a step takes the draw that all
    steps of its name in its state share in the run, else one of its own: weeks that are long everywhere (law,
    market, weather) do not average out over sectors. A tender fails k times in a row with the chance f^k
    (1 - f), f triangular and one for a run, and each failure adds the weeks to the next award.

    A draw belongs to the seed, the name of its step and the number of its run, so that a change of the works
    or of the number of runs leaves all other random numbers as they are (common random numbers).

    Parameters
    ----------
    problem : Problem
        A steps.
    runs : int
        Number of runs.
    seed : int
        Seed of all draws.
    common : float
        From 0 (independent) to 1.

    Returns
    -------
    IntArray, shape (runs, A)
    """
    shared: dict[str, FloatArray] = {}
    drawn = np.empty((runs, len(problem.steps)), dtype=np.int64)
    for i, step in enumerate(problem.steps):
        name = f"{step.state} {step.step}"
        if name not in shared:
            shared[name] = uniform(seed, name, runs, 1)[:, 0]
        own, choice = uniform(seed, label(problem, i), runs, 2).T
        weeks = triangular(step.weeks, np.where(choice < common, shared[name], own))
        if i in problem.tenders:
            weeks = weeks + _repeats(problem, i, seed, runs)
        drawn[:, i] = np.rint(weeks)
    return drawn


def _repeats(problem: Problem, i: int, seed: int, runs: int) -> FloatArray:
    tender = problem.tenders[i]
    chance, outcome, again = uniform(seed, f"{label(problem, i)} tender", runs, 3).T
    failure = np.clip(triangular(tender.failure, chance), 0.0, 0.99)
    with np.errstate(divide="ignore"):
        times = np.floor(np.log(np.maximum(outcome, 1e-300)) / np.log(failure))
    weeks: FloatArray = np.clip(times, 0, MOST_REPEATS) * triangular(tender.again, again)
    return weeks

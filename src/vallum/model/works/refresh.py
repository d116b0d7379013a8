"""What ages: replacement and upkeep of works to the end of the horizon."""

from dataclasses import dataclass

import numpy as np

from vallum.model.works.problem import WEEKS_A_YEAR, FloatArray, IntArray, Problem


@dataclass(frozen=True, slots=True, eq=False)
class Burden:
    """Money of one state and kind to the end of the horizon, EUR million, at low, mode and high life.

    Attributes
    ----------
    build, upkeep, refresh : FloatArray, shape (3,)
        Building what is left, upkeep, and replacement. The first is at the short life, which costs most.
    """

    build: FloatArray
    upkeep: FloatArray
    refresh: FloatArray


def burden(problem: Problem, finishes: IntArray, key: tuple[str, str]) -> Burden:
    """Return what a kind of a state costs to build, keep and replace.

    A unit in place at week f with a life of L years is replaced at f + L, f + 2L, ... before the end of the
    horizon, at its price; what stands at the start is half through its first life. Upkeep is a share of the
    price for each year in place.

    Parameters
    ----------
    problem : Problem
    finishes : IntArray, shape (A,)
        A schedule.
    key : (str, str)
        State and kind.
    """
    element, quantity = problem.elements[key[1]], problem.quantities[key]
    here = [i for i in problem.installs if (problem.steps[i].state, problem.steps[i].element) == key]
    end = problem.periods / WEEKS_A_YEAR
    units = np.array([quantity.built, *(problem.steps[i].quantity for i in here)])
    since = np.array([0.0, *(finishes[i] / WEEKS_A_YEAR for i in here)])
    price = element.cost.mode
    years = np.maximum(end - since, 0.0)
    lives = (
        [] if element.refresh is None else [element.refresh.low, element.refresh.mode, element.refresh.high]
    )
    times = [_replacements(since, end, life) for life in lives] or [np.zeros_like(since)] * 3
    return Burden(
        build=np.full(3, price * units[1:].sum()),
        upkeep=np.full(3, element.upkeep * price * float((units * years).sum())),
        refresh=np.array([price * float((units * count).sum()) for count in times]),
    )


def _replacements(since: FloatArray, end: float, life: float) -> FloatArray:
    """Times that units are replaced before the end; the first stand at the start, half through their life."""
    age = np.zeros_like(since)
    age[0] = life / 2.0
    count: FloatArray = np.maximum(np.ceil((end - since + age) / life - 1e-9) - 1.0, 0.0)
    return count

"""How an evacuation varies with who complies and when people start."""

import math

import numpy as np
import polars as pl

from vallum.core.ranges import Range, triangular, uniform
from vallum.model.evacuation import Case, Evacuated, evacuate, people_of, roads
from vallum.model.evacuation.problem import FloatArray, IntArray
from vallum.plan.evacuation.frames import table
from vallum.solve.flow import Solver

__all__ = ["lucky", "started"]

Supply = tuple[IntArray, IntArray, IntArray]


def lucky(
    what: Case,
    mode: str,
    step_min: float,
    runs: int,
    seed: int,
    settings: dict[str, Range],
    trip_h: float,
    part: float,
    solver: Solver,
) -> pl.DataFrame:
    """Evacuate again and again with other luck, and return the table samples.

    The share who comply is triangular and one for a run. Households start a lognormal time after the order,
    whose median is triangular and one for a run (Lindell, Murray-Tuite, Wolshon and Baker 2019, Large-Scale
    Evacuation, chapter 4). Runs of both modes draw the same.

    Parameters
    ----------
    what : Case
    mode : str
    step_min : float
    runs, seed : int
    settings : dict of str to Range
        compliance, delay_median_h and delay_sigma.
    trip_h : float
        Mean hours of a bus on its way.
    part : float
        Part of the places that buses and trains may take.
    solver : Solver
    """
    if not runs:
        return table("samples", [])
    built = roads(what, mode, step_min)
    buses, cars = people_of(built)
    chance = uniform(seed, what.key, runs, 2)
    comply = triangular(settings["compliance"], chance[:, 0])
    median = triangular(settings["delay_median_h"], chance[:, 1])
    found: list[Evacuated] = []
    for share, delay in zip(comply, median, strict=True):
        late = starts(float(delay), settings["delay_sigma"].mode, built.step_h, built.steps)
        by_bus, by_car = (started(supply, float(share), late) for supply in (buses, cars))
        found.append(
            evacuate(built, by_bus, by_car, solver, fastest=False, bounded=False, trip_h=trip_h, part=part)
        )
    people = [int(one.arrivals.sum()) + one.unserved for one in found]
    hours_95, hours_100 = ([one.hours(share) or 0.0 for one in found] for share in (0.95, 1.0))
    return table(
        "samples",
        [
            {
                "scenario_id": what.key,
                "mode": mode,
                "runs": runs,
                "people_p10": round(_quantile(people, 0.1)),
                "people_p90": round(_quantile(people, 0.9)),
                "hours_95_p50": _quantile(hours_95, 0.5),
                "hours_95_p90": _quantile(hours_95, 0.9),
                "hours_100_p50": _quantile(hours_100, 0.5),
                "hours_100_p90": _quantile(hours_100, 0.9),
                "unserved_p90": round(_quantile([one.unserved for one in found], 0.9)),
            }
        ],
    )


def _quantile(values: list[float] | list[int], share: float) -> float:
    return float(np.quantile(np.array(values, dtype=float), share))


def starts(median_h: float, sigma: float, step_h: float, steps: int) -> FloatArray:
    """Return the share of households that start in each step, shape (steps,); the last takes the rest."""
    ends = np.arange(1, steps + 1) * step_h
    below = np.array([_started_by(float(end), median_h, sigma) for end in ends])
    below[-1] = 1.0
    return np.diff(below, prepend=0.0)


def _started_by(hour: float, median_h: float, sigma: float) -> float:
    """Distribution function of the lognormal; with no spread all start at the median."""
    if median_h <= 0.0 or sigma <= 0.0:
        return float(hour >= median_h)
    return 0.5 * (1.0 + math.erf(math.log(hour / median_h) / (sigma * math.sqrt(2.0))))


def started(supply: Supply, share: float, late: FloatArray) -> Supply:
    """Return the supplies of those who comply, spread over the steps in which they start.

    Whole people: each origin's are rounded once and their sums over steps thereafter, so none is lost.
    """
    origin, order, people = supply
    comply = np.rint(people * share)
    until = np.rint(np.outer(comply, np.cumsum(late)))
    until[:, -1] = comply
    new = np.diff(until, axis=1, prepend=0.0).astype(np.int64)
    row, step = np.nonzero(new)
    last = len(late) - 1
    return origin[row], np.minimum(order[row] + step, last), new[row, step]

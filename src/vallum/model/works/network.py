"""Works as a network for the scheduling engine, and what its schedules are worth."""

from collections.abc import Iterator

import numpy as np

from vallum.model.works.problem import PURSES, WEEKS_A_YEAR, FloatArray, IntArray, Problem, working_weeks
from vallum.solve.schedule import Level, Network

THOUSAND = 1_000
"""Money counts in thousand euro."""

HUNDREDTHS = 100
"""Output counts in hundredths of a unit, and weights in hundredths of a layer-kilometre."""

HALF = 0.5 + 1e-6
"""Rounds up at half a part; the rest keeps sums that differ by noise alone on one side."""


def network(problem: Problem, *, slack: int = 0) -> Network:
    """Return the works as a network in weeks.

    Parameters
    ----------
    problem : Problem
        A steps.
    slack : int
        Weeks after the end of the horizon in which works may still go on, for durations that run late.

    Returns
    -------
    Network
        Durations are the modes, without repeats of a tender. Resources and supplies that no step takes are
        left out; those that are pooled stand once for all states. Money is a supply for each state and
        purse, output of a line one for each state and kind of works.
    """
    periods = problem.periods + slack
    names = ["", *problem.calendars]
    months = [range(1, 13), *problem.calendars.values()]
    use, capacity, resources = _resources(problem, periods)
    demand, supply, supplies = _supplies(problem, periods)
    return Network.of(
        duration=durations(problem),
        calendars=np.array([working_weeks(problem.start, periods, listed) for listed in months]),
        calendar=np.array([names.index(step.calendar) for step in problem.steps]),
        deadline=np.minimum(_deadlines(problem), periods),
        before=problem.before,
        use=use,
        capacity=capacity,
        demand=demand,
        supply=supply,
        activities=tuple(label(problem, i) for i in range(len(problem.steps))),
        resources=resources,
        supplies=supplies,
    )


def durations(problem: Problem) -> IntArray:
    """Return the most likely duration of each step in whole weeks, shape (A,)."""
    return np.array([round(step.weeks.mode) for step in problem.steps], dtype=np.int64)


def label(problem: Problem, i: int) -> str:
    """Name a step for messages and tables."""
    step = problem.steps[i]
    parts = (step.sector or step.state, step.element, step.step, step.owner)
    return " ".join(part for part in parts if part)


def _deadlines(problem: Problem) -> IntArray:
    """Return the week by which each kind of a state is to be done; the end where no target is published."""
    ends = {
        key: problem.week_after(one.target) if one.target else problem.periods
        for key, one in problem.quantities.items()
    }
    found = [ends.get((step.state, step.element), problem.periods) for step in problem.steps]
    return np.maximum(np.array(found, dtype=np.int64), 1)


def _resources(problem: Problem, periods: int) -> tuple[IntArray, IntArray, tuple[str, ...]]:
    takers = [(_owner(problem, step.state, step.resource), step.resource) for step in problem.steps]
    keys = sorted(
        {key for key, step in zip(takers, problem.steps, strict=True) if step.resource and step.units}
    )
    place = {key: i for i, key in enumerate(keys)}
    use = np.zeros((len(problem.steps), len(keys)), dtype=np.int64)
    for i, (key, step) in enumerate(zip(takers, problem.steps, strict=True)):
        if key in place:
            use[i, place[key]] = step.units
    units = np.zeros(len(keys), dtype=np.int64)
    for (state, resource), count in problem.resources.items():
        key = _owner(problem, state, resource), resource
        if key in place:
            units[place[key]] += count
    return use, np.repeat(units[:, None], periods, axis=1), tuple(_name(*key) for key in keys)


def _owner(problem: Problem, state: str, name: str) -> str:
    return "" if name in problem.pooled else state


def _name(state: str, name: str) -> str:
    return f"{state or 'joint'} {name}"


def _supplies(problem: Problem, periods: int) -> tuple[IntArray, IntArray, tuple[str, ...]]:
    columns, flows, names = [], [], []
    for key, demand, flow in (*_money(problem), *_lines(problem, periods)):
        if demand.any():
            columns.append(demand)
            flows.append(np.pad(flow, (0, periods - flow.size)))
            names.append(key)
    count = len(problem.steps)
    demand = np.stack(columns, axis=1) if columns else np.zeros((count, 0), np.int64)
    supply = np.stack(flows) if flows else np.zeros((0, periods), np.int64)
    return demand, supply, tuple(names)


def _money(problem: Problem) -> Iterator[tuple[str, IntArray, IntArray]]:
    for state in problem.states:
        for at, purse in enumerate(PURSES):
            prices = np.array([step.costs[at] if step.state == state else 0.0 for step in problem.steps])
            flow = problem.money.get((state, purse), np.zeros(problem.periods))
            yield f"{state} {purse} money", _counted(prices, THOUSAND), _counted(flow, THOUSAND)


def _lines(problem: Problem, periods: int) -> Iterator[tuple[str, IntArray, IntArray]]:
    keys = sorted({(_owner(problem, state, name), name) for state, name in problem.lines})
    for owner, name in keys:
        taken = np.array(
            [
                step.quantity if step.element == name and owner in ("", step.state) else 0.0
                for step in problem.steps
            ]
        )
        made = np.zeros(periods)
        for (state, made_name), (rate, held) in problem.lines.items():
            if made_name == name and owner in ("", state):
                made += rate
                made[0] += held
        yield _name(owner, name), _counted(taken, HUNDREDTHS), _counted(made, HUNDREDTHS)


def _counted(amounts: FloatArray, parts: int) -> IntArray:
    """Return amounts in whole parts of a unit, whose sum is the rounded sum.

    So rounding of many small amounts never asks for more than there is.
    """
    total = np.floor(parts * np.cumsum(amounts) + HALF)
    counted: IntArray = np.diff(total, prepend=0.0).astype(np.int64)
    return counted


def levels(problem: Problem, tolerance: float = 0.0) -> tuple[Level, ...]:
    """Return the levels of the objective, the first first.

    1 protection: weighted layer-kilometres times the week in which they are protected, summed (hundredths).
    2 cost: what crews, machines and offices cost until their last job (EUR thousand).
    3 finish: the last week.
    """
    weight = np.array([round(HUNDREDTHS * step.weight) for step in problem.steps], dtype=np.int64)
    holding = np.array([round(THOUSAND * step.holding_meur) for step in problem.steps], dtype=np.int64)
    return (
        Level("protection", weight, tolerance),
        Level("cost", holding, tolerance),
        Level("finish"),
    )


def protection(problem: Problem, finishes: IntArray) -> FloatArray:
    """Return weighted layer-kilometre-years lost until protection, shape of `finishes` without its last axis.

    Every weighted layer-kilometre counts from week 0 until its works are in place.
    """
    weight = np.array([step.weight for step in problem.steps])
    lost: FloatArray = finishes @ weight / WEEKS_A_YEAR
    return lost

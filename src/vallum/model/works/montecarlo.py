"""What random durations do to the works: finishes, chances of targets, progress, and what binds."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from vallum.model.works.network import network
from vallum.model.works.problem import WEEKS_A_YEAR, FloatArray, IntArray, Problem
from vallum.model.works.sample import sample
from vallum.solve.schedule import Network, parallel, serial

Policy = Literal["list", "again"]

SLACK_YEARS = 10
"""Years after the horizon in which works that run late may still go on."""

CHUNK = 250
"""Runs that are simulated together; bounds the memory."""


@dataclass(frozen=True, slots=True, eq=False)
class Simulation:
    """Runs of one schedule.

    Attributes
    ----------
    network : Network
        With slack behind the horizon.
    durations, starts, finishes : IntArray, shape (N, A)
        Weeks; `Network.never` for a step that finds no place even in the slack.
    """

    network: Network
    durations: IntArray
    starts: IntArray
    finishes: IntArray


def simulate(
    problem: Problem,
    priority: IntArray,
    runs: int,
    *,
    seed: int = 0,
    common: float = 0.5,
    policy: Policy = "list",
) -> Simulation:
    """Simulate works.

    Parameters
    ----------
    problem : Problem
        A steps.
    priority : IntArray, shape (A,)
        Lowest first; the starts of a schedule, so that its order is kept.
    runs : int
        Number of runs N.
    seed, common
        As of `sample`.
    policy : {"list", "again"}
        list: steps are placed in the order of the schedule. again: the planner decides again in each week
        which of the ready steps start, by the same priority.

    Returns
    -------
    Simulation
    """
    net = network(problem, slack=round(SLACK_YEARS * WEEKS_A_YEAR))
    drawn = sample(problem, runs, seed=seed, common=common)
    place = serial if policy == "list" else parallel
    parts = [place(net, priority, drawn[i : i + CHUNK]) for i in range(0, runs, CHUNK)]
    starts, finishes = (np.concatenate([part[k] for part in parts]) for k in (0, 1))
    return Simulation(net, drawn, starts, finishes)


def finish_of(
    problem: Problem, finishes: IntArray, keys: Iterable[tuple[str, str]]
) -> dict[tuple[str, str], IntArray]:
    """Return the week in which the last installation of each kind of a state is done, shape (N,) each."""
    found = {}
    for key in keys:
        here = [i for i in problem.installs if (problem.steps[i].state, problem.steps[i].element) == key]
        if here:
            found[key] = finishes[:, here].max(axis=1)
    return found


def installed(problem: Problem, run: Simulation, key: tuple[str, str], weeks: IntArray) -> FloatArray:
    """Return what of a kind of a state is in place at the end of some weeks, shape (N, len(weeks)).

    An installation puts its quantity in place evenly from its start to its finish.
    """
    built = problem.quantities[key].built
    total = np.full((run.starts.shape[0], weeks.size), built)
    for i in problem.installs:
        step = problem.steps[i]
        if (step.state, step.element) == key:
            span = np.maximum(run.finishes[:, i] - run.starts[:, i], 1)[:, None]
            total += step.quantity * np.clip((weeks + 1 - run.starts[:, i][:, None]) / span, 0.0, 1.0)
    return total


# ---------------------------------------------------------------- what binds


@dataclass(frozen=True, slots=True)
class Binding:
    """What holds the last installation of a state back.

    Attributes
    ----------
    critical : FloatArray, shape (A,)
        Share of runs in which the step is on the chain that ends with the state's last installation.
    weeks : dict of str to float
        Mean weeks of that chain by what they are: a step's name while it is done, or what is waited for: a
        resource, a supply or the calendar.
    """

    critical: FloatArray
    weeks: dict[str, float]


def binding(problem: Problem, run: Simulation, state: str, most: int = 200) -> Binding:
    """Say what the time to the last installation of a state is made of, and which steps are critical.

    The weeks are those of the installation's own chain: from a step to the predecessor that finished last,
    with what the step waited for in between, so that they add up to its finish. A step is critical in a run
    when a walk meets it that also goes, from a step that waited for a resource, to the step that held it.

    Parameters
    ----------
    problem : Problem
    run : Simulation
    state : str
    most : int
        Runs that are walked.
    """
    last = [i for i in problem.installs if problem.steps[i].state == state]
    count = min(most, run.starts.shape[0])
    critical, weeks = np.zeros(len(problem.steps)), Counter[str]()
    if not last:
        return Binding(critical, {})
    for n in range(count):
        walk = _Walk(problem, run.network, run.starts[n], run.finishes[n])
        end = last[int(np.argmax(run.finishes[n, last]))]
        walk.add(end, weeks)
        for step in walk.critical(end):
            critical[step] += 1.0 / count
    return Binding(critical, {name: total / count for name, total in sorted(weeks.items())})


class _Walk:
    """One run, walked backwards."""

    def __init__(self, problem: Problem, net: Network, starts: IntArray, finishes: IntArray) -> None:
        self.problem, self.network, self.starts, self.finishes = problem, net, starts, finishes

    def former(self, step: int) -> tuple[int | None, int]:
        """Return the predecessor that finished last, and when."""
        before, _ = self.network.predecessors[step]
        if not len(before):
            return None, 0
        found = int(before[np.argmax(self.finishes[before])])
        return found, int(self.finishes[found])

    def add(self, end: int, weeks: Counter[str]) -> None:
        """Add the weeks of the own chain of a step: work by the name of the step, and waiting."""
        step: int | None = end
        while step is not None:
            former, ready = self.former(step)
            start = int(self.starts[step])
            weeks[self.problem.steps[step].step.lower()] += int(self.finishes[step]) - start
            if start > ready:
                weeks[self.waits(step, ready, start)] += start - ready
            step = former

    def waits(self, step: int, ready: int, start: int) -> str:
        """Name what a ready step waits for: its calendar, its resource, or its supplies."""
        net = self.network
        if not net.calendars[net.calendar[step], ready:start].any():
            return "winter"
        if self.holder(step, ready, start) is not None:
            return "waiting for " + " or ".join(net.resources[r] for r in np.flatnonzero(net.use[step]))
        supplies = [net.supplies[g] for g in np.flatnonzero(net.demand[step])]
        return f"waiting for {' or '.join(supplies) or 'a place'}"

    def holder(self, step: int, ready: int, start: int) -> int | None:
        """Return the step that held a resource of a waiting step until shortly before its start."""
        net = self.network
        worked = net.calendars[net.calendar[step]]
        # A step of no weeks holds nothing: whoever held the resource started before.
        held = (self.finishes > ready) & (self.finishes <= start) & (self.starts < start)
        for r in np.flatnonzero(net.use[step]):
            users = np.flatnonzero(held & (net.use[:, r] > 0))
            if users.size:
                last = int(users[np.argmax(self.finishes[users])])
                if worked[self.finishes[last] : start].sum() < SOON:
                    return last
        return None

    def critical(self, end: int) -> set[int]:
        """Return the steps of the walk that follows resources as well."""
        met: set[int] = set()
        step: int | None = end
        while step is not None and step not in met:
            met.add(step)
            former, ready = self.former(step)
            start = int(self.starts[step])
            held = self.holder(step, ready, start) if start > ready else None
            step = former if held is None else held
        return met


SOON = 4
"""Working weeks of a step within which a resource that became free counts as what the step waited for."""

"""What random durations do to the works: finishes, chances of targets, progress, and what binds."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from vallum.model.works.network import durations, network, protection
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


def lost(problem: Problem, finishes: IntArray) -> FloatArray:
    """Return weighted layer-kilometre-years lost until protection, shape (N,)."""
    return protection(problem, finishes)


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
    """Walk back from the last installation of a state in each run.

    From a step the walk goes to the predecessor that finished last, if the step started then; to the step
    that held its resource until then, if it waited for one; and ends where it waited for a supply.

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
        step: int | None = last[int(np.argmax(run.finishes[n, last]))]
        while step is not None:
            critical[step] += 1.0 / count
            step = walk.back(step, weeks)
    return Binding(critical, {name: total / count for name, total in sorted(weeks.items())})


class _Walk:
    """One run, walked backwards."""

    def __init__(self, problem: Problem, net: Network, starts: IntArray, finishes: IntArray) -> None:
        self.problem, self.network, self.starts, self.finishes = problem, net, starts, finishes

    def back(self, step: int, weeks: Counter[str]) -> int | None:
        """Count a step and what it waited for; return the step before it in the chain."""
        start, net = int(self.starts[step]), self.network
        weeks[self.problem.steps[step].step.lower()] += int(self.finishes[step]) - start
        before, _ = net.predecessors[step]
        ready = int(self.finishes[before].max()) if len(before) else 0
        former = int(before[np.argmax(self.finishes[before])]) if len(before) else None
        if start <= ready:
            return former
        worked = net.calendars[net.calendar[step]]
        if not worked[ready:start].any():
            weeks["winter"] += start - ready
            return former
        for r in np.flatnonzero(net.use[step]):
            # A holder starts before the step does: a step of no weeks is not its own holder, and walks end.
            held = (self.finishes > ready) & (self.finishes <= start) & (self.starts < start)
            users = np.flatnonzero((net.use[:, r] > 0) & held)
            if not users.size:
                continue
            holder = int(users[np.argmax(self.finishes[users])])
            if worked[self.finishes[holder] : start].sum() < SOON:
                weeks[f"waiting for {net.resources[r]}"] += start - max(ready, int(self.starts[holder]))
                return holder
        supplies = [net.supplies[g] for g in np.flatnonzero(net.demand[step])]
        weeks[f"waiting for {' or '.join(supplies) or 'a place'}"] += start - ready
        return None


SOON = 4
"""Working weeks within which a resource that became free counts as what a step waited for."""


def expected(problem: Problem) -> IntArray:
    """Return durations with the mean repeats of each tender, shape (A,): what a plan should count with."""
    weeks: FloatArray = durations(problem).astype(float)
    for i, tender in problem.tenders.items():
        weeks[i] += tender.failure.mode / (1.0 - tender.failure.mode) * tender.again.mode
    whole: IntArray = np.rint(weeks).astype(np.int64)
    return whole

"""From a region to a schedule of its works, simulated, explained and kept."""

import importlib.metadata
import platform
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, Literal

import numpy as np

from vallum.core.errors import BadInput
from vallum.model.works.montecarlo import Simulation, simulate
from vallum.model.works.network import label, levels, network, protection
from vallum.model.works.problem import IntArray, Problem
from vallum.model.works.reader import of_tables, problem, require_works
from vallum.plan.pipeline import ProgressEvent, interruptible
from vallum.plan.results import Model, Results, canonical, refuse_other, write_results
from vallum.plan.works import frames
from vallum.plan.works.calibration import Verdict, calibrate
from vallum.plan.works.levers import POOL, Lever, levers, pulled
from vallum.plan.works.tables import WORKS_TABLES
from vallum.region import Region
from vallum.solve import Cancel, Limits
from vallum.solve.schedule import Point, Reached, Schedule, solve

__all__ = ["WORKS", "make"]

WORKS: Final = Model("works", "a schedule of works", "vallum line", WORKS_TABLES)
"""The folder of a schedule of works."""

Mode = Literal["national", "joint"]
STATUSES: Final = ("optimal", "work limit", "time limit", "interrupted")
"""How a search ends, the best first."""

JOINT: Final = "JOINT"
"""Name of the lever that shares everything that is poolable."""

AGAIN_SHARE: Final = 4
"""One run of so many is decided again every week."""

LEVER_SHARE: Final = 0.2
"""Share of the limits of a mode that the search for each lever may use."""

LIBRARIES: Final = ("dataframely", "numpy", "ortools", "polars")

Progress = Callable[[ProgressEvent], None]


@dataclass(frozen=True, slots=True)
class Scheduled:
    """One mode: its works, its schedule and its runs."""

    mode: Mode
    problem: Problem
    schedule: Schedule
    runs: Simulation
    again: Simulation


def make(
    region: Region,
    *,
    limits: Limits,
    runs: int = 1_000,
    lever_runs: int = 200,
    out: Path | None = None,
    progress: Progress | None = None,
) -> Results:
    """Schedule the works of a region alone and together, simulate both, and try every lever.

    Parameters
    ----------
    region : Region
        A sound region with the tables works_*.
    limits : Limits
        Of the search, for each mode; its seed also draws the durations.
    runs, lever_runs : int
        Random runs of each mode, and of each lever.
    out : Path, optional
        Folder to write; nothing is written without.
    progress : callable, optional
        Called with a `ProgressEvent` whenever something is known better.

    Returns
    -------
    Results

    Raises
    ------
    BadInput
        If the region is not sound or has no works, or `out` holds anything else.
    """
    if out is not None:
        refuse_other(WORKS, out)
    work = _Work(region, limits, runs, progress)
    with interruptible(work.cancel):
        verdict = work.calibrated()
        alone = work.alone()
        modes = [alone, work.joint(alone)]
        gains = work.levers(modes, min(lever_runs, runs))
    tables = frames.tables(region, modes, verdict, gains)
    manifest = {
        "region": {"name": region.name, "title": region.title, "content_hash": region.content_hash},
        "runs": runs,
        "lever_runs": min(lever_runs, runs),
        "seed": limits.seed,
        "limits": {"time_limit_s": limits.time_limit, "work": limits.work, "gap": limits.gap},
        "start": str(modes[0].problem.start),
        "common": work.common,
        "vallum_version": importlib.metadata.version("vallum"),
        "versions": {name: importlib.metadata.version(name) for name in LIBRARIES},
    }
    run = {
        "written": datetime.now(UTC).isoformat(timespec="seconds"),
        "seconds": time.perf_counter() - work.began,
        "status": {one.mode: one.schedule.status for one in modes},
        "python": platform.python_version(),
    }
    whole = Results(manifest, run, canonical(WORKS, tables))
    return whole if out is None else write_results(WORKS, out, whole)


def works_setting(region: Region, key: str) -> float:
    """Return a setting of the works.

    Raises
    ------
    BadInput
        If the region has no such setting.
    """
    rows = region.tables["works_settings"].filter(key=key)
    if rows.is_empty():
        raise BadInput(
            f"The setting {key} is missing",
            where="works_settings.csv",
            rule="works settings",
            remedy=f"Add a row {key}.",
        )
    return float(rows["value"][0])


class _Work:
    """One call of `make`."""

    def __init__(self, region: Region, limits: Limits, runs: int, progress: Progress | None) -> None:
        self.region, self.limits, self.runs, self.progress = region, limits, runs, progress
        self.cancel, self.began = Cancel(), time.perf_counter()
        require_works(region.tables, region.name)
        self.common = works_setting(region, "common_share")

    def tell(self, stage: str, mode: str, value: float | None = None, bound: float | None = None) -> None:
        if self.progress is not None:
            self.progress(ProgressEvent(stage, mode, time.perf_counter() - self.began, value, bound))

    def alone(self) -> Scheduled:
        """Schedule each state for itself and put the schedules together: alone, they share nothing."""
        what = problem(self.region)
        building = {step.state for step in what.steps}
        if not building:
            raise BadInput(
                "There is nothing to build: all works stand, or neither money nor output reach one of them",
                where="works_quantities.csv",
                rule="works to build",
                remedy="Raise quantity, or the money in works_money.csv or the output in works_lines.csv.",
            )
        parts = []
        for state in sorted(building):
            mine = self.region.tables["works_quantities"].filter(state=state)
            own = of_tables({**self.region.tables, "works_quantities": mine}, self.region.name)
            parts.append((own, self.scheduled(own, f"{state} alone", len(building))))
        found = together(what, parts)
        return self.simulated_all("national", what, found)

    def joint(self, alone: Scheduled) -> Scheduled:
        """Schedule all states with what they share, from the schedules alone on: never worse than these."""
        what = problem(self.region, joint=True)
        order = {label(alone.problem, i): int(s) for i, s in enumerate(alone.schedule.starts)}
        found = self.scheduled(what, "joint", 1, priority(what, order))
        return self.simulated_all("joint", what, found)

    def scheduled(self, what: Problem, name: str, parts: int, start: IntArray | None = None) -> Schedule:
        """Search for a schedule, with a part of the limits."""

        def seen(point: Point) -> None:
            self.tell(f"scheduling, level {point.level + 1}", name, point.value, point.bound)

        self.tell("scheduling", name)
        limits = share_of(self.limits, 1.0 / parts)
        return solve(network(what), levels(what), limits, progress=seen, cancel=self.cancel, start=start)

    def simulated_all(self, mode: Mode, what: Problem, found: Schedule) -> Scheduled:
        """Simulate a schedule under both policies."""
        self.tell(f"simulating {self.runs} runs", mode)
        runs = self.simulated(what, found.starts, self.runs)
        self.tell("simulating with weekly decisions", mode)
        again = simulate(
            what, found.starts, max(self.runs // AGAIN_SHARE, 1), seed=self.limits.seed, common=self.common,
            policy="again",
        )  # fmt: skip
        return Scheduled(mode, what, found, runs, again)

    def simulated(self, what: Problem, priority: IntArray, runs: int) -> Simulation:
        return simulate(what, priority, runs, seed=self.limits.seed, common=self.common)

    def levers(self, modes: list[Scheduled], runs: int) -> list[frames.Gain]:
        """Simulate each lever with the order of the schedule alone and the same random numbers."""
        alone, together = modes
        order = {label(alone.problem, i): int(s) for i, s in enumerate(alone.schedule.starts)}
        # The schedule alone gets the same search once more, so that a lever gains nothing by being searched.
        base = self.tried(alone.problem, order, runs)
        shared = shared_lever(self.region)
        gains = [
            frames.gain(alone.problem, base, together.problem, frames.first(together.runs, runs), shared)
        ]
        for lever in levers(self.region):
            if self.cancel.is_set():
                break
            self.tell(f"lever: {lever.name}", "levers")
            what = pulled(self.region, lever)
            gains.append(frames.gain(alone.problem, base, what, self.tried(what, order, runs), lever))
        return gains

    def tried(self, what: Problem, order: Mapping[str, int], runs: int) -> Simulation:
        """Simulate works in the order of the schedule alone and in that of a new one; return the better.

        A list schedule may get worse when it gets more (Graham 1969), so the order is searched anew from the
        old one, for a share of the limits.
        """
        kept = priority(what, order)
        limits = share_of(self.limits, LEVER_SHARE)
        new = solve(network(what), levels(what)[:1], limits, cancel=self.cancel, start=kept).starts
        found = [self.simulated(what, one, runs) for one in (kept, new)]
        return min(found, key=lambda one: float(protection(what, one.finishes).mean()))

    def calibrated(self) -> list[Verdict]:
        self.tell("forecast against facts", "calibration")
        return calibrate(self.region, self.runs, seed=self.limits.seed, common=self.common)


def share_of(limits: Limits, share: float) -> Limits:
    """Return a part of some limits."""
    seconds = None if limits.time_limit is None else limits.time_limit * share
    work = None if limits.work is None else max(1, round(limits.work * share))
    return replace(limits, time_limit=seconds, work=work)


def together(what: Problem, parts: list[tuple[Problem, Schedule]]) -> Schedule:
    """Put schedules of states that share nothing together: sums of the levels, and the latest finish."""
    starts = {label(own, i): int(s) for own, found in parts for i, s in enumerate(found.starts)}
    net, goals = network(what), levels(what)
    all_starts = np.array([starts[label(what, i)] for i in range(len(what.steps))], dtype=np.int64)
    finishes = net.finishes(all_starts)
    reached = []
    for place, goal in enumerate(goals):
        bounds = [found.levels[place].bound for _, found in parts]
        value, bound = int(goal.value(finishes)), sum(bounds) if goal.weight is not None else max(bounds)
        seconds = sum(found.levels[place].seconds for _, found in parts)
        gap = (value - bound) / abs(value) if value else 0.0
        reached.append(Reached(goal.name, value, bound, gap, seconds))
    worst = max((found.status for _, found in parts), key=STATUSES.index)
    return Schedule(all_starts, finishes, tuple(reached), worst, ())


def shared_lever(region: Region) -> Lever:
    """Return the lever that shares everything; it costs what the levers that share a part cost together."""
    parts = [one for one in levers(region) if all(change["table"] == POOL for change in one.changes)]
    return Lever(JOINT, "All that can be shared is shared", sum(one.cost_meur for one in parts), ())


def priority(what: Problem, order: Mapping[str, int]) -> IntArray:
    """Return the order of a schedule for works that may have other steps; a new step goes last."""
    last = max(order.values(), default=0) + 1
    return np.array([order.get(label(what, i), last) for i in range(len(what.steps))], dtype=np.int64)

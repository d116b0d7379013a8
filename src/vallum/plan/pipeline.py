"""From a region to plans on disk: solve each mode, compare, write everything as one step."""

import contextlib
import importlib.metadata
import math
import platform
import resource
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType
from typing import Any, Final, Literal

from vallum.model.procurement import Mode, NotReached, Point, Solution, Stage, Standing, problem, solve
from vallum.plan.compare import compare
from vallum.plan.folder import staged, write_json
from vallum.plan.scenario import Scenario, apply_scenario, read_scenario
from vallum.plan.store import Plan, read_plan, write_plan
from vallum.plan.summary import summary
from vallum.region import TABLES, Region
from vallum.solve import Cancel, Limits

__all__ = ["ProgressEvent", "make"]

Modes = Literal["national", "joint", "both"]

#: Fact tables that a plan keeps beside the core tables, because its report cites them.
CITED: Final = ("industry", "parameters", "safe_allocations", "safe_rules", "seed_crosscheck", "sources")
#: Share of the limits of one mode that the plan at equal capability may use.
SAME_CAPABILITY: Final = 0.4
LIBRARIES: Final = ("dataframely", "highspy", "numpy", "polars")


@dataclass(frozen=True, slots=True)
class ProgressEvent:
    """What is being done, and the best value and bound of the level so far."""

    stage: str
    mode: str
    seconds: float
    value: float | None
    bound: float | None
    message: str = ""


Progress = Callable[[ProgressEvent], None]


def make(
    region: Region,
    *,
    mode: Modes = "both",
    limits: Limits,
    out: Path,
    scenario: Scenario | Path | None = None,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Plan a region and write the result.

    Parameters
    ----------
    region : Region
        A sound region.
    mode : {"national", "joint", "both"}
        both also compares the two, and plans the joint mode at the national shortfall.
    limits : Limits
        For one mode.
    out : Path
        Folder that appears, or is replaced, when everything is done. One mode is written to `out` itself,
        both to `out`/national and `out`/joint with compare.json.
    scenario : Scenario or Path, optional
        Changes to the region.
    progress : callable, optional
        Called with a `ProgressEvent` whenever something is known better.

    Returns
    -------
    dict
        modes {mode: summary}, and with both also compare.

    Raises
    ------
    BadInput
        If the region is not sound, the scenario does not fit, or `out` holds anything else.
    """
    given = read_scenario(scenario) if isinstance(scenario, Path) else scenario
    planned = region if given is None else apply_scenario(region, given).require_sound()
    work = _Work(planned, limits, given, progress)
    with interruptible(work.cancel), staged(out) as stage:
        if mode != "both":
            work.write(stage, work.solve(mode))
            plans = {mode: read_plan(stage)}
            document: dict[str, Any] = {"modes": {mode: summary(plans[mode])}}
        else:
            document = work.both(stage)
    return document


class _Work:
    """One call of `make`: the problem, what limits it, and the time it started."""

    def __init__(
        self, region: Region, limits: Limits, scenario: Scenario | None, progress: Progress | None
    ) -> None:
        self.region, self.limits, self.scenario, self.progress = region, limits, scenario, progress
        self.cancel = Cancel()
        self.began = time.perf_counter()
        self.problem = problem(region)

    def both(self, stage: Path) -> dict[str, Any]:
        national = self.solve("national")
        joint = self.solve("joint", _standing(national))
        self.write(stage / "national", national)
        self.write(stage / "joint", joint)
        plans = {mode: read_plan(stage / mode) for mode in ("national", "joint")}
        found = compare(plans["national"], plans["joint"], self.same_capability(plans, joint))
        write_json(stage / "compare.json", found)
        return {"modes": {mode: summary(plan) for mode, plan in plans.items()}, "compare": found}

    def solve(self, mode: Mode, standing: Standing | None = None) -> Solution:
        return solve(self.problem, mode, self.limits, self.tell(), standing=standing, cancel=self.cancel)

    def same_capability(self, plans: dict[str, Plan], joint: Solution) -> dict[str, Any] | None:
        """The joint mode at the national shortfall; None when no such plan was found in time."""
        target = summary(plans["national"])["gap_years"]
        limits = _scaled(self.limits, SAME_CAPABILITY)
        try:
            found = solve(
                self.problem, "joint", limits, self.tell("same capability"), standing=_standing(joint),
                shortfall=target, cancel=self.cancel,
            )  # fmt: skip
        except NotReached:
            return None
        tables = {**found.tables, "levels": found.level_table()}
        plan = replace(plans["joint"], tables={**plans["joint"].tables, **tables})
        return {"cost_meur": found.levels[0].value, "bound_meur": found.levels[0].bound, "plan": plan}

    def tell(self, message: str = "") -> Callable[[Stage], None] | None:
        progress = self.progress
        if progress is None:
            return None
        return lambda s: progress(
            ProgressEvent(s.stage, s.mode, time.perf_counter() - self.began, s.value, s.bound, message)
        )

    def write(self, directory: Path, solution: Solution) -> None:
        tables = {**solution.tables, "levels": solution.level_table()}
        write_plan(directory, self.manifest(solution), self.run(solution), self.inputs(), tables)

    def inputs(self) -> dict[str, Any]:
        kept = [name for name, table in TABLES.items() if table.required or name in CITED]
        return {name: self.region.tables[name] for name in kept}

    def manifest(self, solution: Solution) -> dict[str, Any]:
        region, limits = self.region, self.limits
        return {
            "mode": solution.mode,
            "region": {"name": region.name, "title": region.title, "content_hash": region.content_hash},
            "scenario": None if self.scenario is None else self.scenario.name,
            "vallum_version": importlib.metadata.version("vallum"),
            "seed": limits.seed,
            "limits": {"time_limit_s": limits.time_limit, "work": limits.work, "gap": limits.gap},
            "versions": {name: importlib.metadata.version(name) for name in LIBRARIES},
        }

    def run(self, solution: Solution) -> dict[str, Any]:
        return {
            "written": datetime.now(UTC).isoformat(timespec="seconds"),
            "status": solution.status,
            "seconds": dict(solution.seconds),
            "levels": [{"name": level.name, "seconds": level.seconds} for level in solution.levels],
            "curve": [_point(point) for point in solution.curve],
            "peak_memory_mb": _peak_memory_mb(),
            "python": platform.python_version(),
            "threads": self.limits.threads,
        }  # fmt: skip


def _point(point: Point) -> dict[str, Any]:
    bound = point.bound if math.isfinite(point.bound) else None
    return {"seconds": point.seconds, "level": point.level, "value": point.value, "bound": bound}


def _standing(solution: Solution) -> Standing:
    return Standing(*(solution.tables[name] for name in ("orders", "expansions", "schools")))


def _scaled(limits: Limits, share: float) -> Limits:
    seconds = None if limits.time_limit is None else limits.time_limit * share
    work = None if limits.work is None else max(1, round(limits.work * share))
    return replace(limits, time_limit=seconds, work=work)


def _peak_memory_mb() -> float:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1024.0**2 if sys.platform == "darwin" else 1024.0)


@contextlib.contextmanager
def interruptible(cancel: Cancel) -> Iterator[None]:
    """The first Ctrl-C or SIGTERM ends the search with its best plan; the second ends the programme."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(number: int, frame: FrameType | None) -> None:
        if cancel.is_set():
            signal.default_int_handler(number, frame)
        cancel.set()

    former = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)

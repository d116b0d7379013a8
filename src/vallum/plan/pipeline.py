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
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType
from typing import Any, Final, Literal

import polars as pl

from vallum.model.procurement import Mode, NotReached, Point, Solution, Stage, Standing, problem, solve
from vallum.plan.compare import compare
from vallum.plan.folder import staged, write_json
from vallum.plan.frontier import FRONTIER, Question
from vallum.plan.frontier.kept import NOTHING, kept_in
from vallum.plan.frontier.run import Front
from vallum.plan.results import Results, write_results
from vallum.plan.scenario import Scenario, apply_scenario, read_scenario
from vallum.plan.shares import shares
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
#: The same for the plans of all coalitions, out of which the cost is shared.
SHARES: Final = 0.4
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
    frontier: Question | None = None,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Plan a region and write the result.

    Parameters
    ----------
    region : Region
        A sound region.
    mode : {"national", "joint", "both"}
        both also compares the two, plans the joint mode at the national shortfall, and shares its cost.
    limits : Limits
        For one mode.
    out : Path
        Folder that appears, or is replaced, when everything is done. One mode is written to `out` itself,
        both to `out`/national and `out`/joint with compare.json.
    scenario : Scenario or Path, optional
        Changes to the region.
    frontier : Question, optional
        A trade-off to draw, written to `out`/frontier. Its points take the limits of a mode again. One that
        was stopped goes on from the plans and points in `out`, when everything asked is the same.
    progress : callable, optional
        Called with a `ProgressEvent` whenever something is known better.

    Returns
    -------
    dict
        modes {mode: summary}, with both also compare, and with a trade-off also frontier: held, least, asked
        (points), complete, kept (points of the earlier run) and points, the rows of its table.

    Raises
    ------
    BadInput
        If the region is not sound, the scenario does not fit, or `out` holds anything else.
    """
    given = read_scenario(scenario) if isinstance(scenario, Path) else scenario
    planned = region if given is None else apply_scenario(region, given).require_sound()
    work = _Work(planned, limits, given, progress)
    if frontier is not None:
        work.kept = kept_in(out, work.asked(mode, frontier))
    with interruptible(work.cancel), staged(out) as stage:
        if mode == "both":
            plans, document = work.both(stage)
        else:
            plans = {mode: work.plan(stage, mode)}
            document = {"modes": {mode: summary(plans[mode])}}
        if frontier is not None:
            document["frontier"] = work.front(stage, plans, work.asked(mode, frontier), frontier)
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
        self.kept = NOTHING

    def both(self, stage: Path) -> tuple[dict[str, Plan], dict[str, Any]]:
        national = self.plan(stage / "national", "national")
        joint = self.plan(stage / "joint", "joint", _standing(national.tables))
        plans = {"national": national, "joint": joint}
        found = self.compared(plans) if self.kept.compare is None else dict(self.kept.compare)
        write_json(stage / "compare.json", found)
        return plans, {"modes": {mode: summary(plan) for mode, plan in plans.items()}, "compare": found}

    def compared(self, plans: dict[str, Plan]) -> dict[str, Any]:
        same = self.same_capability(plans)
        found = compare(plans["national"], plans["joint"], same)
        found["shares"] = shares(
            self.problem, plans["national"], self.limits.scaled(SHARES), tell=self.tell, cancel=self.cancel,
            bound=None if same is None else same["bound_meur"],
        )  # fmt: skip
        return found

    def front(
        self, stage: Path, plans: dict[str, Plan], asked: dict[str, Any], question: Question
    ) -> dict[str, Any]:
        """Find the points of a trade-off and write them."""
        front = Front(self.problem, plans, question, self.limits, self.tell, self.cancel)
        points = front.run(self.kept.points)
        complete = len(points) == front.asked and all(point.finished for point in points)
        results = write_results(
            FRONTIER, stage / FRONTIER.kind,
            Results({**asked, "complete": complete}, self.clocks(), front.tables(points)),
        )  # fmt: skip
        return {
            "held": question.held, "least": question.least, "asked": front.asked, "complete": complete,
            "kept": len(self.kept.points), "points": results.tables["frontier"].to_dicts(),
            "standing": results.tables["standing"].to_dicts(),
        }  # fmt: skip

    def plan(self, directory: Path, mode: Mode, standing: Standing | None = None) -> Plan:
        """Plan one mode and write it, unless it was kept."""
        if (kept := self.kept.plans.get(mode)) is not None:
            write_plan(directory, kept.manifest, kept.run, kept.inputs, kept.tables)
        else:
            self.write(directory, self.solve(mode, standing))
        return read_plan(directory)

    def solve(self, mode: Mode, standing: Standing | None = None) -> Solution:
        return solve(self.problem, mode, self.limits, self.tell(), standing=standing, cancel=self.cancel)

    def same_capability(self, plans: dict[str, Plan]) -> dict[str, Any] | None:
        """The joint mode at the national shortfall; None when no such plan was found in time."""
        target = summary(plans["national"])["gap_years"]
        limits = self.limits.scaled(SAME_CAPABILITY)
        try:
            found = solve(
                self.problem, "joint", limits, self.tell("same capability"),
                standing=_standing(plans["joint"].tables), shortfall=target, cancel=self.cancel,
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
        manifest = {**self.identity(), "mode": solution.mode}
        write_plan(directory, manifest, self.run(solution), self.inputs(), tables)

    def inputs(self) -> dict[str, Any]:
        kept = [name for name, table in TABLES.items() if table.required or name in CITED]
        return {name: self.region.tables[name] for name in kept}

    def asked(self, mode: Modes, question: Question) -> dict[str, Any]:
        """Entries of a trade-off's manifest: all that its points depend on."""
        return {**self.identity(), "mode": mode, "question": asdict(question)}

    def identity(self) -> dict[str, Any]:
        """What any result of this run says of where it comes from."""
        region, limits = self.region, self.limits
        return {
            "region": {"name": region.name, "title": region.title, "content_hash": region.content_hash},
            "scenario": None if self.scenario is None else self.scenario.name,
            "vallum_version": importlib.metadata.version("vallum"),
            "seed": limits.seed,
            "limits": {"time_limit_s": limits.time_limit, "work": limits.work, "gap": limits.gap},
            "versions": {name: importlib.metadata.version(name) for name in LIBRARIES},
        }

    def run(self, solution: Solution) -> dict[str, Any]:
        return {
            **self.clocks(),
            "status": solution.status,
            "seconds": dict(solution.seconds),
            "levels": [{"name": level.name, "seconds": level.seconds} for level in solution.levels],
            "curve": [_point(point) for point in solution.curve],
        }

    def clocks(self) -> dict[str, Any]:
        """What any run of this process says of itself."""
        return {
            "written": datetime.now(UTC).isoformat(timespec="seconds"),
            "peak_memory_mb": _peak_memory_mb(),
            "python": platform.python_version(),
            "threads": self.limits.threads,
        }


def _point(point: Point) -> dict[str, Any]:
    bound = point.bound if math.isfinite(point.bound) else None
    return {"seconds": point.seconds, "level": point.level, "value": point.value, "bound": bound}


def _standing(tables: Mapping[str, pl.DataFrame]) -> Standing:
    return Standing(*(tables[name] for name in ("orders", "expansions", "schools")))


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

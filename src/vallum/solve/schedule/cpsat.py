"""CP-SAT behind one narrow door: a network in, a schedule with its bounds out."""

import contextlib
import queue
import subprocess
import threading
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vallum.core.errors import BadInput, VallumError
from vallum.solve.highs import SolverFailed
from vallum.solve.limits import Budget, Cancel, Limits
from vallum.solve.process import death, end, launch
from vallum.solve.schedule.bounds import lower_bound
from vallum.solve.schedule.local import BROOD, search
from vallum.solve.schedule.messages import Done, Problem, Step, pack, read
from vallum.solve.schedule.network import Level, Network, values
from vallum.solve.schedule.sgs import best_of, serial

__all__ = ["Point", "Reached", "Schedule", "solve"]

Ints = NDArray[np.int64]

#: Check points a second, as `Limits.work` counts them; CP-SAT's deterministic time runs in about seconds.
CHECKS_A_SECOND = 4.0
#: Seconds that the worker may take to end by itself after its time is up or it was told to stop.
GRACE = 10.0
#: Seconds between two looks at the cancel flag.
LOOK = 0.05
#: Placements spent on the first schedule.
PLACEMENTS = 20_000
#: Activities from which on local search beats the solver in its first minute, and its part of the limits.
LARGE = 150
LOCAL_SHARE = 0.6
#: Placements that local search may do for one unit of work.
PLACEMENTS_A_UNIT = 20_000


@dataclass(frozen=True, slots=True)
class Point:
    """Where a search stood: level, wall seconds since the start, value and bound."""

    level: int
    seconds: float
    value: int
    bound: int


@dataclass(frozen=True, slots=True)
class Reached:
    """How far a level got.

    Attributes
    ----------
    name : str
    value, bound : int
        Of the schedule, and what no schedule that holds the levels before it beats.
    gap : float
        (value - bound) / abs(value); 0 for the value 0.
    seconds : float
        Wall seconds spent on it.
    """

    name: str
    value: int
    bound: int
    gap: float
    seconds: float


@dataclass(frozen=True, slots=True)
class Schedule:
    """A schedule and what is proven of it.

    Attributes
    ----------
    starts, finishes : (A,) int arrays
    levels : tuple of Reached
    status : str
        "optimal" (every level to the gap that was asked for), "time limit", "work limit" or "interrupted".
    curve : tuple of Point
        Every improvement of value or bound.
    """

    starts: Ints
    finishes: Ints
    levels: tuple[Reached, ...]
    status: str
    curve: tuple[Point, ...]


def solve(
    network: Network,
    levels: tuple[Level, ...],
    limits: Limits,
    progress: Callable[[Point], None] | None = None,
    cancel: Cancel | None = None,
    start: Ints | None = None,
) -> Schedule:
    """Minimise levels one after the other, each held while the next is minimised.

    Begins with the best of some priority-rule schedules, so that there is an answer at any limit.

    Parameters
    ----------
    network : Network
    levels : tuple of Level
        At least one; weights at least 0.
    limits : Limits
        With `work` the search runs on one thread and repeats itself; a level that is not the last gets half
        of what is left of time and work.
    progress : callable(Point), optional
    cancel : Cancel, optional
        Ends the search with the best schedule so far.
    start : (A,) int array, optional
        Starts of a schedule to begin from; its order is kept, whatever it breaks is mended.

    Raises
    ------
    BadInput
        No level, a wrong weight, or no schedule keeps the horizon and the hard deadlines.
    SolverFailed
        The worker died or was killed.
    VallumError
        Neither a priority rule nor the solver found a schedule within the limits.
    """
    _check(network, levels, start)
    budget = Budget(limits, cancel or Cancel())
    bounds = tuple(lower_bound(network, level) for level in levels)
    run = _Run(network, levels, bounds, budget, progress)
    run.begin(_first(network, levels, limits.seed, start))
    if run.proven_at_once():
        return run.schedule("optimal")
    _move(run, limits)
    if budget.spent() and run.starts is not None:
        return run.schedule(budget.reason())
    work = None if limits.work is None else limits.work / CHECKS_A_SECOND
    seconds = None if limits.time_limit is None else budget.left()
    problem = Problem(
        network, levels, bounds, run.starts, seconds, work, limits.gap, limits.seed, limits.threads
    )
    return run.schedule(_ask(problem, run))


class _Run:
    """The best schedule and bounds so far."""

    def __init__(
        self,
        network: Network,
        levels: tuple[Level, ...],
        bounds: tuple[int, ...],
        budget: Budget,
        progress: Callable[[Point], None] | None,
    ) -> None:
        self.network, self.levels, self.budget, self._progress = network, levels, budget, progress
        self._bounds = list(bounds)
        self._seconds = [0.0] * len(levels)
        self._curve: list[Point] = []
        self.starts: Ints | None = None
        self._finishes: Ints | None = None

    def begin(self, found: tuple[Ints, Ints] | None) -> None:
        """Take the schedule of the priority rules."""
        if found is not None:
            self.starts, self._finishes = found
            self._tell(0)

    def proven_at_once(self) -> bool:
        """Whether the one level is already at its bound."""
        if self._finishes is None or len(self.levels) > 1:
            return False
        return int(self.levels[0].value(self._finishes)) == self._bounds[0]

    def improve(self, starts: Ints, finishes: Ints) -> None:
        """Take a schedule that is better on the first level."""
        self.starts, self._finishes = starts, finishes
        self._tell(0)

    def hear(self, step: Step) -> None:
        """Take what the worker tells."""
        self._bounds[step.level] = max(self._bounds[step.level], step.bound)
        if step.starts is not None:
            self.starts = np.array(step.starts)
            self._finishes = self.network.finishes(self.starts)
        self._tell(step.level)

    def schedule(self, status: str) -> Schedule:
        """The answer."""
        if self.starts is None or self._finishes is None:
            raise VallumError(
                "no schedule was found within the limits",
                where="schedule",
                remedy="give more time or a longer horizon, or make deadlines soft",
            )
        self._pack()
        ends = [int(v) for v in values(self.levels, self._finishes)]
        reached = tuple(
            Reached(level.name, value, bound, (value - bound) / abs(value) if value else 0.0, seconds)
            for level, value, bound, seconds in zip(
                self.levels, ends, self._bounds, self._seconds, strict=True
            )
        )
        return Schedule(self.starts, self._finishes, reached, status, tuple(self._curve))

    def _pack(self) -> None:
        """Move everything as early as the order of the schedule allows, where no level suffers."""
        if self.starts is None or self._finishes is None:
            return
        starts, finishes = serial(self.network, self.starts)
        before, after = (values(self.levels, found).tolist() for found in (self._finishes, finishes[0]))
        if self.network.kept(finishes)[0] and after <= before:
            self.starts, self._finishes = starts[0], finishes[0]

    def _tell(self, level: int) -> None:
        now = self.budget.seconds()
        self._seconds[level] = now - sum(self._seconds[:level])
        if self._finishes is None:
            return
        value = int(self.levels[level].value(self._finishes))
        point = Point(level, now, value, self._bounds[level])
        self._curve.append(point)
        if self._progress is not None:
            self._progress(point)


def _check(network: Network, levels: tuple[Level, ...], start: Ints | None) -> None:
    if not levels:
        raise BadInput("there is nothing to minimise", where="schedule", rule="levels", remedy="give a level")
    for level in levels:
        level.check(len(network.duration))
    if start is not None and np.shape(start) != network.duration.shape:
        raise BadInput("start has one period for each activity", where="schedule", rule="shape")


def _first(
    network: Network, levels: tuple[Level, ...], seed: int, start: Ints | None
) -> tuple[Ints, Ints] | None:
    """Best schedule of the priority rules and of the order of a given one."""
    many = PLACEMENTS // len(network.duration)
    found = [best_of(network, levels, seed, tries=min(64, many), rounds=min(6, many // 4))]
    if start is not None:
        starts, finishes = serial(network, np.asarray(start))
        found.append((starts[0], finishes[0]) if network.kept(finishes)[0] else None)
    good = [one for one in found if one is not None]
    return min(good, key=lambda one: values(levels, one[1]).tolist(), default=None)


def _move(run: _Run, limits: Limits) -> None:
    """Improve a large weighted schedule by local search, for a part of the limits."""
    network, level, budget = run.network, run.levels[0], run.budget
    size = len(network.duration)
    if run.starts is None or level.weight is None or size < LARGE:
        return
    most = np.inf
    if limits.work is not None:
        most = LOCAL_SHARE * limits.work * PLACEMENTS_A_UNIT / (size * BROOD)

    def more(rounds: int) -> bool:
        return rounds < most and not budget.spent(LOCAL_SHARE)

    search(network, level, run.starts, more, limits.seed, run.improve)


def _ask(problem: Problem, run: _Run) -> str:
    """Run the worker to its end, by itself or by force; how it ended."""
    worker = launch("vallum.solve.schedule.worker")
    lines: queue.Queue[bytes | None] = queue.Queue()
    fed = threading.Event()
    talk = threading.Thread(target=_talk, args=(worker, pack(problem), lines, fed), daemon=True)
    talk.start()
    try:
        status = _listen(worker, lines, fed, run)
    finally:
        end(worker, talk)
    if status == "dead":
        raise SolverFailed(
            f"the scheduling solver {death(worker.returncode)}",
            where="schedule",
            remedy="free memory, use fewer threads or schedule fewer activities at once",
        )
    if status == "infeasible":
        raise BadInput(
            "no schedule keeps the horizon and the hard deadlines",
            where="schedule",
            rule="horizon",
            remedy="lengthen the horizon, raise a capacity or make a deadline soft",
        )
    return status


def _talk(
    worker: subprocess.Popen[bytes], content: bytes, lines: queue.Queue[bytes | None], fed: threading.Event
) -> None:
    """Hand the problem over and take lines until there are no more."""
    if worker.stdin is None or worker.stdout is None:
        return
    with contextlib.suppress(BrokenPipeError):
        worker.stdin.write(content)
        worker.stdin.flush()
    fed.set()
    for text in worker.stdout:
        lines.put(text)
    lines.put(None)


def _listen(
    worker: subprocess.Popen[bytes], lines: queue.Queue[bytes | None], fed: threading.Event, run: _Run
) -> str:
    """Hear the worker until it is done, dead, or does not end when it should."""
    budget = run.budget
    over: float | None = None
    while True:
        with contextlib.suppress(queue.Empty):
            text = lines.get(timeout=LOOK)
            if text is None:
                return "dead"
            message = read(text)
            if isinstance(message, Done):
                return message.status if message.status != "limit" else _reason(budget)
            run.hear(message)
        if over is None and (budget.cancel.is_set() or budget.left() <= 0.0):
            over = budget.seconds()
            if fed.is_set() and worker.stdin is not None:
                with contextlib.suppress(BrokenPipeError):
                    worker.stdin.close()
        if over is not None and budget.seconds() - over > GRACE:
            return _reason(budget)


def _reason(budget: Budget) -> str:
    """Why the search was not finished."""
    if budget.cancel.is_set():
        return "interrupted"
    return "time limit" if budget.limits.work is None or budget.left() <= 0.0 else "work limit"

"""The search: relaxation and bound, then rounds of jobs on all workers, anytime.

Every round starts from the best plans of the rounds before. With a number of moves and no clock, nothing
depends on which worker is faster, so that the same problem, seed and number of workers give the same plan.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal, NamedTuple

import numpy as np

from vallum.solve.highs import SolverFailed
from vallum.solve.limits import Budget, Cancel, Limits
from vallum.solve.portfolio.arrays import Guide, fitted, rounded
from vallum.solve.portfolio.crew import Crew
from vallum.solve.portfolio.job import Job, Progress
from vallum.solve.portfolio.loss import Losses, price
from vallum.solve.portfolio.problem import NEVER, Bools, Floats, Ints, Portfolio
from vallum.solve.portfolio.relaxation import Relaxed, Steps, relax, steps, unpriced
from vallum.solve.portfolio.sharpen import Sharpening
from vallum.solve.portfolio.starts import allowed_starts

__all__ = ["Found", "Point", "Report", "solve"]

#: Projects from which on the interior-point method finds the bound sooner than the simplex method.
MANY = 1_500
#: Share of the search in which plans are annealed anew; moves, and seconds, of one anneal for each project.
ANEW, MOVES_EACH, SECONDS_EACH = 0.25, 1_500, 0.0015
#: First temperature, and first factor on prices of overspending: of an anneal anew, and from a standing plan.
ANEW_FROM, AGAIN_FROM = (50.0, 1.1), (20.0, 1.3)
#: Loss of candidates.
LOSS = 20.0
#: Rounds of exchanges: first temperature, share of the time for them, and where each worker starts: the
#: next best annealed ones, the best of all, or all from the best. A short search has fewer.
Source = Literal["next", "best", "one"]
ROUNDS: tuple[tuple[float, float, Source], ...] = (
    (60.0, 0.2, "next"), (60.0, 0.2, "next"), (60.0, 0.25, "best"), (30.0, 0.35, "one"),
)  # fmt: skip
SHORT_ROUNDS: tuple[tuple[float, float, Source], ...] = ((60.0, 0.6, "next"), (30.0, 0.4, "one"))
#: What of an anneal an exchange does not use: losses of candidates and factor on prices.
NO_ANNEAL = (0.0, 0.0)
#: A search is short up to so many moves, or seconds, for each project.
SHORT_MOVES, SHORT_SECONDS = 20_000, 0.03
#: Share of the time in which the bound is sharpened beside the search, and least and most seconds of it.
SHARPEN, LEAST_SHARPEN, MOST_SHARPEN = 0.5, 10.0, 120.0
#: Seconds between two looks at the clock and the cancel flag.
LOOK = 0.1
#: Relative gap that counts as none.
CLOSED = 1e-9


@dataclass(frozen=True, slots=True)
class Point:
    """Value and bound at a moment; None where there is none yet."""

    seconds: float
    value: float | None
    bound: float | None


Report = Callable[[Point], None]


@dataclass(frozen=True, slots=True)
class Found:
    """The best plan.

    Attributes
    ----------
    start : (n,) int array
        Start of each project, NEVER where it is not in the plan.
    value, bound : float
    gap : float
        (bound - value) / value, as a fraction; inf when the plan is worth nothing and the bound is not.
    status : str
        optimal, gap, time limit, work limit or interrupted.
    seconds : float
    curve : tuple of Point
        Every change of value or bound.
    losses : Losses
        Of the relaxation.
    prices : (rows,) array
        Duals of the budgets.
    """

    start: Ints
    value: float
    bound: float
    gap: float
    status: str
    seconds: float
    curve: tuple[Point, ...]
    losses: Losses
    prices: Floats


class _Record:
    """The best until now, and its curve."""

    def __init__(self, problem: Portfolio, budget: Budget, report: Report | None) -> None:
        self.problem, self.budget, self.report = problem, budget, report
        self.start: Ints = np.full(problem.projects, NEVER)
        self.value, self.bound = 0.0, float("inf")
        self.curve: list[Point] = []

    @property
    def gap(self) -> float:
        """Relative gap."""
        rest = max(0.0, self.bound - self.value)
        if self.value <= 0:
            return 0.0 if rest <= 0 else float("inf")
        return rest / self.value

    def tell(self) -> None:
        """Add a point to the curve and report it."""
        point = Point(self.budget.seconds(), self.value, self.bound if np.isfinite(self.bound) else None)
        self.curve.append(point)
        if self.report is not None:
            self.report(point)

    def keep(self, start: Ints) -> None:
        """Keep a plan that fits if it is better, without a word."""
        value = self.problem.worth_of(start)
        if value > self.value:
            self.start, self.value = start, value

    def offer(self, progress: Progress) -> None:
        """Keep a plan if it is better."""
        if progress.value > self.value + CLOSED * abs(self.value):
            self.start, self.value = progress.start, progress.value
            self.tell()


def solve(
    problem: Portfolio,
    limits: Limits,
    *,
    standing: Ints | None = None,
    cancel: Cancel | None = None,
    report: Report | None = None,
) -> Found:
    """Find a plan and prove how good it is.

    Parameters
    ----------
    problem : Portfolio
    limits : Limits
        `work` counts moves of each worker, `threads` workers. Unless only `work` is given, it ends at `gap`,
        too.
    standing : (n,) int array, optional
        A plan to start from; it may break rules and budgets of the problem.
    cancel : Cancel, optional
        Ends the search with the best plan.
    report : callable, optional
        Told every better plan and bound.

    Raises
    ------
    SolverFailed
        When the solver of the relaxation failed, or a worker died.
    """
    budget = Budget(limits, cancel or Cancel())
    allowed = allowed_starts(problem)
    record = _Record(problem, budget, report)
    record.keep(_at_once(problem, allowed, standing))
    record.tell()
    with Crew(max(1, limits.threads)) as crew:
        made = steps(problem, allowed)
        relaxed = _relaxed(made, allowed, budget)
        losses = price(problem, allowed, made, relaxed.duals)
        guide = Guide(losses.start, losses.never, relaxed.duals.budget)
        record.bound = losses.bound
        first = rounded(problem, relaxed.x)
        begins = [_Begin(first, *ANEW_FROM)]
        if standing is not None:
            begins.insert(0, _Begin(_tied(problem, allowed, standing), *AGAIN_FROM))
        for begin in begins:
            record.keep(fitted(problem, allowed, begin.start, losses.never))
        record.tell()
        if not _over(budget, record) and allowed.any():
            crew.set_up(problem, guide)
            sharper = _sharpening(problem, guide, budget, record)
            try:
                _Rounds(problem, crew, budget, record, begins, sharper).run()
            finally:
                if sharper is not None:
                    sharper.stop()
    return Found(
        record.start, record.value, record.bound, record.gap, _status(budget, record), budget.seconds(),
        tuple(record.curve), losses, relaxed.duals.budget,
    )  # fmt: skip


def _sharpening(problem: Portfolio, guide: Guide, budget: Budget, record: _Record) -> Sharpening | None:
    """Start to sharpen the bound, where there is time; with moves alone it would depend on the clock."""
    seconds = SHARPEN * budget.left() if budget.limits.time_limit is not None else 0.0
    if problem.projects >= MANY or seconds < LEAST_SHARPEN:
        return None
    own = Budget(budget.limits, Cancel(), budget.started)
    sharper = Sharpening(problem, guide, record.bound, own, min(seconds, MOST_SHARPEN))
    sharper.start()
    return sharper


def _at_once(problem: Portfolio, allowed: Bools, standing: Ints | None) -> Ints:
    """A plan before anything is priced: as much as fits of the standing one, or of all at their earliest."""
    earliest = np.where(allowed.any(axis=1), allowed.argmax(axis=1), NEVER)
    cost = np.add.reduceat(problem.cost, problem.first[:-1])
    start = earliest if standing is None else _tied(problem, allowed, standing)
    return fitted(problem, allowed, start, problem.worth[:, 0] / (cost + 1.0))


def _tied(problem: Portfolio, allowed: Bools, start: Ints) -> Ints:
    """What of a plan keeps the rules between projects, whatever it spends."""
    much = [
        np.full(len(some), problem.cost.sum() + 1.0)
        for some in (problem.total, problem.ongoing, problem.initiation, problem.streams)
    ]
    return fitted(problem.with_budgets(*much), allowed, start, np.zeros(problem.projects))


def _relaxed(made: Steps, allowed: Bools, budget: Budget) -> Relaxed:
    """The relaxation; without prices, which prove a bound, too, when its time was up."""
    alone = Budget(replace(budget.limits, threads=1), budget.cancel, budget.started)
    try:
        return relax(made, allowed, alone, interior=len(allowed) >= MANY)
    except SolverFailed:
        if budget.left() > 0 and not budget.cancel.is_set():
            raise
        return unpriced(made, allowed)


def _over(budget: Budget, record: _Record) -> bool:
    """Whether to stop. The gap is no reason in a search by moves alone: it would depend on who is faster."""
    enough = budget.limits.time_limit is not None and record.gap <= max(budget.limits.gap, CLOSED)
    return budget.cancel.is_set() or budget.left() <= 0 or enough


def _status(budget: Budget, record: _Record) -> str:
    if record.gap <= CLOSED:
        return "optimal"
    if budget.cancel.is_set():
        return "interrupted"
    if budget.limits.time_limit is not None and record.gap <= budget.limits.gap:
        return "gap"
    return "work limit" if budget.limits.work is not None and budget.left() > 0 else "time limit"


class _Begin(NamedTuple):
    """Where an anneal begins: plan, temperature, factor on prices."""

    start: Ints
    hot: float
    soft: float


class _Rounds:
    """The rounds of one search.

    Parameters
    ----------
    begins : list of _Begin
        Where anneals begin, in turn.
    sharper : Sharpening or None
    """

    def __init__(
        self,
        problem: Portfolio,
        crew: Crew,
        budget: Budget,
        record: _Record,
        begins: list[_Begin],
        sharper: Sharpening | None,
    ) -> None:
        self.problem, self.crew, self.budget, self.record = problem, crew, budget, record
        self.begins, self.sharper = begins, sharper
        self.pool: list[Progress] = [Progress(record.value, record.start, 0, done=True)]
        self.fresh: list[Progress] = []
        self.seeds = np.random.SeedSequence(budget.limits.seed)
        self.timed = budget.limits.work is None
        self.length = budget.left() if self.timed else float(budget.limits.work or 0)

    def run(self) -> None:
        """Anneal anew, then exchange from the best."""
        count, workers = self.problem.projects, range(self.crew.size)
        each = count * (SECONDS_EACH if self.timed else MOVES_EACH)
        anneals = max(1, round(ANEW * self.length / each))
        for number in range(anneals):
            length = self._length(ANEW / anneals)
            begins = [self.begins[(number + worker) % len(self.begins)] for worker in workers]
            self.round([Job("anneal", b.start, self._seed(), b.hot, LOSS, b.soft, *length) for b in begins])
        self.fresh = sorted(self.pool, key=lambda progress: -progress.value)
        short = self.length <= count * (SHORT_SECONDS if self.timed else SHORT_MOVES)
        for hot, share, source in SHORT_ROUNDS if short else ROUNDS:
            length, starts = self._length((1.0 - ANEW) * share), self._starts(source)
            self.round([Job("exchange", start, self._seed(), hot, *NO_ANNEAL, *length) for start in starts])
        if not self.timed and not self.budget.cancel.is_set():
            # among plans of one value that of the first job, whichever was heard first
            final = max(self.pool, key=lambda progress: progress.value)
            if final.value >= self.record.value * (1.0 - CLOSED):
                self.record.start, self.record.value = final.start, final.value

    def _seed(self) -> int:
        return int(self.seeds.spawn(1)[0].generate_state(1)[0])

    def _length(self, share: float) -> tuple[int | None, float]:
        """Moves and seconds of a job that takes a share of the search."""
        if self.timed:
            return None, max(0.0, min(share * self.length, self.budget.left()))
        return max(1, int(share * self.length)), 0.0

    def _starts(self, source: Source) -> list[Ints]:
        """Plans for the workers to start from."""
        size = self.crew.size
        ranked = sorted(self.pool, key=lambda progress: -progress.value)
        if source == "next" and self.fresh:
            ranked, self.fresh = self.fresh[:size], self.fresh[size:]
        elif source == "one":
            ranked = ranked[:1]
        return [ranked[worker % len(ranked)].start for worker in range(size)]

    def round(self, jobs: list[Job]) -> None:
        """Run a job on each worker and wait for all; results are kept in the order of the workers."""
        if _over(self.budget, self.record):
            return
        for number, job in enumerate(jobs):
            self.crew.give(number, job)
        results: dict[int, Progress] = {}
        while len(results) < len(jobs) and not _over(self.budget, self.record):
            heard = self.crew.hear(LOOK)
            if self.sharper is not None and self.sharper.bound < self.record.bound * (1.0 - CLOSED):
                self.record.bound = self.sharper.bound
                self.record.tell()
            if heard is None:
                continue
            number, progress = heard
            self.record.offer(progress)
            if progress.done:
                results[number] = progress
        self.pool += [results[number] for number in sorted(results) if results[number].value > 0]

"""A good siting, and a bound that none exceeds.

Greedy and local search first; then the relaxation, whose fractions are rounded and searched around and whose
prices tell units that no better siting has; then cuts; then branch and bound in HiGHS, of the most promising
units first (a kernel: Angelelli, Mansini and Speranza 2010), of all that are left at the end. Where kinds
cover fractions, a siting that is worth less than the programme says is cut off and the search goes on.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from vallum.solve.covering.cuts import separate
from vallum.solve.covering.greedy import fill, greedy
from vallum.solve.covering.local import search
from vallum.solve.covering.pricing import generate
from vallum.solve.covering.problem import Cover, Floats, Ints, value
from vallum.solve.covering.programme import MARGIN, Programme, Relaxed
from vallum.solve.covering.state import State
from vallum.solve.covering.tables import tables
from vallum.solve.covering.units import affordable, expand
from vallum.solve.limits import Budget, Cancel, Limits

__all__ = ["Covered", "solve", "upper_bound"]

#: Told of every better value or bound.
Progress = Callable[[float, float], None]

#: Steps of local search, at the beginning and around each siting that is found, and most for each option.
FIRST_STEPS = 300
STEPS = 200
STEPS_AN_OPTION = 2
#: Entries reckoned again in local search for one check point of `Limits.work`, and most searches in a row.
ENTRIES_A_POINT = 3_000_000
WANDERINGS = 200
#: Rounds of cuts, and the share of the distance to the value below which one more is not worth it.
ROUNDS = 20
WORTH_A_ROUND = 0.01
#: Units of the kernel: so many times those that stand, and at least so many.
KERNEL = 6
LEAST_KERNEL = 300
#: Entries of covers and tables above which the relaxation is that of few units.
LONG = 600_000
#: Parts of the limits by which the cuts, the kernel and the cuts after it end.
BY_CUTS, BY_KERNEL, BY_LAST_CUTS = 0.5, 0.6, 0.8
#: Difference of worths, all together about 1, that is within what HiGHS may be off by.
SAME = 2e-7
#: Share of the units left below which the programme is written anew.
SHRINKS = 0.7


@dataclass(frozen=True, slots=True)
class Covered:
    """A siting and what is proven of it.

    Attributes
    ----------
    x : (options,) int array
    value, bound : float
        Worth, and what no siting of the budgets exceeds.
    gap : float
        (bound - value) / value; 0 where both are 0, inf where only the value is.
    status : str
        "optimal" (to the gap that was asked for), "time limit", "work limit" or "interrupted".
    """

    x: Ints
    value: float
    bound: float
    gap: float
    status: str


def solve(
    problem: Cover,
    limits: Limits,
    *,
    progress: Progress | None = None,
    cancel: Cancel | None = None,
    start: Ints | None = None,
) -> Covered:
    """Site units for the greatest worth within the budgets.

    Parameters
    ----------
    problem : Cover
    limits : Limits
        With a work limit and no time limit the same problem and seed give the same siting. A linear programme
        is not stopped by either before it has had five seconds.
    progress : callable(value, bound), optional
        Called whenever one of them is better.
    cancel : Cancel, optional
        Ends the search with the best siting so far.
    start : (options,) int array, optional
        A siting to begin from.

    Raises
    ------
    ValueError
        If `start` breaks a budget or `most`: a fault of the caller.
    """
    if start is not None and not problem.fits(np.asarray(start, np.int64)):
        raise ValueError("the siting to start from does not fit the budgets")
    run = _Run(problem, Budget(limits, cancel or Cancel()), progress)
    run.offer(greedy(problem))
    if start is not None:
        run.offer(np.asarray(start, np.int64))
    run.around(run.x, FIRST_STEPS)
    if not run.done():
        relaxed = run.relax()
        if relaxed is not None:
            run.near(relaxed)
        else:
            run.wander()
    return run.covered()


def upper_bound(problem: Cover, limits: Limits | None = None) -> float:
    """What no siting of the budgets exceeds: the relaxation with cuts, without branch and bound.

    Parameters
    ----------
    problem : Cover
    limits : Limits, optional
    """
    run = _Run(problem, Budget(limits or Limits()), None)
    run.offer(greedy(problem))
    if not run.done():
        run.relax()
    return run.bound


class _Run:
    """The best siting and bound so far, and the steps that better them."""

    def __init__(self, problem: Cover, budget: Budget, progress: Progress | None) -> None:
        self.problem, self.budget, self._progress = problem, budget, progress
        self._given = tables(problem)
        self._most = affordable(problem)
        self._units = expand(problem, self._given, self._most)
        self.x = np.zeros(problem.options, np.int64)
        self.value = self._given.value(self.x)
        self.bound = self._ceiling()
        self._programme: Programme | None = None
        self._tries = 0

    def _ceiling(self) -> float:
        """Worth of all units that can be bought, each as if alone."""
        return self._given.value(self._most)

    def offer(self, x: Ints) -> None:
        """Take a siting if it is better."""
        if not self.problem.fits(x):
            return
        worth = self._given.value(x)
        if worth > self.value:
            self.x, self.value = x.copy(), worth
            self._tell()

    def lower(self, bound: float) -> None:
        """Take a bound if it is better."""
        if bound < self.bound:
            self.bound = bound
            self._tell()

    def _tell(self) -> None:
        if self._progress is not None:
            self._progress(self.value, max(self.bound, self.value))

    def done(self) -> bool:
        """Whether the gap is closed or the limits are used up."""
        return self.closed() or self.budget.spent()

    def closed(self) -> bool:
        """Whether the gap is as small as was asked for."""
        return self.bound - self.value <= max(self.budget.limits.gap * self.value, SAME)

    def around(self, x: Ints, steps: int) -> None:
        """Fill up and search around a siting."""
        state = State(self.problem, self._given, x, self._most)
        fill(state, self.problem.cost)
        self.offer(state.x)
        left = iter(range(min(steps, STEPS_AN_OPTION * self.problem.options)))
        self._tries += 1

        def more() -> bool:
            return next(left, None) is not None and not self.budget.spent()

        seed = self.budget.limits.seed * 1_000_003 + self._tries
        search(state, self.problem.cost, more, seed, lambda better, _: self.offer(better))
        self.budget.work_used += 1 + state.touched // ENTRIES_A_POINT

    def relax(self) -> Relaxed | None:
        """Relax over all units and cut; None where that was not finished in time."""
        limit = self.problem.ceiling()
        if self._entries() > LONG:
            return self._relax_large(limit)
        programme = Programme(self._units, limit, self.budget)
        relaxed = programme.relax()
        if relaxed is None:
            return None
        self.lower(relaxed.bound)
        self._programme, relaxed = programme, self._cut(programme, relaxed, BY_CUTS)
        return relaxed

    def _relax_large(self, limit: Floats) -> Relaxed | None:
        """Relax by few units, those that stand or gain most for their cost alone first."""
        units = self._units
        alone = State(self.problem, self._given).gains.mean(axis=0)[units.option] / units.cost
        promise = alone / max(alone.max(), 1e-12) + units.standing(self.x)
        return generate(units, limit, self.budget, promise, self._kernel_size(), self.lower)

    def _entries(self) -> int:
        return int(self._units.cover.nnz) + self._units.box.worth.size

    def wander(self) -> None:
        """Search around the best siting until the limits end, where branch and bound is out of reach."""
        for _ in range(WANDERINGS):
            if self.done():
                return
            self.around(self.x, FIRST_STEPS)

    def near(self, relaxed: Relaxed) -> None:
        """Search near a relaxation, then prove."""
        whole = np.floor(self._units.siting(relaxed.part) + 1e-6).astype(np.int64)
        if self.problem.fits(whole):
            self.around(whole, STEPS)
        kept = relaxed.reduced >= -(relaxed.bound - self.value) - SAME
        if not self.done() and kept.sum() > self._kernel_size():
            self._kernel(np.where(relaxed.part > 1e-6, 1.0 + relaxed.part, relaxed.reduced))
        if not self.done():
            self._prove(relaxed)

    def _cut(self, programme: Programme, relaxed: Relaxed, until: float) -> Relaxed:
        """Cut the relaxation until it gives no more, or a part of the limits is used."""
        for _ in range(ROUNDS):
            if self.closed() or self.budget.spent(until):
                break
            cuts = separate(programme.units, relaxed.part, relaxed.theta)
            if not cuts.count:
                break
            programme.cut(cuts)
            found = programme.relax()
            if found is None:
                break
            fell = relaxed.bound - found.bound
            relaxed = found
            self.lower(relaxed.bound)
            if fell < WORTH_A_ROUND * (self.bound - self.value):
                break
        return relaxed

    def _kernel_size(self) -> int:
        return max(LEAST_KERNEL, KERNEL * int(self.x.sum()))

    def _kernel(self, promise: Floats) -> None:
        """Branch and bound over the units that promise most, for a good siting."""
        order = np.argsort(-promise, kind="stable")
        chosen = np.zeros(self._units.count)
        chosen[order[: self._kernel_size()]] = 1.0
        most = np.maximum(self._units.siting(chosen).astype(np.int64), self.x)
        units = expand(self.problem, self._given, most)
        self._branch(Programme(units, self.problem.ceiling(), self.budget), BY_KERNEL, whole=False)

    def _prove(self, relaxed: Relaxed) -> None:
        """Branch and bound over all units that a better siting may have."""
        programme, units = self._programme, self._units
        while not self.done():
            kept = relaxed.reduced >= -(relaxed.bound - self.value) - SAME
            most = np.maximum(units.siting(kept.astype(np.float64)).astype(np.int64), self.x)
            if most.sum() > SHRINKS * units.count:
                break
            units = expand(self.problem, self._given, most)
            programme = Programme(units, self.problem.ceiling(), self.budget)
            again = programme.relax()
            if again is None:
                return
            self.lower(again.bound)
            relaxed = self._cut(programme, again, BY_LAST_CUTS)
        if programme is None:
            self.wander()
        elif not self.done():
            self._branch(programme.tight(), 1.0, whole=True)

    def _branch(self, programme: Programme, until: float, *, whole: bool) -> None:
        """Branch and bound; a siting that is worth less than the programme says is cut off, and again."""
        while not self.closed() and not self.budget.spent(until):
            answer, x, theta = programme.best(
                self.x,
                seconds=self.budget.left(until),
                work=self.budget.work_left(until),
                gap=self.budget.limits.gap / 2.0,
                heard=(lambda bound: self.lower(bound + MARGIN)) if whole else (lambda _: None),
            )
            if whole:
                self.lower(-answer.bound + MARGIN)
            if x is None:
                return
            self.offer(x)
            if self.closed():
                return
            self.around(x, STEPS)
            states = theta.reshape(programme.units.box.worth.shape[1], -1)
            cuts = separate(programme.units, programme.units.standing(x), states, (0.5,))
            if answer.status != "optimal" or not cuts.count:
                return
            programme.cut(cuts)

    def covered(self) -> Covered:
        """The answer."""
        worth = value(self.problem, self.x)
        bound = max(self.bound, worth)
        gap = (bound - worth) / worth if worth > 0.0 else 0.0 if bound <= SAME else float("inf")
        status = "optimal" if self.closed() else self.budget.reason() or "work limit"
        return Covered(self.x, worth, bound, gap, status)

"""A front, point by point: one axis is held at a limit and another made least (epsilon-constraint method).

Y.Y. Haimes, L.S. Lasdon and D.A. Wismer, On a bicriterion formulation of the problems of integrated system
identification and system optimization, 1971. The limits go from the tightest to the loosest, so that the plan
of a point is within the limit of the next and starts its search.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import polars as pl

from vallum.model.procurement import (
    Guide,
    Mode,
    NotReached,
    PlanLimits,
    Problem,
    Progress,
    Solution,
    Standing,
    solve,
)
from vallum.plan.audit.facts import facts_of
from vallum.plan.frontier.figures import Figures, at_home, figures
from vallum.plan.frontier.points import BOUGHT, EQUAL, Point, tables_of
from vallum.plan.frontier.question import Question
from vallum.plan.store import MODES, Plan
from vallum.solve import Budget, Cancel, Limits

__all__ = ["Front"]

#: Share of a point's limits for the axis made least; the rest makes the other of shortfall and cost small.
FIRST: Final = 0.75
#: Share of a limit that may be left where it counts as used up.
NEAR: Final = 1e-3
INF: Final = float("inf")

Tables = Mapping[str, pl.DataFrame]
Tell = Callable[[str], Progress | None]


@dataclass(frozen=True, slots=True)
class _Start:
    """A plan to start from."""

    figures: Figures
    bought: Tables


class Front:
    """The points of one question, for every mode that was planned.

    Parameters
    ----------
    problem : Problem
    plans : mapping of mode to Plan
        The plans that stand.
    question : Question
    limits : Limits
        For all points of one mode together.
    tell : callable
        Gives the progress callback of a point by its name.
    cancel : Cancel, optional
        Set it to stop with the points that are finished.
    """

    def __init__(
        self,
        problem: Problem,
        plans: Mapping[str, Plan],
        question: Question,
        limits: Limits,
        tell: Tell = lambda _: None,
        cancel: Cancel | None = None,
    ) -> None:
        self.problem, self.plans, self.question = problem, plans, question
        self.tell, self.cancel = tell, cancel or Cancel()
        self.modes: list[Mode] = [mode for mode in ("national", "joint") if mode in plans]
        self.standing = {
            mode: _Start(figures(plan), {name: plan.tables[name] for name in BOUGHT})
            for mode, plan in plans.items()
        }
        nothing = float((problem.weight * problem.gap).sum())
        self.grid = question.limits([one.figures for one in self.standing.values()], nothing)
        self.target = max(one.figures.shortfall for one in self.standing.values())
        self.limits = limits
        self.guides: dict[Mode, Guide | None] = {}
        facts = facts_of(next(iter(plans.values())).inputs)
        self.at_home = np.array([at_home(facts, name) for name in problem.programmes])

    @property
    def asked(self) -> int:
        """Number of points of all modes."""
        return len(self.modes) * len(self.grid)

    def run(self, kept: Sequence[Point] = ()) -> list[Point]:
        """Return all points, or those found before the cancellation.

        Parameters
        ----------
        kept : sequence of Point
            Points of an earlier run of the same question; they are not searched again.
        """
        found = {(point.mode, point.number): point for point in kept if point.finished}
        for mode in self.modes:
            missing = [number for number in range(1, len(self.grid) + 1) if (mode, number) not in found]
            budget = Budget(self.limits, self.cancel)
            for place, number in enumerate(missing):
                if not self.cancel.is_set():
                    limits = self.share(budget, len(missing) - place)
                    found[mode, number] = self.point(mode, number, self.starts(found, mode, number), limits)
        return [found[key] for key in sorted(found, key=lambda key: (MODES.index(key[0]), key[1]))]

    def share(self, budget: Budget, left: int) -> Limits:
        """Limits of a point: an equal part of the work, and of the time that is left."""
        limits = self.limits.scaled(1 / len(self.grid))
        if self.limits.time_limit is None:
            return limits
        return replace(limits, time_limit=min(budget.left(), self.limits.time_limit) / left)

    def starts(self, found: Mapping[tuple[Mode, int], Point], mode: Mode, number: int) -> Iterator[_Start]:
        """Plans that may be within the limit: tighter points, national ones, the plans that stand."""
        usable = ("national", mode)
        for (other, place), point in found.items():
            if other in usable and place <= number and point.figures is not None:
                yield _Start(point.figures, point.bought)
        yield from (one for other, one in self.standing.items() if other in usable)

    def point(self, mode: Mode, number: int, starts: Iterable[_Start], limits: Limits) -> Point:
        """Search one point, from the best plan that is within its limits."""
        limit, tell = self.grid[number - 1], self.tell(f"point {number} of {len(self.grid)}")
        within = [one for one in starts if self.allows(one.figures, limit)]
        start = min(within, key=lambda one: one.figures.of(self.question.least) or 0.0, default=None)
        problem, asked = self.problem_at(limit)
        beside = [_standing(self.standing[mode].bought)]
        try:
            found = solve(
                problem, mode, limits.scaled(FIRST), tell, cancel=self.cancel, guide=self.guides.get(mode),
                standing=None if start is None else _standing(start.bought), beside=beside,
                shortfall=asked.get("shortfall"), cost=asked.get("cost"),
            )  # fmt: skip
        except NotReached:
            status = "interrupted" if self.cancel.is_set() else "not reached"
            return Point(mode, number, limit, None, None, status, None, {})
        level = found.levels[0]
        self.guides[mode] = found.guide
        rest = limits.scaled(1 - FIRST)
        best = found if self.tight(mode, found, limit) else self.refined(problem, mode, found, rest, tell)
        bought = {name: best.tables[name] for name in BOUGHT}
        one = figures(self.as_plan(mode, best))
        return Point(mode, number, limit, level.value, level.bound, found.status, one, bought)

    def tight(self, mode: Mode, found: Solution, limit: float) -> bool:
        """Whether the axis held is the other one of shortfall and cost, and its limit is used up."""
        held = self.question.held
        used = figures(self.as_plan(mode, found)).of(held) or 0.0
        return held in ("cost", "shortfall") and used >= (1 - NEAR) * limit

    def refined(
        self, problem: Problem, mode: Mode, found: Solution, limits: Limits, tell: Progress | None
    ) -> Solution:
        """Of the plans that are as good as the one found, one that is good in shortfall and cost both.

        Second step of the augmented method (G. Mavrotas, Effective implementation of the epsilon-constraint
        method in multi-objective mathematical programming problems, 2009), here one after the other.
        """
        least, other = self.question.least, "cost" if self.question.least == "shortfall" else "shortfall"
        if self.cancel.is_set():
            return found
        value, had = found.levels[0].value, figures(self.as_plan(mode, found)).of(other)
        try:
            better = solve(
                problem, mode, limits, tell, standing=_standing(found.tables), cancel=self.cancel,
                shortfall=value if least == "shortfall" else None, cost=value if least == "cost" else None,
            )  # fmt: skip
        except NotReached:
            return found
        one = figures(self.as_plan(mode, better))
        kept = (one.of(least) or 0.0) <= value + EQUAL * abs(value)
        return better if kept and (one.of(other) or 0.0) < (had or 0.0) else found

    def allows(self, one: Figures, limit: float) -> bool:
        """Whether a plan is within the limits of a point."""
        return self.question.keeps(one, limit) and (
            self.question.held == "shortfall"
            or self.question.least != "cost"
            or one.shortfall <= self.target + 1e-9
        )

    def problem_at(self, limit: float) -> tuple[Problem, dict[str, float]]:
        """The problem with the limit of a point, and what the solver is asked to hold."""
        held, least = self.question.held, self.question.least
        if held == "cost":
            return self.problem, {"cost": limit}
        if held == "shortfall":
            return self.problem, {"shortfall": limit}
        limits = {
            "types": PlanLimits(types=round(limit)),
            "peak": PlanLimits(spending=limit),
            "domestic": PlanLimits(domestic=limit, at_home=self.at_home),
        }[held]
        asked = {"cost": INF} if least == "shortfall" else {"shortfall": self.target}
        return replace(self.problem, limits=limits), asked

    def as_plan(self, mode: Mode, found: Solution) -> Plan:
        """The plan of a point, with the inputs of the one that stands."""
        tables = {**self.plans[mode].tables, **found.tables}
        return replace(self.plans[mode], tables=tables)

    def tables(self, points: Sequence[Point]) -> dict[str, pl.DataFrame]:
        """Return the tables of the trade-off."""
        standing = {mode: self.standing[mode].figures for mode in self.modes}
        return tables_of(self.question, points, standing, {mode: self.loosest(mode) for mode in self.modes})

    def loosest(self, mode: Mode) -> float:
        """The bound of the plan that stands, which no limit holds; it is one for every point."""
        if self.question.least != "shortfall":
            return -INF
        levels = self.plans[mode].tables["levels"].filter(pl.col("level") == 1)
        return float(levels["bound"][0]) if levels.height else -INF


def _standing(tables: Tables) -> Standing:
    return Standing(*(tables[name] for name in BOUGHT))

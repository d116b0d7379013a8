"""From a problem to a plan: three levels, each with a bound, a search and a certificate (section 10).

A small model goes to branch and bound whole. A large one is bounded by block generation, gets a first plan
by diving from that bound's linear programme, and is then improved by branch and bound over the blocks that
are worth something. Any moment's best plan is complete: a limit or Ctrl-C only makes it less good.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from vallum.core.errors import VallumError
from vallum.model.procurement.adopt import Standing, adopt
from vallum.model.procurement.formulation import Formulation, formulate
from vallum.model.procurement.generate import Master
from vallum.model.procurement.ledger import ledger
from vallum.model.procurement.price import prices
from vallum.model.procurement.pricing import Mode, blocks
from vallum.model.procurement.problem import Problem
from vallum.model.procurement.result import LEVELS, Level, Point, Solution
from vallum.model.procurement.search import Restricted
from vallum.solve import Budget, Cancel, Limits, SolverFailed

__all__ = ["NotReached", "Progress", "Stage", "solve"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
INF = float("inf")

#: Columns up to which branch and bound gets every column and every whole unit at once.
SMALL = 6_000
#: Columns up to which it gets every column, so that its bound holds for the whole problem.
MEDIUM = 30_000
#: Order years per member and quantity that branch and bound sees of a block the plan does not use.
YEARS = 3
#: Dives for a first plan: fix choices above this value at once, else this share of the fractional ones.
DIVES = ((0.6, 0.5), (0.85, 0.25))
#: Dives with jittered costs per neighbourhood, classes of the widest one, and every how many branch and
#: bound is tried.
JITTERED, WIDEST, EVERY = 3, 5, 4
#: Share of the limits after which each level stops.
SHARES = (0.62, 0.85, 0.97)


class NotReached(VallumError):
    """No plan with the shortfall asked for was found."""


@dataclass(frozen=True, slots=True)
class Stage:
    """A sign of life: what is being done, and the best value and bound of the level so far."""

    stage: str
    mode: str
    seconds: float
    value: float | None
    bound: float | None


Progress = Callable[[Stage], None]


def solve(
    problem: Problem,
    mode: Mode,
    limits: Limits,
    progress: Progress | None = None,
    *,
    standing: Standing | None = None,
    shortfall: float | None = None,
    cancel: Cancel | None = None,
) -> Solution:
    """Plan one mode.

    Parameters
    ----------
    problem : Problem
    mode : {"national", "joint"}
    limits : Limits
    progress : callable, optional
        Called with a `Stage` whenever something is known better.
    standing : Standing, optional
        A plan to start from, of this or of the national mode; the result is never worse.
    shortfall : float, optional
        Instead of minimising the shortfall, hold it at this value and minimise cost (same capability).
    cancel : Cancel, optional
        Set it to stop with the best plan found.

    Returns
    -------
    Solution
    """
    budget = Budget(limits) if cancel is None else Budget(limits, cancel)
    run = _Run(problem, mode, budget, progress)
    return run.hold(shortfall, standing) if shortfall is not None else run.all_levels(standing)


@dataclass(slots=True)
class _Best:
    """One level's task and its state: the best plan so far and the best bound.

    `caps` are the right-hand sides of the rows that hold earlier levels; inf: open.
    """

    level: int
    caps: Floats
    plan: Floats
    value: float
    bound: float = -INF


@dataclass(slots=True)
class _Run:
    problem: Problem
    mode: Mode
    budget: Budget
    progress: Progress | None
    curve: list[Point] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)
    levels: list[Level] = field(default_factory=list)
    form: Formulation = field(init=False)
    former: Master | None = None  # of the level before: its blocks carry over

    def __post_init__(self) -> None:
        self.say("pricing coalitions", None, None)
        priced = blocks(self.problem, self.mode)
        self.seconds["pricing"] = self.budget.seconds()
        self.say("building the model", None, None)
        self.form = formulate(self.problem, priced, self.mode)
        self.seconds["build"] = self.budget.seconds() - self.seconds["pricing"]

    def all_levels(self, standing: Standing | None) -> Solution:
        caps = np.array([INF, INF])
        large = len(self.form.program.cost) > SMALL
        if standing is None and self.mode == "joint" and large and not self.budget.spent():
            standing = self.alone()
        plan = self.nothing() if standing is None else self.adopted(standing)
        tolerance = self.problem.settings["level_tolerance"]
        for level, until in enumerate(SHARES):
            plan = self.level(level, caps, plan, until)
            if level < 2:
                # rounding of the solver must not shut out the plan that set the cap
                held = self.levels[-1].value
                caps[level] = held * (1 + tolerance) + 1e-9 * max(1.0, abs(held))
        return self.finish(plan)

    def alone(self) -> Standing:
        """A quick national plan; it exists long before the joint bound does."""
        national = _Run(self.problem, "national", self.budget, None)
        best = _Best(0, np.array([INF, INF]), national.nothing(), INF)
        national.dives(national.generate(best, 0.1), best, 0.1)
        tables = ledger(national.form, best.plan)
        return Standing(tables["orders"], tables["expansions"], tables["schools"])

    def hold(self, shortfall: float, standing: Standing | None) -> Solution:
        """Least cost at a given shortfall; level 1 is reported as held."""
        caps = np.array([shortfall + 1e-9 * max(1.0, abs(shortfall)), INF])
        plan = self.nothing() if standing is None else self.adopted(standing)
        if not self.keeps(plan, caps):
            plan = self.level(0, np.array([INF, INF]), plan, 0.5)
            self.levels.clear()
        if not self.keeps(plan, caps):
            raise NotReached(
                f"No plan found in the time given has {shortfall:.6g} gap-years or less",
                rule="same capability",
                remedy="allow more time, or start from a plan that reaches it",
            )
        return self.finish(self.level(1, caps, plan, 0.97))

    def keeps(self, plan: Floats, caps: Floats) -> bool:
        """Whether a plan is within the values held from earlier levels."""
        held = np.array([float(self.form.costs[i] @ plan) for i in range(2)])
        return bool((held <= caps + 1e-9 * np.maximum(1.0, np.abs(held))).all())

    def finish(self, plan: Floats) -> Solution:
        tables = ledger(self.form, plan)
        tables["rows"] = prices(self.form, plan, self.budget)
        reason = self.budget.reason()
        first = self.levels[0]
        solved = "optimal" if first.gap <= 1e-9 else "gap" if first.gap <= self.budget.limits.gap else ""
        return Solution(
            mode=self.mode, levels=tuple(self.levels), tables=tables,
            status=reason if reason == "interrupted" else solved or reason or "time limit",
            curve=tuple(self.curve), seconds=self.seconds, full=plan,
        )  # fmt: skip

    # one level ----------------------------------------------------------------------------------------

    def level(self, level: int, caps: Floats, plan: Floats, until: float) -> Floats:
        """Minimise one level from a plan that keeps the caps; returns a plan at least as good."""
        started, began = self.budget.seconds(), self.spent_share()
        plan = self.with_types(plan) if level == 2 else plan
        best = _Best(level, caps, plan, float(self.form.costs[level] @ plan), self.trivial_bound(level))
        columns = len(self.form.program.cost)
        if self.budget.spent():
            self.say("out of time", best.value, best.bound)
        elif columns <= SMALL:
            self.branch(best, np.arange(columns), until, whole=True)
        else:
            master = self.generate(best, began + 0.35 * (until - began))
            self.dives(master, best, began + 0.5 * (until - began))
            self.improve(master, best, until)
        if level == 2:
            best.bound = float(np.ceil(best.bound - 1e-6))
        best.bound = float(min(best.bound, best.value)) + 0.0  # no negative zero in a table
        self.levels.append(Level(LEVELS[level], best.value, best.bound, self.budget.seconds() - started))
        self.note(best)
        return best.plan

    def trivial_bound(self, level: int) -> float:
        """What no plan can be below, before anything is solved: only a loan can cost less than nothing."""
        loan = self.problem.loan
        return float(np.sum(loan.most * np.minimum(loan.cost, 0.0))) if level == 1 else 0.0

    def with_types(self, plan: Floats) -> Floats:
        """The plan with exactly the types that it buys; earlier levels leave that column free."""
        out, types = plan.copy(), self.form.at.types
        out[types] = 0.0
        bought = self.form.blocks.programme[self.form.chosen(plan)]
        out[types[self.problem.programme.system[bought]]] = 1.0
        return out

    def spent_share(self) -> float:
        limits = self.budget.limits
        by_time = self.budget.seconds() / limits.time_limit if limits.time_limit else 0.0
        by_work = self.budget.work_used / limits.work if limits.work else 0.0
        return min(max(by_time, by_work), 1.0)

    def generate(self, best: _Best, until: float) -> Master:
        """Bound the level by block generation; the master's blocks carry over to the next level."""
        self.say("bounding by block generation", best.value, None)
        former, master = self.former, Master(self.form, best.level, best.caps, self.budget)
        if former is None:
            master.seed()
        else:
            master.activate(np.flatnonzero(former.active))
            master.add(former.columns)
        master.admit(best.plan)

        def watch(_: float, bound: float) -> None:
            best.bound = max(best.bound, bound)
            self.note(best)

        master.solve(until, watch)
        self.seconds.setdefault("bound", self.budget.seconds())
        self.former = master
        return master

    def dives(self, master: Master, best: _Best, until: float) -> None:
        """Complete plans by rounding the bound's linear programme, and that of the plan's own blocks."""
        self.say("diving", best.value, best.bound)
        chosen = self.form.chosen(best.plan)
        if len(chosen):
            self.take(best, self.restricted(best, chosen).dive())
        for take, share in DIVES if best.level == 0 else ():
            choices = master.dive(until, take, share)
            self.take(best, self.restricted(best, choices).dive(choices))
        self.seconds.setdefault("first plan", self.budget.seconds())

    def improve(self, master: Master, best: _Best, until: float) -> None:
        """Branch and bound over the master's blocks, then over neighbourhoods of the plan.

        When all columns are few enough, level 1 first lets branch and bound see them all: its root raises
        the bound above that of the linear programme.
        """
        if best.level == 0:
            here = self.spent_share()
            if len(self.form.program.cost) <= MEDIUM:
                self.whole_totals(best, here + 0.3 * (until - here))
            master.widen(0, YEARS)
        self.neighbourhoods(master, best, until)

    def whole_totals(self, best: _Best, until: float) -> None:
        """Branch and bound with fractions of units, then whole totals for the choices it made."""
        loose = self.branch(best, np.arange(len(self.form.program.cost)), until, whole=False)
        if loose is not None:
            self.take(best, self.restricted(best, self.form.chosen(loose)).settle(loose))

    def neighbourhoods(self, master: Master, best: _Best, until: float) -> None:
        """Free the choices of a few classes at a time, everything but choices stays free throughout.

        Dives with jittered costs are quick and find what branch and bound over the same columns then
        completes; at the first level branch and bound comes early, at the others dives do most.
        """
        klass = self.problem.programme.klass[self.form.blocks.programme]
        random = np.random.default_rng(self.budget.limits.seed)
        active, queue, turn = np.flatnonzero(master.active), list[int](), 0
        while not self.budget.spent(until):
            size = 0 if turn == 0 else 1 + turn % WIDEST
            if len(queue) < max(size, 1):
                queue = [int(k) for k in random.permutation(len(self.problem.classes))]
            classes, queue = queue[:size], queue[size:]
            free = master.columns_of(active[np.isin(klass[active], classes)])
            columns = np.union1d(self.form.columns_of(self.form.chosen(best.plan)), free)
            self.jittered(best, columns, random, until)
            if turn % EVERY == (0 if best.level == 0 else EVERY - 1):
                columns = np.union1d(self.form.columns_of(self.form.chosen(best.plan)), free)
                self.branch(best, columns, until, whole=True, bounds=False, seconds=6.0, gap=1e-3)
            turn += 1

    def jittered(self, best: _Best, columns: Ints, random: np.random.Generator, until: float) -> None:
        """A few dives with changed costs over some columns."""
        model = Restricted(self.form, best.level, best.caps, columns, self.budget, whole=True)
        for _ in range(JITTERED):
            if self.budget.spent(until):
                return
            self.take(best, model.dive(jitter=random))
            self.budget.work_used += 1

    def branch(
        self,
        best: _Best,
        columns: Ints,
        until: float,
        *,
        whole: bool,
        bounds: bool = True,
        seconds: float = INF,
        gap: float = 0.0,
    ) -> Floats | None:
        """Branch and bound over some columns from the best plan; returns what it found."""
        if self.budget.spent(until):
            return None
        model = Restricted(self.form, best.level, best.caps, columns, self.budget, whole=whole)
        complete = len(model.columns) == len(self.form.program.cost) and bounds
        stage = "branch and bound" if whole else "branch and bound, fractions of units"
        self.say(stage, best.value, best.bound)

        def watch(value: float, bound: float) -> None:
            if complete and bound > best.bound:
                best.bound = bound
            if whole and value < best.value - 1e-9:
                self.note(best, value)

        allowed = self.budget.limits.gap if best.level == 0 else min(self.budget.limits.gap, 1e-4)
        answer, found = model.solve(
            seconds=min(self.budget.left(until), self.patience(seconds)), work=self.budget.work_left(until),
            gap=max(gap, allowed), start=best.plan, progress=watch,
        )  # fmt: skip
        if complete:
            best.bound = max(best.bound, answer.bound)
        if found is not None and whole:
            self.take(best, model.fixed(found))
        return found

    def patience(self, seconds: float) -> float:
        """Seconds for one neighbourhood; without a time limit only work counts."""
        return seconds if self.budget.limits.time_limit is not None else INF

    def take(self, best: _Best, plan: Floats | None) -> None:
        """Keep a plan that is better."""
        if plan is None:
            return
        value = float(self.form.costs[best.level] @ plan)
        if value < best.value - 1e-12:
            best.plan, best.value = plan, value
            self.note(best)

    # plans and columns --------------------------------------------------------------------------------

    def restricted(self, best: _Best, choices: Ints) -> Restricted:
        """The model of some blocks with all their order years and whole units."""
        columns = self.form.columns_of(choices)
        return Restricted(self.form, best.level, best.caps, columns, self.budget, whole=True)

    def nothing(self) -> Floats:
        """The plan that buys nothing; it always exists."""
        model = Restricted(self.form, 0, np.array([INF, INF]), self.form.core, self.budget, whole=False)
        plan = model.fixed(np.zeros(len(self.form.program.cost)))
        if plan is None:
            raise SolverFailed("HiGHS found no plan, not even the one that buys nothing",
                               remedy="run `vallum doctor` and report the region")  # fmt: skip
        return plan

    def adopted(self, standing: Standing) -> Floats:
        """A standing plan in this mode's columns; buying nothing where it does not fit."""
        choices, values = adopt(self.form, standing)
        columns = self.form.columns_of(choices)
        model = Restricted(self.form, 0, np.array([INF, INF]), columns, self.budget, whole=True)
        plan = model.repeat(values)
        return self.nothing() if plan is None else plan

    # reporting ----------------------------------------------------------------------------------------

    def note(self, best: _Best, value: float | None = None) -> None:
        """Extend the curve; `value`: of a solution that is not complete yet."""
        shown = best.value if value is None else value
        point = Point(self.budget.seconds(), LEVELS[best.level], shown, best.bound)
        last = self.curve[-1] if self.curve else None
        if last is None or (last.level, last.value, last.bound) != (point.level, point.value, point.bound):
            self.curve.append(point)
            self.say(f"level {best.level + 1}: {point.level}", point.value, point.bound)

    def say(self, stage: str, value: float | None, bound: float | None) -> None:
        if self.progress is not None:
            finite = None if bound is None or bound == -INF else bound
            self.progress(Stage(stage, self.mode, self.budget.seconds(), value, finite))

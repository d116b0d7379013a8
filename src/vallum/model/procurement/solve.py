"""From a problem to a plan: three levels, each with a bound, a search and a certificate (section 10).

A small model goes to branch and bound whole. A large one is bounded by block generation; its classes then
plan in turns from that bound's linear programme, and branch and bound over parts of the problem improves the
plan. Any moment's best plan is complete: a limit or Ctrl-C only makes it less good.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from vallum.core.errors import VallumError
from vallum.model.procurement.adopt import Standing, adopt, joined
from vallum.model.procurement.coalitions import Coalitions
from vallum.model.procurement.formulation import Formulation, formulate
from vallum.model.procurement.generate import Master
from vallum.model.procurement.improve import QUICK, Best, Improver
from vallum.model.procurement.ledger import ledger
from vallum.model.procurement.listed import first_listed, slots
from vallum.model.procurement.price import prices
from vallum.model.procurement.pricing import Mode, blocks
from vallum.model.procurement.problem import Problem
from vallum.model.procurement.relaxation import Relaxed, relax
from vallum.model.procurement.result import LEVELS, Guide, Level, Point, Solution
from vallum.model.procurement.search import Restricted
from vallum.solve import Budget, Cancel, Limits, SolverFailed

__all__ = ["NotReached", "Progress", "Stage", "solve"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
INF = float("inf")
OPEN: Floats = np.array([INF, INF])
"""No earlier level is held."""

#: Columns up to which branch and bound gets every column and every whole unit at once.
SMALL = 6_000
#: Members of all blocks together up to which coalitions are listed, and up to which no relaxation is needed.
LISTED, FEW = 20_000, 1_000
#: Order years per member and quantity that a search sees of a block the plan does not use.
YEARS = 3
#: Relative gap of the master at which its bound is good enough, with all coalitions listed and otherwise.
CLOSE, CLOSE_LARGE = 1e-4, 1e-3
#: Share of a level's time for its bound, with all coalitions listed and otherwise.
BOUNDING, BOUNDING_LARGE = 0.35, 0.45
#: Share of the limits after which each level stops.
SHARES = (0.62, 0.85, 0.97)


class NotReached(VallumError):
    """No plan with the shortfall or the limits asked for was found."""


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
    cost: float | None = None,
    beside: Sequence[Standing] = (),
    guide: Guide | None = None,
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
    cost : float, optional
        Minimise the shortfall alone, at this discounted cost at most; inf: at any.
    beside : sequence of Standing
        Plans that may break what is held: what they choose is tried first.
    guide : Guide, optional
        Of a problem that differs in its limits only.
    cancel : Cancel, optional
        Set it to stop with the best plan found.

    Returns
    -------
    Solution
        With one level if one was held.

    Raises
    ------
    NotReached
        No plan was found that keeps what is asked for.
    """
    budget = Budget(limits) if cancel is None else Budget(limits, cancel)
    run = _Run(problem, mode, budget, progress, standing, beside, guide)
    if shortfall is not None:
        return run.hold(shortfall)
    return run.all_levels() if cost is None else run.within(cost)


@dataclass(slots=True)
class _Run:
    problem: Problem
    mode: Mode
    budget: Budget
    progress: Progress | None
    standing: Standing | None = None
    beside: Sequence[Standing] = ()
    guide: Guide | None = None
    curve: list[Point] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)
    levels: list[Level] = field(default_factory=list)
    form: Formulation = field(init=False)
    coalitions: Coalitions | None = None  # where they are too many to list
    relaxed: Relaxed | None = None
    former: Master | None = None  # of the level before: its blocks carry over

    def __post_init__(self) -> None:
        self.say("pricing coalitions", None, None)
        listed, many = None, slots(self.problem, self.mode) > LISTED
        if many:
            self.coalitions = Coalitions(self.problem)
            listed = first_listed(self.problem)
            if self.standing is not None:
                listed = listed.union(joined(self.problem, self.standing))
        if self.mode == "joint" and (many or (self.guide is None and slots(self.problem, self.mode) > FEW)):
            self.relaxed = relax(self.problem, self.budget)
            if listed is not None and self.relaxed is not None:
                listed = listed.union(self.relaxed.wanted(self.problem))
        priced = blocks(self.problem, self.mode, listed)
        self.seconds["pricing"] = self.budget.seconds()
        self.say("building the model", None, None)
        self.form = formulate(self.problem, priced, self.mode)
        self.seconds["build"] = self.budget.seconds() - self.seconds["pricing"]

    def all_levels(self) -> Solution:
        caps = np.array([INF, INF])
        plan = self.nothing() if self.standing is None else self.adopted(self.standing)
        tolerance = self.problem.settings["level_tolerance"]
        for level, until in enumerate(SHARES):
            plan = self.level(level, caps, plan, until)
            if level < 2:
                # rounding of the solver must not shut out the plan that set the cap
                held = self.levels[-1].value
                caps[level] = held * (1 + tolerance) + 1e-9 * max(1.0, abs(held))
        return self.finish(plan)

    def hold(self, shortfall: float) -> Solution:
        """Least cost at a given shortfall; level 1 is reported as held."""
        caps = np.array([shortfall + 1e-9 * max(1.0, abs(shortfall)), INF])
        plan = self.nothing() if self.standing is None else self.adopted(self.standing, caps, 1)
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

    def within(self, cost: float) -> Solution:
        """Least shortfall at no more than a given cost."""
        caps = np.array([INF, cost + 1e-9 * max(1.0, abs(cost))])
        plan = self.nothing() if self.standing is None else self.adopted(self.standing, caps)
        if not self.keeps(plan, caps):
            plan = self.nothing()
        return self.finish(self.level(0, caps, plan, 0.97))

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
            curve=tuple(self.curve), seconds=self.seconds, full=plan, guide=self.guided(),
        )  # fmt: skip

    def guided(self) -> Guide | None:
        """What the last master found its bound with."""
        last = self.former
        if last is None or last.center is None:
            return None
        blocks = np.flatnonzero(last.active)
        return Guide(last.level, last.center, blocks, last.columns, len(last.active))

    # one level ----------------------------------------------------------------------------------------

    def level(self, level: int, caps: Floats, plan: Floats, until: float) -> Floats:
        """Minimise one level from a plan that keeps the caps; returns a plan at least as good."""
        started = self.budget.seconds()
        plan = self.with_types(plan) if level == 2 else plan
        best = Best(level, caps, plan, float(self.form.costs[level] @ plan), self.trivial_bound(level))
        improver = self.improver(best)
        began, columns = improver.share(), len(self.form.program.cost)
        if self.budget.spent():
            self.say("out of time", best.value, best.bound)
        elif columns <= SMALL and self.coalitions is None:
            improver.branch(np.arange(columns), until, whole=True, proves=True)
        else:
            self.first_plan(improver)
            self.dive_beside(improver)
            master = self.generate(best, began + self.bounding() * (until - began))
            improver.form = self.form
            improver.search(master, until, YEARS)
        if level == 2:
            best.bound = float(np.ceil(best.bound - 1e-6))
        best.bound = float(min(best.bound, best.value)) + 0.0  # no negative zero in a table
        self.levels.append(Level(LEVELS[level], best.value, best.bound, self.budget.seconds() - started))
        self.note(best)
        return best.plan

    def bounding(self) -> float:
        """Share of a level's time in which its bound is sought at most."""
        return BOUNDING if self.coalitions is None else BOUNDING_LARGE

    def improver(self, best: Best) -> Improver:
        """The search of one level."""
        return Improver(
            self.form, best, self.budget, say=lambda stage: self.say(stage, best.value, best.bound),
            note=lambda value: self.note(best, value),
        )  # fmt: skip

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

    def first_plan(self, improver: Improver) -> None:
        """A plan long before the bound: everybody who wants a programme joins it together."""
        if (
            self.coalitions is None
            or self.relaxed is None
            or improver.best.level
            or self.standing is not None
        ):
            return
        self.say("diving from the relaxation", improver.best.value, None)
        form, wanted = self.form, self.form.blocks.find(self.relaxed.wanted(self.problem))
        master = Master(form, 0, improver.best.caps, self.budget, center=self.relaxed.dual)
        # of each coalition its best band
        order = wanted[np.argsort(master.now().value[wanted], kind="stable")]
        groups = np.stack((form.blocks.programme[order], form.blocks.coalition[order]), axis=1)
        best = order[np.unique(groups, axis=0, return_index=True)[1]]
        improver.take(improver.restricted(form.columns_of(best)).dive(share=QUICK))

    def dive_beside(self, improver: Improver) -> None:
        """What fits out of the choices of the plans beside, which may break what is held."""
        for standing in self.beside:
            choices = np.union1d(adopt(self.form, standing)[0], self.form.chosen(improver.best.plan))
            if not self.budget.spent():
                improver.take(improver.restricted(self.form.columns_of(choices)).dive())

    def generate(self, best: Best, until: float) -> Master:
        """Bound the level by block generation; the master's blocks carry over to the next level."""
        self.say("bounding by block generation", best.value, None)
        center = self.relaxed.dual if self.relaxed is not None and best.level == 0 else None
        former, guide = self.former, self.guide_of(best.level)
        if guide is not None:
            center = guide.dual
        master = Master(self.form, best.level, best.caps, self.budget, self.coalitions, center)
        if former is not None:
            master.activate(np.flatnonzero(former.active))
            master.add(former.columns)
        elif guide is not None:
            master.activate(guide.blocks)
            master.add(guide.columns)
        else:
            master.seed()
        master.admit(best.plan)

        def watch(_: float, bound: float) -> None:
            best.bound = max(best.bound, bound)
            self.note(best)

        master.solve(until, watch, CLOSE if self.coalitions is None else CLOSE_LARGE)
        best.plan, self.form = master.carry(best.plan), master.form
        self.seconds.setdefault("bound", self.budget.seconds())
        self.former = master
        return master

    def guide_of(self, level: int) -> Guide | None:
        """The guide, where it is one for this level of this formulation."""
        guide = self.guide
        if guide is None or self.coalitions is not None:
            return None
        fits = guide.level == level and guide.listed == len(self.form.at.x)
        return guide if fits and len(guide.dual) == int(self.form.shared.sum()) else None

    # plans and columns --------------------------------------------------------------------------------

    def nothing(self) -> Floats:
        """The plan that buys nothing; it exists unless the limits ask for more."""
        model = Restricted(self.form, 0, np.array([INF, INF]), self.form.core, self.budget, whole=False)
        plan = model.fixed(np.zeros(len(self.form.program.cost)))
        if plan is None and self.problem.limits.shortfall is not None:
            raise NotReached("No plan to start from keeps the limits", rule="limit of the shortfall",
                             remedy="start from a plan that keeps them")  # fmt: skip
        if plan is None:
            raise SolverFailed("HiGHS found no plan, not even the one that buys nothing",
                               remedy="run `vallum doctor` and report the region")  # fmt: skip
        return plan

    def adopted(self, standing: Standing, caps: Floats = OPEN, level: int = 0) -> Floats:
        """A standing plan in this mode's columns, with the least of a level that its orders leave.

        Where it breaks the caps it is taken as it is, and where it does not fit, nothing is bought.
        """
        choices, values = adopt(self.form, standing)
        columns = self.form.columns_of(choices)
        for goal, held in ((level, caps), (0, OPEN)):
            plan = Restricted(self.form, goal, held, columns, self.budget, whole=True).repeat(values)
            if plan is not None:
                return plan
        return self.nothing()

    # reporting ----------------------------------------------------------------------------------------

    def note(self, best: Best, value: float | None = None) -> None:
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

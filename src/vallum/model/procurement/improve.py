"""The search for better plans of one level: class by class, everything at once, neighbourhoods of the plan.

A plan better than the incumbent uses no block whose value exceeds the gap under the best duals (reduced cost
fixing), so branch and bound over the blocks that are left, with every order year, sees the whole problem,
and the bound that it proves holds for it.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from vallum.model.procurement.classwise import Classwise
from vallum.model.procurement.formulation import Formulation
from vallum.model.procurement.generate import Master
from vallum.model.procurement.search import Restricted
from vallum.solve import Budget

__all__ = ["QUICK", "Best", "Improver"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
INF = float("inf")

#: Share of the fractions that the dive for a first plan raises at once.
QUICK = 0.6
#: Passes over the classes: how many take a turn together, and the share of a limit that they may trade. At
#: the first level the first pass starts from the bound's linear programme, all others from the best plan.
PASSES = (((1, 0.03), (1, 0.01), (2, 0.03), (3, 0.02)), ((2, 0.002), (3, 0.002)), ((2, 0.002), (3, 0.002)))
#: Gaps at which a class's turn stops in the first pass and later, as shares of the value; how much more than
#: its share of the time a turn may take; and by what a round must improve the plan for another.
FIRST_GAP, LATER_GAP, PATIENCE, NOTHING = 5e-4, 1e-4, 2.0, 1e-4
#: How often a class gets a turn in the first pass until it finds something near its bound.
ATTEMPTS = 3
#: Share of a pass's time for the turns.
TURNS = 0.9
#: Columns up to which branch and bound is given everything, and up to which it is tried first.
WIDEST_COLUMNS, MEDIUM = 120_000, 30_000
#: Shares of the time left that branch and bound over everything gets, and the first pass at most.
PART, FIRST_PASS = 0.4, 0.6
#: Dives with jittered costs per neighbourhood, classes of the widest one, and every how many branch and
#: bound is tried.
JITTERED, WIDEST, EVERY = 1, 5, 2


@dataclass(slots=True)
class Best:
    """One level's task and its state: the best plan so far and the best bound.

    `caps` are the right-hand sides of the rows that hold earlier levels; inf: open.
    """

    level: int
    caps: Floats
    plan: Floats
    value: float
    bound: float = -INF


@dataclass(slots=True)
class Improver:
    """Improves one level's plan.

    Attributes
    ----------
    form : Formulation
    best : Best
        Changed in place.
    budget : Budget
    say : callable(stage)
        Told what is done next.
    note : callable(value or None)
        Told that the best value or bound changed; a value: of a solution that is not complete yet.
    """

    form: Formulation
    best: Best
    budget: Budget
    say: Callable[[str], None]
    note: Callable[[float | None], None]
    random: np.random.Generator = field(init=False)

    def __post_init__(self) -> None:
        self.random = np.random.default_rng(self.budget.limits.seed)

    def share(self) -> float:
        """Share of the budget that is used."""
        limits = self.budget.limits
        by_time = self.budget.seconds() / limits.time_limit if limits.time_limit else 0.0
        by_work = self.budget.work_used / limits.work if limits.work else 0.0
        return min(max(by_time, by_work), 1.0)

    def part(self, until: float) -> float:
        """Share of the budget at which a part of what is left before `until` is used."""
        here = self.share()
        return here + PART * (until - here)

    # plans ----------------------------------------------------------------------------------------------

    def take(self, plan: Floats | None) -> None:
        """Keep a plan that is better."""
        if plan is None:
            return
        value = float(self.form.costs[self.best.level] @ plan)
        if value < self.best.value - 1e-12:
            self.best.plan, self.best.value = plan, value
            self.note(None)

    def restricted(self, columns: Ints, *, whole: bool = True) -> Restricted:
        """The model of some columns."""
        return Restricted(self.form, self.best.level, self.best.caps, columns, self.budget, whole=whole)

    def own(self) -> Ints:
        """All columns of the blocks that the plan chooses."""
        return self.form.columns_of(self.form.chosen(self.best.plan))

    def polish(self) -> None:
        """Dive over every order year of the blocks that the plan chooses."""
        if len(self.form.chosen(self.best.plan)) and not self.budget.spent():
            self.take(self.restricted(self.own()).dive())

    # branch and bound -----------------------------------------------------------------------------------

    def branch(
        self,
        columns: Ints,
        until: float,
        *,
        whole: bool,
        proves: bool = False,
        seconds: float = INF,
        gap: float = 0.0,
    ) -> Floats | None:
        """Branch and bound over some columns from the best plan; returns what it found.

        `proves`: no plan better than the best one needs other columns, so the bound holds for the problem.
        """
        if self.budget.spent(until):
            return None
        best, model = self.best, self.restricted(columns, whole=whole)
        incumbent = best.value
        self.say("branch and bound" if whole else "branch and bound, fractions of units")

        def watch(value: float, bound: float) -> None:
            if proves:
                best.bound = max(best.bound, min(bound, incumbent))
            if whole and value < best.value - 1e-9:
                self.note(value)

        allowed = self.budget.limits.gap if best.level == 0 else min(self.budget.limits.gap, 1e-4)
        patient = seconds if self.budget.limits.time_limit is not None else INF
        answer, found = model.solve(
            seconds=min(self.budget.left(until), patient), work=self.budget.work_left(until),
            gap=max(gap, allowed), start=best.plan, progress=watch,
        )  # fmt: skip
        if proves:
            best.bound = max(best.bound, min(answer.bound, incumbent))
        if found is not None and whole:
            self.take(model.fixed(found))
        return found

    def fractions(self, columns: Ints, until: float, *, proves: bool = False) -> None:
        """Branch and bound with fractions of units, then whole totals for the choices it made."""
        loose = self.branch(columns, until, whole=False, proves=proves)
        if loose is not None:
            self.take(self.restricted(self.form.columns_of(self.form.chosen(loose))).settle(loose))
            self.polish()

    def search(self, master: Master, until: float, years: int) -> None:
        """Everything after the bound: class by class, then all of a middling problem, or around the plan."""
        self.polish()
        if not len(self.form.chosen(self.best.plan)):
            self.say("diving")
            self.take(self.restricted(master.support()).dive(share=QUICK))
        if master.large or self.best.level:
            self.passes(master, until)
        else:
            here = self.share()
            part = here + FIRST_PASS * (until - here)
            self.one_pass(Classwise(master), *PASSES[0][0], part, relaxed=True)
            if len(self.form.program.cost) <= MEDIUM:
                self.whole_problem(master, self.part(until))
            master.widen(years)
        self.neighbourhoods(master, until)

    # class by class --------------------------------------------------------------------------------------

    def passes(self, master: Master, until: float) -> None:
        """Let the classes take turns until a round of passes improves nothing."""
        turns, relaxed, better = Classwise(master), self.best.level == 0, True
        while better:
            before = self.best.value
            for size, room in PASSES[self.best.level]:
                if self.budget.spent(until):
                    return
                self.one_pass(turns, size, room, until, relaxed=relaxed)
                relaxed = False
            better = self.best.value < before - NOTHING * abs(before)

    def one_pass(self, turns: Classwise, size: int, room: float, until: float, *, relaxed: bool) -> None:
        """One turn of every class, from the bound's linear programme or from the best plan."""
        self.say("planning class by class")
        values = turns.relaxed() if relaxed else self.best.plan
        order = turns.order() if relaxed else self.random.permutation(len(self.form.problem.classes))
        gap = (FIRST_GAP if relaxed else LATER_GAP) * max(abs(self.best.bound), 1e-6)
        again = [order[at : at + size] for at in range(0, len(order), size)]
        here = self.share()
        until = here + TURNS * (until - here)  # the rest is for the dive that completes the plan
        for attempt in range(ATTEMPTS if relaxed else 1):
            queue, again = again, []
            for done, classes in enumerate(queue):
                if self.budget.spent(until):
                    break
                share = PATIENCE / (len(queue) - done + len(again))
                found, near = turns.turn(
                    values, classes, room, seconds=share * self.budget.left(until),
                    work=share * self.budget.work_left(until), absolute=gap, start=not relaxed,
                )  # fmt: skip
                if found is not None and (near or not relaxed or attempt == ATTEMPTS - 1):
                    values = found
                else:
                    again.append(classes)
        self.complete(values)

    def complete(self, values: Floats) -> None:
        """A plan with the choices of values that are whole, and with what fits of those that are not."""
        form, share = self.form, values[self.form.at.x]
        chosen, parts = np.flatnonzero(share > 0.5), np.flatnonzero((share > 1e-3) & (share < 0.999))
        model = self.restricted(form.columns_of(np.union1d(chosen, parts)))
        if len(parts):
            self.take(model.dive())
            return
        counted = values[np.setdiff1d(form.core[form.program.integer[form.core]], form.at.types)]
        whole = np.abs(counted - np.round(counted)).max(initial=0.0) < 1e-6
        settled = model.settle(values) if whole else None
        self.take(model.dive(chosen) if settled is None else settled)

    def whole_problem(self, master: Master, until: float) -> None:
        """Branch and bound over every block that a better plan could use, if they are all listed."""
        if master.coalitions is not None or self.best.level or self.budget.spent(until):
            return
        columns = self.form.columns_of(master.within(self.best.value))
        if len(columns) <= WIDEST_COLUMNS:
            self.fractions(columns, until, proves=True)

    # neighbourhoods -------------------------------------------------------------------------------------

    def neighbourhoods(self, master: Master, until: float) -> None:
        """Free the choices of a few classes at a time, everything but choices stays free throughout.

        Dives with jittered costs are quick and find what branch and bound over the same columns then
        completes; at the first level branch and bound comes early, at the others dives do most.
        """
        klass = self.form.problem.programme.klass[self.form.blocks.programme]
        active, queue, turn = np.flatnonzero(master.by_class.active), list[int](), 0
        first = self.best.level == 0
        while not self.budget.spent(until):
            size = 0 if turn == 0 else 1 + turn % WIDEST
            if len(queue) < max(size, 1):
                queue = [int(k) for k in self.random.permutation(len(self.form.problem.classes))]
            classes, queue = queue[:size], queue[size:]
            free = master.by_class.columns_of(active[np.isin(klass[active], classes)])
            self.jittered(np.union1d(self.own(), free), until)
            if turn % EVERY == (0 if first else EVERY - 1):
                self.branch(np.union1d(self.own(), free), until, whole=True, seconds=6.0, gap=1e-3)
            turn += 1

    def jittered(self, columns: Ints, until: float) -> None:
        """A few dives with changed costs over some columns."""
        model = self.restricted(columns)
        for _ in range(JITTERED):
            if self.budget.spent(until):
                return
            self.take(model.dive(jitter=self.random))
            self.budget.work_used += 1

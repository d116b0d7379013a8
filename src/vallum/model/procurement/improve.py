"""The search for better plans of one level: dives, corridors around the bound, and neighbourhoods.

A corridor holds the blocks nearest to improving under the best duals. A plan better than the incumbent uses
no block whose value exceeds the gap (reduced cost fixing), so the widest corridor, with every order year, is
the whole problem and the bound that branch and bound proves there holds for it.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from vallum.model.procurement.formulation import Formulation
from vallum.model.procurement.generate import Master
from vallum.model.procurement.rounding import rounded
from vallum.model.procurement.search import Restricted
from vallum.solve import Budget

__all__ = ["Best", "Improver"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
INF = float("inf")

#: Dives for a first plan: fix choices above this value at once, else this share of the fractional ones.
DIVES = ((0.6, 0.5), (0.85, 0.25))
#: Corridors tried: blocks per programme, and order years per member and quantity.
CORRIDORS = ((1.5, 3), (4.0, 4), (10.0, 6))
#: Columns of the widest corridor that branch and bound is given, and up to which it is tried first.
WIDEST_COLUMNS, MEDIUM = 120_000, 30_000
#: Shares of the time left that one corridor, and neighbourhoods of the plan, get.
PART, AROUND = 0.4, 0.7
#: Dives with jittered costs per neighbourhood, classes of the widest one, and every how many branch and
#: bound is tried.
JITTERED, WIDEST, EVERY = 3, 5, 4


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

    def dives(self, master: Master, until: float) -> None:
        """Complete plans by rounding the bound's linear programme, and that of the plan's own blocks."""
        self.say("diving")
        self.polish()
        if self.best.level or master.large:
            return
        for take, share in DIVES:
            if not self.budget.spent(until):
                choices = rounded(master, until, take, share)
                self.take(self.restricted(self.form.columns_of(choices)).dive(choices))

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
        """Everything after the first plan: all of a middling problem, around the plan, wide corridors."""
        if self.best.level == 0:
            if len(self.form.program.cost) <= MEDIUM and master.coalitions is None:
                self.whole_problem(master, self.part(until))
            elif master.large:
                self.corridor(master, *CORRIDORS[0], self.part(until))
            master.widen(years)
        if not master.large or self.best.level:
            self.neighbourhoods(master, until)
            return
        here = self.share()
        self.neighbourhoods(master, here + AROUND * (until - here))
        for number, best_years in CORRIDORS[1:]:
            self.corridor(master, number, best_years, self.part(until))
        self.whole_problem(master, until)

    def corridor(self, master: Master, number: float, years: int, until: float) -> None:
        """Branch and bound over the blocks nearest to improving: `number` a programme, some order years."""
        if not self.budget.spent(until):
            blocks = int(number * len(self.form.problem.programmes))
            self.fractions(np.union1d(master.corridor(blocks, years), self.own()), until)

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

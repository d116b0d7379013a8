"""The bound: a master problem that grows by whole blocks (column-and-row generation).

The master holds the core columns and the blocks that are worth something. Given its duals, the best use of
every other block is found in closed form: each member's best order year at its least and at its greatest
quantity, and if the coalition then misses the band's edge, the cheapest raises first. The sum of what blocks
could still gain bounds the whole problem from below (Dantzig-Wolfe; Lasdon 1970).

Only money, lines, crews and connection tie capability classes together. With those rows priced instead of
kept (Geoffrion, Lagrangean relaxation, 1974) the master falls apart by class and is solved a hundred times
faster, so blocks are generated there until they bring nothing more at these prices; the whole master then
finds better prices. Prices lie between the best ones so far and the master's (Wentges, Weighted
Dantzig-Wolfe decomposition, 1997).

Where coalitions are too many to list, the formulation lists some, `Coalitions` prices all, and the
formulation grows by those that improve; the bound holds over all of them.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from vallum.model.procurement.coalitions import Coalitions, Offers
from vallum.model.procurement.formulation import Formulation, formulate
from vallum.model.procurement.listed import Listed
from vallum.model.procurement.master import GrowingProgramme
from vallum.model.procurement.pricing import blocks
from vallum.model.procurement.reduced import Priced, gains, price_blocks
from vallum.model.procurement.transfer import Transfer
from vallum.solve import Answer, Budget

__all__ = ["Master"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
INF = float("inf")
#: Share of the best duals so far in the duals that blocks are priced under.
SMOOTHING = 0.3
#: Rows that tie capability classes together.
LINKING = ("purse", "related", "claim", "loan", "sustain", "line", "expansion_most", "crews", "school_once",
           "level")  # fmt: skip
#: The same, where the mode or the region has them.
SOMETIMES = ("expansion_paid", "nodes", "node_stock")
#: Rows by class from which the whole master is made up anew each time; of how many blocks a programme on
#: average; and what a solution does not use.
LARGE, NEAREST, UNUSED = 7_000, 10, 1e-6
#: Share of the gap that generation by class leaves open before the whole master is solved again.
LEFT_OPEN = 0.1
#: The same before the master was solved at all, relative to its value.
FIRST_OPEN = 1e-3


class Master(GrowingProgramme):
    """The master problem of one formulation and level.

    Parameters
    ----------
    form : Formulation
    level : int
        0, 1 or 2: which objective.
    caps : (2,) array
        Right-hand sides of the rows that hold earlier levels (inf: open).
    budget : Budget
    coalitions : Coalitions, optional
        Prices those that the formulation does not list; None: it lists all.
    center : (shared rows,) array, optional
        Duals to start from.
    """

    def __init__(
        self, form: Formulation, level: int, caps: Floats, budget: Budget,
        coalitions: Coalitions | None = None, center: Floats | None = None,
    ) -> None:  # fmt: skip
        super().__init__(form, level, caps, budget)
        linking = LINKING + tuple(name for name in SOMETIMES if name in form.program.families)
        self.by_class = GrowingProgramme(form, level, caps, budget, linking)
        self.coalitions, self.center = coalitions, center
        self.bound, self.value = -INF, INF
        self.origin = np.arange(len(form.program.cost))  # where the first formulation's columns are now
        self.primal = np.zeros(len(form.program.cost))  # of the last linear programme
        self.admitted = np.empty(0, np.int64)  # columns that plans use
        self.progress: Callable[[float, float], None] = lambda *_: None

    def activate(self, blocks: Ints) -> None:
        """Bring blocks in, here and in the master by class."""
        # rows come before columns: the other way round, columns would lack their entries there
        self.by_class.activate(blocks)
        if not self.large:
            super().activate(blocks)

    def add(self, columns: Ints) -> None:
        """Bring columns in, here and in the master by class."""
        self.by_class.add(columns)
        if not self.large:
            super().add(columns)

    def admit(self, plan: Floats) -> None:
        """Bring in the blocks and order columns that a plan uses."""
        used = np.flatnonzero(plan > 1e-9)
        self.admitted = used[used >= len(self.form.core)]
        self.activate(self.form.chosen(plan))
        self.add(self.admitted)

    @property
    def large(self) -> bool:
        """Whether the master is chosen anew each time and solved by the interior-point method.

        That leaves no basis, but is faster than the simplex method on many rows.
        """
        return len(self.by_class.rows) > LARGE

    def lp(self) -> Answer:
        """Solve the master."""
        if not self.large:
            return super().lp()
        self.choose()
        return self.session.lp(interior=True)

    def choose(self) -> None:
        """Make up the master of what its last solution and plans use, and what is nearest to improving.

        The bound does not suffer from what is left out: it is taken over all blocks.
        """
        form, priced = self.form, self.now()
        here = np.flatnonzero(self.by_class.active)
        number = NEAREST * len(form.problem.programmes)
        near = here[np.argsort(priced.value[here], kind="stable")[:number]]
        used = np.flatnonzero(self.primal > UNUSED)
        used = np.union1d(used[used >= len(form.core)], self.admitted)
        chosen = np.union1d(near, np.flatnonzero(np.isin(form.at.x, used)))
        columns = np.concatenate((self.by_class.columns_of(chosen), used))
        core = self.columns[self.columns < len(form.core)]
        self.columns = np.concatenate((core, np.unique(columns)))
        self.rows = np.concatenate((self.rows[form.shared[self.rows]], form.rows_of(chosen)))
        self.active = np.zeros(len(form.at.x), bool)
        self.active[chosen] = True
        self.load()

    def solve(
        self, until: float, progress: Callable[[float, float], None] | None = None, gap: float = 1e-5
    ) -> Answer:
        """Grow until no block improves the master, or the share `until` of the budget is used.

        Parameters
        ----------
        until : float
            Share of the budget.
        progress : callable(value, bound), optional
            Called whenever the bound was computed.
        gap : float
            Relative gap between the master's value and the bound at which to stop.

        Returns
        -------
        Answer
            Of the last linear programme.
        """
        self.progress = progress or self.progress
        if self.center is not None:
            self.generate(self.center, until, gap)
        while True:
            answer = self.lp()
            if answer.row_dual is None:
                return answer
            self.value, self.primal = answer.value, self.full(answer)
            grown = self.separate(self.shared_dual(answer.row_dual), until, gap)
            self.progress(self.value, self.bound)
            done = self.value - self.bound <= gap * max(abs(self.value), 1e-6)
            if done or self.budget.spent(until) or not grown:
                return answer

    def separate(self, dual: Floats, until: float, gap: float) -> bool:
        """Generate blocks at prices near the best so far, or else at the master's; whether it grew."""
        if self.center is not None:
            near = SMOOTHING * self.center + (1 - SMOOTHING) * dual
            if self.generate(near, until, gap):
                return True
        return self.generate(dual, until, gap)

    def generate(self, dual: Floats, until: float, gap: float) -> bool:
        """Add blocks by class while the rows between classes are priced; whether any was added."""
        grown = self.grow(*self.bound_at(dual))
        self.by_class.hold(dual)
        while not self.budget.spent(until):
            answer = self.by_class.lp()
            if answer.row_dual is None:
                break
            before, value = self.bound, answer.value + self.by_class.constant
            added = self.grow(*self.bound_at(self.by_class.shared_dual(answer.row_dual)))
            grown |= added
            if self.bound > before:
                self.progress(self.value, self.bound)
            if not added or value - self.last <= self.tolerance(gap):
                break
        return grown

    def tolerance(self, gap: float) -> float:
        """Gap at which generation by class stops."""
        if self.value == INF:
            return FIRST_OPEN * abs(self.bound)
        return max(LEFT_OPEN * (self.value - self.bound), gap / 2 * max(abs(self.value), 1e-6))

    def bound_at(self, dual: Floats) -> tuple[Priced, Offers | None, Floats]:
        """Bound under any duals of the shared rows, and what blocks are worth under them."""
        reduced = self.reduced(dual)
        priced, offers = price_blocks(self.form, reduced), None
        if self.coalitions is not None:
            offers = self.coalitions.price(dual, self.level, Listed.named(self.form.blocks))
        gained = gains(self.form, priced.value, None if offers is None else offers.least)
        self.last = self.resting(dual) + self.core_least(reduced, self.form.core) + gained
        if self.last > self.bound:
            self.bound, self.center = self.last, dual
        return priced, offers, dual

    def grow(self, priced: Priced, offers: Offers | None, dual: Floats, per_programme: int = 3) -> bool:
        """Add the best improving blocks of each programme, and the missing best years of active ones."""
        if offers is not None and self.extend(offers.listed):
            priced = price_blocks(self.form, self.reduced(dual))
        b, before = self.form.blocks, len(self.by_class.columns)
        improving = np.flatnonzero(priced.value < -1e-9 * max(1.0, abs(self.bound)))
        outside = improving[~self.by_class.active[improving]]
        order = outside[np.lexsort((priced.value[outside], b.programme[outside]))]
        p = b.programme[order]
        rank = np.arange(len(p)) - np.searchsorted(p, p)
        chosen = np.concatenate((order[rank < per_programme], improving[self.by_class.active[improving]]))
        self.activate(chosen)
        self.add(self.best_columns(priced, chosen, 1))
        return len(self.by_class.columns) > before

    def extend(self, listed: Listed) -> bool:
        """List more blocks; whether any was new."""
        old, named = self.form, Listed.named(self.form.blocks)
        union = named.union(listed)
        if len(union.step) == len(named.step):
            return False
        new = formulate(old.problem, blocks(old.problem, old.mode, union), old.mode)
        move = Transfer.between(old, new)
        self.origin, self.primal = move.column[self.origin], move.values(self.primal)
        self.admitted = move.column[self.admitted]
        self.move(move, new)
        self.by_class.move(move, new)
        return True

    def carry(self, values: Floats) -> Floats:
        """Values of the first formulation's columns as values of those of the present one."""
        out = np.zeros(len(self.cost))
        out[self.origin] = values
        return out

    # where to look for plans ----------------------------------------------------------------------------

    def now(self) -> Priced:
        """What blocks are worth under the best duals."""
        return price_blocks(self.form, self.reduced(self.prices()))

    def prices(self) -> Floats:
        """The best duals of the shared rows; zeros before there are any."""
        return np.zeros(int(self.form.shared.sum())) if self.center is None else self.center

    def widen(self, years: int) -> None:
        """Bring in more order years for every active block's members."""
        self.add(self.best_columns(self.now(), np.flatnonzero(self.active), years))

    def within(self, value: float) -> Ints:
        """Blocks that a plan better than `value` may choose.

        Under the best duals, choosing any other block costs more than the gap to the bound (reduced cost
        fixing).
        """
        return np.flatnonzero(self.bound + self.now().value < value)

    def support(self, least: float = 0.02) -> Ints:
        """Core columns, and those of the blocks that the last linear programme chooses in part."""
        chosen = np.flatnonzero(self.primal[self.form.at.x] > least)
        return np.concatenate((self.form.core, self.by_class.columns_of(chosen)))

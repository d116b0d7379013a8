"""The bound: a master problem that grows by whole blocks (column-and-row generation).

The master holds the core columns and the blocks that are worth something. Given its duals, the best use of
every other block is found in closed form: each member's best order year at its least and at its greatest
quantity, and if the coalition then misses the band's edge, the cheapest raises first. The sum of what blocks
could still gain bounds the whole problem from below (Dantzig-Wolfe; Lasdon 1970).
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vallum.model.procurement.cells import NONE
from vallum.model.procurement.formulation import Formulation
from vallum.solve import Answer, Budget, Session

__all__ = ["Master", "Priced", "price_blocks"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
INF = float("inf")
#: Simplex iterations of one step of a dive; what takes longer is about to be infeasible.
DIVE_ITERATIONS = 5_000


@dataclass(frozen=True, slots=True)
class Priced:
    """Reduced values of all blocks under one set of duals.

    Attributes
    ----------
    value : (A,) array
        Least reduced cost of a block; negative: taking it would improve the master.
    low, high : (E,) arrays
        Reduced cost of the entries' two columns; inf where the column does not exist.
    """

    value: Floats
    low: Floats
    high: Floats


def price_blocks(form: Formulation, reduced: Floats) -> Priced:
    """Exact value of every block from the reduced costs of all columns (shared rows only)."""
    blocks = form.blocks
    low = np.where(form.at.low >= 0, reduced[form.at.low], INF)
    high = reduced[form.at.high]
    starts = blocks.entry_start[:-1]
    best_low, best_high = np.minimum.reduceat(low, starts), np.minimum.reduceat(high, starts)
    # a member with one possible quantity orders its greatest
    best_low, least = (
        np.where(best_low < INF, best_low, best_high),
        np.where(best_low < INF, blocks.least, blocks.greatest),
    )
    rises = best_high < best_low
    chosen = np.where(rises, best_high, best_low)
    quantity = np.where(rises, blocks.greatest, least)
    first = blocks.member_start[:-1]
    value = reduced[form.at.x] + np.add.reduceat(chosen, first)
    missing = blocks.edge - blocks.partner_quantity - np.add.reduceat(quantity, first)
    room = np.where(rises, 0.0, blocks.greatest - least)
    slope = np.divide(best_high - best_low, room, out=np.full(len(room), INF), where=room > 1e-12)
    short = np.flatnonzero(missing > 1e-9)
    if len(short):
        value[short] += _fill(form, short, missing[short], room, slope)
    return Priced(value, low, high)


def _fill(form: Formulation, short: Ints, missing: Floats, room: Floats, slope: Floats) -> Floats:
    """Cost of raising the members of each short block until its edge is reached, cheapest slope first."""
    start = form.blocks.member_start
    width = int((start[short + 1] - start[short]).max())
    at = start[short][:, None] + np.arange(width)[None, :]
    inside = at < start[short + 1][:, None]
    at = np.minimum(at, len(room) - 1)
    price = np.where(inside, slope[at], INF)
    space = np.where(inside & (price < INF), room[at], 0.0)
    order = np.argsort(price, axis=1, kind="stable")
    price, space = np.take_along_axis(price, order, 1), np.take_along_axis(space, order, 1)
    before = np.cumsum(space, axis=1) - space
    taken = np.clip(missing[:, None] - before, 0.0, space)
    cost = np.where(space > 0, taken * np.where(price < INF, price, 0.0), 0.0)
    out: Floats = cost.sum(axis=1)
    return out


class Master:
    """Linear programme over the active blocks of one formulation and level.

    Parameters
    ----------
    form : Formulation
    level : int
        0, 1 or 2: which objective.
    caps : (2,) array
        Right-hand sides of the rows that hold earlier levels (inf: open).
    budget : Budget
    """

    def __init__(self, form: Formulation, level: int, caps: Floats, budget: Budget) -> None:
        self.form, self.level, self.budget = form, level, budget
        program = form.program
        self.cost = form.costs[level]
        self.row_upper = program.row_upper.copy()
        self.row_upper[program.rows_of("level")] = caps
        self.rows = np.flatnonzero(form.shared)
        self.columns = form.core
        self.row_at = np.full(len(program.row_lower), NONE)
        self.row_at[self.rows] = np.arange(len(self.rows))
        self.column_at = np.full(len(program.cost), NONE)
        self.column_at[self.columns] = np.arange(len(self.columns))
        matrix = program.matrix.pick(self.columns, self.row_at, len(self.rows))
        self.session = Session(
            self.cost[self.columns], program.lower[self.columns], program.upper[self.columns],
            matrix, program.row_lower[self.rows], self.row_upper[self.rows], budget,
        )  # fmt: skip
        self.active = np.zeros(len(form.at.x), bool)
        self.bound = -INF
        self.value = INF
        self.best: Priced | None = None

    def activate(self, blocks: Ints) -> None:
        """Bring blocks in: their rows and their choice columns."""
        form = self.form
        fresh = np.asarray(blocks)[~self.active[blocks]]
        if not len(fresh):
            return
        self.active[fresh] = True
        rows = form.rows_of(fresh)
        self.row_at[rows] = np.arange(len(self.rows), len(self.rows) + len(rows))
        self.rows = np.concatenate((self.rows, rows))
        self.session.add_rows(form.program.row_lower[rows], self.row_upper[rows])
        self.add(form.at.x[fresh])

    def add(self, columns: Ints) -> None:
        """Bring columns in."""
        fresh = np.unique(columns[columns >= 0])
        fresh = fresh[self.column_at[fresh] < 0]
        if not len(fresh):
            return
        program = self.form.program
        self.column_at[fresh] = np.arange(len(self.columns), len(self.columns) + len(fresh))
        self.columns = np.concatenate((self.columns, fresh))
        matrix = program.matrix.pick(fresh, self.row_at, len(self.rows))
        # joining rows already keep x below 1; its own bound would take a dual away from them
        self.session.add_columns(self.cost[fresh], program.lower[fresh], program.upper[fresh], matrix)

    def admit(self, plan: Floats) -> None:
        """Bring in the blocks and order columns that a plan uses."""
        self.activate(self.form.chosen(plan))
        self.add(np.flatnonzero(plan > 1e-9))

    def seed(self) -> None:
        """First blocks: everybody together at the highest band, and everybody alone."""
        blocks = self.form.blocks
        size = np.diff(blocks.member_start)
        last = np.concatenate((blocks.programme[1:] != blocks.programme[:-1], [True]))
        largest = np.zeros(len(size), bool)
        for p in np.unique(blocks.programme):
            here = np.flatnonzero(blocks.programme == p)
            largest[here[size[here] == size[here].max()][-1]] = True
        alone = (size == 1) & (blocks.band == 0)
        chosen = np.flatnonzero(largest | alone | (last & (size == 1)))
        self.activate(chosen)
        entries = self.form.blocks.entries_of(chosen)
        self.add(self.form.at.high[entries[self.form.blocks.entry_year[entries] % 2 == 0]])

    def columns_of(self, blocks: Ints) -> Ints:
        """Choice and order columns that the master has of some blocks."""
        at, entries = self.form.at, self.form.blocks.entries_of(blocks)
        inside = np.isin(self.columns, at.x[blocks])
        wanted = np.concatenate((at.low[entries], at.high[entries]))
        return np.concatenate((self.columns[inside], np.intersect1d(self.columns, wanted)))

    def solve(
        self, until: float, progress: Callable[[float, float], None] | None = None, gap: float = 1e-5
    ) -> Answer:
        """Grow until no block improves the master, or the share `until` of the budget is used."""
        answer = self.session.lp()
        while answer.status == "optimal" and answer.x is not None and answer.row_dual is not None:
            self.value = answer.value
            priced = self.price(answer.row_dual)
            bound = answer.value + self.slack(priced.value)
            if bound > self.bound:
                self.bound, self.best = bound, priced
            if progress is not None:
                progress(self.value, self.bound)
            done = self.value - self.bound <= gap * max(abs(self.value), 1e-6)
            if done or self.budget.spent(until) or not self.grow(priced):
                break
            following = self.session.lp()
            if following.status != "optimal":
                break
            answer = following
        return answer

    def price(self, row_dual: Floats) -> Priced:
        """Price all blocks under the duals of the master's rows."""
        dual = np.zeros(len(self.form.program.row_lower))
        dual[self.rows] = row_dual
        dual[~self.form.shared] = 0.0
        return price_blocks(self.form, self.cost - self.form.program.matrix.transpose_times(dual))

    def slack(self, value: Floats) -> float:
        """What blocks outside could still gain, at most: one coalition per member and programme."""
        blocks = self.form.blocks
        size = np.diff(blocks.member_start)
        per_member = np.minimum(value / size, 0.0)[blocks.member_block]
        key = blocks.programme[blocks.member_block] * len(self.form.problem.states) + blocks.member_state
        least = np.zeros(int(key.max(initial=0)) + 1)
        np.minimum.at(least, key, per_member)
        return float(least.sum())

    def grow(self, priced: Priced, per_programme: int = 3) -> bool:
        """Add the best improving blocks of each programme, and the missing best years of active ones."""
        blocks = self.form.blocks
        tolerance = -1e-9 * max(1.0, abs(self.value))
        improving = np.flatnonzero(priced.value < tolerance)
        if not len(improving):
            return False
        outside = improving[~self.active[improving]]
        order = outside[np.lexsort((priced.value[outside], blocks.programme[outside]))]
        p = blocks.programme[order]
        rank = np.arange(len(p)) - np.searchsorted(p, p)
        chosen = np.concatenate((order[rank < per_programme], improving[self.active[improving]]))
        self.activate(chosen)
        before = len(self.columns)
        self.add(self.best_columns(priced, chosen, 1))
        return bool(len(self.columns) > before or (rank < per_programme).any())

    def best_columns(self, priced: Priced, blocks: Ints, number: int) -> Ints:
        """The `number` best order years of every member of blocks, at both quantities."""
        form, b = self.form, self.form.blocks
        entries = b.entries_of(blocks)
        member = b.entry_member[entries]
        out = []
        for columns, reduced in ((form.at.low, priced.low), (form.at.high, priced.high)):
            order = entries[np.lexsort((reduced[entries], member))]
            m = b.entry_member[order]
            rank = np.arange(len(m)) - np.searchsorted(m, m)
            out.append(columns[order[rank < number]])
        return np.concatenate(out)

    def widen(self, number: int, years: int) -> None:
        """Bring in the blocks nearest to improving and more order years for every active member."""
        if self.best is None:
            return
        outside = np.flatnonzero(~self.active)
        nearest = outside[np.argsort(self.best.value[outside], kind="stable")[:number]]
        self.activate(nearest)
        self.add(self.best_columns(self.best, np.flatnonzero(self.active), years))

    def dive(self, until: float, take: float, share: float) -> Ints:
        """Choose blocks by fixing what the linear programme almost chooses, then the largest of the rest.

        Parameters
        ----------
        until : float
            Share of the budget at which to stop; what is chosen by then stands.
        take, share : float
            Choices above `take` are fixed at once, else the largest `share` of the fractional ones.

        Returns
        -------
        array of block positions that can be chosen together
        """
        block = np.flatnonzero(self.active)
        at = self.column_at[self.form.at.x[block]]
        lower, upper = np.zeros(len(at)), np.full(len(at), INF)
        answer = self.session.lp()
        while answer.x is not None:
            value = answer.x[at]
            open_ = (lower < 1.0) & (upper > 0.0) & (value > 1e-6)
            if not open_.any():
                break
            if self.budget.spent(until):
                lower[self.compatible(block, np.flatnonzero(open_ & (value >= 0.5)), lower)] = 1.0
                break
            picked = np.flatnonzero(open_ & (value >= take))
            if not len(picked):
                ranked = np.flatnonzero(open_)
                ranked = ranked[np.argsort(-value[ranked], kind="stable")]
                picked = self.compatible(block, ranked[: max(1, int(share * len(ranked)))], lower)
            basis = self.session.basis()
            lower[picked] = 1.0
            self.session.set_bounds(at, lower, upper)
            following = self.session.lp(iterations=DIVE_ITERATIONS)
            if following.x is None:
                # too much at once: fewer next time, and a lone choice is out
                lower[picked], upper[picked] = 0.0, 0.0 if len(picked) == 1 else INF
                take, share = 1.1, share / 2
                self.session.set_bounds(at, lower, upper)
                self.session.set_basis(basis)
                following = answer if len(picked) > 1 else self.session.lp(iterations=DIVE_ITERATIONS)
            answer = following
        self.session.set_bounds(at, np.zeros(len(at)), np.full(len(at), INF))
        return block[lower >= 1.0]

    def compatible(self, block: Ints, picked: Ints, lower: Floats) -> Ints:
        """The picked choices in order, without those that would join a member to a programme twice."""
        b = self.form.blocks
        used: dict[int, int] = {}
        for a in block[lower >= 1.0]:
            used[int(b.programme[a])] = used.get(int(b.programme[a]), 0) | int(b.coalition[a])
        kept = []
        for i in picked:
            p, g = int(b.programme[block[i]]), int(b.coalition[block[i]])
            if not used.get(p, 0) & g:
                used[p] = used.get(p, 0) | g
                kept.append(i)
        return np.array(kept, dtype=np.int64)

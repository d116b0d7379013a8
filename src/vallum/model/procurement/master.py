"""A linear programme over some blocks of a formulation; it grows by blocks, columns and coalitions."""

import numpy as np
from numpy.typing import NDArray

from vallum.model.procurement.ceilings import ceilings
from vallum.model.procurement.cells import NONE
from vallum.model.procurement.formulation import Formulation
from vallum.model.procurement.reduced import Priced
from vallum.model.procurement.transfer import Transfer
from vallum.solve import Answer, Budget, Session

__all__ = ["GrowingProgramme"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
INF = float("inf")


class GrowingProgramme:
    """Core columns and active blocks as a linear programme, in all rows or with some of them priced.

    Parameters
    ----------
    form : Formulation
    level : int
        0, 1 or 2: which objective.
    caps : (2,) array
        Right-hand sides of the rows that hold earlier levels (inf: open).
    budget : Budget
    priced : tuple of names
        Families of rows that are left out; what they are worth comes with `hold`.
    """

    def __init__(
        self, form: Formulation, level: int, caps: Floats, budget: Budget, priced: tuple[str, ...] = ()
    ) -> None:
        self.form, self.level, self.caps, self.budget = form, level, caps, budget
        program, self.priced_rows = form.program, priced
        self.cost = self.lp_cost = form.costs[level]
        self.row_upper = self.limits()
        # types cost nothing before the last level: their rows hold nothing
        out = (*priced, "type") if level < 2 else priced
        shared = form.shared.copy()
        for name in out:
            shared[program.rows_of(name)] = False
        core = form.core if level == 2 else np.setdiff1d(form.core, form.at.types)
        self.rows = np.flatnonzero(shared)
        self.columns, self.solved = core, False
        if priced:
            self.place()
            touched = program.matrix.pick(core, self.row_at, len(self.rows))
            self.columns = core[np.diff(touched.start) > 0]
        self.held, self.constant = np.zeros(int(form.shared.sum())), 0.0
        self.ceilings = ceilings(form)
        self.active = np.zeros(len(form.at.x), bool)
        self.load()

    def limits(self) -> Floats:
        """Upper limits of all rows, those of earlier levels included."""
        return self.form.limits(self.caps)

    def load(self) -> None:
        """Hand the rows and columns to the solver."""
        program = self.form.program
        self.place()
        matrix = program.matrix.pick(self.columns, self.row_at, len(self.rows))
        self.session = Session(
            self.lp_cost[self.columns], program.lower[self.columns], program.upper[self.columns],
            matrix, program.row_lower[self.rows], self.row_upper[self.rows], self.budget,
        )  # fmt: skip

    def place(self) -> None:
        """Note where the formulation's columns and rows are in the solver."""
        self.column_at, self.row_at = np.full(len(self.cost), NONE), np.full(len(self.row_upper), NONE)
        self.column_at[self.columns] = np.arange(len(self.columns))
        self.row_at[self.rows] = np.arange(len(self.rows))

    # growth ---------------------------------------------------------------------------------------------

    def move(self, move: Transfer, form: Formulation) -> None:
        """Go over to a formulation that lists more blocks; the solver keeps what it has."""
        self.form, self.cost = form, form.costs[self.level]
        self.row_upper = self.limits()
        self.columns, self.rows = move.column[self.columns], move.row[self.rows]
        self.place()
        self.lp_cost = self.cost - form.program.matrix.transpose_times(self.expand(self.held))
        active = np.zeros(len(form.at.x), bool)
        active[move.block] = self.active
        self.active = active

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
        self.session.add_columns(self.lp_cost[fresh], program.lower[fresh], program.upper[fresh], matrix)

    def seed(self) -> None:
        """First blocks: of every programme the largest coalitions at their highest bands."""
        b = self.form.blocks
        size, group = np.diff(b.member_start), np.stack((b.programme, b.coalition, b.partners))
        last = np.append((group[:, 1:] != group[:, :-1]).any(axis=0), True)[: len(size)]
        largest = np.zeros(len(self.form.problem.programmes), np.int64)
        np.maximum.at(largest, b.programme, size)
        chosen = np.flatnonzero(last & (size == largest[b.programme]))
        self.activate(chosen)
        entries = b.entries_of(chosen)
        self.add(self.form.at.high[entries[b.entry_year[entries] % 2 == 0]])

    def columns_of(self, blocks: Ints) -> Ints:
        """Choice and order columns that are in, of some blocks."""
        at, entries = self.form.at, self.form.blocks.entries_of(blocks)
        wanted = np.concatenate((at.x[blocks], at.low[entries], at.high[entries]))
        wanted = wanted[wanted >= 0]
        return wanted[self.column_at[wanted] >= 0]

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

    # solving --------------------------------------------------------------------------------------------

    def lp(self) -> Answer:
        """Solve it; what priced rows are worth is not in the answer's value but in `constant`."""
        # columns added keep a basis primal feasible; the first solve has none, and presolve
        answer = self.session.lp(primal=self.solved)
        self.solved = answer.x is not None
        return answer

    def hold(self, dual: Floats) -> None:
        """Price the rows left out with their parts of `dual`, duals of the shared rows."""
        program, place = self.form.program, np.flatnonzero(self.form.shared)
        kept = np.zeros(len(program.row_lower), bool)
        for name in self.priced_rows:
            kept[program.rows_of(name)] = True
        self.held = np.where(kept[place], dual, 0.0)
        self.lp_cost = self.reduced(self.held)
        self.session.set_cost(np.arange(len(self.columns)), self.lp_cost[self.columns])
        core = self.form.core[self.column_at[self.form.core] < 0]
        self.constant = self.resting(self.held) + self.core_least(self.lp_cost, core)

    def shared_dual(self, row_dual: Floats) -> Floats:
        """Duals of the shared rows from those of the solver; zero for rows left out and not priced.

        Signs that only the solver's tolerance allows are dropped, so that the bound is one.
        """
        every = np.zeros(len(self.form.program.row_lower))
        every[self.rows] = row_dual
        dual = every[self.form.shared] + self.held
        lower, upper = self.shared_limits()
        dual = np.where(lower == -INF, np.minimum(dual, 0.0), dual)
        return np.where(upper == INF, np.maximum(dual, 0.0), dual)

    def shared_limits(self) -> tuple[Floats, Floats]:
        """Lower and upper limits of the shared rows."""
        return self.form.program.row_lower[self.form.shared], self.row_upper[self.form.shared]

    def resting(self, dual: Floats) -> float:
        """A dual times the limit it pushes against, over all shared rows."""
        lower, upper = self.shared_limits()
        limit = np.where(dual > 0, lower, upper)
        return float(dual @ np.where(dual != 0, limit, 0.0))

    def core_least(self, reduced: Floats, core: Ints) -> float:
        """Least that some core columns can contribute at reduced costs of all columns."""
        cost = reduced[core]
        end = np.where(cost > 0, self.form.program.lower[core], self.ceilings[core])
        return float(cost @ np.where(cost != 0, end, 0.0))

    def reduced(self, dual: Floats) -> Floats:
        """Reduced costs of all columns under duals of the shared rows."""
        return self.cost - self.form.program.matrix.transpose_times(self.expand(dual))

    def expand(self, dual: Floats) -> Floats:
        """Duals of all rows from those of the shared ones."""
        every = np.zeros(len(self.form.program.row_lower))
        every[self.form.shared] = dual
        return every

    def full(self, answer: Answer) -> Floats:
        """Values of all columns of the formulation."""
        out = np.zeros(len(self.cost))
        if answer.x is not None:
            out[self.columns] = answer.x
        return out

"""The plan: incumbents from restricted models, whole units last (section 10).

A `Restricted` model holds the core columns and some blocks with some of their order years; its integers are
choices, expansion steps, schools and, when asked, whole units. Everything it finds is feasible for the
whole problem; the bound comes from the master.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from vallum.model.procurement.cells import NONE
from vallum.model.procurement.formulation import Formulation
from vallum.solve import Answer, Budget, Session, Sparse

__all__ = ["Restricted"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
#: By how much a repeated order may differ, as a share of its greatest quantity: a plan's tables do not keep
#: the solver's last digits, and a purse that binds to the cent has no room for them.
SLACK = 1e-3
#: Simplex iterations of one rounding step, at least and per row; what takes longer is about to be infeasible.
STEP_ITERATIONS, STEP_BY_ROW = 1_500, 0.5
#: Share of the fractions that a dive raises at once.
PACE = 1 / 12
#: Rows from which the first linear programme is solved by the interior-point method.
MANY_ROWS = 8_000
#: Largest relative change of a cost by jitter.
JITTER = 0.15


class Restricted:
    """A mixed-integer model over some blocks and columns of a formulation.

    Parameters
    ----------
    form : Formulation
    level : int
    caps : (2,) array
        Right-hand sides of the rows that hold earlier levels.
    columns : array
        Columns of the formulation; blocks whose choice column is missing are left out.
    budget : Budget
    whole : bool
        Whether call-offs and totals must be whole (section 4).
    """

    def __init__(
        self, form: Formulation, level: int, caps: Floats, columns: Ints, budget: Budget, *, whole: bool
    ) -> None:
        self.form, self.budget, self._warm = form, budget, False
        program = form.program
        self.columns = np.unique(columns)
        self.at = np.full(len(program.cost), NONE)
        self.at[self.columns] = np.arange(len(self.columns))
        blocks = np.flatnonzero(self.at[form.at.x] >= 0)
        rows = self.rows = np.concatenate((np.flatnonzero(form.shared), form.rows_of(blocks)))
        row_at = np.full(len(program.row_lower), NONE)
        row_at[rows] = np.arange(len(rows))
        upper = form.limits(caps)
        self.integer = program.integer[self.columns].copy()
        if level < 2:
            self.integer[self.at[form.at.types]] = False
        column_upper = program.upper[self.columns].copy()
        column_upper[self.at[form.at.x[blocks]]] = 1.0
        self.cost = form.costs[level][self.columns]
        self.session = Session(
            self.cost, program.lower[self.columns], column_upper,
            program.matrix.pick(self.columns, row_at, len(rows)), program.row_lower[rows], upper[rows],
            budget, integer=self.integer,
        )  # fmt: skip
        self.blocks = blocks
        self.lower, self.upper = program.lower[self.columns].copy(), column_upper
        self.members = self._add_totals() if whole else np.empty(0, np.int64)
        self.totals = np.arange(len(self.columns), len(self.columns) + len(self.members))

    def _add_totals(self) -> Ints:
        """Add rows `sum over years of q = step * K` for every member of the blocks; returns the members."""
        form, b = self.form, self.form.blocks
        members = b.members_of(self.blocks)
        step = form.problem.programme.step[b.programme[b.member_block[members]]]
        most = np.floor(b.greatest[members] / step + 1e-9)
        self.session.add_columns(np.zeros(len(members)), np.zeros(len(members)), most, _empty(len(members)),
                                 integer=True)  # fmt: skip
        self.lower = np.concatenate((self.lower, np.zeros(len(members))))
        self.upper = np.concatenate((self.upper, most))
        place = np.full(len(b.member_block), NONE)
        place[members] = np.arange(len(members))
        rows, columns, values = (
            [np.arange(len(members))],
            [len(self.columns) + np.arange(len(members))],
            [-step],
        )
        for entries, quantity in ((form.at.low, b.least), (form.at.high, b.greatest)):
            column = np.where(entries >= 0, self.at[np.maximum(entries, 0)], NONE)
            here = np.flatnonzero((column >= 0) & (place[b.entry_member] >= 0))
            rows.append(place[b.entry_member[here]])
            columns.append(column[here])
            values.append(quantity[b.entry_member[here]])
        matrix = _row_wise(
            np.concatenate(rows), np.concatenate(columns), np.concatenate(values), len(members)
        )
        self.session.add_rows(np.zeros(len(members)), np.zeros(len(members)), matrix)
        return members

    def start(self, full: Floats) -> Floats:
        """A start from values of all columns of the formulation."""
        b = self.form.blocks
        step = self.form.problem.programme.step[b.programme[b.member_block[self.members]]]
        ordered = np.bincount(b.entry_member, weights=self.form.quantity(full), minlength=len(b.member_block))
        out = full[self.columns].copy()
        out[self.integer] = np.round(out[self.integer])
        return np.concatenate((out, np.round(ordered[self.members] / step)))

    def solve(
        self,
        *,
        seconds: float,
        work: float,
        gap: float,
        start: Floats | None = None,
        progress: Callable[[float, float], None] | None = None,
    ) -> tuple[Answer, Floats | None]:
        """Run branch and bound; returns the answer and the values of all columns of the formulation."""
        given = None if start is None else self.start(start)
        answer = self.session.mip(seconds=seconds, work=work, gap=gap, start=given, progress=progress)
        return answer, None if answer.x is None else self.expand(answer.x)

    def fixed(self, full: Floats) -> Floats | None:
        """Fix every integer at the rounded values of `full` and solve what is left exactly."""
        integers = np.concatenate((np.flatnonzero(self.integer), self.totals))
        answer = self._try(integers, np.round(self.start(full)[integers]))
        self._free(integers)
        return None if answer.x is None else self.expand(answer.x)

    def dive(
        self, choices: Ints | None = None, jitter: np.random.Generator | None = None, share: float = PACE
    ) -> Floats | None:
        """Whole numbers by rounding: the linear programme decides, one group of integers after another.

        Parameters
        ----------
        choices : array, optional
            Blocks that are chosen; None: the linear programme chooses too. Expansion steps and schools
            follow, then members' totals.
        jitter : Generator, optional
            Changes the costs a little while diving, so that one dive differs from the next.
        share : float
            Share of the fractions that is raised at once.

        Returns
        -------
        values of all columns of the formulation, or None when the rounding ran into a dead end
        """
        chosen = self.at[self.form.at.x[self.blocks]]
        other = np.setdiff1d(np.flatnonzero(self.integer), chosen)
        priced = np.flatnonzero(self.cost)
        if jitter is not None:
            changed = jitter.uniform(1.0 - JITTER, 1.0 + JITTER, len(priced))
            self.session.set_cost(priced, self.cost[priced] * changed)
        if choices is None:
            answer = self._lift(chosen, self._lp(), share)
        else:
            answer = self._try(chosen, np.isin(self.blocks, choices).astype(float))
        answer = self._settle(self.totals, self._lift(other, answer, share))
        self._free(chosen, other, self.totals)
        if jitter is not None:
            self.session.set_cost(priced, self.cost[priced])
        return None if answer.x is None else self.fixed(self.expand(answer.x))

    def settle(self, full: Floats) -> Floats | None:
        """Whole totals for a plan whose choices, expansion steps and schools are whole already."""
        integers = np.flatnonzero(self.integer)
        answer = self._try(integers, np.round(full[self.columns][integers]))
        answer = self._settle(self.totals, answer)
        self._free(integers, self.totals)
        return None if answer.x is None else self.fixed(self.expand(answer.x))

    def repeat(self, full: Floats) -> Floats | None:
        """A plan with exactly the orders and integers of `full`; stocks and money are worked out."""
        form, b = self.form, self.form.blocks
        entries = np.flatnonzero(np.isin(b.member_block[b.entry_member], self.blocks))
        orders = np.concatenate((form.at.low[entries], form.at.high[entries]))
        orders = self.at[orders[orders >= 0]]
        integers = np.flatnonzero(self.integer)
        ordered = full[self.columns][orders]
        # tables keep orders without the solver's last digits
        self.session.set_bounds(orders, np.maximum(ordered - SLACK, 0.0), ordered + SLACK)
        answer = self._try(integers, np.round(full[self.columns][integers]))
        self._free(orders, integers)
        return None if answer.x is None else self.fixed(self.expand(answer.x))

    def relaxed(self, full: Floats) -> Answer:
        """Linear programme with the integers of `full` fixed; quantities and money stay free."""
        integers = np.flatnonzero(self.integer)
        return self._try(integers, np.round(full[self.columns][integers]))

    def with_limit(self, row: int, limit: float, back: float) -> float:
        """Value of the linear programme with another upper limit of one row, which is then put back."""
        self.session.set_row_upper(row, limit)
        value = self.session.lp().value
        self.session.set_row_upper(row, back)
        return value

    def _free(self, *groups: Ints) -> None:
        for columns in groups:
            self.session.set_bounds(columns, self.lower[columns], self.upper[columns])

    def _lift(self, columns: Ints, answer: Answer, share: float) -> Answer:
        """Lumps of capacity: raise the largest fractions to a whole, so that they serve the others too.

        When several cannot be raised at once, fewer are; a lone one that cannot is lowered.
        """
        lower, upper = self.lower[columns].copy(), self.upper[columns].copy()
        while answer.x is not None:
            value = answer.x[columns]
            part = value - np.floor(value + 1e-6)
            open_ = np.flatnonzero(part > 1e-6)
            if not len(open_):
                return self._try(columns, np.round(value))
            batch = open_[np.argsort(-part[open_], kind="stable")[: max(1, int(share * len(open_)))]]
            following = self._step(columns[batch], np.ceil(value[batch] - 1e-6), upper[batch])
            if following.x is not None:
                lower[batch] = np.ceil(value[batch] - 1e-6)
            elif len(batch) > 1:
                self.session.set_bounds(columns[batch], lower[batch], upper[batch])
                share /= 3
                continue
            else:
                upper[batch] = np.floor(value[batch] + 1e-6)
                following = self._step(columns[batch], lower[batch], upper[batch])
            answer = following
        return answer

    def _settle(self, columns: Ints, answer: Answer) -> Answer:
        """Round to the nearest whole, the nearly whole first; a lone column may go the other way."""
        share = 0.34
        while len(columns) and answer.x is not None:
            value = answer.x[columns]
            order = np.argsort(np.abs(value - np.round(value)), kind="stable")
            batch = columns[order[: max(1, int(np.ceil(share * len(columns))))]]
            nearest = np.clip(np.round(answer.x[batch]), self.lower[batch], self.upper[batch])
            following = self._step(batch, nearest, nearest)
            if following.x is None and len(batch) == 1:
                other = nearest + np.where(nearest > answer.x[batch], -1.0, 1.0)
                other = np.clip(other, self.lower[batch], self.upper[batch])
                following = self._step(batch, other, other)
                if following.x is None:
                    return following
            if following.x is None:
                self.session.set_bounds(batch, self.lower[batch], self.upper[batch])
                share /= 3
                continue
            answer, columns, share = following, np.setdiff1d(columns, batch), min(2 * share, 0.34)
        return answer

    def _step(self, columns: Ints, lower: Floats, upper: Floats) -> Answer:
        """Move bounds and solve again; a failure leaves the basis as it was, and so does a spent budget."""
        if self.budget.spent():
            return Answer("limit", float("inf"), -float("inf"), None)
        basis = self.session.basis()
        self.session.set_bounds(columns, lower, upper)
        patience = max(STEP_ITERATIONS, int(STEP_BY_ROW * len(self.rows)))
        answer = self.session.lp(iterations=patience)
        if answer.x is None:
            self.session.set_basis(basis)
        return answer

    def _try(self, columns: Ints, values: Floats) -> Answer:
        self.session.set_bounds(columns, values, values)
        return self._lp()

    def _lp(self) -> Answer:
        """Solve the linear programme; the first one of a large model has no basis to start from."""
        cold, self._warm = len(self.rows) > MANY_ROWS and not self._warm, True
        answer = self.session.lp(crossover=cold)
        return self.session.lp() if cold and answer.status == "limit" else answer

    def expand(self, x: Floats) -> Floats:
        """Values of all columns of the formulation; left-out columns are zero."""
        out = np.zeros(len(self.form.program.cost))
        out[self.columns] = x[: len(self.columns)]
        return out


def _empty(columns: int) -> Sparse:
    return Sparse(np.zeros(columns + 1, np.int64), np.empty(0, np.int64), np.empty(0), 0)


def _row_wise(rows: Ints, columns: Ints, values: Floats, number: int) -> Sparse:
    order = np.argsort(rows, kind="stable")
    start = np.concatenate(([0], np.cumsum(np.bincount(rows, minlength=number)))).astype(np.int64)
    return Sparse(start, columns[order], values[order], number)

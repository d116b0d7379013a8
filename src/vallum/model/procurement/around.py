"""A mixed-integer model of some columns of a formulation, while all others keep their values."""

import numpy as np
from numpy.typing import NDArray

from vallum.model.procurement.cells import NONE
from vallum.model.procurement.formulation import Formulation
from vallum.solve import Answer, Budget, Session, Sparse

__all__ = ["Around"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


class Around:
    """Some columns free, the others held; limits of some rows can be bought and sold.

    What the held columns take of a row is taken off its limits. Where they take more than there is, that
    much stays allowed: the free columns need not make good what they did not do.

    Parameters
    ----------
    form : Formulation
    level : int
    caps : (2,) array
        Right-hand sides of the rows that hold earlier levels.
    values : (columns,) array
        Values of all columns.
    free : array
        Columns that are decided; of their integers only choices must be whole.
    budget : Budget
    """

    def __init__(
        self, form: Formulation, level: int, caps: Floats, values: Floats, free: Ints, budget: Budget
    ) -> None:
        program = form.program
        self.free, self.values, self.held = free, values, values.copy()
        self.held[free] = 0.0
        everywhere = np.arange(len(program.row_lower))
        self.rows = np.unique(program.matrix.pick(free, everywhere, len(everywhere)).index)
        self.row_at = np.full(len(everywhere), NONE)
        self.row_at[self.rows] = np.arange(len(self.rows))
        taken = program.matrix.times(self.held)[self.rows]
        # rounding of the solver that gave the values must not make the model infeasible
        now = program.matrix.times(values)[self.rows]
        lower = np.minimum(program.row_lower[self.rows], now) - taken
        upper = np.maximum(form.limits(caps)[self.rows], now) - taken
        column_upper = program.upper[free].copy()
        choice = np.isin(free, form.at.x)
        column_upper[choice] = 1.0
        self.session = Session(
            form.costs[level][free], program.lower[free], column_upper,
            program.matrix.pick(free, self.row_at, len(self.rows)), lower, upper, budget, integer=choice,
        )  # fmt: skip
        self.traded = 0

    def trade(self, rows: Ints, price: Floats, buy: Floats, sell: Floats, spread: float) -> None:
        """Let limits of rows be raised for a price, and be lowered for a reward.

        Parameters
        ----------
        rows : (n,) array
            Rows of the formulation; those that the free columns do not touch are left out.
        price : (n,) array
            What one unit is worth, 0 or more.
        buy, sell : (n,) arrays
            Units that can be bought and sold at most.
        spread : float
            Bought dearer and sold cheaper by this share.
        """
        here = np.flatnonzero(self.row_at[rows] >= 0)
        at, price = self.row_at[rows[here]], price[here]
        count = len(here)
        entries = Sparse(np.arange(2 * count + 1), np.concatenate((at, at)),
                         np.repeat((-1.0, 1.0), count), len(self.rows))  # fmt: skip
        cost = np.concatenate((price * (1 + spread), -price * (1 - spread)))
        most = np.concatenate((buy[here], sell[here]))
        self.session.add_columns(cost, np.zeros(2 * count), most, entries)
        self.traded += 2 * count

    def solve(
        self, *, seconds: float, work: float, absolute: float, start: bool
    ) -> tuple[Answer, Floats | None]:
        """Branch and bound; returns the answer and the values of all columns.

        Parameters
        ----------
        seconds, work : float
            Limits of this call.
        absolute : float
            Gap at which to stop, in units of the objective.
        start : bool
            Whether the values given are a start: their choices are whole.
        """
        given = np.concatenate((self.values[self.free], np.zeros(self.traded))) if start else None
        answer = self.session.mip(seconds=seconds, work=work, absolute=absolute, start=given)
        if answer.x is None:
            return answer, None
        out = self.held.copy()
        out[self.free] = answer.x[: len(self.free)]
        return answer, out

"""Plans class by class: each buys money from the others, or sells it to them, near the bound's prices.

The linear programme behind the bound tells what every capability class takes of the members' money. Planned
in whole choices within exactly that much, a class loses a tenth of its worth: an introduction is paid or it
is not. At fixed prices and any amount it buys all or nothing. So it gets what the linear programme gives it
and may trade a few percent of a limit at the dual price, a little dearer or cheaper; then it loses next to
nothing. Classes take turns, each around what the others have by then (block coordinate descent; Bertsekas,
Nonlinear Programming, 1999, section 2.7). What has been bought in excess makes a limit dearer for those
that follow, and the dive that ends a pass takes back the rest.
"""

import numpy as np
from numpy.typing import NDArray

from vallum.model.procurement.around import Around
from vallum.model.procurement.cells import NONE
from vallum.model.procurement.formulation import Formulation
from vallum.model.procurement.generate import Master

__all__ = ["Classwise", "classes_of"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
#: Families of rows whose limits classes trade; money first.
TRADED = ("purse", "level", "crews", "nodes", "line")
#: Blocks of a class that it chooses from: those nearest to improving, beside those in use.
NEAREST = 100
#: Difference between the prices of buying and selling, to either side.
SPREAD = 0.05
#: Least price of money, as a share of the mean price where there is one: a year with money left has none
#: left after some classes have bought.
FLOOR = 0.3
#: How much dearer money becomes per percent that has been bought in excess, and the excess that counts.
DEARER, EXCESS = 0.05, 5.0
#: How many times the gap at which it stops a turn's result may be from its bound.
FAR = 20.0
#: Values of an interior point below which a column, and a choice, count as unused.
NOISE, UNUSED = 1e-9, 1e-3


def classes_of(form: Formulation) -> Ints:
    """Class of every column; NONE for those that belong to no single one, such as loans and lines."""
    at, b = form.at, form.blocks
    klass = form.problem.programme.klass
    out = np.full(len(form.program.cost), NONE)
    by_class = np.arange(len(form.problem.classes))[None, :, None]
    of_cell = form.cells.klass[:, None]
    for columns, classes in ((at.shortfall, by_class), (at.delivered, of_cell), (at.counted, of_cell)):
        has = columns >= 0
        out[columns[has]] = np.broadcast_to(classes, columns.shape)[has]
    out[at.types[form.problem.programme.system]] = klass
    out[at.x] = klass[b.programme]
    of_entry = klass[form.entries.programme]
    out[at.high] = of_entry
    has = at.low >= 0
    out[at.low[has]] = of_entry[has]
    return out


class Classwise:
    """Turns of the classes of one level.

    Parameters
    ----------
    master : Master
        Solved: its duals are the prices, its last linear programme what the classes begin with.
    """

    def __init__(self, master: Master) -> None:
        self.master, self.form = master, master.form
        form = self.form
        self.klass = classes_of(form)
        self.between = form.core[self.klass[form.core] == NONE]
        if master.level:
            # near a cap there is no room to round steps and schools up afterwards
            self.between = self.between[~form.program.integer[self.between]]
        self.worth = master.now().value
        families = [name for name in TRADED if name in form.program.families]
        rows, upper = [form.program.rows_of(name) for name in families], master.limits()
        self.rows = np.concatenate(rows)
        self.rows = self.rows[np.isfinite(upper[self.rows])]
        self.limits = upper[self.rows]
        self.price = self._floored(-master.prices()[self.rows], len(rows[0]))
        # what costs nothing would be taken without end
        self.tradable = np.maximum(self.limits, 0.0) * (self.price > 0)

    @staticmethod
    def _floored(price: Floats, purses: int) -> Floats:
        """Prices of the purses with the floor; the others as they are."""
        price = np.maximum(price, 0.0)
        money = price[:purses]
        if (money > 0).any():
            money[:] = np.maximum(money, FLOOR * money[money > 0].mean())
        return price

    def relaxed(self) -> Floats:
        """What the master's last linear programme gives, without the digits of an interior point."""
        out = self.master.primal.copy()
        out[out < NOISE] = 0.0
        return out

    def order(self) -> Ints:
        """Classes, those first that contribute most to the linear programme's value."""
        cost = self.form.costs[self.master.level] * self.master.primal
        has = self.klass >= 0
        number = len(self.form.problem.classes)
        return np.argsort(-np.bincount(self.klass[has], weights=cost[has], minlength=number), kind="stable")

    def turn(
        self, values: Floats, classes: Ints, room: float, *, seconds: float, work: float, absolute: float,
        start: bool,
    ) -> tuple[Floats | None, bool]:  # fmt: skip
        """Some classes decide again, around what the others have.

        Parameters
        ----------
        values : (columns,) array
            Values of all columns; of other classes they may be fractions.
        classes : array
        room : float
            Share of a limit that may be traded.
        seconds, work, absolute : float
            See `Around.solve`.
        start : bool
            Whether the choices of these classes are whole in `values`.

        Returns
        -------
        values of all columns, None when nothing was found; and whether they are near the turn's bound
        """
        form, master = self.form, self.master
        mine = np.isin(self.klass, classes)
        free = self.columns(values, classes, mine)
        # what an interior point leaves in columns that are not looked at would take room from whole choices
        cleared = values.copy()
        cleared[np.setdiff1d(np.flatnonzero(mine), free)] = 0.0
        model = Around(form, master.level, master.caps, cleared, free, master.budget)
        excess = (form.program.matrix.times(cleared)[self.rows] - self.limits) / np.maximum(self.limits, 1e-9)
        dearer = 1.0 + DEARER * np.clip(100 * excess, -1.0, EXCESS)
        sell = room * self.tradable
        buy = np.maximum(sell - np.maximum(excess, 0.0) * self.limits, 0.0)
        model.trade(self.rows, self.price * dearer, buy, sell, SPREAD)
        answer, found = model.solve(seconds=seconds, work=work, absolute=absolute, start=start)
        return found, answer.value - answer.bound <= FAR * absolute

    def columns(self, values: Floats, classes: Ints, mine: NDArray[np.bool_]) -> Ints:
        """What classes decide: their own core columns, those between classes, and blocks worth looking at."""
        form, grown = self.form, self.master.by_class
        klass = form.problem.programme.klass[form.blocks.programme]
        active = np.flatnonzero(grown.active & np.isin(klass, classes))
        near = active[np.argsort(self.worth[active], kind="stable")[: NEAREST * len(classes)]]
        share = values[form.at.x]
        used = np.flatnonzero((share > UNUSED) & np.isin(klass, classes))
        core = form.core[mine[form.core]]
        chosen = form.columns_of(used[share[used] > 0.5])[len(form.core) :]
        known = grown.columns_of(np.union1d(near, used))
        return np.unique(np.concatenate((self.between, core, known, chosen)))

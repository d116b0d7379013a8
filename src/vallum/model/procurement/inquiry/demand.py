"""What is asked for: that somebody takes a programme, perhaps by a year, perhaps together with others."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vallum.model.procurement.formulation import Formulation
from vallum.model.procurement.search import Restricted
from vallum.solve import Sparse

__all__ = ["Demand", "first_delivery", "qualifying"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
_NEAR = 1e-6


@dataclass(frozen=True, slots=True)
class Demand:
    """A programme is taken.

    Attributes
    ----------
    programme : int
        Position.
    state : int or None
        Who takes it; None: anybody.
    by : int or None
        Position of the year in which the first units are there at the latest: at least a least order is
        placed so that its delivery begins by then.
    together : int
        Bit mask of states that take it in the same coalition; 0: with whomever.
    """

    programme: int
    state: int | None = None
    by: int | None = None
    together: int = 0

    @property
    def members(self) -> int:
        """Bit mask of all that must be in the coalition."""
        return self.together | (0 if self.state is None else 1 << self.state)

    def met(self, form: Formulation, full: Floats) -> bool:
        """Whether values of all columns meet it."""
        taken = np.intersect1d(form.chosen(full), qualifying(form, self))
        if self.by is None or not len(taken):
            return bool(len(taken))
        entries, least = self._in_time(form, taken)
        return bool(form.quantity(full)[entries].sum() >= least - _NEAR)

    def force(self, model: Restricted, price: float | None = None) -> None:
        """Add the rows of the demand to a model that holds its blocks.

        Parameters
        ----------
        model : Restricted
        price : float, optional
            A spare column, 0 (met) or 1 (not met), may stand in for the demand at this price; None: it must
            be met.
        """
        form, spare = model.form, None
        if price is not None:
            spare = len(model.lower)
            nothing = Sparse(np.zeros(2, np.int64), np.empty(0, np.int64), np.empty(0), 0)
            model.session.add_columns(np.array([price]), np.zeros(1), np.ones(1), nothing, integer=True)
        blocks = np.intersect1d(qualifying(form, self), model.blocks)
        columns = model.at[form.at.x[blocks]]
        _add_row(model, columns, np.ones(len(columns)), 1.0, spare)
        if self.by is None:
            return
        entries, least = self._in_time(form, blocks)
        low, high = form.at.low[entries], form.at.high[entries]
        columns = np.concatenate((low[low >= 0], high))
        quantity = np.concatenate((form.entries.least[entries[low >= 0]], form.entries.greatest[entries]))
        here = model.at[columns] >= 0
        _add_row(model, model.at[columns[here]], quantity[here], least, spare)

    def _in_time(self, form: Formulation, blocks: Ints) -> tuple[Ints, float]:
        """Entries whose delivery begins in time, and the least order of any way."""
        b = form.blocks
        entries = b.entries_of(blocks)
        mine = entries if self.state is None else entries[form.entries.state[entries] == self.state]
        begins = b.entry_year[mine] + first_delivery(form)[form.entries.block[mine]]
        in_time = mine[begins <= (np.inf if self.by is None else self.by)]
        return in_time, float(form.entries.least[mine].min(initial=np.inf))


def qualifying(form: Formulation, demand: Demand) -> Ints:
    """Blocks that meet a demand, whenever they deliver."""
    b = form.blocks
    here = b.programme == demand.programme
    found: Ints = np.flatnonzero(here & ((b.coalition & demand.members) == demand.members))
    return found


def first_delivery(form: Formulation) -> Ints:
    """Years from the order to the first delivery of each block, (A,)."""
    years: Ints = np.argmax(form.blocks.deliver > 1e-9, axis=1)
    return years


def _add_row(model: Restricted, columns: Ints, values: Floats, least: float, spare: int | None) -> None:
    """Add a row `values x >= least`, with the spare column in place of all of it."""
    if spare is not None:
        columns, values = np.append(columns, spare), np.append(values, least)
    row = Sparse(np.array([0, len(columns)], dtype=np.int64), columns.astype(np.int64), values, 1)
    model.session.add_rows(np.array([least]), np.array([np.inf]), row)

"""Reduced costs of listed blocks in closed form, and what all blocks together could still gain."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vallum.model.procurement.formulation import Formulation

__all__ = ["Priced", "gains", "price_blocks"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
INF = float("inf")


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


def gains(form: Formulation, value: Floats, larger: Floats | None = None) -> float:
    """Lower bound on the reduced cost of any choice of blocks that members can make together.

    A member joins a programme once: of every programme the best split of its members into coalitions of
    given sizes and members alone, found by dynamic programming over the number of members in coalitions.

    Parameters
    ----------
    form : Formulation
    value : (A,) array
        Least reduced costs of the listed blocks.
    larger : (P, N + 1) array, optional
        Least reduced costs of any block by its number of members, two or more; None: of the listed ones.

    Returns
    -------
    float
        Zero or less.
    """
    blocks, states = form.blocks, len(form.problem.states)
    size = np.diff(blocks.member_start)
    alone = np.zeros((len(form.problem.programmes), states))
    one = np.flatnonzero(size == 1)
    np.minimum.at(alone, (blocks.programme[one], blocks.member_state[blocks.member_start[one]]), value[one])
    if larger is None:
        larger = np.zeros((len(alone), states + 1))
        np.minimum.at(larger, (blocks.programme, size), np.where(size > 1, value, 0.0))
    together = np.zeros((len(alone), states + 1))
    for members in range(1, states + 1):
        together[:, members] = together[:, members - 1]
        for part in range(2, members + 1):
            split = together[:, members - part] + larger[:, part]
            together[:, members] = np.minimum(together[:, members], split)
    apart = np.zeros((len(alone), states + 1))
    apart[:, 1:] = np.cumsum(np.sort(alone, axis=1), axis=1)
    return float((together + apart[:, ::-1]).min(axis=1).sum())

"""What a programme of a plan earns: what is missing without it, replaced as well as can be and not at all."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vallum.model.procurement.inquiry.search import found_without
from vallum.model.procurement.inquiry.standing import Stand

__all__ = ["Earning", "why"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Earning:
    """What a programme earns.

    Attributes
    ----------
    taken : bool
        Whether the plan takes it, by the state if one was named.
    alone_gap_years : float or None
        Gap-years more if it goes, with what requires it, and everything else stays as chosen; quantities and
        money are free and units need not be whole. None if the rest cannot be paid without its loans.
    replaced_gap_years : float or None
        Gap-years more in the best plan found without it: without it no more than this are missing. None if
        none was found in time.
    replaced_meur : float or None
        The same of discounted cost.
    covers : tuple of (state, class, year, class units)
        What it fields, by state and year: deliveries added up.
    coalition : tuple of tuple of str
        Who takes it together.
    price_share : tuple of float
        For each coalition its unit price, as a share of the price of the least order alone; 1 if no less.
    """

    taken: bool
    alone_gap_years: float | None = None
    replaced_gap_years: float | None = None
    replaced_meur: float | None = None
    covers: tuple[tuple[str, str, int, float], ...] = ()
    coalition: tuple[tuple[str, ...], ...] = ()
    price_share: tuple[float, ...] = ()


def why(stand: Stand, programme: int, state: int | None = None) -> Earning:
    """Take a programme out of a plan and say what is missing.

    Parameters
    ----------
    stand : Stand
    programme : int
    state : int, optional
        Only for this state: blocks that it is in go.
    """
    b = stand.form.blocks
    every = np.flatnonzero(b.programme == programme)
    mine = every if state is None else every[(b.coalition[every] >> state) & 1 == 1]
    gone = np.intersect1d(stand.chosen, mine)
    if not len(gone):
        return Earning(False)
    other = found_without(stand, mine, programme)
    short = None if other is None else other.shortfall - stand.shortfall
    money = None if other is None else float(stand.form.costs[1] @ other.full) - stand.value(1)
    names = stand.problem.states
    members = tuple(tuple(names[n] for n in range(len(names)) if b.coalition[a] >> n & 1) for a in gone)
    return Earning(
        True, _alone(stand, gone), short, money, _covers(stand, gone), members,
        tuple(_price_share(stand, int(a)) for a in gone),
    )  # fmt: skip


def _alone(stand: Stand, gone: Ints) -> float | None:
    """Shortfall more when blocks go, with those that require them, and nothing replaces them."""
    model = stand.model(stand.chosen, whole=False)
    before = model.relaxed(stand.full)
    full = stand.full.copy()
    full[stand.form.at.x[_with_later(stand, gone)]] = 0.0
    after = model.relaxed(full)
    return None if after.x is None else after.value - before.value


def _with_later(stand: Stand, gone: Ints) -> list[int]:
    """Blocks, and the plan's blocks that a member can no longer have without them."""
    b, pairs = stand.form.blocks, stand.problem.prerequisites
    out = [int(a) for a in gone]
    for a in out:
        later = pairs[pairs[:, 1] == b.programme[a], 0]
        here = np.isin(b.programme[stand.chosen], later) & ((b.coalition[stand.chosen] & b.coalition[a]) != 0)
        out += [int(other) for other in stand.chosen[here] if other not in out]
    return out


def _covers(stand: Stand, gone: Ints) -> tuple[tuple[str, str, int, float], ...]:
    form, problem, b = stand.form, stand.problem, stand.form.blocks
    entries = b.entries_of(gone)
    quantity = form.quantity(stand.full)[entries]
    stock = np.zeros((len(problem.states), len(problem.years)))
    for e, ordered in zip(entries[quantity > 1e-9], quantity[quantity > 1e-9], strict=True):
        since = int(b.entry_year[e])
        delivered = np.cumsum(b.deliver[form.entries.block[e]])[: len(problem.years) - since]
        stock[form.entries.state[e], since:] += ordered * delivered
    klass = problem.classes[int(problem.programme.klass[b.programme[gone[0]]])]
    return tuple(
        (problem.states[n], klass, problem.years[t], float(stock[n, t]))
        for n, t in np.argwhere(stock > 1e-9)
    )  # fmt: skip


def _price_share(stand: Stand, block: int) -> float:
    """Unit price against that of the dearest block of the programme with one member and no partner."""
    b = stand.form.blocks
    single = (b.coalition & (b.coalition - 1)) == 0
    alone = np.flatnonzero((b.programme == b.programme[block]) & single & ~b.partners)
    dearest = float(b.scale[alone].max(initial=float(b.scale[block])))
    return float(b.scale[block]) / dearest

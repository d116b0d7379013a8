"""Choices by rounding the master's linear programme, a few at a time."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from vallum.model.procurement.generate import Master

__all__ = ["rounded"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
INF = float("inf")
#: Simplex iterations of one step; what takes longer is about to be infeasible.
ITERATIONS: Final = 5_000


def rounded(master: Master, until: float, take: float, share: float) -> Ints:
    """Choose blocks by fixing what the linear programme almost chooses, then the largest of the rest.

    Parameters
    ----------
    master : Master
        Not a large one, which keeps no linear programme.
    until : float
        Share of the budget at which to stop; what is chosen by then stands.
    take, share : float
        Choices above `take` are fixed at once, else the largest `share` of the fractional ones.

    Returns
    -------
    array of block positions that can be chosen together
    """
    block, session = np.flatnonzero(master.active), master.session
    at = master.column_at[master.form.at.x[block]]
    lower, upper = np.zeros(len(at)), np.full(len(at), INF)
    answer = session.lp()
    while answer.x is not None:
        value = answer.x[at]
        open_ = (lower < 1.0) & (upper > 0.0) & (value > 1e-6)
        if not open_.any():
            break
        if master.budget.spent(until):
            lower[_compatible(master, block, np.flatnonzero(open_ & (value >= 0.5)), lower)] = 1.0
            break
        picked = np.flatnonzero(open_ & (value >= take))
        if not len(picked):
            ranked = np.flatnonzero(open_)
            ranked = ranked[np.argsort(-value[ranked], kind="stable")]
            picked = _compatible(master, block, ranked[: max(1, int(share * len(ranked)))], lower)
        basis = session.basis()
        lower[picked] = 1.0
        session.set_bounds(at, lower, upper)
        following = session.lp(iterations=ITERATIONS)
        if following.x is None:
            # too much at once: fewer next time, and a lone choice is out
            lower[picked], upper[picked] = 0.0, 0.0 if len(picked) == 1 else INF
            take, share = 1.1, share / 2
            session.set_bounds(at, lower, upper)
            session.set_basis(basis)
            following = answer if len(picked) > 1 else session.lp(iterations=ITERATIONS)
        answer = following
    session.set_bounds(at, np.zeros(len(at)), np.full(len(at), INF))
    chosen: Ints = block[lower >= 1.0]
    return chosen


def _compatible(master: Master, block: Ints, picked: Ints, lower: Floats) -> Ints:
    """The picked choices in order, without those that would join a member to a programme twice."""
    b = master.form.blocks
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

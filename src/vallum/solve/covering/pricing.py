"""The relaxation of a large problem by few of its units: column generation.

The programme of some units gives prices; at those, made lean, the Lagrangian of all units is a bound, and a
unit that is worth more than it costs is missing. On 10,000 rows and 10,000 options this ends in three rounds;
600 steps of a subgradient method were still a third above, 1,000 of L-BFGS on a smoothed Lagrangian 3 %, and
one interior-point solve of all units took three times as long.
"""

from collections.abc import Callable

import numpy as np

from vallum.solve.covering.lagrangian import Lagrangian
from vallum.solve.covering.problem import Bools, Floats
from vallum.solve.covering.programme import Programme, Relaxed
from vallum.solve.covering.units import Units
from vallum.solve.limits import Budget

__all__ = ["generate"]

#: Rounds, and the distance of bound and programme, as a share, at which no more units are looked for.
ROUNDS = 12
NEAR = 1e-4
#: Most units that one round adds, as a share of those there are.
GROWTH = 0.5


def generate(
    units: Units, limit: Floats, budget: Budget, promise: Floats, size: int, heard: Callable[[float], None]
) -> Relaxed | None:
    """Relax over all units; None where not one programme was finished in time.

    Parameters
    ----------
    units : Units
    limit : (R,) array
    budget : Budget
    promise : (units,) array
        Those that promise most come first.
    size : int
        Units to begin with.
    heard : callable(bound)

    Returns
    -------
    Relaxed or None
        With the best bound, its prices, and the fractions of the last programme.
    """
    chosen = np.zeros(units.count, np.bool_)
    chosen[np.argsort(-promise, kind="stable")[:size]] = True
    whole = Lagrangian(units, limit)
    best: Relaxed | None = None
    for _ in range(ROUNDS):
        some = units.some(np.flatnonzero(chosen))
        programme = Programme(some, limit, budget)
        found = programme.relax()
        if found is None:
            break
        alpha, nu, mu = programme.prices()
        proof = whole.prove(alpha, nu, whole.lean(alpha, mu, _present(some)))
        part = np.zeros(units.count)
        part[chosen] = found.part
        if best is None or proof.bound < best.bound:
            best = Relaxed(proof.bound, proof.reduced, part, found.theta)
            heard(proof.bound)
        missing = np.flatnonzero((proof.reduced > 0.0) & ~chosen)
        if proof.bound <= found.bound * (1.0 + NEAR) or not len(missing) or budget.spent():
            break
        most = max(1, int(GROWTH * chosen.sum()))
        chosen[missing[np.argsort(-proof.reduced[missing], kind="stable")[:most]]] = True
    return best


def _present(units: Units) -> Bools:
    """Whether any unit covers a row by a kind, (rows, C)."""
    return np.diff(units.cover.indptr).reshape(-1, units.box.kinds) > 0

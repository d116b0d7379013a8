"""A bound that no siting of the budgets exceeds: the Lagrangian of the covering programme.

The programme (`programme`) gives each row a mixture theta_S of sets S of kinds that cover it wholly. With
prices mu_rc >= 0 of the covers and nu_b >= 0 of the budgets it falls apart, as Galvao and ReVelle (1996) did
for one kind, and

    L = sum_r max_S (R_r(S) - sum of mu_rc over c in S)
        + sum over units u of max(0, sum_r cover_ru mu_r,kind(u) - cost_u sum_b spend_bu nu_b)
        + sum_b budget_b nu_b

is a bound, whatever the prices are and wherever they come from. Where kinds may be lost the worth is the
least over cases; weights alpha >= 0 of the cases mix their tables, and L / sum alpha is the bound.
"""

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array

from vallum.solve.covering.problem import Bools, Floats
from vallum.solve.covering.units import Units

__all__ = ["Lagrangian", "Prices"]


@dataclass(frozen=True, slots=True)
class Prices:
    """Prices and the bound that they prove.

    Attributes
    ----------
    bound : float
    reduced : (units,) array
        Worth of a unit's cover less the price of its cost: with more than bound - value below 0, no better
        siting has it.
    """

    bound: float
    reduced: Floats


class Lagrangian:
    """The Lagrangian of the programme of some units.

    Parameters
    ----------
    units : Units
    budget : (R,) array
    """

    def __init__(self, units: Units, budget: Floats) -> None:
        self._units, self._budget = units, budget
        self._worth = units.box.worth
        self._kinds = units.box.kinds
        self._member = (np.arange(self._worth.shape[2]) >> np.arange(self._kinds)[:, None] & 1).astype(
            np.float64
        )
        self._back = csr_array(units.cover.T)

    def prove(self, alpha: Floats, nu: Floats, mu: Floats) -> Prices:
        """What prices prove.

        Parameters
        ----------
        alpha : (cases,) array
            With a sum above 0.
        nu : (R,) array
        mu : (rows, C) array
            All at least 0.
        """
        net, reduced = self._parts(alpha, nu, mu)
        bound = net.max(axis=1).sum() + np.maximum(0.0, reduced).sum() + self._budget @ nu
        scale = float(alpha.sum())
        return Prices(float(bound) / scale, reduced / scale)

    def lean(self, alpha: Floats, mu: Floats, known: Bools) -> Floats:
        """The least prices of covers at which the part of no row grows, one kind after the other, (rows, C).

        A linear programme leaves the price of a cover that nobody buys between two ends; at its low end no
        unit seems to be worth more than it is.

        Parameters
        ----------
        alpha : (cases,) array
        mu : (rows, C) array
        known : (rows, C) bool array
            Where `mu` says something; elsewhere the price is found from the others.
        """
        worth = np.tensordot(alpha, self._worth, axes=1)
        sets = np.arange(worth.shape[1])
        mu, known = np.where(known, mu, 0.0), known.copy()
        top = np.where((~known @ self._member) > 0, -np.inf, worth - mu @ self._member).max(axis=1)
        for c in range(self._kinds):
            without = np.flatnonzero(sets >> c & 1 == 0)
            unpriced = (~known @ self._member[:, without]) > 0
            gain = worth[:, without | 1 << c] - mu @ self._member[:, without]
            least = np.maximum(0.0, np.where(unpriced, -np.inf, gain).max(axis=1) - top)
            mu[:, c] = np.where(known[:, c], np.minimum(mu[:, c], least), least)
            known[:, c] = True
        return mu

    def _parts(self, alpha: Floats, nu: Floats, mu: Floats) -> tuple[Floats, Floats]:
        net = np.tensordot(alpha, self._worth, axes=1) - _of_sets(mu)
        return net, self._back @ mu.ravel() - nu @ self._units.spend


def _of_sets(mu: Floats) -> Floats:
    """Sum over the kinds in each set, (rows, 2^C); threads of a matrix product would cost more than it."""
    sums = np.zeros((len(mu), 1))
    for one in mu.T:
        sums = np.concatenate((sums, sums + one[:, None]), axis=1)
    return sums

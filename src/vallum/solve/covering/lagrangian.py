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

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize
from scipy.sparse import csr_array

from vallum.solve.covering.problem import Bools, Floats
from vallum.solve.covering.units import Units

__all__ = ["Lagrangian", "Prices"]

#: Temperatures of the soft maximum, as shares of what a row is worth, and steps at each.
TEMPERATURES = (0.03, 0.01, 0.003, 0.001)
STEPS = 60
#: Corrections that L-BFGS-B remembers.
MEMORY = 20
#: Where every price begins, as a share of the greatest it could be.
BEGIN = 0.3


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
        self.cases, self._height, sets = self._worth.shape
        self._kinds = units.box.kinds
        self._member = (np.arange(sets) >> np.arange(self._kinds)[:, None] & 1).astype(np.float64)
        self._back = csr_array(units.cover.T)
        # a tenth of what one unit takes of all worth, if it takes as much of it as of its budgets
        taken = (units.spend / np.maximum(budget, 1e-12)[:, None]).max(axis=0, initial=0.0)
        self._unit = max(1e-9, 0.1 * float(taken.mean() if len(taken) else 0.0))

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

    def descend(self, more: Callable[[], bool]) -> Prices:
        """Search for prices that prove little, while `more` says so.

        L has corners. The search goes down a smooth function above it, with a soft maximum for each maximum
        (Nesterov 2005), by L-BFGS-B (Byrd, Lu, Nocedal and Zhu 1995), colder and colder.
        """
        point = np.full(self.cases + len(self._budget) + self._height * self._kinds, BEGIN)
        best = [self.prove(*self._split(point))]

        def heard(intermediate_result: object) -> None:
            if not more():
                raise StopIteration

        for tau in TEMPERATURES:
            if not more():
                break
            found = minimize(
                self._smooth, point, args=(tau,), jac=True, method="L-BFGS-B", callback=heard,
                bounds=[(0.0, None)] * len(point),
                options={"maxiter": STEPS, "maxcor": MEMORY, "ftol": 1e-9, "gtol": 1e-12},
            )  # fmt: skip
            point = np.maximum(found.x, 0.0)
            best.append(self.prove(*self._split(point)))
        return min(best, key=lambda one: one.bound)

    def _of_kinds(self, part: Floats) -> Floats:
        """Sum over the sets with each kind, (rows, C)."""
        return np.column_stack([part[:, has > 0].sum(axis=1) for has in self._member])

    def _scales(self) -> tuple[Floats, Floats]:
        """What makes each price about 1 at most: worth of all for a whole budget, of a row for its cover."""
        rows = np.maximum(self._worth.max(axis=(0, 2)), 1e-12)
        return rows, 1.0 / np.maximum(self._budget, 1e-12)

    def _split(self, point: Floats) -> tuple[Floats, Floats, Floats]:
        a, b = self.cases, self.cases + len(self._budget)
        rows, budgets = self._scales()
        alpha = point[:a] if a > 1 and point[:a].any() else np.ones(a)
        return alpha, point[a:b] * budgets, point[b:].reshape(self._height, self._kinds) * rows[:, None]

    def _smooth(self, point: Floats, tau: float) -> tuple[float, Floats]:
        """A smooth function above L and its gradient.

        L grows with alpha, nu and mu alike; taking log(sum alpha) away from it has its least where
        L / sum alpha has, whatever the scale.
        """
        alpha, nu, mu = self._split(point)
        rows, budgets = self._scales()
        net, reduced = self._parts(alpha, nu, mu)
        heat = tau * rows
        top = net.max(axis=1)
        part = np.exp((net - top[:, None]) / heat[:, None])
        total = part.sum(axis=1)
        part /= total[:, None]
        warm = tau * self._unit
        ratio = reduced / warm
        x = 1.0 / (1.0 + np.exp(-np.clip(ratio, -500.0, 500.0)))
        value = float((top + heat * np.log(total)).sum() + warm * np.logaddexp(0.0, ratio).sum())
        value += float(self._budget @ nu)
        by_mu = ((self._units.cover @ x).reshape(mu.shape) - self._of_kinds(part)) * rows[:, None]
        by_nu = (self._budget - self._units.spend @ x) * budgets
        by_alpha = np.zeros(self.cases)
        if self.cases > 1:
            by_alpha = np.einsum("rs,ars->a", part, self._worth) - 1.0 / alpha.sum()
            value -= float(np.log(alpha.sum()))
        return value, np.concatenate((by_alpha, by_nu, by_mu.ravel()))


def _of_sets(mu: Floats) -> Floats:
    """Sum over the kinds in each set, (rows, 2^C); threads of a matrix product would cost more than it."""
    sums = np.zeros((len(mu), 1))
    for one in mu.T:
        sums = np.concatenate((sums, sums + one[:, None]), axis=1)
    return sums

"""The covering programme for HiGHS: whole units, and for each row a mixture of sets of kinds.

    max  t,  t <= sum_r sum_S R_r(S) theta_rS in each case,   sum_S theta_rS <= 1,
    sum over S with c of theta_rS <= sum over units u of kind c of cover_ru b_u,
    sum over units u of spend_bu b_u <= budget_b,   b_u in {0, 1}, units of one option in order.

Theta makes of each row the least concave function above what it is worth at covers of 0 and 1 (the concave
closure; Dughmi, Roughgarden and Yan 2011 round the like), so that the value bounds every siting, is exact
where covers are whole, and is more than the worth where several kinds cover fractions; cuts mend that.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.sparse import csc_array, csr_array, eye_array, hstack, kron, vstack

from vallum.solve.builder import Sparse
from vallum.solve.covering.cuts import Cuts
from vallum.solve.covering.lagrangian import Lagrangian
from vallum.solve.covering.problem import Floats, Ints
from vallum.solve.covering.units import Units
from vallum.solve.highs import Answer, Session
from vallum.solve.limits import Budget

__all__ = ["Programme", "Relaxed"]

#: Rows of covers and mixtures from which on the interior-point method is faster than the simplex method:
#: 13 s against 2.4 s with 3,700 rows, 3 s against 25 s with 14,000.
INTERIOR_ROWS = 8_000
#: What HiGHS may be off by, as a share of all weight, in a bound that is not reckoned again.
MARGIN = 1e-7


@dataclass(frozen=True, slots=True)
class Relaxed:
    """Optimum of the relaxation.

    Attributes
    ----------
    bound : float
    reduced : (units,) array
        Worth of a unit's cover less the price of its cost, as in `Prices`.
    part : (units,) array
        Fractions of the units.
    theta : (rows, 2^C - 1) array
        Mixture of the sets but the empty one.
    """

    bound: float
    reduced: Floats
    part: Floats
    theta: Floats


class Programme:
    """The covering programme of some units.

    Parameters
    ----------
    units : Units
    limit : (R,) array
        Of each budget.
    budget : Budget
    """

    def __init__(self, units: Units, limit: Floats, budget: Budget) -> None:
        self.units, self._limit, self._budget = units, limit, budget
        self._height = units.box.worth.shape[1]
        self._states = self._height * (units.box.worth.shape[2] - 1)
        self._cuts = Cuts(csr_array((0, units.count + self._states)), np.empty(0))
        self._binding = np.empty(0, np.int64)
        self._dual = np.empty(0)
        matrix, upper = self._rows()
        self.height = matrix.shape[0]
        cost = np.zeros(matrix.shape[1])
        cost[-1] = -1.0
        most = np.ones(matrix.shape[1])
        most[-1] = np.inf
        self.session = Session(
            cost, np.zeros(len(cost)), most,
            Sparse(matrix.indptr.astype(np.int64), matrix.indices.astype(np.int64), matrix.data, self.height),
            np.full(self.height, -np.inf), upper, budget, integer=np.arange(len(cost)) < units.count,
        )  # fmt: skip

    def _rows(self) -> tuple[csc_array[Any], Floats]:
        """Covers, mixtures, budgets, order of units and cases: their matrix and upper limits."""
        units, worth = self.units, self.units.box.worth
        cases, height, sets = worth.shape
        kinds = units.box.kinds
        member = (np.arange(1, sets) >> np.arange(kinds)[:, None] & 1).astype(np.float64)
        # a unit whose elder is not a column stands alone
        later = 1 + np.flatnonzero((np.diff(units.option) == 0) & (np.diff(units.level) == 1))
        steps = len(later)
        order = csr_array(
            (
                np.repeat([1.0, -1.0], steps),
                (np.tile(np.arange(steps), 2), np.concatenate((later, later - 1))),
            ),
            shape=(steps, units.count),
        )
        each = eye_array(height)
        blocks = (
            (-units.cover, kron(each, csr_array(member)), 0.0, np.zeros(height * kinds)),
            (None, kron(each, np.ones((1, sets - 1))), 0.0, np.ones(height)),
            (csr_array(units.spend), None, 0.0, self._limit),
            (order, None, 0.0, np.zeros(steps)),
            (None, csr_array(-worth[:, :, 1:].reshape(cases, -1)), 1.0, np.zeros(cases)),
        )
        lines = []
        for of_units, of_states, of_level, upper in blocks:
            count = len(upper)
            lines.append(
                hstack(
                    (
                        csr_array((count, units.count)) if of_units is None else of_units,
                        csr_array((count, self._states)) if of_states is None else of_states,
                        csr_array(np.full((count, 1), of_level)),
                    )
                )
            )
        matrix = csc_array(vstack(lines))
        matrix.sort_indices()
        return matrix, np.concatenate([block[3] for block in blocks])

    def cut(self, cuts: Cuts) -> None:
        """Add cuts."""
        self._cuts = self._cuts.join(cuts)
        rows = cuts.matrix
        entries = Sparse(rows.indptr.astype(np.int64), rows.indices.astype(np.int64), rows.data, cuts.count)
        self.session.add_rows(np.full(cuts.count, -np.inf), cuts.limit, entries)

    def relax(self) -> Relaxed | None:
        """Optimum of the relaxation; None when it was not found in time."""
        interior = self._height + self.units.cover.shape[0] >= INTERIOR_ROWS
        answer = self.session.lp(interior=interior)
        if answer.x is None or answer.row_dual is None or answer.column_dual is None:
            return None
        count = self.units.count
        part = np.clip(answer.x[:count], 0.0, 1.0)
        theta = np.clip(answer.x[count:-1], 0.0, 1.0).reshape(self._height, -1)
        if self._cuts.count:
            self._binding = np.flatnonzero(answer.row_dual[self.height :] < 0.0)
            return Relaxed(-answer.value + MARGIN, -answer.column_dual[:count], part, theta)
        self._dual = answer.row_dual
        # reckoned again, so that no tolerance of the solver is in it
        whole, (alpha, nu, mu) = Lagrangian(self.units, self._limit), self.prices()
        prices = whole.prove(alpha, nu, whole.lean(alpha, mu, np.ones_like(mu, np.bool_)))
        return Relaxed(prices.bound, prices.reduced, part, theta)

    def prices(self) -> tuple[Floats, Floats, Floats]:
        """Alpha, nu and mu of the last relaxation without cuts, as `Lagrangian.prove` takes them."""
        covers = self.units.cover.shape[0]
        cases = self.units.box.worth.shape[0]
        paid = covers + self._height
        price = np.maximum(-self._dual, 0.0)
        alpha = price[self.height - cases :]
        if not alpha.sum():
            alpha = np.ones(cases)
        return alpha, price[paid : paid + len(self._limit)], price[:covers].reshape(self._height, -1)

    def tight(self) -> "Programme":
        """The programme with only those cuts that bind."""
        fresh = Programme(self.units, self._limit, self._budget)
        if len(self._binding):
            fresh.cut(self._cuts.some(self._binding))
        return fresh

    def point(self, x: Ints) -> Floats:
        """All columns at a siting: each row mixes the sets as if its kinds were drawn independently."""
        box, standing = self.units.box, self.units.standing(x)
        y = np.minimum(1.0, self.units.cover @ standing).reshape(self._height, -1)
        chance = np.ones((self._height, 1))
        for one in y.T:
            chance = np.concatenate((chance * (1.0 - one[:, None]), chance * one[:, None]), axis=1)
        level = (box.worth * chance).sum(axis=(1, 2)).min()
        return np.concatenate((standing, chance[:, 1:].ravel(), [level]))

    def best(
        self, x: Ints, *, seconds: float, work: float, gap: float, heard: Callable[[float], None]
    ) -> tuple[Answer, Ints | None, Floats]:
        """Solve in whole units from a siting: the answer, its siting, and its mixtures.

        Parameters
        ----------
        x : (options,) int array
        seconds, work, gap : float
            See `Session.mip`.
        heard : callable(bound)
        """
        answer = self.session.mip(
            seconds=seconds, work=work, gap=gap, start=self.point(x), progress=lambda _, bound: heard(-bound)
        )
        if answer.x is None:
            return answer, None, np.empty(0)
        part = np.rint(answer.x[: self.units.count])
        return answer, self.units.siting(part).astype(np.int64), answer.x[self.units.count : -1]

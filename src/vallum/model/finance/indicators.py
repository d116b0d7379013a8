"""Indicators of sustainability S1 and S2 (equation 14)."""

from dataclasses import dataclass

import numpy as np

from vallum.model.finance.problem import FloatArray, IntArray, Problem
from vallum.model.finance.projection import Projection

TARGET_YEAR = 2070
"""Year in which S1 brings debt to the reference value."""

SETTLING = 100
"""Years after the last anchor in which the implicit rate settles at market rates."""


@dataclass(frozen=True, slots=True, eq=False)
class Indicators:
    """Constant change of the structural primary balance from the year after the forecast on.

    Attributes
    ----------
    target_year : int
        Year of S1.
    s1 : FloatArray, shape (S,)
        Change that brings debt to the reference value in the target year, % of GDP; nan where the
        projection pays off all debt, so that no rate on it is known.
    s2 : FloatArray, shape (S,)
        Change that meets the intertemporal budget constraint, % of GDP; nan there too, and where growth is
        not below the interest rate in the end, so that the constraint asks for nothing finite.
    """

    target_year: int
    s1: FloatArray
    s2: FloatArray


def indicators(problem: Problem, projection: Projection, target_year: int = TARGET_YEAR) -> Indicators:
    """Compute S1 and S2 of a projection (equation 14, as in the Debt Sustainability Monitor).

    With v_j the product of (1+n)/(1+r) from the year after the forecast t0 to j, and p the primary balance
    less the stock-flow adjustment::

        S1 = (d_t0 - 60 v_T - sum v_j p_j) / sum v_j,    T = `target_year`
        S2 = the same with T to infinity and without the term of the target

    Neither counts what the change itself does to output. Beyond the projection's last year real growth, the
    primary balance (and with it ageing) and the short share are held; the deflator and market rates follow
    their anchors, and the implicit rate follows market rates as long debt matures. All is constant from a
    century after the last anchor on.

    Parameters
    ----------
    problem : Problem
    projection : Projection
        Arrays of shape (S, T).
    target_year : int
        A year after the forecast.

    Returns
    -------
    Indicators
    """
    start, last = problem.forecasts, problem.years.size - 1
    anchors = (*problem.rate_short.years, *problem.rate_long.years, *problem.deflators.years)
    settled = max(target_year, max(float(years[-1]) for years in anchors) + SETTLING)
    later = np.arange(problem.years[-1] + 1, int(settled) + 1)
    growth = (1.0 + projection.real_growth[:, last:] / 100.0) * (1.0 + problem.deflators.at(later) / 100.0)
    ratio = np.concatenate(
        [
            (1.0 + projection.nominal_growth[:, start + 1 :] / 100.0)
            / (1.0 + projection.implicit[:, start + 1 :] / 100.0),
            growth / (1.0 + _implicit(problem, projection, later) / 100.0),
        ],
        axis=1,
    )
    paid = projection.primary[:, start + 1 :] - projection.stock_flow[:, start + 1 :]
    held = np.repeat(projection.primary[:, last:], later.size, axis=1)
    surplus = np.concatenate([paid, held], axis=1)
    factor = np.cumprod(ratio, axis=1)
    debt = projection.debt[:, start]
    to_target = slice(0, target_year - int(problem.years[start]))
    v = factor[:, to_target]
    target = problem.rule("debt_reference_value") * v[:, -1]
    s1 = (debt - target - (v * surplus[:, to_target]).sum(axis=1)) / v.sum(axis=1)
    x = ratio[:, -1]
    with np.errstate(divide="ignore"):
        rest = factor[:, -1] * x / (1.0 - x)
    s2 = (debt - (factor * surplus).sum(axis=1) - rest * surplus[:, -1]) / (factor.sum(axis=1) + rest)
    known = np.all(projection.debt[:, start:] > 0.0, axis=1)
    return Indicators(target_year, np.where(known, s1, np.nan), np.where(known & (x < 1.0), s2, np.nan))


def _implicit(problem: Problem, projection: Projection, later: IntArray) -> FloatArray:
    """Implicit rate after the projection (equation 7 with what matures as the new part), % a year."""
    share, maturing = problem.short_share, problem.maturing[:, -1]
    short, long = problem.rate_short.at(later), problem.rate_long.at(later)
    now = problem.rate_short.at(problem.years[-1:])[:, 0]
    mean = (projection.implicit[:, -1] - share * now) / (1.0 - share)
    found = np.empty_like(short)
    for k in range(later.size):
        mean = maturing * long[:, k] + (1.0 - maturing) * mean
        found[:, k] = share * short[:, k] + (1.0 - share) * mean
    return found

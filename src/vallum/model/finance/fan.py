"""Stochastic projection of debt: shocks, and the fan that they open (equation 13)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from vallum.core.errors import BadInput
from vallum.model.finance.problem import FloatArray, Problem
from vallum.model.finance.projection import Projection

LEVELS = (0.05, 0.10, 0.20, 0.30, 0.40, 0.50, 0.60, 0.70, 0.80, 0.90, 0.95)
"""Quantiles of a fan."""

TAIL = 0.05
"""Part of each tail that the winsorising pulls in before the covariance is taken."""

QUARTERS = 4
LONGEST_MATURITY = 30
FEWEST_QUARTERS = 20

JUDGED_YEARS = 5
"""Years after which the stochastic criterion looks at debt."""

Sampling = Literal["normal", "blocks"]


@dataclass(frozen=True, slots=True, eq=False)
class Shocks:
    """Yearly shocks of S states, N paths and the K years after the forecast; percentage points.

    Attributes
    ----------
    rate, growth, primary : FloatArray, shape (S, K, N)
        To the implicit rate, nominal growth and the primary balance. Years come before paths, because
        the projection walks year by year.
    """

    rate: FloatArray
    growth: FloatArray
    primary: FloatArray


def sample(problem: Problem, state: int, start: str | None = None) -> FloatArray:
    """Return a state's quarterly shocks from `start` on, winsorised at 5 and 95 %, shape (Q, 4).

    Raises
    ------
    BadInput
        If fewer than 20 quarters are left.
    """
    rows = problem.shocks[state]
    if start is not None:
        rows = rows[np.array([quarter >= start for quarter in problem.quarters[state]], dtype=bool)]
    if rows.shape[0] < FEWEST_QUARTERS:
        raise BadInput(
            f"{problem.states[state]} has {rows.shape[0]} quarters"
            + (f" from {start} on" if start else "")
            + f"; a covariance needs {FEWEST_QUARTERS}",
            where="shocks_quarterly.csv",
            rule="shock table",
            remedy="Add quarters, or start the sample earlier.",
        )
    low, high = np.quantile(rows, [TAIL, 1.0 - TAIL], axis=0)
    return np.clip(rows, low, high)


def covariance(problem: Problem, state: int, start: str | None = None) -> FloatArray:
    """Return the sample covariance of a state's winsorised quarterly shocks, shape (4, 4)."""
    found: FloatArray = np.cov(sample(problem, state, start), rowvar=False)
    return found


def shocks(
    problem: Problem,
    paths: int = 10_000,
    *,
    seed: int = 0,
    start: str | None = None,
    sampling: Sampling = "normal",
) -> Shocks:
    """Draw yearly shocks.

    The method draws quarters and adds them up. Only sums of whole years enter equation (13), and the sum
    of four independent normal quarters is normal with four times their covariance, so years are drawn.
    The official method shocks five years; here the same goes on to the last year.

    Parameters
    ----------
    problem : Problem
    paths : int
        Number of paths N.
    seed : int
        Equal seeds give equal shocks, whatever they are applied to (common random numbers).
    start : str, optional
        First quarter of the sample, such as ``2010Q1``.
    sampling : {"normal", "blocks"}
        Normal shocks, or four quarters in a row of the sample (block bootstrap, mean taken out).

    Returns
    -------
    Shocks

    Raises
    ------
    BadInput
        If a state has fewer than 20 quarters.
    """
    count = problem.years.size - 1 - problem.forecasts
    shape = (len(problem.states), count, paths)
    rate, growth, primary = (np.empty(shape) for _ in range(3))
    for i, sequence in enumerate(np.random.SeedSequence(seed).spawn(len(problem.states))):
        generator = np.random.default_rng(sequence)
        if sampling == "normal":
            yearly = _normal(covariance(problem, i, start), (count, paths), generator)
        else:
            yearly = _blocks(sample(problem, i, start), (count, paths), generator)
        share = problem.short_share[i]
        rate[i] = share * yearly[0] + (1.0 - share) * _long(yearly[1], problem.maturing[i, -1])
        growth[i], primary[i] = yearly[2], yearly[3]
    return Shocks(rate, growth, primary)


def _normal(sigma: FloatArray, shape: tuple[int, int], generator: np.random.Generator) -> FloatArray:
    """Sums of four quarters, shape (4, K, N)."""
    values, vectors = np.linalg.eigh(QUARTERS * sigma)
    # The symmetric root does not depend on the signs that a linear algebra library gives the vectors.
    root = (vectors * np.sqrt(np.maximum(values, 0.0))) @ vectors.T
    standard = generator.standard_normal((4, shape[0] * shape[1]))
    drawn: FloatArray = (root @ standard).reshape(4, *shape)
    return drawn


def _blocks(rows: FloatArray, shape: tuple[int, int], generator: np.random.Generator) -> FloatArray:
    """Sums of four quarters in a row, drawn with replacement, shape (4, K, N)."""
    total = np.cumsum(np.vstack([np.zeros(4), rows - rows.mean(axis=0)]), axis=0)
    years = total[QUARTERS:] - total[:-QUARTERS]
    drawn: FloatArray = years.T[:, generator.integers(0, years.shape[0], shape)]
    return drawn


def _long(yearly: FloatArray, maturing: float) -> FloatArray:
    """Shock to the rate on long debt: year by year more of it has met the new rates (equation 13)."""
    longest = int(np.clip(round(1.0 / maturing), 1, LONGEST_MATURITY))
    total = np.concatenate([np.zeros((1, yearly.shape[1])), np.cumsum(yearly, axis=0)])
    felt = np.empty_like(yearly)
    for k in range(1, yearly.shape[0] + 1):
        window = min(k, longest)
        felt[k - 1] = window / longest * (total[k] - total[k - window])
    return felt


@dataclass(frozen=True, slots=True, eq=False)
class Fan:
    """What the shocks do to debt.

    Attributes
    ----------
    levels : tuple of float
        Quantiles, Q of them.
    debt : FloatArray, shape (S, Q, T)
        % of GDP; in the years without shocks all quantiles are the deterministic path.
    above : FloatArray, shape (S, T)
        Share of paths with debt above the reference value.
    not_rising : FloatArray, shape (S,)
        Share of paths whose debt five years after the forecast is not above its start, or not above the
        reference value (the stochastic criterion).
    """

    levels: tuple[float, ...]
    debt: FloatArray
    above: FloatArray
    not_rising: FloatArray


def fan(
    problem: Problem,
    projection: Projection,
    drawn: Shocks,
    levels: Sequence[float] = LEVELS,
    *,
    reference: float = 60.0,
) -> Fan:
    """Open the fan around one projection.

    Parameters
    ----------
    problem : Problem
    projection : Projection
        Arrays of shape (S, T).
    drawn : Shocks
        As `shocks` makes them.
    levels : sequence of float
        Quantiles between 0 and 1.
    reference : float
        Reference value of debt, % of GDP.

    Returns
    -------
    Fan
    """
    states, length = projection.debt.shape
    first = problem.forecasts + 1
    quantiles = np.repeat(projection.debt[:, None, :], len(levels), axis=1)
    above = (projection.debt > reference).astype(float)
    for i in range(states):
        debt = np.full(drawn.rate.shape[2], projection.debt[i, first - 1])
        for t in range(first, length):
            debt = _shocked(projection, drawn, i, t, t - first, debt)
            above[i, t] = np.mean(debt > reference)
            quantiles[i, :, t] = np.quantile(debt, levels)
    return Fan(tuple(levels), quantiles, above, not_rising(projection, drawn, first - 1, reference))


def not_rising(projection: Projection, drawn: Shocks, start: int, reference: float = 60.0) -> FloatArray:
    """Return the share of paths that meet the stochastic criterion, shape (S,).

    Parameters
    ----------
    projection : Projection
        Arrays of shape (S, T).
    drawn : Shocks
        Their first five years are used, from the year after `start` on.
    start : int
        Column from which debt shall not rise, the last one without shocks.
    reference : float
        Debt that is low enough whatever the start, % of GDP.
    """
    states, length = projection.debt.shape
    share = np.ones(states)
    for i in range(states):
        debt = np.full(drawn.rate.shape[2], projection.debt[i, start])
        for t in range(start + 1, min(start + JUDGED_YEARS, length - 1) + 1):
            debt = _shocked(projection, drawn, i, t, t - start - 1, debt)
        share[i] = np.mean((debt <= projection.debt[i, start]) | (debt <= reference))
    return share


def _shocked(
    projection: Projection, drawn: Shocks, state: int, column: int, year: int, debt: FloatArray
) -> FloatArray:
    """Debt of each path at the end of a year (equation 1 with shocks), floored at 0."""
    rate = projection.implicit[state, column] + drawn.rate[state, year]
    growth = projection.nominal_growth[state, column] + drawn.growth[state, year]
    primary = projection.primary[state, column] + drawn.primary[state, year]
    rolled = debt * (1.0 + rate / 100.0) / (1.0 + growth / 100.0)
    moved: FloatArray = np.maximum(rolled - primary + projection.stock_flow[state, column], 0.0)
    return moved

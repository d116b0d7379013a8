"""Deterministic projection of debt: equations (1) to (9) of docs/explanation/fiscal.md.

Amounts run in EUR million, so that the identity of debt holds to rounding; ratios are taken at the end.
Every array may have leading axes (policies, steps of a search), which one pass projects together.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from vallum.model.finance.problem import FloatArray, Problem

Closure = Literal["persistent", "commission"]

PERSISTENCE = (1.0, 2.0 / 3.0, 1.0 / 3.0)
"""Part of an impulse that is still felt in its year and the two after it (equation 4, second form)."""

LOWEST_RATE, HIGHEST_RATE = 0.0, 10.0
"""Implicit rates that are believed, % a year; outside of them the rate of the year before is kept."""

CLOSING = 2.0 / 3.0
"""Part of the gap left after a year of adjustment (equation 4, first form)."""


@dataclass(frozen=True, slots=True, eq=False)
class Paths:
    """What a policy does, as paths; each array has shape (..., S, T) or broadcasts to it.

    Attributes
    ----------
    spb : FloatArray
        Structural primary balance with ageing, % of GDP.
    impulse : FloatArray
        What the policy takes off demand in the year (k of equation 3), % of GDP.
    rate_short, rate_long : FloatArray
        Market rates, % a year.
    growth : FloatArray
        Growth of potential output, % a year.
    stock_flow : FloatArray
        Stock-flow adjustment, with what is paid before delivery, EUR million.
    draws, principal : FloatArray
        SAFE loan drawn and repaid, EUR million.
    loan_rate : FloatArray, shape (..., S)
        Rate of the SAFE loan, % a year.
    closure : {"persistent", "commission"}
        Which form of equation (4).
    adjustment : tuple of int
        First and last column of the adjustment (commission closure).
    stress : int or None
        Column in which rates rise by the settings of the stress test.
    """

    spb: FloatArray
    impulse: FloatArray
    rate_short: FloatArray
    rate_long: FloatArray
    growth: FloatArray
    stock_flow: FloatArray
    draws: FloatArray
    principal: FloatArray
    loan_rate: FloatArray
    closure: Closure = "persistent"
    adjustment: tuple[int, int] = (1, 1)
    stress: int | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Projection:
    """The result; every array has shape (..., S, T).

    Attributes
    ----------
    debt, balance, primary, structural, interest, financing, stock_flow : FloatArray
        % of GDP: debt, headline balance, primary balance, structural primary balance, interest, gross
        financing need, stock-flow adjustment.
    gap : FloatArray
        Output gap, % of potential output.
    real_growth, nominal_growth, implicit : FloatArray
        % a year; `implicit` is interest over the debt of the year before.
    gdp, loan : FloatArray
        EUR million: nominal GDP, SAFE loan outstanding at the end of the year.
    """

    debt: FloatArray
    balance: FloatArray
    primary: FloatArray
    structural: FloatArray
    interest: FloatArray
    financing: FloatArray
    stock_flow: FloatArray
    gap: FloatArray
    real_growth: FloatArray
    nominal_growth: FloatArray
    implicit: FloatArray
    gdp: FloatArray
    loan: FloatArray


def project(problem: Problem, paths: Paths) -> Projection:
    """Project debt, balance and financing need.

    Parameters
    ----------
    problem : Problem
        S states, T years.
    paths : Paths
        Arrays that broadcast to (..., S, T).

    Returns
    -------
    Projection
        In the base year, flows that the inputs do not give are nan.
    """
    shape = np.broadcast_shapes(
        paths.spb.shape, paths.impulse.shape, paths.rate_long.shape, paths.growth.shape,
        paths.draws.shape, paths.stock_flow.shape, problem.spb.shape,
    )  # fmt: skip
    gap = output_gap(problem, paths)
    growth, nominal, gdp = _growth(problem, paths, gap)
    primary = paths.spb + problem.elasticity[:, None] * gap + problem.one_off  # equation (6)
    flow = _debt(problem, paths, shape, gdp, primary)
    before = np.roll(flow.debt, 1, axis=-1)
    with np.errstate(divide="ignore", invalid="ignore"):
        implicit = np.where(before > 0.0, 100.0 * flow.interest / before, 0.0)
    ratio = 100.0 / gdp
    result = {
        "debt": flow.debt * ratio,
        "balance": primary - flow.interest * ratio,  # equation (9)
        "primary": primary,
        "structural": paths.spb,
        "interest": flow.interest * ratio,
        "financing": flow.financing * ratio,
        "stock_flow": paths.stock_flow * ratio,
        "gap": gap,
        "real_growth": growth,
        "nominal_growth": nominal,
        "implicit": implicit,
        "gdp": gdp,
        "loan": flow.loan,
    }
    whole = {name: np.array(np.broadcast_to(values, shape)) for name, values in result.items()}
    for name in (
        "balance",
        "interest",
        "financing",
        "stock_flow",
        "real_growth",
        "nominal_growth",
        "implicit",
    ):
        whole[name][..., 0] = np.nan
    return Projection(**whole)


def output_gap(problem: Problem, paths: Paths) -> FloatArray:
    """Return the output gap of a policy, % of potential output (equation 4).

    Persistent: o = oB - k - (2/3) k[-1] - (1/3) k[-2]. Commission: in the first year of adjustment oB - k,
    in the later ones (2/3) o[-1] - k, and then a third of the last gap closes each year.
    """
    impulse = paths.impulse
    if paths.closure == "persistent":
        effect = np.zeros(np.broadcast_shapes(impulse.shape, problem.gap.shape))
        for lag, weight in enumerate(PERSISTENCE):
            effect[..., lag:] += weight * impulse[..., : impulse.shape[-1] - lag]
        return problem.gap - effect
    first, last = paths.adjustment
    gap = np.array(np.broadcast_to(problem.gap, np.broadcast_shapes(impulse.shape, problem.gap.shape)))
    gap[..., first] = problem.gap[..., first] - impulse[..., first]
    for t in range(first + 1, last + 1):
        gap[..., t] = CLOSING * gap[..., t - 1] - impulse[..., t]
    for years, t in enumerate(range(last + 1, gap.shape[-1]), start=1):
        gap[..., t] = gap[..., last] * max(0.0, 1.0 - years / 3.0)
    return gap


def _growth(problem: Problem, paths: Paths, gap: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Real growth, nominal growth (equation 2) and nominal GDP."""
    level = 1.0 + gap / 100.0
    real = (1.0 + paths.growth[..., 1:] / 100.0) * level[..., 1:] / level[..., :-1]
    nominal = real * (1.0 + problem.deflator[:, 1:] / 100.0)
    start = np.broadcast_to(problem.gdp[:, None], (*nominal.shape[:-1], 1))
    gdp = np.concatenate([start, start * np.cumprod(nominal, axis=-1)], axis=-1)
    none = np.zeros((*nominal.shape[:-1], 1))
    growth = np.concatenate([none, 100.0 * (np.broadcast_to(real, nominal.shape) - 1.0)], axis=-1)
    return growth, np.concatenate([none, 100.0 * (nominal - 1.0)], axis=-1), gdp


@dataclass(frozen=True, slots=True, eq=False)
class _Flow:
    """Amounts in EUR million, shape (..., S, T)."""

    debt: FloatArray
    interest: FloatArray
    financing: FloatArray
    loan: FloatArray


def _debt(
    problem: Problem, paths: Paths, shape: tuple[int, ...], gdp: FloatArray, primary: FloatArray
) -> _Flow:
    """Roll debt forward (equations 1, 7 and 8); the SAFE loan is a pool of its own (equation 12)."""
    surplus = np.broadcast_to(primary * gdp / 100.0, shape)
    ratio_gdp = np.broadcast_to(gdp, shape)
    short_rate, long_rate, flows, draws, principal = (
        np.broadcast_to(values, shape)
        for values in (paths.rate_short, paths.rate_long, paths.stock_flow, paths.draws, paths.principal)
    )
    loan = np.cumsum(draws - principal, axis=-1)
    debt, interest, financing = (np.zeros(shape) for _ in range(3))
    debt[..., 0] = problem.debt * problem.gdp / 100.0
    market = debt[..., 0] - loan[..., 0]
    share = problem.short_share
    short, long = share * market, (1.0 - share) * market
    new = np.broadcast_to(problem.maturing[:, 0], market.shape)
    rate = np.broadcast_to(problem.implicit[:, 0], market.shape)
    long_mean = _solved(rate, short_rate[..., 0], share)
    for t in range(1, shape[-1]):
        iS, iL = short_rate[..., t], long_rate[..., t]  # noqa: N806 - symbols of the equations
        if paths.stress == t:
            rise = _stress(problem, debt[..., t - 1] / ratio_gdp[..., t - 1])
            iS, iL = iS + rise, iL + rise  # noqa: N806
        with np.errstate(divide="ignore", invalid="ignore"):
            part = np.where(market > 0.0, short / np.where(market > 0.0, market, 1.0), share)
        if t <= problem.forecasts:
            rate = np.broadcast_to(problem.implicit[:, t], market.shape)
            long_mean = _solved(rate, iS, part)
        else:
            long_mean = new * iL + (1.0 - new) * long_mean
            found = part * iS + (1.0 - part) * long_mean
            rate = np.where((found >= LOWEST_RATE) & (found <= HIGHEST_RATE), found, rate)
        interest[..., t] = rate / 100.0 * market + paths.loan_rate / 100.0 * loan[..., t - 1]
        debt[..., t] = np.maximum(debt[..., t - 1] + interest[..., t] - surplus[..., t] + flows[..., t], 0.0)
        due = problem.maturing[:, t] * long
        financing[..., t] = (
            interest[..., t] + short + due + principal[..., t] - surplus[..., t] + flows[..., t]
        )
        market = np.maximum(debt[..., t] - loan[..., t], 0.0)
        kept = long - due
        issued = np.maximum((1.0 - share) * market - kept, 0.0)
        long = np.minimum(kept + issued, market)
        short = market - long
        with np.errstate(divide="ignore", invalid="ignore"):
            new = np.where(long > 0.0, np.minimum(issued / np.where(long > 0.0, long, 1.0), 1.0), 0.0)
    return _Flow(debt, interest, financing, loan)


def _solved(implicit: FloatArray, short_rate: FloatArray, share: FloatArray) -> FloatArray:
    """Rate on long debt that equation (7) asks for; the implicit rate where there is no long debt."""
    long = np.where(share < 1.0, 1.0 - share, 1.0)
    return np.where(share < 1.0, (implicit - share * short_rate) / long, implicit)


def _stress(problem: Problem, debt: FloatArray) -> FloatArray:
    """Rise of rates under financial stress, % a year; `debt` is a share of GDP."""
    above = np.maximum(100.0 * debt - problem.setting("stress_debt_pct")[:, 0], 0.0)
    rise: FloatArray = problem.setting("stress_rate_pp")[:, 0] + problem.setting("stress_slope")[:, 0] * above
    return rise

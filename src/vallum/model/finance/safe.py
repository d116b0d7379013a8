"""A SAFE loan from draw to last repayment, and what it is worth against own bonds (equation 12)."""

from dataclasses import dataclass

import numpy as np

from vallum.model.finance.fan import covariance
from vallum.model.finance.problem import FloatArray, IntArray, Problem

BOND_YEARS = 10
"""Maturity of the bond that the loan is compared with; it is rolled over until the loan is repaid."""

QUARTERS = 4


@dataclass(frozen=True, slots=True, eq=False)
class Schedule:
    """Loans of S states over Y years, EUR million; balances are of the end of the year.

    Attributes
    ----------
    years : IntArray, shape (Y,)
        From the first draw to the last repayment.
    draws, interest, principal, balance : FloatArray, shape (S, Y)
        Drawn, paid as interest, repaid, outstanding.
    """

    years: IntArray
    draws: FloatArray
    interest: FloatArray
    principal: FloatArray
    balance: FloatArray


def schedule(
    draws: FloatArray, first_year: int, grace: IntArray, maturity: IntArray, rate: FloatArray
) -> Schedule:
    """Lay out interest and repayment of loans.

    Each draw of year y bears interest from y+1 on, and is repaid in equal parts in the years y+K+1 to y+N
    (equation 12; K years of grace, maturity N).

    Parameters
    ----------
    draws : FloatArray, shape (S, D)
        Draws of the years from `first_year` on, EUR million.
    first_year : int
        Year of the first column.
    grace, maturity : IntArray, shape (S,)
        K and N in years, K < N where anything is drawn.
    rate : FloatArray, shape (S,)
        % a year.

    Returns
    -------
    Schedule
        Y = D + the longest maturity.
    """
    states, drawn = draws.shape
    length = drawn + int(maturity.max(initial=0))
    wide = np.zeros((states, length))
    wide[:, :drawn] = draws
    principal = np.zeros_like(wide)
    for i in range(states):
        parts = int(maturity[i] - grace[i])
        for y in np.flatnonzero(draws[i]).tolist():
            principal[i, y + grace[i] + 1 : y + maturity[i] + 1] += draws[i, y] / parts
    balance = np.cumsum(wide - principal, axis=1)
    before = np.concatenate([np.zeros((states, 1)), balance[:, :-1]], axis=1)
    interest = rate[:, None] / 100.0 * before
    return Schedule(np.arange(first_year, first_year + length), wide, interest, principal, balance)


def loan_schedule(problem: Problem, draws: FloatArray | None = None) -> Schedule:
    """Lay out the members' loans; `draws` (S, T) stands for the expected draws unless None."""
    loans = problem.loans
    given = loans.draws if draws is None else draws
    return schedule(given, int(problem.years[0]), loans.grace, loans.maturity, loans.rate)


@dataclass(frozen=True, slots=True, eq=False)
class Gain:
    """What the loan saves against own ten-year bonds that are rolled over.

    Attributes
    ----------
    years : IntArray, shape (Y,)
        As in the schedule.
    yearly : FloatArray, shape (S, Y)
        Interest saved, EUR million; negative where the loan is dearer.
    relief : FloatArray, shape (S, Y)
        Gross financing need saved, EUR million: bonds that would fall due, less what the loan repays.
    present : FloatArray, shape (S,)
        Present value of `yearly` at the end of the last forecast year, at the rate of the loan.
    present_low, present_high : FloatArray, shape (S,)
        10 and 90 % of the present value when national rates are uncertain.
    present_dear, present_cheap : FloatArray, shape (S,)
        Present value with both rates at the end of their range that is worse or better for the loan.
    """

    years: IntArray
    yearly: FloatArray
    relief: FloatArray
    present: FloatArray
    present_low: FloatArray
    present_high: FloatArray
    present_dear: FloatArray
    present_cheap: FloatArray


def gain(problem: Problem, draws: FloatArray | None = None, *, paths: int = 2_000, seed: int = 0) -> Gain:
    """Compare the loans with national issuance.

    Each draw is compared with a ten-year bond of its year, renewed every ten years at the market rate
    of that year until the loan is repaid: gain_t = sum over draws of (iL - c) B (section 6 of the method;
    the formula there, with the bond's rate of its year of issue).

    Parameters
    ----------
    problem : Problem
    draws : FloatArray, shape (S, T), optional
        EUR million; the expected draws unless given.
    paths : int
        Random paths of national rates.
    seed : int
        Seed of the paths.

    Returns
    -------
    Gain
    """
    loans = problem.loans
    plan = loan_schedule(problem, draws)
    given = plan.draws
    central = problem.rate_long.at(plan.years)
    shift = loans.national_low - loans.national, loans.national_high - loans.national
    states, length = given.shape
    yearly, relief = np.zeros((states, length)), np.zeros((states, length))
    weights = np.zeros((states, length))  # EUR million of interest that one point of each issue year costs
    for i in range(states):
        for y in np.flatnonzero(given[i]).tolist():
            kept = _outstanding(given[i, y], int(loans.grace[i]), int(loans.maturity[i]))
            for age in range(1, kept.size):
                issued = y + (age - 1) // BOND_YEARS * BOND_YEARS
                t = y + age
                yearly[i, t] += (central[i, issued] - loans.rate[i]) / 100.0 * kept[age - 1]
                weights[i, issued] += kept[age - 1] / 100.0 * _discount(loans.rate[i], t - problem.forecasts)
                if age % BOND_YEARS == 0:
                    relief[i, t] += kept[age - 1]
            relief[i, y + 1 : y + kept.size] += np.diff(kept)
    times = np.arange(length) - problem.forecasts
    discount = _discount(loans.rate[:, None], times)
    present = (yearly * discount).sum(axis=1)
    exposure = (_balance_before(plan) * discount).sum(axis=1) / 100.0
    spread = _rate_paths(problem, length, paths, seed, weights)
    low, high = np.quantile(spread, [0.1, 0.9], axis=0)
    return Gain(
        years=plan.years,
        yearly=yearly,
        relief=relief,
        present=present,
        present_low=present + low,
        present_high=present + high,
        present_dear=present + exposure * (shift[0] - (loans.rate_high - loans.rate)),
        present_cheap=present + exposure * (shift[1] - (loans.rate_low - loans.rate)),
    )


def _outstanding(drawn: float, grace: int, maturity: int) -> FloatArray:
    """Balance of one draw at the end of each year from its own to its last, shape (maturity + 1,)."""
    age = np.arange(maturity + 1)
    balance: FloatArray = drawn * np.clip((maturity - age) / (maturity - grace), 0.0, 1.0)
    return balance


def _balance_before(plan: Schedule) -> FloatArray:
    return np.concatenate([np.zeros((plan.balance.shape[0], 1)), plan.balance[:, :-1]], axis=1)


def _discount(rate: FloatArray, time: IntArray | int) -> FloatArray:
    factor: FloatArray = (1.0 + np.asarray(rate) / 100.0) ** -np.asarray(time, dtype=float)
    return factor


def _rate_paths(problem: Problem, length: int, paths: int, seed: int, weights: FloatArray) -> FloatArray:
    """Present value of random national rates less that of the central ones, shape (paths, S).

    Rates move as the quarterly shocks do; a shock is felt for ten years, as the bond that it meets.
    """
    spread = np.zeros((paths, len(problem.states)))
    for i, sequence in enumerate(np.random.SeedSequence(seed).spawn(len(problem.states))):
        deviation = np.sqrt(QUARTERS * covariance(problem, i)[1, 1])
        steps = np.random.default_rng(sequence).normal(0.0, deviation, (paths, length))
        steps[:, : problem.forecasts + 1] = 0.0
        level = np.cumsum(steps, axis=1)
        level[:, BOND_YEARS:] = level[:, BOND_YEARS:] - level[:, :-BOND_YEARS].copy()
        spread[:, i] = level @ weights[i]
    return spread

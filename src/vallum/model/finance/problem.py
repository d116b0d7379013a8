"""The fiscal problem of a region: every input of the projection as arrays over states and years."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from vallum.core.errors import BadInput

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

SHOCKS = ("rate_short_pp", "rate_long_pp", "nominal_growth_pp", "primary_balance_pp")
"""Columns of the shock table, in the order of every covariance."""


@dataclass(frozen=True, slots=True)
class Substitute:
    """An input that the region lacks or holds as invalid, and what stands in for it.

    Attributes
    ----------
    state, input : str
        Whose input, and which.
    used : str
        The value or rule used.
    reason : str
        Why, and what would replace it.
    """

    state: str
    input: str
    used: str
    reason: str


@dataclass(frozen=True, slots=True)
class Anchors:
    """Values at anchor years; straight lines between them and level beyond.

    Attributes
    ----------
    years : tuple of arrays
        Anchor years of each state.
    values : tuple of arrays
        Values at these years.
    """

    years: tuple[FloatArray, ...]
    values: tuple[FloatArray, ...]

    def at(self, years: npt.ArrayLike) -> FloatArray:
        """Return the values at some years, shape (S, len(years))."""
        wanted = np.asarray(years, dtype=float)
        pairs = zip(self.years, self.values, strict=True)
        return np.array([np.interp(wanted, known, value) for known, value in pairs])


@dataclass(frozen=True, slots=True)
class Loans:
    """SAFE loans of the members; a state without one has noughts.

    Attributes
    ----------
    allocation, loan, prefinancing : FloatArray, shape (S,)
        EUR million, nominal.
    draws, delivered : FloatArray, shape (S, T)
        Expected draws, and deliveries that they pay for, EUR million a year.
    rate, rate_low, rate_high : FloatArray, shape (S,)
        Rate of the loan, % a year.
    national, national_low, national_high : FloatArray, shape (S,)
        Rate of the state's own ten-year bonds today, % a year.
    grace, maturity : IntArray, shape (S,)
        Years without repayment, and years to the last one.
    additional, earmarked : FloatArray, shape (S,)
        Part of the loan that is spent on top of the budget; part that is tied outside a plan of purchases.
    """

    allocation: FloatArray
    loan: FloatArray
    prefinancing: FloatArray
    draws: FloatArray
    delivered: FloatArray
    rate: FloatArray
    rate_low: FloatArray
    rate_high: FloatArray
    national: FloatArray
    national_low: FloatArray
    national_high: FloatArray
    grace: IntArray
    maturity: IntArray
    additional: FloatArray
    earmarked: FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class Problem:
    """Inputs of the projection: S states (sorted), T years from the base year on.

    Attributes
    ----------
    states : tuple of str
        Members with fiscal inputs.
    years : IntArray, shape (T,)
        The base year first.
    forecasts : int
        Years of the official forecast after the base year.
    gdp, debt, balance : FloatArray, shape (S,)
        Base year: GDP in EUR million (nominal), debt and headline balance in % of GDP.
    potential_growth, deflator : FloatArray, shape (S, T)
        Growth in % a year, 0 in the base year.
    gap : FloatArray, shape (S, T)
        Baseline output gap, % of potential output.
    spb : FloatArray, shape (S, T)
        Baseline structural primary balance before ageing, % of GDP; frozen after the forecast.
    ageing : FloatArray, shape (S, T)
        What ageing adds to the balance, % of GDP (equation 5).
    one_off : FloatArray, shape (S, T)
        Primary balance of the forecast that equation (6) does not explain, % of GDP; 0 afterwards.
    ageing_cost : FloatArray, shape (S, T)
        Cost of ageing less property income, % of GDP (A - R of equation 5).
    stock_flow : FloatArray, shape (S, T)
        Stock-flow adjustment, EUR million.
    implicit : FloatArray, shape (S, T)
        Implicit rate of the forecast years, % a year; nan afterwards.
    rate_short, rate_long, deflators : Anchors
        Market rates and inflation, % a year.
    short_share, elasticity, primary_expenditure : FloatArray, shape (S,)
        Share of short debt; semi-elasticity of the balance; primary expenditure in % of GDP.
    maturing : FloatArray, shape (S, T)
        Share of long debt that matures in the year.
    embedded, plan, related : FloatArray, shape (S, T)
        Defence in % of GDP: within the baseline, as planned, and defence-related outside the budget.
    reference : FloatArray, shape (S,)
        Defence outlay of the year that the escape clause counts from, % of GDP.
    ceiling : FloatArray, shape (S, T)
        Published ceiling on the growth of net expenditure, % a year; nan where none.
    shocks : tuple of FloatArray
        Quarterly shocks of each state, shape (Q, 4), columns as `SHOCKS`; oldest first.
    quarters : tuple of tuple of str
        The quarters of each state's shocks.
    loans : Loans
        SAFE loans.
    settings : mapping of str to FloatArray, shape (S,)
        Settings by name and state.
    ranges : mapping of str to (FloatArray, FloatArray)
        Low and high ends of the settings; the value itself where no range is given.
    rules : mapping of str to float
        Rules that are numbers, by name.
    substitutes : tuple of Substitute
        What stands in for missing input.
    """

    states: tuple[str, ...]
    years: IntArray
    forecasts: int
    gdp: FloatArray
    debt: FloatArray
    balance: FloatArray
    one_off: FloatArray
    potential_growth: FloatArray
    deflator: FloatArray
    gap: FloatArray
    spb: FloatArray
    ageing: FloatArray
    ageing_cost: FloatArray
    stock_flow: FloatArray
    implicit: FloatArray
    rate_short: Anchors
    rate_long: Anchors
    deflators: Anchors
    short_share: FloatArray
    elasticity: FloatArray
    primary_expenditure: FloatArray
    maturing: FloatArray
    embedded: FloatArray
    plan: FloatArray
    related: FloatArray
    reference: FloatArray
    ceiling: FloatArray
    shocks: tuple[FloatArray, ...]
    quarters: tuple[tuple[str, ...], ...]
    loans: Loans
    settings: Mapping[str, FloatArray]
    ranges: Mapping[str, tuple[FloatArray, FloatArray]]
    rules: Mapping[str, float]
    substitutes: tuple[Substitute, ...]

    def column(self, year: float) -> int:
        """Return the column of a year; the number of columns for a later one.

        Raises
        ------
        BadInput
            If the year is before the base year.
        """
        if year < self.years[0]:
            raise BadInput(
                f"The year {year:g} is before the base year {self.years[0]}",
                where="fiscal_settings.csv or safe_rules.csv",
                rule="fiscal settings",
                remedy="Write a year of the projection.",
            )
        return min(int(year - self.years[0]), self.years.size)

    def setting(self, name: str) -> FloatArray:
        """Return a setting as a column, shape (S, 1).

        Raises
        ------
        BadInput
            If the region has no such setting.
        """
        if name not in self.settings:
            raise BadInput(
                f"The setting {name} is missing",
                where="fiscal_settings.csv",
                rule="fiscal settings",
                remedy=f"Add a row {name}.",
            )
        return self.settings[name][:, None]

    def number(self, name: str) -> float:
        """Return a setting that is one for all states."""
        return float(self.setting(name)[0, 0])

    def rule(self, name: str) -> float:
        """Return the value of a rule.

        Raises
        ------
        BadInput
            If the region has no such rule, or its value is no number.
        """
        if name not in self.rules:
            raise BadInput(
                f"The rule {name} is missing or is no number",
                where="safe_rules.csv",
                rule="fiscal rules",
                remedy=f"Add a row {name} with its article.",
            )
        return self.rules[name]


def ageing_effect(cost: FloatArray, start: int, years: int) -> FloatArray:
    """Return what ageing adds to the balance (equation 5).

    Parameters
    ----------
    cost : FloatArray, shape (S, T)
        Cost of ageing less property income, % of GDP.
    start : int
        Column that the effect counts from.
    years : int
        Years until the effect stops to change.

    Returns
    -------
    FloatArray, shape (S, T)
        % of GDP.
    """
    column = np.minimum(np.clip(np.arange(cost.shape[1]), start, start + years), cost.shape[1] - 1)
    effect: FloatArray = cost[:, start : start + 1] - cost[:, column]
    return effect

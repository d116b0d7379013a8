"""The fiscal problem of a region: every input of the projection as arrays over states and years."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import numpy.typing as npt
import polars as pl

from vallum.core.errors import BadInput
from vallum.region import Region

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

LAST_YEAR = 2040
"""Last year of the projection unless the region's settings plan further."""

CLOSING_YEARS = 3
"""Years in which an output gap that is still open after the last known year closes."""

MATURING_YEARS = 10
"""Years after the last forecast in which the maturing share moves to its average."""

SHOCKS = ("rate_short_pp", "rate_long_pp", "nominal_growth_pp", "primary_balance_pp")
"""Columns of the shock table, in the order of every covariance."""

YEARLY = 0.3
"""Share of quarters with a change below which a series of shocks is a yearly one."""

NEEDED = ("fiscal_inputs", "fiscal_longrun", "fiscal_parameters", "fiscal_settings", "market_rates")


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


def problem(region: Region, last_year: int | None = None) -> Problem:
    """Read the fiscal inputs of a region.

    Parameters
    ----------
    region : Region
        A sound region with the fiscal tables.
    last_year : int, optional
        Last year of the projection; the region's last planning year unless given.

    Returns
    -------
    Problem

    Raises
    ------
    BadInput
        If the region is not sound, has no fiscal tables, or a path has a hole.
    """
    region.require_sound()
    for name in NEEDED:
        if region.tables[name].is_empty():
            raise BadInput(
                f"The region {region.name} has no table {name}, so its public finances are unknown",
                where=f"{name}.csv",
                rule="fiscal tables",
                remedy="Add the fiscal tables (docs/reference/data-baltic.md lists their columns).",
            )
    return _Reader(region, int(last_year or region.setting("last_year"))).problem()


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


class _Reader:
    """One reading: tables of a region to arrays."""

    def __init__(self, region: Region, last_year: int) -> None:
        self.tables = region.tables
        inputs = self.tables["fiscal_inputs"]
        self.states = tuple(sorted(inputs["state"].unique()))
        base = int(inputs["year"].min())  # type: ignore[arg-type]
        self.years = np.arange(base, max(last_year, base + 1) + 1)
        self.forecasts = int(inputs["year"].max()) - base  # type: ignore[arg-type]
        self.substitutes: list[Substitute] = []

    def problem(self) -> Problem:
        inputs = self.tables["fiscal_inputs"]
        settings, ranges = self.settings()
        structure = self.structure(settings)
        known = self.years[: self.forecasts + 1]
        gdp = self.grid(inputs, "gdp_meur", known)
        deflators = self.anchors("market_rates", "deflator_pct")
        deflator = deflators.at(self.years)
        deflator[:, : known.size] = self.grid(inputs, "deflator_pct", known)
        potential_growth, gap = self.output()
        spb = self.held(self.grid(inputs, "structural_primary_balance_pct_gdp", known))
        one_off = np.zeros_like(spb)
        explained = spb + structure["elasticity"][:, None] * gap
        one_off[:, : known.size] = (
            self.grid(inputs, "primary_balance_pct_gdp", known) - explained[:, : known.size]
        )
        stock_flow = np.zeros_like(spb)
        stock_flow[:, 1 : known.size] = self.grid(inputs, "stock_flow_meur", known)[:, 1:]
        implicit = np.full_like(spb, np.nan)
        implicit[:, : known.size] = self.grid(inputs, "implicit_rate_pct", known)
        ageing_cost = self.ageing_cost()
        embedded, plan, related, reference = self.defence()
        shocks, quarters = self.shocks()
        return Problem(
            states=self.states,
            years=self.years,
            forecasts=self.forecasts,
            gdp=gdp[:, 0],
            debt=self.grid(inputs, "debt_pct_gdp", known[:1])[:, 0],
            balance=self.grid(inputs, "balance_pct_gdp", known[:1])[:, 0],
            one_off=one_off,
            potential_growth=potential_growth,
            deflator=deflator,
            gap=gap,
            spb=spb,
            ageing=ageing_effect(ageing_cost, self.forecasts, int(settings["ageing_years"][0])),
            ageing_cost=ageing_cost,
            stock_flow=stock_flow,
            implicit=implicit,
            rate_short=self.anchors("market_rates", "rate_short_pct"),
            rate_long=self.anchors("market_rates", "rate_long_pct"),
            deflators=deflators,
            embedded=embedded,
            plan=plan,
            related=related,
            reference=reference,
            ceiling=self.ceiling(),
            shocks=shocks,
            quarters=quarters,
            loans=self.loans(),
            settings=MappingProxyType(settings),
            ranges=MappingProxyType(ranges),
            rules=MappingProxyType(self.rules()),
            substitutes=tuple(self.substitutes),
            **structure,
        )

    # ------------------------------------------------------------ small parts

    def grid(
        self, table: pl.DataFrame, column: str, years: IntArray, *, missing: float | None = None
    ) -> FloatArray:
        """Arrange a column by state and year, shape (S, len(years))."""
        found = np.full((len(self.states), years.size), np.nan)
        place = {state: i for i, state in enumerate(self.states)}
        for state, year, value in table.select("state", "year", column).iter_rows():
            if state in place and years[0] <= year <= years[-1] and value is not None:
                found[place[state], year - years[0]] = value
        if missing is not None:
            filled: FloatArray = np.nan_to_num(found, nan=missing)
            return filled
        if np.isnan(found).any():
            state, year = np.argwhere(np.isnan(found))[0]
            raise BadInput(
                f"{column} of {self.states[state]} in {years[year]} is missing",
                where="fiscal tables",
                rule="macro path without holes",
                remedy="Add the row; the projection computes nothing across a hole.",
            )
        return found

    def held(self, known: FloatArray) -> FloatArray:
        """Hold the last known value to the last year."""
        rest = np.repeat(known[:, -1:], self.years.size - known.shape[1], axis=1)
        return np.concatenate([known, rest], axis=1)

    def anchors(self, table: str, column: str) -> Anchors:
        rows = self.tables[table].sort("year")
        parts = [rows.filter(pl.col("state") == state) for state in self.states]
        if empty := [state for state, part in zip(self.states, parts, strict=True) if part.is_empty()]:
            raise BadInput(
                f"{', '.join(empty)}: no market rates",
                where=f"{table}.csv",
                rule="macro path without holes",
                remedy="Add rows for the first forecast year and a later anchor.",
            )
        return Anchors(
            tuple(part["year"].cast(pl.Float64).to_numpy() for part in parts),
            tuple(part[column].to_numpy() for part in parts),
        )

    def settings(self) -> tuple[dict[str, FloatArray], dict[str, tuple[FloatArray, FloatArray]]]:
        values: dict[str, FloatArray] = {}
        ranges: dict[str, tuple[FloatArray, FloatArray]] = {}
        rows = self.tables["fiscal_settings"].sort("state", nulls_last=False)
        for key in sorted(rows["key"].unique()):
            value, low, high = (np.full(len(self.states), np.nan) for _ in range(3))
            for state, *given in rows.filter(key=key).select("state", "value", "low", "high").iter_rows():
                here = slice(None) if state is None else [i for i, s in enumerate(self.states) if s == state]
                value[here] = given[0]
                low[here] = given[0] if given[1] is None else given[1]
                high[here] = given[0] if given[2] is None else given[2]
            values[key], ranges[key] = np.nan_to_num(value), (np.nan_to_num(low), np.nan_to_num(high))
        return values, ranges

    def rules(self) -> dict[str, float]:
        rows = self.tables["safe_rules"].select("rule", pl.col("value").cast(pl.Float64, strict=False))
        return dict(rows.drop_nulls().iter_rows())

    def structure(self, settings: Mapping[str, FloatArray]) -> dict[str, FloatArray]:
        """Read shares of debt, elasticity and expenditure; an invalid maturing share gets its substitute."""
        rows = self.tables["fiscal_parameters"]
        columns = (
            "short_debt_share", "long_maturing_share", "long_maturing_average", "balance_elasticity",
            "primary_expenditure_pct_gdp",
        )  # fmt: skip
        by_state = {row["state"]: row for row in rows.iter_rows(named=True)}
        if missing := [state for state in self.states if state not in by_state]:
            raise BadInput(
                f"{', '.join(missing)}: no row",
                where="fiscal_parameters.csv",
                rule="macro path without holes",
                remedy="Add a row for each state of fiscal_inputs.",
            )
        short, now, average, elasticity, expenditure = (
            np.array([by_state[state][column] for state in self.states]) for column in columns
        )
        for i, state in enumerate(self.states):
            if average[i] <= 0.0 or now[i] <= 0.0:
                average[i] = now[i] = settings["maturing_share"][i]
                self.substitutes.append(
                    Substitute(
                        state,
                        "long_maturing_share",
                        f"{settings['maturing_share'][i]:g} of long debt a year",
                        "The published share is not positive; take one from the state's debt office.",
                    )
                )
        last = self.years[self.forecasts]
        weight = np.clip((self.years - last) / MATURING_YEARS, 0.0, 1.0)
        return {
            "short_share": short,
            "maturing": now[:, None] + (average - now)[:, None] * weight,
            "elasticity": elasticity,
            "primary_expenditure": expenditure,
        }

    def output(self) -> tuple[FloatArray, FloatArray]:
        """Potential growth and output gap; a gap still open at the last known year closes in thirds."""
        known = self.years[: self.forecasts + 1]
        inputs, longrun = self.tables["fiscal_inputs"], self.tables["fiscal_longrun"]
        real, potential = (
            self.grid(longrun, column, self.years, missing=np.nan)
            for column in ("real_gdp_meur", "potential_gdp_meur")
        )
        real[:, : known.size] = self.grid(inputs, "real_gdp_meur", known)
        potential[:, : known.size] = self.grid(inputs, "potential_gdp_meur", known)
        growth = self.grid(longrun, "potential_growth_pct", self.years)
        growth[:, 0] = 0.0
        levels = 100.0 * (potential[:, 1:] / potential[:, :-1] - 1.0)
        growth[:, 1:] = np.where(np.isnan(levels), growth[:, 1:], levels)
        gap = 100.0 * (real / potential - 1.0)
        for row in gap:
            last = int(np.flatnonzero(~np.isnan(row))[-1])
            open_ = row[last]
            steps = np.arange(1, row.size - last)
            row[last + 1 :] = open_ * np.clip(1.0 - steps / CLOSING_YEARS, 0.0, None)
        if np.isnan(gap).any():
            raise BadInput(
                "Real and potential output have a hole",
                where="fiscal_longrun.csv",
                rule="macro path without holes",
                remedy="Give both for every year up to the last year that has one.",
            )
        return growth, gap

    def ageing_cost(self) -> FloatArray:
        """Cost of ageing less property income, % of GDP."""
        longrun = self.tables["fiscal_longrun"]
        cost = self.grid(longrun, "ageing_cost_pct_gdp", self.years)
        net: FloatArray = cost - self.grid(longrun, "property_income_pct_gdp", self.years)
        return net

    def defence(self) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
        """Defence within the baseline, as planned, related, and in the reference year, % of GDP."""
        budgets = (
            self.tables["defence_budgets"]
            .filter(pl.col("series") == "nato")
            .rename({"iso2": "state"})
            .select("state", "year", "pct_gdp")
        )
        rules = self.rules()
        reference_year = np.array([int(rules.get("nec_base_year", 2021))])
        reference = self.grid(budgets, "pct_gdp", reference_year, missing=np.nan)[:, 0]
        observed = self.grid(budgets, "pct_gdp", self.years, missing=np.nan)
        embedded = np.empty_like(observed)
        for i, row in enumerate(observed):
            seen = np.flatnonzero(~np.isnan(row))
            if seen.size == 0 or np.isnan(reference[i]):
                raise BadInput(
                    f"{self.states[i]}: defence outlays of the base or the reference year are unknown",
                    where="defence_budgets.csv",
                    rule="macro path without holes",
                    remedy=f"Add the series nato for {reference_year[0]} and {self.years[0]}.",
                )
            embedded[i] = np.interp(self.years, self.years[seen], row[seen])
            self.substitutes.append(
                Substitute(
                    self.states[i],
                    "defence outlays, COFOG 02",
                    f"NATO's count: {reference[i]:.2f} % of GDP in {reference_year[0]}",
                    "The escape clause counts COFOG 02; the region holds NATO's series.",
                )
            )
        purses = self.tables["purses"]
        share = self.grid(purses, "gdp_share_pct", self.years, missing=np.nan)
        plan = np.where(np.isnan(share), embedded, share)
        gdp = self.grid(purses, "gdp_real_meur", self.years, missing=np.nan)
        related = self.grid(purses, "related_meur", self.years, missing=np.nan)
        return embedded, plan, np.nan_to_num(100.0 * related / gdp), reference

    def ceiling(self) -> FloatArray:
        table = self.tables["expenditure_ceilings"]
        found = self.grid(table, "growth_pct", self.years, missing=np.nan)
        for state, row in zip(self.states, found, strict=True):
            missing = self.years[1:][np.isnan(row[1:])]
            if missing.size:
                which = "" if missing.size == row.size - 1 else f", {missing.size} years from {missing[0]} on"
                self.substitutes.append(
                    Substitute(
                        state,
                        f"ceiling on net expenditure{which}",
                        "equation (10) on the way to the least balance of the criteria in 2028, then level",
                        "No ceiling of the Council is at hand; add rows to expenditure_ceilings.csv.",
                    )
                )
        return found

    def shocks(self) -> tuple[tuple[FloatArray, ...], tuple[tuple[str, ...], ...]]:
        rows = self.tables["shocks_quarterly"].sort("quarter")
        parts = [rows.filter(pl.col("state") == state) for state in self.states]
        values = tuple(part.select(SHOCKS).to_numpy() for part in parts)
        for state, quarterly in zip(self.states, values, strict=True):
            moved = np.count_nonzero(quarterly, axis=0) >= YEARLY * quarterly.shape[0]
            self.substitutes.extend(
                Substitute(
                    state,
                    f"quarterly shocks, {column}",
                    "a yearly series: nought in three quarters of four",
                    "It understates chance, in the fan and in what SAFE is worth; add a quarterly series.",
                )
                for column in np.array(SHOCKS)[~moved].tolist()
            )
        return values, tuple(tuple(part["quarter"]) for part in parts)

    def loans(self) -> Loans:
        by_state = {row["state"]: row for row in self.tables["safe_loans"].iter_rows(named=True)}

        def of(column: str, fallback: str | None = None) -> FloatArray:
            rows = (by_state.get(state, {}) for state in self.states)
            return np.array([_first(row.get(column), row.get(fallback or column)) for row in rows])

        draws = self.tables["safe_draws"]
        return Loans(
            allocation=of("allocation_meur"),
            loan=of("adopted_loan_meur"),
            prefinancing=of("prefinancing_meur"),
            draws=self.grid(draws, "draw_meur", self.years, missing=0.0),
            delivered=self.grid(draws, "delivered_meur", self.years, missing=0.0),
            rate=of("rate_pct"),
            rate_low=of("rate_pct_low", "rate_pct"),
            rate_high=of("rate_pct_high", "rate_pct"),
            national=of("national_rate_pct"),
            national_low=of("national_rate_pct_low", "national_rate_pct"),
            national_high=of("national_rate_pct_high", "national_rate_pct"),
            grace=of("grace_years").astype(np.int64),
            maturity=of("maturity_years").astype(np.int64),
            additional=of("additional_share"),
            earmarked=of("earmarked_share"),
        )


def _first(*values: float | None) -> float:
    return next((float(value) for value in values if value is not None), 0.0)

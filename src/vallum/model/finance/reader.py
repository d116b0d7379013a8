"""Reading the fiscal tables of a region: the one place where they become arrays."""

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np
import polars as pl

from vallum.core.errors import BadInput
from vallum.model.finance.problem import (
    SHOCKS,
    Anchors,
    FloatArray,
    IntArray,
    Loans,
    Problem,
    Substitute,
    ageing_effect,
)
from vallum.region import Region

CLOSING_YEARS = 3
"""Years in which an output gap that is still open after the last known year closes."""

MATURING_YEARS = 10
"""Years after the last forecast in which the maturing share moves to its average."""

YEARLY = 0.3
"""Share of quarters with a change below which a series of shocks is a yearly one."""

NEEDED = ("fiscal_inputs", "fiscal_longrun", "fiscal_parameters", "fiscal_settings", "market_rates")


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


class _Reader:
    """One reading: tables of a region to arrays."""

    def __init__(self, region: Region, last_year: int) -> None:
        self.tables = region.tables
        inputs = self.tables["fiscal_inputs"]
        self.states = tuple(sorted(inputs["state"].unique()))
        years = inputs["year"].to_numpy()
        base = int(years.min())
        self.years = np.arange(base, max(last_year, base + 1) + 1)
        self.forecasts = int(years.max()) - base
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

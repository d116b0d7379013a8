"""Checks of the fiscal tables: paths without holes, debt that adds up, loans within their rules.

All are quiet in a region without fiscal inputs, which plans well without them.
"""

import difflib
from collections.abc import Iterator

import polars as pl

from vallum.region.checks.rules import ROW, Tables, check_where, within_bounds
from vallum.region.checks.settings import spans
from vallum.region.findings import Finding
from vallum.region.schema.fiscal import QUARTER

INF = float("inf")

BOUNDS: dict[str, tuple[float, float]] = {
    "multiplier": (0, 3),
    "defence_multiplier": (0, 3),
    "maturing_share": (0.01, 1),
    "ageing_years": (0, 60),
    "policy_year": (1900, 2200),
    "five_pct": (0, 100),
    "core_pct": (0, 100),
    "raised_pct": (0, 100),
    "lower_balance_pp": (0, 100),
    "adverse_rate_pp": (0, 50),
    "adverse_growth_pp": (0, 50),
    "stress_rate_pp": (0, 50),
    "stress_debt_pct": (0, 1000),
    "stress_slope": (0, 10),
    "safe_end_year": (1900, 2200),
    "cohesion_pct_gdp": (0, 100),
    "cohesion_end_year": (1900, 2200),
    "cohesion_replaced_share": (0, 1),
    "rates_rise_pp": (0, 50),
    "output_fall_pct": (0, 99),
    "solidarity_year": (1900, 2200),
    "related_new_share": (0, 1),
    "revenue_share": (0, 1),
    "home_value_added_share": (0, 1),
    "abroad_value_added_share": (0, 1),
    "sustainment_value_added_share": (0, 1),
    "jobs_per_meur": (0, 1000),
    "indirect_multiplier": (0, 10),
    "vat_pct": (0, 100),
    "plan_bears_share": (0, 1),
}
"""Every setting of the fiscal projection with the least and the greatest value that makes sense."""

WHOLE = ("ageing_years", "policy_year", "safe_end_year", "cohesion_end_year", "solidarity_year")

LEAST_QUARTERS = 20
"""Quarters below which a covariance of four series says nothing: five years, as long as the fan."""

DEBT_ROUNDING_PP = 0.3
"""Debt in euro is published with few digits; its ratio to output may differ by so much, % of GDP."""

IDENTITY_PP = 0.05
"""A published path of debt is met to 0.001 percentage points; more than this is a wrong cell."""

ROUNDING_MEUR = 0.01
"""A calendar of draws may miss its loan by so much."""

PATH = "macro path without holes"
SAFE_TERMS = {"maturity_years": "loan_maturity_max", "grace_years": "grace_period_principal"}
"""Terms of a loan, and the rules that are their greatest values."""


fiscal_check = check_where("fiscal_inputs")
"""Register a check that runs only in a region with fiscal inputs."""


@fiscal_check()
def inputs_without_holes(tables: Tables) -> Iterator[Finding]:
    """All states have inputs for the same years on end: the last year observed and at least one forecast."""
    known = _known_years(tables)
    if not known:
        return
    first, last = known[0], max(known[-1], known[0] + 1)
    yield from _holes(tables, "fiscal_inputs", _states(tables), range(first, last + 1))


@fiscal_check("settings", "fiscal_longrun")
def longrun_without_holes(tables: Tables) -> Iterator[Finding]:
    """Every state with inputs has output and ageing from its first year to the last year of the plan."""
    known = _known_years(tables)
    if known and tables.years:
        years = range(known[0], max(tables.years[-1], known[0] + 1) + 1)
        yield from _holes(tables, "fiscal_longrun", _states(tables), years)


@fiscal_check("fiscal_parameters")
def structure_of_every_debt(tables: Tables) -> Iterator[Finding]:
    """Every state with inputs has a structure of debt."""
    yield from _absent(tables, "fiscal_parameters")


@fiscal_check("settings", "market_rates")
def rates_reach_both_ends(tables: Tables) -> Iterator[Finding]:
    """Every state with inputs has two anchors of rates or more, from the first forecast to the last year."""
    yield from _absent(tables, "market_rates")
    known = _known_years(tables)
    if not known or not tables.years:
        return
    first, last = known[0] + 1, max(tables.years[-1], known[0] + 1)
    ends = (
        tables["market_rates"]
        .drop_nulls(["state", "year"])
        .filter(pl.col("state").is_in(_states(tables)))
        .group_by("state", maintain_order=True)
        .agg(
            pl.len().alias("#n"),
            pl.col("year").min().alias("#from"),
            pl.col("year").max().alias("year"),
            pl.col(ROW).max(),
        )
    )
    yield from tables.findings(
        "market_rates",
        ends.filter((pl.col("#n") < 2) | (pl.col("#from") > first) | (pl.col("year") < last)),
        "year",
        PATH,
        lambda row: f"{row['state']} has {row['#n']} anchors, from {row['#from']} to {row['year']}",
        f"Give two anchors or more, the first in {first} or before, the last in {last} or after.",
    )


@fiscal_check("shocks_quarterly")
def shocks_are_a_series(tables: Tables) -> Iterator[Finding]:
    """Every state with inputs has at least twenty quarters of shocks, on end."""
    yield from _absent(tables, "shocks_quarterly")
    frame = tables["shocks_quarterly"].drop_nulls(["state", "quarter"])
    good = pl.col("quarter").str.contains(QUARTER)
    yield from tables.findings(
        "shocks_quarterly",
        frame.filter(~good),
        "quarter",
        "quarter",
        "A quarter is written as 2000Q2",
        "Write the year, the letter Q and a figure from 1 to 4.",
    )
    counted = (
        frame.filter(good)
        .with_columns(
            (
                4 * pl.col("quarter").str.slice(0, 4).cast(pl.Int64)
                + pl.col("quarter").str.slice(5).cast(pl.Int64)
            ).alias("#place")
        )
        .unique(["state", "#place"], keep="first", maintain_order=True)
        .sort("state", "#place")
    )
    yield from tables.findings(
        "shocks_quarterly",
        counted.with_columns((pl.col("#place").diff().over("state") - 1).alias("#lost")).filter(
            pl.col("#lost") > 0
        ),
        "quarter",
        "quarters without holes",
        lambda row: f"{row['#lost']} quarters of {row['state']} are missing before it",
        "Add the quarters, or delete all that come before the hole.",
    )
    yield from tables.findings(
        "shocks_quarterly",
        counted.group_by("state", maintain_order=True)
        .agg(pl.len().alias("#n"), pl.col(ROW).max())
        .filter(pl.col("#n") < LEAST_QUARTERS),
        "state",
        "enough quarters",
        lambda row: f"{row['state']} has {row['#n']} quarters of shocks, too few for a covariance",
        f"Give at least {LEAST_QUARTERS} quarters on end.",
    )


@fiscal_check()
def debt_in_both_units(tables: Tables) -> Iterator[Finding]:
    """Debt in euro over output is the debt ratio, up to rounding; the ratio is the one used."""
    computed = 100 * pl.col("debt_meur") / pl.col("gdp_meur")
    frame = tables["fiscal_inputs"].with_columns(computed.alias("#computed"))
    yield from tables.findings(
        "fiscal_inputs",
        frame.filter((pl.col("#computed") - pl.col("debt_pct_gdp")).abs() > DEBT_ROUNDING_PP),
        "debt_pct_gdp",
        "debt in both units",
        lambda row: f"debt_meur over gdp_meur gives {row['#computed']:.2f} % of GDP",
        "Correct one of the three: debt and output are EUR million, in current prices.",
        "warning",
    )


@fiscal_check()
def published_debt_follows_from_its_parts(tables: Tables) -> Iterator[Finding]:
    """Equation (1) with the inputs of a forecast year gives its published debt.

    ``debt = debt before x (1 + r) / (1 + n) - primary balance + stock-flow / output``, with nominal growth
    n from the two outputs and r the implicit rate.
    """
    frame = tables["fiscal_inputs"].drop_nulls(["state", "year"]).sort("state", "year")
    before = {name: pl.col(name).shift().over("state") for name in ("year", "gdp_meur", "debt_pct_gdp")}
    snowball = before["debt_pct_gdp"] * (1 + pl.col("implicit_rate_pct") / 100)
    computed = (
        snowball * before["gdp_meur"] / pl.col("gdp_meur")
        - pl.col("primary_balance_pct_gdp")
        + 100 * pl.col("stock_flow_meur") / pl.col("gdp_meur")
    )
    joined = frame.with_columns(computed.alias("#computed"), before["year"].alias("#before"))
    off = (pl.col("#computed") - pl.col("debt_pct_gdp")).abs() > IDENTITY_PP
    yield from tables.findings(
        "fiscal_inputs",
        joined.filter((pl.col("year") == pl.col("#before") + 1) & off),
        "debt_pct_gdp",
        "debt follows from its parts",
        lambda row: f"Debt of the year before and the row's own columns give {row['#computed']:.3f}",
        "Correct debt, output, balance, interest or stock-flow adjustment; the last is EUR million.",
        "warning",
    )


@fiscal_check("fiscal_parameters")
def maturing_shares_are_positive(tables: Tables) -> Iterator[Finding]:
    """Some long debt matures every year; where a published share says none, a setting stands in for it."""
    yield from tables.findings(
        "fiscal_parameters",
        tables["fiscal_parameters"].filter(
            (pl.col("long_maturing_share") <= 0) | (pl.col("long_maturing_average") <= 0)
        ),
        "long_maturing_share",
        "maturing share",
        "A share of nought or less is invalid; the setting maturing_share is used instead",
        "Take the share from the redemptions that the state's debt office publishes.",
        "warning",
    )


@fiscal_check("fiscal_settings")
def fiscal_settings_are_known(tables: Tables) -> Iterator[Finding]:
    """Every fiscal setting is one that the projection knows, and lies within its bounds."""
    frame = tables["fiscal_settings"].drop_nulls("key")

    def remedy(key: object) -> str:
        close = difflib.get_close_matches(str(key)[:80], list(BOUNDS), n=1)
        return f"Write {close[0]} if that is meant, or delete the row." if close else "Delete the row."

    unknown = frame.filter(~pl.col("key").is_in(list(BOUNDS)))
    for rows in unknown.partition_by("key", maintain_order=True):
        yield from tables.findings(
            "fiscal_settings",
            rows,
            "key",
            "fiscal settings",
            "There is no such setting, so it does nothing",
            remedy(rows["key"][0]),
            "warning",
        )
    yield from within_bounds(tables, "fiscal_settings", "fiscal settings", BOUNDS, WHOLE)


@fiscal_check("fiscal_settings")
def fiscal_settings_are_complete(tables: Tables) -> Iterator[Finding]:
    """Every fiscal setting has a value for every state with inputs, its own or the one for all others."""
    given = set(tables["fiscal_settings"].drop_nulls("key").select("key", "state").iter_rows())
    for key in BOUNDS:
        lacking = [
            state for state in _states(tables) if (key, None) not in given and (key, state) not in given
        ]
        if lacking:
            yield Finding(
                tables.files["fiscal_settings"],
                "fiscal settings",
                f"The setting {key} has no value for {', '.join(lacking)}",
                f"Add a row with the key {key} and an empty state, or one for each of these states.",
                column="key",
                value=key,
            )


@fiscal_check("expenditure_ceilings")
def ceilings_without_holes(tables: Tables) -> Iterator[Finding]:
    """The ceilings of a state are for years on end."""
    frame = tables["expenditure_ceilings"].drop_nulls(["state", "year"]).sort("state", "year")
    before = pl.col("year").shift().over("state").alias("#before")
    yield from tables.findings(
        "expenditure_ceilings",
        frame.with_columns(before).filter(pl.col("year") > pl.col("#before") + 1),
        "year",
        "ceilings without holes",
        lambda row: f"{row['state']} has no ceiling between {row['#before']} and {row['year']}",
        "Add the years between; until then they have the substitute.",
        "warning",
    )


@fiscal_check("safe_rules", "safe_loans")
def loans_keep_the_terms_of_safe(tables: Tables) -> Iterator[Finding]:
    """No loan runs longer, or has more years of grace, than the rules of SAFE allow."""
    rules = _rules(tables)
    for column, rule in SAFE_TERMS.items():
        most = rules.get(rule)
        yield from tables.findings(
            "safe_loans",
            tables["safe_loans"].filter(pl.col(column) > (INF if most is None else most)),
            column,
            "terms of SAFE",
            f"The rule {rule} allows {most} years at most",
            f"Correct {column}, or the rule in {tables.files['safe_rules']} if it has changed.",
        )


@fiscal_check("safe_rules", "safe_loans", "safe_draws")
def draws_lie_in_the_window(tables: Tables) -> Iterator[Finding]:
    """Draws are of states with a loan, within its window, and before SAFE ends its payments."""
    end = _rules(tables).get("disbursement_end")
    loans = tables["safe_loans"].filter(pl.col("adopted_loan_meur") > 0)
    joined = tables["safe_draws"].join(loans.select("state", "window_from", "window_to"), on="state")
    yield from tables.findings(
        "safe_draws",
        tables["safe_draws"]
        .filter((pl.col("draw_meur") > 0) | (pl.col("delivered_meur") > 0))
        .join(loans, on="state", how="anti"),
        "state",
        "draws of borrowers",
        lambda row: f"{row['state']} has no SAFE loan to draw on",
        f"Add the loan to {tables.files['safe_loans']}, or delete the row.",
    )
    outside = ~pl.col("year").is_between(pl.col("window_from"), pl.col("window_to"))
    late = pl.col("year") > (INF if end is None else end)
    yield from tables.findings(
        "safe_draws",
        joined.filter((pl.col("draw_meur") > 0) & (outside | late)),
        "year",
        "draws in the window",
        lambda row: (
            f"The loan may be drawn from {row['window_from']} to {row['window_to']}"
            + ("" if end is None else f", and SAFE pays until {end:g}")
        ),
        "Move the draw into the window.",
    )


@fiscal_check("safe_loans", "safe_draws")
def draws_stay_within_the_loan(tables: Tables) -> Iterator[Finding]:
    """The draws of a state sum to its loan at most, and deliveries that the loan pays for to the draws."""
    sums = (
        tables["safe_draws"]
        .group_by("state", maintain_order=True)
        .agg(pl.col("draw_meur", "delivered_meur").sum(), pl.col(ROW).max())
        .join(tables["safe_loans"].select("state", "adopted_loan_meur"), on="state")
    )
    yield from tables.findings(
        "safe_draws",
        sums.filter(pl.col("draw_meur") > pl.col("adopted_loan_meur") + ROUNDING_MEUR),
        "draw_meur",
        "allocation >= loan >= draw",
        lambda row: f"The draws of {row['state']} sum to more than its loan of {row['adopted_loan_meur']:g}",
        "Lower the draws, or correct the loan.",
    )
    yield from tables.findings(
        "safe_draws",
        sums.filter(pl.col("delivered_meur") > pl.col("draw_meur") + ROUNDING_MEUR),
        "delivered_meur",
        "deliveries within draws",
        lambda row: f"Deliveries of {row['state']} sum to more than its draws of {row['draw_meur']:g}",
        "Lower the deliveries: a loan pays for what it was drawn for.",
    )


def _states(tables: Tables) -> list[str]:
    """States with inputs, in the order of the file."""
    return tables["fiscal_inputs"]["state"].drop_nulls().unique(maintain_order=True).to_list()


def _known_years(tables: Tables) -> list[int]:
    """Years with inputs of any state, sorted."""
    return tables["fiscal_inputs"]["year"].drop_nulls().unique().sort().to_list()


def _rules(tables: Tables) -> dict[str, float]:
    """Rules of SAFE whose value begins with a number: the number, or of a date the year."""
    value = pl.col("value").str.extract(r"^([0-9]+(?:\.[0-9]+)?)").cast(pl.Float64, strict=False)
    return dict(tables["safe_rules"].select("rule", value).drop_nulls().iter_rows())


def _absent(tables: Tables, table: str) -> Iterator[Finding]:
    """Find states with inputs that have no row at all in a table."""
    there = set(tables[table]["state"].drop_nulls())
    for state in _states(tables):
        if state not in there:
            yield Finding(
                tables.files[table],
                PATH,
                f"{state} has fiscal inputs but no row here",
                f"Add rows for {state}, or delete it from {tables.files['fiscal_inputs']}.",
                column="state",
                value=state,
            )


def _holes(tables: Tables, table: str, states: list[str], years: range) -> Iterator[Finding]:
    """Find years that a state lacks; the row named is the last one of the state before the hole."""
    yield from _absent(tables, table)
    frame = tables[table].drop_nulls(["state", "year"])
    for state in states:
        mine = frame.filter(pl.col("state") == state)
        missing = sorted(set(years) - set(mine["year"]))
        if not missing or mine.is_empty():
            continue
        before = mine.filter(pl.col("year") < missing[0])
        yield Finding(
            tables.files[table],
            PATH,
            f"{state} has no row for {spans(missing)}",
            f"Add a row for {state} in {spans(missing)}.",
            (before if before.height else mine)[ROW].to_list()[-1],
            "year",
            spans(missing),
        )

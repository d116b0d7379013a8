"""Checks of money: purses that add up, loans within allocations, one way of counting."""

from collections.abc import Iterator

import polars as pl

from vallum.region.checks.rules import ROW, Tables, check
from vallum.region.findings import Finding

ROUNDING_MEUR = 2.0
"""Money columns are rounded to a million and shares to two digits at places; sums may differ by this much."""

ROUNDING_SHARE = 0.01
"""The same as a share of the sum."""

OLDEST_PRICE = 20
"""Years before the base year; an older price says little about today's."""

SAME_BUDGET = 0.01
"""Two figures of one budget that differ by more are not the same figure."""

PLANNING_SERIES = ["national_budget", "derived", "policy_range"]
"""Series of the table of defence budgets that purses rest on."""


@check("purses")
def purses_add_up(tables: Tables) -> Iterator[Finding]:
    """Plannable money = equipment x (1 - outside scope) - committed - legacy, where all of it is given."""
    computed = (
        pl.col("equipment_meur") * (1 - pl.col("outside_scope_share"))
        - pl.col("committed_meur")
        - pl.col("legacy_sustainment_meur")
    )
    bad = (
        tables["purses"]
        .with_columns(computed.clip(0).alias("#computed"))
        .filter(_apart(pl.col("plannable_meur"), pl.col("#computed"), pl.col("equipment_meur")))
    )
    yield from tables.findings(
        "purses",
        bad,
        "plannable_meur",
        "purse adds up",
        lambda row: f"The other columns of the row give {row['#computed']:.0f}",
        "Correct it, or say in the note why it differs.",
        "warning",
    )


@check("purses")
def equipment_is_a_share_of_defence(tables: Tables) -> Iterator[Finding]:
    """Each equipment budget is the defence budget times the equipment share, and never more than it."""
    frame = tables["purses"].with_columns(
        (pl.col("defence_meur") * pl.col("equipment_share")).alias("#computed")
    )
    yield from tables.findings(
        "purses",
        frame.filter(_apart(pl.col("equipment_meur"), pl.col("#computed"), pl.col("defence_meur"))),
        "equipment_meur",
        "purse adds up",
        lambda row: f"The other columns of the row give {row['#computed']:.0f}",
        "Correct it, or say in the note why it differs.",
        "warning",
    )
    yield from tables.findings(
        "purses",
        frame.filter(pl.col("equipment_meur") > pl.col("defence_meur") + ROUNDING_MEUR),
        "equipment_meur",
        "equipment within defence",
        "The equipment budget is greater than the defence budget",
        "Correct one of the two; both are EUR million in prices of the base year.",
    )


def _apart(given: pl.Expr, computed: pl.Expr, of: pl.Expr) -> pl.Expr:
    return (given - computed).abs() > ROUNDING_MEUR + ROUNDING_SHARE * of


@check("safe_loans")
def loan_within_allocation(tables: Tables) -> Iterator[Finding]:
    """Allocation >= loan >= pre-financing, for members and in the facts."""
    for name in ("safe_loans", "safe_allocations"):
        frame = tables[name]
        yield from tables.findings(
            name,
            frame.filter(pl.col("adopted_loan_meur") > pl.col("allocation_meur")),
            "adopted_loan_meur",
            "allocation >= loan >= draw",
            lambda row: f"The loan is greater than the allocation of {row['allocation_meur']:g}",
            "Correct one of the two; an allocation is the ceiling of a loan.",
        )
        yield from tables.findings(
            name,
            frame.filter(pl.col("prefinancing_meur") > pl.col("adopted_loan_meur")),
            "prefinancing_meur",
            "allocation >= loan >= draw",
            lambda row: f"Pre-financing is greater than the loan of {row['adopted_loan_meur']:g}",
            "Correct one of the two; pre-financing is a part of the loan.",
        )


@check("safe_loans", "safe_allocations")
def loan_agrees_with_the_facts(tables: Tables) -> Iterator[Finding]:
    """Each member's loan is the one in the table of all SAFE loans, where that table knows it."""
    facts = tables["safe_allocations"].select(
        pl.col("member_state").alias("state"), pl.col("adopted_loan_meur").alias("#fact")
    )
    bad = (
        tables["safe_loans"]
        .join(facts, on="state")
        .filter((pl.col("adopted_loan_meur") - pl.col("#fact")).abs() > SAME_BUDGET * pl.col("#fact"))
    )
    yield from tables.findings(
        "safe_loans",
        bad,
        "adopted_loan_meur",
        "loan agrees with facts",
        lambda row: f"{row['state']} has a loan of {row['#fact']:g} in the table of all SAFE loans",
        f"Use one figure, here and in {tables.files['safe_allocations']}.",
        "warning",
    )


@check("safe_loans")
def loan_terms_run_forward(tables: Tables) -> Iterator[Finding]:
    """Each window of draws ends after it begins, and grace ends before the loan does."""
    frame = tables["safe_loans"]
    yield from tables.findings(
        "safe_loans",
        frame.filter(pl.col("window_from") > pl.col("window_to")),
        "window_to",
        "window",
        lambda row: f"The window ends before it begins in {row['window_from']}",
        "Correct window_from or window_to.",
    )
    yield from tables.findings(
        "safe_loans",
        frame.filter(pl.col("grace_years") >= pl.col("maturity_years")),
        "grace_years",
        "loan terms",
        lambda row: f"Grace is not shorter than the maturity of {row['maturity_years']} years",
        "Correct grace_years or maturity_years.",
    )


@check("states", "safe_loans")
def loans_are_of_borrowers(tables: Tables) -> Iterator[Finding]:
    """Every state with a SAFE loan is a SAFE borrower."""
    others = tables["states"].filter(pl.col("safe_borrower") == "n").select("state")
    yield from tables.findings(
        "safe_loans",
        tables["safe_loans"].filter(pl.col("adopted_loan_meur") > 0).join(others, on="state", how="semi"),
        "state",
        "SAFE borrower",
        lambda row: f"{row['state']} is no SAFE borrower in the table of states",
        f"Set safe_borrower to y in {tables.files['states']}, or delete the loan.",
    )


@check("settings", "programmes")
def price_bases_are_sane(tables: Tables) -> Iterator[Finding]:
    """No price is of a year after the base year, or more than twenty years older."""
    base = tables.settings.get("base_year")
    if base is None:
        return
    bad = tables["programmes"].filter(~pl.col("price_year").is_between(base - OLDEST_PRICE, base))
    yield from tables.findings(
        "programmes",
        bad,
        "price_year",
        "price base",
        f"Prices must be of a year from {base - OLDEST_PRICE:g} to the base year {base:g}",
        "Convert the price to such a year, and say so in the note.",
    )


@check("settings", "purses", "defence_budgets")
def one_basis_per_state_and_year(tables: Tables) -> Iterator[Finding]:
    """Each state and year of the plan has one way of counting in the planning series, and purses follow it.

    The fact table keeps several series for one state and year side by side: history as NATO counts it, the
    essays' figure, and the planning series (national budget, or where there is none a derived figure or the
    range of a policy). Only the planning series must not be mixed. A purse called *published* rests on a row
    of it, and in the base year, where no deflator stands between, on its very figure.
    """
    series = tables["defence_budgets"].filter(pl.col("series").is_in(PLANNING_SERIES)).sort(ROW)
    keys = ["iso2", "year"]
    inside = series.filter(pl.col("year").is_in(list(tables.years)))
    again = inside.with_columns(
        pl.col("series").first().over(keys).alias("#first"), pl.len().over(keys).alias("#n")
    )
    yield from tables.findings(
        "defence_budgets",
        again.filter((pl.col("#n") > 1) & ~pl.struct(keys).is_first_distinct()),
        "series",
        "one basis per state and year",
        lambda row: f"{row['iso2']} {row['year']} is counted as {row['#first']} already",
        "Keep the one series that the purses rest on.",
    )
    if tables["defence_budgets"].is_empty():
        return
    budgets = series.unique(keys, keep="first", maintain_order=True).select(
        pl.col("iso2").alias("state"),
        "year",
        pl.lit(1).alias("#there"),
        pl.col("defence_meur").alias("#budget"),
    )
    joined = (
        tables["purses"]
        .filter(pl.col("status") == "published")
        .join(budgets, on=["state", "year"], how="left")
    )
    yield from tables.findings(
        "purses",
        joined.filter(pl.col("#there").is_null()),
        "status",
        "one basis per state and year",
        lambda row: f"No budget of {row['state']} {row['year']} is in the planning series",
        f"Add it to {tables.files['defence_budgets']}, or write held or extrapolated as status.",
    )
    yield from tables.findings(
        "purses",
        joined.filter(
            (pl.col("year") == tables.settings.get("base_year"))
            & ((pl.col("defence_meur") - pl.col("#budget")).abs() > SAME_BUDGET * pl.col("#budget"))
        ),
        "defence_meur",
        "one basis per state and year",
        lambda row: (
            f"The budget of {row['state']} {row['year']} in the planning series is {row['#budget']:g}"
        ),
        "Use that figure, or change the status of the purse.",
    )

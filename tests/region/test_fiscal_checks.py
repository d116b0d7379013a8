"""Checks of the fiscal tables: each rule broken once, found where it is broken, and quiet otherwise."""

from collections.abc import Callable

import polars as pl
import pytest

from vallum.region import TABLES, Region
from vallum.region.checks import fiscal
from vallum.region.schema import PROVENANCE

Change = Callable[..., Region]
col = pl.col
ALL = pl.lit(value=True)
PATH = fiscal.PATH
FISCAL = (
    "fiscal_longrun", "fiscal_parameters", "fiscal_settings", "market_rates", "expenditure_ceilings",
    "shocks_quarterly", "outlay_classes", "safe_draws", "fiscal_reference",
)  # fmt: skip


@pytest.fixture(scope="module")
def baltic() -> Region:
    return Region.read("baltic")


def without(region: Region, table: str, rows: pl.Expr) -> Region:
    return region.replace(**{table: region.tables[table].filter(~rows)})


def findings(region: Region, rule: str, table: str) -> list[tuple[str, int | None, str | None, str | None]]:
    """Severity, row, column and value of the findings of a rule; every one of them has a remedy."""
    hits = region.findings.filter((col("rule") == rule) & (col("file") == f"{table}.csv"))
    assert hits.height, region.findings.to_dicts()
    assert hits["remedy"].str.ends_with(".").all()
    return hits.select("severity", "row", "column", "value").rows()


@pytest.mark.parametrize(
    ("table", "rows", "rule", "expected"),
    [
        # One forecast year is the least there can be.
        ("fiscal_inputs", col("year") == 2026, PATH, [("error", 2, "year", "2026"), ("error", 3, "year", "2026")]),
        # Both members lose a middle year: the row named is the last before the hole.
        ("fiscal_longrun", col("year") == 2027, PATH, [("error", 3, "year", "2027"), ("error", 6, "year", "2027")]),
        ("fiscal_longrun", col("year") > 2026, PATH, [("error", 3, "year", "2027-2028"), ("error", 5, "year", "2027-2028")]),
        ("fiscal_longrun", col("state") == "NB", PATH, [("error", None, "state", "NB")]),
        ("fiscal_parameters", col("state") == "NA", PATH, [("error", None, "state", "NA")]),
        ("market_rates", col("state") == "NA", PATH, [("error", None, "state", "NA")]),
        ("market_rates", col("year") == 2026, PATH, [("error", 2, "year", "2028"), ("error", 3, "year", "2028")]),
        ("market_rates", col("year") == 2028, PATH, [("error", 2, "year", "2026"), ("error", 3, "year", "2026")]),
        ("shocks_quarterly", col("state") == "NB", PATH, [("error", None, "state", "NB")]),
        ("shocks_quarterly", (col("state") == "NB") & (col("quarter") == "2024Q4"), "enough quarters", [("error", 40, "state", "NB")]),
        ("shocks_quarterly", (col("state") == "NA") & (col("quarter") == "2022Q2"), "quarters without holes", [("error", 11, "quarter", "2022Q3")]),
        ("expenditure_ceilings", col("year") == 2027, "ceilings without holes", [("warning", 3, "year", "2028")]),
        ("fiscal_settings", col("key") == "maturing_share", "fiscal settings", [("error", None, "key", "maturing_share")]),
    ],
)  # fmt: skip
def test_a_missing_row_is_named(
    region: Region, table: str, rows: pl.Expr, rule: str, expected: list[tuple[object, ...]]
) -> None:
    assert findings(without(region, table, rows), rule, table) == expected


@pytest.mark.parametrize(
    ("table", "where", "values", "rule", "column", "severity"),
    [
        ("market_rates", col("year") == 2026, {"year": 2027}, PATH, "year", "error"),
        ("shocks_quarterly", col("quarter") == "2020Q1", {"quarter": "2020-1"}, "quarter", "quarter", "error"),
        ("shocks_quarterly", col("quarter") == "2020Q1", {"quarter": "2020Q5"}, "quarter", "quarter", "error"),
        ("fiscal_inputs", ALL, {"debt_pct_gdp": -1.0}, "bounds", "debt_pct_gdp", "error"),
        ("fiscal_inputs", ALL, {"debt_meur": -1.0}, "bounds", "debt_meur", "error"),
        ("fiscal_inputs", col("year") == 2025, {"debt_meur": 16130.0}, "debt in both units", "debt_pct_gdp", "warning"),
        ("fiscal_inputs", col("year") == 2026, {"stock_flow_meur": 25.0}, "debt follows from its parts", "debt_pct_gdp", "warning"),
        ("fiscal_inputs", col("year") == 2026, {"implicit_rate_pct": 2.7}, "debt follows from its parts", "debt_pct_gdp", "warning"),
        ("fiscal_parameters", col("state") == "NA", {"long_maturing_share": -0.1}, "maturing share", "long_maturing_share", "warning"),
        ("fiscal_parameters", col("state") == "NA", {"long_maturing_average": 0.0}, "maturing share", "long_maturing_share", "warning"),
        ("fiscal_settings", col("key") == "revenue_share", {"value": 1.5}, "fiscal settings", "value", "error"),
        ("fiscal_settings", col("key") == "maturing_share", {"value": 0.0}, "fiscal settings", "value", "error"),
        ("fiscal_settings", col("key") == "policy_year", {"value": 2028.5}, "fiscal settings", "value", "error"),
        ("fiscal_settings", col("key") == "revenue_share", {"low": 0.9, "value": 0.5}, "low <= value <= high", "value", "error"),
        ("market_rates", ALL, {"rate_long_pct_high": 3.0}, "low <= value <= high", "rate_long_pct", "error"),
        ("safe_draws", col("year") == 2027, {"year": 2029}, "draws in the window", "year", "error"),
        ("safe_draws", col("year") == 2026, {"year": 2025}, "draws in the window", "year", "error"),
        ("safe_draws", col("year") == 2026, {"draw_meur": 220.02}, "allocation >= loan >= draw", "draw_meur", "error"),
        ("safe_draws", col("year") == 2026, {"delivered_meur": 210.02}, "deliveries within draws", "delivered_meur", "error"),
    ],
)  # fmt: skip
def test_a_wrong_cell_is_found_where_it_is(
    with_rows: Change,
    table: str,
    where: pl.Expr,
    values: dict[str, object],
    rule: str,
    column: str,
    severity: str,
) -> None:
    hits = findings(with_rows(table, where, **values), rule, table)
    assert {(kind, place) for kind, _, place, _ in hits} == {(severity, column)}
    assert all(row is not None for _, row, _, _ in hits)


@pytest.mark.parametrize(
    ("table", "where", "values"),
    [
        ("fiscal_inputs", col("year") == 2025, {"debt_meur": 16110.0}),  # 0.275 % of GDP: rounding
        ("fiscal_inputs", col("year") == 2026, {"stock_flow_meur": 20.0}),  # 0.048 percentage points
        ("safe_draws", col("year") == 2026, {"draw_meur": 220.009}),
        ("safe_draws", col("year") == 2026, {"delivered_meur": 210.009}),
    ],
)
def test_rounding_is_not_a_finding(
    with_rows: Change, table: str, where: pl.Expr, values: dict[str, object]
) -> None:
    assert with_rows(table, where, **values).findings.is_empty()


def test_an_unknown_setting_is_named_with_the_one_that_was_meant(with_rows: Change) -> None:
    region = with_rows("fiscal_settings", col("key") == "multiplier", key="multiplyer")
    hits = region.findings.filter(rule="fiscal settings").sort("severity")
    assert hits["severity"].to_list() == ["error", "warning"]  # one is missing, the other does nothing
    assert hits["value"].to_list() == ["multiplier", "multiplyer"]
    assert hits["remedy"][1] == "Write multiplier if that is meant, or delete the row."


def test_a_setting_given_state_by_state_is_complete(region: Region) -> None:
    settings = region.tables["fiscal_settings"]
    vat = settings.filter(key="vat_pct")
    own = [vat.with_columns(state=pl.lit(state)) for state in ("NA", "NB")]
    rest = settings.filter(col("key") != "vat_pct")
    assert region.replace(fiscal_settings=pl.concat([rest, *own])).findings.is_empty()
    half = region.replace(fiscal_settings=pl.concat([rest, own[0]]))
    assert half.findings["message"].to_list() == ["The setting vat_pct has no value for NB"]


def rules(region: Region, **values: str) -> Region:
    """The region with these rules of SAFE besides its own."""
    old = region.tables["safe_rules"]
    more = [old.head(1).with_columns(rule=pl.lit(rule), value=pl.lit(text)) for rule, text in values.items()]
    return region.replace(safe_rules=pl.concat([old, *more]))


def test_terms_of_a_loan_keep_the_rules(region: Region) -> None:
    assert rules(region, loan_maturity_max="45", grace_period_principal="10").findings.is_empty()
    tight = rules(region, loan_maturity_max="44", grace_period_principal="9.5")
    hits = findings(tight, "terms of SAFE", "safe_loans")
    assert sorted(hits) == [
        ("error", 2, "grace_years", "10"),
        ("error", 2, "maturity_years", "45"),
        ("error", 3, "grace_years", "10"),
        ("error", 3, "maturity_years", "45"),
    ]


def test_no_draw_after_the_end_of_payments(region: Region) -> None:
    assert rules(region, disbursement_end="2027-12-31").findings.is_empty()
    late = rules(region, disbursement_end="2026-12-31")
    hits = findings(late, "draws in the window", "safe_draws")
    assert [(row, value) for _, row, _, value in hits] == [(3, "2027"), (5, "2027")]
    assert "SAFE pays until 2026" in late.findings["message"][0]


def test_a_delivery_may_come_after_the_last_draw(with_rows: Change) -> None:
    late = with_rows("safe_draws", col("year") == 2027, year=2031, draw_meur=0.0, delivered_meur=30.0)
    assert late.findings.is_empty()


def test_a_state_without_a_loan_draws_nothing(region: Region) -> None:
    hits = findings(without(region, "safe_loans", col("state") == "NB"), "draws of borrowers", "safe_draws")
    assert hits == [("error", 4, "state", "NB"), ("error", 5, "state", "NB")]


def test_a_member_without_inputs_needs_nothing(region: Region) -> None:
    one = region
    for table in ("fiscal_inputs", "fiscal_longrun", "fiscal_parameters", "market_rates", "shocks_quarterly"):
        one = without(one, table, col("state") == "NB")
    assert one.findings.is_empty()


def test_without_fiscal_inputs_all_checks_are_quiet(region: Region) -> None:
    broken = {
        "safe_draws": region.tables["safe_draws"].with_columns(draw_meur=pl.lit(1e6)),
        "fiscal_settings": region.tables["fiscal_settings"].with_columns(value=pl.lit(-1.0)),
    }
    assert not region.replace(**broken).sound
    assert region.replace(fiscal_inputs=TABLES["fiscal_inputs"].empty(), **broken).findings.is_empty()
    only = {table: TABLES[table].empty() for table in ("fiscal_inputs", *FISCAL)}
    assert region.replace(**only).findings.is_empty()


@pytest.mark.parametrize("table", ["fiscal_inputs", *FISCAL])
def test_empty_cells_are_findings_and_no_exception(region: Region, table: str) -> None:
    for column in TABLES[table].schema.columns().keys() - set(PROVENANCE):
        dtype = TABLES[table].dtypes[column]
        frame = region.tables[table].with_columns(pl.lit(None, dtype=dtype).alias(column))
        spoilt = region.replace(**{table: frame})
        assert spoilt.sound == bool(TABLES[table].columns[column].nullable), column


def test_published_debt_of_the_forecast_follows_from_the_tables_alone(baltic: Region) -> None:
    # Equation (1), state by state in plain Python: 2025 and 2026 to a thousandth of a percentage point.
    rows = {(row["state"], row["year"]): row for row in baltic.tables["fiscal_inputs"].to_dicts()}
    for state in ("EE", "LV", "LT"):
        for year in (2025, 2026):
            before, now = rows[state, year - 1], rows[state, year]
            growth = now["gdp_meur"] / before["gdp_meur"]
            debt = before["debt_pct_gdp"] * (1 + now["implicit_rate_pct"] / 100) / growth
            debt += -now["primary_balance_pct_gdp"] + 100 * now["stock_flow_meur"] / now["gdp_meur"]
            assert debt == pytest.approx(now["debt_pct_gdp"], abs=0.001)


def test_draws_and_deliveries_of_baltic_are_the_loans(baltic: Region) -> None:
    sums = baltic.tables["safe_draws"].group_by("state").agg(col("draw_meur", "delivered_meur").sum())
    loans = baltic.tables["safe_loans"].join(sums, on="state", how="left")
    assert loans["draw_meur"].to_list() == pytest.approx(loans["adopted_loan_meur"].to_list(), abs=1e-6)
    assert loans["delivered_meur"].to_list() == pytest.approx(loans["adopted_loan_meur"].to_list(), abs=1e-6)


def test_settings_of_baltic_are_those_that_the_checks_know(baltic: Region) -> None:
    assert set(baltic.tables["fiscal_settings"]["key"]) == set(fiscal.BOUNDS)


def test_the_one_invalid_share_of_baltic_is_named(baltic: Region) -> None:
    hits = findings(baltic, "maturing share", "fiscal_parameters")
    assert [(kind, row, column) for kind, row, column, _ in hits] == [("warning", 2, "long_maturing_share")]

"""Each named check: the rule broken once, found where it is broken, and quiet on the good region."""

from collections.abc import Callable

import polars as pl
import pytest

from vallum.region import TABLES, Region
from vallum.region.checks import CHECKS
from vallum.region.checks.rules import Tables, check
from vallum.region.checks.settings import BOUNDS, spans

Change = Callable[..., Region]
col = pl.col
ALL = pl.lit(value=True)


def found(
    region: Region, rule: str, file: str, column: str | None, severity: str = "error"
) -> list[dict[str, object]]:
    """Findings of a rule at a place; nothing else may be an error unless it is of the same rule."""
    hits = region.findings.filter(
        (col("rule") == rule) & (col("file") == file) & (col("severity") == severity)
    )
    assert hits.height, region.findings.to_dicts()
    assert set(hits["column"]) == {column}
    assert hits["remedy"].str.len_chars().min() > 0
    return hits.to_dicts()


def test_every_check_states_its_rule_and_has_a_name_of_its_own() -> None:
    names = [function.__name__ for function, _ in CHECKS]
    assert len(names) == len(set(names))
    assert all(function.__doc__ and function.__doc__.strip() for function, _ in CHECKS)


def test_a_check_of_an_unknown_table_cannot_be_registered() -> None:
    with pytest.raises(KeyError):
        check("nonsense")


def test_checks_that_need_an_unreadable_table_are_left_out(region: Region) -> None:
    spoilt = region.replace(programmes=region.tables["programmes"].drop("class_id"))
    assert set(spoilt.findings["rule"]) == {"missing column"}


@pytest.mark.parametrize(
    ("table", "where", "values", "rule", "column", "severity"),
    [
        ("settings", col("key") == "advance_share", {"value": 1.5}, "settings", "value", "error"),
        ("settings", col("key") == "last_year", {"value": 2027.5}, "settings", "value", "error"),
        ("settings", col("key") == "last_year", {"value": 2020.0}, "horizon", "value", "error"),
        ("settings", col("key") == "last_year", {"value": 2150.0}, "horizon", "value", "error"),
        ("classes", ALL, {"weight": 3.0}, "low <= value <= high", "weight", "error"),
        ("needs", col("year") == 2027, {"quantity": 3.0}, "low <= value <= high", "quantity", "error"),
        ("programmes", ALL, {"base_price_meur": 70.0}, "low <= value <= high", "base_price_meur", "error"),
        ("states", col("state") == "NB", {"role": "partner"}, "role of state", None, "error"),
        ("stocks", ALL, {"retire_to": 2030}, "retirement", "retire_to", "error"),
        (
            "stocks",
            col("kind") == "delivery",
            {"retire_from": 2020, "retire_to": 2026},
            "retirement",
            "retire_to",
            "error",
        ),
        (
            "systems",
            col("system_id") == "SYS_A",
            {"class_id": None},
            "class factor",
            "class_units_per_system_unit",
            "error",
        ),
        (
            "systems",
            col("system_id") == "SYS_A",
            {"class_units_per_system_unit": None},
            "class factor",
            "class_units_per_system_unit",
            "error",
        ),
        (
            "programmes",
            col("programme_id") == "P1",
            {"system_id": "RIFLE"},
            "class of the system",
            "class_id",
            "error",
        ),
        ("gateways", ALL, {"class_id": None}, "empty cell", "class_id", "error"),
        ("formations", ALL, {"formation_type": None}, "counted formation", "formation_type", "error"),
        ("programmes", ALL, {"price_year": 2027}, "price base", "price_year", "error"),
        ("programmes", ALL, {"price_year": 2001}, "price base", "price_year", "error"),
        ("programmes", ALL, {"step_quantity": 1.5}, "whole steps", None, "error"),
        ("programmes", ALL, {"min_quantity_alone": 1.0}, "least orders", "min_quantity_alone", "error"),
        (
            "programme_states",
            col("state") == "NA",
            {"max_quantity": 1.0},
            "min <= max",
            "max_quantity",
            "error",
        ),
        (
            "programme_states",
            col("state") == "NA",
            {"max_quantity": 2.5},
            "whole steps",
            "max_quantity",
            "warning",
        ),
        ("programmes", ALL, {"start_latest": 2025}, "order window", "start_latest", "error"),
        (
            "programmes",
            ALL,
            {"start_earliest": 2030, "start_latest": 2031},
            "order window",
            "start_earliest",
            "warning",
        ),
        ("programmes", ALL, {"lead_months": 30.0}, "order window", "lead_months", "warning"),
        ("partner_orders", ALL, {"year_to": 2025}, "partner's years", "year_to", "error"),
        (
            "partner_orders",
            ALL,
            {"year_from": 2030, "year_to": 2031},
            "partner's years",
            "year_from",
            "warning",
        ),
        ("partner_orders", ALL, {"partner": "NA"}, "role of state", "partner", "error"),
        ("programmes", ALL, {"exclusions": "P1;P2"}, "exclusions symmetric", "exclusions", "error"),
        ("programmes", ALL, {"eu_origin_share": 0.64}, "SAFE reading", "safe_eligible", "error"),
        ("programmes", ALL, {"eu_origin_share": None}, "SAFE reading", "safe_eligible", "error"),
        ("programmes", ALL, {"foreign_control": "US-owned"}, "SAFE reading", "safe_eligible", "error"),
        (
            "safe_loans",
            ALL,
            {"adopted_loan_meur": 501.0},
            "allocation >= loan >= draw",
            "adopted_loan_meur",
            "error",
        ),
        (
            "safe_loans",
            ALL,
            {"prefinancing_meur": 401.0},
            "allocation >= loan >= draw",
            "prefinancing_meur",
            "error",
        ),
        (
            "safe_allocations",
            ALL,
            {"adopted_loan_meur": 600.0},
            "allocation >= loan >= draw",
            "adopted_loan_meur",
            "error",
        ),
        (
            "safe_loans",
            ALL,
            {"adopted_loan_meur": 390.0},
            "loan agrees with facts",
            "adopted_loan_meur",
            "warning",
        ),
        ("safe_loans", ALL, {"window_to": 2025}, "window", "window_to", "error"),
        ("safe_loans", ALL, {"grace_years": 45}, "loan terms", "grace_years", "error"),
        (
            "purses",
            col("year") == 2027,
            {"plannable_meur": 250.0},
            "purse adds up",
            "plannable_meur",
            "warning",
        ),
        (
            "purses",
            col("year") == 2027,
            {"equipment_share": 0.9},
            "purse adds up",
            "equipment_meur",
            "warning",
        ),
        ("purses", ALL, {"equipment_meur": 1100.0}, "equipment within defence", "equipment_meur", "error"),
        (
            "purses",
            col("year") == 2026,
            {"defence_meur": 1020.0},
            "one basis per state and year",
            "defence_meur",
            "error",
        ),
        ("lines", ALL, {"expansion_step": 0.0}, "expansion", "expansion_step", "error"),
        (
            "crews",
            ALL,
            {"shared_school_cost_factor": None},
            "shared school",
            "shared_school_cost_factor",
            "error",
        ),
        ("purses", ALL, {"basis": "derived"}, "derived from", "derived_from", "warning"),
        ("purses", ALL, {"basis": "fact"}, "facts have sources", "basis", "warning"),
        ("contracts", ALL, {"source": "A blog"}, "source registered", "source", "warning"),
        (
            "crews",
            ALL,
            {"note": "depot at 55.12345, 24.54321"},
            "no point off a municipality centre",
            "note",
            "error",
        ),
    ],
)
def test_a_broken_rule_is_found_where_it_is_broken(
    with_rows: Change,
    table: str,
    where: pl.Expr,
    values: dict[str, object],
    rule: str,
    column: str | None,
    severity: str,
) -> None:
    region = with_rows(table, where, **values)
    hits = region.findings.filter((col("rule") == rule) & (col("severity") == severity))
    if column is not None:
        hits = hits.filter((col("column") == column) & (col("file") == f"{table}.csv"))
    assert hits.height, region.findings.to_dicts()
    assert hits["row"].null_count() == 0
    assert hits["remedy"].str.len_chars().min() > 0
    if severity == "warning":
        assert region.sound


def test_settings_missing_and_unknown(region: Region) -> None:
    settings = region.tables["settings"].with_columns(col("key").replace("advance_share", "advance"))
    hits = found(region.replace(settings=settings), "settings", "settings.csv", "key")
    assert {hit["value"] for hit in hits} == {"advance_share", "advance"}
    assert set(BOUNDS) == set(region.tables["settings"]["key"])


def test_years_are_written_as_spans() -> None:
    assert spans([2026, 2027, 2028, 2030, 2032, 2033]) == "2026-2028, 2030, 2032-2033"


def test_nobody_to_plan_for(with_rows: Change) -> None:
    found(with_rows("states", ALL, role="partner"), "members", "states.csv", "role")


def test_crews_for_every_family(region: Region) -> None:
    less = region.replace(crews=region.tables["crews"].filter(col("state") == "NA"))
    hits = found(less, "crews for every family", "programme_states.csv", "state")
    assert [hit["row"] for hit in hits] == [3]
    assert "NB has no crews of the family AIR_CREW (P1)" in str(hits[0]["message"])


def test_a_class_on_the_picture_without_gateway(region: Region) -> None:
    found(
        region.replace(gateways=TABLES["gateways"].empty()),
        "gateway of a class",
        "classes.csv",
        "needs_gateway",
    )


def test_a_programme_nobody_may_join(region: Region) -> None:
    joins = region.tables["programme_states"].filter(col("programme_id") == "P1")
    found(
        region.replace(programme_states=joins),
        "joined by nobody",
        "programmes.csv",
        "programme_id",
        "warning",
    )


def chain(region: Region, **wants: str) -> Region:
    """Programmes P1, P2 and more, with these prerequisites."""
    old, joins = region.tables["programmes"], region.tables["programme_states"]
    more = [name for name in wants if name not in {"P1", "P2"}]
    programmes = pl.concat([old, *(old.head(1).with_columns(programme_id=pl.lit(name)) for name in more)])
    programmes = programmes.with_columns(
        prerequisites=col("programme_id").replace_strict(wants, default=None, return_dtype=pl.String)
    )
    some = joins.filter(col("programme_id") == "P1")
    joins = pl.concat([joins, *(some.with_columns(programme_id=pl.lit(name)) for name in more)])
    return region.replace(programmes=programmes, programme_states=joins)


def test_a_cycle_of_prerequisites_is_named(region: Region) -> None:
    hits = found(
        chain(region, P1="P2", P2="P3", P3="P1"), "cycle of prerequisites", "programmes.csv", "prerequisites"
    )
    assert len(hits) == 1
    assert "P1 -> P2 -> P3 -> P1" in str(hits[0]["message"])


def test_a_programme_that_waits_for_itself(region: Region) -> None:
    hits = found(chain(region, P1="P1"), "cycle of prerequisites", "programmes.csv", "prerequisites")
    assert "P1 -> P1" in str(hits[0]["message"])


def test_two_cycles_are_both_named(region: Region) -> None:
    hits = found(
        chain(region, P1="P2", P2="P1", P3="P4", P4="P3"),
        "cycle of prerequisites",
        "programmes.csv",
        "prerequisites",
    )
    assert len(hits) == 2


def test_prerequisites_without_a_cycle_are_fine(region: Region) -> None:
    assert chain(region, P1="P3;P4", P2="P1", P3="P4", P4="").findings.height == 0


def test_a_very_long_chain_of_prerequisites(region: Region) -> None:
    wants = {f"Q{i:04}": f"Q{i + 1:04}" for i in range(300)} | {"Q0300": "P1"}
    assert chain(region, **wants).sound


def test_a_prerequisite_that_is_excluded(with_rows: Change) -> None:
    region = with_rows("programmes", col("programme_id") == "P1", prerequisites="P2", exclusions="P2")
    found(region, "prerequisites can be met", "programmes.csv", "prerequisites")
    hits = found(region, "exclusions symmetric", "programmes.csv", "exclusions")
    assert "(row 3)" in str(hits[0]["remedy"])


def test_a_prerequisite_that_a_member_may_not_join(region: Region, with_rows: Change) -> None:
    joins = region.tables["programme_states"].filter((col("programme_id") == "P1") | (col("state") == "NA"))
    waits = with_rows("programmes", col("programme_id") == "P1", prerequisites="P2").replace(
        programme_states=joins
    )
    hits = found(waits, "prerequisites can be met", "programmes.csv", "prerequisites", "warning")
    assert "NB may not join P2" in str(hits[0]["message"])


def test_symmetric_exclusions_are_fine(region: Region) -> None:
    programmes = region.tables["programmes"].with_columns(
        exclusions=col("programme_id").replace({"P1": "P2", "P2": "P1"})
    )
    assert region.replace(programmes=programmes).findings.height == 0


def test_the_origin_threshold_is_read_from_the_rules(with_rows: Change) -> None:
    hits = found(with_rows("safe_rules", ALL, value="85"), "SAFE reading", "programmes.csv", "safe_eligible")
    assert "0.85" in str(hits[0]["message"])
    assert with_rows("safe_rules", ALL, value="see text").findings.height == 0


def test_a_maker_outside_for_category_two(with_rows: Change) -> None:
    found(with_rows("systems", ALL, origin_group="third"), "SAFE reading", "programmes.csv", "safe_eligible")


def test_conditional_needs_no_proof(with_rows: Change) -> None:
    region = with_rows(
        "programmes", ALL, safe_eligible="conditional", eu_origin_share=None, foreign_control="UK-owned"
    )
    assert region.findings.height == 0


def test_two_planning_series_for_one_year(region: Region) -> None:
    budgets = region.tables["defence_budgets"]
    again = (
        budgets.filter(col("series") == "national_budget").head(1).with_columns(series=pl.lit("policy_range"))
    )
    mixed = region.replace(defence_budgets=pl.concat([budgets, again]))
    hits = found(mixed, "one basis per state and year", "defence_budgets.csv", "series")
    assert "NA 2026 is counted as" in str(hits[0]["message"])


def test_history_beside_the_plan_is_not_mixing(region: Region) -> None:
    budgets = region.tables["defence_budgets"]
    again = budgets.filter(col("series") == "national_budget").with_columns(series=pl.lit("nato"))
    assert region.replace(defence_budgets=pl.concat([budgets, again])).findings.height == 0


def test_a_published_purse_without_a_published_budget(region: Region, with_rows: Change) -> None:
    budgets = region.tables["defence_budgets"].filter(col("year") != 2028)
    bare = region.replace(defence_budgets=budgets)
    hits = found(bare, "one basis per state and year", "purses.csv", "status")
    assert len(hits) == 2
    held = with_rows("purses", col("year") == 2028, status="held").replace(defence_budgets=budgets)
    assert held.findings.height == 0


def second_line(region: Region, **changes: str | None) -> Region:
    lines, capacity = region.tables["lines"], region.tables["line_capacity"]
    other = lines.with_columns(
        line_id=pl.lit("L_B"), **{k: pl.lit(v, dtype=pl.String) for k, v in changes.items()}
    )
    return region.replace(
        lines=pl.concat([lines, other]),
        line_capacity=pl.concat([capacity, capacity.with_columns(line_id=pl.lit("L_B"))]),
    )


def test_a_plant_in_two_lines(region: Region) -> None:
    hits = found(second_line(region), "plants counted once", "lines.csv", "plant_id")
    assert [hit["row"] for hit in hits] == [3]


def test_a_plant_in_two_lines_for_different_systems_is_pointed_out(region: Region) -> None:
    found(second_line(region, systems="RIFLE"), "plants counted once", "lines.csv", "plant_id", "warning")


def test_one_site_under_two_names(region: Region) -> None:
    plants = region.tables["industry"]
    twice = region.replace(industry=pl.concat([plants, plants.with_columns(plant_id=pl.lit("PLANT_A_FULL"))]))
    assert twice.findings.height == 0, "both entries may stand in the table of facts"
    hits = found(second_line(twice, plant_id="PLANT_A_FULL"), "plants counted once", "lines.csv", "plant_id")
    assert "same site as PLANT_A" in str(hits[0]["message"])


def test_lines_without_a_plant_are_not_compared(region: Region) -> None:
    assert second_line(region, plant_id=None).findings.height == 0


@pytest.mark.parametrize(
    ("lat", "lon", "sound"),
    [
        (55.50012, 24.24987, True),  # the centre itself
        (55.5, 24.25, True),
        (55.52, 24.25, True),  # 2.2 km
        (55.54, 24.25, False),  # 4.4 km
        (55.5, 24.31, False),
        (55.5123, 24.25, False),  # near, but finer than a town
        (None, None, True),
    ],
)
def test_a_point_off_a_centre(
    with_rows: Change, lat: float | None, lon: float | None, *, sound: bool
) -> None:
    region = with_rows("industry", ALL, lat=lat, lon=lon)
    assert region.sound is sound
    if not sound:
        row = region.findings.filter(col("rule") == "no point off a municipality centre").row(0, named=True)
        assert row["file"] == "industry.csv"
        assert row["row"] == 2


@pytest.mark.parametrize(("lat", "sound"), [(63.29, True), (63.291, False)])
def test_a_point_abroad_is_a_town_and_no_more(with_rows: Change, lat: float, *, sound: bool) -> None:
    assert with_rows("industry", ALL, country="SE", lat=lat, lon=18.72).sound is sound


def test_points_without_any_municipalities_are_towns_and_no_more(region: Region, with_rows: Change) -> None:
    assert (
        not with_rows("industry", ALL, lat=55.123)
        .replace(municipalities=TABLES["municipalities"].empty())
        .sound
    )
    assert region.replace(municipalities=TABLES["municipalities"].empty()).sound


def test_a_source_is_named_once(region: Region, with_rows: Change) -> None:
    hits = found(
        with_rows("defence_budgets", ALL, source="A blog"),
        "source registered",
        "defence_budgets.csv",
        "source",
        "warning",
    )
    assert len(hits) == 1
    nothing = region.replace(sources=TABLES["sources"].empty())
    assert nothing.findings.height == 0


def test_settings_are_readable_by_other_checks(region: Region) -> None:
    tables = Tables({**region.tables}, {}, frozenset())
    assert list(tables.years) == [2026, 2027, 2028]
    assert tables.members == ["NA", "NB"]

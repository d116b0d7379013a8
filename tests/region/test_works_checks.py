"""Checks of the works tables: each rule broken once, found where it is broken, and quiet otherwise."""

from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from vallum.region import TABLES, Region, write_folder
from vallum.region.schema.works import SECTOR_AT_LEAST_KM

Change = Callable[..., Region]
col = pl.col
ALL = pl.lit(value=True)
WORKS = tuple(name for name in TABLES if name.startswith("works_"))

DITCH, BUNKER = col("element_id") == "DITCH", col("element_id") == "BUNKER"
S1, S2 = col("sector_id") == "S1", col("sector_id") == "S2"
INSTALL = col("activity_id") == "INSTALL"
PRIVATE = col("keys") == "owner=private"
SHARE = col("lever_id") == "SHARE"


def setting(key: str) -> pl.Expr:
    return col("key") == key


def findings(region: Region, rule: str, table: str) -> list[dict[str, object]]:
    """Findings of a rule in a table; every one of them has a remedy."""
    hits = region.findings.filter((col("rule") == rule) & (col("file") == f"{table}.csv"))
    assert hits.height, region.findings.to_dicts()
    assert hits["remedy"].str.ends_with(".").all()
    return hits.to_dicts()


def test_the_small_region_with_works_is_sound_and_silent(line: Region, tmp_path: Path) -> None:
    assert line.findings.is_empty(), line.findings.to_dicts()
    write_folder(line.tables, tmp_path / "line", title="Works")
    read = Region.read(tmp_path / "line")
    assert read.findings.is_empty()
    assert read.content_hash == line.content_hash


@pytest.mark.parametrize(
    ("table", "where", "values", "rule", "column", "severity"),
    [
        ("works_settings", setting("last_year"), {"key": "last"}, "works settings", "key", "error"),
        ("works_settings", setting("start_month"), {"value": 13.0}, "works settings", "value", "error"),
        ("works_settings", setting("start_month"), {"value": 2.5}, "works settings", "value", "error"),
        ("works_settings", setting("last_year"), {"value": 2025.0}, "horizon", "value", "error"),
        ("works_settings", setting("last_year"), {"value": 2056.0}, "horizon", "value", "error"),
        ("works_settings", setting("calibration_start_year"), {"value": 1901.0}, "horizon", "value", "error"),
        ("works_sectors", S2, {"neighbour": "QZ"}, "border of a sector", "neighbour", "error"),
        ("works_sectors", S1, {"dry_km": 26.1}, "dry <= length", "dry_km", "error"),
        ("works_sectors", S1, {"length_km": SECTOR_AT_LEAST_KM - 0.1, "dry_km": 1.0}, "bounds", "length_km", "error"),
        ("works_sectors", S2, {"place": 3}, "places along the border", "place", "error"),
        ("works_sectors", S2, {"place": 1}, "places along the border", "place", "error"),
        ("works_sectors", S2, {"length_km": 27.0}, "sectors cover the border", "length_km", "warning"),
        ("works_sectors", S1, {"mid_lat": 24.3, "mid_lon": 55.6}, "place of a sector", "mid_lat", "error"),
        ("works_sectors", S1, {"mid_lat": 56.4}, "place of a sector", "mid_lat", "error"),
        ("works_sectors", S1, {"mid_lat": 55.0}, "place of a sector", "mid_lat", "error"),
        ("works_sectors", S1, {"outline": "55.7 24.2;55.5 24.4"}, "place of a sector", "mid_lat", "error"),
        ("works_sectors", S1, {"outline": "24.2,55.7;24.4,55.5"}, "outline", "outline", "error"),
        ("works_sectors", S1, {"outline": "24.2 55.7"}, "outline", "outline", "error"),
        ("works_sectors", S1, {"outline": "24.2 55.7;inf 55.5"}, "outline", "outline", "error"),
        ("works_sectors", S1, {"mid_lon": 24.31}, "coarse sectors", "mid_lon", "error"),
        ("works_sectors", S1, {"outline": "24.2 55.7;24.301 55.6"}, "coarse sectors", "outline", "error"),
        ("works_elements", BUNKER, {"layer": "obstacle", "weight": 2.0}, "weight of a layer", "weight", "error"),
        ("works_quantities", BUNKER, {"built": 100.5}, "built <= quantity", "built", "error"),
        ("works_quantities", BUNKER, {"quantity_low": 101.0}, "low <= value <= high", "quantity", "error"),
        ("works_quantities", BUNKER, {"target_year": 2026, "target_month": 2}, "target after the start", "target_year", "error"),
        ("works_quantities", DITCH, {"target_year": 2025}, "target after the start", "target_year", "error"),
        ("works_quantities", BUNKER, {"target_year": None}, "target", "target_month", "error"),
        ("works_quantities", DITCH, {"neighbours": "QQ;QZ"}, "sectors for a quantity", "neighbours", "error"),
        ("works_quantities", DITCH, {"state": "NB", "neighbours": None}, "sectors for a quantity", "spread", "error"),
        ("works_lines", ALL, {"units_per_week": 0.0}, "production for works", "element_id", "error"),
        ("works_money", ALL, {"core_meur": 12.9}, "money for the works", "state", "warning"),
        ("works_money", ALL, {"year": 2031}, "money for the works", "state", "warning"),
        ("works_activities", INSTALL & DITCH, {"after": "ACCES"}, "order of steps", "after", "error"),
        ("works_activities", (col("activity_id") == "LAND") & DITCH, {"after": "INSTALL"}, "order of steps", "after", "error"),
        ("works_activities", INSTALL & DITCH, {"after": "INSTALL"}, "order of steps", "after", "error"),
        ("works_activities", INSTALL & DITCH, {"scope": "state"}, "scope of a step", "scope", "error"),
        ("works_activities", (col("activity_id") == "LAND") & DITCH, {"scope": "state"}, "scope of a step", "scope", "error"),
        ("works_activities", (col("activity_id") == "ACCESS") & DITCH, {"kind": "tender"}, "scope of a step", "activity_id", "error"),
        ("works_activities", INSTALL & DITCH, {"cost_share": 0.9}, "shares of cost", "cost_share", "error"),
        ("works_activities", INSTALL & DITCH, {"resource_id": None}, "resources of a step", "resource_id", "error"),
        ("works_activities", INSTALL & DITCH, {"resource_units": 2}, "resources of a step", "resource_id", "error"),
        ("works_activities", INSTALL & DITCH, {"resource_id": "divers"}, "resources of a step", "resource_id", "error"),
        ("works_activities", INSTALL & DITCH, {"calendar_id": "WATER"}, "calendars", "calendar_id", "error"),
        ("works_calendars", ALL, {"works": "n"}, "calendars", "calendar_id", "error"),
        ("works_calendars", col("month") == 12, {"calendar_id": "OTHER"}, "calendars", "calendar_id", "error"),
        ("works_land", col("owner") == "state", {"part": 0.6}, "parts of the land", "part", "error"),
        ("works_tenders", DITCH, {"failure": 1.0, "failure_high": 1.0}, "tenders", "failure", "error"),
        ("works_tenders", DITCH, {"failure_high": 1.0}, "tenders", "failure", "error"),
        ("works_levers", PRIVATE, {"table": "works_facts"}, "levers", "table", "error"),
        ("works_levers", PRIVATE, {"table": "purses"}, "levers", "table", "error"),
        ("works_levers", PRIVATE, {"column": "parts"}, "levers", "column", "error"),
        ("works_levers", PRIVATE, {"column": "part_low"}, "levers", "column", "error"),
        ("works_levers", PRIVATE, {"column": None}, "levers", "column", "error"),
        ("works_levers", PRIVATE, {"op": None}, "levers", "op", "error"),
        ("works_levers", PRIVATE, {"value": None}, "levers", "value", "error"),
        ("works_levers", PRIVATE, {"keys": "owners=private"}, "levers", "keys", "error"),
        ("works_levers", PRIVATE, {"keys": "owner=municipal"}, "levers", "keys", "error"),
        ("works_levers", PRIVATE, {"keys": "owner"}, "levers", "keys", "error"),
        ("works_levers", PRIVATE, {"value": -0.4}, "levers", "value", "error"),
        ("works_levers", SHARE, {"column": "works_land"}, "levers", "column", "error"),
        ("works_levers", SHARE, {"keys": "state=NA"}, "levers", "keys", "error"),
        ("works_levers", SHARE, {"value": 1.0}, "levers", "value", "error"),
        ("works_levers", SHARE, {"change": 2}, "changes of a lever", "change", "error"),
        ("works_levers", col("change") == 2, {"cost_meur": 1.0}, "changes of a lever", "cost_meur", "error"),
        ("works_facts", col("month") == 12, {"delivered": 9.0}, "installed <= delivered", "installed", "error"),
        ("works_facts", col("month") == 2, {"installed": 9.0}, "works stay", "installed", "warning"),
    ],
)  # fmt: skip
def test_a_wrong_cell_is_found_where_it_is(
    with_works: Change,
    table: str,
    where: pl.Expr,
    values: dict[str, object],
    rule: str,
    column: str,
    severity: str,
) -> None:
    # Money and output are at fault where the works stand that lack them.
    at = "works_quantities" if rule in {"money for the works", "production for works"} else table
    hits = findings(with_works(table, where, **values), rule, at)
    assert (severity, column) in {(hit["severity"], hit["column"]) for hit in hits}


@pytest.mark.parametrize(
    ("table", "rows", "rule", "at", "severity"),
    [
        ("works_settings", setting("facts_until_month"), "works settings", "works_settings", "error"),
        ("works_sectors", S1, "sectors for a quantity", "works_quantities", "error"),
        ("works_activities", INSTALL & DITCH, "one installation", "works_elements", "error"),
        ("works_resources", ALL, "resources of a step", "works_activities", "error"),
        ("works_calendars", ALL, "calendars", "works_activities", "error"),
        ("works_land", ALL, "parts of the land", "works_quantities", "error"),
        ("works_tenders", DITCH, "tenders", "works_quantities", "warning"),
        ("works_money", ALL, "money for the works", "works_quantities", "warning"),
        ("works_levers", PRIVATE, "changes of a lever", "works_levers", "error"),
    ],
)
def test_missing_rows_are_named(
    line: Region, table: str, rows: pl.Expr, rule: str, at: str, severity: str
) -> None:
    without = line.replace(**{table: line.tables[table].filter(~rows)})
    assert {hit["severity"] for hit in findings(without, rule, at)} == {severity}


def test_a_circle_of_steps_is_named(with_works: Change) -> None:
    region = with_works("works_activities", (col("activity_id") == "TENDER") & DITCH, after="INSTALL")
    (hit,) = findings(region, "order of steps", "works_activities")
    assert "DITCH" in str(hit["message"])
    names = {part for part in ("TENDER", "ACCESS", "INSTALL") if part in str(hit["message"])}
    assert names == {"TENDER", "ACCESS", "INSTALL"}


def test_swapped_coordinates_are_called_so(with_works: Change) -> None:
    swapped = findings(
        with_works("works_sectors", S1, mid_lat=24.3, mid_lon=55.6), "place of a sector", "works_sectors"
    )
    far = findings(with_works("works_sectors", S1, mid_lat=40.0), "place of a sector", "works_sectors")
    assert "swapped" in str(swapped[0]["message"])
    assert "swapped" not in str(far[0]["message"])


def test_missing_resources_name_state_and_need(with_works: Change) -> None:
    region = with_works("works_resources", ALL, capacity=0, capacity_low=0.0)
    messages = {str(hit["message"]) for hit in findings(region, "resources of a step", "works_activities")}
    assert messages == {"NA has 0 of crews and needs 1"}


def test_the_low_end_of_a_resource_counts(with_works: Change) -> None:
    region = with_works("works_resources", ALL, capacity_low=0.0)
    assert findings(region, "resources of a step", "works_activities")


def test_works_that_are_finished_need_nothing(line: Region) -> None:
    done = line.tables["works_quantities"].with_columns(built=col("quantity"))
    empty = {name: TABLES[name].empty() for name in ("works_money", "works_lines", "works_tenders")}
    assert line.replace(works_quantities=done, **empty).findings.is_empty()


def test_a_store_that_holds_enough_needs_no_output(with_works: Change) -> None:
    assert with_works("works_lines", ALL, units_per_week=0.0, in_store=80.0).findings.is_empty()
    assert not with_works("works_lines", ALL, units_per_week=0.0, in_store=79.0).sound


def test_money_that_just_pays_is_enough(with_works: Change) -> None:
    # 18 km at EUR 1 million and 80 bunkers at 0.1 million: 26 million, 13 in each of two years.
    assert with_works("works_money", ALL, core_meur=13.0).findings.is_empty()


@pytest.mark.parametrize(("value", "sound"), [(1.0, True), (0.5, False), (-3.0, False)])
def test_a_lever_adds_whole_units_only(with_works: Change, value: float, sound: bool) -> None:
    crews = {"table": "works_resources", "keys": "resource_id=crews", "column": "capacity"}
    assert with_works("works_levers", PRIVATE, **crews, value=value).sound == sound


def test_without_municipalities_and_borders_sectors_are_not_held_to_them(line: Region) -> None:
    bare = line.replace(
        municipalities=TABLES["municipalities"].empty(), border_lengths=TABLES["border_lengths"].empty()
    )
    assert bare.findings.filter(col("file") == "works_sectors.csv").is_empty()


def test_without_kinds_of_works_all_is_quiet(line: Region) -> None:
    broken = line.tables["works_activities"].with_columns(cost_share=pl.lit(0.9))
    region = line.replace(works_elements=TABLES["works_elements"].empty(), works_activities=broken)
    assert region.findings.is_empty()
    assert line.replace(**{name: TABLES[name].empty() for name in WORKS}).findings.is_empty()


HOSTILE = (
    "", "=1+1", "x" * 300, ";;;", "a b c;d", "\N{RIGHT-TO-LEFT OVERRIDE}", "1e999 1;2 2", "nan nan;nan nan",
)  # fmt: skip


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize(
    ("table", "column"),
    [
        ("works_sectors", "outline"),
        ("works_activities", "after"),
        ("works_quantities", "neighbours"),
        ("works_levers", "keys"),
    ],
)
def test_hostile_text_is_a_finding_and_no_crash(
    with_works: Change, table: str, column: str, text: str
) -> None:
    region = with_works(table, ALL, **{column: text})
    if text in {"=1+1", "x" * 300, "a b c;d"}:
        assert not region.sound

"""Checks of the sky tables: each rule broken once, found where it is broken, and quiet otherwise."""

from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vallum.region import TABLES, Region, write_folder
from vallum.region.checks.sky_places import _wrong_outline

Change = Callable[..., Region]
col = pl.col
ALL = pl.lit(value=True)
SKY = tuple(name for name in TABLES if name.startswith(("sky_", "sensor_", "warning_", "shelter_")))

LOW, EARS, P_NA = col("band_id") == "LOW", col("type_id") == "EARS", col("purse_id") == "P_NA"
ALERT, CALL = col("event") == "alert", col("event") == "report"
SEAM, REPORT = col("step") == "seam", col("step") == "report"
TOWN = col("lau_id") == "0001"


def setting(key: str) -> pl.Expr:
    return col("key") == key


def findings(region: Region, rule: str, table: str) -> list[dict[str, object]]:
    """Findings of a rule in a table; every one of them has a remedy."""
    hits = region.findings.filter((col("rule") == rule) & (col("file") == f"{table}.csv"))
    assert hits.height, region.findings.to_dicts()
    assert hits["remedy"].str.ends_with(".").all()
    return hits.to_dicts()


def test_the_small_region_with_a_sky_is_sound_and_silent(sky: Region, tmp_path: Path) -> None:
    assert sky.findings.is_empty(), sky.findings.to_dicts()
    write_folder(sky.tables, tmp_path / "sky", title="Sky")
    read = Region.read(tmp_path / "sky")
    assert read.findings.is_empty()
    assert read.content_hash == sky.content_hash


@pytest.mark.parametrize(
    ("table", "where", "values", "rule", "column", "severity"),
    [
        ("sky_settings", setting("depth_km"), {"key": "depth"}, "sky settings", "key", "error"),
        ("sky_settings", setting("inland_part"), {"value": 1.1}, "sky settings", "value", "error"),
        ("sky_settings", setting("inland_part"), {"low": -0.1}, "sky settings", "low", "error"),
        ("sky_settings", setting("left_out_share"), {"high": 1.1}, "sky settings", "high", "error"),
        ("sky_settings", setting("left_out_share"), {"low": 0.6}, "low <= value <= high", "value", "error"),
        ("sky_settings", setting("kinds_needed"), {"value": 1.5}, "sky settings", "value", "error"),
        ("sky_settings", setting("kinds_needed"), {"value": 3.0}, "kinds needed", "value", "error"),
        ("sky_settings", setting("last_year"), {"value": 2026.0}, "horizon", "value", "error"),
        ("sky_settings", setting("last_year"), {"value": 2057.0}, "horizon", "value", "error"),
        ("sky_bands", LOW, {"part": 0.8}, "parts of bands", "part", "error"),
        ("sky_bands", LOW, {"height_m": 0.0}, "bounds", "height_m", "error"),
        ("sensor_types", EARS, {"unit_cost_meur": -0.1}, "bounds", "unit_cost_meur", "error"),
        ("sensor_types", EARS, {"unit_cost_meur": 0.0}, "bounds", "unit_cost_meur", "error"),
        ("sensor_types", EARS, {"upkeep_share": -0.1}, "bounds", "upkeep_share", "error"),
        ("sensor_types", EARS, {"crew": -1.0}, "bounds", "crew", "error"),
        ("sensor_types", EARS, {"most": 0}, "bounds", "most", "error"),
        ("sensor_types", EARS, {"unit_cost_meur_low": 0.2}, "low <= value <= high", "unit_cost_meur", "error"),
        ("sensor_types", EARS, {"kind_id": "eyes"}, "unknown key", "kind_id", "error"),
        ("sensor_types", EARS, {"standards": "sapient;two words"}, "names of standards", "standards", "error"),
        ("sensor_ranges", EARS & LOW, {"range_km": -6.0}, "bounds", "range_km", "error"),
        ("sensor_ranges", EARS & LOW, {"range_km_high": 5.0}, "low <= value <= high", "range_km", "error"),
        ("sensor_ranges", EARS & LOW, {"band_id": "HIGH"}, "duplicate key", "band_id", "error"),
        ("sensor_sight", LOW, {"seen": 1.2}, "bounds", "seen", "error"),
        ("sky_purses", P_NA, {"part": 0.3}, "parts of purses", "part", "error"),
        ("sky_purses", P_NA, {"part": 0.0}, "empty purse", "part", "error"),
        ("sky_purses", P_NA, {"state": "PX"}, "role of state", "state", "error"),
        ("sky_purses", P_NA, {"state": "QQ"}, "unknown key", "state", "error"),
        ("sky_purses", P_NA, {"kinds": "radar;eyes"}, "unknown key", "kinds", "error"),
        ("sky_purses", col("purse_id") == "P_ALL", {"kinds": "radar"}, "nested purses", "kinds", "warning"),
        ("sky_years", col("year") == 2027, {"part": 0.5}, "parts of years", "part", "error"),
        ("sky_years", col("year") == 2027, {"year": 2026}, "years of buying", "year", "error"),
        ("municipalities", ALL, {"population": 0}, "people", "population", "error"),
        ("municipalities", ALL, {"population": None}, "people", "population", "error"),
        ("municipalities", ALL, {"area_km2": None}, "area", "area_km2", "error"),
        ("sky_points", ALL, {"lat": 24.54321, "lon": 56.12345}, "swapped coordinates", "lat", "error"),
        ("sky_points", ALL, {"lat": 40.0}, "far from the region", "lat", "warning"),
        ("sky_points", ALL, {"lat": 91.0}, "bounds", "lat", "error"),
        ("sky_points", ALL, {"state": "NA"}, "no site at a point", "state", "error"),
        ("sky_areas", ALL, {"state": "NA"}, "no site at a point", "state", "error"),
        ("sky_areas", ALL, {"weight": 0.0}, "bounds", "weight", "error"),
        ("sky_areas", ALL, {"outline": "56.1 24.5;56.1 24.6;56.2 24.6"}, "swapped coordinates", "outline", "error"),
        ("sky_areas", ALL, {"outline": "24.5 56.1;24.6 56.1"}, "outline", "outline", "error"),
        ("sky_areas", ALL, {"outline": "24.5 56.1;24.6 56.1;24.5 56.1;24.6 56.1"}, "outline", "outline", "error"),
        ("sky_areas", ALL, {"outline": "24.5 56.1;24.6 56.2;24.6 56.1;24.5 56.2"}, "outline", "outline", "error"),
        ("sky_areas", ALL, {"outline": "24.5 56;24.6 56;24.7 56"}, "outline", "outline", "error"),
        ("sky_areas", ALL, {"outline": "24.5 56.1;24.6 56.1;24.6 95"}, "outline", "outline", "error"),
        ("sky_areas", ALL, {"outline": "24.5,56.1;24.6,56.1;24.6,56.2"}, "outline", "outline", "error"),
        ("warning_delays", REPORT, {"minutes": 10.0}, "low <= value <= high", "minutes", "error"),
        ("warning_delays", REPORT, {"minutes": -1.0}, "bounds", "minutes", "error"),
        ("warning_delays", REPORT, {"state": "NA"}, "delays of every step", "step", "error"),
        ("warning_delays", SEAM, {"state": "NA", "to_state": "NB"}, "delays of every step", "step", "error"),
        ("warning_delays", SEAM, {"state": "NA", "to_state": "NA"}, "states of a seam", "to_state", "error"),
        ("warning_delays", REPORT, {"to_state": "NB"}, "states of a seam", "to_state", "error"),
        ("warning_events", ALERT, {"municipalities": "0001;0002"}, "municipalities of an event", "municipalities", "error"),
        ("warning_events", ALERT, {"state": "NB"}, "municipalities of an event", "municipalities", "error"),
        ("warning_events", ALERT, {"municipalities": None}, "municipalities of an event", "municipalities", "error"),
        ("warning_events", ALERT, {"minute": 209.0}, "events of a case", "minute", "warning"),
        ("warning_events", CALL, {"event": "impact"}, "events of a case", "case_id", "error"),
        ("warning_events", ALERT, {"event": "impact"}, "events of a case", "case_id", "error"),
        ("shelter_reach", TOWN, {"lau_id": "0002"}, "municipalities of shelter", "lau_id", "error"),
        ("shelter_reach", TOWN, {"places": 1.2}, "bounds", "places", "error"),
    ],
)  # fmt: skip
def test_a_wrong_cell_is_found_where_it_is(
    with_sky: Change,
    table: str,
    where: pl.Expr,
    values: dict[str, object],
    rule: str,
    column: str,
    severity: str,
) -> None:
    hits = findings(with_sky(table, where, **values), rule, table)
    assert (severity, column) in {(hit["severity"], hit["column"]) for hit in hits}


@pytest.mark.parametrize(
    ("table", "rows", "rule", "at"),
    [
        ("sky_settings", setting("path_km"), "sky settings", "sky_settings"),
        ("sky_bands", ALL, "parts of bands", "sky_bands"),
        ("sensor_types", EARS, "kinds on offer", "sensor_kinds"),
        ("sensor_sight", LOW, "sight in every band", "sensor_kinds"),
        ("sensor_ranges", EARS & LOW, "range in every band", "sensor_types"),
        ("sky_purses", ALL, "parts of purses", "sky_purses"),
        ("sky_purses", P_NA, "parts of purses", "sky_purses"),
        ("sky_years", ALL, "parts of years", "sky_years"),
        ("municipalities", ALL, "municipalities for warning", "municipalities"),
        ("warning_delays", REPORT, "delays of every step", "warning_delays"),
        ("warning_events", CALL, "events of a case", "warning_events"),
        ("shelter_reach", col("state") == "NB", "shelter of every member", "shelter_reach"),
        ("shelter_reach", ~TOWN, "shelter of every member", "shelter_reach"),
    ],
)
def test_missing_rows_are_named(sky: Region, table: str, rows: pl.Expr, rule: str, at: str) -> None:
    # The row with an empty cell is kept where the condition says nothing of it.
    kept = sky.tables[table].filter(~rows.fill_null(value=True))
    assert {hit["severity"] for hit in findings(sky.replace(**{table: kept}), rule, at)} == {"error"}


def test_a_kind_that_nobody_sells_is_named(with_sky: Change) -> None:
    (hit,) = findings(with_sky("sensor_types", EARS, sold="n"), "kinds on offer", "sensor_kinds")
    assert hit["value"] == "acoustic"


def test_what_lacks_a_range_is_named_with_its_band(sky: Region) -> None:
    fewer = sky.tables["sensor_ranges"].filter(~(EARS & LOW))
    (hit,) = findings(sky.replace(sensor_ranges=fewer), "range in every band", "sensor_types")
    assert (hit["row"], hit["message"]) == (2, "EARS has no range in the band LOW")


def test_purses_for_different_things_are_nested(sky: Region) -> None:
    purses = sky.tables["sky_purses"].with_columns(
        kinds=pl.Series(["acoustic", None, "radar"], dtype=pl.String), state=pl.Series(["NA", "NB", "NA"])
    )
    assert sky.replace(sky_purses=purses).findings.is_empty()


def test_more_purses_than_can_be_asked_of_are_an_error(sky: Region) -> None:
    one = sky.tables["sky_purses"].tail(1)
    purses = pl.concat(
        [one.with_columns(purse_id=pl.lit(f"P{i:02}"), part=pl.lit(1 / 13)) for i in range(13)]
    )
    (hit,) = findings(sky.replace(sky_purses=purses), "number of purses", "sky_purses")
    assert hit["value"] == "P12"


def test_points_are_as_fine_as_a_user_likes_where_no_municipality_is_listed(
    sky: Region, with_sky: Change
) -> None:
    rule = "no point off a municipality centre"
    assert with_sky("sky_points", ALL, lat=56.123456789).findings.is_empty()
    assert findings(with_sky("sky_points", ALL, state="NA"), rule, "sky_points")
    # An outline may be fine; any other text about an area may not.
    told = sky.tables["sky_areas"].with_columns(name=pl.lit("At 56.12345, 24.54321"))
    assert findings(sky.replace(sky_areas=told), rule, "sky_areas")


def test_a_region_of_points_alone_needs_no_municipalities(sky: Region) -> None:
    none = ("municipalities", "warning_delays", "warning_events", "shelter_reach")
    bare = sky.replace(**{name: TABLES[name].empty() for name in none})
    assert bare.findings.is_empty(), bare.findings.to_dicts()


def test_an_area_may_be_closed_by_its_first_corner(with_sky: Change) -> None:
    assert with_sky("sky_areas", ALL, outline="24.5 56.1;24.6 56.1;24.6 56.2;24.5 56.1").findings.is_empty()


def test_seams_may_be_given_pair_by_pair(sky: Region) -> None:
    delays = sky.tables["warning_delays"]
    pair = delays.filter(SEAM).with_columns(state=pl.lit("NA"), to_state=pl.lit("NB"))
    back = pair.with_columns(state=pl.lit("NB"), to_state=pl.lit("NA"))
    both = pl.concat([delays.filter(~SEAM), pair, back])
    assert sky.replace(warning_delays=both).findings.is_empty()
    hits = findings(
        sky.replace(warning_delays=pl.concat([delays.filter(~SEAM), pair])),
        "delays of every step",
        "warning_delays",
    )
    assert {hit["message"] for hit in hits} == {
        f"The step seam has no duration for NB to NA ({how})" for how in ("today", "joint")
    }


def test_without_sensors_on_offer_all_is_quiet(sky: Region) -> None:
    wrong = sky.tables["sky_bands"].with_columns(part=pl.lit(0.9))
    empty = TABLES["sensor_types"].empty()
    region = sky.replace(sensor_types=empty, sensor_ranges=TABLES["sensor_ranges"].empty(), sky_bands=wrong)
    assert region.findings.is_empty(), region.findings.to_dicts()
    assert sky.replace(**{name: TABLES[name].empty() for name in SKY}).findings.is_empty()


@given(
    st.integers(3, 12),
    st.floats(-60, 60),
    st.floats(-160, 160),
    st.lists(st.floats(0.2, 3), min_size=12, max_size=12),
)
def test_corners_in_order_round_a_point_are_an_area(
    number: int, lat: float, lon: float, radii: list[float]
) -> None:
    # A star of any radii does not cross itself as long as each corner turns by less than half a circle.
    turns = [2 * 3.141592653589793 * i / number for i in range(number)]
    rays = pl.DataFrame({"turn": turns, "r": radii[:number]}).select(
        lon=lon + col("r") * col("turn").cos(), lat=lat + col("r") * col("turn").sin()
    )
    outline = [(float(x), float(y)) for x, y in rays.iter_rows()]
    assert _wrong_outline(outline) is None
    # To swap the first two of four corners or more makes sides cross; three are an area in any order.
    swapped = _wrong_outline([outline[1], outline[0], *outline[2:]])
    assert (swapped is None) == (number == 3) or number > 4


HOSTILE = (
    "", "=1+1", "x" * 300, ";;;", "a b c;d", "\N{RIGHT-TO-LEFT OVERRIDE}", "1e999 1;2 2;3 3", "nan nan;nan nan;1 1",
    "1e308 1e308;-1e308 1;1 -1e308", "0 0;0 0;0 0",
)  # fmt: skip


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_is_a_finding_and_no_crash(sky: Region, text: str) -> None:
    columns = {
        "sky_areas": "outline",
        "sky_purses": "kinds",
        "sensor_types": "standards",
        "warning_events": "municipalities",
        "sky_settings": "key",
        "warning_delays": "to_state",
    }
    region = sky.replace(
        **{name: sky.tables[name].with_columns(pl.lit(text).alias(one)) for name, one in columns.items()}
    )
    assert not region.sound
    # An empty cell is an empty cell, and found as such.
    assert not text or findings(region, "outline", "sky_areas")


def test_the_shipped_region_holds_no_point_and_no_area() -> None:
    baltic = Region.read("baltic")
    assert baltic.tables["sensor_types"].height
    assert baltic.tables["sky_points"].is_empty()
    assert baltic.tables["sky_areas"].is_empty()
    assert baltic.findings.filter(col("file").is_in([f"{name}.csv" for name in SKY])).is_empty()

"""Checks of roads and evacuation: each rule broken once, found where it is broken, and quiet otherwise."""

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import polars as pl
import pytest
from evac_rows import EVAC_SETTINGS

from vallum.region import TABLES, Region, write_folder
from vallum.region.checks.evacuation import BOUNDS

Change = Callable[..., Region]
col = pl.col
ALL = pl.lit(value=True)
EVAC = ("roads", "road_nodes", *(name for name in TABLES if name.startswith("evac_")))

TOWN, PORT = col("lau_id") == "0001", col("lau_id") == "0002"
AB, BC, CD = (col("from_node") == node for node in "ABC")
A, B, D = (col("node_id") == node for node in "ABD")
HELD, TURNED = col("window_id") == "HELD", col("window_id") == "TURNED"


def setting(key: str) -> pl.Expr:
    return col("key") == key


def findings(region: Region, rule: str, table: str) -> list[dict[str, object]]:
    """Findings of a rule in a table; every one of them has a remedy."""
    hits = region.findings.filter((col("rule") == rule) & (col("file") == f"{table}.csv"))
    assert hits.height, region.findings.to_dicts()
    assert hits["remedy"].str.ends_with(".").all()
    return hits.to_dicts()


def test_the_small_evacuation_is_sound_and_silent(evac: Region, tmp_path: Path) -> None:
    assert evac.findings.is_empty(), evac.findings.to_dicts()
    write_folder(evac.tables, tmp_path / "evac", title="Evacuation")
    read = Region.read(tmp_path / "evac")
    assert read.findings.is_empty()
    assert read.content_hash == evac.content_hash


def test_every_setting_has_bounds() -> None:
    assert set(EVAC_SETTINGS) == set(BOUNDS)


@pytest.mark.parametrize(
    ("table", "where", "values", "rule", "column", "severity"),
    [
        ("evac_settings", setting("intake_h"), {"key": "intake"}, "evacuation settings", "key", "error"),
        ("evac_settings", setting("calibration"), {"value": 1.1}, "evacuation settings", "value", "error"),
        ("evac_settings", setting("calibration"), {"high": 1.1}, "evacuation settings", "high", "error"),
        ("evac_settings", setting("bus_seats"), {"value": 40.5}, "evacuation settings", "value", "error"),
        ("evac_settings", setting("step_min"), {"value": 25.0}, "evacuation settings", "value", "error"),
        ("road_nodes", A, {"lat": 24.25, "lon": 55.5}, "place of a node", "lat", "error"),
        ("road_nodes", A, {"lat": 50.0}, "place of a node", "lat", "error"),
        ("road_nodes", B, {"lat": 55.701}, "no point off a municipality centre", "lat", "error"),
        ("road_nodes", B, {"lon": 24.505}, "no point off a municipality centre", "lon", "error"),
        ("roads", AB, {"to_node": "A"}, "two ends", "to_node", "error"),
        ("roads", BC, {"from_node": "B", "to_node": "A"}, "roads counted once", "road", "error"),
        ("roads", BC, {"from_node": "B", "to_node": "A", "road": "2"}, "roads counted once", "road", "error"),
        ("roads", AB, {"to_node": "X"}, "unknown key", "to_node", "error"),
        ("roads", AB, {"km": 24.0}, "length of a road", "km", "error"),
        ("roads", AB, {"km": 90.0}, "length of a road", "km", "error"),
        ("road_nodes", B, {"lon": 25.4}, "length of a road", "km", "error"),
        ("roads", AB, {"kmh": 131.0}, "speed and capacity of a road", "kmh", "error"),
        ("roads", AB, {"kmh": -1.0}, "bounds", "kmh", "error"),
        ("roads", AB, {"vehicles_lane_h": 0.0}, "bounds", "vehicles_lane_h", "error"),
        ("roads", AB, {"vehicles_lane_h": 18000.0}, "speed and capacity of a road", "vehicles_lane_h", "error"),
        ("roads", AB, {"lanes": 0}, "bounds", "lanes", "error"),
        ("evac_links", TOWN, {"kmh": 131.0}, "speed and capacity of a road", "kmh", "error"),
        ("evac_links", TOWN, {"node_id": "D"}, "length of a road", "km", "error"),
        ("evac_links", TOWN, {"km": 3.0}, "length of a road", "km", "error"),
        ("evac_links", TOWN, {"lau_id": "9999"}, "known municipality", "lau_id", "error"),
        ("evac_links", TOWN, {"state": "NB"}, "links at home", "node_id", "error"),
        ("evac_places", PORT, {"lau_id": "9999"}, "known municipality", "lau_id", "error"),
        ("evac_origins", ALL, {"lau_id": "9999"}, "known municipality", "lau_id", "error"),
        ("evac_origins", ALL, {"state": "NB"}, "known municipality", "lau_id", "error"),
        ("evac_origins", ALL, {"scenario_id": "FIRE"}, "unknown key", "scenario_id", "error"),
        ("evac_origins", ALL, {"part_low": 0.3}, "low <= value <= high", "part", "error"),
        ("evac_origins", ALL, {"order_h": 24.0}, "hours of a scenario", "order_h", "error"),
        ("evac_origins", ALL, {"part": 1.2}, "bounds", "part", "error"),
        ("evac_trains", ALL, {"to_node": "A"}, "two ends", "to_node", "error"),
        ("evac_trains", ALL, {"hours": 0.2}, "speed of a train", "hours", "error"),
        ("evac_trains", ALL, {"to_node": "X"}, "unknown key", "to_node", "error"),
        ("evac_windows", HELD, {"to_node": "C"}, "road of a window", "to_node", "error"),
        ("evac_windows", HELD, {"lanes": 3}, "lanes of a window", "lanes", "error"),
        ("evac_windows", HELD, {"reason": "closure", "lanes": 3}, "lanes of a window", "lanes", "error"),
        ("evac_windows", TURNED, {"lanes": 2}, "lanes of a window", "lanes", "error"),
        ("evac_windows", TURNED, {"both_ways": "y"}, "lanes of a window", "both_ways", "error"),
        ("evac_windows", HELD, {"from_h": 6.0}, "hours of a scenario", "to_h", "error"),
        ("evac_windows", HELD, {"to_h": 25.0}, "hours of a scenario", "to_h", "error"),
        ("evac_windows", HELD, {"reason": "target"}, "allowed values", "reason", "error"),
    ],
)  # fmt: skip
def test_a_wrong_cell_is_found_where_it_is(
    with_evac: Change,
    table: str,
    where: pl.Expr,
    values: dict[str, object],
    rule: str,
    column: str,
    severity: str,
) -> None:
    # A node in the wrong place shows in the lengths of its roads.
    at = "roads" if (table, rule) == ("road_nodes", "length of a road") else table
    hits = findings(with_evac(table, where, **values), rule, at)
    assert (severity, column) in {(hit["severity"], hit["column"]) for hit in hits}


@pytest.mark.parametrize(
    ("table", "rows", "rule", "at", "severity"),
    [
        ("evac_settings", setting("intake_h"), "evacuation settings", "evac_settings", "error"),
        ("roads", CD, "roads hang together", "road_nodes", "error"),
        ("roads", BC, "roads hang together", "road_nodes", "warning"),
        ("evac_links", TOWN, "way to the roads", "evac_origins", "error"),
        ("evac_links", PORT, "way to the roads", "evac_places", "warning"),
        ("evac_households", ALL, "households of a state", "evac_origins", "error"),
        ("evac_origins", ALL, "somebody leaves", "evac_scenarios", "error"),
        ("evac_places", PORT, "places for all", "evac_scenarios", "warning"),
        ("municipalities", PORT, "known municipality", "evac_places", "error"),
    ],
)
def test_missing_rows_are_named(
    evac: Region, table: str, rows: pl.Expr, rule: str, at: str, severity: str
) -> None:
    without = evac.replace(**{table: evac.tables[table].filter(~rows)})
    assert {hit["severity"] for hit in findings(without, rule, at)} == {severity}


def test_pieces_that_are_cut_off_are_named(evac: Region) -> None:
    split = evac.replace(roads=evac.tables["roads"].filter(~BC))
    (hit,) = findings(split, "roads hang together", "road_nodes")
    assert hit["message"] == "2 nodes are cut off from the rest: C, D"


def test_a_long_piece_is_named_in_part(evac: Region) -> None:
    nodes, roads = evac.tables["road_nodes"], evac.tables["roads"]

    def row_of(letter: str, length: int) -> tuple[list[pl.DataFrame], list[pl.DataFrame]]:
        names = [f"{letter}{i:02d}" for i in range(length)]
        ways = [
            roads.filter(CD).with_columns(from_node=pl.lit(a), to_node=pl.lit(b), km=pl.lit(1.0))
            for a, b in pairwise(names)
        ]
        return [nodes.filter(D).with_columns(node_id=pl.lit(name)) for name in names], ways

    (long, long_ways), (short, short_ways) = row_of("L", 12), row_of("S", 10)
    region = evac.replace(
        road_nodes=pl.concat([nodes, *long, *short]), roads=pl.concat([roads, *long_ways, *short_ways])
    )
    # The longest piece counts as the rest.
    messages = [str(hit["message"]) for hit in findings(region, "roads hang together", "road_nodes")]
    assert messages == [
        "4 nodes are cut off from the rest: A, B, C, D",
        "10 nodes are cut off from the rest: S00, S01, S02, S03, S04, S05, S06, S07 and more",
    ]


@pytest.mark.parametrize(
    ("road", "message", "remedy"),
    [
        ("1", "The road from A to B is there already", "Delete the row: a road holds for both directions."),
        (
            "2",
            "The roads 1 and 2 both join B and A",
            "Add the lanes of one to the other, and delete its row.",
        ),
    ],
)
def test_two_roads_between_two_nodes_are_named(evac: Region, road: str, message: str, remedy: str) -> None:
    roads = evac.tables["roads"]
    back = roads.filter(AB).with_columns(from_node=pl.lit("B"), to_node=pl.lit("A"), road=pl.lit(road))
    (hit,) = findings(evac.replace(roads=pl.concat([roads, back])), "roads counted once", "roads")
    assert (hit["message"], hit["remedy"]) == (message, remedy)


def test_swapped_coordinates_are_called_so(with_evac: Change) -> None:
    swapped = findings(with_evac("road_nodes", A, lat=24.25, lon=55.5), "place of a node", "road_nodes")
    far = findings(with_evac("road_nodes", A, lat=50.0), "place of a node", "road_nodes")
    assert "swapped" in str(swapped[0]["message"])
    assert "swapped" not in str(far[0]["message"])


def test_people_and_places_are_both_named(with_evac: Change) -> None:
    # 10,000 x 0.26 leave; the 500 places of the town that they leave do not count.
    (hit,) = findings(with_evac("evac_origins", ALL, part=0.26), "places for all", "evac_scenarios")
    assert hit["message"] == "2,600 people leave, and there are 2,500 places for them"
    assert with_evac("evac_origins", ALL, part=0.25).findings.is_empty()


@pytest.mark.parametrize("population", [None, 0])
def test_people_to_leave_must_be_known(with_evac: Change, population: int | None) -> None:
    region = with_evac("municipalities", TOWN, population=population)
    (hit,) = findings(region, "people to leave", "municipalities")
    assert "Town" in str(hit["message"])
    assert with_evac("municipalities", PORT, population=population).findings.is_empty()


def test_the_other_direction_of_a_road_has_windows_too(with_evac: Change) -> None:
    assert with_evac("evac_windows", HELD, from_node="B", to_node="A").findings.is_empty()


def test_a_node_may_lie_off_every_centre_and_other_points_may_not(
    evac: Region, tables: dict[str, pl.DataFrame]
) -> None:
    # B is 27 km from the nearest centre; a plant there is refused.
    place = evac.tables["road_nodes"].filter(B).row(0, named=True)
    plant = tables["industry"].with_columns(lat=pl.lit(place["lat"]), lon=pl.lit(place["lon"]))
    assert findings(evac.replace(industry=plant), "no point off a municipality centre", "industry")


def test_roads_without_an_evacuation_are_held_to_their_own_rules(evac: Region) -> None:
    bare = {name: TABLES[name].empty() for name in EVAC if name.startswith("evac_")}
    assert evac.replace(**bare).findings.is_empty()
    longer = evac.tables["roads"].with_columns(km=pl.lit(500.0))
    assert not evac.replace(**bare, roads=longer).sound


def test_without_roads_and_scenarios_all_is_quiet(evac: Region) -> None:
    assert evac.replace(**{name: TABLES[name].empty() for name in EVAC}).findings.is_empty()


HOSTILE = ("", "=1+1", "x" * 300, "\N{RIGHT-TO-LEFT OVERRIDE}")


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize(
    ("table", "column"),
    [
        ("roads", "from_node"),
        ("road_nodes", "node_id"),
        ("evac_origins", "lau_id"),
        ("evac_windows", "to_node"),
    ],
)
def test_hostile_names_are_findings_and_no_crash(
    with_evac: Change, table: str, column: str, text: str
) -> None:
    assert not with_evac(table, ALL, **{column: text}).sound

"""Municipalities and roads of an evacuation as GeoJSON, read by json and by GDAL."""

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from tests.report import made_up_evacuation
from vallum.plan.evacuation.geojson import feature_collection

Tables = dict[str, pl.DataFrame]


@pytest.fixture(scope="module")
def tables() -> Tables:
    return made_up_evacuation.tables()


@pytest.fixture(scope="module")
def features(tables: Tables) -> dict[str, dict[str, Any]]:
    found = json.loads(feature_collection(tables))
    assert found["type"] == "FeatureCollection"
    assert "not a real choke point" in found["description"]
    return {feature["id"]: feature for feature in found["features"]}


def test_every_scenario_has_its_municipalities_and_roads(features: dict[str, Any]) -> None:
    # two scenarios of three states: who leaves, who receives, and three roads in one direction
    assert len(features) == 2 * 3 * (2 + 3)
    kinds = {(f["properties"]["what"], f["geometry"]["type"]) for f in features.values()}
    assert kinds == {("municipality", "Point"), ("road", "LineString")}
    assert features["belt/EE-0001"]["geometry"]["coordinates"] == [27.0, 58.0]
    road = features["belt/EE-east/EE-west"]
    assert road["geometry"]["coordinates"] == [[26.9, 58.1], [23.1, 58.2]]
    assert (road["properties"]["name"], road["properties"]["road"]) == ("EE east to EE west", "A3")


def test_properties_are_flat_and_the_same_everywhere(features: dict[str, Any]) -> None:
    assert len({tuple(f["properties"]) for f in features.values()}) == 1
    assert not any(isinstance(v, dict | list) for f in features.values() for v in f["properties"].values())


def test_who_leaves_is_who_departs_and_who_is_left(features: dict[str, Any]) -> None:
    town = features["belt/LV-0001"]["properties"]
    assert (town["scenario_id"], town["state"], town["people"]) == ("belt", "LV", 20_000)
    assert (town["to_leave_national"], town["unserved_national"]) == (20_000, 300)
    assert (town["to_leave_joint"], town["unserved_joint"]) == (20_000, 0)
    # 10, 30, 60 and 100 of 100 have left by hours 0.25, 2.25, 4.25 and 6.25
    assert town["left_95_h_joint"] == 6.25
    assert (town["received_joint"], town["vehicles_joint"], town["from_node"]) == (None, None, None)


def test_who_receives_has_people_and_places(features: dict[str, Any]) -> None:
    town = features["city/LV-0002"]["properties"]
    assert (town["received_national"], town["received_joint"], town["places_joint"]) == (
        9_700,
        10_000,
        20_000,
    )
    assert (town["to_leave_joint"], town["left_95_h_joint"]) == (None, None)


def test_roads_have_vehicles_hours_and_price_by_mode(features: dict[str, Any]) -> None:
    road = features["city/EE-east/EE-west"]["properties"]
    for mode in ("national", "joint"):
        found = [road[f"{name}_{mode}"] for name in ("people", "vehicles", "full_h", "price")]
        assert found == [15_000, 6_000, 4.5, 30]
    assert road["people"] is None  # who live there: nobody lives on a road
    assert features["belt/LT-0001/LT-east"]["properties"]["road"] == ""


@pytest.mark.parametrize(
    ("steps", "hour"), [([95, 5], 1.0), ([94, 6], 2.0), ([0, 100], 2.0), ([19, 0, 1], 1.0), ([1], 1.0)]
)
def test_the_hour_by_which_95_of_100_have_left(tables: Tables, steps: list[int], hour: float) -> None:
    rows = tables["departures"].head(1).drop("hour", "people")
    leave = pl.concat(
        rows.with_columns(pl.lit(i + 1.0).alias("hour"), pl.lit(n, pl.Int64).alias("people"))
        for i, n in enumerate(steps)
    ).select(tables["departures"].columns)
    found = json.loads(feature_collection({**tables, "departures": leave}))
    own = next(f for f in found["features"] if f["id"] == "belt/LT-0001")["properties"]
    assert own["left_95_h_national"] == hour


def test_it_is_the_same_every_time_and_in_any_order_of_rows(tables: Tables) -> None:
    turned = {name: frame.reverse() for name, frame in tables.items()}
    assert feature_collection(turned) == feature_collection(tables)


def test_no_coordinate_is_finer_than_the_tables(features: dict[str, Any], tables: Tables) -> None:
    given = {v for name in ("lat", "lon") for v in tables["places"][name]}
    for feature in features.values():
        found = feature["geometry"]["coordinates"]
        points = found if feature["geometry"]["type"] == "LineString" else [found]
        assert {v for point in points for v in point} <= given


def test_what_lies_nowhere_is_left_out(tables: Tables) -> None:
    known = tables["places"].filter(pl.col("place_id") != "EE-west")
    found = json.loads(feature_collection({**tables, "places": known}))
    assert len(found["features"]) == 2 * (3 * 5 - 2)


def test_hostile_names_are_text(tables: Tables) -> None:
    found = json.loads(feature_collection(made_up_evacuation.hostile(tables)))
    assert all("<" in f["properties"]["name"] for f in found["features"])


def test_nothing_planned_is_no_fault(tables: Tables) -> None:
    empty = {name: frame.clear() for name, frame in tables.items()}
    assert json.loads(feature_collection(empty))["features"] == []


def test_gdal_reads_it_as_qgis_does(tables: Tables, tmp_path: Path) -> None:
    pyogrio = pytest.importorskip("pyogrio", reason="pyogrio is not installed")
    shapely = pytest.importorskip("shapely", reason="shapely is not installed")
    path = tmp_path / "map.geojson"
    path.write_bytes(feature_collection(tables))
    info = pyogrio.read_info(path)
    assert (info["crs"], info["features"], info["driver"]) == ("EPSG:4326", 30, "GeoJSON")
    meta, _, shapes, columns = pyogrio.raw.read(path)
    fields = dict(zip(meta["fields"], columns, strict=True))
    found = shapely.from_wkb(shapes)
    assert sorted({shape.geom_type for shape in found}) == ["LineString", "Point"]
    assert all(shape.is_valid for shape in found)
    assert fields["price_joint"].dtype.kind == "f"
    assert set(fields["scenario_id"]) == {"belt", "city"}

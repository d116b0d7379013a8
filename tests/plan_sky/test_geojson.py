"""The places of a siting as GeoJSON, read by json and by GDAL."""

import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from tests.report import made_up_sky
from vallum.core.errors import BadInput
from vallum.plan.sky.geojson import feature_collection

Tables = dict[str, pl.DataFrame]


@pytest.fixture(scope="module")
def tables() -> Tables:
    return made_up_sky.tables()


@pytest.fixture(scope="module")
def features(tables: Tables) -> dict[str, dict[str, Any]]:
    found = json.loads(feature_collection(tables))
    assert set(found) == {"type", "features"}
    assert found["type"] == "FeatureCollection"
    return {feature["id"]: feature for feature in found["features"]}


def with_outline(tables: Tables, place: str, outline: str) -> Tables:
    changed = pl.when(pl.col("place_id") == place).then(pl.lit(outline)).otherwise("outline").alias("outline")
    return {**tables, "places": tables["places"].with_columns(changed)}


def test_one_feature_for_each_place_in_its_own_geometry(features: dict[str, Any], tables: Tables) -> None:
    assert list(features) == sorted(tables["places"]["place_id"])
    kinds = {f["properties"]["what"]: f["geometry"]["type"] for f in features.values()}
    assert kinds == {
        "sector": "LineString",
        "municipality": "Point",
        "area": "Polygon",
        "point": "Point",
    }
    assert features["EE-S1"]["geometry"]["coordinates"] == [[27, 56.1], [27.1, 56.1], [27.1, 56.2]]
    assert features["EE-0001"]["geometry"]["coordinates"] == [26.5, 56.1]


@pytest.mark.parametrize(
    "outline",
    ["25 56;25 56.5;25.5 56.5;25.5 56", "25 56;25.5 56;25.5 56.5;25 56.5;25 56", "25 56;25.5 56;25.5 56.5"],
)
def test_the_ring_of_an_area_is_closed_and_runs_anticlockwise(tables: Tables, outline: str) -> None:
    found = json.loads(feature_collection(with_outline(tables, "LV-A", outline)))
    ring = next(f for f in found["features"] if f["id"] == "LV-A")["geometry"]["coordinates"][0]
    assert ring[0] == ring[-1]
    assert len(ring) >= 4
    assert sorted({tuple(p) for p in ring}) == sorted(
        {tuple(map(float, p.split())) for p in outline.split(";")}
    )
    # from west to east along the south: the sum over edges of (x2 - x1)(y2 + y1) is below 0 then
    assert sum((b[0] - a[0]) * (b[1] + a[1]) for a, b in pairwise(ring)) < 0


def test_properties_are_flat_the_same_everywhere_and_those_of_the_tables(features: dict[str, Any]) -> None:
    assert len({tuple(f["properties"]) for f in features.values()}) == 1
    assert not any(isinstance(v, dict | list) for f in features.values() for v in f["properties"].values())
    sector, town = features["LV-S1"]["properties"], features["LV-0001"]["properties"]
    assert (town["name"], town["state"], town["people"], town["people_behind"]) == (
        "LV town 1",
        "LV",
        1000,
        1500,
    )
    names = ("minutes_today", "minutes_joint_alerting", "minutes_national", "minutes_joint")
    assert [town[name] for name in names] == [-8, 4, 7, 22]
    assert [sector[name] for name in names] == [-5, 7, 10, 25]
    assert (sector["cover_one_joint"], sector["cover_enough_joint"]) == pytest.approx((0.9, 0.6))
    assert (sector["cover_enough_none"], sector["cover_enough_national"]) == (0, 0.3)
    assert (sector["units_ear_national"], sector["units_ear_joint"], town["units_ear_joint"]) == (5, 7, 0)


def test_what_is_not_known_is_null(features: dict[str, Any]) -> None:
    assert features["LT-0002"]["properties"]["minutes_joint"] is None  # no track passes
    assert features["LV-A"]["properties"]["minutes_joint"] is None
    assert features["LV-P"]["properties"]["cover_one_joint"] is None


def test_no_coordinate_is_finer_than_the_tables(features: dict[str, Any], tables: Tables) -> None:
    def flat(node: Any) -> list[float]:
        return [node] if isinstance(node, int | float) else [v for part in node for v in flat(part)]

    given = {v for name in ("lat", "lon") for v in tables["places"][name]}
    given |= {float(v) for text in tables["places"]["outline"] for v in text.replace(";", " ").split()}
    assert {v for f in features.values() for v in flat(f["geometry"]["coordinates"])} <= given


def test_it_is_the_same_every_time_and_in_any_order_of_rows(tables: Tables) -> None:
    turned = {name: frame.reverse() for name, frame in tables.items()}
    assert feature_collection(turned) == feature_collection(tables)


def test_a_sector_without_an_outline_is_its_middle(tables: Tables) -> None:
    found = json.loads(feature_collection(with_outline(tables, "EE-S1", "")))
    feature = next(f for f in found["features"] if f["id"] == "EE-S1")
    assert feature["geometry"] == {"type": "Point", "coordinates": [27, 56.1]}


@pytest.mark.parametrize(
    ("outline", "said"),
    [
        ("25 56;here", "cannot be read"),
        ("25 56 1;26 57", "cannot be read"),
        ("25 56;nan 57", "off the Earth"),
        ("25 156;26 57;25 58", "off the Earth"),
        ("25 56;26 57", "no inside"),
        ("", "no inside"),
    ],
)
def test_a_damaged_outline_is_refused(tables: Tables, outline: str, said: str) -> None:
    with pytest.raises(BadInput, match=said):
        feature_collection(with_outline(tables, "LV-A", outline))


def test_hostile_names_are_text(tables: Tables) -> None:
    found = json.loads(feature_collection(made_up_sky.hostile(tables)))
    assert all("<" in f["properties"]["name"] for f in found["features"])


def test_nothing_sited_is_no_fault(tables: Tables) -> None:
    bare = {name: frame if name == "places" else frame.clear() for name, frame in tables.items()}
    found = json.loads(feature_collection(bare))
    assert len(found["features"]) == tables["places"].height
    assert {f["properties"]["minutes_today"] for f in found["features"]} == {None}
    empty = {name: frame.clear() for name, frame in tables.items()}
    assert json.loads(feature_collection(empty))["features"] == []


def test_gdal_reads_it_as_qgis_does(tables: Tables, tmp_path: Path) -> None:
    pyogrio = pytest.importorskip("pyogrio", reason="pyogrio is not installed")
    shapely = pytest.importorskip("shapely", reason="shapely is not installed")
    path = tmp_path / "places.geojson"
    path.write_bytes(feature_collection(tables))
    info = pyogrio.read_info(path)
    assert (info["crs"], info["features"], info["driver"]) == ("EPSG:4326", 14, "GeoJSON")
    assert info["total_bounds"] == pytest.approx((25.0, 56.0, 27.1, 58.3))
    meta, _, shapes, columns = pyogrio.raw.read(path)
    fields = dict(zip(meta["fields"], columns, strict=True))
    found = dict(zip(fields["place_id"], shapely.from_wkb(shapes), strict=True))
    assert all(shape.is_valid for shape in found.values())
    assert sorted(shape.geom_type for shape in found.values()).count("LineString") == 6
    assert found["LV-A"].area == pytest.approx(0.25)
    assert found["LV-A"].exterior.is_ccw
    assert fields["minutes_joint"].dtype.kind == "f"
    assert fields["units_ear_joint"].dtype.kind == "i"

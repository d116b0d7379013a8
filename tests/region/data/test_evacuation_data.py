"""The evacuation tables of `baltic`: derived ones to the byte, facts as published, no point finer than a town."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import polars as pl
import pytest

from vallum.region import Region

ROOT = Path(__file__).resolve().parents[3]
BALTIC = ROOT / "src" / "vallum" / "region" / "data" / "baltic"
FACTS = pl.read_csv(BALTIC / "background" / "evacuation_facts.csv", infer_schema=False)
col = pl.col


@pytest.fixture(scope="module")
def derive() -> ModuleType:
    spec = importlib.util.spec_from_file_location(
        "derive_evacuation", ROOT / "scripts" / "derive_evacuation.py"
    )
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["derive_evacuation"] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def baltic() -> Region:
    return Region.read("baltic")


@pytest.fixture(scope="module")
def leaving(baltic: Region) -> pl.DataFrame:
    people = baltic.tables["municipalities"].select("state", "lau_id", "nuts3", "population")
    return (
        baltic.tables["evac_origins"]
        .join(people, on=["state", "lau_id"])
        .with_columns((col("part") * col("population")).alias("people"))
    )


def test_derived_files_are_reproduced_byte_for_byte(derive: ModuleType) -> None:
    for name, text in derive.derive(derive.read_tables(BALTIC)).items():
        assert (BALTIC / name).read_bytes() == text.encode(), name


def test_a_changed_folder_is_noticed_and_restored(derive: ModuleType, tmp_path: Path) -> None:
    for name in (*derive.INPUTS, *derive.COLUMNS):
        (tmp_path / f"{name}.csv").write_bytes((BALTIC / f"{name}.csv").read_bytes())
    links = tmp_path / "evac_links.csv"
    original = links.read_bytes()
    links.write_bytes(original.replace(b",70,1300,", b",75,1300,", 1))
    assert derive.main(["--check", str(tmp_path)]) == 1
    assert links.read_bytes() != original
    assert derive.main([str(tmp_path)]) == 0
    assert links.read_bytes() == original
    assert derive.main(["--check", str(tmp_path)]) == 0


def test_great_circles_agree_with_known_ones(derive: ModuleType) -> None:
    # One degree of a meridian, and half of the equator.
    km = derive.great_circle_km(np.array([[0.0, 0.0]]), np.array([[1.0, 0.0], [0.0, 180.0]]))
    assert km[0].tolist() == pytest.approx([111.195, 20015.1], rel=1e-5)


def test_every_municipality_has_a_way_and_places(baltic: Region) -> None:
    places = baltic.tables["municipalities"].select("state", "lau_id")
    for name in ("evac_links", "evac_places"):
        assert places.join(baltic.tables[name], on=["state", "lau_id"], how="anti").is_empty(), name


def test_the_belt_is_named_as_counted_and_the_published_number_beside_it(
    leaving: pl.DataFrame, derive: ModuleType
) -> None:
    belt = leaving.filter(scenario_id="lt-border-40km")
    assert belt.height == 20
    assert belt["state"].unique().to_list() == ["LT"]
    depth = FACTS.filter(fact="national plan: front-line belt depth")["value"].item()
    assert float(depth) == derive.BELT_KM
    published = FACTS.filter(col("fact").str.contains("municipalities in the belt"))["value"].item()
    page = (ROOT / "docs" / "reference" / "data-baltic.md").read_text(encoding="utf-8")
    assert f"{published} municipalities. **By centres it is {belt.height}**" in page
    quarter = FACTS.filter(col("fact").str.contains("share municipalities must"))["value"].item()
    assert set(belt["part"]) == {float(quarter) / 100}


def test_vilnius_is_the_published_number(leaving: pl.DataFrame) -> None:
    city = leaving.filter(scenario_id="vilnius", lau_id="13")
    assert city["people"].item() == pytest.approx(540_000, rel=1e-3)
    low = FACTS.filter(fact="Vilnius plan: residents to be moved (alternative figure)")["value"].item()
    assert (city["part_low"] * city["population"]).item() == pytest.approx(float(low), rel=1e-3)


def test_regions_are_whole(leaving: pl.DataFrame, baltic: Region) -> None:
    sizes = baltic.tables["municipalities"]["nuts3"].value_counts()
    whole = dict(sizes.iter_rows())
    for scenario, region in (("narva-ida-viru", "EE00A"), ("daugavpils-latgale", "LV005")):
        assert leaving.filter(scenario_id=scenario)["nuts3"].to_list() == [region] * whole[region]


def test_the_whole_border_is_in_all_three_states(leaving: pl.DataFrame) -> None:
    border = leaving.filter(scenario_id="all-border")
    assert set(border["state"]) == {"EE", "LV", "LT"}
    belt = leaving.filter(scenario_id="lt-border-40km")["lau_id"].to_list()
    assert border.filter(state="LT")["lau_id"].to_list() == belt


def test_nodes_are_towns_and_no_more(baltic: Region) -> None:
    nodes = baltic.tables["road_nodes"]
    assert nodes.height == 177
    assert nodes.select((col("lat", "lon") - col("lat", "lon").round(2)).abs().max() < 1e-9).row(0) == (
        True,
        True,
    )


def test_roads_over_borders_join_the_states(baltic: Region) -> None:
    roads, nodes = baltic.tables["roads"], baltic.tables["road_nodes"].select("node_id", "state")
    assert roads.height == 258
    ends = roads.join(nodes, left_on="from_node", right_on="node_id", suffix="_from").join(
        nodes, left_on="to_node", right_on="node_id", suffix="_to"
    )
    over = ends.filter(col("state_from") != col("state_to"))
    assert {frozenset(pair) for pair in over.select("state_from", "state_to").iter_rows()} == {
        frozenset({"EE", "LV"}),
        frozenset({"LV", "LT"}),
    }


def test_windows_that_ship_close_nothing(baltic: Region) -> None:
    windows = baltic.tables["evac_windows"]
    assert set(windows["reason"]) == {"troops"}
    assert windows["note"].str.starts_with("An example").all()


def test_assumptions_say_why_and_have_a_range(baltic: Region) -> None:
    for name in ("evac_households", "evac_trains", "evac_scenarios", "evac_settings", "evac_windows"):
        table = baltic.tables[name]
        assert set(table["basis"]) == {"assumption"}, name
        assert table["note"].null_count() == 0, name
    settings = baltic.tables["evac_settings"]
    assert (settings["low"] < settings["high"]).all()

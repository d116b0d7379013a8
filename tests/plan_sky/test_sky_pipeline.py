"""A siting of sensors from region to folder: what its tables promise on the made region."""

import json
import signal
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest

from tests.siting.helpers import made_region, own_ground, with_cells
from vallum.core.errors import BadInput
from vallum.plan.pipeline import ProgressEvent
from vallum.plan.results import Results, read_results
from vallum.plan.sky import SKY
from vallum.plan.sky.pipeline import make
from vallum.plan.sky.tables import SKY_TABLES
from vallum.region import TABLES, Region
from vallum.solve import Limits

col = pl.col
BUDGET, TRACKS = 6.0, 300
LIMITS = Limits(time_limit=None, work=1, seed=5)
WARNING = {"warning", "warning_sectors", "warning_total", "seams", "replay", "replay_events"}
NEAR = 1e-9


@pytest.fixture(autouse=True, scope="module")
def _quick(quick_disk: None) -> None:
    """Some tests here write folders."""


@pytest.fixture(scope="module")
def region() -> Region:
    return made_region()


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("sky") / "sky"


@pytest.fixture(scope="module")
def made(region: Region, out: Path) -> Results:
    return make(region, BUDGET, limits=LIMITS, tracks=TRACKS, out=out)


@pytest.fixture(scope="module")
def own(region: Region) -> Results:
    """The siting of a region with a point and an area, and nothing else."""
    return make(own_ground(region), BUDGET, limits=LIMITS, tracks=TRACKS)


def each(frame: pl.DataFrame, *keys: str) -> Iterator[tuple[tuple[object, ...], pl.DataFrame]]:
    yield from frame.group_by(keys, maintain_order=True)


# ---------------------------------------------------------------- tables


def test_every_table_is_there_with_its_columns_and_rows(made: Results) -> None:
    assert set(made.tables) == set(SKY_TABLES)
    for name, frame in made.tables.items():
        assert dict(frame.schema) == dict(pl.Schema(SKY_TABLES[name].schema)), name
        assert not frame.select(list(SKY_TABLES[name].key)).is_duplicated().any(), name
        # people live in one state, so nobody is reached from another
        assert frame.height or name == "seams", name


def test_the_manifest_says_what_was_done(region: Region, made: Results) -> None:
    manifest = made.manifest
    assert (manifest["budget_meur"], manifest["tracks"], manifest["seed"]) == (BUDGET, TRACKS, LIMITS.seed)
    assert (manifest["kinds_needed"], manifest["service_years"]) == (2, 10.0)
    assert manifest["region"]["content_hash"] == region.content_hash
    assert set(made.run["status"]) == {"national", "joint"}
    assert not made.run["interrupted"]


def test_all_sensors_and_alertings_are_set_side_by_side(made: Results) -> None:
    total = made.tables["warning_total"]
    assert set(total.select("sensors", "alerting").iter_rows()) == {
        (sensors, alerting) for sensors in ("none", "national", "joint") for alerting in ("today", "joint")
    }
    assert total["people"].n_unique() == 1, "the same tracks for all"


def test_together_is_no_worse_than_alone_and_more_money_no_worse_than_less(made: Results) -> None:
    value = dict(made.tables["search"].filter(state="").select("mode", "value").iter_rows())
    assert value["joint"] >= value["national"] - NEAR
    for (_,), rows in each(made.tables["marginal"].sort("mode", "budget_meur"), "mode"):
        assert rows["budget_meur"].to_list() == pytest.approx([1.5, 3.0, 4.5, 6.0, 16.0])
        assert (rows["value"].diff().fill_null(0.0) >= -NEAR).all()
        assert (rows["value"] <= rows["bound"] + NEAR).all()
        assert rows["per_10_meur"].null_count() == 1
    asked = made.tables["marginal"].filter(budget_meur=BUDGET)
    assert dict(asked.select("mode", "value").iter_rows()) == pytest.approx(value)


def test_minutes_gained_are_those_between_two_budgets(made: Results) -> None:
    for (_,), rows in each(made.tables["marginal"].sort("mode", "budget_meur"), "mode"):
        by_hand = rows.select(10.0 * col("minutes_mean").diff() / col("budget_meur").diff()).to_series()
        assert rows["per_10_meur"].to_list()[1:] == pytest.approx(by_hand.to_list()[1:])
    total = made.tables["warning_total"].filter(state="")
    for mode, alerting in (("national", "today"), ("joint", "joint")):
        asked = made.tables["marginal"].filter(mode=mode, budget_meur=BUDGET)
        expected = total.filter(sensors=mode, alerting=alerting)
        assert asked["minutes_mean"].item() == pytest.approx(expected["minutes_mean"].item())
        assert asked["people_in_time"].item() == pytest.approx(expected["people_in_time"].item())


def test_stages_rise_to_the_siting_below_their_bounds(made: Results) -> None:
    value = dict(made.tables["search"].filter(state="").select("mode", "value").iter_rows())
    for (mode,), rows in each(made.tables["stage_bounds"].sort("mode", "year"), "mode"):
        assert rows["year"].to_list() == [2027, 2028]
        assert (rows["value"].diff().fill_null(0.0) >= -NEAR).all()
        assert (rows["value"] <= rows["bound"] + NEAR).all()
        assert rows["value"].to_list()[-1] == pytest.approx(value[mode])
    bought = made.tables["stages"].group_by("mode", "place_id", "type_id").agg(col("units").sum())
    both = bought.join(made.tables["siting"], on=["mode", "place_id", "type_id"], how="full", suffix="_all")
    assert both["units"].to_list() == both["units_all"].to_list()


def test_no_purse_pays_more_than_it_holds_in_any_year(region: Region, made: Results) -> None:
    purses = made.tables["purses"]
    assert (purses["spent_meur"] <= purses["budget_meur"]).all()
    for (_,), rows in each(purses, "mode"):
        assert rows["budget_meur"].sum() == pytest.approx(BUDGET)
    prices = made.tables["types"].select("type_id", "service_meur")
    first = made.tables["stages"].filter(year=2027).join(prices, on="type_id")
    part = region.tables["sky_years"].filter(year=2027)["part"].item()
    for (_,), rows in each(first, "mode"):
        assert rows.select((col("units") * col("service_meur")).sum()).item() <= part * BUDGET + NEAR
    # a state's own purse pays on its own ground alone
    spent = made.tables["siting"].group_by("mode", "state").agg(col("service_meur").sum())
    held = (
        purses.filter(col("state").is_in(["NA", "NB"])).group_by("mode", "state").agg(col("spent_meur").sum())
    )
    joined = held.join(spent, on=["mode", "state"], how="left")
    assert (joined["spent_meur"] <= joined["service_meur"].fill_null(0.0) + 1e-6).all()


# ---------------------------------------------------------------- repeatable, kept, interruptible


def test_the_same_seed_and_work_give_the_same_tables(region: Region, made: Results) -> None:
    again = make(region, BUDGET, limits=LIMITS, tracks=TRACKS)
    for name, frame in made.tables.items():
        assert frame.equals(again.tables[name]), name
    assert again.manifest == {key: made.manifest[key] for key in again.manifest}


def test_results_are_read_as_they_were_written(made: Results, out: Path) -> None:
    found = read_results(SKY, out)
    assert dict(found.manifest) == dict(made.manifest)
    for name, frame in made.tables.items():
        assert found.tables[name].equals(frame), name


def test_a_map_lies_beside_the_tables(made: Results, out: Path) -> None:
    chart = json.loads((out / "map.geojson").read_text(encoding="utf-8"))
    assert {one["id"] for one in chart["features"]} == set(made.tables["places"]["place_id"])
    units = {
        (row["place_id"], row["type_id"]): row["units"]
        for row in made.tables["siting"].filter(mode="joint").to_dicts()
    }
    for one in chart["features"]:
        for kind in made.tables["types"]["type_id"]:
            assert one["properties"][f"units_{kind}_joint"] == units.get((one["id"], kind), 0)


def test_other_folders_are_not_replaced(region: Region, tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("keep me", encoding="utf-8")
    with pytest.raises(BadInput):
        make(region, BUDGET, limits=LIMITS, tracks=TRACKS, out=tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["letter.txt"]


@pytest.mark.parametrize(
    ("stage", "budgets"),
    [
        # in the first search, and while less money is tried
        ("siting for EUR 6 million", [6.0]),
        ("siting for EUR 3 million", [1.5, 3.0, 6.0]),
    ],
)
def test_an_interruption_keeps_a_whole_result(region: Region, stage: str, budgets: list[float]) -> None:
    events: list[ProgressEvent] = []

    def interrupt(event: ProgressEvent) -> None:
        # a second Ctrl-C would end the program
        first = event.stage == stage and stage not in {one.stage for one in events}
        events.append(event)
        if first:
            signal.raise_signal(signal.SIGINT)

    found = make(region, BUDGET, limits=LIMITS, tracks=TRACKS, progress=interrupt)
    assert found.run["interrupted"]
    rows = found.tables["marginal"].filter(mode="national")
    assert rows["budget_meur"].to_list() == pytest.approx(budgets)
    value = found.tables["search"].filter(mode="national", state="")["value"].item()
    assert rows.filter(budget_meur=BUDGET)["value"].item() == value
    assert found.tables["warning_total"].height
    assert [event.seconds for event in events] == sorted(event.seconds for event in events)


# ---------------------------------------------------------------- a region of a user's own


def test_an_area_is_watched_from_a_point_and_nobody_is_warned(own: Results) -> None:
    assert set(own.tables["siting"]["place_id"]) == {"HILL"}
    assert own.tables["cover"]["place_id"].to_list() == ["SQUARE", "SQUARE"]
    assert own.tables["cover"]["one"].min() > 0.3
    assert {name for name, frame in own.tables.items() if frame.is_empty()} == WARNING


def test_minutes_that_nobody_can_tell_are_left_open(own: Results) -> None:
    marginal = own.tables["marginal"]
    assert marginal.height == 10
    for name in ("minutes_mean", "people_in_time", "per_10_meur"):
        assert marginal[name].null_count() == marginal.height


def test_an_own_region_is_written_with_its_map(region: Region, own: Results, tmp_path: Path) -> None:
    bare = own_ground(region)
    written = make(bare, BUDGET, limits=LIMITS, tracks=TRACKS, out=tmp_path / "sky")
    assert written.tables["siting"].equals(own.tables["siting"])
    chart = json.loads((tmp_path / "sky" / "map.geojson").read_text(encoding="utf-8"))
    kinds = {one["id"]: one["geometry"]["type"] for one in chart["features"]}
    assert kinds == {"SQUARE": "Polygon", "HILL": "Point"}


# ---------------------------------------------------------------- odd regions


def test_a_region_without_delays_says_so(region: Region) -> None:
    with pytest.raises(BadInput, match="has no table warning_delays") as error:
        make(region.replace(warning_delays=TABLES["warning_delays"].empty()), BUDGET, limits=LIMITS)
    assert error.value.rule == "warning tables"


def test_sensors_that_see_nothing_are_not_bought(region: Region) -> None:
    blind = with_cells(region, "sensor_sight", {}, seen=0.0)
    tables = make(blind, BUDGET, limits=LIMITS, tracks=TRACKS).tables
    assert tables["siting"].is_empty()
    assert tables["search"]["value"].to_list() == [0.0] * 4
    assert (
        tables["warning_total"]
        .filter(sensors="joint", state="")
        .drop("sensors")
        .equals(tables["warning_total"].filter(sensors="none", state="").drop("sensors"))
    )


def test_a_state_without_a_purse_has_no_sensors_alone(region: Region) -> None:
    purse = region.tables["sky_purses"].filter(state="NA").with_columns(part=pl.lit(1.0))
    tables = make(region.replace(sky_purses=purse), BUDGET, limits=LIMITS, tracks=TRACKS).tables
    assert set(tables["siting"]["state"]) == {"NA"}
    assert tables["search"].filter(mode="national", state="NB")["spent_meur"].item() == 0.0


def test_a_budget_for_nothing_buys_nothing(region: Region) -> None:
    tables = make(region, 0.1, limits=LIMITS, tracks=TRACKS).tables
    assert tables["siting"].is_empty()
    assert tables["purses"]["spent_meur"].sum() == 0.0

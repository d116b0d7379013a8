"""A schedule of works from region to folder: what its tables promise."""

import datetime as dt
import signal
from pathlib import Path

import polars as pl
import pytest

from tests.plan_works.conftest import LEVER_RUNS, LIMITS, RUNS, STATES
from vallum.core.errors import BadInput
from vallum.plan.pipeline import ProgressEvent
from vallum.plan.results import Results, read_results, write_results
from vallum.plan.works import WORKS, make
from vallum.plan.works.tables import WORKS_TABLES
from vallum.region import TABLES, Region
from vallum.solve import Limits

col = pl.col
MODES = ["joint", "national"]
NO_LEVERS = {"works_levers": TABLES["works_levers"].empty()}


def test_every_table_is_there_with_its_columns(made: Results) -> None:
    assert set(made.tables) == set(WORKS_TABLES)
    for name, frame in made.tables.items():
        assert dict(frame.schema) == dict(pl.Schema(WORKS_TABLES[name].schema)), name
        assert not frame.select(list(WORKS_TABLES[name].key)).is_duplicated().any(), name


@pytest.mark.parametrize(
    "name", [n for n, t in WORKS_TABLES.items() if "mode" in t.schema and n != "unfunded"]
)
def test_both_modes_are_in_each_table(made: Results, name: str) -> None:
    assert made.tables[name]["mode"].unique().sort().to_list() == MODES


def test_the_manifest_says_what_was_done(levered: Region, made: Results) -> None:
    manifest = made.manifest
    assert (manifest["runs"], manifest["lever_runs"], manifest["seed"]) == (RUNS, LEVER_RUNS, LIMITS.seed)
    assert manifest["start"] == "2026-03-02"
    assert manifest["region"]["content_hash"] == levered.content_hash
    assert set(made.run["status"]) == {"national", "joint"}


# ---------------------------------------------------------------- what the numbers promise


def test_quantiles_of_finishes_keep_their_order(made: Results) -> None:
    finish = made.tables["finish"].drop_nulls("p80")
    assert finish.height
    for early, late in (("p10", "p50"), ("p50", "p80"), ("p80", "p90")):
        assert (finish[early] <= finish[late]).all()


def test_chances_agree_with_dates(made: Results) -> None:
    finish = made.tables["finish"].drop_nulls("target")
    assert finish["chance"].is_between(0, 1).all()
    # The last week of a target ends on the Sunday after it at the latest; its finish is the Monday after.
    due = finish.with_columns(
        due=(col("target").str.to_date().dt.offset_by("7d")).dt.truncate("1w").cast(pl.String)
    )
    for quantile, share in (("p10", 0.1), ("p50", 0.5), ("p90", 0.9)):
        met = due.filter(col(quantile) <= col("due"))
        missed = due.filter(col(quantile) > col("due"))
        # Between two runs a quantile is between their weeks, and is written as the week before.
        assert (met["chance"] >= share - 1.5 / (RUNS // 4)).all()
        assert (missed["chance"] <= share + 1.5 / (RUNS // 4)).all()
    assert (
        made.tables["finish"].filter(col("target").is_null(), element_id="SENSOR")["chance"].is_null().all()
    )


def test_all_targets_together_are_never_likelier_than_one(made: Results) -> None:
    finish = made.tables["finish"]
    least = (
        finish.filter(col("target").is_not_null())
        .group_by("mode", "policy", "state")
        .agg(col("chance").min())
    )
    joined = finish.filter(element_id="").join(least, on=["mode", "policy", "state"], suffix="_least")
    assert joined.height == 2 * 2 * len(STATES)
    assert (joined["chance"] <= joined["chance_least"] + 1e-12).all()
    assert (joined["p50"] >= joined["p10"]).all()


def test_progress_rises_in_time_and_between_quantiles(made: Results) -> None:
    progress = made.tables["progress"].sort("mode", "state", "element_id", "date")
    over = ["mode", "state", "element_id"]
    for column in ("planned", "p10", "p50", "p90"):
        assert (progress.select(col(column).diff().over(over).fill_null(0.0)).to_series() >= -1e-9).all()
    assert (progress["p10"] <= progress["p50"] + 1e-9).all()
    assert (progress["p50"] <= progress["p90"] + 1e-9).all()
    last = progress.group_by(over, maintain_order=True).last()
    whole = made.tables["finish"].filter(policy="list").join(last, on=over)
    assert whole["planned_right"].to_list() == pytest.approx(whole["quantity"].to_list())


def test_layers_fill_from_nought_to_one(made: Results) -> None:
    layers = made.tables["layers"].sort("mode", "sector_id", "element_id", "year")
    assert layers["done"].is_between(0, 1 + 1e-9).all()
    over = ["mode", "sector_id", "element_id"]
    assert (layers.select(col("done").diff().over(over).fill_null(0.0)).to_series() >= -1e-12).all()
    assert (layers.group_by(over).agg(col("done").last())["done"] > 1 - 1e-9).all()


def test_depth_counts_complete_layers(made: Results) -> None:
    depth = made.tables["depth"]
    assert (depth["layers"] <= depth["planned_layers"]).all()
    assert (depth["layers"] >= 0).all()
    counted = (
        made.tables["layers"].group_by("mode", "sector_id", "year", "layer").agg(col("done").min())
        .group_by("mode", "sector_id", "year").agg((col("done") > 1 - 1e-9).sum().cast(pl.Int64).alias("mine"))
    )  # fmt: skip
    joined = depth.join(counted, on=["mode", "sector_id", "year"])
    assert joined.height == depth.height
    assert joined["layers"].to_list() == joined["mine"].to_list()


def test_steps_of_the_schedule_cost_what_the_works_do(cut: Region, made: Results) -> None:
    schedule = made.tables["schedule"]
    assert (schedule["start"] <= schedule["finish"]).all()
    assert schedule["finish"].max() <= "2036-01-01"
    prices = cut.tables["works_elements"].select("element_id", "unit_cost_meur")
    left = cut.tables["works_quantities"].join(prices, on="element_id").select(
        ((col("quantity") - col("built")) * col("unit_cost_meur")).sum()
    ).item()  # fmt: skip
    for (_,), steps in schedule.group_by("mode"):
        assert steps["cost_meur"].sum() == pytest.approx(left)
    built = made.tables["refresh"].group_by("mode").agg(col("build_meur").sum())
    assert built["build_meur"].to_list() == pytest.approx([left] * 2)


def test_levels_are_above_their_bounds_and_those_of_the_schedule(made: Results) -> None:
    levels = made.tables["levels"]
    assert (levels["bound"] <= levels["value"] + 1e-9).all()
    assert levels["gap"].is_between(0, 1).all()
    for (mode,), steps in made.tables["schedule"].group_by("mode"):
        weeks = (steps["finish"].str.to_date() - dt.date(2026, 3, 2)).dt.total_days() / 7
        lost = (weeks * steps["weight"]).sum() / 52.18
        row = levels.filter(mode=mode, name="protection")
        # Weights count in hundredths.
        assert row["value"].item() == pytest.approx(lost, rel=1e-3)
        assert levels.filter(mode=mode, name="finish")["value"].item() == weeks.max()


def test_together_protects_no_later_than_alone(made: Results) -> None:
    value = dict(made.tables["levels"].filter(name="protection").select("mode", "value").iter_rows())
    assert value["joint"] <= value["national"] + 1e-9


def test_chains_are_as_long_as_their_works(made: Results) -> None:
    assert (made.tables["binding"]["weeks"] >= 0).all()
    assert made.tables["critical"]["share"].is_between(0.05, 1 + 1e-9).all()
    assert set(made.tables["binding"]["state"]) == set(STATES)


def test_every_lever_has_a_row_for_each_state(levered: Region, made: Results) -> None:
    levers = made.tables["levers"]
    expected = {"JOINT", *levered.tables["works_levers"]["lever_id"]}
    assert set(levers.select("lever_id", "state").iter_rows()) == {
        (name, s) for name in expected for s in STATES
    }
    assert set(levers["runs"]) == {LEVER_RUNS}


def test_refresh_costs_more_for_short_lives(made: Results) -> None:
    refresh = made.tables["refresh"]
    assert (refresh["refresh_low_meur"] <= refresh["refresh_meur"]).all()
    assert (refresh["refresh_meur"] <= refresh["refresh_high_meur"]).all()
    assert refresh.filter(element_id="SENSOR")["refresh_meur"].min() > 0


# ---------------------------------------------------------------- repeatable, interruptible, kept


def test_the_same_work_gives_the_same_tables(levered: Region, made: Results) -> None:
    again = make(levered, limits=LIMITS, runs=RUNS, lever_runs=LEVER_RUNS)
    assert again.manifest == made.manifest
    for name, frame in made.tables.items():
        assert frame.equals(again.tables[name]), name


def test_an_interruption_keeps_a_whole_result(cut: Region) -> None:
    events: list[ProgressEvent] = []

    def interrupt(event: ProgressEvent) -> None:
        # A second Ctrl-C would end the program.
        first = event.stage == "scheduling" and event.stage not in {one.stage for one in events}
        events.append(event)
        if first:
            signal.raise_signal(signal.SIGINT)

    found = make(cut, limits=Limits(time_limit=60.0), runs=20, lever_runs=20, progress=interrupt)
    assert set(found.run["status"].values()) == {"interrupted"}
    assert set(found.tables["levers"]["lever_id"]) == {"JOINT"}
    assert found.tables["finish"].height
    assert [event.seconds for event in events] == sorted(event.seconds for event in events)


def test_results_are_read_as_they_were_written(made: Results, tmp_path: Path) -> None:
    written = write_results(WORKS, tmp_path / "works", made)
    found = read_results(WORKS, tmp_path / "works")
    assert found.manifest == written.manifest
    for name, frame in made.tables.items():
        assert found.tables[name].equals(frame), name
    again = write_results(WORKS, tmp_path / "works", made)
    assert again.manifest == written.manifest, "older works may be replaced"


def test_other_folders_are_not_replaced(cut: Region, tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("keep me", encoding="utf-8")
    with pytest.raises(BadInput):
        make(cut, limits=LIMITS, runs=20, lever_runs=20, out=tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["letter.txt"]


# ---------------------------------------------------------------- odd regions


def finished(region: Region, *states: str) -> Region:
    here = col("state").is_in(states)
    done = region.tables["works_quantities"].with_columns(
        built=pl.when(here).then("quantity").otherwise("built")
    )  # fmt: skip
    facts = TABLES["works_facts"].empty()
    return region.replace(works_quantities=done, works_facts=facts, **NO_LEVERS)


def test_a_state_that_has_built_everything_is_done(cut: Region) -> None:
    tables = make(finished(cut, "LV"), limits=LIMITS, runs=20, lever_runs=20).tables
    assert set(tables["schedule"]["state"]) == {"EE"}
    assert (tables["layers"].filter(state="LV")["done"] == 1.0).all()
    assert tables["levers"].filter(state="LV", lever_id="JOINT")["months_mean"].to_list() == [0.0]


@pytest.mark.parametrize("money", [True, False])
def test_nothing_to_build_is_said(cut: Region, money: bool) -> None:
    region = finished(cut, "EE", "LV") if money else cut.replace(works_money=TABLES["works_money"].empty())
    with pytest.raises(BadInput, match="nothing to build"):
        make(region, limits=LIMITS, runs=20, lever_runs=20)


def test_what_is_not_paid_for_or_not_planned_is_no_obstacle(cut: Region) -> None:
    poor = cut.tables["works_money"].with_columns(
        core_meur=pl.when((col("state") == "EE") & (col("year") > 2026)).then(0.0)
        .when(col("state") == "EE").then(5.0).otherwise("core_meur")
    )  # fmt: skip
    here = (col("state") == "LV") & (col("element_id") == "SENSOR")
    none = cut.tables["works_quantities"].with_columns(
        pl.when(here).then(0.0).otherwise(name).alias(name)
        for name in ("quantity", "quantity_low", "quantity_high", "built")
    )  # fmt: skip
    region = cut.replace(works_money=poor, works_quantities=none, **NO_LEVERS)
    tables = make(region, limits=LIMITS, runs=20, lever_runs=20).tables
    assert tables["finish"].filter(state="LV", element_id="SENSOR").is_empty()
    unfunded = tables["unfunded"].filter(mode="national")
    # 98 bunkers of EUR 0.1 million, and five million.
    assert unfunded["cost_meur"].sum() > 9.8 - 5.0 - 1e-9
    last = tables["layers"].filter(col("year") == col("year").max(), mode="national")
    short = last.join(unfunded, on=["sector_id", "element_id"], how="semi")
    assert short.height
    assert (short["done"] < 1.0).all()
    assert (last.join(unfunded, on=["sector_id", "element_id"], how="anti")["done"] > 1 - 1e-9).all()


def test_a_region_without_works_says_so(cut: Region) -> None:
    bare = cut.replace(**{name: TABLES[name].empty() for name in TABLES if name.startswith("works_")})
    with pytest.raises(BadInput, match="has no works"):
        make(bare, limits=LIMITS, runs=20, lever_runs=20)

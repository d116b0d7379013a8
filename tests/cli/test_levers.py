"""`vallum scenarios`, `vallum plan --scenario NAME` and `vallum compare` of several plans."""

import shutil
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from vallum.region import Region, write_folder
from vallum.region.region import SHIPPED

LESS = """
name = "A tenth less money"
description = "Every purse is a tenth smaller."
source = "analyst assumption"
confidence = "assumption"

[[override]]
table = "purses"
column = "plannable_meur"
op = "multiply"
value = 0.9
"""


@pytest.fixture(scope="module")
def region(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of `toy` with a scenario of its own."""
    folder = Path(shutil.copytree(SHIPPED / "toy", tmp_path_factory.mktemp("levers") / "toy"))
    (folder / "scenarios").mkdir()
    (folder / "scenarios" / "less.toml").write_text(LESS, encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def less(region: Path) -> Path:
    from vallum.cli import main

    folder = region.parent / "less"
    words = ["plan", str(region), "--scenario", "less", "--time-limit", "5", "--out", str(folder), "--json"]
    assert main(words) == 0
    return folder


def test_scenarios_are_listed_with_their_meaning(run: Callable, region: Path) -> None:
    outcome = run("scenarios", region)
    assert outcome.code == 0
    for said in ("less", "A tenth less money", "Every purse is a tenth smaller.", "assumption"):
        assert said in outcome.out
    (line,) = run("scenarios", region, "--json").document("scenarios")["scenarios"]
    assert line["scenario"] == "less"
    assert line["changes"] == 1
    assert Path(line["file"]) == region / "scenarios" / "less.toml"
    assert "no scenarios" in run("scenarios", "toy").out


def test_a_scenario_that_no_longer_fits_is_found(run: Callable, tmp_path: Path) -> None:
    write_folder(Region.read("toy").tables, tmp_path / "own")
    (tmp_path / "own" / "scenarios").mkdir()
    broken = LESS.replace("plannable_meur", "planable_meur")
    (tmp_path / "own" / "scenarios" / "broken.toml").write_text(broken, encoding="utf-8")
    outcome = run("scenarios", tmp_path / "own")
    assert outcome.code == 2
    assert "broken.toml, override 1" in outcome.err
    assert "Did you mean plannable_meur?" in outcome.err


def test_an_unknown_scenario_is_refused_with_the_nearest(run: Callable, region: Path, tmp_path: Path) -> None:
    outcome = run("plan", region, "--scenario", "les", "--out", tmp_path / "plan")
    assert outcome.code == 2
    assert "Did you mean less?" in outcome.err
    assert not (tmp_path / "plan").exists()


def test_a_plan_of_a_named_scenario_keeps_the_changed_tables(less: Path) -> None:
    before = Region.read("toy").tables["purses"].sort("state", "year")
    after = pl.read_parquet(less / "joint" / "inputs" / "purses.parquet").sort("state", "year")
    assert after["plannable_meur"].to_list() == pytest.approx((before["plannable_meur"] * 0.9).to_list())


def test_several_plans_side_by_side(run: Callable, toy_plan: Path, less: Path) -> None:
    outcome = run("compare", toy_plan, less)
    assert outcome.code == 0
    for said in ("A tenth less money", "SAFE drawn", "Against the first", "What going alone costs", "proven"):
        assert said in outcome.out
    document = run("compare", toy_plan, less, "--json").document("compare")
    assert [plan["scenario"] for plan in document["plans"]] == [None, None, *["A tenth less money"] * 2]
    assert document["comparison"] is None
    assert {one["mode"] for one in document["deltas"]} == {"national", "joint"}
    assert len(document["fragmentation"]) == 2
    for mode, one in zip(("national", "joint"), document["programmes"], strict=True):
        taken = [
            set(pl.read_parquet(folder / mode / "tables" / "orders.parquet")["programme_id"])
            for folder in (toy_plan, less)
        ]
        assert one["mode"] == mode
        assert set(one["by_all"]) == taken[0] & taken[1]
        assert {some["programme_id"] for some in one["by_some"]} == taken[0] ^ taken[1]


def test_three_plans_list_programmes_and_not_every_change(
    run: Callable, toy_plan: Path, less: Path, tmp_path: Path
) -> None:
    other = shutil.copytree(less / "joint", tmp_path / "other")
    outcome = run("compare", toy_plan / "joint", less / "joint", other, toy_plan / "joint")
    assert outcome.code == 0
    assert "They buy the same." not in outcome.out
    assert "Programmes of 3 plans (joint)" in outcome.out


def test_the_page_of_several_plans(run: Callable, toy_plan: Path, less: Path, tmp_path: Path) -> None:
    page = tmp_path / "levers.html"
    document = run("compare", toy_plan, less, "--report", page, "--json").document("compare")
    assert document["report"] == str(page)
    assert "A tenth less money" in page.read_text(encoding="utf-8")
    assert str(page) in run("compare", toy_plan, less, "--report", page).out
    outcome = run("compare", toy_plan, less, "--report", tmp_path / "none" / "levers.html")
    assert outcome.code == 2
    assert "the report cannot be written" in outcome.err

"""Vallum's solver against the answers worked out by hand in docs/explanation/toy.md."""

import json
from functools import cache
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from vallum.model.procurement import Mode, Problem, Solution, Standing, problem, solve
from vallum.region import Region
from vallum.solve import Limits

PAGE = Path(__file__).resolve().parents[1] / "region" / "data" / "toy_expected.json"
EXPECTED: dict[str, Any] = json.loads(PAGE.read_text(encoding="utf-8"))
PROOF = Limits(time_limit=30, gap=0.0)
BOTH = pytest.mark.parametrize("mode", ["national", "joint"])


@cache
def toy() -> Problem:
    return problem(Region.read("toy"))


@cache
def plan(mode: Mode) -> Solution:
    return solve(toy(), mode, PROOF)


def close(value: float) -> object:
    return pytest.approx(value, abs=1e-6)


def same_rows(found: pl.DataFrame, expected: list[dict[str, Any]], keys: list[str]) -> None:
    """Every column that the expected rows name has the expected value, in any order of rows."""
    rows = found.select(list(expected[0])).sort(keys).to_dicts()
    hoped = sorted(expected, key=lambda row: [row[key] for key in keys])
    assert rows == [{k: close(v) if isinstance(v, float) else v for k, v in row.items()} for row in hoped]


@BOTH
def test_three_levels_are_found_and_proven(mode: Mode) -> None:
    expected = EXPECTED["modes"][mode]
    levels = plan(mode).levels
    assert [level.name for level in levels] == ["shortfall", "cost", "types"]
    values = [close(expected[name]) for name in ("gap_years", "cost_meur", "types")]
    assert [level.value for level in levels] == values
    assert [level.bound for level in levels] == values
    assert plan(mode).status == "optimal"


@BOTH
def test_coalitions_and_prices(mode: Mode) -> None:
    same_rows(plan(mode).tables["choices"], EXPECTED["modes"][mode]["choices"], ["programme_id", "coalition"])


@BOTH
def test_tranches(mode: Mode) -> None:
    keys = ["programme_id", "coalition", "state", "year"]
    same_rows(plan(mode).tables["orders"], EXPECTED["modes"][mode]["orders"], keys)


@BOTH
def test_totals_are_whole(mode: Mode) -> None:
    totals = (
        plan(mode)
        .tables["orders"]
        .group_by("programme_id", "coalition", "state")
        .agg(pl.col("quantity").sum())
    )
    assert totals["quantity"].to_list() == [close(4.0)] * totals.height


@BOTH
def test_states(mode: Mode) -> None:
    tables = plan(mode).tables
    gaps = dict(tables["stock"].group_by("state").agg(pl.col("gap_years").sum()).iter_rows())
    money = tables["money"].group_by("state").agg(pl.col("spend_meur", "safe_drawn_meur").sum())
    for state, spend, drawn in money.iter_rows():
        expected = EXPECTED["modes"][mode]["states"][state]
        assert gaps[state] == close(expected["gap_years"])
        assert drawn == close(expected["safe_drawn_meur"])
        assert spend + 0.1 * drawn == close(expected["cost_meur"])  # phi = 0.05 + 1.05 - 1


@BOTH
def test_lines(mode: Mode) -> None:
    used = plan(mode).tables["lines"].filter(pl.col("year") == 2030)
    found = dict(used.select("line_id", "used").iter_rows())
    assert found == {line: close(row[mode]) for line, row in EXPECTED["line_use_2030"].items()}
    assert plan(mode).tables["expansions"].is_empty()


@BOTH
def test_what_one_more_would_save(mode: Mode) -> None:
    same_rows(plan(mode).tables["rows"], EXPECTED["modes"][mode]["prices"], ["rule", "state", "item", "year"])


def test_same_capability() -> None:
    tables = plan("national").tables
    standing = Standing(tables["orders"], tables["expansions"], tables["schools"])
    held = solve(toy(), "joint", PROOF, standing=standing, shortfall=EXPECTED["same_money"]["national"])
    (level,) = held.levels
    expected = close(EXPECTED["same_capability"]["joint_cost_meur"])
    assert (level.name, level.value, level.bound) == ("cost", expected, expected)

"""Levers: what each change does to the tables, and what a lever is worth."""

import polars as pl
import pytest

from vallum.model.works.problem import Problem
from vallum.model.works.reader import problem
from vallum.plan.results import Results
from vallum.plan.works.levers import Lever, changed, levers, pulled
from vallum.region import Region

Change = dict[str, object]


def change(table: str, column: str, op: str | None, value: float | None, keys: str | None = None) -> Change:
    return {"table": table, "keys": keys, "column": column, "op": op, "value": value}


def lever(*changes: Change) -> Lever:
    return Lever("L", "A lever", 0.0, changes)


@pytest.fixture
def land() -> pl.DataFrame:
    return pl.DataFrame(
        {
            "state": ["EE", "EE", "LV"],
            "owner": ["state", "private", "private"],
            "part": [0.7, 0.3, 1.0],
            "part_low": [0.6, 0.1, None],
            "part_high": [0.8, 0.5, None],
            "weeks": [6.0, 40.0, 30.0],
        }
    )


# ---------------------------------------------------------------- one change


@pytest.mark.parametrize(
    ("op", "value", "part", "low", "high"),
    [("add", 0.1, 0.4, 0.2, 0.6), ("multiply", 0.5, 0.15, 0.05, 0.25), ("set", 0.2, 0.2, 0.2, 0.2),
     ("add", -0.2, 0.1, 0.0, 0.3)],
)  # fmt: skip
def test_the_ends_of_a_range_move_with_its_value(
    land: pl.DataFrame, op: str, value: float, part: float, low: float, high: float
) -> None:
    after = changed(land, change("works_land", "part", op, value, "state=EE;owner=private"))
    row = after.row(1, named=True)
    assert (row["part"], row["part_low"], row["part_high"]) == pytest.approx((part, low, high))
    assert after.drop("part", "part_low", "part_high").equals(land.drop("part", "part_low", "part_high"))
    assert after[[0, 2]].equals(land[[0, 2]])


def test_keys_are_all_to_hold_and_none_means_every_row(land: pl.DataFrame) -> None:
    private = changed(land, change("works_land", "weeks", "multiply", 0.5, " owner = private "))
    assert private["weeks"].to_list() == [6, 20, 15]
    every = changed(land, change("works_land", "weeks", "add", 1.0))
    assert every["weeks"].to_list() == [7, 41, 31]
    none = changed(land, change("works_land", "weeks", "add", 1.0, "owner=municipal"))
    assert none.equals(land)


def test_unknown_ends_stay_unknown_unless_set(land: pl.DataFrame) -> None:
    after = changed(land, change("works_land", "part", "multiply", 0.5, "state=LV"))
    assert after["part_low"].to_list() == [0.6, 0.1, None]


def test_counts_stay_whole() -> None:
    crews = pl.DataFrame({"capacity": [2, 3]}, schema={"capacity": pl.Int64})
    after = changed(crews, change("works_resources", "capacity", "add", 1.0))
    assert after["capacity"].to_list() == [3, 4]
    assert after.schema == crews.schema


# ---------------------------------------------------------------- a lever


def test_levers_have_their_changes_in_order_and_one_cost(cut: Region) -> None:
    found = {one.lever_id: one for one in levers(cut)}
    assert set(found) == {"STATE_LAND", "JOINT_PREFAB"}
    assert [(row["change"], row["value"]) for row in found["STATE_LAND"].changes] == [(1, -0.2), (2, 0.2)]
    assert found["STATE_LAND"].cost_meur == 6.0


def test_costs_of_a_lever_are_summed(cut: Region) -> None:
    rows = cut.tables["works_levers"].with_columns(cost_meur=pl.col("change").cast(pl.Float64))
    assert {one.lever_id: one.cost_meur for one in levers(cut.replace(works_levers=rows))}[
        "STATE_LAND"
    ] == 3.0


def test_pooling_shares_one_table_and_no_more(cut: Region) -> None:
    lines = pulled(cut, lever(change("POOL", "works_lines", None, None)))
    assert lines.pooled == {"BUNKER", "SENSOR"}
    both = pulled(
        cut, lever(change("POOL", "works_lines", None, None), change("POOL", "works_resources", None, None))
    )
    assert both.pooled == problem(cut, joint=True).pooled
    assert {"crews", "BUNKER"} <= both.pooled


def test_a_lever_changes_a_copy(cut: Region) -> None:
    before = {name: frame.clone() for name, frame in cut.tables.items()}
    more = pulled(cut, lever(change("works_resources", "capacity", "add", 1.0, "resource_id=crews")))
    assert more.resources["EE", "crews"] == problem(cut).resources["EE", "crews"] + 1
    assert all(frame.equals(cut.tables[name]) for name, frame in before.items())


def test_every_lever_of_the_baltic_region_applies(baltic: Region) -> None:
    base = problem(baltic)
    found = list(levers(baltic))
    assert len(found) == baltic.tables["works_levers"]["lever_id"].n_unique()
    for one in found:
        what = pulled(baltic, one)
        assert differs(base, what), one.lever_id
        assert sum(step.weight for step in what.steps) >= sum(step.weight for step in base.steps) - 1e-6


def differs(a: Problem, b: Problem) -> bool:
    parts = ("steps", "tenders", "resources", "lines", "pooled")
    return any(getattr(a, part) != getattr(b, part) for part in parts)


def test_a_lever_gains_by_what_it_changes_alone(made: Results) -> None:
    """No week added gains nothing at all, though fewer runs are tried than were made; a tenth of the weeks gains."""
    found = made.tables["levers"]
    idle, quick = (found.filter(lever_id=name) for name in ("IDLE", "QUICK"))
    assert idle["state"].to_list() == ["EE", "LV"]
    assert idle.select("months_mean", "months_p50", "months_p80").to_numpy().tolist() == [[0, 0, 0]] * 2
    assert (quick["months_mean"] > 1.0).all()

"""Plans side by side, on the plans written by hand; every expected number is worked out on paper."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vallum.core.errors import BadInput
from vallum.plan.side_by_side import changes, compare_plans, difference
from vallum.plan.store import Plan, read_plan, write_plan

Parts = dict[str, Any]
#: Shortfall of the plan alone and of that together, gap-years.
ALONE, TOGETHER = 3.456, 0.768


@pytest.fixture
def pair(write: Callable[..., Path]) -> tuple[Plan, Plan]:
    return read_plan(write("national")), read_plan(write("joint"))


@pytest.fixture
def leveller(parts: Callable[[str], Parts], tmp_path: Path) -> Callable[..., Path]:
    """Writes the plan together with another first level and scenario, in a folder of its own."""

    def write(name: str, *, value: float, bound: float, scenario: str | None = None, **manifest: Any) -> Path:
        content = parts("joint")
        content["manifest"] |= {"scenario": scenario, **manifest}
        first = pl.col("level") == 1
        content["tables"]["levels"] = content["tables"]["levels"].with_columns(
            value=pl.when(first).then(value).otherwise("value"),
            bound=pl.when(first).then(bound).otherwise("bound"),
        )
        write_plan(tmp_path / name, **content)
        return tmp_path / name

    return write


def test_changes_in_programmes(pair: tuple[Plan, Plan]) -> None:
    assert changes(*pair) == {
        "only_in_first": [],
        "only_in_second": [{"programme_id": "P2", "coalitions": ["A with Q"], "quantity": 2.0}],
        "coalition_changed": [{"programme_id": "P1", "first": ["A"], "second": ["A+B"]}],
        "quantity_changed": [{"programme_id": "P1", "state": "B", "first": 0.0, "second": 10.0}],
    }


def test_plans_side_by_side(pair: tuple[Plan, Plan], parts: Callable[[str], Parts], tmp_path: Path) -> None:
    found = compare_plans([tmp_path])
    assert [plan["mode"] for plan in found["plans"]] == ["national", "joint"]
    assert found["same_region"]
    assert len(found["changes"]) == 1
    content = parts("joint")
    content["tables"]["orders"] = content["tables"]["orders"].filter(pl.col("programme_id") != "P2")
    write_plan(tmp_path / "more" / "joint", **content)
    found = compare_plans([tmp_path, tmp_path / "more"])
    assert [change["second"] for change in found["changes"]] == [f"{tmp_path / 'more'} (joint)"]
    assert [row["programme_id"] for row in found["changes"][0]["only_in_first"]] == ["P2"]
    json.dumps(found, allow_nan=False)


def test_one_plan_alone_is_bad_input(write: Callable[..., Path]) -> None:
    with pytest.raises(BadInput, match="alone cannot be compared"):
        compare_plans([write("joint")])


def test_differences_with_what_is_proven(leveller: Callable[..., Path]) -> None:
    folders = [
        leveller("first", value=2.0, bound=1.5),
        leveller("far", value=4.0, bound=3.0, scenario="Costly"),
        leveller("near", value=2.25, bound=1.75),
        leveller("less", value=1.0, bound=0.5),
    ]
    found = compare_plans(folders)
    assert [row["scenario"] for row in found["plans"]] == [None, "Costly", None, None]
    assert [row["gap_years"] for row in found["deltas"]] == [
        {"difference": 2.0, "interval": [1.0, 2.5], "proven": True},
        {"difference": 0.25, "interval": [-0.25, 0.75], "proven": False},
        {"difference": -1.0, "interval": [-1.5, -0.5], "proven": True},
    ]
    assert [row["cost_meur"]["difference"] for row in found["deltas"]] == [0.0, 0.0, 0.0]
    assert {row["mode"] for row in found["deltas"]} == {"joint"}
    assert {row["first"] for row in found["deltas"]} == {f"{folders[0]} (joint)"}


levels = st.tuples(st.floats(0, 100), st.floats(0, 100), st.floats(0, 1), st.floats(0, 1))


@given(one=levels, two=levels)
def test_the_interval_holds_the_difference_of_any_two_best_values(
    one: tuple[float, ...], two: tuple[float, ...]
) -> None:
    def plan(bound: float, room: float) -> Plan:
        row = {"level": [1], "name": ["shortfall"], "value": [bound + room], "bound": [bound], "gap": [0.0]}
        return Plan(Path(), {}, {}, {}, {"levels": pl.DataFrame(row)})

    found = difference(plan(*one[:2]), plan(*two[:2]), 1)
    assert found is not None
    best = [bound + share * room for bound, room, share, _ in (one, two)]
    low, high = found["interval"]
    assert low - 1e-9 <= best[1] - best[0] <= high + 1e-9
    assert found["proven"] == (low > 0 or high < 0)


def test_a_level_that_was_not_reached_has_no_difference(pair: tuple[Plan, Plan]) -> None:
    assert difference(*pair, 9) is None


def test_going_alone_is_told_for_each_folder_with_both_modes(
    pair: tuple[Plan, Plan], leveller: Callable[..., Path], tmp_path: Path
) -> None:
    kept = {"national_cost_meur": 5.0}
    (tmp_path / "compare.json").write_text(json.dumps({"same_capability": kept}), encoding="utf-8")
    (found,) = compare_plans([tmp_path, leveller("single", value=2.0, bound=1.5)])["fragmentation"]
    assert found["folder"] == str(tmp_path)
    assert found["same_money"]["difference"] == pytest.approx(ALONE - TOGETHER)
    assert found["same_money"]["proven"]
    assert found["same_capability"] == kept


def test_programmes_of_all_and_of_some(parts: Callable[[str], Parts], tmp_path: Path) -> None:
    folders = []
    for left_out in ("P2", "GW", ""):
        content = parts("joint")
        content["tables"]["orders"] = content["tables"]["orders"].filter(pl.col("programme_id") != left_out)
        folders.append(tmp_path / f"without{left_out}")
        write_plan(folders[-1], **content)
    (found,) = compare_plans(folders)["programmes"]
    names = [f"{folder} (joint)" for folder in folders]
    assert found == {
        "mode": "joint", "plans": names, "by_all": ["P1"],
        "by_some": [
            {"programme_id": "GW", "plans": [names[0], names[2]]},
            {"programme_id": "P2", "plans": [names[1], names[2]]},
        ],
    }  # fmt: skip


def test_draws_and_levels_of_each_plan(pair: tuple[Plan, Plan], tmp_path: Path) -> None:
    national, joint = compare_plans([tmp_path])["plans"]
    assert (national["safe_drawn_meur"], joint["safe_drawn_meur"]) == (0.0, 10.0)
    assert [level["name"] for level in joint["levels"]] == ["shortfall", "cost", "types"]


def test_plans_of_two_regions_have_no_differences(leveller: Callable[..., Path]) -> None:
    other = {"name": "other", "title": "Other", "content_hash": "1" * 64}
    found = compare_plans(
        [leveller("here", value=2.0, bound=1.5), leveller("there", value=2.0, bound=1.5, region=other)]
    )
    assert found["deltas"] == []
    assert not found["same_region"]

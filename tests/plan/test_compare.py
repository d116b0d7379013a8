"""National against joint on the plans written by hand; every expected number is worked out on paper."""

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from vallum.core.errors import BadInput
from vallum.plan.compare import compare, summary
from vallum.plan.decompose import CAUSES, OTHER, decompose
from vallum.plan.store import Plan, read_plan, write_plan

Parts = dict[str, Any]
DISCOUNT = (1.0, 0.8, 0.64, 0.512)
#: Present value of a euro of P1's order in the joint plan (0.6, 0.2, 0.2), in the national one (2/3, 1/3),
#: and of P2's (2/3 in 2031, 1/3 in 2032).
PAID_JOINT = 0.6 + 0.8 * 0.2 + 0.64 * 0.2
PAID_NATIONAL = 2 / 3 + 0.8 / 3
PAID_P2 = 0.8 * 2 / 3 + 0.64 / 3
COST_A_ALONE = 110 * PAID_NATIONAL + 8 + 10 * (0.64 + 0.512)
COST_A_JOINT = 57.5 * PAID_JOINT + 8 + 4.4 * PAID_P2 + 10 + 5 * 0.512 - 0.592
COST_B_JOINT = 57.5 * PAID_JOINT + 8 + 5 * 0.512


@pytest.fixture
def pair(write: Callable[..., Path]) -> tuple[Plan, Plan]:
    return read_plan(write("national")), read_plan(write("joint"))


def test_summary(pair: tuple[Plan, Plan]) -> None:
    found = summary(pair[1])
    assert found["gap_years"] == pytest.approx(0.768)
    assert found["cost_meur"] == pytest.approx(COST_A_JOINT + COST_B_JOINT)
    assert found["types"] == 3
    assert found["status"] == "optimal"
    assert [level["name"] for level in found["levels"]] == ["shortfall", "cost", "types"]
    assert [level["seconds"] for level in found["levels"]] == [0.1, 0.2, 0.3]
    assert found["states"]["A"] == {
        "gap_years": pytest.approx(0.768), "cost_meur": pytest.approx(COST_A_JOINT), "safe_drawn_meur": 10.0,
    }  # fmt: skip
    assert found["states"]["B"]["cost_meur"] == pytest.approx(COST_B_JOINT)
    assert summary(pair[0])["states"]["A"]["cost_meur"] == pytest.approx(COST_A_ALONE)


def test_both_headlines(pair: tuple[Plan, Plan]) -> None:
    found = compare(*pair, {"cost_meur": 100.0, "bound_meur": 90.0})
    assert found["same_money"]["difference"] == pytest.approx(3.456 - 0.768)
    assert found["same_money"]["proven"]
    capability = found["same_capability"]
    assert capability["national_cost_meur"] == pytest.approx(COST_A_ALONE)
    assert capability["difference_meur"] == pytest.approx(COST_A_ALONE - 100)
    assert capability["interval"] == pytest.approx([COST_A_ALONE - 100, COST_A_ALONE - 90])
    assert capability["proven"]
    assert found["types"] == {"national": 2, "joint": 3}
    assert found["safe"]["A"] == {"national_meur": 0.0, "joint_meur": 10.0, "ceiling_meur": 30.0}
    json.dumps(found, allow_nan=False)


def test_a_difference_inside_the_gaps_is_not_proven(parts: Callable[[str], Parts], tmp_path: Path) -> None:
    plans = []
    for mode, bound in (("national", 0.5), ("joint", 0.1)):
        content = parts(mode)
        levels = content["tables"]["levels"]
        content["tables"]["levels"] = levels.with_columns(bound=pl.lit(bound))
        write_plan(tmp_path / mode, **content)
        plans.append(read_plan(tmp_path / mode))
    found = compare(plans[0], plans[1], {"cost_meur": 100.0, "bound_meur": None})
    assert found["same_money"]["interval"] == pytest.approx([0.5 - 0.768, 3.456 - 0.1])
    assert not found["same_money"]["proven"]
    assert found["same_capability"]["interval"][1] is None
    assert not found["same_capability"]["proven"]


def test_domestic_value_splits_a_line_of_two_countries(pair: tuple[Plan, Plan]) -> None:
    found = compare(*pair)["domestic_value"]
    assert found == {
        "A": {"national_meur": 50.0, "joint_meur": 50.0}, "B": {"national_meur": 50.0, "joint_meur": 50.0},
    }  # fmt: skip


def test_each_cause_as_on_paper(pair: tuple[Plan, Plan]) -> None:
    found = {str(row["cause"]): float(row["meur"]) for row in decompose(*pair)}
    assert list(found) == [*CAUSES, OTHER]
    # A and B pay 5 instead of 10 for 10 units each, and sustainment of 0.1 in 2033
    assert found["scale"] == pytest.approx(2 * 50 * (PAID_JOINT + 0.1 * 0.512))
    assert found["fixed cost"] == pytest.approx(2 * 2.5 * PAID_JOINT)
    # P2's introduction grew from 2 to 2.2 by its later order year; the two causes share that product
    own_types = 10 * PAID_NATIONAL - 20 * PAID_JOINT - 2 * PAID_P2
    assert found["commonality"] == pytest.approx(own_types - 0.1 * PAID_P2)
    assert found["finance"] == pytest.approx(0.592)
    assert found["queueing"] == pytest.approx(-6 - 12 - 0.2 * PAID_P2 - 0.1 * PAID_P2)
    total = COST_A_ALONE - COST_A_JOINT - COST_B_JOINT
    assert math.fsum(found.values()) == pytest.approx(total, abs=1e-8)


def test_two_equal_plans_differ_by_nothing(pair: tuple[Plan, Plan]) -> None:
    assert [row["meur"] for row in decompose(pair[1], pair[1])] == pytest.approx([0.0] * 6, abs=1e-9)


def test_decomposition_says_which_plans_it_is_of(pair: tuple[Plan, Plan]) -> None:
    assert compare(*pair)["decomposition_of"] == "plans as made"
    found = compare(*pair, {"cost_meur": 1.0, "bound_meur": 1.0, "plan": pair[1]})
    assert found["decomposition_of"] == "same capability"


def needed_from_the_start(parts: Callable[[str], Parts], tmp_path: Path) -> Plan:
    """The national plan with AIR and C2 needed, and missing, from 2030 on."""
    content = parts("national")
    early = pl.col("year") < pl.when(pl.col("class_id") == "AIR").then(2032).otherwise(2031)
    needed = pl.when(pl.col("class_id") == "AIR").then(10.0).otherwise(4.0)
    content["tables"]["stock"] = content["tables"]["stock"].with_columns(
        need=needed, shortfall=pl.when(early).then(needed - pl.col("counted")).otherwise("shortfall")
    )
    write_plan(tmp_path / "early", **content)
    return read_plan(tmp_path / "early")


def test_months_to_target_follow_the_deliveries(
    pair: tuple[Plan, Plan], parts: Callable[[str], Parts], tmp_path: Path
) -> None:
    found = compare(needed_from_the_start(parts, tmp_path), pair[1])["months_to_target"]
    months = {(row["state"], row["class_id"]): (row["national"], row["joint"]) for row in found}
    # 10 units arrive in 2031 but only 8 have crews before 2032; gateways arrive on the first day of 2031
    assert months["A", "AIR"] == (24, 0)
    assert months["A", "C2"] == (12, 0)
    assert months["B", "AIR"] == (None, 0)


def test_months_inside_a_year(parts: Callable[[str], Parts], tmp_path: Path) -> None:
    content = parts("joint")
    is_truck = pl.col("class_id") == "TRUCK"
    missing = pl.when(is_truck).then(pl.when(pl.col("year") < 2032).then(1.0).otherwise(0.0))
    content["tables"]["stock"] = content["tables"]["stock"].with_columns(
        need=pl.when(is_truck).then(1.0).otherwise("need"), shortfall=missing.otherwise("shortfall")
    )
    write_plan(tmp_path / "joint", **content)
    write_plan(tmp_path / "national", **parts("national"))
    found = compare(read_plan(tmp_path / "national"), read_plan(tmp_path / "joint"))["months_to_target"]
    # two trucks arrive evenly between the middle and the end of 2032: one is there after nine months
    assert next(row["joint"] for row in found if row["class_id"] == "TRUCK") == 24 + 9


def test_plans_of_two_regions_or_of_one_mode_are_not_compared(
    pair: tuple[Plan, Plan], parts: Callable[[str], Parts], tmp_path: Path
) -> None:
    with pytest.raises(BadInput, match="national and a joint"):
        compare(pair[1], pair[0])
    content = parts("joint")
    content["manifest"]["region"]["content_hash"] = "1" * 64
    write_plan(tmp_path / "other", **content)
    with pytest.raises(BadInput, match="same region"):
        compare(pair[0], read_plan(tmp_path / "other"))

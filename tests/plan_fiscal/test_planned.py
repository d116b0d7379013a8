"""Which region an outlook is of when a plan of purchases is given."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from tests.plan_fiscal.plans import TWO, write_hand
from vallum.core.errors import BadInput
from vallum.model.finance.reader import problem
from vallum.plan.fiscal.impact import outlays_of
from vallum.plan.fiscal.pipeline import equal_capability, planned
from vallum.plan.store import Plan
from vallum.region import Region


def changed_purse(region: Region, column: str = "plannable_meur", by: float = 0.9) -> Region:
    purses = region.tables["purses"]
    return region.replace(purses=purses.with_columns(pl.col(column) * by))


def test_without_a_plan_it_is_the_region(region: Region) -> None:
    assert planned(region, {}) is region


def test_the_plan_of_the_region_changes_nothing(region: Region, hand: Callable[..., Plan]) -> None:
    assert planned(region, {"joint": hand()}) is region


def test_purses_and_loans_are_the_plans(region: Region, hand: Callable[..., Plan]) -> None:
    other = changed_purse(region)
    found = planned(region, {"joint": hand(where=other)})
    assert found.tables["purses"]["plannable_meur"].sum() == pytest.approx(
        other.tables["purses"]["plannable_meur"].sum()
    )
    assert found.tables["fiscal_inputs"].equals(region.tables["fiscal_inputs"])


def test_expected_draws_shrink_with_the_loan_of_the_plan(region: Region, hand: Callable[..., Plan]) -> None:
    """A scenario with half of the loans has draws of its own, which a plan does not keep."""
    half = (pl.col("adopted_loan_meur", "prefinancing_meur") / 2.0,)
    draws = region.tables["safe_draws"].with_columns(pl.col("draw_meur", "delivered_meur") / 2.0)
    loans = region.tables["safe_loans"].with_columns(*half)
    found = planned(region, {"joint": hand(where=region.replace(safe_loans=loans, safe_draws=draws))})
    assert found.sound
    for column in ("draw_meur", "delivered_meur"):
        assert found.tables["safe_draws"][column].to_list() == pytest.approx(draws[column].to_list())


def test_a_plan_without_loans_has_no_draws(region: Region, hand: Callable[..., Plan]) -> None:
    none = region.replace(
        safe_loans=region.tables["safe_loans"].clear(), safe_draws=region.tables["safe_draws"].clear()
    )
    plan = hand(replace(TWO, draws={}), where=none)
    found = planned(region, {"joint": plan})
    assert found.tables["safe_draws"].is_empty()
    assert (outlays_of(problem(found), plan).draws == 0.0).all()


def test_a_plan_of_other_members_is_refused(region: Region, hand: Callable[..., Plan]) -> None:
    plan = hand()
    states = plan.inputs["states"].filter(pl.col("state") != "LT")
    with pytest.raises(BadInput, match=r"The plan is of EE, LV, the region of EE, LT, LV") as caught:
        planned(region, {"joint": replace(plan, inputs={**plan.inputs, "states": states})})
    assert caught.value.rule == "plan_of_region"
    assert caught.value.where == str(plan.path)


def test_plans_of_two_regions_are_refused(region: Region, tmp_path: Path) -> None:
    plans = {
        "national": write_hand(tmp_path / "national", changed_purse(region), TWO, "national"),
        "joint": write_hand(tmp_path / "joint", region, TWO, "joint"),
    }
    with pytest.raises(BadInput, match="alone and together were made from different data"):
        planned(region, plans)


def test_an_unsound_region_is_refused(region: Region) -> None:
    with pytest.raises(BadInput, match="fiscal_inputs"):
        planned(
            region.replace(fiscal_inputs=region.tables["fiscal_inputs"].filter(pl.col("year") != 2025)), {}
        )


# ---------------------------------------------------------------- compare.json

GOOD = {"national_cost_meur": 100.0, "joint_cost_meur": 90, "difference_meur": 10, "interval": [None, 20.0]}


def compared(folder: Path, same: Any) -> Any:
    (folder / "compare.json").write_text(json.dumps({"same_capability": same}), encoding="utf-8")
    return equal_capability(folder)


def test_what_the_same_capability_costs(tmp_path: Path) -> None:
    assert equal_capability(tmp_path) is None
    assert compared(tmp_path, None) is None
    assert compared(tmp_path, GOOD) == GOOD


@pytest.mark.parametrize(
    "same",
    [
        {},
        "nothing",
        [1.0],
        GOOD | {"interval": [1.0]},
        GOOD | {"interval": 3.0},
        GOOD | {"national_cost_meur": "100"},
        GOOD | {"difference_meur": True},
        GOOD | {"difference_meur": float("nan")},
    ],
)
def test_a_damaged_comparison_is_named(same: Any, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="damaged") as caught:
        compared(tmp_path, same)
    assert str(caught.value.where).endswith("compare.json")

"""Sharing the cost: the toy region by hand, small regions against an independent formulation."""

from functools import cache
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from held import Held

from vallum.model.procurement import problem, solve
from vallum.plan.shares import coalitions, shares
from vallum.plan.store import Plan
from vallum.plan.summary import summary
from vallum.plan.tables import PLAN_TABLES
from vallum.region import Region
from vallum.region.synthetic import small
from vallum.solve import Cancel, Limits

PROOF = Limits(time_limit=60, gap=0.0)
SEEDS = range(20)
#: Draws that are planned a second time by an independent formulation.
AGAIN = range(5)


def national_plan(region: Region) -> Plan:
    """The national plan, without a folder."""
    found = solve(problem(region), "national", PROOF)
    tables = {name: _typed(name, found.tables.get(name)) for name in PLAN_TABLES}
    tables["levels"] = found.level_table()
    return Plan(Path(), {"mode": "national"}, {}, region.tables, tables)


def _typed(name: str, frame: pl.DataFrame | None) -> pl.DataFrame:
    empty = PLAN_TABLES[name].empty()
    return empty if frame is None else frame.cast(empty.schema)


def costs(found: dict[str, Any]) -> dict[str, float]:
    return {"+".join(one["states"]): one["cost_meur"] for one in found["coalitions"]}


@pytest.fixture(scope="module")
def toy() -> Plan:
    return national_plan(Region.read("toy"))


@cache
def shared(seed: int) -> tuple[Region, Plan, dict[str, Any]]:
    """A small region, its national plan, and what is shared."""
    region = small(seed).require_sound()
    national = national_plan(region)
    found = shares(problem(region), national, PROOF)
    assert found is not None
    return region, national, found


def test_the_toy_region_by_hand(toy: Plan) -> None:
    """Norda and Meda order X together: 40 each instead of 50 and 48 (Y), which saves 18. Norda and Suda order
    bridges together: 16 each instead of 20, which saves 8. Meda and Suda have nothing to share, and all three
    save 26. Each saving needs Norda, so it gets half of both: 13, and Meda 9, Suda 4; the Shapley value says
    the same."""
    found = shares(problem(Region.read("toy")), toy, PROOF)
    assert costs(found) == pytest.approx(
        {"MD": 48, "ND": 70, "SD": 20, "MD+ND": 100, "MD+SD": 68, "ND+SD": 82, "MD+ND+SD": 112}
    )
    states = found["states"]
    assert {s: one["core_meur"] for s, one in states.items()} == pytest.approx({"MD": 39, "ND": 57, "SD": 16})
    assert {s: one["shapley_meur"] for s, one in states.items()} == pytest.approx(
        {"MD": 39, "ND": 57, "SD": 16}
    )
    assert {s: one["saves_meur"] for s, one in states.items()} == pytest.approx({"MD": 9, "ND": 13, "SD": 4})
    assert {s: one["spends_meur"] for s, one in states.items()} == pytest.approx(
        {"MD": 40, "ND": 56, "SD": 16}
    )
    assert (found["core"], found["proven"], found["all_coalitions"]) == ("found", True, True)
    assert found["least_saving_meur"] == pytest.approx(4)
    assert found["subsidy_meur"] == 0
    assert found["largest_gap"] == pytest.approx(0, abs=1e-6)


@pytest.mark.filterwarnings("default")  # what the independent formulation imports warns
@pytest.mark.parametrize("seed", AGAIN)
def test_all_together_cost_what_the_flow_formulation_says(seed: int) -> None:
    region, national, found = shared(seed)
    flow = Held(region, "joint")
    for state, one in summary(national)["states"].items():
        flow.row(flow.missing[state], "<=", one["gap_years"] * (1 + 1e-6) + 1e-6)
    whole = found["coalitions"][-1]
    best = flow.least("cost")
    assert whole["cost_meur"] == pytest.approx(best, rel=1e-4, abs=1e-4)
    assert whole["bound_meur"] <= best + 1e-4 * max(1.0, abs(best))


@pytest.mark.parametrize("seed", SEEDS)
def test_nobody_pays_more_than_apart(seed: int) -> None:
    _, national, found = shared(seed)
    pays = {state: one["core_meur"] for state, one in found["states"].items()}
    cost = costs(found)
    whole = found["coalitions"][-1]["cost_meur"]
    assert sum(pays.values()) == pytest.approx(whole - found["subsidy_meur"], abs=1e-6)
    for one in found["coalitions"][:-1]:
        assert sum(pays[state] for state in one["states"]) <= one["cost_meur"] + 1e-5
    alone = {state: one["cost_meur"] for state, one in summary(national)["states"].items()}
    for name, value in cost.items():
        # a plan of some, beside the national plans of the others, is a plan of all
        others = sum(c for state, c in alone.items() if state not in name.split("+"))
        assert whole <= value + others + 1e-5
        assert value <= sum(alone[state] for state in name.split("+")) + 1e-5


def test_without_time_the_national_costs_stand_and_nothing_is_proven(toy: Plan) -> None:
    cancel = Cancel()
    cancel.set()
    found = shares(problem(Region.read("toy")), toy, PROOF, cancel=cancel)
    assert costs(found)["MD+ND+SD"] == pytest.approx(138)
    assert {s: one["saves_meur"] for s, one in found["states"].items()} == pytest.approx(
        {"MD": 0, "ND": 0, "SD": 0}, abs=1e-6
    )
    assert not found["proven"]
    assert found["largest_gap"] > 0.9


def test_a_bound_of_the_joint_plan_counts_for_all_together(toy: Plan) -> None:
    cancel = Cancel()
    cancel.set()
    found = shares(problem(Region.read("toy")), toy, PROOF, cancel=cancel, bound=100.0)
    assert found["coalitions"][-1]["bound_meur"] == 100.0


def test_equal_runs_share_equally(toy: Plan) -> None:
    one, two = (shares(problem(Region.read("toy")), toy, Limits(time_limit=None, work=40)) for _ in range(2))
    assert one == two


def test_many_states_are_asked_in_part() -> None:
    assert coalitions(3) == [1, 2, 4, 3, 5, 6, 7]
    assert len(coalitions(6)) == 63
    assert len(coalitions(8)) == 8 + 28 + 8 + 1
    assert coalitions(8)[-1] == 255

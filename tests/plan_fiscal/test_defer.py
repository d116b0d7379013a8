"""Which programmes give way when the purse gets tighter."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from tests.plan_fiscal.plans import Hand, Order, tables_of
from vallum.core.errors import BadInput
from vallum.model.finance.problem import FloatArray, Problem
from vallum.model.finance.scenarios import POLICIES
from vallum.plan.fiscal import Replan, make
from vallum.plan.fiscal.defer import deferrals, tighter
from vallum.plan.fiscal.solidarity import ended
from vallum.plan.store import Plan
from vallum.region import Region
from vallum.solve import Limits

PLAN = POLICIES["plan"]
REAL = ("A155_NSPA", "A155_BAISOGALA")
"""Two programmes of the region that all members may buy."""


def order(programme: str, state: str, year: int, quantity: float) -> Order:
    return Order(programme, state, year, 2.0, {year: 2.0 * quantity}, {year + 1: quantity}, coalition=state)


def bought(region: Region) -> Hand:
    members = region.tables["programme_states"].filter(pl.col("programme_id") == REAL[0])
    state, most = members.select("state", "max_quantity").row(0)
    return Hand((order(REAL[0], state, 2029, most / 2), order(REAL[0], state, 2031, most / 4)))


@pytest.fixture(scope="module")
def nothing_lost(what: Problem) -> FloatArray:
    return np.zeros_like(what.spb)


def test_the_purse_bears_its_share_by_hand(region: Region, what: Problem, pair: dict[str, Plan]) -> None:
    lost = np.full_like(what.spb, 0.5)
    lost[what.states.index("LV"), :] = 60.0
    lost[:, -1] = 0.0
    table = tighter(what, region, pair["joint"], lost, PLAN).table
    purses = region.tables["purses"].rows_by_key(("state", "year"), named=True, unique=True)
    assert table.height == len(purses)
    for row in table.to_dicts():
        purse = purses[row["state"], row["year"]]
        loss = 0.0 if row["year"] == 2040 else (60.0 if row["state"] == "LV" else 0.5)
        gone = loss / 100.0 * purse["gdp_real_meur"]
        assert row["lost_meur"] == pytest.approx(gone)
        assert row["plannable_meur"] == purse["plannable_meur"]
        assert row["tight_meur"] == pytest.approx(max(0.0, purse["plannable_meur"] - 0.1 * gone))
    assert table.filter(state="LV", year=2026)["tight_meur"].item() == 0.0


@settings(max_examples=6, deadline=None)
@given(arrays.arrays(np.float64, (3, 17), elements=st.floats(0.0, 100.0)), st.floats(0.0, 1.0))
def test_a_purse_is_never_negative_and_never_grows(
    region: Region, what: Problem, pair: dict[str, Plan], lost: FloatArray, share: float
) -> None:
    bears = {**what.settings, "plan_bears_share": np.full(3, share)}
    less = tighter(replace(what, settings=bears), region, pair["joint"], lost, PLAN)
    assert (less.table["tight_meur"] >= 0.0).all()
    assert (less.table["tight_meur"] <= less.table["plannable_meur"]).all()
    assert less.region.sound


def test_the_loan_ends_only_where_the_policy_ends_it(
    region: Region, what: Problem, pair: dict[str, Plan], nothing_lost: FloatArray
) -> None:
    windows = region.tables["safe_loans"].select("state", "window_from", "window_to")
    kept = tighter(what, region, pair["joint"], nothing_lost, PLAN).region
    assert kept.tables["safe_loans"].select(windows.columns).equals(windows)
    cut = tighter(what, region, pair["joint"], nothing_lost, ended(("safe",))).region
    for before, after in zip(windows.to_dicts(), cut.tables["safe_loans"].to_dicts(), strict=True):
        last = int(what.number("safe_end_year")) - 1
        assert after["window_to"] == max(before["window_from"], min(before["window_to"], last))
        assert after["window_from"] == before["window_from"]


def test_only_what_the_plan_buys_may_be_bought(
    region: Region, what: Problem, hand: Callable[..., Plan], nothing_lost: FloatArray
) -> None:
    given_orders = bought(region)
    plan = hand(given_orders)
    less = tighter(what, region, plan, nothing_lost, PLAN).region
    state = given_orders.orders[0].state
    members = less.tables["programme_states"]
    assert members.select("programme_id", "state").rows() == [(REAL[0], state)]
    assert members["max_quantity"].item() == pytest.approx(sum(one.quantity for one in given_orders.orders))
    programmes = less.tables["programmes"].rows_by_key("programme_id", named=True, unique=True)
    assert programmes[REAL[0]]["start_earliest"] == 2029
    before = region.tables["programmes"].rows_by_key("programme_id", named=True, unique=True)
    assert programmes[REAL[1]]["start_earliest"] == before[REAL[1]]["start_earliest"]


@pytest.mark.parametrize(
    ("before", "after", "verdict"),
    [
        ([(2028, 10.0)], [(2028, 10.0)], "kept"),
        ([(2028, 10.0)], [(2028, 9.96)], "kept"),  # within half of one per cent
        ([(2028, 10.0)], [(2028, 9.0)], "reduced"),
        ([(2028, 10.0)], [(2029, 10.0)], "deferred"),
        ([(2028, 10.0)], [(2029, 4.0)], "deferred"),  # later and less: later is said
        ([(2028, 8.0)], [(2028, 6.0), (2029, 2.0)], "kept"),  # a quarter of a year is the same year
        ([(2028, 8.0)], [(2028, 5.0), (2029, 3.0)], "deferred"),
        ([(2030, 10.0)], [(2028, 10.0)], "brought forward"),
        ([(2030, 10.0)], [(2028, 5.0)], "reduced"),  # less, if earlier
        ([(2028, 10.0)], [], "dropped"),
        ([], [(2028, 10.0)], "added"),
        ([(2028, 10.0)], [(2028, 12.0)], "kept"),
    ],
)
def test_verdicts_by_hand(
    region: Region,
    pair: dict[str, Plan],
    before: list[tuple[int, float]],
    after: list[tuple[int, float]],
    verdict: str,
) -> None:
    plans = [
        replace(
            pair["joint"],
            tables={
                **pair["joint"].tables,
                **tables_of(region, Hand([order("X", "LT", year, quantity) for year, quantity in orders])),
            },
        )
        for orders in (before, after)
    ]
    row = deferrals(*plans).row(0, named=True)
    assert row["verdict"] == verdict
    assert row["quantity"] == pytest.approx(sum(quantity for _, quantity in before))
    assert row["quantity_tight"] == pytest.approx(sum(quantity for _, quantity in after))
    assert row["value_meur"] == pytest.approx(2.0 * row["quantity"])
    for column, orders in (("year", before), ("year_tight", after)):
        mean = sum(y * q for y, q in orders) / sum(q for _, q in orders) if orders else None
        assert row[column] == (None if mean is None else pytest.approx(mean))


def test_two_plans_that_buy_nothing_have_no_verdict(pair: dict[str, Plan], region: Region) -> None:
    empty = replace(pair["joint"], tables={**pair["joint"].tables, **tables_of(region, Hand())})
    assert deferrals(empty, empty).is_empty()
    assert deferrals(pair["joint"], pair["joint"])["verdict"].to_list() == ["kept", "kept"]


def test_a_replan_asks_for_a_plan(region: Region) -> None:
    with pytest.raises(BadInput, match="Only a plan of purchases"):
        make(region, paths=100, again=Replan(("safe",), Limits(time_limit=None, work=1)))


def test_a_replan_from_end_to_end(region: Region, tmp_path: Path, hand: Callable[..., Plan]) -> None:
    """One programme with a purse that cannot pay it before the end of solidarity, nor after."""
    plan = hand(bought(region))
    stages: list[str] = []
    found = make(
        region,
        plan=plan.path,
        out=tmp_path / "out",
        paths=100,
        again=Replan(("safe", "cohesion"), Limits(time_limit=None, work=1)),
        progress=lambda event: stages.append(event.stage),
    )
    assert found.manifest["again"] == "safe+cohesion"
    rows = found.tables["deferrals"].to_dicts()
    # The plan with its own purse, planned again, cannot pay the programme either, so nothing may give way.
    assert {row["programme_id"] for row in rows} <= {REAL[0]}
    assert all(row["quantity_tight"] <= row["quantity"] + 1e-6 for row in rows)
    lost = found.tables["tighter"].filter(pl.col("year") >= 2028)
    assert (lost["lost_meur"] > 0.0).all()
    assert "planning again with the tighter purse" in stages
    assert stages.index("reading") < stages.index("writing")

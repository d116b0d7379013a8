"""Tables of evacuations that can be worked out by hand, and what all tables promise."""

import numpy as np
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.evacuation.worlds import (
    BOTH,
    BUSES,
    CARS,
    hand_world,
    link,
    random_world,
    seeds,
    solved,
    world,
)
from vallum.model.evacuation import Case
from vallum.model.evacuation.problem import Household, Window
from vallum.plan.evacuation.frames import REASONS, of_run, prices
from vallum.plan.evacuation.tables import EVACUATION_TABLES
from vallum.solve.flow import Worker

few = settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
col = pl.col


def tables(
    case: Case, mode: str, worker: Worker, sheltered: dict[str, float] | None = None
) -> dict[str, pl.DataFrame]:
    return of_run(solved(case, mode, worker), sheltered or {})


# ---------------------------------------------------------------- by hand (tests.evacuation.worlds.hand_world)


def test_the_summary_by_hand(worker: Worker) -> None:
    joint = tables(hand_world(), "joint", worker)["summary"].row(0, named=True)
    assert joint == {
        "scenario_id": "MADE", "mode": "joint", "people": 240, "places": 340, "served": 240, "unserved": 0,
        "hours_50": 3.0, "hours_95": 11.0, "hours_100": 13.0, "hours_mean": 4.25, "quickest": 13.0,
        "quickest_bound": 13.0, "unserved_bound": 0, "value": 1020.0, "bound": 970.0, "gap": 50.0 / 1020.0, "step_min": 60.0,
        "proof": "optimal",
    }  # fmt: skip
    national = tables(hand_world(), "national", worker)["summary"].row(0, named=True)
    # 80 of the 140 who arrive are there by 2.
    wanted = {
        "places": 140,
        "served": 140,
        "unserved": 100,
        "hours_50": 2.0,
        "quickest": None,
        "unserved_bound": 100,
    }
    assert {name: national[name] for name in wanted} == wanted
    assert (national["value"], national["bound"]) == (460.0, 280.0)
    assert national["gap"] == pytest.approx(180.0 / 460.0)


def test_arrivals_and_departures_by_hand(worker: Worker) -> None:
    made = tables(hand_world(), "joint", worker)
    arrived = {
        group: made["arrivals"].filter(group=group)["arrived"].to_list() for group in ("car", "bus", "train")
    }
    assert arrived["car"][:6] == [0, 0, 80, 130, 180, 180]
    assert arrived["bus"][:6] == [0, 0, 0, 0, 6, 12]
    assert set(arrived["train"]) == {0}
    bus = made["departures"].filter(group="bus")
    assert bus["hour"].to_list() == [float(hour) for hour in range(3, 13)]
    assert bus.select("place_id", "first_stop", "people", "towards").unique().rows() == [
        ("NA-1", "J", 6, "NA-2")
    ]
    assert made["departures"].filter(group="car")["people"].sum() == 180


def test_reception_and_loads_by_hand(worker: Worker) -> None:
    made = tables(hand_world(), "joint", worker)
    assert made["reception"].drop("scenario_id", "mode").rows() == [
        # The last of the bus fill NA-2 at 13; a place is worth half to twice what is assumed.
        ("NA", "NA-2", 140, 70, 280, 140, 0, 13.0),
        ("NB", "NB-3", 200, 100, 400, 100, 100, None),
    ]
    load = made["loads"].filter(place_id="NB-3")
    assert load["people"].to_list() == [0, 0, 0, 50, 100] + [100] * 9


def test_corridors_by_hand(worker: Worker) -> None:
    made = tables(hand_world(), "joint", worker)
    use = {(row["from_node"], row["to_node"]): row for row in made["corridors"].to_dicts()}
    border = use["J", "K"]
    # 100 people in 50 cars, in two hours of 25: full. The 60 of the bus take the room of 3 cars to NA-2.
    assert (border["people"], border["vehicles"], border["full_h"]) == (100, 50.0, 2.0)
    assert use["J", "NA-2"]["people"] == 140
    assert use["J", "NA-2"]["vehicles"] == pytest.approx(80 / 2 + 60 / 20)
    # From 0 to 13 h in parts of three: in the first two of hours 0 to 2 the border takes 25 cars each.
    flow = made["flow"].filter(from_node="J", to_node="K")
    assert flow.select("hour", "vehicles_h", "used").rows() == [
        (0.0, pytest.approx(50 / 3), pytest.approx(2 / 3))
    ]


def test_prices_by_hand(worker: Worker) -> None:
    # 50 people, 10 cars of two an hour on the road: 20 arrive at 3, 20 at 4, 10 at 5. Room for one more car
    # an hour is 2 people: at the first hour they gain 2 hours each, at the second 1, then none: 6.
    case = world(
        "A=NA B=NA",
        [("A", "B", 1.0, 1, 10.0)],
        {"NA-1": ("A", 50.0)},
        {"NA-2": ("B", 90.0)},
        households=CARS,
    )
    found = solved(case, "national", worker)
    assert found.arrivals[3:6].tolist() == [20, 20, 10]
    assert max(prices(found)) == pytest.approx(6.0)
    # The way back has none.
    assert sorted(prices(found))[:-1] == [0.0] * 3


def test_prices_do_not_depend_on_the_step(worker: Worker) -> None:
    # 93 people, 10 cars of two an hour: 10 people each half-hour, from 1.5 h on, and the last 3 in the tenth.
    # One more car an hour is one person a step more: the first gains 9 steps, the second 8, ...: 45 steps of
    # half an hour. In quarters five people a step, the last in the nineteenth: 18 + 17 + ... + 1 = 171 steps of
    # a quarter for half a person each.
    case = world("A=NA B=NA", [("A", "B", 1.0, 1, 10.0)], {"NA-1": ("A", 93.0)}, {"NA-2": ("B", 99.0)}, households=CARS)  # fmt: skip
    for step, price in ((30.0, 45 * 0.5), (15.0, 171 * 0.25 * 0.5)):
        found = solved(case, "national", worker, step_min=step)
        assert max(prices(found)) == pytest.approx(price)


# ---------------------------------------------------------------- who is left, and why


def row_of(case: Case, mode: str, worker: Worker, group: str) -> dict[str, object]:
    rows = tables(case, mode, worker)["unserved"].filter(group=group)
    assert rows.height == 1
    found = rows.row(0, named=True)
    assert found["told"] == f"{found['people']:,} people of Left NA-1: {REASONS[found['reason']]}"
    return found


ROAD = [("A", "B", 1.0, 1, 10.0)]
HERE, THERE = {"NA-1": ("A", 100.0)}, {"NA-2": ("B", 500.0)}


@pytest.mark.parametrize(
    ("case", "group", "left", "reason"),
    [
        # The town is three hours away, and two are looked at.
        (world("A=NA B=NA", ROAD, HERE, THERE, households=CARS, horizon=2), "car", 100, "no way"),
        (world("A=NA B=NA", [], HERE, THERE, households=BUSES), "bus", 100, "no way"),
        # Two departures are in time for hour 4: 20 people each.
        (world("A=NA B=NA", ROAD, HERE, THERE, households=CARS, horizon=4), "car", 60, "road"),
        (world("A=NA B=NA", ROAD, HERE, {"NA-2": ("B", 30.0)}, households=CARS), "car", 70, "places"),
        (world("A=NA B=NA", ROAD, HERE, {"NA-2": ("B", 30.0)}, households=BUSES), "bus", 70, "places"),
        # Two buses of 40 seats go 62 minutes and back: 80 / (2 x 62 / 60) = 38.7 an hour. Boarding takes an
        # hour and the way three steps: 2 boardings are in time for 5.
        (world("A=NA B=NA", ROAD, HERE, THERE, households=BUSES, horizon=5), "bus", 100 - 2 * 38, "vehicles"),
        # Buses enough, and the town takes in 5 an hour from 4 on: 5 times 5 people.
        (
            world("A=NA B=NA", ROAD, HERE, THERE, households={"NA": Household(0.0, 2.0, 100.0)}, horizon=8,
                  intake_h=0.01),
            "bus", 75, "road",
        ),
        # Buses enough, and a road for half a car, 10 people in buses, an hour: from 2 on, out by 6.
        (
            world("A=NA B=NA", [("A", "B", 1.0, 1, 0.5)], HERE, THERE,
                  households={"NA": Household(0.0, 2.0, 100.0)}, horizon=8),
            "bus", 50, "road",
        ),
        # Closed as long as it matters.
        (
            world("A=NA B=NA", ROAD, HERE, THERE, households=CARS, horizon=6,
                  windows=[Window("A", "B", "closure", 0.0, 5.0, 0)]),
            "car", 100, "road",
        ),
        (
            world("A=NA B=NA", ROAD, HERE, THERE, households=CARS, horizon=6,
                  windows=[Window("A", "B", "closure", 0.0, 6.0, 0)]),
            "car", 100, "no way",
        ),
    ],
)  # fmt: skip
def test_the_reason_of_being_left(worker: Worker, case: Case, group: str, left: int, reason: str) -> None:
    found = row_of(case, "national", worker, group)
    assert (found["people"], found["reason"]) == (left, reason)


def test_where_no_bus_comes_the_road_is_not_to_blame(worker: Worker) -> None:
    none, late = {"NA": Household(0.0, 2.0, 0.0)}, {"NA": Household(0.0, 2.0, 100.0)}
    for case, reason in (
        (world("A=NA B=NA", ROAD, HERE, THERE, households=none), "vehicles"),
        (world("A=NA B=NA", ROAD, HERE, THERE, households=late, horizon=6, bus_ready_h=5.0), "vehicles"),
        (world("A=NA B=NA", [], HERE, THERE, households=none), "no way"),
    ):
        found = row_of(case, "national", worker, "bus")
        assert (found["people"], found["reason"]) == (100, reason)


# ---------------------------------------------------------------- leaving beside sheltering


def test_shelter_by_hand(worker: Worker) -> None:
    known = tables(hand_world(), "joint", worker, {"NA": 0.1, "NA-1": 0.25})["in_place"]
    at = {row["warning_h"]: row for row in known.to_dicts()}
    assert sorted(at) == [1.0, 2.0, 3.0, 6.0, 12.0, 24.0, 48.0]
    # 240 people, 60 with a place in a shelter (the row of the town beats the one of its state). With 2 hours
    # 80 are in NA-2 and 50 at K; the other 110 are here, 60 of them in shelters.
    assert (at[2.0]["away"], at[2.0]["sheltered"], at[2.0]["exposed"]) == (80 + 50, 60, 50)
    # With 12 hours only the last 6 of the bus are here, all in a shelter.
    assert (at[12.0]["away"], at[12.0]["sheltered"], at[12.0]["exposed"]) == (234, 6, 0)
    assert (at[24.0]["away"], at[24.0]["exposed"]) == (240, 0)
    of_state = tables(hand_world(), "joint", worker, {"NA": 0.1})["in_place"].filter(warning_h=2.0)
    assert of_state["sheltered"].to_list() == [24]


def test_unknown_shelter_stays_unknown(worker: Worker) -> None:
    made = tables(hand_world(), "joint", worker, {"NB": 0.5})["in_place"]
    assert made["sheltered"].is_null().all()
    assert made["exposed"].is_null().all()
    assert made["away"].max() == 240


# ---------------------------------------------------------------- what all tables promise


@few
@given(
    seed=seeds(),
    households=st.sampled_from([CARS, BUSES, BOTH]),
    mode=st.sampled_from(["national", "joint"]),
    share=st.floats(0.0, 1.0),
    step=st.sampled_from([60.0, 20.0]),
)
def test_tables_agree_with_each_other(
    worker: Worker, seed: int, households: dict[str, Household], mode: str, share: float, step: float
) -> None:
    found = solved(random_world(seed, households), mode, worker, step_min=step)
    made = of_run(found, {"NA": share})
    for name, frame in made.items():
        assert dict(frame.schema) == dict(pl.Schema(EVACUATION_TABLES[name].schema)), name
        assert not frame.select(list(EVACUATION_TABLES[name].key)).is_duplicated().any(), name
    summary = made["summary"].row(0, named=True)
    served = summary["served"]
    assert served + summary["unserved"] == summary["people"]
    assert summary["unserved"] == made["unserved"]["people"].sum()
    assert summary["unserved_bound"] <= summary["unserved"]
    assert summary["proof"] == "optimal"
    if summary["gap"] is not None:
        assert -1e-12 <= summary["gap"] < 1.0
    for name in ("departures", "routes", "reception"):
        assert made[name]["people"].sum() == served, name
    last = made["arrivals"].group_by("group").agg(col("arrived").last())
    assert last["arrived"].sum() == served
    # Who departs from a municipality arrives; the rest of its people are left.
    gone = np.array([made["departures"].filter(place_id=one.key)["people"].sum() for one in found.roads.case.origins])  # fmt: skip
    left = np.array([made["unserved"].filter(place_id=one.key)["people"].sum() for one in found.roads.case.origins])  # fmt: skip
    assert (gone + left).tolist() == [round(one.people) for one in found.roads.case.origins]
    reception = made["reception"]
    assert (reception["people"] <= reception["places"]).all()
    assert (reception["from_abroad"] <= (reception["people"] if mode == "joint" else 0)).all()
    assert (reception.filter(col("full_h").is_not_null())["people"] > 0).all()
    loads = made["loads"].sort("place_id", "hour").group_by("place_id", maintain_order=True)
    ends = loads.agg(col("people").last(), col("people").diff().min().alias("least"))
    assert (ends["least"] >= 0).all()
    came = reception.select("place_id", "people").filter(col("people") > 0).sort("place_id")
    assert ends.select("place_id", "people").rows() == came.rows()
    assert (made["corridors"]["price"] >= 0.0).all()
    assert made["flow"]["used"].is_between(0.0, 1.0).all()


@few
@given(seed=seeds(), share=st.floats(0.0, 1.0))
def test_leaving_and_sheltering_add_up(worker: Worker, seed: int, share: float) -> None:
    made = tables(random_world(seed, BOTH), "joint", worker, {"NA": share})["in_place"]
    over = made.sort("place_id", "warning_h")
    assert (over.select(col("away").diff().over("place_id").fill_null(0)).to_series() >= 0).all()
    assert (made["away"] <= made["people"]).all()
    known = made.filter(state="NA")
    assert (known["away"] + known["sheltered"] + known["exposed"] == known["people"]).all()
    assert (known["sheltered"] >= 0).all()
    assert (known["exposed"] >= 0).all()
    assert made.filter(state="NB")["exposed"].is_null().all()


def test_links_may_be_several(worker: Worker) -> None:
    """A town with ways to two nodes uses both."""
    case = world(
        "A=NA B=NA", [], {"NA-1": ("A", 40.0)}, {"NA-2": ("A", 500.0)}, households=CARS,
        links=[link("NA-1", "A", 5.0), link("NA-1", "B", 5.0), link("NA-2", "A"), link("NA-2", "B")],
    )  # fmt: skip
    made = tables(case, "national", worker)
    assert sorted(made["departures"].select("hour", "first_stop", "people").rows()) == [
        (1.0, "A", 10), (1.0, "B", 10), (2.0, "A", 10), (2.0, "B", 10),
    ]  # fmt: skip

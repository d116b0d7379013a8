"""Ways: each begins where its people live, follows roads, and ends where they sleep."""

from collections import Counter
from itertools import pairwise

import numpy as np
import polars as pl
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.evacuation.worlds import BOTH, BUSES, CARS, hand_world, random_world, seeds, solved, world
from vallum.model.evacuation import Evacuated
from vallum.model.evacuation.problem import Household, Train
from vallum.plan.evacuation.ways import ways
from vallum.solve.flow import Worker

few = settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
HOUSEHOLDS = st.sampled_from([CARS, BUSES, BOTH])
MODES = st.sampled_from(["national", "joint"])


def joined(found: Evacuated) -> set[tuple[str, str, str]]:
    """Group of ends that one road, or one train, joins."""
    case = found.roads.case
    ends = {(road.tail, road.head) for road in (*case.roads, *case.links)}
    by_road = {
        (group, *way)
        for tail, head in ends
        for way in ((tail, head), (head, tail))
        for group in ("car", "bus")
    }
    on_foot = {("train", *way) for one in case.links for way in ((one.tail, one.head), (one.head, one.tail))}
    return by_road | on_foot | {("train", one.tail, one.head) for one in case.trains}  # fmt: skip


@few
@given(seed=seeds(), households=HOUSEHOLDS, mode=MODES)
def test_every_way_leads_from_home_to_a_host(
    worker: Worker, seed: int, households: dict[str, Household], mode: str
) -> None:
    found = solved(random_world(seed, households), mode, worker)
    case, listed = found.roads.case, ways(found)
    known = joined(found)
    for row in listed.iter_rows(named=True):
        origin, host = case.origins[row["origin"]], case.hosts[row["host"]]
        stops = [origin.key, *row["way"].split(";"), host.key]
        assert {(row["group"], *ends) for ends in pairwise(stops)} <= known
        assert row["first"] == stops[1]
        assert row["people"] > 0
        assert 0.0 < row["depart_h"] <= row["away_h"] <= row["arrive_h"] <= found.roads.steps
        if mode == "national":
            assert origin.state == host.state


@few
@given(seed=seeds(), households=HOUSEHOLDS, mode=MODES)
def test_ways_add_up_to_who_arrives(
    worker: Worker, seed: int, households: dict[str, Household], mode: str
) -> None:
    found = solved(random_world(seed, households), mode, worker)
    listed = ways(found)
    by_car = pl.col("group") == "car"
    for flow, mine in ((found.car, listed.filter(by_car)), (found.bus, listed.filter(~by_car))):
        served = flow.expanded.network.supply_amount - flow.unserved
        left: Counter[int] = Counter()
        came = np.zeros_like(flow.arrivals)
        for row in mine.iter_rows(named=True):
            left[row["origin"]] += row["people"]
            came[row["host"], round(row["arrive_h"])] += row["people"]
        assert [left[n] for n in range(len(served))] == served.tolist()
        assert came.tolist() == flow.arrivals.tolist()


def test_cars_and_buses_by_hand(worker: Worker) -> None:
    listed = ways(solved(hand_world(), "joint", worker))
    cars, buses = (listed.filter(group=group).sort("depart_h", "way") for group in ("car", "bus"))
    # The bus boards for an hour, from hour 1 on, and is on its way the next: first away by the end of hour 3.
    assert buses["depart_h"].to_list() == [float(hour) for hour in range(3, 13)]
    assert buses["arrive_h"].to_list() == [float(hour) for hour in range(4, 14)]
    assert set(buses["people"]) == {6}
    assert set(buses["way"]) == {"J"}
    # J is where the road from NA-1 leads to: people are out of danger at K, or where they sleep.
    assert buses["away_h"].to_list() == buses["arrive_h"].to_list()
    abroad = cars.filter(way="J;K")
    assert abroad["people"].sum() == 100
    assert abroad["away_h"].to_list() == [hour - 1.0 for hour in abroad["arrive_h"]]


def test_trains_by_hand(worker: Worker) -> None:
    case = world(
        "A=NA B=NA", [], {"NA-1": ("A", 40.0)}, {"NA-2": ("B", 500.0)},
        households={"NA": Household(0.0, 2.0, 0.0)}, trains=[Train("A", "B", 1.5, 50.0)],
    )  # fmt: skip
    listed = ways(solved(case, "national", worker))
    # An hour to the station, two steps on rails, an hour to the town; B is out of danger.
    assert listed.to_dicts() == [
        {
            "origin": 0, "host": 0, "group": "train", "people": 40, "depart_h": 1.0, "arrive_h": 4.0,
            "way": "A;B", "away_h": 3.0, "first": "A",
        }
    ]  # fmt: skip


def test_nobody_has_no_way(worker: Worker) -> None:
    case = world("A=NA", [], {"NA-1": ("A", 0.0)}, {"NA-2": ("A", 500.0)}, households=BOTH)
    listed = ways(solved(case, "joint", worker))
    assert listed.is_empty()
    assert listed.schema == ways(solved(hand_world(), "joint", worker)).schema

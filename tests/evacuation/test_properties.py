"""What every evacuation promises, on random small worlds."""

from dataclasses import replace

import networkx as nx
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.evacuation.worlds import BOTH, BUSES, CARS, random_world, seeds, solved
from vallum.model.evacuation import Case, Evacuated, people_of, roads, trip_hours
from vallum.model.evacuation.evacuate import SHORTEST_TRIP_H
from vallum.model.evacuation.network import fleets, intake, per_car, places, without_car
from vallum.model.evacuation.problem import Household
from vallum.solve.flow import Worker, earliest_arrival, prove

HOUSEHOLDS = st.sampled_from([CARS, BUSES, BOTH])
MODES = st.sampled_from(["national", "joint"])
STEPS = st.sampled_from([60.0, 30.0])
few = settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def by_host(found: Evacuated) -> np.ndarray:
    """People whom each host takes in at each step."""
    taken = np.zeros((len(found.roads.case.hosts), found.roads.steps + 1), np.int64)
    for flow in (found.bus, found.car):
        taken[:, : flow.horizon + 1] += flow.arrivals
    return taken


def used(found: Evacuated) -> np.ndarray:
    """Cars, and buses as cars, on each road at each step."""
    room = np.zeros_like(found.roads.room)
    room[:, : found.bus.horizon] += found.bus.amount[: found.carried.roads] / found.carried.people_per_room
    room[:, : found.car.horizon] += found.car.amount / per_car(found.roads.case)
    return room


@few
@given(seed=seeds(), households=HOUSEHOLDS, mode=MODES, step=STEPS)
def test_nobody_is_lost_and_nothing_is_overfull(
    worker: Worker, seed: int, households: dict[str, Household], mode: str, step: float
) -> None:
    case = random_world(seed, households)
    found = solved(case, mode, worker, step_min=step)
    people = sum(round(one.people) for one in case.origins)
    assert int(found.arrivals.sum()) + found.unserved == people
    taken = by_host(found)
    assert (taken.sum(axis=1) <= places(case)).all()
    assert (taken <= intake(case, found.roads.step_h)[:, None]).all()
    assert (used(found) <= found.roads.room + 1e-6).all()
    assert all(prove(flow).optimal for flow in (found.bus, found.car))
    if mode == "national":
        state = {one.key: one.state for one in (*case.nodes, *case.origins, *case.hosts)}
        for flow in (found.bus, found.car):
            network, driven = flow.expanded.network, flow.amount.any(axis=1)
            ends = (np.array(found.carried.names)[of[driven]] for of in (network.tail, network.head))
            assert all(state[tail] == state[head] for tail, head in zip(*ends, strict=True))


@few
@given(seed=seeds(), households=HOUSEHOLDS, mode=MODES)
def test_hours_keep_their_order(
    worker: Worker, seed: int, households: dict[str, Household], mode: str
) -> None:
    found = solved(random_world(seed, households), mode, worker)
    hours = [found.hours(share) for share in (0.05, 0.5, 0.95, 1.0)]
    if not found.arrivals.any():
        assert (hours, found.mean_hours, found.person_hours) == ([None] * 4, 0.0, 0.0)
        return
    known = [hour for hour in hours if hour is not None]
    assert known == sorted(known)
    assert len(known) == 4
    # Nobody arrives before the two hours of a way to the roads and one from it.
    assert known[0] >= 2.0
    assert found.mean_hours <= known[-1]
    if found.quickest is not None:
        assert known[-1] == found.quickest


@few
@given(seed=seeds(), households=HOUSEHOLDS, mode=MODES)
def test_buses_board_no_more_than_the_fleet(
    worker: Worker, seed: int, households: dict[str, Household], mode: str
) -> None:
    """At most a town's share of the seats of all buses in their round; a town always has one seat a step."""
    case = random_world(seed, households)
    found = solved(case, mode, worker)
    gates = found.bus.amount[found.carried.roads :][: len(case.origins)]
    waiting = people_of(found.roads)[0][2]
    assert found.trip_h == trip_hours(case, mode, worker)
    for state, house in households.items():
        mine = np.array([one.state == state for one in case.origins])
        in_round = case.settings["bus_load_h"] + 2.0 * found.trip_h
        most = house.buses * case.settings["bus_seats"] * found.roads.step_h / in_round
        share = waiting[mine] / max(waiting[mine].sum(), 1)
        seats = np.where(share > 0.0, np.maximum(most * share, 1.0), 0.0) if house.buses else 0.0 * share
        assert (gates[mine] <= seats[:, None] + 1e-9).all()
    ready = round(case.settings["bus_ready_h"])
    assert not gates[:, :ready].any()


@few
@given(seed=seeds(), households=HOUSEHOLDS, mode=MODES)
def test_trips_are_as_long_as_roads_may_be(
    worker: Worker, seed: int, households: dict[str, Household], mode: str
) -> None:
    """Not shorter than the shortest way from a town to a host, nor longer than all roads together."""
    case = random_world(seed, households)
    ways = nx.Graph()
    for one in (*case.roads, *case.links):
        ways.add_edge(one.tail, one.head, weight=one.hours)
    hosts = {one.key for one in case.hosts}
    ends = {one.key: nx.single_source_dijkstra_path_length(ways, one.key) for one in case.origins}
    shortest = min(
        (hours for far in ends.values() for key, hours in far.items() if key in hosts), default=0.0
    )
    whole = sum(one.hours for one in (*case.roads, *case.links))
    hours = trip_hours(case, mode, worker)
    # Where nobody goes by bus the shortest trip that is counted stands for it.
    assert SHORTEST_TRIP_H <= hours <= max(whole, SHORTEST_TRIP_H)
    assert hours == SHORTEST_TRIP_H or hours >= shortest - 1e-9


# ---------------------------------------------------------------- more is never worse


def lanes(case: Case) -> Case:
    return replace(case, roads=tuple(replace(one, lanes=one.lanes + 1) for one in case.roads))


def room(case: Case) -> Case:
    return replace(case, hosts=tuple(replace(one, places=one.places + 40.0) for one in case.hosts))


def longer(case: Case) -> Case:
    return replace(case, horizon_h=case.horizon_h + 3.0)


def no_worse(more: Evacuated, less: Evacuated) -> None:
    assert more.unserved <= less.unserved
    if less.quickest is not None:
        assert more.quickest is not None
        assert more.quickest <= less.quickest


@pytest.mark.parametrize("change", [lanes, room, longer])
@few
@given(seed=seeds(), mode=MODES)
def test_more_never_leaves_more_in_cars(worker: Worker, seed: int, mode: str, change: object) -> None:
    assert callable(change)
    case = random_world(seed, CARS)
    no_worse(solved(change(case), mode, worker, bounded=False), solved(case, mode, worker, bounded=False))


@few
@given(seed=seeds())
def test_together_never_leaves_more_cars_than_alone(worker: Worker, seed: int) -> None:
    case = random_world(seed, CARS)
    no_worse(*(solved(case, mode, worker, bounded=False) for mode in ("joint", "national")))


@few
@given(seed=seeds(), mode=MODES, more=st.integers(1, 5))
def test_more_buses_never_leave_more(worker: Worker, seed: int, mode: str, more: int) -> None:
    case = random_world(seed, BUSES)
    households = {key: replace(one, buses=one.buses + more) for key, one in case.households.items()}
    no_worse(
        solved(replace(case, households=households), mode, worker, bounded=False),
        solved(case, mode, worker, bounded=False),
    )


@pytest.mark.parametrize("change", [lanes, room, longer])
@few
@given(seed=seeds())
def test_more_never_leaves_more_in_buses_that_come_as_often(
    worker: Worker, seed: int, change: object
) -> None:
    """How often buses come depends on how far they go; told that, more roads and places only help."""
    assert callable(change)
    case = random_world(seed, BUSES)

    def left(of: Case, mode: str) -> int:
        built = roads(of, mode, 60.0)
        buses, _ = people_of(built)
        fleet = fleets(of, 1.0, buses[2], 4.0)
        return int(earliest_arrival(without_car(built, buses, fleet).network, worker).unserved.sum())

    assert left(change(case), "joint") <= left(case, "joint") <= left(case, "national")

"""The same answers from networkx, on graphs built from the case anew, and from HiGHS on the region that ships."""

import math
from collections.abc import Iterator
from dataclasses import astuple

import networkx as nx
import numpy as np
import pytest

from tests.evacuation.worlds import BOTH, BUSES, CARS, hand_world, random_world, solved
from vallum.model.evacuation import Case, Evacuated, case, people_of, roads
from vallum.model.evacuation.network import per_car
from vallum.region import Region
from vallum.solve import Limits
from vallum.solve.flow import Flow, Highs, Worker, earliest_arrival

SEEDS = range(9)
Arc = tuple[str, str, int, list[int]]
"""Ends, hours, and people who may enter at each hour."""


def lanes_at(of: Case, tail: str, head: str, lanes: int, hour: int) -> float:
    """Lanes of a road in one direction at one hour, windows one after the other."""
    there, back = float(lanes), float(lanes)
    for window in of.windows:
        if not window.from_h <= hour < window.to_h:
            continue
        for ends, way in (((tail, head), 1), ((head, tail), -1)):
            if ends != (window.tail, window.head):
                continue
            if window.reason == "contraflow":
                moved = min(back if way == 1 else there, window.lanes)
                there, back = there + way * moved, back - way * moved
            elif way == 1:
                there = min(there, window.lanes)
            else:
                back = min(back, window.lanes)
    return there


def road_arcs(of: Case, mode: str, people_per_car: float) -> Iterator[Arc]:
    """Arcs of an hour's step for people, of whom so many take the room of a car."""
    state = {node.key: node.state for node in of.nodes}
    leaving = {one.key for one in of.origins}
    for one in of.roads:
        if mode == "joint" or state[one.tail] == state[one.head]:
            for tail, head in ((one.tail, one.head), (one.head, one.tail)):
                room = [
                    math.floor(
                        lanes_at(of, tail, head, one.lanes, hour) * one.vehicles_lane_h * people_per_car
                    )
                    for hour in range(round(of.horizon_h))
                ]
                yield tail, head, max(1, math.ceil(one.km / one.kmh)), room
    for one in of.links:
        ends = (one.tail, one.head) if one.tail in leaving else (one.head, one.tail)
        yield *ends, 1, [math.floor(one.vehicles_lane_h * people_per_car)] * round(of.horizon_h)


def expanded(of: Case, arcs: list[Arc], supply: dict[str, int], steps: int) -> nx.DiGraph:
    """Graph over time: costs are paid on arrival, and nobody need arrive."""
    graph = nx.DiGraph()
    for name, people in supply.items():
        graph.add_edge("start", (name, 0), capacity=people, weight=0)
    names = {end for arc in arcs for end in arc[:2]} | set(supply)
    for name in names:
        for step in range(steps):
            graph.add_edge((name, step), (name, step + 1), weight=0)
    for tail, head, hours, room in arcs:
        for step in range(steps - hours + 1):
            middle = (tail, head, step)  # parallel arcs stay apart
            graph.add_edge((tail, step), middle, capacity=room[step], weight=0)
            graph.add_edge(middle, (head, step + hours), weight=0)
    for host in of.hosts:
        intake = max(1, math.floor(host.places * of.settings["intake_h"]))
        for step in range(steps + 1):
            graph.add_edge((host.key, step), host.key, capacity=intake, weight=step)
        graph.add_edge(host.key, "end", capacity=int(host.places), weight=0)
    return graph


def answer(of: Case, arcs: list[Arc], supply: dict[str, int], steps: int) -> tuple[int, int]:
    """People who arrive, and the least sum of their steps."""
    graph = expanded(of, arcs, supply, steps)
    flow = nx.max_flow_min_cost(graph, "start", "end")
    return sum(flow["start"].values()), nx.cost_of_flow(graph, flow)


def steps_of(flow: Flow) -> tuple[int, int]:
    return flow.served, int(np.arange(flow.horizon + 1) @ flow.arrivals.sum(axis=0))


@pytest.mark.parametrize("mode", ["national", "joint"])
@pytest.mark.parametrize("seed", SEEDS)
def test_cars_by_networkx(worker: Worker, seed: int, mode: str) -> None:
    of = random_world(seed, CARS)
    found = solved(of, mode, worker)
    arcs = list(road_arcs(of, mode, 2.0))
    supply = {one.key: round(one.people) for one in of.origins}
    people = sum(supply.values())
    assert found.alone is not None
    assert steps_of(found.alone) == answer(of, arcs, supply, found.alone.horizon)
    enough = (
        steps for steps in range(1, round(of.horizon_h) + 1)
        if nx.maximum_flow_value(expanded(of, arcs, supply, steps), "start", "end") == people
    )  # fmt: skip
    least = next(enough, None) if people else 0
    assert found.quickest == least
    if least:
        assert found.car.clearance == least
        assert steps_of(found.car) == answer(of, arcs, supply, least)


@pytest.mark.parametrize("seed", SEEDS)
def test_buses_by_networkx(worker: Worker, seed: int) -> None:
    """Roads, boarding and rails are built anew; how many board in an hour is taken from the model."""
    of = random_world(seed, BUSES)
    found = solved(of, "joint", worker)
    steps = round(of.horizon_h)
    arcs = list(road_arcs(of, "joint", 20.0))
    boards = found.carried.network.capacity[found.carried.roads :]
    arcs += [(f"{one.key} stop", one.key, 1, boards[n].tolist()) for n, one in enumerate(of.origins)]
    ends = {end for train in of.trains for end in (train.tail, train.head)}
    leaving = {one.key for one in of.origins}
    plenty = [10**6] * steps
    for train in of.trains:
        hours = math.ceil(train.hours)
        arcs.append((f"{train.tail} rail", f"{train.head} rail", hours, [int(train.people_h)] * steps))
    for one in of.links:
        if one.head in ends:
            rail = f"{one.head} rail"
            stop = (f"{one.tail} stop", rail) if one.tail in leaving else (rail, one.tail)
            arcs.append((*stop, 1, plenty))
    supply = {f"{one.key} stop": round(one.people) for one in of.origins}
    flow = earliest_arrival(found.carried.network, worker, found.quickest or None)
    assert steps_of(flow) == answer(of, arcs, supply, flow.horizon)


@pytest.mark.parametrize("seed", SEEDS)
def test_cars_beside_buses_by_networkx(worker: Worker, seed: int) -> None:
    """What buses take of roads, places and intake is gone for the cars."""
    of = random_world(seed, BOTH)
    found = solved(of, "joint", worker)
    steps = found.car.horizon
    assert steps_of(found.car) == beside(of, found, steps)


def beside(of: Case, found: Evacuated, steps: int) -> tuple[int, int]:
    bus = found.bus
    arcs = list(road_arcs(of, "joint", 1.0))
    arc_of = {(found.roads.names[t], found.roads.names[h]): n for n, (t, h) in enumerate(zip(found.roads.tail, found.roads.head, strict=True))}  # fmt: skip
    exact = roads(of, "joint", 60.0).room
    left: list[Arc] = []
    for tail, head, hours, _ in arcs:
        arc = arc_of[tail, head]
        by_bus = np.zeros(exact.shape[1])
        by_bus[: bus.horizon] = bus.amount[arc]
        room = np.floor((exact[arc] - by_bus / 20.0) * per_car(of) + 1e-9)
        left.append((tail, head, hours, room.astype(int).tolist()))
    _, cars = people_of(found.roads)
    supply = {one.key: int(cars[2][n]) for n, one in enumerate(of.origins)}
    graph = expanded(of, left, supply, steps)
    for n, host in enumerate(of.hosts):
        for step in range(min(steps, bus.horizon) + 1):
            graph[host.key, step][host.key]["capacity"] -= int(bus.arrivals[n, step])
        graph[host.key]["end"]["capacity"] -= int(bus.arrivals[n].sum())
    flow = nx.max_flow_min_cost(graph, "start", "end")
    return sum(flow["start"].values()), nx.cost_of_flow(graph, flow)


def test_highs_finds_the_same_by_hand(worker: Worker) -> None:
    highs = Highs(Limits(time_limit=None))
    for mode in ("national", "joint"):
        one, other = (solved(hand_world(), mode, solver) for solver in (worker, highs))
        assert (one.quickest, one.unserved) == (other.quickest, other.unserved)
        assert one.bound is not None
        assert other.bound is not None
        assert astuple(one.bound) == astuple(other.bound)
        assert one.arrivals.tolist() == other.arrivals.tolist()


def test_highs_finds_the_same_on_the_region_that_ships(worker: Worker) -> None:
    found = solved(case(Region.read("baltic"), "lt-border-40km"), "joint", worker, bounded=False)
    highs = Highs(Limits(time_limit=None))
    assert found.unserved == 0
    for flow in (found.bus, found.car):
        assert earliest_arrival(flow.expanded.network, highs, flow.horizon).value == flow.value

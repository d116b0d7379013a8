"""Roads, buses and trains as networks of flows over time."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from vallum.model.evacuation.problem import NATIONAL, Case, FloatArray, IntArray, Origin, Window
from vallum.solve.flow import Network

STATION_KM = 15.0
"""A station serves municipalities whose way to it is no longer."""

BEYOND = 10**8
"""Capacity that never binds."""

MINUTES = 60.0

Index = Mapping[tuple[str, str], int]
"""Arcs by their ends: one road joins two nodes."""


@dataclass(frozen=True, slots=True)
class Change:
    """One more lane on a road in one direction, or with contraflow all of the other; windows still hold."""

    tail: str
    head: str
    contraflow: bool


@dataclass(frozen=True, slots=True, eq=False)
class Roads:
    """Directed roads of one case and mode at one length of step.

    Nodes are the road graph's, then one for each origin, then one for each host: nobody drives through a
    municipality that is left or that receives.

    Attributes
    ----------
    case : Case
    mode : str
        national or joint.
    step_h : float
        Hours of a step.
    steps : int
        Steps of the horizon.
    names : tuple of str
        Of the nodes.
    tail, head : (arcs,) int arrays
    hours : (arcs,) float array
        Time of travel in free flow.
    travel : (arcs,) int array
        Steps, at least 1.
    road : tuple of str
        Number of the road of each arc; empty for a way to one.
    room : (arcs, steps) float array
        Cars that may enter at each step.
    """

    case: Case
    mode: str
    step_h: float
    steps: int
    names: tuple[str, ...]
    tail: IntArray
    head: IntArray
    hours: FloatArray
    travel: IntArray
    road: tuple[str, ...]
    room: FloatArray

    @property
    def origins(self) -> IntArray:
        """Nodes of the origins."""
        return len(self.case.nodes) + np.arange(len(self.case.origins))

    @property
    def hosts(self) -> IntArray:
        """Nodes of the hosts."""
        return len(self.case.nodes) + len(self.case.origins) + np.arange(len(self.case.hosts))


def roads(case: Case, mode: str, step_min: float, changes: Sequence[Change] = ()) -> Roads:
    """Return the directed roads of a case.

    Parameters
    ----------
    case : Case
    mode : {"national", "joint"}
        National: no room on roads between states. The arcs of both modes are the same.
    step_min : float
        Minutes of a step.
    changes : sequence of Change
        Lanes to try.

    Notes
    -----
    travel = max(1, ceil(hours / step)); room = lanes x vehicles_lane_h x calibration x hours of a step. The
    calibration is what junctions leave of the capacity of a lane (measured with SUMO: 1,250 of 1,800).
    """
    step_h = step_min / MINUTES
    steps = max(1, math.ceil(case.horizon_h / step_h))
    node = {one.key: number for number, one in enumerate(case.nodes)}
    origin = {one.key: len(node) + number for number, one in enumerate(case.origins)}
    host = {one.key: len(node) + len(origin) + number for number, one in enumerate(case.hosts)}
    ends = [pair for one in case.roads for pair in ((one.tail, one.head), (one.head, one.tail))]
    arcs = [(node[tail], node[head]) for tail, head in ends]
    made = [one for one in case.roads for _ in range(2)]
    for link in case.links:
        if link.tail in origin or link.tail in host:
            made.append(link)
            near = node[link.head]
            arcs.append((origin[link.tail], near) if link.tail in origin else (near, host[link.tail]))
    lanes = np.array([[float(one.lanes)] * steps for one in made]).reshape(len(made), steps)
    index = {pair: number for number, pair in enumerate(ends)}
    for change in changes:
        _change(lanes, index, change)
    for window in case.windows:
        _apply(lanes, index, window, step_h)
    if mode == NATIONAL:
        state = {one.key: one.state for one in case.nodes}
        lanes[[number for number, pair in enumerate(ends) if state[pair[0]] != state[pair[1]]]] = 0.0
    per_lane = np.array([one.vehicles_lane_h for one in made]) * case.settings["calibration"] * step_h
    hours = np.array([one.hours for one in made])
    tail, head = np.array(arcs, np.int64).reshape(-1, 2).T
    return Roads(
        case=case,
        mode=mode,
        step_h=step_h,
        steps=steps,
        names=(*node, *origin, *host),
        tail=tail,
        head=head,
        hours=hours,
        travel=np.maximum(1, np.ceil(hours / step_h - 1e-9)).astype(np.int64),
        road=tuple(one.name for one in made),
        room=lanes * per_lane[:, None],
    )


def _apply(lanes: FloatArray, index: Index, window: Window, step_h: float) -> None:
    """Change the lanes of a road while a window lasts; a step that it touches is in it."""
    during = slice(int(window.from_h / step_h + 1e-9), math.ceil(window.to_h / step_h - 1e-9))
    there = lanes[index[window.tail, window.head], during]
    if window.reason == "contraflow":
        back = lanes[index[window.head, window.tail], during]
        moved = np.minimum(back, float(window.lanes))
        back -= moved
        there += moved
    else:
        np.minimum(there, float(window.lanes), out=there)


def _change(lanes: FloatArray, index: Index, change: Change) -> None:
    there = lanes[index[change.tail, change.head]]
    if change.contraflow:
        back = lanes[index[change.head, change.tail]]
        there += back
        back[:] = 0.0
    else:
        there += 1.0


def supplies(case: Case, step_h: float, part: Mapping[str, float]) -> tuple[IntArray, IntArray, IntArray]:
    """Return the supplies (origin, step, people): a share of the people of each state, at their order.

    Nobody leaves before the order: a step that it falls into is waited for.
    """
    people = [round(origin.people * part[origin.state]) for origin in case.origins]
    steps = [math.ceil(origin.order_h / step_h - 1e-9) for origin in case.origins]
    return np.arange(len(people)), np.array(steps, np.int64), np.array(people, np.int64)


def places(case: Case) -> IntArray:
    """Return the whole places of each host."""
    return np.array([int(host.places) for host in case.hosts], np.int64)


def per_car(case: Case) -> float:
    """Return the people in a car, mean over those who leave by car."""
    houses = [case.households[one.state] for one in case.origins]
    people = [one.people * house.by_car for one, house in zip(case.origins, houses, strict=True)]
    vehicles = sum(number / house.per_car for number, house in zip(people, houses, strict=True))
    return sum(people) / vehicles if vehicles else 1.0


def by_car(
    what: Roads, taken: FloatArray, came: IntArray, supply: tuple[IntArray, IntArray, IntArray]
) -> Network:
    """Return the network of people in cars.

    Parameters
    ----------
    what : Roads
    taken : (arcs, steps) array
        Room that buses take.
    came : (hosts, steps + 1) int array
        People whom each host takes in from buses and trains at each step.
    supply : origin, step and people
    """
    people = np.floor((what.room - taken) * per_car(what.case) + 1e-9)
    return Network.of(
        len(what.names),
        (what.tail, what.head, what.travel),
        np.maximum(people, 0.0).astype(np.int64),
        (what.origins[supply[0]], supply[1], supply[2]),
        (what.hosts, places(what.case) - came.sum(axis=1)),
        what.steps,
        intake=intake(what.case, what.step_h)[:, None] - came,
    )


def intake(case: Case, step_h: float) -> IntArray:
    """Return the people that each host takes in at a step, at least one."""
    share = case.settings["intake_h"] * step_h
    taken: IntArray = np.maximum(1, np.floor(places(case) * share)).astype(np.int64)
    return taken


@dataclass(frozen=True, slots=True, eq=False)
class Carried:
    """The network of people without a car, and which of its arcs are what.

    Attributes
    ----------
    network : Network
        The arcs of the roads first, in their order.
    roads : int
        Number of the arcs of the roads.
    rails : (arcs,) bool array
        Arcs on which people are in a train, or on their way from or to one.
    people_per_room : float
        People in the room of a car.
    names : tuple of str
    """

    network: Network
    roads: int
    rails: IntArray
    people_per_room: float
    names: tuple[str, ...]


def without_car(what: Roads, supply: tuple[IntArray, IntArray, IntArray], fleet: FloatArray) -> Carried:
    """Return the network of people who leave by bus or train.

    Nodes are those of the roads, then one for each origin where people wait for a bus or a train, then the
    stations.

    Parameters
    ----------
    what : Roads
    supply : origin, step and people
    fleet : (origins,) array
        People that buses take up at each origin in a step.
    """
    case, base = what.case, len(what.names)
    per_room = case.settings["bus_seats"] / case.settings["bus_pcu"]
    stops = base + np.arange(len(case.origins))
    station = {key: base + len(stops) + n for n, key in enumerate(_stations(case))}
    ready = min(what.steps, math.ceil(case.settings["bus_ready_h"] / what.step_h - 1e-9))
    arcs: list[tuple[int, int, int, float]] = [
        (int(stop), int(node), 1, float(fleet[number]))
        for number, (stop, node) in enumerate(zip(stops, what.origins, strict=True))
    ]
    gates = len(arcs)
    arcs += _rails(what, station, stops)
    tail, head, travel, room = (np.array(column) for column in zip(*arcs, strict=True))
    extra = np.tile(np.floor(room + 1e-9)[:, None], what.steps)
    extra[:gates, :ready] = 0.0
    capacity = np.vstack((np.floor(what.room * per_room + 1e-9), extra)).astype(np.int64)
    network = Network.of(
        base + len(stops) + len(station),
        (
            np.concatenate((what.tail, tail.astype(np.int64))),
            np.concatenate((what.head, head.astype(np.int64))),
            np.concatenate((what.travel, travel.astype(np.int64))),
        ),
        capacity,
        (stops[supply[0]], supply[1], supply[2]),
        (what.hosts, places(case)),
        what.steps,
        intake=intake(case, what.step_h),
    )
    rails = np.zeros(len(network.tail), np.int64)
    rails[len(what.tail) + gates :] = 1
    return Carried(
        network, len(what.tail), rails, per_room, (*what.names, *(o.key for o in case.origins), *station)
    )


def _stations(case: Case) -> list[str]:
    return sorted({end for train in case.trains for end in (train.tail, train.head)})


def _rails(what: Roads, station: Mapping[str, int], stops: IntArray) -> list[tuple[int, int, int, float]]:
    """Arcs between stations, and from and to municipalities near one; a train takes up who waits."""
    case = what.case
    origin = {one.key: number for number, one in enumerate(case.origins)}
    host = dict(zip((one.key for one in case.hosts), what.hosts, strict=True))
    state = {node.key: node.state for node in case.nodes}
    found = []
    for train in case.trains:
        home = what.mode != NATIONAL or state[train.tail] == state[train.head]
        steps = max(1, math.ceil(train.hours / what.step_h - 1e-9))
        people = train.people_h * what.step_h if home else 0.0
        found.append((station[train.tail], station[train.head], steps, people))
    for link in case.links:
        if link.head not in station or link.km > STATION_KM:
            continue
        if link.tail in origin:
            found.append((int(stops[origin[link.tail]]), station[link.head], 1, float(BEYOND)))
        elif link.tail in host:
            found.append((station[link.head], int(host[link.tail]), 1, float(BEYOND)))
    return found


def fleets(case: Case, step_h: float, waiting: IntArray, trip_h: float) -> FloatArray:
    """Return the people that buses take up at each origin in a step, shape (origins,).

    A state's buses are shared out by the people who wait for them. A bus carries its seats once in
    2 x trip + loading hours.

    Parameters
    ----------
    case : Case
    step_h : float
    waiting : (origins,) int array
        People without a car.
    trip_h : float
        Mean hours of a bus on its way.
    """
    total: dict[str, int] = {}
    for origin, people in zip(case.origins, waiting, strict=True):
        total[origin.state] = total.get(origin.state, 0) + int(people)

    def taken_up(origin: Origin, people: int) -> float:
        buses = case.households[origin.state].buses
        if not people or not buses:
            return 0.0
        cycle = 2.0 * trip_h + case.settings["bus_load_h"]
        a_step = buses * case.settings["bus_seats"] * step_h / cycle
        # at least one, or nobody of a small place would ever leave
        return max(1.0, a_step * people / total[origin.state])

    return np.array([taken_up(o, int(n)) for o, n in zip(case.origins, waiting, strict=True)])

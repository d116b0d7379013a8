"""An evacuation solved: buses and trains first, cars on what is left, with a bound on any other order."""

import math
from dataclasses import dataclass, replace

import numpy as np

from vallum.model.evacuation.circles import without_circles
from vallum.model.evacuation.network import (
    Carried,
    Roads,
    by_car,
    fleets,
    roads,
    supplies,
    without_car,
)
from vallum.model.evacuation.problem import Case, FloatArray, IntArray
from vallum.solve.flow import Flow, Network, Solver, earliest_arrival, quickest

__all__ = ["Bound", "Evacuated", "evacuate", "people_of", "trip_hours"]

Supply = tuple[IntArray, IntArray, IntArray]

TRIP_STEP_MIN = 60.0
FREE_BUSES = 10.0**7
"""Steps, and people that buses take up in one, where only the length of their trips is wanted."""

SHORTEST_TRIP_H = 0.25
"""No bus is on its way for less."""


@dataclass(frozen=True, slots=True, eq=False)
class Bound:
    """What no evacuation by the same roads, buses, trains and places does better.

    Attributes
    ----------
    unserved : int
        Fewest people left.
    person_hours : float or None
        Least sum of the hours of arrival of any that leaves no more than that; None where it is not known.
    steps : int or None
        Least steps in which all can arrive; None where they cannot, or it was not asked for.
    """

    unserved: int
    person_hours: float | None
    steps: int | None


@dataclass(frozen=True, slots=True, eq=False)
class Evacuated:
    """Flows of both groups.

    Attributes
    ----------
    roads : Roads
    carried : Carried
    bus, car : Flow
        Of people without and with a car; supply k of each is the people of origin k.
    quickest : int or None
        Steps in which all arrive; None if they do not.
    part : float
        Part of the intake and the places of each host that buses and trains may take.
    trip_h : float
        Mean hours of a bus on its way, by which the fleet is counted.
    alone : Flow or None
        Cars with all roads and places to themselves, within the same time; None if no bound was asked for.
    bound : Bound or None
    """

    roads: Roads
    carried: Carried
    bus: Flow
    car: Flow
    quickest: int | None
    part: float = 1.0
    trip_h: float = 0.0
    alone: Flow | None = None
    bound: Bound | None = None

    @property
    def arrivals(self) -> IntArray:
        """People who arrive at each step, shape (steps + 1,)."""
        found = np.zeros(max(self.bus.horizon, self.car.horizon) + 1, np.int64)
        for flow in (self.bus, self.car):
            found[: flow.horizon + 1] += flow.arrivals.sum(axis=0)
        return found

    @property
    def leaving(self) -> IntArray:
        """People of each origin, with and without a car, shape (origins,)."""
        found = np.zeros(len(self.roads.case.origins), np.int64)
        for flow, first in ((self.car, len(self.roads.case.nodes)), (self.bus, len(self.roads.names))):
            network = flow.expanded.network
            np.add.at(found, network.supply_node - first, network.supply_amount)
        return found

    @property
    def unserved(self) -> int:
        """People who do not arrive."""
        return int(self.bus.unserved.sum() + self.car.unserved.sum())

    @property
    def person_hours(self) -> float:
        """Sum of the hours of arrival of those who arrive."""
        return float(np.arange(len(self.arrivals)) @ self.arrivals) * self.roads.step_h

    @property
    def mean_hours(self) -> float:
        """Mean hours of arrival of those who arrive; 0 when nobody does."""
        served = int(self.arrivals.sum())
        return self.person_hours / served if served else 0.0

    def hours(self, share: float) -> float | None:
        """Return the hours by which a share of those who arrive have arrived; None if nobody does."""
        total = np.cumsum(self.arrivals)
        if not total[-1]:
            return None
        return float(np.searchsorted(total, math.ceil(share * total[-1] - 1e-9))) * self.roads.step_h


def _steps(flow: Flow) -> int:
    """Sum of the steps of arrival of those who arrive."""
    return int(np.arange(flow.arrivals.shape[1]) @ flow.arrivals.sum(axis=0))


def people_of(what: Roads) -> tuple[Supply, Supply]:
    """Return the supplies of people without and with a car, if all comply."""
    case = what.case
    with_car = {state: house.by_car for state, house in case.households.items()}
    cars = supplies(case, what.step_h, with_car)
    everybody = supplies(case, what.step_h, dict.fromkeys(case.households, 1.0))
    return (everybody[0], everybody[1], everybody[2] - cars[2]), cars


def evacuate(
    what: Roads,
    buses: Supply,
    cars: Supply,
    solver: Solver,
    *,
    trip_h: float | None = None,
    fastest: bool = True,
    bounded: bool = True,
    horizon: int | None = None,
    given: Flow | None = None,
    part: float | None = None,
) -> Evacuated:
    """Bring people to places as early as can be.

    Parameters
    ----------
    what : Roads
    buses, cars : origin, step and people
        People without and with a car.
    solver : Solver
    trip_h : float, optional
        Mean hours of a bus on its way; found by `trip_hours` without it.
    fastest : bool
        First find the least time in which all can arrive, and keep to it.
    bounded : bool
        Also find what no other evacuation does better.
    horizon : int, optional
        Steps that are looked at where `fastest` does not find them; all without it.
    given : Flow, optional
        Of the buses, where only cars are to be brought anew.
    part : float, optional
        Part of the intake and the places of each host that buses and trains may take. Without it both all
        and their share of the people are tried, and the better is kept.

    Notes
    -----
    Buses take one eighth of the room of a person that cars do, so they go first. How often a bus can turn
    round depends on how far it goes. Cars take the room, the intake and the places that are left.
    """
    hours = trip_hours(what.case, what.mode, solver) if trip_h is None else trip_h
    carried = without_car(what, buses, fleets(what.case, what.step_h, _waiting(what.case, buses), hours))
    parts = [1.0, _share(buses, cars)] if part is None and given is None else [part or 1.0]
    tried = [_in_order(what, carried, cars, solver, one, fastest, horizon, given) for one in parts]
    found = replace(min(tried, key=_worth), trip_h=hours)
    return _bounded(found, cars, solver, horizon) if bounded else found


def _share(buses: Supply, cars: Supply) -> float:
    """Share of the people who have no car."""
    people = int(buses[2].sum() + cars[2].sum())
    return int(buses[2].sum()) / people if people else 1.0


def _worth(one: Evacuated) -> tuple[float, ...]:
    """Fewest left, then soonest done, then fewest hours."""
    return one.unserved, math.inf if one.quickest is None else one.quickest, one.person_hours


def _in_order(
    what: Roads,
    carried: Carried,
    cars: Supply,
    solver: Solver,
    part: float,
    fastest: bool,
    horizon: int | None,
    given: Flow | None,
) -> Evacuated:
    """Bring buses and trains to a part of the places, then cars to what is left."""
    first = last = None
    if given is None:
        network = _limited(carried.network, part)
        first = quickest(network, solver).horizon if fastest else None
        # where nobody is to be brought the least horizon is 0, and any will do
        bus = without_circles(earliest_arrival(network, solver, first or horizon))
    else:
        bus = given
    network = by_car(what, *_taken(what, carried, bus), cars)
    last = quickest(network, solver).horizon if fastest else None
    car = without_circles(earliest_arrival(network, solver, last or horizon))
    both = None if first is None or last is None else max(first, last)
    return Evacuated(what, carried, bus, car, both, part)


def _limited(network: Network, part: float) -> Network:
    """Return a network with a part of its intake and places, rounded up."""
    if part >= 1.0:
        return network
    places, intake = (np.ceil(part * of - 1e-9).astype(np.int64) for of in (network.places, network.intake))
    return replace(network, places=places, intake=intake)


def _bounded(found: Evacuated, cars: Supply, solver: Solver, horizon: int | None) -> Evacuated:
    """Find what no evacuation within the same time does better.

    Notes
    -----
    Two relaxations, of which the stronger counts: each group with all roads and places to itself; and both
    together, with one intake and the same places, as if a person in a car took no more room than one in a
    bus. In both, any evacuation of the two groups is a flow.
    """
    what, carried = found.roads, found.carried
    within = found.quickest or horizon
    nobody = np.zeros((len(what.case.hosts), what.steps + 1), np.int64)
    by_cars = by_car(what, np.zeros_like(what.room), nobody, cars)
    mixed = _mixed(carried.network, by_cars)
    alone = earliest_arrival(by_cars, solver, within)
    groups = [earliest_arrival(carried.network, solver, within), alone]
    together = [earliest_arrival(mixed, solver, within)]
    fewest = [sum(int(flow.unserved.sum()) for flow in flows) for flows in (groups, together)]
    hours = [sum(_steps(flow) for flow in flows) * what.step_h for flows in (groups, together)]
    # fewer people are served in fewer hours, so the hours hold only where as many are served
    held = [value for left, value in zip(fewest, hours, strict=True) if left == found.unserved]
    steps = None
    if found.quickest is not None:
        least = [quickest(network, solver).horizon for network in (carried.network, by_cars, mixed)]
        steps = max(one or 0 for one in least)
    return replace(found, alone=alone, bound=Bound(max(fewest), max(held, default=None), steps))


def _mixed(bus: Network, car: Network) -> Network:
    """Return the network of buses with the people of cars on its roads as well."""
    return replace(
        bus,
        supply_node=np.concatenate((bus.supply_node, car.supply_node)),
        supply_step=np.concatenate((bus.supply_step, car.supply_step)),
        supply_amount=np.concatenate((bus.supply_amount, car.supply_amount)),
    )


def trip_hours(case: Case, mode: str, solver: Solver) -> float:
    """Return the mean hours of a bus on its way: of a flow in hourly steps with free buses.

    The hours are those of the roads and not of the steps, which are longer.
    """
    what = roads(case, mode, TRIP_STEP_MIN)
    buses, _ = people_of(what)
    network = without_car(what, buses, np.full(len(case.origins), FREE_BUSES)).network
    flow = without_circles(earliest_arrival(network, solver))
    people = flow.amount.sum(axis=1)
    riders = people[np.isin(what.tail, what.origins).nonzero()[0]].sum()
    mean = float(people[: len(what.tail)] @ what.hours) / max(riders, 1)
    return float(max(mean, SHORTEST_TRIP_H))


def _waiting(case: Case, buses: Supply) -> IntArray:
    """People without a car of each origin."""
    return np.bincount(buses[0], weights=buses[2], minlength=len(case.origins)).astype(np.int64)


def _taken(what: Roads, carried: Carried, bus: Flow) -> tuple[FloatArray, IntArray]:
    """Room of cars that buses take on each road, and people that each host takes in, at each step."""
    room = np.zeros_like(what.room)
    room[:, : bus.horizon] = bus.amount[: carried.roads] / carried.people_per_room
    came = np.zeros((len(what.case.hosts), what.steps + 1), np.int64)
    came[:, : bus.horizon + 1] = bus.arrivals
    return room, came

"""Small evacuations written in a few lines, and random ones.

Steps are hours unless a test says otherwise, and lanes are given as cars an hour, so that a number in a test
is a number of cars or people a step.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from hypothesis import strategies as st

from vallum.model.evacuation import Case, Change, Evacuated, evacuate, people_of, roads
from vallum.model.evacuation.problem import Host, Household, Node, Origin, Road, Train, Window
from vallum.solve.flow import Solver

SETTINGS = {
    "calibration": 1.0,
    "bus_seats": 40.0,
    "bus_pcu": 2.0,
    "bus_load_h": 0.0,
    "bus_ready_h": 0.0,
    "intake_h": 1.0,
}
"""Nothing but roads, places and buses binds."""

Way = tuple[str, str, float, int, float]
"""Ends, hours, lanes, and cars an hour on a lane."""


def road(way: Way) -> Road:
    tail, head, hours, lanes, cars = way
    return Road(tail, head, f"{tail}{head}", km=hours * 60.0, kmh=60.0, lanes=lanes, vehicles_lane_h=cars)


def link(town: str, node: str, cars: float = 10_000.0, km: float = 1.0) -> Road:
    return Road(town, node, "", km=km, kmh=60.0, lanes=1, vehicles_lane_h=cars)


def world(
    nodes: str,
    ways: Sequence[Way],
    leave: Mapping[str, tuple[str, float]],
    receive: Mapping[str, tuple[str, float]],
    *,
    households: Mapping[str, Household],
    horizon: int = 24,
    trains: Sequence[Train] = (),
    windows: Sequence[Window] = (),
    links: Sequence[Road] | None = None,
    order_h: float = 0.0,
    **settings: float,
) -> Case:
    """Return a case.

    Parameters
    ----------
    nodes : str
        Nodes with their states, such as "A=NA B=NB".
    ways : sequence of Way
    leave, receive : mapping of str to (node, people or places)
        Municipalities are named after their state and number: NA-1.
    households : mapping of str to Household
    """
    state = dict(one.split("=") for one in nodes.split())
    reached = [link(town, node) for town, (node, _) in {**leave, **receive}.items()]
    return Case(
        key="MADE",
        name="Made",
        horizon_h=float(horizon),
        warning_h=2.0,
        nodes=tuple(Node(key, of, f"Town {key}", 55.0, 24.0) for key, of in state.items()),
        roads=tuple(road(one) for one in ways),
        links=tuple(reached if links is None else links),
        trains=tuple(trains),
        origins=tuple(
            Origin(town, town[:2], f"Left {town}", 55.0, 24.0, people, order_h)
            for town, (_, people) in leave.items()
        ),
        hosts=tuple(
            Host(town, town[:2], f"Host {town}", 55.0, 24.0, places, 0.5 * places, 2.0 * places)
            for town, (_, places) in receive.items()
        ),
        windows=tuple(windows),
        households=dict(households),
        settings=SETTINGS | settings,
    )


CARS = {"NA": Household(by_car=1.0, per_car=2.0, buses=0.0), "NB": Household(1.0, 2.0, 0.0)}
"""All leave by car, two in each."""

BUSES = {"NA": Household(by_car=0.0, per_car=2.0, buses=2.0), "NB": Household(0.0, 2.0, 2.0)}
"""All leave by bus; two buses a state."""

BOTH = {"NA": Household(by_car=0.5, per_car=2.0, buses=1.0), "NB": Household(0.5, 2.0, 3.0)}


def random_world(seed: int, households: Mapping[str, Household]) -> Case:
    """Return a world of two states, five nodes, some roads, trains and closures."""
    draw = np.random.default_rng(seed)
    names = "ABCDE"
    ends = {tuple(sorted(draw.choice(5, 2, replace=False).tolist())) for _ in range(draw.integers(4, 9))}
    ways: list[Way] = [
        (names[i], names[j], float(draw.choice([0.5, 1.0, 2.5])), int(draw.integers(1, 3)), float(draw.integers(3, 30)))
        for i, j in sorted(ends)
    ]  # fmt: skip
    towns = {f"N{'AB'[n % 2]}-{n}": names[(n % 2) + 2 * (n // 2 % 2)] for n in range(6)}
    leaving = dict(list(towns.items())[: int(draw.integers(1, 4))])
    places = {key: node for key, node in towns.items() if key not in leaving}
    first, second = ways[0], ways[-1]
    return world(
        "A=NA B=NB C=NA D=NB E=NA",
        ways,
        {key: (node, float(draw.integers(0, 150))) for key, node in leaving.items()},
        {key: (node, float(draw.integers(0, 120))) for key, node in places.items()},
        households=households,
        horizon=int(draw.integers(5, 16)),
        trains=[Train("A", "C", 1.0, 20.0), Train("C", "D", 1.5, 10.0)] if seed % 2 else [],
        windows=[
            Window(first[0], first[1], "closure", 0.0, 3.0, 0),
            Window(second[1], second[0], "contraflow", 1.0, 4.0, 1),
        ]
        if seed % 3 == 0
        else [],
        intake_h=float(draw.choice([0.2, 1.0])),
        bus_ready_h=float(draw.integers(0, 3)),
        bus_load_h=0.5,
    )


def seeds() -> st.SearchStrategy[int]:
    return st.integers(0, 10**6)


def solved(
    case: Case, mode: str, solver: Solver, *, step_min: float = 60.0, changes: Sequence[Change] = (),
    fastest: bool = True, bounded: bool = True,
) -> Evacuated:  # fmt: skip
    """Evacuate everyone."""
    built = roads(case, mode, step_min, changes)
    buses, cars = people_of(built)
    return evacuate(built, buses, cars, solver, fastest=fastest, bounded=bounded)


def hand_world() -> Case:
    """Return the world that is worked out by hand.

    240 people leave NA-1, three in four by car, two in a car. From J the way to NA-2, with 140 places, takes
    40 cars an hour; over the border 25 an hour go on to K, where NB-3 has 200 places. Every way takes an
    hour. One bus of 40 seats is ready after an hour, and is loaded for two hours on each round.
    """
    return world(
        "J=NA K=NB",
        [("J", "K", 1.0, 1, 25.0)],
        {"NA-1": ("J", 240.0)},
        {"NA-2": ("J", 140.0), "NB-3": ("K", 200.0)},
        households={"NA": Household(0.75, 2.0, 1.0), "NB": Household(0.75, 2.0, 1.0)},
        links=[
            link(*way, km=60.0) for way in (("NA-1", "J", 100.0), ("NA-2", "J", 40.0), ("NB-3", "K", 100.0))
        ],
        bus_ready_h=1.0,
        bus_load_h=2.0,
    )

"""Evacuations that can be worked out on paper."""

import numpy as np
import pytest

from tests.evacuation.worlds import BOTH, BUSES, CARS, hand_world, link, solved, world
from vallum.model.evacuation import Evacuated
from vallum.model.evacuation.network import supplies
from vallum.model.evacuation.problem import Household, Train
from vallum.solve.flow import PLACES, Worker, why


def by_step(found: Evacuated) -> dict[int, int]:
    return {int(step): int(found.arrivals[step]) for step in np.flatnonzero(found.arrivals)}


def test_together_everyone_arrives(worker: Worker) -> None:
    found = solved(hand_world(), "joint", worker)
    # Without a car: 60. To J and to NA-2 are 2 hours of road, so the bus carries 40 people in 2 x 2 + 2 = 6
    # hours: 6 whole people an hour, from hour 1 on, ten times. With an hour to board and 2 on the way they
    # arrive at 4, 5, ..., 13: 6 x 85 = 510 hours.
    assert found.carried.network.capacity[found.carried.roads, :4].tolist() == [0, 6, 6, 6]
    assert found.bus.arrivals[0, 4:14].tolist() == [6] * 10
    # By car: 180, all at J at 1. 80 an hour can go on to NA-2, where the bus leaves 140 - 60 = 80 places:
    # 80 arrive at 2. 50 an hour cross the border: 50 at K at 2 and at NB-3 at 3, and the last 50 at 4.
    assert found.car.arrivals[:, 2:5].tolist() == [[80, 0, 0], [0, 50, 50]]
    assert by_step(found) == {2: 80, 3: 50, 4: 50 + 6} | dict.fromkeys(range(5, 14), 6)
    # Cars: 160 + 150 + 200 = 510 hours.
    assert (found.person_hours, found.mean_hours) == (510.0 + 510.0, 1020.0 / 240.0)
    # Half are 120: 80 by hour 2 and 130 by hour 3. 95 of 100 are 228: 186 by hour 4, then 6 an hour, 7 more.
    assert [found.hours(share) for share in (0.5, 0.95, 1.0)] == [3.0, 11.0, 13.0]
    assert (found.unserved, found.quickest) == (0, 13)


def test_alone_the_places_do_not_reach(worker: Worker) -> None:
    found = solved(hand_world(), "national", worker)
    # The border is closed, and 100 of 240 are left. 60 by bus and 80 by car would arrive in 160 + 510 hours.
    # With a quarter of the 140 places for the quarter without a car it is sooner: 105 by car, 80 at 2 and 25
    # at 3, and 35 by bus, 6 from 4 to 8 and 5 at 9.
    assert by_step(found) == {2: 80, 3: 25} | dict.fromkeys(range(4, 9), 6) | {9: 5}
    assert found.part == 0.25
    assert (found.unserved, found.quickest) == (100, None)
    assert why(found.car).tolist() == [PLACES]
    assert found.person_hours == (160.0 + 75.0) + (180.0 + 45.0)


def test_the_bound_by_hand(worker: Worker) -> None:
    # Alone the cars have all 140 places of NA-2: 80 arrive at 2, and at 3 the last 50 there and 50 at NB-3:
    # 160 + 300 = 460 hours. Buses alone need the 510 that they have.
    joint = solved(hand_world(), "joint", worker).bound
    assert joint is not None
    assert (joint.unserved, joint.person_hours, joint.steps) == (0, 460.0 + 510.0, 13)
    # National: 240 people and 140 places. As if cars took the room of a bus, 140 by car are there by 2.
    national = solved(hand_world(), "national", worker).bound
    assert national is not None
    assert (national.unserved, national.person_hours, national.steps) == (100, 280.0, None)


def test_without_a_bound_none_is_known(worker: Worker) -> None:
    assert solved(hand_world(), "joint", worker, bounded=False).bound is None


def test_shorter_steps_find_the_same_road(worker: Worker) -> None:
    """With half-hours the ways of an hour take two steps, and half as many go in a step."""
    found = solved(hand_world(), "joint", worker, step_min=30.0)
    assert found.roads.travel.tolist() == [2, 2, 2, 2, 2]
    # All are at J by 1.5 h, and 40 people arrive in NA-2 by 2 h and 40 by 2.5 h.
    assert found.car.arrivals[0, :6].tolist() == [0, 0, 0, 0, 40, 40]
    # The bus carries 40 / 6 / 2 = 3.3 people each half-hour, 3 of them: 20 boardings, from step 2 to 21. With
    # a step to board and 4 on the way the last arrive at 26, which is 13 h.
    assert found.carried.network.capacity[found.carried.roads, :4].tolist() == [0, 0, 3, 3]
    assert found.hours(1.0) == 13.0


# ---------------------------------------------------------------- buses and trains


def test_trains_carry_who_has_no_car(worker: Worker) -> None:
    # No bus. 50 people an hour go by train: to the station, an hour and a half on rails (two steps), to the
    # town: 50 arrive at 4, 50 at 5, and 20 at 6.
    case = world(
        "A=NA B=NA", [("A", "B", 1.0, 1, 50.0)], {"NA-1": ("A", 120.0)}, {"NA-2": ("B", 500.0)},
        households={"NA": Household(0.0, 2.0, 0.0)}, trains=[Train("A", "B", 1.5, 50.0)],
    )  # fmt: skip
    found = solved(case, "national", worker)
    assert by_step(found) == {4: 50, 5: 50, 6: 20}
    assert found.bus.amount[: found.carried.roads].sum() == 0


def test_trains_do_not_cross_a_closed_border(worker: Worker) -> None:
    case = world(
        "A=NA B=NB", [], {"NA-1": ("A", 120.0)}, {"NB-2": ("B", 500.0)},
        households={"NA": Household(0.0, 2.0, 0.0)}, trains=[Train("A", "B", 1.5, 50.0)],
    )  # fmt: skip
    assert solved(case, "national", worker).unserved == 120
    assert solved(case, "joint", worker).unserved == 0


def test_far_stations_are_no_stations(worker: Worker) -> None:
    """A way of 16 km to the station is too long to walk, and of 15 km is not."""
    for km, left in ((16.0, 120), (15.0, 0)):
        case = world(
            "A=NA B=NA", [], {"NA-1": ("A", 120.0)}, {"NA-2": ("B", 500.0)},
            households={"NA": Household(0.0, 2.0, 0.0)}, trains=[Train("A", "B", 1.0, 50.0)],
            links=[link("NA-1", "A", km=km), link("NA-2", "B")],
        )  # fmt: skip
        assert solved(case, "national", worker).unserved == left


@pytest.mark.parametrize("households", [CARS, BUSES])
def test_without_buses_only_cars_leave(worker: Worker, households: dict[str, Household]) -> None:
    none = {state: Household(one.by_car, one.per_car, 0.0) for state, one in households.items()}
    case = world(
        "A=NA B=NA", [("A", "B", 1.0, 1, 50.0)], {"NA-1": ("A", 120.0)}, {"NA-2": ("B", 500.0)}, households=none
    )  # fmt: skip
    found = solved(case, "national", worker)
    # Cars: all at A at 1, 100 an hour (50 cars of two) to B at 2 and 3, and to the town at 3 and 4.
    assert by_step(found) == ({3: 100, 4: 20} if households is CARS else {})
    assert found.unserved == (0 if households is CARS else 120)


def test_buses_are_shared_by_who_waits(worker: Worker) -> None:
    # Two towns of 300 and 100 people, 3 hours of road: 10 buses carry 10 x 40 / 6 = 66.7 an hour, 50 and 16
    # (16.7) of them.
    case = world(
        "A=NA B=NA", [("A", "B", 1.0, 1, 5_000.0)], {"NA-1": ("A", 300.0), "NA-2": ("A", 100.0)},
        {"NA-3": ("B", 500.0)}, households={"NA": Household(0.0, 2.0, 10.0)},
        links=[link(town, node, km=60.0) for town, node in (("NA-1", "A"), ("NA-2", "A"), ("NA-3", "B"))],
    )  # fmt: skip
    found = solved(case, "national", worker)
    gates = found.carried.network.capacity[found.carried.roads :][:2, 0]
    assert gates.tolist() == [50, 16]
    # 300 / 50 = 6 and 100 / 16 = 6.25: seven boardings, the last at 6, and four hours on.
    assert (found.unserved, found.quickest) == (0, 10)


def test_who_is_told_later_leaves_later(worker: Worker) -> None:
    case = world(
        "A=NA B=NA", [("A", "B", 1.0, 1, 50.0)], {"NA-1": ("A", 80.0)}, {"NA-2": ("B", 500.0)},
        households=CARS, order_h=5.0,
    )  # fmt: skip
    assert by_step(solved(case, "national", worker)) == {5 + 3: 80}


@pytest.mark.parametrize(
    ("order_h", "step_h", "step"),
    # 0.3 / 0.1 is a little below 3 in binary, and 3 x 0.1 / 0.1 a little above.
    [(0.0, 1.0, 0), (5.0, 1.0, 5), (5.01, 1.0, 6), (5.5, 1.0, 6), (5.5, 0.5, 11), (0.3, 0.1, 3), (3 * 0.1, 0.1, 3)],
)  # fmt: skip
def test_nobody_leaves_before_the_order(order_h: float, step_h: float, step: int) -> None:
    case = world("A=NA", [], {"NA-1": ("A", 80.0)}, {}, households=CARS, order_h=order_h)
    assert [column.tolist() for column in supplies(case, step_h, {"NA": 0.5})] == [[0], [step], [40]]


def test_an_order_within_an_hour_is_waited_for(worker: Worker) -> None:
    case = world(
        "A=NA B=NA", [("A", "B", 1.0, 1, 50.0)], {"NA-1": ("A", 80.0)}, {"NA-2": ("B", 500.0)},
        households=CARS, order_h=5.5,
    )  # fmt: skip
    assert by_step(solved(case, "national", worker)) == {6 + 3: 80}
    # In half-hours: a step to A, two to B, and one to NA-2, with 50 people in each.
    assert by_step(solved(case, "national", worker, step_min=30.0)) == {11 + 4: 50, 11 + 5: 30}


def test_an_order_in_the_last_hour_leaves_all(worker: Worker) -> None:
    case = world(
        "A=NA", [], {"NA-1": ("A", 80.0)}, {"NA-2": ("A", 500.0)}, households=BOTH, horizon=4, order_h=3.5
    )
    assert solved(case, "national", worker).unserved == 80


def test_buses_and_cars_share_what_a_town_takes_in(worker: Worker) -> None:
    # NA-2 has 100 places and takes in 10 an hour, from bus and car together: 40 people need four hours.
    case = world(
        "A=NA", [], {"NA-1": ("A", 40.0)}, {"NA-2": ("A", 100.0)},
        households={"NA": Household(0.5, 2.0, 100.0)}, intake_h=0.1,
    )  # fmt: skip
    found = solved(case, "national", worker)
    # Cars come from hour 2, buses from hour 3 and first: 10 (cars), 10, 10 (buses), 10 (cars).
    assert by_step(found) == {2: 10, 3: 10, 4: 10, 5: 10}
    assert found.car.arrivals[0, 2:6].tolist() == [10, 0, 0, 10]

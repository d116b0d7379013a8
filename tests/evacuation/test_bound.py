"""What no evacuation by the same roads beats."""

import numpy as np
import pytest

from tests.evacuation.worlds import BOTH, BUSES, CARS, random_world, solved, world
from vallum.model.evacuation import Evacuated, people_of
from vallum.model.evacuation.network import by_car, per_car
from vallum.model.evacuation.problem import Household
from vallum.solve import Limits
from vallum.solve.flow import Group, Shared, Worker, with_sides

SEEDS = range(16)


def together(found: Evacuated, within: int | None) -> Shared:
    """Return both groups at once within a time, parts of people allowed: a linear programme."""
    what = found.roads
    nobody = np.zeros((len(what.case.hosts), what.steps + 1), np.int64)
    cars = by_car(what, np.zeros_like(what.room), nobody, people_of(what)[1])
    arcs = np.arange(len(what.tail))
    groups = [
        Group(found.carried.network, arcs, arcs, np.full(len(arcs), 1.0 / found.carried.people_per_room)),
        Group(cars, arcs, arcs, np.full(len(arcs), 1.0 / per_car(what.case))),
    ]
    return with_sides(groups, what.room, Limits(time_limit=None), within)


def bound(found: Evacuated) -> tuple[int, float | None, int | None]:
    assert found.bound is not None
    return found.bound.unserved, found.bound.person_hours, found.bound.steps


def test_competing_for_near_places_by_hand(worker: Worker) -> None:
    # 10 people by bus and 10 by car; 10 places near (2 hours by car, 3 by bus) and 10 far, 5 hours on.
    case = world(
        "A=NA B=NA", [("A", "B", 5.0, 1, 500.0)], {"NA-1": ("A", 20.0)},
        {"NA-2": ("A", 10.0), "NA-3": ("B", 10.0)}, households={"NA": Household(0.5, 2.0, 50.0)},
    )  # fmt: skip
    found = solved(case, "national", worker)
    # Buses first: 10 x 3 + 10 x 7. The other way round 10 x 2 + 10 x 8 is no better: 100 is the best.
    assert found.person_hours == 100.0
    assert together(found, found.quickest).value == pytest.approx(100.0)
    # Alone each would have the near places, 50. With the same places for both the bound is 100 as well.
    assert bound(found) == (0, 100.0, 7)


@pytest.mark.parametrize(("households", "board"), [(CARS, 0), (BUSES, 1)])
def test_the_least_time_may_cost_person_hours(
    worker: Worker, households: dict[str, Household], board: int
) -> None:
    # From A to C 1 hour and to D 5; from B to C 4 and to D 7; 10 people each, 10 places each, 2 hours for the
    # ways to and from the roads. A to D and B to C: all by 7, 10 x 7 + 10 x 6 = 130. A to C and B to D: all
    # by 9, 10 x 3 + 10 x 9 = 120. A bus takes an hour more for everyone.
    plenty = {state: Household(one.by_car, 2.0, 100.0) for state, one in households.items()}
    case = world(
        "A=NA B=NA C=NA D=NA",
        [("A", "C", 1.0, 1, 99.0), ("A", "D", 5.0, 1, 99.0), ("B", "C", 4.0, 1, 99.0), ("B", "D", 7.0, 1, 99.0)],
        {"NA-1": ("A", 10.0), "NA-2": ("B", 10.0)}, {"NA-3": ("C", 10.0), "NA-4": ("D", 10.0)}, households=plenty,
    )  # fmt: skip
    found = solved(case, "national", worker)
    assert (found.quickest, found.person_hours) == (7 + board, 130.0 + 20 * board)
    assert bound(found) == (0, found.person_hours, 7 + board), (
        "the bound is of evacuations within the same time"
    )
    slower = solved(case, "national", worker, fastest=False)
    assert (slower.quickest, slower.hours(1.0), slower.person_hours) == (
        None,
        9.0 + board,
        120.0 + 20 * board,
    )
    assert bound(slower) == (0, slower.person_hours, None)


@pytest.mark.parametrize("seed", SEEDS)
def test_no_plan_for_both_beats_the_bound(worker: Worker, seed: int) -> None:
    found = solved(random_world(seed, BOTH), "joint", worker)
    fewest, hours, steps = bound(found)
    assert fewest <= found.unserved
    best = together(found, found.quickest or None)
    assert fewest <= sum(part.sum() for part in best.unserved) + 1e-6
    if hours is not None:
        assert hours <= found.person_hours
        least = sum(float(np.arange(part.shape[1]) @ part.sum(axis=0)) for part in best.arrivals)
        served = sum(part.sum() for part in best.arrivals)
        assert served <= found.arrivals.sum() + 1e-6
        assert hours <= least + 1e-6 or served < found.arrivals.sum() - 1e-6
    if steps is not None:
        assert found.quickest is not None
        assert steps <= found.quickest
    if steps:
        # A step less does not do for both, even in parts of people.
        assert steps == 1 or sum(part.sum() for part in together(found, steps - 1).unserved) > 1e-6

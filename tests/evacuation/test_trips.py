"""How long buses are on their way: the hours of the roads, whatever the steps."""

import pytest

from tests.evacuation.worlds import BUSES, link, world
from vallum.model.evacuation import Case, trip_hours
from vallum.model.evacuation.evacuate import SHORTEST_TRIP_H
from vallum.model.evacuation.problem import Household, Train
from vallum.solve.flow import Worker


def two_hosts(people: float, km: float = 6.0, **settings: float) -> Case:
    """Return a world of 24 minutes from A to B and 78 to C, with 50 places at each; ways to roads take 6."""
    return world(
        "A=NA B=NA C=NB", [("A", "B", 0.4, 1, 500.0), ("B", "C", 1.3, 1, 500.0)], {"NA-1": ("A", people)},
        {"NA-2": ("B", 50.0), "NB-3": ("C", 50.0)}, households=BUSES,
        links=[link("NA-1", "A", km=km), link("NA-2", "B", km=km), link("NB-3", "C", km=km)], **settings,
    )  # fmt: skip


def test_trips_by_hand(worker: Worker) -> None:
    # 50 people to B: 0.1 + 0.4 + 0.1 = 0.6 h; 50 to C: 0.1 + 0.4 + 1.3 + 0.1 = 1.9 h. In steps of an hour the
    # same ways take 3 and 5.
    assert trip_hours(two_hosts(100.0), "joint", worker) == pytest.approx(1.25)
    # Alone 50 find a place, and the rest do not count.
    assert trip_hours(two_hosts(100.0), "national", worker) == pytest.approx(0.6)
    # 60 people: 50 x 0.6 + 10 x 1.9 = 49 h.
    assert trip_hours(two_hosts(60.0), "joint", worker) == pytest.approx(49.0 / 60.0)


def test_waiting_is_no_part_of_a_trip(worker: Worker) -> None:
    # B and C take in 5 people an hour: they wait for hours, and their trips are as long.
    assert trip_hours(two_hosts(100.0, intake_h=0.1), "joint", worker) == pytest.approx(1.25)


def test_no_trip_is_shorter_than_a_quarter_of_an_hour(worker: Worker) -> None:
    case = world("A=NA", [], {"NA-1": ("A", 40.0)}, {"NA-2": ("A", 40.0)}, households=BUSES)
    # Two ways of a kilometre take two minutes.
    assert trip_hours(case, "joint", worker) == SHORTEST_TRIP_H
    assert trip_hours(two_hosts(0.0), "joint", worker) == SHORTEST_TRIP_H, "nobody goes by bus"


def test_people_in_trains_have_no_part_in_the_trips_of_buses(worker: Worker) -> None:
    # No road leads to B, where a train takes 10 of the 30 people; 20 go by bus to C: 0.25 + 0.5 + 0.25 h.
    case = world(
        "A=NA B=NA C=NA", [("A", "C", 0.5, 1, 500.0)], {"NA-1": ("A", 30.0)},
        {"NA-2": ("C", 20.0), "NA-3": ("B", 10.0)},
        households={"NA": Household(0.0, 2.0, 1.0)}, trains=[Train("A", "B", 4.0, 10.0)],
        links=[link("NA-1", "A", km=15.0), link("NA-2", "C", km=15.0), link("NA-3", "B", km=15.0)],
    )  # fmt: skip
    assert trip_hours(case, "national", worker) == pytest.approx(1.0)

"""Closures, troops and contraflow change the lanes of their road in their hours, and nothing else."""

from dataclasses import replace

import numpy as np
import pytest

from tests.evacuation.worlds import CARS, Way, solved, world
from vallum.model.evacuation import Case, Change, Roads, roads
from vallum.model.evacuation.problem import Window
from vallum.solve.flow import Worker

LANES = 2
WAYS: list[Way] = [("A", "B", 1.0, LANES, 50.0), ("B", "C", 1.0, 1, 30.0)]


def with_windows(*windows: Window) -> Case:
    return world(
        "A=NA B=NA C=NB", WAYS, {"NA-1": ("A", 400.0)}, {"NA-2": ("B", 300.0), "NB-3": ("C", 300.0)},
        households=CARS, horizon=10, windows=windows,
    )  # fmt: skip


def lanes(built: Roads) -> dict[tuple[str, str], list[float]]:
    """Lanes at each step, by ends, where they are not always those of the road."""
    plain = roads(replace(built.case, windows=()), built.mode, built.step_h * 60.0)
    found = {}
    for arc in np.flatnonzero((built.room != plain.room).any(axis=1)):
        of = 1.0 if "C" in (ends := (built.names[built.tail[arc]], built.names[built.head[arc]])) else LANES
        found[ends] = (built.room[arc] / plain.room[arc] * of).round(9).tolist()
    return found


@pytest.mark.parametrize(("reason", "left"), [("closure", 0), ("troops", 1)])
def test_a_road_loses_lanes_for_its_hours(reason: str, left: int) -> None:
    case = with_windows(Window("A", "B", reason, 2.0, 4.0, left))
    assert lanes(roads(case, "joint", 60.0)) == {("A", "B"): [2, 2, left, left, 2, 2, 2, 2, 2, 2]}


def test_contraflow_moves_lanes_from_one_direction_to_the_other() -> None:
    found = lanes(roads(with_windows(Window("A", "B", "contraflow", 2.0, 4.0, 1)), "joint", 60.0))
    assert found == {("A", "B"): [2, 2, 3, 3] + [2] * 6, ("B", "A"): [2, 2, 1, 1] + [2] * 6}


def test_contraflow_takes_no_more_lanes_than_there_are() -> None:
    found = lanes(roads(with_windows(Window("A", "B", "contraflow", 0.0, 1.0, 5)), "joint", 60.0))
    assert found == {("A", "B"): [4] + [2] * 9, ("B", "A"): [0] + [2] * 9}


def test_a_window_never_adds_lanes_that_are_not_there() -> None:
    assert lanes(roads(with_windows(Window("A", "B", "troops", 0.0, 9.0, 7)), "joint", 60.0)) == {}


@pytest.mark.parametrize("reason", ["closure", "troops", "contraflow"])
def test_a_window_of_no_hours_changes_nothing(reason: str) -> None:
    assert lanes(roads(with_windows(Window("A", "B", reason, 3.0, 3.0, 0)), "joint", 60.0)) == {}


@pytest.mark.parametrize(
    ("hours", "steps"),
    [((0.35, 0.4), [7]), ((0.36, 0.41), [7, 8]), ((0.0, 0.05), [0]), ((9.9, 10.0), [198, 199]), ((9.95, 99.0), [199])],
)  # fmt: skip
def test_a_step_that_a_window_touches_is_in_it(hours: tuple[float, float], steps: list[int]) -> None:
    """Steps of three minutes, which no binary fraction is."""
    built = roads(with_windows(Window("A", "B", "closure", *hours, 0)), "joint", 3.0)
    assert np.flatnonzero(built.room[0] == 0.0).tolist() == steps


def test_windows_hold_one_after_the_other() -> None:
    case = with_windows(
        Window("A", "B", "troops", 0.0, 3.0, 1), Window("A", "B", "closure", 2.0, 4.0, 0),
        Window("B", "A", "closure", 0.0, 1.0, 0),
    )  # fmt: skip
    assert lanes(roads(case, "joint", 60.0)) == {
        ("A", "B"): [1, 1, 0, 0] + [2] * 6,
        ("B", "A"): [0] + [2] * 9,
    }


def test_a_window_on_a_closed_border_changes_nothing() -> None:
    case = with_windows(Window("B", "C", "closure", 0.0, 5.0, 0), Window("C", "B", "contraflow", 5.0, 6.0, 1))
    assert lanes(roads(case, "national", 60.0)) == {}
    assert set(lanes(roads(case, "joint", 60.0))) == {("B", "C"), ("C", "B")}


def test_one_more_lane_and_all_lanes_of_the_other_direction() -> None:
    plain = with_windows()
    assert lanes(roads(plain, "joint", 60.0, [Change("A", "B", contraflow=False)])) == {("A", "B"): [3] * 10}
    turned = lanes(roads(plain, "joint", 60.0, [Change("A", "B", contraflow=True)]))
    assert turned == {("A", "B"): [4] * 10, ("B", "A"): [0] * 10}


def test_no_lane_is_added_to_a_closed_road() -> None:
    case = with_windows(Window("A", "B", "closure", 2.0, 4.0, 0))
    for contraflow, more in ((False, 3), (True, 4)):
        changed = roads(case, "joint", 60.0, [Change("A", "B", contraflow=contraflow)])
        assert lanes(changed)["A", "B"] == [more, more, 0, 0] + [more] * 6


def test_closed_hours_delay_by_hand(worker: Worker) -> None:
    # All are at A at 1, 200 an hour go to B. Closed for hours 0 to 3 they first enter at 4 instead of 1: three
    # hours later for everyone.
    opened = solved(with_windows(), "joint", worker)
    shut = solved(with_windows(Window("A", "B", "closure", 0.0, 4.0, 0)), "joint", worker)
    assert (opened.unserved, shut.unserved) == (0, 0)
    assert shut.person_hours == opened.person_hours + 3.0 * 400
    assert (opened.quickest, shut.quickest) == (5, 8)
    never = solved(with_windows(Window("A", "B", "closure", 0.0, 10.0, 0)), "joint", worker)
    assert never.unserved == 400

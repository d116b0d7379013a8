"""What a network refuses, and by which name; the passes and bounds on cases worked by hand."""

import doctest
from typing import Any

import numpy as np
import pytest

import vallum.solve.schedule.network as module
from vallum.core.errors import BadInput
from vallum.solve.schedule import Level, Network, lower_bound
from vallum.solve.schedule.passes import earliest, latest

ALWAYS = np.ones((1, 10), bool)


def made(**changed: Any) -> Network:
    """Two works of 2 and 3 periods, one after the other, that share a crew and take bricks."""
    given: dict[str, Any] = {
        "duration": [2, 3],
        "calendars": ALWAYS,
        "before": [[0, 1]],
        "use": [[1], [1]],
        "capacity": np.ones((1, 10), int),
        "demand": [[1], [2]],
        "supply": np.full((1, 10), 1),
        "activities": ("dig", "build"),
        "resources": ("crew",),
        "supplies": ("bricks",),
    }
    return Network.of(**(given | changed))


BAD: list[tuple[dict[str, Any], str]] = [
    ({"before": [[0, 1], [1, 0]]}, "dig -> build -> dig|build -> dig -> build"),
    ({"before": [[1, 1]]}, "build -> build"),
    ({"use": [[1], [2]]}, "build needs 2 of crew"),
    ({"demand": [[1], [10]]}, "11 of bricks are asked for and 10 supplied"),
    ({"calendars": np.zeros((1, 10), bool)}, "calendar 0 has no working period"),
    ({"calendar": [0, 1]}, "build has a calendar that is not there"),
    ({"duration": [2, -3]}, "duration of build is negative"),
    ({"release": [-1, 0]}, "release of dig is negative"),
    ({"lag": [-1]}, "lag 0 is negative"),
    ({"capacity": np.full((1, 10), -1)}, "capacity of crew is negative"),
    ({"supply": np.full((1, 10), 10**10)}, "supply of bricks is above"),
    ({"demand": [[-1], [1]]}, "demand of dig is negative"),
    ({"use": [[1], [-1]]}, "use of build is negative"),
    ({"duration": [6, 5]}, "build cannot finish by the horizon, period 10"),
    ({"deadline": [10, 4], "hard": [False, True]}, "build cannot finish by its deadline, period 4"),
    ({"release": [0, 8]}, "build cannot finish by the horizon"),
    ({"before": [[0, 2]]}, "pair 0 of before names an activity that is not there"),
    ({"use": [[1, 1], [1, 1]]}, "use has shape"),
    ({"activities": ("dig",)}, "1 names for 2 activities"),
    ({"duration": [2.5, 3.0]}, "duration must hold whole numbers"),
    ({"calendars": np.ones((1, 10), int)}, "calendars must hold true or false"),
    ({"calendars": np.ones(10, bool)}, "durations are one row and calendars a table"),
    ({"usage": [[1], [1]]}, "no such array: usage"),
]


@pytest.mark.parametrize(("changed", "said"), BAD, ids=[said for _, said in BAD])
def test_what_is_wrong_is_named(changed: dict[str, Any], said: str) -> None:
    with pytest.raises(BadInput, match=said):
        made(**changed)


def test_nothing_to_do() -> None:
    with pytest.raises(BadInput, match="no activity"):
        Network.of(np.empty(0, int), ALWAYS)


@pytest.mark.parametrize(
    "level",
    [
        Level("w", np.array([1])),
        Level("w", np.array([1.0, 2.0])),  # type: ignore[arg-type]
        Level("w", np.array([1, -1])),
        Level("w", np.array([10**9, 1])),
        Level("w", tolerance=-0.1),
        Level("w", tolerance=float("nan")),
    ],
)
def test_a_level_that_does_not_fit(level: Level) -> None:
    with pytest.raises(BadInput, match="level w"):
        level.check(2)


def test_the_example_of_the_docstring() -> None:
    assert doctest.testmod(module).failed == 0
    assert doctest.testmod(module).attempted >= 5


def test_passes_by_hand() -> None:
    calendars = np.ones((2, 10), bool)
    calendars[1, 2:5] = False
    network = Network.of([2, 3, 0], calendars, calendar=[0, 1, 0], before=[[0, 1], [1, 2]], lag=[0, 1])
    start, finish = earliest(network)
    assert start.tolist() == [0, 5, 9]  # periods 2 to 4 are not worked, one period of lag
    assert finish.tolist() == [2, 8, 9]
    start, finish = latest(network, network.deadline)
    assert start.tolist() == [4, 6, 10]
    assert finish.tolist() == [6, 9, 10]


def test_bounds_by_hand() -> None:
    crew = {"use": [[1], [1], [1]], "capacity": np.ones((1, 20), int)}
    three = Network.of([2, 3, 4], np.ones((1, 20), bool), **crew)
    assert lower_bound(three, Level("makespan")) == 9  # one after the other
    # by weight for work 4/2, 3/3, 1/4: finishes 2, 5, 9
    assert lower_bound(three, Level("sum", np.array([4, 3, 1]))) == 8 + 15 + 9
    free = Network.of([2, 3, 4], np.ones((1, 20), bool), before=[[0, 2]])
    assert lower_bound(free, Level("makespan")) == 6
    supply = np.zeros((1, 20), int)
    supply[0, [0, 12]] = 1
    waiting = Network.of([2, 3, 4], np.ones((1, 20), bool), demand=[[1], [1], [0]], supply=supply)
    assert lower_bound(waiting, Level("makespan")) == 14  # the second unit comes at 12, the shorter may wait

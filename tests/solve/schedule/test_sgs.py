"""Schedules of the generation schemes keep every rule, held against a plain checker."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.solve.schedule.plain import drawn, faults
from vallum.solve.schedule import Level, Network, best_of, lower_bound, parallel, serial, values
from vallum.solve.schedule.sgs import order

SCHEMES = [serial, parallel]


@pytest.mark.parametrize("scheme", SCHEMES)
@settings(deadline=None, max_examples=60)
@given(seed=st.integers(0, 10**6), runs=st.integers(1, 4))
def test_every_rule_is_kept(scheme, seed: int, runs: int) -> None:
    network = drawn(seed, most=9, periods=40)
    generator = np.random.default_rng(seed)
    durations = np.maximum(0, network.duration + generator.integers(-1, 2, (runs, len(network.duration))))
    starts, finishes = scheme(network, generator.permutation(len(network.duration)), durations)
    soft = Network.of(
        network.duration, network.calendars,
        **{k: getattr(network, k) for k in ("calendar", "release", "before", "lag", "use", "capacity", "demand", "supply")},
    )  # fmt: skip
    for run in range(runs):
        if (finishes[run] <= network.periods).all():
            assert faults(soft, starts[run].tolist(), finishes[run].tolist(), durations[run].tolist()) == []
        else:
            never = finishes[run] > network.periods
            assert (starts[run][never] == network.never).all()
            assert (finishes[run][never] == network.never).all()


@settings(deadline=None, max_examples=40)
@given(seed=st.integers(0, 10**6))
def test_runs_do_not_see_one_another(seed: int) -> None:
    network = drawn(seed, most=9, periods=40)
    count = len(network.duration)
    generator = np.random.default_rng(seed)
    durations = np.maximum(0, network.duration + generator.integers(-1, 2, (3, count)))
    priorities = generator.uniform(size=(3, count))
    together = serial(network, priorities, durations)
    for run in range(3):
        alone = serial(network, priorities[run], durations[run : run + 1])
        assert together[0][run].tolist() == alone[0][0].tolist()
        assert together[1][run].tolist() == alone[1][0].tolist()
    shared = parallel(network, priorities[0], durations)
    for run in range(3):
        assert (
            shared[1][run].tolist()
            == parallel(network, priorities[0], durations[run : run + 1])[1][0].tolist()
        )


@settings(deadline=None, max_examples=40)
@given(seed=st.integers(0, 10**6))
def test_the_best_of_some_is_no_worse_than_a_rule_and_not_below_the_bound(seed: int) -> None:
    network = drawn(seed, most=9, periods=60)
    levels = (Level("makespan"), Level("sum", np.arange(len(network.duration))))
    found = best_of(network, levels, seed)
    again = best_of(network, levels, seed)
    if found is None or again is None:
        assert found is again
        return
    assert found[0].tolist() == again[0].tolist()
    assert faults(network, found[0].tolist(), found[1].tolist(), network.duration.tolist()) == []
    one = parallel(network, network.deadline)[1][0]
    if network.kept(one):
        ours = values(levels, found[1]).tolist()
        for level, value in zip(levels, ours, strict=True):
            assert lower_bound(network, level) <= value


def test_order_goes_by_priority_as_far_as_precedence_allows() -> None:
    network = Network.of([1, 1, 1, 1], np.ones((1, 9), bool), before=[[3, 0]])
    assert order(network, np.array([0.0, 2.0, 1.0, 5.0])).tolist() == [2, 1, 3, 0]


def test_work_stops_in_winter_and_the_crew_is_free_meanwhile() -> None:
    calendars = np.ones((2, 12), bool)
    calendars[0, 3:6] = False  # outside
    network = Network.of([4, 3], calendars, calendar=[0, 1], use=[[1], [1]], capacity=np.ones((1, 12), int))
    starts, finishes = serial(network, np.array([0, 1]))
    assert starts.tolist() == [[0, 3]]  # inside work fills the gap
    assert finishes.tolist() == [[7, 6]]


def test_the_horizon_ends() -> None:
    network = Network.of([3, 2, 0], np.ones((1, 5), bool), before=[[0, 1], [1, 2]])
    for scheme in SCHEMES:
        starts, finishes = scheme(network, np.arange(3), np.array([[3, 2, 0], [4, 2, 0], [4, 1, 0]]))
        assert starts.tolist() == [[0, 3, 5], [0, 6, 6], [0, 4, 5]]
        assert finishes.tolist() == [[3, 5, 5], [4, 6, 6], [4, 5, 5]]


def test_one_later_supply_is_not_taken_from_who_came_first() -> None:
    supply = np.array([[2, 0, 0, 0, 2, 0, 0, 0, 0, 0]])
    network = Network.of(
        [1, 1, 1], np.ones((1, 10), bool), release=[3, 0, 0], demand=[[2], [1], [1]], supply=supply
    )
    starts, _ = serial(network, np.arange(3))
    assert starts.tolist() == [[3, 4, 4]]
    # who looks at the present only takes what is there
    assert parallel(network, np.arange(3))[0].tolist() == [[4, 0, 0]]

"""Groups that share roads and places: by hand, and against one group solved as a plain flow."""

import numpy as np
import pytest

from tests.solve.flow_plain import drawn
from vallum.core.errors import BadInput
from vallum.solve import Cancel, Limits
from vallum.solve.flow import Group, Highs, Network, Stopped, earliest_arrival, with_sides

FREE = Limits(time_limit=None)
WIDE = 1000


def road(people: int, capacity: int = WIDE, places: int = 100, horizon: int = 10) -> Network:
    """One road of one step from node 0 to node 1."""
    return Network.of(2, ([0], [1], [1]), [capacity], ([0], [0], [people]), ([1], [places]), horizon)


def group(network: Network, use: float) -> Group:
    return Group(network, np.array([0]), np.array([0]), np.array([use]))


def test_buses_and_cars_by_hand() -> None:
    # The road takes 4 cars a step. 20 people by car (0.5 cars a person), 40 by bus (0.05 a person), whose
    # fleet carries 20 a step. Buses first: 20 at 1 and at 2 use 1 car each, so that 6 people by car go at 0
    # and at 1; the last 8 fill the road at step 2. Sum 20 + 40 + 6 + 12 + 24 = 102.
    found = with_sides([group(road(20), 0.5), group(road(40, 20), 0.05)], [4.0], FREE)
    assert found.value == pytest.approx(102)
    assert found.bound == pytest.approx(102)
    assert found.amount[0][0, :4] == pytest.approx([6, 6, 8, 0])
    assert found.amount[1][0, :3] == pytest.approx([20, 20, 0])
    assert [float(x.sum()) for x in found.arrivals] == pytest.approx([20, 40])
    # half a car more at step 0 takes one person from step 3 to step 1: 4 steps a car
    assert found.price[0, 0] == pytest.approx(4)
    assert found.places == pytest.approx([0])


def test_places_and_intake_are_shared() -> None:
    networks = [road(20, places=30), road(40, places=30)]
    found = with_sides([group(n, 0.0) for n in networks], [0.0], FREE)
    assert sum(float(x.sum()) for x in found.unserved) == pytest.approx(30)
    assert found.places == pytest.approx([found.penalty - 1])
    gates = [
        Network.of(2, ([0], [1], [1]), [WIDE], ([0], [0], [n]), ([1], [WIDE]), 10, intake=[6])
        for n in (9, 15)
    ]
    found = with_sides([group(n, 0.0) for n in gates], [0.0], FREE)
    together = found.arrivals[0] + found.arrivals[1]
    assert together[0] == pytest.approx([0, 6, 6, 6, 6] + [0] * 6)


def test_an_arc_may_use_a_road_and_a_fleet() -> None:
    # 2 people a step by the fleet, closed at step 1; the road alone would take 10
    both = Group(road(6), np.array([0, 1]), np.array([0, 0]), np.array([0.1, 1.0]))
    capacity = np.array([[1.0] * 10, [2.0, 0.0] + [2.0] * 8])
    found = with_sides([both], capacity, FREE)
    assert found.amount[0][0, :5] == pytest.approx([2, 0, 2, 2, 0])


def test_one_group_alone_is_a_plain_flow() -> None:
    for seed in range(25):
        network = drawn(seed)
        nothing = Group(network, np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0))
        found = with_sides([nothing], np.zeros((0,)), FREE)
        best = earliest_arrival(network, Highs(FREE))
        assert found.value == pytest.approx(best.value), seed
        assert found.bound == pytest.approx(best.value), seed
        assert found.unserved[0].sum() == pytest.approx(best.unserved.sum()), seed


def test_a_shared_road_is_never_overdrawn() -> None:
    for seed in range(10):
        draw = np.random.default_rng(seed)
        network = drawn(seed)
        arcs = np.arange(len(network.tail))
        groups = [Group(network, arcs, arcs, draw.uniform(0.1, 1.0, len(arcs))) for _ in range(2)]
        capacity = draw.uniform(0.0, 4.0, (len(arcs), network.horizon))
        found = with_sides(groups, capacity, FREE)
        used = sum(g.use[:, None] * x for g, x in zip(groups, found.amount, strict=True))
        assert (used <= capacity + 1e-6).all()
        assert found.bound == pytest.approx(found.value)
        assert (found.price >= 0.0).all()


def test_what_does_not_fit_together_is_refused() -> None:
    one = group(road(5), 1.0)
    with pytest.raises(BadInput, match="no group"):
        with_sides([], [1.0], FREE)
    for other in (road(5, places=7), road(5, horizon=9)):
        with pytest.raises(BadInput, match="different sinks or horizons"):
            with_sides([one, group(other, 1.0)], [1.0], FREE)
    with pytest.raises(BadInput, match="names row 1"):
        with_sides([Group(one.network, np.array([1]), np.array([0]), np.array([1.0]))], [1.0], FREE)
    with pytest.raises(BadInput, match="unequal lengths"):
        with_sides([Group(one.network, np.array([0, 0]), np.array([0]), np.array([1.0]))], [1.0], FREE)
    for use in (-1.0, float("nan")):
        with pytest.raises(BadInput, match="negative or no number"):
            with_sides([group(road(5), use)], [1.0], FREE)
    for capacity in ([-1.0], [float("inf")]):
        with pytest.raises(BadInput, match="negative or no number"):
            with_sides([one], capacity, FREE)
    for shape in (np.ones((1, 3)), 5.0, ["much"], np.ones((1, 10, 1))):
        with pytest.raises(BadInput, match="one number a row"):
            with_sides([one], shape, FREE)


def test_a_cancelled_run_stops() -> None:
    cancel = Cancel()
    cancel.set()
    with pytest.raises(Stopped, match="interrupted"):
        with_sides([group(road(5), 1.0)], [1.0], FREE, cancel=cancel)

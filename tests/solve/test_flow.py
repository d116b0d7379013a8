"""Flows over time: as good as other solvers, proven from the flow alone, and never against a rule."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings

from tests.solve.flow_plain import (
    brute_quickest,
    drawn,
    faults,
    graph,
    least_steps,
    most,
    networks,
    path_faults,
    two_roads,
)
from vallum.solve import Limits
from vallum.solve.flow import (
    PLACES,
    ROADS,
    SERVED,
    UNREACHABLE,
    Highs,
    Network,
    Worker,
    decompose,
    earliest_arrival,
    expand,
    greatest_flow,
    prove,
    quickest,
    why,
)

FREE = Limits(time_limit=None)


@pytest.fixture(scope="module")
def worker() -> Iterator[Worker]:
    with Worker(FREE) as one:
        yield one


def test_who_is_there_already_needs_no_time(worker: Worker) -> None:
    there = Network.of(2, ([0], [1], [1]), [3], ([1], [0], [5]), ([1], [5]), 3)
    assert quickest(there, worker).horizon == 0
    assert earliest_arrival(there, worker).clearance == 0


def test_two_roads_by_hand(worker: Worker) -> None:
    # Short road: who enters at 0, 1, 2, ... arrives at 1, 2, 3, ...: 10 each. Long: 20 each at 3, 4, 5, ...
    # By step 4 have arrived 4 x 10 + 2 x 20 = 80, by step 5 5 x 10 + 3 x 20 = 110: all 100 by 5.
    found = quickest(two_roads(), worker)
    assert found.horizon == 5
    assert dict(found.tried)[4] == 80
    # Earliest: 10, 10, 30, 30 and the last 20 at step 5; sum 10 + 20 + 90 + 120 + 100 = 340.
    flow = earliest_arrival(two_roads(), worker)
    assert flow.arrivals[0, :7].tolist() == [0, 10, 10, 30, 30, 20, 0]
    assert (flow.value, flow.served, flow.clearance) == (340, 100, 5)
    assert (faults(flow), why(flow).tolist()) == ([], [SERVED])
    # One more place on the short road at step 0 brings one from step 5 to step 1: 4 steps saved; at step 3
    # to step 4: 1 saved. On the long road at step 0 to step 3: 2, at step 1 to step 4: 1.
    proof = prove(flow)
    assert (proof.primal, proof.dual, proof.optimal) == (340, 340, True)
    assert proof.roads.steps[:, :4].tolist() == [[4, 3, 2, 1], [2, 1, 0, 0]]
    assert not proof.roads.units.any()
    assert not proof.places.steps.any()


def test_who_is_left_and_why(worker: Worker) -> None:
    # From 0 (30 people) 2 a step reach 1; from 2 (9) any number reach 3, which has 5 places; from 4 no road.
    network = Network.of(
        5, ([0, 2], [1, 3], [1, 1]), [2, 99], ([0, 2, 4], [0, 0, 0], [30, 9, 3]), ([1, 3], [99, 5]), 10
    )
    for flow in (earliest_arrival(network, worker), greatest_flow(network, worker)):
        # ten steps of 2 arrive at 1 .. 10
        assert flow.unserved.tolist() == [10, 4, 3]
        assert why(flow).tolist() == [ROADS, PLACES, UNREACHABLE]
    found = quickest(network, worker)
    assert (found.horizon, found.flow.served) == (None, 25)
    # One more lane-place at step 0 or at the last serves one more, who arrives last, at 10: the step saved is
    # counted against the penalty. One more place at 3 serves one at step 1.
    proof = prove(earliest_arrival(network, worker))
    assert proof.optimal
    assert proof.roads.units[0].tolist() == [1] * 10
    assert proof.roads.steps[0].tolist() == [-1 - t for t in range(10)]
    assert (proof.places.units.tolist(), proof.places.steps.tolist()) == ([0, 1], [0, -1])


def test_a_closed_hour_and_a_slow_gate(worker: Worker) -> None:
    # 5 a step, closed at steps 1 and 2; the gate takes 3 a step. 8 people: 5 enter at 0, arrive at 1 (3) and
    # wait there (2 at 2); 3 enter at 3, arrive at 4. Sum 3 + 4 + 12 = 19.
    network = Network.of(2, ([0], [1], [1]), [[5, 0, 0, 5, 5, 5]], ([0], [0], [8]), ([1], [8]), 6, intake=[3])
    flow = earliest_arrival(network, worker)
    assert flow.arrivals.tolist() == [[0, 3, 2, 0, 3, 0, 0]]
    assert (flow.value, flow.waiting[1].tolist()) == (19, [0, 2, 0, 0, 0, 0])
    proof = prove(flow)
    # opening the closed step 1 would bring one from 4 to 2 (the gate has room for one then)
    assert (proof.optimal, proof.roads.steps[0, 1]) == (True, 2)
    # nobody may wait before the gate: 3 enter at 0, 3 at 3, 2 at 4
    strict = Network.of(
        2, ([0], [1], [1]), [[5, 0, 0, 5, 5, 5]], ([0], [0], [8]), ([1], [8]), 6, intake=[3], holding=[99, 0]
    )
    assert earliest_arrival(strict, worker).arrivals.tolist() == [[0, 3, 0, 0, 3, 2, 0]]


def test_what_opening_a_closed_road_is_worth(worker: Worker) -> None:
    # nobody can pass the second road, open only at step 0, before anyone is there; one let in at t arrives at
    # t + 1
    network = Network.of(
        3, ([0, 1], [1, 2], [1, 1]), [[2] * 10, [4] + [0] * 9], ([0], [0], [5]), ([2], [9]), 10
    )
    flow = earliest_arrival(network, worker)
    proof = prove(flow)
    assert (flow.unserved.tolist(), why(flow).tolist(), proof.optimal) == ([5], [ROADS], True)
    assert proof.roads.units.tolist() == [[0] * 10, [0] + [1] * 9]
    assert proof.roads.steps[1].tolist() == [0, *(-1 - t for t in range(1, 10))]


@pytest.mark.parametrize("part", range(4))
def test_as_good_as_networkx_and_highs(part: int, worker: Worker) -> None:
    highs = Highs(FREE)
    for seed in range(part * 20, part * 20 + 20):
        network = drawn(seed)
        flow = earliest_arrival(network, worker)
        assert faults(flow) == [], seed
        assert flow.served == most(network, network.horizon), seed
        arrived = int((flow.arrivals.sum(axis=0) * np.arange(flow.horizon + 1)).sum())
        assert arrived == least_steps(network, network.horizon), seed
        assert flow.value == arrived + flow.expanded.penalty * int(flow.unserved.sum())
        assert prove(flow).optimal, seed
        assert path_faults(flow, decompose(flow)) == [], seed
        other = earliest_arrival(network, highs)
        assert (faults(other), other.value) == ([], flow.value), seed
        found = quickest(network, worker)
        assert found.horizon == brute_quickest(network), seed
        assert faults(found.flow) == [], seed
        assert path_faults(found.flow, decompose(found.flow)) == [], seed


def test_the_graph_has_only_what_matters() -> None:
    for seed in range(40):
        network = drawn(seed)
        made = expand(network).graph
        whole, _ = graph(network, network.horizon)
        assert len(made.tail) <= whole.number_of_edges() + 1
        assert (made.capacity >= 0).all()
        assert made.tail.max() < made.nodes
        assert made.head.max() < made.nodes


@settings(max_examples=40, deadline=None)
@given(network=networks())
def test_rules_are_kept_and_more_is_never_worse(network: Network) -> None:
    highs = Highs(FREE)
    flow = earliest_arrival(network, highs)
    assert faults(flow) == []
    assert prove(flow).optimal
    paths = decompose(flow)
    assert path_faults(flow, paths) == []
    assert len(paths.amount) <= np.count_nonzero(flow.on_arcs) + len(network.supply_node)
    wider = replace(network, capacity=network.capacity + 1)
    roomier = replace(network, places=network.places + 1)
    before = quickest(network, highs)
    for more in (wider, roomier):
        better = earliest_arrival(more, highs)
        assert better.value <= flow.value
        after = quickest(more, highs)
        assert before.horizon is None or (after.horizon is not None and after.horizon <= before.horizon)
    # a price is never below the gain
    proof = prove(flow)
    units, steps = int(proof.roads.units.sum()), int(proof.roads.steps.sum())
    used = (network.capacity > 0).any(axis=1)
    opened = replace(network, capacity=network.capacity + used[:, None])
    gain = flow.value - earliest_arrival(opened, highs).value
    assert gain <= units * flow.expanded.penalty + steps


@settings(max_examples=25, deadline=None)
@given(network=networks())
def test_with_one_sink_every_step_has_the_most(network: Network) -> None:
    one = replace(
        network, sink_node=network.sink_node[:1], places=network.places[:1], intake=network.intake[:1]
    )
    flow = earliest_arrival(one, Highs(FREE))
    by_step = np.cumsum(flow.arrivals.sum(axis=0))
    assert by_step[1:].tolist() == [most(one, t) for t in range(1, flow.horizon + 1)]


def test_a_flow_that_is_not_best_is_not_proven(worker: Worker) -> None:
    # the greatest flow within 20 steps is any; this one is made to wait a step at the start
    flow = earliest_arrival(two_roads(), worker)
    late = Network.of(2, ([0, 0], [1, 1], [1, 3]), [10, 20], ([0], [0], [100]), ([1], [1000]), 20)
    capacity = late.capacity.copy()
    capacity[:, 0] = 0
    slow = earliest_arrival(replace(late, capacity=capacity), worker)
    on_arcs = np.zeros_like(flow.on_arcs)
    travel, wait, arrive, places, supply = flow.expanded.blocks(on_arcs)
    travel[:] = slow.amount[flow.expanded.arc, flow.expanded.arc_step]
    wait[:] = slow.waiting[flow.expanded.wait_node, flow.expanded.wait_step]
    arrive[:] = slow.arrivals[flow.expanded.sink, flow.expanded.sink_step]
    places[:] = supply[:] = 100
    proof = prove(replace(slow, expanded=flow.expanded, on_arcs=on_arcs))
    assert not proof.optimal
    assert proof.dual <= flow.value < proof.primal == 440


def test_the_same_input_gives_the_same_flow(worker: Worker) -> None:
    for seed in (3, 4, 5):
        one, other = (earliest_arrival(drawn(seed), worker) for _ in range(2))
        assert (one.on_arcs == other.on_arcs).all()


def test_nobody_and_nowhere(worker: Worker) -> None:
    empty = Network.of(2, ([0], [1], [1]), [1], ([0], [0], [0]), ([1], [5]), 4)
    assert quickest(empty, worker).horizon == 0
    assert earliest_arrival(empty, worker).value == 0
    nowhere = Network.of(2, ([], [], []), [], ([0], [0], [7]), ([], []), 4)
    flow = earliest_arrival(nowhere, worker)
    assert (flow.unserved.tolist(), why(flow).tolist()) == ([7], [UNREACHABLE])
    assert prove(flow).optimal
    at_home = Network.of(1, ([], [], []), [], ([0], [2], [7]), ([0], [5]), 4)
    flow = earliest_arrival(at_home, worker)
    assert (flow.value - 2 * flow.expanded.penalty, flow.arrivals[0, 2]) == (10, 5)
    assert decompose(flow).depart.tolist() == [2]

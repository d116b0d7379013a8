"""Nobody drives in a circle where waiting takes as long."""

from dataclasses import replace

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.evacuation.worlds import BOTH, BUSES, CARS, random_world, seeds, solved
from tests.solve.flow_plain import drawn, faults
from vallum.model.evacuation.circles import without_circles
from vallum.model.evacuation.problem import Household
from vallum.solve import Limits
from vallum.solve.flow import Flow, Highs, Network, Worker, decompose, earliest_arrival, prove

few = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def circles(flow: Flow) -> int:
    """Ways that come back to a node."""
    paths, network = decompose(flow), flow.expanded.network
    found = 0
    for way, supply in enumerate(paths.supply):
        arcs = paths.arc[paths.begin[way] : paths.begin[way + 1]]
        nodes = [int(network.supply_node[supply]), *network.head[arcs].tolist()]
        found += len(set(nodes)) < len(nodes)
    return found


def driven(flow: Flow) -> int:
    return int(flow.amount.sum(axis=1) @ flow.expanded.network.travel)


def test_a_circle_by_hand() -> None:
    # 10 people at 0 go to 1, whose road to 2 opens at step 3. They may go back to 0 or wait: the same arrival.
    # The worst of them is written down by hand: 0 to 1, back, and to 1 again, then on.
    network = Network.of(
        3, ([0, 1, 1], [1, 0, 2], [1, 1, 1]), [[10] * 6, [10] * 6, [0] * 3 + [10] * 3], ([0], [0], [10]),
        ([2], [10]), 6,
    )  # fmt: skip
    best = earliest_arrival(network, Highs(Limits(time_limit=None)))
    found = without_circles(turned(best))
    assert (circles(turned(best)), circles(found)) == (1, 0)
    assert (found.value, found.amount.sum(), driven(turned(best))) == (best.value, 20, 40)
    assert faults(found) == []
    # They leave at once, as they did, and wait at 1 for two steps.
    # They wait at home for two steps instead.
    assert found.waiting.sum(axis=1).tolist() == [20, 0, 0]


def turned(flow: Flow) -> Flow:
    """The flow of the test by hand, with everyone in the circle."""
    expanded = flow.expanded
    amount, waiting = np.zeros_like(flow.amount), np.zeros_like(flow.waiting)
    for arc, step in ((0, 0), (1, 1), (0, 2), (2, 3)):
        amount[arc, step] = 10
    on_arcs, moves = flow.on_arcs.copy(), len(expanded.arc)
    on_arcs[:moves] = amount[expanded.arc, expanded.arc_step]
    on_arcs[moves : moves + len(expanded.wait_node)] = 0
    return replace(flow, on_arcs=on_arcs, amount=amount, waiting=waiting)


@few
@given(seed=st.integers(0, 10**6))
def test_the_flow_stays_as_good_and_within_its_rules(worker: Worker, seed: int) -> None:
    network = drawn(seed - seed % 5 + 1)  # with any number waiting
    flow = earliest_arrival(network, worker)
    found = without_circles(flow)
    assert faults(found) == []
    assert circles(found) == 0
    assert found.arrivals.tolist() == flow.arrivals.tolist()
    assert found.value == int(found.expanded.graph.cost @ found.on_arcs) == flow.value
    assert prove(found).optimal
    assert driven(found) <= driven(flow)
    if not circles(flow):
        assert found is flow


@few
@given(seed=seeds(), households=st.sampled_from([CARS, BUSES, BOTH]))
def test_no_evacuation_has_circles(worker: Worker, seed: int, households: dict[str, Household]) -> None:
    found = solved(random_world(seed, households), "joint", worker, bounded=False)
    assert circles(found.bus) == circles(found.car) == 0

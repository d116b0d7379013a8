"""The time-expanded graph of a network: one node for each node and step that can matter.

Ford and Fulkerson (1958) showed that a flow over time is a flow in this graph. Node (i, t) stands for being
at i at step t. Arcs: travel (i, t) -> (j, t + travel), waiting (i, t) -> (i, t + 1), arrival (node of sink s,
t) -> s, places s -> end, supply start -> (node, step), and for those who cannot be served start -> end.
"""

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from vallum.core.errors import BadInput
from vallum.solve.flow.network import MOST_WORTH, Ints, Network

__all__ = ["MOST_ARCS", "Expanded", "Graph", "earliest_latest", "expand"]

#: Arcs of an expanded graph; beyond it the solver wants gigabytes.
MOST_ARCS = 5_000_000


@dataclass(frozen=True, slots=True, eq=False)
class Graph:
    """A graph for one solve: `amount` units go from `start` to `end`.

    Attributes
    ----------
    nodes, start, end, amount : int
    tail, head, capacity, cost : (M,) int arrays
    """

    nodes: int
    start: int
    end: int
    amount: int
    tail: Ints
    head: Ints
    capacity: Ints
    cost: Ints


@dataclass(frozen=True, slots=True, eq=False)
class Expanded:
    """A time-expanded graph and what each of its arcs stands for.

    The arcs stand in blocks: travel, waiting, arrival, places, supply, and one for the unserved.

    Attributes
    ----------
    network : Network
    horizon : int
        T in steps.
    graph : Graph
        Every step costs 1 (travel and waiting; a supply costs the step it sets out at), being unserved costs
        `penalty`. A unit that arrives at t has so paid t: the same sum as a cost t on arrival, and the
        solver needs a quarter of the time.
    penalty : int
        (4 S + 2) T + 1 with S sinks. A rerouting passes each sink at most once and so changes the sum of
        arrival steps by at most S T: serving one more unit is always worth it, and a price tells units
        served and steps saved apart (see `Proof`).
    first, last : (N,) int arrays
        First and last step at which a node has a copy; first > last: none.
    base : (N,) int array
        Node (i, t) has the number base[i] + t.
    arc, arc_step : (travel arcs,) int arrays
    wait_node, wait_step : (waiting arcs,) int arrays
    sink, sink_step : (arrival arcs,) int arrays
    supply : (supply arcs,) int array
        Supplies that can reach a sink within the horizon, if nobody else is on the way.
    """

    network: Network
    horizon: int
    graph: Graph
    penalty: int
    first: Ints
    last: Ints
    base: Ints
    arc: Ints
    arc_step: Ints
    wait_node: Ints
    wait_step: Ints
    sink: Ints
    sink_step: Ints
    supply: Ints

    def blocks(self, values: Ints) -> tuple[Ints, Ints, Ints, Ints, Ints]:
        """Cut an array over arcs into travel, waiting, arrival, places and supply."""
        sizes = (len(self.arc), len(self.wait_node), len(self.sink), len(self.network.sink_node))
        a, b, c, d = np.cumsum(sizes).tolist()
        return values[:a], values[a:b], values[b:c], values[c:d], values[d : d + len(self.supply)]


def expand(network: Network, horizon: int | None = None) -> Expanded:
    """Expand a network over time, leaving out what no unit can reach or come from in time.

    Parameters
    ----------
    network : Network
    horizon : int, optional
        T in 1 .. H; without it H.

    Raises
    ------
    BadInput
        The horizon is out of range, or the graph has more than `MOST_ARCS` arcs or too great costs.
    """
    steps = network.length(horizon)
    first, last = earliest_latest(network, steps)
    copies = np.maximum(0, last - first + 1)
    base = np.concatenate(([0], np.cumsum(copies)[:-1])) - first
    held = int(copies.sum())
    sinks, total = len(network.sink_node), network.total
    arcs = _travel_counts(network, first, last)
    arrivals = copies[network.sink_node]
    penalty = (4 * sinks + 2) * steps + 1
    _check_size(int(arcs.sum() + held + arrivals.sum()), total * penalty, held + sinks + 2)

    arc, arc_step = _runs(arcs, first[network.tail])
    flow_in = network.capacity[arc, arc_step]
    arc, arc_step, flow_in = (x[flow_in > 0] for x in (arc, arc_step, flow_in))
    wait_node, wait_step = _runs(np.where(network.holding > 0, np.maximum(0, copies - 1), 0), first)
    sink, sink_step = _runs(arrivals, first[network.sink_node])
    supply = np.flatnonzero(
        (first[network.supply_node] <= network.supply_step)
        & (network.supply_step <= last[network.supply_node])
        & (network.supply_amount > 0)
    )
    own, start, end = held + np.arange(sinks), held + sinks, held + sinks + 1
    at = base[network.supply_node[supply]] + network.supply_step[supply]
    places, supplied = np.full(sinks, end), np.full(len(supply), start)
    gone = base[network.tail[arc]] + arc_step
    waited = base[wait_node] + wait_step
    tail = np.concatenate((gone, waited, base[network.sink_node[sink]] + sink_step, own, supplied, [start]))
    head = np.concatenate(
        (base[network.head[arc]] + arc_step + network.travel[arc], waited + 1, own[sink], places, at, [end])
    )
    capacity = np.concatenate(
        (flow_in, network.holding[wait_node], network.intake[sink, sink_step], network.places,
         network.supply_amount[supply], [total])
    )  # fmt: skip
    cost = np.concatenate(
        (network.travel[arc], np.ones(len(wait_node), np.int64), np.zeros(len(sink) + sinks, np.int64),
         network.supply_step[supply], [penalty])
    )  # fmt: skip
    # one above what there is: no bound is never taken for one that binds
    capacity = np.minimum(capacity, total + 1)
    graph = Graph(held + sinks + 2, start, end, total, tail, head, capacity, cost)
    return Expanded(network, steps, graph, penalty, first, last, base, arc, arc_step, wait_node, wait_step,
                    sink, sink_step, supply)  # fmt: skip


def earliest_latest(network: Network, steps: int) -> tuple[Ints, Ints]:
    """First step at which a unit can be at each node, and last from which it can still reach a sink.

    Both by shortest paths (Dijkstra) over the arcs that are ever open; closed hours are not looked at, so the
    span may be too wide, never too narrow. A node that is not on any way has a first step above its last.

    Returns
    -------
    first, last : (N,) int arrays
    """
    far = steps + 1
    there = network.supply_amount > 0
    opened = network.places > 0
    known = network.supply_step[there] <= steps
    first = _distances(
        network, (network.tail, network.head), network.supply_node[there][known],
        network.supply_step[there][known], far,
    )  # fmt: skip
    nearest = network.sink_node[opened]
    left = _distances(network, (network.head, network.tail), nearest, np.zeros_like(nearest), far)
    return first, steps - left


def _distances(network: Network, ends: tuple[Ints, Ints], roots: Ints, begun: Ints, far: int) -> Ints:
    """Shortest travel from the nearest root, each with steps of its own to begin with; at most `far`."""
    used = (network.capacity > 0).any(axis=1)
    count = network.nodes
    # the graph routine takes a stored 0 for no arc at all, so everything from the common root is 1 longer
    tail = np.concatenate((ends[0][used], np.full(len(roots), count)))
    head = np.concatenate((ends[1][used], roots))
    length = np.concatenate((network.travel[used], begun + 1))
    order = np.lexsort((length, head, tail))
    tail, head, length = tail[order], head[order], length[order]
    shortest = np.ones(len(tail), bool)
    shortest[1:] = (np.diff(tail) != 0) | (np.diff(head) != 0)
    matrix = csr_array(
        (length[shortest].astype(float), (tail[shortest], head[shortest])), shape=(count + 1, count + 1)
    )
    found = dijkstra(matrix, indices=[count])[0, :count] - 1.0
    capped: Ints = np.minimum(found, far).astype(np.int64)
    return capped


def _travel_counts(network: Network, first: Ints, last: Ints) -> Ints:
    """Steps at which each arc can be entered: from the first at its tail to the last that is in time."""
    used = (network.capacity > 0).any(axis=1) & (first[network.tail] <= last[network.tail])
    counts = last[network.head] - network.travel - first[network.tail] + 1
    return np.where(used, np.maximum(0, counts), 0)


def _runs(counts: Ints, begin: Ints) -> tuple[Ints, Ints]:
    """Owner and step of runs of consecutive steps: counts[k] of them from begin[k]."""
    owner = np.repeat(np.arange(len(counts)), counts)
    before = np.cumsum(counts) - counts
    return owner, np.arange(len(owner)) - before[owner] + begin[owner]


def _check_size(arcs: int, worth: int, nodes: int) -> None:
    if arcs > MOST_ARCS:
        raise BadInput(
            f"the time-expanded graph would have {arcs:,} arcs, more than {MOST_ARCS:,}",
            where="flow", rule="size", remedy="take longer steps, a shorter horizon or fewer roads",
        )  # fmt: skip
    if worth * nodes > MOST_WORTH:
        raise BadInput(
            "amounts times costs do not fit into 64 bits",
            where="flow", rule="size", remedy="take longer steps, a shorter horizon or larger units",
        )  # fmt: skip

"""Why units of a supply are not served."""

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import breadth_first_order

from vallum.solve.flow.arrival import Flow
from vallum.solve.flow.network import Ints

__all__ = ["PLACES", "ROADS", "SERVED", "UNREACHABLE", "why"]

SERVED, UNREACHABLE, ROADS, PLACES = range(4)


def why(flow: Flow) -> Ints:
    """Name, for each supply, what keeps its unserved units back.

    Parameters
    ----------
    flow : Flow
        One that serves as many as can be: of `earliest_arrival` or `greatest_flow`.

    Returns
    -------
    (K,) int array
        `SERVED`: none is left. `UNREACHABLE`: no way to a sink is short enough for the horizon, even an
        empty one. `PLACES`: one more place at some sink would serve one more. `ROADS`: no number of places
        would; the capacity of roads, or of intake, binds. The last two are the sides of a minimum cut (Ford
        and Fulkerson 1962): whether the residual graph leads from the supply to a full sink.
    """
    expanded = flow.expanded
    network = expanded.network
    reason = np.where(flow.unserved > 0, UNREACHABLE, SERVED)
    at = expanded.base[network.supply_node[expanded.supply]] + network.supply_step[expanded.supply]
    held = np.where(_to_sinks(flow)[at], PLACES, ROADS)
    left = flow.unserved[expanded.supply] > 0
    reason[expanded.supply[left]] = held[left]
    return reason


def _to_sinks(flow: Flow) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Nodes of the graph from which residual arcs lead to a sink."""
    expanded, graph = flow.expanded, flow.expanded.graph
    count = len(expanded.arc) + len(expanded.wait_node) + len(expanded.sink)
    tail, head, found = graph.tail[:count], graph.head[:count], flow.on_arcs[:count]
    more, back = found < graph.capacity[:count], found > 0
    sinks = graph.start - 1 - np.arange(len(expanded.network.sink_node))
    # backwards, from a root (the end of the graph, which is not used here) that leads to all sinks
    begin = np.concatenate((head[more], tail[back], np.full(len(sinks), graph.end)))
    until = np.concatenate((tail[more], head[back], sinks))
    matrix = csr_array((np.ones(len(begin)), (begin, until)), shape=(graph.nodes, graph.nodes))
    reached = np.zeros(graph.nodes, bool)
    reached[breadth_first_order(matrix, graph.end, return_predecessors=False)] = True
    return reached

"""Flows in which nobody drives in a circle."""

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from vallum.model.evacuation.problem import IntArray
from vallum.solve.flow import Flow, Paths, decompose

__all__ = ["without_circles"]


def without_circles(flow: Flow) -> Flow:
    """Return a flow with the same arrivals in which those wait who would come back to where they were.

    To wait and to drive cost a flow over time the same, so one of least cost may send people in circles. Its
    ways cut short are a flow of the same cost that takes less room: its proof holds. The new flow may be
    taken apart into other ways, so this repeats until no way has a circle; each time less is driven.

    Parameters
    ----------
    flow : Flow
        With any number waiting anywhere.
    """
    while True:
        paths = decompose(flow)
        kept = _kept(flow, paths)
        if kept.all():
            return flow
        flow = _rebuilt(flow, paths, kept)


def _kept(flow: Flow, paths: Paths) -> npt.NDArray[np.bool_]:
    """Tell which arcs of the ways are left when the circles are cut out."""
    network = flow.expanded.network
    kept = np.ones(len(paths.arc), bool)
    ways = np.arange(len(paths.amount))
    way = np.concatenate((ways, np.repeat(ways, np.diff(paths.begin))))
    node = np.concatenate((network.supply_node[paths.supply], network.head[paths.arc]))
    _, first, count = np.unique(way * network.nodes + node, return_index=True, return_counts=True)
    for number in np.unique(way[first[count > 1]]):
        part = slice(paths.begin[number], paths.begin[number + 1])
        start = int(network.supply_node[paths.supply[number]])
        kept[part] = _straight(start, network.head[paths.arc[part]].tolist())
    return kept


def _straight(start: int, heads: list[int]) -> npt.NDArray[np.bool_]:
    """The same for one way: drop what was driven since the first visit of a node."""
    passed, arcs = [start], list[int]()
    for arc, node in enumerate(heads):
        if node in passed:
            back = passed.index(node)
            del passed[back + 1 :], arcs[back:]
        else:
            passed.append(node)
            arcs.append(arc)
    return np.isin(np.arange(len(heads)), arcs)


def _rebuilt(flow: Flow, paths: Paths, kept: npt.NDArray[np.bool_]) -> Flow:
    """Return the flow of ways without some of their arcs."""
    expanded, network = flow.expanded, flow.expanded.network
    arc, step = paths.arc[kept], paths.step[kept]
    people = np.repeat(paths.amount, np.diff(paths.begin))[kept]
    amount = np.zeros_like(flow.amount)
    np.add.at(amount, (arc, step), people)
    there: IntArray = np.zeros((network.nodes, flow.horizon + 1), np.int64)
    supply, sink = paths.supply, network.sink_node[paths.sink]
    np.add.at(there, (network.supply_node[supply], network.supply_step[supply]), paths.amount)
    np.add.at(there, (network.head[arc], step + network.travel[arc]), people)
    np.subtract.at(there, (network.tail[arc], step), people)
    np.subtract.at(there, (sink, paths.arrive), paths.amount)
    waiting = np.cumsum(there, axis=1)[:, :-1]
    on_arcs, moves = flow.on_arcs.copy(), len(expanded.arc)
    on_arcs[:moves] = amount[expanded.arc, expanded.arc_step]
    on_arcs[moves : moves + len(expanded.wait_node)] = waiting[expanded.wait_node, expanded.wait_step]
    return replace(flow, on_arcs=on_arcs, amount=amount, waiting=waiting)

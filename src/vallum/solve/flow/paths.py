"""A flow taken apart into ways that units go, earliest departure first."""

from dataclasses import dataclass

import numpy as np

from vallum.solve.flow.arrival import Flow
from vallum.solve.flow.network import Ints

__all__ = ["Paths", "decompose"]


@dataclass(frozen=True, slots=True, eq=False)
class Paths:
    """Ways of a flow; all arrays of P ways, and the arcs of all ways in one row.

    Attributes
    ----------
    supply : (P,) int array
        Supply that the units belong to.
    depart, arrive : (P,) int arrays
        Step at which they enter the first arc (without an arc: arrive), and step of arrival.
    sink : (P,) int array
    amount : (P,) int array
        Units that go this way.
    begin : (P + 1,) int array
        Way p takes arc[begin[p] : begin[p + 1]], in that order.
    arc, step : int arrays
        Arc of the network and the step at which it is entered; between them units wait.
    """

    supply: Ints
    depart: Ints
    arrive: Ints
    sink: Ints
    amount: Ints
    begin: Ints
    arc: Ints
    step: Ints


def decompose(flow: Flow) -> Paths:
    """Take a flow apart (flow decomposition: Ford and Fulkerson 1962; Ahuja, Magnanti and Orlin 1993, 3.5).

    Supplies go in the order of their steps; a unit arrives where it can, else takes the first arc by number
    that still has flow, and waits only when none has. Each way uses up an arc of the graph or a supply, so
    that there are at most as many as arcs with flow and supplies. The ways of a supply add up to what of it
    is served, and the ways over an arc at a step to its flow.
    """
    walker = _Walker(flow)
    network, expanded = flow.expanded.network, flow.expanded
    served = network.supply_amount - flow.unserved
    going = np.flatnonzero(served)
    for k in going[np.argsort(network.supply_step[going], kind="stable")].tolist():
        at = int(expanded.base[network.supply_node[k]] + network.supply_step[k])
        left = int(served[k])
        while left:
            left -= walker.walk(k, at, left)
    return walker.paths()


class _Walker:
    """What is left of a flow, and the ways found so far."""

    def __init__(self, flow: Flow) -> None:
        self._expanded = expanded = flow.expanded
        graph = expanded.graph
        travel, waits, arrives = len(expanded.arc), len(expanded.wait_node), len(expanded.sink)
        count = travel + waits + arrives
        used = np.flatnonzero(flow.on_arcs[:count])
        # at a node: arrive, go, wait
        rank = np.where(used < travel, 1, np.where(used < travel + waits, 2, 0))
        used = used[np.lexsort((used, rank, graph.tail[used]))]
        self._travel, self._arrive = travel, travel + waits
        self._used, self._left = used.tolist(), flow.on_arcs[used].tolist()
        self._head = graph.head[used].tolist()
        self._next = np.searchsorted(graph.tail[used], np.arange(graph.nodes)).tolist()
        self._rows: list[tuple[int, int, int]] = []
        self._taken: list[int] = []
        self._begin = [0]

    def walk(self, supply: int, at: int, most: int) -> int:
        """Follow the flow from a node to a sink, take it away, and return its amount."""
        way = []
        while True:
            place = self._next[at]
            while not self._left[place]:
                place += 1
            self._next[at] = place
            way.append(place)
            most = min(most, self._left[place])
            if self._used[place] >= self._arrive:
                break
            at = self._head[place]
        for place in way:
            self._left[place] -= most
        self._taken += [arc for arc in map(self._used.__getitem__, way) if arc < self._travel]
        self._begin.append(len(self._taken))
        self._rows.append((supply, self._used[way[-1]] - self._arrive, most))
        return most

    def paths(self) -> Paths:
        """All ways so far."""
        expanded = self._expanded
        supply, last, amount = np.array(self._rows, np.int64).reshape(-1, 3).T
        taken, begin = np.array(self._taken, np.int64), np.array(self._begin)
        arc, step = expanded.arc[taken], expanded.arc_step[taken]
        arrive = expanded.sink_step[last]
        moved = np.diff(begin) > 0
        depart = arrive.copy()
        depart[moved] = step[begin[:-1][moved]]
        return Paths(supply, depart, arrive, expanded.sink[last], amount, begin, arc, step)

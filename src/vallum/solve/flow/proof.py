"""A certificate of optimality that does not trust the solver, and what one more unit of capacity is worth."""

from dataclasses import dataclass

import numpy as np

from vallum.solve.flow.arrival import Flow
from vallum.solve.flow.graph import Expanded
from vallum.solve.flow.network import Ints

__all__ = ["Price", "Proof", "prove"]


@dataclass(frozen=True, slots=True, eq=False)
class Price:
    """What one more unit of capacity is worth at most, in two currencies.

    One solution of the dual; where several exist, another may price lower. For any extra capacities d >= 0
    the value falls by at most the sum of price x d (weak duality), so that a price of 0 proves that more
    capacity there does not help; a real gain is found by solving again.

    Attributes
    ----------
    units : int array
        More units served.
    steps : int array
        Arrival steps saved besides; may be negative where units are served that were not before.
    """

    units: Ints
    steps: Ints


@dataclass(frozen=True, slots=True, eq=False)
class Proof:
    """Value of a flow beside a bound that no flow beats, both exact whole numbers.

    Attributes
    ----------
    primal, dual : int
        Equal: the flow is optimal. Else the flow is at most `primal - dual` from the best.
    roads : Price of (A, T) arrays
        Of each arc at each step; sum over steps for the whole arc. 0 where the arc is never open.
    intake : Price of (S, T + 1) arrays
        Of each sink's intake.
    places : Price of (S,) arrays
        Of each sink's places.
    potential : (nodes of the graph,) int array
    """

    primal: int
    dual: int
    roads: Price
    intake: Price
    places: Price
    potential: Ints

    @property
    def optimal(self) -> bool:
        """Whether the flow is proven best."""
        return self.primal == self.dual


def prove(flow: Flow) -> Proof:
    """Prove that a flow of `earliest_arrival` is optimal, from the flow alone.

    Potentials are the least costs from each node to the end in the residual graph, by Bellman-Ford on whole
    arrays. They exist when the residual graph has no negative cycle, which is when the flow is optimal
    (Klein 1967; Ahuja, Magnanti and Orlin 1993, section 9.3). With potential p, supply b at the start and
    capacities u the bound is

        b (p_start - p_end) - sum over arcs of u max(0, p_tail - p_head - cost),

    the dual of the min-cost flow problem, valid for every p. Whole numbers throughout.
    """
    expanded = flow.expanded
    graph = expanded.graph
    potential = _potential(expanded, flow.on_arcs)
    worth = np.maximum(0, potential[graph.tail] - potential[graph.head] - graph.cost)
    rise = int(potential[graph.start] - potential[graph.end])
    dual = graph.amount * rise - int((graph.capacity * worth).sum())
    _, _, arrive, places, _ = expanded.blocks(worth)
    intake = np.zeros_like(flow.arrivals)
    intake[expanded.sink, expanded.sink_step] = arrive
    return Proof(
        flow.value, dual, _price(expanded, _roads(expanded, potential)), _price(expanded, intake),
        _price(expanded, places), potential,
    )  # fmt: skip


def _potential(expanded: Expanded, found: Ints) -> Ints:
    """Least residual cost to the end; what was reached when a negative cycle makes it none.

    Where no way is left a potential is that of being unserved: the penalty less the steps already paid.
    """
    graph = expanded.graph
    more, back = found < graph.capacity, found > 0
    tail = np.concatenate((graph.tail[more], graph.head[back]))
    head = np.concatenate((graph.head[more], graph.tail[back]))
    cost = np.concatenate((graph.cost[more], -graph.cost[back]))
    order = np.argsort(tail, kind="stable")
    tail, head, cost = tail[order], head[order], cost[order]
    begin = np.flatnonzero(np.diff(tail, prepend=-1))
    owner = tail[begin]
    potential = _unserved(expanded)
    # a way passes each sink at most once and saves at most T there; less means a negative cycle
    floor = -(len(expanded.network.sink_node) + 1) * expanded.horizon
    for _ in range(graph.nodes):
        least = np.minimum(potential[owner], np.minimum.reduceat(cost + potential[head], begin))
        if np.array_equal(least, potential[owner]) or least.min() < floor:
            break
        potential[owner] = least
    return potential


def _unserved(expanded: Expanded) -> Ints:
    """Potentials to begin with: 0 at the end, elsewhere the penalty less the step of the copy."""
    potential = np.full(expanded.graph.nodes, expanded.penalty)
    copies = np.maximum(0, expanded.last - expanded.first + 1)
    node = np.repeat(np.arange(len(copies)), copies)
    steps = np.arange(len(node)) - expanded.base[node]
    potential[: len(node)] -= steps
    potential[expanded.graph.end] = 0
    return potential


def _roads(expanded: Expanded, potential: Ints) -> Ints:
    """Fall of the potential along each arc at each step, closed hours too; shape (A, T)."""
    network, steps = expanded.network, np.arange(expanded.horizon)
    tail, head = network.tail[:, None], network.head[:, None]
    out = steps + network.travel[:, None]
    inside = (expanded.first[tail] <= steps) & (steps <= expanded.last[tail])
    inside &= (expanded.first[head] <= out) & (out <= expanded.last[head])
    arc, step = np.nonzero(inside & np.any(network.capacity > 0, axis=1, keepdims=True))
    gone = expanded.base[network.tail[arc]] + step
    come = expanded.base[network.head[arc]] + step + network.travel[arc]
    worth = np.zeros((len(network.tail), expanded.horizon), np.int64)
    worth[arc, step] = np.maximum(0, potential[gone] - potential[come] - network.travel[arc])
    return worth


def _price(expanded: Expanded, worth: Ints) -> Price:
    """Units and steps of a value; steps stay below half the penalty, see `Expanded`."""
    units = (worth + expanded.penalty // 2) // expanded.penalty
    return Price(units, worth - units * expanded.penalty)

"""Earliest arrival and the quickest horizon."""

from dataclasses import dataclass, replace

import numpy as np

from vallum.solve.flow.graph import Expanded, Graph, earliest_latest, expand
from vallum.solve.flow.network import Ints, Network
from vallum.solve.flow.solver import Solver

__all__ = ["Flow", "Quickest", "earliest_arrival", "greatest_flow", "quickest"]


@dataclass(frozen=True, slots=True, eq=False)
class Flow:
    """A flow over time.

    Attributes
    ----------
    expanded : Expanded
        The graph that it was found in; its horizon is T.
    on_arcs : (arcs of the graph,) int array
        Flow as the graph has it.
    amount : (A, T) int array
        Units that enter each arc at each step.
    waiting : (N, T) int array
        Units that wait at each node from a step to the next.
    arrivals : (S, T + 1) int array
        Units that each sink takes in at each step.
    unserved : (K,) int array
        Units of each supply that do not arrive.
    value : int
        Sum of arrival steps + penalty x unserved.
    """

    expanded: Expanded
    on_arcs: Ints
    amount: Ints
    waiting: Ints
    arrivals: Ints
    unserved: Ints
    value: int

    @property
    def horizon(self) -> int:
        """T in steps."""
        return self.expanded.horizon

    @property
    def served(self) -> int:
        """Units that arrive."""
        return int(self.arrivals.sum())

    @property
    def clearance(self) -> int:
        """Step at which the last unit that arrives has arrived; 0 when none does."""
        steps = np.flatnonzero(self.arrivals.any(axis=0))
        return int(steps[-1]) if len(steps) else 0


@dataclass(frozen=True, slots=True, eq=False)
class Quickest:
    """The least horizon at which everyone arrives, or how many arrive at the longest.

    Attributes
    ----------
    horizon : int or None
        T in steps; None: not everyone arrives within the longest horizon of the network.
    flow : Flow
        A greatest flow at that horizon. Who is left when not everyone arrives is one choice of several;
        `earliest_arrival` makes the choice that serves most at the least sum of steps.
    tried : tuple of (horizon, served)
        In the order in which they were tried.
    """

    horizon: int | None
    flow: Flow
    tried: tuple[tuple[int, int], ...]


def earliest_arrival(network: Network, solver: Solver, horizon: int | None = None) -> Flow:
    """Serve as many as can be, and among such flows minimise the sum of arrival steps.

    A min-cost flow in the time-expanded graph. With one sink the flow brings the most possible to it by
    every step at once (Gale 1959, Minieka 1973); with several sinks of limited places such a flow need not
    exist, and the sum of arrival steps is the usual objective (Hamacher and Tjandra 2002).

    Parameters
    ----------
    network : Network
    solver : Solver
    horizon : int, optional
        T; without it the longest of the network.

    Raises
    ------
    BadInput, Stopped, SolverFailed
        See `expand` and the solver.
    """
    expanded = expand(network, horizon)
    without = _all_served(expanded.graph)
    # first how many, then how early: without the great cost of the unserved the solver is much faster
    served = _set_out(expanded, solver.greatest(without))
    found = solver.cheapest(replace(without, amount=served))
    return _read(expanded, np.append(found, network.total - served))


def greatest_flow(network: Network, solver: Solver, horizon: int | None = None) -> Flow:
    """Serve as many as can be within a horizon, in no matter what time; parameters as `earliest_arrival`."""
    expanded = expand(network, horizon)
    found = solver.greatest(_all_served(expanded.graph))
    return _read(expanded, np.append(found, network.total - _set_out(expanded, found)))


def quickest(network: Network, solver: Solver) -> Quickest:
    """Find the least horizon at which everyone arrives.

    What arrives by T also arrives by T + 1, so that a binary search over greatest flows is exact (Burkard,
    Dlaska and Klinz 1993). It begins at the longest of the shortest ways, doubles until all are served or
    the longest horizon is reached, and halves.

    Raises
    ------
    BadInput, Stopped, SolverFailed
        See `expand` and the solver.
    """
    longest = network.horizon
    tried: list[tuple[int, int]] = []

    def try_at(steps: int) -> Flow:
        flow = greatest_flow(network, solver, steps)
        tried.append((steps, flow.served))
        return flow

    least = max(_least(network), 1)
    at = min(least, longest)
    flow = try_at(at)
    while flow.served < network.total and at < longest:
        least, at = at + 1, min(2 * at, longest)
        flow = try_at(at)
    if flow.served < network.total:
        return Quickest(None, flow, tuple(tried))
    best = flow
    while least < best.clearance:
        middle = (least + best.clearance) // 2
        flow = try_at(middle)
        if flow.served == network.total:
            best = flow
        else:
            least = middle + 1
    return Quickest(best.clearance, best, tuple(tried))


def _all_served(graph: Graph) -> Graph:
    """The graph without its last arc, that of the unserved."""
    return replace(
        graph, tail=graph.tail[:-1], head=graph.head[:-1], capacity=graph.capacity[:-1], cost=graph.cost[:-1]
    )


def _set_out(expanded: Expanded, found: Ints) -> int:
    """Units that set out in a flow without the arc of the unserved."""
    return int(expanded.blocks(found)[4].sum())


def _least(network: Network) -> int:
    """Steps below which someone cannot arrive, however wide the roads; H when someone never can."""
    there = network.supply_amount > 0
    if not there.any():
        return 1
    if network.total > int(network.places.sum()):
        return network.horizon
    _, last = earliest_latest(network, network.horizon)
    ways = network.horizon - last[network.supply_node[there]] + network.supply_step[there]
    return int(ways.max())


def _read(expanded: Expanded, found: Ints) -> Flow:
    """Put a flow on the arcs of the graph back onto arcs, nodes, sinks and supplies."""
    network, steps = expanded.network, expanded.horizon
    travel, wait, arrive, _, supply = expanded.blocks(found)
    amount = np.zeros((len(network.tail), steps), np.int64)
    amount[expanded.arc, expanded.arc_step] = travel
    waiting = np.zeros((network.nodes, steps), np.int64)
    waiting[expanded.wait_node, expanded.wait_step] = wait
    arrivals = np.zeros((len(network.sink_node), steps + 1), np.int64)
    arrivals[expanded.sink, expanded.sink_step] = arrive
    unserved = network.supply_amount.copy()
    unserved[expanded.supply] -= supply
    return Flow(expanded, found, amount, waiting, arrivals, unserved, int(expanded.graph.cost @ found))

"""The process in which OR-Tools runs: questions on standard input, flows on standard output, to the end.

It is a process of its own since OR-Tools and HiGHS cannot be loaded in any order, since its flow solvers
cannot be stopped from inside, and since a solver that runs out of memory takes its process with it. Greatest
flow: push-relabel (Goldberg and Tarjan 1988); cheapest flow: cost-scaling push-relabel (Goldberg 1997).
"""

import sys
from collections.abc import Callable

import numpy as np
from ortools.graph.python import max_flow, min_cost_flow  # type: ignore[import-untyped]

from vallum.solve.flow.graph import Graph
from vallum.solve.flow.messages import CHEAPEST, SOLVED, Read, answer, take_question
from vallum.solve.flow.network import Ints

__all__ = ["main", "serve", "solved"]


def solved(operation: int, graph: Graph) -> tuple[int, Ints]:
    """Status and flow of one question; without a flow unless the status is `SOLVED`."""
    return _cheapest(graph) if operation == CHEAPEST else _greatest(graph)


def _greatest(graph: Graph) -> tuple[int, Ints]:
    solver = max_flow.SimpleMaxFlow()
    arcs = solver.add_arcs_with_capacity(graph.tail, graph.head, graph.capacity)
    status = solver.solve(graph.start, graph.end)
    if status != max_flow.SimpleMaxFlow.OPTIMAL:
        return 100 + int(status.value), np.empty(0, np.int64)
    return SOLVED, np.asarray(solver.flows(arcs), np.int64)


def _cheapest(graph: Graph) -> tuple[int, Ints]:
    solver = min_cost_flow.SimpleMinCostFlow()
    # turned round, from the end to the start: the same flow, found up to twice as fast
    arcs = solver.add_arcs_with_capacity_and_unit_cost(graph.head, graph.tail, graph.capacity, graph.cost)
    ends = np.array([graph.start, graph.end], np.int32)
    solver.set_nodes_supplies(ends, np.array([-graph.amount, graph.amount]))
    status = solver.solve()
    if status != min_cost_flow.SimpleMinCostFlow.OPTIMAL:
        return 200 + int(status.value), np.empty(0, np.int64)
    return SOLVED, np.asarray(solver.flows(arcs), np.int64)


def serve(read: Read, write: Callable[[bytes], object]) -> None:
    """Answer questions until there are no more."""
    while (question := take_question(read)) is not None:
        write(answer(*solved(*question)))


def main() -> None:
    """Serve standard input and output."""
    target = sys.stdout.buffer

    def write(content: bytes) -> None:
        target.write(content)
        target.flush()

    serve(sys.stdin.buffer.read, write)


if __name__ == "__main__":
    main()

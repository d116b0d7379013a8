"""Flows over time: the quickest, the earliest arrival, their proof, their ways, and several that share roads.

Knows nothing of what flows. OR-Tools runs in a process of its own; this package never loads it.
"""

from vallum.solve.flow.arrival import Flow, Quickest, earliest_arrival, greatest_flow, quickest
from vallum.solve.flow.graph import Expanded, Graph, expand
from vallum.solve.flow.network import Network
from vallum.solve.flow.paths import Paths, decompose
from vallum.solve.flow.proof import Price, Proof, prove
from vallum.solve.flow.reasons import PLACES, ROADS, SERVED, UNREACHABLE, why
from vallum.solve.flow.sides import Group, Shared, with_sides
from vallum.solve.flow.solver import Highs, Solver, Stopped, Worker

__all__ = [
    "PLACES",
    "ROADS",
    "SERVED",
    "UNREACHABLE",
    "Expanded",
    "Flow",
    "Graph",
    "Group",
    "Highs",
    "Network",
    "Paths",
    "Price",
    "Proof",
    "Quickest",
    "Shared",
    "Solver",
    "Stopped",
    "Worker",
    "decompose",
    "earliest_arrival",
    "expand",
    "greatest_flow",
    "prove",
    "quickest",
    "why",
    "with_sides",
]

"""The one inner room that calls a solver, reads a clock and watches limits."""

from vallum.solve.builder import Builder, Labels, Program, RowFamily, Sparse
from vallum.solve.highs import Answer, Loaded, Session, SolverFailed
from vallum.solve.limits import Budget, Cancel, Limits

__all__ = [
    "Answer",
    "Budget",
    "Builder",
    "Cancel",
    "Labels",
    "Limits",
    "Loaded",
    "Program",
    "RowFamily",
    "Session",
    "SolverFailed",
    "Sparse",
]

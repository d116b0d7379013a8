"""The one inner room that calls a solver, reads a clock and watches limits."""

from vallum.solve.builder import Builder, Program, RowFamily, Sparse
from vallum.solve.highs import Answer, Session, SolverFailed
from vallum.solve.limits import Budget, Cancel, Limits

__all__ = [
    "Answer",
    "Budget",
    "Builder",
    "Cancel",
    "Limits",
    "Program",
    "RowFamily",
    "Session",
    "SolverFailed",
    "Sparse",
]

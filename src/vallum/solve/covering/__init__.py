"""Maximal covering by several kinds of facilities under several budgets, with a proven bound.

Knows nothing of what is sited.
"""

from vallum.solve.covering.greedy import Purchase, greedy, greedy_path
from vallum.solve.covering.problem import Cover, Rows, rows, value
from vallum.solve.covering.search import Covered, solve, upper_bound

__all__ = [
    "Cover",
    "Covered",
    "Purchase",
    "Rows",
    "greedy",
    "greedy_path",
    "rows",
    "solve",
    "upper_bound",
    "value",
]

"""Selection and start years of many projects under yearly and stream budgets, with a proven bound.

Knows nothing of what the projects are.
"""

from vallum.solve.portfolio.change import Change, cancelled, changes, cut
from vallum.solve.portfolio.problem import NEVER, Portfolio
from vallum.solve.portfolio.reading import parse, read
from vallum.solve.portfolio.search import Found, Point, solve

__all__ = [
    "NEVER",
    "Change",
    "Found",
    "Point",
    "Portfolio",
    "cancelled",
    "changes",
    "cut",
    "parse",
    "read",
    "solve",
]

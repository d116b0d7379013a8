"""Resource-constrained project scheduling in whole periods: heuristics, bounds and constraint programming.

Knows nothing of what is built. CP-SAT runs in a process of its own; this package never loads it.
"""

from vallum.solve.schedule.bounds import lower_bound
from vallum.solve.schedule.cpsat import Point, Reached, Schedule, solve
from vallum.solve.schedule.network import Level, Network, values
from vallum.solve.schedule.sgs import best_of, parallel, serial

__all__ = [
    "Level",
    "Network",
    "Point",
    "Reached",
    "Schedule",
    "best_of",
    "lower_bound",
    "parallel",
    "serial",
    "solve",
    "values",
]

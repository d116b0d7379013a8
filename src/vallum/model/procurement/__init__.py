"""What to buy, with whom, when, from which line and purse (docs/explanation/procurement.md)."""

from vallum.model.procurement.adopt import Standing
from vallum.model.procurement.limits import PlanLimits
from vallum.model.procurement.part import part
from vallum.model.procurement.pricing import Mode
from vallum.model.procurement.problem import Problem, problem
from vallum.model.procurement.result import LEVELS, Guide, Level, Point, Solution
from vallum.model.procurement.solve import NotReached, Progress, Stage, solve

__all__ = [
    "LEVELS",
    "Guide",
    "Level",
    "Mode",
    "NotReached",
    "PlanLimits",
    "Point",
    "Problem",
    "Progress",
    "Solution",
    "Stage",
    "Standing",
    "part",
    "problem",
    "solve",
]

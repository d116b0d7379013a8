"""Questions to a plan: what holds it back, why not this programme, and what that one earns.

Every answer is a plan that was found again, or a linear programme that was solved again; duals only say
where to look. The neighbourhoods searched are small, so that an answer takes seconds, and what they find is
therefore stated as *at least* or *at most*, against the plan that is asked.
"""

from vallum.model.procurement.inquiry.blocked import Obstacle
from vallum.model.procurement.inquiry.demand import Demand
from vallum.model.procurement.inquiry.holds import Hold, Holds, Relaxation, holds
from vallum.model.procurement.inquiry.rules import Rule
from vallum.model.procurement.inquiry.standing import Stand, stand
from vallum.model.procurement.inquiry.why import Earning, why
from vallum.model.procurement.inquiry.why_not import Refusal, why_not

__all__ = [
    "Demand",
    "Earning",
    "Hold",
    "Holds",
    "Obstacle",
    "Refusal",
    "Relaxation",
    "Rule",
    "Stand",
    "holds",
    "stand",
    "why",
    "why_not",
]

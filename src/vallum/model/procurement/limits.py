"""What a plan must keep beside the rules of its region: limits that a question sets."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["NO_LIMITS", "PlanLimits"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class PlanLimits:
    """Limits of a plan; None: no such limit.

    Attributes
    ----------
    shortfall : (N,) array, optional
        Gap-years that each member may miss.
    spending : float, optional
        What all members together may spend in any year, EUR million: spend of section 9, without the service
        of loans, not discounted.
    types : int, optional
        Systems that may be bought.
    domestic : float, optional
        Least share of the value of all orders that goes to lines in member states.
    at_home : (P,) array, optional
        Part of a programme's value that its line leaves in member states; with `domestic`.
    """

    shortfall: Floats | None = None
    spending: float | None = None
    types: int | None = None
    domestic: float | None = None
    at_home: Floats | None = None


NO_LIMITS = PlanLimits()

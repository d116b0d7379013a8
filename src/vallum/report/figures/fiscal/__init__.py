"""The figures of the section on public finances, in the order in which they are shown."""

from vallum.report.figures.fiscal import (
    capability,
    debt,
    hague,
    loan,
    overview,
    policies,
    reference,
    regimes,
    sensitivity,
    solidarity,
    together,
)

__all__ = ["FISCAL", "PART"]

PART = overview.figure
"""What opens the section; it says why the rest is not there when it is not."""

FISCAL = (
    debt.figure,
    policies.figure,
    sensitivity.figure,
    regimes.figure,
    loan.figure,
    hague.figure,
    together.figure,
    capability.marginal,
    capability.returns,
    capability.crowding,
    solidarity.breaches,
    solidarity.deferrals,
    reference.figure,
)

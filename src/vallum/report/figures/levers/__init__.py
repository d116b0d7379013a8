"""The figures of plans side by side, in the order in which they are shown."""

from vallum.report.figures.levers import against, alone, bought, overview

__all__ = ["LEVERS", "PART"]

PART = overview.figure
"""What opens the page."""

LEVERS = (against.figure, alone.figure, bought.loans, bought.figure)

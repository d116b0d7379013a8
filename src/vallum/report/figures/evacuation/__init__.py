"""The figures of the section on evacuation, in the order in which they are shown."""

from vallum.report.figures.evacuation import (
    arrivals,
    corridors,
    departures,
    in_place,
    left,
    overview,
    quality,
    reception,
    roads,
)

__all__ = ["EVACUATION", "PART"]

PART = overview.figure
"""What opens the section; it says why the rest is not there when it is not."""

EVACUATION = (
    arrivals.figure,
    roads.figure,
    corridors.figure,
    reception.figure,
    departures.figure,
    left.figure,
    in_place.figure,
    quality.figure,
)

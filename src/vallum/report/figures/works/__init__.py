"""The figures of the section on the works along the border, in the order in which they are shown."""

from vallum.report.figures.works import (
    binding,
    calibration,
    depth,
    levers,
    mapped,
    overview,
    progress,
    quality,
    refresh,
    schedule,
)

__all__ = ["PART", "WORKS"]

PART = overview.figure
"""What opens the section; it says why the rest is not there when it is not."""

WORKS = (
    schedule.figure,
    progress.figure,
    calibration.figure,
    mapped.figure,
    depth.figure,
    binding.figure,
    levers.figure,
    refresh.figure,
    quality.figure,
)

"""The figures of the section on sensors and warning, in the order in which they are shown."""

from vallum.report.figures.sky import (
    cover,
    loss,
    marginal,
    minutes,
    overview,
    quality,
    replay,
    seams,
    stages,
)

__all__ = ["PART", "SKY"]

PART = overview.figure
"""What opens the section; it says why the rest is not there when it is not."""

SKY = (
    minutes.figure,
    cover.figure,
    stages.figure,
    loss.figure,
    marginal.figure,
    replay.figure,
    seams.figure,
    quality.figure,
)

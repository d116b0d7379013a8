"""What the fiscal figures share: the way to an outlook, its sources and shares of GDP."""

from __future__ import annotations

from vallum.report import words
from vallum.report.figures.section import section
from vallum.report.outlook import SOURCE_WORDS
from vallum.report.parts import Cell, number_cell

#: Class of the style sheet for the line of each source.
LINES = {"budget": "line-budget", "national": "line-alone", "joint": "line-together"}
DOTS = {"budget": "dot-budget", "national": "dot-alone", "joint": "dot-together"}

of_outlook = section(
    "fiscal",
    lambda study: study.outlook,
    absent="There is no fiscal outlook in this folder. Compute it with: vallum fiscal REGION --plan DIR",
    stale="The fiscal outlook in this folder was made from another plan, so it is not shown. "
    "Compute it again with: vallum fiscal REGION --plan DIR",
)
"""Makes a figure of an outlook into one of a study."""


def source_word(source: object) -> str:
    """`Budget plan`, `Alone` or `Together`."""
    return SOURCE_WORDS.get(str(source), str(source))


def gdp(value: float | None, digits: int = 1) -> str:
    """Format a share of GDP: `52.3 % of GDP`."""
    return f"{words.number(value, digits)}{words.NBSP}% of GDP"


def share_cell(value: float | None, digits: int = 1) -> Cell:
    """Return a cell of a number in per cent."""
    return number_cell(value, digits)

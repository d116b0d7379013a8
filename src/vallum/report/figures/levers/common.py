"""What the figures of plans side by side share: the way to them, modes, and differences in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from vallum.report import words
from vallum.report.figures.section import section
from vallum.report.parts import Cell, text_cell
from vallum.report.study import MODE_WORDS

of_levers = section(
    "levers",
    lambda study: study.levers,
    absent="There are no plans to compare here. Compare them with: vallum compare DIR DIR --report FILE",
    stale="",
)
"""Makes a figure of plans side by side into one of a study."""

#: Class of the style sheet of each mode's bars and dots.
BARS = {"national": "k-crew", "joint": "k-build"}
DOTS = {"national": "dot-alone", "joint": "dot-together"}


def mode_cell(mode: object) -> Cell:
    """Return a cell that says alone or together; plans of both are set against one another."""
    return text_cell(MODE_WORDS.get(str(mode), "Alone, then together"))


def proof(found: Mapping[str, Any]) -> str:
    """Return in words whether a difference is proven."""
    return "proven" if found["proven"] else "not proven"


def difference_cells(found: Mapping[str, Any] | None, kind: str, name: str = "difference") -> list[Cell]:
    """Return a difference, its interval and whether it is proven; `kind` is gap-years or money."""
    if found is None:
        return [text_cell(None), text_cell(None), text_cell(None)]
    value = float(found[name])
    digits = 0 if kind == "money" else 2
    low, high = found["interval"]
    # The head of the column has the unit of money.
    written = words.interval(found["interval"], "number" if kind == "money" else kind)
    return [
        Cell(words.signed(value, digits), value),
        Cell(written, low if low is not None else high),
        text_cell(proof(found)),
    ]


def ends(pair: Sequence[float | None]) -> tuple[float, float] | None:
    """Return an interval to draw; None if an end is not known."""
    low, high = pair
    return None if low is None or high is None else (float(low), float(high))

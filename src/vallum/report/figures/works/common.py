"""What the figures of the works share: the way to them, stages and modes, cells of dates and kinds."""

from __future__ import annotations

import datetime as dt

from vallum.report import words
from vallum.report.figures.section import section
from vallum.report.held import Row
from vallum.report.parts import Cell, text_cell
from vallum.report.study import MODE_WORDS
from vallum.report.works import Works

of_works = section(
    "works",
    lambda study: study.works,
    absent="There is no schedule of works in this folder. Compute it with: vallum line REGION --out DIR",
    stale="The schedule of works in this folder was made from another state of the region than the rest, so "
    "it is not shown. Compute it again with: vallum line REGION --out DIR",
)
"""Makes a figure of a schedule of works into one of a study."""

PREPARED, LANDED, BUILT = (
    ("k-prep", "design and tender"),
    ("k-land", "land and permits"),
    ("k-build", "building"),
)
#: Stage of each step: class of the style sheet and words.
STAGES = {
    "DESIGN": PREPARED, "TENDER": PREPARED, "LAND": LANDED, "PERMIT": LANDED,
    "ACCESS": BUILT, "TRANSPORT": BUILT, "INSTALL": BUILT,
}  # fmt: skip


def mode_word(mode: object) -> str:
    """`Alone` or `Together`."""
    return MODE_WORDS.get(str(mode), str(mode))


def mode_key(mode: str) -> str:
    """Class suffix of the style sheet and of keys."""
    return mode_word(mode).lower()


def date_cell(date: dt.date | None, unknown: str = words.UNKNOWN) -> Cell:
    """Return a cell of a month, which sorts by the day and tells it."""
    if date is None:
        return text_cell(unknown)
    return Cell(words.month(date), float(date.toordinal()), date.isoformat())


def chance_cell(share: float | None) -> Cell:
    """Return a cell of a share."""
    return Cell(words.percent(share), share)


def mode_cell(mode: object) -> Cell:
    """Return a cell of a mode."""
    return text_cell(mode_word(mode))


def kind_cell(works: Works, element: object) -> Cell:
    """Return a cell with the name of a kind of works."""
    return text_cell(works.element(element), str(element))


def place_words(works: Works, row: Row) -> str:
    """Name the sector and the batch of land of a row."""
    owner = f", {row['owner']} land" if row["owner"] else ""
    return f"{works.sector(row['sector_id'])}{owner}"

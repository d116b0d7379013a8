"""What the figures of the sensors share: the way to them, modes, variants, and cells."""

from __future__ import annotations

from vallum.report import words
from vallum.report.figures.section import section
from vallum.report.parts import Cell, text_cell
from vallum.report.sky import STEPS, VARIANTS, Variant
from vallum.report.study import MODE_WORDS

of_sky = section(
    "sky",
    lambda study: study.sky,
    absent="There is no siting of sensors in this folder. Compute it with: vallum sky REGION --out DIR",
    stale="The siting of sensors in this folder was made from another state of the region than the rest, so "
    "it is not shown. Compute it again with: vallum sky REGION --out DIR",
)
"""Makes a figure of a siting of sensors into one of a study."""

ALL_STATES = "All"
#: Dot of each step from today to all together: class of the style sheet.
STEP_DOTS = dict(zip(STEPS, ("dot-official", "dot-budget", "dot-alone", "dot-together"), strict=True))


def mode_word(mode: object) -> str:
    """`Alone` or `Together`."""
    return MODE_WORDS.get(str(mode), str(mode))


def mode_key(mode: str) -> str:
    """Class suffix of the style sheet and of keys."""
    return mode_word(mode).lower()


def sensors_word(sensors: object) -> str:
    """Whose sensors there are: none, of each state, or shared."""
    return {"none": "None", **MODE_WORDS}.get(str(sensors), str(sensors))


def variant_word(variant: Variant) -> str:
    """Name of a variant, with a capital."""
    return capital(VARIANTS.get(variant, ", ".join(variant)))


def sentence(text: str) -> str:
    """Return a text as a sentence: with a capital and a full stop."""
    return f"{capital(text)}."


def capital(text: str) -> str:
    """Return a text with a capital at its start."""
    return text[:1].upper() + text[1:]


def uncapital(text: str) -> str:
    """Return text with a small first letter, for the middle of a sentence."""
    return text[:1].lower() + text[1:]


def spelled(key: object) -> str:
    """Return a short name as words."""
    return str(key).replace("_", " ")


def minutes(value: float | None) -> str:
    """Write minutes with one decimal."""
    return words.number(value, 1)


def minutes_cell(value: float | None) -> Cell:
    """Return a cell of minutes."""
    return Cell(minutes(value), value)


def share_cell(share: float | None) -> Cell:
    """Return a cell of a share."""
    return Cell(words.percent(share), share)


def people_cell(people: float | None) -> Cell:
    """Return a cell of people."""
    return Cell(words.number(people), people)


def sensors_cell(sensors: object) -> Cell:
    """Return a cell that says whose sensors there are."""
    return text_cell(sensors_word(sensors))

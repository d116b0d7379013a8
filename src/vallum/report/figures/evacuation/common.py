"""What the figures of evacuation share: the way to them, scenarios, hours and parts of time."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from vallum.report import words
from vallum.report.evacuation import Evacuation
from vallum.report.figures.section import section
from vallum.report.figures.sky.common import mode_key, mode_word
from vallum.report.held import Row
from vallum.report.parts import Cell, text_cell
from vallum.report.svg import el

of_evacuation = section(
    "evacuation",
    lambda study: study.evacuation,
    absent="There is no plan of evacuation in this folder. Compute it with: vallum evacuate REGION --out DIR",
    stale="The plan of evacuation in this folder was made from another state of the region than the rest, so "
    "it is not shown. Compute it again with: vallum evacuate REGION --out DIR",
)
"""Makes a figure of a plan of evacuation into one of a study."""

ROADS = (
    "Corridors are roads between towns, as planning values. The graph lacks minor roads, so a corridor is "
    "not a real choke point."
)
"""Stands wherever a corridor is named."""

#: Class of the style sheet and word of each group.
GROUPS = {"car": ("k-build", "by car"), "bus": ("k-land", "by bus"), "train": ("k-money", "by train")}
#: Lengths of parts of time, hours.
LENGTHS = (0.25, 0.5, 1.0, 2.0, 3.0, 4.0, 6.0, 8.0, 12.0, 24.0, 48.0)
PARTS = 12


@dataclass(frozen=True)
class Parts:
    """Equal parts of time from the start on.

    Attributes
    ----------
    length : float
        Hours.
    count : int
    """

    length: float
    count: int

    @property
    def heads(self) -> list[str]:
        """Hour at which each part ends."""
        return [self.head(i) for i in range(self.count)]

    def head(self, i: int) -> str:
        """Hour at which a part ends, in words."""
        return hour_word((i + 1) * self.length)

    def within(self, hour: float) -> int:
        """Part that holds the step which ends at an hour."""
        return min(self.count - 1, max(0, math.ceil(hour / self.length - 1e-9) - 1))


def parts_of(last: float) -> Parts:
    """Return at most `PARTS` parts of a round length up to an hour."""
    length = next((n for n in LENGTHS if last / n <= PARTS), max(last, LENGTHS[0]) / PARTS)
    return Parts(length, max(1, math.ceil(last / length - 1e-9)))


def per_scenario(evacuation: Evacuation, draw: Callable[[int, str], Sequence[Markup]]) -> Markup:
    """Set a block for each scenario with something to draw: the first stands open, others are folded."""
    blocks: list[Markup] = []
    for i, scenario in enumerate(evacuation.scenarios):
        drawn = draw(i, scenario)
        name = evacuation.scenario(scenario)
        if drawn and not blocks:
            blocks.append(el("section", el("h3", name), *drawn, aria_label=name))
        elif drawn:
            blocks.append(el("details", el("summary", name), *drawn, class_="fold"))
    return Markup("").join(blocks)


def modes_of(evacuation: Evacuation, name: str, scenario: str) -> list[str]:
    """Modes in which a table has rows of a scenario."""
    return [mode for mode in evacuation.modes if evacuation.of(name, scenario, mode)]


def pairs(evacuation: Evacuation) -> list[tuple[str, str]]:
    """Scenarios and modes in the order of the page."""
    return [(s, m) for s in evacuation.scenarios for m in evacuation.modes]


def municipalities(count: int) -> str:
    """`1 municipality`, `3 municipalities`."""
    return words.plural(count, "municipality", "municipalities")


def group_word(group: object) -> str:
    """`by car`, `by bus` or `by train`."""
    return GROUPS.get(str(group), ("", str(group)))[1]


def hours(value: float | None) -> str:
    """Write hours with one decimal."""
    return words.number(value, 1)


def hour_word(value: float) -> str:
    """Write a time from the start with as few decimals as it has, at most two."""
    text = words.number(value, 2)
    return text.rstrip("0").rstrip(".") if "." in text else text


def hours_cell(value: float | None) -> Cell:
    """Return a cell of hours."""
    return Cell(hours(value), value)


def scenario_cell(evacuation: Evacuation, scenario: object) -> Cell:
    """Return a cell with the name of a scenario."""
    return text_cell(evacuation.scenario(scenario), str(scenario))


def mode_cell(mode: object) -> Cell:
    """Return a cell that says alone or together."""
    return text_cell(mode_word(mode))


def corridor_cell(evacuation: Evacuation, row: Row) -> Cell:
    """Return a cell with the name of a road in one direction."""
    return text_cell(evacuation.corridor(row), f"{row['from_node']} {row['to_node']}")


def arrow(values: Sequence[str]) -> str:
    """Set the values of the modes side by side."""
    return " → ".join(values)


def modes_label(modes: Sequence[str]) -> str:
    """Say which modes the values of an arrow are of."""
    return arrow([mode_key(mode) for mode in modes])

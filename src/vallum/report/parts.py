"""What a page is made of: figures, tables, cells and the heat table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from vallum.report import words
from vallum.report.svg import el

PALETTE_SIZE = 8


@dataclass(frozen=True)
class Cell:
    """One cell of a table: what is shown, and the number behind it for sorting."""

    text: str | Markup
    value: float | None = None
    title: str = ""


@dataclass(frozen=True)
class Table:
    """A table with named columns; numeric columns are set flush right.

    `states` holds the codes each row is about, for the filter by state.
    """

    key: str
    caption: str
    heads: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    numeric: frozenset[int] = frozenset()
    states: Sequence[str] = ()


@dataclass(frozen=True)
class Figure:
    """One figure with its finding in words, its table and what it rests on.

    Parameters
    ----------
    key : str
        Anchor in the page.
    title, finding : str
        Heading; the one sentence a hurried reader takes away.
    body : Markup
        Chart, empty when there is nothing to draw.
    tables : sequence of Table
        The same numbers as tables.
    inputs, results : sequence of str
        Input and result tables the figure rests on.
    note : str
        How to read it.
    empty : str
        Why nothing is drawn, for an empty `body`.
    shown : int
        How many of the tables stand open under the chart.
    of : str
        Kind of the results it is drawn from: plan, fiscal, works, sky, evacuation or levers.
    """

    key: str
    title: str
    finding: str
    body: Markup
    tables: Sequence[Table] = ()
    inputs: Sequence[str] = ()
    results: Sequence[str] = ()
    note: str = ""
    empty: str = ""
    shown: int = 0
    of: str = "plan"


def text_cell(value: object, title: str = "") -> Cell:
    """Return a cell of plain words; nothing known is a dash."""
    return Cell(words.UNKNOWN if value is None or value == "" else str(value), title=title)


def number_cell(value: float | None, digits: int | None = None) -> Cell:
    """Return a cell of a number, which sorts as a number."""
    shown = words.compact(value) if digits is None else words.number(value, digits)
    return Cell(shown, None if value is None else float(value))


def money_cell(value: float | None) -> Cell:
    """Return a cell of EUR million without the unit, which the column head gives."""
    digits = 0 if value is not None and abs(value) >= 100 else 1
    return Cell(words.number(value, digits), None if value is None else float(value))


def hidden(text: str) -> Markup:
    """Return text for screen readers only."""
    return el("span", text, class_="vh")


def state_class(members: Sequence[str], state: str) -> str:
    """Return the colour class of a state: its place in the region's own order."""
    return f"s{members.index(state) % PALETTE_SIZE}" if state in members else "sx"


def chips(
    members: Sequence[str], states: Sequence[str], partners: Sequence[str], names: Sequence[str]
) -> Markup:
    """Show a coalition as small labelled tags: members filled, partners outlined."""
    tags = [
        el("abbr", state, class_=f"chip {state_class(members, state)}", title=name)
        for state, name in zip(states, names, strict=False)
    ]
    tags += [
        el("abbr", partner, class_="chip partner", title=f"{name} (partner outside the region)")
        for partner, name in zip(partners, names[len(states) :], strict=False)
    ]
    return Markup(" ").join(tags)


@dataclass(frozen=True)
class HeatCell:
    """One cell of a heat table: a share that sets the shade, what is written in it and what is told of it."""

    share: float | None
    text: str = ""
    title: str = ""
    mark: bool = False


STEPS = (0.0, 0.05, 0.15, 0.30, 0.50, 0.75)


def heat_step(share: float | None) -> str:
    """Return the shade class of a share: 0 is nothing, 6 is above three quarters, x is no value."""
    if share is None:
        return "hx"
    return f"h{sum(share > step + 1e-9 for step in STEPS)}"


def heat_table(
    caption: str,
    labels: Sequence[tuple[str, str]],
    years: Sequence[int],
    rows: Sequence[Sequence[HeatCell]],
    scale: str,
    first: str = "Class",
) -> Markup:
    """Draw a heat map as a real table: shade and number in each cell, headers for screen readers.

    Parameters
    ----------
    caption : str
        What the table shows.
    labels : sequence of (str, str)
        Short and full name of each row.
    years : sequence of int
        Columns.
    rows : sequence of sequence of HeatCell
        One row a label, one cell a year.
    scale : str
        Class that sets the ramp: `ramp-gap` or `ramp-use`.
    first : str
        Head of the label column.
    """
    heads = [Markup("").join([hidden(str(y)[:-2]), str(y)[-2:]]) for y in years]
    return shade_table(caption, labels, heads, rows, scale, first)


def shade_table(
    caption: str,
    labels: Sequence[tuple[str, str]],
    heads: Sequence[str],
    rows: Sequence[Sequence[HeatCell]],
    scale: str,
    first: str,
) -> Markup:
    """Draw a table of shaded cells under any heads; see `heat_table`."""
    head = el(
        "tr", el("th", first, scope="col", class_="rowhead"), *(el("th", h, scope="col") for h in heads)
    )
    body = [
        el("tr", el("th", short, scope="row", title=full), *(_heat_cell(cell) for cell in cells))
        for (short, full), cells in zip(labels, rows, strict=True)
    ]
    return el(
        "table",
        el("caption", caption),
        el("thead", head),
        el("tbody", *body),
        class_=f"heat {scale}",
    )


def _heat_cell(cell: HeatCell) -> Markup:
    return el(
        "td",
        cell.text,
        class_=heat_step(cell.share) + (" mark" if cell.mark else ""),
        title=cell.title or None,
    )


def legend(items: Sequence[tuple[str, str]]) -> Markup:
    """Explain colours and patterns: (class of the swatch, words)."""
    return el(
        "ul",
        *(el("li", el("span", class_=f"swatch {kind}", aria_hidden="true"), text) for kind, text in items),
        class_="legend",
    )


def heat_legend(scale: str, words_none: str) -> Markup:
    """Explain the shades of a heat table."""
    names = ["0", "to 5%", "to 15%", "to 30%", "to 50%", "to 75%", "more"]
    items = [(f"h{i}", name) for i, name in enumerate(names)]
    return Markup("").join([el("div", legend([*items, ("hx", words_none)]), class_=f"heat-legend {scale}")])

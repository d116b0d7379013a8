"""What opens the page of plans side by side: shortfall of each scenario, alone and together."""

from __future__ import annotations

from collections.abc import Callable

from markupsafe import Markup

from vallum.report import svg, words
from vallum.report.figures.levers.common import BARS, mode_cell, of_levers
from vallum.report.held import Row
from vallum.report.levers import Levers
from vallum.report.parts import Cell, Figure, Table, legend, money_cell, number_cell, text_cell
from vallum.report.study import MODE_WORDS, Study
from vallum.report.svg import el

BAR = 15.0
LABEL = 22.0
#: Share of the width that bars may take; their numbers stand right of them.
ROOM = 0.84


@of_levers("levers", "What each scenario leaves open")
def figure(study: Study, levers: Levers, key: str, title: str) -> Figure:
    """Draw the shortfall of each scenario with its interval, alone and together."""
    del study
    items = [(BARS[mode], MODE_WORDS[mode].lower()) for mode in levers.modes]
    items.append(("whisker", "from the bound to the value: the least shortfall lies there"))
    drawn = [legend(items), _bars(levers)]
    return Figure(
        key,
        title,
        _finding(levers),
        Markup("").join(drawn),
        [_table(levers)],
        (),
        ("levels", "stock", "types", "money"),
        "Gap-years count against the needs of each scenario: where a scenario changes the needs themselves, "
        "the same missing quantity weighs less against a larger one.",
        of="levers",
        shown=1,
    )


def _finding(levers: Levers) -> str:
    parts = []
    for mode in levers.modes:
        rows = levers.rows("plans", mode=mode)
        least, most = (pick(rows, key=_shortfall) for pick in (min, max))
        if least is most:
            parts.append(f"{MODE_WORDS[mode]}: {_said(levers, least)}")
        else:
            parts.append(f"{MODE_WORDS[mode]}: from {_said(levers, least)} to {_said(levers, most)}")
    return f"Shortfall in gap-years. {'. '.join(parts)}."


def _shortfall(row: Row) -> float:
    return float(row["gap_years"])


def _said(levers: Levers, row: Row) -> str:
    return f"{words.gap_years(_shortfall(row))} ({levers.label(row['name'])})"


def _bars(levers: Levers) -> Markup:
    most = max((_shortfall(row) for row in levers.table("plans")), default=0.0)
    marks = svg.ticks(0.0, most or 1.0, 5)
    step = LABEL + BAR * len(levers.modes) + 9.0
    height = step * len(levers.folders) + 22.0

    def x(value: float) -> str:
        return svg.pct(ROOM * value / marks[-1])

    body: list[Markup] = [
        el("line", x1=x(m), x2=x(m), y1=0, y2=height - 20, class_="base" if m == 0 else "grid") for m in marks
    ]
    body += [
        el("text", words.compact(m), x=x(m), y=height - 5, class_="tick" if m == 0 else "tick mid")
        for m in marks
    ]
    said = []
    for i, (folder, label) in enumerate(levers.folders.items()):
        top = i * step
        body.append(el("text", label, x="0", dx=4, y=top + 16, class_="label halo"))
        for j, mode in enumerate(levers.modes):
            row = levers.plan(folder, mode)
            if row is not None:
                text = f"{label}, {MODE_WORDS[mode].lower()}: {_interval(row)}"
                y = top + LABEL + j * BAR
                box = {"x": x(0.0), "width": x(_shortfall(row)), "y": y, "height": BAR - 3.0}
                body.append(el("rect", el("title", text), class_=BARS[mode], **box))
                body += _whisker(row, x, y + (BAR - 3.0) / 2)
                number = words.gap_years(_shortfall(row))
                body.append(el("text", number, x=x(_shortfall(row)), dx=7, y=y + 10, class_="value halo"))
                said.append(text)
    return el(
        "div",
        el("p", "Shortfall, gap-years", class_="axis-title"),
        svg.chart("c-levers", "Shortfall of each scenario, gap-years", "; ".join(said), height, *body),
    )


def _whisker(row: Row, x: Callable[[float], str], y: float) -> list[Markup]:
    """Draw the interval of a bar, from its bound to its value."""
    if row["bound"] is None:
        return []
    low, high = x(float(row["bound"])), x(_shortfall(row))
    return [
        el("line", x1=low, x2=high, y1=y, y2=y, class_="whisker"),
        el("line", x1=low, x2=low, y1=y - 4, y2=y + 4, class_="whisker"),
        el("line", x1=high, x2=high, y1=y - 4, y2=y + 4, class_="whisker"),
    ]


def _interval(row: Row) -> str:
    return words.interval([row["bound"], row["gap_years"]], "gap-years")


def _table(levers: Levers) -> Table:
    rows: list[list[Cell]] = []
    for row in levers.table("plans"):
        cost: Row = next((level for level in row["levels"] if level["name"] == "cost"), {})
        rows.append(
            [
                text_cell(levers.label(row["name"]), str(row["folder"])),
                mode_cell(row["mode"]),
                number_cell(row["gap_years"], 2),
                number_cell(row["bound"], 2),
                Cell(words.percent(row["gap"], 2), row["gap"]),
                money_cell(row["cost_meur"]),
                money_cell(cost.get("bound")),
                Cell(words.percent(cost.get("gap"), 2), cost.get("gap")),
                number_cell(row["types"], 0),
                text_cell(row["status"]),
            ]
        )
    heads = [
        "Scenario", "Plan", "Shortfall, gap-years", "No plan is below", "Gap", "Cost, EUR m, discounted",
        "At that shortfall none is below", "Gap of the cost", "Types", "Status",
    ]  # fmt: skip
    return Table("t-levers", "Plans side by side", heads, rows, frozenset(range(2, 9)))

"""A trade-off: the least of one axis at every limit of another, with what no plan can be below."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from vallum.report import svg, words
from vallum.report.frontier import TradeOff
from vallum.report.held import Row
from vallum.report.parts import Cell, Figure, Table, legend, money_cell, number_cell, text_cell
from vallum.report.study import MODE_WORDS, Study
from vallum.report.svg import el

HEIGHT = 260.0
FLOOR = HEIGHT - 24.0
#: Words of an axis.
NAMES = {
    "cost": "cost, EUR million, discounted",
    "shortfall": "shortfall, gap-years",
    "domestic": "share made in member states",
    "types": "types bought",
    "peak": "largest year, EUR million",
}
KINDS = {"national": "alone", "joint": "together"}


def figure(study: Study) -> Figure:
    """Draw the front of each mode side by side; the table has every point."""
    found = study.frontier
    drawn = found is not None and bool(found.table("frontier"))
    return Figure(
        "frontier",
        "What more would buy",
        _finding(found) if found is not None and drawn else "",
        _picture(found) if found is not None and drawn else Markup(""),
        [_table(found)] if found is not None and drawn else [],
        ("programmes", "purses", "needs", "settings"),
        ("frontier",),
        "A dot is the best plan found within a limit, the foot of its line what no plan within that limit is "
        "below. The shaded steps hold the true front between the points: a plan within a tighter limit is "
        "within a looser one too.",
        "No trade-off was drawn: plan with --frontier cost:shortfall.",
    )


def _finding(found: TradeOff) -> str:
    parts = []
    for mode in found.modes:
        points = [row for row in found.points(mode) if row["value"] is not None]
        if points:
            first, last = points[0], points[-1]
            write = _writer(found.question.least)
            parts.append(
                f"{MODE_WORDS[mode]}: {write(first['value'])} at a limit of "
                f"{_writer(found.question.held)(first['limit'])}, {write(last['value'])} at "
                f"{_writer(found.question.held)(last['limit'])}"
            )
    dropped = sum(row["dominated_by"] is not None for row in found.table("frontier"))
    said = f"{_title(found)}. {'. '.join(parts)}."
    if dropped:
        said += f" {words.plural(dropped, 'point')} dropped: another is as good in both and better in one."
    return said if found.complete else f"{said} The search was stopped before all points were found."


def _title(found: TradeOff) -> str:
    """What is drawn over what."""
    said = f"least {NAMES[found.question.least]}, by the limit of {NAMES[found.question.held]}"
    return said[:1].upper() + said[1:]


def _writer(axis: str) -> Callable[[float | None], str]:
    """How numbers of an axis are written."""
    if axis == "domestic":
        return words.percent
    return words.gap_years if axis == "shortfall" else words.compact


@dataclass(frozen=True)
class _Frame:
    """Where the numbers of both panels stand."""

    across: Sequence[float]  # ticks
    up: Sequence[float]

    @classmethod
    def around(cls, found: TradeOff) -> _Frame:
        rows = found.table("frontier")
        stands = [place for mode in found.modes if (place := found.standing(mode))]
        across = [float(row["limit"]) for row in rows] + [x for x, _ in stands]
        up = [float(row["value"]) for row in rows if row["value"] is not None] + [y for _, y in stands]
        least = [float(row["bound"]) for row in rows if row["bound"] is not None]
        return cls(
            svg.ticks(min(0.0, *across), max(across) or 1.0, 4),
            svg.ticks(min([0.0, *least]), max([*up, *least]) or 1.0, 5),
        )

    def x(self, value: float) -> float:
        return 0.02 + 0.94 * (value - self.across[0]) / ((self.across[-1] - self.across[0]) or 1.0)

    def y(self, value: float) -> float:
        return FLOOR - (FLOOR - 12.0) * (value - self.up[0]) / ((self.up[-1] - self.up[0]) or 1.0)


def _picture(found: TradeOff) -> Markup:
    frame = _Frame.around(found)
    names = [(f"dot-{KINDS[mode]}", f"{MODE_WORDS[mode].lower()}: best plan found") for mode in found.modes]
    names += [("whisker", "down to what no plan is below"), ("fan-swatch", "holds the true front"),
              ("dot-official", "the plan of this report")]  # fmt: skip
    panels = [_panel(found, mode, frame) for mode in found.modes]
    title = el("p", _title(found), class_="axis-title")
    return Markup("").join([legend(names), title, el("div", *panels, class_="pair")])


def _panel(found: TradeOff, mode: str, frame: _Frame) -> Markup:
    """The front of one mode."""
    write, tell = _writer(found.question.held), _writer(found.question.least)
    points = found.points(mode)
    digits = 0 if all(float(m).is_integer() for m in frame.up) else 1
    body: list[Markup] = [
        svg.grid(frame.up, [frame.y(m) for m in frame.up], [words.number(m, digits) for m in frame.up])
    ]
    body += [
        el("text", write(m), x=svg.pct(frame.x(m)), y=HEIGHT - 5, class_="tick mid") for m in frame.across
    ]
    body.append(svg.stretched(HEIGHT, *_steps(points, frame, f"line-{KINDS[mode]}")))
    said = []
    for row in points:
        if row["value"] is None or row["dominated_by"] is not None:
            continue
        x, top = svg.pct(frame.x(row["limit"])), frame.y(row["value"])
        text = f"limit {write(row['limit'])}: {tell(row['value'])}"
        if row["bound"] is not None:
            text += f", no plan is below {tell(row['bound'])}"
            body.append(el("line", x1=x, x2=x, y1=top, y2=frame.y(row["bound"]), class_="whisker"))
        body.append(el("circle", el("title", text), cx=x, cy=top, r=5, class_=f"dot-{KINDS[mode]}"))
        said.append(text)
    if place := found.standing(mode):
        text = f"the plan of this report: {write(place[0])}, {tell(place[1])}"
        spot = {"cx": svg.pct(frame.x(place[0])), "cy": frame.y(place[1]), "r": 8}
        body.append(el("circle", el("title", text), class_="dot-official", **spot))
        said.append(text)
    title = f"{MODE_WORDS[mode]}: {_title(found)}"
    picture = svg.chart(f"c-frontier-{mode}", title, "; ".join(said), HEIGHT, *body, class_="axis")
    return el("div", el("p", MODE_WORDS[mode], class_="panel-title"), picture)


def _steps(points: Sequence[Row], frame: _Frame, line: str) -> list[Markup]:
    """What holds the front between two limits: the plan of the tighter one, the bound of the looser one."""
    out = []
    for one, two in itertools.pairwise(points):
        if one["value"] is None or two["bound"] is None:
            continue
        ends = [frame.x(row["limit"]) for row in (one, two)]
        top, foot = ([(x, frame.y(value)) for x in ends] for value in (one["value"], two["bound"]))
        out += [svg.area(top, foot, "fan"), svg.polyline(top, line), svg.polyline(foot, "line-bound")]
    return out


def _table(found: TradeOff) -> Table:
    held, least = found.question.held, found.question.least
    rows = [[*_cells(row, held, least)] for mode in found.modes for row in found.points(mode)]
    heads = [
        "Plan", "Point", f"Limit of {NAMES[held]}", "Reached", f"Least {NAMES[least]}", "No plan is below",
        "Gap", "Status", "Gap-years", "Cost, EUR m", "Types", "Largest year, EUR m", "Made in member states",
    ]  # fmt: skip
    return Table("t-frontier", "Points", heads, rows, frozenset({1, 2, 3, 4, 5, 6, 8, 9, 10, 11, 12}))


def _cells(row: Row, held: str, least: str) -> list[Cell]:
    dropped = row["dominated_by"]
    return [
        text_cell(MODE_WORDS[row["mode"]]), number_cell(row["point"], 0), _cell(held, row["limit"]),
        _cell(held, row["reached"]), _cell(least, row["value"]), _cell(least, row["bound"]),
        Cell(words.percent(row["gap"], 2), row["gap"]),
        text_cell(row["status"] if dropped is None else f"dropped for point {dropped}"),
        number_cell(row["gap_years"], 3), money_cell(row["cost_meur"]), number_cell(row["types"], 0),
        money_cell(row["peak_meur"]), _cell("domestic", row["domestic_share"]),
    ]  # fmt: skip


def _cell(axis: str, value: float | None) -> Cell:
    """A number of an axis."""
    if axis == "domestic":
        return Cell(words.percent(value, 1), value)
    if axis == "types":
        return number_cell(value, 0)
    return number_cell(value, 3) if axis == "shortfall" else money_cell(value)

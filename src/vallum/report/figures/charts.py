"""Charts that several sections draw: blocks by state, charts over time, rows with ranges, stacked rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from vallum.report import svg, words
from vallum.report.parts import Cell, text_cell
from vallum.report.study import Study
from vallum.report.svg import el

HEIGHT = 200.0
ROW = 46.0


def known(*values: float | None) -> list[float]:
    """Return the numbers that are known."""
    return [v for v in values if v is not None]


def state_cell(study: Study, state: object) -> Cell:
    """Return a cell with the name of a state."""
    return text_cell(study.name("states", state))


def per_state(
    study: Study, states: Sequence[str], panels: Callable[[str], Sequence[Markup]], grid: str = "pair"
) -> Markup:
    """Set a block for each state, with its panels in a grid; the filter by state hides the block."""
    blocks = [
        el(
            "section",
            el("h3", study.name("states", state)),
            el("div", *drawn, class_=grid),
            class_="state-block",
            data_states=state,
            aria_label=study.name("states", state),
        )
        for state in study.members
        if state in states and (drawn := panels(state))
    ]
    return Markup("").join(blocks)


@dataclass(frozen=True)
class Line:
    """One line of a yearly chart; `kind` is its class of the style sheet."""

    name: str
    kind: str
    values: Mapping[int, float]


@dataclass(frozen=True)
class Band:
    """The area between two lines."""

    name: str
    low: Mapping[int, float]
    high: Mapping[int, float]


@dataclass(frozen=True)
class Chart:
    """A chart over time: bars (stacked), bands, lines, levels and years with a dot.

    Years may as well be other whole numbers of time, which `axis` and `tell` put into words.

    Attributes
    ----------
    key, title : str
        Id of the picture; its title.
    years : sequence of int
    lines : sequence of Line
    bars : sequence of Line
        Stacked in this order.
    bands : sequence of Band
        Drawn over each other, the widest first.
    limits : sequence of float
        Level lines; the legend says what they are.
    dotted : sequence of int
        Years in which each line has a dot. A line of one year is a dot.
    every : int
        Years between labels.
    unit : str
        What the numbers are, for the text on a year.
    top : float
        The axis reaches so far at least.
    axis, tell : callable
        Words of a year under the chart, and in the text on it.
    """

    key: str
    title: str
    years: Sequence[int]
    lines: Sequence[Line]
    bars: Sequence[Line] = ()
    bands: Sequence[Band] = ()
    limits: Sequence[float] = ()
    dotted: Sequence[int] = ()
    every: int = 4
    unit: str = "% of GDP"
    top: float = 0.0
    axis: Callable[[int], str] = str
    tell: Callable[[int], str] = str


def panel(chart: Chart) -> Markup:
    """Draw a yearly chart with its title over it."""
    return el("div", el("p", chart.title, class_="panel-title"), draw(chart))


def draw(chart: Chart) -> Markup:
    """Draw a yearly chart."""
    stacks = {y: sum(max(0.0, bar.values.get(y, 0.0)) for bar in chart.bars) for y in chart.years}
    ends = [
        chart.top,
        *stacks.values(),
        *(v for line in chart.lines for v in line.values.values()),
        *(v for band in chart.bands for side in (band.low, band.high) for v in side.values()),
        *chart.limits,
    ]
    marks = svg.ticks(min(0.0, *ends), max(0.0, *ends) or 1.0, 5)
    digits = 0 if all(float(m).is_integer() for m in marks) else 1
    floor = HEIGHT - 22.0
    low, span = marks[0], (marks[-1] - marks[0]) or 1.0

    def y(value: float) -> float:
        return floor - (floor - 12.0) * (value - low) / span

    n = len(chart.years)
    place = {year: (i + 0.5) / n for i, year in enumerate(chart.years)}
    body: list[Markup] = [svg.grid(marks, [y(m) for m in marks], [words.number(m, digits) for m in marks])]
    body += _bars(chart, place, y)
    curves = [
        svg.area(_points(band.high, place, y), _points(band.low, place, y), "fan") for band in chart.bands
    ]
    curves += [svg.polyline(_points(line.values, place, y), line.kind) for line in chart.lines if line.values]
    body.append(svg.stretched(HEIGHT, *curves))
    body += [el("line", x1="0", x2="100%", y1=y(v), y2=y(v), class_="limit") for v in chart.limits]
    body += [
        el("circle", cx=svg.pct(place[year]), cy=y(line.values[year]), r=3, class_=f"dot {line.kind}")
        for line in chart.lines
        for year in (chart.dotted if len(line.values) > 1 else line.values)
        if year in line.values and year in place
    ]
    body += [_told(chart, year, place[year], n) for year in chart.years]
    body.append(svg.year_axis([chart.axis(year) for year in chart.years], HEIGHT - 5, chart.every))
    return svg.chart(f"c-{chart.key}", chart.title, _said(chart), HEIGHT, *body, class_="axis")


def _points(
    values: Mapping[int, float], place: Mapping[int, float], y: Callable[[float], float]
) -> list[tuple[float, float]]:
    return [(place[year], y(value)) for year, value in sorted(values.items()) if year in place]


def _bars(chart: Chart, place: Mapping[int, float], y: Callable[[float], float]) -> list[Markup]:
    out, width, base = [], 0.7 / len(chart.years), dict.fromkeys(chart.years, 0.0)
    for bar in chart.bars:
        for year in chart.years:
            value = max(0.0, bar.values.get(year, 0.0))
            if value > 0.0:
                high, low = y(base[year] + value), y(base[year])
                box = {"x": svg.pct(place[year] - width / 2), "width": svg.pct(width)}
                out.append(el("rect", **box, y=high, height=low - high, class_=bar.kind))
            base[year] += value
    return out


def _told(chart: Chart, year: int, x: float, n: int) -> Markup:
    """Return the invisible column of a year, which tells its numbers."""
    parts = [
        f"{line.name} {words.compact(line.values[year])}"
        for line in (*chart.bars, *chart.lines)
        if year in line.values
    ]
    parts += [
        f"{band.name} {words.compact(band.low[year])} to {words.compact(band.high[year])}"
        for band in chart.bands
        if year in band.low
    ]
    return el(
        "rect",
        el("title", f"{chart.tell(year)}, {chart.unit}: {'; '.join(parts)}"),
        x=svg.pct(x - 0.5 / n),
        width=svg.pct(1 / n),
        y=0,
        height=HEIGHT - 20,
        class_="tell",
    )


def _said(chart: Chart) -> str:
    """Say the first and last number of each line."""
    parts = []
    for line in (*chart.bars, *chart.lines):
        if line.values:
            first, last = min(line.values), max(line.values)
            parts.append(
                f"{line.name}: {words.compact(line.values[first])} in {chart.tell(first)}, "
                f"{words.compact(line.values[last])} in {chart.tell(last)}"
            )
    return f"{chart.unit}. {'; '.join(parts)}. The table has the numbers."


@dataclass(frozen=True)
class Mark:
    """One dot of a row: its class of the style sheet, value and words."""

    kind: str
    value: float
    text: str


@dataclass(frozen=True)
class Ranged:
    """One row of dots on a line, with a wide and a narrow range where they are known."""

    state: str
    label: str
    marks: Sequence[Mark]
    narrow: tuple[float, float] | None = None
    wide: tuple[float, float] | None = None


def ranges(key: str, title: str, rows: Sequence[Ranged], write: Callable[[float], str]) -> Markup:
    """Draw rows of dots and ranges over one axis that holds zero; the filter by state hides rows."""
    values = [0.0, *(m.value for row in rows for m in row.marks)]
    values += [v for row in rows for pair in (row.narrow, row.wide) if pair for v in pair]
    marks = svg.ticks(min(values), max(values), 5)
    low, span = marks[0], (marks[-1] - marks[0]) or 1.0
    height = ROW * len(rows) + 22.0

    def x(value: float) -> str:
        return svg.pct(0.05 + 0.9 * (value - low) / span)

    body = [
        el("line", x1=x(m), x2=x(m), y1=0, y2=height - 20, class_="base" if m == 0 else "grid") for m in marks
    ]
    body += [el("text", write(m), x=x(m), y=height - 5, class_="tick mid") for m in marks]
    for i, row in enumerate(rows):
        top, line = i * ROW, i * ROW + 30.0
        parts = [el("text", row.label, x="0", y=top + 15, class_="label halo")]
        for pair, kind in ((row.wide, "range wide"), (row.narrow, "range")):
            if pair:
                said = f"{row.label}: {write(pair[0])} to {write(pair[1])}"
                ends = {"x1": x(pair[0]), "x2": x(pair[1]), "y1": line, "y2": line}
                parts.append(el("line", el("title", said), **ends, class_=kind))
        parts += [
            el(
                "circle",
                el("title", f"{row.label}, {m.text}: {write(m.value)}"),
                cx=x(m.value), cy=line, r=5, class_=m.kind,
            )
            for m in row.marks
        ]  # fmt: skip
        body.append(el("g", *parts, data_states=row.state))
    said = "; ".join(
        f"{row.label}: {', '.join(f'{m.text} {write(m.value)}' for m in row.marks)}" for row in rows
    )
    states = " ".join(sorted({row.state for row in rows}))
    picture = svg.chart(f"c-{key}", title, said, height, *body)
    return el("div", el("p", title, class_="panel-title"), picture, data_states=states)


@dataclass(frozen=True)
class Stack:
    """One row of parts side by side: (class of the style sheet, name, value) of each.

    Attributes
    ----------
    state, label, text : str
        State for the filter; what the row is; what stands at its right end.
    parts : sequence of (str, str, float)
    ends : (float, float), optional
        Range of the sum.
    """

    state: str
    label: str
    text: str
    parts: Sequence[tuple[str, str, float]]
    ends: tuple[float, float] | None = None


def stacks(key: str, title: str, rows: Sequence[Stack], write: Callable[[float], str]) -> Markup:
    """Draw rows of stacked parts over one axis from zero; the filter by state hides rows."""
    longest = max((max(sum(v for _, _, v in r.parts), *(r.ends or (0.0,))) for r in rows), default=0.0)
    marks = svg.ticks(0.0, longest or 1.0, 5)
    height = ROW * len(rows) + 22.0

    def x(value: float) -> str:
        return svg.pct(0.02 + 0.94 * value / marks[-1])

    body = [
        el("line", x1=x(m), x2=x(m), y1=0, y2=height - 20, class_="base" if m == 0 else "grid") for m in marks
    ]
    body += [el("text", write(m), x=x(m), y=height - 5, class_="tick mid") for m in marks]
    for i, row in enumerate(rows):
        top, start = i * ROW, 0.0
        drawn = [
            el("text", row.label, x="0", y=top + 15, class_="label halo"),
            el("text", row.text, x="100%", y=top + 15, class_="value end halo"),
        ]
        for kind, name, value in row.parts:
            if value > 0:
                said = el("title", f"{row.label}, {name}: {write(value)}")
                width = svg.pct(0.94 * value / marks[-1])
                drawn.append(el("rect", said, x=x(start), width=width, y=top + 21, height=17, class_=kind))
            start += value
        if row.ends:
            said = el("title", f"{row.label}: {write(row.ends[0])} to {write(row.ends[1])}")
            at = {"x1": x(row.ends[0]), "x2": x(row.ends[1]), "y1": top + 29.5, "y2": top + 29.5}
            drawn.append(el("line", said, **at, class_="whisker"))
        body.append(el("g", *drawn, data_states=row.state))
    said_all = "; ".join(
        f"{row.label}: {', '.join(f'{name} {write(v)}' for _, name, v in row.parts if v > 0)}" for row in rows
    )
    states = " ".join(sorted({row.state for row in rows}))
    picture = svg.chart(f"c-{key}", title, said_all, height, *body)
    return el("div", el("p", title, class_="panel-title"), picture, data_states=states)

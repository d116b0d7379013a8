"""The schedule: stages of each kind of works, its target and its likely finish."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from vallum.report import svg, words
from vallum.report.figures.charts import per_state, state_cell
from vallum.report.figures.works.common import (
    STAGES,
    chance_cell,
    date_cell,
    kind_cell,
    mode_cell,
    mode_key,
    mode_word,
    of_works,
)
from vallum.report.held import Row
from vallum.report.parts import Cell, Figure, Table, legend, number_cell, text_cell
from vallum.report.study import Study
from vallum.report.svg import el
from vallum.report.works import ALL, KEPT, Works

ROW = 56.0
LANE = 5.0
#: Pixels from the top of a row to the lane of each stage.
LANES = {kind: 19.0 + 6.0 * i for i, kind in enumerate(dict.fromkeys(STAGES.values()))}
FORECAST = 43.0

Span = tuple[dt.date, dt.date]


@dataclass(frozen=True)
class Axis:
    """Whole years that a picture covers."""

    first: int
    last: int

    def x(self, date: dt.date) -> str:
        """Place of a date, a percentage of the width."""
        start, end = dt.date(self.first, 1, 1), dt.date(self.last + 1, 1, 1)
        return svg.pct((date - start).days / (end - start).days)

    def wide(self, span: Span) -> str:
        """Width of a span."""
        start, end = dt.date(self.first, 1, 1), dt.date(self.last + 1, 1, 1)
        return svg.pct((span[1] - span[0]).days / (end - start).days)


@of_works("works-schedule", "When each kind of works is done")
def figure(study: Study, works: Works, key: str, title: str) -> Figure:
    """Draw the stages of each kind of works, with target and forecast."""
    listed = [r for r in works.rows("finish", policy=KEPT) if r["element_id"] != ALL]
    axis = _axis(works, listed)
    body = per_state(
        study,
        works.states,
        lambda state: [p for mode in works.modes if (p := _panel(study, works, axis, mode, state))],
    )
    items = [
        *dict.fromkeys(STAGES.values()),
        ("tick-target", "published target"),
        ("dot-together", "half of the runs are done"),
        ("dot-official", "80 of 100 runs are done"),
    ]
    return Figure(
        key,
        title,
        _finding(study, works, listed),
        Markup("").join([legend(items), body]) if body else Markup(""),
        [_table(study, works, listed)] if listed else [],
        (),
        ("schedule", "finish"),
        "Bars are the schedule at the most likely durations: the weeks in which a step of the stage goes "
        "on somewhere in the state. The dots are the runs with random durations and tenders. They are "
        "later as a rule: what is late delays what follows, and what is early seldom speeds it up.",
        "The schedule has no kind of works that is to be finished.",
        of="works",
    )


def _axis(works: Works, listed: Sequence[Row]) -> Axis:
    dates = [r[name] for r in listed for name in ("planned", "target", "p50", "p80") if r[name]]
    dates += [r["start"] for r in works.table("schedule") if r["step"] in STAGES]
    return Axis(min((d.year for d in dates), default=0), max((d.year for d in dates), default=0))


def spans(found: Iterable[Span]) -> list[Span]:
    """Join spans that touch or overlap; those without length are left out."""
    joined: list[Span] = []
    for start, end in sorted(s for s in found if s[0] < s[1]):
        if joined and start <= joined[-1][1]:
            joined[-1] = joined[-1][0], max(end, joined[-1][1])
        else:
            joined.append((start, end))
    return joined


def _panel(study: Study, works: Works, axis: Axis, mode: str, state: str) -> Markup | None:
    kinds = [e for e in works.kinds[state] if works.done(mode, state, e)]
    if not kinds:
        return None
    found: dict[tuple[str, tuple[str, str]], list[Span]] = defaultdict(list)
    for r in works.rows("schedule", mode=mode, state=state):
        if r["step"] in STAGES:
            found[r["element_id"], STAGES[r["step"]]].append((r["start"], r["finish"]))
    height = ROW * len(kinds) + 20.0
    years = range(axis.first, axis.last + 1)
    body = [_year(axis, year, height, len(years)) for year in years]
    for i, element in enumerate(kinds):
        body += _lanes(works, axis, element, {s: spans(found[element, s]) for s in LANES}, i * ROW)
        body += _forecast(works, axis, works.done(mode, state, element) or {}, i * ROW)
    title = f"{mode_word(mode)}, {axis.first} to {axis.last}"
    said = "; ".join(_said(works, works.done(mode, state, e) or {}) for e in kinds)
    key = f"c-works-{study.members.index(state)}-{mode_key(mode)}"
    picture = svg.chart(key, f"{study.name('states', state)}, {title.lower()}", said, height, *body)
    return el("div", el("p", title, class_="panel-title"), picture)


def _year(axis: Axis, year: int, height: float, count: int) -> Markup:
    at = axis.x(dt.date(year, 1, 1))
    middle = axis.x(dt.date(year, 7, 2))
    label = str(year) if count <= 8 else f"{year % 100:02}"
    return Markup("").join(
        [
            el("line", x1=at, x2=at, y1=0, y2=height - 18, class_="grid"),
            el("text", label, x=middle, y=height - 5, class_="tick mid"),
        ]
    )


def _lanes(
    works: Works, axis: Axis, element: str, stages: dict[tuple[str, str], list[Span]], top: float
) -> list[Markup]:
    drawn = [el("text", works.element(element), x="0", y=top + 14, class_="label halo")]
    for stage, found in stages.items():
        kind, name = stage
        for span in found:
            said = f"{works.element(element)}, {name}: {span[0].isoformat()} to {span[1].isoformat()}"
            box = {"x": axis.x(span[0]), "width": axis.wide(span), "y": top + LANES[stage], "height": LANE}
            drawn.append(el("rect", el("title", said), **box, class_=kind))
    return drawn


def _forecast(works: Works, axis: Axis, row: Row, top: float) -> list[Markup]:
    line, drawn = top + FORECAST, []
    if row["p80"]:
        ends = {"x1": axis.x(row["p50"]), "x2": axis.x(row["p80"]), "y1": line, "y2": line}
        drawn.append(el("line", **ends, class_="range"))
    dots = (("p50", "dot-together", "half of the runs"), ("p80", "dot-official", "80 of 100 runs"))
    for column, kind, name in dots:
        if row[column]:
            said = f"{works.element(row['element_id'])}, {name}: {row[column].isoformat()}"
            drawn.append(el("circle", el("title", said), cx=axis.x(row[column]), cy=line, r=4.5, class_=kind))
    if row["target"]:
        at = axis.x(row["target"])
        said = f"{works.element(row['element_id'])}, published target: {row['target'].isoformat()}"
        drawn.append(
            el("line", el("title", said), x1=at, x2=at, y1=top + 17, y2=top + 50, class_="tick-target")
        )
    return drawn


def _said(works: Works, row: Row) -> str:
    target = f", target {words.month(row['target'])}" if row["target"] else ""
    return (
        f"{works.element(row['element_id'])}: scheduled {words.month(row['planned'])}, "
        f"half of the runs {words.month(row['p50'])}{target}"
    )


def _finding(study: Study, works: Works, listed: Sequence[Row]) -> str:
    own = [r for r in listed if r["mode"] == works.main and r["target"]]
    if not own:
        return ""
    late = [r for r in own if r["planned"] > r["target"]]
    unlikely = [r for r in own if r["p50"] > r["target"]]
    text = (
        f"{mode_word(works.main)}, of {words.plural(len(own), 'kind')} of works with a published target "
        f"{len(late)} {'is' if len(late) == 1 else 'are'} late in the schedule itself and {len(unlikely)} "
        "in half of the runs or more"
    )
    if unlikely:
        worst = max(unlikely, key=lambda r: r["p50"] - r["target"])
        name = study.name("states", worst["state"])
        months = words.plural(round((worst["p50"] - worst["target"]).days / words.DAYS_A_MONTH), "month")
        text += f"; the latest is {works.element(worst['element_id'])} in {name}, by {months}"
    return f"{text}."


def _table(study: Study, works: Works, listed: Sequence[Row]) -> Table:
    rows: list[list[Cell]] = [
        [
            state_cell(study, r["state"]),
            kind_cell(works, r["element_id"]),
            mode_cell(r["mode"]),
            number_cell(r["built"]),
            number_cell(r["quantity"]),
            text_cell(works.unit(r["element_id"])),
            date_cell(r["target"], "none"),
            date_cell(r["planned"]),
            date_cell(r["p10"]),
            date_cell(r["p50"]),
            date_cell(r["p80"], "not shown"),
            date_cell(r["p90"], "not shown"),
            chance_cell(r["chance"]),
            text_cell(r["note"]),
        ]
        for r in listed
    ]
    heads = [
        "State", "Kind of works", "Works", "In place", "Planned in all", "Unit", "Target", "In the schedule",
        "10 of 100 runs", "Half of the runs", "80 of 100 runs", "90 of 100 runs", "Chance of the target",
        "Note",
    ]  # fmt: skip
    states = [str(r["state"]) for r in listed]
    caption = "Finish of each kind of works"
    return Table("t-works-finish", caption, heads, rows, frozenset({3, 4, *range(6, 13)}), states)

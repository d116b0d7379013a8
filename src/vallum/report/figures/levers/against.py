"""How far each plan is from the first of its mode, and what is proven of it."""

from __future__ import annotations

from markupsafe import Markup

from vallum.report import words
from vallum.report.figures.charts import Mark, Ranged, ranges
from vallum.report.figures.levers.common import DOTS, difference_cells, ends, mode_cell, of_levers, proof
from vallum.report.held import Row
from vallum.report.levers import Levers
from vallum.report.parts import Cell, Figure, Table, text_cell
from vallum.report.study import MODE_WORDS, Study
from vallum.report.svg import el


@of_levers("against", "What each scenario costs against the first")
def figure(study: Study, levers: Levers, key: str, title: str) -> Figure:
    """Draw the difference in shortfall of each plan to the first of its mode, with its interval."""
    del study
    panels = []
    for mode in [*levers.modes, None]:
        rows = [_ranged(levers, r) for r in levers.rows("deltas", mode=mode) if r["gap_years"]]
        if rows:
            word = MODE_WORDS.get(str(mode), "Alone, then together")
            panels.append(ranges(f"against-{mode}", f"{word}: gap-years more", rows, _more))
    return Figure(
        key,
        title,
        _finding(levers),
        el("div", *panels, class_="pair") if panels else Markup(""),
        [_table(levers)] if panels else [],
        (),
        ("levels", "types"),
        "Dots are the difference of the plans as made, bars the interval in which the difference of the best "
        "plans lies, from the bounds of both. Where it contains zero the difference is not proven. Costs are "
        "each at the shortfall that the plan reached.",
        "There is one plan of each mode, or they are of different regions.",
        of="levers",
        shown=1,
    )


def _more(value: float) -> str:
    return words.signed(value, 0 if float(value).is_integer() else 2)


def _ranged(levers: Levers, row: Row) -> Ranged:
    found = row["gap_years"]
    label = f"{levers.label(row['second'])}{'' if found['proven'] else ' (not proven)'}"
    mode = str(row["mode"] or "joint")
    marks = [Mark(DOTS[mode], float(found["difference"]), proof(found))]
    return Ranged("", label, marks, ends(found["interval"]))


def _finding(levers: Levers) -> str:
    parts = []
    for mode in levers.modes:
        rows = [r for r in levers.rows("deltas", mode=mode) if r["gap_years"]]
        if rows:
            sure = [r for r in rows if r["gap_years"]["proven"]]
            most = max(rows, key=lambda r: abs(float(r["gap_years"]["difference"])))
            found = most["gap_years"]
            parts.append(
                f"{MODE_WORDS[mode]}, {len(sure)} of {words.plural(len(rows), 'difference')} "
                f"{'is' if len(sure) == 1 else 'are'} proven; the largest is {levers.label(most['second'])} "
                f"with {words.signed(float(found['difference']), 2)} gap-years "
                f"({words.interval(found['interval'], 'gap-years')}, {proof(found)})"
            )
    return ". ".join(parts) + "." if parts else ""


def _table(levers: Levers) -> Table:
    rows: list[list[Cell]] = [
        [
            text_cell(levers.label(row["second"]), str(row["second"])),
            mode_cell(row["mode"]),
            *difference_cells(row["gap_years"], "gap-years"),
            *difference_cells(row["cost_meur"], "money"),
            Cell(words.signed(row["types"]), row["types"]),
        ]
        for row in levers.table("deltas")
    ]
    heads = [
        "Scenario", "Plan", "Gap-years more", "Interval", "Shortfall", "EUR m more", "Interval, EUR m",
        "Cost", "Types more",
    ]  # fmt: skip
    return Table("t-against", "Against the first of each mode", heads, rows, frozenset({2, 3, 5, 6, 8}))

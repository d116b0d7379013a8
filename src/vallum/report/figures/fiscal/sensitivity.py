"""How far debt hangs on what is uncertain: one input at a time, and the sample of the shocks."""

from __future__ import annotations

from markupsafe import Markup

from vallum.plan.fiscal.tables import LEVEL_NAMES
from vallum.report import words
from vallum.report.figures.charts import Mark, Ranged, ranges, state_cell
from vallum.report.figures.fiscal.common import of_outlook, share_cell
from vallum.report.figures.fiscal.overview import PLAN
from vallum.report.held import Row
from vallum.report.outlook import Outlook
from vallum.report.parts import Cell, Figure, Table, legend, text_cell
from vallum.report.study import Study
from vallum.report.svg import el


@of_outlook("fiscal-sensitivity", "What debt hangs on")
def figure(study: Study, outlook: Outlook, key: str, title: str) -> Figure:
    """Draw how debt of the last year moves with each input at the ends of its range."""
    listed = outlook.rows("sensitivity", policy=PLAN)
    panels = [
        ranges(
            f"sensitivity-{i}",
            f"{study.name('states', state)}: change of debt in {own[0]['year']}, points of GDP",
            [_ranged(r) for r in own],
            words.compact,
        )
        for i, state in enumerate(study.members)
        if (own := sorted((r for r in listed if r["state"] == state), key=lambda r: -_reach(r)))
    ]
    items = [("dot-alone", "low end of the input"), ("dot-together", "high end of the input")]
    return Figure(
        key,
        title,
        _finding(study, listed),
        Markup("").join([legend(items), el("div", *panels, class_="pair")]) if panels else Markup(""),
        [_table(study, outlook), _samples(study, outlook)],
        (),
        ("sensitivity", "samples"),
        "Outlays of the budget, defence as planned; one input at a time at the ends of its range, the others "
        "at their values. The second table has the fan for other samples of past shocks.",
        "The outlook varies no input.",
        of="fiscal",
    )


def _change(row: Row, column: str) -> float:
    return float(row[column]) - float(row["debt"])


def _reach(row: Row) -> float:
    return max(abs(_change(row, "debt_at_low")), abs(_change(row, "debt_at_high")))


def _ranged(row: Row) -> Ranged:
    low, high = _change(row, "debt_at_low"), _change(row, "debt_at_high")
    marks = [Mark("dot-alone", low, "low end"), Mark("dot-together", high, "high end")]
    label = str(row["input"]).replace("_", " ")
    return Ranged(str(row["state"]), label, marks, (min(low, high), max(low, high)))


def _finding(study: Study, listed: list[Row]) -> str:
    parts = []
    for state in study.members:
        own = [r for r in listed if r["state"] == state]
        if own:
            most = max(own, key=_reach)
            label = str(most["input"]).replace("_", " ")
            parts.append(
                f"{study.name('states', state)} {label} (up to {words.number(_reach(most), 1)} points)"
            )
    return f"Debt in {listed[0]['year']} moves most with: {'; '.join(parts)}." if parts else ""


def _table(study: Study, outlook: Outlook) -> Table:
    listed = outlook.table("sensitivity")
    rows: list[list[Cell]] = [
        [
            state_cell(study, r["state"]),
            text_cell(outlook.titles.get(str(r["policy"]), str(r["policy"]))),
            text_cell(str(r["input"]).replace("_", " ")),
            text_cell(r["year"]),
            *(share_cell(r[column]) for column in ("debt", "debt_at_low", "debt_at_high")),
        ]
        for r in listed
    ]
    heads = ["State", "Policy", "Input", "Year", "Debt", "at the low end", "at the high end"]
    states = [str(r["state"]) for r in listed]
    caption = "Debt with one input at the ends of its range, % of GDP"
    return Table("t-fiscal-sensitivity", caption, heads, rows, frozenset({3, 4, 5, 6}), states)


def _samples(study: Study, outlook: Outlook) -> Table:
    listed = outlook.rows("samples", year=outlook.last)
    rows: list[list[Cell]] = [
        [
            state_cell(study, r["state"]),
            text_cell("all quarters" if r["start"] == "all" else f"from {r['start']}"),
            text_cell(r["sampling"]),
            *(share_cell(r[name]) for name in LEVEL_NAMES),
        ]
        for r in listed
    ]
    heads = ["State", "Sample", "Shocks drawn as", *(n.replace("p0", "p") for n in LEVEL_NAMES)]
    states = [str(r["state"]) for r in listed]
    caption = f"Debt in {outlook.last} by the sample of the shocks, % of GDP: so many of 100 paths are below"
    return Table("t-fiscal-samples", caption, heads, rows, frozenset(range(3, len(heads))), states)

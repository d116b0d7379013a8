"""What going alone costs in each scenario."""

from __future__ import annotations

from markupsafe import Markup

from vallum.report import words
from vallum.report.figures.charts import Mark, Ranged, ranges
from vallum.report.figures.levers.common import difference_cells, ends, of_levers, proof
from vallum.report.levers import Levers
from vallum.report.parts import Cell, Figure, Table, text_cell
from vallum.report.study import Study
from vallum.report.svg import el

#: Member of a row, what it measures, key of the difference, how it is written.
VIEWS = (
    ("same_money", "Same money: gap-years that going alone leaves open", "difference", "gap-years"),
    ("same_capability", "Same capability: EUR million that going alone costs", "difference_meur", "money"),
)


@of_levers("going-alone", "What going alone costs in each scenario")
def figure(study: Study, levers: Levers, key: str, title: str) -> Figure:
    """Draw the cost of fragmentation of each folder with both modes, with its interval."""
    del study
    panels = [panel for view in VIEWS if (panel := _panel(levers, *view))]
    return Figure(
        key,
        title,
        _finding(levers),
        el("div", *panels, class_="pair") if panels else Markup(""),
        [_table(levers)] if panels else [],
        (),
        ("levels", "compare"),
        "Dots are alone less together as made, bars the interval from the bounds of both plans. The cost of "
        "the same capability comes from planning both modes in one run.",
        "No folder holds a plan of each mode: plan with --mode both.",
        of="levers",
    )


def _panel(levers: Levers, name: str, title: str, value: str, kind: str) -> Markup | None:
    rows = []
    for row in levers.table("fragmentation"):
        if found := row[name]:
            label = f"{levers.folders[row['folder']]}{'' if found['proven'] else ' (not proven)'}"
            marks = [Mark("dot-together", float(found[value]), proof(found))]
            rows.append(Ranged("", label, marks, ends(found["interval"])))
    return ranges(f"alone-{kind}", title, rows, words.compact) if rows else None


def _finding(levers: Levers) -> str:
    rows = levers.table("fragmentation")
    if not rows:
        return ""
    sure = [row for row in rows if row["same_money"]["proven"]]
    least, most = (pick(rows, key=lambda row: float(row["same_money"]["difference"])) for pick in (min, max))
    said = [
        f"{words.gap_years(row['same_money']['difference'])} ({levers.folders[row['folder']]})"
        for row in (least, most)
    ]
    return (
        f"With the same money, going alone leaves open {words.joined(dict.fromkeys(said), 'to')} gap-years "
        f"more than together; proven in {len(sure)} of {words.plural(len(rows), 'scenario')}."
    )


def _table(levers: Levers) -> Table:
    rows: list[list[Cell]] = [
        [
            text_cell(levers.folders[row["folder"]], str(row["folder"])),
            *(cell for name, _, value, kind in VIEWS for cell in difference_cells(row[name], kind, value)),
        ]
        for row in levers.table("fragmentation")
    ]
    heads = [
        "Scenario", "Gap-years more alone", "Interval", "Same money", "EUR m more alone",
        "Interval, EUR m", "Same capability",
    ]  # fmt: skip
    return Table("t-going-alone", "Alone less together", heads, rows, frozenset({1, 2, 4, 5}))

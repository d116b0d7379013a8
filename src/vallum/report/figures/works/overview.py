"""What opens the section on the works: when they are done, by state and mode."""

from __future__ import annotations

from markupsafe import Markup

from vallum.report import words
from vallum.report.figures.charts import state_cell
from vallum.report.figures.works.common import chance_cell, date_cell, mode_cell, mode_word, of_works
from vallum.report.parts import Cell, Figure, Table, number_cell
from vallum.report.study import Study
from vallum.report.works import AGAIN, ALL, KEPT, Works

HALF = 0.5


@of_works("the-line", "The Line")
def figure(study: Study, works: Works, key: str, title: str) -> Figure:
    """Set the finish of all kinds with a target side by side."""
    return Figure(
        key,
        title,
        _finding(study, works),
        Markup(""),
        [_table(study, works)] if works.states else [],
        (),
        ("finish",),
        of="works",
    )


def _finding(study: Study, works: Works) -> str:
    parts = [
        f"{study.name('states', state)} {words.month(row['p50'])}"
        for state in study.members
        if (row := works.done(works.main, state, ALL))
    ]
    if not parts:
        return "The schedule has no kind of works with a published target."
    targeted = [r for r in works.rows("finish", mode=works.main, policy=KEPT) if r["target"]]
    met = sum((r["chance"] or 0.0) >= HALF for r in targeted)
    return (
        f"{mode_word(works.main)}, half of the runs have all works with a published target done by: "
        f"{words.joined(parts)}. Of {words.plural(len(targeted), 'such kind')} of works, {met} "
        f"{'meets its' if met == 1 else 'meet their'} target in at least half of the runs."
    )


def _table(study: Study, works: Works) -> Table:
    rows: list[list[Cell]] = []
    states = []
    for state in study.members:
        for mode in works.modes:
            row, again = works.done(mode, state, ALL), works.done(mode, state, ALL, AGAIN)
            if row is None:
                continue
            states.append(state)
            rows.append(
                [
                    state_cell(study, state),
                    mode_cell(mode),
                    number_cell(row["quantity"], 0),
                    date_cell(row["planned"]),
                    date_cell(row["p10"]),
                    date_cell(row["p50"]),
                    date_cell(row["p80"], "not shown"),
                    date_cell(again["p50"] if again else None),
                    chance_cell(row["chance"]),
                ]
            )
    heads = [
        "State", "Works", "Kinds with a target", "In the schedule", "10 of 100 runs", "Half of the runs",
        "80 of 100 runs", "Half, decided again every week", "Chance of all targets",
    ]  # fmt: skip
    caption = "When all kinds of works with a published target are done"
    return Table("t-works", caption, heads, rows, frozenset(range(2, len(heads))), states)

"""What the plans draw of SAFE, and which programmes only some of them take."""

from __future__ import annotations

from markupsafe import Markup

from vallum.report import words
from vallum.report.figures.levers.common import mode_cell, of_levers
from vallum.report.held import Row
from vallum.report.levers import Levers
from vallum.report.parts import Cell, Figure, Table, money_cell, number_cell, text_cell
from vallum.report.study import Study

TAKEN = "●"


@of_levers("levers-safe", "What is drawn of SAFE")
def loans(study: Study, levers: Levers, key: str, title: str) -> Figure:
    """List the draws of each state in each plan."""
    rows: list[list[Cell]] = [
        [
            text_cell(levers.label(row["name"]), str(row["folder"])),
            mode_cell(row["mode"]),
            *(money_cell(row["states"].get(state, {}).get("safe_drawn_meur")) for state in levers.states),
            money_cell(row["safe_drawn_meur"]),
        ]
        for row in levers.table("plans")
    ]
    names = [study.name("states", state) for state in levers.states]
    table = Table(
        "t-levers-safe", "Draws, EUR million, nominal", ["Scenario", "Plan", *names, "All"], rows,
        frozenset(range(2, len(names) + 3)),
    )  # fmt: skip
    drawn = [float(row["safe_drawn_meur"]) for row in levers.table("plans")]
    finding = f"Between {words.money(min(drawn))} and {words.money(max(drawn))} are drawn over all years."
    return Figure(key, title, finding, Markup(""), [table], (), ("money",), of="levers")


@of_levers("levers-programmes", "What they buy differently")
def figure(study: Study, levers: Levers, key: str, title: str) -> Figure:
    """List the programmes that some plans take and others do not."""
    del study
    groups = levers.table("programmes")
    finding = [
        f"{mode_cell(group['mode']).text}, {words.plural(len(group['by_all']), 'programme')} "
        f"{'is' if len(group['by_all']) == 1 else 'are'} in all plans, {len(group['by_some'])} only in some"
        for group in groups
    ]
    tables = [_table(levers, i, group) for i, group in enumerate(groups) if group["by_some"]]
    return Figure(
        key, title, ". ".join(finding) + ".", Markup(""), tables, (), ("orders",),
        empty="" if tables else "All plans take the same programmes.", of="levers",
    )  # fmt: skip


def _table(levers: Levers, i: int, group: Row) -> Table:
    plans: list[str] = group["plans"]
    rows: list[list[Cell]] = []
    for taken in group["by_some"]:
        marks = [
            Cell(TAKEN if plan in taken["plans"] else "", float(plan in taken["plans"])) for plan in plans
        ]
        rows.append([text_cell(taken["programme_id"]), number_cell(len(taken["plans"]), 0), *marks])
    words_of = [levers.label(plan) if group["mode"] else plan for plan in plans]
    caption = f"{mode_cell(group['mode']).text}: programmes that only some plans take"
    numeric = frozenset(range(1, len(plans) + 2))
    return Table(f"t-levers-programmes-{i}", caption, ["Programme", "Plans", *words_of], rows, numeric)

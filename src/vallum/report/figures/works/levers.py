"""What shortens the works: months that each lever gains, and what it costs."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from vallum.report import words
from vallum.report.figures.charts import Mark, Ranged, ranges, state_cell
from vallum.report.figures.works.common import of_works
from vallum.report.held import Row
from vallum.report.parts import Cell, Figure, Table, legend, money_cell, number_cell, text_cell
from vallum.report.study import Study
from vallum.report.svg import el
from vallum.report.works import Works

#: The lever of all sharing together: the works of the states together against those of each alone.
JOINT = "JOINT"


@of_works("works-levers", "What shortens it")
def figure(study: Study, works: Works, key: str, title: str) -> Figure:
    """Draw the months that each lever gains in each state."""
    panels = []
    for i, state in enumerate(study.members):
        own = sorted(works.rows("levers", state=state), key=_order)
        if own:
            name = f"{study.name('states', state)}: months gained"
            panels.append(ranges(f"works-levers-{i}", name, [_ranged(r) for r in own], _months))
    items = [
        ("dot-together", "earlier protection, mean over layers, kilometres and runs"),
        ("dot-official", "earlier finish of all kinds with a target, at 80 of 100 runs"),
    ]
    runs = max((int(r["runs"]) for r in works.table("levers")), default=0)
    return Figure(
        key,
        title,
        _finding(study, works),
        Markup("").join([legend(items), el("div", *panels, class_="pair")]) if panels else Markup(""),
        [_table(study, works)],
        (),
        ("levers",),
        "Each lever is pulled by itself, against the works of each state alone, with the same random "
        f"numbers in {words.plural(runs, 'run')}. The order of works was searched for protection; the last "
        "finish may come later. Left of zero is later. Costs are of the lever, for all states together.",
        "The region has no levers.",
        of="works",
    )


def _order(row: Row) -> tuple[bool, float]:
    return row["lever_id"] != JOINT, -float(row["months_mean"])


def _months(value: float) -> str:
    return words.number(value, 0 if float(value).is_integer() else 1)


def _ranged(row: Row) -> Ranged:
    mean, late = float(row["months_mean"]), float(row["months_p80"])
    marks = [Mark("dot-together", mean, "protection"), Mark("dot-official", late, "finish, 80 of 100 runs")]
    cost = f", {words.money(row['cost_meur'])}" if row["cost_meur"] > 0 else ""
    label = f"{words.short_name(str(row['name']), 44)}{cost}"
    return Ranged(str(row["state"]), label, marks, (min(0.0, mean), max(0.0, mean)))


def _finding(study: Study, works: Works) -> str:
    best, shared = [], []
    for state in study.members:
        own = works.rows("levers", state=state)
        name = study.name("states", state)
        single = [r for r in own if r["lever_id"] != JOINT]
        if single:
            most = max(single, key=lambda r: float(r["months_mean"]))
            best.append(f"{name}: {most['name']} ({_gain(most)})")
        shared += [f"{name} {_gain(r)}" for r in own if r["lever_id"] == JOINT]
    text = f"The lever that brings protection forward most is, in {'; '.join(best)}." if best else ""
    return f"{text} All sharing together: {words.joined(shared)}.".strip() if shared else text


def _gain(row: Row) -> str:
    months = float(row["months_mean"])
    return f"{words.number(abs(months), 1)} months {'earlier' if months >= 0 else 'later'}"


def _table(study: Study, works: Works) -> Table:
    listed: Sequence[Row] = sorted(works.table("levers"), key=lambda r: (r["state"], _order(r)))
    rows: list[list[Cell]] = [
        [
            state_cell(study, r["state"]),
            text_cell(r["name"], str(r["lever_id"])),
            *(number_cell(r[name], 1) for name in ("months_mean", "months_p50", "months_p80")),
            money_cell(r["cost_meur"]),
            number_cell(r["runs"], 0),
        ]
        for r in listed
    ]
    heads = [
        "State", "Lever", "Protection, months earlier", "Finish at half of the runs",
        "Finish at 80 of 100 runs", "Cost, EUR m", "Runs",
    ]  # fmt: skip
    states = [str(r["state"]) for r in listed]
    caption = "Months gained by each lever"
    return Table("t-works-levers", caption, heads, rows, frozenset(range(2, 7)), states)

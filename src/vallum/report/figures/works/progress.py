"""Progress of each kind of works over time, in the schedule and in the runs."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from vallum.report import words
from vallum.report.figures.charts import Band, Chart, Line, panel, per_state, state_cell
from vallum.report.figures.works.common import kind_cell, mode_key, mode_word, of_works
from vallum.report.held import Row
from vallum.report.parts import Cell, Figure, Table, legend, number_cell, text_cell
from vallum.report.study import Study
from vallum.report.works import Works, quarter, until_still

LEVELS = ("planned", "p10", "p50", "p90")
QUARTERS = 4
#: Quarters shown after nothing changes any more.
AFTER = 2


@of_works("works-progress", "How far each kind of works is")
def figure(study: Study, works: Works, key: str, title: str) -> Figure:
    """Draw what is in place by quarter."""
    body = per_state(study, works.states, lambda state: _panels(study, works, state), "small")
    items = [
        ("fan-swatch", f"{mode_word(works.main).lower()}, 80 of 100 runs are within"),
        (f"line-{mode_key(works.main)}", f"{mode_word(works.main).lower()}, half of the runs have more"),
        ("line-path", f"{mode_word(works.main).lower()}, in the schedule"),
        *([("line-alone", "alone, half of the runs have more")] if len(works.modes) > 1 else []),
        ("dot-official", "published target"),
    ]
    return Figure(
        key,
        title,
        _finding(study, works),
        Markup("").join([legend(items), body]) if body else Markup(""),
        [_table(study, works)],
        (),
        ("progress", "finish"),
        "At the end of each quarter, until nothing changes any more. Kinds that are complete at the start "
        "are left out. The table has the ends of the years.",
        "The schedule has no progress: nothing is to be built.",
        of="works",
    )


def _finding(study: Study, works: Works) -> str:
    ends = [r["date"] for r in works.rows("progress", mode=works.main) if r["date"].month == 12]
    if not ends:
        return ""
    # the end of the second year: most published targets are there
    date = sorted(set(ends))[min(1, len(set(ends)) - 1)]
    parts = []
    for state in study.members:
        shares = [
            r["p50"] / row["quantity"]
            for r in works.rows("progress", mode=works.main, state=state, date=date)
            if (row := works.done(works.main, state, r["element_id"])) and row["quantity"] > 0
        ]
        if shares:
            complete = sum(s >= 1 - 1e-9 for s in shares)
            parts.append(f"{study.name('states', state)} {complete} of {len(shares)}")
    return (
        f"{mode_word(works.main)}, kinds of works that are complete at the end of {date.year} in half of the "
        f"runs or more: {words.joined(parts)}."
    )


def _series(rows: Sequence[Row], column: str, last: int) -> dict[int, float]:
    return {q: float(r[column]) for r in rows if (q := quarter(r["date"])) <= last}


def _panels(study: Study, works: Works, state: str) -> list[Markup]:
    found = {
        (mode, e): works.rows("progress", mode=mode, state=state, element_id=e)
        for mode in works.modes
        for e in works.kinds[state]
    }
    still = [
        until_still({quarter(r["date"]): tuple(r[c] for c in LEVELS) for r in rows})
        for rows in found.values()
    ]
    targets = [
        r["target"] for e in works.kinds[state] if (r := works.done(works.main, state, e)) and r["target"]
    ]
    last = max([*still, *map(quarter, targets)], default=0) + AFTER
    return [
        _panel(study, works, state, e, {mode: found[mode, e] for mode in works.modes}, last)
        for e in works.kinds[state]
        if found[works.main, e]
    ]


def _panel(
    study: Study, works: Works, state: str, element: str, found: dict[str, list[Row]], last: int
) -> Markup:
    own = found[works.main]
    row = works.done(works.main, state, element) or {}
    lines = [
        Line(mode_word(mode), f"line-{mode_key(mode)}", _series(rows, "p50", last))
        for mode, rows in found.items()
    ]
    lines.append(Line("schedule", "line-path", _series(own, "planned", last)))
    if row["target"]:
        at = {quarter(row["target"]): float(row["quantity"])}
        lines.append(Line("target", "dot-official", at))
    quarters = sorted(_series(own, "p50", last))
    years = len(quarters) / QUARTERS
    return panel(
        Chart(
            f"progress-{study.members.index(state)}-{works.kinds[state].index(element)}",
            f"{works.element(element)}, {works.unit(element)}",
            quarters,
            lines,
            bands=[Band("80 of 100", _series(own, "p10", last), _series(own, "p90", last))],
            every=QUARTERS * (1 if years <= 4 else 2),
            unit=works.unit(element),
            top=float(row["quantity"]),
            axis=lambda q: str(q // QUARTERS),
            tell=lambda q: f"Q{q % QUARTERS + 1} {q // QUARTERS}",
        )
    )


def _table(study: Study, works: Works) -> Table:
    alone = {
        (r["state"], r["element_id"], r["date"]): r["p50"]
        for r in works.rows("progress", mode=works.modes[0] if works.modes else "")
    }
    listed = [
        r for r in works.rows("progress", mode=works.main) if quarter(r["date"]) % QUARTERS == QUARTERS - 1
    ]
    both = len(works.modes) > 1
    rows: list[list[Cell]] = [
        [
            state_cell(study, r["state"]),
            kind_cell(works, r["element_id"]),
            text_cell(works.unit(r["element_id"])),
            text_cell(r["date"].year),
            *(number_cell(r[name]) for name in LEVELS),
            *([number_cell(alone.get((r["state"], r["element_id"], r["date"])))] if both else []),
        ]
        for r in listed
    ]
    heads = ["State", "Kind of works", "Unit", "End of", "In the schedule", "p10", "p50", "p90"]
    heads += ["p50 alone"] if both else []
    states = [str(r["state"]) for r in listed]
    caption = f"In place at the end of each year, {mode_key(works.main)}"
    return Table("t-works-progress", caption, heads, rows, frozenset(range(3, len(heads))), states)

"""What building, upkeep and replacement cost to the end of the horizon, and what serves in peace."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from vallum.report import words
from vallum.report.figures.charts import Stack, stacks, state_cell
from vallum.report.figures.works.common import kind_cell, mode_cell, mode_word, of_works
from vallum.report.held import Row
from vallum.report.parts import Cell, Figure, Table, legend, money_cell, text_cell
from vallum.report.study import Study
from vallum.report.works import Works

PARTS = (
    ("k-build", "building what is left", "build_meur"),
    ("k-land", "upkeep", "upkeep_meur"),
    ("k-crew", "replacement", "refresh_meur"),
)
COLUMNS = ("build_meur", "upkeep_meur", "refresh_meur", "refresh_low_meur", "refresh_high_meur")


@of_works("works-refresh", "What ages, and what serves in peace")
def figure(study: Study, works: Works, key: str, title: str) -> Figure:
    """Draw building, upkeep and replacement of each state."""
    rows = [
        _stack(study, own, state, mode)
        for state in study.members
        for mode in works.modes
        if (own := works.rows("refresh", mode=mode, state=state))
    ]
    picture = stacks("works-refresh", "Cost to the end of the horizon, EUR m", rows, words.compact)
    items = [
        *((kind, name) for kind, name, _ in PARTS),
        ("range wide", "range by the life of what is replaced"),
    ]
    return Figure(
        key,
        title,
        _finding(study, works),
        Markup("").join([legend(items), picture]) if rows else Markup(""),
        [_table(study, works)],
        (),
        ("refresh",),
        "Constant prices. Replacement is at the likely life of each kind; the range goes from the long "
        "life to the short one. In peace: kinds that serve border control as well, as the region marks "
        "them.",
        "The schedule has no costs.",
        of="works",
    )


def _sums(rows: Sequence[Row]) -> dict[str, float]:
    return {column: sum(float(r[column]) for r in rows) for column in COLUMNS}


def _total(sums: dict[str, float]) -> float:
    return sum(sums[column] for _, _, column in PARTS)


def _stack(study: Study, rows: Sequence[Row], state: str, mode: str) -> Stack:
    sums = _sums(rows)
    rest = sums["build_meur"] + sums["upkeep_meur"]
    label = f"{study.name('states', state)}, {mode_word(mode).lower()}"
    parts = [(kind, name, sums[column]) for kind, name, column in PARTS]
    ends = rest + sums["refresh_low_meur"], rest + sums["refresh_high_meur"]
    return Stack(state, label, words.money(_total(sums)), parts, ends)


def _finding(study: Study, works: Works) -> str:
    ages, peace = [], []
    for state in study.members:
        rows = works.rows("refresh", mode=works.main, state=state)
        sums, name = _sums(rows), study.name("states", state)
        total = _total(sums)
        if total > 0:
            rest = total - sums["refresh_meur"]
            ends = [sums[c] / (rest + sums[c]) for c in ("refresh_low_meur", "refresh_high_meur") if rest > 0]
            reach = f" ({words.percent(ends[0])} to {words.percent(ends[1])})" if ends else ""
            ages.append(f"{name} {words.percent(sums['refresh_meur'] / total)}{reach}")
            peace.append(
                f"{name} {words.percent(_total(_sums([r for r in rows if r['peacetime']])) / total)}"
            )
    if not ages:
        return ""
    return (
        f"{mode_word(works.main)}, replacing what ages takes of all costs: {words.joined(ages)}. "
        f"Kinds of works that serve in peace as well take: {words.joined(peace)}."
    )


def _table(study: Study, works: Works) -> Table:
    listed = works.table("refresh")
    rows: list[list[Cell]] = [
        [
            state_cell(study, r["state"]),
            kind_cell(works, r["element_id"]),
            mode_cell(r["mode"]),
            *(money_cell(r[column]) for column in COLUMNS),
            text_cell("yes" if r["peacetime"] else "no"),
        ]
        for r in listed
    ]
    heads = [
        "State", "Kind of works", "Works", "Building", "Upkeep", "Replacement", "at the long life",
        "at the short life", "Serves in peace",
    ]  # fmt: skip
    states = [str(r["state"]) for r in listed]
    caption = "Cost to the end of the horizon, EUR m, constant prices"
    return Table("t-works-refresh", caption, heads, rows, frozenset(range(3, 8)), states)

"""How sure the schedule is: bounds of the search, what is not paid for, and what is assumed."""

from __future__ import annotations

from markupsafe import Markup

from vallum.report import words
from vallum.report.figures.charts import state_cell
from vallum.report.figures.works.common import kind_cell, mode_cell, mode_word, of_works, place_words
from vallum.report.parts import Cell, Figure, Table, money_cell, number_cell, text_cell
from vallum.report.study import Study
from vallum.report.works import Works

LEVELS = {
    "protection": "Weighted layer-kilometre-years without protection",
    "cost": "Crews, machines and offices until their last job, EUR m",
    "finish": "Last finish, weeks from the start",
}
PROVEN = 1e-6


@of_works("works-quality", "How sure the schedule is")
def figure(study: Study, works: Works, key: str, title: str) -> Figure:
    """List value, bound and gap of each level, what is not paid for, and the kinds of works."""
    tables = [
        _levels(works),
        *([_unfunded(study, works)] if works.table("unfunded") else []),
        _elements(works),
    ]
    return Figure(
        key,
        title,
        f"{_finding(works)} {_left_out(works)}".strip(),
        Markup(""),
        tables,
        (),
        ("levels", "unfunded", "elements"),
        of="works",
    )


def _finding(works: Works) -> str:
    parts = []
    for mode in works.modes:
        found = [r for r in works.rows("levels", mode=mode) if r["name"] == "protection"]
        parts += [
            f"{mode_word(mode).lower()} "
            + (
                "proven the best"
                if row["gap"] <= PROVEN
                else f"a better schedule by up to {words.percent(row['gap'], 1)} is not ruled out"
            )
            for row in found
        ]
    return (
        f"Protection, the first aim of the search: {'; '.join(parts)}."
        if parts
        else "The search has no levels."
    )


def _left_out(works: Works) -> str:
    listed = works.table("unfunded")
    if not listed:
        return "All works that are planned are paid for within the horizon."
    cost = {mode: sum(r["cost_meur"] for r in listed if r["mode"] == mode) for mode in works.modes}
    named = words.joined(f"{mode_word(mode).lower()} {words.money(value)}" for mode, value in cost.items())
    return f"Money or output of the horizon do not reach all works; left out: {named}."


def _levels(works: Works) -> Table:
    rows: list[list[Cell]] = [
        [
            mode_cell(r["mode"]),
            text_cell(f"{r['level']} · {LEVELS.get(str(r['name']), r['name'])}"),
            number_cell(r["value"]),
            number_cell(r["bound"]),
            Cell(words.percent(r["gap"], 1), float(r["gap"])),
        ]
        for r in works.table("levels")
    ]
    heads = ["Works", "Level", "Value", "Bound", "Gap"]
    caption = (
        "Search: no schedule is below the bound, the gap is what is not proven. A later level holds the "
        "earlier ones and gets the time they leave"
    )
    return Table("t-works-levels", caption, heads, rows, frozenset({2, 3, 4}))


def _unfunded(study: Study, works: Works) -> Table:
    listed = works.table("unfunded")
    rows: list[list[Cell]] = [
        [
            state_cell(study, r["state"]),
            mode_cell(r["mode"]),
            kind_cell(works, r["element_id"]),
            text_cell(place_words(works, r)),
            number_cell(r["quantity"]),
            text_cell(works.unit(r["element_id"])),
            money_cell(r["cost_meur"]),
        ]
        for r in listed
    ]
    heads = ["State", "Works", "Kind of works", "Where", "Quantity", "Unit", "Price, EUR m"]
    states = [str(r["state"]) for r in listed]
    caption = "Works that money or output up to the end of the horizon do not reach"
    return Table("t-works-unfunded", caption, heads, rows, frozenset({4, 6}), states)


def _elements(works: Works) -> Table:
    rows: list[list[Cell]] = [
        [
            text_cell(works.element(key), key),
            text_cell(str(r["layer"]).replace("_", " ")),
            text_cell(r["unit"]),
            number_cell(r["weight"]),
            number_cell(r["unit_cost_meur"]),
            text_cell(r["basis"]),
        ]
        for key, r in works.elements.items()
    ]
    heads = ["Kind of works", "Layer", "Unit", "Importance of a kilometre", "Price of a unit, EUR m", "Basis"]
    caption = (
        "Kinds of works and their prices. Durations of steps are not public: they are assumptions in the "
        "region's table works_activities, which can be edited"
    )
    return Table("t-works-elements", caption, heads, rows, frozenset({3, 4}))

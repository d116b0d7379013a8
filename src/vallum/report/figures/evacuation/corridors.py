"""Corridors whose room is dearest, and what more room on them gains."""

from __future__ import annotations

from markupsafe import Markup

from vallum.report import words
from vallum.report.evacuation import Evacuation
from vallum.report.figures.charts import Stack, stacks
from vallum.report.figures.evacuation.common import (
    ROADS,
    corridor_cell,
    hours,
    hours_cell,
    mode_cell,
    of_evacuation,
    pairs,
    per_scenario,
    scenario_cell,
)
from vallum.report.figures.sky.common import mode_key, mode_word, people_cell
from vallum.report.held import Row
from vallum.report.parts import Cell, Figure, Table, legend, number_cell, text_cell
from vallum.report.study import Study
from vallum.report.svg import el

#: Corridors of a scenario and mode in a picture, and in the table.
DRAWN, LISTED = 8, 30
MINUTES = 60.0
CHANGES = {"lane": "one more lane", "contraflow": "contraflow"}
KINDS = {"lane": "k-build", "contraflow": "k-crew"}


@of_evacuation("evac-corridors", "Which corridors hold people back")
def figure(study: Study, evacuation: Evacuation, key: str, title: str) -> Figure:
    """Draw the dearest corridors, and the minutes that a lane or contraflow on one gains."""
    del study
    tables = [_table(evacuation), _gains(evacuation)]
    return Figure(
        key,
        title,
        _finding(evacuation),
        per_scenario(evacuation, lambda i, scenario: _block(evacuation, i, scenario)),
        [table for table in tables if table.rows],
        (),
        ("corridors", "gains"),
        f"{ROADS} The price is what room for one more car an hour would gain, in hours over all people, and "
        "holds for a small change only. A gain is the difference between two plans: the evacuation was "
        "planned anew with the change. Contraflow gives the lanes of the other direction. Ways of "
        "municipalities to the road graph are assumed, and left out here.",
        "No corridor has a price: the roads hold nobody back.",
        of="evacuation",
    )


def dearest(evacuation: Evacuation, scenario: str, mode: str) -> list[Row]:
    """Corridors between towns with a price, the dearest first."""
    rows = evacuation.of("corridors", scenario, mode)
    found = [r for r in rows if r["price"] > 0.0 and evacuation.between_towns(r)]
    return sorted(found, key=lambda r: (-r["price"], -r["full_h"], r["from_node"], r["to_node"]))


def saved(row: Row) -> float:
    """Minutes by which people arrive earlier, mean."""
    return MINUTES * float(row["mean_before"] - row["mean_after"])


def change_word(change: object) -> str:
    """Say what is changed on a road."""
    return CHANGES.get(str(change), str(change))


def _finding(evacuation: Evacuation) -> str:
    parts = []
    for scenario in evacuation.scenarios[:1]:
        for mode in evacuation.modes:
            found = dearest(evacuation, scenario, mode)
            if found:
                first = f"{evacuation.corridor(found[0])} is full for {hours(found[0]['full_h'])} hours"
                parts.append(f"{mode_key(mode)} {first}{_best(evacuation, scenario, mode)}")
    name = evacuation.scenario(evacuation.scenarios[0]) if parts else ""
    return f"{name}, the dearest corridor: {'; '.join(parts)}. {ROADS}" if parts else ""


def _best(evacuation: Evacuation, scenario: str, mode: str) -> str:
    gains = evacuation.of("gains", scenario, mode)
    best = max(gains, key=saved, default=None)
    if best is None:
        return ""
    if saved(best) <= 0.0:
        return ", and no change that was tried brings people in earlier"
    return (
        f", and {change_word(best['change'])} from {evacuation.corridor(best)} brings people in "
        f"{words.compact(saved(best))} minutes earlier on the mean"
    )


def _block(evacuation: Evacuation, i: int, scenario: str) -> list[Markup]:
    prices = [p for mode in evacuation.modes if (p := _prices(evacuation, i, scenario, mode))]
    gains = [p for mode in evacuation.modes if (p := _gained(evacuation, i, scenario, mode))]
    drawn = [el("div", *prices, class_="pair")] if prices else []
    if gains:
        drawn += [legend([(KINDS[c], name) for c, name in CHANGES.items()]), el("div", *gains, class_="pair")]
    return drawn


def _prices(evacuation: Evacuation, i: int, scenario: str, mode: str) -> Markup | None:
    rows = [
        Stack(
            evacuation.states_of(r["from_node"], r["to_node"]),
            evacuation.corridor(r),
            f"full {hours(r['full_h'])} h",
            [("k-build", "price", float(r["price"]))],
        )
        for r in dearest(evacuation, scenario, mode)[:DRAWN]
    ]
    title = f"{mode_word(mode)}: hours over all people for one more car an hour"
    return stacks(f"evac-prices-{i}-{mode_key(mode)}", title, rows, words.compact) if rows else None


def _gained(evacuation: Evacuation, i: int, scenario: str, mode: str) -> Markup | None:
    listed = sorted(
        evacuation.of("gains", scenario, mode), key=lambda r: (-saved(r), r["from_node"], r["to_node"])
    )
    rows = [
        Stack(
            evacuation.states_of(r["from_node"], r["to_node"]),
            f"{evacuation.corridor(r)}, {change_word(r['change'])}",
            _said(r),
            [(KINDS.get(str(r["change"]), "k-prep"), "minutes", max(0.0, saved(r)))],
        )
        for r in listed[:DRAWN]
    ]
    title = f"{mode_word(mode)}: minutes that people arrive earlier, mean, planned anew"
    return stacks(f"evac-gains-{i}-{mode_key(mode)}", title, rows, words.compact) if rows else None


def _said(row: Row) -> str:
    fewer = int(row["unserved_before"] - row["unserved_after"])
    more = f", {words.number(fewer)} more arrive" if fewer > 0 else ""
    return f"{words.number(saved(row), 1)} min{more}"


def _table(evacuation: Evacuation) -> Table:
    listed = [row for pair in pairs(evacuation) for row in dearest(evacuation, *pair)[:LISTED]]
    rows: list[list[Cell]] = [
        [
            scenario_cell(evacuation, r["scenario_id"]),
            mode_cell(r["mode"]),
            corridor_cell(evacuation, r),
            people_cell(r["people"]),
            people_cell(r["vehicles"]),
            hours_cell(r["full_h"]),
            number_cell(r["price"]),
        ]
        for r in listed
    ]
    heads = [
        "Scenario", "Evacuation", "Corridor", "People who pass", "Cars that pass", "Hours full",
        "Hours over all people for one more car an hour",
    ]  # fmt: skip
    states = [evacuation.states_of(r["from_node"], r["to_node"]) for r in listed]
    caption = f"The {LISTED} dearest corridors. {ROADS}"
    return Table("t-evac-corridors", caption, heads, rows, frozenset(range(3, 7)), states)


def _gains(evacuation: Evacuation) -> Table:
    listed = [
        row
        for pair in pairs(evacuation)
        for row in sorted(
            evacuation.of("gains", *pair),
            key=lambda r: (-saved(r), r["from_node"], r["to_node"], r["change"]),
        )
    ]
    rows: list[list[Cell]] = [
        [
            scenario_cell(evacuation, r["scenario_id"]),
            mode_cell(r["mode"]),
            corridor_cell(evacuation, r),
            text_cell(change_word(r["change"])),
            Cell(words.number(saved(r), 1), saved(r)),
            *(
                hours_cell(r[f"{name}_{when}"])
                for name in ("mean", "hours_95")
                for when in ("before", "after")
            ),
            people_cell(r["unserved_before"]),
            people_cell(r["unserved_after"]),
        ]
        for r in listed
    ]
    heads = [
        "Scenario", "Evacuation", "Corridor", "Change", "Minutes earlier, mean", "Mean hours before",
        "Mean hours after", "95 of 100 before", "95 of 100 after", "Do not arrive before",
        "Do not arrive after",
    ]  # fmt: skip
    states = [evacuation.states_of(r["from_node"], r["to_node"]) for r in listed]
    caption = f"What a change gains, by a new plan. {ROADS}"
    return Table("t-evac-gains", caption, heads, rows, frozenset(range(4, 11)), states)

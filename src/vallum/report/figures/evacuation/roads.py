"""Vehicles on roads over time, on maps."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from vallum.report import words
from vallum.report.evacuation import Evacuation
from vallum.report.figures.evacuation.common import (
    ROADS,
    corridor_cell,
    hour_word,
    hours_cell,
    mode_cell,
    modes_of,
    of_evacuation,
    pairs,
    per_scenario,
    scenario_cell,
)
from vallum.report.figures.evacuation.maps import Sheet, flow_map, people_map, shapes, sheet_of
from vallum.report.figures.sky.common import mode_key, mode_word, people_cell, share_cell
from vallum.report.held import Row
from vallum.report.parts import Cell, Figure, Table, legend
from vallum.report.study import Study
from vallum.report.svg import el

#: Parts of the time that are drawn at most, of the first scenario and of a folded one.
SHOWN, FOLDED = 5, 3
#: Roads of a scenario and mode in the table, at most.
LISTED = 30
SHADES = ("up to 5%", "to 15%", "to 30%", "to 50%", "to 75%", "more")


@of_evacuation("evac-roads", "Where the vehicles are, and when")
def figure(study: Study, evacuation: Evacuation, key: str, title: str) -> Figure:
    """Draw who leaves and who receives, then vehicles on roads in parts of the time, for each mode."""
    del study
    return Figure(
        key,
        title,
        _finding(evacuation),
        per_scenario(evacuation, lambda i, scenario: _block(evacuation, i, scenario)),
        [_table(evacuation)] if evacuation.table("flow") else [],
        (),
        ("places", "flow", "departures", "reception"),
        f"{ROADS} A line is one direction of a road and lies to the right of its middle; a bus counts as so "
        "many cars as it takes room. Lines that run from a municipality are its ways to the road graph. The "
        "area of a dot is as its people. Nothing is drawn finer than towns and centres of municipalities. "
        "Coast, boundaries and capitals: made with Natural Earth.",
        "The plan of evacuation has no vehicles on roads, so there is no map.",
        of="evacuation",
    )


def chosen(found: Sequence[float], most: int) -> list[float]:
    """Choose hours evenly, with the first and without the last if there are too many."""
    return [found[i * len(found) // most] for i in range(most)] if len(found) > most else list(found)


def _finding(evacuation: Evacuation) -> str:
    parts = []
    for scenario in evacuation.scenarios[:1]:
        for mode in modes_of(evacuation, "flow", scenario):
            rows = [r for r in evacuation.of("flow", scenario, mode) if evacuation.between_towns(r)]
            most = max(rows, key=lambda r: (r["vehicles_h"], r["from_node"]), default=None)
            if most is None:
                continue
            parts.append(
                f"{mode_key(mode)} {evacuation.corridor(most)}, {words.number(most['vehicles_h'])} cars an "
                f"hour from hour {hour_word(most['hour'])} on"
            )
    name = evacuation.scenario(evacuation.scenarios[0]) if parts else ""
    return f"{name}, most vehicles at a time: {'; '.join(parts)}. {ROADS}" if parts else ""


def _block(evacuation: Evacuation, i: int, scenario: str) -> list[Markup]:
    sheet = sheet_of(evacuation, i, scenario)
    modes = modes_of(evacuation, "flow", scenario)
    if sheet is None or not modes:
        return []
    items = [
        ("leaves", "people who are to leave"),
        ("receives", "people received"),
        *((f"h{n}", name) for n, name in enumerate(SHADES, 1)),
    ]
    widest = words.number(sheet.most_vehicles)
    name = f"Shade: share of what the road takes. Width: cars an hour, the widest {widest} or more"
    most = FOLDED if i else SHOWN
    return [
        shapes(evacuation, sheet, scenario),
        el("p", name, class_="axis-title"),
        el("div", legend(items), class_="heat-legend map-scale ramp-gap"),
        *(el("div", *_maps(evacuation, sheet, scenario, mode, most), class_="small maps") for mode in modes),
    ]


def _maps(evacuation: Evacuation, sheet: Sheet, scenario: str, mode: str, most: int) -> list[Markup]:
    listed = evacuation.of("flow", scenario, mode)
    found = sorted({float(r["hour"]) for r in listed if r["vehicles_h"] > 0.0})
    maps = [people_map(evacuation, sheet, scenario, mode)]
    for nth, hour in enumerate(chosen(found, most)):
        rows = [r for r in listed if r["hour"] == hour]
        title = f"{mode_word(mode)}: from hour {hour_word(hour)} on"
        maps.append(flow_map(evacuation, sheet, mode, title, rows, nth))
    return maps


def _busiest(evacuation: Evacuation, scenario: str, mode: str) -> list[Row]:
    """Return the part of the time with most vehicles for each road, the busiest roads first."""
    best: dict[tuple[str, str], Row] = {}
    for row in evacuation.of("flow", scenario, mode):
        key = str(row["from_node"]), str(row["to_node"])
        if key not in best or row["vehicles_h"] > best[key]["vehicles_h"]:
            best[key] = row
    order = sorted(best, key=lambda key: (-best[key]["vehicles_h"], key))
    return [best[key] for key in order[:LISTED]]


def _table(evacuation: Evacuation) -> Table:
    listed = [row for pair in pairs(evacuation) for row in _busiest(evacuation, *pair)]
    rows: list[list[Cell]] = [
        [
            scenario_cell(evacuation, r["scenario_id"]),
            mode_cell(r["mode"]),
            corridor_cell(evacuation, r),
            hours_cell(r["hour"]),
            people_cell(r["vehicles_h"]),
            share_cell(r["used"]),
        ]
        for r in listed
    ]
    heads = ["Scenario", "Evacuation", "Corridor", "From hour", "Cars an hour", "Used"]
    states = [evacuation.states_of(r["from_node"], r["to_node"]) for r in listed]
    caption = f"The part of the time with most vehicles, the {LISTED} busiest corridors. {ROADS}"
    return Table("t-evac-roads", caption, heads, rows, frozenset({3, 4, 5}), states)

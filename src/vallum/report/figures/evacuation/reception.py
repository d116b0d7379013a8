"""Who sleeps where: how places fill over time, and who comes from abroad."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from vallum.report import words
from vallum.report.evacuation import Evacuation
from vallum.report.figures.charts import Stack, stacks, state_cell
from vallum.report.figures.evacuation.common import (
    hour_word,
    hours_cell,
    mode_cell,
    modes_of,
    municipalities,
    of_evacuation,
    pairs,
    parts_of,
    per_scenario,
    scenario_cell,
)
from vallum.report.figures.sky.common import mode_key, mode_word, people_cell
from vallum.report.held import Row
from vallum.report.parts import Cell, Figure, HeatCell, Table, heat_legend, legend, shade_table, text_cell
from vallum.report.study import Study
from vallum.report.svg import el

#: Municipalities whose places are shown filling.
DRAWN = 12
OWN, ABROAD = ("k-build", "from the same state"), ("k-crew", "from another state")


@of_evacuation("evac-reception", "Where they sleep")
def figure(study: Study, evacuation: Evacuation, key: str, title: str) -> Figure:
    """Draw the fullest municipalities over time, and who comes to each state."""
    drawn = per_scenario(evacuation, lambda i, scenario: _block(study, evacuation, i, scenario))
    return Figure(
        key,
        title,
        _finding(evacuation),
        drawn,
        [_table(study, evacuation)] if drawn else [],
        (),
        ("reception", "loads"),
        "Places are planning values with a range; no state publishes its own. A framed cell: more people "
        "than the low end of the range. Whom a municipality takes in an hour is limited as well.",
        "Nobody is received.",
        of="evacuation",
    )


def fullest(evacuation: Evacuation, scenario: str, mode: str) -> list[Row]:
    """Municipalities that receive people, the fullest first."""
    found = [r for r in evacuation.of("reception", scenario, mode) if r["people"] > 0]
    return sorted(found, key=lambda r: (-_share(r["people"], r["places"]), -r["people"], r["place_id"]))


def _share(people: float, places: float) -> float:
    return people / places if places > 0 else float(people > 0)


def _finding(evacuation: Evacuation) -> str:
    parts = []
    for scenario in evacuation.scenarios[:1]:
        for mode in evacuation.modes:
            found = fullest(evacuation, scenario, mode)
            if found:
                full = sum(r["people"] >= r["places"] for r in found)
                abroad = sum(r["from_abroad"] for r in found)
                low = sum(r["people"] > r["places_low"] for r in found)
                parts.append(
                    f"{mode_key(mode)} {words.number(sum(r['people'] for r in found))} people in "
                    f"{municipalities(len(found))}, {words.number(full)} of them full, "
                    f"{words.number(low)} beyond the low end of their places, "
                    f"{words.number(abroad)} people from another state"
                )
    name = evacuation.scenario(evacuation.scenarios[0]) if parts else ""
    return f"{name}: {'; '.join(parts)}." if parts else ""


def _block(study: Study, evacuation: Evacuation, i: int, scenario: str) -> list[Markup]:
    modes = [
        mode for mode in modes_of(evacuation, "reception", scenario) if fullest(evacuation, scenario, mode)
    ]
    if not modes:
        return []
    heats = [h for mode in modes if (h := _heat(evacuation, scenario, mode))]
    states = [_states(study, evacuation, i, scenario, mode) for mode in modes]
    scale = [heat_legend("ramp-use", "not known"), el("div", *heats, class_="pair")] if heats else []
    return [*scale, legend([OWN, ABROAD]), el("div", *states, class_="pair")]


def _heat(evacuation: Evacuation, scenario: str, mode: str) -> Markup | None:
    loads: dict[str, dict[float, int]] = {}
    for row in evacuation.of("loads", scenario, mode):
        loads.setdefault(str(row["place_id"]), {})[float(row["hour"])] = int(row["people"])
    listed = [r for r in fullest(evacuation, scenario, mode) if str(r["place_id"]) in loads][:DRAWN]
    if not listed:
        return None
    parts = parts_of(max(hour for r in listed for hour in loads[str(r["place_id"])]))
    at = [(i + 1) * parts.length for i in range(parts.count)]
    rows = [_cells(r, loads[str(r["place_id"])], at) for r in listed]
    labels = [(evacuation.place(r["place_id"]), _places(evacuation, r)) for r in listed]
    caption = f"{mode_word(mode)}: part of the places taken by hour, %, the fullest {len(listed)}"
    return el("div", shade_table(caption, labels, parts.heads, rows, "ramp-use", "By hour"))


def _places(evacuation: Evacuation, row: Row) -> str:
    return (
        f"{evacuation.place(row['place_id'])}: {words.number(row['places'])} places, "
        f"{words.number(row['places_low'])} to {words.number(row['places_high'])}"
    )


def _cells(row: Row, loads: dict[float, int], at: Sequence[float]) -> list[HeatCell]:
    cells = []
    for hour in at:
        people = max((n for h, n in loads.items() if h <= hour + 1e-9), default=0)
        share = _share(people, row["places"])
        title = f"{words.number(people)} of {words.number(row['places'])} by hour {hour_word(hour)}"
        text = words.number(100 * share) if people else ""
        cells.append(HeatCell(share, text, title, people > row["places_low"]))
    return cells


def _states(study: Study, evacuation: Evacuation, i: int, scenario: str, mode: str) -> Markup:
    rows = []
    for state in study.members:
        found = [r for r in evacuation.of("reception", scenario, mode) if r["state"] == state]
        if found:
            people, abroad, places, low, high = (
                float(sum(r[name] for r in found))
                for name in ("people", "from_abroad", "places", "places_low", "places_high")
            )
            parts = [(*OWN, people - abroad), (*ABROAD, abroad)]
            said = f"{words.number(people)} of {words.number(places)} places"
            rows.append(Stack(state, study.name("states", state), said, parts, (low, high)))
    title = f"{mode_word(mode)}: people received; line: places, low to high"
    return stacks(f"evac-hosts-{i}-{mode_key(mode)}", title, rows, words.compact)


def _table(study: Study, evacuation: Evacuation) -> Table:
    listed = [row for pair in pairs(evacuation) for row in fullest(evacuation, *pair)]
    rows: list[list[Cell]] = [
        [
            scenario_cell(evacuation, r["scenario_id"]),
            mode_cell(r["mode"]),
            state_cell(study, r["state"]),
            text_cell(evacuation.place(r["place_id"]), str(r["place_id"])),
            *(
                people_cell(r[name])
                for name in ("people", "from_abroad", "places", "places_low", "places_high")
            ),
            hours_cell(r["full_h"]),
        ]
        for r in listed
    ]
    heads = [
        "Scenario", "Evacuation", "State", "Municipality", "People who come", "From another state", "Places",
        "Low end", "High end", "Full at hour",
    ]  # fmt: skip
    states = [str(r["state"]) for r in listed]
    caption = "Municipalities that receive people"
    return Table("t-evac-reception", caption, heads, rows, frozenset(range(4, 10)), states)

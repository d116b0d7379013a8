"""Leaving beside sheltering in place, by hours of warning."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from markupsafe import Markup

from vallum.report import words
from vallum.report.evacuation import Evacuation
from vallum.report.figures.charts import Stack, stacks, state_cell
from vallum.report.figures.evacuation.common import (
    hours_cell,
    mode_cell,
    modes_of,
    of_evacuation,
    pairs,
    per_scenario,
    scenario_cell,
)
from vallum.report.figures.sky.common import mode_key, mode_word, people_cell
from vallum.report.held import Row
from vallum.report.parts import Cell, Figure, Table, legend, text_cell
from vallum.report.study import Study
from vallum.report.svg import el

PARTS = (
    ("k-money", "away", "away in time"),
    ("k-build", "sheltered", "in a shelter in place"),
    ("k-crew", "exposed", "neither"),
    ("k-winter", "unknown", "not away, shelters not known"),
)


@of_evacuation("evac-in-place", "Leave, or shelter in place")
def figure(study: Study, evacuation: Evacuation, key: str, title: str) -> Figure:
    """Draw who is away, sheltered or neither when the danger comes, by hours of warning."""
    drawn = per_scenario(evacuation, lambda i, scenario: _block(study, evacuation, i, scenario))
    return Figure(
        key,
        title,
        _finding(evacuation),
        drawn,
        [_table(study, evacuation)] if drawn else [],
        (),
        ("in_place",),
        "Warning runs from the order to the danger. Away: who has left by then, as scheduled. Of the rest, "
        "as many are sheltered as there are places in shelters, where that is known.",
        "The plan of evacuation does not set leaving beside sheltering.",
        of="evacuation",
    )


def summed(rows: Sequence[Row]) -> dict[float, dict[str, int]]:
    """Add municipalities for each time of warning."""
    found: dict[float, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for row in rows:
        own = found[float(row["warning_h"])]
        for name in ("people", "away", "sheltered", "exposed"):
            own[name] += int(row[name] or 0)
        own["unknown"] += int(row["people"] - row["away"]) if row["exposed"] is None else 0
    return {hour: dict(found[hour]) for hour in sorted(found)}


def _finding(evacuation: Evacuation) -> str:
    """Say who is in danger with the warning of the scenario, and with the shortest."""
    parts = []
    for scenario in evacuation.scenarios[:1]:
        found = {
            mode: summed(evacuation.of("in_place", scenario, mode))
            for mode in modes_of(evacuation, "in_place", scenario)
        }
        times = sorted({hour for by_hour in found.values() for hour in by_hour})
        assumed = evacuation.named.get(scenario, {}).get("warning_h")
        for hour in (h for h in times if h in (times[0], assumed)):
            told = ", ".join(
                f"{mode_key(mode)} {_exposed(by_hour[hour])}"
                for mode, by_hour in found.items()
                if hour in by_hour
            )
            parts.append(f"with {words.plural(hour, 'hour')} of warning {told}")
    name = evacuation.scenario(evacuation.scenarios[0]) if parts else ""
    return f"{name}, people neither away nor sheltered: {'; '.join(parts)}." if parts else ""


def _exposed(found: Mapping[str, int]) -> str:
    more = f" and {words.number(found['unknown'])} whose shelters are not known" if found["unknown"] else ""
    return f"{words.number(found['exposed'])}{more}"


def _block(study: Study, evacuation: Evacuation, i: int, scenario: str) -> list[Markup]:
    panels = [
        _panel(study, evacuation, i, scenario, mode) for mode in modes_of(evacuation, "in_place", scenario)
    ]
    items = [(kind, name) for kind, _, name in PARTS]
    return [legend(items), el("div", *panels, class_="pair")] if panels else []


def _panel(study: Study, evacuation: Evacuation, i: int, scenario: str, mode: str) -> Markup:
    rows = []
    for hour, found in summed(evacuation.of("in_place", scenario, mode)).items():
        share = found["exposed"] / found["people"] if found["people"] else 0.0
        rows.append(
            Stack(
                " ".join(study.members),
                f"{words.plural(hour, 'hour')} of warning",
                f"{words.percent(share)} neither",
                [(kind, name, float(found[column])) for kind, column, name in PARTS],
            )
        )
    title = f"{mode_word(mode)}: people when the danger comes"
    return stacks(f"evac-in-place-{i}-{mode_key(mode)}", title, rows, words.compact)


def _table(study: Study, evacuation: Evacuation) -> Table:
    listed = [
        row
        for pair in pairs(evacuation)
        for row in sorted(evacuation.of("in_place", *pair), key=lambda r: (r["place_id"], r["warning_h"]))
    ]
    rows: list[list[Cell]] = [
        [
            scenario_cell(evacuation, r["scenario_id"]),
            mode_cell(r["mode"]),
            state_cell(study, r["state"]),
            text_cell(evacuation.place(r["place_id"]), str(r["place_id"])),
            hours_cell(r["warning_h"]),
            *(people_cell(r[name]) for name in ("people", "away", "sheltered", "exposed")),
        ]
        for r in listed
    ]
    heads = [
        "Scenario", "Evacuation", "State", "Municipality", "Hours of warning", "People", "Away", "Sheltered",
        "Neither",
    ]  # fmt: skip
    states = [str(r["state"]) for r in listed]
    caption = "Leaving and sheltering in place"
    return Table("t-evac-in-place", caption, heads, rows, frozenset(range(4, 9)), states)

"""Who does not arrive, and why."""

from __future__ import annotations

from collections import defaultdict

from markupsafe import Markup

from vallum.report import words
from vallum.report.evacuation import Evacuation
from vallum.report.figures.charts import Stack, stacks, state_cell
from vallum.report.figures.evacuation.common import (
    group_word,
    mode_cell,
    of_evacuation,
    pairs,
    per_scenario,
    scenario_cell,
)
from vallum.report.figures.evacuation.overview import reason_word
from vallum.report.figures.sky.common import mode_key, mode_word, people_cell
from vallum.report.parts import Cell, Figure, Table, legend, text_cell
from vallum.report.study import Study
from vallum.report.svg import el

#: Class of the style sheet of each reason.
KINDS = {"road": "k-build", "places": "k-land", "vehicles": "k-crew", "no way": "k-prep"}
DRAWN = 12


@of_evacuation("evac-left", "Who does not get out, and why")
def figure(study: Study, evacuation: Evacuation, key: str, title: str) -> Figure:
    """Draw people who do not arrive, by municipality and reason."""
    drawn = per_scenario(evacuation, lambda i, scenario: _block(evacuation, i, scenario))
    return Figure(
        key,
        title,
        _finding(evacuation),
        drawn,
        [_table(study, evacuation)] if drawn else [],
        (),
        ("unserved", "summary"),
        "Vehicles: too few buses and trains for those without a car. Places: more people than beds that may "
        "receive them. Roads: the roads are too narrow for the time that is looked at. Which municipality is "
        "left is open where several share what is short. Buses and trains go first; another order might "
        "leave fewer, down to the bound under What it rests on.",
        _nobody(evacuation),
        of="evacuation",
    )


def _finding(evacuation: Evacuation) -> str:
    parts = []
    for scenario in evacuation.scenarios:
        told = []
        for mode in evacuation.modes:
            row = evacuation.summary(scenario, mode)
            if row is not None:
                told.append(f"{mode_key(mode)} {words.number(row['unserved'])}")
        if told:
            parts.append(f"{evacuation.scenario(scenario)} {', '.join(told)}")
    return f"People who do not arrive: {'; '.join(parts)}." if parts else ""


def _nobody(evacuation: Evacuation) -> str:
    """Say why nobody is drawn."""
    left = [row["unserved"] for row in evacuation.table("summary")]
    if not left:
        return "Nothing was planned."
    return "The plan does not say who is left." if any(left) else "Everyone arrives."


def _block(evacuation: Evacuation, i: int, scenario: str) -> list[Markup]:
    panels = [p for mode in evacuation.modes if (p := _panel(evacuation, i, scenario, mode))]
    if not panels:
        return []
    items = [(kind, reason_word(reason)) for reason, kind in KINDS.items()]
    return [legend(items), el("div", *panels, class_="pair")]


def _panel(evacuation: Evacuation, i: int, scenario: str, mode: str) -> Markup | None:
    found: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for row in evacuation.of("unserved", scenario, mode):
        if row["people"] > 0:
            found[str(row["place_id"])][str(row["reason"])] += int(row["people"])
    order = sorted(found, key=lambda key: (-sum(found[key].values()), key))
    rows = [
        Stack(
            evacuation.states_of(key),
            evacuation.place(key),
            words.number(sum(found[key].values())),
            [(KINDS.get(r, "k-winter"), reason_word(r), float(n)) for r, n in sorted(found[key].items())],
        )
        for key in order[:DRAWN]
    ]
    rest = f", the first {DRAWN} of {len(order)} municipalities" if len(order) > DRAWN else ""
    title = f"{mode_word(mode)}: people who do not arrive{rest}"
    return stacks(f"evac-left-{i}-{mode_key(mode)}", title, rows, words.compact) if rows else None


def _table(study: Study, evacuation: Evacuation) -> Table:
    listed = [
        row
        for pair in pairs(evacuation)
        for row in sorted(
            evacuation.of("unserved", *pair), key=lambda r: (-r["people"], r["place_id"], r["group"])
        )
        if row["people"] > 0
    ]
    rows: list[list[Cell]] = [
        [
            scenario_cell(evacuation, r["scenario_id"]),
            mode_cell(r["mode"]),
            state_cell(study, r["state"]),
            text_cell(evacuation.place(r["place_id"]), str(r["place_id"])),
            text_cell(group_word(r["group"])),
            people_cell(r["people"]),
            text_cell(reason_word(r["reason"])),
            text_cell(r["told"]),
        ]
        for r in listed
    ]
    heads = ["Scenario", "Evacuation", "State", "Municipality", "How", "People", "Held by", "Why"]
    states = [str(r["state"]) for r in listed]
    return Table("t-evac-left", "People who do not arrive", heads, rows, frozenset({5}), states)

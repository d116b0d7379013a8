"""What a plan of evacuation rests on: assumptions, scenarios and proofs."""

from __future__ import annotations

from collections.abc import Sequence

from vallum.report import words
from vallum.report.evacuation import Evacuation
from vallum.report.figures.evacuation.common import (
    ROADS,
    hours_cell,
    mode_cell,
    of_evacuation,
    pairs,
    scenario_cell,
)
from vallum.report.figures.sky.common import mode_key, people_cell
from vallum.report.parts import Cell, Figure, Table, number_cell, text_cell
from vallum.report.study import Study
from vallum.report.svg import el

PROVEN = 1e-6
ASSUMED = (
    ROADS,
    "Lanes, speeds and capacities are planning values, with a factor for junctions.",
    "People without a car leave by bus and train; how many they are, and how many buses, is assumed.",
    "People drive when and how they are told. Who leaves untold, turns back or breaks down is not in it.",
    "Places to sleep are derived from inhabitants, not counted; no state publishes its places.",
    "Closures, roads held for troops and contraflow are those that the scenario names; none is searched for.",
    "Hospitals, prisons and people who need help to move are not told apart.",
    "Nothing is finer than a municipality or a town.",
)


@of_evacuation("evac-quality", "What it rests on")
def figure(study: Study, evacuation: Evacuation, key: str, title: str) -> Figure:
    """List what is assumed, what was proven, and the scenarios."""
    del study
    tables = [_proof(evacuation), _scenarios(evacuation)]
    return Figure(
        key,
        title,
        _finding(evacuation),
        el("ul", *(el("li", text) for text in ASSUMED), class_="plain"),
        [table for table in tables if table.rows],
        (),
        ("summary", "scenarios"),
        "Roads, people, vehicles and places are tables of the region, each row with its source, basis and "
        "confidence; they can be edited.",
        of="evacuation",
        shown=1,
    )


def _finding(evacuation: Evacuation) -> str:
    parts = []
    for mode in evacuation.modes:
        rows = [row for s in evacuation.scenarios if (row := evacuation.summary(s, mode))]
        if rows:
            parts.append(f"{mode_key(mode)} {_proven([row['gap'] for row in rows])}")
    return f"Mean arrival, the aim of the plan: {'; '.join(parts)}." if parts else "Nothing was planned."


def _proven(gaps: Sequence[float | None]) -> str:
    known = [gap for gap in gaps if gap is not None]
    said = []
    if known:
        worst = max(known)
        said.append(
            "proven the best"
            if worst <= PROVEN
            else f"a better one by up to {words.percent(worst, 1)} is not ruled out"
        )
    if len(known) < len(gaps):
        said.append(f"not known in {words.plural(len(gaps) - len(known), 'scenario')}")
    return ", ".join(said)


def _proof(evacuation: Evacuation) -> Table:
    listed = [row for pair in pairs(evacuation) if (row := evacuation.summary(*pair))]
    rows: list[list[Cell]] = [
        [
            scenario_cell(evacuation, r["scenario_id"]),
            mode_cell(r["mode"]),
            *(people_cell(r[name]) for name in ("unserved", "unserved_bound")),
            number_cell(r["value"], 0),
            number_cell(r["bound"], 0),
            Cell(words.percent(r["gap"], 1), r["gap"]),
            number_cell(r["step_min"]),
            text_cell(r["proof"]),
        ]
        for r in listed
    ]
    heads = [
        "Scenario", "Evacuation", "Do not arrive", "At least, by any plan",
        "Person-hours of those who arrive", "Bound", "Gap", "Step, minutes", "Each group by itself",
    ]  # fmt: skip
    caption = "No evacuation that brings in as many is below the bound; the gap is what is not proven"
    return Table("t-evac-proof", caption, heads, rows, frozenset(range(2, 8)))


def _scenarios(evacuation: Evacuation) -> Table:
    rows: list[list[Cell]] = [
        [
            scenario_cell(evacuation, r["scenario_id"]),
            hours_cell(r["horizon_h"]),
            hours_cell(r["warning_h"]),
            text_cell(r["note"]),
        ]
        for r in evacuation.table("scenarios")
    ]
    heads = ["Scenario", "Hours looked at", "Hours of warning", "What it rests on"]
    return Table("t-evac-scenarios", "Scenarios", heads, rows, frozenset({1, 2}))

"""What the chain to the last works of a state is made of, and which steps are on it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from markupsafe import Markup

from vallum.report import words
from vallum.report.figures.charts import Stack, stacks, state_cell
from vallum.report.figures.works.common import (
    STAGES,
    chance_cell,
    kind_cell,
    mode_cell,
    mode_word,
    of_works,
    place_words,
)
from vallum.report.held import Row
from vallum.report.parts import Cell, Figure, Table, legend, number_cell, text_cell
from vallum.report.study import Study
from vallum.report.works import Works

WINTER = ("k-winter", "winter")
OFFICES = ("k-office", "waiting for designers, tenderers, land and permit officers")
CREWS = ("k-crew", "waiting for crews, machines and transport")
SUPPLIES = ("k-money", "waiting for money, output or a place")
GROUPS = (*dict.fromkeys(STAGES.values()), WINTER, OFFICES, CREWS, SUPPLIES)
WAITING = "waiting for "
HELD_BY = {
    **dict.fromkeys(("designers", "tenderers", "surveyors", "permits"), OFFICES),
    **dict.fromkeys(("crews", "machines", "transport"), CREWS),
}
#: Steps of each state and mode that the table names.
STEPS_SHOWN = 10


@of_works("works-binding", "What holds the works back")
def figure(study: Study, works: Works, key: str, title: str) -> Figure:
    """Draw the weeks of the chain to the last works of each state."""
    rows = [
        row
        for state in study.members
        for mode in works.modes
        if (row := _stack(study, works.rows("binding", mode=mode, state=state), state, mode))
    ]
    picture = stacks(
        "works-binding",
        "Weeks of work and waiting in the chain to the last works of a state",
        rows,
        words.compact,
    )
    return Figure(
        key,
        title,
        _finding(study, works),
        Markup("").join([legend(GROUPS), picture]) if rows else Markup(""),
        [_weeks(study, works), _critical(study, works)],
        (),
        ("binding", "critical"),
        "Mean over the runs. Each run is followed back from the last installation of a state through the "
        "steps that had to be done before it; a wait in between counts as what was waited for. The parts "
        "add up to the time from the start of the schedule to the last works.",
        "The schedule has no chain: nothing is to be built.",
        of="works",
    )


def group(what: str) -> tuple[str, str]:
    """Return the group of a part of the chain: class of the style sheet and words."""
    if what.startswith(WAITING):
        return HELD_BY.get(what.rsplit(" ", 1)[-1], SUPPLIES)
    return STAGES.get(what.upper(), WINTER)


def _grouped(rows: Sequence[Row]) -> dict[tuple[str, str], float]:
    found: dict[tuple[str, str], float] = defaultdict(float)
    for row in rows:
        found[group(str(row["what"]))] += float(row["weeks"])
    return found


def _stack(study: Study, rows: Sequence[Row], state: str, mode: str) -> Stack | None:
    found = _grouped(rows)
    label = f"{study.name('states', state)}, {mode_word(mode).lower()}"
    parts = [(kind, name, found.get((kind, name), 0.0)) for kind, name in GROUPS]
    waited = sum(found.get(g, 0.0) for g in (OFFICES, CREWS, SUPPLIES)) / (sum(found.values()) or 1.0)
    return Stack(state, label, f"{words.percent(waited)} waiting", parts) if rows else None


def _finding(study: Study, works: Works) -> str:
    parts = []
    for state in study.members:
        found = _grouped(works.rows("binding", mode=works.main, state=state))
        total = sum(found.values())
        if total > 0:
            most = max(found, key=lambda g: found[g])
            parts.append(f"{study.name('states', state)} {most[1]} ({words.percent(found[most] / total)})")
    named = "; ".join(parts)
    return (
        f"{mode_word(works.main)}, the largest part of the chain to the last works is: {named}."
        if parts
        else ""
    )


def _weeks(study: Study, works: Works) -> Table:
    listed = sorted(works.table("binding"), key=lambda r: (r["state"], r["mode"], -r["weeks"], r["what"]))
    rows: list[list[Cell]] = [
        [
            state_cell(study, r["state"]),
            mode_cell(r["mode"]),
            text_cell(r["what"]),
            text_cell(group(str(r["what"]))[1]),
            number_cell(r["weeks"], 1),
        ]
        for r in listed
    ]
    heads = ["State", "Works", "What", "Group", "Weeks"]
    states = [str(r["state"]) for r in listed]
    caption = "Work and waiting in the chain, mean weeks"
    return Table("t-works-binding", caption, heads, rows, frozenset({4}), states)


def _critical(study: Study, works: Works) -> Table:
    listed = []
    for state in study.members:
        for mode in works.modes:
            own = works.rows("critical", mode=mode, state=state)
            listed += sorted(own, key=lambda r: -r["share"])[:STEPS_SHOWN]
    rows: list[list[Cell]] = [
        [
            state_cell(study, r["state"]),
            mode_cell(r["mode"]),
            kind_cell(works, r["element_id"]),
            text_cell(place_words(works, r)),
            text_cell(str(r["step"]).lower()),
            chance_cell(r["share"]),
        ]
        for r in listed
    ]
    heads = ["State", "Works", "Kind of works", "Where", "Step", "Runs in which it is on the chain"]
    states = [str(r["state"]) for r in listed]
    caption = f"Steps most often on the chain, up to {STEPS_SHOWN} for each state"
    return Table("t-works-critical", caption, heads, rows, frozenset({5}), states)

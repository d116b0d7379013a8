"""Warning of people whom a track reaches from another state."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from vallum.report import words
from vallum.report.figures.charts import Mark, Ranged, ranges, state_cell
from vallum.report.figures.sky.common import (
    STEP_DOTS,
    minutes,
    minutes_cell,
    of_sky,
    people_cell,
    share_cell,
    variant_word,
)
from vallum.report.held import Row
from vallum.report.parts import Cell, Figure, Table, legend, text_cell
from vallum.report.sky import VARIANTS, Sky, Variant
from vallum.report.study import Study


@of_sky("sky-seams", "At the seams between states")
def figure(study: Study, sky: Sky, key: str, title: str) -> Figure:
    """Draw the mean minutes of each variant for each pair of states."""
    listed = sky.table("seams")
    pairs = sorted({(str(r["from_state"]), str(r["state"])) for r in listed})
    rows = [found for pair in pairs if (found := _ranged(study, sky, pair))]
    picture = ranges("sky-seams", "Minutes of warning, mean, by where the track came in", rows, words.compact)
    items = [(STEP_DOTS[v], VARIANTS[v]) for v in sky.steps]
    return Figure(
        key,
        title,
        _finding(sky),
        Markup("").join([legend(items), picture]) if rows else Markup(""),
        [_table(study, sky, pairs)] if listed else [],
        (),
        ("seams",),
        "People whom a track reaches after it came in over the border of another state. As alerting is done "
        "today they wait for what their own state sees, or for word from the other.",
        "No track reaches people over the border of another state.",
        of="sky",
    )


def _of(sky: Sky, variant: Variant) -> list[Row]:
    return sky.rows("seams", sensors=variant[0], alerting=variant[1])


def _finding(sky: Sky) -> str:
    parts = []
    for variant in sky.steps:
        rows = _of(sky, variant)
        people = sum(r["people"] for r in rows)
        if people > 0:
            mean = sum(r["people"] * r["minutes_mean"] for r in rows) / people
            in_time = sum(r["people"] * r["in_time"] for r in rows) / people
            parts.append(f"{VARIANTS[variant]} {minutes(mean)} ({words.percent(in_time)} in time)")
    return f"Minutes of warning of people reached from another state: {'; '.join(parts)}." if parts else ""


def _ranged(study: Study, sky: Sky, pair: tuple[str, str]) -> Ranged | None:
    marks = [
        Mark(STEP_DOTS[v], float(r["minutes_mean"]), VARIANTS[v])
        for v in sky.steps
        for r in _of(sky, v)
        if (r["from_state"], r["state"]) == pair
    ]
    if not marks:
        return None
    names = [study.name("states", state) for state in pair]
    values = [m.value for m in marks]
    return Ranged(" ".join(pair), f"{names[0]} to {names[1]}", marks, None, (min(values), max(values)))


def _table(study: Study, sky: Sky, pairs: Sequence[tuple[str, str]]) -> Table:
    found = {(r["from_state"], r["state"], r["sensors"], r["alerting"]): r for r in sky.table("seams")}
    listed = [row for pair in pairs for v in VARIANTS if (row := found.get((*pair, *v)))]
    rows: list[list[Cell]] = [
        [
            state_cell(study, r["from_state"]),
            state_cell(study, r["state"]),
            text_cell(variant_word((r["sensors"], r["alerting"]))),
            people_cell(r["people"]),
            *(minutes_cell(r[f"minutes_{name}"]) for name in ("mean", "p10", "p50", "p90")),
            share_cell(r["warned"]),
            share_cell(r["in_time"]),
        ]
        for r in listed
    ]
    heads = [
        "From", "To", "Variant", "People passed by a track", "Minutes, mean", "10 of 100 have less", "Half",
        "90 of 100 have less", "Warned before it arrives", "In time",
    ]  # fmt: skip
    states = [f"{r['from_state']} {r['state']}" for r in listed]
    caption = "Warning of people whom a track reaches from another state, minutes"
    return Table("t-sky-seams", caption, heads, rows, frozenset(range(3, len(heads))), states)

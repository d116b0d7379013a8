"""What opens the section on sensors and warning: minutes, people in time, cover and money."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from vallum.report import words
from vallum.report.figures.charts import Mark, Ranged, ranges, state_cell
from vallum.report.figures.sky.common import (
    ALL_STATES,
    minutes,
    minutes_cell,
    mode_key,
    of_sky,
    people_cell,
    sentence,
    share_cell,
    variant_word,
)
from vallum.report.figures.sky.maps import shapes
from vallum.report.held import Row
from vallum.report.parts import Cell, Figure, Table, legend, text_cell
from vallum.report.sky import ALL, STEPS, VARIANTS, Sky, Variant
from vallum.report.study import Study
from vallum.report.svg import el

WARNED = ("minutes_mean", "mean_low", "mean_high", "minutes_p10", "minutes_p50", "minutes_p90")


@of_sky("the-sky", "Who sees it, who is told")
def figure(study: Study, sky: Sky, key: str, title: str) -> Figure:
    """Set the variants side by side in large numbers, and draw their minutes for each state."""
    band = _band(sky)
    items = [
        ("dot-together", "mean over tracks and people"),
        ("range", "range of the mean by the assumptions"),
        ("range wide", "80 of 100 people and tracks are within"),
    ]
    chart = _minutes(study, sky)
    parts = [shapes(sky), band, legend(items) if chart else Markup(""), chart]
    return Figure(
        key,
        title,
        _finding(sky),
        Markup("").join(parts) if band or chart else Markup(""),
        [_table(study, sky)] if sky.variants else [],
        (),
        ("warning_total", "loss", "search"),
        "Minutes are from the alert to the arrival of the track; below zero the alert comes too late. In "
        "time: early enough to get to shelter. The mean is over random tracks and the people they pass. The "
        "range of the mean goes from every delay at its long end and every sight at its low end to the "
        "reverse.",
        of="sky",
    )


def _finding(sky: Sky) -> str:
    rows = [(v, row) for v in sky.steps if (row := sky.total(v))]
    if not rows:
        return "The siting has no warning: no track was followed."
    means = "; ".join(f"{VARIANTS[v]} {minutes(r['minutes_mean'])}" for v, r in rows)
    in_time = "; ".join(f"{VARIANTS[v]} {words.percent(r['in_time'])}" for v, r in rows)
    return (
        f"Minutes of warning, mean over tracks and the people they pass: {means}. "
        f"Warned early enough to get to shelter: {in_time}."
    )


def _band(sky: Sky) -> Markup:
    rows = (
        [_warned(v, row) for v in sky.steps if (row := sky.total(v))],
        [box for box in (_covered(sky), _paid(sky)) if box],
    )
    return Markup("").join(el("div", *boxes, class_="band narrow") for boxes in rows if boxes)


def _box(label: str, value: str, unit: str, detail: str) -> Markup:
    return el(
        "div",
        el("p", label, class_="label"),
        el("p", value, el("span", f" {unit}", class_="unit") if unit else None, class_="big"),
        el("p", detail, class_="detail"),
        class_="headline",
    )


def _warned(variant: Variant, row: Row) -> Markup:
    detail = (
        f"{minutes(row['mean_low'])} to {minutes(row['mean_high'])} by the assumptions; 80 of 100 have "
        f"{minutes(row['minutes_p10'])} to {minutes(row['minutes_p90'])}. In time: "
        f"{words.number(row['people_in_time'])} of {words.number(row['people'])} people a track."
    )
    return _box(variant_word(variant), minutes(row["minutes_mean"]), "min", detail)


def _covered(sky: Sky) -> Markup | None:
    found = {mode: row for mode in sky.modes if (row := sky.covered(mode))}
    if not found:
        return None
    parts = []
    for mode, row in found.items():
        gap = max((r["gap"] for r in sky.proof(mode)), default=None)
        proven = f", siting within {words.percent(gap, 1)} of the best" if gap is not None else ""
        parts.append(
            f"{mode_key(mode)}: by one kind {words.percent(row['one'])}, by enough kinds "
            f"{words.percent(row['enough'])}{proven}"
        )
    value = " → ".join(words.percent(row["enough"]) for row in found.values())
    names = " → ".join(mode_key(mode) for mode in found)
    return _box(f"Tracks seen by enough kinds, {names}", value, "", sentence("; ".join(parts)))


def _paid(sky: Sky) -> Markup | None:
    found = {mode: rows for mode in sky.modes if (rows := sky.proof(mode))}
    if not found:
        return None
    spent = {mode: sum(r["spent_meur"] for r in rows) for mode, rows in found.items()}
    budget = {mode: sum(r["budget_meur"] for r in rows) for mode, rows in found.items()}
    parts = [f"{mode_key(m)}: {words.money(spent[m])} of {words.money(budget[m])}" for m in found]
    detail = f"{sentence('; '.join(parts))} Price, upkeep, crew and replacement for the years of service."
    return _box("Money for sensors", words.money(spent[sky.main]), "", detail)


def _minutes(study: Study, sky: Sky) -> Markup:
    panels = []
    for i, state in enumerate((ALL, *study.members)):
        rows = [_ranged(study, v, row, state) for v in sky.steps if (row := sky.total(v, state))]
        if rows:
            name = study.name("states", state) if state else "All states"
            panels.append(ranges(f"sky-total-{i}", f"{name}: minutes of warning", rows, words.compact))
    return el("div", *panels, class_="pair") if panels else Markup("")


def _ranged(study: Study, variant: Variant, row: Row, state: str) -> Ranged:
    mark = Mark("dot-together" if variant != STEPS[0] else "dot-official", row["minutes_mean"], "mean")
    return Ranged(
        state or " ".join(study.members),
        variant_word(variant),
        [mark],
        (row["mean_low"], row["mean_high"]),
        (row["minutes_p10"], row["minutes_p90"]),
    )


def _table(study: Study, sky: Sky) -> Table:
    listed: Sequence[Row] = [
        row for state in (ALL, *study.members) for v in sky.variants if (row := sky.total(v, state))
    ]
    rows: list[list[Cell]] = [
        [
            state_cell(study, r["state"]) if r["state"] else text_cell(ALL_STATES),
            text_cell(variant_word((r["sensors"], r["alerting"]))),
            *(minutes_cell(r[name]) for name in WARNED),
            share_cell(r["warned"]),
            share_cell(r["in_time"]),
            people_cell(r["people"]),
            people_cell(r["people_in_time"]),
        ]
        for r in listed
    ]
    heads = [
        "State", "Variant", "Minutes, mean", "Least by the assumptions", "Most by the assumptions",
        "10 of 100 have less", "Half", "90 of 100 have less", "Warned before it arrives", "In time",
        "People passed by a track", "Of them in time",
    ]  # fmt: skip
    states = [str(r["state"]) or " ".join(study.members) for r in listed]
    caption = "Warning by variant, minutes from the alert to the arrival"
    return Table("t-sky", caption, heads, rows, frozenset(range(2, len(heads))), states)

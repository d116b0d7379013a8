"""A warning of the past, done again with joint alerting, with sensors, and with both."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from vallum.report import svg, words
from vallum.report.figures.charts import state_cell
from vallum.report.figures.sky.common import (
    capital,
    minutes,
    minutes_cell,
    of_sky,
    people_cell,
    share_cell,
    spelled,
)
from vallum.report.held import Row
from vallum.report.parts import Cell, Figure, Table, legend, text_cell
from vallum.report.sky import Sky
from vallum.report.study import Study
from vallum.report.svg import el

DAY = 24 * 60
HAPPENED = "happened"
#: Variants in order: class of the style sheet of the dot and of its range.
VARIANTS = {
    HAPPENED: "official",
    "joint alerting": "budget",
    "sensors": "alone",
    "sensors and joint alerting": "together",
}
STEPS = (1, 2, 5, 10, 15, 30, 60, 120, 180, 360, 720)
LABEL, LANE = 20.0, 11.0


@dataclass(frozen=True)
class Axis:
    """Minutes after midnight that a picture covers, and the step of its ticks."""

    low: float
    high: float
    step: float

    def x(self, value: float) -> str:
        """Place of a minute, a percentage of the width."""
        return svg.pct(0.04 + 0.92 * (value - self.low) / (self.high - self.low))

    @property
    def ticks(self) -> list[float]:
        """Minutes with a tick."""
        return [self.low + i * self.step for i in range(round((self.high - self.low) / self.step) + 1)]


@of_sky("sky-replay", "A warning of the past, done again")
def figure(study: Study, sky: Sky, key: str, title: str) -> Figure:
    """Draw events and alerts of each case on one axis of time."""
    cases = sorted({str(r["case_id"]) for name in ("replay_events", "replay") for r in sky.table(name)})
    panels = [_panel(sky, i, case) for i, case in enumerate(cases)]
    items = [
        (f"dot-{kind}", f"alert, {name}" if name != HAPPENED else "as it happened")
        for name, kind in VARIANTS.items()
    ]
    items.append(("range", "alert in 80 of 100 runs"))
    return Figure(
        key,
        title,
        _finding(sky, cases),
        Markup("").join([legend(items), *panels]) if panels else Markup(""),
        [_alerts(study, sky), _events(study, sky)] if panels else [],
        (),
        ("replay", "replay_events"),
        "Local time. The dot of a variant is the alert in half of the runs. Delays are drawn from their "
        "assumed ranges; when the track crossed the border is not known and is drawn as well. Sensors may "
        "miss a track: then the call of people counts. A gain below zero is an alert later than it happened.",
        "The region has no warning of the past that could be done again.",
        of="sky",
    )


def clock(value: float) -> str:
    """Write minutes after midnight as a time of day."""
    day, rest = divmod(round(value), DAY)
    text = f"{rest // 60:02}:{rest % 60:02}"
    return f"{text} ({words.signed(day)} d)" if day else text


def axis_of(values: Sequence[float]) -> Axis:
    """Return an axis in round steps of the clock that holds all values."""
    low, high = min(values), max(values)
    step = next((s for s in STEPS if (high - low) / s <= 6), math.ceil((high - low) / 6 / DAY) * DAY)
    first, last = math.floor(low / step) * step, math.ceil(high / step) * step
    return Axis(first, last if last > first else first + step, step)


def _finding(sky: Sky, cases: Sequence[str]) -> str:
    parts = []
    for case in cases:
        rows = sky.rows("replay", case_id=case)
        gains = [
            f"{variant} {minutes(_mean(found, 'gain_p50'))} ({minutes(_mean(found, 'gain_p10'))} to "
            f"{minutes(_mean(found, 'gain_p90'))})"
            for variant in VARIANTS
            if variant != HAPPENED and (found := [r for r in rows if r["variant"] == variant])
        ]
        people = sum(r["people"] for r in rows if r["variant"] == HAPPENED)
        if gains:
            parts.append(
                f"{capital(spelled(case))}, {words.number(people)} people: minutes earlier than it "
                f"happened, mean over people, in half of the runs (and 10 and 90 of 100): {'; '.join(gains)}"
            )
    return ". ".join(parts) + "." if parts else ""


def _mean(rows: Sequence[Row], column: str) -> float:
    people = sum(r["people"] for r in rows)
    return float(sum(r["people"] * r[column] for r in rows) / people) if people > 0 else 0.0


def _panel(sky: Sky, i: int, case: str) -> Markup:
    events = sorted(sky.rows("replay_events", case_id=case), key=lambda r: (r["minute"], r["event_id"]))
    rows = sky.rows("replay", case_id=case)
    places = sorted({str(r["place_id"]) for r in rows}, key=lambda key: (sky.place(key), key))
    values = [v for r in events for v in (r["minute"], r["minute_low"], r["minute_high"]) if v is not None]
    values += [r[name] for r in rows for name in ("alert_p10", "alert_p50", "alert_p90")]
    axis = axis_of(values)
    body: list[Markup] = []
    top = 0.0
    for event in events:
        body.append(_event(axis, event, top))
        top += LABEL + LANE + 4.0
    for place in places:
        own = {str(r["variant"]): r for r in rows if r["place_id"] == place}
        body.append(_place(sky, axis, place, own, top))
        top += LABEL + LANE * len(own) + 6.0
    ground = [el("line", x1=axis.x(m), x2=axis.x(m), y1=0, y2=top, class_="grid") for m in axis.ticks] + [
        el("text", clock(m), x=axis.x(m), y=top + 16, class_="tick mid") for m in axis.ticks
    ]
    title = f"{capital(spelled(case))}: reports and alerts by time of day"
    said = "; ".join(f"{clock(r['minute'])} {r['name']}" for r in events)
    said = f"{said}. The table has the alerts of each variant."
    picture = svg.chart(f"c-sky-replay-{i}", title, said, top + 22.0, *ground, *body)
    return el("div", el("p", title, class_="panel-title"), picture)


def _event(axis: Axis, row: Row, top: float) -> Markup:
    low = row["minute"] if row["minute_low"] is None else row["minute_low"]
    high = row["minute"] if row["minute_high"] is None else row["minute_high"]
    label = f"{clock(row['minute'])} {words.short_name(str(row['name']), 52)}"
    line = top + LABEL + LANE / 2
    said = f"{row['name']}: {clock(row['minute'])}, {clock(low)} to {clock(high)}"
    return el(
        "g",
        el("text", label, x="0", y=top + 14, class_="label halo"),
        el("line", x1=axis.x(low), x2=axis.x(high), y1=line, y2=line, class_="range wide"),
        el("circle", el("title", said), cx=axis.x(row["minute"]), cy=line, r=5, class_="dot-official"),
        data_states=row["state"],
    )


def _place(sky: Sky, axis: Axis, place: str, own: dict[str, Row], top: float) -> Markup:
    state = next(iter(own.values()))["state"]
    people = words.number(next(iter(own.values()))["people"])
    drawn = [el("text", f"{sky.place(place)}, {people} people", x="0", y=top + 14, class_="label halo")]
    known = [name for name in VARIANTS if name in own]
    for i, variant in enumerate([*known, *sorted(set(own) - set(known))]):
        row, line = own[variant], top + LABEL + LANE * (i + 0.5)
        kind = VARIANTS.get(variant, "budget")
        said = (
            f"{sky.place(place)}, {variant}: alert {clock(row['alert_p50'])}, "
            f"{clock(row['alert_p10'])} to {clock(row['alert_p90'])} in 80 of 100 runs"
        )
        ends = {"x1": axis.x(row["alert_p10"]), "x2": axis.x(row["alert_p90"]), "y1": line, "y2": line}
        drawn.append(el("line", **ends, class_=f"range range-{kind}"))
        drawn.append(
            el("circle", el("title", said), cx=axis.x(row["alert_p50"]), cy=line, r=4.5, class_=f"dot-{kind}")
        )
    return el("g", *drawn, data_states=state)


def _clock_cell(value: float | None) -> Cell:
    return text_cell(None) if value is None else Cell(clock(value), value)


def _alerts(study: Study, sky: Sky) -> Table:
    order = list(VARIANTS)
    listed = sorted(
        sky.table("replay"),
        key=lambda r: (
            r["case_id"], sky.place(r["place_id"]), r["place_id"],
            order.index(r["variant"]) if r["variant"] in order else len(order), r["variant"],
        ),
    )  # fmt: skip
    rows: list[list[Cell]] = [
        [
            text_cell(spelled(r["case_id"])),
            text_cell(sky.place(r["place_id"]), str(r["place_id"])),
            state_cell(study, r["state"]),
            people_cell(r["people"]),
            text_cell(r["variant"]),
            *(_clock_cell(r[f"alert_{p}"]) for p in ("p10", "p50", "p90")),
            *(minutes_cell(r[f"gain_{p}"]) for p in ("p10", "p50", "p90")),
            share_cell(r["later"]),
        ]
        for r in listed
    ]
    heads = [
        "Case", "Place", "State", "People", "Variant", "Alert, 10 of 100 runs earlier", "Half",
        "90 of 100 earlier", "Minutes gained, 10 of 100 gain less", "Half", "90 of 100 gain less",
        "Runs later than it happened",
    ]  # fmt: skip
    heads[6], heads[9] = "Alert, half of the runs", "Minutes gained, half"
    states = [str(r["state"]) for r in listed]
    caption = "Alerts of the case and minutes earlier than it happened"
    return Table("t-sky-replay", caption, heads, rows, frozenset({3, *range(5, 12)}), states)


def _events(study: Study, sky: Sky) -> Table:
    listed = sorted(sky.table("replay_events"), key=lambda r: (r["case_id"], r["minute"], r["event_id"]))
    rows: list[list[Cell]] = [
        [
            text_cell(spelled(r["case_id"])),
            _clock_cell(r["minute"]),
            _clock_cell(r["minute_low"]),
            _clock_cell(r["minute_high"]),
            text_cell(r["event"]),
            text_cell(r["name"]),
            state_cell(study, r["state"]),
            text_cell(", ".join(sky.place(p) for p in str(r["places"]).split(";") if p)),
            people_cell(r["people"]),
            text_cell(r["source"]),
            text_cell(r["confidence"]),
        ]
        for r in listed
    ]
    heads = [
        "Case", "Time", "Earliest", "Latest", "Event", "What happened", "State", "Places", "People", "Source",
        "Confidence",
    ]  # fmt: skip
    states = [str(r["state"]) for r in listed]
    return Table("t-sky-events", "What happened", heads, rows, frozenset({1, 2, 3, 8}), states)

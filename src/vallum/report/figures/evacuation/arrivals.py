"""How many have arrived by which hour, alone and together, and how that varies."""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from vallum.report import svg, words
from vallum.report.evacuation import Evacuation
from vallum.report.figures.charts import HEIGHT, Mark, Ranged, ranges
from vallum.report.figures.evacuation.common import (
    GROUPS,
    group_word,
    hour_word,
    hours,
    mode_cell,
    modes_of,
    of_evacuation,
    pairs,
    parts_of,
    per_scenario,
    scenario_cell,
)
from vallum.report.figures.sky.common import capital, mode_key, mode_word, people_cell
from vallum.report.parts import Cell, Figure, Table, legend
from vallum.report.study import Study
from vallum.report.svg import el

LINES = {"car": "line-p1", "bus": "line-p3", "train": "line-p4"}
#: People by hour.
Curve = Mapping[float, int]


@dataclass(frozen=True)
class Curved:
    """One curve: its name, class of the style sheet, and people by hour."""

    name: str
    kind: str
    values: Curve


@of_evacuation("evac-arrivals", "Who has arrived when")
def figure(study: Study, evacuation: Evacuation, key: str, title: str) -> Figure:
    """Draw arrivals over hours: both modes in one picture, then groups in one for each mode."""
    body = per_scenario(evacuation, lambda i, scenario: _block(study, evacuation, i, scenario))
    return Figure(
        key,
        title,
        _finding(evacuation),
        body,
        [_table(evacuation)] if body else [],
        (),
        ("arrivals", "summary", "samples"),
        "An upright line is the time before which no evacuation by these roads is done; without one it is "
        "not known, or not all can arrive. In the random "
        "runs some stay and some start late; the range goes from half of the runs to 90 of 100.",
        "The plan of evacuation has no arrivals.",
        of="evacuation",
    )


def curves(evacuation: Evacuation, scenario: str, mode: str) -> dict[str, dict[float, int]]:
    """People who have arrived by the end of each step, by group."""
    found: dict[str, dict[float, int]] = defaultdict(dict)
    for row in sorted(evacuation.of("arrivals", scenario, mode), key=lambda r: r["hour"]):
        found[str(row["group"])][float(row["hour"])] = int(row["arrived"])
    return dict(found)


def summed(groups: Mapping[str, Curve]) -> dict[float, int]:
    """Add groups: at each hour the last number of each counts."""
    at = sorted({hour for values in groups.values() for hour in values})
    last = dict.fromkeys(groups, 0)
    found = {}
    for hour in at:
        for group, values in groups.items():
            last[group] = values.get(hour, last[group])
        found[hour] = sum(last.values())
    return found


def _finding(evacuation: Evacuation) -> str:
    parts = []
    for scenario in evacuation.scenarios[:1]:
        for mode in modes_of(evacuation, "arrivals", scenario):
            groups = curves(evacuation, scenario, mode)
            ends = {group: max(values.values()) for group, values in groups.items()}
            told = ", ".join(f"{words.number(ends[g])} {group_word(g)}" for g in GROUPS if ends.get(g))
            parts.append(f"{mode_key(mode)} {told or 'nobody'}")
    name = evacuation.scenario(evacuation.scenarios[0]) if parts else ""
    return f"{name}, people who arrive: {'; '.join(parts)}." if parts else ""


def _block(study: Study, evacuation: Evacuation, i: int, scenario: str) -> list[Markup]:
    modes = modes_of(evacuation, "arrivals", scenario)
    if not modes:
        return []
    found = {mode: curves(evacuation, scenario, mode) for mode in modes}
    soonest = {
        mode: float(row["quickest_bound"])
        for mode in modes
        if (row := evacuation.summary(scenario, mode)) and row["quickest_bound"] is not None
    }
    panels = [
        _panel(
            f"evac-arrivals-{i}",
            "People who have arrived",
            [Curved(mode_key(m), f"line-{mode_key(m)}", summed(found[m])) for m in modes],
            soonest,
        )
    ]
    panels += [
        _panel(
            f"evac-arrivals-{i}-{mode_key(m)}",
            f"{mode_word(m)}, by group",
            [Curved(group_word(g), LINES.get(g, "line-open"), v) for g, v in found[m].items()],
            {},
        )
        for m in modes
    ]
    groups = [g for g in GROUPS if any(g in found[m] for m in modes)]
    items = [(f"line-{mode_key(m)}", mode_key(m)) for m in modes]
    items += [(LINES[g], group_word(g)) for g in groups]
    items += [("limit", "no evacuation is done sooner")] if soonest else []
    return [legend(items), el("div", *panels, class_="small"), *_varied(study, evacuation, i, scenario)]


def _panel(key: str, title: str, drawn: Sequence[Curved], soonest: Mapping[str, float]) -> Markup:
    last = max([0.25, *soonest.values(), *(max(c.values) for c in drawn)])
    marks = svg.ticks(0.0, max([1, *(max(c.values.values()) for c in drawn)]), 5)
    floor, parts = HEIGHT - 22.0, parts_of(last)
    end = parts.length * parts.count

    def y(value: float) -> float:
        return floor - (floor - 12.0) * value / marks[-1]

    lines = [
        svg.polyline([(h / end, y(v)) for h, v in ((0.0, 0), *_corners(c.values))], c.kind) for c in drawn
    ]
    upright = [
        el(
            "line",
            el("title", f"{mode_word(mode)}, no evacuation is done sooner: {hours(hour)} h"),
            x1=svg.pct(hour / end),
            x2=svg.pct(hour / end),
            y1=12,
            y2=floor,
            class_=f"limit limit-{mode_key(mode)}",
        )
        for mode, hour in soonest.items()
    ]
    every = 1 + parts.count // 6
    ticks = [
        el("text", parts.head(i - 1), x=svg.pct(i / parts.count), y=HEIGHT - 5, class_="tick mid")
        for i in range(0, parts.count + 1, every)
    ]
    said = "; ".join(
        f"{c.name}: {words.number(max(c.values.values()))} by hour {hours(_end(c.values))}" for c in drawn
    )
    picture = svg.chart(
        f"c-{key}", title, f"{said}. The table has the hours.", HEIGHT,
        svg.grid(marks, [y(m) for m in marks], [_short(m) for m in marks]),
        svg.stretched(HEIGHT, *lines), *upright,
        *(_told(drawn, parts.length, i, parts.count) for i in range(parts.count)), *ticks, class_="axis",
    )  # fmt: skip
    return el("div", el("p", title, class_="panel-title"), picture)


def _short(people: float) -> str:
    return words.compact(people) if people < 10_000 else f"{words.compact(people / 1000)}k"


def _corners(values: Curve) -> list[tuple[float, int]]:
    """Leave out the hours between two of the same number: a line through the rest is the same."""
    listed = sorted(values.items())
    inner = [b for a, b, c in zip(listed, listed[1:], listed[2:], strict=False) if not a[1] == b[1] == c[1]]
    return [*listed[:1], *inner, *listed[-1:]]


def _end(values: Curve) -> float:
    """First hour at which the last number is reached."""
    most = max(values.values())
    return min(hour for hour, value in values.items() if value == most)


def at_hour(values: Curve, hour: float) -> int:
    """People who have arrived by an hour."""
    return max((v for h, v in values.items() if h <= hour + 1e-9), default=0)


def _told(drawn: Sequence[Curved], length: float, i: int, n: int) -> Markup:
    """Return the invisible column of a part of time, which tells its numbers."""
    hour = (i + 1) * length
    told = "; ".join(f"{c.name} {words.number(at_hour(c.values, hour))}" for c in drawn)
    box = {"x": svg.pct(i / n), "width": svg.pct(1 / n), "y": 0, "height": HEIGHT - 20}
    return el("rect", el("title", f"By hour {hour_word(hour)}: {told}"), **box, class_="tell")


def _varied(study: Study, evacuation: Evacuation, i: int, scenario: str) -> list[Markup]:
    rows = []
    for mode in evacuation.modes:
        row, sample = evacuation.summary(scenario, mode), evacuation.sampled(scenario, mode)
        if sample and row and row["hours_95"] is not None:
            marks = [
                Mark("dot-together", float(row["hours_95"]), "as planned"),
                Mark("dot-official", float(sample["hours_95_p50"]), "half of the runs"),
            ]
            ends = (float(sample["hours_95_p50"]), float(sample["hours_95_p90"]))
            rows.append(Ranged(" ".join(study.members), mode_word(mode), marks, ends))
    if not rows:
        return []
    items = [
        ("dot-together", "as planned"),
        ("dot-official", "half of the random runs"),
        ("range", "up to 90 of 100 runs"),
    ]
    title = "Hours until 95 of 100 of those who arrive are there"
    return [ranges(f"evac-varied-{i}", title, rows, words.compact), legend(items)]


def _table(evacuation: Evacuation) -> Table:
    """Whole parts of time are enough for reading; the folder has every step."""
    rows: list[list[Cell]] = []
    for scenario, mode in pairs(evacuation):
        groups = curves(evacuation, scenario, mode)
        last = max(itertools.chain.from_iterable(groups.values()), default=0.0)
        parts = parts_of(last)
        for i in range(parts.count if groups else 0):
            hour = (i + 1) * parts.length
            found = {g: at_hour(values, hour) for g, values in groups.items()}
            rows.append(
                [
                    scenario_cell(evacuation, scenario),
                    mode_cell(mode),
                    Cell(hour_word(hour), hour),
                    *(people_cell(found.get(g, 0)) for g in GROUPS),
                    people_cell(sum(found.values())),
                ]
            )
    heads = ["Scenario", "Evacuation", "By hour", *(capital(group_word(g)) for g in GROUPS), "All"]
    caption = "People who have arrived; the folder has every step"
    return Table("t-evac-arrivals", caption, heads, rows, frozenset(range(2, len(heads))))

"""What opens the section on evacuation: people, hours, who is left, and how it varies."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping

from markupsafe import Markup

from vallum.report import words
from vallum.report.evacuation import Evacuation
from vallum.report.figures.evacuation.common import (
    arrow,
    hours,
    hours_cell,
    mode_cell,
    modes_label,
    of_evacuation,
    pairs,
    scenario_cell,
)
from vallum.report.figures.sky.common import mode_key, people_cell, sentence
from vallum.report.held import Row
from vallum.report.parts import Cell, Figure, Table, number_cell
from vallum.report.study import Study
from vallum.report.svg import el

#: Reasons why people do not arrive.
REASONS = {
    "no way": "no way within the time",
    "road": "roads",
    "places": "places",
    "vehicles": "vehicles",
}
Rows = Mapping[str, Row]


@of_evacuation("getting-out", "How long it takes to get everyone out")
def figure(study: Study, evacuation: Evacuation, key: str, title: str) -> Figure:
    """Set alone and together side by side in large numbers, for each scenario."""
    del study
    blocks = [_block(evacuation, scenario) for scenario in evacuation.scenarios]
    body = Markup("").join(block for block in blocks if block)
    tables = [_table(evacuation), _samples(evacuation)]
    return Figure(
        key,
        title,
        _finding(evacuation),
        body,
        [table for table in tables if table.rows],
        (),
        ("summary", "samples", "unserved"),
        "Alone, people stay in their state and its borders are closed to them. Together, all states receive "
        "all and the border crossings are open. Hours run from the order; 50, 95 and 100 of 100 are of those "
        "who arrive. Buses and trains go first, cars take the room that is left. People drive as the plan "
        "tells them, so the hours are bounds for planning, not a forecast.",
        of="evacuation",
    )


def reason_word(reason: object) -> str:
    """Say in a few words why people do not arrive."""
    return REASONS.get(str(reason), str(reason))


def _summaries(evacuation: Evacuation, scenario: str) -> dict[str, Row]:
    return {m: row for m in evacuation.modes if (row := evacuation.summary(scenario, m))}


def _finding(evacuation: Evacuation) -> str:
    parts = []
    for scenario in evacuation.scenarios:
        rows = _summaries(evacuation, scenario)
        if rows:
            times = "; ".join(_timed(mode, row) for mode, row in rows.items())
            people = words.number(next(iter(rows.values()))["people"])
            parts.append(f"{evacuation.scenario(scenario)}, {people} people: {times}")
    return ". ".join(parts) + "." if parts else "The plan of evacuation has no results."


def _timed(mode: str, row: Row) -> str:
    said = f"{mode_key(mode)} 95 of 100 of those who arrive are there after {hours(row['hours_95'])} hours"
    if row["hours_95"] is None:
        said = f"{mode_key(mode)} nobody arrives"
    return f"{said}, {_left(row)}"


def _left(row: Row) -> str:
    return f"{words.number(row['unserved'])} do not arrive" if row["unserved"] else "all arrive"


def _block(evacuation: Evacuation, scenario: str) -> Markup | None:
    rows = _summaries(evacuation, scenario)
    if not rows:
        return None
    boxes = [_unserved(evacuation, scenario, rows), _clearance(rows)]
    sampled = {m: row for m in rows if (row := evacuation.sampled(scenario, m))}
    if sampled:
        boxes.append(_sampled(sampled))
    name = evacuation.scenario(scenario)
    return el(
        "section",
        el("h3", name),
        el("div", *boxes, class_="band"),
        class_="state-block",
        aria_label=name,
    )


def _box(label: str, value: str, detail: str) -> Markup:
    return el(
        "div",
        el("p", label, class_="label"),
        el("p", value, class_="big"),
        el("p", detail, class_="detail"),
        class_="headline",
    )


def _each(rows: Rows, write: Callable[[Row], str]) -> str:
    return "; ".join(f"{mode_key(mode)} {write(row)}" for mode, row in rows.items())


def _clearance(rows: Rows) -> Markup:
    half = _each(rows, lambda r: hours(r["hours_50"]))
    everyone = _each(rows, lambda r: hours(r["hours_100"]))
    least = _each(rows, lambda r: hours(r["quickest_bound"]))
    proven = _each(rows, _proven)
    label = f"Hours until 95 of 100 of those who arrive are there, {modes_label([*rows])}"
    value = arrow([hours(r["hours_95"]) for r in rows.values()])
    detail = (
        f"Half: {half}. All who arrive: {everyone}. None is done sooner than: {least}. "
        f"Arrivals: {proven}.{_uneven(rows)}"
    )
    return _box(label, value, detail)


def _uneven(rows: Rows) -> str:
    """Warn that hours of different numbers of people do not compare."""
    served = {row["served"] for row in rows.values()}
    return " Not as many arrive in both, so their hours do not compare." if len(served) > 1 else ""


def _proven(row: Row) -> str:
    """Say how far the arrivals may be from the best."""
    if row["gap"] is None:
        return "distance from the best not known"
    return f"within {words.percent(max(0.0, row['gap']), 1)} of the best"


def _unserved(evacuation: Evacuation, scenario: str, rows: Rows) -> Markup:
    parts = []
    for mode in rows:
        why: dict[str, int] = defaultdict(int)
        for row in evacuation.of("unserved", scenario, mode):
            why[str(row["reason"])] += int(row["people"])
        listed = ", ".join(
            f"{reason_word(reason)} {words.number(n)}"
            for reason, n in sorted(why.items(), key=lambda pair: (-pair[1], pair[0]))
            if n
        )
        least = rows[mode]["unserved_bound"]
        fewest = f", at least {words.number(least)} by any plan" if listed else ""
        parts.append(f"{mode_key(mode)}: {listed or 'nobody is left'}{fewest}")
    value = arrow([words.number(row["unserved"]) for row in rows.values()])
    people = words.number(next(iter(rows.values()))["people"])
    label = f"Of {people} people who are to leave do not arrive, {modes_label([*rows])}"
    places = _each(rows, lambda r: words.number(r["places"]))
    return _box(label, value, f"{sentence('; '.join(parts))} Places: {places}.")


def _sampled(rows: Rows) -> Markup:
    late = _each(rows, lambda r: hours(r["hours_95_p90"]))
    everyone = _each(rows, lambda r: f"{hours(r['hours_100_p50'])} ({hours(r['hours_100_p90'])})")
    first = next(iter(rows.values()))
    detail = (
        f"In 90 of 100 runs at most: {late}. All who arrive, half of the runs (90 of 100): {everyone}. "
        f"{words.number(first['people_p10'])} to {words.number(first['people_p90'])} people leave in 80 of "
        f"100 of {words.plural(first['runs'], 'run')}."
    )
    label = f"The same, if not all comply and some start late, {modes_label([*rows])}"
    return _box(label, arrow([hours(r["hours_95_p50"]) for r in rows.values()]), detail)


def _table(evacuation: Evacuation) -> Table:
    listed = [row for pair in pairs(evacuation) if (row := evacuation.summary(*pair))]
    rows: list[list[Cell]] = [
        [
            scenario_cell(evacuation, r["scenario_id"]),
            mode_cell(r["mode"]),
            *(people_cell(r[name]) for name in ("people", "places", "served", "unserved")),
            *(hours_cell(r[f"hours_{name}"]) for name in ("50", "95", "100", "mean")),
            hours_cell(r["quickest_bound"]),
            Cell(words.percent(r["gap"], 1), r["gap"]),
        ]
        for r in listed
    ]
    heads = [
        "Scenario", "Evacuation", "People who are to leave", "Places", "Arrive", "Do not arrive",
        "Hours, 50 of 100", "95 of 100", "100 of 100", "Mean", "None is done sooner than", "Gap",
    ]  # fmt: skip
    caption = "People and hours; the shares are of those who arrive"
    return Table("t-evac", caption, heads, rows, frozenset(range(2, len(heads))))


def _samples(evacuation: Evacuation) -> Table:
    listed = [row for pair in pairs(evacuation) if (row := evacuation.sampled(*pair))]
    rows: list[list[Cell]] = [
        [
            scenario_cell(evacuation, r["scenario_id"]),
            mode_cell(r["mode"]),
            number_cell(r["runs"], 0),
            people_cell(r["people_p10"]),
            people_cell(r["people_p90"]),
            *(hours_cell(r[f"hours_{name}"]) for name in ("95_p50", "95_p90", "100_p50", "100_p90")),
            people_cell(r["unserved_p90"]),
        ]
        for r in listed
    ]
    heads = [
        "Scenario", "Evacuation", "Runs", "People who leave, 10 of 100 runs have fewer",
        "90 of 100 have fewer", "Hours, 95 of 100 people, half of the runs",
        "95 of 100 people, 90 of 100 runs", "All who arrive, half of the runs",
        "All who arrive, 90 of 100 runs", "Do not arrive, 90 of 100 runs have fewer",
    ]  # fmt: skip
    caption = "Random compliance and start"
    return Table("t-evac-samples", caption, heads, rows, frozenset(range(2, len(heads))))

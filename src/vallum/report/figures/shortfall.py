"""Shortfall over time and by state, class and year."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from markupsafe import Markup

from vallum.report import svg, words
from vallum.report.held import Row
from vallum.report.parts import (
    Cell,
    Figure,
    HeatCell,
    Table,
    heat_legend,
    heat_table,
    legend,
    number_cell,
    text_cell,
)
from vallum.report.study import ModePlan, Study
from vallum.report.svg import el

INPUTS = ("needs", "stocks", "classes", "programmes", "lines", "line_capacity", "purses", "crews")
HEIGHT = 240.0


def yearly(plan: ModePlan) -> dict[int, float]:
    """Sum of the gap-years of each year (discounted, as level 1 counts them)."""
    found: dict[int, float] = defaultdict(float)
    for row in plan.table("stock"):
        found[int(row["year"])] += float(row["gap_years"])
    return dict(found)


def over_time(study: Study) -> Figure:
    """Draw the shortfall of every year, alone and together."""
    series = [(plan, yearly(plan)) for plan in study.plans]
    years, top = study.years, max((v for _, s in series for v in s.values()), default=0.0)
    table = Table(
        "t-shortfall-years",
        "Shortfall by year, gap-years",
        ["Year", *(plan.word for plan, _ in series)],
        [[text_cell(y), *(number_cell(s.get(y), 3) for _, s in series)] for y in years],
        frozenset(range(1, len(series) + 1)),
    )
    return Figure(
        "shortfall",
        "How the shortfall closes",
        _time_finding(series),
        _curves(study, series, top) if top > 0 else Markup(""),
        [table],
        INPUTS,
        ("stock",),
        "One gap-year: a class of weight one, missing for a year in one state; later years are discounted.",
        "No class is short in any year.",
    )


def _time_finding(series: Sequence[tuple[ModePlan, dict[int, float]]]) -> str:
    parts = []
    for plan, values in series:
        open_years = [year for year, value in values.items() if value > 1e-9]
        if not open_years:
            parts.append(f"{plan.word}, no need is left open in any year")
            continue
        peak = max(values, key=lambda year: values[year])
        parts.append(
            f"{plan.word}, it peaks in {peak} at {words.gap_years(values[peak])} gap-years and "
            f"stands at {words.gap_years(values[max(values)])} in {max(values)}"
        )
    return "; ".join(parts).capitalize() + "." if parts else ""


def _curves(study: Study, series: Sequence[tuple[ModePlan, dict[int, float]]], top: float) -> Markup:
    marks = svg.ticks(0.0, top)
    high, floor = marks[-1], HEIGHT - 24

    def y(value: float) -> float:
        return floor - (floor - 18) * value / high

    n = len(study.years)
    body: list[Markup] = [svg.grid(marks, [y(m) for m in marks], [words.compact(m) for m in marks])]
    lines, dots = [], []
    for plan, values in series:
        points = [((i + 0.5) / n, y(values.get(year, 0.0))) for i, year in enumerate(study.years)]
        lines.append(svg.polyline(points, f"line-{plan.key}"))
        for year, (x, height) in zip(study.years, points, strict=True):
            label = f"{plan.word}, {year}: {words.compact(values.get(year, 0.0))} gap-years"
            dots.append(
                el("circle", el("title", label), cx=svg.pct(x), cy=height, r=3.5, class_=f"dot-{plan.key}")
            )
    body += [svg.stretched(HEIGHT, *lines), *dots, svg.year_axis(study.years, HEIGHT - 6)]
    picture = svg.chart(
        "c-shortfall",
        "Shortfall by year",
        "Gap-years of each year; the table has the numbers.",
        HEIGHT,
        *body,
        class_="axis",
    )
    axis = el("p", "Gap-years of each year", class_="axis-title")
    return Markup("").join([axis, legend([(f"line-{p.key}", p.word) for p, _ in series]), picture])


def heat_map(study: Study) -> Figure:
    """Set the share of each need that is missing side by side, alone and together."""
    used = [
        c
        for c in study.classes
        if any(r["class_id"] == c and r["need"] > 0 for p in study.plans for r in p.table("stock"))
    ]
    blocks = []
    for state in study.members:
        panels = [_panel(study, plan, state, used) for plan in study.plans]
        name = study.name("states", state)
        blocks.append(
            el(
                "section",
                el("h3", name),
                el("div", *panels, class_="pair"),
                class_="state-block",
                data_states=state,
                aria_label=f"Shortfall of {name}",
            )
        )
    scale = heat_legend("ramp-gap", "no need that year")
    body = Markup("").join([scale, *blocks]) if used else Markup("")
    return Figure(
        "heat-map",
        "What is missing, by state, class and year",
        _heat_finding(study),
        body,
        [_heat_numbers(study)],
        INPUTS,
        ("stock",),
        "Each number is the part of the year's need that is missing, in percent; empty where it is met.",
        "The plan has no needs.",
    )


def _panel(study: Study, plan: ModePlan, state: str, classes: Sequence[str]) -> Markup:
    found = {(r["class_id"], int(r["year"])): r for r in plan.table("stock") if r["state"] == state}
    labels = [(words.short_name(study.name("classes", c)), study.name("classes", c)) for c in classes]
    rows = [[_heat_cell(found.get((c, y)), study, c) for y in study.years] for c in classes]
    table = heat_table(f"{plan.word}", labels, study.years, rows, "ramp-gap")
    return el(
        "div",
        table,
        class_="scroll",
        tabindex="0",
        role="region",
        aria_label=f"{plan.word}, {study.name('states', state)}",
    )


def _heat_cell(row: Row | None, study: Study, class_id: str) -> HeatCell:
    if row is None or row["need"] <= 0:
        return HeatCell(None)
    share = float(row["shortfall"]) / float(row["need"])
    unit = str(study.row("classes", class_id).get("unit") or "").split("(")[0].strip()
    title = (
        f"{row['year']}: {words.compact(row['shortfall'])} of {words.compact(row['need'])} missing"
        f"{f' ({unit})' if unit else ''}"
    )
    return HeatCell(share, words.percent(share).rstrip("%") if share > 1e-9 else "", title)


def _heat_finding(study: Study) -> str:
    short: dict[str, float] = defaultdict(float)
    for row in study.main.table("stock"):
        short[str(row["class_id"])] += float(row["gap_years"])
    worst = sorted((c for c in short if short[c] > 1e-9), key=lambda c: -short[c])[:3]
    if not worst:
        return "Every need is met in every year."
    listed = words.joined(f"{study.name('classes', c)} ({words.gap_years(short[c])})" for c in worst)
    return f"{study.main.word}, most gap-years remain in: {listed}."


def _heat_numbers(study: Study) -> Table:
    found: dict[tuple[str, str, int], dict[str, Row]] = defaultdict(dict)
    for plan in study.plans:
        for row in plan.table("stock"):
            found[str(row["state"]), str(row["class_id"]), int(row["year"])][plan.mode] = row
    rows: list[list[Cell]] = []
    states = []
    for state, class_id, year in sorted(found):
        modes = found[state, class_id, year]
        one = next(iter(modes.values()))
        if one["need"] <= 0:
            continue
        states.append(state)
        rows.append(
            [
                text_cell(study.name("states", state)),
                text_cell(study.name("classes", class_id)),
                text_cell(year),
                number_cell(one["need"]),
                number_cell(one["legacy"]),
                *(
                    number_cell(modes.get(p.mode, {}).get(c))
                    for p in study.plans
                    for c in ("counted", "shortfall")
                ),
            ]
        )
    heads = [
        "State",
        "Class",
        "Year",
        "Need",
        "Held",
        *(f"{p.word}: {w}" for p in study.plans for w in ("new", "missing")),
    ]
    return Table(
        "t-heat-map",
        "Need, held, new and missing, class units",
        heads,
        rows,
        frozenset(range(2, len(heads))),
        states,
    )

"""How sure the numbers are: value, bound, gap and seconds of each level, and their curve over time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup

from vallum.plan.summary import level_seconds
from vallum.report import svg, words
from vallum.report.parts import Cell, Figure, Table, legend, number_cell, text_cell
from vallum.report.study import ModePlan, Study
from vallum.report.svg import el

HEIGHT = 190.0
CHARTED = {1: "gap-years", 2: "cost in EUR million"}
LEVEL_WORDS = {"shortfall": "Shortfall, gap-years", "cost": "Cost, EUR m, discounted", "types": "Types"}


def _curve(plan: ModePlan, level: int) -> list[Mapping[str, Any]]:
    found = plan.run.get("curve")
    points = found if isinstance(found, list) else []
    return [
        p
        for p in points
        if isinstance(p, dict) and p.get("level") == level and words.is_number(p.get("seconds"))
    ]


def figure(study: Study) -> Figure:
    """Draw value and bound over time for shortfall and cost of each plan, and list all levels."""
    charts = [c for level in CHARTED for plan in study.plans if (c := _chart(plan, level))]
    key = legend([("line-value", "best plan found"), ("line-bound", "proven bound")])
    solved = any(plan.table("levels") for plan in study.plans)
    body = Markup("").join(
        [*_level_tables(study), *([key, el("div", *charts, class_="pair")] if charts else [])]
    )
    return Figure(
        "quality",
        "How sure the numbers are",
        _finding(study),
        body if solved else Markup(""),
        [_points(plan) for plan in reversed(study.plans) if plan.run.get("curve")],
        (),
        ("levels", "run"),
        "No plan can be better than the bound. The gap is what is not proven: (value - bound) / value. A "
        "later level holds the earlier ones within the tolerance of the settings.",
        "The plan has no levels.",
    )


def _finding(study: Study) -> str:
    parts = []
    for plan in study.plans:
        row = plan.levels.get("shortfall")
        if row is not None:
            gap = float(row["gap"])
            status = (
                "proven the best"
                if gap <= 1e-6
                else f"at most {words.percent(gap, 1)} from the best possible"
            )
            parts.append(f"{status} {plan.word.lower()}")
    return f"The shortfall is {words.joined(parts)}." if parts else ""


def _level_tables(study: Study) -> list[Markup]:
    head = el("tr", *(el("th", h, scope="col", class_="num" if i > 1 else None) for i, h in enumerate(
        ["Plan", "Level", "Value", "Bound", "Gap", "Seconds"])))  # fmt: skip
    body = []
    for plan in study.plans:
        for row in plan.table("levels"):
            seconds = level_seconds(plan.run, int(row["level"]), str(row["name"]))
            cells = [
                el("th", plan.word, scope="row"),
                el("td", f"{row['level']} · {LEVEL_WORDS.get(row['name'], row['name'])}"),
                *(
                    el("td", text, class_="num", data_v=value)
                    for text, value in (
                        (_level_text(row["name"], row["value"]), row["value"]),
                        (_level_text(row["name"], row["bound"]), row["bound"]),
                        (words.percent(row["gap"], 2), row["gap"]),
                        (words.number(seconds, 1), seconds),
                    )
                ),
            ]
            body.append(el("tr", *cells))
    runs = words.joined(f"{p.word.lower()}: {_run_words(p)}" for p in study.plans)
    table = el("table", el("thead", head), el("tbody", *body), class_="data levels")
    return [
        el(
            "div",
            table,
            class_="scroll",
            tabindex="0",
            role="region",
            aria_label="Value, bound, gap and seconds by level",
        ),
        el("p", f"How the runs ended: {runs}.", class_="note") if runs else Markup(""),
    ]


def _level_text(name: str, value: float | None) -> str:
    if name == "shortfall":
        return words.number(value, 3)
    return words.number(value, 0) if name == "cost" else words.compact(value)


def _run_words(plan: ModePlan) -> str:
    status = str(plan.run.get("status") or "not recorded")
    peak = next(
        (plan.run[k] for k in ("peak_memory_mb", "peak_mb", "memory_mb") if words.is_number(plan.run.get(k))),
        None,
    )
    return status + (f", peak memory {words.number(float(peak))} MB" if peak is not None else "")


def _chart(plan: ModePlan, level: int) -> Markup | None:
    points = _curve(plan, level)
    curves = {
        n: [(float(p["seconds"]), float(p[n])) for p in points if words.is_number(p.get(n))]
        for n in ("value", "bound")
    }
    if not any(curves.values()):
        return None
    everything = [v for c in curves.values() for _, v in c]
    low, high = min(everything), max(everything)
    marks = svg.ticks(low, high if high > low else low + 1.0, 3)
    times = [float(p["seconds"]) for p in points]
    start, end = 0.0 if level == 1 else min(times), max(times)
    floor = HEIGHT - 22

    def place(point: tuple[float, float]) -> tuple[float, float]:
        share = (point[1] - marks[0]) / ((marks[-1] - marks[0]) or 1.0)
        return (point[0] - start) / ((end - start) or 1.0), floor - (floor - 18) * share

    lines = [svg.polyline(_stairs([place(p) for p in c]), f"line-{n}") for n, c in curves.items() if c]
    body = [
        svg.grid(marks, [place((0, m))[1] for m in marks], [words.compact(m) for m in marks]),
        svg.stretched(HEIGHT, *lines),
        el("text", f"{words.compact(start)} s", x="0", y=HEIGHT - 5, class_="tick"),
        el("text", f"{words.compact(end)} s", x="100%", y=HEIGHT - 5, class_="tick end"),
    ]
    title = f"{plan.word}: {CHARTED[level]} over time"
    spoken = "; ".join(f"last {n} {words.compact(c[-1][1])}" for n, c in curves.items() if c)
    key = f"c-quality-{level}-{plan.key}"
    picture = svg.chart(key, f"{title}, value and bound", spoken, HEIGHT, *body, class_="axis")
    return el("div", el("p", title, class_="panel-title"), picture)


def _stairs(points: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """Hold each value until the next one is found, and the last to the right edge."""
    steps = [points[0]]
    for x, y in points[1:]:
        steps += [(x, steps[-1][1]), (x, y)]
    return [*steps, (1.0, steps[-1][1])]


def _points(plan: ModePlan) -> Table:
    found = plan.run.get("curve")
    rows: list[list[Cell]] = []
    for point in found if isinstance(found, list) else []:
        if isinstance(point, dict):
            values = [
                float(point[k]) if words.is_number(point.get(k)) else None
                for k in ("seconds", "value", "bound")
            ]
            rows.append(
                [
                    number_cell(values[0], 1),
                    text_cell(point.get("level")),
                    *(number_cell(v) for v in values[1:]),
                ]
            )
    heads = ["Seconds", "Level", "Value", "Bound"]
    return Table(
        f"t-quality-{plan.key}",
        f"Value and bound over time, {plan.word.lower()}",
        heads,
        rows,
        frozenset(range(4)),
    )

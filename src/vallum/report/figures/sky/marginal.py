"""What other budgets give: minutes of warning for each EUR 10 million more."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from vallum.report import words
from vallum.report.figures.charts import Chart, Line, panel
from vallum.report.figures.sky.common import minutes, minutes_cell, mode_key, mode_word, of_sky, people_cell
from vallum.report.held import Row
from vallum.report.parts import Cell, Figure, Table, legend, money_cell, text_cell
from vallum.report.sky import Sky
from vallum.report.study import Study
from vallum.report.svg import el

CHARTS = (
    ("minutes_mean", "Minutes of warning, mean, by budget in EUR m", "min"),
    ("per_10_meur", "Minutes gained for each EUR 10m since the budget before", "min"),
)


@of_sky("sky-marginal", "What more money gives")
def figure(study: Study, sky: Sky, key: str, title: str) -> Figure:
    """Draw minutes over budgets, and minutes for each EUR 10 million."""
    listed = sorted(sky.table("marginal"), key=lambda r: (mode_key(r["mode"]), r["budget_meur"]))
    gained = {r["mode"] for r in listed if r["per_10_meur"] is not None}
    modes = [mode for mode in sky.modes if mode in gained]
    panels = [_chart(listed, modes, *chart) for chart in CHARTS] if modes else []
    items = [(f"line-{mode_key(m)}", mode_key(m)) for m in modes]
    return Figure(
        key,
        title,
        _finding(listed, modes),
        Markup("").join([legend(items), el("div", *panels, class_="pair")]) if panels else Markup(""),
        [_table(listed)] if listed else [],
        (),
        ("marginal",),
        "Each budget is sited anew. Alone, alerting is as today; together, it is joint, so the two lines "
        "differ by more than sensors. Budgets are set side by side at equal distances.",
        "No other budget was sited." if listed else "No budget was sited.",
        of="sky",
    )


def _chart(listed: Sequence[Row], modes: Sequence[str], column: str, title: str, unit: str) -> Markup:
    budgets = sorted({float(r["budget_meur"]) for r in listed})
    at = {budget: i for i, budget in enumerate(budgets)}
    lines = [
        Line(
            mode_key(mode),
            f"line-{mode_key(mode)}",
            {at[r["budget_meur"]]: r[column] for r in listed if r["mode"] == mode and r[column] is not None},
        )
        for mode in modes
    ]
    places = range(len(budgets))
    return panel(
        Chart(
            f"sky-{column.replace('_', '-')}",
            title,
            places,
            lines,
            every=1 + len(budgets) // 12,
            unit=unit,
            dotted=places,
            axis=lambda i: words.compact(budgets[i]),
            tell=lambda i: words.money(budgets[i]),
        )
    )


def _finding(listed: Sequence[Row], modes: Sequence[str]) -> str:
    parts = []
    for mode in modes:
        gains = [r for r in listed if r["mode"] == mode and r["per_10_meur"] is not None]
        if gains:
            first, last = gains[0], gains[-1]
            parts.append(
                f"{mode_word(mode)}, EUR 10m more bring {minutes(first['per_10_meur'])} minutes up to "
                f"{words.money(first['budget_meur'])} and {minutes(last['per_10_meur'])} near "
                f"{words.money(last['budget_meur'])}"
            )
    return ". ".join(parts) + "." if parts else ""


def _table(listed: Sequence[Row]) -> Table:
    rows: list[list[Cell]] = [
        [
            text_cell(mode_word(r["mode"])),
            money_cell(r["budget_meur"]),
            Cell(words.percent(r["value"], 1), r["value"]),
            Cell(words.percent(r["bound"], 1), r["bound"]),
            minutes_cell(r["minutes_mean"]),
            people_cell(r["people_in_time"]),
            Cell(words.number(r["per_10_meur"], 2), r["per_10_meur"]),
        ]
        for r in listed
    ]
    heads = [
        "Sensors", "Budget, EUR m", "Cover", "Bound", "Minutes of warning, mean", "People in time a track",
        "Minutes for each EUR 10m more",
    ]  # fmt: skip
    return Table("t-sky-marginal", "What each budget gives", heads, rows, frozenset(range(1, 7)))

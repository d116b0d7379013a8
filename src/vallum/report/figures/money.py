"""Spending against the purse, by source, with SAFE draws."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from vallum.report import svg, words
from vallum.report.held import Row
from vallum.report.parts import Cell, Figure, Table, legend, money_cell, text_cell
from vallum.report.study import ModePlan, Study
from vallum.report.svg import el

INPUTS = ("purses", "safe_loans", "safe_rules", "programmes", "settings")
HEIGHT = 210.0
SOURCES = (
    ("own", "m-own", "own purse"),
    ("related", "m-related", "related money"),
    ("added", "m-added", "SAFE, new money"),
    ("replacing", "m-replacing", "SAFE, in place of national borrowing"),
)


@dataclass(frozen=True)
class Split:
    """What is paid in one year by source, and what was open to be spent; EUR million.

    The four sources add up to spending plus debt service. SAFE draws that exceed what is left to pay in the
    year (they pay claims of earlier years) are cut at it; the table shows them whole.
    """

    own: float
    related: float
    added: float
    replacing: float
    purse: float
    open: float

    @property
    def total(self) -> float:
        """Spending and debt service."""
        return self.own + self.related + self.added + self.replacing


def split(row: Row) -> Split:
    """Split one year of `money` by source."""
    due = float(row["spend_meur"]) + float(row["service_meur"])
    left = due
    related = min(float(row["related_used_meur"]), max(0.0, left))
    left -= related
    added = min(float(row["safe_added_meur"]), max(0.0, left))
    left -= added
    replacing = min(max(0.0, float(row["safe_drawn_meur"]) - float(row["safe_added_meur"])), max(0.0, left))
    purse = float(row["plannable_meur"])
    total = (
        purse
        + float(row["carry_in_meur"])
        + float(row["safe_added_meur"])
        + float(row["related_available_meur"])
    )
    return Split(left - replacing, related, added, replacing, purse, total)


def figure(study: Study) -> Figure:
    """Draw a small chart a state and mode, all states on their own scale, modes on the same."""
    blocks = [_state(study, state) for state in study.members]
    items = [(kind, text) for _, kind, text in SOURCES]
    key = legend(
        [*items, ("line-purse", "equipment purse of the year"), ("line-open", "all money open that year")]
    )
    any_rows = any(plan.table("money") for plan in study.plans)
    return Figure(
        "money",
        "Spending against the purse",
        _finding(study),
        Markup("").join([key, *blocks]) if any_rows else Markup(""),
        [_table(study, plan) for plan in reversed(study.plans)],
        INPUTS,
        ("money", "payments"),
        "Spending includes sustainment, expansions, schools and net debt service. All money open = purse, "
        "money carried over, SAFE's new money and related money. The published budgets already count on some "
        "borrowing, so only a part of each SAFE draw is new money. Alone, a state can still draw for "
        "an order in which a partner outside the region takes part.",
        "The plan has no purses.",
    )


def _finding(study: Study) -> str:
    parts = []
    for state in study.members:
        rows = [r for r in study.main.table("money") if r["state"] == state]
        if rows:
            spent = sum(split(r).total for r in rows)
            drawn = sum(float(r["safe_drawn_meur"]) for r in rows)
            parts.append(
                f"{study.name('states', state)} {words.money(spent)}, of it SAFE {words.money(drawn)}"
            )
    return (
        f"{study.main.word}, spending to {study.years[-1]}: {words.joined(parts)}."
        if parts and study.years
        else ""
    )


def _state(study: Study, state: str) -> Markup:
    per_plan = [
        (plan, {int(r["year"]): split(r) for r in plan.table("money") if r["state"] == state})
        for plan in study.plans
    ]
    top = max((max(s.total, s.open) for _, found in per_plan for s in found.values()), default=0.0)
    name = study.name("states", state)
    charts = [_chart(study, plan, state, found, top) for plan, found in per_plan if top > 0]
    return el(
        "section",
        el("h3", name),
        el("div", *charts, class_="pair"),
        class_="state-block",
        data_states=state,
        aria_label=f"Money of {name}",
    )


def _chart(study: Study, plan: ModePlan, state: str, found: dict[int, Split], top: float) -> Markup:
    marks = svg.ticks(0.0, top, 3)
    floor = HEIGHT - 22

    def y(value: float) -> float:
        return floor - (floor - 18) * value / marks[-1]

    n = len(study.years)
    body = [svg.grid(marks, [y(m) for m in marks], [words.number(m) for m in marks])]
    for i, year in enumerate(study.years):
        if year in found:
            body.append(_bar(found[year], year, (i + 0.16) / n, 0.68 / n, y))
    steps = _steps([(i, found[year]) for i, year in enumerate(study.years) if year in found], n, y)
    body += [svg.stretched(HEIGHT, *steps), svg.year_axis(study.years, HEIGHT - 5, 3)]
    name = study.name("states", state)
    key = f"c-money-{study.members.index(state)}-{plan.key}"
    spoken = "; ".join(
        f"{year}: {words.money(s.total)} of {words.money(s.open)}" for year, s in sorted(found.items())
    )
    picture = svg.chart(
        key, f"{name}, {plan.word.lower()}: spending by source", spoken, HEIGHT, *body, class_="axis"
    )
    return el("div", el("p", f"{plan.word}, EUR million a year", class_="panel-title"), picture)


def _bar(part: Split, year: int, x: float, width: float, y: Callable[[float], float]) -> Markup:
    out, base = [], 0.0
    for name, kind, _ in SOURCES:
        value = float(getattr(part, name))
        if value > 0:
            high, low = y(base + value), y(base)
            out.append(
                el(
                    "rect",
                    x=svg.pct(x),
                    width=svg.pct(width),
                    y=high,
                    height=max(0.0, low - high),
                    class_=kind,
                )
            )
        base += max(0.0, value)
    listed = "; ".join(f"{text} {words.money(getattr(part, name))}" for name, _, text in SOURCES)
    return el(
        "g",
        el("title", f"{year}: {words.money(part.total)}. {listed}. Purse {words.money(part.purse)}"),
        *out,
    )


def _steps(found: Sequence[tuple[int, Split]], n: int, y: Callable[[float], float]) -> list[Markup]:
    lines = []
    for name, kind in (("open", "line-open"), ("purse", "line-purse")):
        points = []
        for i, part in found:
            height = y(float(getattr(part, name)))
            points += [(i / n, height), ((i + 1) / n, height)]
        if points:
            lines.append(svg.polyline(points, kind))
    return lines


def _table(study: Study, plan: ModePlan) -> Table:
    columns = (
        ("plannable_meur", "Purse"),
        ("carry_in_meur", "Carried in"),
        ("related_available_meur", "Related, open"),
        ("related_used_meur", "Related, used"),
        ("safe_drawn_meur", "SAFE drawn"),
        ("safe_added_meur", "of it new money"),
        ("eligible_meur", "Eligible payments"),
        ("spend_meur", "Spending"),
        ("service_meur", "Debt service, net"),
        ("carry_out_meur", "Carried out"),
    )
    listed = plan.table("money")
    rows: list[list[Cell]] = [
        [
            text_cell(study.name("states", r["state"])),
            text_cell(r["year"]),
            *(money_cell(float(r[column])) for column, _ in columns),
        ]
        for r in listed
    ]
    heads = ["State", "Year", *(text for _, text in columns)]
    caption = f"Money by state and year, {plan.word.lower()}, EUR million, constant prices"
    states = [str(r["state"]) for r in listed]
    return Table(f"t-money-{plan.key}", caption, heads, rows, frozenset(range(1, len(heads))), states)

"""Who gains what: each state alone and together."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from vallum.report import svg, words
from vallum.report.held import Row
from vallum.report.parts import Cell, Figure, Table, legend, money_cell, number_cell, text_cell
from vallum.report.study import ModePlan, Study
from vallum.report.svg import el

ROW = 54.0
NONE_LEFT = 1e-6


@dataclass(frozen=True)
class Share:
    """What one state has of one plan. Money in EUR million; None where the folder does not say."""

    gap_years: float
    spending_meur: float
    safe_meur: float
    cost_meur: float | None
    domestic_meur: float | None
    met: int
    wanted: int


def share(study: Study, plan: ModePlan, state: str) -> Share:
    """Sum up what a state has of a plan."""
    stock = [r for r in plan.table("stock") if r["state"] == state]
    money = [r for r in plan.table("money") if r["state"] == state]
    last = study.years[-1] if study.years else 0
    wanted = [r for r in stock if r["year"] == last and r["need"] > 0]
    return Share(
        sum(float(r["gap_years"]) for r in stock),
        sum(float(r["spend_meur"]) + float(r["service_meur"]) for r in money),
        sum(float(r["safe_drawn_meur"]) for r in money),
        _from_compare(study, "states", state, plan.mode, "cost_meur"),
        _from_compare(study, "domestic_value", state, f"{plan.mode}_meur"),
        sum(r["shortfall"] <= NONE_LEFT for r in wanted),
        len(wanted),
    )


def _from_compare(study: Study, *path: str) -> float | None:
    found: Any = study.compare
    for part in path:
        found = found.get(part) if isinstance(found, dict) else None
    return float(found) if words.is_number(found) else None


def months_to_target(study: Study) -> dict[tuple[str, str], dict[str, float | None]]:
    """Months from the start of the horizon until a need is met to the end, by (state, class) and mode.

    compare.json knows the month. A folder of one mode has only the year's end, which then stands for it. None
    means not within the horizon; a pair without a need is left out.
    """
    listed = study.compare.get("months_to_target")
    if isinstance(listed, list) and listed:
        return {
            (str(r.get("state")), str(r.get("class_id"))): {
                mode: float(r[mode]) if words.is_number(r.get(mode)) else None
                for mode in ("national", "joint")
            }
            for r in listed
            if isinstance(r, dict)
        }
    found: dict[tuple[str, str], dict[str, float | None]] = {}
    for plan in study.plans:
        for key, rows in _needed(plan).items():
            short = [i for i, r in enumerate(rows) if r["shortfall"] > NONE_LEFT]
            met = short[-1] + 1 if short else 0
            found.setdefault(key, {})[plan.mode] = 12.0 * (met + 1) if met < len(rows) else None
    return found


def _needed(plan: ModePlan) -> dict[tuple[str, str], list[Row]]:
    found: dict[tuple[str, str], list[Row]] = {}
    for row in sorted(plan.table("stock"), key=lambda r: int(r["year"])):
        found.setdefault((str(row["state"]), str(row["class_id"])), []).append(row)
    return {key: rows for key, rows in found.items() if any(r["need"] > 0 for r in rows)}


def figure(study: Study) -> Figure:
    """Draw each state's shortfall in both plans; tables give money and the years in which needs are met."""
    found = {(p.mode, s): share(study, p, s) for p in study.plans for s in study.members}
    body = Markup("")
    if any(p.table("stock") for p in study.plans):
        body = _dumbbells(study, lambda plan, state: found[plan.mode, state].gap_years)
    return Figure(
        "gains",
        "Who gains what",
        _finding(study, found),
        body,
        [_table(study, found), _targets(study)],
        ("needs", "purses", "safe_loans", "lines", "settings"),
        ("stock", "money", "compare"),
        "Domestic value is what any state's orders bring to lines in that state. Costs are discounted, "
        "spending is not; both are in constant prices.",
        "The plan has no needs.",
        shown=1,
    )


def _finding(study: Study, found: dict[tuple[str, str], Share]) -> str:
    national, joint = study.national, study.joint
    if national is None or joint is None:
        plan = study.main
        parts = [
            f"{study.name('states', s)} {words.gap_years(found[plan.mode, s].gap_years)}"
            for s in study.members
        ]
        return f"{plan.word}, shortfall in gap-years: {words.joined(parts)}."
    parts = []
    for state in study.members:
        before, after = found["national", state].gap_years, found["joint", state].gap_years
        verb = "loses" if after > before + 0.005 else "gains"
        parts.append(f"{study.name('states', state)} {verb} {words.gap_years(abs(before - after))}")
    return f"Together instead of alone, in gap-years of shortfall: {words.joined(parts)}."


def _dumbbells(study: Study, value: Callable[[ModePlan, str], float]) -> Markup:
    top = max((value(p, s) for p in study.plans for s in study.members), default=0.0) or 1.0
    body: list[Markup] = []
    for i, state in enumerate(study.members):
        y = i * ROW
        body.append(el("text", study.name("states", state), x="0", y=y + 14, class_="label"))
        body.append(el("line", x1="0", x2="100%", y1=y + 32, y2=y + 32, class_="grid"))
        places = [(p, value(p, state), 0.02 + 0.86 * value(p, state) / top) for p in study.plans]
        if len(places) > 1:
            ends = sorted(x for _, _, x in places)
            body.append(
                el("line", x1=svg.pct(ends[0]), x2=svg.pct(ends[1]), y1=y + 32, y2=y + 32, class_="link")
            )
        low = min(x for _, _, x in places)
        for plan, v, x in places:
            text = words.gap_years(v)
            label = el("title", f"{study.name('states', state)}, {plan.word.lower()}: {text} gap-years")
            body.append(el("circle", label, cx=svg.pct(x), cy=y + 32, r=6, class_=f"dot-{plan.key}"))
            left = x == low and len(places) > 1
            side = {"dx": -10, "class_": "value end"} if left and x > 0.12 else {"dx": 10, "class_": "value"}
            lift = 36.0 if not (left and x <= 0.12) else 22.0
            body.append(el("text", text, x=svg.pct(x), y=y + lift, **side))
    picture = svg.chart(
        "c-gains",
        "Shortfall of each state",
        "Gap-years of each state; the table has the numbers.",
        ROW * len(study.members),
        *body,
    )
    return Markup("").join([legend([(f"dot-{p.key}", f"{p.word}, gap-years") for p in study.plans]), picture])


def _table(study: Study, found: dict[tuple[str, str], Share]) -> Table:
    plans = study.plans
    measures: tuple[tuple[str, Callable[[Share], Cell]], ...] = (
        ("Gap-years", lambda s: number_cell(s.gap_years, 3)),
        ("Cost, discounted, EUR m", lambda s: money_cell(s.cost_meur)),
        ("Spending, EUR m", lambda s: money_cell(s.spending_meur)),
        ("SAFE drawn, EUR m", lambda s: money_cell(s.safe_meur)),
        ("Domestic value, EUR m", lambda s: money_cell(s.domestic_meur)),
        ("Classes met at the end", lambda s: Cell(f"{s.met} of {s.wanted}", float(s.met))),
    )
    rows = [
        [
            text_cell(study.name("states", state)),
            *(cell(found[p.mode, state]) for _, cell in measures for p in plans),
        ]
        for state in study.members
    ]
    heads = ["State", *(f"{name}: {p.word.lower()}" for name, _ in measures for p in plans)]
    return Table(
        "t-gains",
        "Each state, alone and together",
        heads,
        rows,
        frozenset(range(1, len(heads))),
        study.members,
    )


def _targets(study: Study) -> Table:
    found = months_to_target(study)
    far = 12.0 * len(study.years) + 12.0
    rows: list[list[Cell]] = []
    for class_id in study.classes:
        cells = [text_cell(study.name("classes", class_id))]
        for state in study.members:
            modes = found.get((state, class_id))
            for plan in study.plans:
                months = modes.get(plan.mode) if modes else None
                if modes is None:
                    cells.append(text_cell(None))
                elif months is None:
                    cells.append(Cell(f"after {study.years[-1]}", far))
                else:
                    cells.append(Cell(_month(study, months), months))
        rows.append(cells)
    heads = [
        "Class",
        *(f"{study.name('states', s)}, {p.word.lower()}" for s in study.members for p in study.plans),
    ]
    caption = "When each need is met to the end of the horizon (year-month)"
    return Table("t-targets", caption, heads, rows, frozenset(range(1, len(heads))))


def _month(study: Study, months: float) -> str:
    """Write months from the start as the month in which the need is met; 0 is met from the start."""
    whole = max(0, int(months) - 1) if months > 0 else 0
    return f"{study.years[0] + whole // 12}-{whole % 12 + 1:02d}"

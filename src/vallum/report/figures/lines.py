"""Use of the production lines."""

from __future__ import annotations

from collections import defaultdict

from markupsafe import Markup

from vallum.report import words
from vallum.report.held import Row
from vallum.report.parts import Cell, Figure, HeatCell, Table, heat_legend, heat_table, number_cell, text_cell
from vallum.report.study import ModePlan, Study
from vallum.report.svg import el

SHOWN = 24


def use(row: Row) -> float | None:
    """Share of a line's available capacity, with expansions, that the plan uses; None when there is none."""
    room = float(row["available"]) + float(row["expansion"])
    if room > 1e-9:
        return float(row["used"]) / room
    return None if row["used"] < 1e-9 else 1.0


def figure(study: Study) -> Figure:
    """Show which part of each line the plan uses, year by year, and where it expands."""
    order = _busiest(study)
    rest = order[SHOWN:]
    body: list[Markup] = []
    if order:
        body.append(heat_legend("ramp-use", "no capacity that year"))
        body.append(_panels(study, order[:SHOWN]))
        if rest:
            body.append(
                el(
                    "details",
                    el("summary", f"The other lines ({len(rest)})"),
                    _panels(study, rest),
                    class_="fold",
                )
            )
    return Figure(
        "lines",
        "Use of the production lines",
        _finding(study),
        Markup("").join(body),
        [_table(study, plan, order) for plan in reversed(study.plans)],
        ("lines", "line_capacity"),
        ("lines", "expansions", "deliveries"),
        "Each number is the part of the capacity open to the region (after other customers' backlog, with "
        "expansions) that the plan uses, in percent. A framed cell has capacity from an expansion.",
        "The plan uses no line.",
    )


def _busiest(study: Study) -> list[str]:
    total: dict[str, float] = defaultdict(float)
    for plan in study.plans:
        for row in plan.table("lines"):
            if row["used"] > 1e-9:
                total[str(row["line_id"])] += use(row) or 0.0
    return sorted(total, key=lambda line: (-total[line], line))


def _finding(study: Study) -> str:
    plan = study.main
    full: dict[str, list[int]] = defaultdict(list)
    for row in plan.table("lines"):
        if (use(row) or 0.0) > 0.995:
            full[str(row["line_id"])].append(int(row["year"]))
    count = len({r["line_id"] for r in plan.table("lines") if r["used"] > 1e-9})
    text = f"{plan.word}, the plan uses {words.plural(count, 'line')}, {len(full)} of them fully in some year"
    spent = sum(float(r["amount_meur"]) for r in plan.table("expansions"))
    if spent > 0:
        grown = len({r["line_id"] for r in plan.table("expansions")})
        text += f"; it expands {words.plural(grown, 'line')} for {words.money(spent)}"
    return f"{text}."


def _label(study: Study, line: str) -> tuple[str, str]:
    row = study.row("lines", line)
    makes = words.joined(study.name("systems", s) for s in str(row.get("systems") or "").split(";") if s)
    full = f"{line}: {study.name('lines', line)}{f', makes {makes}' if makes else ''}"
    owner = str(row.get("owner") or "")
    same = sum(r.get("owner") == owner for r in study.main.input("lines"))
    return (study.name("lines", line) if owner and same == 1 else f"{line} {owner}".strip()), full


def _panels(study: Study, order: list[str]) -> Markup:
    labels = [_label(study, line) for line in order]
    panels = []
    for plan in study.plans:
        found = {(r["line_id"], int(r["year"])): r for r in plan.table("lines")}
        rows = [[_cell(found.get((line, year))) for year in study.years] for line in order]
        table = heat_table(plan.word, labels, study.years, rows, "ramp-use", "Line")
        panels.append(
            el(
                "div",
                table,
                class_="scroll",
                tabindex="0",
                role="region",
                aria_label=f"Use of lines, {plan.word.lower()}",
            )
        )
    return el("div", *panels, class_="pair")


def _cell(row: Row | None) -> HeatCell:
    if row is None:
        return HeatCell(0.0)
    share = use(row)
    if share is None:
        return HeatCell(None)
    grown = float(row["expansion"]) > 1e-9
    title = (
        f"{row['year']}: {words.compact(row['used'])} of "
        f"{words.compact(row['available'] + row['expansion'])} used"
        + (f", {words.compact(row['expansion'])} from expansion" if grown else "")
    )
    return HeatCell(share, words.percent(share).rstrip("%") if share > 1e-9 else "", title, grown)


def _table(study: Study, plan: ModePlan, order: list[str]) -> Table:
    rows: list[list[Cell]] = []
    for row in sorted(
        plan.table("lines"),
        key=lambda r: (order.index(r["line_id"]) if r["line_id"] in order else -1, r["year"]),
    ):
        if row["line_id"] not in order:
            continue
        share = use(row)
        rows.append(
            [
                text_cell(study.name("lines", row["line_id"]), str(row["line_id"])),
                text_cell(row["line_id"]),
                text_cell(row["year"]),
                number_cell(row["available"]),
                number_cell(row["expansion"]),
                number_cell(row["used"]),
                Cell(words.percent(share), share),
            ]
        )
    heads = ["Line", "Id", "Year", "Available", "From expansion", "Used", "Use"]
    return Table(
        f"t-lines-{plan.key}",
        f"Line use, {plan.word.lower()}, line units",
        heads,
        rows,
        frozenset(range(2, 7)),
    )

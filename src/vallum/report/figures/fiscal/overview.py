"""What opens the section on public finances: the numbers that matter, by state and source of outlays."""

from __future__ import annotations

from markupsafe import Markup

from vallum.report import words
from vallum.report.figures.charts import state_cell
from vallum.report.figures.fiscal.common import gdp, of_outlook, share_cell, source_word
from vallum.report.held import Row
from vallum.report.outlook import Outlook
from vallum.report.parts import Cell, Figure, Table, text_cell
from vallum.report.study import Study

PLAN = "plan"
KEPT = "none"


@of_outlook("public-finances", "Public finances")
def figure(study: Study, outlook: Outlook, key: str, title: str) -> Figure:
    """Set debt, deficit, risk and the first broken rule side by side."""
    return Figure(
        key,
        title,
        _finding(study, outlook),
        Markup(""),
        [_table(study, outlook)] if outlook.years else [],
        (),
        ("projection", "fan", "breaches"),
        of="fiscal",
    )


def _finding(study: Study, outlook: Outlook) -> str:
    parts = []
    for state in study.members:
        found = outlook.series("projection", "debt", source=outlook.main, policy=PLAN, state=state)
        if found:
            first, last = (words.number(found[year], 1) for year in (min(found), max(found)))
            parts.append(f"{study.name('states', state)} {first} to {last}")
    if not parts:
        return "The outlook has no projection of defence as planned."
    risk = [
        f"{study.name('states', str(r['state']))} {words.percent(float(r['above_reference']))}"
        for r in outlook.rows("fan", source=outlook.main, policy=PLAN, year=outlook.last)
    ]
    reference = gdp(outlook.rule("debt_reference_value"), 0)
    spread = f" The chance of debt above {reference} then: {words.joined(risk)}." if risk else ""
    return (
        f"{source_word(outlook.main)}, with defence as planned and nothing else changed, debt moves from "
        f"{outlook.first} to {outlook.last}, % of GDP: {words.joined(parts)}.{spread}"
    )


def _first_breach(outlook: Outlook, source: str, state: str) -> str:
    found: list[Row] = [
        r for r in outlook.rows("breaches", source=source, state=state, combination=KEPT) if r["first"]
    ]
    return ", ".join(f"{r['rule']} {r['year']}" for r in found) or "none"


def _table(study: Study, outlook: Outlook) -> Table:
    last = outlook.last
    shown = [y for y in (outlook.first, 2030, 2035, last) if y in outlook.years]
    rows: list[list[Cell]] = []
    states = []
    for state in study.members:
        for source in outlook.sources:
            debt = outlook.series("projection", "debt", source=source, policy=PLAN, state=state)
            balance = outlook.series("projection", "balance", source=source, policy=PLAN, state=state)
            above = outlook.series("fan", "above_reference", source=source, policy=PLAN, state=state)
            if not debt:
                continue
            states.append(state)
            rows.append(
                [
                    state_cell(study, state),
                    text_cell(source_word(source)),
                    *(share_cell(debt.get(y)) for y in shown),
                    *(share_cell(balance.get(y)) for y in shown[1:]),
                    Cell(words.percent(above.get(last)), above.get(last)),
                    text_cell(_first_breach(outlook, source, state)),
                ]
            )
    heads = [
        "State",
        "Outlays of",
        *(f"Debt {y}" for y in shown),
        *(f"Balance {y}" for y in shown[1:]),
        f"Chance of debt above reference, {last}",
        "First rule broken",
    ]
    caption = (
        "Defence as planned: debt and balance, % of GDP. Budget plan: outlays as budgeted. Alone and "
        "together: outlays of the plans of purchases, with the budget's other defence"
    )
    manifest = outlook.manifest
    caption += f". {words.number(manifest['paths'])} random paths, seed {manifest['seed']}."
    return Table("t-fiscal", caption, heads, rows, frozenset(range(2, len(heads) - 1)), states)

"""Debt and deficit by policy: what defence at other shares of GDP means."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from vallum.report import words
from vallum.report.figures.charts import Chart, Line, known, panel, per_state, state_cell
from vallum.report.figures.fiscal.common import gdp, of_outlook, share_cell
from vallum.report.outlook import Outlook
from vallum.report.parts import Cell, Figure, Table, legend, text_cell
from vallum.report.study import Study

#: Policies drawn, the least defence first, and the class of each line.
DRAWN = {
    "no_policy_change": "line-official",
    "core_3_5": "line-p1",
    "plan": "line-p2",
    "five": "line-p3",
    "six": "line-p4",
}
BUDGET = "budget"
SHOWN = (2030, 2035, 2040)


@of_outlook("fiscal-policies", "What other shares of GDP for defence mean")
def figure(study: Study, outlook: Outlook, key: str, title: str) -> Figure:
    """Draw debt and balance of each state under each share of defence."""
    listed = [p for p in DRAWN if outlook.rows("projection", source=BUDGET, policy=p)]
    body = per_state(study, outlook.states, lambda state: _panels(study, outlook, state, listed))
    debt, deficit = _references(outlook)
    items = [(DRAWN[p], outlook.titles.get(p, p)) for p in listed]
    items.append(("limit", f"reference values: debt {gdp(debt, 0)}, deficit {gdp(deficit, 0)}"))
    return Figure(
        key,
        title,
        _finding(study, outlook),
        Markup("").join([legend(items), body]) if listed else Markup(""),
        [_table(study, outlook)],
        (),
        ("projection", "policies"),
        "Outlays of the budget. No policy answers: taxes and other spending stay as the official forecast "
        "has them. Defence at 6 % for all members, and the year in which a share is reached, are "
        "assumptions.",
        "The outlook has no projection.",
        of="fiscal",
    )


def _references(outlook: Outlook) -> tuple[float | None, float | None]:
    """Reference values of debt and deficit."""
    return outlook.rule("debt_reference_value"), outlook.rule("deficit_reference_value")


def _finding(study: Study, outlook: Outlook) -> str:
    parts = []
    for state in study.members:
        at = {
            p: outlook.series("projection", "debt", source=BUDGET, policy=p, state=state).get(outlook.last)
            for p in ("core_3_5", "six")
        }
        if at["six"] is not None and at["core_3_5"] is not None:
            parts.append(f"{study.name('states', state)} {words.number(at['six'] - at['core_3_5'])} points")
    if not parts:
        return ""
    low, high = (outlook.titles.get(p, p) for p in ("core_3_5", "six"))
    return (
        f"Debt in {outlook.last} is higher under “{high}” than under “{low}”: {words.joined(parts)} of GDP."
    )


def _panels(study: Study, outlook: Outlook, state: str, listed: Sequence[str]) -> Sequence[Markup]:
    debt, deficit = _references(outlook)
    limits = {"debt": known(debt), "balance": [-v for v in known(deficit)]}
    found = []
    for column, text in (("debt", "Debt, % of GDP"), ("balance", "Balance, % of GDP")):
        lines = [
            Line(
                outlook.titles.get(p, p),
                DRAWN[p],
                outlook.series("projection", column, source=BUDGET, policy=p, state=state),
            )
            for p in listed
        ]
        name = f"policies-{column}-{study.members.index(state)}"
        found.append(panel(Chart(name, text, outlook.years, lines, limits=limits[column], dotted=SHOWN)))
    return found


def _table(study: Study, outlook: Outlook) -> Table:
    rows: list[list[Cell]] = []
    states = []
    gaps = {(r["policy"], r["state"]): r for r in outlook.table("indicators")}
    for state in study.members:
        for policy, title in outlook.titles.items():
            keys = {"source": BUDGET, "policy": policy, "state": state}
            debt, balance, defence = (
                outlook.series("projection", column, **keys) for column in ("debt", "balance", "defence")
            )
            if not debt:
                continue
            gap = gaps.get((policy, state), {})
            states.append(state)
            rows.append(
                [
                    state_cell(study, state),
                    text_cell(title),
                    *(share_cell(defence.get(y)) for y in SHOWN),
                    *(share_cell(debt.get(y)) for y in SHOWN),
                    *(share_cell(balance.get(y)) for y in SHOWN),
                    share_cell(gap.get("s1"), 2),
                    share_cell(gap.get("s2"), 2),
                ]
            )
    heads = [
        "State",
        "Policy",
        *(f"{word} {y}" for word in ("Core defence", "Debt", "Balance") for y in SHOWN),
        "S1",
        "S2",
    ]
    caption = (
        "Core defence, debt and balance by policy, budget outlays, % of GDP; and the sustainability gaps "
        "S1 (debt at 60 % in 2070) and S2 (debt stable for good; empty where growth exceeds rates)"
    )
    return Table("t-fiscal-policies", caption, heads, rows, frozenset(range(2, len(heads))), states)

"""Official forecasts beside ours, what stands in for missing inputs, the criteria and the rules."""

from __future__ import annotations

from markupsafe import Markup

from vallum.report import words
from vallum.report.figures.charts import Mark, Ranged, ranges, state_cell
from vallum.report.figures.fiscal.common import of_outlook, share_cell
from vallum.report.held import Row
from vallum.report.outlook import Outlook
from vallum.report.parts import Cell, Figure, Table, legend, number_cell, text_cell
from vallum.report.study import Study

DEBT = "debt_ratio"


@of_outlook("fiscal-reference", "Official forecasts beside ours, and what stands in")
def figure(study: Study, outlook: Outlook, key: str, title: str) -> Figure:
    """Draw official debt against ours without policy and with defence as planned."""
    debts = [
        r
        for state in study.members
        for r in outlook.rows("reference", state=state, variable=DEBT)
        if r["plan"] is not None and r["no_policy_change"] is not None and r["plan"] != r["no_policy_change"]
    ]
    items = [
        ("dot-official", "official"),
        ("dot-budget", "ours, no policy change"),
        ("dot-together", "ours, defence as planned in the budget"),
    ]
    chart = ranges(
        "reference", "Debt, official and ours, % of GDP", [_ranged(study, r) for r in debts], words.compact
    )
    return Figure(
        key,
        title,
        _finding(study, outlook, debts),
        Markup("").join([legend(items), chart]) if debts else Markup(""),
        [
            _substitutes(study, outlook),
            _official(study, outlook),
            _criteria(study, outlook),
            _rules(outlook),
        ],
        (),
        ("reference", "substitutes", "criteria", "rules"),
        "Years in which policy moves ours. Ours are projections without any answer of policy, so they are "
        "above official figures that count on consolidation or on less defence. The table says for each "
        "figure why they differ.",
        "The region has no official figures of debt.",
        shown=1,
        of="fiscal",
    )


def _finding(study: Study, outlook: Outlook, debts: list[Row]) -> str:
    count = len(outlook.table("substitutes"))
    stands = (
        f"{words.plural(count, 'input')} {'is' if count == 1 else 'are'} missing or invalid and have a "
        "substitute."
        if count
        else "No input is missing."
    )
    if not debts:
        return stands
    far = max(debts, key=lambda r: abs(float(r["plan"]) - float(r["official"])))
    gap = float(far["plan"]) - float(far["official"])
    name = study.name("states", str(far["state"]))
    return (
        f"The widest difference in debt is {name} {far['year']}: ours with defence as planned is "
        f"{words.number(abs(gap), 1)} points of GDP {'above' if gap > 0 else 'below'} the official "
        f"figure. {stands}"
    )


def _ranged(study: Study, row: Row) -> Ranged:
    ours = (float(row["no_policy_change"]), float(row["plan"]))
    return Ranged(
        str(row["state"]),
        f"{study.name('states', str(row['state']))} {row['year']}",
        [
            Mark("dot-budget", ours[0], "ours, no policy change"),
            Mark("dot-together", ours[1], "ours, as planned"),
            Mark("dot-official", float(row["official"]), "official"),
        ],
        (min(ours), max(ours)),
    )


def _substitutes(study: Study, outlook: Outlook) -> Table:
    listed = outlook.table("substitutes")
    rows: list[list[Cell]] = [
        [
            state_cell(study, r["state"]),
            text_cell(r["input"]),
            text_cell(r["used"]),
            text_cell(r["reason"]),
        ]
        for r in listed
    ]
    heads = ["State", "Input", "What is used (assumption)", "Why, and what would replace it"]
    states = [str(r["state"]) for r in listed]
    return Table("t-fiscal-substitutes", "Inputs that are missing or invalid", heads, rows, states=states)


def _official(study: Study, outlook: Outlook) -> Table:
    listed = outlook.table("reference")
    rows: list[list[Cell]] = [
        [
            state_cell(study, r["state"]),
            text_cell(str(r["variable"]).replace("_", " ")),
            text_cell(r["year"]),
            *(share_cell(r[column], 2) for column in ("official", "no_policy_change", "plan")),
            text_cell(r["origin"]),
            text_cell(r["reading"]),
        ]
        for r in listed
    ]
    heads = [
        "State", "Variable", "Year", "Official", "Ours, no policy change", "Ours, as planned", "Published in",
        "Why they differ",
    ]  # fmt: skip
    states = [str(r["state"]) for r in listed]
    caption = "Official figures beside ours, % of GDP; growth in % a year"
    return Table("t-fiscal-reference", caption, heads, rows, frozenset({2, 3, 4, 5}), states)


def _criteria(study: Study, outlook: Outlook) -> Table:
    listed = outlook.table("criteria")
    rows: list[list[Cell]] = [
        [
            state_cell(study, r["state"]),
            text_cell(r["plan_years"]),
            text_cell(str(r["criterion"]).replace("_", " ")),
            number_cell(r["spb"], 2),
            text_cell("yes" if r["binding"] else "no"),
            text_cell(r["note"]),
        ]
        for r in listed
    ]
    heads = ["State", "Years of the plan", "Criterion", "Least balance, % of GDP", "Decides", "Note"]
    states = [str(r["state"]) for r in listed]
    caption = "Least structural primary balance that meets each criterion of Reg. (EU) 2024/1263"
    return Table("t-fiscal-criteria", caption, heads, rows, frozenset({1, 3}), states)


def _rules(outlook: Outlook) -> Table:
    rows: list[list[Cell]] = [
        [
            text_cell(str(r["rule"]).replace("_", " ")),
            *(text_cell(r[c]) for c in ("value", "unit", "article", "confidence")),
        ]
        for r in outlook.table("rules")
    ]
    heads = ["Rule", "Value", "Unit", "Where it stands", "Confidence"]
    return Table("t-fiscal-rules", "Rules, with their place in the law", heads, rows)

"""The end of solidarity: which rule breaks first, and what a plan with the tighter purse gives up."""

from __future__ import annotations

from collections import Counter, defaultdict

from markupsafe import Markup

from vallum.report import words
from vallum.report.figures.charts import Chart, Line, panel, per_state, state_cell
from vallum.report.figures.fiscal.common import of_outlook, source_word
from vallum.report.held import Row
from vallum.report.outlook import Outlook
from vallum.report.parts import (
    Cell,
    Figure,
    HeatCell,
    Table,
    legend,
    money_cell,
    number_cell,
    shade_table,
    text_cell,
)
from vallum.report.study import Study
from vallum.report.svg import el

SHORT = {"none": "nothing", "safe": "SAFE", "cohesion": "cohesion", "rates": "rates", "output": "output"}
ENDS = {
    "none": "nothing ends",
    "safe": "SAFE ends",
    "cohesion": "cohesion money ends",
    "rates": "rates rise",
    "output": "output falls",
}
#: Shade of a first year: the earlier, the darker; (last year, shade).
SHADES = ((2027, 1.0), (2030, 0.6), (2035, 0.35), (9999, 0.1))
KEPT = "kept"


@of_outlook("fiscal-solidarity", "If solidarity ends: which rule breaks first")
def breaches(study: Study, outlook: Outlook, key: str, title: str) -> Figure:
    """Set the first year of each broken rule in a table of what ends and rule, for each state."""
    drawn = bool(outlook.rows("breaches", source=outlook.main))
    items = [("h6", "to 2027"), ("h5", "to 2030"), ("h4", "to 2035"), ("h2", "later"), ("h0", "not broken")]
    items.append(("h0 mark", "framed: no other rule breaks earlier"))
    scale = el("div", legend(items), class_="heat-legend ramp-gap")
    body = per_state(study, outlook.states, lambda state: [_matrix(study, outlook, state)])
    return Figure(
        key,
        title,
        _finding(study, outlook),
        Markup("").join([scale, body]) if drawn else Markup(""),
        [_table(study, outlook)],
        (),
        ("breaches",),
        "SAFE and cohesion: the loan, and cohesion money of the European Union, end. Rates: market rates "
        "rise. Output: output falls. That any of it comes, when, and how far rates and output move are "
        "assumptions: tests, no expectations.",
        "The outlook has no tests of solidarity.",
        of="fiscal",
    )


def ended(combination: str) -> str:
    """Name a combination in words."""
    return words.joined(ENDS.get(part, part) for part in combination.split("+"))


def _ordered(outlook: Outlook) -> list[str]:
    found = {str(r["combination"]) for r in outlook.table("breaches")}
    order = list(ENDS)

    def rank(name: str) -> tuple[int, list[int]]:
        parts = name.split("+")
        return (0 if name == "none" else len(parts), [order.index(p) if p in order else 99 for p in parts])

    return sorted(found, key=rank)


def _finding(study: Study, outlook: Outlook) -> str:
    names = _ordered(outlook)
    if not names:
        return ""
    everything = names[-1]
    parts = []
    for state in study.members:
        year = {
            name: {
                str(r["rule"]): r["year"]
                for r in outlook.rows("breaches", source=outlook.main, combination=name, state=state)
            }
            for name in (names[0], everything)
        }
        before, after = (year[name].get("debt") for name in (names[0], everything))
        if year[everything]:
            parts.append(f"{study.name('states', state)} {after or 'never'} instead of {before or 'never'}")
    return (
        f"{source_word(outlook.main)}, if all ends at once, debt passes its reference value: "
        f"{'; '.join(parts)}."
    )


def _matrix(study: Study, outlook: Outlook, state: str) -> Markup:
    rows = outlook.rows("breaches", source=outlook.main, state=state)
    found = {(str(r["combination"]), str(r["rule"])): r for r in rows}
    rules = sorted({rule for _, rule in found})
    ends = [one for one in _ordered(outlook) if any(one == c for c, _ in found)]
    labels = [(" + ".join(SHORT.get(p, p) for p in one.split("+")), ended(one)) for one in ends]
    cells = [[_cell(found.get((one, rule))) for rule in rules] for one in ends]
    caption = f"{source_word(outlook.main)}: first year in which the rule is broken"
    name = f"{study.name('states', state)}, {caption.lower()}"
    table = shade_table(caption, labels, rules, cells, "ramp-gap matrix", "What ends")
    return el("div", table, class_="scroll", tabindex="0", role="region", aria_label=name)


def _cell(row: Row | None) -> HeatCell:
    if row is None or row["year"] is None:
        return HeatCell(0.0, "", "not broken")
    shade = next(shade for last, shade in SHADES if row["year"] <= last)
    title = f"{row['rule']}: {row['year']}, by {words.compact(row['amount'])}"
    return HeatCell(shade, str(row["year"]), title, bool(row["first"]))


def _table(study: Study, outlook: Outlook) -> Table:
    listed = [r for r in outlook.rows("breaches", source=outlook.main) if r["year"] is not None]
    rows: list[list[Cell]] = [
        [
            state_cell(study, r["state"]),
            text_cell(ended(str(r["combination"]))),
            text_cell(r["rule"]),
            text_cell(r["year"]),
            number_cell(r["amount"], 2),
            text_cell("yes" if r["first"] else "no"),
        ]
        for r in listed
    ]
    heads = ["State", "What ends", "Rule", "First year", "By, % of GDP", "First of all rules"]
    states = [str(r["state"]) for r in listed]
    caption = f"Broken rules, {source_word(outlook.main).lower()}"
    return Table("t-fiscal-breaches", caption, heads, rows, frozenset({3, 4}), states)


@of_outlook("fiscal-deferrals", "What the tighter purse gives up")
def deferrals(study: Study, outlook: Outlook, key: str, title: str) -> Figure:
    """Draw the purse before and after, and list what is deferred, reduced or dropped."""
    listed = outlook.table("deferrals")
    items = [("line-purse", "purse of the plan"), ("line-alone", "tighter purse")]
    body = per_state(study, outlook.states, lambda state: _purse(study, outlook, state))
    ends = ended(str(outlook.manifest.get("again") or "none"))
    return Figure(
        key,
        title,
        _deferral_finding(study, listed, ends),
        Markup("").join([legend(items), body]) if outlook.table("tighter") else Markup(""),
        [_verdicts(study, outlook), _tighter(study, outlook)] if listed else [],
        (),
        ("deferrals", "tighter"),
        "The plan was made again with the purse that is left. Which part of the loss the purse bears is an "
        "assumption.",
        "No plan was made with a tighter purse: vallum fiscal REGION --plan DIR --replan safe",
        of="fiscal",
    )


def _deferral_finding(study: Study, listed: tuple[Row, ...], ends: str) -> str:
    if not listed:
        return ""
    count = Counter(str(r["verdict"]) for r in listed)
    value: dict[str, float] = defaultdict(float)
    for r in listed:
        value[str(r["verdict"])] += float(r["value_meur"])
    parts = [
        f"{count[v]} {v} ({words.money(value[v])} with the plan's purse)"
        if value[v] > 0
        else f"{count[v]} {v}"
        for v in sorted(count, key=lambda v: -value[v])
    ]
    return f"When {ends}: of {len(listed)} programmes of the states, {words.joined(parts)}."


def _purse(study: Study, outlook: Outlook, state: str) -> list[Markup]:
    keys = {"state": state}
    plan, tight = (outlook.series("tighter", c, **keys) for c in ("plannable_meur", "tight_meur"))
    if not plan:
        return []
    lines = [Line("purse of the plan", "line-purse", plan), Line("tighter purse", "line-alone", tight)]
    name = f"tighter-{study.members.index(state)}"
    title = "Purse, EUR million, constant prices"
    return [panel(Chart(name, title, sorted(plan), lines, unit="EUR million"))]


def _verdicts(study: Study, outlook: Outlook) -> Table:
    listed = sorted(outlook.table("deferrals"), key=lambda r: (r["verdict"] == KEPT, -float(r["value_meur"])))
    rows: list[list[Cell]] = [
        [
            text_cell(study.name("programmes", r["programme_id"])),
            state_cell(study, r["state"]),
            text_cell(r["verdict"]),
            number_cell(r["quantity"]),
            number_cell(r["quantity_tight"]),
            number_cell(r["year"], 1),
            number_cell(r["year_tight"], 1),
            money_cell(r["value_meur"]),
        ]
        for r in listed
    ]
    heads = [
        "Programme", "State", "Verdict", "Ordered", "with the tighter purse", "Mean year",
        "with the tighter purse", "Value, EUR m",
    ]  # fmt: skip
    states = [str(r["state"]) for r in listed]
    caption = "Programmes planned again with the plan's purse and with the tighter one; class units"
    return Table("t-fiscal-deferrals", caption, heads, rows, frozenset(range(3, len(heads))), states)


def _tighter(study: Study, outlook: Outlook) -> Table:
    listed = outlook.table("tighter")
    columns = ("plannable_meur", "lost_meur", "tight_meur")
    rows: list[list[Cell]] = [
        [state_cell(study, r["state"]), text_cell(r["year"]), *(money_cell(r[c]) for c in columns)]
        for r in listed
    ]
    heads = ["State", "Year", "Purse of the plan", "Lost to the state", "Tighter purse"]
    states = [str(r["state"]) for r in listed]
    caption = "The purse before and after, EUR million, constant prices"
    return Table("t-fiscal-tighter", caption, heads, rows, frozenset({1, 2, 3, 4}), states)

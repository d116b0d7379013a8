"""What money for defence does: the marginal euro, what comes back, and what must give way."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from markupsafe import Markup

from vallum.report import words
from vallum.report.figures.charts import Band, Chart, Line, Mark, Ranged, panel, per_state, ranges, state_cell
from vallum.report.figures.fiscal.common import DOTS, LINES, of_outlook, share_cell, source_word
from vallum.report.figures.fiscal.overview import PLAN
from vallum.report.held import Row
from vallum.report.outlook import Outlook
from vallum.report.parts import Cell, Figure, Table, legend, money_cell, number_cell, text_cell
from vallum.report.study import Study

#: Columns of `returns` that have a low and a high end.
RETURNS = (
    ("value_added_meur", "Value added"),
    ("gdp_meur", "GDP"),
    ("jobs", "Jobs"),
    ("taxes_meur", "Taxes"),
)


@of_outlook("fiscal-marginal", "The marginal euro: debt against shortfall")
def marginal(study: Study, outlook: Outlook, key: str, title: str) -> Figure:
    """Draw what 0.1 % of GDP more of equipment a year removes of the shortfall and adds to debt."""
    priced = [r for r in outlook.table("marginal") if r["gap_years"] is not None]
    rows = []
    for state in study.members:
        own = [r for r in priced if r["state"] == state]
        if own:
            debt = words.number(max(float(r["debt"]) for r in own), 2)
            label = f"{study.name('states', state)}, for {debt} points of debt in {own[0]['debt_year']}"
            marks = [Mark(DOTS[r["source"]], float(r["gap_years"]), source_word(r["source"])) for r in own]
            rows.append(Ranged(state, label, marks))
    used = sorted({str(r["source"]) for r in priced})
    chart = ranges("marginal", "Gap-years removed by 0.1 % of GDP more a year", rows, words.compact)
    return Figure(
        key,
        title,
        _marginal_finding(study, outlook),
        Markup("").join([legend([(DOTS[s], source_word(s)) for s in used]), chart]) if rows else Markup(""),
        [_marginal_table(study, outlook)],
        (),
        ("marginal",),
        "Money times the plan's own prices of its purse, year by year. The prices hold for a small change "
        "only, and no saving is claimed in a year whose purse does not bind.",
        "Only a plan of purchases has a price of money: compute the outlook with --plan.",
        shown=1,
        of="fiscal",
    )


def _marginal_finding(study: Study, outlook: Outlook) -> str:
    parts = [
        f"{study.name('states', str(r['state']))} {words.gap_years(float(r['gap_years']))} gap-years "
        f"for {words.money(float(r['debt_meur']))} of debt"
        for r in outlook.rows("marginal", source=outlook.main)
        if r["gap_years"] is not None
    ]
    return f"{source_word(outlook.main)}, 0.1 % of GDP more a year buys: {'; '.join(parts)}." if parts else ""


def _marginal_table(study: Study, outlook: Outlook) -> Table:
    listed = outlook.table("marginal")
    rows: list[list[Cell]] = [
        [
            state_cell(study, r["state"]),
            text_cell(source_word(r["source"])),
            text_cell(f"{r['first_year']} to {r['last_year']}"),
            money_cell(r["added_meur"]),
            text_cell(r["debt_year"]),
            share_cell(r["debt"], 2),
            money_cell(r["debt_meur"]),
            number_cell(r["gap_years"]),
        ]
        for r in listed
    ]
    heads = [
        "State", "Outlays of", "Added in", "Added, EUR m", "Debt of", "Debt, % of GDP", "Debt, EUR m",
        "Gap-years removed",
    ]  # fmt: skip
    caption = "0.1 % of GDP more of equipment a year; all money nominal"
    states = [str(r["state"]) for r in listed]
    return Table("t-fiscal-marginal", caption, heads, rows, frozenset({3, 4, 5, 6, 7}), states)


@of_outlook("fiscal-returns", "What comes back: value added and jobs")
def returns(study: Study, outlook: Outlook, key: str, title: str) -> Figure:
    """Draw value added and jobs at home with their ranges."""
    listed = outlook.rows("returns", source=outlook.main)
    items = [("line-together", "central"), ("fan-swatch", "low to high end of the assumptions")]
    body = per_state(study, outlook.states, lambda state: _return_panels(study, outlook, state))
    return Figure(
        key,
        title,
        _returns_finding(study, listed, source_word(outlook.main)),
        Markup("").join([legend(items), body]) if listed else Markup(""),
        [_returns_table(study, listed, source_word(outlook.main)), _plants(study, outlook)],
        (),
        ("returns", "plants"),
        "Assumptions: the shares of domestic value added, jobs for a million of it, and the share that taxes "
        "bring back; low and high are the ends of their ranges. Jobs and value added are held, not proven to "
        "be new. Plants are as announced; their investment is not in these numbers.",
        "Only a plan of purchases has deliveries: compute the outlook with --plan.",
        of="fiscal",
    )


def _returns_finding(study: Study, listed: Sequence[Row], word: str) -> str:
    parts = []
    for state in study.members:
        own = [r for r in listed if r["state"] == state]
        if own:
            mid, low, high = (
                sum(float(r[f"value_added_meur{end}"]) for r in own) for end in ("", "_low", "_high")
            )
            name = study.name("states", state)
            parts.append(f"{name} {words.money(mid)} ({words.money(low)} to {words.money(high)})")
    return (
        f"{word}, domestic value added over the plan, constant prices: {words.joined(parts)}."
        if parts
        else ""
    )


def _return_panels(study: Study, outlook: Outlook, state: str) -> list[Markup]:
    keys = {"source": outlook.main, "state": state}
    years = sorted(outlook.series("returns", "jobs", **keys))
    if not years:
        return []
    found = []
    for column, text, unit in (
        ("value_added_meur", "Value added, EUR million, constant prices", "EUR million"),
        ("jobs", "Jobs, persons", "persons"),
    ):
        central, low, high = (
            outlook.series("returns", f"{column}{end}", **keys) for end in ("", "_low", "_high")
        )
        found.append(
            panel(
                Chart(
                    f"{column.replace('_', '-')}-{study.members.index(state)}",
                    text,
                    years,
                    [Line("central", "line-together", central)],
                    bands=[Band("range", low, high)],
                    unit=unit,
                )
            )
        )
    return found


def _returns_table(study: Study, listed: Sequence[Row], word: str) -> Table:
    rows: list[list[Cell]] = [
        [
            state_cell(study, r["state"]),
            text_cell(r["year"]),
            *(money_cell(float(r[c])) for c in ("home_meur", "abroad_meur", "sustainment_meur")),
            *(_range_cell(r, column) for column, _ in RETURNS),
        ]
        for r in listed
    ]
    heads = [
        "State", "Year", "Delivered at home", "From abroad", "Sustainment",
        *(f"{text} (low to high)" for _, text in RETURNS),
    ]  # fmt: skip
    caption = (
        f"What a plan's money does at home, {word.lower()}, EUR million in constant prices; jobs in persons"
    )
    states = [str(r["state"]) for r in listed]
    return Table("t-fiscal-returns", caption, heads, rows, frozenset(range(1, len(heads))), states)


def _range_cell(row: Row, column: str) -> Cell:
    mid, low, high = (float(row[f"{column}{end}"]) for end in ("", "_low", "_high"))
    return Cell(f"{words.number(mid)} ({words.number(low)} to {words.number(high)})", mid)


def _plants(study: Study, outlook: Outlook) -> Table:
    listed = outlook.table("plants")
    rows: list[list[Cell]] = [
        [
            state_cell(study, r["state"]),
            text_cell(r["plant_id"]),
            text_cell(r["product"]),
            text_cell(r["start_year"]),
            money_cell(r["invest_meur"]),
            number_cell(r["jobs"]),
            text_cell(r["status"]),
        ]
        for r in listed
    ]
    heads = ["State", "Plant", "Product", "Start", "Investment, EUR m", "Jobs", "Status"]
    states = [str(r["state"]) for r in listed]
    return Table("t-fiscal-plants", "Plants at home, as announced", heads, rows, frozenset({3, 4, 5}), states)


@of_outlook("fiscal-crowding", "What other spending must give way")
def crowding(study: Study, outlook: Outlook, key: str, title: str) -> Figure:
    """Draw the cut that brings the deficit to the reference value."""
    drawn = bool(outlook.rows("crowding", policy=PLAN))
    items = [(LINES[s], f"{source_word(s)}, first round") for s in outlook.sources]
    items.append(("line-official", f"{source_word(outlook.main)}, when the cut lowers output"))
    body = per_state(study, outlook.states, lambda state: [_crowding_panel(study, outlook, state)])
    return Figure(
        key,
        title,
        _crowding_finding(study, outlook),
        Markup("").join([legend(items), body]) if drawn else Markup(""),
        [_crowding_table(study, outlook)],
        (),
        ("crowding",),
        "The cut of other spending in one year that brings the deficit to the reference value, and the one "
        "that brings the balance back to the official forecast's. It says how large the choice is, not what "
        "to cut; taxes could answer too.",
        "The outlook has no cuts.",
        of="fiscal",
    )


def _crowding_finding(study: Study, outlook: Outlook) -> str:
    parts = []
    for state in study.members:
        rows = outlook.rows("crowding", source=outlook.main, policy=PLAN, state=state)
        if rows:
            worst = max(rows, key=lambda r: float(r["to_reference"]))
            parts.append(
                f"{study.name('states', state)} {words.number(worst['to_reference'], 1)} % of GDP in "
                f"{worst['year']} ({words.number(worst['of_spending'], 1)} % of primary spending)"
            )
    return f"{source_word(outlook.main)}, the largest yearly cut: {'; '.join(parts)}." if parts else ""


def _crowding_panel(study: Study, outlook: Outlook, state: str) -> Markup:
    def line(source: str, column: str, name: str, kind: str) -> Line:
        keys: dict[str, Any] = {"source": source, "policy": PLAN, "state": state}
        return Line(name, kind, outlook.series("crowding", column, **keys))

    lines = [line(s, "to_reference", source_word(s), LINES[s]) for s in outlook.sources]
    lines.append(line(outlook.main, "to_reference_feedback", "with feedback", "line-official"))
    years = sorted({year for one in lines for year in one.values})
    name = f"crowding-{study.members.index(state)}"
    return panel(Chart(name, "Cut to the reference value of the deficit, % of GDP", years, lines))


def _crowding_table(study: Study, outlook: Outlook) -> Table:
    listed = outlook.rows("crowding", policy=PLAN)
    columns = ("to_reference", "to_reference_feedback", "to_baseline")
    rows: list[list[Cell]] = [
        [
            state_cell(study, r["state"]),
            text_cell(source_word(r["source"])),
            text_cell(r["year"]),
            *(share_cell(r[column], 2) for column in columns),
            money_cell(r["to_reference_meur"]),
            share_cell(r["of_spending"]),
        ]
        for r in listed
    ]
    heads = [
        "State", "Outlays of", "Year", "To the reference, % of GDP", "with feedback", "To the official",
        "To the reference, EUR m", "% of primary spending",
    ]  # fmt: skip
    states = [str(r["state"]) for r in listed]
    caption = "Cut of other spending in one year, defence as planned"
    return Table("t-fiscal-crowding", caption, heads, rows, frozenset(range(2, len(heads))), states)

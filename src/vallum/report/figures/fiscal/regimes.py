"""Net expenditure against its ceiling, year by year, and the cliff when the escape clause ends."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from vallum.report import words
from vallum.report.figures.charts import per_state, state_cell
from vallum.report.figures.fiscal.common import of_outlook, share_cell, source_word
from vallum.report.figures.fiscal.overview import PLAN
from vallum.report.held import Row
from vallum.report.outlook import Outlook
from vallum.report.parts import (
    Cell,
    Figure,
    HeatCell,
    Table,
    legend,
    money_cell,
    shade_table,
    text_cell,
)
from vallum.report.study import Study
from vallum.report.svg import el

#: Letter and shade of each regime, so that nothing hangs on colour alone.
REGIMES = {"inside ceiling": ("C", 0.0), "inside clause": ("E", 0.3), "outside": ("X", 1.0)}
CLASSES = {"inside ceiling": "h0", "inside clause": "h3", "outside": "h6"}


@of_outlook("fiscal-regimes", "Inside the rules on net expenditure?")
def figure(study: Study, outlook: Outlook, key: str, title: str) -> Figure:
    """Set a strip of years for each state and source."""
    drawn = bool(outlook.rows("regimes", policy=PLAN))
    items = [(CLASSES[name], f"{letter}: {name}") for name, (letter, _) in REGIMES.items()]
    items.append(("h0 mark", "framed: the Council's own ceiling; elsewhere a substitute"))
    scale = el("div", legend(items), class_="heat-legend ramp-gap")
    body = per_state(study, outlook.states, lambda state: [_strip(study, outlook, state)])
    return Figure(
        key,
        title,
        _finding(study, outlook),
        Markup("").join([scale, body]) if drawn else Markup(""),
        [_cliff(study, outlook), _table(study, outlook)],
        (),
        ("regimes", "cliff"),
        "The ceiling and the control account of Reg. (EU) 2024/1263 and the national escape clause of 2025 "
        "to 2028 (equations 10 and 11). A year can be outside though its own growth is below the ceiling, "
        "because the account carries what was spent before. Where the Council's ceiling is not held, a "
        "substitute stands in: an assumption. The limits open a report only where debt is above the "
        "reference value.",
        "The outlook has no ceilings.",
        shown=1,
        of="fiscal",
    )


def _finding(study: Study, outlook: Outlook) -> str:
    parts = []
    for state in study.members:
        rows = outlook.rows("regimes", source=outlook.main, policy=PLAN, state=state)
        out = [int(r["year"]) for r in rows if r["regime"] == "outside"]
        if rows:
            name = study.name("states", state)
            parts.append(f"{name} {words.year_ranges(out) if out else 'in no year'}")
    cliff = [
        f"{study.name('states', str(r['state']))} {words.money(float(r['cliff_meur']))}"
        for r in outlook.rows("cliff", source=outlook.main, policy=PLAN)
    ]
    fall = f" When the clause ends, this must be funded or cut: {words.joined(cliff)}." if cliff else ""
    return (
        f"{source_word(outlook.main)}, net expenditure is outside both ceiling and clause: "
        f"{'; '.join(parts)}.{fall}"
        if parts
        else ""
    )


def _strip(study: Study, outlook: Outlook, state: str) -> Markup:
    rows = outlook.rows("regimes", policy=PLAN, state=state)
    found = {(r["source"], int(r["year"])): r for r in rows}
    years = sorted({year for _, year in found})
    labels = [(source_word(s), source_word(s)) for s in outlook.sources]
    cells = [[_cell(found.get((s, y))) for y in years] for s in outlook.sources]
    heads = [f"’{str(y)[-2:]}" for y in years]
    caption = f"{years[0]} to {years[-1]}" if years else ""
    name = f"{study.name('states', state)}, {caption}"
    table = shade_table(caption, labels, heads, cells, "ramp-gap strip", "Outlays of")
    return el("div", table, class_="scroll", tabindex="0", role="region", aria_label=name)


def _cell(row: Row | None) -> HeatCell:
    if row is None:
        return HeatCell(None)
    letter, shade = REGIMES.get(str(row["regime"]), ("?", 1.0))
    ceiling = "the Council's" if row["published"] else "a substitute"
    title = (
        f"{row['year']}: {row['regime']}. Growth {words.number(row['observed'], 1)} %, ceiling "
        f"{words.number(row['ceiling'], 1)} % ({ceiling})"
    )
    return HeatCell(shade, letter, title, bool(row["published"]))


def _cliff(study: Study, outlook: Outlook) -> Table:
    listed = outlook.rows("cliff", policy=PLAN)
    rows: list[list[Cell]] = [
        [
            state_cell(study, r["state"]),
            text_cell(source_word(r["source"])),
            text_cell(r["year"]),
            share_cell(r["cliff"]),
            money_cell(r["cliff_meur"]),
        ]
        for r in listed
    ]
    heads = ["State", "Outlays of", "Year", "% of GDP", "EUR m"]
    caption = "The cliff: what the clause allowed in its last year and must be funded or cut in the next"
    states = [str(r["state"]) for r in listed]
    return Table("t-fiscal-cliff", caption, heads, rows, frozenset({2, 3, 4}), states)


def _table(study: Study, outlook: Outlook) -> Table:
    listed: Sequence[Row] = outlook.rows("regimes", policy=PLAN)
    rows: list[list[Cell]] = [
        [
            state_cell(study, r["state"]),
            text_cell(source_word(r["source"])),
            text_cell(r["year"]),
            text_cell(r["regime"]),
            share_cell(r["observed"], 2),
            share_cell(r["ceiling"], 2),
            text_cell("Council" if r["published"] else "substitute"),
            *(share_cell(r[column], 2) for column in ("excess", "control", "room", "left")),
        ]
        for r in listed
    ]
    heads = [
        "State", "Outlays of", "Year", "Regime", "Growth, %", "Ceiling, %", "Ceiling of",
        "Excess, % of GDP", "Account, % of GDP", "Clause allows, % of GDP", "Left, % of GDP",
    ]  # fmt: skip
    return Table(
        "t-fiscal-regimes",
        "Growth of net expenditure, its ceiling and the control account, defence as planned",
        heads,
        rows,
        frozenset({2, 4, 5, 7, 8, 9, 10}),
        [str(r["state"]) for r in listed],
    )

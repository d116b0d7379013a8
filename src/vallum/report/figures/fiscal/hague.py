"""Core and related defence against the Hague commitment."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from vallum.report import words
from vallum.report.figures.charts import Chart, Line, known, panel, per_state, state_cell
from vallum.report.figures.fiscal.common import gdp, of_outlook, share_cell, source_word
from vallum.report.figures.fiscal.overview import PLAN
from vallum.report.outlook import Outlook
from vallum.report.parts import Cell, Figure, Table, legend, text_cell
from vallum.report.study import Study

COLUMNS = (
    ("core", "Core"),
    ("related", "Related, all"),
    ("counted", "Related, counted"),
    ("total", "Counted in all"),
    ("required", "Indicative path"),
)


@of_outlook("fiscal-hague", "The Hague commitment")
def figure(study: Study, outlook: Outlook, key: str, title: str) -> Figure:
    """Draw core defence and what counts of related outlays, with both targets and the straight line."""
    items = [
        ("m-own", "core defence"),
        ("m-second", "related outlays that count"),
        ("line-purse", "straight line to the target (indicative)"),
        ("limit", f"targets: {words.joined(gdp(v) for v in _targets(outlook))}"),
    ]
    drawn = bool(outlook.rows("hague", policy=PLAN))
    body = per_state(study, outlook.states, lambda state: _panels(study, outlook, state))
    return Figure(
        key,
        title,
        _finding(study, outlook),
        Markup("").join([legend(items), body]) if drawn else Markup(""),
        [_table(study, outlook), _classes(outlook)],
        (),
        ("hague", "outlays"),
        "Core defence as it is paid, and not as it hits the deficit. The commitment has no yearly "
        "path; the straight line is ours. Which outlay counts as core or related is in the second table.",
        "The outlook does not judge the commitment.",
        of="fiscal",
    )


def _targets(outlook: Outlook) -> list[float]:
    """Targets of core defence, and of core and related together."""
    core, related = (outlook.rule(name) for name in ("hague_core_defence", "hague_related"))
    return known(core, None if core is None or related is None else core + related)


def _finding(study: Study, outlook: Outlook) -> str:
    target = outlook.rule("hague_target_year")
    rows = outlook.rows("hague", source=outlook.main, policy=PLAN, year=target)
    parts = [
        f"{study.name('states', str(r['state']))} {words.number(r['core'], 1)} core and "
        f"{words.number(r['counted'], 1)} related ({'both' if r['met'] else 'not both'} at target)"
        for r in rows
    ]
    return (
        f"{source_word(outlook.main)}, in {target:.0f}, % of GDP: {'; '.join(parts)}."
        if parts and target is not None
        else ""
    )


def _panels(study: Study, outlook: Outlook, state: str) -> Sequence[Markup]:
    found = []
    for source in outlook.compared:
        keys = {"source": source, "policy": PLAN, "state": state}
        years = sorted(outlook.series("hague", "core", **keys))
        if years:
            found.append(
                panel(
                    Chart(
                        f"hague-{study.members.index(state)}-{source}",
                        f"{source_word(source)}, % of GDP",
                        years,
                        [Line("path", "line-purse", outlook.series("hague", "required", **keys))],
                        bars=[
                            Line("core", "m-own", outlook.series("hague", "core", **keys)),
                            Line("related", "m-second", outlook.series("hague", "counted", **keys)),
                        ],
                        limits=_targets(outlook),
                    )
                )
            )
    return found


def _table(study: Study, outlook: Outlook) -> Table:
    listed = [r for s in outlook.compared for r in outlook.rows("hague", source=s, policy=PLAN)]
    rows: list[list[Cell]] = [
        [
            state_cell(study, r["state"]),
            text_cell(source_word(r["source"])),
            text_cell(r["year"]),
            *(share_cell(r[column], 2) for column, _ in COLUMNS),
            text_cell("yes" if r["core_met"] else "no"),
            text_cell("yes" if r["met"] else "no"),
        ]
        for r in listed
    ]
    heads = ["State", "Outlays of", "Year", *(text for _, text in COLUMNS), "Core met", "Both met"]
    states = [str(r["state"]) for r in listed]
    caption = "Core and related defence, % of GDP"
    return Table("t-fiscal-hague", caption, heads, rows, frozenset(range(2, 8)), states)


def _classes(outlook: Outlook) -> Table:
    rows: list[list[Cell]] = [
        [
            text_cell(str(r["outlay"]).replace("_", " ")),
            text_cell(r["budget_class"]),
            text_cell(r["accounting"]),
            text_cell(r["rule"]),
        ]
        for r in outlook.table("outlays")
    ]
    heads = ["Outlay", "Counts as", "Hits the deficit on", "Rule"]
    return Table("t-fiscal-outlays", "Where each class of outlays stands", heads, rows)

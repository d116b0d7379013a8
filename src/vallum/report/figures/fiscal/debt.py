"""Fan charts of debt."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from vallum.plan.fiscal.tables import LEVEL_NAMES
from vallum.report import words
from vallum.report.figures.charts import Band, Chart, Line, known, panel, per_state, state_cell
from vallum.report.figures.fiscal.common import gdp, of_outlook, share_cell, source_word
from vallum.report.figures.fiscal.overview import PLAN
from vallum.report.outlook import Outlook
from vallum.report.parts import Cell, Figure, Table, legend, text_cell
from vallum.report.study import Study

MEDIAN = "p50"
#: The lower and upper level of each band, the widest first.
BANDS = tuple(zip(LEVEL_NAMES, reversed(LEVEL_NAMES), strict=True))[: len(LEVEL_NAMES) // 2]
OFFICIAL = "no_policy_change"


@of_outlook("fiscal-debt", "Debt, and how far it may stray")
def figure(study: Study, outlook: Outlook, key: str, title: str) -> Figure:
    """Draw the fan of debt of each state, as budgeted and with the plan of purchases."""
    drawn = bool(outlook.rows("fan", policy=PLAN))
    items = [
        ("fan-swatch", "5 to 95 of 100 paths, then 10 to 90 and so on, denser inside"),
        ("line-median", "median"),
        ("line-path", "without shocks"),
        ("line-official", outlook.titles.get(OFFICIAL, OFFICIAL)),
        ("limit", f"reference value {gdp(outlook.rule('debt_reference_value'), 0)}"),
    ]
    body = per_state(study, outlook.states, lambda state: _panels(study, outlook, state))
    return Figure(
        key,
        title,
        _finding(study, outlook),
        Markup("").join([legend(items), body]) if drawn else Markup(""),
        [_table(study, outlook)],
        (),
        ("fan", "projection"),
        "Shocks to growth, rates and the primary balance as large as in the past (equation 13). They say "
        "how far debt may stray if policy does not answer, and are no forecast of policy.",
        "The outlook has no fan.",
        of="fiscal",
    )


def _finding(study: Study, outlook: Outlook) -> str:
    parts = []
    for r in outlook.rows("fan", source=outlook.main, policy=PLAN, year=outlook.last):
        name = study.name("states", str(r["state"]))
        parts.append(f"{name} {words.number(r['p10'])} to {words.number(r['p90'])}")
    return (
        f"{source_word(outlook.main)}, eight of ten paths end in {outlook.last} within, % of GDP: "
        f"{words.joined(parts)}."
        if parts
        else ""
    )


def _panels(study: Study, outlook: Outlook, state: str) -> Sequence[Markup]:
    keys = [{"source": s, "policy": PLAN, "state": state} for s in outlook.compared]
    # both panels of a state have the same axis
    top = max((v for k in keys for v in outlook.series("fan", LEVEL_NAMES[-1], **k).values()), default=0.0)
    return [_panel(study, outlook, state, source, top) for source in outlook.compared]


def _panel(study: Study, outlook: Outlook, state: str, source: str, top: float) -> Markup:
    keys = {"source": source, "policy": PLAN, "state": state}
    level = {name: outlook.series("fan", name, **keys) for name in LEVEL_NAMES}
    official = outlook.series("projection", "debt", source="budget", policy=OFFICIAL, state=state)
    name = source_word(source)
    return panel(
        Chart(
            f"fan-{study.members.index(state)}-{source}",
            f"{name}, debt in % of GDP",
            outlook.years,
            [
                Line(outlook.titles.get(OFFICIAL, OFFICIAL), "line-official", official),
                Line("median", "line-median", level[MEDIAN]),
                Line("without shocks", "line-path", outlook.series("projection", "debt", **keys)),
            ],
            bands=[Band(f"{low} to {high}", level[low], level[high]) for low, high in BANDS],
            limits=known(outlook.rule("debt_reference_value")),
            top=top,
        )
    )


def _table(study: Study, outlook: Outlook) -> Table:
    listed = [r for s in outlook.compared for r in outlook.rows("fan", source=s, policy=PLAN)]
    rows: list[list[Cell]] = [
        [
            state_cell(study, r["state"]),
            text_cell(source_word(r["source"])),
            text_cell(r["year"]),
            *(share_cell(r[name]) for name in LEVEL_NAMES),
            Cell(words.percent(r["above_reference"]), r["above_reference"]),
        ]
        for r in listed
    ]
    heads = ["State", "Outlays of", "Year", *(n.replace("p0", "p") for n in LEVEL_NAMES), "Above reference"]
    caption = "Debt, % of GDP: so many of 100 paths are below; and paths above the reference value"
    states = [str(r["state"]) for r in listed]
    return Table("t-fiscal-debt", caption, heads, rows, frozenset(range(2, len(heads))), states)

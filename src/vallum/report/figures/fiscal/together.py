"""What going together saves public finances."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from vallum.report import words
from vallum.report.figures.charts import Mark, Ranged, ranges, state_cell
from vallum.report.figures.fiscal.common import of_outlook
from vallum.report.held import Row
from vallum.report.outlook import Outlook
from vallum.report.parts import Cell, Figure, Table, legend, number_cell, text_cell
from vallum.report.study import Study
from vallum.report.svg import el

#: Measures of which less is better, so that alone less together is a saving.
LESS_IS_BETTER = ("debt", "interest", "shortfall")
#: Values of the same measure closer than this are the same.
SAME = 1e-6
VALUES = ("national", "joint", "equal", "equal_low", "equal_high")


@of_outlook("fiscal-together", "Public finances alone and together")
def figure(study: Study, outlook: Outlook, key: str, title: str) -> Figure:
    """Draw what together saves against alone for each measure, with the same money and equal capability."""
    listed = outlook.table("fragmentation")
    groups: dict[tuple[str, int | None, str], list[Row]] = {}
    for r in listed:
        if r["measure"] in LESS_IS_BETTER:
            groups.setdefault((str(r["measure"]), r["year"], str(r["unit"])), []).append(r)
    panels = [
        ranges(f"together-{i}", _title(*group), [_ranged(study, r) for r in rows], words.compact)
        for i, (group, rows) in enumerate(groups.items())
    ]
    items = [
        ("dot-together", "same money"),
        ("dot-alone", "equal capability"),
        ("range", "interval of equal capability"),
    ]
    return Figure(
        key,
        title,
        _finding(study, listed),
        Markup("").join([legend(items), el("div", *panels, class_="pair")]) if panels else Markup(""),
        [_table(study, listed)],
        (),
        ("fragmentation",),
        "Right of 0, together has less debt, interest or shortfall than alone. With the same money, together "
        "buys more and debt hardly moves. At equal capability, together spends less; its interval comes from "
        "the bounds of both plans. Where it contains 0, the saving is not proven.",
        "This needs the plan alone and the plan together in one folder: plan with --mode both.",
        of="fiscal",
    )


def proven(row: Row) -> bool:
    """Whether the interval of equal capability leaves out what alone has."""
    low, high, alone = row["equal_low"], row["equal_high"], float(row["national"])
    return low is not None and high is not None and not low - SAME <= alone <= high + SAME


def _title(measure: str, year: int | None, unit: str) -> str:
    when = f" in {year}" if year is not None else ""
    return f"{measure.capitalize()}{when}: saved together, {unit}"


def _ranged(study: Study, row: Row) -> Ranged:
    alone = float(row["national"])
    marks = [Mark("dot-together", alone - float(row["joint"]), "same money")]
    if row["equal"] is not None:
        marks.append(Mark("dot-alone", alone - float(row["equal"]), "equal capability"))
    ends = (row["equal_high"], row["equal_low"])
    narrow = None if None in ends else (alone - float(ends[0]), alone - float(ends[1]))
    return Ranged(str(row["state"]), study.name("states", str(row["state"])), marks, narrow)


def _finding(study: Study, listed: Sequence[Row]) -> str:
    debts = [
        r for r in listed if r["measure"] == "debt" and r["unit"] == "% of GDP" and r["equal"] is not None
    ]
    last = max((r["year"] for r in debts), default=None)
    parts = []
    for r in debts:
        if r["year"] == last:
            saved = float(r["national"]) - float(r["equal"])
            way = "lower" if saved >= 0 else "higher"
            sure = "proven" if proven(r) else "not proven"
            name = study.name("states", str(r["state"]))
            parts.append(f"{name} {words.number(abs(saved), 1)} {way} ({sure})")
    return f"At equal capability, debt in {last} together, % of GDP: {'; '.join(parts)}." if parts else ""


def _table(study: Study, listed: Sequence[Row]) -> Table:
    rows: list[list[Cell]] = [
        [
            state_cell(study, r["state"]),
            text_cell(r["measure"]),
            text_cell(r["year"] or "whole plan"),
            text_cell(r["unit"]),
            *(number_cell(r[name]) for name in VALUES),
            text_cell(_verdict(r)),
        ]
        for r in listed
    ]
    heads = [
        "State", "Measure", "Year", "Unit", "Alone", "Together, same money", "Together, equal capability",
        "Low", "High", "Difference at equal capability",
    ]  # fmt: skip
    states = [str(r["state"]) for r in listed]
    caption = "Alone and together, defence as planned"
    return Table("t-fiscal-together", caption, heads, rows, frozenset(range(4, 9)), states)


def _verdict(row: Row) -> str:
    if row["equal"] is None:
        return words.UNKNOWN
    if row["measure"] == "shortfall":
        return "equal by definition"
    return "proven" if proven(row) else "not proven"

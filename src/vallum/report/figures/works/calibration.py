"""Whether a forecast made with what was known earlier held."""

from __future__ import annotations

from markupsafe import Markup

from vallum.report import words
from vallum.report.figures.charts import Mark, Ranged, ranges, state_cell
from vallum.report.figures.works.common import kind_cell, of_works
from vallum.report.held import Row
from vallum.report.parts import Cell, Figure, Table, legend, number_cell, text_cell
from vallum.report.study import Study
from vallum.report.works import Works


@of_works("works-calibration", "Does the forecast hold?")
def figure(study: Study, works: Works, key: str, title: str) -> Figure:
    """Draw each fact on the band of its forecast."""
    listed = works.table("calibration")
    rows = [_ranged(study, works, r) for r in listed]
    items = [
        ("range", "90 of 100 runs are within"),
        ("dot-together", "half of the runs have more"),
        ("dot-official", "what came"),
    ]
    picture = ranges("works-calibration", "Forecast and fact, units of the kind", rows, words.compact)
    return Figure(
        key,
        title,
        _finding(list(listed)),
        Markup("").join([legend(items), picture]) if rows else Markup(""),
        [_table(study, works)] if rows else [],
        (),
        ("calibration",),
        "The forecast is made again with nothing but the facts up to the earlier date. A state whose fact is "
        "outside the band shows no late finish (80 and 90 of 100 runs) anywhere in this report.",
        "The region has no fact after the date up to which the forecast may know, so the forecast is not "
        "tested.",
        of="works",
    )


def _ranged(study: Study, works: Works, row: Row) -> Ranged:
    name = study.name("states", row["state"])
    label = f"{name}, {works.element(row['element_id'])}, {row['date'].isoformat()}"
    marks = [
        Mark("dot-together", row["p50"], "half of the runs"),
        Mark("dot-official", row["fact"], "what came"),
    ]
    return Ranged(str(row["state"]), label, marks, (row["p05"], row["p95"]))


def _finding(listed: list[Row]) -> str:
    if not listed:
        return ""
    inside = sum(r["inside"] for r in listed)
    few = " So few facts say little about the other kinds and states." if len(listed) < 10 else ""
    until = max(r["known_until"] for r in listed).isoformat()
    return (
        f"Of {words.plural(len(listed), 'fact')} after {until}, {inside} came within the band of 90 % that "
        f"was forecast from what was known then.{few}"
    )


def _table(study: Study, works: Works) -> Table:
    listed = works.table("calibration")
    rows: list[list[Cell]] = [
        [
            state_cell(study, r["state"]),
            kind_cell(works, r["element_id"]),
            text_cell(works.unit(r["element_id"])),
            text_cell(r["known_until"].isoformat()),
            text_cell(r["date"].isoformat()),
            *(number_cell(r[name]) for name in ("fact", "p05", "p50", "p95")),
            text_cell("yes" if r["inside"] else "no"),
        ]
        for r in listed
    ]
    heads = [
        "State", "Kind of works", "Unit", "Known until", "Date", "What came", "5 of 100 runs have less",
        "Half", "95 of 100 have less", "Within the band",
    ]  # fmt: skip
    states = [str(r["state"]) for r in listed]
    caption = "Forecast against what came"
    return Table("t-works-calibration", caption, heads, rows, frozenset(range(5, 9)), states)

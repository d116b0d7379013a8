"""Layers in depth: how many are complete in each sector at the end of each year."""

from __future__ import annotations

from markupsafe import Markup

from vallum.report import words
from vallum.report.figures.charts import per_state
from vallum.report.figures.works.common import mode_word, of_works
from vallum.report.held import Row
from vallum.report.parts import Cell, Figure, HeatCell, Table, heat_legend, heat_table, number_cell, text_cell
from vallum.report.study import Study
from vallum.report.svg import el
from vallum.report.works import Works


@of_works("works-depth", "Layers in depth")
def figure(study: Study, works: Works, key: str, title: str) -> Figure:
    """Set sectors and years of each state in a table, shaded by the share of planned layers."""
    body = per_state(
        study,
        works.states,
        lambda state: [p for mode in works.modes if (p := _panel(study, works, mode, state))],
    )
    scale = heat_legend("ramp-use", "nothing planned")
    name = el("p", "Share of the planned layers that are complete", class_="axis-title")
    return Figure(
        key,
        title,
        _finding(study, works),
        Markup("").join([name, scale, body]) if body else Markup(""),
        [_layers(works)] if works.table("layers") else [],
        (),
        ("depth", "layers"),
        "Complete layers of those planned in the sector, at the end of the year, in the schedule; the "
        "shade is their share. Which kinds of works are in which layer is in the table of kinds below.",
        "The schedule has no layers.",
        of="works",
    )


def _finding(study: Study, works: Works) -> str:
    parts = []
    for state in study.members:
        rows = works.rows("depth", mode=works.main, state=state)
        planned = {r["sector_id"]: int(r["planned_layers"]) for r in rows}
        by_year = {int(r["year"]): 0 for r in rows}
        for r in rows:
            by_year[int(r["year"])] += int(r["layers"])
        half = next((y for y in sorted(by_year) if 2 * by_year[y] >= sum(planned.values())), None)
        if planned:
            parts.append(f"{study.name('states', state)} {half or 'not at all'}")
    named = words.joined(parts)
    return (
        f"{mode_word(works.main)}, half of all planned layers are complete at the end of: {named}."
        if parts
        else ""
    )


def _panel(study: Study, works: Works, mode: str, state: str) -> Markup | None:
    found = {(r["sector_id"], int(r["year"])): r for r in works.rows("depth", mode=mode, state=state)}
    if not found:
        return None
    sectors = list(dict.fromkeys(sector for sector, _ in sorted(found)))
    years = sorted({year for _, year in found})
    labels = [(str(s), works.sector(s)) for s in sectors]
    rows = [[_cell(found.get((s, y))) for y in years] for s in sectors]
    table = heat_table(mode_word(mode), labels, years, rows, "ramp-use", "Sector")
    said = f"Layers in depth, {study.name('states', state)}, {mode_word(mode).lower()}"
    return el("div", table, class_="scroll", tabindex="0", role="region", aria_label=said)


def _cell(row: Row | None) -> HeatCell:
    if row is None or row["planned_layers"] <= 0:
        return HeatCell(None)
    return HeatCell(row["layers"] / row["planned_layers"], f"{row['layers']}/{row['planned_layers']}")


def _layers(works: Works) -> Table:
    """Mean share of each layer over the sectors of a state that plan it."""
    sums: dict[tuple[str, str, str, int], list[float]] = {}
    for r in works.rows("layers", mode=works.main):
        sums.setdefault((r["state"], r["layer"], r["element_id"], int(r["year"])), []).append(
            float(r["done"])
        )
    years = sorted({year for *_, year in sums})
    keys = sorted({key[:3] for key in sums})
    rows = [
        [
            text_cell(state),
            text_cell(layer.replace("_", " ")),
            text_cell(works.element(element)),
            *(_mean(sums.get((state, layer, element, year))) for year in years),
        ]
        for state, layer, element in keys
    ]
    heads = ["State", "Layer", "Kind of works", *(str(year) for year in years)]
    caption = f"Done of each kind of works, {mode_word(works.main).lower()}, mean of the sectors, %"
    states = [state for state, *_ in keys]
    return Table("t-works-layers", caption, heads, rows, frozenset(range(3, len(heads))), states)


def _mean(values: list[float] | None) -> Cell:
    return number_cell(100 * sum(values) / len(values) if values else None, 0)

"""The plan by years: what is bought, what it costs to keep, and what is seen by then."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from vallum.report import words
from vallum.report.figures.charts import Chart, Line, panel, per_state, state_cell
from vallum.report.figures.sky.common import mode_key, mode_word, of_sky, share_cell
from vallum.report.held import Row
from vallum.report.parts import Cell, Figure, Table, legend, money_cell, number_cell, text_cell
from vallum.report.sky import Sky
from vallum.report.study import Study
from vallum.report.svg import el

MONEY = (
    ("k-build", "purchases", "buy_meur"),
    ("k-land", "upkeep", "upkeep_meur"),
    ("k-crew", "crew", "crew_meur"),
    ("k-money", "replacement", "refresh_meur"),
)
PER_CENT = 100.0


@of_sky("sky-stages", "The plan by years")
def figure(study: Study, sky: Sky, key: str, title: str) -> Figure:
    """Draw money by year, for all and for each state, and cover beside its bound."""
    listed = sky.table("years")
    panels = [p for mode in sky.modes if (p := _money(sky.rows("years", mode=mode), mode, "all"))]
    if bounds := sky.table("stage_bounds"):
        panels.append(_cover(sky, bounds))
    states = per_state(study, sky.states, lambda state: _of_state(study, sky, state))
    items = [
        *((kind, name) for kind, name, _ in MONEY),
        *((f"line-{mode_key(m)}", f"cover, {mode_key(m)}") for m in sky.modes if bounds),
        *([("line-bound", "most that the money until then could give")] if bounds else []),
    ]
    parts = [legend(items), el("div", *panels, class_="small"), states]
    tables = [_years(study, sky)] if listed else []
    tables += [_bounds(sky)] if bounds else []
    tables += [_bought(study, sky)] if sky.table("stages") else []
    return Figure(
        key,
        title,
        _finding(sky),
        Markup("").join(parts) if panels else Markup(""),
        tables,
        (),
        ("stages", "years", "stage_bounds"),
        "EUR million, constant prices. A unit costs upkeep and crew from the year after it is bought, and is "
        "replaced at the end of its life. Units are bought in the order in which they add most cover for "
        "the money, within each purse and year.",
        "The siting has no years: nothing is bought.",
        of="sky",
    )


def _finding(sky: Sky) -> str:
    parts = []
    for mode in sky.modes:
        rows = sky.rows("years", mode=mode)
        if rows:
            whole = sum(_sum(rows, column) for _, _, column in MONEY)
            last = max(int(r["year"]) for r in rows)
            posts = _sum([r for r in rows if r["year"] == last], "posts")
            parts.append(
                f"{mode_word(mode)}, {words.money(_sum(rows, 'buy_meur'))} of {words.money(whole)} up to "
                f"{last} are purchases, and {words.plural(round(posts), 'post')} are filled then"
            )
        ends = sorted(sky.rows("stage_bounds", mode=mode), key=lambda r: r["year"])
        if rows and ends:
            parts[-1] += (
                f"; cover is {words.percent(ends[-1]['value'])}, and "
                f"{words.percent(ends[-1]['bound'])} is the most that the money could give"
            )
    return ". ".join(parts) + "." if parts else ""


def _sum(rows: Sequence[Row], column: str) -> float:
    return sum(float(r[column]) for r in rows)


def _money(rows: Sequence[Row], mode: str, key: str) -> Markup | None:
    years = sorted({int(r["year"]) for r in rows})
    if not years:
        return None
    bars = [
        Line(name, kind, {y: _sum([r for r in rows if r["year"] == y], column) for y in years})
        for kind, name, column in MONEY
    ]
    title = f"{mode_word(mode)}, EUR m a year"
    return panel(Chart(f"sky-money-{key}-{mode_key(mode)}", title, years, [], bars, unit="EUR m", every=2))


def _of_state(study: Study, sky: Sky, state: str) -> list[Markup]:
    key = str(study.members.index(state))
    found = (_money(sky.rows("years", mode=mode, state=state), mode, key) for mode in sky.modes)
    return [p for p in found if p]


def _cover(sky: Sky, bounds: Sequence[Row]) -> Markup:
    lines = []
    for mode in sky.modes:
        rows = [r for r in bounds if r["mode"] == mode]
        for name, kind in (("value", f"line-{mode_key(mode)}"), ("bound", "line-bound")):
            said = f"{mode_key(mode)}{', bound' if name == 'bound' else ''}"
            lines.append(Line(said, kind, {int(r["year"]): PER_CENT * r[name] for r in rows}))
    years = sorted({int(r["year"]) for r in bounds})
    title = "Cover at the end of the year, % of the greatest there could be"
    return panel(Chart("sky-stage-cover", title, years, lines, every=2, unit="%", dotted=years))


def _years(study: Study, sky: Sky) -> Table:
    listed = sorted(sky.table("years"), key=lambda r: (r["state"], r["year"], mode_key(r["mode"])))
    rows: list[list[Cell]] = [
        [
            state_cell(study, r["state"]),
            text_cell(mode_word(r["mode"])),
            text_cell(r["year"]),
            *(money_cell(r[column]) for _, _, column in MONEY),
            number_cell(r["posts"], 1),
            share_cell(r["one"]),
            share_cell(r["enough"]),
        ]
        for r in listed
    ]
    heads = [
        "State", "Sensors", "Year", "Purchases", "Upkeep", "Crew", "Replacement", "Posts at the end",
        "One kind or more", "Enough kinds",
    ]  # fmt: skip
    states = [str(r["state"]) for r in listed]
    caption = "Money by year, EUR m, and how surely a track is seen at its end"
    return Table("t-sky-years", caption, heads, rows, frozenset(range(3, len(heads))), states)


def _bounds(sky: Sky) -> Table:
    rows: list[list[Cell]] = [
        [
            text_cell(mode_word(r["mode"])),
            text_cell(r["year"]),
            Cell(words.percent(r["value"], 1), r["value"]),
            Cell(words.percent(r["bound"], 1), r["bound"]),
        ]
        for r in sky.table("stage_bounds")
    ]
    caption = "Cover at the end of the year, and the most that the money spent until then could give"
    return Table(
        "t-sky-stage-bounds", caption, ["Sensors", "Year", "Cover", "Bound"], rows, frozenset({2, 3})
    )


def _bought(study: Study, sky: Sky) -> Table:
    listed = sorted(sky.table("stages"), key=lambda r: (r["state"], r["year"], r["place_id"], r["type_id"]))
    rows: list[list[Cell]] = [
        [
            state_cell(study, r["state"]),
            text_cell(r["year"]),
            text_cell(sky.place(r["place_id"]), str(r["place_id"])),
            text_cell(sky.type(r["type_id"]), str(r["type_id"])),
            text_cell(mode_word(r["mode"])),
            number_cell(r["units"], 0),
            money_cell(r["buy_meur"]),
        ]
        for r in listed
    ]
    heads = ["State", "Year", "Place", "Type of sensor", "Sensors", "Units", "Price, EUR m"]
    states = [str(r["state"]) for r in listed]
    return Table("t-sky-stages", "What is bought in which year", heads, rows, frozenset({5, 6}), states)

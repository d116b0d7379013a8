"""Minutes of warning of each place on maps, before and after."""

from __future__ import annotations

from collections.abc import Callable

from markupsafe import Markup

from vallum.report import words
from vallum.report.figures.charts import state_cell
from vallum.report.figures.sky.common import minutes, minutes_cell, of_sky, people_cell, spelled, variant_word
from vallum.report.figures.sky.maps import Scale, Shade, drawable, picture, scale_of
from vallum.report.held import Row
from vallum.report.parts import Cell, Figure, Table, legend, text_cell
from vallum.report.sky import VARIANTS, Sky, Variant
from vallum.report.study import Study
from vallum.report.svg import el


@of_sky("sky-minutes", "How long before it comes")
def figure(study: Study, sky: Sky, key: str, title: str) -> Figure:
    """Draw sectors and municipalities shaded by the mean minutes of warning, for each variant."""
    known = [
        row["minutes_mean"] for v in sky.variants for place in sky.places if (row := sky.warned(v, place))
    ]
    drawn = bool(known and sky.steps and drawable(sky))
    return Figure(
        key,
        title,
        _finding(sky),
        _maps(sky, scale_of(known)) if drawn else Markup(""),
        [_table(study, sky)] if known else [],
        (),
        ("places", "warning", "warning_sectors"),
        "A line is a border sector, shaded by the mean warning of the people behind it over the tracks that "
        "cross it. A dot is a municipality, its area as its people, shaded by the mean warning there over "
        "the tracks that pass it. Orange: the alert comes after the arrival. Dashed or hollow: no track. "
        "Nothing is drawn finer than that. Coast, boundaries and capitals: made with Natural Earth. Outlines "
        "of sectors: © OpenStreetMap contributors.",
        "The places have no outline and no municipality, so there is no map."
        if known
        else "No track passes a place, so there is no map of minutes.",
        of="sky",
    )


def _finding(sky: Sky) -> str:
    parts = []
    for variant in sky.steps:
        found = [
            (row["people"], row["minutes_mean"])
            for key, place in sky.places.items()
            if place["what"] == "municipality" and (row := sky.warned(variant, key))
        ]
        everybody = sum(people for people, _ in found)
        if everybody > 0:
            before = sum(people for people, mean in found if mean > 0) / everybody
            parts.append(f"{VARIANTS[variant]} {words.percent(before)}")
    return (
        f"People in municipalities where the alert comes before the track on the mean: {'; '.join(parts)}."
        if parts
        else ""
    )


def _maps(sky: Sky, scale: Scale) -> Markup:
    maps = [
        picture(sky, f"c-sky-minutes-{i}", variant_word(v), _said(sky, v), _shade(sky, scale, v))
        for i, v in enumerate(sky.steps)
    ]
    items = el("div", legend([*scale.items(), ("hx", "no track")]), class_="heat-legend map-scale")
    name = el("p", "Minutes of warning, mean", class_="axis-title")
    return Markup("").join([name, items, el("div", *maps, class_="pair")])


def _shade(sky: Sky, scale: Scale, variant: Variant) -> Callable[[Row], Shade | None]:
    def shade(place: Row) -> Shade | None:
        row = sky.warned(variant, place["place_id"])
        if row is None:
            return None
        return Shade(scale.kind(row["minutes_mean"]), f"{minutes(row['minutes_mean'])} min")

    return shade


def _said(sky: Sky, variant: Variant) -> str:
    found = [row["minutes_mean"] for place in sky.places if (row := sky.warned(variant, place))]
    late = sum(value <= 0 for value in found)
    return f"The alert comes too late on the mean in {late} of {len(found)} places. The table has each place."


def _table(study: Study, sky: Sky) -> Table:
    listed = [
        (key, place) for key, place in sky.places.items() if any(sky.warned(v, key) for v in sky.variants)
    ]
    listed.sort(key=lambda pair: (pair[1]["state"], pair[1]["what"], pair[0]))
    rows: list[list[Cell]] = []
    for key, place in listed:
        found = [sky.warned(v, key) for v in sky.variants]
        people = next(row["people"] for row in found if row)
        rows.append(
            [
                text_cell(sky.place(key), key),
                state_cell(study, place["state"]),
                text_cell(spelled(place["what"])),
                people_cell(people),
                *(minutes_cell(row["minutes_mean"] if row else None) for row in found),
            ]
        )
    heads = ["Place", "State", "What", "People", *(variant_word(v) for v in sky.variants)]
    states = [str(place["state"]) for _, place in listed]
    caption = (
        "Minutes of warning, mean. People: who live in the municipality, or whom a track that crosses the "
        "sector passes"
    )
    return Table("t-sky-minutes", caption, heads, rows, frozenset(range(3, len(heads))), states)

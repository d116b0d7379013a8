"""How surely a track is seen at each place, and how many units stand there."""

from __future__ import annotations

from collections.abc import Callable

from markupsafe import Markup

from vallum.report import words
from vallum.report.figures.charts import state_cell
from vallum.report.figures.sky.common import (
    mode_key,
    mode_word,
    of_sky,
    sentence,
    share_cell,
    spelled,
)
from vallum.report.figures.sky.maps import Shade, drawable, picture
from vallum.report.held import Row
from vallum.report.parts import (
    Cell,
    Figure,
    Table,
    heat_legend,
    heat_step,
    money_cell,
    number_cell,
    text_cell,
)
from vallum.report.sky import Sky
from vallum.report.study import Study
from vallum.report.svg import el


@of_sky("sky-cover", "What is seen where")
def figure(study: Study, sky: Sky, key: str, title: str) -> Figure:
    """Draw the probability that enough kinds see a track, at each place."""
    modes = [mode for mode in sky.modes if sky.rows("cover", sensors=mode)]
    drawn = bool(modes and drawable(sky))
    tables = [_cover(study, sky, modes)] if modes else []
    tables += [_units(study, sky)] if sky.table("siting") else []
    return Figure(
        key,
        title,
        _finding(sky),
        _maps(sky, modes) if drawn else Markup(""),
        tables,
        (),
        ("places", "cover", "siting"),
        "Mean over the bands of height. Units are counts for a whole sector or municipality; the plan says "
        "nothing of where within it they stand. Coast, boundaries and capitals: made with Natural Earth. "
        "Outlines of sectors: © OpenStreetMap contributors.",
        "The places have no outline and no municipality, so there is no map."
        if modes
        else "No place is watched, so there is no map of cover.",
        of="sky",
    )


def _finding(sky: Sky) -> str:
    parts = []
    for mode in sky.modes:
        row = sky.covered(mode)
        units = sum(r["units"] for r in sky.rows("siting", mode=mode))
        places = len({r["place_id"] for r in sky.rows("siting", mode=mode) if r["units"] > 0})
        if row:
            parts.append(
                f"{mode_key(mode)}, {words.plural(units, 'unit')} at {words.plural(places, 'place')} see "
                f"{words.percent(row['one'])} of tracks with one kind or more and "
                f"{words.percent(row['enough'])} with enough kinds to confirm"
            )
    return sentence("; ".join(parts)) if parts else ""


def _maps(sky: Sky, modes: list[str]) -> Markup:
    maps = [
        picture(sky, f"c-sky-cover-{mode_key(m)}", mode_word(m), _said(sky, m), _shade(sky, m)) for m in modes
    ]
    name = el("p", "Probability that enough kinds see a track", class_="axis-title")
    scale = el("div", heat_legend("ramp-use", "not watched"), class_="map-scale")
    return Markup("").join([name, scale, el("div", *maps, class_="pair")])


def _shade(sky: Sky, mode: str) -> Callable[[Row], Shade | None]:
    def shade(place: Row) -> Shade | None:
        row = sky.cover(mode, place["place_id"])
        if row is None:
            return None
        said = f"{words.percent(row['enough'])}, at least one kind {words.percent(row['one'])}"
        return Shade(heat_step(row["enough"]).removeprefix("h"), said)

    return shade


def _said(sky: Sky, mode: str) -> str:
    found = [row["enough"] for row in sky.rows("cover", sensors=mode)]
    half = sum(value >= 0.5 for value in found)
    return (
        f"In {half} of {len(found)} places enough kinds see a track at least every second time. "
        "The table has each place."
    )


def _cover(study: Study, sky: Sky, modes: list[str]) -> Table:
    watched = [key for key in sky.places if any(sky.cover(mode, key) for mode in modes)]
    watched.sort(key=lambda key: (sky.places[key]["state"], sky.places[key]["what"], key))
    rows: list[list[Cell]] = []
    for key in watched:
        place = sky.places[key]
        found = [sky.cover(mode, key) or {} for mode in modes]
        rows.append(
            [
                text_cell(sky.place(key), key),
                state_cell(study, place["state"]),
                text_cell(spelled(place["what"])),
                number_cell(place["behind"], 0),
                *(share_cell(row.get(name)) for name in ("one", "enough") for row in found),
                *(number_cell(row.get("kinds"), 1) for row in found),
            ]
        )
    heads = ["Place", "State", "What", "Weight, people behind it"]
    heads += [
        f"{name}, {mode_key(mode)}"
        for name in ("One kind or more", "Enough kinds", "Kinds that see")
        for mode in modes
    ]
    states = [str(sky.places[key]["state"]) for key in watched]
    caption = "How surely a track is seen at each place, mean over bands of height"
    return Table("t-sky-cover", caption, heads, rows, frozenset(range(3, len(heads))), states)


def _units(study: Study, sky: Sky) -> Table:
    found = {(r["place_id"], r["type_id"], r["mode"]): r for r in sky.table("siting")}
    listed = sorted(
        {(r["state"], r["place_id"], r["type_id"]) for r in found.values()},
        key=lambda key: (key[0], sky.place(key[1]), sky.type(key[2]), key),
    )
    rows: list[list[Cell]] = [
        [
            state_cell(study, state),
            text_cell(sky.place(place), place),
            text_cell(sky.type(sort), sort),
            *(number_cell(_of(found.get((place, sort, mode)), "units"), 0) for mode in sky.modes),
            *(money_cell(_of(found.get((place, sort, mode)), "service_meur")) for mode in sky.modes),
        ]
        for state, place, sort in listed
    ]
    heads = ["State", "Place", "Type of sensor"]
    heads += [f"Units, {mode_key(mode)}" for mode in sky.modes]
    heads += [f"EUR m over the service, {mode_key(mode)}" for mode in sky.modes]
    states = [str(state) for state, _, _ in listed]
    caption = "Units by sector and municipality"
    return Table("t-sky-units", caption, heads, rows, frozenset(range(3, len(heads))), states)


def _of(row: Row | None, column: str) -> float:
    return float(row[column]) if row else 0.0

"""Maps: which sectors of the border have how many complete layers, and when."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from markupsafe import Markup

from vallum.report import words
from vallum.report.figures.basemap import WIDTH, Frame, frame_of, ground_shapes, path
from vallum.report.figures.charts import state_cell
from vallum.report.figures.works.common import mode_key, mode_word, of_works
from vallum.report.held import Row
from vallum.report.parts import Cell, Figure, Table, legend, number_cell, text_cell
from vallum.report.study import Study
from vallum.report.svg import el
from vallum.report.works import Works

#: Ends of years that are shown: of published targets, of the plan's middle and of its horizon.
SHOWN = (2027, 2030, 2035)
SHADES = 6

#: Rows of depth by mode, sector and year.
Depth = Mapping[tuple[str, str, int], Row]


@of_works("works-map", "Where the layers are, and when")
def figure(study: Study, works: Works, key: str, title: str) -> Figure:
    """Draw sectors shaded by complete layers, for some years and both modes."""
    years = _years(works)
    depth = {(r["mode"], r["sector_id"], int(r["year"])): r for r in works.table("depth")}
    drawn = bool(works.outlines and depth)
    return Figure(
        key,
        title,
        _finding(works, depth, years),
        _maps(study, works, depth, years) if drawn else Markup(""),
        [_table(study, works, depth, years)] if depth else [],
        (),
        ("sectors", "depth"),
        "A layer of a sector is complete when all of its kinds of works are in place, in the schedule. "
        "Dashed: nothing is planned there. Lines are coarse sectors of the border, no places of works. "
        "Coast, boundaries and capitals: made with Natural Earth. Outlines of sectors: © OpenStreetMap "
        "contributors.",
        "The region has no outlines of sectors, so there is no map."
        if depth
        else "The schedule has no sectors.",
        of="works",
    )


def _years(works: Works) -> list[int]:
    found = {int(r["year"]) for r in works.table("depth")}
    return [y for y in SHOWN if y in found] or sorted(found)[-1:]


def _finding(works: Works, depth: Depth, years: Sequence[int]) -> str:
    parts = []
    for year in years:
        rows = [r for (mode, _, y), r in depth.items() if y == year and mode == works.main]
        parts.append(f"{_whole(rows)} of {len(rows)} at the end of {year}")
    return (
        f"{mode_word(works.main)}, sectors with all planned layers: {words.joined(parts)}." if parts else ""
    )


def _maps(study: Study, works: Works, depth: Depth, years: Sequence[int]) -> Markup:
    frame = frame_of(works.outlines)
    blocks = [
        el("div", *(_map(works, frame, depth, mode, year) for year in years), class_="small")
        for mode in works.modes
    ]
    most = min(max((int(r["layers"]) for r in depth.values()), default=0), SHADES)
    items = [(f"h{n}", f"{n}{' or more' if n == SHADES else ''}" if n else "none") for n in range(most + 1)]
    scale = el("div", legend([*items, ("hx", "nothing planned")]), class_="heat-legend ramp-use map-scale")
    name = el("p", "Complete layers", class_="axis-title")
    return Markup("").join([_shapes(works, frame, depth), name, scale, *blocks])


def _shapes(works: Works, frame: Frame, depth: Depth) -> Markup:
    """Return what all maps show, drawn once: the ground, the names, and each sector."""
    planned = {sector for _, sector, _ in depth}
    framed = [line for sector, line in works.outlines.items() if sector in planned]
    shapes = [
        *ground_shapes(frame, "map"),
        el("path", d=path(frame, framed), class_="casing", id="map-casing"),
        *(el("path", d=path(frame, [ln]), id=f"sector-{i}") for i, ln in enumerate(works.outlines.values())),
    ]
    return el("svg", el("defs", *shapes), class_="defs", width=0, height=0, aria_hidden="true")


def _map(works: Works, frame: Frame, depth: Depth, mode: str, year: int) -> Markup:
    rows = {sector: r for (m, sector, y), r in depth.items() if m == mode and y == year}
    title, name = f"{mode_word(mode)}, end of {year}", f"c-map-{mode_key(mode)}-{year}"
    said = (
        f"{_whole(rows.values())} of {len(rows)} sectors have all planned layers. The table has each sector."
    )
    picture = el(
        "svg",
        el("title", title, id=f"{name}-t"),
        el("desc", said, id=f"{name}-d"),
        el("use", href="#map-ground"),
        el("use", href="#map-casing"),
        *(_sector(works, i, sector, rows.get(sector)) for i, sector in enumerate(works.outlines)),
        el("use", href="#map-names"),
        class_="chart map ramp-use",
        role="img",
        aria_labelledby=f"{name}-t {name}-d",
        viewBox=f"0 0 {WIDTH:.0f} {frame.height:.0f}",
    )
    return el("div", el("p", title, class_="panel-title"), picture)


def _whole(rows: Iterable[Row]) -> int:
    return sum(r["layers"] >= r["planned_layers"] for r in rows)


def _sector(works: Works, shape: int, sector: str, row: Row | None) -> Markup:
    name = works.sector(sector)
    said = f"{name}: {row['layers']} of {row['planned_layers']}" if row else f"{name}: nothing planned"
    kind = f"l{min(int(row['layers']), SHADES)}" if row else "none"
    state = works.sectors[sector]["state"]
    return el("use", el("title", said), href=f"#sector-{shape}", class_=f"sector {kind}", data_states=state)


def _table(study: Study, works: Works, depth: Depth, years: Sequence[int]) -> Table:
    rows: list[list[Cell]] = []
    states = []
    for sector, row in works.sectors.items():
        planned = [r for mode in works.modes for y in years if (r := depth.get((mode, sector, y)))]
        states.append(str(row["state"]))
        rows.append(
            [
                text_cell(works.sector(sector), sector),
                state_cell(study, row["state"]),
                number_cell(row["length_km"], 0),
                number_cell(row["dry_km"], 0),
                number_cell(row["mid_lat"], 1),
                number_cell(row["mid_lon"], 1),
                number_cell(max((r["planned_layers"] for r in planned), default=0), 0),
                *(
                    number_cell(r["layers"] if (r := depth.get((mode, sector, y))) else None, 0)
                    for y in years
                    for mode in works.modes
                ),
            ]
        )
    heads = ["Sector", "State", "Length, km", "On land, km", "North", "East", "Planned layers"]
    heads += [f"{mode_word(mode)}, end of {y}" for y in years for mode in works.modes]
    caption = "Sectors of the border with their complete layers"
    return Table("t-works-map", caption, heads, rows, frozenset(range(2, len(heads))), states)

"""Maps of an evacuation: who leaves and who receives as dots, vehicles as lines beside the road's middle."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from vallum.report import words
from vallum.report.evacuation import Evacuation
from vallum.report.figures.basemap import WIDTH, Frame, frame_of, ground_shapes, path
from vallum.report.figures.evacuation.common import municipalities
from vallum.report.figures.sky.common import mode_key, mode_word
from vallum.report.held import Row
from vallum.report.parts import heat_step
from vallum.report.svg import el

#: Width of the line of the most vehicles an hour, and of the least that can be seen.
WIDEST, NARROWEST = 7.0, 0.7
#: Radius of the dot of the most people, and of the least that can be seen.
LARGEST, SMALLEST = 13.0, 1.7
#: Roads with a smaller part of the most vehicles are not drawn.
LEAST = 0.01


@dataclass(frozen=True)
class Sheet:
    """What all maps of one scenario share.

    Attributes
    ----------
    key : str
        Start of the ids of its shapes.
    frame : Frame
    most_people : int
        Of one municipality that leaves or receives.
    most_vehicles : float
        An hour, on one road between towns in one part of the time.
    """

    key: str
    frame: Frame
    most_people: int
    most_vehicles: float


def sheet_of(evacuation: Evacuation, i: int, scenario: str) -> Sheet | None:
    """Return what the maps of a scenario share; None when no place of it is known."""
    people: dict[str, int] = {}
    vehicles, ends = 0.0, set()
    for mode in evacuation.modes:
        for found in (evacuation.leaving(scenario, mode), received(evacuation, scenario, mode)):
            for place, count in found.items():
                people[place] = max(people.get(place, 0), count)
        for row in evacuation.of("flow", scenario, mode):
            if evacuation.between_towns(row):
                vehicles = max(vehicles, float(row["vehicles_h"]))
            ends |= {str(row["from_node"]), str(row["to_node"])}
    points = [point for key in sorted(ends | set(people)) if (point := evacuation.point(key))]
    if not points:
        return None
    return Sheet(f"evac-{i}", frame_of({"": points}), max([1, *people.values()]), vehicles)


def received(evacuation: Evacuation, scenario: str, mode: str) -> Mapping[str, int]:
    """People who come to each municipality that receives any."""
    rows = evacuation.of("reception", scenario, mode)
    return {str(r["place_id"]): int(r["people"]) for r in rows if r["people"] > 0}


def shapes(evacuation: Evacuation, sheet: Sheet, scenario: str) -> Markup:
    """Return what all maps of a scenario show, drawn once: the ground, the names, and the roads in use."""
    used = {
        tuple(sorted((str(r["from_node"]), str(r["to_node"]))))
        for mode in evacuation.modes
        for r in evacuation.of("flow", scenario, mode)
    }
    lines = [
        [a, b]
        for pair in sorted(used)
        if (a := evacuation.point(pair[0])) and (b := evacuation.point(pair[1]))
    ]
    roads = el("path", d=path(sheet.frame, lines), class_="road-bed", id=f"{sheet.key}-roads")
    drawn = el("defs", *ground_shapes(sheet.frame, sheet.key), roads)
    return el("svg", drawn, class_="defs", width=0, height=0, aria_hidden="true")


def people_map(evacuation: Evacuation, sheet: Sheet, scenario: str, mode: str) -> Markup:
    """Draw who leaves and who receives; the other maps of the mode show the same dots."""
    leaving, coming = evacuation.leaving(scenario, mode), received(evacuation, scenario, mode)
    listed = [(k, n, "leaves", "to leave") for k, n in leaving.items()]
    listed += [(k, n, "receives", "received") for k, n in coming.items()]
    listed.sort(key=lambda dot: (-dot[1], dot[0]))
    dots = el("g", *_dots(evacuation, sheet, listed), id=f"{sheet.key}-{mode_key(mode)}-dots")
    said = (
        f"{words.number(sum(leaving.values()))} people are to leave {municipalities(len(leaving))}; "
        f"{words.number(sum(coming.values()))} come to {words.number(len(coming))} others."
    )
    title = f"{mode_word(mode)}: who leaves, who receives"
    return _map(sheet, f"c-{sheet.key}-{mode_key(mode)}-people", title, said, dots)


def flow_map(
    evacuation: Evacuation, sheet: Sheet, mode: str, title: str, rows: Sequence[Row], nth: int
) -> Markup:
    """Draw vehicles on roads in one part of the time, each direction on its right."""
    least = LEAST * sheet.most_vehicles
    listed = sorted((r for r in rows if r["vehicles_h"] >= least), key=lambda r: -r["vehicles_h"])
    lines = [line for row in listed if (line := _road(evacuation, sheet, row))]
    dots = el("use", href=f"#{sheet.key}-{mode_key(mode)}-dots", class_="behind")
    key = f"c-{sheet.key}-{mode_key(mode)}-{nth}"
    return _map(sheet, key, title, _said(evacuation, listed), dots, *lines)


def _said(evacuation: Evacuation, listed: Sequence[Row]) -> str:
    if not listed:
        return "No vehicles."
    most = listed[0]
    full = sum(r["used"] > 0.75 for r in listed)
    return (
        f"Vehicles on {words.plural(len(listed), 'road')}, most from {evacuation.corridor(most)}: "
        f"{words.number(most['vehicles_h'])} an hour. {words.number(full)} are used by more than 75%."
    )


def _map(sheet: Sheet, key: str, title: str, said: str, *drawn: Markup) -> Markup:
    picture = el(
        "svg",
        el("title", title, id=f"{key}-t"),
        el("desc", said, id=f"{key}-d"),
        el("use", href=f"#{sheet.key}-ground"),
        el("use", href=f"#{sheet.key}-roads"),
        *drawn,
        el("use", href=f"#{sheet.key}-names"),
        class_="chart map ramp-gap",
        role="img",
        aria_labelledby=f"{key}-t {key}-d",
        viewBox=f"0 0 {WIDTH:.0f} {sheet.frame.height:.0f}",
    )
    return el("div", el("p", title, class_="panel-title"), picture)


def _dots(
    evacuation: Evacuation, sheet: Sheet, listed: Iterable[tuple[str, int, str, str]]
) -> Iterable[Markup]:
    """Draw dots whose areas are as their people, down to the smallest that can be seen."""
    for key, people, kind, what in listed:
        if point := evacuation.point(key):
            x, y = sheet.frame.place(point)
            radius = max(SMALLEST, LARGEST * math.sqrt(max(people, 0) / sheet.most_people))
            at = {"cx": round(x, 1), "cy": round(y, 1), "r": round(radius, 1)}
            title = el("title", f"{evacuation.place(key)}: {words.number(people)} {what}")
            yield el("circle", title, **at, class_=kind, data_states=evacuation.states_of(key))


def _road(evacuation: Evacuation, sheet: Sheet, row: Row) -> Markup | None:
    tail, head = evacuation.point(row["from_node"]), evacuation.point(row["to_node"])
    if tail is None or head is None or tail == head:
        return None
    share = min(1.0, row["vehicles_h"] / (sheet.most_vehicles or 1.0))
    width = max(NARROWEST, WIDEST * share)
    ends = beside(sheet.frame.place(tail), sheet.frame.place(head), width / 2)
    said = (
        f"{evacuation.corridor(row)}: {words.number(row['vehicles_h'])} an hour, "
        f"{words.percent(row['used'])} used"
    )
    return el(
        "line",
        el("title", said),
        **{name: round(value, 1) for name, value in zip(("x1", "y1", "x2", "y2"), ends, strict=True)},
        class_=f"road l{heat_step(row['used']).removeprefix('h')}",
        stroke_width=round(width, 1),
        data_states=evacuation.states_of(row["from_node"], row["to_node"]),
    )


def beside(
    tail: tuple[float, float], head: tuple[float, float], off: float
) -> tuple[float, float, float, float]:
    """Move a line to the right of its direction, in units from the left and from the top."""
    dx, dy = head[0] - tail[0], head[1] - tail[1]
    length = math.hypot(dx, dy)
    if length == 0.0:
        return (*tail, *head)
    x, y = -dy / length * off, dx / length * off
    return tail[0] + x, tail[1] + y, head[0] + x, head[1] + y

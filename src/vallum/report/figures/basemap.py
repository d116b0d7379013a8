"""The ground of maps: which part of the Earth is drawn, its coast, boundaries and capitals."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from markupsafe import Markup

from vallum.report.held import Point
from vallum.report.svg import el

#: Units of a map's width, so that a unit is about a pixel.
WIDTH = 330.0
#: Degrees of ground around the outlines.
AROUND = 0.7


@dataclass(frozen=True)
class Frame:
    """Part of the Earth that is drawn, in an equirectangular projection true to scale at its middle.

    A degree of longitude is cos(latitude of the middle) times as long as one of latitude.
    """

    west: float
    south: float
    east: float
    north: float

    @property
    def scale(self) -> float:
        """Units of a degree of longitude."""
        return WIDTH / (self.east - self.west)

    @property
    def height(self) -> float:
        """Units from south to north."""
        return (self.north - self.south) * self.scale / self.shrink

    @property
    def shrink(self) -> float:
        """Length of a degree of longitude over one of latitude, at the middle."""
        return math.cos(math.radians((self.south + self.north) / 2))

    def place(self, point: Point) -> tuple[float, float]:
        """Return units from the left and from the top."""
        east, north = point
        return (east - self.west) * self.scale, (self.north - north) * self.scale / self.shrink

    def touches(self, points: Iterable[Point]) -> bool:
        """Whether any of the points is inside."""
        return any(self.west <= e <= self.east and self.south <= n <= self.north for e, n in points)


@cache
def ground() -> Mapping[str, Any]:
    """Return the basemap that ships: `coast` and `land` (lines of points), `capitals` (name, east, north)."""
    text = files("vallum.report").joinpath("assets", "basemap.json").read_text(encoding="utf-8")
    found: Mapping[str, Any] = json.loads(text)
    return found


def frame_of(outlines: Mapping[str, Sequence[Point]]) -> Frame:
    """Return the part of the Earth around outlines."""
    points = [p for line in outlines.values() for p in line]
    east, north = [p[0] for p in points], [p[1] for p in points]
    around = AROUND / math.cos(math.radians(sum(north) / len(north)))
    return Frame(min(east) - around, min(north) - AROUND, max(east) + around, max(north) + AROUND)


def path(frame: Frame, lines: Iterable[Sequence[Point]]) -> str:
    """Return the path of lines of points, for an SVG."""
    return "".join("M" + "L".join("{:.0f} {:.0f}".format(*frame.place(p)) for p in line) for line in lines)


def ground_shapes(frame: Frame, prefix: str) -> list[Markup]:
    """Return the ground and the names of capitals, with ids that start with `prefix`, to be drawn once."""
    lines = {layer: [ln for ln in ground()[layer] if frame.touches(ln)] for layer in ("coast", "land")}
    capitals = [(name, (e, n)) for name, e, n in ground()["capitals"] if frame.touches([(e, n)])]
    return [
        el(
            "g",
            *(el("path", d=path(frame, lines[k]), class_=f"map-{k}") for k in lines),
            id=f"{prefix}-ground",
        ),
        el("g", *(_capital(frame, *capital) for capital in capitals), id=f"{prefix}-names"),
    ]


def _capital(frame: Frame, name: str, point: Point) -> Markup:
    x, y = frame.place(point)
    text = el("text", name, x=x - 6, y=y + 4, class_="map-name")
    return Markup("").join([el("circle", cx=x, cy=y, r=2.5, class_="map-capital"), text])

"""Maps of places: sectors and areas by their outline, municipalities as dots sized by people."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from markupsafe import Markup

from vallum.report import svg, words
from vallum.report.figures.basemap import WIDTH, Frame, frame_of, ground_shapes, path
from vallum.report.held import Row
from vallum.report.sky import Sky
from vallum.report.svg import el

#: Radius of the dot of the most people, and of the least that can be seen.
LARGEST, SMALLEST = 11.0, 1.7
SHADES = 6
#: Part of the values at each end that does not move the scale.
TAIL = 0.02


@dataclass(frozen=True)
class Shade:
    """How a place is shown: classes of the style sheet, and what is told of it."""

    kind: str
    said: str


@dataclass(frozen=True)
class Scale:
    """Classes of minutes, the first and the last open: shades of one colour below zero, of another above.

    Attributes
    ----------
    bounds : tuple of float
        Rising; zero is one of them.
    """

    bounds: tuple[float, ...]

    def kind(self, value: float) -> str:
        """Class of the style sheet of a value; a value on a bound is in the class below."""
        return self._kind(sum(bound < value for bound in self.bounds))

    def _kind(self, i: int) -> str:
        late = self.bounds.index(0.0) + 1
        early = len(self.bounds) + 1 - late
        if i < late:
            return f"{_step(late - i, late)} ramp-gap"
        return f"{_step(i - late + 1, early)} ramp-use"

    def items(self) -> list[tuple[str, str]]:
        """Entries of the legend."""
        said = [words.compact(b) for b in self.bounds]
        names = [f"up to {said[0]}"]
        names += [f"{a} to {b}" for a, b in pairwise(said)]
        names.append(f"more than {said[-1]}")
        return [(f"h{self._kind(i)}", name) for i, name in enumerate(names)]


def _step(nth: int, of: int) -> str:
    return str(max(1, round(SHADES * nth / of)))


def scale_of(values: Sequence[float]) -> Scale:
    """Return a scale in round steps; the outermost values at each end do not widen it."""
    ordered = sorted(values)
    tail = int(TAIL * len(ordered))
    low = min([0.0, *ordered[tail : tail + 1]])
    high = max([0.0, *ordered[len(ordered) - tail - 1 :][:1]])
    marks = svg.ticks(0.0, max(-low, high, 1.0), SHADES)
    step = marks[1] - marks[0]
    # the outermost classes are open, so a range a little longer than its marks needs no shade more
    inner = range(max(math.floor(low / step) + 1, 1 - SHADES), min(math.ceil(high / step), SHADES))
    return Scale(tuple(sorted({0.0, *(i * step for i in inner)})))


def shapes(sky: Sky) -> Markup:
    """Return what all maps of the section show, drawn once: the ground, the names, and each outline."""
    frame = _frame(sky)
    if frame is None:
        return Markup("")
    lines = [line for key, line in sky.outlines.items() if _what(sky, key) == "sector"]
    drawn = [
        *ground_shapes(frame, "sky"),
        el("path", d=path(frame, lines), class_="casing", id="sky-casing"),
        *(_outline(sky, frame, i, key) for i, key in enumerate(sky.outlines)),
    ]
    return el("svg", el("defs", *drawn), class_="defs", width=0, height=0, aria_hidden="true")


def picture(sky: Sky, key: str, title: str, said: str, shade: Callable[[Row], Shade | None]) -> Markup:
    """Draw one map with its title over it; the filter by state hides places.

    Parameters
    ----------
    sky : Sky
        With a place that can be drawn.
    key, title, said : str
        Id of the picture; its title; what it says.
    shade : callable
        How a place is shown, None where nothing is known of it.
    """
    frame = _frame(sky)
    if frame is None:
        return Markup("")
    drawn = el(
        "svg",
        el("title", title, id=f"{key}-t"),
        el("desc", said, id=f"{key}-d"),
        el("use", href="#sky-ground"),
        el("use", href="#sky-casing"),
        *(_lined(sky, i, place, shade) for i, place in enumerate(sky.outlines)),
        *_dots(sky, frame, shade),
        el("use", href="#sky-names"),
        class_="chart map ramp-use",
        role="img",
        aria_labelledby=f"{key}-t {key}-d",
        viewBox=f"0 0 {WIDTH:.0f} {frame.height:.0f}",
    )
    return el("div", el("p", title, class_="panel-title"), drawn)


def drawable(sky: Sky) -> bool:
    """Whether any place can be drawn."""
    return _frame(sky) is not None


def _frame(sky: Sky) -> Frame | None:
    points = [p for line in sky.outlines.values() for p in line]
    points += [(r["lon"], r["lat"]) for r in _municipalities(sky)]
    return frame_of({"": points}) if points else None


def _municipalities(sky: Sky) -> list[Row]:
    """Municipalities, those with many people first, so that the small stay visible."""
    found = [r for r in sky.table("places") if r["what"] == "municipality"]
    return sorted(found, key=lambda r: (-r["people"], r["place_id"]))


def _what(sky: Sky, key: str) -> str:
    return str(sky.places[key]["what"])


def _outline(sky: Sky, frame: Frame, i: int, key: str) -> Markup:
    end = "Z" if _what(sky, key) == "area" else ""
    return el("path", d=f"{path(frame, [sky.outlines[key]])}{end}", id=f"sky-outline-{i}")


def _lined(sky: Sky, i: int, key: str, shade: Callable[[Row], Shade | None]) -> Markup:
    row = sky.places[key]
    kind, said = _shown(row, shade(row))
    own = "place" if row["what"] == "area" else "sector"
    title = el("title", said)
    return el("use", title, href=f"#sky-outline-{i}", class_=f"{own} {kind}", data_states=row["state"])


def _dots(sky: Sky, frame: Frame, shade: Callable[[Row], Shade | None]) -> Iterable[Markup]:
    """Draw municipalities as dots whose areas are as their people, down to the smallest that can be seen."""
    listed = _municipalities(sky)
    most = max((r["people"] for r in listed), default=0.0) or 1.0
    for row in listed:
        x, y = frame.place((row["lon"], row["lat"]))
        kind, said = _shown(row, shade(row))
        radius = max(SMALLEST, LARGEST * math.sqrt(max(row["people"], 0.0) / most))
        at = {"cx": round(x, 1), "cy": round(y, 1), "r": round(radius, 1)}
        yield el("circle", el("title", said), **at, class_=f"place {kind}", data_states=row["state"])


def _shown(row: Row, found: Shade | None) -> tuple[str, str]:
    name = row["name"] or row["place_id"]
    return (f"l{found.kind}", f"{name}: {found.said}") if found else ("none", f"{name}: not known")

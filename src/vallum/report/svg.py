"""A few pure functions that write fluid, themed and titled SVG.

The charts are *fluid*: horizontal places are percentages of the width and vertical places are pixels, so
text keeps its size from a phone to a wall. Curves, which cannot use percentages, live in a nested viewport
that is stretched sideways while its strokes are not. Colours are classes of the style sheet, which knows
light, dark and print; no colour is written here.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from markupsafe import Markup, escape


def _text(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.2f}".rstrip("0").rstrip(".") if math.isfinite(value) else "0"
    return str(value)


def el(name: str, *children: object, **attributes: object) -> Markup:
    """Return one element; children and attribute values are escaped unless they are markup already.

    Parameters
    ----------
    name : str
        Tag name.
    *children
        Text or markup; None is left out.
    **attributes
        `class_` becomes class and `stroke_width` becomes stroke-width; None is left out.
    """
    written = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape(_text(value))}"'
        for key, value in attributes.items()
        if value is not None
    )
    inner = Markup("").join(escape(child) for child in children if child is not None)
    if not inner and name in {"rect", "line", "circle", "path", "br", "use"}:
        return Markup(f"<{name}{written}/>")  # noqa: S704 - every part was escaped above
    return Markup(f"<{name}{written}>{inner}</{name}>")  # noqa: S704 - as above


def pct(value: float) -> str:
    """Write a share of the width (0..1) as a percentage."""
    return f"{_text(float(value) * 100)}%"


def chart(key: str, title: str, description: str, height: float, *body: object, class_: str = "") -> Markup:
    """Wrap a chart body into an SVG image with a title and a description for screen readers.

    Parameters
    ----------
    key : str
        Page-wide unique id.
    title, description : str
        What is shown; what it says.
    height : float
        Pixels.
    """
    return el(
        "svg",
        el("title", title, id=f"{key}-t"),
        el("desc", description, id=f"{key}-d"),
        *body,
        class_=f"chart {class_}".strip(),
        role="img",
        aria_labelledby=f"{key}-t {key}-d",
        width="100%",
        height=height,
    )


def ticks(low: float, high: float, count: int = 4) -> list[float]:
    """Return round tick values that cover [low, high] (1, 2, 2.5 or 5 times a power of ten apart)."""
    span = high - low
    if not math.isfinite(span) or span <= 0:
        return [low]
    raw = span / max(count, 1)
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(m * power for m in (1, 2, 2.5, 5, 10) if m * power >= raw * 0.999)
    first = math.floor(low / step + 1e-9)
    last = math.ceil(high / step - 1e-9)
    return [round(i * step, 10) for i in range(first, last + 1)]


def grid(values: Sequence[float], place: Iterable[float], labels: Sequence[str]) -> Markup:
    """Draw horizontal grid lines with their labels in the margin at the left (class `axis` of the chart).

    Parameters
    ----------
    values : sequence of float
        Tick values; zero gets the base line's class.
    place : iterable of float
        Pixel height of each.
    labels : sequence of str
        Text of each.
    """
    out = []
    for value, y, label in zip(values, place, labels, strict=True):
        out.append(el("line", x1="0", x2="100%", y1=y, y2=y, class_="base" if value == 0 else "grid"))
        out.append(el("text", label, x=-8, y=y + 4, class_="tick end"))
    return Markup("").join(out)


def year_axis(years: Sequence[int | str], y: float, every: int = 2) -> Markup:
    """Label the columns of a yearly chart: the first and each `every`-th year after it, under its column."""
    n = len(years)
    return Markup("").join(
        el("text", str(year), x=pct((i + 0.5) / n), y=y, class_="tick mid")
        for i, year in enumerate(years)
        if i % every == 0
    )


def polyline(points: Sequence[tuple[float, float]], class_: str) -> Markup:
    """Draw a curve through (share of width, pixel height) points inside a stretched viewport."""
    path = "M" + "L".join(f"{_text(x * 1000)} {_text(y)}" for x, y in points)
    return el("path", d=path, class_=f"curve {class_}")


def area(upper: Sequence[tuple[float, float]], lower: Sequence[tuple[float, float]], class_: str) -> Markup:
    """Fill between two curves of a stretched viewport."""
    ring = [*upper, *reversed(lower)]
    path = "M" + "L".join(f"{_text(x * 1000)} {_text(y)}" for x, y in ring) + "Z"
    return el("path", d=path, class_=class_)


def stretched(height: float, *body: object) -> Markup:
    """Return the viewport in which curves are drawn: 1000 units wide, pixels high."""
    return el(
        "svg",
        *body,
        x="0",
        y="0",
        width="100%",
        height=height,
        viewBox=f"0 0 1000 {_text(height)}",
        preserveAspectRatio="none",
    )

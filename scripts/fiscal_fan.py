"""Draws debt at five per cent of GDP: a fan for each state. `fiscal_page.py` calls it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from vallum.report.svg import el

if TYPE_CHECKING:
    from fiscal_page import Study
    from markupsafe import Markup

FIVE: Final = "five"

WIDTH, HEIGHT, TOP, BOTTOM, LEFT, RIGHT, BETWEEN = 960, 330, 46, 62, 46, 14, 30
HIGHEST: Final = 150
LIMIT: Final = 60
"""Reference value of debt, % of GDP."""

BANDS: Final = (("p10", "p90", "#d5e3f3"), ("p20", "p80", "#a9c6e6"), ("p40", "p60", "#75a3d3"))
LINES: Final = (
    (FIVE, "#123a66", None, "5 % of GDP"),
    ("plan", "#b3541e", "6 3", "as planned"),
    ("with_ageing", "#4d4d4d", "2 3", "official forecast, with ageing"),
)


def figure(found: Study) -> str:
    """Draw debt at five per cent: a fan for each state, with the other paths as lines."""
    wide = (WIDTH - LEFT - RIGHT - BETWEEN * (len(found.states) - 1)) / len(found.states)
    panels = [
        panel(found, state, name, LEFT + i * (wide + BETWEEN), wide)
        for i, (state, name) in enumerate(found.states.items())
    ]
    drawn = el(
        "svg",
        el("title", "Debt with defence at 5 % of GDP", id="t"),
        el(
            "desc",
            "Fans of debt until 2040, state by state; the tables of the page hold the numbers.",
            id="d",
        ),
        el("rect", width=WIDTH, height=HEIGHT, rx=8, fill="#ffffff"),
        *panels,
        legend(),
        xmlns="http://www.w3.org/2000/svg",
        viewBox=f"0 0 {WIDTH} {HEIGHT}",
        role="img",
        aria_labelledby="t d",
        font_family="Helvetica, Arial, sans-serif",
        font_size=12,
    )
    return f"{drawn}\n"


def panel(found: Study, state: str, name: str, left: float, wide: float) -> Markup:
    """Draw one state; the red line is the reference value of debt."""
    opened = found.rows("fan", policy=FIVE, state=state)
    years: list[int] = [row["year"] for row in found.rows("projection", policy=FIVE, state=state)]

    def x(year: int) -> float:
        return round(left + wide * (year - years[0]) / (years[-1] - years[0]), 1)

    def y(debt: float) -> float:
        share = 1.0 - min(debt, HIGHEST) / HIGHEST
        return round(TOP + (HEIGHT - TOP - BOTTOM) * share, 1)

    def through(points: list[tuple[float, float]]) -> str:
        return "M" + "L".join(f"{one} {two}" for one, two in points)

    parts = [el("text", name, x=left, y=TOP - 16, font_size=14, font_weight="bold", fill="#1a1a1a")]
    for value in range(0, HIGHEST + 1, 30):
        parts += [
            el("line", x1=left, x2=left + wide, y1=y(value), y2=y(value), stroke="#dddddd"),
            el("text", str(value), x=left - 6, y=y(value) + 4, text_anchor="end", fill="#444444"),
        ]  # fmt: skip
    for low, high, colour in BANDS:
        edge = [(x(row["year"]), y(row[high])) for row in opened]
        edge += [(x(row["year"]), y(row[low])) for row in reversed(opened)]
        parts.append(el("path", d=through(edge) + "Z", fill=colour))
    parts.append(el("line", x1=left, x2=left + wide, y1=y(LIMIT), y2=y(LIMIT), stroke="#a02020"))
    for policy, colour, dashes, _ in LINES:
        points = [(x(r["year"]), y(r["debt"])) for r in found.rows("projection", policy=policy, state=state)]
        parts.append(
            el("path", d=through(points), fill="none", stroke=colour, stroke_width=2, stroke_dasharray=dashes)
        )
    for year in years[1::5]:
        anchor = "end" if year == years[-1] else "middle"
        parts.append(
            el("text", str(year), x=x(year), y=HEIGHT - BOTTOM + 18, text_anchor=anchor, fill="#444444")
        )
    return el("g", *parts)


def legend() -> Markup:
    """Draw the legend."""
    parts, left, height = [], LEFT, HEIGHT - 18
    for _, colour, dashes, words in LINES:
        parts += [
            el("line", x1=left, x2=left + 26, y1=height - 4, y2=height - 4, stroke=colour, stroke_width=2,
               stroke_dasharray=dashes),
            el("text", words, x=left + 32, y=height, fill="#1a1a1a"),
        ]  # fmt: skip
        left += 62 + 7 * len(words)
    for low, high, colour in BANDS:
        parts += [
            el("rect", x=left, y=height - 10, width=18, height=12, fill=colour),
            el("text", f"{int(high[1:]) - int(low[1:])} of 100", x=left + 24, y=height, fill="#1a1a1a"),
        ]
        left += 92
    parts.append(el("text", "debt, % of GDP", x=WIDTH - RIGHT, y=height, text_anchor="end", fill="#444444"))
    return el("g", *parts)

"""The cost of going alone: two headlines with their intervals, and the causes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup

from vallum.report import svg, words
from vallum.report.parts import Cell, Figure, Table, money_cell, text_cell
from vallum.report.study import Study
from vallum.report.svg import el

ROW = 42.0


def headline(study: Study, name: str) -> Mapping[str, Any]:
    """Return `same_money` or `same_capability` of compare.json, empty when it is not there."""
    found = study.compare.get(name)
    return found if isinstance(found, dict) else {}


def proven(found: Mapping[str, Any]) -> bool:
    """Whether the interval leaves zero out; compare.json's own word first."""
    if isinstance(found.get("proven"), bool):
        return bool(found["proven"])
    low, high = interval(found)
    return low is not None and high is not None and (low > 0 or high < 0)


def interval(found: Mapping[str, Any]) -> tuple[float | None, float | None]:
    """Return the two ends of the interval, None where they are not known."""
    pair = found.get("interval")
    if not isinstance(pair, list | tuple) or len(pair) != 2:
        return None, None
    low, high = (float(v) if words.is_number(v) else None for v in pair)
    return low, high


def interval_plot(
    key: str, title: str, value: float | None, pair: tuple[float | None, float | None], text: str
) -> Markup:
    """Draw value and interval on a line with its zero, to see whether zero is left out."""
    low, high = pair
    if value is None or low is None or high is None:
        return Markup("")
    least, most = min(low, value, 0.0), max(high, value, 0.0)
    span = (most - least) or 1.0

    def x(v: float) -> str:
        return svg.pct(0.02 + 0.96 * (v - least) / span)

    body = [
        el("line", x1=x(0.0), x2=x(0.0), y1=2, y2=26, class_="zero"),
        el("line", x1=x(low), x2=x(high), y1=14, y2=14, class_="range"),
        el("line", x1=x(low), x2=x(low), y1=9, y2=19, class_="range-end"),
        el("line", x1=x(high), x2=x(high), y1=9, y2=19, class_="range-end"),
        el("circle", cx=x(value), cy=14, r=5, class_="dot-together"),
        el("text", "0", x=x(0.0), y=38, class_="tick mid"),
    ]
    return svg.chart(key, title, text, 42.0, *body)


def figure(study: Study) -> Figure:
    """Break the difference in cost between the two plans into causes."""
    causes = [
        c
        for c in study.compare.get("decomposition") or []
        if isinstance(c, dict) and words.is_number(c.get("meur"))
    ]
    total = sum(float(c["meur"]) for c in causes)
    same = study.compare.get("decomposition_of") == "same capability"
    basis = "the same capability together" if same else "the plan together"
    rows: list[list[Cell]] = [[text_cell(c.get("cause")), money_cell(float(c["meur"]))] for c in causes]
    if causes:
        rows.append([text_cell("Sum"), money_cell(total)])
    table = Table(
        "t-fragmentation", "Causes, EUR million, discounted", ["Cause", "EUR m"], rows, frozenset({1})
    )
    return Figure(
        "fragmentation",
        "Where the cost of going alone comes from",
        _finding(causes, total, basis) + _open(study),
        _bars(causes) if causes else Markup(""),
        [table] if causes else [],
        ("programmes", "bands", "safe_loans", "lines", "settings"),
        ("compare", "orders", "payments"),
        "Both plans stay as they are and are priced again with each cause switched on and off in every order "
        "(Shapley values). What no cause explains is 'other choices': the plans do not buy the same things.",
        "This needs the plan alone and the plan together in one folder: plan with --mode both."
        if not study.both
        else "The comparison holds no decomposition.",
    )


def _finding(causes: Sequence[Mapping[str, Any]], total: float, basis: str) -> str:
    if not causes:
        return ""
    top = max(causes, key=lambda c: abs(float(c["meur"])))
    more = "more" if total >= 0 else "less"
    return (
        f"The plan alone costs {words.money(abs(total))} {more} than {basis} (discounted); "
        f"the largest part is {top.get('cause')} with {words.money(float(top['meur']))}."
        f"{_without_finance(causes, total)}"
    )


def _open(study: Study) -> str:
    """Say so where the interval of the difference contains 0."""
    same = study.compare.get("same_capability") or {}
    return " The difference is not proven." if isinstance(same, dict) and same.get("proven") is False else ""


def _without_finance(causes: Sequence[Mapping[str, Any]], total: float) -> str:
    """The difference with the finance cause off: what does not hang on who lends."""
    finance = [float(c["meur"]) for c in causes if c.get("cause") == "finance"]
    return f" With finance left out it is {words.money(total - finance[0])}." if finance else ""


def _bars(causes: Sequence[Mapping[str, Any]]) -> Markup:
    values = [float(c["meur"]) for c in causes]
    least, most = min(0.0, *values), max(0.0, *values)
    span = (most - least) or 1.0
    left, room = (0.12 if least < 0 else 0.0), (0.74 if least < 0 else 0.86)

    def x(v: float) -> float:
        return left + room * (v - least) / span

    body: list[Markup] = [
        el("line", x1=svg.pct(x(0)), x2=svg.pct(x(0)), y1=0, y2=ROW * len(values), class_="base")
    ]
    for i, (cause, value) in enumerate(zip(causes, values, strict=True)):
        y, ends = i * ROW, sorted((x(0.0), x(value)))
        name = str(cause.get("cause"))
        kind = "bar" if value >= 0 else "bar negative"
        box = {"x": svg.pct(ends[0]), "width": svg.pct(ends[1] - ends[0]), "y": y + 19, "height": 14}
        side = {"dx": 6, "class_": "value"} if value >= 0 else {"dx": -6, "class_": "value end"}
        body += [
            el("text", name[:1].upper() + name[1:], x=svg.pct(x(0)), dx=4, y=y + 14, class_="label"),
            el("rect", el("title", f"{name}: {words.money(value)}"), class_=kind, **box),
            el("text", words.signed(value), x=svg.pct(ends[1] if value >= 0 else ends[0]), y=y + 30, **side),
        ]
    title = "Cost of going alone by cause, EUR million"
    picture = svg.chart(
        "c-fragmentation",
        title,
        "Bars to the right cost more alone; to the left, together.",
        ROW * len(values),
        *body,
    )
    return Markup("").join([el("p", title, class_="axis-title"), picture])

"""Assumptions, confidence of the planned money, and the cross-check of quoted numbers."""

from __future__ import annotations

from markupsafe import Markup

from vallum.report import svg, words
from vallum.report.parts import Cell, Figure, Table, legend, money_cell, number_cell, text_cell
from vallum.report.provenance import money_by_confidence
from vallum.report.study import Study
from vallum.report.svg import el

KINDS = {"high": "c-high", "medium": "c-medium", "low": "c-low", "assumption": "c-assumption"}


def confidence(study: Study) -> Figure:
    """Draw how much of the planned money rests on rows of which confidence."""
    found = {plan.mode: money_by_confidence(plan) for plan in study.plans}
    bars, rows = [], []
    for plan in study.plans:
        total = sum(v for _, v in found[plan.mode])
        if total > 0:
            bars += [
                el("p", f"{plan.word}: {words.money(total)} planned", class_="panel-title"),
                _bar(plan.key, found[plan.mode]),
            ]
        for name, value in found[plan.mode]:
            share = value / total if total else None
            rows.append(
                [
                    text_cell(plan.word),
                    text_cell(name),
                    money_cell(value),
                    Cell(words.percent(share, 1), share),
                ]
            )
    names = list(dict.fromkeys(name for f in found.values() for name, _ in f))
    key = legend([(KINDS.get(name, "c-none"), name) for name in names])
    heads = ["Plan", "Confidence", "EUR m", "Share"]
    return Figure(
        "confidence",
        "How much of the money rests on what",
        _finding(study, found[study.main.mode]),
        Markup("").join([key, *bars]) if bars else Markup(""),
        [
            Table(
                "t-confidence",
                "Planned payments by confidence of the row behind them",
                heads,
                rows,
                frozenset({2, 3}),
            )
        ],
        ("programmes", "lines", "crews", "purses"),
        ("payments",),
        "High: official release. Medium: one source or trade press. Low: weak source or rough derivation. "
        "Assumption: an analyst's choice with a range.",
        "The plan pays for nothing.",
    )


def _finding(study: Study, found: list[tuple[str, float]]) -> str:
    total = sum(v for _, v in found)
    if total <= 0:
        return ""
    weak = sum(v for name, v in found if name not in ("high", "medium"))
    share = words.percent(weak / total)
    return f"{study.main.word}, {share} of the planned money rests on low confidence or assumption."


def _bar(key: str, found: list[tuple[str, float]]) -> Markup:
    total = sum(v for _, v in found)
    body, x = [], 0.0
    for name, value in found:
        share = value / total
        label = f"{name} {words.percent(share)}"
        box = {"x": svg.pct(x), "width": svg.pct(share), "y": 0, "height": 26}
        body.append(
            el("rect", el("title", f"{label}: {words.money(value)}"), class_=KINDS.get(name, "c-none"), **box)
        )
        if share > 0.22:
            body.append(el("text", label, x=svg.pct(x), dx=6, y=42, class_="tick"))
        x += share
    spoken = ", ".join(f"{name} {words.percent(value / total)}" for name, value in found)
    return svg.chart(f"c-confidence-{key}", "Planned money by confidence", spoken, 50.0, *body, class_="clip")


def seeds(study: Study) -> Figure:
    """Set every number of the seed texts beside the official value."""
    listed = study.main.input("seed_crosscheck")
    rows = [
        [
            text_cell(r.get("check_id")),
            text_cell(r.get("item")),
            plain(r.get("seed_value")),
            plain(r.get("official_value")),
            text_cell(r.get("unit")),
            text_cell(r.get("official_detail")),
            text_cell(r.get("verdict")),
            text_cell("; ".join(str(r[k]) for k in ("source", "source_date") if r.get(k))),
            text_cell(r.get("confidence")),
        ]
        for r in listed
    ]
    heads = ["Check", "Item", "Quoted", "Official", "Unit", "Detail", "Verdict", "Source", "Confidence"]
    same = sum(str(r.get("verdict") or "").startswith("match") for r in listed)
    return Figure(
        "seed-check",
        "Quoted numbers beside official ones",
        f"{words.plural(len(listed), 'quoted number')} checked; {same} match the official value."
        if listed
        else "",
        Markup(""),
        [Table("t-seed-check", "Quoted and official values", heads, rows)] if listed else [],
        ("seed_crosscheck",),
        (),
        "",
        "" if listed else "The region has no cross-check table.",
    )


def assumptions(study: Study) -> Figure:
    """List every setting with its range."""
    listed = study.main.input("settings")
    rows = [
        [
            text_cell(r.get("key")),
            number_or_year(r.get("key"), r.get("value")),
            number_or_year(r.get("key"), r.get("low")),
            number_or_year(r.get("key"), r.get("high")),
            text_cell(r.get("unit")),
            text_cell(r.get("meaning")),
            text_cell(r.get("basis")),
            text_cell(r.get("confidence")),
            text_cell(r.get("source")),
        ]
        for r in listed
    ]
    heads = ["Setting", "Value", "Low", "High", "Unit", "Meaning", "Basis", "Confidence", "Source"]
    return Figure(
        "assumptions",
        "Assumptions",
        "The settings of the plan, each with the range that was judged possible." if listed else "",
        Markup(""),
        [Table("t-assumptions", "Settings", heads, rows, frozenset({1, 2, 3}))] if listed else [],
        ("settings",),
        (),
        "",
        "" if listed else "The plan has no settings.",
    )


def plain(value: object) -> Cell:
    """Return a cell of a value that may be text or a number; a number is not rounded away."""
    return text_cell(f"{value:.10g}" if isinstance(value, float) else value)


def number_or_year(key: object, value: float | None) -> Cell:
    """Return a number cell; a year is written without a thousands separator."""
    if value is not None and str(key).endswith("year"):
        return Cell(f"{value:.0f}", float(value))
    return number_cell(value)

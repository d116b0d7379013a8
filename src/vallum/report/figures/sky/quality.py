"""What the siting and the warning rest on: types, money, proofs, and what is assumed."""

from __future__ import annotations

from vallum.report import words
from vallum.report.figures.charts import state_cell
from vallum.report.figures.sky.common import ALL_STATES, mode_key, mode_word, of_sky, spelled
from vallum.report.parts import Cell, Figure, Table, money_cell, number_cell, text_cell
from vallum.report.sky import Sky
from vallum.report.study import Study
from vallum.report.svg import el

PROVEN = 1e-6
ASSUMED = (
    "Sensors that stand today are not public and are counted as none: today's warning may be better.",
    "The Earth is smooth: forest, hills and houses make sensors see less than is shown.",
    "Ranges of types are assumptions from public pages, against a small low flyer.",
    "Units of one kind fail together, kinds independently of each other.",
    "Tracks are straight, and cross a border sector the more often the longer it is.",
    "The list of incidents ends on 20 May 2026: after that they are missing, not quiet.",
    "Delays of joint alerting are assumptions; those of today rest on few cases.",
    "Nothing is finer than a border sector or a municipality.",
)


@of_sky("sky-quality", "What it rests on")
def figure(study: Study, sky: Sky, key: str, title: str) -> Figure:
    """List what is assumed, what was proven, the types and the purses."""
    tables = [_types(sky), _search(study, sky), _purses(study, sky)]
    return Figure(
        key,
        title,
        _finding(sky),
        el("ul", *(el("li", text) for text in ASSUMED), class_="plain"),
        [table for table in tables if table.rows],
        (),
        ("types", "search", "purses"),
        "Ranges, costs, sights and delays are tables of the region, each row with its source, basis and "
        "confidence; they can be edited.",
        of="sky",
        shown=1,
    )


def _finding(sky: Sky) -> str:
    parts = []
    for mode in sky.modes:
        gaps = [r["gap"] for r in sky.proof(mode)]
        if gaps:
            worst = max(gaps)
            said = (
                "proven the best"
                if worst <= PROVEN
                else f"a better siting by up to {words.percent(worst, 1)} is not ruled out"
            )
            parts.append(f"{mode_key(mode)} {said}")
    return f"Cover, the aim of the search: {'; '.join(parts)}." if parts else "The search has no results."


def _types(sky: Sky) -> Table:
    rows: list[list[Cell]] = [
        [
            text_cell(sky.type(key), key),
            text_cell(r["kind_name"]),
            number_cell(r["range_km"], 1),
            number_cell(r["unit_meur"]),
            number_cell(r["service_meur"]),
            number_cell(r["crew"]),
            text_cell(str(r["standards"]).replace(";", ", ")),
            text_cell(r["confidence"]),
        ]
        for key, r in sky.types.items()
    ]
    heads = [
        "Type of sensor", "Kind", "Range in the lowest band, km", "Price of a unit, EUR m",
        "EUR m over the service", "Posts a unit", "Standards", "Confidence",
    ]  # fmt: skip
    caption = "Types on offer, as planned with; the range is within the horizon"
    return Table("t-sky-types", caption, heads, rows, frozenset({2, 3, 4, 5}))


def _search(study: Study, sky: Sky) -> Table:
    listed = sorted(sky.table("search"), key=lambda r: (mode_key(r["mode"]), r["state"]))
    rows: list[list[Cell]] = [
        [
            text_cell(mode_word(r["mode"])),
            state_cell(study, r["state"]) if r["state"] else text_cell(ALL_STATES),
            *(Cell(words.percent(r[name], 1), r[name]) for name in ("value", "bound", "gap")),
            money_cell(r["spent_meur"]),
            money_cell(r["budget_meur"]),
        ]
        for r in listed
    ]
    heads = ["Sensors", "State", "Cover", "Bound", "Gap", "Spent, EUR m", "Budget, EUR m"]
    states = [str(r["state"]) or " ".join(study.members) for r in listed]
    caption = "Search: no siting of the same money is above the bound, the gap is what is not proven"
    return Table("t-sky-search", caption, heads, rows, frozenset(range(2, 7)), states)


def _purses(study: Study, sky: Sky) -> Table:
    listed = sorted(sky.table("purses"), key=lambda r: (mode_key(r["mode"]), r["state"], r["purse_id"]))
    rows: list[list[Cell]] = [
        [
            text_cell(mode_word(r["mode"])),
            text_cell(spelled(r["purse_id"])),
            state_cell(study, r["state"]) if r["state"] else text_cell("any"),
            money_cell(r["budget_meur"]),
            money_cell(r["spent_meur"]),
        ]
        for r in listed
    ]
    heads = ["Sensors", "Purse", "Pays on the ground of", "Holds, EUR m", "Pays, EUR m"]
    states = [str(r["state"]) or " ".join(study.members) for r in listed]
    return Table("t-sky-purses", "Who pays", heads, rows, frozenset({3, 4}), states)

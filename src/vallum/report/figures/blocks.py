"""What holds the wall back: the binding rules of a plan, and what a tenth more of each would close."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from markupsafe import Markup

from vallum.report import svg, words
from vallum.report.held import Row
from vallum.report.parts import Cell, Figure, Table, number_cell, text_cell
from vallum.report.study import ModePlan, Study
from vallum.report.svg import el

#: Rules that are limits one can act on, with the words for what is limited.
LIMITS = {
    "purse": "The equipment purse of {state}",
    "related money": "Related money of {state}",
    "SAFE loan": "The SAFE loan of {state}",
    "SAFE draws follow eligible payments": "Payments of {state} that SAFE may pay",
    "line capacity": "The production line {item}",
    "largest expansion": "Further expansion of the line {item}",
    "trained crews": "Trained crews of {state}: {item}",
    "one school per family": "Schools of {state}: {item}",
    "connection to the shared picture": "Connection of {state} to the shared picture",
    "one coalition per programme": "One coalition a programme: {state}, {item}",
    "exclusion": "Programmes that exclude each other: {state}, {item}",
    "prerequisite": "Prerequisites: {state}, {item}",
}
TENTH = 0.1
MOST_ROWS = 400


@dataclass(frozen=True)
class Block:
    """One limit over the years in which it binds.

    `price` is the shortfall that one more unit in each of these years closes (gap-years); `relief` is the
    same for a tenth more of the limit, None where its size is not known.
    """

    rule: str
    state: str
    item: str
    years: tuple[int, ...]
    price: float
    relief: float | None
    label: str
    sentence: str
    source: str


def blocks(study: Study, plan: ModePlan) -> list[Block]:
    """Gather the binding rows of a plan by rule, state and item; the largest relief first."""
    groups: dict[tuple[str, str, str], list[Row]] = defaultdict(list)
    for row in plan.table("rows"):
        groups[str(row["rule"]), str(row["state"] or ""), str(row["item"] or "")].append(row)
    sizes = _sizes(plan)
    found = [_block(study, key, rows, sizes) for key, rows in groups.items()]
    found.sort(key=lambda b: (b.rule not in LIMITS, -(b.relief or 0.0), -b.price, b.label))
    return found


def limits(study: Study, plan: ModePlan, count: int) -> list[Block]:
    """Return the heaviest limits that one can act on."""
    return [b for b in blocks(study, plan) if b.rule in LIMITS and b.price > 0][:count]


def _block(
    study: Study, key: tuple[str, str, str], rows: list[Row], sizes: dict[tuple[str, str, str, int], float]
) -> Block:
    rule, state, item = key
    worst = max(rows, key=lambda r: abs(r["price"]))
    years = tuple(sorted(int(r["year"]) for r in rows if r["year"] is not None))
    known = [sizes.get((rule, state, item, int(r["year"] or 0))) for r in rows]
    relief = None
    if all(k is not None for k in known):
        relief = sum(
            TENTH * (size or 0.0) * abs(float(r["price"])) for size, r in zip(known, rows, strict=True)
        )
    return Block(
        rule,
        state,
        item,
        years,
        sum(abs(float(r["price"])) for r in rows),
        relief,
        _label(study, rule, state, item),
        str(worst["sentence"]),
        str(worst["source"]),
    )


def item_name(study: Study, item: str) -> str:
    """Return the name of whatever a row is about: a class, line, programme, system or crew family."""
    for table in ("lines", "programmes", "classes", "systems", "families"):
        if (table, item) in study.names:
            return study.names[table, item]
    return item


def _label(study: Study, rule: str, state: str, item: str) -> str:
    names = {"state": study.name("states", state), "item": item_name(study, item)}
    if rule in LIMITS:
        return LIMITS[rule].format(**names)
    about = words.joined(n for n in names.values() if n)
    return f"{rule[:1].upper()}{rule[1:]}{f': {about}' if about else ''}"


def _sizes(plan: ModePlan) -> dict[tuple[str, str, str, int], float]:
    """Size of each limit by (rule, state, item, year): what a tenth is a tenth of."""
    found: dict[tuple[str, str, str, int], float] = {}
    for r in plan.table("money"):
        found["purse", r["state"], "", r["year"]] = r["plannable_meur"]
        found["related money", r["state"], "", r["year"]] = r["related_available_meur"]
    for r in plan.table("lines"):
        found["line capacity", "", r["line_id"], r["year"]] = r["available"] + r["expansion"]
    for r in plan.table("crews"):
        found["trained crews", r["state"], r["family"], r["year"]] = r["free"] + r["school_added"]
    for r in plan.table("nodes"):
        found["connection to the shared picture", r["state"], "", r["year"]] = r["supply"]
    for r in plan.input("safe_loans"):
        share = 1.0 - float(r.get("earmarked_share") or 0.0)
        found["SAFE loan", r["state"], "", 0] = float(r["adopted_loan_meur"]) * share
    return found


def figure(study: Study) -> Figure:
    """Draw what a tenth more of each limit would close, and list every binding row."""
    plan = study.main
    acting = [b for b in blocks(study, plan) if b.rule in LIMITS and b.price > 0]
    drawn = [b for b in acting if b.relief][:12]
    return Figure(
        "blocks",
        "What blocks",
        _finding(plan, acting),
        _bars(drawn) if drawn else Markup(""),
        [_table(study, p) for p in reversed(study.plans)],
        ("purses", "safe_loans", "line_capacity", "lines", "crews", "gateways"),
        ("rows", "money", "lines", "crews", "nodes"),
        "Each price was confirmed by solving again with more of the limit, all choices fixed. "
        "The bars show a tenth more of a limit in every year in which it binds.",
        "No limit that one can act on binds.",
    )


def _finding(plan: ModePlan, acting: list[Block]) -> str:
    if not acting:
        return f"{plan.word}, no limit has a price: nothing one can act on holds the plan back."
    label = acting[0].label[:1].lower() + acting[0].label[1:]
    if len(acting) == 1:
        return f"{plan.word}, one limit holds the plan back: {label}."
    return f"{plan.word}, {len(acting)} limits hold the plan back; the heaviest is {label}."


def _bars(drawn: list[Block]) -> Markup:
    top = max(b.relief or 0.0 for b in drawn)
    body = []
    for i, block in enumerate(drawn):
        y, relief = i * 38.0, block.relief or 0.0
        text = f"{block.label}, {words.year_ranges(block.years)}" if block.years else block.label
        body += [
            el("text", text, x="0", y=y + 13, class_="label"),
            el(
                "rect",
                el("title", block.sentence),
                x="0",
                y=y + 19,
                width=svg.pct(0.82 * relief / top),
                height=11,
                class_="bar",
            ),
            el(
                "text",
                words.compact(relief),
                x=svg.pct(0.82 * relief / top),
                dx=6,
                y=y + 28.5,
                class_="value",
            ),
        ]
    title = "Gap-years closed by a tenth more of each limit"
    said = "The longest bar is the limit whose relief closes most."
    picture = svg.chart("c-blocks", title, said, len(drawn) * 38.0, *body, class_="clip")
    return Markup("").join([el("p", f"{title}:", class_="axis-title"), picture])


def _table(study: Study, plan: ModePlan) -> Table:
    listed = sorted(plan.table("rows"), key=lambda r: -abs(r["price"]))[:MOST_ROWS]
    rows: list[list[Cell]] = [
        [
            text_cell(r["rule"]),
            text_cell(study.name("states", r["state"]) if r["state"] else None),
            text_cell(item_name(study, str(r["item"])) if r["item"] else None),
            text_cell(r["year"]),
            text_cell(r["sentence"]),
            text_cell(r["source"]),
            number_cell(r["slack"]),
            number_cell(abs(r["price"])),
        ]
        for r in listed
    ]
    heads = ["Rule", "State", "Item", "Year", "In words", "Source", "Slack", "Gap-years per unit"]
    more = len(plan.table("rows")) - len(listed)
    caption = f"Binding rows, {plan.word.lower()}" + (
        f" (the {len(listed)} dearest; {more} more in the plan)" if more else ""
    )
    return Table(
        f"t-blocks-{plan.key}", caption, heads, rows, frozenset({3, 6, 7}), [str(r["state"]) for r in listed]
    )

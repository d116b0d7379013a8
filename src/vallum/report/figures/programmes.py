"""Programmes with coalitions over time: a table whose last column is a time line."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

from markupsafe import Markup

from vallum.report import svg, words
from vallum.report.held import Row
from vallum.report.parts import Cell, Figure, Table, chips, legend, money_cell, number_cell, text_cell
from vallum.report.study import ModePlan, Study, members_of
from vallum.report.svg import el

INPUTS = ("programmes", "programme_states", "partner_orders", "lines", "systems")
LANE = 30.0
#: A horizon this short has room for the name of every year.
FEW_YEARS = 6


@dataclass
class Purchase:
    """One programme bought by one coalition, with everything the tables say of it."""

    programme: str
    coalition: str
    partners: str
    choice: Row
    orders: list[Row] = field(default_factory=list)
    deliveries: list[Row] = field(default_factory=list)
    safe_meur: float = 0.0
    closed: float = 0.0

    @property
    def states(self) -> list[str]:
        """Members that buy."""
        return members_of(self.coalition)

    @property
    def others(self) -> list[str]:
        """Partners outside the region."""
        return members_of(self.partners)

    @property
    def shared(self) -> bool:
        """Whether two or more participants buy together."""
        return len(self.states) + len(self.others) > 1

    @property
    def cost(self) -> float:
        """Orders and introduction, EUR million."""
        return float(sum(r["value_meur"] + r["introduction_meur"] for r in self.orders))

    @property
    def quantity(self) -> float:
        """Class units ordered by the members."""
        return float(sum(r["quantity"] for r in self.orders))

    @property
    def years(self) -> list[int]:
        """Years with orders."""
        return sorted({int(r["year"]) for r in self.orders if r["quantity"] > 0})


def purchases(study: Study, plan: ModePlan) -> list[Purchase]:
    """Gather the purchases of a plan, the earliest first, with the shortfall each of them closes."""
    found = {
        (str(r["programme_id"]), str(r["coalition"])): Purchase(
            str(r["programme_id"]), str(r["coalition"]), str(r["partners"]), r
        )
        for r in plan.table("choices")
    }
    for table in ("orders", "deliveries"):
        for row in plan.table(table):
            bought = found.get((str(row["programme_id"]), str(row["coalition"])))
            if bought is not None:
                (bought.orders if table == "orders" else bought.deliveries).append(row)
    _share_safe(plan, found)
    _share_closed(study, plan, found)
    kept = [p for p in found.values() if p.orders]
    return sorted(kept, key=lambda p: (p.years[:1], -p.cost, p.programme, p.coalition))


def _share_safe(plan: ModePlan, found: dict[tuple[str, str], Purchase]) -> None:
    """Book eligible payments; a state buys a programme in one coalition only, so their pair is enough."""
    owner = {(p.programme, s): p for p in found.values() for s in p.states}
    for row in plan.table("payments"):
        bought = owner.get((str(row["item"]), str(row["state"])))
        if bought is not None:
            bought.safe_meur += float(row["safe_eligible_meur"])


def _share_closed(study: Study, plan: ModePlan, found: dict[tuple[str, str], Purchase]) -> None:
    """Give each purchase its part of the shortfall that new units close, in gap-years.

    In each state, class and year new units close min(counted, need - legacy) of the need; the purchases share
    it by what they have delivered until then. A unit of it weighs disc x weight / ref, as in level 1.
    """
    arrived: dict[tuple[str, str], dict[tuple[str, str], dict[int, float]]] = defaultdict(
        lambda: defaultdict(dict)
    )
    for key, bought in found.items():
        class_id = str(study.row("programmes", bought.programme).get("class_id"))
        for row in bought.deliveries:
            years = arrived[str(row["state"]), class_id][key]
            years[int(row["year"])] = years.get(int(row["year"]), 0.0) + float(row["quantity"])
    stock: dict[tuple[str, str], list[Row]] = defaultdict(list)
    for row in plan.table("stock"):
        stock[str(row["state"]), str(row["class_id"])].append(row)
    for place, buyers in arrived.items():
        rows = sorted(stock.get(place, ()), key=lambda r: int(r["year"]))
        if not rows:
            continue
        ref = float(rows[-1]["need"]) or max(float(r["need"]) for r in rows)
        weight = float(study.row("classes", place[1]).get("weight") or 1.0)
        for row in rows:
            year = int(row["year"])
            closed = min(float(row["counted"]), max(0.0, float(row["need"]) - float(row["legacy"])))
            held = {k: sum(q for y, q in years.items() if y <= year) for k, years in buyers.items()}
            total = sum(held.values())
            if ref <= 0 or total <= 0 or closed <= 0:
                continue
            for key, quantity in held.items():
                found[key].closed += study.discount(year) * weight / ref * closed * quantity / total


def programmes(study: Study) -> Figure:
    """Show who buys what with whom, ordered when and delivered when."""
    bought = {plan.mode: purchases(study, plan) for plan in study.plans}
    parts: list[Markup] = []
    for plan in reversed(study.plans):
        shared = [p for p in bought[plan.mode] if p.shared]
        single = [p for p in bought[plan.mode] if not p.shared]
        if plan is study.main and shared:
            parts.append(_lanes(study, plan, shared, f"{plan.word}: bought by two or more participants"))
            if single:
                parts.append(_folded(study, plan, single, f"{plan.word}: bought by one state"))
        elif bought[plan.mode]:
            parts.append(
                _folded(study, plan, bought[plan.mode], f"{plan.word}: every programme", plan is study.main)
            )
    key = legend(
        [
            ("order-mark", "order (size: share of the value)"),
            ("deliver-mark", "delivery (shade: share of the quantity)"),
        ]
    )
    return Figure(
        "programmes",
        "Programmes, coalitions and time",
        _finding(study, bought),
        Markup("").join([key, *parts]) if parts else Markup(""),
        [_details(study, plan, bought[plan.mode]) for plan in reversed(study.plans)],
        INPUTS,
        ("choices", "orders", "deliveries", "payments"),
        "Cost is orders and the introduction of new types; sustainment comes on top (see the money). "
        "SAFE is the part of the payments that a SAFE loan may pay.",
        "The plan buys nothing.",
    )


def _finding(study: Study, bought: dict[str, list[Purchase]]) -> str:
    listed = bought[study.main.mode]
    shared = [p for p in listed if p.shared]
    cost = sum(p.cost for p in listed)
    text = f"{study.main.word}, {words.plural(len(listed), 'purchase')} cost {words.money(cost)}"
    if shared and cost > 0:
        part = sum(p.cost for p in shared)
        text += (
            f"; {len(shared)} of them, {words.percent(part / cost)} of the money, have several participants"
        )
    return f"{text}."


def _folded(
    study: Study, plan: ModePlan, listed: Sequence[Purchase], title: str, is_open: bool = False
) -> Markup:
    summary = el("summary", f"{title} ({len(listed)})")
    return el(
        "details", summary, _lanes(study, plan, listed, title), class_="fold", open="" if is_open else None
    )


def _lanes(study: Study, plan: ModePlan, listed: Sequence[Purchase], title: str) -> Markup:
    heads = ["Programme", "Who", "Quantity", "Cost, EUR m", "SAFE, EUR m"]
    axis = el("svg", _fifths(study.years), class_="chart", width="100%", height=16, aria_hidden="true")
    last = el("th", el("span", "Orders and deliveries", class_="vh"), axis, scope="col", class_="lane")
    head = el(
        "tr", *(el("th", h, scope="col", class_="num" if i > 1 else None) for i, h in enumerate(heads)), last
    )
    body = [_lane_row(study, p) for p in listed]
    return el(
        "table",
        el("caption", title),
        el("thead", head),
        el("tbody", *body),
        class_="gantt sortable",
        role="table",
    )


def _fifths(years: Sequence[int]) -> Markup:
    labels = [
        el("text", year, x=svg.pct((i + 0.5) / len(years)), y=12, class_="tick mid")
        for i, year in enumerate(years)
        if len(years) <= FEW_YEARS or year % 5 == 0 or (i == 0 and year % 5 < 3)
    ]
    return Markup("").join(labels)


def _lane_row(study: Study, bought: Purchase) -> Markup:
    unit = str(study.row("programmes", bought.programme).get("unit") or "").split("(")[0].strip()
    class_name = study.name("classes", study.row("programmes", bought.programme).get("class_id"))
    names = study.state_names([*bought.states, *bought.others])
    cells = [
        el(
            "th",
            study.name("programmes", bought.programme),
            el("small", class_name),
            scope="row",
            role="rowheader",
        ),
        el("td", chips(study.members, bought.states, bought.others, names), role="cell", class_="who"),
        _cell("Quantity", bought.quantity, words.compact(bought.quantity), unit),
        _cell("Cost", bought.cost, words.number(bought.cost, 0 if bought.cost >= 10 else 1), "EUR m"),
        _cell(
            "SAFE",
            bought.safe_meur,
            words.number(bought.safe_meur) if bought.safe_meur > 0 else words.UNKNOWN,
            "EUR m",
        ),
        el(
            "td",
            _lane(study, bought),
            role="cell",
            class_="lane",
            data_v=bought.years[0] if bought.years else None,
        ),
    ]
    return el("tr", *cells, role="row", data_states=" ".join(bought.states))


def _cell(label: str, value: float, text: str, unit: str) -> Markup:
    return el(
        "td",
        el("span", label, class_="narrow-label", aria_hidden="true"),
        text,
        el("small", unit, class_="narrow-label"),
        role="cell",
        class_="num",
        data_v=round(value, 6),
        title=unit or None,
    )


def _lane(study: Study, bought: Purchase) -> Markup:
    n = len(study.years)
    column = {year: i for i, year in enumerate(study.years)}
    body = [
        mark
        for i, year in enumerate(study.years)
        if year % 5 == 0
        for mark in (
            el("rect", x=svg.pct(i / n), width=svg.pct(1 / n), y=0, height=LANE, class_="fifth"),
            el("text", year, x=svg.pct((i + 0.5) / n), y=10, class_="tick mid narrow-year"),
        )
    ]
    ordered: dict[int, list[Row]] = defaultdict(list)
    for row in bought.orders:
        ordered[int(row["year"])].append(row)
    total = sum(float(r["value_meur"]) for r in bought.orders) or 1.0
    delivered: dict[int, float] = defaultdict(float)
    for row in bought.deliveries:
        delivered[int(row["year"])] += float(row["quantity"])
    most = max(delivered.values(), default=0.0) or 1.0
    for year, quantity in sorted(delivered.items()):
        if year in column and quantity > 0:
            label = el("title", f"{year}: {words.compact(quantity)} delivered")
            shade = 0.3 + 0.7 * quantity / most
            box = {"x": svg.pct(column[year] / n), "width": svg.pct(1 / n), "y": 17, "height": 9}
            body.append(el("rect", label, class_="deliver", fill_opacity=round(shade, 2), **box))
    for year, rows in sorted(ordered.items()):
        if year in column and sum(float(r["quantity"]) for r in rows) > 0:
            share = sum(float(r["value_meur"]) for r in rows) / total
            radius = round(2.6 + 3.4 * share**0.5, 1)
            label = el("title", _order_words(study, year, rows))
            body.append(
                el("circle", label, cx=svg.pct((column[year] + 0.5) / n), cy=8, r=radius, class_="order")
            )
    spoken = f"Ordered {words.year_ranges(bought.years)}, delivered {words.year_ranges(delivered)}"
    return el("svg", *body, class_="chart", width="100%", height=LANE, role="img", aria_label=spoken)


def _order_words(study: Study, year: int, rows: Sequence[Row]) -> str:
    who = words.joined(f"{study.name('states', r['state'])} {words.compact(r['quantity'])}" for r in rows)
    return f"{year}: ordered by {who} for {words.money(sum(float(r['value_meur']) for r in rows))}"


def _details(study: Study, plan: ModePlan, listed: Sequence[Purchase]) -> Table:
    heads = [
        "Programme", "Class", "Coalition", "Partners", "Line", "Orders", "Deliveries", "Quantity",
        "Pooled quantity", "Unit price, EUR m", "Price error up to", "Cost, EUR m", "Gap-years closed",
        "Lead, months", "SAFE", "Reason",
    ]  # fmt: skip
    rows: list[list[Cell]] = []
    for p in listed:
        row = study.row("programmes", p.programme)
        rows.append(
            [
                text_cell(study.name("programmes", p.programme), p.programme),
                text_cell(study.name("classes", row.get("class_id"))),
                text_cell(words.joined(study.state_names(p.states))),
                text_cell(words.joined(study.state_names(p.others))),
                text_cell(study.name("lines", row.get("line_id")) if row.get("line_id") else None),
                text_cell(words.year_ranges(p.years)),
                text_cell(words.year_ranges(int(r["year"]) for r in p.deliveries if r["quantity"] > 0)),
                number_cell(p.quantity),
                number_cell(p.choice["pooled_quantity"]),
                number_cell(p.choice["unit_price_base_meur"]),
                Cell(words.percent(p.choice["price_error"], 1), float(p.choice["price_error"])),
                money_cell(p.cost),
                number_cell(p.closed, 3),
                number_cell(p.choice["lead_months"], 0),
                text_cell("yes" if p.choice["safe_eligible"] else "no"),
                text_cell(p.choice["safe_reason"]),
            ]
        )
    states = [" ".join(p.states) for p in listed]
    return Table(
        f"t-programmes-{plan.key}",
        f"Purchases, {plan.word.lower()}",
        heads,
        rows,
        frozenset(range(7, 14)),
        states,
    )

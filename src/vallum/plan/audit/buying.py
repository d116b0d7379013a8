"""Rules of programmes: coalitions, prices, orders, introduction, deliveries, order of starts."""

import math
from collections import defaultdict
from itertools import combinations

from vallum.plan.audit import formulas
from vallum.plan.audit.case import Case, Order
from vallum.plan.audit.facts import Row, words
from vallum.plan.audit.formulas import Block
from vallum.plan.audit.result import CENT, QUANTITY, At, Check

__all__ = ["coalition", "delivery", "exclusion", "introduction", "order", "prerequisite", "price"]


def coalition(case: Case, check: Check) -> None:
    """Buyers may join, each in one coalition a programme; only joint plans of several are pooled."""
    good = {(block.programme, row["coalition"], row["partners"]): block for block, row in case.blocks}
    for row in case.tables["choices"]:
        key = row["programme_id"], row["coalition"], row["partners"]
        text = f"unknown programme, member or partner in '{row['coalition']}' with '{row['partners']}'"
        check.true(At(item=key[0]), key in good, text)
    for row in case.tables["orders"]:
        block = good.get((row["programme_id"], row["coalition"], row["partners"]))
        at = At(row["state"], row["programme_id"], row["year"])
        known = block is not None and row["state"] in block.members
        check.true(at, known, f"an order without a choice of '{row['coalition']}'")
    joined: dict[tuple[str, str], int] = defaultdict(int)
    for block, row in case.blocks:
        check_block(case, check, block, row)
        for state in block.members:
            joined[block.programme, state] += 1
    for (programme, state), number in joined.items():
        check.at_most(At(state, programme), "the number of coalitions joined", number, 1, 0)
    for (block, state), orders in case.orders_by_join().items():
        check.true(At(state, block.programme), bool(orders), "a member of the coalition orders nothing")


def check_block(case: Case, check: Check, block: Block, row: Row) -> None:
    """Check who may join, with which partners, and whether the block is pooled."""
    facts, at = case.facts, At(item=block.programme)
    for state in block.members:
        most = formulas.greatest_order(facts, block, state)
        check.true(At(state, block.programme), most > 0, "may not join, or has no use for it")
    check.same(at, "the coalition", row["coalition"], "+".join(sorted(set(block.members))))
    if block.partners:
        everyone = "+".join(partner["partner"] for partner in facts.partners.get(block.programme, ()))
        check.same(at, "the partners (all or none)", row["partners"], everyone)
    joint = case.plan.mode == "joint"
    check.same(at, "pooled", block.pooled, joint and block.participants >= 2)
    if not joint:
        check.at_most(at, "the number of members in a national plan", len(block.members), 1, 0)
    check.same(at, "the number of participants", row["participants"], block.participants)


def price(case: Case, check: Check) -> None:
    """Every order has the price of its year at the edge of a band that its block reaches."""
    facts = case.facts
    for block, row in case.blocks:
        at, edges, orders = At(item=block.programme), formulas.edges(facts, block), case.orders_of(block)
        pooled = math.fsum(order.row["quantity"] for order in orders) + formulas.partner_quantity(
            facts, block
        )
        check.equal(at, "a pooled quantity of", row["pooled_quantity"], pooled, QUANTITY)
        bands = range(len(edges) - 1)
        check.true(at, row["band"] in bands, f"there is no price band {row['band']}")
        if row["band"] not in bands:
            continue
        edge, next_edge = edges[row["band"]], edges[row["band"] + 1]
        check.equal(at, "an edge of", row["edge_quantity"], edge, QUANTITY)
        check.at_least(at, "the pooled quantity", pooled, edge, QUANTITY)
        base = formulas.unit_price(facts, block.programme, edge, int(facts.settings["base_year"]))
        check.equal(at, "a base unit price of", row["unit_price_base_meur"], base, CENT)
        cheapest = formulas.scale(facts, block.programme, next_edge)
        over = 1 - cheapest / formulas.scale(facts, block.programme, edge)
        check.equal(at, "a price error of", row["price_error"], max(0.0, over), CENT)
        for order in orders:
            check_order_price(case, check, order, edge)


def check_order_price(case: Case, check: Check, order: Order, edge: float) -> None:
    """Check the unit price of the order's year, and the value."""
    row, at = order.row, At(order.state, order.programme, order.year)
    unit = formulas.unit_price(case.facts, order.programme, edge, order.year)
    check.equal(at, "a unit price of", row["unit_price_meur"], unit, CENT)
    check.equal(at, "a value of", row["value_meur"], row["quantity"] * row["unit_price_meur"], CENT)


def order(case: Case, check: Check) -> None:
    """A member's total is of whole steps, between least and greatest, and ordered inside the window."""
    facts = case.facts
    for row in case.tables["orders"]:
        at = At(row["state"], row["programme_id"], row["year"])
        check.true(at, row["year"] in facts.years, "an order outside the horizon")
    for (block, state), orders in case.orders_by_join().items():
        least = formulas.least_order(facts, block)
        most = formulas.greatest_order(facts, block, state)
        window = formulas.order_years(facts, block)
        step = facts.programmes[block.programme]["step_quantity"]
        at = At(state, block.programme)
        total = math.fsum(order.row["quantity"] for order in orders)
        if orders:
            check.equal(at, "a total that is not of whole steps,", total, multiple(total, step), QUANTITY)
            check.at_least(at, "the total order", total, least, QUANTITY)
            check.at_most(at, "the total order", total, most, QUANTITY)
        for row in (order.row for order in orders):
            at = At(state, block.programme, row["year"])
            quantity, share = row["quantity"], row["introduction_share"]
            check.true(at, row["year"] in window, f"no order is possible in this year ({span(window)})")
            check.at_least(at, "the order", quantity, least * share, QUANTITY)
            check.at_most(at, "the order", quantity, most * share, QUANTITY)


def multiple(quantity: float, step: float) -> float:
    """Return the nearest whole multiple of a step."""
    return float(round(quantity / step) * step)


def span(years: tuple[int, ...]) -> str:
    """Write a window of years."""
    return f"possible: {years[0]} to {years[-1]}" if years else "no year is possible"


def introduction(case: Case, check: Check) -> None:
    """Introduction shares of a member sum to one; each costs the block's share of the full cost."""
    for (block, state), orders in case.orders_by_join().items():
        if orders:
            done = math.fsum(order.row["introduction_share"] for order in orders)
            check.equal(At(state, block.programme), "introduction shares that sum to", done, 1.0, QUANTITY)
        factor = formulas.introduction_factor(case.facts, block, state)
        for row in (order.row for order in orders):
            at = At(state, block.programme, row["year"])
            full = formulas.introduction_full(case.facts, block.programme, row["year"])
            cost = row["introduction_share"] * full * factor
            check.at_least(at, "the introduction share", row["introduction_share"], 0, QUANTITY)
            check.equal(at, "an introduction cost of", row["introduction_meur"], cost, CENT)


def delivery(case: Case, check: Check) -> None:
    """Lead times follow the number of participants, and every order is delivered in its years."""
    facts = case.facts
    for block, row in case.blocks:
        lead = formulas.lead_months(facts, block)
        check.equal(At(item=block.programme), "a lead time of", row["lead_months"], lead, QUANTITY)
    stated = {}
    for row in case.tables["deliveries"]:
        key = row["programme_id"], row["coalition"], row["state"], row["order_year"], row["year"]
        stated[key] = row
    for order in case.orders:
        for year in facts.years:
            key = order.programme, order.row["coalition"], order.state, order.year, year
            share = formulas.delivery_share(facts, order.block, order.year, year)
            check_delivery(case, check, order, year, share * order.row["quantity"], stated.pop(key, {}))
    for (programme, _, state, order_year, year), row in stated.items():
        what = f"a delivery (order of {order_year}) of"
        check.equal(At(state, programme, year), what, row["quantity"], 0.0, QUANTITY)


def check_delivery(case: Case, check: Check, order: Order, year: int, quantity: float, row: Row) -> None:
    """Check quantity, line and use of the line of one delivery; no row stands for nothing delivered."""
    programme = case.facts.programmes[order.programme]
    at, line = At(order.state, order.programme, year), programme["line_id"] or ""
    made = row.get("quantity", 0.0)
    check.equal(at, f"a delivery (order of {order.year}) of", made, quantity, QUANTITY)
    units = made * programme["line_units_per_unit"]
    check.equal(at, "line units of", row.get("line_units", 0.0), units, QUANTITY)
    check.same(at, "the line", row.get("line_id", line), line)
    partners = order.row["partners"]
    check.same(at, "the partners", row.get("partners", partners), partners)


def prerequisite(case: Case, check: Check) -> None:
    """No member has introduced more of a programme than of its prerequisite, in any year."""
    done: dict[tuple[str, str], list[Order]] = defaultdict(list)
    for order in case.orders:
        done[order.programme, order.state].append(order)

    def up_to(programme: str, state: str, year: int) -> float:
        orders = done.get((programme, state), [])
        return math.fsum(order.row["introduction_share"] for order in orders if order.year <= year)

    for programme, state in sorted(done):
        for needed in words(case.facts.programmes[programme]["prerequisites"]):
            for year in case.facts.years:
                at, what = At(state, programme, year), f"what is started against its prerequisite {needed}"
                check.at_most(at, what, up_to(programme, state, year), up_to(needed, state, year), QUANTITY)


def exclusion(case: Case, check: Check) -> None:
    """No member joins two programmes that exclude each other."""
    joined: dict[str, set[str]] = defaultdict(set)
    for block, _ in case.blocks:
        for state in block.members:
            joined[state].add(block.programme)
    for state, programmes in sorted(joined.items()):
        for one, other in combinations(sorted(programmes), 2):
            named = words(case.facts.programmes[one]["exclusions"])
            back = words(case.facts.programmes[other]["exclusions"])
            excluded = other in named or one in back
            check.true(At(state, one), not excluded, f"joins {other} too, which excludes it")

r"""Why the plan alone costs more: two fixed plans priced again with causes switched on and off.

No plan is solved again. Each plan is priced from its orders, expansions, schools and draws, discounted as
in section 10 of docs/explanation/procurement.md, with a set of causes switched on:

scale
    On: the unit prices of the plan. Off: every order of a pooled block has the unit price that the member
    gets alone, at the edge of the band that its own quantity reaches (below the least order of one state
    alone: at its own quantity).
fixed cost
    On: introduction is shared as in the plan. Off: what sharing saves is paid.
commonality
    On: each introduced type costs its full own price. Off: introduction costs nothing (what sharing saves
    stays a matter of *fixed cost*). The cause is the difference of the two sets of types.
finance
    On: SAFE draws to their last payment, less what they add (phi). Off: no draws.
queueing
    On: expansions, schools, and the real price growth up to each order's year. Off: no expansions and no
    schools, and every order at the price of its programme's first possible year (payments keep their
    years).

With v(S) = cost(national, S) - cost(other, S), a cause's part is its Shapley value: its marginal
contribution averaged over all orders in which causes can be switched on,

.. math:: \phi_c = \sum_{S \not\ni c} \frac{|S|!\,(n-|S|-1)!}{n!}\,(v(S \cup c) - v(S)).

The parts sum to v(all) - v(none). What is left, v(none) and rounding, is *other choices*: the two plans do
not buy the same things at the same time.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import Final

from vallum.plan.audit import formulas
from vallum.plan.audit.case import Case, Order, case_of
from vallum.plan.audit.facts import Facts
from vallum.plan.audit.formulas import Block
from vallum.plan.store import Plan
from vallum.plan.summary import cost_by_state

__all__ = ["CAUSES", "OTHER", "decompose"]

CAUSES: Final = ("scale", "fixed cost", "commonality", "finance", "queueing")
OTHER: Final = "other choices"
On = frozenset[str]


@dataclass(frozen=True, slots=True)
class PricedOrder:
    """One order in present values.

    Attributes
    ----------
    value, own_value : float
        Payments and sustainment at the plan's unit price, and at the member's own; EUR million.
    full, saved : float
        Introduction at full own price, and what sharing saves of it.
    growth : float
        Real price growth from the programme's first possible year to the order's year, as a factor.
    """

    value: float
    own_value: float
    full: float
    saved: float
    growth: float

    def cost(self, on: On) -> float:
        """Return the present cost with a set of causes switched on."""
        bought = self.value if "scale" in on else self.own_value
        introduced = self.full if "commonality" in on else 0.0
        shared = self.saved if "fixed cost" in on else 0.0
        grown = 1.0 if "queueing" in on else 1.0 / self.growth
        return (bought + introduced - shared) * grown


@dataclass(frozen=True, slots=True)
class PricedPlan:
    """One plan in present values, EUR million."""

    orders: tuple[PricedOrder, ...]
    queueing: float
    finance: float

    def cost(self, on: On) -> float:
        """Return the present cost with a set of causes switched on."""
        parts = [order.cost(on) for order in self.orders]
        parts.append(self.queueing if "queueing" in on else 0.0)
        parts.append(self.finance if "finance" in on else 0.0)
        return math.fsum(parts)


def decompose(national: Plan, other: Plan) -> list[dict[str, float | str]]:
    """Break cost(national) - cost(other) into causes.

    Parameters
    ----------
    national : Plan
        The plan alone.
    other : Plan
        The plan together, best the one of least cost at the same capability.

    Returns
    -------
    list of {"cause": str, "meur": float}
        One entry a cause in the order of `CAUSES`, then "other choices"; EUR million, discounted. They
        sum to the difference of the two plans' costs.
    """
    alone, together = case_of(national), case_of(other)
    one, two = priced(alone), priced(together)
    values = {on: one.cost(on) - two.cost(on) for on in subsets(CAUSES)}
    parts = shapley(values)
    difference = math.fsum(cost_by_state(national, alone.facts).values()) - math.fsum(
        cost_by_state(other, together.facts).values()
    )
    rest = math.fsum([difference, *(-part for part in parts.values())])
    return [{"cause": cause, "meur": meur} for cause, meur in [*parts.items(), (OTHER, rest)]]


def subsets(causes: tuple[str, ...]) -> list[On]:
    """Return every set of causes."""
    return [frozenset(some) for size in range(len(causes) + 1) for some in combinations(causes, size)]


def shapley(values: Mapping[On, float]) -> dict[str, float]:
    """Return each cause's average marginal contribution over all orders (L. S. Shapley, 1953)."""
    number = len(CAUSES)
    parts = {}
    for cause in CAUSES:
        gains = [
            math.factorial(len(on))
            * math.factorial(number - len(on) - 1)
            / math.factorial(number)
            * (values[on | {cause}] - value)
            for on, value in values.items()
            if cause not in on
        ]
        parts[cause] = math.fsum(gains)
    return parts


def priced(case: Case) -> PricedPlan:
    """Return the present values of a plan's orders, queueing and finance."""
    facts, plan = case.facts, case.plan
    totals: dict[tuple[Block, str], list[float]] = {}
    for order in case.orders:
        totals.setdefault((order.block, order.state), []).append(order.row["quantity"])
    orders = tuple(
        priced_order(facts, order, math.fsum(totals[order.block, order.state])) for order in case.orders
    )
    queue = [
        facts.discount(year) * amount
        for name in ("expansions", "schools")
        for year, amount in plan.tables[name].select("year", "amount_meur").iter_rows()
    ]
    phi = {state: formulas.loan_cost(facts, state) for state in facts.members}
    draws = [
        facts.discount(year) * drawn * phi.get(state, 0.0)
        for state, year, drawn in plan.tables["money"].select("state", "year", "safe_drawn_meur").iter_rows()
    ]
    return PricedPlan(orders, math.fsum(queue), math.fsum(draws))


def priced_order(facts: Facts, order: Order, own_quantity: float) -> PricedOrder:
    """Return the present values of one order."""
    row, block, programme = order.row, order.block, facts.programmes[order.programme]
    paid, kept, delivered = [], [], 0.0
    for year in facts.years:
        weight = facts.discount(year)
        paid.append(weight * formulas.payment_share(facts, block, order.year, year))
        kept.append(weight * programme["sustainment_share"] * delivered)
        delivered += formulas.delivery_share(facts, block, order.year, year)
    per_value, per_introduction = math.fsum([*paid, *kept]), math.fsum(paid)
    full = 0.0
    if not formulas.operates(facts, order.programme, order.state):
        full = row["introduction_share"] * formulas.introduction_full(facts, order.programme, order.year)
    own = row["quantity"] * own_price(facts, order, own_quantity)
    first = max(programme["start_earliest"], facts.first_year)
    grown = formulas.price_level(facts, order.programme, order.year)
    return PricedOrder(
        value=row["value_meur"] * per_value,
        own_value=own * per_value,
        full=full * per_introduction,
        saved=(full - row["introduction_meur"]) * per_introduction,
        growth=grown / formulas.price_level(facts, order.programme, first),
    )


def own_price(facts: Facts, order: Order, own_quantity: float) -> float:
    """Return the unit price that the member would pay alone for its own quantity, EUR million."""
    if not order.block.pooled:
        return float(order.row["unit_price_meur"])
    alone = Block(order.programme, (order.state,), (), pooled=False)
    reached = [edge for edge in formulas.edges(facts, alone)[:-1] if edge <= own_quantity + formulas.NEAR]
    edge = max(reached, default=own_quantity)
    return formulas.unit_price(facts, order.programme, edge, order.year)

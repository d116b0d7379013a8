"""The formulas of the model, one function each, written from docs/explanation/procurement.md.

Nothing here is shared with the model that made the plan.
"""

import math
from dataclasses import dataclass
from typing import Final

from vallum.plan.audit.facts import Facts, Row

__all__ = [
    "NEAR",
    "Block",
    "crews_free",
    "delivery_share",
    "edges",
    "greatest_order",
    "introduction_factor",
    "introduction_full",
    "least_order",
    "loan_cost",
    "order_years",
    "payment_share",
    "safe_verdict",
    "scale",
    "service",
    "unit_price",
]

#: Keeps a need of exactly three steps from becoming four, and an edge that is met from being missed.
NEAR: Final = 1e-9
#: Regulation (EU) 2025/1106, Article 16: least share of component cost from the EU, EEA-EFTA or Ukraine.
LEAST_ORIGIN: Final = 0.65


@dataclass(frozen=True, slots=True)
class Block:
    """A programme, who buys it together, and whether price and introduction are shared (section 1)."""

    programme: str
    members: tuple[str, ...]
    partners: tuple[str, ...]
    pooled: bool

    @property
    def participants(self) -> int:
        """Number of members and partners."""
        return len(self.members) + len(self.partners)


# ---------------------------------------------------------------- section 2, time


def lead_months(facts: Facts, block: Block) -> float:
    """Signature to first delivery, with the negotiation of all participants."""
    settings = facts.settings
    negotiation = settings["negotiation_months"] * (block.participants ** settings["delay_exponent"] - 1)
    return float(facts.programmes[block.programme]["lead_months"] + negotiation)


def delivery_interval(facts: Facts, block: Block, order_year: int) -> tuple[float, float]:
    """First and last delivery in years, 2026.5 being the middle of 2026."""
    first = order_year + 0.5 + lead_months(facts, block) / 12
    return first, first + facts.programmes[block.programme]["delivery_span_months"] / 12


def uniform_share(start: float, end: float, year: int) -> float:
    """Share of an interval that falls into a calendar year; an interval without length is a point."""
    if end <= start:
        return 1.0 if year <= start < year + 1 else 0.0
    return max(0.0, min(end, year + 1) - max(start, year)) / (end - start)


def delivery_share(facts: Facts, block: Block, order_year: int, year: int) -> float:
    """d(y): share of an order delivered in a year."""
    start, end = delivery_interval(facts, block, order_year)
    return uniform_share(start, end, year)


def payment_share(facts: Facts, block: Block, order_year: int, year: int) -> float:
    """pay(y): the advance in the order year, the rest evenly to the last delivery."""
    advance = facts.settings["advance_share"]
    _, end = delivery_interval(facts, block, order_year)
    later = (1 - advance) * uniform_share(order_year + 0.5, end, year)
    return later + (advance if year == order_year else 0.0)


def order_years(facts: Facts, block: Block) -> tuple[int, ...]:
    """Years in which the block may be ordered so that nothing is delivered beyond the horizon."""
    row = facts.programmes[block.programme]
    first = max(row["start_earliest"], facts.first_year)
    last = min(row["start_latest"], facts.last_year)
    for partner in partner_rows(facts, block):
        first = max(first, partner["year_from"])
        last = min(last, partner["year_to"])
    end_of_horizon = facts.last_year + 1
    return tuple(
        year
        for year in range(first, last + 1)
        if delivery_interval(facts, block, year)[1] <= end_of_horizon + NEAR
    )


# ---------------------------------------------------------------- section 3, prices


def price_level(facts: Facts, programme: str, year: int) -> float:
    """Price of an order of a year against the base price."""
    row, settings = facts.programmes[programme], facts.settings
    grown = 1 + row["cost_growth_pct"] / 100
    indexed = (1 + settings["price_index_pct"] / 100) ** (settings["base_year"] - row["price_year"])
    real = (1 + row["real_price_growth_pct"] / 100) ** (year - settings["base_year"])
    return float(grown * indexed * real)


def scale(facts: Facts, programme: str, quantity: float) -> float:
    """Price factor of a quantity (Wright's law with a floor)."""
    row = facts.programmes[programme]
    learned = (quantity / row["base_quantity"]) ** math.log2(row["learning_slope_pct"] / 100)
    return float(max(1 - facts.settings["scale_saving_max"], learned))


def unit_price(facts: Facts, programme: str, quantity: float, year: int) -> float:
    """EUR million for one class unit at a pooled quantity, for an order of a year."""
    row = facts.programmes[programme]
    base = row["base_price_meur"] / row["base_quantity"]
    return float(base * scale(facts, programme, quantity) * price_level(facts, programme, year))


def introduction_full(facts: Facts, programme: str, year: int) -> float:
    """F: what the introduction of a new type costs one member alone, EUR million."""
    row = facts.programmes[programme]
    return float(row["introduction_share"] * row["base_price_meur"] * price_level(facts, programme, year))


def introduction_factor(facts: Facts, block: Block, state: str) -> float:
    """Share of F that a member of the block pays: 0, 1 or the shared cost."""
    new = [member for member in block.members if not operates(facts, block.programme, member)]
    if state not in new:
        return 0.0
    if not block.pooled or len(new) < 2:
        return 1.0
    shared = float(facts.programmes[block.programme]["introduction_shared_part"])
    return (1 - shared) + shared / len(new)


def operates(facts: Facts, programme: str, state: str) -> bool:
    """Whether a member operates the type already."""
    row = facts.may_join.get((programme, state))
    return row is not None and row["operates"] == "y"


def edges(facts: Facts, block: Block) -> tuple[float, ...]:
    """Lower edges of the price bands, then the greatest pooled quantity as the end of the last band."""
    extra = partner_quantity(facts, block)
    least = least_order(facts, block) * len(block.members) + extra
    greatest = math.fsum(greatest_order(facts, block, state) for state in block.members) + extra
    base = facts.programmes[block.programme]["base_quantity"]
    steps = [multiple * base for multiple in facts.multiples]
    inside = [edge for edge in steps if least + NEAR < edge <= greatest + NEAR]
    return (least, *inside, max(greatest, least))


def partner_rows(facts: Facts, block: Block) -> tuple[Row, ...]:
    """Return the partners' orders that the block was made with."""
    return tuple(row for row in facts.partners.get(block.programme, ()) if row["partner"] in block.partners)


def partner_quantity(facts: Facts, block: Block) -> float:
    """Quantity of the partners that counts for the price."""
    return math.fsum(row["quantity"] for row in partner_rows(facts, block)) if block.pooled else 0.0


# ---------------------------------------------------------------- section 4, orders


def least_order(facts: Facts, block: Block) -> float:
    """Least order of each member."""
    row = facts.programmes[block.programme]
    return float(row["min_quantity_alone"] if block.participants == 1 else row["min_quantity"])


def greatest_order(facts: Facts, block: Block, state: str) -> float:
    """Greatest order of a member: what it may buy and can use; 0 where no block is possible."""
    row = facts.programmes[block.programme]
    join = facts.may_join.get((block.programme, state))
    if join is None:
        return 0.0
    allowed, least = float(join["max_quantity"]), least_order(facts, block)
    if facts.systems[row["system_id"]]["nodes_provided"]:
        most = allowed
    else:
        gap = max(
            facts.need.get((state, row["class_id"], year), 0.0)
            - facts.legacy_class.get((state, row["class_id"], year), 0.0)
            for year in facts.years
        )
        step = row["step_quantity"]
        useful = math.ceil(gap / step - NEAR) * step
        if useful <= 0:
            return 0.0
        most = min(allowed, max(useful, least))
    return most if most >= least - NEAR else 0.0


# ---------------------------------------------------------------- section 6, crews


def crews_free(facts: Facts, state: str, family: str, year: int) -> float:
    """Crews trained by a year and not bound to legacy units of the family's systems."""
    row = facts.crews.get((state, family))
    if row is None:
        return 0.0
    trained = row["trained_crews"] + row["throughput_per_year"] * (year - facts.first_year)
    systems = [name.strip() for name in (row["systems"] or "").split(";")]
    bound = math.fsum(facts.legacy_system.get((state, system, year), 0.0) for system in systems)
    return max(0.0, float(trained) - bound)


# ---------------------------------------------------------------- section 9, money


def service(facts: Facts, state: str, after: int) -> float:
    """Net real debt service, `after` years after a draw of one euro."""
    loan = facts.loans[state]
    maturity, grace = loan["maturity_years"], loan["grace_years"]
    if not 1 <= after <= maturity:
        return 0.0
    rate, national_rate = loan["rate_pct"] / 100, loan["national_rate_pct"] / 100
    real = (1 + facts.settings["inflation_pct"] / 100) ** -after
    safe = rate
    if after > grace:
        years = maturity - grace
        safe += 1 / years - rate * (after - 1 - grace) / years
    national = national_rate + (1.0 if after == maturity else 0.0)
    share = loan["additional_share"]
    return float((share * safe + (1 - share) * (safe - national)) * real)


def loan_cost(facts: Facts, state: str) -> float:
    """phi: present cost of a draw of one euro to its last payment, less what it adds to the purse."""
    rate = facts.settings["discount_rate_pct"] / 100
    loan = facts.loans.get(state)
    if loan is None:
        return 0.0
    years = range(1, int(loan["maturity_years"]) + 1)
    paid = math.fsum((1 + rate) ** -after * service(facts, state, after) for after in years)
    return float(paid - loan["additional_share"])


def safe_verdict(facts: Facts, block: Block) -> tuple[bool, str]:
    """Whether SAFE loans may pay for a block, and the rule that decides, with its article.

    A test that is *to be proved* (safe_eligible = conditional, no public origin share, or a reason to
    check the maker's control) counts only if the setting safe_count_conditional is 1.
    """
    row = facts.programmes[block.programme]
    participants = [*block.members, *block.partners]
    part = sum(facts.states[name]["safe_participant"] == "y" for name in participants)
    needed = max((int(loan["min_participants_after"]) for loan in facts.loans.values()), default=2)
    origin, control, stated = row["eu_origin_share"], row["foreign_control"], row["safe_eligible"]
    if part < needed:
        return False, f"Art. 4: {part} participants that may take part, {needed} needed"
    if stated == "n":
        return False, "Art. 16: not eligible by the region's reading (safe_eligible = n)"
    if control == "y":
        return False, "Art. 16: contractor under third-country control"
    if stated == "y" and origin is not None and origin < LEAST_ORIGIN:
        return False, f"Art. 16: {origin:.0%} of component cost from the EU, EEA or Ukraine, 65% needed"
    if stated != "y" or origin is None or control != "n":
        counted = facts.settings["safe_count_conditional"] >= 1
        return counted, "Art. 16: origin, control or design authority to be proved"
    return True, "Art. 4 and 16: participants, origin, control and design authority met"

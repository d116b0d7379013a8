"""Key figures of a plan, each of which can be an axis of a trade-off."""

import math
import re
from collections import defaultdict
from dataclasses import asdict, dataclass

from vallum.plan.audit.facts import Facts, facts_of
from vallum.plan.store import Plan
from vallum.plan.summary import cost_by_state, gap_years_by_state

__all__ = ["Figures", "at_home", "figures"]


@dataclass(frozen=True, slots=True)
class Figures:
    """What a plan reaches.

    Attributes
    ----------
    shortfall, cost : float
        Gap-years; EUR million, discounted.
    types : int
    peak : float
        Largest spending of all members in one year, EUR million: order payments, introductions, sustainment,
        expansions and schools, not discounted.
    domestic : float, optional
        Share of the value of all orders on lines in member states; None for a plan that orders nothing.
    """

    shortfall: float
    cost: float
    types: int
    peak: float
    domestic: float | None

    def of(self, axis: str) -> float | None:
        """Return the figure of an axis."""
        value = asdict(self)[axis]
        return None if value is None else float(value)


def figures(plan: Plan) -> Figures:
    """Sum up a plan from its tables."""
    facts = facts_of(plan.inputs)
    spent: dict[int, list[float]] = defaultdict(list)
    for state, year, meur in plan.tables["money"].select("state", "year", "spend_meur").iter_rows():
        if state in facts.members:
            spent[year].append(meur)
    value, home = 0.0, 0.0
    for programme, meur in plan.tables["orders"].select("programme_id", "value_meur").iter_rows():
        value += meur
        home += meur * at_home(facts, programme)
    return Figures(
        shortfall=math.fsum(gap_years_by_state(plan, facts).values()),
        cost=math.fsum(cost_by_state(plan, facts).values()),
        types=plan.tables["types"].height,
        peak=max((math.fsum(year) for year in spent.values()), default=0.0),
        domestic=home / value if value > 0 else None,
    )


def at_home(facts: Facts, programme: str) -> float:
    """Return the part of a programme's value that its line leaves in member states.

    A line of several countries (`SE/EE`, `EE;LV;LT`) leaves each an equal part.
    """
    line = facts.lines.get(facts.programmes[programme]["line_id"] or "")
    countries = [name.strip() for name in re.split(r"[;/]", line["country"] if line else "") if name.strip()]
    return sum(name in facts.members for name in countries) / len(countries) if countries else 0.0

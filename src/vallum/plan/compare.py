"""National against joint: the two headlines, who gains, what explains the difference."""

import math
import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from vallum.core.errors import BadInput
from vallum.plan.audit.case import Case, case_of
from vallum.plan.audit.formulas import delivery_interval
from vallum.plan.decompose import decompose
from vallum.plan.store import Plan
from vallum.plan.summary import summary

__all__ = [
    "compare",
    "domestic_value",
    "leaves_zero_out",
    "level_of",
    "months_to_target",
    "same_money",
    "summary",
]

#: A shortfall or a quantity below this is none.
NONE_LEFT: Final = 1e-6


def compare(national: Plan, joint: Plan, same_capability: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Compare the plan alone with the plan together: the content of compare.json.

    Parameters
    ----------
    national, joint : Plan
        Plans of the same region.
    same_capability : mapping, optional
        What solving the joint problem at the national shortfall gave: cost_meur and bound_meur
        (discounted, EUR million; the bound may be None) and, if it is at hand, the plan as `plan`.

    Returns
    -------
    dict
        region; same_money {national, joint, difference, interval, proven} in gap-years, the values of
        level 1; same_capability {national_cost_meur, joint_cost_meur, difference_meur, interval, proven}
        or None; states; months_to_target; types; domestic_value; decomposition, and decomposition_of,
        "same capability" or "plans as made"; safe. A bound that is not known is None.

    Raises
    ------
    BadInput
        If the plans are not of these modes, or not of one region.
    """
    check_pair(national, joint)
    alone, together = case_of(national), case_of(joint)
    one, two = summary(national), summary(joint)
    states = alone.facts.members
    other = same_capability.get("plan") if same_capability else None
    targets = [months_to_target(alone), months_to_target(together)]
    values = [domestic_value(alone), domestic_value(together)]
    return {
        "region": dict(national.manifest["region"]),
        "same_money": same_money(national, joint),
        "same_capability": least_cost(national, one["cost_meur"], same_capability),
        "states": {
            state: {"national": one["states"][state], "joint": two["states"][state]} for state in states
        },
        "months_to_target": [
            {
                "state": state,
                "class_id": class_id,
                "national": months,
                "joint": targets[1].get((state, class_id)),
            }
            for (state, class_id), months in targets[0].items()
        ],
        "types": {"national": one["types"], "joint": two["types"]},
        "domestic_value": {
            state: {"national_meur": values[0][state], "joint_meur": values[1][state]} for state in states
        },
        "decomposition": decompose(national, joint if other is None else other),
        "decomposition_of": "plans as made" if other is None else "same capability",
        "safe": {
            state: {
                "national_meur": one["states"][state]["safe_drawn_meur"],
                "joint_meur": two["states"][state]["safe_drawn_meur"],
                "ceiling_meur": ceiling(alone, state),
            }
            for state in states
        },
    }


def check_pair(national: Plan, joint: Plan) -> None:
    """Raise BadInput unless the plans are one of each mode, of the same region."""
    if (national.mode, joint.mode) != ("national", "joint"):
        raise BadInput(
            f"A national and a joint plan are compared, not a {national.mode} and a {joint.mode} one.",
            where=f"{national.path}, {joint.path}",
            rule="compare_modes",
            remedy="Give the folder of the plan alone first.",
        )
    if national.manifest["region"]["content_hash"] != joint.manifest["region"]["content_hash"]:
        raise BadInput(
            "The two plans were not made from the same region data.",
            where=f"{national.path}, {joint.path}",
            rule="compare_region",
            remedy="Plan both ways in one run: `vallum plan REGION --mode both`.",
        )


def same_money(national: Plan, joint: Plan) -> dict[str, Any]:
    """Return gap-years alone less together, with the interval that the bounds of level 1 leave."""
    one, two = level_of(national, 1), level_of(joint, 1)
    if one is None or two is None:
        raise BadInput(
            "A plan has no level 1.",
            where=f"{national.path}, {joint.path}",
            rule="levels",
            remedy="Plan again with `vallum plan`.",
        )
    interval = [one["bound"] - two["value"], one["value"] - two["bound"]]
    return {
        "national": one["value"],
        "joint": two["value"],
        "difference": one["value"] - two["value"],
        "interval": interval,
        "proven": leaves_zero_out(interval),
    }


def least_cost(national: Plan, cost: float, found: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """Return the cost alone less the least cost together at the same capability, with its interval."""
    if found is None:
        return None
    level = level_of(national, 2)
    bound, joint_bound = level["bound"] if level else None, found.get("bound_meur")
    joint_cost = float(found["cost_meur"])
    interval = [
        None if bound is None else bound - joint_cost,
        None if joint_bound is None else cost - float(joint_bound),
    ]
    return {
        "national_cost_meur": cost,
        "joint_cost_meur": joint_cost,
        "difference_meur": cost - joint_cost,
        "interval": interval,
        "proven": leaves_zero_out(interval),
    }


def leaves_zero_out(interval: Sequence[float | None]) -> bool:
    """Tell whether an interval proves a difference; an unknown end is without limit."""
    low, high = interval
    return (low is not None and low > 0) or (high is not None and high < 0)


def level_of(plan: Plan, level: int) -> dict[str, Any] | None:
    """Return the row of one level, if the plan has it."""
    return next((row for row in plan.tables["levels"].to_dicts() if row["level"] == level), None)


def ceiling(case: Case, state: str) -> float:
    """Return what a state may draw of its SAFE loan, EUR million."""
    loan = case.facts.loans.get(state)
    return float(loan["adopted_loan_meur"] * (1 - loan["earmarked_share"])) if loan else 0.0


def months_to_target(case: Case) -> dict[tuple[str, str], int | None]:
    """Return the months from the start of the first year until a class's need is met to the end.

    Shortfall is known at the end of each year. The year is the first one from which it stays 0. Inside
    that year deliveries are uniform over each order's interval, so the month is found from them: the
    first by which legacy and counted units cover the year's need, units not yet delivered being taken
    from the counted ones. Need, retirements and crews are those of the year's end.

    Returns
    -------
    dict of (state, class_id) to int or None
        Every pair with a need; whole months, 0 if met from the start, None if not within the horizon.
    """
    rows: dict[tuple[str, str], list[dict[str, Any]]] = defaultdict(list)
    for row in case.plan.tables["stock"].sort("state", "class_id", "year").to_dicts():
        rows[row["state"], row["class_id"]].append(row)
    arrivals = arrivals_of(case)
    found: dict[tuple[str, str], int | None] = {}
    for key, years in rows.items():
        if not any(row["need"] > 0 for row in years):
            continue
        short = [j for j, row in enumerate(years) if row["shortfall"] > NONE_LEFT]
        met = short[-1] + 1 if short else 0
        found[key] = None if met == len(years) else month_of(case, years[met], arrivals[key])
    return found


class Arrival(NamedTuple):
    """First and last delivery of an order, in years, and its quantity."""

    start: float
    end: float
    quantity: float

    def still_to_come(self, now: float, year_end: float) -> float:
        """Return the quantity delivered after `now` and before the end of the year."""
        if self.end <= self.start:
            return self.quantity if now < self.start < year_end else 0.0
        rest = max(0.0, min(self.end, year_end) - max(self.start, now))
        return self.quantity * rest / (self.end - self.start)


def arrivals_of(case: Case) -> dict[tuple[str, str], list[Arrival]]:
    """Return the deliveries of every order by state and class."""
    found: dict[tuple[str, str], list[Arrival]] = defaultdict(list)
    for order in case.orders:
        start, end = delivery_interval(case.facts, order.block, order.year)
        key = order.state, case.facts.programmes[order.programme]["class_id"]
        found[key].append(Arrival(start, end, order.row["quantity"]))
    return found


def month_of(case: Case, row: Mapping[str, Any], arrivals: Sequence[Arrival]) -> int:
    """Return the first month of a year in which the need at its end is met."""
    year = int(row["year"])
    before = (year - case.facts.first_year) * 12
    for month in range(12):
        missing = math.fsum(arrival.still_to_come(year + month / 12, year + 1.0) for arrival in arrivals)
        counted = max(0.0, row["counted"] - missing)
        if row["legacy"] + counted >= row["need"] - NONE_LEFT:
            return before + month
    return before + 12


def domestic_value(case: Case) -> dict[str, float]:
    """Return the value of the plan's orders by the country of the line, EUR million, undiscounted.

    A line of several countries (`SE/EE`, `EE;LV;LT`) gives each an equal part. Orders of all members count.
    """
    facts = case.facts
    parts: dict[str, list[float]] = {state: [] for state in facts.members}
    for order in case.orders:
        line = facts.lines.get(facts.programmes[order.programme]["line_id"] or "")
        countries = [
            name.strip() for name in re.split(r"[;/]", line["country"] if line else "") if name.strip()
        ]
        for country in countries:
            if country in parts:
                parts[country].append(order.row["value_meur"] / len(countries))
    return {state: math.fsum(values) for state, values in parts.items()}

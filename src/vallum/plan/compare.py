"""National against joint, and any plans side by side."""

import math
import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

from vallum.core.errors import BadInput
from vallum.plan.audit.case import Case, case_of
from vallum.plan.audit.formulas import delivery_interval
from vallum.plan.decompose import decompose
from vallum.plan.store import Plan, read_plans
from vallum.plan.summary import summary

__all__ = ["changes", "compare", "compare_plans", "domestic_value", "months_to_target", "summary"]

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


# ---------------------------------------------------------------- any plans side by side


def compare_plans(directories: Sequence[str | Path]) -> dict[str, Any]:
    """Put plans side by side and say which programmes changed.

    Parameters
    ----------
    directories : sequence of str or Path
        Folders of plans, each of one mode or of both. Of several folders plans of the same mode are
        compared; of one folder, or of folders without a common mode, the plans in their order.

    Returns
    -------
    dict
        plans [{name, folder, mode, region, content_hash, gap_years, cost_meur, types, bound, gap,
        status, states}], bound and gap of level 1; same_region; changes [{first, second, ...}] as in
        `changes`.

    Raises
    ------
    BadInput
        If a folder holds no plan or a damaged one, or if there is only one plan.
    """
    found = [
        (str(directory), mode, plan)
        for directory in directories
        for mode, plan in read_plans(directory).items()
    ]
    if len(found) < 2:
        raise BadInput(
            "One plan alone cannot be compared.",
            where=", ".join(map(str, directories)),
            rule="compare_plans",
            remedy="Give two folders, or one with a plan of each mode.",
        )
    return {
        "plans": [line_of(one) for one in found],
        "same_region": len({plan.manifest["region"]["content_hash"] for _, _, plan in found}) == 1,
        "changes": [
            {"first": name_of(one), "second": name_of(two), **changes(one[2], two[2])}
            for one, two in pairs_of(found)
        ],
    }


Found = tuple[str, str, Plan]


def pairs_of(found: Sequence[Found]) -> list[tuple[Found, Found]]:
    """Return which plan is compared with which: the first of each mode with the later ones of it."""
    by_mode: dict[str, list[Found]] = defaultdict(list)
    for one in found:
        by_mode[one[1]].append(one)
    pairs = [(plans[0], other) for plans in by_mode.values() for other in plans[1:]]
    return pairs or [(found[0], other) for other in found[1:]]


def name_of(found: Found) -> str:
    """Return the name of a plan in a comparison."""
    folder, mode, _ = found
    return f"{folder} ({mode})"


def line_of(found: Found) -> dict[str, Any]:
    """Return a plan's line in the table."""
    folder, mode, plan = found
    short, level = summary(plan), level_of(plan, 1)
    return {
        "name": name_of(found),
        "folder": folder,
        "mode": mode,
        "region": plan.manifest["region"]["name"],
        "content_hash": plan.manifest["region"]["content_hash"],
        "gap_years": short["gap_years"],
        "cost_meur": short["cost_meur"],
        "types": short["types"],
        "bound": level["bound"] if level else None,
        "gap": level["gap"] if level else None,
        "status": short["status"],
        "states": short["states"],
    }


def changes(first: Plan, second: Plan) -> dict[str, list[dict[str, Any]]]:
    """Return what the second plan buys differently.

    Returns
    -------
    dict
        only_in_first and only_in_second [{programme_id, coalitions, quantity}], coalition_changed
        [{programme_id, first, second}], quantity_changed [{programme_id, state, first, second}].
        Coalitions are written EE+LV, with partners EE+LV with PL.
    """
    one, two = bought(first), bought(second)
    both = sorted(set(one) & set(two))
    return {
        "only_in_first": [entry(name, one[name]) for name in sorted(set(one) - set(two))],
        "only_in_second": [entry(name, two[name]) for name in sorted(set(two) - set(one))],
        "coalition_changed": [
            {"programme_id": name, "first": sorted(one[name]), "second": sorted(two[name])}
            for name in both
            if set(one[name]) != set(two[name])
        ],
        "quantity_changed": [
            {"programme_id": name, "state": state, "first": before, "second": after}
            for name in both
            for state, before, after in quantities(one[name], two[name])
            if abs(before - after) > NONE_LEFT
        ],
    }


Bought = dict[str, dict[str, float]]


def bought(plan: Plan) -> dict[str, Bought]:
    """Return quantities by programme, coalition and state."""
    found: dict[str, Bought] = {}
    for row in plan.tables["orders"].to_dicts():
        partners = f" with {row['partners']}" if row["partners"] else ""
        states = found.setdefault(row["programme_id"], {}).setdefault(row["coalition"] + partners, {})
        states[row["state"]] = states.get(row["state"], 0.0) + row["quantity"]
    return found


def entry(programme: str, coalitions: Bought) -> dict[str, Any]:
    """Return one programme that only one plan buys."""
    total = math.fsum(amount for states in coalitions.values() for amount in states.values())
    return {"programme_id": programme, "coalitions": sorted(coalitions), "quantity": total}


def quantities(one: Bought, two: Bought) -> list[tuple[str, float, float]]:
    """Return each buyer's quantity in both plans."""
    before, after = by_state(one), by_state(two)
    return [(s, before.get(s, 0.0), after.get(s, 0.0)) for s in sorted({*before, *after})]


def by_state(coalitions: Bought) -> dict[str, float]:
    """Return a programme's quantities by state; a state is in one coalition only."""
    return {state: amount for states in coalitions.values() for state, amount in states.items()}

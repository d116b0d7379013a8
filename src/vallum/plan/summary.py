"""A plan in a few numbers: the object that `vallum plan --json` gives for one mode.

Costs are recomputed from the plan's tables with the auditor's formulas, so they are the audited ones.
"""

import math
from collections.abc import Mapping
from typing import Any

import polars as pl

from vallum.plan.audit.facts import Facts, facts_of
from vallum.plan.audit.formulas import loan_cost
from vallum.plan.store import Plan

__all__ = ["cost_by_state", "gap_years_by_state", "level_seconds", "summary"]


def summary(plan: Plan) -> dict[str, Any]:
    """Return shortfall, cost, types, levels and states of a plan.

    Parameters
    ----------
    plan : Plan

    Returns
    -------
    dict
        status; gap_years, cost_meur (discounted to the first year, loans to their last payment) and types
        of the plan; levels [{name, value, bound, gap, seconds}]; states {state: {gap_years, cost_meur,
        safe_drawn_meur}}.
    """
    facts = facts_of(plan.inputs)
    short, cost = gap_years_by_state(plan, facts), cost_by_state(plan, facts)
    drawn = sums_by_state(plan.tables["money"], facts, "safe_drawn_meur")
    return {
        "status": plan.run.get("status"),
        "gap_years": math.fsum(short.values()),
        "cost_meur": math.fsum(cost.values()),
        "types": plan.tables["types"].height,
        "levels": [
            {
                "name": row["name"],
                "value": row["value"],
                "bound": row["bound"],
                "gap": row["gap"],
                "seconds": level_seconds(plan.run, row["level"], row["name"]),
            }
            for row in plan.tables["levels"].sort("level").to_dicts()
        ],
        "states": {
            state: {"gap_years": short[state], "cost_meur": cost[state], "safe_drawn_meur": drawn[state]}
            for state in facts.members
        },
    }


def gap_years_by_state(plan: Plan, facts: Facts) -> dict[str, float]:
    """Return each member's part of the value of level 1, in gap-years."""
    return sums_by_state(plan.tables["stock"], facts, "gap_years")


def cost_by_state(plan: Plan, facts: Facts) -> dict[str, float]:
    """Return each member's discounted cost (level 2): spend, and draws to their last payment, EUR million."""
    phi = {state: loan_cost(facts, state) for state in facts.members}
    parts: dict[str, list[float]] = {state: [] for state in facts.members}
    for row in plan.tables["money"].to_dicts():
        state = row["state"]
        if state in parts and row["year"] in facts.years:
            whole = row["spend_meur"] + row["safe_drawn_meur"] * phi[state]
            parts[state].append(facts.discount(row["year"]) * whole)
    return {state: math.fsum(values) for state, values in parts.items()}


def sums_by_state(table: pl.DataFrame, facts: Facts, column: str) -> dict[str, float]:
    """Sum one column of a table for each member."""
    parts: dict[str, list[float]] = {state: [] for state in facts.members}
    for state, value in table.select("state", column).iter_rows():
        if state in parts:
            parts[state].append(value)
    return {state: math.fsum(values) for state, values in parts.items()}


def level_seconds(run: Mapping[str, Any], level: int, name: str) -> float | None:
    """Return the seconds of one level from run.json; None where it has none.

    The run keeps them in `levels` or in `seconds`, as entries with a name or under one of the keys name,
    "level 1", "level_1" and "1".
    """
    for record in (run.get("levels"), run.get("seconds")):
        for key in (name, f"level {level}", f"level_{level}", str(level)):
            found = by_name(record).get(key)
            if isinstance(found, int | float) and not isinstance(found, bool):
                return float(found)
    return None


def by_name(record: object) -> Mapping[Any, Any]:
    """Return a record of seconds, a list of entries or a mapping, as a mapping by name."""
    if isinstance(record, list):
        return {entry.get("name"): entry.get("seconds") for entry in record if isinstance(entry, dict)}
    return record if isinstance(record, dict) else {}

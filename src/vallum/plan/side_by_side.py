"""Any plans side by side: how far they are apart, what is proven of it, and what they buy differently."""

import math
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

from vallum.core.errors import BadInput
from vallum.plan.compare import leaves_zero_out, level_of, same_money
from vallum.plan.files import exists, read_json
from vallum.plan.store import Plan, read_plans
from vallum.plan.summary import summary

__all__ = ["changes", "compare_plans", "difference", "programmes"]

#: A difference of quantities below this is none.
NONE_LEFT: Final = 1e-6


class Found(NamedTuple):
    """A plan and the folder it was given by."""

    folder: str
    plan: Plan

    @property
    def name(self) -> str:
        """Its name in the comparison."""
        return f"{self.folder} ({self.plan.mode})"

    @property
    def region(self) -> dict[str, Any]:
        """What the manifest says of its region."""
        return dict(self.plan.manifest["region"])


def compare_plans(directories: Sequence[str | Path]) -> dict[str, Any]:
    """Put plans side by side, and say how far each is from the first and what it buys differently.

    Parameters
    ----------
    directories : sequence of str or Path
        Folders of plans, each of one mode or of both. Of several folders plans of the same mode are
        compared; of one folder, or of folders without a common mode, the plans in their order.

    Returns
    -------
    dict
        plans [{name, folder, mode, region, content_hash, scenario, gap_years, cost_meur, types,
        safe_drawn_meur, bound, gap, status, states, levels}], bound and gap of level 1; same_region;
        changes [{first, second, ...}] as in `changes`; deltas [{first, second, mode, gap_years,
        cost_meur, types}] of plans of one region, second less first, as in `difference`; fragmentation
        [{folder, region, scenario, same_money, same_capability}] of folders with a plan of each mode;
        programmes [{mode, plans, by_all, by_some}] as in `programmes`.

    Raises
    ------
    BadInput
        If a folder holds no plan or a damaged one, or if there is only one plan.
    """
    found = [Found(str(folder), plan) for folder in directories for plan in read_plans(folder).values()]
    if len(found) < 2:
        raise BadInput(
            "One plan alone cannot be compared.",
            where=", ".join(map(str, directories)),
            rule="compare_plans",
            remedy="Give two folders, or one with a plan of each mode.",
        )
    groups = groups_of(found)
    pairs = [(group[0], other) for group in groups for other in group[1:]]
    return {
        "plans": [line_of(one) for one in found],
        "same_region": len({one.region["content_hash"] for one in found}) == 1,
        "changes": [
            {"first": one.name, "second": two.name, **changes(one.plan, two.plan)} for one, two in pairs
        ],
        "deltas": [delta(one, two) for one, two in pairs if one.region["name"] == two.region["name"]],
        "fragmentation": fragmentation(found),
        "programmes": [programmes(group) for group in groups],
    }


def groups_of(found: Sequence[Found]) -> list[list[Found]]:
    """Return which plans are compared with one another: those of each mode, or all if no mode has two."""
    by_mode: dict[str, list[Found]] = defaultdict(list)
    for one in found:
        by_mode[one.plan.mode].append(one)
    return [group for group in by_mode.values() if len(group) > 1] or [list(found)]


def scenario_of(one: Found) -> str | None:
    """Return the title of the scenario that a plan was made with, None for the tables as they are."""
    return one.plan.manifest.get("scenario")


def line_of(one: Found) -> dict[str, Any]:
    """Return a plan's line in the table."""
    short, level = summary(one.plan), level_of(one.plan, 1)
    return {
        "name": one.name,
        "folder": one.folder,
        "mode": one.plan.mode,
        "region": one.region["name"],
        "content_hash": one.region["content_hash"],
        "scenario": scenario_of(one),
        "gap_years": short["gap_years"],
        "cost_meur": short["cost_meur"],
        "types": short["types"],
        "safe_drawn_meur": math.fsum(state["safe_drawn_meur"] for state in short["states"].values()),
        "bound": level["bound"] if level else None,
        "gap": level["gap"] if level else None,
        "status": short["status"],
        "states": short["states"],
        "levels": short["levels"],
    }


# ---------------------------------------------------------------- how far apart


def delta(one: Found, two: Found) -> dict[str, Any]:
    """Return how far a plan is from the first in shortfall, cost and types."""
    types = [found.plan.tables["types"].height for found in (one, two)]
    return {
        "first": one.name,
        "second": two.name,
        "mode": one.plan.mode if one.plan.mode == two.plan.mode else None,
        "gap_years": difference(one.plan, two.plan, 1),
        "cost_meur": difference(one.plan, two.plan, 2),
        "types": types[1] - types[0],
    }


def difference(first: Plan, second: Plan, level: int) -> dict[str, Any] | None:
    """Return the value of a level of the second plan less that of the first, with what is proven of it.

    The best value of each plan's problem lies between its bound and its value, so that of the second less
    that of the first lies in [bound_2 - value_1, value_2 - bound_1] (docs/explanation/procurement.md,
    section 11). The bound of level 2 is for the shortfall that its own plan reached.

    Returns
    -------
    dict or None
        difference, interval (an end is None where a bound is not known), proven: the interval leaves 0
        out. None if a plan lacks the level.
    """
    one, two = level_of(first, level), level_of(second, level)
    if one is None or two is None:
        return None
    interval = [
        None if two["bound"] is None else two["bound"] - one["value"],
        None if one["bound"] is None else two["value"] - one["bound"],
    ]
    return {
        "difference": two["value"] - one["value"],
        "interval": interval,
        "proven": leaves_zero_out(interval),
    }


def fragmentation(found: Sequence[Found]) -> list[dict[str, Any]]:
    """Return what going alone costs, for each folder with a plan of each mode from the same data.

    The cost of the same capability is told only by another solve, so it is that of compare.json.
    """
    rows = []
    by_folder: dict[str, dict[str, Found]] = defaultdict(dict)
    for one in found:
        by_folder[one.folder][one.plan.mode] = one
    for folder, modes in by_folder.items():
        alone, together = modes.get("national"), modes.get("joint")
        if alone and together and alone.region["content_hash"] == together.region["content_hash"]:
            kept = Path(folder) / "compare.json"
            rows.append(
                {
                    "folder": folder,
                    "region": alone.region["name"],
                    "scenario": scenario_of(alone),
                    "same_money": same_money(alone.plan, together.plan),
                    "same_capability": read_json(kept).get("same_capability") if exists(kept) else None,
                }
            )
    return rows


# ---------------------------------------------------------------- what is bought


def programmes(group: Sequence[Found]) -> dict[str, Any]:
    """Return which programmes all plans of a group take, and which only some.

    Returns
    -------
    dict
        mode, None for plans of both; plans [name]; by_all [programme_id]; by_some [{programme_id,
        plans [name]}].
    """
    taken = {one.name: set(one.plan.tables["orders"]["programme_id"].to_list()) for one in group}
    every = sorted(set().union(*taken.values()))
    holders = {name: [plan for plan, bought in taken.items() if name in bought] for name in every}
    modes = {one.plan.mode for one in group}
    return {
        "mode": modes.pop() if len(modes) == 1 else None,
        "plans": list(taken),
        "by_all": [name for name, plans in holders.items() if len(plans) == len(taken)],
        "by_some": [
            {"programme_id": name, "plans": plans}
            for name, plans in holders.items()
            if len(plans) < len(taken)
        ],
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

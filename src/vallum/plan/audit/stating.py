"""Rules of what a plan says about itself: types, levels, manifest."""

import math
import re
from collections import defaultdict

from vallum.plan.audit import formulas
from vallum.plan.audit.case import Case
from vallum.plan.audit.result import CENT, QUANTITY, At, Check

__all__ = ["levels", "manifest", "types"]

LEVEL_NAMES = {1: "shortfall", 2: "cost", 3: "types"}
HASH = re.compile(r"[0-9a-f]{64}")


def types(case: Case, check: Check) -> None:
    """Types are the systems that at least one member buys."""
    buyers: dict[str, set[str]] = defaultdict(set)
    classes: dict[str, str] = {}
    for order in case.orders:
        programme = case.facts.programmes[order.programme]
        buyers[programme["system_id"]].add(order.state)
        classes[programme["system_id"]] = programme["class_id"]
    for row in case.tables["types"]:
        at, system = At("", row["system_id"]), row["system_id"]
        check.same(at, "the buyers", row["states"], "+".join(sorted(buyers.pop(system, set()))))
        check.same(at, "the class", row["class_id"], classes.get(system, ""))
    for system in sorted(buyers):
        check.true(At("", system), False, "a system that is bought is missing from the types")


def gap_years(case: Case) -> float:
    """Return the shortfall of the stated stock, level 1."""
    return math.fsum(row["gap_years"] for row in case.tables["stock"])


def discounted_cost(case: Case) -> float:
    """Return the discounted cost of the stated money, level 2: spend, and draws to their last payment."""
    facts = case.facts
    phi = {state: formulas.loan_cost(facts, state) for state in facts.members}
    return math.fsum(
        facts.discount(row["year"])
        * (row["spend_meur"] + row["safe_drawn_meur"] * phi.get(row["state"], 0.0))
        for row in case.tables["money"]
        if row["year"] in facts.years
    )


def levels(case: Case, check: Check) -> None:
    """Value of the last level is the plan's; earlier levels are held within tolerance; bounds are below."""
    reached = {1: gap_years(case), 2: discounted_cost(case), 3: float(len(case.tables["types"]))}
    rows = {row["level"]: row for row in case.tables["levels"]}
    check.true(
        At(), sorted(rows) == list(range(1, len(rows) + 1)) and 1 <= len(rows) <= 3, "levels are missing"
    )
    allowed = case.facts.settings["level_tolerance"]
    for level, row in sorted(rows.items()):
        at, value, bound = At("", f"level {level}"), row["value"], row["bound"]
        check.same(at, "the name", row["name"], LEVEL_NAMES.get(level))
        tolerance = CENT if level == 2 else QUANTITY
        if level == max(rows):
            check.equal(at, "a value of", value, reached.get(level, math.nan), tolerance)
        else:
            most = value + allowed * abs(value)
            check.at_most(at, "the final plan's value", reached.get(level, math.nan), most, QUANTITY)
        near = QUANTITY * max(1.0, abs(value))
        check.at_most(at, "the bound", bound, value, near)
        check.at_most(at, "the bound", bound, reached.get(level, math.nan), near)
        gap = (value - bound) / abs(value) if value else (0.0 if bound >= -near else math.inf)
        if math.isfinite(gap):
            check.equal(at, "a gap of", row["gap"], gap, QUANTITY)


def manifest(case: Case, check: Check) -> None:
    """No file was changed after the plan was written, and the manifest names the region it was made from."""
    for name in case.plan.changed:
        check.true(At("", name), False, "the file was changed after the plan was written")
    stated = case.plan.manifest
    check.true(
        At(), bool(HASH.fullmatch(stated["region"]["content_hash"])), "the region's hash is no SHA-256"
    )
    for name, entry in sorted(stated["tables"].items()):
        kind, _, stem = name.partition("/")
        frame = case.plan.inputs[stem] if kind == "inputs" else case.plan.tables[stem]
        check.equal(At("", name), "a number of rows of", entry["rows"], frame.height, 0)

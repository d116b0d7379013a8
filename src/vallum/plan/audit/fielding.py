"""Rules of what is made and manned: lines, crews, connection, shortfall."""

import math
from collections import defaultdict

from vallum.plan.audit import formulas
from vallum.plan.audit.case import Case, grouped
from vallum.plan.audit.facts import Row, words
from vallum.plan.audit.result import CENT, QUANTITY, At, Check

__all__ = ["connection", "crew", "line", "shortfall"]

NO_CREWS = "NONE"
StateItemYear = tuple[str, str, int]


def line(case: Case, check: Check) -> None:
    """No line makes more than its capacity less backlog plus its expansions; expansions are paid for."""
    facts = case.facts
    steps = expansion_steps(case, check)
    used = grouped(case.tables["deliveries"], ("line_id", "year"), "line_units")
    stated = {(row["line_id"], row["year"]): row for row in case.tables["lines"]}
    for (line_id, year), row in stated.items():
        at = At("", line_id, year)
        check.true(at, line_id in facts.lines, "an unknown line")
        check.equal(at, "a use of", row["used"], math.fsum(used.get((line_id, year), ())), QUANTITY)
        check.equal(at, "a free capacity of", row["available"], free_capacity(case, line_id, year), QUANTITY)
        added = added_capacity(case, steps, line_id, year)
        check.equal(at, "an expansion of", row["expansion"], added, QUANTITY)
    for (line_id, year), parts in used.items():
        if line_id == "":
            continue
        name, when = str(line_id), int(str(year))
        at, use = At("", name, when), math.fsum(parts)
        check.true(at, (name, when) in stated or use <= QUANTITY, "a used line is missing from the plan")
        limit = free_capacity(case, name, when) + added_capacity(case, steps, name, when)
        check.at_most(at, "the use of the line", use, limit, QUANTITY * max(1.0, limit))


def free_capacity(case: Case, line_id: str, year: int) -> float:
    """Return capacity less other customers' backlog; 0 where the region has no row."""
    row = case.facts.capacity.get((line_id, year))
    return float(row["capacity"] * (1 - row["backlog_share"])) if row else 0.0


def expansion_steps(case: Case, check: Check) -> dict[tuple[str, int], int]:
    """Check payers and numbers of the expansions and return the steps by line and year.

    In a joint plan the rows of a line and year share its steps; in a national plan each row is a state's
    own steps, paid by it alone.
    """
    joint = case.plan.mode == "joint"
    rows: dict[tuple[str, int], list[Row]] = defaultdict(list)
    for row in case.tables["expansions"]:
        rows[row["line_id"], row["year"]].append(row)
    steps: dict[tuple[str, int], int] = {}
    for (line_id, year), payers in sorted(rows.items()):
        at, given = At("", line_id, year), case.facts.lines.get(line_id)
        check.true(at, given is not None, "an expansion of an unknown line")
        check.true(at, year in case.facts.years, "an expansion outside the horizon")
        if given is None:
            continue
        price = given["expansion_cost_meur"]
        for row in payers:
            payer = At(row["state"], line_id, year)
            check.true(payer, row["state"] in case.facts.members, "an expansion paid by no member")
            check.at_least(payer, "the payment", row["amount_meur"], 0, CENT)
            check.at_least(payer, "the number of steps", row["steps"], 0, 0)
            if joint:
                check.same(payer, "the steps of all payers", row["steps"], payers[0]["steps"])
            else:
                check.equal(payer, "a price of", row["amount_meur"], row["steps"] * price, CENT)
        steps[line_id, year] = payers[0]["steps"] if joint else sum(row["steps"] for row in payers)
        paid = math.fsum(row["amount_meur"] for row in payers)
        check.equal(at, "expansion payments of", paid, steps[line_id, year] * price, CENT)
    check_step_limits(case, check, steps)
    return steps


def check_step_limits(case: Case, check: Check, steps: dict[tuple[str, int], int]) -> None:
    """Check that no line has more steps than it may have in all."""
    for line_id in sorted({line_id for line_id, _ in steps}):
        total = sum(number for (name, _), number in steps.items() if name == line_id)
        most = case.facts.lines[line_id]["expansion_max_steps"]
        check.at_most(At("", line_id), "the number of expansion steps", total, most, 0)


def added_capacity(case: Case, steps: dict[tuple[str, int], int], line_id: str, year: int) -> float:
    """Return what steps decided early enough add in a year."""
    given = case.facts.lines.get(line_id)
    if given is None:
        return 0.0
    wait = math.ceil(given["expansion_delay_months"] / 12)
    decided = sum(number for (name, when), number in steps.items() if name == line_id and when <= year - wait)
    return float(given["expansion_step"] * decided)


def crew(case: Case, check: Check) -> None:
    """Every new unit that counts has a crew: trained and free, or of a school that is paid for."""
    facts = case.facts
    check_schools(case, check)
    used = grouped(case.tables["counted"], ("state", "family", "year"), "counted")
    stated = {(row["state"], row["family"], row["year"]): row for row in case.tables["crews"]}
    for (state, family, year), row in stated.items():
        at = At(state, family, year)
        free = formulas.crews_free(facts, state, family, year)
        check.equal(at, "free crews of", row["free"], free, QUANTITY)
        added = school_crews(case, state, family, year)
        check.equal(at, "crews from schools of", row["school_added"], added, QUANTITY)
        check.equal(
            at, "crews used of", row["used"], math.fsum(used.get((state, family, year), ())), QUANTITY
        )
    for key, parts in used.items():
        state, family, year = str(key[0]), str(key[1]), int(str(key[2]))
        if family == NO_CREWS:
            continue
        at, use = At(state, family, year), math.fsum(parts)
        check.true(at, key in stated or use <= QUANTITY, "used crews are missing from the plan")
        limit = formulas.crews_free(facts, state, family, year) + school_crews(case, state, family, year)
        check.at_most(at, "the number of crews used", use, limit, QUANTITY * max(1.0, limit))


def school_crews(case: Case, state: str, family: str, year: int) -> float:
    """Return the crews that the state's school of a family has trained up to a year."""
    row = case.facts.crews.get((state, family))
    rate = row["school_added_throughput"] if row else 0.0
    built = [
        school["year"]
        for school in case.tables["schools"]
        if school["state"] == state and school["family"] == family and school["year"] < year
    ]
    return float(sum(rate * (year - when) for when in built))


def check_schools(case: Case, check: Check) -> None:
    """Check price, sharing and number of schools."""
    facts = case.facts
    count: dict[tuple[str, str], int] = defaultdict(int)
    payers: dict[tuple[str, str, int], set[str]] = defaultdict(set)
    for row in case.tables["schools"]:
        state, family, group = row["state"], row["family"], words(row["coalition"], "+")
        at, given = At(state, family, row["year"]), facts.crews.get((state, family))
        count[state, family] += 1
        payers[family, row["coalition"], row["year"]].add(state)
        check.true(at, given is not None and state in group, "a school of an unknown member or family")
        check.true(at, row["year"] in facts.years, "a school outside the horizon")
        if given is None or not group:
            continue
        price = given["school_cost_meur"]
        if len(group) > 1:
            shared = case.plan.mode == "joint" and given["shared_school"] == "y"
            check.true(at, shared, "a school is shared that may not be")
            price *= (given["shared_school_cost_factor"] or 1.0) / len(group)
        check.equal(at, "a price of the school of", row["amount_meur"], price, CENT)
        added = given["school_added_throughput"]
        check.equal(at, "crews a year of", row["added_per_year"], added, QUANTITY)
    for (state, family), number in count.items():
        check.at_most(At(state, family), "the number of schools", number, 1, 0)
    for (family, coalition, year), states in payers.items():
        everyone = "+".join(sorted(words(coalition, "+")))
        check.same(At("", family, year), "the payers of the school", "+".join(sorted(states)), everyone)


def connection(case: Case, check: Check) -> None:
    """Every new unit that counts and needs the shared picture has a node or connects by itself."""
    facts = case.facts
    stated = {(row["state"], row["year"]): row for row in case.tables["nodes"]}
    own = connecting_units(case)
    for state in facts.members:
        for year in facts.years:
            at = At(state, "", year)
            supply = node_supply(case, state, year)
            least, most = node_demand(case, own, state, year), node_demand(case, {}, state, year)
            row = stated.pop((state, year), None)
            check.true(
                at, row is not None or supply + least <= QUANTITY, "the nodes are missing from the plan"
            )
            row = row or {"supply": supply, "demand": least}
            check.equal(at, "a supply of nodes of", row["supply"], supply, QUANTITY)
            check.at_least(at, "the stated demand for nodes", row["demand"], least, QUANTITY)
            check.at_most(at, "the stated demand for nodes", row["demand"], most, QUANTITY)
            for demand in {least, row["demand"]}:
                check.at_most(at, "the demand for nodes", demand, supply, QUANTITY * max(1.0, supply))
    for state, year in stated:
        check.true(At(state, "", year), False, "nodes of an unknown member or year")


def node_supply(case: Case, state: str, year: int) -> float:
    """Return the nodes that legacy and delivered systems provide."""
    facts, parts = case.facts, []
    for system_id, system in facts.systems.items():
        rate = system["nodes_provided"] or 0.0
        if rate:
            parts.append(rate * facts.legacy_system.get((state, system_id, year), 0.0))
    for row in case.tables["deliveries"]:
        if row["state"] == state and row["year"] <= year and row["programme_id"] in facts.programmes:
            system = facts.systems[facts.programmes[row["programme_id"]]["system_id"]]
            parts.append((system["nodes_provided"] or 0.0) * row["quantity"])
    return math.fsum(parts)


def connecting_units(case: Case) -> dict[tuple[str, str, str], dict[int, float]]:
    """Return what systems that connect by themselves bring, by state, family and class, and by year."""
    found: dict[tuple[str, str, str], dict[int, float]] = defaultdict(lambda: defaultdict(float))
    for row in case.tables["deliveries"]:
        programme = case.facts.programmes.get(row["programme_id"])
        if programme and case.facts.systems[programme["system_id"]]["connects"] == "y":
            key = row["state"], programme["crew_family"], programme["class_id"]
            found[key][row["year"]] += row["quantity"]
    return found


def node_demand(
    case: Case, own: dict[tuple[str, str, str], dict[int, float]], state: str, year: int
) -> float:
    """Return the nodes that counted units need, `own` being units that connect by themselves.

    A plan counts units by family and class, so those that connect are taken to count first: the least
    demand that can be true.
    """
    parts = []
    for row in case.tables["counted"]:
        if row["state"] != state or row["year"] != year:
            continue
        class_id = row["class_id"]
        if case.facts.classes.get(class_id, {}).get("needs_gateway") != "y":
            continue
        brought = own.get((state, row["family"], class_id), {})
        connected = math.fsum(amount for when, amount in brought.items() if when <= year)
        rate = case.facts.nodes_per_unit.get(class_id, 0.0)
        parts.append(rate * max(0.0, row["counted"] - connected))
    return math.fsum(parts)


def shortfall(case: Case, check: Check) -> None:
    """Shortfall is need less legacy and counted units, and counted units were delivered."""
    facts = case.facts
    new, counted = check_counted(case, check)
    stated = {(row["state"], row["class_id"], row["year"]): row for row in case.tables["stock"]}
    for state in facts.members:
        for class_id in facts.classes:
            reference = reference_need(case, state, class_id)
            for year in facts.years:
                row = stated.pop((state, class_id, year), None)
                at = At(state, class_id, year)
                check.true(at, row is not None or not reference, "the class is missing from the plan")
                if row is not None:
                    key = state, class_id, year
                    check_stock(case, check, at, row, (new.get(key, 0.0), counted.get(key, 0.0), reference))
    for state, class_id, year in stated:
        check.true(At(state, class_id, year), False, "an unknown member, class or year")


def reference_need(case: Case, state: str, class_id: str) -> float:
    """Return the need of the last year, or the largest one if that is zero."""
    needs = [case.facts.need.get((state, class_id, year), 0.0) for year in case.facts.years]
    return needs[-1] if needs[-1] > 0 else max(needs)


def check_stock(case: Case, check: Check, at: At, row: Row, recomputed: tuple[float, float, float]) -> None:
    """Check one row of need, stock and shortfall; `recomputed` is delivered, counted and reference need."""
    delivered, counted, reference = recomputed
    facts, year = case.facts, int(row["year"])
    key = at.state, at.item, year
    need, legacy = facts.need.get(key, 0.0), facts.legacy_class.get(key, 0.0)
    check.equal(at, "a need of", row["need"], need, QUANTITY)
    check.equal(at, "a legacy of", row["legacy"], legacy, QUANTITY)
    check.equal(at, "new units delivered of", row["delivered"], delivered, QUANTITY)
    check.equal(at, "new units counted of", row["counted"], counted, QUANTITY)
    missing = max(0.0, need - legacy - row["counted"])
    check.equal(at, "a shortfall of", row["shortfall"], missing, QUANTITY)
    weight = facts.classes[at.item]["weight"]
    value = facts.discount(year) * weight / reference * row["shortfall"] if reference else 0.0
    check.equal(at, "gap-years of", row["gap_years"], value, QUANTITY)


def check_counted(case: Case, check: Check) -> tuple[dict[StateItemYear, float], dict[StateItemYear, float]]:
    """Check counted against delivered units by crew family; return both by state, class and year."""
    facts = case.facts
    made: dict[tuple[str, str, str, int], list[float]] = defaultdict(list)
    for row in case.tables["deliveries"]:
        programme = facts.programmes.get(row["programme_id"])
        for year in facts.years:
            if programme and year >= row["year"]:
                key = row["state"], programme["crew_family"], programme["class_id"], year
                made[key].append(row["quantity"])
    new: dict[StateItemYear, list[float]] = defaultdict(list)
    for (state, _, class_id, year), parts in made.items():
        new[state, class_id, year] += parts
    counted: dict[StateItemYear, list[float]] = defaultdict(list)
    for row in case.tables["counted"]:
        state, family, class_id, year = row["state"], row["family"], row["class_id"], row["year"]
        at, delivered = (
            At(state, f"{class_id} of {family}", year),
            math.fsum(made.get((state, family, class_id, year), ())),
        )
        check.equal(at, "new units delivered of", row["delivered"], delivered, QUANTITY)
        check.at_least(at, "what is counted", row["counted"], 0, QUANTITY)
        check.at_most(at, "what is counted", row["counted"], delivered, QUANTITY)
        counted[state, class_id, year].append(row["counted"])
    return (
        {key: math.fsum(parts) for key, parts in new.items()},
        {key: math.fsum(parts) for key, parts in counted.items()},
    )

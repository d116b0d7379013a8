"""Rules of money: payments, purses, SAFE loans and their service."""

import math
from collections import defaultdict

from vallum.plan.audit import formulas
from vallum.plan.audit.case import Case, grouped
from vallum.plan.audit.facts import Row
from vallum.plan.audit.result import CENT, At, Check

__all__ = ["debt_service", "payment", "purse", "safe_loan"]

PROGRAMME_KINDS = ("order", "introduction", "sustainment")
PaymentKey = tuple[str, int, str, str]


def payment(case: Case, check: Check) -> None:
    """Every payment follows from an order, a step of a line or a school, and is marked for its purse."""
    expected = expected_payments(case)
    for row in case.tables["payments"]:
        key = row["state"], row["year"], row["kind"], row["item"]
        at, what = At(row["state"], row["item"], row["year"]), f"a payment ({row['kind']}) of"
        check.equal(at, what, row["amount_meur"], math.fsum(expected.pop(key, ())), CENT)
        check.same(at, f"related money for {row['kind']}", row["related"], is_related(case, row))
        claimed = claimable(case, row)
        what = f"a part of the payment ({row['kind']}) that SAFE may pay of"
        check.equal(at, what, row["safe_eligible_meur"], claimed, CENT)
    for (state, year, kind, item), parts in expected.items():
        check.equal(At(state, item, year), f"a payment ({kind}) of", 0.0, math.fsum(parts), CENT)


def expected_payments(case: Case) -> dict[PaymentKey, list[float]]:
    """Return what follows from the stated orders, expansions and schools, by state, year, kind and item."""
    facts = case.facts
    parts: dict[PaymentKey, list[float]] = defaultdict(list)
    for order in case.orders:
        row, delivered = order.row, 0.0
        rate = facts.programmes[order.programme]["sustainment_share"]
        for year in facts.years:
            paid = formulas.payment_share(facts, order.block, order.year, year)
            kept = rate * delivered * row["quantity"] * row["unit_price_meur"]
            key = order.state, year
            parts[*key, "order", order.programme].append(paid * row["value_meur"])
            parts[*key, "introduction", order.programme].append(paid * row["introduction_meur"])
            parts[*key, "sustainment", order.programme].append(kept)
            delivered += formulas.delivery_share(facts, order.block, order.year, year)
    for row in case.tables["expansions"]:
        parts[row["state"], row["year"], "expansion", row["line_id"]].append(row["amount_meur"])
    for row in case.tables["schools"]:
        parts[row["state"], row["year"], "school", row["family"]].append(row["amount_meur"])
    return parts


def is_related(case: Case, row: Row) -> bool:
    """Tell whether related money may pay: programmes that the region marks so, all their payments."""
    programme = case.facts.programmes.get(row["item"])
    if row["kind"] not in PROGRAMME_KINDS or programme is None:
        return False
    return bool(programme["related_money"] == "y")


def claimable(case: Case, row: Row) -> float:
    """Return what SAFE may pay of a payment: order or introduction of an eligible block, in the window."""
    loan = case.facts.loans.get(row["state"])
    if row["kind"] not in {"order", "introduction"} or loan is None:
        return 0.0
    if not loan["window_from"] <= row["year"] <= loan["window_to"]:
        return 0.0
    for block, choice in case.blocks:
        if block.programme == row["item"] and row["state"] in block.members:
            return float(row["amount_meur"]) if choice["safe_eligible"] else 0.0
    return 0.0


def purse(case: Case, check: Check) -> None:
    """Every state pays from its purse, its carry-over, its related money and its draws, and nothing else."""
    facts = case.facts
    spent = grouped(case.tables["payments"], ("state", "year"), "amount_meur")
    open_to_related = [row for row in case.tables["payments"] if row["related"]]
    related = grouped(open_to_related, ("state", "year"), "amount_meur")
    money = {(row["state"], row["year"]): row for row in case.tables["money"]}
    for state in facts.members:
        carried = 0.0
        for year in facts.years:
            at, row = At(state, "", year), money.pop((state, year), None)
            check.true(at, row is not None, "the purse of this year is missing from the plan")
            if row is None:
                continue
            check_terms(case, check, at, row, carried)
            spend = math.fsum(spent.get((state, year), ()))
            check.equal(at, "a spend of", row["spend_meur"], spend, CENT)
            could = math.fsum(related.get((state, year), ()))
            check.at_most(at, "related money used", row["related_used_meur"], could, CENT)
            use = math.fsum(
                (row["spend_meur"], -row["related_used_meur"], row["service_meur"], row["carry_out_meur"])
            )
            has = math.fsum((row["plannable_meur"], row["carry_in_meur"], row["safe_added_meur"]))
            check.at_most(at, "what the purse pays and carries over", use, has, CENT)
            carried = row["carry_out_meur"]
    for state, year in money:
        check.true(At(state, "", year), False, "a purse of an unknown member or year")


def check_terms(case: Case, check: Check, at: At, row: Row, carried: float) -> None:
    """Check what the region gives, what came from the year before, and the limits of both."""
    given = case.facts.purses.get((at.state, at.year or 0))
    plannable = available = limit = 0.0
    if given is not None:
        plannable = given["plannable_meur"]
        available = given["related_meur"] * given["related_plannable_share"]
        limit = given["carryover_limit_share"] * given["equipment_meur"]
    check.equal(at, "plannable money of", row["plannable_meur"], plannable, CENT)
    check.equal(at, "related money of", row["related_available_meur"], available, CENT)
    check.equal(at, "a limit of the carry-over of", row["carry_limit_meur"], limit, CENT)
    check.equal(at, "a carry-over from the year before of", row["carry_in_meur"], carried, CENT)
    check.at_least(at, "the carry-over", row["carry_out_meur"], 0, CENT)
    check.at_most(at, "the carry-over", row["carry_out_meur"], limit, CENT)
    check.at_least(at, "related money used", row["related_used_meur"], 0, CENT)
    check.at_most(at, "related money used", row["related_used_meur"], available, CENT)


def safe_loan(case: Case, check: Check) -> None:
    """SAFE pays eligible blocks only; draws stay within claims, pre-financing, window and loan."""
    for block, row in case.blocks:
        good, reason = formulas.safe_verdict(case.facts, block)
        stated = row["safe_eligible"]
        text = f"the plan states SAFE eligibility '{stated}', recomputed '{good}' ({reason})"
        check.checked += 1
        if stated != good:
            check.add(At(row["coalition"], block.programme), text, str(stated), str(good))
    claims = grouped(case.tables["payments"], ("state", "year"), "safe_eligible_meur")
    money = {(row["state"], row["year"]): row for row in case.tables["money"]}
    for state in case.facts.members:
        rows = [money[state, year] for year in case.facts.years if (state, year) in money]
        check_claims(
            case, check, state, rows, {year: claims.get((state, year), []) for year in case.facts.years}
        )
        check_draws(case, check, state, rows)


def check_claims(
    case: Case, check: Check, state: str, rows: list[Row], claims: dict[int, list[float]]
) -> None:
    """Check the balance of claims less draws, and its least values."""
    loan = case.facts.loans.get(state)
    unclaimed: list[float] = []
    for row in rows:
        at, year = At(state, "", row["year"]), row["year"]
        eligible = math.fsum(claims[year])
        check.equal(at, "eligible payments of", row["eligible_meur"], eligible, CENT)
        unclaimed += [row["eligible_meur"], -row["safe_drawn_meur"]]
        balance = math.fsum(unclaimed)
        check.equal(at, "claims not yet drawn of", row["unclaimed_meur"], balance, CENT)
        if loan is None:
            continue
        last = min(loan["window_to"], case.facts.last_year)
        if year < last:
            check.at_least(at, "claims less draws", balance, -loan["prefinancing_meur"], CENT)
        elif year == last:
            check.at_least(at, "claims less draws at the end of the window", balance, 0, CENT)


def check_draws(case: Case, check: Check, state: str, rows: list[Row]) -> None:
    """Check that draws are made in the window, add their share, and stay within the loan."""
    loan = case.facts.loans.get(state)
    share = loan["additional_share"] if loan else 0.0
    for row in rows:
        at, drawn = At(state, "", row["year"]), row["safe_drawn_meur"]
        check.at_least(at, "the SAFE draw", drawn, 0, CENT)
        check.equal(at, "new money from SAFE of", row["safe_added_meur"], share * drawn, CENT)
        if loan is None or not loan["window_from"] <= row["year"] <= loan["window_to"]:
            check.at_most(at, "the SAFE draw outside the window", drawn, 0, CENT)
    total = math.fsum(row["safe_drawn_meur"] for row in rows)
    most = loan["adopted_loan_meur"] * (1 - loan["earmarked_share"]) if loan else 0.0
    check.at_most(At(state), "the sum of SAFE draws", total, most, CENT)


def debt_service(case: Case, check: Check) -> None:
    """Every draw is served from the next year on, in real terms, net of the borrowing it replaces."""
    facts = case.facts
    drawn = {(row["state"], row["year"]): row["safe_drawn_meur"] for row in case.tables["money"]}
    for row in case.tables["money"]:
        state, year = row["state"], row["year"]
        if year not in facts.years:
            continue  # a violation of the rule purse
        due = math.fsum(
            drawn.get((state, earlier), 0.0) * formulas.service(facts, state, year - earlier)
            for earlier in range(facts.first_year, year)
            if state in facts.loans
        )
        check.equal(At(state, "", year), "a debt service of", row["service_meur"], due, CENT)

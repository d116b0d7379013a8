"""Payments and purses of a plan, recomputed from its orders (section 9)."""

import numpy as np
import polars as pl
from numpy.typing import NDArray

from vallum.model.procurement.books import Books
from vallum.model.procurement.tables import table

__all__ = ["money", "payments"]

Floats = NDArray[np.float64]


def payments(books: Books) -> pl.DataFrame:
    """The table `payments`: what each member pays a year for each programme, line or school."""
    problem, o = books.problem, books.orders
    total: dict[tuple[int, int, str, str, bool], list[float]] = {}
    kinds = (("order", books.paid, books.claimable), ("introduction", books.introduced, books.claimable),
             ("sustainment", books.sustained, np.zeros_like(books.claimable)))  # fmt: skip
    for kind, amount, may_claim in kinds:
        for i, t in np.argwhere(amount).tolist():
            p = int(o.programme[i])
            key = int(o.state[i]), t, kind, problem.programmes[p], bool(problem.programme.related[p])
            cell = total.setdefault(key, [0.0, 0.0])
            cell[0] += float(amount[i, t])
            cell[1] += float(amount[i, t] * may_claim[i, t])
    for step in books.expansions():
        total[step.state, step.year, "expansion", problem.lines[step.line], False] = [step.meur, 0.0]
    for school in books.schools():
        family = problem.families[school.family]
        total[school.state, school.year, "school", family, False] = [school.meur, 0.0]
    return table("payments", (
        {"state": problem.states[n], "year": problem.years[t], "kind": kind, "item": item,
         "amount_meur": cell[0], "related": is_related, "safe_eligible_meur": cell[1]}
        for (n, t, kind, item, is_related), cell in total.items() if cell[0] != 0.0
    ))  # fmt: skip


def _flows(books: Books) -> tuple[Floats, Floats, Floats]:
    """Spending, spending that related money may pay, and claims, each (N, Y)."""
    problem, o = books.problem, books.orders
    spend, related, claims = (np.zeros(problem.purse.plannable.shape) for _ in range(3))
    total = books.paid + books.introduced + books.sustained
    np.add.at(spend, o.state, total)
    is_related = problem.programme.related[o.programme]
    np.add.at(related, o.state[is_related], total[is_related])
    np.add.at(claims, o.state, (books.paid + books.introduced) * books.claimable)
    for step in books.expansions():
        spend[step.state, step.year] += step.meur
    for school in books.schools():
        spend[school.state, school.year] += school.meur
    return spend, related, claims


def money(books: Books) -> pl.DataFrame:
    """The table `money`: the purse of every member and year, with the least carry-over that is left."""
    problem, purse, loan = books.problem, books.problem.purse, books.problem.loan
    spend, related_spend, claims = _flows(books)
    related = np.minimum(books.values(books.form.at.related), np.minimum(related_spend, purse.related))
    rows = []
    for n, state in enumerate(problem.states):
        drawn, unclaimed = _draws(books, n, claims[n])
        carry = 0.0
        for t, year in enumerate(problem.years):
            service = sum(drawn[s] * loan.service[n, t - s] for s in range(t))
            added = loan.additional[n] * drawn[t]
            left = purse.plannable[n, t] + carry + added + related[n, t] - spend[n, t] - service
            out = min(max(left, 0.0), float(purse.carry_limit[n, t]))
            rows.append({
                "state": state, "year": year, "plannable_meur": purse.plannable[n, t],
                "related_available_meur": purse.related[n, t], "related_used_meur": related[n, t],
                "spend_meur": spend[n, t], "service_meur": service, "safe_drawn_meur": drawn[t],
                "safe_added_meur": added, "eligible_meur": claims[n, t], "unclaimed_meur": unclaimed[t],
                "carry_in_meur": carry, "carry_out_meur": out, "carry_limit_meur": purse.carry_limit[n, t],
            })  # fmt: skip
            carry = out
    return table("money", rows)


def _draws(books: Books, n: int, claims: Floats) -> tuple[Floats, Floats]:
    """Draws cut to what may be claimed, and claims less draws, each (Y,)."""
    loan, years = books.problem.loan, len(books.problem.years)
    drawn, unclaimed = np.zeros(years), np.zeros(years)
    wanted = books.values(books.form.at.draw)[n]
    claimed, total = 0.0, 0.0
    for t in range(years):
        if loan.open_years(years)[n, t]:
            floor = 0.0 if t == loan.window[n, 1] else -float(loan.prefinancing[n])
            claimed += claims[t]
            room = min(claimed - total - floor, loan.most[n] - total)
            drawn[t] = min(max(wanted[t], 0.0), max(room, 0.0))
            total += drawn[t]
        unclaimed[t] = claimed - total
    return drawn, unclaimed

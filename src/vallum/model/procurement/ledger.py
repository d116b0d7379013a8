"""From column values to the plan's tables, recomputed from orders so that every figure follows from them.

Whatever the solver's tolerance left over is repaired in the safe direction: draws and related money never
exceed what payments allow, counted units never exceed the need.
"""

from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from vallum.model.procurement.books import Books
from vallum.model.procurement.formulation import Formulation
from vallum.model.procurement.ledger_capability import stocks
from vallum.model.procurement.ledger_money import money, payments
from vallum.model.procurement.problem import Problem
from vallum.model.procurement.tables import table

__all__ = ["ledger"]

Floats = NDArray[np.float64]


def ledger(form: Formulation, plan: Floats) -> dict[str, pl.DataFrame]:
    """All plan tables but `levels` and `rows`.

    Parameters
    ----------
    form : Formulation
    plan : (columns,) array
        Values of a feasible plan, integers whole.
    """
    books = Books.of(form, plan)
    return {
        "choices": _choices(books), "orders": _orders(books), "deliveries": _deliveries(books),
        "payments": payments(books), "money": money(books), "lines": _lines(books),
        "expansions": _expansions(books), "schools": _schools(books), "types": _types(books),
    } | stocks(books)  # fmt: skip


def _choices(books: Books) -> pl.DataFrame:
    return table("choices", (_choice(books, a) for a in books.form.chosen(books.plan).tolist()))


def _choice(books: Books, a: int) -> dict[str, Any]:
    b, problem = books.form.blocks, books.problem
    programme, p = problem.programme, int(b.programme[a])
    ordered = float(books.orders.quantity[books.orders.block == a].sum())
    price = float(programme.base_price[p] / programme.base_quantity[p] * b.scale[a])
    return {
        "programme_id": problem.programmes[p], "coalition": books.coalition(int(b.coalition[a])),
        "partners": books.partners(a), "pooled": bool(b.pooled[a]), "band": int(b.band[a]),
        "edge_quantity": float(b.edge[a]), "pooled_quantity": ordered + float(b.partner_quantity[a]),
        "unit_price_base_meur": price * _level_at_base(problem, p), "price_error": float(b.error[a]),
        "participants": int(b.participants[a]), "lead_months": float(b.lead_months[a]),
        "safe_eligible": bool(b.eligible[a]), "safe_reason": _reason(problem, p, bool(b.eligible[a])),
    }  # fmt: skip


def _level_at_base(problem: Problem, p: int) -> float:
    """Price level of the base year, which need not be a plan year."""
    level, base = problem.programme.level[p], int(problem.settings["base_year"]) - problem.years[0]
    if base < 0:
        return float(level[0])
    if base < len(level):
        return float(level[base])
    growth = float(level[1] / level[0]) if len(level) > 1 else 1.0
    return float(level[0]) * growth**base


def _reason(problem: Problem, p: int, eligible: bool) -> str:
    verdict = problem.programme.verdict[p]
    if verdict.eligible and not eligible:
        needed = int(problem.loan.participants_needed.max(initial=1))
        return f"Art. 4: fewer than {needed} participants that may take part"
    return verdict.reason


def _who(books: Books, at: NDArray[np.int64]) -> dict[str, list[str]]:
    """Programme, coalition, partners and state of orders."""
    o, problem = books.orders, books.problem
    return {
        "programme_id": [problem.programmes[p] for p in o.programme[at]],
        "coalition": [books.coalition(int(books.form.blocks.coalition[a])) for a in o.block[at]],
        "partners": [books.partners(a) for a in o.block[at].tolist()],
        "state": [problem.states[n] for n in o.state[at]],
    }


def _orders(books: Books) -> pl.DataFrame:
    o, years = books.orders, books.problem.years
    return pl.DataFrame({
        **_who(books, np.arange(len(o.entry))), "year": [years[t] for t in o.year], "quantity": o.quantity,
        "introduction_share": o.share, "unit_price_meur": o.unit_price, "value_meur": o.value,
        "introduction_meur": o.introduction,
    })  # fmt: skip


def _deliveries(books: Books) -> pl.DataFrame:
    o, problem, programme = books.orders, books.problem, books.problem.programme
    i, t = np.nonzero(books.delivered)
    amount, p = books.delivered[i, t], o.programme[i]
    return pl.DataFrame({
        **_who(books, i), "order_year": [problem.years[k] for k in o.year[i]],
        "year": [problem.years[k] for k in t], "quantity": amount,
        "line_id": [problem.lines[k] for k in programme.line[p]],
        "line_units": amount * programme.line_units[p],
    })  # fmt: skip


def _types(books: Books) -> pl.DataFrame:
    problem, programme, b = books.problem, books.problem.programme, books.form.blocks
    bought: dict[int, int] = {}
    for a in books.form.chosen(books.plan):
        system = int(programme.system[b.programme[a]])
        bought[system] = bought.get(system, 0) | int(b.coalition[a])
    klass = {int(s): int(k) for s, k in zip(programme.system[::-1], programme.klass[::-1], strict=True)}
    return table("types", (
        {"system_id": problem.systems[system], "class_id": problem.classes[klass[system]],
         "states": books.coalition(mask)}
        for system, mask in bought.items()
    ))  # fmt: skip


def _lines(books: Books) -> pl.DataFrame:
    problem, line, o = books.problem, books.problem.line, books.orders
    used, grown = np.zeros_like(line.capacity), np.zeros_like(line.capacity)
    units = books.delivered * problem.programme.line_units[o.programme][:, None]
    np.add.at(used, problem.programme.line[o.programme], units)
    steps = np.round(books.values(books.form.at.steps)).sum(axis=1)
    for k, t in np.argwhere(steps).tolist():
        grown[k, t + int(line.expansion_delay[k]) :] += steps[k, t] * line.expansion_step[k]
    return table("lines", (
        {"line_id": name, "year": year, "available": line.capacity[k, t], "expansion": grown[k, t],
         "used": used[k, t]}
        for k, name in enumerate(problem.lines) for t, year in enumerate(problem.years)
    ))  # fmt: skip


def _expansions(books: Books) -> pl.DataFrame:
    problem = books.problem
    return table("expansions", (
        {"line_id": problem.lines[step.line], "year": problem.years[step.year], "steps": step.steps,
         "state": problem.states[step.state], "amount_meur": step.meur}
        for step in books.expansions()
    ))  # fmt: skip


def _schools(books: Books) -> pl.DataFrame:
    problem = books.problem
    return table("schools", (
        {"family": problem.families[school.family], "coalition": books.coalition(school.coalition),
         "year": problem.years[school.year], "state": problem.states[school.state],
         "amount_meur": school.meur,
         "added_per_year": float(problem.crew.school_added[school.state, school.family])}
        for school in books.schools()
    ))  # fmt: skip

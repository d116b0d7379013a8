"""Rows of section 9: purses, related money, payments, SAFE loans; and of section 10, earlier levels."""

import numpy as np
from numpy.typing import NDArray

from vallum.model.procurement.cells import NONE
from vallum.model.procurement.writer import Flow, Writer, pick
from vallum.solve import Labels

__all__ = ["add_levels", "add_money"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def add_money(w: Writer) -> Flow:
    """Spending fits the purses; returns what orders pay."""
    problem, at = w.problem, w.at
    s, t = w.each_state_year()
    labels = Labels(pick(problem.states, s), year=pick(problem.years, t))
    purse = w.builder.add_rows(
        "purse", len(s), upper=problem.purse.plannable.ravel(), rule="purse", source="purses.csv",
        sentence="{state} has no more money in {year}", labels=labels,
    ).reshape(w.states, w.years)  # fmt: skip
    related = w.builder.add_rows(
        "related", len(s), upper=0.0, rule="related money", source="purses.csv",
        sentence="{state} has no more spending that related money may pay in {year}", labels=labels,
    ).reshape(w.states, w.years)  # fmt: skip
    for spend in w.spend:
        w.builder.add(purse[spend.state, spend.year], spend.column, spend.meur)
    w.builder.add(purse[:, None, :], at.sustain, 1.0)
    w.builder.add(related, at.sustain[:, 1, :], -1.0)
    has = at.related >= 0
    w.builder.add(purse[has], at.related[has], -1.0)
    w.builder.add(related[has], at.related[has], 1.0)
    has = at.carry >= 0
    w.builder.add(purse[has], at.carry[has], 1.0)
    w.builder.add(purse[:, 1:][has[:, :-1]], at.carry[:, :-1][has[:, :-1]], -1.0)
    payments = _add_payments(w, purse, related)
    _add_loans(w, purse, payments)
    return payments


def _add_payments(w: Writer, purse: Ints, related: Ints) -> Flow:
    """Payments of orders and introductions, out of the purse or related money."""
    e, year, part = w.spread(w.blocks.pay)
    n, p = w.entries.state[e], w.entries.programme[e]
    per_unit, fixed = part * w.entries.unit_price[e], part * w.entries.introduction[e]
    w.order(purse[n, year], e, per_unit, fixed)
    pays = w.problem.programme.related[p]
    w.order(related[n, year][pays], e[pays], -per_unit[pays], -fixed[pays])
    return Flow(e, n, year, per_unit, fixed)


def _add_loans(w: Writer, purse: Ints, payments: Flow) -> None:
    """Draws follow eligible payments, fit the loan, and are served out of the purse."""
    problem, loan, at = w.problem, w.problem.loan, w.at
    s, t = np.nonzero(at.draw >= 0)
    claim = np.full(at.draw.shape, NONE)
    rows = claim[s, t] = w.builder.add_rows(
        "claim", len(s), lower=0.0, upper=0.0, rule="SAFE draws follow eligible payments",
        source="safe_loans.csv", sentence="SAFE draws of {state} in {year} follow eligible payments",
        labels=Labels(pick(problem.states, s), year=pick(problem.years, t)),
    )  # fmt: skip
    w.builder.add(rows, at.claim[s, t], 1.0)
    carried = (t > 0) & (at.claim[s, np.maximum(t - 1, 0)] >= 0)
    w.builder.add(rows[carried], at.claim[s, t - 1][carried], -1.0)
    w.builder.add(rows, at.draw[s, t], 1.0)
    e, n, year, per_unit, fixed = payments
    pays = w.blocks.eligible[w.entries.block[e]] & (claim[n, year] >= 0)
    w.order(claim[n, year][pays], e[pays], -per_unit[pays], -fixed[pays])
    borrowers = np.unique(s)
    rows = w.builder.add_rows(
        "loan", len(borrowers), upper=loan.most[borrowers], rule="SAFE loan", source="safe_loans.csv",
        sentence="the SAFE loan of {state} is drawn", labels=Labels(pick(problem.states, borrowers)),
    )  # fmt: skip
    w.builder.add(rows[np.searchsorted(borrowers, s)], at.draw[s, t], 1.0)
    w.builder.add(purse[s, t], at.draw[s, t], -loan.additional[s])
    for j in range(1, w.years):
        ok = t + j < w.years
        w.builder.add(purse[s[ok], t[ok] + j], at.draw[s, t][ok], loan.service[s[ok], j])


def add_levels(w: Writer, payments: Flow) -> Ints:
    """Rows that hold the values of levels 1 and 2; open until those levels are solved."""
    at, discount = w.at, w.problem.discount
    rows = w.builder.add_rows("level", 2, rule="earlier level", source="settings.csv",
                              sentence="the value of an earlier level is held")  # fmt: skip
    has = at.shortfall >= 0
    w.builder.add(rows[0], at.shortfall[has], w.problem.weight[has])
    for spend in w.spend:
        w.builder.add(rows[1], spend.column, spend.meur * discount[spend.year])
    w.builder.add(rows[1], at.sustain, discount[None, None, :])
    e, _, year, per_unit, fixed = payments
    w.order(np.full(len(e), rows[1]), e, per_unit * discount[year], fixed * discount[year])
    s, t = np.nonzero(at.draw >= 0)
    w.builder.add(rows[1], at.draw[s, t], w.problem.loan.cost[s] * discount[t])
    return rows

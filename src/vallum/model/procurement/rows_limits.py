"""Rows of limits that a question sets beside the rules of the region."""

import numpy as np
from numpy.typing import NDArray

from vallum.model.procurement.writer import Flow, Writer, pick
from vallum.solve import Labels

__all__ = ["add_limits"]

Floats = NDArray[np.float64]


def add_limits(w: Writer, payments: Flow) -> None:
    """Add the rows of a problem's limits."""
    limits = w.problem.limits
    if limits.shortfall is not None:
        _add_shortfall(w, limits.shortfall)
    if limits.spending is not None:
        _add_spending(w, payments, limits.spending)
    if limits.types is not None:
        rows = w.builder.add_rows(
            "limit_types", 1, upper=float(limits.types), rule="limit of types",
            sentence="no more types may be bought",
        )  # fmt: skip
        w.builder.add(rows, w.at.types, 1.0)
    if limits.domestic is not None and limits.at_home is not None:
        _add_domestic(w, limits.at_home - limits.domestic)


def _add_shortfall(w: Writer, most: Floats) -> None:
    """Each member's part of level 1."""
    rows = w.builder.add_rows(
        "limit_shortfall", w.states, upper=most, rule="limit of the shortfall",
        sentence="{state} may miss no more", labels=Labels(w.problem.states),
    )  # fmt: skip
    s, k, t = np.nonzero(w.at.shortfall >= 0)
    w.builder.add(rows[s], w.at.shortfall[s, k, t], w.problem.weight[s, k, t])


def _add_spending(w: Writer, payments: Flow, most: float) -> None:
    """What all members spend in each year."""
    years = np.arange(w.years)
    rows = w.builder.add_rows(
        "limit_spending", w.years, upper=most, rule="limit of yearly spending",
        sentence="no more may be spent in {year}", labels=Labels(year=pick(w.problem.years, years)),
    )  # fmt: skip
    for spend in w.spend:
        w.builder.add(rows[spend.year], spend.column, spend.meur)
    w.builder.add(rows[None, None, :], w.at.sustain, 1.0)
    e, _, year, per_unit, fixed = payments
    w.order(rows[year], e, per_unit, fixed)


def _add_domestic(w: Writer, beyond: Floats) -> None:
    """Value at home less the share of all value that must be: not negative."""
    row = w.builder.add_rows(
        "limit_domestic", 1, lower=0.0, rule="least domestic share", sentence="more must be bought at home",
    )  # fmt: skip
    e = np.arange(len(w.entries.block))
    w.order(np.full(len(e), row[0]), e, w.entries.unit_price * beyond[w.entries.programme])

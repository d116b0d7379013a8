"""Rows of section 8, lines and their expansions, and what an order delivers everywhere."""

import numpy as np
from numpy.typing import NDArray

from vallum.model.procurement.cells import NONE, tight_lines
from vallum.model.procurement.writer import Spend, Writer, pick
from vallum.solve import Labels

__all__ = ["add_deliveries", "add_lines"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def add_lines(w: Writer) -> Ints:
    """Deliveries fit the lines that could bind; returns their rows, (L, Y), NONE for the others."""
    problem, line = w.problem, w.problem.line
    tight = np.flatnonzero(tight_lines(problem))
    r, t = np.repeat(tight, w.years), np.tile(np.arange(w.years), len(tight))
    rows = np.full(line.capacity.shape, NONE)
    rows[r, t] = w.builder.add_rows(
        "line", len(r), upper=line.capacity[r, t], rule="line capacity", source="line_capacity.csv",
        sentence="{item} delivers no more in {year}",
        labels=Labels(item=pick(problem.lines, r), year=pick(problem.years, t)),
    )  # fmt: skip
    _add_expansions(w, rows)
    return rows


def _add_expansions(w: Writer, line_rows: Ints) -> None:
    problem, line = w.problem, w.problem.line
    at, payer, year = np.nonzero(w.at.steps >= 0)
    columns = w.at.steps[at, payer, year]
    for offset in range(w.years):
        later = year + line.expansion_delay[at] + offset
        ok = later < w.years
        w.builder.add(line_rows[at[ok], later[ok]], columns[ok], -line.expansion_step[at[ok]])
    grown = np.unique(at)
    most = w.builder.add_rows(
        "expansion_most", len(grown), upper=line.expansion_most[grown].astype(float),
        rule="largest expansion", source="lines.csv", sentence="{item} can be expanded no further",
        labels=Labels(item=pick(problem.lines, grown)),
    )  # fmt: skip
    w.builder.add(most[np.searchsorted(grown, at)], columns, 1.0)
    cost = line.expansion_cost[at]
    if w.mode == "national":
        w.spend.append(Spend(payer, year, columns, cost))
        return
    # only the sum of a year matters to purses; books.py splits it over the lines
    s, t = np.nonzero(w.at.paid >= 0)
    years = np.unique(t)
    shared = w.builder.add_rows(
        "expansion_paid", len(years), lower=0.0, upper=0.0, rule="expansion is paid", source="lines.csv",
        sentence="expansions decided in {year} are paid", labels=Labels(year=pick(problem.years, years)),
    )  # fmt: skip
    w.builder.add(shared[np.searchsorted(years, year)], columns, -cost)
    w.builder.add(shared[np.searchsorted(years, t)], w.at.paid[s, t], 1.0)
    w.spend.append(Spend(s, t, w.at.paid[s, t], np.ones(len(s))))


def add_deliveries(w: Writer, stock: Ints, node_stock: Ints, line_rows: Ints) -> None:
    """Put what orders deliver into stock, nodes, lines and, from the next year on, sustainment.

    Parameters
    ----------
    w : Writer
    stock : (cells, Y) array
    node_stock : (N, Y) array
    line_rows : (L, Y) array
        Rows to add to, NONE where there are none.
    """
    programme = w.problem.programme
    sustain = _add_sustainment(w)
    e, year, amount = w.spread(w.blocks.deliver)
    n, p = w.entries.state[e], w.entries.programme[e]
    w.order(stock[w.cells.of[n, p], year], e, -amount)
    giving = programme.nodes[p] > 0
    w.order(node_stock[n, year][giving], e[giving], -(amount * programme.nodes[p])[giving])
    rows = line_rows[programme.line[p], year]
    limited = rows >= 0
    w.order(rows[limited], e[limited], (amount * programme.line_units[p])[limited])
    later = year + 1 < w.years
    rows = sustain[n, programme.related[p].astype(int), np.minimum(year + 1, w.years - 1)]
    value = amount * programme.sustainment[p] * w.entries.unit_price[e]
    w.order(rows[later], e[later], -value[later])


def _add_sustainment(w: Writer) -> Ints:
    """Yearly sustainment grows with deliveries; rows (N, 2, Y): other money, related money."""
    problem = w.problem
    s, t = np.divmod(np.arange(w.states * 2 * w.years), w.years)
    rows = w.builder.add_rows(
        "sustain", len(s), lower=0.0, upper=0.0, rule="sustainment balance", source="programmes.csv",
        sentence="sustainment of {state} follows deliveries before {year}",
        labels=Labels(pick(problem.states, s // 2), year=pick(problem.years, t)),
    ).reshape(w.at.sustain.shape)  # fmt: skip
    w.balance(rows, w.at.sustain)
    return rows

"""Rows of sections 5 to 7: need, stock, what counts, crews with their schools, connection."""

import numpy as np
from numpy.typing import NDArray

from vallum.model.procurement.cells import NONE
from vallum.model.procurement.writer import Spend, Writer, pick
from vallum.solve import Labels

__all__ = ["add_crews", "add_need", "add_nodes", "add_stock"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def add_need(w: Writer) -> None:
    """Counted units and shortfall cover the gap between need and legacy."""
    problem, cells = w.problem, w.cells
    s, k, t = np.nonzero(w.at.shortfall >= 0)
    rows = w.builder.add_rows(
        "need", len(s), lower=problem.gap[s, k, t], rule="need", source="needs.csv",
        sentence="{state} needs {item} in {year}",
        labels=Labels(pick(problem.states, s), pick(problem.classes, k), pick(problem.years, t)),
    )  # fmt: skip
    w.builder.add(rows, w.at.shortfall[s, k, t], 1.0)
    at = np.full(w.at.shortfall.shape, NONE)
    at[s, k, t] = rows
    fielded = np.where(cells.counted[:, None], w.at.counted, w.at.delivered)[cells.head]
    target = at[cells.state[cells.head], cells.klass[cells.head]]
    has = target >= 0
    w.builder.add(target[has], fielded[has], 1.0)


def add_stock(w: Writer) -> Ints:
    """Delivered units add up, and no more of them count; returns the balance rows, (cells, Y)."""
    cells = w.cells
    c, t = np.repeat(cells.head, w.years), np.tile(np.arange(w.years), len(cells.head))
    stock = w.builder.add_rows(
        "stock", len(c), lower=0.0, upper=0.0, rule="stock balance", source="programmes.csv",
        sentence="stock of {item} in {state} grows by what is delivered in {year}",
        labels=_cell_labels(w, c, t),
    ).reshape(-1, w.years)  # fmt: skip
    w.balance(stock, w.at.delivered[cells.head])
    c, t = np.nonzero(w.at.counted >= 0)
    rows = w.builder.add_rows(
        "count", len(c), upper=0.0, rule="only what is delivered counts", source="programmes.csv",
        sentence="{state} counts no more {item} than delivered by {year}", labels=_cell_labels(w, c, t),
    )  # fmt: skip
    w.builder.add(rows, w.at.counted[c, t], 1.0)
    w.builder.add(rows, w.at.delivered[c, t], -1.0)
    return stock[cells.pool]


def _cell_labels(w: Writer, c: Ints, t: Ints) -> Labels:
    problem, cells = w.problem, w.cells
    return Labels(pick(problem.states, cells.state[c]), pick(problem.classes, cells.klass[c]),
                  pick(problem.years, t))  # fmt: skip


def add_crews(w: Writer) -> None:
    """Counted units need trained crews; schools train more."""
    problem, cells, short = w.problem, w.cells, w.schools.short
    s, f = np.nonzero(short)
    rs, rf, rt = np.repeat(s, w.years), np.repeat(f, w.years), np.tile(np.arange(w.years), len(s))
    rows = np.full((*short.shape, w.years), NONE)
    rows[rs, rf, rt] = w.builder.add_rows(
        "crews", len(rs), upper=problem.crew.free[rs, rf, rt], rule="trained crews", source="crews.csv",
        sentence="{state} has no more trained crews of {item} in {year}",
        labels=Labels(pick(problem.states, rs), pick(problem.families, rf), pick(problem.years, rt)),
    )  # fmt: skip
    for c in np.flatnonzero(cells.counted & (cells.family >= 0)):
        here = cells.state[c], cells.family[c]
        if short[here]:
            w.builder.add(rows[here], w.at.counted[c], 1.0)
    once = _school_once(w)
    for k, (family, coalition) in enumerate(zip(w.schools.family, w.schools.coalition, strict=True)):
        members = np.flatnonzero((coalition >> np.arange(w.states)) & 1)
        share = problem.crew.school_share(members, int(family))
        for n, part in zip(members, share, strict=True):
            cost = float(problem.crew.school_cost[n, family] * part)
            _join_school(w, k, int(n), rows[n, family], once[n, family], cost)


def _school_once(w: Writer) -> Ints:
    """A member builds or shares one school per family; rows (N, F), NONE where no school is possible."""
    problem, schools = w.problem, w.schools
    joined = np.zeros(schools.short.shape, bool)
    for family, coalition in zip(schools.family, schools.coalition, strict=True):
        joined[:, family] |= ((coalition >> np.arange(w.states)) & 1).astype(bool)
    s, f = np.nonzero(joined)
    rows = np.full(joined.shape, NONE)
    rows[s, f] = w.builder.add_rows(
        "school_once", len(s), upper=1.0, rule="one school per family", source="crews.csv",
        sentence="{state} builds one school for {item}",
        labels=Labels(pick(problem.states, s), pick(problem.families, f)),
    )  # fmt: skip
    return rows


def _join_school(w: Writer, k: int, n: int, crews: Ints, once: int, cost: float) -> None:
    """School k for member n: at most once, crews from the year after, its share of the cost."""
    built = np.flatnonzero(w.at.school[k] >= 0)
    columns = w.at.school[k, built]
    w.builder.add(once, columns, 1.0)
    if (crews >= 0).all():
        elapsed = np.maximum(np.arange(w.years)[None, :] - built[:, None], 0)  # (built, Y)
        b, t = np.nonzero(elapsed)
        added = w.problem.crew.school_added[n, w.schools.family[k]]
        w.builder.add(crews[t], columns[b], -added * elapsed[b, t])
    w.spend.append(Spend(np.full(len(built), n), built, columns, np.full(len(built), cost)))


def add_nodes(w: Writer) -> Ints:
    """Units that need the shared picture need nodes; returns the balance rows of nodes, (N, Y)."""
    problem, cells = w.problem, w.cells
    s, t = w.each_state_year()
    asking = cells.counted & ~cells.connects & problem.needs_gateway[cells.klass]
    asking &= problem.nodes_per_unit[cells.klass] > 0
    supplied = bool((w.at.nodes >= 0).all())
    if asking.any():
        rows = w.builder.add_rows(
            "nodes", len(s), upper=problem.legacy_nodes.ravel(), rule="connection to the shared picture",
            source="gateways.csv", sentence="{state} has no more gateways to connect new units in {year}",
            labels=Labels(pick(problem.states, s), year=pick(problem.years, t)),
        ).reshape(w.at.nodes.shape)  # fmt: skip
        for c in np.flatnonzero(asking):
            w.builder.add(rows[cells.state[c]], w.at.counted[c], problem.nodes_per_unit[cells.klass[c]])
        if supplied:
            w.builder.add(rows, w.at.nodes, -1.0)
    if not supplied:
        return np.full(w.at.nodes.shape, NONE)
    stock = w.builder.add_rows(
        "node_stock", len(s), lower=0.0, upper=0.0, rule="gateway stock", source="systems.csv",
        sentence="gateways of {state} grow by what is delivered in {year}",
        labels=Labels(pick(problem.states, s), year=pick(problem.years, t)),
    ).reshape(w.at.nodes.shape)  # fmt: skip
    w.balance(stock, w.at.nodes)
    return stock

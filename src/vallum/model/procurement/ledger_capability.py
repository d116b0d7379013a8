"""What a plan's deliveries count for: stock, shortfall, crews, connection (sections 5 to 7)."""

import numpy as np
import polars as pl
from numpy.typing import NDArray

from vallum.model.procurement.books import NOISE, Books
from vallum.model.procurement.tables import table

__all__ = ["stocks"]

Floats = NDArray[np.float64]


def stocks(books: Books) -> dict[str, pl.DataFrame]:
    """The tables `stock`, `counted`, `crews` and `nodes`."""
    cells, o = books.form.cells, books.orders
    fielded = np.zeros(books.form.at.delivered.shape)
    np.add.at(fielded, cells.of[o.state, o.programme], np.cumsum(books.delivered, axis=1))
    planned = np.where(cells.counted[:, None], books.values(books.form.at.counted), fielded)
    counted = _cap(books, np.clip(planned, 0.0, fielded))
    return {
        "stock": _stock(books, fielded, counted), "counted": _counted(books, fielded, counted),
        "crews": _crews(books, counted), "nodes": _nodes(books, counted),
    }  # fmt: skip


def _cap(books: Books, counted: Floats) -> Floats:
    """Units beyond the need do not count; units that connect by themselves count first."""
    cells, room = books.form.cells, books.problem.gap.copy()
    for c in np.lexsort((cells.family, ~cells.connects)):
        here = cells.state[c], cells.klass[c]
        counted[c] = np.minimum(counted[c], room[here])
        room[here] -= counted[c]
    return counted


def _stock(books: Books, fielded: Floats, counted: Floats) -> pl.DataFrame:
    cells, problem = books.form.cells, books.problem
    delivered, total = np.zeros_like(problem.need), np.zeros_like(problem.need)
    np.add.at(delivered, (cells.state, cells.klass), fielded)
    np.add.at(total, (cells.state, cells.klass), counted)
    shortfall = np.maximum(problem.gap - total, 0.0)
    return table("stock", (
        {"state": s, "class_id": c, "year": y, "need": problem.need[n, k, t],
         "legacy": problem.legacy[n, k, t], "delivered": delivered[n, k, t], "counted": total[n, k, t],
         "shortfall": shortfall[n, k, t], "gap_years": problem.weight[n, k, t] * shortfall[n, k, t]}
        for n, s in enumerate(problem.states) for k, c in enumerate(problem.classes)
        if problem.need[n, k].any() for t, y in enumerate(problem.years)
    ))  # fmt: skip


def _counted(books: Books, fielded: Floats, counted: Floats) -> pl.DataFrame:
    cells, problem = books.form.cells, books.problem
    total: dict[tuple[int, int, int, int], list[float]] = {}
    for c, t in np.argwhere(fielded > NOISE).tolist():
        key = int(cells.state[c]), int(cells.family[c]), int(cells.klass[c]), t
        cell = total.setdefault(key, [0.0, 0.0])
        cell[0] += float(fielded[c, t])
        cell[1] += float(counted[c, t])
    return table("counted", (
        {"state": problem.states[n], "family": problem.families[f] if f >= 0 else "NONE",
         "class_id": problem.classes[k], "year": problem.years[t], "delivered": cell[0], "counted": cell[1]}
        for (n, f, k, t), cell in total.items()
    ))  # fmt: skip


def _crews(books: Books, counted: Floats) -> pl.DataFrame:
    cells, problem = books.form.cells, books.problem
    free = problem.crew.free
    used, added = np.zeros(free.shape), np.zeros(free.shape)
    has = cells.family >= 0
    np.add.at(used, (cells.state[has], cells.family[has]), counted[has])
    for school in books.schools():
        elapsed = np.maximum(np.arange(len(problem.years)) - school.year, 0)
        added[school.state, school.family] += problem.crew.school_added[school.state, school.family] * elapsed
    seen = np.any((used > 0) | (added > 0), axis=2)
    return table("crews", (
        {"state": problem.states[n], "family": problem.families[f], "year": year, "free": free[n, f, t],
         "school_added": added[n, f, t], "used": used[n, f, t]}
        for n, f in np.argwhere(seen).tolist() for t, year in enumerate(problem.years)
    ))  # fmt: skip


def _nodes(books: Books, counted: Floats) -> pl.DataFrame:
    cells, problem, o = books.form.cells, books.problem, books.orders
    supply, demand = problem.legacy_nodes.copy(), np.zeros_like(problem.legacy_nodes)
    given = problem.programme.nodes[o.programme][:, None]
    np.add.at(supply, o.state, np.cumsum(books.delivered, axis=1) * given)
    asks = ~cells.connects & problem.needs_gateway[cells.klass]
    asked = problem.nodes_per_unit[cells.klass[asks]][:, None]
    np.add.at(demand, cells.state[asks], counted[asks] * asked)
    return table("nodes", (
        {"state": s, "year": y, "supply": supply[n, t], "demand": demand[n, t]}
        for n, s in enumerate(problem.states) for t, y in enumerate(problem.years)
    ))  # fmt: skip

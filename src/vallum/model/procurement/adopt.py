"""A standing plan as a start: from names and tranches to the columns of a formulation."""

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from vallum.model.procurement.formulation import Formulation
from vallum.model.procurement.listed import Listed, all_steps
from vallum.model.procurement.problem import Problem

__all__ = ["Standing", "adopt", "joined"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Standing:
    """Tables of an existing plan: orders, expansions and schools."""

    orders: pl.DataFrame
    expansions: pl.DataFrame
    schools: pl.DataFrame


def adopt(form: Formulation, standing: Standing) -> tuple[Ints, Floats]:
    """Blocks and column values that repeat a standing plan.

    A national plan fits a joint formulation: the block of the same participants at the band that its
    quantity reaches costs no more, so its money suffices.

    Returns
    -------
    choices : array of block positions
    values : (columns,) array
        Choices, orders, expansion steps and schools; every other column is zero.
    """
    values = np.zeros(len(form.program.cost))
    position = {state: n for n, state in enumerate(form.problem.states)}
    _orders(form, standing.orders, values, position)
    _expansions(form, standing.expansions, values, position)
    _schools(form, standing.schools, values, position)
    return form.chosen(values), values


def joined(problem: Problem, standing: Standing) -> Listed:
    """Blocks of the coalitions that a standing plan has, so that a list can hold them."""
    position = {state: n for n, state in enumerate(problem.states)}
    at = {name: p for p, name in enumerate(problem.programmes)}
    pairs = standing.orders.select("programme_id", "coalition").unique(maintain_order=True)
    found = np.array([(at[p], _mask(g, position)) for p, g in pairs.iter_rows()], dtype=np.int64).reshape(
        -1, 2
    )
    return all_steps(problem, found[:, 0], found[:, 1])


def _mask(coalition: str, position: dict[str, int]) -> int:
    return sum(1 << position[state] for state in coalition.split("+"))


def _orders(form: Formulation, orders: pl.DataFrame, values: Floats, position: dict[str, int]) -> None:
    b, problem = form.blocks, form.problem
    at = {name: p for p, name in enumerate(problem.programmes)}
    for (name, coalition, partners), rows in orders.group_by("programme_id", "coalition", "partners"):
        here = np.flatnonzero(
            (b.programme == at[str(name)])
            & (b.coalition == _mask(str(coalition), position))
            & (b.partners == bool(partners))
        )
        total = float(rows["quantity"].sum())
        reached = here[b.edge[here] - b.partner_quantity[here] <= total + 1e-6]
        if not len(reached):
            continue
        block = reached[-1]
        values[form.at.x[block]] = 1.0
        members = np.arange(b.member_start[block], b.member_start[block + 1])
        place = {int(b.member_state[m]): m for m in members}
        columns = ("state", "year", "quantity", "introduction_share")
        for state, year, quantity, share in rows.select(columns).iter_rows():
            m = place[position[state]]
            years = b.entry_year[b.entry_start[m] : b.entry_start[m + 1]]
            entry = b.entry_start[m] + int(np.searchsorted(years, year - problem.years[0]))
            room = b.greatest[m] - b.least[m]
            high = share if form.at.low[entry] < 0 else (quantity - b.least[m] * share) / room
            values[form.at.high[entry]] = high
            if form.at.low[entry] >= 0:
                values[form.at.low[entry]] = share - high


def _expansions(
    form: Formulation, expansions: pl.DataFrame, values: Floats, position: dict[str, int]
) -> None:
    problem = form.problem
    at = {name: line for line, name in enumerate(problem.lines)}
    seen: set[tuple[str, int]] = set()
    own_steps = form.mode == "national"
    for line, year, state, steps, amount in expansions.select(
        "line_id", "year", "state", "steps", "amount_meur"
    ).iter_rows():
        k, t = at[line], year - problem.years[0]
        payer = position[state] if own_steps else 0
        if form.at.steps[k, payer, t] < 0:
            continue
        cost = problem.line.expansion_cost[k]
        # a national row gives the state's own steps at full price, a joint one repeats the line's
        whole_price = abs(amount - steps * cost) < 1e-6
        if whole_price or (line, year) not in seen:
            values[form.at.steps[k, payer, t]] += steps
        seen.add((line, year))
        if form.at.paid[position[state], t] >= 0:
            values[form.at.paid[position[state], t]] += amount


def _schools(form: Formulation, schools: pl.DataFrame, values: Floats, position: dict[str, int]) -> None:
    problem = form.problem
    at = {name: f for f, name in enumerate(problem.families)}
    for family, coalition, year in schools.select("family", "coalition", "year").unique().iter_rows():
        here = np.flatnonzero(
            (form.schools.family == at[family]) & (form.schools.coalition == _mask(coalition, position))
        )
        if len(here) and form.at.school[here[0], year - problem.years[0]] >= 0:
            values[form.at.school[here[0], year - problem.years[0]]] = 1.0

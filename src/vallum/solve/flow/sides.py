"""Several groups that share roads and places: one linear programme."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from vallum.core.errors import BadInput
from vallum.solve.builder import Builder
from vallum.solve.flow.graph import Expanded, expand
from vallum.solve.flow.network import MOST, Ints, Network
from vallum.solve.flow.solver import Stopped
from vallum.solve.highs import Session, SolverFailed
from vallum.solve.limits import Budget, Cancel, Limits

__all__ = ["Group", "Shared", "with_sides"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Group:
    """A commodity: its own network, and what it takes from shared capacities.

    Parameters
    ----------
    network : Network
        Nodes, arcs and supplies are the group's own; sink s, its places and its intake are the same for all
        groups, at whatever node a group reaches it.
    row, arc : (E,) int arrays
        A unit that enters arc `arc` at step t takes from shared capacity `row` at step t.
    use : (E,) float array
        How much: such as vehicles a person. An arc may take from several rows: a road and a fleet.
    """

    network: Network
    row: Ints
    arc: Ints
    use: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Shared:
    """Flows of all groups, parts of units allowed.

    Attributes
    ----------
    value, bound : float
        Sum over groups of arrival steps + penalty x unserved, and what no such flow beats: computed here
        from the row duals, whatever the solver says.
    penalty : int
    amount : tuple of (A, T) float arrays
        By group: units that enter each arc at each step.
    arrivals : tuple of (S, T + 1) float arrays
    unserved : tuple of (K,) float arrays
    price : (R, T) float array
        Fall of the value for one more unit of a shared capacity, in arrival steps; `penalty` of it is a
        unit more served.
    places : (S,) float array
        The same for one more place.
    """

    value: float
    bound: float
    penalty: int
    amount: tuple[Floats, ...]
    arrivals: tuple[Floats, ...]
    unserved: tuple[Floats, ...]
    price: Floats
    places: Floats


def with_sides(
    groups: Sequence[Group],
    capacity: ArrayLike,
    limits: Limits,
    horizon: int | None = None,
    cancel: Cancel | None = None,
) -> Shared:
    """Minimise the sum of arrival steps of all groups, a unit unserved counted as `penalty` steps.

    minimise    sum over groups g and arcs of cost x flow_g
    subject to  flow_g conserves at every node of the time-expanded graph of g, within its own capacities
                sum over g of use_g[r, a] flow_g[a, t] <= capacity[r, t]     for every row r and step t
                sum over g of arrivals_g[s, t] <= intake[s, t],  of places_g[s] <= places[s]

    A multicommodity flow over time with bundle constraints (Hamacher and Tjandra 2002; Ahuja, Magnanti and
    Orlin 1993, chapter 17). Its vertices need not be whole. It grows fast: use it with long steps, as a bound
    on how far a flow that routes one group after the other is from the best. With several groups the penalty
    is a weight: unlike in `earliest_arrival` it is not proven that serving more always comes first.

    Parameters
    ----------
    groups : sequence of Group
    capacity : (R,) or (R, H) array-like of floats
    limits : Limits
    horizon : int, optional
        T; without it the longest of the networks.
    cancel : Cancel, optional
        Looked at before the solve.

    Raises
    ------
    BadInput
        No group; sinks that differ; a row or an arc that does not exist; a negative use or capacity.
    Stopped
        Time ran out.
    SolverFailed
        HiGHS ended without an optimum.
    """
    shared = _check(groups, capacity)
    budget = Budget(limits, cancel or Cancel())
    if budget.spent():
        raise _stopped()
    graphs = [expand(group.network, horizon) for group in groups]
    model = _Model(graphs)
    road_keys = model.roads(groups, shared)
    place_rows = model.sinks()
    made = model.builder.program()
    answer = Session(
        made.cost, made.lower, made.upper, made.matrix, made.row_lower, made.row_upper, budget
    ).lp()
    if answer.x is None or answer.row_dual is None:
        if answer.status == "limit":
            raise _stopped()
        raise SolverFailed(f"HiGHS ended without a flow ({answer.status})", where="flow")
    dual = answer.row_dual
    # a row that is only bounded above, and a price of the wrong sign within rounding, gives nothing away
    dual[np.isneginf(made.row_lower)] = np.minimum(0.0, dual[np.isneginf(made.row_lower)])
    reduced = made.cost - made.matrix.transpose_times(dual)
    bound = float(dual @ made.row_upper + np.minimum(0.0, reduced) @ made.upper)
    price = np.zeros((len(shared), graphs[0].horizon))
    price[np.unravel_index(road_keys, price.shape)] = -dual[made.rows_of("shared")]
    parts = [answer.x[columns] for columns in model.columns]
    return Shared(
        float(made.cost @ answer.x), bound, graphs[0].penalty,
        tuple(_amount(e, x) for e, x in zip(graphs, parts, strict=True)),
        tuple(_arrivals(e, x) for e, x in zip(graphs, parts, strict=True)),
        tuple(_unserved(e, x) for e, x in zip(graphs, parts, strict=True)),
        price, -dual[place_rows],
    )  # fmt: skip


class _Model:
    """The programme: a block of columns and of balances for each group, then what they share."""

    def __init__(self, graphs: list[Expanded]) -> None:
        self.builder, self.graphs = Builder(), graphs
        self.columns = []
        for k, expanded in enumerate(graphs):
            graph = expanded.graph
            columns = self.builder.add_columns(
                f"flow {k}", len(graph.tail), cost=graph.cost, upper=graph.capacity
            )
            balance = np.zeros(graph.nodes)
            balance[graph.start], balance[graph.end] = graph.amount, -graph.amount
            rows = self.builder.add_rows(
                f"node {k}", graph.nodes, lower=balance, upper=balance, rule="what comes in goes out"
            )
            self.builder.add(rows[graph.tail], columns, 1.0)
            self.builder.add(rows[graph.head], columns, -1.0)
            self.columns.append(columns)

    def roads(self, groups: Sequence[Group], capacity: Floats) -> Ints:
        """Add the shared capacities that can be used; returns row x T + step of each."""
        steps = self.graphs[0].horizon
        entries = [self._entries(g, e, c) for g, e, c in zip(groups, self.graphs, self.columns, strict=True)]
        keys = np.concatenate([row * steps + step for row, step, _, _ in entries])
        used, place = np.unique(keys, return_inverse=True)
        rows = self.builder.add_rows(
            "shared", len(used), upper=capacity[used // steps, used % steps], rule="shared capacity"
        )
        self.builder.add(rows[place], np.concatenate([e[2] for e in entries]),
                         np.concatenate([e[3] for e in entries]))  # fmt: skip
        return used

    def sinks(self) -> Ints:
        """Add the shared intake and places; returns the rows of places."""
        network, steps = self.graphs[0].network, self.graphs[0].horizon
        limit = network.intake[:, : steps + 1]
        bound = limit < MOST
        rows = self.builder.add_rows("intake", int(bound.sum()), upper=limit[bound], rule="intake")
        intake = np.zeros(limit.shape, np.int64)
        intake[bound] = rows
        places = self.builder.add_rows("places", len(network.places), upper=network.places, rule="places")
        for expanded, columns in zip(self.graphs, self.columns, strict=True):
            _, _, arrive, full, _ = expanded.blocks(columns)
            at = expanded.sink, expanded.sink_step
            self.builder.add(intake[at][bound[at]], arrive[bound[at]], 1.0)
            self.builder.add(places, full, 1.0)
        return places

    @staticmethod
    def _entries(group: Group, expanded: Expanded, columns: Ints) -> tuple[Ints, Ints, Ints, Floats]:
        """Row, step, column and use of every entry; travel arcs come first and lie together by arc."""
        begin = np.searchsorted(expanded.arc, group.arc)
        counts = np.searchsorted(expanded.arc, group.arc, side="right") - begin
        owner = np.repeat(np.arange(len(counts)), counts)
        place = np.arange(len(owner)) - (np.cumsum(counts) - counts)[owner] + begin[owner]
        return group.row[owner], expanded.arc_step[place], columns[place], group.use[owner]


def _check(groups: Sequence[Group], capacity: ArrayLike) -> Floats:
    """The shared capacities spread over the steps."""
    if not groups:
        raise _bad("there is no group", "groups")
    one = groups[0].network
    try:
        table = np.asarray(capacity, float)
        table = np.broadcast_to(table[:, None] if table.ndim == 1 else table, (len(table), one.horizon))
    except (ValueError, TypeError):
        raise _bad("shared capacities have one number a row, or one a step", "shape") from None
    if not np.isfinite(table).all() or (table < 0).any():
        raise _bad("a shared capacity is negative or no number", "range")
    for group in groups:
        other = group.network
        same = len(one.places) == len(other.places) and one.horizon == other.horizon
        if not (same and (one.places == other.places).all() and (one.intake == other.intake).all()):
            raise _bad("groups have different sinks or horizons", "groups")
        _check_entries(group, len(table))
    return table


def _check_entries(group: Group, rows: int) -> None:
    if not len(group.row) == len(group.arc) == len(group.use):
        raise _bad("row, arc and use have unequal lengths", "shape")
    for name, index, count in (("row", group.row, rows), ("arc", group.arc, len(group.network.tail))):
        if len(index) and not (index.min() >= 0 and index.max() < count):
            raise _bad(f"a use names {name} {index.min()} or {index.max()}, outside 0 .. {count - 1}", "rows")
    if not np.isfinite(group.use).all() or (group.use < 0).any():
        raise _bad("a use is negative or no number", "range")


def _bad(message: str, rule: str) -> BadInput:
    return BadInput(message, where="flow", rule=rule)


def _stopped() -> Stopped:
    return Stopped(
        "the search for a shared flow was interrupted or its time is up",
        where="flow", rule="limits", remedy="give more time, or take longer steps",
    )  # fmt: skip


def _amount(expanded: Expanded, found: Floats) -> Floats:
    amount = np.zeros((len(expanded.network.tail), expanded.horizon))
    amount[expanded.arc, expanded.arc_step] = found[: len(expanded.arc)]
    return amount


def _arrivals(expanded: Expanded, found: Floats) -> Floats:
    arrivals = np.zeros((len(expanded.network.sink_node), expanded.horizon + 1))
    begin = len(expanded.arc) + len(expanded.wait_node)
    arrivals[expanded.sink, expanded.sink_step] = found[begin : begin + len(expanded.sink)]
    return arrivals


def _unserved(expanded: Expanded, found: Floats) -> Floats:
    unserved = expanded.network.supply_amount.astype(float)
    unserved[expanded.supply] -= found[len(found) - 1 - len(expanded.supply) : -1]
    return unserved

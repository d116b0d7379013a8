"""What flows: a network with travel times, what sets out from where, and the places where it may end.

Time is whole steps 0 .. T. Whoever enters an arc at step t leaves it at step t + travel; a capacity counts
those who enter in one step. Amounts are whole units; which unit a unit is (one person, ten persons, ...) is
the caller's choice, and one person a unit is meant: see `MOST_WORTH`.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from vallum.core.errors import BadInput

__all__ = ["MOST", "MOST_WORTH", "Ints", "Network"]

Ints = NDArray[np.int64]

#: Bound on amount x penalty x nodes, so that every sum of costs, and the solver's own scaling of costs by the
#: number of nodes, stays in 64 bits. Ten million units over 300 steps and 200 sinks are far below.
MOST_WORTH = 2**62
#: Greatest number that an array may hold, which stands for no bound; and greatest numbers of nodes and steps.
MOST = 2**40
MOST_NODES = 1_000_000
MOST_STEPS = 20_000


@dataclass(frozen=True, slots=True, eq=False)
class Network:
    """A network over time (Ford and Fulkerson 1958, 1962). Made by `Network.of`.

    Attributes
    ----------
    nodes : int
        Number of nodes N.
    tail, head, travel : (A,) int arrays
        Ends of each arc and the steps it takes, at least 1. Parallel arcs and loops are allowed.
    capacity : (A, H) int array
        Units that may enter an arc at each step.
    supply_node, supply_step, supply_amount : (K,) int arrays
        Units that set out at a node from a step on.
    sink_node, places : (S,) int arrays
        Nodes where units may end, and how many in all.
    intake : (S, H + 1) int array
        Units that a sink takes in at each step.
    holding : (N,) int array
        Units that may wait at a node from one step to the next.
    horizon : int
        Longest horizon H in steps that may be asked about.
    """

    nodes: int
    tail: Ints
    head: Ints
    travel: Ints
    capacity: Ints
    supply_node: Ints
    supply_step: Ints
    supply_amount: Ints
    sink_node: Ints
    places: Ints
    intake: Ints
    holding: Ints
    horizon: int

    @classmethod
    def of(
        cls,
        nodes: int,
        arcs: tuple[ArrayLike, ArrayLike, ArrayLike],
        capacity: ArrayLike,
        supplies: tuple[ArrayLike, ArrayLike, ArrayLike],
        sinks: tuple[ArrayLike, ArrayLike],
        horizon: int,
        *,
        intake: ArrayLike | None = None,
        holding: ArrayLike | None = None,
    ) -> "Network":
        """Make a network from anything array-like.

        Parameters
        ----------
        nodes : int
        arcs : tail, head, travel
            Each (A,).
        capacity : (A,) or (A, H) array-like
            One number an arc, or one a step.
        supplies : node, step, amount
            Each (K,).
        sinks : node, places
            Each (S,).
        horizon : int
            H, at least 1.
        intake : (S,) or (S, H + 1) array-like, optional
            Without it a sink takes in any number at a step.
        holding : (N,) array-like, optional
            Without it any number may wait anywhere.

        Raises
        ------
        BadInput
            Arrays of unequal length, numbers that are not whole or negative, a node that does not exist,
            a travel time below 1, a number above `MOST`.
        """
        if not (1 <= nodes <= MOST_NODES and 1 <= horizon <= MOST_STEPS):
            raise _bad(f"a network has 1 .. {MOST_NODES} nodes and 1 .. {MOST_STEPS} steps", "size")
        tail, head, travel = _rows("arc", arcs)
        node, step, amount = _rows("supply", supplies)
        sink, places = _rows("sink", sinks)
        for name, ends in (("tail", tail), ("head", head), ("supply", node), ("sink", sink)):
            if len(ends) and ends.max() >= nodes:
                raise _bad(f"{name} names node {ends.max()}, but there are only {nodes}", "nodes")
        if len(travel) and travel.min() < 1:
            raise _bad("an arc takes at least one step", "travel")
        return cls(
            int(nodes), tail, head, travel,
            _table("capacity", capacity, (len(tail), int(horizon))),
            node, step, amount, sink, places,
            _table("intake", MOST if intake is None else intake, (len(sink), int(horizon) + 1)),
            _table("holding", MOST if holding is None else holding, (int(nodes),)),
            int(horizon),
        )  # fmt: skip

    @property
    def total(self) -> int:
        """Units that set out."""
        return int(self.supply_amount.sum())

    def length(self, horizon: int | None) -> int:
        """The horizon asked for; H when none is.

        Raises
        ------
        BadInput
            It is below 1 or above H.
        """
        if horizon is None:
            return self.horizon
        if not 1 <= horizon <= self.horizon:
            raise _bad(f"the horizon {horizon} is not in 1 .. {self.horizon}", "horizon")
        return int(horizon)


def _bad(message: str, rule: str) -> BadInput:
    return BadInput(message, where="flow", rule=rule)


def _whole(name: str, given: ArrayLike) -> Ints:
    """An array of whole numbers in 0 .. MOST."""
    try:
        raw = np.asarray(given)
        numbers = raw.astype(np.float64)
    except (TypeError, ValueError, OverflowError):
        raise _bad(f"{name} holds something that is no number", "numbers") from None
    if not np.isfinite(numbers).all() or (numbers != np.floor(numbers)).any():
        raise _bad(f"{name} holds a number that is not whole", "numbers")
    if numbers.size and (numbers.min() < 0 or numbers.max() > MOST):
        raise _bad(f"{name} holds {numbers.min():.0f} or {numbers.max():.0f}, outside 0 .. {MOST}", "range")
    whole = raw.astype(np.int64)
    whole.flags.writeable = False
    return whole


def _rows(name: str, given: tuple[ArrayLike, ...]) -> list[Ints]:
    """Arrays of one dimension and equal length."""
    rows = [_whole(name, one) for one in given]
    if any(row.ndim != 1 or len(row) != len(rows[0]) for row in rows):
        raise _bad(f"the arrays of {name} have unequal lengths", "shape")
    return rows


def _table(name: str, given: ArrayLike, shape: tuple[int, ...]) -> Ints:
    """An array spread over the steps, without copying where one number stands for all."""
    table = _whole(name, given)
    if table.ndim == 1 and len(shape) == 2 and len(table) == shape[0]:
        table = table[:, None]
    try:
        return np.broadcast_to(table, shape)
    except ValueError:
        raise _bad(f"{name} has the shape {table.shape}, not {shape}", "shape") from None

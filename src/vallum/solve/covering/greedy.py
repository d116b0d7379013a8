"""Buying the unit that gains most for its cost, again and again."""

from dataclasses import dataclass

import numpy as np

from vallum.solve.covering.problem import Cover, Floats, Ints
from vallum.solve.covering.state import State
from vallum.solve.covering.tables import tables

__all__ = ["Purchase", "best", "fill", "greedy", "greedy_path"]

#: Gain below which nothing is gained; all worth together is at most about 1.
NOTHING = 1e-12
#: Part of the mean gain that breaks ties of the least gain, where kinds may be lost.
TIE = 1e-3


@dataclass(frozen=True, slots=True)
class Purchase:
    """One unit bought: its option, and worth and total cost after it."""

    option: int
    value: float
    spent: float


def greedy(problem: Cover, *, start: Ints | None = None, most: Ints | None = None) -> Ints:
    """Buy the unit that gains most for its cost until nothing that fits gains anything.

    Run by gain for cost and by gain alone; the better is kept (with one budget that is worth at least
    (1 - 1/e)/2 of the best: Nemhauser, Wolsey and Fisher 1978; Khuller, Moss and Naor 1999).

    Parameters
    ----------
    problem : Cover
    start : (options,) int array, optional
        Units that stand already; their cost counts.
    most : (options,) int array, optional
        Greatest number of units; that of the problem without it.

    Returns
    -------
    (options,) int array
    """
    given = tables(problem)
    found = []
    for price in (problem.cost, np.ones(problem.options)):
        state = State(problem, given, start, most)
        fill(state, price)
        found.append((state.value, state.x))
    return max(found, key=lambda one: one[0])[1]


def greedy_path(
    problem: Cover, *, start: Ints | None = None, most: Ints | None = None
) -> tuple[Purchase, ...]:
    """Order in which units are bought by gain for cost.

    Parameters
    ----------
    problem : Cover
    start, most : (options,) int arrays, optional
        As for `greedy`. With a finished siting as `most` the path builds towards it.

    Returns
    -------
    tuple of Purchase
    """
    state = State(problem, tables(problem), start, most)
    spent = float(problem.cost @ state.x)
    path = []
    for option in fill(state, problem.cost):
        spent += float(problem.cost[option])
        path.append((option, spent))
    state.reset(np.zeros(problem.options, np.int64) if start is None else start)
    found = []
    for option, paid in path:
        state.step(option, 1)
        found.append(Purchase(option, state.value, paid))
    return tuple(found)


def fill(state: State, price: Floats, noise: Floats | None = None, without: int = -1) -> list[int]:
    """Buy what gains most for its price until nothing that fits gains anything; the options in order.

    Parameters
    ----------
    state : State
        Is changed.
    price : (options,) array
        Above 0.
    noise : (options,) array, optional
        Factor of each gain.
    without : int
        Option that may not be bought.
    """
    bought = []
    while (option := best(state, price, noise, without)) >= 0:
        state.step(option, 1)
        bought.append(option)
    return bought


def best(state: State, price: Floats, noise: Floats | None = None, without: int = -1) -> int:
    """The option that gains most for its price, -1 for none; see `fill`."""
    room = state.open()
    room = room[room != without]
    if not len(room):
        return -1
    gains = merit(state.values, state.gains[:, room])
    some = gains > NOTHING
    if not some.any():
        return -1
    score = gains / price[room]
    if noise is not None:
        score = score * noise[room]
    return int(room[np.argmax(np.where(some, score, -1.0))])


def merit(values: Floats, gains: Floats) -> Floats:
    """Gain of the least worth over the cases, and a little of the mean gain to break ties, (options,)."""
    if len(values) == 1:
        return np.asarray(gains[0])
    least = (values[:, None] + gains).min(axis=0) - values.min()
    return np.asarray(least + TIE * gains.mean(axis=0))

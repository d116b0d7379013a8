"""Sharing a common cost so that nobody does better apart: core, nucleolus, least subsidy, Shapley value.

A cost game gives each coalition S of n players the least cost c(S) at which it gets by on its own. Shares x
are in the core if they pay for everything, x(N) = c(N), and no coalition pays more than it would cost apart,
x(S) <= c(S) (Gillies 1959). The core is empty exactly if balanced weights w show that the players get by more
cheaply in parts: w >= 0, sum over the S with i of w(S) = 1 for every i, sum of w(S) c(S) < c(N) (Bondareva
1963; Shapley 1967). What is then missing is the least subsidy that makes shares acceptable to all (cost of
stability: Bachrach et al. 2009).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from math import factorial

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csc_array

from vallum.solve.builder import Sparse
from vallum.solve.highs import Answer, Session, SolverFailed
from vallum.solve.limits import Budget, Limits

__all__ = ["Allocation", "Game", "allocate", "shapley"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
INF = float("inf")
#: Costs closer than this share of the largest one are equal.
EQUAL = 1e-7


@dataclass(frozen=True)
class Game:
    """A cost game.

    Parameters
    ----------
    players : int
        n >= 2.
    cost : mapping of int to float
        Cost of coalitions by bit mask: of every player alone, of all together, and of any others.
    """

    players: int
    cost: Mapping[int, float]

    def __post_init__(self) -> None:
        needed = {*(1 << i for i in range(self.players)), self.everyone}
        if self.players < 2 or not needed <= self.cost.keys():
            raise ValueError("a game has two players or more, and the cost of each alone and of all together")

    @property
    def everyone(self) -> int:
        """Bit mask of all players."""
        return (1 << self.players) - 1

    @property
    def total(self) -> float:
        """Cost of all together."""
        return self.cost[self.everyone]

    @property
    def complete(self) -> bool:
        """Whether every coalition has a cost."""
        return len(self.cost) == self.everyone

    @cached_property
    def proper(self) -> tuple[int, ...]:
        """Coalitions with a cost but for that of everybody."""
        return tuple(sorted(self.cost.keys() - {self.everyone}))

    @cached_property
    def members(self) -> Floats:
        """Who is in each proper coalition, (coalitions, players) of 0 and 1."""
        masks = np.array(self.proper, dtype=np.int64)
        out: Floats = ((masks[:, None] >> np.arange(self.players)) & 1).astype(float)
        return out

    @cached_property
    def apart(self) -> Floats:
        """Cost of each proper coalition."""
        return np.array([self.cost[mask] for mask in self.proper])

    @cached_property
    def size(self) -> float:
        """Largest cost, to tell what is small."""
        return max(1e-9, *(abs(value) for value in self.cost.values()))

    def excess(self, shares: Floats) -> float:
        """Least saving of any proper coalition, c(S) - x(S); not below 0 in the core."""
        return float((self.apart - self.members @ shares).min())


@dataclass(frozen=True, slots=True)
class Allocation:
    """Shares of the cost of all together.

    Attributes
    ----------
    shares : (players,) array
        The nucleolus: of all shares that pay for everything but the subsidy, those that make the least saving
        of a coalition largest, then the next, and so on (Schmeidler 1969). In the core unless that is empty.
    excess : float
        Least saving of a coalition.
    subsidy : float
        Least amount from outside with which no coalition pays more than apart; 0 unless the core is empty.
    weights : mapping of int to float
        Balanced weights that prove an empty core, by coalition; empty otherwise.
    """

    shares: Floats
    excess: float
    subsidy: float
    weights: Mapping[int, float]


def allocate(game: Game) -> Allocation:
    """Share the cost of all together.

    Parameters
    ----------
    game : Game
        Only the coalitions with a cost are asked.

    Returns
    -------
    Allocation
    """
    paid, weights = _most_payable(game)
    subsidy = max(0.0, game.total - paid)
    if subsidy <= EQUAL * game.size:
        subsidy, weights = 0.0, {}
    shares = _nucleolus(game, game.total - subsidy)
    return Allocation(shares, game.excess(shares), subsidy, weights)


def shapley(game: Game) -> Floats:
    """Shares by what each player adds to the cost, on average over all orders of joining.

    sum over S without i of |S|! (n - |S| - 1)! / n! * (c(S with i) - c(S)); L.S. Shapley, A value for
    n-person games, 1953.

    Parameters
    ----------
    game : Game
        Complete.

    Returns
    -------
    (players,) array
    """
    if not game.complete:
        raise ValueError("the Shapley value asks for the cost of every coalition")
    n = game.players
    cost = np.array([0.0, *(game.cost[mask] for mask in range(1, game.everyone + 1))])
    masks = np.arange(len(cost))
    size = ((masks[:, None] >> np.arange(n)) & 1).sum(axis=1)
    weight = np.array([factorial(s) * factorial(n - s - 1) / factorial(n) for s in range(n)])
    shares = np.zeros(n)
    for i in range(n):
        without = masks[(masks >> i) & 1 == 0]
        shares[i] = weight[size[without]] @ (cost[without | 1 << i] - cost[without])
    return shares


def _most_payable(game: Game) -> tuple[float, dict[int, float]]:
    """What all can pay together when no coalition pays more than apart, and the weights that prove it."""
    answer = _solve(
        -np.ones(game.players), game.members, np.full(len(game.apart), -INF), game.apart / game.size
    )
    dual = np.abs(_dual(answer))
    weights = {mask: float(w) for mask, w in zip(game.proper, dual, strict=True) if w > EQUAL}
    return -answer.value * game.size, weights


def _nucleolus(game: Game, total: float) -> Floats:
    """One linear programme after another (Kopelowitz 1967; Maschler, Peleg and Shapley 1979).

    Each makes the least saving of the coalitions that are still open as large as it can be; those whose
    price is not zero save just that in every solution, which settles them and what follows from them.
    """
    n, rows, apart = game.players, game.members, game.apart / game.size
    settled, due = np.ones((1, n)), np.array([total / game.size])
    while np.linalg.matrix_rank(settled) < n:
        open_ = _not_settled(settled, rows)
        matrix = np.block(
            [[settled, np.zeros((len(settled), 1))], [rows[open_], np.ones((int(open_.sum()), 1))]]
        )
        lower = np.concatenate((due, np.full(int(open_.sum()), -INF)))
        answer = _solve(np.append(np.zeros(n), -1.0), matrix, lower, np.concatenate((due, apart[open_])))
        tight = np.flatnonzero(open_)[np.abs(_dual(answer)[len(due) :]) > EQUAL]
        settled = np.concatenate((settled, rows[tight]))
        due = np.concatenate((due, apart[tight] + answer.value))
    shares: Floats = np.linalg.lstsq(settled, due, rcond=None)[0] * game.size
    return shares


def _not_settled(settled: Floats, rows: Floats) -> Bools:
    """Coalitions whose payment does not follow from those that are settled."""
    rank = np.linalg.matrix_rank(settled)
    return np.array([np.linalg.matrix_rank(np.vstack((settled, row))) > rank for row in rows], dtype=bool)


def _solve(cost: Floats, rows: Floats, lower: Floats, upper: Floats) -> Answer:
    """Minimise over free columns."""
    matrix = csc_array(rows)
    sparse = Sparse(matrix.indptr.astype(np.int64), matrix.indices.astype(np.int64), matrix.data, len(rows))
    free = np.full(len(cost), INF)
    answer = Session(cost, -free, free, sparse, lower, upper, Budget(Limits(time_limit=None))).lp()
    if answer.x is None:
        raise SolverFailed(
            "HiGHS could not share the cost", remedy="run `vallum doctor` and report the region"
        )
    return answer


def _dual(answer: Answer) -> Floats:
    return np.empty(0) if answer.row_dual is None else answer.row_dual

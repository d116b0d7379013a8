"""What each choice costs at given prices, and the bound that the prices prove.

With budgets, cliques and extra prerequisites priced (Lagrangian relaxation, Geoffrion 1974), what is left are
trees of projects with their first prerequisite. Each is solved exactly by dynamic programming over starts; a
pass down gives the value of its best plan for every start of every project, as max-marginals (Pearl 1988).
Any prices that are at least 0 prove a bound, so that a solver's tolerance cannot make one wrong.
"""

from dataclasses import dataclass

import numpy as np

from vallum.solve.portfolio.problem import Bools, Floats, Ints, Portfolio
from vallum.solve.portfolio.relaxation import Duals, Steps
from vallum.solve.portfolio.starts import order, prerequisites_of

__all__ = ["Losses", "price"]


@dataclass(frozen=True, slots=True)
class Losses:
    """A bound, and by how much it falls when a choice is forced.

    Attributes
    ----------
    bound : float
        No plan is worth more.
    start : (n, T) array
        At least 0; inf where a start is not allowed.
    never : (n,) array
        When the project is left out.
    """

    bound: float
    start: Floats
    never: Floats


def price(problem: Portfolio, allowed: Bools, made: Steps, duals: Duals) -> Losses:
    """Bound and losses at given prices.

    Parameters
    ----------
    problem : Portfolio
    allowed : (n, T) bool array
    made : Steps
        For its cliques and links.
    duals : Duals
    """
    gain = _gains(problem, allowed, made, duals)
    parents = [needed[0] if needed else -1 for needed in prerequisites_of(problem)]
    best, whole, without, root = _trees(gain, problem.duration, parents, order(problem))
    constant = float(duals.budget @ problem.capacity + duals.clique.sum())
    top = best[root]
    return Losses(
        bound=constant + float(best[np.array(parents) < 0].sum()),
        start=np.maximum(top[:, None] - whole, 0.0),
        never=np.maximum(top - without, 0.0),
    )


def _gains(problem: Portfolio, allowed: Bools, made: Steps, duals: Duals) -> Floats:
    """Worth of each start after all prices, (n, T); -inf where it is not allowed."""
    gain = np.full(allowed.shape, -np.inf)
    project, start = np.nonzero(allowed)
    position, row, amount = problem.footprint(project, start)
    spent = np.bincount(position, amount * duals.budget[row], len(project))
    gain[project, start] = problem.worth[project, start] - spent
    for group, cost in zip(made.cliques, duals.clique.tolist(), strict=True):
        gain[list(group)] -= cost
    # z(j, s) <= z(q, t): every start of j up to s pays, every start of q up to t earns
    paid = np.zeros(allowed.shape)
    j, s, q, t = made.links.T
    np.subtract.at(paid, (j, s), duals.extra)
    np.add.at(paid, (q, t), duals.extra)
    return gain + np.cumsum(paid[:, ::-1], axis=1)[:, ::-1]


def _trees(
    gain: Floats, duration: Ints, parents: list[int], ordered: Ints
) -> tuple[Floats, Floats, Floats, Ints]:
    """Solve every tree.

    Returns
    -------
    best : (n,) array
        Of each project with all below it.
    whole : (n, T) array
        Of the whole tree when the project takes a start.
    without : (n,) array
        Of the whole tree when it is left out.
    root : (n,) int array
    """
    count, years = gain.shape
    below = gain.copy()
    #: What a project adds below its parent, for each start of the parent.
    given = np.zeros((count, years))
    best = np.zeros(count)
    for j in ordered[::-1].tolist():
        from_here = np.maximum.accumulate(below[j, ::-1])[::-1]
        best[j] = max(0.0, from_here[0])
        parent = parents[j]
        if parent >= 0:
            ended = min(int(duration[parent]), years)
            given[j, : years - ended] = np.maximum(from_here[ended:], 0.0)
            below[parent] += given[j]
    whole, without = below.copy(), np.zeros(count)
    root = np.arange(count)
    for j in ordered.tolist():
        parent = parents[j]
        if parent < 0:
            continue
        root[j] = root[parent]
        rest = np.where(np.isfinite(whole[parent]), whole[parent] - given[j], -np.inf)
        ended = min(int(duration[parent]), years)
        above = np.full(years, -np.inf)
        above[ended:] = np.maximum.accumulate(rest)[: years - ended]
        whole[j] += above
        without[j] = max(without[parent], rest.max())
    return best, whole, without, root

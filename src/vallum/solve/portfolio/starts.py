"""Pre-pass: which starts can be in any plan at all."""

from graphlib import TopologicalSorter

import numpy as np

from vallum.solve.portfolio.problem import Bools, Ints, Portfolio

__all__ = ["allowed_starts", "closed", "order", "prerequisites_of"]


def prerequisites_of(problem: Portfolio) -> list[list[int]]:
    """Prerequisites of each project."""
    needed: list[list[int]] = [[] for _ in range(problem.projects)]
    for project, other in problem.prerequisites.tolist():
        needed[project].append(other)
    return needed


def order(problem: Portfolio) -> Ints:
    """Projects in an order in which prerequisites come first, shape (n,)."""
    graph = dict(enumerate(prerequisites_of(problem)))
    return np.array(list(TopologicalSorter(graph).static_order()), np.int64)


def allowed_starts(problem: Portfolio) -> Bools:
    """Starts that may be in a plan, shape (n, T).

    A start is out when it lies outside the project's window, when the project would end after the last year
    with a
    budget, when its cost alone breaks a budget, when no prerequisite can have ended before it, or when the
    project needs two that exclude one another.
    """
    years = np.arange(problem.planning)
    allowed = (years >= problem.earliest[:, None]) & (years <= problem.latest[:, None])
    allowed &= years + problem.duration[:, None] <= problem.years
    project, start = np.nonzero(allowed)
    position, row, amount = problem.footprint(project, start)
    broken = position[amount > problem.capacity[row]]
    allowed[project[broken], start[broken]] = False
    allowed[_torn(problem)] = False
    return closed(problem, allowed)


def closed(problem: Portfolio, allowed: Bools) -> Bools:
    """The starts, (n, T), before which every prerequisite has a start, too."""
    allowed, needed = allowed.copy(), prerequisites_of(problem)
    for j in order(problem).tolist():
        for other in needed[j]:
            starts = np.flatnonzero(allowed[other])
            ended = starts[0] + problem.duration[other] if len(starts) else problem.planning
            allowed[j, :ended] = False
    return allowed


def _torn(problem: Portfolio) -> list[int]:
    """Projects that need, with themselves, two that exclude one another; sets are bits of whole numbers."""
    excluded = [0] * problem.projects
    for one, other in problem.exclusions.tolist():
        excluded[one] |= 1 << other
        excluded[other] |= 1 << one
    needed = prerequisites_of(problem)
    chain, barred, torn = [0] * problem.projects, excluded, []
    for j in order(problem).tolist():
        chain[j] |= 1 << j
        for other in needed[j]:
            chain[j] |= chain[other]
            barred[j] |= barred[other]
        if chain[j] & barred[j]:
            torn.append(j)
    return torn

"""The linear relaxation in step variables, its duals and its rounding.

Columns are z(j, s) = "j has started by s" for the allowed starts of each project alone, so that a start is a
difference of two columns and a prerequisite needs two entries a row (the step formulation of Pritsker and
Watters 1968; for its strength see Cavalcante, de Souza, Savelsbergh, Wang and Wolsey 2001).
"""

from dataclasses import dataclass

import numpy as np

from vallum.solve.builder import Builder, Program
from vallum.solve.highs import Session, SolverFailed
from vallum.solve.limits import Budget
from vallum.solve.portfolio.problem import Bools, Floats, Ints, Portfolio

__all__ = ["Duals", "Relaxed", "Steps", "cliques", "relax", "steps", "unpriced"]


@dataclass(frozen=True, slots=True)
class Duals:
    """Prices of the relaxation, all at least 0.

    Attributes
    ----------
    budget : (rows,) array
        Of the rows of `Portfolio.capacity`.
    clique : (cliques,) array
        Of sets of projects that exclude one another.
    extra : (links,) array
        Of the rows `Steps.links` whose prerequisite is not the project's first.
    """

    budget: Floats
    clique: Floats
    extra: Floats


@dataclass(frozen=True, slots=True)
class Steps:
    """The programme and where its columns and rows come from.

    Attributes
    ----------
    program : Program
        min -value.
    project, start : (columns,) int arrays
    cliques : tuple of tuples of int
    links : (k, 4) int array
        Rows of extra prerequisites: project, its start, other, the other's last start in time.
    """

    program: Program
    project: Ints
    start: Ints
    cliques: tuple[tuple[int, ...], ...]
    links: Ints


@dataclass(frozen=True, slots=True)
class Relaxed:
    """A solved relaxation.

    Attributes
    ----------
    value : float
        Of the linear programme; proven by `loss.price` from the duals alone.
    x : (n, T) array
        Share of each start.
    duals : Duals
    """

    value: float
    x: Floats
    duals: Duals


def cliques(problem: Portfolio) -> tuple[tuple[int, ...], ...]:
    """Sets of projects that exclude one another pairwise, greedily so large that they cover every pair."""
    near: dict[int, set[int]] = {}
    for one, other in problem.exclusions.tolist():
        near.setdefault(one, set()).add(other)
        near.setdefault(other, set()).add(one)
    covered: set[tuple[int, int]] = set()
    found = []
    for one, other in problem.exclusions.tolist():
        if (one, other) in covered:
            continue
        clique = [one, other]
        common = near[one] & near[other]
        while common:
            clique.append(min(common))
            common = common & near[clique[-1]]
        clique.sort()
        covered.update((a, b) for i, a in enumerate(clique) for b in clique[i + 1 :])
        found.append(tuple(clique))
    return tuple(found)


def steps(problem: Portfolio, allowed: Bools) -> Steps:
    """Build the relaxation over the allowed starts, (n, T)."""
    builder = Builder()
    project, start = np.nonzero(allowed)
    count = len(project)
    worth = problem.worth[project, start]
    same_as_next = np.append(project[1:] == project[:-1], False) if count else np.empty(0, bool)
    following = np.where(same_as_next, np.append(worth[1:], 0.0), 0.0) if count else worth
    z = builder.add_columns("z", count, cost=following - worth, upper=1.0)
    position, row, amount = problem.footprint(project, start)
    rows = builder.add_rows("budget", len(problem.capacity), upper=problem.capacity, rule="budget")
    builder.add(rows[row], z[position], amount)
    later = position > 0
    later[later] &= same_as_next[position[later] - 1]
    builder.add(rows[row[later]], z[position[later] - 1], -amount[later])
    chain = np.flatnonzero(same_as_next)
    rows = builder.add_rows("chain", len(chain), upper=0.0, rule="started once")
    builder.add(rows, z[chain], 1.0)
    builder.add(rows, z[chain + 1], -1.0)
    column = np.full(allowed.shape, -1)
    column[project, start] = z
    tree, links = _links(problem, allowed)
    for name, some in (("tree", tree), ("link", links)):
        rows = builder.add_rows(name, len(some), upper=0.0, rule="prerequisite")
        builder.add(rows, column[some[:, 0], some[:, 1]], 1.0)
        builder.add(rows, column[some[:, 2], some[:, 3]], -1.0)
    groups = cliques(problem)
    rows = builder.add_rows("clique", len(groups), upper=1.0, rule="exclusion")
    last = problem.planning - 1 - allowed[:, ::-1].argmax(axis=1)
    for k, group in enumerate(groups):
        able = [j for j in group if allowed[j].any()]
        builder.add(rows[k], column[able, last[able]], 1.0)
    return Steps(builder.program(), project, start, groups, links)


def _links(problem: Portfolio, allowed: Bools) -> tuple[Ints, Ints]:
    """Rows of first prerequisites and of further ones: project, start, other, its last start in time.

    A row is left out where the project's next start meets the same start of the other, since it implies
    this one.
    """
    years = np.arange(problem.planning)
    #: Last allowed start at or before each year, -1: none.
    last = np.maximum.accumulate(np.where(allowed, years, -1), axis=1)
    rows: tuple[list[Ints], list[Ints]] = ([], [])
    seen: set[int] = set()
    for j, other in problem.prerequisites.tolist():
        mine = np.flatnonzero(allowed[j])
        met = last[other, mine - problem.duration[other]] if len(mine) else mine
        kept = np.append(met[1:] != met[:-1], True)[: len(mine)]
        part = np.stack(
            (np.full(kept.sum(), j), mine[kept], np.full(kept.sum(), other), met[kept]), axis=1
        ).astype(np.int64)
        rows[j in seen].append(part)
        seen.add(j)
    nothing = np.empty((0, 4), np.int64)
    return np.concatenate([nothing, *rows[0]]), np.concatenate([nothing, *rows[1]])


def unpriced(made: Steps, allowed: Bools) -> Relaxed:
    """All prices 0 and no start taken: where nothing has been solved."""
    rows = len(made.program.rows_of("budget"))
    duals = Duals(np.zeros(rows), np.zeros(len(made.cliques)), np.zeros(len(made.links)))
    return Relaxed(float("inf"), np.zeros(allowed.shape), duals)


def relax(made: Steps, allowed: Bools, budget: Budget, *, interior: bool = False) -> Relaxed:
    """Solve the relaxation.

    Parameters
    ----------
    made : Steps
        Of `steps`.
    allowed : (n, T) bool array
        Of `allowed_starts`.
    budget : Budget
    interior : bool
        By the interior-point method: quicker beyond some thousand projects, with duals within its tolerance.

    Raises
    ------
    SolverFailed
        When the solver ended without an optimum, also for want of time.
    """
    p = made.program
    session = Session(p.cost, p.lower, p.upper, p.matrix, p.row_lower, p.row_upper, budget)
    answer = session.lp(interior=interior)
    if answer.x is None or answer.row_dual is None:
        raise SolverFailed(
            f"the linear relaxation of the portfolio ended without an optimum ({answer.status})",
            where="portfolio", rule="limits", remedy="give more time",
        )  # fmt: skip
    dual = np.maximum(-answer.row_dual, 0.0)
    x = np.zeros(allowed.shape)
    same = np.append(False, made.project[1:] == made.project[:-1])
    x[made.project, made.start] = answer.x - np.where(same, np.append(0.0, answer.x[:-1]), 0.0)
    duals = Duals(*(dual[p.rows_of(name)] for name in ("budget", "clique", "link")))
    return Relaxed(-answer.value, x, duals)

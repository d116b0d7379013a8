"""Where new units stand in the model, and which limits can bind there at all.

What cannot bind gets no rows: a line that could deliver everything useful in one year, crews enough for the
whole gap. That keeps a large region's model small without changing its answer.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vallum.model.procurement.problem import Problem

__all__ = ["NONE", "Cells", "cells_of", "short_crews", "tight_lines"]

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
#: Position of what does not exist.
NONE = -1
_NEAR = 1e-9


@dataclass(frozen=True, slots=True)
class Cells:
    """Stock cells: new units of one member, crew family, class, and connection."""

    state: Ints
    family: Ints  # NONE: no crews
    klass: Ints
    connects: Bools
    counted: Bools  # whether crews or nodes can keep units from counting
    of: Ints  # (N, P) cell of a member's programme, NONE if it may not join
    pool: Ints  # (cells,) stock that holds the units: what counts anyway is one stock per member and class
    head: Ints  # (pools,) first cell of each pool


def cells_of(problem: Problem) -> Cells:
    """Distinct (member, family, class, connects) of the programmes a member may join."""
    programme = problem.programme
    n, p = np.nonzero(problem.greatest > 0)
    key = np.stack((n, programme.family[p], programme.klass[p], programme.connects[p].astype(int)), axis=1)
    unique, inverse = np.unique(key, axis=0, return_inverse=True)
    of = np.full(problem.greatest.shape, NONE)
    of[n, p] = inverse.ravel()
    state, family, klass, connects = unique.reshape(-1, 4).T
    counted = problem.needs_gateway[klass] & (problem.nodes_per_unit[klass] > 0) & (connects == 0)
    crewed = family >= 0
    counted[crewed] |= short_crews(problem, key[:, :3])[state[crewed], family[crewed]]
    apart = np.where(counted, np.arange(len(counted)), NONE)
    place = np.stack((state, klass, apart), axis=1)
    _, head, pool = np.unique(place, axis=0, return_index=True, return_inverse=True)
    return Cells(state, family, klass, connects.astype(bool), counted, of, pool.ravel(), head)


def short_crews(problem: Problem, place: Ints) -> Bools:
    """Families whose crews could bind; more units than the gap never count, so the rest never do.

    Parameters
    ----------
    problem : Problem
    place : (cells, 3) array
        Member, family and class of cells, repeats allowed.

    Returns
    -------
    (N, F) array
    """
    wanted = np.zeros(problem.crew.free.shape)
    for state, family, klass in np.unique(place, axis=0).reshape(-1, 3):
        if family >= 0:
            wanted[state, family] += problem.gap[state, klass]
    out: Bools = np.any(wanted > problem.crew.free + _NEAR, axis=2)
    return out


def tight_lines(problem: Problem) -> Bools:
    """Lines that could bind, even if everything useful came in one year, shape (L,)."""
    programme = problem.programme
    least = np.maximum(programme.least, programme.least_alone)
    most = (np.maximum(problem.greatest, least) * (problem.greatest > 0)).sum(axis=0) * programme.line_units
    total = np.bincount(programme.line, weights=most, minlength=len(problem.lines))
    could: Bools = np.any(total[:, None] > problem.line.capacity + _NEAR, axis=1)
    return could

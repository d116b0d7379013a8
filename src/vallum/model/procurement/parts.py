"""The independent parts of a programme."""

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csc_array
from scipy.sparse.csgraph import connected_components

from vallum.model.procurement.cells import NONE
from vallum.solve import Sparse

__all__ = ["parts"]

Ints = NDArray[np.int64]


def parts(matrix: Sparse, rows: Ints, columns: Ints) -> list[tuple[Ints, Ints]]:
    """Rows and columns of each independent part of a matrix."""
    place = np.full(matrix.rows, NONE)
    place[rows] = np.arange(len(rows))
    picked = matrix.pick(columns, place, len(rows))
    owner = np.repeat(len(rows) + np.arange(len(columns)), np.diff(picked.start))
    nodes = len(rows) + len(columns)
    links = csc_array((np.ones(len(owner), np.int8), (picked.index, owner)), shape=(nodes, nodes))
    number, label = connected_components(links, directed=False)
    order = np.argsort(label, kind="stable")
    ends = np.cumsum(np.bincount(label, minlength=number))[:-1]
    pieces = np.split(order, ends)
    split = [(rows[p[p < len(rows)]], columns[p[p >= len(rows)] - len(rows)]) for p in pieces]
    return [(r, c) for r, c in split if len(r) and len(c)]

"""The same problem over sets of kinds: what each row is worth when a set of kinds covers it wholly.

Worth of a row as a function of its covers y is multilinear: the mean, over independent draws of each kind
with probability y, of a function of sets. That table holds sights, depths, weights and lost kinds, and two
rows that the same options cover alike become one by adding their tables.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csc_array, csr_array

from vallum.solve.covering.problem import Cover, Floats, Ints, Matrix

__all__ = ["Tables", "boxed", "mean", "slopes", "tables"]

Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Tables:
    """Rows that differ, and what sets of kinds are worth there.

    Attributes
    ----------
    share : (rows, options) csr_array
    kind : (options,) int array
    worth : (cases, rows, 2^C) array
        Worth of a row when exactly the kinds of a set (bit c for kind c) cover it, as a share of all weight;
        one case for each lost kind, or one.
    """

    share: Matrix
    kind: Ints
    worth: Floats

    @property
    def kinds(self) -> int:
        """Number of kinds, C."""
        return int(self.worth.shape[2]).bit_length() - 1

    def column(self) -> "csc_array[np.float64]":
        """Shares by option."""
        return csc_array(self.share)

    def load(self, x: Ints) -> Floats:
        """Sum of shares of each kind, not cut at 1, (rows, C)."""
        parts = [self.share @ np.where(self.kind == c, x, 0).astype(np.float64) for c in range(self.kinds)]
        return np.column_stack(parts)

    def value(self, x: Ints) -> float:
        """Least worth over the cases."""
        y = np.minimum(1.0, self.load(x))
        return float(mean(self.worth, y).sum(axis=1).min()) if self.worth.shape[1] else 0.0


def tables(problem: Cover) -> Tables:
    """Worth of sets of kinds in every row that differs from the others."""
    total = float(problem.weight.sum()) or 1.0
    cases = [_sets(problem, lost) * (problem.weight / total)[:, None] for lost in problem.lost or (None,)]
    return _merged(problem.share, problem.kind, np.stack(cases))


def _merged(share: Matrix, kind: Ints, worth: Floats) -> Tables:
    """Make one row of all that are covered alike, without those that are not covered or worth nothing."""
    groups: dict[bytes, int] = {}
    owner = np.full(share.shape[0], -1)
    first: list[int] = []
    wanted = (np.diff(share.indptr) > 0) & (worth.max(axis=(0, 2), initial=0.0) > 0.0)
    for r in np.flatnonzero(wanted).tolist():
        a, b = int(share.indptr[r]), int(share.indptr[r + 1])
        name = share.indices[a:b].tobytes() + share.data[a:b].tobytes()
        owner[r] = groups.setdefault(name, len(first))
        if owner[r] == len(first):
            first.append(r)
    used = np.flatnonzero(owner >= 0)
    sums = csr_array((np.ones(len(used)), (owner[used], used)), shape=(len(first), share.shape[0]))
    return Tables(
        csr_array(share[np.array(first, np.int64)]), kind, np.stack([sums @ case for case in worth])
    )


def _sets(problem: Cover, lost: int | None) -> Floats:
    """Worth of each row for every set of kinds that cover it, (rows, 2^C)."""
    kinds, depth = problem.kinds, problem.depth
    seen = np.zeros((problem.share.shape[0], 1 << kinds, len(depth) + 1))
    seen[:, :, 0] = 1.0
    for c in range(kinds):
        if c == lost:
            continue
        with_it = (np.arange(1 << kinds) >> c & 1).astype(bool)
        chance = problem.sight[:, c, None, None] * with_it[None, :, None]
        seen[:, :, 1:] += chance * (seen[:, :, :-1] - seen[:, :, 1:])
    return np.asarray(seen[:, :, 1:] @ depth)


def mean(worth: Floats, y: Floats) -> Floats:
    """Mean worth over independent draws of the kinds, (cases, rows).

    Parameters
    ----------
    worth : (cases, rows, 2^C) array
    y : (rows, C) array
    """
    for c in range(y.shape[1] - 1, -1, -1):
        half = worth.shape[2] // 2
        worth = worth[:, :, :half] + y[:, c, None] * (worth[:, :, half:] - worth[:, :, :half])
    return worth[:, :, 0]


def slopes(worth: Floats, y: Floats) -> tuple[Floats, Floats]:
    """Mean worth, (cases, rows), and its derivatives by y, (cases, rows, C).

    Parameters
    ----------
    worth : (cases, rows, 2^C) array
    y : (rows, C) array
    """
    kinds = y.shape[1]
    out = np.empty((*worth.shape[:2], kinds))
    for c in range(kinds - 1, -1, -1):
        half = worth.shape[2] // 2
        step = worth[:, :, half:] - worth[:, :, :half]
        out[:, :, c] = mean(step, y[:, :c])
        worth = worth[:, :, :half] + y[:, c, None] * step
    return worth[:, :, 0], out


def boxed(given: Tables, most: Ints) -> Tables:
    """Shares and worths over the cover that units can reach: from [0, reached] stretched to [0, 1].

    The least concave function above a smaller box is a tighter bound; nothing else changes. Rows that have
    become alike are merged.

    Parameters
    ----------
    given : Tables
    most : (options,) int array
        Greatest number of units.
    """
    reach = np.minimum(1.0, given.load(most))
    worth = given.worth.copy()
    sets = np.arange(worth.shape[2])
    for c in range(given.kinds):
        has = sets >> c & 1 == 1
        low, part = worth[:, :, ~has], reach[:, c, None]
        worth[:, :, has] = low + part * (worth[:, :, has] - low)
    entries = given.share.tocoo()
    row, option = entries.coords
    wide = np.where(most[option] > 0, entries.data, 0.0)
    scale = reach[row, given.kind[option]]
    data = np.divide(wide, scale, out=np.zeros_like(wide), where=scale > 0)
    share = csr_array((data, (row, option)), shape=given.share.shape)
    share.eliminate_zeros()
    share.sort_indices()
    return _merged(share, given.kind, worth)

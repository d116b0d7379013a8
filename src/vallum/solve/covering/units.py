"""Units one by one: the columns of every relaxation.

Unit i of an option covers of a row what the units before it leave below 1, so that with many units of one
option a fraction of one does not pass for more than it is.
"""

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array

from vallum.solve.covering.problem import Cover, Floats, Ints, Matrix
from vallum.solve.covering.tables import Tables, boxed

__all__ = ["Units", "affordable", "expand"]


@dataclass(frozen=True, slots=True)
class Units:
    """Columns of a relaxation, over stretched covers.

    Attributes
    ----------
    box : Tables
        Stretched to the cover that the units can reach.
    most : (options,) int array
        Units of each option that are columns.
    option, level : (units,) int arrays
        Option of each unit, and how many units of it stand before.
    cover : (rows * C, units) csr_array
        Cover of each row (by kind within row) by each unit, after those of its option that stand before.
    plain : (entries,) array
        The same in the order of the entries of `cover`, as if it stood alone.
    cost : (units,) array
    spend : (R, units) array
        Cost where it counts towards a budget, else 0.
    """

    box: Tables
    most: Ints
    option: Ints
    level: Ints
    cover: Matrix
    plain: Floats
    cost: Floats
    spend: Floats

    @property
    def count(self) -> int:
        """Number of columns."""
        return len(self.option)

    def some(self, columns: Ints) -> "Units":
        """A part of the columns, over the same stretched covers."""
        place = np.full(self.count, -1)
        place[columns] = np.arange(len(columns))
        kept = np.flatnonzero(place[self.cover.indices] >= 0)
        start = np.searchsorted(kept, self.cover.indptr)
        shape = (self.cover.shape[0], len(columns))
        cover = csr_array((self.cover.data[kept], place[self.cover.indices[kept]], start), shape=shape)
        option = self.option[columns]
        most = np.bincount(option, minlength=len(self.most))
        return Units(
            self.box, most, option, self.level[columns], cover, self.plain[kept], self.cost[columns],
            self.spend[:, columns],
        )  # fmt: skip

    def standing(self, x: Ints) -> Floats:
        """1 for each unit that a siting has, else 0, (units,)."""
        return (self.level < x[self.option]).astype(np.float64)

    def siting(self, part: Floats) -> Floats:
        """Sum of the units of each option, (options,)."""
        return np.asarray(np.bincount(self.option, part, minlength=len(self.most)), np.float64)


def affordable(problem: Cover) -> Ints:
    """Units of each option that any budget allows, at most `most`, (options,)."""
    if not len(problem.budget):
        return problem.most
    room = np.where(problem.spend, problem.ceiling()[:, None] // problem.cost, np.inf).min(axis=0)
    return np.asarray(np.minimum(problem.most, room), np.int64)


def expand(problem: Cover, given: Tables, most: Ints) -> Units:
    """Write the units of each option as columns.

    Parameters
    ----------
    problem : Cover
    given : Tables
    most : (options,) int array
    """
    box = boxed(given, most)
    option = np.repeat(np.arange(problem.options), most)
    level = np.arange(len(option)) - (np.cumsum(most) - most)[option]
    entries = box.share.tocsc()
    counts = np.diff(entries.indptr)[option]
    ends = np.cumsum(counts)
    total = int(ends[-1]) if len(ends) else 0
    at = np.arange(total) + np.repeat(entries.indptr[:-1][option] - (ends - counts), counts)
    unit = np.repeat(np.arange(len(option)), counts)
    plain = entries.data[at]
    share = np.clip(1.0 - level[unit] * plain, 0.0, plain)
    row = entries.indices[at].astype(np.int64) * box.kinds + box.kind[option[unit]]
    kept = np.flatnonzero(share > 0.0)
    kept = kept[np.lexsort((unit[kept], row[kept]))]
    height = box.share.shape[0] * box.kinds
    start = np.concatenate(([0], np.cumsum(np.bincount(row[kept], minlength=height))))
    cover = csr_array((share[kept], unit[kept], start), shape=(height, len(option)))
    cost = problem.cost[option]
    return Units(box, most, option, level, cover, plain[kept], cost, problem.spend[:, option] * cost)

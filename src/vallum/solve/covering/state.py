"""A siting that is changed unit by unit, with the gain of one more unit of every option kept up to date."""

import numpy as np

from vallum.solve.covering.problem import Cover, Floats, Ints
from vallum.solve.covering.tables import Tables, slopes

__all__ = ["State"]


class State:
    """Units, what they are worth, and what one more of each would gain.

    Worth is linear in each cover below 1, so that a gain is the sum over rows of the slope there times the
    cover that the unit adds; after a change only the rows that it covers are reckoned again.

    Parameters
    ----------
    problem : Cover
    given : Tables
    x : (options,) int array, optional
        Units at the beginning.
    most : (options,) int array, optional
        Greatest number of units; that of the problem without it.

    Attributes
    ----------
    x : (options,) int array
    values : (cases,) array
        Worth in each case.
    gains : (cases, options) array
        Gain of one more unit in each case.
    left : (R,) array
        What is left of each budget.
    touched : int
        Entries of the matrix that were reckoned again, the measure of work.
    """

    def __init__(
        self, problem: Cover, given: Tables, x: Ints | None = None, most: Ints | None = None
    ) -> None:
        self.problem, self._given = problem, given
        self.most = problem.most if most is None else most
        self._share = given.share
        self._option = given.share.indices.astype(np.int64)
        self._columns = given.column()
        self._entry_kind = given.kind[self._option]
        self.touched = 0
        self.reset(np.zeros(problem.options, np.int64) if x is None else x)

    def reset(self, x: Ints) -> None:
        """Begin again from other units."""
        given = self._given
        self.x = np.array(x, np.int64)
        self._load = given.load(self.x)
        y = np.minimum(1.0, self._load)
        self._worth, self._slope = slopes(given.worth, y)
        self.values = self._worth.sum(axis=1)
        self.left = self.problem.ceiling() - self.problem.spend @ (self.problem.cost * self.x)
        rows = np.repeat(np.arange(len(y)), np.diff(self._share.indptr))
        self._part = self._parts(np.arange(len(rows)), rows)
        self.gains = self._sum(self._option, self._part)
        self.touched += len(rows)

    @property
    def value(self) -> float:
        """Least worth over the cases."""
        return float(self.values.min())

    def step(self, option: int, units: int) -> None:
        """Add units of an option, or take them away."""
        self.x[option] += units
        self.left -= units * self.problem.cost[option] * self.problem.spend[:, option]
        a, b = self._columns.indptr[option], self._columns.indptr[option + 1]
        rows, c = self._columns.indices[a:b].astype(np.int64), int(self._given.kind[option])
        before = self._load[rows, c]
        after = before + units * self._columns.data[a:b]
        self._load[rows, c] = after
        rows = rows[np.minimum(before, 1.0) != np.minimum(after, 1.0)]
        if not len(rows):
            return
        y = np.minimum(1.0, self._load[rows])
        new, self._slope[:, rows] = slopes(self._given.worth[:, rows], y)
        self.values = self.values + (new - self._worth[:, rows]).sum(axis=1)
        self._worth[:, rows] = new
        entries, owner = self._entries(rows)
        part = self._parts(entries, owner)
        self.gains += self._sum(self._option[entries], part - self._part[:, entries])
        self._part[:, entries] = part
        self.touched += len(entries)

    def open(self) -> Ints:
        """Options of which one more unit may be bought."""
        spend, cost = self.problem.spend, self.problem.cost
        room = (self.x < self.most) & (~spend | (cost <= self.left[:, None])).all(axis=0)
        return np.flatnonzero(room)

    def near(self, option: int) -> Floats:
        """How much each option covers of the rows that one covers, (options,)."""
        a, b = self._columns.indptr[option], self._columns.indptr[option + 1]
        entries, _ = self._entries(self._columns.indices[a:b].astype(np.int64))
        self.touched += len(entries)
        shares: Floats = self._sum(self._option[entries], self._share.data[None, entries])[0]
        return shares

    def _entries(self, rows: Ints) -> tuple[Ints, Ints]:
        """Positions of all entries of some rows, and the row of each."""
        starts = self._share.indptr[rows].astype(np.int64)
        counts = self._share.indptr[rows + 1] - starts
        ends = np.cumsum(counts)
        return np.arange(ends[-1]) + np.repeat(starts - (ends - counts), counts), np.repeat(rows, counts)

    def _parts(self, entries: Ints, rows: Ints) -> Floats:
        """Gain of one more unit in one row, (cases, entries)."""
        kind = self._entry_kind[entries]
        more = np.minimum(self._share.data[entries], np.maximum(0.0, 1.0 - self._load[rows, kind]))
        return np.asarray(self._slope[:, rows, kind] * more)

    def _sum(self, options: Ints, parts: Floats) -> Floats:
        return np.stack([np.bincount(options, part, minlength=self.problem.options) for part in parts])

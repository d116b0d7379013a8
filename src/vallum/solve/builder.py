"""Columnar model builder: named blocks of columns and rows over sparse index arrays.

A model is written as a few vectorised calls; the entries are kept as three flat arrays and become one
column-wise matrix at the end. Duplicate (row, column) entries are summed, because HiGHS must not see them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["Builder", "Program", "RowFamily", "Sparse"]

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
INF = float("inf")


@dataclass(frozen=True, slots=True)
class Sparse:
    """Column-wise sparse matrix: entries of column j are start[j]..start[j+1]."""

    start: Ints
    index: Ints
    value: Floats
    rows: int

    @property
    def columns(self) -> int:
        """Number of columns."""
        return len(self.start) - 1

    def transpose_times(self, dual: Floats) -> Floats:
        """A^T y, shape (columns,)."""
        result = np.zeros(self.columns)
        filled = np.flatnonzero(np.diff(self.start))
        if len(filled):
            # reduceat would give an empty column the next column's first product
            result[filled] = np.add.reduceat(self.value * dual[self.index], self.start[filled])
        return result

    def times(self, x: Floats) -> Floats:
        """A x, shape (rows,)."""
        weights = self.value * np.repeat(x, np.diff(self.start))
        return np.bincount(self.index, weights=weights, minlength=self.rows)

    def pick(self, columns: Ints, row_map: Ints, rows: int) -> "Sparse":
        """Sub-matrix of the given columns with `rows` rows; `row_map` gives each row's new place, -1: none."""
        counts = self.start[columns + 1] - self.start[columns]
        ends = np.cumsum(counts)
        within = np.arange(ends[-1] if len(ends) else 0) - np.repeat(ends - counts, counts)
        entries = np.repeat(self.start[columns], counts) + within
        place = row_map[self.index[entries]]
        kept = place >= 0
        owner = np.repeat(np.arange(len(columns)), counts)[kept]
        start = np.concatenate(([0], np.cumsum(np.bincount(owner, minlength=len(columns)))))
        return Sparse(start.astype(np.int64), place[kept], self.value[entries][kept], rows)


@dataclass(frozen=True, slots=True)
class RowFamily:
    """A named block of rows and what each of them means.

    Attributes
    ----------
    name, rule, source, sentence : str
        Block name, rule in words, table that sets it, and an English sentence with the placeholders
        {state}, {item} and {year}.
    start, count : int
        Position in the model.
    state, item, year : tuple of str or int arrays
        Labels per row; an empty sequence when the family has no such label.
    """

    name: str
    rule: str
    source: str
    sentence: str
    start: int
    count: int
    state: Sequence[str] = ()
    item: Sequence[str] = ()
    year: Sequence[int] = ()

    def say(self, row: int) -> str:
        """The sentence of the row at position `row` of the model."""
        k = row - self.start
        return self.sentence.format(
            state=self.state[k] if len(self.state) else "",
            item=self.item[k] if len(self.item) else "",
            year=self.year[k] if len(self.year) else "",
        )


@dataclass(frozen=True, slots=True)
class Program:
    """A linear or mixed-integer programme, min cost x, lower <= A x <= upper.

    All arrays follow the order in which blocks were added.
    """

    cost: Floats
    lower: Floats
    upper: Floats
    integer: NDArray[np.bool_]
    matrix: Sparse
    row_lower: Floats
    row_upper: Floats
    columns: Mapping[str, slice]
    families: Mapping[str, RowFamily]

    def rows_of(self, name: str) -> Ints:
        """Row positions of a family."""
        family = self.families[name]
        return np.arange(family.start, family.start + family.count)

    def family_of(self, row: int) -> RowFamily:
        """The family that a row belongs to."""
        return next(f for f in self.families.values() if f.start <= row < f.start + f.count)


@dataclass(slots=True)
class Builder:
    """Collects blocks of columns, rows and entries; `program()` closes the model."""

    _columns: dict[str, slice] = field(default_factory=dict)
    _families: dict[str, RowFamily] = field(default_factory=dict)
    _col: list[tuple[Floats, Floats, Floats, NDArray[np.bool_]]] = field(default_factory=list)
    _row: list[tuple[Floats, Floats]] = field(default_factory=list)
    _entry: list[tuple[Ints, Ints, Floats]] = field(default_factory=list)
    _n_columns: int = 0
    _n_rows: int = 0

    def add_columns(
        self,
        name: str,
        count: int,
        *,
        cost: ArrayLike = 0.0,
        lower: ArrayLike = 0.0,
        upper: ArrayLike = INF,
        integer: bool = False,
    ) -> Ints:
        """Add a block of columns and return its positions."""
        block = tuple(np.broadcast_to(np.asarray(v, float).ravel(), count) if count else np.empty(0)
                      for v in (cost, lower, upper))  # fmt: skip
        self._col.append((block[0], block[1], block[2], np.full(count, integer)))
        self._columns[name] = slice(self._n_columns, self._n_columns + count)
        positions = np.arange(self._n_columns, self._n_columns + count)
        self._n_columns += count
        return positions

    def add_rows(
        self,
        name: str,
        count: int,
        *,
        lower: ArrayLike = -INF,
        upper: ArrayLike = INF,
        rule: str,
        source: str = "",
        sentence: str = "",
        state: Sequence[str] = (),
        item: Sequence[str] = (),
        year: Sequence[int] = (),
    ) -> Ints:
        """Add a block of rows and return its positions."""
        low = np.broadcast_to(np.asarray(lower, float).ravel(), count) if count else np.empty(0)
        high = np.broadcast_to(np.asarray(upper, float).ravel(), count) if count else np.empty(0)
        self._row.append((low, high))
        self._families[name] = RowFamily(name, rule, source, sentence, self._n_rows, count, state, item, year)
        positions = np.arange(self._n_rows, self._n_rows + count)
        self._n_rows += count
        return positions

    def add(self, rows: ArrayLike, columns: ArrayLike, values: ArrayLike) -> None:
        """Add entries; the three arguments broadcast against each other."""
        row, column, value = np.broadcast_arrays(
            np.asarray(rows), np.asarray(columns), np.asarray(values, float)
        )
        self._entry.append((row.ravel().astype(np.int64), column.ravel().astype(np.int64), value.ravel()))

    @property
    def rows(self) -> int:
        """Number of rows so far."""
        return self._n_rows

    def program(self) -> Program:
        """Close the model: sort the entries by column, sum duplicates, drop zeros."""
        rows = np.concatenate([e[0] for e in self._entry] or [np.empty(0, np.int64)])
        columns = np.concatenate([e[1] for e in self._entry] or [np.empty(0, np.int64)])
        values = np.concatenate([e[2] for e in self._entry] or [np.empty(0)])
        key = columns * max(self._n_rows, 1) + rows
        order = np.argsort(key, kind="stable")
        key, values = key[order], values[order]
        first = (
            np.flatnonzero(np.concatenate(([True], key[1:] != key[:-1])))
            if len(key)
            else np.empty(0, np.int64)
        )
        summed = np.add.reduceat(values, first) if len(first) else np.empty(0)
        kept = summed != 0.0
        key, summed = key[first][kept], summed[kept]
        owner = key // max(self._n_rows, 1)
        start = np.concatenate(([0], np.cumsum(np.bincount(owner, minlength=self._n_columns)))).astype(
            np.int64
        )
        parts = [np.concatenate([c[i] for c in self._col]) for i in range(3)]
        return Program(
            cost=parts[0],
            lower=parts[1],
            upper=parts[2],
            integer=np.concatenate([c[3] for c in self._col]),
            matrix=Sparse(start, key % max(self._n_rows, 1), summed, self._n_rows),
            row_lower=np.concatenate([r[0] for r in self._row]),
            row_upper=np.concatenate([r[1] for r in self._row]),
            columns=dict(self._columns),
            families=dict(self._families),
        )

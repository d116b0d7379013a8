"""Columnar model builder: named blocks of columns and rows over sparse index arrays.

A model is written as a few vectorised calls; the entries are kept as three flat arrays and become one
column-wise matrix at the end. Duplicate (row, column) entries are summed, because HiGHS must not see them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import coo_array

__all__ = ["Builder", "Labels", "Program", "RowFamily", "Sparse"]

Ints = NDArray[np.int64]
Small = NDArray[np.int32]
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
        out: Floats = np.bincount(self.index, weights=weights, minlength=self.rows).astype(np.float64)
        return out

    def pick(self, columns: Ints, row_map: Ints, rows: int) -> "Sparse":
        """Sub-matrix of some columns.

        Parameters
        ----------
        columns : array of column positions
        row_map : (self.rows,) array
            Each row's place in the sub-matrix, -1: left out.
        rows : int
            Number of rows of the sub-matrix.
        """
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
class Labels:
    """What each row of a family is about; an empty sequence where the family has no such label."""

    state: Sequence[str] = ()
    item: Sequence[str] = ()
    year: Sequence[int] = ()

    def of(self, k: int) -> tuple[str, str, int | None]:
        """State, item and year of the k-th row; empty or None where there is no such label."""
        return (
            self.state[k] if len(self.state) else "",
            self.item[k] if len(self.item) else "",
            self.year[k] if len(self.year) else None,
        )


NO_LABELS = Labels()


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
    labels : Labels
        State, item and year of each row.
    """

    name: str
    rule: str
    source: str
    sentence: str
    start: int
    count: int
    labels: Labels = NO_LABELS

    def say(self, row: int) -> str:
        """The sentence of the row at position `row` of the model."""
        state, item, year = self.labels.of(row - self.start)
        return self.sentence.format(state=state, item=item, year="" if year is None else year)


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
    _entry: list[tuple[Small, Small, Floats]] = field(default_factory=list)
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
        block = _filled(cost, count), _filled(lower, count), _filled(upper, count)
        self._col.append((*block, np.full(count, integer)))
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
        labels: Labels = NO_LABELS,
    ) -> Ints:
        """Add a block of rows and return its positions."""
        self._row.append((_filled(lower, count), _filled(upper, count)))
        self._families[name] = RowFamily(name, rule, source, sentence, self._n_rows, count, labels)
        positions = np.arange(self._n_rows, self._n_rows + count)
        self._n_rows += count
        return positions

    def add(self, rows: ArrayLike, columns: ArrayLike, values: ArrayLike) -> None:
        """Add entries; the three arguments broadcast against each other."""
        row, column, value = np.broadcast_arrays(
            np.asarray(rows), np.asarray(columns), np.asarray(values, float)
        )
        self._entry.append((row.ravel().astype(np.int32), column.ravel().astype(np.int32), value.ravel()))

    @property
    def rows(self) -> int:
        """Number of rows so far."""
        return self._n_rows

    def program(self) -> Program:
        """Close the model: sort the entries by column, sum duplicates, drop zeros."""
        rows = np.concatenate([e[0] for e in self._entry] or [np.empty(0, np.int32)])
        columns = np.concatenate([e[1] for e in self._entry] or [np.empty(0, np.int32)])
        values = np.concatenate([e[2] for e in self._entry] or [np.empty(0)])
        parts = [np.concatenate([c[i] for c in self._col] or [np.empty(0)]) for i in range(3)]
        return Program(
            cost=parts[0],
            lower=parts[1],
            upper=parts[2],
            integer=np.concatenate([c[3] for c in self._col] or [np.empty(0, bool)]),
            matrix=_column_wise(rows, columns, values, (self._n_rows, self._n_columns)),
            row_lower=np.concatenate([r[0] for r in self._row] or [np.empty(0)]),
            row_upper=np.concatenate([r[1] for r in self._row] or [np.empty(0)]),
            columns=dict(self._columns),
            families=dict(self._families),
        )


def _filled(value: ArrayLike, count: int) -> Floats:
    """One value for each of `count` columns or rows."""
    return np.broadcast_to(np.asarray(value, float).ravel(), count) if count else np.empty(0)


def _column_wise(rows: Small, columns: Small, values: Floats, shape: tuple[int, int]) -> Sparse:
    """Sort entries by column and row, sum duplicates, drop zeros."""
    matrix = coo_array((values, (rows, columns)), shape=shape).tocsc()
    matrix.sum_duplicates()
    matrix.eliminate_zeros()
    start, index = matrix.indptr.astype(np.int64), matrix.indices.astype(np.int64)
    return Sparse(start, index, matrix.data, shape[0])

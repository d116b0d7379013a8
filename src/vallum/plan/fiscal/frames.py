"""Arrays over states and years as rows of a table."""

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
import polars as pl

from vallum.model.finance.problem import Problem
from vallum.plan.fiscal.tables import FISCAL_TABLES

Values = npt.NDArray[np.generic] | Sequence[object] | str | float | bool


def by_year(problem: Problem, values: Mapping[str, Values], first_year: int | None = None) -> pl.DataFrame:
    """Return one row a state and year.

    Parameters
    ----------
    problem : Problem
    values : mapping of str to array of shape (S, T), or one value for all rows
        nan becomes an empty cell.
    first_year : int, optional
        First year of the rows; the base year unless given.
    """
    start = 0 if first_year is None else problem.column(first_year)
    years = problem.years[start:]
    columns: dict[str, pl.Series] = {
        "state": pl.Series(np.repeat(problem.states, years.size)),
        "year": pl.Series(np.tile(years, len(problem.states))),
    }
    for name, value in values.items():
        if isinstance(value, np.ndarray):
            columns[name] = pl.Series(np.ascontiguousarray(value[:, start:]).ravel())
    return _rest(pl.DataFrame(columns), values)


def by_state(problem: Problem, values: Mapping[str, Values]) -> pl.DataFrame:
    """Return one row a state; arrays have shape (S,)."""
    columns = {name: pl.Series(value) for name, value in values.items() if isinstance(value, np.ndarray)}
    return _rest(pl.DataFrame({"state": list(problem.states), **columns}), values)


def _rest(frame: pl.DataFrame, values: Mapping[str, Values]) -> pl.DataFrame:
    same = [pl.lit(v).alias(n) for n, v in values.items() if not isinstance(v, np.ndarray)]
    return frame.with_columns(*same).with_columns(pl.col(pl.Float64).fill_nan(None))


def joined(name: str, parts: Sequence[pl.DataFrame]) -> pl.DataFrame:
    """Put the parts of a table together, with its columns and types."""
    table = FISCAL_TABLES[name]
    kept = [part.select(list(table.schema)).cast(pl.Schema(table.schema)) for part in parts if part.height]
    return pl.concat(kept) if kept else table.empty()

"""What a solve returns: levels with their certificates, the plan's tables, and how the search went."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

__all__ = ["LEVELS", "Guide", "Level", "Point", "Solution"]

#: Names of the three levels of the lexicographic objective (section 10).
LEVELS = ("shortfall", "cost", "types")


@dataclass(frozen=True, slots=True)
class Level:
    """Value and certificate of one level.

    Attributes
    ----------
    name : str
        shortfall (gap-years), cost (EUR million, discounted) or types (number).
    value, bound : float
        Value of the plan found, and what no plan can be below.
    seconds : float
        Wall seconds spent on the level.
    """

    name: str
    value: float
    bound: float
    seconds: float

    @property
    def gap(self) -> float:
        """(value - bound) / |value|; 0 when both are 0."""
        return 0.0 if self.value == 0.0 else (self.value - self.bound) / abs(self.value)


@dataclass(frozen=True, slots=True)
class Point:
    """One point of the curve of value and bound over time."""

    seconds: float
    level: str
    value: float
    bound: float


@dataclass(frozen=True, slots=True)
class Guide:
    """What a bound was found with, to bound a problem that differs in its limits only.

    Attributes
    ----------
    level : int
    dual : (shared rows,) array
        Duals under which the bound was largest. They give a bound whatever the limits are.
    blocks, columns : arrays
        In the last master.
    listed : int
        Number of blocks in the formulation.
    """

    level: int
    dual: NDArray[np.float64]
    blocks: NDArray[np.int64]
    columns: NDArray[np.int64]
    listed: int


@dataclass(frozen=True, slots=True)
class Solution:
    """A plan of one mode.

    Attributes
    ----------
    tables : mapping of table name to DataFrame
        The plan tables but for `levels`, which `level_table` gives.
    status : str
        optimal, gap, time limit, work limit or interrupted.
    seconds : mapping of stage to wall seconds
    full : array
        Values of all columns of the formulation, to start another search from.
    guide : Guide or None
        Of the last level that was bounded by block generation.
    """

    mode: str
    levels: tuple[Level, ...]
    tables: Mapping[str, pl.DataFrame]
    status: str
    curve: tuple[Point, ...]
    seconds: Mapping[str, float]
    full: NDArray[np.float64]
    guide: Guide | None = None

    def level_table(self) -> pl.DataFrame:
        """The plan table `levels`; without clocks, so that equal plans are equal files."""
        return pl.DataFrame(
            {
                "level": list(range(1, len(self.levels) + 1)),
                "name": [level.name for level in self.levels],
                "value": [level.value for level in self.levels],
                "bound": [level.bound for level in self.levels],
                "gap": [level.gap for level in self.levels],
            }
        )

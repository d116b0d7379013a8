"""Uncertain numbers: low, mode and high, and draws of them that belong to a seed and a name."""

import zlib
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

__all__ = ["NOTHING", "Range", "triangular", "uniform"]

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Range:
    """Low, mode and high of an uncertain number."""

    low: float
    mode: float
    high: float

    def __add__(self, other: "Range") -> "Range":
        return Range(self.low + other.low, self.mode + other.mode, self.high + other.high)

    def times(self, factor: float) -> "Range":
        """Multiply by a number that is not negative."""
        return Range(factor * self.low, factor * self.mode, factor * self.high)


NOTHING = Range(0.0, 0.0, 0.0)


def triangular(of: Range, uniform: FloatArray) -> FloatArray:
    """Turn uniform draws into triangular ones by the inverse of the distribution."""
    width = of.high - of.low
    if width <= 0.0:
        return np.full_like(uniform, of.mode)
    turn = (of.mode - of.low) / width
    rising = of.low + np.sqrt(uniform * width * (of.mode - of.low))
    falling = of.high - np.sqrt((1.0 - uniform) * width * (of.high - of.mode))
    return np.where(uniform < turn, rising, falling)


def uniform(seed: int, name: str, rows: int, columns: int) -> FloatArray:
    """Return draws between 0 and 1 that belong to a seed and a name, shape (rows, columns).

    The first rows are the same whatever their number is.
    """
    return np.random.default_rng([seed, zlib.crc32(name.encode())]).random((rows, columns))

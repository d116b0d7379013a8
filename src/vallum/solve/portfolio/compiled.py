"""Compilation of the kernels, and their random numbers."""

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba
import numpy as np
from numpy.typing import NDArray

__all__ = ["Flags", "Randoms", "Small", "below", "compiled", "copy", "seeded", "unit"]

Small = NDArray[np.int32]
Flags = NDArray[np.bool_]
Randoms = NDArray[np.uint64]
F = TypeVar("F", bound=Callable[..., Any])


def compiled(function: F) -> F:
    """Compile a function of arrays and numbers, and keep the code on the disk where that may be written.

    Without the runtime for memory (`_nrt`) arrays in tuples carry no atomic reference counts, which would
    cost five times the work itself; in return such a function allocates nothing.
    """
    njit = cast("Any", numba.njit)  # its stubs do not know _nrt
    options = {"fastmath": True, "nogil": True, "_nrt": False}
    try:
        return cast("F", njit(cache=True, **options)(function))
    except RuntimeError:  # there is no folder that may be written
        return cast("F", njit(**options)(function))


def seeded(seed: int) -> Randoms:
    """State of the generator, never 0."""
    return np.random.default_rng(seed).integers(1, 2**63, 1, np.uint64)


@compiled
def _draw(random: Randoms) -> Any:
    """64 random bits: xorshift64* (Marsaglia 2003; Vigna 2016)."""
    x = random[0]
    x ^= x >> np.uint64(12)
    x ^= x << np.uint64(25)
    x ^= x >> np.uint64(27)
    random[0] = x
    return x * np.uint64(2685821657736338717)


@compiled
def below(random: Randoms, n: int) -> Any:
    """A whole number from 0 to n - 1."""
    return np.int64(((_draw(random) >> np.uint64(32)) * np.uint64(n)) >> np.uint64(32))


@compiled
def unit(random: Randoms) -> Any:
    """A number above 0 and below 1."""
    return (np.float64(_draw(random) >> np.uint64(11)) + 0.5) * (1.0 / 9007199254740992.0)


@compiled
def copy(source: NDArray[Any], target: NDArray[Any]) -> None:
    """Copy by a loop: an assignment to a slice would allocate."""
    for i in range(len(source)):
        target[i] = source[i]

"""Options that several commands share, and the checks of their values."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cyclopts import Parameter, Token

__all__ = [
    "Common",
    "a_folder",
    "a_fraction",
    "a_seed",
    "positive",
    "some_threads",
    "whole",
]

#: More than any machine has; the solver would ask for memory for each of them.
MOST_THREADS = 256
#: Of HiGHS, as of most random generators in C.
LARGEST_SEED = 2**31 - 1


@Parameter(name="*")
@dataclass(frozen=True)
class Common:
    """Options of every command."""

    json: bool = False
    "Write one JSON document to standard output and nothing else."
    debug: bool = False
    "Show the traceback of an error."


def positive(_: object, value: float | None) -> None:
    """Refuse a value that is not a finite number above zero."""
    if value is not None and not (math.isfinite(value) and value > 0):
        message = "It must be a number greater than 0."
        raise ValueError(message)


def a_seed(_: object, value: int) -> None:
    """Refuse a value that the solver does not take as a seed."""
    if not 0 <= value <= LARGEST_SEED:
        message = f"It must be from 0 to {LARGEST_SEED}."
        raise ValueError(message)


def some_threads(_: object, value: int) -> None:
    """Refuse a number of threads that no machine has."""
    if not 1 <= value <= MOST_THREADS:
        message = f"It must be from 1 to {MOST_THREADS}."
        raise ValueError(message)


def a_folder(_: object, tokens: Sequence[Token]) -> Path:
    """Read the name of a folder; an empty one, as an unset variable leaves, is not the folder one is in."""
    if not tokens[0].value.strip():
        message = "It must not be empty."
        raise ValueError(message)
    return Path(tokens[0].value)


def whole(_: object, tokens: Sequence[Token]) -> int:
    """Read a whole number; 1.5 is refused and not rounded."""
    try:
        return int(tokens[0].value)
    except ValueError:
        message = "It must be a whole number."
        raise ValueError(message) from None


def a_fraction(_: object, value: float | None) -> None:
    """Refuse a value outside 0 to 1."""
    if value is not None and not (math.isfinite(value) and 0 <= value < 1):
        message = "It must be a fraction from 0 to below 1, 0.01 for one per cent."
        raise ValueError(message)

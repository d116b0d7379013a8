"""What the parent and the worker tell each other: one problem in, lines of JSON out."""

from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from vallum.solve.schedule.network import Level, Network

__all__ = ["Done", "Problem", "Step", "line", "pack", "read", "unpack"]

Ints = NDArray[np.int64]


class Problem(msgspec.Struct, frozen=True):
    """All that the worker needs.

    Attributes
    ----------
    network : Network
    levels : tuple of Level
    bounds : tuple of int
        Known lower bound of each level.
    start : (A,) int array or None
        Starts of a feasible schedule.
    seconds, work : float or None
        Wall seconds and deterministic time of the solver.
    gap : float
        Relative gap at which a level counts as solved.
    seed, threads : int
    """

    network: Network
    levels: tuple[Level, ...]
    bounds: tuple[int, ...]
    start: Ints | None
    seconds: float | None
    work: float | None
    gap: float
    seed: int
    threads: int


class Step(msgspec.Struct, frozen=True, tag=True):
    """A better schedule or a better bound of one level; `starts` only with a better schedule."""

    level: int
    bound: int
    starts: tuple[int, ...] | None = None


class Done(msgspec.Struct, frozen=True, tag=True):
    """The end: "optimal", "limit" or "infeasible"."""

    status: str


def pack(problem: Problem) -> bytes:
    """Encode a problem, eight bytes of length first."""
    body = msgspec.msgpack.encode(problem, enc_hook=_array_out)
    return len(body).to_bytes(8, "big") + body


def unpack(body: bytes) -> Problem:
    """Decode what follows the length."""
    return msgspec.msgpack.decode(body, type=Problem, dec_hook=_array_in)


def line(message: Step | Done) -> bytes:
    """Encode a message of the worker as a line."""
    return msgspec.json.encode(message) + b"\n"


def read(text: bytes) -> Step | Done:
    """Decode a line of the worker."""
    return msgspec.json.decode(text, type=Step | Done)


def _array_out(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return value.dtype.str, value.shape, value.tobytes()
    raise NotImplementedError(type(value).__name__)


def _array_in(_: type, value: Any) -> Any:
    kind, shape, content = value
    return np.frombuffer(content, np.dtype(kind)).reshape(shape)

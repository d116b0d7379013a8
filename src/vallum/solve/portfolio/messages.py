"""What the parent and a worker tell each other: frames of MessagePack, arrays as raw bytes.

The parent sends one `Setup` and then any number of `Task`; the worker answers each with `Told` until one is
done. Nothing that could run code is ever read.
"""

import struct
from collections.abc import Callable
from typing import Any, TypeVar

import msgspec
import numpy as np
from numpy.typing import NDArray

from vallum.solve.portfolio.arrays import Guide
from vallum.solve.portfolio.job import Job, Kind, Progress
from vallum.solve.portfolio.problem import Ints, Portfolio

__all__ = ["Setup", "Task", "Told", "frame", "setup_of", "take", "task_of", "told_of"]

HEADER = struct.Struct("<Q")
#: Bound on what a header may announce.
MOST_BYTES = 2**31
#: Arrays of a portfolio and of a guide, in the order in which they travel.
PORTFOLIO = (
    "first", "cost", "value", "stream", "earliest", "latest", "prerequisites", "exclusions", "total",
    "ongoing", "initiation", "streams",
)  # fmt: skip
GUIDE = ("loss", "never", "prices")

S = TypeVar("S", bound=msgspec.Struct)


class Packed(msgspec.Struct, array_like=True):
    """An array."""

    kind: str
    shape: tuple[int, ...]
    content: bytes


class Setup(msgspec.Struct, array_like=True):
    """The problem and its guide; names stay at home."""

    projects: int
    planning: int
    rate: float
    problem: list[Packed]
    guide: list[Packed]

    def unpack(self) -> tuple[Portfolio, Guide]:
        """What was packed."""
        arrays = dict(zip(PORTFOLIO, map(_unpacked, self.problem), strict=True))
        names = ("",) * self.projects
        problem = Portfolio(names=names, planning=self.planning, rate=self.rate, **arrays)
        return problem, Guide(*map(_unpacked, self.guide))


class Task(msgspec.Struct, array_like=True):
    """A job."""

    kind: Kind
    start: bytes
    seed: int
    hot: float
    loss: float
    soft: float
    moves: int | None
    seconds: float

    def unpack(self) -> Job:
        """The job that was packed."""
        start = np.frombuffer(self.start, "<i4").astype(np.int64)
        return Job(self.kind, start, self.seed, self.hot, self.loss, self.soft, self.moves, self.seconds)


class Told(msgspec.Struct, array_like=True):
    """Progress of a job."""

    value: float
    start: bytes
    moves: int
    done: bool

    def unpack(self) -> Progress:
        """The progress that was packed."""
        return Progress(self.value, np.frombuffer(self.start, "<i4").astype(np.int64), self.moves, self.done)


def _packed(array: NDArray[np.float64] | Ints) -> Packed:
    flat = np.ascontiguousarray(array)
    return Packed(flat.dtype.str, flat.shape, flat.tobytes())


def _unpacked(packed: Packed) -> NDArray[Any]:
    return np.frombuffer(packed.content, np.dtype(packed.kind)).reshape(packed.shape)


def setup_of(problem: Portfolio, guide: Guide) -> Setup:
    """Pack a problem and its guide."""
    return Setup(
        problem.projects, problem.planning, problem.rate,
        [_packed(getattr(problem, name)) for name in PORTFOLIO],
        [_packed(getattr(guide, name)) for name in GUIDE],
    )  # fmt: skip


def task_of(job: Job) -> Task:
    """Pack a job."""
    start = job.start.astype("<i4").tobytes()
    return Task(job.kind, start, job.seed, job.hot, job.loss, job.soft, job.moves, job.seconds)


def told_of(progress: Progress) -> Told:
    """Pack the progress of a job."""
    return Told(progress.value, progress.start.astype("<i4").tobytes(), progress.moves, progress.done)


def frame(message: msgspec.Struct) -> bytes:
    """Encode a message with its length."""
    content = msgspec.msgpack.encode(message)
    return HEADER.pack(len(content)) + content


def take(read: Callable[[int], bytes], kind: type[S]) -> S | None:
    """Read a message of a kind; None at the end, or when it is cut short or is none."""
    head = read(HEADER.size)
    if len(head) < HEADER.size:
        return None
    (length,) = HEADER.unpack(head)
    content = read(length) if length <= MOST_BYTES else b""
    if len(content) < length:
        return None
    try:
        return msgspec.msgpack.decode(content, type=kind)
    except msgspec.DecodeError:
        return None

"""A process that searches: a problem and jobs on standard input, better plans on standard output.

It is a process of its own so that two cores are used, and so that a search can be ended at any moment without
losing what it has told.
"""

import sys
from collections.abc import Callable

import numpy as np

from vallum.solve.portfolio.arrays import Guide
from vallum.solve.portfolio.job import Job, run
from vallum.solve.portfolio.messages import Setup, Task, frame, take, told_of
from vallum.solve.portfolio.problem import Portfolio

__all__ = ["main", "serve", "warm"]


def warm() -> None:
    """Compile the kernels, or load them from the disk, while the relaxation is being solved elsewhere."""
    one = np.ones(1)
    nobody = np.zeros(1, np.int64)
    nothing = np.empty((0, 2), np.int64)
    problem = Portfolio(
        names=("",), first=np.array([0, 1]), cost=one, value=one, stream=nobody, earliest=nobody,
        latest=nobody, prerequisites=nothing, exclusions=nothing, planning=1, total=one, ongoing=one,
        initiation=one, streams=one,
        rate=0.0,
    )  # fmt: skip
    guide = Guide(np.zeros((1, 1)), one, np.zeros(len(problem.capacity)))
    for kind in ("anneal", "exchange"):
        list(run(problem, guide, Job(kind, nobody - 1, 0, 1.0, moves=1)))


def serve(read: Callable[[int], bytes], write: Callable[[bytes], object]) -> None:
    """Take the problem, then jobs until there are no more."""
    setup = take(read, Setup)
    if setup is None:
        return
    problem, guide = setup.unpack()
    while (task := take(read, Task)) is not None:
        for progress in run(problem, guide, task.unpack()):
            write(frame(told_of(progress)))


def main() -> None:
    """Serve standard input and output."""
    target = sys.stdout.buffer

    def write(content: bytes) -> None:
        target.write(content)
        target.flush()

    warm()
    serve(sys.stdin.buffer.read, write)


if __name__ == "__main__":
    main()

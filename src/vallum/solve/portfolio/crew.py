"""The worker processes of one search, and what they tell."""

import contextlib
import queue
import subprocess
import threading
from types import TracebackType
from typing import Self

from vallum.solve.highs import SolverFailed
from vallum.solve.portfolio.arrays import Guide
from vallum.solve.portfolio.job import Job, Progress
from vallum.solve.portfolio.messages import Told, frame, setup_of, take, task_of
from vallum.solve.portfolio.problem import Portfolio
from vallum.solve.process import death, end, launch

__all__ = ["Crew"]


class Crew:
    """Some workers; a context manager that leaves none behind.

    They start at once and compile while the caller solves the relaxation.

    Parameters
    ----------
    size : int
    """

    def __init__(self, size: int) -> None:
        self._workers: list[subprocess.Popen[bytes]] = []
        self._talks: list[threading.Thread] = []
        self._heard: queue.Queue[tuple[int, Progress | None]] = queue.Queue()
        for number in range(size):
            worker = launch("vallum.solve.portfolio.worker")
            talk = threading.Thread(target=self._listen, args=(number, worker), daemon=True)
            self._workers.append(worker)
            self._talks.append(talk)
            talk.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for worker, talk in zip(self._workers, self._talks, strict=True):
            end(worker, talk)

    @property
    def size(self) -> int:
        """Number of workers."""
        return len(self._workers)

    def _listen(self, number: int, worker: subprocess.Popen[bytes]) -> None:
        source = worker.stdout
        with contextlib.suppress(OSError, ValueError):
            while source is not None and (told := take(source.read, Told)) is not None:
                self._heard.put((number, told.unpack()))
        self._heard.put((number, None))

    def _send(self, number: int, content: bytes) -> None:
        target = self._workers[number].stdin
        with contextlib.suppress(BrokenPipeError):  # a dead worker is met by `hear`
            if target is not None:
                target.write(content)
                target.flush()

    def set_up(self, problem: Portfolio, guide: Guide) -> None:
        """Give every worker the problem."""
        content = frame(setup_of(problem, guide))
        for number in range(self.size):
            self._send(number, content)

    def give(self, number: int, job: Job) -> None:
        """Give a worker its next job."""
        self._send(number, frame(task_of(job)))

    def hear(self, seconds: float) -> tuple[int, Progress] | None:
        """The next that a worker tells; None when none does in time.

        Raises
        ------
        SolverFailed
            When a worker died.
        """
        try:
            number, progress = self._heard.get(timeout=seconds)
        except queue.Empty:
            return None
        if progress is None:
            worker = self._workers[number]
            worker.wait()
            raise SolverFailed(
                f"a search process {death(worker.returncode)}", where="portfolio",
                remedy="free memory, or split the portfolio",
            )  # fmt: skip
        return number, progress

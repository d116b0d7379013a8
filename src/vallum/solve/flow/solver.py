"""Who solves a graph: OR-Tools in a worker process, or HiGHS as a second opinion."""

import contextlib
import subprocess
import threading
from types import TracebackType
from typing import Protocol, Self

import numpy as np

from vallum.core.errors import VallumError
from vallum.solve.builder import Builder
from vallum.solve.flow.graph import Graph
from vallum.solve.flow.messages import CHEAPEST, GREATEST, SOLVED, pack, take_answer
from vallum.solve.flow.network import Ints
from vallum.solve.highs import Session, SolverFailed
from vallum.solve.limits import Budget, Cancel, Limits
from vallum.solve.process import death, end, launch

__all__ = ["Highs", "Solver", "Stopped", "Worker"]

#: Seconds between two looks at the cancel flag.
LOOK = 0.05


class Stopped(VallumError):
    """The run was cancelled or its time was up; a flow that is not finished is of no use."""


class Solver(Protocol):
    """Finds whole flows from `start` to `end` of a graph."""

    def greatest(self, graph: Graph) -> Ints:
        """Flow on each arc that brings most to the end."""
        ...

    def cheapest(self, graph: Graph) -> Ints:
        """Flow on each arc that brings `amount` to the end at least cost."""
        ...


class Worker:
    """OR-Tools in one process for any number of graphs; a context manager.

    The process starts with the first graph and ends with the block. One worker serves one thread.

    Parameters
    ----------
    limits : Limits
        Only `time_limit` counts, for all graphs together: every solve ends by itself after a number of
        operations that depends on the graph alone, so that a run repeats itself with any `work`.
    cancel : Cancel, optional
        Kills the solve from any thread.

    Raises
    ------
    Stopped
        By both calls, when cancelled or out of time.
    SolverFailed
        By both calls, when the worker died or the solver refused the graph.
    """

    def __init__(self, limits: Limits, cancel: Cancel | None = None) -> None:
        self._budget = Budget(limits, cancel or Cancel())
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._close()

    def greatest(self, graph: Graph) -> Ints:
        """Flow on each arc that brings most to the end."""
        return self._ask(GREATEST, graph)

    def cheapest(self, graph: Graph) -> Ints:
        """Flow on each arc that brings `amount` to the end at least cost."""
        return self._ask(CHEAPEST, graph)

    def _ask(self, operation: int, graph: Graph) -> Ints:
        self._stop_if_spent()
        if self._process is None:
            self._process = launch("vallum.solve.flow.worker")
        exchange = _Exchange(self._process, pack(operation, graph), len(graph.tail))
        exchange.start()
        try:
            while exchange.is_alive():
                exchange.join(LOOK)
                if exchange.is_alive():
                    self._stop_if_spent()
        except BaseException:
            self._close(exchange)
            raise
        if exchange.heard is None:
            process = self._process
            self._close(exchange)
            raise SolverFailed(
                f"the flow solver {death(process.returncode)}", where="flow",
                remedy="free memory, or take longer steps or a shorter horizon",
            )  # fmt: skip
        status, flow = exchange.heard
        if status != SOLVED:
            raise SolverFailed(f"the flow solver refused the graph (status {status})", where="flow")
        return flow

    def _stop_if_spent(self) -> None:
        cancelled = self._budget.cancel.is_set()
        if cancelled or self._budget.left() <= 0.0:
            raise Stopped(
                "the search for a flow was interrupted" if cancelled else "no time is left to find a flow",
                where="flow", rule="limits", remedy="give more time, or take longer steps",
            )  # fmt: skip

    def _close(self, exchange: threading.Thread | None = None) -> None:
        if self._process is not None:
            end(self._process, exchange)
            self._process = None


class _Exchange(threading.Thread):
    """Hands a question over and waits for the answer; `heard` is None when there was none."""

    def __init__(self, process: subprocess.Popen[bytes], content: bytes, arcs: int) -> None:
        super().__init__(daemon=True)
        self._process, self._content, self._arcs = process, content, arcs
        self.heard: tuple[int, Ints] | None = None

    def run(self) -> None:
        """Write, then read; the worker answers only after it has read all."""
        source, target = self._process.stdout, self._process.stdin
        if source is None or target is None:
            return
        with contextlib.suppress(BrokenPipeError):
            target.write(self._content)
            target.flush()
            self.heard = take_answer(source.read, self._arcs)


class Highs:
    """The same by linear programming: slower, and independent of OR-Tools.

    A vertex of a flow polytope with whole data is whole (Hoffman and Kruskal 1956); the simplex method ends
    in a vertex.

    Parameters
    ----------
    limits : Limits
    cancel : Cancel, optional
        Looked at before each solve.

    Raises
    ------
    SolverFailed
        By both calls, when HiGHS ended without an optimum.
    """

    def __init__(self, limits: Limits, cancel: Cancel | None = None) -> None:
        self._budget = Budget(limits, cancel or Cancel())

    def greatest(self, graph: Graph) -> Ints:
        """Flow on each arc that brings most to the end."""
        cost = np.where(graph.tail == graph.start, -1.0, 0.0)
        return self._solve(graph, cost, np.zeros(0, np.int64))

    def cheapest(self, graph: Graph) -> Ints:
        """Flow on each arc that brings `amount` to the end at least cost."""
        return self._solve(graph, graph.cost.astype(float), np.array([graph.start, graph.end]))

    def _solve(self, graph: Graph, cost: np.ndarray[tuple[int], np.dtype[np.float64]], bound: Ints) -> Ints:
        balance = np.zeros(graph.nodes)
        balance[graph.start], balance[graph.end] = graph.amount, -graph.amount
        low, high = balance.copy(), balance.copy()
        if not len(bound):  # the ends are free: as much as there is
            ends = [graph.start, graph.end]
            low[ends], high[ends] = -np.inf, np.inf
        builder = Builder()
        columns = builder.add_columns("flow", len(graph.tail), cost=cost, upper=graph.capacity)
        rows = builder.add_rows("node", graph.nodes, lower=low, upper=high, rule="what comes in goes out")
        builder.add(rows[graph.tail], columns, 1.0)
        builder.add(rows[graph.head], columns, -1.0)
        made = builder.program()
        answer = Session(
            made.cost, made.lower, made.upper, made.matrix, made.row_lower, made.row_upper, self._budget
        ).lp()
        if answer.x is None:
            raise SolverFailed(f"HiGHS ended without a flow ({answer.status})", where="flow")
        return np.rint(answer.x).astype(np.int64)

"""The process in which CP-SAT runs: a problem on standard input, schedules and bounds on standard output.

It is a process of its own since OR-Tools and HiGHS cannot be loaded in any order, and since a solver that
runs out of memory takes its process with it. Standard input at its end means stop.
"""

import math
import os
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from ortools.sat.python import cp_model

from vallum.solve.schedule.messages import Done, Problem, Step, line, unpack
from vallum.solve.schedule.model import Model

__all__ = ["main"]

Ints = NDArray[np.int64]

#: Seconds between two calls of stop: one that comes before the search begins is not heard.
AGAIN = 0.05


class _Improved(cp_model.CpSolverSolutionCallback):
    """Tells of every better schedule."""

    def __init__(self, model: Model, tell: Callable[[float, tuple[int, ...] | None], None]) -> None:
        super().__init__()
        self._variables, self._tell = model.start_variables, tell

    def on_solution_callback(self) -> None:
        """Hand on the starts."""
        self._tell(self.best_objective_bound, tuple(self.value(v) for v in self._variables))


class Search:
    """Level after level with one model.

    Parameters
    ----------
    problem : Problem
    tell : callable(Step or Done)
    """

    def __init__(self, problem: Problem, tell: Callable[[Step | Done], None]) -> None:
        self._problem, self._tell = problem, tell
        self._began = time.perf_counter()
        self._work = 0.0
        self._solver: cp_model.CpSolver | None = None
        self._stopped = threading.Event()
        self._lock = threading.Lock()

    def stop(self) -> None:
        """End the search with what it has; for another thread."""
        self._stopped.set()
        while True:
            if self._solver is not None:
                self._solver.stop_search()
            time.sleep(AGAIN)

    def run(self) -> None:
        """Minimise one level after the other and tell how it ended."""
        problem = self._problem
        model = Model(problem)
        best = problem.start
        proven = True
        for k, level in enumerate(problem.levels):
            if best is not None:
                model.hint(best)
            model.minimise(k)
            status, value, found = self._level(model, k)
            if status == cp_model.INFEASIBLE and best is None:
                self._tell(Done("infeasible"))
                return
            proven = proven and status == cp_model.OPTIMAL
            best = found if found is not None else best
            if best is None:
                break
            if found is None:
                value = int(level.value(problem.network.finishes(best)))
            model.hold(k, level.ceiling(value))
        self._tell(Done("optimal" if proven and best is not None else "limit"))

    def _level(self, model: Model, k: int) -> tuple[Any, int, Ints | None]:
        problem, least = self._problem, self._problem.bounds[k]
        last = k == len(problem.levels) - 1
        share = 1.0 if last else 0.5
        solver = cp_model.CpSolver()
        parameters = solver.parameters
        parameters.random_seed = problem.seed
        # probing every start of every activity takes longer than it saves: 16 s of 2,500 activities
        parameters.cp_model_probing_level = 0
        parameters.relative_gap_limit = problem.gap
        parameters.num_workers = 1 if problem.work is not None else problem.threads
        if problem.work is not None:
            parameters.max_deterministic_time = max(0.0, problem.work - self._work) * share
        if problem.seconds is not None:
            spent = time.perf_counter() - self._began
            parameters.max_time_in_seconds = max(0.0, problem.seconds - spent) * share
        known = least

        def tell(bound: float, starts: tuple[int, ...] | None) -> None:
            nonlocal known
            with self._lock:
                better = _whole(bound, least)
                if starts is not None or better > known:
                    known = max(known, better)
                    self._tell(Step(k, known, starts))

        solver.best_bound_callback = lambda bound: tell(bound, None)
        self._solver = solver
        if self._stopped.is_set():
            return cp_model.UNKNOWN, 0, None
        status = solver.solve(model.model, _Improved(model, tell))
        self._work += solver.deterministic_time
        if status not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
            return status, 0, None
        starts = tuple(solver.value(v) for v in model.start_variables)
        tell(solver.best_objective_bound, starts)
        return status, round(solver.objective_value), np.array(starts)


def _whole(bound: float, least: int) -> int:
    """A bound of a whole-numbered objective, rounded up."""
    return max(least, math.ceil(bound - 1e-6)) if math.isfinite(bound) else least


def main() -> None:
    """Read the problem, search, answer."""
    source, target = sys.stdin.buffer, sys.stdout.buffer
    length = int.from_bytes(source.read(8), "big")
    body = source.read(length)
    if len(body) < length or length == 0:
        return

    def tell(message: Step | Done) -> None:
        target.write(line(message))
        target.flush()

    search = Search(unpack(body), tell)

    def watch() -> None:
        # straight from the descriptor: a reader blocked in the buffer would hold its lock at exit
        while os.read(source.fileno(), 1):
            pass
        search.stop()

    threading.Thread(target=watch, daemon=True).start()
    search.run()


if __name__ == "__main__":
    main()

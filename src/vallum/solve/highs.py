"""HiGHS behind one narrow door: load arrays, solve under a budget, read arrays back."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast

import highspy
import numpy as np
from numpy.typing import NDArray

from vallum.core.errors import VallumError
from vallum.solve.builder import Sparse
from vallum.solve.limits import Budget

__all__ = ["Answer", "Loaded", "Session", "SolverFailed"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

#: Primal feasibility of the final solves; money is EUR million, so a cent is 1e-8.
TIGHT = 1e-9
#: Seconds that a linear programme gets even when the budget is spent: plans are finished by one.
LEAST_LP_SECONDS = 5.0
NO_LIMIT = 2**31 - 1
#: Values of HiGHS's option simplex_strategy.
DUAL, PRIMAL = 1, 4
MIP_STATUS = {
    highspy.HighsModelStatus.kOptimal: "optimal",
    highspy.HighsModelStatus.kInfeasible: "infeasible",
    highspy.HighsModelStatus.kUnbounded: "unbounded",
    highspy.HighsModelStatus.kUnboundedOrInfeasible: "infeasible",
    highspy.HighsModelStatus.kTimeLimit: "limit",
    highspy.HighsModelStatus.kIterationLimit: "limit",
    highspy.HighsModelStatus.kSolutionLimit: "limit",
    highspy.HighsModelStatus.kInterrupt: "limit",
    highspy.HighsModelStatus.kObjectiveBound: "limit",
    highspy.HighsModelStatus.kObjectiveTarget: "limit",
    highspy.HighsModelStatus.kModelEmpty: "optimal",
}


class SolverFailed(VallumError):
    """The solver stopped with an error of its own."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a solve returned.

    Attributes
    ----------
    status : str
        optimal, limit, infeasible or unbounded.
    value, bound : float
        Objective of `x` (inf without a solution) and valid lower bound of the model (-inf if unknown).
    x : (columns,) array or None
    row_dual, column_dual : arrays or None
        Only after a linear programme that ended optimal.
    """

    status: str
    value: float
    bound: float
    x: Floats | None
    row_dual: Floats | None = None
    column_dual: Floats | None = None


@dataclass(frozen=True, slots=True)
class Loaded:
    """Arrays of a model: min cost x, row_lower <= A x <= row_upper, lower <= x <= upper, some x whole."""

    cost: Floats
    lower: Floats
    upper: Floats
    integer: Bools
    matrix: Sparse
    row_lower: Floats
    row_upper: Floats


class Session:
    """One HiGHS instance that keeps its basis between solves.

    Parameters
    ----------
    cost, lower, upper : (n,) arrays
    matrix : Sparse of shape (m, n)
    row_lower, row_upper : (m,) arrays
    integer : (n,) bool array, optional
    budget : Budget
        Time, work and cancellation; polled by callbacks inside the solver.
    """

    def __init__(
        self,
        cost: Floats,
        lower: Floats,
        upper: Floats,
        matrix: Sparse,
        row_lower: Floats,
        row_upper: Floats,
        budget: Budget,
        integer: Bools | None = None,
    ) -> None:
        self._budget, self._cost = budget, np.array(cost, float)
        self._solver = solver = _solver()
        solver.setOptionValue("output_flag", False)
        solver.setOptionValue("threads", budget.limits.threads)
        solver.setOptionValue("random_seed", budget.limits.seed)
        solver.setOptionValue("primal_feasibility_tolerance", TIGHT)
        solver.setOptionValue("mip_feasibility_tolerance", 1e-7)
        lp = highspy.HighsLp()
        lp.num_col_, lp.num_row_ = len(cost), len(row_lower)
        lp.col_cost_, lp.col_lower_, lp.col_upper_ = cost, lower, upper
        lp.row_lower_, lp.row_upper_ = row_lower, row_upper
        lp.a_matrix_.format_ = highspy.MatrixFormat.kColwise
        lp.a_matrix_.num_col_, lp.a_matrix_.num_row_ = len(cost), len(row_lower)
        lp.a_matrix_.start_ = matrix.start.astype(np.int32)
        lp.a_matrix_.index_ = matrix.index.astype(np.int32)
        lp.a_matrix_.value_ = matrix.value
        self._integers = integer is not None and bool(integer.any())
        if integer is not None and self._integers:
            kinds = (highspy.HighsVarType.kContinuous, highspy.HighsVarType.kInteger)
            lp.integrality_ = [kinds[int(i)] for i in integer]
        self._check(solver.passModel(lp), "load the model")

    def _check(self, status: Any, what: str) -> None:
        if status == highspy.HighsStatus.kError:
            raise SolverFailed(f"HiGHS could not {what}", remedy="run `vallum doctor` and report the region")

    def _limit_time(self, seconds: float) -> None:
        """Seconds for the next call: HiGHS counts those of all calls together."""
        self._solver.setOptionValue("time_limit", min(self._solver.getRunTime() + seconds, 1e9))

    def add_rows(self, lower: Floats, upper: Floats, entries: Sparse | None = None) -> None:
        """Append rows; `entries` holds them row-wise (start per row, index = column), None: empty rows."""
        start = np.zeros(len(lower), np.int32) if entries is None else entries.start[:-1].astype(np.int32)
        index = np.empty(0, np.int32) if entries is None else entries.index.astype(np.int32)
        value = np.empty(0) if entries is None else entries.value
        self._check(
            self._solver.addRows(len(lower), lower, upper, len(index), start, index, value), "add rows"
        )

    def add_columns(
        self, cost: Floats, lower: Floats, upper: Floats, matrix: Sparse, *, integer: bool = False
    ) -> None:
        """Append columns with their entries."""
        first = self._solver.getNumCol()
        status = self._solver.addCols(
            len(cost), cost, lower, upper, len(matrix.index),
            matrix.start[:-1].astype(np.int32), matrix.index.astype(np.int32), matrix.value,
        )  # fmt: skip
        self._check(status, "add columns")
        self._cost = np.concatenate((self._cost, cost))
        if integer and len(cost):
            self._integers = True
            added = np.arange(first, first + len(cost), dtype=np.int32)
            self._solver.changeColsIntegrality(len(cost), added, np.ones(len(cost), np.uint8))

    def loaded(self) -> Loaded:
        """The model as it is now, rows and columns added later included."""
        self._check(self._solver.ensureColwise(), "order the matrix")
        lp = self._solver.getLp()
        matrix = lp.a_matrix_
        kinds = [kind == highspy.HighsVarType.kInteger for kind in lp.integrality_]
        return Loaded(
            np.array(lp.col_cost_), np.array(lp.col_lower_), np.array(lp.col_upper_),
            np.array(kinds, bool) if kinds else np.zeros(lp.num_col_, bool),
            Sparse(np.array(matrix.start_, np.int64), np.array(matrix.index_, np.int64),
                   np.array(matrix.value_), lp.num_row_),
            np.array(lp.row_lower_), np.array(lp.row_upper_),
        )  # fmt: skip

    def set_bounds(self, columns: Ints, lower: Floats, upper: Floats) -> None:
        """Change the bounds of columns."""
        self._solver.changeColsBounds(len(columns), columns.astype(np.int32), lower, upper)

    def set_row_upper(self, row: int, upper: float) -> None:
        """Change the upper limit of one row."""
        self._solver.changeRowBounds(row, -highspy.kHighsInf, upper)

    def set_integer(self, columns: Ints, *, integer: bool) -> None:
        """Give columns their integrality or take it away."""
        kinds = np.full(len(columns), int(integer), np.uint8)
        self._solver.changeColsIntegrality(len(columns), columns.astype(np.int32), kinds)

    def set_cost(self, columns: Ints, cost: Floats) -> None:
        """Change the cost of columns."""
        self._cost[columns] = cost
        self._solver.changeColsCost(len(columns), columns.astype(np.int32), cost)

    def basis(self) -> Any:
        """The basis of the last solve, to come back to."""
        return self._solver.getBasis()

    def set_basis(self, basis: Any) -> None:
        """Start the next linear programme from a basis."""
        self._solver.setBasis(basis)

    def lp(
        self,
        *,
        iterations: int | None = None,
        interior: bool = False,
        crossover: bool = False,
        primal: bool = False,
    ) -> Answer:
        """Solve the linear relaxation; keeps the basis for the next call.

        Cancellation is polled between calls only, and by the interior-point method: HiGHS calls back at every
        simplex iteration, which from Python doubles the time.

        Parameters
        ----------
        iterations : int, optional
            Simplex iterations after which the answer is "limit".
        interior : bool
            By the interior-point method without crossover: duals within its tolerance, and no basis.
        crossover : bool
            By the interior-point method, then to a basis: for many rows far faster than the simplex method
            without a basis to start from.
        primal : bool
            By the primal simplex method: faster than the dual one after columns were added.
        """
        solver = self._solver
        interior |= crossover
        solver.setOptionValue("solver", "ipm" if interior else "simplex")
        solver.setOptionValue("run_crossover", "on" if crossover or not interior else "off")
        solver.setOptionValue("simplex_strategy", PRIMAL if primal else DUAL)
        self._limit_time(max(LEAST_LP_SECONDS, self._budget.left()))
        solver.setOptionValue("simplex_iteration_limit", NO_LIMIT if iterations is None else iterations)
        solver.setOptionValue("solve_relaxation", True)
        stops = [self._subscribe(solver.cbIpmInterrupt, lambda _: self._budget.cancel.is_set())] * interior
        try:
            status = solver.run()
        finally:
            for stop in stops:
                stop()
        if status == highspy.HighsStatus.kError:
            # a basis can become singular after bounds were moved; the next call starts cold
            solver.clearSolver()
            return Answer("limit", float("inf"), -float("inf"), None)
        status = MIP_STATUS.get(solver.getModelStatus(), "limit")
        if status != "optimal":
            return Answer(status, float("inf"), -float("inf"), None)
        solution = solver.getSolution()
        value = solver.getInfo().objective_function_value
        return Answer(status, value, value, np.asarray(solution.col_value), np.asarray(solution.row_dual),
                      np.asarray(solution.col_dual))  # fmt: skip

    def mip(
        self,
        *,
        seconds: float = float("inf"),
        work: float = float("inf"),
        gap: float = 0.0,
        absolute: float = 1e-9,
        start: Floats | None = None,
        progress: Callable[[float, float], None] | None = None,
    ) -> Answer:
        """Solve as a mixed-integer programme.

        Parameters
        ----------
        seconds, work : float
            Wall seconds and simplex iterations for this call.
        gap, absolute : float
            Relative and absolute gap at which to stop: at the first of them.
        start : (n,) array, optional
            Known solution to start from.
        progress : callable(value, bound), optional
            Called at every improvement and now and then between.
        """
        solver = self._solver
        # HiGHS would complete what a linear programme left, and report that part's bound as the model's
        solver.clearSolver()
        solver.setOptionValue("solver", "choose")
        solver.setOptionValue("solve_relaxation", False)
        solver.setOptionValue("simplex_iteration_limit", NO_LIMIT)
        solver.setOptionValue("mip_rel_gap", gap)
        solver.setOptionValue("mip_abs_gap", absolute)
        self._limit_time(seconds)
        if start is not None:
            given = highspy.HighsSolution()
            given.col_value = start.tolist()
            solver.setSolution(given)
        used = 0
        better: Floats | None = None

        def watch(data: Any) -> bool:
            nonlocal used
            used += 1
            if progress is not None and abs(data.mip_primal_bound) < 1e30:
                progress(data.mip_primal_bound, data.mip_dual_bound)
            return self._budget.cancel.is_set() or used >= work

        def improved(data: Any) -> bool:
            nonlocal better
            better = np.array(data.mip_solution)
            return False

        stops = (
            self._subscribe(solver.cbMipInterrupt, watch),
            self._subscribe(solver.cbMipImprovingSolution, improved),
        )
        try:
            self._check(solver.run(), "solve the mixed-integer programme")
            x = self._best(better)
            if x is not None and self._told_less(x):
                # HiGHS 1.16 gives back the start when presolve alone solves the model
                solver.setOptionValue("presolve", "off")
                self._check(solver.run(), "solve the mixed-integer programme")
                solver.setOptionValue("presolve", "choose")
                x = self._best(better)
        finally:
            for stop in stops:
                stop()
        self._budget.work_used += used
        status = MIP_STATUS.get(solver.getModelStatus(), "limit")
        value = float("inf") if x is None else float(self._cost @ x)
        bound = (
            solver.getInfo().mip_dual_bound
            if self._integers
            else value
            if status == "optimal"
            else -float("inf")
        )
        return Answer(status, value, min(bound if abs(bound) < 1e30 else -float("inf"), value), x)

    def _best(self, called_back: Floats | None) -> Floats | None:
        """The better of the solution HiGHS gives back and the last one it called back with."""
        found = (
            self._solver.getInfo().primal_solution_status == highspy.SolutionStatus.kSolutionStatusFeasible
        )
        given = np.asarray(self._solver.getSolution().col_value) if found else None
        if given is None or called_back is None:
            return called_back if given is None else given
        return called_back if self._cost @ called_back < self._cost @ given else given

    def _told_less(self, x: Floats) -> bool:
        told = float(self._solver.getInfo().objective_function_value)
        return float(self._cost @ x) > told + 1e-6 * max(1.0, abs(told))

    def _subscribe(self, callback: Any, stop_when: Callable[[Any], bool]) -> Callable[[], None]:
        def handler(event: Any) -> None:
            if stop_when(event.data_out):
                event.interrupt()

        callback.subscribe(handler)
        return lambda: callback.unsubscribe(handler)


def _solver() -> Any:
    """A fresh HiGHS; its Python layer carries no types."""
    return cast("Any", highspy).Highs()

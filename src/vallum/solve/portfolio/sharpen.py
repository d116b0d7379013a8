"""A sharper bound: only the largest projects have to be whole, on the starts that matter.

Where few rows bind, the relaxation splits few projects, and the large ones among them make most of its gap. A
mixed-integer programme in which only they are whole is solved in seconds and is still a relaxation. It is
built
over the starts of small loss alone: a plan with any other start is worth at most the bound less that loss.
"""

import contextlib
import threading

import numpy as np

from vallum.solve.highs import Session, SolverFailed
from vallum.solve.limits import Budget
from vallum.solve.portfolio.arrays import Guide
from vallum.solve.portfolio.problem import Portfolio
from vallum.solve.portfolio.relaxation import steps
from vallum.solve.portfolio.starts import closed

__all__ = ["Sharpening"]

#: Largest loss of its starts, in units of `Guide.unit`, and how many projects have to be whole.
LOSS, LARGEST = 150.0, 150
#: Relative gap at which it is solved.
GAP = 1e-5


class Sharpening(threading.Thread):
    """Sharpens the bound beside the search; `bound` may be read at any time.

    Parameters
    ----------
    problem : Portfolio
    guide : Guide
    bound : float
        Of the relaxation.
    budget : Budget
        Its cancel flag is this thread's own.
    seconds : float
    """

    def __init__(
        self, problem: Portfolio, guide: Guide, bound: float, budget: Budget, seconds: float
    ) -> None:
        super().__init__(daemon=True)
        self._problem, self._budget, self._seconds = problem, budget, seconds
        most = LOSS * guide.unit(problem)
        self._allowed = closed(problem, guide.loss <= most)
        #: What a plan that the programme does not hold is worth at most.
        self._outside = bound - most
        self.bound = bound

    def run(self) -> None:
        """Solve until the time is up."""
        made = steps(self._problem, self._allowed)
        program = made.program
        cost = np.add.reduceat(self._problem.cost, self._problem.first[:-1])
        large = np.zeros(self._problem.projects, np.bool_)
        large[np.argsort(-cost, kind="stable")[:LARGEST]] = True
        session = Session(
            program.cost, program.lower, program.upper, program.matrix, program.row_lower, program.row_upper,
            self._budget, integer=large[made.project],
        )  # fmt: skip
        with contextlib.suppress(SolverFailed):  # the bound of the relaxation stands
            answer = session.mip(seconds=self._seconds, gap=GAP, progress=lambda _, least: self._keep(-least))
            self._keep(-answer.bound)

    def stop(self) -> None:
        """End the solve; comes back when it has ended."""
        self._budget.cancel.set()
        self.join()

    def _keep(self, inside: float) -> None:
        self.bound = min(self.bound, max(inside, self._outside))

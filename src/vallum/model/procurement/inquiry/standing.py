"""A standing plan in the columns of its mode, ready to be asked."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from vallum.core.errors import BadInput
from vallum.model.procurement.adopt import Standing, adopt, joined
from vallum.model.procurement.formulation import Formulation, formulate
from vallum.model.procurement.listed import first_listed, slots
from vallum.model.procurement.pricing import Mode, blocks
from vallum.model.procurement.problem import Problem
from vallum.model.procurement.search import SLACK, Restricted
from vallum.solve import Budget

__all__ = ["OPEN", "Stand", "held", "required", "stand"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
OPEN: Floats = np.array([np.inf, np.inf])
"""No earlier level is held."""
#: Members of all blocks together up to which all coalitions are listed.
LISTED: Final = 20_000


@dataclass(frozen=True, slots=True)
class Stand:
    """A plan as values of all columns.

    Attributes
    ----------
    form : Formulation
    standing : Standing
        The plan's tables.
    full : (columns,) array
    chosen : array
        Blocks that it chooses.
    shortfall : float
        Gap-years of its choices with quantities and money free: what a plan near it is compared with. The
        plan itself may miss a little more, which its levels of cost and types were given.
    budget : Budget
        Of the questions.
    complete : bool
        Whether all coalitions are listed. If they are too many, those of the plan are, everybody alone and
        everybody together: then nothing can be called impossible.
    """

    form: Formulation
    standing: Standing
    full: Floats
    chosen: Ints
    shortfall: float
    budget: Budget
    complete: bool

    @property
    def problem(self) -> Problem:
        """The problem that was planned."""
        return self.form.problem

    def value(self, level: int) -> float:
        """Value of the plan at a level: gap-years, EUR million, types."""
        return float(self.form.costs[level] @ self.full)

    def of_programmes(self, programmes: Ints) -> Ints:
        """All blocks of some programmes."""
        return np.flatnonzero(np.isin(self.form.blocks.programme, programmes))

    def beside(self, programme: int) -> Ints:
        """Programmes that may take a programme's place or must come with it: its class, what it requires."""
        klass = self.problem.programme.klass
        return np.union1d(np.flatnonzero(klass == klass[programme]), required(self.problem, [programme]))

    def model(self, choices: Ints, *, level: int = 0, caps: Floats = OPEN, whole: bool = True) -> Restricted:
        """Return the model of some blocks with all their order years."""
        return Restricted(self.form, level, caps, self.form.columns_of(choices), self.budget, whole=whole)


def required(problem: Problem, programmes: Iterable[int]) -> Ints:
    """Programmes and, at any remove, their prerequisites."""
    found = {int(one) for one in programmes}
    queue = list(found)
    while queue:
        later = queue.pop()
        for earlier in problem.prerequisites[problem.prerequisites[:, 0] == later, 1]:
            if int(earlier) not in found:
                found.add(int(earlier))
                queue.append(int(earlier))
    return np.array(sorted(found), dtype=np.int64)


def held(value: float, tolerance: float) -> float:
    """Limit that holds a level's value: within the tolerance, and room for the solver's last digits."""
    return value * (1 + tolerance) + 1e-9 * max(1.0, abs(value))


def stand(problem: Problem, mode: Mode, standing: Standing, budget: Budget) -> Stand:
    """Put a plan's tables into the columns of its mode.

    Raises
    ------
    BadInput
        The tables are no plan of this problem.
    """
    complete = slots(problem, mode) <= LISTED
    listed = None if complete else first_listed(problem).union(joined(problem, standing))
    form = formulate(problem, blocks(problem, mode, listed), mode)
    chosen, values = _adopted(form, standing)
    model = Restricted(form, 0, OPEN, form.columns_of(chosen), budget, whole=True)
    full = model.repeat(values)
    if full is None:
        raise _misfit()
    settled = model.settle(full)
    reached = min(float(form.costs[0] @ one) for one in (full, settled) if one is not None)
    return Stand(form, standing, full, chosen, reached, budget, complete)


def _adopted(form: Formulation, standing: Standing) -> tuple[Ints, Floats]:
    """The plan's choices and orders; names that the problem lacks, and impossible orders, are refused."""
    try:
        chosen, values = adopt(form, standing)
    except (KeyError, IndexError):
        raise _misfit() from None
    ordered, told = float(form.quantity(values).sum()), float(standing.orders["quantity"].sum())
    if (values < -SLACK).any() or abs(ordered - told) > SLACK * max(1.0, told):
        raise _misfit()
    return chosen, values


def _misfit() -> BadInput:
    return BadInput(
        "The plan's orders do not fit the tables it keeps beside them",
        rule="plan_folder", remedy="Check it with `vallum audit`, or plan again.",
    )  # fmt: skip

"""A first bound and first prices: every member alone at the best terms that any coalition could have.

Without coalitions and with ample lines nothing ties the members together but shared schools, so the linear
programme falls apart into small ones. Its duals are close to those of the whole problem, whatever the number
of coalitions, and are the centre that block generation starts from.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vallum.model.procurement.cells import NONE
from vallum.model.procurement.formulation import Formulation, formulate
from vallum.model.procurement.listed import Listed, all_steps
from vallum.model.procurement.parts import parts
from vallum.model.procurement.probes import relaxed_blocks
from vallum.model.procurement.problem import Problem
from vallum.solve import Answer, Budget, Session

__all__ = ["Relaxed", "relax"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
#: Rows that tie members together and are left out: lines and what expands them.
LEFT_OUT = ("line", "expansion_most", "expansion_paid", "type", "level")


#: Shares of joining from which a member counts as wanting a programme.
WANTING = (0.5, 0.05)


@dataclass(frozen=True, slots=True)
class Relaxed:
    """Solution of the relaxation.

    Attributes
    ----------
    dual : (shared rows,) array
        Zero where rows were left out. Any duals give a valid bound once all blocks are priced under them.
    share : (P, N) array
        How much of each programme each member joins.
    """

    dual: Floats
    share: Floats

    def wanted(self, problem: Problem) -> Listed:
        """Coalitions of all members that want a programme."""
        bits = 1 << np.arange(len(problem.states))
        masks = np.stack([(self.share > least) @ bits for least in WANTING])
        _, p = np.nonzero(masks)
        return all_steps(problem, p, masks[masks > 0])


def relax(problem: Problem, budget: Budget) -> Relaxed | None:
    """Solve the relaxation of the joint model's first level.

    Parameters
    ----------
    problem : Problem
    budget : Budget

    Returns
    -------
    Relaxed, or None when the budget ran out
    """
    form = formulate(problem, relaxed_blocks(problem), "joint")
    program = form.program
    kept = np.ones(len(program.row_lower), bool)
    for name in LEFT_OUT:
        kept[program.rows_of(name)] = False
    steps, paid = form.at.steps, form.at.paid
    gone = np.concatenate((steps[steps >= 0], paid[paid >= 0], form.at.types))
    columns = np.setdiff1d(np.arange(len(program.cost)), gone)
    dual, value = np.zeros(len(program.row_lower)), np.zeros(len(program.cost))
    for part_rows, part_columns in parts(program.matrix, np.flatnonzero(kept), columns):
        answer = _solved(form, part_rows, part_columns, budget)
        if answer.x is None or answer.row_dual is None:
            return None
        dual[part_rows], value[part_columns] = answer.row_dual, answer.x
    share = np.zeros((len(problem.programmes), len(problem.states)))
    share[form.blocks.programme, form.blocks.member_state] = value[form.at.x]
    return Relaxed(dual[form.shared], share)


def _solved(form: Formulation, rows: Ints, columns: Ints, budget: Budget) -> Answer:
    """Solve one part."""
    program = form.program
    place = np.full(len(program.row_lower), NONE)
    place[rows] = np.arange(len(rows))
    session = Session(
        form.costs[0][columns], program.lower[columns], program.upper[columns],
        program.matrix.pick(columns, place, len(rows)), program.row_lower[rows], program.row_upper[rows],
        budget,
    )  # fmt: skip
    return session.lp()

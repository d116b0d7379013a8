"""Some members of a region by themselves, when the others keep to a plan."""

from dataclasses import fields, replace
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from vallum.model.procurement.problem import Problem

__all__ = ["part"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
T = TypeVar("T")
#: Arrays of a problem with members on their first axis.
BY_MEMBER = ("weight", "need", "legacy", "gap", "most", "greatest", "operates", "legacy_nodes")


def part(problem: Problem, members: Ints, taken: Floats, steps: Ints) -> Problem:
    """Return the problem of some members.

    Parameters
    ----------
    problem : Problem
    members : array
        Positions, ascending.
    taken : (L, Y) array
        What the others' plan takes of each line, less what their expansions add to it.
    steps : (L,) array
        Expansion steps that the others take.

    Returns
    -------
    Problem
        A line's capacity is negative where the others count on an expansion that these members pay.
    """
    loan, line = problem.loan, problem.line
    # the largest number of participants that any loan of the region asks for holds for all (section 9)
    needed = np.full(len(members), loan.participants_needed.max(initial=1))
    inside = _pick(loan, members, skip=("partner_participants", "participants_needed"))
    return replace(
        problem,
        states=tuple(problem.states[n] for n in members),
        purse=_pick(problem.purse, members),
        loan=replace(inside, participants_needed=needed),
        crew=_pick(problem.crew, members),
        line=replace(
            line, capacity=line.capacity - taken, expansion_most=np.maximum(line.expansion_most - steps, 0)
        ),
        **{name: getattr(problem, name)[members] for name in BY_MEMBER},
    )  # fmt: skip


def _pick(data: T, members: Ints, skip: tuple[str, ...] = ()) -> T:
    """The arrays of a group of data for some members."""
    names = [f.name for f in fields(data) if f.name not in skip]  # type: ignore[arg-type]
    return replace(data, **{name: getattr(data, name)[members] for name in names})  # type: ignore[type-var]

"""What holds a plan back: limits whose relaxation removes most gap-years, shown by plans found again."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from vallum.model.procurement.adopt import adopt
from vallum.model.procurement.formulation import formulate, pick_values
from vallum.model.procurement.inquiry.changes import changes
from vallum.model.procurement.inquiry.rules import NO_ROWS, Group, Rule, groups_of
from vallum.model.procurement.inquiry.search import improved
from vallum.model.procurement.inquiry.standing import Stand
from vallum.model.procurement.listed import Listed
from vallum.model.procurement.pricing import blocks
from vallum.model.procurement.problem import Problem
from vallum.model.procurement.search import Restricted
from vallum.solve import Sparse

__all__ = ["Hold", "Holds", "Relaxation", "holds"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

#: EUR million that a purse or a loan is given more, in the years in which the plan wants them.
MONEY_MEUR: Final = 100.0
#: Share by which crews and lines are given more in every year.
SHARE: Final = 0.1
#: Check points of branch and bound of one confirmation: the same plan on every run.
POINTS: Final = 4
#: Blocks beside the plan's own that a confirmation may choose.
MOST: Final = 40
_MONEY: Final = ("purse", "loan")
_SHARED: Final = ("line", "crews")
_DROPPED: Final = ("exclusion", "prerequisite", "nodes", "expansion_most", "school_once")
_NEAR: Final = 1e-9


@dataclass(frozen=True, slots=True)
class Relaxation:
    """One limit moved.

    Attributes
    ----------
    rule : Rule
    amount : float or None
        By how much; None: the rule is dropped.
    unit : str
        "EUR million" in the years in which they help most, "of the limit" in every year, "year", or "".
    """

    rule: Rule
    amount: float | None
    unit: str


@dataclass(frozen=True, slots=True)
class Hold:
    """A relaxation and what it removes.

    Attributes
    ----------
    relaxation : Relaxation
    expected : float
        Gap-years by the linear programme with the plan's choices as they are.
    reached : float
        Gap-years of the plan found with it.
    at_least : float
        Gap-years by which that plan is better than the best one known without it.
    """

    relaxation: Relaxation
    expected: float
    reached: float
    at_least: float


@dataclass(frozen=True, slots=True)
class Holds:
    """What holds a plan back.

    Attributes
    ----------
    holds : tuple of Hold
        Largest confirmed improvement first; those that remove nothing are left out.
    base : float
        Gap-years of the best plan known with no limit moved, found by the same search.
    finished : bool
        Whether all that was asked for could be confirmed in the time given.
    """

    holds: tuple[Hold, ...]
    base: float
    finished: bool


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A rule, by how much it moves, and how: upper limits of rows, or another problem."""

    relaxation: Relaxation
    expected: float
    rows: Ints
    more: Floats
    problem: Problem | None = None


def holds(stand: Stand, most: int = 10, progress: Callable[[str], None] | None = None) -> Holds:
    """Return the limits that hold a plan back most, with what each relaxation removes at least.

    Parameters
    ----------
    stand : Stand
    most : int
        How many are confirmed: those of which the linear programme expects most.
    progress : callable, optional
        Told what is confirmed next.
    """
    candidates = [*_rows_moved(stand), *_rules_changed(stand)]
    ranked = sorted(candidates, key=lambda one: -one.expected)[:most]
    pool = _pool(stand)
    model = stand.model(pool)
    base = min(stand.shortfall, _best(stand, model))
    found, confirmed = [], 0
    for one in ranked:
        if stand.budget.spent():
            break
        if progress is not None:
            progress(one.relaxation.rule.sentence)
        reached = _confirmed(stand, model, pool, one)
        confirmed += 1
        if base - reached > _NEAR:
            found.append(Hold(one.relaxation, one.expected, reached, base - reached))
    told = tuple(sorted(found, key=lambda one: -one.at_least))
    return Holds(told, base, confirmed == len(ranked) and not stand.budget.spent())


# where to look --------------------------------------------------------------------------------------------


def _rows_moved(stand: Stand) -> Iterator[_Candidate]:
    """Limits that help when quantities and money are free and choices are as planned."""
    model = stand.model(stand.chosen, whole=False)
    before = model.relaxed(stand.full)
    if before.row_dual is None:
        return
    leaned = np.flatnonzero(np.abs(before.row_dual) > _NEAR)
    for group in groups_of(model, (*_MONEY, *_SHARED, *_DROPPED)):
        binding = np.intersect1d(group.rows, leaned)
        if not len(binding):
            continue
        amount, unit, more = _move(stand, model, group)
        with _moved(model, group.rows, more):
            gained = before.value - model.session.lp().value
        if _NEAR < gained < np.inf:
            helped = group.rows[more > _NEAR] if group.family in _MONEY else binding
            rule = group.only(helped).said(model)
            yield _Candidate(Relaxation(rule, amount, unit), gained, group.rows, more)


def _move(stand: Stand, model: Restricted, group: Group) -> tuple[float | None, str, Floats]:
    """By how much a rule is relaxed, and each of its rows."""
    if group.family in _MONEY:
        return MONEY_MEUR, "EUR million", _shared_out(stand, group)
    if group.family in _SHARED:
        return SHARE, "of the limit", SHARE * np.maximum(model.form.program.row_upper[group.rows], 0.0)
    return None, "", np.full(len(group.rows), np.inf)


def _shared_out(stand: Stand, group: Group) -> Floats:
    """How the linear programme spreads more money over the years."""
    if len(group.rows) == 1:
        return np.array([MONEY_MEUR])
    model, count = stand.model(stand.chosen, whole=False), len(group.rows)
    first = len(model.columns)
    given = Sparse(np.arange(count + 1), group.rows, np.full(count, -1.0), len(model.rows))
    model.session.add_columns(np.zeros(count), np.zeros(count), np.full(count, MONEY_MEUR), given)
    total = Sparse(np.array([0, count]), first + np.arange(count), np.ones(count), 1)
    model.session.add_rows(np.array([-np.inf]), np.array([MONEY_MEUR]), total)
    answer = model.relaxed(stand.full)
    return np.zeros(count) if answer.x is None else np.maximum(answer.x[first:], 0.0)


def _rules_changed(stand: Stand) -> Iterator[_Candidate]:
    """Rules of planning that help with the plan's choices."""
    before = stand.model(stand.chosen, whole=False).relaxed(stand.full)
    for change in changes(stand.problem):
        other, choices = _elsewhere(stand, change.problem, stand.chosen)
        gained = before.value - other.model(choices, whole=False).relaxed(other.full).value
        if _NEAR < gained < np.inf:
            told = Relaxation(change.rule, change.amount, change.unit)
            yield _Candidate(told, gained, NO_ROWS, np.zeros(0), change.problem)


def _elsewhere(stand: Stand, problem: Problem, choices: Ints) -> tuple[Stand, Ints]:
    """The plan under another problem, whose formulation lists some blocks only; their places in it."""
    b = stand.form.blocks
    listed = Listed(b.programme[choices], b.coalition[choices], b.partners[choices], b.step[choices])
    form = formulate(problem, blocks(problem, stand.form.mode, listed), stand.form.mode)
    chosen, values = adopt(form, stand.standing)
    return replace(stand, form=form, full=values, chosen=chosen), np.arange(len(form.at.x))


# confirmation ---------------------------------------------------------------------------------------------


def _confirmed(stand: Stand, model: Restricted, pool: Ints, one: _Candidate) -> float:
    """Shortfall of the plan found with a limit moved."""
    if one.problem is not None:
        other, choices = _elsewhere(stand, one.problem, pool)
        return _best(other, other.model(choices))
    with _moved(model, one.rows, one.more):
        return _best(stand, model)


@contextmanager
def _moved(model: Restricted, rows: Ints, more: Floats) -> Iterator[None]:
    """Move upper limits of rows, and put them back."""
    limits = model.form.program.row_upper[model.rows[rows]]
    for row, limit in zip(rows.tolist(), (limits + more).tolist(), strict=True):
        model.session.set_row_upper(row, limit)
    try:
        yield
    finally:
        for row, limit in zip(rows.tolist(), limits.tolist(), strict=True):
            model.session.set_row_upper(row, limit)


def _best(stand: Stand, model: Restricted) -> float:
    """Shortfall of the plan found: the plan's choices with whole units, then others beside them."""
    start = model.settle(stand.full)
    if start is None:
        return np.inf
    found = improved(model, stand.budget, start, POINTS)
    return float(stand.form.costs[0] @ (start if found is None else found))


def _pool(stand: Stand) -> Ints:
    """The plan's choices, and blocks of the classes that still miss most."""
    form, problem, b = stand.form, stand.problem, stand.form.blocks
    missing = (pick_values(stand.full, form.at.shortfall) * problem.weight).sum(axis=(0, 2))
    worth = missing[problem.programme.klass[b.programme]]
    order = np.lexsort((b.scale, -worth))
    outside = order[~np.isin(order, stand.chosen)]
    return np.union1d(stand.chosen, outside[:MOST])

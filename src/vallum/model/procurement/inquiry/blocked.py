"""Which rules keep a demand out of a plan, each shown to be needed for that."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from vallum.core.errors import VallumError
from vallum.model.procurement.inquiry.conflict import conflict
from vallum.model.procurement.inquiry.demand import Demand
from vallum.model.procurement.inquiry.rules import GRAINS, Group, Rule, coarser, groups_of, whole_units
from vallum.model.procurement.inquiry.standing import Stand, required
from vallum.model.procurement.search import Restricted
from vallum.solve import Budget

__all__ = ["MOST_RULES", "Obstacle", "blocking", "impossible", "obstacles"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

MOST_RULES: Final = 5
"""Rules of one answer; if a conflict needs more, they are told state by state, or by kind alone."""
#: Check points of branch and bound that decide whether whole numbers clash.
POINTS: Final = 40
_NEAR: Final = 1e-6
#: Part of a demand that counts as none, and weight of a row that the linear programme leans on.
_MET: Final = 1e-5
_LEANS: Final = 1e-9


class Unfinished(VallumError):
    """The time or work given ended before it was known which rules clash."""


@dataclass(frozen=True, slots=True)
class Obstacle:
    """One of the rules that together keep a demand out.

    Attributes
    ----------
    rule : Rule
    enough : bool or None
        Whether the demand gets in when this rule alone is lifted and all others stay; None: not tested. If
        it is not enough, something else is in the way as well.
    """

    rule: Rule
    enough: bool | None = None


class Clash:
    """A model with a demand, whose rules can be lifted; it clashes when the demand cannot be met in full.

    Parameters
    ----------
    model : Restricted
        Its objective is the part of the demand that is not met.
    budget : Budget

    Attributes
    ----------
    searched : bool
        Whether integers are searched, so that also whole units can clash; else the linear programme decides.
    """

    def __init__(self, model: Restricted, budget: Budget) -> None:
        self.model, self.budget, self.searched = model, budget, False
        self.rules, self.units = groups_of(model), whole_units(model)
        self.upper = model.form.program.row_upper[model.rows]
        self.lifted, self.free = (np.zeros(n, bool) for n in (len(model.rows), len(model.lower)))
        self.dual: Floats | None = None

    @property
    def groups(self) -> list[Group]:
        """All that can be lifted, in the finest grain."""
        return [*self.rules, *(self.units if self.searched else ())]

    def __call__(self, kept: Sequence[Group]) -> bool:
        """Whether some rules clash while all others are lifted."""
        self._lift(kept)
        return self._clashes()

    def without(self, one: Group) -> bool:
        """Whether all rules but one clash, in whole units where the model has them."""
        rest = [Group(g.family, g.state, g.item, np.setdiff1d(g.rows, one.rows),
                      np.setdiff1d(g.columns, one.columns)) for g in self.groups]  # fmt: skip
        clashes = self(rest)
        if clashes or self.searched or not len(self.model.members):
            return clashes
        self.searched = True
        try:
            return self._clashes()
        finally:
            self.searched = False

    def ordered(self, groups: Sequence[Group]) -> list[Group]:
        """Those that the linear programme leans on first; without it, as they are.

        Where these alone clash, which by duality they do but for the last digits, the others are left out.
        """
        if self.dual is None:
            return list(groups)
        dual = np.abs(self.dual)
        ranked = sorted(groups, key=lambda one: -float(dual[one.rows].sum()))
        heavy = [one for one in ranked if dual[one.rows].max(initial=0.0) > _LEANS]
        return heavy if self(heavy) else ranked

    def narrowed(self, kept: list[Group]) -> list[Group]:
        """The rules in the years in which they bind; together they clash as well."""
        self(kept)
        if self.dual is None:
            return kept
        narrow = [one.only(one.rows[np.abs(self.dual[one.rows]) > _LEANS]) for one in kept]
        return narrow if self(narrow) else kept

    def _lift(self, kept: Sequence[Group]) -> None:
        lifted, free = np.zeros_like(self.lifted), np.zeros_like(self.free)
        for one in self.groups:
            lifted[one.rows], free[one.columns] = True, True
        for one in kept:
            lifted[one.rows], free[one.columns] = False, False
        for row in np.flatnonzero(lifted != self.lifted):
            self.model.session.set_row_upper(int(row), np.inf if lifted[row] else float(self.upper[row]))
        for whole in (False, True):
            changed = np.flatnonzero((free != self.free) & (free != whole))
            self.model.session.set_integer(changed, integer=whole)
        self.lifted, self.free = lifted, free

    def _clashes(self) -> bool:
        if self.budget.spent():
            raise Unfinished("Time was up before it was known which rules clash")
        session = self.model.session
        if not self.searched:
            answer = session.lp()
            if answer.x is None:
                raise Unfinished("The linear programme took too long")
            self.dual = answer.row_dual
            return answer.value > _MET
        answer = session.mip(seconds=self.budget.left(), work=min(POINTS, self.budget.work_left()))
        if answer.bound <= _MET < answer.value:
            raise Unfinished("Branch and bound took too long")
        return answer.bound > _MET


def impossible(stand: Stand, demand: Demand, ways: Ints) -> Clash | None:
    """Return the clash that makes a demand impossible whatever else is given up.

    First a model of the programme and what it requires. Everything else only takes money, lines and crews
    from these, but for one thing: what SAFE pays brings loans that help other purchases. So if that model
    clashes, what SAFE may pay is added before anything is called impossible.

    Parameters
    ----------
    stand : Stand
    demand : Demand
    ways : array
        Blocks that meet it.

    Returns
    -------
    Clash or None
        None if it is possible, or if time was up before that was known.
    """
    test: Clash | None = None
    for choices in _widths(stand, demand, ways):
        test = _clash(stand.model(choices), demand, stand.budget)
        for searched in (False, True):
            test.searched = searched
            try:
                if test(test.groups):
                    break
            except Unfinished:
                return None
        else:
            return None
    return test


def _widths(stand: Stand, demand: Demand, ways: Ints) -> Iterator[Ints]:
    """What may be chosen: ways to meet the demand and what they require; then all that SAFE may pay."""
    b, problem = stand.form.blocks, stand.problem
    needed = stand.of_programmes(np.setdiff1d(required(problem, [demand.programme]), demand.programme))
    narrow = np.union1d(needed, ways)
    yield narrow
    wide = np.union1d(narrow, stand.of_programmes(required(problem, np.unique(b.programme[b.eligible]))))
    if (stand.form.at.draw >= 0).any() and len(wide) > len(narrow):
        yield wide


def blocking(stand: Stand, demand: Demand, taken: Ints) -> Clash:
    """Return the clash of a demand with all that was planned.

    Choices, expansion steps and schools stay as planned, and nobody misses more of any class in any year than
    in the plan; the demand comes on top, by the blocks `taken`, which may take the place of planned ones of
    the same programme and members. Quantities and money are free, and units need not be whole, so that a
    linear programme decides.
    """
    b, form = stand.form.blocks, stand.form
    members = np.bitwise_or.reduce(b.coalition[taken], initial=0)
    same = (b.programme[stand.chosen] == demand.programme) & ((b.coalition[stand.chosen] & members) != 0)
    model = stand.model(np.union1d(stand.chosen, taken), whole=False)
    free = model.at[form.at.x[np.union1d(stand.chosen[same], taken)]]
    integers = np.setdiff1d(np.flatnonzero(model.integer), free)
    planned = np.rint(stand.full[model.columns][integers])
    model.session.set_bounds(integers, planned, planned)
    short = form.at.shortfall[form.at.shortfall >= 0]
    missing = np.maximum(stand.full[short], 0.0) + _NEAR
    model.session.set_bounds(model.at[short], np.zeros(len(short)), missing)
    return _clash(model, demand, stand.budget)


def _clash(model: Restricted, demand: Demand, budget: Budget) -> Clash:
    """Ask a model for nothing but the least part of a demand that is not met."""
    priced = np.flatnonzero(model.cost)
    model.session.set_cost(priced, np.zeros(len(priced)))
    demand.force(model, 1.0)
    return Clash(model, budget)


def obstacles(test: Clash) -> tuple[Obstacle, ...] | None:
    """Return at most `MOST_RULES` rules that clash, in the finest grain in which they are so few.

    Together they clash whatever becomes of all others, and none of them can be left out of that.

    Returns
    -------
    tuple or None
        Empty if there is no clash, or one that no rule has a part in; None if time was up.
    """
    try:
        kept: list[Group] = []
        for grain in range(GRAINS):
            if not test(test.groups):
                return ()
            kept = conflict(test.ordered(coarser(test.groups, grain)), test)
            if len(kept) <= MOST_RULES:
                break
        return tuple(Obstacle(one.said(test.model), not test.without(one)) for one in test.narrowed(kept))
    except Unfinished:
        return None

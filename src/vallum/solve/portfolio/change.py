"""Less money, cancelled projects, and what a new plan does differently and why."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from vallum.core.errors import BadInput
from vallum.solve.portfolio.problem import NEVER, Floats, Ints, Portfolio
from vallum.solve.portfolio.starts import allowed_starts, prerequisites_of

__all__ = ["Change", "cancelled", "changes", "cut"]

Kind = Literal["dropped", "moved", "added"]


@dataclass(frozen=True, slots=True)
class Change:
    """What a new plan does with one project.

    Attributes
    ----------
    project : str
    kind : str
        dropped, moved or added.
    before, after : int or None
        Start years, counted from 1.
    reason : str
        Why the old start does not stand in the new plan; for what was added, what it is worth.
    """

    project: str
    kind: Kind
    before: int | None
    after: int | None
    reason: str


def cut(problem: Portfolio, share: float, from_year: int) -> Portfolio:
    """The same projects with yearly budgets less a share from a year on.

    The budgets of streams are shares of the planning years' total in the public family, so they shrink as
    it does: an assumption.

    Parameters
    ----------
    problem : Portfolio
    share : float
        Above 0, below 1.
    from_year : int
        Counted from 1.

    Raises
    ------
    BadInput
        When the share or the year is out of range.
    """
    if not 0.0 < share < 1.0:
        raise BadInput(
            f"A cut of {share:g} is no share of a budget.", where="--cut-budget", rule="range",
            remedy="Give a fraction above 0 and below 1, 0.2 for a fifth.",
        )  # fmt: skip
    if not 1 <= from_year <= problem.years:
        raise BadInput(
            f"There is no year {from_year}; budgets are for years 1 to {problem.years}.", where="--from-year",
            rule="horizon", remedy="Give one of these years.",
        )  # fmt: skip
    factor = np.where(np.arange(problem.years) >= from_year - 1, 1.0 - share, 1.0)
    total = problem.total * factor
    planned = total[: problem.planning].sum() / problem.total[: problem.planning].sum()
    return problem.with_budgets(
        total,
        problem.ongoing * factor,
        problem.initiation * factor[: problem.planning],
        problem.streams * planned,
    )


def cancelled(problem: Portfolio, names: Sequence[str]) -> Portfolio:
    """The same portfolio in which some projects, by name, may not start.

    Raises
    ------
    BadInput
        When there is no project of a name.
    """
    known = {name: j for j, name in enumerate(problem.names)}
    latest = problem.latest.copy()
    for name in names:
        if name not in known:
            raise BadInput(
                f"There is no project {name[:60]!r}.", where="--cancel", rule="known_project",
                remedy="Give a name as it stands in the file.",
            )  # fmt: skip
        latest[known[name]] = NEVER
    return replace(problem, latest=latest)


def changes(problem: Portfolio, old: Ints, new: Ints) -> list[Change]:
    """What differs between two plans, dropped first, and why by the rules of the new problem.

    Parameters
    ----------
    problem : Portfolio
        With the new budgets and cancellations.
    old, new : (n,) int arrays
    """
    told = _Reasons(problem, old, new)
    found = []
    for j in np.flatnonzero(old != new).tolist():
        before, after = (None if start < 0 else int(start) + 1 for start in (old[j], new[j]))
        kind: Kind = "added" if before is None else "dropped" if after is None else "moved"
        reason = told.worth(j) if before is None else told.why_not(j)
        found.append(Change(problem.names[j], kind, before, after, reason))
    rank = {"dropped": 0, "moved": 1, "added": 2}
    return sorted(found, key=lambda change: rank[change.kind])


class _Reasons:
    """Why an old start does not stand in the new plan."""

    def __init__(self, problem: Portfolio, old: Ints, new: Ints) -> None:
        self.problem, self.old, self.new = problem, old, new
        self.allowed = allowed_starts(problem)
        self.needed = prerequisites_of(problem)
        self.left = problem.capacity - problem.use(new)
        self.gone = set(np.flatnonzero(problem.latest < 0).tolist())

    def worth(self, j: int) -> str:
        """What an added project brings."""
        return f"worth {self.problem.worth[j, self.new[j]]:,.1f}, and there is room for it now"

    def why_not(self, j: int) -> str:
        """The first rule that the old start breaks beside the rest of the new plan."""
        name = self.problem.names
        if j in self.gone:
            return "cancelled"
        over = [q for q in self._chain(j) if q in self.gone]
        if over:
            return f"needs {name[over[0]]}, which is cancelled"
        start = int(self.old[j])
        late = [q for q in self.needed[j] if not 0 <= self.new[q] <= start - self.problem.duration[q]]
        if late:
            when = "is not in the plan" if self.new[late[0]] < 0 else "ends later now"
            return f"needs {name[late[0]]}, which {when}"
        for one, other in self.problem.exclusions.tolist():
            partner = other if one == j else one if other == j else -1
            if partner >= 0 and self.new[partner] >= 0:
                return f"excludes {name[partner]}, which is in the plan"
        return self._money(j, start)

    def _chain(self, j: int) -> list[int]:
        """Everything that a project needs, nearest first."""
        found, waiting = [], list(self.needed[j])
        while waiting:
            q = waiting.pop(0)
            if q not in found:
                found.append(q)
                waiting += self.needed[q]
        return found

    def _money(self, j: int, start: int) -> str:
        """The budget that would be missed most by its share."""
        one, when = np.array([j]), np.array([start])
        _, row, amount = self.problem.footprint(one, when)
        left = self.left.copy()
        if self.new[j] >= 0:
            _, own, spent = self.problem.footprint(one, self.new[one])
            left += np.bincount(own, spent, len(left))
        missing: Floats = np.bincount(row, amount, len(left)) - left
        share = missing / np.maximum(self.problem.capacity, 1.0)
        worst = int(share.argmax())
        if missing[worst] > 1e-6:
            return f"{self._row(worst)} would be overspent by {missing[worst]:,.1f}"
        return "the money does more elsewhere"

    def _row(self, row: int) -> str:
        """A budget in words."""
        problem = self.problem
        if row < problem.years:
            return f"the ongoing budget of year {row + 1}"
        row -= problem.years
        if row < problem.planning:
            return f"the initiation budget of year {row + 1}"
        row -= problem.planning
        if row < len(problem.streams):
            return f"the budget of stream {row}"
        return f"the total budget of year {row - len(problem.streams) + 1}"

"""Which projects to start and when, under yearly and stream budgets: the problem as frozen arrays.

The family is that of force design: each project runs a fixed number of years from its start, costs and is
worth something in each of them, needs other projects finished first, and excludes others.
"""

from dataclasses import dataclass, fields, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

__all__ = ["NEVER", "Bools", "Floats", "Ints", "Portfolio"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

#: Start of a project that is not in the plan.
NEVER = -1
#: Money by which a budget of whole costs may be missed for the rounding of decimals.
ROUNDING = 1e-9


@dataclass(frozen=True)
class Portfolio:
    """Projects, budgets and the rules between projects; years count from 0.

    A start s of project j is worth the sum over its years k of v[j,k] (1 + rate)^-(s + k). The cost of its
    first
    year counts as initiation, the cost of later years as ongoing, both as total; what falls into the planning
    years counts towards the budget of its stream. These are the rules of the public instances of PPSSolver.

    Parameters
    ----------
    names : tuple of str
        One for each of n projects.
    first : (n + 1,) int array
        Years of project j are first[j] .. first[j + 1] - 1 of `cost` and `value`.
    cost, value : (years of all projects,) arrays
        At least 0, money and worth of each year, undiscounted.
    stream : (n,) int array
        Stream of each project, 0 .. S - 1.
    earliest, latest : (n,) int arrays
        Starts that its own window allows, within 0 .. T - 1.
    prerequisites : (m, 2) int array
        Rows (project, other): the other has ended before the project starts.
    exclusions : (e, 2) int array
        Rows (project, other), project < other: at most one of the two.
    planning : int
        T, years in which a project may start.
    total, ongoing : (H,) arrays
        Yearly budgets, H >= T. A project ends within them.
    initiation : (T,) array
        Yearly budget of first years.
    streams : (S,) array
        Budgets of the streams over the planning years.
    rate : float
        Discount rate of value, as a fraction, above -1.
    """

    names: tuple[str, ...]
    first: Ints
    cost: Floats
    value: Floats
    stream: Ints
    earliest: Ints
    latest: Ints
    prerequisites: Ints
    exclusions: Ints
    planning: int
    total: Floats
    ongoing: Floats
    initiation: Floats
    streams: Floats
    rate: float

    def __post_init__(self) -> None:
        for field in fields(self):
            given = getattr(self, field.name)
            if isinstance(given, np.ndarray):
                kept = given.copy()
                kept.flags.writeable = False
                object.__setattr__(self, field.name, kept)

    @property
    def projects(self) -> int:
        """Number of projects."""
        return len(self.names)

    @property
    def years(self) -> int:
        """H, years with a budget."""
        return len(self.total)

    @cached_property
    def duration(self) -> Ints:
        """Years that each project runs, shape (n,)."""
        return np.diff(self.first)

    @cached_property
    def worth(self) -> Floats:
        """Value of each start, shape (n, T); year k of a start s is discounted by (1 + rate)^-(s + k)."""
        owner = np.repeat(np.arange(self.projects), self.duration)
        age = np.arange(len(self.value)) - self.first[owner]
        now = np.bincount(owner, self.value * (1.0 + self.rate) ** -age, self.projects)
        return np.outer(now, (1.0 + self.rate) ** -np.arange(self.planning))

    @cached_property
    def stream_cost(self) -> Floats:
        """Cost of each start that falls into the planning years, shape (n, T)."""
        running = np.concatenate(([0.0], np.cumsum(self.cost)))
        inside = self.planning - np.arange(self.planning)
        last = self.first[:-1, None] + np.minimum(self.duration[:, None], inside[None])
        return running[last] - running[self.first[:-1], None]

    @cached_property
    def whole(self) -> bool:
        """Whether all costs are whole numbers, so that a budget may be rounded down."""
        return bool((self.cost == np.rint(self.cost)).all())

    @cached_property
    def totals_bind(self) -> bool:
        """Whether the total budget says more than initiation and ongoing budget do together."""
        parts = self._rounded(self.ongoing)
        parts[: self.planning] += self._rounded(self.initiation)
        return bool((self._rounded(self.total) < parts).any())

    @cached_property
    def capacity(self) -> Floats:
        """Budget of each row: ongoing of H years, initiation of T, streams, totals of H if they bind."""
        ongoing = np.minimum(self.ongoing, self.total)
        initiation = np.minimum(self.initiation, self.total[: self.planning])
        totals = self.total if self.totals_bind else np.empty(0)
        return self._rounded(np.concatenate((ongoing, initiation, self.streams, totals)))

    def _rounded(self, budget: Floats) -> Floats:
        """A budget as far as whole costs can use it."""
        return np.floor(budget + ROUNDING) if self.whole else budget.copy()

    def footprint(self, project: Ints, start: Ints) -> tuple[Ints, Ints, Floats]:
        """What some starts spend.

        Parameters
        ----------
        project, start : (k,) int arrays

        Returns
        -------
        position, row, amount : arrays of one length
            Entries: the start at `position` of the arguments spends `amount` of the budget `row`.
        """
        span = self.duration[project]
        position = np.repeat(np.arange(len(project)), span)
        age = np.arange(len(position)) - np.repeat(np.cumsum(span) - span, span)
        spent = self.cost[self.first[project[position]] + age]
        year = start[position] + age
        row = np.where(age == 0, self.years + year, year)
        parts = [(position, row, spent)]
        rows = self.years + self.planning + self.stream[project]
        parts.append((np.arange(len(project)), rows, self.stream_cost[project, start]))
        if self.totals_bind:
            parts.append((position, self.years + self.planning + len(self.streams) + year, spent))
        position, row, amount = (np.concatenate([part[i] for part in parts]) for i in range(3))
        kept = amount > 0
        return position[kept], row[kept], amount[kept]

    def use(self, start: Ints) -> Floats:
        """What a plan spends of each budget row; `start` is (n,), NEVER for projects that are not in it."""
        chosen = np.flatnonzero(start >= 0)
        _, row, amount = self.footprint(chosen, start[chosen])
        return np.bincount(row, amount, len(self.capacity)).astype(np.float64)

    def worth_of(self, start: Ints) -> float:
        """Value of a plan."""
        chosen = np.flatnonzero(start >= 0)
        return float(self.worth[chosen, start[chosen]].sum())

    def fits(self, start: Ints) -> bool:
        """Whether a plan keeps every rule."""
        inside = start >= 0
        late = inside & ((start < self.earliest) | (start > self.latest))
        late |= inside & (start + self.duration > self.years)
        mine, other = self.prerequisites.T
        early = inside[mine] & (~inside[other] | (start[other] + self.duration[other] > start[mine]))
        both = inside[self.exclusions[:, 0]] & inside[self.exclusions[:, 1]]
        if late.any() or early.any() or both.any():
            return False
        return bool((self.use(start) <= self.capacity + 1e-7).all())

    def with_budgets(
        self, total: Floats, ongoing: Floats, initiation: Floats, streams: Floats
    ) -> "Portfolio":
        """The same projects with other budgets."""
        return replace(self, total=total, ongoing=ongoing, initiation=initiation, streams=streams)

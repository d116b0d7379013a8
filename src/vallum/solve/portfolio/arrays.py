"""From a problem and its losses to what the kernels read; and plans that fit, to start from."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from vallum.solve.portfolio.compiled import Small, seeded
from vallum.solve.portfolio.exchange import Options, Plan, refresh
from vallum.solve.portfolio.kernel import Case, Move, State
from vallum.solve.portfolio.problem import NEVER, Bools, Floats, Ints, Portfolio
from vallum.solve.portfolio.starts import prerequisites_of

__all__ = ["Guide", "case_of", "fitted", "move_of", "options_of", "plan_of", "rounded", "state_of"]

#: Losses and temperatures are given for projects worth this much at the median, as in the public family.
MEDIAN = 700.0


@dataclass(frozen=True, slots=True)
class Guide:
    """What the relaxation tells the search.

    Attributes
    ----------
    loss : (n, T) array
        By how much the bound falls when a start is forced; inf where it is not allowed.
    never : (n,) array
        The same when a project is left out.
    prices : (rows,) array
        Duals of the budgets.
    """

    loss: Floats
    never: Floats
    prices: Floats

    def unit(self, problem: Portfolio) -> float:
        """One unit of loss and temperature, in value."""
        best = np.where(np.isfinite(self.loss), problem.worth, 0.0).max(axis=1)
        return float(np.median(best[best > 0]) / MEDIAN) if (best > 0).any() else 1.0

    def weight(self, problem: Portfolio) -> Floats:
        """Price of overspending each row by a unit, (rows,): its dual, at least the mean of those above 0."""
        positive = self.prices[self.prices > 0]
        floor = positive.mean() if len(positive) else problem.value.sum() / max(problem.cost.sum(), 1.0)
        return np.maximum(self.prices, max(float(floor), 1e-9))


def _grouped(owner: Ints, item: Ints, count: int) -> tuple[Small, Small]:
    """Items by owner: first positions, and the items in their order."""
    ranked = np.argsort(owner, kind="stable")
    first = np.concatenate(([0], np.cumsum(np.bincount(owner, minlength=count))))
    return first.astype(np.int32), item[ranked].astype(np.int32)


def _rules(problem: Portfolio) -> dict[str, Any]:
    """What each project needs, what needs it, what it excludes, as `Case` and `Options` name it."""
    own, other = problem.prerequisites.T
    one, two = problem.exclusions.T
    pairs = {
        "need": (own, other),
        "follow": (other, own),
        "exclude": (np.append(one, two), np.append(two, one)),
    }
    made: dict[str, Any] = {}
    for name, (owner, item) in pairs.items():
        made[f"{name}_first"], made[name] = _grouped(owner, item, problem.projects)
    return made


def case_of(problem: Portfolio, picks: Bools, guide: Guide) -> Case:
    """What the anneal reads; `picks` are its candidate starts, (n, T)."""
    project, start = np.nonzero(picks)
    mine, pick_start = _grouped(project, start, problem.projects)
    return Case(
        first=problem.first.astype(np.int32), cost=np.array(problem.cost),
        stream=problem.stream.astype(np.int32), stream_cost=problem.stream_cost, worth=problem.worth,
        mine=mine, pick_project=project.astype(np.int32), pick_start=pick_start, **_rules(problem),
        weight=guide.weight(problem), years=problem.years,
        planning=problem.planning, streams=len(problem.streams), totals=problem.totals_bind,
    )  # fmt: skip


def state_of(problem: Portfolio, start: Ints, weight: Floats, seed: int) -> State:
    """State at a plan, which may overspend but keeps prerequisites and exclusions."""
    chosen = np.flatnonzero(start >= 0)
    inside, place = np.zeros(problem.projects, np.int32), np.zeros(problem.projects, np.int32)
    inside[: len(chosen)], place[chosen] = chosen, np.arange(len(chosen))
    over = problem.use(start) - problem.capacity
    penalty, value = float(weight @ np.maximum(over, 0.0)), problem.worth_of(start)
    best = start if penalty <= 0 else np.full(problem.projects, NEVER)
    return State(
        start.astype(np.int32), over, inside, place, best.astype(np.int32),
        np.array([value, penalty, value if penalty <= 0 else -1.0]), np.array([0, len(chosen)], np.int64),
        seeded(seed),
    )  # fmt: skip


def move_of(problem: Portfolio) -> Move:
    """Room for the moves of an anneal."""
    count, rows = problem.projects, len(problem.capacity)
    return Move(
        np.full(count, -1, np.int64), np.zeros(count, np.int32), np.zeros(count, np.int32),
        np.zeros(2, np.int64), np.zeros(rows), np.zeros(rows),
    )  # fmt: skip


def options_of(problem: Portfolio, most: float, guide: Guide, start: Ints) -> Options:
    """What the exchange reads: options that lose at most `most`, and those of the plan `start`, (n,)."""
    picks = guide.loss <= most
    chosen = np.flatnonzero(start >= 0)
    picks[chosen, start[chosen]] = True
    leave = np.flatnonzero((guide.never <= most) | (start < 0) | ~picks.any(axis=1))
    project, when = np.nonzero(picks)
    owner, when = np.append(project, leave), np.append(when, np.full(len(leave), NEVER))
    ranked = np.argsort(owner, kind="stable")
    owner, when = owner[ranked], when[ranked]
    starts = np.flatnonzero(when >= 0)
    project, begin = owner[starts], when[starts]
    worth, gain = np.zeros(len(owner)), np.zeros(len(owner))
    worth[starts] = problem.worth[project, begin]
    gain[starts] = guide.never[project] - guide.loss[project, begin]
    position, row, amount = problem.footprint(project, begin)
    foot = np.zeros((len(owner), len(problem.capacity)))
    foot[starts[position], row] = amount
    mean = foot.sum(axis=0) / np.maximum((foot > 0).sum(axis=0), 1)
    return Options(
        first=np.searchsorted(owner, np.arange(problem.projects + 1)).astype(np.int32),
        owner=owner.astype(np.int32), start=when.astype(np.int32), worth=worth, gain=gain, foot=foot,
        tall=np.ascontiguousarray(foot.T), duration=problem.duration.astype(np.int32), **_rules(problem),
        scale=1.0 / np.maximum(mean, 1e-9),
    )  # fmt: skip


def plan_of(problem: Portfolio, options: Options, start: Ints, seed: int) -> Plan:
    """A plan that keeps all rules, (n,), as the exchange keeps it."""
    owner, rows = options.owner, len(problem.capacity)
    now = np.flatnonzero(options.start == start[owner]).astype(np.int32)
    spent = options.foot[now].T
    spenders = (spent > 0).sum(axis=1).astype(np.int32)
    value = problem.worth_of(start)
    plan = Plan(
        now, problem.capacity - problem.use(start), np.zeros(len(owner), np.bool_),
        np.argsort(-spent, axis=1, kind="stable").astype(np.int32), spenders,
        np.zeros(problem.projects, np.int64), start.astype(np.int32), np.array([value, value]),
        np.zeros(2, np.int64), seeded(seed), np.zeros(rows), np.zeros(rows),
    )  # fmt: skip
    for j in range(problem.projects):
        refresh(options, plan, j)
    return plan


def rounded(problem: Portfolio, x: Floats) -> Ints:
    """Starts that the relaxation takes for more than half, as far as rules between projects allow, (n,)."""
    start = np.where(x.max(axis=1) > 0.5, x.argmax(axis=1), NEVER).astype(np.int64)
    return _kept(problem, start)


def _kept(problem: Portfolio, start: Ints) -> Ints:
    """A plan without what lacks a prerequisite or is excluded by what comes before it."""
    start = start.copy()
    for one, other in problem.exclusions.tolist():
        if start[one] >= 0 and start[other] >= 0:
            start[other] = NEVER
    while True:
        mine, needed = problem.prerequisites.T
        early = (start[mine] >= 0) & (
            (start[needed] < 0) | (start[needed] + problem.duration[needed] > start[mine])
        )
        if not early.any():
            return start
        start[mine[early]] = NEVER


def fitted(problem: Portfolio, allowed: Bools, start: Ints, rank: Floats) -> Ints:
    """A plan from one that may break rules and budgets: by falling rank, each with what it needs."""
    chosen = np.flatnonzero(start >= 0)
    given = np.full(problem.projects, NEVER)
    given[chosen] = np.where(allowed[chosen, start[chosen]], start[chosen], NEVER)
    given = _kept(problem, given)
    needed = prerequisites_of(problem)
    made, left = np.full(problem.projects, NEVER), problem.capacity.copy()
    for j in np.argsort(-rank, kind="stable").tolist():
        group, waiting = set(), [j]
        while waiting:
            k = waiting.pop()
            if made[k] < 0:
                group.add(k)
                waiting += needed[k]
        new = np.array(sorted(group), np.int64)
        if given[j] < 0 or not len(new):
            continue
        _, row, amount = problem.footprint(new, given[new])
        after = left - np.bincount(row, amount, len(left))
        if (after >= 0).all():
            made[new], left = given[new], after
    return made

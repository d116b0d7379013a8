"""The network as a CP-SAT model. Only the worker loads this module, since it loads OR-Tools.

A start is a whole number out of the working periods of its calendar; a finish is the start plus a span, which
is longer where a gap of the calendar lies inside. Most activities know few different spans, so that one
literal a span is enough. Resources are cumulative constraints over [start, finish). Across a gap a resource
is not held: where nobody works, the capacity is set free; where users of another calendar work, literals
"lies across this gap" give back what is not held. A supply is a cumulative constraint too: what is taken at
a start is held for ever under a capacity that grows.
"""

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray
from ortools.sat.python import cp_model

from vallum.solve.schedule.messages import Problem
from vallum.solve.schedule.network import Level
from vallum.solve.schedule.passes import latest

__all__ = ["Model"]

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class _Activity:
    """Variables of one activity, and where each of its possible starts leads."""

    start: Any
    finish: Any
    interval: Any
    starts: Ints
    finishes: Ints


class Model:
    """Variables and constraints; objectives are put in one after the other.

    Parameters
    ----------
    problem : Problem
        With at least one level.
    """

    def __init__(self, problem: Problem) -> None:
        self.network = network = problem.network
        self.model = cp_model.CpModel()
        self._hints: list[tuple[Any, Any]] = []
        self._horizon = self._last(problem)
        self._latest = latest(
            network, np.where(network.hard, network.deadline, self._horizon).clip(0, self._horizon)
        )[0]
        self._tables = {
            (c, d): network.clock.place(c, np.arange(network.periods + 1), np.full(network.periods + 1, d))
            for c, d in sorted(set(zip(network.calendar.tolist(), network.duration.tolist(), strict=True)))
        }
        self.activities = [self._activity(a) for a in range(len(network.duration))]
        for (a, b), lag in zip(network.before.tolist(), network.lag.tolist(), strict=True):
            self.model.add(self.activities[b].start >= self.activities[a].finish + lag)
        for r in range(len(network.resources)):
            self._resource(r)
        for g in range(len(network.supplies)):
            self._supply(g)
        self._objectives = [self._objective(level) for level in problem.levels]
        for objective, bound in zip(self._objectives, problem.bounds, strict=True):
            self.model.add(objective >= bound)

    @property
    def start_variables(self) -> list[Any]:
        """The start of each activity."""
        return [one.start for one in self.activities]

    def hint(self, starts: Ints) -> None:
        """Tell the solver a schedule, down to every helper variable."""
        self.model.clear_hints()  # type: ignore[no-untyped-call]
        for activity, start in zip(self.activities, starts.tolist(), strict=True):
            self.model.add_hint(activity.start, start)
        for variable, value in self._hints:
            self.model.add_hint(variable, int(value(starts)))

    def minimise(self, level: int) -> None:
        """Make a level the objective."""
        self.model.minimize(self._objectives[level])

    def hold(self, level: int, most: int) -> None:
        """Keep a level at or below a value."""
        self.model.add(self._objectives[level] <= most)

    def _last(self, problem: Problem) -> int:
        """Period by which all ends: with the makespan first, no later than a known schedule."""
        first = problem.levels[0]
        if first.weight is not None or problem.start is None:
            return self.network.periods
        known = int(first.value(self.network.finishes(problem.start)))
        return min(self.network.periods, first.ceiling(known))

    def _activity(self, a: int) -> _Activity:
        network = self.network
        start, finish = self._tables[int(network.calendar[a]), int(network.duration[a])]
        periods = np.arange(network.periods + 1)
        may = (start == periods) & (periods >= network.release[a]) & (periods <= self._latest[a])
        starts, finishes = start[may], finish[may]
        spans = finishes - starts
        variable = self.model.new_int_var_from_domain(_domain(starts), f"start {a}")
        each = np.unique(spans).tolist()
        if len(each) < 2:
            size, end = (each or [0])[0], variable + (each or [0])[0]
            return _Activity(
                variable, end, self.model.new_fixed_size_interval_var(variable, size, ""), starts, finishes
            )
        length = self.model.new_int_var_from_domain(cp_model.Domain.from_values(each), "")
        end = self.model.new_int_var_from_domain(
            cp_model.Domain.from_values(np.unique(finishes).tolist()), ""
        )
        span_of = dict(zip(starts.tolist(), spans.tolist(), strict=True))
        chosen = []
        for span in each:
            literal = self.model.new_bool_var("")
            self.model.add_linear_expression_in_domain(
                variable, _domain(starts[spans == span])
            ).only_enforce_if(literal)
            self.model.add(length == span).only_enforce_if(literal)
            self._hints.append((literal, lambda s, span=span: span_of.get(int(s[a])) == span))
            chosen.append(literal)
        self.model.add_exactly_one(chosen)
        self._hints.append((length, lambda s: span_of.get(int(s[a]), each[0])))
        self._hints.append((end, lambda s: s[a] + span_of.get(int(s[a]), each[0])))
        interval = self.model.new_interval_var(variable, length, end, "")
        return _Activity(variable, end, interval, starts, finishes)

    def _resource(self, r: int) -> None:
        network = self.network
        users = np.flatnonzero((network.use[:, r] > 0) & (network.duration > 0))
        if not len(users):
            return
        worked = network.calendars[np.unique(network.calendar[users])]
        capacity = network.capacity[r]
        top = int(capacity.max())
        room = np.where(worked.any(axis=0), capacity, top)
        given_back: list[tuple[Any, Any]] = []
        for c in np.unique(network.calendar[users]).tolist():
            for u, v in _runs(~network.calendars[c]):
                if u > 0 and worked[:, u:v].any():
                    back = self._across(r, users[network.calendar[users] == c], u, v)
                    if back is not None:
                        demand, most = back
                        room[u:v] += most
                        given_back.append((self.model.new_fixed_size_interval_var(u, v - u, ""), demand))
        top = int(room.max())
        if top >= network.use[users, r].sum() and room.min() == top and not given_back:
            return
        intervals = [self.activities[a].interval for a in users.tolist()] + [i for i, _ in given_back]
        demands = network.use[users, r].tolist() + [d for _, d in given_back]
        self._cumulative(intervals, demands, room, top)

    def _across(self, r: int, users: Ints, u: int, v: int) -> tuple[Any, int] | None:
        """What stays taken of the room lent to users that lie across a gap [u, v); and how much is lent."""
        literals, uses, inside = [], [], []
        for a in users.tolist():
            one = self.activities[a]
            across = one.starts[(one.starts < u) & (one.finishes > v)]
            if not len(across):
                continue
            low, high = int(across[0]), int(across[-1])
            literal = self.model.new_bool_var("")
            self.model.add_linear_expression_in_domain(one.start, cp_model.Domain(low, high)).only_enforce_if(
                literal
            )
            self._hints.append((literal, lambda s, a=a, low=low, high=high: low <= s[a] <= high))
            literals.append(literal)
            uses.append(int(self.network.use[a, r]))
            inside.append((a, low, high))
        if not literals:
            return None
        # all that lie across work in the period before the gap
        most = min(sum(uses), int(self.network.capacity[r, u - 1]))
        taken = self.model.new_int_var(0, most, "")
        self.model.add(taken + sum(k * x for k, x in zip(uses, literals, strict=True)) >= most)
        self._hints.append(
            (
                taken,
                lambda s: max(
                    0,
                    most
                    - sum(k for k, (a, low, high) in zip(uses, inside, strict=True) if low <= s[a] <= high),
                ),
            )
        )
        return taken, most

    def _supply(self, g: int) -> None:
        network = self.network
        users = np.flatnonzero(network.demand[:, g] > 0)
        have = network.cumulative[g]
        top = int(network.demand[:, g].sum())
        if not len(users) or have[0] == top:
            return
        end = network.periods + 1
        intervals = [
            self.model.new_interval_var(one.start, end - one.start, end, "")
            for one in (self.activities[a] for a in users.tolist())
        ]
        self._cumulative(intervals, network.demand[users, g].tolist(), have, top)

    def _cumulative(self, intervals: list[Any], demands: list[Any], room: Ints, top: int) -> None:
        """Hold intervals under a varying capacity: what is missing to `top` is taken by fixed intervals."""
        missing = top - room
        edges = np.concatenate(([0], np.flatnonzero(np.diff(missing)) + 1, [len(missing)])).tolist()
        for u, v in pairwise(edges):
            if missing[u]:
                intervals.append(self.model.new_fixed_size_interval_var(u, v - u, ""))
                demands.append(int(missing[u]))
        self.model.add_cumulative(intervals, demands, top)

    def _objective(self, level: Level) -> Any:
        if level.weight is not None:
            weighted = np.flatnonzero(level.weight).tolist()
            return sum(int(level.weight[a]) * self.activities[a].finish for a in weighted)
        last = self.model.new_int_var(0, self._horizon, "makespan")
        for a, (after, _) in enumerate(self.network.successors):
            if not len(after):
                self.model.add(last >= self.activities[a].finish)
        self._hints.append((last, lambda s: self.network.finishes(s).max()))
        return last


def _runs(flags: Bools) -> list[tuple[int, int]]:
    """Stretches [u, v) of true values."""
    edges = np.flatnonzero(np.diff(np.concatenate(([False], flags, [False]))))
    return [(int(u), int(v)) for u, v in edges.reshape(-1, 2)]


def _domain(values: Ints) -> Any:
    """Domain of sorted values, by stretches."""
    if not len(values):
        return cp_model.Domain.from_values([])
    cuts = np.flatnonzero(np.diff(values) > 1)
    low, high = values[np.append(0, cuts + 1)], values[np.append(cuts, len(values) - 1)]
    return cp_model.Domain.from_intervals(np.stack((low, high), axis=1).tolist())

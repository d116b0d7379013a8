"""Who pays what of a common plan, so that nobody does better apart.

The cost of a coalition S is the least discounted cost at which its states, planning jointly among themselves,
each miss no more than in their national plan, while the others keep their national plans to the letter. A
plan found is an upper value of it and a bound of the solver a lower one (docs/explanation/shares.md).
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Any, Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from vallum.model.procurement import (
    Mode,
    NotReached,
    PlanLimits,
    Problem,
    Progress,
    Solution,
    Standing,
    part,
    solve,
)
from vallum.plan.audit.facts import facts_of
from vallum.plan.store import Plan
from vallum.plan.summary import cost_by_state, gap_years_by_state
from vallum.plan.tables import PLAN_TABLES
from vallum.solve import Cancel, Limits
from vallum.solve.game import Game, allocate, shapley

__all__ = ["coalitions", "shares"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
#: Up to so many states every coalition is planned.
ALL_UP_TO: Final = 6
#: By how much a state may miss more than in the national plan, whose tables do not keep the solver's last
#: digits; their sum may not.
ROUNDING: Final = 1e-6
#: Plans put together from those of smaller coalitions that are tried as a start.
STARTS: Final = 6
START_TABLES: Final = ("orders", "expansions", "schools")

Tell = Callable[[str], Progress | None]
Tables = Mapping[str, pl.DataFrame]


@dataclass(frozen=True, slots=True)
class Planned:
    """The best plan of a coalition: its cost, the bound of any, and its tables."""

    cost: float
    bound: float | None
    tables: Tables


def coalitions(states: int) -> list[int]:
    """Return the coalitions that are planned, as bit masks, small ones first.

    All of them for up to `ALL_UP_TO` states, else each state alone, each pair, all but one, and all.
    """
    sizes = range(1, states + 1) if states <= ALL_UP_TO else (1, 2, states - 1, states)
    return [sum(1 << n for n in members) for size in sizes for members in combinations(range(states), size)]


def shares(
    problem: Problem,
    national: Plan,
    limits: Limits,
    *,
    bound: float | None = None,
    tell: Tell = lambda _: None,
    cancel: Cancel | None = None,
) -> dict[str, Any] | None:
    """Plan every coalition, and share the cost of all together.

    Parameters
    ----------
    problem : Problem
    national : Plan
        The national plan of the same region.
    limits : Limits
        For all coalitions together.
    bound : float, optional
        What the joint plan cannot cost less than at the national shortfall of all states together; it holds
        for that of each as well.
    tell : callable
        Gives the progress callback of a coalition by its name.
    cancel : Cancel, optional
        Set it to stop with what was found.

    Returns
    -------
    dict
        all_coalitions: every coalition was planned; coalitions [{states, cost_meur, bound_meur}];
        largest_gap, of their costs, as a fraction; core, "found" or "empty"; proven; least_saving_meur;
        subsidy_meur; balanced [{states, weight}]; states {state: {alone_meur, core_meur, shapley_meur,
        saves_meur, spends_meur}}. None for a single state.
    """
    if len(problem.states) < 2:
        return None
    game = _Coalitions(problem, national, limits, tell, cancel or Cancel())
    game.plan_all()
    everyone = (1 << len(problem.states)) - 1
    known = {mask: one.bound for mask, one in game.found.items() if one.bound is not None}
    if bound is not None:
        known[everyone] = min(max(bound, known.get(everyone, bound)), game.found[everyone].cost)
    return _document(game, Game(len(problem.states), game.costs()), known)


class _Coalitions:
    """Plans of coalitions, each started from the best of smaller ones."""

    def __init__(self, problem: Problem, national: Plan, limits: Limits, tell: Tell, cancel: Cancel) -> None:
        self.problem, self.national = problem, national
        self.limits, self.tell, self.cancel = limits, tell, cancel
        self.facts = facts_of(national.inputs)
        cost, short = cost_by_state(national, self.facts), gap_years_by_state(national, self.facts)
        self.alone = np.array([cost[state] for state in problem.states])
        self.short = np.array([short[state] for state in problem.states])
        self.found: dict[int, Planned] = {}

    def costs(self) -> dict[int, float]:
        """Cost found of every coalition planned."""
        return {mask: one.cost for mask, one in self.found.items()}

    def names(self, mask: int) -> list[str]:
        """States of a coalition."""
        return [self.problem.states[n] for n in self.members(mask)]

    def members(self, mask: int) -> Ints:
        """Positions of a coalition's states."""
        return np.flatnonzero((mask >> np.arange(len(self.problem.states))) & 1)

    def plan_all(self) -> None:
        """Plan every coalition; a larger one has more of the limits, by its number of states."""
        masks = coalitions(len(self.problem.states))
        whole = sum(mask.bit_count() for mask in masks)
        for mask in masks:
            self.found[mask] = self.plan(mask, self.limits.scaled(mask.bit_count() / whole))

    def plan(self, mask: int, limits: Limits) -> Planned:
        """Plan one coalition: the best plan that is known serves as a start, and as an answer at worst."""
        members = self.members(mask)
        short = self.short[members]
        limits_of_each = PlanLimits(shortfall=short * (1 + ROUNDING) + ROUNDING)
        problem = replace(part(self.problem, members, *self.left_by(mask)), limits=limits_of_each)
        starts = sorted(self.starts(mask), key=lambda one: one.cost)
        mode: Mode = "joint" if len(members) > 1 else "national"
        tell = self.tell("+".join(self.names(mask)))
        for start in [*starts[:STARTS], self.as_national(mask)]:
            standing = Standing(*(start.tables[name] for name in START_TABLES))
            try:
                found = solve(
                    problem, mode, limits, tell, standing=standing, shortfall=float(short.sum()),
                    cancel=self.cancel,
                )  # fmt: skip
            except NotReached:  # plans of two parts may want the same line
                continue
            return _planned(found)
        return replace(self.as_national(mask), bound=None)

    def starts(self, mask: int) -> Iterator[Planned]:
        """Plans of two parts put together, and of a part beside the national plan of the rest."""
        for one, plan in self.found.items():
            if one & mask != one or one == mask:
                continue
            others = [self.as_national(mask & ~one)]
            # tables of a joint plan come first: see `adopt`
            if (rest := self.found.get(mask & ~one)) and one.bit_count() >= (mask & ~one).bit_count():
                others.append(rest)
            for other in others:
                tables = {name: pl.concat([plan.tables[name], other.tables[name]]) for name in START_TABLES}
                yield Planned(plan.cost + other.cost, None, tables)

    def as_national(self, mask: int) -> Planned:
        """The national plans of a coalition's states."""
        names = self.names(mask)
        tables = {
            name: self.national.tables[name].filter(pl.col("state").is_in(names)) for name in START_TABLES
        }
        return Planned(float(self.alone[self.members(mask)].sum()), None, tables)

    def left_by(self, mask: int) -> tuple[Floats, Ints]:
        """What the others' national plans take of the lines, (L, Y), and their expansion steps, (L,)."""
        problem, names = self.problem, self.names(mask)
        taken, steps = np.zeros_like(problem.line.capacity), np.zeros(len(problem.lines), dtype=np.int64)
        at = {line: k for k, line in enumerate(problem.lines)}
        others = {
            name: self.national.tables[name].filter(~pl.col("state").is_in(names))
            for name in ("deliveries", "expansions")
        }
        for line, year, units in others["deliveries"].select("line_id", "year", "line_units").iter_rows():
            taken[at[line], year - problem.years[0]] += units
        for line, year, number in others["expansions"].select("line_id", "year", "steps").iter_rows():
            steps[at[line]] += number
            first = year - problem.years[0] + int(problem.line.expansion_delay[at[line]])
            taken[at[line], first:] -= number * problem.line.expansion_step[at[line]]
        return taken, steps


def _planned(found: Solution) -> Planned:
    level = found.levels[0]
    # a plan without orders has columns without a type
    typed = {name: found.tables[name].cast(pl.Schema(PLAN_TABLES[name].schema)) for name in START_TABLES}
    return Planned(level.value, level.bound, {**found.tables, **typed})


def _document(game: _Coalitions, costs: Game, bounds: Mapping[int, float]) -> dict[str, Any]:
    """Share the cost and say what is proven of it."""
    found = allocate(costs)
    average = shapley(costs).tolist() if costs.complete else [None] * costs.players
    spends = _spends(game, costs.everyone)
    alone = [costs.cost[1 << n] for n in range(costs.players)]
    return {
        "all_coalitions": costs.complete,
        "coalitions": [
            {"states": game.names(mask), "cost_meur": cost, "bound_meur": bounds.get(mask)}
            for mask, cost in costs.cost.items()
        ],
        "largest_gap": _largest_gap(costs, bounds),
        "core": "empty" if found.weights else "found",
        "proven": _proven(costs, bounds, found.shares, found.weights),
        "least_saving_meur": found.excess,
        "subsidy_meur": found.subsidy,
        "balanced": [
            {"states": game.names(mask), "weight": weight} for mask, weight in found.weights.items()
        ],
        "states": {
            state: {
                "alone_meur": alone[n], "core_meur": float(found.shares[n]),
                "shapley_meur": average[n],
                "saves_meur": alone[n] - float(found.shares[n]), "spends_meur": spends[state],
            }
            for n, state in enumerate(game.problem.states)
        },
    }  # fmt: skip


def _largest_gap(costs: Game, bounds: Mapping[int, float]) -> float | None:
    """By how much the cost of a coalition may be overstated at most; None without a bound of each."""
    if not costs.cost.keys() <= bounds.keys():
        return None
    return max((cost - bounds[mask]) / abs(cost) if cost else 0.0 for mask, cost in costs.cost.items())


def _proven(costs: Game, bounds: Mapping[int, float], paid: Floats, weights: Mapping[int, float]) -> bool:
    """Whether the answer stays the same wherever between bound and value the true costs lie.

    Shares that pay for the plan found are in the core whatever the coalitions' true costs if no coalition
    pays more than its bound. The core is empty whatever they are if the balanced weights make the parts,
    at the costs found, cheaper than the bound of all together.
    """
    if weights:
        parts = sum(weight * costs.cost[mask] for mask, weight in weights.items())
        return costs.everyone in bounds and parts < bounds[costs.everyone]
    if not set(costs.proper) <= bounds.keys():
        return False
    least = Game(
        costs.players, {**{mask: bounds[mask] for mask in costs.proper}, costs.everyone: costs.total}
    )
    return least.excess(paid) >= -ROUNDING * costs.size


def _spends(game: _Coalitions, everyone: int) -> dict[str, float]:
    """What each state spends itself in the plan found for all."""
    plan = replace(game.national, tables={**game.national.tables, **game.found[everyone].tables})
    return cost_by_state(plan, game.facts)

"""Level 1 by enumeration: every choice of blocks, whole totals, schools and expansion steps is looked at.

Once these are decided a small linear programme is left. A choice is passed over only when a bound says that
it cannot beat the best one found: the sum of what each member could reach if it alone used the lines and
expansions were free, with totals and schools not yet whole. For at most three members.
Written from docs/explanation/procurement.md.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from typing import Any

import numpy as np
from brute_facts import Block, Facts
from brute_left import Left, School

TINY = 1e-9
WHOLE = 1e-7
Parts = tuple[Block | None, ...]  # one member's block of each programme
Totals = tuple[float, ...]  # one member's total of each programme
Closed = dict[int, tuple[float, float]]


class Search:
    """The best of all choices."""

    def __init__(self, region: Any, mode: str) -> None:
        self.f = Facts(region, mode == "joint")
        self.names = list(self.f.programmes)
        self.alone = {n: Left(self.f, [n]) for n in self.f.members}
        self.together = Left(self.f, self.f.members)
        self.best = math.inf
        self.known: dict[Any, tuple[float, bool]] = {}

    # one member -----------------------------------------------------------------------------------------

    def reach(
        self, n: str, parts: Parts, totals: Totals | None = None, schools: tuple[School, ...] | None = None
    ) -> tuple[float, bool]:
        """Least shortfall of a member alone, and whether it asks for no school or these ones, as decided."""
        key = n, tuple(b and b.index for b in parts), totals, schools
        if key not in self.known:
            left = self.alone[n]
            value, sure = math.inf, True
            if self._allowed(parts):
                value = left.least(self._closed(left, {n: parts}, totals and {n: totals}, schools))
                if schools is None and left.school and value < math.inf:
                    sure = bool((left.values(list(left.school.values())) <= WHOLE).all())
            self.known[key] = value, sure
        return self.known[key]

    def _allowed(self, parts: Parts) -> bool:
        has = {name for name, block in zip(self.names, parts, strict=True) if block is not None}
        for name in has:
            p = self.f.programmes[name]
            needed = set(filter(None, (p["prerequisites"] or "").split(";")))
            barred = set(filter(None, (p["exclusions"] or "").split(";")))
            if needed - has or barred & has:
                return False
        return True

    def _closed(
        self,
        left: Left,
        parts: dict[str, Parts],
        totals: dict[str, Totals] | None,
        schools: tuple[School, ...] | None,
    ) -> Closed:
        bounds: Closed = {}
        for n, blocks in parts.items():
            for j, block in enumerate(blocks):
                if block is not None:
                    bounds[left.taken[block.index]] = 1.0, 1.0
                    one = (block.lo, block.hi[n]) if totals is None else (totals[n][j], totals[n][j])
                    bounds[left.total[block.index, n]] = one
        if schools is not None:
            for school, column in left.school.items():
                bounds[column] = (float(school in schools),) * 2
        return bounds

    # all members ----------------------------------------------------------------------------------------

    def structures(self) -> list[tuple[float, tuple[Parts, ...]]]:
        """Who takes which block of each programme, with a bound, best first; parts are by member."""
        choices = [self._coalitions(name) for name in self.names]
        result = []
        for pick in itertools.product(*choices):
            parts = tuple(
                tuple(per_programme[i] for per_programme in pick) for i in range(len(self.f.members))
            )
            bound = 0.0
            for n, own in zip(self.f.members, parts, strict=True):
                bound += self.reach(n, own)[0]
                if bound == math.inf:
                    break
            else:
                result.append((bound, parts))
        return sorted(result, key=lambda one: one[0])

    def _coalitions(self, name: str) -> list[tuple[Block | None, ...]]:
        """Every way to share out one programme: a block or none for each member."""
        blocks = [b for b in self.f.blocks if b.programme == name]
        shared = [None, *(b for b in blocks if len(b.members) > 1)]
        result = []
        for one in shared:
            options: list[list[Block | None]] = []
            for n in self.f.members:
                if one is not None and n in one.members:
                    options.append([one])
                else:
                    options.append([None, *(b for b in blocks if b.members == (n,))])
            result += list(itertools.product(*options))
        return result

    def run(self) -> float:
        for bound, parts in self.structures():
            if bound >= self.best - TINY:
                break
            self._with_totals(parts)
        return self.best

    def _with_totals(self, parts: tuple[Parts, ...]) -> None:
        menus = []
        for n, own in zip(self.f.members, parts, strict=True):
            options = [[0.0] if block is None else block.totals[n] for block in own]
            totals = [(self.reach(n, own, pick)[0], pick) for pick in itertools.product(*options)]
            menus.append(sorted(totals))
        least = [menu[0][0] if menu else math.inf for menu in menus]

        def visit(i: int, value: float, chosen: tuple[Totals, ...]) -> None:
            if i == len(menus):
                if self._filled(parts, chosen):
                    self._with_schools(parts, chosen, value)
                return
            for bound, totals in menus[i]:
                if value + bound + sum(least[i + 1 :]) >= self.best - TINY:
                    return
                visit(i + 1, value + bound, (*chosen, totals))

        visit(0, 0.0, ())

    def _filled(self, parts: tuple[Parts, ...], totals: tuple[Totals, ...]) -> bool:
        """Whether every block reaches the lower edge of its band."""
        pooled: dict[int, float] = {}
        taken = {b.index: b for own in parts for b in own if b is not None}
        for own, mine in zip(parts, totals, strict=True):
            for block, total in zip(own, mine, strict=True):
                if block is not None:
                    pooled[block.index] = pooled.get(block.index, block.outside) + total
        return all(pooled[index] >= block.edge - TINY for index, block in taken.items())

    def _with_schools(self, parts: tuple[Parts, ...], totals: tuple[Totals, ...], bound: float) -> None:
        everyone = list(zip(self.f.members, parts, totals, strict=True))
        free = not self._lines_matter(parts, totals)
        if all(self.reach(n, own, mine)[1] for n, own, mine in everyone):
            # nobody asks for a school even at a fraction of its price
            self._settle(parts, totals, (), bound, free)
            return
        for schools in self._school_plans(parts):
            value = 0.0
            for n, own, mine in everyone:
                value += self.reach(n, own, mine, tuple(s for s in schools if n in s[1]))[0]
                if value >= self.best - TINY:
                    break
            else:
                self._settle(parts, totals, schools, value, free)

    def _school_plans(self, parts: tuple[Parts, ...]) -> Iterator[tuple[School, ...]]:
        """Every set of schools for the families in use; no member has two of a family."""
        used = {self.f.programmes[b.programme]["crew_family"] for own in parts for b in own if b is not None}
        plans = []
        for family in sorted(used - {"NONE"}):
            groups = self.f.school_groups(family)
            some = [
                pick
                for size in range(len(self.f.members) + 1)
                for pick in itertools.combinations(groups, size)
                if len({n for g in pick for n in g}) == sum(map(len, pick))
            ]
            plans.append(
                [
                    tuple((family, g, t) for g, t in zip(pick, years, strict=True))
                    for pick in some
                    for years in itertools.product(self.f.years[:-1], repeat=len(pick))
                ]
            )
        for plan in itertools.product(*plans):
            yield tuple(school for part in plan for school in part)

    # lines ----------------------------------------------------------------------------------------------

    def _lines_matter(self, parts: tuple[Parts, ...], totals: tuple[Totals, ...]) -> bool:
        """Whether a line could be short even if it delivered all of it in its worst year."""
        use: dict[str, float] = {}
        for own, mine in zip(parts, totals, strict=True):
            for block, total in zip(own, mine, strict=True):
                if block is not None:
                    p = self.f.programmes[block.programme]
                    use[p["line_id"]] = use.get(p["line_id"], 0.0) + total * p["line_units_per_unit"]
        return any(units > self.f.capacity[line].min() for line, units in use.items())

    def _settle(
        self,
        parts: tuple[Parts, ...],
        totals: tuple[Totals, ...],
        schools: tuple[School, ...],
        value: float,
        free: bool,
    ) -> None:
        """The choice's own value; expansion steps are the last whole numbers."""
        if free:
            self.best = min(self.best, value)
            return
        by_member = dict(zip(self.f.members, parts, strict=True))
        given = dict(zip(self.f.members, totals, strict=True))
        closed = self._closed(self.together, by_member, given, schools)
        steps = list(self.together.step.values())
        bound = self.together.least(closed)
        if bound >= self.best - TINY:
            return
        decided = self.together.values(steps)
        if steps and (np.abs(decided - np.round(decided)) > WHOLE).any():
            plans: Iterator[tuple[float, ...]] = self._expansions()
        else:
            plans = iter([tuple(np.round(decided))])
        for plan in plans:
            fixed = {column: (float(k), float(k)) for column, k in zip(steps, plan, strict=True)}
            self.best = min(self.best, self.together.least({**closed, **fixed}))

    def _expansions(self) -> Iterator[tuple[float, ...]]:
        """Every number of steps of every line, decision year and payer within the lines' limits."""
        most = [int(r["expansion_max_steps"]) for r in self.f.t["lines"]]
        keys = list(self.together.step)
        for plan in itertools.product(*(range(most[line] + 1) for line, _, _ in keys)):
            used = [0] * len(most)
            for (line, _, _), k in zip(keys, plan, strict=True):
                used[line] += k
            if all(k <= limit for k, limit in zip(used, most, strict=True)):
                yield tuple(map(float, plan))


def least_shortfall(region: Any, mode: str) -> float:
    """The exact value of level 1."""
    return Search(region, mode).run()

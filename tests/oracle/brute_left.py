"""What is left once every whole number is decided: a linear programme that is changed by its bounds alone.

Blocks, totals, schools and expansion steps are columns whose bounds the search closes. For one member alone
the lines count its own deliveries only and expansions cost nothing, so the value is a bound for any plan
that holds the same choices of that member.
"""

from __future__ import annotations

import itertools
import math
from collections import defaultdict
from typing import Any

import highspy
import numpy as np
from brute_facts import Block, Facts

Terms = dict[int, float]
School = tuple[str, tuple[str, ...], int]  # family, members, year
Step = tuple[int, int, str]  # line, year, payer; no payer where the cost is split freely


class Left:
    """The linear programme of some members."""

    def __init__(self, f: Facts, members: list[str]) -> None:
        self.f, self.members = f, members
        self.whole = len(members) == len(f.members)
        self.limits: list[tuple[float, float]] = []
        self.cost: list[float] = []
        self.rows: list[tuple[Terms, float, float]] = []
        self.taken: dict[int, int] = {}
        self.total: dict[tuple[int, str], int] = {}
        self.school: dict[School, int] = {}
        self.step: dict[Step, int] = {}
        self.spend: dict[Any, Terms] = defaultdict(lambda: defaultdict(float))
        self.related: dict[Any, Terms] = defaultdict(lambda: defaultdict(float))
        self.claim: dict[Any, Terms] = defaultdict(lambda: defaultdict(float))
        self.made: dict[Any, Terms] = defaultdict(lambda: defaultdict(float))
        self.stock: dict[Any, Terms] = defaultdict(lambda: defaultdict(float))
        self.taught: dict[Any, Terms] = defaultdict(lambda: defaultdict(float))
        self.begun: dict[Any, Terms] = defaultdict(lambda: defaultdict(float))
        for block in f.blocks:
            for n in set(members) & set(block.members):
                self._orders(block, n)
        self._prerequisites()
        self._schools()
        self._lines()
        for n in members:
            self._shortfall(n)
            self._money(n)
        self.solver = self._loaded()
        self.now = np.array(self.limits)
        self.usual = self.now.copy()
        self.usual[[*self.taken.values(), *self.total.values()]] = 0.0

    def col(self, lower: float = 0.0, upper: float = highspy.kHighsInf, cost: float = 0.0) -> int:
        self.limits.append((lower, upper))
        self.cost.append(cost)
        return len(self.limits) - 1

    def row(self, terms: Terms, lower: float = -highspy.kHighsInf, upper: float = highspy.kHighsInf) -> None:
        self.rows.append((dict(terms), lower, upper))

    def least(self, bounds: dict[int, tuple[float, float]]) -> float:
        """Least shortfall within these bounds, infinite when nothing is left; blocks not named are closed."""
        wanted = self.usual.copy()
        for column, limits in bounds.items():
            wanted[column] = limits
        changed = np.flatnonzero((wanted != self.now).any(axis=1)).astype(np.int32)
        self.solver.changeColsBounds(len(changed), changed, wanted[changed, 0], wanted[changed, 1])
        self.now = wanted
        status = self._status()
        if status not in (highspy.HighsModelStatus.kOptimal, highspy.HighsModelStatus.kInfeasible):
            self.solver.clearSolver()  # the last basis was a bad start
            status = self._status()
        if status == highspy.HighsModelStatus.kInfeasible:
            return math.inf
        assert status == highspy.HighsModelStatus.kOptimal, status
        return float(self.solver.getObjectiveValue())

    def _status(self) -> highspy.HighsModelStatus:
        self.solver.run()
        return self.solver.getModelStatus()

    def values(self, columns: list[int]) -> np.ndarray:
        """Values of some columns after `least`."""
        return np.array(self.solver.getSolution().col_value)[columns]

    def _loaded(self) -> highspy.Highs:
        lp = highspy.HighsLp()
        lp.num_col_, lp.num_row_ = len(self.limits), len(self.rows)
        lp.col_cost_ = np.array(self.cost)
        lp.col_lower_, lp.col_upper_ = np.array(self.limits).T.copy()
        lp.row_lower_ = np.array([lower for _, lower, _ in self.rows])
        lp.row_upper_ = np.array([upper for _, _, upper in self.rows])
        lp.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
        lp.a_matrix_.start_ = np.cumsum([0, *(len(terms) for terms, _, _ in self.rows)])
        lp.a_matrix_.index_ = np.array([j for terms, _, _ in self.rows for j in terms], dtype=np.int32)
        lp.a_matrix_.value_ = np.array([v for terms, _, _ in self.rows for v in terms.values()])
        solver = highspy.Highs()
        for option, value in (("output_flag", False), ("presolve", "off"), ("threads", 1)):
            solver.setOptionValue(option, value)
        solver.setOptionValue("primal_feasibility_tolerance", 1e-9)
        solver.passModel(lp)
        return solver

    # sections 2 to 4 -----------------------------------------------------------------------------------

    def _orders(self, block: Block, n: str) -> None:
        p = self.f.programmes[block.programme]
        if block.index not in self.taken:
            self.taken[block.index] = self.col(0.0, 1.0)
        x = self.taken[block.index]
        total = self.total[block.index, n] = self.col(0.0, block.hi[n])
        adds_up, shares = {total: -1.0}, {x: -1.0}
        for i, t in enumerate(block.years):
            q, u = self.col(), self.col()
            adds_up[q] = shares[u] = 1.0
            self.row({q: 1.0, u: -block.lo}, lower=0.0)
            self.row({q: 1.0, u: -block.hi[n]}, upper=0.0)
            self._follow(block, p, n, i, q, u)
            for year in self.f.years:
                if year >= t:
                    self.begun[block.programme, n, year][u] = 1.0
        self.row(adds_up, 0.0, 0.0)
        self.row(shares, 0.0, 0.0)

    def _follow(self, block: Block, p: dict[str, Any], n: str, i: int, q: int, u: int) -> None:
        """What an order of the block's i-th order year delivers and costs."""
        pool = p["crew_family"], p["class_id"], self.f.systems[p["system_id"]]["connects"] == "y"
        for y in range(len(self.f.years)):
            there = block.deliver[i, y]
            before = block.deliver[i, y - 1] if y else 0.0
            self.stock[n, pool, y][q] = there
            self.stock[n, "nodes", y][q] = there * self.f.systems[p["system_id"]]["nodes_provided"]
            self.made[p["line_id"], y][q] = (there - before) * p["line_units_per_unit"]
            paid = {q: block.price[i] * block.pay[i, y], u: block.entry[n][i] * block.pay[i, y]}
            if block.claims.get(n, False):
                self.claim[n, y].update(paid)
            paid[q] += p["sustainment_share"] * before * block.price[i]
            self.spend[n, y].update(paid)
            if p["related_money"] == "y":
                self.related[n, y].update(paid)

    def _prerequisites(self) -> None:
        for name, p in self.f.programmes.items():
            for first in filter(None, (p["prerequisites"] or "").split(";")):
                for n, year in itertools.product(self.members, self.f.years):
                    later, earlier = self.begun[name, n, year], self.begun[first, n, year]
                    self.row({**later, **dict.fromkeys(earlier, -1.0)}, upper=0.0)

    # sections 6 and 8 ----------------------------------------------------------------------------------

    def _schools(self) -> None:
        """Own and shared schools; every member pays and gains for itself."""
        for family in sorted({family for _, family in self.f.crews}):
            once: dict[str, Terms] = defaultdict(dict)
            for g, t in itertools.product(self.f.school_groups(family), self.f.years[:-1]):
                if not set(g) & set(self.members):
                    continue
                z = self.school[family, g, t] = self.col(0.0, 1.0)
                for n in set(g) & set(self.members):
                    r = self.f.crews[n, family]
                    factor = r["shared_school_cost_factor"] / len(g) if len(g) > 1 else 1.0
                    self.spend[n, t - self.f.first][z] += r["school_cost_meur"] * factor
                    once[n][z] = 1.0
                    for y, year in enumerate(self.f.years):
                        self.taught[n, family, y][z] = max(0, year - t) * r["school_added_throughput"]
            for terms in once.values():
                self.row(terms, upper=1.0)

    def _lines(self) -> None:
        for i, r in enumerate(self.f.t["lines"]):
            most = float(r["expansion_max_steps"])
            payers = [""] if self.f.joint else self.f.members
            useful = [t for t in self.f.years if t + self.f.delay(r) <= self.f.last]
            for t, payer in itertools.product(useful, payers):
                e = self.step[i, t, payer] = self.col(0.0, most)
                if self.whole:
                    self._bill(r["expansion_cost_meur"], t - self.f.first, e, payer)
            mine = {e: 1.0 for (line, _, _), e in self.step.items() if line == i}
            self.row(mine, upper=most)
            for y, year in enumerate(self.f.years):
                terms = dict(self.made[r["line_id"], y])
                for (line, t, _), e in self.step.items():
                    if line == i and t + self.f.delay(r) <= year:
                        terms[e] = -r["expansion_step"]
                self.row(terms, upper=self.f.capacity[r["line_id"]][y])

    def _bill(self, price: float, y: int, step: int, payer: str) -> None:
        if payer:
            self.spend[payer, y][step] += price
            return
        split: Terms = {step: -price}
        for n in self.members:
            part = self.col()
            split[part] = self.spend[n, y][part] = 1.0
        self.row(split, 0.0, 0.0)

    # sections 5 to 7 -----------------------------------------------------------------------------------

    def _shortfall(self, n: str) -> None:
        gated = {
            r["class_id"]: r["nodes_per_unit"] for r in self.f.t["gateways"] if self.f.gated[r["class_id"]]
        }
        pools = {
            (p["crew_family"], p["class_id"], self.f.systems[p["system_id"]]["connects"] == "y")
            for p in self.f.programmes.values()
        }
        for y in range(len(self.f.years)):
            have: dict[str, Terms] = defaultdict(dict)
            crewed: dict[str, Terms] = defaultdict(dict)
            nodes = {column: -value for column, value in self.stock[n, "nodes", y].items() if value}
            for pool in sorted(pools):
                family, class_id, connected = pool
                w = self.col()
                have[class_id][w] = crewed[family][w] = 1.0
                if not connected and class_id in gated:
                    nodes[w] = gated[class_id]
                self.row({w: 1.0, **{q: -v for q, v in self.stock[n, pool, y].items()}}, upper=0.0)
            for class_id in self.f.classes:
                h = self.col(cost=float(self.f.worth[n, class_id][y]))
                self.row({h: 1.0, **have[class_id]}, lower=float(self.f.lack[n, class_id][y]))
            for family, terms in crewed.items():
                if family != "NONE":
                    lessons = {z: -v for z, v in self.taught[n, family, y].items()}
                    self.row({**terms, **lessons}, upper=float(self.f.free_crews[n, family][y]))
            self.row(nodes, upper=float(self.f.old_nodes[n][y]))

    # section 9 -----------------------------------------------------------------------------------------

    def _money(self, n: str) -> None:
        purse = {r["year"]: r for r in self.f.t["purses"] if r["state"] == n}
        draws = self._draws(n) if n in self.f.loans else {}
        service = self.f.service(n) if draws else []
        carried: Terms = {}
        for y, year in enumerate(self.f.years):
            r = purse[year]
            other = self.col(0.0, r["related_meur"] * r["related_plannable_share"])
            carry = self.col(0.0, r["carryover_limit_share"] * r["equipment_meur"])
            self.row({other: 1.0, **{c: -v for c, v in self.related[n, y].items()}}, upper=0.0)
            terms = {**self.spend[n, y], **carried, other: -1.0, carry: 1.0}
            for drawn, column in draws.items():
                if drawn == year:
                    terms[column] = -self.f.loans[n]["additional_share"]
                elif drawn < year and year - drawn < len(service):
                    terms[column] = service[year - drawn]
            self.row(terms, upper=r["plannable_meur"])
            carried = {carry: -1.0}

    def _draws(self, n: str) -> dict[int, int]:
        """Draws by year: never ahead of eligible payments by more than the prefinancing, in the end by nothing."""
        r = self.f.loans[n]
        draws = {y: self.col() for y in self.f.years if r["window_from"] <= y <= r["window_to"]}
        self.row(
            dict.fromkeys(draws.values(), 1.0), upper=r["adopted_loan_meur"] * (1 - r["earmarked_share"])
        )
        so_far: Terms = defaultdict(float)
        for year, drawn in draws.items():
            so_far[drawn] = 1.0
            for column, value in self.claim[n, year - self.f.first].items():
                so_far[column] -= value
            self.row(so_far, upper=r["prefinancing_meur"] if year < r["window_to"] else 0.0)
        return draws

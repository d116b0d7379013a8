"""The procurement model written a second time, as one flow formulation handed to linopy.

Every block of every programme has a binary x, every member's order year a quantity q and an introduction
share u with lo*u <= q <= hi*u, every member's total a whole number of steps. Written from docs/explanation/procurement.md; section numbers refer to it.
"""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import linopy
import numpy as np
import pandas as pd
import xarray as xr

Terms = dict[int, float]
INF = float("inf")
EXACT = {
    "mip_rel_gap": 0.0,
    "mip_abs_gap": 1e-9,
    "mip_feasibility_tolerance": 1e-9,
    "primal_feasibility_tolerance": 1e-9,
    "output_flag": False,
    "log_to_console": False,
}


@dataclass(frozen=True)
class Block:
    programme: dict[str, Any]
    members: tuple[str, ...]
    partners: tuple[str, ...]
    pooled: bool
    edge: float
    least: float
    most: dict[str, float]
    lead: float
    years: tuple[int, ...]
    outside: float  # the partners' quantity, if pooled


class Flow:
    """Columns and rows of one region and mode, in plain Python."""

    def __init__(self, region: Any, mode: str) -> None:
        self.joint = mode == "joint"
        self.t = {name: frame.to_dicts() for name, frame in region.tables.items()}
        self.s = {row["key"]: row["value"] for row in self.t["settings"]}
        self.years = range(int(self.s["first_year"]), int(self.s["last_year"]) + 1)
        self.members = [r["state"] for r in self.t["states"] if r["role"] == "member"]
        self.able = {r["state"] for r in self.t["states"] if r["safe_participant"] == "y"}
        self.system = {r["system_id"]: r for r in self.t["systems"]}
        self.classes = {r["class_id"]: r for r in self.t["classes"]}
        self.loan = {r["state"]: r for r in self.t["safe_loans"]}
        self.need: dict[tuple[str, str, int], float] = defaultdict(float)
        for r in self.t["needs"]:
            self.need[r["state"], r["class_id"], r["year"]] += r["quantity"]
        self.lower: list[float] = []
        self.upper: list[float] = []
        self.integer: list[bool] = []
        self.rows: list[tuple[Terms, str, float]] = []
        self._legacy()
        self.blocks = [b for p in self.t["programmes"] for b in self._blocks(p)]
        self._build()

    # -- small parts of the page ---------------------------------------------------------------------

    def disc(self, year: int) -> float:
        return (1 + self.s["discount_rate_pct"] / 100) ** -(year - self.years[0])

    def _legacy(self) -> None:
        """Section 5: class units of what is in service or signed, by state, system and year."""
        self.old: dict[tuple[str, str, int], float] = defaultdict(float)
        for r in self.t["stocks"]:
            units = r["quantity"] * (self.system[r["system_id"]]["class_units_per_system_unit"] or 0.0)
            for y in self.years:
                if r["kind"] == "delivery" and r["year"] > y:
                    continue
                left = 1.0
                if r["retire_from"] is not None:
                    span = r["retire_to"] - r["retire_from"] + 1
                    left = 1 - min(1.0, max(0.0, (y - r["retire_from"] + 1) / span))
                self.old[r["state"], r["system_id"], y] += units * left

    def legacy(self, state: str, class_id: str, year: int) -> float:
        return sum(
            v
            for (n, s, y), v in self.old.items()
            if n == state and y == year and self.system[s]["class_id"] == class_id
        )

    def _blocks(self, p: dict[str, Any]) -> list[Block]:
        """Section 1 with the order years of section 2 and the edges of section 3."""
        rows = [r for r in self.t["partner_orders"] if r["programme_id"] == p["programme_id"]]
        joining = {
            r["state"]: r["max_quantity"]
            for r in self.t["programme_states"]
            if r["programme_id"] == p["programme_id"] and r["max_quantity"] > 0
        }
        sizes = range(1, len(joining) + 1) if self.joint else [1]
        result = []
        for size in sizes:
            for g in combinations(sorted(joining), size):
                for with_partners in (False, True) if rows else (False,):
                    result += self._block(p, g, rows if with_partners else [], joining)
        return result

    def _block(
        self, p: dict[str, Any], g: tuple[str, ...], partners: list[dict[str, Any]], joining: dict[str, float]
    ) -> list[Block]:
        c = len(g) + len(partners)
        lo = p["min_quantity_alone"] if c == 1 else p["min_quantity"]
        most = {}
        for n in g:
            lack = max(self.need[n, p["class_id"], y] - self.legacy(n, p["class_id"], y) for y in self.years)
            if self.system[p["system_id"]]["nodes_provided"] > 0:
                most[n] = joining[n]
            elif lack <= 0:
                return []
            else:
                useful = math.ceil(lack / p["step_quantity"] - 1e-9) * p["step_quantity"]
                most[n] = min(joining[n], max(useful, lo))
            if most[n] < lo:
                return []
        lead = p["lead_months"] + self.s["negotiation_months"] * (c ** self.s["delay_exponent"] - 1)
        first = max([p["start_earliest"], self.years[0], *(r["year_from"] for r in partners)])
        last = min([p["start_latest"], self.years[-1], *(r["year_to"] for r in partners)])
        end = self.years[-1] + 1 + 1e-9
        years = tuple(
            t for t in range(first, last + 1) if t + 0.5 + (lead + p["delivery_span_months"]) / 12 <= end
        )
        if not years:
            return []
        pooled = self.joint and c >= 2
        outside = sum(r["quantity"] for r in partners) if pooled else 0.0
        least, greatest = lo * len(g) + outside, sum(most.values()) + outside
        multiples = [r["multiple"] * p["base_quantity"] for r in self.t["bands"]]
        edges = [least, *sorted(e for e in multiples if least < e <= greatest)]
        names = tuple(r["partner"] for r in partners)
        return [Block(p, g, names, pooled, e, lo, most, lead, years, outside) for e in edges]

    def price(self, b: Block, t: int) -> tuple[float, float]:
        """Section 3: unit price and F of an order of year t."""
        p, s = b.programme, self.s
        level = (1 + p["cost_growth_pct"] / 100) * (1 + s["price_index_pct"] / 100) ** (
            s["base_year"] - p["price_year"]
        )
        level *= (1 + p["real_price_growth_pct"] / 100) ** (t - s["base_year"])
        exponent = math.log2(p["learning_slope_pct"] / 100)
        scale = max(1 - s["scale_saving_max"], (b.edge / p["base_quantity"]) ** exponent)
        unit = p["base_price_meur"] / p["base_quantity"] * scale * level
        return unit, p["introduction_share"] * p["base_price_meur"] * level

    def introduction(self, b: Block, n: str, t: int) -> float:
        operates = {
            r["state"]
            for r in self.t["programme_states"]
            if r["programme_id"] == b.programme["programme_id"] and r["operates"] == "y"
        }
        if n in operates:
            return 0.0
        m = len([k for k in b.members if k not in operates])
        shared = b.programme["introduction_shared_part"]
        share = (1 - shared) + shared / m if b.pooled and m >= 2 else 1.0
        return self.price(b, t)[1] * share

    def spread(self, b: Block, t: int) -> tuple[dict[int, float], dict[int, float]]:
        """Section 2: d(y) and pay(y) of an order of year t."""
        begin = t + 0.5 + b.lead / 12
        end = begin + b.programme["delivery_span_months"] / 12
        deliver, pay = {}, {}
        for y in self.years:
            if end > begin:
                deliver[y] = max(0.0, min(end, y + 1) - max(begin, y)) / (end - begin)
            else:
                deliver[y] = float(math.floor(begin) == y)
            share = max(0.0, min(end, y + 1) - max(t + 0.5, y)) / (end - t - 0.5)
            pay[y] = (1 - self.s["advance_share"]) * share + (self.s["advance_share"] if y == t else 0.0)
        return deliver, pay

    def eligible(self, b: Block, n: str) -> bool:
        """Section 9, eligible block, for the loan of member n."""
        p = b.programme
        able = len([k for k in (*b.members, *b.partners) if k in self.able])
        if able < self.loan[n]["min_participants_after"] or p["safe_eligible"] == "n":
            return False
        if p["safe_eligible"] == "conditional":  # some test is still to be proved
            return bool(self.s["safe_count_conditional"] == 1)
        return bool((p["eu_origin_share"] or 0.0) >= 0.65 and p["foreign_control"] == "n")

    def service(self, n: str) -> list[float]:
        """Section 9: service(j), j = 0..M."""
        r = self.loan[n]
        rate, own, pi = r["rate_pct"] / 100, r["national_rate_pct"] / 100, self.s["inflation_pct"] / 100
        grace, end, extra = r["grace_years"], r["maturity_years"], r["additional_share"]
        result = [0.0]
        for j in range(1, end + 1):
            safe = rate
            if j > grace:
                safe += 1 / (end - grace) - rate * (j - 1 - grace) / (end - grace)
            safe *= (1 + pi) ** -j
            national = (own + (j == end)) * (1 + pi) ** -j
            result.append(extra * safe + (1 - extra) * (safe - national))
        return result

    # -- columns and rows ------------------------------------------------------------------------------

    def col(self, lower: float = 0.0, upper: float = INF, integer: bool = False) -> int:
        self.lower.append(lower)
        self.upper.append(upper)
        self.integer.append(integer)
        return len(self.lower) - 1

    def row(self, terms: Terms, sense: str, right: float) -> None:
        if terms:
            self.rows.append((dict(terms), sense, right))

    def _build(self) -> None:
        self.spend: dict[tuple[str, int], Terms] = defaultdict(lambda: defaultdict(float))
        self.related: dict[tuple[str, int], Terms] = defaultdict(lambda: defaultdict(float))
        self.claim: dict[tuple[str, int], Terms] = defaultdict(lambda: defaultdict(float))
        self.made: dict[tuple[str, int], Terms] = defaultdict(lambda: defaultdict(float))
        self.arrived: dict[tuple[str, str, str, int], Terms] = defaultdict(lambda: defaultdict(float))
        self.joined: dict[tuple[str, str], Terms] = defaultdict(lambda: defaultdict(float))
        self.started: dict[tuple[str, str, int], Terms] = defaultdict(lambda: defaultdict(float))
        self.bought: dict[str, list[int]] = defaultdict(list)
        for b in self.blocks:
            self._orders(b)
        for terms in self.joined.values():
            self.row(terms, "<=", 1.0)
        self._order_logic()
        self._lines()
        self._schools()
        self._stock()
        self._money()
        self._levels()

    def _orders(self, b: Block) -> None:
        """Section 4 for one block."""
        p = b.programme
        name, step = p["programme_id"], p["step_quantity"]
        x = self.col(0, 1, True)
        self.bought[p["system_id"]].append(x)
        pooled: Terms = {x: b.outside - b.edge}
        for n in b.members:
            self.joined[name, n][x] += 1.0
            shares: Terms = {x: -1.0}
            total: Terms = {self.col(0, INF, True): -step}
            for t in b.years:
                q, u = self.col(), self.col()
                shares[u] = 1.0
                total[q] = pooled[q] = 1.0
                self.row({q: 1.0, u: -b.least}, ">=", 0.0)
                self.row({q: 1.0, u: -b.most[n]}, "<=", 0.0)
                self._follow(b, n, t, q, u)
            self.row(shares, "=", 0.0)
            self.row(total, "=", 0.0)
        self.row(pooled, ">=", 0.0)

    def _follow(self, b: Block, n: str, t: int, q: int, u: int) -> None:
        """What one member's order of year t delivers, costs and claims."""
        p = b.programme
        deliver, pay = self.spread(b, t)
        unit = self.price(b, t)[0]
        entry = self.introduction(b, n, t)
        for y in self.years:
            if y >= t:
                self.started[p["programme_id"], n, y][u] += 1.0
            before = sum(deliver[k] for k in self.years if k < y)
            upkeep = p["sustainment_share"] * before * unit
            for money in (self.spend, self.related) if p["related_money"] == "y" else (self.spend,):
                money[n, y][q] += unit * pay[y] + upkeep
                money[n, y][u] += entry * pay[y]
            if n in self.loan and self.eligible(b, n):
                self.claim[n, y][q] += unit * pay[y]
                self.claim[n, y][u] += entry * pay[y]
            if p["line_id"]:
                self.made[p["line_id"], y][q] += p["line_units_per_unit"] * deliver[y]
            self.arrived[n, p["programme_id"], p["class_id"], y][q] += before + deliver[y]

    def _order_logic(self) -> None:
        """Prerequisites and exclusions of section 4."""
        for p in self.t["programmes"]:
            name = p["programme_id"]
            for n in self.members:
                for first in filter(None, (p["prerequisites"] or "").split(";")):
                    for y in self.years:
                        terms: Terms = defaultdict(float, self.started[name, n, y])
                        for column, value in self.started[first, n, y].items():
                            terms[column] -= value
                        self.row(terms, "<=", 0.0)
                for other in filter(None, (p["exclusions"] or "").split(";")):
                    self.row({**self.joined[name, n], **self.joined[other, n]}, "<=", 1.0)

    def _lines(self) -> None:
        """Section 8."""
        capacity = {
            (r["line_id"], r["year"]): r["capacity"] * (1 - r["backlog_share"])
            for r in self.t["line_capacity"]
        }
        for r in self.t["lines"]:
            steps: dict[int, Terms] = {}
            for t in self.years:
                if self.joint:
                    e = self.col(0, INF, True)
                    steps[t] = {e: 1.0}
                    bill: Terms = {e: -r["expansion_cost_meur"]}
                    for n in self.members:
                        paid = self.col()
                        bill[paid] = 1.0
                        self.spend[n, t][paid] += 1.0
                    self.row(bill, "=", 0.0)
                else:
                    steps[t] = {self.col(0, INF, True): 1.0 for _ in self.members}
                    for n, e in zip(self.members, steps[t], strict=True):
                        self.spend[n, t][e] += r["expansion_cost_meur"]
            every = {e: 1.0 for terms in steps.values() for e in terms}
            self.row(every, "<=", r["expansion_max_steps"] or 0)
            delay = math.ceil(r["expansion_delay_months"] / 12)
            for y in self.years:
                terms = defaultdict(float, self.made[r["line_id"], y])
                for t in self.years:
                    if t <= y - delay:
                        for e in steps[t]:
                            terms[e] -= r["expansion_step"]
                self.row(terms, "<=", capacity[r["line_id"], y])

    def _schools(self) -> None:
        """Section 6, schools: columns, cost and what they add to a member's crews."""
        self.taught: dict[tuple[str, str, int], Terms] = defaultdict(lambda: defaultdict(float))
        crews = {(r["family"], r["state"]): r for r in self.t["crews"]}
        once: dict[tuple[str, str], Terms] = defaultdict(dict)
        for f in sorted({family for family, _ in crews}):
            owners = [n for n in self.members if (f, n) in crews]
            sharing = [n for n in owners if crews[f, n]["shared_school"] == "y"]
            groups: list[tuple[str, ...]] = [(n,) for n in owners]
            if self.joint:
                groups += [g for k in range(2, len(sharing) + 1) for g in combinations(sharing, k)]
            for g in groups:
                for t in self.years:
                    z = self.col(0, 1, True)
                    for n in g:
                        r = crews[f, n]
                        factor = r["shared_school_cost_factor"] / len(g) if len(g) > 1 else 1.0
                        once[f, n][z] = 1.0
                        self.spend[n, t][z] += r["school_cost_meur"] * factor
                        for y in self.years:
                            if y > t:
                                self.taught[n, f, y][z] += (y - t) * r["school_added_throughput"]
        for terms in once.values():
            self.row(terms, "<=", 1.0)
        self.crews = crews

    def _stock(self) -> None:
        """Sections 5 to 7."""
        per_unit = {r["class_id"]: r["nodes_per_unit"] for r in self.t["gateways"]}
        self.short: Terms = {}
        pools: dict[tuple[str, str, bool], list[str]] = defaultdict(list)
        for p in self.t["programmes"]:
            pools[p["crew_family"], p["class_id"], self.system[p["system_id"]]["connects"] == "y"].append(
                p["programme_id"]
            )
        system_of = {p["programme_id"]: p["system_id"] for p in self.t["programmes"]}
        for n in self.members:
            for y in self.years:
                have: dict[str, Terms] = {k: {} for k in self.classes}
                crewed: dict[str, Terms] = defaultdict(dict)
                nodes: Terms = defaultdict(float)
                for (f, k, connected), names in pools.items():
                    w = self.col()
                    have[k][w] = 1.0
                    crewed[f][w] = 1.0
                    delivered: Terms = {w: 1.0}
                    for name in names:
                        for column, value in self.arrived[n, name, k, y].items():
                            delivered[column] = delivered.get(column, 0.0) - value
                    self.row(delivered, "<=", 0.0)
                    if self.classes[k]["needs_gateway"] == "y" and not connected:
                        nodes[w] += per_unit[k]
                for f, terms in crewed.items():
                    if f != "NONE":
                        self._crew_row(n, f, y, terms)
                self._node_row(n, y, nodes, system_of)
                for k, terms in have.items():
                    self._need_row(n, k, y, terms)

    def _crew_row(self, n: str, f: str, y: int, terms: Terms) -> None:
        r = self.crews[f, n]
        used = sum(self.old[n, s, y] for s in r["systems"].split(";") if s)
        free = r["trained_crews"] + r["throughput_per_year"] * (y - self.years[0]) - used
        for z, value in self.taught[n, f, y].items():
            terms[z] = -value
        self.row(terms, "<=", max(0.0, free))

    def _node_row(self, n: str, y: int, terms: Terms, system_of: dict[str, str]) -> None:
        if not terms:
            return
        for (state, name, _, year), arrived in list(self.arrived.items()):
            provided = self.system[system_of[name]]["nodes_provided"]
            if (state, year) == (n, y) and provided:
                for column, value in arrived.items():
                    terms[column] -= provided * value
        there = sum(
            v * self.system[s]["nodes_provided"] for (m, s, t), v in self.old.items() if (m, t) == (n, y)
        )
        self.row(terms, "<=", there)

    def _need_row(self, n: str, k: str, y: int, terms: Terms) -> None:
        needs = [self.need[n, k, t] for t in self.years]
        reference = needs[-1] or max(needs)
        if reference <= 0:
            return
        h = self.col()
        self.row({**terms, h: 1.0}, ">=", self.need[n, k, y] - self.legacy(n, k, y))
        self.short[h] = self.disc(y) * self.classes[k]["weight"] / reference

    def _money(self) -> None:
        """Section 9."""
        self.cost: Terms = defaultdict(float)
        for n in self.members:
            purse = {r["year"]: r for r in self.t["purses"] if r["state"] == n}
            draws = self._loan(n) if n in self.loan else {}
            service = self.service(n) if draws else []
            before = None
            for y in self.years:
                carry = self.col(0, purse[y]["carryover_limit_share"] * purse[y]["equipment_meur"])
                drawn = self.col(0, purse[y]["related_meur"] * purse[y]["related_plannable_share"])
                terms: Terms = defaultdict(float, self.spend[n, y])
                for column, value in terms.items():
                    self.cost[column] += self.disc(y) * value
                self.row({drawn: 1.0, **{c: -v for c, v in self.related[n, y].items()}}, "<=", 0.0)
                terms[drawn] -= 1.0
                terms[carry] += 1.0
                if before is not None:
                    terms[before] -= 1.0
                for t, d in draws.items():
                    if t == y:
                        terms[d] -= self.loan[n]["additional_share"]
                    elif t < y and y - t < len(service):
                        terms[d] += service[y - t]
                self.row(terms, "<=", purse[y]["plannable_meur"])
                before = carry

    def _loan(self, n: str) -> dict[int, int]:
        """The draws of one member, their limits and their cost to the last payment."""
        r = self.loan[n]
        window = [y for y in self.years if r["window_from"] <= y <= r["window_to"]]
        draws = {y: self.col() for y in window}
        self.row(
            dict.fromkeys(draws.values(), 1.0), "<=", r["adopted_loan_meur"] * (1 - r["earmarked_share"])
        )
        i = self.s["discount_rate_pct"] / 100
        phi = sum((1 + i) ** -j * s for j, s in enumerate(self.service(n))) - r["additional_share"]
        balance: Terms = defaultdict(float)
        for y in window:
            for column, value in self.claim[n, y].items():
                balance[column] += value
            balance[draws[y]] -= 1.0
            self.row(balance, ">=", 0.0 if y == r["window_to"] else -r["prefinancing_meur"])
            self.cost[draws[y]] += self.disc(y) * phi
        return draws

    def _levels(self) -> None:
        """Section 10: the third level's columns."""
        self.types: Terms = {}
        for columns in self.bought.values():
            kind = self.col(0, 1, True)
            self.types[kind] = 1.0
            for x in columns:
                self.row({x: 1.0, kind: -1.0}, "<=", 0.0)


def _to_linopy(flow: Flow, objective: Terms) -> linopy.Model:
    model = linopy.Model()
    whole = np.array(flow.integer)
    labels = np.empty(len(whole), dtype=np.int64)
    for kind in (False, True):
        where = np.flatnonzero(whole == kind)
        part = model.add_variables(
            lower=xr.DataArray(np.array(flow.lower)[where], dims="i"),
            upper=xr.DataArray(np.array(flow.upper)[where], dims="i"),
            coords=[pd.RangeIndex(len(where), name="i")],
            integer=kind,
            name="whole" if kind else "free",
        )
        labels[where] = part.labels.values

    def expression(rows: list[Terms]) -> linopy.LinearExpression:
        width = max(map(len, rows))
        variables = np.full((len(rows), width), -1)
        values = np.full((len(rows), width), np.nan)
        for k, terms in enumerate(rows):
            variables[k, : len(terms)] = labels[list(terms)]
            values[k, : len(terms)] = list(terms.values())
        data = xr.Dataset(
            {"coeffs": (("row", "_term"), values), "vars": (("row", "_term"), variables)},
            coords={"row": np.arange(len(rows))},
        )
        return linopy.LinearExpression(data, model)

    for sense in ("<=", ">=", "="):
        rows = [r for r in flow.rows if r[1] == sense]
        if rows:
            right = xr.DataArray([r[2] for r in rows], dims="row", coords={"row": np.arange(len(rows))})
            model.add_constraints(expression([r[0] for r in rows]), sense, right, name=f"rows {sense}")
    model.add_objective(expression([objective]).sum())
    return model


def solve_flow(region: Any, mode: str, levels: int = 1) -> list[float]:
    """The exact values of the first `levels` levels."""
    flow = Flow(region, mode)
    values = []
    for objective in (flow.short, flow.cost, flow.types)[:levels]:
        model = _to_linopy(flow, objective)
        status, condition = model.solve(solver_name="highs", io_api="direct", progress=False, **EXACT)
        assert (status, condition) == ("ok", "optimal"), (status, condition)
        value = float(model.objective.value)
        values.append(value)
        flow.row(objective, "<=", value + flow.s["level_tolerance"] * abs(value))
    return values

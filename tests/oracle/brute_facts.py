"""A region's tables as the plain facts that enumeration works on: blocks, whole totals, stocks, crews, lines.

Written from docs/explanation/procurement.md; section numbers refer to it.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Block:
    """A block of one programme, without its orders."""

    index: int
    programme: str
    members: tuple[str, ...]
    edge: float
    outside: float
    years: tuple[int, ...]
    totals: dict[str, list[float]]  # per member: whole totals
    lo: float
    hi: dict[str, float]
    deliver: np.ndarray  # (order year, year) share delivered up to
    pay: np.ndarray  # (order year, year)
    price: np.ndarray  # (order year,)
    entry: dict[str, np.ndarray]  # per member, (order year,)
    claims: dict[str, bool]  # per member with a loan: eligible


@dataclass
class Facts:
    """The region's tables as plain Python."""

    region: Any
    joint: bool
    t: dict[str, list[dict[str, Any]]] = field(init=False)

    def __post_init__(self) -> None:
        self.t = {name: frame.to_dicts() for name, frame in self.region.tables.items()}
        self.s = {r["key"]: r["value"] for r in self.t["settings"]}
        self.first, self.last = int(self.s["first_year"]), int(self.s["last_year"])
        self.years = list(range(self.first, self.last + 1))
        self.members = sorted(r["state"] for r in self.t["states"] if r["role"] == "member")
        assert len(self.members) <= 3, "two shared blocks of one programme would not be seen"
        self.programmes = {r["programme_id"]: r for r in self.t["programmes"]}
        self.systems = {r["system_id"]: r for r in self.t["systems"]}
        self.classes = [r["class_id"] for r in self.t["classes"]]
        self.crews = {(r["state"], r["family"]): r for r in self.t["crews"]}
        self.loans = {r["state"]: r for r in self.t["safe_loans"]}

    # section 5 -----------------------------------------------------------------------------------------

    @cached_property
    def legacy(self) -> dict[tuple[str, str], np.ndarray]:
        """Class units by state and system, (year,)."""
        result = {(n, s): np.zeros(len(self.years)) for n in self.members for s in self.systems}
        for r in self.t["stocks"]:
            per = self.systems[r["system_id"]]["class_units_per_system_unit"] or 0.0
            for i, y in enumerate(self.years):
                if r["kind"] == "in_service" or r["year"] <= y:
                    gone = 0.0
                    if r["retire_from"] is not None:
                        gone = (y - r["retire_from"] + 1) / (r["retire_to"] - r["retire_from"] + 1)
                    result[r["state"], r["system_id"]][i] += r["quantity"] * per * (1 - min(max(gone, 0), 1))
        return result

    @cached_property
    def lack(self) -> dict[tuple[str, str], np.ndarray]:
        """Need less legacy by state and class, (year,)."""
        result = {}
        for n in self.members:
            for k in self.classes:
                need = {
                    r["year"]: r["quantity"] for r in self.t["needs"] if (r["state"], r["class_id"]) == (n, k)
                }
                old = [v for (m, s), v in self.legacy.items() if m == n and self.systems[s]["class_id"] == k]
                result[n, k] = np.array([need.get(y, 0.0) for y in self.years]) - sum(old)
        return result

    @cached_property
    def worth(self) -> dict[tuple[str, str], np.ndarray]:
        """Gap-years of one missing unit by state and class, (year,)."""
        rate = 1 + self.s["discount_rate_pct"] / 100
        weight = {r["class_id"]: r["weight"] for r in self.t["classes"]}
        result = {}
        for n in self.members:
            for k in self.classes:
                rows = [r for r in self.t["needs"] if (r["state"], r["class_id"]) == (n, k)]
                last = sum(r["quantity"] for r in rows if r["year"] == self.last)
                ref = last or max((r["quantity"] for r in rows), default=0.0)
                factor = weight[k] / ref if ref > 0 else 0.0
                result[n, k] = np.array([factor * rate ** -(y - self.first) for y in self.years])
        return result

    # sections 1 to 4 -----------------------------------------------------------------------------------

    @cached_property
    def blocks(self) -> list[Block]:
        result: list[Block] = []
        for p in self.t["programmes"]:
            states = {
                r["state"]: r["max_quantity"]
                for r in self.t["programme_states"]
                if r["programme_id"] == p["programme_id"] and r["max_quantity"] > 0
            }
            rows = [r for r in self.t["partner_orders"] if r["programme_id"] == p["programme_id"]]
            for size in range(1, len(states) + 1 if self.joint else 2):
                for g in itertools.combinations(sorted(states), size):
                    for joined in [[], rows] if rows else [[]]:
                        result += self._blocks_of(p, g, joined, states, len(result))
        return result

    def _most(self, p: dict[str, Any], n: str, lo: float, largest: float) -> float:
        if self.systems[p["system_id"]]["nodes_provided"] > 0:
            return largest
        lack = float(self.lack[n, p["class_id"]].max())
        if lack <= 0:
            return 0.0
        step = p["step_quantity"]
        return min(largest, max(lo, step * math.ceil(lack / step - 1e-9)))

    def _blocks_of(
        self,
        p: dict[str, Any],
        g: tuple[str, ...],
        joined: list[dict[str, Any]],
        states: dict[str, float],
        index: int,
    ) -> Iterator[Block]:
        c = len(g) + len(joined)
        pooled = self.joint and c > 1
        lo = p["min_quantity_alone"] if c == 1 else p["min_quantity"]
        hi = {n: self._most(p, n, lo, states[n]) for n in g}
        lead = (p["lead_months"] + self.s["negotiation_months"] * (c ** self.s["delay_exponent"] - 1)) / 12
        finish = 0.5 + lead + p["delivery_span_months"] / 12
        years = tuple(
            t
            for t in self.years
            if p["start_earliest"] <= t <= p["start_latest"]
            and all(r["year_from"] <= t <= r["year_to"] for r in joined)
            and t + finish <= self.last + 1 + 1e-9
        )
        if not years or any(hi[n] < lo for n in g):
            return
        outside = sum(r["quantity"] for r in joined) if pooled else 0.0
        least, greatest = lo * len(g) + outside, sum(hi.values()) + outside
        edges = {least} | {
            r["multiple"] * p["base_quantity"]
            for r in self.t["bands"]
            if least < r["multiple"] * p["base_quantity"] <= greatest
        }
        deliver, pay = self._profiles(p, years, lead)
        level = np.array([self._level(p, t) for t in years])
        for edge in sorted(edges):
            ratio = (edge / p["base_quantity"]) ** math.log2(p["learning_slope_pct"] / 100)
            scale = max(1 - self.s["scale_saving_max"], ratio)
            yield Block(
                index := index + 1,
                p["programme_id"],
                g,
                edge,
                outside,
                years,
                {n: whole_totals(lo, hi[n], p["step_quantity"]) for n in g},
                lo,
                hi,
                deliver,
                pay,
                p["base_price_meur"] / p["base_quantity"] * scale * level,
                self._entry(p, g, pooled, p["introduction_share"] * p["base_price_meur"] * level),
                {n: self._eligible(p, g, joined, n) for n in g if n in self.loans},
            )

    def _level(self, p: dict[str, Any], t: int) -> float:
        index = (1 + self.s["price_index_pct"] / 100) ** (self.s["base_year"] - p["price_year"])
        real = (1 + p["real_price_growth_pct"] / 100) ** (t - self.s["base_year"])
        return float((1 + p["cost_growth_pct"] / 100) * index * real)

    def _profiles(
        self, p: dict[str, Any], years: tuple[int, ...], lead: float
    ) -> tuple[np.ndarray, np.ndarray]:
        """Share delivered up to the end of each year, share paid in each year."""
        deliver, pay = np.zeros((len(years), len(self.years))), np.zeros((len(years), len(self.years)))
        span, advance = p["delivery_span_months"] / 12, self.s["advance_share"]
        for i, t in enumerate(years):
            begin = t + 0.5 + lead
            for j, y in enumerate(self.years):
                if span > 0:
                    deliver[i, j] = min(1.0, max(0.0, (y + 1 - begin) / span))
                else:
                    deliver[i, j] = float(begin < y + 1)
                paid = [min(1.0, max(0.0, (end - t - 0.5) / (lead + span))) for end in (y, y + 1)]
                pay[i, j] = (1 - advance) * (paid[1] - paid[0]) + advance * (t == y)
        return deliver, pay

    def _entry(
        self, p: dict[str, Any], g: tuple[str, ...], pooled: bool, full: np.ndarray
    ) -> dict[str, np.ndarray]:
        new = [
            r["state"]
            for r in self.t["programme_states"]
            if r["programme_id"] == p["programme_id"] and r["state"] in g and r["operates"] != "y"
        ]
        s = p["introduction_shared_part"]
        factor = 1 - s + s / len(new) if pooled and len(new) >= 2 else 1.0
        return {n: full * factor if n in new else 0.0 * full for n in g}

    def _eligible(self, p: dict[str, Any], g: tuple[str, ...], joined: list[dict[str, Any]], n: str) -> bool:
        everyone = [*g, *(r["partner"] for r in joined)]
        able = [
            r["state"] for r in self.t["states"] if r["state"] in everyone and r["safe_participant"] == "y"
        ]
        if len(able) < self.loans[n]["min_participants_after"]:
            return False
        if p["safe_eligible"] == "conditional":
            return bool(self.s["safe_count_conditional"] == 1)
        origin = (p["eu_origin_share"] or 0.0) >= 0.65
        return bool(p["safe_eligible"] == "y" and origin and p["foreign_control"] == "n")

    def service(self, n: str) -> list[float]:
        """Section 9: net debt service of a euro drawn j years ago, j = 0..maturity."""
        r, pi = self.loans[n], 1 + self.s["inflation_pct"] / 100
        rate, own, share = r["rate_pct"] / 100, r["national_rate_pct"] / 100, r["additional_share"]
        grace, end = r["grace_years"], r["maturity_years"]
        result = [0.0]
        for j in range(1, end + 1):
            repaid = 1 / (end - grace) - rate * (j - 1 - grace) / (end - grace) if j > grace else 0.0
            safe, national = (rate + repaid) * pi**-j, (own + (1.0 if j == end else 0.0)) * pi**-j
            result.append(share * safe + (1 - share) * (safe - national))
        return result

    # sections 6 to 8 -----------------------------------------------------------------------------------

    @cached_property
    def free_crews(self) -> dict[tuple[str, str], np.ndarray]:
        result = {}
        for (n, f), r in self.crews.items():
            used = sum((self.legacy[n, s] for s in r["systems"].split(";") if s), np.zeros(len(self.years)))
            gained = r["throughput_per_year"] * np.arange(len(self.years))
            result[n, f] = np.maximum(0.0, r["trained_crews"] + gained - used)
        return result

    @cached_property
    def old_nodes(self) -> dict[str, np.ndarray]:
        result = {n: np.zeros(len(self.years)) for n in self.members}
        for (n, s), units in self.legacy.items():
            result[n] = result[n] + units * self.systems[s]["nodes_provided"]
        return result

    @cached_property
    def gated(self) -> dict[str, bool]:
        return {r["class_id"]: r["needs_gateway"] == "y" for r in self.t["classes"]}

    def school_groups(self, family: str) -> list[tuple[str, ...]]:
        """Every member alone, and in joint mode every group that may share a school."""
        groups: list[tuple[str, ...]] = [(n,) for n in self.members if (n, family) in self.crews]
        able = [n for (n,) in groups if self.crews[n, family]["shared_school"] == "y"]
        sizes = range(2, len(able) + 1) if self.joint else ()
        return groups + [g for size in sizes for g in itertools.combinations(able, size)]

    def delay(self, line: dict[str, Any]) -> int:
        """Years from the decision of an expansion to its first output."""
        return math.ceil(line["expansion_delay_months"] / 12)

    @cached_property
    def capacity(self) -> dict[str, np.ndarray]:
        result: dict[str, np.ndarray] = {}
        for line in self.t["lines"]:
            rows = {r["year"]: r for r in self.t["line_capacity"] if r["line_id"] == line["line_id"]}
            left = [rows[y]["capacity"] * (1 - rows[y]["backlog_share"]) for y in self.years]
            result[line["line_id"]] = np.array(left)
        return result


def whole_totals(lo: float, hi: float, step: float) -> list[float]:
    """Multiples of step from lo to hi."""
    multiples = (k * step for k in range(int(hi / step + 1e-9) + 1))
    return [total for total in multiples if total >= lo - 1e-9]

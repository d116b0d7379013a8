"""What members have to plan with: purses, SAFE loans, crews and production lines (sections 6, 8 and 9)."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vallum.model.procurement.names import Names, split

__all__ = ["Crews", "Lines", "Loans", "Purses", "read_crews", "read_lines", "read_loans", "read_purses"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Purses:
    """Money of members by year, (N, Y) each, EUR million."""

    plannable: Floats
    related: Floats
    carry_limit: Floats


@dataclass(frozen=True, slots=True)
class Loans:
    """SAFE loans of members."""

    participant: Bools  # (N,) may take part
    partner_participants: Ints  # (P,) partners that may take part
    most: Floats  # (N,) what may be drawn
    prefinancing: Floats  # (N,)
    additional: Floats  # (N,)
    window: Ints  # (N, 2) first and last year position; last < first: none
    participants_needed: Ints  # (N,)
    service: Floats  # (N, Y) real net service j years after a draw of 1, j = 0..Y-1
    cost: Floats  # (N,) present value of a draw of 1 to its last payment

    def open_years(self, years: int) -> Bools:
        """Years in which a member may draw, shape (N, years)."""
        year = np.arange(years)[None, :]
        inside = (year >= self.window[:, :1]) & (year <= self.window[:, 1:])
        return inside & (self.most > 0)[:, None]


@dataclass(frozen=True, slots=True)
class Crews:
    """Crews of members by family, and schools that train more."""

    free: Floats  # (N, F, Y) not bound to legacy stock
    school_cost: Floats  # (N, F)
    school_added: Floats  # (N, F) crews a year
    school_shared: Bools  # (N, F)
    school_factor: Floats  # (N, F) cost factor of a shared school

    def school_share(self, members: Ints, family: int) -> Floats:
        """Part of its school's cost that each of the members of one school pays."""
        if len(members) == 1:
            return np.ones(1)
        out: Floats = self.school_factor[members, family] / len(members)
        return out


@dataclass(frozen=True, slots=True)
class Lines:
    """Production lines and what they can be expanded by."""

    capacity: Floats  # (L, Y) line units a year for the members
    expansion_step: Floats  # (L,)
    expansion_cost: Floats  # (L,) EUR million a step
    expansion_delay: Ints  # (L,) years
    expansion_most: Ints  # (L,) steps


def read_purses(names: Names) -> Purses:
    """Section 9: plannable money, related money, and what may be carried over."""
    plannable, related, carry = (np.zeros((len(names.states), len(names.years))) for _ in range(3))
    for row in names.tables["purses"].to_dicts():
        if row["state"] in names.state_at and row["year"] in names.year_at:
            at = names.state_at[row["state"]], names.year_at[row["year"]]
            plannable[at] = row["plannable_meur"]
            related[at] = row["related_meur"] * row["related_plannable_share"]
            carry[at] = row["carryover_limit_share"] * row["equipment_meur"]
    return Purses(plannable, related, carry)


def read_loans(names: Names) -> Loans:
    """Section 9: what may be drawn, its window, its service, and who may take part."""
    n, y, first = len(names.states), len(names.years), names.years[0]
    most, prefinancing, additional, cost = (np.zeros(n) for _ in range(4))
    window, needed = np.tile(np.array([0, -1]), (n, 1)), np.full(n, 2)
    service = np.zeros((n, y))
    rate, inflation = names.settings["discount_rate_pct"] / 100, names.settings["inflation_pct"] / 100
    for row in names.tables["safe_loans"].to_dicts():
        if row["state"] not in names.state_at:
            continue
        at = names.state_at[row["state"]]
        most[at] = row["adopted_loan_meur"] * (1 - row["earmarked_share"])
        prefinancing[at], additional[at] = min(row["prefinancing_meur"], most[at]), row["additional_share"]
        window[at] = max(row["window_from"] - first, 0), min(row["window_to"] - first, y - 1)
        needed[at] = row["min_participants_after"]
        j = np.arange(1, row["maturity_years"] + 1, dtype=float)
        net = _service(row, j, inflation)
        service[at, 1 : len(net) + 1] = net[: y - 1]
        cost[at] = float(np.sum(net * (1 + rate) ** -j)) - additional[at]
    may = dict(names.tables["states"].select("state", "safe_participant").iter_rows())
    partners = [sum(may[r["partner"]] == "y" for r in rows) for rows in names.partner_rows()]
    return Loans(
        participant=np.array([may[s] == "y" for s in names.states], dtype=bool),
        partner_participants=np.array(partners, dtype=np.int64), most=most, prefinancing=prefinancing,
        additional=additional, window=window, participants_needed=needed, service=service, cost=cost,
    )  # fmt: skip


def _service(row: dict[str, Any], j: Floats, inflation: float) -> Floats:
    """Section 9: real net service j years after a draw of 1."""
    rate, national_rate = row["rate_pct"] / 100, row["national_rate_pct"] / 100
    grace, maturity, share = row["grace_years"], row["maturity_years"], row["additional_share"]
    repaid = 1.0 / (maturity - grace)
    safe = rate + (j > grace) * (repaid - rate * repaid * (j - 1 - grace))
    national = national_rate + (j == maturity)
    real = (1 + inflation) ** -j
    out: Floats = (share * safe + (1 - share) * (safe - national)) * real
    return out


def read_crews(names: Names, system_stock: Floats) -> Crews:
    """Section 6: crews not yet bound to legacy stock (N, S, Y), and schools."""
    shape, years = (len(names.states), len(names.families)), len(names.years)
    free = np.zeros((*shape, years))
    cost, added, factor = np.zeros(shape), np.zeros(shape), np.ones(shape)
    shared = np.zeros(shape, dtype=bool)
    for row in names.tables["crews"].to_dicts():
        if row["state"] not in names.state_at:
            continue
        at = names.state_at[row["state"]], names.family_at[row["family"]]
        systems = [names.system_at[s] for s in split(row["systems"]) if s in names.system_at]
        used = sum((system_stock[at[0], s] for s in systems), np.zeros(years))
        trained = row["trained_crews"] + row["throughput_per_year"] * np.arange(years, dtype=float)
        free[at] = np.maximum(0.0, trained - used)
        cost[at], added[at] = row["school_cost_meur"], row["school_added_throughput"]
        shared[at] = row["shared_school"] == "y"
        factor[at] = row["shared_school_cost_factor"] or 1.0
    return Crews(free, cost, added, shared, factor)


def read_lines(names: Names) -> Lines:
    """Section 8: capacity less backlog, and expansions."""
    rows = names.tables["lines"].sort("line_id").to_dicts()
    capacity = np.zeros((len(names.lines), len(names.years)))
    columns = names.tables["line_capacity"].select("line_id", "year", "capacity", "backlog_share")
    for line, year, amount, backlog in columns.iter_rows():
        if line in names.line_at and year in names.year_at:
            capacity[names.line_at[line], names.year_at[year]] = amount * (1 - backlog)
    delay = [math.ceil(r["expansion_delay_months"] / 12) for r in rows]
    return Lines(
        capacity=capacity,
        expansion_step=np.array([float(r["expansion_step"]) for r in rows]),
        expansion_cost=np.array([float(r["expansion_cost_meur"]) for r in rows]),
        expansion_delay=np.array(delay, dtype=np.int64),
        expansion_most=np.array([int(r["expansion_max_steps"]) for r in rows], dtype=np.int64),
    )

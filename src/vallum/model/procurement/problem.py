"""From tables to arrays: the one place where names become indices.

Symbols and formulas: docs/explanation/procurement.md; section numbers below refer to it.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from vallum.model.procurement.eligibility import Verdict, verdicts
from vallum.region import Region

__all__ = ["Problem", "problem"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Programmes:
    """Arrays over P programmes; money in EUR million of the base year, quantities in class units."""

    system: Ints
    klass: Ints
    family: Ints  # -1: needs no crews
    line: Ints
    base_quantity: Floats
    least: Floats  # least order in a coalition
    least_alone: Floats
    step: Floats
    base_price: Floats
    exponent: Floats  # log2(slope)
    level: Floats  # (P, Y) price level by order year
    introduction: Floats  # (P, Y) cost of a new type for one member
    introduction_shared: Floats
    sustainment: Floats
    lead_months: Floats
    span_months: Floats
    first_year: Ints  # position in years
    last_year: Ints
    line_units: Floats
    related: Bools
    connects: Bools
    nodes: Floats  # nodes provided per class unit
    partner_quantity: Floats
    partner_count: Ints
    partner_first: Ints
    partner_last: Ints
    partners: tuple[tuple[str, ...], ...]
    verdict: tuple[Verdict, ...]


@dataclass(frozen=True, slots=True)
class Problem:
    """Indexed data of one region: members N, classes K, programmes P, lines L, families F, years Y.

    Shapes are given beside each array.
    """

    states: tuple[str, ...]
    classes: tuple[str, ...]
    programmes: tuple[str, ...]
    systems: tuple[str, ...]
    lines: tuple[str, ...]
    families: tuple[str, ...]
    years: tuple[int, ...]
    settings: dict[str, float]
    bands: Floats
    weight: Floats  # (N, K, Y) gap-years per missing class unit, discounted
    need: Floats  # (N, K, Y)
    legacy: Floats  # (N, K, Y)
    gap: Floats  # (N, K, Y) need beyond legacy
    discount: Floats  # (Y,)
    programme: Programmes
    most: Floats  # (N, P) largest quantity the data allow
    greatest: Floats  # (N, P) largest useful quantity; 0: may not join
    operates: Bools  # (N, P)
    prerequisites: Ints  # (r, 2): programme, its prerequisite
    exclusions: Ints  # (r, 2)
    plannable: Floats  # (N, Y)
    related: Floats  # (N, Y)
    carry_limit: Floats  # (N, Y)
    safe_participant: Bools  # (N,)
    partner_safe: Ints  # (P,) partners that may take part in SAFE
    loan: Floats  # (N,) what may be drawn
    prefinancing: Floats  # (N,)
    additional: Floats  # (N,)
    window: Ints  # (N, 2) first and last year position; last < first: none
    participants_needed: Ints  # (N,)
    service: Floats  # (N, Y) real net service j years after a draw of 1, j = 0..Y-1
    loan_cost: Floats  # (N,) present value of a draw of 1 to its last payment
    free_crews: Floats  # (N, F, Y)
    school_cost: Floats  # (N, F)
    school_added: Floats  # (N, F)
    school_shared: Bools  # (N, F)
    school_factor: Floats  # (N, F)
    needs_gateway: Bools  # (K,)
    nodes_per_unit: Floats  # (K,)
    legacy_nodes: Floats  # (N, Y)
    capacity: Floats  # (L, Y) line units a year for the members
    expansion_step: Floats  # (L,)
    expansion_cost: Floats
    expansion_delay: Ints  # years
    expansion_most: Ints


def problem(region: Region) -> Problem:
    """Index the tables of a sound region.

    Parameters
    ----------
    region : Region
        A region without error findings.

    Returns
    -------
    Problem
    """
    return _Reader(region.require_sound()).read()


def _positions(names: Sequence[str]) -> dict[str, int]:
    return {name: i for i, name in enumerate(names)}


def _split(text: str | None) -> list[str]:
    return [part.strip() for part in (text or "").split(";") if part.strip()]


class _Reader:
    """Holds the index maps while the tables are read."""

    def __init__(self, region: Region) -> None:
        self.tables = region.tables
        self.settings = dict(region.tables["settings"].select("key", "value").iter_rows())
        members = self.tables["states"].filter(pl.col("role") == "member").sort("state")
        self.states = tuple(members["state"])
        self.classes = tuple(self.tables["classes"].sort("class_id")["class_id"])
        self.rows = self.tables["programmes"].sort("programme_id").to_dicts()
        self.programmes = tuple(row["programme_id"] for row in self.rows)
        self.system_rows = self.tables["systems"].sort("system_id").to_dicts()
        self.systems = tuple(row["system_id"] for row in self.system_rows)
        self.lines = tuple(self.tables["lines"].sort("line_id")["line_id"])
        self.families = tuple(sorted(set(self.tables["crews"]["family"])))
        self.years = tuple(range(int(self.settings["first_year"]), int(self.settings["last_year"]) + 1))
        self.n, self.k, self.p, self.y = len(self.states), len(self.classes), len(self.rows), len(self.years)
        self.state_at, self.class_at = _positions(self.states), _positions(self.classes)
        self.programme_at, self.system_at = _positions(self.programmes), _positions(self.systems)
        self.line_at, self.family_at = _positions(self.lines), _positions(self.families)
        self.year_at = {year: i for i, year in enumerate(self.years)}

    def read(self) -> Problem:
        discount = (1 + self.settings["discount_rate_pct"] / 100) ** -np.arange(self.y, dtype=float)
        need = self.cube("needs", "class_id", self.class_at, "quantity")
        system_stock = self.system_stock()  # (N, S, Y) class units
        system_class = np.array([self.class_at.get(r["class_id"] or "", -1) for r in self.system_rows])
        legacy = np.zeros((self.n, self.k, self.y))
        for k in range(self.k):
            legacy[:, k, :] = system_stock[:, system_class == k, :].sum(axis=1)
        gap = np.maximum(need - legacy, 0.0)
        programme = self.read_programmes()
        most, greatest, operates = self.read_membership(programme, gap)
        nodes = np.array([float(r["nodes_provided"] or 0.0) for r in self.system_rows])
        gateways = {r["class_id"]: r["nodes_per_unit"] for r in self.tables["gateways"].to_dicts()}
        classes = {r["class_id"]: r for r in self.tables["classes"].to_dicts()}
        crews, loans = self.read_crews(system_stock), self.read_loans()
        return Problem(
            states=self.states, classes=self.classes, programmes=self.programmes, systems=self.systems,
            lines=self.lines, families=self.families, years=self.years, settings=self.settings,
            bands=np.sort(self.tables["bands"]["multiple"].to_numpy().astype(float)),
            weight=self.weights(need, discount, classes), need=need, legacy=legacy, gap=gap, discount=discount,
            programme=programme, most=most, greatest=greatest, operates=operates,
            prerequisites=self.pairs("prerequisites"), exclusions=self.pairs("exclusions"),
            needs_gateway=np.array([classes[c]["needs_gateway"] == "y" for c in self.classes], dtype=bool),
            nodes_per_unit=np.array([float(gateways.get(c) or 0.0) for c in self.classes]),
            legacy_nodes=np.einsum("nsy,s->ny", system_stock, nodes),
            **self.read_purses(), **crews, **loans, **self.read_lines(),
        )  # fmt: skip

    def cube(self, table: str, column: str, at: dict[str, int], value: str) -> Floats:
        """(N, items, Y) array of one value column."""
        out = np.zeros((self.n, len(at), self.y))
        frame = self.tables[table]
        for state, item, year, amount in frame.select("state", column, "year", value).iter_rows():
            if state in self.state_at and item in at and year in self.year_at:
                out[self.state_at[state], at[item], self.year_at[year]] = amount
        return out

    def weights(self, need: Floats, discount: Floats, classes: dict[str, Any]) -> Floats:
        """Section 5: discounted weight of one missing unit."""
        last, most = need[:, :, -1], need.max(axis=2)
        reference = np.where(last > 0, last, most)
        weight = np.array([float(classes[c]["weight"]) for c in self.classes])[None, :]
        unit = np.divide(weight, reference, out=np.zeros_like(reference), where=reference > 0)
        out: Floats = unit[:, :, None] * discount[None, None, :]
        return out

    def system_stock(self) -> Floats:
        """Section 5: legacy of each system in class units, linear retirement, shape (N, S, Y)."""
        out = np.zeros((self.n, len(self.systems), self.y))
        years = np.array(self.years, dtype=float)
        for row in self.tables["stocks"].to_dicts():
            s = self.system_at[row["system_id"]]
            factor = self.system_rows[s]["class_units_per_system_unit"]
            if row["state"] not in self.state_at or not factor:
                continue
            span = row["retire_to"] - row["retire_from"] + 1
            left = 1.0 - np.clip((years - row["retire_from"] + 1) / span, 0.0, 1.0)
            present = years >= row["year"]
            out[self.state_at[row["state"]], s] += row["quantity"] * float(factor) * left * present
        return out

    def read_programmes(self) -> Programmes:
        base, first = self.settings["base_year"], self.years[0]
        index = 1 + self.settings["price_index_pct"] / 100
        years = np.array(self.years, dtype=float)
        system = np.array([self.system_at[r["system_id"]] for r in self.rows], dtype=np.int64)

        def column(name: str) -> Floats:
            return np.array([float(r[name]) for r in self.rows])

        level = ((1 + column("cost_growth_pct") / 100) * index ** (base - column("price_year")))[:, None] * (
            1 + column("real_price_growth_pct") / 100
        )[:, None] ** (years - base)[None, :]
        partners = self.partner_rows()
        return Programmes(
            system=system,
            klass=np.array([self.class_at[r["class_id"]] for r in self.rows], dtype=np.int64),
            family=np.array([self.family_at.get(r["crew_family"], -1) for r in self.rows], dtype=np.int64),
            line=np.array([self.line_at[r["line_id"]] for r in self.rows], dtype=np.int64),
            base_quantity=column("base_quantity"), least=column("min_quantity"),
            least_alone=column("min_quantity_alone"), step=column("step_quantity"),
            base_price=column("base_price_meur"), exponent=np.log2(column("learning_slope_pct") / 100),
            level=level, introduction=(column("introduction_share") * column("base_price_meur"))[:, None] * level,
            introduction_shared=column("introduction_shared_part"), sustainment=column("sustainment_share"),
            lead_months=column("lead_months"), span_months=column("delivery_span_months"),
            first_year=(column("start_earliest") - first).astype(np.int64),
            last_year=(column("start_latest") - first).astype(np.int64),
            line_units=column("line_units_per_unit"),
            related=np.array([r["related_money"] == "y" for r in self.rows], dtype=bool),
            connects=np.array([self.system_rows[s]["connects"] == "y" for s in system], dtype=bool),
            nodes=np.array([float(self.system_rows[s]["nodes_provided"] or 0.0) for s in system]),
            partner_quantity=np.array([sum(r["quantity"] for r in rows) for rows in partners], dtype=float),
            partner_count=np.array([len(rows) for rows in partners], dtype=np.int64),
            partner_first=np.array([max((r["year_from"] for r in rows), default=first) - first for rows in partners]),
            partner_last=np.array(
                [min((r["year_to"] for r in rows), default=self.years[-1]) - first for rows in partners]
            ),
            partners=tuple(tuple(r["partner"] for r in rows) for rows in partners),
            verdict=verdicts(self.rows, {r["class_id"]: r for r in self.tables["classes"].to_dicts()}, self.settings),
        )  # fmt: skip

    def partner_rows(self) -> list[list[dict[str, Any]]]:
        rows = self.tables["partner_orders"].sort("programme_id", "partner").to_dicts()
        return [[r for r in rows if r["programme_id"] == p] for p in self.programmes]

    def read_membership(self, programme: Programmes, gap: Floats) -> tuple[Floats, Floats, Bools]:
        """Section 4: allowed and largest useful quantities (N, P) and who already operates the type."""
        allowed, operates = np.zeros((self.n, self.p)), np.zeros((self.n, self.p), dtype=bool)
        rows = self.tables["programme_states"].select("programme_id", "state", "max_quantity", "operates")
        for name, state, most, runs in rows.iter_rows():
            if state in self.state_at and name in self.programme_at:
                allowed[self.state_at[state], self.programme_at[name]] = most
                operates[self.state_at[state], self.programme_at[name]] = runs == "y"
        worst = gap.max(axis=2)[:, programme.klass]
        # 1e-9 keeps a need of exactly three steps from becoming four
        useful = np.ceil(worst / programme.step - 1e-9) * programme.step
        wanted = np.where(programme.nodes[None, :] > 0, allowed, np.where(useful > 0, useful, 0.0))
        return allowed, np.minimum(allowed, wanted), operates

    def pairs(self, column: str) -> Ints:
        found = {
            (i, self.programme_at[other]) for i, row in enumerate(self.rows) for other in _split(row[column])
        }
        if column == "exclusions":
            found = {(min(pair), max(pair)) for pair in found}
        return np.array(sorted(found), dtype=np.int64).reshape(-1, 2)

    def read_purses(self) -> dict[str, Floats]:
        plannable, related, carry = (np.zeros((self.n, self.y)) for _ in range(3))
        for row in self.tables["purses"].to_dicts():
            if row["state"] in self.state_at and row["year"] in self.year_at:
                at = self.state_at[row["state"]], self.year_at[row["year"]]
                plannable[at] = row["plannable_meur"]
                related[at] = row["related_meur"] * row["related_plannable_share"]
                carry[at] = row["carryover_limit_share"] * row["equipment_meur"]
        return {"plannable": plannable, "related": related, "carry_limit": carry}

    def read_loans(self) -> dict[str, Any]:
        """Section 9: what may be drawn, its window and its service."""
        loan, pre, additional, cost = (np.zeros(self.n) for _ in range(4))
        window, needed = np.tile([0, -1], (self.n, 1)), np.full(self.n, 2)
        service = np.zeros((self.n, self.y))
        rate, inflation = self.settings["discount_rate_pct"] / 100, self.settings["inflation_pct"] / 100
        for row in self.tables["safe_loans"].to_dicts():
            if row["state"] not in self.state_at:
                continue
            n = self.state_at[row["state"]]
            loan[n] = row["adopted_loan_meur"] * (1 - row["earmarked_share"])
            pre[n], additional[n] = min(row["prefinancing_meur"], loan[n]), row["additional_share"]
            first, last = row["window_from"] - self.years[0], row["window_to"] - self.years[0]
            window[n] = max(first, 0), min(last, self.y - 1)
            needed[n] = row["min_participants_after"]
            j = np.arange(1, row["maturity_years"] + 1, dtype=float)
            net = _service(row, j, inflation)
            service[n, 1 : len(net) + 1] = net[: self.y - 1]
            cost[n] = float(np.sum(net * (1 + rate) ** -j)) - additional[n]
        participant = dict(self.tables["states"].select("state", "safe_participant").iter_rows())
        partners = [[r["partner"] for r in rows] for rows in self.partner_rows()]
        return {
            "loan": loan, "prefinancing": pre, "additional": additional, "window": window.astype(np.int64),
            "participants_needed": needed.astype(np.int64), "service": service, "loan_cost": cost,
            "safe_participant": np.array([participant[s] == "y" for s in self.states], dtype=bool),
            "partner_safe": np.array([sum(participant[s] == "y" for s in names) for names in partners], dtype=np.int64),
        }  # fmt: skip

    def read_crews(self, system_stock: Floats) -> dict[str, Any]:
        """Section 6: crews not yet bound to legacy stock, and schools."""
        shape = (self.n, len(self.families))
        free = np.zeros((*shape, self.y))
        cost, added, factor, shared = (
            np.zeros(shape),
            np.zeros(shape),
            np.ones(shape),
            np.zeros(shape, dtype=bool),
        )
        elapsed = np.arange(self.y, dtype=float)
        for row in self.tables["crews"].to_dicts():
            if row["state"] not in self.state_at:
                continue
            at = self.state_at[row["state"]], self.family_at[row["family"]]
            used = sum(
                (
                    system_stock[at[0], self.system_at[s]]
                    for s in _split(row["systems"])
                    if s in self.system_at
                ),
                np.zeros(self.y),
            )
            free[at] = np.maximum(
                0.0, row["trained_crews_2026"] + row["throughput_per_year"] * elapsed - used
            )
            cost[at], added[at] = row["school_cost_meur"], row["school_added_throughput"]
            shared[at] = row["shared_school"] == "y"
            factor[at] = row["shared_school_cost_factor"] or 1.0
        return {"free_crews": free, "school_cost": cost, "school_added": added, "school_shared": shared,
                "school_factor": factor}  # fmt: skip

    def read_lines(self) -> dict[str, Any]:
        rows = self.tables["lines"].sort("line_id").to_dicts()
        capacity = np.zeros((len(self.lines), self.y))
        columns = self.tables["line_capacity"].select("line_id", "year", "capacity", "backlog_share")
        for line, year, amount, backlog in columns.iter_rows():
            if line in self.line_at and year in self.year_at:
                capacity[self.line_at[line], self.year_at[year]] = amount * (1 - backlog)
        return {
            "capacity": capacity,
            "expansion_step": np.array([float(r["expansion_step"]) for r in rows]),
            "expansion_cost": np.array([float(r["expansion_cost_meur"]) for r in rows]),
            "expansion_delay": np.array(
                [math.ceil(r["expansion_delay_months"] / 12) for r in rows], dtype=np.int64
            ),
            "expansion_most": np.array([int(r["expansion_max_steps"]) for r in rows], dtype=np.int64),
        }


def _service(row: dict[str, Any], j: Floats, inflation: float) -> Floats:
    """Section 9: real net service j years after a draw of 1."""
    rate, national_rate = row["rate_pct"] / 100, row["national_rate_pct"] / 100
    grace, maturity, share = row["grace_years"], row["maturity_years"], row["additional_share"]
    repaid = 1.0 / (maturity - grace)
    after = j > grace
    safe = rate + after * (repaid - rate * repaid * (j - 1 - grace))
    national = national_rate + (j == maturity)
    real = (1 + inflation) ** -j
    out: Floats = (share * safe + (1 - share) * (safe - national)) * real
    return out

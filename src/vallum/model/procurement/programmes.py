"""Programmes as arrays: prices, lead times, partners, and who may join (sections 1 to 4)."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vallum.model.procurement.eligibility import Verdict, verdicts
from vallum.model.procurement.names import Names

__all__ = ["Membership", "Programmes", "read_membership", "read_programmes"]

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
class Membership:
    """Who may join what, (N, P) each: what the data allow, what is useful, who operates the type already."""

    most: Floats
    greatest: Floats
    operates: Bools


def read_programmes(names: Names) -> Programmes:
    """Arrays of the table `programmes`, its partners' orders and its systems' rows."""
    rows, first, last = names.programme_rows, names.years[0], names.years[-1]
    classes = {r["class_id"]: r for r in names.tables["classes"].to_dicts()}
    systems = [names.system_rows[names.system_at[r["system_id"]]] for r in rows]
    partners = names.partner_rows()

    def column(name: str) -> Floats:
        return np.array([float(r[name]) for r in rows])

    def position(name: str, at: dict[str, int]) -> Ints:
        return np.array([at.get(r[name], -1) for r in rows], dtype=np.int64)

    level = _price_level(
        names, column("cost_growth_pct"), column("price_year"), column("real_price_growth_pct")
    )
    introduction = column("introduction_share") * column("base_price_meur")
    return Programmes(
        system=position("system_id", names.system_at), klass=position("class_id", names.class_at),
        family=position("crew_family", names.family_at), line=position("line_id", names.line_at),
        base_quantity=column("base_quantity"), least=column("min_quantity"),
        least_alone=column("min_quantity_alone"), step=column("step_quantity"),
        base_price=column("base_price_meur"), exponent=np.log2(column("learning_slope_pct") / 100),
        level=level, introduction=introduction[:, None] * level,
        introduction_shared=column("introduction_shared_part"), sustainment=column("sustainment_share"),
        lead_months=column("lead_months"), span_months=column("delivery_span_months"),
        first_year=(column("start_earliest") - first).astype(np.int64),
        last_year=(column("start_latest") - first).astype(np.int64),
        line_units=column("line_units_per_unit"),
        related=np.array([r["related_money"] == "y" for r in rows], dtype=bool),
        connects=np.array([s["connects"] == "y" for s in systems], dtype=bool),
        nodes=np.array([float(s["nodes_provided"] or 0.0) for s in systems]),
        partner_quantity=np.array([sum(r["quantity"] for r in group) for group in partners], dtype=float),
        partner_count=np.array([len(group) for group in partners], dtype=np.int64),
        partner_first=np.array([_latest(g, first) - first for g in partners], dtype=np.int64),
        partner_last=np.array([_soonest(g, last) - first for g in partners], dtype=np.int64),
        partners=tuple(tuple(r["partner"] for r in group) for group in partners),
        verdict=verdicts(rows, classes, names.settings),
    )  # fmt: skip


def _price_level(names: Names, growth: Floats, price_year: Floats, real_growth: Floats) -> Floats:
    """Section 3: level(p, t), shape (P, Y)."""
    base, index = names.settings["base_year"], 1 + names.settings["price_index_pct"] / 100
    years = np.array(names.years, dtype=float)
    at_base = (1 + growth / 100) * index ** (base - price_year)
    out: Floats = at_base[:, None] * (1 + real_growth / 100)[:, None] ** (years - base)[None, :]
    return out


def read_membership(names: Names, programme: Programmes, gap: Floats) -> Membership:
    """Section 4: allowed and largest useful quantities, for a gap (N, K, Y) between need and legacy."""
    shape = len(names.states), len(names.programmes)
    allowed, operates = np.zeros(shape), np.zeros(shape, dtype=bool)
    rows = names.tables["programme_states"].select("programme_id", "state", "max_quantity", "operates")
    for name, state, most, runs in rows.iter_rows():
        if state in names.state_at and name in names.programme_at:
            allowed[names.state_at[state], names.programme_at[name]] = most
            operates[names.state_at[state], names.programme_at[name]] = runs == "y"
    worst = gap.max(axis=2)[:, programme.klass]
    # 1e-9 keeps a need of exactly three steps from becoming four
    useful = np.ceil(worst / programme.step - 1e-9) * programme.step
    wanted = np.where(programme.nodes[None, :] > 0, allowed, np.where(useful > 0, useful, 0.0))
    return Membership(allowed, np.minimum(allowed, wanted), operates)


def _latest(orders: list[dict[str, Any]], default: int) -> int:
    """First year in which every partner orders."""
    return max((int(row["year_from"]) for row in orders), default=default)


def _soonest(orders: list[dict[str, Any]], default: int) -> int:
    """Last year in which every partner orders."""
    return min((int(row["year_to"]) for row in orders), default=default)

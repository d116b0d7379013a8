"""Rows of an invented region, with what every row of a table needs filled in."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import polars as pl

from vallum.region.schema import TABLES

FIRST_YEAR = 2026
_PROVENANCE: dict[str, Any] = {
    "basis": "assumption",
    "derived_from": "",
    "note": "invented from a seed",
    "source": "vallum.region.synthetic",
    "source_date": "2026-01",
    "confidence": "assumption",
}


@dataclass
class Draft:
    """Rows of a region in the making, by table."""

    years: range
    rows: dict[str, list[dict[str, Any]]] = field(default_factory=dict)

    def add(self, table: str, **values: Any) -> None:
        """Add one row, with the provenance that all rows share."""
        self.rows.setdefault(table, []).append({**values, **_PROVENANCE})

    def tables(self) -> dict[str, pl.DataFrame]:
        """All planning tables, also those without a row."""
        empty = {name: table.empty() for name, table in TABLES.items() if table.required}
        filled = {name: pl.DataFrame(rows, infer_schema_length=None) for name, rows in self.rows.items()}
        return {**empty, **filled}


def add_settings(draft: Draft, **changes: float) -> None:
    """Add all settings; `changes` replace the usual values."""
    values = {
        "first_year": draft.years[0],
        "last_year": draft.years[-1],
        "base_year": FIRST_YEAR,
        "discount_rate_pct": 3.0,
        "inflation_pct": 2.0,
        "price_index_pct": 2.0,
        "advance_share": 0.3,
        "negotiation_months": 6.0,
        "delay_exponent": 0.333,
        "scale_saving_max": 0.3,
        "level_tolerance": 0.005,
        "safe_count_conditional": 0.0,
        **changes,
    }
    for key, value in values.items():
        draft.add(
            "settings", key=key, value=float(value), low=None, high=None, unit="see the name", meaning=key
        )


def add_state(draft: Draft, state: str, role: str, gdp: float, safe: bool) -> None:
    """Add a state with a gross domestic product in EUR million."""
    draft.add(
        "states",
        state=state,
        name=f"State {state}",
        role=role,
        population=2_000_000,
        gdp_meur=gdp,
        eu_member="y",
        nato_member="y",
        safe_borrower="y" if role == "member" else "n",
        safe_participant="y" if safe else "n",
    )


def add_class(draft: Draft, class_id: str, weight: float, gateway: bool) -> None:
    """Add a capability class."""
    draft.add(
        "classes",
        class_id=class_id,
        name=f"Class {class_id}",
        unit="unit",
        capability_area="invented",
        safe_category=1,
        weight=weight,
        weight_low=None,
        weight_high=None,
        needs_gateway="y" if gateway else "n",
        ramp_start=draft.years[0],
        ramp_end=draft.years[-1],
        ramp_first_share=0.5,
    )


def add_system(
    draft: Draft, system_id: str, class_id: str, connects: str = "unknown", nodes: float = 0.0
) -> None:
    """Add a system whose units are class units."""
    draft.add(
        "systems",
        system_id=system_id,
        name=f"System {system_id}",
        class_id=class_id,
        class_units_per_system_unit=1.0,
        capability_area="invented",
        producer="invented",
        producer_country="invented",
        unit="unit",
        unit_cost_meur=None,
        lead_time_months=None,
        safe_category=1,
        origin_group="EU",
        connects=connects,
        nodes_provided=nodes,
    )


def add_stock(
    draft: Draft,
    state: str,
    system_id: str,
    kind: str,
    year: int,
    quantity: float,
    retire: tuple[int, int] = (2090, 2099),
) -> None:
    """Add stock or a signed delivery in class units; it retires beyond the horizon unless told."""
    draft.add(
        "stocks",
        state=state,
        system_id=system_id,
        kind=kind,
        year=year,
        quantity=quantity,
        retire_from=retire[0],
        retire_to=retire[1],
        contract_id=None,
        low=None,
        high=None,
    )


def add_programme(draft: Draft, programme_id: str, class_id: str, **values: Any) -> None:
    """Add a programme; `values` replace the usual columns."""
    base: dict[str, Any] = {
        "programme_id": programme_id,
        "name": f"Programme {programme_id}",
        "class_id": class_id,
        "system_id": f"S_{programme_id}",
        "base_quantity": 1.0,
        "unit": "unit",
        "min_quantity": 1.0,
        "min_quantity_alone": 1.0,
        "step_quantity": 1.0,
        "base_price_meur": 100.0,
        "price_year": FIRST_YEAR - 1,
        "cost_growth_pct": 5.0,
        "real_price_growth_pct": 1.0,
        "learning_slope_pct": 90.0,
        "learning_parameter": "invented",
        "introduction_share": 0.1,
        "introduction_shared_part": 0.6,
        "sustainment_share": 0.03,
        "lead_months": 12.0,
        "delivery_span_months": 12.0,
        "start_earliest": draft.years[0],
        "start_latest": draft.years[-1],
        "line_id": None,
        "line_units_per_unit": 1.0,
        "eu_origin_share": 0.8,
        "foreign_control": "n",
        "safe_eligible": "y",
        "safe_rule": "invented",
        "related_money": "n",
        "crew_family": "NONE",
        "prerequisites": "",
        "exclusions": "",
    }
    draft.add("programmes", **{**base, **values})


def add_line(
    draft: Draft,
    line_id: str,
    capacity: list[float],
    backlog: float,
    step: float,
    steps: int,
    **expansion: float,
) -> None:
    """Add a line with its capacity by year; `expansion` may give cost (EUR million) and delay (months)."""
    draft.add(
        "lines",
        line_id=line_id,
        plant_id=line_id,
        owner="invented",
        country="invented",
        systems="",
        unit="unit",
        expansion_step=step,
        expansion_cost_meur=expansion.get("cost", 0.0),
        expansion_delay_months=expansion.get("delay", 12.0),
        expansion_max_steps=steps,
    )
    for year, amount in zip(draft.years, capacity, strict=True):
        draft.add("line_capacity", line_id=line_id, year=year, capacity=amount, backlog_share=backlog)


def add_purse(draft: Draft, state: str, year: int, plannable: float, related: float, carry: float) -> None:
    """Add one year of a member's money; half of the related money is open to the plan."""
    draft.add(
        "purses",
        state=state,
        year=year,
        gdp_real_meur=100.0 * plannable,
        gdp_share_pct=4.0,
        defence_meur=4.0 * plannable,
        equipment_share=0.5,
        equipment_meur=2.0 * plannable,
        outside_scope_share=0.5,
        legacy_sustainment_meur=0.0,
        committed_meur=0.0,
        plannable_meur=plannable,
        related_meur=related,
        related_plannable_share=0.5,
        carryover_limit_share=carry,
        status="projection",
    )


def add_loan(draft: Draft, state: str, loan: float, **values: float) -> None:
    """Add a SAFE loan of `loan` EUR million; `values` replace the usual terms."""
    draft.add(
        "safe_loans",
        **{
            "state": state,
            "allocation_meur": loan,
            "adopted_loan_meur": loan,
            "prefinancing_meur": 0.15 * loan,
            "window_from": draft.years[0],
            "window_to": min(draft.years[0] + 4, draft.years[-1]),
            "grace_years": 10,
            "maturity_years": 45,
            "rate_pct": 3.0,
            "national_rate_pct": 3.5,
            "earmarked_share": 0.1,
            "additional_share": 1.0,
            "single_state_until": "2026-05-30",
            "min_participants_after": 2,
            **values,
        },
    )


def add_crew(draft: Draft, state: str, family: str, systems: list[str], **values: Any) -> None:
    """Add a crew family of one member; `values` replace the usual columns."""
    draft.add(
        "crews",
        **{
            "state": state,
            "family": family,
            "name": f"Family {family}",
            "systems": ";".join(systems),
            "people_per_unit": 10.0,
            "trained_crews": 0.0,
            "throughput_per_year": 0.0,
            "school_cost_meur": 5.0,
            "school_added_throughput": 0.0,
            "shared_school": "y",
            "shared_school_cost_factor": 1.2,
            **values,
        },
    )


def add_need(draft: Draft, state: str, class_id: str, quantities: list[float]) -> None:
    """Add the need of one member and class, one quantity a year."""
    for year, quantity in zip(draft.years, quantities, strict=True):
        draft.add("needs", state=state, class_id=class_id, year=year, quantity=quantity, low=None, high=None)


def codes(prefix: str, number: int) -> list[str]:
    """AA, AB, ... or XA, XB, ...: two letters a state."""
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    start = letters.index(prefix)
    return [letters[start + k // 26] + letters[k % 26] for k in range(number)]

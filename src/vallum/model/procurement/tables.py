"""Columns of the plan's tables."""

from collections.abc import Iterable, Mapping
from typing import Any

import polars as pl

__all__ = ["COLUMNS", "table"]

_T, _I, _F, _B = pl.String, pl.Int64, pl.Float64, pl.Boolean
COLUMNS: dict[str, dict[str, Any]] = {
    "choices": {"programme_id": _T, "coalition": _T, "partners": _T, "pooled": _B, "band": _I,
                "edge_quantity": _F, "pooled_quantity": _F, "unit_price_base_meur": _F, "price_error": _F,
                "participants": _I, "lead_months": _F, "safe_eligible": _B, "safe_reason": _T},
    "payments": {"state": _T, "year": _I, "kind": _T, "item": _T, "amount_meur": _F, "related": _B,
                 "safe_eligible_meur": _F},
    "money": {"state": _T, "year": _I, "plannable_meur": _F, "related_available_meur": _F,
              "related_used_meur": _F, "spend_meur": _F, "service_meur": _F, "safe_drawn_meur": _F,
              "safe_added_meur": _F, "eligible_meur": _F, "unclaimed_meur": _F, "carry_in_meur": _F,
              "carry_out_meur": _F, "carry_limit_meur": _F},
    "lines": {"line_id": _T, "year": _I, "available": _F, "expansion": _F, "used": _F},
    "expansions": {"line_id": _T, "year": _I, "steps": _I, "state": _T, "amount_meur": _F},
    "schools": {"family": _T, "coalition": _T, "year": _I, "state": _T, "amount_meur": _F,
                "added_per_year": _F},
    "types": {"system_id": _T, "class_id": _T, "states": _T},
    "stock": {"state": _T, "class_id": _T, "year": _I, "need": _F, "legacy": _F, "delivered": _F,
              "counted": _F, "shortfall": _F, "gap_years": _F},
    "counted": {"state": _T, "family": _T, "class_id": _T, "year": _I, "delivered": _F, "counted": _F},
    "crews": {"state": _T, "family": _T, "year": _I, "free": _F, "school_added": _F, "used": _F},
    "nodes": {"state": _T, "year": _I, "supply": _F, "demand": _F},
    "rows": {"rule": _T, "state": _T, "item": _T, "year": _I, "source": _T, "sentence": _T, "slack": _F,
             "price": _F},
}  # fmt: skip


def table(name: str, rows: Iterable[Mapping[str, Any]]) -> pl.DataFrame:
    """A plan table from rows; an empty one keeps its columns."""
    return pl.DataFrame(list(rows), schema=COLUMNS[name], orient="row")

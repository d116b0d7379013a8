"""A fiscal outlook beside a made-up plan.

What the budget does comes from the region baltic. Plans of purchases are stood in for by the budget's rows with
a known change, so a figure can be checked against a table; the numbers say nothing about any real plan.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import polars as pl

from tests.report.made_up import HOSTILE
from vallum.plan.fiscal import Outlook, make
from vallum.plan.fiscal.store import FISCAL
from vallum.plan.fiscal.tables import FISCAL_TABLES, SOURCES
from vallum.plan.results import write_results
from vallum.region import Region

PATHS = 500
STATES = ("EE", "LT", "LV")
#: Points of GDP by which debt of each plan of purchases differs from the budget's.
MOVED = {"national": 1.0, "joint": -2.0}
#: Free text of the outlook, which a hostile region may fill.
FREE = {
    "policies": ("title",),
    "substitutes": ("used", "reason"),
    "reference": ("origin", "reading"),
    "rules": ("unit", "article"),
    "plants": ("product", "status"),
    "criteria": ("note",),
    "outlays": ("rule",),
    "sensitivity": ("input",),
    "fragmentation": ("measure",),
    "deferrals": ("verdict",),
}


@cache
def of_budget() -> Outlook:
    """Compute the outlook of the budget."""
    return make(Region.read("baltic"), paths=PATHS)


def of_plans() -> dict[str, pl.DataFrame]:
    """Return the tables of an outlook with both plans."""
    tables = {name: _with_plans(name, frame) for name, frame in of_budget().tables.items()}
    tables["fragmentation"] = _frame("fragmentation", _fragmentation())
    tables["returns"] = _frame("returns", [r for mode in MOVED for r in _returns(mode)])
    tables["deferrals"] = _frame("deferrals", _deferrals())
    tables["tighter"] = _frame("tighter", _tighter())
    tables["marginal"] = tables["marginal"].with_columns(
        pl.when(pl.col("source") == "budget").then(None).otherwise(pl.col("debt") / 2).alias("gap_years")
    )
    return tables


def _with_plans(name: str, frame: pl.DataFrame) -> pl.DataFrame:
    if "source" not in frame.columns:
        return frame
    budget = frame.filter(pl.col("source") == SOURCES[0])
    moved = [
        c
        for c in ("debt", *(c for c in frame.columns if name == "fan" and c[0] == "p"))
        if c in frame.columns
    ]
    moved = [c for c in moved if frame.schema[c] == pl.Float64 and name in ("projection", "fan")]
    plans = [
        budget.with_columns(pl.lit(mode).alias("source"), *(pl.col(c) + by for c in moved))
        for mode, by in MOVED.items()
    ]
    if "policy" in frame.columns:
        plans = [p.filter(pl.col("policy") == "plan") for p in plans]
    return pl.concat([budget, *plans])


def _frame(name: str, rows: list[dict[str, Any]]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=FISCAL_TABLES[name].schema)


def _fragmentation() -> list[dict[str, Any]]:
    rows = []
    for i, state in enumerate(STATES):
        for year in (2035, 2040):
            # proven for the first state only: the others' intervals hold what alone has
            equal = {"equal": 58.0, "equal_low": 57.0, "equal_high": 59.0 if i == 0 else 61.0}
            key = {"state": state, "measure": "debt", "year": year, "unit": "% of GDP"}
            rows.append({**key, "national": 60.0, "joint": 59.5, **equal})
        short = {"state": state, "measure": "shortfall", "year": None, "unit": "gap-years"}
        same = dict.fromkeys(("national", "equal", "equal_low", "equal_high"), 9.0)
        rows.append({**short, **same, "joint": 8.0})
    return rows


def _returns(mode: str) -> list[dict[str, Any]]:
    rows = []
    for state in STATES:
        for year in range(2026, 2041):
            row = {"source": mode, "state": state, "year": year}
            row |= {"home_meur": 100.0, "abroad_meur": 300.0, "sustainment_meur": float(year - 2026)}
            for column, value in (
                ("value_added_meur", 80),
                ("gdp_meur", 70),
                ("jobs", 1200),
                ("taxes_meur", 25),
            ):
                row |= {column: float(value), f"{column}_low": value * 0.6, f"{column}_high": value * 1.5}
            rows.append(row)
    return rows


def _deferrals() -> list[dict[str, Any]]:
    verdicts = ("kept", "dropped", "deferred")
    return [
        {
            "state": state, "programme_id": f"AMMO155_{n + 1}", "quantity": 10.0,
            "quantity_tight": 0.0 if verdict == "dropped" else 10.0, "year": 2027.0,
            "year_tight": None if verdict == "dropped" else 2027.0 + n, "value_meur": 100.0 * (n + 1),
            "verdict": verdict,
        }
        for state in STATES
        for n, verdict in enumerate(verdicts)
    ]  # fmt: skip


def _tighter() -> list[dict[str, Any]]:
    return [
        {"state": state, "year": year, "plannable_meur": 500.0, "lost_meur": 900.0, "tight_meur": 400.0}
        for state in STATES
        for year in range(2026, 2041)
    ]


def hostile(tables: dict[str, pl.DataFrame]) -> dict[str, pl.DataFrame]:
    """Return the tables with an attack in all free text."""
    attack = pl.lit(f" {HOSTILE}")
    return {
        name: frame.with_columns(
            *(pl.concat_str(pl.col(c).fill_null(""), attack) for c in FREE.get(name, ()))
        )
        for name, frame in tables.items()
    }


def write(plan: Path, tables: dict[str, pl.DataFrame] | None = None) -> Path:
    """Write an outlook into a plan's folder, as if it had been made from that plan."""
    identity = {}
    for mode in ("national", "joint"):
        held = json.loads((plan / mode / "manifest.json").read_text())["tables"]
        identity[mode] = {"mode": mode, "payments": held["tables/payments"]["sha256"]}
    manifest = {**of_budget().manifest, "plan": identity, "again": "safe+rates"}
    write_results(FISCAL, plan / FISCAL.kind, Outlook(manifest, {}, of_plans() if tables is None else tables))
    return plan


def write_alone(folder: Path) -> Path:
    """Write the outlook of the budget as a folder of its own."""
    write_results(FISCAL, folder, of_budget())
    return folder

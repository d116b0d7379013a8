"""A made-up plan folder that has every table of a real one, for tests of what reads plans.

The numbers are drawn from a seed and keep the relations a plan keeps (shortfall = need - legacy - counted,
spending = the sum of the payments, gap-years add up to level 1), so a figure can be checked against a table.
They say nothing about any real state.
"""

from __future__ import annotations

import json
import random
from collections import defaultdict
from pathlib import Path
from typing import Any

import polars as pl

from tests.report.made_up_plan import Planner
from vallum.plan.store import write_plan

YEARS = range(2026, 2041)
MEMBERS = {"EE": "Estonia", "LV": "Latvia", "LT": "Lithuania"}
FACTORS = {"EE": 0.9, "LV": 0.8, "LT": 1.4}
PARTNERS = {"PL": "Poland", "SE": "Sweden"}
CLASSES = [
    ("AMMO155", "155 mm artillery ammunition stock", "battalion-day of supply", 1.6, 60, "n"),
    ("SHORAD", "Short-range air defence", "section", 1.6, 40, "y"),
    ("MRAD", "Medium-range air defence", "fire unit", 2.0, 9, "y"),
    ("LRAD", "Upper-tier (ballistic missile) defence", "battery with missiles", 0.8, 2, "y"),
    ("CUAS", "Counter-drone sections", "section", 1.6, 42, "y"),
    ("BSENS", "Drone-wall border sensing", "package for 10 km of external border", 1.1, 30, "y"),
    ("RUAS", "Reconnaissance unmanned aircraft", "mini-UAS system", 1.0, 50, "y"),
    ("LOITER", "Small attack and loitering drones (stock)", "lot of 100 small drones", 0.9, 70, "n"),
    ("IFV", "Infantry fighting vehicles", "vehicle", 1.0, 88, "y"),
    ("APC", "Protected carriers (6x6, 8x8 carrier, heavy 4x4 counted by factor)", "vehicle", 0.7, 150, "y"),
    ("MBT", "Main battle tanks", "tank", 0.7, 44, "y"),
    ("SPH", "155 mm self-propelled howitzers", "howitzer", 1.3, 36, "y"),
    ("ROCKET", "Rocket artillery", "launcher with first munitions package", 1.2, 8, "y"),
    ("ATGM", "Anti-tank guided missile launchers", "launcher with about 8 missiles", 1.1, 120, "n"),
    ("ENGR", "Engineer and counter-mobility", "set", 1.2, 24, "n"),
    ("COAST", "Coastal defence", "missile battery", 0.8, 3, "y"),
    ("C2", "Command posts, radios and shared-picture gateways", "node", 1.5, 26, "y"),
    ("RADAR", "Air-surveillance radars", "radar", 1.2, 6, "y"),
    ("TRUCK", "Logistics trucks", "truck", 0.5, 600, "n"),
    ("HNS", "Host-nation infrastructure", "1,000 troop places", 1.1, 5, "n"),
]
PRODUCTS = ["Aurora", "Birch", "Cormorant", "Dune", "Ember", "Fjord", "Granite", "Heron", "Ibis", "Juniper"]
COUNTRIES = ["LT", "LV", "EE", "DE", "SE", "PL", "FI", "NO", "US"]
SETTINGS = {
    "first_year": 2026,
    "last_year": 2040,
    "base_year": 2026,
    "discount_rate_pct": 3.0,
    "inflation_pct": 2.0,
    "price_index_pct": 3.5,
    "advance_share": 0.3,
    "negotiation_months": 6,
    "delay_exponent": 0.333,
    "scale_saving_max": 0.3,
    "level_tolerance": 0.001,
    "safe_count_conditional": 0,
}
Record = dict[str, Any]
HOSTILE = "<script>alert('x')</script>\"&<b onload=evil()>"


def facts(basis: str, source: str, confidence: str, note: str | None = None) -> Record:
    """Return the columns every fact row carries."""
    return {
        "basis": basis,
        "derived_from": None,
        "note": note,
        "source": source,
        "source_date": "2026-02",
        "confidence": confidence,
    }


class MadeUp:
    """The made-up region and its two plans."""

    def __init__(self, seed: int = 7, classes: int = len(CLASSES), hostile: bool = False) -> None:
        self.draw = random.Random(seed)  # noqa: S311 - made-up numbers
        self.classes = CLASSES[:classes]
        self.members = list(MEMBERS)
        self.name = (lambda text: f"{text} {HOSTILE}") if hostile else (lambda text: text)
        name = self.name
        self.guess = facts("assumption", name("analyst assumption"), "assumption", name("a reasoned range"))
        self.fact = facts("fact", name("Ministry of Defence, budget law 2026"), "high")
        self.press = facts("derived", name("Trade press 2025 https://example.org/contract"), "medium")
        self.weak = facts("derived", name("One weak press source"), "low")
        self.inputs = self._inputs()

    def _inputs(self) -> dict[str, list[Record]]:
        found: dict[str, list[Record]] = defaultdict(list)
        for part in (self._settings, self._states, self._classes, self._goods, self._checks):
            part(found)
        return dict(found)

    def _settings(self, found: dict[str, list[Record]]) -> None:
        for key, value in SETTINGS.items():
            found["settings"].append(
                {
                    "key": key,
                    "value": float(value),
                    "low": value * 0.8,
                    "high": value * 1.2,
                    "unit": "percent" if key.endswith("pct") else "1",
                    "meaning": self.name(key.replace("_", " ")),
                    **self.guess,
                }
            )

    def _states(self, found: dict[str, list[Record]]) -> None:
        for role, group in (("member", MEMBERS), ("partner", PARTNERS)):
            for state, title in group.items():
                found["states"].append({"state": state, "name": self.name(title), "role": role, **self.fact})
        for state, factor in FACTORS.items():
            for year in YEARS:
                money = round(520 * factor * (1 + 0.02 * (year - 2026)), 1)
                ground = self.fact if year < 2030 else self.guess
                found["purses"].append({"state": state, "year": year, "plannable_meur": money, **ground})
            found["safe_loans"].append({"state": state, "adopted_loan_meur": 2400 * factor, **self.fact})

    def _classes(self, found: dict[str, list[Record]]) -> None:
        for class_id, title, unit, weight, size, gateway in self.classes:
            found["classes"].append(
                {
                    "class_id": class_id,
                    "name": self.name(title),
                    "unit": unit,
                    "weight": weight,
                    "needs_gateway": gateway,
                    **self.guess,
                }
            )
            for state, factor in FACTORS.items():
                for year in YEARS:
                    need = float(round(size * factor * min(1.0, 0.55 + 0.09 * (year - 2026))))
                    key = {"state": state, "class_id": class_id, "year": year}
                    found["needs"].append({**key, "quantity": need, **self.guess})
                crew = {"state": state, "family": class_id, "name": self.name(f"{class_id} crews")}
                found["crews"].append({**crew, **self.guess})
                found["stocks"].append(
                    {"state": state, "system_id": f"{class_id}_OLD", "year": 2026, **self.press}
                )

    def _goods(self, found: dict[str, list[Record]]) -> None:
        for i, (class_id, title, unit, _, size, _) in enumerate(self.classes):
            for j in range(3):
                product = PRODUCTS[(i + 3 * j) % len(PRODUCTS)]
                system, line = f"{class_id}_{product.upper()}", f"L_{class_id}_{j + 1}"
                made = {"system_id": system, "name": self.name(f"{product} {class_id}"), "class_id": class_id}
                found["systems"].append({**made, **self.press})
                found["lines"].append(
                    {
                        "line_id": line,
                        "owner": self.name(f"{product} Works"),
                        "country": COUNTRIES[(i + 2 * j) % len(COUNTRIES)],
                        "systems": system,
                        **self.weak,
                    }
                )
                found["programmes"].append(
                    {
                        "programme_id": f"{class_id}_{j + 1}",
                        "name": self.name(f"{product}: {title.split('(')[0].strip().lower()}"),
                        "class_id": class_id,
                        "system_id": system,
                        "base_quantity": float(max(1, size // 6)),
                        "unit": unit,
                        "base_price_meur": round(self.draw.uniform(20, 150), 1),
                        "line_id": line,
                        "start_earliest": 2026 + j,
                        "safe_eligible": self.draw.choice(["y", "y", "n", "conditional"]),
                        "related_money": "y" if class_id in ("BSENS", "HNS") else "n",
                        **(self.press, self.weak, self.guess)[j],
                    }
                )
                for year in YEARS:
                    found["line_capacity"].append(
                        {"line_id": line, "year": year, "capacity": size, **self.weak}
                    )

    def _checks(self, found: dict[str, list[Record]]) -> None:
        for number in range(1, 17):
            found["seed_crosscheck"].append(
                {
                    "check_id": f"SC{number:02d}",
                    "item": self.name(f"Checked item {number}"),
                    "seed_value": str(number * 1.5),
                    "unit": "percent GDP",
                    "official_value": f"{number * 1.4:.1f}" if number < 16 else None,
                    "official_detail": self.name("EUR 2,400m"),
                    "where_in_data": "defence_budgets.csv",
                    "verdict": "match" if number % 3 else "seed rounds down",
                    **self.fact,
                }
            )
        found["safe_rules"].append({"rule": "min_participants", "value": "2", "unit": "states", **self.fact})
        found["sources"].append({"source_key": "MOD", "opened": "y", "source": self.fact["source"]})

    def plan(self, mode: str) -> dict[str, list[Record]]:
        """Return the result tables of one mode."""
        return Planner(self, mode).tables()

    def write(self, folder: Path, modes: tuple[str, ...] = ("national", "joint")) -> Path:
        """Write DIR with both modes and compare.json, or the folder of one mode."""
        tables = {mode: self.plan(mode) for mode in modes}
        for mode, found in tables.items():
            self._write_mode(folder / mode if len(modes) > 1 else folder, mode, found)
        if len(modes) > 1:
            (folder / "compare.json").write_text(json.dumps(self._compare(tables)))
        return folder

    def _write_mode(self, folder: Path, mode: str, tables: dict[str, list[Record]]) -> None:
        manifest = {
            "mode": mode,
            "region": {"name": "made_up", "title": self.name("Baltic 2026"), "content_hash": "ab" * 32},
            "vallum_version": "0.1.0",
            "seed": 0,
            "limits": {"time_limit_s": 60, "work": None, "gap": 0.01},
            "versions": {"highspy": "1.10.0", "polars": "1.30.0"},
        }
        frames = (
            {n: pl.DataFrame(rows, infer_schema_length=None) for n, rows in f.items()}
            for f in (self.inputs, tables)
        )
        write_plan(folder, manifest, _run(tables.get("levels", []), mode), *frames)

    def _compare(self, tables: dict[str, dict[str, list[Record]]]) -> Record:
        levels = {m: {r["name"]: r for r in t["levels"]} for m, t in tables.items()}
        alone, joint = levels["national"], levels["joint"]
        difference = alone["shortfall"]["value"] - joint["shortfall"]["value"]
        low = alone["shortfall"]["bound"] - joint["shortfall"]["value"]
        high = alone["shortfall"]["value"] - joint["shortfall"]["bound"]
        cost = alone["cost"]["value"], alone["cost"]["value"] * 0.88
        causes = dict(
            zip(
                ("scale", "fixed cost", "commonality", "finance", "queueing"),
                (412.4, 236.1, 88.7, 141.3, -54.2),
                strict=True,
            )
        )
        causes["other choices"] = cost[0] - cost[1] - sum(causes.values())
        figures = {
            state: {
                mode: {
                    "gap_years": sum(r["gap_years"] for r in t["stock"] if r["state"] == state),
                    "cost_meur": sum(r["amount_meur"] for r in t["payments"] if r["state"] == state),
                    "safe_drawn_meur": sum(r["safe_drawn_meur"] for r in t["money"] if r["state"] == state),
                }
                for mode, t in tables.items()
            }
            for state in MEMBERS
        }
        return {
            "region": "made_up",
            "same_money": {
                "national": alone["shortfall"]["value"],
                "joint": joint["shortfall"]["value"],
                "difference": difference,
                "interval": [low, high],
                "proven": low > 0,
            },
            "same_capability": {
                "national_cost_meur": cost[0],
                "joint_cost_meur": cost[1],
                "difference_meur": cost[0] - cost[1],
                "interval": [-120.0, 1840.0],
                "proven": False,
            },
            "states": figures,
            "months_to_target": [
                {
                    "state": state,
                    "class_id": c[0],
                    "national": _met(tables["national"]["stock"], state, c[0]),
                    "joint": _met(tables["joint"]["stock"], state, c[0]),
                }
                for state in MEMBERS
                for c in self.classes
            ],
            "types": {m: len({r["system_id"] for r in t["types"]}) for m, t in tables.items()},
            "domestic_value": {
                s: {"national_meur": 300.0 + 10 * i, "joint_meur": 420.0 - 35 * i}
                for i, s in enumerate(MEMBERS)
            },
            "decomposition": [{"cause": k, "meur": v} for k, v in causes.items()],
            "safe": {},
        }


def _met(stock: list[Record], state: str, class_id: str) -> int | None:
    late = [
        r["year"] for r in stock if (r["state"], r["class_id"]) == (state, class_id) and r["shortfall"] > 0
    ]
    met = max(late, default=2025) + 1
    return None if met > 2040 else met


def _run(levels: list[Record], mode: str) -> Record:
    curve = []
    for row, start in zip(levels, (1.0, 41.0, 53.0), strict=False):
        for i in range(12):
            left = 0.7**i
            curve.append(
                {
                    "seconds": start + 3.2 * i,
                    "level": row["level"],
                    "value": None if i == 0 else row["value"] * (1 + 0.5 * left),
                    "bound": row["bound"] * (1 - 0.3 * left),
                }
            )
    return {
        "started": "2026-11-24T10:00:00+00:00",
        "status": "optimal" if mode == "national" else "time limit",
        "seconds": {"level 1": 40.0, "level 2": 12.0, "level 3": 6.5, "pricing": 0.8},
        "curve": curve,
        "peak_memory_mb": 611.0,
    }

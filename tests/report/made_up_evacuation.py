"""A small plan of evacuation, made up by hand, so that a figure can be checked against a table.

Three states in a row from south to north, with one municipality that leaves, one that receives and two towns
each; two scenarios. The numbers say nothing about any real place.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl

from tests.report.made_up import HOSTILE
from tests.report.made_up_works import REGION_HASH
from vallum.plan.evacuation import EVACUATION
from vallum.plan.results import Results, write_results

STATES = ("LT", "LV", "EE")
MODES = ("national", "joint")
SCENARIOS = {"belt": "All of the belt", "city": "One city"}
#: Share of the people of a state's municipality who are to leave.
PART = {"belt": 1.0, "city": 0.5}
#: Hours until 95 of 100 have arrived.
HOURS_95 = {
    ("belt", "national"): 12.0, ("belt", "joint"): 9.5, ("city", "national"): 7.0, ("city", "joint"): 6.5,
}  # fmt: skip
#: Who does not arrive from each municipality.
LEFT = {"national": 300, "joint": 0}
GROUPS = {"car": 0.8, "bus": 0.15, "train": 0.05}
HOURS = (0.0, 0.5, 2.0, 4.0, 8.0, 10.0)
WARNINGS = (3.0, 6.0, 24.0)
#: Free text, which a hostile region may fill.
FREE = {
    "places": ("name",),
    "scenarios": ("name", "note"),
    "unserved": ("told",),
    "summary": ("proof",),
    "corridors": ("road",),
    "gains": ("road",),
}


def tables() -> dict[str, pl.DataFrame]:
    """Return all tables."""
    pairs = [(s, m) for s in SCENARIOS for m in MODES]
    rows = {
        "places": _places(),
        "scenarios": [_scenario(s) for s in SCENARIOS],
        "summary": [_summary(*p) for p in pairs],
        "arrivals": [_arrived(*p, g, h) for p in pairs for g in GROUPS for h in HOURS],
        "departures": [_departure(*p, s, g, i) for p in pairs for s in STATES for g in GROUPS for i in range(4)],
        "routes": [_route(*p, s) for p in pairs for s in STATES],
        "corridors": [_corridor(*p, s, i) for p in pairs for s in STATES for i in range(3)],
        "flow": [_flow(*p, s, i, h) for p in pairs for s in STATES for i in range(3) for h in range(3)],
        "gains": [_gain(*p, s, c) for p in pairs for s in STATES[:2] for c in ("lane", "contraflow")],
        "reception": [_reception(*p, s) for p in pairs for s in STATES],
        "loads": [_load(*p, s, h) for p in pairs for s in STATES for h in HOURS],
        "unserved": [_unserved(s, "national", state) for s in SCENARIOS for state in STATES],
        "samples": [_sample(*p) for p in pairs],
        "in_place": [_in_place(*p, s, w) for p in pairs for s in STATES for w in WARNINGS],
    }  # fmt: skip
    return {name: pl.DataFrame(found, schema=EVACUATION.tables[name].schema) for name, found in rows.items()}


def people(scenario: str, state: str) -> int:
    """Who are to leave the municipality of a state."""
    return round(PART[scenario] * 10_000 * (STATES.index(state) + 1))


def _places() -> list[dict[str, Any]]:
    found = []
    for i, state in enumerate(STATES):
        north = 55.0 + 1.5 * i
        size = 10_000 * (i + 1)
        found += [
            _place(f"{state}-0001", state, "municipality", f"{state} border", north, 27.0, size),
            _place(f"{state}-0002", state, "municipality", f"{state} host", north, 23.0, 4 * size),
            _place(f"{state}-east", state, "node", f"{state} east", north + 0.1, 26.9, 0),
            _place(f"{state}-west", state, "node", f"{state} west", north + 0.2, 23.1, 0),
        ]
    return found


def _place(
    key: str, state: str, what: str, name: str, lat: float, lon: float, size: int
) -> dict[str, Any]:  # fmt: skip
    row = {"place_id": key, "state": state, "what": what, "name": name}
    return row | {"lat": lat, "lon": lon, "people": size}


def _scenario(key: str) -> dict[str, Any]:
    row = {"scenario_id": key, "name": SCENARIOS[key], "horizon_h": 48.0, "warning_h": 6.0}
    return row | {"note": "made up"}


def _key(scenario: str, mode: str) -> dict[str, Any]:
    return {"scenario_id": scenario, "mode": mode}


def _summary(scenario: str, mode: str) -> dict[str, Any]:
    everybody = sum(people(scenario, s) for s in STATES)
    left, last = 3 * LEFT[mode], HOURS_95[scenario, mode]
    alone = mode == "national"
    return _key(scenario, mode) | {
        "people": everybody, "places": 500_000, "served": everybody - left, "unserved": left,
        "hours_50": last / 2, "hours_95": last, "hours_100": last + 1, "hours_mean": last / 2 + 0.1,
        "quickest": None if alone else last + 0.5,
        "quickest_bound": None if alone else last + 0.5, "unserved_bound": 2 * left // 3,
        "value": 1010.0, "bound": None if alone else 1000.0, "gap": None if alone else 0.0099,
        "step_min": 15.0, "proof": "optimal",
    }  # fmt: skip


def _arrived(scenario: str, mode: str, group: str, hour: float) -> dict[str, Any]:
    served = sum(people(scenario, s) for s in STATES) - 3 * LEFT[mode]
    return _key(scenario, mode) | {
        "group": group, "hour": hour, "arrived": round(GROUPS[group] * served * hour / HOURS[-1]),
    }  # fmt: skip


def _departure(scenario: str, mode: str, state: str, group: str, i: int) -> dict[str, Any]:
    leave = people(scenario, state) - LEFT[mode]
    return _key(scenario, mode) | {
        "state": state, "place_id": f"{state}-0001", "group": group, "hour": 0.25 + 2.0 * i,
        "first_stop": f"{state}-east", "people": round(GROUPS[group] * leave * (i + 1) / 10),
        "towards": f"{state}-0002",
    }  # fmt: skip


def _route(scenario: str, mode: str, state: str) -> dict[str, Any]:
    return _key(scenario, mode) | {
        "group": "car", "place_id": f"{state}-0001", "to_place_id": f"{state}-0002",
        "way": f"{state}-east;{state}-west", "people": 100, "first_h": 0.25, "last_h": 9.0,
    }  # fmt: skip


def _ends(state: str, i: int) -> dict[str, Any]:
    chain = (f"{state}-0001", f"{state}-east", f"{state}-west", f"{state}-0002")
    return {"from_node": chain[i], "to_node": chain[i + 1]}


def _corridor(scenario: str, mode: str, state: str, i: int) -> dict[str, Any]:
    nth = STATES.index(state) + 1
    return _key(scenario, mode) | _ends(state, i) | {
        "road": f"A{nth}" if i == 1 else "", "people": 5000 * nth, "vehicles": 2000.0 * nth,
        "full_h": 1.5 * nth, "price": (0.0 if state == "LT" else 10.0 * nth) + 100.0 * (i == 0),
    }  # fmt: skip


def _flow(scenario: str, mode: str, state: str, i: int, part: int) -> dict[str, Any]:
    nth = STATES.index(state) + 1
    return _key(scenario, mode) | _ends(state, i) | {
        "hour": 2.0 * part, "vehicles_h": 400.0 * nth * (part + 1), "used": 0.1 * nth * (part + 1),
    }  # fmt: skip


def _gain(scenario: str, mode: str, state: str, change: str) -> dict[str, Any]:
    saved = {"lane": 0.25, "contraflow": 0.5}[change] - 0.4 * (state == "LT")
    return _key(scenario, mode) | _ends(state, 1) | {
        "road": f"A{STATES.index(state) + 1}", "change": change, "mean_before": 6.0, "mean_after": 6.0 - saved,
        "hours_95_before": 12.0, "hours_95_after": 11.5, "unserved_before": LEFT[mode],
        "unserved_after": LEFT[mode] // 2,
    }  # fmt: skip


def _reception(scenario: str, mode: str, state: str) -> dict[str, Any]:
    come = people(scenario, state) - LEFT[mode]
    places = people("belt", state)
    return _key(scenario, mode) | {
        "state": state, "place_id": f"{state}-0002", "places": places, "places_low": places // 2,
        "places_high": 2 * places, "people": come, "from_abroad": 0 if mode == "national" else come // 4,
        "full_h": 10.0 if come >= places else None,
    }  # fmt: skip


def _load(scenario: str, mode: str, state: str, hour: float) -> dict[str, Any]:
    come = people(scenario, state) - LEFT[mode]
    return _key(scenario, mode) | {
        "place_id": f"{state}-0002", "hour": hour, "people": round(come * hour / HOURS[-1]),
    }  # fmt: skip


def _unserved(scenario: str, mode: str, state: str) -> dict[str, Any]:
    reason = {"LT": "vehicles", "LV": "places", "EE": "road"}[state]
    return _key(scenario, mode) | {
        "state": state, "place_id": f"{state}-0001", "group": "car" if state == "EE" else "bus",
        "people": LEFT[mode], "reason": reason, "told": f"too few {reason}",
    }  # fmt: skip


def _sample(scenario: str, mode: str) -> dict[str, Any]:
    last = HOURS_95[scenario, mode]
    return _key(scenario, mode) | {
        "runs": 40, "people_p10": 30_000, "people_p90": 55_000, "hours_95_p50": last + 1,
        "hours_95_p90": last + 3, "hours_100_p50": last + 4, "hours_100_p90": last + 8, "unserved_p90": 500,
    }  # fmt: skip


def _in_place(scenario: str, mode: str, state: str, warning: float) -> dict[str, Any]:
    all_of_them = people(scenario, state)
    away = round(all_of_them * min(1.0, warning / 24.0))
    sheltered = None if state == "EE" else (all_of_them - away) // 2
    return _key(scenario, mode) | {
        "state": state, "place_id": f"{state}-0001", "warning_h": warning, "people": all_of_them,
        "away": away, "sheltered": sheltered,
        "exposed": None if sheltered is None else all_of_them - away - sheltered,
    }  # fmt: skip


def hostile(found: dict[str, pl.DataFrame]) -> dict[str, pl.DataFrame]:
    """Return the tables with an attack in all free text, and in the key of a place that no table names."""
    attack = pl.lit(f" {HOSTILE}")
    free = {
        name: frame.with_columns(*(pl.concat_str(pl.col(c), attack) for c in FREE.get(name, ())))
        for name, frame in found.items()
    }
    stray = free["departures"].with_columns(pl.concat_str("first_stop", attack).alias("first_stop"))
    return free | {"departures": stray}


def write(
    folder: Path, found: dict[str, pl.DataFrame] | None = None, *, region_hash: str = REGION_HASH
) -> Path:
    """Write a plan of evacuation into a folder, beside whatever is there."""
    manifest = {
        "region": {"name": "made_up", "title": "Baltic 2026", "content_hash": region_hash},
        "vallum_version": "0", "versions": {"polars": "0"}, "seed": 7,
    }  # fmt: skip
    results = Results(manifest, {"seconds": 1.0}, tables() if found is None else found)
    write_results(EVACUATION, folder / EVACUATION.kind, results)
    return folder

"""A small schedule of works, made up by hand, so that a figure can be checked against a table.

Three states with an anti-tank ditch (published target at the end of 2027) and posts (none). The numbers say nothing
about any real plan. Together, everything is 26 weeks earlier than alone.
"""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import polars as pl

from tests.report.made_up import HOSTILE
from vallum.plan.results import Results, write_results
from vallum.plan.works import WORKS

STATES = ("EE", "LT", "LV")
MODES = ("national", "joint")
KINDS = {"DITCH": 40.0, "SENSOR": 10.0}
YEARS = range(2026, 2036)
START = dt.date(2026, 3, 2)
TARGET = dt.date(2027, 12, 31)
#: Content hash of the region of `MadeUp`.
REGION_HASH = "ab" * 32
#: Free text of the works, which a hostile region may fill.
FREE = {
    "elements": ("name", "layer", "unit", "basis"),
    "sectors": ("name", "neighbour"),
    "levers": ("name",),
    "binding": ("what",),
    "finish": ("note",),
    "critical": ("step", "owner"),
    "unfunded": ("owner",),
}


def week(number: int) -> dt.date:
    """Monday of a week after the start."""
    return START + dt.timedelta(weeks=number)


def finish_week(mode: str, state: str, element: str) -> int:
    """Week in which a kind of works is done in the schedule."""
    return 80 + 26 * STATES.index(state) + 13 * (element == "SENSOR") + 26 * (mode == "national")


def tables() -> dict[str, pl.DataFrame]:
    """Return all tables."""
    rows = {
        "schedule": _each(_schedule),
        "levels": [_level(mode, i + 1, name) for mode in MODES for i, name in enumerate(LEVELS)],
        "finish": _finish(),
        "progress": _each(_progress),
        "layers": _layers(),
        "depth": _depth(),
        "binding": [_bound(m, s, what) for m in MODES for s in STATES for what in CHAIN],
        "critical": [_critical(m, s, i) for m in MODES for s in STATES for i in range(12)],
        "levers": [_lever(lever, s) for lever in LEVERS for s in STATES],
        "refresh": _each(_refresh),
        "unfunded": [_unfunded("joint"), _unfunded("national")],
        "calibration": [_fact(0.0, 0.0, 0.0, 10.0), _fact(9.0, 0.0, 2.0, 8.0, "2026-02-28")],
        "sectors": [r for i, s in enumerate(STATES) for r in _sectors(s, i)],
        "elements": [_element(e, i) for i, e in enumerate(KINDS)],
    }
    return {name: pl.DataFrame(found, schema=WORKS.tables[name].schema) for name, found in rows.items()}


LEVELS = {"protection": 900.0, "cost": 40.0, "finish": 200.0}
CHAIN = {"tender": 20.0, "land": 30.0, "install": 10.0, "waiting for EE permits": 25.0,
         "waiting for joint crews": 10.0, "waiting for EE core money or joint DITCH": 5.0, "winter": 4.0}  # fmt: skip
LEVERS = {"JOINT": 6.0, "CREW": 3.0, "STATE_LAND": -1.0}


def _each(make: Any) -> list[dict[str, Any]]:
    return [
        row | {"mode": mode, "state": state, "element_id": element}
        for mode in MODES
        for state in STATES
        for element in KINDS
        for row in make(mode, state, element)
    ]


def _schedule(mode: str, state: str, element: str) -> list[dict[str, Any]]:
    end = finish_week(mode, state, element)
    spans = {
        "DESIGN": (0, 12),
        "TENDER": (12, 30),
        "LAND": (30, 50),
        "PERMIT": (45, 60),
        "INSTALL": (end - 10, end),
    }
    common = {"resource": None, "cost_meur": 1.0, "weight": 0.0, "owner": ""}
    return [
        common
        | {
            "step": step,
            "sector_id": "" if step in ("DESIGN", "TENDER") else f"{state}-S1",
            "start": str(week(first)),
            "finish": str(week(last)),
            "weeks": last - first,
            "quantity": KINDS[element] if step == "INSTALL" else 0.0,
        }
        for step, (first, last) in spans.items()
    ]


def _level(mode: str, level: int, name: str) -> dict[str, Any]:
    value = LEVELS[name]
    return {"mode": mode, "level": level, "name": name, "value": value, "bound": 0.6 * value, "gap": 0.4}


def _finish() -> list[dict[str, Any]]:
    rows = []
    for mode in MODES:
        for policy, sooner in (("list", 0), ("again", 4)):
            for state in STATES:
                # Estonia's forecast missed what came, so its late finishes are not known
                missed = state == "EE"
                for element in ("", *KINDS):
                    end = finish_week(mode, state, element or "DITCH")
                    late = [str(week(end + more - sooner)) for more in (4, 20, 30, 36)]
                    target = TARGET if element == "DITCH" else None
                    rows.append(
                        {
                            "mode": mode, "policy": policy, "state": state, "element_id": element,
                            "quantity": KINDS.get(element, 1.0), "built": 0.0,
                            "target": None if target is None else str(target), "planned": str(week(end)),
                            "p10": late[0], "p50": late[1],
                            "p80": None if missed else late[2], "p90": None if missed else late[3],
                            "chance": None if element == "SENSOR" else (0.6 if state == "EE" else 0.1),
                            "note": "missed" if missed else "",
                        }
                    )  # fmt: skip
    return rows


def _progress(mode: str, state: str, element: str) -> list[dict[str, Any]]:
    done = week(finish_week(mode, state, element))
    ends = [dt.date(y, m, d) for y in YEARS for m, d in ((3, 31), (6, 30), (9, 30), (12, 31))]

    def at(end: dt.date, weeks: int) -> float:
        return KINDS[element] if done + dt.timedelta(weeks=weeks) <= end else 0.0

    return [
        {"date": str(end), "planned": at(end, 0), "p10": at(end, 36), "p50": at(end, 20), "p90": at(end, 4)}
        for end in ends
    ]


def _done(mode: str, state: str, element: str, year: int) -> float:
    return float(week(finish_week(mode, state, element)) <= dt.date(year, 12, 31))


def _layers() -> list[dict[str, Any]]:
    return [
        {
            "mode": mode, "state": state, "sector_id": f"{state}-S1", "element_id": element,
            "layer": f"layer_of_{element.lower()}", "year": year, "done": _done(mode, state, element, year),
        }
        for mode in MODES
        for state in STATES
        for element in KINDS
        for year in YEARS
    ]  # fmt: skip


def _depth() -> list[dict[str, Any]]:
    return [
        {
            "mode": mode, "state": state, "sector_id": f"{state}-S1", "year": year, "planned_layers": 2,
            "layers": int(sum(_done(mode, state, element, year) for element in KINDS)),
        }
        for mode in MODES
        for state in STATES
        for year in YEARS
    ]  # fmt: skip


def _bound(mode: str, state: str, what: str) -> dict[str, Any]:
    return {"mode": mode, "state": state, "what": what, "weeks": CHAIN[what]}


def _critical(mode: str, state: str, i: int) -> dict[str, Any]:
    key = {
        "mode": mode,
        "state": state,
        "sector_id": f"{state}-S1",
        "element_id": "DITCH",
        "owner": "private",
    }
    return {**key, "step": f"STEP{i}", "share": (i + 1) / 12}


def _lever(lever: str, state: str) -> dict[str, Any]:
    months = LEVERS[lever] + STATES.index(state)
    return {
        "lever_id": lever, "name": f"Lever {lever.lower()}", "state": state, "months_mean": months,
        "months_p50": months - 1, "months_p80": months - 2, "cost_meur": 0.0 if lever == "JOINT" else 2.0,
        "runs": 50,
    }  # fmt: skip


def _refresh(mode: str, state: str, element: str) -> list[dict[str, Any]]:
    cost = {"build_meur": 50.0, "upkeep_meur": 30.0, "refresh_meur": 20.0}
    return [{**cost, "refresh_low_meur": 10.0, "refresh_high_meur": 70.0, "peacetime": element == "SENSOR"}]


def _unfunded(mode: str) -> dict[str, Any]:
    key = {"mode": mode, "state": "LV", "sector_id": "LV-S1", "element_id": "DITCH", "owner": "public"}
    return {**key, "quantity": 3.0, "cost_meur": 4.0 if mode == "joint" else 7.0}


def _fact(fact: float, low: float, half: float, high: float, date: str = "2025-12-31") -> dict[str, Any]:
    key = {"state": "EE", "element_id": "DITCH", "known_until": "2024-12-31", "date": date, "fact": fact}
    return {**key, "p05": low, "p50": half, "p95": high, "inside": low <= fact <= high}


def _sectors(state: str, i: int) -> list[dict[str, Any]]:
    return [
        {
            "sector_id": f"{state}-S{n}", "state": state, "neighbour": "RU", "name": f"{state} {n} of 2",
            "length_km": 25.0, "dry_km": 20.0, "mid_lat": 56.0 + i, "mid_lon": 27.0,
            "outline": f"27 {56.0 + i + n / 10};27.1 {56.0 + i + n / 10};27.1 {56.1 + i + n / 10}",
        }
        for n in (1, 2)
    ]  # fmt: skip


def _element(element: str, i: int) -> dict[str, Any]:
    return {
        "element_id": element, "name": ("Anti-tank ditch", "Post")[i], "layer": f"layer_of_{element.lower()}",
        "unit": ("km", "post")[i], "weight": 1.0, "unit_cost_meur": 1.2, "basis": "assumption",
    }  # fmt: skip


def hostile(found: dict[str, pl.DataFrame]) -> dict[str, pl.DataFrame]:
    """Return the tables with an attack in all free text, and in the names of sectors and kinds of works."""
    attack = pl.lit(f" {HOSTILE}")
    free = {
        name: frame.with_columns(*(pl.concat_str(pl.col(c), attack) for c in FREE.get(name, ())))
        for name, frame in found.items()
    }
    # a sector that no table of sectors names
    return free | {"depth": free["depth"].with_columns(pl.concat_str("sector_id", attack).alias("sector_id"))}


def write(
    folder: Path, found: dict[str, pl.DataFrame] | None = None, *, region_hash: str = REGION_HASH
) -> Path:
    """Write works into a folder, beside whatever is there."""
    manifest = {
        "region": {"name": "made_up", "title": "Baltic 2026", "content_hash": region_hash},
        "vallum_version": "0", "versions": {"polars": "0"}, "seed": 0, "runs": 200, "lever_runs": 50,
        "start": str(START), "limits": {}, "common": 0.5,
    }  # fmt: skip
    results = Results(manifest, {"seconds": 1.0}, tables() if found is None else found)
    write_results(WORKS, folder / WORKS.kind, results)
    return folder

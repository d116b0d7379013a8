"""A small siting of sensors and its warning, made up by hand, so that a figure can be checked against a table.

Three states with two sectors and two municipalities each, an area and a point. The numbers say nothing about any
real place.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl

from tests.report.made_up import HOSTILE
from tests.report.made_up_works import REGION_HASH
from vallum.plan.results import Results, write_results
from vallum.plan.sky import SKY

STATES = ("EE", "LT", "LV")
MODES = ("national", "joint")
TYPES = {"ear": "acoustic", "eye": "camera"}
YEARS = (2027, 2028, 2029)
#: Mean minutes of all people by sensors and alerting.
MEANS = {
    ("none", "today"): -10.0, ("none", "joint"): 2.0, ("national", "today"): 5.0,
    ("national", "joint"): 8.0, ("joint", "today"): 9.0, ("joint", "joint"): 20.0,
}  # fmt: skip
#: Probability that enough kinds see a track, by sensors.
ENOUGH = {"none": 0.0, "national": 0.3, "joint": 0.6}
VARIANTS = ("happened", "joint alerting", "sensors", "sensors and joint alerting")
#: Free text, which a hostile region may fill.
FREE = {
    "places": ("name",),
    "types": ("name", "standards", "confidence"),
    "replay": ("case_id", "variant"),
    "replay_events": ("case_id", "name", "source", "confidence", "places"),
    "purses": ("purse_id",),
    "loss": ("kind_id",),
}


def tables() -> dict[str, pl.DataFrame]:
    """Return all tables."""
    rows = {
        "places": _places(),
        "types": [_type(t, k) for t, k in TYPES.items()],
        "siting": [_sited(m, s, t) for m in MODES for s in STATES for t in TYPES],
        "search": [_search("joint", ""), *(_search("national", s) for s in STATES)],
        "cover": [_cover(k, p) for k in ENOUGH for p in _places() if p["what"] != "point"],
        "loss": [_loss(k, s, f) for k in ENOUGH for s in ("", *STATES) for f in ("", *TYPES.values())],
        "stages": [_stage(m, s, y) for m in MODES for s in STATES for y in YEARS[:2]],
        "years": [_year(m, s, y) for m in MODES for s in STATES for y in YEARS],
        "stage_bounds": [_bound(m, i) for m in MODES for i in range(len(YEARS))],
        "purses": [_purse(m, p) for m in MODES for p in ("", *STATES)],
        "warning": [_warning(v, p) for v in MEANS for p in _places() if p["what"] == "municipality"],
        "warning_sectors": [_sector(v, p) for v in MEANS for p in _places() if p["what"] == "sector"],
        "warning_total": [_total(v, s) for v in MEANS for s in ("", *STATES)],
        "seams": [_seam(v, a, b) for v in MEANS for a in STATES for b in STATES if a != b],
        "marginal": [_marginal(m, i) for m in MODES for i in range(4)],
        "replay": [_replay(v, n) for v in VARIANTS for n in (1, 2)],
        "replay_events": [_event(i) for i in range(3)],
    }
    return {name: pl.DataFrame(found, schema=SKY.tables[name].schema) for name, found in rows.items()}


def _places() -> list[dict[str, Any]]:
    found = []
    for i, state in enumerate(STATES):
        for n in (1, 2):
            north = 56.0 + i + n / 10
            found.append(
                _place(f"{state}-S{n}", state, "sector", f"{state} {n} of 2", north, 27.0, 25.0, 0.0)
                | {"outline": f"27 {north};27.1 {north};27.1 {north + 0.1:.1f}"}
            )
            name = f"{state} town {n}"
            found.append(
                _place(f"{state}-{n:04}", state, "municipality", name, north, 26.5, 0.0, 1000.0 * n**2)
            )
    # clockwise and open, as a user may write it
    area = {"outline": "25 56;25 56.5;25.5 56.5;25.5 56"}
    return [
        *found,
        _place("LV-A", "LV", "area", "Harbour", 56.2, 25.2, 0.0, 0.0) | area,
        _place("LV-P", "LV", "point", "Mast", 56.3, 25.3, 0.0, 0.0),
    ]


def _place(
    key: str, state: str, what: str, name: str, lat: float, lon: float, length: float, people: float
) -> dict[str, Any]:
    return {
        "place_id": key, "state": state, "what": what, "name": name, "lat": lat, "lon": lon,
        "length_km": length, "people": people, "behind": people + 500.0, "outline": "",
    }  # fmt: skip


def _type(key: str, kind: str) -> dict[str, Any]:
    return {
        "type_id": key, "kind_id": kind, "kind_name": kind.replace("_", " ").capitalize(),
        "name": f"Type {key}", "unit_meur": 0.2, "service_meur": 0.5, "range_km": 4.0, "crew": 0.5, "standards": "sapient;asterix_062", "confidence": "low",
    }  # fmt: skip


def _sited(mode: str, state: str, sort: str) -> dict[str, Any]:
    units = (3 if mode == "national" else 5) + STATES.index(state)
    return {
        "mode": mode, "state": state, "place_id": f"{state}-S1", "type_id": sort, "kind_id": TYPES[sort],
        "units": units, "buy_meur": 0.2 * units, "service_meur": 0.5 * units,
    }  # fmt: skip


def _search(mode: str, state: str) -> dict[str, Any]:
    return {
        "mode": mode, "state": state, "value": 0.5, "bound": 0.505, "gap": 0.01,
        "spent_meur": 90.0 if mode == "joint" else 29.0, "budget_meur": 91.0 if mode == "joint" else 30.0,
    }  # fmt: skip


def _cover(sensors: str, place: dict[str, Any]) -> dict[str, Any]:
    enough = ENOUGH[sensors]
    key = {"sensors": sensors, "state": place["state"], "place_id": place["place_id"]}
    return key | {"one": min(1.0, 1.5 * enough), "enough": enough, "kinds": 2 * enough}


def _loss(sensors: str, state: str, kind: str) -> dict[str, Any]:
    left = {"": 1.0, "acoustic": 0.4, "camera": 0.7}[kind] * ENOUGH[sensors]
    return {"sensors": sensors, "state": state, "kind_id": kind, "one": 1.5 * left, "enough": left}


def _stage(mode: str, state: str, year: int) -> dict[str, Any]:
    key = {"mode": mode, "state": state, "place_id": f"{state}-S1", "type_id": "ear", "year": year}
    return key | {"units": 2, "buy_meur": 0.4}


def _year(mode: str, state: str, year: int) -> dict[str, Any]:
    nth = YEARS.index(year) + 1
    return {
        "mode": mode, "state": state, "year": year, "buy_meur": 10.0 if nth < 3 else 0.0, "upkeep_meur": nth,
        "crew_meur": 2.0 * nth, "refresh_meur": 0.5, "posts": 10.0 * nth, "one": 0.2 * nth, "enough": 0.1 * nth,
    }  # fmt: skip


def _bound(mode: str, i: int) -> dict[str, Any]:
    value = (0.1 if mode == "national" else 0.2) * (i + 1)
    return {"mode": mode, "year": YEARS[i], "value": value, "bound": value + 0.05}


def _purse(mode: str, state: str) -> dict[str, Any]:
    return {
        "mode": mode, "purse_id": f"purse_{state or 'common'}", "state": state, "budget_meur": 30.0,
        "spent_meur": 29.0,
    }  # fmt: skip


def _warned(mean: float) -> dict[str, Any]:
    return {
        "minutes_mean": mean, "minutes_p10": mean - 15, "minutes_p50": mean + 1, "minutes_p90": mean + 15,
        "warned": 0.5, "in_time": max(0.0, min(1.0, mean / 40)),
    }  # fmt: skip


def _warning(variant: tuple[str, str], place: dict[str, Any]) -> dict[str, Any]:
    mean = MEANS[variant] + STATES.index(place["state"])
    # nothing ever passes the second town of Lithuania
    passed = 0.0 if place["place_id"] == "LT-0002" else 0.2
    return {
        "sensors": variant[0], "alerting": variant[1], "state": place["state"], "place_id": place["place_id"],
        "people": place["people"], "passed": passed, "sheltered_low": 0.0, "sheltered_high": 0.1,
        **_warned(mean),
    }  # fmt: skip


def _sector(variant: tuple[str, str], place: dict[str, Any]) -> dict[str, Any]:
    key = {"sensors": variant[0], "alerting": variant[1], "state": place["state"]}
    return key | {"place_id": place["place_id"], "people": 700.0, **_warned(MEANS[variant] + 5)}


def _total(variant: tuple[str, str], state: str) -> dict[str, Any]:
    mean = MEANS[variant] + (STATES.index(state) if state else 0)
    found = _warned(mean)
    return {
        "sensors": variant[0], "alerting": variant[1], "state": state, "people": 1000.0,
        "people_in_time": 1000.0 * found["in_time"], **found, "mean_low": mean - 6, "mean_high": mean + 7,
    }  # fmt: skip


def _seam(variant: tuple[str, str], source: str, state: str) -> dict[str, Any]:
    key = {"sensors": variant[0], "alerting": variant[1], "from_state": source, "state": state}
    return key | {"people": 100.0, **_warned(MEANS[variant] - 3)}


def _marginal(mode: str, i: int) -> dict[str, Any]:
    return {
        "mode": mode, "budget_meur": 25.0 * 2**i, "value": 0.1 * (i + 1), "bound": 0.11 * (i + 1),
        "minutes_mean": 4.0 * (i + 1) + (mode == "joint"), "people_in_time": 100.0 * i,
        "per_10_meur": None if i == 0 else 3.0 / i,
    }  # fmt: skip


def _replay(variant: str, n: int) -> dict[str, Any]:
    gain = 10.0 * VARIANTS.index(variant)
    spread = 0.0 if variant == "happened" else 5.0
    return {
        "case_id": "dawn_of_may", "variant": variant, "state": "LV", "place_id": f"LV-{n:04}",
        "people": 1000.0 * n**2, "alert_p10": 249 - gain - spread, "alert_p50": 249 - gain,
        "alert_p90": 249 - gain + spread, "gain_p10": gain - spread, "gain_p50": gain, "gain_p90": gain + spread,
        "later": 0.0,
    }  # fmt: skip


def _event(i: int) -> dict[str, Any]:
    return {
        "case_id": "dawn_of_may", "event_id": f"E{i}", "event": ("report", "alert", "alert")[i], "state": "LV",
        "places": ("", "LV-0001;LV-0002", "LV-0002")[i], "people": 1000.0 * i, "minute": (210.0, 249.0, 283.0)[i],
        "minute_low": 200.0 if i == 0 else None, "minute_high": 215.0 if i == 0 else None,
        "name": ("First calls", "Alert of the east", "Alert of the rest")[i], "source": "made up",
        "confidence": "medium",
    }  # fmt: skip


def hostile(found: dict[str, pl.DataFrame]) -> dict[str, pl.DataFrame]:
    """Return the tables with an attack in all free text, and in the key of a place that no table names."""
    attack = pl.lit(f" {HOSTILE}")
    free = {
        name: frame.with_columns(*(pl.concat_str(pl.col(c), attack) for c in FREE.get(name, ())))
        for name, frame in found.items()
    }
    stray = free["siting"].with_columns(pl.concat_str("place_id", attack).alias("place_id"))
    return free | {"siting": stray}


def write(
    folder: Path, found: dict[str, pl.DataFrame] | None = None, *, region_hash: str = REGION_HASH
) -> Path:
    """Write a siting into a folder, beside whatever is there."""
    manifest = {
        "region": {"name": "made_up", "title": "Baltic 2026", "content_hash": region_hash},
        "vallum_version": "0", "versions": {"polars": "0"}, "seed": 0, "tracks": 4000, "kinds_needed": 2,
        "budget_meur": 91.0, "service_years": 10.0,
    }  # fmt: skip
    results = Results(manifest, {"seconds": 1.0}, tables() if found is None else found)
    write_results(SKY, folder / SKY.kind, results)
    return folder

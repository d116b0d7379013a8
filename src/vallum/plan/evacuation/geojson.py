"""Municipalities and roads of an evacuation as GeoJSON (RFC 7946), for a map program."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, Final

import polars as pl

__all__ = ["feature_collection"]

MODES: Final = ("national", "joint")
PLACE: Final = ("to_leave", "unserved", "left_95_h", "received", "places")
ROAD: Final = ("people", "vehicles", "full_h", "price")
SAID: Final = (
    "Roads are planning values between towns; the graph lacks minor roads, so a corridor is not a real choke "
    "point. A line is one direction of a road, straight between its ends."
)
MOST: Final = 0.95

Key = tuple[str, str, str]
Row = dict[str, Any]


def feature_collection(tables: Mapping[str, pl.DataFrame]) -> bytes:
    """Return a feature for each municipality that leaves or receives, and for each road in use, as UTF-8.

    Parameters
    ----------
    tables : mapping of str to polars.DataFrame
        Tables of `vallum.plan.evacuation.tables`: places, departures, unserved, reception and corridors.

    Returns
    -------
    bytes
        A FeatureCollection of WGS 84 degrees, longitude first, as fine as the table of places. Each scenario
        has features of its own: municipalities as Point, roads as LineString, one for each direction in use.
        Every feature has the same properties, null where they do not apply: scenario_id; what (municipality
        or road); name, state, people who live there; from_node, to_node and road; then for national and for
        joint, with an underscore between: to_leave, unserved, left_95_h, received and places of a
        municipality, people, vehicles (passenger-car units), full_h and price (person-hours for one more car
        an hour) of a road. left_95_h is the hour by which 95 of 100 of those who arrive have left home.

    Notes
    -----
    RFC 7946, section 4: the coordinates are WGS 84, so no reference system is named; section 6.1 allows the
    member description. A road with an end that is no place is left out.
    """
    places = {str(row["place_id"]): row for row in tables["places"].iter_rows(named=True)}
    features = [*_municipalities(tables, places), *_roads(tables["corridors"], places)]
    found = {"type": "FeatureCollection", "description": SAID, "features": features}
    return json.dumps(found, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()


def _municipalities(tables: Mapping[str, pl.DataFrame], places: Mapping[str, Row]) -> list[Row]:
    known: dict[Key, Row] = defaultdict(dict)
    for name, column, source in (
        ("departures", "to_leave", "people"),
        ("unserved", "to_leave", "people"),
        ("unserved", "unserved", "people"),
        ("reception", "received", "people"),
        ("reception", "places", "places"),
    ):
        for row in _summed(tables[name], source):
            own = known[row["scenario_id"], row["place_id"], row["mode"]]
            own[column] = own.get(column, 0) + row[source]
    for own in known.values():
        if "to_leave" in own:
            own.setdefault("unserved", 0)
    for row in _left(tables["departures"]):
        known[row["scenario_id"], row["place_id"], row["mode"]]["left_95_h"] = row["hour"]
    return [
        _feature(
            f"{scenario}/{key}",
            {"type": "Point", "coordinates": _point(places[key])},
            {
                "scenario_id": scenario,
                "what": "municipality",
                **{name: places[key][name] for name in ("name", "state", "people")},
            },
            {mode: known.get((scenario, key, mode), {}) for mode in MODES},
        )
        for scenario, key in sorted({(scenario, key) for scenario, key, _ in known})
        if key in places
    ]


def _summed(frame: pl.DataFrame, column: str) -> list[Row]:
    by = ["scenario_id", "mode", "place_id"]
    return frame.group_by(by, maintain_order=True).agg(pl.col(column).sum()).to_dicts()


def _left(departures: pl.DataFrame) -> list[Row]:
    """Hour by which 95 of 100 of those who leave a municipality have left."""
    by = ["scenario_id", "mode", "place_id"]
    running = (
        departures.group_by(*by, "hour")
        .agg(pl.col("people").sum())
        .sort(*by, "hour")
        .with_columns(
            pl.col("people").cum_sum().over(by).alias("left"), pl.col("people").sum().over(by).alias("all")
        )
    )
    enough = running.filter((pl.col("left") >= MOST * pl.col("all")) & (pl.col("all") > 0))
    return enough.group_by(by, maintain_order=True).agg(pl.col("hour").min()).to_dicts()


def _roads(corridors: pl.DataFrame, places: Mapping[str, Row]) -> list[Row]:
    known: dict[Key, dict[str, Row]] = defaultdict(dict)
    for row in corridors.iter_rows(named=True):
        known[row["scenario_id"], row["from_node"], row["to_node"]][row["mode"]] = row
    found = []
    for (scenario, tail, head), rows in sorted(known.items()):
        if tail in places and head in places:
            ends = [places[tail], places[head]]
            own = {
                "scenario_id": scenario,
                "what": "road",
                "name": " to ".join(end["name"] for end in ends),
                "state": ends[0]["state"],
                "from_node": tail,
                "to_node": head,
                "road": next(iter(rows.values()))["road"],
            }
            line = {"type": "LineString", "coordinates": [_point(end) for end in ends]}
            found.append(_feature(f"{scenario}/{tail}/{head}", line, own, rows))
    return found


def _point(place: Row) -> Sequence[float]:
    return [place["lon"], place["lat"]]


def _feature(key: str, geometry: Row, own: Row, rows: Mapping[str, Row]) -> Row:
    """Return a feature with all properties, of a municipality and of a road."""
    names = ("scenario_id", "what", "name", "state", "people", "from_node", "to_node", "road")
    columns = PLACE if own["what"] == "municipality" else ROAD
    measured = {
        f"{column}_{mode}": rows.get(mode, {}).get(column) if column in columns else None
        for column in dict.fromkeys((*PLACE, *ROAD))
        for mode in MODES
    }
    return {
        "type": "Feature",
        "id": key,
        "geometry": geometry,
        "properties": {name: own.get(name) for name in names} | measured,
    }

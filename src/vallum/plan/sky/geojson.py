"""Places with their cover, minutes of warning and units as GeoJSON (RFC 7946), for a map program."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from itertools import pairwise
from types import MappingProxyType
from typing import Any, Final

import polars as pl

from vallum.core.errors import BadInput
from vallum.model.siting.reader import corners

__all__ = ["MINUTES", "feature_collection"]

Point = tuple[float, float]

MINUTES: Final = MappingProxyType(
    {
        ("none", "today"): "minutes_today",
        ("none", "joint"): "minutes_joint_alerting",
        ("national", "today"): "minutes_national",
        ("joint", "joint"): "minutes_joint",
    }
)
"""Name of the property with the minutes of warning, by sensors and alerting."""


def feature_collection(tables: Mapping[str, pl.DataFrame]) -> bytes:
    """Return one feature for each place, as UTF-8.

    Parameters
    ----------
    tables : mapping of str to polars.DataFrame
        Tables of `vallum.plan.sky.tables`: places, types, siting, cover, warning and warning_sectors.

    Returns
    -------
    bytes
        A FeatureCollection of WGS 84 degrees, longitude first, as fine as the tables and no finer: sectors
        as LineString, areas as Polygon, municipalities and points as Point. A sector without an outline is
        the Point of its middle. Every feature has the same properties: names; people and people behind;
        cover_one and cover_enough of each siting; minutes of warning (mean) by `MINUTES`, null where no track
        passes; units_TYPE_MODE.

    Raises
    ------
    BadInput
        If an outline cannot be read, lies off the Earth, or an area has no inside.

    Notes
    -----
    RFC 7946, section 3.1.6: a ring is closed, and the ring round an area runs anticlockwise. Section 4: the
    coordinates are WGS 84, so no reference system is named.
    """
    cover = _by_place(tables["cover"], "sensors")
    minutes = _minutes(tables)
    units = {
        (r["place_id"], r["type_id"], r["mode"]): int(r["units"])
        for r in tables["siting"].iter_rows(named=True)
    }
    sensors = sorted({s for _, s in cover})
    types = [str(t) for t in tables["types"]["type_id"].sort()]
    modes = sorted(set(tables["siting"]["mode"]))

    def properties(row: Mapping[str, Any]) -> dict[str, Any]:
        key = row["place_id"]
        return {
            **{name: row[name] for name in ("place_id", "what", "name", "state", "people")},
            "people_behind": row["behind"],
            **{
                f"cover_{name}_{s}": cover.get((key, s), {}).get(name)
                for s in sensors
                for name in ("one", "enough")
            },
            **{name: minutes.get((key, variant)) for variant, name in MINUTES.items()},
            **{f"units_{t}_{mode}": units.get((key, t, mode), 0) for t in types for mode in modes},
        }

    features = [
        {
            "type": "Feature",
            "id": row["place_id"],
            "geometry": _geometry(row),
            "properties": properties(row),
        }
        for row in tables["places"].sort("place_id").iter_rows(named=True)
    ]
    found = {"type": "FeatureCollection", "features": features}
    return json.dumps(found, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()


def _by_place(frame: pl.DataFrame, column: str) -> dict[tuple[str, str], dict[str, Any]]:
    return {(r["place_id"], r[column]): r for r in frame.iter_rows(named=True)}


def _minutes(tables: Mapping[str, pl.DataFrame]) -> dict[tuple[str, tuple[str, str]], float]:
    return {
        (r["place_id"], (r["sensors"], r["alerting"])): float(r["minutes_mean"])
        for name in ("warning", "warning_sectors")
        for r in tables[name].iter_rows(named=True)
        if r.get("passed", 1.0) > 0.0
    }


def _geometry(row: Mapping[str, Any]) -> dict[str, Any]:
    points = _points(row)
    if row["what"] == "area":
        return {"type": "Polygon", "coordinates": [_ring(row["place_id"], points)]}
    if row["what"] == "sector" and len(points) > 1:
        return {"type": "LineString", "coordinates": points}
    return {"type": "Point", "coordinates": [row["lon"], row["lat"]]}


def _points(row: Mapping[str, Any]) -> list[Point]:
    if not row["outline"].strip():
        return []
    try:
        points = list(corners(row["outline"]))
    except ValueError as error:
        raise _damaged(row["place_id"], "cannot be read") from error
    # also false for what is no number
    if not all(abs(lon) <= 180.0 and abs(lat) <= 90.0 for lon, lat in points):
        raise _damaged(row["place_id"], "lies off the Earth")
    return points


def _ring(place: str, points: Sequence[Point]) -> list[Point]:
    """Close a ring and let it run anticlockwise: twice its area by Gauss's formula is above 0 then."""
    open_ring = list(points[:-1] if points[1:] and points[0] == points[-1] else points)
    closed = [*open_ring, *open_ring[:1]]
    twice = math.fsum(a[0] * b[1] - b[0] * a[1] for a, b in pairwise(closed))
    if twice == 0.0:
        raise _damaged(place, "has no inside")
    return closed if twice > 0.0 else closed[::-1]


def _damaged(place: str, what: str) -> BadInput:
    return BadInput(
        f"The outline of {place} {what}.",
        where=f"places, {place}",
        rule="outline",
        remedy="Write it as lon lat;lon lat, in degrees; an area needs three corners.",
    )

"""Two flat states side by side, NA and NB, whose warning can be worked out on paper.

Places are put down in km east and north of 56 N 25 E, which is the middle of the map whenever four far
corners (or anything else as symmetric) are among them.
"""

import math
from collections.abc import Mapping, Sequence

import numpy as np
import polars as pl

from vallum.core.ranges import Range
from vallum.model.siting import Band, Place
from vallum.plan.sky.delays import Delays
from vallum.plan.sky.tracks import Flights, Tracks, fly
from vallum.region.schema.sky import STEPS

LAT, LON, EARTH = 56.0, 25.0, 6371.0088
STATES = ("NA", "NB")
BANDS = (Band("LOW", "Low", 60.0, 0.75), Band("HIGH", "High", 1500.0, 0.25))


def degrees(east: float, north: float) -> tuple[float, float]:
    """Latitude and longitude of a point of the map: Snyder 1987, eq. 20-14 and 20-15, the inverse."""
    far = math.hypot(east, north)
    if far < 1e-12:
        return LAT, LON
    angle, middle = far / EARTH, math.radians(LAT)
    sine = math.cos(angle) * math.sin(middle) + north / far * math.sin(angle) * math.cos(middle)
    turn = math.atan2(
        east * math.sin(angle),
        far * math.cos(middle) * math.cos(angle) - north * math.sin(middle) * math.sin(angle),
    )
    return math.degrees(math.asin(sine)), LON + math.degrees(turn)


def home(
    key: str, state: str, east: float, north: float, *, radius: float = 10.0, people: float = 1000.0
) -> Place:
    lat, lon = degrees(east, north)
    return Place(f"{state}-{key}", state, key, "municipality", lat, lon, radius, 0.0, people)


def sector(key: str, state: str, *points: tuple[float, float], length: float = 25.0) -> Place:
    outline = tuple((degrees(*point)[1], degrees(*point)[0]) for point in points)
    east, north = np.mean(points, axis=0)
    lat, lon = degrees(float(east), float(north))
    return Place(key, state, key, "sector", lat, lon, 0.0, length, 0.0, outline)


def framed(places: Sequence[Place]) -> tuple[Place, ...]:
    """The places with two points far off, that put the middle of the map at LAT, LON."""
    corners = ((LAT - 4.0, LON - 7.0), (LAT + 4.0, LON + 7.0))
    return (
        *places,
        *(Place(f"P{i}", "NA", "P", "point", *at, 0.0, 0.0, 0.0) for i, at in enumerate(corners)),
    )


def span(value: float | tuple[float, float, float]) -> Range:
    return Range(*value) if isinstance(value, tuple) else Range(value, value, value)


def delays_frame(rows: Sequence[Mapping[str, object]]) -> pl.DataFrame:
    """A table warning_delays; minutes as a number or as (low, mode, high)."""
    schema = {"step": pl.String, "alerting": pl.String, "state": pl.String, "to_state": pl.String,
              "minutes": pl.Float64, "minutes_low": pl.Float64, "minutes_high": pl.Float64}  # fmt: skip
    filled = []
    for row in rows:
        given = row["minutes"]
        low, mode, high = given if isinstance(given, tuple) else (None, given, None)
        filled.append(dict(row) | {"minutes": mode, "minutes_low": low, "minutes_high": high})
    return pl.DataFrame(filled, schema=pl.Schema(schema))


def chain(alerting: str, *more: Mapping[str, object], **minutes: object) -> Delays:
    """Delays of all steps, 0 unless given; more rows for single states."""
    assert set(minutes) <= set(STEPS)
    rows = [
        {"step": step, "alerting": alerting, "state": None, "to_state": None, "minutes": 0.0}
        | ({"minutes": minutes[step]} if step in minutes else {})
        for step in STEPS
    ]
    return Delays.of(delays_frame([*rows, *({"alerting": alerting} | dict(row) for row in more)]), alerting)


def flown(
    places: Sequence[Place],
    *paths: tuple[float, float, float],
    km: float = 200.0,
    kmh: float = 60.0,
    corridor: float = 15.0,
    band: int = 0,
    crossed: int = 0,
    seed: int = 0,
) -> Tracks:
    """Tracks from points of the map in headings (degrees from east to north); a km a minute unless said."""
    start, number = np.array([path[:2] for path in paths]), len(paths)
    flights = Flights(
        start, np.radians([path[2] for path in paths]), np.full(number, km), np.full(number, kmh)
    )
    return fly(
        flights, places, np.full(number, crossed), np.full(number, band), corridor, seed, states=STATES
    )

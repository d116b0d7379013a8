"""Random tracks of low flyers over a border: where they cross, where they go and what they pass.

Nobody chooses a track: the sector is drawn by length and the direction evenly, the same for all variants of
sensors and of alerting (common random numbers).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl

from vallum.core.errors import BadInput
from vallum.core.ranges import Range, triangular, uniform
from vallum.model.siting import Band, Place
from vallum.model.siting.problem import BoolArray, FloatArray, IntArray
from vallum.plan.sky.plane import PEOPLED, Line, Plane, inward, line

__all__ = ["Flights", "Passes", "Tracks", "choice", "draw", "fly", "range_of", "settings"]

MINUTES_AN_HOUR: Final = 60.0
AT_ONCE: Final = 2000
"""Tracks held against all places at once; bounds the memory."""


@dataclass(frozen=True, slots=True, eq=False)
class Passes:
    """Which track comes to which place, and when, sorted by track.

    Attributes
    ----------
    track, place : (passes,) int arrays
    minutes : (passes,) float array
        From the crossing.
    """

    track: IntArray
    place: IntArray
    minutes: FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class Flights:
    """Straight paths on the map.

    Attributes
    ----------
    start : (tracks, 2) array
        Where it crosses the border, km.
    heading : (tracks,) array
        Radians from east towards north.
    path_km, kmh : (tracks,) arrays
        Length and speed.
    """

    start: FloatArray
    heading: FloatArray
    path_km: FloatArray
    kmh: FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class Tracks:
    """Tracks with what they pass.

    Attributes
    ----------
    seed : int
        Of all draws that belong to the tracks.
    states : tuple of str
        All states; `home` counts in it.
    sector, band, home : (tracks,) int arrays
        Crossed sector (index of a place), band of heights, and state of the sector.
    flights : Flights
    watched : Passes
        Places where the track may be seen: the crossed sector first, then every disc that it runs through, at
        the point where it enters. Every track has one at least.
    reached : Passes
        Places with people that are to be warned of it, with its arrival.
    entered : (states, tracks) float array
        Minutes from the crossing until it is over ground of a state; inf if it never is.
    """

    seed: int
    states: tuple[str, ...]
    sector: IntArray
    band: IntArray
    home: IntArray
    flights: Flights
    watched: Passes
    reached: Passes
    entered: FloatArray


def range_of(row: Mapping[str, object], name: str = "value", low: str = "low", high: str = "high") -> Range:
    """Return a number of a row with its ends; an end that is not known is the number itself."""
    mode = _float(row[name])
    ends = [mode if row[end] is None else _float(row[end]) for end in (low, high)]
    return Range(ends[0], mode, ends[1])


def settings(frame: pl.DataFrame) -> dict[str, Range]:
    """Return the settings of a table sky_settings with their ranges."""
    return {str(row["key"]): range_of(row) for row in frame.iter_rows(named=True)}


def draw(
    places: Sequence[Place],
    bands: Sequence[Band],
    values: Mapping[str, Range],
    number: int,
    seed: int,
    *,
    states: Sequence[str],
) -> Tracks:
    """Draw tracks over all sectors.

    A track crosses a sector, chosen by length, at a point that is uniform along its outline, and heads
    inland: uniform within heading_deg of the inward direction (see `plane.inward`). It flies straight for
    path_km, at one speed, triangular over speed_kmh, in one band, chosen by share.

    Parameters
    ----------
    places : sequence of Place
        Sectors among them.
    bands : sequence of Band
    values : mapping of str to Range
        Settings speed_kmh, heading_deg, path_km and corridor_km; of all but the speed the likely value.
    number : int
        Tracks.
    seed : int
    states : sequence of str
        All states, in the order of the layers of a cover.

    Returns
    -------
    Tracks

    Raises
    ------
    BadInput
        If there is no sector of any length, or nobody to warn.
    """
    sectors = np.array([i for i, place in enumerate(places) if place.what == "sector"], dtype=np.int64)
    lengths = np.array([places[i].length_km for i in sectors], dtype=np.float64)
    if not lengths.sum() > 0.0:
        raise BadInput(
            "No border is there to be crossed",
            where="works_sectors.csv",
            rule="sectors to cross",
            remedy="Add sectors of the border.",
        )
    chance = uniform(seed, "tracks", number, 5)
    place = choice(lengths, chance[:, 0])
    sector = sectors[place]
    plane = Plane.of(places)
    centres = plane.centres(places)
    borders = [line(plane, places[i]) for i in sectors]
    inland = np.array(
        [inward(border, places[i].state, places, centres) for border, i in zip(borders, sectors, strict=True)]
    )
    spread = np.radians(values["heading_deg"].mode) * (2.0 * chance[:, 2] - 1.0)
    flights = Flights(
        start=_starts(borders, place, chance[:, 1]),
        heading=inland[place] + spread,
        path_km=np.full(number, values["path_km"].mode),
        kmh=triangular(values["speed_kmh"], chance[:, 3]),
    )
    band = choice(np.array([one.part for one in bands]), chance[:, 4])
    return fly(flights, places, sector, band, values["corridor_km"].mode, seed, states=states)


def fly(
    flights: Flights,
    places: Sequence[Place],
    sector: IntArray,
    band: IntArray,
    corridor_km: float,
    seed: int,
    *,
    states: Sequence[str],
) -> Tracks:
    """Find what paths pass.

    A path enters a disc at its first point within the disc's radius, and may be seen there by what covers
    it. People are to be warned if the path comes within their disc's radius and corridor_km of its middle.
    The track arrives where it enters the disc, or, if it passes outside, where it is nearest.

    A track is over ground of a state from the first disc of the state's that it enters, of the state of the
    crossed sector from the crossing.

    Parameters
    ----------
    flights : Flights
    places : sequence of Place
    sector, band : (tracks,) int arrays
    corridor_km : float
    seed : int
    states : sequence of str

    Returns
    -------
    Tracks
    """
    index = {state: i for i, state in enumerate(states)}
    state = np.array([index[place.state] for place in places], dtype=np.int64)
    reached, inside = _reached(flights, places, corridor_km)
    number = len(sector)
    home = state[sector]
    entered = np.full((len(states), number), np.inf)
    through = Passes(reached.track[inside], reached.place[inside], reached.minutes[inside])
    np.minimum.at(entered, (state[through.place], through.track), through.minutes)
    entered[home, np.arange(number)] = 0.0
    track = np.concatenate((np.arange(number), through.track))
    order = np.argsort(track, kind="stable")
    watched = Passes(
        track[order],
        np.concatenate((sector, through.place))[order],
        np.concatenate((np.zeros(number), through.minutes))[order],
    )
    return Tracks(seed, tuple(states), sector, band, home, flights, watched, reached, entered)


def _reached(flights: Flights, places: Sequence[Place], corridor_km: float) -> tuple[Passes, BoolArray]:
    """Return who is to be warned of which track, and whether the track runs through the disc."""
    peopled = np.array([i for i, place in enumerate(places) if place.what in PEOPLED], dtype=np.int64)
    centres = Plane.of(places).centres(places)[peopled]
    radius = np.array([places[i].radius_km for i in peopled])
    parts = []
    for first in range(0, len(flights.kmh), AT_ONCE):
        along, across = _components(flights, slice(first, first + AT_ONCE), centres)
        nearest = np.clip(along, 0.0, flights.path_km[first : first + AT_ONCE, None])
        off = np.hypot(along - nearest, across)
        track, place = np.nonzero(off <= radius + corridor_km)
        at = track, place
        inside = off[at] <= radius[place]
        enters = along[at] - np.sqrt(np.maximum(radius[place] ** 2 - across[at] ** 2, 0.0))
        km = np.where(inside, np.maximum(enters, 0.0), nearest[at])
        parts.append((track + first, peopled[place], km, inside))
    track, place, km, inside = (np.concatenate(part) for part in zip(*parts, strict=True))
    return Passes(track, place, km / flights.kmh[track] * MINUTES_AN_HOUR), inside


def _components(flights: Flights, here: slice, centres: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return middles as km along the line of each path from its start, and across it, (tracks, places)."""
    east = centres[None, :, 0] - flights.start[here, 0, None]
    north = centres[None, :, 1] - flights.start[here, 1, None]
    cos, sin = (f(flights.heading[here])[:, None] for f in (np.cos, np.sin))
    return east * cos + north * sin, north * cos - east * sin


def _starts(borders: Sequence[Line], place: IntArray, part: FloatArray) -> FloatArray:
    start = np.empty((len(place), 2))
    for i, border in enumerate(borders):
        here = place == i
        start[here] = border.at(part[here])
    return start


def choice(weights: FloatArray, chance: FloatArray) -> IntArray:
    """Choose by weight: the index at which the running sum of weights passes a part of the whole."""
    total = np.cumsum(weights)
    found = np.searchsorted(total, chance * total[-1], side="right")
    chosen: IntArray = np.minimum(found, len(weights) - 1).astype(np.int64)
    return chosen


def _float(value: object) -> float:
    return float(value) if isinstance(value, int | float) else 0.0

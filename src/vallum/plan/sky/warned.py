"""The tables of a warning: minutes, people in time and in shelter, by municipality, sector and state."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
import polars as pl

from vallum.core.ranges import Range
from vallum.model.siting import Band, Kind, Place
from vallum.model.siting.problem import FloatArray, IntArray
from vallum.plan.sky.delays import Delays, End, Shelter
from vallum.plan.sky.frames import table
from vallum.plan.sky.tracks import Tracks, range_of
from vallum.plan.sky.warning import Warned, warn

__all__ = ["NAMES", "Sight", "World", "quantiles", "tables"]

NAMES = ("warning", "warning_sectors", "warning_total", "seams")
"""Tables made here."""

QUANTILES = {"minutes_p10": 0.1, "minutes_p50": 0.5, "minutes_p90": 0.9}
ALL = ""
"""Stands for all states together."""

Rows = list[dict[str, object]]


@dataclass(frozen=True, slots=True, eq=False)
class Sight:
    """How surely kinds see a track within reach, (kinds, bands) arrays: least, likely and most."""

    low: FloatArray
    mode: FloatArray
    high: FloatArray

    @classmethod
    def of(cls, frame: pl.DataFrame, kinds: Sequence[Kind], bands: Sequence[Band]) -> Self:
        """Read a table sensor_sight; it has a row for each kind and band."""
        spans = {
            (row["kind_id"], row["band_id"]): range_of(row, "seen", "seen_low", "seen_high")
            for row in frame.iter_rows(named=True)
        }
        of = [[spans[kind.key, band.key] for band in bands] for kind in kinds]
        ends = np.array([[(one.low, one.mode, one.high) for one in row] for row in of])
        return cls(*np.moveaxis(ends.reshape(len(kinds), len(bands), 3), 2, 0))


@dataclass(frozen=True, slots=True, eq=False)
class World:
    """What all variants share.

    Attributes
    ----------
    places : tuple of Place
    tracks : Tracks
    sight : Sight
    needed : int
        Kinds that confirm a track.
    delays : mapping of str to Delays
        By alerting.
    left_out : Range
        Probability that a municipality is left out of the first alert of today.
    shelter : Shelter
    """

    places: tuple[Place, ...]
    tracks: Tracks
    sight: Sight
    needed: int
    delays: Mapping[str, Delays]
    left_out: Range
    shelter: Shelter

    def warn(self, cover: FloatArray, alerting: str, *, delays: End = "mode", sight: End = "mode") -> Warned:
        """Warn of all tracks; an end fixes every delay, and who is left out, there.

        The likely run draws the delays from their ranges.
        """
        chain = self.delays[alerting]
        return warn(
            self.tracks,
            self.places,
            cover,
            getattr(self.sight, sight),
            self.needed,
            chain if delays == "mode" else chain.at(delays),
            left_out=getattr(self.left_out, delays),
        )


def tables(world: World, covers: Mapping[str, FloatArray]) -> dict[str, pl.DataFrame]:
    """Return the tables `NAMES` for each cover, by name of sensors, with each alerting of the world.

    Everything is weighted by people. A municipality that no track passes, a sector behind which no track
    passes anybody, and a state of which nobody is passed have no row.

    Parameters
    ----------
    world : World
    covers : mapping of str to (states, places, bands, kinds) array
        What each state's picture shows, by sensors.
    """
    found: dict[str, Rows] = {name: [] for name in NAMES}
    for sensors, cover in covers.items():
        for alerting in world.delays:
            keys = {"sensors": sensors, "alerting": alerting}
            for name, rows in _Variant(world, cover, alerting).rows().items():
                found[name].extend(keys | row for row in rows)
    return {name: table(name, rows) for name, rows in found.items()}


class _Variant:
    """One run of all tracks, and its two ends."""

    def __init__(self, world: World, cover: FloatArray, alerting: str) -> None:
        reached, index = world.tracks.reached, {state: i for i, state in enumerate(world.tracks.states)}
        self.world, self.place, self.track = world, reached.place, reached.track
        self.minutes = world.warn(cover, alerting).minutes
        self.late = world.warn(cover, alerting, delays="high", sight="low").minutes
        self.soon = world.warn(cover, alerting, delays="low", sight="high").minutes
        self.weight = np.array([place.people for place in world.places])[reached.place]
        self.state = np.array([index[place.state] for place in world.places])[reached.place]
        self.in_time = world.shelter.in_time(reached.place, self.minutes)

    def rows(self) -> dict[str, Rows]:
        return {
            "warning": self.municipalities(),
            "warning_sectors": self.sectors(),
            "warning_total": self.totals(),
            "seams": self.seams(),
        }

    def municipalities(self) -> Rows:
        places, number = self.world.places, len(self.world.tracks.sector)
        # Within one place everybody weighs the same, so its people may be unknown.
        one = self.warned(self.place, len(places), np.ones(len(self.place)))
        passed = np.bincount(self.place, minlength=len(places)) / number
        return [
            {
                "state": places[i].state,
                "place_id": places[i].key,
                "people": places[i].people,
                "passed": float(passed[i]),
                **row,
                "sheltered_low": row["in_time"] * self.world.shelter.low[i],
                "sheltered_high": row["in_time"] * self.world.shelter.high[i],
            }
            for i, row in one.items()
        ]

    def sectors(self) -> Rows:
        places, crossed = self.world.places, self.world.tracks.sector
        people = self.people(crossed[self.track], len(places), np.bincount(crossed, minlength=len(places)))
        return [
            {"state": places[i].state, "place_id": places[i].key, "people": people[i], **row}
            for i, row in self.warned(crossed[self.track], len(places)).items()
        ]

    def totals(self) -> Rows:
        """One row for each state and one for all."""
        states = self.world.tracks.states
        everybody = np.zeros(len(self.track), dtype=np.int64)
        return self.total(everybody, (ALL,)) + self.total(self.state, states)

    def total(self, group: IntArray, names: Sequence[str]) -> Rows:
        number = np.full(len(names), len(self.world.tracks.sector))
        people = self.people(group, len(names), number)
        late, soon = (_means(group, len(names), self.weight, end) for end in (self.late, self.soon))
        return [
            {
                "state": names[i],
                "people": people[i],
                "people_in_time": people[i] * row["in_time"],
                **row,
                "mean_low": late[i],
                "mean_high": soon[i],
            }
            for i, row in self.warned(group, len(names)).items()
        ]

    def seams(self) -> Rows:
        """One row for each pair of states; people are a mean over the tracks over the border of the first."""
        states, home = self.world.tracks.states, self.world.tracks.home
        group = home[self.track] * len(states) + self.state
        crossed = np.repeat(np.bincount(home, minlength=len(states)), len(states))
        people = self.people(group, len(states) ** 2, crossed)
        return [
            {
                "from_state": states[i // len(states)],
                "state": states[i % len(states)],
                "people": people[i],
                **row,
            }
            for i, row in self.warned(group, len(states) ** 2).items()
            if i // len(states) != i % len(states)
        ]

    def people(self, group: IntArray, groups: int, tracks: IntArray) -> FloatArray:
        """Return the people that a track passes, mean over the tracks of each group."""
        return np.bincount(group, self.weight, groups) / np.maximum(tracks, 1)

    def warned(
        self, group: IntArray, groups: int, weight: FloatArray | None = None
    ) -> dict[int, dict[str, float]]:
        """Return the columns WARNED of each group that has any weight."""
        weight = self.weight if weight is None else weight
        columns = {
            "minutes_mean": _means(group, groups, weight, self.minutes),
            **quantiles(group, groups, weight, self.minutes),
            "warned": _means(group, groups, weight, (self.minutes > 0.0).astype(np.float64)),
            "in_time": _means(group, groups, weight, self.in_time),
        }
        some = np.flatnonzero(np.bincount(group, weight, groups) > 0.0)
        return {int(i): {name: float(values[i]) for name, values in columns.items()} for i in some}


def _means(group: IntArray, groups: int, weight: FloatArray, values: FloatArray) -> FloatArray:
    """Weighted mean of each group; 0 for a group without weight."""
    total = np.bincount(group, weight, groups)
    return np.bincount(group, weight * values, groups) / np.where(total > 0.0, total, 1.0)


def quantiles(group: IntArray, groups: int, weight: FloatArray, values: FloatArray) -> dict[str, FloatArray]:
    """Return weighted quantiles of each group: the least value up to which its share of the weight lies.

    Parameters
    ----------
    group : (n,) int array
        From 0 to groups - 1.
    groups : int
    weight, values : (n,) arrays
        A value without weight does not count.

    Returns
    -------
    dict of str to (groups,) array
        Columns of `QUANTILES`; 0 for a group without weight.
    """
    counts = np.flatnonzero(weight > 0.0)
    order = counts[np.lexsort((values[counts], group[counts]))]
    group, values, weight = group[order], values[order], weight[order]
    total: FloatArray = np.bincount(group, weight, groups).astype(np.float64)
    before = np.concatenate(([0.0], np.cumsum(total)))
    running = np.cumsum(weight)
    begins = np.searchsorted(group, np.arange(groups + 1))
    some = total > 0.0
    if not len(values):
        return dict.fromkeys(QUANTILES, total)
    found = {}
    for name, part in QUANTILES.items():
        # A sum in another order may miss its own total by a rounding.
        place = np.searchsorted(running, before[:-1] + part * total - 1e-9 * total)
        place = np.clip(place, begins[:-1], np.maximum(begins[1:] - 1, begins[:-1]))
        found[name] = np.where(some, values[np.minimum(place, len(values) - 1)], 0.0)
    return found

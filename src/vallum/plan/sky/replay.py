"""A warning of the past, done again: with one alert area, with the sensors of a plan, and with both.

What happened is taken as it is told. Of the rest the report fixes the clock; every other step is drawn from
its range, so the percentiles hold what is not known. Nothing is cut off: a run in which a variant is slower
than what happened is shown as a loss.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
import polars as pl

from vallum.core.errors import BadInput
from vallum.core.ranges import Range, triangular, uniform
from vallum.model.siting import Band, Place, municipality
from vallum.model.siting.problem import FloatArray, IntArray
from vallum.plan.sky.delays import Delays
from vallum.plan.sky.frames import table
from vallum.plan.sky.plane import Plane, line
from vallum.plan.sky.tracks import Flights, Tracks, choice, fly, range_of
from vallum.plan.sky.warning import confirmed, sights

__all__ = ["HAPPENED", "VARIANTS", "replay"]

HAPPENED: Final = "happened"

VARIANTS: Final = {
    "joint alerting": (False, "joint"),
    "sensors": (True, "today"),
    "sensors and joint alerting": (True, "joint"),
}
"""What is tried: whether the sensors of the plan look on, and how alerting is done."""

QUANTILES: Final = (0.1, 0.5, 0.9)

Row = dict[str, object]


def replay(
    events: pl.DataFrame,
    places: Sequence[Place],
    bands: Sequence[Band],
    values: Mapping[str, Range],
    cover: FloatArray,
    seen: FloatArray,
    delays: Mapping[str, Delays],
    runs: int,
    seed: int,
    states: Sequence[str],
) -> dict[str, pl.DataFrame]:
    """Return the tables replay and replay_events.

    Parameters
    ----------
    events : DataFrame
        Table warning_events.
    places : sequence of Place
    bands : sequence of Band
    values : mapping of str to Range
        Settings kinds_needed and speed_kmh.
    cover : (states, places, bands, kinds) array
        What each state's picture shows with the sensors of the plan.
    seen : (kinds, bands) array
    delays : mapping of str to Delays
        today and joint.
    runs, seed : int
    states : sequence of str
        In the order of the layers of the cover.

    Raises
    ------
    BadInput
        If an event names a municipality that the region does not have.

    Notes
    -----
    The case belongs to the state of its first report. It is not known where the track crossed: it comes
    straight from the sector of that state that is nearest to one of the municipalities alerted first (each as
    likely), from a point uniform along it, and it crossed `report` (of today) before the report. Sensors
    along that line may see it, and be sure of it, before people call; if they miss it, the call counts. Then:

    alert = crossing + min(sensors sure, report) + decide + seam to another state + compose + broadcast.

    Today, those who were left out of the first alert of their state when it happened wait `late` more. With
    joint alerting one area holds all.

    A case without a report has only what happened, one without an alert only its events, and a state
    without sectors has no variant with sensors.
    """
    told: list[Row] = []
    known = {place.key: place for place in places}
    cases = {str(name[0]): _events(frame) for name, frame in events.group_by("case_id", maintain_order=True)}
    trial = _Trial(tuple(places), tuple(bands), values, cover, seen, delays, runs, seed, tuple(states))
    for name, happened in cases.items():
        for event in happened:
            event.check(known)
        told.extend({"case_id": name} | row for row in _case(trial, happened))
    heard = [event.row(known) for happened in cases.values() for event in happened]
    return {"replay": table("replay", told), "replay_events": table("replay_events", heard)}


@dataclass(frozen=True, slots=True)
class _Event:
    """One row of the table, with the keys of its places."""

    given: Mapping[str, object]
    state: str
    kind: str
    minute: Range
    keys: tuple[str, ...]

    def check(self, known: Mapping[str, Place]) -> None:
        for key in self.keys:
            if key not in known:
                raise BadInput(
                    f"The event {self.given['event_id']} names {key}, which is no municipality of the region",
                    where="warning_events.csv",
                    rule="places of an event",
                    remedy="Name municipalities by their lau_id in municipalities.csv.",
                )

    def row(self, known: Mapping[str, Place]) -> Row:
        """Row of replay_events."""
        asked = ("case_id", "event_id", "event", "state", "minute", "minute_low", "minute_high", "name",
                 "source", "confidence")  # fmt: skip
        return {name: self.given[name] for name in asked} | {
            "places": ";".join(self.keys),
            "people": sum(known[key].people for key in self.keys),
        }


def _events(frame: pl.DataFrame) -> list[_Event]:
    """Events of one case, by minute."""
    return [
        _Event(
            row,
            row["state"],
            row["event"],
            range_of(row, "minute", "minute_low", "minute_high"),
            tuple(municipality(row["state"], one.strip()) for one in (row["municipalities"] or "").split(";")
                  if one.strip()),
        )
        for row in frame.sort("minute", "event_id").iter_rows(named=True)
    ]  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class _Trial:
    """What all cases share; as the parameters of `replay`."""

    places: tuple[Place, ...]
    bands: tuple[Band, ...]
    values: Mapping[str, Range]
    cover: FloatArray
    seen: FloatArray
    delays: Mapping[str, Delays]
    runs: int
    seed: int
    states: tuple[str, ...]

    def draw(self, event: _Event) -> FloatArray:
        """Minutes after midnight of an event, (runs,)."""
        name = f"event {event.given['case_id']} {event.given['event_id']}"
        return triangular(event.minute, uniform(self.seed, name, self.runs, 1)[:, 0])

    def row(self, variant: str, key: str, alert: FloatArray, happened: FloatArray) -> Row:
        """Row of replay of one municipality, without the case."""
        place = next(place for place in self.places if place.key == key)
        row: Row = {"variant": variant, "state": place.state, "place_id": key, "people": place.people}
        for what, values in (("alert", alert), ("gain", happened - alert)):
            names = (f"{what}_p{round(100 * part)}" for part in QUANTILES)
            row |= dict(zip(names, np.quantile(values, QUANTILES).tolist(), strict=True))
        row["later"] = float((alert > happened).mean())
        return row


def _case(trial: _Trial, events: Sequence[_Event]) -> list[Row]:
    """Rows of replay of one case, without its name."""
    alerts: dict[str, _Event] = {}
    for event in events:
        if event.kind == "alert":
            for key in event.keys:
                alerts.setdefault(key, event)
    happened = {key: trial.draw(event) for key, event in alerts.items()}
    found = [trial.row(HAPPENED, key, minute, minute) for key, minute in happened.items()]
    report = next((event for event in events if event.kind == "report"), None)
    if report is None or not alerts:
        return found
    again = _Again(trial, alerts, report)
    for variant, (sensors, alerting) in VARIANTS.items():
        if not sensors or again.sectors:
            found += [
                trial.row(variant, key, again.alert(key, sensors, alerting), minute)
                for key, minute in happened.items()
            ]
    return found


class _Again:
    """One case, done again: when who would have been alerted."""

    def __init__(self, trial: _Trial, alerts: Mapping[str, _Event], report: _Event) -> None:
        self.trial, self.alerts, self.report, self.home = trial, alerts, report, report.state
        self.places = {place.key: place for place in trial.places}
        self.sectors = [
            i for i, place in enumerate(trial.places) if place.what == "sector" and place.state == self.home
        ]

    # ------------------------------------------------------------ the alert, done again

    def alert(self, key: str, sensors: bool, alerting: str) -> FloatArray:
        """Minutes after midnight of the alert of one municipality, (runs,)."""
        state, chain = self.places[key].state, self.trial.delays[alerting]
        alert = self.sure(sensors, alerting) + self.step(chain, "decide", self.home)
        if state != self.home:
            alert = alert + triangular(chain.find("seam", self.home, state), self.chance("seam"))
        alert = alert + self.step(chain, "compose", state) + self.step(chain, "broadcast", state)
        if alerting == "today" and self.left_out(key):
            alert = alert + self.step(chain, "late", state)
        return alert

    def sure(self, sensors: bool, alerting: str) -> FloatArray:
        """Minutes after midnight at which the state is sure of the track, (runs,)."""
        called = self.trial.draw(self.report)
        if not sensors:
            return called
        first = self.first
        picture = first.min(axis=0) if alerting == "joint" else first[self.trial.states.index(self.home)]
        confirm = self.step(self.trial.delays[alerting], "confirm", self.home)
        needed = round(self.trial.values["kinds_needed"].mode)
        seen = confirmed(picture[None], needed, confirm[None])[0]
        crossing = called - self.step(self.trial.delays["today"], "report", self.home)
        earliest: FloatArray = np.minimum(called, crossing + seen)
        return earliest

    def left_out(self, key: str) -> bool:
        """Whether the first alert of its state left it out when it happened."""
        earliest = min(
            event.minute.mode for other, event in self.alerts.items() if event.state == self.alerts[key].state
        )
        return self.alerts[key].minute.mode > earliest

    def step(self, chain: Delays, step: str, state: str) -> FloatArray:
        return triangular(chain.find(step, state), self.chance(step))

    def chance(self, step: str) -> FloatArray:
        return uniform(self.trial.seed, f"replay {step}", self.trial.runs, 1)[:, 0]

    # ------------------------------------------------------------ the track, as it may have been

    @cached_property
    def first(self) -> FloatArray:
        """Minutes from the crossing to the first sight, (states, runs, kinds)."""
        return sights(self.tracks(), self.trial.cover, self.trial.seen)

    def targets(self) -> list[str]:
        """Municipalities alerted first, of the state of the report if any of it was."""
        own = {key: event for key, event in self.alerts.items() if event.state == self.home}
        among = own or self.alerts
        earliest = min(event.minute.mode for event in among.values())
        return [key for key, event in among.items() if event.minute.mode == earliest]

    def tracks(self) -> Tracks:
        """Straight lines from the nearest sector to a municipality alerted first."""
        trial = self.trial
        draws = uniform(trial.seed, "replay track", trial.runs, 4)
        plane = Plane.of(trial.places)
        borders = [line(plane, trial.places[i]) for i in self.sectors]
        aims = plane.centres([self.places[key] for key in self.targets()])
        nearest = np.array([np.argmin([border.distance(aim) for border in borders]) for aim in aims])
        aim = choice(np.ones(len(aims)), draws[:, 0])
        start = np.empty((trial.runs, 2))
        for i, near in enumerate(nearest):
            start[aim == i] = borders[near].at(draws[aim == i, 1])
        to = aims[aim] - start
        flights = Flights(
            start=start,
            heading=np.arctan2(to[:, 1], to[:, 0]),
            path_km=np.hypot(to[:, 0], to[:, 1]),
            kmh=triangular(trial.values["speed_kmh"], draws[:, 2]),
        )
        sector: IntArray = np.array(self.sectors, dtype=np.int64)[nearest[aim]]
        band = choice(np.array([one.part for one in trial.bands]), draws[:, 3])
        return fly(flights, trial.places, sector, band, 0.0, trial.seed, states=trial.states)

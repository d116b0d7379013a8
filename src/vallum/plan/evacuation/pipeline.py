"""From scenarios of a region to evacuations: solved, proven, tried with other roads and other luck."""

import importlib.metadata
import math
import platform
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import numpy as np
import polars as pl

from vallum.core.ranges import Range
from vallum.model.evacuation import (
    Case,
    Change,
    Evacuated,
    case,
    evacuate,
    people_of,
    roads,
    scenarios,
)
from vallum.model.evacuation.problem import JOINT, NATIONAL
from vallum.plan.evacuation import EVACUATION, frames
from vallum.plan.evacuation.geojson import feature_collection
from vallum.plan.evacuation.luck import lucky
from vallum.plan.pipeline import ProgressEvent, interruptible
from vallum.plan.results import Results, canonical, refuse_other, write_results
from vallum.region import Region
from vallum.solve import Cancel, Limits
from vallum.solve.flow import Flow, Stopped, Worker

__all__ = ["make"]

GAIN_STEP_MIN: Final = 30.0
LUCK_STEP_MIN: Final = 60.0
"""Minutes of a step of what is solved many times; compared with the same step only."""

GAIN_TIME: Final = 1.25
"""Time within which other roads are tried, over the least."""

CORRIDORS_TRIED: Final = 3
"""Corridors of the highest price that get one more lane, and contraflow."""

LIBRARIES: Final = ("dataframely", "numpy", "ortools", "polars")

Progress = Callable[[ProgressEvent], None]


def make(
    region: Region,
    chosen: Sequence[str] = (),
    *,
    step_min: float | None = None,
    samples: int = 40,
    limits: Limits,
    out: Path | None = None,
    progress: Progress | None = None,
) -> Results:
    """Evacuate scenarios of a region, each state alone and all together.

    Parameters
    ----------
    region : Region
        A sound region with the tables of evacuation.
    chosen : sequence of str
        Scenarios; all of the region without any.
    step_min : float, optional
        Minutes of a step; that of the region without it.
    samples : int
        Random runs of who complies and when people start, for each scenario and mode.
    limits : Limits
        Time for all solves together, and the seed of the runs.
    out : Path, optional
        Folder to write; nothing is written without.
    progress : callable, optional
        Called with a `ProgressEvent` at every stage.

    Returns
    -------
    Results

    Raises
    ------
    BadInput
        If the region is not sound, has no tables of evacuation or not the scenario, or `out` holds anything
        else.
    Stopped
        When out of time; nothing is written then.
    KeyboardInterrupt
        When interrupted; nothing is written then.
    """
    if out is not None:
        refuse_other(EVACUATION, out)
    cases = [case(region, key) for key in dict.fromkeys(chosen or scenarios(region))]
    step = float(cases[0].settings["step_min"]) if step_min is None else step_min
    work = _Work(region, limits, step, samples, progress)
    try:
        with interruptible(work.cancel), Worker(limits, work.cancel) as solver:
            parts = [part for one in cases for part in work.both(one, solver)]
    except Stopped as stopped:
        if work.cancel.is_set():
            raise KeyboardInterrupt from stopped
        raise
    found = _joined(parts) | {
        "places": frames.table("places", _places(region, cases)),
        "scenarios": _scenarios(region, cases),
    }
    manifest = {
        "region": {"name": region.name, "title": region.title, "content_hash": region.content_hash},
        "scenarios": [one.key for one in cases],
        "step_min": step,
        "samples": samples,
        "seed": limits.seed,
        "vallum_version": importlib.metadata.version("vallum"),
        "versions": {name: importlib.metadata.version(name) for name in LIBRARIES},
    }
    run = {
        "written": datetime.now(UTC).isoformat(timespec="seconds"),
        "seconds": time.perf_counter() - work.began,
        "python": platform.python_version(),
    }
    whole = Results(manifest, run, canonical(EVACUATION, found))
    if out is None:
        return whole
    beside = {
        "map.geojson": feature_collection(whole.tables),
        "departures.csv": departures_csv(whole.tables),
    }
    return write_results(EVACUATION, out, whole, beside)


def departures_csv(tables: Mapping[str, pl.DataFrame]) -> bytes:
    """Return the schedule of departures for a civil protection office: names instead of keys."""
    names = dict(tables["places"].select("place_id", "name").iter_rows())
    found = tables["departures"].select(
        "scenario_id",
        "mode",
        "state",
        pl.col("place_id").replace(names).alias("municipality"),
        "group",
        "hour",
        pl.col("first_stop").replace(names).alias("first_town"),
        "people",
        pl.col("towards").replace(names).alias("most_sleep_in"),
    )
    return found.write_csv().encode()


class _Work:
    """One call of `make`."""

    def __init__(
        self, region: Region, limits: Limits, step_min: float, samples: int, progress: Progress | None
    ) -> None:
        self.region, self.limits, self.progress = region, limits, progress
        self.step_min, self.samples = step_min, samples
        self.cancel, self.began = Cancel(), time.perf_counter()
        shelter = region.tables["shelter_reach"]
        self.sheltered = {
            f"{row['state']}-{row['lau_id']}" if row["lau_id"] else row["state"]: row["places"]
            for row in shelter.iter_rows(named=True)
        }

    def tell(self, stage: str, mode: str) -> None:
        if self.progress is not None:
            self.progress(ProgressEvent(stage, mode, time.perf_counter() - self.began, None, None))

    def both(self, what: Case, solver: Worker) -> list[dict[str, pl.DataFrame]]:
        """Return all tables of one scenario, alone and together."""
        alone, together = (self.evacuated(what, mode, solver) for mode in (NATIONAL, JOINT))
        return [
            self.tables(alone, solver),
            self.tables(no_worse(together, alone), solver),
        ]

    def evacuated(self, what: Case, mode: str, solver: Worker) -> Evacuated:
        """Evacuate in one mode."""
        self.tell(f"{what.key}: evacuating", mode)
        built = roads(what, mode, self.step_min)
        return evacuate(built, *people_of(built), solver)

    def tables(self, found: Evacuated, solver: Worker) -> dict[str, pl.DataFrame]:
        """Return all tables of one scenario and mode."""
        what, mode = found.roads.case, found.roads.mode
        tables = frames.of_run(found, self.sheltered)
        self.tell(f"{what.key}: other roads", mode)
        tables["gains"] = frames.table("gains", self.gains(found, solver))
        self.tell(f"{what.key}: {self.samples} random runs", mode)
        tables["samples"] = lucky(
            what,
            mode,
            LUCK_STEP_MIN,
            self.samples,
            self.limits.seed,
            self.ranges(),
            found.trip_h,
            found.part,
            solver,
        )
        return tables

    def ranges(self) -> dict[str, Range]:
        """Return the settings with their ranges."""
        return {
            row["key"]: Range(
                row["value"] if row["low"] is None else row["low"],
                row["value"],
                row["value"] if row["high"] is None else row["high"],
            )
            for row in self.region.tables["evac_settings"].iter_rows(named=True)
        }

    def gains(self, found: Evacuated, solver: Worker) -> list[dict[str, object]]:
        """Give the dearest corridors one more lane, or the lanes of the other direction, and solve again.

        All within a time somewhat longer than the least.
        """
        what = found.roads
        price = np.where([bool(name) for name in what.road], frames.prices(found), 0.0)
        dearest = [arc for arc in np.argsort(-price, kind="stable")[:CORRIDORS_TRIED] if price[arc] > 0.0]
        if not dearest:
            return []
        within = None
        if found.quickest is not None:
            within = math.ceil(GAIN_TIME * found.quickest * what.step_h * 60.0 / GAIN_STEP_MIN)

        def tried(*changes: Change, given: Flow | None = None) -> Evacuated:
            built = roads(what.case, what.mode, GAIN_STEP_MIN, changes)
            horizon = None if within is None else min(within, built.steps)
            return evacuate(
                built,
                *people_of(built),
                solver,
                trip_h=found.trip_h,
                fastest=False,
                bounded=False,
                horizon=horizon,
                given=given,
                part=found.part,
            )

        before = tried()
        rows: list[dict[str, object]] = []
        for arc in dearest:
            tail, head = what.names[what.tail[arc]], what.names[what.head[arc]]
            for contraflow in (False, True):
                after = tried(Change(tail, head, contraflow=contraflow), given=before.bus)
                rows.append(
                    {
                        "scenario_id": what.case.key,
                        "mode": what.mode,
                        "from_node": tail,
                        "to_node": head,
                        "road": what.road[arc],
                        "change": "contraflow" if contraflow else "lane",
                        "mean_before": before.mean_hours,
                        "mean_after": after.mean_hours,
                        "hours_95_before": before.hours(0.95),
                        "hours_95_after": after.hours(0.95),
                        "unserved_before": before.unserved,
                        "unserved_after": after.unserved,
                    }
                )
        return rows


def no_worse(together: Evacuated, alone: Evacuated) -> Evacuated:
    """Return the better of both: what each state can do alone, all can do together.

    The same roads and places are open to them. Buses that go less far come more often, and what goes first
    takes from what comes after, so alone may be better; the bound, which is of buses as often as together,
    says nothing of it.
    """
    if not better(alone, together):
        return together
    return replace(
        together,
        bus=alone.bus,
        car=alone.car,
        quickest=alone.quickest,
        part=alone.part,
        trip_h=alone.trip_h,
        bound=None,
    )


def better(one: Evacuated, other: Evacuated) -> bool:
    """Tell whether an evacuation leaves fewer people than another, or as few in fewer hours."""
    return (one.unserved, one.person_hours) < (other.unserved, other.person_hours)


def _joined(parts: Sequence[Mapping[str, pl.DataFrame]]) -> dict[str, pl.DataFrame]:
    return {name: pl.concat([part[name] for part in parts]) for name in parts[0]}


def _places(region: Region, cases: Sequence[Case]) -> list[dict[str, object]]:
    people = {
        f"{row['state']}-{row['lau_id']}": float(row["population"])
        for row in region.tables["municipalities"].iter_rows(named=True)
    }
    known: dict[object, dict[str, object]] = {}
    for one in cases:
        for row in frames.towns(one, people):
            known.setdefault(row["place_id"], row)
    return list(known.values())


def _scenarios(region: Region, cases: Sequence[Case]) -> pl.DataFrame:
    wanted = [one.key for one in cases]
    return (
        region.tables["evac_scenarios"]
        .filter(pl.col("scenario_id").is_in(wanted))
        .select("scenario_id", "name", "horizon_h", "warning_h", pl.col("note").fill_null(""))
    )

"""From a region and a budget to sensors, their stages, and the warning they give."""

import importlib.metadata
import platform
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import numpy as np
import polars as pl

from vallum.core.errors import BadInput
from vallum.model.siting import Siting, siting
from vallum.model.siting.problem import FloatArray, IntArray
from vallum.plan.pipeline import ProgressEvent, interruptible
from vallum.plan.results import Results, canonical, refuse_other, write_results
from vallum.plan.sky import SKY, frames
from vallum.plan.sky.delays import Delays, Shelter
from vallum.plan.sky.geojson import feature_collection
from vallum.plan.sky.replay import replay
from vallum.plan.sky.sited import Mode, Sited, Stage, share_of, sited, stages
from vallum.plan.sky.tracks import draw, settings
from vallum.plan.sky.warned import Sight, World, tables
from vallum.region import Region
from vallum.region.schema.sky import ALERTING
from vallum.solve import Cancel, Limits
from vallum.solve.covering import rows

__all__ = ["MODES", "Tried", "make"]

MODES: Final[tuple[Mode, ...]] = ("national", "joint")
NONE: Final = "none"
"""Sensors as they are today: none that are public."""

LIBRARIES: Final = ("dataframely", "highspy", "numpy", "polars", "scipy")
BUDGETS: Final = (0.25, 0.5, 0.75, 1.0)
"""Budgets that are tried, as shares of the one asked for."""

MORE_MEUR: Final = 10.0
"""And so much more than it."""

TRIED_SHARE: Final = 0.2
"""Share of the limits of a mode that each other budget may use."""

Progress = Callable[[ProgressEvent], None]


@dataclass(frozen=True, slots=True)
class Tried:
    """A budget with what it gives: cover, minutes of warning, and people warned in time.

    None where nobody can be warned.
    """

    budget: float
    sited: Sited
    minutes: float | None
    people: float | None


def make(
    region: Region,
    budget_meur: float,
    *,
    limits: Limits,
    tracks: int = 10_000,
    against_loss: bool = False,
    out: Path | None = None,
    progress: Progress | None = None,
) -> Results:
    """Site sensors alone and together, warn of random tracks, and replay the cases of the past.

    Parameters
    ----------
    region : Region
        A sound region with the tables of the sky.
    budget_meur : float
        EUR million for buying sensors and keeping them for the years of service, all states together.
    limits : Limits
        Of the search, for each mode; its seed also draws the tracks.
    tracks : int
        Random tracks.
    against_loss : bool
        Site for the cover that is left when the kind whose loss is worst fails.
    out : Path, optional
        Folder to write; nothing is written without.
    progress : callable, optional
        Called with a `ProgressEvent` whenever something is known better.

    Returns
    -------
    Results

    Raises
    ------
    BadInput
        If the region is not sound or has no tables of the sky, the budget buys nothing, or `out` holds
        anything else.
    """
    if out is not None:
        refuse_other(SKY, out)
    work = _Sky(region, limits, tracks, against_loss, progress)
    with interruptible(work.cancel):
        both = work.both(budget_meur)
        found = work.tables(both, budget_meur)
    manifest = {
        "region": {"name": region.name, "title": region.title, "content_hash": region.content_hash},
        "budget_meur": budget_meur,
        "tracks": tracks,
        "against_loss": against_loss,
        "seed": limits.seed,
        "kinds_needed": int(work.siting.settings["kinds_needed"]),
        "service_years": work.siting.settings["service_years"],
        "limits": {"time_limit_s": limits.time_limit, "work": limits.work, "gap": limits.gap},
        "vallum_version": importlib.metadata.version("vallum"),
        "versions": {name: importlib.metadata.version(name) for name in LIBRARIES},
    }
    run = {
        "written": datetime.now(UTC).isoformat(timespec="seconds"),
        "seconds": time.perf_counter() - work.began,
        "status": {one.mode: _status(one) for one in both},
        "interrupted": work.cancel.is_set(),
        "python": platform.python_version(),
    }
    whole = Results(manifest, run, canonical(SKY, found))
    beside = {"map.geojson": feature_collection(whole.tables)}
    return whole if out is None else write_results(SKY, out, whole, beside)


STATUSES: Final = ("optimal", "work limit", "time limit", "interrupted")


def _status(one: Sited) -> str:
    """How a search ended: as the worst of its buyers'."""
    return max((part.found.status for part in one.parts), key=STATUSES.index)


class _Sky:
    """One call of `make`."""

    def __init__(
        self, region: Region, limits: Limits, tracks: int, against_loss: bool, progress: Progress | None
    ) -> None:
        self.region, self.limits, self.progress = region, limits, progress
        self.cancel, self.began = Cancel(), time.perf_counter()
        self.siting = siting(region)
        self.tracks, self.against_loss = tracks, against_loss
        self.tell("tracks", "")
        self.world = world(region, self.siting, tracks, limits.seed)

    def tell(self, stage: str, mode: str, value: float | None = None, bound: float | None = None) -> None:
        if self.progress is not None:
            self.progress(ProgressEvent(stage, mode, time.perf_counter() - self.began, value, bound))

    def both(self, budget: float) -> list[Sited]:
        """Site alone, then together from the sitings alone on: never less cover."""
        alone = self.sited("national", budget, self.limits)
        return [alone, self.sited("joint", budget, self.limits, alone.units)]

    def sited(self, mode: Mode, budget: float, limits: Limits, start: IntArray | None = None) -> Sited:
        self.tell(f"siting for EUR {budget:g} million", mode)

        def told(buyer: str, value: float, bound: float) -> None:
            name = f"siting for EUR {budget:g} million" + (f", {buyer}" if buyer else "")
            self.tell(name, mode, value, bound)

        found = sited(
            self.siting,
            budget,
            mode,
            limits,
            against_loss=self.against_loss,
            start=start,
            told=told,
            cancel=self.cancel,
        )
        self.tell("sited", mode, found.value, found.bound)
        return found

    def tables(self, both: list[Sited], budget: float) -> dict[str, pl.DataFrame]:
        found: dict[str, list[dict[str, object]]] = {
            "places": frames.places(self.siting),
            "types": frames.types(self.siting, self.region.tables),
            "marginal": [],
        }
        last_year = int(self.siting.settings["last_year"])
        parts = dict(self.region.tables["sky_years"].sort("year").select("year", "part").iter_rows())
        for one in both:
            self.tell("stages by year", one.mode)
            for name, rows_ in frames.of_mode(one, self.stages(one, parts), last_year).items():
                found.setdefault(name, []).extend(rows_)
        for one in both:
            found["marginal"] += frames.marginal(self.tried(one, budget))
        self.tell("warning", "")
        covers = {NONE: np.zeros_like(cover(both[0]))} | {str(one.mode): cover(one) for one in both}
        made = {name: frames.table(name, rows_) for name, rows_ in found.items()}
        if self.world is not None:
            made |= tables(self.world, covers) | self.replayed(self.world, covers["joint"])
        return made

    def stages(self, one: Sited, parts: Mapping[int, float]) -> list[Stage]:
        return stages(one, parts, share_of(self.limits, TRIED_SHARE), self.cancel)

    def replayed(self, world: World, joint: FloatArray) -> dict[str, pl.DataFrame]:
        """Replay the cases of the past, with the sensors that are sited together."""
        return replay(
            self.region.tables["warning_events"],
            self.siting.places,
            self.siting.bands,
            settings(self.region.tables["sky_settings"]),
            joint,
            world.sight.mode,
            world.delays,
            self.tracks,
            self.limits.seed,
            self.siting.states,
        )

    def tried(self, asked: Sited, budget: float) -> list[Tried]:
        """Try less money and a little more, each from the siting of the next smaller budget."""
        limits = share_of(self.limits, TRIED_SHARE)
        found: list[tuple[float, Sited]] = []
        for held in (*(factor * budget for factor in BUDGETS), budget + MORE_MEUR):
            if held == budget:
                found.append((held, asked))
            elif not self.cancel.is_set():
                start = found[-1][1].units if found else None
                found.append((held, self.sited(asked.mode, held, limits, start)))
        alerting = ALERTING[MODES.index(asked.mode)]
        return [
            Tried(held, one, *(warned(self.world, cover(one), alerting) if self.world else (None, None)))
            for held, one in found
        ]


def cover(what: Sited) -> FloatArray:
    """Return what the picture of each state covers, shape (states, places, bands, kinds)."""
    siting = what.siting
    shape = (len(siting.places), len(siting.bands), len(siting.kinds))
    by_part = {part.state: rows(part.problem, part.found.x).y.reshape(shape) for part in what.parts}
    return np.array([by_part[what.part(state).state] for state in siting.states])


def warned(what: World, cover: FloatArray, alerting: str) -> tuple[float, float]:
    """Return the mean minutes of warning, and the people warned in time, mean over tracks."""
    reached = what.tracks.reached
    people = np.array([place.people for place in what.places])[reached.place]
    minutes = what.warn(cover, alerting).minutes
    in_time = people @ what.shelter.in_time(reached.place, minutes) / len(what.tracks.sector)
    everybody = people.sum()
    return float(people @ minutes / everybody) if everybody else 0.0, float(in_time)


def world(region: Region, what: Siting, number: int, seed: int) -> World | None:
    """Draw the tracks and read what a warning takes; None without sectors to cross or people to warn.

    Raises
    ------
    BadInput
        If a table that a warning takes is empty.
    """
    if not {"sector", "municipality"} <= {place.what for place in what.places}:
        return None
    for name in ("warning_delays", "shelter_reach"):
        if region.tables[name].is_empty():
            raise BadInput(
                f"The region {region.name} has no table {name}, so no warning can be followed",
                where=f"{name}.csv",
                rule="warning tables",
                remedy="Add the tables of the warning (docs/reference/region.md lists their columns).",
            )
    values = settings(region.tables["sky_settings"])
    delays: Mapping[str, Delays] = {
        alerting: Delays.of(region.tables["warning_delays"], alerting) for alerting in ALERTING
    }
    return World(
        places=what.places,
        tracks=draw(what.places, what.bands, values, number, seed, states=what.states),
        sight=Sight.of(region.tables["sensor_sight"], what.kinds, what.bands),
        needed=int(what.settings["kinds_needed"]),
        delays=delays,
        left_out=values["left_out_share"],
        shelter=Shelter.of(region.tables["shelter_reach"], what.places),
    )

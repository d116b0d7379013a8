"""A forecast made with what was known earlier, held against what came."""

import datetime as dt
from dataclasses import dataclass

import numpy as np

from vallum.model.works.montecarlo import installed, simulate
from vallum.model.works.network import levels, network
from vallum.model.works.problem import month_end
from vallum.model.works.reader import of_tables
from vallum.region import Region
from vallum.solve.schedule import best_of

__all__ = ["Verdict", "calibrate"]

BAND = (0.05, 0.5, 0.95)
TRIES = 32
"""Priority-rule schedules that the order of the forecast is the best of."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """One fact against its forecast.

    Attributes
    ----------
    state, element : str
    known_until, date : datetime.date
        Facts up to the first were used for the forecast of the second.
    fact : float
        Installed as reported.
    low, middle, high : float
        5, 50 and 95 of 100 runs have less.
    """

    state: str
    element: str
    known_until: dt.date
    date: dt.date
    fact: float
    low: float
    middle: float
    high: float

    @property
    def inside(self) -> bool:
        """Whether the fact is within the band of 90 %."""
        return self.low <= self.fact <= self.high


def calibrate(region: Region, runs: int, *, seed: int, common: float) -> list[Verdict]:
    """Forecast each fact after the settings' date from what was known then.

    Only kinds of works whose state at the earlier date is a fact are judged.

    Parameters
    ----------
    region : Region
    runs : int
        Random runs.
    seed, common
        As of `vallum.model.works.sample.sample`.

    Returns
    -------
    list of Verdict
        Empty where the region has no facts of both kinds, or nothing could be scheduled from that start.
    """
    settings = dict(region.tables["works_settings"].select("key", "value").iter_rows())
    until = month_end(int(settings["facts_until_year"]), int(settings["facts_until_month"]))
    facts = region.tables["works_facts"].drop_nulls("installed").sort("year", "month")
    known: dict[tuple[str, str], float] = {}
    later: list[tuple[tuple[str, str], dt.date, float]] = []
    for row in facts.iter_rows(named=True):
        key, date = (row["state"], row["element_id"]), month_end(row["year"], row["month"])
        if date <= until:
            known[key] = row["installed"]
        else:
            later.append((key, date, row["installed"]))
    judged = [fact for fact in later if fact[0] in known]
    if not judged:
        return []
    start = int(settings["calibration_start_year"]), int(settings["calibration_start_month"])
    quantities = region.tables["works_quantities"]
    verdicts = []
    # Each state by itself, as the schedule alone is made: its order must not depend on the others' works.
    for state in sorted({key[0] for key, _, _ in judged}):
        own = {**region.tables, "works_quantities": quantities.filter(state=state)}
        what = of_tables(own, region.name, start=start, built=known)
        order = best_of(network(what), levels(what), seed, TRIES) if what.steps else None
        if order is None:
            continue
        found = simulate(what, order[0], runs, seed=seed, common=common)
        for key, date, fact in judged:
            if key[0] == state:
                week = np.array([what.week_after(date) - 1])
                low, middle, high = np.quantile(installed(what, found, key, week)[:, 0], BAND).tolist()
                verdicts.append(Verdict(*key, until, date, fact, low, middle, high))
    return verdicts

"""Schedules and simulations as tables."""

import datetime as dt
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from vallum.model.works.montecarlo import Simulation, binding, finish_of, installed
from vallum.model.works.network import HUNDREDTHS, THOUSAND
from vallum.model.works.problem import WEEKS_A_YEAR, FloatArray, IntArray, Problem, month_end
from vallum.model.works.refresh import burden
from vallum.plan.works.calibration import Verdict
from vallum.plan.works.tables import WORKS_TABLES
from vallum.region import Region

if TYPE_CHECKING:
    from vallum.plan.works.levers import Lever
    from vallum.plan.works.pipeline import Scheduled

__all__ = ["Gain", "calibration", "first", "gain", "tables"]

QUANTILES = (0.1, 0.5, 0.8, 0.9)
BAND = (0.1, 0.5, 0.9)
MONTHS_A_WEEK = 12.0 / WEEKS_A_YEAR
QUARTER_MONTHS = (3, 6, 9, 12)
CRITICAL_SHOWN = 0.05
"""Least share of runs in which a step is on the chain, to be listed."""

DONE = 1.0 - 1e-9
ALL = ""
"""Stands for all kinds with a target together."""

Rows = list[dict[str, object]]


def tables(
    region: Region, modes: Sequence["Scheduled"], verdicts: Sequence[Verdict], gains: Sequence["Gain"]
) -> dict[str, pl.DataFrame]:
    """Return all tables of a schedule of works."""
    found: dict[str, Rows] = {name: [] for name in WORKS_TABLES}
    for one in modes:
        keys = {"mode": one.mode}
        for name, rows in _of_mode(one, verdicts).items():
            found[name].extend({**keys, **row} for row in rows)
    found["levers"] = [row for one in gains for row in one.rows()]
    found["calibration"] = [calibration(verdict) for verdict in verdicts]
    frames = {name: _frame(name, rows) for name, rows in found.items()}
    frames["sectors"] = region.tables["works_sectors"].select(list(WORKS_TABLES["sectors"].schema))
    frames["elements"] = region.tables["works_elements"].select(list(WORKS_TABLES["elements"].schema))
    return frames


def _frame(name: str, rows: Rows) -> pl.DataFrame:
    schema = WORKS_TABLES[name].schema
    return pl.DataFrame(rows, schema=pl.Schema(schema)) if rows else WORKS_TABLES[name].empty()


def _of_mode(one: "Scheduled", verdicts: Sequence[Verdict]) -> dict[str, Rows]:
    failed = {verdict.state for verdict in verdicts if not verdict.inside}
    layers = _layers(one.problem, one.schedule.starts, one.schedule.finishes)
    return {
        "schedule": _schedule(one.problem, one.schedule.starts, one.schedule.finishes),
        "levels": _levels(one),
        "finish": [*_finish(one, "list", one.runs, failed), *_finish(one, "again", one.again, failed)],
        "progress": _progress(one),
        "layers": layers,
        "depth": _depth(layers),
        "binding": _binding(one)[0],
        "critical": _binding(one)[1],
        "refresh": _refresh(one.problem, one.schedule.finishes),
        "unfunded": [
            {
                "state": step.state,
                "sector_id": step.sector,
                "element_id": step.element,
                "owner": step.owner,
                "quantity": step.quantity,
                "cost_meur": step.quantity * one.problem.elements[step.element].cost.mode,
            }
            for step in one.problem.unfunded
        ],
    }


def _schedule(problem: Problem, starts: IntArray, finishes: IntArray) -> Rows:
    return [
        {
            "state": step.state,
            "sector_id": step.sector,
            "element_id": step.element,
            "owner": step.owner,
            "step": step.step,
            "start": str(problem.date(starts[i])),
            "finish": str(problem.date(finishes[i])),
            "weeks": round(step.weeks.mode),
            "resource": step.resource or None,
            "cost_meur": sum(step.costs),
            "quantity": step.quantity,
            "weight": step.weight,
        }
        for i, step in enumerate(problem.steps)
    ]


def _levels(one: "Scheduled") -> Rows:
    scale = {"protection": HUNDREDTHS * WEEKS_A_YEAR, "cost": THOUSAND, "finish": 1.0}
    return [
        {
            "level": place,
            "name": level.name,
            "value": level.value / scale[level.name],
            "bound": level.bound / scale[level.name],
            "gap": level.gap,
        }
        for place, level in enumerate(one.schedule.levels, start=1)
    ]


# ---------------------------------------------------------------- finishes and progress


def _finish(one: "Scheduled", policy: str, runs: Simulation, failed: set[str]) -> Rows:
    problem = one.problem
    rows: Rows = []
    planned = finish_of(problem, one.schedule.finishes[None, :], problem.quantities)
    random = finish_of(problem, runs.finishes, problem.quantities)
    for key in sorted(random):
        quantity = problem.quantities[key]
        rows.append(
            _row(problem, policy, key, planned[key], random[key], quantity.target, failed)
            | {"quantity": quantity.planned.mode, "built": quantity.built}
        )
    for state in problem.states:
        targeted = [key for key in random if key[0] == state and problem.quantities[key].target]
        if targeted:
            joined = [np.max([found[key] for key in targeted], axis=0) for found in (planned, random)]
            chance = np.all([random[key] <= _due(problem, key) for key in targeted], axis=0).mean()
            row = _row(problem, policy, (state, ALL), joined[0], joined[1], None, failed)
            rows.append(row | {"quantity": float(len(targeted)), "built": 0.0, "chance": float(chance)})
    return rows


def _due(problem: Problem, key: tuple[str, str]) -> int:
    target = problem.quantities[key].target
    return problem.periods if target is None else problem.week_after(target)


def _row(
    problem: Problem,
    policy: str,
    key: tuple[str, str],
    planned: IntArray,
    weeks: IntArray,
    target: dt.date | None,
    failed: set[str],
) -> dict[str, object]:
    early, middle, late, last = (str(problem.date(w)) for w in np.quantile(weeks, QUANTILES))
    shown = key[0] not in failed
    note = "" if shown else "The forecast of an earlier date missed what came; see the table calibration."
    return {
        "policy": policy,
        "state": key[0],
        "element_id": key[1],
        "target": None if target is None else str(target),
        "planned": str(problem.date(planned[0])),
        "p10": early,
        "p50": middle,
        "p80": late if shown else None,
        "p90": last if shown else None,
        "chance": None if target is None else float((weeks <= _due(problem, key)).mean()),
        "note": note,
    }


def _progress(one: "Scheduled") -> Rows:
    problem = one.problem
    rows: Rows = []
    ends = [
        month_end(year, month)
        for year in range(problem.start.year, problem.date(problem.periods).year + 1)
        for month in QUARTER_MONTHS
    ]
    ends = [end for end in ends if problem.start <= end <= problem.date(problem.periods)]
    weeks = np.array([problem.week_after(end) - 1 for end in ends])
    plan = Simulation(
        one.runs.network, one.runs.durations[:1], one.schedule.starts[None], one.schedule.finishes[None]
    )
    for key in sorted(problem.quantities):
        if problem.quantities[key].planned.mode <= problem.quantities[key].built:
            continue
        planned = installed(problem, plan, key, weeks)[0]
        low, middle, high = np.quantile(installed(problem, one.runs, key, weeks), BAND, axis=0)
        rows.extend(
            {
                "state": key[0],
                "element_id": key[1],
                "date": str(end),
                "planned": planned[i],
                "p10": low[i],
                "p50": middle[i],
                "p90": high[i],
            }
            for i, end in enumerate(ends)
        )
    return rows


# ---------------------------------------------------------------- layers in depth


def _layers(problem: Problem, starts: IntArray, finishes: IntArray) -> Rows:
    """Share of each kind in each sector at each year's end; what stood at the start counts evenly.

    Batches that are not paid for are never done; a sector to which no unit falls has nothing left to build.
    """
    rows: Rows = []
    unfunded = defaultdict[tuple[str, str], float](float)
    for step in problem.unfunded:
        unfunded[step.sector, step.element] += step.quantity
    years = range(problem.start.year, problem.date(problem.periods - 1).year + 1)
    ends = np.array([problem.week_after(dt.date(year, 12, 31)) for year in years])
    batches: dict[tuple[str, str], list[int]] = {}
    for i in problem.installs:
        batches.setdefault((problem.steps[i].sector, problem.steps[i].element), []).append(int(i))
    for (_, element), quantity in problem.quantities.items():
        for sector in quantity.sectors:
            batches.setdefault((sector, element), [])
    for (sector, element), here in sorted(batches.items()):
        state = problem.sectors[sector].state
        quantity = problem.quantities[state, element]
        planned = quantity.planned.mode
        before = min(quantity.built / planned, 1.0) if planned else 1.0
        amounts = np.array([problem.steps[i].quantity for i in here])
        by_now = finishes[np.array(here, dtype=np.int64)][None, :] <= ends[:, None]
        left = amounts.sum() + unfunded[sector, element]
        done = (amounts * by_now).sum(axis=1) / left if left else np.ones(ends.size)
        rows.extend(
            {
                "state": state,
                "sector_id": sector,
                "element_id": element,
                "layer": problem.elements[element].layer,
                "year": year,
                "done": float(before + (1.0 - before) * done[t]),
            }
            for t, year in enumerate(years)
        )
    return rows


def _depth(layers: Rows) -> Rows:
    if not layers:
        return []
    frame = pl.DataFrame(layers).group_by("state", "sector_id", "year", "layer").agg(pl.col("done").min())
    counted = frame.group_by("state", "sector_id", "year").agg(
        (pl.col("done") >= DONE).sum().cast(pl.Int64).alias("layers"),
        pl.len().cast(pl.Int64).alias("planned_layers"),
    )
    return counted.to_dicts()


# ---------------------------------------------------------------- what binds, what ages


def _binding(one: "Scheduled") -> tuple[Rows, Rows]:
    weeks: Rows = []
    critical: Rows = []
    for state in one.problem.states:
        found = binding(one.problem, one.runs, state)
        weeks.extend({"state": state, "what": what, "weeks": value} for what, value in found.weeks.items())
        for i in np.flatnonzero(found.critical >= CRITICAL_SHOWN):
            step = one.problem.steps[i]
            critical.append(
                {
                    "state": step.state,
                    "sector_id": step.sector,
                    "element_id": step.element,
                    "owner": step.owner,
                    "step": step.step,
                    "share": float(found.critical[i]),
                }
            )
    return weeks, _unique(critical)


def _unique(rows: Rows) -> Rows:
    """Keep the greatest share of a step that is on the chains of several states (joint crews)."""
    best: dict[tuple[object, ...], dict[str, object]] = {}
    for row in rows:
        key = tuple(value for name, value in row.items() if name != "share")
        if key not in best or float(str(row["share"])) > float(str(best[key]["share"])):
            best[key] = row
    return list(best.values())


def _refresh(problem: Problem, finishes: IntArray) -> Rows:
    rows: Rows = []
    for key in sorted(problem.quantities):
        found = burden(problem, finishes, key)
        rows.append(
            {
                "state": key[0],
                "element_id": key[1],
                "build_meur": found.build[1],
                "upkeep_meur": found.upkeep[1],
                "refresh_meur": found.refresh[1],
                "refresh_low_meur": found.refresh[2],
                "refresh_high_meur": found.refresh[0],
                "peacetime": problem.elements[key[1]].peacetime,
            }
        )
    return rows


# ---------------------------------------------------------------- levers


@dataclass(frozen=True, slots=True)
class Gain:
    """What a lever gains by state, in months: mean protection, and finish at p50 and p80."""

    lever: "Lever"
    runs: int
    months: Mapping[str, tuple[float, float, float]]

    def rows(self) -> Rows:
        """Return one row a state."""
        return [
            {
                "lever_id": self.lever.lever_id,
                "name": self.lever.name,
                "state": state,
                "months_mean": mean,
                "months_p50": middle,
                "months_p80": late,
                "cost_meur": self.lever.cost_meur,
                "runs": self.runs,
            }
            for state, (mean, middle, late) in self.months.items()
        ]


def first(runs: Simulation, count: int) -> Simulation:
    """Return the first runs of a simulation."""
    return Simulation(runs.network, runs.durations[:count], runs.starts[:count], runs.finishes[:count])


def gain(before: Problem, base: Simulation, after: Problem, found: Simulation, lever: "Lever") -> Gain:
    """Compare two simulations with the same random numbers, state by state."""
    months = {}
    for state in before.states:
        earlier = [_worth(what, runs, state) for what, runs in ((before, base), (after, found))]
        (mean, done), (mean_after, done_after) = earlier
        middle, late = (float(np.quantile(done, q) - np.quantile(done_after, q)) for q in (0.5, 0.8))
        gained = mean - mean_after, middle, late
        months[state] = (MONTHS_A_WEEK * gained[0], MONTHS_A_WEEK * gained[1], MONTHS_A_WEEK * gained[2])
    return Gain(lever, base.finishes.shape[0], months)


def _worth(problem: Problem, runs: Simulation, state: str) -> tuple[float, FloatArray]:
    """Mean week of protection over weighted kilometres and runs; finish of all kinds with a target."""
    weight = np.array([step.weight * (step.state == state) for step in problem.steps])
    mean = float((runs.finishes @ weight).mean() / max(weight.sum(), 1e-9))
    targeted = [key for key, one in problem.quantities.items() if key[0] == state and one.target]
    found = finish_of(problem, runs.finishes, targeted)
    done = np.max(list(found.values()), axis=0) if found else np.zeros(runs.finishes.shape[0])
    return mean, done


def calibration(verdict: Verdict) -> dict[str, object]:
    """Return one verdict as a row."""
    return {
        "state": verdict.state,
        "element_id": verdict.element,
        "known_until": str(verdict.known_until),
        "date": str(verdict.date),
        "fact": verdict.fact,
        "p05": verdict.low,
        "p50": verdict.middle,
        "p95": verdict.high,
        "inside": verdict.inside,
    }

"""How far each uncertain input moves debt, and how far the sample of the shocks moves the fan."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Final

import numpy as np
import polars as pl

from vallum.model.finance.fan import FEWEST_QUARTERS, Sampling, fan, shocks
from vallum.model.finance.problem import Anchors, FloatArray, Problem
from vallum.model.finance.projection import project
from vallum.model.finance.scenarios import POLICIES, paths
from vallum.plan.fiscal.frames import by_state, joined
from vallum.plan.fiscal.tables import LEVEL_NAMES
from vallum.region import Region

__all__ = ["samples", "sensitivity"]

JUDGED: Final = ("plan", "five")
"""Policies whose debt is tested."""

SETTINGS: Final = ("multiplier", "defence_multiplier", "related_new_share")
"""Settings with a range that debt rests on under every policy."""

STARTS: Final = (None, "2004Q1", "2011Q1")
"""First quarters of the sample: all, without the years before accession, without 2008 to 2010."""

SAMPLINGS: Final[tuple[Sampling, ...]] = ("normal", "blocks")

SAMPLED_YEARS: Final = (2031, 2035, 2040)


def sensitivity(problem: Problem, region: Region) -> pl.DataFrame:
    """Return debt in the last year with one input at a time at the ends of its range."""
    parts = []
    for name in JUDGED:
        same = {"policy": name, "year": int(problem.years[-1]), "debt": _debt(problem, name)}
        for label, low, high in ends(problem, region):
            moved = {"debt_at_low": _debt(low, name), "debt_at_high": _debt(high, name)}
            parts.append(by_state(problem, {**same, "input": label, **moved}))
    return joined("sensitivity", parts)


def _debt(problem: Problem, policy: str) -> FloatArray:
    return project(problem, paths(problem, POLICIES[policy])).debt[:, -1]


def ends(problem: Problem, region: Region) -> Iterator[tuple[str, Problem, Problem]]:
    """Give each uncertain input with the problem at its low and at its high end."""
    for name in SETTINGS:
        low, high = (
            replace(problem, settings={**problem.settings, name: end}) for end in problem.ranges[name]
        )
        yield name, low, high
    yield "market rates", _at_rates(problem, region, "low"), _at_rates(problem, region, "high")
    yield "defence budget", _at_budget(problem, region, "low"), _at_budget(problem, region, "high")
    loans = problem.loans
    cheap, dear = (replace(loans, rate=rate) for rate in (loans.rate_low, loans.rate_high))
    less, more = (replace(loans, additional=end) for end in _additional(problem, region))
    yield "SAFE spent on top of the budget", replace(problem, loans=less), replace(problem, loans=more)
    yield "SAFE rate", replace(problem, loans=cheap), replace(problem, loans=dear)


def _additional(problem: Problem, region: Region) -> tuple[FloatArray, FloatArray]:
    """Ends of the part of each loan that is spent on top of the budget, each of shape (S,)."""
    rows = {row["state"]: row for row in region.tables["safe_loans"].iter_rows(named=True)}

    def end(name: str) -> FloatArray:
        found = [rows.get(state, {}).get(f"additional_share_{name}") for state in problem.states]
        given = zip(found, problem.loans.additional, strict=True)
        return np.array([value if known is None else known for known, value in given])

    return end("low"), end("high")


def _at_rates(problem: Problem, region: Region, end: str) -> Problem:
    rows = region.tables["market_rates"].sort("year")

    def anchors(column: str) -> Anchors:
        filled = rows.with_columns(pl.coalesce(f"{column}_{end}", column).alias(column))
        parts = [filled.filter(state=state) for state in problem.states]
        return Anchors(
            tuple(part["year"].cast(pl.Float64).to_numpy() for part in parts),
            tuple(part[column].to_numpy() for part in parts),
        )

    return replace(problem, rate_short=anchors("rate_short_pct"), rate_long=anchors("rate_long_pct"))


def _at_budget(problem: Problem, region: Region, end: str) -> Problem:
    purses = region.tables["purses"].with_columns(
        (pl.coalesce(f"defence_meur_{end}", "defence_meur") / pl.col("defence_meur")).alias("#ratio")
    )
    plan = problem.plan.copy()
    place = {state: i for i, state in enumerate(problem.states)}
    for state, year, ratio in purses.select("state", "year", "#ratio").iter_rows():
        if state in place and problem.years[0] <= year <= problem.years[-1] and ratio is not None:
            plan[place[state], year - problem.years[0]] *= ratio
    return replace(problem, plan=plan)


def samples(problem: Problem, *, paths_drawn: int, seed: int) -> pl.DataFrame:
    """Return the fan of the plan by the sample of its shocks, and by how they are drawn.

    The years 2008 to 2010 dominate the covariance of the whole sample even after winsorising.
    """
    result = project(problem, paths(problem, POLICIES["plan"]))
    parts = []
    for start in STARTS:
        if start is not None and not _long_enough(problem, start):
            continue
        for sampling in SAMPLINGS:
            drawn = shocks(problem, paths_drawn, seed=seed, start=start, sampling=sampling)
            opened = fan(problem, result, drawn)
            for year in SAMPLED_YEARS:
                t = problem.column(year)
                if t < problem.years.size:
                    values: Mapping[str, FloatArray | str | int] = {
                        "start": start or "all", "sampling": sampling, "year": year,
                        **{level: opened.debt[:, i, t] for i, level in enumerate(LEVEL_NAMES)},
                    }  # fmt: skip
                    parts.append(by_state(problem, values))
    return joined("samples", parts)


def _long_enough(problem: Problem, start: str) -> bool:
    counts = [np.sum([quarter >= start for quarter in quarters]) for quarters in problem.quarters]
    return bool(min(counts) >= FEWEST_QUARTERS)

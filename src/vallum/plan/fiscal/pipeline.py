"""From a region, and a plan of purchases if there is one, to a fiscal outlook on disk."""

import importlib.metadata
import math
import platform
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np
import polars as pl

from vallum.core.errors import BadInput
from vallum.model.finance.fan import Sampling, shocks
from vallum.model.finance.problem import Problem
from vallum.model.finance.reader import problem
from vallum.model.finance.scenarios import POLICIES
from vallum.plan.files import exists, read_json
from vallum.plan.fiscal import impact
from vallum.plan.fiscal.defer import deferrals, replan, tighter
from vallum.plan.fiscal.frames import joined
from vallum.plan.fiscal.outlook import Case, case, cases, loan_tables, outlook_tables, region_tables
from vallum.plan.fiscal.reference import beside
from vallum.plan.fiscal.sensitivity import samples, sensitivity
from vallum.plan.fiscal.solidarity import breaches, combined, ended, lost
from vallum.plan.fiscal.store import FISCAL, Outlook
from vallum.plan.pipeline import ProgressEvent
from vallum.plan.results import canonical, write_results
from vallum.plan.store import Plan, read_plans
from vallum.region import Region
from vallum.solve import Limits

__all__ = ["Replan", "make"]

#: Inputs that a plan of purchases keeps and that its outlays rest on.
PLANNED: Final = ("settings", "states", "purses", "safe_loans")
#: Paths of each sample that is compared.
SAMPLED_PATHS: Final = 10_000
LIBRARIES: Final = ("dataframely", "numpy", "polars")


@dataclass(frozen=True, slots=True)
class Replan:
    """Plan again with the tighter purse that an end of solidarity leaves.

    Attributes
    ----------
    ends : tuple of str
        What ends; see `vallum.plan.fiscal.solidarity.ENDS`.
    limits : Limits
        Limits of the planner.
    """

    ends: tuple[str, ...]
    limits: Limits


def make(
    region: Region,
    *,
    plan: Path | None = None,
    out: Path | None = None,
    paths: int = 10_000,
    seed: int = 0,
    start: str | None = None,
    sampling: Sampling = "normal",
    again: Replan | None = None,
    progress: Callable[[ProgressEvent], None] | None = None,
) -> Outlook:
    """Compute the fiscal outlook of a region.

    Parameters
    ----------
    region : Region
        A sound region with the fiscal tables.
    plan : Path, optional
        Folder of a plan of purchases of the same members. Its purses and loans stand for the region's.
    out : Path, optional
        Folder to write; ``fiscal`` within the plan's folder unless given. Nothing is written without both.
    paths : int
        Random paths of the fan.
    seed : int
        Seed of the paths.
    start : str, optional
        First quarter of the shocks' sample, such as ``2010Q1``.
    sampling : {"normal", "blocks"}
        How shocks are drawn.
    again : Replan, optional
        Also plan again with the tighter purse; asks for `plan`.
    progress : callable, optional
        Called with a `ProgressEvent` as each stage begins, and by the re-plan.

    Returns
    -------
    Outlook

    Raises
    ------
    BadInput
        If the region has no fiscal tables, the plan is of other members, `out` holds anything else, or
        there is no plan to plan again.
    """
    if again is not None and plan is None:
        raise BadInput(
            "Only a plan of purchases can be planned again",
            where="--replan",
            rule="plan_folder",
            remedy="Give the plan's folder with --plan.",
        )
    began = time.perf_counter()

    def tell(name: str) -> None:
        if progress is not None:
            progress(ProgressEvent(name, "fiscal", time.perf_counter() - began, None, None))

    tell("reading")
    plans = {} if plan is None else read_plans(plan)
    used = planned(region, plans)
    what = problem(used)
    work = _Work(used, what, plans, None if plan is None else equal_capability(plan))
    tell("drawing shocks")
    drawn = shocks(what, paths, seed=seed, start=start, sampling=sampling)
    tell("projecting")
    found = cases(what, work.outlays)
    tables = outlook_tables(what, found, drawn)
    tell("loans, rules and criteria")
    tables |= loan_tables(what, found, seed=seed) | region_tables(what, used, found, drawn)
    tables["reference"] = beside(what, used, found)
    tell("what is uncertain")
    tables["sensitivity"] = sensitivity(what, used)
    tables["samples"] = samples(what, paths_drawn=min(paths, SAMPLED_PATHS), seed=seed)
    tell("the end of solidarity")
    tables |= work.of_plans(found)
    if again is not None:
        tell("planning again with the tighter purse")
        tables |= work.again(again, progress)
    manifest = {
        "region": {"name": region.name, "title": region.title, "content_hash": region.content_hash},
        "plan": {mode: _identity(one) for mode, one in plans.items()} or None,
        "paths": paths,
        "seed": seed,
        "start": start,
        "sampling": sampling,
        "again": None if again is None else combined(again.ends),
        "vallum_version": importlib.metadata.version("vallum"),
        "versions": {name: importlib.metadata.version(name) for name in LIBRARIES},
    }
    run = {
        "written": datetime.now(UTC).isoformat(timespec="seconds"),
        "seconds": time.perf_counter() - began,
        "python": platform.python_version(),
    }
    whole = Outlook(manifest, run, canonical(FISCAL, tables))
    target = out if out is not None else None if plan is None else plan / FISCAL.kind
    tell("writing" if target is not None else "done")
    return whole if target is None else write_results(FISCAL, target, whole)


def planned(region: Region, plans: Mapping[str, Plan]) -> Region:
    """Return the region with the purses and loans of a plan.

    Raises
    ------
    BadInput
        If the plans are of other members than the region, or of two regions.
    """
    region.require_sound()
    if not plans:
        return region
    hashes = {plan.manifest["region"]["content_hash"] for plan in plans.values()}
    first = next(iter(plans.values()))
    members = [set(_members(frame)) for frame in (region.tables["states"], first.inputs["states"])]
    if len(hashes) > 1 or members[0] != members[1]:
        raise BadInput(
            f"The plan is of {', '.join(sorted(members[1]))}, the region of {', '.join(sorted(members[0]))}"
            if members[0] != members[1]
            else "The plans alone and together were made from different data",
            where=str(first.path),
            rule="plan_of_region",
            remedy="Give the region that was planned, and a folder of one run of `vallum plan`.",
        )
    if hashes == {region.content_hash}:
        return region
    taken = {name: first.inputs[name] for name in PLANNED}
    draws = _within(region.tables["safe_draws"], taken["safe_loans"])
    return region.replace(**taken, safe_draws=draws).require_sound()


def _within(draws: pl.DataFrame, loans: pl.DataFrame) -> pl.DataFrame:
    """Return expected draws in proportion to loans that may be smaller than those they were expected of."""
    known = loans.select("state", pl.col("adopted_loan_meur").fill_null(0.0).alias("#loan"))
    drawn = pl.col("draw_meur").sum().over("state")
    share = pl.when(drawn > pl.col("#loan")).then(pl.col("#loan") / drawn).otherwise(1.0)
    return (
        draws.join(known, on="state", how="inner", maintain_order="left")
        .filter(pl.col("#loan") > 0.0)
        .with_columns(share.alias("#share"))
        .with_columns(pl.col("draw_meur", "delivered_meur") * pl.col("#share"))
        .select(draws.columns)
    )


def _members(states: pl.DataFrame) -> list[str]:
    return list(states.filter(role="member")["state"])


def _identity(plan: Plan) -> dict[str, Any]:
    tables = plan.manifest["tables"]
    return {"mode": plan.mode, "payments": tables["tables/payments"]["sha256"]}


def equal_capability(folder: Path) -> Mapping[str, Any] | None:
    """Return what compare.json says of the cost of the same capability; None where it says nothing."""
    path = folder / "compare.json"
    if not exists(path):
        return None
    found = read_json(path).get("same_capability")
    if found is None:
        return None
    try:
        low, high = found["interval"]
        good = all(map(_amount, (found["national_cost_meur"], found["difference_meur"], low, high)))
    except (KeyError, TypeError, ValueError):
        good = False
    if not good:
        raise BadInput(
            "What it says of the cost of the same capability is damaged",
            where=str(path),
            rule="plan_folder",
            remedy="Plan both ways again with `vallum plan REGION --mode both`.",
        )
    return dict(found)


def _amount(value: object) -> bool:
    """Tell whether a value is an amount, or unknown."""
    return value is None or (
        isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    )


class _Work:
    """What one call of `make` knows of the plans of purchases."""

    def __init__(
        self, region: Region, what: Problem, plans: Mapping[str, Plan], equal: Mapping[str, Any] | None
    ) -> None:
        self.region, self.problem, self.plans, self.equal = region, what, plans, equal
        self.outlays = {mode: impact.outlays_of(what, plan) for mode, plan in plans.items()}

    @property
    def main(self) -> Literal["national", "joint"]:
        """The plan that is planned again: together where it is there."""
        return "joint" if "joint" in self.plans else "national"

    def of_plans(self, found: list[Case]) -> dict[str, pl.DataFrame]:
        """Return the tables that speak of what a plan does, and of what ends."""
        kept = {one.source: one for one in found if one.policy.name == "plan"}
        tables = {
            "breaches": joined("breaches", [breaches(self.problem, s, one.out) for s, one in kept.items()]),
            "marginal": joined(
                "marginal", [impact.marginal(self.problem, one, self.plans.get(s)) for s, one in kept.items()]
            ),
            "returns": joined(
                "returns", [impact.returns_of(self.problem, mode, plan) for mode, plan in self.plans.items()]
            ),
        }
        if {"national", "joint"} <= set(self.plans):
            tables["fragmentation"] = impact.fragmentation(
                self.problem, kept["national"], kept["joint"], self.plans, self.equal
            )
        return tables

    def again(
        self, asked: Replan, progress: Callable[[ProgressEvent], None] | None
    ) -> dict[str, pl.DataFrame]:
        """Plan again with the tighter purse."""
        out, policy = self.outlays[self.main], ended(asked.ends)
        before = case(self.problem, self.main, ended(()), out).result
        after = case(self.problem, self.main, policy, out).result
        plan = self.plans[self.main]
        region = self.region.replace(**plan.inputs).require_sound()
        taken = lost(self.problem, before, after)
        less = tighter(self.problem, region, plan, taken, policy)
        # A search within limits finds another of many plans of like worth; what it changes by itself shows in
        # a re-plan with the purse as it is, and the tighter one is held against that.
        same = tighter(self.problem, region, plan, np.zeros_like(taken), POLICIES["plan"])
        kept, new = (replan(one.region, self.main, asked.limits, progress) for one in (same, less))
        return {"tighter": less.table, "deferrals": deferrals(kept, new)}

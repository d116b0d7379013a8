"""Which programmes give way when the purse gets tighter: a re-plan, and what it changed."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal

import polars as pl

from vallum.model.finance.problem import FloatArray, Problem
from vallum.model.finance.scenarios import Policy
from vallum.plan.fiscal.frames import by_year, joined
from vallum.plan.pipeline import ProgressEvent
from vallum.plan.pipeline import make as make_plan
from vallum.plan.store import Plan, read_plan
from vallum.region import Region
from vallum.solve import Limits

__all__ = ["Tighter", "deferrals", "replan", "tighter"]

SAME = 0.005
"""Quantities that differ by less than this share are the same."""

SAME_YEAR = 0.25
"""Mean order years that differ by less are the same."""


@dataclass(frozen=True, slots=True)
class Tighter:
    """A region with tighter purses.

    Attributes
    ----------
    region : Region
        The region of the re-plan.
    table : polars.DataFrame
        The purses before and after, as the table `tighter`.
    """

    region: Region
    table: pl.DataFrame


def tighter(problem: Problem, region: Region, plan: Plan, lost: FloatArray, policy: Policy) -> Tighter:
    """Take the plan's part of a loss off the purses, and end SAFE draws where the policy ends SAFE.

    What the plan buys is all that may be bought: no programme is added, enlarged or ordered before its
    first order in the plan. Still not all that the re-plan changes is asked for by the tighter purse: the
    planner stops within its gap and limits, and another plan may be as good.

    Parameters
    ----------
    problem : Problem
    region : Region
        The region that was planned.
    plan : Plan
        The plan.
    lost : FloatArray, shape (S, T)
        Loss of the state, % of GDP.
    policy : Policy
        What ends.

    Returns
    -------
    Tighter
        A purse falls by the setting ``plan_bears_share`` of the loss, at most to nought.
    """
    purses = region.tables["purses"]
    losses = by_year(problem, {"#lost": lost})
    share = problem.number("plan_bears_share")
    joint = purses.join(losses, on=["state", "year"], how="left", maintain_order="left").with_columns(
        (pl.col("#lost").fill_null(0.0) / 100.0 * pl.col("gdp_real_meur").fill_null(0.0)).alias("lost_meur")
    )
    tight = joint.with_columns(
        (pl.col("plannable_meur") - share * pl.col("lost_meur")).clip(lower_bound=0.0).alias("tight_meur")
    )
    table = joined("tighter", [tight.select("state", "year", "plannable_meur", "lost_meur", "tight_meur")])
    cut = tight.with_columns(
        pl.col("tight_meur").alias("plannable_meur"),
        pl.min_horizontal("plannable_meur_low", "tight_meur").alias("plannable_meur_low"),
    ).select(purses.columns)
    loans = region.tables["safe_loans"]
    if policy.safe_ends:
        last = pl.lit(int(problem.number("safe_end_year")) - 1)
        end = pl.max_horizontal(pl.min_horizontal("window_to", last), "window_from")
        loans = loans.with_columns(end.alias("window_to"))
    changed = region.replace(
        purses=cut,
        safe_loans=loans,
        safe_draws=region.tables["safe_draws"].clear(),
        **_bought(region, plan),
    )
    return Tighter(changed.require_sound(), table)


def _bought(region: Region, plan: Plan) -> dict[str, pl.DataFrame]:
    """Return the programmes and memberships of a region, held to what a plan buys."""
    orders = plan.tables["orders"].filter(pl.col("quantity") > 0.0)
    keys = ["programme_id", "state"]
    totals = orders.group_by(keys).agg(pl.col("quantity").sum().alias("#total"))
    first = orders.group_by("programme_id").agg(pl.col("year").min().alias("#first"))
    joined_by = region.tables["programme_states"]
    members = joined_by.join(totals, on=keys, how="inner", maintain_order="left").with_columns(
        pl.min_horizontal("max_quantity", "#total").alias("max_quantity")
    )
    programmes = region.tables["programmes"]
    later = programmes.join(first, on="programme_id", how="left", maintain_order="left").with_columns(
        pl.max_horizontal("start_earliest", "#first").alias("start_earliest")
    )
    return {
        "programme_states": members.select(joined_by.columns),
        "programmes": later.select(programmes.columns),
    }


def replan(
    region: Region,
    mode: Literal["national", "joint"],
    limits: Limits,
    progress: Callable[[ProgressEvent], None] | None = None,
) -> Plan:
    """Plan a region again in one mode, without keeping the folder."""
    with TemporaryDirectory(prefix="vallum-") as folder:
        place = Path(folder) / "plan"
        make_plan(region, mode=mode, limits=limits, out=place, progress=progress)
        return read_plan(place)


def deferrals(before: Plan, after: Plan) -> pl.DataFrame:
    """Say for each state and programme what the tighter purse did to its orders."""
    both = _orders(before).join(
        _orders(after), on=["state", "programme_id"], how="full", coalesce=True, suffix="_tight"
    )
    filled = both.with_columns(pl.col("quantity", "quantity_tight", "value_meur").fill_null(0.0))
    more, less = pl.col("quantity_tight"), pl.col("quantity")
    later = pl.col("year_tight") - pl.col("year")
    verdict = (
        pl.when(less == 0.0)
        .then(pl.lit("added"))
        .when(more == 0.0)
        .then(pl.lit("dropped"))
        .when(later > SAME_YEAR)
        .then(pl.lit("deferred"))
        .when(more < (1.0 - SAME) * less)
        .then(pl.lit("reduced"))
        .when(later < -SAME_YEAR)
        .then(pl.lit("brought forward"))
        .otherwise(pl.lit("kept"))
    )
    return joined("deferrals", [filled.with_columns(verdict.alias("verdict"))])


def _orders(plan: Plan) -> pl.DataFrame:
    orders = plan.tables["orders"].filter(pl.col("quantity") > 0.0)
    weight = pl.col("quantity")
    return orders.group_by("state", "programme_id").agg(
        weight.sum(),
        ((pl.col("year") * weight).sum() / weight.sum()).alias("year"),
        pl.col("value_meur").sum(),
    )

"""More of anything never makes the shortfall worse, on small regions solved to proven optimality."""

from collections.abc import Callable
from functools import cache

import polars as pl
import pytest

from vallum.model.procurement import problem, solve
from vallum.region import Region
from vallum.region.synthetic import small
from vallum.solve import Limits

PROOF = Limits(time_limit=60, gap=0.0, seed=0)
SEEDS = range(300, 308)


def shortfall(region: Region, mode: str) -> float:
    level = solve(problem(region), mode=mode, limits=PROOF).levels[0]
    assert level.value - level.bound <= 1e-6, "not proven"
    return level.value


@cache
def before(seed: int, mode: str) -> float:
    return shortfall(small(seed), mode)


def more_money(region: Region) -> Region:
    richer = pl.col("plannable_meur") * 1.3
    return region.replace(
        purses=region.tables["purses"].with_columns(richer, equipment_meur=pl.col("equipment_meur") * 1.3)
    )


def more_capacity(region: Region) -> Region:
    return region.replace(line_capacity=region.tables["line_capacity"].with_columns(pl.col("capacity") * 1.5))


def higher_loan(region: Region) -> Region:
    more = [pl.col(name) * 2 for name in ("allocation_meur", "adopted_loan_meur", "prefinancing_meur")]
    return region.replace(safe_loans=region.tables["safe_loans"].with_columns(more))


def more_coalitions(region: Region) -> Region:
    """Every member may join every programme that one of them may join."""
    given = region.tables["programme_states"]
    members = region.tables["states"].filter(pl.col("role") == "member").select("state")
    largest = given.group_by("programme_id").agg(pl.all().exclude("state").sort_by("max_quantity").last())
    added = largest.join(members, how="cross").join(given, on=["programme_id", "state"], how="anti")
    return region.replace(programme_states=pl.concat([given, added.select(given.columns)]))


@pytest.mark.parametrize("change", [more_money, more_capacity, higher_loan, more_coalitions])
@pytest.mark.parametrize("seed", SEEDS)
def test_more_is_never_worse(seed: int, change: Callable[[Region], Region]) -> None:
    region = change(small(seed)).require_sound()
    for mode in ("national", "joint"):
        assert shortfall(region, mode) <= before(seed, mode) + 1e-6, mode


@pytest.mark.parametrize("seed", SEEDS)
def test_joint_is_never_worse_than_national(seed: int) -> None:
    assert before(seed, "joint") <= before(seed, "national") + 1e-6

"""The region that ships, at its real size: planned both ways by a fixed amount of work, then audited."""

from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest

from vallum.plan import make
from vallum.plan.audit import audit, audit_plan
from vallum.plan.store import Plan, read_plans
from vallum.region import Region
from vallum.solve import Limits

#: No clock, so that a slow machine finds the same plan.
WORK = Limits(time_limit=None, work=4)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("baltic") / "out"
    make(Region.read("baltic"), limits=WORK, out=out)
    return out


@pytest.fixture(scope="module")
def plans(folder: Path) -> dict[str, Plan]:
    return read_plans(folder)


def level_one(plan: Plan) -> dict[str, float]:
    return plan.tables["levels"].row(0, named=True)


def test_every_rule_holds(folder: Path) -> None:
    result = audit(folder)
    assert result.ok, [violation.sentence for violation in result.violations][:5]
    assert result.checked > 50_000


def test_the_search_is_near_its_bound(plans: dict[str, Plan]) -> None:
    # buying nothing leaves about 400 gap-years; the large path must come close to the bound
    assert level_one(plans["national"])["gap"] < 0.05
    assert level_one(plans["joint"])["gap"] < 0.10


def test_together_is_not_worse_than_alone(plans: dict[str, Plan]) -> None:
    assert level_one(plans["joint"])["value"] <= level_one(plans["national"])["value"]
    pooled = plans["joint"].tables["choices"].filter(pl.col("pooled"))
    assert pooled.height > 10


def test_a_cent_too_many_is_seen(plans: dict[str, Plan]) -> None:
    plan = plans["joint"]
    spent = pl.when(pl.int_range(pl.len()) == pl.col("spend_meur").arg_max())
    money = plan.tables["money"].with_columns(
        spend_meur=spent.then(pl.col("spend_meur") + 2e-8).otherwise("spend_meur")
    )
    broken = audit_plan(replace(plan, tables={**plan.tables, "money": money}))
    assert "purse" in {violation.rule for violation in broken.violations}

"""Plans made by the whole pipeline pass the audit; planted faults in them do not."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest

from vallum.plan import make
from vallum.plan.audit import audit, audit_plan
from vallum.plan.compare import compare
from vallum.plan.store import Plan, read_plans
from vallum.region import Region
from vallum.region.synthetic import small
from vallum.solve import Limits

Change = Callable[[pl.DataFrame], pl.DataFrame]


def first(column: str, change: Callable[[pl.Expr], pl.Expr]) -> Change:
    """Change one column of the first row."""
    here = pl.int_range(pl.len()) == 0
    return lambda frame: frame.with_columns(
        pl.when(here).then(change(pl.col(column))).otherwise(column).alias(column)
    )


FAULTS: dict[str, tuple[str, Change]] = {
    "coalition": ("choices", first("participants", lambda value: value + 1)),
    "price": ("orders", first("unit_price_meur", lambda value: value * 0.99)),
    "order": ("orders", first("quantity", lambda value: value + 0.3)),
    "introduction": ("orders", first("introduction_share", lambda value: value / 2)),
    "delivery": ("deliveries", first("year", lambda value: value + 1)),
    "payment": ("payments", first("amount_meur", lambda value: value - 2e-8)),
    "purse": ("money", first("carry_out_meur", lambda value: value + 1000)),
    "safe": ("choices", first("safe_eligible", lambda value: ~value)),
    "debt_service": ("money", first("service_meur", lambda value: value + 1)),
    "line": ("lines", first("available", lambda value: value + 1)),
    "crew": ("crews", first("free", lambda value: value + 1)),
    "connection": ("nodes", first("supply", lambda value: value + 1)),
    "shortfall": ("stock", first("counted", lambda value: value + 1)),
    "types": ("types", lambda frame: frame.tail(-1)),
    "levels": ("levels", lambda frame: frame.with_columns(bound=pl.col("value") + 1)),
}


@pytest.fixture(scope="module")
def plans(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Plan]:
    out = tmp_path_factory.mktemp("toy") / "out"
    make(Region.read("toy"), limits=Limits(time_limit=20.0), out=out)
    assert audit(out).ok, [violation.sentence for violation in audit(out).violations]
    return read_plans(out)


@pytest.fixture(scope="module")
def rich(tmp_path_factory: pytest.TempPathFactory) -> Plan:
    """A joint plan with schools, nodes, SAFE draws and several coalitions."""
    out = tmp_path_factory.mktemp("rich") / "out"
    make(small(20), mode="joint", limits=Limits(time_limit=20.0, gap=0.0), out=out)
    return read_plans(out)["joint"]


def test_planning_together_is_never_worse(plans: dict[str, Plan]) -> None:
    found = compare(plans["national"], plans["joint"])["same_money"]
    assert found["difference"] >= 0


@pytest.mark.parametrize("rule", FAULTS)
def test_names_a_fault_planted_in_a_real_plan(rule: str, rich: Plan) -> None:
    plan, (name, change) = rich, FAULTS[rule]
    assert plan.tables[name].height, f"the plan has no {name}"
    assert audit_plan(plan).ok
    broken = audit_plan(replace(plan, tables={**plan.tables, name: change(plan.tables[name])}))
    assert rule in {violation.rule for violation in broken.violations}


def test_the_plan_is_left_as_it_was_read(plans: dict[str, Plan]) -> None:
    assert all(Path(plan.path).is_dir() and audit_plan(plan).ok for plan in plans.values())

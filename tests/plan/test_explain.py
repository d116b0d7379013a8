"""Questions to a plan on disk: names, and the same answers again."""

from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest

from vallum.core.errors import BadInput
from vallum.plan import make
from vallum.plan.explain import Explainer
from vallum.plan.pick import pick_plan
from vallum.region import Region
from vallum.solve import Cancel, Limits

NO_CLOCK = Limits(time_limit=None, work=400)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("explained") / "plan"
    make(Region.read("toy"), mode="both", limits=Limits(time_limit=10), out=out)
    return out


def test_without_a_clock_the_same_plan_gives_the_same_answers(folder: Path) -> None:
    first, second = (Explainer(pick_plan(folder), NO_CLOCK) for _ in range(2))
    assert first.holds() == second.holds()
    assert first.why_not("BUY_Y", "ND") == second.why_not("BUY_Y", "ND")
    assert first.why("BUY_X") == second.why("BUY_X")


def test_names_stand_beside_identifiers(folder: Path) -> None:
    asked = Explainer(pick_plan(folder, "national"), NO_CLOCK)
    assert asked.named("MD joins BUY_X at most once") == "MD joins BUY_X (Four sections X) at most once"
    assert asked.named("(BUY_X, BUY_Y) in 2030") == (
        "(BUY_X (Four sections X), BUY_Y (Four sections Y)) in 2030"
    )
    assert asked.choice(0, 3)["coalition"] == list(asked.stand.problem.states[:2])


def test_a_list_that_is_cancelled_says_that_it_is_not_finished(folder: Path) -> None:
    cancel = Cancel()
    asked = Explainer(pick_plan(folder), NO_CLOCK, cancel)
    cancel.set()
    answer = asked.holds()
    assert answer["holds"] == []
    assert not answer["finished"]


@pytest.mark.parametrize("change", [pl.col("quantity") * 50, pl.lit("QQ").alias("state")])
def test_a_plan_whose_orders_do_not_fit_its_tables_is_refused(folder: Path, change: pl.Expr) -> None:
    plan = pick_plan(folder)
    tables = {**plan.tables, "orders": plan.tables["orders"].with_columns(change)}
    with pytest.raises(BadInput, match="do not fit"):
        Explainer(replace(plan, tables=tables), NO_CLOCK)


def test_the_mode_has_to_be_there(folder: Path) -> None:
    assert pick_plan(folder).mode == "joint"
    assert pick_plan(folder / "national").mode == "national"
    with pytest.raises(BadInput, match="no joint plan"):
        pick_plan(folder / "national", "joint")

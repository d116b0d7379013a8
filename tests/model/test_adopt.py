"""A plan adopted as a start is not worse than it was."""

import numpy as np
import pytest

from vallum.model.procurement import Mode, Problem, Solution, Standing, problem, solve
from vallum.model.procurement.adopt import adopt
from vallum.model.procurement.formulation import Formulation, formulate
from vallum.model.procurement.pricing import blocks
from vallum.model.procurement.search import Restricted
from vallum.region.synthetic import small, synthetic
from vallum.solve import Budget, Limits

OPEN = np.array([float("inf"), float("inf")])


def planned(model: Problem, mode: Mode, work: int = 40) -> tuple[Solution, Standing]:
    made = solve(model, mode, Limits(time_limit=None, work=work))
    tables = made.tables
    return made, Standing(tables["orders"], tables["expansions"], tables["schools"])


def adopted(model: Problem, mode: Mode, standing: Standing) -> tuple[Formulation, np.ndarray]:
    form = formulate(model, blocks(model, mode), mode)
    choices, values = adopt(form, standing)
    start = Restricted(form, 0, OPEN, form.columns_of(choices), Budget(Limits(time_limit=None)), whole=True)
    plan = start.repeat(values)
    assert plan is not None
    return form, plan


@pytest.mark.parametrize("seed", range(12))
def test_national_plan_in_the_joint_model(seed: int) -> None:
    model = problem(small(seed))
    made, standing = planned(model, "national")
    form, plan = adopted(model, "joint", standing)
    gap_years = made.tables["stock"]["gap_years"].sum()
    assert form.costs[0] @ plan <= gap_years + 1e-6
    assert len(form.chosen(plan)) == made.tables["choices"].height


@pytest.mark.parametrize("mode", ["national", "joint"])
@pytest.mark.parametrize("seed", [1, 3, 7])
def test_plan_in_its_own_model(seed: int, mode: Mode) -> None:
    model = problem(small(seed))
    made, standing = planned(model, mode)
    form, plan = adopted(model, mode, standing)
    assert form.costs[0] @ plan <= made.tables["stock"]["gap_years"].sum() + 1e-6


def test_joint_search_from_a_national_plan_is_never_worse() -> None:
    model = problem(synthetic(states=3, programmes=12, years=8))
    made, standing = planned(model, "national", work=4)
    joint = solve(model, "joint", Limits(time_limit=None, work=4), standing=standing)
    national_gap = made.tables["stock"]["gap_years"].sum()
    assert joint.levels[0].value <= national_gap + 1e-6


def test_nothing_bought_is_adopted_as_nothing() -> None:
    model = problem(small(1))
    _, standing = planned(model, "national")
    none = Standing(standing.orders.clear(), standing.expansions.clear(), standing.schools.clear())
    form, plan = adopted(model, "joint", none)
    assert len(form.chosen(plan)) == 0
    assert form.costs[1] @ plan == pytest.approx(0.0, abs=1e-6)

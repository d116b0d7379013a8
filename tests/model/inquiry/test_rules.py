"""Words for rules."""

import numpy as np
import pytest

from vallum.model.procurement import Standing, problem, solve
from vallum.model.procurement.inquiry.rules import GRAINS, coarser, groups_of, whole_units, years_said
from vallum.model.procurement.inquiry.standing import Stand, stand
from vallum.region.synthetic import small
from vallum.solve import Budget, Limits


@pytest.fixture(scope="module")
def asked() -> Stand:
    model = problem(small(4))
    plan = solve(model, "joint", Limits(time_limit=30, gap=0.0))
    tables = Standing(*(plan.tables[name] for name in ("orders", "expansions", "schools")))
    return stand(model, "joint", tables, Budget(Limits(time_limit=None)))


@pytest.mark.parametrize(
    ("years", "said"),
    [
        ((), ""),
        ((2027,), "2027"),
        ((2027, 2028), "2027 and 2028"),
        ((2027, 2028, 2029), "2027 to 2029"),
        ((2026, 2028, 2029, 2030, 2033), "2026, 2028 to 2030, 2033"),
    ],
)
def test_years_are_said_in_runs(years: tuple[int, ...], said: str) -> None:
    assert years_said(years) == said


def test_every_grain_has_the_same_rows(asked: Stand) -> None:
    model = asked.model(asked.chosen)
    finest = [*groups_of(model), *whole_units(model)]
    rows = np.sort(np.concatenate([one.rows for one in finest]))
    assert len(np.unique(rows)) == len(rows)
    for grain in range(GRAINS):
        joined = coarser(finest, grain)
        assert np.array_equal(np.sort(np.concatenate([one.rows for one in joined])), rows)
        assert sum(len(one.columns) for one in joined) == sum(len(one.columns) for one in finest)
    assert len(coarser(finest, GRAINS - 1)) <= 5


def test_a_rule_of_one_state_has_its_own_sentence_and_one_of_several_a_list(asked: Stand) -> None:
    model, years = asked.model(asked.chosen), asked.problem.years
    purses = groups_of(model, ("purse",))
    one = purses[0].only(purses[0].rows[:2]).said(model)
    assert one.sentence == f"{one.state} has no more money in {years[0]} and {years[1]}"
    assert (one.years, one.source) == (years[:2], "purses.csv")
    (every,) = coarser(purses, 2)
    several = every.said(model)
    assert several.sentence.startswith("purse (")
    assert all(state in several.sentence for state in asked.problem.states)
    (money,) = coarser([*purses, *groups_of(model, ("related",))], 3)
    assert money.said(model).rule == "money"
    assert money.said(model).source == "purses.csv"

"""What outlays return, and what must give way to them."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from vallum.core.errors import BadInput
from vallum.model.finance.problem import FloatArray, Problem
from vallum.model.finance.projection import Projection, project
from vallum.model.finance.returns import LEVELS, crowding, returns
from vallum.model.finance.scenarios import POLICIES, Policy, paths

AMOUNTS = arrays.arrays(np.float64, (1, 7), elements=st.floats(0.0, 1e4))
FLAT = np.ones((1, 7))


def of_policy(problem: Problem, name: str) -> Projection:
    return project(problem, paths(problem, POLICIES[name]))


def test_returns_by_hand(small: Problem) -> None:
    made = returns(small, 100.0 * FLAT, 200.0 * FLAT, 40.0 * FLAT)
    assert made.value_added.shape == (len(LEVELS), 1, 7)
    # Central 100 x 0.55 + 200 x 0.05 + 40 x 0.5 = 85; then x 0.8, x 14 and x 0.35.
    np.testing.assert_allclose(made.value_added[:, 0, 0], [47.0, 85.0, 133.0])
    np.testing.assert_allclose(made.gdp[:, 0, 0], [47.0 * 0.6, 68.0, 133.0])
    np.testing.assert_allclose(made.jobs[:, 0, 0], [47.0 * 9, 1190.0, 2660.0])
    np.testing.assert_allclose(made.taxes[:, 0, 0], [47.0 * 0.6 * 0.3, 23.8, 53.2])


@given(AMOUNTS, AMOUNTS, AMOUNTS)
def test_levels_are_in_order_and_a_euro_at_home_returns_most(
    small: Problem, home: FloatArray, abroad: FloatArray, sustainment: FloatArray
) -> None:
    made = returns(small, home, abroad, sustainment)
    for values in (made.value_added, made.gdp, made.jobs, made.taxes):
        assert (np.diff(values, axis=0) >= 0.0).all()
    assert (made.taxes <= made.gdp + 1e-9).all()
    moved = returns(small, home + abroad, 0.0 * abroad, sustainment)
    assert (moved.taxes >= made.taxes - 1e-9).all()


def test_a_missing_setting_is_named(small: Problem) -> None:
    settings = {name: value for name, value in small.settings.items() if name != "jobs_per_meur"}
    with pytest.raises(BadInput, match="jobs_per_meur"):
        returns(replace(small, settings=settings), FLAT, FLAT, FLAT)


def test_crowding_by_hand(small: Problem, calm: Projection) -> None:
    made = crowding(small, replace(calm, balance=-4.4 * FLAT))
    # 1.4 % of 5000 is 70, of an expenditure of 40 % of GDP 3.5 %; feedback 1 - 0.4 x 0.75 = 0.7.
    np.testing.assert_allclose(made.first_round.pct_gdp, 1.4)
    np.testing.assert_allclose(made.first_round.meur, 70.0)
    np.testing.assert_allclose(made.first_round.pct_expenditure, 3.5)
    np.testing.assert_allclose(made.with_feedback.pct_gdp, 2.0)
    np.testing.assert_allclose(made.with_feedback.meur, 100.0)
    np.testing.assert_allclose(made.with_feedback.pct_expenditure, 5.0)


def test_crowding_against_another_balance_by_hand(small: Problem, calm: Projection) -> None:
    made = crowding(small, replace(calm, balance=-2.7 * FLAT), limit=calm)
    np.testing.assert_allclose(made.first_round.pct_gdp, 0.7)
    np.testing.assert_allclose(made.with_feedback.pct_gdp, 1.0)


@given(arrays.arrays(np.float64, (1, 7), elements=st.floats(-3.0, 5.0)))
def test_nothing_gives_way_inside_the_limit(small: Problem, calm: Projection, balance: FloatArray) -> None:
    made = crowding(small, replace(calm, balance=balance))
    for cut in (made.first_round, made.with_feedback):
        assert (cut.pct_gdp == 0.0).all()
        assert (cut.meur == 0.0).all()


def test_a_policy_crowds_out_nothing_against_itself(baltic: Problem) -> None:
    plan = of_policy(baltic, "plan")
    made = crowding(baltic, plan, plan)
    assert np.isnan(made.first_round.pct_gdp[:, 0]).all()
    assert (made.first_round.pct_gdp[:, 1:] == 0.0).all()


@pytest.mark.parametrize("name", ["plan", "six", "core_3_5"])
@pytest.mark.parametrize("year", [2027, 2030, 2038])
def test_the_cut_with_feedback_restores_the_reference_value(baltic: Problem, name: str, year: int) -> None:
    policy: Policy = POLICIES[name]
    given_paths = paths(baltic, policy)
    before = project(baltic, given_paths)
    cut = np.zeros_like(baltic.spb)
    t = baltic.column(year)
    cut[:, t] = crowding(baltic, before).with_feedback.pct_gdp[:, t]
    impulse = given_paths.impulse + baltic.setting("multiplier") * cut
    after = project(baltic, replace(given_paths, spb=given_paths.spb + cut, impulse=impulse))
    over = cut[:, t] > 0.0
    assert over.any()
    # All that is missing is the interest that weighs more on a smaller GDP.
    heavier = after.interest[:, t] - before.interest[:, t]
    np.testing.assert_allclose(after.balance[over, t], -3.0 - heavier[over], atol=1e-9)
    assert (heavier >= 0.0).all()
    rough = before.interest[:, t] * baltic.setting("multiplier")[:, 0] * cut[:, t] / 100.0
    np.testing.assert_allclose(heavier, rough, rtol=0.1)
    np.testing.assert_allclose(after.balance[~over, t], before.balance[~over, t])


def test_more_defence_crowds_out_more(baltic: Problem) -> None:
    plan, six = (crowding(baltic, of_policy(baltic, name)) for name in ("plan", "six"))
    late = slice(baltic.column(2030), None)
    assert (six.first_round.pct_gdp[:, late] >= plan.first_round.pct_gdp[:, late]).all()


def test_policies_side_by_side_equal_one_by_one(baltic: Problem) -> None:
    both = [of_policy(baltic, name) for name in ("plan", "six")]
    wide = Projection(
        **{name: np.stack([getattr(p, name) for p in both]) for name in Projection.__dataclass_fields__}
    )
    baseline = of_policy(baltic, "no_policy_change")
    made = crowding(baltic, wide, baseline)
    for i, alone in enumerate(both):
        np.testing.assert_array_equal(
            made.with_feedback.meur[i], crowding(baltic, alone, baseline).with_feedback.meur
        )


def test_a_multiplier_that_defeats_every_cut_is_refused(small: Problem, calm: Projection) -> None:
    settings = {**small.settings, "multiplier": np.array([2.5])}
    with pytest.raises(BadInput, match="does not raise the balance"):
        crowding(replace(small, settings=settings), calm)

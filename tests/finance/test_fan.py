"""The fan against second implementations of its parts, and what must hold of it."""

from dataclasses import replace

import numpy as np
import pytest

from tests.finance.helpers import constant, plain
from vallum.core.errors import BadInput
from vallum.model.finance.fan import LEVELS, Shocks, covariance, fan, not_rising, shocks
from vallum.model.finance.problem import Problem
from vallum.model.finance.projection import Projection, project
from vallum.model.finance.scenarios import POLICIES, paths

PATHS = 20_000
MEDIAN, LOW, HIGH = (LEVELS.index(level) for level in (0.5, 0.1, 0.9))


@pytest.fixture(scope="module")
def plan(baltic: Problem) -> Projection:
    return project(baltic, paths(baltic, POLICIES["plan"]))


@pytest.fixture(scope="module")
def drawn(baltic: Problem) -> Shocks:
    return shocks(baltic, PATHS, seed=1)


def quantile(values: list[float], level: float) -> float:
    """Straight line between the neighbours in the sorted list."""
    ordered = sorted(values)
    place = level * (len(ordered) - 1)
    below = int(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (place - below) * (ordered[above] - ordered[below])


@pytest.mark.parametrize("state", range(3))
def test_covariance_in_plain_python(baltic: Problem, state: int) -> None:
    columns = []
    for column in baltic.shocks[state].T.tolist():
        low, high = quantile(column, 0.05), quantile(column, 0.95)
        columns.append([min(max(value, low), high) for value in column])
    count = len(columns[0])
    means = [sum(column) / count for column in columns]
    found = covariance(baltic, state)
    for a, first in enumerate(columns):
        for b, second in enumerate(columns):
            total = sum((x - means[a]) * (y - means[b]) for x, y in zip(first, second, strict=True))
            assert found[a, b] == pytest.approx(total / (count - 1), rel=1e-12, abs=1e-12)


def by_quarters(baltic: Problem, i: int, years: int, seed: int) -> dict[str, np.ndarray]:
    """Equation (13) as it is written: draw every quarter, then add up; each array of shape (K, N)."""
    generator = np.random.default_rng(seed)
    quarters = generator.multivariate_normal(np.zeros(4), covariance(baltic, i), (PATHS, 4 * years))
    longest = min(round(1 / baltic.maturing[i, -1]), 30)
    w = baltic.short_share[i]
    found: dict[str, list[np.ndarray]] = {"rate": [], "growth": [], "primary": []}
    for k in range(1, years + 1):
        year = quarters[:, 4 * (k - 1) : 4 * k].sum(axis=1)
        last = min(4 * k, 4 * longest)
        long = min(k, longest) / longest * quarters[:, 4 * k - last : 4 * k, 1].sum(axis=1)
        found["rate"].append(w * year[:, 0] + (1 - w) * long)
        found["growth"].append(year[:, 2])
        found["primary"].append(year[:, 3])
    return {name: np.array(values) for name, values in found.items()}


@pytest.mark.parametrize("state", range(3))
def test_years_equal_sums_of_quarters(baltic: Problem, drawn: Shocks, state: int) -> None:
    """Both samples have 20,000 paths: a standard error of 0.5 % of each deviation, 0.7 points of each correlation."""
    years = drawn.rate.shape[1]
    other = by_quarters(baltic, state, years, seed=5)
    for name, values in other.items():
        mine = getattr(drawn, name)[state]
        np.testing.assert_allclose(mine.std(axis=1), values.std(axis=1), rtol=0.04)
        assert (np.abs(mine.mean(axis=1)) < 5 * mine.std(axis=1) / np.sqrt(PATHS)).all()
    for k in (0, 4, years - 1):
        mine_all = np.array([getattr(drawn, name)[state, k] for name in other])
        theirs = np.array([values[k] for values in other.values()])
        np.testing.assert_allclose(np.corrcoef(mine_all), np.corrcoef(theirs), atol=0.04)
    # Rates of neighbouring years share most of their quarters.
    mine_next = np.corrcoef(drawn.rate[state, 3], drawn.rate[state, 4])[0, 1]
    assert mine_next == pytest.approx(np.corrcoef(other["rate"][3], other["rate"][4])[0, 1], abs=0.04)


def test_median_lies_near_the_path_without_shocks(baltic: Problem, plan: Projection, drawn: Shocks) -> None:
    """Shocks have mean 0 but debt is convex in growth: the median drifts by a fraction of the fan's width.

    Debt gains about d var(n) / 2 a year in the mean and loses a part of it in the median; a tenth of the
    distance from the 10 to the 90 % quantile is well above that and far below any fault of sign or place.
    """
    found = fan(baltic, plan, drawn).debt
    width = found[:, HIGH] - found[:, LOW]
    assert (np.abs(found[:, MEDIAN] - plan.debt) <= 0.1 * width + 1e-9).all()


def test_quantiles_are_ordered_and_open(baltic: Problem, plan: Projection, drawn: Shocks) -> None:
    found = fan(baltic, plan, drawn)
    assert (np.diff(found.debt, axis=1) >= 0.0).all()
    known = baltic.forecasts + 1
    assert (found.debt[:, :, :known] == plan.debt[:, None, :known]).all()
    width = found.debt[:, -1] - found.debt[:, 0]
    assert (np.diff(width[:, known - 1 : known + 5], axis=1) > 0.0).all()
    assert ((found.above >= 0.0) & (found.above <= 1.0)).all()


def test_one_path_by_hand(baltic: Problem) -> None:
    """Debt 50 % after the forecast, rate 4 + 1, nominal growth 10 - 2, primary balance -1 + 0.5."""
    one = constant(baltic, length=3, forecasts=1)
    found = project(one, plain(one))
    ones = np.ones((1, 1, 1))
    opened = fan(one, found, Shocks(ones, -2 * ones, 0.5 * ones), levels=(0.5,), reference=40.0)
    expected = found.debt[0, 1] * 1.05 / 1.08 + 0.5
    assert opened.debt[0, 0, 2] == pytest.approx(expected)
    assert opened.above.tolist() == [[1.0, 1.0, 1.0]]
    assert opened.not_rising.tolist() == [1.0]  # 47.4 is below 48.3
    higher = fan(one, found, Shocks(10 * ones, -2 * ones, 0.5 * ones), levels=(0.5,), reference=40.0)
    assert higher.not_rising.tolist() == [0.0]
    assert not_rising(found, Shocks(10 * ones, -2 * ones, 0.5 * ones), 1, 60.0).tolist() == [1.0]


def test_equal_seeds_give_equal_fans(baltic: Problem, plan: Projection) -> None:
    first, second, other = (fan(baltic, plan, shocks(baltic, 500, seed=seed)).debt for seed in (3, 3, 4))
    np.testing.assert_array_equal(first, second)
    assert (first[:, :, -1] != other[:, :, -1]).any()


def test_shocks_are_common_to_all_policies(baltic: Problem) -> None:
    changed = replace(baltic, spb=baltic.spb - 1.0, plan=baltic.plan + 1.0, debt=baltic.debt + 10.0)
    here, there = shocks(baltic, 200, seed=3), shocks(changed, 200, seed=3)
    for name in ("rate", "growth", "primary"):
        np.testing.assert_array_equal(getattr(here, name), getattr(there, name))


def test_blocks_are_much_like_normal_shocks(baltic: Problem, plan: Projection, drawn: Shocks) -> None:
    """Blocks keep what quarters share with their neighbours, so widths differ, but not by an order."""
    normal = fan(baltic, plan, drawn).debt
    blocks = fan(baltic, plan, shocks(baltic, PATHS, seed=1, sampling="blocks")).debt
    ratio = (blocks[:, HIGH, 7] - blocks[:, LOW, 7]) / (normal[:, HIGH, 7] - normal[:, LOW, 7])
    assert ((ratio > 0.4) & (ratio < 2.0)).all()


def test_the_crisis_widens_the_fan(baltic: Problem, plan: Projection, drawn: Shocks) -> None:
    """2008 to 2010 dominate the covariance, even winsorised."""
    whole = fan(baltic, plan, drawn).debt
    late = fan(baltic, plan, shocks(baltic, PATHS, seed=1, start="2011Q1")).debt
    at = baltic.forecasts + 5
    assert (late[:, HIGH, at] - late[:, LOW, at] < whole[:, HIGH, at] - whole[:, LOW, at]).all()


def test_too_few_quarters_are_refused(baltic: Problem) -> None:
    with pytest.raises(BadInput, match="quarters from 2023Q1 on"):
        shocks(baltic, 10, start="2023Q1")
    few = replace(baltic, shocks=tuple(rows[:19] for rows in baltic.shocks))
    with pytest.raises(BadInput, match="has 19 quarters"):
        shocks(few, 10)

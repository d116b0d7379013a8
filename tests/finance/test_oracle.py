"""The projection equals a plain-Python walk through the equations."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.finance.helpers import baltic_problem, cases, walk
from vallum.model.finance.problem import Problem
from vallum.model.finance.projection import Paths, project
from vallum.model.finance.scenarios import POLICIES, paths

SAME = {"nominal": "nominal_growth"}
"""Names of the walk that differ from those of the projection."""

MANY = settings(max_examples=60, deadline=None, derandomize=True)


def assert_same(problem: Problem, given_paths: Paths) -> None:
    found = project(problem, given_paths)
    for i in range(len(problem.states)):
        for name, values in walk(problem, given_paths, i).items():
            np.testing.assert_allclose(
                getattr(found, SAME.get(name, name))[i], values, rtol=1e-9, atol=1e-9, err_msg=name
            )


@pytest.mark.parametrize("policy", POLICIES)
def test_every_policy(baltic: Problem, policy: str) -> None:
    assert_same(baltic, paths(baltic, POLICIES[policy]))


@MANY
@given(data=st.data())
def test_any_small_problem(data: st.DataObject) -> None:
    baltic = baltic_problem()
    assert_same(*data.draw(cases(baltic)))


def test_leading_axes_change_nothing(baltic: Problem) -> None:
    both = [paths(baltic, POLICIES[name]) for name in ("plan", "no_policy_change")]
    stacked = Paths(
        **{
            name: np.stack([getattr(one, name) for one in both])
            for name in Paths.__slots__
            if name not in {"closure", "adjustment", "stress"}
        }
    )
    together = project(baltic, stacked)
    for row, one in enumerate(both):
        alone = project(baltic, one)
        for name in ("debt", "balance", "financing", "implicit", "gdp", "loan"):
            np.testing.assert_allclose(getattr(together, name)[row], getattr(alone, name), rtol=1e-12)

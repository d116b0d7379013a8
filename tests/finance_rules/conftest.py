"""The Baltic problem, and a small one of a single state with round numbers."""

from dataclasses import fields, replace

import numpy as np
import pytest

from tests.finance.helpers import constant
from vallum.model.finance.problem import Problem
from vallum.model.finance.projection import Projection
from vallum.model.finance.reader import problem
from vallum.region import Region


@pytest.fixture(scope="session")
def region() -> Region:
    return Region.read("baltic")


@pytest.fixture(scope="session")
def baltic(region: Region) -> Problem:
    return problem(region)


@pytest.fixture(scope="session")
def small(baltic: Problem) -> Problem:
    """One state, 2024 to 2030: growth 2, deflator 3, primary expenditure 40, defence of reference 2.

    Its ceiling is published for every year, so that no search decides it.
    """
    return replace(
        constant(baltic, length=7, rate=2.0, growth=2.0, deflator=3.0, spb=-1.0),
        states=("XX",),
        primary_expenditure=np.array([40.0]),
        reference=np.array([2.0]),
        ceiling=np.array([[np.nan, 6.0, 5.0, 5.0, 5.0, 5.0, 5.0]]),
    )


@pytest.fixture(scope="session")
def calm(small: Problem) -> Projection:
    """A projection of the small problem: no gap, real growth 2, nominal GDP 5000, balance -2."""
    flat = np.ones((1, small.years.size))
    given = {"real_growth": 2.0, "gdp": 5000.0, "structural": -1.0, "balance": -2.0}
    return Projection(**{f.name: given.get(f.name, 0.0) * flat for f in fields(Projection)})

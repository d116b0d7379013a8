"""The Baltic problem, and a small one of a single state with round numbers."""

from dataclasses import fields, replace

import numpy as np
import pytest

from vallum.model.finance.problem import Problem, problem
from vallum.model.finance.projection import Projection
from vallum.region import Region


@pytest.fixture(scope="session")
def region() -> Region:
    return Region.read("baltic")


@pytest.fixture(scope="session")
def baltic(region: Region) -> Problem:
    return problem(region)


@pytest.fixture(scope="session")
def small(baltic: Problem) -> Problem:
    """One state, 2024 to 2030: growth 2, deflator 3, primary expenditure 40, defence of reference 2."""
    flat = np.ones((1, 7))
    ceiling = np.full((1, 7), np.nan)
    ceiling[0, 1:3] = 6.0, 5.0
    return replace(
        baltic,
        states=("XX",),
        years=np.arange(2024, 2031),
        potential_growth=2.0 * flat,
        deflator=3.0 * flat,
        spb=-flat,
        elasticity=np.array([0.4]),
        primary_expenditure=np.array([40.0]),
        reference=np.array([2.0]),
        ceiling=ceiling,
        settings={name: values[:1] for name, values in baltic.settings.items()},
        ranges={name: (low[:1], high[:1]) for name, (low, high) in baltic.ranges.items()},
    )


@pytest.fixture(scope="session")
def calm(small: Problem) -> Projection:
    """A projection of the small problem: no gap, real growth 2, nominal GDP 5000, balance -2."""
    flat = np.ones((1, small.years.size))
    given = {"real_growth": 2.0, "gdp": 5000.0, "structural": -1.0, "balance": -2.0}
    return Projection(**{f.name: given.get(f.name, 0.0) * flat for f in fields(Projection)})

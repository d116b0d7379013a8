"""The Baltic problem, read once."""

import pytest

from tests.finance.helpers import baltic_problem
from vallum.model.finance.problem import Problem


@pytest.fixture(scope="session")
def baltic() -> Problem:
    return baltic_problem()


@pytest.fixture(scope="session")
def far() -> Problem:
    """The Baltic problem up to ten years beyond a plan of seven."""
    return baltic_problem(2042)

"""One solver process, and one plan of both scenarios of two states, for all tests."""

from collections.abc import Iterator

import pytest

from tests.plan_evacuation.regions import SMALL_RUN, pair
from vallum.plan.evacuation.pipeline import make
from vallum.plan.results import Results
from vallum.solve.flow import Worker
from vallum.solve.limits import Limits


@pytest.fixture(autouse=True, scope="session")
def _quick(quick_disk: None) -> None:
    """Some tests here write folders."""


@pytest.fixture(scope="session")
def worker() -> Iterator[Worker]:
    with Worker(Limits(time_limit=None)) as one:
        yield one


@pytest.fixture(scope="session")
def made() -> Results:
    return make(pair(), **SMALL_RUN)

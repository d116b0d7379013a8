"""One solver process for all tests."""

from collections.abc import Iterator

import pytest

from vallum.solve import Limits
from vallum.solve.flow import Worker


@pytest.fixture(scope="session")
def worker() -> Iterator[Worker]:
    with Worker(Limits(time_limit=None)) as one:
        yield one

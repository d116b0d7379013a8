"""The region of `handmade` and its works, read once."""

import pytest

from tests.works.handmade import hand_region
from vallum.model.works.problem import Problem
from vallum.model.works.reader import problem
from vallum.region import Region


@pytest.fixture(scope="session")
def hand() -> Region:
    return hand_region()


@pytest.fixture(scope="session")
def works(hand: Region) -> Problem:
    return problem(hand)

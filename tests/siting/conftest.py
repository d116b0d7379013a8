"""The made region, and the sensors of the region that ships, read once."""

import pytest

from tests.siting.helpers import made_region
from vallum.model.siting import Siting, siting
from vallum.region import Region


@pytest.fixture(scope="session")
def sky() -> Region:
    return made_region()


@pytest.fixture(scope="session")
def made(sky: Region) -> Siting:
    return siting(sky)


@pytest.fixture(scope="session")
def baltic() -> Siting:
    return siting(Region.read("baltic"))

"""A small land to draw tracks in."""

import pytest

from tests.plan_sky.skyland import framed, home, sector
from vallum.model.siting import Place


@pytest.fixture(scope="session")
def land() -> tuple[Place, ...]:
    """NA west and NB east of the meridian, both north of a border along the parallel, 300 km in all."""
    return framed(
        (
            sector("A1", "NA", (-150.0, 0.0), (-50.0, 0.0), length=100.0),
            sector("A2", "NA", (-50.0, 0.0), (0.0, 0.0), length=50.0),
            sector("B1", "NB", (0.0, 0.0), (60.0, 5.0), (150.0, 0.0), length=150.0),
            home("1", "NA", -120.0, 20.0, people=4000.0),
            home("2", "NA", -60.0, 60.0, radius=20.0, people=90000.0),
            home("3", "NA", -20.0, 110.0, radius=15.0, people=7000.0),
            home("4", "NA", -30.0, 12.0, radius=5.0, people=500.0),
            home("5", "NB", 30.0, 40.0, radius=18.0, people=20000.0),
            home("6", "NB", 90.0, 70.0, radius=25.0, people=3000.0),
            home("7", "NB", 20.0, 140.0, people=60000.0),
        )
    )

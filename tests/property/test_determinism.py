"""The same region, seed and work limit give the same tables."""

import pytest
from polars.testing import assert_frame_equal

from vallum.model.procurement import Solution, problem, solve
from vallum.region import Region
from vallum.region.synthetic import small, synthetic
from vallum.solve import Limits

REPEATABLE = Limits(time_limit=None, work=20, gap=0.0, seed=3)


def run(region: Region, mode: str) -> Solution:
    return solve(problem(region), mode=mode, limits=REPEATABLE)


def assert_same(first: Solution, second: Solution) -> None:
    assert_frame_equal(first.level_table(), second.level_table(), check_exact=True)
    assert first.tables.keys() == second.tables.keys()
    for name, table in first.tables.items():
        assert_frame_equal(table, second.tables[name], check_exact=True)


@pytest.mark.parametrize("mode", ["national", "joint"])
@pytest.mark.parametrize("seed", [5, 11])
def test_small_region_twice(seed: int, mode: str) -> None:
    assert_same(run(small(seed), mode), run(small(seed), mode))


@pytest.mark.parametrize("mode", ["national", "joint"])
def test_search_stopped_by_its_work_limit_twice(mode: str) -> None:
    region = synthetic(states=3, programmes=12, years=8, classes=4, seed=2, money=0.1)
    assert_same(run(region, mode), run(region, mode))


def test_regions_are_drawn_alike() -> None:
    assert small(9).content_hash == small(9).content_hash
    assert synthetic(programmes=9, classes=3).content_hash == synthetic(programmes=9, classes=3).content_hash
    assert small(9).content_hash != small(10).content_hash

"""Vallum's solver against two independent answers: enumeration, and a flow formulation in linopy."""

from functools import cache

import pytest
from brute import least_shortfall
from flow import solve_flow

from vallum.model.procurement import problem, solve
from vallum.region import Region
from vallum.region.synthetic import small
from vallum.solve import Limits

MODES = ("national", "joint")
PROOF = Limits(time_limit=60, gap=0.0, seed=0)
ENUMERATED = range(200)
REFORMULATED = range(24)


@cache
def region(seed: int) -> Region:
    return small(seed).require_sound()


def close(value: float) -> object:
    return pytest.approx(value, rel=1e-6, abs=1e-6)


@pytest.mark.parametrize("seed", ENUMERATED)
def test_solver_finds_the_least_shortfall_of_enumeration(seed: int) -> None:
    for mode in MODES:
        level = solve(problem(region(seed)), mode=mode, limits=PROOF).levels[0]
        least = least_shortfall(region(seed), mode)
        assert level.value == close(least), mode
        assert level.bound <= least + 1e-6, mode


@pytest.mark.filterwarnings("default")  # linopy's own dependencies warn
@pytest.mark.parametrize("seed", REFORMULATED)
def test_solver_equals_the_flow_formulation_on_all_three_levels(seed: int) -> None:
    for mode in MODES:
        expected = solve_flow(region(seed), mode, levels=3)
        levels = solve(problem(region(seed)), mode=mode, limits=PROOF).levels
        assert [level.value for level in levels] == [close(value) for value in expected], mode
        assert least_shortfall(region(seed), mode) == close(expected[0]), mode

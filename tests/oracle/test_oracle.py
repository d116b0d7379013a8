"""Vallum's solver against two independent answers: enumeration, and a flow formulation in linopy."""

from functools import cache

import pytest
from brute import least_shortfall
from flow import solve_flow

from vallum.model.procurement import problem, solve
from vallum.region import Region
from vallum.region.synthetic import small
from vallum.region.synthetic_small import draw_small
from vallum.solve import Limits

MODES = ("national", "joint")
PROOF = Limits(time_limit=60, gap=0.0, seed=0)
ENUMERATED = range(200)
REFORMULATED = range(20)


#: What shows that a rule is switched on in a draw.
SWITCHED_ON = {
    "bands": lambda t: t["bands"]["multiple"].min() < 10,
    "shared introduction": lambda t: (t["programmes"]["introduction_share"] > 0).any(),
    "partners": lambda t: t["partner_orders"].height,
    "SAFE with prefinancing": lambda t: (t["safe_loans"]["prefinancing_meur"] > 0).any(),
    "SAFE to be proved": lambda t: (t["programmes"]["safe_eligible"] == "conditional").any(),
    "carry-over": lambda t: (t["purses"]["carryover_limit_share"] > 0).any(),
    "related money": lambda t: (t["purses"]["related_meur"] > 0).any(),
    "prerequisites": lambda t: (t["programmes"]["prerequisites"].fill_null("") != "").any(),
    "exclusions": lambda t: (t["programmes"]["exclusions"].fill_null("") != "").any(),
    "schools": lambda t: (t["crews"]["school_added_throughput"] > 0).any(),
    "nodes": lambda t: t["gateways"].height,
    "expansions": lambda t: (t["lines"]["expansion_max_steps"] > 0).any(),
    "three members": lambda t: (t["states"]["role"] == "member").sum() == 3,
    "steps of two": lambda t: (t["programmes"]["step_quantity"] == 2).any(),
    "half steps": lambda t: (t["programmes"]["step_quantity"] == 0.5).any(),
}


@cache
def region(seed: int) -> Region:
    return small(seed).require_sound()


def close(value: float) -> object:
    return pytest.approx(value, rel=1e-6, abs=1e-6)


@pytest.mark.parametrize("rule", SWITCHED_ON)
def test_every_rule_is_switched_on_in_some_draws(rule: str) -> None:
    draws = (draw_small(seed).tables() for seed in ENUMERATED)
    assert sum(bool(SWITCHED_ON[rule](tables)) for tables in draws) >= 10


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

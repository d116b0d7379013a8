"""The best siting, held against every siting there is."""

import pytest

from tests.solve.covering import plain
from tests.solve.covering.made import Shape, made
from vallum.solve import Limits
from vallum.solve.covering import greedy, solve, upper_bound, value

SHAPES = {
    "whole covers": Shape(whole=True, most=1, options=8),
    "whole covers, several units": Shape(whole=True, most=3, kinds=2),
    "fractions": Shape(options=7, most=1),
    "fractions, several units": Shape(most=3),
    "one kind, one depth": Shape(kinds=1, depth=1, most=3),
    "three deep, four budgets": Shape(kinds=4, depth=3, budgets=4, options=6),
    "a kind may be lost": Shape(kinds=3, lost=3, options=6),
    "whole covers, two of four kinds may be lost": Shape(
        kinds=4, lost=2, whole=True, depth=3, options=7, most=1
    ),
}


@pytest.mark.parametrize("name", SHAPES)
def test_no_siting_is_better_and_the_bound_holds(name: str) -> None:
    for seed in range(16):
        problem = made(SHAPES[name], seed)
        best = plain.greatest(problem)
        found = solve(problem, Limits(time_limit=None, gap=0.0))
        assert found.status == "optimal", seed
        assert found.value == pytest.approx(best, abs=1e-8), seed
        assert found.bound >= best - 1e-9, seed
        assert found.bound <= best + 1e-6
        assert plain.fits(problem, found.x.tolist())
        assert plain.least(problem, found.x.tolist()) == pytest.approx(found.value, abs=1e-12)
        assert upper_bound(problem) >= best - 1e-9
        chosen = greedy(problem)
        assert plain.fits(problem, chosen.tolist())
        assert value(problem, chosen) <= best + 1e-9

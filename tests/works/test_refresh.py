"""What ages: replacement and upkeep by hand."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vallum.core.ranges import Range
from vallum.model.works.problem import WEEKS_A_YEAR, Problem
from vallum.model.works.refresh import burden

POST = ("NA", "POST")
WEEKS = 522  # 10.004 years


def posts(works: Problem, built: float, life: Range | None, periods: int = WEEKS) -> Problem:
    element = replace(works.elements["POST"], refresh=life)
    quantity = replace(works.quantities[POST], built=built)
    return replace(
        works,
        periods=periods,
        elements={**works.elements, "POST": element},
        quantities={**works.quantities, POST: quantity},
    )


def finishes(works: Problem, week: int) -> np.ndarray:
    return np.full(len(works.steps), week, dtype=np.int64)


def test_costs_by_hand(works: Problem) -> None:
    # Four posts of EUR 0.5 million in place after 104 weeks, 8.0107 years before the end; six stand already.
    what = posts(works, built=6, life=Range(2.0, 3.0, 20.0))
    found = burden(what, finishes(works, 104), POST)
    years = 418 / WEEKS_A_YEAR
    assert found.build.tolist() == pytest.approx([2.0] * 3)
    assert found.upkeep.tolist() == pytest.approx([0.1 * 0.5 * (6 * WEEKS / WEEKS_A_YEAR + 4 * years)] * 3)
    # New ones live 2 years: replaced after 2, 4, 6 and 8 of 8.01 years; 3 years: after 3 and 6.
    # Old ones are half through: with 2 years after 1, 3, 5, 7, 9; with 3 years after 1.5, 4.5, 7.5; 20: after 10.
    assert found.refresh.tolist() == pytest.approx(
        [0.5 * (4 * 4 + 6 * 5), 0.5 * (4 * 2 + 6 * 3), 0.5 * 6 * 1]
    )


def test_a_life_beyond_the_end_costs_nothing(works: Problem) -> None:
    found = burden(posts(works, built=0, life=Range(9.0, 30.0, 40.0)), finishes(works, 104), POST)
    assert found.refresh.tolist() == [0.0, 0.0, 0.0]
    assert burden(posts(works, built=6, life=None), finishes(works, 104), POST).refresh.tolist() == [0.0] * 3


def test_nothing_is_replaced_at_the_very_end(works: Problem) -> None:
    years = WEEKS / WEEKS_A_YEAR
    for life, times in ((years, 0), (years / 2, 1), (years / 4, 3)):
        what = posts(works, built=0, life=Range(life, life, life))
        assert burden(what, finishes(works, 0), POST).refresh.tolist() == pytest.approx([0.5 * 4 * times] * 3)


def test_works_of_other_states_and_kinds_do_not_count(works: Problem) -> None:
    here = burden(works, finishes(works, 10), ("NB", "DITCH"))
    assert here.build.tolist() == pytest.approx([10.0] * 3)
    assert here.refresh.tolist() == [0.0] * 3


@given(week=st.integers(0, WEEKS), later=st.integers(0, 100), life=st.floats(0.5, 12), longer=st.floats(0, 5))
def test_later_works_and_longer_lives_never_cost_more(
    works: Problem, week: int, later: int, life: float, longer: float
) -> None:
    base = burden(posts(works, 3, Range(life, life + longer, life + 2 * longer)), finishes(works, week), POST)
    after = burden(posts(works, 3, Range(life, life, life)), finishes(works, week + later), POST)
    assert (after.refresh <= base.refresh[0] + 1e-9).all()
    assert (after.upkeep <= base.upkeep + 1e-9).all()
    # Lives of what stands begin half through, so a longer life ends later there, too.
    assert (np.diff(base.refresh) <= 1e-9).all()

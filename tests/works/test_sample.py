"""Random durations: quantiles and tenders by formula, and draws that stay when other things change."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.works.handmade import hand_region, with_cells
from vallum.core.ranges import Range, triangular
from vallum.model.works.network import label
from vallum.model.works.problem import Problem
from vallum.model.works.reader import problem
from vallum.model.works.sample import MOST_REPEATS, sample
from vallum.region import Region

MANY = 40_000


@pytest.fixture(scope="module")
def wide() -> Region:
    """The region by hand with wide ranges."""
    region = with_cells(
        hand_region(), "works_activities", {"activity_id": "ACCESS"}, weeks_low=0.0, weeks_high=40.0
    )
    region = with_cells(region, "works_activities", {"activity_id": "DESIGN"}, weeks_low=1.0, weeks_high=60.0)
    return with_cells(
        region, "works_tenders", {}, failure_low=0.1, again_weeks_low=5.0, again_weeks_high=20.0
    )


@pytest.fixture(scope="module")
def wide_works(wide: Region) -> Problem:
    return problem(wide)


def at(works: Problem, name: str) -> int:
    return next(i for i in range(len(works.steps)) if label(works, i) == name)


# ---------------------------------------------------------------- triangles


def test_triangular_quantiles_by_hand() -> None:
    # Low 2, mode 6, high 12: turn at (6-2)/10 = 0.4. 0.1: 2 + sqrt(0.1 x 10 x 4) = 4; 0.4: 6;
    # 0.85: 12 - sqrt(0.15 x 10 x 6) = 9.
    drawn = triangular(Range(2, 6, 12), np.array([0.0, 0.1, 0.4, 0.85, 1.0]))
    assert drawn.tolist() == pytest.approx([2, 4, 6, 9, 12])
    # One end is the mode: x = high - sqrt((1-u) x 4 x 4) and x = low + sqrt(u x 4 x 4).
    assert triangular(Range(1, 1, 5), np.array([0.75])).tolist() == pytest.approx([3])
    assert triangular(Range(1, 5, 5), np.array([0.25])).tolist() == pytest.approx([3])
    assert triangular(Range(3, 3, 3), np.array([0.0, 0.7])).tolist() == [3, 3]


@given(ends=st.tuples(*[st.floats(0, 500)] * 3), uniform=st.lists(st.floats(0, 1), min_size=2, max_size=9))
def test_triangular_draws_stay_in_their_range_and_rise(ends: tuple[float, ...], uniform: list[float]) -> None:
    low, mode, high = sorted(ends)
    drawn = triangular(Range(low, mode, high), np.array(sorted(uniform)))
    assert (drawn >= low - 1e-9).all()
    assert (drawn <= high + 1e-9).all()
    assert (np.diff(drawn) >= -1e-9 * max(high, 1.0)).all()


# ---------------------------------------------------------------- draws


def test_draws_are_whole_weeks_and_repeat_with_their_seed(wide_works: Problem) -> None:
    first = sample(wide_works, 50, seed=3)
    assert first.shape == (50, len(wide_works.steps))
    assert first.dtype == np.int64
    assert np.array_equal(first, sample(wide_works, 50, seed=3))
    assert not np.array_equal(first, sample(wide_works, 50, seed=4))


def test_without_ranges_and_failures_draws_are_the_modes(hand: Region) -> None:
    works = problem(with_cells(hand, "works_tenders", {}, failure=0.0, failure_low=0.0, failure_high=0.0))
    modes = [round(step.weeks.mode) for step in works.steps]
    assert (sample(works, 30, seed=1) == modes).all()


def test_draws_follow_their_distribution(wide_works: Problem) -> None:
    drawn = sample(wide_works, MANY, seed=0)[:, at(wide_works, "S1 ACCESS")]
    # The longest of its kinds, at the mode 3 of 0, 3, 40: mean 43/3, variance (a2+b2+c2-ab-ac-bc)/18 = 82.72.
    mean, deviation = 43 / 3, np.sqrt((9 + 1600 - 120) / 18)
    assert abs(drawn.mean() - mean) < 4 * deviation / np.sqrt(MANY)
    assert 0 <= drawn.min() <= drawn.max() <= 40


def test_common_draws_are_equal_by_name_within_a_state(wide_works: Problem) -> None:
    s1, s2, s3 = (at(wide_works, f"S{n} ACCESS") for n in (1, 2, 3))
    together = sample(wide_works, 400, seed=0, common=1.0)
    assert np.array_equal(together[:, s1], together[:, s2])
    assert not np.array_equal(together[:, s1], together[:, s3]), "another state"
    apart = sample(wide_works, MANY, seed=0, common=0.0)[:, [s1, s2]]
    # Independent: a correlation has the deviation 1 / sqrt(N).
    assert abs(np.corrcoef(apart.T)[0, 1]) < 4 / np.sqrt(MANY)
    half = sample(wide_works, MANY, seed=0, common=0.5)[:, [s1, s2]]
    # Both take the shared draw with the chance 1/4.
    assert np.corrcoef(half.T)[0, 1] == pytest.approx(0.25, abs=0.03)


@pytest.mark.parametrize("common", [0.0, 0.5, 1.0])
def test_a_change_of_one_step_leaves_all_other_draws(
    wide: Region, wide_works: Problem, common: float
) -> None:
    other = problem(
        with_cells(wide, "works_activities", {"element_id": "POST", "activity_id": "DESIGN"}, weeks_high=90.0)
    )
    before, after = (sample(each, 60, seed=5, common=common) for each in (wide_works, other))
    changed = {label(wide_works, int(i)) for i in np.flatnonzero((before != after).any(axis=0))}
    assert changed == {"NA POST DESIGN"}


def test_steps_that_go_leave_the_draws_of_those_that_stay(wide: Region, wide_works: Problem) -> None:
    fewer = problem(with_cells(wide, "works_quantities", {"state": "NA", "element_id": "POST"}, built=4.0))
    names = [label(fewer, i) for i in range(len(fewer.steps))]
    assert 0 < len(names) < len(wide_works.steps)
    kept = [at(wide_works, name) for name in names]
    before, after = sample(wide_works, 60, seed=5)[:, kept], sample(fewer, 60, seed=5)
    # Access lasted as that of the posts did.
    assert {names[i] for i in np.flatnonzero((before != after).any(axis=0))} == {"S1 ACCESS", "S2 ACCESS"}


@pytest.mark.parametrize("runs", [1, 20, 199])
def test_the_first_runs_are_the_same_whatever_their_number(wide_works: Problem, runs: int) -> None:
    assert np.array_equal(sample(wide_works, 300, seed=2)[:runs], sample(wide_works, runs, seed=2))


# ---------------------------------------------------------------- tenders


def failing(works: Problem, failure: Range, again: Range) -> Problem:
    return replace(
        works, tenders={i: replace(one, failure=failure, again=again) for i, one in works.tenders.items()}
    )


def test_failures_are_geometric(works: Problem) -> None:
    chance = 0.4
    what = failing(works, Range(chance, chance, chance), Range(7, 7, 7))
    extra = sample(what, MANY, seed=1)[:, at(works, "NB DITCH TENDER")] - 6
    times = extra // 7
    assert (extra % 7 == 0).all()
    for k in range(5):
        expected = chance**k * (1 - chance)
        # Four standard errors of a share.
        assert abs((times == k).mean() - expected) < 4 * np.sqrt(expected * (1 - expected) / MANY)
    mean, deviation = chance / (1 - chance), np.sqrt(chance) / (1 - chance)
    assert abs(times.mean() - mean) < 4 * deviation / np.sqrt(MANY)


def test_repeats_end(works: Problem) -> None:
    always = failing(works, Range(1.0, 1.0, 1.0), Range(3, 3, 3))
    extra = sample(always, 500, seed=1)[:, at(works, "NB DITCH TENDER")] - 6
    assert extra.max() == 3 * MOST_REPEATS
    never = failing(works, Range(0.0, 0.0, 0.0), Range(3, 3, 3))
    assert (sample(never, 500, seed=1)[:, at(works, "NB DITCH TENDER")] == 6).all()


def test_more_failures_never_shorten_a_run(works: Problem) -> None:
    few, many = (sample(failing(works, Range(f, f, f), Range(9, 9, 9)), 500, seed=2) for f in (0.1, 0.5))
    assert (few <= many).all()
    assert (few < many).any()

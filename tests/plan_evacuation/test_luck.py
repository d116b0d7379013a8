"""Who complies and when people start: drawn, spread, rounded, and nobody lost."""

import math
from statistics import NormalDist

import numpy as np
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.evacuation.worlds import BOTH, CARS, random_world, world
from vallum.core.ranges import Range
from vallum.model.evacuation import Case, people_of, roads
from vallum.plan.evacuation.luck import lucky, started, starts
from vallum.solve.flow import Worker

few = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
RUNS = 6
TRIP_H = 4.0
"""Hours of a bus on its way."""

UNCERTAIN = {
    "compliance": Range(0.6, 0.85, 0.95),
    "delay_median_h": Range(0.5, 1.0, 3.0),
    "delay_sigma": Range(0.8, 0.8, 0.8),
}


def certain(compliance: float, median: float, sigma: float) -> dict[str, Range]:
    values = {"compliance": compliance, "delay_median_h": median, "delay_sigma": sigma}
    return {name: Range(value, value, value) for name, value in values.items()}


def road(people: float = 100.0, horizon: int = 24, order_h: float = 0.0) -> Case:
    """People in cars of two, 50 cars an hour on the way."""
    return world(
        "A=NA B=NA", [("A", "B", 1.0, 1, 50.0)], {"NA-1": ("A", people)}, {"NA-2": ("B", 500.0)},
        households=CARS, horizon=horizon, order_h=order_h,
    )  # fmt: skip


# ---------------------------------------------------------------- starts


@few
@given(
    median=st.floats(0.0, 48.0), sigma=st.floats(0.0, 3.0), step=st.sampled_from([0.25, 1.0]),
    steps=st.integers(1, 60),
)  # fmt: skip
def test_shares_are_a_distribution(median: float, sigma: float, step: float, steps: int) -> None:
    late = starts(median, sigma, step, steps)
    assert late.shape == (steps,)
    assert (late >= -1e-12).all()
    assert late.sum() == pytest.approx(1.0)


@few
@given(median=st.floats(0.1, 5.0), sigma=st.floats(0.1, 2.0))
def test_shares_are_lognormal(median: float, sigma: float) -> None:
    late = np.cumsum(starts(median, sigma, 1.0, 30))
    normal = NormalDist()
    expected = [normal.cdf((math.log(hour) - math.log(median)) / sigma) for hour in range(1, 30)]
    assert late[:-1].tolist() == pytest.approx(expected, abs=1e-12)


def test_half_have_started_by_the_median() -> None:
    assert starts(2.0, 0.8, 1.0, 10)[:2].sum() == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("median", "sigma", "shares"),
    [(0.0, 0.8, [1, 0, 0, 0]), (0.0, 0.0, [1, 0, 0, 0]), (2.0, 0.0, [0, 1, 0, 0]), (9.0, 0.0, [0, 0, 0, 1])],
)  # fmt: skip
def test_without_delay_or_spread_all_start_at_once(median: float, sigma: float, shares: list[int]) -> None:
    assert starts(median, sigma, 1.0, 4).tolist() == shares


# ---------------------------------------------------------------- who leaves


@few
@given(
    seed=st.integers(0, 10**6), share=st.floats(0.0, 1.0), less=st.floats(0.0, 1.0),
    median=st.floats(0.0, 10.0),
)  # fmt: skip
def test_nobody_is_lost_in_rounding(seed: int, share: float, less: float, median: float) -> None:
    built = roads(random_world(seed, BOTH), "joint", 60.0)
    late = starts(median, 0.8, 1.0, built.steps)
    for supply in people_of(built):
        origin, step, people = started(supply, share, late)
        assert (people > 0).all()
        assert ((step >= 0) & (step < built.steps)).all()
        mine = np.bincount(origin, people, len(supply[0]))
        assert mine.tolist() == np.rint(supply[2] * share).tolist()
        fewer = started(supply, share * less, late)
        assert (np.bincount(fewer[0], fewer[2], len(supply[0])) <= mine).all()


def test_starts_by_hand() -> None:
    # 10 people are told at step 2, eight leave: half at once, a quarter a step later, a quarter after that.
    origin, step, people = started(
        (np.array([0]), np.array([2]), np.array([10])), 0.8, np.array([0.5, 0.25, 0.25, 0.0])
    )
    assert (origin.tolist(), step.tolist(), people.tolist()) == ([0, 0, 0], [2, 3, 3], [4, 2, 2])


# ---------------------------------------------------------------- runs


def test_the_same_seed_gives_the_same_table(worker: Worker) -> None:
    case = random_world(7, BOTH)
    one, same, other = (
        lucky(case, "joint", 60.0, RUNS, seed, UNCERTAIN, TRIP_H, 1.0, worker) for seed in (3, 3, 4)
    )
    assert one.equals(same)
    assert not one.equals(other)


def test_both_modes_draw_the_same(worker: Worker) -> None:
    case = random_world(7, BOTH)
    people = [
        lucky(case, mode, 60.0, RUNS, 3, UNCERTAIN, TRIP_H, 1.0, worker)
        .select("runs", "people_p10", "people_p90")
        .rows()
        for mode in ("national", "joint")
    ]
    assert people[0] == people[1]


def test_quantiles_keep_their_order(worker: Worker) -> None:
    row = lucky(random_world(7, BOTH), "joint", 60.0, RUNS, 3, UNCERTAIN, TRIP_H, 1.0, worker).row(
        0, named=True
    )
    people = sum(round(one.people) for one in random_world(7, BOTH).origins)
    assert 0.6 * people - 2 <= row["people_p10"] <= row["people_p90"] <= 0.95 * people + 2
    assert row["hours_95_p50"] <= row["hours_95_p90"] <= row["hours_100_p90"]
    assert row["hours_95_p50"] <= row["hours_100_p50"] <= row["hours_100_p90"]
    assert row["runs"] == RUNS


def test_certain_luck_by_hand(worker: Worker) -> None:
    # 80 of 100 leave in the first hour and need three; where all start at 2 h, in the second.
    for settings_, hours in ((certain(0.8, 0.0, 0.8), 3.0), (certain(0.8, 2.0, 0.0), 4.0)):
        row = lucky(road(), "national", 60.0, 3, 0, settings_, TRIP_H, 1.0, worker).row(0, named=True)
        assert (row["people_p10"], row["people_p90"], row["unserved_p90"]) == (80, 80, 0)
        assert {row[f"hours_{n}_{p}"] for n in (95, 100) for p in ("p50", "p90")} == {hours}


def test_fewer_who_comply_are_fewer_people(worker: Worker) -> None:
    counts = [
        lucky(road(), "national", 60.0, 2, 0, certain(share, 1.0, 0.8), TRIP_H, 1.0, worker)[
            "people_p90"
        ].item()
        for share in (0.0, 0.3, 0.9, 1.0)
    ]
    assert counts == [0, 30, 90, 100]


def test_who_starts_too_late_is_left(worker: Worker) -> None:
    row = lucky(road(horizon=4), "national", 60.0, 2, 0, certain(1.0, 40.0, 0.0), TRIP_H, 1.0, worker).row(
        0, named=True
    )
    assert (row["people_p90"], row["unserved_p90"], row["hours_100_p90"]) == (100, 100, 0.0)


def test_no_runs_are_no_rows(worker: Worker) -> None:
    none = lucky(road(), "national", 60.0, 0, 0, UNCERTAIN, TRIP_H, 1.0, worker)
    assert none.is_empty()
    assert none.schema == lucky(road(), "national", 60.0, 1, 0, UNCERTAIN, TRIP_H, 1.0, worker).schema


def test_no_people_are_no_trouble(worker: Worker) -> None:
    row = lucky(road(0.0), "national", 60.0, 2, 0, UNCERTAIN, TRIP_H, 1.0, worker).drop(
        "scenario_id", "mode", "runs"
    )
    assert row.select(pl.all().cast(float)).row(0) == (0.0,) * 7

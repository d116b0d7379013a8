"""From a track to an alert: one track by hand, the whole chain by plain loops, and what must never lose."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.plan_sky import warning_oracle
from tests.plan_sky.skyland import BANDS, STATES, chain, delays_frame, flown, framed, home, sector, span
from vallum.core.errors import BadInput
from vallum.core.ranges import Range
from vallum.model.siting import Place
from vallum.plan.sky.delays import Delays
from vallum.plan.sky.tracks import Tracks, draw
from vallum.plan.sky.warning import confirmed, decided, warn

Land = tuple[Place, ...]
SURE = np.ones((2, 2))
VALUES = {
    "speed_kmh": span((120.0, 165.0, 200.0)),
    "heading_deg": span(60.0),
    "path_km": span(200.0),
    "corridor_km": span(15.0),
}
EXAMPLES = settings(max_examples=40, deadline=None, derandomize=True)
EXACT = 1e-6
"""Places are put on the map to a millimetre or so."""


def cover(places: Land, **by_state: dict[int, tuple[float, float]]) -> np.ndarray:
    """Cover of two kinds in both bands: state = {place: (kind 0, kind 1)}."""
    found = np.zeros((len(STATES), len(places), len(BANDS), 2))
    for state, shares in by_state.items():
        for place, share in shares.items():
            found[STATES.index(state), place] = share
    return found


# ---------------------------------------------------------------- one track by hand

STEPS = {"report": 30, "confirm": 10, "decide": 8, "compose": 4, "broadcast": 2, "late": 20, "seam": 15}
QUICK = {"report": 30, "confirm": 3, "decide": 2, "compose": 1, "broadcast": 1, "seam": 1}


@pytest.fixture(scope="module")
def way() -> Land:
    """East from the border of NA at a km a minute: NA at 10 to 30 and 50 to 70, NB at 90 to 110."""
    return framed(
        (
            sector("A", "NA", (0.0, -20.0), (0.0, 20.0)),
            home("1", "NA", 20.0, 0.0),
            home("2", "NA", 60.0, 0.0),
            home("3", "NB", 100.0, 0.0),
        )
    )


def alerts(way: Land, alerting: str = "today", left_out: float = 0.0, **by_state: object) -> list[float]:
    steps = STEPS if alerting == "today" else QUICK
    tracks = flown(way, (0.0, 0.0, 0.0))
    sees = cover(way, **by_state)
    found = warn(tracks, way, sees, SURE, 2, chain(alerting, **steps), left_out=left_out)
    assert (tracks.reached.minutes - found.alert).tolist() == pytest.approx(found.minutes.tolist())
    assert found.minutes + found.alert == pytest.approx([10, 50, 90], abs=EXACT)
    return list(found.alert)


def test_without_sensors_people_call(way: Land) -> None:
    # NA: 30 + 8 + 4 + 2. NB is told: 38 + 15 + 6, before its own people call at 90 + 30.
    assert alerts(way) == pytest.approx([44, 44, 59])


def test_who_is_left_out_waits_but_never_the_first_of_a_state(way: Land) -> None:
    assert alerts(way, left_out=1.0) == pytest.approx([44, 64, 59])
    assert alerts(way, "joint", left_out=1.0) == pytest.approx([34, 34, 35])


def test_one_kind_at_the_border_is_confirmed_by_a_wait(way: Land) -> None:
    assert alerts(way, NA={0: (1.0, 0.0)}) == pytest.approx([24, 24, 39])


def test_two_kinds_confirm_at_once_wherever_they_see_it_first(way: Land) -> None:
    assert alerts(way, NA={0: (1.0, 1.0)}) == pytest.approx([14, 14, 29])
    # The second kind sees it from place 1 at 10: as long as the wait; from place 2 at 50: the wait is over.
    assert alerts(way, NA={0: (1.0, 0.0), 1: (0.0, 1.0)}) == pytest.approx([24, 24, 39], abs=EXACT)
    assert alerts(way, NA={1: (1.0, 0.0), 2: (0.0, 1.0)}) == pytest.approx([34, 34, 49], abs=EXACT)


def test_a_kind_that_sees_nothing_within_its_reach_is_none(way: Land) -> None:
    tracks = flown(way, (0.0, 0.0, 0.0), band=1)
    sees, blind = cover(way, NA={0: (1.0, 1.0)}), np.array([[1.0, 0.0], [1.0, 1.0]])
    found = warn(tracks, way, sees, blind, 2, chain("today", **STEPS), left_out=0.0)
    assert found.alert.tolist() == pytest.approx([24, 24, 39])


def test_a_state_sees_with_its_own_picture_and_tells_the_other(way: Land) -> None:
    # NB sees it from the border at 0, two kinds: it decides at 8 and tells NA at 23; NA's people call at 30.
    assert alerts(way, NB={0: (1.0, 1.0)}) == pytest.approx([29, 29, 14])


def test_joint_alerting_has_one_picture(way: Land) -> None:
    # One kind of each: together two, so NA decides at 2, and tells NB at 3; NB alone would at 0 + 3 + 2.
    found = alerts(way, "joint", NA={0: (1.0, 0.0)}, NB={0: (0.0, 1.0)})
    assert found == pytest.approx([4, 4, 5])
    assert alerts(way, NA={0: (1.0, 0.0)}, NB={0: (0.0, 1.0)}) == pytest.approx([24, 24, 24])


def test_two_states_without_a_kind_in_common_need_no_kind_at_all(way: Land) -> None:
    none = np.zeros((2, len(way), 2, 0))
    found = warn(flown(way, (0.0, 0.0, 0.0)), way, none, np.zeros((0, 2)), 2, chain("today", **STEPS),
                 left_out=0.0)  # fmt: skip
    assert found.alert.tolist() == pytest.approx([44, 44, 59])


def test_more_kinds_than_there_are_leave_the_wait() -> None:
    first = np.array([[[5.0, 9.0], [math.inf, math.inf]]])
    assert confirmed(first, 3, np.full((1, 2), 7.0)).tolist() == [[12, math.inf]]
    assert confirmed(first, 1, np.full((1, 2), 7.0)).tolist() == [[5, math.inf]]


def test_what_was_told_is_not_passed_on() -> None:
    seams = np.array([[0.0, 2.0, 9.0], [9.0, 0.0, 2.0], [9.0, 9.0, 0.0]])[:, :, None]
    sure = np.array([[1.0], [math.inf], [20.0]])
    assert decided(sure, np.full((3, 1), 3.0), seams)[:, 0].tolist() == [4, 6, 13]


# ---------------------------------------------------------------- random worlds

shares = st.floats(0.0, 1.0)
spans = st.tuples(*[st.floats(0.0, 60.0)] * 3).map(lambda ends: tuple(sorted(ends)))


@st.composite
def delays(draw: st.DrawFn, alerting: str | None = None) -> Delays:
    alerting = alerting or draw(st.sampled_from(("today", "joint")))
    more = [{"step": step, "state": "NB", "to_state": None, "minutes": draw(spans)}
            for step in draw(st.sets(st.sampled_from(("report", "decide", "late", "seam"))))]  # fmt: skip
    told = {"step": "seam", "state": None, "to_state": "NB", "minutes": draw(spans)}
    steps = ("report", "confirm", "decide", "compose", "broadcast", "late", "seam")
    return chain(alerting, *more, told, **{step: draw(spans) for step in steps})


@st.composite
def worlds(draw: st.DrawFn, kinds: int = 3) -> dict[str, np.ndarray]:
    generator = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    some = generator.random((2, 12, 2, kinds)) < draw(shares)
    return {"cover": generator.random((2, 12, 2, kinds)) * some, "seen": generator.random((kinds, 2))}


def tracks_of(land: Land, number: int, seed: int) -> Tracks:
    return draw(land, BANDS, VALUES, number, seed, states=STATES)


def told(land: Land, world: dict[str, np.ndarray], chain: Delays, seed: int, left_out: float = 0.5,
         number: int = 60, needed: int = 2) -> np.ndarray:  # fmt: skip
    tracks = tracks_of(land, number, seed)
    return warn(tracks, land, world["cover"], world["seen"], needed, chain, left_out=left_out).minutes


@EXAMPLES
@given(worlds(), delays(), st.integers(0, 99), shares, st.integers(1, 4))
def test_the_chain_is_that_of_plain_loops(
    land: Land, world: dict[str, np.ndarray], chain: Delays, seed: int, left_out: float, needed: int
) -> None:
    tracks = tracks_of(land, 5, seed)
    found = told(land, world, chain, seed, left_out, 5, needed)
    expected = warning_oracle.minutes(tracks, land, world["cover"], world["seen"], needed, chain, left_out)
    assert found.tolist() == pytest.approx(expected, abs=1e-9, rel=0)


@EXAMPLES
@given(worlds(), delays(), st.integers(0, 99), st.integers(0, 99))
def test_more_cover_and_surer_sight_never_give_less(
    land: Land, world: dict[str, np.ndarray], chain: Delays, seed: int, more: int
) -> None:
    generator = np.random.default_rng(more)
    better = {
        name: values + (1.0 - values) * generator.random(values.shape) for name, values in world.items()
    }
    assert (told(land, better, chain, seed) >= told(land, world, chain, seed)).all()


@EXAMPLES
@given(worlds(), delays(), st.integers(0, 99), st.integers(0, 99))
def test_shorter_delays_never_give_less(
    land: Land, world: dict[str, np.ndarray], chain: Delays, seed: int, less: int
) -> None:
    generator = np.random.default_rng(less)
    shorter = {}
    for key, of in chain.rows.items():
        low, mode, high = np.array([of.low, of.mode, of.high]) * np.sort(generator.random(3))
        shorter[key] = Range(low, mode, high)
    quick = replace(chain, rows=shorter)
    slow = told(land, world, chain, seed)
    assert (told(land, world, quick, seed) >= slow - 1e-9).all()
    assert (told(land, world, chain.at("low"), seed) >= slow - 1e-9).all()
    assert (told(land, world, chain.at("high"), seed) <= slow + 1e-9).all()
    assert (told(land, world, chain, seed, 0.2) >= slow).all(), "fewer are left out"


@EXAMPLES
@given(worlds(), delays("today"), st.integers(0, 99))
def test_joint_alerting_as_slow_as_today_is_never_worse(
    land: Land, world: dict[str, np.ndarray], chain: Delays, seed: int
) -> None:
    joint = replace(chain, alerting="joint")
    assert (told(land, world, joint, seed) >= told(land, world, chain, seed)).all()


@EXAMPLES
@given(worlds(), delays(), st.integers(0, 99))
def test_names_of_states_mean_nothing(
    land: Land, world: dict[str, np.ndarray], chain: Delays, seed: int
) -> None:
    other = {"NA": "ZZ", "NB": "AA", "": ""}
    moved = tuple(replace(place, state=other[place.state]) for place in land)
    rows = {(step, other[one], other[to]): of for (step, one, to), of in chain.rows.items()}
    tracks = draw(moved, BANDS, VALUES, 60, seed, states=("AA", "ZZ"))
    turned = world["cover"][::-1]
    found = warn(tracks, moved, turned, world["seen"], 2, replace(chain, rows=rows), left_out=0.5)
    assert np.array_equal(found.minutes, told(land, world, chain, seed))


# ---------------------------------------------------------------- rows of delays


def test_the_row_of_a_state_beats_the_general_one() -> None:
    frame = delays_frame([
        {"step": "seam", "alerting": "today", "state": one, "to_state": to, "minutes": minutes}
        for one, to, minutes in ((None, None, 1), (None, "NB", 2), ("NA", None, 3), ("NA", "NB", 4))
    ] + [{"step": "seam", "alerting": "joint", "state": "NA", "to_state": "NB", "minutes": 9}])  # fmt: skip
    found = Delays.of(frame, "today")
    assert [found.find("seam", *pair).mode for pair in (("NC", "NA"), ("NC", "NB"), ("NA", "NC"))] == (
        [1, 2, 3]
    )
    assert found.find("seam", "NA", "NB") == span(4.0)
    assert Delays.of(frame.head(3), "today").find("seam", "NA", "NB").mode == 3, (
        "who does it, not who is told"
    )
    assert found.seams(("NA", "NB"), np.array([0.5]))[:, :, 0].tolist() == [[0, 4], [1, 0]]


def test_a_step_that_nothing_is_known_of_is_named() -> None:
    with pytest.raises(BadInput, match="decide takes in NA, alerting today") as fault:
        Delays.of(delays_frame([]), "today").find("decide", "NA")
    assert (fault.value.where, fault.value.rule) == ("warning_delays.csv", "delays of every step")

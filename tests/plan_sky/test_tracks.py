"""The map, the way inland, and tracks: where they start, what they pass and when."""

import math

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import settings as profile
from hypothesis import strategies as st

from tests.plan_sky.skyland import BANDS, EARTH, LAT, LON, STATES, degrees, flown, framed, home, sector, span
from vallum.core.errors import BadInput
from vallum.model.siting import Place, of_tables
from vallum.plan.sky.plane import Plane, inward, line
from vallum.plan.sky.tracks import Tracks, choice, draw, settings
from vallum.region import Region

VALUES = {
    "speed_kmh": span((120.0, 165.0, 200.0)),
    "heading_deg": span((30.0, 60.0, 80.0)),
    "path_km": span((100.0, 200.0, 300.0)),
    "corridor_km": span((5.0, 15.0, 25.0)),
}
MANY = 20_000
EXAMPLES = profile(max_examples=50, deadline=None, derandomize=True)


def drawn(places: tuple[Place, ...], number: int, seed: int = 3) -> Tracks:
    return draw(places, BANDS, VALUES, number, seed, states=STATES)


# ---------------------------------------------------------------- the map


def test_the_middle_meridian_is_true() -> None:
    found = Plane(LAT, LON).km(np.array([LAT, LAT + 1.0, LAT - 2.0]), np.full(3, LON))
    degree = math.pi / 180 * EARTH
    assert found.ravel().tolist() == pytest.approx([0, 0, 0, degree, 0, -2 * degree], abs=1e-6)


def haversine(one: tuple[float, float], other: tuple[float, float]) -> float:
    phi, psi = math.radians(one[0]), math.radians(other[0])
    across = math.radians(other[1] - one[1])
    half = math.sin((psi - phi) / 2) ** 2 + math.cos(phi) * math.cos(psi) * math.sin(across / 2) ** 2
    return 2 * EARTH * math.asin(math.sqrt(half))


@EXAMPLES
@given(
    st.lists(st.tuples(st.floats(-2.7, 2.7), st.floats(-4.8, 4.8)), min_size=2, max_size=2),
    st.floats(40.0, 62.0),
)
def test_distances_within_600_km_are_those_of_the_sphere(
    off: list[tuple[float, float]], middle: float
) -> None:
    points = [(middle + north, LON + east) for north, east in off]
    lat, lon = np.array(points).T
    one, other = Plane(middle, LON).km(lat, lon)
    assert math.dist(one, other) == pytest.approx(haversine(*points), rel=5e-3, abs=1e-6)


def test_points_of_the_test_land_are_where_they_are_put(land: tuple[Place, ...]) -> None:
    plane = Plane.of(land)
    assert (plane.lat, plane.lon) == pytest.approx((LAT, LON))
    assert plane.centres(land)[4].tolist() == pytest.approx([-60.0, 60.0])


# ---------------------------------------------------------------- the way inland


def degrees_inland(border: Place, *homes: Place) -> float:
    places = framed((border, *homes))
    plane = Plane.of(places)
    found = inward(line(plane, border), border.state, places, plane.centres(places))
    return math.degrees(found) % 360


@pytest.mark.parametrize("turned", [False, True])
def test_inland_is_square_to_the_border_on_the_side_of_the_state(turned: bool) -> None:
    points = [(-30.0, 0.0), (-5.0, 12.0), (30.0, 0.0)]
    border = sector("A", "NA", *(reversed(points) if turned else points))
    north, south = home("1", "NA", 25.0, 30.0), home("2", "NB", 0.0, -20.0)
    assert degrees_inland(border, north, south) == pytest.approx(90)
    assert degrees_inland(border, home("3", "NA", 25.0, -30.0), home("4", "NB", 0.0, 20.0)) == (
        pytest.approx(270)
    )


def test_a_corner_looks_square_to_its_chord() -> None:
    # Inland is the north and the east of a corner, and some places lie far along its sides.
    border = sector("A", "NA", (-9.0, 5.0), (-2.0, 5.0), (1.0, -1.0), (0.0, -6.0), (4.0, -1.0))
    homes = [home(str(i), "NA", *at) for i, at in enumerate(
        [(10.0, 9.0), (26.0, -6.0), (-21.0, 28.0), (22.0, -40.0), (-45.0, 17.0)]
    )]  # fmt: skip
    assert degrees_inland(border, *homes) == pytest.approx(math.degrees(math.atan2(13, 6)), abs=0.1)


def test_two_far_places_do_not_outvote_three_near_ones() -> None:
    border = sector("A", "NA", (-10.0, 0.0), (10.0, 0.0))
    near = [home(str(i), "NA", *at) for i, at in enumerate([(0.0, 10.0), (5.0, 12.0), (-5.0, 12.0)])]
    far = [home("7", "NA", 80.0, -60.0), home("8", "NA", -80.0, -60.0)]
    assert degrees_inland(border, *near, *far) == pytest.approx(90, abs=1e-3)


def test_a_closed_border_looks_towards_the_places() -> None:
    border = sector("A", "NA", (-5.0, 0.0), (0.0, 8.0), (5.0, 0.0), (-5.0, 0.0))
    away = home("1", "NA", 0.0, 68.0)
    assert degrees_inland(border, away) == pytest.approx(90, abs=8)


def test_a_state_without_people_looks_to_those_of_others() -> None:
    border = sector("A", "NA", (-5.0, 0.0), (5.0, 0.0))
    assert degrees_inland(border, home("1", "NB", 3.0, -20.0)) == pytest.approx(270)


def test_every_sector_of_the_baltic_region_looks_inland() -> None:
    places = of_tables(Region.read("baltic").tables, "baltic").places
    plane = Plane.of(places)
    centres = plane.centres(places)
    for place in places:
        if place.what != "sector":
            continue
        border = line(plane, place)
        angle = inward(border, place.state, places, centres)
        to = centres - border.at(np.array([0.5]))[0]
        own = np.array([one.what != "sector" and one.state == place.state for one in places])
        ahead = (to @ [math.cos(angle), math.sin(angle)])[own & (np.hypot(*to.T) < 80.0)]
        assert (ahead > 0).sum() > (ahead < 0).sum(), place.key


def test_nobody_to_warn_and_nothing_to_cross_are_said() -> None:
    border = sector("A", "NA", (0.0, 0.0), (5.0, 0.0))
    with pytest.raises(BadInput, match="No municipality") as nobody:
        drawn(framed((border,)), 3)
    assert nobody.value.rule == "places to warn"
    with pytest.raises(BadInput, match="No border") as nothing:
        drawn(framed((home("1", "NA", 0.0, 0.0),)), 3)
    assert nothing.value.rule == "sectors to cross"


# ---------------------------------------------------------------- draws


def test_tracks_repeat_with_their_seed_whatever_their_number(land: tuple[Place, ...]) -> None:
    many, few, other = drawn(land, 2500), drawn(land, 700), drawn(land, 700, seed=4)
    kept = many.reached.track < 700
    assert np.array_equal(many.flights.start[:700], few.flights.start)
    assert np.array_equal(many.reached.place[kept], few.reached.place)
    assert np.array_equal(many.reached.minutes[kept], few.reached.minutes)
    assert np.array_equal(many.entered[:, :700], few.entered)
    assert not np.array_equal(few.flights.start, other.flights.start)


def test_sectors_go_by_length_and_bands_by_share(land: tuple[Place, ...]) -> None:
    tracks = drawn(land, MANY)
    for found, expected in (
        (tracks.sector, [1 / 3, 1 / 6, 1 / 2]),
        (tracks.band, [0.75, 0.25]),
    ):
        shares = np.bincount(found, minlength=len(expected)) / MANY
        # Four standard errors of a share.
        assert np.abs(shares - expected).max() < 4 * 0.5 / math.sqrt(MANY)
    assert np.array_equal(tracks.home, [STATES.index(land[i].state) for i in tracks.sector])


def test_tracks_start_evenly_along_the_border_and_head_inland(land: tuple[Place, ...]) -> None:
    tracks = drawn(land, MANY)
    first = tracks.sector == 0
    start, heading = tracks.flights.start, np.degrees(tracks.flights.heading)
    assert np.abs(start[first, 1]).max() < 0.6, "on the chord of a great circle"
    assert abs(start[first, 0].mean() + 100.0) < 4 * 100 / math.sqrt(12 * first.sum())
    assert 30 - 0.5 < heading.min() < 31
    assert 149 < heading.max() < 150.5
    assert 120 <= tracks.flights.kmh.min() < tracks.flights.kmh.max() <= 200
    assert abs(tracks.flights.kmh.mean() - (120 + 165 + 200) / 3) < 4 * 17 / math.sqrt(MANY)


def test_nothing_of_no_weight_is_chosen() -> None:
    assert choice(np.array([0.0, 2.0, 0.0, 2.0, 0.0]), np.array([0.0, 0.49, 0.5, 0.9999])).tolist() == (
        [1, 1, 3, 3]
    )


# ---------------------------------------------------------------- what a path passes


def passed(tracks: Tracks, what: str = "reached") -> dict[int, float]:
    found = getattr(tracks, what)
    return dict(zip(found.place.tolist(), found.minutes.tolist(), strict=True))


def test_arrivals_by_hand() -> None:
    # Due east from the middle, 100 km long, a km a minute.
    places = framed(
        (
            sector("A", "NA", (0.0, -10.0), (0.0, 10.0)),
            home("1", "NA", 50.0, 6.0),  # enters at 50 - 8
            home("2", "NA", 60.0, -24.0),  # outside by 14 km, nearest at 60
            home("3", "NA", 60.0, 25.1),  # outside the corridor
            home("4", "NA", 1.0, 0.0),  # starts within it
            home("5", "NB", 106.0, 8.0),  # enters at 100: the end touches the disc
            home("6", "NB", 124.0, 0.0),  # 24 km from the end
            home("7", "NB", 130.0, 0.0),  # beyond
            home("8", "NB", -12.0, 0.0),  # behind, 2 km from the edge
        )
    )
    tracks = flown(places, (0.0, 0.0, 0.0), km=100.0 + 1e-9)
    assert passed(tracks) == pytest.approx({1: 42, 2: 60, 4: 0, 5: 100, 6: 100, 8: 0}, abs=1e-6)
    assert passed(tracks, "watched") == pytest.approx({0: 0, 1: 42, 4: 0, 5: 100}, abs=1e-6)
    assert tracks.watched.place[0] == 0, "the sector first"
    assert tracks.entered[:, 0].tolist() == pytest.approx([0, 100], abs=1e-6)
    fast = flown(places, (0.0, 0.0, 0.0), km=100.0 + 1e-9, kmh=120.0)
    assert fast.reached.minutes.tolist() == pytest.approx((tracks.reached.minutes / 2).tolist())


def test_a_state_that_is_never_entered_is_said_so(land: tuple[Place, ...]) -> None:
    tracks = flown(land, (-120.0, 0.0, 90.0))
    assert tracks.entered[:, 0].tolist() == [0.0, math.inf]


@EXAMPLES
@given(seed=st.integers(0, 2**32 - 1))
def test_passes_are_those_found_by_going_along_each_path(seed: int, land: tuple[Place, ...]) -> None:
    tracks = drawn(land, 4, seed)
    plane = Plane.of(land)
    centres = plane.centres(land)
    for i in range(4):
        start, angle, kmh = (
            tracks.flights.start[i], tracks.flights.heading[i], tracks.flights.kmh[i]
        )  # fmt: skip
        steps = np.linspace(0.0, 200.0, 4001)
        path = start + steps[:, None] * [math.cos(angle), math.sin(angle)]
        mine = tracks.reached.track == i
        minutes = dict(zip(tracks.reached.place[mine], tracks.reached.minutes[mine], strict=True))
        seen = tracks.watched.place[tracks.watched.track == i].tolist()
        for j, place in enumerate(land):
            if place.what != "municipality":
                assert j not in minutes
                continue
            far = np.hypot(*(path - centres[j]).T)
            # Where a step decides, either answer is right.
            if abs(far.min() - place.radius_km) < 0.05 or abs(far.min() - place.radius_km - 15.0) < 0.05:
                continue
            within = far <= place.radius_km
            assert (j in seen) == within.any()
            assert (j in minutes) == bool(far.min() <= place.radius_km + 15.0)
            if j in minutes:
                km = steps[within.argmax()] if within.any() else steps[far.argmin()]
                assert minutes[j] == pytest.approx(km / kmh * 60.0, abs=0.06 / kmh * 60.0)


def test_settings_have_their_ranges() -> None:
    frame = pl.DataFrame({"key": ["a", "b"], "value": [2.0, 5.0], "low": [1.0, None], "high": [4.0, None]})
    assert settings(frame) == {"a": span((1.0, 2.0, 4.0)), "b": span(5.0)}


def test_the_inverse_of_the_map_is_its_inverse() -> None:
    lat, lon = degrees(120.0, -80.0)
    assert Plane(LAT, LON).km(np.array([lat]), np.array([lon]))[0].tolist() == pytest.approx([120.0, -80.0])

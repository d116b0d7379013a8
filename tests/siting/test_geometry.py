"""Horizons, shares of discs, and the points at which a place is looked at."""

import math
from itertools import pairwise

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.siting.helpers import border, haversine, point, town
from vallum.core.errors import BadInput
from vallum.model.siting import Place
from vallum.model.siting.geometry import POINTS_AN_AREA, area_km2, horizon_km, look, on_sphere, seen_share

COAST = ((57.0, 24.0), (57.0, 24.2), (57.1, 24.2))
KM = st.floats(0.5, 60.0)


def share(distance: float, reach: float, radius: float) -> float:
    return float(seen_share(np.array([distance], float), reach, np.array([radius], float))[0])


def area(*corners: tuple[float, float]) -> Place:
    """An area through corners in degrees east and north."""
    return Place("A", "NA", "A", "area", corners[0][1], corners[0][0], 0.0, 0.0, 1.0, corners)


# ---------------------------------------------------------------- the horizon


def test_the_radio_horizon_is_the_one_of_the_handbooks() -> None:
    # 4.12 (sqrt(10) + sqrt(100)) = 54.2 km for a mast of 10 m and a target at 100 m
    assert horizon_km(10.0, 100.0, 4.0 / 3.0) == pytest.approx(
        4.12 * (math.sqrt(10) + math.sqrt(100)), rel=1e-3
    )


def test_without_refraction_the_horizon_is_a_tangent_to_the_earth() -> None:
    # the tangent from a height h has the length sqrt((R + h)² - R²)
    def tangent(metres: float) -> float:
        return math.sqrt((6371.0 + metres / 1000.0) ** 2 - 6371.0**2)

    assert horizon_km(30.0, 500.0, 1.0) == pytest.approx(tangent(30.0) + tangent(500.0), rel=1e-4)


def test_what_has_no_horizon_sees_without_end() -> None:
    assert horizon_km(0.0, 60.0, math.inf) == math.inf


@given(mast=st.floats(0, 300), low=st.floats(1, 3000), more=st.floats(0, 3000), factor=st.floats(0.5, 5))
@settings(deadline=None)
def test_higher_targets_are_seen_no_less_far(mast: float, low: float, more: float, factor: float) -> None:
    assert horizon_km(mast, low, factor) <= horizon_km(mast, low + more, factor)
    assert horizon_km(mast, low, factor) == pytest.approx(horizon_km(low, mast, factor))


# ---------------------------------------------------------------- the lens


@pytest.mark.parametrize(
    ("distance", "reach", "radius"),
    [(0, 3, 10), (6, 5, 10), (12, 5, 10), (3, 10, 8), (9.5, 1, 10), (20, 15, 6), (10, 10, 10), (14.9, 5, 10)],
)
def test_the_lens_is_what_random_points_of_the_disc_say(distance: float, reach: float, radius: float) -> None:
    number = 200_000
    draws = np.random.default_rng(3).random((number, 2))
    far, turn = radius * np.sqrt(draws[:, 0]), 2 * np.pi * draws[:, 1]
    near = (far * np.cos(turn) - distance) ** 2 + (far * np.sin(turn)) ** 2 <= reach**2
    # 5 standard errors
    assert share(distance, reach, radius) == pytest.approx(near.mean(), abs=5 * 0.5 / math.sqrt(number))


def test_the_lens_of_two_equal_discs_through_each_other_is_the_one_of_the_textbook() -> None:
    # 2 pi / 3 - sqrt(3) / 2 of r², over pi
    assert share(7.0, 7.0, 7.0) == pytest.approx((2 * math.pi / 3 - math.sqrt(3) / 2) / math.pi)


@pytest.mark.parametrize(
    ("distance", "reach", "radius", "expected"),
    [
        (0, 5, 10, 0.25), (3, 5, 10, 0.25), (5, 5, 10, 0.25), (2, 12, 10, 1), (16, 5, 10, 0), (15, 5, 10, 0),
        (4, 5, 0, 1), (5, 5, 0, 1), (6, 5, 0, 0), (3, 0, 10, 0), (0, 1e9, 10, 1),
    ],
)  # fmt: skip
def test_limits_of_the_lens(distance: float, reach: float, radius: float, expected: float) -> None:
    assert share(distance, reach, radius) == pytest.approx(expected, abs=1e-12)


@given(distance=st.floats(0, 120), reach=KM, more=st.floats(0, 5), radius=KM)
@settings(deadline=None)
def test_the_lens_grows_with_the_reach_and_never_jumps(
    distance: float, reach: float, more: float, radius: float
) -> None:
    less, much = share(distance, reach, radius), share(distance, reach + more, radius)
    assert 0.0 <= less <= 1.0 + 1e-12
    assert less <= much + 1e-7
    # the area grows by the arc within the disc, which is no longer than the disc's own edge
    assert much - less <= 2.0 * more / radius + 1e-7


@given(reach=KM, radius=KM, step=st.floats(0, 1e-6))
@settings(deadline=None)
def test_the_cases_of_the_lens_meet(reach: float, radius: float, step: float) -> None:
    for distance in (abs(reach - radius), reach + radius):
        before, after = (share(abs(distance + sign * step), reach, radius) for sign in (-1.0, 1.0))
        assert before == pytest.approx(after, abs=1e-4)


# ---------------------------------------------------------------- points of places


def test_points_of_a_sector_are_the_middles_of_equal_parts() -> None:
    sector = border("S", outline=COAST)
    found = look(sector)
    line = shapely.LineString([(lon, lat) for lat, lon in COAST])
    assert max(line.distance(shapely.Point(lon, lat)) for lat, lon in found) < 1e-9
    gaps = [haversine(tuple(a), tuple(b)) for a, b in pairwise(found)]
    whole = haversine(COAST[0], COAST[1]) + haversine(COAST[1], COAST[2])
    # round the corner the straight way is shorter
    assert sorted(gaps)[1:] == pytest.approx([whole / len(found)] * (len(gaps) - 1), rel=1e-3)
    assert haversine(COAST[0], tuple(found[0])) == pytest.approx(whole / len(found) / 2, rel=1e-3)


def test_a_sector_without_length_is_one_place() -> None:
    assert np.unique(look(border("S", outline=((57.0, 24.0), (57.0, 24.0)))), axis=0).tolist() == [
        [57.0, 24.0]
    ]


def test_points_of_a_disc_are_spread_evenly() -> None:
    place = town("T", lat=58.0, lon=26.0, radius=12.0)
    far = np.array([haversine((58.0, 26.0), (lat, lon)) for lat, lon in look(place)])
    assert far.max() <= 12.0 * 1.001
    # of an even disc the mean distance is 2/3 of the radius and a quarter lies within half of it
    assert far.mean() == pytest.approx(8.0, rel=0.02)
    assert (far <= 6.0).mean() == pytest.approx(0.25, abs=1.5 / len(far))
    assert look(place).mean(axis=0) == pytest.approx([58.0, 26.0], abs=0.01)


def test_a_point_is_looked_at_where_it_is() -> None:
    assert look(point("P", lat=55.0, lon=21.5)).tolist() == [[55.0, 21.5]]


def test_points_of_an_area_lie_within_it_wherever_it_bends() -> None:
    corners = ((24.0, 56.0), (24.4, 56.0), (24.4, 56.1), (24.1, 56.1), (24.1, 56.4), (24.0, 56.4))
    found = look(area(*corners))
    assert len(found) >= POINTS_AN_AREA
    ground = shapely.Polygon(corners)
    assert all(ground.contains(shapely.Point(lon, lat)) for lat, lon in found)
    centre = ground.centroid
    assert found.mean(axis=0) == pytest.approx([centre.y, centre.x], abs=0.01)


def test_an_area_that_is_a_line_is_refused() -> None:
    with pytest.raises(BadInput, match="too thin") as error:
        look(area((24.0, 56.0), (25.0, 56.3), (25.5, 57.0), (25.0, 56.3 + 1e-9)))
    assert error.value.rule == "outline of an area"


def test_areas_are_those_of_the_sphere() -> None:
    # between two meridians and two parallels: R² (lon2 - lon1) (sin lat2 - sin lat1), either way round
    zone = 6371.0**2 * math.radians(2.0) * (math.sin(math.radians(57.0)) - math.sin(math.radians(56.0)))
    corners = [(24.0, 56.0), (26.0, 56.0), (26.0, 57.0), (24.0, 57.0)]
    assert area_km2(corners) == pytest.approx(zone, rel=1e-5)
    assert area_km2(corners[::-1]) == pytest.approx(zone, rel=1e-5)


@given(lat=st.floats(-80, 80), lon=st.floats(-179, 179), north=st.floats(-3, 3), east=st.floats(-3, 3))
@settings(deadline=None)
def test_chords_are_distances(lat: float, lon: float, north: float, east: float) -> None:
    here, there = on_sphere(np.array([lat, lat + north]), np.array([lon, lon + east]))
    arc = haversine((lat, lon), (lat + north, lon + east))
    assert float(np.linalg.norm(here - there)) == pytest.approx(arc, rel=1e-3, abs=1e-6)

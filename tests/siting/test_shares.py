"""What one unit covers: against plain loops over points, against sketches on paper, and in general."""

import math
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.siting.helpers import border, plain_share, point, sensor, town
from vallum.model.siting import Options, Place, SensorType, Siting
from vallum.model.siting.problem import FloatArray
from vallum.model.siting.shares import NEGLIGIBLE, options, shares

SAMPLING = 0.06
"""A share is known to one in 37 points on the one side and one in seven across on the other."""

#: A degree of longitude at 56 N and one of latitude, km.
EAST, NORTH = 62.18, 111.19


def matrix(places: Sequence[Place], sites: Sequence[Place], types: Sequence[SensorType]) -> FloatArray:
    return shares(places, sites, types, options(sites, types), len(types[0].reach_km)).toarray()


def straight(key: str, length: float, *, lat: float = 56.0, lon: float = 25.0) -> Place:
    """A sector along a meridian, its length in km."""
    return border(key, outline=((lat, lon), (lat + length / NORTH, lon)), length=length)


def land() -> list[Place]:
    """Two sectors with a corner, three discs and a point, so near that most see one another."""
    return [
        border("S1", outline=((56.0, 24.6), (56.05, 25.0), (55.9, 25.3))),
        border("S2", outline=((55.9, 25.3), (55.7, 25.5))),
        town("T1", lat=56.1, lon=24.9, radius=14.0),
        town("T2", lat=56.02, lon=25.15, radius=6.0),
        town("T3", lat=56.4, lon=25.4, radius=20.0),
        point("P1", lat=55.98, lon=24.8),
    ]


# ---------------------------------------------------------------- against plain loops


def test_shares_of_a_made_land_are_what_plain_loops_say() -> None:
    places = land()
    reaches = (3.0, 9.0, 25.0)
    found = matrix(places, places, [sensor("A", reach=reaches)])
    errors = []
    for row, place in enumerate(places):
        for column, site in enumerate(places):
            for band, reach in enumerate(reaches):
                share = found[row * len(reaches) + band, column]
                expected = plain_share(place, site, reach, fine=7)
                if place.what == site.what == "point":
                    assert share == expected
                errors.append(share - expected)
                assert share == pytest.approx(expected, abs=SAMPLING), (place.key, site.key, reach)
    # what is missed by sampling leans to neither side
    assert np.mean(errors) == pytest.approx(0.0, abs=0.005)


def test_shares_of_the_region_that_ships_are_what_plain_loops_say(baltic: Siting) -> None:
    draws = np.random.default_rng(8)
    share = baltic.share.tocsr()
    bands = len(baltic.bands)
    for row in draws.choice(len(baltic.places) * bands, 10, replace=False):
        place, band = baltic.places[row // bands], row % bands
        seen = share.indices[share.indptr[row] : share.indptr[row + 1]]
        chosen = draws.choice(seen, min(3, len(seen)), replace=False)
        for option in (*chosen, draws.integers(share.shape[1])):
            site = baltic.sites[baltic.may.place[option]]
            reach = baltic.types[baltic.may.type[option]].reach_km[band]
            assert share[row, option] == pytest.approx(
                plain_share(place, site, reach), abs=SAMPLING
            ), (
                place.key, site.key, reach,
            )  # fmt: skip


def test_nobody_far_away_is_left_out_of_the_region_that_ships(baltic: Siting) -> None:
    """Each municipality that a unit reaches wholly by the centre has a share of it."""
    bands = len(baltic.bands)
    share = baltic.share.tocsr()
    draws = np.random.default_rng(1)
    for option in draws.choice(share.shape[1], 25, replace=False):
        kind = baltic.types[baltic.may.type[option]]
        site = baltic.sites[baltic.may.place[option]]
        own = next(i for i, place in enumerate(baltic.places) if place.key == site.key)
        for band, reach in enumerate(kind.reach_km):
            mine = share[own * bands + band, option]
            if site.what == "municipality":
                # of two random points of a disc the second is within r of the first with at most (r / R)²
                assert mine <= min(1.0, (reach / site.radius_km) ** 2) + 1e-9
            assert mine > 0.0 or reach < 1.0


def test_shares_of_the_region_that_ships_are_shares(baltic: Siting) -> None:
    assert baltic.share.shape == (len(baltic.places) * len(baltic.bands), len(baltic.may.type))
    assert baltic.share.data.min() >= NEGLIGIBLE
    assert baltic.share.data.max() <= 1.0 + 1e-9


# ---------------------------------------------------------------- on paper


@pytest.mark.parametrize("reach", [1.0, 5.0, 12.0, 20.0, 29.9])
def test_a_sector_sees_of_itself_what_two_random_points_of_a_line_do(reach: float) -> None:
    length = 30.0
    found = matrix([straight("S", length)], [straight("S", length)], [sensor("A", reach=(reach,))])
    part = reach / length
    assert found[0, 0] == pytest.approx(2 * part - part**2, abs=1.5 / 48)


def test_a_sector_within_reach_is_covered_wholly_and_one_beyond_not_at_all() -> None:
    one, other = straight("S1", 30.0), straight("S2", 30.0, lat=56.0 + 40.0 / NORTH)
    found = matrix([one, other], [one], [sensor("A", reach=(9.9, 31.0, 71.0))])
    # the nearest points are 10 km apart, the farthest 70 km
    assert found[0, 0] == pytest.approx(1 - (20.1 / 30) ** 2, abs=1.5 / 48)
    assert found[1:3, 0].tolist() == pytest.approx([1.0, 1.0])
    assert found[3, 0] == 0.0
    assert found[5, 0] == pytest.approx(1.0)
    # 40 km and the difference of two random points: at most 31 with 0.7² / 2
    assert found[4, 0] == pytest.approx(0.245, abs=1.5 / 48)


@pytest.mark.parametrize(
    ("apart", "reach", "expected"),
    [(5.0, 5.1, 1.0), (5.0, 4.9, 0.0), (0.0, 1.0, 1.0)],
)
def test_a_point_sees_a_point_or_not(apart: float, reach: float, expected: float) -> None:
    found = matrix(
        [point("P", lon=25.0 + apart / EAST)], [point("Q", lon=25.0)], [sensor("A", reach=(reach,))]
    )
    assert found[0, 0] == expected


def test_a_unit_within_a_disc_covers_of_its_middle_the_share_of_its_own_circle() -> None:
    # a unit stands anywhere in 10 km round the point, and sees 5 km: (5 / 10)²
    found = matrix([point("P")], [town("T", radius=10.0)], [sensor("A", reach=(5.0, 10.1))])
    assert found[:, 0].tolist() == pytest.approx([0.25, 1.0])


def test_a_point_covers_of_a_disc_round_it_the_share_of_its_circle() -> None:
    found = matrix([town("T", radius=10.0)], [point("P")], [sensor("A", reach=(5.0, 8.0, 10.1))])
    assert found[:, 0].tolist() == pytest.approx([0.25, 0.64, 1.0], abs=1.0 / 37)


def test_two_random_points_of_a_disc_are_as_far_apart_as_the_textbook_says() -> None:
    # disc line picking (Weisstein): P(d <= R) = 1 - 3 sqrt(3) / (4 pi)
    found = matrix([town("T", radius=10.0)], [town("T", radius=10.0)], [sensor("A", reach=(10.0, 20.1))])
    assert found[:, 0].tolist() == pytest.approx([1 - 3 * math.sqrt(3) / (4 * math.pi), 1.0], abs=0.02)


# ---------------------------------------------------------------- who may stand where


def test_types_stand_where_they_may_and_points_take_all() -> None:
    sites = [straight("S", 30.0), town("T"), point("P")]
    types = [sensor("A", at="sector", most=3), sensor("B", at="municipality", most=4), sensor("C", most=5)]
    may = options(sites, types)
    named = list(
        zip([sites[i].key for i in may.place], [types[i].key for i in may.type], may.most, strict=True)
    )
    assert named == [
        ("S", "A", 3), ("S", "C", 5), ("T", "B", 4), ("T", "C", 5), ("P", "A", 3), ("P", "B", 4), ("P", "C", 5),
    ]  # fmt: skip


def test_rows_and_columns_are_where_they_are_said_to_be() -> None:
    """Types with other bands and places: each entry is the one of its own pair alone."""
    sites = [straight("S", 30.0), town("T", lat=56.1), point("P", lat=56.2)]
    types = [sensor("A", at="sector", reach=(4.0, 30.0)), sensor("B", at="municipality", reach=(15.0, 7.0)),
             sensor("C", reach=(11.0, 2.0))]  # fmt: skip
    may = options(sites, types)
    whole = shares(sites, sites, types, may, 2).toarray()
    for option in range(len(may.type)):
        site, kind = sites[may.place[option]], types[may.type[option]]
        for row, place in enumerate(sites):
            for band in range(2):
                alone = Options(np.zeros(1, np.int64), np.zeros(1, np.int64), np.ones(1, np.int64))
                one = shares([place], [site], [sensor("X", reach=(kind.reach_km[band],))], alone, 1)
                assert whole[2 * row + band, option] == pytest.approx(one.toarray()[0, 0], abs=1e-12)


# ---------------------------------------------------------------- in general

AT = st.tuples(st.floats(55.5, 56.5), st.floats(24.5, 25.5))
TOWNS = st.builds(lambda at, radius: town("T", lat=at[0], lon=at[1], radius=radius), AT, st.floats(0.5, 25.0))
SECTORS = st.builds(
    lambda one, other: border("S", outline=(one, other)),
    AT,
    st.tuples(st.floats(56.6, 57), st.floats(24, 26)),
)
POINTS = st.builds(lambda at: point("P", lat=at[0], lon=at[1]), AT)
PLACES = st.lists(TOWNS | SECTORS | POINTS, min_size=2, max_size=4)


@given(PLACES, st.floats(0.5, 80.0), st.floats(0.0, 30.0))
@settings(max_examples=40, deadline=None)
def test_shares_are_shares_and_more_range_never_covers_less(
    places: list[Place], reach: float, more: float
) -> None:
    found = matrix(places, places, [sensor("A", reach=(reach, reach + more))])
    assert found.min() >= 0.0
    assert found.max() <= 1.0 + 1e-9
    assert (found[0::2] <= found[1::2] + NEGLIGIBLE + 1e-9).all()


@given(PLACES, st.data())
@settings(max_examples=25, deadline=None)
def test_the_order_of_places_and_types_changes_nothing(places: list[Place], data: st.DataObject) -> None:
    types = [sensor("A", reach=(5.0, 30.0)), sensor("B", at="municipality", reach=(20.0, 8.0)),
             sensor("C", at="sector", reach=(12.0, 12.0))]  # fmt: skip

    def named(where: list[int], what: list[int]) -> dict[tuple[int, int, int, int], float]:
        sites, kinds = [places[i] for i in where], [types[i] for i in what]
        may = options(sites, kinds)
        found = shares(sites, sites, kinds, may, 2).toarray()
        return {
            (where[row // 2], row % 2, where[may.place[o]], what[may.type[o]]): found[row, o]
            for row in range(len(found))
            for o in range(len(may.type))
        }

    turned = named(data.draw(st.permutations(range(len(places)))), data.draw(st.permutations(range(3))))
    assert turned == pytest.approx(named(list(range(len(places))), [0, 1, 2]), abs=1e-12)

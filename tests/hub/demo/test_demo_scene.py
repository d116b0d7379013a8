"""Who moves where in the demonstration."""

import csv
import math
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vallum.core.errors import BadInput
from vallum.hub.demo import places
from vallum.hub.demo.places import NATIONS, routes
from vallum.hub.demo.scene import ROLES, Scene, Unit, scene
from vallum.hub.demo.sphere import Leg, distance

DATA = Path(places.__file__).parent / "data"
REGION = Path(places.__file__).parents[2] / "region" / "data" / "baltic" / "municipalities.csv"
SCENE = scene(0, 30, NATIONS)
HELD = (59.2659, 25.0198, 19.02)
"""Latitude, longitude and speed of a unit of `SCENE` after a minute."""
LAT, LON = st.floats(53.0, 61.0), st.floats(17.0, 31.0)


def rows(file: Path) -> list[dict[str, str]]:
    with file.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


# What ships


def test_every_place_on_land_is_the_centre_of_a_municipality() -> None:
    centres = {
        (row["state"], row["lau_id"], row["municipality"], row["lat"], row["lon"]) for row in rows(REGION)
    }
    for row in rows(DATA / "places.csv"):
        assert (row["nation"], row["lau_id"], row["municipality"], row["lat"], row["lon"]) in centres


def test_ways_on_land_and_in_the_air_have_no_points_but_listed_places() -> None:
    listed = {(row["nation"], row["name"]) for row in rows(DATA / "places.csv")}
    for row in rows(DATA / "routes.csv"):
        if row["kind"] != "sea":
            assert (row["nation"], row["stop"]) in listed
            assert (row["lat"], row["lon"]) == ("", "")


def test_sea_lanes_keep_off_the_land_and_are_coarse() -> None:
    centres = [(float(row["lat"]), float(row["lon"])) for row in rows(REGION)]
    lanes = [route for route in routes() if route.kind == "sea"]
    assert {lane.nation for lane in lanes} == set(NATIONS)
    for lane in lanes:
        for here, there in zip(lane.stops, lane.stops[1:], strict=False):
            leg = Leg((here.lat, here.lon), (there.lat, there.lon))
            for tenth in range(11):
                assert min(distance(leg.at(tenth / 10), centre) for centre in centres) > 20_000
            # Two decimals are a kilometre: no berth, no buoy.
            assert round(here.lat, 2) == here.lat
            assert round(here.lon, 2) == here.lon


def test_every_nation_has_each_kind_of_way() -> None:
    assert {(route.nation, route.kind) for route in routes()} == {
        (nation, kind) for nation in NATIONS for kind in ("road", "air", "sea")
    }
    assert all(len(route.stops) >= 2 for route in routes())


# Determinism


def test_the_same_seed_is_the_same_scene_and_another_is_not() -> None:
    assert scene(7, 30, NATIONS) == scene(7, 30, NATIONS)
    assert scene(7, 30, NATIONS).positions(500.0) == scene(7, 30, NATIONS).positions(500.0)
    assert scene(7, 30, NATIONS).positions(500.0) != scene(8, 30, NATIONS).positions(500.0)


def test_a_nation_is_the_same_whoever_else_takes_part() -> None:
    alone, together = scene(3, 10, ["LV"]), scene(3, 30, NATIONS)
    assert alone.units == together.of("LV")[1]


def test_positions_of_a_seed_are_what_they_were() -> None:
    """Held fast: a change here changes every recorded demonstration."""
    state = SCENE.positions(60.0)["vallum-demo-EE-01"]
    assert (round(state.lat, 4), round(state.lon, 4), round(state.speed, 2)) == HELD


# Movement


@settings(max_examples=60, deadline=None)
@given(t=st.floats(0, 200_000), index=st.integers(0, 29))
def test_units_move_no_faster_than_their_kind_and_along_their_legs(t: float, index: int) -> None:
    unit = SCENE.units[index]
    state, later = unit.state(t), unit.state(t + 1.0)
    moved = distance((state.lat, state.lon), (later.lat, later.lon))
    fastest = 1.1 * unit.role.speed
    assert moved <= fastest + 0.01
    assert state.speed == 0.0 or 0.85 * unit.role.speed <= state.speed <= fastest
    assert 0.0 <= state.course < 360.0
    assert off_its_way(unit, (state.lat, state.lon)) < 0.5


def off_its_way(unit: Unit, here: tuple[float, float]) -> float:
    """How much longer the way over this point is than the leg it lies on, m."""
    legs = [step.leg for step in unit.steps]
    return min(distance(leg.start, here) + distance(here, leg.end) - leg.length for leg in legs)


@settings(max_examples=40, deadline=None)
@given(t=st.floats(0, 50_000), index=st.integers(0, 29))
def test_course_and_speed_tell_where_a_unit_is_next(t: float, index: int) -> None:
    unit = SCENE.units[index]
    state, later = unit.state(t), unit.state(t + 1.0)
    if state.speed == 0.0 or later.speed != state.speed:
        return
    north = (later.lat - state.lat) * 111_195
    east = (later.lon - state.lon) * 111_195 * math.cos(math.radians(state.lat))
    assert north == pytest.approx(state.speed * math.cos(math.radians(state.course)), abs=0.2)
    assert east == pytest.approx(state.speed * math.sin(math.radians(state.course)), abs=0.2)


def test_units_do_not_jump_when_their_way_begins_again() -> None:
    for unit in SCENE.units:
        end = unit.ends[-1] - unit.offset
        before, after = unit.state(end - 0.001), unit.state(end + 0.001)
        assert distance((before.lat, before.lon), (after.lat, after.lon)) < 1.0


def test_units_stay_at_stops_and_then_go_on() -> None:
    unit = SCENE.units[0]
    speeds = [unit.state(float(t)).speed for t in range(0, 20_000, 10)]
    assert 0.0 in speeds
    assert sum(speed > 0 for speed in speeds) > len(speeds) / 2


@given(lat1=LAT, lon1=LON, lat2=LAT, lon2=LON, share=st.floats(0, 1))
def test_a_point_on_a_leg_parts_it_in_proportion(
    lat1: float, lon1: float, lat2: float, lon2: float, share: float
) -> None:
    leg = Leg((lat1, lon1), (lat2, lon2))
    here = leg.at(share)
    assert distance(leg.start, here) == pytest.approx(share * leg.length, abs=0.05)
    assert distance(here, leg.end) == pytest.approx((1 - share) * leg.length, abs=0.05)


def test_a_degree_of_latitude_is_111_km_and_its_course_is_north() -> None:
    leg = Leg((57.0, 24.0), (58.0, 24.0))
    assert leg.length == pytest.approx(111_195, abs=1)
    for share in (0.0, 0.3, 0.9, 1.0):
        assert leg.course(share) == pytest.approx(0.0, abs=1e-6) or leg.course(share) == pytest.approx(360.0)


# Units


def test_uids_and_callsigns_are_plainly_invented_and_each_is_there_once() -> None:
    uids = [unit.uid for unit in SCENE.units] + [post.uid for post in SCENE.posts]
    assert len(set(uids)) == len(uids)
    assert all(uid.startswith("vallum-demo-") for uid in uids)
    assert SCENE.units[2].callsign == "DEMO EE 03"


def test_thirty_units_are_ten_of_each_nation_with_every_kind() -> None:
    for nation in NATIONS:
        units = SCENE.of(nation)[1]
        assert len(units) == 10
        assert {unit.role.name for unit in units} == set(ROLES)
        assert sum(unit.role.name == "drone" for unit in units) == 1


def test_units_that_do_not_divide_evenly_go_to_the_first_nations() -> None:
    uneven: Scene = scene(0, 8, NATIONS)
    assert [len(uneven.of(nation)[1]) for nation in NATIONS] == [3, 3, 2]


@pytest.mark.parametrize(
    ("units", "nations"),
    [(30, ["FI"]), (30, []), (30, ["EE", "EE"]), (2, NATIONS), (3_001, NATIONS), (-1, ["EE"])],
)
def test_scenes_that_make_no_sense_are_refused(units: int, nations: list[str]) -> None:
    with pytest.raises(BadInput):
        scene(0, units, nations)

"""Tables to places, types, purses and people behind: every number of the made region, by hand."""

import math

import numpy as np
import polars as pl
import pytest

from tests.siting.helpers import border, own_ground, town, with_cells
from vallum.core.errors import BadInput
from vallum.model.siting import Place, Siting, of_tables, require_sky, siting
from vallum.model.siting.reader import behind
from vallum.region import TABLES, Region


def types(region: Region) -> dict[str, tuple[float, ...]]:
    return {kind.key: kind.reach_km for kind in siting(region).types}


# ---------------------------------------------------------------- places


def test_sectors_municipalities_and_areas_are_watched_and_sites_are_all_but_areas(made: Siting) -> None:
    assert [(place.key, place.what) for place in made.places] == [
        ("S1", "sector"), ("S2", "sector"), ("NA-0001", "municipality"), ("SQUARE", "area"),
    ]  # fmt: skip
    assert [(site.key, site.what) for site in made.sites] == [
        ("S1", "sector"), ("S2", "sector"), ("NA-0001", "municipality"), ("HILL", "point"),
    ]  # fmt: skip
    assert made.states == ("NA", "NB")
    assert [band.key for band in made.bands] == ["LOW", "HIGH"], "from the lowest up"


def test_a_municipality_is_the_disc_of_its_area(made: Siting) -> None:
    place = made.places[2]
    assert place.radius_km == pytest.approx(math.sqrt(400 / math.pi))
    assert (place.people, place.lat, place.lon, place.state) == (10000.0, 55.50012, 24.24987, "NA")


def test_people_are_of_one_year(sky: Region) -> None:
    """A later figure that only some municipalities have is not taken."""
    newer = with_cells(sky, "municipalities", {}, population_2025_approx=12345)
    assert siting(newer).places[2].people == 10000.0


def test_municipalities_of_others_than_members_are_no_places(sky: Region) -> None:
    here = sky.tables["municipalities"]
    abroad = here.with_columns(state=pl.lit("QQ"), lau_id=pl.lit("9"))
    found = of_tables(dict(sky.tables) | {"municipalities": pl.concat([here, abroad])}, "sky")
    assert [place.key for place in found.places if place.what == "municipality"] == ["NA-0001"]


# ---------------------------------------------------------------- types


def test_a_reach_is_the_range_or_the_horizon_whichever_is_nearer(sky: Region) -> None:
    # mast 10 m: with 4/3 of the earth 4.12 (sqrt(10) + sqrt(60)) = 44.9 km to 60 m, 172.6 km to 1500 m
    far = with_cells(sky, "sensor_ranges", {}, range_km=100.0)
    found = types(far)
    assert found["EARS"] == (100.0, 100.0), "what listens has no horizon"
    assert found["RADAR"][0] == pytest.approx(4.12 * (math.sqrt(10) + math.sqrt(60)), rel=1e-3)
    assert found["RADAR"][1] == 100.0
    assert types(sky) == {"EARS": (6.0, 6.0), "RADAR": (6.0, 6.0)}


def test_light_bends_less_than_radio(sky: Region) -> None:
    far = with_cells(sky, "sensor_ranges", {}, range_km=1000.0)
    radio = types(far)["RADAR"]
    light = types(with_cells(far, "sensor_kinds", {"kind_id": "radar"}, horizon="optical"))["RADAR"]
    assert [a / b for a, b in zip(light, radio, strict=True)] == pytest.approx([math.sqrt(1.17 / 1.333)] * 2)


def test_what_nobody_sells_is_not_on_offer(sky: Region) -> None:
    second = sky.tables["sensor_types"].filter(type_id="EARS").with_columns(
        type_id=pl.lit("DREAM"), sold=pl.lit("n")
    )  # fmt: skip
    ranges = sky.tables["sensor_ranges"].filter(type_id="EARS").with_columns(type_id=pl.lit("DREAM"))
    region = sky.replace(
        sensor_types=pl.concat([sky.tables["sensor_types"], second]),
        sensor_ranges=pl.concat([sky.tables["sensor_ranges"], ranges]),
    )
    assert set(types(region)) == {"EARS", "RADAR"}


def test_money_of_a_type_is_what_the_tables_say(made: Siting) -> None:
    ears, radar = made.types
    assert (ears.buy_meur, ears.crew, ears.life_years) == (0.1, 0.2, 8.0)
    assert (ears.upkeep_meur, ears.crew_meur) == pytest.approx((0.01, 0.012))
    # 0.1 x 10 / 8 and ten years of 0.022; 1 x 10 / 8 and ten of 0.112
    assert ears.service_meur(10.0) == pytest.approx(0.345)
    assert radar.service_meur(10.0) == pytest.approx(2.37)
    assert ears.service_meur(2.0) == pytest.approx(0.144), "a unit that outlives the service is paid in full"


def test_purses_have_their_state_and_kinds(sky: Region) -> None:
    region = with_cells(sky, "sky_purses", {"purse_id": "P_ALL"}, kinds="acoustic; radar")
    purses = {purse.key: purse for purse in siting(region).purses}
    assert {key: (purse.state, purse.part) for key, purse in purses.items()} == {
        "P_NA": ("NA", 0.4), "P_NB": ("NB", 0.4), "P_ALL": ("", 0.2),
    }  # fmt: skip
    assert purses["P_ALL"].kinds == {"acoustic", "radar"}
    assert purses["P_NA"].kinds == frozenset()


# ---------------------------------------------------------------- people behind


def test_people_behind_a_sector_count_less_the_farther_they_live() -> None:
    # one degree of latitude is 111.2 km; the sector runs along a parallel, due north of it they live
    line = border("S", outline=((56.0, 24.9), (56.0, 25.1)))
    near, far = town("T1", lat=56.2, people=3000.0), town("T2", "NB", lat=57.0, people=500.0)
    found = behind([line, near, far], ("NA", "NB"), 60.0)
    faded = [math.exp(-0.2 * 111.19 / 60), math.exp(-111.19 / 60)]
    assert found[0].tolist() == pytest.approx([3000 * faded[0], 500 * faded[1]], rel=1e-3)
    assert found[1].tolist() == pytest.approx([3000 * faded[0], 0.0], rel=1e-3)
    assert found[2].tolist() == pytest.approx([0.0, 500 * faded[1]], rel=1e-3)


def test_the_nearest_sector_counts_for_who_lives_between_two() -> None:
    lines = [
        border("S1", outline=((56.0, 25.0), (56.0, 25.0))),
        border("S2", outline=((57.0, 25.0), (57.0, 25.0))),
    ]
    found = behind([*lines, town("T", lat=56.25, people=100.0)], ("NA",), 60.0)
    near, far = (100 * math.exp(-part * 111.19 / 60) for part in (0.25, 0.75))
    assert found.ravel().tolist() == pytest.approx([near, far, near], rel=1e-3)


def test_an_area_counts_its_weight_wherever_it_lies() -> None:
    line = border("S", outline=((56.0, 25.0), (56.0, 25.0)))
    area = Place(
        "A", "NA", "A", "area", 57.0, 25.0, 3.0, 0.0, 80.0, ((25.0, 57.0), (25.1, 57.0), (25.1, 57.1))
    )
    found = behind([line, area], ("NA",), 60.0).ravel()
    assert found.tolist() == pytest.approx([80 * math.exp(-111.19 / 60), 80.0], rel=1e-3)


def test_without_a_border_everybody_counts_fully() -> None:
    assert behind([town("T", people=70.0), town("U", "NB", people=30.0)], ("NA", "NB"), 60.0).tolist() == [
        [70.0, 0.0],
        [0.0, 30.0],
    ]


def test_without_people_nobody_is_behind() -> None:
    line = border("S", outline=((56.0, 24.9), (56.0, 25.1)))
    assert behind([line], ("NA", "NB"), 60.0).tolist() == [[0.0, 0.0]]


# ---------------------------------------------------------------- regions that cannot be planned


def test_a_region_of_ones_own_has_its_areas_watched_from_its_points(sky: Region) -> None:
    own = own_ground(sky)
    assert own.findings.filter(severity="error").is_empty(), own.findings.to_dicts()
    found = siting(own)
    assert [place.key for place in found.places] == ["SQUARE"]
    assert [site.key for site in found.sites] == ["HILL"]
    assert found.behind.tolist() == [[0.0, 500.0]]
    # the square is 6.2 by 11.1 km and begins 2.7 km south of the hill and ends 8.5 km north of it
    assert np.all(found.share.toarray() > 0.4)
    assert np.all(found.share.toarray() < 0.9)


@pytest.mark.parametrize("table", ["sky_settings", "sensor_types", "sky_purses", "sky_years"])
def test_a_region_without_a_table_names_it(sky: Region, table: str) -> None:
    tables = dict(sky.tables) | {table: TABLES[table].empty()}
    with pytest.raises(BadInput, match=f"has no table {table}") as error:
        require_sky(tables, "sky")
    assert (error.value.where, error.value.rule) == (f"{table}.csv", "sky tables")


@pytest.mark.parametrize(
    ("gone", "said"),
    [
        (("sky_points",), "no place where a sensor"),
        (("sky_areas",), "no place to watch"),
        (("sky_points", "sky_areas"), "no place to watch"),
    ],
)
def test_a_region_where_nothing_can_stand_or_be_watched_says_so(
    sky: Region, gone: tuple[str, ...], said: str
) -> None:
    own = own_ground(sky).replace(**{name: TABLES[name].empty() for name in gone})
    with pytest.raises(BadInput, match=said) as error:
        siting(own)
    assert error.value.remedy


def test_a_region_where_nobody_lives_says_so(sky: Region) -> None:
    bare = ("municipalities", "sky_areas", "warning_delays", "warning_events", "shelter_reach")
    empty = sky.replace(**{name: TABLES[name].empty() for name in bare})
    with pytest.raises(BadInput, match="Nobody lives behind"):
        siting(empty)

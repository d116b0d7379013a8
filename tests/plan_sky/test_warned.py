"""Tables of a warning: by hand, against plain loops, and what holds between them."""

import math
from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.plan_sky.skyland import BANDS, STATES, chain, flown, framed, home, sector, span
from vallum.core.errors import BadInput
from vallum.core.ranges import Range, triangular
from vallum.model.siting import Kind, Place
from vallum.plan.sky.delays import Shelter, share_below
from vallum.plan.sky.tables import SKY_TABLES
from vallum.plan.sky.tracks import draw
from vallum.plan.sky.warned import NAMES, Sight, World, quantiles, tables

EXAMPLES = settings(max_examples=40, deadline=None, derandomize=True)
Tables = dict[str, pl.DataFrame]


def shelter_frame(*rows: dict[str, object]) -> pl.DataFrame:
    schema = {"state": pl.String, "lau_id": pl.String, **dict.fromkeys(
        ("places", "places_low", "places_high", "reach_min", "reach_min_low", "reach_min_high"), pl.Float64
    )}  # fmt: skip
    return pl.DataFrame(list(rows), schema=pl.Schema(schema))


SHELTER = shelter_frame(
    {"state": "NA", "places": 0.2, "places_low": 0.1, "places_high": 0.3, "reach_min": 6.0},
    {"state": "NA", "lau_id": "2", "places": 0.5, "reach_min": 10.0}
    | {"reach_min_low": 5.0, "reach_min_high": 25.0},
    {"state": "NB", "places": 0.4, "places_low": 0.3, "reach_min": 8.0},
)


# ---------------------------------------------------------------- shelter


def test_the_row_of_a_municipality_beats_that_of_its_state(land: tuple[Place, ...]) -> None:
    found = Shelter.of(SHELTER, land)
    one, two, five = (next(i for i, p in enumerate(land) if p.key == key) for key in ("NA-1", "NA-2", "NB-5"))
    assert found.reach[two] == Range(5, 10, 25)
    assert (found.low[one], found.high[one], found.low[two]) == (0.1, 0.3, 0.5)
    assert (found.low[five], found.high[five]) == (0.3, 0.4), "an end that is not known is the number"
    # 8 minutes: (8-5)^2 / (20 x 5); 20 minutes: 1 - 5^2 / (20 x 15).
    minutes = np.array([8.0, 20.0, 4.0, 30.0, 5.9, 6.0, -1.0])
    assert found.in_time(np.array([two] * 4 + [one] * 3), minutes).tolist() == (
        pytest.approx([0.09, 11 / 12, 0, 1, 0, 1, 0])
    )


def test_nobody_is_in_time_without_a_minute(land: tuple[Place, ...]) -> None:
    at_once = shelter_frame(*({"state": state, "places": 1.0, "reach_min": 0.0} for state in STATES))
    found = Shelter.of(at_once, land).in_time(np.zeros(2, np.int64), np.array([0.0, 1e-6]))
    assert found.tolist() == [0, 1]


def test_a_state_of_whose_shelters_nothing_is_known_is_named(land: tuple[Place, ...]) -> None:
    with pytest.raises(BadInput, match="who finds shelter in NB") as fault:
        Shelter.of(SHELTER.filter(pl.col("state") == "NA"), land)
    assert fault.value.where == "shelter_reach.csv"


@EXAMPLES
@given(st.tuples(*[st.floats(0, 60)] * 3), st.floats(0, 1))
def test_the_share_below_a_quantile_is_its_part(ends: tuple[float, ...], part: float) -> None:
    low, mode, high = sorted(ends)
    value = triangular(Range(low, mode, high), np.array([part]))
    share = share_below(np.array([[low, mode, high]]), value)[0]
    assert 0.0 <= share <= 1.0
    if high - low > 1e-3:
        assert share == pytest.approx(part, abs=1e-6)


# ---------------------------------------------------------------- quantiles


@EXAMPLES
@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 7), st.integers(-9, 9)), max_size=30))
def test_weighted_quantiles_are_those_of_repeated_values(rows: list[tuple[int, int, int]]) -> None:
    group, weight, values = (np.array(part) for part in zip(*rows, strict=True)) if rows else (
        np.zeros(0, np.int64), np.zeros(0), np.zeros(0)
    )  # fmt: skip
    # Tenths, whose sums are not exact.
    found = quantiles(group, 4, weight / 10, values)
    for i in range(4):
        longer = sorted(v for g, w, v in rows if g == i for _ in range(w))
        for name, part in (("minutes_p10", 0.1), ("minutes_p50", 0.5), ("minutes_p90", 0.9)):
            expected = longer[max(math.ceil(part * len(longer) - 1e-9), 1) - 1] if longer else 0.0
            assert found[name][i] == expected


# ---------------------------------------------------------------- tables by hand


@pytest.fixture(scope="module")
def two_tracks() -> Tables:
    """Without sensors an alert comes 30 after the crossing, in NB 40; two tracks at a km a minute.

    The first goes east and comes to 1 (NA) at 50, to 2 (NA) at 20 and to 3 (NB) at 90; the second goes west,
    to 4 (NA) at 35.
    """
    places = framed(
        (
            sector("A", "NA", (0.0, -20.0), (0.0, 20.0)),
            home("1", "NA", 60.0, 0.0, people=100.0),
            home("2", "NA", 30.0, 0.0, people=300.0),
            home("3", "NB", 100.0, 0.0, people=1000.0),
            home("4", "NA", -45.0, 0.0, people=200.0),
            home("5", "NA", 0.0, 150.0, people=70.0),
            home("6", "NA", 90.0, 0.0, people=0.0),
        )
    )
    likely = {"today": chain("today", report=30.0, seam=10.0)}
    sight = Sight(*[np.zeros((1, 2))] * 3)
    frame = shelter_frame(
        {"state": "NA", "places": 0.5, "places_low": 0.4, "places_high": 0.6, "reach_min": 10.0},
        {"state": "NB", "places": 0.5, "reach_min": 60.0},
    )
    world = World(
        places, flown(places, (0.0, 0.0, 0.0), (0.0, 0.0, 180.0)), sight, 2, likely, span(0.0),
        Shelter.of(frame, places),
    )  # fmt: skip
    return tables(world, {"none": np.zeros((2, len(places), 2, 1))})


def test_municipalities_by_hand(two_tracks: Tables) -> None:
    rows = {row["place_id"]: row for row in two_tracks["warning"].iter_rows(named=True)}
    assert set(rows) == {"NA-1", "NA-2", "NA-4", "NA-6", "NB-3"}, "nothing passes 5"
    assert rows["NA-6"]["minutes_p50"] == pytest.approx(50, abs=1e-6), "though nobody is known to live there"
    assert [rows[f"NA-{i}"]["minutes_mean"] for i in (1, 2, 4)] == pytest.approx([20, -10, 5], abs=1e-6)
    assert rows["NB-3"]["minutes_mean"] == pytest.approx(50, abs=1e-6)
    assert {row["passed"] for row in rows.values()} == {0.5}
    assert [rows[f"NA-{i}"]["warned"] for i in (1, 2, 4)] == [1, 0, 1]
    assert [rows[f"NA-{i}"]["in_time"] for i in (1, 2, 4)] == [1, 0, 0]
    assert (rows["NA-1"]["sheltered_low"], rows["NA-1"]["sheltered_high"]) == pytest.approx((0.4, 0.6))


def test_sectors_totals_and_seams_by_hand(two_tracks: Tables) -> None:
    sectors = two_tracks["warning_sectors"].row(0, named=True)
    assert sectors["people"] == 800.0, "half of 1600"
    mean = (100 * 20 - 300 * 10 + 200 * 5 + 1000 * 50) / 1600
    assert sectors["minutes_mean"] == pytest.approx(mean, abs=1e-6)
    assert (sectors["minutes_p10"], sectors["minutes_p50"]) == pytest.approx((-10, 50), abs=1e-6)
    assert sectors["warned"] == pytest.approx(1300 / 1600)
    total = {row["state"]: row for row in two_tracks["warning_total"].iter_rows(named=True)}
    assert [total[state]["people"] for state in ("", "NA", "NB")] == [800, 300, 500]
    assert [total[state]["people_in_time"] for state in ("", "NA", "NB")] == pytest.approx([50, 50, 0])
    assert total["NA"]["minutes_mean"] == pytest.approx(0, abs=1e-6)
    assert total[""]["mean_low"] == pytest.approx(mean, abs=1e-6), "no ranges, no band"
    seam = two_tracks["seams"].row(0, named=True)
    assert two_tracks["seams"].height == 1
    assert (seam["from_state"], seam["state"], seam["people"]) == ("NA", "NB", 500)
    assert seam["minutes_mean"] == pytest.approx(50, abs=1e-6)


# ---------------------------------------------------------------- what holds of all


@pytest.fixture(scope="module")
def many(land: tuple[Place, ...]) -> Tables:
    values = {"speed_kmh": span((120.0, 165.0, 200.0)), "heading_deg": span(60.0),
              "path_km": span(200.0), "corridor_km": span(15.0)}  # fmt: skip
    spans = {"report": (8.0, 20.0, 60.0), "confirm": (3.0, 5.0, 9.0), "decide": (2.0, 4.0, 30.0)}
    slow = {"compose": (1.0, 5.0, 8.0), "late": (10.0, 30.0, 60.0), "seam": (5.0, 20.0, 40.0)}
    seen = np.array([[0.6, 0.2], [0.3, 0.9], [0.5, 0.5]])
    world = World(
        places=land,
        tracks=draw(land, BANDS, values, 800, 5, states=STATES),
        sight=Sight(seen * 0.8, seen, np.minimum(seen * 1.5, 1.0)),
        needed=2,
        delays={"today": chain("today", **spans, **slow), "joint": chain("joint", **spans)},
        left_out=Range(0.2, 0.5, 0.8),
        shelter=Shelter.of(SHELTER, land),
    )
    shape = (2, len(land), 2, 3)
    cover = np.random.default_rng(1).random(shape)
    return tables(world, {"none": np.zeros(shape), "national": cover * 0.5, "joint": cover})


def test_tables_are_those_of_the_results(many: Tables) -> None:
    assert tuple(many) == NAMES
    for name, frame in many.items():
        assert frame.schema == pl.Schema(SKY_TABLES[name].schema)
        assert not any(frame.null_count().row(0)), name
        assert not frame.select(SKY_TABLES[name].key).is_duplicated().any()
        assert set(frame["sensors"]) == {"none", "national", "joint"}
        assert set(frame["alerting"]) == {"today", "joint"}


def test_groups_add_up_to_all(many: Tables) -> None:
    total = many["warning_total"]
    for variant, rows in total.group_by("sensors", "alerting"):
        every, states = rows.filter(state=""), rows.filter(pl.col("state") != "")
        for column in ("people", "people_in_time"):
            assert states[column].sum() == pytest.approx(every[column][0])
        keys = dict(zip(("sensors", "alerting"), variant, strict=True))
        homes = many["warning"].filter(**keys)
        weight = homes["people"] * homes["passed"]
        assert weight.sum() == pytest.approx(every["people"][0])
        for column in ("minutes_mean", "warned", "in_time"):
            assert (homes[column] * weight).sum() / weight.sum() == pytest.approx(every[column][0])


def test_shares_and_minutes_are_in_order(many: Tables) -> None:
    for frame in many.values():
        assert (frame["minutes_p10"] <= frame["minutes_p50"]).all()
        assert (frame["minutes_p50"] <= frame["minutes_p90"]).all()
        assert (frame["in_time"] <= frame["warned"] + 1e-12).all()
        assert frame["warned"].is_between(0, 1).all()
    total = many["warning_total"]
    assert (total["mean_low"] < total["minutes_mean"]).all()
    assert (total["minutes_mean"] < total["mean_high"]).all()
    assert (many["warning"]["sheltered_low"] <= many["warning"]["sheltered_high"]).all()


def test_the_band_is_that_of_sight_and_of_who_is_left_out_as_well(land: tuple[Place, ...]) -> None:
    shape, sure = (2, len(land), 2, 1), np.ones((1, 2))
    paths = [(-60.0 + 2.0 * i, 0.0, 80.0) for i in range(50)]
    world = World(
        places=land,
        tracks=flown(land, *paths),
        sight=Sight(sure * 0.2, sure * 0.5, sure * 0.8),
        needed=1,
        delays={"today": chain("today", report=60.0, seam=5.0)},
        left_out=span(0.0),
        shelter=Shelter.of(SHELTER, land),
    )
    seen = tables(world, {"joint": np.ones(shape)})["warning_total"]
    assert (seen["mean_low"] < seen["minutes_mean"]).all()
    assert (seen["minutes_mean"] < seen["mean_high"]).all()
    late = replace(
        world, delays={"today": chain("today", report=60.0, late=30.0)}, left_out=Range(0.1, 0.5, 0.9)
    )
    waits = tables(late, {"none": np.zeros(shape)})["warning_total"].filter(state="")
    assert (waits["mean_low"] < waits["minutes_mean"]).all()
    assert (waits["minutes_mean"] < waits["mean_high"]).all()


def test_sensors_and_joint_alerting_help_everywhere(many: Tables) -> None:
    for name, frame in many.items():
        keys = [key for key in SKY_TABLES[name].key if key not in ("sensors", "alerting")]
        minutes = {
            variant: rows.sort(keys)["minutes_mean"].to_numpy()
            for variant, rows in frame.group_by("sensors", "alerting")
        }
        for alerting in ("today", "joint"):
            assert (minutes["none", alerting] <= minutes["national", alerting]).all()
            assert (minutes["national", alerting] <= minutes["joint", alerting]).all()
        for sensors in ("none", "national", "joint"):
            assert (minutes[sensors, "today"] <= minutes[sensors, "joint"]).all()


def test_sight_is_read_by_kind_and_band() -> None:
    kinds = (Kind("R", "Radar", "radio", ()), Kind("A", "Ears", "none", ()))
    frame = pl.DataFrame({
        "kind_id": ["A", "R", "R", "A"], "band_id": ["LOW", "HIGH", "LOW", "HIGH"],
        "seen": [0.5, 0.9, 0.3, 0.1], "seen_low": [0.4, None, 0.2, 0.0], "seen_high": [0.6, 1.0, None, 0.2],
    })  # fmt: skip
    sight = Sight.of(frame, kinds, BANDS)
    assert sight.mode.tolist() == [[0.3, 0.9], [0.5, 0.1]]
    assert sight.low.tolist() == [[0.2, 0.9], [0.4, 0.0]]
    assert sight.high.tolist() == [[0.3, 1.0], [0.6, 0.2]]

"""Steps to a network: what there is, what is taken, and when, by hand."""

import datetime as dt

import numpy as np
import polars as pl
import pytest

from tests.works.handmade import with_cells
from vallum.model.works.network import label, levels, network, protection
from vallum.model.works.problem import Problem
from vallum.model.works.reader import problem
from vallum.region import Region
from vallum.solve.schedule import Network, serial


@pytest.fixture(scope="module")
def net(works: Problem) -> Network:
    return network(works)


def at(net: Network, name: str) -> int:
    return net.activities.index(name)


def test_names_and_durations_are_those_of_the_steps(works: Problem, net: Network) -> None:
    assert net.activities == tuple(label(works, i) for i in range(len(works.steps)))
    weeks = {
        name: int(net.duration[at(net, name)])
        for name in ("S1 DITCH INSTALL public", "S1 DITCH LAND private")
    }
    assert weeks == {"S1 DITCH INSTALL public": 8, "S1 DITCH LAND private": 30}
    assert np.array_equal(net.before, works.before)


def test_outdoor_steps_follow_their_calendar_and_others_every_week(net: Network) -> None:
    outside = net.calendars[net.calendar[at(net, "S1 ACCESS")]]
    # From Monday 30 March, whose Thursday is in April, to Monday 23 November 2026.
    assert np.flatnonzero(outside)[[0, 34]].tolist() == [4, 38]
    assert not outside[39:56].any()
    assert net.calendars[net.calendar[at(net, "NB DITCH DESIGN")]].all()


def test_crews_are_held_by_outdoor_steps_and_stand_all_weeks(net: Network) -> None:
    assert net.resources == ("NA crews", "NA designers", "NB crews", "NB designers")
    assert net.capacity[:, 0].tolist() == [2, 1, 1, 1]
    assert (net.capacity == net.capacity[:, :1]).all()
    users = {net.activities[a] for a in np.flatnonzero(net.use[:, 0])}
    assert users == {
        "S1 ACCESS", "S2 ACCESS", "S1 POST INSTALL", "S2 POST INSTALL", "S1 DITCH INSTALL public",
        "S1 DITCH INSTALL private", "S2 DITCH INSTALL public", "S2 DITCH INSTALL private",
    }  # fmt: skip


def test_supplies_are_money_by_purse_and_output_by_kind(net: Network) -> None:
    assert net.supplies == ("NA core money", "NA related money", "NB core money", "NA POST")
    assert net.demand.sum(axis=0).tolist() == [27_000, 2_000, 10_000, 400]
    access = net.demand[at(net, "S1 ACCESS")]
    assert access.tolist() == [3_600, 200, 0, 0]
    assert net.demand[at(net, "S1 POST INSTALL")].tolist() == [0, 700, 0, 200]
    # EUR thousand.
    assert {int(w): int(net.supply[0, w]) for w in np.flatnonzero(net.supply[0])} == {0: 20_000, 44: 10_000}
    # Hundredths of posts: 1 in store and 0.1 a week.
    assert net.supply[3, :3].tolist() == [110, 10, 10]
    assert int(net.supply[3].sum()) == 100 + 95 * 10


def test_targets_steer_and_do_not_bind(net: Network) -> None:
    assert net.deadline[at(net, "S1 DITCH INSTALL public")] == 70
    assert net.deadline[at(net, "S1 POST INSTALL")] == 95
    # The last week of 2026 begins on 28 December; the first after it is week 44.
    assert net.deadline[at(net, "S3 DITCH INSTALL public")] == 44
    assert not net.hard.any()


def test_slack_is_weeks_without_new_money(works: Problem) -> None:
    longer = network(works, slack=20)
    assert longer.periods == 115
    assert not longer.supply[:3, 95:].any()
    assert (longer.supply[3, 95:] == 10).all()
    # Weeks 91 to 94 are December 2027; April 2028 begins with the Thursday of week 109 at the latest.
    assert not longer.calendars[longer.calendar[at(longer, "S1 ACCESS")]][91:108].any()


def test_together_there_is_one_of_what_is_shared(hand: Region) -> None:
    joint = network(problem(hand, joint=True))
    assert joint.resources == ("joint crews", "NA designers", "NB designers")
    assert joint.capacity[:, 0].tolist() == [3, 1, 1]
    assert joint.supplies == ("NA core money", "NA related money", "NB core money", "joint POST")
    assert joint.use[:, 0].sum() == 10


def test_levels_weigh_finishes(works: Problem) -> None:
    first, second, third = levels(works)
    assert (first.name, second.name, third.name) == ("protection", "cost", "finish")
    weights = {label(works, i): int(w) for i, w in enumerate(first.weight) if w}
    assert weights["S1 DITCH INSTALL public"] == 1_440
    assert sum(weights.values()) == 2_700 + 10_000 + 2_500
    assert {label(works, i): int(w) for i, w in enumerate(second.weight) if w} == {
        "NA RELEASE crews": 38, "NA RELEASE designers": 10, "NB RELEASE crews": 19, "NB RELEASE designers": 10,
    }  # fmt: skip
    finishes = np.full(len(works.steps), 10)
    assert third.value(finishes) == 10
    assert protection(works, finishes) == pytest.approx(152 * 10 / 52.18)
    assert protection(works, np.stack([finishes, 2 * finishes])) == pytest.approx(
        [152 * 10 / 52.18, 152 * 20 / 52.18]
    )


def test_a_schedule_by_hand(works: Problem, net: Network) -> None:
    # NB, one crew: design 0-4, tender and land 4-10 beside each other, access 10-12, building 12-18.
    starts, finishes = serial(net, np.arange(len(works.steps)))
    spans = {name: (int(starts[0, i]), int(finishes[0, i])) for i, name in enumerate(net.activities)}
    assert {name: span for name, span in spans.items() if name.startswith(("NB", "S3"))} == {
        "NB DITCH DESIGN": (0, 4), "NB DITCH TENDER": (4, 10), "S3 DITCH LAND public": (4, 10), "S3 ACCESS": (10, 12),
        "S3 DITCH INSTALL public": (12, 18), "NB RELEASE crews": (18, 18), "NB RELEASE designers": (4, 4),
    }  # fmt: skip
    # NA: the posts open the access when April comes, their design being done in week 2; the public ditch is dug
    # from week 7 on, the private one when its land is there. That takes EUR 19.8 of 20 million of 2026, and the first
    # post would take 1.1 of 1.0: the rest waits for the money of week 44 and the season of week 56.
    assert works.date(56) + dt.timedelta(days=3) == dt.date(2027, 4, 1)
    assert {name: spans[f"S1 {name}"] for name in ("ACCESS", "DITCH INSTALL public", "DITCH INSTALL private")} == {
        "ACCESS": (4, 7), "DITCH INSTALL public": (7, 15), "DITCH INSTALL private": (30, 33),
    }  # fmt: skip
    assert (spans["S1 POST INSTALL"], spans["S2 ACCESS"]) == ((56, 60), (56, 59))
    # Two crews: S2 ACCESS and the posts of S1, then those of S2 and, when a crew is free, the ditch.
    assert spans["S2 DITCH INSTALL public"] == (60, 65)
    for name, (start, end) in spans.items():
        if name.startswith(("S1", "S2")) and start < 39 < end:
            inside = net.calendars[net.calendar[at(net, name)]][start:end].sum()
            assert inside == net.duration[at(net, name)]


@pytest.mark.parametrize("seed", range(40))
def test_output_that_just_suffices_is_never_lost_to_rounding(hand: Region, seed: int) -> None:
    """A store of exactly what is to be built places every step, however it is split."""
    draw = np.random.default_rng(seed)
    left = round(float(draw.uniform(1, 9)), 3)
    cut = draw.uniform(0.1, 0.9)
    land = {"state": 0.0, "municipal": cut, "private": 1.0 - cut}
    region = hand.replace(
        works_land=hand.tables["works_land"].with_columns(
            pl.when(state="NA").then(pl.col("owner").replace_strict(land, return_dtype=pl.Float64))
            .otherwise("part").alias("part"),
            weeks=pl.lit(2.0),
        ),
        works_lines=hand.tables["works_lines"].with_columns(
            element_id=pl.lit("DITCH"), units_per_week=pl.lit(0.0), in_store=pl.lit(left)
        ),
        works_quantities=hand.tables["works_quantities"].filter(state="NA", element_id="DITCH").with_columns(
            quantity=pl.lit(left), built=pl.lit(0.0)
        ),
    )  # fmt: skip
    works = problem(region)
    assert works.unfunded == ()
    net = network(works)
    assert net.kept(serial(net, np.arange(len(works.steps)))[1]).all()


def test_a_cut_purse_holds_what_was_found_affordable(hand: Region) -> None:
    exact = with_cells(hand, "works_money", {"state": "NA", "year": 2027}, core_meur=7.0)
    works = problem(exact)
    assert works.unfunded == ()
    net = network(works)
    assert net.kept(serial(net, np.arange(len(works.steps)))[1]).all()

"""Tables to steps: every number of the region of `handmade`, worked out by hand."""

import datetime as dt
from collections.abc import Mapping

import numpy as np
import polars as pl
import pytest

from tests.works.handmade import hand_region, with_cells, works_tables
from vallum.core.errors import BadInput
from vallum.model.works.network import label
from vallum.model.works.problem import Problem, Step, month_end, working_weeks
from vallum.model.works.reader import problem
from vallum.region import TABLES, Region

NEAR = 1e-9


def by_label(works: Problem) -> dict[str, Step]:
    found = {label(works, i): step for i, step in enumerate(works.steps)}
    assert len(found) == len(works.steps), "no two steps have one name"
    return found


def pairs(works: Problem) -> set[tuple[str, str]]:
    return {(label(works, a), label(works, b)) for a, b in works.before.tolist()}


def numbers(values: Mapping[str, float]) -> object:
    return pytest.approx(dict(values), abs=NEAR)


# ---------------------------------------------------------------- quantities, batches and weights


def test_the_hand_region_is_sound_and_silent(hand: Region) -> None:
    assert hand.findings.is_empty(), hand.findings.to_dicts()


def test_batches_hold_what_is_left_by_sector_and_owner(works: Problem) -> None:
    built = {name: step.quantity for name, step in by_label(works).items() if step.quantity}
    assert built == numbers({
        "S1 DITCH INSTALL public": 14.4, "S1 DITCH INSTALL private": 3.6,
        "S2 DITCH INSTALL public": 7.2, "S2 DITCH INSTALL private": 1.8,
        "S1 POST INSTALL": 2, "S2 POST INSTALL": 2, "S3 DITCH INSTALL public": 10,
    })  # fmt: skip
    assert [works.steps[i].quantity > 0 for i in works.installs] == [True] * 7


def test_weights_are_the_kilometres_that_a_batch_protects(works: Problem) -> None:
    # DITCH in S1: 20 dry km x 14.4 of 20 km planned there. POST: 2 x 30 km x 2 of 2.4 planned, 2 x 20 x 2 / 1.6.
    weights = {name: step.weight for name, step in by_label(works).items() if step.weight}
    assert weights == numbers({
        "S1 DITCH INSTALL public": 14.4, "S1 DITCH INSTALL private": 3.6,
        "S2 DITCH INSTALL public": 7.2, "S2 DITCH INSTALL private": 1.8,
        "S1 POST INSTALL": 50, "S2 POST INSTALL": 50, "S3 DITCH INSTALL public": 25,
    })  # fmt: skip


@pytest.mark.parametrize(
    ("quantity", "split"),
    # of 3/5 and 2/5: 0.6, 0.4; 1.8, 1.2; 3, 2; 4.2, 2.8
    [(1, (1, 0)), (3, (2, 1)), (5, (3, 2)), (7, (4, 3)), (6.7, (4, 3))],
)
def test_units_are_split_whole_by_the_greatest_remainder(
    hand: Region, quantity: float, split: tuple[int, int]
) -> None:
    here = {"state": "NA", "element_id": "POST"}
    rich = with_cells(hand, "works_money", {"state": "NA"}, related_meur=10.0)
    works = problem(with_cells(rich, "works_quantities", here, quantity=quantity))
    steps = by_label(works)
    assert tuple(
        steps[f"S{n} POST INSTALL"].quantity if f"S{n} POST INSTALL" in steps else 0 for n in (1, 2)
    ) == split  # fmt: skip


@pytest.mark.parametrize(("spread", "first"), [("dry", 18.0), ("length", 16.2), ("even", 13.5)])
def test_a_quantity_is_spread_as_its_row_says(hand: Region, spread: str, first: float) -> None:
    # 27 km by 20 : 10, by 30 : 20, and by 1 : 1
    here = {"state": "NA", "element_id": "DITCH"}
    steps = by_label(problem(with_cells(hand, "works_quantities", here, spread=spread)))
    in_s1 = sum(steps[f"S1 DITCH INSTALL {owner}"].quantity for owner in ("public", "private"))
    assert in_s1 == pytest.approx(first)


def test_named_neighbours_keep_works_to_their_border(hand: Region) -> None:
    sectors = hand.tables["works_sectors"].with_columns(
        pl.when(pl.col("sector_id") == "S2").then(pl.lit("QR")).otherwise(pl.col("neighbour")).alias("neighbour"),
        pl.lit(1, pl.Int64).alias("place"),
    )  # fmt: skip
    here = {"state": "NA", "element_id": "DITCH"}
    region = with_cells(hand.replace(works_sectors=sectors), "works_quantities", here, neighbours="QR")
    steps = [step for step in problem(region).steps if step.element == "DITCH" and step.state == "NA"]
    assert {step.sector for step in steps} == {"", "S2"}
    assert sum(step.quantity for step in steps) == pytest.approx(27.0)


# ---------------------------------------------------------------- steps, weeks and order


def test_steps_are_one_for_a_state_one_for_a_sector_or_one_for_a_batch(works: Problem) -> None:
    assert set(by_label(works)) == {
        "NA DITCH DESIGN", "NA DITCH TENDER", "NA POST DESIGN",
        "S1 ACCESS", "S1 DITCH LAND public", "S1 DITCH LAND private",
        "S1 DITCH INSTALL public", "S1 DITCH INSTALL private", "S1 POST INSTALL",
        "S2 ACCESS", "S2 DITCH LAND public", "S2 DITCH LAND private",
        "S2 DITCH INSTALL public", "S2 DITCH INSTALL private", "S2 POST INSTALL",
        "NB DITCH DESIGN", "NB DITCH TENDER", "S3 ACCESS", "S3 DITCH LAND public", "S3 DITCH INSTALL public",
        "NA RELEASE crews", "NA RELEASE designers", "NB RELEASE crews", "NB RELEASE designers",
    }  # fmt: skip


def test_steps_follow_each_other_as_the_table_says(works: Problem) -> None:
    expected = {
        ("NA DITCH DESIGN", "NA DITCH TENDER"), ("NB DITCH DESIGN", "NB DITCH TENDER"),
        ("NB DITCH DESIGN", "S3 DITCH LAND public"), ("NB DITCH TENDER", "S3 ACCESS"),
        ("S3 DITCH LAND public", "S3 ACCESS"), ("S3 ACCESS", "S3 DITCH INSTALL public"),
        ("S3 ACCESS", "NB RELEASE crews"), ("S3 DITCH INSTALL public", "NB RELEASE crews"),
        ("NB DITCH DESIGN", "NB RELEASE designers"), ("NA POST DESIGN", "NA RELEASE designers"),
    }  # fmt: skip
    # The posts are worth most and need no private land, so they open the access; the ditch needs its own award and land.
    for s in ("S1", "S2"):
        expected |= {
            ("NA POST DESIGN", f"{s} ACCESS"), (f"{s} ACCESS", "NA RELEASE crews"),
            (f"{s} ACCESS", f"{s} POST INSTALL"), (f"{s} POST INSTALL", "NA RELEASE crews"),
        }  # fmt: skip
        for owner in ("public", "private"):
            land, install = f"{s} DITCH LAND {owner}", f"{s} DITCH INSTALL {owner}"
            expected |= {
                ("NA DITCH DESIGN", land), (land, install), ("NA DITCH TENDER", install),
                (f"{s} ACCESS", install), (install, "NA RELEASE crews"),
            }  # fmt: skip
    assert pairs(works) == expected


def test_weeks_grow_with_the_batch_and_land_lasts_as_its_owners(works: Problem) -> None:
    # Public land of NA: (0.6 x 6 + 0.2 x 12) / 0.8. Access lasts as the longest of its kinds, the posts' 3.
    # Something stands of NA's ditch, so its design is done.
    weeks = {name: step.weeks.mode for name, step in by_label(works).items()}
    assert weeks == numbers({
        "NA DITCH DESIGN": 0, "NA DITCH TENDER": 6, "NA POST DESIGN": 2, "NB DITCH DESIGN": 4, "NB DITCH TENDER": 6,
        "S1 ACCESS": 3, "S2 ACCESS": 3, "S3 ACCESS": 2,
        "S1 DITCH LAND public": 7.5, "S1 DITCH LAND private": 30, "S2 DITCH LAND public": 7.5,
        "S2 DITCH LAND private": 30, "S3 DITCH LAND public": 6,
        "S1 DITCH INSTALL public": 8.2, "S1 DITCH INSTALL private": 2.8, "S2 DITCH INSTALL public": 4.6,
        "S2 DITCH INSTALL private": 1.9, "S1 POST INSTALL": 4, "S2 POST INSTALL": 4, "S3 DITCH INSTALL public": 6,
        "NA RELEASE crews": 0, "NA RELEASE designers": 0, "NB RELEASE crews": 0, "NB RELEASE designers": 0,
    })  # fmt: skip


def test_a_design_that_is_done_takes_no_one(works: Problem) -> None:
    steps = by_label(works)
    assert (steps["NA DITCH DESIGN"].resource, steps["NA DITCH DESIGN"].units) == ("", 0)
    assert (steps["NB DITCH DESIGN"].resource, steps["NB DITCH DESIGN"].units) == ("designers", 1)


def test_ends_of_ranges_follow_the_batch(hand: Region) -> None:
    here = {"element_id": "DITCH", "activity_id": "INSTALL"}
    region = with_cells(
        hand, "works_activities", here, weeks_low=0.5, weeks_high=3.0, weeks_per_unit_low=0.25, weeks_per_unit_high=1.0
    )  # fmt: skip
    weeks = by_label(problem(region))["S1 DITCH INSTALL public"].weeks
    # 14.4 km
    assert (weeks.low, weeks.mode, weeks.high) == pytest.approx((4.1, 8.2, 17.4))


def test_releases_cost_a_week_of_the_resource(works: Problem) -> None:
    holding = {name: step.holding_meur for name, step in by_label(works).items() if step.holding_meur}
    assert holding == numbers({
        "NA RELEASE crews": 2 / 52.18, "NA RELEASE designers": 0.5 / 52.18,
        "NB RELEASE crews": 1 / 52.18, "NB RELEASE designers": 0.5 / 52.18,
    })  # fmt: skip


def test_tenders_belong_to_their_state_and_kind(works: Problem) -> None:
    assert {label(works, i) for i in works.tenders} == {"NA DITCH TENDER", "NB DITCH TENDER"}
    assert {tender.failure.high for tender in works.tenders.values()} == {0.4}


# ---------------------------------------------------------------- money


def test_each_step_costs_its_share_of_what_it_serves(works: Problem) -> None:
    costs = {name: step.costs for name, step in by_label(works).items() if any(step.costs)}
    expected = {
        "NA DITCH DESIGN": (1.35, 0), "NA DITCH TENDER": (1.35, 0), "NA POST DESIGN": (0, 0.2),
        # Access: 0.2 x 18 km of ditch, and 0.2 x 2 posts of EUR 0.5 million
        "S1 ACCESS": (3.6, 0.2), "S2 ACCESS": (1.8, 0.2), "S3 ACCESS": (2, 0),
        "S1 DITCH LAND public": (1.44, 0), "S1 DITCH LAND private": (0.36, 0),
        "S2 DITCH LAND public": (0.72, 0), "S2 DITCH LAND private": (0.18, 0), "S3 DITCH LAND public": (1, 0),
        "S1 DITCH INSTALL public": (8.64, 0), "S1 DITCH INSTALL private": (2.16, 0),
        "S2 DITCH INSTALL public": (4.32, 0), "S2 DITCH INSTALL private": (1.08, 0),
        "S1 POST INSTALL": (0, 0.7), "S2 POST INSTALL": (0, 0.7),
        "NB DITCH DESIGN": (0.5, 0), "NB DITCH TENDER": (0.5, 0), "S3 DITCH INSTALL public": (6, 0),
    }  # fmt: skip
    assert set(costs) == set(expected)
    for name, pair in expected.items():
        assert costs[name] == pytest.approx(pair, abs=NEAR), name


def test_steps_cost_what_their_works_do(works: Problem) -> None:
    spent = np.sum([step.costs for step in works.steps if step.state == "NA"], axis=0)
    assert spent == pytest.approx((27 * 1.0, 4 * 0.5))


def test_money_comes_in_the_first_week_of_its_year(works: Problem) -> None:
    # Monday 4 January 2027 is week 44.
    assert works.date(44) == dt.date(2027, 1, 4)
    core = works.money["NA", "core"]
    assert {int(week): core[week] for week in np.flatnonzero(core)} == {0: 20.0, 44: 10.0}
    assert np.flatnonzero(works.money["NB", "core"]).tolist() == [0]


def test_the_first_row_of_money_stands_for_the_years_before(hand: Region) -> None:
    core = problem(hand, start=(2024, 6)).money["NB", "core"]
    assert core[np.flatnonzero(core)].tolist() == [12.0] * 3


def test_money_of_past_years_is_gone(hand: Region) -> None:
    settings = {"key": "start_year"}
    later = with_cells(hand, "works_settings", settings, value=2027.0)
    later = with_cells(later, "works_quantities", {"state": "NB"}, target_year=None)
    works = problem(later)
    assert works.money["NA", "core"].sum() == 10.0
    assert {step.state for step in works.unfunded} == {"NA", "NB"}
    assert not any(step.state == "NB" for step in works.steps)


def test_the_least_protection_for_money_is_left_out_first(hand: Region) -> None:
    # All ditch batches protect 1 km for EUR 1 million; then the sectors decide, and private comes before public.
    # 3.6 + 14.4 + 1.8 = 19.8 of 20; 7.2 more are too much.
    poor = with_cells(hand, "works_money", {"year": 2027}, core_meur=0.0)
    works = problem(poor)
    assert [(step.sector, step.owner) for step in works.unfunded] == [("S2", "public")]
    assert np.sum([step.costs for step in works.steps if step.state == "NA"], axis=0) == pytest.approx(
        (19.8, 2)
    )
    assert "S2 DITCH LAND public" not in by_label(works)


def test_a_smaller_batch_may_take_what_a_greater_one_leaves(hand: Region) -> None:
    poor = with_cells(
        with_cells(hand, "works_money", {"year": 2027}, core_meur=0.0),
        "works_money", {"state": "NA", "year": 2026}, core_meur=6.0,
    )  # fmt: skip
    left_out = {(step.sector, step.owner) for step in problem(poor).unfunded}
    # 3.6, then 14.4 is too much, then 1.8.
    assert left_out == {("S1", "public"), ("S2", "public")}


def test_output_that_never_comes_leaves_works_out(hand: Region) -> None:
    # 1 in store and 0.01 a week make 1.95 by the end: not even one batch of two.
    works = problem(with_cells(hand, "works_lines", {"element_id": "POST"}, units_per_week=0.01))
    assert {(step.sector, step.element) for step in works.unfunded} == {("S1", "POST"), ("S2", "POST")}
    # 1 + 95 x 0.02 = 2.9 is one batch; 2 x 50 km for the same money, so the first sector.
    works = problem(with_cells(hand, "works_lines", {"element_id": "POST"}, units_per_week=0.02))
    assert {(step.sector, step.element) for step in works.unfunded} == {("S2", "POST")}


# ---------------------------------------------------------------- calendar, targets, what stands


def test_weeks_belong_to_the_month_of_their_thursday() -> None:
    # Monday 30 March 2026: its Thursday is 2 April. Monday 30 November: Thursday 3 December.
    worked = working_weeks(dt.date(2026, 3, 2), 44, range(4, 12))
    assert np.flatnonzero(worked).tolist() == list(range(4, 39))


@pytest.mark.parametrize(
    ("year", "month", "monday"),
    [(2026, 3, (2026, 3, 2)), (2026, 6, (2026, 6, 1)), (2024, 1, (2024, 1, 1)), (2025, 12, (2025, 12, 1)),
     (2024, 9, (2024, 9, 2)), (2026, 8, (2026, 8, 3))],
)  # fmt: skip
def test_week_nought_begins_on_the_first_monday(
    hand: Region, year: int, month: int, monday: tuple[int, int, int]
) -> None:
    works = problem(hand, start=(year, month))
    assert works.start == dt.date(*monday)
    last = works.date(works.periods - 1) + dt.timedelta(days=6)
    assert last <= dt.date(2027, 12, 31) < last + dt.timedelta(days=7)


def test_a_target_is_the_end_of_its_month_or_year(works: Problem) -> None:
    assert works.quantities["NA", "DITCH"].target == dt.date(2027, 6, 30)
    assert works.quantities["NB", "DITCH"].target == dt.date(2026, 12, 31)
    assert works.quantities["NA", "POST"].target is None
    # Wednesday 30 June 2027 lies in week 69, which begins on the 28th.
    assert works.week_after(dt.date(2027, 6, 30)) == 70


@pytest.mark.parametrize(("month", "last"), [(2, 28), (12, 31), (4, 30)])
def test_months_end(month: int, last: int) -> None:
    assert month_end(2026, month) == dt.date(2026, month, last)


def test_what_was_built_may_be_given(hand: Region) -> None:
    works = problem(hand, built={("NA", "DITCH"): 0.0, ("NA", "POST"): 2.0, ("NB", "DITCH"): 10.0})
    steps = by_label(works)
    assert works.quantities["NA", "DITCH"].built == 0.0
    assert sum(
        steps[f"S1 DITCH INSTALL {owner}"].quantity for owner in ("public", "private")
    ) == pytest.approx(20)
    assert steps["NA DITCH DESIGN"].weeks.mode == 4.0
    assert steps["NA POST DESIGN"].weeks.mode == 0.0
    assert works.lines["NA", "POST"] == (0.1, 0.0), "the store of today says nothing of then"
    assert not any(step.state == "NB" for step in works.steps)


def test_works_that_stand_need_no_steps(hand: Region) -> None:
    done = hand.tables["works_quantities"].with_columns(built=pl.col("quantity"))
    works = problem(hand.replace(works_quantities=done))
    assert works.steps == ()
    assert works.before.shape == (0, 2)


# ---------------------------------------------------------------- together


def test_together_what_is_poolable_is_shared_and_no_more(hand: Region, works: Problem) -> None:
    joint = problem(hand, joint=True)
    assert works.pooled == frozenset()
    assert joint.pooled == {"crews", "POST"}
    assert [step.costs for step in joint.steps] == [step.costs for step in works.steps]
    assert problem(hand, pooled=["works_lines"]).pooled == {"POST"}
    assert problem(hand, pooled=["works_resources"]).pooled == {"crews"}


def test_a_shared_line_serves_a_state_that_has_none(hand: Region) -> None:
    quantities = hand.tables["works_quantities"]
    posts = quantities.filter(state="NA", element_id="POST").with_columns(
        state=pl.lit("NB"), quantity=pl.lit(2.0)
    )
    lines = hand.tables["works_lines"]
    spare = lines.with_columns(state=pl.lit("NB"), units_per_week=pl.lit(0.001), in_store=pl.lit(0.0))
    region = hand.replace(
        works_quantities=pl.concat([quantities, posts]), works_lines=pl.concat([lines, spare])
    )  # fmt: skip
    rich = with_cells(region, "works_money", {"state": "NB"}, related_meur=5.0)
    assert [step.state for step in problem(rich).unfunded] == ["NB"]
    assert problem(rich, pooled=["works_lines"]).unfunded == ()


# ---------------------------------------------------------------- regions without works, or with wrong ones


@pytest.mark.parametrize("kept", [(), ("works_settings",), ("works_settings", "works_sectors")])
def test_a_region_without_works_says_so(kept: tuple[str, ...]) -> None:
    region = hand_region(**{name: TABLES[name].empty() for name in works_tables() if name not in kept})
    with pytest.raises(BadInput, match="has no works") as caught:
        problem(region)
    assert str(caught.value.where).startswith("works_")


def test_land_of_a_whole_state_is_refused(hand: Region) -> None:
    region = with_cells(hand, "works_activities", {"activity_id": "LAND"}, scope="state")
    with pytest.raises(BadInput, match="scope"):
        problem(region)

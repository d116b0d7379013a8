"""Runs: what they are worth, what is in place when, and what holds the last works back, by hand."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from tests.works.handmade import hand_region, with_cells
from vallum.model.works.montecarlo import Simulation, binding, finish_of, installed, lost, simulate
from vallum.model.works.network import label, levels, network
from vallum.model.works.problem import Problem, Range, problem
from vallum.region import Region
from vallum.solve import Limits
from vallum.solve.schedule import serial, solve


def certain(region: Region) -> Region:
    return with_cells(region, "works_tenders", {}, failure=0.0, failure_low=0.0, failure_high=0.0)


def wide(region: Region) -> Region:
    region = with_cells(region, "works_activities", {"activity_id": "ACCESS"}, weeks_low=1.0, weeks_high=9.0)
    return with_cells(region, "works_activities", {"activity_id": "INSTALL"}, weeks_low=0.0, weeks_high=8.0)


@pytest.fixture(scope="module")
def runs(hand: Region) -> tuple[Problem, Simulation]:
    works = problem(wide(hand))
    order = serial(network(works), levels(works)[0].weight.max() - levels(works)[0].weight)[0][0]
    return works, simulate(works, order, 120, seed=1)


def at(works: Problem, name: str) -> int:
    return next(i for i in range(len(works.steps)) if label(works, i) == name)


# ---------------------------------------------------------------- simulation


def test_without_chance_every_run_is_the_schedule(hand: Region) -> None:
    works = problem(certain(hand))
    planned = serial(network(works), np.arange(len(works.steps)))
    found = simulate(works, planned[0][0], 5, seed=9)
    again = simulate(works, planned[0][0], 5, seed=9, policy="again")
    assert (found.finishes == planned[1]).all()
    assert (found.starts == planned[0]).all()
    assert (again.finishes == again.finishes[0]).all()


def test_runs_keep_their_own_durations_and_order(runs: tuple[Problem, Simulation]) -> None:
    works, run = runs
    for n in (0, 57, 119):
        net = replace(run.network, duration=run.durations[n])
        assert np.array_equal(net.finishes(run.starts[n]), run.finishes[n])
        assert (run.starts[n][works.before[:, 1]] >= run.finishes[n][works.before[:, 0]]).all()
    assert len({tuple(row) for row in run.finishes.tolist()}) > 50


def test_first_runs_do_not_depend_on_how_many_follow(runs: tuple[Problem, Simulation]) -> None:
    works, run = runs
    few = simulate(works, run.starts[0], 30, seed=1)
    many = simulate(works, run.starts[0], 300, seed=1)
    assert np.array_equal(few.finishes, many.finishes[:30])


def test_late_works_go_on_behind_the_horizon(hand: Region) -> None:
    works = problem(certain(hand))
    slow = replace(works, steps=tuple(
        replace(step, weeks=Range(60, 60, 60)) if step.kind == "land" else step for step in works.steps
    ))  # fmt: skip
    run = simulate(slow, np.arange(len(works.steps)), 2)
    assert run.finishes.max() > slow.periods
    assert run.finishes.max() < run.network.never


def test_more_crews_with_the_order_searched_anew_protect_no_later(hand: Region) -> None:
    found = []
    for crews in (1, 2, 4):
        works = problem(wide(with_cells(hand, "works_resources", {"resource_id": "crews"}, capacity=crews)))
        best = solve(network(works), levels(works)[:1], Limits(time_limit=None, work=20)).starts
        found.append(lost(works, simulate(works, best, 300, seed=3).finishes).mean())
    # The search minimises planned weeks and not the mean of the runs; one per cent is left to that.
    assert found[1] <= 1.01 * found[0]
    assert found[2] <= 1.01 * found[1]
    assert found[2] < found[0]


# ---------------------------------------------------------------- in place


def plan(works: Problem, spans: dict[str, tuple[int, int]]) -> Simulation:
    """Return one run with some steps placed, and all others at week 0."""
    starts, finishes = (np.zeros((1, len(works.steps)), dtype=np.int64) for _ in range(2))
    for name, span in spans.items():
        starts[0, at(works, name)], finishes[0, at(works, name)] = span
    return Simulation(network(works), finishes - starts, starts, finishes)


def test_works_are_in_place_evenly_from_start_to_finish(works: Problem) -> None:
    # 2 of 4 posts from week 10 to 14, and 2 in week 20 to 21: at the end of week 9 none, of 10 half a post.
    run = plan(works, {"S1 POST INSTALL": (10, 14), "S2 POST INSTALL": (20, 21)})
    weeks = np.array([9, 10, 12, 13, 19, 20, 94])
    assert installed(works, run, ("NA", "POST"), weeks).tolist() == [[0, 0.5, 1.5, 2, 2, 4, 4]]


def test_what_stood_at_the_start_counts(works: Problem) -> None:
    run = plan(works, {f"S{s} DITCH INSTALL {o}": (90, 95) for s in (1, 2) for o in ("public", "private")})
    built = installed(works, run, ("NA", "DITCH"), np.array([0, 89, 94]))
    assert built.tolist() == [pytest.approx([3, 3, 30])]


def test_works_that_never_find_a_place_are_not_in_place(works: Problem) -> None:
    never = network(works).never
    run = plan(works, {"S1 POST INSTALL": (never, never), "S2 POST INSTALL": (0, 1)})
    assert installed(works, run, ("NA", "POST"), np.array([94])).tolist() == [[2]]


def test_a_kind_is_finished_with_its_last_batch(works: Problem) -> None:
    run = plan(
        works,
        {"S1 POST INSTALL": (10, 14), "S2 POST INSTALL": (20, 21), "S2 DITCH INSTALL private": (30, 33)},
    )
    found = finish_of(works, run.finishes, [("NA", "POST"), ("NA", "DITCH"), ("NB", "POST")])
    assert {key: weeks.tolist() for key, weeks in found.items()} == {
        ("NA", "POST"): [21],
        ("NA", "DITCH"): [33],
    }


def test_lost_years_count_every_weighted_kilometre(works: Problem) -> None:
    run = plan(works, {"S1 POST INSTALL": (10, 14), "S3 DITCH INSTALL public": (30, 33)})
    assert lost(works, run.finishes).tolist() == pytest.approx([(50 * 14 + 25 * 33) / 52.18])


# ---------------------------------------------------------------- what binds


def chain(money: tuple[float, float] = (50.0, 0.0), **quantity: float) -> Problem:
    """NB's ditch in S3 alone: design 4, tender and land 6, access 2, building 1 + km / 2; one crew."""
    region = certain(hand_region())
    tables = region.tables
    return problem(region.replace(
        works_quantities=tables["works_quantities"].filter(state="NB").with_columns(quantity=quantity.get("km", 10.0)),
        works_money=tables["works_money"].filter(state="NB").head(1).vstack(
            tables["works_money"].filter(state="NB").head(1).with_columns(year=pl.lit(2027, pl.Int64))
        ).with_columns(core_meur=pl.Series(money)),
    ))  # fmt: skip


def test_a_chain_without_waiting_is_its_steps(hand: Region) -> None:
    works = chain()
    run = simulate(works, np.arange(len(works.steps)), 3)
    found = binding(works, run, "NB")
    # Tender and land both end in week 10; the first of them counts.
    assert {name: weeks for name, weeks in found.weeks.items() if weeks} in (
        {"design": 4, "tender": 6, "access": 2, "install": 6}, {"design": 4, "land": 6, "access": 2, "install": 6},
    )  # fmt: skip
    on = {label(works, int(i)) for i in np.flatnonzero(found.critical)}
    assert {"NB DITCH DESIGN", "S3 ACCESS", "S3 DITCH INSTALL public"} <= on
    assert len(on) == 4
    assert set(found.critical.tolist()) == {0.0, pytest.approx(1.0)}


def test_a_chain_through_winter_counts_it() -> None:
    # Building 28 weeks for 54 km: access 10-12, building from 12. Design in 30 weeks: access ready in 36, 36-38,
    # then one week of the season is left; a design of 31 weeks ends access with it, and building waits for week 56.
    works = chain()
    at_design = at(works, "NB DITCH DESIGN")
    steps = list(works.steps)
    steps[at_design] = replace(steps[at_design], weeks=Range(31, 31, 31))
    late = replace(works, steps=tuple(steps))
    run = simulate(late, np.arange(len(steps)), 2)
    found = binding(late, run, "NB")
    assert found.weeks["winter"] == 56 - 39
    assert (found.weeks["design"], found.weeks["access"], found.weeks["install"]) == (31, 2, 6)


def test_a_chain_that_waits_for_money_ends_there() -> None:
    # Design, tender, land and access cost 4 of 10 km; building costs 6 and waits for 2027, and then for April.
    works = chain(money=(5.0, 6.0))
    run = simulate(works, np.arange(len(works.steps)), 2)
    found = binding(works, run, "NB")
    assert run.starts[0, at(works, "S3 DITCH INSTALL public")] == 56
    assert found.weeks == {"install": 6, "waiting for NB core money": 56 - 12}
    assert {label(works, int(i)) for i in np.flatnonzero(found.critical)} == {"S3 DITCH INSTALL public"}


def test_a_chain_that_waits_for_a_crew_goes_on_with_who_held_it() -> None:
    # Public and private land of four weeks each, one crew: the second building starts when the first ends.
    region = certain(hand_region())
    tables = region.tables
    land = tables["works_land"].filter(state="NB")
    works = problem(region.replace(
        works_quantities=tables["works_quantities"].filter(state="NB"),
        works_land=pl.concat([land.with_columns(part=0.6), land.with_columns(part=0.4, owner=pl.lit("private"))]),
    ))  # fmt: skip
    run = simulate(works, np.arange(len(works.steps)), 2)
    spans = [(int(run.starts[0, i]), int(run.finishes[0, i])) for i in works.installs]
    # 1 + 0.5 x 4 = 3 weeks private, 1 + 0.5 x 6 = 4 weeks public, after access in week 12.
    assert spans == [(12, 15), (15, 19)]
    found = binding(works, run, "NB")
    assert found.weeks["waiting for NB crews"] == 3
    assert found.weeks["install"] == 7
    assert found.weeks["access"] == 2


def test_a_crew_that_winter_keeps_is_what_a_step_waits_for() -> None:
    region = certain(hand_region())
    tables = region.tables
    land = tables["works_land"].filter(state="NB")
    works = problem(region.replace(
        works_quantities=tables["works_quantities"].filter(state="NB"),
        works_land=pl.concat([land.with_columns(part=0.6), land.with_columns(part=0.4, owner=pl.lit("private"))]),
    ))  # fmt: skip
    steps = list(works.steps)
    steps[at(works, "NB DITCH DESIGN")] = replace(
        steps[at(works, "NB DITCH DESIGN")], weeks=Range(28, 28, 28)
    )
    late = replace(works, steps=tuple(steps))
    run = simulate(late, np.arange(len(steps)), 1)
    # Access 34-36, the private batch 36-39 to the end of the season, the public one from week 56.
    assert [int(run.starts[0, i]) for i in works.installs] == [36, 56]
    found = binding(late, run, "NB")
    assert found.weeks["waiting for NB crews"] == 20
    assert not any("a place" in name or "money" in name for name in found.weeks)


def test_steps_of_no_weeks_do_not_hold_each_other_for_ever() -> None:
    # Both batches take no week and a crew, and wait for the money of 2027 together.
    region = certain(hand_region())
    tables = region.tables
    land = tables["works_land"].filter(state="NB")
    money = tables["works_money"].filter(state="NB")
    works = problem(region.replace(
        works_quantities=tables["works_quantities"].filter(state="NB"),
        works_land=pl.concat([land.with_columns(part=0.6), land.with_columns(part=0.4, owner=pl.lit("private"))]),
        works_money=pl.concat([money.with_columns(core_meur=4.0), money.with_columns(core_meur=6.0, year=2027)]),
        works_activities=tables["works_activities"].with_columns(
            pl.when(activity_id="INSTALL").then(0.0).otherwise(name).alias(name) for name in ("weeks", "weeks_per_unit")
        ),
    ))  # fmt: skip
    run = simulate(works, np.arange(len(works.steps)), 2)
    assert (run.starts[0, works.installs] == run.finishes[0, works.installs]).all()
    found = binding(works, run, "NB")
    assert any("money" in name for name in found.weeks)


def test_shares_of_runs_lie_between_nought_and_one(runs: tuple[Problem, Simulation]) -> None:
    works, run = runs
    for state in works.states:
        found = binding(works, run, state)
        assert ((found.critical >= 0) & (found.critical <= 1 + 1e-9)).all()
        assert all(weeks >= 0 for weeks in found.weeks.values())
        last = [i for i in works.installs if works.steps[i].state == state]
        assert found.critical[last].sum() >= 1 - 1e-9
        assert found.critical[[i for i, step in enumerate(works.steps) if step.state != state]].sum() == 0


def test_a_state_that_builds_nothing_is_bound_by_nothing(runs: tuple[Problem, Simulation]) -> None:
    works, run = runs
    found = binding(works, run, "PX")
    assert (found.weeks, found.critical.sum()) == ({}, 0)

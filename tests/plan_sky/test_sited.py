"""Sitings alone and together, and their stages: what they promise on small made lands and at real size."""

import numpy as np
import pytest

from tests.siting.helpers import KINDS, STATES, made_region, sensor, town, toy
from vallum.model.siting import Purse, Siting, siting
from vallum.model.siting.covering import covering, money, payments, service, weights
from vallum.plan.sky.sited import ALL, Sited, share_of, sited, stages
from vallum.region import Region
from vallum.solve import Cancel, Limits
from vallum.solve.covering import value

LIMITS = Limits(time_limit=None, work=4, seed=3)
YEARS = {2027: 0.3, 2028: 0.0, 2029: 0.5, 2030: 0.2}
NEAR = 1e-9


def random_land(seed: int) -> Siting:
    """Three states with a town each, two types, and purses that differ by seed."""
    draws = np.random.default_rng(seed)
    towns = [town(state, state, people=draws.integers(1, 9) * 1000.0) for state in STATES]
    types = [sensor(kind, kind, buy_meur=float(draws.uniform(0.2, 2.0)), most=4) for kind in KINDS]
    purses = [Purse(state, state, 0.2, frozenset()) for state in STATES]
    common = Purse("ALL", "", 0.4, frozenset() if seed % 2 else frozenset({KINDS[0]}))
    share = draws.uniform(0.0, 0.8, (3, 6)) * (draws.random((3, 6)) < 0.8)
    people = np.diag([place.people for place in towns])
    return toy(towns, types, [*purses, common], share, behind=people, sight=0.7)


def both(what: Siting, budget: float, limits: Limits = LIMITS) -> tuple[Sited, Sited]:
    alone = sited(what, budget, "national", limits)
    return alone, sited(what, budget, "joint", limits, start=alone.units)


def check_money(what: Sited) -> None:
    """Every buyer's purses pay for its units, and each buyer buys only what it may."""
    for part in what.parts:
        assert part.problem.fits(part.found.x)
        paid = payments(what.siting, part.held, part.found.x)
        assert paid.sum() == pytest.approx(float(service(what.siting) @ part.found.x), abs=1e-6)
        assert (paid <= part.held.meur).all()


@pytest.fixture(scope="module")
def made() -> tuple[Sited, Sited]:
    return both(siting(made_region()), 6.0)


# ---------------------------------------------------------------- alone and together


@pytest.mark.parametrize("seed", range(6))
def test_together_never_sees_less_than_alone(seed: int) -> None:
    alone, joint = both(random_land(seed), 25.0)
    for one in (alone, joint):
        check_money(one)
        assert one.value <= one.bound + NEAR
    assert joint.value >= alone.value - NEAR
    assert joint.bound >= alone.value - NEAR


@pytest.mark.parametrize("number", [0, 1])
def test_value_is_the_weighted_value_of_the_buyers(made: tuple[Sited, Sited], number: int) -> None:
    one = made[number]
    assert [part.state for part in one.parts] == ([ALL] if number else ["NA", "NB"])
    by_hand = sum(
        weights(one.siting, part.state).sum() * value(part.problem, part.found.x) for part in one.parts
    )
    assert one.value == pytest.approx(by_hand)
    assert one.units.tolist() == np.sum([part.found.x for part in one.parts], axis=0).tolist()
    assert sum(part.weight for part in one.parts) == pytest.approx(1.0)


def test_a_state_sees_with_its_own_sensors_alone_and_with_all_together(made: tuple[Sited, Sited]) -> None:
    alone, joint = made
    assert [alone.part(state).state for state in ("NA", "NB")] == ["NA", "NB"]
    assert {joint.part(state).state for state in ("NA", "NB")} == {ALL}
    home = np.array([site.state for site in alone.siting.sites])[alone.siting.may.place]
    for part in alone.parts:
        assert set(home[part.found.x > 0]) <= {part.state}


def test_the_same_seed_and_work_give_the_same_siting(made: tuple[Sited, Sited]) -> None:
    for one, again in zip(made, both(made[0].siting, 6.0), strict=True):
        assert one.units.tolist() == again.units.tolist()
        assert (one.value, one.bound) == (again.value, again.bound)


def test_whoever_asks_is_told_of_each_buyer(made: tuple[Sited, Sited]) -> None:
    heard: list[tuple[str, float, float]] = []
    sited(made[0].siting, 6.0, "national", LIMITS, told=lambda *what: heard.append(what))
    assert {buyer for buyer, _, _ in heard} == {"NA", "NB"}
    assert all(0.0 <= found <= bound + NEAR for _, found, bound in heard)


def test_a_search_that_is_stopped_keeps_what_it_has(made: tuple[Sited, Sited]) -> None:
    stopped = Cancel()
    stopped.set()
    found = sited(made[1].siting, 6.0, "joint", LIMITS, start=made[0].units, cancel=stopped)
    assert found.value >= made[0].value - NEAR
    assert found.parts[0].found.status in ("interrupted", "optimal")
    check_money(found)


def test_a_part_of_the_limits_is_a_part_of_each() -> None:
    parted = share_of(Limits(time_limit=30.0, work=7, seed=5, threads=2), 0.2)
    assert (parted.time_limit, parted.work, parted.seed, parted.threads) == (6.0, 1, 5, 2)
    assert share_of(Limits(time_limit=None, work=None), 0.5) == Limits(time_limit=None, work=None)


# ---------------------------------------------------------------- stages


def check_stages(what: Sited, years: dict[int, float]) -> None:
    found = stages(what, years, LIMITS)
    assert [one.year for one in found] == sorted(years)
    until = 0.0
    before = {part.state: np.zeros_like(part.found.x) for part in what.parts}
    seen = 0.0
    for one in found:
        until = min(until + years[one.year], 1.0)
        for part in what.parts:
            units = one.units[part.state]
            assert (units >= before[part.state]).all(), "nothing is taken down"
            assert (units <= part.found.x).all()
            # the purses pay with what they may spend until then
            payments(what.siting, part.held.times(until), units)
            before[part.state] = units
        assert seen - NEAR <= one.value <= one.bound + NEAR
        seen = one.value
    assert {state: units.tolist() for state, units in found[-1].units.items()} == {
        part.state: part.found.x.tolist() for part in what.parts
    }
    assert found[-1].value == pytest.approx(what.value)
    assert found[-1].bound == pytest.approx(max(what.bound, what.value))


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_stages_build_the_siting_up_within_the_money_of_each_year(seed: int) -> None:
    for one in both(random_land(seed), 40.0):
        check_stages(one, YEARS)


@pytest.mark.parametrize("years", [{2027: 1.0}, {2027: 0.0, 2028: 1.0}, {2027: 0.5, 2028: 0.3}])
def test_the_last_year_buys_all_that_is_left(made: tuple[Sited, Sited], years: dict[int, float]) -> None:
    last = max(years)
    check_stages(made[1], years | {last: 1.0 - sum(part for year, part in years.items() if year < last)})


def test_a_year_for_which_no_unit_can_be_paid_buys_none(made: tuple[Sited, Sited]) -> None:
    first, second = stages(made[1], {2027: 0.01, 2028: 0.99}, LIMITS)
    assert not first.units[ALL].any()
    assert (first.value, second.units[ALL].tolist()) == (0.0, made[1].units.tolist())


def test_an_interruption_leaves_the_bound_of_the_whole(made: tuple[Sited, Sited]) -> None:
    stopped = Cancel()
    stopped.set()
    found = stages(made[1], {2027: 0.5, 2028: 0.5}, LIMITS, stopped)
    assert [one.bound for one in found] == [made[1].bound] * 2
    assert found[1].units[ALL].tolist() == made[1].units.tolist()


# ---------------------------------------------------------------- real size


def test_the_region_that_ships_is_sited_within_its_purses() -> None:
    what = siting(Region.read("baltic"))
    alone, joint = both(what, 5.0, Limits(time_limit=None, work=1, gap=0.1, seed=1))
    for one in (alone, joint):
        check_money(one)
        assert one.units.sum() > 5
        assert one.value <= one.bound + NEAR
    assert joint.value >= alone.value - NEAR
    # what all states' purses hold pays for the sitings alone as well
    assert covering(what, money(what, 5.0)).fits(alone.units)

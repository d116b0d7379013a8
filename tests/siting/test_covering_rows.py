"""Weights of the rows, and who may pay for what: against a plain linear programme over purses and options."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from tests.siting.helpers import KINDS, STATES, border, point, sensor, town, toy
from vallum.core.errors import BadInput
from vallum.model.siting import Purse, Siting
from vallum.model.siting.covering import Money, covering, money, payments, service, weights
from vallum.model.siting.problem import FloatArray, IntArray

SITES = (town("A", "NA"), town("B", "NB"), town("C", "NC"))
TYPES = (sensor("EAR", "ear", buy_meur=1.0), sensor("EYE", "eye", buy_meur=3.0))
NEAR = 1e-6


def of_purses(*purses: Purse, states: tuple[str, ...] = STATES) -> Siting:
    """Three sites, one in each state, with two types of two kinds; nothing covers anything."""
    return toy(SITES, TYPES, purses, np.zeros((3, 6)), states=states)


def purse(key: str, state: str = "", part: float = 0.5, *kinds: str) -> Purse:
    return Purse(key, state, part, frozenset(kinds))


def who_pays(siting: Siting, held: Money, option: int) -> list[int]:
    """Purses that may pay for an option, said once more in plain words."""
    site, kind = siting.sites[siting.may.place[option]], siting.types[siting.may.type[option]]
    return [
        number
        for number, one in enumerate(held.purses)
        if one.state in ("", site.state) and (not one.kinds or kind.kind in one.kinds)
    ]


def can_pay(siting: Siting, held: Money, units: IntArray) -> bool:
    """Whether the purses can pay for units: a linear programme over what each pays for each option."""
    cost = service(siting) * units
    pairs = [(o, p) for o in range(len(cost)) for p in who_pays(siting, held, o)]
    if not pairs:
        return not cost.any()
    due, holds = np.zeros((len(cost), len(pairs))), np.zeros((len(held.purses), len(pairs)))
    for column, (option, one) in enumerate(pairs):
        due[option, column] = holds[one, column] = 1.0
    found = linprog(np.zeros(len(pairs)), A_ub=holds, b_ub=held.meur, A_eq=due, b_eq=cost)
    return bool(found.status == 0)


PURSES = st.lists(
    st.builds(
        lambda state, part, kinds: (state, part, kinds),
        st.sampled_from(("", *STATES)),
        st.floats(0.05, 1.0),
        st.sets(st.sampled_from(KINDS)),
    ),
    min_size=1,
    max_size=5,
)
UNITS = st.lists(st.integers(0, 3), min_size=6, max_size=6)
BUDGETS = st.floats(1.0, 60.0)


def drawn(parts: list[tuple[str, float, set[str]]]) -> Siting:
    total = sum(part for _, part, _ in parts)
    return of_purses(
        *(purse(f"P{i}", state, part / total, *kinds) for i, (state, part, kinds) in enumerate(parts))
    )


# ---------------------------------------------------------------- rows of money


@given(PURSES, UNITS, BUDGETS)
@settings(max_examples=100, deadline=None)
def test_rows_hold_when_and_only_when_the_purses_can_pay(
    parts: list[tuple[str, float, set[str]]], units: list[int], budget: float
) -> None:
    """Also where two purses overlap and neither covers the other."""
    siting = drawn(parts)
    held = money(siting, budget)
    problem = covering(siting, held)
    x = np.array(units)
    left = problem.budget - problem.spend @ (problem.cost * x)
    # what is a rounding away from the edge may fall on either side
    assume(not (np.abs(left) < NEAR).any())
    fits = bool((left >= 0).all() and (x <= problem.most).all())
    assert fits == can_pay(siting, held, x)


@given(PURSES, UNITS, BUDGETS)
@settings(max_examples=50, deadline=None)
def test_payments_pay_for_all_and_no_purse_pays_more_than_it_holds(
    parts: list[tuple[str, float, set[str]]], units: list[int], budget: float
) -> None:
    siting = drawn(parts)
    held = money(siting, budget)
    x = np.array(units)
    if not covering(siting, held).fits(x):
        return
    pays = payments(siting, held, x)
    assert (pays <= held.meur).all()
    assert (pays >= -NEAR).all()
    assert pays.sum() == pytest.approx(float(service(siting) @ x), abs=NEAR)


def test_a_crossing_pair_of_purses_has_the_rows_of_gale_and_hoffman() -> None:
    # one pays for all of NA, the other for ears anywhere: they meet at ears in NA
    siting = of_purses(purse("NA", "NA", 0.5), purse("EARS", "", 0.5, "ear"), states=("NA", "NB"))
    problem = covering(siting, money(siting, 100.0))
    # options: ear and eye at A, at B, at C; nobody pays for eyes at B and C
    rows = {
        tuple(row): float(holds) for row, holds in zip(problem.spend.tolist(), problem.budget, strict=True)
    }
    assert rows == {
        (False, True, False, False, False, False): 50.0,
        (False, False, True, False, True, False): 50.0,
        (True, True, True, False, True, False): 100.0,
    }
    assert problem.most.tolist() == [10, 10, 10, 0, 10, 0]


def test_narrow_purses_pay_first() -> None:
    # an ear is 1 x 10 / 8 and ten years of 0.15: 2.75 million
    siting = of_purses(purse("ALL", "", 0.5), purse("NA", "NA", 0.3), purse("EARS_NA", "NA", 0.2, "ear"))
    pays = payments(siting, money(siting, 20.0), np.array([3, 0, 0, 0, 0, 0]))
    # of 8.25 the narrowest has 4, the state 6, and all together the rest
    assert pays.tolist() == pytest.approx([0.0, 4.25, 4.0])


def test_what_the_purses_cannot_pay_is_a_fault_of_the_caller() -> None:
    siting = of_purses(purse("NA", "NA", 1.0))
    with pytest.raises(ValueError, match="infeasible"):
        payments(siting, money(siting, 1.0), np.array([5, 0, 0, 0, 0, 0]))


def test_the_very_last_million_can_be_spent() -> None:
    """Decimals that do not sum to the whole by a rounding are no overdraft."""
    siting = toy(
        SITES, [sensor("X", buy_meur=0.1, upkeep_meur=0.0, crew_meur=0.0, life_years=10.0)],
        [purse("ALL", "", 1.0)], np.zeros((3, 3)),
    )  # fmt: skip
    held = money(siting, 0.3)
    units = np.array([1, 1, 1])
    assert float(service(siting) @ units) > 0.3
    assert covering(siting, held).fits(units)
    assert payments(siting, held, units).tolist() == [0.3]


# ---------------------------------------------------------------- alone and together


@given(st.lists(st.floats(0.01, 1.0), min_size=3, max_size=3), st.floats(0.0, 2.0), st.floats(0.5, 900.0))
@settings(max_examples=50, deadline=None)
def test_all_states_alone_hold_the_whole_budget(parts: list[float], common: float, budget: float) -> None:
    total = sum(parts) + common
    held = [purse(state, state, part / total) for state, part in zip(STATES, parts, strict=True)]
    siting = of_purses(*held, *([purse("ALL", "", common / total)] if common else []))
    alone = [money(siting, budget, state) for state in STATES]
    assert sum(one.meur.sum() for one in alone) == pytest.approx(budget)
    assert money(siting, budget).meur.sum() == pytest.approx(budget)
    # the common purse is shared as the states' own are
    for one, part in zip(alone, parts, strict=True):
        assert one.meur.sum() == pytest.approx(budget * part / sum(parts))


def test_a_purse_for_all_alone_is_shared_evenly() -> None:
    siting = of_purses(purse("ALL", "", 1.0))
    assert [money(siting, 30.0, state).meur.tolist() for state in STATES] == [[10.0]] * 3


def test_a_state_without_any_purse_buys_nothing() -> None:
    siting = of_purses(purse("NA", "NA", 1.0))
    held = money(siting, 30.0, "NB")
    problem = covering(siting, held, "NB")
    assert held.purses == ()
    assert problem.most.tolist() == [0] * 6
    assert problem.budget.tolist() == []
    assert payments(siting, held, np.zeros(6, np.int64)).tolist() == []


def test_a_state_alone_sites_on_its_own_ground() -> None:
    siting = of_purses(purse("ALL", "", 1.0))
    assert covering(siting, money(siting, 30.0, "NB"), "NB").most.tolist() == [0, 0, 10, 10, 0, 0]
    assert covering(siting, money(siting, 30.0)).most.tolist() == [10] * 6


def test_half_the_money_is_half_in_every_purse() -> None:
    siting = of_purses(purse("ALL", "", 0.4), purse("NA", "NA", 0.6))
    assert money(siting, 50.0).times(0.5).meur.tolist() == pytest.approx([10.0, 15.0])


@pytest.mark.parametrize("budget", [0.0, -5.0, float("nan")])
def test_no_money_is_refused(budget: float) -> None:
    with pytest.raises(BadInput) as error:
        money(of_purses(purse("ALL", "", 1.0)), budget)
    assert error.value.rule == "budget"


def test_too_many_purses_are_refused() -> None:
    many = (purse(f"P{i}", "", 1.0 / 13) for i in range(13))
    with pytest.raises(BadInput, match="13 purses"):
        money(of_purses(*many), 10.0)


# ---------------------------------------------------------------- weights


def land(behind: FloatArray, **given: float) -> Siting:
    """A long and a short sector, a town and a point, and the people of two states behind them."""
    line = ((56.0, 24.0), (56.0, 24.5))
    places = [border("S1", outline=line, length=60.0), border("S2", "NB", outline=line, length=30.0),
              town("A"), point("P", "NB")]  # fmt: skip
    return toy(places, TYPES[:1], [purse("ALL", "", 1.0)], np.zeros((4, 4)), behind=behind,
               states=("NA", "NB"), **given)  # fmt: skip


PEOPLE = np.array([[100.0, 20.0], [10.0, 50.0], [300.0, 0.0], [0.0, 100.0]])


def test_weights_are_length_times_people_at_the_border_and_people_inland() -> None:
    siting = land(PEOPLE)
    # 60 km x 120 people and 30 km x 60: 7200 and 1800 of 9000, of 0.7; 300 and 100 of 400, of 0.3
    assert weights(siting).tolist() == pytest.approx([0.56, 0.14, 0.225, 0.075])
    # NA: 60 x 100 and 30 x 10 of 9000, and 300 of 400
    assert weights(siting, "NA").tolist() == pytest.approx([0.7 * 6000 / 9000, 0.7 * 300 / 9000, 0.225, 0.0])


@given(
    st.lists(st.floats(0.0, 1e6), min_size=8, max_size=8).filter(lambda people: sum(people) > 1.0),
    st.floats(0.0, 1.0),
)
@settings(max_examples=60, deadline=None)
def test_weights_of_all_states_sum_to_one(people: list[float], inland: float) -> None:
    siting = land(np.array(people).reshape(4, 2), inland_part=inland)
    whole = weights(siting)
    assert whole.sum() == pytest.approx(1.0)
    assert (whole >= 0.0).all()
    assert np.sum([weights(siting, state) for state in siting.states], axis=0) == pytest.approx(whole)


@pytest.mark.parametrize("gone", [[0, 1], [2, 3]])
def test_where_only_border_or_only_land_is_watched_it_has_all_weight(gone: list[int]) -> None:
    people = PEOPLE.copy()
    people[gone] = 0.0
    assert weights(land(people)).sum() == pytest.approx(1.0)


def test_bands_share_the_weight_of_a_place(made: Siting) -> None:
    whole = weights(made).reshape(len(made.places), 2)
    assert whole[:, 0] == pytest.approx(0.7 * whole.sum(axis=1))
    assert whole.sum() == pytest.approx(1.0)

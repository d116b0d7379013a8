"""Cost games: classic ones by hand, and random ones against scipy and plain enumeration."""

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from vallum.solve.game import Game, allocate, shapley


def everyone(n: int) -> range:
    return range(1, 1 << n)


def members(mask: int) -> list[int]:
    return [i for i in range(mask.bit_length()) if mask >> i & 1]


def drawn(seed: int) -> Game:
    """Any costs: the core of about half of them is empty."""
    random = np.random.default_rng(seed)
    n = int(random.integers(2, 6))
    worth = random.uniform(1.0, 10.0, n)
    return Game(
        n,
        {
            mask: float(sum(worth[members(mask)]) * random.uniform(0.6, 1.1) ** (len(members(mask)) - 1))
            for mask in everyone(n)
        },
    )


def payable(game: Game) -> float:
    """What all can pay together when no coalition pays more than apart."""
    rows = [[float(i in members(mask)) for i in range(game.players)] for mask in game.proper]
    found = linprog(
        -np.ones(game.players),
        rows,
        [game.cost[m] for m in game.proper],
        bounds=[(None, None)] * game.players,
    )
    return -float(found.fun)


def plain_excesses(game: Game, shares: np.ndarray) -> list[float]:
    return sorted(game.cost[mask] - sum(shares[i] for i in members(mask)) for mask in game.proper)


def plain_shapley(game: Game) -> list[float]:
    """Average of what each adds over all orders of joining."""
    added = np.zeros(game.players)
    orders = list(permutations(range(game.players)))
    for order in orders:
        mask = 0
        for player in order:
            before = game.cost.get(mask, 0.0)
            mask |= 1 << player
            added[player] += game.cost[mask] - before
    return list(added / len(orders))


# classic games --------------------------------------------------------------------------------------------


def test_airport_game() -> None:
    """A runway of the length that the largest user needs (Littlechild and Owen 1973): 1, 2, 4 units."""
    needs = [1.0, 2.0, 4.0]
    game = Game(3, {mask: max(needs[i] for i in members(mask)) for mask in everyone(3)})
    # each unit of runway is shared by those who need it
    assert shapley(game) == pytest.approx([1 / 3, 1 / 3 + 1 / 2, 1 / 3 + 1 / 2 + 2])
    found = allocate(game)
    # nucleolus: the first two pay 1/2 and 3/4
    assert found.shares == pytest.approx([0.5, 0.75, 2.75])
    assert found.excess == pytest.approx(0.5)
    assert found.subsidy == 0.0
    assert found.weights == {}


def test_glove_game() -> None:
    """One left glove, two right ones; a pair is worth 1. As costs: 1 for every member, less the pair."""

    def worth(mask: int) -> float:
        return float(bool(mask & 1) and bool(mask & 6))

    game = Game(3, {mask: len(members(mask)) - worth(mask) for mask in everyone(3)})
    # the core is the one point that gives the whole pair to the holder of the left glove
    assert allocate(game).shares == pytest.approx([0.0, 1.0, 1.0])
    assert shapley(game) == pytest.approx([1 - 2 / 3, 1 - 1 / 6, 1 - 1 / 6])


def test_majority_game_needs_a_subsidy() -> None:
    """Two of three save 1 already: the pairs outbid one another, half a unit is missing."""
    game = Game(3, {mask: len(members(mask)) - float(len(members(mask)) > 1) for mask in everyone(3)})
    found = allocate(game)
    assert found.subsidy == pytest.approx(0.5)
    assert found.weights == pytest.approx({0b011: 0.5, 0b101: 0.5, 0b110: 0.5})
    assert found.shares == pytest.approx([0.5, 0.5, 0.5])
    assert found.excess == pytest.approx(0.0)


def test_two_players_split_the_saving() -> None:
    found = allocate(Game(2, {1: 10.0, 2: 6.0, 3: 12.0}))
    assert found.shares == pytest.approx([8.0, 4.0])
    assert found.excess == pytest.approx(2.0)


def test_one_who_adds_nothing_pays_nothing_and_equals_pay_equally() -> None:
    base = {0: 0.0, 1: 5.0, 2: 5.0, 3: 7.0}
    game = Game(3, {mask: base[mask & 3] for mask in everyone(3)})
    assert allocate(game).shares == pytest.approx([3.5, 3.5, 0.0])
    assert shapley(game) == pytest.approx([3.5, 3.5, 0.0])


def test_only_the_coalitions_given_are_asked() -> None:
    """Of four players the singles, the pairs and all: three together are not asked."""
    cost = {mask: 4.0 * len(members(mask)) ** 0.5 for mask in everyone(4)}
    some = Game(4, {mask: c for mask, c in cost.items() if len(members(mask)) != 3})
    found = allocate(some)
    assert found.shares == pytest.approx([2.0, 2.0, 2.0, 2.0])
    assert not some.complete
    with pytest.raises(ValueError, match="every coalition"):
        shapley(some)


@pytest.mark.parametrize("cost", [{1: 1.0, 3: 1.0}, {1: 1.0, 2: 1.0}])
def test_a_game_names_who_stands_alone_and_all_together(cost: dict[int, float]) -> None:
    with pytest.raises(ValueError, match="each alone"):
        Game(2, cost)


# random games ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(60))
def test_core_or_proof_that_it_is_empty(seed: int) -> None:
    game = drawn(seed)
    found = allocate(game)
    assert sum(found.shares) == pytest.approx(game.total - found.subsidy)
    assert found.excess == pytest.approx(plain_excesses(game, found.shares)[0])
    assert found.subsidy == pytest.approx(max(0.0, game.total - payable(game)), abs=1e-6)
    if not found.weights:
        assert found.excess >= -1e-6
        return
    assert found.excess == pytest.approx(0.0, abs=1e-6)
    covered = np.zeros(game.players)
    for mask, weight in found.weights.items():
        covered[members(mask)] += weight
    assert covered == pytest.approx(np.ones(game.players))
    parts = sum(weight * game.cost[mask] for mask, weight in found.weights.items())
    assert parts == pytest.approx(game.total - found.subsidy)
    assert parts < game.total


def test_the_random_games_are_of_both_kinds() -> None:
    empty = [bool(allocate(drawn(seed)).weights) for seed in range(60)]
    assert 10 <= sum(empty) <= 50


@pytest.mark.parametrize("seed", range(20))
def test_shapley_value_is_the_average_over_all_orders(seed: int) -> None:
    game = drawn(seed)
    assert shapley(game) == pytest.approx(plain_shapley(game))


@settings(max_examples=40)
@given(st.integers(0, 10**6), st.lists(st.floats(-1.0, 1.0), min_size=5, max_size=5))
def test_no_other_shares_make_the_least_savings_larger(seed: int, moved: list[float]) -> None:
    """The nucleolus: its savings, sorted, are lexicographically the largest."""
    game = drawn(seed)
    shares = allocate(game).shares
    step = np.array(moved[: game.players])
    other = shares + step - step.mean()
    one, two = plain_excesses(game, shares), plain_excesses(game, other)
    first = next(((a, b) for a, b in zip(one, two, strict=True) if abs(a - b) > 1e-6), None)
    assert first is None or first[0] > first[1]


@settings(max_examples=40)
@given(st.integers(0, 10**6), st.floats(0.5, 2.0), st.lists(st.floats(-5, 5), min_size=5, max_size=5))
def test_shares_follow_the_unit_and_what_each_pays_anyway(seed: int, unit: float, own: list[float]) -> None:
    game = drawn(seed)
    other = Game(game.players, {m: unit * c + sum(own[i] for i in members(m)) for m, c in game.cost.items()})
    expected = unit * allocate(game).shares + np.array(own[: game.players])
    assert allocate(other).shares == pytest.approx(expected, abs=1e-5)

"""Irreducible conflicts of random set systems, by brute force."""

from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st

from vallum.model.procurement.inquiry.conflict import conflict

RULES = list(range(9))
SYSTEMS = st.lists(st.sets(st.sampled_from(RULES), max_size=5), min_size=1, max_size=8)


@given(SYSTEMS, st.permutations(RULES))
def test_what_is_kept_clashes_and_nothing_less_does(system: list[set[int]], order: list[int]) -> None:
    def clashes(rules: object) -> bool:
        return any(one <= set(rules) for one in system)

    kept = conflict(order, clashes)
    assert clashes(kept)
    assert len(set(kept)) == len(kept)
    assert not any(clashes(less) for size in range(len(kept)) for less in combinations(kept, size))


@given(st.sampled_from(RULES), st.sampled_from(RULES), st.permutations(RULES))
def test_of_two_conflicts_of_one_the_first_is_told(one: int, other: int, order: list[int]) -> None:
    kept = conflict(order, lambda rules: one in rules or other in rules)
    assert kept == [min(one, other, key=order.index)]


def test_few_tests_are_needed() -> None:
    asked = 0

    def clashes(rules: object) -> bool:
        nonlocal asked
        asked += 1
        return {17, 400} <= set(rules)

    assert sorted(conflict(range(512), clashes)) == [17, 400]
    assert asked < 60


def test_a_clash_without_any_rule_keeps_none() -> None:
    assert conflict([1, 2], lambda _: True) == []
    assert conflict([], lambda _: True) == []

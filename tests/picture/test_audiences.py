"""Audiences as bits say the same as the policy's names."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.hub.made_links import make
from vallum.core.label import Label
from vallum.core.policy import Policy, Release
from vallum.core.principal import Principal
from vallum.picture import Audiences, View, sees
from vallum.picture import audience as module

NATIONS = ("EE", "LV", "LT")
GROUPS = ("red", "blue", "green")
NAMES = st.frozensets(st.sampled_from(NATIONS))
MEMBERS = st.frozensets(st.sampled_from(GROUPS))
POLICY = Policy(
    nations=NATIONS,
    releases=(
        Release("EE", to=frozenset(("LV",))),
        Release("EE", if_named=frozenset(("LT",)), groups=frozenset(("red",))),
    ),
)


@pytest.mark.parametrize(
    ("view", "audience", "expected"),
    [
        (View(1, 0b01), ((0b11, 0b01),), True),
        (View(1, 0b10), ((0b11, 0b01),), False),
        (View(4, 0b01), ((0b11, 0b01),), False),
        (View(4, 0b10), ((0b11, 0b01), (0b100, 0b10)), True),
        (View(1, 0b10), ((0b01, 0b01), (0b10, 0b10)), False),
        (View(1, 1), (), False),
    ],
)
def test_a_view_needs_a_nation_and_a_group_of_one_pair(view: View, audience: tuple, expected: bool) -> None:
    assert sees(view, audience) is expected


@given(NAMES, NAMES, MEMBERS, MEMBERS, MEMBERS, st.sampled_from(NATIONS), st.sampled_from(NATIONS))
def test_bits_agree_with_names(to, named, rule_groups, groups_in, groups_out, origin, reader) -> None:  # type: ignore[no-untyped-def]
    policy = Policy(
        nations=NATIONS, releases=(Release("EE", to, named, groups=rule_groups), Release("LV", to))
    )
    audiences = Audiences(policy)
    event = make("u", releasableTo=" ".join(sorted(named)))
    label = Label(origin, releasable_to=policy.named(" ".join(sorted(named))))
    expected = any(
        reader in nations and groups & groups_out
        for nations, groups in policy.audience(label, event.type, groups_in)
    )
    view = audiences.view(Principal("r", reader, groups_out=groups_out))
    assert sees(view, audiences.of(event, origin, groups_in)) is expected


def test_switched_off_groups_are_not_seen_and_others_cannot_be_switched_on() -> None:
    audiences = Audiences(POLICY)
    principal = Principal("anna", "EE", groups_out=frozenset(("red", "blue")))
    everything = audiences.view(principal)
    assert audiences.view(principal, ("red", "green")).groups < everything.groups
    assert audiences.view(principal, ("green",)).groups == 0
    assert audiences.view(principal, GROUPS) == everything


def test_an_event_for_groups_goes_to_those_of_them_that_its_sender_is_in() -> None:
    audiences = Audiences(POLICY)
    both = frozenset(("red", "blue"))
    red = audiences.of(make("u"), "EE", frozenset(("red",)))
    for_red = make("u", detail='<marti><dest group="red"/></marti>')
    for_green = make("u", detail='<marti><dest group="green"/></marti>')
    assert audiences.of(for_red, "EE", both) == red
    readers = [audiences.view(Principal("r", nation, both, both)) for nation in NATIONS]
    assert not any(sees(reader, audiences.of(for_green, "EE", both)) for reader in readers)


@pytest.mark.parametrize("spelling", ["releasableTo", "releaseableTo"])
def test_either_spelling_of_releasable_to_counts(spelling: str) -> None:
    audiences = Audiences(POLICY)
    lithuanian = audiences.view(Principal("r", "LT", groups_out=frozenset(("red",))))
    red = frozenset(("red",))
    assert sees(lithuanian, audiences.of(make("u", **{spelling: "LT"}), "EE", red))
    assert not sees(lithuanian, audiences.of(make("u"), "EE", red))


def test_what_peers_choose_does_not_fill_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_CACHE_LIMIT", 10)
    audiences = Audiences(POLICY)
    red = frozenset(("red",))
    first = audiences.of(make("u"), "EE", red)
    for number in range(50):
        audiences.of(make("u", caveat=f"C{number}"), "EE", red)
        audiences.of(make("u", releasableTo="LV " + "x" * 300), "EE", red)
        assert len(audiences._cache) <= 10
    assert audiences.of(make("u"), "EE", red) == first

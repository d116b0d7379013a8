"""Who releases what to whom: a worked example, decided by hand, and what no policy may do."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vallum.core.label import Label
from vallum.core.policy import Policy, Release, is_of
from vallum.core.principal import ANONYMOUS_GROUP, Principal

ALL = frozenset(("ops", "med", "log"))


def some(text: str) -> frozenset[str]:
    return frozenset(text.split())


POLICY = Policy(
    nations=("EE", "LV", "LT", "PL"),
    levels=("UNCLASSIFIED", "RESTRICTED", "SECRET"),
    default_level=0,
    aliases={"NATO RESTRICTED": "RESTRICTED", "U": "UNCLASSIFIED"},
    nation_names={"BALTIC": some("EE LV LT"), "EST": some("EE"), "LVA": some("LV")},
    releases=(
        Release("EE", to=some("LV LT"), up_to=0),
        Release(
            "EE", to=some("LV"), if_named=some("PL"), types=("a-f", "b-t-f"), up_to=1, caveats=some("BLUE")
        ),
        Release("EE", to=some("PL"), types=("b-r-f-h-c",), up_to=2, groups=some("med log")),
        Release("LV", if_named=some("EE"), up_to=1),
    ),
    refused_types=("u-d-", "X-y"),
    refused_details=some("secretplan"),
)


@pytest.mark.parametrize(
    ("access", "caveat", "releasable", "cot_type", "seen"),
    [
        # Rule 1 alone: unclassified to Latvia and Lithuania.
        ("", "", "", "b-m-p-s-m", "EE LV LT"),
        ("Undefined", "", "", "b-m-p-s-m", "EE LV LT"),
        ("unclassified", "", "", "b-m-p-s-m", "EE LV LT"),
        (" u ", "", "", "b-m-p-s-m", "EE LV LT"),
        # Above rule 1: rule 2 for friends, to Latvia; Poland only if named.
        ("RESTRICTED", "", "", "b-m-p-s-m", "EE"),
        ("Restricted", "", "", "a-f-G", "EE LV"),
        ("NATO Restricted", "", "", "a-f-G", "EE LV"),
        ("RESTRICTED", "", "PL", "a-f-G", "EE PL"),
        ("RESTRICTED", "", "PL LV", "a-f-G", "EE LV PL"),
        ("RESTRICTED", "", "", "a-fake", "EE"),
        ("RESTRICTED", "", "", "b-t-f-d", "EE LV"),
        # Above all rules, or not understood.
        ("SECRET", "", "", "a-f-G", "EE"),
        ("COSMIC TOP SECRET", "", "", "a-f-G", "EE"),
        ("", "BLUE", "", "a-f-G", "EE LV"),
        ("", "blue", "", "a-f-G", "EE LV"),
        ("", "BLUE", "", "b-m-p-s-m", "EE"),
        ("", "RED", "", "a-f-G", "EE"),
        ("", " ", "", "a-f-G", "EE"),
        # What the originator names narrows.
        ("", "", "LT", "b-m-p-s-m", "EE LT"),
        ("", "", "BALTIC", "b-m-p-s-m", "EE LV LT"),
        ("", "", "lva,est", "b-m-p-s-m", "EE LV"),
        ("", "", "LV;PL/LT", "b-m-p-s-m", "EE LV LT"),
        ("", "", "PL", "b-m-p-s-m", "EE"),
        ("", "", "USA", "b-m-p-s-m", "EE"),
        ("", "", ",", "b-m-p-s-m", "EE"),
        ("", "", "EE", "b-m-p-s-m", "EE"),
    ],
)
def test_a_table_decided_by_hand(access: str, caveat: str, releasable: str, cot_type: str, seen: str) -> None:
    label = Label("EE", access, caveat, POLICY.named(releasable))
    audience = POLICY.audience(label, cot_type, frozenset(("ops",)))
    assert {nation for nations, _ in audience for nation in nations} == set(seen.split())
    assert all(groups == {"ops"} for _, groups in audience)


def test_a_rule_for_groups_reaches_only_those() -> None:
    label = Label("EE", "SECRET")
    assert POLICY.audience(label, "b-r-f-h-c", ALL) == (
        (some("EE"), ALL),
        (some("PL"), some("med log")),
    )
    assert POLICY.audience(label, "b-r-f-h-c", some("ops")) == ((some("EE"), some("ops")),)
    assert POLICY.audience(label, "b-r-f-h-c", some("med ops"))[1] == (some("PL"), some("med"))
    assert POLICY.audience(label, "b-r-f-h-c", some("med")) == ((some("EE PL"), some("med")),)


def test_a_rule_that_only_answers_to_names_gives_nothing_without() -> None:
    assert POLICY.audience(Label("LV"), "a-f-G", ALL) == ((some("LV"), ALL),)
    assert POLICY.audience(Label("LV", releasable_to=some("EE")), "a-f-G", ALL) == ((some("LV EE"), ALL),)
    assert POLICY.audience(Label("LV", releasable_to=frozenset()), "a-f-G", ALL) == ((some("LV"), ALL),)


def test_without_rules_everything_stays_at_home() -> None:
    alone = Policy(nations=("EE", "LV"))
    assert alone.audience(Label("EE", releasable_to=some("LV")), "a-f-G", ALL) == ((some("EE"), ALL),)


def test_the_level_of_an_event_that_states_none_is_the_policys() -> None:
    strict = replace(POLICY, default_level=2)
    assert strict.level("") == strict.level("undefined") == 2
    assert [strict.level(text) for text in ("UNCLASSIFIED", "secret", "nonsense")] == [0, 2, 3]


@pytest.mark.parametrize(
    ("cot_type", "prefix", "expected"),
    [
        ("a-f-G", "a-f", True),
        ("a-f", "a-f", True),
        ("a-friend", "a-f", False),
        ("a", "a-f", False),
        ("b-t-f", "", True),
    ],
)
def test_a_type_lies_below_another_by_whole_parts(cot_type: str, prefix: str, expected: bool) -> None:
    assert is_of(cot_type, prefix) is expected


@pytest.mark.parametrize(
    ("cot_type", "details", "expected"),
    [
        ("a-f-G", ["contact", "remarks"], ""),
        ("t-k", [], "type refused"),
        ("t-k-d", [], "type refused"),
        ("T-K-d", [], "type refused"),
        ("u-d-f", [], "type refused"),
        ("x-y-z", [], "type refused"),
        ("u-r-b", [], ""),
        ("a-f-G", ["contact", "__CFF"], "detail refused"),
        ("a-f-G", ["milx:fires"], "detail refused"),
        ("a-f-G", ["SecretPlan"], "detail refused"),
    ],
)
def test_what_is_not_taken(cot_type: str, details: list[str], expected: str) -> None:
    assert POLICY.refusal(Principal("anna", "EE"), cot_type, details) == expected


def test_who_may_not_send() -> None:
    assert POLICY.refusal(Principal("vera", "EE", role="viewer"), "a-f-G", []) == "role viewer does not send"
    assert POLICY.refusal(Principal("hans", "SE"), "a-f-G", []) == "nation not in policy"
    assert Principal("anna", "EE", role="admin").may_send
    assert Principal("anna", "EE").groups_in == {ANONYMOUS_GROUP}


NATIONS = st.sampled_from(("EE", "LV", "LT"))
RELEASES = st.builds(
    Release,
    origin=NATIONS,
    to=st.frozensets(NATIONS),
    if_named=st.frozensets(NATIONS),
    types=st.sampled_from(((), ("a-f",), ("b",))),
    up_to=st.integers(0, 2),
    caveats=st.frozensets(st.sampled_from(("A", "B"))),
    groups=st.none() | st.frozensets(st.sampled_from(sorted(ALL))),
)
POLICIES = st.builds(
    Policy,
    nations=st.just(("EE", "LV", "LT")),
    levels=st.just(("U", "R", "S")),
    releases=st.lists(RELEASES, max_size=4).map(tuple),
)
LABELS = st.builds(Label, NATIONS, st.sampled_from(("", "U", "R", "S", "X")), st.sampled_from(("", "a", "C")))
KINDS = st.sampled_from(("a-f-G", "b-t-f", "u-d"))


def pairs(policy: Policy, label: Label, cot_type: str, groups: frozenset[str] = ALL) -> set[tuple[str, str]]:
    found = policy.audience(label, cot_type, groups)
    return {(nation, group) for nations, members in found for nation in nations for group in members}


@given(POLICIES, LABELS, KINDS, st.frozensets(NATIONS), st.frozensets(st.sampled_from(sorted(ALL))))
def test_names_and_groups_narrow_and_never_widen_what_rules_may_release(
    policy: Policy, label: Label, cot_type: str, named: frozenset[str], groups: frozenset[str]
) -> None:
    home = {(label.nation, group) for group in ALL}
    everyone = frozenset(policy.nations)
    most = pairs(policy, replace(label, releasable_to=everyone), cot_type)
    narrowed = pairs(policy, replace(label, releasable_to=named), cot_type)
    assert home <= narrowed <= most
    assert {nation for nation, _ in narrowed} <= named | {label.nation}
    assert pairs(policy, label, cot_type) <= most
    assert pairs(policy, label, cot_type, groups) == {
        pair for pair in pairs(policy, label, cot_type) if pair[1] in groups
    }


@given(POLICIES, LABELS, KINDS)
def test_what_is_not_understood_stays_at_home(policy: Policy, label: Label, cot_type: str) -> None:
    home = {(label.nation, group) for group in ALL}
    assert pairs(policy, replace(label, access="?"), cot_type) == home
    assert pairs(policy, replace(label, caveat="?"), cot_type) == home
    assert pairs(policy, replace(label, releasable_to=policy.named("?")), cot_type) == home


@given(POLICIES, LABELS, KINDS)
def test_a_higher_level_never_reaches_more(policy: Policy, label: Label, cot_type: str) -> None:
    reached = [pairs(policy, replace(label, access=level), cot_type) for level in policy.levels]
    assert reached[0] >= reached[1] >= reached[2]

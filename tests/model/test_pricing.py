"""Blocks of a made-up region with two members and a partner, worked out by hand."""

from dataclasses import replace

import numpy as np
import pytest

from vallum.model.procurement import Problem, problem
from vallum.model.procurement.pricing import Blocks, Mode, blocks, scale
from vallum.region.synthetic import small, synthetic


def posed() -> Problem:
    """Programme 0 of a drawn region, with hand-made numbers: two members and one partner."""
    model = problem(synthetic(states=2, programmes=3, years=8, classes=1, partners=1))
    p, number = model.programme, len(model.programmes)
    every = np.ones(number)
    programme = replace(
        p, base_quantity=10 * every, base_price=100 * every, exponent=np.log2(0.9) * every, least=4 * every,
        least_alone=6 * every, step=every, introduction_shared=0.5 * every, lead_months=12 * every,
        span_months=12 * every, first_year=0 * p.first_year, last_year=0 * p.last_year + 7,
        partner_quantity=np.array([5.0, 0.0, 0.0]), partner_count=np.array([1, 0, 0]),
        partner_first=0 * p.partner_first + 1, partner_last=0 * p.partner_last + 2,
        partners=(("XX",), (), ()), verdict=tuple(replace(v, eligible=True) for v in p.verdict),
    )  # fmt: skip
    loan = replace(
        model.loan, participant=np.array([True, False]), partner_participants=np.array([1, 0, 0]),
        participants_needed=np.array([2, 2]),
    )  # fmt: skip
    settings = model.settings | {
        "negotiation_months": 6.0, "delay_exponent": 1.0, "scale_saving_max": 0.2, "advance_share": 0.2,
    }  # fmt: skip
    most = np.array([[20.0, 0.0, 0.0], [12.0, 0.0, 0.0]])
    return replace(
        model, programme=programme, loan=loan, settings=settings, bands=np.array([0.5, 1.0, 2.0, 8.0]),
        most=most, greatest=most, operates=np.zeros(most.shape, bool),
    )  # fmt: skip


def found(mode: Mode) -> tuple[Blocks, dict[tuple[int, bool, int], int]]:
    priced = blocks(posed(), mode)
    key = zip(priced.coalition.tolist(), priced.partners.tolist(), priced.band.tolist(), strict=True)
    return priced, {k: a for a, k in enumerate(key)}


def test_scale_at_edges() -> None:
    quantity = np.array([10.0, 20.0, 40.0, 400.0])
    factor = scale(np.full(4, 10.0), np.full(4, np.log2(0.9)), quantity, 0.25)
    assert factor == pytest.approx([1.0, 0.9, 0.81, 0.75])


def test_edges_start_at_the_least_orders_and_end_at_the_greatest() -> None:
    joint, at = found("joint")
    # both, at least 4 each, at most 32: bands from 8 on, 10 and 20; with the partner's 5: from 13 on, 20
    assert [joint.edge[at[3, False, b]] for b in range(3)] == [8.0, 10.0, 20.0]
    assert [joint.edge[at[3, True, b]] for b in range(2)] == [13.0, 20.0]
    assert (3, False, 3) not in at
    assert (3, True, 2) not in at
    # alone, at least 6: 6, 10 and 20 of 20 for the first member, 6 and 10 of 12 for the second
    assert [joint.edge[at[1, False, b]] for b in range(3)] == [6.0, 10.0, 20.0]
    assert [joint.edge[at[2, False, b]] for b in range(2)] == [6.0, 10.0]
    assert (2, False, 2) not in at


def test_prices_and_their_largest_error() -> None:
    joint, at = found("joint")
    assert joint.scale[at[3, False, 1]] == pytest.approx(1.0)
    assert joint.scale[at[3, False, 2]] == pytest.approx(0.9)
    assert joint.error[at[3, False, 1]] == pytest.approx(0.1)
    # beyond the last edge up to 32 units: (32/20) ** log2(0.9) cheaper, but the floor of 0.8 comes first
    assert joint.error[at[3, False, 2]] == pytest.approx(1 - max(0.8, 3.2 ** np.log2(0.9)) / 0.9)


def test_national_blocks_are_alone_and_partners_change_neither_price_nor_quantity() -> None:
    national, at = found("national")
    assert set(national.coalition.tolist()) == {1, 2}
    assert not national.pooled.any()
    with_partner = at[1, True, 0]
    assert national.partner_quantity[with_partner] == 0.0
    assert national.edge[with_partner] == 4.0  # a common procurement needs the smaller least order
    assert national.edge[at[1, False, 0]] == 6.0


def test_joint_blocks_of_several_are_pooled() -> None:
    joint, at = found("joint")
    assert not joint.pooled[at[1, False, 0]]
    assert joint.pooled[at[1, True, 0]]
    assert joint.pooled[at[3, False, 0]]
    assert joint.partner_quantity[at[3, True, 0]] == 5.0


def test_introduction_is_shared_by_those_who_introduce() -> None:
    joint, at = found("joint")

    def shares(priced: Blocks, a: int) -> list[float]:
        return priced.introduction[priced.members_of(np.array([a]))].tolist()

    assert shares(joint, at[3, False, 0]) == pytest.approx([0.75, 0.75])
    assert shares(joint, at[1, True, 0]) == [1.0]
    operating = replace(posed(), operates=np.array([[True, False, False], [False, False, False]]))
    priced = blocks(operating, "joint")
    both = int(np.flatnonzero((priced.coalition == 3) & ~priced.partners)[0])
    assert shares(priced, both) == [0.0, 1.0]


def test_eligible_with_enough_participants_that_may_take_part() -> None:
    joint, at = found("joint")
    # the second member may not take part, the first and the partner may
    assert joint.eligible[at[1, True, 0]]
    assert joint.eligible[at[3, True, 0]]
    assert not joint.eligible[at[1, False, 0]]
    assert not joint.eligible[at[2, True, 0]]
    assert not joint.eligible[at[3, False, 0]]


def test_lead_time_and_order_years() -> None:
    joint, at = found("joint")
    assert [joint.lead_months[at[k]] for k in ((1, False, 0), (3, False, 0), (3, True, 0))] == [12, 18, 24]

    def years(a: int) -> list[int]:
        first = joint.members_of(np.array([a]))[:1]
        return joint.entry_year[joint.entry_start[first[0]] : joint.entry_start[first[0] + 1]].tolist()

    # eight years; delivered within half a year, the lead and another year
    assert years(at[1, False, 0]) == [0, 1, 2, 3, 4, 5]
    assert years(at[3, False, 0]) == [0, 1, 2, 3, 4, 5]
    assert years(at[3, True, 0]) == [1, 2]


@pytest.mark.parametrize("mode", ["national", "joint"])
@pytest.mark.parametrize("seed", range(4))
def test_members_and_entries_of_blocks(mode: Mode, seed: int) -> None:
    priced = blocks(problem(small(seed)), mode)
    number = len(priced.programme)
    for chosen in (np.arange(number), np.arange(number)[::-2], np.empty(0, np.int64)):
        members = [m for a in chosen for m in np.flatnonzero(priced.member_block == a)]
        entries = [e for m in members for e in np.flatnonzero(priced.entry_member == m)]
        assert priced.members_of(chosen).tolist() == members
        assert priced.entries_of(chosen).tolist() == entries

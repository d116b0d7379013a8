"""Blocks nobody can choose: some measure what orders are worth, some bound what they can cost."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from vallum.model.procurement.pricing import Bands, Blocks, groups_of, order_years, price_groups, scale
from vallum.model.procurement.problem import Problem
from vallum.model.procurement.profile import negotiation_months

__all__ = ["probe_blocks", "relaxed_blocks"]

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


def probe_blocks(problem: Problem, p: Ints, partners: Bools, members: Ints, eligible: Bools) -> Blocks:
    """Blocks that measure what one unit, one euro and one introduction are worth to every member.

    U units, each a programme with or without partners in a coalition of so many members, give 2 U blocks of
    all members that may join. Low columns are orders of nothing, high columns of one class unit: in the
    first U at the base price and with the whole introduction cost, in the second at no cost. Blocks without
    an order follow, one a member and programme: their choice column is the member's joining.

    Parameters
    ----------
    problem : Problem
    p, partners, members, eligible : (U,) arrays
        Programme, with partners, number of members, whether SAFE may pay.

    Returns
    -------
    Blocks
    """
    states, programme = len(problem.states), problem.programme
    could = (problem.greatest > 0).T
    every = could @ (1 << np.arange(states))
    sized = replace(
        groups_of(problem, "joint", p, every[p], partners),
        participants=members + programme.partner_count[p] * partners,
    )
    lead = programme.lead_months[p] + negotiation_months(
        sized.participants.astype(float), problem.settings["negotiation_months"],
        problem.settings["delay_exponent"],
    )  # fmt: skip
    first, last = order_years(problem, p, partners, lead)
    sized = replace(sized, lead=lead, first=first, last=np.maximum(last, first - 1))
    single, state = np.nonzero(could)
    alone = groups_of(problem, "joint", single, 1 << state, np.zeros(len(single), bool))
    alone = replace(alone, last=alone.first - 1)
    groups = sized.joined(sized).joined(alone)
    number, nothing = len(groups.programme), np.zeros(len(groups.programme))
    made = price_groups(
        problem, groups, Bands(np.arange(number), *(nothing.astype(np.int64),) * 2, nothing + 1, nothing + 1)
    )
    paid = np.arange(number) < len(p)
    by_member = paid[made.member_block]
    return replace(
        made, edge=nothing, scale=paid.astype(float), partner_quantity=nothing,
        eligible=np.concatenate((eligible, eligible, np.zeros(len(single), bool))),
        least=np.zeros(len(by_member)), greatest=np.ones(len(by_member)),
        introduction=by_member.astype(float),
    )  # fmt: skip


def relaxed_blocks(problem: Problem) -> Blocks:
    """Every member alone at terms that no coalition betters: everybody's price, loans, and least order."""
    programme = problem.programme
    state, p = np.nonzero(problem.greatest > 0)
    groups = groups_of(problem, "joint", p, 1 << state, np.zeros(len(p), bool))
    able = np.flatnonzero(groups.last >= groups.first)
    groups, p = groups.take(able), p[able]
    nothing, zero = np.zeros(len(p)), np.zeros(len(p), np.int64)
    made = price_groups(problem, groups, Bands(np.arange(len(p)), zero, zero, nothing + 1, nothing + 1))
    least = np.minimum(programme.least, programme.least_alone)
    most = (np.maximum(problem.greatest, least) * (problem.greatest > 0)).sum(axis=0)
    pooled = (most + programme.partner_quantity)[p]
    shared = programme.introduction_shared[p]
    saving = problem.settings["scale_saving_max"]
    return replace(
        made, edge=nothing, least=least[p],
        introduction=made.introduction * (1 - shared + shared / len(problem.states)),
        greatest=np.maximum(made.greatest, least[p]),
        scale=scale(programme.base_quantity[p], programme.exponent[p], pooled, saving),
        eligible=np.array([v.eligible for v in programme.verdict], dtype=bool)[p],
    )  # fmt: skip

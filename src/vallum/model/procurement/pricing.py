"""Every block priced: programme x coalition x partners x price band (sections 1 to 4).

Blocks, their members and their possible order years are flat arrays, so that an alliance of any size is
priced in a few vectorised passes.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from vallum.model.procurement.problem import Problem
from vallum.model.procurement.profile import delivery_shares, negotiation_months, payment_shares

__all__ = ["Blocks", "Mode", "blocks", "scale"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
Mode = Literal["national", "joint"]
_NEAR = 1e-9


@dataclass(frozen=True, slots=True)
class Blocks:
    """A blocks with M members and E entries (a member's possible order year).

    Members of block a are member_start[a]..member_start[a+1]; entries of member m likewise.
    """

    programme: Ints  # (A,)
    coalition: Ints  # (A,) bit mask of members
    partners: Bools  # (A,) with the programme's partners
    pooled: Bools
    band: Ints
    edge: Floats  # (A,) pooled quantity at which the block is entered
    scale: Floats  # (A,) price factor against the base quantity
    error: Floats  # (A,) largest overstatement of the price inside the band
    participants: Ints
    lead_months: Floats  # (A,) negotiation included
    eligible: Bools  # (A,) payments may be claimed from SAFE
    partner_quantity: Floats  # (A,) counted towards the edge
    member_start: Ints  # (A+1,)
    member_block: Ints  # (M,)
    member_state: Ints
    least: Floats  # (M,)
    greatest: Floats
    introduction: Floats  # (M,) share of the introduction cost this member pays
    entry_start: Ints  # (M+1,)
    entry_member: Ints  # (E,)
    entry_year: Ints
    deliver: Floats  # (A, Y) share delivered by years after the order
    pay: Floats  # (A, Y)


def scale(base_quantity: Floats, exponent: Floats, quantity: Floats, saving_most: float) -> Floats:
    """Price factor of a pooled quantity, Wright's law with a floor.

    max(1 - saving_most, (Q / Q0) ** log2(slope)); T.P. Wright, Factors affecting the cost of airplanes, 1936.
    """
    out: Floats = np.maximum(1.0 - saving_most, (quantity / base_quantity) ** exponent)
    return out


@dataclass(frozen=True, slots=True)
class _Groups:
    """Programme x coalition x partners, before bands."""

    programme: Ints
    coalition: Ints
    partners: Bools
    pooled: Bools


def _groups(problem: Problem, mode: Mode) -> _Groups:
    states = len(problem.states)
    masks = np.arange(1, 2**states) if mode == "joint" else 1 << np.arange(states)
    allowed = ((problem.greatest > 0).T @ (1 << np.arange(states))).astype(np.int64)  # (P,) bit mask
    inside = (masks[None, :] & ~allowed[:, None]) == 0
    programme, at = np.nonzero(inside)
    coalition = masks[at].astype(np.int64)
    has_partners = problem.programme.partner_count[programme] > 0
    programme = np.concatenate((programme, programme[has_partners]))
    coalition = np.concatenate((coalition, coalition[has_partners]))
    partners = np.concatenate((np.zeros(len(has_partners), bool), np.ones(int(has_partners.sum()), bool)))
    several = (coalition & (coalition - 1)) != 0
    pooled = (several | partners) if mode == "joint" else np.zeros(len(programme), bool)
    return _Groups(programme, coalition, partners, pooled)


def blocks(problem: Problem, mode: Mode) -> Blocks:
    """Price every block of a mode.

    Parameters
    ----------
    problem : Problem
    mode : {"national", "joint"}

    Returns
    -------
    Blocks
        Sorted by programme, coalition, partners, band; members without a possible order year take the
        whole block out.
    """
    groups, programme = _groups(problem, mode), problem.programme
    p, states = groups.programme, len(problem.states)
    inside = ((groups.coalition[:, None] >> np.arange(states)[None, :]) & 1).astype(bool)  # (G, N)
    partner_number = programme.partner_count[p] * groups.partners
    participants = inside.sum(axis=1) + partner_number
    alone = participants == 1
    least = np.where(alone, programme.least_alone[p], programme.least[p])
    greatest = np.maximum(problem.greatest[:, p].T, least[:, None]) * inside
    # a least order above what the member may buy rules the coalition out
    fits = (~inside | (_allowed(problem)[:, p].T >= least[:, None] - _NEAR)).all(axis=1)
    settings = problem.settings
    lead = programme.lead_months[p] + negotiation_months(
        participants.astype(float), settings["negotiation_months"], settings["delay_exponent"]
    )
    first, last = _order_years(problem, groups, lead)
    keep = np.flatnonzero(fits & (last >= first))
    return _with_bands(problem, groups, keep, inside, least, greatest, participants, lead, first, last)


def _allowed(problem: Problem) -> Floats:
    # greatest is capped by usefulness; a least order may exceed the use but not the cap of the data
    return np.where(problem.greatest > 0, problem.most, 0.0)


def _order_years(problem: Problem, groups: _Groups, lead: Floats) -> tuple[Ints, Ints]:
    """First and last order year (positions) so that the last delivery is inside the horizon."""
    programme, p = problem.programme, groups.programme
    years = len(problem.years)
    horizon = np.floor(years - 0.5 - (lead + programme.span_months[p]) / 12 + _NEAR).astype(np.int64)
    first = np.maximum(programme.first_year[p], 0)
    last = np.minimum(np.minimum(programme.last_year[p], years - 1), horizon)
    first = np.where(groups.partners, np.maximum(first, programme.partner_first[p]), first)
    last = np.where(groups.partners, np.minimum(last, programme.partner_last[p]), last)
    return first, last


def _with_bands(
    problem: Problem,
    groups: _Groups,
    keep: Ints,
    inside: Bools,
    least: Floats,
    greatest: Floats,
    participants: Ints,
    lead: Floats,
    first: Ints,
    last: Ints,
) -> Blocks:
    programme, settings = problem.programme, problem.settings
    p = groups.programme[keep]
    partner_quantity = programme.partner_quantity[p] * (groups.partners & groups.pooled)[keep]
    low = least[keep] * inside[keep].sum(axis=1) + partner_quantity
    high = greatest[keep].sum(axis=1) + partner_quantity
    edges = problem.bands[None, :] * programme.base_quantity[p][:, None]  # (G, B)
    usable = (edges > low[:, None] + _NEAR) & (edges <= high[:, None] + _NEAR)
    edges = np.concatenate((low[:, None], edges), axis=1)
    usable = np.concatenate((np.ones((len(p), 1), bool), usable), axis=1)
    group, column = np.nonzero(usable)
    band = (np.cumsum(usable, axis=1) - 1)[group, column]
    order = np.lexsort((band, groups.partners[keep][group], groups.coalition[keep][group], p[group]))
    group, band, edge = group[order], band[order], edges[group, column][order]
    source = keep[group]
    p = groups.programme[source]
    saving = settings["scale_saving_max"]
    factor = scale(programme.base_quantity[p], programme.exponent[p], edge, saving)
    same = np.concatenate((group[1:] == group[:-1], [False]))
    ceiling = np.where(same, np.concatenate((edge[1:], [0.0])), np.maximum(high[group], edge))
    error = 1.0 - scale(programme.base_quantity[p], programme.exponent[p], ceiling, saving) / factor

    member_block, member_state = np.nonzero(inside[source])
    member_source = source[member_block]
    introducing = inside[source] & ~problem.operates[:, p].T
    share = _introduction_share(problem, p, introducing, groups.pooled[source])
    entries = (last - first + 1)[member_source]
    entry_member = np.repeat(np.arange(len(member_block)), entries)
    entry_start = np.concatenate(([0], np.cumsum(entries)))
    entry_year = np.arange(len(entry_member)) - entry_start[entry_member] + first[member_source][entry_member]
    years = len(problem.years)
    span = programme.span_months[p]
    return Blocks(
        programme=p, coalition=groups.coalition[source], partners=groups.partners[source],
        pooled=groups.pooled[source], band=band, edge=edge, scale=factor, error=np.maximum(error, 0.0),
        participants=participants[source], lead_months=lead[source],
        eligible=_eligible(problem, p, inside[source], groups.partners[source]),
        partner_quantity=programme.partner_quantity[p] * (groups.partners & groups.pooled)[source],
        member_start=np.concatenate(([0], np.cumsum(np.bincount(member_block, minlength=len(p))))),
        member_block=member_block, member_state=member_state, least=least[member_source],
        greatest=greatest[member_source, member_state], introduction=share[member_block, member_state],
        entry_start=entry_start, entry_member=entry_member, entry_year=entry_year,
        deliver=delivery_shares(lead[source], span, years),
        pay=payment_shares(lead[source], span, settings["advance_share"], years),
    )  # fmt: skip


def _introduction_share(problem: Problem, p: Ints, introducing: Bools, pooled: Bools) -> Floats:
    """Section 3: share of the full introduction cost, shape (A, N)."""
    shared = problem.programme.introduction_shared[p][:, None]
    number = introducing.sum(axis=1)[:, None]
    split = (1 - shared) + shared / np.maximum(number, 1)
    return np.where(pooled[:, None] & (number >= 2), split, 1.0) * introducing


def _eligible(problem: Problem, p: Ints, inside: Bools, partners: Bools) -> Bools:
    """Section 9: the programme's verdict, and enough participants that may take part."""
    verdict = np.array([v.eligible for v in problem.programme.verdict], dtype=bool)
    taking_part = (inside & problem.safe_participant[None, :]).sum(axis=1) + problem.partner_safe[
        p
    ] * partners
    needed = int(problem.participants_needed.max(initial=1))
    out: Bools = verdict[p] & (taking_part >= needed)
    return out

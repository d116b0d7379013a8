"""Every block priced: programme x coalition x partners x price band (sections 1 to 4).

Blocks, their members and their possible order years are flat arrays, so that an alliance of any size is
priced in a few vectorised passes.
"""

from dataclasses import dataclass, fields
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from vallum.model.procurement.listed import Listed, among
from vallum.model.procurement.problem import Problem
from vallum.model.procurement.profile import delivery_shares, negotiation_months, payment_shares

__all__ = [
    "Bands",
    "Blocks",
    "Groups",
    "Listed",
    "Mode",
    "blocks",
    "edges_of",
    "groups_of",
    "order_years",
    "price_groups",
    "scale",
]

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
    step: Ints  # (A,) which edge: 0 the least pooled quantity, k the k-th multiple of the bands
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

    def find(self, listed: Listed) -> Ints:
        """Positions of the blocks that are listed."""
        return among(Listed.named(self).table(), listed.table())

    def members_of(self, blocks: Ints) -> Ints:
        """Members of some blocks, block after block."""
        return _spans(self.member_start, blocks)

    def entries_of(self, blocks: Ints) -> Ints:
        """Entries of all members of some blocks, block after block."""
        return _spans(self.entry_start[self.member_start], blocks)


def _spans(start: Ints, at: Ints) -> Ints:
    """start[i]..start[i+1] for every i of `at`, one after another."""
    count = start[at + 1] - start[at]
    end = np.cumsum(count)
    out: Ints = np.arange(end[-1] if len(end) else 0) + np.repeat(start[at] - end + count, count)
    return out


def scale(base_quantity: Floats, exponent: Floats, quantity: Floats, saving_most: float) -> Floats:
    """Price factor of a pooled quantity, Wright's law with a floor.

    max(1 - saving_most, (Q / Q0) ** log2(slope)); T.P. Wright, Factors affecting the cost of airplanes, 1936.
    """
    out: Floats = np.maximum(1.0 - saving_most, (quantity / base_quantity) ** exponent)
    return out


@dataclass(frozen=True, slots=True)
class Groups:
    """Programme x coalition x partners, G of them."""

    programme: Ints
    coalition: Ints
    partners: Bools
    pooled: Bools
    inside: Bools  # (G, N)
    participants: Ints
    least: Floats  # (G,)
    greatest: Floats  # (G, N), 0 outside
    lead: Floats  # months, negotiation included
    first: Ints  # order years
    last: Ints

    def take(self, at: Ints) -> "Groups":
        """Groups at positions, repeats allowed."""
        return Groups(**{f.name: getattr(self, f.name)[at] for f in fields(self)})

    def joined(self, other: "Groups") -> "Groups":
        """These groups, then others."""
        pairs = {f.name: (getattr(self, f.name), getattr(other, f.name)) for f in fields(self)}
        return Groups(**{name: np.concatenate(pair) for name, pair in pairs.items()})

    def partner_quantity(self, problem: Problem) -> Floats:
        """Partners' orders that count towards the pooled quantity."""
        return problem.programme.partner_quantity[self.programme] * (self.partners & self.pooled)


def blocks(problem: Problem, mode: Mode, listed: Listed | None = None) -> Blocks:
    """Price every block of a mode, or those listed.

    Parameters
    ----------
    problem : Problem
    mode : {"national", "joint"}
    listed : Listed, optional
        Blocks to price; those that the data do not allow are left out.

    Returns
    -------
    Blocks
        Sorted by programme, coalition, partners, band; members without a possible order year take the
        whole block out.
    """
    if listed is None:
        groups = _able(problem, groups_of(problem, mode, *_coalitions(problem, mode)))
        return price_groups(problem, groups, _bands(problem, groups))
    names = np.unique(listed.table()[:, :3], axis=0)
    groups = _able(problem, groups_of(problem, mode, names[:, 0], names[:, 1], names[:, 2].astype(bool)))
    bands = _bands(problem, groups)
    at = bands.group
    found = Listed(groups.programme[at], groups.coalition[at], groups.partners[at], bands.step).table()
    return price_groups(problem, groups, bands.take(among(found, listed.table())))


def groups_of(problem: Problem, mode: Mode, p: Ints, coalition: Ints, partners: Bools) -> Groups:
    """Groups of a mode with their terms."""
    programme, states = problem.programme, len(problem.states)
    inside = ((coalition[:, None] >> np.arange(states)[None, :]) & 1).astype(bool)
    participants = inside.sum(axis=1) + programme.partner_count[p] * partners
    least = np.where(participants == 1, programme.least_alone[p], programme.least[p])
    lead = programme.lead_months[p] + negotiation_months(
        participants.astype(float), problem.settings["negotiation_months"], problem.settings["delay_exponent"]
    )
    first, last = order_years(problem, p, partners, lead)
    several = (coalition & (coalition - 1)) != 0
    pooled = (several | partners) if mode == "joint" else np.zeros(len(p), bool)
    greatest = np.maximum(problem.greatest[:, p].T, least[:, None]) * inside
    return Groups(p, coalition, partners, pooled, inside, participants, least, greatest, lead, first, last)


def _able(problem: Problem, groups: Groups) -> Groups:
    """Groups that can order at all: a least order may exceed what is useful, not what the data allow."""
    allowed = np.where(problem.greatest > 0, problem.most, 0.0)[:, groups.programme].T
    fits = (~groups.inside | (allowed >= groups.least[:, None] - _NEAR)).all(axis=1)
    return groups.take(np.flatnonzero(fits & (groups.last >= groups.first)))


def _coalitions(problem: Problem, mode: Mode) -> tuple[Ints, Ints, Bools]:
    """Programme, coalition and partners: all members that may join, alone or together."""
    states = len(problem.states)
    masks = np.arange(1, 2**states) if mode == "joint" else 1 << np.arange(states)
    allowed = ((problem.greatest > 0).T @ (1 << np.arange(states))).astype(np.int64)  # (P,) bit mask
    programme, at = np.nonzero((masks[None, :] & ~allowed[:, None]) == 0)
    coalition = masks[at].astype(np.int64)
    with_partners = np.flatnonzero(problem.programme.partner_count[programme] > 0)
    partners = np.arange(len(programme) + len(with_partners)) >= len(programme)
    everyone = np.concatenate((np.arange(len(programme)), with_partners))
    return programme[everyone], coalition[everyone], partners


def order_years(problem: Problem, p: Ints, partners: Bools, lead: Floats) -> tuple[Ints, Ints]:
    """First and last order year (positions) so that the last delivery is inside the horizon."""
    programme, years = problem.programme, len(problem.years)
    horizon = np.floor(years - 0.5 - (lead + programme.span_months[p]) / 12 + _NEAR).astype(np.int64)
    first = np.maximum(programme.first_year[p], 0)
    last = np.minimum(np.minimum(programme.last_year[p], years - 1), horizon)
    first = np.where(partners, np.maximum(first, programme.partner_first[p]), first)
    last = np.where(partners, np.minimum(last, programme.partner_last[p]), last)
    return first, last


def edges_of(problem: Problem, p: Ints, low: Floats, high: Floats) -> tuple[Floats, Bools]:
    """Section 3: edges of groups between their least and greatest pooled quantities, (G, B + 1)."""
    edges = problem.bands[None, :] * problem.programme.base_quantity[p][:, None]  # (G, B)
    usable = (edges > low[:, None] + _NEAR) & (edges <= high[:, None] + _NEAR)
    edges = np.concatenate((low[:, None], edges), axis=1)
    return edges, np.concatenate((np.ones((len(p), 1), bool), usable), axis=1)


@dataclass(frozen=True, slots=True)
class Bands:
    """Each block's group, band, which edge, the edge, and the quantity where its band ends."""

    group: Ints
    band: Ints
    step: Ints
    edge: Floats
    ceiling: Floats

    def take(self, at: Ints) -> "Bands":
        """Bands at positions."""
        return Bands(**{f.name: getattr(self, f.name)[at] for f in fields(self)})


def _bands(problem: Problem, groups: Groups) -> Bands:
    """Section 3: all bands of groups."""
    p, partner_quantity = groups.programme, groups.partner_quantity(problem)
    low = groups.least * groups.inside.sum(axis=1) + partner_quantity
    high = groups.greatest.sum(axis=1) + partner_quantity
    edges, usable = edges_of(problem, p, low, high)
    at, column = np.nonzero(usable)
    band = (np.cumsum(usable, axis=1) - 1)[at, column]
    order = np.lexsort((band, groups.partners[at], groups.coalition[at], p[at]))
    at, band, step, edge = at[order], band[order], column[order], edges[at, column][order]
    another = np.concatenate((at[1:] == at[:-1], np.zeros(min(len(at), 1), bool)))
    ceiling = np.where(another, np.append(edge[1:], 0.0)[: len(edge)], np.maximum(high[at], edge))
    return Bands(at, band, step, edge, ceiling)


def price_groups(problem: Problem, groups: Groups, bands: Bands) -> Blocks:
    """Members, order years and prices of blocks."""
    groups, edge, ceiling = groups.take(bands.group), bands.edge, bands.ceiling
    programme, settings, p = problem.programme, problem.settings, groups.programme
    saving, span, years = settings["scale_saving_max"], programme.span_months[p], len(problem.years)
    factor = scale(programme.base_quantity[p], programme.exponent[p], edge, saving)
    error = 1.0 - scale(programme.base_quantity[p], programme.exponent[p], ceiling, saving) / factor
    member_block, member_state = np.nonzero(groups.inside)
    share = _introduction_share(problem, p, groups.inside & ~problem.operates[:, p].T, groups.pooled)
    entries = (groups.last - groups.first + 1)[member_block]
    entry_member = np.repeat(np.arange(len(member_block)), entries)
    entry_start = np.concatenate(([0], np.cumsum(entries)))
    since = np.arange(len(entry_member)) - entry_start[entry_member]
    return Blocks(
        programme=p, coalition=groups.coalition, partners=groups.partners, pooled=groups.pooled,
        band=bands.band, step=bands.step, edge=edge, scale=factor, error=np.maximum(error, 0.0),
        participants=groups.participants,
        lead_months=groups.lead, eligible=_eligible(problem, p, groups.inside, groups.partners),
        partner_quantity=groups.partner_quantity(problem),
        member_start=np.concatenate(([0], np.cumsum(np.bincount(member_block, minlength=len(p))))),
        member_block=member_block, member_state=member_state, least=groups.least[member_block],
        greatest=groups.greatest[member_block, member_state], introduction=share[member_block, member_state],
        entry_start=entry_start, entry_member=entry_member,
        entry_year=since + groups.first[member_block][entry_member],
        deliver=delivery_shares(groups.lead, span, years),
        pay=payment_shares(groups.lead, span, settings["advance_share"], years),
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
    taking_part = (inside & problem.loan.participant[None, :]).sum(
        axis=1
    ) + problem.loan.partner_participants[p] * partners
    needed = int(problem.loan.participants_needed.max(initial=1))
    out: Bools = verdict[p] & (taking_part >= needed)
    return out

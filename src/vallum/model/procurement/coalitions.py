"""Prices over all coalitions of any number of members, without listing them.

What a member of a block costs depends on the programme, the partners, the *number* of participants (lead
time, least order, loans), the number of members that introduce the type, and the price band, but not on who
the others are. So under given duals a block's least reduced cost is a sum over its members, tied together
by the band's edge alone: for every kind of block take the cheapest members, with a multiplier on the edge
where they order too little (a Lagrangian bound, exact where nothing is left over). Where the bound leaves a
doubt and the coalitions of that kind are few, they are compared one by one, so the answer is exact.
"""

from dataclasses import dataclass
from itertools import combinations, product
from math import comb

import numpy as np
from numpy.typing import NDArray

from vallum.model.procurement.formulation import formulate
from vallum.model.procurement.listed import Listed
from vallum.model.procurement.pricing import Blocks, edges_of, scale
from vallum.model.procurement.probes import probe_blocks
from vallum.model.procurement.problem import Problem

__all__ = ["Coalitions", "Offers"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
INF = float("inf")
#: Kinds of blocks priced at once; bounds the memory of a pass.
CHUNK = 8_192
#: Halvings of the interval of an edge's multiplier.
HALVINGS = 40
#: Coalitions of one kind that are compared one by one at most.
COMPARED = 2_000


@dataclass(frozen=True, slots=True)
class Offers:
    """What coalitions could gain at best under one set of duals.

    Attributes
    ----------
    least : (P, N + 1) array
        Lower bound on the reduced cost of any block of a programme by its number of members; 0 where no
        block improves. Blocks of one member are not among them.
    listed : Listed
        Blocks with negative reduced cost, best first within a programme.
    """

    least: Floats
    listed: Listed


@dataclass(frozen=True, slots=True)
class _Kinds:
    """Kinds of blocks, T of them: all coalitions with equally many members of each group of members."""

    unit: Ints  # (T,) position of the probe: programme, partners, participants, eligible
    programme: Ints
    partners: Bools
    count: Ints  # (T, 4) members of each group
    share: Floats  # (T,) introduction share of a member that introduces
    edge: Ints  # (T,) position of the band's edge
    needed: Floats  # (T,) quantity that members must reach
    scale: Floats

    def take(self, at: Ints) -> "_Kinds":
        return _Kinds(*(getattr(self, name)[at] for name in self.__dataclass_fields__))


class Coalitions:
    """All blocks of joint mode with two members or more.

    Parameters
    ----------
    problem : Problem
    """

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self.states = len(problem.states)
        programme = problem.programme
        self.allowed = ((problem.greatest > 0) & (problem.most >= programme.least - 1e-9)).T  # (P, N)
        self.greatest = np.maximum(problem.greatest, programme.least).T
        self.introduces = ~problem.operates.T
        # groups of members that differ in what they change for the others
        self.group = 2 * self.introduces + problem.loan.participant[None, :]
        self.kinds, unit = self._kinds()
        probes = probe_blocks(problem, *unit)
        self.form = formulate(problem, probes, "joint")
        self.units = len(unit[0])
        self._place(probes)

    def _kinds(self) -> tuple[_Kinds, tuple[Ints, Bools, Ints, Bools]]:
        problem, programme = self.problem, self.problem.programme
        needed = int(problem.loan.participants_needed.max(initial=1))
        rows = []
        for p in range(len(problem.programmes)):
            sizes = [int((self.allowed[p] & (self.group[p] == c)).sum()) for c in range(4)]
            for count in product(*(range(size + 1) for size in sizes)):
                members = sum(count)
                for partners in (False, True)[: 1 + (programme.partner_count[p] > 0)]:
                    if members >= 2:
                        taking_part = count[1] + count[3] + problem.loan.partner_participants[p] * partners
                        eligible = programme.verdict[p].eligible and taking_part >= needed
                        rows.append((p, partners, members, eligible, *count))
        table = np.array(rows, dtype=np.int64).reshape(-1, 8)
        unit, at = np.unique(table[:, :4], axis=0, return_inverse=True)
        kind, edge, needs, factor = self._edges(table)
        introducing = table[:, 6] + table[:, 7]
        shared = programme.introduction_shared[table[:, 0]]
        share = np.where(introducing >= 2, (1 - shared) + shared / np.maximum(introducing, 1), 1.0)
        kinds = _Kinds(at.ravel()[kind], table[kind, 0], table[kind, 1].astype(bool), table[kind, 4:],
                       share[kind], edge, needs, factor)  # fmt: skip
        return kinds, (unit[:, 0], unit[:, 1].astype(bool), unit[:, 2], unit[:, 3].astype(bool))

    def _edges(self, table: Ints) -> tuple[Ints, Ints, Floats, Floats]:
        """Bands that some coalition of a kind can reach: kind, edge position, members' quantity, scale."""
        programme, p = self.problem.programme, table[:, 0]
        outside = programme.partner_quantity[p] * table[:, 1]
        low = programme.least[p] * table[:, 2] + outside
        # the largest members of each group together
        largest = -np.sort(-np.where(
            (self.allowed[:, None, :] & (self.group[:, None, :] == np.arange(4)[None, :, None])),
            self.greatest[:, None, :], 0.0), axis=2)  # fmt: skip
        total = np.concatenate((np.zeros((*largest.shape[:2], 1)), np.cumsum(largest, axis=2)), axis=2)
        high = total[p[:, None], np.arange(4)[None, :], table[:, 4:]].sum(axis=1) + outside
        edges, usable = edges_of(self.problem, p, low, high)
        kind, edge = np.nonzero(usable)
        quantity = edges[kind, edge]
        factor = scale(programme.base_quantity[p[kind]], programme.exponent[p[kind]], quantity,
                       self.problem.settings["scale_saving_max"])  # fmt: skip
        return kind, edge, quantity - outside[kind], factor

    def _place(self, probes: Blocks) -> None:
        """Where each probe's columns stand in arrays (units, N, Y)."""
        b, at = probes, self.form.at
        block = b.member_block[b.entry_member]
        state = b.member_state[b.entry_member]
        priced = block < self.units
        self.spot = block[priced], state[priced], b.entry_year[priced]
        free = (block >= self.units) & (block < 2 * self.units)
        self.probed = at.low[free], at.high[free], at.low[priced], at.high[priced]
        single = np.flatnonzero(np.arange(len(b.programme)) >= 2 * self.units)
        self.joining = at.x[single], b.programme[single], b.member_state[b.member_start[single]]

    def price(self, dual: Floats, level: int, known: Listed, per_programme: int = 3) -> Offers:
        """Price every coalition under duals of the shared rows.

        Parameters
        ----------
        dual : (shared rows,) array
        level : int
        known : Listed
            Blocks that need not be returned.
        per_programme : int
            Blocks returned for a programme at most.

        Returns
        -------
        Offers
        """
        every = np.zeros(len(self.form.program.row_lower))
        every[self.form.shared] = dual
        reduced = self.form.costs[level] - self.form.program.matrix.transpose_times(every)
        worth = self._worth(reduced)
        joining = np.zeros((len(self.problem.programmes), self.states))
        joining[self.joining[1:]] = reduced[self.joining[0]]
        least = np.zeros((len(self.problem.programmes), self.states + 1))
        found: list[tuple[float, int, int, bool, int]] = []
        for first in range(0, len(self.kinds.unit), CHUNK):
            kinds = self.kinds.take(np.arange(first, min(first + CHUNK, len(self.kinds.unit))))
            lean, full = self._members(kinds, worth, joining)
            self._search(kinds, lean, full, least, found)
        return Offers(least, _best(found, known, per_programme))

    def _worth(self, reduced: Floats) -> Floats:
        """Reduced costs (4, units, N, Y): of an order, a free unit, its base price, an introduction."""
        order, free, paid_order, paid = (reduced[columns] for columns in self.probed)
        unit, introduction = free - order, paid_order - order
        out = np.zeros((4, self.units, self.states, len(self.problem.years)))
        out[0] = INF  # no order in years without an entry
        out[(slice(None), *self.spot)] = np.stack((order, unit, paid - paid_order - unit, introduction))
        return out

    def _members(self, kinds: _Kinds, worth: Floats, joining: Floats) -> tuple[Floats, Floats]:
        """Least reduced cost of every member at its least and at its greatest quantity, (T, N) each."""
        p = kinds.programme
        order, free, price, introduction = worth[:, kinds.unit]
        least, greatest = self.problem.programme.least[p][:, None], self.greatest[p]
        unit = free + kinds.scale[:, None, None] * price
        paid = order + (kinds.share[:, None] * self.introduces[p])[:, :, None] * introduction
        lean = (least[:, :, None] * unit + paid).min(axis=2) + joining[p]
        full = (greatest[:, :, None] * unit + paid).min(axis=2) + joining[p]
        lean = np.where(greatest > least + 1e-9, lean, full)
        out = self.allowed[p]
        return np.where(out, lean, INF), np.where(out, full, INF)

    def _search(
        self,
        kinds: _Kinds,
        lean: Floats,
        full: Floats,
        least: Floats,
        found: list[tuple[float, int, int, bool, int]],
    ) -> None:
        """Bound kinds, keep coalitions that improve, and compare one by one where a doubt is left."""
        value = self._cheapest(kinds, lean, full, np.zeros(len(lean)))[0]
        at = np.flatnonzero(value < -1e-9)
        value, either = self._raise(kinds.take(at), lean[at], full[at])
        keep = np.flatnonzero(value < -1e-9)
        at, value, either = at[keep], value[keep], either[:, keep]
        kinds, lean, full = kinds.take(at), lean[at], full[at]
        exact = np.stack([self._exact(kinds, lean, full, inside) for inside in either])
        best, which = exact.min(axis=0), exact.argmin(axis=0)
        for k in range(len(at)):
            inside, told, lowest = either[which[k], k], float(best[k]), float(value[k])
            if told > lowest + 1e-9:
                inside, told, lowest = self._compare(kinds, lean, full, k, (inside, told, lowest))
            p, size = int(kinds.programme[k]), int(kinds.count[k].sum())
            least[p, size] = min(least[p, size], lowest)
            if told < -1e-9:
                mask = int(inside @ (1 << np.arange(self.states)))
                found.append((told, p, mask, bool(kinds.partners[k]), int(kinds.edge[k])))

    def _cheapest(
        self, kinds: _Kinds, lean: Floats, full: Floats, multiplier: Floats
    ) -> tuple[Floats, Bools, Floats]:
        """Best members of each kind when quantity is worth `multiplier`: value, members, their quantity."""
        low, high, _ = self._room(kinds)
        low_value = lean - multiplier[:, None] * low
        high_value = full - multiplier[:, None] * high
        rises = high_value < low_value
        cost = np.where(rises, high_value, low_value)
        group = np.where(self.allowed[kinds.programme], self.group[kinds.programme], 4)
        order = np.lexsort((cost, group), axis=1)
        sorted_group = np.take_along_axis(group, order, 1)
        size = (group[:, :, None] == np.arange(5)[None, None, :]).sum(axis=1)
        start = np.cumsum(size, axis=1) - size
        count = np.concatenate((kinds.count, np.zeros((len(cost), 1), np.int64)), axis=1)
        rank = np.arange(self.states)[None, :] - np.take_along_axis(start, sorted_group, 1)
        inside = np.zeros(cost.shape, bool)
        np.put_along_axis(inside, order, rank < np.take_along_axis(count, sorted_group, 1), 1)
        value = np.where(inside, cost, 0.0).sum(axis=1) + multiplier * np.maximum(kinds.needed, 0.0)
        quantity = np.where(inside, np.where(rises, high, low), 0.0).sum(axis=1)
        return value, inside, quantity

    def _room(self, kinds: _Kinds) -> tuple[Floats, Floats, Floats]:
        """Least and greatest quantity of every member, and what is between."""
        high = self.greatest[kinds.programme]
        low = np.broadcast_to(self.problem.programme.least[kinds.programme][:, None], high.shape)
        low = np.where(high > low + 1e-9, low, high)
        return low, high, high - low

    def _raise(self, kinds: _Kinds, lean: Floats, full: Floats) -> tuple[Floats, Bools]:
        """Largest bound over multipliers of the edge, and the members on either side of it."""
        number = len(lean)
        below, above = np.zeros(number), np.zeros(number)
        value, inside, quantity = self._cheapest(kinds, lean, full, below)
        both = np.stack((inside, inside))
        short = np.flatnonzero((quantity < kinds.needed - 1e-9) & (value < -1e-9))
        step = np.full(number, 1e-6)
        while len(short):
            above[short] = step[short]
            told, members, reached = self._cheapest(kinds.take(short), lean[short], full[short], above[short])
            value[short] = np.maximum(value[short], told)
            both[1, short] = members
            open_ = (reached < kinds.needed[short] - 1e-9) & (value[short] < -1e-9) & (step[short] < 1e9)
            below[short[open_]] = above[short[open_]]
            both[0, short[open_]] = members[open_]
            short = short[open_]
            step[short] *= 4
        active = np.flatnonzero((above > 0) & (value < -1e-9))
        for _ in range(HALVINGS):
            if not len(active):
                break
            middle = (below[active] + above[active]) / 2
            told, members, reached = self._cheapest(kinds.take(active), lean[active], full[active], middle)
            value[active] = np.maximum(value[active], told)
            enough = reached >= kinds.needed[active] - 1e-9
            above[active[enough]], below[active[~enough]] = middle[enough], middle[~enough]
            both[1, active[enough]], both[0, active[~enough]] = members[enough], members[~enough]
            active = active[value[active] < -1e-9]
        return value, both

    def _exact(self, kinds: _Kinds, lean: Floats, full: Floats, inside: Bools) -> Floats:
        """Least reduced cost of given coalitions; inf where they cannot reach the edge."""
        low, high, room = self._room(kinds)
        rises = full < lean
        value = np.where(inside, np.where(rises, full, lean), 0.0).sum(axis=1)
        missing = kinds.needed - np.where(inside, np.where(rises, high, low), 0.0).sum(axis=1)
        room = np.where(inside & ~rises, room, 0.0)
        rise = np.subtract(full, lean, out=np.zeros(room.shape), where=room > 0)
        slope = np.divide(rise, room, out=np.full(room.shape, INF), where=room > 1e-12)
        order = np.argsort(slope, axis=1, kind="stable")
        slope, room = np.take_along_axis(slope, order, 1), np.take_along_axis(room, order, 1)
        taken = np.clip(missing[:, None] - (np.cumsum(room, axis=1) - room), 0.0, room)
        value += np.where(taken > 0, taken * np.where(slope < INF, slope, 0.0), 0.0).sum(axis=1)
        return np.where(missing <= room.sum(axis=1) + 1e-9, value, INF)

    def _compare(
        self, kinds: _Kinds, lean: Floats, full: Floats, k: int, known: tuple[Bools, float, float]
    ) -> tuple[Bools, float, float]:
        """Best coalition of one kind, its value and its bound, by looking at each; `known` if too many."""
        p = int(kinds.programme[k])
        groups = [np.flatnonzero(self.allowed[p] & (self.group[p] == c)) for c in range(4)]
        count = [int(c) for c in kinds.count[k]]
        number = int(np.prod([comb(len(g), c) for g, c in zip(groups, count, strict=True)]))
        if number > COMPARED:
            return known
        parts = product(*(combinations(g.tolist(), c) for g, c in zip(groups, count, strict=True)))
        inside = np.zeros((number, self.states), bool)
        for row, part in enumerate(parts):
            inside[row, [n for members in part for n in members]] = True
        at = np.full(number, k)
        value = self._exact(kinds.take(at), lean[at], full[at], inside)
        best = int(value.argmin())
        return inside[best], float(value[best]), float(value[best])


def _best(found: list[tuple[float, int, int, bool, int]], known: Listed, number: int) -> Listed:
    """The best `number` blocks of every programme that are not known."""
    found.sort()
    old = {tuple(row) for row in known.table().tolist()}
    taken: dict[int, int] = {}
    rows = []
    for _, p, mask, partners, edge in found:
        if taken.get(p, 0) < number and (p, mask, partners, edge) not in old:
            taken[p] = taken.get(p, 0) + 1
            rows.append((p, mask, partners, edge))
    return Listed.of(rows)

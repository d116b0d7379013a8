"""What every order of a plan delivers and costs, year by year, and what else is paid for."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from vallum.model.procurement.formulation import Formulation, pick_values
from vallum.model.procurement.problem import Problem

__all__ = ["NOISE", "Books", "Expansion", "Orders", "School"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
#: Orders below this many class units, and payments below this many EUR million, are solver noise.
NOISE = 1e-7


@dataclass(frozen=True, slots=True)
class Orders:
    """Flat arrays over the orders of a plan, O of them."""

    entry: Ints
    block: Ints
    state: Ints
    programme: Ints
    year: Ints
    quantity: Floats
    share: Floats
    unit_price: Floats
    value: Floats  # EUR million
    introduction: Floats  # EUR million


class Expansion(NamedTuple):
    """What a member pays for the steps of a line decided in a year."""

    line: int
    year: int
    state: int
    steps: int
    meur: float


class School(NamedTuple):
    """What a member pays for a school of a coalition built in a year."""

    family: int
    coalition: int
    year: int
    state: int
    meur: float


@dataclass(frozen=True, slots=True)
class Books:
    """A plan's orders and their yearly consequences; arrays are (O, Y).

    Attributes
    ----------
    delivered : class units
    paid, introduced, sustained : EUR million
    claimable : 1 where a SAFE loan may pay for an order
    """

    form: Formulation
    plan: Floats
    orders: Orders
    delivered: Floats
    paid: Floats
    introduced: Floats
    sustained: Floats
    claimable: Floats

    @classmethod
    def of(cls, form: Formulation, plan: Floats) -> "Books":
        """Open the books of a feasible plan (values of all columns)."""
        o, years = _orders(form, plan), len(form.problem.years)
        inside = o.year[:, None] + np.arange(years)[None, :] < years
        deliver, pay = form.blocks.deliver[o.block] * inside, form.blocks.pay[o.block] * inside
        delivered = _shift(deliver * o.quantity[:, None], o.year, years)
        before = np.cumsum(delivered, axis=1) - delivered
        share = form.problem.programme.sustainment[o.programme] * o.unit_price
        window = form.problem.loan.open_years(years)[o.state]
        return cls(
            form=form, plan=plan, orders=o, delivered=delivered,
            paid=_shift(pay * o.value[:, None], o.year, years),
            introduced=_shift(pay * o.introduction[:, None], o.year, years),
            sustained=before * share[:, None],
            claimable=(window & form.blocks.eligible[o.block][:, None]).astype(float),
        )  # fmt: skip

    @property
    def problem(self) -> Problem:
        """The problem planned."""
        return self.form.problem

    def values(self, columns: Ints) -> Floats:
        """Values of columns; 0 where a column does not exist."""
        return pick_values(self.plan, columns)

    def coalition(self, mask: int) -> str:
        """Members of a bit mask, joined by +."""
        return "+".join(s for n, s in enumerate(self.problem.states) if mask >> n & 1)

    def partners(self, block: int) -> str:
        """Partners of a block, joined by +; empty without."""
        names = self.problem.programme.partners[int(self.form.blocks.programme[block])]
        return "+".join(names) if self.form.blocks.partners[block] else ""

    def expansions(self) -> Iterator[Expansion]:
        """Expansion steps with who pays; what members pay in a year is split over its lines by cost."""
        steps = np.round(self.values(self.form.at.steps)).astype(np.int64)
        paid = self.values(self.form.at.paid)
        for line, payer, t in np.argwhere(steps).tolist():
            number, price = int(steps[line, payer, t]), float(self.problem.line.expansion_cost[line])
            if self.form.mode == "national":
                yield Expansion(line, t, payer, number, number * price)
                continue
            parts = np.maximum(paid[:, t], 0.0)
            parts[parts < NOISE] = 0.0
            parts *= number * price / parts.sum()
            # the largest payer takes what rounding leaves
            parts[np.argmax(parts)] += number * price - float(parts.sum())
            for n in np.flatnonzero(parts).tolist():
                yield Expansion(line, t, n, number, float(parts[n]))

    def schools(self) -> Iterator[School]:
        """Schools with what each member pays."""
        crew, schools = self.problem.crew, self.form.schools
        for k, t in np.argwhere(np.round(self.values(self.form.at.school))).tolist():
            family, mask = int(schools.family[k]), int(schools.coalition[k])
            members = np.flatnonzero((mask >> np.arange(len(self.problem.states))) & 1)
            for n, part in zip(members.tolist(), crew.school_share(members, family), strict=True):
                yield School(family, mask, t, n, float(crew.school_cost[n, family] * part))


def _orders(form: Formulation, plan: Floats) -> Orders:
    quantity, share = form.quantity(plan), form.share(plan)
    e = np.flatnonzero((quantity > NOISE) & (plan[form.at.x][form.entries.block] > 0.5))
    unit_price = form.entries.unit_price[e]
    return Orders(
        entry=e, block=form.entries.block[e], state=form.entries.state[e],
        programme=form.entries.programme[e], year=form.blocks.entry_year[e], quantity=quantity[e],
        share=share[e], unit_price=unit_price, value=quantity[e] * unit_price,
        introduction=share[e] * form.entries.introduction[e],
    )  # fmt: skip


def _shift(by_offset: Floats, year: Ints, years: int) -> Floats:
    """From years after the order to calendar years."""
    out = np.zeros_like(by_offset)
    for t in np.unique(year):
        here = year == t
        out[here, t:] = by_offset[here, : years - t]
    return out

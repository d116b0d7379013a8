"""Why not this programme: what it would cost to take it, and which rules are in the way."""

from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from vallum.model.procurement.inquiry.absent import absent
from vallum.model.procurement.inquiry.blocked import Obstacle, blocking, impossible, obstacles
from vallum.model.procurement.inquiry.demand import Demand, qualifying
from vallum.model.procurement.inquiry.search import found_with
from vallum.model.procurement.inquiry.standing import Stand

__all__ = ["Refusal", "Verdict", "why_not"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

#: Shares of the shortfall that count as none, and of the cost.
NEAR: Final = 1e-4
Verdict = Literal[
    "taken already", "impossible", "dearer", "costs money only", "as good", "better", "not found"
]


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a demand is not in a plan.

    Attributes
    ----------
    verdict : str
        taken already; impossible (whatever else is given up); dearer (it costs capability); costs money only;
        as good (a plan with it is no worse); better (a plan with it is better than the one asked: it was not
        optimal); not found (no plan with it in the time given, though nothing shows that there is none).
    gap_years : float or None
        Least shortfall found with it, less that of the plan: taking it costs at most this much.
    meur : float or None
        Discounted cost of that plan, less that of the plan asked.
    rules : tuple of Obstacle, or None
        What blocks it, at most five: together they keep it out whatever becomes of all other rules, and none
        of them can be left out of that. None: not known in the time given.
    leaves, joins : tuple of (programme, coalition)
        Positions and bit masks: choices of the plan asked that the plan with it gives up, and the reverse.
    """

    verdict: Verdict
    gap_years: float | None = None
    meur: float | None = None
    rules: tuple[Obstacle, ...] | None = ()
    leaves: tuple[tuple[int, int], ...] = ()
    joins: tuple[tuple[int, int], ...] = ()


def why_not(stand: Stand, demand: Demand) -> Refusal:
    """Force a demand into a plan, and say what that costs and what is in the way.

    Parameters
    ----------
    stand : Stand
    demand : Demand
    """
    ways = qualifying(stand.form, demand)
    if not len(ways) and not stand.complete:
        return Refusal("not found")
    told = absent(stand, demand)
    if told:
        return Refusal("impossible", rules=tuple(Obstacle(rule) for rule in told))
    if demand.met(stand.form, stand.full):
        return Refusal("taken already")
    clash = impossible(stand, demand, ways)
    if clash is not None:
        return Refusal("impossible" if stand.complete else "not found", rules=obstacles(clash))
    found = found_with(stand, demand)
    if found is None:
        return Refusal("not found")
    short = found.shortfall - stand.shortfall
    money = float(stand.form.costs[1] @ found.full) - stand.value(1)
    verdict = _verdict(stand, short, money)
    taken = np.intersect1d(stand.form.chosen(found.full), ways)
    rules = obstacles(blocking(stand, demand, taken)) if verdict == "dearer" else ()
    before, after = _choices(stand, stand.full), _choices(stand, found.full)
    return Refusal(verdict, short, money, rules, tuple(sorted(before - after)), tuple(sorted(after - before)))


def _verdict(stand: Stand, short: float, money: float) -> Verdict:
    tolerance = NEAR * max(stand.shortfall, 1.0)
    if short > tolerance:
        return "dearer"
    if short < -tolerance:
        return "better"
    return "costs money only" if money > NEAR * max(1.0, abs(stand.value(1))) else "as good"


def _choices(stand: Stand, full: Floats) -> set[tuple[int, int]]:
    """Programmes with their coalitions."""
    b, chosen = stand.form.blocks, stand.form.chosen(full)
    return set(zip(b.programme[chosen].tolist(), b.coalition[chosen].tolist(), strict=True))

"""Sensors sited by one state or by all, and bought year by year."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Final, Literal

import numpy as np

from vallum.model.siting import Siting
from vallum.model.siting.covering import Money, covering, money, weights
from vallum.model.siting.problem import FloatArray, IntArray
from vallum.solve import Cancel, Limits
from vallum.solve.covering import Cover, Covered, greedy_path, rows, solve, upper_bound, value

__all__ = ["ALL", "Part", "Sited", "Stage", "seen", "share_of", "sited", "stages"]

Mode = Literal["national", "joint"]
ALL: Final = ""
"""Stands for all states together."""

Told = Callable[[str, float, float], None]


@dataclass(frozen=True, slots=True)
class Part:
    """What one buyer decides: a state that is alone, or all states.

    Attributes
    ----------
    state : str
        The buyer; empty for all.
    problem : Cover
    held : Money
    found : Covered
    weight : float
        Its share of the weight of all states.
    """

    state: str
    problem: Cover
    held: Money
    found: Covered
    weight: float


@dataclass(frozen=True, slots=True)
class Sited:
    """A siting of one mode: its buyers and their units."""

    mode: Mode
    siting: Siting
    parts: tuple[Part, ...]

    @property
    def units(self) -> IntArray:
        """Units of each option, of all buyers."""
        found: IntArray = np.sum([part.found.x for part in self.parts], axis=0)
        return found

    @property
    def value(self) -> float:
        """Cover, of the weight of all states."""
        return sum(part.weight * part.found.value for part in self.parts)

    @property
    def bound(self) -> float:
        """No siting of the mode has more cover."""
        return sum(part.weight * part.found.bound for part in self.parts)

    def part(self, state: str) -> Part:
        """Return the buyer whose sensors a state sees with."""
        return next(part for part in self.parts if part.state in (ALL, state))


def sited(
    siting: Siting,
    budget_meur: float,
    mode: Mode,
    limits: Limits,
    *,
    against_loss: bool = False,
    start: IntArray | None = None,
    told: Told | None = None,
    cancel: Cancel | None = None,
) -> Sited:
    """Site sensors for a budget.

    Parameters
    ----------
    siting : Siting
    budget_meur : float
        EUR million, for all states.
    mode : {"national", "joint"}
    limits : Limits
        For the mode as a whole.
    against_loss : bool
        Value a siting by its cover without the kind whose loss is worst.
    start : (options,) int array, optional
        Units to begin from; the money must reach for them.
    told : callable, optional
        Called with the buyer, its cover and the bound whenever one is known better.
    cancel : Cancel, optional
    """
    buyers = siting.states if mode == "national" else (ALL,)
    parts = []
    for buyer in buyers:
        held = money(siting, budget_meur, buyer)
        problem = covering(siting, held, buyer)
        if against_loss:
            problem = replace(problem, lost=tuple(range(len(siting.kinds))))
        weight = float(weights(siting, buyer).sum())
        begin = None if start is None else np.where(problem.most > 0, start, 0)

        def progress(value: float, bound: float, buyer: str = buyer) -> None:
            if told is not None:
                told(buyer, value, bound)

        found = solve(
            problem, share_of(limits, 1.0 / len(buyers)), progress=progress, cancel=cancel, start=begin
        )
        parts.append(Part(buyer, problem, held, found, weight))
    return Sited(mode, siting, tuple(parts))


def share_of(limits: Limits, share: float) -> Limits:
    """Return a part of some limits."""
    seconds = None if limits.time_limit is None else limits.time_limit * share
    work = None if limits.work is None else max(1, round(limits.work * share))
    return replace(limits, time_limit=seconds, work=work)


def seen(problem: Cover, units: IntArray, lost: int | None = None) -> FloatArray:
    """Return the probabilities (rows, m) that at least m kinds see a track, without one kind if lost."""
    if lost is not None:
        sight = problem.sight.copy()
        sight[:, lost] = 0.0
        problem = replace(problem, sight=sight)
    return rows(problem, units).seen


@dataclass(frozen=True, slots=True)
class Stage:
    """The end of one year of a build-out.

    Attributes
    ----------
    year : int
    units : mapping of str to (options,) int array
        Units that stand, by buyer.
    value, bound : float
        Cover, and the most that the money until then could give.
    """

    year: int
    units: Mapping[str, IntArray]
    value: float
    bound: float


def stages(
    what: Sited, parts: Mapping[int, float], limits: Limits, cancel: Cancel | None = None
) -> list[Stage]:
    """Buy the units of a siting year by year, those that gain most for their money first.

    Parameters
    ----------
    what : Sited
    parts : mapping of int to float
        Share of the money of each year, in order; the last year buys all that is left.
    limits : Limits
        For the bounds of one year.
    cancel : Cancel, optional
        Once set, the bound of the whole siting stands for that of a year.
    """
    limits = share_of(limits, 1.0 / len(what.parts))
    found, until = [], 0.0
    stand = {part.state: np.zeros_like(part.found.x) for part in what.parts}
    last = max(parts)
    for year in sorted(parts):
        until = 1.0 if year == last else min(until + parts[year], 1.0)
        cover = bound = 0.0
        for part in what.parts:
            limited = replace(part.problem, budget=until * part.problem.budget)
            units = part.found.x.copy()
            if year < last:
                path = greedy_path(limited, start=stand[part.state], most=part.found.x)
                units = stand[part.state].copy()
                np.add.at(units, [purchase.option for purchase in path], 1)
            stand[part.state] = units
            cover += part.weight * value(part.problem, units)
            best = part.found.bound
            if year < last and not (cancel is not None and cancel.is_set()):
                best = min(best, upper_bound(limited, limits))
            bound += part.weight * best
        found.append(Stage(year, dict(stand), cover, max(bound, cover)))
    return found

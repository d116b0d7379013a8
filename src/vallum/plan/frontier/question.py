"""What a trade-off asks: which quantity is held, at which limits, and which is then made least."""

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from types import MappingProxyType
from typing import Final

import numpy as np

from vallum.core.errors import BadInput
from vallum.plan.frontier.figures import Figures

__all__ = ["AXES", "Axis", "Question", "question"]


@dataclass(frozen=True, slots=True)
class Axis:
    """A quantity of a plan.

    Attributes
    ----------
    name, meaning, unit : str
    floor : bool
        Whether a plan must have at least so much; else at most.
    least : bool
        Whether it can be made least.
    """

    name: str
    meaning: str
    unit: str
    floor: bool = False
    least: bool = False


AXES: Final = MappingProxyType(
    {
        axis.name: axis
        for axis in (
            Axis("cost", "discounted cost", "EUR million", least=True),
            Axis("shortfall", "shortfall", "gap-years", least=True),
            Axis(
                "domestic", "share of the value of all orders made in member states", "fraction", floor=True
            ),
            Axis("types", "types bought", "types"),
            Axis("peak", "largest spending of all states in one year", "EUR million"),
        )
    }
)
#: Points of a front: fewer are no front, and more cost more time than they tell.
FEWEST, MOST = 2, 64


@dataclass(frozen=True, slots=True)
class Question:
    """A trade-off: hold one axis at some limits, from the tightest to the loosest, and make another least."""

    held: str
    least: str
    points: int

    def limits(self, standing: Iterable[Figures], nothing: float) -> list[float]:
        """Return the limits of the held axis, the tightest first, the same for every mode.

        Parameters
        ----------
        standing : iterable of Figures
            Of the plans that stand.
        nothing : float
            Shortfall of buying nothing, gap-years.
        """
        had = [one for figures in standing if (one := figures.of(self.held)) is not None]
        if self.held == "domestic":
            # from everything at home down to what the plans have anyway
            return [float(one) for one in np.linspace(1.0, min(had, default=0.0), self.points)]
        most = max(had, default=0.0)
        if self.held == "shortfall":
            # from what both modes reach up to almost nothing bought
            return [most + (nothing - most) * k / self.points for k in range(self.points)]
        evenly = [most * k / self.points for k in range(1, self.points + 1)]
        return sorted({float(round(one)) for one in evenly}) if self.held == "types" else evenly

    def keeps(self, figures: Figures, limit: float) -> bool:
        """Tell whether a plan is within a limit."""
        value = figures.of(self.held)
        slack = 1e-9 * max(1.0, abs(limit))
        if value is None:  # what buys nothing is as domestic as can be
            return True
        return value >= limit - slack if AXES[self.held].floor else value <= limit + slack


def question(text: str, points: int) -> Question:
    """Read a trade-off such as `cost:shortfall`: the axis that is held, then the one made least.

    Raises
    ------
    BadInput
        For an unknown axis, one against itself, one that cannot be made least, or too few or many points.
    """
    held, colon, least = text.partition(":")
    if not colon:
        raise _bad(f"{text[:64]!r} names no two axes", f"Give two of {', '.join(AXES)}: cost:shortfall.")
    for name in (held, least):
        if name not in AXES:
            near = get_close_matches(name, AXES, 1)
            raise _bad(
                f"there is no axis {name[:64]!r}",
                f"Did you mean {near[0]}?" if near else f"One of {', '.join(AXES)}.",
            )
    if held == least:
        raise _bad("an axis is set against itself", "Name two different ones.")
    if not AXES[least].least:
        makeable = " or ".join(name for name, axis in AXES.items() if axis.least)
        raise _bad(f"{least} is held, not made least", f"Put {makeable} second, as in {least}:{held}.")
    if not FEWEST <= points <= MOST:
        raise BadInput(
            f"{points} points", where="--points", rule="frontier", remedy=f"Ask for {FEWEST} to {MOST}."
        )
    return Question(held, least, points)


def _bad(message: str, remedy: str) -> BadInput:
    return BadInput(message, where="--frontier", rule="frontier", remedy=remedy)

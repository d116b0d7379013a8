"""Minutes of each step of a warning, and who finds shelter: tables looked up by state."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Self

import numpy as np
import polars as pl

from vallum.core.errors import BadInput
from vallum.core.ranges import Range, triangular
from vallum.model.siting import Place, municipality
from vallum.model.siting.problem import FloatArray, IntArray
from vallum.plan.sky.tracks import range_of

__all__ = ["Delays", "End", "Shelter", "share_below"]

End = Literal["low", "mode", "high"]
"""An end of a range, or its likely value."""


@dataclass(frozen=True, slots=True)
class Delays:
    """Minutes of each step, as alerting is done in one way.

    Attributes
    ----------
    alerting : str
        today or joint.
    rows : mapping of (step, state, state that is told) to Range
        An empty name stands for all states.
    """

    alerting: str
    rows: Mapping[tuple[str, str, str], Range]

    @classmethod
    def of(cls, frame: pl.DataFrame, alerting: str) -> Self:
        """Read the rows of a table warning_delays that say how alerting is done in one way."""
        rows = {
            (row["step"], row["state"] or "", row["to_state"] or ""): range_of(
                row, "minutes", "minutes_low", "minutes_high"
            )
            for row in frame.filter(pl.col("alerting") == alerting).iter_rows(named=True)
        }
        return cls(alerting, rows)

    def find(self, step: str, state: str, to: str = "") -> Range:
        """Return the minutes of a step; the row that names more states beats the more general.

        Of two rows that name one state each, the one of the state that does the step is taken.

        Raises
        ------
        BadInput
            If no row says how long the step takes.
        """
        for key in ((step, state, to), (step, state, ""), (step, "", to), (step, "", "")):
            if key in self.rows:
                return self.rows[key]
        raise BadInput(
            f"Nothing says how long the step {step} takes in {state}, alerting {self.alerting}",
            where="warning_delays.csv",
            rule="delays of every step",
            remedy="Add a row for the state, or one without a state for all.",
        )

    def at(self, end: End) -> Self:
        """Return the same with every step at one end of its range."""
        fixed = {key: Range(*[getattr(span, end)] * 3) for key, span in self.rows.items()}
        return type(self)(self.alerting, fixed)

    def minutes(self, step: str, states: Sequence[str], chance: FloatArray) -> FloatArray:
        """Return the minutes of a step by state, shape (states, n), from draws (n,) that states share."""
        return np.array([triangular(self.find(step, state), chance) for state in states])

    def seams(self, states: Sequence[str], chance: FloatArray) -> FloatArray:
        """Return the minutes from the decision of one state to that of another, shape (from, to, n).

        A state needs none to tell itself.
        """
        found = np.zeros((len(states), len(states), len(chance)))
        for i, one in enumerate(states):
            for j, other in enumerate(states):
                if i != j:
                    found[i, j] = triangular(self.find("seam", one, other), chance)
        return found


@dataclass(frozen=True, slots=True, eq=False)
class Shelter:
    """Who has a place in a shelter, and how long people take to get there.

    Attributes
    ----------
    reach : tuple of Range, one for each place
        Minutes.
    low, high : (places,) arrays
        Share of people with a place, least and most.
    """

    reach: tuple[Range, ...]
    low: FloatArray
    high: FloatArray

    @classmethod
    def of(cls, frame: pl.DataFrame, places: Sequence[Place]) -> Self:
        """Read a table shelter_reach; the row of a municipality beats the one of its state.

        Raises
        ------
        BadInput
            If no row is about a place with people.
        """
        rows = {
            municipality(row["state"], row["lau_id"]) if row["lau_id"] else row["state"]: row
            for row in frame.iter_rows(named=True)
        }
        reach, low, high = [], [], []
        for place in places:
            row = rows.get(place.key, rows.get(place.state))
            if row is None and place.people > 0.0:
                raise BadInput(
                    f"Nothing says who finds shelter in {place.state}",
                    where="shelter_reach.csv",
                    rule="shelter of every state",
                    remedy="Add a row for the state.",
                )
            share = range_of(row, "places", "places_low", "places_high") if row else Range(0.0, 0.0, 0.0)
            time = range_of(row, "reach_min", "reach_min_low", "reach_min_high") if row else share
            reach.append(time)
            low.append(share.low)
            high.append(share.high)
        return cls(tuple(reach), np.array(low), np.array(high))

    def in_time(self, place: IntArray, minutes: FloatArray) -> FloatArray:
        """Return the share of people who get to shelter in the minutes they have, shape of `minutes`.

        The time that a person takes is a draw of the triangular distribution of the range, so the share is
        its distribution function. Nobody is in time who is warned at or after the arrival.

        Parameters
        ----------
        place : (n,) int array
        minutes : (n,) array
        """
        spans = np.array([(one.low, one.mode, one.high) for one in self.reach])[place]
        return np.where(minutes > 0.0, share_below(spans, minutes), 0.0)


def share_below(spans: FloatArray, value: FloatArray) -> FloatArray:
    """Return the probability that a triangular number is at most a value.

    Parameters
    ----------
    spans : (n, 3) array
        Low, mode and high.
    value : (n,) array

    Notes
    -----
    (x - a)^2 / ((b - a)(m - a)) up to the mode m, and 1 - (b - x)^2 / ((b - a)(b - m)) above it (Johnson,
    Kotz and Balakrishnan, Continuous Univariate Distributions 2, 1995, section 26.9).
    """
    low, mode, high = spans.T
    up, down = (high - low) * (mode - low), (high - low) * (high - mode)
    rising = (np.clip(value, low, mode) - low) ** 2 / np.where(up > 0.0, up, 1.0)
    falling = 1.0 - (high - np.clip(value, mode, high)) ** 2 / np.where(down > 0.0, down, 1.0)
    return np.where(value >= high, 1.0, np.where(value < mode, rising, falling))

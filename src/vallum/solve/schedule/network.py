"""What is to be scheduled: activities, calendars, renewable resources and cumulative supplies.

Time is whole periods 0 .. T - 1. An activity starts in a working period of its calendar, counts only working
periods, holds its resources only in those, and ends one period after the last: ``finish`` is the first
period in which a successor without lag may start. An activity of duration 0 is a mark in time and may stand
anywhere in 0 .. T. A demand on a supply is taken at the start; what a period supplies and nobody takes is
kept.
"""

from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from vallum.core.errors import BadInput
from vallum.solve.schedule.checks import MOST, check
from vallum.solve.schedule.clock import Clock

__all__ = ["Level", "Network", "values"]

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class Network:
    """A resource-constrained project. Made by `Network.of`, which fills in what is not given.

    Parameters
    ----------
    duration : (A,) int array
        Working periods of each activity, at least 0.
    calendars : (C, T) bool array
        Whether a period is worked.
    calendar : (A,) int array
        Calendar of each activity.
    release : (A,) int array
        First period in which an activity may start.
    deadline : (A,) int array
        Latest finish; steers the priority rules.
    hard : (A,) bool array
        Whether the deadline binds.
    before : (P, 2) int array
        Pairs (first, then): the second starts after the first has finished.
    lag : (P,) int array
        Periods of any kind that lie at least between the two.
    use : (A, R) int array
        Units of each renewable resource held in the working periods of the activity.
    capacity : (R, T) int array
        Units there are.
    demand : (A, G) int array
        Units of each supply taken at the start.
    supply : (G, T) int array
        Units that become available in each period.
    activities, resources, supplies : tuples of str
        Names for messages.

    Raises
    ------
    BadInput
        Whatever makes a schedule impossible or the arrays senseless, with the name of the activity,
        resource, supply or calendar.

    Examples
    --------
    Five activities, one crew, twelve periods, no work outside in periods 4 .. 6 (winter). ``plan`` (2,
    inside) comes before ``dig`` (3, outside); ``fence`` (2) and ``wall`` (2) are outside too, ``sign`` (0)
    ends all.
    The crew of one does all three outside works; ``plan`` needs none.
    By hand: seven outside periods are needed and 0 .. 3 and 7 .. 11 are worked. ``fence`` 0-2 and ``dig``
    from 2: periods 2, 3, 7, so it finishes at 8; ``wall`` 8-10; all is done at 10. No schedule is shorter:
    the crew's seventh working period is 9.

    >>> import numpy as np
    >>> winter = np.ones((2, 12), bool)
    >>> winter[1, 4:7] = False
    >>> works = Network.of(
    ...     duration=[2, 3, 2, 2, 0], calendars=winter, calendar=[0, 1, 1, 1, 0],
    ...     before=[[0, 1], [1, 4], [2, 4], [3, 4]], use=[[0], [1], [1], [1], [0]],
    ...     capacity=np.ones((1, 12), int), activities=("plan", "dig", "fence", "wall", "sign"))
    >>> from vallum.solve.schedule.sgs import serial
    >>> starts, finishes = serial(works, np.array([0, 2, 1, 3, 4]))
    >>> starts.tolist(), finishes.tolist()
    ([[0, 2, 0, 8, 10]], [[2, 8, 2, 10, 10]])
    """

    duration: Ints
    calendars: Bools
    calendar: Ints
    release: Ints
    deadline: Ints
    hard: Bools
    before: Ints
    lag: Ints
    use: Ints
    capacity: Ints
    demand: Ints
    supply: Ints
    activities: tuple[str, ...]
    resources: tuple[str, ...]
    supplies: tuple[str, ...]

    def __post_init__(self) -> None:
        check(self)

    @classmethod
    def of(
        cls,
        duration: ArrayLike,
        calendars: ArrayLike,
        *,
        activities: tuple[str, ...] = (),
        resources: tuple[str, ...] = (),
        supplies: tuple[str, ...] = (),
        **given: ArrayLike,
    ) -> "Network":
        """Make a network from anything array-like; what is not given does not bind.

        Parameters
        ----------
        duration, calendars : array-like
            As in the class.
        activities, resources, supplies : tuples of str, optional
            Names; numbers where there are none.
        **given : array-like
            Any other array of the class.

        Raises
        ------
        BadInput
            As the class, and for an array that does not hold whole numbers.
        """
        durations, worked = _whole("duration", duration), _flags("calendars", calendars)
        if durations.ndim != 1 or worked.ndim != 2:
            raise BadInput("durations are one row and calendars a table", where="schedule", rule="shape")
        count, periods = len(durations), worked.shape[1]
        empty: dict[str, Any] = {
            "calendar": np.zeros(count, np.int64),
            "release": np.zeros(count, np.int64),
            "deadline": np.full(count, periods),
            "hard": np.zeros(count, np.bool_),
            "before": np.empty((0, 2), np.int64),
            "use": np.empty((count, 0), np.int64),
            "capacity": np.empty((0, periods), np.int64),
            "demand": np.empty((count, 0), np.int64),
            "supply": np.empty((0, periods), np.int64),
        }
        unknown = sorted(set(given) - set(empty) - {"lag"})
        if unknown:
            raise BadInput(f"no such array: {unknown[0]}", where="schedule", rule="shape")
        held: dict[str, Any] = {
            name: _flags(name, value) if name == "hard" else _whole(name, value)
            for name, value in (empty | given).items()
        }
        if held["before"].size == 0:
            held["before"] = empty["before"]
        held.setdefault("lag", np.zeros(len(held["before"]), np.int64))
        return cls(
            duration=durations,
            calendars=worked,
            activities=activities or tuple(str(i) for i in range(count)),
            resources=resources or tuple(str(i) for i in range(len(held["capacity"]))),
            supplies=supplies or tuple(str(i) for i in range(len(held["supply"]))),
            **held,
        )

    @property
    def periods(self) -> int:
        """Number of periods T."""
        return int(self.calendars.shape[1])

    @property
    def never(self) -> int:
        """T + 1: start and finish of an activity that does not fit into the horizon."""
        return self.periods + 1

    @cached_property
    def clock(self) -> Clock:
        """Working time of the calendars."""
        return Clock(self.calendars)

    @cached_property
    def predecessors(self) -> tuple[tuple[Ints, Ints], ...]:
        """For each activity its predecessors and the lags to them."""
        return _grouped(self.before[:, 1], self.before[:, 0], self.lag, len(self.duration))

    @cached_property
    def successors(self) -> tuple[tuple[Ints, Ints], ...]:
        """For each activity its successors and the lags to them."""
        return _grouped(self.before[:, 0], self.before[:, 1], self.lag, len(self.duration))

    @cached_property
    def cumulative(self) -> Ints:
        """What has become available by the end of each period, (G, T); at most what is asked for in all."""
        asked = self.demand.sum(axis=0)[:, None]
        have: Ints = np.minimum(np.cumsum(np.minimum(self.supply, asked), axis=1), asked)
        return have

    def finishes(self, starts: Ints) -> Ints:
        """Finishes (A,) of activities that start at `starts` (A,), in working periods of their calendars."""
        ends = np.empty_like(starts)
        for c in range(len(self.calendars)):
            some = np.flatnonzero(self.calendar == c)
            ends[some] = self.clock.place(c, starts[some], self.duration[some])[1]
        return ends

    def kept(self, finishes: Ints) -> Bools:
        """Whether schedules (..., A) end within the horizon and the hard deadlines."""
        latest = np.where(self.hard, np.minimum(self.deadline, self.periods), self.periods)
        return np.asarray((finishes <= latest).all(axis=-1), np.bool_)


@dataclass(frozen=True, slots=True)
class Level:
    """One of the objectives that are minimised one after the other.

    Parameters
    ----------
    name : str
    weight : (A,) int array, optional
        At least 0; the objective is the sum of weight times finish. None: the makespan, the latest finish.
    tolerance : float
        Share of its value by which the levels after it may let this one grow.
    """

    name: str
    weight: Ints | None = None
    tolerance: float = 0.0

    def check(self, count: int) -> None:
        """Raise BadInput unless the level fits a network of `count` activities."""
        where, weight = f"level {self.name}", self.weight
        if not 0.0 <= self.tolerance < float("inf"):
            raise BadInput("the tolerance is at least 0", where=where, rule="tolerance")
        if weight is None:
            return
        if weight.shape != (count,) or weight.dtype.kind not in "iu":
            raise BadInput("one whole weight for each activity", where=where, rule="weight")
        if (weight < 0).any() or int(weight.sum()) > MOST:
            raise BadInput(
                f"weights are at least 0 and together at most {MOST:,}", where=where, rule="weight"
            )

    def value(self, finishes: Ints) -> Ints:
        """The objective of schedules (..., A)."""
        return np.asarray(finishes.max(axis=-1) if self.weight is None else finishes @ self.weight)

    def ceiling(self, value: int) -> int:
        """How far later levels may let this one grow from `value`."""
        return value + int(self.tolerance * value)


def values(levels: tuple[Level, ...], finishes: Ints) -> Ints:
    """Objectives of schedules (..., A), one column a level: (..., L)."""
    return np.stack([level.value(finishes) for level in levels], axis=-1)


def _whole(name: str, value: ArrayLike) -> Ints:
    array = np.asarray(value)
    if array.size and array.dtype.kind not in "iub":
        raise BadInput(f"{name} must hold whole numbers", where="schedule", rule="whole numbers")
    return array.astype(np.int64)


def _flags(name: str, value: ArrayLike) -> Bools:
    array = np.asarray(value)
    if array.size and array.dtype.kind != "b":
        raise BadInput(f"{name} must hold true or false", where="schedule", rule="true or false")
    return array.astype(np.bool_)


def _grouped(key: Ints, other: Ints, lag: Ints, count: int) -> tuple[tuple[Ints, Ints], ...]:
    order = np.argsort(key, kind="stable")
    edges = np.searchsorted(key[order], np.arange(count + 1))
    return tuple((other[order[i:j]], lag[order[i:j]]) for i, j in pairwise(edges))

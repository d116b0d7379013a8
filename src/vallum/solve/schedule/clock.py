"""Working time: from a period to the count of working periods before it, and back."""

import numpy as np
from numpy.typing import NDArray

__all__ = ["Clock"]

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


class Clock:
    """Calendars as tables of working periods.

    Parameters
    ----------
    calendars : (C, T) bool array

    Attributes
    ----------
    worked : list of C int arrays
        The working periods in order, then T once: it stands for "no such period".
    rank : (C, T + 2) int array
        Working periods before each period.
    """

    def __init__(self, calendars: Bools) -> None:
        self.periods = periods = int(calendars.shape[1])
        self.worked: list[Ints] = [np.append(np.flatnonzero(row), periods) for row in calendars]
        self.rank = np.zeros((len(calendars), periods + 2), np.int64)
        self.rank[:, 1:-1] = np.cumsum(calendars, axis=1)
        self.rank[:, -1] = self.rank[:, -2]

    def place(self, calendar: int, earliest: Ints, duration: Ints) -> tuple[Ints, Ints]:
        """Start and finish of activities that begin as soon as they may; T + 1 twice where the horizon ends.

        Parameters
        ----------
        calendar : int
        earliest : (n,) int array
            Periods from which on they may start, at least 0.
        duration : (n,) int array
        """
        worked, never = self.worked[calendar], self.periods + 1
        earliest = np.minimum(earliest, never)
        first = self.rank[calendar][earliest]
        last = first + duration - 1
        mark = duration == 0
        late = np.where(mark, earliest > self.periods, last >= len(worked) - 1)
        start = np.where(mark, earliest, worked[first])
        finish = np.where(mark, earliest, worked[np.minimum(last, len(worked) - 1)] + 1)
        return np.where(late, never, start), np.where(late, never, finish)

    def latest(self, calendar: int, finish: Ints, duration: Ints) -> Ints:
        """Latest starts of activities that finish by `finish`; -1 where there is none. Shapes (n,)."""
        last = self.rank[calendar][np.maximum(finish, 0)] - duration
        start = np.where(last < 0, -1, self.worked[calendar][np.maximum(last, 0)])
        return np.where(duration == 0, np.maximum(finish, -1), start)

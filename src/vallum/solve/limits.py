"""When a solve stops: limits given by the caller, and the budget that watches them.

The only room of the planning wing that reads a clock.
"""

import threading
import time
from dataclasses import dataclass, field, replace

__all__ = ["Budget", "Cancel", "Limits"]

#: Set it, from any thread or signal handler, to end a search with its best plan.
Cancel = threading.Event


@dataclass(frozen=True, slots=True)
class Limits:
    """What the caller allows.

    Parameters
    ----------
    time_limit : float or None
        Wall seconds for one mode; None: no clock.
    work : int or None
        Deterministic limit: check points of branch and bound, about four a second on a large model. With
        a work limit and no time limit the same input and seed give the same tables.
    gap : float
        Relative gap at which level 1 counts as solved, as a fraction.
    seed : int
        Seed of the solver's tie-breaking.
    threads : int
        Threads of one solver call.
    """

    time_limit: float | None = 60.0
    work: int | None = None
    gap: float = 0.0001
    seed: int = 0
    threads: int = 1

    def scaled(self, share: float) -> "Limits":
        """These limits with a share of their time and work."""
        seconds = None if self.time_limit is None else self.time_limit * share
        work = None if self.work is None else max(1, round(self.work * share))
        return replace(self, time_limit=seconds, work=work)


@dataclass(slots=True)
class Budget:
    """Time, work and cancellation left to one run.

    `cancel` may be set from a signal handler or another thread; every solver call polls it.
    """

    limits: Limits
    cancel: Cancel = field(default_factory=Cancel)
    started: float = field(default_factory=time.perf_counter)
    work_used: int = 0

    def seconds(self) -> float:
        """Wall seconds since the budget was opened."""
        return time.perf_counter() - self.started

    def left(self, until: float = 1.0) -> float:
        """Seconds left before the share `until` of the time limit is used; inf without a time limit."""
        if self.limits.time_limit is None:
            return float("inf")
        return max(0.0, self.limits.time_limit * until - self.seconds())

    def work_left(self, until: float = 1.0) -> float:
        """Check points left before the share `until` of the work limit; inf without a limit."""
        if self.limits.work is None:
            return float("inf")
        return max(0.0, self.limits.work * until - self.work_used)

    def spent(self, until: float = 1.0) -> bool:
        """Whether the share `until` of a limit is used up or the run was cancelled."""
        return self.cancel.is_set() or self.left(until) <= 0.0 or self.work_left(until) <= 0.0

    def reason(self) -> str:
        """Why the budget is spent, in the words of run.json; empty while it is not."""
        if self.cancel.is_set():
            return "interrupted"
        if self.left() <= 0.0:
            return "time limit"
        return "work limit" if self.work_left() <= 0.0 else ""

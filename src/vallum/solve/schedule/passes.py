"""The passes of the critical path method (Kelley 1961) in working time, without resources."""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from vallum.solve.schedule.network import Network

__all__ = ["earliest", "latest", "sequence", "tails"]

Ints = NDArray[np.int64]


def sequence(network: "Network") -> list[int]:
    """Activities in an order in which none comes before its predecessors."""
    waiting = np.bincount(network.before[:, 1], minlength=len(network.duration))
    order: list[int] = np.flatnonzero(waiting == 0).tolist()
    for a in order:
        for b in network.successors[a][0].tolist():
            waiting[b] -= 1
            if waiting[b] == 0:
                order.append(b)
    return order


def earliest(network: "Network") -> tuple[Ints, Ints]:
    """Earliest starts and finishes (A,) by releases, precedence, calendars and each demand taken alone.

    The forward pass. T + 1 where the horizon ends.
    """
    arrived = np.zeros(len(network.duration), np.int64)
    for g, have in enumerate(network.cumulative):
        asked = network.demand[:, g]
        arrived = np.maximum(arrived, np.where(asked > 0, np.searchsorted(have, asked), 0))
    start, finish = np.maximum(network.release, arrived), np.zeros(len(network.duration), np.int64)
    for a in sequence(network):
        before, lag = network.predecessors[a]
        ready = np.maximum((finish[before] + lag).max(initial=0), start[a])
        one = network.clock.place(int(network.calendar[a]), np.array([ready]), network.duration[a : a + 1])
        start[a], finish[a] = one[0][0], one[1][0]
    return start, finish


def latest(network: "Network", due: Ints) -> tuple[Ints, Ints]:
    """Latest starts and finishes (A,) that let every activity finish by `due` (A,).

    The backward pass. -1 where none does.
    """
    start, finish = np.zeros(len(network.duration), np.int64), np.minimum(due, network.periods)
    for a in reversed(sequence(network)):
        after, lag = network.successors[a]
        finish[a] = max(-1, min(finish[a], (start[after] - lag).min(initial=network.periods)))
        start[a] = network.clock.latest(
            int(network.calendar[a]), finish[a : a + 1], network.duration[a : a + 1]
        )[0]
    return start, finish


def tails(network: "Network") -> Ints:
    """Periods that must follow each finish: durations and lags on the longest path, without calendars."""
    tail = np.zeros(len(network.duration), np.int64)
    for a in reversed(sequence(network)):
        after, lag = network.successors[a]
        tail[a] = (tail[after] + network.duration[after] + lag).max(initial=0)
    return tail

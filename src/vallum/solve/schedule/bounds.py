"""What no schedule can beat: the critical path, the work of a resource and the arrival of supplies."""

import numpy as np
from numpy.typing import NDArray

from vallum.solve.schedule.network import Level, Network

__all__ = ["earliest", "latest", "lower_bound", "sequence"]

Ints = NDArray[np.int64]


def sequence(network: Network) -> list[int]:
    """Activities in an order in which none comes before its predecessors."""
    waiting = np.bincount(network.before[:, 1], minlength=len(network.duration))
    order: list[int] = np.flatnonzero(waiting == 0).tolist()
    for a in order:
        for b in network.successors[a][0].tolist():
            waiting[b] -= 1
            if waiting[b] == 0:
                order.append(b)
    return order


def earliest(network: Network) -> tuple[Ints, Ints]:
    """Earliest starts and finishes (A,) by releases, precedence, calendars and each demand taken alone.

    The forward pass of the critical path method (Kelley 1961) in working time. T + 1 where the horizon ends.
    """
    arrived = np.zeros(len(network.duration), np.int64)
    for g, have in enumerate(network.cumulative):
        arrived = np.maximum(arrived, np.where(network.demand[:, g] > 0, np.searchsorted(have, network.demand[:, g]), 0))
    start, finish = np.maximum(network.release, arrived), np.zeros(len(network.duration), np.int64)
    for a in sequence(network):
        before, lag = network.predecessors[a]
        ready = np.maximum((finish[before] + lag).max(initial=0), start[a])
        one = network.clock.place(int(network.calendar[a]), np.array([ready]), network.duration[a : a + 1])
        start[a], finish[a] = one[0][0], one[1][0]
    return start, finish


def latest(network: Network, due: Ints) -> tuple[Ints, Ints]:
    """Latest starts and finishes (A,) that let every activity finish by `due` (A,).

    The backward pass of the critical path method in working time. -1 where none does.
    """
    start, finish = np.zeros(len(network.duration), np.int64), np.minimum(due, network.periods)
    for a in reversed(sequence(network)):
        after, lag = network.successors[a]
        finish[a] = max(-1, min(finish[a], (start[after] - lag).min(initial=network.periods)))
        start[a] = network.clock.latest(
            int(network.calendar[a]), finish[a : a + 1], network.duration[a : a + 1]
        )[0]
    return start, finish


def lower_bound(network: Network, level: Level) -> int:
    """A value that no schedule beats on `level`; cheap, without a solver. T + 1: no schedule ends in time.

    For the makespan the greatest of: the critical path; for each resource, the period by which its capacity
    covers the work of all activities that cannot start before some period, plus what must follow them (the
    energy bound of Carlier and Latapie 1991); for each supply, the period in which all has arrived, plus the
    shortest of what may start then.
    For a weighted sum the greatest of: earliest finishes; for each resource, its users one after the other
    at full capacity in the order of weight for work (Smith 1956), the others at their earliest finishes.
    """
    start, finish = earliest(network)
    if level.weight is None:
        tail = _tails(network)
        found = [int((finish + tail).max())]
        found += [_energy(network, r, start, tail) for r in range(len(network.resources))]
        found += [_arrival(network, g, tail) for g in range(len(network.supplies))]
        return min(max(found), network.never)
    alone = level.weight * finish
    found = [int(alone.sum())]
    for r in range(len(network.resources)):
        users = (network.use[:, r] > 0) & (network.duration > 0)
        if users.any():
            in_turn = _smith(network, r, np.flatnonzero(users), level.weight, int(start[users].min()))
            found.append(int(alone[~users].sum()) + in_turn)
    return max(found)


def _tails(network: Network) -> Ints:
    """Periods that must follow each finish: durations and lags on the longest path, without calendars."""
    tail = np.zeros(len(network.duration), np.int64)
    for a in reversed(sequence(network)):
        after, lag = network.successors[a]
        tail[a] = (tail[after] + network.duration[after] + lag).max(initial=0)
    return tail


def _energy(network: Network, r: int, start: Ints, tail: Ints) -> int:
    users = np.flatnonzero((network.use[:, r] > 0) & (network.duration > 0))
    if not len(users):
        return 0
    users = users[np.argsort(-start[users], kind="stable")]
    worked = network.calendars[np.unique(network.calendar[users])].any(axis=0)
    room = np.concatenate(([0], np.cumsum(network.capacity[r] * worked)))
    best = 0
    for least in np.unique(tail[users]):
        some = users[tail[users] >= least]
        work = np.cumsum(network.use[some, r] * network.duration[some])
        best = max(best, int((np.searchsorted(room, room[start[some]] + work) + least).max()))
    return best


def _arrival(network: Network, g: int, tail: Ints) -> int:
    users = np.flatnonzero(network.demand[:, g] > 0)
    if not len(users):
        return 0
    all_here = int(np.searchsorted(network.cumulative[g], network.demand[:, g].sum()))
    return all_here + int((network.duration[users] + tail[users]).min())


def _smith(network: Network, r: int, users: Ints, weight: Ints, first: int) -> int:
    work = network.use[users, r] * network.duration[users]
    order = np.argsort(-weight[users] / work, kind="stable")
    in_turn = first + np.cumsum(work[order]) / network.capacity[r].max()
    # a value is whole; a hair below the fraction keeps rounding from lifting it too far
    return int(np.ceil(float(weight[users][order] @ in_turn) * (1.0 - 1e-12) - 1e-9))

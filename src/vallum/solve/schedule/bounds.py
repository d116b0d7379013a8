"""What no schedule can beat: the critical path, the work of a resource and the arrival of supplies."""

import numpy as np
from numpy.typing import NDArray

from vallum.solve.schedule.network import Level, Network
from vallum.solve.schedule.passes import earliest, tails

__all__ = ["lower_bound"]

Ints = NDArray[np.int64]


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
        tail = tails(network)
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

"""What no schedule can beat: the critical path, the work of a resource and the arrival of supplies."""

import heapq

import numpy as np
from numpy.typing import NDArray

from vallum.solve.schedule.network import Level, Network
from vallum.solve.schedule.passes import earliest, tails

__all__ = ["lower_bound"]

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


def lower_bound(network: Network, level: Level) -> int:
    """A value that no schedule beats on `level`; cheap, without a solver. T + 1: no schedule ends in time.

    For the makespan the greatest of: the critical path; for each resource, the period by which its capacity
    covers the work of all activities that cannot start before some period, plus what must follow them (the
    energy bound of Carlier and Latapie 1991); for each supply, the period in which all has arrived, plus the
    shortest of what may start then.
    For a weighted sum every activity is bounded by one of: its earliest finish; or a queue at one resource,
    see `_queues`. Each activity is in at most one queue, so the bounds add up.
    """
    start, finish = earliest(network)
    if level.weight is None:
        tail = tails(network)
        found = [int((finish + tail).max())]
        found += [_energy(network, r, start, tail) for r in range(len(network.resources))]
        found += [_arrival(network, g, tail) for g in range(len(network.supplies))]
        return min(max(found), network.never)
    return _queues(network, level.weight, start, finish)


def _queues(network: Network, weight: Ints, start: Ints, finish: Ints) -> int:
    """Bound a weighted sum of finishes by queues at resources.

    A weighted activity finishes no earlier than the last step before it (or itself) that takes a resource,
    plus the longest path from there. So the weights queue at the resource, each step from its earliest start.
    The weighted mean time of the work there is least when each period works on what is there in the order
    of weight for work (Goemans and others 2002: preemption makes that order best, whatever the calendar), and
    a step of p periods finishes at least p / 2 after the mean time of its work, since it works in p of them.
    Resources are taken greedily, each for the activities that none before it has.
    """
    links = _links(network, np.flatnonzero(weight > 0))
    left = set(links)
    total = 0
    while left:
        best: tuple[int, int, set[int]] | None = None
        for r in range(len(network.resources)):
            here = {a for a in left if r in links[a]}
            if not here:
                continue
            gain = _queue(network, r, {a: links[a][r] for a in here}, weight, start) - int(
                sum(int(weight[a]) * int(finish[a]) for a in here)
            )
            if gain > 0 and (best is None or gain > best[0]):
                best = gain, r, here
        if best is None:
            break
        total += best[0]
        left -= best[2]
    return total + int((weight * finish).sum())


def _links(network: Network, weighted: Ints) -> dict[int, dict[int, tuple[int, int]]]:
    """For each weighted activity and resource: the last user before it, and the longest path from there."""
    found: dict[int, dict[int, tuple[int, int]]] = {}
    for activity in weighted.tolist():
        far = {activity: 0}
        waiting = [activity]
        while waiting:
            here = waiting.pop()
            before, lags = network.predecessors[here]
            for former, lag in zip(before.tolist(), lags.tolist(), strict=True):
                path = far[here] + int(network.duration[here]) + lag
                if path > far.get(former, -1):
                    far[former] = path
                    waiting.append(former)
        nearest: dict[int, tuple[int, int]] = {}
        for user, path in far.items():
            if network.duration[user] > 0:
                for r in np.flatnonzero(network.use[user]).tolist():
                    if r not in nearest or path < nearest[r][1]:
                        nearest[r] = user, path
        found[activity] = nearest
    return found


def _queue(network: Network, r: int, links: dict[int, tuple[int, int]], weight: Ints, start: Ints) -> int:
    """Bound of the weighted finishes of some activities by the queue of their users at one resource."""
    weights: dict[int, int] = {}
    path = 0
    for activity, (user, way) in links.items():
        weights[user] = weights.get(user, 0) + int(weight[activity])
        path += int(weight[activity]) * way
    users = np.array(sorted(weights))
    heavy = np.array([weights[user] for user in users.tolist()], dtype=np.float64)
    times = network.duration[users]
    work = (network.use[users, r] * times).tolist()
    worked = network.calendars[np.unique(network.calendar[users])].any(axis=0)
    means = _mean_times(network.capacity[r] * worked, heavy.tolist(), work, start[users].tolist())
    queue = float(heavy @ (means + times / 2.0))
    # A value is whole; a hair below the fraction keeps rounding from lifting it too far.
    return path + int(np.ceil(queue * (1.0 - 1e-12) - 1e-9))


def _mean_times(rate: Ints, weight: list[float], work: list[int], release: list[int]) -> Floats:
    """Mean time of the work of jobs when each period does what is there, most weight for work first.

    Work that the horizon has no room for counts at its end.
    """
    periods = len(rate)
    arrivals = sorted(range(len(work)), key=release.__getitem__, reverse=True)
    moments, left = [0.0] * len(work), list(work)
    queue: list[tuple[float, int]] = []
    for t, units in enumerate(rate.tolist()):
        room = units
        while arrivals and release[arrivals[-1]] <= t:
            job = arrivals.pop()
            heapq.heappush(queue, (-weight[job] / work[job], job))
        while room and queue:
            job = queue[0][1]
            done = min(room, left[job])
            moments[job] += done * (t + 0.5)
            left[job] -= done
            room -= done
            if not left[job]:
                heapq.heappop(queue)
    return np.array(
        [(moment + rest * periods) / whole for moment, rest, whole in zip(moments, left, work, strict=True)]
    )


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

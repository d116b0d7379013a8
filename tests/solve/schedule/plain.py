"""The scheduling rules once more, in plain Python and from the words alone: a checker, a brute force, a drawer."""

import random
from itertools import pairwise

import numpy as np

from vallum.core.errors import BadInput
from vallum.solve.schedule import Network


def worked(network: Network, a: int, start: int, duration: int) -> list[int]:
    """The periods an activity works in when it starts at `start`; too few when the horizon ends."""
    calendar = network.calendars[network.calendar[a]]
    return [t for t in range(start, network.periods) if calendar[t]][:duration]


def finish(network: Network, a: int, start: int, duration: int) -> int | None:
    """When it finishes; None: it may not start there, or does not end."""
    if duration == 0:
        return start if start <= network.periods else None
    periods = worked(network, a, start, duration)
    return periods[-1] + 1 if len(periods) == duration and periods[0] == start else None


def faults(network: Network, starts: list[int], finishes: list[int], durations: list[int]) -> list[str]:
    """Every rule that a schedule breaks."""
    found = []
    for a, (start, end) in enumerate(zip(starts, finishes, strict=True)):
        if finish(network, a, start, durations[a]) != end:
            found.append(f"{a} from {start} does not finish at {end}")
        if start < network.release[a] or (network.hard[a] and end > network.deadline[a]):
            found.append(f"{a} leaves its window")
    pairs = zip(network.before.tolist(), network.lag.tolist(), strict=True)
    found += [f"{b} does not wait for {a}" for (a, b), lag in pairs if starts[b] < finishes[a] + lag]
    return found + _overdrawn(network, starts, durations)


def _overdrawn(network: Network, starts: list[int], durations: list[int]) -> list[str]:
    every, found = range(len(starts)), []
    held = [worked(network, a, starts[a], durations[a]) for a in every]
    for t in range(network.periods + 1):
        for r, name in enumerate(network.resources):
            used = sum(int(network.use[a, r]) for a in every if t in held[a])
            if used and used > network.capacity[r, t]:
                found.append(f"{name} overdrawn in {t}")
        for g, name in enumerate(network.supplies):
            taken = sum(int(network.demand[a, g]) for a in every if starts[a] <= t)
            if taken > sum(network.supply[g, : t + 1].tolist()):
                found.append(f"{name} not there yet in {t}")
    return found


class Brute:
    """Least value of an objective over all orders, each activity placed as early as it goes.

    For an objective that never falls with a finish some order leads to an optimum: take the order of starts
    of an optimum and move each to the left.
    """

    def __init__(self, network: Network, weight: list[int] | None) -> None:
        self.network, self.weight = network, weight
        self.best: int | None = None
        self.count = len(network.duration)

    def value(self) -> int | None:
        self._extend({}, {})
        return self.best

    def _extend(self, starts: dict[int, int], ends: dict[int, int]) -> None:
        network = self.network
        if len(starts) == self.count:
            value = (
                max(ends.values())
                if self.weight is None
                else sum(w * ends[a] for a, w in enumerate(self.weight))
            )
            self.best = value if self.best is None else min(self.best, value)
            return
        for a in range(self.count):
            before = [
                (p, lag)
                for (p, b), lag in zip(network.before.tolist(), network.lag.tolist(), strict=True)
                if b == a
            ]
            if a in starts or any(p not in starts for p, _ in before):
                continue
            first = max([int(network.release[a]), *(ends[p] + lag for p, lag in before)])
            placed = self._first(a, first, starts)
            if placed is not None:
                self._extend(starts | {a: placed[0]}, ends | {a: placed[1]})

    def _first(self, a: int, first: int, starts: dict[int, int]) -> tuple[int, int] | None:
        network = self.network
        for start in range(first, network.periods + 1):
            end = finish(network, a, start, int(network.duration[a]))
            if end is None or not self._fits(a, start, starts):
                continue
            return (start, end) if not network.hard[a] or end <= network.deadline[a] else None
        return None

    def _fits(self, a: int, start: int, starts: dict[int, int]) -> bool:
        network = self.network
        mine = worked(network, a, start, int(network.duration[a]))
        others = {b: worked(network, b, s, int(network.duration[b])) for b, s in starts.items()}
        for r in range(len(network.resources)):
            for t in mine:
                held = sum(int(network.use[b, r]) for b, periods in others.items() if t in periods)
                if held + network.use[a, r] > network.capacity[r, t]:
                    return False
        for g in range(len(network.supplies)):
            for t in range(start, max(start, network.periods - 1) + 1):
                taken = sum(int(network.demand[b, g]) for b, s in starts.items() if s <= t)
                if taken + network.demand[a, g] > sum(network.supply[g, : t + 1].tolist()):
                    return False
        return True


def drawn(seed: int, most: int = 6, periods: int = 18) -> Network:
    """A small random network that the checks let through."""
    draw = random.Random(seed)  # noqa: S311 - no secret
    while True:
        try:
            return _drawn(draw, draw.randint(3, most), periods)
        except BadInput:
            continue


def _drawn(draw: random.Random, count: int, periods: int) -> Network:
    calendars = [[True] * periods]
    for _ in range(draw.randint(0, 2)):
        row, edges = [True] * periods, sorted(draw.sample(range(1, periods), 4))
        for u, v in list(pairwise(edges))[::2]:
            row[u:v] = [False] * (v - u)
        calendars.append(row)
    pairs = [(a, b) for b in range(count) for a in range(b) if draw.random() < 0.25]
    resources, supplies = draw.randint(0, 2), draw.randint(0, 2)
    return Network.of(
        [draw.choice([0, 1, 1, 2, 2, 3, 4]) for _ in range(count)],
        np.array(calendars),
        calendar=[draw.randrange(len(calendars)) for _ in range(count)],
        release=[draw.choice([0, 0, 0, 1, 4]) for _ in range(count)],
        deadline=[draw.randint(8, periods) for _ in range(count)],
        hard=[draw.random() < 0.15 for _ in range(count)],
        before=np.array(pairs, int).reshape(-1, 2),
        lag=[draw.choice([0, 0, 1, 3]) for _ in pairs],
        use=np.array([[draw.choice([0, 1, 1, 2, 3]) for _ in range(resources)] for _ in range(count)]).reshape(count, resources),
        capacity=np.array([_steps(draw, periods) for _ in range(resources)], int).reshape(-1, periods),
        demand=np.array([[draw.choice([0, 1, 2]) for _ in range(supplies)] for _ in range(count)]).reshape(count, supplies),
        supply=np.array([[draw.choice([0, 0, 1, 2]) for _ in range(periods)] for _ in range(supplies)], int).reshape(-1, periods),
    )  # fmt: skip


def _steps(draw: random.Random, periods: int) -> list[int]:
    first, then, cut = draw.randint(3, 4), draw.randint(1, 4), draw.randint(1, periods)
    return [first] * cut + [then] * (periods - cut)

"""Local search over the order of a list schedule, for weighted sums of finishes on large networks."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from vallum.solve.schedule.network import Level, Network
from vallum.solve.schedule.sgs import serial

__all__ = ["chains", "search"]

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

BROOD = 64
"""Orders that are tried at once."""

REACHES = (4.0, 13.0, 40.0, 120.0)
"""Mean periods by which a move shifts activities in the order."""

MOVED = 2.0
"""Chains that a move shifts on average beyond the first."""

WHOLE_CHAIN = 0.5
"""Part of the moves that shift all steps that lead to an activity, and not the activity alone."""

SHAKEN = 0.15
"""Part of the moves that disturb the whole order a little as well."""


def search(
    network: Network,
    level: Level,
    starts: Ints,
    more: Callable[[int], bool],
    seed: int = 0,
    better: Callable[[Ints, Ints], None] | None = None,
) -> tuple[Ints, Ints]:
    """Improve a schedule by moving chains of activities in the order of its list.

    Each round tries some orders around the best one, each with a few chains moved earlier or later, and
    takes the best of them if it is no worse. A list schedule never leaves a resource idle without need, so
    the search stays among active schedules, of which one is best (Kolisch 1996).

    Parameters
    ----------
    network : Network
    level : Level
        With weights.
    starts : (A,) int array
        Starts of a feasible schedule.
    more : callable(int) -> bool
        Asked with the number of rounds done before each round.
    seed : int
    better : callable(starts, finishes), optional
        Told of every better schedule.

    Returns
    -------
    starts, finishes : (A,) int arrays
        Never worse than what was given.
    """
    generator = np.random.default_rng(seed)
    groups = chains(network, level)
    best = np.asarray(starts, dtype=np.int64), network.finishes(np.asarray(starts))
    value, order = int(level.value(best[1])), best[0].astype(float)
    rounds = 0
    while groups and more(rounds):
        begun, ended = serial(network, _brood(order, groups, generator))
        worth = np.where(network.kept(ended), level.value(ended), np.iinfo(np.int64).max)
        first = int(np.argmin(worth))
        if worth[first] <= value:
            order = begun[first].astype(float)
            if worth[first] < value:
                value, best = int(worth[first]), (begun[first], ended[first])
                if better is not None:
                    better(*best)
        rounds += 1
    return best


def chains(network: Network, level: Level) -> list[Ints]:
    """Return for each weighted activity all that must come before it, and itself as the last."""
    found = []
    weights = level.weight if level.weight is not None else np.zeros(len(network.duration), np.int64)
    for activity in np.flatnonzero(weights > 0).tolist():
        seen, waiting = {activity}, [activity]
        while waiting:
            for former in network.predecessors[waiting.pop()][0].tolist():
                if former not in seen:
                    seen.add(former)
                    waiting.append(former)
        found.append(np.array([*sorted(seen - {activity}), activity]))
    return found


def _brood(order: Floats, groups: list[Ints], generator: np.random.Generator) -> Floats:
    """Orders around one, (BROOD, A)."""
    brood = np.repeat(order[None], BROOD, axis=0)
    for k in range(BROOD):
        reach = generator.choice(REACHES)
        whole = generator.random() < WHOLE_CHAIN
        for place in generator.integers(0, len(groups), 1 + int(generator.exponential(MOVED))):
            group = groups[place]
            brood[k, group if whole else group[-1:]] += generator.normal(0.0, reach)
        if generator.random() < SHAKEN:
            brood[k] += generator.normal(0.0, 2.0, len(order))
    return brood

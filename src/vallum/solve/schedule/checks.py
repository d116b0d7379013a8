"""What makes a network senseless or impossible, each with the name of what is wrong."""

from typing import TYPE_CHECKING

import numpy as np

from vallum.core.errors import BadInput
from vallum.solve.schedule.passes import earliest

if TYPE_CHECKING:
    from vallum.solve.schedule.network import Network

__all__ = ["MOST", "check"]

#: Numbers above it could overflow sums inside the solver; nobody counts further in sensible units.
MOST = 10**9


def check(network: "Network") -> None:
    """Raise for the first thing that makes a schedule impossible.

    Parameters
    ----------
    network : Network

    Raises
    ------
    BadInput
    """
    _shapes(network)
    _numbers(network)
    _calendars(network)
    _resources(network)
    _supplies(network)
    _no_cycle(network)
    _horizon(network)


def _bad(message: str, rule: str, remedy: str = "") -> BadInput:
    return BadInput(message, where="schedule", rule=rule, remedy=remedy)


def _shapes(network: "Network") -> None:
    count, periods = len(network.duration), network.periods
    renewable, supplied, pairs = len(network.resources), len(network.supplies), len(network.before)
    expected = {
        "calendar": (count,),
        "release": (count,),
        "deadline": (count,),
        "hard": (count,),
        "before": (pairs, 2),
        "lag": (pairs,),
        "use": (count, renewable),
        "capacity": (renewable, periods),
        "demand": (count, supplied),
        "supply": (supplied, periods),
    }
    for name, shape in expected.items():
        found = getattr(network, name).shape
        if found != shape:
            raise _bad(f"{name} has shape {found} and should have {shape}", "shape")
    if count == 0 or periods == 0:
        raise _bad("there is no activity or no period", "shape", "give at least one of each")
    if len(network.activities) != count:
        raise _bad(f"{len(network.activities)} names for {count} activities", "shape")


def _numbers(network: "Network") -> None:
    named = {
        "duration": network.activities,
        "release": network.activities,
        "deadline": network.activities,
        "use": network.activities,
        "demand": network.activities,
        "capacity": network.resources,
        "supply": network.supplies,
        "lag": tuple(f"lag {k}" for k in range(len(network.lag))),
    }
    for name, owners in named.items():
        array = getattr(network, name)
        wrong = np.argwhere((array < 0) | (array > MOST))
        if len(wrong):
            found = array[tuple(wrong[0])]
            why = "is negative" if found < 0 else f"is above {MOST:,}"
            remedy = "" if found < 0 else "count in a coarser unit"
            raise _bad(f"{name} of {owners[wrong[0][0]]} {why}", "numbers in range", remedy)
    before = network.before
    outside = np.flatnonzero(((before < 0) | (before >= len(network.duration))).any(axis=1))
    if len(outside):
        raise _bad(f"pair {outside[0]} of before names an activity that is not there", "known activity")


def _calendars(network: "Network") -> None:
    wrong = np.flatnonzero((network.calendar < 0) | (network.calendar >= len(network.calendars)))
    if len(wrong):
        raise _bad(f"{network.activities[wrong[0]]} has a calendar that is not there", "known calendar")
    idle = np.flatnonzero(~network.calendars.any(axis=1))
    if len(idle):
        raise _bad(f"calendar {idle[0]} has no working period", "a calendar works")


def _resources(network: "Network") -> None:
    if network.capacity.size == 0:
        return
    most = network.capacity.max(axis=1)
    held = np.argwhere((network.use > most) & (network.duration > 0)[:, None])
    if len(held):
        a, r = held[0]
        raise _bad(
            f"{network.activities[a]} needs {network.use[a, r]} of {network.resources[r]}, of which there are"
            f" never more than {most[r]}",
            "capacity",
            "raise the capacity or lower the need",
        )


def _supplies(network: "Network") -> None:
    asked, given = network.demand.sum(axis=0), network.supply.sum(axis=1)
    short = np.flatnonzero(asked > given)
    if len(short):
        g = short[0]
        raise _bad(
            f"{asked[g]} of {network.supplies[g]} are asked for and {given[g]} supplied within the horizon",
            "supply",
            "supply more, ask for less or lengthen the horizon",
        )


def _no_cycle(network: "Network") -> None:
    open_before = np.bincount(network.before[:, 1], minlength=len(network.duration))
    free = np.flatnonzero(open_before == 0).tolist()
    while free:
        for b in network.successors[free.pop()][0].tolist():
            open_before[b] -= 1
            if open_before[b] == 0:
                free.append(b)
    stuck = np.flatnonzero(open_before > 0)
    if not len(stuck):
        return
    # every activity that is stuck has a predecessor that is stuck, so walking back must come round
    walk = [int(stuck[0])]
    while walk[-1] not in walk[:-1]:
        walk.append(next(p for p in network.predecessors[walk[-1]][0].tolist() if open_before[p] > 0))
    around = walk[walk.index(walk[-1]) :][::-1]
    names = " -> ".join(network.activities[a] for a in around)
    raise _bad(f"activities wait for one another: {names}", "no cycle", "take one of these pairs away")


def _horizon(network: "Network") -> None:
    finish = earliest(network)[1]
    latest = np.where(network.hard, np.minimum(network.deadline, network.periods), network.periods)
    late = np.flatnonzero(finish > latest)
    if len(late):
        a = late[np.argmin(finish[late])]
        limit = "its deadline" if network.hard[a] and network.deadline[a] < network.periods else "the horizon"
        raise _bad(
            f"{network.activities[a]} cannot finish by {limit}, period {latest[a]}, even without waiting for"
            " resources",
            "horizon",
            "lengthen the horizon, or shorten what comes before",
        )

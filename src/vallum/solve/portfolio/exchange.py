"""Local search by exhaustive exchanges of up to three projects, compiled.

A move draws one change of one project, and then looks at *all* ways to make it fit by one or two changes of
other projects: only those who spend of the row that is missed most can help, so that lists of spenders,
largest
first, leave a few hundred pairs of some millions. The best completion is kept if its change of value passes
the
threshold of an anneal (Kirkpatrick, Gelatt and Vecchi 1983; ejection chains: Glover 1996; a changed project
rests for a while: tabu search, Glover 1989). Every plan on the way keeps all rules.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from vallum.solve.portfolio.compiled import Flags, Randoms, Small, below, compiled, unit
from vallum.solve.portfolio.problem import Floats

__all__ = ["Options", "Plan", "exchange", "refresh"]

TINY = 1e-7
FAR = 1e300


class Options(NamedTuple):
    """Everything that a project may do: its candidate starts, earliest first, and to stay out (start -1).

    Those of project j stand at `first[j] .. first[j + 1] - 1`. `gain` is worth less what `foot`, the
    spending by row, costs at the prices of the relaxation; `tall` is `foot` transposed. `scale` makes
    amounts of rows comparable.
    """

    first: Small
    owner: Small
    start: Small
    worth: Floats
    gain: Floats
    foot: Floats
    tall: Floats
    duration: Small
    need_first: Small
    need: Small
    follow_first: Small
    follow: Small
    exclude_first: Small
    exclude: Small
    scale: Floats


class Plan(NamedTuple):
    """A plan that keeps all rules, and what is known of it.

    `now` is each project's option, `free` what is left of each row, `fits` whether an option keeps
    prerequisites and
    exclusions. `spender[r, : spenders[r]]` lists the projects that spend of row r, largest first. A project
    may not change before move `rest`. `numbers` holds value and best value, `counts` moves done and accepted.
    """

    now: Small
    free: Floats
    fits: Flags
    spender: Small
    spenders: Small
    rest: NDArray[np.int64]
    best: Small
    numbers: Floats
    counts: NDArray[np.int64]
    random: Randoms
    room: Floats
    after: Floats


@compiled
def _start(options: Options, plan: Plan, j: int) -> Any:
    return options.start[plan.now[j]]


@compiled
def _open(options: Options, plan: Plan, o: int) -> bool:
    """Whether option o in place of its project's present one keeps prerequisites and exclusions."""
    j, s = options.owner[o], options.start[o]
    if o == plan.now[j]:
        return False
    if s >= 0:
        for e in range(options.need_first[j], options.need_first[j + 1]):
            q = options.need[e]
            t = _start(options, plan, q)
            if t < 0 or t + options.duration[q] > s:
                return False
        for e in range(options.exclude_first[j], options.exclude_first[j + 1]):
            if _start(options, plan, options.exclude[e]) >= 0:
                return False
    for e in range(options.follow_first[j], options.follow_first[j + 1]):
        t = _start(options, plan, options.follow[e])
        if t >= 0 and (s < 0 or s + options.duration[j] > t):
            return False
    return True


@compiled
def refresh(options: Options, plan: Plan, j: int) -> None:
    """Reckon again which options of j keep the rules."""
    for o in range(options.first[j], options.first[j + 1]):
        plan.fits[o] = _open(options, plan, o)


@compiled
def _refresh_around(options: Options, plan: Plan, j: int) -> None:
    refresh(options, plan, j)
    for e in range(options.need_first[j], options.need_first[j + 1]):
        refresh(options, plan, options.need[e])
    for e in range(options.follow_first[j], options.follow_first[j + 1]):
        refresh(options, plan, options.follow[e])
    for e in range(options.exclude_first[j], options.exclude_first[j + 1]):
        refresh(options, plan, options.exclude[e])


@compiled
def _related(options: Options, j: int, k: int) -> bool:
    """Whether a rule ties two projects, so that they may not change in one move."""
    for e in range(options.need_first[j], options.need_first[j + 1]):
        if options.need[e] == k:
            return True
    for e in range(options.follow_first[j], options.follow_first[j + 1]):
        if options.follow[e] == k:
            return True
    for e in range(options.exclude_first[j], options.exclude_first[j + 1]):
        if options.exclude[e] == k:
            return True
    return j == k


@compiled
def _leave(options: Options, plan: Plan, j: int) -> None:
    """Take j out of the lists of spenders."""
    foot = options.foot[plan.now[j]]
    for r in range(len(plan.free)):
        if foot[r] > 0.0:
            at = 0
            while plan.spender[r, at] != j:
                at += 1
            plan.spenders[r] -= 1
            for i in range(at, plan.spenders[r]):
                plan.spender[r, i] = plan.spender[r, i + 1]


@compiled
def _enter(options: Options, plan: Plan, j: int) -> None:
    """Put j into the lists of spenders, largest first."""
    foot = options.foot[plan.now[j]]
    for r in range(len(plan.free)):
        if foot[r] > 0.0:
            at = plan.spenders[r]
            while at > 0 and options.foot[plan.now[plan.spender[r, at - 1]], r] < foot[r]:
                plan.spender[r, at] = plan.spender[r, at - 1]
                at -= 1
            plan.spender[r, at] = j
            plan.spenders[r] += 1


@compiled
def _apply(options: Options, plan: Plan, o: int, until: int) -> None:
    """Make option o the present one of its project, which then rests."""
    j = options.owner[o]
    _leave(options, plan, j)
    before = plan.now[j]
    for r in range(len(plan.free)):
        plan.free[r] += options.foot[before, r] - options.foot[o, r]
    plan.numbers[0] += options.worth[o] - options.worth[before]
    plan.now[j] = o
    _enter(options, plan, j)
    _refresh_around(options, plan, j)
    plan.rest[j] = until


@compiled
def _missed(options: Options, room: Floats) -> tuple[int, int]:
    """The two rows that are missed most, or nearest to it, by their scale."""
    one, two, least, next_least = -1, -1, FAR, FAR
    for r in range(len(room)):
        left = room[r] * options.scale[r]
        if left < next_least:
            if left < least:
                one, two, least, next_least = r, one, left, least
            else:
                two, next_least = r, left
    return one, two


@compiled
def _room(options: Options, plan: Plan, room: Floats, o: int, after: Floats) -> None:
    """What is left of `room` when option o replaces its project's present one."""
    before = plan.now[options.owner[o]]
    for r in range(len(room)):
        after[r] = room[r] + options.foot[before, r] - options.foot[o, r]


@compiled
def _within(options: Options, room: Floats, before: int, o: int) -> bool:
    """Whether what is left of each row allows o in place of `before`."""
    for r in range(len(room)):  # noqa: SIM110 compiled code knows no generators
        if options.foot[o, r] - options.foot[before, r] > room[r] + TINY:
            return False
    return True


@compiled
def _last(
    options: Options, plan: Plan, a: int, b: int, row: int, other: int, need: float, least: float
) -> tuple[int, float]:
    """The best third change worth more than `need`, that makes all fit; -1: none."""
    best, gain = -1, need
    missing, left = -plan.after[row], plan.after[other] + TINY
    for i in range(plan.spenders[row]):
        k = plan.spender[row, i]
        before = plan.now[k]
        spent = options.tall[row, before] - missing
        if spent < 0.0:
            break
        first = options.first[k]
        worth = options.worth[before] + gain
        floor = options.gain[before] + least
        if plan.rest[k] > plan.counts[0] or options.worth[first] <= worth:
            continue
        limit = left + options.tall[other, before]
        for o in range(first, options.first[k + 1]):
            if options.worth[o] <= worth:
                break
            if (
                options.tall[row, o] > spent
                or options.tall[other, o] > limit
                or options.gain[o] < floor
                or not plan.fits[o]
            ):
                continue
            if not _within(options, plan.after, before, o):
                continue
            if _related(options, k, options.owner[a]) or _related(options, k, options.owner[b]):
                break
            best, gain = o, options.worth[o] - options.worth[before]
            break
    return best, gain


@compiled
def _complete(options: Options, plan: Plan, a: int, threshold: float, cut: float) -> tuple[int, int, int]:
    """Best second and third change that make a fit and bring all to more than the threshold; -1: none."""
    j = options.owner[a]
    start = options.worth[a] - options.worth[plan.now[j]]
    least = -cut - options.gain[a] + options.gain[plan.now[j]]
    if least > 0.0:
        return -1, -1, -1
    _room(options, plan, plan.free, a, plan.room)
    row, _ = _missed(options, plan.room)
    if plan.room[row] >= -TINY:
        return (a, -1, -1) if start > threshold else (-1, -1, -1)
    best, two, three = threshold, -1, -1
    half = -0.5 * plan.room[row]
    for i in range(plan.spenders[row]):
        k = plan.spender[row, i]
        before = plan.now[k]
        spent = options.tall[row, before] - half
        if spent < 0.0:
            break
        if plan.rest[k] > plan.counts[0] or _related(options, j, k):
            continue
        for b in range(options.first[k], options.first[k + 1]):
            lost = options.gain[b] - options.gain[before]
            if options.tall[row, b] > spent or lost < least or not plan.fits[b]:
                continue
            gain = start + options.worth[b] - options.worth[before]
            _room(options, plan, plan.room, b, plan.after)
            second, other = _missed(options, plan.after)
            if plan.after[second] >= -TINY:
                if gain > best:
                    best, two, three = gain, b, -1
                continue
            c, more = _last(options, plan, a, b, second, other, best - gain, least - lost)
            if c >= 0:
                best, two, three = gain + more, b, c
    return (a, two, three) if two >= 0 else (-1, -1, -1)


@compiled
def exchange(options: Options, plan: Plan, heat: float, cut: float, tenure: int, moves: int) -> None:
    """Make some moves at one temperature; changes `plan` in place.

    Parameters
    ----------
    options : Options
    plan : Plan
    heat : float
        Temperature, in value.
    cut : float
        Exchanges whose changes lose more than this in `gain`, summed, are not looked at.
    tenure : int
        Moves for which a changed project rests.
    moves : int
    """
    for _ in range(moves):
        plan.counts[0] += 1
        a = below(plan.random, len(options.owner))
        if not plan.fits[a] or plan.rest[options.owner[a]] > plan.counts[0]:
            continue
        found = _complete(options, plan, a, heat * np.log(unit(plan.random)) - TINY, cut)
        if found[0] < 0:
            continue
        plan.counts[1] += 1
        for o in found:
            if o >= 0:
                _apply(options, plan, o, plan.counts[0] + tenure)
        if plan.numbers[0] > plan.numbers[1]:
            plan.numbers[1] = plan.numbers[0]
            for j in range(len(plan.now)):
                plan.best[j] = options.start[plan.now[j]]

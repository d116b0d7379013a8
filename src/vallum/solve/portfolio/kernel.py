"""Annealing over starts, compiled: arrays only, one state, one generator of random numbers.

A move sets one project to a start or drops it, pulls its prerequisites in, pushes or drops what needs it, and
is then accepted or undone (Kirkpatrick, Gelatt and Vecchi 1983). Budgets may be overspent at a price. A move
that overspends gets up to two chances to make room: the budget that it hurts most names whom to move away.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from vallum.solve.portfolio.compiled import Randoms, Small, below, compiled, copy, unit
from vallum.solve.portfolio.problem import Floats

__all__ = ["Case", "Move", "State", "anneal"]

#: Shares: moves that re-time a project that is in; ejections and followers that are re-timed and not dropped.
RETIME, EJECT_LATER, FOLLOW = 0.2, 0.6, 0.7
#: Chances to make room for one move.
ROUNDS = 2


class Case(NamedTuple):
    """The problem and the candidates, as the kernel reads them.

    Candidate starts of project j stand at `mine[j] .. mine[j + 1] - 1` of `pick_start`, earliest first.
    `need`, `follow` and `exclude` list other projects in the same way. `weight` is the price of
    overspending a row.
    """

    first: Small
    cost: Floats
    stream: Small
    stream_cost: Floats
    worth: Floats
    mine: Small
    pick_project: Small
    pick_start: Small
    need_first: Small
    need: Small
    follow_first: Small
    follow: Small
    exclude_first: Small
    exclude: Small
    weight: Floats
    years: int
    planning: int
    streams: int
    totals: bool


class State(NamedTuple):
    """What a run reads and leaves behind.

    `over` is use less budget; `inside` lists the projects in the plan and `place` where each stands in it;
    `numbers` holds value, penalty and best value; `counts` moves done and projects in.
    """

    start: Small
    over: Floats
    inside: Small
    place: Small
    best: Small
    numbers: Floats
    counts: NDArray[np.int64]
    random: Randoms


class Move(NamedTuple):
    """Changes of one move, so that it can be undone, and room to reckon in.

    `mark` says in which move a project was changed last; `tally` holds the number of this move and of its
    changes.
    """

    mark: NDArray[np.int64]
    who: Small
    was: Small
    tally: NDArray[np.int64]
    trial: Floats
    grown: Floats


@compiled
def _spend(case: Case, over: Floats, j: int, s: int, sign: float) -> None:
    """Book what j at s spends."""
    a, b = case.first[j], case.first[j + 1]
    over[case.years + s] += sign * case.cost[a]
    at = s - a
    for k in range(a + 1, b):
        over[at + k] += sign * case.cost[k]
    over[case.years + case.planning + case.stream[j]] += sign * case.stream_cost[j, s]
    if case.totals:
        at += case.years + case.planning + case.streams
        for k in range(a, b):
            over[at + k] += sign * case.cost[k]


@compiled
def _penalty(weight: Floats, over: Floats) -> float:
    total = 0.0
    for r in range(len(weight)):
        total += weight[r] * max(0.0, over[r])
    return total


@compiled
def _candidate(case: Case, random: Randoms, j: int, low: int, high: int) -> Any:
    """A random candidate start of j from low to high, or -1."""
    a, b = case.mine[j], case.mine[j + 1]
    while a < b and case.pick_start[a] < low:
        a += 1
    while a < b and case.pick_start[b - 1] > high:
        b -= 1
    if a >= b:
        return -1
    return np.int64(case.pick_start[a + below(random, b - a)])


@compiled
def _set(state: State, move: Move, j: int, s: int) -> bool:
    """Write a change down and make it; False when this move has changed j before."""
    if move.mark[j] == move.tally[0]:
        return False
    move.mark[j] = move.tally[0]
    at = move.tally[1]
    move.who[at], move.was[at] = j, state.start[j]
    state.start[j] = s
    move.tally[1] = at + 1
    return True


@compiled
def _pull(case: Case, state: State, move: Move, j: int, s: int) -> bool:
    """Bring the prerequisites of j in, and early enough for its start s."""
    for e in range(case.need_first[j], case.need_first[j + 1]):
        q = case.need[e]
        latest = s - (case.first[q + 1] - case.first[q])
        if 0 <= state.start[q] <= latest:
            continue
        earlier = _candidate(case, state.random, q, 0, latest)
        if earlier < 0:
            return False
        if state.start[q] < 0:
            for x in range(case.exclude_first[q], case.exclude_first[q + 1]):
                if state.start[case.exclude[x]] >= 0:
                    return False
        if not _set(state, move, q, earlier):
            return False
    return True


@compiled
def _push(case: Case, state: State, move: Move, j: int, s: int) -> bool:
    """Re-time or drop what needs j and now starts too early; s = -1: j was dropped."""
    ended = s + (case.first[j + 1] - case.first[j])
    for e in range(case.follow_first[j], case.follow_first[j + 1]):
        c = case.follow[e]
        if state.start[c] < 0 or (s >= 0 and state.start[c] >= ended):
            continue
        later = -1
        if s >= 0 and unit(state.random) < FOLLOW:
            later = _candidate(case, state.random, c, ended, case.planning)
        if not _set(state, move, c, later):
            return False
    return True


@compiled
def _change(case: Case, state: State, move: Move, j: int, s: int) -> bool:
    """Set j to s, -1 to drop it, with all that follows; False when it cannot be, with some changes made."""
    head = move.tally[1]
    if not _set(state, move, j, s):
        return False
    if s >= 0:
        for e in range(case.exclude_first[j], case.exclude_first[j + 1]):
            other = case.exclude[e]
            if state.start[other] >= 0 and not _set(state, move, other, -1):
                return False
    while head < move.tally[1]:
        i, t, before = move.who[head], state.start[move.who[head]], move.was[head]
        if t >= 0 and (before < 0 or t < before) and not _pull(case, state, move, i, t):
            return False
        if before >= 0 and (t < 0 or t > before) and not _push(case, state, move, i, t):
            return False
        head += 1
    return True


@compiled
def _spends(case: Case, j: int, s: int, r: int) -> Any:
    """Whether j at s spends of budget row r."""
    span = case.first[j + 1] - case.first[j]
    if r < case.years:
        k = r - s
        return 0 < k < span and case.cost[case.first[j] + k] > 0.0
    r -= case.years
    if r < case.planning:
        return s == r and case.cost[case.first[j]] > 0.0
    r -= case.planning
    if r < case.streams:
        return case.stream[j] == r and case.stream_cost[j, s] > 0.0
    k = r - case.streams - s
    return 0 <= k < span and case.cost[case.first[j] + k] > 0.0


@compiled
def _spender(case: Case, state: State, move: Move, r: int) -> Any:
    """Some project in the plan, not of this move, that spends of row r; -1 when there is none."""
    count = state.counts[1]
    if count == 0:
        return -1
    at = below(state.random, count)
    for _ in range(count):
        j = state.inside[at]
        if move.mark[j] != move.tally[0] and _spends(case, j, state.start[j], r):
            return np.int64(j)
        at += 1
        if at == count:
            at = 0
    return -1


@compiled
def _worst(weight: Floats, over: Floats, trial: Floats, grown: Floats) -> int:
    """The row whose penalty grew most, -1: none."""
    most = 0.0
    for r in range(len(weight)):
        grown[r] = weight[r] * (max(0.0, trial[r]) - max(0.0, over[r]))
        most = max(most, grown[r])
    if most > 0.0:
        for r in range(len(weight)):
            if grown[r] == most:
                return r
    return -1


@compiled
def _gained(case: Case, state: State, move: Move, begin: int) -> float:
    """Change of value of the changes from `begin` on."""
    gain = 0.0
    for i in range(begin, move.tally[1]):
        j = move.who[i]
        if move.was[i] >= 0:
            gain -= case.worth[j, move.was[i]]
        if state.start[j] >= 0:
            gain += case.worth[j, state.start[j]]
    return gain


@compiled
def _book(case: Case, state: State, move: Move, begin: int) -> None:
    """Book the spending of the changes from `begin` on."""
    for i in range(begin, move.tally[1]):
        j = move.who[i]
        if move.was[i] >= 0:
            _spend(case, move.trial, j, move.was[i], -1.0)
        if state.start[j] >= 0:
            _spend(case, move.trial, j, state.start[j], 1.0)


@compiled
def _settle(state: State, move: Move) -> None:
    """Keep the list of projects in the plan in step with the changes."""
    inside, place = state.inside, state.place
    for i in range(move.tally[1]):
        j = move.who[i]
        if move.was[i] < 0 and state.start[j] >= 0:
            place[j] = state.counts[1]
            inside[state.counts[1]] = j
            state.counts[1] += 1
        elif move.was[i] >= 0 and state.start[j] < 0:
            last = inside[state.counts[1] - 1]
            inside[place[j]] = last
            place[last] = place[j]
            state.counts[1] -= 1


@compiled
def _undo(state: State, move: Move) -> None:
    """Put all back as it was before the move."""
    for i in range(move.tally[1]):
        state.start[move.who[i]] = move.was[i]


@compiled
def _first_change(case: Case, state: State) -> Any:
    """Project and start to try: a candidate, or another start of a project in the plan."""
    random = state.random
    if state.counts[1] > 0 and unit(random) < RETIME:
        j = state.inside[below(random, state.counts[1])]
        return np.int64(j), _candidate(case, random, j, 0, case.planning)
    at = below(random, len(case.pick_project))
    j, s = np.int64(case.pick_project[at]), np.int64(case.pick_start[at])
    return j, -1 if state.start[j] == s else s


@compiled
def _room(case: Case, state: State, move: Move) -> tuple[int, int]:
    """Whom to move away, and where to, for the row that the move hurts most; -1: nobody."""
    row = _worst(case.weight, state.over, move.trial, move.grown)
    j = _spender(case, state, move, row) if row >= 0 else -1
    s = -1
    if j >= 0 and unit(state.random) < EJECT_LATER:
        s = _candidate(case, state.random, j, 0, case.planning)
    return j, s


@compiled
def _try(case: Case, state: State, move: Move, factor: float, threshold: float) -> None:
    """Make one move and keep it if its score changes by at least the threshold; else leave all as before."""
    penalty, gain = state.numbers[1], 0.0
    j, s = _first_change(case, state)
    for turn in range(ROUNDS + 1):
        if turn > 0:
            j, s = _room(case, state, move)
        if j < 0 or s == state.start[j]:
            break
        begin = move.tally[1]
        if not _change(case, state, move, j, s):
            break
        gain += _gained(case, state, move, begin)
        # the penalty can fall by no more than it is
        if gain + factor * penalty < threshold:
            break
        if turn == 0:
            copy(state.over, move.trial)
        _book(case, state, move, begin)
        after = _penalty(case.weight, move.trial)
        if gain - factor * (after - penalty) >= threshold:
            copy(move.trial, state.over)
            state.numbers[0] += gain
            state.numbers[1] = after
            _settle(state, move)
            return
    _undo(state, move)


@compiled
def anneal(case: Case, state: State, move: Move, heat: float, factor: float, moves: int) -> None:
    """Make some moves at one temperature and one factor on penalties; changes `state` in place.

    Parameters
    ----------
    case : Case
    state : State
    move : Move
    heat : float
        Temperature, in value.
    factor : float
        On `case.weight`.
    moves : int
    """
    for _ in range(moves):
        state.counts[0] += 1
        move.tally[0] = state.counts[0]
        move.tally[1] = 0
        _try(case, state, move, factor, heat * np.log(unit(state.random)))
        if state.numbers[1] <= 0.0 and state.numbers[0] > state.numbers[2]:
            state.numbers[2] = state.numbers[0]
            copy(state.start, state.best)

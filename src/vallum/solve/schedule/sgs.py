"""Schedule-generation schemes over many runs at once, and the priorities that feed them.

Arrays inside are laid out periods by runs, so that a step of all runs is one row. Room is what is left of
each resource; of a supply is kept what may still be taken without starving a later period.
"""

import heapq
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vallum.solve.schedule.network import Level, Network, values
from vallum.solve.schedule.passes import latest, sequence

__all__ = ["best_of", "latest_finish", "order", "parallel", "serial", "weight_for_work"]

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
#: Whole numbers in the smallest type that holds them.
Small = NDArray[Any]

#: Cells (working periods x runs) looked at in one go while searching for room.
CELLS = 65_536
#: Greatest disturbance of a rank, as a share of the number of activities.
NOISE = 0.3
#: Greatest disturbance of a start or finish while schedules are pushed to and fro, in mean durations.
JITTER = 0.6


def order(network: Network, priority: Floats) -> Ints:
    """Activities (A,) by rising priority (A,), none before its predecessors; ties by number."""
    waiting = np.bincount(network.before[:, 1], minlength=len(priority))
    key = priority.tolist()
    heap = [(key[a], a) for a in np.flatnonzero(waiting == 0).tolist()]
    heapq.heapify(heap)
    found = []
    while heap:
        a = heapq.heappop(heap)[1]
        found.append(a)
        for b in network.successors[a][0].tolist():
            waiting[b] -= 1
            if waiting[b] == 0:
                heapq.heappush(heap, (key[b], b))
    return np.array(found)


def serial(network: Network, priority: NDArray[Any], durations: Ints | None = None) -> tuple[Ints, Ints]:
    """Place one activity after the other at its earliest feasible start (Kelley 1963).

    Parameters
    ----------
    network : Network
    priority : (A,) or (N, A) array
        Lowest first, as far as precedence allows. One row a run, or one for all.
    durations : (N, A) int array, optional
        Working periods of each run; the network's own without it.

    Returns
    -------
    starts, finishes : (N, A) int arrays
        T + 1 for an activity that finds no place within the horizon, and for all that wait for it. Hard
        deadlines are not looked at: ask `Network.kept`.
    """
    given = network.duration[None] if durations is None else durations
    priorities = np.atleast_2d(np.asarray(priority, np.float64))
    count = max(len(given), len(priorities))
    steps = np.stack([order(network, row) for row in priorities])
    state = _State(network, count)
    runs = np.arange(count)
    for k in range(steps.shape[1]):
        if len(steps) == 1:
            a = int(steps[0, k])
            work = given[:, a] if len(given) == count else np.broadcast_to(given[:, a], (count,))
            state.place(np.array([a]), state.ready(runs, a), work, slice(None))
            continue
        acts = steps[:, k]
        ready = np.array([state.ready(runs[i : i + 1], a)[0] for i, a in enumerate(acts.tolist())])
        work = given[runs if len(given) == count else 0, acts]
        for calendar in np.unique(network.calendar[acts]):
            some = np.flatnonzero(network.calendar[acts] == calendar)
            state.place(acts[some], ready[some], work[some], some)
    return np.ascontiguousarray(state.starts.T), np.ascontiguousarray(state.finishes.T)


def parallel(network: Network, priority: NDArray[Any], durations: Ints | None = None) -> tuple[Ints, Ints]:
    """Walk through time and start, by priority, what fits now (Bedworth and Bailey 1982).

    The policy of a planner who decides again in every period and knows nothing of durations to come but those
    of what she starts, which must fit to its end between what already runs.

    Parameters
    ----------
    network : Network
    priority : (A,) array
        Lowest first.
    durations : (N, A) int array, optional

    Returns
    -------
    starts, finishes : (N, A) int arrays
        As of `serial`.
    """
    given = np.ascontiguousarray((network.duration[None] if durations is None else durations).T)
    state = _State(network, given.shape[1])
    by_rank = order(network, np.asarray(priority, np.float64))
    ready = np.repeat(network.release[:, None], given.shape[1], axis=1)
    waiting = np.repeat(
        np.bincount(network.before[:, 1], minlength=len(given))[:, None], given.shape[1], axis=1
    )
    for now in range(network.periods + 1):
        again = True
        while again:
            may = (waiting == 0) & (ready <= now)
            again = False
            open_now = by_rank[may[by_rank].any(axis=1)]
            might = state.might_start(open_now, now, may[open_now], given[open_now])
            for i in np.flatnonzero(might.any(axis=1)).tolist():
                a = int(open_now[i])
                runs = state.start_now(a, now, np.flatnonzero(might[i]), given[a])
                if not len(runs):
                    continue
                waiting[a, runs] = -1
                end = state.finishes[a, runs]
                after, lag = network.successors[a]
                for b, gap in zip(after.tolist(), lag.tolist(), strict=True):
                    waiting[b, runs] -= 1
                    ready[b, runs] = np.maximum(ready[b, runs], end + gap)
                # only a mark lets something else start in the same period
                again = again or bool((end == now).any())
    return np.ascontiguousarray(state.starts.T), np.ascontiguousarray(state.finishes.T)


class _State:
    """What is placed so far, and what is left, in all runs."""

    def __init__(self, network: Network, count: int) -> None:
        self.network, self.runs = network, np.arange(count)
        shape = (len(network.duration), count)
        self.starts, self.finishes = np.full(shape, network.never), np.full(shape, network.never)
        # more room than all activities together hold never binds, so that small numbers do
        held = np.minimum(network.capacity, network.use.sum(axis=0)[:, None])
        small = np.int16 if held.max(initial=0) < 2**15 else np.int64
        self.use = np.minimum(network.use, 2**15 - 1 if small is np.int16 else network.use).astype(small)
        self.room = np.repeat(held.astype(small)[:, :, None], count, axis=2)
        few = np.int32 if network.cumulative.max(initial=0) < 2**31 else np.int64
        self.demand = network.demand.astype(few)
        self.left = np.repeat(network.cumulative.astype(few)[:, :, None], count, axis=2)

    def ready(self, runs: Ints, activity: int) -> Ints:
        """Periods from which on an activity may start by release and precedence, (n,)."""
        before, lag = self.network.predecessors[activity]
        if not len(before):
            return np.full(len(runs), self.network.release[activity])
        done = self.finishes[before] if len(runs) == len(self.runs) else self.finishes[before][:, runs]
        ready: Ints = np.maximum((done + lag[:, None]).max(axis=0), self.network.release[activity])
        return ready

    def place(self, acts: Ints, ready: Ints, work: Ints, runs: Ints | slice) -> None:
        """Place one activity in each of some runs, all of one calendar, at its earliest start."""
        network, never = self.network, self.network.never
        calendar = int(network.calendar[acts[0]])
        use, demand = self.use[acts], self.demand[acts]
        supplies = np.flatnonzero(demand.any(axis=0)).tolist()
        columns = self.runs[runs]
        ready = np.minimum(ready, never)
        for g in supplies:
            ready = np.maximum(ready, self._arrived(g, demand[:, g], columns))
        start, finish = network.clock.place(calendar, ready, work)
        resources = np.flatnonzero(use.any(axis=0)).tolist()
        if resources:
            start, finish = self._search(calendar, resources, use, start, finish, work, runs)
            self._hold(calendar, resources, use, start, finish, runs)
        for g in supplies:
            self._take(g, demand[:, g], start, runs, columns)
        self.starts[acts, columns], self.finishes[acts, columns] = start, finish

    def might_start(self, acts: Ints, now: int, may: Bools, durations: Ints) -> Bools:
        """Which activities find room in period `now` alone, before any of them starts; all (n, N)."""
        last, marks = min(now, self.network.periods - 1), durations == 0
        worked = self.network.calendars[self.network.calendar[acts], last] & (now < self.network.periods)
        may = may & (marks | worked[:, None])
        for r in range(self.use.shape[1]):
            some = np.flatnonzero(self.use[acts, r])
            may[some] &= marks[some] | (self.room[r, last] >= self.use[acts[some], r][:, None])
        for g in range(self.demand.shape[1]):
            some = np.flatnonzero(self.demand[acts, g])
            may[some] &= self.left[g, last] >= self.demand[acts[some], g][:, None]
        return may

    def start_now(self, activity: int, now: int, runs: Ints, durations: Ints) -> Ints:
        """Start an activity in those of the runs in which it fits to its end; which ones."""
        network = self.network
        calendar = int(network.calendar[activity])
        use, demand = self.use[activity], self.demand[activity]
        resources, supplies = np.flatnonzero(use).tolist(), np.flatnonzero(demand).tolist()
        start, finish = network.clock.place(calendar, np.full(len(runs), now), durations[runs])
        fits = finish <= network.periods
        for g in supplies:
            fits &= self.left[g, min(now, network.periods - 1), runs] >= demand[g]
        lines = self._lines(calendar, now, int(finish.max(where=fits, initial=now)))
        held = lines[:, None] < finish
        for r in resources:
            fits &= ((self.room[r][lines[:, None], runs] >= use[r]) | ~held).all(axis=0)
        runs, start, finish, held = runs[fits], start[fits], finish[fits], held[:, fits]
        for r in resources:
            self.room[r][lines[:, None], runs] -= use[r] * held
        for g in supplies:
            self._take(g, np.full(len(runs), demand[g]), start, runs, runs)
        self.starts[activity, runs], self.finishes[activity, runs] = start, finish
        return runs

    def _lines(self, calendar: int, first: int, end: int) -> Ints:
        """Working periods of a calendar from `first` to before `end`."""
        rank = self.network.clock.rank[calendar]
        return self.network.clock.worked[calendar][rank[first] : rank[max(first, end)]]

    def _search(
        self,
        calendar: int,
        resources: list[int],
        use: Small,
        start: Ints,
        finish: Ints,
        work: Ints,
        runs: Ints | slice,
    ) -> tuple[Ints, Ints]:
        """Move starts to the first `work` working periods in a row with room.

        Counted are working periods only. The last one without room is carried along; the first one that lies
        `work` after it ends the search.
        """
        clock, never = self.network.clock, self.network.never
        worked, rank = clock.worked[calendar], clock.rank[calendar]
        blocked = (rank[start] - 1).astype(np.int32)
        found = np.where((work == 0) | (start == never), 0, -1)
        length = work.astype(np.int32)
        at, total = int(blocked[found < 0].min(initial=len(worked))) + 1, len(worked) - 1
        step = max(8, CELLS // len(start))
        while at < total and (found < 0).any():
            some = np.arange(at, min(at + step, total), dtype=np.int32)
            full = np.zeros((len(some), len(start)), np.bool_)
            for r in resources:
                full |= self._rows(r, worked[some], runs) < use[:, r]
            bad = np.maximum.accumulate(
                np.maximum(np.where(full, some[:, None], np.int32(-1)), blocked), axis=0
            )
            done = some[:, None] - bad >= length
            first = done.argmax(axis=0)
            now = (found < 0) & done[first, np.arange(len(start))]
            found[now] = at + first[now] + 1
            blocked = bad[-1]
            at += step
        moved = (work > 0) & (found >= 0) & (start < never)
        lost = (work > 0) & (found < 0)
        new = worked[np.where(moved, found - work, 0)]
        end = worked[np.where(moved, found - 1, 0)] + 1
        start = np.where(moved, new, np.where(lost, never, start))
        return start, np.where(moved, end, np.where(lost, never, finish))

    def _rows(self, r: int, lines: Ints, runs: Ints | slice) -> Small:
        rows: Small = self.room[r, lines]
        return rows if isinstance(runs, slice) else rows[:, runs]

    def _hold(
        self, calendar: int, resources: list[int], use: Small, start: Ints, finish: Ints, runs: Ints | slice
    ) -> None:
        """Take the room of what was placed."""
        inside = start < finish
        if not inside.any():
            return
        lines = self._lines(calendar, int(start[inside].min()), int(finish[inside].max()))
        # a start that is never is after every line
        held = (lines[:, None] >= start) & (lines[:, None] < finish)
        for r in resources:
            if isinstance(runs, slice):
                self.room[r, lines] -= held * use[:, r]
            else:
                self.room[r][lines[:, None], runs] -= held * use[:, r]

    def _arrived(self, g: int, asked: Small, columns: Ints) -> Ints:
        """First periods from which on `asked` may be taken, by bisection; T + 1 where there is none."""
        left, periods = self.left[g], self.network.periods
        low, high = np.zeros(len(columns), np.int64), np.full(len(columns), periods)
        while (low < high).any():
            middle = (low + high) // 2
            enough = left[np.minimum(middle, periods - 1), columns] >= asked
            high = np.where(enough, middle, high)
            low = np.where(enough | (low >= high), low, middle + 1)
        return np.where(asked == 0, 0, np.where(low == periods, self.network.never, low))

    def _take(self, g: int, asked: Small, start: Ints, runs: Ints | slice, columns: Ints) -> None:
        """Take from a supply at `start` and keep `left` the least of what is left from each period on.

        From the start on it falls by `asked`; before, it is at most what is left at the start. As `left`
        never falls in time, both are max(left - asked, min(left, left at the start - asked)).
        """
        asked = np.where(start > self.network.periods, 0, asked).astype(self.left.dtype)
        at = np.minimum(start, self.network.periods - 1)
        whole = isinstance(runs, slice)
        left = self.left[g] if whole else self.left[g][:, runs]
        top = left[at, self.runs if whole else np.arange(len(columns))] - asked
        new = np.maximum(left - asked, np.minimum(left, top))
        self.left[g][:, runs] = np.where(asked > 0, new, left)


def latest_finish(network: Network) -> Ints:
    """Latest finishes (A,) by deadlines and critical path: the rule of Davis and Patterson (1975)."""
    return latest(network, network.deadline)[1]


def weight_for_work(network: Network, weight: Ints) -> Floats:
    """Weight of an activity and all that follows it for each period of its work, the greatest first (A,)."""
    count = len(network.duration)
    follows = np.eye(count, dtype=np.bool_)
    for a in reversed(sequence(network)):
        after = network.successors[a][0]
        follows[a] |= follows[after].any(axis=0)
    return np.asarray(-(follows @ weight) / np.maximum(network.duration, 1))


def best_of(
    network: Network, levels: tuple[Level, ...], seed: int = 0, tries: int = 32, rounds: int = 6
) -> tuple[Ints, Ints] | None:
    """Best of some schedules from disturbed priority rules, pushed to and fro.

    Sampling around priority rules (Kolisch and Hartmann 1999), then rounds of forward-backward improvement
    (Li and Willis 1992) of the best half, each time with the order a little disturbed.

    Parameters
    ----------
    network : Network
    levels : tuple of Level
        The first that differs decides.
    seed : int
    tries : int
        Serial schedules, at least one a rule: latest finish, latest start, and weight for work for each
        weighted level. One parallel schedule a rule comes on top.
    rounds : int
        Times that the best half is pushed to and fro.

    Returns
    -------
    starts, finishes : (A,) int arrays, or None
        None: no try ended within the horizon and the hard deadlines.
    """
    start, finish = latest(network, network.deadline)
    rules = [finish, start] + [weight_for_work(network, v.weight) for v in levels if v.weight is not None]
    ranks = np.stack([np.argsort(np.argsort(rule, kind="stable"), kind="stable") for rule in rules])
    generator = np.random.default_rng(seed)
    chosen = np.arange(max(tries, len(rules))) % len(rules)
    noise = generator.uniform(0.0, NOISE * len(network.duration), (len(chosen), ranks.shape[1]))
    noise[: len(rules)] = 0.0
    tried = [serial(network, ranks[chosen] + noise)] + [parallel(network, rank) for rank in ranks]
    found = _sorted(network, levels, tried)
    for _ in range(rounds):
        half = found[1][: max(1, len(chosen) // 2)]
        half = half[(half <= network.periods).all(axis=1)]
        if not len(half):
            break
        found = _sorted(network, levels, [found, _to_and_fro(network, half, generator)])
    if not network.kept(found[1][0]):
        return None
    return found[0][0], found[1][0]


def _sorted(network: Network, levels: tuple[Level, ...], tried: list[tuple[Ints, Ints]]) -> tuple[Ints, Ints]:
    """Different schedules, the best first; those that are not kept last."""
    starts, finishes = (np.concatenate(each) for each in zip(*tried, strict=True))
    _, first = np.unique(starts, axis=0, return_index=True)
    # lexsort takes its last key first
    keys = np.column_stack((~network.kept(finishes[first]), values(levels, finishes[first])))
    order = first[np.lexsort(keys.T[::-1])]
    return starts[order], finishes[order]


def _to_and_fro(network: Network, finishes: Ints, generator: np.random.Generator) -> tuple[Ints, Ints]:
    """Push schedules (N, A) against their end, last first, and back against the beginning in the new order.

    Backward, supplies and releases do not bind: only the order of that schedule is used.
    """
    periods = network.periods
    mirrored = Network.of(
        network.duration,
        network.calendars[:, ::-1],
        calendar=network.calendar,
        release=np.full(len(network.duration), periods - finishes.max()),
        before=network.before[:, ::-1],
        lag=network.lag,
        use=network.use,
        capacity=network.capacity[:, ::-1],
    )
    width = JITTER * float(network.duration.mean())
    back = serial(mirrored, generator.uniform(0.0, width, finishes.shape) - finishes)[1]
    return serial(network, generator.uniform(0.0, width, finishes.shape) - back)

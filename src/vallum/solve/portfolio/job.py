"""One job of a worker: an anneal that may overspend on the way, or an anneal of exchanges that never does."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np

from vallum.solve.portfolio.arrays import Guide, case_of, move_of, options_of, plan_of, state_of
from vallum.solve.portfolio.compiled import Small
from vallum.solve.portfolio.exchange import exchange
from vallum.solve.portfolio.kernel import anneal
from vallum.solve.portfolio.problem import Ints, Portfolio

__all__ = ["EXCHANGE_MOVES", "Job", "Kind", "Progress", "run"]

Kind = Literal["anneal", "exchange"]

#: Moves of an anneal that take as long as one of the exchange.
EXCHANGE_MOVES = 100
#: Moves between two looks at the clock, the temperature and the best plan.
ANNEAL_STRIDE, EXCHANGE_STRIDE = 10_000, 250
#: Temperatures at the end, in units of `Guide.unit`.
ANNEAL_COLD, EXCHANGE_COLD = 2.0, 1.0
#: Factor on the prices of overspending: slowly up to `FIRM` until `TURN` of the way, then quickly to `HARD`.
FIRM, HARD, TURN = 3.0, 300.0, 0.7
#: Loss, in units, of the options of an exchange, and most that an exchange may lose in priced gain.
EXCHANGE_LOSS, CUT = 20.0, 8.0
#: Moves for which an exchanged project rests.
TENURE = 300


@dataclass(frozen=True, slots=True)
class Job:
    """What a worker is to do.

    Attributes
    ----------
    kind : str
        "anneal": from any plan that keeps prerequisites and exclusions. "exchange": from one that keeps
        all rules.
    start : (n,) int array
    seed : int
    hot : float
        First temperature, in units of `Guide.unit`.
    loss : float
        Largest loss of an anneal's candidate starts, in units.
    soft : float
        First factor on an anneal's prices of overspending.
    moves : int or None
        Length, in moves of an anneal; None: by the clock.
    seconds : float
        Length, when there are no moves.
    """

    kind: Kind
    start: Ints
    seed: int
    hot: float
    loss: float = EXCHANGE_LOSS
    soft: float = 1.1
    moves: int | None = None
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Progress:
    """Best plan of a job until now; its value is below 0 as long as no plan fits."""

    value: float
    start: Ints
    moves: int
    done: bool


def run(problem: Portfolio, guide: Guide, job: Job) -> Iterator[Progress]:
    """Do a job: tells each better plan, and at last the best with `done`."""
    unit = guide.unit(problem)
    if job.kind == "anneal":
        case = case_of(problem, guide.loss <= job.loss * unit, guide)
        state, move = state_of(problem, job.start, case.weight, job.seed), move_of(problem)

        def go(share: float, moves: int) -> float:
            heat = _between(job.hot, ANNEAL_COLD, share) * unit
            anneal(case, state, move, heat, _factor(job.soft, share), moves)
            return float(state.numbers[2])

        if not len(case.pick_project):
            return iter([Progress(float(state.numbers[2]), state.best.astype(np.int64), 0, done=True)])
        return _strides(job, job.moves, ANNEAL_STRIDE, go, state.best)
    options = options_of(problem, EXCHANGE_LOSS * unit, guide, job.start)
    plan = plan_of(problem, options, job.start, job.seed)

    def swap(share: float, moves: int) -> float:
        exchange(options, plan, _between(job.hot, EXCHANGE_COLD, share) * unit, CUT * unit, TENURE, moves)
        return float(plan.numbers[1])

    moves = None if job.moves is None else max(1, job.moves // EXCHANGE_MOVES)
    return _strides(job, moves, EXCHANGE_STRIDE, swap, plan.best)


def _strides(
    job: Job, moves: int | None, stride: int, go: Callable[[float, int], float], best: Small
) -> Iterator[Progress]:
    began, done, told = time.perf_counter(), 0, -1.0
    share = 0.0
    while share < 1.0:
        step = stride if moves is None else min(stride, moves - done)
        value = go(share, step)
        done += step
        share = done / moves if moves is not None else (time.perf_counter() - began) / max(job.seconds, 1e-9)
        if value > told:
            told = value
            yield Progress(value, best.astype(np.int64), done, done=False)
    yield Progress(told, best.astype(np.int64), done, done=True)


def _between(low: float, high: float, share: float) -> float:
    return float(low * (high / low) ** min(1.0, share))


def _factor(soft: float, share: float) -> float:
    if share < TURN:
        return _between(soft, FIRM, share / TURN)
    return _between(FIRM, HARD, (share - TURN) / (1.0 - TURN))

"""Local search: take a few units away that lie near one another, buy again, keep what is better."""

from collections.abc import Callable

import numpy as np

from vallum.solve.covering.greedy import NOTHING, fill
from vallum.solve.covering.problem import Floats, Ints
from vallum.solve.covering.state import State

__all__ = ["search"]

#: Most units that one step takes away, and how far the noise of the gains reaches.
RUIN = 8
NOISE = 0.3
#: How far, as a share, a siting that is worked on may lie below the best one.
SLACK = 0.002


def search(
    state: State,
    price: Floats,
    more: Callable[[], bool],
    seed: int,
    improved: Callable[[Ints, float], None],
) -> None:
    """Ruin and recreate (Schrimpf and others 2000) from the units of a state, while `more` says so.

    Parameters
    ----------
    state : State
        Is changed.
    price : (options,) array
        Above 0; gains are weighed against it.
    more : callable() -> bool
    seed : int
    improved : callable(x, value)
        Called with each better siting.
    """
    generator = np.random.default_rng(seed)
    best = state.value
    kept = state.x.copy()
    while more():
        standing = np.flatnonzero(state.x)
        if not len(standing):
            return
        before, was = state.x.copy(), state.value
        dropped = _ruin(state, standing, generator)
        noise = np.exp(generator.normal(0.0, NOISE * generator.random(), state.problem.options))
        without = dropped[0] if generator.random() < 0.5 else -1
        weigh = price if generator.random() < 0.8 else np.ones_like(price)
        fill(state, weigh, noise, without)
        if without >= 0:
            fill(state, weigh)
        if state.value > best + NOTHING:
            best, kept = state.value, state.x.copy()
            improved(kept, best)
        elif state.value < min(was, best * (1.0 - SLACK)) - NOTHING:
            _return(state, before)


def _ruin(state: State, standing: Ints, generator: np.random.Generator) -> list[int]:
    """Take units away: one at random and some that cover what it covers, or all at random."""
    units = int(state.x.sum())
    many = int(generator.integers(1, min(RUIN, units) + 1))
    first = int(generator.choice(standing))
    dropped = [first]
    state.step(first, -1)
    if many > 1:
        weight = np.full(len(standing), 1e-3)
        if generator.random() < 0.7:
            weight = weight + state.near(first)[standing]
        weight = weight * (state.x[standing] > 0)
        many = min(many - 1, int((weight > 0).sum()))
        if many:
            for option in generator.choice(standing, many, replace=False, p=weight / weight.sum()).tolist():
                state.step(option, -1)
                dropped.append(option)
    return dropped


def _return(state: State, x: Ints) -> None:
    """Go back to earlier units."""
    for option in np.flatnonzero(state.x != x).tolist():
        state.step(option, int(x[option] - state.x[option]))

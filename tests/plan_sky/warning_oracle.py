"""The chain from a track to an alert in plain loops, written from the description of `warn` alone."""

import math
from collections.abc import Sequence

import numpy as np

from vallum.core.ranges import uniform
from vallum.model.siting import Place
from vallum.plan.sky.delays import Delays
from vallum.plan.sky.tracks import Tracks

INF = math.inf


def drawn(delays: Delays, step: str, state: str, chance: float, to: str = "") -> float:
    """A triangular draw of the row that fits best, by bisection of the distribution."""
    keys = [(step, state, to), (step, state, ""), (step, "", to), (step, "", "")]
    span = next(delays.rows[key] for key in keys if key in delays.rows)
    low, high = span.low, span.high
    for _ in range(200):
        x = (low + high) / 2
        if x <= span.mode and span.mode > span.low:
            below = (x - span.low) ** 2 / ((span.high - span.low) * (span.mode - span.low))
        elif x < span.high:
            below = 1 - (span.high - x) ** 2 / ((span.high - span.low) * (span.high - span.mode))
        else:
            below = 1.0
        low, high = (x, high) if below < chance else (low, x)
    return (low + high) / 2


def sights(
    tracks: Tracks, t: int, cover: np.ndarray, able: np.ndarray, part: np.ndarray
) -> dict[str, list[float]]:
    """First sight of one track by state, a list of kinds."""
    first = {state: [INF] * len(able) for state in tracks.states}
    for w in np.flatnonzero(tracks.watched.track == t):
        for s, state in enumerate(tracks.states):
            for c in np.flatnonzero(able):
                if part[w, c] < cover[s, tracks.watched.place[w], tracks.band[t], c]:
                    first[state][c] = min(first[state][c], tracks.watched.minutes[w])
    return first


def minutes(
    tracks: Tracks,
    places: Sequence[Place],
    cover: np.ndarray,
    seen: np.ndarray,
    needed: int,
    delays: Delays,
    left_out: float,
) -> list[float]:
    """Minutes of warning of each entry of `reached`."""
    number, kinds, states = len(tracks.sector), seen.shape[0], tracks.states
    able = uniform(tracks.seed, "able", number, kinds)
    part = uniform(tracks.seed, "part", len(tracks.watched.track), kinds)
    out = uniform(tracks.seed, "left out", len(tracks.reached.track), 1)
    found = []
    for entry, (t, j, arrives) in enumerate(
        zip(tracks.reached.track, tracks.reached.place, tracks.reached.minutes, strict=True)
    ):

        def step(name: str, state: str, to: str = "", *, at: float = 0.0, t: int = t) -> float:
            chance = uniform(tracks.seed, f"step {name}", number, 1)[t, 0]
            return at + drawn(delays, name, state, chance, to)

        home, mine = states[tracks.home[t]], places[j].state
        first = sights(tracks, t, cover, able[t] < seen[:, tracks.band[t]], part)
        if delays.alerting == "joint":
            first[home] = [min(column) for column in zip(*first.values(), strict=True)]
        decided = {}
        for s, state in enumerate(states):
            by_time = sorted(first[state])
            sure = step("report", state, at=tracks.entered[s, t])
            if kinds:
                sure = min(sure, step("confirm", state, at=by_time[0]))
            if kinds >= needed:
                sure = min(sure, by_time[needed - 1])
            decided[state] = step("decide", state, at=sure)
        alert = min([decided[mine], *(step("seam", s, mine, at=decided[s]) for s in states if s != mine)])
        alert = step("broadcast", mine, at=step("compose", mine, at=alert))
        if delays.alerting == "today" and out[entry, 0] < left_out:
            others = [
                tracks.reached.minutes[e]
                for e in range(len(tracks.reached.track))
                if tracks.reached.track[e] == t and places[tracks.reached.place[e]].state == mine
            ]
            if arrives > min(others):
                alert = step("late", mine, at=alert)
        found.append(arrives - alert)
    return found

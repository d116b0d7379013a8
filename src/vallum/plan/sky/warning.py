"""From tracks to alerts: who sees a track first, who decides, and when telephones ring.

All draws belong to the tracks and not to what is tried with them (common random numbers), so that two
variants differ by what was changed alone. States share the draw of a step of a track: a hard night is hard
for all.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from vallum.core.ranges import uniform
from vallum.model.siting import Place
from vallum.model.siting.problem import BoolArray, FloatArray, IntArray
from vallum.plan.sky.delays import Delays
from vallum.plan.sky.tracks import Tracks

__all__ = ["Warned", "confirmed", "decided", "sights", "warn"]


@dataclass(frozen=True, slots=True, eq=False)
class Warned:
    """Alerts of tracks, one for each entry of `Tracks.reached`.

    Attributes
    ----------
    alert : (passes,) array
        Minutes from the crossing until telephones ring.
    minutes : (passes,) array
        From then until the track arrives; negative if it comes first.
    """

    alert: FloatArray
    minutes: FloatArray


def warn(
    tracks: Tracks,
    places: Sequence[Place],
    cover: FloatArray,
    seen: FloatArray,
    needed: int,
    delays: Delays,
    *,
    left_out: float,
) -> Warned:
    """Follow each track from the crossing to the alert of everyone it passes.

    Parameters
    ----------
    tracks : Tracks
    places : sequence of Place
    cover : (states, places, bands, kinds) array
        Share of each place that the sensors cover whose picture a state sees, 0..1.
    seen : (kinds, bands) array
        Probability that a kind sees a track within its reach.
    needed : int
        Kinds that confirm a track.
    delays : Delays
        As alerting is done; joint alerting of them has one picture and one alert area.
    left_out : float
        Today: probability that a municipality is left out of the first alert.

    Returns
    -------
    Warned

    Notes
    -----
    1. A kind sees a track at all, or not, for its whole flight; if it does, from the first place where the
       path runs through the covered part.
    2. A state is sure of a track when as many kinds as are needed have seen it, or `confirm` after the first,
       or `report` after the track came over its ground (the crossing, for the state of the crossed sector).
    3. It decides `decide` later. It may act on the decision of another state instead, `seam` after that one;
       what it was told it does not pass on.
    4. Alert = decision + compose + broadcast. Today, each municipality but the first that the track comes to
       in its state is left out with the probability `left_out` and waits `late` more.

    Joint alerting has one picture: the state of the crossed sector decides on what any state's sensors saw,
    and one area along the track, so nobody is left out. The others act on that decision, or on their own
    view if that is earlier.
    """
    first = sights(tracks, cover, seen)
    if delays.alerting == "joint":
        alone = np.arange(len(tracks.sector))
        first[tracks.home, alone] = first.min(axis=0)
    report = tracks.entered + delays.minutes("report", tracks.states, _chance(tracks, "report"))
    confirm = delays.minutes("confirm", tracks.states, _chance(tracks, "confirm"))
    sure = np.minimum(confirmed(first, needed, confirm), report)
    state = _states(tracks, places)
    alert = _alerts(tracks, sure, delays)[state, tracks.reached.track]
    if delays.alerting == "today":
        late = delays.minutes("late", tracks.states, _chance(tracks, "late"))
        alert = alert + np.where(_left_out(tracks, state, left_out), late[state, tracks.reached.track], 0.0)
    return Warned(alert, tracks.reached.minutes - alert)


def _chance(tracks: Tracks, step: str) -> FloatArray:
    """Return the draws of a step, one for each track."""
    return uniform(tracks.seed, f"step {step}", len(tracks.sector), 1)[:, 0]


def sights(tracks: Tracks, cover: FloatArray, seen: FloatArray) -> FloatArray:
    """Return minutes from the crossing until each state's sensors of a kind see a track; inf for never.

    Parameters
    ----------
    tracks : Tracks
    cover : (states, places, bands, kinds) array
    seen : (kinds, bands) array

    Returns
    -------
    (states, tracks, kinds) array
    """
    watched, kinds = tracks.watched, seen.shape[0]
    able = uniform(tracks.seed, "able", len(tracks.sector), kinds) < seen.T[tracks.band]
    part = uniform(tracks.seed, "part", len(watched.track), kinds)
    band = tracks.band[watched.track]
    # Every track has an entry, its sector, so no run of entries is empty.
    begins = np.searchsorted(watched.track, np.arange(len(tracks.sector)))
    found = np.empty((cover.shape[0], len(tracks.sector), kinds))
    for i, picture in enumerate(cover):
        sees = able[watched.track] & (part < picture[watched.place, band])
        found[i] = np.minimum.reduceat(np.where(sees, watched.minutes[:, None], np.inf), begins, axis=0)
    return found


def confirmed(first: FloatArray, needed: int, confirm: FloatArray) -> FloatArray:
    """Return when sensors are sure of a track: enough kinds have seen it, or `confirm` after the first.

    Parameters
    ----------
    first : (states, tracks, kinds) array
        First sight by kind; inf for never.
    needed : int
        Kinds that confirm.
    confirm : (states, tracks) array

    Returns
    -------
    (states, tracks) array
        inf where nothing sees it.
    """
    order = np.sort(first, axis=2)
    if not order.shape[2]:
        return np.full(confirm.shape, np.inf)
    once = order[:, :, 0] + confirm
    return np.minimum(once, order[:, :, needed - 1]) if needed <= order.shape[2] else once


def decided(sure: FloatArray, decide: FloatArray, seams: FloatArray) -> FloatArray:
    """Return when each state decides: by itself, or `seams` after another that decided by itself.

    Parameters
    ----------
    sure, decide : (states, tracks) arrays
    seams : (from, to, tracks) array

    Returns
    -------
    (states, tracks) array
    """
    earliest: FloatArray = np.min((sure + decide)[:, None] + seams, axis=0)
    return earliest


def _alerts(tracks: Tracks, sure: FloatArray, delays: Delays) -> FloatArray:
    """Alert of each state, (states, tracks), for those who are not left out."""
    decide, compose, broadcast = (
        delays.minutes(step, tracks.states, _chance(tracks, step))
        for step in ("decide", "compose", "broadcast")
    )
    seams = delays.seams(tracks.states, _chance(tracks, "seam"))
    return decided(sure, decide, seams) + compose + broadcast


def _left_out(tracks: Tracks, state: IntArray, probability: float) -> BoolArray:
    """Whether the first alert leaves out an entry of `reached`; never the first of a state."""
    reached = tracks.reached
    earliest = np.full((len(tracks.states), len(tracks.sector)), np.inf)
    np.minimum.at(earliest, (state, reached.track), reached.minutes)
    later = reached.minutes > earliest[state, reached.track]
    return later & (uniform(tracks.seed, "left out", len(reached.track), 1)[:, 0] < probability)


def _states(tracks: Tracks, places: Sequence[Place]) -> IntArray:
    """State of each entry of `reached`."""
    index = {state: i for i, state in enumerate(tracks.states)}
    return np.array([index[place.state] for place in places], dtype=np.int64)[tracks.reached.place]

"""A siting as a problem of maximal covering: weights of the rows, and who may pay for what."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from vallum.core.errors import BadInput
from vallum.model.siting.problem import BoolArray, FloatArray, IntArray, Purse, Siting
from vallum.solve.covering import Cover
from vallum.solve.covering.problem import ROUNDING

MOST_PURSES = 12
"""Every set of purses is a row of the problem, so there may not be many."""


@dataclass(frozen=True, slots=True)
class Money:
    """Purses with what they hold.

    Attributes
    ----------
    purses : tuple of Purse
    meur : (purses,) array
        EUR million.
    """

    purses: tuple[Purse, ...]
    meur: FloatArray

    def times(self, factor: float) -> "Money":
        """Return the same purses with a part of their money."""
        return Money(self.purses, factor * self.meur)


def money(siting: Siting, budget_meur: float, state: str = "") -> Money:
    """Share a budget out.

    Parameters
    ----------
    siting : Siting
    budget_meur : float
        EUR million, for all states.
    state : str
        The state that is alone: it has its own purses and a part of the common ones, as its own are to all
        that states have. Empty: all states together.

    Raises
    ------
    BadInput
        If the budget is not above 0, or there are too many purses.
    """
    if not budget_meur > 0.0:
        raise BadInput(
            f"The budget is {budget_meur:g}, so there is nothing to buy sensors with",
            where="--budget",
            rule="budget",
            remedy="Give a budget above 0, in EUR million.",
        )
    if len(siting.purses) > MOST_PURSES:
        raise BadInput(
            f"There are {len(siting.purses)} purses, and at most {MOST_PURSES} can be planned with",
            where="sky_purses.csv",
            rule="purses",
            remedy="Put purses that pay for the same together.",
        )
    if not state:
        return Money(siting.purses, budget_meur * np.array([purse.part for purse in siting.purses]))
    national = sum(purse.part for purse in siting.purses if purse.state)
    mine = sum(purse.part for purse in siting.purses if purse.state == state)
    of_common = mine / national if national else 1.0 / len(siting.states)
    held = [purse for purse in siting.purses if purse.state in ("", state)]
    parts = [purse.part * (1.0 if purse.state else of_common) for purse in held]
    return Money(tuple(held), budget_meur * np.array(parts))


def service(siting: Siting) -> FloatArray:
    """Return what one unit of each option costs for the years of service, EUR million."""
    years = siting.settings["service_years"]
    return np.array([kind.service_meur(years) for kind in siting.types])[siting.may.type]


def weights(siting: Siting, state: str = "") -> FloatArray:
    """Return the weight of each row of `Siting.share` for the people of a state, or of all.

    Sectors count by length and by the people behind them, and all together `1 - inland_part`; every other
    place by its people, and all together `inland_part`. All weights of all states sum to 1.
    """
    length = np.array([place.length_km if place.what == "sector" else 1.0 for place in siting.places])
    raw = length[:, None] * siting.behind
    border = np.array([place.what == "sector" for place in siting.places])
    inland = siting.settings["inland_part"]
    both = raw[border].sum() > 0.0 and raw[~border].sum() > 0.0
    scaled = np.zeros_like(raw)
    for group, part in ((border, 1.0 - inland), (~border, inland)):
        total = raw[group].sum()
        if total > 0.0:
            scaled[group] = raw[group] / total * (part if both else 1.0)
    chosen = scaled.sum(axis=1) if not state else scaled[:, siting.states.index(state)]
    bands = np.array([band.part for band in siting.bands])
    return np.outer(chosen, bands / bands.sum()).ravel()


def covering(siting: Siting, held: Money, state: str = "") -> Cover:
    """Return the problem of a state that is alone, or of all together.

    Notes
    -----
    Purses can pay for a set of purchases if and only if, for every set of purses, what only they can pay
    costs no more than they hold (Gale 1957, A theorem on flows in networks).
    """
    payers = _payers(siting, held.purses)
    most = np.where(payers.any(axis=1), siting.may.most, 0)
    if state:
        home = np.array([site.state == state for site in siting.sites])
        most = np.where(home[siting.may.place], most, 0)
    kinds = {kind.key: place for place, kind in enumerate(siting.kinds)}
    depth = int(siting.settings["kinds_needed"])
    spend, budget = _rows(payers, most > 0, held.meur)
    sight = np.array([kind.seen for kind in siting.kinds]).T
    return Cover(
        share=siting.share,
        kind=np.array([kinds[kind.kind] for kind in siting.types], np.int64)[siting.may.type],
        sight=np.tile(sight, (len(siting.places), 1)),
        weight=weights(siting, state),
        depth=np.full(depth, 1.0 / depth),
        most=most.astype(np.int64),
        cost=service(siting),
        spend=spend,
        budget=budget,
    )


def _payers(siting: Siting, purses: Iterable[Purse]) -> BoolArray:
    """Tell which purses may pay for which options, shape (options, purses)."""
    states = np.array([site.state for site in siting.sites])[siting.may.place]
    kinds = np.array([kind.kind for kind in siting.types])[siting.may.type]
    found = [
        ((states == purse.state) | (not purse.state))
        & (np.isin(kinds, list(purse.kinds)) | (not purse.kinds))
        for purse in purses
    ]
    return np.array(found, bool).reshape(len(found), len(states)).T


def _rows(payers: BoolArray, wanted: BoolArray, meur: FloatArray) -> tuple[BoolArray, FloatArray]:
    """Return what each set of purses must pay alone, and what it holds; of equal rows the tightest."""
    found: dict[bytes, tuple[BoolArray, float]] = {}
    number = payers.shape[1]
    for size in range(1, number + 1):
        for chosen in combinations(range(number), size):
            others = np.setdiff1d(np.arange(number), chosen)
            alone = wanted & ~payers[:, others].any(axis=1)
            if alone.any():
                key, holds = alone.tobytes(), float(meur[list(chosen)].sum())
                if key not in found or holds < found[key][1]:
                    found[key] = alone, holds
    if not found:
        return np.zeros((0, len(payers)), bool), np.zeros(0)
    rows, budget = zip(*found.values(), strict=True)
    return np.array(rows), np.array(budget)


def payments(siting: Siting, held: Money, units: IntArray) -> FloatArray:
    """Return what each purse pays for some units, EUR million; narrow purses pay first.

    Raises
    ------
    ValueError
        If the purses cannot pay: a fault of the caller.
    """
    from scipy.optimize import linprog

    payers = _payers(siting, held.purses)
    if not payers.any():
        return np.zeros(len(held.purses))
    spent = service(siting) * units
    groups, of_option = np.unique(payers, axis=0, return_inverse=True)
    due = np.bincount(of_option.ravel(), weights=spent, minlength=len(groups))
    pairs = np.argwhere(groups)
    breadth = payers.sum(axis=0)[pairs[:, 1]].astype(float)
    pays = np.zeros((len(groups), len(pairs)))
    pays[pairs[:, 0], np.arange(len(pairs))] = 1.0
    holds = np.zeros((len(held.purses), len(pairs)))
    holds[pairs[:, 1], np.arange(len(pairs))] = 1.0
    # as little above what they hold as a siting may cost
    most = held.meur + ROUNDING * np.maximum(1.0, held.meur)
    found = linprog(breadth, A_ub=holds, b_ub=most, A_eq=pays, b_eq=due)
    if found.x is None:
        raise ValueError(found.message)
    paid: FloatArray = np.minimum(holds @ found.x, held.meur)
    return paid

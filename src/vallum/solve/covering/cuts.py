"""Cuts of Nemhauser and Wolsey (1981): what a row is worth, seen from a siting s.

For a nondecreasing f whose gains only fall as units are added (diminishing returns on the whole numbers; Soma
and Yoshida 2018) and any siting s, every siting x has

    f(x) <= f(s) + sum over units u outside s of b_u (gain of u when it is added to s and to the units of its
    own option before it),

with b_u = 1 for the units of x. It holds for the cover of one row by one kind, min(1, sum share x), and for
the worth of a row; it is exact at s, so that a siting that was found to be worth less is cut off.
"""

from dataclasses import dataclass

import numpy as np
from scipy.sparse import coo_array, csr_array, vstack

from vallum.solve.covering.problem import Bools, Floats, Ints, Matrix
from vallum.solve.covering.tables import slopes
from vallum.solve.covering.units import Units

__all__ = ["THRESHOLDS", "Cuts", "separate"]

#: A unit belongs to s when its fraction is above one of these.
THRESHOLDS = (0.9, 0.7, 0.5, 0.3, 0.1, 1e-6)
#: Violation, as a share of all weight, below which a cut is not worth its row, and most cuts at once.
VIOLATED = 1e-9
MOST_CUTS = 3_000


@dataclass(frozen=True, slots=True)
class Cuts:
    """Rows over units and states (all sets but the empty one, by row): matrix @ columns <= limit."""

    matrix: Matrix
    limit: Floats

    @property
    def count(self) -> int:
        """Number of rows."""
        return len(self.limit)

    def join(self, other: "Cuts") -> "Cuts":
        """These and others."""
        return Cuts(csr_array(vstack([self.matrix, other.matrix])), np.concatenate((self.limit, other.limit)))

    def some(self, kept: Ints) -> "Cuts":
        """A part of them."""
        return Cuts(csr_array(self.matrix[kept]), self.limit[kept])


@dataclass(frozen=True, slots=True)
class _Seen:
    """Cuts from one siting, one for each of some rows: limit, gain of each entry of the cover, violation."""

    limit: Floats
    gain: Floats
    violation: Floats


def separate(units: Units, part: Floats, theta: Floats, thresholds: tuple[float, ...] = THRESHOLDS) -> Cuts:
    """Cuts that a point breaks: for each row and kind, and for each row and case, at most one.

    Parameters
    ----------
    units : Units
    part : (units,) array
        Fractions of the units.
    theta : (rows, 2^C - 1) array
        Mixture of the sets but the empty one.
    thresholds : tuple of float
        Each makes a siting of the units whose fraction is above it.
    """
    worth, kinds = units.box.worth, units.box.kinds
    sets = np.arange(1, worth.shape[2])
    member = (sets[:, None] >> np.arange(kinds) & 1).astype(np.float64)
    owner = np.repeat(np.arange(units.cover.shape[0]), np.diff(units.cover.indptr))
    looks = [_look(units, part > threshold, owner) for threshold in thresholds]
    by_kind = [_of_kinds(y, more, theta @ member, part, units) for y, more in looks]
    weight = np.repeat(worth.max(axis=(0, 2)), kinds)
    found = [_worst(by_kind, member[None].repeat(len(theta), 0).transpose(0, 2, 1), owner, units, weight)]
    for case in worth:
        by_row = [
            _of_rows(y, more, (case[:, 1:] * theta).sum(axis=1), part, units, case) for y, more in looks
        ]
        found.append(_worst(by_row, case[:, None, 1:], owner // kinds, units, np.ones(len(theta))))
    violation = np.concatenate([one[1] for one in found])
    cuts = found[0][0]
    for other, _ in found[1:]:
        cuts = cuts.join(other)
    kept = np.argsort(-violation, kind="stable")[:MOST_CUTS]
    return cuts.some(np.sort(kept))


def _look(units: Units, inside: Bools, owner: Ints) -> tuple[Floats, Floats]:
    """Cover by some units, (rows, C), and what each entry of those outside adds to it alone."""
    load = units.cover @ inside.astype(np.float64)
    standing = np.bincount(units.option[inside], minlength=len(units.most))
    unit = units.cover.indices
    before = (units.level - standing[units.option])[unit] * units.plain
    more = np.clip(1.0 - load[owner] - before, 0.0, units.plain)
    return np.minimum(1.0, load).reshape(-1, units.box.kinds), np.where(inside[unit], 0.0, more)


def _of_kinds(y: Floats, more: Floats, served: Floats, part: Floats, units: Units) -> _Seen:
    """Cuts on the cover of every row by every kind."""
    return _Seen(y.ravel(), more, served.ravel() - y.ravel() - _against(units, more, part))


def _of_rows(y: Floats, more: Floats, held: Floats, part: Floats, units: Units, case: Floats) -> _Seen:
    """Cuts on the worth of every row in one case."""
    (limit,), (slope,) = slopes(case[None], y)
    gain = np.repeat(slope.ravel(), np.diff(units.cover.indptr)) * more
    return _Seen(limit, gain, held - limit - _against(units, gain, part).reshape(y.shape).sum(axis=1))


def _against(units: Units, gain: Floats, part: Floats) -> Floats:
    """What the fractions of the units outside add to the limits."""
    spread = csr_array((gain, units.cover.indices, units.cover.indptr), shape=units.cover.shape)
    return np.asarray(spread @ part)


def _worst(
    seen: list[_Seen], ahead: Floats, owner: Ints, units: Units, weight: Floats
) -> tuple[Cuts, Floats]:
    """The most broken cut of each row, and by how much worth.

    Parameters
    ----------
    seen : list of _Seen
        Of each threshold.
    ahead : (rows, cuts of a row, 2^C - 1) array
        What stands before theta.
    owner : (entries,) int array
        Cut that each entry of the cover belongs to.
    """
    violation = np.stack([one.violation for one in seen]) * weight
    which, most = violation.argmax(axis=0), violation.max(axis=0, initial=0.0)
    broken = np.flatnonzero(most > VIOLATED)
    place = np.full(violation.shape[1], -1)
    place[broken] = np.arange(len(broken))
    entries = np.flatnonzero(place[owner] >= 0)
    gain = np.stack([one.gain for one in seen])[which[owner[entries]], entries]
    per_row, states = ahead.shape[1:]
    row = broken // per_row
    columns = units.count + row[:, None] * states + np.arange(states)
    matrix = csr_array(
        coo_array(
            (
                np.concatenate((ahead[row, broken % per_row].ravel(), -gain)),
                (
                    np.concatenate((np.repeat(np.arange(len(broken)), states), place[owner[entries]])),
                    np.concatenate((columns.ravel(), units.cover.indices[entries])),
                ),
            ),
            shape=(len(broken), units.count + len(ahead) * states),
        )
    )
    matrix.eliminate_zeros()
    limit = np.stack([one.limit for one in seen])[which[broken], broken]
    return Cuts(matrix, limit), most[broken]

"""What is to be covered: rows, options of several kinds, budgets, and what a siting is worth."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

__all__ = ["MOST_KINDS", "Cover", "Rows", "rows", "value"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
Matrix = csr_array[Any, tuple[int, int]]

#: The bound looks at every set of kinds, so that its size doubles with each.
MOST_KINDS = 6
#: Share of a budget by which a sum of costs may seem to exceed it, for the rounding of decimals.
ROUNDING = 1e-9


@dataclass(frozen=True, slots=True)
class Cover:
    """Maximal covering by several kinds of facilities that fail independently.

    One unit of an option covers a share of each row. Cover by kind c is y = min(1, sum of share x); the kind
    serves the row with probability sight y, independently of other kinds. A row is worth its weight times the
    sum over m of depth_m P(at least m kinds serve it). With one kind, sight 1, depth (1,) and shares 0 or 1
    this is the maximal covering problem of Church and ReVelle (1974); a second depth counts backup coverage
    (Hogan and ReVelle 1986); sight below 1 makes it expected coverage (Daskin 1983).

    Parameters
    ----------
    share : (rows, options) csr_array
        At least 0: share of a row that one unit of an option covers.
    kind : (options,) int array
        Kind of each option, 0 .. C - 1.
    sight : (rows, C) array
        Probability that a kind serves a row that it covers wholly.
    weight : (rows,) array
        At least 0, on any scale.
    depth : (k,) array
        At least 0, nonincreasing: weight of "at least m kinds serve it", m = 1 .. k.
    most : (options,) int array
        Greatest number of units.
    cost : (options,) array
        Above 0, of one unit.
    spend : (R, options) bool array
        Options whose cost counts towards each budget.
    budget : (R,) array
        At least 0.
    lost : tuple of int
        Where given, a siting is worth the least of its values with one of these kinds out of service.

    Raises
    ------
    ValueError
        Shapes that do not fit or numbers out of range: a fault of the caller.
    """

    share: Matrix
    kind: Ints
    sight: Floats
    weight: Floats
    depth: Floats
    most: Ints
    cost: Floats
    spend: Bools
    budget: Floats
    lost: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        share = csr_array(self.share.astype(np.float64), copy=True)
        share.sum_duplicates()
        share.eliminate_zeros()
        share.sort_indices()
        spend = self.spend.toarray() if hasattr(self.spend, "toarray") else self.spend
        fields = {
            "share": share,
            "kind": np.asarray(self.kind, np.int64),
            "sight": np.asarray(self.sight, np.float64),
            "weight": np.asarray(self.weight, np.float64),
            "depth": np.asarray(self.depth, np.float64),
            "most": np.asarray(self.most, np.int64),
            "cost": np.asarray(self.cost, np.float64),
            "spend": np.asarray(spend, np.bool_),
            "budget": np.asarray(self.budget, np.float64),
            "lost": tuple(int(c) for c in self.lost),
        }
        for name, array in fields.items():
            object.__setattr__(self, name, array)
        self._check_shapes()
        self._check_numbers()

    def _check_shapes(self) -> None:
        height, width = self.share.shape
        expected = {
            "kind": (width,),
            "sight": (height, self.sight.shape[-1]),
            "weight": (height,),
            "depth": (len(self.depth),),
            "most": (width,),
            "cost": (width,),
            "spend": (len(self.budget), width),
            "budget": (len(self.budget),),
        }
        for name, shape in expected.items():
            found = getattr(self, name).shape
            if found != shape:
                raise ValueError(f"{name} has shape {found} and should have {shape}")
        if not 1 <= self.kinds <= MOST_KINDS:
            raise ValueError(f"there are {self.kinds} kinds and may be 1 to {MOST_KINDS}")

    def _check_numbers(self) -> None:
        good = {
            "share": np.isfinite(self.share.data) & (self.share.data >= 0),
            "kind": (self.kind >= 0) & (self.kind < self.kinds),
            "sight": (self.sight >= 0) & (self.sight <= 1),
            "weight": np.isfinite(self.weight) & (self.weight >= 0),
            "depth": np.isfinite(self.depth) & (self.depth >= 0) & (np.diff(self.depth, append=0.0) <= 0),
            "most": self.most >= 0,
            "cost": np.isfinite(self.cost) & (self.cost > 0),
            "budget": np.isfinite(self.budget) & (self.budget >= 0),
            "lost": np.isin(np.array(self.lost, np.int64), np.arange(self.kinds)),
        }
        for name, mask in good.items():
            if not mask.all():
                raise ValueError(f"{name} has a number that is out of range, at {np.argmin(mask)}")

    @property
    def kinds(self) -> int:
        """Number of kinds, C."""
        return int(self.sight.shape[1])

    @property
    def options(self) -> int:
        """Number of options."""
        return int(self.share.shape[1])

    def ceiling(self) -> Floats:
        """What may be spent of each budget: a hair above it, (R,)."""
        return np.asarray(self.budget + ROUNDING * np.maximum(1.0, self.budget))

    def fits(self, x: Ints) -> bool:
        """Whether units are whole numbers within `most` and the budgets."""
        return bool(
            (x >= 0).all()
            and (x <= self.most).all()
            and (self.spend @ (self.cost * x) <= self.ceiling()).all()
        )


@dataclass(frozen=True, slots=True)
class Rows:
    """What a siting does for each row.

    Attributes
    ----------
    y : (rows, C) array
        Cover by each kind.
    seen : (rows, k) array
        Probability that at least 1, 2, .. k kinds serve it.
    """

    y: Floats
    seen: Floats


def rows(problem: Cover, x: Ints) -> Rows:
    """Cover of every row, and how many kinds serve it: a Poisson-binomial count.

    Parameters
    ----------
    problem : Cover
    x : (options,) int array
    """
    y = np.column_stack(
        [
            np.minimum(1.0, problem.share @ np.where(problem.kind == c, x, 0).astype(np.float64))
            for c in range(problem.kinds)
        ]
    )
    return Rows(y, _at_least(problem.sight * y, len(problem.depth)))


def value(problem: Cover, x: Ints) -> float:
    """Worth of a siting, 0 to the sum of `depth`; the least over `lost` where that is given.

    Parameters
    ----------
    problem : Cover
    x : (options,) int array
    """
    total = float(problem.weight.sum())
    if total == 0.0:
        return 0.0
    chance = problem.sight * rows(problem, x).y
    found = []
    for lost in problem.lost or (None,):
        kept = np.delete(chance, lost, axis=1) if lost is not None else chance
        seen = _at_least(kept, len(problem.depth))
        found.append(float(problem.weight @ (seen @ problem.depth)) / total)
    return min(found)


def _at_least(chance: Floats, depth: int) -> Floats:
    """P(at least m of independent events happen), m = 1 .. depth, from their chances (rows, C)."""
    seen = np.zeros((len(chance), depth + 1))
    seen[:, 0] = 1.0
    for one in chance.T:
        # at least m: at least m without it, or it and exactly m - 1, the highest m first
        seen[:, 1:] += one[:, None] * (seen[:, :-1] - seen[:, 1:])
    return np.asarray(seen[:, 1:])

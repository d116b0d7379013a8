"""Random covering problems."""

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array

from vallum.solve.covering import Cover


@dataclass(frozen=True)
class Shape:
    """What is drawn: sizes, shares of 0 and 1 or fractions, units of an option, depth, kinds that may be lost."""

    rows: int = 6
    options: int = 5
    kinds: int = 3
    whole: bool = False
    most: int = 2
    depth: int = 2
    budgets: int = 2
    lost: int = 0


def made(shape: Shape, seed: int) -> Cover:
    """A problem whose budgets buy about half of what there is."""
    rng = np.random.default_rng(seed)
    dense = rng.random((shape.rows, shape.options)) < 0.5
    share = dense * (1.0 if shape.whole else rng.uniform(0.1, 0.9, dense.shape).round(3))
    most = rng.integers(1, shape.most + 1, shape.options)
    cost = rng.integers(1, 9, shape.options) / 10.0
    spend = rng.random((shape.budgets, shape.options)) < 0.7
    spend[-1] = True
    sight = rng.uniform(0.3, 1.0, (shape.rows, shape.kinds)).round(3)
    if seed % 3 == 0:
        sight[:] = 1.0
    return Cover(
        share=csr_array(share),
        kind=rng.integers(0, shape.kinds, shape.options),
        sight=sight,
        weight=rng.integers(0, 10, shape.rows) + (np.arange(shape.rows) == 0),
        depth=np.sort(rng.uniform(0.0, 1.0, shape.depth))[::-1],
        most=most,
        cost=cost,
        spend=spend,
        budget=(spend * cost * most).sum(axis=1) * rng.uniform(0.2, 0.8, shape.budgets),
        lost=tuple(range(shape.lost)),
    )


def spread(seed: int, points: int = 90, sites: int = 20) -> Cover:
    """Points and sites on a square, four kinds whose cover fades with distance, money for some 12 units."""
    rng = np.random.default_rng(seed)
    far = np.linalg.norm(rng.random((points, 1, 2)) - rng.random((1, sites, 2)), axis=2)
    share = np.hstack([np.clip(1.5 - far / reach, 0.0, 0.8) for reach in (0.06, 0.08, 0.1, 0.15)])
    cost = np.repeat([1.0, 1.5, 2.0, 4.0], sites) * rng.uniform(0.8, 1.2, 4 * sites)
    east = np.tile(rng.random(sites) < 0.5, 4)
    return Cover(
        share=csr_array(share),
        kind=np.repeat(np.arange(4), sites),
        sight=rng.uniform(0.5, 0.9, (points, 4)),
        weight=rng.lognormal(0.0, 1.0, points),
        depth=np.array([0.5, 0.5]),
        most=np.full(4 * sites, 3),
        cost=cost,
        spend=np.stack([east, ~east, east | ~east]),
        budget=np.array([12.0, 15.0, 20.0]),
    )

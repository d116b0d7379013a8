"""What one unit covers of each place: sparse, from the distances that matter."""

from collections.abc import Sequence

import numpy as np
from scipy.sparse import coo_array, csr_array, hstack
from scipy.spatial import cKDTree

from vallum.model.siting.geometry import look, on_sphere, seen_share
from vallum.model.siting.problem import FloatArray, IntArray, Options, Place, SensorType

NEGLIGIBLE = 1e-4
"""A share below it is left out."""


def options(sites: Sequence[Place], types: Sequence[SensorType]) -> Options:
    """Return every type at every site where it may stand; a point takes all types."""
    fits = np.array(
        [[kind.at == "both" or site.what in (kind.at, "point") for kind in types] for site in sites], bool
    ).reshape(len(sites), len(types))
    place, kind = np.nonzero(fits)
    most = np.array([one.most for one in types], np.int64)
    return Options(place.astype(np.int64), kind.astype(np.int64), most[kind])


def shares(
    places: Sequence[Place], sites: Sequence[Place], types: Sequence[SensorType], may: Options, bands: int
) -> csr_array:
    """Return the share of each place and band that one unit of each option covers.

    Units at a sector stand evenly along it, units at a municipality evenly over its disc: the share of a
    point of a place is the part of the site from which it is within reach, and the share of the place is the
    mean over its points.

    Returns
    -------
    (places * bands, options) sparse array
        Row place * bands + band.
    """
    eye = _Eye(places, sites)
    found: dict[float, csr_array] = {}
    columns = []
    for number, kind in enumerate(types):
        mine = may.place[may.type == number]
        for reach in kind.reach_km:
            if reach not in found:
                found[reach] = eye.within(reach)
        # rows place * bands + band: one block for each band, then interleaved
        stacked = coo_array(hstack([found[reach][:, mine] for reach in kind.reach_km]))
        band, option = np.divmod(stacked.col, max(len(mine), 1))
        columns.append(
            csr_array(
                (stacked.data, (stacked.row * bands + band, option)), shape=(len(places) * bands, len(mine))
            )
        )
    whole = csr_array(hstack(columns))
    # options run by site, the columns by type
    order = np.argsort(np.concatenate([np.flatnonzero(may.type == n) for n in range(len(types))]))
    return csr_array(whole[:, order])


class _Eye:
    """Points of places and sites, with the distances between them."""

    def __init__(self, places: Sequence[Place], sites: Sequence[Place]) -> None:
        self.places, self.sites = len(places), len(sites)
        looked, self.of_place = _points(places)
        self.looked = cKDTree(looked)
        self.mean = csr_array(
            (1.0 / np.bincount(self.of_place)[self.of_place], (self.of_place, np.arange(len(looked)))),
            shape=(self.places, len(looked)),
        )
        self.line = np.array([site.what == "sector" for site in sites])
        self.radius = np.array([site.radius_km for site in sites])
        self.middle = on_sphere(np.array([s.lat for s in sites]), np.array([s.lon for s in sites]))
        lines = [site for site in sites if site.what == "sector"]
        self.stand, of_line = _points(lines) if lines else (np.zeros((0, 3)), np.zeros(0, np.int64))
        self.of_line = np.flatnonzero(self.line)[of_line]

    def within(self, reach: float) -> csr_array:
        """Return the share of each place that a unit of this reach covers from each site."""
        covered = self._from_discs(reach) + self._from_lines(reach)
        share = csr_array(self.mean @ covered)
        share.data[share.data < NEGLIGIBLE] = 0.0
        np.minimum(share.data, 1.0, out=share.data)
        share.eliminate_zeros()
        return share

    def _from_discs(self, reach: float) -> csr_array:
        """Share of each disc from which a point is within reach, shape (points, sites)."""
        discs = np.flatnonzero(~self.line)
        point, site, distance = _pairs(self.looked, self.middle[discs], reach + self.radius[discs])
        share = seen_share(distance, reach, self.radius[discs][site])
        return csr_array((share, (point, discs[site])), shape=(self.looked.n, self.sites))

    def _from_lines(self, reach: float) -> csr_array:
        """Share of each sector from which a point is within reach, shape (points, sites)."""
        if not len(self.stand):
            return csr_array((self.looked.n, self.sites))
        point, stand, _ = _pairs(self.looked, self.stand, np.full(len(self.stand), reach))
        part = 1.0 / np.bincount(self.of_line, minlength=self.sites)[self.of_line]
        return csr_array((part[stand], (point, self.of_line[stand])), shape=(self.looked.n, self.sites))


def _points(places: Sequence[Place]) -> tuple[FloatArray, IntArray]:
    """Points of all places on the sphere, and the place of each."""
    parts = [look(place) for place in places]
    degrees = np.concatenate(parts)
    owner = np.repeat(np.arange(len(parts)), [len(part) for part in parts])
    return on_sphere(degrees[:, 0], degrees[:, 1]), owner


def _pairs(tree: cKDTree, there: FloatArray, reach: FloatArray) -> tuple[IntArray, IntArray, FloatArray]:
    """Points of a tree within reach of each of some others: point, other, distance in km."""
    near = tree.query_ball_point(there, reach, return_sorted=True)
    sizes = np.array([len(found) for found in near], np.int64)
    point = np.concatenate([np.asarray(found, np.int64) for found in near]) if len(near) else sizes
    other = np.repeat(np.arange(len(there)), sizes)
    return point, other, np.linalg.norm(tree.data[point] - there[other], axis=1)

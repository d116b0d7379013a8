"""A flat map of a region, where a straight path is a straight line, and which way is inland."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Self

import numpy as np

from vallum.core.errors import BadInput
from vallum.model.siting import Place
from vallum.model.siting.geometry import EARTH_KM
from vallum.model.siting.problem import FloatArray

__all__ = ["NEAREST", "PEOPLED", "Line", "Plane", "inward", "line"]

PEOPLED: Final = ("municipality", "area")
"""What a track may reach: places with people."""

NEAREST: Final = 5
"""Places of a state that tell on which side of a sector it lies."""

STRAIGHT: Final = 0.1
"""A sector whose ends are nearer than this part of its length has no direction of its own."""


@dataclass(frozen=True, slots=True)
class Plane:
    """An azimuthal equidistant map.

    Attributes
    ----------
    lat, lon : float
        Middle, degrees north and east.

    Notes
    -----
    Snyder, Map Projections: a Working Manual, USGS 1987, eq. 22-4, 22-5 and 25-2, on a sphere. Distances from
    the middle are true; across, at c km from it, they are long by the factor (c/R) / sin(c/R), 0.04 % at
    300 km.
    """

    lat: float
    lon: float

    @classmethod
    def of(cls, places: Sequence[Place]) -> Self:
        """Put the middle between the outermost places."""
        lat = [place.lat for place in places]
        lon = [place.lon for place in places]
        return cls((min(lat) + max(lat)) / 2.0, (min(lon) + max(lon)) / 2.0)

    def km(self, lat: FloatArray, lon: FloatArray) -> FloatArray:
        """Return points (n,) in degrees as km east and north of the middle, shape (n, 2)."""
        phi, lam = np.radians(lat), np.radians(lon - self.lon)
        middle = np.radians(self.lat)
        cosine = np.sin(middle) * np.sin(phi) + np.cos(middle) * np.cos(phi) * np.cos(lam)
        angle = np.arccos(np.clip(cosine, -1.0, 1.0))
        # c / sin c, and its limit 1 at the middle
        stretch = 1.0 / np.sinc(angle / np.pi)
        east = np.cos(phi) * np.sin(lam)
        north = np.cos(middle) * np.sin(phi) - np.sin(middle) * np.cos(phi) * np.cos(lam)
        flat: FloatArray = EARTH_KM * stretch[:, None] * np.column_stack((east, north))
        return flat

    def centres(self, places: Sequence[Place]) -> FloatArray:
        """Return the middles of places, km, shape (places, 2)."""
        return self.km(np.array([p.lat for p in places]), np.array([p.lon for p in places]))


@dataclass(frozen=True, slots=True, eq=False)
class Line:
    """A sector on the map.

    Attributes
    ----------
    points : (n, 2) array
        km.
    along : (n,) array
        Distance of each point from the first, along the line, km.
    """

    points: FloatArray
    along: FloatArray

    def at(self, part: FloatArray) -> FloatArray:
        """Return the points at parts (0..1) of the length, shape (parts, 2)."""
        where = part * self.along[-1]
        return np.column_stack([np.interp(where, self.along, self.points[:, axis]) for axis in (0, 1)])

    def distance(self, point: FloatArray) -> float:
        """Return how near the line comes to a point (2,), km."""
        start, step = self.points[:-1], np.diff(self.points, axis=0)
        if not len(step):
            return float(np.linalg.norm(self.points[0] - point))
        square = np.maximum((step**2).sum(axis=1), 1e-12)
        part = np.clip(((point - start) * step).sum(axis=1) / square, 0.0, 1.0)
        return float(np.linalg.norm(start + part[:, None] * step - point, axis=1).min())


def line(plane: Plane, sector: Place) -> Line:
    """Return a sector on the map; one without an outline is its middle."""
    lon, lat = np.array(sector.outline or ((sector.lon, sector.lat),), dtype=np.float64).T
    points = plane.km(lat, lon)
    legs = np.linalg.norm(np.diff(points, axis=0), axis=1)
    return Line(points, np.concatenate(([0.0], np.cumsum(legs))))


def inward(border: Line, state: str, places: Sequence[Place], centres: FloatArray) -> float:
    """Return the direction into the state of a sector, radians from east towards north.

    It is square to the chord of the sector, on the side to which the state's nearest places with people lie
    in the mean of their directions from the sector's middle, so that a bend does not turn it and a far place
    counts no more than a near one. A sector that ends where it starts looks in that mean direction itself. A
    state without such places is told by those of all.

    Parameters
    ----------
    border : Line
    state : str
        Of the sector.
    places : sequence of Place
    centres : (places, 2) array
        Their middles on the map, km.

    Raises
    ------
    BadInput
        If there is no place with people.
    """
    peopled = np.array([place.what in PEOPLED for place in places], dtype=bool)
    own = peopled & np.array([place.state == state for place in places])
    homes = centres[own if own.any() else peopled]
    if not len(homes):
        raise BadInput(
            "No municipality and no area is there to be warned",
            where="municipalities.csv",
            rule="places to warn",
            remedy="Add municipalities, or sky_areas.",
        )
    to = homes - border.at(np.array([0.5]))[0]
    far = np.linalg.norm(to, axis=1)
    nearest = np.argsort(far, kind="stable")[:NEAREST]
    inland = (to[nearest] / np.maximum(far[nearest], 1e-9)[:, None]).sum(axis=0)
    chord = border.points[-1] - border.points[0]
    if np.linalg.norm(chord) > STRAIGHT * border.along[-1]:
        square = np.array([-chord[1], chord[0]])
        inland = square if square @ inland >= 0.0 else -square
    return float(np.arctan2(inland[1], inland[0]))

"""Great circles on a sphere: where a leg leads, how far and in which direction."""

import math
from dataclasses import dataclass, field
from typing import Final

__all__ = ["Leg", "distance"]

EARTH_M: Final = 6_371_008.8
"""Mean radius of the Earth, m (IUGG)."""

Point = tuple[float, float]
"""Latitude and longitude, WGS 84 degrees, taken as those of a sphere."""


def distance(start: Point, end: Point) -> float:
    """Return the length of the great circle between two points, m (haversine formula)."""
    (lat1, lon1), (lat2, lon2) = _radians(start), _radians(end)
    half = math.sin((lat2 - lat1) / 2) ** 2
    half += math.cos(lat1) * math.cos(lat2) * math.sin((lon2 - lon1) / 2) ** 2
    return 2 * EARTH_M * math.asin(min(1.0, math.sqrt(half)))


@dataclass(frozen=True, slots=True)
class Leg:
    """A way from one point to another.

    Parameters
    ----------
    start, end : tuple of float
        Latitude and longitude, degrees; not two opposite ends of the Earth.
    """

    start: Point
    end: Point
    length: float = field(init=False)
    """m."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "length", distance(self.start, self.end))

    def at(self, share: float) -> Point:
        """Return the point after a share of the way, 0 to 1."""
        angle = self.length / EARTH_M
        if angle == 0.0:
            return self.start
        first = math.sin((1 - share) * angle) / math.sin(angle)
        second = math.sin(share * angle) / math.sin(angle)
        x, y, z = (
            first * a + second * b for a, b in zip(_vector(self.start), _vector(self.end), strict=True)
        )
        return math.degrees(math.atan2(z, math.hypot(x, y))), math.degrees(math.atan2(y, x))

    def course(self, share: float) -> float:
        """Return the direction of travel after a share of the way, degrees from true north, 0 to 360."""
        here = self.at(share)
        # Towards the end of the way that is farther off, for near by a direction is lost in the digits.
        return _bearing(here, self.end) if share < 0.5 else (_bearing(here, self.start) + 180.0) % 360.0


def _bearing(here: Point, there: Point) -> float:
    (lat1, lon1), (lat2, lon2) = _radians(here), _radians(there)
    east = math.sin(lon2 - lon1) * math.cos(lat2)
    north = math.cos(lat1) * math.sin(lat2) - math.sin(lat1) * math.cos(lat2) * math.cos(lon2 - lon1)
    return math.degrees(math.atan2(east, north)) % 360.0


def _radians(point: Point) -> Point:
    return math.radians(point[0]), math.radians(point[1])


def _vector(point: Point) -> tuple[float, float, float]:
    lat, lon = _radians(point)
    return math.cos(lat) * math.cos(lon), math.cos(lat) * math.sin(lon), math.sin(lat)

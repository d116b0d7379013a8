"""Distances, horizons and shares of discs on a smooth earth."""

import math
from collections.abc import Sequence
from typing import Final

import numpy as np

from vallum.core.errors import BadInput
from vallum.model.siting.problem import FloatArray, Place

EARTH_KM: Final = 6371.0088
"""Mean radius of the earth (IUGG)."""

POINTS_A_SECTOR: Final = 48
POINTS_A_DISC: Final = 37
POINTS_AN_AREA: Final = 64
"""Points at which a sector, a disc or an area is looked at; a share is known to about one in so many."""

GOLDEN_ANGLE: Final = math.pi * (3.0 - math.sqrt(5.0))


def horizon_km(mast_m: float, height_m: float, factor: float) -> float:
    """Return how far one sees over smooth earth.

    Parameters
    ----------
    mast_m, height_m : float
        Heights of the sensor and of what it looks at, m above ground.
    factor : float
        Effective earth radius over the real one, for refraction: 4/3 for radio.

    Returns
    -------
    float
        sqrt(2 k R) (sqrt(h1) + sqrt(h2)), km; 4.12 (sqrt(h1) + sqrt(h2)) for 4/3.

    Notes
    -----
    Skolnik, Introduction to Radar Systems, 3rd ed. 2001, section 8.3; ITU-R P.834 for the factor.
    """
    reach = math.sqrt(2.0 * factor * EARTH_KM / 1000.0)
    return reach * (math.sqrt(mast_m) + math.sqrt(height_m))


def on_sphere(lat: FloatArray, lon: FloatArray) -> FloatArray:
    """Return points of the sphere in km, shape (points, 3). Chords between them are distances.

    A chord is shorter than the arc by less than 0.1 % up to 900 km.
    """
    phi, lam = np.radians(lat), np.radians(lon)
    flat = np.cos(phi)
    unit = np.column_stack((flat * np.cos(lam), flat * np.sin(lam), np.sin(phi)))
    return EARTH_KM * unit


def seen_share(distance: FloatArray, reach: float, radius: FloatArray) -> FloatArray:
    """Return the share of discs from which a point is within reach.

    Parameters
    ----------
    distance : (n,) array
        From the point to the middle of each disc, km.
    reach : float
        km.
    radius : (n,) array
        Of the discs, km; 0 for a point.

    Returns
    -------
    (n,) array
        Area common to the disc and the circle of the reach round the point, over the disc's: what a unit
        that stands anywhere in the disc sees of the point, in the mean.

    Notes
    -----
    Area of the lens of two circles with radii r and s at distance d:
    r² acos((d² + r² - s²) / 2dr) + s² acos((d² + s² - r²) / 2ds)
    - ½ sqrt((-d + r + s)(d + r - s)(d - r + s)(d + r + s)) (Weisstein, Circle-Circle Intersection).
    """
    share = np.zeros_like(distance)
    point = radius <= 0.0
    share[point] = distance[point] <= reach
    whole = ~point & (distance + radius <= reach)
    share[whole] = 1.0
    inside = ~point & ~whole & (distance + reach <= radius)
    share[inside] = (reach / radius[inside]) ** 2
    partly = ~point & ~whole & ~inside & (distance < reach + radius)
    if reach > 0.0 and partly.any():
        d, r, s = distance[partly], reach, radius[partly]
        one = r * r * np.arccos(np.clip((d * d + r * r - s * s) / (2.0 * d * r), -1.0, 1.0))
        two = s * s * np.arccos(np.clip((d * d + s * s - r * r) / (2.0 * d * s), -1.0, 1.0))
        kite = (-d + r + s) * (d + r - s) * (d - r + s) * (d + r + s)
        share[partly] = (one + two - 0.5 * np.sqrt(np.maximum(kite, 0.0))) / (math.pi * s * s)
    return share


def area_km2(outline: Sequence[tuple[float, float]]) -> float:
    """Return the area within an outline in degrees east and north, km2, on the sphere's cylinder.

    Lambert's projection x = R lon, y = R sin(lat) keeps areas; the sides become straight in it.
    """
    lon, lat = np.radians(np.array(outline)).T
    x, y = EARTH_KM * lon, EARTH_KM * np.sin(lat)
    return float(abs(x @ np.roll(y, -1) - y @ np.roll(x, -1)) / 2.0)


def look(place: Place) -> FloatArray:
    """Return the points (n, 2) in degrees north and east at which a place is looked at."""
    if place.what == "sector":
        return _along(place.outline, POINTS_A_SECTOR)
    if place.what == "area":
        return _inside(place)
    return _disc(place)


def _along(outline: Sequence[tuple[float, float]], number: int) -> FloatArray:
    """Points in the middle of equal parts of a line."""
    lon, lat = np.array(outline).T
    legs = np.linalg.norm(np.diff(on_sphere(lat, lon), axis=0), axis=1)
    at = np.concatenate(([0.0], np.cumsum(legs)))
    where = (np.arange(number) + 0.5) / number * at[-1]
    return np.column_stack((np.interp(where, at, lat), np.interp(where, at, lon)))


def _disc(place: Place) -> FloatArray:
    """Points spread evenly over a disc: the sunflower of Vogel (1979)."""
    if place.radius_km <= 0.0:
        return np.array([[place.lat, place.lon]])
    number = np.arange(POINTS_A_DISC)
    distance = place.radius_km * np.sqrt((number + 0.5) / POINTS_A_DISC)
    north, east = distance * np.cos(number * GOLDEN_ANGLE), distance * np.sin(number * GOLDEN_ANGLE)
    degree = math.radians(1.0) * EARTH_KM
    return np.column_stack(
        (place.lat + north / degree, place.lon + east / (degree * math.cos(math.radians(place.lat))))
    )


def _inside(place: Place) -> FloatArray:
    """Points of a square grid within the outline of an area."""
    import shapely

    area = shapely.Polygon(place.outline)
    west, south, east, north = area.bounds
    side = 1
    while side < 1024:
        lon, lat = np.meshgrid(
            west + (np.arange(side) + 0.5) / side * (east - west),
            south + (np.arange(side) + 0.5) / side * (north - south),
        )
        within = shapely.contains_xy(area, lon.ravel(), lat.ravel())
        if within.sum() >= POINTS_AN_AREA:
            return np.column_stack((lat.ravel()[within], lon.ravel()[within]))
        side *= 2
    raise BadInput(
        f"The area {place.key} is too thin to be looked at",
        where="sky_areas.csv",
        rule="outline of an area",
        remedy="Give it a width, or name its people by municipality.",
    )

"""Sitings built by hand, and a plain reckoning of shares that has nothing of the code."""

import math
from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np
import polars as pl
from scipy.sparse import csr_array

from tests.region.conftest import sky_tables, small_tables, works_tables
from vallum.model.siting import Band, Kind, Options, Place, Purse, SensorType, Siting
from vallum.model.siting.problem import FloatArray
from vallum.region import TABLES, Region

EARTH = 6371.0
DEGREE = math.radians(1.0) * EARTH
"""Kilometres of a degree along a meridian."""

STATES = ("NA", "NB", "NC")
KINDS = ("ear", "eye")
SETTINGS = {"service_years": 10.0, "kinds_needed": 2.0, "inland_part": 0.3, "depth_km": 60.0}

Point = tuple[float, float]
"""Degrees north and east."""


def made_region() -> Region:
    """The small region of the region's tests, with works and sensors on offer."""
    seen = {"sources", "municipalities", "border_lengths"}
    needed = {name: frame for name, frame in small_tables().items() if TABLES[name].required or name in seen}
    return Region.from_tables("sky", needed | works_tables() | sky_tables())


def own_ground(region: Region) -> Region:
    """A region of a user's own: one point, one area, no municipality, no sector, no warning."""
    gone = [name for name in TABLES if name.startswith("works_")]
    gone += ["municipalities", "warning_delays", "warning_events", "shelter_reach"]
    return region.replace(**{name: TABLES[name].empty() for name in gone})


def with_cells(region: Region, name: str, where: dict[str, object], **values: object) -> Region:
    """Change cells of the rows of a table that hold some values."""
    here = pl.all_horizontal(pl.lit(True), *(pl.col(key) == value for key, value in where.items()))
    dtypes = TABLES[name].dtypes
    changed = (
        pl.when(here).then(pl.lit(value, dtype=dtypes[key])).otherwise(pl.col(key)).alias(key)
        for key, value in values.items()
    )
    return region.replace(**{name: region.tables[name].with_columns(changed)})


# ---------------------------------------------------------------- places and sitings


def town(
    key: str,
    state: str = "NA",
    *,
    lat: float = 56.0,
    lon: float = 25.0,
    radius: float = 10.0,
    people: float = 1000.0,
) -> Place:
    return Place(key, state, key, "municipality", lat, lon, radius, 0.0, people)


def border(key: str, state: str = "NA", *, outline: Sequence[Point], length: float = 25.0) -> Place:
    """A sector through points in degrees north and east."""
    lat, lon = (sum(axis) / len(outline) for axis in zip(*outline, strict=True))
    return Place(key, state, key, "sector", lat, lon, 0.0, length, 0.0, tuple((b, a) for a, b in outline))


def point(key: str, state: str = "NA", *, lat: float = 56.0, lon: float = 25.0) -> Place:
    return Place(key, state, key, "point", lat, lon, 0.0, 0.0, 0.0)


def sensor(key: str, kind: str = "ear", *, reach: Sequence[float] = (10.0,), **given: object) -> SensorType:
    values: dict[str, object] = {
        "buy_meur": 1.0, "upkeep_meur": 0.1, "crew_meur": 0.05, "crew": 1.0, "life_years": 8.0,
        "at": "both", "most": 10,
    }  # fmt: skip
    return SensorType(key=key, kind=kind, name=key, reach_km=tuple(reach), **(values | given))  # type: ignore[arg-type]


def toy(
    sites: Sequence[Place],
    types: Sequence[SensorType],
    purses: Sequence[Purse],
    share: FloatArray,
    *,
    behind: FloatArray | None = None,
    states: tuple[str, ...] = STATES,
    sight: float = 1.0,
    **settings: float,
) -> Siting:
    """A siting in one band whose sites are all watched; every type may stand at every site, sites first."""
    place, kind = (axis.ravel() for axis in np.indices((len(sites), len(types))))
    if behind is None:
        behind = np.array([[float(site.state == state) for state in states] for site in sites])
    return Siting(
        places=tuple(sites),
        bands=(Band("LOW", "Low", 60.0, 1.0),),
        kinds=tuple(Kind(name, name, "none", (sight,)) for name in KINDS),
        types=tuple(types),
        purses=tuple(purses),
        sites=tuple(sites),
        may=Options(place, kind, np.array([one.most for one in types], np.int64)[kind]),
        share=csr_array(share),
        behind=behind,
        states=states,
        settings=SETTINGS | settings,
    )


# ---------------------------------------------------------------- a plain reckoning of shares


def haversine(one: Point, other: Point) -> float:
    """Great-circle distance, km (Sinnott 1984)."""
    (a, b), (c, d) = (tuple(map(math.radians, at)) for at in (one, other))
    half = math.sin((c - a) / 2) ** 2 + math.cos(a) * math.cos(c) * math.sin((d - b) / 2) ** 2
    return 2 * EARTH * math.asin(min(1.0, math.sqrt(half)))


def spread(place: Place, fine: int = 9) -> list[Point]:
    """Points spread evenly over a sector or a disc: fine² of them, or the middle of a point."""
    if place.what == "sector":
        return list(_along(place, fine * fine))
    if place.radius_km == 0.0:
        return [(place.lat, place.lon)]
    found = []
    for ring in range(fine):
        # rings of equal area, each turned a little against the one before
        far = place.radius_km * math.sqrt((ring + 0.5) / fine)
        for step in range(fine):
            turn = 2 * math.pi * (step + 0.37 * ring) / fine
            east = far * math.sin(turn) / (DEGREE * math.cos(math.radians(place.lat)))
            found.append((place.lat + far * math.cos(turn) / DEGREE, place.lon + east))
    return found


def _along(place: Place, number: int) -> Iterator[Point]:
    corners = [(lat, lon) for lon, lat in place.outline]
    legs = [haversine(a, b) for a, b in pairwise(corners)]
    for step in range(number):
        left = (step + 0.5) / number * sum(legs)
        leg = 0
        while leg < len(legs) - 1 and left > legs[leg]:
            left -= legs[leg]
            leg += 1
        (a, b), (c, d) = corners[leg], corners[leg + 1]
        part = left / legs[leg]
        yield a + part * (c - a), b + part * (d - b)


def plain_share(place: Place, site: Place, reach: float, fine: int = 8) -> float:
    """Share of pairs of a point of the place and a point of the site that are within reach."""
    looked, stand = spread(place, fine), spread(site, fine)
    return sum(haversine(a, b) <= reach for a in looked for b in stand) / (len(looked) * len(stand))

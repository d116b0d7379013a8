"""Where sensors may stand, what they cover, and who pays: arrays with the names of their rows and columns."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl
from scipy.sparse import csr_array

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]
Tables = Mapping[str, pl.DataFrame]


@dataclass(frozen=True, slots=True)
class Place:
    """A place that is watched or may hold sensors, never finer than the region's data.

    Attributes
    ----------
    key, state, name : str
        Short name, state, and name for people.
    what : str
        sector, municipality, point or area.
    lat, lon : float
        Degrees north and east of its middle.
    radius_km : float
        Of the disc of the same area; 0 for a sector or a point.
    length_km : float
        Of the border; 0 for what is not a sector.
    people : float
        Who live there; 0 for a sector or a point.
    outline : tuple of (float, float)
        Degrees east and north of the points of a sector's border or of an area's corners.
    """

    key: str
    state: str
    name: str
    what: str
    lat: float
    lon: float
    radius_km: float
    length_km: float
    people: float
    outline: tuple[tuple[float, float], ...] = ()


@dataclass(frozen=True, slots=True)
class Band:
    """A band of heights: key, name, height in m, and share of tracks."""

    key: str
    name: str
    height_m: float
    part: float


@dataclass(frozen=True, slots=True)
class Kind:
    """A way to see: key, name, what bounds its view (radio, optical, none), and sight by band (bands,)."""

    key: str
    name: str
    horizon: str
    seen: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class SensorType:
    """One type on offer.

    Attributes
    ----------
    key, kind, name : str
    buy_meur, upkeep_meur, crew_meur : float
        Price of one unit, and its yearly upkeep and crew, EUR million.
    crew : float
        Full-time posts for one unit.
    life_years : float
    reach_km : tuple of float, one for each band
        Range within the horizon.
    at : str
        sector, municipality or both.
    most : int
        Units at one place.
    """

    key: str
    kind: str
    name: str
    buy_meur: float
    upkeep_meur: float
    crew_meur: float
    crew: float
    life_years: float
    reach_km: tuple[float, ...]
    at: str
    most: int

    def service_meur(self, years: float) -> float:
        """Price, upkeep, crew and replacement for some years of service, EUR million.

        A unit is replaced whenever its life ends before the service does; the last one counts for the part
        of its life that is served.
        """
        return self.buy_meur * max(years / self.life_years, 1.0) + years * (self.upkeep_meur + self.crew_meur)


@dataclass(frozen=True, slots=True)
class Purse:
    """A purse: key, state whose sites it pays for (empty: any), share of the budget, kinds (empty: all)."""

    key: str
    state: str
    part: float
    kinds: frozenset[str]


@dataclass(frozen=True, slots=True)
class Options:
    """What may stand where.

    Attributes
    ----------
    place, type : (options,) int arrays
        Index of the site and of the type of each option.
    most : (options,) int array
        Units that may stand.
    """

    place: IntArray
    type: IntArray
    most: IntArray


@dataclass(frozen=True, slots=True)
class Siting:
    """What there is to decide.

    Attributes
    ----------
    places : tuple of Place
        Places that are watched.
    bands, kinds, types, purses : tuples
    sites : tuple of Place
        Places that may hold sensors.
    may : Options
    share : (places * bands, options) sparse array
        Share of a place that one unit of an option covers for tracks in a band; row place * bands + band.
    behind : (places, states) float array
        People of each state behind a place, the far counted less.
    states : tuple of str
    settings : mapping of str to float
    """

    places: tuple[Place, ...]
    bands: tuple[Band, ...]
    kinds: tuple[Kind, ...]
    types: tuple[SensorType, ...]
    purses: tuple[Purse, ...]
    sites: tuple[Place, ...]
    may: Options
    share: csr_array
    behind: FloatArray
    states: tuple[str, ...]
    settings: Mapping[str, float]

"""An evacuation as towns, roads, people and places."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
Tables = Mapping[str, pl.DataFrame]

JOINT, NATIONAL = "joint", "national"


@dataclass(frozen=True, slots=True)
class Node:
    """A town or junction of the road graph: key, state, name, degrees north and east."""

    key: str
    state: str
    name: str
    lat: float
    lon: float


@dataclass(frozen=True, slots=True)
class Road:
    """A road or the way to one, both directions alike.

    Attributes
    ----------
    tail, head : str
        Nodes; the municipality is the tail of the way to a road.
    name : str
        Number of the road; empty for the way to it.
    km, kmh : float
    lanes : int
        In each direction.
    vehicles_lane_h : float
        Capacity of a lane before calibration, cars an hour.
    """

    tail: str
    head: str
    name: str
    km: float
    kmh: float
    lanes: int
    vehicles_lane_h: float

    @property
    def hours(self) -> float:
        """Time of travel in free flow."""
        return self.km / self.kmh


@dataclass(frozen=True, slots=True)
class Train:
    """A railway between stations, one way: hours of travel and people an hour."""

    tail: str
    head: str
    hours: float
    people_h: float


@dataclass(frozen=True, slots=True)
class Household:
    """How people of a state leave: share by car, people in a car, buses at hand."""

    by_car: float
    per_car: float
    buses: float


@dataclass(frozen=True, slots=True)
class Origin:
    """A municipality that is evacuated.

    Attributes
    ----------
    key, state, name : str
    lat, lon : float
    people : float
        Who are to leave, if all comply.
    order_h : float
        Hours after the start at which they are told.
    """

    key: str
    state: str
    name: str
    lat: float
    lon: float
    people: float
    order_h: float


@dataclass(frozen=True, slots=True)
class Host:
    """A municipality that receives people: key, state, name, degrees, and places with their range."""

    key: str
    state: str
    name: str
    lat: float
    lon: float
    places: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Window:
    """A road that is changed for some hours, in one direction.

    Attributes
    ----------
    tail, head : str
    reason : str
        closure, troops or contraflow.
    from_h, to_h : float
    lanes : int
        Lanes that are left; with contraflow, lanes added here and taken from the other direction.
    """

    tail: str
    head: str
    reason: str
    from_h: float
    to_h: float
    lanes: int


@dataclass(frozen=True, slots=True)
class Case:
    """One scenario of a region.

    Attributes
    ----------
    key, name : str
    horizon_h, warning_h : float
    nodes, roads, links, trains, origins, hosts, windows : tuples
        `links` are the ways from municipalities to the road graph.
    households : mapping of state to Household
    settings : mapping of str to float
    """

    key: str
    name: str
    horizon_h: float
    warning_h: float
    nodes: tuple[Node, ...]
    roads: tuple[Road, ...]
    links: tuple[Road, ...]
    trains: tuple[Train, ...]
    origins: tuple[Origin, ...]
    hosts: tuple[Host, ...]
    windows: tuple[Window, ...]
    households: Mapping[str, Household]
    settings: Mapping[str, float]

    @property
    def people(self) -> float:
        """Who are to leave, if all comply."""
        return sum(origin.people for origin in self.origins)

"""The works of a region as steps."""

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import polars as pl

from vallum.core.ranges import Range

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]
Tables = Mapping[str, pl.DataFrame]

OWNERS = ("public", "private")
"""Batches of a kind that needs land: state and municipal land, and private land."""

PURSES = ("core", "related")
RELEASE = "RELEASE"
"""Mark at the end of the last job of a resource."""

MONTHS_A_YEAR = 12
WEEKS_A_YEAR = 52.18
WEEK = dt.timedelta(weeks=1)


@dataclass(frozen=True, slots=True)
class Step:
    """One activity of one project.

    Attributes
    ----------
    state, sector, element, step : str
        Whose, where (empty for a step of the whole state), of which kind of works (empty for a step that all
        kinds of a sector share), and which step.
    owner : str
        Batch of land: public, private, or empty.
    kind : str
        plain, tender, land or install.
    weeks : Range
        Duration in working weeks, without repeats of a tender.
    resource : str
        Resource it takes, empty for none.
    units : int
        Units of the resource.
    calendar : str
        Calendar, empty for every week.
    costs : (float, float)
        EUR million of each purse (`PURSES`), spent when it starts.
    quantity : float
        Element units that are in place when it ends; 0 for a step that puts nothing in place.
    weight : float
        Weighted layer-kilometres that are protected when it ends.
    holding_meur : float
        What is paid each week until it ends: the end of the last job of a resource releases the resource.
    """

    state: str
    sector: str
    element: str
    step: str
    owner: str
    kind: str
    weeks: Range
    resource: str
    units: int
    calendar: str
    costs: tuple[float, float]
    quantity: float
    weight: float
    holding_meur: float = 0.0


@dataclass(frozen=True, slots=True)
class Element:
    """One kind of works; see the table works_elements."""

    element_id: str
    name: str
    layer: str
    unit: str
    weight: float
    cost: Range
    upkeep: float
    refresh: Range | None
    purse: str
    peacetime: bool


@dataclass(frozen=True, slots=True)
class Sector:
    """One sector of the border."""

    sector_id: str
    state: str
    neighbour: str
    name: str
    length_km: float
    dry_km: float


@dataclass(frozen=True, slots=True)
class Quantity:
    """What one state builds of one kind, in which sectors."""

    state: str
    element: str
    planned: Range
    built: float
    target: dt.date | None
    sectors: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Tender:
    """Chance that a tender fails, and weeks to the award of the next."""

    failure: Range
    again: Range


@dataclass(frozen=True, eq=False)
class Problem:
    """Works of some states from one week on.

    Attributes
    ----------
    start : datetime.date
        Monday of week 0.
    periods : int
        Weeks of the schedule, T.
    states : tuple of str
    sectors, elements, quantities : mapping
        By sector, by kind, and by (state, kind).
    steps : tuple of Step
        A of them.
    before : IntArray, shape (P, 2)
        Pairs of steps: the first must be finished before the second starts.
    tenders : mapping of int to Tender
        By step.
    resources : mapping of (state, resource) to int
        Units at hand.
    lines : mapping of (state, element) to (float, float)
        Output in units a week, and units in store at the start.
    money : mapping of (state, purse) to FloatArray, shape (T,)
        EUR million that become available in each week.
    calendars : mapping of str to frozenset of int
        Months in which work goes on.
    pooled : frozenset of str
        Resources and kinds of works that the states share.
    unfunded : tuple of Step
        Steps of installation that money or output up to the end do not reach; they are not in `steps`.
    """

    start: dt.date
    periods: int
    states: tuple[str, ...]
    sectors: Mapping[str, Sector]
    elements: Mapping[str, Element]
    quantities: Mapping[tuple[str, str], Quantity]
    steps: tuple[Step, ...]
    before: IntArray
    tenders: Mapping[int, Tender]
    resources: Mapping[tuple[str, str], int]
    lines: Mapping[tuple[str, str], tuple[float, float]]
    money: Mapping[tuple[str, str], FloatArray]
    calendars: Mapping[str, frozenset[int]]
    pooled: frozenset[str]
    unfunded: tuple[Step, ...]

    @cached_property
    def installs(self) -> IntArray:
        """Steps that put something in place."""
        return np.array([i for i, step in enumerate(self.steps) if step.quantity > 0.0], dtype=np.int64)

    def date(self, week: float) -> dt.date:
        """Return the Monday of a week."""
        return self.start + int(week) * WEEK

    def week_after(self, day: dt.date) -> int:
        """Return the first week that begins after a day."""
        return (day - self.start).days // 7 + 1


def month_end(year: int, month: int) -> dt.date:
    """Return the last day of a month."""
    after = dt.date(year + month // MONTHS_A_YEAR, month % MONTHS_A_YEAR + 1, 1)
    return after - dt.timedelta(days=1)


def working_weeks(start: dt.date, periods: int, months: Iterable[int]) -> BoolArray:
    """Return the weeks whose Thursday falls in a working month, shape (T,)."""
    allowed = set(months)
    thursday = start + dt.timedelta(days=3)
    return np.array([(thursday + week * WEEK).month in allowed for week in range(periods)], dtype=bool)

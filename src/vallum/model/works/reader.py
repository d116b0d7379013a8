"""Reading the tables of works: the one place where they become steps."""

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import replace

import numpy as np
import polars as pl

from vallum.core.errors import BadInput
from vallum.core.ranges import NOTHING, Range
from vallum.model.works.problem import (
    MONTHS_A_YEAR,
    OWNERS,
    PURSES,
    RELEASE,
    WEEKS_A_YEAR,
    Element,
    FloatArray,
    Problem,
    Quantity,
    Sector,
    Step,
    Tables,
    Tender,
    month_end,
)
from vallum.region import Region
from vallum.region.schema.works import SHARED_STEP

NEEDED = ("works_settings", "works_sectors", "works_elements", "works_quantities", "works_activities")


def problem(
    region: Region,
    *,
    joint: bool = False,
    pooled: Iterable[str] = (),
    start: tuple[int, int] | None = None,
    built: Mapping[tuple[str, str], float] | None = None,
) -> Problem:
    """Read the works of a region.

    Parameters
    ----------
    region : Region
        A sound region with the tables works_*.
    joint : bool
        Share every resource and line that is poolable.
    pooled : iterable of str
        works_resources or works_lines: share what is poolable of that table only.
    start : (int, int), optional
        Year and month of week 0; the settings start_year and start_month unless given.
    built : mapping of (state, element) to float, optional
        What stands at the start, where it is not as in the table; stores of these kinds are then empty.

    Returns
    -------
    Problem

    Raises
    ------
    BadInput
        If the region is not sound or has no tables of works.
    """
    region.require_sound()
    return of_tables(region.tables, region.name, joint=joint, pooled=pooled, start=start, built=built)


def of_tables(
    tables: Tables,
    name: str,
    *,
    joint: bool = False,
    pooled: Iterable[str] = (),
    start: tuple[int, int] | None = None,
    built: Mapping[tuple[str, str], float] | None = None,
) -> Problem:
    """Read works from checked tables; parameters as for `problem`."""
    require_works(tables, name)
    shared = set(pooled) | ({"works_resources", "works_lines"} if joint else set())
    return _Reader(tables, start, built, frozenset(shared)).problem()


def require_works(tables: Tables, name: str) -> None:
    """Raise BadInput unless a region has the tables of works."""
    for table in NEEDED:
        if tables[table].is_empty():
            raise BadInput(
                f"The region {name} has no table {table}, so it has no works",
                where=f"{table}.csv",
                rule="works tables",
                remedy="Add the tables of works (docs/reference/data-baltic.md lists their columns).",
            )


class _Reader:
    """One reading: tables to steps."""

    def __init__(
        self,
        tables: Tables,
        start: tuple[int, int] | None,
        built: Mapping[tuple[str, str], float] | None,
        shared: frozenset[str],
    ) -> None:
        self.tables, self.built, self.shared = tables, dict(built or {}), shared
        settings = dict(tables["works_settings"].select("key", "value").iter_rows())
        year, month = start or (int(settings["start_year"]), int(settings["start_month"]))
        first = dt.date(year, month, 1)
        self.start = first + dt.timedelta(days=-first.weekday() % 7)
        end = dt.date(int(settings["last_year"]), 12, 31)
        self.periods = (end - self.start).days // 7
        self.elements = {
            row["element_id"]: _element(row) for row in tables["works_elements"].iter_rows(named=True)
        }
        self.sectors = {
            row["sector_id"]: Sector(
                row["sector_id"], row["state"], row["neighbour"], row["name"], row["length_km"], row["dry_km"]
            )
            for row in tables["works_sectors"].sort("neighbour", "place").iter_rows(named=True)
        }
        self.activities: dict[str, list[dict[str, object]]] = {}
        for row in tables["works_activities"].iter_rows(named=True):
            self.activities.setdefault(row["element_id"], []).append(row)
        self.tenders = {
            (row["state"], row["element_id"]): Tender(_range(row, "failure"), _range(row, "again_weeks"))
            for row in tables["works_tenders"].iter_rows(named=True)
        }
        self.land = _land(tables["works_land"])

    def problem(self) -> Problem:
        quantities = {
            (row["state"], row["element_id"]): self.quantity(row)
            for row in self.tables["works_quantities"].iter_rows(named=True)
        }
        lines, money = self.lines(), self.money()
        projects = [part for key in sorted(quantities) for part in self.projects(quantities[key])]
        kept, dropped = self.affordable(projects, lines, money)
        steps, before = self.steps(kept)
        self.release(steps, before)
        tenders = {
            i: self.tenders[step.state, step.element]
            for i, step in enumerate(steps)
            if step.kind == "tender" and (step.state, step.element) in self.tenders
        }
        return Problem(
            start=self.start,
            periods=self.periods,
            states=tuple(sorted({state for state, _ in quantities})),
            sectors=self.sectors,
            elements=self.elements,
            quantities=quantities,
            steps=tuple(steps),
            before=np.array(sorted(before), dtype=np.int64).reshape(-1, 2),
            tenders=tenders,
            resources={
                (row["state"], row["resource_id"]): row["capacity"]
                for row in self.tables["works_resources"].iter_rows(named=True)
            },
            lines=lines,
            money=money,
            calendars=self.calendars(),
            pooled=self.pooled(),
            unfunded=tuple(dropped),
        )

    # ------------------------------------------------------------ quantities and batches

    def quantity(self, row: dict[str, object]) -> Quantity:
        key = str(row["state"]), str(row["element_id"])
        year, month = row["target_year"], row["target_month"]
        target = None
        if isinstance(year, int):
            target = month_end(year, month if isinstance(month, int) else MONTHS_A_YEAR)
        built = self.built.get(key, _float(row["built"]))
        wanted = [part.strip() for part in str(row["neighbours"] or "").split(";") if part.strip()]
        sectors = tuple(
            s.sector_id
            for s in self.sectors.values()
            if s.state == key[0] and (not wanted or s.neighbour in wanted) and _extent(s, str(row["spread"]))
        )
        return Quantity(*key, _range(row, "quantity"), built, target, sectors)

    def projects(self, quantity: Quantity) -> list[Step]:
        """Return the installation of each batch of one kind of one state."""
        row = next(
            r
            for r in self.tables["works_quantities"].iter_rows(named=True)
            if (r["state"], r["element_id"]) == (quantity.state, quantity.element)
        )
        sectors = [self.sectors[name] for name in quantity.sectors]
        lengths = np.array([_extent(s, row["spread"]) for s in sectors])
        if not lengths.sum():
            return []
        element = self.elements[quantity.element]
        left = max(quantity.planned.mode - quantity.built, 0.0)
        parts = lengths / lengths.sum()
        amounts = left * parts if element.unit.startswith("km") else _whole(left, parts)
        install = next(a for a in self.activities[quantity.element] if a["kind"] == "install")
        owners = self.owners(quantity)
        found = []
        for place, (sector, amount) in enumerate(zip(sectors, amounts, strict=True)):
            for owner, part in owners:
                batch = amount * part
                if batch <= 0.0:
                    continue
                whole = quantity.planned.mode * parts[place]
                protected = element.weight * _protected_km(sector, row["spread"]) * batch / whole
                found.append(
                    self.step(quantity.state, sector.sector_id, install, owner, batch, weight=protected)
                )
        return found

    def owners(self, quantity: Quantity) -> list[tuple[str, float]]:
        """Return the batches of land of a kind, with their parts."""
        if not any(a["kind"] == "land" for a in self.activities[quantity.element]):
            return [("", 1.0)]
        return [(owner, self.land[quantity.state, owner][0]) for owner in OWNERS]

    def step(
        self, state: str, sector: str, row: dict[str, object], owner: str, amount: float, weight: float = 0.0
    ) -> Step:
        element = self.elements[str(row["element_id"])]
        weeks = _range(row, "weeks") + _range(row, "weeks_per_unit").times(amount)
        if row["kind"] == "land":
            weeks = self.land[state, owner][1]
        installs = row["kind"] == "install"
        return Step(
            state=state,
            sector=sector,
            element=element.element_id,
            step=str(row["activity_id"]),
            owner=owner,
            kind=str(row["kind"]),
            weeks=weeks,
            resource=str(row["resource_id"] or ""),
            units=int(_float(row["resource_units"])),
            calendar=str(row["calendar_id"] or ""),
            costs=(0.0, 0.0),
            quantity=amount if installs else 0.0,
            weight=weight if installs else 0.0,
        )

    # ------------------------------------------------------------ money and output

    def affordable(
        self,
        projects: list[Step],
        lines: Mapping[tuple[str, str], tuple[float, float]],
        money: Mapping[tuple[str, str], FloatArray],
    ) -> tuple[list[Step], list[Step]]:
        """Leave out the batches that money or output never reach: least protection for money first."""
        wallet = {key: float(values.sum()) for key, values in money.items()}
        store = {(self.pool_of("works_lines", state, element), element): 0.0 for state, element in lines}
        for (state, name), (rate, held) in lines.items():
            store[self.pool_of("works_lines", state, name), name] += held + rate * self.periods
        kept, dropped = [], []
        for step in sorted(projects, key=self.merit):
            element = self.elements[step.element]
            purse = step.state, element.purse
            price = step.quantity * element.cost.mode
            source = self.pool_of("works_lines", step.state, step.element), step.element
            if price > wallet.get(purse, 0.0) + 1e-9 or step.quantity > store.get(source, np.inf) + 1e-9:
                dropped.append(step)
                continue
            wallet[purse] = wallet.get(purse, 0.0) - price
            if source in store:
                store[source] -= step.quantity
            kept.append(step)
        return kept, dropped

    def merit(self, step: Step) -> tuple[float, str, str, str]:
        price = step.quantity * self.elements[step.element].cost.mode
        return -step.weight / max(price, 1e-9), step.sector, step.element, step.owner

    def lines(self) -> dict[tuple[str, str], tuple[float, float]]:
        found = {}
        for row in self.tables["works_lines"].iter_rows(named=True):
            key = row["state"], row["element_id"]
            found[key] = row["units_per_week"], 0.0 if key in self.built else row["in_store"]
        return found

    def money(self) -> dict[tuple[str, str], FloatArray]:
        found: dict[tuple[str, str], FloatArray] = {}
        for row in self.tables["works_money"].iter_rows(named=True):
            for year in self.years_of(row["state"], row["year"]):
                week = max((dt.date(year, 1, 1) - self.start).days // 7 + 1, 0)
                if year < self.start.year or week >= self.periods:
                    continue
                for purse in PURSES:
                    flow = found.setdefault((row["state"], purse), np.zeros(self.periods))
                    flow[week] += row[f"{purse}_meur"]
        return found

    def years_of(self, state: str, year: int) -> range:
        """Return the years that a row of money stands for: the first also for those before it."""
        first = int(self.tables["works_money"].filter(state=state)["year"].to_numpy().min())
        return range(min(self.start.year, year) if year == first else year, year + 1)

    def calendars(self) -> dict[str, frozenset[int]]:
        rows = self.tables["works_calendars"]
        return {
            name: frozenset(rows.filter(calendar_id=name, works="y")["month"])
            for name in rows["calendar_id"].unique().sort()
        }

    def pooled(self) -> frozenset[str]:
        names: set[str] = set()
        for table, column in (("works_resources", "resource_id"), ("works_lines", "element_id")):
            if table in self.shared:
                names |= set(self.tables[table].filter(poolable="y")[column])
        return frozenset(names)

    def pool_of(self, table: str, state: str, name: str) -> str:
        """Return whose supply a state draws on: its own, or the pool's."""
        return "" if table in self.shared and name in self.pooled() else state

    # ------------------------------------------------------------ steps and their order

    def steps(self, installs: list[Step]) -> tuple[list[Step], set[tuple[int, int]]]:
        """Return all steps that lead to the installations, and the pairs in which they follow each other."""
        steps: list[Step] = []
        index: dict[tuple[str, str, str, str, str], int] = {}
        before: set[tuple[int, int]] = set()
        costs: dict[tuple[int, str], float] = {}
        leads: dict[int, Step] = {}
        for install in sorted(installs, key=self.lead):
            rows = self.activities[install.element]
            local = {str(r["activity_id"]): self.place(install, r, steps, index, costs) for r in rows}
            shared = local.get(SHARED_STEP)
            if shared is not None and leads.setdefault(shared, install) is install:
                shared = None
            before |= _pairs(rows, local, shared)
        priced = [
            replace(step, costs=(costs.get((i, PURSES[0]), 0.0), costs.get((i, PURSES[1]), 0.0)))
            for i, step in enumerate(steps)
        ]
        return priced, before

    def lead(self, step: Step) -> tuple[str, str, bool, float, str]:
        """Sort key: public land first, then the weightiest kind, whose steps lead to the shared step."""
        return step.state, step.sector, step.owner == OWNERS[1], -step.weight, step.element

    def begun(self, install: Step) -> bool:
        """Whether something of the kind stands, so that its design is done."""
        rows = self.tables["works_quantities"].filter(state=install.state, element_id=install.element)
        key = install.state, install.element
        return self.built.get(key, _float(rows["built"][0])) > 0.0

    def release(self, steps: list[Step], before: set[tuple[int, int]]) -> None:
        """Add the end of the last job of each resource, which releases it."""
        for row in self.tables["works_resources"].sort("state", "resource_id").iter_rows(named=True):
            users = [
                i
                for i, step in enumerate(steps)
                if step.resource == row["resource_id"] and step.state == row["state"] and step.units
            ]
            if users:
                before |= {(i, len(steps)) for i in users}
                weekly = row["capacity"] * row["unit_cost_meur"] / WEEKS_A_YEAR
                mark = self.mark(row["state"], row["resource_id"])
                steps.append(replace(mark, holding_meur=weekly))

    def mark(self, state: str, resource: str) -> Step:
        """Return the mark at the end of a resource's last job."""
        return Step(state, "", "", RELEASE, resource, "plain", NOTHING, "", 0, "", (0.0, 0.0), 0.0, 0.0)

    def place(
        self,
        install: Step,
        row: dict[str, object],
        steps: list[Step],
        index: dict[tuple[str, str, str, str, str], int],
        costs: dict[tuple[int, str], float],
    ) -> int:
        """Return the index of a step that an installation needs; make it where it is new."""
        name = str(row["activity_id"])
        if row["kind"] == "install":
            step, key = install, (install.state, install.sector, install.element, name, install.owner)
        elif name == SHARED_STEP:
            made = self.step(install.state, install.sector, row, "", install.quantity)
            step, key = _shared(made), (install.state, install.sector, "", name, "")
        elif row["scope"] == "state":
            step = self.step(install.state, "", row, "", 0.0)
            if step.kind == "plain" and self.begun(install):
                step = replace(step, weeks=NOTHING, resource="", units=0)
            key = install.state, "", install.element, name, ""
        else:
            step = self.step(install.state, install.sector, row, install.owner, install.quantity)
            key = install.state, install.sector, install.element, name, install.owner
        if key not in index:
            index[key] = len(steps)
            steps.append(step)
        here = index[key]
        if key[1] and name == SHARED_STEP and step.weeks.mode > steps[here].weeks.mode:
            steps[here] = step
        element = self.elements[install.element]
        price = _float(row["cost_share"]) * install.quantity * element.cost.mode
        costs[here, element.purse] = costs.get((here, element.purse), 0.0) + price
        return here


def _pairs(
    rows: list[dict[str, object]], local: Mapping[str, int], shared: int | None
) -> set[tuple[int, int]]:
    """Return what follows what in one batch.

    Where another batch leads to the shared step, what precedes it here precedes what follows it instead: the
    access that one kind has opened serves the others, which still need their own award and permit.
    """
    after = {
        str(row["activity_id"]): {name.strip() for name in str(row["after"] or "").split(";") if name.strip()}
        for row in rows
    }
    if shared is not None:
        leading = after.get(SHARED_STEP, set())
        after = {
            name: names | leading if SHARED_STEP in names else names
            for name, names in after.items()
            if name != SHARED_STEP
        }
    return {
        (local[former], local[name])
        for name, names in after.items()
        for former in names
        if local[former] != local[name]
    }


def _shared(step: Step) -> Step:

    return replace(step, element="")


def _element(row: dict[str, object]) -> Element:
    return Element(
        element_id=str(row["element_id"]),
        name=str(row["name"]),
        layer=str(row["layer"]),
        unit=str(row["unit"]),
        weight=_float(row["weight"]),
        cost=_range(row, "unit_cost_meur"),
        upkeep=_float(row["upkeep_share"]),
        refresh=None if row["refresh_years"] is None else _range(row, "refresh_years"),
        purse=str(row["budget_class"]),
        peacetime=row["peacetime"] == "y",
    )


def _land(rows: pl.DataFrame) -> dict[tuple[str, str], tuple[float, Range]]:
    """Part and weeks of public and private land by state; public weeks are the mean of their owners'."""
    found: dict[tuple[str, str], tuple[float, Range]] = {}
    for state in rows["state"].unique().sort():
        parts: dict[str, list[tuple[float, Range]]] = {owner: [] for owner in OWNERS}
        for row in rows.filter(state=state).iter_rows(named=True):
            owner = "private" if row["owner"] == "private" else "public"
            parts[owner].append((row["part"], _range(row, "weeks")))
        for owner, listed in parts.items():
            whole = sum(part for part, _ in listed)
            mean = NOTHING
            for part, weeks in listed:
                mean = mean + weeks.times(part / whole if whole else 0.0)
            found[state, owner] = whole, mean
    return found


def _extent(sector: Sector, spread: str) -> float:
    return {"dry": sector.dry_km, "length": sector.length_km, "even": 1.0}[spread]


def _protected_km(sector: Sector, spread: str) -> float:
    """Kilometres that a finished kind protects in a sector: the dry ones where it is built on dry land."""
    return sector.dry_km if spread == "dry" else sector.length_km


def _whole(total: float, parts: FloatArray) -> FloatArray:
    """Split a whole number by parts into whole numbers: the largest remainders are rounded up."""
    exact = round(total) * parts
    floor = np.floor(exact)
    order = np.argsort(-(exact - floor), kind="stable")
    floor[order[: round(round(total) - floor.sum())]] += 1.0
    return floor


def _range(row: Mapping[str, object], name: str) -> Range:
    mode = _float(row[name])
    low, high = row[f"{name}_low"], row[f"{name}_high"]
    return Range(mode if low is None else _float(low), mode, mode if high is None else _float(high))


def _float(value: object) -> float:
    return float(value) if isinstance(value, int | float) else 0.0

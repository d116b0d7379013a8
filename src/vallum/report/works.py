"""Read a schedule of works into rows, beside a plan or by itself."""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import polars as pl

from vallum.plan.store import MODES
from vallum.plan.tables import PlanTable
from vallum.plan.works import WORKS
from vallum.report import held
from vallum.report.held import Held, Point, Row

#: What the page tells of the manifest of works.
TOLD = {"runs": int, "lever_runs": int, "start": str}
DATE = "ISO 8601 date"
#: Order of the schedule that is kept in the runs; the other policy decides again every week.
KEPT = "list"
AGAIN = "again"
#: Element of a row that is about all kinds with a target.
ALL = ""


@dataclass(frozen=True)
class Works(Held):
    """The tables of a schedule of works with its manifest. Dates are dates.

    Attributes
    ----------
    outlines : mapping of str to tuple of (float, float)
        Degrees east and north of the points of each sector that has an outline.
    """

    outlines: Mapping[str, tuple[Point, ...]]

    @cached_property
    def modes(self) -> tuple[str, ...]:
        """Modes that were scheduled: alone first."""
        found = {r["mode"] for r in self.table("finish")}
        return tuple(mode for mode in MODES if mode in found)

    @property
    def main(self) -> str:
        """The mode the text speaks of: together when it is there."""
        return self.modes[-1] if self.modes else MODES[-1]

    @cached_property
    def states(self) -> tuple[str, ...]:
        """States by code."""
        return tuple(sorted({str(r["state"]) for r in self.table("finish")}))

    @cached_property
    def elements(self) -> dict[str, Row]:
        """Kinds of works by their key."""
        return {str(r["element_id"]): r for r in self.table("elements")}

    def element(self, key: object) -> str:
        """Name of a kind of works, its key when it has none."""
        row = self.elements.get(str(key))
        return str(row["name"] or key) if row else str(key)

    def unit(self, key: object) -> str:
        """Unit of a kind of works."""
        row = self.elements.get(str(key))
        return str(row["unit"]) if row else ""

    @cached_property
    def sectors(self) -> dict[str, Row]:
        """Sectors of the border by their key."""
        return {str(r["sector_id"]): r for r in self.table("sectors")}

    def sector(self, key: object) -> str:
        """Name of a sector; the whole state without a sector."""
        row = self.sectors.get(str(key))
        return str(row["name"] or key) if row else str(key) or "whole state"

    @cached_property
    def kinds(self) -> dict[str, tuple[str, ...]]:
        """Kinds of works of each state that are to be finished, in the order of their names."""
        found = {
            (str(r["state"]), str(r["element_id"]))
            for r in self.rows("finish", policy=KEPT)
            if r["element_id"] != ALL
        }
        return {s: tuple(sorted((e for t, e in found if t == s), key=self.element)) for s in self.states}

    def done(self, mode: str, state: str, element: str, policy: str = KEPT) -> Row | None:
        """Return the row of `finish` of a kind of works; of all kinds with a target for ``ALL``."""
        return self._finish.get((mode, policy, state, element))

    @cached_property
    def _finish(self) -> dict[tuple[str, str, str, str], Row]:
        return {(r["mode"], r["policy"], r["state"], r["element_id"]): r for r in self.table("finish")}


def read(folder: Path) -> Works:
    """Read the schedule of works of a folder; raises BadInput when it is damaged."""
    found = held.read(WORKS, folder, TOLD)
    tables = {name: _dated(folder, WORKS.tables[name], frame) for name, frame in found.tables.items()}
    rows = {name: tuple(frame.to_dicts()) for name, frame in tables.items()}
    return Works(
        found.manifest, rows, held.outlines(WORKS, folder, tables["sectors"], "sectors", "sector_id")
    )


def _dated(folder: Path, table: PlanTable, frame: pl.DataFrame) -> pl.DataFrame:
    """Turn the columns of dates into dates."""
    columns = [column.name for column in table.columns if column.unit == DATE]
    try:
        return frame.with_columns(pl.col(columns).str.to_date("%Y-%m-%d"))
    except pl.exceptions.PolarsError as error:
        raise _damaged(folder, table.name, "A date cannot be read.") from error


def _damaged(folder: Path, table: str, message: str) -> Exception:
    return held.damaged(WORKS, folder / "tables" / f"{table}.parquet", message)


def quarter(date: dt.date) -> int:
    """Number of the quarter of a date, one more for each quarter."""
    return 4 * date.year + (date.month - 1) // 3


def until_still(values: Mapping[int, tuple[float, ...]]) -> int:
    """Return the first quarter after which nothing changes."""
    ordered = sorted(values)
    moving = [b for a, b in itertools.pairwise(ordered) if values[a] != values[b]]
    return max(moving, default=ordered[0] if ordered else 0)

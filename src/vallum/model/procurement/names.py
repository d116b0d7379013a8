"""A region's names and the positions they get: the one place where names become indices."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from vallum.region import Region

__all__ = ["Names", "split"]

Floats = NDArray[np.float64]
Row = Mapping[str, Any]


def split(text: str | None) -> list[str]:
    """Parts of a ;-list."""
    return [part.strip() for part in (text or "").split(";") if part.strip()]


def _positions(names: Sequence[str]) -> dict[str, int]:
    return {name: i for i, name in enumerate(names)}


@dataclass(frozen=True, slots=True)
class Names:
    """Names in their order and their positions; the tables they come from.

    Attributes
    ----------
    programme_rows, system_rows : lists of rows
        Tables `programmes` and `systems` in the order of positions.
    state_at, class_at, programme_at, system_at, line_at, family_at, year_at : mappings
        Position of a name.
    """

    tables: Mapping[str, pl.DataFrame]
    settings: dict[str, float]
    states: tuple[str, ...]
    classes: tuple[str, ...]
    programmes: tuple[str, ...]
    systems: tuple[str, ...]
    lines: tuple[str, ...]
    families: tuple[str, ...]
    years: tuple[int, ...]
    programme_rows: list[dict[str, Any]]
    system_rows: list[dict[str, Any]]
    state_at: dict[str, int]
    class_at: dict[str, int]
    programme_at: dict[str, int]
    system_at: dict[str, int]
    line_at: dict[str, int]
    family_at: dict[str, int]
    year_at: dict[int, int]

    @classmethod
    def of(cls, region: Region) -> "Names":
        """Sort a region's names; members only, partners get no position."""
        tables = region.tables
        settings = dict(tables["settings"].select("key", "value").iter_rows())
        states = tuple(tables["states"].filter(pl.col("role") == "member").sort("state")["state"])
        classes = tuple(tables["classes"].sort("class_id")["class_id"])
        programme_rows = tables["programmes"].sort("programme_id").to_dicts()
        programmes = tuple(row["programme_id"] for row in programme_rows)
        system_rows = tables["systems"].sort("system_id").to_dicts()
        systems = tuple(row["system_id"] for row in system_rows)
        lines = tuple(tables["lines"].sort("line_id")["line_id"])
        families = tuple(sorted(set(tables["crews"]["family"])))
        years = tuple(range(int(settings["first_year"]), int(settings["last_year"]) + 1))
        return cls(
            tables=tables, settings=settings, states=states, classes=classes, programmes=programmes,
            systems=systems, lines=lines, families=families, years=years, programme_rows=programme_rows,
            system_rows=system_rows, state_at=_positions(states), class_at=_positions(classes),
            programme_at=_positions(programmes), system_at=_positions(systems), line_at=_positions(lines),
            family_at=_positions(families), year_at={year: i for i, year in enumerate(years)},
        )  # fmt: skip

    def partner_rows(self) -> list[list[dict[str, Any]]]:
        """Rows of `partner_orders` of each programme."""
        rows = self.tables["partner_orders"].sort("programme_id", "partner").to_dicts()
        return [[r for r in rows if r["programme_id"] == p] for p in self.programmes]

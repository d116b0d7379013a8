"""Read a fiscal outlook into rows, beside a plan or by itself."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import polars as pl

from vallum.plan.fiscal.store import FISCAL
from vallum.plan.fiscal.tables import SOURCES
from vallum.plan.store import Plan
from vallum.report import held
from vallum.report.held import Held, Rows

#: What the page tells of an outlook's manifest.
TOLD = {"paths": int}
SOURCE_WORDS = {"budget": "Budget plan", "national": "Alone", "joint": "Together"}


@dataclass(frozen=True)
class Outlook(Held):
    """The tables of a fiscal outlook with its manifest."""

    def series(self, name: str, column: str, **keys: object) -> dict[int, float]:
        """Values of a column by year, without the years in which it is empty."""
        return {int(r["year"]): float(r[column]) for r in self.rows(name, **keys) if r[column] is not None}

    @cached_property
    def sources(self) -> tuple[str, ...]:
        """Sources of outlays: the budget first."""
        found = {r["source"] for r in self.table("projection")}
        return tuple(source for source in SOURCES if source in found)

    @property
    def main(self) -> str:
        """The source the text speaks of: together when it is there, the budget when there is no plan."""
        return self.sources[-1] if self.sources else SOURCES[0]

    @property
    def compared(self) -> tuple[str, ...]:
        """The budget and the main source, or the budget alone."""
        return tuple(dict.fromkeys((SOURCES[0], self.main)))

    @cached_property
    def states(self) -> tuple[str, ...]:
        """States by code."""
        return tuple(sorted({str(r["state"]) for r in self.table("projection")}))

    @cached_property
    def years(self) -> tuple[int, ...]:
        """Every year projected."""
        return tuple(sorted({int(r["year"]) for r in self.table("projection")}))

    @property
    def first(self) -> int:
        """First year projected, 0 without a projection."""
        return self.years[0] if self.years else 0

    @property
    def last(self) -> int:
        """Last year projected, 0 without a projection."""
        return self.years[-1] if self.years else 0

    @cached_property
    def titles(self) -> dict[str, str]:
        """Titles of the policies."""
        return {str(r["policy"]): str(r["title"]) for r in self.table("policies")}

    @cached_property
    def _rules(self) -> dict[str, str]:
        return {str(r["rule"]): str(r["value"]) for r in self.table("rules")}

    def rule(self, name: str) -> float | None:
        """Value of a rule that is a number, None when the outlook does not hold it."""
        try:
            return float(self._rules[name])
        except (KeyError, ValueError):
            return None


def read(folder: Path) -> Outlook:
    """Read the outlook of a folder; raises BadInput when it is damaged."""
    found = held.read(FISCAL, folder, TOLD)
    return Outlook(found.manifest, {name: _rows(t) for name, t in found.tables.items()})


def _rows(table: pl.DataFrame) -> Rows:
    """Rows of a table in its own order, the budget before the plans of purchases."""
    rows = table.to_dicts()
    return tuple(sorted(rows, key=lambda r: SOURCES.index(r["source"]) if r.get("source") in SOURCES else -1))


def made_from(outlook: Outlook, plans: Iterable[Plan]) -> bool:
    """Whether an outlook was made from exactly these plans, by the hashes of their payments."""
    named = outlook.manifest.get("plan")
    told = {
        mode: entry.get("payments") if isinstance(entry, dict) else None
        for mode, entry in (named if isinstance(named, dict) else {}).items()
    }
    held = {
        str(p.manifest["mode"]): p.manifest["tables"].get("tables/payments", {}).get("sha256") for p in plans
    }
    return told == held

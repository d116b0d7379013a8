"""Read a fiscal outlook into rows, beside a plan or by itself."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import polars as pl

from vallum.core.errors import BadInput
from vallum.plan.files import exists, read_json
from vallum.plan.fiscal.store import FISCAL, read_outlook
from vallum.plan.fiscal.tables import SOURCES
from vallum.plan.store import MODES, Plan

Row = dict[str, Any]
Rows = tuple[Row, ...]

MANIFEST_FILE = "manifest.json"
#: Manifests of plans below a folder.
PLANS = tuple(f"{mode}/{MANIFEST_FILE}" for mode in MODES)
#: What the page tells of a manifest.
MANIFEST = {"paths": int, "seed": int, "versions": dict, "vallum_version": str}
SOURCE_WORDS = {"budget": "Budget plan", "national": "Alone", "joint": "Together"}


@dataclass(frozen=True)
class Outlook:
    """The tables of a fiscal outlook with its manifest."""

    manifest: Mapping[str, Any]
    tables: Mapping[str, Rows]

    def table(self, name: str) -> Rows:
        """Rows of a table."""
        return self.tables.get(name, ())

    def rows(self, name: str, **keys: object) -> list[Row]:
        """Rows of a table with these values in their columns."""
        return [r for r in self.table(name) if all(r[column] == value for column, value in keys.items())]

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


def alone(folder: Path) -> Path | None:
    """Find an outlook without a plan: in the folder itself or in its folder fiscal; None for none."""
    if any(exists(folder / place) for place in PLANS):
        return None
    for place in (folder, folder / FISCAL.kind):
        path = place / MANIFEST_FILE
        if exists(path):
            return place if read_json(path).get("kind") == FISCAL.kind else None
    return None


def read(folder: Path) -> Outlook:
    """Read the outlook of a folder.

    Raises
    ------
    BadInput
        When it is damaged.
    """
    found = read_outlook(folder)
    if not _whole(found.manifest):
        raise BadInput(
            "The manifest does not say what the outlook was made from.",
            where=str(folder / "manifest.json"),
            rule="fiscal_folder",
            remedy="Compute it again with `vallum fiscal`.",
        )
    return Outlook(found.manifest, {name: _rows(t) for name, t in found.tables.items()})


def _whole(manifest: Mapping[str, Any]) -> bool:
    """Whether a manifest has everything that the page tells of it."""
    region = manifest.get("region")
    return (
        all(isinstance(manifest.get(key), kind) for key, kind in MANIFEST.items())
        and isinstance(region, dict)
        and all(isinstance(region.get(key), str) for key in ("name", "content_hash"))
    )


def _rows(table: pl.DataFrame) -> Rows:
    """Rows of a table in its own order, the budget before the plans of purchases."""
    rows = table.to_dicts()
    return tuple(sorted(rows, key=lambda r: SOURCES.index(r["source"]) if r.get("source") in SOURCES else -1))


def beside(folder: Path) -> Outlook | None:
    """Read the outlook within a plan's folder, None when there is none."""
    inner = folder / FISCAL.kind
    return read(inner) if exists(inner / "manifest.json") else None


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

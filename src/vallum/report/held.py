"""Results of one model as the report holds them: rows of tables, and the manifest that names their origin."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from vallum.core.errors import BadInput
from vallum.plan.files import exists, read_json
from vallum.plan.results import Model, Results, read_results

Row = dict[str, Any]
Rows = tuple[Row, ...]
#: Degrees east and north.
Point = tuple[float, float]

MANIFEST_FILE = "manifest.json"
#: What the page tells of every manifest, and the type of it.
TOLD: dict[str, type] = {"seed": int, "versions": dict, "vallum_version": str}


@dataclass(frozen=True)
class Held:
    """The tables of a model's results with their manifest."""

    manifest: Mapping[str, Any]
    tables: Mapping[str, Rows]

    def table(self, name: str) -> Rows:
        """Rows of a table."""
        return self.tables.get(name, ())

    def rows(self, name: str, **keys: object) -> list[Row]:
        """Rows of a table with these values in their columns."""
        return [r for r in self.table(name) if all(r[column] == value for column, value in keys.items())]

    @property
    def region_hash(self) -> str:
        """Content hash of the region that the results were computed from."""
        return str(self.manifest["region"]["content_hash"])


def place(model: Model, folder: Path) -> Path | None:
    """Find the results of a model: in the folder of its name, or in the folder itself; None for none."""
    inner, own = folder / model.kind, folder / MANIFEST_FILE
    if exists(inner / MANIFEST_FILE):
        return inner
    return folder if exists(own) and read_json(own).get("kind") == model.kind else None


def read(model: Model, folder: Path, told: Mapping[str, type]) -> Results:
    """Read results whose manifest has all that the page tells of it.

    Parameters
    ----------
    model : Model
    folder : Path
        As `place` found it.
    told : mapping of str to type
        Entries of the manifest that the page tells beside those of every model.

    Raises
    ------
    BadInput
        When the results are damaged or their manifest lacks an entry.
    """
    found = read_results(model, folder)
    region = found.manifest.get("region")
    whole = all(isinstance(found.manifest.get(key), kind) for key, kind in {**TOLD, **told}.items())
    named = isinstance(region, dict) and all(
        isinstance(region.get(key), str) for key in ("name", "content_hash")
    )
    if not (whole and named):
        raise damaged(model, folder / MANIFEST_FILE, f"The manifest does not say what {model.what} is from.")
    return found


def outlines(
    model: Model, folder: Path, frame: pl.DataFrame, table: str, key: str
) -> dict[str, tuple[Point, ...]]:
    """Read the outlines of a table by its key: points `east north`, a semicolon between them.

    Parameters
    ----------
    model : Model
    folder : Path
        As `place` found it.
    frame : polars.DataFrame
        The table, with the columns `key` and outline; without an outline a row is left out.
    table, key : str
        Name of the table and of its key.

    Raises
    ------
    BadInput
        When an outline cannot be read.
    """
    found = {}
    for name, text in frame.select(key, "outline").iter_rows():
        if text.strip():
            try:
                points = tuple(_point(part) for part in text.split(";"))
            except ValueError as error:
                message = f"The outline of {key.removesuffix('_id')} {name} cannot be read."
                raise damaged(model, folder / "tables" / f"{table}.parquet", message) from error
            found[str(name)] = points
    return found


def _point(text: str) -> Point:
    east, north = (float(part) for part in text.split())
    if not (math.isfinite(east) and abs(east) <= 180.0 and abs(north) <= 85.0):
        raise ValueError(text)
    return east, north


def damaged(model: Model, path: Path, message: str) -> BadInput:
    """Return the error for results that are not as they should be."""
    remedy = f"Compute it again with `{model.command}`."
    return BadInput(message, where=str(path), rule=f"{model.kind}_folder", remedy=remedy)

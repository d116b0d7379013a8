"""Write and read the results of one model: manifest, run and tables, in a folder of the model's name.

Layout::

    manifest.json            what was computed, with which versions, and a hash of every table
    run.json                 everything with a clock; not part of the hashes
    tables/<name>.parquet    the tables of the model
    map.geojson              the places of the model with what is said of each, where it has places
    departures.csv           who leaves when, of an evacuation
"""

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

import polars as pl

from vallum.core.errors import BadInput
from vallum.plan.files import exists, parse_parquet, read_file, read_json
from vallum.plan.folder import BESIDE, refuse_foreign, staged, write_bytes, write_json
from vallum.plan.store import canonical_table, first_fault, parquet_bytes
from vallum.plan.tables import PlanTable

__all__ = ["Model", "Results", "canonical", "read_results", "refuse_other", "write_results"]

FORMAT_VERSION: Final = 1
PLACES: Final = ("manifest.json", "national/manifest.json", "joint/manifest.json")
"""Where a folder that holds results has its manifests."""


@dataclass(frozen=True, slots=True)
class Model:
    """What the results of a model are.

    Attributes
    ----------
    kind : str
        Name of the model in manifests, and of its folder.
    what : str
        What its results are called in messages, with the article.
    command : str
        Command that makes them.
    tables : mapping of str to PlanTable
        Its tables by name.
    """

    kind: str
    what: str
    command: str
    tables: Mapping[str, PlanTable]


@dataclass(frozen=True, slots=True)
class Results:
    """Results of one model.

    Attributes
    ----------
    manifest : mapping
        What was computed; equal for equal results.
    run : mapping
        Times.
    tables : mapping of str to polars.DataFrame
        The tables of the model, all of them.
    """

    manifest: Mapping[str, Any]
    run: Mapping[str, Any]
    tables: Mapping[str, pl.DataFrame]


def canonical(model: Model, tables: Mapping[str, pl.DataFrame]) -> dict[str, pl.DataFrame]:
    """Return all tables of a model with their columns, types and order of rows; an absent one is empty.

    Raises
    ------
    ValueError
        If a table has the wrong columns, types or numbers: a fault of the caller.
    """
    return {name: canonical_table(t, tables.get(name, t.empty())) for name, t in model.tables.items()}


def refuse_other(model: Model, directory: Path) -> None:
    """Raise BadInput if replacing a folder would lose anything but older results of the model."""
    folder = Path(os.path.realpath(directory))
    refuse_foreign(folder)
    manifests = [folder / place for place in PLACES if exists(folder / place)]
    kinds = {str(read_json(path).get("kind")) for path in manifests} - {model.kind}
    if kinds:
        held = "a plan of purchases" if "plan" in kinds else "other results"
        raise BadInput(
            f"The folder holds {held}, and {model.what} would replace it",
            where=str(directory),
            rule="output_folder",
            remedy="Give another --out.",
        )


def write_results(
    model: Model, directory: Path, results: Results, beside: Mapping[str, bytes] | None = None
) -> Results:
    """Write results as one step and return them with the hashes in their manifest.

    Parameters
    ----------
    model : Model
    directory : Path
    results : Results
    beside : mapping of str to bytes, optional
        Files of names in `BESIDE`, for other programs; nothing reads them back.

    Raises
    ------
    BadInput
        If the folder holds anything but older results of the model.
    VallumError
        If the disk is full or the folder cannot be written; nothing is changed then.
    ValueError
        If a table has the wrong columns, types or numbers: a fault of the caller.
    """
    tables = canonical(model, results.tables)
    files = {name: parquet_bytes(frame) for name, frame in tables.items()}
    entries = {
        name: {"rows": tables[name].height, "sha256": hashlib.sha256(content).hexdigest()}
        for name, content in files.items()
    }
    manifest = {**results.manifest, "format_version": FORMAT_VERSION, "kind": model.kind, "tables": entries}
    refuse_other(model, directory)
    with staged(directory) as stage:
        (stage / "tables").mkdir()
        for name, content in files.items():
            write_bytes(stage / "tables" / f"{name}.parquet", content)
        for name, content in (beside or {}).items():
            if name not in BESIDE:
                raise ValueError(name)
            write_bytes(stage / name, content)
        write_json(stage / "run.json", dict(results.run))
        write_json(stage / "manifest.json", manifest)
    return Results(manifest, results.run, tables)


def read_results(model: Model, directory: Path) -> Results:
    """Read results.

    Raises
    ------
    BadInput
        If a file is missing, damaged, changed, or of another format version.
    """
    path = directory / "manifest.json"
    manifest = read_json(path)
    if manifest.get("kind") != model.kind:
        raise _damaged(model, path, f"This is not the manifest of {model.what}.")
    if manifest.get("format_version") != FORMAT_VERSION:
        raise _damaged(
            model, path, f"The format version is not {FORMAT_VERSION}, the one that this Vallum reads."
        )
    entries = manifest.get("tables")
    if not isinstance(entries, dict) or set(entries) != set(model.tables):
        raise _damaged(model, path, "The list of tables is damaged.")
    tables = {name: _table(model, directory, name, entries[name]) for name in model.tables}
    return Results(
        MappingProxyType(manifest),
        MappingProxyType(read_json(directory / "run.json")),
        MappingProxyType(tables),
    )


def _table(model: Model, directory: Path, name: str, entry: object) -> pl.DataFrame:
    path = directory / "tables" / f"{name}.parquet"
    content = read_file(path)
    stated = entry.get("sha256") if isinstance(entry, dict) else None
    if hashlib.sha256(content).hexdigest() != stated:
        raise _damaged(model, path, "The file was changed after it was written.")
    frame = parse_parquet(path, content)
    if dict(frame.schema) != model.tables[name].schema or first_fault(model.tables[name], frame):
        raise _damaged(model, path, f"The table is not one of {model.what}.")
    return frame


def _damaged(model: Model, path: Path, message: str) -> BadInput:
    remedy = f"Compute it again with `{model.command}`."
    return BadInput(message, where=str(path), rule=f"{model.kind}_folder", remedy=remedy)

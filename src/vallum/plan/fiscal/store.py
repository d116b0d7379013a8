"""Write and read one fiscal outlook: manifest, run and tables, beside or apart from a plan.

Layout::

    manifest.json            what was computed, with which versions, and a hash of every table
    run.json                 everything with a clock; not part of the hashes
    tables/<name>.parquet    the tables of `vallum.plan.fiscal.tables`
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
from vallum.plan.fiscal.tables import FISCAL_TABLES
from vallum.plan.folder import refuse_foreign, staged, write_bytes, write_json
from vallum.plan.store import canonical_table, first_fault, parquet_bytes

__all__ = [
    "FOLDER",
    "FORMAT_VERSION",
    "KIND",
    "Outlook",
    "canonical",
    "read_outlook",
    "refuse_other",
    "write_outlook",
]

FORMAT_VERSION: Final = 1
KIND: Final = "fiscal"
FOLDER: Final = "fiscal"
"""Name of the outlook's folder within a plan's."""

AGAIN: Final = "Compute it again with `vallum fiscal`."
PLACES: Final = ("manifest.json", "national/manifest.json", "joint/manifest.json")
"""Where a folder that holds results has its manifests."""


@dataclass(frozen=True, slots=True)
class Outlook:
    """One fiscal outlook.

    Attributes
    ----------
    manifest : mapping
        region {name, title, content_hash}, plan (hashes of the plans by mode, or None), paths, seed,
        vallum_version, versions; equal for equal outlooks.
    run : mapping
        Times.
    tables : mapping of str to polars.DataFrame
        The tables of `FISCAL_TABLES`, all of them.
    """

    manifest: Mapping[str, Any]
    run: Mapping[str, Any]
    tables: Mapping[str, pl.DataFrame]


def canonical(tables: Mapping[str, pl.DataFrame]) -> dict[str, pl.DataFrame]:
    """Return all tables of an outlook with their columns, types and order of rows; an absent one is empty.

    Raises
    ------
    ValueError
        If a table has the wrong columns, types or numbers: a fault of the caller.
    """
    return {name: canonical_table(t, tables.get(name, t.empty())) for name, t in FISCAL_TABLES.items()}


def refuse_other(directory: Path) -> None:
    """Raise BadInput if replacing a folder would lose anything but an older outlook, such as a plan."""
    folder = Path(os.path.realpath(directory))
    refuse_foreign(folder)
    manifests = [folder / place for place in PLACES if exists(folder / place)]
    if any(read_json(path).get("kind") != KIND for path in manifests):
        raise BadInput(
            "The folder holds a plan of purchases, and the outlook would replace it",
            where=str(directory),
            rule="output_folder",
            remedy="Leave out --out, so that the outlook goes into the plan's folder, or give another.",
        )


def write_outlook(directory: Path, outlook: Outlook) -> Outlook:
    """Write an outlook as one step and return it with the hashes in its manifest.

    Raises
    ------
    BadInput
        If the folder holds anything but an older outlook.
    VallumError
        If the disk is full or the folder cannot be written; nothing is changed then.
    ValueError
        If a table has the wrong columns, types or numbers: a fault of the caller.
    """
    tables = canonical(outlook.tables)
    files = {name: parquet_bytes(frame) for name, frame in tables.items()}
    entries = {
        name: {"rows": tables[name].height, "sha256": hashlib.sha256(content).hexdigest()}
        for name, content in files.items()
    }
    manifest = {**outlook.manifest, "format_version": FORMAT_VERSION, "kind": KIND, "tables": entries}
    refuse_other(directory)
    with staged(directory) as stage:
        (stage / "tables").mkdir()
        for name, content in files.items():
            write_bytes(stage / "tables" / f"{name}.parquet", content)
        write_json(stage / "run.json", dict(outlook.run))
        write_json(stage / "manifest.json", manifest)
    return Outlook(manifest, outlook.run, tables)


def read_outlook(directory: Path) -> Outlook:
    """Read an outlook.

    Raises
    ------
    BadInput
        If a file is missing, damaged, changed, or of another format version.
    """
    path = directory / "manifest.json"
    manifest = read_json(path)
    if manifest.get("kind") != KIND:
        raise _damaged(path, "This is not the manifest of a fiscal outlook.")
    if manifest.get("format_version") != FORMAT_VERSION:
        raise _damaged(path, f"The format version is not {FORMAT_VERSION}, the one that this Vallum reads.")
    entries = manifest.get("tables")
    if not isinstance(entries, dict) or set(entries) != set(FISCAL_TABLES):
        raise _damaged(path, "The list of tables is damaged.")
    tables = {name: _table(directory, name, entries[name]) for name in FISCAL_TABLES}
    return Outlook(
        MappingProxyType(manifest),
        MappingProxyType(read_json(directory / "run.json")),
        MappingProxyType(tables),
    )


def _table(directory: Path, name: str, entry: object) -> pl.DataFrame:
    path = directory / "tables" / f"{name}.parquet"
    content = read_file(path)
    stated = entry.get("sha256") if isinstance(entry, dict) else None
    if hashlib.sha256(content).hexdigest() != stated:
        raise _damaged(path, "The file was changed after the outlook was written.")
    frame = parse_parquet(path, content)
    if dict(frame.schema) != FISCAL_TABLES[name].schema or first_fault(FISCAL_TABLES[name], frame):
        raise _damaged(path, "The table is not one of a fiscal outlook.")
    return frame


def _damaged(path: Path, message: str) -> BadInput:
    return BadInput(message, where=str(path), rule="fiscal_folder", remedy=AGAIN)

"""Write a region's tables as a folder of CSV files with ``datapackage.json``."""

import csv
import io
from collections.abc import Mapping, Sequence
from pathlib import Path

import polars as pl

from vallum.region import package
from vallum.region.schema import TABLES, Table


def write_folder(
    tables: Mapping[str, pl.DataFrame],
    folder: str | Path,
    *,
    name: str | None = None,
    title: str | None = None,
    description: str = "",
    licences: Sequence[Mapping[str, str]] = (),
    sources: Sequence[Mapping[str, str]] = (),
) -> None:
    """Write tables and their description into a folder.

    Rows are sorted by key, columns stand in the order of the schema, and numbers are written in their
    shortest exact form, so equal tables are equal files. Each file is replaced in one step.

    Parameters
    ----------
    tables : mapping of str to polars.DataFrame
        Tables by name; columns that may be empty may be absent. Optional tables without rows are left
        out.
    folder : str or pathlib.Path
        Made if it does not exist.
    name, title : str, optional
        Name and title of the region; the folder's name if not given.
    description, licences, sources
        See `vallum.region.package.describe`.

    Raises
    ------
    KeyError
        A table is not in the registry.
    OSError
        The folder cannot be written.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    kept = {table: frame for table, frame in tables.items() if frame.height or TABLES[table].required}
    name = name or folder.name
    described = package.describe(
        kept, name, title or name, description=description, licences=licences, sources=sources
    )
    for table, frame in kept.items():
        draft = folder / f"{table}.csv.part"
        draft.write_text(to_csv(TABLES[table], frame), encoding="utf-8", newline="")
        draft.replace(folder / f"{table}.csv")
    package.write_descriptor(folder, described)


def to_csv(table: Table, frame: pl.DataFrame) -> str:
    """Write one table as CSV text, rows sorted by key, lines ended by a line feed."""
    missing = [pl.lit(None, dtype=table.dtypes[c]).alias(c) for c in table.columns if c not in frame.columns]
    whole = frame.with_columns(missing).select(list(table.columns))
    whole = whole.sort(table.key, nulls_last=False, maintain_order=True)
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(whole.columns)
    writer.writerows([_cell(value) for value in row] for row in whole.iter_rows())
    return out.getvalue()


def _cell(value: object) -> object:
    """Write a whole float without its point, so that a spreadsheet shows it as people write it."""
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return int(value)
    return "" if value is None else value

"""Write and read one plan: manifest, run, inputs and tables.

Layout of a plan of one mode::

    manifest.json        what was planned, with which versions, and a hash of every table
    run.json             everything with a clock; not part of the hashes
    inputs/<name>.parquet    the tables of the region the plan was made from
    tables/<name>.parquet    the tables of `vallum.plan.tables`

Equal plans are equal files: columns have a fixed order and type, rows are sorted by key, and the Parquet
settings are fixed. Nothing outside the folder is ever read: names come from the manifest, are plain
words, and symbolic links are refused.
"""

import hashlib
import io
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

import polars as pl

from vallum.core.errors import BadInput
from vallum.plan.files import REPLAN, damaged, exists, parse_parquet, read_file, read_json
from vallum.plan.folder import staged, write_bytes, write_json
from vallum.plan.tables import PLAN_TABLES, PlanTable

__all__ = [
    "FORMAT_VERSION",
    "MODES",
    "Plan",
    "plan_dirs",
    "read_json",
    "read_plan",
    "read_plans",
    "write_plan",
]

FORMAT_VERSION: Final = 1
MODES: Final = ("national", "joint")
#: No quantity, money or year of a plan is beyond it.
LARGEST: Final = 1e12
NAME = re.compile(r"[a-z][a-z0-9_]*")
#: What the caller of `write_plan` gives, with its type; the rest of the manifest is filled in.
MANIFEST_FIELDS: Final[Mapping[str, tuple[type, ...]]] = MappingProxyType(
    {
        "mode": (str,),
        "region": (dict,),
        "vallum_version": (str,),
        "seed": (int, type(None)),
        "limits": (dict,),
        "versions": (dict,),
    }
)
REGION_FIELDS: Final = ("name", "title", "content_hash")


@dataclass(frozen=True, slots=True)
class Plan:
    """One plan of one mode, as read from its folder.

    Attributes
    ----------
    path : Path
        The folder.
    manifest : Mapping
        What was planned; equal for equal plans.
    run : Mapping
        Times, status and the curve of value and bound.
    inputs : Mapping of str to DataFrame
        The region's tables.
    tables : Mapping of str to DataFrame
        The tables of `vallum.plan.tables.PLAN_TABLES`, all of them.
    changed : tuple of str
        Files that are not as the manifest says; empty unless read with ``verify=False``.
    """

    path: Path
    manifest: Mapping[str, Any]
    run: Mapping[str, Any]
    inputs: Mapping[str, pl.DataFrame]
    tables: Mapping[str, pl.DataFrame]
    changed: tuple[str, ...] = ()

    @property
    def mode(self) -> str:
        """Return "national" or "joint"."""
        return str(self.manifest["mode"])


# ---------------------------------------------------------------- writing


def write_plan(
    directory: str | Path,
    manifest: Mapping[str, Any],
    run: Mapping[str, Any],
    inputs: Mapping[str, pl.DataFrame],
    tables: Mapping[str, pl.DataFrame],
) -> None:
    """Write a plan of one mode as one step; an existing plan is replaced when the new one is complete.

    Parameters
    ----------
    directory : str or Path
        Folder of the plan.
    manifest : mapping
        mode, region {name, title, content_hash}, vallum_version, seed, limits, versions. The format
        version, the kind and the table hashes are filled in.
    run : mapping
        JSON content of run.json.
    inputs, tables : mapping of str to DataFrame
        The region's tables, and plan tables of the known schemas (a missing one is written empty).

    Raises
    ------
    BadInput
        If the folder holds anything but results of Vallum.
    VallumError
        If the disk is full or the folder cannot be written; nothing is changed then.
    ValueError
        If a table has the wrong columns, types or numbers, or the manifest lacks a field: a fault of
        the caller, not of the data.
    """
    check_fields(manifest)
    if unknown := sorted(set(tables) - set(PLAN_TABLES)):
        raise ValueError(f"unknown plan tables: {', '.join(unknown)}")
    files: dict[str, bytes] = {}
    entries: dict[str, dict[str, Any]] = {}
    frames = {f"inputs/{name}": canonical_input(name, frame) for name, frame in inputs.items()}
    for name, table in PLAN_TABLES.items():
        frames[f"tables/{name}"] = canonical_table(table, tables.get(name, table.empty()))
    for name, frame in sorted(frames.items()):
        content = parquet_bytes(frame)
        files[f"{name}.parquet"] = content
        entries[name] = {"rows": frame.height, "sha256": hashlib.sha256(content).hexdigest()}
    whole = {**manifest, "format_version": FORMAT_VERSION, "kind": "plan", "tables": entries}
    with staged(Path(directory)) as stage:
        (stage / "inputs").mkdir()
        (stage / "tables").mkdir()
        for name, content in files.items():
            write_bytes(stage / name, content)
        write_json(stage / "run.json", dict(run))
        write_json(stage / "manifest.json", whole)


def check_fields(manifest: Mapping[str, Any]) -> None:
    """Raise ValueError if the manifest lacks a field or has one of the wrong type."""
    for name, kinds in MANIFEST_FIELDS.items():
        if name not in manifest or not isinstance(manifest[name], kinds):
            raise ValueError(f"the manifest has no good value of '{name}'")
    if manifest["mode"] not in MODES:
        raise ValueError(f"the manifest's mode '{manifest['mode']}' is not one of {', '.join(MODES)}")
    if missing := [name for name in REGION_FIELDS if not isinstance(manifest["region"].get(name), str)]:
        raise ValueError(f"the manifest's region lacks {', '.join(missing)}")


def canonical_table(table: PlanTable, frame: pl.DataFrame) -> pl.DataFrame:
    """Return a plan table with its columns, types and order of rows.

    Raises
    ------
    ValueError
        If a column is missing or unknown, cannot take its type, misses a value, holds a number that is
        not finite, or if a key appears twice.
    """
    if set(frame.columns) != set(table.schema):
        raise ValueError(f"{table.name}: columns {sorted(frame.columns)}, wanted {sorted(table.schema)}")
    try:
        good = frame.select(list(table.schema)).cast(pl.Schema(table.schema))
    except pl.exceptions.PolarsError as error:
        raise ValueError(f"{table.name}: {error}") from error
    if fault := first_fault(table, good):
        raise ValueError(f"{table.name}: {fault}")
    # minus zero and zero are equal numbers and unequal bytes
    order = list(dict.fromkeys([*table.key, *table.schema]))
    return good.with_columns(pl.col(pl.Float64) + 0.0).sort(order, nulls_last=True)


def first_fault(table: PlanTable, frame: pl.DataFrame) -> str:
    """Say what is wrong with the values of a plan table; empty for nothing."""
    for column in table.columns:
        values = frame[column.name]
        if not column.nullable and values.null_count():
            return f"column {column.name} misses {values.null_count()} values"
        if column.kind in {"number", "whole"} and not values.drop_nulls().is_between(-LARGEST, LARGEST).all():
            return f"column {column.name} holds a number that is not finite, or beyond {LARGEST:.0e}"
    if frame.select(table.key).is_duplicated().any():
        twice = frame.filter(frame.select(table.key).is_duplicated()).select(table.key).row(0)
        return f"key {', '.join(map(str, twice))} appears twice"
    return ""


def canonical_input(name: str, frame: pl.DataFrame) -> pl.DataFrame:
    """Return an input table with its rows sorted; its columns stay as the region gives them."""
    if not NAME.fullmatch(name):
        raise ValueError(f"'{name}' is no table name")
    return frame.sort(frame.columns, nulls_last=True) if frame.width else frame


def parquet_bytes(frame: pl.DataFrame) -> bytes:
    """Return the Parquet file of a table; the settings are fixed so that equal tables are equal bytes."""
    buffer = io.BytesIO()
    frame.rechunk().write_parquet(
        buffer, compression="zstd", compression_level=3, statistics=True, row_group_size=1 << 20
    )
    return buffer.getvalue()


# ---------------------------------------------------------------- reading


def plan_dirs(directory: str | Path) -> dict[str, Path]:
    """Find the plans in a folder that holds one plan, or one a mode.

    Parameters
    ----------
    directory : str or Path
        DIR of `vallum plan`, or DIR/national, or DIR/joint.

    Returns
    -------
    dict of str to Path
        Folder by mode, national first.

    Raises
    ------
    BadInput
        If the folder does not exist, cannot be read or holds no plan, or if the plan in the folder of a
        mode is one of the other mode.
    """
    folder = Path(directory)
    if not exists(folder) or not folder.is_dir():
        raise BadInput("There is no such folder.", where=str(folder), rule="plan_folder", remedy=REPLAN)
    if exists(folder / "manifest.json"):
        return {str(read_manifest(folder)["mode"]): folder}
    found = {mode: folder / mode for mode in MODES if exists(folder / mode / "manifest.json")}
    if not found:
        raise BadInput(
            "This folder holds no plan (no manifest.json, national/manifest.json or joint/manifest.json).",
            where=str(folder),
            rule="plan_folder",
            remedy="Give the folder that `vallum plan --out` wrote.",
        )
    for mode, path in found.items():
        if (stated := read_manifest(path)["mode"]) != mode:
            raise BadInput(
                f"The folder is named {mode}, and the plan in it is {stated}.",
                where=str(path),
                rule="plan_folder",
                remedy=f"Put the {mode} plan back into this folder, or plan again with `vallum plan`.",
            )
    return found


def read_plans(directory: str | Path) -> dict[str, Plan]:
    """Read every plan that `plan_dirs` finds, by mode."""
    return {mode: read_plan(path) for mode, path in plan_dirs(directory).items()}


def read_plan(directory: str | Path, *, verify: bool = True) -> Plan:
    """Read a plan of one mode.

    Parameters
    ----------
    directory : str or Path
        Folder with a manifest.json.
    verify : bool
        Refuse a file that is not as the manifest says. The audit reads without, and reports it.

    Returns
    -------
    Plan

    Raises
    ------
    BadInput
        If a file is missing, damaged, changed, or of another format version.
    """
    folder = Path(directory)
    manifest = read_manifest(folder)
    run = read_json(folder / "run.json")
    inputs: dict[str, pl.DataFrame] = {}
    tables: dict[str, pl.DataFrame] = {}
    changed: list[str] = []
    for name, entry in sorted(manifest["tables"].items()):
        kind, stem = name.split("/")
        path = folder / kind / f"{stem}.parquet"
        content = read_file(path)
        if hashlib.sha256(content).hexdigest() != entry["sha256"]:
            if verify:
                raise damaged(path, "The file was changed after the plan was written.", "table_hash")
            changed.append(f"{name}.parquet")
        frame = parse_parquet(path, content)
        if kind == "inputs":
            inputs[stem] = frame
        else:
            tables[stem] = checked_table(path, PLAN_TABLES[stem], frame)
    return Plan(
        folder, MappingProxyType(manifest), MappingProxyType(run), MappingProxyType(inputs),
        MappingProxyType(tables), tuple(changed),
    )  # fmt: skip


def read_manifest(folder: Path) -> dict[str, Any]:
    """Read and check the manifest of a plan.

    Raises
    ------
    BadInput
        If it is missing, damaged, not of a plan, or of another format version.
    """
    path = folder / "manifest.json"
    manifest = read_json(path)
    if manifest.get("kind") != "plan":
        raise damaged(path, "This is not the manifest of a plan.", "plan_manifest")
    check_version(path, manifest.get("format_version"))
    try:
        check_fields(manifest)
    except ValueError as error:
        raise damaged(path, f"Damaged: {error}.", "plan_manifest") from error
    check_entries(path, manifest.get("tables"))
    return manifest


def check_version(path: Path, version: object) -> None:
    """Raise BadInput with the remedy for a format that this version does not read."""
    if version == FORMAT_VERSION and not isinstance(version, bool):
        return
    if isinstance(version, int) and version > FORMAT_VERSION:
        remedy = "Read it with the newer Vallum that wrote it, or plan again."
        text = f"Format version {version} is newer than {FORMAT_VERSION}, the newest that this Vallum reads."
    elif isinstance(version, int) and not isinstance(version, bool):
        text = f"Format version {version} is older than {FORMAT_VERSION} and not read any more."
        remedy = REPLAN
    else:
        text, remedy = "The format version is missing or is no whole number.", REPLAN
    raise BadInput(text, where=str(path), rule="format_version", remedy=remedy)


def check_entries(path: Path, entries: object) -> None:
    """Raise BadInput unless the manifest lists every plan table, an input, and plain names only."""
    good = isinstance(entries, dict) and all(map(is_entry, entries.items()))
    if not good or not isinstance(entries, dict):
        raise damaged(path, "The list of tables is damaged.", "plan_manifest")
    stated = {name.removeprefix("tables/") for name in entries if name.startswith("tables/")}
    if stated != set(PLAN_TABLES):
        names = ", ".join(sorted(stated ^ set(PLAN_TABLES)))
        raise damaged(path, f"The list of tables lacks or does not know: {names}.", "plan_manifest")
    if not any(name.startswith("inputs/") for name in entries):
        raise damaged(path, "The list of tables names no inputs.", "plan_manifest")


def is_entry(item: tuple[object, object]) -> bool:
    """Tell whether one entry of the manifest's tables is well formed."""
    name, entry = item
    if not isinstance(name, str) or not isinstance(entry, dict) or not isinstance(entry.get("sha256"), str):
        return False
    rows = entry.get("rows")
    if not isinstance(rows, int) or isinstance(rows, bool):
        return False
    kind, _, stem = name.partition("/")
    return kind in {"inputs", "tables"} and bool(NAME.fullmatch(stem))


def checked_table(path: Path, table: PlanTable, frame: pl.DataFrame) -> pl.DataFrame:
    """Return a plan table if it has the right columns, types and values."""
    if dict(frame.schema) != table.schema:
        wrong = sorted(set(frame.schema.items()) ^ set(table.schema.items()), key=str)
        names = ", ".join(dict.fromkeys(name for name, _ in wrong)) or "their order"
        raise damaged(path, f"The columns are not those of a plan: {names}.", "plan_schema")
    if fault := first_fault(table, frame):
        raise damaged(path, f"Damaged: {fault}.", "plan_schema")
    return frame

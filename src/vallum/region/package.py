"""The data package of a region: ``datapackage.json``, made from the schemas and read with suspicion.

The file is a Frictionless tabular data package. Three properties are ours: ``vallum_format`` (version of
the layout), ``unit`` on each field, and ``key`` on each resource, whose parts may be empty.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PureWindowsPath
from typing import Any

import dataframely as dy
import polars as pl

from vallum.region import sheet
from vallum.region.findings import Finding, shown
from vallum.region.schema import TABLES, Table

FORMAT = 1
"""Version of the layout that this program reads and writes."""

DESCRIPTOR = "datapackage.json"

LARGEST_DESCRIPTOR = 4 * 2**20
"""Bytes of datapackage.json."""

RESTORE = "Restore it, or copy that of a region that ships and change its name and title."


@dataclass(frozen=True)
class Descriptor:
    """What ``datapackage.json`` says, as far as a reader needs it.

    Attributes
    ----------
    name, title : str
        Name and title of the region.
    format_version : int
        Version of the layout.
    paths : mapping of str to str
        Path of each table, relative to the folder.
    """

    name: str
    title: str
    format_version: int = FORMAT
    paths: Mapping[str, str] = field(default_factory=dict)


def describe(
    tables: Mapping[str, pl.DataFrame] | Sequence[str],
    name: str,
    title: str,
    *,
    description: str = "",
    licences: Sequence[Mapping[str, str]] = (),
    sources: Sequence[Mapping[str, str]] = (),
) -> dict[str, Any]:
    """Describe a region's tables as a Frictionless tabular data package.

    Parameters
    ----------
    tables : mapping or sequence of str
        Tables in the package, by name; the order of the registry is used.
    name, title : str
        Name (lower case, no blanks) and title of the region.
    description : str, optional
        A paragraph about the region.
    licences : sequence of mapping, optional
        Licences of the data: ``name``, ``path`` and ``title`` of each.
    sources : sequence of mapping, optional
        Sources of the data: ``title`` and, where there is one, ``path`` of each.

    Returns
    -------
    dict
        Ready to be written as ``datapackage.json``.

    Raises
    ------
    KeyError
        A name is not in the registry.
    """
    present = [table for table in TABLES if table in set(tables)]
    for unknown in set(tables) - set(present):
        raise KeyError(unknown)
    package: dict[str, Any] = {
        "profile": "tabular-data-package",
        "name": name,
        "title": title,
        "vallum_format": FORMAT,
    }
    if description:
        package["description"] = description
    if licences:
        package["licenses"] = [dict(licence) for licence in licences]
    if sources:
        package["sources"] = [dict(source) for source in sources]
    package["resources"] = [_resource(TABLES[table], set(present)) for table in present]
    return package


def write_descriptor(folder: Path, package: Mapping[str, Any]) -> None:
    """Write ``datapackage.json`` into a folder, replacing the old one in one step."""
    target = folder / DESCRIPTOR
    draft = target.with_suffix(".json.part")
    draft.write_text(json.dumps(package, indent=2, ensure_ascii=False) + "\n", encoding="utf-8", newline="\n")
    draft.replace(target)


def read_descriptor(folder: Path) -> tuple[Descriptor | None, list[Finding]]:
    """Read ``datapackage.json`` of a folder.

    Returns
    -------
    descriptor : Descriptor or None
        None when the tables cannot be read in a version of the layout that is known.
    findings : list of Finding
        What is wrong with the file. When it is missing or malformed the usual names of files are used, so
        that the tables can be checked all the same.
    """
    usual = Descriptor(_printable(folder.name), _printable(folder.name))
    try:
        data = sheet.load(folder / DESCRIPTOR, DESCRIPTOR, LARGEST_DESCRIPTOR)
    except sheet.Unreadable as fault:
        found = fault.finding
        return usual, [Finding(DESCRIPTOR, found.rule, found.message, RESTORE)]
    try:
        package = json.loads(data.decode("utf-8-sig"))
    except (ValueError, RecursionError) as fault:
        reason = "it is nested too deeply" if isinstance(fault, RecursionError) else str(fault)
        return usual, [_fault("json", f"The file is not valid JSON: {reason}", RESTORE)]
    if not isinstance(package, dict):
        return usual, [_fault("json", "The file must hold one JSON object", RESTORE)]
    stop = _version(package.get("vallum_format"))
    if stop is not None:
        return None, [stop]
    paths, findings = _paths(folder, package.get("resources"))
    name, title = package.get("name"), package.get("title")
    if not isinstance(name, str) or not name.strip():
        findings.append(_fault("name", "The package has no name", 'Add "name": a short name of the region.'))
        name = usual.name
    title = title if isinstance(title, str) and title.strip() else name
    return Descriptor(_printable(name), _printable(title), FORMAT, paths), findings


def _printable(text: str) -> str:
    return shown(text.strip(), 200) or ""


def _version(found: object) -> Finding | None:
    if type(found) is int and found == FORMAT:
        return None
    newer = isinstance(found, int) and not isinstance(found, bool) and found > FORMAT
    if found is None:
        message = "The package does not say its format version"
    else:
        message = f"The format version is {str(found)[:40]}; this program reads version {FORMAT}"
    remedy = (
        "Update Vallum, or ask for the region in an older format."
        if newer
        else f'Compare the tables with the reference of format {FORMAT}, then set "vallum_format": {FORMAT}.'
    )
    return Finding(
        DESCRIPTOR, "format version", message, remedy, column="vallum_format", value=str(found)[:80]
    )


def _paths(folder: Path, resources: object) -> tuple[dict[str, str], list[Finding]]:
    if not isinstance(resources, list):
        return {}, [_fault("resources", "The package lists no resources", RESTORE)]
    paths: dict[str, str] = {}
    findings: list[Finding] = []
    for place, resource in enumerate(resources[:1000], start=1):
        name = resource.get("name") if isinstance(resource, dict) else None
        if not isinstance(name, str):
            findings.append(_fault("resources", f"Resource {place} has no name", RESTORE))
        elif name not in TABLES:
            findings.append(
                Finding(
                    DESCRIPTOR,
                    "unknown table",
                    f"The resource {name[:80]} is no table of a region; it was not read",
                    "Rename it to a table of the reference, or remove it from the package.",
                    value=name,
                    severity="warning",
                )
            )
        elif name in paths:
            findings.append(
                _fault("resources", f"The resource {name} is listed twice", "Remove one of the two.")
            )
        else:
            reason = _unsafe(folder, resource.get("path"))
            paths[name] = "" if reason else str(resource["path"])
            if reason:
                message = f"The path of {name} {reason}"
                remedy = f"Put the file in the region's folder and write its name, such as {name}.csv."
                value = str(resource.get("path"))[:80]
                findings.append(Finding(DESCRIPTOR, "path", message, remedy, column="path", value=value))
    return paths, findings


def _unsafe(folder: Path, path: object) -> str | None:
    """Say why a path may not be followed; None when it stays within the folder."""
    if not isinstance(path, str) or not path or len(path) > 1000:
        return "is not one file name"
    if "://" in path or not path.isprintable() or "\\" in path:
        return "is not a plain path with forward slashes"
    windows = PureWindowsPath(path)
    if Path(path).is_absolute() or windows.is_absolute() or windows.drive or ".." in Path(path).parts:
        return "leads out of the folder"
    try:
        inside = (folder / path).resolve().is_relative_to(folder.resolve())
    except (OSError, RuntimeError, ValueError):
        return "cannot be followed"
    return None if inside else "leads out of the folder through a link"


def _fault(rule: str, message: str, remedy: str) -> Finding:
    return Finding(DESCRIPTOR, rule, message, remedy)


def _resource(table: Table, present: set[str]) -> dict[str, Any]:
    schema: dict[str, Any] = {
        "fields": [_field(name, column) for name, column in table.columns.items()],
        "missingValues": [""],
    }
    # A key with a part that may be empty is no primary key to Frictionless; it stays in ours alone.
    if not any(table.columns[part].nullable for part in table.key):
        schema["primaryKey"] = list(table.key)
    foreign = [
        {
            "fields": [key.column],
            "reference": {"resource": _target(key.table, table), "fields": [key.reference]},
        }
        for key in table.foreign
        if key.table in present
        and not key.except_for
        and not (table.columns[key.column].metadata or {}).get("list")
        and (key.reference,) == TABLES[key.table].key
    ]
    if foreign:
        schema["foreignKeys"] = foreign
    return {
        "profile": "tabular-data-resource",
        "name": table.name,
        "path": f"{table.name}.csv",
        "title": table.title,
        "description": " ".join((table.schema.__doc__ or "").split()),
        "format": "csv",
        "mediatype": "text/csv",
        "encoding": "utf-8",
        "key": list(table.key),
        "schema": schema,
    }


def _target(target: str, table: Table) -> str:
    return "" if target == table.name else target


_TYPES = {pl.Int64(): "integer", pl.Float64(): "number", pl.String(): "string"}


def _field(name: str, column: dy.Column) -> dict[str, Any]:
    metadata = column.metadata or {}
    constraints: dict[str, Any] = {}
    if not column.nullable:
        constraints["required"] = True
    low, high = getattr(column, "min", None), getattr(column, "max", None)
    above = getattr(column, "min_exclusive", None)
    if low is not None or above is not None:
        constraints["minimum"] = low if low is not None else above
    if high is not None:
        constraints["maximum"] = high
    if "allowed" in metadata:
        constraints["enum"] = list(metadata["allowed"])
    if "pattern" in metadata:
        constraints["pattern"] = metadata["pattern"]
    described: dict[str, Any] = {
        "name": name,
        "type": _TYPES[column.dtype],
        "description": column.description or "",
        "unit": metadata.get("unit", ""),
    }
    if constraints:
        described["constraints"] = constraints
    return described

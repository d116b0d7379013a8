"""The Region: an immutable set of typed tables, with what is wrong with them."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from types import MappingProxyType

import numpy as np
import polars as pl

from vallum.core.errors import BadInput
from vallum.region import package, sheet
from vallum.region.cells import typed
from vallum.region.checks import Tables, run
from vallum.region.checks.rules import ROW
from vallum.region.findings import Finding, frame, shown, where
from vallum.region.package import Descriptor
from vallum.region.schema import TABLES
from vallum.region.sheet import Sheet

SHIPPED = Path(__file__).parent / "data"
"""Folder of the regions that ship with the program."""


@dataclass(frozen=True)
class _Typed:
    """One table with its place in the files."""

    file: str
    frame: pl.DataFrame
    rows: pl.Series
    findings: tuple[Finding, ...] = ()
    readable: bool = True


@dataclass(frozen=True, eq=False)
class Region:
    """Immutable set of validated tables and a content hash.

    A Region is made by `read`, `from_tables` or `replace`, never by its constructor. It may be unsound:
    then `findings` has errors, and cells that failed are null. Plan only with `require_sound`.

    Attributes
    ----------
    name, title : str
        Name and title of the region.
    format_version : int
        Version of the layout of the tables.
    tables : mapping of str to polars.DataFrame
        Every table of `vallum.region.schema.TABLES`; one that is absent has its columns and no rows.
    findings : polars.DataFrame
        Columns severity (error or warning), file, row, column, rule, value, message, remedy.
    """

    name: str
    title: str
    format_version: int
    tables: Mapping[str, pl.DataFrame]
    findings: pl.DataFrame
    _typed: Mapping[str, _Typed] = field(repr=False, compare=False)
    _outer: tuple[Finding, ...] = field(repr=False, compare=False, default=())

    @classmethod
    def read(cls, source: str | Path) -> "Region":
        """Read a region from a folder, or one that ships, by name.

        Parameters
        ----------
        source : str or pathlib.Path
            A folder with ``datapackage.json`` and CSV files, or a name out of `catalogue`. A folder of that
            name in the working directory comes first if it has a ``datapackage.json``.

        Returns
        -------
        Region
            With all that is wrong as `findings`; nothing but a source that does not exist is an exception.

        Raises
        ------
        BadInput
            There is no such folder and no such region.
        """
        folder = _folder(source)
        descriptor, findings = package.read_descriptor(folder)
        if descriptor is None:
            return _assemble(Descriptor(folder.name, folder.name), {}, findings, missing=False)
        typed_tables: dict[str, _Typed] = {}
        for name in TABLES:
            path = descriptor.paths.get(name)
            if path is None:
                path = f"{name}.csv"
                if not (folder / path).is_file():
                    continue
                if descriptor.paths:
                    findings.append(_not_listed(name, path))
            if path:
                typed_tables[name] = _read_table(name, folder / path, path)
            else:
                typed_tables[name] = _absent(name, f"{name}.csv", readable=False)
        findings.extend(_strangers(folder, descriptor))
        return _assemble(descriptor, typed_tables, findings)

    @classmethod
    def from_tables(
        cls, name: str, tables: Mapping[str, pl.DataFrame], *, title: str | None = None
    ) -> "Region":
        """Make a region of tables in memory; the same checks run.

        Parameters
        ----------
        name : str
            Name of the region.
        tables : mapping of str to polars.DataFrame
            Tables by name. Columns that may be empty may be absent; the order of columns does not matter.
        title : str, optional
            Title of the region; its name if not given.

        Returns
        -------
        Region
            Row numbers in its findings follow the order given: the first row of a table is row 2.

        Raises
        ------
        BadInput
            A table is not one of a region.
        """
        _known(tables)
        typed_tables = {table: _from_frame(table, frame) for table, frame in tables.items()}
        return _assemble(Descriptor(name, title or name), typed_tables, [])

    def replace(self, **tables: pl.DataFrame) -> "Region":
        """Make a region with some tables replaced; all checks run again.

        Raises
        ------
        BadInput
            A table is not one of a region.
        """
        _known(tables)
        changed = {table: _from_frame(table, frame) for table, frame in tables.items()}
        return _assemble(
            Descriptor(self.name, self.title, self.format_version), {**self._typed, **changed}, self._outer
        )

    @property
    def sound(self) -> bool:
        """True when no finding is an error."""
        return not (self.findings["severity"] == "error").any()

    def require_sound(self) -> "Region":
        """Return the region itself when it is sound.

        Raises
        ------
        BadInput
            It is not; the error names the first finding and how many there are.
        """
        if self.sound:
            return self
        errors = self.findings.filter(pl.col("severity") == "error")
        row = errors.row(0, named=True)
        first = Finding(**row)
        more = f" ({errors.height - 1} more errors)" if errors.height > 1 else ""
        raise BadInput(
            f"{first.message}{more}",
            where=f"region {self.name}, {where(first)}",
            rule=first.rule,
            remedy=f"{first.remedy} `vallum check` lists every finding.",
        )

    def setting(self, key: str) -> float:
        """Look up a setting.

        Raises
        ------
        BadInput
            The region has no such setting.
        """
        value = self._settings.get(key)
        if value is None:
            raise BadInput(
                f"The setting {key} is missing",
                where="settings.csv",
                rule="settings",
                remedy=f"Add a row {key}.",
            )
        return value

    @cached_property
    def _settings(self) -> dict[str, float]:
        known = self.tables["settings"].drop_nulls(["key", "value"])
        return dict(zip(known["key"], known["value"], strict=True))

    @cached_property
    def content_hash(self) -> str:
        """SHA-256 of the typed content as hexadecimal text.

        Rows are sorted by key and columns by the schema, numbers enter as their bytes. Formatting of the
        files (order of rows and columns, quotes, line ends, byte-order mark) therefore does not matter,
        nor do name and title; every typed value does. Columns and tables that hold nothing leave no trace,
        so a later version may add some without changing the hash of an old region.
        """
        digest = hashlib.sha256(f"vallum region {self.format_version}\n".encode())
        for name in TABLES:
            content = self.tables[name]
            if content.is_empty():
                continue
            digest.update(f"table {name} {content.height}\n".encode())
            for column in content.iter_columns():
                if column.null_count() == column.len():
                    continue
                digest.update(f"column {column.name} {column.dtype}\n".encode())
                digest.update(column.is_null().to_numpy().astype(np.uint8).tobytes())
                digest.update(_bytes(column))
        return digest.hexdigest()


def catalogue() -> list[str]:
    """List the names of the regions that ship with the program."""
    if not SHIPPED.is_dir():
        return []
    return sorted(entry.name for entry in SHIPPED.iterdir() if (entry / package.DESCRIPTOR).is_file())


def _bytes(column: pl.Series) -> bytes:
    if column.dtype == pl.String:
        filled = [value.encode() for value in column.fill_null("").to_list()]
        return np.array([len(value) for value in filled], dtype="<i8").tobytes() + b"".join(filled)
    if column.dtype == pl.Float64:
        # Adding nought turns a negative nought into a positive one.
        return (column.fill_null(0.0).to_numpy().astype("<f8") + 0.0).tobytes()
    return column.fill_null(0).to_numpy().astype("<i8").tobytes()


def _folder(source: str | Path) -> Path:
    ships = catalogue()
    try:
        # An empty name, as an unset variable leaves, is not the folder that one is in.
        folder = str(source).strip() != "" and Path(source).is_dir()
        described = folder and (Path(source) / package.DESCRIPTOR).is_file()
    except (OSError, ValueError):
        folder = described = False  # a name that no file can have is no folder either
    # An ordinary folder that happens to be called like a region that ships does not hide it.
    if described or (folder and str(source) not in ships):
        return Path(source)
    if str(source) in ships:
        return SHIPPED / str(source)
    raise BadInput(
        f"{_not_a_region(source)} {shown(source)!r}",
        where="REGION",
        rule="region",
        remedy=f"Give a folder with {package.DESCRIPTOR}, or one of: {', '.join(ships) or 'none ship'}.",
    )


def _not_a_region(source: str | Path) -> str:
    """Say why a name stands for no region, up to the name."""
    try:
        if Path(source).is_file():
            return "A region is a folder, and this is a file:"
        if Path(source).is_dir() and str(source).strip():
            return "The folder cannot be read; check the permissions of"
    except (OSError, ValueError):
        pass  # a name that no file can have
    return "There is no region"


def _known(tables: Iterable[str]) -> None:
    for name in tables:
        if name not in TABLES:
            raise BadInput(
                f"A region has no table {name[:80]!r}",
                where=name[:80],
                rule="unknown table",
                remedy=f"Use one of: {', '.join(TABLES)}.",
            )


def _read_table(name: str, path: Path, file: str) -> _Typed:
    cells, findings = sheet.read(path, file)
    if cells is None:
        return _absent(name, file, findings, readable=False)
    return _typed_by_key(cells, name, findings, lenient=False)


def _from_frame(name: str, given: pl.DataFrame) -> _Typed:
    rows = pl.Series("row", np.arange(2, given.height + 2), dtype=pl.Int64)
    cells = Sheet(f"{name}.csv", given, rows)
    return _typed_by_key(cells, name, [], lenient=True)


def _typed_by_key(cells: Sheet, name: str, findings: list[Finding], *, lenient: bool) -> _Typed:
    """Type a sheet and sort it by key, so that the order of rows in a file changes neither hash nor plan."""
    table = TABLES[name]
    content, more = typed(cells, table, lenient=lenient)
    readable = not any(finding.rule == "missing column" and finding.severity == "error" for finding in more)
    content = content.with_columns(cells.rows.alias(ROW)).sort(table.key, maintain_order=True)
    return _Typed(cells.file, content.drop(ROW), content[ROW], (*findings, *more), readable)


def _absent(name: str, file: str, findings: Iterable[Finding] = (), *, readable: bool) -> _Typed:
    return _Typed(file, TABLES[name].empty(), pl.Series("row", [], dtype=pl.Int64), tuple(findings), readable)


def _not_listed(name: str, path: str) -> Finding:
    return Finding(
        package.DESCRIPTOR,
        "not listed",
        f"The file {path} is not listed as a resource; it was read all the same",
        f"Add a resource {name} to the package.",
        value=path,
        severity="warning",
    )


def _strangers(folder: Path, descriptor: Descriptor) -> list[Finding]:
    """Name CSV files that are no table, which are often a table under a mistyped name."""
    used = {*descriptor.paths.values(), *(f"{name}.csv" for name in TABLES)}
    return [
        Finding(
            entry.name,
            "unknown table",
            "The file is no table of a region; it was not read",
            "Rename it to a table of the reference, or move it out of the folder.",
            severity="warning",
        )
        for entry in sorted(folder.glob("*.csv"))[:100]
        if entry.name not in used
    ]


def _assemble(
    descriptor: Descriptor,
    given: Mapping[str, _Typed],
    outer: Iterable[Finding],
    *,
    missing: bool = True,
) -> Region:
    """Put tables together and run the checks; `outer` are findings about the package itself."""
    outer = tuple(outer)
    findings = list(outer)
    complete: dict[str, _Typed] = {}
    for name, table in TABLES.items():
        complete[name] = given.get(name) or _absent(name, f"{name}.csv", readable=not table.required)
        findings.extend(complete[name].findings)
        if missing and name not in given and table.required:
            findings.append(_missing(name, table.title))
    findings.extend(
        run(
            Tables(
                {name: part.frame.with_columns(part.rows.alias(ROW)) for name, part in complete.items()},
                {name: part.file for name, part in complete.items()},
                frozenset(name for name, part in complete.items() if part.readable),
            )
        )
    )
    return Region(
        name=descriptor.name,
        title=descriptor.title,
        format_version=descriptor.format_version,
        tables=MappingProxyType({name: part.frame for name, part in complete.items()}),
        findings=frame(findings, [part.file for part in complete.values()]),
        _typed=MappingProxyType(dict(given)),
        _outer=outer,
    )


def _missing(name: str, title: str) -> Finding:
    return Finding(
        f"{name}.csv",
        "file missing",
        f"The table {name} ({title}) is missing",
        f"Add {name}.csv to the folder and to {package.DESCRIPTOR}.",
    )

"""One CSV file as text: bytes in, columns of strings out, with the row numbers of a spreadsheet.

The parser is the standard library's, in strict mode. It counts records exactly, which a columnar reader
does not: there a row that is too short is filled up in silence and an open quote swallows what follows.
"""

import csv
import io
import os
import re
import stat
from dataclasses import dataclass, replace
from pathlib import Path

import polars as pl

from vallum.region.findings import Finding, shown

LARGEST_FILE = 32 * 2**20
"""Bytes of one table. A larger file is named and not opened."""

MOST_ROWS = 250_000
"""Rows of one table."""

MOST_COLUMNS = 500
"""Columns of one table, far more than any schema has."""

SAVE_AS = "Save it as 'CSV UTF-8 (comma delimited)'."


@dataclass(frozen=True, slots=True)
class Sheet:
    """Cells of one table before they are typed.

    Attributes
    ----------
    file : str
        Name for findings.
    frame : polars.DataFrame
        Columns as in the file. Text is stripped; an empty cell is null.
    rows : polars.Series
        Row number in the spreadsheet of each row of `frame`; blank rows are left out but counted.
    cleaned : bool
        Text is stripped and empty cells are null already.
    semicolons : bool
        Cells were separated by semicolons, so that a comma may be the decimal mark.
    """

    file: str
    frame: pl.DataFrame
    rows: pl.Series
    cleaned: bool = False
    semicolons: bool = False


class Unreadable(Exception):
    """The file cannot be read as a table."""

    def __init__(self, finding: Finding) -> None:
        super().__init__(finding.message)
        self.finding = finding


def read(path: Path, file: str) -> tuple[Sheet | None, list[Finding]]:
    """Read one CSV file.

    Parameters
    ----------
    path : pathlib.Path
        The file; the caller has made sure that it lies within the region's folder.
    file : str
        Name for findings.

    Returns
    -------
    sheet : Sheet or None
        None when the file cannot be read as a table.
    findings : list of Finding
        What is wrong with it.
    """
    try:
        return parse(load(path, file, LARGEST_FILE), file)
    except Unreadable as fault:
        return None, [fault.finding]


def load(path: Path, file: str, largest: int) -> bytes:
    """Load a regular file of at most `largest` bytes.

    Raises
    ------
    Unreadable
        The file is missing, is no regular file, is too large, or the system refuses it.
    """
    try:
        # Opened without blocking, so that a pipe in the folder cannot hold the reader up.
        handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
        with os.fdopen(handle, "rb") as stream:
            status = os.fstat(stream.fileno())
            if not stat.S_ISREG(status.st_mode):
                raise _unreadable(file, "file", "This is not a regular file", "Put a CSV file in its place.")
            if status.st_size > largest:
                raise _too_large(file, status.st_size, largest)
            data = stream.read(largest + 1)
    except FileNotFoundError:
        raise _unreadable(
            file,
            "file missing",
            "The file is missing",
            "Restore the file, or correct its path in datapackage.json.",
        ) from None
    except (OSError, ValueError) as fault:
        reason = fault.strerror if isinstance(fault, OSError) and fault.strerror else "the name is not usable"
        raise _unreadable(
            file, "file", f"The file cannot be read: {reason}", "Make it a readable file."
        ) from fault
    if len(data) > largest:
        raise _too_large(file, len(data), largest)
    return data


def parse(data: bytes, file: str) -> tuple[Sheet | None, list[Finding]]:
    """Parse the bytes of a CSV file; see `read`."""
    findings: list[Finding] = []
    if data.startswith(b"\xef\xbb\xbf"):
        data = data[3:]
        findings.append(
            Finding(
                file,
                "byte-order mark",
                "The file starts with a byte-order mark; it was read without it",
                "Nothing needs to be done; save it as plain UTF-8 to be rid of this warning.",
                severity="warning",
            )
        )
    try:
        text, delimiter = _delimited(_decode(data, file))
        if delimiter == ";":
            findings.append(_semicolons(file))
        records, numbers = _records(text, file, delimiter)
        header = _header(records, file)
        width = len(header)
        body, numbers = records[1:], numbers[1:]
        ragged = [
            (n, r) for n, r in zip(numbers, body, strict=True) if len(r) != width and not _tail(r, width)
        ]
    except Unreadable as fault:
        return None, [*findings, fault.finding]
    findings.extend(_ragged(file, number, record, width) for number, record in ragged)
    if ragged:
        body = [(record + [""] * width)[:width] for record in body]
    sheet, findings = _sheet(file, header, body, numbers, findings)
    return replace(sheet, semicolons=delimiter == ";"), findings


def _sheet(
    file: str,
    header: list[str],
    body: list[list[str]],
    numbers: list[int],
    findings: list[Finding],
) -> tuple[Sheet, list[Finding]]:
    """Turn records of the header's width or longer into columns."""
    width = len(header)
    kept_rows = []
    for number, record in zip(numbers, body, strict=True):
        cells = [cell.strip().replace("\r\n", "\n") or None for cell in record[:width]]
        if any(cells):
            kept_rows.append((number, cells))
    columns = list(zip(*(cells for _, cells in kept_rows), strict=True)) or [()] * width
    named: dict[str, tuple[str | None, ...]] = {}
    for place, (name, column) in enumerate(zip(header, columns, strict=True), start=1):
        if name and name not in named:
            named[name] = column
        elif name:
            findings.append(
                _header_fault(file, "duplicate column", f"The column {shown(name)} appears twice", name)
            )
        elif any(column):
            message = f"Column {place} has cells but no name in the header"
            findings.append(_header_fault(file, "column without a name", message, f"#{place}"))
    frame = pl.DataFrame(named, schema=dict.fromkeys(named, pl.String))
    rows = pl.Series("row", [number for number, _ in kept_rows], dtype=pl.Int64)
    return Sheet(file, frame, rows, cleaned=True), findings


def _header_fault(file: str, rule: str, message: str, column: str) -> Finding:
    return Finding(file, rule, f"{message}; it was not read", "Name each column once.", 1, column)


def _decode(data: bytes, file: str) -> str:
    if not data.strip():
        raise _unreadable(file, "empty file", "The file is empty", "Restore the header and the rows.")
    if data[:2] in {b"\xff\xfe", b"\xfe\xff"}:
        raise _unreadable(file, "encoding", "The file is UTF-16, not UTF-8", SAVE_AS)
    if data[:4] == b"PK\x03\x04":
        raise _unreadable(file, "encoding", "This is a spreadsheet or zip file, not a CSV file", SAVE_AS)
    nul = data.find(b"\x00")
    if nul >= 0:
        raise _unreadable(
            file,
            "encoding",
            "The file holds a NUL byte, so it is not text",
            SAVE_AS,
            data.count(b"\n", 0, nul) + 1,
        )
    if data.count(b"\n") > 2 * MOST_ROWS:
        raise _too_many(file)
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as fault:
        row = data.count(b"\n", 0, fault.start) + 1
        value = data[max(0, fault.start - 10) : fault.start + 10].decode("utf-8", "replace")
        raise _unreadable(file, "encoding", "The file is not valid UTF-8", SAVE_AS, row, value) from None


def _delimited(text: str) -> tuple[str, str]:
    """Return the text without a line that names the delimiter, and the delimiter: comma or semicolon.

    Where the decimal mark is a comma, spreadsheets write semicolons between cells; some say so in a first
    line, which they do not show.
    """
    first, end, rest = text.partition("\n")
    named = re.fullmatch(r'"?sep=([;,])"?\s*', first)
    if named and end:
        return rest, named[1]
    header = re.split(r"[\r\n]", text.lstrip(), maxsplit=1)[0]
    return text, ";" if header.count(";") > header.count(",") else ","


def _semicolons(file: str) -> Finding:
    return Finding(
        file,
        "delimiter",
        "Cells are separated by semicolons; they were read so, with a point or a comma as decimal mark",
        f"Nothing needs to be done. {SAVE_AS[:-1]} to be rid of this warning.",
        severity="warning",
    )


def _records(text: str, file: str, delimiter: str) -> tuple[list[list[str]], list[int]]:
    """Split into records; the number of a record is its row in a spreadsheet."""
    records: list[list[str]] = []
    numbers: list[int] = []
    number = 0
    try:
        for record in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True):
            number += 1
            if record:
                records.append(record)
                numbers.append(number)
                if len(records) > MOST_ROWS + 1:
                    raise _too_many(file)
    except csv.Error as fault:
        raise _unreadable(
            file,
            "quotes",
            f"The row cannot be split into cells: {fault}",
            'Close the quote, or double a quote within quoted text ("").',
            number + 1,
        ) from None
    return records, numbers


def _header(records: list[list[str]], file: str) -> list[str]:
    first = records[0]
    for mark, name in (("\t", "tabs"), ("|", "bars")):
        if sum(cell.count(mark) for cell in first) >= len(first):
            raise _unreadable(
                file,
                "delimiter",
                f"Cells are separated by {name}, not by commas",
                SAVE_AS,
                1,
                ",".join(first),
            )
    names = [name.strip() for name in first]
    width = len(names)
    if width > MOST_COLUMNS:
        message = f"The header has {width:,} columns; a table may have {MOST_COLUMNS}"
        raise _unreadable(file, "columns", message, "Keep only the columns of the table.", 1)
    while width > 1 and not names[width - 1]:  # spreadsheets leave empty columns at the right edge
        if any(len(r) >= width and r[width - 1].strip() for r in records[1:]):
            break
        width -= 1
    return names[:width]


def _tail(record: list[str], width: int) -> bool:
    """Tell whether a record is only longer than the header by empty cells."""
    return len(record) > width and not any(cell.strip() for cell in record[width:])


def _ragged(file: str, number: int, record: list[str], width: int) -> Finding:
    return Finding(
        file,
        "cells in a row",
        f"The row has {len(record)} cells where the header has {width}",
        "Add or remove commas; put text that holds a comma in quotes.",
        row=number,
        value=",".join(record),
    )


def _unreadable(
    file: str, rule: str, message: str, remedy: str, row: int | None = None, value: str | None = None
) -> Unreadable:
    return Unreadable(Finding(file, rule, message, remedy, row=row, value=value))


def _too_large(file: str, size: int, largest: int) -> Unreadable:
    return _unreadable(
        file,
        "file size",
        f"The file has {size / 2**20:.0f} MB; a table may have {largest / 2**20:.0f} MB",
        "Keep only the rows of this region.",
    )


def _too_many(file: str) -> Unreadable:
    return _unreadable(
        file, "rows", f"The file has more than {MOST_ROWS:,} rows", "Keep only the rows of this region."
    )

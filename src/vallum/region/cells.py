"""From cells to typed values, column by column, with a finding for each cell that fails.

A cell that fails becomes empty, so that the remaining checks can still be made on the rest of its row.
"""

import difflib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

import dataframely as dy
import polars as pl

from vallum.region.findings import MOST_PER_RULE, Finding, shown
from vallum.region.schema import Table
from vallum.region.schema.columns import LONGEST_TEXT
from vallum.region.sheet import Sheet

NUMBER = r"^[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]{1,4})?$"
COMMA_NUMBER = NUMBER.replace(r"\.", ",")
"""The same with a decimal comma, as files with semicolons between cells have it."""

WHOLE = r"^[+-]?[0-9]{1,18}(\.0*)?$"

LARGEST = 1e9
"""No quantity, price or sum in a region is larger; sums over all of them stay exact to the cent."""

LONGEST_NAME = 100
"""Characters of a column's name for which a near one is looked up."""

NOT_FINITE = "not a number"

NOT_A_NUMBER = frozenset(
    {"nan", "-nan", "inf", "-inf", "+inf", "infinity", "-infinity", "na", "n/a", "null", "none", "-", "?"}
)


def typed(sheet: Sheet, table: Table, *, lenient: bool) -> tuple[pl.DataFrame, list[Finding]]:
    """Type a sheet by its table's schema.

    Parameters
    ----------
    sheet : Sheet
        Cells as text, or as typed columns when the table was made by a program.
    table : Table
        Schema of the table.
    lenient : bool
        Columns that may be empty may also be absent without a finding (for tables made by a program).

    Returns
    -------
    frame : polars.DataFrame
        Exactly the table's columns in its order and types, as many rows as the sheet.
    findings : list of Finding
        Columns that are absent or unknown and cells that break a bound of the schema.
    """
    findings = _columns(sheet, table, lenient=lenient)
    cells, given = sheet.frame, sheet.frame.schema
    known = [name for name in table.columns if name in given]
    if not known:
        return table.empty().clear(sheet.rows.len()), findings
    commas = sheet.semicolons and _has_commas(cells, table)
    frame = cells.select(
        _cast(name, given[name], column, cleaned=sheet.cleaned, commas=commas)
        if name in given
        else pl.lit(None, dtype=column.dtype).alias(name)
        for name, column in table.columns.items()
    )
    failed: dict[str, pl.Series] = {}
    for name in known:
        if frame[name].null_count() > cells[name].null_count():
            bad = frame[name].is_null() & cells[name].is_not_null()
            if given[name] == pl.String:
                bad = bad & (cells[name].str.strip_chars() != "")
            failed[name] = bad
            findings.extend(_not_castable(sheet, name, table.columns[name], bad, commas=commas))
    findings.extend(_enormous(sheet, table, frame))
    broken = _bounds(sheet, table, frame, failed)
    findings.extend(broken)
    endless = {finding.column for finding in broken if finding.rule == NOT_FINITE}
    frame = frame.with_columns(
        pl.when(pl.col(name).is_finite()).then(pl.col(name)) for name in endless if name
    )
    return frame, findings


def _columns(sheet: Sheet, table: Table, *, lenient: bool) -> list[Finding]:
    findings: list[Finding] = []
    present = sheet.frame.columns
    for name, column in table.columns.items():
        if name in present or (lenient and column.nullable):
            continue
        near = _near(name, [p for p in present if p not in table.columns])
        findings.append(
            Finding(
                sheet.file,
                "missing column",
                f"The column {name} is missing ({_plain(column.description)})",
                f"Rename the column {near} to {name}." if near else f"Add the column {name}.",
                row=1,
                column=name,
                severity="warning" if column.nullable else "error",
            )
        )
    for name in present:
        if name not in table.columns:
            near = _near(name, [c for c in table.columns if c not in present])
            findings.append(
                Finding(
                    sheet.file,
                    "unknown column",
                    f"The table {table.name} has no column {shown(name)}; it was not read",
                    f"Rename it to {near}."
                    if near
                    else "Delete the column, or put the remark in the column note.",
                    row=1,
                    column=name,
                )
            )
    return findings


def _near(name: str, others: list[str]) -> str | None:
    if len(name) > LONGEST_NAME:
        return None
    folded = {other.casefold().replace(" ", "_"): other for other in others}
    if name.casefold().replace(" ", "_") in folded:
        return folded[name.casefold().replace(" ", "_")]
    close = difflib.get_close_matches(name, others, n=1, cutoff=0.75)
    return close[0] if close else None


def _cast(name: str, given: pl.DataType, wanted: dy.Column, *, cleaned: bool, commas: bool) -> pl.Expr:
    """Cast a column to the schema's type; a cell that cannot be cast becomes null."""
    target = wanted.dtype
    column = pl.col(name)
    if given == pl.String:
        text = column if cleaned else clean(column)
        return (
            _plain_text(text, wanted, commas=commas)
            if target == pl.String
            else _number(text, target, commas=commas)
        )
    if given == target:
        return column
    if given.is_nested() or given == pl.Object:
        return pl.lit(None, dtype=target).alias(name)
    if target == pl.String:
        return clean(column.cast(pl.String, strict=False)).alias(name)
    if not (given.is_numeric() or given == pl.Null):
        return pl.lit(None, dtype=target).alias(name)
    if target == pl.Int64 and given.is_float():
        column = pl.when(column.round(0) == column).then(column)
    return column.cast(target, strict=False).alias(name)


def clean(column: pl.Expr) -> pl.Expr:
    """Strip text, take an empty cell for null, and end lines within a cell in one way."""
    stripped = column.str.replace_all("\r\n", "\n", literal=True).str.strip_chars()
    return pl.when(stripped != "").then(stripped)


def _has_commas(cells: pl.DataFrame, table: Table) -> bool:
    """Whether a number of the sheet is written with a decimal comma: then every one is."""
    numeric = [
        name
        for name, column in table.columns.items()
        if name in cells.columns and (column.dtype == pl.Float64 or _unit(column) == "text")
    ]
    found = cells.select(
        (pl.col(name).str.contains(COMMA_NUMBER) & pl.col(name).str.contains(",", literal=True))
        .any()
        .alias(name)
        for name in numeric
    )
    return any(found.row(0)) if numeric else False


def _plain_text(text: pl.Expr, wanted: dy.Column, *, commas: bool) -> pl.Expr:
    """Write numbers and dates that stand in text in one way, whatever a spreadsheet has made of them."""
    if _unit(wanted) not in {"text", "ISO 8601 date"}:
        return text
    text = (
        text.str.replace(r"^([0-9]\.[0-9]{1,2}\.[0-9]{4})$", "0${1}")
        .str.replace(r"^([0-9]{2}\.)([0-9]\.[0-9]{4})$", "${1}0${2}")
        .str.replace(r"^([0-9]{2})\.([0-9]{2})\.([0-9]{4})$", "${3}-${2}-${1}")
    )
    if commas:
        text = text.str.replace(r"^([+-]?[0-9]+),([0-9]+)$", "${1}.${2}")
    shorter = text.str.replace(r"(\.[0-9]*[1-9])0+$", "${1}").str.replace(r"\.0*$", "")
    return pl.when(text.str.contains(r"^[+-]?[0-9]+\.[0-9]+$")).then(shorter).otherwise(text)


def _number(text: pl.Expr, target: pl.DataType, *, commas: bool) -> pl.Expr:
    if commas and target == pl.Float64:
        text = pl.when(text.str.contains(COMMA_NUMBER)).then(text.str.replace(",", ".", literal=True))
    elif commas:
        text = text.str.replace(r",0*$", "")
    plain: pl.Expr = pl.when(text.str.contains(WHOLE if target == pl.Int64 else NUMBER)).then(
        text.str.strip_prefix("+")
    )
    if target == pl.Int64:
        plain = plain.str.replace(r"\.0*$", "")
    return plain.cast(target, strict=False)


def _not_castable(
    sheet: Sheet, name: str, column: dy.Column, bad: pl.Series, *, commas: bool
) -> Iterator[Finding]:
    kind = _KINDS[column.dtype]
    for row, value, count in _first(sheet.rows, sheet.frame[name], bad):
        found = _why_not(sheet.file, row, name, value, kind, optional=column.nullable)
        if commas and found.rule == "type" and _looks(str(value), "."):
            message = f"{name} has a point, and other numbers of this file have a decimal comma"
            remedy = (
                "Write all numbers of the file with the same decimal mark; leave thousands without a mark."
            )
            found = replace(found, rule="decimal comma", message=message, remedy=remedy)
        yield replace(found, count=count)


_WRITTEN = {
    "a whole number": "a whole number in digits",
    "a number": "a number with a decimal point",
    "text": "text",
}
_KINDS = {pl.Int64(): "a whole number", pl.Float64(): "a number", pl.String(): "text"}


def _first(rows: pl.Series, values: pl.Series, bad: pl.Series) -> Iterator[tuple[int, object, int]]:
    """Row, value and count of the first bad cells; the last one stands for all that follow."""
    places = bad.arg_true()
    shown_places = places.head(MOST_PER_RULE + 1)
    found = zip(rows[shown_places].to_list(), values[shown_places].to_list(), strict=True)
    for place, (row, value) in enumerate(found):
        yield row, value, places.len() - MOST_PER_RULE if place == MOST_PER_RULE else 1


def _why_not(file: str, row: int, name: str, value: object, kind: str, *, optional: bool) -> Finding:
    text = str(value)[:LONGEST_TEXT].strip()
    folded = text.casefold().lstrip("#").rstrip("!?")
    rule, message, remedy = (
        "type",
        f"{name} must be {kind}",
        f"Write {_WRITTEN[kind]}, without a unit or any other mark{', or nothing' if optional else ''}.",
    )
    if folded in NOT_A_NUMBER or text.startswith("#"):
        rule = NOT_FINITE
        remedy = "Write the number; leave the cell empty only where the column may be empty."
    elif _looks(text, ","):
        rule = "decimal comma"
        message = f"{name} must be {kind}; this one is written with a comma"
        remedy = f"Write {text.replace(',', '.')} if the comma is decimal; leave thousands without a mark."
    elif text.endswith("%"):
        remedy = f"Write {kind} without the percent sign, in the unit of the column."
    elif any(c.isspace() for c in text) and "".join(text.split()).isdigit():
        remedy = f"Write {''.join(text.split())}: thousands have no mark."
    return Finding(file, rule, message, remedy, row=row, column=name, value=text)


def _enormous(sheet: Sheet, table: Table, frame: pl.DataFrame) -> Iterator[Finding]:
    """Find numbers beyond what any region holds, which would make the sums of a plan meaningless."""
    for name, values in zip(frame.columns, frame.iter_columns(), strict=True):
        column = table.columns[name]
        if not values.dtype.is_numeric() or getattr(column, "max", None) is not None:
            continue
        bad = (values.is_finite() & ~values.is_between(-LARGEST, LARGEST)).fill_null(value=False)
        message = f"{name} is beyond {LARGEST:,.0f}, more than any region has"
        for row, value, count in _first(sheet.rows, values, bad):
            remedy = f"Check the number and its unit: {_unit(column)}."
            yield Finding(sheet.file, "bounds", message, remedy, row, name, shown(value), count=count)


def _looks(text: str, mark: str) -> bool:
    body = text.lstrip("+-")
    return mark in body and body.replace(mark, "").replace(".", "").isdigit()


def _bounds(
    sheet: Sheet, table: Table, frame: pl.DataFrame, failed: Mapping[str, pl.Series]
) -> list[Finding]:
    """Evaluate every rule that the schema's columns state, all columns of the table in one pass."""
    if not frame.height:
        return []
    rules = table.rules
    held = frame.select(
        expression.all().alias(f"{name} {rule}")
        for (name, rule), expression in rules.items()
        if name in sheet.frame.columns
    ).row(0, named=True)
    findings: list[Finding] = []
    for name, rule in (key for key in rules if not held.get(" ".join(key), True)):
        bad = ~frame.select(rules[name, rule].alias("holds"))["holds"]
        if rule == "nullability" and name in failed:
            bad = bad & ~failed[name]  # the cell was not empty; its own finding says what it is
        describe = _DESCRIBE.get(rule, _check)
        label, message, remedy = describe(name, table.columns[name])
        findings.extend(
            Finding(sheet.file, label, message, remedy, row, name, shown(value), count=count)
            for row, value, count in _first(sheet.rows, frame[name], bad)
        )
    return findings


Words = tuple[str, str, str]


def _empty(name: str, column: dy.Column) -> Words:
    return "empty cell", f"{name} must not be empty", f"Fill it in: {_plain(column.description)}."


def _finite(name: str, column: dy.Column) -> Words:
    return NOT_FINITE, f"{name} must be a finite number", f"Write the number, unit {_unit(column)}."


def _bound(name: str, column: dy.Column) -> Words:
    low, high = getattr(column, "min", None), getattr(column, "max", None)
    above = getattr(column, "min_exclusive", None)
    parts = []
    if above is not None:
        parts.append(f"greater than {above:g}")
    if low is not None:
        parts.append("not negative" if low == 0 else f"at least {low:g}")
    if high is not None:
        parts.append(f"at most {high:g}")
    asked = " and ".join(parts)
    return "bounds", f"{name} must be {asked}", f"Write a number that is {asked}, unit {_unit(column)}."


def _pattern(name: str, column: dy.Column) -> Words:
    if _unit(column) == "ISO 8601 date":
        return "date", f"{name} must be an ISO 8601 date", "Write 2026-05-30, or 2026-05, or 2026."
    if _unit(column) in {"text", "list of identifiers"}:
        return "control characters", f"{name} holds characters that cannot be printed", "Type the text anew."
    return (
        "identifier",
        f"{name} must be an identifier",
        "Use letters, digits, underscore, point and hyphen, no blanks, at most 80 characters.",
    )


def _length(name: str, column: dy.Column) -> Words:
    return (
        "text length",
        f"{name} is too long",
        f"Shorten it to {getattr(column, 'max_length', 0)} characters.",
    )


def _check(name: str, column: dy.Column) -> Words:
    allowed = (column.metadata or {}).get("allowed", ())
    words = ", ".join(str(word) for word in allowed)
    return "allowed values", f"{name} must be one of: {words}", f"Write one of: {words}."


_DESCRIBE: Mapping[str, Callable[[str, dy.Column], Words]] = {
    "nullability": _empty,
    "nan": _finite,
    "inf": _finite,
    "min": _bound,
    "min_exclusive": _bound,
    "max": _bound,
    "max_exclusive": _bound,
    "regex": _pattern,
    "max_length": _length,
}


def _unit(column: dy.Column) -> str:
    return str((column.metadata or {}).get("unit", ""))


def _plain(description: str | None) -> str:
    return (description or "").rstrip(".")

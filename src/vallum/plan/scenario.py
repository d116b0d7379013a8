"""Scenarios: named changes to a region's tables, from a TOML file.

    [[override]]
    table = "purses"
    key = { state = "EE", year = 2028 }
    column = "plannable_meur"
    op = "multiply"
    value = 1.1

`key` names columns and their values; every row that agrees with all of them is changed. An empty or
missing key changes the whole column. `op` is set (the default), add or multiply.
"""

import stat
import tomllib
from pathlib import Path
from typing import Any, Literal

import msgspec
import polars as pl

from vallum.core.errors import BadInput
from vallum.region import Region

__all__ = ["Override", "Scenario", "apply_scenario", "read_scenario"]

Scalar = bool | int | float | str

#: Of a 64-bit whole number that a float still holds exactly enough to be compared.
LARGEST_WHOLE = 2**53
#: TOML promises whole numbers of 64 bits and no more.
LARGEST_READ = 2**63
#: No scenario is larger; a file that is was named by mistake.
FILE_LIMIT_BYTES = 1_000_000


class Override(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One change.

    Parameters
    ----------
    table, column : str
        What to change.
    key : dict
        Column -> value; which rows to change.
    op : {"set", "add", "multiply"}
        How the value is applied.
    value : bool, int, float or str
        In the unit of the column; add and multiply take numbers. True and false stand for y and n.
    """

    table: str
    column: str
    value: Scalar
    key: dict[str, int | float | str] = {}
    op: Literal["set", "add", "multiply"] = "set"


class Scenario(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Changes in the order in which they are applied."""

    override: list[Override] = []
    name: str = ""
    description: str = ""


def read_scenario(file: Path) -> Scenario:
    """Read a scenario.

    Parameters
    ----------
    file : Path
        A TOML file in UTF-8, up to 1 MB.

    Raises
    ------
    BadInput
        If the file is missing, is no regular file, is too large, is no TOML, or names an unknown member.
    """
    remedy = "See docs/reference/scenario.md for what a scenario holds."
    try:
        content = tomllib.loads(content_of(file).decode("utf-8-sig").replace("\r\n", "\n"))
        return msgspec.convert(content, Scenario)
    except FileNotFoundError:
        raise BadInput(
            "There is no such file", where=str(file), rule="scenario_file", remedy=remedy
        ) from None
    except OSError as error:
        message = f"The file cannot be read: {error.strerror}"
        raise BadInput(message, where=str(file), rule="scenario_file", remedy=remedy) from error
    except UnicodeDecodeError as error:
        raise BadInput(
            "The file is not in UTF-8", where=str(file), rule="scenario_file", remedy=remedy
        ) from error
    except RecursionError as error:
        message = "The file nests lists or tables too deeply"
        raise BadInput(message, where=str(file), rule="scenario_file", remedy=remedy) from error
    except ValueError as error:  # no TOML, no scenario, or a number of thousands of digits
        raise BadInput(str(error), where=str(file), rule="scenario_file", remedy=remedy) from error


def content_of(file: Path) -> bytes:
    """Read a regular file of moderate size; a device or a pipe is not even opened.

    Raises
    ------
    BadInput
        If it is another kind of file, or too large.
    OSError
        If it cannot be read.
    """
    remedy = "Give a scenario file; docs/reference/scenario.md says what one holds."
    if not stat.S_ISREG(file.stat().st_mode):
        raise BadInput("This is no regular file", where=str(file), rule="scenario_file", remedy=remedy)
    with file.open("rb") as opened:
        content = opened.read(FILE_LIMIT_BYTES + 1)
    if len(content) > FILE_LIMIT_BYTES:
        message = f"The file is larger than {FILE_LIMIT_BYTES / 1e6:.0f} MB"
        raise BadInput(message, where=str(file), rule="scenario_file", remedy=remedy)
    return content


def apply_scenario(region: Region, scenario: Scenario) -> Region:
    """Return a region with a scenario's changes, checked like any other.

    Raises
    ------
    BadInput
        If a change names an unknown table, column or key, its value does not fit, or the changed
        region has findings that are errors.
    """
    changed: dict[str, pl.DataFrame] = {}
    for position, override in enumerate(scenario.override, start=1):
        where = f"override {position}"
        if override.table not in region.tables:
            raise unknown(where, "table", override.table, region.tables)
        table = changed.get(override.table, region.tables[override.table])
        changed[override.table] = overridden(table, override, where)
    return region.replace(**changed).require_sound() if changed else region


def overridden(table: pl.DataFrame, override: Override, where: str) -> pl.DataFrame:
    """Return a table with one change."""
    for column in (override.column, *override.key):
        if column not in table.columns:
            raise unknown(where, f"column of {override.table}", column, table.columns)
    for given in (override.value, *override.key.values()):
        if isinstance(given, int) and abs(given) >= LARGEST_READ:
            message = f"A whole number for {override.table} has more than 64 bits"
            raise BadInput(message, where=where, rule="scenario_value", remedy="Give a smaller value.")
    if override.column in override.key:
        message = f"{override.column} is both changed and part of the key"
        raise BadInput(message, where=where, rule="scenario_key", remedy="Name the rows by other columns.")
    chosen = matching(table, override, where)
    kind = table.schema[override.column]
    if override.op == "set":
        value = pl.lit(literal(override.value, kind, where), dtype=kind)
    else:
        value = computed(override, kind, where)
    changed = pl.when(chosen).then(value).otherwise(pl.col(override.column))
    try:
        return table.with_columns(changed.cast(kind).alias(override.column))
    except pl.exceptions.InvalidOperationError as error:
        message = f"{override.op} {override.value} gives a number that {override.column} cannot hold"
        raise BadInput(message, where=where, rule="scenario_value", remedy="Give a smaller value.") from error


def computed(override: Override, kind: pl.DataType, where: str) -> pl.Expr:
    """Return the old value plus or times that of a change; rounded where the column holds whole numbers."""
    if not kind.is_numeric() or isinstance(override.value, bool | str):
        message = f"{override.op} needs a number and a column of numbers; {override.column} is {kind}"
        raise BadInput(message, where=where, rule="scenario_value", remedy='Use op = "set".')
    amount = float(override.value)
    old = pl.col(override.column).cast(pl.Float64)
    made = old + amount if override.op == "add" else old * amount
    return made.round() if kind.is_integer() else made


def matching(table: pl.DataFrame, override: Override, where: str) -> pl.Series:
    """Return which rows a change is for; at least one."""
    chosen = pl.repeat(value=True, n=table.height, dtype=pl.Boolean, eager=True)
    for column, value in override.key.items():
        fits = literal(value, table.schema[column], where)
        chosen &= (table[column] == fits).fill_null(value=False)
    if not chosen.any():
        key = ", ".join(f"{column} = {value}" for column, value in override.key.items()) or "any key"
        message = f"{override.table} has no row with {key}"
        raise BadInput(message, where=where, rule="scenario_key", remedy="Name a row that the region has.")
    return chosen


def literal(value: Scalar, kind: pl.DataType, where: str) -> Any:
    """Return a value of the file as one of the column's type."""
    if isinstance(value, bool):
        value = "y" if value else "n"
    whole = isinstance(value, int | float) and float(value).is_integer() and abs(value) < LARGEST_WHOLE
    fits = (
        (kind == pl.String and isinstance(value, str))
        or (kind.is_float() and isinstance(value, int | float))
        or (kind.is_integer() and whole)
    )
    if not fits:
        message = f"{value!r} does not fit a column of type {kind}"
        raise BadInput(
            message, where=where, rule="scenario_value", remedy="Give a value of the column's type."
        )
    return int(value) if kind.is_integer() else value


def unknown(where: str, what: str, name: str, known: Any) -> BadInput:
    """Return the error for a name that the region does not have."""
    return BadInput(
        f"There is no {what} named {name}",
        where=where,
        rule="scenario_name",
        remedy=f"Known: {', '.join(sorted(known))}.",
    )

"""Checks of the levers of the Line: each changes something, and nothing out of its bounds."""

import difflib
import math
from collections.abc import Iterator, Mapping

import polars as pl

from vallum.region.checks.rules import ROW, Tables
from vallum.region.checks.works import works_check
from vallum.region.findings import Finding
from vallum.region.schema import TABLES

POOL = "POOL"
"""Table that a lever names to share what is poolable."""

POOLED = ("works_lines", "works_resources")

CHANGED = (
    "works_elements", "works_quantities", "works_activities", "works_resources", "works_lines",
    "works_land", "works_tenders", "works_money",
)  # fmt: skip
"""Tables that a lever may change."""


@works_check("works_levers", *CHANGED)
def levers_change_something(tables: Tables) -> Iterator[Finding]:
    """Every change of a lever is of a number in a works table, of rows that are there, within bounds."""
    for row in tables["works_levers"].drop_nulls(["lever_id", "table"]).iter_rows(named=True):
        fault = _pool_fault(row) if row["table"] == POOL else _lever_fault(tables, row)
        if fault:
            column, message, remedy = fault
            value = row[column]
            yield Finding(
                tables.files["works_levers"],
                "levers",
                message,
                remedy,
                row[ROW],
                column,
                None if value is None else str(value)[:80],
            )


@works_check("works_levers")
def levers_are_numbered_and_priced_once(tables: Tables) -> Iterator[Finding]:
    """The changes of a lever are numbered from one on end; its cost stands on the first alone."""
    levers = tables["works_levers"].drop_nulls(["lever_id", "change"])
    place = pl.int_range(1, pl.len() + 1).over("lever_id", order_by=["change", ROW])
    yield from tables.findings(
        "works_levers",
        levers.filter(pl.col("change") != place),
        "change",
        "changes of a lever",
        lambda row: f"The changes of {row['lever_id']} are not 1, 2, 3 and so on",
        "Number the changes of each lever from 1 without holes.",
    )
    yield from tables.findings(
        "works_levers",
        levers.filter((pl.col("change") > 1) & (pl.col("cost_meur") > 0)),
        "cost_meur",
        "changes of a lever",
        "The cost of a lever is written on its first change, so this one is not counted",
        "Add it to the first change, and write 0 here.",
    )


Fault = tuple[str, str, str]


def _pool_fault(row: Mapping[str, object]) -> Fault | None:
    """Column, message and remedy of what is wrong with a lever that shares between states."""
    if row["column"] not in POOLED:
        return "column", "This is nothing that states can share", f"Write {' or '.join(POOLED)}."
    filled = [name for name in ("keys", "op", "value") if row[name] is not None]
    if filled:
        return filled[0], "A lever that shares has no keys, no op and no value", "Leave the cell empty."
    return None


def _lever_fault(tables: Tables, row: Mapping[str, object]) -> Fault | None:
    """Column, message and remedy of what is wrong with a lever that changes a table."""
    name, column = str(row["table"]), str(row["column"])
    if name not in CHANGED:
        return "table", "No lever can change this table", f"Write {POOL} or one of: {', '.join(CHANGED)}."
    numbers = _numbers(name)
    if column not in numbers:
        close = difflib.get_close_matches(column[:80], numbers, n=1)
        meant = f"Write {close[0]} if that is meant, or one of" if close else "Write one of"
        return "column", f"{name} has no such number to change", f"{meant}: {', '.join(numbers)}."
    if row["op"] is None or row["value"] is None:
        lacking = "op" if row["op"] is None else "value"
        return lacking, "The change is not given", "Write op and value."
    keys = _keys(row["keys"])
    unknown = [key for key in keys if key not in TABLES[name].columns]
    if unknown:
        return "keys", f"{name} has no column {unknown[0][:80]}", "Write column=value;column=value."
    matches = [pl.col(key).cast(pl.String) == wanted for key, wanted in keys.items()]
    return _change_fault(row, tables[name].filter(*matches))


def _numbers(table: str) -> list[str]:
    """Columns that a lever may change: numbers that are neither keys nor ends of a range."""
    spec = TABLES[table]
    return [
        column
        for column, dtype in spec.dtypes.items()
        if dtype.is_numeric()
        and column not in spec.key
        and "range_of" not in (spec.columns[column].metadata or {})
    ]


def _keys(text: object) -> dict[str, str]:
    """Columns and values of ``column=value;column=value``."""
    parts = (part.partition("=") for part in str(text or "").split(";") if part.strip())
    return {key.strip(): wanted.strip() for key, _, wanted in parts}


def _change_fault(row: Mapping[str, object], rows: pl.DataFrame) -> Fault | None:
    """What is wrong with the rows that a lever changes, or with the values that it gives them."""
    if rows.is_empty():
        return "keys", f"No row of {row['table']} is changed", "Write keys that rows of the table have."
    column = str(row["column"])
    old, value = pl.col(column), pl.lit(row["value"])
    new = {"set": value, "add": old + value, "multiply": old * value}[str(row["op"])]
    described = TABLES[str(row["table"])].columns[column]
    low, high = getattr(described, "min", None), getattr(described, "max", None)
    outside = (new < (-math.inf if low is None else low)) | (new > (math.inf if high is None else high))
    if TABLES[str(row["table"])].dtypes[column].is_integer():
        outside |= new != new.round()
    if rows.select(outside.any()).item():
        return (
            "value",
            f"The change leads {column} out of what it may be",
            "Change it less, or by a whole number.",
        )
    return None

"""Scenarios: named changes to a region's tables, from a TOML file. `scenario_file` holds what a file says."""

import math
from collections.abc import Collection, Iterable
from typing import Any, Final

import polars as pl

from vallum.core.errors import BadInput
from vallum.plan.scenario_file import Between, Override, Scalar, Scenario, nearest, read_scenario
from vallum.region import TABLES, Region
from vallum.region.findings import Finding
from vallum.region.findings import where as place_of

__all__ = ["Between", "Override", "Scenario", "apply_scenario", "read_scenario"]

#: Of a 64-bit whole number that a float still holds exactly enough to be compared.
LARGEST_WHOLE: Final = 2**53
#: TOML promises whole numbers of 64 bits and no more.
LARGEST_READ: Final = 2**63


def apply_scenario(region: Region, scenario: Scenario) -> Region:
    """Return a region with a scenario's changes, checked like any other.

    A number that leaves the range of its row takes the nearer end of the range along.

    Raises
    ------
    BadInput
        If a change names an unknown table, column or key, fits no row, is there twice, its value does not
        fit, or the changed region has findings that are errors.
    """
    changed: dict[str, pl.DataFrame] = {}
    last: dict[tuple[str, str], str] = {}
    for position, override in enumerate(scenario.override, start=1):
        where = f"{scenario.file}, override {position}" if scenario.file else f"override {position}"
        first = scenario.override.index(override) + 1
        if first < position:
            message = f"It is the same as override {first}"
            raise BadInput(message, where=where, rule="scenario_twice", remedy="Delete one of the two.")
        if override.table not in region.tables:
            raise unknown(where, "table", override.table, region.tables)
        changed[override.table] = _Change({**region.tables, **changed}, override, where).made()
        last[override.table, override.column] = where
    # Ends move once, at last: what a value was between two changes is nobody's range.
    for table, column in last:
        changed[table] = widened(changed[table], table, column, region.tables[table][column])
    return sound(region.replace(**changed), last) if changed else region


def sound(region: Region, last: dict[tuple[str, str], str]) -> Region:
    """Return the region if no finding is an error; the error names the change that it comes from, if any.

    Parameters
    ----------
    region : Region
        As changed.
    last : dict of (table, column) to str
        Place of the last change of each column.
    """
    found = region.findings.filter(pl.col("row").is_not_null(), severity="error")
    for finding in (Finding(**row) for row in found.to_dicts()):
        table = finding.file.removesuffix(".csv")
        if change := last.get((table, finding.column or "")):
            place = f"{change}, after which {place_of(finding)}, is {finding.value}"
            raise BadInput(finding.message, where=place, rule=finding.rule, remedy=finding.remedy)
    return region.require_sound()


class _Change:
    """One change of one table, with the tables it may look into."""

    def __init__(self, tables: dict[str, pl.DataFrame], override: Override, where: str) -> None:
        self.tables, self.override, self.where = tables, override, where
        self.table = tables[override.table]
        for given in (override.value, *override.key.values(), *compared(override)):
            if isinstance(given, int) and abs(given) >= LARGEST_READ:
                message = f"A whole number for {override.table} has more than 64 bits"
                raise self.refused(message, "scenario_value", "Give a smaller value.")

    def made(self) -> pl.DataFrame:
        """Return the table with the change."""
        name = self.override.column
        if name not in self.table.columns:
            raise unknown(self.where, f"column of {self.override.table}", name, self.table.columns)
        if name in self.override.key:
            message = f"{name} is both changed and part of the key"
            raise self.refused(message, "scenario_key", "Name the rows by other columns.")
        chosen, kind = self.matching(), self.table.schema[name]
        value = self.value(kind)
        try:
            made = self.table.with_columns(
                pl.when(chosen).then(value).otherwise(pl.col(name)).cast(kind).alias(name)
            )
        except pl.exceptions.InvalidOperationError as error:
            message = f"{self.override.op} {self.override.value} gives a number that {name} cannot hold"
            raise self.refused(message, "scenario_value", "Give a smaller value.") from error
        if (made[name].is_null() & self.table[name].is_not_null()).any():
            message = f"{', '.join(self.override.times)} is empty in a row that is changed"
            raise self.refused(message, "scenario_value", "Name only rows in which it is known.")
        return made

    def matching(self) -> pl.Series:
        """Return which rows the change is for; at least one."""
        chosen = pl.repeat(value=True, n=self.table.height, dtype=pl.Boolean, eager=True)
        for name, value in self.override.key.items():
            cells = self.cells(name)
            chosen &= (cells == literal(value, cells.dtype, self.where)).fill_null(value=False)
        for name, between in self.override.where.items():
            chosen &= self.fits(name, between)
        if not chosen.any():
            raise self.refused(
                f"{self.override.table} has no row with {told(self.override)}",
                "scenario_key",
                f"{self.nearest_value()}Name a row that the region has.",
            )
        return chosen

    def fits(self, name: str, between: Between) -> pl.Series:
        """Return in which rows a column has one of the values that are meant."""
        cells = self.cells(name)
        if between == Between():
            message = f"Nothing is asked of {name}"
            raise self.refused(message, "scenario_where", "Give at least one of from, to and in.")
        chosen = cells.is_not_null()
        if between.least is not None:
            chosen &= cells >= literal(between.least, cells.dtype, self.where)
        if between.most is not None:
            chosen &= cells <= literal(between.most, cells.dtype, self.where)
        if between.one_of is not None:
            values = [literal(value, cells.dtype, self.where) for value in between.one_of]
            if absent := sorted(set(values) - set(cells.to_list()), key=str):
                message = f"No row of {self.override.table} has {name} = {absent[0]}"
                near = nearest(str(absent[0]), words_of(cells))
                raise self.refused(message, "scenario_key", f"{near}Name values that the region has.")
            chosen &= cells.is_in(values)
        return chosen.fill_null(value=False)

    def cells(self, name: str) -> pl.Series:
        """Return a column of the table, or of one that it refers to, row by row."""
        if name in self.table.columns:
            return self.table[name]
        own, _, other = name.partition(".")
        # Only what names one row: a crew family has one in each state, a list none.
        foreign = {
            key.column: key
            for key in TABLES[self.override.table].foreign
            if TABLES[key.table].key == (key.reference,)
            and "list" not in (TABLES[self.override.table].columns[key.column].metadata or {})
        }
        if not other or own not in foreign:
            known = [*self.table.columns, *(f"{column}.…" for column in foreign)]
            raise unknown(self.where, f"column of {self.override.table}", name, known)
        key = foreign[own]
        referred = self.tables[key.table]
        if other not in referred.columns:
            raise unknown(self.where, f"column of {key.table}", other, referred.columns)
        looked = referred.select(pl.col(key.reference).alias(own), pl.col(other).alias("#found")).unique(
            own, keep="first", maintain_order=True
        )
        return self.table.select(own).join(looked, on=own, how="left", maintain_order="left")["#found"]

    def value(self, kind: pl.DataType) -> pl.Expr:
        """Return the new value of the column, rounded where it holds whole numbers."""
        override, old = self.override, pl.col(self.override.column).cast(pl.Float64, strict=False)
        if override.op == "set" and not override.times:
            return pl.lit(literal(override.value, kind, self.where), dtype=kind)
        if not kind.is_numeric() or isinstance(override.value, bool | str):
            needs = override.op if override.op != "set" else "times"
            message = f"{needs} needs a number and a column of numbers; {override.column} is {kind}"
            raise self.refused(message, "scenario_value", 'Use op = "set" without times.')
        if not math.isfinite(override.value):
            message = f"{override.op} needs a finite number, not {override.value}"
            raise self.refused(message, "scenario_value", "Give a number.")
        amount = pl.lit(float(override.value))
        for name in override.times:
            amount = amount * pl.lit(self.numbers(name))
        made = {
            "set": amount,
            "add": old + amount,
            "multiply": old * amount,
            "at_most": pl.when(amount < old).then(amount).otherwise(old),
            "at_least": pl.when(amount > old).then(amount).otherwise(old),
        }[override.op]
        # What is not known stays so, and a factor that is not known is found by `made`.
        made = pl.when(amount.is_not_null()).then(made)
        return made.round() if kind.is_integer() else made

    def numbers(self, name: str) -> pl.Series:
        """Return a column of numbers."""
        cells = self.cells(name)
        if not cells.dtype.is_numeric():
            message = f"times needs columns of numbers; {name} is {cells.dtype}"
            raise self.refused(message, "scenario_value", "Name a column of numbers.")
        return cells.cast(pl.Float64)

    def nearest_value(self) -> str:
        """Return the question whether a near value of a key was meant."""
        keys = ((value, self.cells(name)) for name, value in self.override.key.items())
        near = (nearest(str(value), words_of(cells)) for value, cells in keys if value not in cells.to_list())
        return next(filter(None, near), "")

    def refused(self, message: str, rule: str, remedy: str) -> BadInput:
        """Return the error for this change."""
        return BadInput(message, where=self.where, rule=rule, remedy=remedy)


def widened(table: pl.DataFrame, name: str, column: str, before: pl.Series) -> pl.DataFrame:
    """Move the ends of the range of a column to the values that have left it by a change.

    Parameters
    ----------
    table : polars.DataFrame
        As changed.
    name, column : str
        Name of the table; the column that was changed.
    before : polars.Series
        The column as it was.
    """
    moved = []
    for end, described in TABLES[name].columns.items():
        metadata = described.metadata or {}
        if metadata.get("range_of") == column:
            pick = pl.min_horizontal if metadata["end"] == "low" else pl.max_horizontal
            # An end that is not known stays so.
            changed = table[column].ne_missing(before) & table[end].is_not_null()
            moved.append(pl.when(changed).then(pick(end, column)).otherwise(pl.col(end)).alias(end))
    return table.with_columns(moved)


def compared(override: Override) -> list[Scalar]:
    """Return every value that the change compares with."""
    ends = [end for between in override.where.values() for end in (between.least, between.most)]
    listed = [value for between in override.where.values() for value in between.one_of or ()]
    return [value for value in (*ends, *listed) if value is not None]


def told(override: Override) -> str:
    """Return in words which rows a change is for."""
    parts = [f"{column} = {value}" for column, value in override.key.items()]
    for column, between in override.where.items():
        parts += [f"{column} from {between.least}"] if between.least is not None else []
        parts += [f"{column} to {between.most}"] if between.most is not None else []
        parts += [f"{column} in {between.one_of}"] if between.one_of is not None else []
    return ", ".join(parts) or "any key"


def words_of(cells: pl.Series) -> Collection[str]:
    """Return the values of a column of words; of one of numbers none is near."""
    return cells.drop_nulls().unique().sort().to_list() if cells.dtype == pl.String else ()


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


def unknown(where: str, what: str, name: str, known: Iterable[str]) -> BadInput:
    """Return the error for a name that the region does not have."""
    names = sorted(known)
    return BadInput(
        f"There is no {what} named {name}",
        where=where,
        rule="scenario_name",
        remedy=f"{nearest(name, names)}Known: {', '.join(names)}.",
    )

"""Levers: changes to the tables of works, applied to a copy."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import polars as pl

from vallum.model.works.problem import Problem
from vallum.model.works.reader import of_tables
from vallum.region import Region

__all__ = ["POOL", "Lever", "levers", "pulled"]

POOL = "POOL"
ENDS = ("", "_low", "_high")


@dataclass(frozen=True, slots=True)
class Lever:
    """What may shorten the Line.

    Attributes
    ----------
    lever_id, name : str
    cost_meur : float
        To the end of the schedule, all states together.
    changes : tuple of dict
        Rows of works_levers.
    """

    lever_id: str
    name: str
    cost_meur: float
    changes: tuple[Mapping[str, object], ...]


def levers(region: Region) -> Iterator[Lever]:
    """Give each lever of a region."""
    for (lever,), rows in region.tables["works_levers"].group_by("lever_id", maintain_order=True):
        changes = tuple(rows.sort("change").iter_rows(named=True))
        yield Lever(str(lever), str(changes[0]["name"]), float(rows["cost_meur"].sum()), changes)


def pulled(region: Region, lever: Lever) -> Problem:
    """Return the works of a region, each state for itself, with a lever pulled."""
    tables = dict(region.tables)
    pooled = [str(change["column"]) for change in lever.changes if change["table"] == POOL]
    for change in lever.changes:
        if change["table"] != POOL:
            name = str(change["table"])
            tables[name] = changed(tables[name], change)
    return of_tables(tables, region.name, pooled=pooled)


def changed(table: pl.DataFrame, change: Mapping[str, object]) -> pl.DataFrame:
    """Apply one change; the ends of a range move with its value, and a share stays within 0 and 1."""
    here = pl.lit(value=True)
    for part in str(change["keys"] or "").split(";"):
        if part.strip():
            column, _, value = part.partition("=")
            here = here & (pl.col(column.strip()).cast(pl.String) == value.strip())
    given = float(str(change["value"]))
    moved = []
    for end in ENDS:
        name = f"{change['column']}{end}"
        if name in table.columns:
            now = pl.col(name)
            after = {"set": pl.lit(given), "add": now + given, "multiply": now * given}[str(change["op"])]
            after = after.clip(lower_bound=0.0) if table[name].dtype.is_numeric() else after
            moved.append(pl.when(here).then(after).otherwise(now).cast(table[name].dtype).alias(name))
    return table.with_columns(*moved)

"""Points of a front, what carries over from one to another, and their tables."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import polars as pl

from vallum.model.procurement import Mode
from vallum.plan.frontier.figures import Figures
from vallum.plan.frontier.question import AXES, Question
from vallum.plan.frontier.tables import FRONTIER_TABLES

__all__ = ["BOUGHT", "EQUAL", "Point", "points_of", "tables_of"]

Tables = Mapping[str, pl.DataFrame]
INF: Final = float("inf")
#: Tables of a plan from which a search can start.
BOUGHT: Final = ("orders", "expansions", "schools")
#: Columns of the key figures.
COLUMNS: Final = {
    "shortfall": "gap_years", "cost": "cost_meur", "types": "types", "peak": "peak_meur",
    "domestic": "domestic_share",
}  # fmt: skip
#: Points whose two axes differ by less, relative to their size, are as good as each other.
EQUAL: Final = 1e-6


@dataclass(frozen=True, slots=True)
class Point:
    """One point; `figures` is None where no plan within the limit was found."""

    mode: Mode
    number: int
    limit: float
    value: float | None
    bound: float | None
    status: str
    figures: Figures | None
    bought: Tables

    @property
    def finished(self) -> bool:
        """Whether its search ended by itself."""
        return self.status != "interrupted"


def tables_of(
    question: Question,
    points: Sequence[Point],
    standing: Mapping[Mode, Figures],
    loosest: Mapping[Mode, float],
) -> dict[str, pl.DataFrame]:
    """Return the tables of a trade-off: bounds carried along the front, dominated points named.

    Parameters
    ----------
    question : Question
    points : sequence of Point
        Those of a mode from the tightest limit to the loosest.
    standing : mapping of mode to Figures
        The plans that stand.
    loosest : mapping of mode to float
        A bound that holds without any limit; -inf: none.
    """
    rows = []
    for mode, free in loosest.items():
        mine = [point for point in points if point.mode == mode]
        bounds, better = _carried(mine, free), _dominated(mine, question)
        rows += [_row(question, point, bounds[point.number], better.get(point.number)) for point in mine]
    stand = [{"mode": mode, **_columns(one)} for mode, one in standing.items()]
    tables = {"frontier": _rows("frontier", rows), "standing": _rows("standing", stand)}
    for name in BOUGHT:
        found = [point for point in points if point.bought]
        labelled = [
            point.bought[name].with_columns(mode=pl.lit(point.mode), point=pl.lit(point.number))
            for point in found
        ]
        tables[name] = _frame(name, labelled)
    return tables


def _rows(name: str, rows: Sequence[Mapping[str, Any]]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=pl.Schema(FRONTIER_TABLES[name].schema), orient="row")


def _columns(one: Figures | None) -> dict[str, Any]:
    """Key figures by their columns; None for each of no plan."""
    return {column: None if one is None else getattr(one, name) for name, column in COLUMNS.items()}


def _frame(name: str, frames: Sequence[pl.DataFrame]) -> pl.DataFrame:
    """Frames one below another, with the columns and types of a table; an empty one may have other types."""
    table = FRONTIER_TABLES[name]
    schema = pl.Schema(table.schema)
    return pl.concat([table.empty(), *(frame.select(list(schema)).cast(schema) for frame in frames)])


def _row(question: Question, point: Point, bound: float | None, dominated_by: int | None) -> dict[str, Any]:
    one, value = point.figures, point.value
    if value is not None and bound is not None:
        bound = min(bound, value)
    gap = None if value is None or bound is None else (value - bound) / abs(value) if value else 0.0
    return {
        "mode": point.mode, "point": point.number, "held": question.held, "least": question.least,
        "limit": point.limit, "reached": None if one is None else one.of(question.held), "value": value,
        "bound": bound, "gap": gap, "status": point.status, "dominated_by": dominated_by,
        **_columns(one),
    }  # fmt: skip


def _carried(points: Sequence[Point], loosest: float) -> dict[int, float | None]:
    """Bounds by point: no plan within a tighter limit is below the bound of a looser one."""
    bounds: dict[int, float | None] = {}
    best = loosest
    for point in reversed(points):
        best = max(best, -INF if point.bound is None else point.bound)
        bounds[point.number] = best if best > -INF else None
    return bounds


def _dominated(points: Sequence[Point], question: Question) -> dict[int, int]:
    """Points that another is as good as in both axes and better in one; of equal ones the tightest stays."""
    sign = -1.0 if AXES[question.held].floor else 1.0
    places = {}
    for point in points:
        if point.figures is not None and point.value is not None:
            reached = point.figures.of(question.held)
            # what orders nothing orders nothing abroad
            places[point.number] = sign * (1.0 if reached is None else reached), point.value
    found: dict[int, int] = {}
    for number, mine in places.items():
        slack = [EQUAL * max(1.0, abs(one)) for one in mine]
        for other, theirs in places.items():
            no_worse = all(b <= a + s for a, b, s in zip(mine, theirs, slack, strict=True))
            better = any(b < a - s for a, b, s in zip(mine, theirs, slack, strict=True))
            if other != number and other not in found and no_worse and (better or other < number):
                found[number] = other
                break
    return found


def points_of(tables: Tables) -> list[Point]:
    """Return the points that tables hold."""
    return [_read(row, tables) for row in tables["frontier"].sort("mode", "point").to_dicts()]


def _read(row: Mapping[str, Any], tables: Tables) -> Point:
    here = (pl.col("mode") == row["mode"]) & (pl.col("point") == row["point"])
    found = row["value"] is not None
    one = Figures(**{name: row[column] for name, column in COLUMNS.items()}) if found else None
    bought = {name: tables[name].filter(here).drop("mode", "point") for name in BOUGHT} if found else {}
    return Point(
        row["mode"], row["point"], row["limit"], row["value"], row["bound"], row["status"], one, bought
    )

"""The list of checks, and how they are run.

A check is a function from `Tables` to findings. It registers with the decorator `check`, which names the
tables that it cannot do without; it is left out while one of them could not be read.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, wraps

import polars as pl

from vallum.region.findings import MOST_PER_RULE, Finding, shown
from vallum.region.schema import PROVENANCE, TABLES

ROW = "#row"
"""Name of the column that carries the spreadsheet's row numbers while checks run."""


@dataclass(frozen=True)
class Tables:
    """Typed tables with row numbers, as the checks see them.

    Attributes
    ----------
    frames : mapping of str to polars.DataFrame
        Every table of the registry, with one more column `ROW`. Cells that failed are null.
    files : mapping of str to str
        File of each table, for findings.
    read : frozenset of str
        Tables that could be read (a missing optional table counts as read and empty).
    """

    frames: Mapping[str, pl.DataFrame]
    files: Mapping[str, str]
    read: frozenset[str]

    def __getitem__(self, table: str) -> pl.DataFrame:
        return self.frames[table]

    @cached_property
    def settings(self) -> dict[str, float]:
        """Settings that have a value."""
        known = self["settings"].drop_nulls(["key", "value"])
        return dict(zip(known["key"], known["value"], strict=True))

    @cached_property
    def years(self) -> range:
        """Years of the plan; empty when the settings do not say."""
        first, last = self.settings.get("first_year"), self.settings.get("last_year")
        if first is None or last is None or not last - first < 200:
            return range(0)
        return range(int(first), int(last) + 1)

    @cached_property
    def members(self) -> list[str]:
        """States that plan together."""
        states = self["states"].filter(pl.col("role") == "member")
        return states["state"].drop_nulls().unique(maintain_order=True).to_list()

    @cached_property
    def provenance(self) -> pl.DataFrame:
        """Provenance of every row of every table, with its table in the column ``#table``."""
        columns = (ROW, *PROVENANCE)
        filled = {name: frame for name, frame in self.frames.items() if frame.height}
        parts = [frame.select(pl.lit(name).alias("#table"), *columns) for name, frame in filled.items()]
        none = pl.DataFrame(
            schema={"#table": pl.String, ROW: pl.Int64} | dict.fromkeys(PROVENANCE, pl.String)
        )
        return pl.concat([none, *parts])

    def findings(
        self,
        table: str,
        bad: pl.DataFrame,
        column: str,
        rule: str,
        message: str | Callable[[dict[str, object]], str],
        remedy: str,
        severity: str = "error",
    ) -> Iterator[Finding]:
        """Make a finding for each row of `bad`, which holds `ROW` and what the message speaks of.

        The last one made stands for all that are more than a table of findings shows.
        """
        if bad.is_empty():
            return
        first = bad.sort(ROW).head(MOST_PER_RULE + 1)
        for place, row in enumerate(first.iter_rows(named=True)):
            yield Finding(
                self.files[table],
                rule,
                message if isinstance(message, str) else message(row),
                remedy,
                row[ROW],
                column,
                shown(row.get(column)),
                severity,
                count=bad.height - MOST_PER_RULE if place == MOST_PER_RULE else 1,
            )


Check = Callable[[Tables], Iterable[Finding]]

CHECKS: list[tuple[Check, tuple[str, ...]]] = []
"""All checks with the tables that each needs, in the order in which they run."""


def check(*tables: str) -> Callable[[Check], Check]:
    """Register a check that needs these tables."""
    unknown = set(tables) - set(TABLES)
    if unknown:
        raise KeyError(sorted(unknown))

    def register(function: Check) -> Check:
        CHECKS.append((function, tables))
        return function

    return register


def check_where(filled: str) -> Callable[..., Callable[[Check], Check]]:
    """Return `check` for the tables of one model: it runs only in a region that has rows in `filled`."""

    def of_model(*tables: str) -> Callable[[Check], Check]:
        def register(function: Check) -> Check:
            @wraps(function)
            def guarded(given: Tables) -> Iterable[Finding]:
                return function(given) if given[filled].height else ()

            return check(filled, *tables)(guarded)

        return register

    return of_model


def within_bounds(
    tables: Tables, table: str, rule: str, bounds: Mapping[str, tuple[float, float]], whole: Collection[str]
) -> Iterator[Finding]:
    """Make a finding for each setting beyond its bounds, or with a fraction where none makes sense."""
    value, frame = pl.col("value"), tables[table].drop_nulls("key")
    for key, (low, high) in bounds.items():
        wrong, kind = ~value.is_between(low, high), "a number"
        if key in whole:
            wrong, kind = wrong | (value != value.round()), "a whole number"
        yield from tables.findings(
            table,
            frame.filter((pl.col("key") == key) & wrong),
            "value",
            rule,
            f"The setting {key} must be {kind} from {low:g} to {high:g}",
            f"Write {kind} from {low:g} to {high:g}.",
        )


def whole_settings(
    tables: Tables, table: str, rule: str, bounds: Mapping[str, tuple[float, float]], whole: Collection[str]
) -> Iterator[Finding]:
    """Make a finding for each setting that is missing, unknown, or out of its bounds with its range."""
    frame = tables[table].drop_nulls("key")
    for key in bounds:
        if key not in frame["key"]:
            yield Finding(
                tables.files[table],
                rule,
                f"The setting {key} is missing",
                f"Add a row with the key {key}.",
                column="key",
                value=key,
            )
    yield from tables.findings(
        table,
        frame.filter(~pl.col("key").is_in(list(bounds))),
        "key",
        rule,
        "There is no such setting",
        "Delete the row, or write one of: " + ", ".join(bounds) + ".",
    )
    yield from within_bounds(tables, table, rule, bounds, whole)
    limits = [(key, *pair) for key, pair in bounds.items()]
    bounded = frame.join(pl.DataFrame(limits, schema=["key", "#least", "#most"], orient="row"), on="key")
    for end in ("low", "high"):
        yield from tables.findings(
            table,
            bounded.filter(~pl.col(end).is_between("#least", "#most")),
            end,
            rule,
            lambda row: f"The range of {row['key']} must lie between {row['#least']:g} and {row['#most']:g}",
            "Correct the end of the range.",
        )


def run(tables: Tables) -> list[Finding]:
    """Run every check whose tables could be read."""
    return [
        finding
        for function, needed in CHECKS
        if tables.read.issuperset(needed)
        for finding in function(tables)
    ]

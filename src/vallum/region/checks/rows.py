"""Checks that hold for every table alike: ranges, provenance, sources."""

from collections.abc import Iterator

import polars as pl

from vallum.region.checks.rules import ROW, Tables, check
from vallum.region.findings import Finding
from vallum.region.schema import TABLES

ANALYST = "analyst assumption"
"""Source of a number that somebody chose."""


@check()
def values_lie_in_their_ranges(tables: Tables) -> Iterator[Finding]:
    """Low <= value <= high wherever a number has a range."""
    for name, table in TABLES.items():
        frame = tables[name]
        if frame.is_empty():
            continue
        tests: dict[tuple[str, str, str], pl.Expr] = {}
        for column, described in table.columns.items():
            metadata = described.metadata or {}
            of = metadata.get("range_of")
            if of is None:
                continue
            if metadata["end"] == "low":
                tests[of, column, "less than its low end"] = pl.col(of) < pl.col(column)
            else:
                tests[of, column, "greater than its high end"] = pl.col(of) > pl.col(column)
        if not tests:
            continue
        broken = frame.select(test.any().alias(f"{key}") for key, test in tests.items()).row(0)
        for (key, test), any_bad in zip(tests.items(), broken, strict=True):
            if any_bad:
                of, end, how = key
                yield from tables.findings(
                    name,
                    frame.filter(test),
                    of,
                    "low <= value <= high",
                    lambda row, end=end, how=how: f"It is {how}, {row[end]:g}",  # type: ignore[misc]
                    f"Correct {of} or {end}.",
                )


@check()
def derived_rows_name_their_inputs(tables: Tables) -> Iterator[Finding]:
    """Every derived number names the rows that it was computed from."""
    yield from _by_table(
        tables,
        tables.provenance.filter((pl.col("basis") == "derived") & pl.col("derived_from").is_null()),
        "derived_from",
        "derived from",
        "A derived number does not name its inputs",
        "Write file:key of each input, or change the basis.",
    )


@check()
def facts_are_not_assumptions(tables: Tables) -> Iterator[Finding]:
    """Every fact has a public source and a confidence other than assumption."""
    assumed = (pl.col("source") == ANALYST) | (pl.col("confidence") == "assumption")
    yield from _by_table(
        tables,
        tables.provenance.filter((pl.col("basis") == "fact") & assumed),
        "basis",
        "facts have sources",
        "The row is called a fact but its source or confidence is an assumption",
        "Name the public source and the confidence, or write assumption as basis.",
    )


@check("sources")
def sources_are_registered(tables: Tables) -> Iterator[Finding]:
    """Every fact's source stands in the register of sources; each is named once, where it is used first."""
    known = tables["sources"]["source"].drop_nulls()
    if not known.len():
        return
    bad = tables.provenance.filter(
        (pl.col("#table") != "sources")
        & (pl.col("basis") == "fact")
        & ~pl.col("source").is_in(known.implode())
    )
    yield from _by_table(
        tables,
        bad.group_by("#table", "source", maintain_order=True).agg(pl.col(ROW).min()),
        "source",
        "source registered",
        "The source of a fact is not in the register of sources",
        f"Add it to {tables.files['sources']} as it is written here.",
    )


def _by_table(
    tables: Tables, bad: pl.DataFrame, column: str, rule: str, message: str, remedy: str
) -> Iterator[Finding]:
    for (name,), part in bad.group_by("#table", maintain_order=True):
        yield from tables.findings(str(name), part, column, rule, message, remedy, "warning")

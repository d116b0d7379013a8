"""Checks of stocks, lines and plants."""

from collections.abc import Iterator

import polars as pl

from vallum.region.checks.keys import entries
from vallum.region.checks.rules import ROW, Tables, check
from vallum.region.findings import Finding


@check("stocks")
def retirement_runs_forward(tables: Tables) -> Iterator[Finding]:
    """Retirement does not end before it begins, and does not begin before the stock counts."""
    frame = tables["stocks"]
    yield from tables.findings(
        "stocks",
        frame.filter(pl.col("retire_from") > pl.col("retire_to")),
        "retire_to",
        "retirement",
        lambda row: f"It ends before it begins in {row['retire_from']}",
        "Correct retire_from or retire_to.",
    )
    yield from tables.findings(
        "stocks",
        frame.filter((pl.col("kind") == "delivery") & (pl.col("retire_to") < pl.col("year"))),
        "retire_to",
        "retirement",
        lambda row: f"All of it is retired before it is delivered in {row['year']}",
        "Correct the year of delivery or of retirement.",
    )


@check("lines")
def expansions_add_capacity(tables: Tables) -> Iterator[Finding]:
    """Every line that can be expanded says by how much."""
    yield from tables.findings(
        "lines",
        tables["lines"].filter((pl.col("expansion_max_steps") > 0) & (pl.col("expansion_step") <= 0)),
        "expansion_step",
        "expansion",
        "An expansion would add nothing",
        "Write the yearly capacity that one expansion adds, or set expansion_max_steps to 0.",
    )


@check("crews")
def shared_schools_have_a_price(tables: Tables) -> Iterator[Finding]:
    """Where a school may be shared, the price of a shared one is known."""
    yield from tables.findings(
        "crews",
        tables["crews"].filter(
            (pl.col("shared_school") == "y") & pl.col("shared_school_cost_factor").is_null()
        ),
        "shared_school_cost_factor",
        "shared school",
        "A school may be shared but the price of a shared one is empty",
        "Write the price as a multiple of one school, or set shared_school to n.",
    )


@check("lines", "industry")
def plants_are_counted_once(tables: Tables) -> Iterator[Finding]:
    """One plant feeds one line for a system; two entries of industry for one site are one plant.

    Two entries are one site when owner, country, municipality and position are the same. Two lines of one
    site that make the same system would offer its capacity twice; two that make different systems share
    a hall and are only pointed out.
    """
    site = ["owner", "country", "municipality", "lat", "lon"]
    places = tables["industry"].drop_nulls(["plant_id", "owner", "country", "municipality"])
    sites = places.with_columns(pl.col("plant_id").min().over(site).alias("#site")).select(
        "plant_id", "#site"
    )
    lines = (
        tables["lines"]
        .select(ROW, "line_id", "plant_id", "systems")
        .drop_nulls(["line_id", "plant_id"])
        .join(sites, on="plant_id", how="left")
        .with_columns(pl.col("#site").fill_null(pl.col("plant_id")))
        .sort(ROW)
    )
    shared = lines.filter(pl.col("#site").is_duplicated())
    makes = {line: set(part["systems"]) for (line,), part in entries(shared, "systems").group_by("line_id")}
    first: dict[str, tuple[str, str]] = {}
    for row, line, plant, _, place in shared.iter_rows():
        if place not in first:
            first[place] = (line, plant)
            continue
        other, other_plant = first[place]
        both = makes.get(line, set()) & makes.get(other, set())
        same = "The same plant" if plant == other_plant else f"The same site as {other_plant}"
        yield Finding(
            tables.files["lines"],
            "plants counted once",
            f"{same} feeds the line {other} already"
            + (f", also with {', '.join(sorted(both))}" if both else ", with other systems"),
            "Merge the two lines, or name the plant in one of them only.",
            row,
            "plant_id",
            plant,
            "error" if both else "warning",
        )

"""Checks of the sectors of the border: of a border that is there, and on it."""

import math
from collections.abc import Iterator, Mapping

import polars as pl

from vallum.region.checks.rules import ROW, Tables
from vallum.region.checks.works import SUM_ERROR, works_check
from vallum.region.findings import Finding

MIDDLE_DECIMALS, OUTLINE_DECIMALS = 1, 2
"""Decimals of a sector's middle and of its outline: 11 km and about a kilometre, a border and no works."""

FINE = 1e-9

MIDDLE_DEG = 0.3
"""A sector's middle lies so near to a point of its outline: more than half of a sector of 25 km."""

STATE_DEG = 0.75
"""The border lies so near to the centres of the state's municipalities, counted on each axis."""

BORDER_SHARE = 0.05
"""Sectors may miss the measured length of their border by so much: pieces at sea, rounding."""


@works_check("works_sectors", "border_lengths")
def sectors_are_of_a_border(tables: Tables) -> Iterator[Finding]:
    """Every sector is of a state and a neighbour with a border, and its dry part is no longer than itself."""
    sectors, borders = tables["works_sectors"], tables["border_lengths"].drop_nulls(["state", "neighbour"])
    if borders.height:
        yield from tables.findings(
            "works_sectors",
            sectors.drop_nulls(["state", "neighbour"]).join(borders, on=["state", "neighbour"], how="anti"),
            "neighbour",
            "border of a sector",
            lambda row: f"{row['state']} and {row['neighbour']} have no border in border_lengths",
            f"Correct state or neighbour, or add the border to {tables.files['border_lengths']}.",
        )
    yield from tables.findings(
        "works_sectors",
        sectors.filter(pl.col("dry_km") > pl.col("length_km") + SUM_ERROR),
        "dry_km",
        "dry <= length",
        lambda row: f"The dry part is longer than the sector, {row['length_km']:g} km",
        "Correct dry_km or length_km.",
    )


@works_check("works_sectors", "border_lengths")
def sectors_cover_their_border(tables: Tables) -> Iterator[Finding]:
    """The sectors of a border are numbered from one on end, and sum to its length without the sea."""
    sectors = tables["works_sectors"].drop_nulls(["state", "neighbour", "place", "length_km"])
    border = ["state", "neighbour"]
    yield from tables.findings(
        "works_sectors",
        sectors.sort("place", ROW).filter(
            pl.col("place") != pl.int_range(1, pl.len() + 1).over(border, order_by=["place", ROW])
        ),
        "place",
        "places along the border",
        lambda row: f"The places of {row['state']}-{row['neighbour']} are not 1, 2, 3 and so on",
        "Number the sectors of each border from 1 without holes.",
    )
    measured = tables["border_lengths"].select(*border, pl.col("length_km_this_file").alias("#measured"))
    sums = sectors.group_by(border, maintain_order=True).agg(pl.col("length_km").sum(), pl.col(ROW).max())
    off = (pl.col("length_km") / pl.col("#measured") - 1).abs() > BORDER_SHARE
    yield from tables.findings(
        "works_sectors",
        sums.join(measured, on=border).filter(off),
        "length_km",
        "sectors cover the border",
        lambda row: (
            f"The sectors of {row['state']}-{row['neighbour']} sum to this, not {row['#measured']:g} km"
        ),
        "Add the sectors that are missing, or delete what is there twice.",
        "warning",
    )


@works_check("works_sectors")
def sectors_are_coarse(tables: Tables) -> Iterator[Finding]:
    """A sector's middle has one decimal at most, and its outline two, so that neither shows a work."""
    sectors = tables["works_sectors"]
    for column in ("mid_lat", "mid_lon"):
        fine = (pl.col(column) - pl.col(column).round(MIDDLE_DECIMALS)).abs() > FINE
        yield from tables.findings(
            "works_sectors",
            sectors.filter(fine),
            column,
            "coarse sectors",
            f"The middle of a sector is finer than {MIDDLE_DECIMALS} decimal",
            "Round it to a tenth of a degree.",
        )
    numbers = pl.element().cast(pl.Float64, strict=False)
    parts = pl.col("outline").str.replace_all(";", " ").str.split(" ")
    fine = parts.list.eval((numbers - numbers.round(OUTLINE_DECIMALS)).abs() > FINE).list.any()
    yield from tables.findings(
        "works_sectors",
        sectors.filter(fine),
        "outline",
        "coarse sectors",
        f"The outline is finer than {OUTLINE_DECIMALS} decimals",
        "Round its points to a hundredth of a degree or coarser.",
    )


@works_check("works_sectors", "municipalities")
def sectors_lie_on_the_border(tables: Tables) -> Iterator[Finding]:
    """A sector's middle and outline lie near each other, and near the state as its municipalities show it."""
    known = boxes(tables)
    for row in tables["works_sectors"].drop_nulls(["mid_lon", "mid_lat", "outline"]).iter_rows(named=True):
        middle = row["mid_lon"], row["mid_lat"]
        points = corners(row["outline"])
        if points is None:
            yield _of_sector(
                tables,
                row,
                "outline",
                "outline",
                "An outline is two points or more, written as lon lat;lon lat",
                "Write longitude, blank, latitude in degrees, and a semicolon between points.",
            )
            continue
        if row["state"] in known and not all(inside(known[row["state"]], p) for p in (middle, *points)):
            swapped = inside(known[row["state"]], (middle[1], middle[0]))
            yield _of_sector(
                tables,
                row,
                "mid_lat",
                "place of a sector",
                f"The sector lies outside {row['state']}"
                + ("; latitude and longitude are swapped" if swapped else ""),
                "Write the latitude in mid_lat and the longitude in mid_lon, and outlines as lon lat.",
            )
        elif min(math.dist(middle, point) for point in points) > MIDDLE_DEG:
            yield _of_sector(
                tables,
                row,
                "mid_lat",
                "place of a sector",
                f"The middle is more than {MIDDLE_DEG:g} degrees from every point of the outline",
                "Correct the middle or the outline.",
            )


Box = tuple[float, float, float, float]


def boxes(tables: Tables) -> dict[str, Box]:
    """Least and greatest longitude and latitude of the municipalities' centres of each state."""
    places = tables["municipalities"].drop_nulls(["state", "lat", "lon"])
    extremes = [pl.col(axis).min().alias(f"{axis}0") for axis in ("lon", "lat")]
    extremes += [pl.col(axis).max().alias(f"{axis}1") for axis in ("lon", "lat")]
    return {row[0]: row[1:] for row in places.group_by("state").agg(extremes).iter_rows()}


def inside(box: Box, point: tuple[float, float]) -> bool:
    """Whether a point (lon, lat) lies in the box of a state, or near it as its border does."""
    west, south, east, north = box
    lon, lat = point
    return west - STATE_DEG <= lon <= east + STATE_DEG and south - STATE_DEG <= lat <= north + STATE_DEG


def corners(outline: str) -> list[tuple[float, float]] | None:
    """Points of an outline as (lon, lat); None if it is not written as lon lat;lon lat."""
    try:
        points = [tuple(map(float, part.split())) for part in outline.split(";")]
    except ValueError:
        return None
    pairs = [(point[0], point[1]) for point in points if len(point) == 2 and all(map(math.isfinite, point))]
    return pairs if len(pairs) == len(points) >= 2 else None


def _of_sector(
    tables: Tables, row: Mapping[str, object], column: str, rule: str, message: str, remedy: str
) -> Finding:
    value = str(row[column])[:80]
    place = int(str(row[ROW]))
    return Finding(tables.files["works_sectors"], rule, message, remedy, place, column, value)

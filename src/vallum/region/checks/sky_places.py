"""Checks of places that are watched: people behind them, and points and areas of a user's own."""

from collections.abc import Iterator, Mapping

import numpy as np
import polars as pl
import shapely

from vallum.region.checks.rules import ROW, Tables
from vallum.region.checks.sectors import corners
from vallum.region.checks.sky import sky_check
from vallum.region.findings import Finding, shown

FAR_DEG = 10.0
"""Degrees from the middle of a region, on both axes together, at which a place is suspected to be wrong."""

LEAST_CORNERS = 3

Point = tuple[float, float]
"""Longitude and latitude in degrees."""


@sky_check("municipalities")
def municipalities_have_people_and_area(tables: Tables) -> Iterator[Finding]:
    """Every municipality has inhabitants, who give it weight, and an area, which gives its disc."""
    for column, rule, what in (("population", "people", "inhabitants"), ("area_km2", "area", "an area")):
        yield from tables.findings(
            "municipalities",
            tables["municipalities"].filter(pl.col(column).fill_null(0) <= 0),
            column,
            rule,
            lambda row, what=what: f"{row['municipality']} has to have {what} above 0",  # type: ignore[misc]
            "Write the number, or delete the municipality.",
        )


@sky_check("municipalities")
def own_ground_has_no_municipalities(tables: Tables) -> Iterator[Finding]:
    """No point and no area lies in a state whose municipalities are listed: there they are the sites."""
    listed = tables["municipalities"]["state"].drop_nulls().unique()
    for name in ("sky_points", "sky_areas"):
        yield from tables.findings(
            name,
            tables[name].filter(pl.col("state").is_in(listed.implode())),
            "state",
            "no site at a point",
            lambda row: f"The municipalities of {row['state']} are listed, so nothing finer is sited there",
            "Delete the row; sensors there are counted by municipality and border sector.",
        )


@sky_check("sky_points", "sky_areas", "municipalities", "works_sectors")
def own_ground_lies_in_the_region(tables: Tables) -> Iterator[Finding]:
    """No point or area has its coordinates swapped or lies far from all else of the region.

    The middle is the median of all places, which a few wrong ones do not move.
    """
    points = tables["sky_points"].drop_nulls(["lat", "lon"])
    own = [("sky_points", "lat", row, (row["lon"], row["lat"])) for row in points.iter_rows(named=True)]
    for row in tables["sky_areas"].drop_nulls("outline").iter_rows(named=True):
        outline = corners(row["outline"])
        if outline is not None:
            lon, lat = np.median(np.array(outline), axis=0)
            own.append(("sky_areas", "outline", row, (float(lon), float(lat))))
    if not own:
        return
    middle = _middle(tables, [point for *_, point in own])
    for table, column, row, (lon, lat) in own:
        if _far(middle, (lon, lat)):
            swapped = not _far(middle, (lat, lon))
            yield _of(
                tables,
                table,
                row,
                column,
                "swapped coordinates" if swapped else "far from the region",
                "Latitude and longitude are swapped"
                if swapped
                else f"The place lies more than {FAR_DEG:g} degrees from the middle of the region",
                "Write the latitude in lat and the longitude in lon, and outlines as lon lat;lon lat.",
                "error" if swapped else "warning",
            )


@sky_check("sky_areas")
def areas_have_an_outline(tables: Tables) -> Iterator[Finding]:
    """The outline of an area has three corners or more, does not cross itself, and holds some ground."""
    for row in tables["sky_areas"].drop_nulls("outline").iter_rows(named=True):
        wrong = _wrong_outline(corners(row["outline"]))
        if wrong is not None:
            message, remedy = wrong
            yield _of(tables, "sky_areas", row, "outline", "outline", message, remedy)


def _wrong_outline(outline: list[Point] | None) -> tuple[str, str] | None:
    """What is wrong with the corners of an area, and the remedy; None if nothing is."""
    if outline is None or any(abs(lon) > 180 or abs(lat) > 90 for lon, lat in outline):
        return (
            "The outline is not written as lon lat;lon lat in degrees",
            "Write longitude, blank, latitude in degrees, and a semicolon between corners.",
        )
    distinct = len(set(outline))
    if distinct < LEAST_CORNERS:
        return f"The outline has {distinct} different corners", "Give it three or more."
    area = shapely.Polygon(outline)
    if not area.convex_hull.area > 0:
        return "All corners lie on one line, so that the area holds no ground", "Correct the corners."
    if not area.is_valid:
        return "The outline crosses or touches itself", "Write the corners in order round the area."
    return None


def _middle(tables: Tables, own: list[Point]) -> Point:
    """Median of longitudes and of latitudes of all places of the region."""
    centres = tables["municipalities"].select("lon", "lat").drop_nulls()
    sectors = tables["works_sectors"].select(lon="mid_lon", lat="mid_lat").drop_nulls()
    places = np.vstack([centres.to_numpy(), sectors.to_numpy(), np.array(own)])
    lon, lat = np.median(places, axis=0)
    return float(lon), float(lat)


def _far(middle: Point, point: Point) -> bool:
    return float(np.hypot(point[0] - middle[0], point[1] - middle[1])) > FAR_DEG


def _of(
    tables: Tables,
    table: str,
    row: Mapping[str, object],
    column: str,
    rule: str,
    message: str,
    remedy: str,
    severity: str = "error",
) -> Finding:
    place = int(str(row[ROW]))
    return Finding(tables.files[table], rule, message, remedy, place, column, shown(row[column]), severity)

"""Checks that a region shows no place but the centres of municipalities."""

from collections.abc import Iterator

import numpy as np
import polars as pl

from vallum.region.checks.rules import ROW, Tables, check
from vallum.region.findings import Finding
from vallum.region.schema import TABLES

TOLERANCE_KM = 3.0
"""Distance from a municipality's centre at which a point still counts as that centre.

Centres here are weighted by population on a grid of one kilometre; gazetteers give the town hall or the
middle of the built-up area. For one town these differ by up to about 3 km (Vilnius 2.6, Tallinn 2.8). A
point that is further off says more than the municipality, and is not shown.
"""

THE_CENTRE_KM = 0.1
"""Distance at which a point is the centre itself, or a rounding of it."""

DECIMALS = 3
"""Decimals of a coordinate: 0.001 degrees is 111 m, finer than a town and coarser than a building."""

DECIMALS_ABROAD = 2
"""Decimals where no centres are known: 0.01 degrees is about a kilometre, a town and no more."""

KM_PER_DEGREE = 111.2

OWN_GROUND = {"sky_points": ("lat", "lon"), "sky_areas": ("outline",)}
"""Columns that may hold any place, since they are a user's own, in a country without centres alone."""

TOWNS = ("road_nodes",)
"""Tables of towns and junctions, which stand in every atlas: any place, to `DECIMALS_ABROAD`."""

PAIR = r"\b[0-9]{1,2}\.[0-9]{4,}\s*°?\s*[NS]?\s*[,;/ ]\s*[0-9]{1,3}\.[0-9]{4,}"
"""Two numbers with four decimals or more, as a position is written in text."""


@check("municipalities")
def no_point_off_a_municipality_centre(tables: Tables) -> Iterator[Finding]:
    """Every point is the centre of a municipality: the very point, or within 3 km with three decimals.

    Where the table of municipalities does not cover the country, a point has at most two decimals; a site
    of a user's own is as fine there as he likes. Towns and junctions have at most two decimals everywhere.
    """
    centres = tables["municipalities"].drop_nulls(["lat", "lon"])
    covered = sorted(set(centres["state"].drop_nulls()))
    for name, table in TABLES.items():
        if name == "municipalities" or not {"lat", "lon"} <= set(table.columns):
            continue
        points = tables[name].drop_nulls(["lat", "lon"])
        if name in TOWNS:
            yield from _too_fine(tables, name, points, DECIMALS_ABROAD, "a town or a junction")
            continue
        state = "country" if "country" in table.columns else "state"
        here = pl.col(state).is_in(covered)
        if name not in OWN_GROUND:
            yield from _too_fine(tables, name, points.filter(~here), DECIMALS_ABROAD)
        if covered:
            yield from _off_centre(tables, name, points.filter(here), centres)


def _too_fine(
    tables: Tables,
    name: str,
    points: pl.DataFrame,
    decimals: int,
    place: str = "the centre of the municipality",
) -> Iterator[Finding]:
    for column in ("lat", "lon"):
        bad = points.filter((pl.col(column) - pl.col(column).round(decimals)).abs() > 1e-9)
        yield from tables.findings(
            name,
            bad,
            column,
            "no point off a municipality centre",
            f"The position is finer than {decimals} decimals",
            f"Write {place}, with at most {decimals} decimals.",
        )


def _off_centre(tables: Tables, name: str, points: pl.DataFrame, centres: pl.DataFrame) -> Iterator[Finding]:
    if points.is_empty():
        return
    there = centres.select("lat", "lon").to_numpy()
    here = points.select("lat", "lon").to_numpy()
    # Equirectangular is exact to metres over the few kilometres that matter.
    shrink = np.cos(np.radians(here[:, :1]))
    km = KM_PER_DEGREE * np.hypot(here[:, :1] - there[:, 0], (here[:, 1:] - there[:, 1]) * shrink)
    distance, nearest = km.min(axis=1), km.argmin(axis=1)
    yield from _too_fine(tables, name, points.filter(pl.Series(distance > THE_CENTRE_KM)), DECIMALS)
    for i in np.flatnonzero(distance > TOLERANCE_KM):
        centre = centres.row(int(nearest[i]), named=True)
        lat, lon = round(centre["lat"], DECIMALS), round(centre["lon"], DECIMALS)
        yield Finding(
            tables.files[name],
            "no point off a municipality centre",
            f"The point is {distance[i]:.0f} km from the nearest centre, {centre['municipality']}",
            f"Write the centre of its municipality, for {centre['municipality']} {lat}, {lon}.",
            points[ROW][int(i)],
            "lat",
            f"{here[i, 0]:g}, {here[i, 1]:g}",
        )


@check()
def no_position_in_text(tables: Tables) -> Iterator[Finding]:
    """No text holds a pair of numbers that reads as a position, but the outline of a user's own area."""
    for name, table in TABLES.items():
        frame = tables[name]
        own = OWN_GROUND.get(name, ())
        texts = [
            column for column, dtype in table.dtypes.items() if dtype == pl.String() and column not in own
        ]
        if frame.is_empty():
            continue
        hits = frame.select(pl.col(texts).str.contains(PAIR).any()).row(0, named=True)
        for column in (column for column, hit in hits.items() if hit):
            yield from tables.findings(
                name,
                frame.filter(pl.col(column).str.contains(PAIR)),
                column,
                "no point off a municipality centre",
                "The text holds what reads as a position",
                "Name the municipality instead.",
            )

"""Reading the tables of the sky: the one place where they become places, types, purses and shares."""

import math
from collections.abc import Iterable, Mapping

import numpy as np

from vallum.core.errors import BadInput
from vallum.model.siting.geometry import area_km2, horizon_km, look, on_sphere
from vallum.model.siting.problem import (
    Band,
    FloatArray,
    Kind,
    Place,
    Purse,
    SensorType,
    Siting,
    Tables,
)
from vallum.model.siting.shares import options, shares
from vallum.region import Region

NEEDED = ("sky_settings", "sky_bands", "sensor_kinds", "sensor_sight", "sensor_types", "sensor_ranges",
          "sky_purses", "sky_years")  # fmt: skip


def siting(region: Region) -> Siting:
    """Read where sensors may stand and what they cover.

    Raises
    ------
    BadInput
        If the region is not sound or has no tables of the sky.
    """
    region.require_sound()
    return of_tables(region.tables, region.name)


def require_sky(tables: Tables, name: str) -> None:
    """Raise BadInput unless a region has the tables of the sky."""
    for table in NEEDED:
        if tables[table].is_empty():
            raise BadInput(
                f"The region {name} has no table {table}, so no sensors can be sited in it",
                where=f"{table}.csv",
                rule="sky tables",
                remedy="Add the tables of the sky (docs/reference/region.md lists their columns).",
            )


def of_tables(tables: Tables, name: str) -> Siting:
    """Read the sky from checked tables; parameters as for `siting`."""
    require_sky(tables, name)
    settings = dict(tables["sky_settings"].select("key", "value").iter_rows())
    states = tuple(tables["states"].filter(role="member")["state"].sort())
    bands = tuple(
        Band(row["band_id"], row["name"], row["height_m"], row["part"])
        for row in tables["sky_bands"].sort("height_m").iter_rows(named=True)
    )
    kinds = _kinds(tables, bands)
    types = _types(tables, bands, kinds, settings)
    places = [*_sectors(tables), *_municipalities(tables), *_areas(tables)]
    if not places:
        raise BadInput(
            f"The region {name} has no place to watch",
            where="works_sectors.csv",
            rule="sky tables",
            remedy="Add works_sectors, municipalities or sky_areas.",
        )
    sites = [place for place in places if place.what != "area"] + _points(tables)
    may = options(sites, types)
    if not len(may.type):
        raise BadInput(
            f"The region {name} has no place where a sensor on offer may stand",
            where="sensor_types.csv",
            rule="sky tables",
            remedy="Add works_sectors, municipalities or sky_points, or types that may stand at them.",
        )
    people = behind(places, states, settings["depth_km"])
    if not people.any():
        raise BadInput(
            f"Nobody lives behind any place of the region {name}, so that no cover is worth anything",
            where="municipalities.csv",
            rule="sky tables",
            remedy="Add municipalities or sky_areas.",
        )
    covered = shares(places, sites, types, may, len(bands))
    return Siting(
        places=tuple(places),
        bands=bands,
        kinds=kinds,
        types=types,
        purses=tuple(
            Purse(row["purse_id"], row["state"] or "", row["part"], frozenset(split(row["kinds"])))
            for row in tables["sky_purses"].iter_rows(named=True)
        ),
        sites=tuple(sites),
        may=may,
        share=covered,
        behind=people,
        states=states,
        settings=settings,
    )


def split(names: str | None) -> list[str]:
    """Return the entries of a list column."""
    return [part.strip() for part in (names or "").split(";") if part.strip()]


def corners(outline: str) -> tuple[tuple[float, float], ...]:
    """Return the points of an outline, degrees east and north."""
    points = [part.split() for part in outline.split(";")]
    return tuple((float(lon), float(lat)) for lon, lat in points)


def behind(places: Iterable[Place], states: tuple[str, ...], depth_km: float) -> FloatArray:
    """Return the people of each state behind each place, shape (places, states).

    Notes
    -----
    A sector counts everybody, one who lives d km from it exp(-d / depth_km) times. A municipality counts its
    own people, by their distance from the nearest sector; an area counts its weight.
    """
    known = list(places)
    found = np.zeros((len(known), len(states)))
    homes = [place for place in known if place.people > 0.0]
    border = [place for place in known if place.what == "sector"]
    column = {state: place for place, state in enumerate(states)}
    near = np.exp(-_distances(border, homes) / depth_km)
    people = np.zeros((len(homes), len(states)))
    for row, home in enumerate(homes):
        people[row, column[home.state]] = home.people
    fades = np.array([bool(border) and home.what != "area" for home in homes], bool)
    nearest = np.where(fades, near.max(axis=0, initial=0.0), 1.0)
    rows = {place.key: row for row, place in enumerate(known)}
    found[[rows[place.key] for place in homes]] = people * nearest[:, None]
    if border:
        found[[rows[place.key] for place in border]] = near @ people
    return found


def _distances(border: list[Place], homes: list[Place]) -> FloatArray:
    """Least distance of each home from each sector, km."""
    if not border or not homes:
        return np.zeros((len(border), len(homes)))
    there = on_sphere(np.array([home.lat for home in homes]), np.array([home.lon for home in homes]))
    found = []
    for sector in border:
        here = on_sphere(*look(sector).T)
        found.append(np.linalg.norm(here[:, None] - there[None], axis=2).min(axis=0))
    return np.array(found)


def _kinds(tables: Tables, bands: tuple[Band, ...]) -> tuple[Kind, ...]:
    sight = {
        (row["kind_id"], row["band_id"]): row["seen"] for row in tables["sensor_sight"].iter_rows(named=True)
    }
    return tuple(
        Kind(
            row["kind_id"], row["name"], row["horizon"],
            tuple(sight[row["kind_id"], band.key] for band in bands),
        )
        for row in tables["sensor_kinds"].sort("kind_id").iter_rows(named=True)
    )  # fmt: skip


def _types(
    tables: Tables, bands: tuple[Band, ...], kinds: tuple[Kind, ...], settings: Mapping[str, float]
) -> tuple[SensorType, ...]:
    """Types that somebody sells."""
    ranges = {
        (row["type_id"], row["band_id"]): row["range_km"]
        for row in tables["sensor_ranges"].iter_rows(named=True)
    }
    factors = {
        "radio": settings["earth_factor_radio"],
        "optical": settings["earth_factor_optical"],
        "none": math.inf,
    }
    factor = {kind.key: factors[kind.horizon] for kind in kinds}
    return tuple(
        SensorType(
            key=row["type_id"],
            kind=row["kind_id"],
            name=row["name"],
            buy_meur=row["unit_cost_meur"],
            upkeep_meur=row["unit_cost_meur"] * row["upkeep_share"],
            crew_meur=row["crew"] * settings["crew_cost_meur"],
            crew=row["crew"],
            life_years=row["life_years"],
            reach_km=tuple(
                min(
                    ranges[row["type_id"], band.key],
                    horizon_km(row["mast_m"], band.height_m, factor[row["kind_id"]]),
                )
                for band in bands
            ),
            at=row["at"],
            most=row["most"],
        )
        for row in tables["sensor_types"].filter(sold="y").sort("type_id").iter_rows(named=True)
    )


def _sectors(tables: Tables) -> list[Place]:
    return [
        Place(
            row["sector_id"], row["state"], row["name"], "sector", row["mid_lat"], row["mid_lon"],
            radius_km=0.0, length_km=row["length_km"], people=0.0, outline=corners(row["outline"]),
        )
        for row in tables["works_sectors"].sort("sector_id").iter_rows(named=True)
    ]  # fmt: skip


def _municipalities(tables: Tables) -> list[Place]:
    """Municipalities of the members."""
    frame = tables["municipalities"].sort("state", "lau_id")
    return [
        Place(
            municipality(row["state"], row["lau_id"]), row["state"], row["municipality"], "municipality",
            row["lat"], row["lon"], radius_km=math.sqrt(row["area_km2"] / math.pi), length_km=0.0,
            people=float(row["population"]),
        )
        for row in frame.join(tables["states"].filter(role="member"), on="state", how="semi").iter_rows(
            named=True
        )
    ]  # fmt: skip


def municipality(state: str, lau_id: str) -> str:
    """Return the key of a municipality as a place."""
    return f"{state}-{lau_id}"


def _areas(tables: Tables) -> list[Place]:
    found = []
    for row in tables["sky_areas"].sort("area_id").iter_rows(named=True):
        outline = corners(row["outline"])
        lon, lat = np.array(outline).mean(axis=0)
        found.append(
            Place(
                row["area_id"], row["state"], row["name"], "area", float(lat), float(lon),
                radius_km=math.sqrt(area_km2(outline) / math.pi), length_km=0.0, people=row["weight"],
                outline=outline,
            )
        )  # fmt: skip
    return found


def _points(tables: Tables) -> list[Place]:
    return [
        Place(
            row["point_id"], row["state"], row["name"], "point", row["lat"], row["lon"],
            radius_km=0.0, length_km=0.0, people=0.0,
        )
        for row in tables["sky_points"].sort("point_id").iter_rows(named=True)
    ]  # fmt: skip

"""Small regions with an evacuation: one state, and two with a border between."""

from functools import cache
from typing import Any, Final

import polars as pl

from tests.region.conftest import small_tables, table
from tests.region.evac_rows import evac_tables
from vallum.region import TABLES, Region
from vallum.solve import Limits

SEEN = {"sources", "municipalities", "border_lengths"}


@cache
def small() -> Region:
    """One town of 2,000 people who leave, 2,500 places for them."""
    needed = {name: frame for name, frame in small_tables().items() if TABLES[name].required or name in SEEN}
    return Region.from_tables("small", needed | evac_tables(table))


def more(name: str, /, *rows: dict[str, object], **common: object) -> pl.DataFrame:
    """Rows of the small region and others."""
    return pl.concat([evac_tables(table)[name], table(name, *rows, **common)], how="diagonal")


@cache
def pair() -> Region:
    """4,000 people leave the town, for 2,500 places at home and 3,000 over the border; in a fire a fifth do."""
    road = {"kmh": 90, "vehicles_lane_h": 1300, "lanes": 1}
    floods = evac_tables(table)["evac_origins"].with_columns(part=0.4)
    fires = evac_tables(table)["evac_origins"].with_columns(
        scenario_id=pl.lit("FIRE"), part=0.08, order_h=2.0
    )
    return small().replace(
        municipalities=more(
            "municipalities", {"lau_id": "0003", "municipality": "Harbour", "lat": 56.1, "lon": 25.0},
            state="NB", nuts3="NB001", area_km2=400, population=8000,
        ),
        road_nodes=more(
            "road_nodes", {"node_id": "E", "what": "town", "lat": 56.1, "lon": 25.0}, state="NB", name="E node"
        ),
        roads=more("roads", {"from_node": "C", "to_node": "E", "km": 30}, state="NA", road="2", what="road", **road),
        evac_links=more("evac_links", {"lau_id": "0003", "node_id": "E"}, state="NB", km=1, **road),
        evac_households=more("evac_households", {"state": "NB", "by_car": 0.8}, per_car=2.5, buses=10),
        evac_places=more("evac_places", {"lau_id": "0003", "places": 3000}, state="NB", standard="a bed"),
        evac_scenarios=more("evac_scenarios", {"scenario_id": "FIRE", "name": "Fire"}, horizon_h=12, warning_h=3),
        evac_origins=pl.concat([floods, fires]),
    )  # fmt: skip


def setting(region: Region, **values: float) -> Region:
    """Change settings; a range goes with its value."""
    here = pl.col("key").replace_strict(values, default=None, return_dtype=pl.Float64)
    settings = region.tables["evac_settings"].with_columns(
        value=pl.coalesce(here, "value"), low=None, high=None
    )
    return region.replace(evac_settings=settings)


SMALL_RUN: Final[dict[str, Any]] = {
    "step_min": 30.0,
    "samples": 3,
    "limits": Limits(time_limit=None, seed=4),
}
"""Arguments of a short run."""

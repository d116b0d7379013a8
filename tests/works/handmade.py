"""A region whose works can be worked out on paper: two states, three sectors, a ditch and posts.

Weeks start on Monday 2 March 2026 and end with 2027: 95 weeks. NA still digs 27 of 30 km, 18 in S1 and 9 in
S2 (dry 20 and 10 km), each four parts public and one private land. Its 4 posts go two and two: 4 x 30 / 50 is
2.4 and 4 x 20 / 50 is 1.6, and the greatest remainder is rounded up. NB digs 10 km in S3, all on public land.
"""

from collections.abc import Mapping

import polars as pl

from tests.region.conftest import WORKS_SETTINGS, small_tables, table
from vallum.region import TABLES, Region

SETTINGS = WORKS_SETTINGS | {"start_year": 2026, "start_month": 3, "last_year": 2027, "common_share": 0.5}


def ditch(activity: str, **given: object) -> dict[str, object]:
    return {"element_id": "DITCH", "activity_id": activity, "name": activity.title()} | given


def post(activity: str, **given: object) -> dict[str, object]:
    return ditch(activity, **given) | {"element_id": "POST"}


OUTSIDE = {"resource_id": "crews", "resource_units": 1, "calendar_id": "EARTH"}
STATE = {"scope": "state", "resource_id": "designers", "resource_units": 1}


def works_tables() -> dict[str, pl.DataFrame]:
    return {
        "works_settings": table(
            "works_settings",
            *({"key": key, "value": value} for key, value in SETTINGS.items()),
            unit="see meaning",
            meaning="as its name says",
        ),
        "works_sectors": table(
            "works_sectors",
            {"sector_id": "S1", "state": "NA", "place": 1, "length_km": 30, "dry_km": 20},
            {"sector_id": "S2", "state": "NA", "place": 2, "length_km": 20, "dry_km": 10},
            {"sector_id": "S3", "state": "NB", "place": 1, "length_km": 25, "dry_km": 25},
            neighbour="QQ",
            name="A sector",
            mid_lat=55.5,
            mid_lon=24.3,
            outline="24.2 55.6;24.4 55.4",
        ),
        "works_elements": table(
            "works_elements",
            {"element_id": "DITCH", "name": "Ditch", "layer": "obstacle", "unit": "km", "unit_cost_meur": 1}
            | {"weight": 1, "upkeep_share": 0.02, "budget_class": "core", "peacetime": "n"},
            {"element_id": "POST", "name": "Post", "layer": "eyes", "unit": "post", "unit_cost_meur": 0.5}
            | {"weight": 2, "upkeep_share": 0.1, "budget_class": "related", "peacetime": "y"}
            | {"refresh_years": 0.8, "refresh_years_low": 0.5, "refresh_years_high": 3},
        ),
        "works_quantities": table(
            "works_quantities",
            {"state": "NA", "element_id": "DITCH", "quantity": 30, "built": 3, "spread": "dry"}
            | {"target_year": 2027, "target_month": 6},
            {"state": "NA", "element_id": "POST", "quantity": 4, "built": 0, "spread": "length"},
            {"state": "NB", "element_id": "DITCH", "quantity": 10, "built": 0, "spread": "dry"}
            | {"target_year": 2026},
        ),
        "works_activities": table(
            "works_activities",
            ditch("DESIGN", weeks=4, cost_share=0.05, **STATE),
            ditch("TENDER", scope="state", after="DESIGN", weeks=6, kind="tender", cost_share=0.05),
            ditch("LAND", after="DESIGN", kind="land", cost_share=0.1),
            ditch("ACCESS", after="TENDER;LAND", weeks=2, cost_share=0.2, **OUTSIDE),
            ditch(
                "INSTALL",
                after="ACCESS",
                weeks=1,
                weeks_per_unit=0.5,
                kind="install",
                cost_share=0.6,
                **OUTSIDE,
            ),
            post("DESIGN", weeks=2, cost_share=0.1, **STATE),
            post("ACCESS", after="DESIGN", weeks=3, cost_share=0.2, **OUTSIDE),
            post("INSTALL", after="ACCESS", weeks_per_unit=2, kind="install", cost_share=0.7, **OUTSIDE),
        ).with_columns(
            pl.col("kind").fill_null("plain"),
            pl.col("scope").fill_null("sector"),
            pl.col("weeks", "weeks_per_unit").fill_null(0.0),
            pl.col("resource_units").fill_null(0),
        ),
        "works_resources": table(
            "works_resources",
            {"state": "NA", "resource_id": "crews", "capacity": 2, "poolable": "y", "unit_cost_meur": 1},
            {
                "state": "NA",
                "resource_id": "designers",
                "capacity": 1,
                "poolable": "n",
                "unit_cost_meur": 0.5,
            },
            {"state": "NB", "resource_id": "crews", "capacity": 1, "poolable": "y", "unit_cost_meur": 1},
            {
                "state": "NB",
                "resource_id": "designers",
                "capacity": 1,
                "poolable": "n",
                "unit_cost_meur": 0.5,
            },
            name="People",
        ),
        "works_lines": table(
            "works_lines",
            {"state": "NA", "element_id": "POST", "units_per_week": 0.1, "in_store": 1, "poolable": "y"},
            line_cost_meur=2,
        ),
        "works_land": table(
            "works_land",
            {"state": "NA", "owner": "state", "part": 0.6, "weeks": 6},
            {"state": "NA", "owner": "municipal", "part": 0.2, "weeks": 12},
            {"state": "NA", "owner": "private", "part": 0.2, "weeks": 30},
            {"state": "NB", "owner": "state", "part": 1.0, "weeks": 6},
        ),
        "works_tenders": table(
            "works_tenders",
            {"state": "NA", "failure": 0.2, "failure_high": 0.4, "again_weeks": 10},
            {"state": "NB", "failure": 0.2, "failure_high": 0.4, "again_weeks": 10},
            element_id="DITCH",
        ),
        "works_calendars": table(
            "works_calendars",
            *({"month": month, "works": "y" if 4 <= month <= 11 else "n"} for month in range(1, 13)),
            calendar_id="EARTH",
        ),
        "works_money": table(
            "works_money",
            {"state": "NA", "year": 2026, "core_meur": 20, "related_meur": 1},
            {"state": "NA", "year": 2027, "core_meur": 10, "related_meur": 2},
            {"state": "NB", "year": 2026, "core_meur": 12, "related_meur": 0},
        ),
        "works_levers": TABLES["works_levers"].empty(),
        "works_facts": TABLES["works_facts"].empty(),
    }


def hand_region(**changed: pl.DataFrame) -> Region:
    """The region, with some of its tables changed."""
    base = small_tables()
    needed = {name: frame for name, frame in base.items() if TABLES[name].required or name == "sources"}
    return Region.from_tables("hand", needed | works_tables() | changed)


def with_cells(region: Region, name: str, where: Mapping[str, object], **values: object) -> Region:
    """Change cells of the rows whose columns hold what `where` says."""
    here = pl.lit(value=True)
    for column, value in where.items():
        here = here & (pl.col(column) == value)
    dtypes = TABLES[name].dtypes
    cells = (
        pl.when(here).then(pl.lit(value, dtype=dtypes[column])).otherwise(pl.col(column)).alias(column)
        for column, value in values.items()
    )
    return region.replace(**{name: region.tables[name].with_columns(cells)})

"""A few sectors and kinds of works of the region that ships, and one schedule of them."""

import polars as pl
import pytest

from vallum.plan.results import Results
from vallum.plan.works import make
from vallum.region import Region
from vallum.solve import Limits

#: Works of two states that share a border of the region.
KINDS = ("BUNKER", "SENSOR")
STATES = ("EE", "LV")
RUNS, LEVER_RUNS = 40, 20
LIMITS = Limits(time_limit=None, work=1, seed=4)
LEVERS = ("STATE_LAND", "JOINT_PREFAB")


@pytest.fixture(autouse=True, scope="session")
def _quick(quick_disk: None) -> None:
    """Every test here writes folders."""


@pytest.fixture(scope="session")
def baltic() -> Region:
    return Region.read("baltic")


@pytest.fixture(scope="session")
def cut(baltic: Region) -> Region:
    """One sector of each of two states, a sixth of their works."""
    kept = {
        name: frame.filter(pl.col("state").is_in(STATES)) if "state" in frame.columns else frame
        for name, frame in baltic.tables.items()
        if name.startswith("works_")
    }
    for name in ("works_elements", "works_quantities", "works_activities", "works_lines", "works_tenders"):
        kept[name] = kept[name].filter(pl.col("element_id").is_in(KINDS))
    dry = (
        kept["works_sectors"].filter(pl.col("dry_km") > 0, pl.col("neighbour") == "RU").sort("state", "place")
    )
    kept["works_sectors"] = dry.group_by("state", maintain_order=True).head(1).with_columns(
        place=pl.int_range(1, pl.len() + 1).over("state")
    )  # fmt: skip
    scaled = ("quantity", "quantity_low", "quantity_high", "built")
    kept["works_quantities"] = kept["works_quantities"].with_columns(
        (pl.col(scaled) / 6).round(0), neighbours=None
    )
    kept["works_levers"] = kept["works_levers"].filter(pl.col("lever_id").is_in(LEVERS))
    kept["works_facts"] = kept["works_facts"].filter(element_id="BUNKER", state="EE")
    return baltic.replace(**kept)


@pytest.fixture(scope="session")
def levered(cut: Region) -> Region:
    """The same with a lever that changes nothing, and one that gets land in a tenth of the time."""
    first = cut.tables["works_levers"].head(1).with_columns(
        table=pl.lit("works_land"), keys=None, column=pl.lit("weeks"), change=pl.lit(1).cast(pl.Int64)
    )  # fmt: skip
    rows = (
        first.with_columns(lever_id=pl.lit(name), op=pl.lit(op), value=pl.lit(value))
        for name, op, value in (("IDLE", "add", 0.0), ("QUICK", "multiply", 0.1))
    )
    same = cut.tables["works_levers"].schema
    return cut.replace(works_levers=pl.concat(rows).cast(dict(same)))


@pytest.fixture(scope="session")
def made(levered: Region) -> Results:
    return make(levered, limits=LIMITS, runs=RUNS, lever_runs=LEVER_RUNS)

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
def _quick_disk() -> object:
    """Flushing to the disk protects from a power cut, which no test causes."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("os.fsync", lambda handle: None)
        yield


@pytest.fixture(scope="session")
def baltic() -> Region:
    return Region.read("baltic")


@pytest.fixture(scope="session")
def cut(baltic: Region) -> Region:
    """Two sectors of each of two states, a sixth of their works."""
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
    kept["works_sectors"] = dry.group_by("state", maintain_order=True).head(2).with_columns(
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
def made(cut: Region) -> Results:
    return make(cut, limits=LIMITS, runs=RUNS, lever_runs=LEVER_RUNS)

"""The honesty rule: a forecast from what was known, against what came, and what is not shown where it failed."""

import datetime as dt

import polars as pl
import pytest

from tests.plan_works.conftest import LIMITS
from vallum.plan.works import make
from vallum.plan.works.calibration import Verdict, calibrate
from vallum.region import TABLES, Region

COMMON = 0.5


def with_fact(region: Region, installed: float) -> Region:
    """Let so many bunkers have been reported at the end of February 2026."""
    facts = region.tables["works_facts"]
    here = (pl.col("year") == 2026) & (pl.col("element_id") == "BUNKER") & (pl.col("state") == "EE")
    reported = pl.when(here).then(pl.lit(installed)).otherwise("installed")
    return region.replace(works_facts=facts.with_columns(installed=reported, delivered=None))


@pytest.mark.parametrize(
    ("fact", "inside"), [(9.9, False), (10.0, True), (20.0, True), (30.0, True), (30.1, False)]
)
def test_a_fact_is_inside_from_end_to_end_of_the_band(fact: float, inside: bool) -> None:
    day = dt.date(2026, 2, 28)
    assert Verdict("EE", "BUNKER", day, day, fact, 10.0, 20.0, 30.0).inside is inside


@pytest.mark.parametrize("seed", [0, 1])
def test_nine_bunkers_in_february_2026_lie_within_the_band(baltic: Region, seed: int) -> None:
    alone = baltic.replace(
        **{
            name: baltic.tables[name].filter(state="EE")
            for name in ("works_quantities", "works_facts")
        }
    )  # fmt: skip
    found = {verdict.date: verdict for verdict in calibrate(alone, 200, seed=seed, common=COMMON)}
    came = found[dt.date(2026, 2, 28)]
    assert (came.state, came.element, came.fact) == ("EE", "BUNKER", 9.0)
    assert came.known_until == dt.date(2024, 12, 31)
    assert came.low <= came.middle <= came.high
    assert came.inside


def test_only_kinds_whose_earlier_state_is_known_are_judged(cut: Region, baltic: Region) -> None:
    facts = baltic.tables["works_facts"].filter(pl.col("state").is_in(["EE", "LV"]), element_id="BUNKER")
    judged = calibrate(cut.replace(works_facts=facts), 20, seed=0, common=COMMON)
    assert {(one.state, one.date) for one in judged} == {
        ("EE", dt.date(2025, 12, 31)), ("EE", dt.date(2026, 2, 28)),
    }  # fmt: skip
    assert calibrate(cut.replace(works_facts=TABLES["works_facts"].empty()), 20, seed=0, common=COMMON) == []
    later = facts.filter(pl.col("year") > 2024)
    assert calibrate(cut.replace(works_facts=later), 20, seed=0, common=COMMON) == []


def test_the_forecast_starts_from_what_was_known(cut: Region) -> None:
    facts = cut.tables["works_facts"].with_columns(
        installed=pl.when(pl.col("year") == 2024).then(50.0).when(pl.col("year") == 2026).then(60.0)
    )  # fmt: skip
    (verdict,) = calibrate(
        cut.replace(works_facts=facts.with_columns(delivered=None)), 20, seed=0, common=COMMON
    )
    assert verdict.low >= 50.0


@pytest.mark.parametrize("fact", [9.0, 95.0])
def test_a_made_up_fact_within_the_band_is_inside(cut: Region, fact: float) -> None:
    verdicts = calibrate(with_fact(cut, fact), 40, seed=LIMITS.seed, common=COMMON)
    assert [verdict.inside for verdict in verdicts] == [True, True]


def test_where_the_forecast_failed_the_far_end_is_not_shown(cut: Region) -> None:
    # No bunker has ever been built before it was paid for: 120 of 100 planned are beyond any run.
    region = with_fact(cut, 120.0).replace(works_levers=TABLES["works_levers"].empty())
    tables = make(region, limits=LIMITS, runs=20, lever_runs=20).tables
    outside = tables["calibration"].filter(~pl.col("inside"))
    assert outside["date"].to_list() == ["2026-02-28"]
    finish = tables["finish"]
    failed, others = finish.filter(state="EE"), finish.filter(pl.col("state") != "EE")
    assert failed.height
    assert failed["p80"].null_count() == failed["p90"].null_count() == failed.height
    assert failed["note"].str.contains("calibration").all()
    assert failed["p50"].null_count() == 0
    assert others["p80"].null_count() == 0
    assert (others["note"] == "").all()

"""The regions that ship are sound and hold what they promise."""

import importlib.util
import sys
from pathlib import Path

import polars as pl
import pytest

from vallum.region import Region

ROOT = Path(__file__).resolve().parents[3]
CONFIDENCE = {"high", "medium", "low", "assumption"}


@pytest.fixture(scope="module")
def baltic() -> Region:
    return Region.read("baltic")


@pytest.mark.parametrize(("name", "known"), [("toy", []), ("baltic", ["maturing share"])])
def test_shipped_region_is_sound_and_warns_of_known_faults_only(name, known):
    region = Region.read(name)
    assert region.findings["rule"].to_list() == known, region.findings.head(5)
    assert region.sound


def test_descriptors_are_those_of_the_schemas():
    spec = importlib.util.spec_from_file_location("describe", ROOT / "scripts" / "describe_regions.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["describe"] = module
    spec.loader.exec_module(module)
    assert module.main(["--check"]) == 0


def test_all_classes_and_every_offer_are_there(baltic):
    assert baltic.tables["classes"].height == 20
    assert baltic.tables["programmes"].height == 93
    needed = set(baltic.tables["needs"].filter(pl.col("quantity") > 0)["class_id"])
    offered = set(baltic.tables["programmes"]["class_id"])
    assert needed == offered == set(baltic.tables["classes"]["class_id"])


def test_every_priced_system_of_a_class_is_on_offer_or_used_up(baltic):
    # Second-hand types that were sold once, a foreign brigade's own vehicle and quads are no offers.
    no_offer = {"CVRT", "CV9035_USED", "M109A5", "PUMA", "PZH2000", "ATV"}
    priced = baltic.tables["systems"].drop_nulls(["unit_cost_meur", "class_id"])
    assert set(priced["system_id"]) - set(baltic.tables["programmes"]["system_id"]) <= no_offer


def test_crosscheck_holds_all_sixteen_numbers_beside_the_official_ones(baltic):
    checks = baltic.tables["seed_crosscheck"].sort("check_id")
    assert checks["check_id"].to_list() == [f"SC{n:02d}" for n in range(1, 17)]
    without = checks.filter(pl.col("official_value").is_null())
    assert without["check_id"].to_list() == ["SC16"]  # attendance of a summit, which no model uses


@pytest.mark.parametrize(
    ("check", "table", "key", "column"),
    [
        ("SC01", "defence_budgets", {"iso2": "EE", "year": 2026, "series": "national_budget"}, "pct_gdp"),
        ("SC02", "defence_budgets", {"iso2": "LV", "year": 2026, "series": "national_budget"}, "pct_gdp"),
        ("SC03", "defence_budgets", {"iso2": "LT", "year": 2026, "series": "national_budget"}, "pct_gdp"),
        ("SC04", "safe_allocations", {"member_state": "EE"}, "allocation_meur"),
        ("SC05", "safe_allocations", {"member_state": "LV"}, "allocation_meur"),
        ("SC06", "safe_allocations", {"member_state": "LT"}, "allocation_meur"),
        ("SC07", "safe_rules", {"rule": "total_envelope"}, "value"),
        ("SC08", "industry", {"plant_id": "RH_BAISOGALA"}, "invest_meur"),
        ("SC09", "industry", {"plant_id": "RH_LATVIA"}, "invest_meur"),
        ("SC12", "safe_rules", {"rule": "hague_core_defence"}, "value"),
        ("SC13", "safe_rules", {"rule": "hague_related"}, "value"),
    ],
)
def test_official_value_is_the_one_in_the_tables(baltic, check, table, key, column):
    official = baltic.tables["seed_crosscheck"].row(by_predicate=pl.col("check_id") == check, named=True)
    where = pl.all_horizontal(*(pl.col(name) == value for name, value in key.items()))
    found = baltic.tables[table].row(by_predicate=where, named=True)[column]
    assert float(found) == pytest.approx(float(official["official_value"].removeprefix("up to ")), abs=0.005)


def test_purses_of_2026_are_the_adopted_budgets(baltic):
    purses = baltic.tables["purses"].filter(pl.col("year") == 2026)
    shares = dict(zip(purses["state"], purses["gdp_share_pct"], strict=True))
    assert shares == {"EE": 5.43, "LV": 4.91, "LT": 5.38}


def test_loans_are_not_above_allocations(baltic):
    loans = baltic.tables["safe_loans"]
    assert (loans["adopted_loan_meur"] <= loans["allocation_meur"]).all()
    assert (loans["prefinancing_meur"] <= 0.15 * loans["adopted_loan_meur"] + 1).all()


def test_points_are_municipality_centres(baltic):
    places = baltic.tables["municipalities"].select("state", pl.col("lat", "lon").round(3))
    centres = set(places.iter_rows())
    plants = baltic.tables["industry"].drop_nulls("lat").select("country", "lat", "lon")
    at_home = [plant for plant in plants.iter_rows() if plant[0] in {"EE", "LV", "LT"}]
    assert len(at_home) == 16
    assert set(at_home) <= centres


def test_only_confirmed_open_standards_connect(baltic):
    systems = baltic.tables["systems"].filter(pl.col("connects") == "y")
    assert set(systems["system_id"]) == {"IRIS_T_SLM", "NASAMS", "TPS77MRR", "C2_SITAWARE", "GATEWAY_FED"}
    assert systems["note"].str.contains("connection: ").all()
    nodes = baltic.tables["systems"].filter(pl.col("nodes_provided") > 0)
    assert set(nodes["system_id"]) == {"C2_SITAWARE", "GATEWAY_FED"}


def test_gateways_are_given_for_every_class_that_needs_them(baltic):
    needing = baltic.tables["classes"].filter(pl.col("needs_gateway") == "y")["class_id"]
    assert set(baltic.tables["gateways"]["class_id"]) == set(needing)


def test_sectors_sum_to_their_borders_and_say_no_more(baltic):
    sectors = baltic.tables["works_sectors"]
    sums = sectors.group_by("state", "neighbour").agg(pl.col("length_km", "dry_km").sum(), pl.len())
    joined = sums.join(baltic.tables["border_lengths"], on=["state", "neighbour"])
    assert joined.height == 5
    assert ((joined["length_km"] - joined["length_km_this_file"]).abs() < 0.06).all()
    assert ((joined["dry_km"] - joined["land_or_narrow_river_km"]).abs() < 0.06).all()
    assert sectors["length_km"].min() >= 20
    for lon, lat in (point.split() for line in sectors["outline"] for point in line.split(";")):
        assert abs(float(lon) / 0.05 - round(float(lon) / 0.05)) < 1e-6
        assert abs(float(lat) / 0.05 - round(float(lat) / 0.05)) < 1e-6
    assert sectors["outline"].str.count_matches(";").max() <= 5


PROGRAMME = pl.read_csv(
    ROOT / "src" / "vallum" / "region" / "data" / "baltic" / "background" / "line_programme.csv",
    infer_schema=False,
)


@pytest.mark.parametrize(
    ("state", "kind", "elements", "quantity"),
    [
        ("EE", "BUNKER", ["bunkers (all)"], 600),
        ("EE", "DITCH", ["anti-tank ditch"], 40),
        ("EE", "OBST", ["counter-mobility storage sites"], 10),
        ("EE", "BARRIER", ["migration/border barrier: SE land border"], 115),
        ("EE", "SENSOR", ["Narva river surveillance posts"], 14),
        ("LV", "BARRIER", ["barrier: Belarus border", "barrier: Russia border"], 425),
        ("LT", "BARRIER", ["barrier: Belarus border", "barrier: Kaliningrad border"], 547),
        ("LT", "OBST", ["counter-mobility parks"], 27),
    ],
)
def test_published_works_are_the_ones_in_the_tables(baltic, state, kind, elements, quantity):
    rows = PROGRAMME.filter(pl.col("state") == state, pl.col("element").is_in(elements))
    assert rows["quantity_planned"].cast(pl.Float64).sum() == quantity
    where = (pl.col("state") == state) & (pl.col("element_id") == kind)
    row = baltic.tables["works_quantities"].row(by_predicate=where, named=True)
    assert row["quantity"] == quantity
    assert row["basis"] in {"fact", "derived"}


def test_works_name_rows_of_the_programme_and_reasons(baltic):
    there = set(PROGRAMME.select(pl.concat_str("state", "element", separator=" ")).to_series())
    for name, table in baltic.tables.items():
        if not name.startswith("works_"):
            continue
        assumed = table.filter(pl.col("basis") == "assumption")
        assert assumed["note"].null_count() == 0, name
        for inputs in table["derived_from"].drop_nulls():
            for file, keys in (part.split(":", 1) for part in inputs.split(";")):
                if file == "background/line_programme.csv":
                    assert set(keys.split(",")) <= there, keys


def test_assumed_quantities_have_a_range(baltic):
    assumed = baltic.tables["works_quantities"].filter(pl.col("basis") == "assumption")
    assert assumed.height == 13
    assert (assumed["quantity_low"] < assumed["quantity_high"]).all()


def test_no_row_is_without_source_and_confidence(baltic):
    for name, table in baltic.tables.items():
        if table.height:
            assert table["source"].str.len_chars().min() > 0, name
            assert set(table["confidence"]) <= CONFIDENCE, name
            derived = table.filter(pl.col("basis") == "derived")
            # Facts that a source derived itself say so in note and source.
            assert name in {"defence_budgets", "parameters"} or derived["derived_from"].null_count() == 0, (
                name
            )

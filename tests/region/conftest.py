"""A small good region, as tables and as a folder; with works, sky and evacuation every table has rows."""

import shutil
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest
from evac_rows import evac_tables

from vallum.region import TABLES, Region, write_folder
from vallum.region.checks import fiscal, works
from vallum.region.schema.sky import ALERTING, STEPS

YEARS = (2026, 2027, 2028)
GUESS = {
    "basis": "assumption",
    "source": "analyst assumption",
    "source_date": "2026-11",
    "confidence": "assumption",
}
FACT = {"basis": "fact", "source": "Ministry release", "source_date": "2026-01-15", "confidence": "high"}

SETTINGS = {
    "first_year": 2026,
    "last_year": 2028,
    "base_year": 2026,
    "discount_rate_pct": 3,
    "inflation_pct": 2,
    "price_index_pct": 3.5,
    "advance_share": 0.3,
    "negotiation_months": 6,
    "delay_exponent": 0.333,
    "scale_saving_max": 0.3,
    "level_tolerance": 0.001,
    "safe_count_conditional": 0,
}


def table(name: str, /, *rows: dict[str, object], **common: object) -> pl.DataFrame:
    """Rows with provenance, typed by the schema."""
    provenance = GUESS if TABLES[name].required or name not in FACTS else FACT
    full = [provenance | common | row for row in rows]
    schema = {
        column: dtype for column, dtype in TABLES[name].dtypes.items() if any(column in r for r in full)
    }
    return pl.DataFrame(full, schema=schema)


FACTS = {name for name, spec in TABLES.items() if not spec.required} - {
    "formations",
    "establishments",
    "extra_needs",
}


def programme(programme_id: str, **changes: object) -> dict[str, object]:
    base: dict[str, object] = {
        "programme_id": programme_id,
        "name": f"Programme {programme_id}",
        "class_id": "AIR",
        "system_id": "SYS_A",
        "base_quantity": 4,
        "unit": "unit",
        "min_quantity": 2,
        "min_quantity_alone": 2,
        "step_quantity": 1,
        "base_price_meur": 40,
        "base_price_meur_low": 30,
        "base_price_meur_high": 60,
        "price_year": 2024,
        "cost_growth_pct": 10,
        "real_price_growth_pct": 1,
        "learning_slope_pct": 95,
        "introduction_share": 0.05,
        "introduction_shared_part": 0.5,
        "sustainment_share": 0.02,
        "lead_months": 6,
        "delivery_span_months": 6,
        "start_earliest": 2026,
        "start_latest": 2027,
        "line_id": "L_A",
        "line_units_per_unit": 1,
        "eu_origin_share": 0.8,
        "foreign_control": "n",
        "safe_eligible": "y",
        "safe_rule": "category 2",
        "related_money": "n",
        "crew_family": "AIR_CREW",
    }
    return base | changes


def small_tables() -> dict[str, pl.DataFrame]:
    members = ("NA", "NB")
    state = {"population": 1000000, "gdp_meur": 40000, "eu_member": "y", "nato_member": "y"}
    safe = {"safe_borrower": "y", "safe_participant": "y"}
    system = {"capability_area": "air", "producer": "Maker", "producer_country": "DE", "unit": "unit"}
    system |= {"safe_category": 2, "origin_group": "EU", "connects": "n", "nodes_provided": 0}
    purse = {"gdp_real_meur": 40000, "defence_meur": 1000, "equipment_share": 0.5, "equipment_meur": 500}
    purse |= {
        "outside_scope_share": 0.4,
        "legacy_sustainment_meur": 50,
        "committed_meur": 50,
        "plannable_meur": 200,
    }
    purse |= {"related_meur": 100, "related_plannable_share": 0.1, "carryover_limit_share": 0.15}
    return {
        "settings": table(
            "settings",
            *({"key": key, "value": value} for key, value in SETTINGS.items()),
            unit="see meaning",
            meaning="as its name says",
        ),
        "bands": table("bands", {"multiple": 1}, {"multiple": 2}),
        "states": table(
            "states",
            *({"state": n, "name": f"State {n}", "role": "member"} for n in members),
            {"state": "PX", "name": "Partner", "role": "partner"},
            **state,
            **safe,
        ),
        "classes": table(
            "classes",
            {"class_id": "AIR", "name": "Air defence", "unit": "unit", "capability_area": "air"},
            safe_category=2,
            weight=1.5,
            weight_low=1,
            weight_high=2,
            needs_gateway="y",
            ramp_start=2026,
            ramp_end=2026,
            ramp_first_share=1,
        ),
        "gateways": table("gateways", {"class_id": "AIR", "nodes_per_unit": 0.5}),
        "systems": table(
            "systems",
            {"system_id": "SYS_A", "name": "A", "class_id": "AIR", "class_units_per_system_unit": 1},
            {"system_id": "RIFLE", "name": "Outside the classes"},
            **system,
        ),
        "formations": table(
            "formations",
            {
                "formation_id": "BDE1",
                "formation_type": "BDE",
                "state": "NA",
                "counted": "y",
                "ready_year": 2026,
            },
        ),
        "establishments": table(
            "establishments", {"formation_type": "BDE", "class_id": "AIR", "quantity": 6}
        ),
        "extra_needs": table(
            "extra_needs",
            {"state": "NA", "class_id": "AIR", "start_year": 2026, "full_year": 2028, "quantity": 2},
        ),
        "needs": table(
            "needs",
            *({"state": n, "class_id": "AIR", "year": y, "quantity": 8} for n in members for y in YEARS),
            low=4,
            high=12,
        ),
        "stocks": table(
            "stocks",
            {"kind": "in_service", "year": 2026, "quantity": 3, "contract_id": "C1"},
            {"kind": "delivery", "year": 2027, "quantity": 1},
            state="NA",
            system_id="SYS_A",
            retire_from=2035,
            retire_to=2040,
        ),
        "programmes": table("programmes", programme("P1"), programme("P2", crew_family="NONE")),
        "programme_states": table(
            "programme_states",
            *({"programme_id": p, "state": n} for p in ("P1", "P2") for n in members),
            max_quantity=8,
            operates="n",
        ),
        "partner_orders": table(
            "partner_orders",
            {"programme_id": "P1", "partner": "PX", "quantity": 4, "year_from": 2026, "year_to": 2027},
        ),
        "lines": table(
            "lines",
            {"line_id": "L_A", "plant_id": "PLANT_A", "systems": "SYS_A"},
            owner="Maker",
            country="DE",
            unit="unit",
            expansion_step=2,
            expansion_cost_meur=10,
            expansion_delay_months=12,
            expansion_max_steps=2,
        ),
        "line_capacity": table(
            "line_capacity",
            *({"line_id": "L_A", "year": y, "capacity": 10, "backlog_share": 0.3} for y in YEARS),
        ),
        "purses": table(
            "purses",
            *({"state": n, "year": y, "status": "published"} for n in members for y in YEARS),
            **purse,
        ),
        "crews": table(
            "crews",
            *({"state": n, "family": "AIR_CREW", "name": "Air crews", "systems": "SYS_A"} for n in members),
            trained_crews=4,
            throughput_per_year=2,
            school_cost_meur=3,
            school_added_throughput=2,
            shared_school="y",
            shared_school_cost_factor=1.4,
        ),
        "safe_loans": table(
            "safe_loans",
            *({"state": n} for n in members),
            allocation_meur=500,
            adopted_loan_meur=400,
            prefinancing_meur=60,
            window_from=2026,
            window_to=2028,
            grace_years=10,
            maturity_years=45,
            rate_pct=3.5,
            national_rate_pct=3.6,
            earmarked_share=0.1,
            additional_share=0.25,
            min_participants_after=2,
        ),
        **fact_tables(members),
        **fiscal_tables(members),
    }


def fact_tables(members: tuple[str, ...]) -> dict[str, pl.DataFrame]:
    return {
        "contracts": table(
            "contracts",
            {
                "contract_id": "C1",
                "buyer_iso2": "NA;NB",
                "system_id": "SYS_A",
                "quantity": 3,
                "signed": "2024-05",
            },
            supplier="Maker",
            joint="y",
            vehicle="bilateral",
            status="contract",
        ),
        "industry": table(
            "industry",
            {"plant_id": "PLANT_A", "owner": "Maker", "country": "NA", "municipality": "Town", "lat": 55.5},
            lon=24.25,
            product="A",
            status="running",
            system_id="SYS_A",
        ),
        "forces": table(
            "forces",
            {"formation_id": "BDE1", "nation": "NA", "host": "NA", "name": "First", "type": "national"},
            echelon="brigade",
            status="active",
        ),
        "defence_budgets": table(
            "defence_budgets",
            *(
                {"iso2": n, "year": y, "series": "national_budget", "defence_meur": 1000}
                for n in members
                for y in YEARS
            ),
            {"iso2": "NA", "year": 2026, "series": "seed", "pct_gdp": 2.5},
            status="plan",
        ),
        "macro": table("macro", {"iso2": "NA", "year": 2026, "gdp_meur": 40000}, status="forecast"),
        "parameters": table(
            "parameters", {"parameter": "slope", "class": "air", "value": "95", "unit": "percent"}
        ),
        "safe_rules": table(
            "safe_rules", {"rule": "min_component_cost_EU_EEA_UA", "value": "65", "unit": "percent"}
        ),
        "safe_allocations": table(
            "safe_allocations",
            *({"member_state": n, "allocation_meur": 500, "adopted_loan_meur": 400} for n in members),
        ),
        "seed_crosscheck": table(
            "seed_crosscheck",
            {"check_id": "S1", "item": "Budget", "seed_value": "2.5", "official_value": "2.5", "unit": "%"},
            where_in_data="defence_budgets NA 2026",
            verdict="match",
        ),
        "sources": table(
            "sources", {"source_key": "MIN", "opened": "y", "rows": 5, "source": "Ministry release"}
        ),
        "municipalities": table(
            "municipalities",
            {"state": "NA", "lau_id": "0001", "municipality": "Town", "nuts3": "NA001", "lat": 55.50012},
            lon=24.24987,
        ),
        "border_lengths": table(
            "border_lengths",
            {"state": "NA", "neighbour": "QQ", "official_km": 50, "length_km_this_file": 50},
        ),
    }


FISCAL_SETTINGS = {
    **{key: (low + high) / 2 for key, (low, high) in fiscal.BOUNDS.items()},
    **dict.fromkeys(fiscal.WHOLE, 2028.0),
    "ageing_years": 10.0,
}


def fiscal_tables(members: tuple[str, ...]) -> dict[str, pl.DataFrame]:
    """Two members whose debt follows from its parts: 40 x 1.025 x 40000 / 42000 + 1 = 40.0476."""
    inputs: dict[str, object] = {"real_gdp_meur": 30000, "potential_gdp_meur": 30000, "deflator_pct": 3}
    inputs |= {"primary_balance_pct_gdp": -1, "structural_primary_balance_pct_gdp": -1}
    inputs |= {"balance_pct_gdp": -2, "stock_flow_meur": 0, "implicit_rate_pct": 2.5}
    rates = {"rate_short_pct": 2, "rate_long_pct": 3.5, "deflator_pct": 2}
    return {
        "fiscal_inputs": table(
            "fiscal_inputs",
            *(
                {"state": n, "year": year, "gdp_meur": gdp, "debt_meur": debt, "debt_pct_gdp": ratio}
                for n in members
                for year, gdp, debt, ratio in ((2025, 40000, 16000, 40.0), (2026, 42000, 16820, 40.0476))
            ),
            **inputs,
        ),
        "fiscal_longrun": table(
            "fiscal_longrun",
            *({"state": n, "year": year} for n in members for year in range(2025, 2029)),
            potential_growth_pct=1.5,
            ageing_cost_pct_gdp=16,
            property_income_pct_gdp=0,
        ),
        "fiscal_parameters": table(
            "fiscal_parameters",
            *({"state": n} for n in members),
            short_debt_share=0.05,
            long_maturing_share=0.1,
            long_maturing_average=0.1,
            balance_elasticity=0.4,
            primary_expenditure_pct_gdp=40,
        ),
        "fiscal_settings": table(
            "fiscal_settings",
            *({"key": key, "value": value} for key, value in FISCAL_SETTINGS.items()),
            unit="see meaning",
            meaning="as its name says",
        ),
        "market_rates": table(
            "market_rates", *({"state": n, "year": y} for n in members for y in (2026, 2028)), **rates
        ),
        "expenditure_ceilings": table(
            "expenditure_ceilings", *({"state": "NA", "year": y} for y in YEARS), growth_pct=5
        ),
        "shocks_quarterly": table(
            "shocks_quarterly",
            *(
                {"state": n, "quarter": f"{year}Q{quarter}"}
                for n in members
                for year in range(2020, 2025)
                for quarter in range(1, 5)
            ),
            rate_short_pp=0.1,
            rate_long_pp=0.1,
            nominal_growth_pp=-0.2,
            primary_balance_pp=0.3,
        ),
        "outlay_classes": table(
            "outlay_classes",
            {"outlay": "equipment", "budget_class": "core", "accounting": "delivery"},
            rule="Declaration, paragraph 2",
        ),
        "safe_draws": table(
            "safe_draws",
            *({"state": n, "year": y} for n in members for y in (2026, 2027)),
            draw_meur=180,
            delivered_meur=150,
        ),
        "fiscal_reference": table(
            "fiscal_reference",
            {"reference_id": "NA-debt-2026", "state": "NA", "variable": "debt_ratio", "period": "2026"},
            value="40",
            unit="pct_gdp",
        ),
    }


WORKS_SETTINGS = {
    **{key: low for key, (low, _) in works.BOUNDS.items()},
    "start_year": 2026,
    "start_month": 3,
    "last_year": 2030,
}


def works_tables() -> dict[str, pl.DataFrame]:
    """A border of two sectors with a ditch and bunkers: 18 km and 80 bunkers to build for EUR 26 million."""
    ditch = {"element_id": "DITCH", "name": "Ditch", "layer": "obstacle", "unit": "km", "unit_cost_meur": 1}
    bunker = {"element_id": "BUNKER", "name": "Bunker", "layer": "strongpoints", "unit": "bunker"}
    step = {"scope": "sector", "weeks": 4, "weeks_per_unit": 0, "kind": "plain", "resource_units": 0}
    steps: tuple[dict[str, object], ...] = (
        {"activity_id": "TENDER", "scope": "state", "kind": "tender", "cost_share": 0},
        {"activity_id": "LAND", "kind": "land", "weeks": 0, "cost_share": 0.1},
        {"activity_id": "ACCESS", "after": "TENDER;LAND", "resource_id": "crews", "cost_share": 0.1},
        {"activity_id": "INSTALL", "after": "ACCESS", "kind": "install", "cost_share": 0.8},
    )
    digging = {"resource_id": "crews", "resource_units": 1, "calendar_id": "EARTH", "weeks_per_unit": 0.5}
    return {
        "works_settings": table(
            "works_settings",
            *({"key": key, "value": value} for key, value in WORKS_SETTINGS.items()),
            unit="see meaning",
            meaning="as its name says",
        ),
        "works_sectors": table(
            "works_sectors",
            {"sector_id": "S1", "place": 1, "length_km": 26, "dry_km": 26, "mid_lat": 55.6, "mid_lon": 24.3}
            | {"outline": "24.2 55.7;24.4 55.5"},
            {"sector_id": "S2", "place": 2, "length_km": 24, "dry_km": 0, "mid_lat": 55.4, "mid_lon": 24.5}
            | {"outline": "24.4 55.5;24.6 55.3"},
            state="NA",
            neighbour="QQ",
            name="One end",
        ),
        "works_elements": table(
            "works_elements",
            ditch,
            bunker | {"unit_cost_meur": 0.1},
            weight=1,
            upkeep_share=0.02,
            budget_class="core",
            peacetime="n",
        ),
        "works_quantities": table(
            "works_quantities",
            {"element_id": "DITCH", "quantity": 20, "built": 2, "neighbours": "QQ", "target_year": 2027},
            {"element_id": "BUNKER", "quantity": 100, "built": 20, "target_year": 2027, "target_month": 6},
            state="NA",
            spread="dry",
        ),
        "works_activities": table(
            "works_activities",
            *(
                step
                | {"element_id": kind, "name": "Step"}
                | one
                | (digging if one["kind"] == "install" else {})
                for kind in ("DITCH", "BUNKER")
                for one in ({"kind": "plain"} | one for one in steps)
            ),
        ),
        "works_resources": table(
            "works_resources",
            {"state": "NA", "resource_id": "crews", "name": "Crews", "capacity": 2, "poolable": "y"},
            capacity_low=1,
            capacity_high=4,
            unit_cost_meur=1,
        ),
        "works_lines": table(
            "works_lines",
            {"state": "NA", "element_id": "BUNKER", "units_per_week": 4, "in_store": 8, "poolable": "y"},
            line_cost_meur=2,
        ),
        "works_land": table(
            "works_land",
            {"owner": "state", "part": 0.7, "weeks": 6},
            {"owner": "private", "part": 0.3, "weeks": 40},
            state="NA",
        ),
        "works_tenders": table(
            "works_tenders",
            *({"element_id": kind} for kind in ("DITCH", "BUNKER")),
            state="NA",
            failure=0.3,
            failure_high=0.5,
            again_weeks=26,
        ),
        "works_calendars": table(
            "works_calendars",
            *({"month": month, "works": "n" if month in (1, 2) else "y"} for month in range(1, 13)),
            calendar_id="EARTH",
        ),
        "works_money": table(
            "works_money",
            *({"year": year} for year in (2026, 2027)),
            state="NA",
            core_meur=15,
            related_meur=0,
        ),
        "works_levers": table(
            "works_levers",
            {"change": 1, "table": "works_land", "keys": "owner=private", "value": -0.2, "cost_meur": 1},
            {"change": 2, "table": "works_land", "keys": "owner=state", "value": 0.2, "cost_meur": 0},
            {"lever_id": "SHARE", "change": 1, "table": "POOL", "column": "works_lines", "cost_meur": 0}
            | {"op": None},
            lever_id="STATE_LAND",
            name="A lever",
            column="part",
            op="add",
        ),
        "works_facts": table(
            "works_facts",
            {"year": 2025, "month": 12, "installed": 10, "delivered": 20},
            {"year": 2026, "month": 2, "installed": 20, "delivered": None},
            state="NA",
            element_id="BUNKER",
        ),
    }


SKY_SETTINGS = {
    "first_year": 2027,
    "last_year": 2030,
    "service_years": 10,
    "kinds_needed": 2,
    "earth_factor_radio": 1.333,
    "earth_factor_optical": 1.17,
    "depth_km": 60,
    "inland_part": 0.3,
    "crew_cost_meur": 0.06,
    "speed_kmh": 165,
    "heading_deg": 60,
    "path_km": 200,
    "corridor_km": 15,
    "left_out_share": 0.5,
}


def sky_tables() -> dict[str, pl.DataFrame]:
    """Two kinds in two bands, one purse for each member and one for both, and a warning of the past.

    Municipalities are listed in NA alone, so that NB may have a point and an area of its own.
    """
    return {
        "municipalities": table(
            "municipalities",
            {"state": "NA", "lau_id": "0001", "municipality": "Town", "nuts3": "NA001", "lat": 55.50012},
            lon=24.24987,
            population=10000,
            area_km2=400,
        ),
        "sky_settings": table(
            "sky_settings",
            *({"key": key, "value": value} for key, value in SKY_SETTINGS.items()),
            unit="see meaning",
            meaning="as its name says",
        ),
        "sky_bands": table(
            "sky_bands",
            {"band_id": "LOW", "height_m": 60, "part": 0.7},
            {"band_id": "HIGH", "height_m": 1500, "part": 0.3},
            name="A band",
        ),
        **sensor_tables(),
        "sky_purses": table(
            "sky_purses",
            {"purse_id": "P_NA", "state": "NA", "part": 0.4},
            {"purse_id": "P_NB", "state": "NB", "part": 0.4},
            {"purse_id": "P_ALL", "part": 0.2},
            name="A purse",
        ),
        "sky_years": table("sky_years", {"year": 2027, "part": 0.6}, {"year": 2028, "part": 0.4}),
        "sky_points": table(
            "sky_points",
            {"point_id": "HILL", "state": "NB", "name": "Hill", "lat": 56.12345, "lon": 24.54321},
        ),
        "sky_areas": table(
            "sky_areas",
            {"area_id": "SQUARE", "state": "NB", "name": "Square", "weight": 500},
            outline="24.50001 56.10001;24.60001 56.10001;24.60001 56.20001;24.50001 56.20001",
        ),
        **warning_tables(),
    }


def sensor_tables() -> dict[str, pl.DataFrame]:
    return {
        "sensor_kinds": table(
            "sensor_kinds",
            {"kind_id": "acoustic", "horizon": "none"},
            {"kind_id": "radar", "horizon": "radio"},
            name="A kind",
            fails="Weather",
        ),
        "sensor_sight": table(
            "sensor_sight",
            *(
                {"kind_id": kind, "band_id": band}
                for kind in ("acoustic", "radar")
                for band in ("LOW", "HIGH")
            ),
            seen=0.6,
        ),
        "sensor_types": table(
            "sensor_types",
            {"type_id": "EARS", "kind_id": "acoustic", "unit_cost_meur": 0.1, "at": "both"},
            {"type_id": "RADAR", "kind_id": "radar", "unit_cost_meur": 1, "at": "sector"},
            name="A type",
            sold="y",
            upkeep_share=0.1,
            crew=0.2,
            life_years=8,
            mast_m=10,
            power_kw=1,
            lead_months=9,
            most=10,
            standards="sapient;asterix_048",
        ),
        "sensor_ranges": table(
            "sensor_ranges",
            *({"type_id": one, "band_id": band} for one in ("EARS", "RADAR") for band in ("LOW", "HIGH")),
            range_km=6,
        ),
    }


def warning_tables() -> dict[str, pl.DataFrame]:
    event: dict[str, object] = {"case_id": "NIGHT", "state": "NA", "name": "What happened"}
    return {
        "warning_delays": table(
            "warning_delays",
            *({"step": step, "alerting": how} for how in ALERTING for step in STEPS),
            minutes=5,
            minutes_low=2,
            minutes_high=9,
        ),
        "warning_events": table(
            "warning_events",
            event | {"event_id": "CALL", "event": "report", "minute": 210},
            event | {"event_id": "ALERT", "event": "alert", "minute": 249, "municipalities": "0001"},
        ),
        "shelter_reach": table(
            "shelter_reach",
            {"state": "NA", "lau_id": "0001"},
            {"state": "NA"},
            {"state": "NB"},
            places=0.3,
            reach_min=6,
        ),
    }


@pytest.fixture(scope="session")
def tables() -> dict[str, pl.DataFrame]:
    return small_tables()


@pytest.fixture(scope="session")
def whole(tables: dict[str, pl.DataFrame]) -> dict[str, pl.DataFrame]:
    """Every table, each with rows."""
    return tables | works_tables() | sky_tables() | evac_tables(table)


@pytest.fixture(scope="session")
def line(tables: dict[str, pl.DataFrame]) -> Region:
    """The small region with works of its border, without what works do not look at."""
    seen = {"sources", "municipalities", "border_lengths"}
    needed = {name: frame for name, frame in tables.items() if TABLES[name].required or name in seen}
    return Region.from_tables("line", needed | works_tables())


@pytest.fixture(scope="session")
def sky(line: Region) -> Region:
    """The small region with works, and with sensors on offer."""
    return Region.from_tables("sky", line.tables | sky_tables())


@pytest.fixture(scope="session")
def evac(line: Region) -> Region:
    """The small region with an evacuation."""
    bare = {name: frame for name, frame in line.tables.items() if not name.startswith("works_")}
    return Region.from_tables("evac", bare | evac_tables(table))


@pytest.fixture(scope="session")
def region(tables: dict[str, pl.DataFrame]) -> Region:
    return Region.from_tables("small", tables)


@pytest.fixture(scope="session")
def pristine(tables: dict[str, pl.DataFrame], tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("region") / "small"
    write_folder(tables, folder, title="A small region")
    return folder


@pytest.fixture
def folder(pristine: Path, tmp_path: Path) -> Path:
    """A copy of the small region that a test may spoil."""
    return Path(shutil.copytree(pristine, tmp_path / "small"))


@pytest.fixture
def spoil(folder: Path) -> Callable[[str, str, str], Region]:
    """Replace text once in one file of the region, then read it."""

    def replace_and_read(file: str, old: str, new: str) -> Region:
        text = (folder / file).read_text(encoding="utf-8")
        assert old in text
        (folder / file).write_text(text.replace(old, new, 1), encoding="utf-8", newline="")
        return Region.read(folder)

    return replace_and_read


@pytest.fixture
def with_rows(region: Region) -> Callable[..., Region]:
    """Change cells of a table where a condition holds."""
    return changer(region)


@pytest.fixture
def with_works(line: Region) -> Callable[..., Region]:
    """Change cells of a table of the region with works where a condition holds."""
    return changer(line)


@pytest.fixture
def with_sky(sky: Region) -> Callable[..., Region]:
    """Change cells of a table of the region with sensors where a condition holds."""
    return changer(sky)


@pytest.fixture
def with_evac(evac: Region) -> Callable[..., Region]:
    """Change cells of a table of the region with an evacuation where a condition holds."""
    return changer(evac)


def changer(region: Region) -> Callable[..., Region]:
    def change(name: str, where: pl.Expr, **values: object) -> Region:
        old = region.tables[name]
        dtypes = TABLES[name].dtypes
        new = old.with_columns(
            pl.when(where).then(pl.lit(value, dtype=dtypes[column])).otherwise(pl.col(column)).alias(column)
            for column, value in values.items()
        )
        return region.replace(**{name: new})

    return change

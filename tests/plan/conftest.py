"""Two small plans written by hand, every number worked out on paper.

Members A and B, partner Q, years 2030 to 2033. Discount 25 % (weights 1, 0.8, 0.64, 0.512), no inflation,
advance one half, negotiation 12 (c - 1) months.

Joint plan
    P1  A and B order 10 each in 2030. Slope 50 % and pooled quantity 20 = twice the base: unit price 5
        instead of 10. Introduction 10, half shared: 7.5 each. Lead 6 + 12 months, span 12: delivered in
        2032. Paid 0.5 + 0.5 (0.2, 0.4, 0.4) = 0.6, 0.2, 0.2. Sustainment 0.1 x 50 from 2033.
    GW  A orders 4 gateways in 2030 at 2 each: delivered (a point at 2031.0) and paid by then.
    P2  A with partner Q orders 2 in 2031: lead 12, span 6, delivered in 2032; unit price 1.1, introduction
        2.2; paid 2/3 in 2031, 1/3 in 2032. Needs GW first, excludes P3.
    Line L: 12 a year, half taken; two steps of 7 (cost 6: A 4, B 2) decided in 2030 count from 2032: 20.
    Crews: A has 6 and 2 a year; B has 5; a shared school of 2030 costs 8 x 1.5 / 2 each, 3 a year.
    Loan of A: draws 10 in 2030; service 0.075, 0.575, 0.025 a euro; phi = 0.4408 - 0.5 = -0.0592.
    Shortfall: one of three trucks of A in 2032 and 2033, weight 2: 0.64 x 2/3 + 0.512 x 2/3 = 0.768.

National plan
    P1  A alone orders 10 in 2030 at 10 each, introduction 10, lead 6, span 12: delivered in 2031.
        Paid 0.5 + 0.5 (1/3, 2/3) = 2/3, 1/3. Sustainment 10 from 2032. B buys nothing.
    GW  as before. L is expanded by nobody; its steps are left out by taking backlog away from line M.
"""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from vallum.plan.store import write_plan
from vallum.plan.tables import PLAN_TABLES

Parts = dict[str, Any]
THIRD = 1 / 3

PROGRAMME: dict[str, Any] = {
    "min_quantity": 5.0, "min_quantity_alone": 5.0, "step_quantity": 5.0, "price_year": 2030,
    "cost_growth_pct": 0.0, "real_price_growth_pct": 0.0, "learning_slope_pct": 100.0,
    "introduction_share": 0.0, "introduction_shared_part": 0.5, "sustainment_share": 0.0, "lead_months": 6.0,
    "delivery_span_months": 0.0, "start_earliest": 2030, "start_latest": 2033, "line_id": "M",
    "line_units_per_unit": 1.0, "eu_origin_share": None, "foreign_control": "n", "safe_eligible": "n",
    "safe_rule": "not one of the categories", "related_money": "n", "crew_family": "NONE",
    "prerequisites": None, "exclusions": None,
}  # fmt: skip


def inputs() -> dict[str, pl.DataFrame]:
    years = (2030, 2031, 2032, 2033)
    settings = {
        "first_year": 2030, "last_year": 2033, "base_year": 2030, "discount_rate_pct": 25, "inflation_pct": 0,
        "price_index_pct": 0, "advance_share": 0.5, "negotiation_months": 12, "delay_exponent": 1,
        "scale_saving_max": 0.5, "level_tolerance": 0, "safe_count_conditional": 0,
    }  # fmt: skip
    programmes = [
        PROGRAMME | {
            "programme_id": "P1", "name": "Air defence", "class_id": "AIR", "system_id": "S1", "base_quantity": 10.0,
            "base_price_meur": 100.0, "learning_slope_pct": 50.0, "introduction_share": 0.1,
            "sustainment_share": 0.1, "delivery_span_months": 12.0, "line_id": "L", "eu_origin_share": 0.7,
            "safe_eligible": "y", "crew_family": "F",
        },
        PROGRAMME | {
            "programme_id": "GW", "name": "Gateways", "class_id": "C2", "system_id": "SG", "base_quantity": 4.0,
            "base_price_meur": 8.0, "min_quantity": 2.0, "min_quantity_alone": 2.0, "step_quantity": 2.0,
            "related_money": "y",
        },
        PROGRAMME | {
            "programme_id": "P2", "name": "Trucks", "class_id": "TRUCK", "system_id": "S2", "base_quantity": 10.0,
            "base_price_meur": 10.0, "min_quantity": 1.0, "min_quantity_alone": 2.0, "step_quantity": 1.0,
            "real_price_growth_pct": 10.0, "introduction_share": 0.2, "lead_months": 0.0,
            "delivery_span_months": 6.0, "safe_eligible": "conditional", "prerequisites": "GW", "exclusions": "P3",
        },
        PROGRAMME | {
            "programme_id": "P3", "name": "Other trucks", "class_id": "TRUCK", "system_id": "S3",
            "base_quantity": 10.0, "base_price_meur": 10.0, "min_quantity": 1.0, "min_quantity_alone": 1.0,
            "step_quantity": 1.0, "exclusions": "P2",
        },
    ]  # fmt: skip
    needs = {
        ("A", "AIR"): (0, 0, 10, 10),
        ("B", "AIR"): (0, 0, 10, 10),
        ("A", "C2"): (0, 4, 4, 4),
        ("A", "TRUCK"): (0, 0, 3, 3),
    }
    crew = {
        "name": "Air defence",
        "systems": "S1",
        "school_cost_meur": 8.0,
        "school_added_throughput": 3.0,
        "shared_school": "y",
        "shared_school_cost_factor": 1.5,
    }
    return {
        "settings": pl.DataFrame([{"key": key, "value": float(value)} for key, value in settings.items()]),
        "bands": pl.DataFrame({"multiple": [0.5, 1.0, 2.0]}),
        "states": pl.DataFrame(
            [
                {"state": state, "name": state, "role": role, "safe_participant": "y"}
                for state, role in (("A", "member"), ("B", "member"), ("Q", "partner"))
            ]
        ),
        "classes": pl.DataFrame(
            [
                {"class_id": name, "safe_category": 1, "weight": weight, "needs_gateway": needs_gateway}
                for name, weight, needs_gateway in (("AIR", 1.0, "y"), ("C2", 1.0, "n"), ("TRUCK", 2.0, "n"))
            ]
        ),
        "gateways": pl.DataFrame({"class_id": ["AIR"], "nodes_per_unit": [0.4]}),
        "systems": pl.DataFrame(
            [
                {
                    "system_id": name,
                    "name": name,
                    "class_id": klass,
                    "class_units_per_system_unit": 1.0,
                    "connects": "n",
                    "nodes_provided": 1.0 if name == "SG" else 0.0,
                }
                for name, klass in (("S1", "AIR"), ("SG", "C2"), ("S2", "TRUCK"), ("S3", "TRUCK"))
            ]
        ),
        "needs": pl.DataFrame(
            [
                {"state": state, "class_id": klass, "year": year, "quantity": float(quantity)}
                for (state, klass), row in needs.items()
                for year, quantity in zip(years, row, strict=True)
            ]
        ),
        "stocks": pl.DataFrame(
            [
                {
                    "state": "B",
                    "system_id": "SG",
                    "kind": "in_service",
                    "year": 2030,
                    "quantity": 4.0,
                    "retire_from": 2050,
                    "retire_to": 2060,
                    "contract_id": None,
                }
            ]
        ),
        "programmes": pl.DataFrame(programmes, schema_overrides={"eu_origin_share": pl.Float64}),
        "programme_states": pl.DataFrame(
            [
                {"programme_id": programme, "state": state, "max_quantity": most, "operates": operates}
                for programme, state, most, operates in (
                    ("P1", "A", 20.0, "n"),
                    ("P1", "B", 20.0, "n"),
                    ("GW", "A", 6.0, "y"),
                    ("GW", "B", 6.0, "y"),
                    ("P2", "A", 5.0, "n"),
                    ("P3", "A", 5.0, "n"),
                )
            ]
        ),
        "partner_orders": pl.DataFrame(
            {
                "programme_id": ["P2"],
                "partner": ["Q"],
                "quantity": [10.0],
                "year_from": [2031],
                "year_to": [2033],
            }
        ),
        "lines": pl.DataFrame(
            [
                {
                    "line_id": name,
                    "country": country,
                    "systems": "",
                    "expansion_step": 7.0,
                    "expansion_cost_meur": 3.0,
                    "expansion_delay_months": 13.0,
                    "expansion_max_steps": 2,
                }
                for name, country in (("L", "A/B"), ("M", "DE"))
            ]
        ),
        "line_capacity": pl.DataFrame(
            [
                {"line_id": name, "year": year, "capacity": capacity, "backlog_share": backlog}
                for name, capacity, backlog in (("L", 12.0, 0.5), ("M", 100.0, 0.0))
                for year in years
            ]
        ),
        "purses": pl.DataFrame(
            [
                {
                    "state": state,
                    "year": year,
                    "equipment_meur": 60.0,
                    "plannable_meur": 50.0,
                    "related_meur": 10.0,
                    "related_plannable_share": 0.2,
                    "carryover_limit_share": 0.1,
                }
                for state in "AB"
                for year in years
            ]
        ),
        "crews": pl.DataFrame(
            [
                crew | {"state": "A", "family": "F", "trained_crews": 6.0, "throughput_per_year": 2.0},
                crew | {"state": "B", "family": "F", "trained_crews": 5.0, "throughput_per_year": 0.0},
            ]
        ),
        "safe_loans": pl.DataFrame(
            [
                {
                    "state": "A",
                    "adopted_loan_meur": 40.0,
                    "prefinancing_meur": 1.0,
                    "window_from": 2030,
                    "window_to": 2031,
                    "grace_years": 1,
                    "maturity_years": 3,
                    "rate_pct": 10.0,
                    "national_rate_pct": 5.0,
                    "earmarked_share": 0.25,
                    "additional_share": 0.5,
                    "min_participants_after": 2,
                }
            ]
        ),
    }


def table(name: str, text: str) -> pl.DataFrame:
    """A plan table from lines of values; "-" is the empty text."""
    schema = PLAN_TABLES[name].schema
    rows = []
    for line in text.strip().splitlines():
        cells = ["" if cell == "-" else cell for cell in line.split()]
        rows.append(dict(zip(schema, map(cell_of, cells, schema.values()), strict=True)))
    return pl.DataFrame(rows, schema=pl.Schema(schema))


def cell_of(text: str, kind: type[pl.DataType]) -> Any:
    if kind is pl.Boolean:
        return text == "yes"
    if kind is pl.String:
        return text.replace("_", " ")
    value = sum((float(top) / float(bottom or 1)) for top, _, bottom in [text.partition("/")])
    return int(value) if kind is pl.Int64 else value


def money_rows(
    state: str, spend: tuple[float, ...], extra: dict[int, dict[str, float]]
) -> list[dict[str, Any]]:
    """Purse rows with 50 a year, 2 of related money, no draw and no carry-over unless `extra` says so."""
    usual = {
        "plannable_meur": 50.0, "related_available_meur": 2.0, "related_used_meur": 0.0, "service_meur": 0.0,
        "safe_drawn_meur": 0.0, "safe_added_meur": 0.0, "eligible_meur": 0.0, "unclaimed_meur": 0.0,
        "carry_in_meur": 0.0, "carry_out_meur": 0.0, "carry_limit_meur": 6.0,
    }  # fmt: skip
    return [
        {"state": state, "year": 2030 + j, "spend_meur": amount} | usual | extra.get(2030 + j, {})
        for j, amount in enumerate(spend)
    ]


def joint_tables() -> dict[str, pl.DataFrame]:
    spend_a = (52.5, 11.5 + 4.4 * 2 / 3, 11.5 + 4.4 / 3, 5.0)
    loan = {
        2030: {"related_used_meur": 2.0, "safe_drawn_meur": 10.0, "safe_added_meur": 5.0, "eligible_meur": 34.5,
               "unclaimed_meur": 24.5, "carry_out_meur": 4.5},
        2031: {"service_meur": 0.75, "eligible_meur": 11.5, "unclaimed_meur": 36.0, "carry_in_meur": 4.5},
        2032: {"service_meur": 5.75, "unclaimed_meur": 36.0},
        2033: {"service_meur": 0.25, "unclaimed_meur": 36.0},
    }  # fmt: skip
    money = money_rows("A", spend_a, loan) + money_rows("B", (42.5, 11.5, 11.5, 5.0), {})
    cost = (
        52.5 + 0.8 * spend_a[1] + 0.64 * spend_a[2] + 0.512 * 5 - 10 * 0.0592
        + 42.5 + 0.8 * 11.5 + 0.64 * 11.5 + 0.512 * 5
    )  # fmt: skip
    return {
        "choices": table("choices", """
            P1 A+B - yes 1 20 20 5 0 2 18 yes met
            GW A - no 1 4 4 2 0 1 6 no one_participant
            P2 A Q yes 0 11 12 1 0 2 12 no to_be_proved"""),
        "orders": table("orders", """
            P1 A+B - A 2030 10 1 5 50 7.5
            P1 A+B - B 2030 10 1 5 50 7.5
            GW A - A 2030 4 1 2 8 0
            P2 A Q A 2031 2 1 1.1 2.2 2.2"""),
        "deliveries": table("deliveries", """
            P1 A+B - A 2030 2032 10 L 10
            P1 A+B - B 2030 2032 10 L 10
            GW A - A 2030 2031 4 M 4
            P2 A Q A 2031 2032 2 M 2"""),
        "payments": table("payments", """
            A 2030 order P1 30 no 30
            A 2031 order P1 10 no 10
            A 2032 order P1 10 no 0
            A 2030 introduction P1 4.5 no 4.5
            A 2031 introduction P1 1.5 no 1.5
            A 2032 introduction P1 1.5 no 0
            A 2033 sustainment P1 5 no 0
            B 2030 order P1 30 no 0
            B 2031 order P1 10 no 0
            B 2032 order P1 10 no 0
            B 2030 introduction P1 4.5 no 0
            B 2031 introduction P1 1.5 no 0
            B 2032 introduction P1 1.5 no 0
            B 2033 sustainment P1 5 no 0
            A 2030 order GW 8 yes 0
            A 2031 order P2 4.4/3 no 0
            A 2032 order P2 2.2/3 no 0
            A 2031 introduction P2 4.4/3 no 0
            A 2032 introduction P2 2.2/3 no 0
            A 2030 expansion L 4 no 0
            B 2030 expansion L 2 no 0
            A 2030 school F 6 no 0
            B 2030 school F 6 no 0"""),
        "money": pl.DataFrame(money, schema=pl.Schema(PLAN_TABLES["money"].schema)),
        "stock": table("stock", """
            A AIR 2030 0 0 0 0 0 0
            A AIR 2031 0 0 0 0 0 0
            A AIR 2032 10 0 10 10 0 0
            A AIR 2033 10 0 10 10 0 0
            B AIR 2030 0 0 0 0 0 0
            B AIR 2031 0 0 0 0 0 0
            B AIR 2032 10 0 10 10 0 0
            B AIR 2033 10 0 10 10 0 0
            A C2 2030 0 0 0 0 0 0
            A C2 2031 4 0 4 4 0 0
            A C2 2032 4 0 4 4 0 0
            A C2 2033 4 0 4 4 0 0
            A TRUCK 2030 0 0 0 0 0 0
            A TRUCK 2031 0 0 0 0 0 0
            A TRUCK 2032 3 0 2 2 1 1.28/3
            A TRUCK 2033 3 0 2 2 1 1.024/3"""),
        "counted": table("counted", """
            A F AIR 2032 10 10
            A F AIR 2033 10 10
            B F AIR 2032 10 10
            B F AIR 2033 10 10
            A NONE C2 2031 4 4
            A NONE C2 2032 4 4
            A NONE C2 2033 4 4
            A NONE TRUCK 2032 2 2
            A NONE TRUCK 2033 2 2"""),
        "crews": table("crews", """
            A F 2032 10 6 10
            A F 2033 12 9 10
            B F 2032 5 6 10
            B F 2033 5 9 10"""),
        "nodes": table("nodes", """
            A 2030 0 0
            A 2031 4 0
            A 2032 4 4
            A 2033 4 4
            B 2030 4 0
            B 2031 4 0
            B 2032 4 4
            B 2033 4 4"""),
        "lines": table("lines", """
            L 2031 6 0 0
            L 2032 6 14 20
            M 2031 100 0 4
            M 2032 100 0 2"""),
        "expansions": table("expansions", """
            L 2030 2 A 4
            L 2030 2 B 2"""),
        "schools": table("schools", """
            F A+B 2030 A 6 3
            F A+B 2030 B 6 3"""),
        "types": table("types", """
            S1 AIR A+B
            S2 TRUCK A
            SG C2 A"""),
        "levels": pl.DataFrame(
            [(1, "shortfall", 0.768, 0.768, 0.0), (2, "cost", cost, cost, 0.0), (3, "types", 3.0, 3.0, 0.0)],
            schema=pl.Schema(PLAN_TABLES["levels"].schema), orient="row",
        ),
    }  # fmt: skip


def national_tables() -> dict[str, pl.DataFrame]:
    spend_a = (200 * THIRD + 20 * THIRD + 8, 110 * THIRD, 10.0, 10.0)
    extra = {2030: {"plannable_meur": 90.0}}
    cost = spend_a[0] + 0.8 * spend_a[1] + 0.64 * 10 + 0.512 * 10
    short = 0.64 * 2 + 0.512 * 2 + 0.64 + 0.512
    return {
        "choices": table("choices", """
            P1 A - no 1 10 10 10 0 1 6 no one_participant
            GW A - no 1 4 4 2 0 1 6 no one_participant"""),
        "orders": table("orders", """
            P1 A - A 2030 10 1 10 100 10
            GW A - A 2030 4 1 2 8 0"""),
        "deliveries": table("deliveries", """
            P1 A - A 2030 2031 10 L 10
            GW A - A 2030 2031 4 M 4"""),
        "payments": table("payments", """
            A 2030 order P1 200/3 no 0
            A 2031 order P1 100/3 no 0
            A 2030 introduction P1 20/3 no 0
            A 2031 introduction P1 10/3 no 0
            A 2032 sustainment P1 10 no 0
            A 2033 sustainment P1 10 no 0
            A 2030 order GW 8 yes 0"""),
        "money": pl.DataFrame(
            money_rows("A", spend_a, extra) + money_rows("B", (0.0, 0.0, 0.0, 0.0), {}),
            schema=pl.Schema(PLAN_TABLES["money"].schema),
        ),
        "stock": table("stock", f"""
            A AIR 2030 0 0 0 0 0 0
            A AIR 2031 0 0 10 8 0 0
            A AIR 2032 10 0 10 10 0 0
            A AIR 2033 10 0 10 10 0 0
            B AIR 2030 0 0 0 0 0 0
            B AIR 2031 0 0 0 0 0 0
            B AIR 2032 10 0 0 0 10 0.64
            B AIR 2033 10 0 0 0 10 0.512
            A C2 2030 0 0 0 0 0 0
            A C2 2031 4 0 4 4 0 0
            A C2 2032 4 0 4 4 0 0
            A C2 2033 4 0 4 4 0 0
            A TRUCK 2030 0 0 0 0 0 0
            A TRUCK 2031 0 0 0 0 0 0
            A TRUCK 2032 3 0 0 0 3 {0.64 * 2}
            A TRUCK 2033 3 0 0 0 3 {0.512 * 2}"""),
        "counted": table("counted", """
            A F AIR 2031 10 8
            A F AIR 2032 10 10
            A F AIR 2033 10 10
            A NONE C2 2031 4 4
            A NONE C2 2032 4 4
            A NONE C2 2033 4 4"""),
        "crews": table("crews", """
            A F 2031 8 0 8
            A F 2032 10 0 10
            A F 2033 12 0 10"""),
        "nodes": table("nodes", """
            A 2031 4 3.2
            A 2032 4 4
            A 2033 4 4
            B 2030 4 0
            B 2031 4 0
            B 2032 4 0
            B 2033 4 0"""),
        "lines": table("lines", """
            L 2031 12 0 10
            M 2031 100 0 4"""),
        "types": table("types", """
            S1 AIR A
            SG C2 A"""),
        "levels": pl.DataFrame(
            [(1, "shortfall", short, short, 0.0), (2, "cost", cost, cost, 0.0), (3, "types", 2.0, 2.0, 0.0)],
            schema=pl.Schema(PLAN_TABLES["levels"].schema), orient="row",
        ),
    }  # fmt: skip


def parts_of(mode: str) -> Parts:
    given, tables = inputs(), joint_tables() if mode == "joint" else national_tables()
    if mode == "national":
        # alone, A has 90 in its first year and the whole line
        rich = (pl.col("state") == "A") & (pl.col("year") == 2030)
        purse = pl.when(rich).then(90.0).otherwise(pl.col("plannable_meur"))
        given["purses"] = given["purses"].with_columns(plannable_meur=purse)
        given["line_capacity"] = given["line_capacity"].with_columns(backlog_share=pl.lit(0.0))
    manifest = {
        "mode": mode, "region": {"name": "hand", "title": "By hand", "content_hash": "0" * 64},
        "vallum_version": "0", "seed": 0, "limits": {}, "versions": {},
    }  # fmt: skip
    run = {"status": "optimal", "seconds": {"level 1": 0.1, "level 2": 0.2, "level 3": 0.3}, "curve": []}
    return {"manifest": manifest, "run": run, "inputs": given, "tables": tables}


@pytest.fixture
def parts() -> Callable[[str], Parts]:
    """Content of the hand-made plan of a mode, free to be changed."""
    return parts_of


@pytest.fixture(scope="session")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Both hand-made plans, written once."""
    folder = tmp_path_factory.mktemp("written")
    for mode in ("national", "joint"):
        write_plan(folder / mode, **parts_of(mode))
    return folder


@pytest.fixture
def write(tmp_path: Path, written: Path) -> Callable[..., Path]:
    """Write the hand-made plan of a mode, with changed tables, and return its folder."""

    def write(mode: str, **tables: pl.DataFrame) -> Path:
        folder = tmp_path / mode
        if not tables and not folder.exists():
            return shutil.copytree(written / mode, folder)
        content = parts_of(mode)
        content["tables"].update(tables)
        write_plan(folder, **content)
        return folder

    return write


@pytest.fixture(autouse=True)
def _quick_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """Flushing to the disk protects from a power cut, which no test causes, and takes most of the time."""
    monkeypatch.setattr("os.fsync", lambda handle: None)

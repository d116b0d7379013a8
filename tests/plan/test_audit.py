"""The auditor accepts the plans written by hand, and names each planted fault by its rule."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from vallum.core.errors import BadInput
from vallum.plan.audit import CENT, RULES, audit, audit_plan
from vallum.plan.store import Plan, read_plan, write_plan
from vallum.plan.tables import PLAN_TABLES

Parts = dict[str, Any]
Where = dict[str, Any]


def change(parts: Parts, table: str, where: Where, **values: Any) -> None:
    """Change columns of the rows of a plan table that match; the fault must hit something."""
    parts["tables"][table] = changed(parts["tables"][table], where, values)


def change_input(parts: Parts, table: str, where: Where, **values: Any) -> None:
    parts["inputs"][table] = changed(parts["inputs"][table], where, values)


def changed(frame: pl.DataFrame, where: Where, values: Where) -> pl.DataFrame:
    hit = pl.all_horizontal(pl.col(name) == value for name, value in where.items())
    assert frame.filter(hit).height
    return frame.with_columns(
        pl.when(hit).then(pl.lit(value)).otherwise(pl.col(name)).cast(frame.schema[name]).alias(name)
        for name, value in values.items()
    )


def drop(parts: Parts, table: str, **where: Any) -> None:
    hit = pl.all_horizontal(pl.col(name) == value for name, value in where.items())
    assert parts["tables"][table].filter(hit).height
    parts["tables"][table] = parts["tables"][table].filter(~hit)


def cheap_unit(parts: Parts) -> None:
    change(parts, "choices", {"programme_id": "P1"}, unit_price_base_meur=4.9)


def cheap_order(parts: Parts) -> None:
    change(parts, "orders", {"programme_id": "P1", "state": "A"}, unit_price_meur=4.9, value_meur=49.0)


def band_not_reached(parts: Parts) -> None:
    change_input(parts, "bands", {"multiple": 2.0}, multiple=2.5)


def half_a_unit(parts: Parts) -> None:
    change(parts, "orders", {"programme_id": "GW"}, quantity=3.5, value_meur=7.0)


def ordered_too_late(parts: Parts) -> None:
    change_input(parts, "programmes", {"programme_id": "GW"}, start_earliest=2031)


def joined_twice(parts: Parts) -> None:
    row = parts["tables"]["choices"].filter(pl.col("programme_id") == "P1")
    twice = row.with_columns(
        coalition=pl.lit("A"), pooled=pl.lit(False), participants=pl.lit(1, pl.Int64), safe_eligible=pl.lit(False),
        lead_months=pl.lit(6.0), band=pl.lit(0, pl.Int64), edge_quantity=pl.lit(5.0), pooled_quantity=pl.lit(0.0),
        unit_price_base_meur=pl.lit(20.0), price_error=pl.lit(0.5),
    )  # fmt: skip
    parts["tables"]["choices"] = pl.concat([parts["tables"]["choices"], twice])


def partner_left_out(parts: Parts) -> None:
    more = pl.DataFrame(
        {"programme_id": ["P2"], "partner": ["R"], "quantity": [0.0], "year_from": [2030], "year_to": [2033]}
    )
    parts["inputs"]["partner_orders"] = pl.concat([parts["inputs"]["partner_orders"], more])


def introduction_for_free(parts: Parts) -> None:
    change(parts, "orders", {"programme_id": "P1", "state": "B"}, introduction_meur=0.0)


def delivered_early(parts: Parts) -> None:
    change(parts, "deliveries", {"programme_id": "GW"}, year=2030)


def underpaid_by_two_cents(parts: Parts) -> None:
    change(parts, "payments", {"state": "B", "year": 2031, "kind": "order"}, amount_meur=10 - 2 * CENT)
    change(parts, "money", {"state": "B", "year": 2031}, spend_meur=11.5 - 2 * CENT)


def purse_overspent(parts: Parts) -> None:
    change(parts, "money", {"state": "A", "year": 2030}, carry_out_meur=4.5 + 2 * CENT)
    change(parts, "money", {"state": "A", "year": 2031}, carry_in_meur=4.5 + 2 * CENT)


def carried_too_much(parts: Parts) -> None:
    change(parts, "money", {"state": "B", "year": 2030}, carry_out_meur=7.0)
    change(parts, "money", {"state": "B", "year": 2031}, carry_in_meur=7.0)


def related_money_for_anything(parts: Parts) -> None:
    change(parts, "money", {"state": "A", "year": 2031}, related_used_meur=2.0)


def eligible_by_decree(parts: Parts) -> None:
    change(parts, "choices", {"programme_id": "P2"}, safe_eligible=True)


def loan_overdrawn(parts: Parts) -> None:
    change_input(parts, "safe_loans", {"state": "A"}, adopted_loan_meur=12.0)


def drawn_beyond_claims(parts: Parts) -> None:
    change(parts, "choices", {"programme_id": "P1"}, safe_eligible=False)
    parts["tables"]["payments"] = parts["tables"]["payments"].with_columns(safe_eligible_meur=pl.lit(0.0))
    for year in (2030, 2031, 2032, 2033):
        change(parts, "money", {"state": "A", "year": year}, eligible_meur=0.0, unclaimed_meur=-10.0)
    change_input(parts, "programmes", {"programme_id": "P1"}, foreign_control="y")


def drawn_after_the_window(parts: Parts) -> None:
    change_input(parts, "safe_loans", {"state": "A"}, window_from=2031)


def service_forgotten(parts: Parts) -> None:
    change(parts, "money", {"state": "A", "year": 2032}, service_meur=0.0)


def line_overbooked(parts: Parts) -> None:
    change_input(parts, "line_capacity", {"line_id": "L", "year": 2032}, capacity=11.0)
    change(parts, "lines", {"line_id": "L", "year": 2032}, available=5.5)


def expansion_too_late(parts: Parts) -> None:
    change_input(parts, "lines", {"line_id": "L"}, expansion_delay_months=25.0)


def expansion_unpaid(parts: Parts) -> None:
    change(parts, "expansions", {"state": "B"}, amount_meur=1.0)


def too_many_steps(parts: Parts) -> None:
    change_input(parts, "lines", {"line_id": "L"}, expansion_max_steps=1)


def crews_out_of_nowhere(parts: Parts) -> None:
    change_input(parts, "crews", {"state": "B"}, trained_crews=3.0)
    change(parts, "crews", {"state": "B"}, free=3.0)


def school_half_price(parts: Parts) -> None:
    change_input(parts, "crews", {"state": "A"}, school_cost_meur=16.0)


def nodes_forgotten(parts: Parts) -> None:
    change(parts, "nodes", {"state": "B", "year": 2032}, demand=0.0)


def nodes_missing(parts: Parts) -> None:
    change_input(parts, "gateways", {"class_id": "AIR"}, nodes_per_unit=0.5)
    change(parts, "nodes", {"demand": 4.0}, demand=5.0)


def shortfall_hidden(parts: Parts) -> None:
    change(parts, "stock", {"class_id": "TRUCK", "year": 2033}, shortfall=0.0, gap_years=0.0)


def counted_before_delivered(parts: Parts) -> None:
    change(parts, "counted", {"state": "A", "class_id": "TRUCK"}, counted=3.0)


def started_before_its_prerequisite(parts: Parts) -> None:
    change_input(parts, "programmes", {"programme_id": "P2"}, prerequisites="P3")


def excluded_programme(parts: Parts) -> None:
    change_input(parts, "programmes", {"programme_id": "P2"}, exclusions="P3;GW")


def type_hidden(parts: Parts) -> None:
    drop(parts, "types", system_id="SG")


def bound_above_value(parts: Parts) -> None:
    change(parts, "levels", {"level": 1}, bound=0.8, gap=(0.768 - 0.8) / 0.768)


def cost_understated(parts: Parts) -> None:
    row = {"level": 2}
    value = parts["tables"]["levels"].filter(pl.col("level") == 2)["value"][0]
    change(parts, "levels", row, value=value - 1, bound=value - 1)


#: Each fault, the rule that names it, and the rules that its consequences break.
FAULTS: list[tuple[Callable[[Parts], None], str, set[str]]] = [
    (cheap_unit, "price", set()),
    (cheap_order, "price", {"payment"}),
    (band_not_reached, "price", set()),
    (half_a_unit, "order", {"price", "delivery", "payment"}),
    (ordered_too_late, "order", set()),
    (joined_twice, "coalition", {"price", "payment"}),
    (partner_left_out, "coalition", set()),
    (introduction_for_free, "introduction", {"payment"}),
    (delivered_early, "delivery", {"line", "shortfall", "connection"}),
    (underpaid_by_two_cents, "payment", {"levels"}),
    (purse_overspent, "purse", set()),
    (carried_too_much, "purse", set()),
    (related_money_for_anything, "purse", set()),
    (eligible_by_decree, "safe", {"payment"}),
    (loan_overdrawn, "safe", set()),
    (drawn_beyond_claims, "safe", set()),
    (drawn_after_the_window, "safe", {"payment"}),
    (service_forgotten, "debt_service", set()),
    (line_overbooked, "line", set()),
    (expansion_too_late, "line", set()),
    (expansion_unpaid, "line", {"payment"}),
    (too_many_steps, "line", set()),
    (crews_out_of_nowhere, "crew", set()),
    (school_half_price, "crew", set()),
    (nodes_forgotten, "connection", set()),
    (nodes_missing, "connection", set()),
    (shortfall_hidden, "shortfall", {"levels"}),
    (counted_before_delivered, "shortfall", set()),
    (started_before_its_prerequisite, "prerequisite", set()),
    (excluded_programme, "exclusion", set()),
    (type_hidden, "types", {"levels"}),
    (bound_above_value, "levels", set()),
    (cost_understated, "levels", set()),
]  # fmt: skip


@pytest.mark.parametrize("mode", ["national", "joint"])
def test_accepts_a_plan_worked_out_by_hand(mode: str, write: Callable[..., Path]) -> None:
    result = audit(write(mode))
    assert [violation.sentence for violation in result.violations] == []
    assert result.ok
    assert result.checked > 500


@pytest.mark.parametrize(
    ("plant", "rule", "consequences"), FAULTS, ids=lambda value: getattr(value, "__name__", None)
)
def test_names_a_planted_fault(
    plant: Callable[[Parts], None],
    rule: str,
    consequences: set[str],
    parts: Callable[[str], Parts],
    tmp_path: Path,
) -> None:
    plan = parts("joint")
    plant(plan)
    write_plan(tmp_path / "joint", **plan)
    result = audit(tmp_path)
    broken = {violation.rule for violation in result.violations}
    assert rule in broken
    assert broken <= {rule} | consequences, [v.sentence for v in result.violations]
    assert not result.ok


def test_every_rule_has_a_planted_fault() -> None:
    assert set(RULES) - {rule for _, rule, _ in FAULTS} == {"manifest"}


def test_names_a_file_changed_afterwards(write: Callable[..., Path], parts: Callable[[str], Parts]) -> None:
    folder = write("joint")
    plan = parts("joint")
    change(plan, "money", {"state": "A", "year": 2032}, service_meur=0.0)
    plan["tables"]["money"].sort("state", "year").write_parquet(folder / "tables" / "money.parquet")
    result = audit(folder)
    assert {violation.rule for violation in result.violations} == {"manifest", "debt_service"}
    assert "tables/money.parquet" in [violation.item for violation in result.violations]


def test_a_whole_cent_is_no_fault(parts: Callable[[str], Parts], tmp_path: Path) -> None:
    plan = parts("joint")
    change(plan, "orders", {"programme_id": "GW"}, value_meur=8 + 0.9 * CENT)
    write_plan(tmp_path, **plan)
    assert audit(tmp_path).ok


def test_both_modes_of_a_folder_are_audited(write: Callable[..., Path]) -> None:
    root = write("joint").parent
    write("national")
    result = audit(root)
    assert {rule.mode for rule in result.rules} == {"national", "joint"}
    assert len(result.rules) == 2 * len(RULES)


def test_the_result_is_json_with_a_sentence_for_each_violation(
    parts: Callable[[str], Parts], tmp_path: Path
) -> None:
    plan = parts("joint")
    service_forgotten(plan)
    write_plan(tmp_path, **plan)
    found = audit(tmp_path).to_dict()
    assert found["ok"] is False
    rule = next(rule for rule in found["rules"] if rule["rule"] == "debt_service")
    assert rule["meaning"].startswith("Every draw is served")
    assert (
        rule["violations"][0]["sentence"] == "A, 2032: the plan states a debt service of 0, recomputed 5.75."
    )
    assert (rule["violations"][0]["stated"], rule["violations"][0]["recomputed"]) == (0.0, 5.75)


@pytest.mark.parametrize("table", ["settings", "programmes", "crews", "safe_loans"])
def test_a_missing_input_is_bad_input(table: str, parts: Callable[[str], Parts], tmp_path: Path) -> None:
    plan = parts("joint")
    del plan["inputs"][table]
    write_plan(tmp_path, **plan)
    with pytest.raises(BadInput, match=table):
        audit(tmp_path)


@pytest.mark.parametrize(
    ("table", "column", "value", "named"),
    [
        ("programmes", "base_price_meur", "dear", "expected numbers"),
        ("programmes", "price_year", 2030.5, "expected whole numbers"),
        ("programmes", "class_id", 1, "expected text"),
        ("purses", "plannable_meur", float("inf"), "not finite"),
        ("settings", "value", "many", "expected numbers"),
        ("programmes", "base_quantity", 0.0, "not within"),
        ("programmes", "learning_slope_pct", -1.0, "not within"),
        ("programmes", "system_id", "X", "unknown systems: X"),
        ("safe_loans", "maturity_years", 10**12, "not within"),
        ("needs", "year", None, "empty values"),
    ],
)
def test_an_input_of_the_wrong_type_is_bad_input(
    table: str, column: str, value: Any, named: str, parts: Callable[[str], Parts], tmp_path: Path
) -> None:
    plan = parts("joint")
    plan["inputs"][table] = plan["inputs"][table].with_columns(pl.lit(value).alias(column))
    write_plan(tmp_path, **plan)
    with pytest.raises(BadInput, match=named) as caught:
        audit(tmp_path)
    assert f"inputs/{table}.parquet" in str(caught.value)
    assert column in str(caught.value)
    assert caught.value.remedy


@pytest.mark.parametrize("last_year", [2029, 10**9])
def test_a_horizon_without_sense_is_bad_input(
    last_year: int, parts: Callable[[str], Parts], tmp_path: Path
) -> None:
    plan = parts("joint")
    change_input(plan, "settings", {"key": "last_year"}, value=last_year)
    write_plan(tmp_path, **plan)
    with pytest.raises(BadInput, match=r"last.year"):
        audit(tmp_path)


def test_unknown_names_are_violations_and_no_traceback(parts: Callable[[str], Parts], tmp_path: Path) -> None:
    plan = parts("joint")
    for name, column in (
        ("choices", "programme_id"), ("orders", "state"), ("deliveries", "programme_id"), ("money", "state"),
        ("stock", "class_id"), ("counted", "family"), ("crews", "state"), ("lines", "line_id"),
        ("expansions", "line_id"), ("schools", "family"), ("types", "system_id"), ("payments", "item"),
    ):  # fmt: skip
        frame = plan["tables"][name]
        first = pl.int_range(pl.len()) == 0
        plan["tables"][name] = frame.with_columns(
            pl.when(first).then(pl.lit("X")).otherwise(column).alias(column)
        )
    write_plan(tmp_path, **plan)
    broken = {violation.rule for violation in audit(tmp_path).violations}
    assert {"coalition", "delivery", "payment", "purse", "line", "crew", "shortfall", "types"} <= broken


OTHER: dict[type[pl.DataType], list[Any]] = {
    pl.String: ["", "X"],
    pl.Int64: [-(10**12), 2034],
    pl.Float64: [-1.0, 1e12],
    pl.Boolean: [True, False],
}


@pytest.fixture(scope="module")
def joint_plan(written: Path) -> Plan:
    return read_plan(written / "joint")


@pytest.mark.parametrize("name", sorted(set(PLAN_TABLES) - {"rows"}))
def test_any_other_value_in_any_column_is_a_violation_and_no_traceback(name: str, joint_plan: Plan) -> None:
    frame = joint_plan.tables[name]
    first = pl.int_range(pl.len()) == 0
    for column, kind in PLAN_TABLES[name].schema.items():
        for value in OTHER[kind]:
            other = pl.when(first).then(pl.lit(value, kind)).otherwise(column).alias(column)
            broken = frame.with_columns(other)
            result = audit_plan(replace(joint_plan, tables={**joint_plan.tables, name: broken}))
            assert result.ok == (broken.equals(frame) or column == "safe_reason"), (column, value)

"""The scenarios that ship say what they are and do what they say."""

import tomllib
from collections.abc import Callable
from typing import Any

import pytest

from vallum.plan.scenario import apply_scenario, read_scenario
from vallum.plan.scenario_file import named_scenarios
from vallum.region import Region

FILES = named_scenarios("baltic")
BEFORE = Region.read("baltic")
Rows = list[dict[str, Any]]


@pytest.fixture(scope="module")
def after() -> Callable[[str], Region]:
    made: dict[str, Region] = {}

    def of(name: str) -> Region:
        if name not in made:
            made[name] = apply_scenario(BEFORE, read_scenario(FILES[name]))
        return made[name]

    return of


def pairs(region: Region, table: str) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    return list(zip(BEFORE.tables[table].to_dicts(), region.tables[table].to_dicts(), strict=True))


def test_the_levers_ship() -> None:
    assert set(FILES) == {
        "as-is", "no-safe-after-2027", "us-late", "allies-leave", "learning-low", "learning-high", "line-out",
        "gdp-shock-2028", "solidarity-ends-2029", "budgets-3.5", "fast-refresh",
    }  # fmt: skip
    names = [read_scenario(file).name for file in FILES.values()]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("name", sorted(FILES))
def test_each_says_what_it_is_and_changes_only_what_it_names(
    name: str, after: Callable[[str], Region]
) -> None:
    found = read_scenario(FILES[name])
    assert found.name
    assert found.description.endswith(".")
    assert found.source
    assert found.confidence
    if name == "as-is":
        assert not found.override
        assert after(name).content_hash == BEFORE.content_hash
        return
    assert found.confidence == "assumption"
    assert after(name).sound
    changed = {table for table in BEFORE.tables if not after(name).tables[table].equals(BEFORE.tables[table])}
    assert changed == {override.table for override in found.override}


def test_no_safe_after_2027(after: Callable[[str], Region]) -> None:
    made = after("no-safe-after-2027")
    assert set(made.tables["safe_loans"]["window_to"]) == {2027}
    for old, new in pairs(made, "safe_draws"):
        assert new["draw_meur"] == (old["draw_meur"] if old["year"] <= 2027 else 0.0)


def test_only_systems_of_makers_in_the_united_states_are_late(after: Callable[[str], Region]) -> None:
    country = dict(BEFORE.tables["systems"].select("system_id", "producer_country").iter_rows())
    moved = 0
    for old, new in pairs(after("us-late"), "programmes"):
        late = 36.0 if country[old["system_id"]] == "US" else 0.0
        assert new["lead_months"] - old["lead_months"] == late
        moved += late > 0
    assert moved == 7
    before, later = (
        sorted(
            (row["state"], row["system_id"], row["kind"], row["quantity"], row["year"])
            for row in region.tables["stocks"].to_dicts()
        )
        for region in (BEFORE, after("us-late"))
    )
    for old, new in zip(before, later, strict=True):
        late = 3 if old[2] == "delivery" and country[old[1]] == "US" else 0
        assert new[4] - old[4] == late


def test_a_brigade_more_in_each_state_from_2029(after: Callable[[str], Region]) -> None:
    brigade = {
        row["class_id"]: row["quantity"]
        for row in BEFORE.tables["establishments"].to_dicts()
        if row["formation_type"] == "INF_BDE_IFV"
    }
    for old, new in pairs(after("allies-leave"), "needs"):
        more = brigade.get(old["class_id"], 0.0) if old["year"] >= 2029 else 0.0
        assert new["quantity"] == pytest.approx(old["quantity"] + more)


@pytest.mark.parametrize("end", ["low", "high"])
def test_slopes_at_one_end(end: str, after: Callable[[str], Region]) -> None:
    for old, new in pairs(after(f"learning-{end}"), "programmes"):
        assert new["learning_slope_pct"] == old[f"learning_slope_pct_{end}"]


def test_the_line_stands_still_for_two_years(after: Callable[[str], Region]) -> None:
    for old, new in pairs(after("line-out"), "line_capacity"):
        out = old["line_id"] == "L_IRIST" and old["year"] in {2028, 2029}
        assert new["capacity"] == (0.0 if out else old["capacity"])


def plannable(row: dict[str, Any], equipment: float) -> float:
    """Money that may be spent, as the check of purses adds it up."""
    return max(
        0.0,
        equipment * (1 - row["outside_scope_share"]) - row["legacy_sustainment_meur"] - row["committed_meur"],
    )


def test_a_shock_takes_its_part_of_each_budget(after: Callable[[str], Region]) -> None:
    for old, new in pairs(after("gdp-shock-2028"), "purses"):
        left = 0.94 if old["year"] >= 2028 else 1.0
        for column in ("gdp_real_meur", "defence_meur", "equipment_meur", "related_meur"):
            assert new[column] == pytest.approx(old[column] * left)
        # the table is rounded to a million
        assert new["plannable_meur"] == pytest.approx(plannable(old, old["equipment_meur"] * left), abs=1.0)


def test_budgets_at_the_core_target(after: Callable[[str], Region]) -> None:
    for old, new in pairs(after("budgets-3.5"), "purses"):
        if old["year"] < 2028:
            assert new == old
            continue
        equipment = old["gdp_real_meur"] * 0.035 * old["equipment_share"]
        assert new["gdp_share_pct"] == 3.5
        assert new["equipment_meur"] == pytest.approx(equipment)
        assert new["plannable_meur"] == pytest.approx(plannable(old, equipment), abs=1.0)
        assert new["related_meur"] == old["related_meur"]


def test_the_end_of_solidarity_takes_what_the_settings_say(after: Callable[[str], Region]) -> None:
    settings = {
        (row["key"], row["state"]): row["value"] for row in BEFORE.tables["fiscal_settings"].to_dicts()
    }
    bears = settings["cohesion_replaced_share", None] * settings["plan_bears_share", None]
    made = after("solidarity-ends-2029")
    for old, new in pairs(made, "purses"):
        lost = old["gdp_real_meur"] * settings["cohesion_pct_gdp", old["state"]] / 100 * bears
        lost = lost if old["year"] >= 2029 else 0.0
        assert new["plannable_meur"] == pytest.approx(max(0.0, old["plannable_meur"] - lost))
    assert set(made.tables["safe_loans"]["window_to"]) == {2028}
    assert max(made.tables["partner_orders"]["year_to"]) == 2028


def test_half_the_life_of_drones_and_sensors(after: Callable[[str], Region]) -> None:
    made = after("fast-refresh")
    short = {"RUAS", "LOITER", "CUAS", "BSENS", "RADAR"}
    classes = dict(BEFORE.tables["systems"].select("system_id", "class_id").iter_rows())
    for old, new in pairs(made, "stocks"):
        for column in ("retire_from", "retire_to"):
            half = old["year"] + (old[column] - old["year"]) / 2
            expected = half if classes[old["system_id"]] in short else old[column]
            assert new[column] == pytest.approx(expected, abs=1.0)
    for old, new in pairs(made, "programmes"):
        factor = 2 if old["class_id"] in short else 1
        assert new["sustainment_share"] == pytest.approx(factor * old["sustainment_share"])


def test_files_are_plain_toml_in_a_fixed_order() -> None:
    for file in FILES.values():
        content = tomllib.loads(file.read_text(encoding="utf-8"))
        assert list(content)[:4] == ["name", "description", "source", "confidence"]

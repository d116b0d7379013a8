"""The figures say what the tables say."""

import json
from collections import defaultdict
from pathlib import Path

import polars as pl
import pytest

from tests.report.reading import Page
from vallum.report import study, words
from vallum.report.figures import blocks, gains, money, programmes, shortfall
from vallum.report.provenance import money_by_confidence


@pytest.fixture(scope="module")
def both(folder: Path) -> study.Study:
    return study.read(folder)


def frame(folder: Path, mode: str, table: str) -> pl.DataFrame:
    return pl.read_parquet(folder / mode / "tables" / f"{table}.parquet")


def test_headline_is_compare_json(page: Page, folder: Path) -> None:
    compare = json.loads((folder / "compare.json").read_text())
    same = compare["same_money"]
    assert f"{words.gap_years(same['difference'])} gap-years" in page.text
    assert f"interval {words.interval(same['interval'], 'gap-years')}" in page.text
    assert words.money(compare["same_capability"]["difference_meur"]).replace(words.NBSP, " ") in page.text
    assert page.text.count("not proven") >= 2


@pytest.mark.parametrize("mode", ["national", "joint"])
def test_shortfall_of_the_years_adds_up_to_level_one(both: study.Study, folder: Path, mode: str) -> None:
    plan = both.national if mode == "national" else both.joint
    assert plan is not None
    value = frame(folder, mode, "levels").filter(pl.col("level") == 1)["value"][0]
    assert sum(shortfall.yearly(plan).values()) == pytest.approx(value)


def test_year_table_holds_the_sums(page: Page, folder: Path) -> None:
    for column, mode in ((1, "national"), (2, "joint")):
        sums = frame(folder, mode, "stock").group_by("year").agg(pl.col("gap_years").sum()).sort("year")
        shown = [row[column] for row in page.values["t-shortfall-years"][1:]]
        assert shown == pytest.approx(sums["gap_years"].to_list())


def test_heat_map_shows_each_missing_share(page: Page, folder: Path, both: study.Study) -> None:
    cells = [
        a
        for tag, a in page.elements
        if tag == "td" and a.get("title", "").endswith(")") and "missing" in a["title"]
    ]
    rows = [
        r for mode in ("national", "joint") for r in frame(folder, mode, "stock").to_dicts() if r["need"] > 0
    ]
    assert len(cells) == len(rows)
    shades: dict[str, int] = defaultdict(int)
    for row in rows:
        share = row["shortfall"] / row["need"]
        shades[f"h{sum(share > s + 1e-9 for s in (0, 0.05, 0.15, 0.3, 0.5, 0.75))}"] += 1
    shown: dict[str, int] = defaultdict(int)
    for a in cells:
        shown[a["class"]] += 1
    assert shown == shades
    numbers = page.rows("t-heat-map")
    assert len(numbers) == len(rows) / 2
    assert {r["State"] for r in numbers} == set(both.state_names(both.members))


@pytest.mark.parametrize(("mode", "key"), [("national", "alone"), ("joint", "together")])
def test_purchases_add_up_to_the_orders(page: Page, folder: Path, mode: str, key: str) -> None:
    orders = frame(folder, mode, "orders")
    head = page.tables[f"t-programmes-{key}"][0]
    cost = [r[head.index("Cost, EUR m")] for r in page.values[f"t-programmes-{key}"][1:]]
    quantity = [r[head.index("Quantity")] for r in page.values[f"t-programmes-{key}"][1:]]
    assert sum(filter(None, cost)) == pytest.approx(
        orders["value_meur"].sum() + orders["introduction_meur"].sum()
    )
    assert sum(filter(None, quantity)) == pytest.approx(orders["quantity"].sum())


@pytest.mark.parametrize("mode", ["national", "joint"])
def test_gap_years_closed_are_what_new_units_close(both: study.Study, mode: str) -> None:
    plan = both.national if mode == "national" else both.joint
    assert plan is not None
    closed = sum(p.closed for p in programmes.purchases(both, plan))
    weights = {r["class_id"]: r["weight"] for r in plan.input("classes")}
    last = {(r["state"], r["class_id"]): r["need"] for r in plan.table("stock") if r["year"] == 2040}
    wanted = sum(
        both.discount(r["year"])
        * weights[r["class_id"]]
        / last[r["state"], r["class_id"]]
        * min(r["counted"], max(0.0, r["need"] - r["legacy"]))
        for r in plan.table("stock")
    )
    assert closed == pytest.approx(wanted)


def test_sources_of_money_add_up_to_what_is_due(both: study.Study) -> None:
    for plan in both.plans:
        for row in plan.table("money"):
            split = money.split(row)
            assert split.total == pytest.approx(row["spend_meur"] + row["service_meur"])
            assert min(split.own, split.related, split.added, split.replacing) >= 0


def test_money_table_is_the_money_table(page: Page, folder: Path) -> None:
    rows = frame(folder, "joint", "money")
    shown = page.values["t-money-together"][1:]
    head = page.tables["t-money-together"][0]
    for column, name in (
        ("SAFE drawn", "safe_drawn_meur"),
        ("Spending", "spend_meur"),
        ("Purse", "plannable_meur"),
    ):
        assert [r[head.index(column)] for r in shown] == pytest.approx(rows[name].to_list())


def test_each_state_gets_its_own_sums(page: Page, folder: Path) -> None:
    names = {"Estonia": "EE", "Latvia": "LV", "Lithuania": "LT"}
    head, *body = page.tables["t-gains"]
    values = page.values["t-gains"][1:]
    compare = json.loads((folder / "compare.json").read_text())
    for cells, numbers in zip(body, values, strict=True):
        state = names[cells[0]]
        for mode, word in (("national", "alone"), ("joint", "together")):
            stock = frame(folder, mode, "stock").filter(pl.col("state") == state)
            drawn = frame(folder, mode, "money").filter(pl.col("state") == state)["safe_drawn_meur"].sum()
            assert numbers[head.index(f"Gap-years: {word}")] == pytest.approx(stock["gap_years"].sum())
            assert numbers[head.index(f"SAFE drawn, EUR m: {word}")] == pytest.approx(drawn)
            cost = numbers[head.index(f"Cost, discounted, EUR m: {word}")]
            assert cost == pytest.approx(compare["states"][state][mode]["cost_meur"])
            value = numbers[head.index(f"Domestic value, EUR m: {word}")]
            assert value == pytest.approx(compare["domestic_value"][state][f"{mode}_meur"])


def test_months_to_target_without_a_comparison(both: study.Study) -> None:
    joint = both.joint
    assert joint is not None
    found = gains.months_to_target(study.Study(plans=(joint,)))
    for (state, class_id), modes in found.items():
        rows = [r for r in joint.table("stock") if (r["state"], r["class_id"]) == (state, class_id)]
        months = modes["joint"]
        if months is None:
            assert max(rows, key=lambda r: r["year"])["shortfall"] > 0
        else:
            met = 2026 + months / 12 - 1
            assert all(r["shortfall"] < 1e-6 for r in rows if r["year"] >= met)
            assert met == 2026 or any(r["shortfall"] > 1e-6 for r in rows if r["year"] == met - 1)


def test_decomposition_sums(page: Page, folder: Path) -> None:
    compare = json.loads((folder / "compare.json").read_text())
    *causes, total = [row[1] for row in page.values["t-fragmentation"][1:]]
    assert causes == pytest.approx([c["meur"] for c in compare["decomposition"]])
    assert total == pytest.approx(compare["same_capability"]["difference_meur"])


def test_levels_are_shown_whole(page: Page, folder: Path) -> None:
    for mode in ("national", "joint"):
        for row in frame(folder, mode, "levels").to_dicts():
            digits = {"shortfall": 3, "cost": 0}.get(row["name"])
            shown = words.compact(row["value"]) if digits is None else words.number(row["value"], digits)
            assert shown in page.text


def test_types_are_counted(page: Page, folder: Path) -> None:
    counts = [frame(folder, mode, "types").height for mode in ("national", "joint")]
    assert f"{counts[0]} alone and {counts[1]} together" in page.text


def test_relief_is_a_tenth_of_the_limit_at_its_price(both: study.Study) -> None:
    joint = both.joint
    assert joint is not None
    found = {(b.rule, b.state): b for b in blocks.blocks(both, joint)}
    purse = found["purse", "EE"]
    money_of = {r["year"]: r["plannable_meur"] for r in joint.table("money") if r["state"] == "EE"}
    priced = [
        (r["year"], abs(r["price"]))
        for r in joint.table("rows")
        if (r["rule"], r["state"]) == ("purse", "EE")
    ]
    assert purse.relief == pytest.approx(sum(0.1 * money_of[y] * p for y, p in priced))
    assert purse.price == pytest.approx(sum(p for _, p in priced))
    assert found["need", "LT"].relief is None


def test_confidence_covers_all_money(both: study.Study) -> None:
    for plan in both.plans:
        total = sum(r["amount_meur"] for r in plan.table("payments"))
        assert sum(v for _, v in money_by_confidence(plan)) == pytest.approx(total)


def test_every_quoted_number_stands_beside_the_official_one(page: Page, both: study.Study) -> None:
    rows = page.rows("t-seed-check")
    assert [(r["Quoted"], r["Official"]) for r in rows] == [
        (r["seed_value"], r["official_value"] or "–") for r in both.main.input("seed_crosscheck")
    ]


def test_every_setting_is_listed(page: Page, both: study.Study) -> None:
    assert [r["Setting"] for r in page.rows("t-assumptions")] == [
        r["key"] for r in both.main.input("settings")
    ]
    assert {"2026", "2040"} <= {r["Value"] for r in page.rows("t-assumptions")}

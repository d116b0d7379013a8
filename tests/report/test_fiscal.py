"""The section on public finances says what the tables of the outlook say."""

import json
import re
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest

from tests.report import made_up_outlook
from tests.report.made_up import MadeUp
from tests.report.reading import Page, read_page
from vallum.core.errors import BadInput
from vallum.report import render, study
from vallum.report.figures.fiscal import FISCAL, PART
from vallum.report.figures.fiscal.solidarity import ended
from vallum.report.figures.fiscal.together import proven

NAMES = {"EE": "Estonia", "LV": "Latvia", "LT": "Lithuania"}
WORDS = {"budget": "Budget plan", "national": "Alone", "joint": "Together"}


@pytest.fixture(scope="module")
def both(fiscal_folder: Path) -> study.Study:
    return study.read(fiscal_folder)


def table(folder: Path, name: str) -> pl.DataFrame:
    return pl.read_parquet(folder / "fiscal" / "tables" / f"{name}.parquet")


def column(page: Page, key: str, head: str) -> list[float | None]:
    at = page.tables[key][0].index(head)
    return [row[at] for row in page.values[key][1:]]


# ---------------------------------------------------------------- what each figure says


def test_every_figure_is_drawn_with_a_finding_and_a_table(both: study.Study) -> None:
    for make in FISCAL:
        figure = make(both)
        assert figure.body, figure.key
        assert figure.finding, figure.key
        assert figure.tables, figure.key
        assert figure.note, figure.key
        assert all(t.rows for t in figure.tables), figure.key


def test_opening_has_debt_balance_and_chance_of_each_source(fiscal: Page, fiscal_folder: Path) -> None:
    debt = table(fiscal_folder, "projection").filter(pl.col("policy") == "plan")
    rows = fiscal.rows("t-fiscal")
    assert len(rows) == 9
    for row, shown in zip(rows, column(fiscal, "t-fiscal", "Debt 2040"), strict=True):
        of = debt.filter(
            pl.col("state").replace_strict(NAMES) == row["State"],
            pl.col("source").replace_strict(WORDS) == row["Outlays of"],
            pl.col("year") == 2040,
        )
        assert shown == of["debt"].item()
    above = table(fiscal_folder, "fan").filter(policy="plan", year=2040)["above_reference"]
    shares = column(fiscal, "t-fiscal", "Chance of debt above reference, 2040")
    assert sorted(v for v in shares if v is not None) == sorted(above)


def test_fans_have_a_panel_for_each_state_as_budgeted_and_together(fiscal: Page) -> None:
    ids = {a["id"] for _, a in fiscal.elements if "id" in a}
    assert {f"c-fan-{i}-{source}-t" for i in range(3) for source in ("budget", "joint")} <= ids
    assert len(fiscal.with_class("fan")) == 6 * 5 + 6
    assert len(fiscal.rows("t-fiscal-debt")) == 2 * 3 * 15


def test_finding_of_the_fan_is_its_80_percent_range(both: study.Study, fiscal_folder: Path) -> None:
    ends = (
        table(fiscal_folder, "fan")
        .filter(source="joint", policy="plan", state="EE", year=2040)
        .row(0, named=True)
    )
    figure = next(make(both) for make in FISCAL if make(both).key == "fiscal-debt")
    assert f"Estonia {ends['p10']:.0f} to {ends['p90']:.0f}" in figure.finding


def test_policies_are_named_by_their_titles(fiscal: Page, fiscal_folder: Path) -> None:
    titles = table(fiscal_folder, "policies")["title"].to_list()
    assert {row["Policy"] for row in fiscal.rows("t-fiscal-policies")} == set(titles)


def test_regimes_are_letters_and_the_councils_ceilings_are_framed(fiscal: Page, fiscal_folder: Path) -> None:
    planned = table(fiscal_folder, "regimes").filter(policy="plan")
    cells = [a for a in fiscal.all("td") if re.match(r"\d{4}: (inside|outside)", a.get("title", ""))]
    assert len(cells) == planned.height
    framed = [a for a in cells if "mark" in a["class"].split()]
    assert len(framed) == planned["published"].sum() > 0
    assert all(("the Council's" in a["title"]) == (a in framed) for a in cells)
    section = fiscal.source.split('id="fiscal-regimes"')[1].split("<details")[0]
    counts = {letter: len(re.findall(rf"<td[^>]*>{letter}</td>", section)) for letter in "CEX"}
    wanted = planned["regime"].value_counts(name="rows")
    assert counts == {
        letter: wanted.filter(regime=name)["rows"].sum()
        for letter, name in (("C", "inside ceiling"), ("E", "inside clause"), ("X", "outside"))
    }


def test_the_cliff_is_in_gdp_and_in_money(fiscal: Page, fiscal_folder: Path) -> None:
    planned = table(fiscal_folder, "cliff").filter(policy="plan")
    assert sorted(column(fiscal, "t-fiscal-cliff", "EUR m")) == sorted(planned["cliff_meur"])  # type: ignore[type-var]
    assert {row["Year"] for row in fiscal.rows("t-fiscal-cliff")} == {"2029"}


def test_the_loan_is_shown_to_its_last_payment_and_no_longer(fiscal: Page, fiscal_folder: Path) -> None:
    loan = table(fiscal_folder, "loan").filter(pl.col("source") == "joint")
    alive = loan.filter(pl.any_horizontal(pl.col("^(draw|principal|interest)_meur$").abs() > 1e-6))
    assert len(fiscal.rows("t-fiscal-loan-years")) == alive.height
    drawn = column(fiscal, "t-fiscal-loan-years", "Drawn")
    assert sum(v or 0.0 for v in drawn) == pytest.approx(loan["draw_meur"].sum())


def test_a_saving_whose_range_holds_zero_is_not_proven(both: study.Study) -> None:
    figure = next(make(both) for make in FISCAL if make(both).key == "fiscal-loan")
    assert "a saving is not proven" in figure.finding


def test_hague_targets_come_from_the_rules(fiscal: Page) -> None:
    assert "targets: 3.5 % of GDP and 5.0 % of GDP" in fiscal.text.replace("\u00a0", " ")
    assert {row["Core met"] for row in fiscal.rows("t-fiscal-hague")} <= {"yes", "no"}


def test_alone_within_the_interval_is_not_proven(fiscal: Page) -> None:
    verdict = "Difference at equal capability"
    found = {(r["State"], r["Measure"], r["Year"]): r[verdict] for r in fiscal.rows("t-fiscal-together")}
    assert found["Estonia", "debt", "2040"] == "proven"
    assert found["Latvia", "debt", "2040"] == "not proven"
    assert found["Latvia", "shortfall", "whole plan"] == "equal by definition"
    assert "Estonia 2.0 lower (proven); Lithuania 2.0 lower (not proven)" in fiscal.text


@pytest.mark.parametrize(
    ("low", "high", "wanted"),
    [(57.0, 59.0, True), (57.0, 61.0, False), (57.0, 60.0, False), (None, 59.0, False)],
)
def test_proven(low: float | None, high: float, wanted: bool) -> None:
    assert proven({"national": 60.0, "equal_low": low, "equal_high": high}) is wanted


def test_returns_have_their_ranges(fiscal: Page) -> None:
    rows = fiscal.rows("t-fiscal-returns")
    assert len(rows) == 45
    assert rows[0]["Value added (low to high)"] == "80 (48 to 120)"
    assert rows[0]["Jobs (low to high)"] == "1,200 (720 to 1,800)"
    # fifteen years of 80 in each state
    assert "Estonia EUR 1,200m (EUR 720m to EUR 1,800m)" in fiscal.text


def test_the_marginal_euro_has_debt_and_gap_years(fiscal: Page) -> None:
    rows = fiscal.rows("t-fiscal-marginal")
    assert {r["Gap-years removed"] for r in rows if r["Outlays of"] == "Budget plan"} == {"–"}
    debt = column(fiscal, "t-fiscal-marginal", "Debt, % of GDP")
    removed = column(fiscal, "t-fiscal-marginal", "Gap-years removed")
    assert all(
        r is None or r == pytest.approx(d / 2) for d, r in zip(debt, removed, strict=True) if d is not None
    )


def test_every_combination_has_its_row_for_each_state(fiscal: Page, fiscal_folder: Path) -> None:
    broken = table(fiscal_folder, "breaches").filter(pl.col("source") == "joint")
    titles = [
        a["title"]
        for a in fiscal.all("td")
        if re.match(r"(deficit|debt|net|Hague).*: \d{4}, by", a.get("title", ""))
    ]
    assert len(titles) == broken["year"].count()
    section = fiscal.source.split('id="fiscal-solidarity"')[1].split("<details")[0]
    assert section.count('<th scope="row"') == broken.select("combination", "state").n_unique() == 48


def test_ends_in_words() -> None:
    assert ended("none") == "nothing ends"
    assert ended("safe+rates+output") == "SAFE ends, rates rise and output falls"


def test_what_is_given_up_stands_first_and_has_names(fiscal: Page) -> None:
    rows = fiscal.rows("t-fiscal-deferrals")
    assert [r["Verdict"] for r in rows] == ["deferred"] * 3 + ["dropped"] * 3 + ["kept"] * 3
    assert all("AMMO155" not in r["Programme"] for r in rows)
    assert "When SAFE ends and rates rise: of 9 programmes" in fiscal.text


def test_substitutes_are_labelled_and_officials_stand_beside_ours(fiscal: Page, fiscal_folder: Path) -> None:
    head = fiscal.tables["t-fiscal-substitutes"][0]
    assert head[2] == "What is used (assumption)"
    assert len(fiscal.rows("t-fiscal-substitutes")) == table(fiscal_folder, "substitutes").height
    assert (
        column(fiscal, "t-fiscal-reference", "Official")
        == table(fiscal_folder, "reference")["official"].to_list()
    )
    assert len(fiscal.rows("t-fiscal-criteria")) == table(fiscal_folder, "criteria").height


# ---------------------------------------------------------------- absent, stale, alone


def test_without_an_outlook_every_figure_names_the_command(folder: Path, page: Page) -> None:
    bare = study.read(folder)
    assert bare.outlook is None
    for make in (PART, *FISCAL):
        figure = make(bare)
        assert not figure.body
        assert "vallum fiscal REGION --plan DIR" in figure.empty
    assert page.text.count("vallum fiscal REGION --plan DIR") == 1
    assert not any(key.startswith("t-fiscal") for key in page.tables)


@pytest.mark.parametrize("told", ["another payment", "one mode", "no plan"])
def test_an_outlook_of_another_plan_is_not_drawn(tmp_path: Path, told: str) -> None:
    plan = made_up_outlook.write(MadeUp(classes=1).write(tmp_path / "plan"))
    path = plan / "fiscal" / "manifest.json"
    manifest = json.loads(path.read_text())
    if told == "another payment":
        manifest["plan"]["joint"]["payments"] = "00" * 32
    elif told == "one mode":
        manifest["plan"].pop("national")
    else:
        manifest["plan"] = None
    path.write_text(json.dumps(manifest))
    page = read_page(render(plan))
    assert page.faults == []
    assert "was made from another plan, so it is not shown" in page.text
    assert not any(key.startswith("t-fiscal") for key in page.tables)
    assert study.read(plan).stale


def test_a_damaged_outlook_is_refused(tmp_path: Path) -> None:
    plan = made_up_outlook.write(MadeUp(classes=1).write(tmp_path / "plan"))
    (plan / "fiscal" / "tables" / "fan.parquet").write_bytes(b"no table")
    with pytest.raises(BadInput, match=r"fan\.parquet"):
        render(plan)


@pytest.mark.parametrize("key", ["region", "paths", "versions"])
def test_a_manifest_that_tells_too_little_is_refused(tmp_path: Path, key: str) -> None:
    folder = made_up_outlook.write_alone(tmp_path / "outlook")
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest[key] = "odd"
    (folder / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(BadInput, match=re.escape("manifest.json")):
        render(folder)


def test_an_outlook_alone_is_a_page_of_its_own(fiscal_alone: Page) -> None:
    assert "Baltic 2026: public finances" in fiscal_alone.text
    assert "t-fiscal-debt" in fiscal_alone.tables
    assert not {"t-programmes-together", "t-heat-map"} & set(fiscal_alone.tables)
    assert {row["Outlays of"] for row in fiscal_alone.rows("t-fiscal")} == {"Budget plan"}
    for words in ("plan with --mode both", "compute the outlook with --plan", "--replan safe"):
        assert words in fiscal_alone.text


def test_an_outlook_without_rows_has_empty_states(both: study.Study) -> None:
    assert both.outlook is not None
    bare = replace(both, outlook=replace(both.outlook, tables={}))
    for make in FISCAL:
        figure = make(bare)
        assert not figure.body, figure.key
        assert figure.empty, figure.key
    assert "no projection" in PART(bare).finding

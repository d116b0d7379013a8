"""`vallum fiscal`."""

import csv
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.plan_fiscal.plans import write_hand
from vallum.plan.fiscal import read_outlook
from vallum.region import Region
from vallum.region.region import SHIPPED

Row = dict[str, str]
FEW = ("--paths", "100")


@pytest.fixture(scope="module")
def baltic() -> Region:
    return Region.read("baltic")


@pytest.fixture
def planned(tmp_path: Path, baltic: Region) -> Path:
    """A plan written by hand, in one mode."""
    write_hand(tmp_path / "plan", baltic)
    return tmp_path / "plan"


@pytest.fixture
def changed(tmp_path: Path) -> Callable[[str, Callable[[list[Row]], list[Row]]], Path]:
    """Copy the region that ships, and change the rows of one of its files."""

    def copy(name: str, change: Callable[[list[Row]], list[Row]]) -> Path:
        folder = Path(shutil.copytree(SHIPPED / "baltic", tmp_path / "region"))
        path = folder / f"{name}.csv"
        with path.open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        columns = list(rows[0])
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, columns, lineterminator="\n")
            writer.writeheader()
            writer.writerows(change(rows))
        return folder

    return copy


def test_json_holds_every_table_and_nothing_else(run: Callable, planned: Path) -> None:
    outcome = run("fiscal", "baltic", "--plan", planned, *FEW, "--seed", "3", "--json")
    assert outcome.code == 0
    document = outcome.document("fiscal")
    identity = document["identity"]
    assert (identity["seed"], identity["paths"], identity["again"]) == (3, 100, None)
    assert (identity["plan"], identity["out"]) == (str(planned), str(planned / "fiscal"))
    debt = {(row["policy"], row["state"], row["year"]): row["debt"] for row in document["projection"]}
    assert debt["core_3_5", "LT", 2040] < debt["plan", "LT", 2040]
    assert document["returns"]
    assert document["deferrals"] == []
    found = read_outlook(planned / "fiscal")
    assert found.tables["fan"].to_dicts() == document["fan"]
    assert set(found.tables["projection"]["source"]) == {"budget", "joint"}
    assert found.manifest["plan"]["joint"]["mode"] == "joint"


def test_the_text_answers_the_questions(run: Callable, planned: Path, tmp_path: Path) -> None:
    outcome = run("fiscal", "baltic", "--plan", planned, *FEW, "--out", tmp_path / "out")
    assert outcome.code == 0
    for words in (
        "Debt, % of GDP", "Defence cut to 3.5 % of GDP", "Net expenditure, defence as planned", "Cliff and SAFE",
        "First year in which a rule is broken", "safe+cohesion+rates+output", "long_maturing_share",
        "One more 0.1 % of GDP of equipment a year", f"The tables are in {tmp_path / 'out' / 'fiscal'}",
    ):  # fmt: skip
        assert words in outcome.out
    assert "Alone and together" not in outcome.out
    assert "projecting" in outcome.err
    assert read_outlook(tmp_path / "out" / "fiscal").manifest["paths"] == 100
    assert not (planned / "fiscal").exists()
    refused = run("fiscal", "baltic", "--plan", tmp_path / "out" / "fiscal")
    assert refused.code == 2
    assert "not the manifest of a plan" in refused.err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--paths", "1"), "from 100 to 500000"),
        (("--paths", "1e9"), "whole number"),
        (("--paths", "1000000000"), "from 100 to 500000"),
        (("--seed", "-1"), "It must be from 0"),
        (("--sample-from", "2011"), "such as 2011Q1"),
        (("--sample-from", "2011Q5"), "such as 2011Q1"),
        (("--sample-from", "2024Q1"), "a covariance needs 20"),
        (("--sampling", "guess"), "normal"),
        (("--replan", "safe"), "Only a plan of purchases can be planned again"),
        (("--replan", "euro"), "euro"),
        (("--replan",), "It must name what ends"),
        (("--plan", ""), "must not be empty"),
        (("--plan", "nowhere"), "There is no such folder"),
        (("--out", ""), "must not be empty"),
    ],
)
def test_options_that_make_no_sense(run: Callable, words: tuple[str, ...], message: str) -> None:
    outcome = run("fiscal", "baltic", *words)
    assert outcome.code == 2
    assert message in outcome.err
    assert "Traceback" not in outcome.err
    assert outcome.out == ""


@pytest.mark.parametrize("option", ["--time-limit", "--work"])
def test_limits_of_the_replan_are_above_nought(run: Callable, planned: Path, option: str) -> None:
    outcome = run("fiscal", "baltic", "--plan", planned, "--replan", "safe", option, "0")
    assert outcome.code == 2
    assert "greater than 0" in outcome.err
    assert not (planned / "fiscal").exists()


def test_a_region_without_fiscal_tables(run: Callable) -> None:
    outcome = run("fiscal", "toy")
    assert outcome.code == 2
    assert "its public finances are unknown" in outcome.err
    assert "fiscal_inputs.csv" in outcome.err


def test_a_plan_of_another_region(run: Callable, toy_plan: Path) -> None:
    outcome = run("fiscal", "baltic", "--plan", toy_plan)
    assert outcome.code == 2
    assert "the region of EE, LT, LV" in outcome.err
    assert not (toy_plan / "fiscal").exists()


def test_a_folder_that_must_not_be_replaced(
    run: Callable, planned: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Found before any work: something else, the plan itself, and the folder that one is in."""

    def never(*_: object, **__: object) -> None:
        pytest.fail("computed before the folder was looked at")

    monkeypatch.setattr("vallum.plan.fiscal.make", never)
    (tmp_path / "letters" / "fiscal").mkdir(parents=True)
    (tmp_path / "letters" / "fiscal" / "letter.txt").write_text("dear", encoding="utf-8")
    (tmp_path / "file").mkdir()
    (tmp_path / "file" / "fiscal").write_text("no folder", encoding="utf-8")
    (tmp_path / "odd").mkdir()
    shutil.copytree(planned, tmp_path / "odd" / "fiscal")
    (planned / "fiscal").mkdir()
    outside = (
        (("--out", tmp_path / "letters"), "letter.txt"),
        (("--out", tmp_path / "file"), "this is a file"),
        (("--out", tmp_path / "odd"), "holds a plan of purchases"),
    )
    within = tuple((words, "the command was started in it") for words in (("--out", ".."), ("--plan", "..")))
    for place, cases in ((tmp_path, outside), (planned / "fiscal", within)):
        monkeypatch.chdir(place)
        for words, message in cases:
            outcome = run("fiscal", "baltic", *words)
            assert outcome.code == 2, words
            assert message in outcome.err, words
    assert (planned / "manifest.json").is_file()


def first(rows: list[Row], **values: str) -> list[Row]:
    return [{**rows[0], **values}, *rows[1:]]


def of_year(year: int, **values: str) -> Callable[[list[Row]], list[Row]]:
    return lambda rows: [{**row, **values} if row["year"] == str(year) else row for row in rows]


@pytest.mark.parametrize(
    ("name", "change", "words"),
    [
        ("fiscal_inputs", lambda rows: [row for row in rows if row["year"] != "2025"], ("macro path without holes", "2025")),
        ("fiscal_inputs", lambda rows: first(rows, debt_pct_gdp="-3"), ("debt_pct_gdp", "row 2")),
        ("fiscal_inputs", lambda rows: first(rows, gdp_meur="nan"), ("gdp_meur", "row 2")),
        ("shocks_quarterly", lambda rows: [row for row in rows if row["quarter"] > "2021"], ("enough quarters", "at least 20")),
        ("safe_loans", lambda rows: first(rows, adopted_loan_meur="99999"), ("adopted_loan_meur", "row 2")),
        ("safe_loans", lambda rows: first(rows, maturity_years="46"), ("maturity_years", "loan_maturity_max")),
        ("safe_draws", of_year(2031, draw_meur="1"), ("draws in the window", "SAFE pays until 2030")),
    ],
)  # fmt: skip
def test_bad_input_is_named_and_never_computed(
    run: Callable,
    changed: Callable[..., Path],
    tmp_path: Path,
    name: str,
    change: Callable[[list[Row]], list[Row]],
    words: tuple[str, ...],
) -> None:
    outcome = run("fiscal", changed(name, change), "--out", tmp_path / "out")
    assert outcome.code == 2
    for word in (f"{name}.csv", *words):
        assert word in outcome.err
    assert "Traceback" not in outcome.err
    assert not (tmp_path / "out").exists()


def dearest(rows: list[Row]) -> list[Row]:
    """Long rates at the high end of their range."""
    return [{**row, "rate_long_pct": row["rate_long_pct_high"] or row["rate_long_pct"]} for row in rows]


def test_another_vintage_is_another_outlook(run: Callable, changed: Callable[..., Path]) -> None:
    """What an analyst does: replace a file and run it again."""
    poorer = changed("market_rates", dearest)
    ours, theirs = (json.loads(run("fiscal", region, *FEW, "--json").out) for region in ("baltic", poorer))
    assert ours["identity"]["content_hash"] != theirs["identity"]["content_hash"]
    debt = [
        {(r["policy"], r["state"]): r["debt"] for r in found["projection"] if r["year"] == 2040}
        for found in (ours, theirs)
    ]
    assert all(debt[1][key] > value for key, value in debt[0].items())

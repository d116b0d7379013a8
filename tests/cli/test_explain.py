"""`vallum explain` and `vallum export`."""

import gzip
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest


def test_what_holds_the_plan_back(run: Callable, toy_plan: Path) -> None:
    outcome = run("explain", toy_plan)
    assert outcome.code == 0
    assert "what holds the plan back" in outcome.out
    assert "The plan misses" in outcome.out
    document = run("explain", toy_plan, "--mode", "national", "--json").document("explain")
    assert document["mode"] == "national"
    assert document["why"] is document["why_not"] is None
    answer = document["holds"]
    assert answer["finished"]
    assert answer["base_gap_years"] <= answer["gap_years"] + 1e-9
    removed = [one["at_least_gap_years"] for one in answer["holds"]]
    assert removed == sorted(removed, reverse=True)
    for one in answer["holds"]:
        assert one["at_least_gap_years"] == pytest.approx(answer["base_gap_years"] - one["reached_gap_years"])


def test_why_not(run: Callable, toy_plan: Path) -> None:
    taken = set(pl.read_parquet(toy_plan / "joint" / "tables" / "choices.parquet")["programme_id"])
    outcome = run("explain", toy_plan, "--why-not", "BUY_Y", "--json")
    answer = outcome.document("explain")["why_not"]
    assert answer["name"] == "Four sections Y"
    assert (answer["verdict"] == "taken already") == ("BUY_Y" in taken)
    (one, *_) = sorted(taken)
    assert "takes it already" in run("explain", toy_plan, "--why-not", one).out


def test_an_impossible_demand_ends_with_1_and_the_rule(run: Callable, toy_plan: Path) -> None:
    words = ("explain", toy_plan, "--mode", "national", "--why-not", "BUY_X", "--with", "MD+ND")
    outcome = run(*words)
    assert outcome.code == 1
    assert "BUY_X (Four sections X), together with MD, ND: It is impossible" in outcome.out
    (rule,) = run(*words, "--json").document("explain")["why_not"]["rules"]
    assert rule["rule"] == "national mode"
    assert rule["enough"] is None


def test_why(run: Callable, toy_plan: Path) -> None:
    taken = pl.read_parquet(toy_plan / "joint" / "tables" / "choices.parquet")["programme_id"][0]
    outcome = run("explain", toy_plan, "--why", taken)
    assert outcome.code == 0
    assert "Without it, and with nothing in its place" in outcome.out
    answer = run("explain", toy_plan, "--why", taken, "--json").document("explain")["why"]
    assert answer["taken"]
    assert answer["covers"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--why-not", "BUY_Z"), "Did you mean BUY_"),
        (("--why-not", "BUY_X", "--state", "QQ"), "there is no state 'QQ'"),
        (("--why-not", "BUY_X", "--by", "1999"), "1999 is outside the plan"),
        (("--why-not", "BUY_X", "--with", "MD,MD"), "MD is named twice"),
        (("--why-not", "BUY_X", "--why", "BUY_X"), "Two questions at once"),
        (("--why", "BUY_X", "--by", "2027"), "--by: It belongs to a question"),
        (("--state", "MD"), "--state: It belongs to a question"),
        (("--most", "0"), "greater than 0"),
        (("--time-limit", "nan"), "greater than 0"),
    ],
)
def test_bad_questions(run: Callable, toy_plan: Path, words: tuple[str, ...], said: str) -> None:
    outcome = run("explain", toy_plan, *words)
    assert outcome.code == 2
    assert said in outcome.err
    assert "Traceback" not in outcome.err


def test_no_plan_of_the_mode(run: Callable, toy_plan: Path) -> None:
    outcome = run("explain", toy_plan / "national", "--mode", "joint")
    assert outcome.code == 2
    assert "--mode national" in outcome.err


def test_export(run: Callable, toy_plan: Path, tmp_path: Path) -> None:
    file = tmp_path / "toy.mps.gz"
    document = run("export", toy_plan, "--out", file, "--level", "2", "--json").document("export")
    assert document["level"] == "cost"
    text = gzip.decompress(file.read_bytes()).decode("ascii")
    assert text.startswith("NAME vallum_cost\n")
    assert text.endswith("ENDATA\n")
    names = pl.read_csv(document["names"])
    assert names.filter(kind="column").height == document["columns"]
    assert names.filter(kind="row").height == document["rows"]
    first = file.read_bytes()
    assert "The model is in" in run("export", toy_plan, "--out", file, "--level", "2").out
    assert file.read_bytes() == first


@pytest.mark.parametrize("name", ["model.lp", ".mps", "model"])
def test_export_names_its_endings(run: Callable, toy_plan: Path, tmp_path: Path, name: str) -> None:
    outcome = run("export", toy_plan, "--out", tmp_path / name)
    assert outcome.code == 2
    assert ".mps or .mps.gz" in outcome.err
    assert not list(tmp_path.iterdir())

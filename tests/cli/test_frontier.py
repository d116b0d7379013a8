"""`vallum plan --frontier`, and the shares that `plan` and `compare` print."""

from collections.abc import Callable
from pathlib import Path

import pytest


def test_points_are_printed_and_written(run: Callable, tmp_path: Path) -> None:
    out = tmp_path / "plan"
    ended = run(
        "plan", "toy", "--out", out, "--frontier", "cost:shortfall", "--points", "2", "--time-limit", "9"
    )
    assert ended.code == 0
    assert "Least shortfall, gap-years, by the limit of cost, EUR million" in ended.out
    assert (out / "frontier" / "tables" / "frontier.parquet").is_file()
    again = run("plan", "toy", "--out", out, "--frontier", "types:shortfall", "--points", "2", "--time-limit", "9",
                "--json")  # fmt: skip
    document = again.document("plan")
    assert document["frontier"]["complete"]
    assert {(row["mode"], row["point"]) for row in document["frontier"]["points"]} == {
        (mode, number) for mode in ("national", "joint") for number in (1, 2)
    }
    assert not document["interrupted"]


def test_shares_are_printed_and_in_the_document(run: Callable, toy_plan: Path) -> None:
    text = run("compare", toy_plan).out
    assert "who pays for the same capability" in text
    assert "No coalition does better apart: each saves EUR 4 million or more (proven)." in text
    shares = run("compare", toy_plan, "--json").document("compare")["comparison"]["shares"]
    assert shares["core"] == "found"
    assert shares["states"]["ND"]["core_meur"] == pytest.approx(57)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--frontier", "cost"), "names no two axes"),
        (("--frontier", "cost:shortfal"), "Did you mean shortfall?"),
        (("--frontier", "cost:shortfall", "--points", "1"), "Ask for 2 to 64."),
        (("--points", "4"), "Add --frontier cost:shortfall."),
    ],
)
def test_a_bad_question_is_refused_before_anything_is_planned(
    run: Callable, tmp_path: Path, words: tuple[str, ...], said: str
) -> None:
    ended = run("plan", "toy", "--out", tmp_path / "plan", *words)
    assert (ended.code, ended.out) == (2, "")
    assert said in " ".join(ended.err.split())
    assert not (tmp_path / "plan").exists()

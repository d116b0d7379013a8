"""`vallum check`."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TOY = ROOT / "src" / "vallum" / "region" / "data" / "toy"


@pytest.fixture
def region(tmp_path: Path) -> Path:
    return Path(shutil.copytree(TOY, tmp_path / "mine"))


def replace(file: Path, row: int, column: str, value: str) -> None:
    """Change one cell of a CSV file without quotes in its row."""
    lines = file.read_text(encoding="utf-8").splitlines()
    cells = lines[row - 1].split(",")
    cells[lines[0].split(",").index(column)] = value
    lines[row - 1] = ",".join(cells)
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")


def test_a_sound_region_exits_with_0(run: Callable) -> None:
    outcome = run("check", "toy")
    assert outcome.code == 0
    assert "sound" in outcome.out
    assert outcome.err == ""


@pytest.mark.parametrize("name", ["toy", "baltic"])
def test_the_document_of_a_region_that_ships(run: Callable, name: str) -> None:
    document = run("check", name, "--json", "--confidence").document("check")
    assert document["sound"]
    assert document["errors"] == 0
    assert document["rows"]["programmes"] > 0
    for view in ("purse", "price"):
        whole = [one for one in document["confidence"] if one["view"] == view and one["state"] is None]
        assert sum(one["share"] for one in whole) == pytest.approx(1.0)


def test_confidence_is_printed_when_asked_for(run: Callable) -> None:
    assert "assumption" not in run("check", "toy").out
    shown = run("check", "toy", "--confidence").out
    assert "Money that may be spent" in shown
    assert "assumption" in shown


def test_a_broken_cell_is_named_with_its_place(run: Callable, region: Path) -> None:
    replace(region / "purses.csv", 2, "plannable_meur", "much")
    outcome = run("check", region)
    assert outcome.code == 1
    for part in ("error", "purses.csv", "2", "plannable_meur", "much"):
        assert part in outcome.out
    document = run("check", region, "--json").document("check")
    assert not document["sound"]
    (finding,) = (one for one in document["findings"] if one["value"] == "much")
    assert (finding["file"], finding["row"], finding["column"]) == ("purses.csv", 2, "plannable_meur")
    assert finding["remedy"]


def test_confidence_does_not_hide_the_findings(run: Callable, region: Path) -> None:
    settings = region / "settings.csv"
    lines = settings.read_text(encoding="utf-8").splitlines(keepends=True)
    settings.write_text("".join(line for line in lines if not line.startswith("base_year")), encoding="utf-8")
    outcome = run("check", region, "--confidence")
    assert outcome.code == 1
    assert "base_year" in outcome.out


def test_other_commands_refuse_an_unsound_region(run: Callable, region: Path, tmp_path: Path) -> None:
    replace(region / "purses.csv", 2, "plannable_meur", "-1")
    outcome = run("plan", region, "--out", tmp_path / "plan")
    assert outcome.code == 2
    assert "purses.csv, row 2" in outcome.err
    assert not (tmp_path / "plan").exists()


def test_an_unknown_region_is_bad_input(run: Callable) -> None:
    outcome = run("check", "atlantis")
    assert (outcome.code, outcome.out) == (2, "")
    assert "toy" in outcome.err
    assert run("check", "atlantis", "--json").document("error")["error"]["remedy"]


def test_markup_in_a_value_is_shown_as_it_stands(run: Callable, region: Path) -> None:
    replace(region / "purses.csv", 2, "plannable_meur", "[bold]x[/nothing]")
    outcome = run("check", region)
    assert outcome.code == 1
    assert "[bold]x[/nothing]" in outcome.out

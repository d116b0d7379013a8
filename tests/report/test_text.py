"""The plan in a few lines."""

from pathlib import Path

from tests.report import made_up_outlook
from tests.report.made_up import MadeUp
from vallum.report.text import summary_lines


def test_both(folder: Path) -> None:
    lines = summary_lines(folder)
    assert lines[0] == "Baltic 2026"
    assert lines[1].startswith("Alone: ")
    assert lines[2].startswith("Together: ")
    assert any("not proven" in line for line in lines)
    assert any(line.startswith("Buy first: ") for line in lines)
    assert any(line.startswith("What blocks: The production line ") for line in lines)
    assert not any("<" in line or "\u00a0" in line for line in lines)


def test_one_mode(tmp_path: Path) -> None:
    lines = summary_lines(MadeUp(classes=1).write(tmp_path / "plan", modes=("joint",)))
    assert lines[1].startswith("Together: ")
    assert any("--mode both" in line for line in lines)


def test_an_outlook_alone(tmp_path: Path) -> None:
    title, finding = summary_lines(made_up_outlook.write_alone(tmp_path / "outlook"))
    assert title == "Baltic 2026"
    assert finding.startswith("Budget plan, with defence as planned")
    assert "\u00a0" not in finding

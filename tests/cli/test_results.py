"""`vallum audit`, `compare`, `report` and `doctor` on a plan of `toy`."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

import vallum.cli.doctor
from vallum.cli import desktop


@pytest.mark.parametrize("part", [".", "national", "joint"])
def test_audit_takes_either_level(run: Callable, toy_plan: Path, part: str) -> None:
    outcome = run("audit", toy_plan / part)
    assert outcome.code == 0
    assert "every rule holds" in outcome.out
    document = run("audit", toy_plan / part, "--json").document("audit")
    assert document["passed"]
    assert {rule["mode"] for rule in document["rules"]} == ({"national", "joint"} if part == "." else {part})


def test_audit_of_a_broken_plan_says_no(run: Callable, toy_plan: Path, tmp_path: Path) -> None:
    import polars as pl

    plan = Path(shutil.copytree(toy_plan / "joint", tmp_path / "plan"))
    file = plan / "tables" / "money.parquet"
    pl.read_parquet(file).with_columns(pl.col("spend_meur") + 0.02).write_parquet(file)
    outcome = run("audit", plan)
    assert outcome.code == 1
    document = run("audit", plan, "--json").document("audit")
    assert not document["passed"]
    assert document["violations"][0]["sentence"]


def test_compare(run: Callable, toy_plan: Path) -> None:
    outcome = run("compare", toy_plan / "national", toy_plan / "joint")
    assert outcome.code == 0
    assert "shortfall" in outcome.out
    document = run("compare", toy_plan / "national", toy_plan / "joint", "--json").document("compare")
    kept = json.loads((toy_plan / "compare.json").read_text(encoding="utf-8"))
    assert document["comparison"]["same_money"] == kept["same_money"]
    assert [plan["mode"] for plan in document["plans"]] == ["national", "joint"]
    assert run("compare", toy_plan, "--json").document("compare")["plans"] == [
        {**plan, "name": f"{toy_plan} ({plan['mode']})", "folder": str(toy_plan)}
        for plan in document["plans"]
    ]


def test_a_damaged_comparison_is_bad_input(run: Callable, toy_plan: Path, tmp_path: Path) -> None:
    plan = Path(shutil.copytree(toy_plan, tmp_path / "plan"))
    for text in ('{"region": 1}', "no json"):
        (plan / "compare.json").write_text(text, encoding="utf-8")
        outcome = run("compare", plan)
        assert outcome.code == 2
        assert "compare.json" in outcome.err


def test_compare_of_a_plan_with_itself_finds_no_change(run: Callable, toy_plan: Path) -> None:
    outcome = run("compare", toy_plan / "joint", toy_plan / "joint")
    assert outcome.code == 0
    assert "They buy the same." in outcome.out
    assert run("compare", toy_plan / "joint").code == 2


def test_report(run: Callable, toy_plan: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VALLUM_NO_OPEN", "1")
    outcome = run("report", toy_plan, "--open")
    assert outcome.code == 0
    assert str(toy_plan / "report.html") in outcome.out
    document = run("report", toy_plan, "--json").document("report")
    assert not document["opened"]
    assert Path(document["report"]).stat().st_size == document["bytes"]


def test_opening_needs_a_desktop(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    started = []
    monkeypatch.setattr(desktop.subprocess, "Popen", lambda words, **_: started.append(words))
    monkeypatch.setattr(desktop.shutil, "which", lambda name: f"/usr/bin/{name}")
    monkeypatch.setattr(desktop.sys, "platform", "linux")
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "VALLUM_NO_OPEN"):
        monkeypatch.delenv(name, raising=False)
    assert not desktop.open_file(tmp_path)
    monkeypatch.setenv("DISPLAY", ":0")
    assert desktop.open_file(tmp_path)
    assert started == [["/usr/bin/xdg-open", str(tmp_path)]]
    monkeypatch.setenv("VALLUM_NO_OPEN", "1")
    assert not desktop.open_file(tmp_path)


def test_doctor(run: Callable) -> None:
    document = run("doctor", "--json").document("doctor")
    assert document["healthy"]
    names = {condition["name"]: condition["status"] for condition in document["conditions"]}
    assert names["solver"] == names["region toy"] == names["region baltic"] == "ok"
    assert "Ready." in run("doctor").out


def test_doctor_says_no_when_something_is_missing(run: Callable, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vallum.cli.doctor, "PACKAGES", ("vallum", "no-such-package"))
    outcome = run("doctor")
    assert outcome.code == 1
    assert "not installed" in outcome.out

"""`vallum plan`."""

import json
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

import vallum.plan


def test_plan_of_both_modes(run: Callable, tmp_path: Path) -> None:
    folder = tmp_path / "plan"
    outcome = run("plan", "toy", "--mode", "both", "--time-limit", "10", "--out", folder, "--json")
    assert outcome.code == 0
    document = outcome.document("plan")
    assert not document["interrupted"]
    national, joint = document["modes"]["national"], document["modes"]["joint"]
    assert joint["gap_years"] <= national["gap_years"] + 1e-9
    for result in (national, joint):
        assert [level["name"] for level in result["levels"]] == ["shortfall", "cost", "types"]
        assert sum(state["gap_years"] for state in result["states"].values()) == pytest.approx(
            result["gap_years"]
        )
    kept = json.loads((folder / "compare.json").read_text(encoding="utf-8"))
    assert document["compare"]["same_money"]["difference"] == pytest.approx(kept["same_money"]["difference"])


def test_progress_and_results_do_not_mix(run: Callable, tmp_path: Path) -> None:
    outcome = run("plan", "toy", "--mode", "joint", "--time-limit", "10", "--out", tmp_path / "plan")
    assert outcome.code == 0
    assert "shortfall" in outcome.out
    assert "HiGHS" not in outcome.out
    assert "joint" in outcome.err
    assert "Traceback" not in outcome.err


def test_one_mode_lies_directly_in_the_folder(run: Callable, tmp_path: Path) -> None:
    folder = tmp_path / "plan"
    assert run("plan", "toy", "--mode", "national", "--out", folder, "--time-limit", "10").code == 0
    assert (folder / "manifest.json").is_file()
    again = run("plan", "toy", "--mode", "national", "--out", folder, "--time-limit", "10")
    assert again.code == 0, "an older plan is replaced"


def test_a_folder_of_something_else_is_refused_before_any_work(
    run: Callable, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(*_: object, **__: object) -> None:
        pytest.fail("planned before the folder was looked at")

    monkeypatch.setattr(vallum.plan, "make", never)
    letter = tmp_path / "letter.txt"
    letter.write_text("dear", encoding="utf-8")
    outcome = run("plan", "toy", "--out", tmp_path)
    assert outcome.code == 2
    assert "letter.txt" in outcome.err
    assert run("plan", "toy", "--out", letter).code == 2
    assert letter.read_text(encoding="utf-8") == "dear"


def test_the_options_reach_the_pipeline(
    run: Callable, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = {}

    def spy(region: object, **options: object) -> None:
        seen.update(options)
        raise KeyboardInterrupt

    monkeypatch.setattr(vallum.plan, "make", spy)
    words = ["--mode", "joint", "--gap", "0.02", "--seed", "7", "--threads", "2"]
    outcome = run("plan", "toy", "--out", tmp_path / "plan", *words)
    assert outcome.code == 130, "nothing was kept"
    limits = seen["limits"]
    assert (limits.time_limit, limits.work, limits.gap, limits.seed, limits.threads) == (
        60.0,
        None,
        0.02,
        7,
        2,
    )
    run("plan", "toy", "--out", tmp_path / "plan", "--work", "5")
    assert (seen["limits"].time_limit, seen["limits"].work) == (None, 5)


def test_an_interrupted_plan_that_was_kept_is_told(
    run: Callable, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mode = {
        "status": "interrupted",
        "gap_years": 1.0,
        "cost_meur": 2.0,
        "types": 3,
        "levels": [{"name": "shortfall", "value": 1.0, "bound": 0.5, "gap": 0.5, "seconds": 1.0}],
        "states": {"A": {"gap_years": 1.0, "cost_meur": 2.0, "safe_drawn_meur": 0.0}},
    }
    monkeypatch.setattr(vallum.plan, "make", lambda *_, **__: {"modes": {"joint": mode}})
    outcome = run("plan", "toy", "--mode", "joint", "--out", tmp_path / "plan")
    assert outcome.code == 0
    assert "Interrupted: the best plan found until then is in" in outcome.err
    assert run("plan", "toy", "--out", tmp_path / "plan", "--json").document("plan")["interrupted"]


def test_a_scenario_that_does_not_fit_is_bad_input(run: Callable, tmp_path: Path) -> None:
    file = tmp_path / "scenario.toml"
    file.write_text('[[override]]\ntable = "purse"\ncolumn = "plannable_meur"\nvalue = 1\n', encoding="utf-8")
    outcome = run("plan", "toy", "--scenario", file, "--out", tmp_path / "plan")
    assert outcome.code == 2
    assert "purses" in outcome.err
    assert not (tmp_path / "plan").exists()


def test_ctrl_c_keeps_the_best_plan(run: Callable, vallum_command: list[str], tmp_path: Path) -> None:
    folder = tmp_path / "plan"
    words = ["plan", "baltic", "--mode", "national", "--time-limit", "120", "--out", str(folder), "--json"]
    with subprocess.Popen(
        [*vallum_command, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as planning:
        assert planning.stderr is not None
        for line in planning.stderr:
            if "value" in line:
                break
        planning.send_signal(signal.SIGINT)
        out, err = planning.communicate(timeout=60)
    assert planning.returncode == 0, err
    assert "Interrupted: the best plan found until then is in" in err
    assert json.loads(out)["interrupted"]
    assert run("audit", folder).code == 0

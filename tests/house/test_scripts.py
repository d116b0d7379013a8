"""`./run` and `./test` set themselves up, and say what is missing when they cannot."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
IS_THIS_ENVIRONMENT_OURS = (
    '. tools/venv.sh; base=$(venv_python) && venv_made_of "$(venv_fingerprint "$base")"'
)


def start(script: str, *words: str, **settings: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(ROOT / script), *words],
        env={**os.environ, "VALLUM_NO_OPEN": "1", **settings},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def environment() -> str:
    """The folder of the environment that runs the tests, if `./run` would take it as it is."""
    ours = {**os.environ, "VALLUM_VENV": sys.prefix}
    if subprocess.run(["sh", "-c", IS_THIS_ENVIRONMENT_OURS], cwd=ROOT, env=ours, check=False).returncode:
        pytest.skip("the environment that runs the tests was not made by ./test")
    return sys.prefix


def test_run_ends_with_the_report(environment: str, tmp_path: Path) -> None:
    out = tmp_path / "out"
    done = start("run", "toy", VALLUM_VENV=environment, VALLUM_OUT=str(out), VALLUM_TIME_LIMIT="10")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == f"The report is {out / 'report.html'}"
    assert "every rule holds" in done.stdout


def test_run_stops_at_a_region_that_is_not_there(environment: str, tmp_path: Path) -> None:
    done = start("run", "atlantis", VALLUM_VENV=environment, VALLUM_OUT=str(tmp_path / "out"))
    assert done.returncode == 2
    assert "There is no region" in done.stderr
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("script", ["run", "test"])
def test_without_a_python_the_scripts_say_what_they_need(script: str, tmp_path: Path) -> None:
    done = start(script, VALLUM_PYTHON="no-such-python", VALLUM_VENV=str(tmp_path / "venv"))
    assert done.returncode != 0
    assert "Vallum needs Python 3.11 or newer; tried: no-such-python" in done.stderr
    assert not (tmp_path / "venv").exists()


def test_without_packages_the_set_up_says_so_and_looks_unfinished(tmp_path: Path) -> None:
    wheels = tmp_path / "wheels"
    wheels.mkdir()
    lock = tmp_path / "venv.lock"
    lock.mkdir()
    (lock / "pid").write_text("999999999", encoding="utf-8")  # of a set-up that was killed
    done = start(
        "run", VALLUM_PYTHON=sys.executable, VALLUM_VENV=str(tmp_path / "venv"), VALLUM_WHEELS=str(wheels)
    )
    assert done.returncode != 0
    assert "could not install its packages" in done.stderr
    assert not list((tmp_path / "venv").glob("setup-*"))
    assert not lock.exists()


def test_options_of_run() -> None:
    assert "./run [REGION]" in start("run", "--help").stdout
    assert start("run", "--nope").returncode == 2

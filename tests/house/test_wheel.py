"""The wheel alone does the work: it holds the regions that ship, and needs no clone and no network."""

import json
import os
import site
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ALONE = {**{name: value for name, value in os.environ.items() if name != "PYTHONPATH"}, "PIP_NO_INDEX": "1"}


def pip(*words: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet", *words],
        env=ALONE,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheels")
    pip("wheel", "--no-build-isolation", "--no-deps", "--wheel-dir", str(folder), str(ROOT))
    (made,) = folder.glob("vallum-*.whl")
    return made


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A new environment with the wheel, that borrows only its dependencies from the one that runs the tests."""
    folder = tmp_path_factory.mktemp("alone") / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    python = folder / "bin" / "python"
    pip("--python", str(python), "install", "--no-deps", "--find-links", str(wheel.parent), "vallum")
    (library,) = folder.glob("lib/python*/site-packages")
    (borrowed,) = (path for path in site.getsitepackages() if path.endswith("site-packages"))
    # A .pth inside a borrowed folder is not read, so the editable install of the clone stays out of sight.
    (library / "borrowed.pth").write_text(borrowed + "\n", encoding="utf-8")
    return folder / "bin"


def test_wheel_holds_all_that_is_read_at_run_time(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    package = ROOT / "src" / "vallum"
    kept = {
        f"vallum/{file.relative_to(package).as_posix()}"
        for file in package.rglob("*")
        if file.is_file() and "__pycache__" not in file.parts
    }
    assert kept <= names
    for region in ("toy", "baltic"):
        assert f"vallum/region/data/{region}/datapackage.json" in names
        assert f"vallum/region/data/{region}/purses.csv" in names
    assert any(name.endswith("/licenses/LICENSE") for name in names)
    assert not [name for name in names if name.startswith(("tests/", "docs/"))]


def test_installed_wheel_plans_without_the_clone(installed: Path, tmp_path: Path) -> None:
    def vallum(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(installed / "vallum"), *words],
            cwd=tmp_path,
            env=ALONE,
            capture_output=True,
            text=True,
            check=False,
        )

    where = "import vallum; print(vallum.__file__)"
    done = subprocess.run(
        [str(installed / "python"), "-c", where],
        cwd=tmp_path,
        env=ALONE,
        capture_output=True,
        text=True,
        check=True,
    )
    assert str(installed.parent) in done.stdout

    assert vallum("check", "toy").returncode == 0
    checked = vallum("check", "baltic", "--json")
    assert checked.returncode == 0, checked.stdout
    assert json.loads(checked.stdout)["sound"]
    planned = vallum("plan", "toy", "--mode", "joint", "--time-limit", "10", "--out", "plan", "--json")
    assert planned.returncode == 0, planned.stderr
    assert json.loads(planned.stdout)["modes"]["joint"]["gap_years"] >= 0
    assert vallum("audit", "plan").returncode == 0
    assert vallum("report", "plan").returncode == 0
    assert (tmp_path / "plan" / "report.html").stat().st_size > 10_000

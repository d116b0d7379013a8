"""The floors hold, and would be seen to fall."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def lint(source: Path) -> subprocess.CompletedProcess[str]:
    """Hold a source tree against the contracts of pyproject.toml."""
    code = "import sys; from importlinter.cli import lint_imports_command; sys.exit(lint_imports_command())"
    return subprocess.run(
        [sys.executable, "-c", code, str(ROOT / "pyproject.toml"), "--no-cache"],
        cwd=source.parent,
        env={**os.environ, "PYTHONPATH": str(source)},
        capture_output=True,
        text=True,
        check=False,
    )


def test_floors_hold() -> None:
    done = lint(ROOT / "src")
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("module", "line", "contract"),
    [
        ("core/errors.py", "import vallum.region", "Floors only look down"),
        ("core/errors.py", "import socket", "no I/O"),
        ("plan/audit/__init__.py", "import vallum.solve", "The audit knows nothing"),
        ("report/__init__.py", "import highspy", "Only the solve room"),
    ],
)
def test_a_fallen_floor_is_seen(tmp_path: Path, module: str, line: str, contract: str) -> None:
    source = tmp_path / "src"
    shutil.copytree(ROOT / "src", source, ignore=shutil.ignore_patterns("data", "__pycache__"))
    with (source / "vallum" / module).open("a", encoding="utf-8") as file:
        file.write(f"\n{line}\n")
    done = lint(source)
    assert done.returncode == 1
    broken = [text for text in done.stdout.splitlines() if text.endswith("BROKEN")]
    assert any(contract in text for text in broken), done.stdout

"""The tree holds nothing that belongs to one machine or to nobody."""

import re
import subprocess
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TEXT = {".py", ".md", ".toml", ".txt", ".yaml", ".json", ".csv", ".html", ".css", ".js", ".svg", ""}
#: The folder above the clone and the user's home, and the addresses that a package client writes down.
REGISTRY_HOSTS = re.compile(r"pypi\.org|pythonhosted|registry\.npmjs|deb\.debian\.org|/simple/")


def tracked() -> list[Path]:
    """Return the files that are or would be committed."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if listed.returncode:
        pytest.skip("not a git clone, so what belongs to the tree is unknown")
    return [ROOT / name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()]


def text_files() -> list[tuple[str, str]]:
    files = (file for file in tracked() if file.suffix in TEXT and file != Path(__file__))
    return [(file.relative_to(ROOT).as_posix(), file.read_text(encoding="utf-8")) for file in files]


def test_no_machine_path_and_no_registry() -> None:
    home = f"{Path.home()}/"
    places = re.compile(
        "|".join(re.escape(place) for place in {f"{ROOT.parent}/", home} if place.count("/") > 1)
    )
    for name, text in text_files():
        assert not places.search(text), f"{name} names a path of this machine"
        assert not REGISTRY_HOSTS.search(text), f"{name} names the host of a registry"


def test_no_file_is_large() -> None:
    for file in tracked():
        assert file.stat().st_size < 3_000_000, f"{file} is large for a file in a repository"


def test_constraints_hold_every_dependency() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = [
        *project["dependencies"],
        *(one for part in project["optional-dependencies"].values() for one in part),
    ]
    pinned = {
        re.split("==", line)[0].lower()
        for line in (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
        if line and not line.startswith(("#", " "))
    }
    for requirement in wanted:
        name = re.split(r"[\[<>=!~ ;]", requirement)[0].lower()
        assert name in pinned, f"make constraints.txt anew (CONTRIBUTING.md): it lacks {name}"


def test_scripts_are_posix_and_executable() -> None:
    for name in ("run", "test", ".ci/run"):
        file = ROOT / name
        assert file.stat().st_mode & 0o111, f"{name} cannot be started"
        assert (
            subprocess.run(["sh" if name != ".ci/run" else "bash", "-n", str(file)], check=False).returncode
            == 0
        )

"""Every shell block of the README and the docs is run, in order, one folder for each page."""

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted(
    page
    for page in (*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"))
    if not {"_build", "generated"} & set(page.relative_to(ROOT).parts)
)
#: A block, the comment before it that says why it is not run (if any), and its indentation.
BLOCK = re.compile(
    r"(?:<!-- not run by the tests: (?P<reason>[^\n]+?) -->\n)?"
    r"^(?P<indent> *)```(?P<kind>sh|console|bash|shell)\n(?P<text>.*?)^(?P=indent)```$",
    re.MULTILINE | re.DOTALL,
)
SECONDS_FOR_A_PAGE = 180


@dataclass(frozen=True)
class Block:
    text: str
    reason: str | None


def blocks_of(page: Path) -> list[Block]:
    found = []
    for match in BLOCK.finditer(page.read_text(encoding="utf-8")):
        lines = [line.removeprefix(match["indent"]) for line in match["text"].splitlines()]
        if match["kind"] == "console":
            lines = [line.removeprefix("$ ") for line in lines if line.startswith("$ ")]
        found.append(Block("\n".join(lines), match["reason"]))
    return found


RUN = [page for page in PAGES if any(block.reason is None for block in blocks_of(page))]


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A folder that looks like a clone, in which a page may write."""
    # A page may write into docs; nothing else of the clone is written to.
    shutil.copytree(ROOT / "docs", tmp_path / "docs", ignore=shutil.ignore_patterns("_build"))
    for name in ("src", "tests", "tools", "test", "run", "pyproject.toml", "constraints.txt"):
        (tmp_path / name).symlink_to(ROOT / name)
    (tmp_path / ".venv").symlink_to(sys.prefix)
    return tmp_path


@pytest.mark.parametrize("page", RUN, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_shell_blocks_run(page: Path, clone: Path) -> None:
    script = "\n".join(["set -eu", *(block.text for block in blocks_of(page) if block.reason is None)])
    environment = {
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "VALLUM_NO_OPEN": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    done = subprocess.run(
        ["sh", "-c", script],
        cwd=clone,
        env=environment,
        text=True,
        capture_output=True,
        timeout=SECONDS_FOR_A_PAGE,
        check=False,
    )
    assert done.returncode == 0, f"{script}\n\n{done.stdout}\n{done.stderr}"


def test_no_page_hides_a_block() -> None:
    """A block under another name would be run by nobody."""
    fences = re.compile(r"^ *```+ *\{?([a-zA-Z-]*)", re.MULTILINE)
    known = {"sh", "console", "toml", "text", "json", "python", "csv", "math", ""}
    directives = {"toctree", "include", "literalinclude", "figure", "image", "note", "warning", "mermaid"}
    for page in PAGES:
        names = set(fences.findall(page.read_text(encoding="utf-8")))
        assert names <= known | directives, f"{page}: {names - known - directives}"


def test_the_reader_of_blocks_reads_what_it_should(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "```sh\none\n```\n<!-- not run by the tests: why -->\n```sh\ntwo\n```\n"
        "   ```sh\n   three\n   ```\n```console\n$ four\nits output\n```\n```toml\nfive = 5\n```\n",
        encoding="utf-8",
    )
    assert blocks_of(page) == [
        Block("one", None),
        Block("two", "why"),
        Block("three", None),
        Block("four", None),
    ]

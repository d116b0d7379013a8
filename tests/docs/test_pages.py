"""The pages agree with the code and with one another."""

import json
import re
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")


@pytest.fixture(autouse=True)
def generator(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(DOCS))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)


def test_schemas_in_the_docs_are_those_of_the_code() -> None:
    from vallum.cli.documents import schemas

    kept = {
        file.stem: file.read_text(encoding="utf-8") for file in (DOCS / "reference/schemas").glob("*.json")
    }
    assert kept == schemas(), "run: .venv/bin/python docs/generate.py schemas"


def test_every_schema_is_shown() -> None:
    page = (DOCS / "reference/json.md").read_text(encoding="utf-8")
    for file in (DOCS / "reference/schemas").glob("*.json"):
        assert f"schemas/{file.name}" in page
        json.loads(file.read_text(encoding="utf-8"))


def test_generated_pages_name_every_command_and_table(tmp_path: Path) -> None:
    import generate

    from vallum.cli.app import COMMANDS
    from vallum.plan.fiscal.tables import FISCAL_TABLES
    from vallum.plan.tables import PLAN_TABLES
    from vallum.plan.works.tables import WORKS_TABLES
    from vallum.region.schema import TABLES

    generate.pages(tmp_path)
    for file, names in {
        "commands.md": [f"vallum {name}" for name in COMMANDS],
        "region-tables.md": list(TABLES),
        "plan-tables.md": [f"tables/{name}.parquet" for name in PLAN_TABLES],
        "fiscal-tables.md": [f"tables/{name}.parquet" for name in FISCAL_TABLES],
        "line-tables.md": [f"tables/{name}.parquet" for name in WORKS_TABLES],
    }.items():
        text = (tmp_path / file).read_text(encoding="utf-8")
        for name in names:
            assert f"## {name}\n" in text


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md", "CHANGELOG.md"])
def test_links_of_the_root_pages_lead_somewhere(name: str) -> None:
    for target in LINK.findall((ROOT / name).read_text(encoding="utf-8")):
        if not target.startswith(("http:", "https:")):
            assert (ROOT / target).exists(), f"{name} links to {target}"


def test_the_readme_is_short() -> None:
    assert len((ROOT / "README.md").read_text(encoding="utf-8").splitlines()) < 150

"""The fiscal pages agree with the code: numbers, equations, policies and settings."""

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from fiscal_page import Study

ROOT = Path(__file__).resolve().parents[2]
METHOD = ROOT / "docs/explanation/fiscal.md"
CODE = [*ROOT.glob("src/vallum/model/finance/*.py"), *ROOT.glob("src/vallum/plan/fiscal/*.py")]
CITED = re.compile(r"equations? \(?(\d+)(?:\)?(?: to | and |, )\(?(\d+))*")
AGAIN = "run: .venv/bin/python scripts/fiscal_page.py"


@pytest.fixture(scope="module")
def study() -> "Study":
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(ROOT / "scripts"))
        patch.setattr(sys, "dont_write_bytecode", True)
        from fiscal_page import study

        return study()


def test_the_page_has_the_numbers_of_the_outlook(study: "Study") -> None:
    from fiscal_page import BLOCK, BLOCKS, PAGE, filled

    page = PAGE.read_text(encoding="utf-8")
    assert [part["name"] for part in BLOCK.finditer(page)] == list(BLOCKS)
    assert filled(page, study) == page, AGAIN


def test_the_figure_is_that_of_the_outlook(study: "Study") -> None:
    from fiscal_page import FIGURE, figure

    assert figure(study) == FIGURE.read_text(encoding="utf-8"), AGAIN


def test_each_equation_is_numbered_once_and_each_cited_one_is_there() -> None:
    equations = re.findall(r" \((\d+)\)  \[", METHOD.read_text(encoding="utf-8"))
    assert sorted(map(int, equations)) == list(range(1, 15))
    cited = {
        int(number)
        for file in CODE
        for match in CITED.finditer(file.read_text(encoding="utf-8"))
        for number in re.findall(r"\d+", match[0])
    }
    assert cited <= set(range(1, 15))


def test_the_method_names_every_policy_and_real_places_in_the_code() -> None:
    from vallum.model.finance.scenarios import POLICIES

    page = METHOD.read_text(encoding="utf-8")
    rows = re.findall(r"^\| ([a-z_0-9, ]+) \| (?:embedded|as planned|the budgets|5, 3)", page, re.MULTILINE)
    assert {name for row in rows for name in row.split(", ")} == set(POLICIES)
    text = "\n".join(file.read_text(encoding="utf-8") for file in CODE)
    for name in re.findall(r"`(?:[a-z_.]+\.)?([a-z_]+)`", page):
        assert re.search(rf"\b{name}\b", text) or any(file.stem == name for file in CODE) or _given(name), (
            name
        )


def _given(name: str) -> bool:
    """Whether a word is a table or a setting of the region, or a table of the outlook."""
    from vallum.plan.fiscal.tables import FISCAL_TABLES
    from vallum.region import Region

    region = Region.read("baltic")
    settings = set(region.tables["fiscal_settings"]["key"])
    columns = {column for table in region.tables.values() for column in table.columns}
    return name in {*region.tables, *FISCAL_TABLES, *settings, *columns}

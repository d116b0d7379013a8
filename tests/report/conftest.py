"""Made-up plans and the reports made from them."""

import json
from pathlib import Path

import pytest

from tests.report.made_up import MadeUp
from tests.report.reading import Page, read_page
from vallum.report import render


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with both plans of a full region."""
    return MadeUp().write(tmp_path_factory.mktemp("report") / "both")


@pytest.fixture(scope="session")
def page(folder: Path) -> Page:
    """The report of both plans."""
    return read_page(render(folder))


@pytest.fixture(scope="session")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Page:
    """The report of a region whose names are an attack."""
    folder = MadeUp(hostile=True, classes=4).write(tmp_path_factory.mktemp("report") / "hostile")
    compare = json.loads((folder / "compare.json").read_text())
    compare["decomposition"][0]["cause"] = "<script>evil()</script>"
    (folder / "compare.json").write_text(json.dumps(compare))
    return read_page(render(folder))


@pytest.fixture(scope="session")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Page:
    """The report of one mode's folder."""
    folder = MadeUp(classes=3).write(tmp_path_factory.mktemp("report") / "one", modes=("national",))
    return read_page(render(folder))

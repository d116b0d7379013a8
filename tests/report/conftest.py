"""Made-up plans and the reports made from them."""

import json
from pathlib import Path

import pytest

from tests.report import made_up_evacuation, made_up_outlook, made_up_sky, made_up_works
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


@pytest.fixture(scope="session")
def fiscal_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with both plans and their fiscal outlook."""
    return made_up_outlook.write(MadeUp(classes=3).write(tmp_path_factory.mktemp("report") / "fiscal"))


@pytest.fixture(scope="session")
def fiscal(fiscal_folder: Path) -> Page:
    """The report of both plans with their fiscal outlook."""
    return read_page(render(fiscal_folder))


@pytest.fixture(scope="session")
def fiscal_alone(tmp_path_factory: pytest.TempPathFactory) -> Page:
    """The report of a fiscal outlook without a plan."""
    return read_page(render(made_up_outlook.write_alone(tmp_path_factory.mktemp("report") / "outlook")))


@pytest.fixture(scope="session")
def fiscal_hostile(tmp_path_factory: pytest.TempPathFactory) -> Page:
    """The report of a fiscal outlook whose free text is an attack."""
    folder = MadeUp(classes=1, hostile=True).write(tmp_path_factory.mktemp("report") / "hostile")
    tables = made_up_outlook.hostile(made_up_outlook.of_plans())
    return read_page(render(made_up_outlook.write(folder, tables)))


@pytest.fixture(scope="session")
def works_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with both plans, their fiscal outlook and works."""
    plan = MadeUp(classes=2).write(tmp_path_factory.mktemp("report") / "works")
    return made_up_works.write(made_up_outlook.write(plan))


@pytest.fixture(scope="session")
def works(works_folder: Path) -> Page:
    """The report of both plans with their fiscal outlook and works."""
    return read_page(render(works_folder))


@pytest.fixture(scope="session")
def works_alone(tmp_path_factory: pytest.TempPathFactory) -> Page:
    """The report of works without anything else."""
    return read_page(render(made_up_works.write(tmp_path_factory.mktemp("report") / "alone")))


@pytest.fixture(scope="session")
def works_hostile(tmp_path_factory: pytest.TempPathFactory) -> Page:
    """The report of works whose free text is an attack."""
    folder = MadeUp(classes=1, hostile=True).write(tmp_path_factory.mktemp("report") / "hostile")
    return read_page(render(made_up_works.write(folder, made_up_works.hostile(made_up_works.tables()))))


@pytest.fixture(scope="session")
def sky_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with both plans, works and sensors."""
    plan = MadeUp(classes=1).write(tmp_path_factory.mktemp("report") / "sky")
    return made_up_sky.write(made_up_works.write(plan))


@pytest.fixture(scope="session")
def sky(sky_folder: Path) -> Page:
    """The report of both plans with works and sensors."""
    return read_page(render(sky_folder))


@pytest.fixture(scope="session")
def sky_alone(tmp_path_factory: pytest.TempPathFactory) -> Page:
    """The report of sensors without anything else."""
    return read_page(render(made_up_sky.write(tmp_path_factory.mktemp("report") / "alone")))


@pytest.fixture(scope="session")
def sky_hostile(tmp_path_factory: pytest.TempPathFactory) -> Page:
    """The report of sensors whose free text is an attack."""
    folder = MadeUp(classes=1, hostile=True).write(tmp_path_factory.mktemp("report") / "hostile")
    return read_page(render(made_up_sky.write(folder, made_up_sky.hostile(made_up_sky.tables()))))


@pytest.fixture(scope="session")
def evacuation_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with both plans and a plan of evacuation."""
    plan = MadeUp(classes=1).write(tmp_path_factory.mktemp("report") / "evacuation")
    return made_up_evacuation.write(plan)


@pytest.fixture(scope="session")
def evacuation(evacuation_folder: Path) -> Page:
    """The report of both plans with a plan of evacuation."""
    return read_page(render(evacuation_folder))


@pytest.fixture(scope="session")
def evacuation_alone(tmp_path_factory: pytest.TempPathFactory) -> Page:
    """The report of a plan of evacuation without anything else."""
    return read_page(render(made_up_evacuation.write(tmp_path_factory.mktemp("report") / "alone")))


@pytest.fixture(scope="session")
def evacuation_hostile(tmp_path_factory: pytest.TempPathFactory) -> Page:
    """The report of a plan of evacuation whose free text is an attack."""
    folder = MadeUp(classes=1, hostile=True).write(tmp_path_factory.mktemp("report") / "hostile")
    tables = made_up_evacuation.hostile(made_up_evacuation.tables())
    return read_page(render(made_up_evacuation.write(folder, tables)))

"""The pages of the Line agree with the code: equations, tables, the examples by hand, the words."""

import re
from pathlib import Path

import numpy as np
import pytest

from vallum.core.ranges import Range, triangular
from vallum.plan.works.tables import WORKS_TABLES
from vallum.region import Region
from vallum.solve.schedule import Level, Network, serial

ROOT = Path(__file__).resolve().parents[2]
METHOD = ROOT / "docs/explanation/line.md"
HOW_TO = ROOT / "docs/how-to/line.md"
PACKAGES = ("model/works", "plan/works", "solve/schedule")
CODE = [file for package in PACKAGES for file in (ROOT / "src/vallum" / package).glob("*.py")]
SCHEMA = ROOT / "src/vallum/region/schema/works.py"
EQUATIONS = 19
CITED = re.compile(r"equations? \(?(\d+)(?:\)?(?: to | and |, )\(?(\d+))*")
STEPS = ("plan", "dig", "fence", "wall", "sign")
SHOWN = ("plan", "fence", "dig", "wall", "sign")


@pytest.fixture(scope="module")
def page() -> str:
    return METHOD.read_text(encoding="utf-8")


def test_each_equation_is_numbered_once_and_each_cited_one_is_there(page: str) -> None:
    assert re.findall(r" \((\d+)\)  \[", page) == [str(number) for number in range(1, EQUATIONS + 1)]
    cited = {
        int(number)
        for file in CODE
        for match in CITED.finditer(file.read_text(encoding="utf-8"))
        for number in re.findall(r"\d+", match[0])
    }
    assert cited <= set(range(1, EQUATIONS + 1))


def test_the_pages_name_real_places_in_the_code(page: str) -> None:
    text = "\n".join(file.read_text(encoding="utf-8") for file in (*CODE, SCHEMA))
    region = Region.read("baltic")
    words = {
        *region.tables,
        *WORKS_TABLES,
        *region.tables["works_settings"]["key"],
        *(column for table in region.tables.values() for column in table.columns),
        *STEPS,
    }
    for name in re.findall(r"`(?:[A-Za-z_.]+\.)?([A-Za-z_]+)`", page + HOW_TO.read_text(encoding="utf-8")):
        known = name in words or re.search(rf"\b{name}\b", text)
        assert known or any(file.stem == name for file in CODE), name


def test_the_five_steps_by_hand_are_those_of_the_engine(page: str) -> None:
    """One crew, no work outside in weeks 4 to 6; the order changes what is protected when, not the end."""
    calendars = np.ones((2, 12), bool)
    calendars[1, 4:7] = False
    works = Network.of(
        duration=[2, 3, 2, 2, 0],
        calendars=calendars,
        calendar=[0, 1, 1, 1, 0],
        before=[[0, 1], [1, 4], [2, 4], [3, 4]],
        use=[[0], [1], [1], [1], [0]],
        capacity=np.ones((1, 12), int),
        activities=STEPS,
    )
    protect = Level("protection", np.array([0, 1, 1, 1, 0]))
    for order in (("fence", "dig", "wall"), ("fence", "wall", "dig")):
        ranked = np.array([("plan", *order, "sign").index(step) for step in STEPS])
        starts, finishes = serial(works, ranked)
        cells = [f"{starts[0, i]}-{finishes[0, i]}" for i in map(STEPS.index, SHOWN)]
        row = " | ".join([", ".join(order), *cells, str(protect.value(finishes[0]))])
        assert f"| {row} |" in page


def test_the_draw_by_hand_is_that_of_the_sampler(page: str) -> None:
    drawn = triangular(Range(8.0, 16.0, 30.0), np.array([0.25]))[0]
    assert f"8 + sqrt(0.25 x 22 x 8) = {drawn:.2f}" in page
    assert f"ln 0.05 / ln 0.3 = {np.log(0.05) / np.log(0.3):.2f}" in page


def test_the_measured_figures_are_those_of_the_benchmark(page: str) -> None:
    measured = (ROOT / "benchmarks/results/rcpsp.md").read_text(encoding="utf-8")
    totals = re.search(
        r"(\d+) instances in .*: (\d+) at or below the best known,\n(\d+) proven optimal; mean distance to the "
        r"best known \+([\d.]+)%,\ngreatest \+([\d.]+)%",
        measured,
    )
    assert totals is not None
    instances, reached, proven, mean, greatest = totals.groups()
    told = " ".join(page.split())
    assert f"{reached} of {instances} after ten seconds, {proven} of them proven" in told
    assert f"a mean distance of {mean} % and a greatest of {greatest} %" in told

"""The pages of evacuation agree with the code: equations, tables, the example by hand, the words, the figures."""

import json
import re
import sys
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from vallum.cli.evacuate import evacuate as command
from vallum.model.evacuation import Case, Change, Evacuated, evacuate, people_of, roads
from vallum.model.evacuation.problem import Host, Household, Node, Origin, Road
from vallum.plan.evacuation.frames import REASONS, WARNINGS_H, prices
from vallum.plan.evacuation.geojson import feature_collection
from vallum.plan.evacuation.pipeline import departures_csv
from vallum.plan.evacuation.tables import EVACUATION_TABLES
from vallum.region import Region
from vallum.solve import Limits
from vallum.solve.flow import Flow, Highs, prove

ROOT = Path(__file__).resolve().parents[2]
METHOD = ROOT / "docs/explanation/evacuation.md"
HOW_TO = ROOT / "docs/how-to/evacuation.md"
REFERENCE = ROOT / "docs/reference/evacuation.md"
PACKAGES = ("model/evacuation", "plan/evacuation", "solve/flow")
CODE = [file for package in PACKAGES for file in (ROOT / "src/vallum" / package).glob("*.py")]
SCHEMA = ROOT / "src/vallum/region/schema/evacuation.py"
EQUATIONS = 23
CITED = re.compile(r"equations? \(?(\d+)(?:\)?(?: to | and |, )\(?(\d+))*")
NAMED = re.compile(r"`(?:[A-Za-z_.]+\.)?([A-Za-z_]+)`")
SOURCE = re.compile(r"\[([A-Z][^\]]*?\d{4}(?:, \d{4})*)\](?!\()")
FIGURES = re.compile(r"<!-- figures of a run: (.+?) -->\n(.+?)<!-- end of the figures -->", re.DOTALL)


@pytest.fixture(scope="module")
def page() -> str:
    return METHOD.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def region() -> Region:
    return Region.read("baltic")


def by_hand(mode: str, room: float = 120.0) -> Evacuated:
    """The example of the page; `room` is what the lane from P to Q takes in an hour, before calibration x 2."""
    case = Case(
        key="hand",
        name="By hand",
        horizon_h=12.0,
        warning_h=6.0,
        nodes=(Node("P", "NA", "P", 50.0, 20.0), Node("Q", "NB", "Q", 50.2, 20.0)),
        roads=(Road("P", "Q", "R1", 60.0, 60.0, 1, room),),
        links=(
            Road("O", "P", "", 30.0, 60.0, 1, 200.0),
            Road("H", "P", "", 30.0, 60.0, 1, 1000.0),
            Road("K", "Q", "", 30.0, 60.0, 1, 1000.0),
        ),
        trains=(),
        origins=(Origin("O", "NA", "O", 50.0, 20.0, 600.0, 0.0),),
        hosts=(
            Host("H", "NA", "H", 50.0, 20.0, 150.0, 150.0, 150.0),
            Host("K", "NB", "K", 50.2, 20.0, 1000.0, 1000.0, 1000.0),
        ),
        windows=(),
        households=dict.fromkeys(("NA", "NB"), Household(0.8, 2.0, 4.0)),
        settings={
            "calibration": 0.5,
            "bus_seats": 40.0,
            "bus_pcu": 2.0,
            "bus_load_h": 2.0,
            "bus_ready_h": 1.0,
            "intake_h": 1.0,
        },
    )
    what = roads(case, mode, 60.0)
    return evacuate(what, *people_of(what), Highs(Limits()))


def person_steps(flow: Flow) -> int:
    return int(np.arange(flow.horizon + 1) @ flow.arrivals.sum(axis=0))


def row_of(name: str, flow: Flow) -> str:
    """A row of the table by hand: arrivals at steps 2 to 6, people left, person-hours."""
    arrived = np.zeros(13, np.int64)
    arrived[: flow.horizon + 1] = flow.arrivals.sum(axis=0)
    assert arrived[2:7].sum() == arrived.sum()
    cells = [
        name,
        *(str(people) for people in arrived[2:7]),
        str(int(flow.unserved.sum())),
        f"{person_steps(flow):,}",
    ]
    return "| " + " | ".join(cells) + " |"


def test_each_equation_is_numbered_once_and_each_cited_one_is_there(page: str) -> None:
    assert re.findall(r" \((\d+)\)  \[", page) == [str(number) for number in range(1, EQUATIONS + 1)]
    cited = {
        int(number)
        for file in CODE
        for match in CITED.finditer(file.read_text(encoding="utf-8"))
        for number in re.findall(r"\d+", match[0])
    }
    assert cited <= set(range(1, EQUATIONS + 1))


def test_every_source_is_one_that_the_code_names(page: str) -> None:
    text = re.sub(r"\W+", " ", "\n".join(file.read_text(encoding="utf-8") for file in CODE))
    found = set(SOURCE.findall(page))
    assert len(found) >= 8
    for source in found:
        years = re.findall(r"\d{4}", source)
        authors = re.sub(r"\W+", " ", re.sub(r"[\d,]+", " ", source)).strip()
        assert authors in text, source
        assert any(year in text for year in years), source


def test_the_pages_name_real_places_in_the_code(page: str, region: Region) -> None:
    text = "\n".join(file.read_text(encoding="utf-8") for file in (*CODE, SCHEMA))
    words = {
        *region.tables,
        *EVACUATION_TABLES,
        *region.tables["evac_settings"]["key"],
        *(column for table in region.tables.values() for column in table.columns),
        *(column for table in EVACUATION_TABLES.values() for column in table.schema),
        *("vehicles_joint", "received_joint", "to_leave_joint", "national", "n", "y", "assumption"),
    }
    for name in NAMED.findall(page + HOW_TO.read_text(encoding="utf-8")):
        known = name in words or re.search(rf"\b{name}\b", text)
        assert known or any(file.stem == name for file in CODE), name


@pytest.mark.parametrize("mode", ["joint", "national"])
def test_the_flows_by_hand_are_those_of_the_model(page: str, mode: str) -> None:
    found = by_hand(mode)
    assert found.alone is not None
    if mode == "national":
        assert row_of("buses, alone", found.bus) in page
        assert row_of("cars, alone", found.car) in page
        assert found.part == 0.2
        assert found.unserved == 450
        assert found.bound is not None
        assert (found.bound.unserved, found.bound.person_hours, found.bound.steps) == (450, 300.0, None)
        # where cars take none, all 120 of the buses have a place
        fewest = int(found.alone.unserved.sum())
        told = " ".join(page.split())
        assert (
            "(16) is 600 - 150 = 450 people by both mixed, since buses and cars by themselves would leave only "
            f"{fewest}" in told
        )
        assert (
            f"that of both mixed, 150 at 2, {found.bound.person_hours:.0f} person-hours of "
            f"{found.person_hours:.0f}." in told
        )
        return
    assert found.part == 1.0
    assert row_of("buses", found.bus) in page
    assert row_of("cars, together", found.car) in page
    assert row_of("cars, all to themselves", found.alone) in page


def test_the_numbers_by_hand_are_those_of_the_model(page: str) -> None:
    found = by_hand("joint")
    assert found.bound is not None
    assert (found.bound.unserved, found.bound.steps, found.quickest) == (0, 6, 6)
    bound = found.bound.person_hours
    assert bound is not None
    told = " ".join(page.split())
    assert (
        f"value is {found.person_hours:,.0f} person-hours, mean {found.mean_hours:.2f} h, the bound "
        f"600 + 1,660 = {bound:,.0f}, the gap {100 * (1 - bound / found.person_hours):.1f} %; half have "
        f"arrived at {found.hours(0.5):.0f}, all at {found.hours(1.0):.0f}, and none is done sooner." in told
    )
    assert all(prove(flow).optimal for flow in (found.bus, found.car))


def test_with_their_share_of_places_the_buses_by_hand_are_done_later(page: str) -> None:
    what = by_hand("joint").roads
    shared = evacuate(what, *people_of(what), Highs(Limits()), part=0.2)
    assert f"buses may take 30 places of H, the others go to K, and all are there at {shared.quickest}" in (
        " ".join(page.split())
    )


def test_the_price_by_hand_is_what_one_more_car_an_hour_gains(page: str) -> None:
    found = by_hand("joint")
    arc = next(number for number, name in enumerate(found.roads.road) if name == "R1")
    wider = by_hand("joint", room=122.0)
    assert found.alone is not None
    assert wider.alone is not None
    before, after = (person_steps(one) for one in (found.alone, wider.alone))
    assert before - after == prices(found)[arc]
    told = " ".join(page.split())
    assert f"The price of P to Q is {prices(found)[arc]:.0f}: with 122 people a step" in told
    assert f"cars to themselves take {after:,} person-hours" in told


def test_the_settings_told_are_those_of_the_region(page: str, region: Region) -> None:
    settings = {row["key"]: row for row in region.tables["evac_settings"].iter_rows(named=True)}
    one = settings["calibration"]
    assert f"1,250 / 1,800 = {one['value']:.3f} ({one['low']:.2f} to {one['high']:.2f})" in page
    assert f"has 1,300 in the table and keeps {1300 * one['value']:.0f}" in " ".join(page.split())
    assert f"`intake_h` {settings['intake_h']['value']:g} a host needs ten hours" in " ".join(page.split())


def test_every_scenario_is_told_and_has_figures(page: str, region: Region) -> None:
    known = region.tables["evac_scenarios"]["scenario_id"].to_list()
    command_line, block = next(iter(FIGURES.findall(page)))
    assert command_line.startswith("vallum evacuate baltic")
    for scenario in known:
        assert page.count(f"| {scenario} | ") >= 3, scenario
        assert f"| {scenario} | alone |" in block
        assert f"| {scenario} | together |" in block


def test_the_reference_names_every_property_of_the_map_and_the_schedule() -> None:
    text = REFERENCE.read_text(encoding="utf-8")
    made = {name: table.empty() for name, table in EVACUATION_TABLES.items()}
    made["places"] = pl.DataFrame(
        {
            "place_id": ["A", "B"], "state": ["NA", "NA"], "what": ["node", "node"], "name": ["A", "B"],
            "lat": [57.0, 57.5], "lon": [25.0, 25.5], "people": [0, 0],
        },
        schema=made["places"].schema,
    )  # fmt: skip
    made["corridors"] = pl.DataFrame([["s", "joint", "A", "B", "R", 1, 1.0, 0.0, 0.0]],
                                     schema=made["corridors"].schema, orient="row")  # fmt: skip
    road = json.loads(feature_collection(made))["features"][0]
    for name in road["properties"]:
        assert f"`{re.sub('_(national|joint)$', '_MODE', name)}`" in text, name
    how = HOW_TO.read_text(encoding="utf-8")
    for name in departures_csv(made).decode().strip().split(","):
        assert f"`{name}`" in how, name


def test_the_words_for_being_left_and_the_hours_of_warning_are_those_of_the_tables(page: str) -> None:
    for reason in REASONS:
        assert f"*{reason}*" in page
    assert f"for {WARNINGS_H[0]:g} to {WARNINGS_H[-1]:g} hours of warning" in page


def test_the_line_is_said_on_every_page_and_by_the_command(page: str) -> None:
    for text in (page, HOW_TO.read_text(encoding="utf-8"), REFERENCE.read_text(encoding="utf-8")):
        told = " ".join(text.split())
        assert "minor roads are" in told
        assert "no real choke point" in told or "no choke point" in told
    assert "not a real choke point" in " ".join(str(command.__doc__).split())
    assert "nothing searches for the closure that hurts most" in " ".join(page.split())


def test_a_change_of_the_page_is_one_of_the_model() -> None:
    """Contraflow in the gains takes all lanes of the other direction, for all hours."""
    found = by_hand("joint")
    turned = roads(found.roads.case, "joint", 60.0, (Change("P", "Q", contraflow=True),))
    there = [number for number, name in enumerate(turned.road) if name == "R1"]
    assert turned.room[there].sum(axis=1).tolist() == [2 * 60.0 * turned.steps, 0.0]


def test_the_generated_page_names_every_table(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ROOT / "docs"))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    import generate

    text = generate.evacuation_tables()
    for name, table in EVACUATION_TABLES.items():
        assert f"## tables/{name}.parquet\n" in text
        assert all(f"| `{column}` |" in text for column in table.schema)

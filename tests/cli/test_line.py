"""`vallum line`."""

import csv
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from vallum.plan.results import read_results
from vallum.plan.works import WORKS
from vallum.region import Region
from vallum.region.region import SHIPPED

Row = dict[str, str]
Rows = Callable[[list[Row]], list[Row]]

QUICK = ("--runs", "20", "--lever-runs", "20", "--work", "1")
KINDS = {"BUNKER"}
SECTORS = {"EE-RU-S10"}


def rewrite(folder: Path, name: str, change: Rows) -> None:
    """Change the rows of one file of a region."""
    path = folder / f"{name}.csv"
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    columns = list(rows[0])
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(change(rows))


@pytest.fixture(scope="module")
def pristine(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The region that ships with the works of one state in one sector, and one lever."""
    folder = Path(shutil.copytree(SHIPPED / "baltic", tmp_path_factory.mktemp("line") / "region"))
    for path in folder.glob("works_*.csv"):
        rewrite(folder, path.stem, kept)
    rewrite(folder, "works_sectors", renumbered)
    rewrite(folder, "works_levers", lambda rows: rows[:1])
    rewrite(folder, "works_quantities", lambda rows: [row | {"neighbours": ""} for row in rows])
    return folder


def kept(rows: list[Row]) -> list[Row]:
    return [
        row
        for row in rows
        if row.get("state", "EE") == "EE"
        and row.get("element_id", "BUNKER") in KINDS
        and row.get("sector_id", "EE-RU-S10") in SECTORS
    ]


def renumbered(rows: list[Row]) -> list[Row]:
    return [row | {"place": str(place)} for place, row in enumerate(rows, start=1)]


@pytest.fixture
def folder(pristine: Path, tmp_path: Path) -> Path:
    """A copy that a test may spoil."""
    return Path(shutil.copytree(pristine, tmp_path / "region"))


# ---------------------------------------------------------------- what it says


def test_json_and_the_folder_hold_the_same_tables(run: Callable, folder: Path, tmp_path: Path) -> None:
    outcome = run("line", folder, *QUICK, "--seed", "3", "--out", tmp_path / "out", "--json")
    assert outcome.code == 0, outcome.err
    document = outcome.document("line")
    identity = document["identity"]
    assert (identity["seed"], identity["runs"], identity["lever_runs"]) == (3, 20, 20)
    assert identity["out"] == str(tmp_path / "out" / "works")
    assert identity["start"] == "2026-03-02"
    assert identity["content_hash"] == Region.read(folder).content_hash
    found = read_results(WORKS, tmp_path / "out" / "works")
    assert set(document) == {"identity", *found.tables}
    for name, frame in found.tables.items():
        assert document[name] == json.loads(json.dumps(frame.to_dicts())), name


def test_the_text_answers_the_questions(run: Callable, folder: Path) -> None:
    outcome = run("line", folder, *QUICK)
    assert outcome.code == 0, outcome.err
    for words in (
        "When the works are done", "BUNKER", "all with a target", "2027-12-31", "Forecast from 2024-12-31: EE BUNKER",
        "9 came", "What binds", "What shortens it", "All that can be shared is shared", "What it costs",
        "Search", "protection",
    ):  # fmt: skip
        assert words in outcome.out
    assert "The tables are in" not in outcome.out
    assert "Traceback" not in outcome.out + outcome.err


# ---------------------------------------------------------------- what it refuses


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--runs", "19"), "from 20 to"), (("--runs", "20001"), "from 20 to"), (("--runs", "many"), "runs"),
        (("--lever-runs", "0"), "from 20 to"), (("--runs", "1e2"), "runs"), (("--seed", "-1"), "seed"),
        (("--time-limit", "0"), "time-limit"), (("--time-limit", "nan"), "time-limit"), (("--work", "-1"), "work"),
        (("--work", "1.5"), "work"), (("--threads", "0"), "threads"), (("--colour", "red"), "colour"),
    ],
)  # fmt: skip
def test_bad_options_are_named(run: Callable, words: tuple[str, ...], said: str) -> None:
    outcome = run("line", "baltic", *words)
    assert outcome.code == 2
    assert said in outcome.out + outcome.err
    assert "Traceback" not in outcome.out + outcome.err


def test_a_region_without_works_says_so(run: Callable) -> None:
    outcome = run("line", "toy", *QUICK)
    assert outcome.code == 2
    assert "has no works" in " ".join(outcome.err.split())
    assert "Traceback" not in outcome.err


def test_a_folder_that_holds_something_else_is_left_alone(
    run: Callable, folder: Path, tmp_path: Path
) -> None:
    place = tmp_path / "out" / "works"
    place.mkdir(parents=True)
    (place / "letter.txt").write_text("keep me", encoding="utf-8")
    outcome = run("line", folder, *QUICK, "--out", tmp_path / "out")
    assert outcome.code == 2
    assert (place / "letter.txt").read_text(encoding="utf-8") == "keep me"


def when(match: Callable[[Row], bool], **values: str) -> Rows:
    return lambda rows: [row | values if match(row) else row for row in rows]


def of(**where: str) -> Callable[[Row], bool]:
    return lambda row: all(row[name] == value for name, value in where.items())


@pytest.mark.parametrize(
    ("name", "change", "said"),
    [
        pytest.param(
            "works_activities", when(of(element_id="BUNKER", activity_id="DESIGN"), after="INSTALL"),
            ("works_activities.csv", "BUNKER", "DESIGN", "INSTALL"), id="cycle",
        ),
        pytest.param(
            "works_resources", when(of(resource_id="crews"), capacity="0", capacity_low="0"),
            ("works_activities.csv", "EE has 0 of crews"), id="no crew",
        ),
        pytest.param(
            "works_quantities", when(of(element_id="BUNKER"), target_year="2025"),
            ("works_quantities.csv", "target_year", "before the schedule starts"), id="past target",
        ),
        pytest.param(
            "works_sectors", when(of(sector_id="EE-RU-S10"), mid_lat="40.0"),
            ("works_sectors.csv", "mid_lat"), id="sector far away",
        ),
        pytest.param(
            "works_sectors", when(of(sector_id="EE-RU-S10"), neighbour="PL"),
            ("works_sectors.csv", "neighbour"), id="sector on no border",
        ),
        pytest.param(
            "works_calendars", when(of(calendar_id="EARTH"), works="n"),
            ("works_calendars.csv", "[calendars]", "working month"), id="no working day",
        ),
        pytest.param(
            "works_quantities", when(of(element_id="BUNKER"), quantity="nan"), ("works_quantities.csv",), id="nan",
        ),
        pytest.param(
            "works_tenders", when(of(element_id="BUNKER"), failure="1", failure_high="1"),
            ("works_tenders.csv", "failure"), id="a tender that always fails",
        ),
        pytest.param(
            "works_levers", when(lambda row: True, column="nothing"), ("works_levers.csv", "column column"), id="lever",
        ),
    ],
)  # fmt: skip
def test_bad_regions_name_the_file_and_the_rule(
    run: Callable, folder: Path, name: str, change: Rows, said: tuple[str, ...]
) -> None:
    rewrite(folder, name, change)
    outcome = run("line", folder, *QUICK)
    assert outcome.code == 2
    message = " ".join(outcome.err.split())
    for words in said:
        assert words in message
    assert "Traceback" not in outcome.out + outcome.err


def test_works_that_cannot_end_in_time_are_bad_input(run: Callable, folder: Path) -> None:
    """Money that comes in the last year pays, but leaves no time to build."""
    late = when(lambda row: row["year"] != "2035", core_meur="0", related_meur="0")
    rewrite(folder, "works_money", late)
    rewrite(
        folder, "works_money", when(lambda row: row["year"] == "2035", core_meur="900", related_meur="900")
    )
    outcome = run("line", folder, *QUICK)
    assert outcome.code == 2
    assert "Traceback" not in outcome.err
    assert "horizon" in outcome.err

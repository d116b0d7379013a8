"""`vallum evacuate`."""

import json
from collections.abc import Callable
from pathlib import Path

import jsonschema
import pytest

from tests.plan_evacuation.regions import pair
from vallum.plan.evacuation import EVACUATION
from vallum.plan.results import read_results
from vallum.region import Region, write_folder

QUICK = ("--step", "60", "--samples", "2")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two states, a flood and a fire."""
    place = tmp_path_factory.mktemp("evacuate") / "region"
    write_folder(pair().tables, place, title="Two states")
    return place


# ---------------------------------------------------------------- what it says


def test_json_and_the_folder_hold_the_same_tables(
    run: Callable, folder: Path, tmp_path: Path, root: Path
) -> None:
    outcome = run(
        "evacuate", folder, *QUICK, "--scenario", "FLOOD", "--seed", "3", "--out", tmp_path / "out", "--json"
    )
    assert outcome.code == 0, outcome.err
    document = outcome.document("evacuate")
    kept = json.loads((root / "docs" / "reference" / "schemas" / "evacuate.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator(kept).validate(document)
    assert document["identity"] == {
        "region": str(folder), "content_hash": Region.read(folder).content_hash,
        "out": str(tmp_path / "out" / "evacuation"), "scenarios": ["FLOOD"], "step_min": 60.0, "samples": 2,
        "seed": 3,
    }  # fmt: skip
    found = read_results(EVACUATION, tmp_path / "out" / "evacuation")
    assert set(document) == {"identity", *found.tables}
    for name, frame in found.tables.items():
        assert document[name] == json.loads(json.dumps(frame.to_dicts())), name


def test_the_text_answers_the_questions(run: Callable, folder: Path, tmp_path: Path) -> None:
    named = [word for name in ("FLOOD", "FIRE", "FLOOD") for word in ("--scenario", name)]
    outcome = run("evacuate", folder, *QUICK, *named, "--out", tmp_path / "out")
    assert outcome.code == 0, outcome.err
    said = " ".join(outcome.out.split())
    for words in (
        "How long it takes", "FLOOD", "FIRE", "alone", "together",
        "Left, FLOOD, alone: ", "people of Town: all places that they can reach are taken.",
        "With other luck", "What more room on a corridor gains", "A node", "contraflow", "Who receives most",
        "Harbour", "2,500 to 2,500", "not a real choke point", "Places are assumptions with a range",
        "map.geojson are in",
    ):  # fmt: skip
        assert words in said
    assert "Left, FLOOD, together" not in said
    found = read_results(EVACUATION, tmp_path / "out" / "evacuation")
    assert found.manifest["scenarios"] == ["FLOOD", "FIRE"], "each once"


def test_without_runs_and_folder_nothing_is_said_of_them(run: Callable, folder: Path) -> None:
    outcome = run("evacuate", folder, "--step", "60", "--samples", "0", "--scenario", "FIRE")
    assert outcome.code == 0, outcome.err
    assert "With other luck" not in outcome.out
    assert "The tables, departures.csv" not in " ".join(outcome.out.split())


# ---------------------------------------------------------------- what it refuses


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--step", "7"), "divide the hour"), (("--step", "0"), "divide the hour"),
        (("--step", "120"), "from 1 to 60"), (("--step", "0.5"), "from 1 to 60"),
        (("--step", "nan"), "divide the hour"), (("--step", "soon"), "step"),
        (("--samples", "-1"), "from 0 to"), (("--samples", "1001"), "from 0 to"), (("--samples", "2.5"), "samples"),
        (("--seed", "-1"), "seed"), (("--time-limit", "0"), "time-limit"), (("--time-limit", "nan"), "time-limit"),
        (("--closures", "find"), "closures"),
    ],
)  # fmt: skip
def test_bad_options_are_named(run: Callable, words: tuple[str, ...], said: str) -> None:
    outcome = run("evacuate", "baltic", *words)
    assert outcome.code == 2
    assert said in " ".join((outcome.out + outcome.err).split())
    assert "Traceback" not in outcome.out + outcome.err


def test_an_unknown_scenario_names_the_known_ones(run: Callable) -> None:
    outcome = run("evacuate", "baltic", "--scenario", "moon")
    assert outcome.code == 2
    message = " ".join(outcome.err.split())
    assert "has no scenario moon" in message
    for known in ("vilnius", "lt-border-40km", "narva-ida-viru", "daugavpils-latgale", "all-border"):
        assert known in message


def test_a_region_without_evacuation_says_so(run: Callable) -> None:
    outcome = run("evacuate", "toy", *QUICK)
    assert outcome.code == 2
    assert "nobody can be evacuated" in " ".join(outcome.err.split())
    assert "Traceback" not in outcome.err


def test_a_folder_that_holds_something_else_is_left_alone(
    run: Callable, folder: Path, tmp_path: Path
) -> None:
    place = tmp_path / "out" / "evacuation"
    place.mkdir(parents=True)
    (place / "letter.txt").write_text("keep me", encoding="utf-8")
    outcome = run("evacuate", folder, *QUICK, "--out", tmp_path / "out")
    assert outcome.code == 2
    assert [path.name for path in place.iterdir()] == ["letter.txt"]


def test_without_time_it_says_so_and_writes_nothing(run: Callable, folder: Path, tmp_path: Path) -> None:
    outcome = run("evacuate", folder, *QUICK, "--time-limit", "0.000001", "--out", tmp_path / "out")
    assert outcome.code not in (0, 1)
    message = " ".join(outcome.err.split())
    assert "no time is left" in message
    assert "give more time, or take longer steps" in message
    assert "Traceback" not in outcome.out + outcome.err
    assert not (tmp_path / "out").exists()

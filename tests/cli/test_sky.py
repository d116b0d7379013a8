"""`vallum sky`."""

import json
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

import vallum.cli.sky
from tests.siting.helpers import made_region, own_ground
from vallum.cli.progress import Progress, ProgressEvent
from vallum.plan.results import read_results
from vallum.plan.sky import SKY
from vallum.region import Region, write_folder

QUICK = ("--budget", "6", "--tracks", "200", "--work", "1", "--threads", "1")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The made region as a folder."""
    place = tmp_path_factory.mktemp("sky") / "region"
    write_folder(dict(made_region().tables), place, title="A small region")
    return place


# ---------------------------------------------------------------- what it says


def test_json_and_the_folder_hold_the_same_tables(run: Callable, folder: Path, tmp_path: Path) -> None:
    outcome = run("sky", folder, *QUICK, "--seed", "3", "--out", tmp_path / "out", "--json")
    assert outcome.code == 0, outcome.err
    document = outcome.document("sky")
    identity = document["identity"]
    assert (identity["budget_meur"], identity["tracks"], identity["seed"]) == (6.0, 200, 3)
    assert (identity["kinds_needed"], identity["service_years"]) == (2, 10.0)
    assert identity["out"] == str(tmp_path / "out" / "sky")
    assert identity["content_hash"] == Region.read(folder).content_hash
    assert set(identity["status"]) == {"national", "joint"}
    found = read_results(SKY, tmp_path / "out" / "sky")
    assert set(document) == {"identity", *found.tables}
    for name, frame in found.tables.items():
        assert document[name] == json.loads(json.dumps(frame.to_dicts())), name
    assert (tmp_path / "out" / "sky" / "map.geojson").is_file()
    assert "Interrupted" not in outcome.err


def test_the_text_answers_the_questions(run: Callable, folder: Path) -> None:
    outcome = run("sky", folder, *QUICK)
    assert outcome.code == 0, outcome.err
    for words in (
        "Warning", "as today", "joint alerting alone", "sensors and alerting together", "in time",
        "Sensors", "A type", "Cover", "at most", "Without a kind", "acoustic", "(all there)",
        "More or less money", "16", "Cases of the past", "NIGHT", "Town", "happened",
        "Sensors that stand today are not public",
    ):  # fmt: skip
        assert words in outcome.out, words
    assert "The tables" not in outcome.out
    assert "Nobody is warned" not in outcome.out
    assert "Traceback" not in outcome.out + outcome.err


def test_a_region_of_ones_own_is_told_that_nobody_is_warned(run: Callable, tmp_path: Path) -> None:
    place = tmp_path / "own"
    write_folder(dict(own_ground(made_region()).tables), place, title="A region of one's own")
    outcome = run("sky", place, *QUICK)
    assert outcome.code == 0, outcome.err
    assert "Nobody is warned: that takes border sectors to cross and municipalities to warn." in outcome.out
    assert "Across a seam" not in outcome.out
    assert "Cases of the past" not in outcome.out


def test_ctrl_c_keeps_the_sitings_and_says_so(
    run: Callable, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Interrupted(Progress):
        """Presses Ctrl-C when the first siting begins."""

        pressed = False

        def __call__(self, event: ProgressEvent) -> None:
            super().__call__(event)
            if event.stage.startswith("siting") and not self.pressed:
                self.pressed = True
                signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(vallum.cli.sky, "Progress", Interrupted)
    outcome = run("sky", folder, *QUICK, "--json")
    assert outcome.code == 0, outcome.err
    assert "Interrupted: these are the best sitings found until then." in outcome.err
    document = outcome.document("sky")
    assert document["siting"]
    assert {row["budget_meur"] for row in document["marginal"]} == {6.0}


# ---------------------------------------------------------------- what it refuses


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--budget", "0"), "greater than 0"), (("--budget", "-5"), "greater than 0"),
        (("--budget", "nan"), "greater than 0"), (("--budget", "inf"), "greater than 0"),
        (("--budget", "much"), "budget"), ((), "--budget"),
        (("--budget", "6", "--tracks", "99"), "from 100 to"),
        (("--budget", "6", "--tracks", "200001"), "from 100 to"),
        (("--budget", "6", "--tracks", "1e3"), "tracks"), (("--budget", "6", "--seed", "-1"), "seed"),
        (("--budget", "6", "--time-limit", "0"), "time-limit"), (("--budget", "6", "--work", "0.5"), "work"),
        (("--budget", "6", "--threads", "0"), "threads"), (("--budget", "6", "--colour", "red"), "colour"),
    ],
)  # fmt: skip
def test_bad_options_are_named(run: Callable, words: tuple[str, ...], said: str) -> None:
    outcome = run("sky", "baltic", *words)
    assert outcome.code == 2
    assert said in outcome.out + outcome.err
    assert "budget" in outcome.out + outcome.err or words[-2] in outcome.out + outcome.err
    assert "Traceback" not in outcome.out + outcome.err


def test_a_region_without_the_tables_says_so(run: Callable) -> None:
    outcome = run("sky", "toy", *QUICK)
    assert outcome.code == 2
    message = " ".join(outcome.err.split())
    assert "sky_settings.csv: The region toy has no table sky_settings" in message
    assert "[sky tables]" in message
    assert "Traceback" not in outcome.err


def test_a_folder_that_holds_something_else_is_left_alone(
    run: Callable, folder: Path, tmp_path: Path
) -> None:
    place = tmp_path / "out" / "sky"
    place.mkdir(parents=True)
    (place / "letter.txt").write_text("keep me", encoding="utf-8")
    outcome = run("sky", folder, *QUICK, "--out", tmp_path / "out")
    assert outcome.code == 2
    assert "letter.txt" in outcome.err
    assert [path.name for path in place.iterdir()] == ["letter.txt"]


@pytest.mark.parametrize(
    ("file", "old", "new", "said"),
    [
        ("sky_purses.csv", "0.4", "0.9", "sky_purses.csv"),
        ("sensor_ranges.csv", "6", "-6", "sensor_ranges.csv"),
        ("sensor_sight.csv", "0.6", "1.6", "sensor_sight.csv"),
        ("sky_areas.csv", "56.10001", "nan", "sky_areas.csv"),
        ("warning_events.csv", "0001", "0002", "warning_events.csv"),
    ],
)
def test_bad_regions_name_the_file(
    run: Callable, folder: Path, tmp_path: Path, file: str, old: str, new: str, said: str
) -> None:
    place = tmp_path / "bad"
    place.mkdir()
    for path in folder.iterdir():
        text = path.read_text(encoding="utf-8")
        if path.name == file:
            assert old in text
            text = text.replace(old, new, 1)
        (place / path.name).write_text(text, encoding="utf-8", newline="")
    outcome = run("sky", place, *QUICK)
    assert outcome.code == 2
    assert said in outcome.err
    assert "Traceback" not in outcome.out + outcome.err

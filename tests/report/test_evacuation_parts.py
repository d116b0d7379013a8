"""What the section on evacuation does without results, with damaged ones, and in its small parts."""

import json
import re
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.report import made_up_evacuation, made_up_sky, made_up_works
from tests.report.made_up import MadeUp
from tests.report.reading import Page, read_page
from tests.report.test_evacuation import section
from vallum.core.errors import BadInput
from vallum.plan.evacuation import EVACUATION as MODEL
from vallum.report import render, study
from vallum.report.figures.evacuation import EVACUATION, PART
from vallum.report.figures.evacuation.arrivals import at_hour, summed
from vallum.report.figures.evacuation.common import PARTS, parts_of
from vallum.report.figures.evacuation.maps import beside
from vallum.report.figures.evacuation.roads import chosen
from vallum.report.text import summary_lines


@pytest.fixture(autouse=True, scope="module")
def _quick(quick_disk: None) -> None:
    """Most tests here write folders."""


@pytest.fixture(scope="module")
def all_of_it(evacuation_folder: Path) -> study.Study:
    return study.read(evacuation_folder)


# ---------------------------------------------------------------- small parts


@given(st.floats(0.0, 1e9), st.floats(0.0, 1.0))
def test_parts_of_time_are_few_and_hold_every_hour(last: float, share: float) -> None:
    parts = parts_of(last)
    assert 1 <= parts.count <= PARTS
    assert parts.count * parts.length >= last * (1 - 1e-9)
    i = parts.within(last * share)
    assert i * parts.length <= last * share * (1 + 1e-9) + 1e-9
    assert last * share <= (i + 1) * parts.length * (1 + 1e-9) + 1e-9


@pytest.mark.parametrize(
    ("last", "length", "heads"),
    [(8.75, 1.0, 9), (12.0, 1.0, 12), (12.25, 2.0, 7), (1.0, 0.25, 4), (0.0, 0.25, 1), (72.0, 6.0, 12)],
)
def test_parts_of_time_are_round(last: float, length: float, heads: int) -> None:
    assert (parts_of(last).length, len(parts_of(last).heads)) == (length, heads)


@given(st.lists(st.floats(0, 99), min_size=1, max_size=40, unique=True))
def test_few_hours_are_chosen_and_the_first_is_one(found: list[float]) -> None:
    found.sort()
    few = chosen(found, 5)
    assert few == sorted(set(few))
    assert few[0] == found[0]
    assert len(few) == min(len(found), 5)


def test_groups_add_up_though_their_hours_differ() -> None:
    assert summed({"car": {1.0: 2, 3.0: 5}, "bus": {2.0: 10}}) == {1.0: 2, 2.0: 12, 3.0: 15}
    assert [at_hour({1.0: 2, 3.0: 5}, h) for h in (0.5, 1.0, 2.9, 9.0)] == [0, 2, 2, 5]


@pytest.mark.parametrize(
    ("tail", "head", "moved"),
    [
        # to the east is to the right: further down; to the north is up: further right
        ((0.0, 0.0), (10.0, 0.0), (0.0, 2.0, 10.0, 2.0)),
        ((0.0, 10.0), (0.0, 0.0), (2.0, 10.0, 2.0, 0.0)),
        ((3.0, 3.0), (3.0, 3.0), (3.0, 3.0, 3.0, 3.0)),
    ],
)
def test_a_direction_lies_on_its_right(
    tail: tuple[float, float], head: tuple[float, float], moved: tuple[float, ...]
) -> None:
    assert beside(tail, head, 2.0) == pytest.approx(moved)


# ---------------------------------------------------------------- absent, stale, alone, damaged


def test_without_an_evacuation_every_figure_names_the_command(page: Page, folder: Path) -> None:
    bare = study.read(folder)
    for make in (PART, *EVACUATION):
        figure = make(bare)
        assert not figure.body
        assert "vallum evacuate REGION --out DIR" in figure.empty
    assert page.text.count("vallum evacuate REGION --out DIR") == 1
    assert not any(key.startswith("t-evac") for key in page.tables)


@pytest.mark.parametrize("rest", ["plan", "sky"])
def test_an_evacuation_of_another_region_is_not_drawn(tmp_path: Path, rest: str) -> None:
    if rest == "plan":
        MadeUp(classes=1).write(tmp_path / "both")
    else:
        made_up_sky.write(tmp_path / "both")
    page = read_page(render(made_up_evacuation.write(tmp_path / "both", region_hash="cd" * 32)))
    assert page.faults == []
    assert "The plan of evacuation in this folder was made from another state of the region" in page.text
    assert not any(key.startswith("t-evac") for key in page.tables)
    assert study.read(tmp_path / "both").stale == {"evacuation"}


def test_an_evacuation_alone_is_a_page_of_its_own(evacuation_alone: Page) -> None:
    assert "Baltic 2026: evacuation" in evacuation_alone.text
    assert "on which roads, and where they sleep" in evacuation_alone.text
    assert "Random runs: seed 7" in evacuation_alone.text
    assert "vallum sky REGION" in evacuation_alone.text


def test_works_and_an_evacuation_make_one_page_and_one_summary(tmp_path: Path) -> None:
    folder = made_up_evacuation.write(made_up_works.write(tmp_path))
    page = read_page(render(folder))
    assert page.faults == []
    assert "Baltic 2026: the Line and evacuation" in page.text
    assert any(line.startswith("All of the belt, 60,000 people") for line in summary_lines(folder))


def test_the_folder_of_the_evacuation_itself_can_be_given(tmp_path: Path) -> None:
    folder = made_up_evacuation.write(tmp_path) / "evacuation"
    assert render(folder) == folder / "report.html"


@pytest.mark.parametrize(("column", "value"), [("lat", 89.0), ("lon", 181.0)])
def test_damaged_places_are_refused(tmp_path: Path, column: str, value: float) -> None:
    found = made_up_evacuation.tables()
    found["places"] = found["places"].with_columns(pl.lit(value).alias(column))
    with pytest.raises(BadInput, match=r"places\.parquet"):
        render(made_up_evacuation.write(tmp_path, found))


@pytest.mark.parametrize("key", ["region", "seed", "versions"])
def test_a_manifest_that_tells_too_little_is_refused(tmp_path: Path, key: str) -> None:
    path = made_up_evacuation.write(tmp_path) / "evacuation" / "manifest.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {key: None}))
    with pytest.raises(BadInput, match=re.escape("manifest.json")):
        render(tmp_path)


@pytest.mark.parametrize("left", [*MODEL.tables])
def test_any_table_may_be_empty(tmp_path: Path, left: str) -> None:
    found = made_up_evacuation.tables() | {left: MODEL.tables[left].empty()}
    page = read_page(render(made_up_evacuation.write(tmp_path, found)))
    assert page.faults == []


def test_nobody_left_and_no_runs_are_said(tmp_path: Path) -> None:
    empty = {name: MODEL.tables[name].empty() for name in ("unserved", "samples")}
    found = made_up_evacuation.tables() | empty
    found["summary"] = found["summary"].with_columns(pl.lit(0, pl.Int64).alias("unserved"))
    page = read_page(render(made_up_evacuation.write(tmp_path, found)))
    assert "Everyone arrives." in section(page, "evac-left")
    assert "if not all comply" not in page.text
    assert "t-evac-samples" not in page.tables


def test_one_mode_is_enough(tmp_path: Path) -> None:
    found = {
        name: frame.filter(pl.col("mode") == "national") if "mode" in frame.columns else frame
        for name, frame in made_up_evacuation.tables().items()
    }
    page = read_page(render(made_up_evacuation.write(tmp_path, found)))
    assert page.faults == []
    assert {r["Evacuation"] for r in page.rows("t-evac")} == {"Alone"}
    assert "→" not in section(page, "getting-out")
    assert section(page, "evac-roads").count('class="chart map') == 2 * 4


def test_words_that_no_table_should_hold_do_not_break_the_page(tmp_path: Path) -> None:
    found = made_up_evacuation.tables()
    for name, frame in found.items():
        words = {"group", "reason", "change", "what", "place_id", "to_node", "state"} & set(frame.columns)
        found[name] = frame.with_columns(*(pl.concat_str(pl.lit("x"), c).alias(c) for c in sorted(words)))
    assert read_page(render(made_up_evacuation.write(tmp_path, found))).faults == []


def test_numbers_out_of_bounds_do_not_break_the_page(tmp_path: Path) -> None:
    """Hours without end must not become as many columns."""
    found = made_up_evacuation.tables()
    for name in ("arrivals", "loads", "departures", "flow"):
        found[name] = found[name].with_columns(pl.col("hour") * 1e10 - 1.0)
    page = read_page(render(made_up_evacuation.write(tmp_path, found)))
    assert page.faults == []
    assert len(page.source) < 1_000_000


def test_an_evacuation_without_rows_has_empty_states(all_of_it: study.Study) -> None:
    assert all_of_it.evacuation is not None
    bare = replace(all_of_it, evacuation=replace(all_of_it.evacuation, tables={}))
    for make in EVACUATION:
        figure = make(bare)
        assert not figure.body or figure.key == "evac-quality", figure.key
        assert figure.empty or figure.key == "evac-quality", figure.key
    assert "Everyone arrives." not in {make(bare).empty for make in EVACUATION}
    assert PART(bare).finding == "The plan of evacuation has no results."

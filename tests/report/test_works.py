"""The section on the works along the border says what the tables of the works say."""

import datetime as dt
import itertools
import json
import re
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.report import made_up_outlook, made_up_works
from tests.report.made_up import MadeUp
from tests.report.reading import Page, read_page
from vallum.core.errors import BadInput
from vallum.report import render, study
from vallum.report.figures.basemap import WIDTH, Frame, frame_of, ground
from vallum.report.figures.works import PART, WORKS
from vallum.report.figures.works.binding import CREWS, OFFICES, SUPPLIES, WINTER, group
from vallum.report.figures.works.common import BUILT, LANDED
from vallum.report.figures.works.schedule import spans
from vallum.report.parts import Figure
from vallum.report.text import summary_lines
from vallum.report.words import month


@pytest.fixture(scope="module")
def all_of_it(works_folder: Path) -> study.Study:
    return study.read(works_folder)


def drawn(found: study.Study, key: str) -> Figure:
    return next(figure for make in (PART, *WORKS) if (figure := make(found)).key == key)


def cells(page: Page, tag: str, pattern: str) -> list[str]:
    """Texts of the titles (the words on a mark of a picture) that fit a pattern."""
    return [t for t in re.findall(rf"<{tag}>([^<]*)</{tag}>", page.source) if re.search(pattern, t)]


# ---------------------------------------------------------------- what each figure says


def test_every_figure_is_drawn_with_a_finding_and_a_table(all_of_it: study.Study) -> None:
    for make in WORKS:
        figure = make(all_of_it)
        assert figure.finding, figure.key
        assert figure.tables, figure.key
        assert figure.of == "works", figure.key
        assert all(t.rows for t in figure.tables), figure.key
        if figure.key != "works-quality":
            assert figure.body, figure.key
            assert figure.note, figure.key


def test_opening_has_the_finish_of_all_kinds_with_a_target(works: Page) -> None:
    rows = works.rows("t-works")
    assert [(r["State"], r["Works"]) for r in rows[:2]] == [("Estonia", "Alone"), ("Estonia", "Together")]
    # week 80 + 20 of the runs; a state that missed its forecast shows no late finish
    assert rows[1]["Half of the runs"] == month(made_up_works.week(100))
    assert rows[1]["Half, decided again every week"] == month(made_up_works.week(96))
    assert {r["State"] for r in rows if r["80 of 100 runs"] == "not shown"} == {"Estonia"}
    # of the three ditches only Estonia's has a chance of a half
    assert "Of 3 such kinds of works, 1 meets its target" in works.text.replace("\u00a0", " ")


def test_schedule_has_a_bar_for_each_stage_and_a_mark_for_each_target(works: Page) -> None:
    # alone and together, three states, two kinds: one span of design and tender, of land and permits, of building
    bars = [a for a in works.all("rect") if a.get("class") in ("k-prep", "k-land", "k-build")]
    spanned = cells(works, "title", r"(design and tender|land and permits|building): \d{4}-")
    assert len(spanned) == 2 * 3 * 2 * 3
    assert len(bars) > len(spanned)  # those of the chain and the costs as well
    assert len([a for a in works.all("line") if a.get("class") == "tick-target"]) == 2 * 3
    joint = made_up_works.week(45 + 15)
    assert f"Anti-tank ditch, land and permits: {made_up_works.week(30)} to {joint}" in spanned


def test_the_finding_counts_what_is_late(all_of_it: study.Study) -> None:
    # together, ditches are scheduled for weeks 80, 106 and 132; the target is week 95
    finding = drawn(all_of_it, "works-schedule").finding.replace("\u00a0", " ")
    assert (
        "of 3 kinds of works with a published target 2 are late in the schedule itself and 3 in half"
        in finding
    )
    late = (made_up_works.week(152) - made_up_works.TARGET).days / (365.25 / 12)
    assert f"Anti-tank ditch in Latvia, by {round(late)} months" in finding


def test_progress_has_a_chart_for_each_kind_and_the_ends_of_the_years(works: Page) -> None:
    charts = [a for a in works.all("title") if a.get("id", "").startswith("c-progress-")]
    assert len(charts) == 3 * 2
    rows = works.rows("t-works-progress")
    assert len(rows) == 3 * 2 * 10
    first = next(r for r in rows if r["State"] == "Estonia" and r["End of"] == "2027" and r["Unit"] == "km")
    # together week 80 is in September 2027, alone it is week 106
    assert (first["In the schedule"], first["p50"], first["p90"], first["p50 alone"]) == (
        "40",
        "0",
        "40",
        "0",
    )


def test_charts_end_soon_after_nothing_changes_any_more(works: Page) -> None:
    told = cells(works, "title", r"^Q\d \d{4}, km: ")
    last = max(re.findall(r"^Q(\d) (\d{4})", "\n".join(told), re.MULTILINE), key=lambda q: (q[1], q[0]))
    # Latvia's posts alone: week 171, 36 weeks later at the latest, is in the first quarter of 2030
    assert last == ("3", "2030")


def test_the_forecast_is_held_against_what_came(works: Page, all_of_it: study.Study) -> None:
    assert [r["Within the band"] for r in works.rows("t-works-calibration")] == ["yes", "no"]
    finding = drawn(all_of_it, "works-calibration").finding.replace("\u00a0", " ")
    assert finding.startswith("Of 2 facts after 2024-12-31, 1 came within the band of 90 %")
    assert "say little" in finding


def test_maps_shade_each_sector_by_its_complete_layers(works: Page) -> None:
    maps = [a for a in works.all("svg") if "map" in a.get("class", "").split()]
    assert len(maps) == 2 * 3
    shades = [a["class"].split()[1] for a in works.all("use") if a.get("class", "").startswith("sector ")]
    assert len(shades) == 6 * 6
    assert shades.count("none") == 6 * 3
    rows = {r["Sector"]: r for r in works.rows("t-works-map")}
    depth = made_up_works.tables()["depth"].filter(state="LT", mode="joint", year=2027)["layers"].item()
    assert rows["LT 1 of 2"]["Together, end of 2027"] == str(depth)
    assert rows["LT 2 of 2"]["Together, end of 2027"] == "–"
    assert shades.count("l2") == sum(
        made_up_works.tables()["depth"].filter(pl.col("year").is_in([2027, 2030, 2035]))["layers"] == 2
    )


def test_map_is_true_to_scale_at_its_middle() -> None:
    frame = Frame(20.0, 59.0, 30.0, 61.0)
    # at 60 degrees a degree of longitude is half as long as one of latitude
    assert frame.height == pytest.approx(2 * WIDTH / 10 * 2)
    assert frame.place((20.0, 61.0)) == (0.0, 0.0)
    assert frame.place((30.0, 59.0)) == pytest.approx((WIDTH, frame.height))


def test_frame_holds_every_outline() -> None:
    frame = frame_of({"a": ((20.0, 55.0), (21.0, 56.0)), "b": ((28.0, 59.0), (27.0, 58.0))})
    assert (frame.west < 20.0, frame.south < 55.0, frame.east > 28.0, frame.north > 59.0) == (True,) * 4


def test_the_ground_is_coarse_and_small() -> None:
    points = [p for layer in ("coast", "land") for line in ground()[layer] for p in line]
    assert all(abs(v / 0.02 - round(v / 0.02)) < 1e-6 for p in points for v in p)
    assert len(json.dumps(ground())) < 40_000
    assert "public domain" in ground()["licence"]


def test_depth_has_a_row_for_each_sector_with_layers(works: Page) -> None:
    section = works.source.split('id="works-depth"')[1].split("<details")[0]
    assert section.count('<th scope="row"') == 2 * 3
    assert section.count("</td>") == 2 * 3 * 10
    assert section.count(">2/2</td>") == made_up_works.tables()["depth"].filter(pl.col("layers") == 2).height


def test_what_binds_is_grouped_and_steps_are_the_ten_most_often_on_the_chain(works: Page) -> None:
    rows = works.rows("t-works-binding")
    assert len(rows) == 2 * 3 * len(made_up_works.CHAIN)
    assert {r["Group"] for r in rows if r["What"] == "waiting for joint crews"} == {CREWS[1]}
    assert "Estonia land and permits (29%)" in works.text  # 30 of 104 weeks
    assert "38% waiting" in works.text  # 40 of 104 weeks
    steps = works.rows("t-works-critical")
    assert len(steps) == 2 * 3 * 10
    assert steps[0]["Step"] == "step11"
    assert steps[0]["Where"] == "EE 1 of 2, private land"


@pytest.mark.parametrize(
    ("what", "wanted"),
    [
        ("land", LANDED), ("install", BUILT), ("winter", WINTER), ("waiting for LV permits", OFFICES),
        ("waiting for joint machines", CREWS), ("waiting for a place", SUPPLIES), ("anything else", WINTER),
    ],
)  # fmt: skip
def test_groups(what: str, wanted: tuple[str, str]) -> None:
    assert group(what) == wanted


def test_levers_are_ranked_and_sharing_stands_first(works: Page) -> None:
    rows = [r for r in works.rows("t-works-levers") if r["State"] == "Latvia"]
    assert [r["Lever"] for r in rows] == ["Lever joint", "Lever crew", "Lever state_land"]
    assert rows[1]["Protection, months earlier"] == "5.0"
    text = works.text.replace("\u00a0", " ")
    assert "Latvia: Lever crew (5.0 months earlier)" in text
    assert "All sharing together: Estonia 6.0 months earlier" in text
    assert "the last finish may come later" in text


def test_what_ages_has_its_range_and_what_serves_in_peace_its_share(all_of_it: study.Study) -> None:
    finding = drawn(all_of_it, "works-refresh").finding
    # 20 of 100, from 10 of 90 to 70 of 150; one of two equal kinds serves in peace
    assert "Estonia 20% (11% to 47%)" in finding
    assert "serve in peace as well take: Estonia 50%" in finding


def test_bounds_and_what_is_left_out_are_stated(works: Page) -> None:
    text = works.text.replace("\u00a0", " ")
    assert "together a better schedule by up to 40.0% is not ruled out" in text
    assert "left out: alone EUR 7.0m and together EUR 4.0m" in text
    assert len(works.rows("t-works-unfunded")) == 2
    assert "works_activities" in text


# ---------------------------------------------------------------- small parts


def test_spans_that_touch_are_one() -> None:
    day = [dt.date(2026, 1, d) for d in range(1, 10)]
    found = [(day[4], day[6]), (day[0], day[2]), (day[2], day[3]), (day[5], day[5]), (day[1], day[2])]
    assert spans(found) == [(day[0], day[3]), (day[4], day[6])]


@given(st.lists(st.tuples(st.integers(0, 40), st.integers(0, 10))))
def test_spans_cover_the_same_days(found: list[tuple[int, int]]) -> None:
    start = dt.date(2026, 1, 1)
    given_spans = [(start + dt.timedelta(a), start + dt.timedelta(a + n)) for a, n in found]
    joined = spans(given_spans)
    covered = [
        {(s + dt.timedelta(i)) for s, e in listed for i in range((e - s).days)}
        for listed in (given_spans, joined)
    ]
    assert covered[0] == covered[1]
    assert all(a[1] < b[0] for a, b in itertools.pairwise(joined))


# ---------------------------------------------------------------- absent, stale, alone


def test_without_works_every_figure_names_the_command(folder: Path, page: Page) -> None:
    bare = study.read(folder)
    assert bare.works is None
    for make in (PART, *WORKS):
        figure = make(bare)
        assert not figure.body
        assert "vallum line REGION --out DIR" in figure.empty
    assert page.text.count("vallum line REGION --out DIR") == 1
    assert not any(key.startswith("t-works") for key in page.tables)


@pytest.mark.parametrize("rest", ["plan", "outlook"])
def test_works_of_another_region_are_not_drawn(tmp_path: Path, rest: str) -> None:
    if rest == "plan":
        folder = MadeUp(classes=1).write(tmp_path / "plan")
    else:
        folder = tmp_path / "both"
        made_up_outlook.write_alone(folder / "fiscal")
    page = read_page(render(made_up_works.write(folder, region_hash="cd" * 32)))
    assert page.faults == []
    assert "was made from another state of the region than the rest, so it is not shown" in page.text
    assert not any(key.startswith("t-works") for key in page.tables)
    assert study.read(folder).stale == {"works"}


def test_works_alone_are_a_page_of_their_own(works_alone: Page) -> None:
    assert "Baltic 2026: the Line" in works_alone.text
    assert "t-works-finish" in works_alone.tables
    assert not {"t-programmes-together", "t-fiscal"} & set(works_alone.tables)
    assert "vallum fiscal REGION" in works_alone.text


def test_the_folder_of_works_itself_can_be_given(tmp_path: Path) -> None:
    folder = made_up_works.write(tmp_path) / "works"
    assert study.read(folder).works is not None
    assert render(folder) == folder / "report.html"


def test_outlook_and_works_make_one_page(tmp_path: Path) -> None:
    made_up_outlook.write_alone(tmp_path / "fiscal")
    held = json.loads((tmp_path / "fiscal" / "manifest.json").read_text())["region"]["content_hash"]
    page = read_page(render(made_up_works.write(tmp_path, region_hash=held)))
    assert page.faults == []
    assert "Baltic 2026: public finances and the Line" in page.text
    assert {"t-fiscal-debt", "t-works-finish"} <= set(page.tables)
    lines = summary_lines(tmp_path)
    assert [any(word in line for line in lines) for word in ("debt moves", "published target done by")] == [
        True
    ] * 2


@pytest.mark.parametrize(
    ("table", "column", "text"),
    [
        ("finish", "planned", "soon"),
        ("sectors", "outline", "27 56;here"),
        ("sectors", "outline", "27 56;nan 1"),
        ("sectors", "outline", "200 56;1 1"),
        ("sectors", "outline", "27 56 1"),
    ],
)
def test_damaged_text_is_refused(tmp_path: Path, table: str, column: str, text: str) -> None:
    found = made_up_works.tables()
    found[table] = found[table].with_columns(pl.lit(text).alias(column))
    with pytest.raises(BadInput, match=rf"{table}\.parquet"):
        render(made_up_works.write(tmp_path, found))


@pytest.mark.parametrize("key", ["region", "runs", "versions", "start"])
def test_a_manifest_that_tells_too_little_is_refused(tmp_path: Path, key: str) -> None:
    path = made_up_works.write(tmp_path) / "works" / "manifest.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {key: None}))
    with pytest.raises(BadInput, match=re.escape("manifest.json")):
        render(tmp_path)


def test_without_outlines_there_is_a_table_and_no_map(tmp_path: Path) -> None:
    found = made_up_works.tables()
    found["sectors"] = found["sectors"].with_columns(pl.lit("").alias("outline"))
    figure = drawn(study.read(made_up_works.write(tmp_path, found)), "works-map")
    assert not figure.body
    assert "no outlines" in figure.empty
    assert figure.tables[0].rows


def test_an_outline_that_is_far_away_is_drawn_without_ground(tmp_path: Path) -> None:
    found = made_up_works.tables()
    found["sectors"] = found["sectors"].with_columns(pl.lit("-60 -30;-61 -31").alias("outline"))
    page = read_page(render(made_up_works.write(tmp_path, found)))
    assert page.faults == []
    assert "Riga" not in page.text


def test_one_mode_is_enough(tmp_path: Path) -> None:
    found = {
        name: frame.filter(mode="national") if "mode" in frame.columns else frame
        for name, frame in made_up_works.tables().items()
    }
    page = read_page(render(made_up_works.write(tmp_path, found)))
    assert page.faults == []
    assert {r["Works"] for r in page.rows("t-works")} == {"Alone"}


def test_works_without_rows_have_empty_states(all_of_it: study.Study) -> None:
    assert all_of_it.works is not None
    bare = replace(all_of_it, works=replace(all_of_it.works, tables={}, outlines={}))
    for make in WORKS:
        figure = make(bare)
        assert not figure.body, figure.key
        assert figure.empty or figure.key == "works-quality", figure.key
    assert "no kind of works" in PART(bare).finding

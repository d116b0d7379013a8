"""The section on sensors and warning says what its tables say."""

import json
import re
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.report import made_up_sky, made_up_works
from tests.report.made_up import MadeUp
from tests.report.reading import Page, read_page
from vallum.core.errors import BadInput
from vallum.plan.sky import SKY as MODEL
from vallum.report import render, study
from vallum.report.figures.sky import PART, SKY
from vallum.report.figures.sky.maps import Scale, scale_of
from vallum.report.figures.sky.replay import axis_of, clock
from vallum.report.parts import Figure
from vallum.report.text import summary_lines


@pytest.fixture(autouse=True, scope="module")
def _quick(quick_disk: None) -> None:
    """Most tests here write folders."""


@pytest.fixture(scope="module")
def all_of_it(sky_folder: Path) -> study.Study:
    return study.read(sky_folder)


def drawn(found: study.Study, key: str) -> Figure:
    return next(figure for make in (PART, *SKY) if (figure := make(found)).key == key)


def plain(text: str) -> str:
    return text.replace("\u00a0", " ").replace("\u2212", "-")


def titles(page: Page, pattern: str) -> list[str]:
    """Texts of the words on marks of pictures that fit a pattern."""
    return [
        t for t in map(plain, re.findall(r"<title>([^<]*)</title>", page.source)) if re.search(pattern, t)
    ]


# ---------------------------------------------------------------- what each figure says


def test_every_figure_is_drawn_with_a_finding_a_note_and_a_table(all_of_it: study.Study) -> None:
    for make in (PART, *SKY):
        figure = make(all_of_it)
        assert figure.finding, figure.key
        assert figure.body, figure.key
        assert figure.note, figure.key
        assert figure.of == "sky", figure.key
        assert figure.tables, figure.key
        assert all(t.rows for t in figure.tables), figure.key
        assert all(len(row) == len(t.heads) for t in figure.tables for row in t.rows), figure.key


def test_opening_goes_from_today_to_all_together(sky: Page, all_of_it: study.Study) -> None:
    text = plain(drawn(all_of_it, "the-sky").finding)
    assert (
        "as today -10.0; joint alerting alone 2.0; sensors of each state, alerting as today 5.0; "
        "shared sensors, joint alerting 20.0" in text
    )
    section = plain(sky.source.split('id="the-sky"')[1].split("<details")[0])
    large = [plain(b) for b in re.findall(r'class="big">([^<]*)<', section)]
    assert large == ["-10.0", "2.0", "5.0", "20.0", "30% → 60%", "EUR 90m"]
    # the band of the assumptions, 80 of 100, people in time, the proven gap and the money of all states
    assert "14.0 to 27.0 by the assumptions; 80 of 100 have 5.0 to 35.0" in section
    assert "In time: 500 of 1,000 people a track" in section
    assert "siting within 1.0% of the best" in section
    assert "Alone: EUR 87m of EUR 90m; together: EUR 90m of EUR 91m" in section


def test_the_table_has_every_variant_of_all_and_of_each_state(sky: Page) -> None:
    rows = sky.rows("t-sky")
    assert len(rows) == 6 * 4
    assert [r["State"] for r in rows[::6]] == ["All", "Estonia", "Lithuania", "Latvia"]
    assert rows[0]["Variant"] == "As today"
    assert plain(rows[0]["10 of 100 have less"]) == "-25.0"
    # the third state by code has two minutes more
    assert [r["Minutes, mean"] for r in rows if r["State"] == "Latvia"][-1] == "22.0"


def test_maps_shade_sectors_and_dots_by_minutes(sky: Page) -> None:
    section = sky.source.split('id="sky-minutes"')[1].split("<details")[0]
    assert section.count('class="chart map') == 4
    dots = re.findall(
        r'<circle cx="[^"]*" cy="[^"]*" r="([^"]*)" class="place ([^"]*)" data-states="(..)"', section
    )
    assert len(dots) == 4 * 6
    # four times the people are twice the radius; nothing passes one town
    assert {float(r) for r, _, _ in dots} == {5.5, 11.0}
    assert sum(kind == "none" for _, kind, _ in dots) == 4
    lines = re.findall(r'<use href="#sky-outline-\d+" class="(sector|place) ([^"]*)"', section)
    assert len(lines) == 4 * 7
    # only as today does the alert come after the arrival
    late = [kind for _, kind in lines[:7] if kind.endswith("ramp-gap")]
    assert len(late) == 6
    assert not any(kind.endswith("ramp-gap") for _, kind in lines[7:])
    assert "EE town 1: 2.0 min" in titles(sky, "town")


def test_the_table_of_minutes_leaves_out_what_no_track_passes(sky: Page) -> None:
    rows = {r["Place"]: r for r in sky.rows("t-sky-minutes")}
    assert len(rows) == 6 + 5
    assert "LT town 2" not in rows
    assert rows["LV town 1"]["Shared sensors, joint alerting"] == "22.0"
    assert rows["EE 1 of 2"]["Shared sensors, joint alerting"] == "25.0"


def test_cover_is_drawn_for_both_and_units_are_counts_by_place(sky: Page, all_of_it: study.Study) -> None:
    section = sky.source.split('id="sky-cover"')[1].split("<details")[0]
    assert section.count('class="chart map') == 2
    assert "EE town 1: 60%, at least one kind 90%" in titles(sky, "town")
    assert "30% with enough kinds to confirm" in plain(drawn(all_of_it, "sky-cover").finding)
    rows = sky.rows("t-sky-units")
    assert [r["State"] for r in rows] == ["Estonia", "Estonia", "Lithuania", "Lithuania", "Latvia", "Latvia"]
    assert [(r["Units, alone"], r["Units, together"]) for r in rows[::2]] == [
        ("3", "5"),
        ("4", "6"),
        ("5", "7"),
    ]
    assert len(sky.rows("t-sky-cover")) == 13  # a point is not watched


def test_stages_stack_money_and_set_cover_beside_its_bound(sky: Page, all_of_it: study.Study) -> None:
    told = titles(sky, "^2028, EUR m: ")
    # three states: 30 bought, 2 x 3 upkeep, 4 x 3 crew, 1.5 replaced
    assert told.count("2028, EUR m: purchases 30; upkeep 6; crew 12; replacement 1.50") == 2
    assert told.count("2028, EUR m: purchases 10; upkeep 2; crew 4; replacement 0.50") == 2 * 3
    assert (
        "cover is 60%, and 65% is the most that the money could give"
        in drawn(all_of_it, "sky-stages").finding
    )
    assert len(sky.rows("t-sky-years")) == 2 * 3 * 3
    assert len(sky.rows("t-sky-stage-bounds")) == 2 * 3


def test_loss_has_bars_for_each_kind_alone_and_together(sky: Page, all_of_it: study.Study) -> None:
    bars = titles(sky, "enough kinds to confirm: ")
    assert "Without acoustic, together, enough kinds to confirm: 24%" in bars
    assert len(bars) == 2 * 3
    assert "Together, the loss of acoustic weighs most: 24%" in drawn(all_of_it, "sky-loss").finding


def test_marginal_says_what_the_first_and_the_last_ten_million_bring(all_of_it: study.Study) -> None:
    finding = plain(drawn(all_of_it, "sky-marginal").finding)
    assert "Together, EUR 10m more bring 3.0 minutes up to EUR 50m and 1.0 near EUR 200m." in finding


def test_replay_has_events_and_alerts_on_a_clock(sky: Page, all_of_it: study.Study) -> None:
    told = titles(sky, r"\d\d:\d\d")
    assert "First calls: 03:30, 03:20 to 03:35" in told
    assert "LV town 1, sensors: alert 03:49, 03:44 to 03:54 in 80 of 100 runs" in told
    assert "sensors and joint alerting 30.0 (25.0 to 35.0)" in drawn(all_of_it, "sky-replay").finding
    assert "Dawn of may, 5,000 people" in drawn(all_of_it, "sky-replay").finding
    assert [r["Places"] for r in sky.rows("t-sky-events")] == ["–", "LV town 1, LV town 2", "LV town 2"]
    assert len(sky.rows("t-sky-replay")) == 2 * 4


def test_seams_have_a_row_for_each_pair_and_variant(sky: Page, all_of_it: study.Study) -> None:
    assert len(sky.rows("t-sky-seams")) == 6 * 6
    assert "as today -13.0 (0% in time)" in plain(drawn(all_of_it, "sky-seams").finding)


def test_what_is_assumed_is_said(sky: Page) -> None:
    for said in (
        "are not public and are counted as none",
        "ends on 20 May 2026: after that they are missing, not quiet",
        "forest, hills and houses make sensors see less",
        "a better siting by up to 1.0% is not ruled out",
    ):
        assert said in plain(sky.text)
    assert "confirmed when 2 kinds of sensors see it" in sky.text
    assert "4,000 random tracks" in sky.text
    assert [r["Confidence"] for r in sky.rows("t-sky-types")] == ["low", "low"]


# ---------------------------------------------------------------- small parts


@example([1501.0], 0.0)
@given(st.lists(st.floats(-1e4, 1e4), min_size=1, max_size=60), st.floats(-1e4, 1e4))
def test_a_scale_has_zero_as_a_bound_and_shades_that_deepen_from_it(
    values: list[float], value: float
) -> None:
    scale = scale_of(values)
    assert 0.0 in scale.bounds
    assert list(scale.bounds) == sorted(set(scale.bounds))
    assert scale.kind(value).endswith("ramp-gap" if value <= 0 else "ramp-use")
    shades = [int(kind[1]) for kind, _ in scale.items()]
    late = scale.bounds.index(0.0) + 1
    assert shades[:late] == sorted(shades[:late], reverse=True)
    assert shades[late:] == sorted(shades[late:])
    assert set(shades) <= set(range(1, 7))
    # no two classes of the legend look the same
    assert len({kind for kind, _ in scale.items()}) == len(scale.bounds) + 1


def test_the_outermost_values_do_not_widen_a_scale() -> None:
    assert scale_of([*range(1, 60), 900.0]).bounds == (0.0, 10.0, 20.0, 30.0, 40.0, 50.0)
    assert Scale((-10.0, 0.0)).items() == [
        ("h6 ramp-gap", "up to −10"), ("h3 ramp-gap", "−10 to 0"), ("h6 ramp-use", "more than 0"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("minute", "wanted"), [(210, "03:30"), (249.4, "04:09"), (1439.6, "00:00 (+1 d)"), (-5, "23:55 (−1 d)")]
)
def test_clock(minute: float, wanted: str) -> None:
    assert clock(minute) == wanted


@given(st.lists(st.floats(-1e5, 1e5), min_size=1, max_size=9))
def test_an_axis_holds_its_values_in_few_steps(values: list[float]) -> None:
    axis = axis_of(values)
    assert axis.low <= min(values) <= max(values) <= axis.high
    assert 2 <= len(axis.ticks) <= 9
    assert axis.ticks[-1] == pytest.approx(axis.high)


# ---------------------------------------------------------------- absent, stale, alone, damaged


def test_without_sensors_every_figure_names_the_command(page: Page, folder: Path) -> None:
    bare = study.read(folder)
    for make in (PART, *SKY):
        figure = make(bare)
        assert not figure.body
        assert "vallum sky REGION --out DIR" in figure.empty
    assert page.text.count("vallum sky REGION --out DIR") == 1
    assert not any(key.startswith("t-sky") for key in page.tables)


@pytest.mark.parametrize("rest", ["plan", "works"])
def test_sensors_of_another_region_are_not_drawn(tmp_path: Path, rest: str) -> None:
    if rest == "plan":
        MadeUp(classes=1).write(tmp_path / "both")
    else:
        made_up_works.write(tmp_path / "both")
    page = read_page(render(made_up_sky.write(tmp_path / "both", region_hash="cd" * 32)))
    assert page.faults == []
    assert "was made from another state of the region than the rest, so it is not shown" in page.text
    assert not any(key.startswith("t-sky") for key in page.tables)
    assert study.read(tmp_path / "both").stale == {"sky"}


def test_sensors_alone_are_a_page_of_their_own(sky_alone: Page) -> None:
    assert "Baltic 2026: the sky" in sky_alone.text
    assert "how long before it comes people are told" in sky_alone.text
    assert "t-works-finish" not in sky_alone.tables
    assert "vallum line REGION" in sky_alone.text


def test_works_and_sensors_make_one_page_and_one_summary(tmp_path: Path) -> None:
    folder = made_up_sky.write(made_up_works.write(tmp_path))
    page = read_page(render(folder))
    assert page.faults == []
    assert "Baltic 2026: the Line and the sky" in page.text
    assert any("Minutes of warning" in line for line in summary_lines(folder))


def test_the_folder_of_sensors_itself_can_be_given(tmp_path: Path) -> None:
    folder = made_up_sky.write(tmp_path) / "sky"
    assert render(folder) == folder / "report.html"


@pytest.mark.parametrize(
    ("column", "value"),
    [("outline", "27 56;here"), ("outline", "27 56;nan 1"), ("lat", 89.0), ("lon", 181.0)],
)
def test_damaged_places_are_refused(tmp_path: Path, column: str, value: object) -> None:
    found = made_up_sky.tables()
    found["places"] = found["places"].with_columns(pl.lit(value).alias(column))
    with pytest.raises(BadInput, match=r"places\.parquet"):
        render(made_up_sky.write(tmp_path, found))


@pytest.mark.parametrize("key", ["region", "tracks", "kinds_needed", "seed"])
def test_a_manifest_that_tells_too_little_is_refused(tmp_path: Path, key: str) -> None:
    path = made_up_sky.write(tmp_path) / "sky" / "manifest.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {key: None}))
    with pytest.raises(BadInput, match=re.escape("manifest.json")):
        render(tmp_path)


@pytest.mark.parametrize("left", [*MODEL.tables])
def test_any_table_may_be_empty(tmp_path: Path, left: str) -> None:
    found = {name: frame for name, frame in made_up_sky.tables().items() if name != left}
    found[left] = MODEL.tables[left].empty()
    page = read_page(render(made_up_sky.write(tmp_path, found)))
    assert page.faults == []


def test_one_budget_is_a_table_and_no_picture(tmp_path: Path) -> None:
    found = made_up_sky.tables()
    found["marginal"] = found["marginal"].filter(pl.col("per_10_meur").is_null())
    figure = drawn(study.read(made_up_sky.write(tmp_path, found)), "sky-marginal")
    assert not figure.body
    assert figure.empty == "No other budget was sited."
    assert len(figure.tables[0].rows) == 2


def test_one_mode_is_enough(tmp_path: Path) -> None:
    found = made_up_sky.tables()
    for name, frame in found.items():
        for column in ("mode", "sensors"):
            if column in frame.columns:
                found[name] = found[name].filter(pl.col(column) != "joint")
    page = read_page(render(made_up_sky.write(tmp_path, found)))
    assert page.faults == []
    assert {r["Sensors"] for r in page.rows("t-sky-years")} == {"Alone"}
    assert page.source.split('id="sky-minutes"')[1].count('class="chart map') == 3 + 1


def test_words_that_no_table_should_hold_do_not_break_the_page(tmp_path: Path) -> None:
    found = made_up_sky.tables()
    for name, frame in found.items():
        for column in {"mode", "sensors", "alerting", "variant", "what", "place_id", "state"} & set(
            frame.columns
        ):
            found[name] = found[name].with_columns(pl.concat_str(pl.lit("x"), column).alias(column))
    assert read_page(render(made_up_sky.write(tmp_path, found))).faults == []


def test_a_siting_without_rows_has_empty_states(all_of_it: study.Study) -> None:
    assert all_of_it.sky is not None
    bare = replace(all_of_it, sky=replace(all_of_it.sky, tables={}, outlines={}))
    for make in SKY:
        figure = make(bare)
        assert not figure.body or figure.key == "sky-quality", figure.key
        assert figure.empty or figure.key == "sky-quality", figure.key
    assert "no track was followed" in PART(bare).finding

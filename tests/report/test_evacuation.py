"""The section on evacuation says what its tables say."""

import re
from pathlib import Path

import pytest

from tests.report.reading import Page
from vallum.report import study
from vallum.report.figures.evacuation import EVACUATION, PART
from vallum.report.parts import Figure

NOT_REAL = "The graph lacks minor roads, so a corridor is not a real choke point."


@pytest.fixture(autouse=True, scope="module")
def _quick(quick_disk: None) -> None:
    """Most tests here write folders."""


@pytest.fixture(scope="module")
def all_of_it(evacuation_folder: Path) -> study.Study:
    return study.read(evacuation_folder)


def drawn(found: study.Study, key: str) -> Figure:
    return next(figure for make in (PART, *EVACUATION) if (figure := make(found)).key == key)


def plain(text: str) -> str:
    return text.replace("\u00a0", " ").replace("\u2212", "-")


def titles(page: Page, pattern: str) -> list[str]:
    """Texts of the words on marks of pictures that fit a pattern."""
    return [
        t for t in map(plain, re.findall(r"<title>([^<]*)</title>", page.source)) if re.search(pattern, t)
    ]


def section(page: Page, key: str) -> str:
    return plain(page.source.split(f'<section class="figure" id="{key}"')[1].split("</section>\n<section")[0])


# ---------------------------------------------------------------- what each figure says


def test_every_figure_is_drawn_with_a_finding_a_note_and_a_table(all_of_it: study.Study) -> None:
    for make in (PART, *EVACUATION):
        figure = make(all_of_it)
        assert figure.finding, figure.key
        assert figure.body, figure.key
        assert figure.note, figure.key
        assert figure.of == "evacuation", figure.key
        assert figure.tables, figure.key
        assert all(t.rows for t in figure.tables), figure.key
        assert all(len(row) == len(t.heads) for t in figure.tables for row in t.rows), figure.key


def test_the_opening_sets_alone_beside_together_for_each_scenario(
    evacuation: Page, all_of_it: study.Study
) -> None:
    text = plain(drawn(all_of_it, "getting-out").finding)
    assert (
        "All of the belt, 60,000 people: alone 95 of 100 of those who arrive are there after 12.0 hours, 900 do "
        "not arrive; together 95 of 100 of those who arrive are there after 9.5 hours, all arrive. One city, "
        "30,000 people:" in text
    )
    opening = section(evacuation, "getting-out")
    large = re.findall(r'class="big">([^<]*)<', opening)
    assert large == [
        "900 → 0", "12.0 → 9.5", "13.0 → 10.5",
        "900 → 0", "7.0 → 6.5", "8.0 → 7.5",
    ]  # fmt: skip
    for said in (
        "Half: alone 6.0; together 4.8. All who arrive: alone 13.0; together 10.5. None is",
        "None is done sooner than: alone –; together 10.0.",
        "Not as many arrive in both, so their hours do not compare.",
        "alone distance from the best not known; together within 1.0% of the best",
        "Alone: places 300, roads 300, vehicles 300, at least 600 by any plan; together: nobody is left.",
        "In 90 of 100 runs at most: alone 15.0; together 12.5.",
        "30,000 to 55,000 people leave in 80 of 100 of 40 runs",
    ):
        assert said in opening, said


def test_the_table_has_every_scenario_and_mode(evacuation: Page) -> None:
    rows = evacuation.rows("t-evac")
    assert [(r["Scenario"], r["Evacuation"]) for r in rows] == [
        ("All of the belt", "Alone"), ("All of the belt", "Together"), ("One city", "Alone"), ("One city", "Together"),
    ]  # fmt: skip
    assert rows[0]["Gap"] == rows[0]["None is done sooner than"] == "–"
    assert rows[1]["Arrive"] == "60,000"


def test_the_first_scenario_is_open_and_the_others_are_folded(evacuation: Page) -> None:
    for key in ("evac-arrivals", "evac-roads", "evac-corridors", "evac-reception", "evac-departures"):
        text = section(evacuation, key)
        assert '<section aria-label="All of the belt">' in text, key
        assert '<details class="fold"><summary>One city</summary>' in text, key


def test_arrivals_are_curves_with_the_least_time_marked(evacuation: Page, all_of_it: study.Study) -> None:
    # 59,100 arrive alone: 80, 15 and 5 of 100
    assert (
        "alone 47,280 by car, 8,865 by bus, 2,955 by train; together 48,000 by car"
        in drawn(all_of_it, "evac-arrivals").finding
    )
    # who left at once keeps arriving: half of them by hour 5
    assert "By hour 4: alone 23,640; together 24,000" in titles(evacuation, "^By hour 4")
    # alone not all can arrive at all
    assert titles(evacuation, "done sooner") == [
        "Together, no evacuation is done sooner: 10.0 h",
        "Together, no evacuation is done sooner: 7.0 h",
    ]
    assert "Alone: 13 to 15" in titles(evacuation, "^Alone: 13")
    last = evacuation.rows("t-evac-arrivals")[9]
    assert (last["By hour"], last["All"]) == ("10", "59,100")


def test_maps_show_people_as_dots_and_vehicles_as_lines(evacuation: Page) -> None:
    text = section(evacuation, "evac-roads")
    # for each scenario and mode: who leaves and receives, then three parts of the time
    assert text.count('class="chart map') == 2 * 2 * (1 + 3)
    assert "LV border: 20,000 to leave" in titles(evacuation, "to leave")
    assert "LV host: 19,700 received" in titles(evacuation, "received")
    lines = re.findall(r'class="road l(\d)" stroke-width="([^"]*)" data-states="([A-Z ]*)"', text)
    assert len(lines) == 2 * 2 * 3 * 9
    # the third state's road in the last part of the time is the widest, and full by 90 of 100
    assert lines.count(("6", "7", "EE")) == 2 * 2 * 3
    assert "EE east to EE west, A3: 3,600 an hour, 90% used" in titles(evacuation, "90%")
    assert "EE border to EE east, way to the road" in plain(evacuation.source)


def test_the_dearest_corridors_leave_out_ways_to_the_road(evacuation: Page) -> None:
    rows = evacuation.rows("t-evac-corridors")
    assert [r["Corridor"] for r in rows[:2]] == ["EE east to EE west, A3", "LV east to LV west, A2"]
    assert len(rows) == 2 * 2 * 2  # those of the first state have no price
    assert "way to the road" not in "".join(r["Corridor"] for r in rows)
    assert "EE east to EE west, A3, price: 30" in titles(evacuation, ", price")


def test_gains_are_minutes_by_a_new_plan(evacuation: Page, all_of_it: study.Study) -> None:
    # contraflow: half an hour; a lane of the first state loses 0.15 hours
    assert (
        "contraflow from LV east to LV west, A2 brings people in 30 minutes earlier"
        in drawn(all_of_it, "evac-corridors").finding
    )
    rows = evacuation.rows("t-evac-gains")
    assert [plain(r["Minutes earlier, mean"]) for r in rows[:4]] == ["30.0", "15.0", "6.0", "-9.0"]
    assert rows[0]["Do not arrive after"] == "150"
    assert "30.0 min, 150 more arrive" in section(evacuation, "evac-corridors")


def test_wherever_a_corridor_is_named_its_limits_are_said(all_of_it: study.Study) -> None:
    named = 0
    for make in EVACUATION:
        figure = make(all_of_it)
        shown = f"{figure.finding}{figure.body}"
        if "EE east to EE west" in shown:
            named += 1
            assert NOT_REAL in figure.finding, figure.key
            assert NOT_REAL in figure.note, figure.key
        for table in figure.tables:
            if "Corridor" in table.heads:
                assert NOT_REAL in table.caption, table.key
    assert named == 2
    assert NOT_REAL in str(drawn(all_of_it, "evac-quality").body)


def test_reception_fills_over_hours_and_frames_what_is_beyond_the_low_end(
    evacuation: Page, all_of_it: study.Study
) -> None:
    assert (
        "together 60,000 people in 3 municipalities, 3 of them full, 3 beyond the low end of their places, "
        "15,000 people from another state" in plain(drawn(all_of_it, "evac-reception").finding)
    )
    text = section(evacuation, "evac-reception")
    # by hour 4 there are four of ten parts, by hour 8 eight: over the half that is the low end
    assert 'class="h4" title="12,000 of 30,000 by hour 4"' in text
    assert 'class="h6 mark" title="24,000 of 30,000 by hour 8"' in text
    assert "30,000 places, 15,000 to 60,000" in text
    rows = evacuation.rows("t-evac-reception")
    assert len(rows) == 2 * 2 * 3
    assert (rows[0]["Full at hour"], rows[3]["Full at hour"]) == ("–", "10.0")


def test_departures_have_a_fold_for_each_municipality(evacuation: Page) -> None:
    text = section(evacuation, "evac-departures")
    folds = re.findall(r'<details id="evac-leave-0-\d" data-states="(..)"><summary>([^<]*) <', text)
    assert folds == [("EE", "EE border"), ("LV", "LV border"), ("LT", "LT border")]
    # all together: 30,000 people, 80 of 100 by car
    assert "24,000 by car through EE east, hour 0.25 to 6.25, most of them to EE host" in text
    rows = evacuation.rows("t-evac-departures")
    assert len(rows) == 2 * 2 * 3 * 3
    assert {r["First town"] for r in rows} == {"EE east", "LV east", "LT east"}
    assert "departures.csv" in text


def test_who_is_left_is_named_with_the_reason(evacuation: Page, all_of_it: study.Study) -> None:
    assert (
        "All of the belt alone 900, together 0; One city alone 900, together 0"
        in drawn(all_of_it, "evac-left").finding
    )
    rows = evacuation.rows("t-evac-left")
    assert [(r["Municipality"], r["Held by"]) for r in rows[:3]] == [
        ("EE border", "roads"), ("LT border", "vehicles"), ("LV border", "places"),
    ]  # fmt: skip
    assert "LT border, vehicles: 300" in titles(evacuation, "^LT border, vehicles")


def test_sheltering_stacks_parts_and_keeps_the_unknown_apart(
    evacuation: Page, all_of_it: study.Study
) -> None:
    # after 6 of 24 hours a quarter is away; half of the rest has shelter where that is known
    own = titles(evacuation, "^6 hours of warning, ")
    assert own[:4] == [
        "6 hours of warning, away in time: 15,000",
        "6 hours of warning, in a shelter in place: 11,250",
        "6 hours of warning, neither: 11,250",
        "6 hours of warning, not away, shelters not known: 22,500",
    ]
    assert (
        "with 3 hours of warning alone 13,125 and 26,250 whose shelters are not known, together 13,125"
        in plain(drawn(all_of_it, "evac-in-place").finding)
    )
    unknown = [r for r in evacuation.rows("t-evac-in-place") if r["State"] == "Estonia"]
    assert {r["Neither"] for r in unknown} == {"–"}


def test_what_is_assumed_and_proven_is_said(evacuation: Page, all_of_it: study.Study) -> None:
    for said in ("none is searched for", "no state publishes its places", "Nothing is finer than"):
        assert said in evacuation.text
    assert "alone not known in 2 scenarios; together a better one by up to 1.0% is not ruled out" in plain(
        drawn(all_of_it, "evac-quality").finding
    )

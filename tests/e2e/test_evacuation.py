"""The section on evacuation in a real Chromium."""

from pathlib import Path

import pytest

from tests.e2e.conftest import Tab, open_tab
from tests.e2e.test_report import CONTRAST, paper

pytestmark = pytest.mark.browser

STROKES = "all => [...new Set(all.map(c => getComputedStyle(c).stroke))]"


def test_the_section_is_reached_from_the_rail(tab: Tab) -> None:
    tab.page.locator(".rail a", has_text="How long it takes to get everyone out").first.click()
    tab.page.wait_for_function("location.hash === '#getting-out'")
    assert tab.page.locator("#getting-out .headline").count() == 6
    assert tab.page.locator("section[id^=evac-] svg[role=img]").filter(visible=True).count() > 15
    assert tab.complaints == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_maps_show_roads_in_shades_and_widths_on_the_ground(
    browser: object, report_file: Path, scheme: str
) -> None:
    tab = open_tab(browser, report_file, color_scheme=scheme)
    maps = tab.page.locator("#evac-roads svg.map").filter(visible=True)
    assert maps.count() == 2 * 4
    strokes = tab.page.eval_on_selector_all("#evac-roads line.road", STROKES)
    assert len(strokes) >= 4
    assert "none" not in strokes
    widths = tab.page.eval_on_selector_all(
        "#evac-roads line.road", "all => all.map(c => parseFloat(getComputedStyle(c).strokeWidth))"
    )
    assert min(widths) < 1
    assert max(widths) == 7
    box = maps.first.bounding_box()
    assert box is not None
    assert box["width"] > 200
    assert box["height"] > 150
    ground = "['ground', 'roads', 'together-dots'].every(k => document.querySelector('#evac-0-' + k).getBBox().width > 0)"
    assert tab.page.evaluate(ground)
    tab.page.context.close()


def test_legend_and_map_have_the_same_shades(tab: Tab) -> None:
    swatches = tab.page.eval_on_selector_all(
        "#evac-roads .map-scale .swatch", "all => all.map(c => getComputedStyle(c).backgroundColor)"
    )
    assert set(tab.page.eval_on_selector_all("#evac-roads line.road", STROKES)) <= set(swatches)


def test_who_leaves_is_told_from_who_receives(tab: Tab) -> None:
    fill = "c => getComputedStyle(c).fill"
    assert tab.page.locator("#evac-roads circle.leaves").first.evaluate(fill) == "none"
    assert tab.page.locator("#evac-roads circle.receives").first.evaluate(fill) != "none"


def test_the_filter_by_state_holds_for_roads_dots_folds_and_rows(tab: Tab) -> None:
    found = [
        tab.page.locator(where)
        for where in (
            "#evac-roads line.road[data-states=LV]",
            "#evac-roads svg.map > g > circle[data-states=LV]",
            "#evac-departures .folds details",
            "#evac-reception svg > g",
        )
    ]
    assert [one.filter(visible=True).count() for one in found] == [18, 4, 3, 6]
    tab.page.get_by_role("checkbox", name="Latvia").uncheck()
    assert [one.filter(visible=True).count() for one in found] == [0, 0, 2, 4]


def test_another_scenario_and_a_municipality_unfold_by_keyboard(tab: Tab) -> None:
    scenario = tab.page.locator("#evac-roads details.fold")
    scenario.locator("summary").focus()
    tab.page.keyboard.press("Enter")
    picture = scenario.locator("svg.map").nth(1)
    assert picture.is_visible()
    assert picture.locator("line.road").count() == 9
    fold = tab.page.locator("#evac-leave-0-0")
    fold.locator("summary").focus()
    tab.page.keyboard.press("Enter")
    assert "by car through" in fold.locator("li").first.inner_text()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 390])
def test_an_evacuation_alone_on_a_phone(
    browser: object, evacuation_file: Path, scheme: str, width: int
) -> None:
    tab = open_tab(browser, evacuation_file, viewport={"width": width, "height": 844}, color_scheme=scheme)
    tab.page.wait_for_load_state("networkidle")
    assert tab.page.locator("h1").inner_text() == "Baltic 2026: evacuation"
    tab.page.evaluate("document.querySelectorAll('details').forEach(d => { d.open = true; })")
    assert tab.page.evaluate("document.documentElement.scrollWidth") <= width
    assert tab.page.evaluate(CONTRAST) == []
    assert tab.complaints == []
    assert [url for url in tab.requests if not url.startswith("data:")] == [evacuation_file.as_uri()]
    tab.page.context.close()


def test_print_keeps_the_pictures(tab: Tab) -> None:
    tab.page.emulate_media(media="print", color_scheme="dark")
    assert paper(tab) == "rgb(255, 255, 255)"
    assert tab.page.locator("#evac-roads svg.map").first.is_visible()
    assert tab.page.locator("#evac-arrivals svg[role=img]").first.is_visible()
    assert not tab.page.locator("#evac-roads details.fold").is_visible()
    assert not tab.page.locator("#evac-departures .folds").first.is_visible()

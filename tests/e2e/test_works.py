"""The section on the works along the border in a real Chromium."""

from pathlib import Path

import pytest

from tests.e2e.conftest import Tab, open_tab
from tests.e2e.test_report import CONTRAST, paper

pytestmark = pytest.mark.browser


def test_the_section_is_reached_from_the_rail(tab: Tab) -> None:
    tab.page.locator(".rail a", has_text="The Line").first.click()
    tab.page.wait_for_function("location.hash === '#the-line'")
    assert tab.page.locator("#t-works").is_visible()
    assert tab.page.locator("section[id^=works-] svg[role=img]").count() > 20
    assert tab.complaints == []


def test_stages_and_groups_have_fills_of_their_own(tab: Tab) -> None:
    fills = tab.page.eval_on_selector_all(
        "#works-binding rect", "all => [...new Set(all.map(c => getComputedStyle(c).fill))]"
    )
    assert len(fills) == 7
    assert "rgb(0, 0, 0)" not in fills


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_maps_show_sectors_in_shades_on_the_ground(browser: object, report_file: Path, scheme: str) -> None:
    tab = open_tab(browser, report_file, color_scheme=scheme)
    strokes = tab.page.eval_on_selector_all(
        "#works-map use.sector", "all => [...new Set(all.map(c => getComputedStyle(c).stroke))]"
    )
    assert len(strokes) == 3  # no and two complete layers, and nothing planned
    box = tab.page.locator("#works-map svg.map").first.bounding_box()
    assert box is not None
    assert box["width"] > 200
    assert box["height"] > 150
    drawn = "document.querySelector('#map-ground').getBBox().width * document.querySelector('#sector-0').getBBox().width"
    assert tab.page.evaluate(drawn) > 0
    tab.page.context.close()


def test_the_filter_by_state_holds_for_blocks_rows_of_charts_and_sectors(tab: Tab) -> None:
    found = [
        tab.page.locator(where)
        for where in (
            "#works-schedule .state-block",
            "#works-binding svg g[data-states=LV]",
            "#works-map svg.map use[data-states=LV]",
            "#t-works tbody tr",
        )
    ]
    before = [one.filter(visible=True).count() for one in found]
    assert before == [3, 2, 12, 6]
    tab.page.get_by_role("checkbox", name="Latvia").uncheck()
    assert [one.filter(visible=True).count() for one in found] == [2, 0, 0, 4]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_works_alone_on_a_phone(browser: object, works_file: Path, scheme: str) -> None:
    tab = open_tab(browser, works_file, viewport={"width": 390, "height": 844}, color_scheme=scheme)
    assert tab.page.locator("h1").inner_text() == "Baltic 2026: the Line"
    assert tab.page.evaluate("document.documentElement.scrollWidth") <= 390
    assert tab.page.evaluate(CONTRAST) == []
    assert tab.complaints == []
    assert [url for url in tab.requests if not url.startswith("data:")] == [works_file.as_uri()]
    tab.page.context.close()


def test_print_keeps_the_pictures(tab: Tab) -> None:
    tab.page.emulate_media(media="print", color_scheme="dark")
    assert paper(tab) == "rgb(255, 255, 255)"
    assert tab.page.locator("#works-map svg.map").first.is_visible()
    assert tab.page.locator("#works-schedule svg[role=img]").first.is_visible()
    assert not tab.page.locator("#works-map details.ground").is_visible()

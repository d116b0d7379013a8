"""The section on sensors and warning in a real Chromium."""

from pathlib import Path

import pytest

from tests.e2e.conftest import Tab, open_tab
from tests.e2e.test_report import CONTRAST, paper

pytestmark = pytest.mark.browser

FILLS = "all => [...new Set(all.map(c => getComputedStyle(c).fill))]"
STROKES = "all => [...new Set(all.map(c => getComputedStyle(c).stroke))]"


def test_the_section_is_reached_from_the_rail(tab: Tab) -> None:
    tab.page.locator(".rail a", has_text="Who sees it, who is told").first.click()
    tab.page.wait_for_function("location.hash === '#the-sky'")
    assert tab.page.locator("#the-sky .headline").count() == 6
    assert tab.page.locator("section[id^=sky-] svg[role=img]").count() > 15
    assert tab.complaints == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_maps_show_places_in_shades_on_the_ground(browser: object, report_file: Path, scheme: str) -> None:
    tab = open_tab(browser, report_file, color_scheme=scheme)
    maps = tab.page.locator("#sky-minutes svg.map")
    assert maps.count() == 4
    # before and after differ, and what no track passes is hollow
    fills = [
        tab.page.eval_on_selector_all(f"#sky-minutes .pair > div:nth-child({i}) circle.place", FILLS)
        for i in (1, 4)
    ]
    assert all("none" in found for found in fills)
    assert set(fills[0]) & set(fills[1]) == {"none"}
    strokes = tab.page.eval_on_selector_all("#sky-minutes use.sector", STROKES)
    assert len(strokes) >= 2
    assert "none" not in strokes
    box = maps.first.bounding_box()
    assert box is not None
    assert box["width"] > 200
    assert box["height"] > 150
    drawn = "document.querySelector('#sky-ground').getBBox().width * document.querySelector('#sky-outline-0').getBBox().width"
    assert tab.page.evaluate(drawn) > 0
    tab.page.context.close()


def test_legend_and_map_have_the_same_shades(tab: Tab) -> None:
    swatches = tab.page.eval_on_selector_all(
        "#sky-minutes .map-scale .swatch", "all => all.map(c => getComputedStyle(c).backgroundColor)"
    )
    fills = tab.page.eval_on_selector_all("#sky-minutes circle.place:not(.none)", FILLS)
    assert len(fills) >= 2
    assert set(fills) <= set(swatches)


def test_alerts_of_variants_have_colours_of_their_own(tab: Tab) -> None:
    colours = "all => all.map(c => [getComputedStyle(c).fill, getComputedStyle(c).stroke].join())"
    found = tab.page.eval_on_selector_all("#sky-replay svg g:last-of-type circle", colours)
    assert len(found) == len(set(found)) == 4


def test_the_filter_by_state_holds_for_places_blocks_and_rows(tab: Tab) -> None:
    found = [
        tab.page.locator(where)
        for where in (
            "#sky-minutes svg.map circle[data-states=LV]",
            "#sky-stages .state-block",
            "#the-sky .pair > div",
            "#sky-seams svg g",
        )
    ]
    assert [one.filter(visible=True).count() for one in found] == [8, 3, 4, 6]
    tab.page.get_by_role("checkbox", name="Latvia").uncheck()
    assert [one.filter(visible=True).count() for one in found] == [0, 2, 3, 6]


def test_tables_open_and_hold_counts_only(tab: Tab) -> None:
    tab.page.locator("#sky-cover details.alt summary", has_text="Units by sector").click()
    assert tab.page.locator("#t-sky-units").is_visible()
    assert tab.page.locator("#t-sky-units tbody tr").count() == 6


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 390])
def test_sensors_alone_on_a_phone(browser: object, sky_file: Path, scheme: str, width: int) -> None:
    tab = open_tab(browser, sky_file, viewport={"width": width, "height": 844}, color_scheme=scheme)
    tab.page.wait_for_load_state("networkidle")
    assert tab.page.locator("h1").inner_text() == "Baltic 2026: the sky"
    assert tab.page.evaluate("document.documentElement.scrollWidth") <= width
    assert tab.page.evaluate(CONTRAST) == []
    assert tab.complaints == []
    assert [url for url in tab.requests if not url.startswith("data:")] == [sky_file.as_uri()]
    tab.page.context.close()


def test_print_keeps_the_pictures(tab: Tab) -> None:
    tab.page.emulate_media(media="print", color_scheme="dark")
    assert paper(tab) == "rgb(255, 255, 255)"
    assert tab.page.locator("#sky-minutes svg.map").first.is_visible()
    assert tab.page.locator("#sky-replay svg[role=img]").first.is_visible()
    assert not tab.page.locator("#sky-minutes details.ground").is_visible()

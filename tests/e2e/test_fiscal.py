"""The section on public finances in a real Chromium."""

from pathlib import Path

import pytest

from tests.e2e.conftest import Tab, open_tab
from tests.e2e.test_report import paper

pytestmark = pytest.mark.browser


def test_the_section_is_reached_from_the_rail(tab: Tab) -> None:
    tab.page.locator(".rail a", has_text="Public finances").first.click()
    tab.page.wait_for_function("location.hash === '#public-finances'")
    assert tab.page.locator("#t-fiscal").is_visible()
    assert tab.page.locator("section[id^=fiscal-] svg[role=img]").count() > 30
    assert tab.complaints == []


def test_lines_and_bands_have_colours_of_their_own(tab: Tab) -> None:
    strokes = tab.page.eval_on_selector_all(
        "#fiscal-policies path.curve", "all => [...new Set(all.map(c => getComputedStyle(c).stroke))]"
    )
    assert len(strokes) == 5
    assert "none" not in strokes
    fills = tab.page.eval_on_selector_all(
        "#fiscal-debt path.fan", "all => [...new Set(all.map(c => getComputedStyle(c).fill))]"
    )
    assert len(fills) == 1
    assert fills != ["rgb(0, 0, 0)"]


def test_the_filter_by_state_holds_for_blocks_rows_of_charts_and_tables(tab: Tab) -> None:
    blocks = tab.page.locator("#fiscal-debt .state-block")
    rows = tab.page.locator("#fiscal-together svg g[data-states=LV]")
    cells = tab.page.locator("#t-fiscal tbody tr")
    before = [found.filter(visible=True).count() for found in (blocks, rows, cells)]
    assert before == [3, 3, 9]
    tab.page.get_by_role("checkbox", name="Latvia").uncheck()
    assert [found.filter(visible=True).count() for found in (blocks, rows, cells)] == [2, 0, 6]
    tab.page.get_by_role("checkbox", name="Latvia").check()
    assert [found.filter(visible=True).count() for found in (blocks, rows, cells)] == before


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_letters_of_the_regimes_can_be_read(browser: object, report_file: Path, scheme: str) -> None:
    tab = open_tab(browser, report_file, color_scheme=scheme)
    assert tab.page.locator("#fiscal-regimes table.strip td", has_text="X").first.is_visible()
    sizes = tab.page.eval_on_selector_all(
        "#fiscal-regimes table.strip td", "all => all.map(c => parseFloat(getComputedStyle(c).fontSize))"
    )
    assert min(sizes) >= 8.5
    tab.page.context.close()


def test_an_outlook_alone(browser: object, outlook_file: Path) -> None:
    tab = open_tab(browser, outlook_file, viewport={"width": 390, "height": 844})
    assert tab.page.locator("h1").inner_text() == "Baltic 2026: public finances"
    assert tab.page.evaluate("document.documentElement.scrollWidth") <= 390
    tab.page.get_by_role("checkbox").first.uncheck()
    assert tab.page.locator("#fiscal-debt .state-block").filter(visible=True).count() == 2
    tab.page.keyboard.press("Home")
    assert tab.complaints == []
    assert [url for url in tab.requests if not url.startswith("data:")] == [outlook_file.as_uri()]
    tab.page.context.close()


def test_print_keeps_the_charts(tab: Tab) -> None:
    tab.page.emulate_media(media="print", color_scheme="dark")
    assert paper(tab) == "rgb(255, 255, 255)"
    assert tab.page.locator("#fiscal-debt svg[role=img]").first.is_visible()
    assert not tab.page.locator("#fiscal-debt details.ground").is_visible()

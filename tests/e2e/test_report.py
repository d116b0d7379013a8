"""The report in a real Chromium."""

from pathlib import Path

import pytest

from tests.e2e.conftest import Tab, open_tab

pytestmark = pytest.mark.browser


def paper(tab: Tab) -> str:
    """Return the colour of the page."""
    return str(tab.page.evaluate("getComputedStyle(document.body).backgroundColor"))


def test_silent_and_alone(tab: Tab, report_file: Path) -> None:
    tab.page.wait_for_load_state("networkidle")
    assert tab.complaints == []
    assert [url for url in tab.requests if not url.startswith("data:")] == [report_file.as_uri()]


def test_hostile_names_do_nothing(browser: object, hostile_file: Path) -> None:
    tab = open_tab(browser, hostile_file)
    asked: list[str] = []
    tab.page.on("dialog", lambda dialog: (asked.append(dialog.message), dialog.dismiss()))
    tab.page.wait_for_load_state("networkidle")
    assert (tab.complaints, asked) == ([], [])
    assert tab.page.locator("script").count() == 1
    tab.page.context.close()


def test_heat_map_is_seen(tab: Tab) -> None:
    tables = tab.page.locator("#heat-map table.heat")
    assert tables.count() == 6
    cells = tab.page.locator("#heat-map table.heat").first.locator("td")
    assert cells.count() == 5 * 15
    shades = tab.page.eval_on_selector_all(
        "#heat-map td", "cells => new Set(cells.map(c => getComputedStyle(c).backgroundColor)).size"
    )
    assert shades >= 5


def test_charts_have_a_size(tab: Tab) -> None:
    sizes = tab.page.eval_on_selector_all(
        "svg.chart[role=img]",
        "all => all.filter(s => s.checkVisibility()).map(s => [s.getBoundingClientRect().width, s.getBoundingClientRect().height])",
    )
    assert len(sizes) > 15
    assert all(width > 40 and height > 10 for width, height in sizes)


def test_first_key_stroke_offers_to_skip(tab: Tab) -> None:
    tab.page.keyboard.press("Tab")
    assert tab.page.evaluate("document.activeElement.className") == "skip"
    tab.page.keyboard.press("Enter")
    assert tab.page.evaluate("location.hash") == "#answers"


def test_theme_by_keyboard_is_kept(tab: Tab) -> None:
    before = paper(tab)
    tab.page.locator("#theme").focus()
    outline = tab.page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    tab.page.keyboard.press("Enter")
    assert outline == "solid"
    assert tab.page.locator("#theme").get_attribute("aria-pressed") == "true"
    assert paper(tab) != before
    tab.page.reload()
    assert tab.page.locator("#theme").get_attribute("aria-pressed") == "true"
    tab.page.keyboard.press("Tab")
    tab.page.locator("#theme").focus()
    tab.page.keyboard.press("Space")
    assert paper(tab) == before


def test_the_systems_dark_is_followed(browser: object, report_file: Path) -> None:
    light, dark = (open_tab(browser, report_file, color_scheme=scheme) for scheme in ("light", "dark"))
    luminance = """() => { const m = getComputedStyle(document.body).backgroundColor.match(/[\\d.]+/g).map(Number);
        return m[0] + m[1] + m[2]; }"""
    assert light.page.evaluate(luminance) > 600
    assert dark.page.evaluate(luminance) < 150
    light.page.context.close()
    dark.page.context.close()


CONTRAST = """() => {
  const canvas = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
  const rgb = (colour) => { canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = colour; canvas.fillRect(0, 0, 1, 1);
    return Array.from(canvas.getImageData(0, 0, 1, 1).data); };
  const light = (c) => c.slice(0, 3).map((v) => v / 255).map((v) => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const ground = (node) => { for (; node; node = node.parentElement) {
    const c = rgb(getComputedStyle(node).backgroundColor); if (c[3] > 250) return c; } return [255, 255, 255, 255]; };
  const words = Array.from(document.querySelectorAll('p, li, td, th, h1, h2, h3, a, summary, abbr, .tag, button, dt, dd'));
  return words.filter((n) => n.checkVisibility() && n.innerText.trim() && !n.closest('.vh')).map((n) => {
    const [a, b] = [light(rgb(getComputedStyle(n).color)), light(ground(n))].sort((x, y) => y - x);
    return [(a + 0.05) / (b + 0.05), n.className + ': ' + n.innerText.slice(0, 30)]; }).filter(([ratio]) => ratio < 4.5);
}"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_words_stand_out_from_their_ground(browser: object, report_file: Path, scheme: str) -> None:
    tab = open_tab(browser, report_file, color_scheme=scheme)
    assert tab.page.evaluate(CONTRAST) == []
    tab.page.context.close()


def test_sorting_by_keyboard(tab: Tab) -> None:
    tab.page.locator("#programmes details.alt summary").first.click()
    head = tab.page.locator("#t-programmes-together thead th", has_text="Cost, EUR m")
    head.locator("button").focus()
    for direction, sign in (("ascending", 1), ("descending", -1)):
        tab.page.keyboard.press("Enter")
        assert head.get_attribute("aria-sort") == direction
        values = tab.page.eval_on_selector_all(
            "#t-programmes-together tbody tr", "rows => rows.map(r => Number(r.cells[11].dataset.v))"
        )
        assert values == sorted(values, key=lambda v: sign * v)


def test_filter_by_state(tab: Tab) -> None:
    blocks = tab.page.locator("#heat-map .state-block")
    assert blocks.filter(visible=True).count() == 3
    tab.page.get_by_role("checkbox", name="Latvia").uncheck()
    assert blocks.filter(visible=True).count() == 2
    assert "all states" in tab.page.locator(".filter-note").inner_text()
    tab.page.get_by_role("checkbox", name="Latvia").check()
    assert blocks.filter(visible=True).count() == 3


def test_a_link_to_a_folded_source_opens_it(tab: Tab) -> None:
    tab.page.locator("#money details.ground > summary").click()
    tab.page.locator("#money details.ground a[href='#g-purses']").click()
    tab.page.wait_for_function("document.getElementById('g-purses').open")


@pytest.mark.parametrize("width", [320, 390, 768])
def test_narrow_page_does_not_scroll_sideways(browser: object, report_file: Path, width: int) -> None:
    tab = open_tab(browser, report_file, viewport={"width": width, "height": 844})
    assert tab.page.evaluate("document.documentElement.scrollWidth") <= width
    tab.page.context.close()


def test_it_works_without_script(browser: object, report_file: Path) -> None:
    tab = open_tab(browser, report_file, java_script_enabled=False)
    assert not tab.page.locator("#theme").is_visible()
    assert tab.page.locator("#heat-map table.heat").first.is_visible()
    summary = tab.page.locator("#shortfall details.alt > summary")
    summary.focus()
    tab.page.keyboard.press("Enter")
    assert tab.page.locator("#t-shortfall-years").is_visible()
    tab.page.context.close()


def test_print(tab: Tab) -> None:
    tab.page.emulate_media(media="print", color_scheme="dark")
    assert not tab.page.locator(".tools").is_visible()
    assert not tab.page.locator("#money details.ground").is_visible()
    assert tab.page.locator("#heat-map table.heat").first.is_visible()
    assert paper(tab) == "rgb(255, 255, 255)"
    made = tab.page.pdf(prefer_css_page_size=True)
    assert made.startswith(b"%PDF")
    assert 3 < made.count(b"/Type /Page\n") + made.count(b"/Type /Page ") < 48

"""The page of several plans in a real Chromium."""

from pathlib import Path

import pytest

from tests.e2e.conftest import open_tab
from tests.e2e.test_report import CONTRAST, paper
from tests.report import made_up_levers

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def levers_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made_up_levers.page(tmp_path_factory.mktemp("e2e") / "levers.html")


def test_bars_are_as_long_as_their_numbers(browser: object, levers_file: Path) -> None:
    tab = open_tab(browser, levers_file)
    widths = [
        tab.page.eval_on_selector_all(
            f"#levers rect.{kind}", "all => all.map(bar => bar.getBoundingClientRect().width)"
        )
        for kind in ("k-crew", "k-build")
    ]
    values = [[levels[j][0] for levels in made_up_levers.SHORTFALLS.values()] for j in (0, 1)]
    unit = widths[0][0] / values[0][0]
    assert widths == [pytest.approx([unit * value for value in row], rel=1e-2) for row in values]
    fill = "c => getComputedStyle(c).fill"
    colours = {
        tab.page.locator(f"#levers rect.{kind}").first.evaluate(fill) for kind in ("k-crew", "k-build")
    }
    assert len(colours) == 2
    assert tab.complaints == []
    assert [url for url in tab.requests if not url.startswith("data:")] == [levers_file.as_uri()]
    tab.page.context.close()


def test_whiskers_reach_from_the_bound_to_the_value(browser: object, levers_file: Path) -> None:
    tab = open_tab(browser, levers_file)
    bars = tab.page.eval_on_selector_all(
        "#levers rect.k-crew", "all => all.map(b => b.getBoundingClientRect().right)"
    )
    ends = tab.page.eval_on_selector_all(
        "#levers svg line.whisker",
        "all => all.map(l => l.getBoundingClientRect()).map(r => [r.left, r.right])",
    )
    # three lines a bar: the interval and its two ends; bars of one scenario follow one another
    alone = ends[::6]
    assert [right for _, right in alone] == pytest.approx(bars, abs=2)
    (value, bound), _ = made_up_levers.SHORTFALLS["As is"]
    left = tab.page.locator("#levers rect.k-crew").first.bounding_box()
    assert left is not None
    assert (alone[0][0] - left["x"]) / left["width"] == pytest.approx(bound / value, abs=0.02)
    tab.page.context.close()


def test_a_table_is_sorted_by_its_numbers(browser: object, levers_file: Path) -> None:
    tab = open_tab(browser, levers_file)
    tab.page.locator("#t-levers thead button", has_text="Shortfall, gap-years").click()
    shown = tab.page.locator("#t-levers tbody tr td:nth-child(3)").all_inner_texts()
    assert shown == sorted(shown, key=float)
    tab.page.context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 1280])
def test_it_is_readable_on_a_phone_and_in_the_dark(
    browser: object, levers_file: Path, scheme: str, width: int
) -> None:
    tab = open_tab(browser, levers_file, viewport={"width": width, "height": 844}, color_scheme=scheme)
    assert tab.page.locator("h1").inner_text() == "Baltic 2026: plans side by side"
    tab.page.evaluate("document.querySelectorAll('details').forEach(d => { d.open = true; })")
    assert tab.page.evaluate("document.documentElement.scrollWidth") <= width
    assert tab.page.evaluate(CONTRAST) == []
    assert tab.complaints == []
    tab.page.context.close()


def test_print_keeps_the_pictures(browser: object, levers_file: Path) -> None:
    tab = open_tab(browser, levers_file)
    tab.page.emulate_media(media="print", color_scheme="dark")
    assert paper(tab) == "rgb(255, 255, 255)"
    assert tab.page.locator("#levers svg[role=img]").is_visible()
    assert tab.page.locator("#against svg[role=img]").first.is_visible()
    tab.page.context.close()

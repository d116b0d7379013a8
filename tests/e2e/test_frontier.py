"""Shares and the trade-off in a real Chromium."""

from pathlib import Path

import pytest

from tests.e2e.conftest import open_tab
from tests.e2e.test_report import CONTRAST, paper
from tests.report import made_up_frontier
from tests.report.made_up import MadeUp
from tests.report.made_up_frontier import LIMITS, POINTS, SHARES
from vallum.report import render

pytestmark = pytest.mark.browser
#: Middle of each element.
MIDDLES = (
    "all => all.map(e => e.getBoundingClientRect()).map(r => [r.left + r.width / 2, r.top + r.height / 2])"
)


@pytest.fixture(scope="module")
def front_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    plan = MadeUp(classes=1).write(tmp_path_factory.mktemp("e2e") / "front")
    return render(made_up_frontier.write(plan))


def test_points_stand_where_their_numbers_say(browser: object, front_file: Path) -> None:
    tab = open_tab(browser, front_file)
    places = tab.page.eval_on_selector_all("#frontier svg .dot-together", MIDDLES)
    values = [value for value, _ in POINTS["joint"]]
    assert len(places) == len(values)
    across = [(x - places[0][0]) / (places[-1][0] - places[0][0]) for x, _ in places]
    down = [(y - places[0][1]) / (places[-1][1] - places[0][1]) for _, y in places]
    assert across == pytest.approx([(one - LIMITS[0]) / (LIMITS[-1] - LIMITS[0]) for one in LIMITS], abs=0.01)
    assert down == pytest.approx([(one - values[0]) / (values[-1] - values[0]) for one in values], abs=0.02)
    assert tab.complaints == []
    assert [url for url in tab.requests if not url.startswith("data:")] == [front_file.as_uri()]
    tab.page.context.close()


def test_alone_and_together_stand_side_by_side_on_one_scale(browser: object, front_file: Path) -> None:
    tab = open_tab(browser, front_file)
    boxes = tab.page.eval_on_selector_all(
        "#frontier .pair > div", "all => all.map(e => e.getBoundingClientRect()).map(r => [r.left, r.top])"
    )
    assert boxes[0][1] == pytest.approx(boxes[1][1])
    assert boxes[0][0] < boxes[1][0]
    scales = [
        tab.page.locator("#frontier .pair > div").nth(i).locator("text.tick.end").all_inner_texts()
        for i in (0, 1)
    ]
    assert scales[0] == scales[1]
    tab.page.context.close()


def test_the_filter_by_state_hides_the_shares_of_others(browser: object, front_file: Path) -> None:
    tab = open_tab(browser, front_file)
    for state in SHARES["states"]:
        assert tab.page.locator(f"#shares svg g[data-states={state}]").is_visible()
    assert tab.page.locator("#t-shares tbody tr").count() == len(SHARES["states"])
    tab.page.context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 1280])
def test_it_is_readable_on_a_phone_and_in_the_dark(
    browser: object, front_file: Path, scheme: str, width: int
) -> None:
    tab = open_tab(browser, front_file, viewport={"width": width, "height": 844}, color_scheme=scheme)
    tab.page.evaluate("document.querySelectorAll('details').forEach(d => { d.open = true; })")
    assert tab.page.evaluate("document.documentElement.scrollWidth") <= width
    assert tab.page.evaluate(CONTRAST) == []
    assert tab.complaints == []
    tab.page.context.close()


def test_print_keeps_the_pictures(browser: object, front_file: Path) -> None:
    tab = open_tab(browser, front_file)
    tab.page.emulate_media(media="print", color_scheme="dark")
    assert paper(tab) == "rgb(255, 255, 255)"
    for section in ("frontier", "shares"):
        assert tab.page.locator(f"#{section} svg[role=img]").first.is_visible()
    tab.page.context.close()

"""The report of a plan that the whole pipeline made, in a real browser."""

from pathlib import Path

import pytest

from tests.e2e.conftest import open_tab
from vallum.plan import make
from vallum.region import Region
from vallum.report import render
from vallum.solve import Limits

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def planned(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("planned") / "toy"
    make(Region.read("toy"), limits=Limits(time_limit=20.0), out=out)
    return render(out)


def test_the_hand_worked_answer_is_on_the_page(browser: object, planned: Path) -> None:
    tab = open_tab(browser, planned)
    text = " ".join(tab.page.inner_text("main").split())
    # docs/explanation/toy.md: 1.125 alone, 0.5 together; 138 against 112 for the same capability
    assert "Going alone costs 0.62 gap-years" in text
    assert "The same capability costs EUR 138m alone and EUR 112m together" in text
    assert "nan" not in text.lower().split()
    assert tab.complaints == []
    assert [url for url in tab.requests if not url.startswith("data:")] == [planned.as_uri()]
    tab.page.context.close()

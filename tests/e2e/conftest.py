"""A real Chromium with a page open on a report."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.e2e.screenshot import FLAGS
from tests.report import made_up_evacuation, made_up_outlook, made_up_sky, made_up_works
from tests.report.made_up import MadeUp
from vallum.report import render

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page


@dataclass
class Tab:
    """An open page with everything it complained about or asked for."""

    page: "Page"
    complaints: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)


# Playwright keeps an event loop running in this thread, which the tests of other modules need too.
@pytest.fixture(scope="module")
def browser(chromium: str) -> "Iterator[Browser]":
    api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    with api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def report_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    plan = MadeUp(classes=5).write(tmp_path_factory.mktemp("e2e") / "plan")
    made_up_sky.write(made_up_works.write(made_up_outlook.write(plan)))
    return render(made_up_evacuation.write(plan))


@pytest.fixture(scope="session")
def hostile_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    plan = MadeUp(classes=2, hostile=True).write(tmp_path_factory.mktemp("e2e") / "hostile")
    made_up_outlook.write(plan, made_up_outlook.hostile(made_up_outlook.of_plans()))
    made_up_works.write(plan, made_up_works.hostile(made_up_works.tables()))
    made_up_sky.write(plan, made_up_sky.hostile(made_up_sky.tables()))
    return render(made_up_evacuation.write(plan, made_up_evacuation.hostile(made_up_evacuation.tables())))


@pytest.fixture(scope="session")
def outlook_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return render(made_up_outlook.write_alone(tmp_path_factory.mktemp("e2e") / "outlook"))


@pytest.fixture(scope="session")
def works_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return render(made_up_works.write(tmp_path_factory.mktemp("e2e") / "works"))


@pytest.fixture(scope="session")
def sky_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return render(made_up_sky.write(tmp_path_factory.mktemp("e2e") / "sky"))


@pytest.fixture(scope="session")
def evacuation_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return render(made_up_evacuation.write(tmp_path_factory.mktemp("e2e") / "evacuation"))


def open_tab(browser: "Browser", path: Path, **options: object) -> Tab:
    """Open a report; everything is recorded from the first byte on."""
    page = browser.new_context(**{"viewport": {"width": 1280, "height": 900}, **options}).new_page()
    tab = Tab(page)
    page.on("console", lambda message: tab.complaints.append(message.text))
    page.on("pageerror", lambda error: tab.complaints.append(str(error)))
    page.on("request", lambda request: tab.requests.append(request.url))
    page.goto(path.as_uri())
    return tab


@pytest.fixture
def tab(browser: "Browser", report_file: Path) -> Iterator[Tab]:
    opened = open_tab(browser, report_file)
    yield opened
    opened.page.context.close()

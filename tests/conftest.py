"""What every test may ask for, and the list at the end of what was left out on this machine."""

import os
import shutil
import sys
from collections import Counter
from collections.abc import Generator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome")


def browser_required() -> bool:
    return os.environ.get("VALLUM_REQUIRE_BROWSER") == "1"


@pytest.fixture(scope="session")
def root() -> Path:
    """The root of the repository."""
    return ROOT


@pytest.fixture(scope="session")
def quick_disk() -> Generator[None, None, None]:
    """Flushing to the disk protects from a power cut, which no test causes, and takes most of the time."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("os.fsync", lambda handle: None)
        yield


@pytest.fixture(scope="session")
def chromium() -> str:
    """The path of a Chromium; the test is left out where there is none."""
    for name in CHROMIUM_NAMES:
        if path := shutil.which(name):
            return path
    pytest.skip("no Chromium on this machine (Debian: apt-get install chromium)")


@pytest.fixture(scope="session")
def vallum_command() -> list[str]:
    """How to start the command line of the Python that runs the tests."""
    return [sys.executable, "-m", "vallum"]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Turn a browser test that was left out into a failure where a browser is required."""
    report = yield
    needs_browser = item.get_closest_marker("browser") or "chromium" in getattr(item, "fixturenames", ())
    left_out = report.skipped and not hasattr(report, "wasxfail")
    if left_out and needs_browser and browser_required():
        report.longrepr = f"a browser is required (VALLUM_REQUIRE_BROWSER=1): {reason_of(report)}"
        report.outcome = "failed"
    return report


def reason_of(report: pytest.TestReport | pytest.CollectReport) -> str:
    """Return why a test was left out."""
    where = report.longrepr
    text = where[2] if isinstance(where, tuple) else str(where)
    return text.removeprefix("Skipped: ")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say what was left out, and why."""
    reasons = Counter(reason_of(report) for report in terminalreporter.getreports("skipped"))
    if not reasons:
        return
    terminalreporter.section("left out on this machine")
    for reason, number in sorted(reasons.items()):
        terminalreporter.write_line(f"{number} {'test' if number == 1 else 'tests'}: {reason}")

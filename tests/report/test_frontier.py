"""The report tells who pays what, and what more would buy."""

from pathlib import Path
from typing import Any

import pytest

from tests.report import made_up_frontier
from tests.report.made_up import HOSTILE, MadeUp
from tests.report.made_up_frontier import SHARES
from tests.report.reading import Page, read_page
from vallum.report import render, study
from vallum.report.figures import frontier, shares


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made_up_frontier.write(MadeUp(classes=1).write(tmp_path_factory.mktemp("front") / "plan"))


@pytest.fixture(scope="module")
def page(folder: Path) -> Page:
    return read_page(render(folder))


def plain(text: str) -> str:
    return text.replace("\u00a0", " ").replace("\u2212", "-")


def test_the_page_is_whole(page: Page) -> None:
    assert page.faults == []
    assert "No trade-off was drawn" not in page.text


def test_every_point_is_in_the_table(page: Page) -> None:
    rows = page.rows("t-frontier")
    assert [(row["Plan"], row["Point"]) for row in rows] == [
        (word, str(n)) for word in ("Alone", "Together") for n in range(1, 5)
    ]
    assert [row["Least shortfall, gap-years"] for row in rows[:4]] == ["40.000", "28.000", "28.000", "19.000"]
    assert rows[2]["Status"] == "dropped for point 2"
    assert rows[5]["Gap"] == "20.00%"


def test_points_that_are_dropped_are_not_drawn_and_said(folder: Path) -> None:
    figure = frontier.figure(study.read(folder))
    assert str(figure.body).count('class="dot-alone"') == 3
    assert str(figure.body).count('class="dot-together"') == 4
    assert str(figure.body).count('class="dot-official"') == 2
    assert "1 point dropped" in plain(figure.finding)
    assert "Together: 36.0 at a limit of 1,000, 12.5 at 4,000" in plain(figure.finding)


def test_a_whisker_ends_at_the_bound(folder: Path) -> None:
    body = str(frontier.figure(study.read(folder)).body)
    assert "limit 1,000: 40.0, no plan is below 30.0" in plain(body)
    assert body.count('class="whisker"') == 7


def test_a_search_that_was_stopped_says_so(tmp_path: Path) -> None:
    made_up_frontier.write(MadeUp(classes=1).write(tmp_path / "plan"), complete=False)
    assert "The search was stopped" in frontier.figure(study.read(tmp_path / "plan")).finding


def test_what_each_state_pays(page: Page) -> None:
    rows = {row["State"]: row for row in page.rows("t-shares")}
    estonia = rows["Estonia"]
    assert (estonia["Alone, EUR m"], estonia["Share in the core"], estonia["Shapley value"], estonia["Saves"]) == (
        "1,000", "850", "820", "150",
    )  # fmt: skip
    whole = page.rows("t-coalitions")[-1]
    assert (whole["Coalition"], whole["Shares in the core"]) == ("Estonia, Latvia and Lithuania", "3,000")
    assert page.rows("t-coalitions")[1]["No plan is below"] == "–"
    assert "every coalition saves EUR 100m or more (not proven)" in plain(page.text)


def test_an_empty_core_names_the_subsidy(tmp_path: Path) -> None:
    empty = {**SHARES, "core": "empty", "subsidy_meur": 230.0, "proven": True}
    made_up_frontier.write(MadeUp(classes=1).write(tmp_path / "plan"), empty)
    finding = shares.figure(study.read(tmp_path / "plan")).finding
    assert plain(finding) == (
        "Some get by more cheaply apart: a subsidy of EUR 230m keeps all together (proven)."
    )


@pytest.mark.parametrize(
    "broken",
    [
        [],
        "shares",
        {"states": 3},
        {"states": {"EE": 5}, "coalitions": 7},
        {"states": {"EE": {}}, "coalitions": [1]},
    ],
)
def test_a_damaged_comparison_draws_nothing_and_stops_nothing(tmp_path: Path, broken: Any) -> None:
    made_up_frontier.write(MadeUp(classes=1).write(tmp_path / "plan"), broken)
    figure = shares.figure(study.read(tmp_path / "plan"))
    assert figure.empty
    assert not figure.body


def test_an_attack_stays_text(tmp_path: Path) -> None:
    folder = made_up_frontier.hostile(MadeUp(classes=1).write(tmp_path / "plan"))
    page = read_page(render(folder))
    assert page.faults == []
    assert HOSTILE not in page.source
    assert HOSTILE in page.text


def test_a_plan_without_a_trade_off_says_how_to_get_one(tmp_path: Path) -> None:
    found = study.read(MadeUp(classes=1).write(tmp_path / "plan"))
    assert "--frontier" in frontier.figure(found).empty
    assert frontier.figure(found).body == ""

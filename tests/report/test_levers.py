"""The page of several plans says what the comparison found."""

from pathlib import Path

import pytest

from tests.report import made_up_levers
from tests.report.made_up import HOSTILE
from tests.report.made_up_levers import MANIFEST, SHORTFALLS, found
from tests.report.reading import Page, read_page
from vallum.report import levers
from vallum.report.figures.levers import LEVERS, PART
from vallum.report.parts import Figure
from vallum.report.study import Study


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Page:
    return read_page(made_up_levers.page(tmp_path_factory.mktemp("levers") / "levers.html"))


def plain(text: str) -> str:
    return text.replace("\u00a0", " ").replace("\u2212", "-")


def drawn(content: dict, key: str) -> Figure:
    study = Study(plans=(), levers=levers.of(content, MANIFEST))
    return next(figure for make in (PART, *LEVERS) if (figure := make(study)).key == key)


def test_the_page_is_whole_and_speaks_of_nothing_else(page: Page) -> None:
    assert page.faults == []
    assert "Baltic 2026: plans side by side" in page.text
    assert "3 scenarios" in plain(page.text)
    for other in ("fiscal", "vallum sky", "No plan of purchases"):
        assert other not in page.text


def test_a_bar_for_each_plan_with_its_interval(page: Page) -> None:
    assert len(page.with_class("k-crew")) == len(page.with_class("k-build")) == 3 + 1  # one in the legend
    for scenario, levels in SHORTFALLS.items():
        for word, (value, bound) in zip(("alone", "together"), levels, strict=True):
            shown = made_up_levers.apart((0.0, 0.0), (value, bound))["interval"]
            low, high = (f"{end:.{1 if end >= 10 else 2}f}" for end in shown)
            assert f"{scenario}, {word}: {low} to {high}" in plain(page.text + page.source)


def test_the_table_of_plans(page: Page) -> None:
    rows = page.rows("t-levers")
    assert [(row["Scenario"], row["Plan"]) for row in rows] == [
        (scenario, word) for scenario in SHORTFALLS for word in ("Alone", "Together")
    ]
    assert rows[2]["Shortfall, gap-years"] == "15.50"
    assert rows[2]["No plan is below"] == "14.00"
    assert rows[2]["At that shortfall none is below"] == "13,950"


def test_differences_say_whether_they_are_proven(page: Page) -> None:
    rows = {(row["Scenario"], row["Plan"]): row for row in page.rows("t-against")}
    late, out = rows["Systems late", "Alone"], rows["A line out", "Alone"]
    assert (late["Gap-years more"], plain(late["Interval"]), late["Shortfall"]) == (
        "+3.50", "2.00 to 4.50", "proven",
    )  # fmt: skip
    assert (out["Gap-years more"], plain(out["Interval"]), out["Shortfall"]) == (
        "+0.25", "-0.50 to 1.25", "not proven",
    )  # fmt: skip
    assert out["Interval, EUR m"] == "at most 900"
    finding = plain(drawn(found(), "against").finding)
    assert "Alone, 1 of 2 differences is proven; the largest is Systems late with +3.50" in finding


def test_going_alone(page: Page) -> None:
    rows = page.rows("t-going-alone")
    assert [row["Gap-years more alone"] for row in rows] == ["+3.00", "+4.50", "+3.00"]
    assert rows[0]["Same capability"] == "proven"
    assert rows[2]["EUR m more alone"] == "–"
    assert "proven in 3 of 3 scenarios" in plain(drawn(found(), "going-alone").finding)


def test_programmes_and_loans(page: Page) -> None:
    rows = page.rows("t-levers-programmes-0")
    assert [row["Programme"] for row in rows] == ["B", "C"]
    assert [rows[0][name] for name in SHORTFALLS] == ["●", "", "●"]
    assert [rows[1][name] for name in SHORTFALLS] == ["●", "●", ""]
    assert page.rows("t-levers-safe")[0]["All"] == "150"


def test_without_pairs_the_page_says_why() -> None:
    content = {**found(), "deltas": [], "fragmentation": []}
    assert drawn(content, "against").empty
    assert "plan with --mode both" in drawn(content, "going-alone").empty
    assert drawn(content, "going-alone").finding == ""
    same = {**content, "programmes": [{**one, "by_some": []} for one in content["programmes"]]}
    assert drawn(same, "levers-programmes").empty == "All plans take the same programmes."


def test_a_plan_without_bound_and_levels_is_drawn() -> None:
    content = found()
    for row in content["plans"]:
        row |= {"bound": None, "gap": None, "levels": []}
    for row in content["deltas"]:
        row |= {"gap_years": None, "cost_meur": None}
    assert drawn(content, "levers").body.count("<rect") == 6
    assert drawn(content, "levers").body.count('class="whisker"') == 0
    assert drawn(content, "against").empty


def test_plans_of_two_modes_alone_are_told_apart() -> None:
    content = found()
    first = [row for row in content["plans"] if row["folder"] == "out/0"]
    names = [row["name"] for row in first]
    content |= {
        "plans": first, "fragmentation": [],
        "deltas": [{**content["deltas"][0], "first": names[0], "second": names[1], "mode": None}],
        "programmes": [{"mode": None, "plans": names, "by_all": [], "by_some": [
            {"programme_id": "B", "plans": names[:1]}]}],
    }  # fmt: skip
    assert "Alone, then together" in str(drawn(content, "against").body)
    assert drawn(content, "levers-programmes").tables[0].heads == ["Programme", "Plans", *names]


def test_labels_tell_folders_of_one_scenario_apart() -> None:
    content = found()
    for row in content["plans"]:
        row["scenario"] = None if row["folder"] == "out/0" else "Late"
    held = levers.of(content, MANIFEST)
    assert list(held.folders.values()) == ["0", "Late (out/1)", "Late (out/2)"]


def test_an_attack_stays_text(tmp_path: Path) -> None:
    page = read_page(made_up_levers.page(tmp_path / "levers.html", made_up_levers.hostile()))
    assert page.faults == []
    assert len(page.scripts) == 1
    assert HOSTILE in page.text
    assert not [attributes for tag, attributes in page.elements if tag == "b"]

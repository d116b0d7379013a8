"""The page as a whole: well-formed, self-contained, accessible, safe."""

import base64
import hashlib
import json
import re
from itertools import pairwise
from pathlib import Path

import polars as pl
import pytest

from tests.report.made_up import HOSTILE, MadeUp
from tests.report.reading import Page, read_page
from vallum.core.errors import BadInput, VallumError
from vallum.report import render

LOADING = ("src", "srcset", "href", "xlink:href", "data", "action", "poster", "background", "formaction")


@pytest.fixture(
    params=[
        "page",
        "hostile",
        "alone",
        "fiscal",
        "fiscal_alone",
        "fiscal_hostile",
        "works",
        "works_alone",
        "works_hostile",
        "sky",
        "sky_alone",
        "sky_hostile",
        "evacuation",
        "evacuation_alone",
        "evacuation_hostile",
    ]
)
def any_page(request: pytest.FixtureRequest) -> Page:
    found: Page = request.getfixturevalue(request.param)
    return found


def test_well_formed(any_page: Page) -> None:
    assert any_page.faults == []
    assert any_page.source.startswith("<!doctype html>")


def test_nothing_points_outside(any_page: Page) -> None:
    for tag, attributes in any_page.elements:
        for name in LOADING:
            target = attributes.get(name, "#")
            assert target.startswith("#") or (tag == "link" and target == "data:,"), (tag, target)
    assert "@import" not in any_page.source
    assert re.findall(r"url\(\s*[^#\s]", "".join(any_page.styles)) == []


def test_only_our_own_style_and_script_may_run(any_page: Page) -> None:
    policy = next(
        a["content"] for a in any_page.all("meta") if a.get("http-equiv") == "Content-Security-Policy"
    )
    rules = dict(part.strip().split(" ", 1) for part in policy.split(";"))
    assert rules["default-src"] == "'none'"
    for texts, rule in ((any_page.styles, "style-src"), (any_page.scripts, "script-src")):
        digest = base64.b64encode(hashlib.sha256("".join(texts).encode()).digest()).decode()
        assert rules[rule] == f"'sha256-{digest}'"
    assert not any("style" in a or any(n.startswith("on") for n in a) for _, a in any_page.elements)


def test_one_heading_of_the_first_rank_and_no_rank_left_out(any_page: Page) -> None:
    ranks = [int(tag[1]) for tag, _ in any_page.elements if re.fullmatch(r"h[1-6]", tag)]
    assert ranks.count(1) == 1
    assert ranks[0] == 1
    assert all(after - before <= 1 for before, after in pairwise(ranks))


def test_names_are_unique_and_references_resolve(any_page: Page) -> None:
    names = [a["id"] for _, a in any_page.elements if "id" in a]
    assert len(names) == len(set(names))
    for tag, a in any_page.elements:
        wanted = a.get("aria-labelledby", "").split()
        wanted += [a["href"][1:]] if tag in ("a", "use") and len(a.get("href", "")) > 1 else []
        wanted += re.findall(r"url\(#([^)]+)\)", a.get("fill", ""))
        assert set(wanted) <= set(names), (tag, a)
    assert set(re.findall(r"url\(#([^)]+)\)", "".join(any_page.styles))) <= set(names)


def test_every_picture_has_a_name(any_page: Page) -> None:
    for a in any_page.all("svg"):
        named = a.get("role") == "img" and (a.get("aria-label") or a.get("aria-labelledby"))
        inner = "preserveaspectratio" in {k.lower() for k in a}
        assert named or inner or a.get("aria-hidden") == "true"


def test_scrolling_regions_are_reached_by_keyboard_and_named(any_page: Page) -> None:
    for a in any_page.with_class("scroll"):
        assert (a["tabindex"], a["role"]) == ("0", "region")
        assert a["aria-label"]


def test_every_figure_leads_to_its_sources(page: Page) -> None:
    sections = page.with_class("figure")
    # all but sources and method themselves, and four sections whose results are not there
    assert len(page.with_class("ground")) == len(sections) - 6
    links = {a["href"] for a in page.all("a")}
    assert {"#g-programmes", "#g-purses", "#g-needs", "#sources", "#assumptions", "#confidence"} <= links


def test_what_is_drawn_is_also_a_table(page: Page) -> None:
    wanted = {
        "t-shortfall-years", "t-heat-map", "t-programmes-together", "t-programmes-alone", "t-money-together",
        "t-lines-together", "t-gains", "t-targets", "t-fragmentation", "t-blocks-together", "t-quality-together",
        "t-confidence", "t-assumptions", "t-seed-check",
    }  # fmt: skip
    assert wanted <= set(page.tables)


def test_small(page: Page) -> None:
    assert len(page.source.encode()) < 3_000_000


@pytest.fixture(params=["hostile", "fiscal_hostile", "works_hostile", "sky_hostile", "evacuation_hostile"])
def any_hostile(request: pytest.FixtureRequest) -> Page:
    found: Page = request.getfixturevalue(request.param)
    return found


def test_hostile_names_are_words_only(any_hostile: Page) -> None:
    assert len(any_hostile.all("script")) == 1
    assert any_hostile.all("b") == []
    assert "<script>alert" not in any_hostile.source
    assert "<script>evil" not in any_hostile.source
    assert HOSTILE in any_hostile.text


def test_hostile_names_do_not_break_attributes(any_hostile: Page) -> None:
    known = re.compile(r"[a-z][a-zA-Z0-9-]*(:[a-z]+)?")
    for tag, attributes in any_hostile.elements:
        assert all(known.fullmatch(name) for name in attributes), (tag, attributes)
        assert "onload" not in attributes


def test_addresses_in_sources_stay_words(page: Page) -> None:
    assert "https://example.org/contract" in page.text


def test_one_mode_says_what_is_missing(alone: Page) -> None:
    assert "Plan with --mode both to see what going alone costs" in alone.text
    assert "plan with --mode both" in alone.text
    assert "What to buy first" in alone.text
    assert "Together" not in {row[0] for row in alone.tables["t-confidence"]}


@pytest.mark.parametrize("both", [True, False])
def test_a_plan_without_rows_has_empty_states(tmp_path: Path, both: bool) -> None:
    region = MadeUp(classes=2)
    region.plan = lambda mode: {}  # type: ignore[method-assign]
    modes = ("national", "joint") if both else ("joint",)
    region._compare = lambda tables: {}  # type: ignore[method-assign]
    page = read_page(render(region.write(tmp_path / "plan", modes)))
    assert page.faults == []
    for words in (
        "The plan buys nothing",
        "The plan has no needs",
        "The plan uses no line",
        "The plan has no levels",
    ):
        assert words in page.text


def test_a_region_without_the_optional_tables(tmp_path: Path) -> None:
    region = MadeUp(classes=2)
    for table in ("seed_crosscheck", "sources", "safe_rules", "crews", "settings", "lines", "states"):
        region.inputs.pop(table)
    page = read_page(render(region.write(tmp_path / "plan")))
    assert page.faults == []
    assert "The region has no cross-check table" in page.text
    assert "The plan has no settings" in page.text


def test_comparison_values_that_are_not_known(tmp_path: Path) -> None:
    folder = MadeUp(classes=2).write(tmp_path / "plan")
    compare = json.loads((folder / "compare.json").read_text())
    compare["same_capability"] = None
    compare["same_money"]["interval"] = [None, 4.0]
    compare["decomposition"] = [{"cause": "scale", "meur": None}, "odd"]
    (folder / "compare.json").write_text(json.dumps(compare))
    page = read_page(render(folder))
    assert page.faults == []
    assert "The plan folder does not hold this comparison." in page.text
    assert "at most 4.00" in page.text


def test_out_and_default_place(folder: Path, tmp_path: Path) -> None:
    assert render(folder) == folder / "report.html"
    assert render(folder, tmp_path / "a.html") == tmp_path / "a.html"
    assert (tmp_path / "a.html").read_bytes() == (folder / "report.html").read_bytes()
    assert [p.name for p in tmp_path.iterdir()] == ["a.html"]


def test_no_plan_no_report(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="no plan"):
        render(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_damaged_comparison(tmp_path: Path) -> None:
    folder = MadeUp(classes=1).write(tmp_path / "plan")
    for text in ("{", "[]"):
        (folder / "compare.json").write_text(text)
        with pytest.raises(BadInput, match=re.escape("compare.json")):
            render(folder)


def test_a_place_that_cannot_be_written(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(VallumError, match="cannot be written"):
        render(folder, tmp_path / "missing" / "a.html")


def test_damaged_tables_are_refused(tmp_path: Path) -> None:
    folder = MadeUp(classes=1).write(tmp_path / "plan", modes=("joint",))
    pl.DataFrame({"a": [1]}).write_parquet(folder / "tables" / "orders.parquet")
    with pytest.raises(BadInput, match=r"orders\.parquet"):
        render(folder)

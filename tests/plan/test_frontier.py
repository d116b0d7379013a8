"""Trade-offs: every point against an independent formulation, what carries over, what stops and goes on."""

import os
import signal
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from held import Held

from vallum.core.errors import BadInput
from vallum.model.procurement import problem
from vallum.plan import make
from vallum.plan.audit.case import case_of
from vallum.plan.compare import domestic_value
from vallum.plan.frontier import FRONTIER, Question, question
from vallum.plan.frontier.figures import Figures, figures
from vallum.plan.frontier.points import Point, points_of, tables_of
from vallum.plan.frontier.run import Front
from vallum.plan.results import read_results
from vallum.plan.store import read_plans
from vallum.plan.summary import summary
from vallum.region import Region
from vallum.region.synthetic import small
from vallum.solve import Limits

PROOF = Limits(time_limit=60, gap=0.0)
AXES = {"cost": "shortfall", "shortfall": "cost", "types": "shortfall", "peak": "shortfall"}
#: Draws of the small region: two and three members, schools, partners, loans, prerequisites.
SEEDS = (0, 1)
FOUR = question("cost:shortfall", 4)


@pytest.fixture(scope="module")
def toy(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    out = tmp_path_factory.mktemp("front") / "toy"
    return out, make(Region.read("toy"), limits=PROOF, out=out, frontier=FOUR)


@pytest.fixture(scope="module", params=SEEDS)
def tiny(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Region, Path]:
    region, folder = small(request.param).require_sound(), tmp_path_factory.mktemp("tiny") / "plan"
    make(region, limits=PROOF, out=folder)
    return region, folder


# points against the flow formulation ----------------------------------------------------------------------


@pytest.mark.filterwarnings("default")  # what the independent formulation imports warns
@pytest.mark.parametrize("held", AXES)
def test_every_point_is_the_best_within_its_limit(tiny: tuple[Region, Path], held: str) -> None:
    region, folder = tiny
    least = AXES[held]
    front = Front(problem(region), read_plans(folder), question(f"{held}:{least}", 2), PROOF)
    rows = front.tables(front.run())["frontier"].to_dicts()
    assert len(rows) == front.asked
    for row in rows:
        flow = Held(region, row["mode"])
        flow.hold(held, row["limit"])
        best = flow.least(least)
        assert row["value"] == pytest.approx(best, rel=1e-5, abs=1e-5), row
        assert row["bound"] <= best + 1e-5 * max(1.0, abs(best)), row
        assert row["bound"] <= row["value"]
        assert row["reached"] <= row["limit"] + 1e-6 * max(1.0, abs(row["limit"]))


@pytest.mark.filterwarnings("default")
def test_a_floor_under_the_domestic_share_costs_as_little_shortfall_as_it_can(
    tiny: tuple[Region, Path],
) -> None:
    region, folder = tiny
    bought = problem(region)
    front = Front(bought, read_plans(folder), question("domestic:shortfall", 2), PROOF)
    # all lines of the small regions are abroad: half of every other programme comes home
    front.at_home = np.arange(len(bought.programmes)) % 2 / 2
    front.grid = [0.3]
    point = front.point("joint", 1, (), PROOF)
    flow = _HomeMade(region, dict(zip(bought.programmes, front.at_home, strict=True)))
    flow.hold("domestic", 0.3)
    assert point.value == pytest.approx(flow.least("shortfall"), rel=1e-5, abs=1e-5)


class _HomeMade(Held):
    """With shares at home by programme."""

    def __init__(self, region: Region, share: dict[str, float]) -> None:
        self.by_programme = share
        super().__init__(region, "joint")

    def _follow(self, b: object, n: str, t: int, q: int, u: int) -> None:
        super()._follow(b, n, t, q, u)
        self.home[q] = self.price(b, t)[0] * self.by_programme[b.programme["programme_id"]]


# the toy region -------------------------------------------------------------------------------------------


def test_the_folder_holds_the_points_and_the_document_the_same(toy: tuple[Path, dict[str, Any]]) -> None:
    folder, document = toy
    found = read_results(FRONTIER, folder / "frontier")
    assert document["frontier"]["points"] == found.tables["frontier"].to_dicts()
    assert found.manifest["complete"]
    assert document["frontier"]["asked"] == len(document["frontier"]["points"]) == 8
    for row in document["frontier"]["standing"]:
        told = document["modes"][row["mode"]]
        assert row["cost_meur"] == pytest.approx(told["cost_meur"])
        assert row["gap_years"] == pytest.approx(told["gap_years"])
        assert row["types"] == told["types"]


def test_the_front_of_the_toy_region_by_hand(toy: tuple[Path, dict[str, Any]]) -> None:
    """Nothing bought misses 10.5 gap-years. An order is all or nothing: a set of bridges for 20 takes away 3
    (Norda, from related money at once) or 2.5, Y for 48 takes 2.625, X for 50 takes 1.25."""
    rows = [row for row in toy[1]["frontier"]["points"] if row["mode"] == "national"]
    assert [row["limit"] for row in rows] == pytest.approx([34.5, 69.0, 103.5, 138.0])
    assert [row["reached"] for row in rows] == pytest.approx([20.0, 68.0, 88.0, 138.0])
    assert [row["value"] for row in rows] == pytest.approx([7.5, 4.875, 2.375, 1.125])


def test_together_is_nowhere_worse_than_alone(toy: tuple[Path, dict[str, Any]]) -> None:
    rows = {(row["mode"], row["point"]): row for row in toy[1]["frontier"]["points"]}
    for number in range(1, 5):
        assert rows["joint", number]["value"] <= rows["national", number]["value"] + 1e-9


def test_what_a_point_buys_is_worth_its_figures(toy: tuple[Path, dict[str, Any]]) -> None:
    found = read_results(FRONTIER, toy[0] / "frontier")
    types = {
        row["programme_id"]: row["system_id"] for row in Region.read("toy").tables["programmes"].to_dicts()
    }
    for row in found.tables["frontier"].to_dicts():
        here = (pl.col("mode") == row["mode"]) & (pl.col("point") == row["point"])
        bought = found.tables["orders"].filter(here)["programme_id"].unique().to_list()
        assert len({types[name] for name in bought}) == row["types"]


def test_figures_are_those_of_the_summary_and_of_the_comparison(tiny: tuple[Region, Path]) -> None:
    for plan in read_plans(tiny[1]).values():
        one, told, case = figures(plan), summary(plan), case_of(plan)
        assert (one.shortfall, one.cost, one.types) == (told["gap_years"], told["cost_meur"], told["types"])
        value = sum(order.row["value_meur"] for order in case.orders)
        home = sum(domestic_value(case).values())
        assert (one.domestic or 0.0) * value == pytest.approx(home)


# stop and go on -------------------------------------------------------------------------------------------


def stopping(number: int) -> Callable[[Any], None]:
    """Presses Ctrl-C when so many points were begun."""
    begun: set[tuple[str, str]] = set()

    def watch(event: Any) -> None:
        if event.message.startswith("point"):
            begun.add((event.mode, event.message))
            if len(begun) == number:
                begun.add(("", ""))
                os.kill(os.getpid(), signal.SIGINT)

    return watch


def test_a_front_that_was_stopped_keeps_its_points_and_goes_on(
    toy: tuple[Path, dict[str, Any]], tmp_path: Path
) -> None:
    region, out = Region.read("toy"), tmp_path / "plan"
    first = make(region, limits=PROOF, out=out, frontier=FOUR, progress=stopping(4))["frontier"]
    assert not first["complete"]
    assert [row["mode"] for row in first["points"]] == ["national"] * 4
    done = [row for row in first["points"] if row["status"] != "interrupted"]
    assert 3 <= len(done) <= 4
    plans = [(out / mode / "manifest.json").read_bytes() for mode in ("national", "joint")]
    second = make(region, limits=PROOF, out=out, frontier=FOUR)
    assert second["frontier"]["kept"] == len(done)
    assert second["frontier"]["complete"]
    assert second["frontier"]["points"] == toy[1]["frontier"]["points"]
    assert [(out / mode / "manifest.json").read_bytes() for mode in ("national", "joint")] == plans
    assert second["compare"]["shares"] == toy[1]["compare"]["shares"]


def test_another_question_starts_afresh(toy: tuple[Path, dict[str, Any]], tmp_path: Path) -> None:
    region, out = Region.read("toy"), tmp_path / "plan"
    make(region, mode="joint", limits=PROOF, out=out, frontier=FOUR, progress=stopping(2))
    other = make(region, mode="joint", limits=PROOF, out=out, frontier=question("types:shortfall", 3))
    assert other["frontier"]["kept"] == 0
    assert other["frontier"]["complete"]


# bounds and dominated points ------------------------------------------------------------------------------


def point(number: int, held: float, value: float | None, bound: float | None) -> Point:
    one = None if value is None else Figures(value, held, 1, held, 0.0)
    return Point("joint", number, held + 0.5, value, bound, "time limit", one, {})


def settled(points: Sequence[Point], loosest: float = -np.inf) -> list[dict[str, Any]]:
    standing = {"joint": Figures(1.0, 9.0, 1, 9.0, None)}
    return tables_of(question("cost:shortfall", 4), points, standing, {"joint": loosest})[
        "frontier"
    ].to_dicts()


def test_bounds_carry_over_from_looser_limits() -> None:
    rows = settled([point(1, 1.0, 8.0, 2.0), point(2, 2.0, 6.0, 5.0), point(3, 3.0, 4.0, None)], loosest=3.0)
    assert [row["bound"] for row in rows] == [5.0, 5.0, 3.0]
    assert [row["gap"] for row in rows] == pytest.approx([3 / 8, 1 / 6, 1 / 4])


def test_a_bound_is_not_above_the_value() -> None:
    assert settled([point(1, 1.0, 5.0, 5.0 + 1e-12)])[0]["bound"] == 5.0


def test_dominated_points_name_the_one_that_is_better() -> None:
    found = [
        point(1, 1.0, 8.0, 0.0),
        point(2, 3.0, 8.0, 0.0),
        point(3, 2.5, 6.0, 0.0),
        point(4, 2.5, 6.0, 0.0),
    ]
    assert [row["dominated_by"] for row in settled(found)] == [None, 1, None, 3]


def test_a_point_that_was_not_reached_stays_with_its_bound() -> None:
    rows = settled([point(1, 1.0, None, None), point(2, 2.0, 6.0, 5.0)])
    assert (rows[0]["value"], rows[0]["bound"], rows[0]["gap"], rows[0]["cost_meur"]) == (
        None,
        5.0,
        None,
        None,
    )


def test_points_are_read_back_as_they_were_written(toy: tuple[Path, dict[str, Any]]) -> None:
    tables = read_results(FRONTIER, toy[0] / "frontier").tables
    points = points_of(tables)
    loosest = dict.fromkeys(("national", "joint"), -np.inf)
    standing = {mode: figures(plan) for mode, plan in read_plans(toy[0]).items()}
    again = tables_of(FOUR, points, standing, loosest)
    for name, frame in tables.items():
        assert again[name].sort(frame.columns).equals(frame.sort(frame.columns)), name


# the question ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "points", "said"),
    [
        ("cost", 8, "names no two axes"),
        ("cost:shortfal", 8, "no axis 'shortfal'"),
        (":", 8, "no axis ''"),
        ("cost:cost", 8, "against itself"),
        ("cost:types", 8, "is held, not made least"),
        ("cost:shortfall", 1, "1 points"),
        ("cost:shortfall", 1000, "1000 points"),
    ],
)
def test_a_bad_question_is_named(text: str, points: int, said: str) -> None:
    with pytest.raises(BadInput, match=said) as caught:
        question(text, points)
    assert caught.value.remedy


@pytest.mark.parametrize(
    ("held", "limits"),
    [
        ("cost", [3.0, 6.0, 9.0, 12.0]),
        ("peak", [1.0, 2.0, 3.0, 4.0]),
        ("types", [1.0, 2.0, 3.0]),
        ("shortfall", [2.0, 4.0, 6.0, 8.0]),
        ("domestic", [1.0, 0.75, 0.5, 0.25]),
    ],
)
def test_limits_go_from_the_tightest_to_the_loosest(held: str, limits: list[float]) -> None:
    plans = [Figures(2.0, 9.0, 3, 4.0, 0.25), Figures(1.0, 12.0, 2, 3.0, 0.5)]
    asked = Question(held, "cost" if held == "shortfall" else "shortfall", 4)
    assert asked.limits(plans, nothing=10.0) == pytest.approx(limits)

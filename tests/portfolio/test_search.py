"""The search with its workers: proven where all can be seen, repeatable, stoppable, from a standing plan."""

import json
from pathlib import Path

import numpy as np
import pytest

from tests.portfolio.helpers import best_of_all, problem_of, starts_of, tiny
from vallum.core.errors import BadInput
from vallum.plan.audit.portfolio import audit_starts
from vallum.solve import Cancel, Limits
from vallum.solve.highs import SolverFailed
from vallum.solve.portfolio import Point, cancelled, changes, cut, solve
from vallum.solve.portfolio.crew import Crew
from vallum.solve.portfolio.generate import instance


def test_moves_repeat_a_plan_whichever_worker_is_faster() -> None:
    problem = problem_of(instance(60, 4, needs=2))
    limits = Limits(time_limit=None, work=60_000, seed=3, threads=2)
    one, other = solve(problem, limits), solve(problem, limits)
    assert one.start.tolist() == other.start.tolist()
    assert (one.value, one.bound, one.status) == (other.value, other.bound, "work limit")


def test_value_and_bound_meet_or_embrace_the_best_of_all_plans() -> None:
    document = tiny(4, 5, 3)
    best = best_of_all(document)
    points: list[Point] = []
    found = solve(problem_of(document), Limits(time_limit=None, work=20_000, threads=1), report=points.append)
    assert found.value == pytest.approx(best)
    assert found.bound >= best - 1e-6
    assert found.gap == pytest.approx((found.bound - found.value) / found.value)
    values = [point.value for point in points if point.value is not None]
    assert values == sorted(values)
    assert points[0].bound is None
    assert points[0].value == pytest.approx(values[0])


def test_a_gap_and_a_cancel_end_the_search() -> None:
    problem = problem_of(instance(60, 4))
    loose = solve(problem, Limits(time_limit=60.0, gap=0.5, threads=1))
    assert loose.status == "gap"
    assert loose.gap <= 0.5
    stop = Cancel()
    stop.set()
    kept = solve(problem, Limits(time_limit=60.0, gap=0.0, threads=1), cancel=stop)
    assert kept.status == "interrupted"
    assert problem.fits(kept.start)
    assert kept.bound >= kept.value > 0


def test_a_plan_after_a_cut_starts_from_the_standing_one_and_says_what_changed() -> None:
    document = instance(80, 5)
    problem = problem_of(document)
    standing = solve(problem, Limits(time_limit=None, work=100_000, threads=1))
    gone = [problem.names[int(np.flatnonzero(standing.start >= 0)[0])]]
    new = cancelled(cut(problem, 0.2, 4), gone)
    found = solve(new, Limits(time_limit=20.0, work=100_000, gap=0.0, threads=1), standing=standing.start)
    factor = [1.0 if year < 3 else 0.8 for year in range(problem.years)]
    answer = audit_starts(document, starts_of(problem, found.start), factor=factor, cancelled=gone)
    assert answer.breaches == ()
    told = changes(new, standing.start, found.start)
    assert {c.project for c in told} == {
        problem.names[j] for j in np.flatnonzero(standing.start != found.start)
    }
    assert [c.reason for c in told if c.project == gone[0]] == ["cancelled"]
    assert all(c.reason for c in told)


def test_nothing_can_start_and_that_is_said() -> None:
    document = tiny(0, 3, 2, needs=0.0)
    for project in document["projects"]:
        project["cost"] = [1e6] * project["duration"]
    found = solve(problem_of(document), Limits(time_limit=10.0, threads=1))
    assert found.start.tolist() == [-1, -1, -1]
    assert (found.value, found.bound, found.gap, found.status) == (0.0, 0.0, 0.0, "optimal")


def test_a_dead_worker_is_an_error_with_a_remedy() -> None:
    with Crew(1) as crew:
        crew._workers[0].kill()
        with pytest.raises(SolverFailed, match="SIGKILL") as caught:
            crew.hear(30.0)
        assert caught.value.remedy


# ---------------------------------------------------------------- cuts and changes


def test_a_cut_takes_from_its_year_on_and_from_streams_in_proportion() -> None:
    problem = problem_of(tiny(1, 5, 4))
    less = cut(problem, 0.25, 3)
    assert less.total.tolist() == pytest.approx(
        [*problem.total[:2].tolist(), *(0.75 * problem.total[2:]).tolist()]
    )
    assert less.initiation[1] == problem.initiation[1]
    assert less.ongoing[2] == pytest.approx(0.75 * problem.ongoing[2])
    kept = less.total[:4].sum() / problem.total[:4].sum()
    assert less.streams.tolist() == pytest.approx((problem.streams * kept).tolist())


@pytest.mark.parametrize(("share", "year"), [(0.0, 1), (1.0, 1), (float("nan"), 1), (0.2, 0), (0.2, 99)])
def test_cuts_out_of_range_are_refused(share: float, year: int) -> None:
    with pytest.raises(BadInput):
        cut(problem_of(tiny(1)), share, year)


def test_an_unknown_project_cannot_be_cancelled() -> None:
    with pytest.raises(BadInput, match="no project 'X'"):
        cancelled(problem_of(tiny(1)), ["X"])


def test_reasons_by_hand() -> None:
    one = {
        "stream": 0,
        "duration": 1,
        "cost": [10.0],
        "value": [5.0],
        "prereq": [],
        "excl": [],
        "window": None,
    }
    projects = [{**one, "name": name} for name in "ABCDEFG"]
    projects[1]["prereq"], projects[3]["prereq"] = [0], [2]
    projects[4]["excl"], projects[5]["excl"] = [5], [4]
    document = {
        "planning_window": 3, "budget_window": 3, "discount_rate": 0.0, "stream_budgets": [1000.0],
        "budget": [100.0] * 3, "initiation_budget": [20.0, 100.0, 100.0], "ongoing_budget": [100.0] * 3,
        "projects": projects,
    }  # fmt: skip
    problem = cancelled(problem_of(document), ["A"])
    old = np.array([0, 1, 0, 1, 0, -1, 0])
    new = np.array([-1, -1, 1, 2, -1, 0, 1])
    new[5], told = 0, {c.project: c for c in changes(problem, old, new)}
    assert told["A"].reason == "cancelled"
    assert told["B"].reason == "needs A, which is cancelled"
    assert told["D"].reason == "needs C, which ends later now"
    assert (told["D"].kind, told["D"].before, told["D"].after) == ("moved", 2, 3)
    assert told["E"].reason == "excludes F, which is in the plan"
    assert told["F"].kind == "added"
    assert told["C"].reason == "the money does more elsewhere", "there is room for it in year 1"
    document["initiation_budget"][0] = 10.0
    tight = cancelled(problem_of(document), ["A"])
    assert {c.project: c.reason for c in changes(tight, old, new)}["C"] == (
        "the initiation budget of year 1 would be overspent by 10.0"
    )


# ---------------------------------------------------------------- the command


def command(*words: str | Path) -> int:
    from cyclopts import App

    from vallum.cli.portfolio import portfolio

    app = App(result_action="return_value", exit_on_error=False)
    app.command(portfolio, name="portfolio")
    answer = app(["portfolio", *(str(word) for word in words)])
    assert isinstance(answer, int)
    return answer


def test_the_command_writes_a_plan_and_plans_again_from_it(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    file, out, second = tmp_path / "p.json", tmp_path / "out", tmp_path / "second"
    file.write_text(json.dumps(instance(40, 2)))
    assert command(file, "--moves", "30000", "--workers", "1", "--seed", "7", "--out", out, "--json") == 0
    document = json.loads(capfd.readouterr().out)
    assert document == json.loads((out / "run.json").read_text())
    assert document["audit"]["passed"]
    assert document["seed"] == 7
    assert document["curve"][-1]["value"] == pytest.approx(document["value"])
    rows = (out / "plan.csv").read_text().splitlines()
    assert rows[0] == "project,stream,start,end,value"
    assert len(rows) - 1 == document["projects"]
    gone = rows[1].split(",")[0]
    words = ("--moves", "30000", "--workers", "1", "--from", out, "--cut-budget", "0.2", "--from-year", "4")
    assert command(file, *words, "--cancel", gone, "--out", second) == 0
    said = capfd.readouterr().out
    assert "What changes" in said
    assert "Audit: passed" in said
    assert f"{gone},dropped," in (second / "changes.csv").read_text()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "columns"),
        ("project,start\n", "columns"),
        ("a,b\n1,2\n", "columns"),
        ("project,start\nX,1\n", "row 2: Project 'X' is not in"),
        ("project,start\nP0,1\nP0,2\n", "row 3: Project 'P0' is named twice"),
        ("project,start\nP0,9\n", "no year from 1 to 3"),
        ("project,start\nP0,1.5\n", "no year"),
        ("project,start\nP0\n", "no year"),
        ("project,start\n\u0661,1\n", "not in"),
    ],
)
def test_a_standing_plan_that_is_none_is_refused(tmp_path: Path, content: str, message: str) -> None:
    file, plan = tmp_path / "p.json", tmp_path / "plan.csv"
    file.write_text(json.dumps(tiny(1)))
    plan.write_text(content, encoding="utf-8")
    with pytest.raises(BadInput) as caught:
        command(file, "--from", plan, "--out", tmp_path / "out")
    assert message in str(caught.value)


def test_a_folder_of_something_else_is_not_written(tmp_path: Path) -> None:
    file = tmp_path / "p.json"
    file.write_text(json.dumps(tiny(1)))
    with pytest.raises(BadInput, match="no portfolio plan"):
        command(file, "--out", tmp_path)
    with pytest.raises(BadInput, match="this is a file"):
        command(file, "--out", file)
    with pytest.raises(BadInput, match="--from-year"):
        command(file, "--from-year", "3", "--out", tmp_path / "out")

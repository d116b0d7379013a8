"""Files that cannot be used say where and why."""

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.portfolio.helpers import problem_of, tiny
from vallum.core.errors import BadInput
from vallum.solve.portfolio import parse, read
from vallum.solve.portfolio.generate import instance

Edit = Callable[[dict[str, Any]], object]


def edited(edit: Edit) -> bytes:
    document = tiny(3, 5, 3, needs=0.0)
    for project in document["projects"]:
        project["excl"] = []
    edit(document)
    return json.dumps(document).encode()


def project(number: int, **changed: Any) -> Edit:
    return lambda document: document["projects"][number].update(changed)


def circle(document: dict[str, Any]) -> None:
    for one, other in ((0, 1), (1, 2), (2, 0)):
        document["projects"][one]["prereq"] = [other]


BAD: list[tuple[Edit, str, str, str]] = [
    (circle, "prerequisite_cycle", "prereq", "in a circle: 'P"),
    (project(1, prereq=[9]), "known_project", "project 1 ('P1'), key prereq", "no project 9"),
    (project(1, prereq=[1]), "known_project", "project 1", "itself"),
    (project(1, prereq=[True]), "known_project", "project 1", "no project True"),
    (project(2, excl=[-1]), "known_project", "project 2 ('P2'), key excl", "no project -1"),
    (project(2, excl=2), "type", "key excl", "a list"),
    (project(0, window=[20, 30]), "window", "project 0 ('P0'), key window", "cannot complete"),
    (project(0, window=[3, 2]), "window", "key window", "cannot complete"),
    (project(0, window=[1]), "length", "key window", "2 entries"),
    (project(0, duration=0), "range", "key duration", "from 1"),
    (project(0, duration=2.5), "range", "key duration", "2.5"),
    (project(0, cost=[1.0] * 9), "length", "key cost", "has 9"),
    (project(0, value=[]), "length", "key value", "has 0"),
    (project(0, stream=7), "range", "key stream", "from 0 to 1"),
    (project(0, name=" "), "name", "project 0", "printable"),
    (project(0, name="a\nb"), "name", "project 0", "printable"),
    (project(0, name=5), "name", "project 0", "not 5"),
    (project(1, name="P0"), "unique_name", "projects", "(0 and 1)"),
    (project(1, name="P0"), "unique_name", "projects", "2 projects"),
    (lambda d: d["projects"][0].update(cost=[-1.0] * d["projects"][0]["duration"]), "range", "cost[0]", "-1"),
    (lambda d: d["budget"].__setitem__(2, 0), "budget", "key budget[2]", "above 0"),
    (lambda d: d["ongoing_budget"].__setitem__(0, -5), "budget", "ongoing_budget[0]", "above 0"),
    (lambda d: d["stream_budgets"].__setitem__(1, 0.0), "budget", "stream_budgets[1]", "above 0"),
    (lambda d: d["initiation_budget"].__setitem__(1, "much"), "range", "initiation_budget[1]", "'much'"),
    (lambda d: d["initiation_budget"].pop(), "length", "initiation_budget", "has 5"),
    (lambda d: d.pop("budget"), "keys", "key budget", "missing"),
    (lambda d: d["projects"][3].pop("cost"), "keys", "project 3 ('P3'), key cost", "missing"),
    (lambda d: d.update(discount_rate=3), "range", "discount_rate", "not 3"),
    (lambda d: d.update(planning_window=0), "range", "planning_window", "not 0"),
    (lambda d: d.update(budget_window=2), "range", "budget_window", "from 3"),
    (lambda d: d.update(num_projects=6), "range", "num_projects", "not 6"),
    (lambda d: d.update(initiation_range=[1, 2]), "supported", "initiation_range", "2 starts a year"),
    (lambda d: d.update(projects=[]), "size", "projects", "no project"),
    (lambda d: d.update(projects=[1]), "range", "num_projects", "not 5"),
    (lambda d: d.update(projects=[1] * 5), "type", "project 0", "an object"),
]  # fmt: skip


@pytest.mark.parametrize(("edit", "rule", "where", "message"), BAD)
def test_what_is_wrong_is_named(edit: Edit, rule: str, where: str, message: str) -> None:
    with pytest.raises(BadInput) as caught:
        parse(edited(edit), "x.json")
    error = caught.value
    assert error.rule == rule
    assert error.where.startswith("x.json")
    assert where in error.where
    assert message in error.message
    assert error.remedy


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[1]", b"\xff\xfe", b'"text"', b"[" * 100_000, b"NaN", b'{"a":' + b"1" * 5000 + b"}"],
)
def test_what_is_no_instance_is_refused(content: bytes) -> None:
    with pytest.raises(BadInput):
        parse(content, "x.json")


@pytest.mark.parametrize("word", ["NaN", "Infinity", "-Infinity", "1e999"])
def test_numbers_that_are_none_are_refused(word: str) -> None:
    content = edited(lambda d: d["budget"].__setitem__(0, 424242)).replace(b"424242", word.encode())
    with pytest.raises(BadInput, match=r"finite|above 0"):
        parse(content, "x.json")


def test_what_would_fill_the_memory_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    content = edited(lambda d: d["projects"][4].update(prereq=[0, 1, 2]))
    assert len(parse(content, "x.json").prerequisites) == 3
    with monkeypatch.context() as patch:
        patch.setattr("vallum.solve.portfolio.reading.MOST_LINKS", 2)
        with pytest.raises(BadInput, match="more than 2"):
            parse(content, "x.json")
    monkeypatch.setattr("vallum.solve.portfolio.reading.MOST_CELLS", 100)
    with pytest.raises(BadInput, match="too much"):
        parse(content, "x.json")


def test_a_file_that_is_too_large_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "large.json"
    path.write_bytes(edited(lambda d: d))
    assert read(path).projects == 5
    monkeypatch.setattr("vallum.solve.portfolio.reading.MOST_BYTES", 100)
    with pytest.raises(BadInput, match="larger"):
        read(path)


def test_a_window_counts_the_year_after_the_last(tmp_path: Path) -> None:
    document = tiny(3, 5, 3, needs=0.0)
    document["projects"][0].update(duration=2, cost=[0.0] * 2, value=[1.0] * 2, window=[4, 4])
    problem = problem_of(document)
    assert (problem.earliest[0], problem.latest[0]) == (1, 1)


def test_drawn_instances_have_the_shape_of_the_public_one() -> None:
    document = instance(1000, 1)
    problem = problem_of(document)
    assert document == instance(1000, 1)
    cost = np.add.reduceat(problem.cost, problem.first[:-1])
    assert 1.55e6 < cost.sum() < 2.0e6
    assert 7 < np.median(problem.duration) < 11
    assert 570 < len(problem.prerequisites) < 590
    assert len(problem.exclusions) == 50 + 33 * 3
    assert not problem.totals_bind
    assert (np.bincount(problem.stream) > 20).all()
    assert copy.deepcopy(document)["planning_window"] == 25


def test_drawn_instances_may_need_two() -> None:
    problem = problem_of(instance(60, 1, needs=2))
    assert np.bincount(problem.prerequisites[:, 0]).max() == 2

"""The audit, by hand: what it adds up, and that it refuses each broken rule."""

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from vallum.core.errors import BadInput
from vallum.plan.audit.portfolio import audit_portfolio, audit_starts

PROJECT = {"stream": 0, "prereq": [], "excl": [], "window": None}
DOCUMENT: dict[str, Any] = {
    "planning_window": 3, "budget_window": 5, "discount_rate": 0.1, "budget": [10.0] * 5,
    "initiation_budget": [6.0] * 5, "ongoing_budget": [7.0] * 5, "stream_budgets": [20.0, 9.0],
    "projects": [
        {**PROJECT, "name": "A", "duration": 2, "cost": [4.0, 5.0], "value": [11.0, 0.0]},
        {**PROJECT, "name": "B", "duration": 1, "cost": [3.0], "value": [12.1], "prereq": [0]},
        {**PROJECT, "name": "C", "duration": 2, "cost": [2.0, 4.0], "value": [0.0, 1.0], "stream": 1},
        {**PROJECT, "name": "D", "duration": 3, "cost": [1.0, 0.0, 7.0], "value": [0.0] * 3, "excl": [2]},
        {**PROJECT, "name": "E", "duration": 1, "cost": [1.0], "value": [0.0], "window": [3, 3]},
    ],
}  # fmt: skip


def rules(starts: dict[str, int], **changed: Any) -> list[str]:
    document = copy.deepcopy(DOCUMENT)
    document.update(changed)
    return [breach.rule for breach in audit_starts(document, starts).breaches]


def test_a_good_plan_by_hand() -> None:
    answer = audit_starts(DOCUMENT, {"A": 1, "B": 3, "C": 3})
    assert answer.passed
    # A in year 1: 11; B in year 3: 12.1 / 1.21; C's worth is in year 4: 1 / 1.331
    assert answer.value == pytest.approx(11 + 10 + 1 / 1.331)
    assert answer.initiation == (4.0, 0.0, 5.0, 0.0, 0.0)
    assert answer.ongoing == (0.0, 5.0, 0.0, 4.0, 0.0)
    assert answer.total == (4.0, 5.0, 5.0, 4.0, 0.0)
    assert answer.streams == (12.0, 2.0), "the second year of C lies beyond the planning years"
    assert answer.checked > 20


@pytest.mark.parametrize(
    ("starts", "rule"),
    [
        ({"Z": 1}, "project"),
        ({"A": 0}, "start"),
        ({"A": 4}, "start"),
        ({"B": 3}, "prerequisite"),
        ({"A": 1, "B": 2}, "prerequisite"),
        ({"C": 1, "D": 3}, "exclusion"),
        ({"E": 1}, "window"),
        ({"E": 3}, "window"),
    ],
)
def test_each_rule_between_projects_is_held(starts: dict[str, int], rule: str) -> None:
    assert rules(starts) == [rule]


@pytest.mark.parametrize(
    ("changed", "rule"),
    [
        ({"budget": [10.0, 4.99, 10.0, 10.0, 10.0]}, "total"),
        ({"initiation_budget": [3.99, 6.0, 6.0, 6.0, 6.0]}, "initiation"),
        ({"ongoing_budget": [7.0, 4.99, 7.0, 7.0, 7.0]}, "ongoing"),
        ({"stream_budgets": [8.99, 9.0]}, "stream"),
        ({"budget_window": 1, "planning_window": 1}, "horizon"),
    ],
)
def test_each_budget_is_held(changed: dict[str, Any], rule: str) -> None:
    assert rules({"A": 1}) == []
    assert rules({"A": 1}, **changed) == [rule]


def test_a_cut_and_a_cancelled_project_are_held() -> None:
    assert audit_starts(DOCUMENT, {"A": 1}, factor=[0.75] * 5).breaches == ()
    cut = audit_starts(DOCUMENT, {"A": 1, "B": 3}, factor=[0.6] * 5)
    assert [breach.rule for breach in cut.breaches] == ["initiation", "ongoing"]
    gone = audit_starts(DOCUMENT, {"A": 1}, cancelled=["A"])
    assert [breach.sentence for breach in gone.breaches] == ["A is cancelled and in the plan."]


def test_streams_shrink_as_the_planning_years_do() -> None:
    tight = {**DOCUMENT, "stream_budgets": [10.0, 9.0]}
    assert audit_starts(tight, {"A": 1}, factor=[1.0, 1.0, 0.7, 1.0, 1.0]).passed
    assert not audit_starts(tight, {"A": 1}, factor=[1.0, 1.0, 0.6, 1.0, 1.0]).passed


def test_a_file_is_audited_and_no_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "instance.json"
    path.write_text(json.dumps(DOCUMENT))
    assert audit_portfolio(path, {"A": 1}).passed
    for content in ("{", "[]", "{}", '{"projects": [{"name": "A"}]}'):
        path.write_text(content)
        with pytest.raises(BadInput, match="no instance"):
            audit_portfolio(path, {"A": 1})

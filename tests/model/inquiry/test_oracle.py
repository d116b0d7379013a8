"""Answers against branch and bound over the whole problem, on small regions."""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from vallum.model.procurement.inquiry import Demand, Stand, holds, why, why_not
from vallum.model.procurement.inquiry.changes import changes
from vallum.model.procurement.inquiry.holds import MONEY_MEUR, SHARE
from vallum.model.procurement.inquiry.rules import ASKED

SEEDS = (1, 4, 7, 12, 18)
MODES = ("national", "joint")
Plans = Callable[[int, str], Stand]
INF = float("inf")
#: Rules that are no rows: those of the tables, and whole units.
OTHERS = (
    "who may join", "no need", "national mode", "least order", "window and lead time", "whole units",
    "whole steps",
)  # fmt: skip


def close(value: float) -> object:
    return pytest.approx(value, rel=1e-5, abs=1e-5)


def demands(asked: Stand) -> list[Demand]:
    states, programmes = len(asked.problem.states), len(asked.problem.programmes)
    out = [Demand(p, s) for p in range(programmes) for s in range(states)]
    return out + [Demand(p, together=2**states - 1) for p in range(programmes)]


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("seed", SEEDS)
def test_prices_and_impossibility_are_those_of_the_whole_problem(
    plans: Plans, whole: type, seed: int, mode: str
) -> None:
    asked = plans(seed, mode)
    for demand in demands(asked):
        answer = why_not(asked, demand)
        least = whole(asked).least_with(demand)
        assert (answer.verdict == "impossible") == (least == float("inf")), demand
        if answer.gap_years is not None:
            assert asked.shortfall + answer.gap_years == close(least), demand
        if answer.verdict == "taken already":
            assert asked.value(0) >= least - 1e-6


def test_rules_of_the_impossible_clash_and_none_can_be_left_out(plans: Plans, whole: type) -> None:
    told: Counter[str] = Counter()
    for asked in (plans(seed, "joint") for seed in SEEDS):
        everything = set(range(len(asked.form.program.row_lower)))
        for demand in demands(asked):
            answer = why_not(asked, demand)
            rules = [one.rule for one in answer.rules or ()]
            if answer.verdict != "impossible" or any(rule.rule in OTHERS for rule in rules):
                continue
            told.update(rule.rule for rule in rules)
            rows = [set(whole(asked).rows_of(rule)) for rule in rules]
            every = set().union(*rows)
            assert whole(asked).lifted(ASKED, every).least_with(demand) == INF
            for one, answered in zip(rows, answer.rules or (), strict=True):
                assert whole(asked).lifted(ASKED, every - one).least_with(demand) < INF
                alone = whole(asked).lifted(ASKED, everything - one).least_with(demand)
                assert answered.enough == (alone < INF)
    assert len(told) >= 2


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("seed", SEEDS[:4])
def test_what_a_relaxation_removes_is_no_more_than_the_whole_problem_says(
    plans: Plans, whole: type, seed: int, mode: str
) -> None:
    asked = plans(seed, mode)
    found = holds(asked)
    assert found.finished
    best = whole(asked).least()
    assert best - 1e-6 <= found.base <= asked.shortfall + 1e-9
    changed = {change.rule.rule: change.problem for change in changes(asked.problem)}
    for hold in found.holds:
        rule, amount = hold.relaxation.rule, hold.relaxation.amount
        assert hold.at_least == close(found.base - hold.reached)
        if rule.rule in changed:
            continue
        other = whole(asked)
        for row in whole(asked).rows_of(replace(rule, years=())):
            limit = float(asked.form.program.row_upper[row])
            more = {"EUR million": MONEY_MEUR, "of the limit": SHARE * max(limit, 0.0)}.get(
                hold.relaxation.unit, float("inf")
            )
            assert amount in (None, MONEY_MEUR, SHARE)
            other.model.session.set_row_upper(row, limit + more)
        # all of it in every year here, which is more than it was given: those told are where it helps
        assert hold.reached >= other.least() - 1e-6, rule


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("seed", SEEDS)
def test_without_a_programme_no_less_is_missing_than_the_whole_problem_says(
    plans: Plans, whole: type, seed: int, mode: str
) -> None:
    asked = plans(seed, mode)
    for p in np.unique(asked.form.blocks.programme[asked.chosen]).tolist():
        answer = why(asked, p)
        other = whole(asked)
        gone = other.model.at[asked.form.at.x[asked.of_programmes(np.array([p]))]]
        other.model.session.set_bounds(gone, np.zeros(len(gone)), np.zeros(len(gone)))
        assert answer.taken
        assert answer.replaced_gap_years is not None
        assert asked.shortfall + answer.replaced_gap_years == close(other.least())
        assert answer.alone_gap_years is None or answer.alone_gap_years >= -1e-9
        assert answer.covers
        assert all(0 < share <= 1 for share in answer.price_share)

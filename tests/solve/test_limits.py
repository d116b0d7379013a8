"""When a budget is spent, and in which words."""

import time

from vallum.solve import Budget, Limits

INF = float("inf")


def test_without_limits_nothing_is_ever_spent() -> None:
    budget = Budget(Limits(time_limit=None), work_used=10**9)
    assert (budget.left(), budget.work_left()) == (INF, INF)
    assert not budget.spent()
    assert budget.reason() == ""


def test_time_runs_out_by_shares() -> None:
    budget = Budget(Limits(time_limit=100.0), started=time.perf_counter() - 60.0)
    assert 39.0 < budget.left() <= 40.0
    assert budget.left(0.5) == 0.0
    assert budget.spent(0.5)
    assert not budget.spent()
    late = Budget(Limits(time_limit=100.0), started=time.perf_counter() - 101.0)
    assert late.spent()
    assert late.reason() == "time limit"


def test_work_runs_out_by_shares() -> None:
    budget = Budget(Limits(time_limit=None, work=100), work_used=60)
    assert (budget.work_left(), budget.work_left(0.5)) == (40.0, 0.0)
    assert budget.spent(0.5)
    assert not budget.spent()
    budget.work_used = 100
    assert budget.spent()
    assert budget.reason() == "work limit"


def test_cancelling_comes_first() -> None:
    budget = Budget(Limits(time_limit=0.0, work=0))
    assert budget.reason() == "time limit"
    budget.cancel.set()
    assert budget.spent()
    assert budget.reason() == "interrupted"


def test_budgets_do_not_share_an_event() -> None:
    Budget(Limits()).cancel.set()
    assert not Budget(Limits()).cancel.is_set()

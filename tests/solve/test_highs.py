"""HiGHS through Vallum's door: answers, bounds, stops."""

import numpy as np
import pytest

from vallum.model.procurement.formulation import formulate
from vallum.model.procurement.pricing import Mode, blocks
from vallum.model.procurement.problem import problem
from vallum.model.procurement.search import Restricted
from vallum.region.synthetic import small
from vallum.solve import Answer, Budget, Builder, Limits, Program, Session

INF = float("inf")


def session(made: Program, budget: Budget) -> Session:
    return Session(
        made.cost, made.lower, made.upper, made.matrix, made.row_lower, made.row_upper, budget,
        integer=made.integer,
    )  # fmt: skip


def knapsack() -> Program:
    """Least -5a - 4b - 3c with 2a + 3b + c <= 5, 4a + b + 2c <= 11, 3a + 4b + 2c <= 8, all whole."""
    builder = Builder()
    x = builder.add_columns("x", 3, cost=[-5.0, -4.0, -3.0], integer=True)
    rows = builder.add_rows("r", 3, upper=[5.0, 11.0, 8.0], rule="room")
    builder.add(rows[:, None], x[None, :], [[2, 3, 1], [4, 1, 2], [3, 4, 2]])
    return builder.program()


def market_split() -> Program:
    """Small, and too hard to finish: split 40 customers so that five products are halved (Cornuejols 1998)."""
    rng = np.random.default_rng(5)
    weight = rng.integers(0, 100, (5, 40))
    builder = Builder()
    x = builder.add_columns("x", 40, upper=1.0, integer=True)
    over, under = builder.add_columns("over", 5, cost=1.0), builder.add_columns("under", 5, cost=1.0)
    half = weight.sum(axis=1) // 2
    rows = builder.add_rows("half", 5, lower=half, upper=half, rule="half")
    builder.add(rows[:, None], x[None, :], weight)
    builder.add(rows, over, 1.0)
    builder.add(rows, under, -1.0)
    return builder.program()


def test_linear_programme_with_duals() -> None:
    made = knapsack()
    answer = session(made, Budget(Limits())).lp()
    assert answer.status == "optimal"
    assert answer.value == answer.bound == pytest.approx(-13.0)
    assert answer.x == pytest.approx([2.0, 0.0, 1.0])
    assert answer.row_dual is not None
    assert answer.column_dual == pytest.approx(made.cost - made.matrix.transpose_times(answer.row_dual))


def test_whole_numbers_cost_more() -> None:
    builder = Builder()
    x = builder.add_columns("x", 2, cost=[-1.0, -1.0], integer=True)
    row = builder.add_rows("r", 1, upper=3.0, rule="room")
    builder.add(row, x, [2.0, 2.0])
    made = session(builder.program(), Budget(Limits()))
    assert made.lp().value == pytest.approx(-1.5)
    whole = made.mip()
    assert (whole.status, whole.value, whole.bound) == ("optimal", pytest.approx(-1.0), pytest.approx(-1.0))


def test_infeasible_has_no_solution() -> None:
    builder = Builder()
    x = builder.add_columns("x", 1, upper=1.0)
    builder.add(builder.add_rows("r", 1, lower=2.0, rule="least"), x, 1.0)
    answer = session(builder.program(), Budget(Limits())).lp()
    assert (answer.status, answer.value, answer.x) == ("infeasible", INF, None)


def test_bounds_rows_and_columns_can_be_changed() -> None:
    made = knapsack()
    solver = session(made, Budget(Limits()))
    solver.set_bounds(np.array([0]), np.zeros(1), np.zeros(1))
    assert solver.lp().value == pytest.approx(-12.0)
    solver.set_row_upper(2, 4.0)
    assert solver.lp().value == pytest.approx(-6.0)
    solver.set_cost(np.array([2]), np.array([-10.0]))
    assert solver.lp().value == pytest.approx(-20.0)


def restricted(seed: int, mode: Mode) -> Restricted:
    model = problem(small(seed))
    form = formulate(model, blocks(model, mode), mode)
    every = np.arange(len(form.program.cost))
    return Restricted(form, 0, np.array([INF, INF]), every, Budget(Limits()), whole=True)


@pytest.mark.parametrize("seed", [3, 4, 5])
@pytest.mark.parametrize("mode", ["national", "joint"])
def test_a_poor_start_is_not_handed_back(seed: int, mode: Mode) -> None:
    """HiGHS returns the start when presolve alone solves the model, with the value of the solution."""

    def solve(start: np.ndarray | None) -> Answer:
        return restricted(seed, mode).solve(seconds=INF, work=INF, gap=0.0, start=start)[0]

    model = restricted(seed, mode)
    nothing = model.fixed(np.zeros(len(model.columns)))
    cold, warm = solve(None), solve(nothing)
    assert warm.value == pytest.approx(cold.value, abs=1e-7)
    assert warm.bound == pytest.approx(warm.value, abs=1e-7)


def test_a_set_event_stops_branch_and_bound() -> None:
    budget = Budget(Limits())
    budget.cancel.set()
    answer = session(market_split(), budget).mip()
    assert answer.status == "limit"
    assert answer.bound < answer.value


def test_an_event_set_meanwhile_stops_too() -> None:
    budget = Budget(Limits())
    seen: list[float] = []

    def progress(value: float, bound: float) -> None:
        seen.append(bound)
        budget.cancel.set()

    answer = session(market_split(), budget).mip(progress=progress)
    assert answer.status == "limit"
    assert answer.x is not None
    assert seen


def test_work_is_counted_and_limits() -> None:
    made, values = market_split(), []
    for _ in range(2):
        budget = Budget(Limits(time_limit=None, work=20))
        answer = session(made, budget).mip(work=budget.work_left())
        assert answer.status == "limit"
        assert budget.work_used >= 20
        assert budget.spent()
        values.append((answer.value, answer.bound, budget.work_used))
    assert values[0] == values[1]


def test_seconds_limit() -> None:
    budget = Budget(Limits(time_limit=None))
    assert session(market_split(), budget).mip(seconds=0.3).status == "limit"
    assert budget.seconds() < 3.0

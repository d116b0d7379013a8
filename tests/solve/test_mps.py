"""What is written as MPS is the model: other solvers reach the same optimum."""

import warnings
from functools import cache
from pathlib import Path

import highspy
import numpy as np
import pytest

from vallum.model.procurement import Solution, problem, solve
from vallum.model.procurement.export import Exported, export
from vallum.model.procurement.formulation import Formulation, formulate
from vallum.model.procurement.inquiry.standing import held
from vallum.model.procurement.pricing import blocks
from vallum.region.synthetic import small
from vallum.solve import Budget, Builder, Limits, Session
from vallum.solve.mps import mps_lines

PROOF = Limits(time_limit=60, gap=0.0)
SEEDS = (0, 3, 4, 5, 7, 9, 11, 17, 10, 23)
MODES = ("national", "joint")


@cache
def planned(seed: int, mode: str) -> tuple[Formulation, Solution]:
    model = problem(small(seed))
    return formulate(model, blocks(model, mode), mode), solve(model, mode, PROOF)


def exported(seed: int, mode: str, level: int) -> tuple[Exported, float]:
    form, plan = planned(seed, mode)
    tolerance = form.problem.settings["level_tolerance"]
    values = [one.value for one in plan.levels]
    caps = [held(values[k], tolerance) if k < level else np.inf for k in range(2)]
    return export(form, level, np.array(caps)), values[level]


def written(made: Exported, folder: Path) -> Path:
    file = folder / "model.mps"
    lines = mps_lines(made.model, made.columns, made.rows, name="small", objective="value")
    file.write_text("".join(f"{line}\n" for line in lines), encoding="ascii")
    return file


def least_of_scip(file: Path) -> float:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # its extension types warn when they are loaded
        from pyscipopt import Model

    model = Model()
    model.hideOutput()
    model.readProblem(str(file))
    model.setParam("numerics/feastol", 1e-9)
    model.optimize()
    assert model.getStatus() == "optimal"
    return float(model.getObjVal())


def least_of_highs(file: Path) -> float:
    solver = highspy.Highs()
    solver.setOptionValue("output_flag", False)
    solver.setOptionValue("mip_rel_gap", 0.0)
    # an earlier level is held to nine digits
    solver.setOptionValue("primal_feasibility_tolerance", 1e-9)
    solver.setOptionValue("mip_feasibility_tolerance", 1e-7)
    solver.readModel(str(file))
    solver.run()
    assert solver.getModelStatus() == highspy.HighsModelStatus.kOptimal
    return float(solver.getInfo().objective_function_value)


@pytest.mark.parametrize(("seed", "mode"), list(zip(SEEDS, MODES * 5, strict=True)))
def test_scip_and_highs_reach_the_same_optimum(seed: int, mode: str, tmp_path: Path) -> None:
    for level in range(3):
        made, value = exported(seed, mode, level)
        file = written(made, tmp_path)
        assert least_of_scip(file) == pytest.approx(value, rel=1e-5, abs=1e-5), level
        assert least_of_highs(file) == pytest.approx(value, rel=1e-5, abs=1e-5), level


def test_every_name_is_told_once() -> None:
    made, _ = exported(4, "joint", 1)
    names = made.names
    assert names["name"].n_unique() == names.height == len(made.columns) + len(made.rows)
    assert names["sentence"].null_count() == 0
    whole = names.filter(kind="column")
    assert whole["whole"].to_list() == made.model.integer.tolist()
    assert set(whole.filter(whole=True)["family"]) <= {"choice", "total", "school", "steps", "types"}
    rows = names.filter(kind="row")
    assert (rows["rule"] != "").all()
    purse = rows.filter(family="purse")
    assert purse["state"].null_count() == purse["year"].null_count() == 0


def test_every_kind_of_bound_and_limit_is_read_back(tmp_path: Path) -> None:
    """Free, fixed, negative, open and two-sided: HiGHS reads the same arrays."""
    inf = float("inf")
    builder = Builder()
    lower, upper = [-inf, 2.0, -3.0, 0.0, 1.0, 0.0, -inf], [inf, 2.0, -1.0, inf, 4.5, inf, 5.0]
    columns = builder.add_columns(
        "x", 7, cost=[0.1, 0.0, 1 / 3, 0.0, -1.0, 1e-17, 7.0], lower=lower, upper=upper
    )
    integer = builder.add_columns("n", 2, lower=[0.0, -2.0], upper=[inf, 9.0], integer=True)
    limits = [(-inf, 4.0), (1.0, inf), (-1.0, 3.0), (2.5, 2.5), (0.0, 0.0), (-inf, inf)]
    rows = builder.add_rows("r", 6, lower=[a for a, _ in limits], upper=[b for _, b in limits], rule="")
    builder.add(rows[:, None], columns[None, :5], np.arange(30).reshape(6, 5) / 7)
    builder.add(rows[1], integer, [1.0, -1.0])
    p = builder.program()
    session = Session(p.cost, p.lower, p.upper, p.matrix, p.row_lower, p.row_upper,
                      Budget(Limits(time_limit=None)), integer=p.integer)  # fmt: skip
    made = session.loaded()
    names = [f"c{j}" for j in range(9)], [f"r{i}" for i in range(6)]
    file = tmp_path / "kinds.mps"
    file.write_text(
        "\n".join(mps_lines(made, *names, name="kinds", objective="cost")) + "\n", encoding="ascii"
    )
    solver = highspy.Highs()
    solver.setOptionValue("output_flag", False)
    assert solver.readModel(str(file)) == highspy.HighsStatus.kOk
    lp = solver.getLp()
    assert list(lp.col_cost_) == made.cost.tolist()
    assert list(lp.col_lower_) == made.lower.tolist()
    assert list(lp.col_upper_) == made.upper.tolist()
    assert [kind == highspy.HighsVarType.kInteger for kind in lp.integrality_] == made.integer.tolist()
    # the row without limits is left out
    assert list(lp.row_lower_) == made.row_lower.tolist()[:5]
    assert list(lp.row_upper_) == made.row_upper.tolist()[:5]
    assert list(lp.a_matrix_.value_) == [
        value for row, value in zip(made.matrix.index, made.matrix.value, strict=True) if row < 5
    ]
